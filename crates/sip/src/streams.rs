//! The connections of stream transports: framing, and which connection leads to a peer.

use std::net::SocketAddr;

use strowger_base::hash::give_back;
use strowger_base::net::{Flow, StreamId, Transport};
use strowger_base::{HashMap, HashSeed, TimerHandle};

use crate::framer::Framer;

/// One connection.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) transport: Transport,
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    /// Whether it is up; bytes sent earlier wait in the shell.
    pub(crate) open: bool,
    pub(crate) framer: Framer,
    /// Runs while a message on it is not whole.
    pub(crate) overdue: Option<TimerHandle>,
}

/// All connections of the shard.
#[derive(Debug)]
pub(crate) struct Streams {
    streams: HashMap<StreamId, Stream>,
    /// Connections that we opened, to be used again (RFC 5923).
    by_peer: HashMap<(SocketAddr, Transport), StreamId>,
    next_outgoing: u64,
}

impl Streams {
    pub(crate) fn new(seed: HashSeed) -> Self {
        Streams { streams: HashMap::with_hasher(seed), by_peer: HashMap::with_hasher(seed), next_outgoing: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.streams.len()
    }

    pub(crate) fn opened(&mut self, id: StreamId, transport: Transport, local: SocketAddr, peer: SocketAddr) {
        let entry = self.streams.entry(id).or_insert_with(|| Stream {
            transport,
            local,
            peer,
            open: true,
            framer: Framer::new(),
            overdue: None,
        });
        entry.open = true;
        entry.local = local;
    }

    pub(crate) fn closed(&mut self, id: StreamId) -> Option<Stream> {
        let stream = self.streams.remove(&id)?;
        if self.by_peer.get(&(stream.peer, stream.transport)) == Some(&id) {
            self.by_peer.remove(&(stream.peer, stream.transport));
            give_back(&mut self.by_peer);
        }
        give_back(&mut self.streams);
        Some(stream)
    }

    pub(crate) fn get(&self, id: StreamId) -> Option<&Stream> {
        self.streams.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: StreamId) -> Option<&mut Stream> {
        self.streams.get_mut(&id)
    }

    /// A connection of ours to a peer that is there already.
    pub(crate) fn to_peer(&self, peer: SocketAddr, transport: Transport) -> Option<Flow> {
        let stream = *self.by_peer.get(&(peer, transport))?;
        Some(Flow::Stream { stream, peer, transport })
    }

    /// Names a new connection to a peer; the caller asks the shell to make it.
    pub(crate) fn begin(&mut self, local: SocketAddr, peer: SocketAddr, transport: Transport) -> StreamId {
        let id = StreamId(StreamId::OUTGOING | self.next_outgoing);
        self.next_outgoing += 1;
        let framer = Framer::new();
        self.streams.insert(id, Stream { transport, local, peer, open: false, framer, overdue: None });
        self.by_peer.insert((peer, transport), id);
        id
    }
}
