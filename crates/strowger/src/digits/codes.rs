//! Codes that a route asks for: which, in which order, and whether those that are given would be accepted.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Value, json};
use strowger_base::{Cause, Now, Pii};
use strowger_callcontrol::Configuration;
use strowger_dialplan::codes::{AcceptedCodes, CodeEntry, CodeKind, CodeRefused, Input, Output, Prompting};
use strowger_dialplan::{CodesRequired, Decision};

use super::text::seconds;
use super::{Answer, Mode, Way};

/// Codes that whoever asks wants to try.
#[derive(Clone, Default, clap::Args)]
pub(crate) struct Codes {
    /// The forced authorization code that would be keyed in.
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,
    /// The client matter code that would be keyed in.
    #[arg(long, value_name = "CODE")]
    pub(crate) matter: Option<String>,
}

/// One code that the route asks for.
struct Asked {
    kind: CodeKind,
    /// The lowest level that does.
    level: Option<u8>,
    verdict: Verdict,
}

/// What becomes of a code.
enum Verdict {
    /// None is given; the caller keys it in.
    KeyedIn,
    Accepted(AcceptedCodes),
    Refused(CodeRefused, Cause),
}

impl Answer<'_> {
    /// The codes that the route asks for, in their order.
    fn asked(&self) -> Vec<Asked> {
        let Way::Number(trace) = &self.way else { return Vec::new() };
        let Some(Decision::Routed(routed)) = trace.analysis().decision() else { return Vec::new() };
        let CodesRequired { authorization_level, client_matter } = routed.codes;
        // Codes behind the number go before those that are tried beside it.
        let mut behind = self.supplied.split_terminator('#');
        let mut all = Vec::new();
        if let Some(level) = authorization_level {
            let code = behind.next().or(self.question.codes.code.as_deref());
            let alone = CodesRequired { authorization_level, client_matter: false };
            let verdict = self.verdict(alone, code);
            all.push(Asked { kind: CodeKind::Authorization, level: Some(level), verdict });
        }
        if client_matter {
            let code = behind.next().or(self.question.codes.matter.as_deref());
            let alone = CodesRequired { authorization_level: None, client_matter };
            all.push(Asked { kind: CodeKind::Matter, level: None, verdict: self.verdict(alone, code) });
        }
        all
    }

    /// What call control says of one code.
    fn verdict(&self, required: CodesRequired, code: Option<&str>) -> Verdict {
        let Configuration { codes, code_parameters, .. } = self.configuration;
        let mut entry = CodeEntry::new(Arc::clone(codes), *code_parameters, required);
        let supplied = code.map(|code| format!("{code}#")).unwrap_or_default();
        let mut out = Vec::new();
        let input = Input::Started { prompting: self.prompting, supplied: Pii(supplied.into()) };
        entry.handle(Now::default(), input, &mut out);
        match out.pop() {
            Some(Output::Accepted(accepted)) => Verdict::Accepted(accepted),
            Some(Output::Refused { because, cause, .. }) => Verdict::Refused(because, cause),
            Some(Output::Prompt(_)) | None => Verdict::KeyedIn,
        }
    }

    /// In a few words what the route asks for: `authorization 10, matter`; `nothing` of most.
    pub(super) fn asks(&self) -> String {
        let words = self.asked().into_iter().map(|asked| match asked.level {
            Some(level) => format!("authorization {level}"),
            None => "matter".to_owned(),
        });
        let words: Vec<String> = words.collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    }

    /// For people; nothing where no code is asked for.
    pub(super) fn write_codes(&self, out: &mut String) -> std::fmt::Result {
        let timer = seconds(self.configuration.code_parameters.interdigit_timer);
        for (index, asked) in self.asked().iter().enumerate() {
            let first = if index == 0 { "asks for" } else { "then for" };
            let what = match (asked.kind, asked.level) {
                (CodeKind::Matter, _) => "a matter code".to_owned(),
                (CodeKind::Authorization, level) => {
                    format!("an authorization code of level {} or higher", level.unwrap_or_default())
                }
            };
            writeln!(out, "{first}  {what}: {}", said(&asked.verdict, &timer))?;
        }
        Ok(())
    }

    /// For programs, in the order in which they are asked for.
    pub(super) fn codes_json(&self) -> Value {
        let code = |asked: &Asked| {
            let mut code = json!({
                "kind": match asked.kind { CodeKind::Authorization => "authorization", CodeKind::Matter => "matter" },
                "level": asked.level,
                "verdict": match &asked.verdict {
                    Verdict::KeyedIn => "keyed in",
                    Verdict::Accepted(_) => "accepted",
                    Verdict::Refused(..) => "refused",
                },
            });
            match &asked.verdict {
                Verdict::KeyedIn => {}
                Verdict::Accepted(accepted) => {
                    if let Some(by) = &accepted.authorization {
                        code["name"] = json!(&*by.name);
                        code["has_level"] = json!(by.level);
                    }
                    if let Some(matter) = &accepted.matter {
                        code["description"] = json!(&*matter.description);
                    }
                }
                Verdict::Refused(because, cause) => {
                    code["why"] = json!(why(*because));
                    code["cause"] = json!(cause.0);
                }
            }
            code
        };
        self.asked().iter().map(code).collect()
    }
}

fn said(verdict: &Verdict, timer: &str) -> String {
    match verdict {
        Verdict::KeyedIn => format!("keyed in, # at its end; {timer} for each key"),
        Verdict::Accepted(accepted) => {
            let mut text = "accepted".to_owned();
            // Writing to a string cannot fail.
            if let Some(by) = &accepted.authorization {
                let _ = write!(text, ", that of {}, level {}", by.name, by.level);
            }
            if let Some(matter) = &accepted.matter {
                let _ = write!(text, ", {}", matter.description);
            }
            text
        }
        Verdict::Refused(because, cause) => {
            let what = match because {
                CodeRefused::Unknown => "it is not known".to_owned(),
                CodeRefused::TooLong => "it is longer than any code".to_owned(),
                CodeRefused::Nothing => "it is empty".to_owned(),
                CodeRefused::LevelTooLow { has, .. } => format!("it has level {has}"),
                CodeRefused::NobodyToAsk => {
                    "none is behind the number, and whoever dials so cannot be asked".to_owned()
                }
            };
            format!("refused with cause {}: {what}", cause.0)
        }
    }
}

const fn why(because: CodeRefused) -> &'static str {
    match because {
        CodeRefused::Unknown => "unknown",
        CodeRefused::TooLong => "too long",
        CodeRefused::Nothing => "empty",
        CodeRefused::LevelTooLow { .. } => "level too low",
        CodeRefused::NobodyToAsk => "nobody to ask",
    }
}

/// Whether whoever dials so can be asked for a code.
pub(super) const fn prompting(mode: Mode, tells_keys: bool) -> Prompting {
    match mode {
        Mode::Keys | Mode::Kpml | Mode::SpeedDial if tells_keys => Prompting::Caller,
        Mode::Keys | Mode::Kpml | Mode::SpeedDial | Mode::EnBloc | Mode::Application => Prompting::Nobody,
    }
}
