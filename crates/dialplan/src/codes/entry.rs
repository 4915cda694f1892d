//! Asking one caller for codes.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::{Cause, Instant, Now, Pii};

use super::table::{CODE_DIGITS, CodeTable};
use crate::plan::CodesRequired;

/// Asks one caller for the codes that a route pattern requires.
#[derive(Clone, Debug)]
pub struct CodeEntry {
    table: Arc<CodeTable>,
    parameters: CodeParameters,
    required: CodesRequired,
    accepted: AcceptedCodes,
    state: State,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum State {
    /// Nothing happened yet.
    Ready,
    /// The caller keys in this code.
    Collecting {
        kind: CodeKind,
        digits: Pii<String>,
        /// T302.
        timer: Instant,
    },
    /// All codes are accepted, one was refused, or the caller is gone.
    Over,
}

/// How codes are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeParameters {
    /// T302: a code also ends when no key is pressed for so long.
    pub interdigit_timer: Duration,
    /// What the caller of a wrong code is told. Unverified (U-12): call rejected (21) by default.
    pub refused_cause: Cause,
    /// Whether call records show the authorization code itself.
    pub display: DisplayCode,
}

/// Whether call records show the authorization code itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum DisplayCode {
    /// Only its name and level.
    #[default]
    No,
    /// The code too.
    Yes,
}

/// Which code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CodeKind {
    /// Forced authorization code (FAC).
    Authorization,
    /// Client matter code (CMC).
    Matter,
}

/// Whether somebody is there who hears a tone and has keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Prompting {
    /// The caller.
    Caller,
    /// Nobody: the call was forwarded, redirected or transferred blindly. Only what an application supplied counts.
    Nobody,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// The route pattern is chosen.
    Started {
        /// Whether the caller can be asked.
        prompting: Prompting,
        /// What was dialled or supplied with the number: codes in their order, `#` after each.
        supplied: Pii<Box<str>>,
    },
    /// The caller pressed a key.
    Key(char),
    /// The time of [`CodeEntry::next_timeout`] has come.
    Timer,
    /// The caller's device tells no more keys.
    KeysLost,
    /// The caller hung up.
    CallerGone,
}

/// What to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// The caller hears the tone for this code and may key it in.
    Prompt(CodeKind),
    /// The call goes on; this belongs into its record.
    Accepted(AcceptedCodes),
    /// The call ends.
    Refused {
        /// Which code.
        kind: CodeKind,
        /// Why.
        because: CodeRefused,
        /// What the caller is told.
        cause: Cause,
    },
}

/// The codes of a call.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AcceptedCodes {
    /// Who authorized it, when somebody had to.
    pub authorization: Option<AuthorizedBy>,
    /// What it is about, when that was asked.
    pub matter: Option<AcceptedMatter>,
}

/// Who authorized a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthorizedBy {
    /// Whose code it was (authCodeDescription).
    pub name: Box<str>,
    /// What it allows (authorizationLevel).
    pub level: u8,
    /// The code, when records may show it (authorizationCodeValue).
    pub code: Option<Pii<Box<str>>>,
}

/// What a call is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AcceptedMatter {
    /// The code (clientMatterCode).
    pub code: Pii<Box<str>>,
    /// What it stands for.
    pub description: Box<str>,
}

/// Why a code was refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CodeRefused {
    /// There is no such code.
    Unknown,
    /// It is longer than any code.
    TooLong,
    /// Nothing was keyed in.
    Nothing,
    /// It does not allow as much.
    LevelTooLow {
        /// What it allows.
        has: u8,
        /// What the route pattern requires.
        required: u8,
    },
    /// Nobody can be asked, and nothing was supplied.
    NobodyToAsk,
}

impl CodeEntry {
    /// Asks for `required`, after [`Input::Started`].
    pub fn new(table: Arc<CodeTable>, parameters: CodeParameters, required: CodesRequired) -> Self {
        CodeEntry { table, parameters, required, accepted: AcceptedCodes::default(), state: State::Ready }
    }

