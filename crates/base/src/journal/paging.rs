//! Pages: who hears them, and who does not.

use std::net::SocketAddr;

use super::DecodeError;
use super::wire::{Reader, Wire, wire_enum};
use crate::LegId;

/// What happens in a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paging<'a> {
    /// The call goes to a paging group.
    Began {
        /// The group.
        group: &'a str,
        /// Its lines.
        lines: u32,
        /// Its overhead gateways.
        gateways: u32,
    },
    /// A line, one of its phones, or a gateway does not hear it.
    PassedOver {
        /// The line or the trunk.
        whom: &'a str,
        /// Which phone; empty when it is all of them.
        phone: &'a str,
        /// Why.
        why: WhyNotPaged,
    },
    /// It goes out to an address to which phones listen by themselves. The record's leg is nobody's.
    Multicast {
        /// The address.
        address: SocketAddr,
        /// How many routers it may pass, and one more.
        ttl: u8,
        /// How it is coded.
        codec: &'a str,
    },
    /// It does not go out there.
    NotMulticast {
        /// What the operating system said.
        reason: &'a str,
    },
    /// The record's leg hears it.
    Heard {
        /// Our leg on the other side of it.
        seat: LegId,
        /// Where it is sent; `None` when the device wants nothing.
        address: Option<SocketAddr>,
        /// How it is coded.
        codec: &'a str,
    },
    /// Nobody hears it any more.
    NobodyLeft,
}

wire_enum!(Paging<'a> {
    Began = 0 { group, lines, gateways },
    PassedOver = 1 { whom, phone, why },
    Multicast = 2 { address, ttl, codec },
    NotMulticast = 3 { reason },
    Heard = 4 { seat, address, codec },
    NobodyLeft = 5,
});

/// Why somebody does not hear a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyNotPaged {
    /// He is in a call.
    InCall,
    /// He does not want to be disturbed.
    DoNotDisturb,
    /// No phone of the line is registered.
    NotRegistered,
    /// The trunk is configured without a far end.
    NotThere,
    /// The number leads to no line and to no gateway.
    NoDevice,
    /// As many phones hear it as may.
    TooMany,
    /// There is no bandwidth for it.
    NoBandwidth,
    /// The regions leave no codec of ours.
    NoCodec,
    /// No media port is left, or the device and we have no codec in common.
    NoMedia,
    /// It did not answer in time.
    NoAnswer,
}

wire_enum!(WhyNotPaged {
    InCall = 0,
    DoNotDisturb = 1,
    NotRegistered = 2,
    NotThere = 3,
    TooMany = 4,
    NoBandwidth = 5,
    NoCodec = 6,
    NoMedia = 7,
    NoAnswer = 8,
    NoDevice = 9,
});
