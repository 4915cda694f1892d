//! The media relay between the two sides of a call, on demand.

use std::net::{IpAddr, SocketAddr};

use strowger_base::net::{Flow, is_behind_nat};
use strowger_media::control::{self, PortId, RelayPeer, RtcpWay};
use strowger_media::sdp::{self, StreamBeside};

use crate::exchange::Side;
use crate::io::{Outbox, Reach};

/// Where the relay of a call stands. What was opened is closed exactly once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Relay {
    /// Media goes directly.
    None,
    /// The worker was asked.
    Opening(PortId),
    /// It is there.
    Open(Ports),
}

/// An open relay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ports {
    pub(crate) port: PortId,
    /// What the caller is told.
    pub(crate) caller_side: SocketAddr,
    /// What the called side is told.
    pub(crate) called_side: SocketAddr,
    /// What the worker was last told of each side.
    caller: Option<RelayPeer>,
    called: Option<RelayPeer>,
}

impl Ports {
    pub(crate) const fn new(port: PortId, caller_side: SocketAddr, called_side: SocketAddr) -> Self {
        Ports { port, caller_side, called_side, caller: None, called: None }
    }

    /// The address that `side` is told to send to.
    pub(crate) const fn told_to(&self, side: Side) -> SocketAddr {
        match side {
            Side::Caller => self.caller_side,
            Side::Called => self.called_side,
        }
    }

    /// Sends what is for `side` there from now on.
    pub(crate) fn direct(&mut self, side: Side, peer: RelayPeer, out: &mut Outbox) {
        let last = match side {
            Side::Caller => &mut self.caller,
            Side::Called => &mut self.called,
        };
        if *last != Some(peer) {
            *last = Some(peer);
            let port = self.port;
            let side = match side {
                Side::Caller => control::Side::A,
                Side::Called => control::Side::B,
            };
            out.media(control::Command::Direct { port, side, peer });
        }
    }
}

impl Relay {
    /// The address that `side` is told to send to.
    pub(crate) const fn address_for(&self, side: Side) -> Option<SocketAddr> {
        match self {
            Relay::None | Relay::Opening(_) => None,
            Relay::Open(ports) => Some(ports.told_to(side)),
        }
    }

    /// `side` wrote this description: the relay sends there from now on.
    pub(crate) fn direct(&mut self, side: Side, description: &[u8], out: &mut Outbox) {
        let Relay::Open(ports) = self else { return };
        // Old-style hold names no address; where packets went before is still right after it.
        if let Some(peer) = peer_of(description) {
            ports.direct(side, peer, out);
        }
    }

    /// Whether nothing passes from now on, as one side listens to something else.
    pub(crate) fn suspend(&self, suspended: bool, out: &mut Outbox) {
        let Relay::Open(ports) = self else { return };
        out.media(control::Command::Suspend { port: ports.port, suspended });
    }
}

/// Where a description wants packets, when that is somebody.
fn peer_of(description: &[u8]) -> Option<RelayPeer> {
    let peek = sdp::peek(description).ok()?;
    peer_at(peek.audio, peek.rtcp, peek.codecs)
}

/// Where a stream is wanted, when that is somebody.
pub(crate) fn peer_of_stream(stream: &StreamBeside<'_>) -> Option<RelayPeer> {
    peer_at(stream.address, stream.rtcp, stream.codecs)
}

fn peer_at(rtp: Option<SocketAddr>, rtcp: Option<RtcpWay>, codecs: sdp::Codecs<'_>) -> Option<RelayPeer> {
    let somebody = |address: &SocketAddr| is_somebody(address.ip());
    let mut peer = RelayPeer::new(rtp.filter(somebody)?);
    // What goes through a relay does so on two ports, whatever was offered.
    if let Some(RtcpWay::Address(address)) = rtcp
        && is_somebody(address.ip())
    {
        peer.rtcp = address;
    }
    peer.opus = codecs.opus();
    Some(peer)
}

