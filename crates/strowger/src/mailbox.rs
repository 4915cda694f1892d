//! The way into the decision thread: a bounded queue and a descriptor that it can wait on.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use crate::counters;
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::net::SocketAddr;
use strowger_base::net::{ListenerId, Protocol, StreamId, Transport};
use strowger_callcontrol::io::Order;
use strowger_media::control::Report;
use strowger_node::configuration::Configuration;
use strowger_node::io::{Answer, Question, Ticket};

use crate::sockets::ToRead;

/// What other threads tell the decision thread.
pub(crate) enum Letter {
    /// A connection is up.
    StreamOpened {
        stream: StreamId,
        protocol: Protocol,
        transport: Transport,
        local: SocketAddr,
        peer: SocketAddr,
    },
    /// Bytes arrived on a connection.
    StreamBytes { stream: StreamId, bytes: Vec<u8> },
    /// A connection is gone.
    StreamClosed { stream: StreamId },
    /// A media worker reports.
    Media(Report),
    /// A record is safe.
    Persisted(Ticket),
    /// A record could not be written.
    PersistFailed(Ticket, Box<str>),
    /// Something is configured otherwise.
    Configure(Box<Reconfiguration>),
    /// Somebody asks.
    Ask(Question, tokio::sync::oneshot::Sender<Answer>),
    /// Somebody wants something done with a call.
    Order(Box<Order>, tokio::sync::oneshot::Sender<Answer>),
    /// A phone that waits will not be configured.
    Unwelcome(Box<str>),
    /// Take no new calls and stop when the last has ended; end what has not ended within this time.
    Drain(Duration),
    /// Stop now.
    Stop,
}

/// What is configured from now on.
pub(crate) struct Reconfiguration {
    /// `None`: sockets are only closed, and what takes their place is told next.
    pub(crate) configuration: Option<Arc<Configuration>>,
    /// Sockets to be read from now on.
    pub(crate) open: ToRead,
    /// Sockets not to be read any more.
    pub(crate) close: Vec<ListenerId>,
    /// Told when it is in force.
    pub(crate) done: SyncSender<()>,
}

/// Puts letters in; every thread has its own.
#[derive(Clone)]
pub(crate) struct Sender {
    queue: SyncSender<Letter>,
    bell: Arc<Bell>,
}

/// Takes letters out; the decision thread has it.
pub(crate) struct Mailbox {
    queue: Receiver<Letter>,
    bell: Arc<Bell>,
}

struct Bell {
    descriptor: EventFd,
    rung: AtomicBool,
}

/// Letters that may wait; a sender waits when there are more.
pub(crate) const LETTERS: usize = 8_192;

pub(crate) fn mailbox() -> nix::Result<(Sender, Mailbox)> {
    let descriptor = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
    let bell = Arc::new(Bell { descriptor, rung: AtomicBool::new(false) });
    let (sender, receiver) = sync_channel(LETTERS);
    Ok((Sender { queue: sender, bell: Arc::clone(&bell) }, Mailbox { queue: receiver, bell }))
}

impl Sender {
    /// Puts a letter in and waits while the box is full. `false` when nobody reads any more.
    pub(crate) fn send(&self, letter: Letter) -> bool {
        let sent = self.queue.send(letter).is_ok();
        if sent {
            counters::LETTERS.gave();
        }
        self.ring();
        sent
    }

    /// Puts a letter in if there is room.
    pub(crate) fn try_send(&self, letter: Letter) -> Result<(), Letter> {
        let result = self.queue.try_send(letter).map_err(|error| match error {
            TrySendError::Full(letter) | TrySendError::Disconnected(letter) => letter,
        });
        if result.is_ok() {
            counters::LETTERS.gave();
        }
        self.ring();
        result
    }

    /// Lets whoever reads look, also when there is no letter.
    pub(crate) fn ring(&self) {
        // One ring is enough for all letters that are there when it is heard.
        if !self.bell.rung.swap(true, Ordering::AcqRel) {
            // The counter cannot overflow: it is at most one.
            let _ = self.bell.descriptor.write(1);
        }
    }
}

impl Mailbox {
    /// The next letter, if there is one.
    pub(crate) fn take(&self) -> Option<Letter> {
        self.queue.try_recv().ok().inspect(|_| counters::LETTERS.took())
    }

    /// Stops the ringing; letters that come from now on ring again.
    pub(crate) fn quiet(&self) {
        let _ = self.bell.descriptor.read();
        self.bell.rung.store(false, Ordering::Release);
    }

    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.bell.descriptor.as_fd()
    }
}

impl Mailbox {
    /// Makes the next wait return at once.
    pub(crate) fn ring_again(&self) {
        self.bell.rung.store(true, Ordering::Release);
        let _ = self.bell.descriptor.write(1);
    }
}
