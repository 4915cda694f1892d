//! Secrets, which nothing keeps as they are.

use std::fmt;

use serde_json::Value;

use super::Setting;
use crate::form::Form;
use crate::problem::Wrong;
use crate::reader::{Names, Reader};
use strowger_dialplan::codes::CODE_DIGITS;

/// A secret of at most `MOST` bytes, sealed with a key that is not in the store. Who has the store alone cannot read it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedText<const MOST: usize = 1024>(Packed);

impl<const MOST: usize> SealedText<MOST> {
    /// What was sealed, as it is kept.
    pub fn text(&self) -> String {
        self.0.text()
    }
}

/// A sealed text ends in hexadecimal digits, each pair of which is one byte here: 100,000 phones have one each.
///
/// First stands how many bytes stand for themselves; then those bytes, and the digits behind them. A text of another form stands behind
/// [`Packed::AS_IT_IS`].
#[derive(Clone, PartialEq, Eq)]
struct Packed(Box<[u8]>);

impl Packed {
    const AS_IT_IS: u8 = u8::MAX;

    fn new(text: &str) -> Self {
        let as_it_is = || [&[Self::AS_IT_IS], text.as_bytes()].concat().into();
        Packed(Self::digits(text).unwrap_or_else(as_it_is))
    }

    fn digits(text: &str) -> Option<Box<[u8]>> {
        let (mark, digits) = text.split_at(text.rfind(':')? + 1);
        let mut bytes = Vec::with_capacity(1 + mark.len() + digits.len() / 2);
        bytes.push(u8::try_from(mark.len()).ok().filter(|length| *length != Self::AS_IT_IS)?);
        bytes.extend_from_slice(mark.as_bytes());
        let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
        for [high, low] in pairs {
            bytes.push(digit(*high)? << 4 | digit(*low)?);
        }
        rest.is_empty().then(|| bytes.into())
    }

    fn text(&self) -> String {
        let Some((first, rest)) = self.0.split_first() else { return String::new() };
        let mark = if *first == Self::AS_IT_IS { rest.len() } else { usize::from(*first) };
        let (mark, digits) = rest.split_at_checked(mark).unwrap_or_default();
        let mut text = String::with_capacity(mark.len() + 2 * digits.len());
        text.push_str(&String::from_utf8_lossy(mark));
        for half in digits.iter().flat_map(|byte| [byte >> 4, byte & 0xf]) {
            text.extend(char::from_digit(half.into(), 16));
        }
        text
    }
}

/// Only small letters, so that the same text comes back.
const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

impl<const MOST: usize> Setting for SealedText<MOST> {
    const FORM: Form = Form::Secret;

    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
        match value {
            Value::String(text) if !text.is_empty() && text.len() <= longest(text, MOST) => {
                reader.seal(text).map(|sealed| SealedText(Packed::new(&sealed)))
            }
            // What was found may be the secret itself, only without quotes: it is not repeated.
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {
                hidden(format!("a secret of 1 to {MOST} bytes, in quotes"), reader);
                None
            }
        }
    }

    fn write(&self, _: &dyn Names) -> Value {
        Value::String(self.text())
    }
}

/// A sealed text is longer than the secret in it: digits for bytes, and what else it takes to open it.
fn longest(text: &str, secret: usize) -> usize {
    if text.starts_with(SEALED) { 2 * secret + 128 } else { secret }
}

/// How every sealed text begins.
pub const SEALED: &str = "sealed:";

impl<const MOST: usize> fmt::Debug for SealedText<MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sealed)")
    }
}

/// A code that somebody keys in, 1 to 16 digits, sealed like a [`SealedText`].
#[derive(Clone, PartialEq, Eq)]
pub struct SealedCode(SealedText);

impl SealedCode {
    /// What was sealed, as it is kept.
    pub fn text(&self) -> String {
        self.0.text()
    }
}

