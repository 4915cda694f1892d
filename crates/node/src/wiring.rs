//! Who talks to whom: the outputs of each domain become the inputs of others, here and nowhere else.
//!
//! Each domain is called with an outbox of its own and with the node's arena, so that no byte is copied on its way
//! out. [`Node::settle`] goes on until nobody has anything more to say.

use std::sync::Arc;

use strowger_base::journal::{
    Alarm, Decision, Direction, Entry, MediaNews, Record, Told, WhyTransferRefused,
};
use strowger_base::leg::Service;
use strowger_base::watch::MailboxChange;
use strowger_base::{Now, Signal};
use strowger_callcontrol::quality;
use strowger_media::control::PortOwner;
use strowger_media::{agent, control};

use crate::endpoints::Endpoint;
use crate::io::{Answer, Outbox, Output, PersistRecord, QueryId, StoreRecord, Ticket};
use crate::node::{Held, Node};
use crate::sccp;
use crate::sound::counted;

impl Node {
    pub(crate) fn tell_sip(&mut self, now: Now, input: strowger_sip::Input<'_>, out: &mut Outbox) {
        std::mem::swap(&mut out.arena, &mut self.sip_out.arena);
        self.sip.handle(now, input, &mut self.sip_out);
        std::mem::swap(&mut out.arena, &mut self.sip_out.arena);
    }

    pub(crate) fn tell_sccp(&mut self, now: Now, input: sccp::Input<'_>) {
        self.sccp.handle(now, input, &mut self.sccp_out);
    }

    pub(crate) fn tell_calls(&mut self, now: Now, input: strowger_callcontrol::Input<'_>, out: &mut Outbox) {
        std::mem::swap(&mut out.arena, &mut self.calls_out.arena);
        self.calls.handle(now, input, &mut self.calls_out);
        std::mem::swap(&mut out.arena, &mut self.calls_out.arena);
    }

    pub(crate) fn tell_agent(&mut self, now: Now, input: agent::Input) {
        self.agent.handle(now, input, &mut self.agent_out);
    }

    /// Passes outputs on until there are none.
    ///
    /// Each list is exchanged with an empty one that has room already, and comes back empty.
    pub(crate) fn settle(&mut self, now: Now, out: &mut Outbox) {
        let idle = |node: &Node| {
            node.sip_out.items.is_empty()
                && node.sccp_out.is_empty()
                && node.calls_out.items.is_empty()
                && node.agent_out.items.is_empty()
        };
        while !idle(self) || self.is_news_left() {
            if !self.sip_out.items.is_empty() {
                let mut said = std::mem::take(&mut self.room.sip);
                std::mem::swap(&mut said, &mut self.sip_out.items);
                for item in said.drain(..) {
                    self.sip_said(now, item, out);
                }
                self.room.sip = kept(said);
            }
            if !self.sccp_out.is_empty() {
                let mut said = std::mem::take(&mut self.room.sccp);
                std::mem::swap(&mut said, &mut self.sccp_out);
                for item in said.drain(..) {
                    self.sccp_said(now, item, out);
                }
                self.room.sccp = kept(said);
            }
            if !self.agent_out.items.is_empty() {
                let mut said = std::mem::take(&mut self.room.agent);
                std::mem::swap(&mut said, &mut self.agent_out.items);
                for item in said.drain(..) {
                    self.agent_said(now, item, out);
                }
                self.room.agent = kept(said);
            }
            if !self.calls_out.items.is_empty() {
                let mut said = std::mem::take(&mut self.room.calls);
                std::mem::swap(&mut said, &mut self.calls_out.items);
                for item in said.drain(..) {
                    self.calls_said(now, item, out);
                }
                self.room.calls = kept(said);
            }
            if !self.presence_out.is_empty() {
                let mut said = std::mem::take(&mut self.room.presence);
                std::mem::swap(&mut said, &mut self.presence_out);
                for item in said.drain(..) {
                    self.presence_said(now, item, out);
                }
                self.room.presence = kept(said);
            }
        }
        // The registrar is asked and answers here: a call that still waited for it would wait for ever.
        debug_assert_eq!(self.calls.locating(), 0, "calls wait for phones that nobody looks up");
    }

    /// Whether watchers are still to be told: what several legs said belongs together, and is told when all have.
    fn is_news_left(&mut self) -> bool {
        if self.presence_out.is_empty() {
            self.tell_presence(strowger_presence::Input::Settled);
        }
        !self.presence_out.is_empty()
    }

