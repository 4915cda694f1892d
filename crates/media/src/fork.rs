//! Copies of what the two sides of a relay send, on their way to a recorder.
//!
//! A fork has ports of its own, a pair of sockets for each side, and hangs in the relay that it copies: what passes there goes
//! once more to the recorder, the same bytes under the same source, as a translator does (RFC 7866 §8.1.1, RFC 3550 §7.1). It goes
//! after the packet that it is a copy of, costs no lock and no allocation of its own, and waits for nobody: what the system does not take is
//! lost and counted. Only what the recorder agreed to is sent to it, and with keys only when there are any. What passes the relay protected with
//! keys of the devices is opened for the copy and protected with keys that the recorder has.

use std::net::SocketAddr;

use crate::control::{PortId, PortKeys, RtcpWay, SentKeys, Side};
use crate::rtp::HEADER_BYTES;
use crate::srtp::{Failure, KeyMaterial, Protection, Unprotector};
use crate::statistics::{PortStatistics, StreamStatistics, Unsent};
use crate::worker::{Channel, Outbox, SocketRef};

/// Where the copy of a side's packets goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CopyTo {
    /// Where RTP goes.
    pub remote: SocketAddr,
    /// Where RTCP goes.
    pub rtcp: RtcpWay,
    /// The payload types that the recorder agreed to, one bit for each.
    pub payload_types: u128,
}

/// The copies of one relay's packets.
#[derive(Debug)]
pub struct Fork {
    port: PortId,
    a: Stream,
    b: Stream,
    /// Room for what is opened.
    opened: Vec<u8>,
}

/// The copies of what one side sends.
#[derive(Debug, Default)]
struct Stream {
    to: Option<CopyTo>,
    protection: Protection,
    /// Opens what the side sends, where it passes as it is.
    opener: Option<Box<Unprotector>>,
    sent: u64,
    sent_bytes: u64,
    unsent: Unsent,
    /// Packets that the recorder did not agree to.
    skipped: u64,
    /// Packets that the key of the side does not open.
    unopened: u64,
}

impl Fork {
    /// A fork that sends nothing yet.
    pub fn new(port: PortId) -> Self {
        Fork { port, a: Stream::default(), b: Stream::default(), opened: Vec::new() }
    }

    /// The port whose sockets it sends from.
    pub(crate) const fn port(&self) -> PortId {
        self.port
    }

    /// Where what a side sends is copied to from now on; nowhere when `None`.
    pub fn copy(&mut self, side: Side, to: Option<CopyTo>) {
        self.stream(side).to = to;
    }

    /// How the copies are protected from now on.
    pub fn protect(&mut self, keys: &PortKeys) {
        self.a.protection.change(keys.a.as_ref());
        self.b.protection.change(keys.b.as_ref());
    }

    /// With which keys the sides protect what passes the relay as it is; a key that stays goes on where it is.
    pub fn unseal(&mut self, keys: &SentKeys) {
        self.a.unseal(keys.a.as_ref());
        self.b.unseal(keys.b.as_ref());
    }

    /// A packet of a side has passed the relay.
    pub(crate) fn rtp(&mut self, side: Side, payload_type: u8, bytes: &[u8], out: &mut Outbox) {
        let socket = SocketRef { port: self.port, side, channel: Channel::Rtp };
        let mut opened = std::mem::take(&mut self.opened);
        let stream = self.stream(side);
        if let Some(to) = stream.to {
            if to.payload_types & 1 << (payload_type & 0x7f) == 0 {
                stream.skipped += 1;
            } else {
                stream.rtp(socket, to.remote, bytes, &mut opened, out);
            }
        }
        self.opened = opened;
    }

    /// A report of a side has passed the relay: the recorder brings both streams together by it (RFC 3550 §6.4.1).
    pub(crate) fn rtcp(&mut self, side: Side, bytes: &[u8], out: &mut Outbox) {
        let port = self.port;
        let mut opened = std::mem::take(&mut self.opened);
        let stream = self.stream(side);
        if let Some(to) = stream.to {
            let (destination, channel) = match to.rtcp {
                RtcpWay::Address(address) => (address, Channel::Rtcp),
                RtcpWay::Mux => (to.remote, Channel::Rtp),
            };
            let socket = SocketRef { port, side, channel };
            if let Some(bytes) = stream.open(bytes, &mut opened, Unprotector::rtcp) {
                let protection = &mut stream.protection;
                out.send_protected(protection, socket, destination, |buffer| buffer.extend_from_slice(bytes));
            }
        }
        self.opened = opened;
    }

    /// A copy could not be sent.
    pub(crate) fn unsent(&mut self, side: Side, error: u16) {
        self.stream(side).unsent.add(error);
    }

    /// What was copied of both sides until now. Packets that the recorder did not agree to count as malformed,
    /// those that no key opens as foreign.
    pub fn statistics(&self) -> PortStatistics {
        PortStatistics { a: self.a.statistics(), b: Some(self.b.statistics()) }
    }

    const fn stream(&mut self, side: Side) -> &mut Stream {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }
}

impl Stream {
    fn unseal(&mut self, key: Option<&KeyMaterial>) {
        let same = |opener: &Unprotector| Some(opener.material()) == key;
        if !self.opener.as_deref().is_some_and(same) {
            self.opener =
                key.map(|key| {
                    let opener = self.opener.as_deref();
                    Box::new(opener.map_or_else(
                        || Unprotector::new(key.clone()),
                        |opener| opener.following(key.clone()),
                    ))
                });
        }
    }

    fn rtp(
        &mut self,
        socket: SocketRef,
        remote: SocketAddr,
        bytes: &[u8],
        scratch: &mut Vec<u8>,
        out: &mut Outbox,
    ) {
        let Some(bytes) = self.open(bytes, scratch, Unprotector::rtp) else {
            self.unopened += 1;
            return;
        };
        if out.send_protected(&mut self.protection, socket, remote, |buffer| buffer.extend_from_slice(bytes))
        {
            self.sent += 1;
            self.sent_bytes += bytes.len().saturating_sub(HEADER_BYTES) as u64;
        }
    }

    /// A packet as its side wrote it, before it protected it.
    fn open<'b>(
        &mut self,
        bytes: &'b [u8],
        scratch: &'b mut Vec<u8>,
        open: fn(&mut Unprotector, &mut [u8]) -> Result<usize, Failure>,
    ) -> Option<&'b [u8]> {
        let Some(opener) = &mut self.opener else { return Some(bytes) };
        scratch.clear();
        scratch.extend_from_slice(bytes);
        let length = open(opener, scratch).ok()?;
        scratch.get(..length)
    }

    fn statistics(&self) -> StreamStatistics {
        StreamStatistics {
            sent: self.sent.saturating_sub(self.unsent.packets),
            sent_bytes: self.sent_bytes,
            unsent: self.unsent.packets,
            unsent_error: self.unsent.error,
            malformed: self.skipped,
            foreign: self.unopened,
            peer: self.to.map(|to| to.remote),
            ..StreamStatistics::default()
        }
    }
}

/// Forks of one relay: each of its parties may be recorded.
pub const FORKS_MAX: usize = 2;
