//! The vocabulary between devices and call control.
//!
//! A leg is one device's half of a call. [`Signal`]s come up from it, [`Command`]s go down to it; both are
//! plain data that may cross a thread or a cluster link, and neither knows SIP or SCCP.
//!
//! Session descriptions travel as SDP text (RFC 8866): it is the one language that every media engine
//! here can read, and bodies pass from phone to phone with all that they carry. Protocols without SDP
//! are translated where they are wired in (`node`).
//!
//! Offer and answer (RFC 3264, RFC 6337) ride on [`Media`]: whoever receives an `Offer` owes exactly one
//! `Answer` or refusal, on whatever signal or command comes next. `Setup` without an offer asks the other side
//! to offer (delayed offer).

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::feature::{FeatureAnswer, FeatureCode, FeatureRequest, ParticipantList};
use crate::net::Flow;
use crate::recording::RecordingShown;
use crate::{Cause, ConferenceId, Country, LegId, LineName, RecordingMetadata};

/// SDP text, shared and never changed.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionDescription(Arc<[u8]>);

impl SessionDescription {
    /// Wraps the bytes of an `application/sdp` body.
    pub fn new(bytes: &[u8]) -> Self {
        SessionDescription(Arc::from(bytes))
    }

    /// The SDP text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SDP({} bytes)", self.0.len())
    }
}

/// The part of an offer/answer exchange that a signal or command carries.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Media {
    /// Says nothing about media.
    #[default]
    None,
    /// A proposal; exactly one answer or refusal is owed.
    Offer(SessionDescription),
    /// The answer that was owed.
    Answer(SessionDescription),
}

impl Media {
    /// The description, offered or answered.
    pub const fn description(&self) -> Option<&SessionDescription> {
        match self {
            Media::None => None,
            Media::Offer(description) | Media::Answer(description) => Some(description),
        }
    }
}

/// Whether a number and name may be shown to the other side (RFC 3323, Q.951).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Presentation {
    /// May be shown.
    #[default]
    Allowed,
    /// Must not be shown.
    Restricted,
}

/// Who somebody is to the other side.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Party {
    /// Directory number, or the user part of an address.
    pub number: Box<str>,
    /// Display name; empty when there is none.
    pub name: Box<str>,
    /// Whether both may be shown.
    pub presentation: Presentation,
}

/// Whose device a leg belongs to, as established by authentication or configuration, never by what it claims.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Origin {
    /// A phone on a line.
    Line {
        /// The line.
        line: LineName,
        /// The name of the phone; `None` for the only phone of the line.
        phone: Option<Arc<str>>,
    },
    /// A trunk, by its configured name.
    Trunk(Box<str>),
}

impl Origin {
    /// The only phone of a line.
    pub fn line(name: &str) -> Self {
        Origin::Line { line: name.into(), phone: None }
    }
}

/// A registered contact of a line, numbered by the registrar and never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BindingId(pub u64);

impl BindingId {
    /// Which contact it is, nobody asked: the phone called, and was not called.
    pub const UNKNOWN: BindingId = BindingId(0);
}

/// Where a leg is to be rung.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// One registered phone of a line.
    Phone {
        /// The line.
        line: LineName,
        /// The name of the phone; `None` for the only phone of the line.
        phone: Option<Arc<str>>,
        /// Which of its contacts.
        binding: BindingId,
    },
    /// A trunk, by its configured name.
    Trunk(Box<str>),
    /// A media endpoint of our own that answers calls.
    Service(Service),
}

/// A destination inside the node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Service {
    /// Sends back what it hears, so that a user can judge the line.
    Echo,
    /// Plays a tone and an announcement, then hangs up.
    Announcement,
    /// Plays what a party hears that waits; [`Command::Tone`] says what.
    Sounds,
    /// A seat in a conference: hears all others who sit in it. [`Command::Tone`] lets all of them hear a tone once,
    /// [`Command::Mute`] says whether they hear this one.
    Conference(ConferenceId),
    /// A seat in a page, in which one talks and the others hear him.
    Page {
        /// Which; numbered with the conferences.
        page: ConferenceId,
        /// What is done there.
        seat: PageSeat,
    },
    /// Plays the confirmation tone, then hangs up: what somebody asked for is done.
    Confirmation,
    /// The annunciator: lets a caller hear once, before any answer, why the call fails, then hangs up.
    Annunciator(Tone),
    /// Asks a caller for something before any answer: it plays what [`Command::Tone`] says, at first the tone that asks
    /// for a code, and tells the keys that it hears. What says
    /// why a call fails it plays to its end, and then hangs up.
    Prompt,
    /// Tells a party where it hears what goes out to all who listen. It sends nothing and hears nothing itself.
    Multicast {
        /// The multicast address and its RTP port.
        address: SocketAddr,
        /// How many routers its packets may pass, and one more (RFC 8866 §5.7).
        ttl: u8,
        /// The static payload type of its codec (RFC 3551 §6).
        payload_type: u8,
        /// What the party is told of the direction.
        direction: MulticastDirection,
    },
}

