//! What became of a number: changed, looked up, resolved or not; and whose it is.

use std::time::Duration;

use super::DecodeError;
use super::wire::{Reader, Wire, wire_enum, wire_struct};
use crate::Cause;
use crate::leg::Service;

/// How far a phone is from home.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MobilityView {
    /// In its own place.
    AtHome,
    /// In another place, within its device mobility group.
    SameGroup,
    /// In another place and outside its group.
    OtherGroup,
}

wire_enum!(MobilityView { AtHome = 0, SameGroup = 1, OtherGroup = 2 });

/// Whose setting the calling number of an emergency call is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EmergencyFrom<'a> {
    /// The line's.
    Line,
    /// A device mobility info's.
    Subnet(&'a str),
    /// A device pool's.
    DevicePool(&'a str),
    /// Nobody's: the number is the caller's.
    Nobody,
}

wire_enum!(EmergencyFrom<'a> { Line = 0, Subnet = 1 (name), DevicePool = 2 (name), Nobody = 3 });

/// Whose number it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NumberRole {
    /// Who calls.
    Calling,
    /// Who is called.
    Called,
    /// Who answered.
    Connected,
    /// Who diverted the call.
    Redirecting,
}

wire_enum!(NumberRole { Calling = 0, Called = 1, Connected = 2, Redirecting = 3 });

/// What the network says about a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NumberType {
    /// With area code, without country code.
    National,
    /// With country code.
    International,
    /// Local: neither.
    Subscriber,
    /// It does not say.
    Unknown,
}

wire_enum!(NumberType { National = 0, International = 1, Subscriber = 2, Unknown = 3 });

/// Whose setting put a number into the plan's form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NormalisedBy {
    /// The trunk's own.
    Trunk,
    /// Its device pool's.
    DevicePool,
}

wire_enum!(NormalisedBy { Trunk = 0, DevicePool = 1 });

/// One lookup of a number in a search space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lookup<'a> {
    /// What was looked up.
    pub digits: &'a str,
    /// The pattern that decided; empty when none did.
    pub pattern: &'a str,
    /// Its partition; empty for the null partition.
    pub partition: &'a str,
    /// What the pattern is.
    pub kind: PatternKind,
    /// Why it ended when it did.
    pub why: WhyLookupEnded,
    /// Time for which more digits were waited for in vain.
    pub waited: Duration,
    /// The called number after the pattern's change.
    pub called: &'a str,
    /// The calling number after the pattern's change.
    pub calling: &'a str,
}

wire_struct!(Lookup<'a> { digits, pattern, partition, kind, why, waited, called, calling });

/// What a pattern of the number table is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PatternKind {
    /// There is none.
    None,
    /// A directory number.
    Line,
    /// A translation pattern.
    Translation,
    /// A route pattern.
    Route,
    /// A hunt pilot.
    HuntPilot,
    /// A service of the node.
    Service,
    /// A pattern that blocks.
    Block,
    /// A number that asks for a feature.
    Feature,
}

wire_enum!(PatternKind {
    None = 0,
    Line = 1,
    Translation = 2,
    Route = 3,
    HuntPilot = 4,
    Service = 5,
    Block = 6,
    Feature = 7,
});

/// Why a lookup ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyLookupEnded {
    /// The best match is urgent.
    Urgent,
    /// Nothing longer was possible.
    Unambiguous,
    /// No more digits came in time.
    Timeout,
    /// The number came as a whole.
    Complete,
    /// An earlier pattern, or the way the number came, rules out waiting.
    NoWait,
    /// `#` ended dialling.
    Terminator,
    /// Nothing matches, and nothing can.
    NoCandidate,
}

wire_enum!(WhyLookupEnded {
    Urgent = 0,
    Unambiguous = 1,
    Timeout = 2,
    Complete = 3,
    NoWait = 4,
    Terminator = 5,
    NoCandidate = 6,
});

/// Where a number leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DestinationView<'a> {
    /// A line.
    Line(&'a str),
    /// A trunk, by name.
    Trunk(&'a str),
    /// A service of the node.
    Service(Service),
    /// A route list, by name.
    RouteList(&'a str),
    /// A hunt list, by name.
    HuntList(&'a str),
    /// A feature, by its word.
    Feature(&'a str),
}

wire_enum!(DestinationView<'a> {
    Line = 0 (line),
    Trunk = 1 (name),
    Service = 2 (service),
    RouteList = 3 (name),
    HuntList = 4 (name),
    Feature = 5 (word),
});

/// Why a number leads nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotResolved<'a> {
    /// Nothing matches it.
    NoMatch,
    /// A pattern blocks it.
    Blocked {
        /// The pattern.
        pattern: &'a str,
        /// What the caller is told.
        cause: Cause,
    },
    /// It is empty or no number at all.
    Malformed,
    /// Nothing matches it; with more digits something could.
    Incomplete,
    /// More translations than are allowed: a loop.
    TooManyTranslations,
    /// It leads to something that this server does not do yet.
    NotOffered {
        /// What.
        what: &'a str,
    },
}

wire_enum!(NotResolved<'a> {
    NoMatch = 0,
    Blocked = 1 { pattern, cause },
    Malformed = 2,
    Incomplete = 3,
    TooManyTranslations = 4,
    NotOffered = 5 { what },
});
