//! Which audio formats of a description stay, and in which order.
//!
//! Whoever passes a description on may allow less than its writer does (RFC 3264 §5 leaves an offerer free in what it
//! offers, and to the far side we are the offerer). Formats that are no codec, such as telephone events and comfort noise, stay
//! with whatever codec is left; streams that are no audio stay as they are.

use std::str::from_utf8;

use strowger_base::SessionDescription;

use super::STREAMS_MAX;
use super::peek::static_name;
use super::scan::{Line, Lines, MediaLine, fields, number};

/// A codec as a description names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AudioFormat<'a> {
    /// The name of `a=rtpmap`, or of the static payload type (RFC 3551 table 4), or the bare number.
    pub name: &'a str,
    /// The RTP clock; 8000 where nothing says otherwise.
    pub clock_hz: u32,
    /// What `a=fmtp` says of it; empty when nothing does.
    pub parameters: &'a str,
}

/// What is left of a description.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selection {
    /// All of it, in its order.
    Unchanged,
    /// This.
    Changed(SessionDescription),
    /// Its audio stream has no codec left.
    Nothing,
}

/// The codecs of the first audio stream that is not refused, the preferred first; at most [`FORMATS_MAX`].
pub fn audio_formats(bytes: &[u8]) -> Vec<AudioFormat<'_>> {
    let first = Stream::all(bytes).into_iter().next();
    let formats = first.map(|stream| stream.formats).unwrap_or_default();
    formats.into_iter().filter(|format| !format.is_companion()).map(|format| format.audio).collect()
}

/// The codecs for audio that a description declares beside those that are in use (RFC 3407 §3.1): what its writer can. Of each only those with a
/// static payload type, and at most [`FORMATS_MAX`].
pub fn declared_formats(bytes: &[u8]) -> Vec<AudioFormat<'_>> {
    let names = declared(bytes).filter_map(static_name).take(FORMATS_MAX);
    names.map(|name| AudioFormat { name, clock_hz: 8000, parameters: "" }).collect()
}

/// Whether a description declares codecs for audio, and [`declared_formats`] are all that it declares: a payload type that is not static could be any
/// other.
pub fn declares_all(bytes: &[u8]) -> bool {
    let count = declared(bytes).count();
    (1..=FORMATS_MAX).contains(&count) && declared(bytes).all(|format| static_name(format).is_some())
}

/// The payload types for audio that a description declares.
fn declared(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let declared = Lines::new(bytes).filter(|line| line.kind == b'a').filter_map(|line| {
        let mut words = fields(line.value.strip_prefix(b"cdsc:")?);
        // The number of the capability, the kind of media and the protocol.
        let is_audio = (words.nth(1)?, words.next()?) == (b"audio", b"RTP/AVP");
        is_audio.then_some(words)
    });
    declared.flatten()
}

/// An answer as the offer of the same device: its audio stream names all codecs that it declares (RFC 3407), and declares none any more. `None`
/// where it declares none.
///
/// ```
/// use strowger_media::sdp::offer_of_declared;
///
/// let answer = b"v=0\r\na=sqn: 0\r\na=cdsc: 1 audio RTP/AVP 9 0 18\r\nm=audio 4000 RTP/AVP 9 101\r\na=ptime:20\r\n";
/// let offer = offer_of_declared(answer).expect("it declares some");
/// assert_eq!(offer.as_bytes(), b"v=0\r\nm=audio 4000 RTP/AVP 9 101 0 18\r\na=ptime:20\r\n");
/// ```
pub fn offer_of_declared(bytes: &[u8]) -> Option<SessionDescription> {
    let text = str::from_utf8(bytes).ok()?;
    let declared: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("a=cdsc:"))
        .filter_map(|rest| {
            let mut words = rest.split_ascii_whitespace();
            let is_audio = (words.nth(1)?, words.next()?) == ("audio", "RTP/AVP");
            is_audio.then_some(words)
        })
        .flatten()
        .filter(|name| static_name(name.as_bytes()).is_some())
        .take(FORMATS_MAX)
        .collect();
    if declared.is_empty() {
        return None;
    }
    let mut offer = String::with_capacity(text.len());
    let mut is_first = true;
    for line in text.lines().filter(|line| !line.starts_with("a=cdsc:") && !line.starts_with("a=sqn:")) {
        offer.push_str(line);
        if is_first && line.starts_with("m=audio ") {
            is_first = false;
            let known: Vec<&str> = line.split_ascii_whitespace().skip(3).collect();
            for name in declared.iter().filter(|name| !known.contains(name)) {
                offer.push(' ');
                offer.push_str(name);
            }
        }
        offer.push_str("\r\n");
    }
    Some(SessionDescription::new(offer.as_bytes()))
}

