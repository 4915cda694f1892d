//! A line: its phones ring, unless its forwards send the call on.

use std::time::Duration;

use strowger_base::journal::{Decision, WhyRefused};
use strowger_base::{Cause, LineName};
use strowger_dialplan::forward::ForwardKind;

use super::{Tried, Way};
use crate::call::{Locating, Opening, State, Step};
use crate::io::{Contact, Reach};

/// The phones of a line, then its forwards.
pub(in crate::call) struct LineWay {
    line: LineName,
    /// How long they ring.
    ring_time: Duration,
}

impl LineWay {
    /// The call reaches a line.
    pub(in crate::call) fn enter(step: &mut Step<'_>, line: &LineName) -> State {
        step.facts.final_called = line.number().into();
        if let Some(elsewhere) = step.forward(line.as_str(), ForwardKind::All) {
            return elsewhere;
        }
        let (busy_trigger, calls_max, ring_time) = {
            let unknown = crate::configuration::Line::default();
            let configuration = &step.shared.configuration;
            let settings = configuration.lines.get(line.as_str()).unwrap_or(&unknown);
            let forwards = step.shared.user_settings.forwards(line.as_str(), settings);
            let ring_time = settings.rings_with(forwards.as_deref(), step.side(), configuration.ring_time);
            (settings.busy_trigger, settings.calls_max, ring_time)
        };
        let calls = step.shared.calls_of(line);
        let busy = if calls >= calls_max {
            Some(WhyRefused::CallsMax { line: step.shown(line.as_str()), limit: calls_max })
        } else if calls >= busy_trigger {
            Some(WhyRefused::BusyTrigger { line: step.shown(line.as_str()), calls, limit: busy_trigger })
        } else {
            None
        };
        if let Some(why) = busy {
            return match step.forward(line.as_str(), ForwardKind::Busy) {
                Some(elsewhere) => elsewhere,
                None => step.refuse(Cause::USER_BUSY, why),
            };
        }
        if let Some(refused) = step.intercom_waits(line) {
            return refused;
        }
        step.begin_intercom(line);
        step.occupy(line);
        step.facts.way = Way::Line(LineWay { line: line.clone(), ring_time });
        Locating::line(step, line)
    }

    /// The phones of a line are rung, whatever its forwards and limits say.
    pub(in crate::call) fn of(step: &Step<'_>, line: &LineName) -> Self {
        let configuration = &step.shared.configuration;
        let settings = configuration.lines.get(line.as_str());
        let rings = |line: &crate::configuration::Line| line.rings_for(step.side(), configuration.ring_time);
        LineWay { line: line.clone(), ring_time: settings.map_or(configuration.no_answer, rings) }
    }

    pub(super) const fn ring_time(&self) -> Duration {
        self.ring_time
    }

    pub(in crate::call) const fn name(&self) -> &LineName {
        &self.line
    }

    /// The phones of the line are known.
    pub(in crate::call) fn located(step: &mut Step<'_>, line: &LineName, contacts: &[Contact]) -> State {
        let shown = step.shown(line.as_str());
        step.decide(None, Decision::PhonesFound { line: shown, phones: contacts.len() as u32 });
        if contacts.is_empty() {
            step.facts.way = Way::None;
            step.vacate(line);
            let elsewhere =
                step.ring_again().or_else(|| step.forward(line.as_str(), ForwardKind::Unregistered));
            return match elsewhere {
                Some(elsewhere) => elsewhere,
                None => step.refuse(Cause::SUBSCRIBER_ABSENT, WhyRefused::NotRegistered { line: shown }),
            };
        }
        step.facts.knows_who_asked(line, contacts);
        let contacts = step.that_take_calls(line, contacts);
        if contacts.is_empty() {
            step.facts.way = Way::None;
            step.vacate(line);
            return match step.ring_again().or_else(|| step.forward(line.as_str(), ForwardKind::Busy)) {
                Some(elsewhere) => elsewhere,
                None => step.refuse(Cause::USER_BUSY, WhyRefused::DoNotDisturb { line: shown }),
            };
        }
        let targets = contacts.iter().map(|contact| contact.of(line)).collect();
        Opening::prepare(step, targets, Reach::of_all(&contacts))
    }

    /// The call is not offered to it any more; which line it was.
    pub(in crate::call) fn leave(self, step: &mut Step<'_>) -> LineName {
        step.vacate(&self.line);
        self.line
    }

    /// Its phones did not take the call.
    pub(super) fn go_on(self, step: &mut Step<'_>, tried: Tried) -> State {
        step.vacate(&self.line);
        let elsewhere = step.ring_again().or_else(|| step.forward(self.line.as_str(), kind(tried)));
        elsewhere.unwrap_or_else(|| step.give_up(tried))
    }
}

/// Which forward is for this. Who refuses a call is busy or does not want to be disturbed; a phone that is registered but
/// cannot be reached, or cannot take the call, is as good as one that nobody answers.
const fn kind(tried: Tried) -> ForwardKind {
    match tried.cause() {
        Cause::USER_BUSY | Cause::CALL_REJECTED => ForwardKind::Busy,
        _ => ForwardKind::NoAnswer,
    }
}
