//! Changes of numbers: discard instructions, masks, prefixes, and the order in which they apply.

mod discard;

use std::fmt;
use std::sync::Arc;

pub use self::discard::{Discard, DiscardError};
use crate::national::RouteFilter;
use crate::pattern::{Branch, Element, Pattern, Repeat};
use crate::symbol::{Digits, Symbol, SymbolSet};

/// A mask, laid over a number from the right: `X` keeps the digit below, anything else replaces it, and digits left of
/// the mask fall away. Where the number is shorter than the mask, an `X` yields nothing.
///
/// ```
/// use strowger_dialplan::{Digits, Mask};
/// let mask: Mask = "214713XXXX".parse()?;
/// assert_eq!(mask.apply(&Digits::parse("35062")?), "2147135062");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A copy is one reference: many lines have the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mask {
    /// `None` for `X`.
    places: Arc<[Option<Symbol>]>,
}

/// Why a text is no mask.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MaskError {
    /// It has no place.
    #[error("it is empty; expected digits and X, for example 214713XXXX")]
    Empty,
    /// A character that is neither a key nor `X`.
    #[error("{character:?} at position {position} is not allowed; expected X, 0-9, *, #, A-D or +")]
    Character {
        /// Which.
        character: char,
        /// Counted from 1.
        position: usize,
    },
    /// A plus sign that is not the first character: no number could be dialled that way.
    #[error("the plus sign at position {position} is not the first character")]
    Plus {
        /// Counted from 1.
        position: usize,
    },
    /// It makes numbers longer than numbers can be.
    #[error("it is longer than the {} symbols that a number can have", Digits::LENGTH_MAX)]
    TooLong,
}

impl Mask {
    /// The number as the mask shows it.
    pub fn apply(&self, number: &Digits) -> Digits {
        let missing = self.places.len().saturating_sub(number.len());
        let below = std::iter::repeat_n(None, missing)
            .chain(number.symbols().skip(number.len().saturating_sub(self.places.len())).map(Some));
        let mut masked = Digits::EMPTY;
        masked.extend(self.places.iter().zip(below).filter_map(|(place, below)| place.or(below)));
        masked
    }

    /// The number that it always yields, when it has no `X`.
    pub fn only_number(&self) -> Option<Digits> {
        let symbols: Option<Vec<Symbol>> = self.places.iter().copied().collect();
        let mut number = Digits::EMPTY;
        number.extend(symbols?);
        Some(number)
    }
}

impl std::str::FromStr for Mask {
    type Err = MaskError;
    fn from_str(text: &str) -> Result<Self, MaskError> {
        let mut places = Vec::with_capacity(text.len());
        for (index, character) in text.chars().enumerate() {
            let position = index + 1;
            let symbol = u8::try_from(character).ok().and_then(Symbol::new);
            match (character, symbol) {
                ('X', _) => places.push(None),
                ('+', _) if index > 0 => return Err(MaskError::Plus { position }),
                (_, Some(symbol)) => places.push(Some(symbol)),
                (_, None) => return Err(MaskError::Character { character, position }),
            }
        }
        match places.len() {
            0 => Err(MaskError::Empty),
            1..=Digits::LENGTH_MAX => Ok(Mask { places: places.into() }),
            _ => Err(MaskError::TooLong),
        }
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.places.iter().try_for_each(|place| match place {
            Some(symbol) => write!(f, "{symbol}"),
            None => f.write_str("X"),
        })
    }
}

/// What a pattern does to the called number: discard, then mask, then prefix.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct CalledChange {
    /// What is left out first.
    pub discard: Discard,
    /// What is laid over the rest.
    pub mask: Option<Mask>,
    /// What stands before the result.
    pub prefix: Digits,
}

/// What a pattern does to the calling number: external phone number mask, then mask, then prefix.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct CallingChange {
    /// Whether the mask of the calling line applies.
    pub external_mask: ExternalMask,
    /// What is laid over the number.
    pub mask: Option<Mask>,
    /// What stands before the result.
    pub prefix: Digits,
    /// Whether the called may see the number.
    pub number_presentation: Presentation,
    /// Whether the called may see the name.
    pub name_presentation: Presentation,
}

