//! How values are written in the journal: integers as LEB128 varints, text and bytes behind their length,
//! enums as a small number and then their fields.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::DecodeError;
use crate::leg::{
    Alert, AudioSource, BindingId, CallTone, MulticastDirection, PageSeat, Presentation, ReleaseReason,
    Service, Tone,
};
use crate::net::{Flow, ListenerId, StreamId, Transport};
use crate::{CallId, Cause, ConferenceId, Country, LegId, NodeId, ShardId, WallTime};

/// A value that can be written to the journal and read back from it, borrowing text from the record.
pub(super) trait Wire<'a>: Sized {
    /// Appends the value.
    fn put(&self, out: &mut Vec<u8>);
    /// Reads the value; never past the end, never more than what was given.
    fn take(from: &mut Reader<'a>) -> Result<Self, DecodeError>;
}

/// What is left of a record.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    pub(super) const fn len(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.rest.split_first().ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(*first)
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (array, rest) = self.rest.split_first_chunk::<N>().ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(*array)
    }

    #[inline(always)]
    pub(super) fn varint(&mut self) -> Result<u64, DecodeError> {
        // Most numbers are small.
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            [..] => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(DecodeError::Number);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Number)
    }
}

pub(super) fn put_varint(value: u64, out: &mut Vec<u8>) {
    if value < 0x80 {
        // Most numbers are small.
        out.push(value as u8);
        return;
    }
    let mut bytes = Block::<VARINT_BYTES>::new();
    bytes.varint(value);
    out.extend_from_slice(bytes.as_slice());
}

/// Longest varint of 64 bits.
const VARINT_BYTES: usize = 10;

/// A few bytes that are put together before they are appended at once: appending has to look for room each time.
pub(super) struct Block<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Block<N> {
    pub(super) const fn new() -> Self {
        Block { bytes: [0; N], len: 0 }
    }

    /// What does not fit is dropped; every user has room for the most that it writes.
    pub(super) const fn byte(&mut self, byte: u8) {
        if self.len < N {
            self.bytes[self.len] = byte;
            self.len += 1;
        }
    }

    #[inline(always)]
    pub(super) const fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte(value as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    pub(super) fn array<const M: usize>(&mut self, array: [u8; M]) {
        if let Some(place) = self.bytes.get_mut(self.len..self.len + M) {
            place.copy_from_slice(&array);
            self.len += M;
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

macro_rules! wire_numbers {
    ($($type:ty),*) => {$(
        impl Wire<'_> for $type {
            fn put(&self, out: &mut Vec<u8>) {
                put_varint(u64::from(*self), out);
            }
            #[inline(always)]
            fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
                <$type>::try_from(from.varint()?).map_err(|_| DecodeError::Number)
            }
        }
    )*};
}
wire_numbers!(u8, u16, u32, u64);

impl<'a> Wire<'a> for &'a [u8] {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(self.len() as u64, out);
        out.extend_from_slice(self);
    }
    fn take(from: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let length = usize::try_from(from.varint()?).map_err(|_| DecodeError::Short)?;
        from.bytes(length)
    }
}

impl<'a> Wire<'a> for &'a str {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_bytes().put(out);
    }
    fn take(from: &mut Reader<'a>) -> Result<Self, DecodeError> {
        std::str::from_utf8(<&[u8]>::take(from)?).map_err(|_| DecodeError::Text)
    }
}

impl<'a, T: Wire<'a>> Wire<'a> for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            None => out.push(0),
            Some(value) => {
                out.push(1);
                value.put(out);
            }
        }
    }
    fn take(from: &mut Reader<'a>) -> Result<Self, DecodeError> {
        match from.byte()? {
            0 => Ok(None),
            1 => Ok(Some(T::take(from)?)),
            code => Err(DecodeError::Unknown { what: "option", code }),
        }
    }
}

impl Wire<'_> for WallTime {
    fn put(&self, out: &mut Vec<u8>) {
        // As a varint it would take as many bytes and more work.
        out.extend_from_slice(&self.as_micros().to_le_bytes());
    }
    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(WallTime::from_micros(u64::from_le_bytes(from.array()?)))
    }
}

impl Wire<'_> for Duration {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(u64::try_from(self.as_millis()).unwrap_or(u64::MAX), out);
    }
    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Duration::from_millis(from.varint()?))
    }
}

/// Writes and reads structs field by field.
macro_rules! wire_struct {
    ($name:ident $(<$life:lifetime>)? { $($field:ident),* }) => {
        impl<'a> Wire<'a> for $name $(<$life>)? {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)*
            }
            fn take(from: &mut Reader<'a>) -> Result<Self, DecodeError> {
                Ok($name { $($field: Wire::take(from)?),* })
            }
        }
    };
}
pub(super) use wire_struct;

