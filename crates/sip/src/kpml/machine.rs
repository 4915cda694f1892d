//! Where a collection of keys stands: a subscription (RFC 6665 §4.1.2), what is done when it fails, and its end.
//!
//! ```text
//! call control                leg                          phone
//!      | CollectDigits         | 183, SUBSCRIBE              |
//!      |---------------------->|---------------------------->|
//!      |                       |           200, NOTIFY active|
//!      | Digit                 |      NOTIFY, digits="1"     |
//!      |<----------------------|<----------------------------|
//!      | StopCollecting        | SUBSCRIBE, Expires: 0       |
//!      |---------------------->|---------------------------->|
//!      |                       |     200, NOTIFY terminated  |
//! ```

use std::time::Duration;

use strowger_base::Instant;
use strowger_base::leg::DigitsEnd;

use super::Form;
use crate::subscription::{Again, Ended, TIMER_N, Told, subscriber};
use crate::transaction::T1;

/// Where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Keys are wanted.
    Collecting {
        /// How it stands with the subscription.
        subscription: subscriber::State,
        /// How the phone was asked.
        form: Form,
        /// A SUBSCRIBE has no final response.
        open: bool,
        /// How often the phone was asked again without a key in between.
        tries: u8,
    },
    /// The phone did not know the dialog; what would have told it may be lost or late. It is asked again.
    Again {
        /// When.
        at: Instant,
        /// How.
        form: Form,
        /// How often the phone was asked again.
        tries: u8,
    },
    /// No key is wanted any more, but a SUBSCRIBE has no final response: two at once could overtake each other.
    Stopping {
        /// When it is forgotten.
        until: Instant,
    },
    /// The subscription was ended; the last NOTIFY is awaited.
    Closing {
        /// When it is forgotten.
        until: Instant,
    },
    /// Nothing more is to come.
    Over,
}

/// What can happen to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// The last SUBSCRIBE was answered with 2xx and this time.
    Accepted(Duration),
    /// The last SUBSCRIBE was answered with this failure; 408 when it was not answered.
    Refused(u16),
    /// A NOTIFY came.
    Told {
        /// Its Subscription-State.
        state: Told,
        /// The code of its report, when there is one (RFC 4730 §6).
        code: Option<u16>,
        /// Its report has keys.
        keys: bool,
    },
    /// Call control wants no more keys.
    Stop,
    /// Time has passed.
    Timer,
}

/// What the user of the machine has to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing.
    None,
    /// Send a SUBSCRIBE that asks in this form; `first` when the phone may not know the dialog yet.
    Subscribe {
        /// How to ask.
        form: Form,
        /// The dialog has to be told of first.
        first: bool,
    },
    /// Send a SUBSCRIBE that ends the subscription.
    Unsubscribe,
    /// Tell call control that no more keys come.
    Ended(DigitsEnd),
}

/// How often a phone is asked again without a key in between.
const TRIES: u8 = 3;

impl State {
    /// The first state, with the SUBSCRIBE that it begins with.
    pub fn begin(now: Instant) -> (State, Effect) {
        let state = State::Collecting {
            subscription: subscriber::State::begin(now),
            form: Form::WithPlus,
            open: true,
            tries: 0,
        };
        (state, Effect::Subscribe { form: Form::WithPlus, first: true })
    }

    /// Whether keys are for call control.
    pub const fn collects(&self) -> bool {
        matches!(self, State::Collecting { .. })
    }

    /// Whether a NOTIFY belongs to it.
    pub const fn takes_notify(&self) -> bool {
        match self {
            State::Collecting { .. } | State::Stopping { .. } | State::Closing { .. } => true,
            State::Again { .. } | State::Over => false,
        }
    }

    /// The next state and what to do.
    pub fn on(self, input: Input, now: Instant) -> (State, Effect) {
        match self {
            State::Collecting { .. } => self.collecting(input, now),
            State::Again { at, form, tries } => match input {
                Input::Timer if at <= now => (ask(form, tries, now), Effect::Subscribe { form, first: true }),
                Input::Stop => (State::Over, Effect::None),
                Input::Timer | Input::Accepted(_) | Input::Refused(_) | Input::Told { .. } => {
                    (self, Effect::None)
                }
            },
            State::Stopping { until } => match input {
                Input::Accepted(_) => (State::Closing { until: now + TIMER_N }, Effect::Unsubscribe),
                Input::Refused(_) => (State::Over, Effect::None),
                Input::Timer if until <= now => (State::Over, Effect::None),
                Input::Told { state: Told::Terminated(_), .. } => (State::Over, Effect::None),
                Input::Told { .. } | Input::Stop | Input::Timer => (self, Effect::None),
            },
            State::Closing { until } => match input {
                Input::Refused(_) => (State::Over, Effect::None),
                Input::Timer if until <= now => (State::Over, Effect::None),
                Input::Told { state: Told::Terminated(_), .. } => (State::Over, Effect::None),
                Input::Accepted(_) | Input::Told { .. } | Input::Stop | Input::Timer => (self, Effect::None),
            },
            State::Over => match input {
                Input::Accepted(_) | Input::Refused(_) | Input::Told { .. } | Input::Stop | Input::Timer => {
                    (self, Effect::None)
                }
            },
        }
    }

