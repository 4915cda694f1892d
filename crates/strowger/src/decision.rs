//! The decision thread: packets in batches into the node, what it wants out in batches. No queue between a packet
//! and its decision, no lock, nothing allocated per packet.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::BorrowedFd;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant as Clock, SystemTime, UNIX_EPOCH};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use strowger_base::leg::BindingId;
use strowger_base::net::{Flow, ListenerId, Protocol, StreamId};
use strowger_base::{Instant, Now, Span, WallTime};
use strowger_node::io::{Answer, PersistRecord, QueryId, StoreRecord, Stranger};
use strowger_node::{Input, Node, Outbox, Output};
use strowger_sip::io::BindingRecord;

use crate::log;
use crate::mailbox::{Letter, Mailbox, Reconfiguration};
use crate::media::MediaSender;
use crate::sockets::SipSocket;
use crate::store::StoreSender;
use crate::streams::{StreamOrder, StreamSender};
use crate::udp::{BATCH, Buffers, Port, Read};

/// Everything that the decision thread owns.
pub(crate) struct Decision {
    pub(crate) node: Node,
    /// UDP sockets with their number among the listeners; at most [`SOCKETS_MAX`].
    pub(crate) sockets: Vec<(ListenerId, UdpSocket)>,
    pub(crate) mailbox: Mailbox,
    pub(crate) media: MediaSender,
    pub(crate) store: StoreSender,
    pub(crate) streams: StreamSender,
    /// To whoever decides about phones that nobody has configured.
    pub(crate) strangers: SyncSender<Stranger>,
    pub(crate) started: Clock,
}

impl Decision {
    /// Runs until it is told to stop or the last call of a drain has ended.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut ports = Vec::new();
        for (listener, socket) in self.sockets {
            ports.push((listener, Port::new(socket)?));
        }
        anyhow::ensure!(ports.len() <= SOCKETS_MAX, "more than {SOCKETS_MAX} UDP listeners");
        let hands = Hands {
            media: self.media,
            store: self.store,
            streams: self.streams,
            strangers: self.strangers,
            datagrams: Vec::new(),
            answers: Vec::new(),
            phones_on_streams: HashMap::new(),
            drained_at: None,
        };
        let clock = Time { started: self.started };
        let turns = Turns {
            node: self.node,
            out: Outbox::default(),
            ports,
            buffers: Buffers::new(),
            mailbox: self.mailbox,
            hands,
            clock,
            next_query: 0,
            load: Load::default(),
            stop: false,
        };
        turns.run()
    }
}

/// UDP listeners of one decision thread, at most.
pub(crate) const SOCKETS_MAX: usize = 8;

/// The loop and what it turns on.
struct Turns {
    node: Node,
    out: Outbox,
    ports: Vec<(ListenerId, Port)>,
    buffers: Buffers,
    mailbox: Mailbox,
    hands: Hands,
    clock: Time,
    next_query: u64,
    load: Load,
    stop: bool,
}

impl Turns {
    fn run(mut self) -> anyhow::Result<()> {
        while !self.stop && !self.has_finished() {
            let ready = self.wait()?;
            let mut drained = true;
            for place in 0..self.ports.len() {
                if ready.is(place) {
                    drained &= self.read_port(place)?;
                }
            }
            if ready.is(self.ports.len()) {
                self.read_letters();
            }
            let at = Clock::now();
            if self.node.next_timeout().is_some_and(|due| due <= self.clock.mono(at)) {
                self.node.handle(self.clock.now(), Input::Timeout, &mut self.out);
            }
            self.carry_out();
            self.hear_of_losses();
            self.hands.store.give(at);
            if let Some(overloaded) = self.load.judge(at, drained, self.hands.store.is_behind()) {
                self.node.handle(self.clock.now(), Input::Overloaded(overloaded), &mut self.out);
                self.carry_out();
                self.hear_of_losses();
            }
        }
        self.hands.store.finish();
        let lost = self.node.leftovers().records_waiting;
        if lost > 0 {
            log::error("the server ends though the disk has not taken all call records")
                .count("records", lost as u64)
                .effect("its next start writes what the journal knows of these calls")
                .write();
        }
        Ok(())
    }

    /// The last call has ended, and its phones have confirmed it or had their time to.
    fn has_finished(&self) -> bool {
        self.hands.drained_at.is_some_and(|at| at.elapsed() >= LINGER || self.node.leftovers().sip_legs == 0)
    }

