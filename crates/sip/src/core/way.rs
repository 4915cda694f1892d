//! Where messages go: flows, connections, trunks, and which addresses are ours.

use std::net::SocketAddr;
use std::sync::Arc;

use strowger_base::net::{Flow, ListenerId, Transport};
use strowger_base::{CallId, LegId, Span};

use super::{Destination, Shared};
use crate::io::{Direction, Outbox, Output};
use crate::uri::{Host, Uri};
use crate::write;

impl Shared {
    /// Puts a message on its way and into the ladder of its leg.
    pub(crate) fn transmit(
        &mut self,
        flow: Flow,
        bytes: Span,
        (leg, call): (LegId, Option<CallId>),
        out: &mut Outbox,
    ) {
        self.send(flow, bytes, out);
        let direction = Direction::Sent;
        out.items.push(Output::Message { leg: Some(leg), call, direction, flow, bytes });
    }

    /// Puts a message on its way.
    pub(crate) fn send(&mut self, flow: Flow, bytes: Span, out: &mut Outbox) {
        match flow {
            Flow::Datagram { listener, peer } => {
                self.counters.sent += 1;
                out.items.push(Output::Datagram { listener, destination: peer, bytes });
            }
            Flow::Stream { stream, .. } if self.streams.get(stream).is_some() => {
                self.counters.sent += 1;
                out.items.push(Output::StreamSend { stream, bytes });
            }
            // Deviates from RFC 3261 §18.2.2: no new connection is opened for a response. The device behind a connection
            // that broke is behind NAT as a rule, and its transaction failed with the connection.
            Flow::Stream { .. } => self.counters.unsent += 1,
        }
    }

    /// A flow that can be used now: a connection that has gone is made again towards the same peer.
    pub(crate) fn usable(&mut self, flow: Flow, out: &mut Outbox) -> Flow {
        let Flow::Stream { stream, peer, transport } = flow else { return flow };
        if self.streams.get(stream).is_some() {
            return flow;
        }
        self.connection_to(peer, transport, out)
    }

    pub(super) fn connection_to(&mut self, peer: SocketAddr, transport: Transport, out: &mut Outbox) -> Flow {
        if let Some(flow) = self.streams.to_peer(peer, transport) {
            return flow;
        }
        let local = self.local_address_of(transport);
        let stream = self.streams.begin(local, peer, transport);
        out.items.push(Output::StreamConnect { stream, transport, peer });
        Flow::Stream { stream, peer, transport }
    }

    /// Follows the peer to where a request that refreshed its target shows it to be (RFC 3261 §12.2.2): phones move, with
    /// or without a NAT. Behind a proxy that stays in the path its route counts.
    pub(crate) fn follow(&self, dialog: &mut crate::dialog::Dialog, arrived: Flow) {
        match arrived {
            Flow::Stream { .. } if matches!(dialog.flow, Flow::Stream { .. }) => dialog.flow = arrived,
            Flow::Datagram { .. }
                if dialog.routes.is_empty() && matches!(dialog.flow, Flow::Datagram { .. }) =>
            {
                dialog.flow = self.way_to(&dialog.target, arrived, false);
            }
            Flow::Datagram { .. } | Flow::Stream { .. } => {}
        }
    }

    /// The way to a URI of a peer that was seen at `flow`.
    ///
    /// A literal address counts when the peer is a trunk, or when it is the address that the packets came from:
    /// then the port in it is right. Any other address belongs to a phone behind NAT, which is reached where its
    /// packets came from (RFC 3581, RFC 5626 §5.3).
    pub(crate) fn way_to(&self, uri: &str, flow: Flow, trust: bool) -> Flow {
        let Flow::Datagram { listener, peer } = flow else { return flow };
        let uri = uri.trim_ascii_start().as_bytes();
        let uri = uri.strip_prefix(b"<").unwrap_or(uri);
        let uri = uri.split(|byte| *byte == b'>').next().unwrap_or(uri);
        let Ok(parsed) = Uri::parse(uri) else { return flow };
        let address = match parsed.host() {
            Some(Host::V4(address)) => std::net::IpAddr::V4(address),
            Some(Host::V6(address)) => std::net::IpAddr::V6(address),
            Some(Host::Name(_)) | None => return flow,
        };
        if !trust && address != peer.ip() {
            return flow;
        }
        Flow::Datagram { listener, peer: SocketAddr::new(address, parsed.port().unwrap_or(5060)) }
    }

    pub(super) fn trunk_destination(
        &mut self,
        name: &str,
        called: &str,
        out: &mut Outbox,
    ) -> Option<Destination> {
        let configuration = Arc::clone(&self.configuration);
        let trunk = configuration.trunks.iter().find(|trunk| &*trunk.name == name)?;
        let flow = match trunk.transport {
            Transport::Udp => {
                Flow::Datagram { listener: self.listener_of(Transport::Udp)?, peer: trunk.destination }
            }
            Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {
                self.connection_to(trunk.destination, trunk.transport, out)
            }
        };
        let uri = self.drafted_text(|uri| {
            uri.extend_from_slice(b"sip:");
            // Somebody of another host stays that; the trunk is the way there (RFC 3261 §8.1.2).
            if let Some((user, host)) = write::user_at_host(called) {
                write::escaped_user(uri, user);
                uri.push(b'@');
                uri.extend_from_slice(host.as_bytes());
                return;
            }
            write::escaped_user(uri, called);
            uri.push(b'@');
            write::address(uri, trunk.destination);
            if trunk.transport != Transport::Udp {
                uri.extend_from_slice(b";transport=");
                uri.extend_from_slice(trunk.transport.parameter().as_bytes());
            }
        });
        Some(Destination { uri, routes: Vec::new(), flow, reads_call_info: false })
    }

    pub(super) fn listener_of(&self, transport: Transport) -> Option<ListenerId> {
        let position =
            self.configuration.listeners.iter().position(|l| l.is_open && l.transport == transport)?;
        Some(ListenerId(position as u16))
    }

    pub(super) fn local_address_of(&self, transport: Transport) -> SocketAddr {
        self.configuration
            .listeners
            .iter()
            .find(|listener| listener.is_open && listener.transport == transport)
            .map_or(SocketAddr::from(([0, 0, 0, 0], 0)), |listener| listener.advertised)
    }

    /// The address of ours that a peer on this flow shall use.
    pub(super) fn advertised(&self, flow: &Flow) -> SocketAddr {
        match flow {
            Flow::Datagram { listener, .. } => self
                .configuration
                .listeners
                .get(usize::from(listener.0))
                .map_or(SocketAddr::from(([0, 0, 0, 0], 0)), |listener| listener.advertised),
            Flow::Stream { transport, .. } => self.local_address_of(*transport),
        }
    }

    /// Whether a host of a URI is this node: its domain, one of its other names, or an address of a listener.
    pub(crate) fn is_own_host(&self, host: Host<'_>) -> bool {
        let configuration = &self.configuration;
        let listens = |address: std::net::IpAddr| {
            configuration.listeners.iter().any(|it| it.is_open && it.advertised.ip() == address)
        };
        let named = |text: &str| {
            let names = [&*configuration.domain, "localhost"].into_iter();
            let mut names = names.chain(configuration.aliases.iter().map(|name| &**name));
            names.any(|name| name.eq_ignore_ascii_case(text))
        };
        match host {
            Host::Name(name) => named(name),
            Host::V4(address) => listens(address.into()) || named(&address.to_string()),
            Host::V6(address) => listens(address.into()) || named(&address.to_string()),
        }
    }
}
