//! When a session is refreshed and when it is given up (RFC 4028 §7.4, §10).

use std::time::Duration;

use strowger_base::{Instant, limits};

use super::Refresher;

/// Where the session timer of a dialog stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum State {
    /// Nothing was agreed on yet, or the call is over.
    #[default]
    Off,
    /// We refresh, the next time at `refresh`.
    Ours {
        /// When the next refresh goes out.
        refresh: Instant,
        /// When the session is given up.
        expires: Instant,
    },
    /// The peer refreshes.
    Theirs {
        /// When the session is given up.
        expires: Instant,
    },
    /// Our refresh, or a change of ours that a 422 made us send again, has no answer.
    Refreshing {
        /// Who refreshes when this one fails.
        refresher: Refresher,
        /// When the session is given up.
        expires: Instant,
        /// How often in a row the peer found the interval too small.
        raised: u8,
    },
}

/// What can happen to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// A 2xx to INVITE or UPDATE, either way, agreed on this.
    Agreed {
        /// The session interval.
        interval: Duration,
        /// Who refreshes.
        refresher: Refresher,
    },
    /// A re-INVITE or UPDATE of ours failed, or could not be sent.
    Failed(Failure),
    /// The call is over.
    Stop,
    /// Time has passed.
    Timer,
}

/// How a re-INVITE or UPDATE of ours failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// 408 or 481, or no response: the peer has lost the dialog (RFC 3261 §12.2.1.2).
    Gone,
    /// 422 with a larger Min-SE than we knew.
    TooSmall,
    /// 491: it is tried again soon (RFC 3261 §14.1).
    Glare,
    /// Anything else leaves the session as it is.
    Other,
}

/// What the leg has to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing.
    None,
    /// Send a refresh.
    Refresh,
    /// Send the request that failed again, with the larger interval (RFC 4028 §7.3).
    Again,
    /// End the call.
    End(Ended),
}

/// Why the session timer ends a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// No refresh came or succeeded.
    Expired,
    /// The peer knows the dialog no more.
    Gone,
    /// The peer finds every interval too small.
    TooSmall,
}

impl State {
    /// The next state and what to do.
    pub fn on(self, input: Input, now: Instant) -> (State, Effect) {
        let end = |ended| (State::Off, Effect::End(ended));
        match self {
            State::Off => match input {
                Input::Agreed { interval, refresher } => {
                    (State::agreed(interval, refresher, now), Effect::None)
                }
                Input::Failed(_) | Input::Stop | Input::Timer => (self, Effect::None),
            },
            State::Ours { refresh, expires } => match input {
                Input::Agreed { interval, refresher } => {
                    (State::agreed(interval, refresher, now), Effect::None)
                }
                Input::Failed(Failure::Gone) => end(Ended::Gone),
                Input::Failed(Failure::TooSmall) => State::raise(Refresher::Us, expires, 0),
                // Some other change failed; the refresh is still due at its time.
                Input::Failed(Failure::Glare | Failure::Other) => (self, Effect::None),
                Input::Stop => (State::Off, Effect::None),
                Input::Timer if expires <= now => end(Ended::Expired),
                Input::Timer if refresh <= now => {
                    (State::Refreshing { refresher: Refresher::Us, expires, raised: 0 }, Effect::Refresh)
                }
                Input::Timer => (self, Effect::None),
            },
            State::Theirs { expires } => match input {
                Input::Agreed { interval, refresher } => {
                    (State::agreed(interval, refresher, now), Effect::None)
                }
                Input::Failed(Failure::Gone) => end(Ended::Gone),
                Input::Failed(Failure::TooSmall) => State::raise(Refresher::Them, expires, 0),
                Input::Failed(Failure::Glare | Failure::Other) => (self, Effect::None),
                Input::Stop => (State::Off, Effect::None),
                Input::Timer if expires <= now => end(Ended::Expired),
                Input::Timer => (self, Effect::None),
            },
            State::Refreshing { refresher, expires, raised } => match input {
                Input::Agreed { interval, refresher } => {
                    (State::agreed(interval, refresher, now), Effect::None)
                }
                Input::Failed(Failure::Gone) => end(Ended::Gone),
                Input::Failed(Failure::TooSmall) => State::raise(refresher, expires, raised),
                Input::Failed(Failure::Glare) => (self, Effect::None),
                Input::Failed(Failure::Other) => (State::refused(refresher, expires, now), Effect::None),
                Input::Stop => (State::Off, Effect::None),
                Input::Timer if expires <= now => end(Ended::Expired),
                Input::Timer => (self, Effect::None),
            },
        }
    }

    /// When the machine wants to hear [`Input::Timer`].
    pub fn deadline(&self) -> Option<Instant> {
        match *self {
            State::Off => None,
            State::Ours { refresh, expires } => Some(refresh.min(expires)),
            State::Theirs { expires } | State::Refreshing { expires, .. } => Some(expires),
        }
    }

