//! The typed view of a description, for endpoints of our own.

use std::net::{IpAddr, SocketAddr};

use super::crypto::CryptoLine;
use super::scan::number;
use super::{Direction, STREAMS_MAX, SdpError};
use crate::codec::{Codec, DYNAMIC_FIRST, opus};
use crate::control::RtcpWay;

/// A description with its streams in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Everything as `sdp-types` read it, for what has no typed view here.
    pub raw: sdp_types::Session,
    /// The streams, in the order of their `m=` lines.
    pub streams: Vec<MediaDescription>,
}

/// One `m=` line with what belongs to it; values of the session level are filled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MediaDescription {
    /// Audio, video or another.
    pub kind: MediaKind,
    /// The port; 0 refuses the stream.
    pub port: u16,
    /// The transport protocol.
    pub protocol: Protocol,
    /// Payload types in order of preference; empty when the protocol is not RTP.
    pub formats: Vec<Format>,
    /// Which way it flows, from the view of the writer; old-style hold counted in (RFC 3264 §8.4).
    pub direction: Direction,
    /// Where it is to be sent; `None` for domain names and networks other than IP.
    pub address: Option<IpAddr>,
    /// Where RTCP is to be sent; `None` without an address.
    pub rtcp: Option<RtcpWay>,
    /// Packet time that the writer wants to receive, in milliseconds (`a=ptime`).
    pub ptime_ms: Option<u8>,
    /// Keys of the writer, in order of preference; those that we understand.
    pub crypto: Vec<CryptoLine>,
}

/// The kind of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MediaKind {
    /// `audio`
    Audio,
    /// `video`
    Video,
    /// `image`, `application`, `message`, `text` …
    Other,
}

/// The transport protocol of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// `RTP/AVP` (RFC 3551).
    Avp,
    /// `RTP/AVPF` (RFC 4585).
    Avpf,
    /// `RTP/SAVP` (RFC 3711), with keys in the description (RFC 4568).
    Savp,
    /// `RTP/SAVPF` (RFC 5124), with keys in the description.
    Savpf,
    /// An RTP profile whose keys are agreed elsewhere: `UDP/TLS/RTP/SAVPF` ….
    Secure,
    /// Not RTP.
    Other,
}

/// A payload type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Format {
    /// The number on the wire, 0-127.
    pub payload_type: u8,
    /// Encoding name of `a=rtpmap`, or of the static payload type; empty when neither is known.
    pub encoding: Box<str>,
    /// Clock rate in Hz; 0 when unknown.
    pub clock_hz: u32,
    /// The parameters of `a=fmtp`, as written.
    pub parameters: Option<Box<str>>,
}

impl Format {
    /// What a payload type means where no `a=rtpmap` says it.
    fn without_map(payload_type: u8) -> Format {
        let is_it = |codec: &Codec| codec.payload_type() == payload_type && payload_type < DYNAMIC_FIRST;
        let (encoding, clock_hz) = match Codec::KNOWN.into_iter().find(is_it) {
            Some(codec) => (codec.name(), codec.rtp_clock_hz()),
            None => ("", 0),
        };
        Format { payload_type, encoding: encoding.into(), clock_hz, parameters: None }
    }

    /// The codec, when it is one that can be negotiated.
    pub fn codec(&self) -> Option<Codec> {
        Codec::from_rtpmap(&self.encoding, self.clock_hz)
    }

    /// True for RFC 4733 events on a clock that one of our codecs has.
    pub fn is_telephone_event(&self) -> bool {
        self.encoding.eq_ignore_ascii_case("telephone-event")
            && Codec::ALL.into_iter().any(|codec| codec.rtp_clock_hz() == self.clock_hz)
    }

    /// The most bits a second that may be sent in it on average, where its parameters say so.
    pub fn bitrate_max(&self) -> Option<u32> {
        match self.codec()? {
            Codec::Opus => self.parameters.as_deref().and_then(opus::bitrate_max),
            Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::G729 => None,
        }
    }
}

impl Session {
    /// Parses a description.
    ///
    /// # Errors
    /// When the grammar is broken, `o=` is missing, or there are more than [`STREAMS_MAX`] streams.
    pub fn parse(bytes: &[u8]) -> Result<Session, SdpError> {
        // The syntax crate fills in an empty origin; we owe the peer's session an identity (RFC 8866 §5.2).
        super::peek(bytes)?;
        let raw = sdp_types::Session::parse(bytes)?;
        if raw.medias.len() > STREAMS_MAX {
            return Err(SdpError::TooManyStreams { max: STREAMS_MAX });
        }
        let streams = raw.medias.iter().map(|media| MediaDescription::of(&raw, media)).collect();
        Ok(Session { raw, streams })
    }

    /// The number of the first audio stream that is not refused.
    pub fn audio(&self) -> Option<usize> {
        self.streams.iter().position(|stream| stream.kind == MediaKind::Audio && stream.port != 0)
    }
}

