//! The sockets that take SIP and SCCP: opened at the start, and opened and closed while the server runs.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use strowger_base::net::{ListenerId, Protocol, Transport};
use strowger_sip::io::{Listener, takes_place};

use crate::decision::SOCKETS_MAX;
use crate::holder;

/// A socket that somebody wants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct WantedSocket {
    /// What is spoken there.
    pub(crate) protocol: Protocol,
    /// UDP or TCP.
    pub(crate) transport: Transport,
    /// Where it listens; the port is never 0.
    pub(crate) address: SocketAddr,
    /// The address that peers are told, when it is not the one to listen on.
    pub(crate) advertise: Option<IpAddr>,
}

/// All sockets for SIP, by the number under which the node knows them. One that was closed keeps its place until another
/// takes it.
#[derive(Default)]
pub(crate) struct SipSockets {
    places: Vec<Place>,
    /// What was wanted at the start.
    first: Vec<WantedSocket>,
}

struct Place {
    protocol: Protocol,
    listener: Listener,
    /// `None`: closed.
    socket: Option<SipSocket>,
}

/// How long it may take to open a socket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// A port that was just closed may take a moment until everybody has let it go.
    Some,
    /// It is tried once.
    None,
}

/// Sockets to be read, by their number.
pub(crate) type ToRead = Vec<(ListenerId, SipSocket)>;

/// An open socket.
pub(crate) enum SipSocket {
    Udp(UdpSocket),
    Tcp(TcpListener),
    /// For SCCP.
    Stations(TcpListener),
}

impl SipSockets {
    /// Opens the first two: UDP must be there, TCP on the same port if it can be had. What could not be opened is told.
    ///
    /// # Errors
    /// UDP cannot be had.
    pub(crate) fn open(
        wanted: SocketAddr,
        advertise: Option<IpAddr>,
    ) -> anyhow::Result<(SipSockets, Vec<String>)> {
        let (udp, tcp, unopened) = open_pair(wanted)?;
        let bound = udp.local_addr()?;
        let advertised = advertised(bound, advertise);
        let place = |transport, socket| Place {
            protocol: Protocol::Sip,
            listener: Listener { transport, bound, advertised, is_open: true },
            socket: Some(socket),
        };
        let mut places = vec![place(Transport::Udp, SipSocket::Udp(udp))];
        places.extend(tcp.map(|tcp| place(Transport::Tcp, SipSocket::Tcp(tcp))));
        let first = [Transport::Udp, Transport::Tcp].map(|transport| WantedSocket {
            protocol: Protocol::Sip,
            transport,
            address: bound,
            advertise: Some(advertised.ip()),
        });
        Ok((SipSockets { places, first: first.into() }, unopened))
    }

    /// What was wanted at the start, with the ports that were free.
    pub(crate) fn first(&self) -> Vec<WantedSocket> {
        self.first.clone()
    }

    /// As the SIP side of the node knows them, for which those of SCCP are places that nothing is open at.
    pub(crate) fn listeners(&self) -> Vec<Listener> {
        let listener = |place: &Place| {
            let is_open = place.listener.is_open && place.protocol == Protocol::Sip;
            Listener { is_open, ..place.listener.clone() }
        };
        self.places.iter().map(listener).collect()
    }

    /// Those for SIP that are open.
    pub(crate) fn opened(&self) -> impl Iterator<Item = &Listener> {
        self.open_for(Protocol::Sip)
    }

    /// Those that are open for a protocol.
    pub(crate) fn open_for(&self, protocol: Protocol) -> impl Iterator<Item = &Listener> {
        let places = self.places.iter().filter(move |place| place.protocol == protocol);
        places.map(|place| &place.listener).filter(|listener| listener.is_open)
    }

    /// Everything for who reads from them first.
    ///
    /// # Errors
    /// The system has no descriptors left.
    pub(crate) fn to_read(&self) -> io::Result<ToRead> {
        let mut sockets = vec![];
        for (at, place) in self.places.iter().enumerate() {
            if let Some(socket) = &place.socket {
                sockets.push((ListenerId(at as u16), socket.copied()?));
            }
        }
        Ok(sockets)
    }

