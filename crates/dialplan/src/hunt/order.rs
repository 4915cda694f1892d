//! Who of a line group comes next, and why.

use strowger_base::{Cause, Instant};

use super::settings::{Distribution, HuntList, LineGroup};
use crate::forward::RedirectReason;
use crate::rotation::Rotation;

/// What a member is doing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Standing {
    /// Registered and without a call.
    Idle {
        /// Since when.
        since: Instant,
    },
    /// It has a call and could take one more.
    Available,
    /// It has as many calls as its busy trigger allows.
    Busy,
    /// None of its phones is registered.
    NotAvailable,
    /// Its phones are logged out of hunt groups (HLog).
    LoggedOut,
}

/// What a hunt asks the caller about members and groups.
pub trait Members<M> {
    /// What a member is doing at this moment.
    fn standing(&self, member: &M) -> Standing;

    /// Whose turn it is in a circular group. It is the same value for every call.
    fn rotation(&mut self, group: &LineGroup<M>) -> &mut Rotation<M>;
}

/// Why a member did not take the call, as far as the group's options tell it apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Condition {
    /// It rang in vain.
    NoAnswer,
    /// It was busy.
    Busy,
    /// No phone was registered, or it was logged out.
    NotAvailable,
}

/// Why these members ring now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RingBecause<M> {
    /// The first in the list who was not tried and is free.
    TopDown,
    /// Its turn came after this member's; `None` when nobody had one before.
    TurnAfter(Option<M>),
    /// It has been idle longest among those that were not tried.
    IdleSince(Instant),
    /// All that are free ring together.
    Broadcast,
}

/// Why a member was passed over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SkippedBecause {
    /// At its busy trigger.
    Busy,
    /// On a call in a group where only idle members count.
    NotIdle,
    /// No phone is registered.
    NotAvailable,
    /// Logged out of hunt groups.
    LoggedOut,
    /// It was offered the call and refused it as busy.
    RefusedBusy,
    /// It was offered the call and could not be reached.
    RefusedNotAvailable,
}

/// Why ringing members are taken the call away from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum WithdrawnBecause {
    /// They rang as long as the group lets them.
    NoAnswer,
    /// Another one answered.
    AnsweredElsewhere,
    /// The hunt took as long as the pilot lets it.
    MaximumTimer,
    /// The caller hung up.
    CallerGone,
    /// It answered after the call had gone elsewhere.
    TooLate,
}

/// Why the hunt went on to the next group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LeftBecause {
    /// The last member was in this condition.
    MembersTried(Condition),
    /// A member was in this condition, and the group's option for it skips the others.
    Skipped(Condition),
    /// The group has no members.
    Empty,
}

/// Why nobody took the call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Exhausted {
    /// There is no further group after this reason to leave the last one.
    LastGroup(LeftBecause),
    /// The last member of a group was in this condition, and the group's option for it keeps to the group.
    LastMember(Condition),
    /// A member was in this condition, and the group's option for it stops the hunt.
    Stopped(Condition),
    /// The hunt took as long as the pilot lets it.
    MaximumTimer,
}

/// Whom to offer the call.
pub(super) enum Pick<M> {
    /// These.
    Ring { members: Vec<M>, because: RingBecause<M>, skipped: Vec<(M, SkippedBecause)> },
    /// Nobody: the next one, or in a broadcast group everybody, is in this condition.
    Unfit { condition: Condition, skipped: Vec<(M, SkippedBecause)> },
    /// Everybody was tried.
    NoneLeft,
}

/// How far a hunt has come in one group: positions that were not tried, in the order of their turns.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) group: usize,
    untried: Vec<usize>,
}

impl Visit {
    pub(super) fn begin<M: Clone + PartialEq>(
        group: usize,
        list: &HuntList<M>,
        members: &mut impl Members<M>,
    ) -> Self {
        let untried = list.groups().get(group).map(|group| match group.options().distribution {
            Distribution::Circular => members.rotation(group).order(group.members()),
            Distribution::TopDown | Distribution::LongestIdleTime | Distribution::Broadcast => {
                (0..group.members().len()).collect()
            }
        });
        Visit { group, untried: untried.unwrap_or_default() }
    }

    /// Takes the next member, or all in a broadcast group, off those that were not tried.
    pub(super) fn pick<M: Clone + PartialEq>(
        &mut self,
        group: &LineGroup<M>,
        members: &mut impl Members<M>,
    ) -> Pick<M> {
        match group.options().distribution {
            Distribution::TopDown => self.pick_in_turn(group, members, |_| RingBecause::TopDown),
            Distribution::Circular => {
                self.pick_in_turn(group, members, |rotation| RingBecause::TurnAfter(rotation.last().cloned()))
            }
            Distribution::LongestIdleTime => self.pick_longest_idle(group, members),
            Distribution::Broadcast => self.pick_all(group, members),
        }
    }

    fn pick_in_turn<M: Clone + PartialEq>(
        &mut self,
        group: &LineGroup<M>,
        members: &mut impl Members<M>,
        because: impl Fn(&Rotation<M>) -> RingBecause<M>,
    ) -> Pick<M> {
        let Some(member) = self.take(group, 0) else { return Pick::NoneLeft };
        match unfit(members.standing(&member), Distribution::TopDown) {
            Some((condition, why)) => Pick::Unfit { condition, skipped: vec![(member, why)] },
            None => {
                let rotation = members.rotation(group);
                let because = because(rotation);
                rotation.moved_to(&member);
                Pick::Ring { members: vec![member], because, skipped: Vec::new() }
            }
        }
    }

