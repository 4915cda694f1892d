//! What can be dialled: the seventeen symbols, sets of them, and strings of them.

use std::fmt;
use std::ops::Deref;

/// One thing that can be dialled: `0`-`9`, `*`, `#`, `A`-`D` or `+`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(u8);

impl Symbol {
    /// `*`.
    pub const STAR: Symbol = Symbol(b'*');
    /// The key that ends dialling on most phones.
    pub const HASH: Symbol = Symbol(b'#');
    /// The sign of a global number.
    pub const PLUS: Symbol = Symbol(b'+');

    /// The symbol that is written `byte`; lower-case `a`-`d` are not dial keys.
    pub const fn new(byte: u8) -> Option<Self> {
        if INDEX[byte as usize] == NONE { None } else { Some(Symbol(byte)) }
    }

    /// As it is written.
    pub const fn byte(self) -> u8 {
        self.0
    }

    const fn index(self) -> u8 {
        INDEX[self.0 as usize]
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", char::from(self.0))
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A set of symbols, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SymbolSet(u32);

impl SymbolSet {
    /// No symbol.
    pub const EMPTY: SymbolSet = SymbolSet(0);
    /// `0`-`9`.
    pub const DIGITS: SymbolSet = SymbolSet(0x3ff);

    /// The set of one.
    pub const fn of(symbol: Symbol) -> Self {
        SymbolSet(1 << symbol.index())
    }

    /// With one more.
    #[must_use]
    pub const fn with(self, symbol: Symbol) -> Self {
        SymbolSet(self.0 | 1 << symbol.index())
    }

    /// With all of another set.
    #[must_use]
    pub const fn union(self, other: SymbolSet) -> Self {
        SymbolSet(self.0 | other.0)
    }

    /// What both have.
    #[must_use]
    pub const fn intersection(self, other: SymbolSet) -> Self {
        SymbolSet(self.0 & other.0)
    }

    /// Without another set.
    #[must_use]
    pub const fn minus(self, other: SymbolSet) -> Self {
        SymbolSet(self.0 & !other.0)
    }

    /// Whether it holds a symbol.
    pub const fn has(self, symbol: Symbol) -> bool {
        self.0 >> symbol.index() & 1 == 1
    }

    /// How many it holds.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether it holds none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its symbols, digits first.
    pub fn symbols(self) -> impl Iterator<Item = Symbol> {
        ALL.iter().map(|byte| Symbol(*byte)).filter(move |symbol| self.has(*symbol))
    }

    /// The bits, of which the lowest [`SymbolSet::BITS`] can be set.
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u32) -> Self {
        SymbolSet(bits & ((1 << Self::BITS) - 1))
    }

    /// Symbols there are.
    pub(crate) const BITS: u32 = ALL.len() as u32;
}

impl fmt::Debug for SymbolSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        self.symbols().try_for_each(|symbol| write!(f, "{symbol}"))?;
        f.write_str("]")
    }
}

/// A dialled or translated number: at most [`Digits::LENGTH_MAX`] symbols.
#[derive(Clone, Copy)]
pub struct Digits {
    length: u8,
    bytes: [u8; Digits::LENGTH_MAX],
}

/// Why a text is no dialled number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DigitsError {
    /// A character that no key has.
    #[error("{character:?} at position {position} cannot be dialled; expected 0-9, *, #, A-D or +")]
    Character {
        /// Which.
        character: char,
        /// Counted from 1.
        position: usize,
    },
    /// More than a number can have.
    #[error("a number has at most {} symbols", Digits::LENGTH_MAX)]
    TooLong,
}

impl Digits {
    /// Longest number, in symbols: far above the 32 that dialling in the field needs.
    pub const LENGTH_MAX: usize = 63;
    /// No symbol yet.
    pub const EMPTY: Digits = Digits { length: 0, bytes: [0; Digits::LENGTH_MAX] };