    /// Waits for packets, letters or the next deadline.
    fn wait(&self) -> nix::Result<Ready> {
        // The usual case is one port: preparing for more costs time at every packet.
        if self.ports.len() == 1 { self.wait_for::<2>() } else { self.wait_for::<{ SOCKETS_MAX + 1 }>() }
    }

    fn wait_for<const N: usize>(&self) -> nix::Result<Ready> {
        let bell = self.mailbox.descriptor();
        let count = self.ports.len() + 1;
        let mut descriptors: [PollFd<'_>; N] = std::array::from_fn(|place| {
            let descriptor: BorrowedFd<'_> =
                self.ports.get(place).map_or(bell, |(_, port)| port.descriptor());
            PollFd::new(descriptor, PollFlags::POLLIN)
        });
        let descriptors = &mut descriptors[..count];
        match ppoll(descriptors, self.patience(), None) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
        let mut ready = Ready(0);
        for (place, descriptor) in descriptors.iter().enumerate() {
            if descriptor.revents().is_some_and(|events| !events.is_empty()) {
                ready.0 |= 1 << place;
            }
        }
        Ok(ready)
    }

    /// How long may be waited; `None` for ever.
    fn patience(&self) -> Option<TimeSpec> {
        let now = Clock::now();
        let of_node = self.node.next_timeout().map(|at| at - self.clock.mono(now));
        let of_store = self.hands.store.next_timeout().map(|at| at.saturating_duration_since(now));
        let of_load = self.load.shedding_since.map(|_| SHED_FOR);
        let of_end = self.hands.drained_at.map(|at| (at + LINGER).saturating_duration_since(now));
        let least = of_node.into_iter().chain(of_store).chain(of_load).chain(of_end).min()?;
        Some(TimeSpec::from_duration(least))
    }

    /// Reads a bounded number of batches, so that letters and timers have their turn under load. True when nothing
    /// is left.
    fn read_port(&mut self, place: usize) -> anyhow::Result<bool> {
        for _ in 0..BATCHES_A_TURN {
            let Some((listener, port)) = self.ports.get_mut(place) else { return Ok(true) };
            let (node, out, listener) = (&mut self.node, &mut self.out, *listener);
            let now = self.clock.now();
            let read = port.receive(&mut self.buffers, |source, bytes| {
                node.handle(now, Input::Datagram { listener, source, bytes }, out);
            })?;
            self.carry_out();
            if read == Read::Drained {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read_letters(&mut self) {
        self.mailbox.quiet();
        for _ in 0..LETTERS_A_TURN {
            let Some(letter) = self.mailbox.take() else { return };
            let now = self.clock.now();
            self.read_letter(now, letter);
            if self.out.items.len() >= ITEMS_AT_ONCE {
                self.carry_out();
            }
        }
        // More letters wait: come back at once.
        self.mailbox.ring_again();
    }

    /// Tells the node what media threads cannot tell themselves.
    fn hear_of_losses(&mut self) {
        for _ in 0..LETTERS_A_TURN {
            let Some(report) = self.hands.media.loss() else { return };
            self.node.handle(self.clock.now(), Input::Media(report), &mut self.out);
            self.carry_out();
        }
        self.mailbox.ring_again();
    }

    fn read_letter(&mut self, now: Now, letter: Letter) {
        let input = match letter {
            Letter::StreamOpened { stream, protocol, transport, local, peer } => {
                Input::StreamOpened { stream, protocol, transport, local, peer }
            }
            Letter::StreamBytes { stream, bytes } => {
                return self.node.handle(now, Input::StreamBytes { stream, bytes: &bytes }, &mut self.out);
            }
            Letter::StreamClosed { stream } => Input::StreamClosed { stream },
            Letter::Media(report) => {
                self.hands.media.heard(&report);
                Input::Media(report)
            }
            Letter::Persisted(ticket) => Input::Persisted { ticket },
            Letter::PersistFailed(ticket, reason) => Input::PersistFailed { ticket, reason },
            Letter::Configure(reconfiguration) => return self.reconfigure(now, *reconfiguration),
            Letter::Ask(question, answer) => {
                self.next_query += 1;
                let query = QueryId(self.next_query);
                self.hands.answers.push((query, answer));
                Input::Ask { query, question }
            }
            Letter::Order(order, answer) => {
                self.next_query += 1;
                let query = QueryId(self.next_query);
                self.hands.answers.push((query, answer));
                Input::Order { query, order }
            }
            Letter::Unwelcome(name) => Input::Unwelcome { name },
            Letter::Drain(within) => Input::Drain { within },
            Letter::Stop => {
                self.stop = true;
                return;
            }
        };
        self.node.handle(now, input, &mut self.out);
    }

    /// Puts another configuration in force. What is to be said because of it is said over the sockets that were there.
    fn reconfigure(&mut self, now: Now, reconfiguration: Reconfiguration) {
        let Reconfiguration { configuration, open, close, done } = reconfiguration;
        for (listener, socket) in open {
            match socket {
                SipSocket::Udp(socket) => match Port::new(socket) {
                    Ok(port) => self.ports.push((listener, port)),
                    Err(error) => log::error("a SIP socket cannot be read").with("reason", error).write(),
                },
                SipSocket::Tcp(socket) => {
                    self.hands.streams.order(StreamOrder::Listen(listener, socket, Protocol::Sip));
                }
                SipSocket::Stations(socket) => {
                    self.hands.streams.order(StreamOrder::Listen(listener, socket, Protocol::Sccp));
                }
            }
        }
        if let Some(configuration) = configuration {
            self.node.handle(now, Input::Configure(configuration), &mut self.out);
            self.carry_out();
        }
        for listener in close {
            self.ports.retain(|(id, _)| *id != listener);
            self.hands.streams.order(StreamOrder::Unlisten(listener));
        }
        // Who wanted it may have gone away.
        let _ = done.try_send(());
    }

    /// Does what the node wants done, in order; datagrams leave together.
    fn carry_out(&mut self) {
        let Outbox { arena, items } = &mut self.out;
        for item in items.drain(..) {
            self.hands.carry_out(item, arena);
        }
        let datagrams = &mut self.hands.datagrams;
        match self.ports.as_slice() {
            [(_, port)] => _ = port.send(datagrams.iter().map(|(_, to, span)| (*to, arena.slice(*span)))),
            ports => {
                for (listener, port) in ports {
                    let own: Vec<_> = datagrams
                        .iter()
                        .filter(|(from, ..)| from == listener)
                        .map(|(_, to, span)| (*to, arena.slice(*span)))
                        .collect();
                    port.send(own.into_iter());
                }
            }
        }
        datagrams.clear();
        arena.clear(ARENA_KEPT);
    }
}

/// Where outputs go.
struct Hands {
    media: MediaSender,
    store: StoreSender,
    streams: StreamSender,
    strangers: SyncSender<Stranger>,
    /// Datagrams of this batch.
    datagrams: Vec<(ListenerId, SocketAddr, Span)>,
    answers: Vec<(QueryId, tokio::sync::oneshot::Sender<Answer>)>,
    /// Phones that are reached over connections.
    phones_on_streams: HashMap<BindingId, StreamId>,
    /// When the last call of a drain ended.
    drained_at: Option<Clock>,
}

impl Hands {
    fn carry_out(&mut self, item: Output, arena: &strowger_base::ByteArena) {
        match item {
            Output::Datagram { listener, destination, bytes } => {
                self.datagrams.push((listener, destination, bytes));
            }
            Output::StreamSend { stream, bytes } => {
                self.streams.order(StreamOrder::Send(stream, arena.slice(bytes).to_vec()));
            }
            Output::StreamConnect { stream, peer, .. } => {
                self.streams.order(StreamOrder::Connect(stream, peer))
            }
            Output::StreamClose { stream } => self.streams.order(StreamOrder::Close(stream)),
            Output::StreamNeeded { stream } => self.streams.order(StreamOrder::Registered(stream)),
            Output::Media(command) => self.media.command(command),
            Output::Journal(span) => self.store.journal(arena.slice(span)),
            Output::Persist { ticket, record: PersistRecord::Call { record, .. } } => {
                self.store.persist(ticket, arena.slice(record));
            }
            Output::Store(record) => {
                self.note_phone(&record);
                self.store.store(record);
            }
            // One for whom there is no room is refused when it has waited for long enough.
            Output::Stranger(stranger) => _ = self.strangers.try_send(stranger),
            Output::Answer { query, answer } => {
                if let Some(place) = self.answers.iter().position(|(asked, _)| *asked == query) {
                    // Whoever asked may have gone away.
                    let _ = self.answers.swap_remove(place).1.send(answer);
                }
            }
            Output::Drained => self.drained_at = Some(Clock::now()),
        }
    }
}

impl Hands {
    /// Lets the connection side know which connections are needed.
    fn note_phone(&mut self, record: &StoreRecord) {
        let (before, now) = match record {
            StoreRecord::Bound(BindingRecord { binding, flow: Flow::Stream { stream, .. }, .. }) => {
                (self.phones_on_streams.insert(*binding, *stream), Some(*stream))
            }
            StoreRecord::Bound(BindingRecord { binding, flow: Flow::Datagram { .. }, .. })
            | StoreRecord::Unbound(binding) => (self.phones_on_streams.remove(binding), None),
            StoreRecord::NumbersReserved(_) | StoreRecord::Mailbox(..) => (None, None),
        };
        if before != now {
            now.into_iter().for_each(|stream| self.streams.order(StreamOrder::Registered(stream)));
            before.into_iter().for_each(|stream| self.streams.order(StreamOrder::Unregistered(stream)));
        }
    }
}

/// The descriptors that can be read, by their place.
#[derive(Clone, Copy)]
struct Ready(u16);

impl Ready {
    const fn is(self, place: usize) -> bool {
        self.0 & 1 << place != 0
    }
}

/// The clocks.
#[derive(Clone, Copy)]
struct Time {
    started: Clock,
}

impl Time {
    fn now(self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            mono: self.mono(Clock::now()),
            wall: WallTime::from_micros(wall.as_secs() * 1_000_000 + u64::from(wall.subsec_micros())),
        }
    }

    fn mono(self, at: Clock) -> Instant {
        let elapsed = at - self.started;
        Instant::from_nanos(elapsed.as_secs() * 1_000_000_000 + u64::from(elapsed.subsec_nanos()))
    }
}

/// Whether decisions keep up with packets. While the sockets are never empty, the oldest packet in them may have
/// come any time since they last were.
#[derive(Default)]
struct Load {
    busy_since: Option<Clock>,
    shedding_since: Option<Clock>,
}

impl Load {
    /// Tells when new calls are to be refused from now on, or taken again.
    fn judge(&mut self, now: Clock, drained: bool, store_behind: bool) -> Option<bool> {
        if drained {
            self.busy_since = None;
        } else {
            self.busy_since.get_or_insert(now);
        }
        let late = self.busy_since.is_some_and(|since| now - since > LAG_MAX);
        match self.shedding_since {
            None if late || store_behind => {
                self.shedding_since = Some(now);
                Some(true)
            }
            // It is kept up for a while, so that it does not flicker.
            Some(since) if drained && !store_behind && now - since > SHED_FOR => {
                self.shedding_since = None;
                Some(false)
            }
            Some(_) | None => None,
        }
    }
}

const BATCHES_A_TURN: usize = 8;
/// Datagrams of one socket that are read before timers and letters have their turn.
pub(crate) const DATAGRAMS_A_TURN: usize = BATCHES_A_TURN * BATCH;
const LETTERS_A_TURN: usize = 1_024;
const ITEMS_AT_ONCE: usize = 256;
const ARENA_KEPT: usize = 256 * 1024;
/// Packets that may have waited as long as T1 are answered too late: their senders repeat them
/// (RFC 3261 §17.1.1.1), and there is more to do, not less.
const LAG_MAX: Duration = Duration::from_millis(500);
const SHED_FOR: Duration = Duration::from_secs(1);
/// A lost BYE is repeated after T1 (RFC 3261 §17.1.2.2): phones have this long to confirm the end of the last call.
const LINGER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_calls_are_refused_while_packets_wait_too_long_and_taken_again_after() {
        let start = Clock::now();
        let mut load = Load::default();
        let mut check = |at_ms: u64, drained: bool, store_behind: bool, expect: Option<bool>| {
            let found = load.judge(start + Duration::from_millis(at_ms), drained, store_behind);
            assert_eq!(found, expect, "at {at_ms} ms");
        };
        check(0, true, false, None);
        check(10, false, false, None);
        check(400, false, false, None);
        check(450, true, false, None);
        check(460, false, false, None);
        check(961, false, false, Some(true));
        check(970, true, false, None);
        check(1_900, true, false, None);
        check(1_970, true, false, Some(false));
        check(2_000, true, true, Some(true));
        check(4_000, true, true, None);
        check(4_001, true, false, Some(false));
    }
}