    fn sip_said(&mut self, now: Now, item: strowger_sip::Output, out: &mut Outbox) {
        use strowger_sip::Output as Sip;
        match item {
            Sip::Datagram { listener, destination, bytes } => {
                out.items.push(Output::Datagram { listener, destination, bytes });
            }
            Sip::StreamSend { stream, bytes } => out.items.push(Output::StreamSend { stream, bytes }),
            Sip::StreamConnect { stream, transport, peer } => {
                out.items.push(Output::StreamConnect { stream, transport, peer });
            }
            Sip::StreamClose { stream } => out.items.push(Output::StreamClose { stream }),
            Sip::Signal(leg, signal) => self.signalled(now, leg, signal, out),
            Sip::TransferMissed { leg, call, destination } => {
                let call = call.or_else(|| self.calls.call_of(leg));
                let why = WhyTransferRefused::NotReady;
                let refused =
                    Decision::TransferRefused { cause: why.cause(), destination: &destination, why };
                let entry = Entry::Decision(refused);
                self.journal(Record { at: now.wall, call, leg: Some(leg), entry }, out);
            }
            Sip::Message { leg: Some(leg), call, direction, flow, bytes } => {
                let direction = match direction {
                    strowger_sip::io::Direction::Received => Direction::Received,
                    strowger_sip::io::Direction::Sent => Direction::Sent,
                };
                self.counters.message(direction, out.arena.slice(bytes));
                self.message_of(now, call, Held { leg, direction, flow, bytes }, out);
            }
            // Messages outside of calls are counted by the SIP side; what they bring about is told by events.
            Sip::Message { leg: None, .. } => {}
            Sip::Event(event) => self.happened(now, &event, out),
            Sip::Watch { watch, watcher, number, package } => {
                self.watch(now, watch, &watcher, (&number, package), out);
            }
            Sip::Unwatch(watch) => self.tell_presence(strowger_presence::Input::Unwatch(watch)),
            Sip::Messages { trunk, number, mailbox, asked } => {
                let taken = self.messages_told(now, (&trunk, &number), mailbox);
                self.tell_sip(now, strowger_sip::Input::MessagesTaken(asked, taken), out);
            }
            Sip::HuntLog { binding } => self.hunt_key(now, binding, out),
            Sip::QualityReport { binding } => self.quality_key(now, binding, out),
            Sip::Statistics(leg, statistics) => self.sounded(now, leg, counted(&statistics), out),
            Sip::Bound(record) => out.items.push(Output::Store(StoreRecord::Bound(record))),
            Sip::Unbound(binding) => out.items.push(Output::Store(StoreRecord::Unbound(binding))),
        }
    }

    fn calls_said(&mut self, now: Now, item: strowger_callcontrol::Output, out: &mut Outbox) {
        use strowger_callcontrol::Output as Calls;
        match item {
            Calls::Command(leg, command) => self.command(now, leg, command, out),
            Calls::Joined { leg, call } => {
                self.used_number(leg.number.max(call.number));
                self.join_held(now, leg, call, out);
                if self.endpoint_of(leg) == Endpoint::Sip {
                    self.tell_sip(now, strowger_sip::Input::Joined { leg, call }, out);
                }
            }
            Calls::Locate { request, line } => self.locate(now, request, &line, out),
            Calls::Privacy { leg, turn } => {
                self.tell_presence(strowger_presence::Input::Privacy(leg, turn));
            }
            Calls::Parked { place, leg } => {
                self.tell_presence(strowger_presence::Input::Parked { place: &place, leg });
            }
            Calls::ParkNews { leg, number, event } => {
                // Whoever has not parked it knows nothing of the leg.
                self.tell_sccp(now, crate::sccp::Input::ParkNews { leg, number: &number, event });
                self.tell_sip(now, strowger_sip::Input::ParkNews { leg, number, event }, out);
            }
            Calls::PhoneChanged { line, phone, change, except } => {
                self.show_change(now, (&line, &phone), change, except, out);
            }
            Calls::PickupNotice { lines, text, shown_for } => {
                self.notice_pickup(now, &lines, (&text, shown_for), out);
            }
            Calls::Security { caller, called, media } => self.secured(now, (caller, called), media, out),
            Calls::Messages { line, turn } => {
                let change = MailboxChange::Turn(turn);
                self.tell_presence(strowger_presence::Input::Messages { line: &line, change });
            }
            Calls::Media(command) => self.media(now, command, out),
            Calls::Journal(span) => self.journal_span(span, out),
            Calls::Persist { ticket, call, record } => {
                self.counters.journal_records += 1;
                self.counters.journal_bytes += record.len() as u64;
                let record = PersistRecord::Call { call, record };
                out.items.push(Output::Persist { ticket: Ticket(ticket), record });
            }
            Calls::Ordered { number, result } => {
                out.items.push(Output::Answer { query: QueryId(number), answer: Answer::Ordered(result) });
            }
            Calls::SettingKept { asked, is_kept } => {
                let kept = is_kept.then_some(()).ok_or_else(|| {
                    "the disk does not take it now; it counts until a restart, and is tried again".into()
                });
                let answer = Answer::SetForUser(kept);
                out.items.push(Output::Answer { query: QueryId(asked), answer });
            }
            Calls::HuntLogged { binding, hunted, is_kept } => {
                self.tell_sip(now, strowger_sip::Input::TellHunted { binding, hunted, is_kept }, out);
            }
            Calls::Drained => {
                self.return_numbers(out);
                out.items.push(Output::Drained);
            }
        }
    }

