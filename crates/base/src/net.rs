//! How cores name sockets they never see.

use std::fmt;
use std::net::SocketAddr;

/// A bound socket of the shell, numbered in the order of the configuration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ListenerId(pub u16);

/// One connection of a stream transport. Ids made by the core for outgoing connections have the top bit set;
/// ids made by the shell for accepted ones do not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StreamId(pub u64);

impl StreamId {
    /// Set in ids of connections that the core asked for.
    pub const OUTGOING: u64 = 1 << 63;
}

/// What carries a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A TCP connection.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// WebSocket (RFC 7118).
    Ws,
    /// WebSocket over TLS (RFC 7118).
    Wss,
}

impl Transport {
    /// True when the transport retransmits itself and SIP must not (RFC 3261 §17).
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Transport::Udp)
    }

    /// The token of a Via header (RFC 3261 §20.42, RFC 7118 §5.1).
    pub const fn token(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::Ws => "WS",
            Transport::Wss => "WSS",
        }
    }

    /// The value of a `transport` URI parameter.
    pub const fn parameter(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
            Transport::Ws => "ws",
            Transport::Wss => "wss",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.token())
    }
}

/// Where bytes came from and where answers go back to: the way to a device through its NAT.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Flow {
    /// Datagrams between one of our sockets and one address.
    Datagram {
        /// Our socket.
        listener: ListenerId,
        /// The other side.
        peer: SocketAddr,
    },
    /// An established connection.
    Stream {
        /// The connection.
        stream: StreamId,
        /// The other side.
        peer: SocketAddr,
        /// TCP, TLS, WS or WSS.
        transport: Transport,
    },
}

impl Flow {
    /// The address of the other side.
    pub const fn peer(&self) -> SocketAddr {
        match self {
            Flow::Datagram { peer, .. } | Flow::Stream { peer, .. } => *peer,
        }
    }

    /// What carries it.
    pub const fn transport(&self) -> Transport {
        match self {
            Flow::Datagram { .. } => Transport::Udp,
            Flow::Stream { transport, .. } => *transport,
        }
    }
}