/// Leaves the codecs of audio streams that `rank` gives a rank, those of the least rank first, and takes the others out with all
/// that is said about them.
///
/// ```
/// use strowger_media::sdp::{Selection, select_formats};
///
/// let text = b"v=0\r\nm=audio 4000 RTP/AVP 0 18 9 101\r\na=rtpmap:18 G729/8000\r\na=rtpmap:101 telephone-event/8000\r\n";
/// let rank = |format: &strowger_media::sdp::AudioFormat<'_>| match format.name {
///     "G722" => Some(0),
///     "PCMU" => Some(1),
///     _ => None,
/// };
/// let Selection::Changed(ours) = select_formats(text, rank) else { panic!("it changes") };
/// assert_eq!(ours.as_bytes(), b"v=0\r\nm=audio 4000 RTP/AVP 9 0 101\r\na=rtpmap:101 telephone-event/8000\r\n");
/// ```
pub fn select_formats(bytes: &[u8], rank: impl Fn(&AudioFormat<'_>) -> Option<usize>) -> Selection {
    let streams = Stream::all(bytes);
    let chosen: Vec<Chosen<'_>> = streams.iter().map(|stream| stream.choose(&rank)).collect();
    match chosen.first() {
        None => return Selection::Unchanged,
        Some(first) if first.kept.is_empty() => return Selection::Nothing,
        Some(_) => {}
    }
    if chosen.iter().all(|chosen| chosen.is_same) {
        return Selection::Unchanged;
    }
    let mut text = Vec::with_capacity(bytes.len());
    // The audio stream whose lines are being copied.
    let mut current: Option<&Chosen<'_>> = None;
    let mut chosen = chosen.iter().peekable();
    for line in Lines::new(bytes) {
        if line.kind == b'm' {
            current = chosen.next_if(|chosen| chosen.line.start == line.start);
            if let Some(stream) = current {
                stream.write(&mut text, bytes);
                continue;
            }
        }
        let gone = current.is_some_and(|stream| line.kind == b'a' && stream.dropped_attribute(line.value));
        if !gone {
            text.extend_from_slice(bytes.get(line.start..line.end).unwrap_or_default());
        }
    }
    Selection::Changed(SessionDescription::new(&text))
}

/// An audio stream that is not refused.
pub(super) struct Stream<'a> {
    pub(super) line: Line<'a>,
    media: MediaLine<'a>,
    pub(super) formats: Vec<Format<'a>>,
}

/// A format with its number.
#[derive(Clone, Copy)]
pub(super) struct Format<'a> {
    pub(super) payload_type: &'a [u8],
    pub(super) audio: AudioFormat<'a>,
}

/// What stays of a stream.
struct Chosen<'a> {
    line: Line<'a>,
    media: MediaLine<'a>,
    /// Codecs and what goes with them, in the order in which they are written; empty when no codec is left.
    kept: Vec<&'a [u8]>,
    dropped: Vec<&'a [u8]>,
    is_same: bool,
}

