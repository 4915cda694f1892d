//! Keys that are told one by one: the event package `kpml` (RFC 4730), of a number that is dialled and of an answered call.
//!
//! Where we want to know, [`machine`] knows states and time, and [`report`] reads what a phone tells. Where the peer wants to know,
//! [`request`] reads what it wants. Digits need no suppression here: while a number is dialled there is no media that they could be
//! heard in, and in a call a device is asked only when it has no keys in its media.

pub mod machine;
pub mod report;
pub mod request;

use crate::write;

/// How a phone is asked for keys. What a phone does not take is asked in a simpler form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Every key, `+` with them, which is not in the DRegex of RFC 4730 §5.1 but dialled on Cisco phones.
    WithPlus,
    /// Every key that RFC 4730 knows.
    Plain,
    /// One key; the next is asked for when it came.
    OneShot,
}

/// The body of a request, in the shape that Cisco's gateways send and their phones read. The phone's own interdigit timer
/// is far longer than ours, which decides; the other two timers have the values of RFC 4730 §3.2.
macro_rules! request {
    ($persist:literal, $keys:literal) => {
        concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n",
            "<kpml-request xmlns=\"urn:ietf:params:xml:ns:kpml-request\" ",
            "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ",
            "xsi:schemaLocation=\"urn:ietf:params:xml:ns:kpml-request kpml-request.xsd\" version=\"1.0\">",
            "<pattern criticaldigittimer=\"1000\" extradigittimer=\"500\" interdigittimer=\"120000\" persist=\"",
            $persist,
            "\"><regex tag=\"key\">",
            $keys,
            "</regex></pattern></kpml-request>\r\n",
        )
    };
}

impl Form {
    /// The document that asks so (RFC 4730 §5.2).
    pub const fn document(self) -> &'static str {
        match self {
            Form::WithPlus => request!("persist", "[x*#ABCD+]"),
            Form::Plain => request!("persist", "[x*#ABCD]"),
            Form::OneShot => request!("one-shot", "[x*#ABCD]"),
        }
    }
}

/// Writes what is told to whoever wants to know: a key with the tag of the pattern that wanted it, or none (RFC 4730 §5.3).
pub(crate) fn write_report(out: &mut Vec<u8>, code: u16, key: Option<(char, &str)>) {
    out.extend_from_slice(
        b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<kpml-response xmlns=\"urn:ietf:params:xml:ns:kpml-response\" \
          version=\"1.0\" code=\"",
    );
    write::decimal(out, u64::from(code));
    out.extend_from_slice(b"\" text=\"");
    out.extend_from_slice(text_of(code));
    out.push(b'"');
    if let Some((key, tag)) = key {
        out.extend_from_slice(b" digits=\"");
        out.push(key as u8);
        out.push(b'"');
        if !tag.is_empty() {
            out.extend_from_slice(b" tag=\"");
            out.extend_from_slice(tag.as_bytes());
            out.push(b'"');
        }
    }
    out.extend_from_slice(b"/>\r\n");
}

/// The words of RFC 4730 §6 for the codes that are said here.
const fn text_of(code: u16) -> &'static [u8] {
    match code {
        200 => b"OK",
        487 => b"Subscription Exp",
        534 => b"Too Many Regular Expressions",
        _ => b"Bad Document",
    }
}

/// Media type of [`Form::document`].
pub const REQUEST: &str = "application/kpml-request+xml";
/// Media type of what [`report::Report::parse`] reads.
pub const RESPONSE: &str = "application/kpml-response+xml";
