//! Phones that speak SCCP, each over a connection of its own, on which nothing is lost.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::net::{Protocol, StreamId, Transport};
use strowger_base::{Instant, Rng};
use strowger_node::Input;
use strowger_phones::skinny::phone::{RING_IN, Skinny};
#[cfg(test)]
use strowger_phones::skinny::router::Router;

use super::{Failure, World};
use crate::setting::{self, FEATURES, NUMBERS};

/// How long bytes are under way.
const DELAY: Duration = Duration::from_micros(200);

/// The connection of a phone that has none.
const NOWHERE: StreamId = StreamId(0);

/// All phones that speak SCCP.
#[derive(Debug, Default)]
pub(crate) struct Stations {
    /// By the numbers of their lines.
    pub(crate) phones: BTreeMap<String, Station>,
    /// Media resources of routers, by their names.
    #[cfg(test)]
    pub(crate) routers: BTreeMap<String, AtRouter>,
    under_way: BTreeMap<(Instant, u64), (Direction, StreamId, Vec<u8>)>,
    sequence: u64,
    streams: u64,
    /// Keys that were pressed.
    pub(super) pressed: Vec<(Instant, char)>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Station {
    pub(crate) phone: Skinny,
    pub(super) stream: StreamId,
    /// When it says next that it is there.
    pub(super) keepalive: Instant,
    /// Its user asks somebody else for a transfer or a conference.
    #[cfg(test)]
    pub(super) consults: bool,
    /// Keys that it heard in sound: who sent them, and when they began.
    #[cfg(test)]
    pub(super) events: std::collections::BTreeSet<(u32, u32)>,
}

/// A media resource of a router.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct AtRouter {
    pub(crate) router: Router,
    /// Nobody is connected when `None`.
    pub(super) stream: Option<StreamId>,
    keepalive: Instant,
}

#[derive(Clone, Copy, Debug)]
enum Direction {
    ToNode,
    ToPhone,
}

impl Stations {
    pub(crate) fn next(&self) -> Option<Instant> {
        let keepalives = self.phones.values().filter(|it| it.phone.registered).map(|it| it.keepalive);
        let next = self.under_way.keys().next().map(|(at, _)| *at).into_iter().chain(keepalives).min();
        #[cfg(test)]
        let next = {
            let connected = self.routers.values().filter(|it| it.stream.is_some());
            connected.map(|it| it.keepalive).chain(next).min()
        };
        next
    }

    /// Bytes of the node for a phone.
    pub(crate) fn sent(&mut self, now: Instant, stream: StreamId, bytes: &[u8]) {
        self.put(now, Direction::ToPhone, stream, bytes.to_vec());
    }

    fn put(&mut self, now: Instant, direction: Direction, stream: StreamId, bytes: Vec<u8>) {
        self.sequence += 1;
        self.under_way.insert((now + DELAY, self.sequence), (direction, stream, bytes));
    }

    /// What phones want to say is under way.
    pub(super) fn collect(&mut self, now: Instant) {
        let said: Vec<(StreamId, Vec<u8>)> = self
            .phones
            .values_mut()
            .filter(|it| !it.phone.sends.is_empty())
            .map(|it| (it.stream, std::mem::take(&mut it.phone.sends)))
            .filter(|(stream, _)| *stream != NOWHERE)
            .collect();
        said.into_iter().for_each(|(stream, bytes)| self.put(now, Direction::ToNode, stream, bytes));
        #[cfg(test)]
        {
            let said: Vec<(StreamId, Vec<u8>)> = self
                .routers
                .values_mut()
                .filter(|it| !it.router.sends.is_empty())
                .filter_map(|it| Some((it.stream?, std::mem::take(&mut it.router.sends))))
                .collect();
            said.into_iter().for_each(|(stream, bytes)| self.put(now, Direction::ToNode, stream, bytes));
        }
    }
}

#[cfg(test)]
impl World {
    /// A media resource of a router comes.
    pub(super) fn router_comes(&mut self, name: &str, kind: u32) -> Result<(), Failure> {
        let host = 240 + self.stations.routers.len() as u8;
        let router = Router::new(name, kind, 17, [192, 0, 2, host]);
        let router = AtRouter { router, stream: None, keepalive: Instant::FAR_FUTURE };
        self.stations.routers.insert(name.to_owned(), router);
        self.router_connects(name)
    }

