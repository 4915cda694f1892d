//! Whether displays are right: who is heard at a phone is who its display says.
//!
//! Who is heard follows from the descriptions alone: sound goes where a phone was told to send it, and through the relays and services of
//! the media workers to where those were told. No part of the server is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use strowger_base::leg::Service;
use strowger_base::{ConferenceId, Instant};
use strowger_media::control::{Command, PortId, Side};
use strowger_media::worker::{Channel, SocketRef};

use crate::phone::{Phone, Session};
use crate::setting::MEETINGS;
use crate::skinny::phone::{Call, HOLD, Skinny};

/// The ports of the media workers, with where each one's sound goes.
#[derive(Debug, Default)]
pub(crate) struct Wires(BTreeMap<PortId, Wire>);

#[derive(Debug, Default)]
struct Wire {
    /// What is heard there; `None` of a relay.
    service: Option<Service>,
    /// Ours, by side.
    own: [Option<SocketAddr>; 2],
    /// Who sits at a service, also while nothing is sent to him.
    sits: Option<SocketAddr>,
    /// Where its sound goes, by side.
    far: [Option<SocketAddr>; 2],
}

impl Wires {
    /// The worker is told something.
    pub(crate) fn commanded(&mut self, command: &Command) {
        match command {
            Command::OpenEndpoint { port, service } => {
                self.0.insert(*port, Wire { service: Some(*service), ..Wire::default() });
            }
            Command::OpenRelay { port } | Command::OpenPassage { port } => {
                _ = self.0.insert(*port, Wire::default())
            }
            Command::Connect { port, remote, send, .. } => {
                if let Some(wire) = self.0.get_mut(port) {
                    wire.far[0] = send.then_some(*remote);
                    wire.sits = Some(*remote);
                }
            }
            Command::Direct { port, side, peer } => {
                if let Some(wire) = self.0.get_mut(port) {
                    wire.far[place(*side)] = Some(peer.rtp);
                }
            }
            Command::Close { port } => _ = self.0.remove(port),
            // Whatever else is done with a port, its sound goes the same way.
            _ => {}
        }
    }

    /// The relays that are open.
    pub(crate) fn relays(&self) -> Vec<PortId> {
        let is_open = |wire: &Wire| wire.service.is_none() && wire.own[0].is_some();
        self.0.iter().filter(|(_, wire)| is_open(wire)).map(|(port, _)| *port).collect()
    }

    /// The services that are open.
    pub(crate) fn services(&self) -> Vec<PortId> {
        let is_open = |wire: &Wire| wire.service.is_some() && wire.own[0].is_some();
        self.0.iter().filter(|(_, wire)| is_open(wire)).map(|(port, _)| *port).collect()
    }

    /// Its sockets are gone, and nobody closes it.
    pub(crate) fn lost(&mut self, port: PortId) {
        self.0.remove(&port);
    }

    /// Its sockets are open.
    pub(crate) fn opened(&mut self, port: PortId, a: SocketAddr, b: Option<SocketAddr>) {
        if let Some(wire) = self.0.get_mut(&port) {
            wire.own = [Some(a), b];
        }
    }

    /// The power went.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }

    /// Which socket of the workers has this address, and its own one.
    pub(crate) fn socket_at(&self, at: SocketAddr) -> Option<SocketRef> {
        self.0.iter().find_map(|(port, wire)| {
            let side = wire.own.iter().position(|own| *own == Some(at))?;
            let side = if side == 0 { Side::A } else { Side::B };
            Some(SocketRef { port: *port, side, channel: Channel::Rtp })
        })
    }

    /// The address of a socket of the workers.
    pub(crate) fn address_of(&self, socket: SocketRef) -> Option<SocketAddr> {
        self.0.get(&socket.port)?.own[place(socket.side)]
    }

    /// Where sound that is sent there comes out: there itself, or on the other side of a relay.
    fn leads(&self, to: SocketAddr) -> Option<SocketAddr> {
        for wire in self.0.values().filter(|wire| wire.service.is_none()) {
            if let Some(side) = wire.own.iter().position(|own| *own == Some(to)) {
                return wire.far[1 - side];
            }
        }
        Some(to)
    }

    /// Who has the seats of a conference, perhaps on hold: the addresses of those who sit there, and where sound to them leads through
    /// relays.
    fn sitting(&self, id: ConferenceId) -> impl Iterator<Item = SocketAddr> {
        let seats = self.0.values().filter(move |wire| wire.service == Some(Service::Conference(id)));
        seats.filter_map(|wire| wire.sits).flat_map(|to| [Some(to), self.leads(to)]).flatten()
    }

    /// The service whose sound goes there.
    fn service_at(&self, to: SocketAddr) -> Option<Service> {
        self.0.values().find(|wire| wire.far[0] == Some(to)).and_then(|wire| wire.service)
    }
}

