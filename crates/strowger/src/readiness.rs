//! Which of many sockets can be read: asked of the kernel at a cost that does not grow with their number.

use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::time::TimeSpec;

/// A set of descriptors by the numbers that their owner gave them.
pub(crate) struct Readiness {
    epoll: Epoll,
    events: Box<[EpollEvent]>,
    /// How many of the events are of the last question.
    count: usize,
}

impl Readiness {
    /// An empty set.
    pub(crate) fn new() -> nix::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Readiness { epoll, events: vec![EpollEvent::empty(); EVENTS].into(), count: 0 })
    }

    /// Adds a descriptor. It leaves the set when it is closed.
    pub(crate) fn add(&self, descriptor: impl AsFd, token: u64) -> nix::Result<()> {
        self.epoll.add(descriptor, EpollEvent::new(EpollFlags::EPOLLIN, token))
    }

    /// Waits until something can be read or the time is over; [`Readiness::ready`] then names some of what can. What is not
    /// read, and what found no room, is ready the next time.
    pub(crate) fn wait(&mut self, timeout: Option<TimeSpec>) -> nix::Result<()> {
        self.count = 0;
        // The call for epoll alone counts in milliseconds, too coarse for packets every 20 ms.
        let mut itself = [PollFd::new(self.epoll.0.as_fd(), PollFlags::POLLIN)];
        match ppoll(&mut itself, timeout, None) {
            Ok(0) | Err(Errno::EINTR) => Ok(()),
            Ok(_) => self.look(),
            Err(error) => Err(error),
        }
    }

    /// The same without waiting.
    pub(crate) fn look(&mut self) -> nix::Result<()> {
        self.count = match self.epoll.wait(&mut self.events, EpollTimeout::ZERO) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            Err(error) => return Err(error),
        };
        Ok(())
    }

    /// The `place`-th of those that can be read.
    pub(crate) fn ready(&self, place: usize) -> Option<u64> {
        self.events.get(..self.count)?.get(place).map(EpollEvent::data)
    }
}

/// Descriptors that are told at once; the kernel goes round among them.
const EVENTS: usize = 256;

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use nix::sys::time::TimeValLike;

    use super::*;

    #[test]
    fn sockets_with_packets_are_named_until_they_are_read_and_closed_ones_are_not() {
        let bound = || UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut sockets: Vec<UdpSocket> = (0..EVENTS + 3).map(|_| bound()).collect();
        let mut readiness = Readiness::new().unwrap();
        for (token, socket) in sockets.iter().enumerate() {
            readiness.add(socket, token as u64).unwrap();
        }
        let (now, soon) = (Some(TimeSpec::milliseconds(0)), Some(TimeSpec::seconds(10)));
        let ask = |readiness: &mut Readiness, timeout| -> Vec<u64> {
            readiness.wait(timeout).unwrap();
            let mut ready: Vec<u64> = (0..).map_while(|place| readiness.ready(place)).collect();
            ready.sort_unstable();
            ready
        };
        assert!(ask(&mut readiness, now).is_empty(), "nothing has come");
        let send = |socket: &UdpSocket| bound().send_to(b"x", socket.local_addr().unwrap()).unwrap();
        send(&sockets[2]);
        send(&sockets[5]);
        for _ in 0..2 {
            assert_eq!(ask(&mut readiness, soon), [2, 5], "until they are read");
        }
        sockets[2].recv(&mut [0; 8]).unwrap();
        assert_eq!(ask(&mut readiness, soon), [5]);
        let last = sockets.len() - 1;
        send(&sockets[last]);
        drop(sockets.pop());
        assert_eq!(ask(&mut readiness, soon), [5], "what is closed is not named");
        // More than fit are all named in turn.
        let mut seen = std::collections::BTreeSet::new();
        sockets.iter().for_each(|socket| _ = send(socket));
        for _ in 0..3 {
            seen.extend(ask(&mut readiness, soon));
        }
        assert_eq!(seen.len(), sockets.len());
    }
}
