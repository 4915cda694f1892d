//! A phone as whoever owns it has it, whatever it speaks: bytes and acts go in, orders come out.

use std::net::SocketAddr;

use strowger_base::Instant;

use crate::display::Display;
use crate::user::{Act, Refusal, Stream};

/// What is to be done for a phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// Open its connection, or its socket.
    Connect,
    /// Close the connection; it says why.
    Close(&'static str),
    /// Send these bytes: of a stream, or one datagram.
    Send(Vec<u8>),
    /// The server refuses the phone, with these words.
    GiveUp(String),
}

/// A phone.
pub trait Device {
    /// Its connection is open, from this address of its own.
    fn opened(&mut self, now: Instant, local: SocketAddr);
    /// Its connection broke, or could not be opened.
    fn lost(&mut self, now: Instant);
    /// Bytes came, or a datagram.
    fn gets(&mut self, bytes: &[u8]);
    /// Takes one message of what came; false when there is none.
    fn hears_one(&mut self, now: Instant) -> bool;
    /// The time of `next_timeout` has come.
    fn timeout(&mut self, now: Instant);
    /// When it wants to act next.
    fn next_timeout(&self) -> Instant;
    /// What is to be done now, in this order.
    fn orders(&mut self, now: Instant) -> Vec<Order>;
    /// Does what its user does.
    ///
    /// # Errors
    /// When that cannot be done, now or ever.
    fn does(&mut self, now: Instant, act: &Act) -> Result<(), Refusal>;
    /// What its user sees.
    fn shows(&self) -> Display;
    /// Where its sound goes and comes from.
    fn streams(&self) -> Vec<Stream>;
    /// It ends its calls, and leaves when they have ended; to be called again until it is not registered any more.
    fn leaves(&mut self, now: Instant);
    /// What a port counted in its call: packets and bytes sent, the same received, packets lost.
    fn counts(&mut self, port: u16, counted: [u32; 5]);
    /// What it was told that cannot be, once.
    fn complaint(&mut self) -> Option<String>;
}
