//! Media between phones and workers, as far as keys go in it, and whether keys that are pressed arrive.

use std::net::SocketAddr;
use std::time::Duration;

use strowger_media::worker::{Channel, Input, SocketRef};
use strowger_node::io::{Answer, Question};

use super::{Failure, World};
use crate::identities;
use crate::network::Packet;
use crate::phone::{Keypad, Phone};
use crate::setting::SERVER;

impl World {
    /// A packet of media arrives.
    pub(super) fn sound(&mut self, packet: &Packet) -> Result<(), Failure> {
        let Packet { from, to, ref bytes, .. } = *packet;
        let server: SocketAddr = SERVER.parse().unwrap_or(to);
        if to.ip() == server.ip() {
            let Some(socket) = self.wires.socket_at(to) else { return Ok(()) };
            return self.media(Input::Packet { socket, source: from, bytes });
        }
        let now = self.now.mono;
        #[cfg(test)]
        self.station_hears(to, bytes);
        let Some(phone) = self.phones.iter_mut().find(|phone| phone.address.ip() == to.ip()) else {
            return Ok(());
        };
        phone.hears(now, to.port(), bytes);
        complaint(phone)
    }

    /// The workers send a packet; what no phone looks at goes nowhere.
    pub(super) fn fly(&mut self, socket: SocketRef, to: SocketAddr, bytes: &[u8]) {
        let kind = bytes.get(1).map_or(0, |kind| kind & 0x7f);
        let listens = |phone: &Phone| phone.address.ip() == to.ip() && phone.listens_to(kind);
        let listens = self.phones.iter().any(listens);
        #[cfg(test)]
        let listens = listens || self.station_listens(to, kind);
        if socket.channel == Channel::Rtp
            && listens
            && let Some(from) = self.wires.address_of(socket)
        {
            self.air.send(self.now.mono, from, to, bytes);
        }
    }

    /// Nobody does anything any more: each of two that talk with each other presses keys, and the other one is told just these. And in the
    /// storm nobody was told a key that nobody had pressed, nor twice what was pressed once.
    pub(super) fn check_keys(&mut self) -> Result<(), Failure> {
        self.check_heard()?;
        self.air.weather.loses = 0;
        let pairs = identities::pairs(&self.phones, &self.wires, self.last_crash);
        let mut pressed = vec![];
        for pair in pairs {
            let [(a, at_a), (b, at_b)] = pair;
            let (Some(one), Some(other)) = (self.phones.get(a), self.phones.get(b)) else { continue };
            // Nothing here encrypts media.
            let encrypted = (one.srtp || other.srtp) && (one.keypad.is_media() || other.keypad.is_media());
            if encrypted || self.is_excused(a, b)? {
                continue;
            }
            let before = [(a, at_a), (b, at_b)].map(|(at, own)| self.heard(at, own));
            let both = [self.press(a, at_a, FIRST), self.press(b, at_b, SECOND)];
            pressed.push((pair, before, both));
        }
        self.wait(Duration::from_secs(10))?;
        let still = identities::pairs(&self.phones, &self.wires, self.last_crash);
        for (pair, before, both) in pressed.into_iter().filter(|(pair, ..)| still.contains(pair)) {
            let [(a, at_a), (b, at_b)] = pair;
            let ways = [a, b].map(|at| self.phones.get(at).map_or(Keypad::Events, |phone| phone.keypad));
            let numbers = [a, b].map(|at| self.phones.get(at).map_or("", |phone| &*phone.account.number));
            let after = [(a, at_a), (b, at_b)].map(|(at, own)| self.heard(at, own));
            for (side, keys) in [(0, SECOND), (1, FIRST)] {
                let told = after[side].strip_prefix(&*before[side]).unwrap_or(&after[side]);
                if !both[1 - side] || told != keys {
                    let at = self.now.mono;
                    return Err(format!(
                        "{at:?}: {} ({:?}) was told the keys {told:?} of {} ({:?}), which pressed {keys}: {}",
                        numbers[side],
                        ways[side],
                        numbers[1 - side],
                        ways[1 - side],
                        both[1 - side]
                    ));
                }
                self.report.tones += keys.len() as u64;
            }
        }
        Ok(())
    }

    fn press(&mut self, phone: usize, at: SocketAddr, keys: &str) -> bool {
        let mut sends = vec![];
        let Some(phone) = self.phones.get_mut(phone) else { return false };
        let done = phone.press_at(self.now.mono, at.port(), keys, &mut sends);
        let address = phone.address;
        self.post(address, &mut sends);
        done
    }

    fn heard(&self, phone: usize, at: SocketAddr) -> String {
        self.phones.get(phone).and_then(|phone| phone.heard_at(at.port())).unwrap_or_default()
    }

    /// Whether `explain` says of the call of these two that keys are not carried over.
    fn is_excused(&mut self, a: usize, b: usize) -> Result<bool, Failure> {
        let number =
            |at: usize| self.phones.get(at).map_or(String::new(), |phone| phone.account.number.clone());
        let numbers = [number(a), number(b)];
        let Some(Answer::Calls(calls)) = self.ask(Question::Calls { before: None, limit: 100 })? else {
            return Err("asked for calls, the node answers something else".to_owned());
        };
        let unkeyed = calls.iter().filter(|view| self.unkeyed.contains(&view.call));
        let is_theirs = |shown: &str| numbers.iter().any(|number| number == shown);
        Ok(unkeyed.into_iter().any(|view| is_theirs(&view.calling) || is_theirs(&view.connected)))
    }

    /// Each key that somebody was told was pressed by somebody not long before, and is the same press for nobody twice.
    fn check_heard(&mut self) -> Result<(), Failure> {
        // A message that was damaged may name another key.
        if self.plan.weather.damages > 0 {
            return Ok(());
        }
        for phone in &self.phones {
            // Some call themselves.
            let of_phones = self.phones.iter().flat_map(|phone| &phone.pressed);
            let mut pressed: Vec<_> = of_phones.chain(&self.stations.pressed).copied().collect();
            pressed.sort_unstable();
            for (told, key) in &phone.heard {
                let fits = |(when, which): &(strowger_base::Instant, char)| {
                    which == key && when <= told && *told - *when < LATE
                };
                let Some(place) = pressed.iter().position(fits) else {
                    let number = &phone.account.number;
                    return Err(format!(
                        "{number} was told the key {key} at {told:?}, but nobody pressed it"
                    ));
                };
                pressed.remove(place);
                self.report.tones += 1;
            }
        }
        self.stations.pressed.clear();
        for phone in &mut self.phones {
            phone.pressed.clear();
            phone.heard.clear();
        }
        Ok(())
    }
}

/// What a phone was told that cannot be.
pub(super) fn complaint(phone: &mut Phone) -> Result<(), Failure> {
    match phone.complaint.take() {
        Some(complaint) => Err(format!("{} was {complaint}", phone.account.number)),
        None => Ok(()),
    }
}

const FIRST: &str = "15#5";
const SECOND: &str = "2*80";
/// How late a key may come: several requests wait for their answers, and each for half a minute at most.
const LATE: Duration = Duration::from_secs(120);
