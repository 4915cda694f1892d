//! Datagrams in batches: one system call for many packets, both ways, and nothing allocated on the way.

use std::array;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    MsgFlags, MultiHeaders, SockaddrIn, SockaddrIn6, SockaddrLike, recvmmsg, setsockopt, sockopt,
};
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};

use crate::counters;

/// Datagrams that are read or written by one system call, at most.
pub(crate) const BATCH: usize = 64;
/// Datagrams that a quiet socket is asked for: preparing for more costs time at every packet.
const SMALL_BATCH: usize = 4;
/// Room for one datagram: the largest that UDP carries, so that none is cut. Only what is used becomes memory.
const SLOT: usize = 65_536;

/// Room for a batch of received datagrams.
pub(crate) struct Buffers(Vec<u8>);

impl Buffers {
    pub(crate) fn new() -> Self {
        Buffers(vec![0; BATCH * SLOT])
    }
}

/// A UDP socket that reads in batches.
pub(crate) struct Port {
    socket: UdpSocket,
    headers: Headers,
    /// The last batch was full: ask for more next time.
    busy: bool,
}

enum Headers {
    V4(MultiHeaders<SockaddrIn>),
    V6(MultiHeaders<SockaddrIn6>),
}

/// What a read brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Read {
    /// All that was there.
    Drained,
    /// A batch; there may be more.
    Full,
}

impl Port {
    /// A port on a bound socket that does not block.
    pub(crate) fn new(socket: UdpSocket) -> io::Result<Self> {
        let headers = match socket.local_addr()? {
            SocketAddr::V4(_) => Headers::V4(MultiHeaders::preallocate(BATCH, None)),
            SocketAddr::V6(_) => Headers::V6(MultiHeaders::preallocate(BATCH, None)),
        };
        Ok(Port { socket, headers, busy: false })
    }

    /// Reads what is there, at most a batch, and calls `each` with every datagram.
    pub(crate) fn receive(
        &mut self,
        buffers: &mut Buffers,
        each: impl FnMut(SocketAddr, &[u8]),
    ) -> io::Result<Read> {
        let Port { socket, headers, busy } = self;
        let asked = if *busy { BATCH } else { SMALL_BATCH };
        let count = match (headers, *busy) {
            (Headers::V4(headers), false) => {
                receive::<SockaddrIn, SMALL_BATCH>(socket, headers, buffers, each)
            }
            (Headers::V4(headers), true) => receive::<SockaddrIn, BATCH>(socket, headers, buffers, each),
            (Headers::V6(headers), false) => {
                receive::<SockaddrIn6, SMALL_BATCH>(socket, headers, buffers, each)
            }
            (Headers::V6(headers), true) => receive::<SockaddrIn6, BATCH>(socket, headers, buffers, each),
        }?;
        *busy = count >= SMALL_BATCH;
        Ok(if count == asked { Read::Full } else { Read::Drained })
    }

    /// Sends datagrams; returns how many the system took.
    pub(crate) fn send<'a>(&self, datagrams: impl ExactSizeIterator<Item = (SocketAddr, &'a [u8])>) -> usize {
        let wanted = datagrams.len();
        let mut all_bytes = 0;
        let mut datagrams = datagrams.inspect(|(_, bytes)| all_bytes += bytes.len());
        let mut sent = 0;
        loop {
            sent += match datagrams.len() {
                0 => break,
                1 => datagrams
                    .next()
                    .map_or(0, |(to, bytes)| usize::from(self.socket.send_to(bytes, to).is_ok())),
                2..=SMALL_BATCH => send_batch::<SMALL_BATCH>(&self.socket, &mut datagrams),
                _ => send_batch::<BATCH>(&self.socket, &mut datagrams),
            };
        }
        if wanted > 0 {
            counters::UDP.sent(wanted as u64, sent as u64, all_bytes as u64);
        }
        sent
    }

    /// The descriptor to wait on.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// An address as the system writes it.
trait SystemAddress: SockaddrLike + Copy {
    fn address(&self) -> SocketAddr;
}

impl SystemAddress for SockaddrIn {
    fn address(&self) -> SocketAddr {
        SocketAddr::from((self.ip(), self.port()))
    }
}

impl SystemAddress for SockaddrIn6 {
    fn address(&self) -> SocketAddr {
        SocketAddr::from((self.ip(), self.port()))
    }
}

