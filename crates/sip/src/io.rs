//! What goes into the SIP side of a shard and what comes out.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use strowger_base::feature::ParkEvent;
use strowger_base::journal::OnOff;
use strowger_base::leg::BindingId;
use strowger_base::net::{Flow, ListenerId, StreamId, Transport};
use strowger_base::phone::{PhoneChange, PhoneState};
use strowger_base::watch::{Mailbox, Messages, News, Package, WatchId, WatchRefusal, Watched};
use strowger_base::{ByteArena, CallId, Command, Event, LegId, Signal, Span, WallTime};

pub use crate::account::{Fingerprint, FingerprintKey, LineAccount, PhoneAccount, PhoneOnLine, PhonePlace};
use crate::registrar::PackedTexts;

/// Everything that can happen to the SIP side.
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
    /// Call control wants something of a leg.
    Command(LegId, Command),
    /// A leg belongs to a call: from now on its messages carry the call's id.
    Joined {
        /// The leg.
        leg: LegId,
        /// Its call.
        call: CallId,
    },
    /// The answer to [`Output::Watch`]: what there is to tell, or why it may not be watched.
    Watched(WatchId, Result<Watched, WatchRefusal>),
    /// Something changed that a subscription is about.
    News(WatchId, News),
    /// Whether what [`Output::Messages`] told was taken.
    MessagesTaken(Unanswered, Result<(), WatchRefusal>),
    /// A phone that does not subscribe is to be told what waits for its line.
    TellMessages {
        /// Which of its contacts.
        binding: BindingId,
        /// What waits.
        messages: Messages,
    },
    /// What becomes of a call that a phone parked by a key; only one that wants to be told is.
    ParkNews {
        /// The leg of the phone, which is over meanwhile.
        leg: LegId,
        /// The number where the call was parked.
        number: Box<str>,
        /// What.
        event: ParkEvent,
    },
    /// How secure the call of a leg is from here on; phones of Cisco show that.
    Security {
        /// The leg.
        leg: LegId,
        /// What of both its ends is true.
        security: CallSecurity,
    },
    /// A phone that takes remote control is told something; others are not.
    TellPhone {
        /// Which of its contacts.
        binding: BindingId,
        /// What.
        news: PhoneNews,
    },
    /// A phone is told whether it takes part in hunts: its key has changed that.
    TellHunted {
        /// Which of its contacts.
        binding: BindingId,
        /// Whether it does.
        hunted: OnOff,
        /// Whether the disk has it; until then it is over with a restart.
        is_kept: bool,
    },
    /// A binding that survived a restart.
    Restore(BindingRecord),
    /// The configuration is now this.
    Configure(Arc<Configuration>),
    /// The time of `next_timeout` has come.
    Timeout,
    /// Accept nothing new; calls in progress go on.
    Drain,
    /// Refuse new calls with 503 while true: the node has more to do than it can.
    Shed(bool),
}

/// Everything that the SIP side wants done, in this order.
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
    /// Make a connection. Answered by `StreamOpened` or `StreamClosed`; bytes may be sent at once and wait for it.
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
    /// A leg tells something.
    Signal(LegId, Signal),
    /// A device wanted its other party transferred into a call that is not there, and has been told so.
    TransferMissed {
        /// The leg that wanted it.
        leg: LegId,
        /// Its call, where that is known.
        call: Option<CallId>,
        /// The number to which it was to go.
        destination: Box<str>,
    },
    /// A phone wants to watch a line, or to go on with it. Whoever takes this answers with [`Input::Watched`] before it returns.
    Watch {
        /// The subscription.
        watch: WatchId,
        /// Whose phone it is.
        watcher: strowger_base::leg::Origin,
        /// What is to be watched, as the phone wrote it.
        number: Box<str>,
        /// What is wanted of it.
        package: Package,
    },
    /// A subscription is over.
    Unwatch(WatchId),
    /// A voice mail behind a trunk tells what waits. Whoever takes this answers with [`Input::MessagesTaken`] before it returns.
    Messages {
        /// The trunk.
        trunk: Box<str>,
        /// Whose messages, as the trunk wrote it.
        number: Box<str>,
        /// What waits.
        mailbox: Mailbox,
        /// What is to be answered.
        asked: Unanswered,
    },
    /// A phone wants to take part in hunts of its lines when it does not, and not to when it does. [`Input::TellHunted`] answers,
    /// when it is known whether the disk has it.
    HuntLog {
        /// Its contact, which names its line and the phone.
        binding: BindingId,
    },
    /// A phone says how the call of a leg sounded, when that ends.
    Statistics(LegId, crate::RtpStatistics),
    /// The user of a phone reports trouble while it has no call.
    QualityReport {
        /// Its contact.
        binding: BindingId,
    },
    /// A message came or went, for the ladder. Credentials in it are blanked.
    Message {
        /// The leg it belongs to, when there is one.
        leg: Option<LegId>,
        /// The call it belongs to, once [`Input::Joined`] told.
        call: Option<CallId>,
        /// Whether it came or went.
        direction: Direction,
        /// How it travelled.
        flow: Flow,
        /// Its bytes in the outbox's arena.
        bytes: Span,
    },
    /// Something that others may want to know.
    Event(Event),
    /// A binding is new or changed and should survive a restart.
    Bound(BindingRecord),
    /// A binding is gone.
    Unbound(BindingId),
}

/// How secure a call is, with all that it passes: what a phone shows by a shield or a lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CallSecurity {
    /// Signalling of one end is in the clear, and with it any keys of media.
    NotAuthenticated,
    /// Signalling is secure, media is not, or not on all of its way.
    Authenticated,
    /// Media is encrypted from end to end, or by each end to the server, and signalling as well.
    Encrypted,
}

