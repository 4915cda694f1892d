//! Offer and answer for endpoints of our own (RFC 3264).
//!
//! Endpoints speak one audio stream. All other streams of an offer are refused in their places, and stay
//! refused in later offers of ours: the number and order of streams never shrinks (RFC 3264 §8).

mod multicast;
mod through;

use std::net::SocketAddr;

use strowger_base::SessionDescription;

use crate::codec::{self, Codec};
use crate::control::{PayloadTypes, RtcpWay, StreamFormat};
use crate::rtp::EVENT_CLOCK_HZ;
use crate::sdp::{
    self, CryptoLine, Direction, Format, MediaDescription, MediaKind, Origin, Protocol, SdpError, Session,
    Wish, push_address, push_decimal,
};
use crate::srtp::{KeyMaterial, SrtpKeys};

pub use multicast::{answer_multicast, multicast_codec, offer_multicast};
pub use through::{
    AgreedThrough, Beside, answer_beside, answer_through, coding_of, offer_beside, offer_through,
};

/// What an endpoint of ours brings into a negotiation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocalMedia<'a> {
    /// The `o=` line.
    pub origin: Origin,
    /// Where we receive RTP; RTCP on the next port.
    pub address: SocketAddr,
    /// What we can speak, best first. An answer follows the order of the offer, as RFC 3264 §6.1 recommends.
    pub codecs: &'a [Codec],
    /// Whether to agree on RFC 4733 events.
    pub telephone_event: bool,
    /// Packet time that we like, in milliseconds, 10-60.
    pub ptime_ms: u8,
    /// Which way we want it at most.
    pub direction: Direction,
    /// Our keys, each of another suite, best first: those with which we can speak SRTP.
    pub keys: &'a [KeyMaterial],
    /// What offers of ours say about keys. Answers follow the offer.
    pub offers: Wish,
}

/// What both sides agreed on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreed {
    /// Where the peer wants its RTP; unspecified in old-style hold.
    pub remote: SocketAddr,
    /// Where the peer wants its RTCP.
    pub rtcp: RtcpWay,
    /// What to send.
    pub format: StreamFormat,
    /// What may arrive.
    pub receive: PayloadTypes,
    /// Which way it flows from our view: we send when the peer wants to hear.
    pub direction: Direction,
    /// The keys, when it is SRTP.
    pub keys: Option<SrtpKeys>,
    /// In which form that was agreed.
    pub wish: Wish,
}

