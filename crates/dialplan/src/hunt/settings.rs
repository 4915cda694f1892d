//! What an operator says about hunting.

use std::sync::Arc;
use std::time::Duration;

use super::order::Condition;
use super::queue::QueueSettings;
use crate::range::{self, OutOfRange};

/// In which order the members of a line group are offered a call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Distribution {
    /// As they are listed, every call from the top.
    TopDown,
    /// As they are listed, from the one after the last who was offered a call.
    Circular,
    /// Whoever has been idle longest first; a member with any call is passed over.
    #[default]
    LongestIdleTime,
    /// All at once.
    Broadcast,
}

/// What happens after a member did not take the call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum HuntOption {
    /// The next member; after the last one the next group.
    #[default]
    NextMemberThenNextGroup,
    /// The next member; after the last one the hunt is over.
    NextMember,
    /// The next group at once.
    SkipToNextGroup,
    /// The hunt is over.
    StopHunting,
}

/// How a line group behaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineGroupOptions {
    /// Who is offered a call first.
    pub distribution: Distribution,
    /// How long a member rings before the next one is tried: whole seconds, 1 to 300, 10 by default.
    pub ring_no_answer_reversion: Duration,
    /// After a member that rang in vain.
    pub on_no_answer: HuntOption,
    /// After a busy member.
    pub on_busy: HuntOption,
    /// After a member without a registered phone, or logged out.
    pub on_not_available: HuntOption,
}

/// Lines that answer for one another. `M` names a member: a directory number in its partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineGroup<M> {
    name: Box<str>,
    members: Vec<M>,
    options: LineGroupOptions,
}

/// Line groups in the order in which they are tried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HuntList<M> {
    name: Box<str>,
    groups: Vec<Arc<LineGroup<M>>>,
}

/// What becomes of a call that nobody took. `C` names a calling search space.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum WhenExhausted<C> {
    /// It is released.
    #[default]
    NotForwarded,
    /// It is looked up again as this number.
    Forward {
        /// The number.
        number: Box<str>,
        /// Where it is looked up.
        css: C,
    },
    /// The originally called line's Forward No Coverage decides.
    PersonalNoCoverage,
}

/// What a hunt pilot says about its hunts. Its pattern and its list are the plan's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HuntPilot<C> {
    /// How long a hunt may take: whole seconds, 1 to 3600, 1800 by default.
    maximum_hunt_timer: Duration,
    /// When nobody took the call.
    exhausted: WhenExhausted<C>,
    /// Calls wait when nobody is free.
    queue: Option<QueueSettings<C>>,
}

/// Why a hunt cannot be set up so.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HuntError {
    /// A time or a number out of range.
    #[error("{place}: {source}")]
    Range {
        /// The group or pilot.
        place: Box<str>,
        /// What is wrong.
        source: OutOfRange,
    },
    /// A time that is no whole number of seconds.
    #[error("{place}: {setting} must be whole seconds")]
    Fraction {
        /// The group or pilot.
        place: Box<str>,
        /// Which time.
        setting: &'static str,
    },
    /// The same line is listed twice.
    #[error("line group {group}: member {position} is listed before already")]
    MemberTwice {
        /// Which group.
        group: Box<str>,
        /// Counted from 1.
        position: usize,
    },
    /// The same group is listed twice.
    #[error("hunt list {list}: line group {group} is listed twice")]
    GroupTwice {
        /// Which list.
        list: Box<str>,
        /// Which group.
        group: Box<str>,
    },
    /// There is nobody to hunt for.
    #[error("hunt list {list} has no line group")]
    NoGroup {
        /// Which list.
        list: Box<str>,
    },
    /// A forward to nowhere.
    #[error("hunt pilot {pilot}: the destination after the hunt is empty")]
    EmptyDestination {
        /// Which pilot.
        pilot: Box<str>,
    },
}

/// Longest time that one member rings, in seconds.
pub const RING_NO_ANSWER_REVERSION_MAX: u64 = 300;
/// Longest hunt, in seconds.
pub const MAXIMUM_HUNT_TIMER_MAX: u64 = 3600;
/// How long a member rings unless the group says otherwise.
pub const RING_NO_ANSWER_REVERSION: Duration = Duration::from_secs(10);
/// How long a hunt may take unless the pilot says otherwise.
pub const MAXIMUM_HUNT_TIMER: Duration = Duration::from_secs(1800);

impl<M: PartialEq> LineGroup<M> {
    /// A checked line group. It may be empty: then a hunt passes through it.
    ///
    /// # Errors
    /// When a member is listed twice or the reversion time is out of range.
    pub fn new(name: &str, members: Vec<M>, options: LineGroupOptions) -> Result<Self, HuntError> {
        seconds(
            name,
            "ring no answer reversion in seconds",
            options.ring_no_answer_reversion,
            RING_NO_ANSWER_REVERSION_MAX,
        )?;
        let twice = members.iter().enumerate().position(|(index, member)| members[..index].contains(member));
        match twice {
            Some(index) => Err(HuntError::MemberTwice { group: name.into(), position: index + 1 }),
            None => Ok(LineGroup { name: name.into(), members, options }),
        }
    }
}

impl<M> LineGroup<M> {
    /// As the operator called it; unique, so that a [`crate::Rotation`] can be kept under it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its members, as listed.
    pub fn members(&self) -> &[M] {
        &self.members
    }

