//! The number's way asks for codes: the caller keys them in, the authorization code first, before the way is used.

use std::sync::Arc;

use strowger_base::journal::{
    AskedCode, AuthorizationView, CodesView, Decision, MatterView, WhyCodeRefused, WhyRefused,
};
use strowger_base::leg::{Digit, DigitsEnd, FurtherDigits, Signal, Tone};
use strowger_base::{Cause, Command, Pii};
use strowger_dialplan::codes::{AcceptedCodes, CodeEntry, CodeKind, CodeRefused, Input, Output, Prompting};
use strowger_dialplan::{Analysis, Routed};

use super::{Facts, State, Step, dialing};

/// A code is awaited.
pub(super) struct Authorizing {
    entry: CodeEntry,
    analysis: Box<Analysis>,
    /// What the codes are for.
    routed: Box<Routed>,
    tone: Tone,
}

/// Asks the caller for the codes of the pattern that decided, unless they came with the number.
pub(super) fn begin(step: &mut Step<'_>, analysis: &Analysis, routed: &Routed) -> State {
    // Keys behind the number are codes already. None are for the number to which somebody sent the call on.
    if step.facts.was_sent_on() {
        step.facts.supplied_codes = Pii(String::new());
    } else {
        let called = step.called_in_plan_form();
        step.facts.take_codes(called.get(analysis.keys_used()..).unwrap_or_default());
    }
    let supplied = Pii(std::mem::take(&mut step.facts.supplied_codes.0).into());
    let prompting = step.facts.prompting();
    let configuration = &step.shared.configuration;
    let codes = Arc::clone(&configuration.codes);
    let state = Authorizing {
        entry: CodeEntry::new(codes, configuration.code_parameters, routed.codes),
        analysis: Box::new(analysis.clone()),
        routed: Box::new(routed.clone()),
        tone: Tone::Silence,
    };
    state.take(step, Input::Started { prompting, supplied })
}

impl Authorizing {
    pub(super) fn signal(mut self, step: &mut Step<'_>, signal: Signal) -> State {
        if let Signal::Digit(Digit { key, .. }) = signal {
            self.sound(step, Tone::Silence);
            return self.take(step, Input::Key(key));
        }
        if let Signal::DigitsEnded(end) = signal {
            let input = match end {
                DigitsEnd::Complete if self.entry.has_keys() => Input::Key('#'),
                // Also a device that tells keys of a number and none beyond it says that all is complete.
                DigitsEnd::Complete | DigitsEnd::Lost => Input::KeysLost,
            };
            return self.take(step, input);
        }
        match step.before_ringing(signal) {
            Some(ended) => ended,
            None => State::Authorizing(self),
        }
    }

    /// The interdigit timer.
    pub(super) fn timeout(self, step: &mut Step<'_>) -> State {
        self.take(step, Input::Timer)
    }

    fn take(mut self, step: &mut Step<'_>, input: Input) -> State {
        let mut out = Vec::new();
        self.entry.handle(step.now, input, &mut out);
        // Whoever authorized the call is on its record, whatever becomes of it then.
        let accepted = self.entry.accepted();
        if accepted.authorization.is_some() || accepted.matter.is_some() {
            step.facts.codes = Some(Box::new(accepted.clone()));
        }
        for output in out {
            match output {
                Output::Prompt(kind) => self.prompt(step, kind),
                Output::Accepted(codes) => return self.accepted(step, codes),
                Output::Refused { kind, because, cause } => return self.refused(step, kind, because, cause),
            }
        }
        if let Some(at) = self.entry.next_timeout() {
            step.set_timer(at - step.now.mono);
        }
        State::Authorizing(self)
    }

    fn prompt(&mut self, step: &mut Step<'_>, kind: CodeKind) {
        step.collect_digits();
        let timer = self.entry.next_timeout().map(|at| at - step.now.mono).unwrap_or_default();
        step.decide(None, Decision::CodeAsked { code: self.asked(kind), timer });
        self.sound(step, Tone::ZipZip);
    }

    fn accepted(mut self, step: &mut Step<'_>, codes: AcceptedCodes) -> State {
        step.cancel_timer();
        self.sound(step, Tone::Silence);
        step.out.decide(step.now, step.facts.id, None, Decision::CodesAccepted(view(&codes)));
        dialing::onward(step, &self.analysis, &self.routed)
    }

    fn refused(mut self, step: &mut Step<'_>, kind: CodeKind, because: CodeRefused, cause: Cause) -> State {
        step.cancel_timer();
        self.sound(step, Tone::Silence);
        let why = match because {
            CodeRefused::Unknown => WhyCodeRefused::Unknown,
            CodeRefused::TooLong => WhyCodeRefused::TooLong,
            CodeRefused::Nothing => WhyCodeRefused::Nothing,
            CodeRefused::LevelTooLow { has, .. } => WhyCodeRefused::LevelTooLow { has },
            CodeRefused::NobodyToAsk if step.facts.is_redirected() => WhyCodeRefused::Redirected,
            CodeRefused::NobodyToAsk => WhyCodeRefused::NoKeys,
        };
        let number: Box<str> = step.facts.wanted().into();
        step.refuse(cause, WhyRefused::Code { number: &number, code: self.asked(kind), why })
    }

    fn sound(&mut self, step: &mut Step<'_>, tone: Tone) {
        if tone != self.tone {
            self.tone = tone;
            step.command(step.facts.caller, Command::Tone(tone));
        }
    }

    fn asked(&self, kind: CodeKind) -> AskedCode {
        match kind {
            CodeKind::Authorization => {
                AskedCode::Authorization { level: self.routed.codes.authorization_level.unwrap_or(0) }
            }
            CodeKind::Matter => AskedCode::Matter,
        }
    }
}

impl Step<'_> {
    /// Has the calling device tell its keys, when it can.
    pub(super) fn collect_digits(&mut self) {
        if self.facts.further_digits == FurtherDigits::Keys {
            self.facts.collects_digits = true;
            self.command(self.facts.caller, Command::CollectDigits);
        }
    }

    /// The number leads somewhere: further keys are none of it.
    pub(super) fn stop_collecting(&mut self) {
        if std::mem::take(&mut self.facts.collects_digits) {
            self.command(self.facts.caller, Command::StopCollecting);
        }
    }
}

impl Facts {
    /// What stands behind the number is a code: it is none of the number, and is not written down with it.
    pub(super) fn take_codes(&mut self, codes: &str) {
        if let Some(number) = self.called.strip_suffix(codes) {
            self.called = number.into();
            self.supplied_codes.0.push_str(codes);
        }
    }

    /// Whoever redirected the call hears no tone, and the caller did not dial this number.
    fn prompting(&self) -> Prompting {
        match self.further_digits {
            FurtherDigits::Keys if !self.is_redirected() => Prompting::Caller,
            FurtherDigits::Keys | FurtherDigits::Again | FurtherDigits::None => Prompting::Nobody,
        }
    }

    /// Whether somebody sent the call on before.
    pub(crate) const fn is_redirected(&self) -> bool {
        !self.diversions.is_empty()
    }
}

/// The codes as records tell of them.
pub(super) fn view(codes: &AcceptedCodes) -> CodesView<'_> {
    CodesView {
        authorization: codes.authorization.as_ref().map(|by| AuthorizationView {
            name: &by.name,
            level: by.level,
            code: by.code.as_ref().map(|code| Pii(&**code.reveal())),
        }),
        matter: codes.matter.as_ref().map(|matter| MatterView {
            code: Pii(&**matter.code.reveal()),
            description: &matter.description,
        }),
    }
}
