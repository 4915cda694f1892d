//! One pattern: digits, `X` for any one digit, `!` at the end for one or more digits.

/// A checked pattern.
///
/// Text that holds anything but dial keys, `\+`, `X` and `!` is a name, such as `service`, and matches only itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    text: Box<str>,
    elements: Box<[Element]>,
    tail: Tail,
}

/// What one place of a pattern takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Element {
    /// This byte.
    Literal(u8),
    /// One digit 0-9: never `*`, `#` or `+`.
    AnyDigit,
}

/// What may follow the elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tail {
    Nothing,
    /// One or more digits 0-9.
    Digits,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PatternError {
    /// It takes no character at all.
    #[error("it is empty; expected digits, for example 1XXX")]
    Empty,
    /// It is longer than a pattern may be.
    #[error("it is longer than {PATTERN_CHARACTERS} characters")]
    TooLong,
    /// `!` stands before something else.
    #[error("`!` stands in the middle; it may only be the last character")]
    NotLast,
    /// A character that no number, name or pattern has.
    #[error("the character {character:?} at position {position} is not allowed")]
    Character {
        /// Which.
        character: char,
        /// Counted from 1.
        position: usize,
    },
    /// A bare plus, which is an operator elsewhere.
    #[error("a plus sign is written \\+, because + alone means repetition")]
    BarePlus,
}

/// Longest pattern, in characters.
const PATTERN_CHARACTERS: usize = 50;

impl Pattern {
    /// Checks and takes apart a pattern.
    ///
    /// # Errors
    /// When it is empty, too long, or has characters that cannot be there.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.chars().count() > PATTERN_CHARACTERS {
            return Err(PatternError::TooLong);
        }
        let forbidden = |&(_, character): &(usize, char)| {
            character.is_whitespace() || character.is_control() || "[]^.?@,;<>\"".contains(character)
        };
        if let Some((position, character)) = text.chars().enumerate().find(forbidden) {
            return Err(PatternError::Character { character, position: position + 1 });
        }
        if text.bytes().all(is_pattern_byte) { Self::parse_digits(text) } else { Ok(Self::name(text)) }
    }

    fn name(text: &str) -> Self {
        Pattern {
            text: text.into(),
            elements: text.bytes().map(Element::Literal).collect(),
            tail: Tail::Nothing,
        }
    }

    fn parse_digits(text: &str) -> Result<Self, PatternError> {
        let mut elements = Vec::with_capacity(text.len());
        let mut tail = Tail::Nothing;
        let mut bytes = text.bytes().enumerate();
        while let Some((index, byte)) = bytes.next() {
            if tail == Tail::Digits {
                return Err(PatternError::NotLast);
            }
            match byte {
                b'X' => elements.push(Element::AnyDigit),
                b'!' => tail = Tail::Digits,
                b'\\' => match bytes.next() {
                    Some((_, b'+')) => elements.push(Element::Literal(b'+')),
                    Some(_) | None => {
                        return Err(PatternError::Character { character: '\\', position: index + 1 });
                    }
                },
                b'+' => return Err(PatternError::BarePlus),
                digit => elements.push(Element::Literal(digit)),
            }
        }
        Ok(Pattern { text: text.into(), elements: elements.into_boxed_slice(), tail })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The one number that it matches, when it is only one.
    pub fn exact(&self) -> Option<Box<str>> {
        if self.tail == Tail::Digits {
            return None;
        }
        let bytes: Option<Vec<u8>> = self
            .elements
            .iter()
            .map(|element| match element {
                Element::Literal(byte) => Some(*byte),
                Element::AnyDigit => None,
            })
            .collect();
        String::from_utf8(bytes?).ok().map(String::into_boxed_str)
    }

    /// How many strings of the length of `digits` it matches, as a power of ten, when it matches `digits`.
    /// The least wins ("closest match").
    pub fn breadth(&self, digits: &str) -> Option<u32> {
        let digits = digits.as_bytes();
        let (head, rest) = digits.split_at_checked(self.elements.len())?;
        let fits = self.elements.iter().zip(head).all(|(element, byte)| match element {
            Element::Literal(literal) => literal == byte,
            Element::AnyDigit => byte.is_ascii_digit(),
        });
        let tail_fits = match self.tail {
            Tail::Nothing => rest.is_empty(),
            Tail::Digits => !rest.is_empty() && rest.iter().all(u8::is_ascii_digit),
        };
        let wild = self.elements.iter().filter(|element| **element == Element::AnyDigit).count();
        (fits && tail_fits).then_some((wild + rest.len()) as u32)
    }
}

const fn is_pattern_byte(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D' | b'X' | b'!' | b'+' | b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_what_its_elements_take() {
        let check = |pattern: &str, digits: &str, expect: Option<u32>| {
            assert_eq!(Pattern::parse(pattern).unwrap().breadth(digits), expect, "{pattern} on {digits}");
        };
        check("1002", "1002", Some(0));
        check("1002", "10021", None);
        check("1XXX", "1212", Some(3));
        check("1XXX", "12*2", None);
        check("15!", "1515", Some(2));
        check("15!", "15", None);
        check("15!", "15#", None);
        check("!", "0", Some(1));
        check(r"\+44!", "+441632960000", Some(10));
        check("*9X", "*95", Some(1));
        check("service", "service", Some(0));
        check("service", "serviceX", None);
        // A name is no pattern, even where it has an X or is compared with digits.
        check("helpX", "help1", None);
        check("helpX", "helpX", Some(0));
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        let check = |pattern: &str, expect: PatternError| {
            assert_eq!(Pattern::parse(pattern), Err(expect), "{pattern}");
        };
        check("", PatternError::Empty);
        check("1!2", PatternError::NotLast);
        check("!!", PatternError::NotLast);
        check("+44!", PatternError::BarePlus);
        check("1[23]X", PatternError::Character { character: '[', position: 2 });
        check("1 X", PatternError::Character { character: ' ', position: 2 });
        check(r"1\", PatternError::Character { character: '\\', position: 2 });
        check(&"1".repeat(51), PatternError::TooLong);
    }
}
