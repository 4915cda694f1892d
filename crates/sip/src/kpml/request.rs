//! What a peer wants to be told: a `kpml-request` (RFC 4730 §5.2).
//!
//! Keys of an answered call are told one by one, so a pattern is one key: a key, `x` for a digit, or a choice in brackets. Patterns of
//! several keys, which only make sense of a number, are a document that is not served (501).
//!
//! It is read with the pieces of `report`: a reader of all XML refuses a prefix that is not declared, and such documents are
//! taken here.

use super::report::{DOCUMENT_BYTES, TagEnd, attributes, name, prolog};

/// A request that can be served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    persist: Persist,
    flushes: bool,
    patterns: Vec<Pattern>,
}

/// How long a request holds (RFC 4730 §5.2, `persist`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Persist {
    /// Until the first key that it wants.
    OneShot,
    /// As long as the subscription; one key is told, and the next one after a further SUBSCRIBE.
    SingleNotify,
    /// As long as the subscription.
    Persist,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Pattern {
    /// A bit for each of [`KEYS`].
    keys: u16,
    /// What the peer calls it, as text of XML.
    tag: Box<str>,
}

impl Wanted {
    /// Reads a document, or says with which code of RFC 4730 §6 it is refused.
    ///
    /// # Errors
    /// 501 when it is no such document or has a pattern that is not served, 534 when it has too many.
    pub fn parse(document: &[u8]) -> Result<Wanted, u16> {
        read(document).unwrap_or(Err(BAD_DOCUMENT))
    }

    /// How long it holds.
    pub const fn persist(&self) -> Persist {
        self.persist
    }

    /// Whether what was pressed before the request is of no interest (RFC 4730 §5.2, `flush`).
    pub const fn flushes(&self) -> bool {
        self.flushes
    }

    /// The tag of the pattern that wants a key, empty when it has none; `None` when nobody wants it.
    pub fn tag_of(&self, key: char) -> Option<&str> {
        let bit = bit_of(key)?;
        self.patterns.iter().find(|pattern| pattern.keys & bit != 0).map(|pattern| &*pattern.tag)
    }
}

fn read(document: &[u8]) -> Option<Result<Wanted, u16>> {
    if document.len() > DOCUMENT_BYTES {
        return None;
    }
    let text = std::str::from_utf8(document).ok()?;
    let mut rest = prolog(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    let mut persist = Persist::OneShot;
    let mut flushes = false;
    let mut patterns = Vec::new();
    let mut depth = 0;
    loop {
        let element = Element::read(rest)?;
        if depth == 0 && element.name != "kpml-request" {
            return None;
        }
        match element.name {
            "pattern" if element.form != Form::Closes => persist = persist_of(element.persist)?,
            "flush" if element.form == Form::Opens => {
                let (value, _) = element.rest.split_once('<')?;
                flushes = value.trim_ascii() == "yes";
            }
            "regex" if patterns.len() >= PATTERNS_MAX => return Some(Err(TOO_MANY)),
            "regex" if element.form == Form::Opens => {
                let (pattern, _) = element.rest.split_once('<')?;
                patterns.push(Pattern { keys: keys_of(pattern.trim_ascii())?, tag: element.tag.into() });
            }
            "regex" if element.form == Form::Whole => return None,
            _ => {}
        }
        depth += match element.form {
            Form::Opens => 1,
            Form::Closes => -1,
            Form::Whole => 0,
        };
        if depth <= 0 {
            let complete = prolog(element.rest)?.is_empty() && !patterns.is_empty();
            return complete.then_some(Ok(Wanted { persist, flushes, patterns }));
        }
        let (_, next) = element.rest.split_at(element.rest.find('<')?);
        rest = prolog(next)?;
    }
}

/// A tag of a document.
struct Element<'t> {
    name: &'t str,
    form: Form,
    persist: &'t str,
    tag: &'t str,
    /// What stands behind it.
    rest: &'t str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Opens,
    Closes,
    Whole,
}