    /// Why these could not be had, each in a sentence. What is open already is not tried, nor what was `known` before: a change of
    /// something else is not refused for it.
    pub(crate) fn refusals(&self, wanted: &[WantedSocket], known: &[WantedSocket]) -> Vec<String> {
        let udp = wanted.iter().filter(|it| it.transport == Transport::Udp).count();
        let mut refused = vec![];
        if udp > SOCKETS_MAX {
            refused.push(format!("{udp} SIP listeners are UDP; at most {SOCKETS_MAX} may be"));
        }
        let closing: Vec<&Listener> =
            self.unwanted(wanted).filter_map(|at| self.places.get(at)).map(|place| &place.listener).collect();
        let new = wanted.iter().filter(|it| self.place_of(it).is_none() && !known.contains(it));
        for socket in new {
            // One that is closed by the same change frees its port; the address must be one of this machine all the same.
            let is_freed = closing
                .iter()
                .any(|it| it.transport == socket.transport && it.bound.port() == socket.address.port());
            let tried = if is_freed && socket.address.port() != 0 {
                socket.bind_at(SocketAddr::new(socket.address.ip(), 0))
            } else {
                socket.bind()
            };
            refused.extend(tried.err());
        }
        refused
    }

    /// Closes what is not wanted: the numbers of these.
    pub(crate) fn close(&mut self, wanted: &[WantedSocket]) -> Vec<ListenerId> {
        let closing: Vec<usize> = self.unwanted(wanted).collect();
        let mut closed = vec![];
        for at in closing {
            let Some(place) = self.places.get_mut(at) else { continue };
            place.listener.is_open = false;
            place.socket = None;
            closed.push(ListenerId(at as u16));
        }
        closed
    }

    /// Those that are not wanted any more, and whose place none takes.
    pub(crate) fn closing(&self, wanted: &[WantedSocket]) -> Vec<ListenerId> {
        let is_followed = |at: &usize| {
            self.places.get(*at).is_some_and(|place| {
                let was = &place.listener;
                wanted.iter().any(|it| {
                    it.protocol == place.protocol
                        && it.transport == was.transport
                        && takes_place(it.address, was.bound)
                })
            })
        };
        self.unwanted(wanted).filter(|at| !is_followed(at)).map(|at| ListenerId(at as u16)).collect()
    }

    /// Opens what is wanted and not open. What cannot be opened is told and done without.
    pub(crate) fn open_more(
        &mut self,
        wanted: &[WantedSocket],
        patience: Patience,
    ) -> (ToRead, Vec<(WantedSocket, String)>) {
        let attempts = match patience {
            Patience::Some => ATTEMPTS,
            Patience::None => 1,
        };
        let mut opened = vec![];
        let mut refused = vec![];
        for socket in wanted {
            if let Some(place) = self.place_of(socket).and_then(|at| self.places.get_mut(at)) {
                place.listener.advertised = advertised(place.listener.bound, socket.advertise);
                continue;
            }
            let bound = (0..attempts).find_map(|attempt| match socket.bind() {
                Ok(bound) => Some(Ok(bound)),
                Err(why) if attempt + 1 == attempts => Some(Err(why)),
                Err(_) => {
                    std::thread::sleep(BETWEEN_ATTEMPTS);
                    None
                }
            });
            match bound
                .map(|bound| bound.and_then(|it| Ok((it.copied().map_err(|error| error.to_string())?, it))))
            {
                Some(Ok((to_read, kept))) => opened.push((self.put(socket, kept), to_read)),
                Some(Err(why)) => refused.push((socket.clone(), why)),
                None => {}
            }
        }
        (opened, refused)
    }

    /// The places of sockets that are open and not wanted.
    fn unwanted<'s>(&'s self, wanted: &'s [WantedSocket]) -> impl Iterator<Item = usize> + 's {
        let is_wanted = |place: &Place| wanted.iter().any(|it| it.is(place));
        let places = self.places.iter().enumerate();
        places.filter(move |(_, it)| it.socket.is_some() && !is_wanted(it)).map(|(at, _)| at)
    }

    fn place_of(&self, wanted: &WantedSocket) -> Option<usize> {
        self.places.iter().position(|place| place.socket.is_some() && wanted.is(place))
    }

    /// Puts an open socket at a place that none has, so that numbers stay small.
    fn put(&mut self, wanted: &WantedSocket, socket: SipSocket) -> ListenerId {
        let bound = wanted.address;
        let listener = Listener {
            transport: wanted.transport,
            bound,
            advertised: advertised(bound, wanted.advertise),
            is_open: true,
        };
        let place = Place { protocol: wanted.protocol, listener, socket: Some(socket) };
        let free = self.places.iter().position(|place| place.socket.is_none());
        let at = free.unwrap_or(self.places.len());
        match self.places.get_mut(at) {
            Some(closed) => *closed = place,
            None => self.places.push(place),
        }
        ListenerId(at as u16)
    }
}

/// `udp 192.0.2.1:5060`
impl fmt::Display for WantedSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.protocol {
            Protocol::Sip => write!(f, "{} {}", self.transport.parameter(), self.address),
            Protocol::Sccp => write!(f, "tcp {}", self.address),
        }
    }
}

