//! TCP: accepts, connects, reads and writes on the asynchronous side; bytes only, nothing is decided here.

mod room;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use strowger_base::net::{ListenerId, Protocol, StreamId, Transport};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use self::room::{Admission, LastUse, Room};
use crate::counters;
use crate::log;
use crate::mailbox::{Letter, Sender};

/// What the decision thread wants of connections.
pub(crate) enum StreamOrder {
    /// Send bytes.
    Send(StreamId, Vec<u8>),
    /// Make a connection.
    Connect(StreamId, SocketAddr),
    /// Close one after what was sent.
    Close(StreamId),
    /// A phone is reached over it: keep it.
    Registered(StreamId),
    /// A phone is no longer reached over it.
    Unregistered(StreamId),
    /// Accept connections here.
    Listen(ListenerId, std::net::TcpListener, Protocol),
    /// Accept no more of them here; those that are open go on.
    Unlisten(ListenerId),
}

/// Orders for the asynchronous side.
#[derive(Clone)]
pub(crate) struct StreamSender(mpsc::Sender<StreamOrder>);

impl StreamSender {
    /// Gives an order; waits when the asynchronous side is far behind, which never waits for us in its turn: no byte
    /// of a connection may be left out, or its framing would break.
    pub(crate) fn order(&self, order: StreamOrder) {
        if self.0.blocking_send(order).is_ok() {
            counters::STREAM_ORDERS.gave();
        }
    }
}

pub(crate) const ORDERS: usize = 16_384;
/// Messages that may wait for one slow reader; then its connection is closed.
const WAITING: usize = 256;
/// No transaction waits longer for its message (64*T1, RFC 3261 §17.1.2.2).
const WRITE_WITHIN: Duration = Duration::from_secs(32);
/// Too many open files and the like: the system gets a moment.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

/// The connection side, before it runs, and the decision thread's way to it. There may be so many connections.
pub(crate) fn connections(most: usize) -> (StreamSender, Connections) {
    let (sender, orders) = mpsc::channel(ORDERS);
    counters::STREAMS_MAX.set(most as u64);
    let connections = Connections {
        orders,
        writers: HashMap::new(),
        room: Room::new(most),
        started: Instant::now(),
        accepting: HashMap::new(),
        ids: Arc::new(AtomicU64::new(1)),
    };
    (StreamSender(sender), connections)
}

/// All connections.
pub(crate) struct Connections {
    orders: mpsc::Receiver<StreamOrder>,
    writers: HashMap<StreamId, mpsc::Sender<Vec<u8>>>,
    room: Room,
    started: Instant,
    /// What accepts connections, by its listener.
    accepting: HashMap<ListenerId, AbortHandle>,
    ids: Arc<AtomicU64>,
}

impl Connections {
    /// Carries out orders and accepts connections until the decision thread is gone.
    pub(crate) async fn run(
        mut self,
        listeners: Vec<(ListenerId, std::net::TcpListener, Protocol)>,
        decision: Sender,
    ) {
        // Those that wait here have a descriptor too.
        let (accepted_tx, mut accepted) = mpsc::channel::<Accepted>(16);
        for (id, listener, protocol) in listeners {
            self.listen(id, (listener, protocol), &accepted_tx);
        }
        let (closed_tx, mut closed) = mpsc::channel::<StreamId>(1_024);
        loop {
            counters::STREAMS.set(self.room.len() as u64);
            tokio::select! {
                order = self.orders.recv() => {
                    let Some(order) = order else { return };
                    counters::STREAM_ORDERS.took();
                    self.carry_out(order, &decision, &closed_tx, &accepted_tx);
                }
                Some((id, (stream, protocol), peer)) = accepted.recv() => {
                    let admission = self.room.accept(self.now_ms(), id, peer.ip());
                    if let Some((queue, last_use)) = self.admit(id, admission) {
                        counters::STREAMS_ACCEPTED.add(1);
                        let ends = Ends { decision: decision.clone(), closed: closed_tx.clone() };
                        tokio::spawn(carry(id, (stream, protocol), queue, self.clock(last_use), ends));
                    }
                }
                Some(id) = closed.recv() => self.forget(id),
            }
        }
    }

    fn carry_out(
        &mut self,
        order: StreamOrder,
        decision: &Sender,
        closed: &mpsc::Sender<StreamId>,
        accepted: &mpsc::Sender<Accepted>,
    ) {
        match order {
            StreamOrder::Send(id, bytes) => {
                let length = bytes.len() as u64;
                self.room.used(self.now_ms(), id);
                let gone = self.writers.get(&id).is_some_and(|writer| writer.try_send(bytes).is_err());
                if gone {
                    // The reader is too slow to be of any use.
                    self.forget(id);
                    counters::STREAMS_TOO_SLOW.add(1);
                } else {
                    counters::STREAM_BYTES_OUT.add(length);
                }
            }
            StreamOrder::Connect(id, peer) => {
                let ends = Ends { decision: decision.clone(), closed: closed.clone() };
                let admission = self.room.connect(self.now_ms(), id);
                match self.admit(id, admission) {
                    Some((queue, last_use)) => {
                        tokio::spawn(connect(id, peer, queue, self.clock(last_use), ends));
                    }
                    None => _ = tokio::spawn(ends.close(id)),
                }
            }
            StreamOrder::Close(id) => self.forget(id),
            StreamOrder::Registered(id) => self.room.registered(id),
            StreamOrder::Unregistered(id) => self.room.unregistered(id),
            StreamOrder::Listen(id, listener, protocol) => self.listen(id, (listener, protocol), accepted),
            StreamOrder::Unlisten(id) => {
                self.accepting.remove(&id).iter().for_each(AbortHandle::abort);
            }
        }
    }

