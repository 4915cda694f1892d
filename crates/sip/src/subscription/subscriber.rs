//! The side that wants to know (RFC 6665 §4.1.2).

use std::time::Duration;

use strowger_base::Instant;

use super::{Ended, TIMER_N, Told};

/// Where a subscription stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// SUBSCRIBE was sent; no NOTIFY came.
    NotifyWait {
        /// Timer N.
        n: Instant,
    },
    /// The notifier has not decided yet.
    Pending {
        /// When it ends unless it is refreshed.
        expires: Instant,
    },
    /// News come.
    Active {
        /// When it ends unless it is refreshed.
        expires: Instant,
    },
    /// Over.
    Terminated,
}

/// What can happen to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// SUBSCRIBE, the first or a refresh, was answered with 2xx and this time.
    Accepted(Duration),
    /// SUBSCRIBE was refused with 3xx to 6xx.
    Refused,
    /// NOTIFY said `pending`.
    Pending(Duration),
    /// NOTIFY said `active`.
    Active(Duration),
    /// NOTIFY said `terminated`.
    Terminated(Ended),
    /// Time has passed.
    Timer,
}

impl From<Told> for Input {
    fn from(told: Told) -> Input {
        match told {
            Told::Active(time) => Input::Active(time),
            Told::Pending(time) => Input::Pending(time),
            Told::Terminated(ended) => Input::Terminated(ended),
        }
    }
}

/// What the user of the machine has to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing.
    None,
    /// Take the body of the NOTIFY.
    News,
    /// Send a SUBSCRIBE in the dialog before the time runs out.
    Refresh,
    /// It is over.
    Over(Ended),
}

impl State {
    /// The state right after the SUBSCRIBE or REFER was sent.
    pub fn begin(now: Instant) -> State {
        State::NotifyWait { n: now + TIMER_N }
    }

    /// The next state and what to do.
    pub fn on(self, input: Input, now: Instant) -> (State, Effect) {
        use Input::{Accepted, Refused, Timer};
        let told = |input: Input| match input {
            Input::Pending(time) => Some((State::Pending { expires: now + time }, Effect::News)),
            Input::Active(time) => Some((State::Active { expires: now + time }, Effect::News)),
            Input::Terminated(ended) => Some((State::Terminated, Effect::Over(ended))),
            Accepted(_) | Refused | Timer => None,
        };
        match self {
            State::NotifyWait { n } => match input {
                Input::Pending(_) | Input::Active(_) | Input::Terminated(_) => {
                    told(input).unwrap_or((self, Effect::None))
                }
                // The NOTIFY decides, not the 2xx (RFC 6665 §4.1.2.4).
                Accepted(_) => (self, Effect::None),
                Refused => (State::Terminated, Effect::Over(Ended::Rejected)),
                Timer if n <= now => (State::Terminated, Effect::Over(Ended::Timeout)),
                Timer => (self, Effect::None),
            },
            State::Pending { expires } | State::Active { expires } => match input {
                Input::Pending(_) | Input::Active(_) | Input::Terminated(_) => {
                    told(input).unwrap_or((self, Effect::None))
                }
                Accepted(time) => (self.until(now + time), Effect::None),
                // RFC 6665 §4.1.2.2: a refused refresh leaves the subscription until its time is over, except 481,
                // which the dialog tells as `Terminated`.
                Refused => (self, Effect::None),
                Timer if expires <= now => (State::Terminated, Effect::Over(Ended::Timeout)),
                Timer => (self, Effect::Refresh),
            },
            State::Terminated => match input {
                Accepted(_)
                | Refused
                | Input::Pending(_)
                | Input::Active(_)
                | Input::Terminated(_)
                | Timer => (self, Effect::None),
            },
        }
    }

    /// When the machine wants to hear [`Input::Timer`] again after `now`: at four fifths of the time that is left, to
    /// refresh, and at its end.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        match *self {
            State::NotifyWait { n } => Some(n),
            State::Pending { expires } | State::Active { expires } => {
                let left = expires - now;
                Some(if left > REFRESH_AHEAD { now + left * 4 / 5 } else { expires })
            }
            State::Terminated => None,
        }
    }

    const fn until(self, expires: Instant) -> State {
        match self {
            State::Pending { .. } => State::Pending { expires },
            State::Active { .. } => State::Active { expires },
            State::NotifyWait { .. } | State::Terminated => self,
        }
    }
}

/// With less time left than this a refresh would come too late.
const REFRESH_AHEAD: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::table_test::{at, check};

    #[test]
    fn the_table_is_as_reviewed() {
        let states = [
            State::NotifyWait { n: at(32) },
            State::Pending { expires: at(60) },
            State::Active { expires: at(60) },
            State::Terminated,
        ];
        let time = Duration::from_secs(100);
        let inputs = [
            Input::Accepted(time),
            Input::Refused,
            Input::Pending(time),
            Input::Active(time),
            Input::Terminated(Ended::NoResource),
        ];
        let mut table = String::new();
        for state in states {
            for input in inputs {
                let (next, effect) = state.on(input, at(10));
                table.push_str(&format!("{state:?} + {input:?} -> {next:?} {effect:?}\n"));
            }
            for now in [at(10), at(60)] {
                let (next, effect) = state.on(Input::Timer, now);
                table.push_str(&format!("{state:?} + Timer at {now:?} -> {next:?} {effect:?}\n"));
            }
        }
        check("subscriber", &table, include_str!("../../testdata/tables/subscriber.txt"));
    }

    #[test]
    fn a_subscription_is_refreshed_before_it_ends_and_ends_when_nobody_answers() {
        let (mut state, _) = State::begin(at(0)).on(Input::Active(Duration::from_secs(100)), at(0));
        let first = state.deadline(at(0)).expect("active");
        assert_eq!(first, at(80));
        let (next, effect) = state.on(Input::Timer, first);
        assert_eq!(effect, Effect::Refresh);
        state = next;
        let mut now = first;
        while let Some(at) = state.deadline(now) {
            now = at;
            state = state.on(Input::Timer, now).0;
        }
        assert_eq!((state, now), (State::Terminated, at(100)));
    }
}
