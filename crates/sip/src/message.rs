//! SIP messages, read in place.
//!
//! [`Message`] borrows from the buffer that the packet came in: a table of spans, no copies, no heap for ordinary
//! messages. Unknown headers stay where they are, in order, and can be copied line by line.

mod lists;
mod name;
mod parse;
mod table;
mod views;

pub use lists::{Contacts, EventPackage, SubscriptionState};
pub use name::HeaderName;
pub(crate) use name::NameSet;
pub use parse::ParseError;
pub(crate) use parse::header_line;

use std::str;

use table::Table;

use crate::header::{Contact, NameAddr, Via, is_word};
use crate::uri::Uri;

/// A request or response.
#[derive(Debug)]
pub struct Message<'b> {
    bytes: &'b [u8],
    start: StartLine<'b>,
    table: Table,
    /// The header lines as text, when all of them are UTF-8: then no single value has to be looked at again.
    text: Option<&'b str>,
    body: &'b [u8],
    /// Bytes that Content-Length promised and the datagram does not hold.
    missing: usize,
    routing: Routing<'b>,
}

/// What every message is looked at for several times, read once.
#[derive(Clone, Copy, Debug)]
struct Routing<'b> {
    via: Option<Via<'b>>,
    from: Option<Address<'b>>,
    to: Option<Address<'b>>,
    call_id: &'b str,
    cseq: Option<(u32, Method<'b>)>,
    request_uri: Option<Uri<'b>>,
    /// What Contact says as a whole, and its first element when it is an address.
    contacts: Contacts,
    contact: Option<Contact<'b>>,
}

/// From or To.
#[derive(Clone, Copy, Debug)]
struct Address<'b> {
    address: NameAddr<'b>,
    tag: &'b str,
    uri: Option<Uri<'b>>,
    /// All parameters are in order and the whole value is UTF-8.
    well_formed: bool,
}

impl<'b> Routing<'b> {
    const EMPTY: Routing<'b> = Routing {
        via: None,
        from: None,
        to: None,
        call_id: "",
        cseq: None,
        request_uri: None,
        contacts: Contacts::None,
        contact: None,
    };

    fn of(message: &Message<'b>) -> Self {
        let (contacts, contact) = lists::read_contacts(message);
        Routing {
            via: message.values(HeaderName::Via).next().and_then(Via::parse),
            from: Address::of(message, HeaderName::From),
            to: Address::of(message, HeaderName::To),
            call_id: message.text_of(HeaderName::CallId),
            cseq: message.first(HeaderName::CSeq).and_then(|value| read_cseq(message, value)),
            request_uri: match message.start {
                StartLine::Request { uri, .. } => Uri::parse(uri.as_bytes()).ok(),
                StartLine::Response { .. } => None,
            },
            contacts,
            contact,
        }
    }
}

impl<'b> Address<'b> {
    fn of(message: &Message<'b>, name: HeaderName) -> Option<Self> {
        let value = message.first(name)?;
        let address = NameAddr::parse(value)?;
        let mut tag = "";
        let mut well_formed = message.text.is_some() || str::from_utf8(value).is_ok();
        for parameter in address.parameters.parts() {
            well_formed &= parameter.is_well_formed();
            if is_word(parameter.name, b"tag") && tag.is_empty() {
                tag = message.text(parameter.value.unwrap_or_default());
            }
        }
        Some(Address { address, tag, uri: Uri::parse(address.uri).ok(), well_formed })
    }
}

/// Number and method of CSeq.
fn read_cseq<'b>(message: &Message<'b>, value: &'b [u8]) -> Option<(u32, Method<'b>)> {
    let digits = value.iter().position(|byte| !byte.is_ascii_digit())?;
    let number = crate::header::number32(value.get(..digits)?)?;
    let rest = value.get(digits..)?;
    let method = rest.trim_ascii_start();
    let separated =
        method.len() < rest.len() && method.iter().all(|byte| crate::header::is_token_byte(*byte));
    separated.then(|| (number, Method::new(message.text(method))))
}

/// The first line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartLine<'b> {
    /// Request-Line (RFC 3261 §7.1).
    Request {
        /// The method.
        method: Method<'b>,
        /// The Request-URI as written.
        uri: &'b str,
    },
    /// Status-Line (RFC 3261 §7.2).
    Response {
        /// 100 to 699.
        status: u16,
        /// The reason phrase as written; may be empty or not UTF-8.
        reason: &'b [u8],
    },
}

/// A method as it stands in a message; methods are case-sensitive (RFC 3261 §7.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Method<'b> {
    kind: MethodKind,
    text: &'b str,
}

impl<'b> Method<'b> {
    /// The method with this token.
    pub fn new(text: &'b str) -> Self {
        let kind = match text {
            "INVITE" => MethodKind::Invite,
            "ACK" => MethodKind::Ack,
            "BYE" => MethodKind::Bye,
            "CANCEL" => MethodKind::Cancel,
            "REGISTER" => MethodKind::Register,
            "OPTIONS" => MethodKind::Options,
            "PRACK" => MethodKind::Prack,
            "UPDATE" => MethodKind::Update,
            "INFO" => MethodKind::Info,
            "REFER" => MethodKind::Refer,
            "NOTIFY" => MethodKind::Notify,
            "SUBSCRIBE" => MethodKind::Subscribe,
            "MESSAGE" => MethodKind::Message,
            "PUBLISH" => MethodKind::Publish,
            _ => MethodKind::Other,
        };
        Method { kind, text }
    }