fn receive<S: SystemAddress, const N: usize>(
    socket: &UdpSocket,
    headers: &mut MultiHeaders<S>,
    buffers: &mut Buffers,
    mut each: impl FnMut(SocketAddr, &[u8]),
) -> io::Result<usize> {
    let mut slots = buffers.0.chunks_exact_mut(SLOT);
    let mut slices: [[IoSliceMut<'_>; 1]; N] =
        array::from_fn(|_| [IoSliceMut::new(slots.next().unwrap_or_default())]);
    let results = match recvmmsg(socket.as_raw_fd(), headers, &mut slices, MsgFlags::MSG_DONTWAIT, None) {
        Ok(results) => results,
        Err(Errno::EAGAIN | Errno::EINTR) => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    let (mut count, mut all_bytes) = (0, 0);
    for datagram in results {
        count += 1;
        let bytes = datagram.iovs().next().unwrap_or_default();
        all_bytes += bytes.len();
        if let Some(source) = datagram.address {
            each(source.address(), bytes);
        }
    }
    counters::UDP.received(count as u64, all_bytes as u64);
    Ok(count)
}

/// Sends at most `N` datagrams; returns how many the system took. One that it refuses does not stop the others.
fn send_batch<'a, const N: usize>(
    socket: &UdpSocket,
    datagrams: &mut impl Iterator<Item = (SocketAddr, &'a [u8])>,
) -> usize {
    let mut count = 0;
    let unspecified = SocketAddr::from(([0, 0, 0, 0], 0));
    let mut addresses: [SocketAddrAny; N] = array::from_fn(|_| unspecified.into());
    let slices: [[IoSlice<'_>; 1]; N] = array::from_fn(|place| {
        let Some((destination, bytes)) = datagrams.next() else { return [IoSlice::new(&[])] };
        addresses[place] = destination.into();
        count += 1;
        [IoSlice::new(bytes)]
    });
    let mut controls: [SendAncillaryBuffer<'_, '_, '_>; N] =
        array::from_fn(|_| SendAncillaryBuffer::default());
    let mut place = 0;
    let mut messages: [MMsgHdr<'_>; N] = controls.each_mut().map(|control| {
        let message = MMsgHdr::new_with_addr(&addresses[place], &slices[place], control);
        place += 1;
        message
    });
    let (mut done, mut sent) = (0, 0);
    while let Some(left) = messages.get_mut(done..count)
        && !left.is_empty()
    {
        match sendmmsg(socket, left, SendFlags::DONTWAIT) {
            Ok(taken) => {
                done += taken.max(1);
                sent += taken;
            }
            Err(rustix::io::Errno::INTR) => {}
            // The network is slower than we are. What does not fit soon is lost, as on any network.
            Err(rustix::io::Errno::AGAIN) if !is_writable_soon(socket) => break,
            Err(rustix::io::Errno::AGAIN) => {}
            Err(_) => done += 1,
        }
    }
    sent
}

fn is_writable_soon(socket: &UdpSocket) -> bool {
    let mut descriptors = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
    poll(&mut descriptors, PollTimeout::from(PATIENCE_MS)).is_ok_and(|ready| ready > 0)
}

/// How long a full send buffer may hold up the decisions.
const PATIENCE_MS: u8 = 5;

/// Room for a burst: every phone of a site registers at once when its power comes back. Returns what was granted.
pub(crate) fn make_room(socket: &UdpSocket, bytes: usize) -> usize {
    // With the right to do so the system's limit does not hold; without it the limit is what there is.
    if setsockopt(socket, sockopt::RcvBufForce, &bytes).is_err() {
        let _ = setsockopt(socket, sockopt::RcvBuf, &bytes);
    }
    if setsockopt(socket, sockopt::SndBufForce, &bytes).is_err() {
        let _ = setsockopt(socket, sockopt::SndBuf, &bytes);
    }
    nix::sys::socket::getsockopt(socket, sockopt::RcvBuf).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, count: usize) {
        let socket = |address: &str| {
            let socket = UdpSocket::bind(address).unwrap();
            socket.set_nonblocking(true).unwrap();
            make_room(&socket, 1 << 20);
            socket
        };
        let (here, there) = (socket(address), socket(address));
        let (from, to) = (here.local_addr().unwrap(), there.local_addr().unwrap());
        let (sender, mut receiver) = (Port::new(here).unwrap(), Port::new(there).unwrap());
        let texts: Vec<String> = (0..count).map(|i| format!("datagram {i} {}", "x".repeat(i))).collect();
        // Port 0 cannot be sent to: what is refused must not take the others with it.
        let mut wanted: Vec<(SocketAddr, &[u8])> = texts.iter().map(|text| (to, text.as_bytes())).collect();
        wanted.insert(count / 2, (SocketAddr::new(to.ip(), 0), b"nowhere"));
        assert_eq!(sender.send(wanted.into_iter()), count);
        let mut buffers = Buffers::new();
        let mut seen = vec![];
        while seen.len() < count {
            let read = receiver.receive(&mut buffers, |source, bytes| {
                assert_eq!(source, from);
                seen.push(String::from_utf8(bytes.to_vec()).unwrap());
            });
            assert!(read.is_ok());
        }
        assert_eq!(seen, texts);
        assert_eq!(receiver.receive(&mut buffers, |_, _| {}).unwrap(), Read::Drained);
    }

    #[test]
    fn batches_of_every_size_go_out_and_come_in_whole() {
        for count in [1, 2, 7, 8, 9, 64, 65, 150] {
            check("127.0.0.1:0", count);
        }
    }

    #[test]
    fn addresses_of_both_families_survive() {
        if UdpSocket::bind("[::1]:0").is_ok() {
            check("[::1]:0", 20);
        }
    }
}
