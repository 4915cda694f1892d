//! From text to elements.

use super::{Element, Parts, Pattern, Repeat, number_elements};
use crate::parameters::NegatedSetRule;
use crate::symbol::{Symbol, SymbolSet};

/// Why a text is no pattern. Positions are counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PatternError {
    /// It takes no symbol at all.
    #[error("it can match without a single digit; expected digits, for example 1XXX")]
    Empty,
    /// It is longer than a pattern may be.
    #[error("it is longer than {} characters", Pattern::CHARACTERS_MAX)]
    TooLong,
    /// A character that no pattern has.
    #[error(
        "the character {character:?} at position {position} is not allowed; expected 0-9, *, #, A-D, X, !, ?, +, [, ., @ or \\+"
    )]
    Character {
        /// Which.
        character: char,
        /// Where.
        position: usize,
    },
    /// `?` or `+` with nothing before it that it could repeat.
    #[error(
        "{character:?} at position {position} repeats the element before it, and there is none; a plus sign is written \\+"
    )]
    NothingToRepeat {
        /// Which.
        character: char,
        /// Where.
        position: usize,
    },
    /// A backslash before something else than a plus sign.
    #[error("the backslash at position {position} is not followed by +; only \\+ is written with one")]
    Escape {
        /// Where.
        position: usize,
    },
    /// A bracket without its partner.
    #[error("the bracket at position {position} has no partner")]
    Bracket {
        /// Where.
        position: usize,
    },
    /// Brackets with nothing in them, or a negation that leaves no digit.
    #[error("the brackets at position {position} leave no digit")]
    EmptySet {
        /// Where.
        position: usize,
    },
    /// A range whose ends are no digits, or stand the wrong way round.
    #[error("the range at position {position} does not go from a lower to a higher digit")]
    Range {
        /// Where.
        position: usize,
    },
    /// What may be there once is there again.
    #[error("{character:?} stands again at position {position}; a pattern has at most one")]
    Twice {
        /// Which.
        character: char,
        /// Where.
        position: usize,
    },
    /// Its repeats can be read in more ways than are worth counting.
    #[error(
        "its repeats can be read in more than {} ways; split it into simpler patterns",
        super::breadth::STATES_MAX
    )]
    TooManyWays,
}

/// Where the reader is.
struct Reader<'t> {
    text: &'t str,
    /// Characters read.
    position: usize,
    elements: Vec<Element>,
    head: Option<Vec<Element>>,
    dot: Option<usize>,
    negated: bool,
    /// What a negated set leaves its symbols out of.
    universe: SymbolSet,
    /// What was read last can be repeated.
    repeatable: bool,
}