impl<'a> Stream<'a> {
    pub(super) fn all(bytes: &'a [u8]) -> Vec<Stream<'a>> {
        let mut streams: Vec<Stream<'a>> = Vec::new();
        let mut in_audio = false;
        for line in Lines::new(bytes) {
            match line.kind {
                b'm' => {
                    let media = MediaLine::parse(line.value);
                    in_audio = media.is_audio() && media.port != 0 && streams.len() < STREAMS_MAX;
                    if in_audio {
                        let formats = fields(media.formats).take(FORMATS_MAX).map(Format::new).collect();
                        streams.push(Stream { line, media, formats });
                    }
                }
                b'a' if in_audio => {
                    if let Some(stream) = streams.last_mut() {
                        stream.read(line.value);
                    }
                }
                _ => {}
            }
        }
        streams
    }

    /// Reads an attribute of the stream.
    fn read(&mut self, value: &'a [u8]) {
        let (maps, value) = match (value.strip_prefix(b"rtpmap:"), value.strip_prefix(b"fmtp:")) {
            (Some(value), _) => (true, value),
            (None, Some(value)) => (false, value),
            (None, None) => return,
        };
        let Some(payload_type) = fields(value).next() else { return };
        let Some(format) = self.formats.iter_mut().find(|format| format.payload_type == payload_type) else {
            return;
        };
        let rest = value.get(payload_type.len()..).unwrap_or_default().trim_ascii();
        let Ok(rest) = from_utf8(rest) else { return };
        if maps {
            let mut parts = rest.split('/');
            format.audio.name = parts.next().unwrap_or_default();
            format.audio.clock_hz = parts.next().and_then(|clock| clock.parse().ok()).unwrap_or(CLOCK_HZ);
        } else {
            format.audio.parameters = rest;
        }
    }

    fn choose(&self, rank: impl Fn(&AudioFormat<'_>) -> Option<usize>) -> Chosen<'a> {
        let codecs = || self.formats.iter().filter(|format| !format.is_companion());
        let mut ranked: Vec<(usize, &Format<'a>)> =
            codecs().filter_map(|format| Some((rank(&format.audio)?, format))).collect();
        // Equal ones keep the order of whoever wrote them.
        ranked.sort_by_key(|(rank, _)| *rank);
        let mut kept: Vec<&[u8]> = ranked.iter().map(|(_, format)| format.payload_type).collect();
        let is_same = kept.iter().copied().eq(codecs().map(|format| format.payload_type));
        let is_dropped = |format: &&Format<'_>| !kept.contains(&format.payload_type);
        let dropped = codecs().filter(is_dropped).map(|format| format.payload_type).collect();
        if !kept.is_empty() {
            let companions = self.formats.iter().filter(|format| format.is_companion());
            kept.extend(companions.map(|format| format.payload_type));
        }
        Chosen { line: self.line, media: self.media, kept, dropped, is_same }
    }
}

impl<'a> Format<'a> {
    fn new(payload_type: &'a [u8]) -> Self {
        let name = static_name(payload_type).or_else(|| from_utf8(payload_type).ok()).unwrap_or_default();
        let clock_hz = CLOCK_HZ;
        Format { payload_type, audio: AudioFormat { name, clock_hz, parameters: "" } }
    }

    /// Goes with a codec and is none itself: events and tones (RFC 4733), comfort noise, redundancy,
    /// forward error correction, retransmission.
    fn is_companion(&self) -> bool {
        let names = ["telephone-event", "tone", "CN", "red", "ulpfec", "rtx"];
        names.iter().any(|name| self.audio.name.eq_ignore_ascii_case(name))
    }
}

impl Chosen<'_> {
    /// Writes its `m=` line; without a codec the stream is refused (RFC 3264 §8.2).
    fn write(&self, text: &mut Vec<u8>, bytes: &[u8]) {
        let whole = bytes.get(self.line.start..self.line.end).unwrap_or_default();
        if self.is_same && !self.kept.is_empty() {
            return text.extend_from_slice(whole);
        }
        let before_formats = self.line.value.len() - self.media.formats.len() + M_EQUALS;
        let before = whole.get(..before_formats).unwrap_or_default();
        if self.kept.is_empty() {
            let port_at = M_EQUALS + self.media.kind.len() + 1;
            text.extend_from_slice(whole.get(..port_at).unwrap_or_default());
            text.push(b'0');
            let after_port = port_at + self.media.port_text.len();
            return text.extend_from_slice(whole.get(after_port..).unwrap_or_default());
        }
        text.extend_from_slice(before);
        for (index, payload_type) in self.kept.iter().enumerate() {
            if index > 0 {
                text.push(b' ');
            }
            text.extend_from_slice(payload_type);
        }
        text.extend_from_slice(b"\r\n");
    }

    /// Whether an attribute is about a format that is gone.
    fn dropped_attribute(&self, value: &[u8]) -> bool {
        let about =
            [&b"rtpmap:"[..], b"fmtp:", b"rtcp-fb:"].iter().find_map(|name| value.strip_prefix(*name));
        let payload_type = about.and_then(|value| fields(value).next());
        !self.kept.is_empty()
            && payload_type.is_some_and(|it| self.dropped.contains(&it) && number::<u8>(it).is_some())
    }
}

/// Formats of one stream that are looked at; no device has so many, and what stands behind them goes.
pub const FORMATS_MAX: usize = 64;
/// The clock of static payload types, and of nearly all others.
const CLOCK_HZ: u32 = 8000;
/// Bytes of `m=`.
const M_EQUALS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranks by the place in this list.
    fn select(text: &str, preference: &[&str]) -> String {
        let rank = |format: &AudioFormat<'_>| preference.iter().position(|name| *name == format.name);
        match select_formats(text.as_bytes(), rank) {
            Selection::Unchanged => "unchanged".to_owned(),
            Selection::Changed(text) => String::from_utf8(text.as_bytes().to_vec()).unwrap(),
            Selection::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn what_a_device_can_beside_what_is_in_use_is_declared() {
        let check = |lines: &str, expect: &[&str]| {
            let text = format!("v=0\r\nm=audio 4000 RTP/AVP 9\r\n{lines}");
            let declared = declared_formats(text.as_bytes());
            assert_eq!(declared.iter().map(|format| format.name).collect::<Vec<_>>(), expect, "{lines}");
        };
        check("", &[]);
        check("a=sqn: 0\r\na=cdsc: 1 audio RTP/AVP 9 0 18 96\r\n", &["G722", "PCMU", "G729"]);
        check("a=cdsc:1 audio RTP/AVP 8\r\na=cdsc: 2 video RTP/AVP 34\r\n", &["PCMA"]);
        check("a=cdsc: 1 image udptl t38\r\na=cdsc\r\na=cdsc:\r\na=cdsc: 1 audio\r\n", &[]);
    }

    #[test]
    fn a_declaration_is_whole_where_all_of_it_is_known() {
        let check = |lines: &str, expect: bool| {
            let text = format!("v=0\r\nm=audio 4000 RTP/AVP 9\r\n{lines}");
            assert_eq!(declares_all(text.as_bytes()), expect, "{lines}");
        };
        check("", false);
        check("a=sqn: 0\r\na=cdsc: 1 audio RTP/AVP 9 0 18\r\n", true);
        check("a=cdsc: 1 audio RTP/AVP 9 0\r\na=cdsc: 3 video RTP/AVP 96\r\n", true);
        // It may be Opus.
        check("a=sqn: 0\r\na=cdsc: 1 audio RTP/AVP 9 0 18 96\r\na=cpar: a=rtpmap:96 opus/48000/2\r\n", false);
        check("a=cdsc: 1 audio RTP/AVP 9\r\na=cdsc: 2 audio RTP/AVP 96\r\n", false);
        let many: String = std::iter::repeat_n(" 0", FORMATS_MAX + 1).collect();
        check(&format!("a=cdsc: 1 audio RTP/AVP{many}\r\n"), false);
    }

    #[test]
    fn codecs_are_taken_out_and_put_in_order() {
        let check = |formats: &str, preference: &[&str], expect: &str| {
            let text = |formats: &str| format!("v=0\r\nm=audio 4000 RTP/AVP {formats}\r\n");
            let expect = match expect {
                "unchanged" | "nothing" => expect.to_owned(),
                formats => text(formats),
            };
            assert_eq!(select(&text(formats), preference), expect, "{formats} {preference:?}");
        };
        check("0 8 9", &["PCMU", "PCMA", "G722"], "unchanged");
        check("0 8 9", &["G722", "PCMA", "PCMU"], "9 8 0");
        check("0 8 9", &["PCMA"], "8");
        check("18 0", &["PCMU", "G729"], "0 18");
        check("0 13 8", &["PCMA", "PCMU"], "8 0 13");
        check("0 13 8", &["PCMU", "PCMA"], "unchanged");
        check("0 8", &["G729"], "nothing");
        check("13", &["PCMU"], "nothing");
        check("", &["PCMU"], "nothing");
        // A number that nobody explained.
        check("0 96", &["96"], "96");
    }

    #[test]
    fn what_is_said_of_a_codec_goes_with_it_and_all_else_stays() {
        let text = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\na=sendrecv\r\n\
            m=video 5000 RTP/AVP 0 97\r\na=rtpmap:97 H264/90000\r\n\
            m=audio 4000 RTP/AVP 0 97 101 18\r\nc=IN IP4 192.0.2.1\r\na=rtpmap:97 OPUS/48000/2\r\n\
            a=fmtp:97 useinbandfec=1\r\na=rtcp-fb:97 nack\r\na=rtcp-fb:* ccm\r\na=rtpmap:101 telephone-event/8000\r\n\
            a=fmtp:101 0-16\r\na=fmtp:18 annexb=no\r\na=ptime:20\r\na=x-unknown:97\r\n\
            m=application 6000 RTP/AVP 97\r\na=rtpmap:97 H224/4800\r\n";
        let expect = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\na=sendrecv\r\n\
            m=video 5000 RTP/AVP 0 97\r\na=rtpmap:97 H264/90000\r\n\
            m=audio 4000 RTP/AVP 18 0 101\r\nc=IN IP4 192.0.2.1\r\na=rtcp-fb:* ccm\r\na=rtpmap:101 telephone-event/8000\r\n\
            a=fmtp:101 0-16\r\na=fmtp:18 annexb=no\r\na=ptime:20\r\na=x-unknown:97\r\n\
            m=application 6000 RTP/AVP 97\r\na=rtpmap:97 H224/4800\r\n";
        assert_eq!(select(text, &["G729", "PCMU"]), expect);
    }

    #[test]
    fn a_second_audio_stream_without_a_codec_is_refused() {
        let text = "v=0\r\nm=audio 0 RTP/AVP 8\r\nm=audio 4000 RTP/AVP 0\r\nm=audio 4002/2 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";
        let expect = "v=0\r\nm=audio 0 RTP/AVP 8\r\nm=audio 4000 RTP/AVP 0\r\nm=audio 0 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";
        assert_eq!(select(text, &["PCMU"]), expect);
        assert_eq!(select("v=0\r\nm=audio 0 RTP/AVP 8\r\n", &["PCMU"]), "unchanged");
        assert_eq!(select("", &["PCMU"]), "unchanged");
    }

    #[test]
    fn codecs_are_read_with_what_is_said_of_them() {
        let text = b"v=0\r\nm=audio 0 RTP/AVP 3\r\nm=audio 4000 RTP/AVP 115 101 0 44\r\na=rtpmap:115 G7221/16000\r\na=fmtp:115 bitrate=32000\r\na=rtpmap:101 telephone-event/8000\r\n";
        let read =
            |format: AudioFormat<'_>| format!("{} {} {}", format.name, format.clock_hz, format.parameters);
        let found: Vec<String> = audio_formats(text).into_iter().map(read).collect();
        assert_eq!(found, ["G7221 16000 bitrate=32000", "PCMU 8000 ", "44 8000 "]);
        assert_eq!(audio_formats(b"v=0\r\n"), []);
    }

    #[test]
    fn an_endless_list_gets_no_more_attention_than_a_long_one() {
        let formats: Vec<String> = (0..20_000).map(|n| (n % 128).to_string()).collect();
        let text = format!("v=0\r\nm=audio 4000 RTP/AVP {}\r\n", formats.join(" "));
        assert_eq!(audio_formats(text.as_bytes()).len(), FORMATS_MAX - 1, "comfort noise is no codec");
        assert_eq!(select(&text, &["PCMU"]), "v=0\r\nm=audio 4000 RTP/AVP 0 13\r\n");
    }
}
