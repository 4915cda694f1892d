//! Numbers from outside, calling and called, brought into the form in which the plan knows them.
//!
//! The network says of what type a number is; a gateway or trunk, or its device pool, says for each type how many digits to take away
//! and what to put in front, and may name a search space of transformation patterns that the number goes through then.

use std::borrow::Cow;

use crate::plan::SearchSpace;
use crate::range::{self, OutOfRange};

/// What the network says about a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum NumberType {
    /// With area code, without country code.
    National,
    /// With country code.
    International,
    /// Local: neither.
    Subscriber,
    /// The network does not say.
    #[default]
    Unknown,
}

impl NumberType {
    /// The type of a number that SIP brought. SIP has no field for it: a plus sign in front says that the number is
    /// international, and of any other nobody can tell.
    pub fn in_sip(number: &str) -> Self {
        if number.starts_with('+') { NumberType::International } else { NumberType::Unknown }
    }
}

/// What is done with the number of one type: first digits are taken away, then a prefix is put in front.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IncomingRule {
    strip: u8,
    prefix: Box<str>,
    space: Option<SearchSpace>,
}

/// What a gateway or trunk says about one type.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum IncomingSetting {
    /// What its device pool says.
    #[default]
    Default,
    /// This.
    Rule(IncomingRule),
}

/// One value for each type of number.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ByNumberType<T> {
    /// For [`NumberType::National`].
    pub national: T,
    /// For [`NumberType::International`].
    pub international: T,
    /// For [`NumberType::Subscriber`].
    pub subscriber: T,
    /// For [`NumberType::Unknown`].
    pub unknown: T,
}

/// A number in the plan's form, and whose rule brought it there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Normalised<'n> {
    /// The number, before any transformation pattern.
    pub number: Cow<'n, str>,
    /// The search space of transformation patterns that it goes through then.
    pub space: Option<&'n SearchSpace>,
    /// Why it is this one.
    pub why: NormalisedBy,
}

/// Whose rule applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NormalisedBy {
    /// The trunk's or gateway's own.
    Trunk,
    /// Its device pool's, because its own setting is Default.
    DevicePool,
    /// Nobody's: neither says anything about this type.
    Nobody,
    /// Nobody's: there is no number.
    NoNumber,
}

/// Why something is no rule.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IncomingRuleError {
    /// Digits to strip out of range.
    #[error(transparent)]
    Strip(#[from] OutOfRange),
    /// The prefix is too long.
    #[error("the prefix has {length} characters; it may have {PREFIX_CHARACTERS}")]
    PrefixTooLong {
        /// Of how many characters.
        length: usize,
    },
    /// The prefix holds something that is in no number.
    #[error("the prefix has {character:?} at position {position}; it may have 0-9, * and #, and + in front")]
    PrefixCharacter {
        /// Which.
        character: char,
        /// Counted from 1.
        position: usize,
    },
}

/// Most digits that a rule takes away.
pub const STRIP_DIGITS_MAX: u8 = 24;
/// Longest prefix, in characters.
pub const PREFIX_CHARACTERS: usize = 16;

impl IncomingRule {
    /// Takes away `strip` digits from the left, 0 to 24, and then puts `prefix` in front.
    ///
    /// # Errors
    /// When `strip` is out of range, or `prefix` is longer than 16 characters or holds other characters than a number's.
    pub fn new(strip: u8, prefix: &str) -> Result<Self, IncomingRuleError> {
        range::within("digits to strip", strip.into(), 0, STRIP_DIGITS_MAX.into())?;
        let length = prefix.chars().count();
        if length > PREFIX_CHARACTERS {
            return Err(IncomingRuleError::PrefixTooLong { length });
        }
        let fits = |(index, character): &(usize, char)| match character {
            '0'..='9' | '*' | '#' => true,
            '+' => *index == 0,
            _ => false,
        };
        match prefix.chars().enumerate().find(|place| !fits(place)) {
            Some((index, character)) => {
                Err(IncomingRuleError::PrefixCharacter { character, position: index + 1 })
            }
            None => Ok(IncomingRule { strip, prefix: prefix.into(), space: None }),
        }
    }

    /// The number after this rule. A number with fewer characters than are to be stripped keeps none of them. A plus sign
    /// that the number has already stands once, so that one rule serves networks that send it and networks that do not.
    pub fn apply<'n>(&self, number: &'n str) -> Cow<'n, str> {
        let start = number.char_indices().nth(self.strip.into()).map_or(number.len(), |(at, _)| at);
        let rest = &number[start..];
        if self.prefix.is_empty() {
            return Cow::Borrowed(rest);
        }
        let rest = if self.prefix.starts_with('+') { rest.strip_prefix('+').unwrap_or(rest) } else { rest };
        Cow::Owned([&self.prefix, rest].concat())
    }

    /// The same, followed by the transformation patterns of a search space.
    #[must_use]
    pub fn through(self, space: SearchSpace) -> Self {
        IncomingRule { space: Some(space), ..self }
    }
}

