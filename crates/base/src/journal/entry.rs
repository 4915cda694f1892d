//! What a record can say.

use std::net::SocketAddr;
use std::time::Duration;

use super::DecodeError;
use super::codes::CodesView;
use super::feature::Moves;
use super::redirection::Redirection;
use super::wire::{Reader, Wire, put_varint, wire_enum, wire_struct};
use crate::event::{Event, RefuseReason, UnregisterReason};
use crate::leg::{Alert, BindingId, DigitsEnd, Party, Presentation, ReleaseReason, Service, Target};
use crate::net::{Flow, Transport};
use crate::{CallId, Cause, LegId, WallTime, leg};

/// What a record says.
#[expect(
    clippy::large_enum_variant,
    reason = "entries are made to be written at once, never kept; a box would cost each call an allocation"
)]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry<'a> {
    /// A message of a device came or went; the record's leg is the device's.
    Message {
        /// Came or went.
        direction: Direction,
        /// How it travelled.
        flow: Flow,
        /// Its bytes, without credentials.
        bytes: &'a [u8],
    },
    /// A device told something; the record's leg is the device's.
    Told(Told<'a>),
    /// Call control decided something.
    Decision(super::Decision<'a>),
    /// A phone came or went, or was refused.
    Registration(Registration<'a>),
    /// Something that an operator should know.
    Alarm(Alarm<'a>),
    /// The final record of a call. There is exactly one for each call.
    Call(CallRecord<'a>),
    /// What was received of the record's leg in its whole life, where media passed through us.
    Quality(Quality),
    /// A user set something at a phone or by a program.
    UserSet(super::UserSet<'a>),
}

wire_enum!(Entry<'a> {
    Message = 1 { direction, flow, bytes },
    Told = 2 (told),
    Decision = 3 (decision),
    Registration = 4 (registration),
    Alarm = 5 (alarm),
    Call = 6 (call),
    Quality = 7 (quality),
    UserSet = 8 (set),
});

/// Which way a message went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// It came in.
    Received,
    /// It went out.
    Sent,
}

wire_enum!(Direction { Received = 0, Sent = 1 });

/// A number and name as they were shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PartyView<'a> {
    /// The number.
    pub number: &'a str,
    /// The name; empty when there is none.
    pub name: &'a str,
    /// Whether both may be shown.
    pub presentation: Presentation,
}

wire_struct!(PartyView<'a> { number, name, presentation });

impl<'a> From<&'a Party> for PartyView<'a> {
    fn from(party: &'a Party) -> Self {
        PartyView { number: &party.number, name: &party.name, presentation: party.presentation }
    }
}

/// Whose device began a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OriginView<'a> {
    /// A phone on a line.
    Line {
        /// The line.
        line: &'a str,
        /// The name of the phone; empty for the only phone of a line.
        phone: &'a str,
    },
    /// A trunk, by name.
    Trunk(&'a str),
}

/// A phone without a name is written as it was before phones had names.
impl<'a> Wire<'a> for OriginView<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            OriginView::Line { line, phone: "" } => {
                out.push(0);
                line.put(out);
            }
            OriginView::Trunk(name) => {
                out.push(1);
                name.put(out);
            }
            OriginView::Line { line, phone } => {
                out.push(2);
                line.put(out);
                phone.put(out);
            }
        }
    }
    fn take(from: &mut Reader<'a>) -> Result<Self, DecodeError> {
        match from.byte()? {
            0 => Ok(OriginView::Line { line: Wire::take(from)?, phone: "" }),
            1 => Ok(OriginView::Trunk(Wire::take(from)?)),
            2 => Ok(OriginView::Line { line: Wire::take(from)?, phone: Wire::take(from)? }),
            code => Err(DecodeError::Unknown { what: "OriginView", code }),
        }
    }
}

impl<'a> From<&'a leg::Origin> for OriginView<'a> {
    fn from(origin: &'a leg::Origin) -> Self {
        match origin {
            leg::Origin::Line { line, phone } => {
                OriginView::Line { line: line.as_str(), phone: phone.as_deref().unwrap_or_default() }
            }
            leg::Origin::Trunk(name) => OriginView::Trunk(name),
        }
    }
}