/// Why nothing was agreed.
#[derive(Debug, thiserror::Error)]
pub enum NegotiateError {
    /// The description cannot be read.
    #[error("the session description cannot be read")]
    Malformed(#[from] SdpError),
    /// No audio stream over RTP or SRTP has a codec of ours and an IP address.
    #[error("no audio stream with a common codec")]
    NoCommonCodec,
    /// The stream is to be SRTP, with suites that are none of ours.
    #[error("no common crypto suite")]
    NoCommonSuite,
    /// The answer does not have the streams of the offer (RFC 3264 §6).
    #[error("expected an answer with {expected} streams, found {found}")]
    WrongStreams {
        /// Streams of the offer.
        expected: usize,
        /// Streams of the answer.
        found: usize,
    },
}

/// Answers an offer: the first audio stream that we can take, with the offer's best codec that we have.
///
/// The answer names one codec only, so that the peer does not change between several in mid-stream.
///
/// # Errors
/// When the offer cannot be read, or nothing in it can be taken.
pub fn answer(offer: &[u8], local: &LocalMedia<'_>) -> Result<(SessionDescription, Agreed), NegotiateError> {
    let offer = Session::parse(offer)?;
    let mut refused = NegotiateError::NoCommonCodec;
    let taken = offer.streams.iter().enumerate().find_map(|(index, stream)| {
        let (format, remote) = acceptable(stream, local)?;
        let Ok(protection) = protection_of(stream, local) else {
            refused = NegotiateError::NoCommonSuite;
            return None;
        };
        Some((index, agree(stream, format, remote, local), protection))
    });
    let (index, mut agreed, protection) = taken.ok_or(refused)?;
    let mut crypto = None;
    if let Some((line, keys)) = protection {
        agreed.wish = stream_wish(offer.streams.get(index));
        (crypto, agreed.keys) = (Some(line), Some(keys));
    }
    let mut text = header(local);
    for (position, (stream, raw)) in offer.streams.iter().zip(&offer.raw.medias).enumerate() {
        if position == index {
            let format = agreed.format;
            let codecs = [(format.payload_type, format.codec)];
            let receive = agreed.receive;
            let events = [
                (receive.telephone_event, EVENT_CLOCK_HZ),
                (receive.telephone_event_48k, Codec::Opus.rtp_clock_hz()),
            ];
            let audio = AudioLines {
                protocol: stream.protocol,
                codecs: &codecs,
                events: &events,
                ptime_ms: format.ptime_ms,
                direction: agreed.direction,
                mux: agreed.rtcp == RtcpWay::Mux,
                crypto: crypto.as_slice(),
            };
            audio.write(&mut text, local.address.port());
        } else {
            refuse(&mut text, raw);
        }
    }
    Ok((SessionDescription::new(&text), agreed))
}

/// Offers one audio stream with all our codecs, in the place that it had in `previous`, our last description in
/// this session; its other streams are offered refused.
pub fn offer(local: &LocalMedia<'_>, previous: Option<&SessionDescription>) -> SessionDescription {
    offer_as(local, previous, &[])
}

/// The same with the numbers that somebody else has for these formats, as far as they mean nothing else in this session.
fn offer_as(
    local: &LocalMedia<'_>,
    previous: Option<&SessionDescription>,
    others: &[Format],
) -> SessionDescription {
    // Our own text reads back; if not, a new session shape is the better fault.
    let previous = previous.and_then(|text| Session::parse(text.as_bytes()).ok());
    let audio_index = previous.as_ref().and_then(Session::audio);
    let known = previous.as_ref().zip(audio_index).and_then(|(session, index)| session.streams.get(index));
    let own = known.map_or(&[][..], |stream| &stream.formats);
    let is_free = |other: &&Format| own.iter().all(|format| format.payload_type != other.payload_type);
    let known: Vec<&Format> = own.iter().chain(others.iter().filter(is_free)).collect();
    let known = &known;
    let mut given: Vec<u8> = Vec::new();
    let mut number = |wanted: u8, is_it: &dyn Fn(&Format) -> bool| {
        let payload_type = type_for(known, &given, wanted, is_it);
        given.push(payload_type);
        payload_type
    };
    let codecs: Vec<(u8, Codec)> = local
        .codecs
        .iter()
        .map(|&codec| (number(codec.payload_type(), &|format| format.codec() == Some(codec)), codec))
        .collect();
    let mut event = |clock_hz: u32, wanted: u8| {
        let is_wanted = local.telephone_event
            && (clock_hz == EVENT_CLOCK_HZ
                || codecs.iter().any(|(_, codec)| codec.rtp_clock_hz() == clock_hz));
        let is_it = |format: &Format| format.is_telephone_event() && format.clock_hz == clock_hz;
        (is_wanted.then(|| number(wanted, &is_it)), clock_hz)
    };
    let events =
        [event(EVENT_CLOCK_HZ, TELEPHONE_EVENT), event(Codec::Opus.rtp_clock_hz(), TELEPHONE_EVENT_48K)];
    let keys = match local.offers {
        Wish::Clear | Wish::Other => &[],
        Wish::Optional | Wish::Required => local.keys,
    };
    let crypto: Vec<CryptoLine> =
        keys.iter().zip(1..).map(|(key, tag)| CryptoLine { tag, material: key.clone() }).collect();
    let audio = AudioLines {
        protocol: if local.offers == Wish::Required { Protocol::Savp } else { Protocol::Avp },
        codecs: &codecs,
        events: &events,
        ptime_ms: local.ptime_ms,
        direction: local.direction,
        mux: false,
        crypto: &crypto,
    };
    let mut text = header(local);
    match (&previous, audio_index) {
        (Some(session), Some(index)) => {
            for (position, raw) in session.raw.medias.iter().enumerate() {
                if position == index {
                    audio.write(&mut text, local.address.port());
                } else {
                    refuse(&mut text, raw);
                }
            }
        }
        (Some(_), None) | (None, _) => audio.write(&mut text, local.address.port()),
    }
    SessionDescription::new(&text)
}

/// Reads the answer to an offer of ours.
///
/// # Errors
/// When it cannot be read, does not fit the offer, or refuses the stream.
pub fn complete(our_offer: &[u8], answer: &[u8]) -> Result<Agreed, NegotiateError> {
    let offer = Session::parse(our_offer)?;
    let answer = Session::parse(answer)?;
    if offer.streams.len() != answer.streams.len() {
        return Err(NegotiateError::WrongStreams {
            expected: offer.streams.len(),
            found: answer.streams.len(),
        });
    }
    let index = offer.audio().ok_or(NegotiateError::NoCommonCodec)?;
    let (Some(ours), Some(theirs)) = (offer.streams.get(index), answer.streams.get(index)) else {
        return Err(NegotiateError::NoCommonCodec);
    };
    let offered = |format: &&Format| {
        let codec = format.codec();
        codec.is_some() && ours.formats.iter().any(|our| our.codec() == codec)
    };
    let best = theirs.formats.iter().find(offered);
    let (Some(codec), Some(format), Some(remote), Some(rtcp), MediaKind::Audio) =
        (best.and_then(Format::codec), best, theirs.rtp(), theirs.rtcp, theirs.kind)
    else {
        return Err(NegotiateError::NoCommonCodec);
    };
    let keys = match theirs.protocol {
        // Who answers with another profile than was offered breaks RFC 4568 §5.1.3, and gets no packet in the clear.
        Protocol::Savp | Protocol::Savpf => {
            Some(sdp::chosen(&ours.crypto, &theirs.crypto).ok_or(NegotiateError::NoCommonSuite)?)
        }
        Protocol::Avp | Protocol::Avpf if stream_wish(Some(ours)) == Wish::Required => {
            return Err(NegotiateError::NoCommonSuite);
        }
        Protocol::Avp | Protocol::Avpf => sdp::chosen(&ours.crypto, &theirs.crypto),
        Protocol::Secure | Protocol::Other => return Err(NegotiateError::NoCommonCodec),
    };
    let mut receive = PayloadTypes::default();
    for (our, codec) in ours.formats.iter().filter_map(|our| Some((our, our.codec()?))) {
        if theirs.formats.iter().any(|format| format.codec() == Some(codec)) {
            *receive.slot(codec) = Some(our.payload_type);
        }
    }
    let event = best_event(theirs, codec).filter(|event| event_of(ours, event.clock_hz).is_some());
    if let Some(event) = event {
        *receive.event_slot(event.clock_hz) = event_of(ours, event.clock_hz).map(|our| our.payload_type);
    }
    Ok(Agreed {
        remote,
        rtcp,
        format: StreamFormat {
            codec,
            payload_type: format.payload_type,
            telephone_event: event.map(|event| event.payload_type),
            ptime_ms: ptime(codec, theirs.ptime_ms, ours.ptime_ms.unwrap_or(PTIME_DEFAULT_MS)),
            bitrate_max: format.bitrate_max(),
        },
        receive,
        direction: ours.direction.and(theirs.direction.mirrored()),
        wish: if keys.is_some() { stream_wish(Some(theirs)) } else { Wish::Clear },
        keys,
    })
}

/// The stream's best format that we have, with where it goes, when we can take the stream.
fn acceptable<'a>(stream: &'a MediaDescription, local: &LocalMedia<'_>) -> Option<(&'a Format, SocketAddr)> {
    let known = match stream.protocol {
        Protocol::Avp | Protocol::Avpf | Protocol::Savp | Protocol::Savpf => true,
        // A stream that asks for encryption is refused rather than answered in the clear.
        Protocol::Secure | Protocol::Other => false,
    };
    if !known || stream.kind != MediaKind::Audio {
        return None;
    }
    let known = |format: &&Format| format.codec().is_some_and(|codec| local.codecs.contains(&codec));
    Some((stream.formats.iter().find(known)?, stream.rtp()?))
}

