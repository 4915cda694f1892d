//! What goes into a node and what comes out.

use std::net::SocketAddr;
use std::sync::Arc;

use strowger_base::net::{ListenerId, StreamId, Transport};
use strowger_base::{ByteArena, Span};

/// Everything that can happen to a node.
pub enum Input<'a> {
    /// A datagram arrived.
    Datagram {
        /// At which socket.
        listener: ListenerId,
        /// From where.
        source: SocketAddr,
        /// The datagram.
        bytes: &'a [u8],
    },
    /// A connection was accepted, or one that [`Output::StreamConnect`] asked for is up.
    StreamOpened {
        /// The connection.
        stream: StreamId,
        /// What it is.
        transport: Transport,
        /// Our end.
        local: SocketAddr,
        /// The other end.
        peer: SocketAddr,
    },
    /// Bytes arrived on a connection.
    StreamBytes {
        /// Which.
        stream: StreamId,
        /// The bytes, cut anywhere.
        bytes: &'a [u8],
    },
    /// A connection closed, broke, or could not be made.
    StreamClosed {
        /// Which.
        stream: StreamId,
    },
    /// A media worker reports.
    Media(strowger_media::control::Report),
    /// A record is safe on the disk.
    Persisted {
        /// Which.
        ticket: Ticket,
    },
    /// The disk does not take records now; the node keeps them and sheds new calls before it loses one.
    PersistFailed {
        /// Which; it is to be persisted again.
        ticket: Ticket,
        /// What the operating system said.
        reason: Box<str>,
    },
    /// A binding that survived a restart; given before the first packet.
    Restore(strowger_sip::io::BindingRecord),
    /// The configuration is now this.
    Configure(Arc<Configuration>),
    /// Somebody asks; answered by [`Output::Answer`] in the same call.
    Ask {
        /// Names the question.
        query: QueryId,
        /// The question.
        question: Question,
    },
    /// Accept nothing new; calls in progress go on. [`Output::Drained`] says when the last has ended.
    Drain,
    /// The time of `next_timeout` has come.
    Timeout,
}

/// Everything that a node wants done, in this order.
#[derive(Debug)]
pub enum Output {
    /// Send a datagram.
    Datagram {
        /// From which socket.
        listener: ListenerId,
        /// Where to.
        destination: SocketAddr,
        /// Its bytes in the outbox's arena.
        bytes: Span,
    },
    /// Send bytes on a connection.
    StreamSend {
        /// Which.
        stream: StreamId,
        /// The bytes in the outbox's arena.
        bytes: Span,
    },
    /// Make a connection. Answered by `StreamOpened` or `StreamClosed`; bytes sent before wait for it.
    StreamConnect {
        /// The id that it shall have.
        stream: StreamId,
        /// TCP, TLS, WS or WSS.
        transport: Transport,
        /// Where to.
        peer: SocketAddr,
    },
    /// Close a connection after what was sent.
    StreamClose {
        /// Which.
        stream: StreamId,
    },
    /// Tell a media worker.
    Media(strowger_media::control::Command),
    /// Append an encoded journal record (`strowger_base::journal`) to the journal.
    Journal(Span),
    /// Make this durable and say [`Input::Persisted`].
    Persist {
        /// Names the promise.
        ticket: Ticket,
        /// What to keep.
        record: PersistRecord,
    },
    /// Keep this when convenient; no promise waits for it.
    Store(StoreRecord),
    /// The answer to [`Input::Ask`].
    Answer {
        /// Which question.
        query: QueryId,
        /// The answer.
        answer: Answer,
    },
    /// The last call has ended after [`Input::Drain`].
    Drained,
}

/// Where outputs are put.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Bytes of outgoing messages and journal records.
    pub arena: ByteArena,
    /// What is wanted, in order.
    pub items: Vec<Output>,
}

/// Names a durable promise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

/// Names a question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct QueryId(pub u64);
