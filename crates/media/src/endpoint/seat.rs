//! An endpoint that is a seat in a conference.
//!
//! What arrives waits in the seat until the conference asks for it; when the worker lets the conference tick, the
//! endpoint sends what its party hears. All packets carry 20 ms, whatever the party said it likes: `a=ptime` is a wish (RFC 8866
//! §6.4), and one frame for all is what makes encoding once for many possible.

use strowger_base::leg::Mute;
use strowger_base::{Instant, Now};

use super::{Content, Endpoint, State, socket};
use crate::conference::{Conference, FRAME_MS, Seat};
use crate::control::Report;
use crate::rtp::{Arrival, Packet};
use crate::worker::{Channel, Outbox};

impl Endpoint {
    /// A packet of the party.
    pub(super) fn hear(&mut self, now: Instant, content: Content, packet: &Packet<'_>, arrival: Arrival) {
        let Some(seat) = self.seat.as_mut() else { return };
        let codec = match content {
            Content::Audio(codec) => Some(codec),
            Content::Event { .. } | Content::ComfortNoise => None,
        };
        seat.receive(now, &packet.header, arrival, codec, packet.payload);
    }

    /// Whether the others hear it.
    pub(crate) fn set_mute(&mut self, mute: Mute) {
        if let Some(seat) = self.seat.as_mut() {
            seat.set_mute(mute);
        }
    }

    /// The conference listens to what the party in `place` says.
    pub(crate) fn listen(&mut self, now: Instant, place: usize, conference: &mut Conference) {
        let sends = self.connection.filter(|connection| connection.send);
        let codec = sends.map(|connection| connection.format.codec);
        if let Some(seat) = self.seat.as_mut() {
            conference.listen(now, place, seat, codec);
        }
    }

    /// The conference takes what the party in `place` says.
    pub(crate) fn add(&mut self, place: usize, conference: &mut Conference) {
        if let Some(seat) = self.seat.as_mut() {
            conference.add(place, seat);
        }
    }

    /// Sends what the party hears.
    pub(crate) fn speak(&mut self, now: Now, conference: &mut Conference, out: &mut Outbox) {
        let (Some(connection), Some(seat), State::Seated { marker }) =
            (self.connection, self.seat.as_mut(), &mut self.state)
        else {
            return;
        };
        let units = connection.format.codec.units(FRAME_MS as u8);
        let Some(destination) = self.latch.destination().filter(|_| connection.send) else {
            self.sender.skip(units);
            *marker = true;
            return;
        };
        let first = std::mem::replace(marker, false);
        let payload = conference.speak(seat, &connection.format, &mut self.payload);
        let sender = &mut self.sender;
        let protection = &mut self.protection;
        out.send_protected(protection, socket(self.port, Channel::Rtp), destination, |bytes| {
            sender.write_next(now.mono, connection.format.payload_type, first, units, bytes);
            bytes.extend_from_slice(payload);
            sender.carried(payload.len());
        });
    }

    /// Tells whether the party talks, when that has changed.
    pub(crate) fn tell_talking(&mut self, out: &mut Outbox) {
        if let Some(talking) = self.seat.as_deref_mut().and_then(Seat::changed) {
            out.report(Report::Talking { port: self.port, talking });
        }
    }
}
