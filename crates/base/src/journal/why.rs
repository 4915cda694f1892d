//! Why legs and calls end, calls and offers are refused, and media takes a relay.

use super::DecodeError;
use super::admission::{Codecs, Shortage};
use super::codes::{AskedCode, WhyCodeRefused};
use super::feature::{Feature, WhyApart, WhyFeatureRefused};
use super::keys::Keys;
use super::resources::MediaFunction;
use super::wire::{Reader, Wire, wire_enum};
use crate::leg::ReleaseReason;

/// Why we ended a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyReleased {
    /// Another phone answered.
    AnsweredElsewhere,
    /// The caller gave up.
    CallerGaveUp,
    /// Nobody answered in time.
    NoAnswer,
    /// Another phone of the line refused the call for all of them.
    RefusedElsewhere,
    /// The other party hung up or was lost.
    OtherPartyGone,
    /// The call was refused.
    CallRefused,
    /// The description of its media could not be passed on.
    NoMedia,
    /// The number is incomplete; the device may ask again with more digits.
    NumberIncomplete,
    /// The server stops.
    ServerStops,
    /// Its part is done: others talk in its place.
    MovedOn(Feature),
    /// Somebody ordered it who is no party: an operator or a program.
    Ordered,
    /// A feature ended its part in it: it was dropped from a conference, or that was over.
    PutOut(Feature),
    /// The caller has keyed in what it was asked for.
    Prompted,
}

wire_enum!(WhyReleased {
    AnsweredElsewhere = 0,
    CallerGaveUp = 1,
    NoAnswer = 2,
    RefusedElsewhere = 3,
    OtherPartyGone = 4,
    CallRefused = 5,
    NoMedia = 6,
    NumberIncomplete = 7,
    ServerStops = 8,
    MovedOn = 9 (feature),
    Ordered = 10,
    Prompted = 11,
    PutOut = 20 (feature),
});

/// Why a call was refused before anything rang, or where it was sent on to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyRefused<'a> {
    /// The number leads nowhere.
    NumberNotResolved,
    /// No phone of the line is registered.
    NotRegistered {
        /// The line.
        line: &'a str,
    },
    /// The line has as many calls as its busy trigger allows.
    BusyTrigger {
        /// The line.
        line: &'a str,
        /// Calls that it has.
        calls: u32,
        /// How many make it busy.
        limit: u32,
    },
    /// The line may not have more calls at once.
    CallsMax {
        /// The line.
        line: &'a str,
        /// How many it may have.
        limit: u32,
    },
    /// The node has as many calls as it can hold.
    Congestion,
    /// Too many final records wait for the disk.
    RecordsWaiting,
    /// The node goes out of service.
    Draining,
    /// The call whose device it wants to take the place of is in no state for that (RFC 3891 §3).
    NothingToReplace,
    /// The trunk is configured without a far end.
    TrunkNotThere {
        /// The trunk.
        trunk: &'a str,
    },
    /// No trunk of the route list can be tried.
    NoTrunkLeft {
        /// The route list.
        list: &'a str,
    },
    /// A code that the number asks for was not given, or refused.
    Code {
        /// The number as it was dialled.
        number: &'a str,
        /// Which code.
        code: AskedCode,
        /// Why.
        why: WhyCodeRefused,
    },
    /// The call was redirected as often as it may be.
    TooManyRedirections {
        /// How often.
        hops: u32,
    },
    /// The hunt found nobody whom the call could be offered.
    NobodyToHunt {
        /// The hunt pilot.
        pilot: &'a str,
    },
    /// The number asks for a feature, which is refused.
    Feature {
        /// The feature by its word.
        feature: &'a str,
        /// Why.
        why: WhyFeatureRefused<'a>,
    },
    /// Calls must not disturb any phone of the line.
    DoNotDisturb {
        /// The line.
        line: &'a str,
    },
    /// There is no bandwidth for it.
    NoBandwidth(Shortage<'a>),
    /// A media resource is missing without which it cannot be.
    NoResource {
        /// What for.
        function: MediaFunction,
    },
    /// The regions leave the two devices no codec in common.
    NoCodec(Codecs<'a>),
    /// Media would not be encrypted that has to be, or would be that may not.
    Keys(Keys<'a>),
    /// Intercom lines call each other, and nobody else does.
    Intercom {
        /// The rule.
        rule: &'a str,
    },
    /// It could not talk with the one who would stay, when it took the place of the other one.
    CannotReplace {
        /// Why.
        why: WhyApart,
    },
}

wire_enum!(WhyRefused<'a> {
    NumberNotResolved = 0,
    NotRegistered = 1 { line },
    BusyTrigger = 2 { line, calls, limit },
    CallsMax = 3 { line, limit },
    Congestion = 4,
    RecordsWaiting = 5,
    Draining = 6,
    NothingToReplace = 7,
    TrunkNotThere = 8 { trunk },
    NoTrunkLeft = 9 { list },
    Code = 10 { number, code, why },
    TooManyRedirections = 11 { hops },
    NobodyToHunt = 12 { pilot },
    Feature = 13 { feature, why },
    DoNotDisturb = 20 { line },
    NoBandwidth = 30 (shortage),
    NoCodec = 31 (codecs),
    Keys = 80 (keys),
    Intercom = 90 { rule },
    NoResource = 120 { function },
    CannotReplace = 121 { why },
});

/// Why a caller whose call fails hears no announcement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyNotAnnounced {
    /// It offered no media with its wish for the call.
    NoOffer,
    /// It has agreed on media with somebody else before, or is in a call already.
    HeardBefore,
    /// As many callers hear one as may at once.
    TooMany,
    /// Every annunciator of its media resource group list is in use.
    NoAnnunciator,
}

