//! One server.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::id::LegIds;
use strowger_base::journal::{self, Alarm, Entry, Record};
use strowger_base::net::{Flow, Protocol};
use strowger_base::{CallId, Instant, LegId, Now, Rng, Span, Table};
use strowger_callcontrol::io::Contact;
use strowger_callcontrol::{CallControl, RelayMode};
use strowger_media::Agent;
use strowger_media::srtp::KeySource;
use strowger_presence::Presence;
use strowger_sip::Sip;
use strowger_sip::io::LineAccount;

use crate::configuration::{Configuration, MessageDetail, StationConfiguration};
use crate::counters::Counters;
use crate::io::{Answer, Input, Outbox, Output, Parameters, Question, StoreRecord};
use crate::sccp::Sccp;
use crate::wiring::Room;
use crate::{keyless, sccp, summary};

/// One server, or one decision thread of it.
///
/// Two entry points: [`Node::handle`] and [`Node::next_timeout`].
pub struct Node {
    pub(crate) sip: Sip,
    pub(crate) sccp: Sccp,
    pub(crate) calls: CallControl,
    pub(crate) agent: Agent,
    pub(crate) presence: Presence,
    pub(crate) sip_out: strowger_sip::Outbox,
    pub(crate) sccp_out: sccp::Outbox,
    pub(crate) calls_out: strowger_callcontrol::Outbox,
    pub(crate) agent_out: strowger_media::agent::Outbox,
    pub(crate) presence_out: Vec<strowger_presence::Output>,
    /// Where outputs are passed on from.
    pub(crate) room: Room,
    /// Legs that the agent serves; all others are those of a protocol.
    pub(crate) service_legs: BTreeMap<LegId, CallId>,
    /// Messages of legs whose call is not known yet, until it is or the input is done with.
    pub(crate) held: Vec<Held>,
    /// Room for the phones of a line, used again and again.
    pub(crate) contacts: Vec<Contact>,
    pub(crate) relay: RelayMode,
    /// The lines by their names, for who lists their phones.
    pub(crate) lines: Table<LineAccount>,
    /// What the SCCP side was told.
    stations: Arc<StationConfiguration>,
    messages: MessageDetail,
    /// Room for a message that is cut short, used again and again.
    short: Vec<u8>,
    pub(crate) counters: Counters,
    pub(crate) service: Service,
    pub(crate) started: Option<Instant>,
    numbers: Numbers,
}

/// A message that waits for its call.
pub(crate) struct Held {
    pub(crate) leg: LegId,
    pub(crate) direction: journal::Direction,
    pub(crate) flow: Flow,
    pub(crate) bytes: Span,
}

/// What the shell told about taking calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Service {
    pub(crate) overloaded: Overloaded,
    pub(crate) draining: Draining,
}

/// Whether the shell cannot keep up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Overloaded {
    No,
    Yes,
}

/// Whether the node goes out of service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Draining {
    No,
    Yes,
}

/// Which numbers were given to legs and calls, and up to which the store knows.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    used: u64,
    reserved: u64,
    /// How many more than are used the store is told: none once the last call has ended, so that the next run goes
    /// on where this one stopped.
    ahead: u64,
}

impl Node {
    /// A node that has seen nothing yet.
    pub fn new(parameters: Parameters) -> Self {
        let Parameters { node, shard, seed, key_seed, last_number, fingerprints, configuration } = parameters;
        let mut rng = Rng::from_key(seed);
        let sip_rng = Rng::from_key(std::array::from_fn(|_| rng.next_u64()));
        let mut sip = Sip::new(node, shard, last_number, sip_rng, Arc::clone(&configuration.sip));
        sip.fingerprint_with(fingerprints);
        let sccp_legs = LegIds::new(node, shard, SCCP_LANE, last_number);
        let sccp = Sccp::new(sccp_legs, Arc::clone(&configuration.sccp));
        let relay = configuration.calls.relay;
        let mut key_source = KeySource::new(key_seed);
        let mut calls =
            CallControl::new(node, shard, last_number, &mut rng, Arc::clone(&configuration.calls));
        let presence = Presence::new(&mut rng);
        calls.make_keys_with(key_source.fork());
        Node {
            sip,
            sccp,
            calls,
            agent: Agent::new(shard, key_source),
            presence,
            sip_out: strowger_sip::Outbox::default(),
            sccp_out: sccp::Outbox::default(),
            calls_out: strowger_callcontrol::Outbox::default(),
            agent_out: strowger_media::agent::Outbox::default(),
            presence_out: Vec::new(),
            room: Room::default(),
            service_legs: BTreeMap::new(),
            held: Vec::new(),
            contacts: Vec::new(),
            relay,
            lines: configuration.sip.lines.clone(),
            stations: Arc::clone(&configuration.sccp),
            messages: configuration.messages,
            short: Vec::new(),
            counters: Counters::default(),
            service: Service { overloaded: Overloaded::No, draining: Draining::No },
            started: None,
            numbers: Numbers { used: last_number, reserved: last_number, ahead: NUMBERS_AHEAD },
        }
    }

