//! The SIP side of one shard: inputs come in here and are handed to registrar, transactions and legs.

mod text;
mod way;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::hash::{give_back, siphash24};
use strowger_base::id::LegIds;
use strowger_base::leg::{BindingId, ReleaseReason, Ring, Signal, Target};
use strowger_base::net::{Flow, ListenerId, StreamId, Transport};
use strowger_base::watch::WatchId;
use strowger_base::{
    Cause, Command, HashMap, HashSeed, Instant, LegId, NodeId, Now, Rng, ShardId, TimerQueue, limits,
};

use crate::auth::Challenger;
use crate::framer;
use crate::io::{BindingRecord, Configuration, FingerprintKey, Input, Listener, Outbox, Output};
use crate::leg::Leg;
use crate::message::{Message, MethodKind};
use crate::registrar::{Change, Registrar};
use crate::remotecc::park::Monitor;
use crate::streams::Streams;
use crate::transaction::table::{Branch, ServerKey, Transactions};
use crate::watch::Subscriptions;
use crate::write;

/// The SIP side of one shard.
///
/// Two entry points: [`Sip::handle`] and [`Sip::next_timeout`].
pub struct Sip {
    pub(crate) shared: Shared,
    pub(crate) legs: HashMap<LegId, Box<Leg>>,
    pub(crate) registrar: Registrar,
    pub(crate) challenger: Challenger,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) leg_ids: LegIds,
    pub(crate) draining: bool,
    pub(crate) shedding: bool,
    changes: Vec<Change>,
}

/// What the parts of the SIP side share.
pub(crate) struct Shared {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) timers: TimerQueue<Timer>,
    pub(crate) transactions: Transactions,
    pub(crate) streams: Streams,
    pub(crate) rng: Rng,
    /// Legs by the tag that we gave them.
    pub(crate) tags: HashMap<u64, LegId>,
    /// Legs whose phones show a screen of ours, by its number.
    pub(crate) screens: BTreeMap<u32, LegId>,
    /// Calls that phones parked and want to be told of, by the leg that they had.
    pub(crate) monitors: BTreeMap<LegId, Monitor>,
    /// The number of the screen that was shown last.
    last_screen: u32,
    /// INVITEs in progress by what copies of them on other ways share (RFC 3261 §8.2.2.2).
    pub(crate) merges: HashMap<u64, ServerKey>,
    /// Ends every Call-ID that we make.
    pub(crate) call_id_suffix: Box<str>,
    /// Signs keys of transactions and tags of stateless answers.
    pub(crate) key: (u64, u64),
    pub(crate) counters: Counters,
    /// Where texts are put together that are kept: they are allocated when their length is known.
    draft: Cell<Vec<u8>>,
}

/// What a timer is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timer {
    /// A server transaction.
    Server(ServerKey),
    /// A client transaction.
    Client(Branch),
    /// A leg.
    Leg(LegId),
    /// A subscription.
    Subscription(WatchId),
    /// A message on a connection that is not whole.
    Stream(StreamId),
}

/// What has passed, for the counters of the node.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Counters {
    /// Messages received that could be read.
    pub received: u64,
    /// Messages sent.
    pub sent: u64,
    /// Requests received that a transaction absorbed.
    pub retransmissions: u64,
    /// Messages that were not SIP and could not be answered.
    pub malformed: u64,
    /// Requests refused before a transaction began, with 4xx or 5xx.
    pub rejected: u64,
    /// Messages that could not be sent because their connection had gone.
    pub unsent: u64,
    /// Connections closed because a message on them was never finished.
    pub unfinished: u64,
    /// Responses that belong to no transaction.
    pub stray: u64,
    /// Digest challenges sent.
    pub challenges: u64,
    /// Requests refused because of their credentials.
    pub unauthorized: u64,
    /// REGISTER requests granted.
    pub registrations: u64,
    /// SUBSCRIBE requests granted, those that went on included.
    pub subscribed: u64,
    /// NOTIFY requests of subscriptions.
    pub notified: u64,
    /// Subscriptions that ended because their watcher did not take a NOTIFY.
    pub watchers_lost: u64,
    /// New calls and subscriptions refused to shed load.
    pub shed: u64,
}

