//! What the layers above ask of a message, each as a value of its own type.

use std::borrow::Cow;
use std::net::IpAddr;

use strowger_base::Party;
use strowger_base::leg::{Diversion, Presentation};
use strowger_base::net::is_behind_nat;

use super::{HeaderName, Message, MethodKind, StartLine};
use crate::header::{NameAddr, Replaces, Via, number32, text};
use crate::uri::{Uri, decode};
use crate::write::party_of;

/// The port of a sent-by that names none (RFC 3261 §18.2.2).
const DEFAULT_PORT: u16 = 5060;

impl<'b> Message<'b> {
    /// The status of a response; `None` for a request.
    pub const fn status(&self) -> Option<u16> {
        match self.start {
            StartLine::Response { status, .. } => Some(status),
            StartLine::Request { .. } => None,
        }
    }

    /// The method of a request; `None` for a response.
    pub const fn method_kind(&self) -> Option<MethodKind> {
        match self.start {
            StartLine::Request { method, .. } => Some(method.kind()),
            StartLine::Response { .. } => None,
        }
    }

    /// The method token of a request; empty for a response.
    pub const fn method_text(&self) -> &'b str {
        match self.start {
            StartLine::Request { method, .. } => method.as_str(),
            StartLine::Response { .. } => "",
        }
    }

    /// The Request-URI; empty for a response.
    pub const fn request_uri(&self) -> &'b str {
        match self.start {
            StartLine::Request { uri, .. } => uri,
            StartLine::Response { .. } => "",
        }
    }

    /// The Request-URI taken apart; `None` for a response or when it is malformed.
    pub const fn parsed_request_uri(&self) -> Option<Uri<'b>> {
        self.routing.request_uri
    }

    /// The URI of From taken apart.
    pub fn from_uri(&self) -> Option<Uri<'b>> {
        self.routing.from?.uri
    }

    /// The URI of To taken apart.
    pub fn to_uri(&self) -> Option<Uri<'b>> {
        self.routing.to?.uri
    }

    /// The user part of the Request-URI, unescaped.
    pub fn request_user(&self) -> Cow<'b, str> {
        self.routing.request_uri.map(|uri| uri.number_or_user()).unwrap_or_default()
    }

    /// From.
    pub fn from(&self) -> Option<NameAddr<'b>> {
        Some(self.routing.from?.address)
    }

    /// To.
    pub fn to(&self) -> Option<NameAddr<'b>> {
        Some(self.routing.to?.address)
    }

    /// From as written.
    pub fn from_value(&self) -> &'b str {
        self.text_of(HeaderName::From)
    }

    /// To as written.
    pub fn to_value(&self) -> &'b str {
        self.text_of(HeaderName::To)
    }

    /// The tag of From; empty when there is none.
    pub fn from_tag(&self) -> &'b str {
        self.routing.from.map(|from| from.tag).unwrap_or_default()
    }

    /// The tag of To; empty when there is none.
    pub fn to_tag(&self) -> &'b str {
        self.routing.to.map(|to| to.tag).unwrap_or_default()
    }

    /// The user of From, unescaped.
    pub fn from_user(&self) -> Cow<'b, str> {
        self.from_uri().map(|uri| uri.number_or_user()).unwrap_or_default()
    }

    /// The user of To, unescaped.
    pub fn to_user(&self) -> Cow<'b, str> {
        self.to_uri().map(|uri| uri.number_or_user()).unwrap_or_default()
    }

    /// True when To is neither `sip:` nor `sips:`.
    pub fn to_uri_scheme_is_not_sip(&self) -> bool {
        !self.to_uri().is_some_and(|uri| uri.is_sip())
    }

    /// Number and name in From.
    pub fn from_party(&self) -> Party {
        self.from().map(|from| party_of(&from)).unwrap_or_default()
    }

    /// Call-ID.
    pub const fn call_id_value(&self) -> &'b str {
        self.routing.call_id
    }

    /// The number of CSeq; 0 when it cannot be read.
    pub fn cseq_number(&self) -> u32 {
        self.routing.cseq.map_or(0, |cseq| cseq.0)
    }

    /// The method of CSeq.
    pub fn cseq_method(&self) -> MethodKind {
        self.routing.cseq.map_or(MethodKind::Other, |cseq| cseq.1.kind())
    }

    /// Number and method of CSeq.
    pub fn cseq(&self) -> Option<(u32, &'b str)> {
        self.routing.cseq.map(|(number, method)| (number, method.as_str()))
    }

    /// The topmost Via.
    pub const fn top_via(&self) -> Option<Via<'b>> {
        self.routing.via
    }

    /// The branch of the topmost Via.
    pub fn top_branch(&self) -> Option<&'b str> {
        self.top_via()?.branch().map(|branch| self.text(branch))
    }

    /// Host and port of the topmost Via, as written.
    pub fn top_sent_by(&self) -> &'b str {
        self.top_via().map(|via| self.text(via.sent_by())).unwrap_or_default()
    }

    /// The port that a response goes to when the topmost Via names `source` and does not ask for `rport`.
    pub fn top_via_port_if_at(&self, source: IpAddr) -> Option<u16> {
        let via = self.top_via()?;
        let at_source = !via.wants_port() && crate::header::is_address(via.host(), source);
        at_source.then(|| via.port().unwrap_or(DEFAULT_PORT))
    }

    /// Whether the device that wrote this, which came from `source` and calls itself `contact`, is behind NAT. Some phones learn what their
    /// address looks like from outside and write it as Contact; the Via has their own (RFC 3261 §18.2.1), where no proxy added one.
    pub fn is_behind_nat(&self, contact: Option<Uri<'_>>, source: IpAddr) -> bool {
        let alone = self.vias().nth(1).is_none();
        let via = self.top_via().filter(|_| alone);
        let via = via.and_then(|via| text(via.host()).trim_matches(['[', ']']).parse().ok());
        contact
            .and_then(|contact| contact.address())
            .into_iter()
            .chain(via)
            .any(|told: IpAddr| is_behind_nat(told, source))
    }

    /// The URI of the first Contact, as text.
    pub fn contact_uri(&self) -> Option<&'b str> {
        let uri = self.text(self.routing.contact?.address.uri);
        (!uri.is_empty()).then_some(uri)
    }

    /// Record-Route elements, in order.
    pub fn record_route_values(&self) -> impl Iterator<Item = &'b str> {
        self.values(HeaderName::RecordRoute).map(text)
    }

    /// Option tags of Require.
    pub fn required_options(&self) -> impl Iterator<Item = &'b str> {
        self.values(HeaderName::Require).map(text).filter(|tag| !tag.is_empty())
    }

    /// Whether Require names an option.
    pub fn requires(&self, option: &str) -> bool {
        self.required_options().any(|tag| tag.eq_ignore_ascii_case(option))
    }

    /// Whether Supported or Require names an option.
    pub fn supports(&self, option: &str) -> bool {
        self.values(HeaderName::Supported).any(|tag| tag.eq_ignore_ascii_case(option.as_bytes()))
            || self.requires(option)
    }

    /// RSeq (RFC 3262 §7.1).
    pub fn rseq_number(&self) -> Option<u32> {
        number32(self.first(HeaderName::RSeq)?)
    }

    /// RSeq and CSeq numbers of RAck, when it is for an INVITE (RFC 3262 §7.2).
    pub fn rack_numbers(&self) -> Option<(u32, u32)> {
        let value = self.first(HeaderName::RAck)?;
        let mut parts = value.split(u8::is_ascii_whitespace).filter(|part| !part.is_empty());
        let numbers = (number32(parts.next()?)?, number32(parts.next()?)?);
        (parts.next()? == b"INVITE").then_some(numbers)
    }

    /// Max-Forwards; values above 255 count as 255.
    pub fn max_forwards_value(&self) -> Option<u8> {
        let value = crate::header::number(self.first(HeaderName::MaxForwards)?)?;
        Some(u8::try_from(value).unwrap_or(u8::MAX))
    }

    /// Min-SE in seconds (RFC 4028 §5).
    pub fn min_se_seconds(&self) -> Option<u32> {
        let value = self.first(HeaderName::MinSe)?;
        number32(value.split(|byte| *byte == b';').next()?.trim_ascii())
    }

    /// Interval in seconds and refresher of Session-Expires (RFC 4028 §4).
    pub fn session_expires(&self) -> Option<(u32, Option<&'b str>)> {
        let value = self.first(HeaderName::SessionExpires)?;
        let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
        let interval = number32(value.get(..end)?.trim_ascii())?;
        let parameters = crate::header::Parameters::new(value.get(end..)?);
        Some((interval, parameters.value("refresher").map(text)))
    }

    /// The identity that a trusted peer asserts (RFC 3325), or the older Remote-Party-ID; empty when there is none.
    pub fn asserted_party(&self) -> Party {
        [HeaderName::PAssertedIdentity, HeaderName::RemotePartyId]
            .into_iter()
            .find_map(|name| self.values(name).next().and_then(NameAddr::parse))
            .map(|address| party_of(&address))
            .unwrap_or_default()
    }

    /// The user that a phone prefers to be known by to its server (RFC 3325 §9.2).
    pub fn preferred_user(&self) -> Option<Cow<'b, str>> {
        let address = self.values(HeaderName::PPreferredIdentity).next().and_then(NameAddr::parse)?;
        Some(Uri::parse(address.uri).ok()?.number_or_user())
    }

    /// Whether the caller asks not to be shown (RFC 3323 §4.2, RFC 3325 §9.3).
    pub fn asks_privacy(&self) -> bool {
        let private = |value: &[u8]| {
            value.split(|byte| *byte == b';').any(|token| {
                let token = token.trim_ascii();
                [&b"id"[..], b"user", b"header"].iter().any(|wanted| token.eq_ignore_ascii_case(wanted))
            })
        };
        self.all(HeaderName::Privacy).any(private)
    }

    /// The Q.850 cause of Reason (RFC 3326).
    pub fn q850_cause(&self) -> Option<u8> {
        self.values(HeaderName::Reason).find_map(|reason| {
            let end = reason.iter().position(|byte| *byte == b';')?;
            let protocol = reason.get(..end)?.trim_ascii();
            let parameters = crate::header::Parameters::new(reason.get(end..)?);
            let cause = number32(parameters.value("cause")?)?;
            protocol.eq_ignore_ascii_case(b"Q.850").then(|| u8::try_from(cause).ok().filter(|c| *c < 128))?
        })
    }

    /// Whether Content-Type is this type, whatever its parameters.
    pub fn content_type_is(&self, wanted: &str) -> bool {
        self.first(HeaderName::ContentType)
            .is_some_and(|value| crate::body::media_type(value).0.eq_ignore_ascii_case(wanted.as_bytes()))
    }

    /// The user that Refer-To names (RFC 3515 §2.1).
    pub fn refer_to_user(&self) -> Option<Cow<'b, str>> {
        let address = NameAddr::parse(self.first(HeaderName::ReferTo)?)?;
        Uri::parse(address.uri).ok().map(|uri| uri.number_or_user())
    }

    /// Whether the peer wants no NOTIFY about its REFER (Refer-Sub, RFC 4488 §4).
    pub fn declines_refer_subscription(&self) -> bool {
        let value = self.headers().find(|header| header.raw_name.eq_ignore_ascii_case(b"Refer-Sub"));
        let token = value.and_then(|header| header.value.split(|byte| *byte == b';').next());
        token.is_some_and(|token| token.trim_ascii().eq_ignore_ascii_case(b"false"))
    }

    /// Whether there is a Replaces inside Refer-To, readable or not.
    pub fn refer_to_has_replaces(&self) -> bool {
        self.refer_to_replaces_value().is_some()
    }

    /// The Replaces inside Refer-To (RFC 3891 §3).
    pub fn refer_to_replaces(&self) -> Option<Replaces<'static>> {
        Replaces::parse(&self.refer_to_replaces_value()?).map(Replaces::into_owned)
    }

    fn refer_to_replaces_value(&self) -> Option<Vec<u8>> {
        let address = NameAddr::parse(self.first(HeaderName::ReferTo)?)?;
        let headers = Uri::parse(address.uri).ok()?.headers();
        headers.split(|byte| *byte == b'&').find_map(|header| {
            let equals = header.iter().position(|byte| *byte == b'=')?;
            let (name, value) = (header.get(..equals)?, header.get(equals + 1..)?);
            name.eq_ignore_ascii_case(b"Replaces").then(|| decode(value))
        })
    }

    /// Replaces (RFC 3891).
    pub fn replaces_header(&self) -> Option<Replaces<'b>> {
        Replaces::parse(self.first(HeaderName::Replaces)?)
    }

    /// Earlier destinations, latest first (RFC 5806 §4), at most sixteen.
    pub fn diversion_list(&self) -> Vec<Diversion> {
        self.values(HeaderName::Diversion)
            .take(16)
            .filter_map(NameAddr::parse)
            .map(|address| {
                let reason = text(address.parameters.value("reason").unwrap_or(b"unknown"));
                let mut party = party_of(&address);
                if address.parameters.value("privacy").is_some_and(|value| value != b"off") {
                    party.presentation = Presentation::Restricted;
                }
                Diversion { party, reason: Box::from(reason.trim_matches('"')) }
            })
            .collect()
    }

    /// User-Agent.
    pub fn user_agent(&self) -> &'b str {
        self.text_of(HeaderName::UserAgent)
    }
}
