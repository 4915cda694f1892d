//! One pattern of the number table: its text, taken apart and checked.
//!
//! | Element | Takes |
//! |---|---|
//! | `0`-`9`, `*`, `#`, `A`-`D` | itself |
//! | `\+` | a plus sign |
//! | `X` | one digit 0-9 |
//! | `!` | one or more digits 0-9 |
//! | `[27-9]`, `[^0-5]` | one of the set; one digit outside it |
//! | `?`, `+` | the element before it again: any number of times or none; at least once |
//! | `.` | nothing: it marks the end of the access code |
//! | `@` | a number of the national numbering plan, see [`crate::national`] |

mod breadth;
mod parse;
mod split;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub use self::breadth::Breadth;
pub use self::parse::PatternError;
pub(crate) use self::split::Split;
use crate::national::{self, RouteFilter};
use crate::parameters::NegatedSetRule;
use crate::symbol::{Digits, Symbol, SymbolSet};

/// A checked pattern.
///
/// ```
/// use strowger_dialplan::{Digits, Pattern};
/// let pattern: Pattern = "9.1[2-9]XX!".parse()?;
/// assert!(pattern.matches(&Digits::parse("91408555")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    text: Arc<str>,
    /// `None` for a number, which is most of a large plan: it takes itself, as its text says already.
    parts: Option<Box<Parts>>,
}

/// What stands in a pattern that is not a mere number.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Parts {
    /// Elements before `@`, or all.
    head: Box<[Element]>,
    /// Elements after `@`, when it has one.
    tail: Option<Box<[Element]>>,
    /// How many elements stand before the dot; it may stand behind the `@`, which counts as one.
    dot: Option<usize>,
}

/// What one place of a pattern takes, and how often.
///
/// Packed into 32 bits, because an automaton of 100,000 patterns holds a million of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Element(u32);

/// How often an element takes a symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Repeat {
    Once,
    OneOrMore,
    ZeroOrMore,
}

/// One way through a pattern: elements without `@`. A pattern without `@` is one, each dialling form of the national
/// plan is another.
pub(crate) type Branch = Box<[Element]>;

impl Pattern {
    /// Longest pattern, in characters: the limit of the product that its users know.
    pub const CHARACTERS_MAX: usize = 50;

    /// Reads a pattern; [`str::parse`] is the same with the default of the rule.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(text: &str, negated_set: NegatedSetRule) -> Result<Self, PatternError> {
        parse::parse(text, negated_set)
    }

    /// What takes a number and nothing else; the text is shared where it is a pattern as it stands.
    pub(crate) fn of_number(number: &Arc<str>) -> Result<Self, PatternError> {
        let text = match number.contains('+') {
            true => number.replace('+', r"\+").into(),
            false => Arc::clone(number),
        };
        if text.len() > Pattern::CHARACTERS_MAX {
            Err(PatternError::TooLong)
        } else {
            Ok(Pattern { text, parts: None })
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same, shared with the pattern.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// Whether it has `@`, on which alone a route filter acts.
    pub fn has_national_plan(&self) -> bool {
        self.tail().is_some()
    }

    /// Whether a dot marks the end of an access code.
    pub fn has_dot(&self) -> bool {
        self.dot().is_some()
    }

    /// The one number it takes, when it takes only one.
    pub fn only_number(&self) -> Option<Digits> {
        if self.has_national_plan() {
            return None;
        }
        let mut digits = Digits::EMPTY;
        for element in &*self.head() {
            if element.repeat() != Repeat::Once || element.set().len() != 1 {
                return None;
            }
            digits.extend(element.set().symbols());
        }
        Some(digits)
    }

    /// All numbers that it takes, in their order, when there are at most `limit` and all have one length.
    ///
    /// ```
    /// use strowger_dialplan::Pattern;
    /// let pattern: Pattern = "88[02]".parse()?;
    /// let numbers = pattern.numbers(10).unwrap();
    /// assert_eq!(numbers.iter().map(|number| number.as_str()).collect::<Vec<_>>(), ["880", "882"]);
    /// assert!(pattern.numbers(1).is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn numbers(&self, limit: usize) -> Option<Vec<Digits>> {
        let mut numbers = vec![Digits::EMPTY];
        for element in self.elements_behind(false)? {
            let set = element.set();
            let count = numbers.len().checked_mul(set.len() as usize)?;
            if element.repeat() != Repeat::Once || count > limit {
                return None;
            }
            let longer = numbers.iter().flat_map(|number| {
                set.symbols().map(|symbol| {
                    let mut longer = *number;
                    longer.extend([symbol]);
                    longer
                })
            });
            numbers = longer.collect();
        }
        Some(numbers)
    }

    /// Whether it takes a whole number; `@` without a filter.
    pub fn matches(&self, digits: &Digits) -> bool {
        self.split(None, digits).is_some()
    }

    /// How many different numbers of each length it takes.
    ///
    /// # Errors
    /// When its repeats can be read in so many ways that they cannot be counted.
    pub fn breadth(&self, filter: Option<&RouteFilter>) -> Result<Breadth, PatternError> {
        Breadth::of(&self.branches(filter))
    }

    /// The elements, or those behind the dot; `None` for a pattern with `@`.
    pub(crate) fn elements_behind(&self, dot: bool) -> Option<Vec<Element>> {
        if self.has_national_plan() {
            return None;
        }
        let first = if dot { self.dot().unwrap_or(0) } else { 0 };
        self.head().get(first..).map(<[Element]>::to_vec)
    }

    /// All ways through it; `filter` leaves out forms of the national plan.
    pub(crate) fn branches(&self, filter: Option<&RouteFilter>) -> Vec<Branch> {
        let head = self.head();
        let Some(tail) = self.tail() else { return vec![head.into()] };
        national::forms(filter)
            .map(|form| head.iter().copied().chain(form.elements()).chain(tail.iter().copied()).collect())
            .collect()
    }

    /// How `digits` divide over its parts; `None` when it does not take them.
    pub(crate) fn split(&self, filter: Option<&RouteFilter>, digits: &Digits) -> Option<Split> {
        split::split(self, filter, digits)
    }

    /// A short number that it takes, for examples and questions; `None` when its filter leaves no form.
    pub fn example(&self, filter: Option<&RouteFilter>) -> Option<Digits> {
        let branch = self.branches(filter).into_iter().min_by_key(|branch| branch.len())?;
        let mut digits = Digits::EMPTY;
        digits.extend(branch.iter().filter_map(|element| element.example()));
        Some(digits)
    }

    /// Elements before `@`, or all.
    fn head(&self) -> Cow<'_, [Element]> {
        match &self.parts {
            Some(parts) => Cow::Borrowed(&parts.head),
            None => Cow::Owned(number_elements(&self.text).collect()),
        }
    }

    /// Elements after `@`, when it has one.
    fn tail(&self) -> Option<&[Element]> {
        self.parts.as_ref()?.tail.as_deref()
    }

    fn dot(&self) -> Option<usize> {
        self.parts.as_ref()?.dot
    }
}

