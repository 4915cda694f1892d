//! TCP: accepts, connects, reads and writes on the asynchronous side; bytes only, nothing is decided here.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use strowger_base::limits;
use strowger_base::net::{StreamId, Transport};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::counters;
use crate::mailbox::{Letter, Sender};

/// What the decision thread wants of connections.
pub(crate) enum StreamOrder {
    /// Send bytes.
    Send(StreamId, Vec<u8>),
    /// Make a connection.
    Connect(StreamId, SocketAddr),
    /// Close one after what was sent.
    Close(StreamId),
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

pub(crate) fn orders() -> (StreamSender, mpsc::Receiver<StreamOrder>) {
    let (sender, receiver) = mpsc::channel(ORDERS);
    (StreamSender(sender), receiver)
}

type Writers = HashMap<StreamId, mpsc::Sender<Vec<u8>>>;

/// Carries out orders and accepts connections until the decision thread is gone.
pub(crate) async fn run(
    listeners: Vec<TcpListener>,
    mut orders: mpsc::Receiver<StreamOrder>,
    decision: Sender,
) {
    let ids = Arc::new(AtomicU64::new(1));
    let (accepted_tx, mut accepted) = mpsc::channel::<(StreamId, TcpStream)>(256);
    for listener in listeners {
        let (ids, accepted_tx) = (Arc::clone(&ids), accepted_tx.clone());
        tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let id = StreamId(ids.fetch_add(1, Ordering::Relaxed));
                        if accepted_tx.send((id, stream)).await.is_err() {
                            return;
                        }
                    }
                    // Too many open files and the like: give the system a moment.
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                }
            }
        });
    }
    let (closed_tx, mut closed) = mpsc::channel::<StreamId>(1_024);
    let mut writers: Writers = HashMap::new();
    loop {
        counters::STREAMS.set(writers.len() as u64);
        tokio::select! {
            order = orders.recv() => match order {
                Some(StreamOrder::Send(id, bytes)) => {
                    counters::STREAM_ORDERS.took();
                    let length = bytes.len() as u64;
                    let gone = writers.get(&id).is_some_and(|writer| writer.try_send(bytes).is_err());
                    if gone {
                        // The reader is too slow to be of any use.
                        writers.remove(&id);
                        counters::STREAMS_TOO_SLOW.add(1);
                    } else {
                        counters::STREAM_BYTES_OUT.add(length);
                    }
                }
                Some(StreamOrder::Connect(id, peer)) => {
                    counters::STREAM_ORDERS.took();
                    let (writer, queue) = mpsc::channel(WAITING);
                    writers.insert(id, writer);
                    tokio::spawn(connect(id, peer, queue, decision.clone(), closed_tx.clone()));
                }
                Some(StreamOrder::Close(id)) => {
                    counters::STREAM_ORDERS.took();
                    writers.remove(&id);
                }
                None => return,
            },
            Some((id, stream)) = accepted.recv() => {
                if writers.len() >= limits::STREAMS {
                    counters::STREAMS_REFUSED.add(1);
                    continue;
                }
                counters::STREAMS_ACCEPTED.add(1);
                let (writer, queue) = mpsc::channel(WAITING);
                writers.insert(id, writer);
                begin(id, stream, queue, decision.clone(), closed_tx.clone());
            }
            Some(id) = closed.recv() => {
                writers.remove(&id);
            }
        }
    }
}

async fn connect(
    id: StreamId,
    peer: SocketAddr,
    queue: mpsc::Receiver<Vec<u8>>,
    decision: Sender,
    closed: mpsc::Sender<StreamId>,
) {
    match TcpStream::connect(peer).await {
        Ok(stream) => begin(id, stream, queue, decision, closed),
        Err(_) => {
            let _ = closed.send(id).await;
            tell(&decision, Letter::StreamClosed { stream: id }).await;
        }
    }
}

fn begin(
    id: StreamId,
    stream: TcpStream,
    queue: mpsc::Receiver<Vec<u8>>,
    decision: Sender,
    closed: mpsc::Sender<StreamId>,
) {
    let (Ok(local), Ok(peer)) = (stream.local_addr(), stream.peer_addr()) else { return };
    let _ = stream.set_nodelay(true);
    let (reader, writer) = stream.into_split();
    tokio::spawn(async move {
        let transport = Transport::Tcp;
        tell(&decision, Letter::StreamOpened { stream: id, transport, local, peer }).await;
        tokio::select! {
            () = read(id, reader, &decision) => {}
            () = write(writer, queue) => {}
        }
        let _ = closed.send(id).await;
        tell(&decision, Letter::StreamClosed { stream: id }).await;
    });
}

async fn read(id: StreamId, reader: OwnedReadHalf, decision: &Sender) {
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
        if writer.write_all(&bytes).await.is_err() {
            return;
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
