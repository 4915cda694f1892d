//! What a phone tells: a `kpml-response` (RFC 4730 §5.3).
//!
//! The document is one element without content, so a reader of XML is not needed; what is not such a document is refused
//! as a whole, and so is what only a reader of all XML could understand: document types and references.

/// A report of keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Report<'b> {
    /// What happened (RFC 4730 §6).
    pub code: u16,
    /// Keys that were pressed: `0`-`9`, `*`, `#`, `A`-`D`, `+`.
    pub digits: &'b str,
}

/// Bytes of a document that is looked at; phones send some hundred.
pub(super) const DOCUMENT_BYTES: usize = 4096;
/// Keys in one report; one is asked for at a time.
const DIGITS: usize = 64;
/// Attributes of an element; RFC 4730 has seven.
const ATTRIBUTES: usize = 32;

impl<'b> Report<'b> {
    /// Reads a document; `None` when it is no report.
    pub fn parse(document: &'b [u8]) -> Option<Report<'b>> {
        if document.len() > DOCUMENT_BYTES {
            return None;
        }
        let text = std::str::from_utf8(document).ok()?;
        let text = prolog(text.strip_prefix('\u{feff}').unwrap_or(text))?;
        let (name, rest) = name(text.strip_prefix('<')?)?;
        if name.rsplit(':').next() != Some("kpml-response") {
            return None;
        }
        let (mut code, mut digits) = (None, None);
        let (end, after) = attributes(rest, |attribute, value| {
            let known = match attribute {
                "code" => &mut code,
                "digits" => &mut digits,
                _ => return Some(()),
            };
            known.replace(value).is_none().then_some(())
        })?;
        let after = match end {
            TagEnd::Empty => after,
            TagEnd::Content => {
                let after = prolog(after)?.strip_prefix("</")?.strip_prefix(name)?.trim_ascii_start();
                after.strip_prefix('>')?
            }
        };
        finish(after, code, digits)
    }
}

fn finish<'b>(after: &str, code: Option<&str>, digits: Option<&'b str>) -> Option<Report<'b>> {
    if !prolog(after)?.is_empty() {
        return None;
    }
    let code = code.filter(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()))?;
    let digits = digits.unwrap_or_default();
    let keys = |key| matches!(key, b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D' | b'+');
    let readable = digits.len() <= DIGITS && digits.bytes().all(keys);
    readable.then_some(Report { code: code.parse().ok()?, digits })
}

/// Skips white space, comments, and the XML declaration with all other processing instructions.
pub(super) fn prolog(mut text: &str) -> Option<&str> {
    loop {
        text = text.trim_ascii_start();
        if let Some(comment) = text.strip_prefix("<!--") {
            text = comment.split_once("-->")?.1;
        } else if let Some(instruction) = text.strip_prefix("<?") {
            text = instruction.split_once("?>")?.1;
        } else {
            return Some(text);
        }
    }
}

/// A name and what follows it.
pub(super) fn name(text: &str) -> Option<(&str, &str)> {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    let end = text.bytes().position(|byte| !part(byte))?;
    (end > 0).then(|| text.split_at(end))
}

/// How a tag that opens an element ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TagEnd {
    /// With `>`: content follows.
    Content,
    /// With `/>`.
    Empty,
}

/// Takes the attributes of a tag one by one to its end; how it ends, and what follows. `None` when it is no tag, has too many
/// attributes, or one is refused.
pub(super) fn attributes<'t>(
    mut rest: &'t str,
    mut take: impl FnMut(&'t str, &'t str) -> Option<()>,
) -> Option<(TagEnd, &'t str)> {
    for _ in 0..ATTRIBUTES {
        let next = rest.trim_ascii_start();
        if let Some(after) = next.strip_prefix("/>") {
            return Some((TagEnd::Empty, after));
        }
        if let Some(after) = next.strip_prefix('>') {
            return Some((TagEnd::Content, after));
        }
        // Attributes are divided by white space (XML 1.0 §3.1).
        if next.len() == rest.len() {
            return None;
        }
        let (name, value, after) = attribute(next)?;
        take(name, value)?;
        rest = after;
    }
    None
}

/// `name="value"`, in either quotes: name, value, and what follows.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = name(text)?;
    let rest = rest.trim_ascii_start().strip_prefix('=')?.trim_ascii_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, rest) = rest.get(1..)?.split_once(quote)?;
    (!value.contains('<')).then_some((name, value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_read() {
        let check = |document: &str, code: u16, digits: &str| {
            assert_eq!(Report::parse(document.as_bytes()), Some(Report { code, digits }), "{document}");
        };
        // As a Cisco gateway sends it.
        check(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><kpml-response version=\"1.0\" code=\"200\" text=\"OK\" \
             digits=\"1\" tag=\"dtmf\"/>",
            200,
            "1",
        );
        check(
            "<?xml version=\"1.0\"?>\r\n<kpml-response xmlns=\"urn:ietf:params:xml:ns:kpml-response\"\r\n version=\"1.0\"\
             \r\n code=\"200\" text=\"OK\"\r\n digits=\"*#ABCD+0\"\r\n forced_flush=\"false\"></kpml-response>\r\n",
            200,
            "*#ABCD+0",
        );
        check("<kpml-response code='423' text='Timer Expired'/>", 423, "");
        check(
            "<k:kpml-response code = \"402\" digits = '19'> <!-- no more --> </k:kpml-response >",
            402,
            "19",
        );
        check("\u{feff}<!-- a --><kpml-response text=\"a &amp; b > c\" code=\"487\" digits=\"\" />", 487, "");
    }

    #[test]
    fn anything_else_is_refused() {
        for document in [
            "",
            "<",
            "<kpml-response",
            "<kpml-response/>",
            "<kpml-response code=\"200\"",
            "<kpml-response code=\"200\">",
            "<kpml-response code=\"200\"></kpml-request>",
            "<kpml-response code=\"200\">1</kpml-response>",
            "<kpml-response code=\"200\"/><kpml-response code=\"200\"/>",
            "<kpml-request code=\"200\"/>",
            "<kpml-response code=\"200\" code=\"200\"/>",
            "<kpml-response code=\"200\"digits=\"1\"/>",
            "<kpml-response code=\"20\"/>",
            "<kpml-response code=\"2000\"/>",
            "<kpml-response code=\"-20\"/>",
            "<kpml-response code=200/>",
            "<kpml-response code=\"200'/>",
            "<kpml-response code=\"200\" digits=\"bs\"/>",
            "<kpml-response code=\"200\" digits=\"&#49;\"/>",
            "<kpml-response code=\"200\" digits=\"\u{661}\"/>",
            "<kpml-response code=\"200\" text=\"<\"/>",
            "<!DOCTYPE a [<!ENTITY b \"1\">]><kpml-response code=\"200\"/>",
            "<!-- <kpml-response code=\"200\"/>",
            "<?xml <kpml-response code=\"200\"/>",
        ] {
            assert_eq!(Report::parse(document.as_bytes()), None, "{document}");
        }
        assert_eq!(Report::parse(b"<kpml-response code=\"200\" text=\"\xff\"/>"), None);
        let long = |digits: usize| format!("<kpml-response code=\"200\" digits=\"{}\"/>", "1".repeat(digits));
        assert!(Report::parse(long(64).as_bytes()).is_some());
        assert_eq!(Report::parse(long(65).as_bytes()), None);
        let padded = |spaces: usize| format!("{}<kpml-response code=\"200\"/>", " ".repeat(spaces));
        assert!(Report::parse(padded(4000).as_bytes()).is_some());
        assert_eq!(Report::parse(padded(4096).as_bytes()), None);
    }
}
