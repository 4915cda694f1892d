//! Calls of phones: hooks, keys and displays on one side, legs on the other.
//!
//! [`Calls`] is all phones as one machine. What a user does becomes signals of legs; what call control wants of a leg becomes tones,
//! lamps, prompts and media of a phone. It knows of registration only that a phone is there or is not: that is [`crate::Stations`]'.

mod call;
mod channel;
mod commands;
mod dialling;
mod display;
mod elsewhere;
mod face;
mod flash;
mod incoming;
pub mod io;
mod keys;
mod masks;
mod participants;
mod phone;
mod ports;
mod preserved;
mod statistics;

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::feature::FeatureRequest;
use strowger_base::leg::BindingId;
use strowger_base::timer::TimerQueue;
use strowger_base::{Command, Instant, LegId, Now};

use crate::codes::{CallReference, Instance};
use io::{Input, Media, Outbox};
use phone::PhoneCalls;
use preserved::Preserved;

pub use participants::PARTICIPANTS;
pub use strowger_base::id::LegIds;

/// All calls of all phones.
#[derive(Debug)]
pub struct Calls {
    phones: BTreeMap<Box<str>, PhoneCalls>,
    /// Calls whose phones have lost their connection.
    preserved: Preserved,
    shared: Shared,
}

/// What the phones share.
#[derive(Debug)]
pub(crate) struct Shared {
    leg_ids: LegIds,
    legs: BTreeMap<LegId, (Box<str>, CallReference)>,
    /// The legs of calls as phones know them.
    references_of_legs: BTreeMap<CallReference, LegId>,
    /// Legs of which a feature was asked whose answer may come when they are over, with their phones.
    asked: BTreeMap<LegId, Box<str>>,
    /// Legs whose calls their phones parked, with these.
    parked: BTreeMap<LegId, Box<str>>,
    /// Those that have ended since the last input: what phones are told of their end is still about them.
    ended: Vec<(CallReference, LegId)>,
    /// Where the lines of phones are rung.
    bindings: BTreeMap<BindingId, (Box<str>, Instance)>,
    references: u32,
    /// Phones that have not said where their port is.
    timers: TimerQueue<(Box<str>, CallReference)>,
}

/// How long a phone may take to open its port.
const PORT_TIME: Duration = Duration::from_secs(10);

impl Calls {
    /// No phone is there; `leg_ids` are those of a lane of its own.
    pub fn new(leg_ids: LegIds) -> Self {
        // A phone may still have calls of the time before a restart: what begins now has numbers behind theirs, but where lines are shared and theirs ran ahead.
        let references = (leg_ids.given() % u64::from(REFERENCES_MAX)) as u32;
        let shared = Shared {
            leg_ids,
            legs: BTreeMap::new(),
            references_of_legs: BTreeMap::new(),
            asked: BTreeMap::new(),
            parked: BTreeMap::new(),
            ended: Vec::new(),
            bindings: BTreeMap::new(),
            references,
            timers: TimerQueue::new(),
        };
        Calls { phones: BTreeMap::new(), preserved: Preserved::default(), shared }
    }

