//! A glance at a description: what call control and the story of a call want to know.

use std::fmt;
use std::net::SocketAddr;

use super::scan::{Connection, Line, Lines, MediaLine, fields, number};
use super::{Direction, HoldState, SdpError};
use crate::codec::Codec;
use crate::control::RtcpWay;

/// What a description says in short. It borrows from the text and allocates nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peek<'a> {
    /// The `o=` line.
    pub origin: OriginLine<'a>,
    /// Where the first audio stream that is not refused wants its RTP. `None` when there is none, or when the
    /// address is a domain name. The address is unspecified (`0.0.0.0`) in the old style of hold.
    pub audio: Option<SocketAddr>,
    /// Where that stream wants its RTCP; `None` exactly when `audio` is.
    pub rtcp: Option<RtcpWay>,
    /// Which way that stream flows, from the view of who wrote it; old-style hold counted in.
    /// `Inactive` when there is none.
    pub direction: Direction,
    /// What that stream may carry.
    pub codecs: Codecs<'a>,
    /// Streams that are not refused, of any kind.
    pub streams: usize,
}

/// The fields of an `o=` line that matter (RFC 8866 §5.2).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct OriginLine<'a> {
    /// Usually a number, but any text is compared as it is.
    pub session_id: &'a [u8],
    /// Rises with each changed description.
    pub version: &'a [u8],
    /// The address or name as written.
    pub address: &'a [u8],
}

/// Looks at a description; costs about a third of a microsecond.
///
/// # Errors
/// When `v=` is not the first line or `o=` is missing or short. Everything else is taken as it comes.
pub fn peek(bytes: &[u8]) -> Result<Peek<'_>, SdpError> {
    let mut lines = Lines::new(bytes);
    match lines.next() {
        Some(Line { kind: b'v', .. }) => {}
        _ => return Err(SdpError::NoVersion),
    }
    let mut origin = None;
    let mut session = Level::default();
    let mut audio: Option<Audio<'_>> = None;
    let mut section = Section::Session;
    let mut streams = 0;
    for line in lines {
        if line.kind == b'm' {
            let media = MediaLine::parse(line.value);
            if let (Section::Audio, Some(audio)) = (section, audio.as_mut()) {
                audio.codecs.section = bytes.get(audio.body_start..line.start).unwrap_or_default();
            }
            streams += usize::from(media.port != 0);
            if audio.is_none() && media.is_audio() && media.port != 0 {
                section = Section::Audio;
                audio = Some(Audio::new(media, line.end, bytes));
            } else {
                section = Section::Other;
            }
            continue;
        }
        match section {
            Section::Session if line.kind == b'o' => origin = OriginLine::parse(line.value),
            Section::Session => session.read(line),
            Section::Audio => {
                if let Some(audio) = audio.as_mut() {
                    audio.level.read(line);
                }
            }
            Section::Other => {}
        }
    }
    let origin = origin.ok_or(SdpError::NoOrigin)?;
    Ok(match audio {
        Some(audio) => audio.conclude(origin, session, streams),
        None => Peek {
            origin,
            audio: None,
            rtcp: None,
            direction: Direction::Inactive,
            codecs: Codecs::default(),
            streams,
        },
    })
}

/// [`Peek::audio`] alone, at less than half of the cost; `None` as well for bytes that are no description.
pub fn audio_address(bytes: &[u8]) -> Option<SocketAddr> {
    let mut lines = Lines::new(bytes);
    lines.next().filter(|line| line.kind == b'v')?;
    let mut section = Section::Session;
    let (mut of_session, mut of_stream, mut port) = (None, None, 0);
    for line in lines {
        match (line.kind, section) {
            (b'm', Section::Audio) => break,
            (b'm', Section::Session | Section::Other) => {
                let media = MediaLine::parse(line.value);
                (section, port) = match media.port {
                    port if port != 0 && media.is_audio() => (Section::Audio, port),
                    _ => (Section::Other, 0),
                };
            }
            (b'c', Section::Session) => of_session = Some(Connection::parse(line.value)),
            (b'c', Section::Audio) => of_stream = Some(Connection::parse(line.value)),
            _ => {}
        }
    }
    match of_stream.or(of_session)? {
        Connection::Address(address) => (port != 0).then(|| SocketAddr::new(address, port)),
        Connection::Other => None,
    }
}

/// What a description says about hold. Bytes that are no description say nothing: [`HoldState::NoAudio`].
pub fn hold_of(bytes: &[u8]) -> HoldState {
    peek(bytes).map_or(HoldState::NoAudio, |peek| peek.hold())
}

impl Peek<'_> {
    /// What it says about hold.
    pub const fn hold(&self) -> HoldState {
        if self.codecs.formats.is_empty() {
            return HoldState::NoAudio;
        }
        match self.direction {
            Direction::SendReceive => HoldState::Active,
            Direction::SendOnly => HoldState::Holding,
            Direction::ReceiveOnly => HoldState::Held,
            Direction::Inactive => HoldState::Inactive,
        }
    }
}

impl<'a> OriginLine<'a> {
    fn parse(value: &'a [u8]) -> Option<Self> {
        let mut fields = fields(value).skip(1);
        let session_id = fields.next()?;
        let version = fields.next()?;
        let mut fields = fields.skip(2);
        Some(OriginLine { session_id, version, address: fields.next()? })
    }
}

/// The codecs of a stream in order of preference. Names are found when asked for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Codecs<'a> {
    formats: &'a [u8],
    section: &'a [u8],
}

