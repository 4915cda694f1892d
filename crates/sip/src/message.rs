//! SIP messages, read in place.
//!
//! [`Message`] borrows from the buffer that the packet came in: a table of spans, no copies, no heap for ordinary
//! messages. Unknown headers stay where they are, in order, and can be copied line by line.

mod name;
mod parse;
mod views;

pub use name::HeaderName;
pub use parse::ParseError;

use parse::Table;

use crate::header::{NameAddr, Via};
use crate::uri::Uri;

/// A request or response.
#[derive(Debug)]
pub struct Message<'b> {
    bytes: &'b [u8],
    start: StartLine<'b>,
    table: Table,
    body: &'b [u8],
    /// Bytes that Content-Length promised and the datagram does not hold.
    missing: usize,
    routing: Routing<'b>,
}

/// What every message is looked at for several times, read once.
#[derive(Clone, Copy, Debug, Default)]
struct Routing<'b> {
    via: Option<Via<'b>>,
    from: Option<NameAddr<'b>>,
    from_tag: &'b str,
    to: Option<NameAddr<'b>>,
    to_tag: &'b str,
    call_id: &'b str,
    cseq: Option<(u32, Method<'b>)>,
    from_uri: Option<Uri<'b>>,
    to_uri: Option<Uri<'b>>,
    request_uri: Option<Uri<'b>>,
}

impl<'b> Routing<'b> {
    fn of(message: &Message<'b>) -> Self {
        let from = message.first(HeaderName::From).and_then(NameAddr::parse);
        let to = message.first(HeaderName::To).and_then(NameAddr::parse);
        Routing {
            via: message.values(HeaderName::Via).next().and_then(Via::parse),
            from,
            from_tag: from.map(|from| from.tag()).unwrap_or_default(),
            to,
            to_tag: to.map(|to| to.tag()).unwrap_or_default(),
            call_id: crate::write::value_text(message.first(HeaderName::CallId)),
            cseq: message.first(HeaderName::CSeq).and_then(read_cseq),
            from_uri: from.and_then(|from| Uri::parse(from.uri).ok()),
            to_uri: to.and_then(|to| Uri::parse(to.uri).ok()),
            request_uri: match message.start {
                StartLine::Request { uri, .. } => Uri::parse(uri.as_bytes()).ok(),
                StartLine::Response { .. } => None,
            },
        }
    }
}

/// Number and method of CSeq.
fn read_cseq(value: &[u8]) -> Option<(u32, Method<'_>)> {
    let mut parts = value.split(u8::is_ascii_whitespace).filter(|part| !part.is_empty());
    let number = crate::header::number32(parts.next()?)?;
    let method = std::str::from_utf8(parts.next()?).ok()?;
    parts.next().is_none().then_some((number, Method::new(method)))
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
        self.all(name).flat_map(crate::header::elements)
    }

    /// How many lines a header has.
    pub fn count(&self, name: HeaderName) -> usize {
        self.table.count(name)
    }
}