/// What a phone of Cisco is told without having asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PhoneNews {
    /// All that it shows, as after its registration; and what waits for the line.
    All(Box<PhoneState>, Mailbox),
    /// This alone has changed.
    Changed(Box<PhoneState>, PhoneChange),
    /// A call rings elsewhere, and may be picked up.
    Pickup {
        /// What is shown; empty for nothing.
        text: Box<str>,
        /// How long.
        shown_for: Duration,
        /// Whether a beep is heard.
        beep: OnOff,
    },
}

/// A request that is to be answered.
#[derive(Debug)]
pub struct Unanswered {
    pub(crate) head: Box<[u8]>,
    pub(crate) flow: Flow,
}

/// Which way a message went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// It came in.
    Received,
    /// It went out.
    Sent,
}

/// Where outputs are put. The node lends its arena for the time of one call.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Bytes of outgoing messages.
    pub arena: ByteArena,
    /// What is wanted, in order.
    pub items: Vec<Output>,
}

/// A registered contact as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BindingRecord {
    /// Its id.
    pub binding: BindingId,
    /// Its texts; cloning a record copies none of them.
    pub texts: PackedTexts,
    /// The name of its phone; `None` for the only phone of its line.
    pub phone: Option<Arc<str>>,
    /// Its `reg-id` (RFC 5626), when it gave one.
    pub reg_id: Option<u32>,
    /// What its phone proved itself with.
    pub account: Fingerprint,
    /// Where it can be reached; stream flows do not survive a restart.
    pub flow: Flow,
    /// Where the socket of a datagram flow is bound: after a restart it may have another number.
    pub socket: Option<SocketAddr>,
    /// CSeq of its last REGISTER.
    pub cseq: u32,
    /// When it ends.
    pub expires_at: WallTime,
}

/// Everything about SIP that an operator can set. Immutable; a change is a new value.
#[derive(Clone)]
pub struct Configuration {
    /// The domain of the digest realm and of addresses we write.
    pub domain: Box<str>,
    /// Further names and addresses that mean this node in a Request-URI. Listener addresses are known anyway.
    pub aliases: Vec<Box<str>>,
    /// The sockets, by [`ListenerId`]. One that was closed keeps its place until another takes it: flows name it.
    pub listeners: Vec<Listener>,
    /// The phones' lines, each by its [`strowger_base::LineName`].
    pub lines: strowger_base::Table<LineAccount>,
    /// Peers that need no digest, told by their address.
    pub trunks: Vec<Trunk>,
    /// Shortest registration that is granted; a shorter one gets 423.
    pub expires_min: Duration,
    /// Longest registration that is granted; a longer one is cut.
    pub expires_max: Duration,
    /// Registration time when the phone asks for none.
    pub expires_default: Duration,
    /// How long a nonce may be used.
    pub nonce_lifetime: Duration,
    /// Digest algorithms in the order in which they are offered.
    pub digest_algorithms: Vec<DigestAlgorithm>,
    /// Session timer that is asked for (RFC 4028), at least 90 s.
    pub session_expires: Duration,
    /// Value of Server and User-Agent.
    pub product: Box<str>,
}

impl Configuration {
    /// The open socket by which a phone is reached that was reached by one that was bound there: the same, or else one
    /// that takes its place.
    pub fn listener_at(&self, transport: Transport, bound: SocketAddr) -> Option<ListenerId> {
        let open = |it: &Listener| it.is_open && it.transport == transport;
        let same = self.listeners.iter().position(|it| open(it) && it.bound == bound);
        let place =
            same.or_else(|| self.listeners.iter().position(|it| open(it) && takes_place(it.bound, bound)))?;
        u16::try_from(place).ok().map(ListenerId)
    }
}

/// Whether a socket reaches phones that were reached by another one before: it has the same port, and one of them is or was bound
/// to every interface.
pub fn takes_place(ours: SocketAddr, theirs: SocketAddr) -> bool {
    let covers = ours.ip() == theirs.ip() || ours.ip().is_unspecified() || theirs.ip().is_unspecified();
    ours.port() == theirs.port() && ours.is_ipv4() == theirs.is_ipv4() && covers
}

/// A bound socket.
#[derive(Clone, Debug)]
pub struct Listener {
    /// What it carries.
    pub transport: Transport,
    /// Where it is bound; may be the unspecified address.
    pub bound: SocketAddr,
    /// The address that peers shall use, written into Via and Contact.
    pub advertised: SocketAddr,
    /// It takes messages. One that does not was closed while the node runs, and phones that were reached over it are unregistered.
    pub is_open: bool,
}

impl Listener {
    /// Whether it is the same socket, and takes messages.
    pub fn is_same(&self, other: &Listener) -> bool {
        self.is_open && self.transport == other.transport && self.bound == other.bound
    }
}

/// A peer known by its address.
#[derive(Clone, Debug)]
pub struct Trunk {
    /// Its name.
    pub name: Box<str>,
    /// Where calls to it go.
    pub destination: SocketAddr,
    /// What carries them.
    pub transport: Transport,
    /// Addresses whose calls are the trunk's. Port `None` means any, but for what speaks for a line; from the port of
    /// the destination this too is the trunk's.
    pub sources: Vec<(IpAddr, Option<u16>)>,
}

/// A digest algorithm (RFC 7616, RFC 8760).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DigestAlgorithm {
    /// MD5, which most desk phones still need.
    Md5,
    /// SHA-256.
    Sha256,
}
