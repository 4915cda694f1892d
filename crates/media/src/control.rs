//! What the decision side and the media workers say to each other.
//!
//! Workers own the RTP sockets; the decision side names endpoints and relays, the workers report the
//! addresses they opened, the digits they heard and the quality they measured.

use std::net::SocketAddr;

use strowger_base::leg::{Digit, Service};

use crate::codec::Codec;
use crate::statistics::StreamStatistics;

/// A media port of ours: an endpoint or a relay. Never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PortId(pub u64);

/// One of the two sides of a relay.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Side {
    /// Towards the caller.
    A,
    /// Towards the called device.
    B,
}

/// What a stream of RTP is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamFormat {
    /// The codec.
    pub codec: Codec,
    /// Its RTP payload type, 0-127.
    pub payload_type: u8,
    /// The payload type of RFC 4733 events, when agreed.
    pub telephone_event: Option<u8>,
    /// Packet time in milliseconds, 10-60.
    pub ptime_ms: u8,
}

/// What the workers shall do. Every opened port is closed exactly once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Open an RTP and RTCP port for a service. Answered by [`Report::Opened`] or [`Report::Failed`].
    OpenEndpoint {
        /// The new port.
        port: PortId,
        /// What it does with media.
        service: Service,
    },
    /// Start, or change, what an endpoint sends and where.
    Connect {
        /// The endpoint.
        port: PortId,
        /// Where RTP goes; learned anew from the packets that arrive when the peer is behind NAT.
        remote: SocketAddr,
        /// Codec and payload types.
        format: StreamFormat,
        /// Whether the peer wants to hear something.
        send: bool,
    },
    /// Open the two ports of a relay. Answered by [`Report::Opened`] with both addresses, or [`Report::Failed`].
    OpenRelay {
        /// The new port.
        port: PortId,
    },
    /// Tell a relay where one side's device wants its packets.
    Direct {
        /// The relay.
        port: PortId,
        /// Which side.
        side: Side,
        /// Where RTP goes; learned anew from the packets that arrive when the peer is behind NAT.
        remote: SocketAddr,
    },
    /// Close it. Answered by [`Report::Closed`].
    Close {
        /// Which.
        port: PortId,
    },
}

/// What the workers tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// The port is open.
    Opened {
        /// Which.
        port: PortId,
        /// The RTP address for side A, or of the endpoint; RTCP is the next port.
        a: SocketAddr,
        /// The RTP address for side B of a relay.
        b: Option<SocketAddr>,
    },
    /// No port could be opened.
    Failed {
        /// Which.
        port: PortId,
        /// What the operating system said.
        reason: Box<str>,
    },
    /// A digit arrived by RFC 4733.
    Digit {
        /// At which port.
        port: PortId,
        /// Which digit.
        digit: Digit,
    },
    /// The announcement has been played to its end.
    Finished {
        /// At which port.
        port: PortId,
    },
    /// The port is closed; for a relay, statistics of what came from side A and side B.
    Closed {
        /// Which.
        port: PortId,
        /// What came from side A, or from the endpoint's peer.
        a: StreamStatistics,
        /// What came from side B of a relay.
        b: Option<StreamStatistics>,
    },
}
