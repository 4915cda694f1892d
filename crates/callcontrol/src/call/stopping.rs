//! A call is ended from outside, wherever it stands.

use strowger_base::journal::{Feature, ReleasedBy, WhyEnded, WhyReleased};
use strowger_base::{Cause, Now};

use super::{Call, State, Step};
use crate::io::Outbox;
use crate::shared::Shared;

/// What ends a call from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stopped {
    /// The server stops, and the time for calls to end by themselves is over.
    WithServer,
    /// Somebody ordered it who is no party.
    ByOrder,
    /// It cannot be recorded, and must not be then.
    NotRecorded,
}

impl Stopped {
    const fn cause(self) -> Cause {
        match self {
            Stopped::WithServer => Cause::TEMPORARY_FAILURE,
            Stopped::ByOrder => Cause::NORMAL_CALL_CLEARING,
            Stopped::NotRecorded => Cause::RESOURCE_UNAVAILABLE,
        }
    }

    const fn why_released(self) -> WhyReleased {
        match self {
            Stopped::WithServer => WhyReleased::ServerStops,
            Stopped::ByOrder => WhyReleased::Ordered,
            Stopped::NotRecorded => WhyReleased::PutOut(Feature::Recording),
        }
    }

    const fn why_ended(self) -> WhyEnded {
        match self {
            Stopped::WithServer => WhyEnded::ServerStopped,
            Stopped::ByOrder => WhyEnded::Ordered,
            Stopped::NotRecorded => WhyEnded::PutOut(Feature::Recording),
        }
    }
}

impl Call {
    /// Ends it, wherever it stands.
    pub(crate) fn stop(&mut self, now: Now, stopped: Stopped, shared: &mut Shared, out: &mut Outbox) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Dialing(_)
            | State::Authorizing(_)
            | State::Asking(_)
            | State::Parked(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Talking(_) => step.stop(stopped),
            State::Ended => State::Ended,
        };
    }
}

impl Step<'_> {
    fn stop(&mut self, stopped: Stopped) -> State {
        let (cause, why) = (stopped.cause(), stopped.why_released());
        self.withdraw_all(cause, why);
        for index in 0..self.facts.rung.len() {
            let Some(leg) = self.facts.rung.get(index).map(|rung| rung.leg) else { break };
            self.release(leg, cause, why);
        }
        let caller = self.facts.caller;
        self.release(caller, cause, why);
        self.end(cause, ReleasedBy::System, stopped.why_ended())
    }
}