/// Where a leg was rung.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TargetView<'a> {
    /// A phone of a line.
    Phone {
        /// The line.
        line: &'a str,
        /// The name of the phone; empty for the only phone of a line.
        phone: &'a str,
        /// Which of its contacts.
        binding: BindingId,
    },
    /// A trunk, by name.
    Trunk(&'a str),
    /// A service of the node.
    Service(Service),
}

/// A phone without a name is written as it was before phones had names.
impl<'a> Wire<'a> for TargetView<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            TargetView::Phone { line, phone: "", binding } => {
                out.push(0);
                line.put(out);
                binding.put(out);
            }
            TargetView::Trunk(name) => {
                out.push(1);
                name.put(out);
            }
            TargetView::Service(service) => {
                out.push(2);
                service.put(out);
            }
            TargetView::Phone { line, phone, binding } => {
                out.push(3);
                line.put(out);
                phone.put(out);
                binding.put(out);
            }
        }
    }
    fn take(from: &mut Reader<'a>) -> Result<Self, DecodeError> {
        match from.byte()? {
            0 => Ok(TargetView::Phone { line: Wire::take(from)?, phone: "", binding: Wire::take(from)? }),
            1 => Ok(TargetView::Trunk(Wire::take(from)?)),
            2 => Ok(TargetView::Service(Wire::take(from)?)),
            3 => Ok(TargetView::Phone {
                line: Wire::take(from)?,
                phone: Wire::take(from)?,
                binding: Wire::take(from)?,
            }),
            code => Err(DecodeError::Unknown { what: "TargetView", code }),
        }
    }
}

impl<'a> From<&'a Target> for TargetView<'a> {
    fn from(target: &'a Target) -> Self {
        match target {
            Target::Phone { line, phone, binding } => {
                let phone = phone.as_deref().unwrap_or_default();
                TargetView::Phone { line: line.as_str(), phone, binding: *binding }
            }
            Target::Trunk(name) => TargetView::Trunk(name),
            Target::Service(service) => TargetView::Service(*service),
        }
    }
}

/// Which part of offer and answer something carried.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MediaPart {
    /// Nothing.
    #[default]
    Nothing,
    /// An offer.
    Offer,
    /// An answer.
    Answer,
}

wire_enum!(MediaPart { Nothing = 0, Offer = 1, Answer = 2 });

impl From<&leg::Media> for MediaPart {
    fn from(media: &leg::Media) -> Self {
        match media {
            leg::Media::None => MediaPart::Nothing,
            leg::Media::Offer(_) => MediaPart::Offer,
            leg::Media::Answer(_) => MediaPart::Answer,
        }
    }
}

/// A signal of a device, in short. The first one of a caller is told by [`super::Decision::CallBegan`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told<'a> {
    /// It has the call.
    Proceeding,
    /// It rings or has something to be heard.
    Alerting {
        /// Which of the two.
        alert: Alert,
        /// With early media.
        media: MediaPart,
    },
    /// It answered.
    Answered {
        /// With an answer, an offer, or nothing.
        media: MediaPart,
        /// Who answered, as the device says.
        connected: PartyView<'a>,
    },
    /// An offer or answer in mid-call.
    Media(MediaPart),
    /// It wants an offer.
    MediaRequested,
    /// It refused an offer.
    MediaRefused(Cause),
    /// A recorder wants to be told everything again.
    MetadataRequested,
    /// A key was pressed. Which one is not kept: it may belong to a PIN.
    Digit,
    /// It tells no more keys of the number that is dialled.
    DigitsEnded(DigitsEnd),
    /// Its user took the last key of the number back.
    DigitErased,
    /// It wants the other party sent elsewhere.
    TransferRequested {
        /// To this number.
        destination: &'a str,
        /// In the place of this leg.
        replaces: Option<LegId>,
    },
    /// How the transfer ended that it was asked for; `None` means that it succeeded.
    TransferEnded {
        /// Why it failed.
        failure: Option<Cause>,
    },
    /// It wants something done with the call.
    FeatureRequested {
        /// What, by its word.
        feature: &'a str,
    },
    /// How what it heard and sent was, as it counted itself: when its media ended.
    Quality(ReportedQuality<'a>),
    /// It is gone.
    Released {
        /// The cause.
        cause: Cause,
        /// Why, in words of its protocol.
        reason: ReleaseReason,
    },
}

