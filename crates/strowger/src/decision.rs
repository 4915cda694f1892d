//! The decision thread: packets in batches into the node, what it wants out in batches. No queue between a packet
//! and its decision, no lock, nothing allocated per packet.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant as Clock, SystemTime, UNIX_EPOCH};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::{TimeSpec, TimeValLike};
use strowger_base::net::ListenerId;
use strowger_base::{Instant, Now, WallTime};
use strowger_node::io::{Answer, PersistRecord, QueryId};
use strowger_node::{Input, Node, Outbox, Output};

use crate::mailbox::{Letter, Mailbox};
use crate::media::MediaSender;
use crate::store::{Batch as StoreBatch, StoreSender};
use crate::streams::{StreamOrder, StreamSender};
use crate::udp::{self, Batch};

/// Everything that the decision thread owns.
pub(crate) struct Decision {
    pub(crate) node: Node,
    /// UDP sockets with their number among the listeners.
    pub(crate) sockets: Vec<(ListenerId, UdpSocket)>,
    pub(crate) mailbox: Mailbox,
    pub(crate) media: MediaSender,
    pub(crate) store: StoreSender,
    pub(crate) streams: StreamSender,
    pub(crate) started: Clock,
}

/// State of one run that is no part of the node.
struct Turn {
    out: Outbox,
    batch: Batch,
    store_batch: StoreBatch,
    answers: Vec<(QueryId, tokio::sync::oneshot::Sender<Answer>)>,
    next_query: u64,
    overloaded: bool,
    stop: bool,
}

