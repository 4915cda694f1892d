//! What a REGISTER asks for, read as a whole before anything is changed (RFC 3261 §10.3).

use std::borrow::Cow;
use std::time::Duration;

use strowger_base::leg::BindingId;
use strowger_base::net::Flow;
use strowger_base::{Now, limits};

use super::Refusal;
use super::texts::BindingTexts;
use crate::header::{Contact, NameAddr, number, text};
use crate::io::{Configuration, PhoneOnLine};
use crate::message::{HeaderName, Message};
use crate::uri::Uri;

/// A REGISTER of a phone on a line and how it came.
#[derive(Clone, Copy)]
pub(super) struct Arrival<'r, 'b> {
    pub(super) now: Now,
    pub(super) request: &'r Message<'b>,
    pub(super) flow: Flow,
    pub(super) owner: PhoneOnLine<'r>,
    /// The Path, its elements separated by commas.
    pub(super) path: &'r str,
}

/// One contact of a REGISTER.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'b> {
    pub(super) text: &'b str,
    pub(super) uri: Uri<'b>,
    pub(super) instance: &'b str,
    /// Only with an instance and when the outbound rules hold.
    pub(super) reg_id: Option<u32>,
    pub(super) preference: u16,
    /// Zero to be removed.
    pub(super) expires: Duration,
    pub(super) known: Known,
}

/// How a contact stands to the bindings there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// There is none for it.
    No,
    /// It renews or removes this one.
    Renews(BindingId),
    /// It takes the place of this one: the same phone with another contact (RFC 5626 §6).
    Replaces(BindingId),
    /// The request was seen before.
    Repeated,
}

/// The contacts of a REGISTER; a single one, which is the rule, needs no allocation.
#[derive(Default)]
pub(super) struct WantedList<'b> {
    first: Option<Wanted<'b>>,
    rest: Vec<Wanted<'b>>,
}

impl<'b> WantedList<'b> {
    /// Adds a contact; one that is named twice counts as it is named last.
    pub(super) fn add(&mut self, mut wanted: Wanted<'b>) {
        let same = self.first.iter_mut().chain(&mut self.rest).find(|earlier| earlier.is_same(&wanted));
        if let Some(earlier) = same {
            *earlier = Wanted { known: earlier.known, ..wanted };
            return;
        }
        // Two URIs that differ may both be equal to that of one binding; only one of them can renew it.
        if wanted.known != Known::Repeated && self.iter().any(|earlier| earlier.known == wanted.known) {
            wanted.known = Known::No;
        }
        match self.first {
            None => self.first = Some(wanted),
            Some(_) => self.rest.push(wanted),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Wanted<'b>> {
        self.first.iter().chain(&self.rest)
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }
}

impl<'b> Wanted<'b> {
    /// What an element of Contact asks for.
    pub(super) fn of(
        contact: Contact<'b>,
        request: &Message<'b>,
        configuration: &Configuration,
    ) -> Result<Self, Refusal> {
        let text = text(contact.address.uri);
        // Only a SIP URI can be rung; and it is written back, so it must be text.
        if !contact.uri.is_sip() || text.is_empty() {
            return Err(Refusal::Malformed);
        }
        let instance = contact.instance().unwrap_or_default();
        if memchr::memchr3(b'\r', b'\n', b'"', instance.as_bytes()).is_some() {
            return Err(Refusal::Malformed);
        }
        let reg_id = contact.reg_id().filter(|_| !instance.is_empty() && outbound_applies(request));
        Ok(Wanted {
            text,
            uri: contact.uri,
            instance,
            reg_id,
            preference: contact.preference(),
            expires: granted(&contact, request, configuration)?,
            known: Known::No,
        })
    }