impl WantedSocket {
    /// Whether it takes the same messages, whatever peers are told of it.
    pub(crate) fn is_same_place(&self, other: &WantedSocket) -> bool {
        self.protocol == other.protocol && self.transport == other.transport && self.address == other.address
    }

    fn is(&self, place: &Place) -> bool {
        let Place { protocol, listener, .. } = place;
        *protocol == self.protocol && listener.transport == self.transport && listener.bound == self.address
    }

    fn bind(&self) -> Result<SipSocket, String> {
        if self.address.port() == 0 {
            return Err(format!("{}: {self} has no port; give one, phones have to know it", self.what()));
        }
        self.bind_at(self.address)
    }

    fn bind_at(&self, address: SocketAddr) -> Result<SipSocket, String> {
        let bound = match self.transport {
            Transport::Tcp if self.protocol == Protocol::Sccp => {
                TcpListener::bind(address).map(SipSocket::Stations)
            }
            Transport::Udp => udp_socket(address).map(SipSocket::Udp),
            Transport::Tcp => TcpListener::bind(address).map(SipSocket::Tcp),
            Transport::Tls | Transport::Ws | Transport::Wss => {
                return Err(format!("SIP over {} is not served yet", self.transport.token()));
            }
        };
        let protocol = if self.transport == Transport::Udp { "udp" } else { "tcp" };
        bound.map_err(|error| refusal(self.what(), protocol, self.address, &error, "give another port"))
    }

    const fn what(&self) -> &'static str {
        match (self.protocol, self.transport) {
            (Protocol::Sccp, _) => "SCCP",
            (Protocol::Sip, Transport::Udp) => "SIP",
            (Protocol::Sip, _) => "SIP over TCP",
        }
    }
}

impl SipSocket {
    fn copied(&self) -> io::Result<SipSocket> {
        match self {
            SipSocket::Udp(socket) => socket.try_clone().map(SipSocket::Udp),
            SipSocket::Tcp(socket) => socket.try_clone().map(SipSocket::Tcp),
            SipSocket::Stations(socket) => socket.try_clone().map(SipSocket::Stations),
        }
    }
}

/// The address that peers are told of a socket.
fn advertised(bound: SocketAddr, advertise: Option<IpAddr>) -> SocketAddr {
    let address = match advertise {
        Some(address) => address,
        None if bound.ip().is_unspecified() => outward_address().unwrap_or(IpAddr::from([127, 0, 0, 1])),
        None => bound.ip(),
    };
    SocketAddr::new(address, bound.port())
}

/// UDP must be there; TCP on the same port if it can be had.
fn open_pair(wanted: SocketAddr) -> anyhow::Result<(UdpSocket, Option<TcpListener>, Vec<String>)> {
    let mut last = None;
    for _ in 0..16 {
        let udp = match udp_socket(wanted) {
            Ok(udp) => udp,
            Err(error) => {
                let text = refusal("SIP", "udp", wanted, &error, "give another port with --sip-port");
                anyhow::bail!("{text}");
            }
        };
        let local = udp.local_addr()?;
        match TcpListener::bind(local) {
            Ok(tcp) => return Ok((udp, Some(tcp), vec![])),
            // A free UDP port whose TCP twin is taken: try another one.
            Err(error) if wanted.port() == 0 => last = Some(error),
            Err(error) => {
                let text = refusal("SIP over TCP", "tcp", local, &error, "phones can use UDP meanwhile");
                return Ok((udp, None, vec![text]));
            }
        }
    }
    Err(last.map_or_else(|| anyhow::anyhow!("no free port"), Into::into))
}

fn udp_socket(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(socket2::Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    let socket = socket.into();
    crate::udp::make_room(&socket, SOCKET_BUFFER_BYTES);
    Ok(socket)
}

/// Room in the system for packets that wait: some thousand registrations.
const SOCKET_BUFFER_BYTES: usize = 8 * 1024 * 1024;

/// Says in one line what could not be opened, who holds it, and what to do.
pub(crate) fn refusal(
    what: &str,
    protocol: &str,
    address: SocketAddr,
    error: &io::Error,
    remedy: &str,
) -> String {
    let mut remedy = remedy;
    let reason = match error.kind() {
        io::ErrorKind::AddrInUse => match holder::of_port(protocol, address.port()) {
            Some(holder) => format!("is in use (held by {holder})"),
            None => "is in use by another program".to_owned(),
        },
        io::ErrorKind::PermissionDenied => "needs a right that this user does not have".to_owned(),
        io::ErrorKind::AddrNotAvailable => {
            remedy = match what {
                "HTTP" => "give 127.0.0.1 as [http] listen",
                _ => "give one of its addresses with --listen or as [sip] listen; 0.0.0.0 is all of them",
            };
            "is no address of this machine".to_owned()
        }
        _ => format!("cannot be opened: {error}"),
    };
    format!("{what}: {protocol} {address} {reason}: {remedy}")
}

/// The address of this machine towards the network; no packet is sent.
fn outward_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified()).then_some(address)
}