/// How a session description says that a multicast stream is only listened to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum MulticastDirection {
    /// `a=recvonly`: all who take part receive, as RFC 3264 §5.2 means it.
    #[default]
    ReceiveOnly,
    /// `a=sendonly`: as a sender by unicast would say it, for phones that know nothing else.
    SendOnly,
}

impl Service {
    /// Whether it is the seat of who talks in a page.
    pub const fn is_talker(self) -> bool {
        matches!(self, Service::Page { seat: PageSeat::Talker, .. })
    }
}

/// What is done at a seat of a page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PageSeat {
    /// All others hear what is said there; it is sent nothing.
    Talker,
    /// The talker is heard there; it sends nothing.
    Listener,
    /// The same for a device behind NAT: it sends too, so that it is known where it is, and nobody hears that.
    HiddenListener,
}

/// Whether a seat of a conference is heard by the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Mute {
    /// It is heard.
    #[default]
    Off,
    /// It only listens.
    On,
}

/// One earlier destination that sent the call on (RFC 5806).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diversion {
    /// Who diverted.
    pub party: Party,
    /// Why, in the words of RFC 5806: `user-busy`, `no-answer`, `unconditional` ….
    pub reason: Box<str>,
}

/// A device asks for a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setup {
    /// Whose device it is.
    pub origin: Origin,
    /// Where its packets come from.
    pub flow: Flow,
    /// The call's id in the device's own protocol (SIP Call-ID), for the story.
    pub protocol_call_id: Box<str>,
    /// Who calls, already corrected by what is known of the origin.
    pub calling: Party,
    /// What was asked for: the whole number, or the user part of the address.
    pub called: Box<str>,
    /// Whether the device can tell more digits of a number that is not complete.
    pub further_digits: FurtherDigits,
    /// An offer, or `None` when the device wants to be offered (delayed offer).
    pub media: Media,
    /// What a device that makes no offer is known to hear: its codecs, under an address that counts for nothing. Nothing is owed to it; it
    /// is compared with what other devices take, before they ring. `None` where that is not known.
    pub takes: Option<SessionDescription>,
    /// How often the call may still be passed on (Max-Forwards after counting this hop).
    pub hops_remaining: u8,
    /// The device can confirm provisional answers (100rel), so early media can be negotiated.
    pub reliable_provisional: bool,
    /// It calls itself by a private address that its packets do not come from, so that it is behind NAT.
    pub behind_nat: bool,
    /// The device takes RTP in answer to an offer of SRTP alone (Cisco's `X-cisco-srtp-fallback`).
    pub srtp_fallback: bool,
    /// Earlier destinations, latest first.
    pub diversions: Vec<Diversion>,
    /// A leg of ours that this call shall take the place of (RFC 3891).
    pub replaces: Option<LegId>,
    /// A leg of ours whose conversation this call shall come into (RFC 3911).
    pub joins: Option<LegId>,
    /// The device asks for a feature by name, as some do with a key; `called` is its argument then.
    pub feature: Option<FeatureCode>,
}

/// Whether a device that asked for a call can tell more digits of the number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FurtherDigits {
    /// It told the whole number.
    #[default]
    None,
    /// It tells every further key, as [`Signal::Digit`], when [`Command::CollectDigits`] asks for them.
    Keys,
    /// It told the whole number; keys beyond it, such as those of a code, it tells when [`Command::CollectDigits`] asks for them.
    Beyond,
    /// It asks again with a longer number under the same id (RFC 3578, overlap); what it asked before is answered that the
    /// number is incomplete.
    Again,
}

