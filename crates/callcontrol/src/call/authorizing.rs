//! The number's way asks for codes: the caller keys them in, the authorization code first, before the way is used.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::journal::{
    AskedCode, AuthorizationView, CodesView, Decision, MatterView, ReleasedBy, WhyCodeRefused, WhyEnded,
    WhyRefused, WhyReleased,
};
use strowger_base::leg::{CallTone, Digit, DigitsEnd, FurtherDigits, Origin, Service, Signal, Target, Tone};
use strowger_base::{Cause, Command, LegId, Now, Pii, limits};
use strowger_dialplan::codes::{AcceptedCodes, CodeEntry, CodeKind, CodeRefused, Input, Output, Prompting};
use strowger_dialplan::{Analysis, Routed};

use super::announcing::Ending;
use super::participant::Stage;
use super::way::{CallerMedia, Way};
use super::{Facts, Opening, Rung, State, Step, dialing};
use crate::io::Reach;

/// A code is awaited.
pub(super) struct Authorizing {
    entry: CodeEntry,
    analysis: Box<Analysis>,
    /// What the codes are for.
    routed: Box<Routed>,
    /// What the caller hears.
    tone: Tone,
    prompter: Prompter,
    /// The leg from which the keys come. A device may tell each of them in two ways, of which one counts.
    keys_from: Option<LegId>,
    /// All codes are there. The call goes on as soon as nothing is open any more between the caller and the service that asked.
    accepted: Option<AcceptedCodes>,
}

/// Who lets the caller hear that a code is awaited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Prompter {
    /// Nobody was asked yet.
    Untried,
    /// A service of ours, in early media, which hears the keys as well.
    Service,
    /// The device, as far as it can.
    Device,
}

/// What is told while codes are awaited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Keyed {
    /// A key.
    Key(char),
    /// The device tells no keys, or no more of them.
    Ended(DigitsEnd),
    /// The interdigit timer.
    Timer,
}

/// What became of it.
pub(super) enum Heard {
    /// More is awaited.
    More,
    /// All codes are there.
    Accepted(AcceptedCodes),
    /// One of them is refused.
    Refused(Refused),
}

/// A code that is refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    kind: CodeKind,
    because: CodeRefused,
    pub(super) cause: Cause,
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
        prompter: Prompter::Untried,
        keys_from: None,
        accepted: None,
    };
    state.take(step, Input::Started { prompting, supplied })
}

impl Authorizing {
    pub(super) fn signal(mut self, step: &mut Step<'_>, signal: Signal) -> State {
        if let Some(keyed) = Keyed::of(&signal) {
            let caller = step.facts.caller;
            let heard = self.keyed(step, caller, keyed);
            return self.after(step, heard);
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

    /// All codes are there, and the call cannot go on yet.
    pub(super) fn wait_with(&mut self, codes: AcceptedCodes) {
        self.accepted = Some(codes);
    }

    /// Whether they are.
    pub(super) const fn waits(&self) -> bool {
        self.accepted.is_some()
    }

    /// The call can go on.
    pub(super) fn after_waiting(mut self, step: &mut Step<'_>) -> State {
        match self.accepted.take() {
            Some(codes) => self.accepted(step, &codes),
            None => step.lost_its_way(),
        }
    }

    /// How long a key is awaited, or the end of what is open with the caller.
    pub(super) fn waits_for(&self, now: Now) -> Duration {
        if self.waits() {
            return SETTLES;
        }
        self.entry.next_timeout().map(|at| at.saturating_since(now.mono)).unwrap_or_default()
    }

    /// Takes what is told by the device of the caller, or heard of it by a service of ours.
    pub(super) fn keyed(&mut self, step: &mut Step<'_>, leg: LegId, keyed: Keyed) -> Heard {
        match keyed {
            Keyed::Key(key) => {
                if *self.keys_from.get_or_insert(leg) != leg {
                    return Heard::More;
                }
                self.sound(step, Tone::Silence);
                self.hear(step, Input::Key(key))
            }
            Keyed::Ended(DigitsEnd::Complete) if self.entry.has_keys() => self.hear(step, Input::Key('#')),
            // Also a device that tells keys of a number and none beyond it says that all is complete.
            Keyed::Ended(DigitsEnd::Complete | DigitsEnd::Lost) => {
                if self.prompter == Prompter::Service {
                    // Keys are heard as well.
                    (step.facts.collects_digits, self.keys_from) = (false, None);
                    return Heard::More;
                }
                self.hear(step, Input::KeysLost)
            }
            Keyed::Timer => self.hear(step, Input::Timer),
        }
    }

    fn hear(&mut self, step: &mut Step<'_>, input: Input) -> Heard {
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
                Output::Accepted(codes) => return Heard::Accepted(codes),
                Output::Refused { kind, because, cause } => {
                    return Heard::Refused(Refused { kind, because, cause });
                }
            }
        }
        Heard::More
    }