const ATTEMPTS: u32 = 20;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    fn free_port() -> SocketAddr {
        UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    fn wanted(transport: Transport, address: SocketAddr) -> WantedSocket {
        WantedSocket { protocol: Protocol::Sip, transport, address, advertise: None }
    }

    #[test]
    fn sockets_are_opened_and_closed_and_the_others_keep_their_places() {
        let (mut sockets, unopened) = SipSockets::open("127.0.0.1:0".parse().unwrap(), None).unwrap();
        assert_eq!(unopened, Vec::<String>::new());
        let first = sockets.opened().next().unwrap().bound;
        let pair = [wanted(Transport::Udp, first), wanted(Transport::Tcp, first)];
        assert!(
            sockets.close(&pair).is_empty() && sockets.open_more(&pair, Patience::Some).0.is_empty(),
            "nothing is different"
        );
        let second = wanted(Transport::Udp, free_port());
        let three = [pair[0].clone(), pair[1].clone(), second.clone()];
        assert_eq!(sockets.refusals(&three, &[]), Vec::<String>::new());
        let (opened, refused) = sockets.open_more(&three, Patience::Some);
        assert_eq!((opened[0].0, opened.len(), refused.len()), (ListenerId(2), 1, 0));
        // TCP goes; what is new then takes its place.
        assert_eq!(sockets.close(&[pair[0].clone(), second.clone()]), [ListenerId(1)]);
        assert!(TcpListener::bind(first).is_ok(), "its port is free");
        let third = wanted(Transport::Udp, free_port());
        let (opened, _) = sockets.open_more(&[pair[0].clone(), second, third], Patience::Some);
        assert_eq!(opened[0].0, ListenerId(1));
        assert_eq!(sockets.listeners().len(), 3);
    }

    #[test]
    fn an_open_socket_tells_another_address_at_once() {
        let (mut sockets, _) = SipSockets::open("127.0.0.1:0".parse().unwrap(), None).unwrap();
        let first = sockets.opened().next().unwrap().bound;
        let mut check = |advertise: Option<&str>, expect: &str| {
            let advertise = advertise.map(|address| address.parse().unwrap());
            let pair = [Transport::Udp, Transport::Tcp]
                .map(|transport| WantedSocket { advertise, ..wanted(transport, first) });
            assert_eq!(sockets.close(&pair), []);
            assert!(sockets.open_more(&pair, Patience::None).0.is_empty());
            let told = sockets.listeners().into_iter().map(|listener| listener.advertised);
            let expect = SocketAddr::new(expect.parse().unwrap(), first.port());
            assert_eq!(told.collect::<Vec<_>>(), [expect; 2]);
        };
        check(Some("203.0.113.5"), "203.0.113.5");
        check(Some("203.0.113.6"), "203.0.113.6");
        check(None, "127.0.0.1");
    }

    #[test]
    fn a_port_that_another_program_holds_is_refused_before_anything_is_closed() {
        let (mut sockets, _) = SipSockets::open("127.0.0.1:0".parse().unwrap(), None).unwrap();
        let first = wanted(Transport::Udp, sockets.opened().next().unwrap().bound);
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        let taken = wanted(Transport::Udp, other.local_addr().unwrap());
        let refused = sockets.refusals(&[first.clone(), taken.clone()], &[]);
        assert!(refused.len() == 1 && refused[0].contains("is in use"), "{refused:?}");
        let (opened, refused) = sockets.open_more(&[first.clone(), taken], Patience::None);
        assert!(opened.is_empty() && refused.len() == 1);
        let tls = WantedSocket { transport: Transport::Tls, ..wanted(Transport::Udp, free_port()) };
        assert_eq!(sockets.refusals(&[tls], &[]), ["SIP over TLS is not served yet"]);
        // A change of something else is not refused because of what is missing already.
        let missing = wanted(Transport::Udp, other.local_addr().unwrap());
        assert_eq!(sockets.refusals(&[first.clone(), missing.clone()], &[missing]), Vec::<String>::new());
        // The port becomes free, but the address is none of this machine.
        let port = first.address.port();
        let elsewhere = wanted(Transport::Udp, SocketAddr::from(([192, 0, 2, 5], port)));
        let refused = sockets.refusals(&[elsewhere], &[]);
        assert!(refused.len() == 1 && refused[0].contains("no address of this machine"), "{refused:?}");
        let none = wanted(Transport::Udp, SocketAddr::from(([127, 0, 0, 1], 0)));
        assert!(sockets.refusals(&[first, none], &[])[0].contains("has no port"));
    }
}