wire_enum!(Told<'a> {
    Proceeding = 0,
    Alerting = 1 { alert, media },
    Answered = 2 { media, connected },
    Media = 3 (part),
    MediaRequested = 4,
    MediaRefused = 5 (cause),
    Digit = 6,
    TransferRequested = 7 { destination, replaces },
    Released = 8 { cause, reason },
    TransferEnded = 9 { failure },
    DigitsEnded = 10 (end),
    FeatureRequested = 11 { feature },
    MetadataRequested = 12,
    Quality = 13 (quality),
    DigitErased = 14,
});

/// What a device counted of the media of its call, until that ended or was held.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ReportedQuality<'a> {
    /// Packets that it sent.
    pub packets_sent: u32,
    /// Bytes of them.
    pub octets_sent: u32,
    /// Packets that it got.
    pub packets_received: u32,
    /// Bytes of them.
    pub octets_received: u32,
    /// Packets that it missed.
    pub packets_lost: u32,
    /// Interarrival jitter in milliseconds.
    pub jitter_ms: u32,
    /// Delay in milliseconds; 0 where it does not know.
    pub latency_ms: u32,
    /// Its own listening quality in hundredths, 100 to 500.
    pub opinion_score: Option<u16>,
    /// Seconds in which something was made up for what was missing.
    pub concealed_seconds: Option<u32>,
    /// All that it said of the voice, in its own words.
    pub voice: &'a str,
}

wire_struct!(ReportedQuality<'a> {
    packets_sent,
    octets_sent,
    packets_received,
    octets_received,
    packets_lost,
    jitter_ms,
    latency_ms,
    opinion_score,
    concealed_seconds,
    voice
});

wire_enum!(DigitsEnd { Complete = 0, Lost = 1 });

/// A phone came or went, or was refused: [`Event`] as the journal keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Registration<'a> {
    /// A phone registered, or came from a new address.
    Registered {
        /// The line.
        line: &'a str,
        /// Which of its phones.
        binding: BindingId,
        /// Where it is.
        peer: SocketAddr,
        /// What carries its messages.
        transport: Transport,
        /// What it calls itself.
        user_agent: &'a str,
        /// For how long.
        expires: Duration,
    },
    /// A phone is no longer reachable.
    Unregistered {
        /// The line.
        line: &'a str,
        /// Which of its phones.
        binding: BindingId,
        /// Why.
        reason: UnregisterReason,
    },
    /// A request was refused before it became a registration or call.
    Refused {
        /// The line that was claimed.
        claimed: &'a str,
        /// Where it came from.
        peer: SocketAddr,
        /// Which request.
        request: &'a str,
        /// Why.
        reason: RefuseReason,
    },
    /// An SCCP phone or media resource registered, whatever lines it has.
    StationArrived {
        /// The device's name.
        device: &'a str,
        /// Where it is.
        peer: SocketAddr,
        /// Its model, by the number that it tells.
        model: u32,
        /// The version of the protocol that is spoken with it.
        version: u8,
        /// The firmware that it says it runs; empty when it does not say.
        load: &'a str,
        /// Why it registered, as it tells itself, in a word: `started`, `keepalive-lost`, `reset-ordered` ….
        why: &'a str,
    },
    /// One is no longer registered.
    StationGone {
        /// The device's name.
        device: &'a str,
        /// Where it was.
        peer: SocketAddr,
        /// Why, in a word: `left`, `keepalive-lost`, `connection-lost`, `reset-ordered` ….
        why: &'a str,
    },
    /// A connection to the SCCP port was refused.
    StationRefused {
        /// The name that it gave; empty when it gave none.
        device: &'a str,
        /// Where it came from.
        peer: SocketAddr,
        /// Why, in a word: `unknown-device`, `too-slow`, `broken` ….
        why: &'a str,
    },
    /// Something is known of an SCCP device that its operator wants to know.
    StationTold {
        /// The device's name.
        device: &'a str,
        /// What, in a word: `alarm` that it sent, `passed-over` for a message that nobody serves, `reset`, `restart` or `apply` for what
        /// somebody ordered.
        what: &'a str,
        /// The same as people read it: the text of the alarm, the name of the message, who ordered it.
        words: &'a str,
    },
    /// An SCCP phone was sent a document for its screen.
    ScreenPushed {
        /// The device's name.
        device: &'a str,
        /// The application that sends it.
        application: u32,
        /// Which exchange of the application.
        transaction: u32,
        /// Its length, in bytes.
        bytes: u32,
        /// Who sends it.
        by: &'a str,
    },
    /// One answered to it, or its user pressed a key or chose an item of it.
    ScreenTold {
        /// The device's name.
        device: &'a str,
        /// The application that is meant.
        application: u32,
        /// Which exchange of the application.
        transaction: u32,
        /// `answer`, or `choice` for what its user does.
        what: &'a str,
        /// What it says, most often XML.
        data: &'a str,
    },
}

