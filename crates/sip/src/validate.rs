//! What must hold of a message before anything is done with it.

use strowger_base::net::Transport;

use crate::header::{Contact, Via, number};
use crate::message::{Contacts, HeaderName, Message, MethodKind, NameSet, StartLine};
use crate::uri::{Scheme, Uri};

/// Why a message is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The status that a request is answered with; a response is dropped.
    pub status: u16,
    /// What is wrong, for the operator and for the Warning header.
    pub problem: &'static str,
}

impl Refusal {
    /// Writes the headers that tell the peer what is wrong (RFC 3261 §20.43).
    pub fn write_headers(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"Warning: 399 strowger \"");
        out.extend_from_slice(self.problem.as_bytes());
        out.extend_from_slice(b"\"\r\n");
    }
}

/// Checks what RFC 3261 §8.1.1, §16.3 and §18.3 demand of every message.
///
/// # Errors
/// Names the status and the first problem that was found.
#[inline]
pub fn check(message: &Message<'_>, transport: Transport) -> Result<(), Refusal> {
    counts(message)?;
    content_length(message, transport)?;
    call_id(message)?;
    cseq(message)?;
    vias(message)?;
    if !message.addresses_are_well_formed() {
        return refuse(400, "From or To is malformed");
    }
    max_forwards(message)?;
    if message.contact_kind() == Contacts::Malformed {
        return refuse(400, "Contact is malformed");
    }
    routes(message)?;
    let invites = message.method_kind() == Some(MethodKind::Invite);
    if message.names().contains(HeaderName::Replaces) && message.status().is_none() && !invites {
        return refuse(400, "Replaces stands in a request that is no INVITE (RFC 3891 §3)");
    }
    if message.names().contains(HeaderName::Join) && message.status().is_none() && !invites {
        return refuse(400, "Join stands in a request that is no INVITE (RFC 3911 §4)");
    }
    match message.start() {
        StartLine::Request { .. } => request_uri(message.parsed_request_uri()),
        StartLine::Response { .. } => Ok(()),
    }
}

const fn refuse(status: u16, problem: &'static str) -> Result<(), Refusal> {
    Err(Refusal { status, problem })
}

/// Headers without which nothing can be answered (RFC 3261 §8.1.1). Max-Forwards is not among them: peers of
/// RFC 2543 do not send it.
const REQUIRED: NameSet =
    NameSet::of(&[HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq, HeaderName::Via]);

/// Headers that may stand once only (RFC 3261 §7.3.1, RFC 3262 §7, RFC 3515 §2.1, RFC 3891 §3, RFC 3911 §4, RFC 4028, RFC 6665).
const SINGLE: NameSet = NameSet::of(&[
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::Join,
    HeaderName::MaxForwards,
    HeaderName::ContentLength,
    HeaderName::ContentType,
    HeaderName::Expires,
    HeaderName::Event,
    HeaderName::MinExpires,
    HeaderName::MinSe,
    HeaderName::RAck,
    HeaderName::RSeq,
    HeaderName::ReferTo,
    HeaderName::Replaces,
    HeaderName::SessionExpires,
    HeaderName::SubscriptionState,
]);

const ROUTING: NameSet = NameSet::of(&[HeaderName::Route, HeaderName::RecordRoute, HeaderName::Path]);

fn counts(message: &Message<'_>) -> Result<(), Refusal> {
    if !message.names().contains_all(REQUIRED) {
        return refuse(400, "From, To, Call-ID, CSeq or Via is missing");
    }
    if message.repeated_names().contains_any(SINGLE) {
        return refuse(400, "a header that may stand once stands twice");
    }
    Ok(())
}

fn content_length(message: &Message<'_>, transport: Transport) -> Result<(), Refusal> {
    match message.first(HeaderName::ContentLength) {
        Some(value) if number(value).is_none() => refuse(400, "Content-Length is not a number"),
        Some(_) if message.missing_bytes() > 0 => refuse(400, "the body is shorter than Content-Length"),
        None if transport.is_reliable() && !message.body().is_empty() => {
            refuse(400, "Content-Length is missing on a stream")
        }
        Some(_) | None => Ok(()),
    }
}

fn call_id(message: &Message<'_>) -> Result<(), Refusal> {
    let value = message.call_id_value();
    if value.is_empty() || value.bytes().any(|byte| byte.is_ascii_whitespace()) {
        return refuse(400, "Call-ID is empty or holds white space");
    }
    Ok(())
}

fn cseq(message: &Message<'_>) -> Result<(), Refusal> {
    let Some((_, method)) = message.cseq() else {
        return refuse(400, "CSeq is not a number below 2^32 and a method");
    };
    match message.start() {
        StartLine::Request { method: start, .. } if start.as_str() != method => match start.kind() {
            MethodKind::Other => refuse(501, "the method is unknown and CSeq names another"),
            _ => refuse(400, "CSeq names another method than the start line"),
        },
        StartLine::Request { .. } | StartLine::Response { .. } => Ok(()),
    }
}

fn vias(message: &Message<'_>) -> Result<(), Refusal> {
    let Some(top) = message.top_via() else { return refuse(400, "Via is malformed") };
    if top.branch() == Some(b"z9hG4bK") {
        return refuse(400, "the branch of Via holds nothing but the cookie");
    }
    let alone = !message.repeated_names().contains(HeaderName::Via)
        && message.first(HeaderName::Via) == Some(top.as_written());
    if !alone && message.values(HeaderName::Via).skip(1).any(|value| Via::parse(value).is_none()) {
        return refuse(400, "Via is malformed");
    }
    Ok(())
}

#[inline]
fn max_forwards(message: &Message<'_>) -> Result<(), Refusal> {
    match message.first(HeaderName::MaxForwards) {
        Some(value) if number(value).is_none_or(|value| value > 255) => {
            refuse(400, "Max-Forwards is not a number of 0 to 255")
        }
        Some(_) | None => Ok(()),
    }
}

/// What requests of the dialog and requests to the binding will be sent along.
fn routes(message: &Message<'_>) -> Result<(), Refusal> {
    if !message.names().contains_any(ROUTING) {
        return Ok(());
    }
    let names = [HeaderName::Route, HeaderName::RecordRoute, HeaderName::Path];
    // A route is an address like a contact (RFC 3261 §25.1, rec-route), and it must be text to be sent again.
    let well_formed = |value: &[u8]| Contact::parse(value).is_some() && std::str::from_utf8(value).is_ok();
    if names.into_iter().flat_map(|name| message.values(name)).all(well_formed) {
        return Ok(());
    }
    refuse(400, "Route, Record-Route or Path is malformed")
}

fn request_uri(uri: Option<Uri<'_>>) -> Result<(), Refusal> {
    match uri {
        Some(uri) if uri.scheme() == Scheme::Other => refuse(416, "the scheme of the Request-URI is unknown"),
        // Headers in a Request-URI are forbidden (RFC 3261 §19.1.1) and must never become headers.
        Some(uri) if !uri.headers().is_empty() => refuse(400, "the Request-URI holds headers"),
        Some(_) => Ok(()),
        None => refuse(400, "the Request-URI is malformed"),
    }
}
