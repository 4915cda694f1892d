//! What somebody may be told of a line without being in its calls: states for busy lamps, presence and message lamps.
//!
//! Plain data between whoever knows the states and the protocols that tell them to phones.

use std::fmt;
use std::sync::Arc;

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
}

/// How much of a line's calls a watcher is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// That there are calls and how they stand, as on a busy lamp.
    States,
    /// With whom as well, and what names them in the protocol: for phones of the line itself.
    Calls,
}

/// What a watcher is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// How a line is.
    Line(Arc<LineState>),
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

/// The beginning of a watch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watched {
    /// How much is told.
    pub detail: Detail,
    /// How it is now.
    pub news: News,
}
