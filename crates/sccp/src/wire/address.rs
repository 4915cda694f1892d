//! Addresses of media.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Reader, Wire, Writer};

/// The first version whose addresses have room for IPv6.
const SINCE: u8 = 17;

/// Where media comes from or goes to. Up to version 16 an IPv4 address of four bytes; from 17 on a word that tells the kind and sixteen
/// bytes, of which an IPv4 address takes the first four.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Address {
    kind: u32,
    bytes: [u8; 16],
}

impl Address {
    /// 0.0.0.0: none, or whichever.
    pub const UNSPECIFIED: Address = Address { kind: Address::V4, bytes: [0; 16] };
    const V4: u32 = 0;
    const V6: u32 = 1;

    /// The address; `None` when the peer named a kind that is not known.
    pub fn ip(self) -> Option<IpAddr> {
        match self.kind {
            Address::V4 => {
                let [a, b, c, d, ..] = self.bytes;
                Some(Ipv4Addr::new(a, b, c, d).into())
            }
            Address::V6 => Some(Ipv6Addr::from(self.bytes).into()),
            _ => None,
        }
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => {
                let mut bytes = [0; 16];
                if let Some(first) = bytes.first_chunk_mut() {
                    *first = ip.octets();
                }
                Address { kind: Address::V4, bytes }
            }
            IpAddr::V6(ip) => Address { kind: Address::V6, bytes: ip.octets() },
        }
    }
}

/// The address that a station says is its own: four bytes in every version.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StationAddress(pub Ipv4Addr);

impl Default for StationAddress {
    fn default() -> Self {
        StationAddress(Ipv4Addr::UNSPECIFIED)
    }
}

impl fmt::Debug for StationAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Wire for StationAddress {
    fn read(from: &mut Reader<'_>) -> Self {
        StationAddress(Ipv4Addr::read(from))
    }

    fn write(&self, to: &mut Writer<'_>) {
        self.0.write(to);
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip() {
            Some(ip) => write!(f, "{ip}"),
            None => write!(f, "kind {} {:02x?}", self.kind, self.bytes),
        }
    }
}

impl Wire for Address {
    fn read(from: &mut Reader<'_>) -> Self {
        if from.version() < SINCE {
            return IpAddr::V4(Ipv4Addr::read(from)).into();
        }
        let (kind, mut bytes) = (u32::read(from), <[u8; 16]>::read(from));
        if kind == Address::V4
            && let Some((_, beyond)) = bytes.split_first_chunk_mut::<4>()
        {
            // Phones leave there what was there before.
            beyond.fill(0);
        }
        Address { kind, bytes }
    }

    /// An address for which the version has no room is written as 0.0.0.0.
    fn write(&self, to: &mut Writer<'_>) {
        if to.version() < SINCE {
            match self.ip() {
                Some(IpAddr::V4(ip)) => ip.write(to),
                Some(IpAddr::V6(_)) | None => Ipv4Addr::UNSPECIFIED.write(to),
            }
            return;
        }
        self.kind.write(to);
        self.bytes.write(to);
    }
}