    /// Takes what happened and says what to do, in order.
    pub fn handle(&mut self, now: Now, input: Input, out: &mut Vec<Output>) {
        let now = now.mono;
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Ready => match input {
                Input::Started { prompting, supplied } => self.start(now, prompting, supplied.reveal(), out),
                Input::CallerGone => State::Over,
                Input::Key(_) | Input::Timer | Input::KeysLost => State::Ready,
            },
            State::Collecting { kind, digits, timer } => match input {
                Input::Key('#') => self.finish(now, kind, digits.reveal(), out),
                Input::Key(key) => self.key(now, kind, digits, key, out),
                Input::Timer if timer <= now => self.finish(now, kind, digits.reveal(), out),
                Input::KeysLost if digits.reveal().is_empty() => {
                    self.refuse(kind, CodeRefused::NobodyToAsk, out)
                }
                // What came so far may be all of it: the timer decides.
                Input::KeysLost | Input::Timer | Input::Started { .. } => {
                    State::Collecting { kind, digits, timer }
                }
                Input::CallerGone => State::Over,
            },
            State::Over => match input {
                Input::Started { .. }
                | Input::Key(_)
                | Input::Timer
                | Input::KeysLost
                | Input::CallerGone => State::Over,
            },
        };
    }

    /// When [`Input::Timer`] is due.
    pub const fn next_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Collecting { timer, .. } => Some(*timer),
            State::Ready | State::Over => None,
        }
    }

    /// Whether a part of a code was keyed in.
    pub const fn has_keys(&self) -> bool {
        match &self.state {
            State::Collecting { digits, .. } => !digits.0.is_empty(),
            State::Ready | State::Over => false,
        }
    }

    /// The codes that were accepted so far.
    pub const fn accepted(&self) -> &AcceptedCodes {
        &self.accepted
    }

    /// True when nothing is asked any more.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Takes what was supplied, and asks for what is missing.
    fn start(&mut self, now: Instant, prompting: Prompting, supplied: &str, out: &mut Vec<Output>) -> State {
        let mut codes = supplied.split_terminator('#').peekable();
        while let Some(kind) = self.missing() {
            let Some(code) = codes.next() else {
                return match prompting {
                    Prompting::Caller => self.collect(now, kind, out),
                    Prompting::Nobody => self.refuse(kind, CodeRefused::NobodyToAsk, out),
                };
            };
            // Digits without `#` at the end are the beginning of a code when the caller can go on.
            let unfinished = codes.peek().is_none() && !supplied.ends_with('#');
            if unfinished && prompting == Prompting::Caller {
                out.push(Output::Prompt(kind));
                if too_long(code) {
                    return self.refuse(kind, CodeRefused::TooLong, out);
                }
                return self.waiting(now, kind, code.to_owned());
            }
            if let Err(because) = self.check(kind, code) {
                return self.refuse(kind, because, out);
            }
        }
        out.push(Output::Accepted(self.accepted.clone()));
        State::Over
    }

    fn key(
        &self,
        now: Instant,
        kind: CodeKind,
        digits: Pii<String>,
        key: char,
        out: &mut Vec<Output>,
    ) -> State {
        let Pii(mut digits) = digits;
        digits.push(key);
        if too_long(&digits) {
            return self.refuse(kind, CodeRefused::TooLong, out);
        }
        self.waiting(now, kind, digits)
    }

    /// A code is complete.
    fn finish(&mut self, now: Instant, kind: CodeKind, digits: &str, out: &mut Vec<Output>) -> State {
        if let Err(because) = self.check(kind, digits) {
            return self.refuse(kind, because, out);
        }
        match self.missing() {
            Some(next) => self.collect(now, next, out),
            None => {
                out.push(Output::Accepted(self.accepted.clone()));
                State::Over
            }
        }
    }

    fn collect(&self, now: Instant, kind: CodeKind, out: &mut Vec<Output>) -> State {
        out.push(Output::Prompt(kind));
        self.waiting(now, kind, String::new())
    }

    fn waiting(&self, now: Instant, kind: CodeKind, digits: String) -> State {
        State::Collecting { kind, digits: Pii(digits), timer: now + self.parameters.interdigit_timer }
    }

    fn refuse(&self, kind: CodeKind, because: CodeRefused, out: &mut Vec<Output>) -> State {
        out.push(Output::Refused { kind, because, cause: self.parameters.refused_cause });
        State::Over
    }

    /// The next code that is required and not there: the authorization code is asked first.
    const fn missing(&self) -> Option<CodeKind> {
        if self.required.authorization_level.is_some() && self.accepted.authorization.is_none() {
            return Some(CodeKind::Authorization);
        }
        if self.required.client_matter && self.accepted.matter.is_none() {
            return Some(CodeKind::Matter);
        }
        None
    }

    fn check(&mut self, kind: CodeKind, code: &str) -> Result<(), CodeRefused> {
        if code.is_empty() {
            return Err(CodeRefused::Nothing);
        }
        if too_long(code) {
            return Err(CodeRefused::TooLong);
        }
        match kind {
            CodeKind::Authorization => {
                let known = self.table.authorization(code).ok_or(CodeRefused::Unknown)?;
                let required = self.required.authorization_level.unwrap_or(0);
                if known.level < required {
                    return Err(CodeRefused::LevelTooLow { has: known.level, required });
                }
                let shown = match self.parameters.display {
                    DisplayCode::No => None,
                    DisplayCode::Yes => Some(Pii(code.into())),
                };
                let authorized = AuthorizedBy { name: known.name.clone(), level: known.level, code: shown };
                self.accepted.authorization = Some(authorized);
            }
            CodeKind::Matter => {
                let known = self.table.matter(code).ok_or(CodeRefused::Unknown)?;
                let description = known.description.clone();
                self.accepted.matter = Some(AcceptedMatter { code: Pii(code.into()), description });
            }
        }
        Ok(())
    }
}

impl CodeParameters {
    /// The usual parameters under this T302.
    pub fn new(interdigit_timer: Duration) -> Self {
        CodeParameters { interdigit_timer, refused_cause: Cause::CALL_REJECTED, display: DisplayCode::No }
    }
}

impl Default for CodeParameters {
    /// Under the T302 that digit analysis has by default.
    fn default() -> Self {
        CodeParameters::new(crate::Parameters::default().interdigit_timer)
    }
}

fn too_long(digits: &str) -> bool {
    digits.chars().count() > CODE_DIGITS
}

#[cfg(test)]
mod tests;
