//! Ports that are closed and whose sockets are not: what still comes there belongs to nobody.
//!
//! A phone that has not yet heard that its call is over goes on sending. Were its port given to the next call at once, the next call would
//! hear it, and symmetric RTP might even take it for the peer. So the sockets of a closed port stay open, are read and answered
//! by nobody, until nothing has come from the former peers for the quarantine. Who never stops does not keep a port for ever: after
//! [`limits::MEDIA_QUARANTINE_MAX`] it is given up, and who was still sending then is remembered for the next call on that port.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::{Instant, limits};

use super::{Due, Outbox, Output, Worker};
use crate::control::{PortId, Side};
use crate::rtp::{self, Header};

/// Who talked to a port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Former {
    /// Where its packets came from.
    pub(crate) address: SocketAddr,
    /// Under which source, when any came.
    pub(crate) ssrc: Option<u32>,
}

impl Former {
    /// Whether a packet is of somebody who talked here, perhaps from another port by now.
    pub(crate) fn is(&self, source: SocketAddr, ssrc: Option<u32>) -> bool {
        self.address == source || (ssrc.is_some() && self.ssrc == ssrc)
    }

    /// Whether a packet for the next call on the port is still for the one before. Another source from the same address is not: a phone
    /// that calls again has its media on the same port again.
    pub(crate) fn is_stale(&self, source: SocketAddr, ssrc: u32) -> bool {
        self.ssrc.map_or(self.address == source, |former| former == ssrc)
    }
}

/// The addresses of a port's pairs of sockets, for sides A and B.
pub(super) type Locals = [Option<SocketAddr>; 2];

/// A closed port.
#[derive(Debug)]
pub(super) struct Draining {
    locals: Locals,
    former: [Option<Former>; 2],
    closed_at: Instant,
    /// When a former peer was heard last, for each side; a packet sets no timer.
    heard_at: [Option<Instant>; 2],
    quarantine: Duration,
}

impl Worker {
    /// Keeps the sockets of a closed port for a while.
    pub(super) fn drain(&mut self, now: Instant, port: PortId, former: [Option<Former>; 2]) {
        let locals = self.locals.remove(&port).unwrap_or_default();
        let draining = Draining::new(now, self.quarantine, locals, former);
        self.timers.set(draining.due(), Due::Drained(port));
        self.draining.insert(port, draining);
    }

    /// Looks whether the sockets of a closed port may be closed.
    pub(super) fn look(&mut self, now: Instant, port: PortId, out: &mut Outbox) {
        let Some(draining) = self.draining.get(&port) else { return };
        match draining.look(now) {
            Look::Again(at) => drop(self.timers.set(at, Due::Drained(port))),
            Look::Over(still) => {
                self.draining.remove(&port);
                self.still_sending.extend(still);
                out.items.push(Output::CloseSockets { port });
            }
        }
    }
}

/// What becomes of a closed port when its time has come.
enum Look {
    /// Something has come meanwhile.
    Again(Instant),
    /// Its sockets are closed; those of whom it may still hear are named.
    Over(Vec<(SocketAddr, Former)>),
}

impl Draining {
    const fn new(now: Instant, quarantine: Duration, locals: Locals, former: [Option<Former>; 2]) -> Self {
        Draining { locals, former, closed_at: now, heard_at: [None; 2], quarantine }
    }

    /// Something came to a closed port. Others than its former peers do not keep it.
    pub(super) fn packet(&mut self, now: Instant, side: Side, source: SocketAddr, bytes: &[u8]) {
        if rtp::is_rtcp(bytes) {
            return;
        }
        // Fax has none.
        let ssrc = Header::peek(bytes).map(|header| header.ssrc);
        let place = usize::from(side == Side::B);
        let (Some(Some(former)), Some(heard_at)) = (self.former.get_mut(place), self.heard_at.get_mut(place))
        else {
            return;
        };
        if former.is(source, ssrc) {
            *heard_at = Some(now);
            former.ssrc = ssrc.or(former.ssrc);
        }
    }

    /// When to look first.
    fn due(&self) -> Instant {
        self.closed_at + self.quarantine
    }

    fn look(&self, now: Instant) -> Look {
        let heard_at = self.heard_at.iter().flatten().max().copied().unwrap_or(self.closed_at);
        let over_at = heard_at + self.quarantine;
        let given_up_at = self.closed_at + limits::MEDIA_QUARANTINE_MAX.max(self.quarantine);
        if now < over_at && now < given_up_at {
            return Look::Again(over_at.min(given_up_at));
        }
        let mut still = Vec::new();
        for ((local, former), heard_at) in self.locals.iter().zip(self.former).zip(self.heard_at) {
            if let (Some(local), Some(former), Some(heard_at)) = (local, former, heard_at)
                && now < heard_at + self.quarantine
            {
                still.push((*local, former));
            }
        }
        Look::Over(still)
    }
}

/// Who was still sending when a port was given up, by the address of the port. There are no more than there are ports.
pub(super) type StillSending = BTreeMap<SocketAddr, Former>;
