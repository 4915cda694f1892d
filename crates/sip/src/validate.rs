//! What must hold of a message before anything is done with it.

use strowger_base::net::Transport;

use crate::header::{NameAddr, Parameters, Via, number};
use crate::message::{HeaderName, Message, MethodKind, StartLine};
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
pub fn check(message: &Message<'_>, transport: Transport) -> Result<(), Refusal> {
    counts(message)?;
    content_length(message, transport)?;
    call_id(message)?;
    cseq(message)?;
    vias(message)?;
    addresses(message)?;
    numbers(message)?;
    contacts(message)?;
    match message.start() {
        StartLine::Request { .. } => request_uri(message.parsed_request_uri()),
        StartLine::Response { .. } => Ok(()),
    }
}

const fn refuse(status: u16, problem: &'static str) -> Result<(), Refusal> {
    Err(Refusal { status, problem })
}

/// Headers that must be there, and those that may be there once only (RFC 3261 §20, table 2).
fn counts(message: &Message<'_>) -> Result<(), Refusal> {
    use HeaderName::{CSeq, CallId, ContentLength, ContentType, Expires, From, MaxForwards, To, Via};
    if [From, To, CallId, CSeq, Via].into_iter().any(|name| message.count(name) == 0) {
        return refuse(400, "From, To, Call-ID, CSeq or Via is missing");
    }
    let single = [From, To, CallId, CSeq, MaxForwards, ContentLength, ContentType, Expires];
    if single.into_iter().any(|name| message.count(name) > 1) {
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
    if value.is_empty() || value.contains(char::is_whitespace) {
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
    if top.branch() == Some("z9hG4bK") {
        return refuse(400, "the branch of Via holds nothing but the cookie");
    }
    if message.values(HeaderName::Via).skip(1).any(|value| Via::parse(value).is_none()) {
        return refuse(400, "Via is malformed");
    }
    Ok(())
}

fn addresses(message: &Message<'_>) -> Result<(), Refusal> {
    let both = [
        (HeaderName::From, message.from(), message.from_uri()),
        (HeaderName::To, message.to(), message.to_uri()),
    ];
    for (name, address, uri) in both {
        let Some(value) = message.first(name) else { continue };
        let Some(address) = address.filter(|_| std::str::from_utf8(value).is_ok()) else {
            return refuse(400, "From or To is malformed");
        };
        if uri.is_none() || !address.parameters.are_well_formed() {
            return refuse(400, "the address in From or To is malformed");
        }
    }
    Ok(())
}

fn numbers(message: &Message<'_>) -> Result<(), Refusal> {
    if let Some(value) = message.first(HeaderName::MaxForwards)
        && number(value).is_none_or(|value| value > 255)
    {
        return refuse(400, "Max-Forwards is not a number of 0 to 255");
    }
    Ok(())
}

fn contacts(message: &Message<'_>) -> Result<(), Refusal> {
    for value in message.values(HeaderName::Contact) {
        if value == b"*" {
            continue;
        }
        let well = NameAddr::parse(value)
            .is_some_and(|address| Uri::parse(address.uri).is_ok() && well_formed(&address.parameters));
        if !well {
            return refuse(400, "Contact is malformed");
        }
    }
    Ok(())
}

fn well_formed(parameters: &Parameters<'_>) -> bool {
    parameters.are_well_formed()
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