/// Writes and reads an enum that is defined elsewhere: `Variant = code` with its fields.
macro_rules! wire_enum {
    ($name:ident $(<$life:lifetime>)? { $($variant:ident = $code:literal $({ $($field:ident),* })? $(($inner:ident))?),* $(,)? }) => {
        impl<'a> Wire<'a> for $name $(<$life>)? {
            fn put(&self, out: &mut Vec<u8>) {
                match self {
                    $($name::$variant $({ $($field),* })? $(($inner))? => {
                        out.push($code);
                        $($($field.put(out);)*)?
                        $($inner.put(out);)?
                    })*
                }
            }
            fn take(from: &mut Reader<'a>) -> Result<Self, DecodeError> {
                match from.byte()? {
                    $($code => {
                        $($(let $field = Wire::take(from)?;)*)?
                        $(let $inner = Wire::take(from)?;)?
                        Ok($name::$variant $({ $($field),* })? $(($inner))?)
                    })*
                    code => Err(DecodeError::Unknown { what: stringify!($name), code }),
                }
            }
        }
    };
}
pub(super) use wire_enum;

impl Wire<'_> for Country {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.number());
    }
    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let code = from.byte()?;
        Country::from_number(code).ok_or(DecodeError::Unknown { what: "country", code })
    }
}

impl Wire<'_> for SocketAddr {
    fn put(&self, out: &mut Vec<u8>) {
        let mut bytes = Block::<ADDRESS_BYTES>::new();
        match self.ip() {
            IpAddr::V4(address) => {
                bytes.byte(4);
                bytes.array(address.octets());
            }
            IpAddr::V6(address) => {
                bytes.byte(6);
                bytes.array(address.octets());
            }
        }
        bytes.array(self.port().to_le_bytes());
        out.extend_from_slice(bytes.as_slice());
    }
    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let address = match from.byte()? {
            4 => IpAddr::V4(Ipv4Addr::from(from.array::<4>()?)),
            6 => IpAddr::V6(Ipv6Addr::from(from.array::<16>()?)),
            code => return Err(DecodeError::Unknown { what: "address family", code }),
        };
        Ok(SocketAddr::new(address, u16::from_le_bytes(from.array()?)))
    }
}

/// Family, address and port.
const ADDRESS_BYTES: usize = 1 + 16 + 2;

macro_rules! wire_newtypes {
    ($($name:ident),*) => {$(
        impl Wire<'_> for $name {
            fn put(&self, out: &mut Vec<u8>) {
                self.0.put(out);
            }
            #[inline(always)]
            fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok($name(Wire::take(from)?))
            }
        }
    )*};
}
wire_newtypes!(Cause, NodeId, ShardId, ListenerId, StreamId, BindingId, AudioSource);

wire_struct!(CallId { node, shard, number });
wire_struct!(LegId { node, shard, number });
wire_struct!(ConferenceId { node, shard, number });

wire_enum!(Transport { Udp = 0, Tcp = 1, Tls = 2, Ws = 3, Wss = 4 });
wire_enum!(Flow { Datagram = 0 { listener, peer }, Stream = 1 { stream, peer, transport } });
wire_enum!(Alert { Ringing = 0, Progress = 1, Failing = 20 (cause) });
wire_enum!(Presentation { Allowed = 0, Restricted = 1 });
wire_enum!(CallTone {
    Dial = 0,
    OutsideDial = 1,
    Ringing = 2,
    Busy = 3,
    Reorder = 4,
    CallWaiting = 5,
    Information = 6,
    Confirmation = 7,
    Barge = 8,
    Recording = 9,
    Zip = 10,
});
wire_enum!(Tone { Silence = 0, Dial = 1, OutsideDial = 2, ZipZip = 3, Ringing = 4, Music = 5, Enter = 6, Leave = 7, Source = 8 (source), Hold = 9, National = 10 { country, tone } });
wire_enum!(Service { Echo = 0, Announcement = 1, Sounds = 2, Conference = 3 (conference), Confirmation = 7, Prompt = 8, Annunciator = 20 (tone), Page = 100 { page, seat }, Multicast = 101 { address, ttl, payload_type, direction } });
wire_enum!(MulticastDirection { ReceiveOnly = 0, SendOnly = 1 });
wire_enum!(PageSeat { Talker = 0, Listener = 1, HiddenListener = 2 });
wire_enum!(ReleaseReason {
    HungUp = 0,
    Cancelled = 1,
    Refused = 2 (status),
    NoResponse = 3,
    Unconfirmed = 4,
    SessionExpired = 5,
    TransportFailed = 6,
    ProtocolError = 7,
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_read_back_and_longer_ones_are_refused() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(value, &mut bytes);
            assert_eq!(Reader::new(&bytes).varint(), Ok(value));
            bytes.pop();
            assert_eq!(Reader::new(&bytes).varint(), Err(DecodeError::Short));
        }
        assert_eq!(Reader::new(&[0xff; 12]).varint(), Err(DecodeError::Number));
        assert_eq!(u8::take(&mut Reader::new(&[0x80, 0x02])), Err(DecodeError::Number));
    }
}
