//! Which way media takes.

use std::net::SocketAddr;

use super::DecodeError;
use super::wire::{Reader, Wire, wire_enum, wire_struct};
use crate::LegId;

/// Both directions of the agreed audio.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MediaPath<'a> {
    /// The side that offered.
    pub offerer: StreamEnd,
    /// The side that answered.
    pub answerer: StreamEnd,
    /// The codec that the answer names first.
    pub codec: &'a str,
    /// Directly or through a relay.
    pub way: Way,
}

wire_struct!(MediaPath<'a> { offerer, answerer, codec, way });

/// Where one side receives audio.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamEnd {
    /// Its leg.
    pub leg: LegId,
    /// Where it wants audio; `None` when it wants none or gave a domain name.
    pub address: Option<SocketAddr>,
    /// Whether it sends and receives.
    pub flow: AudioFlow,
}

wire_struct!(StreamEnd { leg, address, flow });

/// Which way audio flows, from the view of one side (RFC 8866 §6.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AudioFlow {
    /// It talks and listens.
    Both,
    /// It talks only: it holds the other.
    SendOnly,
    /// It listens only.
    ReceiveOnly,
    /// Nothing flows.
    Nothing,
}

wire_enum!(AudioFlow { Both = 0, SendOnly = 1, ReceiveOnly = 2, Nothing = 3 });

/// Which way media takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// From device to device.
    Direct,
    /// Through a relay of ours.
    Relayed,
    /// Through a device of its own, as routers have them.
    AtDevice,
}

wire_enum!(Way { Direct = 0, Relayed = 1, AtDevice = 2 });