/// Our line and the keys for a stream; `None` when it is to be RTP.
fn protection_of(
    stream: &MediaDescription,
    local: &LocalMedia<'_>,
) -> Result<Option<(CryptoLine, SrtpKeys)>, NegotiateError> {
    let chosen = sdp::choose(&stream.crypto, local.keys);
    match stream.protocol {
        Protocol::Savp | Protocol::Savpf if chosen.is_none() => Err(NegotiateError::NoCommonSuite),
        Protocol::Savp | Protocol::Savpf | Protocol::Avp | Protocol::Avpf => Ok(chosen),
        Protocol::Secure | Protocol::Other => Ok(None),
    }
}

/// In which form a stream with keys has them.
fn stream_wish(stream: Option<&MediaDescription>) -> Wish {
    match stream.map(|stream| stream.protocol) {
        Some(Protocol::Savp | Protocol::Savpf) => Wish::Required,
        Some(Protocol::Avp | Protocol::Avpf) => Wish::Optional,
        Some(Protocol::Secure | Protocol::Other) | None => Wish::Other,
    }
}

fn agree(stream: &MediaDescription, format: &Format, remote: SocketAddr, local: &LocalMedia<'_>) -> Agreed {
    let codec = format.codec().unwrap_or(Codec::Pcmu);
    let event = best_event(stream, codec).filter(|_| local.telephone_event);
    let mut receive = PayloadTypes::default();
    if let Some(event) = event {
        *receive.event_slot(event.clock_hz) = Some(event.payload_type);
    }
    *receive.slot(codec) = Some(format.payload_type);
    let next_port = SocketAddr::new(remote.ip(), remote.port().saturating_add(1));
    Agreed {
        remote,
        rtcp: stream.rtcp.unwrap_or(RtcpWay::Address(next_port)),
        format: StreamFormat {
            codec,
            payload_type: format.payload_type,
            telephone_event: event.map(|event| event.payload_type),
            ptime_ms: ptime(codec, stream.ptime_ms, local.ptime_ms),
            bitrate_max: format.bitrate_max(),
        },
        receive,
        direction: local.direction.and(stream.direction.mirrored()),
        keys: None,
        wish: Wish::Clear,
    }
}

