//! Features that take a party out of one call and put it into another.

use super::DecodeError;
use super::entry::{OriginView, PartyView, TargetView};
use super::wire::{Reader, Wire, wire_enum, wire_struct};
use crate::{CallId, Cause, LegId};

/// What moved a party from one call to another, as call records number it ("on behalf of").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Feature {
    /// A party sent the other one to somebody else (REFER).
    Transfer,
    /// A device took the place of another one (RFC 3891).
    Replaces,
    /// Parties were brought into a conference that one of them began.
    Conference,
    /// A party came into a conference by its number.
    MeetMe,
    /// A party waits at a number until somebody gets it back.
    Park,
    /// Somebody took a call that rang elsewhere.
    PickUp,
    /// The call of the server with a recorder.
    Recording,
    /// Whoever was called sent the caller to voice mail.
    Divert,
    /// A phone came into the call of another phone of its line.
    Barge,
    /// Somebody who was busy or did not answer is called again.
    CallBack,
    /// A page was over.
    Page,
}

wire_enum!(Feature {
    Transfer = 0,
    Replaces = 1,
    Conference = 2,
    MeetMe = 3,
    Park = 4,
    PickUp = 5,
    Recording = 12,
    Divert = 14,
    Barge = 10,
    CallBack = 20,
    Page = 100,
});

impl Feature {
    /// That a party goes on in this call.
    pub const fn into_call(self, to: CallId) -> Moved {
        Moved { feature: self, to }
    }

    /// The number of the feature in call records.
    pub const fn on_behalf_of(self) -> u16 {
        match self {
            Feature::Transfer => 10,
            Feature::Replaces => 18,
            Feature::Conference => 4,
            Feature::MeetMe => 7,
            Feature::Park => 3,
            Feature::PickUp => 16,
            Feature::Recording => 27,
            Feature::Divert => 14,
            Feature::Barge => 15,
            Feature::CallBack => 20,
            // CUCM has no number for it; it is a call of call control.
            Feature::Page => 13,
        }
    }
}

/// Two parties that were in other calls before talk with each other from here on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Joined<'a> {
    /// What brought them together.
    pub feature: Feature,
    /// The call with which the conversation began; the same for all calls that follow from it.
    pub conversation: CallId,
    /// Whose device is on the calling side; its leg is the record's.
    pub origin: OriginView<'a>,
    /// Who that is.
    pub calling: PartyView<'a>,
    /// The number that was dialled to reach the other one.
    pub called: &'a str,
    /// The called side; `None` while devices ring there.
    pub other: Option<Seat<'a>>,
}

wire_struct!(Joined<'a> { feature, conversation, origin, calling, called, other });

/// The called side of a call whose parties were brought together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seat<'a> {
    /// Its leg.
    pub leg: LegId,
    /// Whose device it is.
    pub target: TargetView<'a>,
    /// Who is there.
    pub connected: PartyView<'a>,
}

wire_struct!(Seat<'a> { leg, target, connected });

/// How a call hangs together with others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moves {
    /// The call with which the conversation began; the call itself when nothing came before it.
    pub conversation: CallId,
    /// What brought its parties together; `None` when one of them called the other.
    pub joined_by: Option<Feature>,
    /// What took a party of it into another call, and so ended it.
    pub left_by: Option<Feature>,
}

wire_struct!(Moves { conversation, joined_by, left_by });

/// Where a party of a call went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moved {
    /// What moved it.
    pub feature: Feature,
    /// The call in which it is now.
    pub to: CallId,
}

wire_struct!(Moved { feature, to });

/// Why a transfer was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyTransferRefused {
    /// Whoever asked for it is not in an answered call.
    NotTalking,
    /// Another transfer of the same call is under way.
    UnderWay,
    /// It names the very call that it is about.
    SameCall,
    /// The call that it names is in no state in which its party could be handed over.
    NotReady,
    /// What would be left has no device that could be joined: both parties are services of the node.
    NobodyToJoin,
    /// No call can begin now that would look for the one to whom it goes.
    Congestion,
    /// One of the calls is an intercom call.
    Intercom,
    /// One of the two calls is a page: nobody else comes in the place of who speaks there.
    Page,
    /// The two that would be left cannot talk with each other.
    Apart(WhyApart),
}

wire_enum!(WhyTransferRefused {
    NotTalking = 0,
    UnderWay = 1,
    SameCall = 2,
    NotReady = 3,
    NobodyToJoin = 4,
    Congestion = 5,
    Intercom = 20,
    Page = 100,
    Apart = 120 (why),
});

impl WhyTransferRefused {
    /// What whoever asked is told.
    pub const fn cause(self) -> Cause {
        match self {
            WhyTransferRefused::Congestion => Cause::SWITCHING_EQUIPMENT_CONGESTION,
            WhyTransferRefused::Apart(why) => why.cause(),
            WhyTransferRefused::Page
            | WhyTransferRefused::NotTalking
            | WhyTransferRefused::UnderWay
            | WhyTransferRefused::SameCall
            | WhyTransferRefused::NotReady
            | WhyTransferRefused::Intercom
            | WhyTransferRefused::NobodyToJoin => Cause::FACILITY_REJECTED,
        }
    }
}

