//! The sockets of one media thread, found by a number: no search for a packet.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use strowger_media::control::{PortId, Side};
use strowger_media::worker::{Channel, SocketRef};

use crate::readiness::Readiness;
use crate::this_server::Machine;

/// Sockets by the places where they are kept.
pub(crate) struct Sockets {
    places: Vec<Place>,
    free: Vec<u32>,
    of_port: BTreeMap<PortId, u32>,
    open: usize,
    /// How many may be open at once.
    open_max: usize,
    share: Share,
    next_port: u16,
}

/// Which of the ports a thread may bind: every `of`-th pair, from the `index`-th on. What a thread knows of its ports, it knows of all
/// calls that they had.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    pub(crate) index: u16,
    pub(crate) of: u16,
}

/// Room for the sockets of one port.
struct Place {
    port: Option<PortId>,
    /// Rises with each port that has the place, so that what the kernel said of the one before is not taken for the next one's.
    generation: u32,
    sockets: [Option<UdpSocket>; SOCKETS],
    /// How often reading from them failed.
    failures: u8,
}

/// What becomes of a socket that failed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// It may be better next time.
    Stays,
    /// There is a new one with the same port.
    Replaced,
    /// There is none any more.
    Lost(io::Error),
}

/// The name of a socket towards the kernel: generation, place and which of its sockets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Token(pub(crate) u64);

/// Two sides with two channels.
const SOCKETS: usize = 4;

impl Sockets {
    /// None yet.
    pub(crate) fn new(open_max: usize, share: Share) -> Self {
        Sockets {
            places: vec![],
            free: vec![],
            of_port: BTreeMap::new(),
            open: 0,
            open_max,
            share,
            next_port: 0,
        }
    }

    /// How many are open.
    pub(crate) const fn len(&self) -> usize {
        self.open
    }

    /// The socket that the kernel means, unless it is closed.
    pub(crate) fn by_token(&self, token: Token) -> Option<(SocketRef, &UdpSocket)> {
        let place = self.places.get(token.place())?;
        let port = place.port.filter(|_| place.generation == token.generation())?;
        let socket = place.sockets.get(token.which())?.as_ref()?;
        let (side, channel) = WHICH[token.which()];
        Some((SocketRef { port, side, channel }, socket))
    }

    /// The socket of a port; `near` is the place of a port that it probably is.
    pub(crate) fn by_name(&self, name: SocketRef, near: Option<Token>) -> Option<&UdpSocket> {
        let near = near
            .map(Token::place)
            .filter(|place| self.places.get(*place).is_some_and(|place| place.port == Some(name.port)));
        let place = match near {
            Some(place) => place,
            None => *self.of_port.get(&name.port)? as usize,
        };
        self.places.get(place)?.sockets.get(which(name.side, name.channel))?.as_ref()
    }

