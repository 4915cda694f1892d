//! Contact: where somebody can be reached (RFC 3261 §20.10, RFC 5626 §4).

use super::{NameAddr, is_word, number, number32, text};
use crate::uri::Uri;

/// One element of Contact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Contact<'b> {
    /// As written.
    pub address: NameAddr<'b>,
    /// Its URI.
    pub uri: Uri<'b>,
    /// Values of the parameters that a registrar needs, found in one pass.
    expires: Option<&'b [u8]>,
    q: Option<&'b [u8]>,
    instance: Option<&'b [u8]>,
    reg_id: Option<&'b [u8]>,
}

impl<'b> Contact<'b> {
    /// Reads one element; `None` for `*` and for what is no address with a URI and parameters in order.
    pub fn parse(value: &'b [u8]) -> Option<Self> {
        let address = NameAddr::parse(value)?;
        let uri = Uri::parse(address.uri).ok()?;
        let mut contact = Contact { address, uri, expires: None, q: None, instance: None, reg_id: None };
        for parameter in address.parameters.parts() {
            if !parameter.is_well_formed() {
                return None;
            }
            let name = parameter.name;
            let place = match name.len() {
                1 if is_word(name, b"q") => &mut contact.q,
                6 if is_word(name, b"reg-id") => &mut contact.reg_id,
                7 if is_word(name, b"expires") => &mut contact.expires,
                13 if is_word(name, b"+sip.instance") => &mut contact.instance,
                _ => continue,
            };
            place.get_or_insert(parameter.value.unwrap_or_default());
        }
        Some(contact)
    }

    /// The `expires` parameter as it is written.
    pub const fn expires_value(&self) -> Option<&'b [u8]> {
        self.expires
    }

    /// Seconds that it wants to be registered; `None` when it does not say or cannot be read (RFC 3261 §20.10).
    pub fn expires(&self) -> Option<u64> {
        number(self.expires?)
    }

    /// Preference in thousandths, 0 to 1000; what cannot be read counts as 1000.
    pub fn preference(&self) -> u16 {
        self.q.map_or(1000, thousandths)
    }

    /// The `+sip.instance` without quotes and angle brackets.
    pub fn instance(&self) -> Option<&'b str> {
        let value = text(self.instance?).trim_matches('"');
        Some(value.strip_prefix('<').and_then(|value| value.strip_suffix('>')).unwrap_or(value))
    }

    /// The `reg-id` of an outbound flow.
    pub fn reg_id(&self) -> Option<u32> {
        number32(self.reg_id?)
    }
}

/// `0.5` as 500 (RFC 3261 §25.1, qvalue).
fn thousandths(value: &[u8]) -> u16 {
    let (whole, fraction) = match value {
        [whole @ (b'0' | b'1')] => (whole, &b""[..]),
        [whole @ (b'0' | b'1'), b'.', fraction @ ..] if fraction.len() <= 3 => (whole, fraction),
        _ => return 1000,
    };
    let Some(digits) = fraction
        .iter()
        .chain(b"000")
        .take(3)
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u16::from(byte - b'0')))
    else {
        return 1000;
    };
    (u16::from(whole - b'0') * 1000 + digits).min(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_tells_what_a_registrar_needs() {
        let value =
            b"\"A\" <sip:a@192.0.2.1:5070;ob>;expires=60;q=0.7;+sip.instance=\"<urn:uuid:1>\";reg-id=1";
        let contact = Contact::parse(value).unwrap();
        assert_eq!((contact.expires(), contact.preference(), contact.reg_id()), (Some(60), 700, Some(1)));
        assert_eq!(contact.instance(), Some("urn:uuid:1"));
        assert_eq!(contact.uri.port(), Some(5070));
        assert_eq!(Contact::parse(b"*"), None);
        assert_eq!(Contact::parse(b"<sip:a@h>;;"), None);
    }

    #[test]
    fn preferences_are_read_in_thousandths() {
        let check = |q: &str, expect: u16| assert_eq!(thousandths(q.as_bytes()), expect, "{q}");
        check("0", 0);
        check("0.33", 330);
        check("0.", 0);
        check("1.000", 1000);
        check("1.5", 1000);
        check("0.1234", 1000);
        check("0.x", 1000);
        check("", 1000);
    }
}