impl FurtherDigits {
    /// Whether the device tells keys when it is asked to.
    pub const fn tells_keys(self) -> bool {
        matches!(self, FurtherDigits::Keys | FurtherDigits::Beyond)
    }
}

/// Why a device that told keys one by one tells no more of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DigitsEnd {
    /// The number is complete, as the caller or the device says (Q.931 §4.5.27, sending complete).
    Complete,
    /// The device cannot tell more; whether more was meant to come is not known.
    Lost,
}

/// A tone that tells how a call goes. What it sounds like is the country's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CallTone {
    /// The first key is awaited (Q.35).
    Dial,
    /// What is dialled from here on leaves the system.
    OutsideDial,
    /// Somebody is rung.
    Ringing,
    /// Whoever was called talks to somebody else.
    Busy,
    /// The call cannot be completed: congestion.
    Reorder,
    /// Somebody else calls meanwhile.
    CallWaiting,
    /// Something is wrong with the number (special information tone).
    Information,
    /// A setting was taken.
    Confirmation,
    /// Somebody comes into the conversation.
    Barge,
    /// What is said is recorded.
    Recording,
    /// A short beep: a call was parked, or is answered by itself.
    Zip,
}

impl CallTone {
    /// All of them.
    pub const ALL: &'static [CallTone] = &[
        CallTone::Dial,
        CallTone::OutsideDial,
        CallTone::Ringing,
        CallTone::Busy,
        CallTone::Reorder,
        CallTone::CallWaiting,
        CallTone::Information,
        CallTone::Confirmation,
        CallTone::Barge,
        CallTone::Recording,
        CallTone::Zip,
    ];
}

/// An audio source of music on hold by its number, 1 to 51.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct AudioSource(pub u8);

/// What somebody hears who dials or waits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Tone {
    /// Nothing.
    Silence,
    /// Dial (Q.35): the first key is awaited.
    Dial,
    /// Outside dial: what is dialled from here on leaves the system.
    OutsideDial,
    /// Two short beeps (zip zip): a code is to be keyed in before the call goes on.
    ZipZip,
    /// Ringing tone: somebody else is rung.
    Ringing,
    /// Music: the other party holds. It is the piece that is built in.
    Music,
    /// Music of an audio source that the operator has loaded.
    Source(AudioSource),
    /// A beep from time to time: the other party holds, and its music cannot be played.
    Hold,
    /// A tone as it sounds in a country.
    National {
        /// Where the one is at home who hears it.
        country: Country,
        /// Which.
        tone: CallTone,
    },
    /// A short beep: somebody comes into the conversation.
    Enter,
    /// A short lower beep: somebody has left it.
    Leave,
}

/// A device shall ring.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ring {
    /// Which device.
    pub target: Target,
    /// Who calls, to be displayed.
    pub calling: Party,
    /// The number as it shall be sent.
    pub called: Box<str>,
    /// An offer, or `None` to be offered by the device (delayed offer).
    pub media: Media,
    /// What a caller that makes no offer is known to hear, as in [`Setup::takes`]; a device that takes none of it may refuse at once.
    pub takes: Option<SessionDescription>,
    /// How often the call may still be passed on.
    pub hops_remaining: u8,
    /// The caller can take part in reliable early media, so the device may be offered it.
    pub reliable_provisional: bool,
    /// Earlier destinations, latest first.
    pub diversions: Vec<Diversion>,
    /// What a service of ours shall say about keys when it is the one that offers.
    pub srtp: SrtpOffer,
    /// How it lets its user know.
    pub style: RingStyle,
    /// What the device shall record; `None` for all devices that are no recorders.
    pub records: Option<Arc<RecordingMetadata>>,
    /// How keys go in its signalling once it has answered.
    pub keys: KeySignalling,
}

/// How keys that are pressed in an answered call go in the signalling of a device. The words are those of SIP; protocols that have one
/// way alone go that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum KeySignalling {
    /// Each in a message of its own that nobody asked for (INFO).
    #[default]
    Info,
    /// Each side asks the other one to be told (KPML, RFC 4730); who is not asked tells with INFO where the other side takes that.
    Kpml,
    /// As Cisco's gateways tell them, in NOTIFY that nobody subscribed to.
    Notify,
    /// As the device can: KPML where it can be asked, NOTIFY where it says that it sends such, INFO otherwise.
    Any,
}