    fn collecting(self, input: Input, now: Instant) -> (State, Effect) {
        let State::Collecting { subscription, form, open, tries } = self else { return (self, Effect::None) };
        match input {
            Input::Accepted(time) => {
                let (subscription, _) = subscription.on(subscriber::Input::Accepted(time), now);
                (State::Collecting { subscription, form, open: false, tries }, Effect::None)
            }
            Input::Refused(status) => refused(subscription, form, tries, status, now),
            Input::Told { state, code, keys } => {
                let (next, _) = subscription.on(state.into(), now);
                let over = match state {
                    Told::Terminated(ended) => Some(ended),
                    Told::Active(_) | Told::Pending(_) => None,
                };
                let tries = if keys { 0 } else { tries };
                let stays = State::Collecting { subscription: next, form, open, tries };
                told(stays, (form, tries), (code, keys), over, now)
            }
            Input::Stop if open => (State::Stopping { until: now + TIMER_N }, Effect::None),
            Input::Stop => (State::Closing { until: now + TIMER_N }, Effect::Unsubscribe),
            Input::Timer => {
                let (subscription, effect) = subscription.on(subscriber::Input::Timer, now);
                let stays = |open| State::Collecting { subscription, form, open, tries };
                match effect {
                    subscriber::Effect::Over(_) => (State::Over, Effect::Ended(DigitsEnd::Lost)),
                    subscriber::Effect::Refresh if !open => {
                        (stays(true), Effect::Subscribe { form, first: false })
                    }
                    subscriber::Effect::Refresh | subscriber::Effect::None | subscriber::Effect::News => {
                        (stays(open), Effect::None)
                    }
                }
            }
        }
    }

    /// When the machine wants to hear [`Input::Timer`] again after `now`.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        match self {
            State::Collecting { subscription, .. } => subscription.deadline(now),
            State::Again { at, .. } => Some(*at),
            State::Stopping { until } | State::Closing { until } => Some(*until),
            State::Over => None,
        }
    }
}

fn ask(form: Form, tries: u8, now: Instant) -> State {
    State::Collecting { subscription: subscriber::State::begin(now), form, open: true, tries }
}

fn again(form: Form, tries: u8, now: Instant) -> (State, Effect) {
    if tries < TRIES {
        (ask(form, tries + 1, now), Effect::Subscribe { form, first: false })
    } else {
        (State::Over, Effect::Ended(DigitsEnd::Lost))
    }
}

fn refused(
    subscription: subscriber::State,
    form: Form,
    tries: u8,
    status: u16,
    now: Instant,
) -> (State, Effect) {
    let first = matches!(subscription, subscriber::State::NotifyWait { .. });
    match status {
        // A phone that has not seen the provisional response knows no dialog, and one that has seen a later request takes no earlier
        // one (RFC 3261 §12.2.2).
        481 | 500 if first && tries < TRIES => {
            (State::Again { at: now + T1 * (1 << tries), form, tries: tries + 1 }, Effect::None)
        }
        // It knows no such method, package or document: what it told is all that it has to tell. A Cisco phone answers 489
        // when the number was dialled before it went off-hook.
        405 | 415 | 420 | 489 | 501 if first => (State::Over, Effect::Ended(DigitsEnd::Complete)),
        481 => (State::Over, Effect::Ended(DigitsEnd::Lost)),
        _ if first => (State::Over, Effect::Ended(DigitsEnd::Lost)),
        // RFC 6665 §4.1.2.2: a refused refresh leaves the subscription until its time is over.
        _ => (State::Collecting { subscription, form, open: false, tries }, Effect::None),
    }
}

