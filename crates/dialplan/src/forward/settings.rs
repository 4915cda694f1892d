//! What a line says about calls that it does not take itself.

use std::time::Duration;

use super::reason::RedirectReason;
use crate::range::{self, OutOfRange};

/// What made a line send a call on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ForwardKind {
    /// CFA: all calls.
    All,
    /// CFB: the busy trigger is reached, or the phone refuses because of do not disturb.
    Busy,
    /// CFNA: it rang for the ring time.
    NoAnswer,
    /// CFUR: no device of the line is registered.
    Unregistered,
    /// A hunt found nobody, and its pilot leaves the choice to the line that was called originally.
    NoCoverage,
    /// The CTI port or route point has no application.
    CtiFailure,
}

/// Which side a call came from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CallSide {
    /// From one of our own devices (OnNet).
    Internal,
    /// From a trunk or gateway to the outside (OffNet).
    External,
}

/// How the calling device is classed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Classification {
    /// Ours.
    OnNet,
    /// The outside.
    OffNet,
    /// As the service parameter says.
    #[default]
    SystemDefault,
}

/// A value for calls from inside and one for calls from outside.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BySide<T> {
    /// For calls from inside.
    pub internal: T,
    /// For calls from outside.
    pub external: T,
}

/// What a forward leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ForwardDestination {
    /// This number, looked up in the target's search space.
    Number(Box<str>),
    /// The voice mail pilot of the line's voice mail profile.
    VoiceMail,
}

/// A forward that is set. `C` names a calling search space.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForwardTarget<C> {
    destination: ForwardDestination,
    css: C,
}

/// All forwards of one line. `C` names a calling search space; one says all: nothing is added from line or device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineForwards<C> {
    /// CFA. Its effective search space is [`super::CfaSearchSpace`]'s.
    pub all: Option<ForwardTarget<C>>,
    /// CFB.
    pub busy: BySide<Option<ForwardTarget<C>>>,
    /// CFNA.
    pub no_answer: BySide<Option<ForwardTarget<C>>>,
    /// CFUR.
    pub unregistered: BySide<Option<ForwardTarget<C>>>,
    /// Forward No Coverage.
    pub no_coverage: BySide<Option<ForwardTarget<C>>>,
    /// Forward on CTI failure.
    pub cti_failure: Option<ForwardTarget<C>>,
    /// How long the line rings before CFNA; the service parameter says it where the line does not.
    pub ring_time: Option<RingTime>,
}

/// How long a line rings before it counts as not answered: 1 to 300 s, 12 by default.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RingTime(Duration);

/// Why a forward cannot be set so.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ForwardError {
    /// A forward to nothing; one that is not wanted is left out.
    #[error("the forward destination is empty")]
    Empty,
    /// It is no number.
    #[error("the forward destination has {length} characters; it may have {DESTINATION_CHARACTERS}")]
    TooLong {
        /// Of how many characters.
        length: usize,
    },
    /// It holds something that nobody dials.
    #[error("the forward destination has {character:?} at position {position}")]
    Character {
        /// Which.
        character: char,
        /// Counted from 1.
        position: usize,
    },
    /// A time out of range.
    #[error(transparent)]
    Range(#[from] OutOfRange),
}

/// How long a line rings unless somebody says otherwise.
pub const RING_TIME: RingTime = RingTime(Duration::from_secs(12));
/// Longest ring time, in seconds.
const RING_TIME_MAX: u64 = 300;
/// Longest destination, in characters: as long as a pattern may be.
const DESTINATION_CHARACTERS: usize = 50;

impl ForwardKind {
    /// How call records number it. For no coverage no source gives a number; theirs for any forward is used.
    pub const fn reason(self) -> RedirectReason {
        match self {
            ForwardKind::All => RedirectReason::FORWARD_ALL,
            ForwardKind::Busy => RedirectReason::FORWARD_BUSY,
            ForwardKind::NoAnswer => RedirectReason::FORWARD_NO_ANSWER,
            ForwardKind::Unregistered => RedirectReason::FORWARD_UNREGISTERED,
            ForwardKind::NoCoverage => RedirectReason::FORWARD,
            ForwardKind::CtiFailure => RedirectReason::FORWARD_ON_FAILURE,
        }
    }
}

impl Classification {
    /// The side that calls of this device come from, when the service parameter says `default`.
    pub const fn side(self, default: CallSide) -> CallSide {
        match self {
            Classification::OnNet => CallSide::Internal,
            Classification::OffNet => CallSide::External,
            Classification::SystemDefault => default,
        }
    }
}

impl<T> BySide<T> {
    /// The value for one side.
    pub const fn of(&self, side: CallSide) -> &T {
        match side {
            CallSide::Internal => &self.internal,
            CallSide::External => &self.external,
        }
    }
}

impl<T: Clone> BySide<T> {
    /// The same value for both sides.
    pub fn both(value: T) -> Self {
        BySide { internal: value.clone(), external: value }
    }
}

impl<C> ForwardTarget<C> {
    /// A forward to a number, looked up in `css`.
    ///
    /// # Errors
    /// When the number is empty, longer than 50 characters or has blanks or control characters.
    pub fn number(number: &str, css: C) -> Result<Self, ForwardError> {
        if number.is_empty() {
            return Err(ForwardError::Empty);
        }
        let length = number.chars().count();
        if length > DESTINATION_CHARACTERS {
            return Err(ForwardError::TooLong { length });
        }
        let strange = |&(_, character): &(usize, char)| character.is_whitespace() || character.is_control();
        match number.chars().enumerate().find(strange) {
            Some((index, character)) => Err(ForwardError::Character { character, position: index + 1 }),
            None => Ok(ForwardTarget { destination: ForwardDestination::Number(number.into()), css }),
        }
    }

