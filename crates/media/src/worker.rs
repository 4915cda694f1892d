//! All endpoints and relays of one media thread.
//!
//! The shell (or the simulator) opens sockets when told, hands in what arrives and sends what comes out. It
//! decides nothing.

use std::net::SocketAddr;

use strowger_base::{ByteArena, Instant, Now, Rng, Span};

use crate::control::{Command, PortId, Report, Side};

/// What can happen to a worker.
#[derive(Debug)]
pub enum Input<'a> {
    /// The decision side wants something.
    Command(Command),
    /// The sockets that [`Output::OpenSockets`] asked for are open.
    Opened {
        /// Which port.
        port: PortId,
        /// The address to be told to the peer of an endpoint or of side A: RTP on it (an even port), RTCP on the next.
        a: SocketAddr,
        /// The same for side B, when two pairs were asked for.
        b: Option<SocketAddr>,
    },
    /// They could not be opened, and none of them is.
    OpenFailed {
        /// Which port.
        port: PortId,
        /// What the operating system said.
        reason: Box<str>,
    },
    /// A datagram arrived.
    Packet {
        /// At which socket.
        socket: SocketRef,
        /// From where.
        source: SocketAddr,
        /// The datagram.
        bytes: &'a [u8],
    },
    /// The time of `next_timeout` has come.
    Timeout,
}

/// What a worker wants done, in this order.
#[derive(Debug)]
pub enum Output {
    /// Open pairs of UDP sockets, each an even port for RTP and the next for RTCP. Answered by
    /// [`Input::Opened`] or [`Input::OpenFailed`], at once or later.
    OpenSockets {
        /// For which port.
        port: PortId,
        /// 1 for an endpoint, 2 for a relay.
        pairs: u8,
    },
    /// Send a datagram.
    Send {
        /// From which socket.
        socket: SocketRef,
        /// Where to.
        destination: SocketAddr,
        /// Its bytes in the outbox's arena.
        bytes: Span,
    },
    /// Close all sockets of a port. Only sent for ports that were [`Input::Opened`], once each.
    CloseSockets {
        /// Which port.
        port: PortId,
    },
    /// Tell the decision side.
    Report(Report),
}

/// Where outputs are put. The driver takes them, then clears both before the next batch.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Bytes of outgoing datagrams.
    pub arena: ByteArena,
    /// What is wanted, in order.
    pub items: Vec<Output>,
}

/// One of the sockets of a port.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SocketRef {
    /// The port.
    pub port: PortId,
    /// The pair: always [`Side::A`] for an endpoint.
    pub side: Side,
    /// Which of the pair.
    pub channel: Channel,
}

/// One of the two sockets of a pair.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Channel {
    /// The even port.
    Rtp,
    /// The next one.
    Rtcp,
}

/// Owns every endpoint and relay of one media thread.
#[derive(Debug)]
pub struct Worker {
    rng: Rng,
}

impl Worker {
    /// A worker without ports. `rng` makes SSRCs, first sequence numbers and RTCP intervals.
    pub const fn new(rng: Rng) -> Self {
        Worker { rng }
    }

    /// Takes one input; the outbox is complete when it returns.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox) {
        let _ = (now, input, out, self.rng.next_u64());
    }

    /// When [`Input::Timeout`] is wanted.
    pub const fn next_timeout(&self) -> Option<Instant> {
        None
    }
}
