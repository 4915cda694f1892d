//! Settings of calls that wait for a free member (native queuing). Its figures are unverified (U-8).

use std::time::Duration;

use super::settings::HuntError;
use crate::range;

/// How calls wait in front of a hunt pilot. `C` names a calling search space.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueSettings<C> {
    callers_max: u8,
    wait_max: Duration,
    /// When one more call comes and the queue is full.
    pub when_full: FullQueue<C>,
    /// When a call has waited as long as it may; `None` releases it.
    pub when_waited: Option<QueueDestination<C>>,
    /// When no member is logged in or registered; `None` releases the call.
    pub when_nobody: Option<QueueDestination<C>>,
}

/// Where a call goes instead of waiting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueDestination<C> {
    /// The number.
    pub number: Box<str>,
    /// Where it is looked up.
    pub css: C,
}

/// What becomes of a call that finds the queue full.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum FullQueue<C> {
    /// It is released with user busy.
    #[default]
    Disconnect,
    /// It goes elsewhere.
    Forward(QueueDestination<C>),
}

/// Why the queue redirected a call, as call records number it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum QueueReason {
    /// It was put into the queue.
    Queued,
    /// A member became free.
    TakenFromQueue,
    /// No member is logged in.
    NoMemberLoggedIn,
    /// The queue is full.
    QueueFull,
    /// It waited as long as it may.
    WaitExceeded,
}

/// Callers in one queue unless the pilot says otherwise.
pub const CALLERS_MAX: u8 = 32;
/// As many callers as a pilot may ask for.
pub const CALLERS_LIMIT: u8 = 100;
/// Longest wait unless the pilot says otherwise.
pub const WAIT_MAX: Duration = Duration::from_secs(900);
/// The longest wait that a pilot may ask for, in seconds.
pub const WAIT_LIMIT: u64 = 3600;

impl<C> QueueSettings<C> {
    /// Settings of the queue of the pilot `name`: 1 to 100 callers, each for 10 to 3600 s.
    ///
    /// # Errors
    /// When a figure is out of range.
    pub fn new(name: &str, callers_max: u8, wait_max: Duration) -> Result<Self, HuntError> {
        let at_pilot = |source| HuntError::Range { place: name.into(), source };
        range::within("callers in the queue", callers_max.into(), 1, CALLERS_LIMIT.into())
            .map_err(at_pilot)?;
        range::within("maximum wait in seconds", wait_max.as_secs(), 10, WAIT_LIMIT).map_err(at_pilot)?;
        Ok(QueueSettings { callers_max, wait_max, ..Default::default() })
    }

    /// How many calls may wait.
    pub const fn callers_max(&self) -> u8 {
        self.callers_max
    }

    /// How long each may wait.
    pub const fn wait_max(&self) -> Duration {
        self.wait_max
    }
}

impl<C> Default for QueueSettings<C> {
    fn default() -> Self {
        QueueSettings {
            callers_max: CALLERS_MAX,
            wait_max: WAIT_MAX,
            when_full: FullQueue::Disconnect,
            when_waited: None,
            when_nobody: None,
        }
    }
}

impl QueueReason {
    /// The redirect reason of call records.
    pub const fn redirect_reason(self) -> u16 {
        match self {
            QueueReason::Queued => 786,
            QueueReason::TakenFromQueue => 802,
            QueueReason::NoMemberLoggedIn => 818,
            QueueReason::QueueFull => 834,
            QueueReason::WaitExceeded => 850,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_has_limits() {
        let check = |callers: u8, seconds: u64, expect: Option<&str>| {
            let found = QueueSettings::<()>::new("8000", callers, Duration::from_secs(seconds));
            assert_eq!(found.err().map(|error| error.to_string()).as_deref(), expect, "{callers} {seconds}");
        };
        check(1, 10, None);
        check(100, 3600, None);
        check(0, 10, Some("8000: callers in the queue is 0; it must be 1 to 100"));
        check(101, 10, Some("8000: callers in the queue is 101; it must be 1 to 100"));
        check(32, 9, Some("8000: maximum wait in seconds is 9; it must be 10 to 3600"));
        check(32, 3601, Some("8000: maximum wait in seconds is 3601; it must be 10 to 3600"));
        assert_eq!(QueueSettings::<()>::default().callers_max(), 32);
    }
}