    /// A command for whoever has the port: a media worker, or a device that registered as a media resource. It is call control that
    /// knows on which bridge a conference takes place.
    fn media(&mut self, now: Now, command: control::Command, out: &mut Outbox) {
        let bridge = match &command {
            control::Command::OpenEndpoint { port, service: Service::Conference(conference) } => {
                self.calls.bridge_device(*conference).map(|device| (*port, Arc::clone(device), *conference))
            }
            _ => None,
        };
        match command {
            command if self.sccp.has_port(command.port()) => {
                self.tell_sccp(now, sccp::Input::Media(command));
            }
            _ if bridge.is_some() => {
                if let Some((port, device, conference)) = bridge {
                    self.tell_sccp(now, sccp::Input::OpenSeat { port, device, conference });
                }
            }
            command @ control::Command::OpenAt { .. } => self.tell_sccp(now, sccp::Input::Media(command)),
            // What passes there does not pass here.
            control::Command::OpenFork { port, of } if self.sccp.has_port(of) => {
                let reason = "its media passes at a router, where nothing is copied".into();
                self.reported(now, control::Report::Failed { port, reason }, out);
            }
            command => out.items.push(Output::Media(command)),
        }
    }

    /// A port is told of, wherever it is.
    pub(crate) fn reported(&mut self, now: Now, report: control::Report, out: &mut Outbox) {
        match report.port().owner() {
            PortOwner::CallControl => {
                self.tell_calls(now, strowger_callcontrol::Input::Media(report), out);
            }
            PortOwner::Agent => self.tell_agent(now, agent::Input::Report(report)),
        }
    }

    fn agent_said(&mut self, now: Now, item: agent::Output, out: &mut Outbox) {
        match item {
            agent::Output::Signal(leg, signal) => {
                if matches!(signal, Signal::Released { .. }) {
                    self.service_legs.remove(&leg);
                }
                self.tell_calls(now, strowger_callcontrol::Input::Signal(leg, signal), out);
            }
            agent::Output::Media(command) => self.media(now, command, out),
            agent::Output::Heard(leg, _) => {
                let call = self.calls.call_of(leg);
                let entry = Entry::Told(Told::Digit);
                self.journal(Record { at: now.wall, call, leg: Some(leg), entry }, out);
            }
            agent::Output::PortLost(leg) => {
                self.counters.ports_lost += 1;
                let call = self.calls.call_of(leg);
                let entry = Entry::Decision(Decision::Resource(MediaNews::PortLost));
                self.journal(Record { at: now.wall, call, leg: Some(leg), entry }, out);
            }
            agent::Output::NoPort { leg, reason, is_news } => {
                self.counters.ports_refused += 1;
                let call = self.calls.call_of(leg);
                let entry = Entry::Decision(Decision::Resource(MediaNews::NoPort { reason: &reason }));
                self.journal(Record { at: now.wall, call, leg: Some(leg), entry }, out);
                if is_news {
                    let entry = Entry::Alarm(Alarm::NoServicePort { reason: &reason });
                    self.journal(Record { at: now.wall, call, leg: None, entry }, out);
                }
            }
            agent::Output::Quality(leg, statistics) => {
                let entry = Entry::Quality(quality(&statistics));
                self.journal(Record { at: now.wall, call: None, leg: Some(leg), entry }, out);
            }
        }
    }
}

/// Lists that are used again and again.
#[derive(Default)]
pub(crate) struct Room {
    sip: Vec<strowger_sip::Output>,
    sccp: sccp::Outbox,
    calls: Vec<strowger_callcontrol::Output>,
    agent: Vec<agent::Output>,
    presence: Vec<strowger_presence::Output>,
}

/// An emptied list, unless a burst has made it large.
fn kept<T>(emptied: Vec<T>) -> Vec<T> {
    if emptied.capacity() <= ROOM_MAX { emptied } else { Vec::new() }
}

/// Room beyond this that a burst needed is given back.
const ROOM_MAX: usize = 4096;
