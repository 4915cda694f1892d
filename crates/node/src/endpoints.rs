//! Devices, whatever they speak: whose a leg is, which contacts a line has, and what follows from what they tell.
//!
//! SIP and SCCP are siblings that never meet but here. Each has legs of its own, takes commands for them and gives signals; lines
//! have contacts of both.

use std::sync::Arc;

use strowger_base::journal::{Decision, Entry, MediaNews, Record, Registration};
use strowger_base::leg::{BindingId, Target};
use strowger_base::watch::Package;
use strowger_base::{CallId, Cause, Command, Event, LegId, LineName, Now, Signal, line};
use strowger_callcontrol::RelayMode;
use strowger_callcontrol::io::{Contact, Reach};
use strowger_media::agent;
use strowger_sip::io::LineAccount;

use crate::io::{Answer, Outbox, Output, Stranger};
use crate::node::{Draining, Held, Node, Overloaded};
use crate::sccp::{self, is_station};
use crate::sound::reported;

/// Who serves a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Endpoint {
    /// A service of our own.
    Service,
    /// A device that speaks SIP; or nobody any more.
    Sip,
    /// One that speaks SCCP.
    Sccp,
}

impl Node {
    /// Who serves a leg that has begun.
    pub(crate) fn endpoint_of(&self, leg: LegId) -> Endpoint {
        if self.service_legs.contains_key(&leg) {
            Endpoint::Service
        } else if self.sccp.has_leg(leg) {
            Endpoint::Sccp
        } else {
            Endpoint::Sip
        }
    }

    /// A command goes to whoever serves the leg.
    pub(crate) fn command(&mut self, now: Now, leg: LegId, command: Command, out: &mut Outbox) {
        let endpoint = match &command {
            Command::Ring(ring) => match (&ring.target, self.calls.call_of(leg)) {
                (Target::Service(_), Some(call)) => {
                    self.service_legs.insert(leg, call);
                    Endpoint::Service
                }
                (Target::Phone { binding, .. }, _) if is_station(*binding) => Endpoint::Sccp,
                (Target::Service(_) | Target::Phone { .. } | Target::Trunk(_), _) => Endpoint::Sip,
            },
            _ => self.endpoint_of(leg),
        };
        match endpoint {
            Endpoint::Service => {
                if matches!(command, Command::Release(_)) {
                    self.service_legs.remove(&leg);
                }
                self.tell_agent(now, agent::Input::Command(leg, command));
            }
            Endpoint::Sip => {
                self.commanded(leg, &command);
                self.tell_sip(now, strowger_sip::Input::Command(leg, command), out);
            }
            Endpoint::Sccp => {
                self.commanded(leg, &command);
                self.tell_sccp(now, sccp::Input::Command(leg, command));
            }
        }
    }

    /// A device tells something of a leg.
    pub(crate) fn signalled(&mut self, now: Now, leg: LegId, signal: Signal, out: &mut Outbox) {
        self.used_number(leg.number);
        self.overheard(leg, &signal);
        let calls = matches!(signal, Signal::Setup(_));
        self.tell_calls(now, strowger_callcontrol::Input::Signal(leg, signal), out);
        if calls {
            self.overhear_number(leg);
        }
    }

    /// A message of a leg is written down in the story of its call, as soon as that is known.
    pub(crate) fn message_of(&mut self, now: Now, call: Option<CallId>, message: Held, out: &mut Outbox) {
        self.used_number(message.leg.number);
        match call.or_else(|| self.calls.call_of(message.leg)) {
            Some(call) => self.journal_message(now, Some(call), &message, out),
            None => self.held.push(message),
        }
    }

    /// A phone came or went, or somebody was refused.
    pub(crate) fn happened(&mut self, now: Now, event: &Event, out: &mut Outbox) {
        self.counters.event(event);
        if let Event::Registered { line, .. } | Event::Unregistered { line, .. } = event {
            self.registrations_changed(line);
        }
        if let Event::Registered { line, binding, .. } = event {
            self.show_messages(now, line, Some(*binding), out);
            self.show_state(now, line, *binding, out);
        }
        let entry = Entry::Registration(self.registration(event));
        self.journal(Record { at: now.wall, call: None, leg: None, entry }, out);
    }