impl Setting for SealedCode {
    const FORM: Form = Form::Secret;

    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
        let is_code = |text: &str| {
            (1..=CODE_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        match value.as_str() {
            Some(text) if text.starts_with(SEALED) || is_code(text) => {
                SealedText::read(value, reader).map(SealedCode)
            }
            Some(_) | None => {
                hidden(format!("a code of 1 to {CODE_DIGITS} digits, in quotes"), reader);
                None
            }
        }
    }

    fn write(&self, names: &dyn Names) -> Value {
        self.0.write(names)
    }
}

impl fmt::Debug for SealedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sealed)")
    }
}

/// A digest of user name, realm and password in `DIGITS` hexadecimal digits (RFC 7616 §3.4.2). It stands for the password
/// in this realm and is shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct DigestText<const DIGITS: usize>(Box<str>);

impl<const DIGITS: usize> DigestText<DIGITS> {
    /// Its digits, in lower case.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<const DIGITS: usize> Setting for DigestText<DIGITS> {
    const FORM: Form = Form::Secret;

    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
        let text = value.as_str();
        let good = |text: &&str| text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let digest = text.filter(good);
        if digest.is_none() {
            hidden(format!("a digest of {DIGITS} hexadecimal digits, in quotes"), reader);
        }
        digest.map(|digest| DigestText(digest.to_ascii_lowercase().into()))
    }

    fn write(&self, _: &dyn Names) -> Value {
        Value::String(self.0.to_string())
    }
}

impl<const DIGITS: usize> fmt::Debug for DigestText<DIGITS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(digest)")
    }
}

/// What is left of a password: enough to check it, not to know it. It is shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Box<str>);

impl PasswordHash {
    /// The Argon2id hash with its parameters and salt.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Setting for PasswordHash {
    const FORM: Form = Form::Secret;

    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
        let hash = value.as_str().filter(|text| is_argon2id(text));
        if hash.is_none() {
            // It may be the password itself.
            let expected =
                "an Argon2id hash such as $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH, never a password";
            hidden(expected.to_owned(), reader);
        }
        hash.map(|hash| PasswordHash(hash.into()))
    }

    fn write(&self, _: &dyn Names) -> Value {
        Value::String(self.0.to_string())
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hash)")
    }
}

/// Algorithm, version, parameters, salt and hash, a dollar sign before each.
fn is_argon2id(text: &str) -> bool {
    let parts: Vec<&str> = text.split('$').collect();
    let base64 = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
    };
    match parts.as_slice() {
        ["", "argon2id", "v=19", parameters, salt, hash] => {
            // What a log-in may cost: memory in KiB, rounds, lanes. Whoever stores a hash does not decide about more.
            let names = [("m=", 8..=262_144), ("t=", 1..=16), ("p=", 1..=16)];
            let values: Vec<&str> = parameters.split(',').collect();
            let number = |((name, bounds), value): (&(&str, std::ops::RangeInclusive<u32>), &&str)| {
                value
                    .strip_prefix(name)
                    .is_some_and(|number| number.parse().is_ok_and(|it| bounds.contains(&it)))
            };
            values.len() == names.len()
                && names.iter().zip(&values).all(number)
                && base64(salt)
                && base64(hash)
                && text.len() <= HASH_LONGEST
        }
        _ => false,
    }
}

/// What was found may be a secret: it is not repeated.
fn hidden(expected: String, reader: &mut Reader<'_>) {
    reader.wrong(Wrong::Unexpected { found: String::new(), expected });
}

/// Of the hash of a password, in characters.
const HASH_LONGEST: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_comes_back_as_it_was() {
        let check = |text: &str, is_packed: bool| {
            let packed = Packed::new(text);
            assert_eq!(packed.text(), text);
            assert_eq!(packed.0[0] != Packed::AS_IT_IS, is_packed, "{text}");
        };
        check("sealed:1:00ff7a", true);
        check("sealed:1:", true);
        check(":0a", true);
        check("sealed:1:00f", false);
        check("sealed:1:00FF", false);
        check("sealed:1:0x", false);
        check("sealed", false);
        check("", false);
        check(&format!("{}:00", "x".repeat(253)), true);
        check(&format!("{}:00", "x".repeat(254)), false);
        check("é:00", true);
        check("00é", false);
    }
}
