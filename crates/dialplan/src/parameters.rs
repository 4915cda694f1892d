//! Timers, limits, and the choices that public texts leave open.

use std::time::Duration;

/// Everything about digit analysis that an operator can set and that belongs to no single pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parameters {
    /// T302: how long more digits are waited for; 15 s, at least 3 s.
    pub interdigit_timer: Duration,
    /// Translations of one call; one more ends it with cause 25. Default 10.
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

/// A value that a parameter cannot have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ParameterError {
    /// The interdigit timer is shorter than people dial.
    #[error("the interdigit timer is {0:?}; expected 3 s or more")]
    InterdigitTimer(Duration),
    /// No translation at all would be allowed.
    #[error("the number of translations allowed is 0; expected 1 or more")]
    Translations,
}

impl Parameters {
    /// Whether every value is one that it can have.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), ParameterError> {
        if self.interdigit_timer < INTERDIGIT_TIMER_MIN {
            return Err(ParameterError::InterdigitTimer(self.interdigit_timer));
        }
        if self.translations_max == 0 { Err(ParameterError::Translations) } else { Ok(()) }
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
        }
    }
}

const INTERDIGIT_TIMER_MIN: Duration = Duration::from_secs(3);