/// A NOTIFY came while keys are wanted; `over` says why the subscription is over, when it is.
fn told(
    stays: State,
    (form, tries): (Form, u8),
    (code, keys): (Option<u16>, bool),
    over: Option<Ended>,
    now: Instant,
) -> (State, Effect) {
    let rest = if over.is_some() { State::Over } else { stays };
    match (code, form, over) {
        // RFC 4730 §6: terminated without match, or the phone's own timer, which Cisco's Dial key stands for as well.
        (Some(402 | 423), _, _) => (rest, Effect::Ended(DigitsEnd::Complete)),
        // Bad document: `+` may be what is bad about it.
        (Some(501), Form::WithPlus, _) => again(Form::Plain, tries, now),
        // Persistent subscriptions are not supported.
        (Some(531), Form::WithPlus | Form::Plain, _) => again(Form::OneShot, tries, now),
        (None | Some(200), _, None) => (rest, Effect::None),
        // That was the one key; the next one is asked for, also of a phone that does not say why it stops at one.
        (Some(200), _, Some(_)) if keys => again(form, tries, now),
        (None | Some(200), _, Some(ended)) => match ended.again() {
            Again::AtOnce => again(form, tries, now),
            Again::Later | Again::Never => (State::Over, Effect::Ended(DigitsEnd::Lost)),
        },
        // The dialog or the subscription is gone on the phone's side, or it cannot tell keys.
        (Some(_), _, _) => (rest, Effect::Ended(DigitsEnd::Lost)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::table_test::{at, check};

    fn collecting(subscription: subscriber::State, form: Form, open: bool, tries: u8) -> State {
        State::Collecting { subscription, form, open, tries }
    }

    #[test]
    fn the_table_is_as_reviewed() {
        use subscriber::State::{Active, NotifyWait, Pending};
        let expires = at(60);
        let states = [
            State::begin(at(0)).0,
            collecting(NotifyWait { n: at(32) }, Form::WithPlus, true, 3),
            collecting(Pending { expires }, Form::WithPlus, false, 0),
            collecting(Active { expires }, Form::WithPlus, false, 0),
            collecting(Active { expires }, Form::WithPlus, true, 0),
            collecting(Active { expires }, Form::Plain, false, 3),
            collecting(Active { expires }, Form::OneShot, false, 0),
            State::Again { at: at(11), form: Form::WithPlus, tries: 1 },
            State::Stopping { until: at(42) },
            State::Closing { until: at(42) },
            State::Over,
        ];
        let time = Duration::from_secs(100);
        let mut inputs = vec![Input::Accepted(time)];
        inputs.extend([408, 423, 481, 489, 491, 500, 501, 603].map(Input::Refused));
        let told = |state, code, keys| Input::Told { state, code, keys };
        for state in [
            Told::Active(time),
            Told::Pending(time),
            Told::Terminated(Ended::Timeout),
            Told::Terminated(Ended::NoResource),
        ] {
            inputs.push(told(state, None, false));
            inputs.push(told(state, Some(200), true));
            for code in [402, 423, 481, 487, 501, 531, 532, 533] {
                inputs.push(told(state, Some(code), false));
            }
        }
        inputs.push(Input::Stop);
        let mut table = String::new();
        for state in states {
            for input in &inputs {
                let (next, effect) = state.on(*input, at(10));
                table.push_str(&format!("{state:?} + {input:?} -> {next:?} {effect:?}\n"));
            }
            for now in [at(10), at(60)] {
                let (next, effect) = state.on(Input::Timer, now);
                table.push_str(&format!("{state:?} + Timer at {now:?} -> {next:?} {effect:?}\n"));
            }
        }
        check("kpml", &table, include_str!("../../testdata/tables/kpml.txt"));
    }

    /// Whatever a phone does, it is not asked for ever.
    #[test]
    fn a_phone_that_gives_no_key_is_asked_a_few_times() {
        let check = |input: Input, expect: usize| {
            let (mut state, _) = State::begin(at(0));
            let mut asked = 1;
            let mut now = at(0);
            for _ in 0..100 {
                let (next, effect) = state.on(input, now);
                state = next;
                asked += usize::from(matches!(effect, Effect::Subscribe { .. }));
                if let State::Again { at, .. } = state {
                    now = at;
                    let (next, effect) = state.on(Input::Timer, now);
                    state = next;
                    asked += usize::from(matches!(effect, Effect::Subscribe { .. }));
                }
            }
            assert_eq!((state, asked), (State::Over, expect), "{input:?}");
        };
        let told = |ended, code| Input::Told { state: Told::Terminated(ended), code, keys: false };
        check(Input::Refused(481), 4);
        check(Input::Refused(500), 4);
        check(Input::Refused(489), 1);
        check(told(Ended::Timeout, None), 4);
        check(told(Ended::Deactivated, Some(200)), 4);
        check(told(Ended::Other, Some(501)), 2);
        check(told(Ended::Other, Some(531)), 2);
        check(told(Ended::Other, Some(487)), 1);
    }
}