wire_enum!(WhyNotAnnounced { NoOffer = 0, HeardBefore = 1, TooMany = 2, NoAnnunciator = 3 });

/// Why an offer was refused by us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyOfferRefused {
    /// Both sides offered at the same moment, or one offered while the other's offer was open.
    Glare,
    /// The other party has no media session that could be changed yet.
    OtherNotReady,
    /// The other party refused it.
    OtherRefused,
    /// It is no session description.
    Malformed,
    /// The regions leave none of its codecs, there is no bandwidth for them, or it wants keys of SRTP that this device may not have.
    NotPermitted,
    /// Nobody is put on hold in an intercom call.
    Intercom,
    /// It would have gone on through a transcoder, and there is no relay for that.
    NoRelay,
}

wire_enum!(WhyOfferRefused {
    Glare = 0,
    OtherNotReady = 1,
    OtherRefused = 2,
    Malformed = 3,
    NotPermitted = 20,
    Intercom = 21,
    NoRelay = 22,
});

/// Why media goes through a relay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyRelay {
    /// The configuration says always.
    Configured,
    /// The device says another address for media than its packets come from.
    BehindNat,
    /// One side encrypts and the other cannot.
    Keys,
    /// A party may be recorded.
    Recorded,
    /// What one side says is translated for the other.
    Transcoder,
    /// A device wants somebody between, or the other side an offer.
    Between,
    /// One side has the keys that it presses in its media and the other one has them in its signalling.
    KeyPresses,
    /// A phone has the tone of call waiting from the server.
    CallWaiting,
}

wire_enum!(WhyRelay { Configured = 0, BehindNat = 1, Keys = 2, Recorded = 12, Transcoder = 20, Between = 21, KeyPresses = 30, CallWaiting = 13 });

/// Why keys that are pressed reach the other side only as they are: one has them in its media, the other one in its signalling.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyKeysStay {
    /// There is no relay that could carry them over.
    NoRelay,
    /// The devices encrypt their media with keys that are not ours.
    Encrypted,
    /// The one that should have them in its media has none there.
    NoEvents,
    /// They would have to be heard in the sound, or made there, and its codec is not known here.
    Codec,
    /// What stands between the two is a device that carries none over.
    AtDevice,
}

wire_enum!(WhyKeysStay { NoRelay = 0, Encrypted = 1, NoEvents = 2, Codec = 3, AtDevice = 4 });

/// Where a device has the keys that it presses in a call, and where it learns of those of the other side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyPlace {
    /// In its media, as events (RFC 4733).
    Media,
    /// In its signalling.
    Signalling,
    /// In its sound, as tones.
    Sound,
}

wire_enum!(KeyPlace { Media = 0, Signalling = 1, Sound = 2 });

/// What a call ended by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyEnded {
    /// Somebody hung up after the answer.
    HungUp,
    /// The caller gave up before the answer.
    CallerGaveUp,
    /// It was refused before anything rang, or where it was sent on to.
    Refused,
    /// Every phone that was rung refused or failed.
    NobodyTookIt,
    /// Nobody answered in time.
    NoAnswer,
    /// A device or its connection was lost.
    DeviceLost(ReleaseReason),
    /// Media could not be agreed.
    NoMedia,
    /// The server stopped while the call was up; its next start closed the record.
    ServerRestarted,
    /// The server was told to stop, and the time for calls to end by themselves was over.
    ServerStopped,
    /// A hunt offered the call to members, and none of them took it.
    HuntExhausted,
    /// Its parties went on in another call.
    MovedOn(Feature),
    /// Somebody ordered it who is no party: an operator or a program.
    Ordered,
    /// A feature ended it: its party was dropped from a conference, or that was over.
    PutOut(Feature),
}

wire_enum!(WhyEnded {
    HungUp = 0,
    CallerGaveUp = 1,
    Refused = 2,
    NobodyTookIt = 3,
    NoAnswer = 4,
    DeviceLost = 5 (reason),
    NoMedia = 6,
    ServerRestarted = 7,
    ServerStopped = 8,
    HuntExhausted = 9,
    MovedOn = 10 (feature),
    Ordered = 11,
    PutOut = 20 (feature),
});