wire_enum!(Registration<'a> {
    Registered = 0 { line, binding, peer, transport, user_agent, expires },
    Unregistered = 1 { line, binding, reason },
    Refused = 2 { claimed, peer, request, reason },
    StationArrived = 3 { device, peer, model, version, load, why },
    StationGone = 4 { device, peer, why },
    StationRefused = 5 { device, peer, why },
    StationTold = 6 { device, what, words },
    ScreenPushed = 7 { device, application, transaction, bytes, by },
    ScreenTold = 8 { device, application, transaction, what, data },
});
wire_enum!(UnregisterReason { ByPhone = 0, Expired = 1, ConnectionClosed = 2, Replaced = 3, Unconfigured = 4, SocketClosed = 5, ResetOrdered = 6, Broken = 7 });
wire_enum!(RefuseReason {
    UnknownLine = 0,
    WrongPassword = 1,
    Replayed = 2,
    NotYourLine = 3,
    TooManyContacts = 4,
    Overloaded = 5,
    Loop = 6,
    TooManyHops = 7,
    NotToBeWatched = 8,
    Draining = 9,
    NothingThere = 10,
});

impl<'a> From<&'a Event> for Registration<'a> {
    fn from(event: &'a Event) -> Self {
        match event {
            Event::Registered { line, binding, peer, transport, user_agent, expires } => {
                Registration::Registered {
                    line: line.as_str(),
                    binding: *binding,
                    peer: *peer,
                    transport: *transport,
                    user_agent,
                    expires: *expires,
                }
            }
            Event::Unregistered { line, binding, reason } => {
                Registration::Unregistered { line: line.as_str(), binding: *binding, reason: *reason }
            }
            Event::Refused { claimed, peer, request, reason } => {
                Registration::Refused { claimed, peer: *peer, request, reason: *reason }
            }
        }
    }
}

/// Something that an operator should know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alarm<'a> {
    /// A media relay could not be opened; the call goes on with direct media.
    RelayFailed {
        /// What the operating system said.
        reason: &'a str,
    },
    /// The disk did not take the final record of a call; it is tried again.
    RecordNotStored {
        /// What the operating system said.
        reason: &'a str,
        /// Records that wait now.
        waiting: u32,
    },
    /// New calls are refused because something is full.
    Overloaded {
        /// What is full.
        what: &'a str,
    },
    /// New calls are taken again.
    OverloadEnded,
    /// A state that cannot occur; the call was released and the rest goes on.
    Contained {
        /// What was found.
        what: &'a str,
    },
    /// A recorder is not to be had; the recording is given up.
    NotRecorded {
        /// The recording profile.
        profile: &'a str,
        /// Why.
        cause: Cause,
    },
    /// A party of a call was reported as malicious.
    MaliciousCall {
        /// By whom: the number.
        by: &'a str,
        /// Who: the number; empty when nobody knows.
        party: &'a str,
    },
    /// The user of a phone reports bad quality, or trouble without a call.
    QualityReported {
        /// By whom: the number.
        by: &'a str,
        /// What is wrong, by the word of the reason; empty when the user gave none.
        reason: &'a str,
    },
    /// Music does not go out to all who listen at an address, or did not for a moment.
    MusicStreamFailed {
        /// The address.
        address: SocketAddr,
        /// Why.
        reason: &'a str,
    },
    /// Services of ours (conferences, pages, music, announcements) get no media ports. Told once, and again when they got some meanwhile.
    NoServicePort {
        /// What the media worker said.
        reason: &'a str,
    },
}

