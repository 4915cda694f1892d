//! The system as a whole.

use super::single;
use crate::setting::{Seconds, Whole, choice, record};

record! {
    /// Timers, limits and choices that hold for the whole system.
    pub struct ServiceParameters {
        /// T302: how long more digits are waited for.
        interdigit_timer: Seconds<1, 60> = Seconds::new(15),
        /// Translations of one call; one more ends it. Unverified (U-6).
        translations_max: Whole<1, 100> = Whole::new(10),
        /// What an urgent pattern does that matches and is not the closest match. Unverified (U-1).
        urgent_match: UrgentMatch = UrgentMatch::ClosestOnly,
    }
}

choice! {
    /// When an urgent pattern ends the collection of digits.
    pub enum UrgentMatch {
        /// When it is the closest match.
        ClosestOnly = "closest-only",
        /// Whenever it matches.
        AnyMatch = "any-match",
    }
}

single!(ServiceParameters);