/// Why two parties that talk with others cannot talk with each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyApart {
    /// There is no bandwidth between their places.
    NoBandwidth,
    /// They have no codec in common that regions permit, and nothing translates.
    NoCodec,
    /// Their media would not be encrypted, or one of them wants it encrypted and the other does not.
    Unencrypted,
}

wire_enum!(WhyApart { NoBandwidth = 0, NoCodec = 1, Unencrypted = 2 });

impl WhyApart {
    /// What whoever wanted to bring them together is told.
    pub const fn cause(self) -> Cause {
        match self {
            WhyApart::NoBandwidth => Cause::OUT_OF_BANDWIDTH,
            WhyApart::NoCodec => Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED,
            WhyApart::Unencrypted => Cause::BEARER_CAPABILITY_NOT_AUTHORIZED,
        }
    }
}

/// How a transfer goes on that was accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransferNews {
    /// The one to whom it goes rings or answered, so that whoever transfers is out.
    Reached,
    /// Nobody was reached: whoever transfers keeps the call.
    Failed(Cause),
    /// Whoever transfers hung up and leaves the rest to us.
    Unattended,
}

wire_enum!(TransferNews { Reached = 0, Failed = 1 (cause), Unattended = 2 });

/// How an intercom call goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Intercom<'a> {
    /// It reached its target, which hears the caller at once and is not heard.
    Whispers,
    /// The target does not want to be disturbed, and is.
    Overrides {
        /// The phone; empty for the only one of the line.
        phone: &'a str,
    },
    /// The target talks: both hear each other.
    Talks,
    /// The target wanted to talk, and its device refused what it was offered.
    StillWhispers,
    /// The caller dialled none: the number of its button is called.
    Target(&'a str),
}

wire_enum!(Intercom<'a> {
    Whispers = 0,
    Overrides = 1 { phone },
    Talks = 2,
    StillWhispers = 3,
    Target = 4 (number),
});

/// Why somebody does not get a feature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyFeatureRefused<'a> {
    /// This version does not have it.
    NotServed,
    /// The device is in no call, or in none that is far enough, for it.
    NotTalking,
    /// Nothing is there to do it with: no call to pick up, no party that is parked there, no conference.
    NothingThere,
    /// It wants a number behind the code, or has one that means nothing.
    Argument {
        /// What was given.
        argument: &'a str,
    },
    /// Nothing is configured for whoever asks: a line that is in no pickup group, for example.
    NotConfigured {
        /// What would have to be.
        what: &'a str,
    },
    /// It is not allowed to whoever asks, or not with such a call.
    NotAllowed {
        /// The rule.
        rule: &'a str,
    },
    /// Every resource that it needs is in use.
    Exhausted {
        /// What there is no more of.
        what: &'a str,
    },
    /// No new call can begin now.
    Congestion,
    /// Somebody else was faster, or did the same.
    TooLate,
    /// What was asked for is in use: another call is parked there.
    Taken,
    /// There is no bandwidth between whoever asks and the party that it would talk with.
    NoBandwidth,
    /// The number is that of a conference that nobody has opened.
    NotOpen,
    /// Its media would not be encrypted, which the service parameter forbids.
    Unencrypted,
    /// Nobody could be reached of those whom it is for.
    Unreached {
        /// What says most of why.
        cause: Cause,
    },
    /// Regions leave no codec to a party and to what it would talk with.
    NoCodec,
}

wire_enum!(WhyFeatureRefused<'a> {
    NotServed = 0,
    NotTalking = 1,
    NothingThere = 2,
    Argument = 3 { argument },
    NotConfigured = 4 { what },
    NotAllowed = 5 { rule },
    Exhausted = 6 { what },
    Congestion = 7,
    TooLate = 8,
    Taken = 9,
    NoBandwidth = 10,
    NotOpen = 20,
    Unencrypted = 21,
    Unreached = 100 { cause },
    NoCodec = 22,
});

impl WhyFeatureRefused<'_> {
    /// What whoever asked is told.
    pub const fn cause(&self) -> Cause {
        match self {
            WhyFeatureRefused::NotServed
            | WhyFeatureRefused::NotTalking
            | WhyFeatureRefused::NotConfigured { .. }
            | WhyFeatureRefused::NotAllowed { .. } => Cause::FACILITY_REJECTED,
            WhyFeatureRefused::NothingThere | WhyFeatureRefused::TooLate => Cause::UNALLOCATED_NUMBER,
            WhyFeatureRefused::Taken => Cause::USER_BUSY,
            WhyFeatureRefused::NoBandwidth => Cause::OUT_OF_BANDWIDTH,
            WhyFeatureRefused::NoCodec => Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED,
            WhyFeatureRefused::NotOpen => Cause::SUBSCRIBER_ABSENT,
            WhyFeatureRefused::Unencrypted => Cause::BEARER_CAPABILITY_NOT_AUTHORIZED,
            WhyFeatureRefused::Unreached { cause } => *cause,
            WhyFeatureRefused::Argument { .. } => Cause::INVALID_NUMBER_FORMAT,
            WhyFeatureRefused::Exhausted { .. } => Cause::RESOURCE_UNAVAILABLE,
            WhyFeatureRefused::Congestion => Cause::SWITCHING_EQUIPMENT_CONGESTION,
        }
    }
}