wire_enum!(Alarm<'a> {
    RelayFailed = 0 { reason },
    RecordNotStored = 1 { reason, waiting },
    Overloaded = 2 { what },
    OverloadEnded = 3,
    Contained = 4 { what },
    NotRecorded = 5 { profile, cause },
    MaliciousCall = 6 { by, party },
    MusicStreamFailed = 7 { address, reason },
    QualityReported = 8 { by, reason },
    NoServicePort = 9 { reason },
});

/// Reception of one leg's audio by a service or relay of ours, and what that leg reported of ours (RFC 3550 §6.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quality {
    /// Packets received.
    pub packets: u64,
    /// Packets lost on the way to us.
    pub lost: u64,
    /// Interarrival jitter in eighths of a millisecond.
    pub jitter: u32,
    /// Packets sent towards the leg.
    pub sent: u64,
    /// What the leg last reported to have lost of them.
    pub remote_lost: Option<u32>,
    /// Round trip time, when RTCP told.
    pub round_trip: Option<Duration>,
    /// Packets that were no RTP, or of a payload type that was not agreed.
    pub malformed: u64,
    /// Packets from somebody else.
    pub foreign: u64,
    /// Where its packets really came from.
    pub peer: Option<SocketAddr>,
    /// How losses were spread and what people would think of it; not in records of older versions.
    pub detail: Option<QualityDetail>,
    /// The bytes of both directions, and what the leg reported to have heard; not in records of older versions.
    pub carried: Option<QualityCarried>,
}

/// More about both directions of media.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct QualityCarried {
    /// Bytes of payload received.
    pub octets: u64,
    /// Bytes of payload sent towards the leg.
    pub octets_sent: u64,
    /// What the leg last reported as interarrival jitter of what was sent to it, in units of its RTP timestamps (RFC 3550 §6.4.1).
    pub remote_jitter: Option<u32>,
}

wire_struct!(QualityCarried { octets, octets_sent, remote_jitter });

/// More about the packets that came.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct QualityDetail {
    /// Packets that came after one with a higher sequence number.
    pub reordered: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Packets that came too late for a jitter buffer of 60 ms.
    pub late: u64,
    /// Losses, each of one packet or several in a row.
    pub gaps: u64,
    /// Packets of the longest of them.
    pub longest_gap: u32,
    /// Payload type of the last audio packet.
    pub payload_type: Option<u8>,
    /// Mean opinion score by ITU-T G.107 in hundredths, 100 to 441.
    pub opinion_score: Option<u16>,
    /// Packets for the leg that the system did not take.
    pub unsent: u64,
    /// Why not: the system's number of the error.
    pub unsent_error: Option<u16>,
}

wire_struct!(QualityDetail {
    reordered,
    duplicates,
    late,
    gaps,
    longest_gap,
    payload_type,
    opinion_score,
    unsent,
    unsent_error
});

impl<'a> Wire<'a> for Quality {
    fn put(&self, out: &mut Vec<u8>) {
        self.packets.put(out);
        self.lost.put(out);
        self.jitter.put(out);
        self.sent.put(out);
        self.remote_lost.put(out);
        self.round_trip.put(out);
        self.malformed.put(out);
        self.foreign.put(out);
        // Older versions wrote 0 or 1 here, and then nothing of a detail.
        let detailed = if self.detail.is_some() { DETAILED } else { 0 };
        let carried = if self.carried.is_some() { CARRIED } else { 0 };
        out.push(u8::from(self.peer.is_some()) | detailed | carried);
        if let Some(peer) = &self.peer {
            peer.put(out);
        }
        if let Some(detail) = &self.detail {
            detail.put(out);
        }
        if let Some(carried) = &self.carried {
            carried.put(out);
        }
    }