/// The payload type under which something is offered: the one that it has had in this session, which means nothing else as
/// long as it lasts (RFC 3264 §8.3.2), or one that is free, `wanted` if it can be.
fn type_for(known: &[&Format], given: &[u8], wanted: u8, is_it: impl Fn(&Format) -> bool) -> u8 {
    if let Some(format) = known.iter().find(|format| is_it(format)) {
        return format.payload_type;
    }
    let is_free = |candidate: &u8| {
        known.iter().all(|format| format.payload_type != *candidate) && !given.contains(candidate)
    };
    let dynamic = (wanted..128).chain(codec::DYNAMIC_FIRST..128);
    dynamic.filter(|_| wanted >= codec::DYNAMIC_FIRST).find(is_free).unwrap_or(wanted)
}

/// The events on this clock among the formats of a stream.
fn event_of(stream: &MediaDescription, clock_hz: u32) -> Option<&Format> {
    stream.formats.iter().find(|format| format.is_telephone_event() && format.clock_hz == clock_hz)
}

/// The events to use beside a codec: those on its clock (RFC 4733 §2.1), or where there are none those on the other,
/// as some phones have with Opus.
fn best_event(stream: &MediaDescription, codec: Codec) -> Option<&Format> {
    event_of(stream, codec.rtp_clock_hz())
        .or_else(|| stream.formats.iter().find(|format| format.is_telephone_event()))
}

/// The packet time to send with: what the peer likes, within 10 to 60 ms, in whole steps of 10 and as the codec can.
fn ptime(codec: Codec, wanted_ms: Option<u8>, default_ms: u8) -> u8 {
    codec.ptime(match wanted_ms {
        Some(wanted @ (10 | 20 | 30 | 40 | 50 | 60)) => wanted,
        Some(_) | None => default_ms,
    })
}

