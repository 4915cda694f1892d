//! Discard instructions: which part of a matched number is left out.

use crate::national::{RouteFilter, Tag};
use crate::pattern::{Element, Pattern, Repeat};
use crate::symbol::{Digits, Symbol};

/// A discard instruction; nothing unless it says so.
///
/// Written as CUCM names them, several with a space between: `PreDot Trailing-#`, `10-10-Dialing`, `11D->10D`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Discard {
    /// All before the dot.
    pre_dot: bool,
    /// All before the `@`.
    pre_at: bool,
    /// A `#` at the end.
    trailing_hash: bool,
    /// 101 and the carrier.
    carrier: bool,
    national: National,
}

/// What is left out of a national number.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum National {
    #[default]
    Nothing,
    /// `11D->10D`: the long-distance 1.
    LongDistance,
    /// `11/10D->7D`: the 1 and the area code.
    AreaCode,
    /// `IntlTollBypass`: 011 and the country code.
    TollBypass,
}

/// Why a text is no discard instruction, or not one for its pattern.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DiscardError {
    /// A word that is none.
    #[error(
        "{word:?} is no discard instruction; expected NoDigits, PreDot, PreAt, Trailing-#, 10-10-Dialing, 11D->10D, \
         11/10D->7D or IntlTollBypass"
    )]
    Word {
        /// What stands there.
        word: Box<str>,
    },
    /// The pattern has no dot.
    #[error("PreDot needs a pattern with a dot")]
    NoDot,
    /// The pattern has no `@`.
    #[error("{word} needs a pattern with @")]
    NoNationalPlan {
        /// The instruction.
        word: Box<str>,
    },
}

impl Discard {
    /// True when it discards nothing.
    pub fn is_none(&self) -> bool {
        *self == Discard::default()
    }

    /// Whether a pattern has what the instruction refers to.
    ///
    /// # Errors
    /// When it has no dot, or no `@`.
    pub fn check(&self, pattern: &Pattern) -> Result<(), DiscardError> {
        if self.pre_dot && !pattern.has_dot() {
            return Err(DiscardError::NoDot);
        }
        let national = self.pre_at || self.carrier || self.national != National::Nothing;
        if national && !pattern.has_national_plan() {
            return Err(DiscardError::NoNationalPlan { word: self.to_string().into() });
        }
        Ok(())
    }

    /// The number without the parts, as far as `pattern` takes it and it has them.
    pub(crate) fn apply(&self, pattern: &Pattern, filter: Option<&RouteFilter>, number: &Digits) -> Digits {
        let Some(split) = pattern.split(filter, number) else { return *number };
        let mut kept = vec![true; number.len()];
        let mut leave_out = |range: std::ops::Range<usize>| {
            for place in kept.iter_mut().skip(range.start).take(range.len()) {
                *place = false;
            }
        };
        if self.pre_dot {
            leave_out(0..split.before_dot.unwrap_or(0));
        }
        if let Some(part) = &split.national {
            if self.pre_at {
                leave_out(0..part.start);
            }
            let national = number.slice(part.start..number.len());
            for (tag, range) in part.form.tagged(&part.taken, &national) {
                if self.leaves_out(tag) {
                    leave_out(part.start + range.start..part.start + range.end);
                }
            }
        }
        if self.trailing_hash && number.symbols().next_back() == Some(Symbol::HASH) {
            leave_out(number.len() - 1..number.len());
        }
        let mut rest = Digits::EMPTY;
        rest.extend(number.symbols().zip(kept).filter_map(|(symbol, kept)| kept.then_some(symbol)));
        rest
    }

    /// The elements of a pattern without `@` that it leaves; `None` where the end of the number decides.
    pub(crate) fn rest(&self, pattern: &Pattern) -> Option<Vec<Element>> {
        let mut rest = pattern.elements_behind(self.pre_dot)?;
        let plain = |last: &Element| last.set().len() == 1 && last.repeat() == Repeat::Once;
        if self.trailing_hash && rest.iter().any(|element| element.takes(Symbol::HASH)) {
            rest.pop().filter(|last| last.takes(Symbol::HASH) && plain(last))?;
        }
        Some(rest)
    }

