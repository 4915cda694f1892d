//! What the node counts itself, beside the counters of its domains.

use strowger_base::Event;
use strowger_base::event::{RefuseReason, UnregisterReason};
use strowger_base::journal::Direction;

/// Counters since the start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Counters {
    pub(crate) received: Messages,
    pub(crate) sent: Messages,
    pub(crate) registered: u64,
    pub(crate) unregistered_by_phone: u64,
    pub(crate) unregistered_lost: u64,
    pub(crate) refused_credentials: u64,
    pub(crate) refused_unknown_line: u64,
    pub(crate) refused_contacts: u64,
    pub(crate) refused_watchers: u64,
    pub(crate) refused_overload: u64,
    pub(crate) refused_routing: u64,
    pub(crate) journal_records: u64,
    pub(crate) journal_bytes: u64,
}

/// Messages of calls, by kind.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Messages {
    pub(crate) invite: u64,
    pub(crate) ack: u64,
    pub(crate) bye: u64,
    pub(crate) cancel: u64,
    pub(crate) other_requests: u64,
    pub(crate) provisional: u64,
    pub(crate) success: u64,
    pub(crate) failure: u64,
}

impl Counters {
    pub(crate) fn message(&mut self, direction: Direction, bytes: &[u8]) {
        let messages = match direction {
            Direction::Received => &mut self.received,
            Direction::Sent => &mut self.sent,
        };
        let counter = match bytes {
            [b'S', b'I', b'P', b'/', _, _, _, b' ', class, ..] => match class {
                b'1' => &mut messages.provisional,
                b'2' => &mut messages.success,
                _ => &mut messages.failure,
            },
            [b'I', b'N', b'V', ..] => &mut messages.invite,
            [b'A', b'C', b'K', ..] => &mut messages.ack,
            [b'B', b'Y', b'E', ..] => &mut messages.bye,
            [b'C', b'A', b'N', ..] => &mut messages.cancel,
            _ => &mut messages.other_requests,
        };
        *counter += 1;
    }

    pub(crate) const fn event(&mut self, event: &Event) {
        let counter = match event {
            Event::Registered { .. } => &mut self.registered,
            Event::Unregistered { reason, .. } => match reason {
                UnregisterReason::ByPhone
                | UnregisterReason::Replaced
                | UnregisterReason::Unconfigured
                | UnregisterReason::SocketClosed => &mut self.unregistered_by_phone,
                UnregisterReason::Expired | UnregisterReason::ConnectionClosed => &mut self.unregistered_lost,
            },
            Event::Refused { reason, .. } => match reason {
                RefuseReason::WrongPassword | RefuseReason::Replayed | RefuseReason::NotYourLine => {
                    &mut self.refused_credentials
                }
                RefuseReason::UnknownLine => &mut self.refused_unknown_line,
                RefuseReason::TooManyContacts => &mut self.refused_contacts,
                RefuseReason::NotToBeWatched => &mut self.refused_watchers,
                RefuseReason::Overloaded => &mut self.refused_overload,
                RefuseReason::Loop | RefuseReason::TooManyHops => &mut self.refused_routing,
            },
        };
        *counter += 1;
    }
}