    /// Reads a number.
    ///
    /// # Errors
    /// When it has a character that cannot be dialled, or too many.
    pub fn parse(text: &str) -> Result<Self, DigitsError> {
        let mut digits = Digits::EMPTY;
        for (index, character) in text.chars().enumerate() {
            let symbol = u8::try_from(character)
                .ok()
                .and_then(Symbol::new)
                .ok_or(DigitsError::Character { character, position: index + 1 })?;
            digits.push(symbol)?;
        }
        Ok(digits)
    }

    /// Puts a symbol behind it.
    ///
    /// # Errors
    /// When it is as long as it can be.
    pub fn push(&mut self, symbol: Symbol) -> Result<(), DigitsError> {
        let place = self.bytes.get_mut(usize::from(self.length)).ok_or(DigitsError::TooLong)?;
        *place = symbol.0;
        self.length += 1;
        Ok(())
    }

    /// Puts symbols behind it, as far as they fit.
    pub(crate) fn extend(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        for symbol in symbols {
            if self.push(symbol).is_err() {
                return;
            }
        }
    }

    /// How many symbols it has.
    pub const fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The symbols in order.
    pub fn symbols(&self) -> impl DoubleEndedIterator<Item = Symbol> + ExactSizeIterator + '_ {
        self.as_bytes().iter().map(|byte| Symbol(*byte))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        // Every byte came from a `Symbol`, which is ASCII.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// A part of it; what lies outside is left out.
    #[must_use]
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        let end = range.end.min(self.len());
        let mut part = Digits::EMPTY;
        part.extend(self.symbols().skip(range.start).take(end.saturating_sub(range.start)));
        part
    }

    const fn as_bytes(&self) -> &[u8] {
        self.bytes.split_at(self.length as usize).0
    }
}

impl Deref for Digits {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Default for Digits {
    fn default() -> Self {
        Digits::EMPTY
    }
}

impl PartialEq for Digits {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Digits {}

impl std::hash::Hash for Digits {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl PartialEq<str> for Digits {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Digits {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl std::str::FromStr for Digits {
    type Err = DigitsError;
    fn from_str(text: &str) -> Result<Self, DigitsError> {
        Digits::parse(text)
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// In the order of their bits.
const ALL: &[u8; 17] = b"0123456789*#ABCD+";
const NONE: u8 = 0xff;
const INDEX: [u8; 256] = {
    let mut table = [NONE; 256];
    let mut index = 0;
    while index < ALL.len() {
        table[ALL[index] as usize] = index as u8;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_keys_can_write() {
        let check = |text: &str, expect: Result<&str, DigitsError>| {
            assert_eq!(Digits::parse(text).as_ref().map(Digits::as_str), expect.as_ref().copied(), "{text}");
        };
        check("", Ok(""));
        check("0123456789*#ABCD+", Ok("0123456789*#ABCD+"));
        check("12a", Err(DigitsError::Character { character: 'a', position: 3 }));
        check("1 2", Err(DigitsError::Character { character: ' ', position: 2 }));
        check("é", Err(DigitsError::Character { character: 'é', position: 1 }));
        check(&"1".repeat(63), Ok(&"1".repeat(63)));
        check(&"1".repeat(64), Err(DigitsError::TooLong));
    }

    #[test]
    fn a_slice_stays_inside() {
        let digits = Digits::parse("12345").unwrap();
        let check = |range: std::ops::Range<usize>, expect: &str| {
            assert_eq!(digits.slice(range.clone()), expect, "{range:?}");
        };
        check(0..2, "12");
        check(3..9, "45");
        check(7..9, "");
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let set = SymbolSet::of(Symbol::HASH).with(Symbol::new(b'7').unwrap());
        assert_eq!(format!("{set:?}"), "[7#]");
        assert_eq!(SymbolSet::DIGITS.minus(set).len(), 9);
        assert!(!SymbolSet::DIGITS.has(Symbol::PLUS));
    }
}