impl<T> ByNumberType<T> {
    /// The value for one type.
    pub const fn of(&self, number_type: NumberType) -> &T {
        match number_type {
            NumberType::National => &self.national,
            NumberType::International => &self.international,
            NumberType::Subscriber => &self.subscriber,
            NumberType::Unknown => &self.unknown,
        }
    }

    /// The value for one type, to be changed.
    pub const fn of_mut(&mut self, number_type: NumberType) -> &mut T {
        match number_type {
            NumberType::National => &mut self.national,
            NumberType::International => &mut self.international,
            NumberType::Subscriber => &mut self.subscriber,
            NumberType::Unknown => &mut self.unknown,
        }
    }
}

/// The number `number` of `number_type`, calling or called, in the plan's form.
///
/// The trunk's rule applies, or the pool's where the trunk's says Default. An absent number stays absent: a prefix
/// alone would be shown as if somebody had called from it.
pub fn normalise<'n>(
    number: &'n str,
    number_type: NumberType,
    trunk: &'n ByNumberType<IncomingSetting>,
    pool: &'n ByNumberType<Option<IncomingRule>>,
) -> Normalised<'n> {
    let untouched = |why| Normalised { number: Cow::Borrowed(number), space: None, why };
    let ruled = |rule: &'n IncomingRule, why| Normalised {
        number: rule.apply(number),
        space: rule.space.as_ref(),
        why,
    };
    if number.is_empty() {
        return untouched(NormalisedBy::NoNumber);
    }
    match (trunk.of(number_type), pool.of(number_type)) {
        (IncomingSetting::Rule(rule), _) => ruled(rule, NormalisedBy::Trunk),
        (IncomingSetting::Default, Some(rule)) => ruled(rule, NormalisedBy::DevicePool),
        (IncomingSetting::Default, None) => untouched(NormalisedBy::Nobody),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_go_first_and_then_the_prefix_comes() {
        let check = |strip: u8, prefix: &str, number: &str, expect: &str| {
            let rule = IncomingRule::new(strip, prefix).unwrap();
            assert_eq!(rule.apply(number), expect, "{strip} {prefix} on {number}");
        };
        check(0, "+1", "4085551234", "+14085551234");
        check(1, "+49", "0301234567", "+49301234567");
        check(0, "", "4085551234", "4085551234");
        check(3, "", "4085551234", "5551234");
        check(4, "+", "408", "+");
        check(0, "+", "+442079460000", "+442079460000");
        check(0, "9", "+442079460000", "9+442079460000");
        check(2, "9", "\u{e9}\u{e9}5", "95");
    }

    #[test]
    fn sip_tells_international_numbers_by_their_plus_sign() {
        let check = |number: &str, expect| assert_eq!(NumberType::in_sip(number), expect, "{number}");
        check("+442079460000", NumberType::International);
        check("442079460000", NumberType::Unknown);
        check("", NumberType::Unknown);
    }

    #[test]
    fn the_trunk_speaks_first_then_its_pool() {
        let rule = |prefix| IncomingRule::new(0, prefix).unwrap();
        let trunk = ByNumberType { national: IncomingSetting::Rule(rule("+1")), ..Default::default() };
        let pool = ByNumberType {
            national: Some(rule("+44")),
            subscriber: Some(rule("+4420")),
            ..Default::default()
        };
        let check = |number: &str, number_type, expect: &str, why| {
            let found = normalise(number, number_type, &trunk, &pool);
            assert_eq!((&*found.number, found.why), (expect, why), "{number} {number_type:?}");
        };
        check("408", NumberType::National, "+1408", NormalisedBy::Trunk);
        check("555", NumberType::Subscriber, "+4420555", NormalisedBy::DevicePool);
        check("555", NumberType::Unknown, "555", NormalisedBy::Nobody);
        check("", NumberType::National, "", NormalisedBy::NoNumber);
    }

    #[test]
    fn what_is_no_rule_says_why() {
        let check = |strip: u8, prefix: &str, expect: &str| {
            assert_eq!(IncomingRule::new(strip, prefix).unwrap_err().to_string(), expect);
        };
        check(25, "", "digits to strip is 25; it must be 0 to 24");
        check(0, "12345678901234567", "the prefix has 17 characters; it may have 16");
        check(0, "1+", "the prefix has '+' at position 2; it may have 0-9, * and #, and + in front");
        check(0, "9 ", "the prefix has ' ' at position 2; it may have 0-9, * and #, and + in front");
    }
}
