//! Datagrams in batches: one system call for many packets, both ways.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg};
use strowger_base::limits;

/// Datagrams that are read or written by one system call.
pub(crate) const BATCH: usize = 64;

/// Buffers for a batch of received datagrams.
pub(crate) struct Batch {
    buffers: Vec<Box<[u8]>>,
    headers: MultiHeaders<SockaddrStorage>,
    /// Length and source of each datagram of the last batch.
    received: Vec<(usize, Option<SocketAddr>)>,
}

impl Batch {
    pub(crate) fn new() -> Self {
        Batch {
            buffers: (0..BATCH).map(|_| vec![0; limits::SIP_MESSAGE_BYTES].into_boxed_slice()).collect(),
            headers: MultiHeaders::preallocate(BATCH, None),
            received: Vec::with_capacity(BATCH),
        }
    }

    /// Reads what is there, at most a batch; returns how many.
    pub(crate) fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.received.clear();
        let mut slices: Vec<[IoSliceMut<'_>; 1]> =
            self.buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
        match recvmmsg(socket.as_raw_fd(), &mut self.headers, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None)
        {
            Ok(results) => {
                let received = results.map(|result| (result.bytes, result.address.and_then(address_of)));
                self.received.extend(received);
            }
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self.received.len())
    }

    /// The datagrams of the last batch whose source could be read.
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        self.received.iter().zip(&self.buffers).filter_map(|((length, source), buffer)| {
            source.and_then(|source| buffer.get(..*length).map(|bytes| (source, bytes)))
        })
    }
}

/// Sends datagrams; what the kernel does not take now is dropped, as a network would. Returns how many went.
pub(crate) fn send_all<'a>(
    socket: &UdpSocket,
    datagrams: impl Iterator<Item = (SocketAddr, &'a [u8])>,
) -> usize {
    let mut sent = 0;
    let mut slices: Vec<[IoSlice<'_>; 1]> = Vec::with_capacity(BATCH);
    let mut addresses: Vec<Option<SockaddrStorage>> = Vec::with_capacity(BATCH);
    let mut datagrams = datagrams.peekable();
    while datagrams.peek().is_some() {
        slices.clear();
        addresses.clear();
        for (destination, bytes) in datagrams.by_ref().take(BATCH) {
            slices.push([IoSlice::new(bytes)]);
            addresses.push(Some(SockaddrStorage::from(destination)));
        }
        let mut headers = MultiHeaders::preallocate(slices.len(), None);
        let flags = MsgFlags::MSG_DONTWAIT;
        match sendmmsg(socket.as_raw_fd(), &mut headers, slices.iter(), &addresses, [], flags) {
            Ok(results) => sent += results.count(),
            // One address that cannot be reached must not stop the others of its batch.
            Err(_) => sent += one_by_one(socket, &slices, &addresses),
        }
    }
    sent
}

fn one_by_one(
    socket: &UdpSocket,
    slices: &[[IoSlice<'_>; 1]],
    addresses: &[Option<SockaddrStorage>],
) -> usize {
    let mut sent = 0;
    for ([slice], address) in slices.iter().zip(addresses) {
        if let Some(destination) = address.and_then(address_of) {
            sent += usize::from(socket.send_to(slice, destination).is_ok());
        }
    }
    sent
}

fn address_of(address: SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(SocketAddr::from((v4.ip(), v4.port())));
    }
    address.as_sockaddr_in6().map(|v6| SocketAddr::from((v6.ip(), v6.port())))
}

/// The descriptor to wait on.
pub(crate) fn descriptor(socket: &UdpSocket) -> BorrowedFd<'_> {
    socket.as_fd()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_goes_out_and_comes_in_whole() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = receiver.local_addr().unwrap();
        let texts: Vec<String> = (0..100).map(|i| format!("datagram {i}")).collect();
        assert_eq!(send_all(&sender, texts.iter().map(|text| (to, text.as_bytes()))), 100);
        let mut batch = Batch::new();
        let mut seen = vec![];
        while batch.receive(&receiver).unwrap() > 0 {
            seen.extend(batch.datagrams().map(|(from, bytes)| {
                assert_eq!(from, sender.local_addr().unwrap());
                String::from_utf8(bytes.to_vec()).unwrap()
            }));
        }
        assert_eq!(seen, texts);
    }
}
