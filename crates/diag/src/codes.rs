//! Authorization and matter codes, in sentences. No code is shown: `explain` is read by more people than know it.

use std::time::Duration;

use strowger_base::journal::{AskedCode, CodesView, WhyCodeRefused};

use crate::words;

pub(crate) fn asked(code: AskedCode, timer: Duration) -> String {
    format!("The caller is asked for {}, and has {} for each key.", wanted(code), words::duration(timer))
}

pub(crate) fn accepted(codes: &CodesView<'_>) -> Option<String> {
    let authorized =
        codes.authorization.map(|by| format!("{} authorized the call, with level {}", by.name, by.level));
    let matter = codes.matter.map(|matter| format!("it is about {}", matter.description));
    match (authorized, matter) {
        (Some(authorized), Some(matter)) => Some(format!("{authorized}; {matter}.")),
        (Some(authorized), None) => Some(format!("{authorized}.")),
        (None, Some(matter)) => Some(format!("The call has its matter: {matter}.")),
        (None, None) => None,
    }
}

pub(crate) fn refused(number: &str, code: AskedCode, why: WhyCodeRefused) -> String {
    let name = name(code);
    match why {
        WhyCodeRefused::Unknown => format!("The {name} that was given for {number} is not known."),
        WhyCodeRefused::TooLong => {
            format!("What was given as {name} for {number} is longer than any code.")
        }
        WhyCodeRefused::Nothing => format!("No {name} was given for {number}, which asks for one."),
        WhyCodeRefused::LevelTooLow { has } => {
            format!("The {name} that was given has level {has}, and {number} asks for {}.", wanted(code))
        }
        WhyCodeRefused::NoKeys => format!(
            "{number} asks for {}, and the calling device tells no keys: dial {number} from a phone that sends \
             keys, or dial it with the code and # behind it.",
            wanted(code)
        ),
        WhyCodeRefused::Redirected => format!(
            "{number} asks for {}, and the call was redirected to it, so that nobody can be asked: call {number} \
             directly.",
            wanted(code)
        ),
    }
}

fn wanted(code: AskedCode) -> String {
    match code {
        AskedCode::Authorization { level } => format!("an authorization code of level {level} or higher"),
        AskedCode::Matter => "a matter code".to_owned(),
    }
}

const fn name(code: AskedCode) -> &'static str {
    match code {
        AskedCode::Authorization { .. } => "authorization code",
        AskedCode::Matter => "matter code",
    }
}