const fn place(side: Side) -> usize {
    match side {
        Side::A => 0,
        Side::B => 1,
    }
}

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compared {
    /// Displays with the phone that is heard there.
    pub(crate) people: u64,
    /// Displays with the conference that is heard there.
    pub(crate) conferences: u64,
}

/// A call at a phone, whatever that speaks: whom it hears follows from its addresses, whom it shows stands on its display.
#[derive(Debug)]
struct Ear<'p> {
    /// The number of the phone's line.
    number: &'p str,
    /// Where it hears.
    own: SocketAddr,
    listens: bool,
    /// Where its sound is sent, when it speaks and that is taken.
    to: Option<SocketAddr>,
    /// Who stands on its display.
    shown: &'p str,
    /// It is known what it ought to show; one of which a message was lost may still be shown to others.
    is_sure: bool,
    /// For complaints.
    since: Option<Instant>,
}

impl<'p> Ear<'p> {
    fn of_session(phone: &'p Phone, session: &'p Session, since: Instant) -> Self {
        let theirs = session.theirs.filter(|theirs| session.ours.speaks && theirs.way.listens);
        Ear {
            number: &phone.account.number,
            own: SocketAddr::new(phone.address.ip(), session.port),
            listens: session.ours.listens,
            to: theirs.map(|theirs| theirs.address),
            shown: &session.shown,
            is_sure: session.began > since && !session.doubtful,
            since: Some(session.began),
        }
    }

    /// The calls of a phone that speaks SCCP; its ports are opened and closed as the server says.
    fn of_station(number: &'p str, station: &'p Skinny) -> impl Iterator<Item = Ear<'p>> {
        station.ports.iter().filter_map(move |(party, (call, port, _))| {
            let call = station.calls.get(call)?;
            // A call that it made shows the called party first, and one that came the calling.
            let [other, _] = if call.calling[0] == number { &call.called } else { &call.calling };
            Some(Ear {
                number,
                own: SocketAddr::from((station.ip, u16::try_from(*port).ok()?)),
                listens: true,
                to: station.sending.get(party).and_then(|(address, ..)| address.parse().ok()),
                shown: other,
                is_sure: true,
                since: None,
            })
        })
    }
}

/// Compares all displays of calls that began after `since`, the last time when the server lost its memory; SCCP phones, by the numbers of
/// their lines, have lost theirs with it.
pub(crate) fn check<'p>(
    phones: &'p [Phone],
    stations: impl Iterator<Item = (&'p str, &'p Skinny)>,
    wires: &Wires,
    since: Instant,
) -> Result<Compared, String> {
    let mut compared = Compared::default();
    let sessions = phones
        .iter()
        .flat_map(|phone| phone.sessions().map(move |session| Ear::of_session(phone, session, since)));
    let stations: Vec<(&str, &Skinny)> = stations.collect();
    let addresses: BTreeSet<(IpAddr, &str)> = phones
        .iter()
        .map(|phone| (phone.address.ip(), phone.account.number.as_str()))
        .chain(stations.iter().map(|(number, station)| (IpAddr::from(station.ip), *number)))
        .collect();
    let of_stations = stations.iter().flat_map(|(number, station)| Ear::of_station(number, station));
    let ears: Vec<Ear<'_>> = sessions.chain(of_stations).collect();
    // An SCCP phone that holds has closed its port; its display says with whom.
    let holds = |number: &str, with: &str| {
        let shows = |call: &Call| {
            call.state == HOLD && [&call.calling[0], &call.called[0]].iter().any(|it| it.as_str() == with)
        };
        stations.iter().any(|(own, station)| *own == number && station.calls.values().any(shows))
    };
    for ear in ears.iter().filter(|ear| ear.is_sure && ear.listens) {
        let who = || format!("at {} ({}), which shows {:?}", ear.number, ear.own, ear.shown);
        let speaks_there = |other: &&Ear<'_>| other.to.and_then(|to| wires.leads(to)) == Some(ear.own);
        let heard: Vec<&Ear<'_>> = ears.iter().filter(|other| other.is_sure).filter(speaks_there).collect();
        match (&heard[..], wires.service_at(ear.own)) {
            ([], Some(Service::Conference(id))) => {
                // Who dialled the number of a meeting sees that.
                let meeting = MEETINGS.iter().any(|number| ear.shown.ends_with(number));
                // Who barges in is shown the party of the call, and hears it there. A phone whose own display is in doubt may well be
                // the one that is shown, and so may one that has forgotten the call (a power cut): the server finds that out later.
                let is_shown = |at: SocketAddr| addresses.contains(&(at.ip(), ear.shown));
                let party = wires.sitting(id).any(|at| at != ear.own && is_shown(at));
                if ear.shown != id.to_string() && !meeting && !party && !holds(ear.shown, ear.number) {
                    return Err(format!("the conference {id} is heard {}", who()));
                }
                compared.conferences += 1;
            }
            // What is played to who waits is no party.
            ([], Some(_) | None) => {}
            ([other], None) => {
                if ear.shown != other.number {
                    return Err(format!("{} ({}) is heard {}", other.number, other.own, who()));
                }
                compared.people += 1;
            }
            (several, service) => {
                let heard: Vec<String> = several
                    .iter()
                    .map(|other| format!("{} ({}, since {:?})", other.number, other.own, other.since))
                    .collect();
                return Err(format!("{} and {service:?} are heard {}", heard.join(", "), who()));
            }
        }
    }
    Ok(compared)
}