    fn take(mut self, step: &mut Step<'_>, input: Input) -> State {
        let heard = self.hear(step, input);
        self.after(step, heard)
    }

    fn after(mut self, step: &mut Step<'_>, heard: Heard) -> State {
        match heard {
            Heard::Accepted(codes) => return self.accepted(step, &codes),
            Heard::Refused(refused) => return self.refused(step, refused),
            Heard::More => {}
        }
        if self.prompter == Prompter::Untried {
            self.prompter = match step.prompter() {
                true => Prompter::Service,
                false => Prompter::Device,
            };
            if self.prompter == Prompter::Service {
                self.tone = Tone::ZipZip;
                step.facts.way = Way::Prompt(Box::new(self));
                return Opening::prepare(step, vec![Target::Service(Service::Prompt)], Reach::Direct);
            }
            if !step.facts.further_digits.tells_keys() {
                // It could not be asked after all.
                return self.take(step, Input::KeysLost);
            }
            self.sound(step, Tone::ZipZip);
        }
        if let Some(at) = self.entry.next_timeout() {
            step.set_timer(at - step.now.mono);
        }
        State::Authorizing(self)
    }

    /// The service that asks is gone, or never was there: the device is left, where it tells keys.
    pub(super) fn without_prompter(mut self, step: &mut Step<'_>) -> State {
        step.give_back_annunciator();
        if self.waits() {
            return self.after_waiting(step);
        }
        self.prompter = Prompter::Device;
        self.keys_from = None;
        self.tone = Tone::Silence;
        if step.facts.collects_digits {
            self.sound(step, Tone::ZipZip);
            self.after(step, Heard::More)
        } else {
            self.take(step, Input::KeysLost)
        }
    }

    fn prompt(&mut self, step: &mut Step<'_>, kind: CodeKind) {
        step.collect_digits();
        let timer = self.entry.next_timeout().map(|at| at - step.now.mono).unwrap_or_default();
        step.decide(None, Decision::CodeAsked { code: self.asked(kind), timer });
        self.sound(step, Tone::ZipZip);
    }

    /// All codes are there: the call takes its way.
    pub(super) fn accepted(mut self, step: &mut Step<'_>, codes: &AcceptedCodes) -> State {
        step.cancel_timer();
        self.sound(step, Tone::Silence);
        step.out.decide(step.now, step.facts.id, None, Decision::CodesAccepted(view(codes)));
        dialing::onward(step, &self.analysis, &self.routed)
    }

    pub(super) fn refused(mut self, step: &mut Step<'_>, refused: Refused) -> State {
        step.cancel_timer();
        self.sound(step, Tone::Silence);
        let number: Box<str> = step.facts.wanted().into();
        step.refuse(refused.cause, self.why_refused(step, refused, &number))
    }

    /// The same for a caller that hears the service that asked: it says why, and then the call ends.
    pub(super) fn refused_in_band(&mut self, step: &mut Step<'_>, refused: Refused) -> Way {
        let cause = refused.cause;
        let number: Box<str> = step.facts.wanted().into();
        let why = self.why_refused(step, refused, &number);
        step.decide(None, Decision::Refused { cause, why });
        step.shared.counters.refused += 1;
        step.stop_collecting();
        let configuration = &step.shared.configuration;
        let tone = configuration.announcement(cause, &step.facts.origin).unwrap_or(Tone::National {
            country: configuration.country_of(&step.facts.origin),
            tone: CallTone::Reorder,
        });
        step.decide(None, Decision::Announced { cause, tone });
        self.sound(step, tone);
        // The service ends by itself; this is for one that does not.
        step.set_timer(limits::ANNOUNCEMENT_TIME + limits::ANNOUNCEMENT_TIME);
        let (by, released, ended) = (ReleasedBy::System, WhyReleased::CallRefused, WhyEnded::Refused);
        Way::Announcement(Ending { cause, by, released, ended })
    }