    /// A forward to voice mail, whose pilot is looked up in `css`.
    pub const fn voice_mail(css: C) -> Self {
        ForwardTarget { destination: ForwardDestination::VoiceMail, css }
    }

    /// What it leads to.
    pub const fn destination(&self) -> &ForwardDestination {
        &self.destination
    }

    /// Where that is looked up.
    pub const fn css(&self) -> &C {
        &self.css
    }
}

impl<C> LineForwards<C> {
    /// What the line says about calls from `side` when `kind` happens.
    pub const fn target(&self, kind: ForwardKind, side: CallSide) -> Option<&ForwardTarget<C>> {
        match kind {
            ForwardKind::All => self.all.as_ref(),
            ForwardKind::Busy => self.busy.of(side).as_ref(),
            ForwardKind::NoAnswer => self.no_answer.of(side).as_ref(),
            ForwardKind::Unregistered => self.unregistered.of(side).as_ref(),
            ForwardKind::NoCoverage => self.no_coverage.of(side).as_ref(),
            ForwardKind::CtiFailure => self.cti_failure.as_ref(),
        }
    }

    /// How long the line rings, when the service parameter says `default`.
    pub fn ring_time(&self, default: RingTime) -> Duration {
        self.ring_time.unwrap_or(default).0
    }
}

impl<C> Default for LineForwards<C> {
    fn default() -> Self {
        let none = || BySide { internal: None, external: None };
        LineForwards {
            all: None,
            busy: none(),
            no_answer: none(),
            unregistered: none(),
            no_coverage: none(),
            cti_failure: None,
            ring_time: None,
        }
    }
}

impl RingTime {
    /// A ring time of `seconds`.
    ///
    /// # Errors
    /// When it is not 1 to 300.
    pub fn from_secs(seconds: u64) -> Result<Self, ForwardError> {
        let seconds = range::within("ring time in seconds", seconds, 1, RING_TIME_MAX)?;
        Ok(RingTime(Duration::from_secs(seconds)))
    }

    /// The time.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl Default for RingTime {
    fn default() -> Self {
        RING_TIME
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_setting_for_each_side() {
        let to = |number: &str| ForwardTarget::number(number, ()).ok();
        let by_side = |internal, external| BySide { internal: to(internal), external: to(external) };
        let line = LineForwards {
            all: to("10"),
            busy: by_side("20", "21"),
            no_answer: by_side("30", "31"),
            unregistered: by_side("40", "41"),
            no_coverage: by_side("50", "51"),
            cti_failure: to("60"),
            ring_time: None,
        };
        let check = |kind: ForwardKind, internal: &str, external: &str, reason: u16| {
            let number = |side| match line.target(kind, side).map(ForwardTarget::destination) {
                Some(ForwardDestination::Number(number)) => number.to_string(),
                other => format!("{other:?}"),
            };
            assert_eq!(
                (&*number(CallSide::Internal), &*number(CallSide::External)),
                (internal, external),
                "{kind:?}"
            );
            assert_eq!(kind.reason().0, reason);
            assert_eq!(LineForwards::<()>::default().target(kind, CallSide::Internal), None);
        };
        check(ForwardKind::All, "10", "10", 15);
        check(ForwardKind::Busy, "20", "21", 1);
        check(ForwardKind::NoAnswer, "30", "31", 2);
        check(ForwardKind::Unregistered, "40", "41", 178);
        check(ForwardKind::NoCoverage, "50", "51", 10);
        check(ForwardKind::CtiFailure, "60", "60", 82);
    }

    #[test]
    fn a_device_is_inside_or_outside() {
        let check = |classification: Classification, default, expect| {
            assert_eq!(classification.side(default), expect, "{classification:?}");
        };
        check(Classification::OnNet, CallSide::External, CallSide::Internal);
        check(Classification::OffNet, CallSide::Internal, CallSide::External);
        check(Classification::SystemDefault, CallSide::External, CallSide::External);
        check(Classification::SystemDefault, CallSide::Internal, CallSide::Internal);
    }

    #[test]
    fn the_line_may_ring_longer_than_the_others() {
        let line = |ring_time| LineForwards::<()> { ring_time, ..LineForwards::default() };
        assert_eq!(line(None).ring_time(RingTime::default()).as_secs(), 12);
        assert_eq!(line(RingTime::from_secs(300).ok()).ring_time(RingTime::default()).as_secs(), 300);
    }

    #[test]
    fn what_cannot_be_a_forward_says_why() {
        let check = |number: &str, expect: &str| {
            assert_eq!(ForwardTarget::number(number, ()).unwrap_err().to_string(), expect);
        };
        check("", "the forward destination is empty");
        check("10 01", "the forward destination has ' ' at position 3");
        check(&"1".repeat(51), "the forward destination has 51 characters; it may have 50");
        for seconds in [0, 301] {
            assert_eq!(
                RingTime::from_secs(seconds).unwrap_err().to_string(),
                format!("ring time in seconds is {seconds}; it must be 1 to 300")
            );
        }
    }
}