    fn leaves_out(self, tag: Tag) -> bool {
        let national: &[Tag] = match self.national {
            National::Nothing => &[],
            National::LongDistance => &[Tag::LongDistanceDirectDial],
            National::AreaCode => &[Tag::LongDistanceDirectDial, Tag::AreaCode, Tag::LocalAreaCode],
            National::TollBypass => {
                &[Tag::InternationalAccess, Tag::InternationalDirectDial, Tag::CountryCode]
            }
        };
        let carrier = self.carrier && matches!(tag, Tag::TransitNetworkEscape | Tag::TransitNetwork);
        carrier || national.contains(&tag)
    }
}

impl std::str::FromStr for Discard {
    type Err = DiscardError;
    fn from_str(text: &str) -> Result<Self, DiscardError> {
        let mut discard = Discard::default();
        for word in text.split_whitespace() {
            match word {
                "NoDigits" | "none" => {}
                "PreDot" => discard.pre_dot = true,
                "PreAt" => discard.pre_at = true,
                "Trailing-#" => discard.trailing_hash = true,
                "10-10-Dialing" => discard.carrier = true,
                "11D->10D" => discard.national = National::LongDistance,
                "11/10D->7D" => discard.national = National::AreaCode,
                "IntlTollBypass" => discard.national = National::TollBypass,
                _ => return Err(DiscardError::Word { word: word.into() }),
            }
        }
        Ok(discard)
    }
}

impl std::fmt::Display for Discard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let national = match self.national {
            National::Nothing => "",
            National::LongDistance => "11D->10D",
            National::AreaCode => "11/10D->7D",
            National::TollBypass => "IntlTollBypass",
        };
        let words = [
            (self.pre_dot, "PreDot"),
            (self.pre_at, "PreAt"),
            (self.carrier, "10-10-Dialing"),
            (!national.is_empty(), national),
            (self.trailing_hash, "Trailing-#"),
        ];
        let words: Vec<&str> = words.into_iter().filter(|(set, _)| *set).map(|(_, word)| word).collect();
        if words.is_empty() { f.write_str("NoDigits") } else { f.write_str(&words.join(" ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_part_is_left_out() {
        let check = |pattern: &str, discard: &str, number: &str, expect: &str| {
            let discard: Discard = discard.parse().unwrap();
            let rest = discard.apply(&pattern.parse().unwrap(), None, &Digits::parse(number).unwrap());
            assert_eq!(rest, expect, "{discard} on {number} by {pattern}");
        };
        check("9.5XXX", "PreDot", "95123", "5123");
        check("9.011!#", "PreDot Trailing-#", "901133123456#", "01133123456");
        check("9X.!", "PreDot", "951234", "1234");
        check("9+.X", "PreDot", "9995", "5");
        check("9.@", "PreAt", "99725551234", "9725551234");
        check("@.", "PreDot", "9725551234", "");
        check("9.@", "10-10-Dialing", "910102889728135000", "99728135000");
        check("9.@", "10-10-Dialing Trailing-#", "9101028801181910555#", "901181910555");
        check("9.@", "11/10D->7D", "919728135000", "98135000");
        check("9.@", "11/10D->7D", "99728135000", "98135000");
        check("9.@", "PreDot 11D->10D", "919728135000", "9728135000");
        check("9.@", "IntlTollBypass", "901133123456", "9123456");
        check("9.@", "IntlTollBypass", "901135312345", "912345");
        check("9.@", "NoDigits", "919728135000", "919728135000");
    }

    #[test]
    fn an_instruction_that_the_pattern_cannot_obey_is_refused() {
        let check = |pattern: &str, discard: &str, expect: &str| {
            let discard: Discard = discard.parse().unwrap();
            assert_eq!(discard.check(&pattern.parse().unwrap()).unwrap_err().to_string(), expect);
        };
        check("9XXX", "PreDot", "PreDot needs a pattern with a dot");
        check("9.XXX", "11D->10D", "11D->10D needs a pattern with @");
        assert!("PreDots".parse::<Discard>().is_err());
    }
}