pub(super) fn parse(text: &str, negated_set: NegatedSetRule) -> Result<Pattern, PatternError> {
    if text.chars().count() > Pattern::CHARACTERS_MAX {
        return Err(PatternError::TooLong);
    }
    let mut reader = Reader {
        text,
        position: 0,
        elements: Vec::with_capacity(text.len()),
        head: None,
        dot: None,
        negated: false,
        universe: match negated_set {
            NegatedSetRule::Digits => SymbolSet::DIGITS,
            NegatedSetRule::DigitsStarAndHash => {
                [Symbol::STAR, Symbol::HASH].into_iter().fold(SymbolSet::DIGITS, SymbolSet::with)
            }
        },
        repeatable: false,
    };
    while let Some(character) = reader.next() {
        reader.read(character)?;
    }
    let (head, tail) = match reader.head {
        Some(head) => (head, Some(reader.elements.into_boxed_slice())),
        None => (reader.elements, None),
    };
    let optional =
        |elements: &[Element]| elements.iter().all(|element| element.repeat() == Repeat::ZeroOrMore);
    if tail.is_none() && optional(&head) {
        return Err(PatternError::Empty);
    }
    let is_number = tail.is_none() && reader.dot.is_none() && number_elements(text).eq(head.iter().copied());
    let parts = || Box::new(Parts { head: head.into_boxed_slice(), tail, dot: reader.dot });
    let pattern = Pattern { text: text.into(), parts: (!is_number).then(parts) };
    // A pattern that cannot be counted cannot be compared with others, so it is refused here and not at call time.
    pattern.breadth(None)?;
    Ok(pattern)
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let mut characters = self.text.chars();
        let character = characters.next()?;
        self.text = characters.as_str();
        self.position += 1;
        Some(character)
    }

    fn read(&mut self, character: char) -> Result<(), PatternError> {
        let position = self.position;
        match character {
            'X' => self.element(Element::once(SymbolSet::DIGITS)),
            '!' => {
                self.element(Element::new(SymbolSet::DIGITS, Repeat::OneOrMore));
                self.repeatable = false;
            }
            '?' => self.repeat(character, Repeat::ZeroOrMore)?,
            '+' => self.repeat(character, Repeat::OneOrMore)?,
            '.' => {
                let before = self.elements.len() + self.head.as_ref().map_or(0, |head| head.len() + 1);
                if self.dot.replace(before).is_some() {
                    return Err(PatternError::Twice { character, position });
                }
                self.repeatable = false;
            }
            '@' => {
                if self.head.is_some() {
                    return Err(PatternError::Twice { character, position });
                }
                self.head = Some(std::mem::take(&mut self.elements));
                self.repeatable = false;
            }
            '\\' => match self.next() {
                Some('+') => self.element(Element::once(SymbolSet::of(Symbol::PLUS))),
                Some(_) | None => return Err(PatternError::Escape { position }),
            },
            '[' => self.set(position)?,
            ']' => return Err(PatternError::Bracket { position }),
            _ => {
                let symbol = symbol(character).ok_or(PatternError::Character { character, position })?;
                self.element(Element::once(SymbolSet::of(symbol)));
            }
        }
        Ok(())
    }

    fn element(&mut self, element: Element) {
        self.elements.push(element);
        self.repeatable = true;
    }

    fn repeat(&mut self, character: char, repeat: Repeat) -> Result<(), PatternError> {
        let position = self.position;
        let nothing = PatternError::NothingToRepeat { character, position };
        if !self.repeatable {
            return Err(nothing);
        }
        let last = self.elements.last_mut().ok_or(nothing)?;
        *last = Element::new(last.set(), repeat);
        self.repeatable = false;
        Ok(())
    }

    fn set(&mut self, opened: usize) -> Result<(), PatternError> {
        let negated = self.text.starts_with('^');
        if negated {
            self.next();
            if std::mem::replace(&mut self.negated, true) {
                return Err(PatternError::Twice { character: '^', position: self.position });
            }
        }
        let mut set = SymbolSet::EMPTY;
        // The lower end of a range, once something is there that could be one.
        let mut last: Option<Symbol> = None;
        loop {
            let character = self.next().ok_or(PatternError::Bracket { position: opened })?;
            let position = self.position;
            match character {
                ']' => break,
                '-' => {
                    let upper = self.next().ok_or(PatternError::Bracket { position: opened })?;
                    let (Some(from), Some(to)) = (last.take(), symbol(upper)) else {
                        return Err(PatternError::Range { position });
                    };
                    set = set.union(range(from, to).ok_or(PatternError::Range { position })?);
                }
                _ => {
                    let symbol = symbol(character).ok_or(PatternError::Character { character, position })?;
                    set = set.with(symbol);
                    last = Some(symbol);
                }
            }
        }
        // Negation is within 0-9: `[^0-5]` takes neither `*` nor `#`, unless a parameter says so.
        let set = if negated { self.universe.minus(set) } else { set };
        if set.is_empty() {
            return Err(PatternError::EmptySet { position: opened });
        }
        self.element(Element::once(set));
        Ok(())
    }
}

/// A dial key as it stands in a pattern, where a bare `+` is an operator.
fn symbol(character: char) -> Option<Symbol> {
    u8::try_from(character).ok().and_then(Symbol::new).filter(|symbol| *symbol != Symbol::PLUS)
}

/// The digits from one to another.
fn range(from: Symbol, to: Symbol) -> Option<SymbolSet> {
    let ends = from.byte()..=to.byte();
    if !from.byte().is_ascii_digit() || !to.byte().is_ascii_digit() || ends.is_empty() {
        return None;
    }
    Some(ends.filter_map(Symbol::new).fold(SymbolSet::EMPTY, SymbolSet::with))
}