impl Decision {
    /// Runs until it is told to stop or the last call of a drain has ended.
    pub(crate) fn run(mut self) -> nix::Result<()> {
        let mut turn = Turn {
            out: Outbox::default(),
            batch: Batch::new(),
            store_batch: StoreBatch::default(),
            answers: Vec::new(),
            next_query: 0,
            overloaded: false,
            stop: false,
        };
        while !turn.stop {
            let ready = self.wait()?;
            let woken = Clock::now();
            self.read_sockets(&mut turn, &ready);
            self.read_letters(&mut turn);
            let now = self.now();
            if self.node.next_timeout().is_some_and(|at| at <= now.mono) {
                self.node.handle(now, Input::Timeout, &mut turn.out);
            }
            self.flush(&mut turn);
            self.judge_load(&mut turn, woken.elapsed());
        }
        self.flush(&mut turn);
        Ok(())
    }

    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            mono: Instant::from_nanos(u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)),
            wall: WallTime::from_micros(u64::try_from(wall.as_micros()).unwrap_or(u64::MAX)),
        }
    }

    /// Waits for packets, letters or the next deadline; tells which sockets can be read.
    fn wait(&self) -> nix::Result<Vec<bool>> {
        let now = self.now().mono;
        let timeout = self.node.next_timeout().map(|at| {
            let wait = i64::try_from((at - now).as_nanos()).unwrap_or(i64::MAX);
            TimeSpec::nanoseconds(wait)
        });
        let mut descriptors: Vec<PollFd<'_>> = self
            .sockets
            .iter()
            .map(|(_, socket)| PollFd::new(udp::descriptor(socket), PollFlags::POLLIN))
            .collect();
        descriptors.push(PollFd::new(self.mailbox.descriptor(), PollFlags::POLLIN));
        match ppoll(&mut descriptors, timeout, None) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
        Ok(descriptors
            .iter()
            .map(|descriptor| descriptor.revents().is_some_and(|events| !events.is_empty()))
            .collect())
    }

    fn read_sockets(&mut self, turn: &mut Turn, ready: &[bool]) {
        for index in 0..self.sockets.len() {
            if !ready.get(index).copied().unwrap_or(false) {
                continue;
            }
            // A bounded number of batches, so that letters and timers have their turn under load.
            for _ in 0..BATCHES_A_TURN {
                let Some((listener, socket)) = self.sockets.get(index) else { break };
                let listener = *listener;
                let Ok(count) = turn.batch.receive(socket) else { break };
                let now = self.now();
                for (source, bytes) in turn.batch.datagrams() {
                    self.node.handle(now, Input::Datagram { listener, source, bytes }, &mut turn.out);
                }
                self.flush(turn);
                if count < udp::BATCH {
                    break;
                }
            }
        }
    }

    fn read_letters(&mut self, turn: &mut Turn) {
        self.mailbox.quiet();
        let now = self.now();
        for _ in 0..LETTERS_A_TURN {
            let Some(letter) = self.mailbox.take() else { return };
            let input = match letter {
                Letter::StreamOpened { stream, transport, local, peer } => {
                    Input::StreamOpened { stream, transport, local, peer }
                }
                Letter::StreamBytes { stream, bytes } => {
                    self.node.handle(now, Input::StreamBytes { stream, bytes: &bytes }, &mut turn.out);
                    continue;
                }
                Letter::StreamClosed { stream } => Input::StreamClosed { stream },
                Letter::Media(report) => Input::Media(report),
                Letter::Persisted(ticket) => Input::Persisted { ticket },
                Letter::PersistFailed(ticket, reason) => Input::PersistFailed { ticket, reason },
                Letter::Ask(question, answer) => {
                    turn.next_query += 1;
                    let query = QueryId(turn.next_query);
                    turn.answers.push((query, answer));
                    Input::Ask { query, question }
                }
                Letter::Drain => Input::Drain,
                Letter::Stop => {
                    turn.stop = true;
                    return;
                }
            };
            self.node.handle(now, input, &mut turn.out);
        }
        // More letters wait: come back at once.
        self.mailbox.ring_again();
    }

    /// Does what the node wants done, in order; datagrams that follow each other leave together.
    fn flush(&mut self, turn: &mut Turn) {
        let Turn { out, store_batch, answers, .. } = turn;
        let mut datagrams: Vec<(ListenerId, SocketAddr, strowger_base::Span)> = Vec::new();
        for item in out.items.drain(..) {
            match item {
                Output::Datagram { listener, destination, bytes } => {
                    datagrams.push((listener, destination, bytes))
                }
                Output::StreamSend { stream, bytes } => {
                    self.streams.order(StreamOrder::Send(stream, out.arena.slice(bytes).to_vec()));
                }
                Output::StreamConnect { stream, peer, .. } => {
                    self.streams.order(StreamOrder::Connect(stream, peer));
                }
                Output::StreamClose { stream } => self.streams.order(StreamOrder::Close(stream)),
                Output::Media(command) => self.media.command(command),
                Output::Journal(span) => store_batch.journal(out.arena.slice(span)),
                Output::Persist { ticket, record: PersistRecord::Call { record, .. } } => {
                    store_batch.persist(ticket, out.arena.slice(record));
                }
                Output::Store(record) => store_batch.store(record),
                Output::Answer { query, answer } => {
                    if let Some(index) = answers.iter().position(|(asked, _)| *asked == query) {
                        // Whoever asked may have gone away.
                        let _ = answers.swap_remove(index).1.send(answer);
                    }
                }
                Output::Drained => turn.stop = true,
            }
        }
        for (listener, socket) in &self.sockets {
            let own = datagrams.iter().filter(|datagram| datagram.0 == *listener);
            let mut own = own.map(|datagram| (datagram.1, out.arena.slice(datagram.2))).peekable();
            if own.peek().is_some() {
                udp::send_all(socket, own);
            }
        }
        if !store_batch.is_empty() {
            self.store.give(std::mem::take(store_batch));
        }
        out.arena.clear(ARENA_KEPT);
    }

    /// Sheds new calls while a turn takes so long that packets have to wait for it.
    fn judge_load(&mut self, turn: &mut Turn, took: Duration) {
        let overloaded = if turn.overloaded { took > LOAD_FALLS } else { took > LOAD_RISES };
        if overloaded != turn.overloaded {
            turn.overloaded = overloaded;
            let now = self.now();
            self.node.handle(now, Input::Overloaded(overloaded), &mut turn.out);
        }
    }
}

const BATCHES_A_TURN: usize = 32;
const LETTERS_A_TURN: usize = 1_024;
const ARENA_KEPT: usize = 256 * 1024;
/// A turn longer than this means that answers come too late: half of T1 (RFC 3261 §17.1.1.1).
const LOAD_RISES: Duration = Duration::from_millis(250);
/// A turn shorter than this means that the load has gone.
const LOAD_FALLS: Duration = Duration::from_millis(50);