/// Whether the external phone number mask of the calling line applies.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum ExternalMask {
    /// As the system does where nobody says: off.
    #[default]
    Default,
    /// It applies, when the line has one.
    On,
    /// It does not.
    Off,
}

/// Whether a number or name is shown to the other side.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Presentation {
    /// As it came.
    #[default]
    Default,
    /// Shown.
    Allowed,
    /// Kept back.
    Restricted,
}

/// One step of a change, for those who want to see them all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChangeStep<'c> {
    /// What was done.
    pub what: ChangeKind<'c>,
    /// The number before.
    pub before: Digits,
    /// The number after.
    pub after: Digits,
}

/// What one step of a change does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeKind<'c> {
    /// Leaves a part out.
    Discard(&'c Discard),
    /// Lays the external phone number mask over it.
    ExternalMask(&'c Mask),
    /// Lays a mask over it.
    Mask(&'c Mask),
    /// Puts digits before it.
    Prefix(&'c Digits),
    /// Says whether the called may see the number; the number stays.
    NumberPresentation(Presentation),
    /// Says whether the called may see the name; the number stays.
    NamePresentation(Presentation),
}

/// Why a text says nothing about presentation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected allowed, restricted or default")]
pub struct PresentationError;

impl std::str::FromStr for Presentation {
    type Err = PresentationError;
    fn from_str(text: &str) -> Result<Self, PresentationError> {
        match text {
            "default" => Ok(Presentation::Default),
            "allowed" => Ok(Presentation::Allowed),
            "restricted" => Ok(Presentation::Restricted),
            _ => Err(PresentationError),
        }
    }
}

impl fmt::Display for Presentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Presentation::Default => "default",
            Presentation::Allowed => "allowed",
            Presentation::Restricted => "restricted",
        })
    }
}

impl Presentation {
    /// What holds after a change that says `change`: this, unless the change says something.
    #[must_use]
    pub fn changed(self, change: Presentation) -> Self {
        if change == Presentation::Default { self } else { change }
    }
}

impl CalledChange {
    /// True when it changes nothing.
    pub fn is_none(&self) -> bool {
        *self == CalledChange::default()
    }

    /// The number after all steps. `matched` is the pattern that took the number, which discard instructions refer to;
    /// without one nothing is discarded. `told` hears of every step that is set.
    pub fn apply<'c>(
        &'c self,
        matched: Option<(&Pattern, Option<&RouteFilter>)>,
        number: Digits,
        mut told: impl FnMut(ChangeStep<'c>),
    ) -> Digits {
        let mut number = number;
        if !self.discard.is_none()
            && let Some((pattern, filter)) = matched
        {
            let after = self.discard.apply(pattern, filter, &number);
            step(&mut number, after, ChangeKind::Discard(&self.discard), &mut told);
        }
        mask_and_prefix(self.mask.as_ref(), &self.prefix, &mut number, &mut told);
        number
    }
}

impl CalledChange {
    /// What numbers can look like that a pattern without `@` took and this has changed; `None` where that depends on
    /// how long they are. It may hold numbers that do not occur, and leaves none out.
    pub(crate) fn image(&self, pattern: &Pattern) -> Option<Branch> {
        let mut rest = self.discard.rest(pattern)?;
        if let Some(mask) = &self.mask {
            if rest.iter().any(|element| element.repeat() != Repeat::Once) {
                return None;
            }
            let missing = mask.places.len().saturating_sub(rest.len());
            let surplus = rest.len().saturating_sub(mask.places.len());
            let below =
                std::iter::repeat_n(None, missing).chain(rest.iter().skip(surplus).copied().map(Some));
            let over = |place: &Option<Symbol>| place.map(|symbol| Element::once(SymbolSet::of(symbol)));
            rest = mask.places.iter().zip(below).filter_map(|(place, below)| over(place).or(below)).collect();
        }
        let prefix = self.prefix.symbols().map(|symbol| Element::once(SymbolSet::of(symbol)));
        Some(prefix.chain(rest).collect())
    }
}

