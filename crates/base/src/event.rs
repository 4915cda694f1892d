//! What one part of the system may know of another: immutable records, read by journal, records, presence,
//! CTI, alarms and the admin views. Nobody reaches into a call.

use std::net::SocketAddr;
use std::time::Duration;

use crate::LineName;
use crate::leg::BindingId;
use crate::net::Transport;

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A phone registered for the first time, or from a new address.
    Registered {
        /// The line.
        line: LineName,
        /// Which of its phones.
        binding: BindingId,
        /// Where it is.
        peer: SocketAddr,
        /// What carries its messages.
        transport: Transport,
        /// What it calls itself (User-Agent).
        user_agent: Box<str>,
        /// For how long.
        expires: Duration,
    },
    /// A phone is no longer reachable on a line.
    Unregistered {
        /// The line.
        line: LineName,
        /// Which of its phones.
        binding: BindingId,
        /// Why.
        reason: UnregisterReason,
    },
    /// A registration or call was refused before it began.
    Refused {
        /// The line that was claimed.
        claimed: Box<str>,
        /// Where the request came from.
        peer: SocketAddr,
        /// Which request, for example `REGISTER`.
        request: &'static str,
        /// Why.
        reason: RefuseReason,
    },
}

/// Why a registration ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnregisterReason {
    /// The phone said so.
    ByPhone,
    /// It did not refresh in time.
    Expired,
    /// Its connection closed.
    ConnectionClosed,
    /// A newer registration of the same phone took its place.
    Replaced,
    /// The line, or the socket over which it was reached, is no longer in the configuration.
    Unconfigured,
    /// The socket that it was reached over was closed.
    SocketClosed,
    /// It was told to begin anew.
    ResetOrdered,
    /// What it sent could not be followed.
    Broken,
}

/// Why a request was refused before it became a registration or call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefuseReason {
    /// No such line.
    UnknownLine,
    /// The password is wrong.
    WrongPassword,
    /// A nonce count was used twice: somebody repeats an old request.
    Replayed,
    /// The authenticated user is not the one that the request speaks for.
    NotYourLine,
    /// Who subscribes may not see the line.
    NotToBeWatched,
    /// Too many phones on the line.
    TooManyContacts,
    /// Load is shed.
    Overloaded,
    /// The server goes out of service.
    Draining,
    /// What it would replace or join is not there.
    NothingThere,
    /// The request came round in a circle.
    Loop,
    /// The request passed too many hops.
    TooManyHops,
}