impl<'a> Codecs<'a> {
    /// Those that an `m=` line lists; `section` is what belongs to it.
    pub(super) const fn of(formats: &'a [u8], section: &'a [u8]) -> Self {
        Codecs { formats, section }
    }

    /// The names: of `a=rtpmap`, or of the static payload type (RFC 3551 table 4), or the bare number.
    pub fn names(self) -> impl Iterator<Item = &'a str> {
        fields(self.formats).take(NAMES_MAX).filter_map(move |format| self.name_of(format))
    }

    /// The payload type of Opus (RFC 7587), of those that are listed.
    pub fn opus(self) -> Option<u8> {
        let is_opus =
            |format: &&[u8]| self.name_of(format).is_some_and(|name| name.eq_ignore_ascii_case("opus"));
        fields(self.formats).take(NAMES_MAX).find(is_opus).and_then(number)
    }

    fn name_of(self, format: &'a [u8]) -> Option<&'a str> {
        let mapped = Lines::new(self.section).filter(|line| line.kind == b'a').find_map(|line| {
            let value = line.value.strip_prefix(b"rtpmap:")?;
            let mut parts = fields(value);
            (parts.next()? == format).then(|| parts.next()).flatten()
        });
        match mapped {
            Some(encoding) => std::str::from_utf8(encoding.split(|&b| b == b'/').next()?).ok(),
            None => static_name(format).or_else(|| std::str::from_utf8(format).ok()),
        }
    }
}

impl fmt::Display for Codecs<'_> {
    /// The names with commas between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.names().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

/// Names of the static payload types that phones still use without `a=rtpmap` (RFC 3551 table 4).
pub(super) fn static_name(format: &[u8]) -> Option<&'static str> {
    let payload_type: u8 = number(format)?;
    match payload_type {
        3 => Some("GSM"),
        4 => Some("G723"),
        13 => Some("CN"),
        15 => Some("G728"),
        18 => Some("G729"),
        _ => Codec::from_static(payload_type).map(Codec::name),
    }
}

/// What may stand at session level and be overridden at media level.
#[derive(Clone, Copy, Default)]
pub(super) struct Level {
    connection: Option<Connection>,
    direction: Option<Direction>,
    rtcp_port: Option<u16>,
    rtcp_address: Option<Connection>,
    rtcp_mux: bool,
}

impl Level {
    pub(super) fn read(&mut self, line: Line<'_>) {
        match line.kind {
            b'c' => self.connection = Some(Connection::parse(line.value)),
            b'a' => self.read_attribute(line.value),
            _ => {}
        }
    }

    /// Where a stream at this port that says this wants its RTP and RTCP; `session` is what stands above it.
    pub(super) fn addresses(self, session: Level, port: u16) -> (Option<SocketAddr>, Option<RtcpWay>) {
        let rtp = match self.connection.or(session.connection) {
            Some(Connection::Address(address)) => Some(SocketAddr::new(address, port)),
            Some(Connection::Other) | None => None,
        };
        let rtcp = rtp.map(|rtp| {
            if self.rtcp_mux {
                return RtcpWay::Mux;
            }
            let ip = match self.rtcp_address {
                Some(Connection::Address(address)) => address,
                Some(Connection::Other) | None => rtp.ip(),
            };
            // RFC 3550 §11: the next port, unless RFC 3605 says otherwise.
            let port = self.rtcp_port.unwrap_or(rtp.port().saturating_add(1));
            RtcpWay::Address(SocketAddr::new(ip, port))
        });
        (rtp, rtcp)
    }

    fn read_attribute(&mut self, value: &[u8]) {
        // Most attributes are codec maps: those that matter here begin otherwise, or have this length.
        if value.starts_with(b"rtpmap") || value.starts_with(b"fmtp") {
            return;
        }
        if let Some(direction) = Direction::from_attribute(value) {
            self.direction = Some(direction);
        } else if value == b"rtcp-mux" {
            self.rtcp_mux = true;
        } else if let Some(rtcp) = value.strip_prefix(b"rtcp:") {
            let port = fields(rtcp).next();
            self.rtcp_port = port.and_then(number);
            let address = rtcp.get(port.map_or(0, <[u8]>::len)..).unwrap_or_default();
            if fields(address).next().is_some() {
                self.rtcp_address = Some(Connection::parse(address));
            }
        }
    }
}

struct Audio<'a> {
    level: Level,
    port: u16,
    body_start: usize,
    codecs: Codecs<'a>,
}

impl<'a> Audio<'a> {
    fn new(media: MediaLine<'a>, body_start: usize, bytes: &'a [u8]) -> Self {
        // The section ends at the next m= line, or here: at the end of the text.
        let section = bytes.get(body_start..).unwrap_or_default();
        Audio {
            level: Level::default(),
            port: media.port,
            body_start,
            codecs: Codecs { formats: media.formats, section },
        }
    }

    fn conclude(self, origin: OriginLine<'a>, session: Level, streams: usize) -> Peek<'a> {
        let connection = self.level.connection.or(session.connection);
        let mut direction = self.level.direction.or(session.direction).unwrap_or_default();
        if connection.is_some_and(Connection::is_hold) {
            direction = direction.without_receiving();
        }
        let (audio, rtcp) = self.level.addresses(session, self.port);
        Peek { origin, audio, rtcp, direction, codecs: self.codecs, streams }
    }
}

#[derive(Clone, Copy)]
enum Section {
    Session,
    Audio,
    Other,
}

/// Names of one stream that are told; a story needs no more, and a hostile list gets no more attention.
const NAMES_MAX: usize = 32;