impl CallingChange {
    /// True when it changes nothing.
    pub fn is_none(&self) -> bool {
        *self == CallingChange::default()
    }

    /// True when it leaves the number as it is, whatever it says of presentation.
    pub fn keeps_number(&self) -> bool {
        self.external_mask != ExternalMask::On && self.mask.is_none() && self.prefix.is_empty()
    }

    /// The number after all steps; `external` is the external phone number mask of the calling line.
    pub fn apply<'c>(
        &'c self,
        external: Option<&'c Mask>,
        number: Digits,
        mut told: impl FnMut(ChangeStep<'c>),
    ) -> Digits {
        let mut number = number;
        if self.external_mask == ExternalMask::On
            && let Some(external) = external
        {
            let after = external.apply(&number);
            step(&mut number, after, ChangeKind::ExternalMask(external), &mut told);
        }
        mask_and_prefix(self.mask.as_ref(), &self.prefix, &mut number, &mut told);
        for what in [
            ChangeKind::NumberPresentation(self.number_presentation),
            ChangeKind::NamePresentation(self.name_presentation),
        ] {
            match what {
                ChangeKind::NumberPresentation(Presentation::Default)
                | ChangeKind::NamePresentation(Presentation::Default) => {}
                what => told(ChangeStep { what, before: number, after: number }),
            }
        }
        number
    }
}

fn mask_and_prefix<'c>(
    mask: Option<&'c Mask>,
    prefix: &'c Digits,
    number: &mut Digits,
    told: &mut impl FnMut(ChangeStep<'c>),
) {
    if let Some(mask) = mask {
        let after = mask.apply(number);
        step(number, after, ChangeKind::Mask(mask), told);
    }
    if !prefix.is_empty() {
        let mut after = *prefix;
        after.extend(number.symbols());
        step(number, after, ChangeKind::Prefix(prefix), told);
    }
}

fn step<'c>(number: &mut Digits, after: Digits, what: ChangeKind<'c>, told: &mut impl FnMut(ChangeStep<'c>)) {
    told(ChangeStep { what, before: *number, after });
    *number = after;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_laid_over_from_the_right() {
        let check = |mask: &str, number: &str, expect: &str| {
            let mask: Mask = mask.parse().unwrap();
            assert_eq!(mask.apply(&Digits::parse(number).unwrap()), expect, "{mask} over {number}");
        };
        check("214713XXXX", "35062", "2147135062");
        check("XXXX", "35062", "5062");
        check("5000", "35062", "5000");
        check("+1408555XXXX", "4001", "+14085554001");
        check("XXXXXX", "4001", "4001");
        check("9XX", "1", "91");
    }

    #[test]
    fn what_is_no_mask_says_why() {
        let check = |mask: &str, expect: MaskError| assert_eq!(mask.parse::<Mask>(), Err(expect), "{mask}");
        check("", MaskError::Empty);
        check("1!", MaskError::Character { character: '!', position: 2 });
        check("1x", MaskError::Character { character: 'x', position: 2 });
        check("1+X", MaskError::Plus { position: 2 });
        check(&"X".repeat(64), MaskError::TooLong);
    }

    #[test]
    fn the_steps_are_told_in_their_order() {
        let change = CalledChange {
            discard: "PreDot".parse().unwrap(),
            mask: Some("7XXX".parse().unwrap()),
            prefix: Digits::parse("99").unwrap(),
        };
        let pattern: Pattern = "8.XXXX".parse().unwrap();
        let mut told = Vec::new();
        change.apply(Some((&pattern, None)), Digits::parse("81234").unwrap(), |step| {
            told.push(format!("{} {}", step.before, step.after));
        });
        assert_eq!(told, ["81234 1234", "1234 7234", "7234 997234"]);
    }
}