    /// Which one it is.
    pub const fn kind(self) -> MethodKind {
        self.kind
    }

    /// The token.
    pub const fn as_str(self) -> &'b str {
        self.text
    }
}

/// The methods that are known, and all others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MethodKind {
    /// RFC 3261 §13.
    Invite,
    /// RFC 3261 §13.
    Ack,
    /// RFC 3261 §15.
    Bye,
    /// RFC 3261 §9.
    Cancel,
    /// RFC 3261 §10.
    Register,
    /// RFC 3261 §11.
    Options,
    /// RFC 3262.
    Prack,
    /// RFC 3311.
    Update,
    /// RFC 6086.
    Info,
    /// RFC 3515.
    Refer,
    /// RFC 6665.
    Notify,
    /// RFC 6665.
    Subscribe,
    /// RFC 3428.
    Message,
    /// RFC 3903.
    Publish,
    /// Any other token.
    Other,
}

impl MethodKind {
    /// The token; empty for `Other`.
    pub const fn as_str(self) -> &'static str {
        match self {
            MethodKind::Invite => "INVITE",
            MethodKind::Ack => "ACK",
            MethodKind::Bye => "BYE",
            MethodKind::Cancel => "CANCEL",
            MethodKind::Register => "REGISTER",
            MethodKind::Options => "OPTIONS",
            MethodKind::Prack => "PRACK",
            MethodKind::Update => "UPDATE",
            MethodKind::Info => "INFO",
            MethodKind::Refer => "REFER",
            MethodKind::Notify => "NOTIFY",
            MethodKind::Subscribe => "SUBSCRIBE",
            MethodKind::Message => "MESSAGE",
            MethodKind::Publish => "PUBLISH",
            MethodKind::Other => "",
        }
    }
}

/// One header line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header<'b> {
    /// Which header it is.
    pub name: HeaderName,
    /// The name as written.
    pub raw_name: &'b [u8],
    /// The value without the white space around it; folds are still in it.
    pub value: &'b [u8],
    /// The whole line with its folds and line end.
    pub line: &'b [u8],
}

impl<'b> Message<'b> {
    /// The first line.
    pub const fn start(&self) -> StartLine<'b> {
        self.start
    }

    /// The body: as long as Content-Length says, or all that follows when there is none.
    pub const fn body(&self) -> &'b [u8] {
        self.body
    }

    /// Bytes of the body that did not arrive.
    pub const fn missing_bytes(&self) -> usize {
        self.missing
    }

    /// All header lines, in order.
    pub fn headers(&self) -> impl Iterator<Item = Header<'b>> {
        let bytes = self.bytes;
        self.table.entries().map(move |entry| entry.header(bytes))
    }

    /// The value of the first line of a header.
    pub fn first(&self, name: HeaderName) -> Option<&'b [u8]> {
        self.table.first(name).map(|entry| entry.value(self.bytes))
    }

    /// The value of each line of a header.
    pub fn all(&self, name: HeaderName) -> impl Iterator<Item = &'b [u8]> {
        let bytes = self.bytes;
        self.table.all(name).map(move |entry| entry.value(bytes))
    }

    /// The elements of a header that may hold several in a line, separated by commas (RFC 3261 §7.3.1).
    pub fn values(&self, name: HeaderName) -> impl Iterator<Item = &'b [u8]> {
        let mut lines = self.all(name);
        let mut rest = None;
        std::iter::from_fn(move || {
            let (element, after) = crate::header::element(rest.or_else(|| lines.next())?);
            rest = after;
            Some(element)
        })
    }

    /// How many lines a header has.
    pub fn count(&self, name: HeaderName) -> usize {
        self.table.all(name).count()
    }

    /// The value of a header as text; empty when it is not there or not UTF-8.
    #[inline]
    pub fn text_of(&self, name: HeaderName) -> &'b str {
        self.first(name).map(|value| self.text(value)).unwrap_or_default()
    }

    /// Each line of a header, and the same as it stands in the message when it has no folds.
    pub(crate) fn lines(&self, name: HeaderName) -> impl Iterator<Item = (&'b [u8], Option<&'b [u8]>)> {
        let bytes = self.bytes;
        self.table.all(name).map(move |entry| (entry.value(bytes), entry.plain_line(bytes)))
    }

    /// Headers that are there.
    pub(crate) const fn names(&self) -> NameSet {
        self.table.seen()
    }

    /// Headers that are there more than once.
    pub(crate) const fn repeated_names(&self) -> NameSet {
        self.table.repeated()
    }

    /// Whether From and To are addresses with URIs, parameters in order, and UTF-8.
    pub(crate) fn addresses_are_well_formed(&self) -> bool {
        [self.routing.from, self.routing.to]
            .iter()
            .all(|address| address.is_some_and(|address| address.well_formed && address.uri.is_some()))
    }

    /// A part of a header line as text; empty when it is not UTF-8.
    fn text(&self, part: &'b [u8]) -> &'b str {
        let Some(text) = self.text else { return str::from_utf8(part).unwrap_or_default() };
        // The text was checked as a whole: the part is found in it by its place.
        let from = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
        text.get(from..from.wrapping_add(part.len())).unwrap_or_default()
    }
}