    fn take(from: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut quality = Quality {
            packets: Wire::take(from)?,
            lost: Wire::take(from)?,
            jitter: Wire::take(from)?,
            sent: Wire::take(from)?,
            remote_lost: Wire::take(from)?,
            round_trip: Wire::take(from)?,
            malformed: Wire::take(from)?,
            foreign: Wire::take(from)?,
            peer: None,
            detail: None,
            carried: None,
        };
        let what = from.byte()?;
        if what > (CARRIED | DETAILED | 1) {
            return Err(DecodeError::Unknown { what: "quality", code: what });
        }
        if what & 1 != 0 {
            quality.peer = Some(Wire::take(from)?);
        }
        if what & DETAILED != 0 {
            quality.detail = Some(Wire::take(from)?);
        }
        if what & CARRIED != 0 {
            quality.carried = Some(Wire::take(from)?);
        }
        Ok(quality)
    }
}

/// A [`QualityDetail`] follows.
const DETAILED: u8 = 2;
/// There is more about both directions.
const CARRIED: u8 = 4;

/// Who ended a call or leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReleasedBy {
    /// The calling device.
    Caller,
    /// A called device.
    Called,
    /// We did.
    System,
}

wire_enum!(ReleasedBy { Caller = 0, Called = 1, System = 2 });

/// The final record of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallRecord<'a> {
    /// The call.
    pub call: CallId,
    /// Whose device began it.
    pub origin: OriginView<'a>,
    /// The leg that began it.
    pub calling_leg: LegId,
    /// Who called.
    pub calling: PartyView<'a>,
    /// The number as it was dialled.
    pub called: &'a str,
    /// The number as it entered the first pattern that decided, after all translations: who was called originally. No
    /// forward changes it. Empty when no pattern decided.
    pub translated: &'a str,
    /// The number as it was sent on; empty when it was not.
    pub sent: &'a str,
    /// The number that was reached last: a line, also that of the member of a line group, or the number that left the
    /// system before the changes of a route list. Empty when nothing was reached.
    pub final_called: &'a str,
    /// Who sent the call on, the first one first.
    pub redirections: Vec<Redirection<'a>>,
    /// The hunt pilot that the call went through last; empty when it went through none.
    pub hunt_pilot: &'a str,
    /// Who answered; empty number when nobody did.
    pub connected: PartyView<'a>,
    /// Codes that the caller was asked for and that were accepted.
    pub codes: CodesView<'a>,
    /// When it began.
    pub started_at: WallTime,
    /// When a phone first rang.
    pub alerted_at: Option<WallTime>,
    /// When it was answered.
    pub answered_at: Option<WallTime>,
    /// When it ended.
    pub ended_at: WallTime,
    /// Why it ended.
    pub cause: Cause,
    /// Who ended it.
    pub released_by: ReleasedBy,
    /// The legs that were rung, in that order.
    pub legs: Vec<LegRecord<'a>>,
    /// How it hangs together with other calls; `None` when it stands alone.
    pub moves: Option<Moves>,
    /// A party of it was reported as malicious.
    pub malicious: bool,
}