/// Who hears what, by the addresses of phones: somebody else, or a service, which is told in a word.
#[cfg(test)]
pub(crate) fn hearing<'p>(
    phones: &'p [Phone],
    stations: impl Iterator<Item = &'p Skinny>,
    wires: &Wires,
) -> BTreeMap<IpAddr, BTreeSet<Result<IpAddr, &'static str>>> {
    let since = Instant::default();
    let sessions = phones
        .iter()
        .flat_map(|phone| phone.sessions().map(move |session| Ear::of_session(phone, session, since)));
    let of_stations = stations.flat_map(|station| Ear::of_station("", station));
    let ears: Vec<Ear<'_>> = sessions.chain(of_stations).collect();
    let mut heard: BTreeMap<IpAddr, BTreeSet<Result<IpAddr, &'static str>>> = BTreeMap::new();
    for ear in ears.iter().filter(|ear| ear.listens) {
        let speaks_there = |other: &&Ear<'_>| other.to.and_then(|to| wires.leads(to)) == Some(ear.own);
        let others = ears.iter().filter(speaks_there).map(|other| Ok(other.own.ip()));
        // Perhaps through a relay.
        let plays_there = |wire: &&Wire| wire.far[0].and_then(|to| wires.leads(to)) == Some(ear.own);
        let service = wires.0.values().filter(plays_there).find_map(|wire| wire.service);
        let service = service.and_then(|service| {
            Some(Err(match service {
                Service::Conference(_) => "a conference",
                Service::Page { .. } => "a page",
                Service::Sounds => "what is played to who waits",
                Service::Echo => "itself",
                // What is heard before an answer an SCCP phone may make by itself.
                _ => return None,
            }))
        });
        heard.entry(ear.own.ip()).or_default().extend(others.chain(service));
    }
    heard.retain(|_, all| !all.is_empty());
    heard
}

/// The phones that hear each other and nobody else, with the addresses of their sound.
pub(crate) fn pairs(phones: &[Phone], wires: &Wires, since: Instant) -> Vec<[(usize, SocketAddr); 2]> {
    let known = |session: &&Session| session.began > since && !session.doubtful;
    let all: Vec<(usize, SocketAddr, &Session)> = phones
        .iter()
        .enumerate()
        .flat_map(|(at, phone)| {
            let own = move |session: &Session| SocketAddr::new(phone.address.ip(), session.port);
            phone.sessions().filter(known).map(move |session| (at, own(session), session))
        })
        .collect();
    let reaches = |session: &Session| {
        let theirs = session.theirs.filter(|theirs| session.ours.speaks && theirs.way.listens)?;
        wires.leads(theirs.address)
    };
    let mut pairs = vec![];
    for (at, own, session) in &all {
        let Some(to) = reaches(session) else { continue };
        let Some((other, far, back)) = all.iter().find(|(_, address, _)| *address == to) else { continue };
        let heard = all.iter().filter(|(.., session)| reaches(session) == Some(*own)).count();
        let both = session.ours.listens && back.ours.listens && reaches(back) == Some(*own) && heard == 1;
        if both && at < other {
            pairs.push([(*at, *own), (*other, *far)]);
        }
    }
    pairs
}

/// Whether a phone talks for sure: somebody hears it.
pub(crate) fn is_heard(phone: &Phone, phones: &[Phone], wires: &Wires, since: Instant) -> bool {
    let known = |session: &&Session| session.began > since && !session.doubtful;
    phone.sessions().filter(known).filter(|session| session.ours.speaks).any(|session| {
        let Some(to) = session.theirs.filter(|theirs| theirs.way.listens) else { return false };
        let reached = wires.leads(to.address);
        phones.iter().any(|other| {
            let at = |session: &Session| SocketAddr::new(other.address.ip(), session.port);
            other.sessions().filter(known).any(|session| session.ours.listens && reached == Some(at(session)))
        })
    })
}
