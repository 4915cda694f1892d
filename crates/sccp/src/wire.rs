//! The words that layouts are made of. Integers have their least significant byte first; addresses are as they stand in IP.

pub(crate) mod address;
pub(crate) mod lists;
pub(crate) mod text;

use std::marker::PhantomData;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::version::{Charset, Dialect};

/// A value with one form on the wire.
pub(crate) trait Wire: Sized {
    /// Reads it; what is not there is zero.
    fn read(from: &mut Reader<'_>) -> Self;
    /// Writes it.
    fn write(&self, to: &mut Writer<'_>);
}

/// A form on the wire of a value that has several.
pub(crate) trait Coding<T> {
    /// Reads a value in this form; what is not there is zero.
    fn read(from: &mut Reader<'_>) -> T;
    /// Writes a value in this form.
    fn write(value: &T, to: &mut Writer<'_>);
}

/// A body that is read from its beginning to its end. It never fails: behind the end there are zeros.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'b> {
    rest: &'b [u8],
    /// Bytes of the whole body.
    length: usize,
    dialect: Dialect,
}

impl<'b> Reader<'b> {
    pub(crate) fn new(body: &'b [u8], dialect: Dialect) -> Self {
        Reader { rest: body, length: body.len(), dialect }
    }

    pub(crate) const fn version(&self) -> u8 {
        self.dialect.version.number()
    }

    pub(crate) const fn charset(&self) -> Charset {
        self.dialect.charset
    }

    /// What has not been read.
    pub(crate) const fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// Reads at most so many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> &'b [u8] {
        let (bytes, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        bytes
    }

    /// Goes on at this byte of the body.
    pub(crate) fn skip_to(&mut self, place: usize) {
        let read = self.length - self.rest.len();
        self.bytes(place.saturating_sub(read));
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let bytes = self.bytes(N);
        if let Some(here) = array.get_mut(..bytes.len()) {
            here.copy_from_slice(bytes);
        }
        array
    }
}

/// A body that is being written.
#[derive(Debug)]
pub(crate) struct Writer<'o> {
    out: &'o mut Vec<u8>,
    /// Where the body begins.
    start: usize,
    dialect: Dialect,
}

impl<'o> Writer<'o> {
    pub(crate) fn new(out: &'o mut Vec<u8>, dialect: Dialect) -> Self {
        let start = out.len();
        Writer { out, start, dialect }
    }

    pub(crate) const fn version(&self) -> u8 {
        self.dialect.version.number()
    }

    pub(crate) const fn charset(&self) -> Charset {
        self.dialect.charset
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Fills with zeros up to this byte of the body.
    pub(crate) fn fill_to(&mut self, place: usize) {
        let end = (self.start + place).max(self.out.len());
        self.out.resize(end, 0);
    }

    /// Puts a number at a byte of the body that has been written before.
    pub(crate) fn set(&mut self, place: usize, number: u32) {
        let there = self.out.get_mut(self.start + place..).and_then(|rest| rest.first_chunk_mut());
        if let Some(there) = there {
            *there = number.to_le_bytes();
        }
    }

    /// Bytes of the body so far.
    pub(crate) const fn length(&self) -> usize {
        self.out.len() - self.start
    }
}

/// Integers.
macro_rules! integers {
    ($($int:ty),+) => { $(
        impl Wire for $int {
            fn read(from: &mut Reader<'_>) -> Self {
                <$int>::from_le_bytes(from.array())
            }

            fn write(&self, to: &mut Writer<'_>) {
                to.bytes(&self.to_le_bytes());
            }
        }
    )+ };
}

integers!(u8, u16, u32);

impl<T: Wire, const N: usize> Wire for [T; N] {
    fn read(from: &mut Reader<'_>) -> Self {
        std::array::from_fn(|_| T::read(from))
    }

    fn write(&self, to: &mut Writer<'_>) {
        self.iter().for_each(|value| value.write(to));
    }
}

/// Something at the end of a body that some stations leave out.
impl<T: Wire> Wire for Option<T> {
    fn read(from: &mut Reader<'_>) -> Self {
        (!from.rest().is_empty()).then(|| T::read(from))
    }

    fn write(&self, to: &mut Writer<'_>) {
        if let Some(value) = self {
            value.write(to);
        }
    }
}

impl Wire for Ipv4Addr {
    fn read(from: &mut Reader<'_>) -> Self {
        from.array::<4>().into()
    }

    fn write(&self, to: &mut Writer<'_>) {
        to.bytes(&self.octets());
    }
}

/// A time in whole seconds, four bytes.
pub(crate) struct Seconds;

impl Coding<Duration> for Seconds {
    fn read(from: &mut Reader<'_>) -> Duration {
        Duration::from_secs(u32::read(from).into())
    }

    fn write(value: &Duration, to: &mut Writer<'_>) {
        u32::try_from(value.as_secs()).unwrap_or(u32::MAX).write(to);
    }
}

/// A time in milliseconds, four bytes.
pub(crate) struct Milliseconds;

impl Coding<Duration> for Milliseconds {
    fn read(from: &mut Reader<'_>) -> Duration {
        Duration::from_millis(u32::read(from).into())
    }

    fn write(value: &Duration, to: &mut Writer<'_>) {
        u32::try_from(value.as_millis()).unwrap_or(u32::MAX).write(to);
    }
}

/// Four bytes: 1 for yes, 0 for no.
pub(crate) struct YesNo;

impl Coding<bool> for YesNo {
    fn read(from: &mut Reader<'_>) -> bool {
        u32::read(from) != 0
    }

    fn write(value: &bool, to: &mut Writer<'_>) {
        u32::from(*value).write(to);
    }
}

/// A shorter value in a place of four bytes.
pub(crate) struct InWord;

impl<T: Wire> Coding<T> for InWord {
    fn read(from: &mut Reader<'_>) -> T {
        let dialect = from.dialect;
        T::read(&mut Reader::new(from.bytes(4), dialect))
    }

    fn write(value: &T, to: &mut Writer<'_>) {
        let end = to.length() + 4;
        value.write(to);
        to.fill_to(end);
    }
}

/// Several values in this form, one behind the other.
pub(crate) struct Each<C>(PhantomData<C>);

impl<T, C: Coding<T>, const N: usize> Coding<[T; N]> for Each<C> {
    fn read(from: &mut Reader<'_>) -> [T; N] {
        std::array::from_fn(|_| C::read(from))
    }

    fn write(value: &[T; N], to: &mut Writer<'_>) {
        value.iter().for_each(|value| C::write(value, to));
    }
}