    pub(crate) fn sccp_said(&mut self, now: Now, item: sccp::Output, out: &mut Outbox) {
        match item {
            sccp::Output::Send { stream, bytes } => {
                let bytes = out.arena.append(&bytes);
                out.items.push(Output::StreamSend { stream, bytes });
            }
            sccp::Output::Needed { stream } => out.items.push(Output::StreamNeeded { stream }),
            sccp::Output::Stranger { device, peer, model } => {
                let name = device.as_str().into();
                out.items.push(Output::Stranger(Stranger { name, model, peer }));
            }
            sccp::Output::Close { stream } => out.items.push(Output::StreamClose { stream }),
            sccp::Output::Signal(leg, Signal::Setup(_)) if self.takes_no_calls() => {
                let cause = Cause::SWITCHING_EQUIPMENT_CONGESTION;
                self.counters.stations_shed += 1;
                self.tell_sccp(now, sccp::Input::Command(leg, Command::Release(cause)));
            }
            sccp::Output::Signal(leg, signal) => self.signalled(now, leg, signal, out),
            sccp::Output::Message { leg, direction, flow, text } => {
                let bytes = out.arena.append(&text);
                self.message_of(now, None, Held { leg, direction, flow, bytes }, out);
            }
            sccp::Output::GoesOn(leg) => {
                let call = self.calls.call_of(leg);
                let is_other = |other: &LegId| *other != leg && self.calls.call_of(*other) == call;
                let other = self.sccp.preserved().find(is_other).filter(|_| call.is_some());
                if let Some(other) = other {
                    self.tell_sccp(now, sccp::Input::BothAway([leg, other]));
                }
            }
            sccp::Output::Statistics(leg, statistics) => {
                self.sounded(now, leg, reported(&statistics), out);
            }
            sccp::Output::Watch { watch, watcher, number } => {
                self.used_number(watch.0.number);
                self.watch(now, watch, &watcher, (&number, Package::Dialog), out);
            }
            sccp::Output::Unwatch(watch) => self.tell_presence(strowger_presence::Input::Unwatch(watch)),
            sccp::Output::Event(event) => self.happened(now, &event, out),
            sccp::Output::Pushed(query, result) => {
                out.items.push(Output::Answer { query, answer: Answer::Pushed(result) });
            }
            sccp::Output::Report(report) => self.reported(now, report, out),
            sccp::Output::Seat(port, codecs) => self.tell_agent(now, agent::Input::AtDevice(port, codecs)),
            sccp::Output::Able { device, ability } => {
                let input = strowger_callcontrol::Input::Device { device: &device, ability };
                self.tell_calls(now, input, out);
            }
            sccp::Output::PortLost { port, device, reason } => {
                self.counters.ports_lost += 1;
                let leg = self.agent.leg_of(port);
                let call = self.calls.call_of_port(port).or_else(|| self.calls.call_of(leg?));
                let news = MediaNews::DeviceLost { device: &device, reason };
                let entry = Entry::Decision(Decision::Resource(news));
                self.journal(Record { at: now.wall, call, leg, entry }, out);
            }
            sccp::Output::News(news) => {
                let entry = Entry::Registration(news.record());
                self.journal(Record { at: now.wall, call: None, leg: None, entry }, out);
            }
        }
    }

    /// Whether new calls are turned away; the SIP side does so itself.
    fn takes_no_calls(&self) -> bool {
        self.service.overloaded == Overloaded::Yes || self.service.draining == Draining::Yes
    }

    /// Which phones a line has.
    pub(crate) fn locate(&mut self, now: Now, request: CallId, line: &LineName, out: &mut Outbox) {
        let mut contacts = std::mem::take(&mut self.contacts);
        let account = self.lines.get(line.as_str());
        contacts.extend(self.contacts_of(line.as_str()).map(|binding| {
            // Only a relay on demand wants to know.
            let reach = match self.relay {
                RelayMode::WhenBehindNat => self.reach_of(binding),
                RelayMode::Never | RelayMode::Always => Reach::Direct,
            };
            Contact { phone: self.phone_name(account, binding), binding, reach }
        }));
        let located = strowger_callcontrol::Input::Located { request, line, contacts: &contacts };
        self.tell_calls(now, located, out);
        contacts.clear();
        self.contacts = contacts;
    }

    /// The contacts of a line, whatever they speak.
    pub(crate) fn contacts_of<'n>(&'n self, line: &'n str) -> impl Iterator<Item = BindingId> + 'n {
        self.sip.contacts_of(line).chain(self.sccp.contacts_of(line))
    }

    /// The name of the phone that a contact belongs to, where it has one.
    pub(crate) fn phone_name(&self, account: Option<&LineAccount>, binding: BindingId) -> Option<Arc<str>> {
        if is_station(binding) {
            return Some(Arc::clone(&self.sccp.device(binding)?.name));
        }
        let place = self.sip.registrar().binding(binding)?.phone();
        account?.phone_name(place).cloned()
    }

    /// Whether a phone calls itself by another address than its packets come from.
    fn reach_of(&self, binding: BindingId) -> Reach {
        match self.sip.registrar().binding(binding) {
            Some(binding) if binding.is_behind_nat() => Reach::BehindNat,
            Some(_) | None => Reach::Direct,
        }
    }

    /// An event for the journal, in which lines are called what people call them.
    fn registration<'e>(&self, event: &'e Event) -> Registration<'e> {
        let mut registration = Registration::from(event);
        match &mut registration {
            Registration::Registered { line, .. } | Registration::Unregistered { line, .. } => {
                *line = line::shown(&self.lines, line);
            }
            Registration::Refused { .. }
            | Registration::StationArrived { .. }
            | Registration::StationGone { .. }
            | Registration::StationRefused { .. }
            | Registration::ScreenPushed { .. }
            | Registration::ScreenTold { .. }
            | Registration::StationTold { .. } => {}
        }
        registration
    }
}