impl<'t> Element<'t> {
    fn read(text: &'t str) -> Option<Element<'t>> {
        let text = text.strip_prefix('<')?;
        if let Some(text) = text.strip_prefix('/') {
            let (whole, rest) = name(text)?;
            let rest = rest.trim_ascii_start().strip_prefix('>')?;
            return Some(Element { name: local(whole), form: Form::Closes, persist: "", tag: "", rest });
        }
        let (whole, rest) = name(text)?;
        let (mut persist, mut tag) = ("", "");
        let (end, rest) = attributes(rest, |attribute, value| {
            match attribute {
                "persist" => persist = value,
                // What would have to be quoted anew is left out; a tag is for the peer alone.
                "tag" if value.len() <= TAG_BYTES && !value.contains('"') => tag = value,
                _ => {}
            }
            Some(())
        })?;
        let form = match end {
            TagEnd::Content => Form::Opens,
            TagEnd::Empty => Form::Whole,
        };
        Some(Element { name: local(whole), form, persist, tag, rest })
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn persist_of(word: &str) -> Option<Persist> {
    match word {
        "" | "one-shot" => Some(Persist::OneShot),
        "single-notify" => Some(Persist::SingleNotify),
        "persist" => Some(Persist::Persist),
        _ => None,
    }
}

/// The keys that a pattern of one key takes (RFC 4730 §5.1).
fn keys_of(pattern: &str) -> Option<u16> {
    let pattern = pattern.strip_suffix("{1}").unwrap_or(pattern);
    let Some(choice) = pattern.strip_prefix('[') else {
        let mut letters = pattern.chars();
        let keys = class_of(letters.next()?)?;
        return letters.next().is_none().then_some(keys);
    };
    let choice = choice.strip_suffix(']')?;
    let (choice, inverse) = choice.strip_prefix('^').map_or((choice, false), |choice| (choice, true));
    let mut keys = 0;
    let mut letters = choice.chars().peekable();
    while let Some(letter) = letters.next() {
        if letters.next_if_eq(&'-').is_some() {
            let (from, to) = (bit_of(letter)?, bit_of(letters.next()?)?);
            let is_range = from <= to && (to <= DIGITS || from > DIGITS);
            keys |= if is_range { (to | (to - 1)) & !(from - 1) } else { return None };
        } else {
            keys |= class_of(letter)?;
        }
    }
    let keys = if inverse { !keys } else { keys };
    (keys != 0).then_some(keys)
}

fn class_of(letter: char) -> Option<u16> {
    match letter {
        'x' | 'X' => Some(DIGITS | (DIGITS - 1)),
        // Cisco's own; nobody presses it during a call.
        '+' => Some(0),
        letter => bit_of(letter),
    }
}

fn bit_of(key: char) -> Option<u16> {
    let at = KEYS.iter().position(|known| char::from(*known) == key.to_ascii_uppercase())?;
    Some(1 << at)
}

/// In the order of their bits.
const KEYS: &[u8; 16] = b"0123456789*#ABCD";
/// The bit of 9, the last digit.
const DIGITS: u16 = 1 << 9;
const BAD_DOCUMENT: u16 = 501;
const TOO_MANY: u16 = 534;
/// Patterns in one document.
const PATTERNS_MAX: usize = 16;
const TAG_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kpml::Form;

    fn request(persist: &str, regexes: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><kpml-request xmlns=\"urn:ietf:params:xml:ns:kpml-request\" version=\"1.0\">\
             <stream><reverse/></stream><pattern{persist}><flush>yes</flush>{regexes}</pattern></kpml-request>\r\n"
        )
    }

    #[test]
    fn a_request_says_which_keys_are_wanted() {
        let check = |persist: &str, regexes: &str, expect: (Persist, &str)| {
            let wanted = Wanted::parse(request(persist, regexes).as_bytes()).unwrap();
            let keys: String =
                "0123456789*#ABCD".chars().filter(|key| wanted.tag_of(*key).is_some()).collect();
            assert_eq!((wanted.persist(), &*keys), expect, "{persist} {regexes}");
        };
        check("", "<regex>x</regex>", (Persist::OneShot, "0123456789"));
        check(" persist=\"one-shot\"", "<regex> [x*#ABCD] </regex>", (Persist::OneShot, "0123456789*#ABCD"));
        check(" persist='persist' interdigittimer=\"5000\"", "<regex>*</regex>", (Persist::Persist, "*"));
        check(
            " persist=\"single-notify\"",
            "<regex tag=\"a\">[2-4#]</regex><k:regex tag=\"b\">D{1}</k:regex>",
            (Persist::SingleNotify, "234#D"),
        );
        check(" persist=\"persist\"", "<regex>[^0-9A-C]</regex>", (Persist::Persist, "*#D"));
        for form in [crate::kpml::Form::WithPlus, Form::Plain, Form::OneShot] {
            let wanted = Wanted::parse(form.document().as_bytes()).unwrap();
            assert_eq!(wanted.tag_of('#'), Some("key"), "our own request is understood");
        }
    }

    #[test]
    fn what_is_not_served_is_refused() {
        let check = |document: &str, expect: u16| {
            assert_eq!(Wanted::parse(document.as_bytes()), Err(expect), "{document}");
        };
        for document in [
            "",
            "<",
            "<kpml-request/>",
            "<kpml-request></kpml-request>",
            "<pattern><regex>x</regex></pattern>",
        ] {
            check(document, 501);
        }
        for regex in
            ["xx", "x.", "x{2}", "[x", "[z]", "", "9-1", "[9-1]", "[9-*]", "Lx", "[]", "[+]", "&#49;"]
        {
            check(&request("", &format!("<regex>{regex}</regex>")), 501);
        }
        check(&request(" persist=\"ever\"", "<regex>x</regex>"), 501);
        check(&request("", "<regex/>"), 501);
        check(&request(" persist=\"persist\"version=\"1.0\"", "<regex>x</regex>"), 501);
        check(&request("", &"<regex>x</regex>".repeat(17)), 534);
        check(&(request("", "<regex>x</regex>") + "<more/>"), 501);
        check(&format!("<!DOCTYPE a>{}", request("", "<regex>x</regex>")), 501);
        let whole = request("", "<regex tag=\"a\">x</regex>");
        for length in 0..whole.trim_end().len() {
            assert!(Wanted::parse(&whole.as_bytes()[..length]).is_err(), "{length}");
        }
        assert_eq!(Wanted::parse(&[b' '; 5000]), Err(501));
    }
}
