//! Text in documents.

/// Text as it stands in an element or attribute; what XML 1.0 §2.2 has no character for is left out.
pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '"' => out.extend_from_slice(b"&quot;"),
            '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => {
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => {}
        }
    }
}

/// ` name="value"`.
pub(crate) fn attribute(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    text(out, value);
    out.push(b'"');
}

/// `sip:number@domain`.
pub(crate) fn address(out: &mut Vec<u8>, number: &str, domain: &str) {
    let mut uri = Vec::with_capacity(number.len() + domain.len() + 8);
    uri.extend_from_slice(b"sip:");
    let (user, host) = crate::write::user_at_host(number).unwrap_or((number, domain));
    crate::write::escaped_user(&mut uri, user);
    uri.push(b'@');
    uri.extend_from_slice(host.as_bytes());
    text(out, &String::from_utf8_lossy(&uri));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_written_ends_an_element_or_is_no_character() {
        let check = |given: &str, expect: &str| {
            let mut out = Vec::new();
            text(&mut out, given);
            assert_eq!(String::from_utf8(out).unwrap(), expect);
        };
        check("a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c'");
        check("Zoë \u{1f600}", "Zoë \u{1f600}");
        check("x\u{0}\u{8}\u{b}\u{1f}\u{fffe}y", "xy");
    }
}