    /// It comes over a new connection.
    pub(super) fn router_connects(&mut self, name: &str) -> Result<(), Failure> {
        self.stations.streams += 1;
        let stream = StreamId(self.stations.streams);
        let Some(it) = self.stations.routers.get_mut(name) else { return Ok(()) };
        it.router.connects();
        (it.stream, it.keepalive) = (Some(stream), self.now.mono + Duration::from_secs(30));
        let (peer, local) = (SocketAddr::from((it.router.ip, 49_152)), ([192, 0, 2, 1], 2000).into());
        let (protocol, transport) = (Protocol::Sccp, Transport::Tcp);
        self.give(Input::StreamOpened { stream, protocol, transport, local, peer })?;
        self.stations.collect(self.now.mono);
        Ok(())
    }

    /// Its connection breaks, and what it did ends with it.
    pub(super) fn router_breaks(&mut self, name: &str) -> Result<(), Failure> {
        let Some(it) = self.stations.routers.get_mut(name) else { return Ok(()) };
        it.router.streams_open.clear();
        it.router.registered = false;
        let Some(stream) = it.stream.take() else { return Ok(()) };
        self.stations.under_way.retain(|_, (_, of, _)| *of != stream);
        self.give(Input::StreamClosed { stream })
    }

    /// Bytes for a router.
    fn router_hears(&mut self, stream: StreamId, bytes: &[u8]) -> Result<(), Failure> {
        let Some(it) = self.stations.routers.values_mut().find(|it| it.stream == Some(stream)) else {
            return Ok(());
        };
        it.router.hears(bytes);
        match it.router.complaint.take() {
            Some(complaint) => Err(format!("{:?} {}: {complaint}", self.now.mono, it.router.name)),
            None => Ok(()),
        }
    }
}

impl World {
    /// A phone of a line comes.
    pub(super) fn station_comes(&mut self, number: &str, version: u8) -> Result<(), Failure> {
        let host = 100 + self.stations.phones.len() as u8;
        let phone = Skinny::new(&setting::device(number), version, [192, 0, 2, host]);
        let station = Station {
            phone,
            stream: NOWHERE,
            keepalive: Instant::FAR_FUTURE,
            #[cfg(test)]
            consults: false,
            #[cfg(test)]
            events: Default::default(),
        };
        self.stations.phones.insert(number.to_owned(), station);
        self.station_connects(number)
    }

    /// A phone comes over a new connection.
    pub(super) fn station_connects(&mut self, number: &str) -> Result<(), Failure> {
        self.stations.streams += 1;
        let stream = StreamId(self.stations.streams);
        let Some(station) = self.stations.phones.get_mut(number) else { return Ok(()) };
        station.phone.connects();
        (station.stream, station.keepalive) = (stream, self.now.mono + Duration::from_secs(30));
        let (peer, local) = (SocketAddr::from((station.phone.ip, 49_152)), ([192, 0, 2, 1], 2000).into());
        let (protocol, transport) = (Protocol::Sccp, Transport::Tcp);
        self.give(Input::StreamOpened { stream, protocol, transport, local, peer })?;
        self.stations.collect(self.now.mono);
        Ok(())
    }

    /// The power went: all connections are gone, and phones make new ones.
    pub(super) fn stations_come_back(&mut self) -> Result<(), Failure> {
        self.stations.under_way.clear();
        let numbers: Vec<String> = self.stations.phones.keys().cloned().collect();
        for number in numbers {
            if let Some(station) = self.stations.phones.get_mut(&number) {
                station.phone.told = "14: Name=SEP Last=TCP-Closed".to_owned();
            }
            self.station_connects(&number)?;
        }
        Ok(())
    }

    /// A connection breaks, and the phone comes back at once.
    fn station_breaks(&mut self, number: &str) -> Result<(), Failure> {
        self.station_is_cut(number)?;
        self.station_connects(number)
    }

    /// A connection breaks.
    pub(super) fn station_is_cut(&mut self, number: &str) -> Result<(), Failure> {
        let Some(station) = self.stations.phones.get_mut(number) else { return Ok(()) };
        station.phone.forgets();
        let stream = std::mem::replace(&mut station.stream, NOWHERE);
        self.stations.under_way.retain(|_, (_, of, _)| *of != stream);
        self.give(Input::StreamClosed { stream })
    }

