//! What goes into a node and what comes out.

mod views;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::leg::BindingId;
use strowger_base::net::{ListenerId, Protocol, StreamId, Transport};
use strowger_base::watch::{Mailbox, MailboxChange};
use strowger_base::{ByteArena, CallId, LineName, NodeId, Secret, ShardId, Span, WallTime};
use strowger_callcontrol::io::{Order, OrderRefused};
pub use strowger_callcontrol::{PlaceUse, ResourceUse};
use strowger_sip::io::BindingRecord;

use crate::configuration::Configuration;
pub use views::{CallState, CallView, PhoneView, StationAlarm, StationView};

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
        /// What is spoken there.
        protocol: Protocol,
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
    Restore(BindingRecord),
    /// What waited for a line when the node stopped; given before the first packet.
    RestoreMailbox(LineName, Mailbox),
    /// What a user set before a restart, as the journal record that was persisted; given before the first packet.
    RestoreSetting(&'a [u8]),
    /// The configuration is now this.
    Configure(Arc<Configuration>),
    /// Somebody asks; answered by [`Output::Answer`] in the same call.
    Ask {
        /// Names the question.
        query: QueryId,
        /// The question.
        question: Question,
    },
    /// Somebody who is no party wants something done with a call; answered by [`Output::Answer`] in the same call.
    Order {
        /// Names the answer.
        query: QueryId,
        /// What is wanted.
        order: Box<Order>,
    },
    /// A phone that waits ([`Output::Stranger`]) will not be configured. One that is, is served as soon as that is in force.
    Unwelcome {
        /// The name that it gave.
        name: Box<str>,
    },
    /// The shell cannot keep up (true) or can again (false): new calls are refused with 503 meanwhile.
    Overloaded(bool),
    /// Accept nothing new; calls in progress go on. [`Output::Drained`] says when the last has ended. Said again with
    /// less time, that counts.
    Drain {
        /// Calls that have not ended by themselves within this time are ended.
        within: Duration,
    },
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
    /// A phone is reached over a connection: others are closed before it where there are too many.
    StreamNeeded {
        /// Which.
        stream: StreamId,
    },
    /// Close a connection after what was sent.
    StreamClose {
        /// Which.
        stream: StreamId,
    },
    /// Tell a media worker.
    Media(strowger_media::control::Command),
    /// Append an encoded journal record ([`strowger_base::journal`]) to the journal. No promise waits for it.
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
    /// A phone that nobody has configured wants to register, and waits: for [`Input::Configure`] with it or [`Input::Unwelcome`].
    Stranger(Stranger),
    /// The last call has ended, and its record is safe, after [`Input::Drain`].
    Drained,
}

/// A phone that nobody has configured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stranger {
    /// The name that it gave: SEP and its MAC address, for phones of Cisco. Whatever it likes, not checked.
    pub name: Box<str>,
    /// Its model, as it says.
    pub model: Box<str>,
    /// Where it comes from.
    pub peer: SocketAddr,
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

/// What must be on the disk before the node goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PersistRecord {
    /// The final record of a call: an encoded journal record ([`strowger_base::journal::Entry::Call`]). Append it
    /// to the journal in its place among [`Output::Journal`]; it is safe when the journal is safe up to its end.
    Call {
        /// Whose; `None` for what a user set ([`strowger_base::journal::Entry::UserSet`]).
        call: Option<CallId>,
        /// The encoded record in the outbox's arena.
        record: Span,
    },
}

/// What is to be kept when convenient, the newest of each key only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreRecord {
    /// A registered phone, by its binding; comes back as [`Input::Restore`].
    Bound(BindingRecord),
    /// It is gone.
    Unbound(BindingId),
    /// No id up to this number may be given out again; the newest counts, also when it is lower: next time's [`Parameters::last_number`].
    NumbersReserved(u64),
    /// What waits for a line; comes back as [`Input::RestoreMailbox`], unless it is [`Mailbox::default`].
    Mailbox(LineName, Mailbox),
}

/// What makes a node.
#[derive(Clone)]
pub struct Parameters {
    /// Which server of the cluster it is.
    pub node: NodeId,
    /// Which of its decision threads.
    pub shard: ShardId,
    /// Where all its randomness comes from: 256 bits of the operating system's, or the simulator's seed.
    pub seed: [u64; 4],
    /// Where keys of SRTP come from, and nothing else: 256 bits of the operating system's.
    pub key_seed: Secret<[u8; 32]>,
    /// The last stored [`StoreRecord::NumbersReserved`]; 0 on an empty store.
    pub last_number: u64,
    /// With it registrations remember what their phones proved themselves with: the same as when those were stored that are
    /// restored.
    pub fingerprints: strowger_sip::io::FingerprintKey,
    /// The configuration to begin with.
    pub configuration: Arc<Configuration>,
}

/// Calls, or lines whose phones are told, in one answer: who asks for all of them asks again, and does not hold up
/// those who call meanwhile.
pub const PAGE: usize = 1_000;