impl MediaDescription {
    fn of(session: &sdp_types::Session, media: &sdp_types::Media) -> MediaDescription {
        let connection = media.connections.first().or(session.connection.as_ref());
        let address: Option<IpAddr> = connection.and_then(|connection| {
            connection.connection_address.split('/').next().and_then(|address| address.parse().ok())
        });
        let mut direction =
            direction_of(&media.attributes).or_else(|| direction_of(&session.attributes)).unwrap_or_default();
        if address.is_some_and(|address| address.is_unspecified()) {
            direction = direction.without_receiving();
        }
        let protocol = Protocol::of(&media.proto);
        MediaDescription {
            kind: MediaKind::of(&media.media),
            port: media.port,
            protocol,
            formats: if protocol == Protocol::Other { Vec::new() } else { formats_of(media) },
            direction,
            address,
            rtcp: address.map(|address| rtcp_of(media, SocketAddr::new(address, media.port))),
            crypto: crypto_of(media),
            ptime_ms: value_of(media, "ptime").and_then(|value| {
                // Some phones write fractions, which RFC 8866 §6.4 does not allow.
                number(value.split('.').next().unwrap_or_default().as_bytes())
            }),
        }
    }

    /// Where RTP is to be sent; `None` when refused or unknown.
    pub fn rtp(&self) -> Option<SocketAddr> {
        match (self.port, self.address) {
            (0, _) | (_, None) => None,
            (port, Some(address)) => Some(SocketAddr::new(address, port)),
        }
    }
}

impl MediaKind {
    fn of(media: &str) -> MediaKind {
        match media {
            "audio" => MediaKind::Audio,
            "video" => MediaKind::Video,
            _ => MediaKind::Other,
        }
    }
}

impl Protocol {
    fn of(proto: &str) -> Protocol {
        if proto.eq_ignore_ascii_case("RTP/AVP") {
            Protocol::Avp
        } else if proto.eq_ignore_ascii_case("RTP/AVPF") {
            Protocol::Avpf
        } else if proto.eq_ignore_ascii_case("RTP/SAVP") {
            Protocol::Savp
        } else if proto.eq_ignore_ascii_case("RTP/SAVPF") {
            Protocol::Savpf
        } else if proto.split('/').any(|part| part.starts_with("SAVP")) {
            Protocol::Secure
        } else {
            Protocol::Other
        }
    }
}

fn formats_of(media: &sdp_types::Media) -> Vec<Format> {
    let types = media.fmt.split(' ').filter_map(|text| number::<u8>(text.as_bytes()));
    let types = types.filter(|&payload_type| payload_type < 128);
    let mut formats: Vec<Format> = types.take(FORMATS_MAX).map(Format::without_map).collect();
    for attribute in &media.attributes {
        let Some((payload_type, rest)) = attribute.value.as_deref().and_then(|value| value.split_once(' '))
        else {
            continue;
        };
        let payload_type = number::<u8>(payload_type.as_bytes());
        let Some(format) = formats.iter_mut().find(|format| Some(format.payload_type) == payload_type) else {
            continue;
        };
        match attribute.attribute.as_str() {
            "rtpmap" => {
                // `G722/8000`, perhaps with `/channels`.
                let mut parts = rest.trim().split('/');
                format.encoding = parts.next().unwrap_or_default().into();
                format.clock_hz = parts.next().and_then(|clock| number(clock.as_bytes())).unwrap_or(0);
            }
            "fmtp" => format.parameters = Some(rest.into()),
            _ => {}
        }
    }
    formats
}

fn crypto_of(media: &sdp_types::Media) -> Vec<CryptoLine> {
    let lines = media.attributes.iter().filter(|attribute| attribute.attribute == "crypto");
    let values = lines.filter_map(|attribute| attribute.value.as_deref());
    values.take(CRYPTO_MAX).filter_map(|value| CryptoLine::parse(value.as_bytes())).collect()
}

fn direction_of(attributes: &[sdp_types::Attribute]) -> Option<Direction> {
    attributes.iter().rev().find_map(|attribute| Direction::from_attribute(attribute.attribute.as_bytes()))
}

fn rtcp_of(media: &sdp_types::Media, rtp: SocketAddr) -> RtcpWay {
    if media.attributes.iter().any(|attribute| attribute.attribute == "rtcp-mux") {
        return RtcpWay::Mux;
    }
    let mut parts = value_of(media, "rtcp").unwrap_or_default().split(' ');
    let port = parts.next().and_then(|port| number(port.as_bytes()));
    let address = parts.nth(2).and_then(|address| address.parse().ok());
    RtcpWay::Address(SocketAddr::new(
        address.unwrap_or(rtp.ip()),
        port.unwrap_or(rtp.port().saturating_add(1)),
    ))
}

fn value_of<'a>(media: &'a sdp_types::Media, name: &str) -> Option<&'a str> {
    media.attributes.iter().find(|attribute| attribute.attribute == name)?.value.as_deref()
}

/// Payload types of one stream that are looked at; later ones do not count.
const FORMATS_MAX: usize = 64;
/// Keys of one stream that are looked at.
const CRYPTO_MAX: usize = 16;
