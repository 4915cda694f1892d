//! Calls of phones: hooks, keys and displays on one side, legs on the other.
//!
//! [`Calls`] is all phones as one machine. What a user does becomes signals of legs; what call control wants of a leg becomes tones,
//! lamps, prompts and media of a phone. It knows of registration only that a phone is there or is not: that is [`crate::Stations`]'.

mod call;
mod channel;
mod commands;
mod display;
mod incoming;
pub mod io;
mod keys;
mod phone;
mod ports;

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::leg::BindingId;
use strowger_base::timer::TimerQueue;
use strowger_base::{Command, Instant, LegId, Now};

use crate::codes::{CallReference, Instance};
use io::{Input, Media, Outbox};
use phone::PhoneCalls;

pub use strowger_base::id::LegIds;

/// All calls of all phones.
#[derive(Debug)]
pub struct Calls {
    phones: BTreeMap<Box<str>, PhoneCalls>,
    shared: Shared,
}

/// What the phones share.
#[derive(Debug)]
pub(crate) struct Shared {
    leg_ids: LegIds,
    legs: BTreeMap<LegId, (Box<str>, CallReference)>,
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
    pub const fn new(leg_ids: LegIds) -> Self {
        let shared = Shared {
            leg_ids,
            legs: BTreeMap::new(),
            bindings: BTreeMap::new(),
            references: 0,
            timers: TimerQueue::new(),
        };
        Calls { phones: BTreeMap::new(), shared }
    }

    /// Takes what happened, and tells what follows.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox) {
        match input {
            Input::Registered(phone) => {
                let device: Box<str> = phone.device.as_str().into();
                for line in &phone.lines {
                    self.shared.bindings.insert(line.binding, (device.clone(), line.instance));
                }
                self.phones.insert(device, PhoneCalls::new(phone));
            }
            Input::Gone { device } => {
                let Some(mut phone) = self.phones.remove(device) else { return };
                phone.gone(&mut self.shared, out);
            }
            Input::Said { device, message } => {
                if let Some(phone) = self.phones.get_mut(device) {
                    phone.said(&mut self.shared, now, message, out);
                }
            }
            Input::Command(leg, command, media) => self.command(now, leg, command, media, out),
            Input::Timeout => {
                while let Some((_, (device, call))) = self.shared.timers.pop_due(now.mono) {
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

    /// How many legs there are.
    pub fn legs(&self) -> usize {
        self.shared.legs.len()
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
        let Some((device, call)) = self.shared.legs.get(&leg).cloned() else { return };
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
}

/// Numbers of ports are those of calls with eight more bits.
const REFERENCES_MAX: u32 = 0x00ff_ffff;
