//! How cores name sockets they never see.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

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

    /// Whether nobody on the way can read what it carries.
    pub const fn is_secure(self) -> bool {
        matches!(self, Transport::Tls | Transport::Wss)
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

/// What is spoken on a connection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub enum Protocol {
    /// SIP (RFC 3261).
    #[default]
    Sip,
    /// SCCP (Skinny).
    Sccp,
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

/// Whether a device that calls itself `told`, while its packets come from `source`, is behind NAT: those are two addresses, and `told` is a private one.
pub fn is_behind_nat(told: IpAddr, source: IpAddr) -> bool {
    let (told, source) = (told.to_canonical(), source.to_canonical());
    // A device on this very machine reaches us and is reached at all of its addresses.
    told != source && !source.is_loopback() && is_private(told)
}

/// Addresses that mean something only behind somebody's NAT (RFC 1918, RFC 6598, RFC 4193, RFC 3927).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            v4.is_private() || v4.is_link_local() || shared
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}