/// A call that stands alone is written as it was before calls had to do with each other.
impl<'a> Wire<'a> for CallRecord<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        self.call.put(out);
        self.origin.put(out);
        self.calling_leg.put(out);
        self.calling.put(out);
        self.called.put(out);
        self.translated.put(out);
        self.sent.put(out);
        self.final_called.put(out);
        put_list(&self.redirections, out);
        self.hunt_pilot.put(out);
        self.connected.put(out);
        self.codes.put(out);
        self.started_at.put(out);
        self.alerted_at.put(out);
        self.answered_at.put(out);
        self.ended_at.put(out);
        self.cause.put(out);
        put_release(self, out);
        put_list(&self.legs, out);
    }
    fn take(from: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut record = CallRecord {
            call: Wire::take(from)?,
            origin: Wire::take(from)?,
            calling_leg: Wire::take(from)?,
            calling: Wire::take(from)?,
            called: Wire::take(from)?,
            translated: Wire::take(from)?,
            sent: Wire::take(from)?,
            final_called: Wire::take(from)?,
            redirections: take_list(from)?,
            hunt_pilot: Wire::take(from)?,
            connected: Wire::take(from)?,
            codes: Wire::take(from)?,
            started_at: Wire::take(from)?,
            alerted_at: Wire::take(from)?,
            answered_at: Wire::take(from)?,
            ended_at: Wire::take(from)?,
            cause: Wire::take(from)?,
            released_by: ReleasedBy::System,
            legs: Vec::new(),
            moves: None,
            malicious: false,
        };
        take_release(&mut record, from)?;
        record.legs = take_list(from)?;
        Ok(record)
    }
}

/// Who ended a call, and what few calls have beside it: the codes of [`ReleasedBy`], as many again for calls that hang together with
/// others, and as many again as these for calls that were reported.
fn put_release(record: &CallRecord<'_>, out: &mut Vec<u8>) {
    let by = match record.released_by {
        ReleasedBy::Caller => 0,
        ReleasedBy::Called => 1,
        ReleasedBy::System => 2,
    };
    let moved = if record.moves.is_some() { 3 } else { 0 };
    let malicious = if record.malicious { 6 } else { 0 };
    out.push(by + moved + malicious);
    if let Some(moves) = &record.moves {
        moves.put(out);
    }
}

fn take_release<'a>(record: &mut CallRecord<'a>, from: &mut Reader<'a>) -> Result<(), DecodeError> {
    let code = from.byte()?;
    record.released_by = match code % 3 {
        _ if code > 11 => return Err(DecodeError::Unknown { what: "ReleasedBy", code }),
        0 => ReleasedBy::Caller,
        1 => ReleasedBy::Called,
        _ => ReleasedBy::System,
    };
    record.malicious = code >= 6;
    record.moves = if code / 3 % 2 == 1 { Some(Moves::take(from)?) } else { None };
    Ok(())
}

fn put_list<'a, T: Wire<'a>>(list: &[T], out: &mut Vec<u8>) {
    put_varint(list.len() as u64, out);
    for item in list {
        item.put(out);
    }
}

/// Reads a list; what is claimed beyond the bytes that are there allocates nothing.
fn take_list<'a, T: Wire<'a>>(from: &mut Reader<'a>) -> Result<Vec<T>, DecodeError> {
    let count = usize::try_from(from.varint()?).map_err(|_| DecodeError::Number)?;
    if count > from.len() {
        return Err(DecodeError::Short);
    }
    let mut list = Vec::with_capacity(count.min(ITEMS_AT_ONCE));
    for _ in 0..count {
        list.push(T::take(from)?);
    }
    Ok(list)
}

/// Room that is made for a list before any of it was read.
const ITEMS_AT_ONCE: usize = 16;

/// What became of one leg that was rung.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LegRecord<'a> {
    /// The leg.
    pub leg: LegId,
    /// Where it was rung.
    pub target: TargetView<'a>,
    /// When it was rung.
    pub rung_at: WallTime,
    /// Whether it answered.
    pub outcome: LegOutcome,
}

wire_struct!(LegRecord<'a> { leg, target, rung_at, outcome });

/// What became of a leg that was rung.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LegOutcome {
    /// It answered and was talked with.
    Answered,
    /// We ended it: answered elsewhere, given up, no answer in time.
    Withdrawn(Cause),
    /// It refused or failed.
    Failed {
        /// The cause.
        cause: Cause,
        /// Why, in words of its protocol.
        reason: ReleaseReason,
    },
}

wire_enum!(LegOutcome { Answered = 0, Withdrawn = 1 (cause), Failed = 2 { cause, reason } });