/// How the device is reached that wrote this description, as its media address and its packets show.
pub(crate) fn reach_of(description: &[u8], flow: Flow) -> Reach {
    match sdp::audio_address(description) {
        Some(told) => Reach::of(told.ip(), flow.peer().ip()),
        None => Reach::Direct,
    }
}

impl Reach {
    /// How a device is reached that calls itself `told` while its packets come from `source`: behind NAT when that
    /// is another address and a private one.
    pub fn of(told: IpAddr, source: IpAddr) -> Self {
        if is_behind_nat(told, source) { Reach::BehindNat } else { Reach::Direct }
    }
}

/// Whether packets can be sent to one device at this address. It is none when it stands for hold (0.0.0.0 of RFC 2543, however
/// it is written), and none when it is many: what one phone writes must not make a relay flood a network.
fn is_somebody(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => !v4.is_unspecified() && !v4.is_multicast() && !v4.is_broadcast(),
        IpAddr::V6(v6) => !v6.is_unspecified() && !v6.is_multicast(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use strowger_base::net::ListenerId;

    #[test]
    fn only_a_private_address_that_is_not_the_source_means_nat() {
        let check = |told: &str, source: &str, expect: Reach| {
            let text = format!(
                "v=0\r\no=- 1 1 IN IP4 {told}\r\ns=-\r\nc=IN IP4 {told}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
            );
            let peer = SocketAddr::new(source.parse().unwrap(), 5060);
            let flow = Flow::Datagram { listener: ListenerId(0), peer };
            assert_eq!(reach_of(text.as_bytes(), flow), expect, "{told} from {source}");
        };
        check("192.168.1.5", "203.0.113.9", Reach::BehindNat);
        check("100.64.0.1", "203.0.113.9", Reach::BehindNat);
        check("100.128.0.1", "203.0.113.9", Reach::Direct);
        check("192.168.1.5", "192.168.1.5", Reach::Direct);
        check("192.168.1.5", "::ffff:192.168.1.5", Reach::Direct);
        check("192.168.1.5", "127.0.0.1", Reach::Direct);
        check("198.51.100.7", "203.0.113.9", Reach::Direct);
        check("0.0.0.0", "203.0.113.9", Reach::Direct);
    }

    #[test]
    fn a_relay_sends_only_where_somebody_can_be() {
        let here = |port| SocketAddr::new(Ipv4Addr::new(198, 51, 100, 1).into(), port);
        let check = |kind: &str, told: &str, port: u16, expect: bool| {
            let text = format!(
                "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN {kind} {told}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
            );
            let ports = Ports::new(PortId(1), here(20_000), here(20_002));
            for side in [Side::Caller, Side::Called] {
                let (mut relay, mut out) = (Relay::Open(ports), Outbox::default());
                relay.direct(side, text.as_bytes(), &mut out);
                assert_eq!(out.items.len(), usize::from(expect), "{told} port {port} from {side:?}");
                relay.direct(side, text.as_bytes(), &mut out);
                assert_eq!(out.items.len(), usize::from(expect), "{told}: told once");
            }
        };
        check("IP4", "192.0.2.5", 4000, true);
        check("IP6", "2001:db8::5", 4000, true);
        check("IP6", "::ffff:192.0.2.5", 4000, true);
        // Hold of RFC 2543, in each way to write it, and a stream that is refused.
        check("IP4", "0.0.0.0", 4000, false);
        check("IP6", "::", 4000, false);
        check("IP6", "::ffff:0.0.0.0", 4000, false);
        check("IP4", "192.0.2.5", 0, false);
        // Nobody's address: one packet would reach many.
        check("IP4", "255.255.255.255", 4000, false);
        check("IP4", "224.0.0.1", 4000, false);
        check("IP6", "ff02::1", 4000, false);
        check("IP6", "::ffff:224.0.0.1", 4000, false);
    }
}