/// Where a new INVITE goes.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) uri: Box<str>,
    pub(crate) routes: Vec<Box<str>>,
    pub(crate) flow: Flow,
    /// It is a phone that reads Call-Info of remote control.
    pub(crate) reads_call_info: bool,
}

impl Sip {
    /// The SIP side of a shard. `last_number` is the highest leg number that the shard ever used.
    pub fn new(
        node: NodeId,
        shard: ShardId,
        last_number: u64,
        mut rng: Rng,
        configuration: Arc<Configuration>,
    ) -> Self {
        let seed = HashSeed::new(&mut rng);
        let key = (rng.next_u64(), rng.next_u64());
        let challenger = Challenger::new(&mut rng);
        let mut suffix = String::from("@");
        suffix.push_str(&configuration.domain);
        Sip {
            shared: Shared {
                configuration,
                timers: TimerQueue::new(),
                transactions: Transactions::new(seed),
                streams: Streams::new(seed),
                rng,
                tags: HashMap::with_hasher(seed),
                screens: BTreeMap::new(),
                monitors: BTreeMap::new(),
                last_screen: 0,
                merges: HashMap::with_hasher(seed),
                call_id_suffix: suffix.into_boxed_str(),
                key,
                counters: Counters::default(),
                draft: Cell::default(),
            },
            legs: HashMap::with_hasher(seed),
            registrar: Registrar::new(seed),
            challenger,
            subscriptions: Subscriptions::new(seed),
            leg_ids: LegIds::new(node, shard, 0, last_number),
            draining: false,
            shedding: false,
            changes: Vec::new(),
        }
    }