    /// Opens one pair or two and tells the addresses of their RTP sockets.
    pub(crate) fn open(
        &mut self,
        port: PortId,
        pairs: u8,
        machine: &Machine,
        readiness: &Readiness,
    ) -> Result<(SocketAddr, Option<SocketAddr>), Box<str>> {
        let most = self.open_max;
        if self.open + 2 * usize::from(pairs) > most {
            return Err(
                format!("all {most} media sockets that the limit of open files leaves are open").into()
            );
        }
        let a = self.open_pair(machine)?;
        let b = if pairs > 1 { Some(self.open_pair(machine)?) } else { None };
        let address = machine.media_address.unwrap_or(IpAddr::from([127, 0, 0, 1]));
        let advertise = |pair: &Pair| SocketAddr::new(address, pair.port);
        let addresses = (advertise(&a), b.as_ref().map(advertise));
        let [b_rtp, b_rtcp] = b.map_or([None, None], |pair| [Some(pair.rtp), Some(pair.rtcp)]);
        let sockets = [Some(a.rtp), Some(a.rtcp), b_rtp, b_rtcp];
        let at = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place {
                port: None,
                generation: 0,
                sockets: [const { None }; SOCKETS],
                failures: 0,
            });
            self.places.len() as u32 - 1
        });
        if let Some(place) = self.places.get_mut(at as usize) {
            place.port = Some(port);
            place.generation = place.generation.wrapping_add(1);
            place.sockets = sockets;
            place.failures = 0;
            self.of_port.insert(port, at);
            self.open += 2 * usize::from(pairs);
            for (which, socket) in place.sockets.iter().enumerate() {
                let Some(socket) = socket else { continue };
                let token = Token::new(place.generation, at, which);
                if let Err(error) = readiness.add(socket, token.0) {
                    self.close(port);
                    return Err(error.to_string().into());
                }
            }
        }
        Ok(addresses)
    }

    /// The sockets of a port send to multicast addresses: so far, and over the network that the media address is in.
    ///
    /// # Errors
    /// What the operating system said.
    pub(crate) fn send_to_many(&self, port: PortId, ttl: u8, machine: &Machine) -> io::Result<()> {
        let Some(at) = self.of_port.get(&port) else { return Ok(()) };
        let sockets = self.places.get(*at as usize).map_or(&[][..], |place| &place.sockets);
        for socket in sockets.iter().flatten() {
            let options = socket2::SockRef::from(socket);
            match (machine.media_bind, machine.media_address) {
                (IpAddr::V4(bound), address) => {
                    options.set_multicast_ttl_v4(u32::from(ttl))?;
                    let own = if bound.is_unspecified() { address } else { Some(IpAddr::V4(bound)) };
                    // An address that is translated on the way is none of this machine: then the routes say where it goes.
                    if let Some(IpAddr::V4(own)) = own {
                        _ = options.set_multicast_if_v4(&own);
                    }
                }
                (IpAddr::V6(_), _) => options.set_multicast_hops_v6(u32::from(ttl))?,
            }
        }
        Ok(())
    }

    /// Reading from a socket failed.
    pub(crate) fn failed(&mut self, token: Token, readiness: &Readiness) -> Failed {
        let place = self.places.get_mut(token.place()).filter(|place| place.generation == token.generation());
        let Some(place) = place else { return Failed::Stays };
        let Some(socket) = place.sockets.get_mut(token.which()) else { return Failed::Stays };
        place.failures = place.failures.saturating_add(1);
        if place.failures < FAILURES_MAX {
            return Failed::Stays;
        }
        place.failures = 0;
        let Some(local) = socket.take().map(|old| old.local_addr()) else { return Failed::Stays };
        let successor = local.and_then(|local| bind(local.ip(), local.port()));
        match successor.and_then(|new| readiness.add(&new, token.0).map_err(io::Error::from).map(|()| new)) {
            Ok(new) => {
                *socket = Some(new);
                Failed::Replaced
            }
            Err(error) => {
                self.open -= 1;
                Failed::Lost(error)
            }
        }
    }

    /// Closes what a port has.
    pub(crate) fn close(&mut self, port: PortId) {
        let Some(at) = self.of_port.remove(&port) else { return };
        let Some(place) = self.places.get_mut(at as usize) else { return };
        self.open -= place.sockets.iter().flatten().count();
        place.port = None;
        place.sockets = [const { None }; SOCKETS];
        self.free.push(at);
    }

    /// Closes what all ports have, and tells which had anything.
    pub(crate) fn close_all(&mut self) -> Vec<PortId> {
        let ports: Vec<PortId> = self.of_port.keys().copied().collect();
        ports.iter().for_each(|port| self.close(*port));
        ports
    }

    /// Opens an even port and the next one, going round the range once.
    fn open_pair(&mut self, machine: &Machine) -> Result<Pair, Box<str>> {
        let (first, last) = machine.media_ports;
        let mut reason: Box<str> = format!("no free pair of ports in {first}-{last}").into();
        let tries = usize::from(last.saturating_sub(first)) / 2 + 1;
        for _ in 0..tries {
            let is_inside = (first..last).contains(&self.next_port);
            let port = if is_inside { self.next_port } else { first }.next_multiple_of(2);
            self.next_port = if last.saturating_sub(port) < 3 { first } else { port + 2 };
            if (port / 2) % self.share.of.max(1) != self.share.index {
                continue;
            }
            match (bind(machine.media_bind, port), bind(machine.media_bind, port + 1)) {
                (Ok(rtp), Ok(rtcp)) => return Ok(Pair { port, rtp, rtcp }),
                (Err(error), _) | (_, Err(error)) if error.kind() != io::ErrorKind::AddrInUse => {
                    reason = error.to_string().into();
                    break;
                }
                _ => {}
            }
        }
        Err(reason)
    }
}

impl Token {
    const fn new(generation: u32, place: u32, which: usize) -> Token {
        Token((generation as u64) << 32 | (place as u64) << 2 | which as u64)
    }

    const fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }

    const fn place(self) -> usize {
        (self.0 as u32 >> 2) as usize
    }

    const fn which(self) -> usize {
        (self.0 & 3) as usize
    }
}

struct Pair {
    port: u16,
    rtp: UdpSocket,
    rtcp: UdpSocket,
}

fn bind(address: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(SocketAddr::new(address, port))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The order of the sockets of a place.
const WHICH: [(Side, Channel); SOCKETS] =
    [(Side::A, Channel::Rtp), (Side::A, Channel::Rtcp), (Side::B, Channel::Rtp), (Side::B, Channel::Rtcp)];

const fn which(side: Side, channel: Channel) -> usize {
    let first = match side {
        Side::A => 0,
        Side::B => 2,
    };
    match channel {
        Channel::Rtp => first,
        Channel::Rtcp => first + 1,
    }
}

/// A port whose sockets fail so often loses one of them.
const FAILURES_MAX: u8 = 100;

#[cfg(test)]
mod tests;
