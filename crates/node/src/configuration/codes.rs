//! Forced authorization codes and client matter codes as an operator writes them, and their way into call control. No
//! error shows one.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::{Cause, Secret};
use strowger_dialplan::Parameters;
use strowger_dialplan::codes::{
    CODE_DIGITS, CODES_MAX, CodeError, CodeParameters, CodeTable, DisplayCode, NAME_CHARACTERS,
};

use super::build::{Findings, Plain};
use super::{Draft, Place, Problem};

/// All codes, and how they are asked for.
#[derive(Clone)]
pub struct CodesDraft {
    /// Forced authorization codes.
    pub authorization: Vec<AuthorizationCodeDraft>,
    /// Client matter codes.
    pub matter: Vec<MatterCodeDraft>,
    /// T302 of codes, 3 to 150 s; that of the dial plan when `None`.
    pub interdigit_timer: Option<Duration>,
    /// What the caller of a wrong code is told, 1 to 127.
    pub refused_cause: Cause,
    /// Whether call records show the authorization code itself.
    pub display: DisplayCode,
}

impl Default for CodesDraft {
    fn default() -> Self {
        let usual = CodeParameters::default();
        CodesDraft {
            authorization: Vec::new(),
            matter: Vec::new(),
            interdigit_timer: None,
            refused_cause: usual.refused_cause,
            display: usual.display,
        }
    }
}

/// A forced authorization code.
#[derive(Clone)]
pub struct AuthorizationCodeDraft {
    /// The code, 1 to 16 digits.
    pub code: Secret<Box<str>>,
    /// Whose it is; in call records in the code's stead.
    pub name: Box<str>,
    /// What it allows: routes of this level and of lower ones.
    pub level: u8,
}

/// A client matter code.
#[derive(Clone)]
pub struct MatterCodeDraft {
    /// The code, 1 to 16 digits.
    pub code: Secret<Box<str>>,
    /// What it stands for.
    pub description: Box<str>,
}

/// Whether there are not too many; what is too much goes to `found`.
pub(super) fn counts(draft: &Draft, found: &mut Findings) -> bool {
    let CodesDraft { authorization, matter, .. } = &draft.codes;
    let fits = found.count(Place::Node, "authorization_code", authorization.len(), CODES_MAX);
    found.count(Place::Node, "matter_code", matter.len(), CODES_MAX) && fits
}

/// All of it, into call control.
pub(super) fn build(draft: &Draft, calls: &mut strowger_callcontrol::Configuration, found: &mut Findings) {
    let mut table = CodeTable::new();
    for (index, written) in draft.codes.authorization.iter().enumerate() {
        if let Err(error) = table.add_authorization(written.code.expose(), &written.name, written.level) {
            refuse(Place::AuthorizationCode(index), "name", &error, found);
        }
    }
    for (index, written) in draft.codes.matter.iter().enumerate() {
        if let Err(error) = table.add_matter(written.code.expose(), &written.description) {
            refuse(Place::MatterCode(index), "description", &error, found);
        }
    }
    if let Some(timer) = draft.codes.interdigit_timer {
        let (least, most) = (Parameters::INTERDIGIT_TIMER_MIN, Parameters::INTERDIGIT_TIMER_MAX);
        found.range(Place::Node, "codes_interdigit_timer", timer, least, most);
    }
    let cause = draft.codes.refused_cause;
    found.range(Place::Node, "codes_refused_cause", Plain(cause.0), Plain(1), Plain(127));
    calls.codes = Arc::new(table);
    calls.code_parameters = CodeParameters {
        interdigit_timer: draft.codes.interdigit_timer.unwrap_or(draft.plan.parameters.interdigit_timer),
        refused_cause: cause,
        display: draft.codes.display,
    };
}

fn refuse(place: Place, name: &'static str, error: &CodeError, found: &mut Findings) {
    let mut add = |setting, why: String| found.add(place, setting, Problem::Secret { why: why.into() });
    match error {
        CodeError::Empty { .. } => add("code", format!("is missing; give 1 to {CODE_DIGITS} digits")),
        CodeError::TooLong { length, .. } => {
            add("code", format!("has {length} digits, at most {CODE_DIGITS} are allowed"));
        }
        CodeError::NoDigit { position, .. } => {
            add("code", format!("has something at position {position} that is no digit; give digits only"));
        }
        CodeError::Duplicate { there, .. } => {
            add("code", format!("is that of {there:?} already; change or remove one of the two"));
        }
        CodeError::NameTooLong { name: written } => {
            let characters = written.chars().count();
            add(name, format!("has {characters} characters, at most {NAME_CHARACTERS} are allowed"));
        }
        // Counted before.
        CodeError::TooMany => {}
    }
}

#[cfg(test)]
mod tests;
