//! A passage between two legs for datagrams that are no RTP: fax by UDPTL (ITU-T T.38), floor control by BFCP over UDP.
//!
//! It forwards both ways and counts, as a relay does, but knows nothing of what passes: no source tells whose a datagram is, so that
//! the host from which it comes has to. By the rules of `latch` the address of a side is learned from the first datagram; later it
//! moves to the described one, or after silence to another port of the same host, as when a NAT has lost its binding. There is no
//! control stream beside it. Somebody who floods it is cut off at [`DATAGRAMS_PER_SECOND`].

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use strowger_base::{Instant, Now};

use crate::control::{PortId, RelayPeer, Side};
use crate::latch::{Latch, Verdict};
use crate::sides::Sides;
use crate::statistics::{StreamStatistics, Unsent};
use crate::worker::{Channel, Former, Outbox, Output, SocketRef};

/// One passage.
#[derive(Debug)]
pub(crate) struct Passage {
    port: PortId,
    sides: Sides<Half>,
}

/// What is known of one side.
#[derive(Debug, Default)]
struct Half {
    latch: Latch,
    pace: Pace,
    packets: u64,
    bytes: u64,
    malformed: u64,
    foreign: u64,
    sent: u64,
    sent_bytes: u64,
    unsent: Unsent,
}

/// How many datagrams came in the second that runs.
#[derive(Debug, Default)]
struct Pace {
    since: Option<Instant>,
    count: u32,
}

impl Passage {
    /// A passage that knows neither side yet.
    pub(crate) fn new(port: PortId) -> Self {
        Passage { port, sides: Sides::default() }
    }

    /// One side's device described where it wants its datagrams.
    pub(crate) fn direct(&mut self, now: Now, side: Side, peer: RelayPeer) {
        self.sides.of_mut(side).latch.describe(now.mono, peer.rtp);
    }

    /// A datagram arrived.
    pub(crate) fn packet(
        &mut self,
        now: Now,
        (side, channel): (Side, Channel),
        source: SocketAddr,
        bytes: &[u8],
        out: &mut Outbox,
    ) {
        let port = self.port;
        let (from, to) = self.sides.between(side);
        if channel == Channel::Rtcp {
            from.foreign += 1;
            return;
        }
        if bytes.is_empty() || bytes.len() > DATAGRAM_BYTES {
            from.malformed += 1;
            return;
        }
        match from.latch.judge(now.mono, source, host(source.ip())) {
            Verdict::Ours if from.pace.allows(now.mono) => {}
            Verdict::Ours | Verdict::Foreign => {
                from.foreign += 1;
                return;
            }
        }
        from.packets += 1;
        from.bytes += bytes.len() as u64;
        if let Some(destination) = to.latch.destination() {
            let socket = SocketRef { port, side: side.other(), channel };
            let bytes = out.arena.append(bytes);
            out.items.push(Output::Send { socket, destination, bytes });
            to.sent += 1;
            to.sent_bytes += bytes.len() as u64;
        }
    }

    /// Somebody is still sending to the call that had this side's port before.
    pub(crate) fn shun(&mut self, side: Side, former: Former) {
        self.sides.of_mut(side).latch.shun(former);
    }

    /// A datagram for this side could not be sent.
    pub(crate) fn unsent(&mut self, side: Side, error: u16) {
        self.sides.of_mut(side).unsent.add(error);
    }

    /// Who talks on this side, as far as is known.
    pub(crate) fn peer(&self, side: Side) -> Option<Former> {
        let half = self.sides.of(side);
        let address = half.latch.peer().or(half.latch.described())?;
        Some(Former { address, ssrc: None })
    }

    /// What came from this side until now, and went to it.
    pub(crate) fn statistics(&self, side: Side) -> StreamStatistics {
        let half = self.sides.of(side);
        StreamStatistics {
            packets: half.packets,
            bytes: half.bytes,
            malformed: half.malformed,
            foreign: half.foreign,
            sent: half.sent.saturating_sub(half.unsent.packets),
            sent_bytes: half.sent_bytes,
            unsent: half.unsent.packets,
            unsent_error: half.unsent.error,
            peer: half.latch.peer(),
            ..StreamStatistics::default()
        }
    }
}

impl Pace {
    fn allows(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.saturating_since(since) >= Duration::from_secs(1)) {
            *self = Pace { since: Some(now), count: 0 };
        }
        self.count += 1;
        self.count <= DATAGRAMS_PER_SECOND
    }
}

/// What stands for the host of a datagram where RTP has its source.
fn host(address: IpAddr) -> u32 {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_bits(),
        IpAddr::V6(v6) => {
            let octets = v6.octets();
            let (words, _) = octets.as_chunks::<4>();
            words.iter().fold(0, |folded: u32, word| folded.rotate_left(5) ^ u32::from_be_bytes(*word))
        }
    }
}

/// Longer datagrams do not pass: they would be cut in pieces on their way. Fax devices want 1,472 bytes at most, most of them 400.
pub(crate) const DATAGRAM_BYTES: usize = 1500;
/// A fax of 33,600 bit/s sends a hundred, each perhaps three times.
pub(crate) const DATAGRAMS_PER_SECOND: u32 = 500;
