//! Timers, limits, and the choices that public texts leave open.

use std::time::Duration;

use strowger_base::limits;

/// Everything about digit analysis that an operator can set and that belongs to no single pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parameters {
    /// T302: how long more digits are waited for; 15 s, at least 3 s and at most 150 s.
    pub interdigit_timer: Duration,
    /// Translations of one call; one more ends it with cause 25. Default 10, at most [`limits::TRANSLATIONS`].
    pub translations_max: u32,
    /// Which urgent pattern ends the collection of digits.
    pub urgent: UrgentRule,
    /// Whether a number that was dialled as a whole is waited for on later lookups.
    pub en_bloc_hops: EnBlocHops,
    /// What `#` means where no pattern holds it.
    pub hash: HashRule,
    /// What becomes of keys that are pressed while a later lookup waits.
    pub keys_on_later_hops: KeysOnLaterHops,
    /// Whether a speed dial waits for more digits where a longer pattern could match.
    pub speed_dial: SpeedDialRule,
    /// Which of two patterns of the same partition wins when they take as many numbers.
    pub ties: TieRule,
    /// When the hours of partitions are looked at.
    pub hours: HoursRule,
    /// What `[^...]` takes.
    pub negated_set: NegatedSetRule,
}

/// Which urgent full match ends the collection of digits while longer numbers are possible.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum UrgentRule {
    /// Only the closest match, by its own urgency.
    #[default]
    ClosestOnly,
    /// Any: the closest match is routed at once, urgent or not.
    AnyMatch,
}

/// Whether a number that was dialled as a whole stays complete on later lookups.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum EnBlocHops {
    /// It stays complete: no lookup waits.
    #[default]
    Complete,
    /// Later lookups wait as for any other number.
    Wait,
}

/// What `#` means where no visible pattern holds it and the digits before it match.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum HashRule {
    /// It ends dialling and is no part of the number.
    #[default]
    EndsDialling,
    /// It is a digit like others, so that nothing matches.
    Digit,
}

/// What becomes of keys that are pressed while a later lookup waits for its timer.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum KeysOnLaterHops {
    /// Nothing.
    #[default]
    Ignored,
    /// They join the number.
    Join,
}

/// Whether a speed dial waits for more digits.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum SpeedDialRule {
    /// It is a complete number.
    #[default]
    Complete,
    /// It waits for the interdigit timer where a longer pattern could match and the best match is not urgent.
    AwaitFurtherDigits,
}

/// Which of two patterns of the same partition wins when they take as many numbers of a length.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum TieRule {
    /// The one that was added first.
    #[default]
    Oldest,
    /// The one that was added last.
    Newest,
}

/// When it is looked at whether partitions with opening hours are open.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum HoursRule {
    /// When a lookup begins: a partition may close between two lookups of one call, never during one.
    #[default]
    EachLookup,
    /// When the first lookup of the call begins, for all of them.
    FirstLookup,
}

/// What a negated set `[^...]` takes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum NegatedSetRule {
    /// A digit 0-9 outside the set.
    #[default]
    Digits,
    /// A digit, `*` or `#` outside the set.
    DigitsStarAndHash,
}

/// A value that a parameter cannot have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ParameterError {
    /// The interdigit timer is shorter than people dial, or longer than they wait.
    #[error(
        "the interdigit timer is {0:?}; expected {min:?} to {max:?}",
        min = Parameters::INTERDIGIT_TIMER_MIN,
        max = Parameters::INTERDIGIT_TIMER_MAX
    )]
    InterdigitTimer(Duration),
    /// No translation at all would be allowed, or more than a call can need.
    #[error("the number of translations allowed is {0}; expected 1 to {max}", max = limits::TRANSLATIONS)]
    Translations(u32),
}

impl Parameters {
    /// Shortest interdigit timer.
    pub const INTERDIGIT_TIMER_MIN: Duration = Duration::from_secs(3);
    /// Longest interdigit timer.
    pub const INTERDIGIT_TIMER_MAX: Duration = Duration::from_secs(150);

    /// Whether every value is one that it can have.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), ParameterError> {
        if !(Self::INTERDIGIT_TIMER_MIN..=Self::INTERDIGIT_TIMER_MAX).contains(&self.interdigit_timer) {
            return Err(ParameterError::InterdigitTimer(self.interdigit_timer));
        }
        if !(1..=limits::TRANSLATIONS).contains(&self.translations_max) {
            return Err(ParameterError::Translations(self.translations_max));
        }
        Ok(())
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Parameters {
            interdigit_timer: Duration::from_secs(15),
            translations_max: 10,
            urgent: UrgentRule::default(),
            en_bloc_hops: EnBlocHops::default(),
            hash: HashRule::default(),
            keys_on_later_hops: KeysOnLaterHops::default(),
            speed_dial: SpeedDialRule::default(),
            ties: TieRule::default(),
            hours: HoursRule::default(),
            negated_set: NegatedSetRule::default(),
        }
    }
}