    /// Whoever is at some phone does something that the phone lets him do now.
    pub(super) fn station_acts(&mut self) -> Result<(), Failure> {
        self.next_station = self.now.mono + Duration::from_millis(150 + self.rng.below(2_500));
        let place = self.rng.below(self.plan.stations) as usize;
        let Some(number) = self.stations.phones.keys().nth(place).cloned() else { return Ok(()) };
        if self.rng.one_in(60) {
            self.trace_line("station", &format!("{number} loses its connection"));
            return self.station_breaks(&number);
        }
        let callee = match self.rng.below(8) {
            0 => "9999".to_owned(),
            1 => FEATURES[self.rng.below(FEATURES.len() as u64) as usize].to_owned(),
            2 => NUMBERS[self.rng.below(NUMBERS.len() as u64) as usize].to_owned(),
            _ => setting::number(self.rng.below(self.plan.lines + self.plan.stations)),
        };
        let act = self.rng.below(12);
        let key = self.rng.below(16) as usize;
        let Some(station) = self.stations.phones.get_mut(&number).filter(|it| it.phone.registered) else {
            return Ok(());
        };
        let phone = &mut station.phone;
        let did = match act {
            0 if phone.calls.is_empty() => {
                phone.calls_number(&callee);
                format!("calls {callee}")
            }
            0 | 1 => {
                phone.lifts();
                "lifts".to_owned()
            }
            2 | 3 => {
                phone.dials(&callee);
                self.stations.pressed.extend(callee.chars().map(|key| (self.now.mono, key)));
                format!("dials {callee}")
            }
            4 => {
                phone.puts_down();
                "puts down".to_owned()
            }
            5 => {
                phone.pushes(9, 1);
                "pushes its line".to_owned()
            }
            6 => {
                phone.pushes(2, 1);
                "pushes its speed dial".to_owned()
            }
            7 | 8 if phone.presses_at("Answer", RING_IN) => "answers".to_owned(),
            _ => {
                let keys = phone.shown_keys();
                let Some(key) = keys.get(key % keys.len().max(1)).cloned() else { return Ok(()) };
                phone.presses(&key);
                format!("presses {key}")
            }
        };
        self.report.pressed += 1;
        self.trace_line("station", &format!("{number} {did}"));
        self.stations.collect(self.now.mono);
        Ok(())
    }

    /// A number of the seed's, of its own: what came before stations is what it was.
    pub(super) fn rng_of_stations(&mut self) -> u64 {
        Rng::new(self.plan.seed ^ 0x5cc9_0002 ^ self.stations.phones.len() as u64).next_u64()
    }

    /// What is due of stations: bytes arrive, and phones say that they are there.
    pub(super) fn stations_go_on(&mut self) -> Result<(), Failure> {
        let now = self.now.mono;
        if let Some(entry) = self.stations.under_way.first_entry().filter(|entry| entry.key().0 <= now) {
            let (direction, stream, bytes) = entry.remove();
            match direction {
                Direction::ToNode => self.give(Input::StreamBytes { stream, bytes: &bytes })?,
                Direction::ToPhone => {
                    #[cfg(test)]
                    self.router_hears(stream, &bytes)?;
                    if let Some(it) = self.stations.phones.values_mut().find(|it| it.stream == stream) {
                        it.phone.hears(&bytes);
                        if let Some(complaint) = it.phone.complaint.take() {
                            return Err(format!("{now:?} {}: {complaint}", it.phone.name));
                        }
                    }
                }
            }
        }
        for it in self.stations.phones.values_mut().filter(|it| it.keepalive <= now) {
            it.keepalive = now + Duration::from_secs(u64::from(it.phone.keepalive.max(10)));
            it.phone.says_that_it_is_there();
        }
        #[cfg(test)]
        for it in self.stations.routers.values_mut().filter(|it| it.stream.is_some() && it.keepalive <= now) {
            it.keepalive = now + Duration::from_secs(u64::from(it.router.keepalive.max(10)));
            it.router.says_that_it_is_there();
        }
        self.stations.collect(now);
        Ok(())
    }

    /// Everybody puts down the receiver, and ends what is held.
    pub(super) fn stations_hang_up(&mut self) {
        for it in self.stations.phones.values_mut() {
            it.phone.hangs_up_all();
        }
        self.stations.collect(self.now.mono);
    }
}