    /// Takes what happened, and tells what follows.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox) {
        self.shared.ended.clear();
        match input {
            Input::Registered(phone) => {
                let device: Box<str> = phone.device.as_str().into();
                for line in &phone.lines {
                    self.shared.bindings.insert(line.binding, (device.clone(), line.instance));
                }
                if phone.streams_active == 0 {
                    let over = self.preserved.take(&mut self.shared, &device);
                    over.iter().for_each(|call| preserved::end(&mut self.shared, call, out));
                }
                if self.preserved.calls_of(&device) > 0 {
                    out.push(io::Output::Calls { device: phone.device.clone(), any: true });
                }
                self.phones.insert(device, PhoneCalls::new(phone));
            }
            Input::Ready { device } => {
                let Some(phone) = self.phones.get_mut(device) else { return };
                let calls = self.preserved.take(&mut self.shared, device);
                if calls.is_empty() {
                    return;
                }
                phone.takes_back(&mut self.shared, now, calls, out);
                if phone.calls.is_empty() {
                    out.push(io::Output::Calls { device: phone.phone.device.clone(), any: false });
                }
            }
            Input::Gone { device, calls_go_on } => {
                let mut left = self.preserved.take(&mut self.shared, device);
                if let Some(mut phone) = self.phones.remove(device) {
                    left.extend(phone.gone(&mut self.shared, calls_go_on, out));
                }
                for call in left {
                    if calls_go_on {
                        self.preserved.keep(&mut self.shared, now, device, call);
                    } else {
                        preserved::end(&mut self.shared, &call, out);
                    }
                }
            }
            Input::Said { device, message } => {
                if let Some(phone) = self.phones.get_mut(device) {
                    phone.said(&mut self.shared, now, message, out);
                }
            }
            Input::Elsewhere { device, line, calls } => {
                if let Some(phone) = self.phones.get_mut(device) {
                    phone.elsewhere(&mut self.shared, line, calls, out);
                }
            }
            Input::Shared { device, line, barges } => {
                if let Some(phone) = self.phones.get_mut(device) {
                    phone.is_shared(&mut self.shared, line, barges, out);
                }
            }
            Input::Forwards { device, line, forwards } => {
                if let Some(phone) = self.phones.get_mut(device) {
                    phone.forwards.retain(|known| *known != line);
                    if forwards {
                        phone.forwards.push(line);
                    }
                }
            }
            Input::Rung { device, lamp, rings } => {
                if let Some(phone) = self.phones.get_mut(device) {
                    if rings {
                        phone.rung.insert(lamp);
                    } else {
                        phone.rung.remove(&lamp);
                    }
                }
            }
            Input::ParkNews { leg, number, event } => {
                let parked = &mut self.shared.parked;
                let device = if event.is_last() { parked.remove(&leg) } else { parked.get(&leg).cloned() };
                if let Some(phone) = device.and_then(|device| self.phones.get(&device)) {
                    phone.parked(number, event, out);
                }
            }
            Input::BothAway { legs } => self.preserved.both_away(&mut self.shared, now, legs),
            Input::Command(leg, command, media) => self.command(now, leg, command, media, out),
            Input::Timeout => {
                while let Some((_, (device, call))) = self.shared.timers.pop_due(now.mono) {
                    if self.preserved.is_late(&mut self.shared, now, (&device, call), out) {
                        continue;
                    }
                    if let Some(phone) = self.phones.get_mut(&device) {
                        phone.port_is_late(&mut self.shared, now, call, out);
                    }
                }
            }
        }
    }

    /// When [`Input::Timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.shared.timers.next_deadline()
    }

    /// A number among those of legs, for something that is none.
    pub const fn allocate(&mut self) -> LegId {
        self.shared.leg_ids.allocate()
    }

    /// How many legs there are.
    pub fn legs(&self) -> usize {
        self.shared.legs.len()
    }

    /// Whether a leg is one of a phone here, or was and is owed an answer.
    pub fn has(&self, leg: LegId) -> bool {
        self.shared.legs.contains_key(&leg) || self.shared.asked.contains_key(&leg)
    }

    /// The leg of a call as its phone knows it; also when it has ended with the last input.
    pub fn leg_of(&self, call: CallReference) -> Option<LegId> {
        let ended = || self.shared.ended.iter().find(|(known, _)| *known == call).map(|(_, leg)| *leg);
        self.shared.references_of_legs.get(&call).copied().or_else(ended)
    }

    /// The legs of a phone that is registered.
    pub fn legs_of(&self, device: &str) -> Vec<LegId> {
        let calls = self.phones.get(device).into_iter().flat_map(|phone| &phone.calls);
        calls.filter_map(|call| call.leg).collect()
    }

    /// Whether the phone of a leg has lost its connection, and its call goes on.
    pub fn is_preserved(&self, leg: LegId) -> bool {
        self.preserved.has(leg)
    }

    /// The legs of calls that go on without their phones.
    pub fn preserved(&self) -> impl Iterator<Item = LegId> + '_ {
        self.preserved.legs()
    }

    /// How many calls a phone has.
    pub fn calls_of(&self, device: &str) -> usize {
        self.phones.get(device).map_or(0, |phone| phone.calls.len()) + self.preserved.calls_of(device)
    }

    fn command(&mut self, now: Now, leg: LegId, command: &Command, media: Media, out: &mut Outbox) {
        if let Command::Ring(ring) = command {
            let place = match &ring.target {
                strowger_base::leg::Target::Phone { binding, .. } => {
                    self.shared.bindings.get(binding).cloned()
                }
                strowger_base::leg::Target::Trunk(_) | strowger_base::leg::Target::Service(_) => None,
            };
            let phone = place.and_then(|(device, line)| Some((self.phones.get_mut(&device)?, line)));
            return match phone {
                Some((phone, line)) => phone.ring(&mut self.shared, now, (leg, line), ring, media, out),
                None => phone::unreachable(leg, out),
            };
        }
        let asked = match command {
            Command::FeatureAnswer(_) => self.shared.asked.remove(&leg),
            _ => None,
        };
        if let Command::FeatureAnswer(answer) = command
            && answer.request == FeatureRequest::Park.word()
            && answer.result.is_ok()
            && let Some(device) = asked.clone().or_else(|| Some(self.shared.legs.get(&leg)?.0.clone()))
        {
            self.shared.parked.insert(leg, device);
        }
        let Some((device, call)) = self.shared.legs.get(&leg).cloned() else {
            // The call that was asked for something is over.
            let phone = asked.and_then(|device| self.phones.get(&device));
            if let (Some(phone), Command::FeatureAnswer(answer)) = (phone, command) {
                phone.notice(answer, out);
            }
            return;
        };
        if self.preserved.command(&mut self.shared, (&device, call), (command, &media), out) {
            return;
        }
        if let Some(phone) = self.phones.get_mut(&device) {
            phone.command(&mut self.shared, now, call, command, media, out);
        }
    }
}

impl Shared {
    /// A call's number on its phone: never 0, and long not used again.
    fn reference(&mut self) -> CallReference {
        self.references = self.references % REFERENCES_MAX + 1;
        CallReference(self.references)
    }

    /// A leg begins.
    fn insert(&mut self, leg: LegId, device: &str, call: CallReference) {
        self.legs.insert(leg, (device.into(), call));
        self.references_of_legs.insert(call, leg);
    }

    /// A leg is over.
    fn remove(&mut self, leg: LegId) {
        if let Some((_, call)) = self.legs.remove(&leg) {
            self.references_of_legs.remove(&call);
            self.ended.push((call, leg));
        }
    }
}

/// Numbers of ports are those of calls with eight more bits.
const REFERENCES_MAX: u32 = 0x00ff_ffff;