    /// Members on a call come after all idle ones, in the order of the list: only then does their option matter.
    fn pick_longest_idle<M: Clone + PartialEq>(
        &mut self,
        group: &LineGroup<M>,
        members: &mut impl Members<M>,
    ) -> Pick<M> {
        let idle_since = |position: usize| match members.standing(group.members().get(position)?) {
            Standing::Idle { since } => Some(since),
            Standing::Available | Standing::Busy | Standing::NotAvailable | Standing::LoggedOut => None,
        };
        let idle = self.untried.iter().enumerate();
        let idle = idle.filter_map(|(turn, &position)| Some((idle_since(position)?, turn)));
        if let Some((since, turn)) = idle.min() {
            let Some(member) = self.take(group, turn) else { return Pick::NoneLeft };
            let because = RingBecause::IdleSince(since);
            return Pick::Ring { members: vec![member], because, skipped: Vec::new() };
        }
        let Some(member) = self.take(group, 0) else { return Pick::NoneLeft };
        match unfit(members.standing(&member), Distribution::LongestIdleTime) {
            Some((condition, why)) => Pick::Unfit { condition, skipped: vec![(member, why)] },
            None => Pick::NoneLeft,
        }
    }

    /// Nobody rings: the group counts as busy when any member is, because then somebody could have answered.
    fn pick_all<M: Clone + PartialEq>(
        &mut self,
        group: &LineGroup<M>,
        members: &mut impl Members<M>,
    ) -> Pick<M> {
        let mut ring = Vec::new();
        let mut skipped = Vec::new();
        let mut condition = Condition::NotAvailable;
        if self.untried.is_empty() {
            return Pick::NoneLeft;
        }
        while let Some(member) = self.take(group, 0) {
            match unfit(members.standing(&member), Distribution::Broadcast) {
                None => ring.push(member),
                Some((found, why)) => {
                    if found == Condition::Busy {
                        condition = Condition::Busy;
                    }
                    skipped.push((member, why));
                }
            }
        }
        if ring.is_empty() {
            return Pick::Unfit { condition, skipped };
        }
        Pick::Ring { members: ring, because: RingBecause::Broadcast, skipped }
    }

    fn take<M: Clone>(&mut self, group: &LineGroup<M>, turn: usize) -> Option<M> {
        if turn >= self.untried.len() {
            return None;
        }
        group.members().get(self.untried.remove(turn)).cloned()
    }
}

impl Exhausted {
    /// What the caller is told when the call is not forwarded.
    pub const fn cause(self) -> Cause {
        match self {
            Exhausted::LastGroup(LeftBecause::Empty) => Cause::SUBSCRIBER_ABSENT,
            Exhausted::LastGroup(LeftBecause::MembersTried(condition) | LeftBecause::Skipped(condition))
            | Exhausted::LastMember(condition)
            | Exhausted::Stopped(condition) => condition.cause(),
            Exhausted::MaximumTimer => Cause::NO_ANSWER_FROM_USER,
        }
    }

    /// Why the pilot sends the call on, in the numbers of call records: those of a line in the condition of the member that
    /// was tried last. No source gives any of their own.
    pub const fn reason(self) -> RedirectReason {
        match self {
            Exhausted::LastGroup(LeftBecause::Empty) => RedirectReason::FORWARD_UNREGISTERED,
            Exhausted::LastGroup(LeftBecause::MembersTried(condition) | LeftBecause::Skipped(condition))
            | Exhausted::LastMember(condition)
            | Exhausted::Stopped(condition) => condition.reason(),
            Exhausted::MaximumTimer => RedirectReason::FORWARD_NO_ANSWER,
        }
    }
}

impl Condition {
    const fn cause(self) -> Cause {
        match self {
            Condition::NoAnswer => Cause::NO_ANSWER_FROM_USER,
            Condition::Busy => Cause::USER_BUSY,
            Condition::NotAvailable => Cause::SUBSCRIBER_ABSENT,
        }
    }

    const fn reason(self) -> RedirectReason {
        match self {
            Condition::NoAnswer => RedirectReason::FORWARD_NO_ANSWER,
            Condition::Busy => RedirectReason::FORWARD_BUSY,
            Condition::NotAvailable => RedirectReason::FORWARD_UNREGISTERED,
        }
    }
}

/// Why a member in this standing is not offered a call under this distribution.
const fn unfit(standing: Standing, distribution: Distribution) -> Option<(Condition, SkippedBecause)> {
    match standing {
        Standing::Idle { .. } => None,
        Standing::Available => match distribution {
            Distribution::LongestIdleTime => Some((Condition::Busy, SkippedBecause::NotIdle)),
            Distribution::TopDown | Distribution::Circular | Distribution::Broadcast => None,
        },
        Standing::Busy => Some((Condition::Busy, SkippedBecause::Busy)),
        Standing::NotAvailable => Some((Condition::NotAvailable, SkippedBecause::NotAvailable)),
        Standing::LoggedOut => Some((Condition::NotAvailable, SkippedBecause::LoggedOut)),
    }
}