/// A question about the state of now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Question {
    /// The calls in progress, the newest first.
    Calls {
        /// Only those that are older than this one: the last of the page before.
        before: Option<CallId>,
        /// At most this many, and at most [`PAGE`].
        limit: usize,
    },
    /// The registered phones by line: those of [`PAGE`] lines at most.
    Phones {
        /// Only those of lines after this one, [`Answer::Phones`]' `next`; empty for the first page.
        after: Box<str>,
    },
    /// The phones that are registered for some lines: for the first [`PAGE`] of these.
    PhonesOf {
        /// The lines.
        lines: Vec<LineName>,
    },
    /// The SCCP devices that are registered, by their names: [`PAGE`] at most.
    Stations {
        /// Only those after this name, [`Answer::Stations`]' `next`; empty for the first page.
        after: Box<str>,
    },
    /// What users set by themselves.
    UserSettings,
    /// Sets something for a user. Answered when the disk has it.
    SetForUser(UserSetting),
    /// An SCCP phone shall begin anew; it does so when it has no call.
    BeginAnew {
        /// The device's name.
        device: Box<str>,
        /// How thoroughly.
        how: BeginAnew,
        /// Who orders it.
        by: Box<str>,
    },
    /// Sends a document to the screen of an SCCP phone. Answered when the phone has answered, or did not in time.
    Push(Push),
    /// All counters.
    Metrics,
    /// How the node is.
    Health,
    /// What waits for a line; `change` is made before.
    Messages {
        /// The line.
        line: LineName,
        /// What becomes of it, if anything.
        change: Option<MailboxChange>,
    },
    /// The use of locations and links.
    Bandwidth,
    /// The use of media resources.
    MediaResources,
    /// What exists that an idle node does not have.
    Leftovers,
}

/// The answer to a [`Question`].
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// To [`Question::Calls`].
    Calls(Vec<CallView>),
    /// To [`Question::Phones`] and [`Question::PhonesOf`].
    Phones {
        /// The phones.
        phones: Vec<PhoneView>,
        /// Where the next page begins, when there is one.
        next: Option<Box<str>>,
    },
    /// To [`Question::Stations`].
    Stations {
        /// The devices.
        stations: Vec<StationView>,
        /// Connections to the SCCP port, with those of devices that stand by.
        connections: usize,
        /// Where the next page begins, when there is one.
        next: Option<Box<str>>,
    },
    /// To [`Question::UserSettings`].
    UserSettings(Vec<UserSetting>),
    /// To [`Question::SetForUser`]: what is wrong with it, if anything.
    SetForUser(Result<(), Box<str>>),
    /// To [`Question::BeginAnew`]: what becomes of it, or why there is nothing that could.
    BegunAnew(Result<BegunAnew, Box<str>>),
    /// To [`Question::Push`]: what became of it.
    Pushed(Result<Pushed, PushRefused>),
    /// To [`Question::Metrics`].
    Metrics(Vec<Metric>),
    /// To [`Question::Health`].
    Health(Health),
    /// To [`Question::Messages`]; nothing when there is no such line.
    Messages(Option<Mailbox>),
    /// To [`Question::Bandwidth`].
    Bandwidth(Vec<PlaceUse>),
    /// To [`Question::MediaResources`].
    MediaResources(Vec<ResourceUse>),
    /// To [`Question::Leftovers`].
    Leftovers(Leftovers),
    /// To [`Input::Order`]: whether it is carried out.
    Ordered(Result<(), OrderRefused>),
}

/// A document for the screen of an SCCP phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Push {
    /// The phone's name.
    pub device: Box<str>,
    /// Which application sends it; what the phone's user does with it comes back under this number.
    pub application: u32,
    /// 0 shows it at once, 1 when the phone is idle, 2 only if it is.
    pub priority: u8,
    /// The document, most often XML.
    pub document: Box<[u8]>,
    /// Who sends it.
    pub by: Box<str>,
}

/// A document that was sent to a phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pushed {
    /// Which exchange of the application it is.
    pub transaction: u32,
    /// What the phone answered; nothing when it did not in time, or is gone.
    pub answer: Option<Box<[u8]>>,
}

/// Why a document was not sent to a phone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PushRefused {
    /// No SCCP phone of this name is registered.
    #[error("no SCCP phone of this name is registered")]
    NotRegistered,
    /// It is a media resource.
    #[error("this is a media resource of a router, and has no screen")]
    NoScreen,
    /// It is longer than this phone takes.
    #[error("it has {has} bytes, and a phone that speaks version {version} takes {most}")]
    TooLong {
        /// How long it is.
        has: usize,
        /// How long it may be.
        most: usize,
        /// The version that is spoken with the phone.
        version: u8,
    },
    /// Too many phones have not answered yet.
    #[error("too many phones have not answered yet; try again in a moment")]
    TooMany,
}

/// Something that a user set, or a program for the user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserSetting {
    /// The line at which it was set, by its name; empty for a setting of a phone that a program set.
    pub line: Box<str>,
    /// The phone at which it was set; empty for a setting of a line that a program set.
    pub phone: Box<str>,
    /// What, by its word ([`strowger_base::journal::UserValue::word`]).
    pub setting: Box<str>,
    /// The value as people write it ([`strowger_base::journal::UserValue::text`]).
    pub value: Box<str>,
    /// Who set it by a program; empty for who did it at the phone.
    pub by: Box<str>,
    /// When.
    pub at: WallTime,
}