/// The elements of a pattern that is a number: each key takes itself, and a plus sign stands behind a backslash.
fn number_elements(text: &str) -> impl Iterator<Item = Element> {
    text.bytes().filter_map(Symbol::new).map(|symbol| Element::once(SymbolSet::of(symbol)))
}

impl std::str::FromStr for Pattern {
    type Err = PatternError;
    fn from_str(text: &str) -> Result<Self, PatternError> {
        Pattern::read(text, NegatedSetRule::default())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Element {
    pub(crate) const fn new(set: SymbolSet, repeat: Repeat) -> Self {
        let code = match repeat {
            Repeat::Once => 0,
            Repeat::OneOrMore => 1,
            Repeat::ZeroOrMore => 2,
        };
        Element(set.bits() | code << SymbolSet::BITS)
    }

    pub(crate) const fn once(set: SymbolSet) -> Self {
        Element::new(set, Repeat::Once)
    }

    pub(crate) const fn set(self) -> SymbolSet {
        SymbolSet::from_bits(self.0)
    }

    pub(crate) const fn repeat(self) -> Repeat {
        match self.0 >> SymbolSet::BITS {
            0 => Repeat::Once,
            1 => Repeat::OneOrMore,
            _ => Repeat::ZeroOrMore,
        }
    }

    pub(crate) const fn takes(self, symbol: Symbol) -> bool {
        self.set().has(symbol)
    }

    /// What it takes once more, when it has taken something or may take nothing.
    pub(crate) const fn again(self) -> SymbolSet {
        match self.repeat() {
            Repeat::Once => SymbolSet::EMPTY,
            Repeat::OneOrMore | Repeat::ZeroOrMore => self.set(),
        }
    }

    /// The symbol for an example; 5 where it is free to choose.
    pub(crate) fn example(self) -> Option<Symbol> {
        match self.repeat() {
            Repeat::ZeroOrMore => None,
            Repeat::Once | Repeat::OneOrMore => {
                let five = Symbol::new(b'5').filter(|five| self.set().has(*five));
                five.or_else(|| self.set().symbols().next())
            }
        }
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repeat = match self.repeat() {
            Repeat::Once => "",
            Repeat::OneOrMore => "+",
            Repeat::ZeroOrMore => "?",
        };
        write!(f, "{:?}{repeat}", self.set())
    }
}

#[cfg(test)]
mod tests;