    /// Takes one input; everything that follows from it is in `out` when this returns.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox) {
        self.started.get_or_insert(now.mono);
        match input {
            Input::Datagram { listener, source, bytes } => {
                self.tell_sip(now, strowger_sip::Input::Datagram { listener, source, bytes }, out);
            }
            Input::StreamOpened { stream, protocol: Protocol::Sip, transport, local, peer } => {
                let input = strowger_sip::Input::StreamOpened { stream, transport, local, peer };
                self.tell_sip(now, input, out);
            }
            Input::StreamOpened { stream, protocol: Protocol::Sccp, peer, .. } => {
                self.tell_sccp(now, sccp::Input::StreamOpened { stream, peer });
            }
            Input::StreamBytes { stream, bytes } if self.sccp.has_stream(stream) => {
                self.tell_sccp(now, sccp::Input::StreamBytes { stream, bytes });
            }
            Input::StreamBytes { stream, bytes } => {
                self.tell_sip(now, strowger_sip::Input::StreamBytes { stream, bytes }, out);
            }
            Input::StreamClosed { stream } if self.sccp.has_stream(stream) => {
                self.tell_sccp(now, sccp::Input::StreamClosed { stream });
            }
            Input::StreamClosed { stream } => {
                self.tell_sip(now, strowger_sip::Input::StreamClosed { stream }, out);
            }
            Input::Media(report) => {
                if let strowger_media::control::Report::Closed { statistics, .. } = &report {
                    self.counters.media.port(statistics);
                }
                self.reported(now, report, out);
            }
            Input::Persisted { ticket } => {
                self.tell_calls(now, strowger_callcontrol::Input::Persisted { ticket: ticket.0 }, out);
            }
            Input::PersistFailed { ticket, reason } => {
                let input = strowger_callcontrol::Input::PersistFailed { ticket: ticket.0, reason: &reason };
                self.tell_calls(now, input, out);
            }
            Input::Restore(record) => self.tell_sip(now, strowger_sip::Input::Restore(record), out),
            Input::RestoreMailbox(line, mailbox) => self.restore_mailbox(&line, mailbox),
            Input::RestoreSetting(record) => {
                if let Ok(Record { at, entry: Entry::UserSet(set), .. }) = Record::decode(record) {
                    self.tell_calls(now, strowger_callcontrol::Input::Restore { set, at }, out);
                }
            }
            Input::Configure(configuration) => self.configure(now, &configuration, out),
            Input::Ask { query, question: Question::Messages { line, change } } => {
                let answer = Answer::Messages(self.messages_of(&line, change));
                out.items.push(Output::Answer { query, answer });
            }
            Input::Ask { query, question: Question::SetForUser(setting) } => {
                self.set_for_user(now, query, &setting, out);
            }
            Input::Ask { query, question: Question::BeginAnew { device, how, by } } => {
                let answer = self.sccp.begin_anew(now, (&device, how, &by), &mut self.sccp_out);
                out.items.push(Output::Answer { query, answer: Answer::BegunAnew(answer) });
            }
            Input::Ask { query, question: Question::Push(push) } => {
                self.tell_sccp(now, sccp::Input::Push(query, &push));
            }
            Input::Ask { query, question } => {
                let answer = self.answer(now, &question);
                out.items.push(Output::Answer { query, answer });
            }
            Input::Order { query, order } => {
                self.tell_calls(now, strowger_callcontrol::Input::Order { number: query.0, order }, out);
            }
            Input::Unwelcome { name } => self.tell_sccp(now, sccp::Input::Unwelcome(name)),
            Input::Overloaded(overloaded) => self.overloaded(now, overloaded, out),
            Input::Drain { within } => {
                self.service.draining = Draining::Yes;
                self.tell_sip(now, strowger_sip::Input::Drain, out);
                self.tell_calls(now, strowger_callcontrol::Input::Drain { within }, out);
            }
            Input::Timeout => {
                self.tell_sip(now, strowger_sip::Input::Timeout, out);
                self.tell_sccp(now, sccp::Input::Timeout);
                self.tell_calls(now, strowger_callcontrol::Input::Timeout, out);
            }
        }
        self.settle(now, out);
        self.release_held(now, out);
        self.reserve_numbers(out);
    }

    /// When [`Input::Timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        let protocols = self.sip.next_timeout().into_iter().chain(self.sccp.next_timeout());
        protocols.chain(self.calls.next_timeout()).min()
    }

    fn configure(&mut self, now: Now, configuration: &Configuration, out: &mut Outbox) {
        self.relay = configuration.calls.relay;
        self.messages = configuration.messages;
        self.lines = configuration.sip.lines.clone();
        let sip = strowger_sip::Input::Configure(Arc::clone(&configuration.sip));
        self.tell_sip(now, sip, out);
        let calls = strowger_callcontrol::Input::Configure(Arc::clone(&configuration.calls));
        self.tell_calls(now, calls, out);
        if !Arc::ptr_eq(&self.stations, &configuration.sccp) {
            self.stations = Arc::clone(&configuration.sccp);
            self.tell_sccp(now, sccp::Input::Configure(Arc::clone(&configuration.sccp)));
        }
        for line in self.sccp.shared_lines() {
            self.share(now, &line);
        }
    }

    fn overloaded(&mut self, now: Now, overloaded: bool, out: &mut Outbox) {
        let wanted = if overloaded { Overloaded::Yes } else { Overloaded::No };
        if self.service.overloaded == wanted {
            return;
        }
        self.service.overloaded = wanted;
        let alarm = if overloaded {
            Alarm::Overloaded { what: "the time of the decision thread" }
        } else {
            Alarm::OverloadEnded
        };
        self.journal(Record { at: now.wall, call: None, leg: None, entry: Entry::Alarm(alarm) }, out);
        self.tell_sip(now, strowger_sip::Input::Shed(overloaded), out);
    }

    pub(crate) fn journal(&mut self, record: Record<'_>, out: &mut Outbox) {
        let span = out.arena.append_with(|bytes| record.encode(bytes));
        self.journal_span(span, out);
    }

    pub(crate) fn journal_span(&mut self, span: Span, out: &mut Outbox) {
        self.counters.journal_records += 1;
        self.counters.journal_bytes += span.len() as u64;
        out.items.push(Output::Journal(span));
    }

    /// Writes a message of a leg into the journal.
    pub(crate) fn journal_message(&mut self, now: Now, call: Option<CallId>, held: &Held, out: &mut Outbox) {
        let Held { leg, direction, flow, bytes } = *held;
        let bytes = match self.messages {
            MessageDetail::Full => {
                self.short.clear();
                keyless::write(out.arena.slice(bytes), &mut self.short);
                if self.short.is_empty() { bytes } else { out.arena.append(&self.short) }
            }
            MessageDetail::Summary => {
                self.short.clear();
                summary::write(out.arena.slice(bytes), &mut self.short);
                out.arena.append(&self.short)
            }
        };
        let ids = (call, Some(leg));
        let span = journal::encode_message(&mut out.arena, now.wall, ids, direction, flow, bytes);
        self.journal_span(span, out);
    }

    /// Writes the messages of a leg that waited for its call.
    pub(crate) fn join_held(&mut self, now: Now, leg: LegId, call: CallId, out: &mut Outbox) {
        let mut held = std::mem::take(&mut self.held);
        held.retain(|message| {
            if message.leg != leg {
                return true;
            }
            self.journal_message(now, Some(call), message, out);
            false
        });
        self.held = held;
    }

    /// Messages that belong to no call: of calls that were turned away, and late ones of legs that have ended.
    fn release_held(&mut self, now: Now, out: &mut Outbox) {
        if self.held.is_empty() {
            return;
        }
        let mut held = std::mem::take(&mut self.held);
        for message in held.drain(..) {
            self.journal_message(now, None, &message, out);
        }
        self.held = held;
    }

    /// Remembers that a number was given away.
    pub(crate) fn used_number(&mut self, number: u64) {
        self.numbers.used = self.numbers.used.max(number);
    }

    /// Lets the store know, long before they are used, which numbers may be used until the next start.
    fn reserve_numbers(&mut self, out: &mut Outbox) {
        let Numbers { used, reserved, ahead } = self.numbers;
        if used + ahead / 2 > reserved {
            self.numbers.reserved = used + ahead;
            out.items.push(Output::Store(StoreRecord::NumbersReserved(self.numbers.reserved)));
        }
    }

    /// The last call has ended: what was reserved and not used may be used by the next run.
    pub(crate) fn return_numbers(&mut self, out: &mut Outbox) {
        self.numbers.ahead = 0;
        self.numbers.reserved = self.numbers.used;
        out.items.push(Output::Store(StoreRecord::NumbersReserved(self.numbers.reserved)));
    }
}

/// Legs of stations have numbers of their own; see [`LegIds`].
const SCCP_LANE: u64 = 1;

/// How many numbers are reserved at once; a leg takes four (see [`strowger_base::id::LegIds`]). After a crash the next
/// run begins behind them, and behind all that the journal knows: they need to last only until the disk has what was
/// written meanwhile.
const NUMBERS_AHEAD: u64 = 2_000;
