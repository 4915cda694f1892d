//! Choices of the dial plan under which vectors run, named as in the node file.

use std::time::Duration;

use serde::Deserialize;
use strowger_dialplan::{
    EnBlocHops, HashRule, HoursRule, KeysOnLaterHops, NegatedSetRule, Parameters, SpeedDialRule, TieRule,
    UrgentRule,
};

/// `parameters` of a file or of one vector; what is not named is as documented.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ParametersRow {
    #[serde(skip)]
    pub(super) interdigit_timer: Option<Duration>,
    translations_max: Option<u32>,
    any_urgent_match_ends: Option<bool>,
    wait_after_en_bloc: Option<bool>,
    hash_is_digit: Option<bool>,
    keys_join_later_hops: Option<bool>,
    speed_dial_awaits_digits: Option<bool>,
    newest_wins_ties: Option<bool>,
    hours_checked_once: Option<bool>,
    negated_set_takes_star_and_hash: Option<bool>,
}

impl ParametersRow {
    /// What `self` does not name is as in `other`.
    pub(super) fn over(self, other: &ParametersRow) -> ParametersRow {
        ParametersRow {
            interdigit_timer: self.interdigit_timer.or(other.interdigit_timer),
            translations_max: self.translations_max.or(other.translations_max),
            any_urgent_match_ends: self.any_urgent_match_ends.or(other.any_urgent_match_ends),
            wait_after_en_bloc: self.wait_after_en_bloc.or(other.wait_after_en_bloc),
            hash_is_digit: self.hash_is_digit.or(other.hash_is_digit),
            keys_join_later_hops: self.keys_join_later_hops.or(other.keys_join_later_hops),
            speed_dial_awaits_digits: self.speed_dial_awaits_digits.or(other.speed_dial_awaits_digits),
            newest_wins_ties: self.newest_wins_ties.or(other.newest_wins_ties),
            hours_checked_once: self.hours_checked_once.or(other.hours_checked_once),
            negated_set_takes_star_and_hash: self
                .negated_set_takes_star_and_hash
                .or(other.negated_set_takes_star_and_hash),
        }
    }

    pub(super) fn parameters(&self) -> Result<Parameters, String> {
        let usual = Parameters::default();
        let choice = |set: Option<bool>| set.unwrap_or(false);
        let parameters = Parameters {
            interdigit_timer: self.interdigit_timer.unwrap_or(usual.interdigit_timer),
            translations_max: self.translations_max.unwrap_or(usual.translations_max),
            urgent: if choice(self.any_urgent_match_ends) {
                UrgentRule::AnyMatch
            } else {
                UrgentRule::ClosestOnly
            },
            en_bloc_hops: if choice(self.wait_after_en_bloc) {
                EnBlocHops::Wait
            } else {
                EnBlocHops::Complete
            },
            hash: if choice(self.hash_is_digit) { HashRule::Digit } else { HashRule::EndsDialling },
            keys_on_later_hops: if choice(self.keys_join_later_hops) {
                KeysOnLaterHops::Join
            } else {
                KeysOnLaterHops::Ignored
            },
            speed_dial: if choice(self.speed_dial_awaits_digits) {
                SpeedDialRule::AwaitFurtherDigits
            } else {
                SpeedDialRule::Complete
            },
            ties: if choice(self.newest_wins_ties) { TieRule::Newest } else { TieRule::Oldest },
            hours: if choice(self.hours_checked_once) {
                HoursRule::FirstLookup
            } else {
                HoursRule::EachLookup
            },
            negated_set: if choice(self.negated_set_takes_star_and_hash) {
                NegatedSetRule::DigitsStarAndHash
            } else {
                NegatedSetRule::Digits
            },
        };
        parameters.check().map_err(|error| error.to_string())?;
        Ok(parameters)
    }
}