impl Ring {
    /// A service of ours shall join a conversation and offer something by itself: nobody is displayed to it, and nothing is passed on.
    pub fn service(service: Service, srtp: SrtpOffer) -> Self {
        Ring {
            target: Target::Service(service),
            calling: Party::default(),
            called: Box::default(),
            media: Media::None,
            takes: None,
            hops_remaining: 0,
            reliable_provisional: false,
            diversions: Vec::new(),
            srtp,
            style: RingStyle::default(),
            records: None,
            keys: KeySignalling::default(),
        }
    }
}

/// What an offer of ours says about keys of SRTP (RFC 4568).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SrtpOffer {
    /// Nothing: RTP.
    #[default]
    Clear,
    /// RTP, with keys beside it for who wants SRTP.
    Beside,
    /// SRTP alone.
    Alone,
}

/// How a device lets its user know of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RingStyle {
    /// What is heard.
    pub sound: RingSound,
    /// How it rings when what is heard to wait in another call ([`RingSound::CallWaiting`]) is to ring aloud: that call is over, or the device
    /// was in none.
    pub aloud: RingSound,
    /// Who answers.
    pub answer: Answering,
}

/// How a device rings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum RingSound {
    /// As it always does.
    #[default]
    Usual,
    /// As it does for calls from outside, where it has another ring for those.
    Outside,
    /// With this one of its distinctive rings, 1 to 5.
    Distinctive(u8),
    /// Once.
    Once,
    /// With the tone of call waiting: its user is in another call.
    CallWaiting,
    /// Not at all: the call is only shown.
    Silent,
}

/// Who answers a call that rings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Answering {
    /// The user.
    #[default]
    User,
    /// The device at once, into its headset.
    Headset,
    /// The device at once, over its loudspeaker.
    Loudspeaker,
}

/// What a device does while it is being called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alert {
    /// It rings (180).
    Ringing,
    /// It has something to be heard before the answer (183).
    Progress,
    /// No answer comes: what is heard tells why, before the call is refused with this cause (183 with a Reason, RFC 6432).
    Failing(Cause),
}

/// What is known of media that a device describes before it answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EarlyMedia {
    /// Whether anything is heard of it nobody says: there is none, or it had to be described, as where a device that was offered nothing rings
    /// (RFC 3262 §5). Ringing tone is made by the caller's device (RFC 3960 §3.2).
    #[default]
    Unsaid,
    /// The device described it of its own accord, or said that there is something to be heard: who makes ringing tone beside it is heard twice.
    Heard,
}

/// Why a leg ended, as seen by the protocol that carried it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReleaseReason {
    /// The device hung up an answered call.
    HungUp,
    /// The caller gave up before the answer.
    Cancelled,
    /// The device refused, with this status of its own protocol (SIP status code).
    Refused(u16),
    /// No response at all came within the protocol's time (SIP timer B or F).
    NoResponse,
    /// The device never confirmed that it saw the answer (SIP timer H or L: the ACK is missing).
    Unconfirmed,
    /// The session timer ran out without a refresh (RFC 4028).
    SessionExpired,
    /// The way to the device is gone: no connection, or its registration vanished.
    TransportFailed,
    /// It broke the rules of its protocol in a way that the call cannot survive.
    ProtocolError,
}

/// Where a device wants a call sent that was offered to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Elsewhere {
    /// To this number, or name, of ours.
    Number(Box<str>),
    /// To a host that is not ours.
    Host(Box<str>),
    /// It named nobody.
    Nobody,
}

/// A key on the dial pad.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Digit {
    /// `0`-`9`, `*`, `#`, `A`-`D`; while a number is dialled also `+`.
    pub key: char,
    /// How long it was held, in milliseconds; 0 when unknown.
    pub duration_ms: u16,
}