fn header(local: &LocalMedia<'_>) -> Vec<u8> {
    let mut text = Vec::with_capacity(384);
    text.extend_from_slice(b"v=0\r\n");
    local.origin.write(&mut text);
    text.extend_from_slice(b"s=-\r\nc=");
    push_address(&mut text, local.address.ip());
    text.extend_from_slice(b"\r\nt=0 0\r\n");
    text
}

/// Writes an `m=` line with port 0 and the formats that were there (RFC 3264 §6).
fn refuse(text: &mut Vec<u8>, raw: &sdp_types::Media) {
    text.extend_from_slice(b"m=");
    text.extend_from_slice(raw.media.as_bytes());
    text.extend_from_slice(b" 0 ");
    text.extend_from_slice(raw.proto.as_bytes());
    text.push(b' ');
    text.extend_from_slice(raw.fmt.as_bytes());
    text.extend_from_slice(b"\r\n");
}

/// The `m=` line of our stream with its attributes.
struct AudioLines<'a> {
    protocol: Protocol,
    codecs: &'a [(u8, Codec)],
    /// Payload types of RFC 4733 events and their clocks.
    events: &'a [(Option<u8>, u32)],
    ptime_ms: u8,
    direction: Direction,
    mux: bool,
    crypto: &'a [CryptoLine],
}

impl AudioLines<'_> {
    fn write(&self, text: &mut Vec<u8>, port: u16) {
        text.extend_from_slice(b"m=audio ");
        push_decimal(text, u64::from(port));
        text.extend_from_slice(match self.protocol {
            Protocol::Avpf => b" RTP/AVPF".as_slice(),
            Protocol::Savp => b" RTP/SAVP",
            Protocol::Savpf => b" RTP/SAVPF",
            Protocol::Avp | Protocol::Secure | Protocol::Other => b" RTP/AVP",
        });
        let payload_types = self.codecs.iter().map(|(payload_type, _)| *payload_type);
        let events =
            self.events.iter().filter_map(|(payload_type, clock_hz)| Some(((*payload_type)?, *clock_hz)));
        for payload_type in payload_types.chain(events.clone().map(|(payload_type, _)| payload_type)) {
            text.push(b' ');
            push_decimal(text, u64::from(payload_type));
        }
        for (payload_type, codec) in self.codecs {
            push_attribute(text, b"rtpmap:", *payload_type);
            text.push(b' ');
            text.extend_from_slice(codec.name().as_bytes());
            text.push(b'/');
            text.extend_from_slice(codec.rtpmap_rate().as_bytes());
            if let Some(parameters) = codec.parameters() {
                push_attribute(text, b"fmtp:", *payload_type);
                text.push(b' ');
                text.extend_from_slice(parameters.as_bytes());
            }
        }
        for (payload_type, clock_hz) in events {
            push_attribute(text, b"rtpmap:", payload_type);
            text.extend_from_slice(b" telephone-event/");
            push_decimal(text, u64::from(clock_hz));
            push_attribute(text, b"fmtp:", payload_type);
            text.extend_from_slice(b" 0-16");
        }
        push_attribute(text, b"ptime:", self.ptime_ms);
        text.extend_from_slice(b"\r\na=");
        text.extend_from_slice(self.direction.attribute().as_bytes());
        if self.mux {
            text.extend_from_slice(b"\r\na=rtcp-mux");
        }
        text.extend_from_slice(b"\r\n");
        for line in self.crypto {
            line.write(text);
        }
    }
}

/// Ends the line before and begins `a=<name><number>`.
fn push_attribute(text: &mut Vec<u8>, name: &[u8], number: u8) {
    text.extend_from_slice(b"\r\na=");
    text.extend_from_slice(name);
    push_decimal(text, u64::from(number));
}

/// The payload type that most phones use for RFC 4733 events.
const TELEPHONE_EVENT: u8 = 101;
/// For events on the clock of Opus.
const TELEPHONE_EVENT_48K: u8 = 115;
/// The packet time of RFC 3551 §4.2 for all codecs here.
pub const PTIME_DEFAULT_MS: u8 = 20;