    fn why_refused<'n>(&self, step: &Step<'_>, refused: Refused, number: &'n str) -> WhyRefused<'n> {
        let why = match refused.because {
            CodeRefused::Unknown => WhyCodeRefused::Unknown,
            CodeRefused::TooLong => WhyCodeRefused::TooLong,
            CodeRefused::Nothing => WhyCodeRefused::Nothing,
            CodeRefused::LevelTooLow { has, .. } => WhyCodeRefused::LevelTooLow { has },
            CodeRefused::NobodyToAsk if step.facts.is_redirected() => WhyCodeRefused::Redirected,
            CodeRefused::NobodyToAsk => WhyCodeRefused::NoKeys,
        };
        WhyRefused::Code { number, code: self.asked(refused.kind), why }
    }

    /// Lets the caller hear this: the service that asks, or its device.
    fn sound(&mut self, step: &mut Step<'_>, tone: Tone) {
        if tone == self.tone || self.prompter == Prompter::Untried {
            return;
        }
        self.tone = tone;
        match (self.prompter, step.prompting_leg()) {
            (Prompter::Service, Some(leg)) => step.command(leg, Command::Tone(tone)),
            (Prompter::Service, None) => {}
            (Prompter::Untried | Prompter::Device, _) => {
                step.command(step.facts.caller, Command::Tone(tone));
            }
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

impl Keyed {
    /// What a signal means for codes that are awaited; `None` when that is nothing.
    pub(super) const fn of(signal: &Signal) -> Option<Keyed> {
        match signal {
            Signal::Digit(Digit { key, .. }) => Some(Keyed::Key(*key)),
            Signal::DigitsEnded(end) => Some(Keyed::Ended(*end)),
            Signal::DigitErased => None,
            Signal::Setup(_)
            | Signal::Proceeding
            | Signal::Alerting { .. }
            | Signal::Answered { .. }
            | Signal::Media(_)
            | Signal::MediaRequested
            | Signal::MediaRefused(_)
            | Signal::Released { .. }
            | Signal::TransferRequested { .. }
            | Signal::FeatureRequested(_)
            | Signal::MetadataRequested
            | Signal::Redirected(_)
            | Signal::TransferEnded(_) => None,
        }
    }
}

impl Step<'_> {
    /// Whether a service of ours asks the caller; the story tells why none does where it should.
    fn prompter(&mut self) -> bool {
        if !self.facts.can_be_asked() {
            return false;
        }
        let may = self.may_prompt();
        may.inspect_err(|why| self.decide(None, Decision::NotAnnounced { why: *why })).is_ok()
    }

    /// Another caller has come, who did not dial this number and has heard nothing; `Some` when codes were asked for.
    pub(super) fn asks_nobody(&mut self) -> Option<State> {
        let Way::Prompt(_) = self.facts.way else { return None };
        let Way::Prompt(authorizing) = std::mem::replace(&mut self.facts.way, Way::None) else { return None };
        self.facts.collects_digits = false;
        self.withdraw_all(Cause::NORMAL_CALL_CLEARING, WhyReleased::Prompted);
        Some((*authorizing).without_prompter(self))
    }

    /// The leg of the service that asks the caller.
    fn prompting_leg(&self) -> Option<LegId> {
        let prompts =
            |rung: &&Rung| rung.target == Target::Service(Service::Prompt) && rung.progress.is_open();
        self.facts.rung.iter().rfind(prompts).map(|rung| rung.leg)
    }

    /// Has the calling device tell its keys, when it can.
    pub(super) fn collect_digits(&mut self) {
        if self.facts.further_digits.tells_keys() {
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
        let keys = self.further_digits.tells_keys();
        if !self.is_redirected() && (keys || self.can_be_asked()) {
            Prompting::Caller
        } else {
            Prompting::Nobody
        }
    }

    /// Whether a service of ours can ask the caller in early media: it is a phone that has offered some, heard nothing yet, and adds
    /// no digits by asking again. Whoever comes from a trunk knows no codes, and shall not guess any.
    fn can_be_asked(&self) -> bool {
        matches!(self.origin, Origin::Line { .. })
            && self.offer.is_some()
            && self.caller_stage == Stage::Waits
            && self.caller_media == CallerMedia::Nothing
            && self.further_digits != FurtherDigits::Again
            && !self.is_redirected()
            && !self.was_sent_on()
    }

    /// Whether somebody sent the call on before.
    pub(crate) const fn is_redirected(&self) -> bool {
        !self.diversions.is_empty()
    }
}

/// How long an offer of the caller may stay open when all codes are there: a service of ours answers at once.
const SETTLES: Duration = Duration::from_secs(5);

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
