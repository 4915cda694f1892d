//! What somebody may be told of a line without being in its calls: states for busy lamps, presence and message lamps.
//!
//! Plain data between whoever knows the states and the protocols that tell them to phones.

use std::fmt;
use std::sync::Arc;

use crate::feature::Turn;
use crate::leg::Party;
use crate::{LegId, LineName};

/// Names a subscription. It is numbered among the legs, so that a transaction belongs to one or the other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(pub LegId);

impl fmt::Debug for WatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "W{:?}", self.0)
    }
}

/// What is told of a line: an event package of RFC 6665.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Package {
    /// Its calls (`dialog`, RFC 4235).
    Dialog,
    /// Whether somebody is there, and free (`presence`, RFC 3856).
    Presence,
    /// Whether messages wait for it (`message-summary`, RFC 3842).
    MessageSummary,
}

/// How much of a line's calls a watcher is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// That there are calls and how they stand, as on a busy lamp.
    States,
    /// With whom as well, and what names them in the protocol: for phones of the line itself.
    Calls,
}

/// What a number of call park is called among those that are watched: the configured object that it belongs to is no partition, so
/// that no line has this name.
pub fn park_place(object: &str, number: &str) -> LineName {
    LineName::new(number, &[PARK, object].concat())
}

/// Whether this is a number of call park and no line.
pub fn is_park_place(name: &LineName) -> bool {
    name.partition().starts_with(PARK)
}

/// Nothing that an operator can write begins with it.
const PARK: &str = "\u{1}";

/// What a watcher is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// How a line is.
    Line(Arc<LineState>),
    /// What waits for it.
    Messages(Messages),
}

/// What somebody watches of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// How it is and its calls, as far as that is told.
    Calls(Detail),
    /// Its messages.
    Messages,
}

/// The messages that wait for a line, and where they are heard.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Messages {
    /// What waits.
    pub mailbox: Mailbox,
    /// The number that is called to hear them, when it is known.
    pub account: Option<Arc<str>>,
}

/// What waits in the mailbox of a line.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Mailbox {
    /// The lamp is lit.
    pub waiting: bool,
    /// How many messages there are, when the voice mail says so.
    pub counts: Option<MessageCounts>,
}

/// Voice messages.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct MessageCounts {
    /// Not heard yet.
    pub new: u32,
    /// Heard and kept.
    pub old: u32,
    /// Those of the new ones that are urgent.
    pub urgent_new: u32,
    /// Those of the old ones that are urgent.
    pub urgent_old: u32,
}

/// What becomes of a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MailboxChange {
    /// The lamp is turned on or off by a number that says no more (message waiting numbers).
    Turn(Turn),
    /// The voice mail tells all of it.
    Told(Mailbox),
}

impl Mailbox {
    /// What it is after a change.
    pub const fn after(self, change: MailboxChange) -> Mailbox {
        match change {
            // How many there are is not known any more.
            MailboxChange::Turn(turn) => match turn.of(self.waiting) == self.waiting {
                true => self,
                false => Mailbox { waiting: !self.waiting, counts: None },
            },
            MailboxChange::Told(mailbox) => mailbox,
        }
    }
}

/// How a line is.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LineState {
    /// A phone of it is registered.
    pub registered: bool,
    /// Its calls, the oldest first; at most [`crate::limits::CALLS_SHOWN`].
    pub calls: Vec<LineCall>,
}

/// A call of a line, as one of its phones has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineCall {
    /// The leg of the phone.
    pub leg: LegId,
    /// Which line; it is told as that even when another number leads there.
    pub line: LineName,
    /// How it stands.
    pub phase: CallPhase,
    /// Who began it.
    pub direction: CallDirection,
    /// The phone holds the other party.
    pub holds: bool,
    /// Other phones of the line are told that there is a call, and no more (privacy).
    pub private: bool,
    /// Who the other party is; with an empty number when nobody knows.
    pub remote: Party,
}

/// How a call of a phone stands, in the words of RFC 4235 §3.7.1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CallPhase {
    /// Somebody dials, or is about to be rung.
    Trying,
    /// It rings.
    Early,
    /// It is answered.
    Confirmed,
}

/// Which side of a call a phone is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallDirection {
    /// It called.
    Initiator,
    /// It was called.
    Recipient,
}

/// Why somebody may not watch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WatchRefusal {
    /// There is no such line.
    NoSuchLine,
    /// It may not see the line.
    NotAllowed,
    /// The watcher has too many subscriptions, or the line too many watchers.
    Full,
}

impl WatchRefusal {
    /// The SIP status that says so.
    pub const fn status(self) -> u16 {
        match self {
            WatchRefusal::NoSuchLine => 404,
            WatchRefusal::NotAllowed => 403,
            WatchRefusal::Full => 503,
        }
    }
}

/// The beginning of a watch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watched {
    /// How much is told.
    pub detail: Detail,
    /// How it is now.
    pub news: News,
}
