//! Which of many sockets can be read: asked of the kernel at a cost that does not grow with their number.

use std::collections::BTreeMap;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::time::TimeSpec;

/// A set of descriptors by the names that their owner gave them.
pub(crate) struct Readiness<N> {
    epoll: Epoll,
    names: BTreeMap<u64, N>,
    next: u64,
}

impl<N: Copy> Readiness<N> {
    /// An empty set.
    pub(crate) fn new() -> nix::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Readiness { epoll, names: BTreeMap::new(), next: 0 })
    }

    /// Adds a descriptor. It leaves the set when it is closed; [`Readiness::forget`] its name then.
    pub(crate) fn add(&mut self, descriptor: impl AsFd, name: N) -> nix::Result<()> {
        let token = self.next;
        self.epoll.add(descriptor, EpollEvent::new(EpollFlags::EPOLLIN, token))?;
        self.next += 1;
        self.names.insert(token, name);
        Ok(())
    }

    /// Forgets names of descriptors that are closed.
    pub(crate) fn forget(&mut self, closed: impl Fn(N) -> bool) {
        self.names.retain(|_, name| !closed(*name));
    }

    /// Waits until something can be read or the time is over, and puts some of what can be read into `ready`. What
    /// is not read then, and what found no room, is ready the next time.
    pub(crate) fn wait(&self, timeout: Option<TimeSpec>, ready: &mut Vec<N>) -> nix::Result<()> {
        ready.clear();
        // The call for epoll alone counts in milliseconds, too coarse for packets every 20 ms.
        let mut itself = [PollFd::new(self.epoll.0.as_fd(), PollFlags::POLLIN)];
        match ppoll(&mut itself, timeout, None) {
            Ok(0) | Err(Errno::EINTR) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(error),
        }
        let mut events = [EpollEvent::empty(); EVENTS];
        let count = match self.epoll.wait(&mut events, EpollTimeout::ZERO) {
            Ok(count) => count,
            Err(Errno::EINTR) => return Ok(()),
            Err(error) => return Err(error),
        };
        ready.extend(events.iter().take(count).filter_map(|event| self.names.get(&event.data()).copied()));
        Ok(())
    }
}

/// Descriptors that are told at once; the kernel goes round among them.
const EVENTS: usize = 64;

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
        for (name, socket) in sockets.iter().enumerate() {
            readiness.add(socket, name).unwrap();
        }
        let (now, soon) = (Some(TimeSpec::milliseconds(0)), Some(TimeSpec::seconds(10)));
        let mut ready = vec![7];
        readiness.wait(now, &mut ready).unwrap();
        assert!(ready.is_empty(), "nothing has come");
        let send = |socket: &UdpSocket| bound().send_to(b"x", socket.local_addr().unwrap()).unwrap();
        send(&sockets[2]);
        send(&sockets[5]);
        for _ in 0..2 {
            readiness.wait(soon, &mut ready).unwrap();
            ready.sort_unstable();
            assert_eq!(ready, [2, 5], "until they are read");
        }
        sockets[2].recv(&mut [0; 8]).unwrap();
        readiness.wait(soon, &mut ready).unwrap();
        assert_eq!(ready, [5]);
        let last = sockets.len() - 1;
        send(&sockets[last]);
        drop(sockets.pop());
        readiness.forget(|name| name == last);
        readiness.wait(soon, &mut ready).unwrap();
        assert_eq!(ready, [5], "what is closed is not named");
        // More than fit are all named in turn.
        let mut seen = std::collections::BTreeSet::new();
        sockets.iter().for_each(|socket| _ = send(socket));
        for _ in 0..3 {
            readiness.wait(soon, &mut ready).unwrap();
            seen.extend(ready.iter().copied());
        }
        assert_eq!(seen.len(), sockets.len());
    }
}
