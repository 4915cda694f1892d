//! Further headers, each as a value of its own type.

use super::{HeaderName, Message};
use crate::header::{Contact, Parameters, Via, number, text};
use crate::scan::find;

/// What Contact says as a whole (RFC 3261 §10.2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contacts {
    /// There is no Contact.
    None,
    /// `*` alone: all bindings.
    Star,
    /// A list of that many elements.
    List(usize),
    /// `*` beside others, or an element that cannot be read.
    Malformed,
}

/// Event (RFC 6665 §8.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventPackage<'b> {
    /// The package with its templates.
    pub package: &'b str,
    /// The `id`; empty when there is none.
    pub id: &'b str,
    /// The clock of a `telephone-event`, in Hz, where it says so.
    pub rate: Option<u32>,
}

/// Subscription-State (RFC 6665 §8.2.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SubscriptionState<'b> {
    /// `active`, `pending`, `terminated`.
    pub state: &'b str,
    /// Why it is terminated; empty when it does not say.
    pub reason: &'b str,
    /// Seconds that it still lasts.
    pub expires: Option<u64>,
    /// Seconds to wait before another attempt.
    pub retry_after: Option<u64>,
}

impl<'b> Message<'b> {
    /// All Via elements, the topmost first; what cannot be read is left out.
    pub fn vias(&self) -> impl Iterator<Item = Via<'b>> {
        self.values(HeaderName::Via).filter_map(Via::parse)
    }

    /// What Contact says as a whole.
    pub const fn contact_kind(&self) -> Contacts {
        self.routing.contacts
    }

    /// The first element of Contact; `None` when it is `*` or cannot be read.
    pub const fn first_contact(&self) -> Option<Contact<'b>> {
        self.routing.contact
    }

    /// The elements of Contact; `*` and what cannot be read are left out.
    pub fn contacts(&self) -> impl Iterator<Item = Contact<'b>> {
        self.values(HeaderName::Contact).filter_map(Contact::parse)
    }

    /// Whether Allow names a method (RFC 3261 §20.5).
    pub fn allows(&self, method: &str) -> bool {
        self.values(HeaderName::Allow).any(|value| value == method.as_bytes())
    }

    /// Expires in seconds; `None` when it is not there or cannot be read (RFC 3261 §20.19).
    pub fn expires_seconds(&self) -> Option<u64> {
        number(self.first(HeaderName::Expires)?)
    }

    /// Retry-After in seconds, without its comment and parameters (RFC 3261 §20.33).
    pub fn retry_after_seconds(&self) -> Option<u64> {
        let value = self.first(HeaderName::RetryAfter)?;
        let digits = value.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(value.len());
        number(value.get(..digits)?)
    }

    /// The event package of SUBSCRIBE, NOTIFY and PUBLISH.
    pub fn event_package(&self) -> Option<EventPackage<'b>> {
        let (package, parameters) = token_and_parameters(self.first(HeaderName::Event)?);
        let id = text(parameters.value("id").unwrap_or_default());
        let rate = parameters.value("rate").and_then(number).and_then(|rate| u32::try_from(rate).ok());
        (!package.is_empty()).then_some(EventPackage { package, id, rate })
    }

    /// How it stands with a subscription.
    pub fn subscription_state(&self) -> Option<SubscriptionState<'b>> {
        let (state, parameters) = token_and_parameters(self.first(HeaderName::SubscriptionState)?);
        (!state.is_empty()).then(|| SubscriptionState {
            state,
            reason: text(parameters.value("reason").unwrap_or_default()),
            expires: parameters.value("expires").and_then(number),
            retry_after: parameters.value("retry-after").and_then(number),
        })
    }
}

/// Reads all of Contact and keeps the first element.
pub(super) fn read_contacts<'b>(message: &Message<'b>) -> (Contacts, Option<Contact<'b>>) {
    let (mut stars, mut elements, mut first) = (0, 0, None);
    for value in message.values(HeaderName::Contact) {
        match Contact::parse(value) {
            Some(contact) if elements == 0 => first = Some(contact),
            Some(_) => {}
            None if value == b"*" => stars += 1,
            None => return (Contacts::Malformed, first),
        }
        elements += 1;
    }
    let kind = match (stars, elements) {
        (_, 0) => Contacts::None,
        (0, elements) => Contacts::List(elements),
        (1, 1) => Contacts::Star,
        (_, _) => Contacts::Malformed,
    };
    (kind, first)
}

fn token_and_parameters(value: &[u8]) -> (&str, Parameters<'_>) {
    let end = find(value, b';').unwrap_or(value.len());
    let (token, parameters) = value.split_at(end);
    (text(token.trim_ascii_end()), Parameters::new(parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(headers: &str, look: impl FnOnce(&Message<'_>) -> T) -> T {
        let text = format!("NOTIFY sip:a SIP/2.0\r\n{headers}\r\n");
        look(&Message::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn contacts_are_none_all_or_a_list() {
        let check = |headers: &str, expect: Contacts| {
            assert_eq!(with(headers, |message| message.contact_kind()), expect, "{headers}");
        };
        check("", Contacts::None);
        check("m: *\r\n", Contacts::Star);
        check("m: <sip:a@h>, sip:b@h\r\nContact: \"x, y\" <sip:c@h>\r\n", Contacts::List(3));
        check("m: *, <sip:a@h>\r\n", Contacts::Malformed);
        check("m: *\r\nm: *\r\n", Contacts::Malformed);
        check("m: <sip:a@h\r\n", Contacts::Malformed);
        let uris = with("m: <sip:a@h>, *\r\nm: sip:b@h\r\n", |message| {
            message.contacts().map(|contact| contact.uri.user_decoded().into_owned()).collect::<Vec<_>>()
        });
        assert_eq!(uris, ["a", "b"]);
    }

    #[test]
    fn subscriptions_are_read() {
        let headers = "o: presence.winfo ;id=7\r\n\
             Subscription-State: terminated;reason=probation;retry-after=30;expires=0\r\n";
        with(headers, |message| {
            assert_eq!(
                message.event_package(),
                Some(EventPackage { package: "presence.winfo", id: "7", rate: None })
            );
            let state = message.subscription_state().unwrap();
            assert_eq!((state.state, state.reason), ("terminated", "probation"));
            assert_eq!((state.retry_after, state.expires), (Some(30), Some(0)));
        });
        with("Event:\r\n", |message| {
            assert_eq!(message.event_package(), None);
            assert_eq!(message.subscription_state(), None);
        });
    }

    #[test]
    fn numbers_methods_and_ways_back_are_read() {
        let headers = "Allow: INVITE, ACK\r\nAllow: BYE\r\nExpires: 0060\r\n\
             Retry-After: 18000;duration=3600 (I'm in a meeting)\r\nv: SIP/2.0/UDP h;branch=1, broken\r\n\
             Via: SIP/2.0/TCP g\r\n";
        with(headers, |message| {
            assert!(message.allows("BYE") && message.allows("ACK") && !message.allows("bye"));
            assert_eq!(message.expires_seconds(), Some(60));
            assert_eq!(message.retry_after_seconds(), Some(18_000));
            assert_eq!(message.vias().map(|via| via.transport()).collect::<Vec<_>>(), ["UDP", "TCP"]);
        });
        with("Expires: soon\r\nRetry-After: soon\r\n", |message| {
            assert_eq!((message.expires_seconds(), message.retry_after_seconds()), (None, None));
        });
    }
}
