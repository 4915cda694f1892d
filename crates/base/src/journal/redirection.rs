//! What sends a call on: forwards of lines, and hunts.

use std::time::Duration;

use super::DecodeError;
use super::wire::{Reader, Wire, wire_enum, wire_struct};

/// Who redirected a call, as call records number it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Redirection<'a> {
    /// The line or hunt pilot that sent the call on.
    pub by: &'a str,
    /// Redirect reason of call records: 15 for all calls, 1 busy, 2 no answer, 178 unregistered ….
    pub reason: u16,
    /// Feature of call records that did it: 5 for forwarding.
    pub on_behalf_of: u16,
}

wire_struct!(Redirection<'a> { by, reason, on_behalf_of });

/// A call is sent on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Forwarding<'a> {
    /// Who sends it on.
    pub redirection: Redirection<'a>,
    /// Which setting says so.
    pub why: WhyForwarded,
    /// The number to which it goes.
    pub to: &'a str,
    /// The how many-th hop of the call this is.
    pub hop: u32,
    /// Set when it is the way out, and not what the line would do otherwise.
    pub way_out: Option<WayOut>,
}

wire_struct!(Forwarding<'a> { redirection, why, to, hop, way_out });

/// Which setting sends a call on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyForwarded {
    /// All calls of the line are forwarded.
    All,
    /// The line is busy, or its phone does not want to be disturbed.
    Busy,
    /// The line rang in vain.
    NoAnswer,
    /// No phone of the line is registered.
    Unregistered,
    /// A hunt found nobody, and the line that was called first says where its calls go then.
    NoCoverage,
    /// The application behind the line is gone.
    CtiFailure,
    /// A hunt found nobody, and its pilot says where the call goes.
    HuntEnded,
    /// Somebody took the call that rang there.
    PickedUp,
    /// A call that was parked was got back.
    ParkRetrieved,
    /// Nobody got a parked call back in time.
    ParkReverted,
    /// A phone that was called sent it to voice mail.
    Diverted,
    /// A device that was called named somebody else (SIP 3xx).
    Redirected,
}

wire_enum!(WhyForwarded {
    All = 0,
    Busy = 1,
    NoAnswer = 2,
    Unregistered = 3,
    NoCoverage = 4,
    CtiFailure = 5,
    HuntEnded = 6,
    PickedUp = 7,
    ParkRetrieved = 8,
    ParkReverted = 9,
    Diverted = 20,
    Redirected = 21,
});

/// Why a call does not go where a device wanted it sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyNotRedirected {
    /// It named no number.
    NoNumber,
    /// It named somebody at a host that is not ours.
    OtherHost,
    /// A hunt goes on with the next member, whatever the phone of one of them says.
    Hunting,
    /// The caller and the device were just agreeing on media.
    Media,
    /// It was rung for a feature of its own: a call back, an intercom call, or a call that it was to pick up.
    Feature,
    /// A trunk of a route list named the number that it was sent, or one that leads nowhere: the list goes on.
    Nowhere,
    /// The call is for an emergency service, which the next trunk of the list may reach.
    Emergency,
}

wire_enum!(WhyNotRedirected {
    NoNumber = 0,
    OtherHost = 1,
    Hunting = 2,
    Media = 3,
    Feature = 4,
    Nowhere = 5,
    Emergency = 6,
});

/// Why a forward of all calls is not followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WayOut {
    /// It leads back to a line that forwarded this call before.
    Loop,
    /// It would be one hop too many.
    HopLimit,
}

wire_enum!(WayOut { Loop = 0, HopLimit = 1 });

/// How the members of a line group were chosen that ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyHunted<'a> {
    /// The first in the list who was not tried and is free.
    TopDown,
    /// Its turn came after this member's; after nobody's when empty.
    TurnAfter(&'a str),
    /// It has been idle longest: for so long.
    Idle(Duration),
    /// All that are free ring together.
    Broadcast,
}

wire_enum!(WhyHunted<'a> { TopDown = 0, TurnAfter = 1 (member), Idle = 2 (time), Broadcast = 3 });

/// Why a member of a line group was passed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyPassedOver {
    /// It has as many calls as its busy trigger allows.
    Busy,
    /// It is on a call in a group where only idle members count.
    NotIdle,
    /// None of its phones is registered.
    NotAvailable,
    /// It is logged out of hunt groups.
    LoggedOut,
    /// It was offered the call and refused it as busy.
    RefusedBusy,
    /// It was offered the call and could not be reached.
    RefusedNotAvailable,
}

wire_enum!(WhyPassedOver {
    Busy = 0,
    NotIdle = 1,
    NotAvailable = 2,
    LoggedOut = 3,
    RefusedBusy = 4,
    RefusedNotAvailable = 5,
});

/// Why a member of a line group did not take a call, as far as the group's options tell it apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HuntCondition {
    /// It rang in vain.
    NoAnswer,
    /// It was busy.
    Busy,
    /// No phone was registered, or it was logged out.
    NotAvailable,
}

wire_enum!(HuntCondition { NoAnswer = 0, Busy = 1, NotAvailable = 2 });

/// Why a hunt left a line group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyGroupLeft {
    /// All were tried; the last member was in this condition.
    MembersTried(HuntCondition),
    /// A member was in this condition, and the group's option for it skips the others.
    Skipped(HuntCondition),
    /// The group has no members.
    Empty,
}

wire_enum!(WhyGroupLeft { MembersTried = 0 (condition), Skipped = 1 (condition), Empty = 2 });

/// Why a hunt found nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyExhausted {
    /// There is no further group after this reason to leave the last one.
    LastGroup(WhyGroupLeft),
    /// The last member of a group was in this condition, and the group's option for it keeps to the group.
    LastMember(HuntCondition),
    /// A member was in this condition, and the group's option for it stops the hunt.
    Stopped(HuntCondition),
    /// The hunt took as long as the pilot lets it.
    MaximumTimer,
}

wire_enum!(WhyExhausted {
    LastGroup = 0 (left),
    LastMember = 1 (condition),
    Stopped = 2 (condition),
    MaximumTimer = 3,
});