    /// Takes one input; everything that follows from it is in `out` when this returns.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox) {
        match input {
            Input::Datagram { listener, source, bytes } => {
                self.receive(now, Flow::Datagram { listener, peer: source }, bytes, out);
            }
            Input::StreamOpened { stream, transport, local, peer } => {
                self.shared.streams.opened(stream, transport, local, peer);
            }
            Input::StreamBytes { stream, bytes } => self.stream_bytes(now, stream, bytes, out),
            Input::StreamClosed { stream } => self.stream_closed(now, stream, out),
            Input::Command(leg, Command::Ring(ring)) => self.ring(now, leg, ring, out),
            Input::Command(leg, command) => {
                self.with_leg(leg, now, |leg, shared| leg.command(shared, now, command, out));
            }
            Input::Joined { leg, call } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.call = Some(call);
                }
            }
            Input::Watched(watch, answer) => self.watched(now, watch, answer, out),
            Input::News(watch, news) => self.news(now, watch, news, out),
            Input::MessagesTaken(asked, taken) => self.messages_taken(asked, taken, out),
            Input::TellMessages { binding, messages } => self.notify_unasked(now, binding, &messages, out),
            Input::ParkNews { leg, number, event } => self.park_news(now, leg, (&number, event), out),
            Input::Security { leg, security } => {
                self.with_leg(leg, now, |leg, shared| leg.secured(shared, now, security, out));
            }
            Input::TellPhone { binding, news } => self.tell_phone(now, binding, &news, out),
            Input::TellHunted { binding, hunted, is_kept } => {
                self.tell_hunted(now, binding, hunted, is_kept, out);
            }
            Input::Restore(record) => {
                let lines = &self.shared.configuration.lines;
                let socket = record.socket;
                let at = |socket| self.shared.configuration.listener_at(Transport::Udp, socket);
                self.registrar.restore(now, record, lines, socket.and_then(at));
            }
            Input::Configure(configuration) => self.configure(now, configuration, out),
            Input::Timeout => self.timeout(now, out),
            Input::Drain => self.draining = true,
            Input::Shed(shed) => self.shedding = shed,
        }
    }

    /// With what is stored what phones prove themselves with: the key of the run before.
    pub const fn fingerprint_with(&mut self, key: FingerprintKey) {
        self.registrar.fingerprint_with(key);
    }

    /// When [`Input::Timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        let own = self.shared.timers.next_deadline();
        let registrar = self.registrar.next_timeout();
        match (own, registrar) {
            (Some(own), Some(registrar)) => Some(own.min(registrar)),
            (own, registrar) => own.or(registrar),
        }
    }

    /// The phones of a line that can be rung now, the preferred first.
    pub fn contacts_of(&self, line: &str) -> impl Iterator<Item = BindingId> {
        self.registrar.contacts_of(line)
    }

    /// Whether the signalling of a leg keeps secrets; `None` when it is not here.
    pub fn is_secure(&self, leg: LegId) -> Option<bool> {
        self.legs.get(&leg).map(|leg| leg.is_secure())
    }

    /// All registered phones.
    pub const fn registrar(&self) -> &Registrar {
        &self.registrar
    }

    /// What has passed so far.
    pub const fn counters(&self) -> Counters {
        self.shared.counters
    }

    /// Legs, transactions, connections and timers that exist now.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            legs: self.legs.len(),
            transactions: self.shared.transactions.len(),
            streams: self.shared.streams.len(),
            timers: self.shared.timers.len(),
            tags: self.shared.tags.len(),
            screens: self.shared.screens.len() + self.shared.monitors.len(),
            registrations: self.registrar.len(),
            subscriptions: self.subscriptions.len(),
        }
    }

    /// Does something with a leg and drops it when it is gone.
    pub(crate) fn with_leg<R>(
        &mut self,
        id: LegId,
        now: Now,
        act: impl FnOnce(&mut Leg, &mut Shared) -> R,
    ) -> Option<R> {
        let leg = self.legs.get_mut(&id)?;
        let result = act(leg, &mut self.shared);
        if leg.is_gone(now) {
            leg.dismantle(&mut self.shared);
            self.legs.remove(&id);
            give_back(&mut self.legs);
        }
        Some(result)
    }

    fn ring(&mut self, now: Now, id: LegId, ring: Box<Ring>, out: &mut Outbox) {
        let destination = match &ring.target {
            Target::Phone { binding, .. } => self.registrar.binding(*binding).map(|binding| {
                let routes: Vec<Box<str>> = binding.path().map(Box::from).collect();
                let next = routes.first().map_or(binding.contact(), |route| route);
                let flow = self.shared.way_to(next, binding.flow(), false);
                let reads_call_info = binding.takes_control();
                Destination { uri: Box::from(binding.request_uri()), routes, flow, reads_call_info }
            }),
            Target::Trunk(name) => self.shared.trunk_destination(name, &ring.called, out),
            Target::Service(_) => None,
        };
        let Some(destination) = destination else {
            let reason = ReleaseReason::TransportFailed;
            let cause = Cause::DESTINATION_OUT_OF_ORDER;
            out.items.push(Output::Signal(id, Signal::Released { cause, reason }));
            return;
        };
        let leg = Leg::outgoing(&mut self.shared, now, id, ring, destination, out);
        self.legs.insert(id, Box::new(leg));
    }

    fn configure(&mut self, now: Now, configuration: Arc<Configuration>, out: &mut Outbox) {
        let before = std::mem::replace(&mut self.shared.configuration, configuration);
        let lines = &self.shared.configuration.lines;
        self.registrar.reconfigure(now, (&before.lines, lines), &mut self.changes);
        let configuration = &self.shared.configuration;
        let closed = before.listeners.iter().enumerate().filter(|(place, was)| {
            was.is_open && !configuration.listeners.get(*place).is_some_and(|it| it.is_same(was))
        });
        let next = |was: &Listener| configuration.listener_at(was.transport, was.bound);
        let closed: BTreeMap<ListenerId, Option<ListenerId>> =
            closed.map(|(place, was)| (ListenerId(place as u16), next(was))).collect();
        if !closed.is_empty() {
            self.registrar.listeners_closed(now, &closed, &configuration.lines, &mut self.changes);
        }
        self.tell_changes(out);
    }

    fn timeout(&mut self, now: Now, out: &mut Outbox) {
        while let Some((_, timer)) = self.shared.timers.pop_due(now.mono) {
            match timer {
                Timer::Server(key) => self.server_timer(now, key, out),
                Timer::Client(branch) => self.client_timer(now, branch, out),
                Timer::Stream(stream) => self.message_overdue(now, stream, out),
                Timer::Subscription(watch) => self.subscription_timeout(now, watch, out),
                Timer::Leg(leg) => {
                    self.with_leg(leg, now, |leg, shared| leg.timeout(shared, now, out));
                }
            }
        }
        self.registrar.handle_timeout(now, &mut self.changes);
        self.tell_changes(out);
    }

    fn server_timer(&mut self, now: Now, key: ServerKey, out: &mut Outbox) {
        let mut again = None;
        let arena = &mut out.arena;
        // A failure whose ACK never came needs nothing more: the leg is released already (RFC 3261 §17.2.1).
        let _leg =
            self.shared.transactions.server_timer(key, now.mono, &mut self.shared.timers, |flow, bytes| {
                again = Some((flow, arena.append(bytes)))
            });
        if let Some((flow, bytes)) = again {
            self.shared.send(flow, bytes, out);
        }
    }

    fn client_timer(&mut self, now: Now, branch: Branch, out: &mut Outbox) {
        let mut again = None;
        let arena = &mut out.arena;
        let given_up = self.shared.transactions.client_timer(
            branch,
            now.mono,
            &mut self.shared.timers,
            |flow, bytes| again = Some((flow, arena.append(bytes))),
        );
        if let Some((flow, bytes)) = again {
            self.shared.send(flow, bytes, out);
        }
        if let Some((leg, method)) = given_up {
            self.unanswered(now, leg, method, branch, ReleaseReason::NoResponse, out);
        }
    }

    /// A request of ours has no answer: its leg or subscription is told.
    fn unanswered(
        &mut self,
        now: Now,
        owner: LegId,
        method: MethodKind,
        branch: Branch,
        reason: ReleaseReason,
        out: &mut Outbox,
    ) {
        let is_leg = self
            .with_leg(owner, now, |leg, shared| leg.unanswered(shared, now, method, branch, reason, out))
            .is_some();
        if !is_leg {
            self.notify_unanswered(now, owner, branch, out);
        }
    }

    fn stream_bytes(&mut self, now: Now, id: StreamId, bytes: &[u8], out: &mut Outbox) {
        let Some(stream) = self.shared.streams.get_mut(id) else { return };
        let flow = Flow::Stream { stream: id, peer: stream.peer, transport: stream.transport };
        // The framer is taken out so that the messages in it can be handled while they are borrowed from it.
        let mut framer = std::mem::take(&mut stream.framer);
        framer.feed(bytes);
        let (mut close, mut moved_on) = (false, false);
        while let Some(item) = framer.next() {
            moved_on = true;
            match item {
                framer::Item::Message(message) => self.receive(now, flow, message, out),
                framer::Item::Ping => {
                    let pong = out.arena.append(b"\r\n");
                    self.shared.send(flow, pong, out);
                }
                framer::Item::Broken { status, head } => {
                    self.shared.counters.malformed += 1;
                    self.refuse_broken(flow, status, head, out);
                    close = true;
                    break;
                }
            }
        }
        if close {
            out.items.push(Output::StreamClose { stream: id });
            self.stream_closed(now, id, out);
        } else if let Some(stream) = self.shared.streams.get_mut(id) {
            framer.compact();
            let begun = framer.is_within_message();
            stream.framer = framer;
            let timers = &mut self.shared.timers;
            // The time runs from the first byte of a message and is not prolonged by further ones: a peer that sends a
            // byte now and then holds a buffer as well as one that sends none.
            if let Some(handle) = stream.overdue.take_if(|_| moved_on || !begun) {
                timers.cancel(handle);
            }
            if begun && stream.overdue.is_none() {
                let at = now.mono + limits::SIP_MESSAGE_TIME;
                stream.overdue = Some(timers.set(at, Timer::Stream(id)));
            }
        }
    }

    /// The rest of a message never came. What came whole before it stays.
    fn message_overdue(&mut self, now: Now, id: StreamId, out: &mut Outbox) {
        let Some(stream) = self.shared.streams.get_mut(id) else { return };
        stream.overdue = None;
        self.shared.counters.unfinished += 1;
        out.items.push(Output::StreamClose { stream: id });
        self.stream_closed(now, id, out);
    }

    fn stream_closed(&mut self, now: Now, id: StreamId, out: &mut Outbox) {
        let Some(stream) = self.shared.streams.closed(id) else { return };
        if let Some(handle) = stream.overdue {
            self.shared.timers.cancel(handle);
        }
        let told = self.shared.transactions.stream_closed(id, &mut self.shared.timers);
        for (branch, leg, method) in told {
            self.unanswered(now, leg, method, branch, ReleaseReason::TransportFailed, out);
        }
        self.registrar.flow_closed(now, id, &mut self.changes);
        self.tell_changes(out);
    }

    /// Passes on what the registrar changed.
    pub(crate) fn tell_changes(&mut self, out: &mut Outbox) {
        let listeners = &self.shared.configuration.listeners;
        let socket = |flow| match flow {
            Flow::Datagram { listener, .. } => listeners.get(usize::from(listener.0)).map(|it| it.bound),
            Flow::Stream { .. } => None,
        };
        out.items.extend(self.changes.drain(..).map(|change| match change {
            Change::Bound(record) => Output::Bound(BindingRecord { socket: socket(record.flow), ..record }),
            Change::Unbound(binding) => Output::Unbound(binding),
            Change::Event(event) => Output::Event(event),
        }));
    }

    /// The registrar and the list of its changes, for a REGISTER.
    pub(crate) const fn registration_parts(&mut self) -> (&mut Registrar, &mut Vec<Change>, &Shared) {
        (&mut self.registrar, &mut self.changes, &self.shared)
    }
}

