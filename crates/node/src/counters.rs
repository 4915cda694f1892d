//! What the node counts itself, beside the counters of its domains.

use strowger_base::Event;
use strowger_base::event::{RefuseReason, UnregisterReason};
use strowger_base::journal::Direction;
use strowger_media::statistics::PortStatistics;

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
    pub(crate) ports_lost: u64,
    pub(crate) ports_refused: u64,
    /// Calls of stations that were turned away while none are taken.
    pub(crate) stations_shed: u64,
    pub(crate) journal_records: u64,
    pub(crate) journal_bytes: u64,
    pub(crate) media: Media,
}

/// Streams that came to media ports which are closed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Media {
    pub(crate) streams: u64,
    pub(crate) packets: u64,
    pub(crate) lost: u64,
    pub(crate) late: u64,
    pub(crate) foreign: u64,
    pub(crate) malformed: u64,
    pub(crate) unsent: u64,
    /// Streams that most people would complain about.
    pub(crate) poor: u64,
}

impl Media {
    /// A port was closed.
    pub(crate) fn port(&mut self, statistics: &PortStatistics) {
        for stream in [Some(&statistics.a), statistics.b.as_ref()].into_iter().flatten() {
            self.streams += u64::from(stream.packets > 0);
            self.packets += stream.packets;
            self.lost += stream.lost;
            self.late += stream.late;
            self.foreign += stream.foreign;
            self.malformed += stream.malformed;
            self.unsent += stream.unsent;
            self.poor += u64::from(stream.opinion_score.is_some_and(|score| score < POOR));
        }
    }
}

/// Below this mean opinion score nearly all users are dissatisfied (ITU-T G.107 Annex B: a rating of 60).
const POOR: u16 = 310;

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
                | UnregisterReason::SocketClosed
                | UnregisterReason::ResetOrdered => &mut self.unregistered_by_phone,
                UnregisterReason::Expired | UnregisterReason::ConnectionClosed | UnregisterReason::Broken => {
                    &mut self.unregistered_lost
                }
            },
            Event::Refused { reason, .. } => match reason {
                RefuseReason::WrongPassword | RefuseReason::Replayed | RefuseReason::NotYourLine => {
                    &mut self.refused_credentials
                }
                RefuseReason::UnknownLine => &mut self.refused_unknown_line,
                RefuseReason::TooManyContacts => &mut self.refused_contacts,
                RefuseReason::NotToBeWatched => &mut self.refused_watchers,
                RefuseReason::Overloaded | RefuseReason::Draining => &mut self.refused_overload,
                RefuseReason::Loop | RefuseReason::TooManyHops | RefuseReason::NothingThere => {
                    &mut self.refused_routing
                }
            },
        };
        *counter += 1;
    }
}