/// How thoroughly a phone begins anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BeginAnew {
    /// As if it had lost its power.
    Reset,
    /// It registers again and asks what it is.
    Restart,
    /// The same, if something has changed that it was not told of.
    Apply,
}

impl BeginAnew {
    /// The word by which it is ordered and stands in the journal.
    pub const fn word(self) -> &'static str {
        match self {
            BeginAnew::Reset => "reset",
            BeginAnew::Restart => "restart",
            BeginAnew::Apply => "apply",
        }
    }
}

/// What becomes of a phone that shall begin anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BegunAnew {
    /// It was told.
    Sent,
    /// It has a call, and is told when that is over.
    WhenIdle,
    /// Nothing has changed that it does not know.
    NothingChanged,
}

impl BegunAnew {
    /// The word by which it stands in answers.
    pub const fn word(self) -> &'static str {
        match self {
            BegunAnew::Sent => "sent",
            BegunAnew::WhenIdle => "when-idle",
            BegunAnew::NothingChanged => "nothing-changed",
        }
    }
}

/// The number under which CUCM tells why an SCCP phone is gone that is told here by this word; `None` for another word.
pub fn reason_code(word: &str) -> Option<u8> {
    strowger_sccp::station::reason::code_of(word)
}

/// How a media resource of a router stands, in the words that its own `show sccp` has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResourceStanding {
    /// What it does, in a word: `conference-bridge`, `transcoder` or `mtp`.
    pub function: &'static str,
    /// What it speaks, as it says, in the words of SCCP; empty until it does.
    pub codecs: Vec<Box<str>>,
    /// RTP streams that it has in service.
    pub streams_max: u32,
    /// RTP streams now.
    pub streams: u32,
    /// Parties that one of its conferences can have at most, when it says so.
    pub parties_max: Option<u32>,
    /// Sessions now: calls of a transcoder, parties of a bridge.
    pub sessions: u32,
    /// Sessions that were opened since it registered.
    pub opened: u64,
    /// Sessions that it could not open.
    pub failed: u64,
}

/// One figure, as Prometheus wants it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Metric {
    /// Its name, without the prefix `strowger_`; counters end with `_total`.
    pub name: &'static str,
    /// What it counts, in one sentence.
    pub help: &'static str,
    /// Rises only, or goes up and down.
    pub kind: MetricKind,
    /// One label and its value, when the same name stands several times.
    pub label: Option<(&'static str, &'static str)>,
    /// The figure.
    pub value: u64,
}

/// The kind of a [`Metric`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MetricKind {
    /// Rises only.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// How the node is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Health {
    /// Whether it takes new calls.
    pub service: Service,
    /// Time since it was made.
    pub uptime: Duration,
    /// Calls in progress.
    pub calls: usize,
    /// Registered phones.
    pub phones: usize,
    /// Final records that wait for the disk.
    pub records_waiting: usize,
}

/// Whether new calls are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Service {
    /// All is served.
    Full,
    /// New calls are refused: something is full, named here.
    Shedding(&'static str),
    /// New calls are refused: the node goes out of service.
    Draining,
}

/// What exists now that an idle node does not have. All zero when nothing was left behind.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Leftovers {
    /// Calls, those included whose record waits.
    pub calls: usize,
    /// Legs that call control knows.
    pub call_legs: usize,
    /// Timers of call control.
    pub call_timers: usize,
    /// Lines that have calls.
    pub busy_lines: usize,
    /// Calls whose number is not complete.
    pub dialing: usize,
    /// Lines that calls are offered to, each as often as it is.
    pub offered: usize,
    /// Numbers at which calls are parked.
    pub parked: usize,
    /// Conferences.
    pub conferences: usize,
    /// Paging groups that somebody speaks to.
    pub pages: usize,
    /// Phones that wait for a line to be free.
    pub call_backs: usize,
    /// Parties that are recorded, or were to be.
    pub recordings: usize,
    /// Ports from which copies go to recorders.
    pub forks: usize,
    /// Records that wait for the disk.
    pub records_waiting: usize,
    /// Relays that are open.
    pub relays: usize,
    /// Seats of media resources that calls have.
    pub resources_taken: usize,
    /// Streams of music that go out to multicast addresses.
    pub music_streams: usize,
    /// Locations and links of which calls have bandwidth.
    pub places_taken: usize,
    /// Legs of services.
    pub service_legs: usize,
    /// Ports of services.
    pub service_ports: usize,
    /// Legs of the SIP side.
    pub sip_legs: usize,
    /// Legs of the SCCP side.
    pub sccp_legs: usize,
    /// Media ports at devices that are media resources.
    pub device_ports: usize,
    /// Transactions.
    pub transactions: usize,
    /// Dialog tags.
    pub dialogs: usize,
    /// Timers of transactions and legs.
    pub sip_timers: usize,
    /// Subscriptions.
    pub subscriptions: usize,
    /// Legs that watchers of lines would be told of.
    pub line_legs: usize,
}