    /// RFC 4028 §10: the refresher acts at half the interval; a session without refresh is given up the smaller of
    /// 32 s and a third of the interval before its end.
    fn agreed(interval: Duration, refresher: Refresher, now: Instant) -> State {
        let expires = now + (interval - Duration::from_secs(32).min(interval / 3));
        match refresher {
            Refresher::Us => State::Ours { refresh: now + interval / 2, expires },
            Refresher::Them => State::Theirs { expires },
        }
    }

    /// RFC 4028 §7.3 sets no bound to intervals that are too small; a peer that always wants more would keep us busy.
    fn raise(refresher: Refresher, expires: Instant, raised: u8) -> (State, Effect) {
        if raised >= limits::SESSION_INTERVAL_RAISES {
            return (State::Off, Effect::End(Ended::TooSmall));
        }
        (State::Refreshing { refresher, expires, raised: raised + 1 }, Effect::Again)
    }

    /// A refused refresh is tried again in half of the time that is left (RFC 4028 §10: the session goes on until it
    /// expires).
    fn refused(refresher: Refresher, expires: Instant, now: Instant) -> State {
        match refresher {
            Refresher::Us => {
                let left = expires - now;
                let refresh = if left > REFRESH_AHEAD { now + left / 2 } else { expires };
                State::Ours { refresh, expires }
            }
            Refresher::Them => State::Theirs { expires },
        }
    }
}

/// With less time left than this a further refresh would not be answered in time.
const REFRESH_AHEAD: Duration = Duration::from_secs(8);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::table_test::{at, check};

    /// The whole table: state × input -> state and effect.
    #[test]
    fn the_table_is_as_reviewed() {
        let refreshing = |refresher, raised| State::Refreshing { refresher, expires: at(60), raised };
        let states = [
            State::Off,
            State::Ours { refresh: at(45), expires: at(60) },
            State::Theirs { expires: at(60) },
            refreshing(Refresher::Us, 0),
            refreshing(Refresher::Them, 1),
            refreshing(Refresher::Us, limits::SESSION_INTERVAL_RAISES),
        ];
        let agreed = |refresher| Input::Agreed { interval: Duration::from_secs(1800), refresher };
        let inputs = [
            agreed(Refresher::Us),
            agreed(Refresher::Them),
            Input::Failed(Failure::Gone),
            Input::Failed(Failure::TooSmall),
            Input::Failed(Failure::Glare),
            Input::Failed(Failure::Other),
            Input::Stop,
        ];
        let mut table = String::new();
        for state in states {
            for input in inputs {
                let (next, effect) = state.on(input, at(50));
                table.push_str(&format!("{state:?} + {input:?} -> {next:?} {effect:?}\n"));
            }
            for now in [at(44), at(45), at(60)] {
                let (next, effect) = state.on(Input::Timer, now);
                table.push_str(&format!("{state:?} + Timer at {now:?} -> {next:?} {effect:?}\n"));
            }
        }
        check("session_timer", &table, include_str!("../../testdata/tables/session_timer.txt"));
    }

    /// RFC 4028 §10, with an interval whose third is below 32 s and one whose third is above.
    #[test]
    fn a_session_is_refreshed_at_half_time_and_given_up_before_its_end() {
        let check = |interval: u64, refresher: Refresher, deadline: u64, expires: u64| {
            let input = Input::Agreed { interval: Duration::from_secs(interval), refresher };
            let (state, effect) = State::Off.on(input, at(0));
            assert_eq!((state.deadline(), effect), (Some(at(deadline)), Effect::None));
            assert_ne!(state.on(Input::Timer, at(expires - 1)).0, State::Off);
            assert_eq!(state.on(Input::Timer, at(expires)), (State::Off, Effect::End(Ended::Expired)));
        };
        check(90, Refresher::Us, 45, 60);
        check(90, Refresher::Them, 60, 60);
        check(1800, Refresher::Us, 900, 1768);
        check(1800, Refresher::Them, 1768, 1768);
    }

    #[test]
    fn refused_refreshes_come_again_in_ever_shorter_time_and_end() {
        let mut state = State::Refreshing { refresher: Refresher::Us, expires: at(868), raised: 0 };
        let mut now = at(0);
        let mut refreshes = 0;
        loop {
            state = state.on(Input::Failed(Failure::Other), now).0;
            now = state.deadline().unwrap();
            let (next, effect) = state.on(Input::Timer, now);
            state = next;
            if effect != Effect::Refresh {
                assert_eq!(effect, Effect::End(Ended::Expired));
                break;
            }
            refreshes += 1;
        }
        assert_eq!((now, refreshes), (at(868), 7));
    }
}