    /// The texts that its binding shall have.
    pub(super) fn texts<'a>(&'a self, arrival: &Arrival<'a, 'b>) -> BindingTexts<'a> {
        BindingTexts {
            line: arrival.owner.line,
            contact: self.text,
            instance: self.instance,
            call_id: arrival.request.call_id_value(),
            user_agent: user_agent(arrival.request),
            path: arrival.path,
        }
    }

    /// Whether two contacts of one request mean the same binding.
    fn is_same(&self, other: &Wanted<'_>) -> bool {
        match (self.reg_id, other.reg_id) {
            (Some(one), Some(two)) => one == two && self.instance.eq_ignore_ascii_case(other.instance),
            (None, None) => self.text == other.text || self.uri.equivalent(&other.uri),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

/// The time that a contact is given (RFC 3261 §10.3 step 7).
fn granted(
    contact: &Contact<'_>,
    request: &Message<'_>,
    configuration: &Configuration,
) -> Result<Duration, Refusal> {
    let Configuration { expires_min, expires_max, expires_default, .. } = *configuration;
    let own = contact.expires_value().or_else(|| request.first(HeaderName::Expires));
    let default = expires_default.max(expires_min).min(expires_max);
    let Some(value) = own else { return Ok(default) };
    let asked = match number(value) {
        Some(seconds) => Duration::from_secs(seconds),
        // More digits than any number here has: as long as possible.
        None if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => expires_max,
        // RFC 3261 §20.10: what cannot be read counts as not said.
        None => default,
    };
    if !asked.is_zero() && asked < expires_min {
        return Err(Refusal::IntervalTooBrief { minimum: expires_min });
    }
    Ok(asked.min(expires_max))
}

/// User-Agent, cut to what is kept.
fn user_agent<'b>(request: &Message<'b>) -> &'b str {
    let whole = request.user_agent();
    let mut end = whole.len().min(limits::USER_AGENT_BYTES);
    while !whole.is_char_boundary(end) {
        end -= 1;
    }
    whole.get(..end).unwrap_or_default()
}

/// The Path in one text, with commas between its elements and without folds.
///
/// # Errors
/// When an element is no SIP address in brackets, and when the phone does not say that it knows Path: then a proxy
/// that has no business there may have added it (RFC 3327 §5.3 recommends to refuse).
pub(super) fn path<'b>(request: &Message<'b>) -> Result<Cow<'b, str>, Refusal> {
    let mut all = Cow::Borrowed("");
    for value in request.values(HeaderName::Path) {
        let address = NameAddr::parse(value).ok_or(Refusal::Malformed)?;
        let uri = Uri::parse(address.uri).map_err(|_| Refusal::Malformed)?;
        let element = text(value);
        if !uri.is_sip() || !element.contains('<') {
            return Err(Refusal::Malformed);
        }
        let folded = element.contains(['\r', '\n']);
        if all.is_empty() && !folded {
            all = Cow::Borrowed(element);
            continue;
        }
        let all = all.to_mut();
        if !all.is_empty() {
            all.push(',');
        }
        if folded {
            element.split_ascii_whitespace().for_each(|word| all.push_str(word));
        } else {
            all.push_str(element);
        }
    }
    if !all.is_empty() && !request.supports("path") {
        return Err(Refusal::PathNotSupported);
    }
    Ok(all)
}

/// Whether a `reg-id` counts: the phone knows outbound, and the proxy next to it does, or there is none.
///
/// Deviates from RFC 5626 §6, which answers 439 when the first proxy lacks outbound: phones that switch outbound on
/// by themselves would then stay without service. Without `Require: outbound` in our answer they know that they
/// have to do without.
fn outbound_applies(request: &Message<'_>) -> bool {
    if !request.supports("outbound") {
        return false;
    }
    let direct = request.values(HeaderName::Via).nth(1).is_none();
    direct
        || request
            .values(HeaderName::Path)
            .filter_map(NameAddr::parse)
            .any(|address| Uri::parse(address.uri).is_ok_and(|uri| uri.parameters().value("ob").is_some()))
}