    /// Accepts connections at a listener from now on.
    fn listen(
        &mut self,
        id: ListenerId,
        (listener, protocol): (std::net::TcpListener, Protocol),
        accepted: &mpsc::Sender<Accepted>,
    ) {
        let listener = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
        match listener {
            Ok(listener) => {
                let ids = Arc::clone(&self.ids);
                let accepting = tokio::spawn(accept((listener, protocol), ids, accepted.clone()));
                self.accepting.insert(id, accepting.abort_handle());
            }
            Err(error) => log::error("no connections are taken at a listener").with("reason", error).write(),
        }
    }

    fn admit(&mut self, id: StreamId, admission: Admission) -> Option<(mpsc::Receiver<Vec<u8>>, LastUse)> {
        match admission {
            Admission::Taken { last_use, closes } => {
                if let Some(closes) = closes {
                    self.writers.remove(&closes);
                    counters::STREAMS_CLOSED_IDLE.add(1);
                }
                let (writer, queue) = mpsc::channel(WAITING);
                self.writers.insert(id, writer);
                Some((queue, last_use))
            }
            Admission::Refused => {
                counters::STREAMS_REFUSED.add(1);
                None
            }
        }
    }

    /// Closes a connection after what was sent, unless it is closed.
    fn forget(&mut self, id: StreamId) {
        self.writers.remove(&id);
        self.room.gone(id);
    }

    fn now_ms(&self) -> u64 {
        milliseconds_since(self.started)
    }

    fn clock(&self, last_use: LastUse) -> UseClock {
        UseClock { started: self.started, last_use }
    }
}

fn milliseconds_since(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Notes when a connection was used.
struct UseClock {
    started: Instant,
    last_use: LastUse,
}

impl UseClock {
    fn used(&self) {
        self.last_use.store(milliseconds_since(self.started).max(1), Ordering::Relaxed);
    }
}

/// Who is told that a connection is closed.
struct Ends {
    decision: Sender,
    closed: mpsc::Sender<StreamId>,
}

impl Ends {
    async fn close(self, id: StreamId) {
        let _ = self.closed.send(id).await;
        tell(&self.decision, Letter::StreamClosed { stream: id }).await;
    }
}

/// A connection that somebody made, with the other end.
type Accepted = (StreamId, (TcpStream, Protocol), SocketAddr);

async fn accept(
    (listener, protocol): (TcpListener, Protocol),
    ids: Arc<AtomicU64>,
    accepted: mpsc::Sender<Accepted>,
) {
    let mut complained_at: Option<Instant> = None;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let id = StreamId(ids.fetch_add(1, Ordering::Relaxed));
                if accepted.send((id, (stream, protocol), peer)).await.is_err() {
                    return;
                }
            }
            // It went before we took it.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                counters::STREAMS_FAILED.add(1);
                if complained_at.is_none_or(|at| at.elapsed() >= COMPLAIN_EVERY) {
                    complained_at = Some(Instant::now());
                    log::warn("the system does not let us accept a TCP connection")
                        .with("reason", error)
                        .effect("phones over TCP cannot connect")
                        .remedy(
                            "raise the limit of open files: LimitNOFILE= of the systemd unit, or ulimit -n",
                        )
                        .write();
                }
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

async fn connect(
    id: StreamId,
    peer: SocketAddr,
    queue: mpsc::Receiver<Vec<u8>>,
    clock: UseClock,
    ends: Ends,
) {
    match TcpStream::connect(peer).await {
        Ok(stream) => carry(id, (stream, Protocol::Sip), queue, clock, ends).await,
        Err(_) => ends.close(id).await,
    }
}

/// Reads and writes until one of both ends.
async fn carry(
    id: StreamId,
    (stream, protocol): (TcpStream, Protocol),
    queue: mpsc::Receiver<Vec<u8>>,
    clock: UseClock,
    ends: Ends,
) {
    // A peer that has reset it already has no address any more.
    if let (Ok(local), Ok(peer)) = (stream.local_addr(), stream.peer_addr()) {
        let _ = stream.set_nodelay(true);
        let (reader, writer) = stream.into_split();
        let transport = Transport::Tcp;
        let opened = Letter::StreamOpened { stream: id, protocol, transport, local, peer };
        tell(&ends.decision, opened).await;
        tokio::select! {
            () = read(id, reader, &clock, &ends.decision) => {}
            () = write(writer, queue) => {}
        }
    }
    ends.close(id).await;
}

async fn read(id: StreamId, reader: OwnedReadHalf, clock: &UseClock, decision: &Sender) {
    loop {
        // The buffer lives only while bytes are there: an idle connection costs its socket and little more.
        if reader.readable().await.is_err() {
            return;
        }
        let mut bytes = vec![0; 4_096];
        match reader.try_read(&mut bytes) {
            Ok(0) => return,
            Ok(length) => {
                bytes.truncate(length);
                clock.used();
                counters::STREAM_BYTES_IN.add(length as u64);
                tell(decision, Letter::StreamBytes { stream: id, bytes }).await;
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

async fn write(mut writer: OwnedWriteHalf, mut queue: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = queue.recv().await {
        // Who never reads would keep the descriptor of a connection that was given up.
        match tokio::time::timeout(WRITE_WITHIN, writer.write_all(&bytes)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
    let _ = writer.shutdown().await;
}

/// Tells the decision thread, without stopping the asynchronous side while its box is full.
async fn tell(decision: &Sender, mut letter: Letter) {
    while let Err(back) = decision.try_send(letter) {
        letter = back;
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}