/// What a device tells call control about one leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Signal {
    /// A device asks for a call; the leg begins with this.
    Setup(Box<Setup>),
    /// The device has the call but does not ring yet.
    Proceeding,
    /// The device rings or sends something to be heard.
    Alerting {
        /// Which of the two.
        alert: Alert,
        /// Early media.
        media: Media,
    },
    /// The device answered.
    Answered {
        /// The answer, the offer when none was sent, or nothing when it was answered early.
        media: Media,
        /// Who answered, as the device says; empty number when it does not say.
        connected: Party,
    },
    /// An offer or answer outside setup and answer: re-INVITE, UPDATE, PRACK, ACK.
    Media(Media),
    /// The device wants to be sent an offer (re-INVITE without a body).
    MediaRequested,
    /// The device refused our last offer; the session stays as it was.
    MediaRefused(Cause),
    /// A recorder wants to be told everything again: [`Command::Records`].
    MetadataRequested,
    /// A key was pressed (out of band).
    Digit(Digit),
    /// No key comes any more of those that [`Command::CollectDigits`] asked for.
    DigitsEnded(DigitsEnd),
    /// The user took the last key of the number back, before anything followed from it.
    DigitErased,
    /// The device wants this leg's other party sent elsewhere (REFER).
    TransferRequested {
        /// The number to send it to.
        destination: Box<str>,
        /// The leg of ours that it shall take the place of (attended transfer).
        replaces: Option<LegId>,
    },
    /// The device wants something done with the call. [`Command::FeatureAnswer`] answers.
    FeatureRequested(Box<FeatureRequest>),
    /// How a transfer ended that [`Command::RequestTransfer`] asked for.
    TransferEnded(Result<(), Cause>),
    /// Where the device wants the call sent that it refuses with what comes next (SIP 3xx).
    Redirected(Elsewhere),
    /// The leg is over; nothing more comes from it.
    Released {
        /// For the other leg and the record.
        cause: Cause,
        /// For the story.
        reason: ReleaseReason,
    },
}

/// What call control wants of one leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Ring a device; a new leg begins with this.
    Ring(Box<Ring>),
    /// The number is not complete, or the call is answered and keys are not in media: have the device tell every further key.
    ///
    /// Said again it changes nothing, unless the device said meanwhile that no more keys come: it is asked anew.
    CollectDigits,
    /// The number leads somewhere, or keys of the call come in another way: no further key is asked for.
    StopCollecting,
    /// How keys go in the signalling of a device that calls; [`Ring`] says it to one that is called.
    KeysBy(KeySignalling),
    /// Let the caller hear a tone while it dials, let [`Service::Sounds`] play one, or let all of a conference hear it.
    Tone(Tone),
    /// Whether a seat of a conference is heard.
    Mute(Mute),
    /// Tell the caller that it rings, or let it hear early media.
    Alert {
        /// Which of the two.
        alert: Alert,
        /// Early media.
        media: Media,
        /// Whether that is heard rather than a tone of the caller's own.
        heard: EarlyMedia,
        /// Who it is, to be displayed where it is not who was dialled.
        shown: Option<Party>,
    },
    /// Tell the caller that the call is answered.
    Answer {
        /// The answer, or the offer when the caller sent none.
        media: Media,
        /// Who answered, to be displayed.
        connected: Party,
    },
    /// An offer or answer outside ring and answer.
    Media(Media),
    /// Ask the device for an offer.
    RequestMedia,
    /// Refuse the device's last offer; the session stays as it was.
    RefuseMedia(Cause),
    /// Show who the other party is now.
    ShowParty(Party),
    /// Send a key press (out of band).
    Digit(Digit),
    /// Answer a [`Signal::TransferRequested`]: accepted or refused with a cause.
    TransferResult(Result<(), Cause>),
    /// Tell the device how a transfer ended that [`Command::TransferResult`] accepted; also after the leg was released,
    /// for a device that hangs up as soon as its transfer is accepted.
    TransferEnded(Result<(), Cause>),
    /// What became of a [`Signal::FeatureRequested`]; also after the leg was released.
    FeatureAnswer(Box<FeatureAnswer>),
    /// Who is in the conference of a device that asked for the list, for devices that can show more than a text;
    /// [`Command::FeatureAnswer`] follows.
    ShowParticipants(Box<ParticipantList>),
    /// Tell a recorder what became of what it records, with an offer.
    Records(Media, Arc<RecordingMetadata>),
    /// Show on a device that can whether the call is recorded.
    ShowRecording(RecordingShown),
    /// Ask the device to call this number itself instead of talking to us (REFER); [`Signal::TransferEnded`] tells what
    /// became of it. The leg stays until it is released.
    RequestTransfer(Box<str>),
    /// End the leg in the way that its state demands. Call control forgets it at once; the protocol
    /// finishes alone and sends no signal for it any more.
    Release(Cause),
}