    /// How it behaves.
    pub const fn options(&self) -> &LineGroupOptions {
        &self.options
    }

    /// What this group does after a member in this condition.
    pub const fn option(&self, condition: Condition) -> HuntOption {
        match condition {
            Condition::NoAnswer => self.options.on_no_answer,
            Condition::Busy => self.options.on_busy,
            Condition::NotAvailable => self.options.on_not_available,
        }
    }
}

impl Default for LineGroupOptions {
    fn default() -> Self {
        LineGroupOptions {
            distribution: Distribution::default(),
            ring_no_answer_reversion: RING_NO_ANSWER_REVERSION,
            on_no_answer: HuntOption::default(),
            on_busy: HuntOption::default(),
            on_not_available: HuntOption::default(),
        }
    }
}

impl<M> HuntList<M> {
    /// A checked hunt list.
    ///
    /// # Errors
    /// When there is no group, or one is listed twice.
    pub fn new(name: &str, groups: Vec<Arc<LineGroup<M>>>) -> Result<Self, HuntError> {
        if groups.is_empty() {
            return Err(HuntError::NoGroup { list: name.into() });
        }
        let earlier =
            |index: usize, group: &str| groups.iter().take(index).any(|other| other.name() == group);
        let twice = groups.iter().enumerate().find(|(index, group)| earlier(*index, group.name()));
        match twice {
            Some((_, group)) => Err(HuntError::GroupTwice { list: name.into(), group: group.name().into() }),
            None => Ok(HuntList { name: name.into(), groups }),
        }
    }

    /// As the operator called it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its groups, as listed.
    pub fn groups(&self) -> &[Arc<LineGroup<M>>] {
        &self.groups
    }
}

impl<C> HuntPilot<C> {
    /// Checked settings of the pilot `name`.
    ///
    /// # Errors
    /// When the timer is out of range or the destination is empty.
    pub fn new(
        name: &str,
        maximum_hunt_timer: Duration,
        exhausted: WhenExhausted<C>,
        queue: Option<QueueSettings<C>>,
    ) -> Result<Self, HuntError> {
        seconds(name, "maximum hunt timer in seconds", maximum_hunt_timer, MAXIMUM_HUNT_TIMER_MAX)?;
        if matches!(&exhausted, WhenExhausted::Forward { number, .. } if number.is_empty()) {
            return Err(HuntError::EmptyDestination { pilot: name.into() });
        }
        Ok(HuntPilot { maximum_hunt_timer, exhausted, queue })
    }

    /// How long a hunt may take.
    pub const fn maximum_hunt_timer(&self) -> Duration {
        self.maximum_hunt_timer
    }

    /// When nobody took the call.
    pub const fn exhausted(&self) -> &WhenExhausted<C> {
        &self.exhausted
    }

    /// How calls wait, when they may.
    pub const fn queue(&self) -> Option<&QueueSettings<C>> {
        self.queue.as_ref()
    }
}

impl<C> Default for HuntPilot<C> {
    fn default() -> Self {
        HuntPilot {
            maximum_hunt_timer: MAXIMUM_HUNT_TIMER,
            exhausted: WhenExhausted::NotForwarded,
            queue: None,
        }
    }
}

fn seconds(place: &str, setting: &'static str, time: Duration, greatest: u64) -> Result<(), HuntError> {
    if time.subsec_nanos() != 0 {
        return Err(HuntError::Fraction { place: place.into(), setting });
    }
    range::within(setting, time.as_secs(), 1, greatest)
        .map(drop)
        .map_err(|source| HuntError::Range { place: place.into(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_hunt_says_where_and_why() {
        fn check<T>(result: Result<T, HuntError>, expect: &str) {
            assert_eq!(result.err().map(|error| error.to_string()).as_deref(), Some(expect));
        }
        let options =
            |ring_no_answer_reversion| LineGroupOptions { ring_no_answer_reversion, ..Default::default() };
        check(
            LineGroup::new("sales", vec!['a'], options(Duration::ZERO)),
            "sales: ring no answer reversion in seconds is 0; it must be 1 to 300",
        );
        check(
            LineGroup::new("sales", vec!['a'], options(Duration::from_millis(1500))),
            "sales: ring no answer reversion in seconds must be whole seconds",
        );
        check(
            LineGroup::new("sales", vec!['a', 'b', 'a'], LineGroupOptions::default()),
            "line group sales: member 3 is listed before already",
        );
        let group = |name| Arc::new(LineGroup::new(name, vec!['a'], LineGroupOptions::default()).unwrap());
        check(HuntList::<char>::new("all", vec![]), "hunt list all has no line group");
        check(
            HuntList::new("all", vec![group("x"), group("y"), group("x")]),
            "hunt list all: line group x is listed twice",
        );
        let pilot =
            |timer, exhausted| HuntPilot::<()>::new("8000", Duration::from_secs(timer), exhausted, None);
        check(
            pilot(3601, WhenExhausted::NotForwarded),
            "8000: maximum hunt timer in seconds is 3601; it must be 1 to 3600",
        );
        check(
            pilot(60, WhenExhausted::Forward { number: "".into(), css: () }),
            "hunt pilot 8000: the destination after the hunt is empty",
        );
        assert_eq!(pilot(1800, WhenExhausted::NotForwarded), Ok(HuntPilot::default()));
    }
}