/// How much of each thing exists.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sizes {
    /// Legs, those that are ending included.
    pub legs: usize,
    /// Transactions.
    pub transactions: usize,
    /// Stream connections.
    pub streams: usize,
    /// Timers of transactions and legs.
    pub timers: usize,
    /// Dialog tags in use.
    pub tags: usize,
    /// Screens that phones were shown to choose from, and parked calls that they are told of.
    pub screens: usize,
    /// Registered contacts.
    pub registrations: usize,
    /// Subscriptions.
    pub subscriptions: usize,
}

impl Shared {
    pub(crate) fn new_branch(&mut self) -> Branch {
        Branch(self.rng.next_u64())
    }

    pub(crate) fn new_tag(&mut self, leg: LegId) -> u64 {
        let tag = self.rng.next_u64();
        self.tags.insert(tag, leg);
        tag
    }

    /// The number of a new screen of a leg's phone.
    pub(crate) fn new_screen(&mut self, leg: LegId) -> u32 {
        // Zero is no screen; what is still shown after four billion others keeps its number.
        loop {
            self.last_screen = self.last_screen.wrapping_add(1).max(1);
            if let std::collections::btree_map::Entry::Vacant(free) = self.screens.entry(self.last_screen) {
                free.insert(leg);
                return self.last_screen;
            }
        }
    }

    pub(crate) fn new_call_id(&mut self) -> Box<str> {
        let number = self.rng.next_u64();
        self.drafted_text(|text| {
            write::hex64(text, number);
            text.extend_from_slice(self.call_id_suffix.as_bytes());
        })
    }

    /// The tag of an answer that leaves no state behind: the same for every copy of the request.
    pub(crate) fn stateless_tag(&self, request: &Message<'_>) -> u64 {
        siphash24(self.key, request.call_id_value().as_bytes())
    }
}

/// Tells a refused peer when to try again (RFC 3261 §20.33).
pub(crate) fn write_retry_after(out: &mut Vec<u8>) {
    out.extend_from_slice(b"Retry-After: ");
    write::decimal(out, limits::RETRY_AFTER.as_secs());
    out.extend_from_slice(b"\r\n");
}

/// Which method a request in a transaction has, as RFC 3261 §17.2.3 matches it: an ACK belongs to its INVITE.
pub(crate) const fn matched_method(method: MethodKind) -> MethodKind {
    match method {
        MethodKind::Ack => MethodKind::Invite,
        other => other,
    }
}
