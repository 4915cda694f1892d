//! Keys of a number that a phone tells one by one: the event package `kpml` (RFC 4730), the side that wants to know.
//!
//! [`machine`] knows states and time, [`report`] reads what a phone tells; the leg of the caller uses both. Digits need no
//! suppression here: while a number is dialled there is no media that they could be heard in.

pub mod machine;
pub mod report;

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

/// Media type of [`Form::document`].
pub const REQUEST: &str = "application/kpml-request+xml";
/// Media type of what [`report::Report::parse`] reads.
pub const RESPONSE: &str = "application/kpml-response+xml";
