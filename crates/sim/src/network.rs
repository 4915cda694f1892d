//! A bad network: it loses, repeats, delays and reorders datagrams.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::{Instant, Rng};

/// How bad the network is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// One datagram in so many is lost; 0 is none.
    pub(crate) loses: u64,
    /// One in so many arrives twice.
    pub(crate) repeats: u64,
    /// Longest delay beyond the shortest, in microseconds; this is what reorders.
    pub(crate) jitter_us: u64,
    /// One in so many arrives cut or with a byte changed.
    pub(crate) damages: u64,
}

impl Weather {
    /// Nothing is lost.
    pub(crate) const FAIR: Weather = Weather { loses: 0, repeats: 0, jitter_us: 200, damages: 0 };

    /// Whether somebody may wait for an answer in vain that was sent.
    pub(crate) const fn loses_answers(&self) -> bool {
        self.loses > 0 || self.damages > 0
    }
}

/// A datagram on its way.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
    pub(crate) damaged: bool,
}

/// The network.
#[derive(Debug)]
pub(crate) struct Network {
    under_way: BTreeMap<(Instant, u64), Packet>,
    sequence: u64,
    pub(crate) weather: Weather,
    rng: Rng,
}

impl Network {
    pub(crate) fn new(weather: Weather, rng: Rng) -> Self {
        Network { under_way: BTreeMap::new(), sequence: 0, weather, rng }
    }

    pub(crate) fn send(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if self.rng.one_in(self.weather.loses) {
            return;
        }
        let copies = if self.rng.one_in(self.weather.repeats) { 2 } else { 1 };
        for _ in 0..copies {
            let mut bytes = bytes.to_vec();
            let damaged = self.rng.one_in(self.weather.damages) && !bytes.is_empty();
            if damaged {
                self.damage(&mut bytes);
            }
            let delay = Duration::from_micros(100 + self.rng.below(self.weather.jitter_us + 1));
            self.sequence += 1;
            self.under_way.insert((now + delay, self.sequence), Packet { from, to, bytes, damaged });
        }
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let position = self.rng.below(bytes.len() as u64) as usize;
        if self.rng.one_in(2) {
            bytes.truncate(position);
        } else if let Some(byte) = bytes.get_mut(position) {
            *byte = self.rng.below(256) as u8;
        }
    }

    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        self.under_way.keys().next().map(|key| key.0)
    }

    pub(crate) fn arrive(&mut self, now: Instant) -> Option<Packet> {
        let entry = self.under_way.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}
