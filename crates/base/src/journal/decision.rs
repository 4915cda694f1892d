//! What call control decided, step by step: the reasons that `explain` puts into words.

use std::net::SocketAddr;
use std::time::Duration;

use super::DecodeError;
use super::admission::Admission;
use super::call_back::CallBackNews;
use super::codes::{AskedCode, CodesView};
use super::entry::{MediaPart, OriginView, PartyView, ReleasedBy, TargetView};
use super::feature::{
    Feature, Intercom, Joined, Moved, TransferNews, WhyApart, WhyFeatureRefused, WhyTransferRefused,
};
use super::keys::Keys;
use super::number::{
    DestinationView, EmergencyFrom, Lookup, MobilityView, NormalisedBy, NotResolved, NumberRole, NumberType,
};
use super::paging::Paging;
use super::path::MediaPath;
use super::redirection::{
    Forwarding, WayOut, WhyExhausted, WhyGroupLeft, WhyHunted, WhyNotRedirected, WhyPassedOver,
};
use super::resources::MediaNews;
use super::why::{
    KeyPlace, WhyEnded, WhyKeysStay, WhyNotAnnounced, WhyOfferRefused, WhyRefused, WhyRelay, WhyReleased,
};
use super::wire::{Reader, Wire, wire_enum};
use crate::leg::{Alert, ReleaseReason, Tone};
use crate::net::Flow;
use crate::{CallId, Cause, WallTime};

/// A decision of call control.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision<'a> {
    /// A device asked for a call; the record's leg is the caller's.
    CallBegan {
        /// Whose device it is.
        origin: OriginView<'a>,
        /// Who calls, as it is shown to others.
        calling: PartyView<'a>,
        /// The number that was asked for.
        called: &'a str,
        /// The call's id in the device's protocol (SIP Call-ID).
        protocol_call_id: &'a str,
        /// Where its packets come from.
        flow: Flow,
        /// `Offer`, or `Nothing` when it wants to be offered.
        media: MediaPart,
    },
    /// A call is made on somebody's account, for a party that joins it later; the record's leg stands for that party.
    CallMade {
        /// What makes it.
        feature: Feature,
        /// On whose account.
        origin: OriginView<'a>,
        /// Who that is.
        calling: PartyView<'a>,
        /// The number.
        called: &'a str,
    },
    /// A number that a trunk brought was put into the form in which the plan knows it.
    NumberNormalised {
        /// Whose.
        role: NumberRole,
        /// What the network says it is.
        number_type: NumberType,
        /// As it came.
        before: &'a str,
        /// As the plan knows it.
        after: &'a str,
        /// Whose setting this is.
        by: NormalisedBy,
    },
    /// The record's leg sees a number as a transformation pattern shows it.
    NumberTransformed {
        /// Whose number.
        role: NumberRole,
        /// The pattern.
        pattern: &'a str,
        /// Its partition; empty for the null partition.
        partition: &'a str,
        /// As the plan knows it.
        before: &'a str,
        /// As the device sees it.
        after: &'a str,
    },
    /// The address of the calling phone lies in a subnet that is known.
    PhoneLocated {
        /// The device mobility info.
        info: &'a str,
        /// The device pool that rules there.
        pool: &'a str,
        /// The phone's own device pool.
        home: &'a str,
        /// How far it is from home.
        away: MobilityView,
    },
    /// An emergency service is called.
    EmergencyCalled {
        /// The calling number for the place where the phone is; empty when there is none.
        number: &'a str,
        /// Whose setting that is.
        from: EmergencyFrom<'a>,
    },
    /// One lookup of a number ended with a pattern or with none.
    LookedUp(Lookup<'a>),
    /// A number could become longer, and more digits are waited for.
    DigitsAwaited {
        /// What was dialled so far.
        digits: &'a str,
        /// For how long after each.
        timer: Duration,
        /// The pattern that would decide now; empty when none would.
        best: &'a str,
        /// How many patterns could still match.
        potential: u32,
        /// The first of them.
        example: &'a str,
    },
    /// A trunk of a route list is tried.
    RouteTried {
        /// The route list.
        list: &'a str,
        /// The route group in it.
        group: &'a str,
        /// The trunk.
        trunk: &'a str,
    },
    /// A trunk of a route list is passed over: it is down, or not there yet.
    TrunkSkipped {
        /// The route list.
        list: &'a str,
        /// The trunk.
        trunk: &'a str,
    },
    /// A member of a route list is the caller's local route group, and the caller has none.
    NoLocalRouteGroup {
        /// The route list.
        list: &'a str,
        /// The local route group.
        group: &'a str,
    },
    /// No trunk of a route list is left to try.
    RouteListExhausted {
        /// The route list.
        list: &'a str,
        /// What the last trunk said.
        cause: Cause,
    },
    /// The caller is asked for a code before the number's way is used.
    CodeAsked {
        /// Which.
        code: AskedCode,
        /// For how long a key is waited for.
        timer: Duration,
    },
    /// All codes that were asked for are accepted.
    CodesAccepted(CodesView<'a>),
    /// The call is sent on: it is looked up again as another number.
    Forwarded(Forwarding<'a>),
    /// A line rings although all its calls are forwarded.
    ForwardNotFollowed {
        /// The line.
        line: &'a str,
        /// Why.
        because: WayOut,
    },
    /// A device wanted the call sent elsewhere (SIP 3xx), which is not done: that is a refusal.
    RedirectNotFollowed {
        /// The number or host that it named; empty when there is none.
        to: &'a str,
        /// Why.
        why: WhyNotRedirected,
    },
    /// The call was redirected as often as it may be, and ends here.
    HopLimitReached {
        /// The line or hunt pilot that would be one hop too many.
        at: &'a str,
        /// How often the call was redirected.
        hops: u32,
    },
    /// The call reached a hunt pilot.
    HuntBegan {
        /// The pilot's number.
        pilot: &'a str,
        /// Its hunt list.
        list: &'a str,
    },
    /// Members of a line group are offered the call.
    HuntRings {
        /// The line group.
        group: &'a str,
        /// The first of them.
        member: &'a str,
        /// How many.
        members: u32,
        /// Why these.
        because: WhyHunted<'a>,
    },
    /// A member of a line group was passed over.
    HuntSkipped {
        /// The line group.
        group: &'a str,
        /// The member.
        member: &'a str,
        /// Why.
        because: WhyPassedOver,
    },
    /// The hunt goes on with the next line group.
    HuntLeftGroup {
        /// The line group that it leaves.
        group: &'a str,
        /// Why.
        because: WhyGroupLeft,
    },
    /// A member of a line group has the call.
    HuntConnected {
        /// The line group.
        group: &'a str,
        /// The member.
        member: &'a str,
    },
    /// The hunt found nobody.
    HuntExhausted {
        /// The pilot's number.
        pilot: &'a str,
        /// Why.
        because: WhyExhausted,
    },
    /// The number leads somewhere.
    NumberResolved {
        /// What was dialled.
        digits: &'a str,
        /// The pattern that matched.
        pattern: &'a str,
        /// The number as it is sent on.
        sent: &'a str,
        /// Where it leads.
        destination: DestinationView<'a>,
    },
    /// The number leads nowhere.
    NumberNotResolved {
        /// What was dialled.
        digits: &'a str,
        /// Why.
        why: NotResolved<'a>,
    },
    /// The phones of the line that can be rung.
    PhonesFound {
        /// The line.
        line: &'a str,
        /// How many; none means that no phone is registered.
        phones: u32,
    },
    /// A leg is rung; it is the record's leg.
    Rung {
        /// Where.
        target: TargetView<'a>,
        /// The number as it is sent.
        called: &'a str,
        /// Who is shown as the caller.
        shown: PartyView<'a>,
    },
    /// The caller is told that it rings.
    CallerAlerted {
        /// Ringing or something to be heard.
        alert: Alert,
        /// With early media.
        media: MediaPart,
    },
    /// The record's leg has the call; the caller is told.
    AnsweredBy {
        /// Who is shown to the caller.
        connected: PartyView<'a>,
    },
    /// We end the record's leg.
    LegReleased {
        /// Why.
        cause: Cause,
        /// In detail.
        why: WhyReleased,
    },
    /// A called device refused or failed; others may still ring.
    LegFailed {
        /// The cause.
        cause: Cause,
        /// Why, in words of its protocol.
        reason: ReleaseReason,
        /// Legs that still ring.
        left: u32,
    },
    /// Nobody answered in time.
    NoAnswer {
        /// The line, trunk or service.
        called: &'a str,
        /// For how long it was tried.
        after: Duration,
    },
    /// The call was refused before anything rang, or where it was sent on to.
    Refused {
        /// What the caller is told.
        cause: Cause,
        /// Why.
        why: WhyRefused<'a>,
    },
    /// The record's leg put the other on hold.
    Held,
    /// The record's leg took the other back.
    Resumed,
    /// Media is agreed.
    MediaPath(MediaPath<'a>),
    /// Keys of SRTP were offered, or would have had to be.
    Keys(Keys<'a>),
    /// A media resource was taken, given back, or not to be had.
    Resource(MediaNews<'a>),
    /// An offer of the record's leg was refused by us.
    OfferRefused {
        /// What it is told.
        cause: Cause,
        /// Why.
        why: WhyOfferRefused,
    },
    /// The record's leg is shown who the other party is.
    PartyShown(PartyView<'a>),
    /// Media goes through a relay of ours.
    RelayWanted {
        /// Why.
        why: WhyRelay,
    },
    /// The relay is there.
    RelayOpened {
        /// What the caller's side is told to send to.
        caller_side: SocketAddr,
        /// What the called side is told to send to.
        called_side: SocketAddr,
    },
    /// The relay is not to be had; media goes directly.
    RelayNotOpened {
        /// What the operating system said.
        reason: &'a str,
    },
    /// The record's leg, or the other one, offers streams beside audio that the relay does not carry; they are refused. Written until
    /// relays carried further streams.
    OnlyAudioRelayed,
    /// What becomes of a stream beside the first audio stream. Of one that is refused the record's leg, or the other one, offered it.
    Stream(super::StreamNews<'a>),
    /// The record's leg wanted the other sent elsewhere and was refused.
    TransferRefused {
        /// What it is told.
        cause: Cause,
        /// To this number.
        destination: &'a str,
        /// Why.
        why: WhyTransferRefused,
    },
    /// The record's leg transfers the other party.
    TransferBegan {
        /// To this number.
        destination: &'a str,
        /// Into this call, where it talks with the one to whom it transfers; else the number is called.
        into: Option<CallId>,
        /// The call that is made to the number.
        asks: Option<CallId>,
    },
    /// A transfer that began before goes on.
    TransferWent(TransferNews),
    /// Nobody took the call at the phones of whoever was to pick it up: it rings at this line again.
    NotPickedUp {
        /// The line.
        line: &'a str,
    },
    /// The record's leg waits and hears this.
    Hears(Tone),
    /// The call fails, and the caller hears why before it is told so.
    Announced {
        /// Why it fails.
        cause: Cause,
        /// What the caller hears.
        tone: Tone,
    },
    /// The caller is not told why in sound although the configuration says so.
    NotAnnounced {
        /// Why not.
        why: WhyNotAnnounced,
    },
    /// The record's leg has keys in its media (RFC 4733), the other one in its signalling: the relay carries them over. Calls are now told
    /// of in [`Decision::KeysBetween`]; journals of before have this.
    KeysCarried,
    /// The two sides have keys in different places, and the relay carries them over.
    KeysBetween {
        /// Where the caller has them.
        caller: KeyPlace,
        /// Where the called side has them.
        called: KeyPlace,
    },
    /// The same, and nothing carries them over.
    KeysNotCarried {
        /// Why not.
        why: WhyKeysStay,
    },
    /// The record's leg goes on in another call.
    PartyMoved(Moved),
    /// Somebody who is no party wants something done with the call.
    Ordered {
        /// What, in words.
        what: &'a str,
        /// Who.
        who: &'a str,
    },
    /// Somebody asked for a feature and does not get it.
    FeatureRefused {
        /// The feature by its word.
        feature: &'a str,
        /// What the device is told.
        cause: Cause,
        /// Why.
        why: WhyFeatureRefused<'a>,
    },
    /// The record's leg has a seat in a conference that somebody began.
    Convened {
        /// Who began it.
        by: PartyView<'a>,
        /// The device with which that was done.
        device: OriginView<'a>,
    },
    /// Two are left in a conference that talk through the bridge on, since they could not without it.
    StaysInConference {
        /// Why not.
        why: WhyApart,
    },
    /// A feature that somebody asked for is done.
    FeatureDone {
        /// The feature by its word.
        feature: &'a str,
        /// What is to be said of it, such as a number; empty when nothing is.
        text: &'a str,
    },
    /// The forward that sends the call on is one that a user set.
    ForwardSetByUser {
        /// The phone at which it was set; empty for a program.
        phone: &'a str,
        /// When.
        at: WallTime,
    },
    /// A phone of the line does not want to be disturbed.
    DoNotDisturb {
        /// The line.
        line: &'a str,
        /// The phone; empty for the only one of the line.
        phone: &'a str,
        /// What becomes of the call there.
        mode: Undisturbed,
    },
    /// A phone of a member takes no part in hunts.
    HuntLoggedOut {
        /// The line.
        line: &'a str,
        /// The phone; empty for the only one of the line.
        phone: &'a str,
    },
    /// Parties that were in other calls before talk from here on; the record's leg is the calling one.
    Joined(Joined<'a>),
    /// The record's leg rang in another call before, and rings on in this one.
    RingsOn {
        /// Which device it is.
        target: TargetView<'a>,
    },
    /// What happens in a page.
    Paging(Paging<'a>),
    /// The record's leg reported the other party as malicious.
    MarkedMalicious {
        /// Whom.
        party: PartyView<'a>,
    },
    /// The record's leg reported that what it hears, or what is heard of it, is bad.
    QualityReported {
        /// What is wrong, by the word of the reason; empty when the user gave none.
        reason: &'a str,
    },
    /// The others of a pickup group are told that the call rings at one of them.
    PickupGroupTold {
        /// The group.
        group: &'a str,
        /// How many lines.
        lines: u32,
    },
    /// Regions, locations or AAR did something with the call.
    Admission(Admission<'a>),
    /// An intercom call went on.
    Intercom(Intercom<'a>),
    /// What happened with the recording of the record's leg.
    Recording(super::RecordingNews<'a>),
    /// How a call back goes on that was asked for in this call.
    CallBack(CallBackNews<'a>),
    /// The call is over.
    Ended {
        /// Why.
        cause: Cause,
        /// Who ended it.
        by: ReleasedBy,
        /// In detail.
        why: WhyEnded,
    },
}

wire_enum!(Decision<'a> {
    CallBegan = 1 { origin, calling, called, protocol_call_id, flow, media },
    NumberResolved = 2 { digits, pattern, sent, destination },
    NumberNotResolved = 3 { digits, why },
    PhonesFound = 4 { line, phones },
    Rung = 5 { target, called, shown },
    CallerAlerted = 6 { alert, media },
    AnsweredBy = 7 { connected },
    LegReleased = 9 { cause, why },
    LegFailed = 10 { cause, reason, left },
    NoAnswer = 11 { called, after },
    Refused = 12 { cause, why },
    Held = 13,
    Resumed = 14,
    MediaPath = 15 (path),
    OfferRefused = 16 { cause, why },
    PartyShown = 17 (party),
    RelayWanted = 18 { why },
    RelayOpened = 19 { caller_side, called_side },
    RelayNotOpened = 20 { reason },
    Ended = 22 { cause, by, why },
    LookedUp = 23 (lookup),
    DigitsAwaited = 24 { digits, timer, best, potential, example },
    RouteTried = 25 { list, group, trunk },
    TrunkSkipped = 26 { list, trunk },
    NoLocalRouteGroup = 27 { list, group },
    RouteListExhausted = 28 { list, cause },
    CodeAsked = 29 { code, timer },
    CodesAccepted = 30 (codes),
    Forwarded = 31 (forwarding),
    ForwardNotFollowed = 32 { line, because },
    HopLimitReached = 33 { at, hops },
    RedirectNotFollowed = 150 { to, why },
    HuntBegan = 34 { pilot, list },
    HuntRings = 35 { group, member, members, because },
    HuntSkipped = 36 { group, member, because },
    HuntLeftGroup = 37 { group, because },
    HuntConnected = 38 { group, member },
    HuntExhausted = 39 { pilot, because },
    NumberTransformed = 41 { role, pattern, partition, before, after },
    PhoneLocated = 42 { info, pool, home, away },
    EmergencyCalled = 43 { number, from },
    NumberNormalised = 40 { role, number_type, before, after, by },
    TransferBegan = 44 { destination, into, asks },
    TransferWent = 45 (news),
    PartyMoved = 46 (moved),
    Joined = 47 (joined),
    RingsOn = 48 { target },
    TransferRefused = 49 { cause, destination, why },
    CallMade = 50 { feature, origin, calling, called },
    Hears = 51 (tone),
    FeatureRefused = 52 { feature, cause, why },
    FeatureDone = 53 { feature, text },
    Ordered = 54 { what, who },
    ForwardSetByUser = 60 { phone, at },
    DoNotDisturb = 61 { line, phone, mode },
    HuntLoggedOut = 62 { line, phone },
    Admission = 70 (news),
    Announced = 110 { cause, tone },
    NotAnnounced = 111 { why },
    Paging = 100 (news),
    KeysCarried = 112,
    KeysBetween = 114 { caller, called },
    KeysNotCarried = 113 { why },
    Keys = 80 (keys),
    MarkedMalicious = 101 { party },
    NotPickedUp = 81 { line },
    Intercom = 90 (news),
    Recording = 95 (news),
    Resource = 120 (news),
    StaysInConference = 130 { why },
    Convened = 133 { by, device },
    OnlyAudioRelayed = 131,
    Stream = 132 (news),
    CallBack = 140 (news),
    QualityReported = 102 { reason },
    PickupGroupTold = 103 { group, lines },
});

/// What becomes of a call at a phone that does not want to be disturbed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Undisturbed {
    /// It is not offered there.
    Rejected,
    /// It is shown there and does not ring.
    Silent,
}

wire_enum!(Undisturbed { Rejected = 0, Silent = 1 });
