//! Keys in media (RFC 4733), as descriptions name them: whether a stream has them, and descriptions with and without.

use strowger_base::SessionDescription;

use super::scan::{Lines, MediaLine, fields, number, push_decimal};
use super::{Format, Session};
use crate::codec::{Codec, DYNAMIC_FIRST};
use crate::control::KeyEvents;
use crate::rtp::EVENT_CLOCK_HZ;

/// The keys in the first audio stream that is not refused: those on the clock of its first codec (RFC 4733 §2.1), or any.
///
/// ```
/// use strowger_media::control::KeyEvents;
/// use strowger_media::sdp::key_events;
///
/// let text = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
///     m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\n";
/// assert_eq!(key_events(text), Some(KeyEvents { payload_type: 96, clock_hz: 8000 }));
/// ```
pub fn key_events(bytes: &[u8]) -> Option<KeyEvents> {
    key_events_on(bytes, first_codec(bytes).map_or(EVENT_CLOCK_HZ, Codec::rtp_clock_hz))
}

/// The same with those on this clock before any others.
pub fn key_events_on(bytes: &[u8], clock_hz: u32) -> Option<KeyEvents> {
    let session = Session::parse(bytes).ok()?;
    let stream = session.streams.get(session.audio()?)?;
    let mut events = stream.formats.iter().filter(|format| format.is_telephone_event());
    let fits = events.clone().find(|format| format.clock_hz == clock_hz);
    let event = fits.or_else(|| events.next())?;
    Some(KeyEvents { payload_type: event.payload_type, clock_hz: event.clock_hz })
}

/// Keys that a description without any may get: on the clock of its first codec, under a payload type that it uses for nothing else,
/// 101, as most have it, or the first that is free.
pub fn free_key_events(bytes: &[u8]) -> KeyEvents {
    let clock_hz = first_codec(bytes).map_or(EVENT_CLOCK_HZ, Codec::rtp_clock_hz);
    KeyEvents { payload_type: free_for_events(bytes), clock_hz }
}

fn first_codec(bytes: &[u8]) -> Option<Codec> {
    let session = Session::parse(bytes).ok()?;
    session.streams.get(session.audio()?)?.formats.iter().find_map(Format::codec)
}

fn free_for_events(bytes: &[u8]) -> u8 {
    let formats =
        || Lines::new(bytes).filter(|line| line.kind == b'm').flat_map(|line| fields(line.value).skip(3));
    let is_free = |wanted: &u8| formats().filter_map(number::<u8>).all(|used| used != *wanted);
    std::iter::once(EVENTS_USUAL).chain(DYNAMIC_FIRST..128).find(is_free).unwrap_or(EVENTS_USUAL)
}

/// The same description with these keys in its first audio stream that is not refused.
///
/// ```
/// use strowger_media::control::KeyEvents;
/// use strowger_media::sdp::with_key_events;
///
/// let text = b"v=0\r\nm=audio 4000 RTP/AVP 0\r\na=ptime:20\r\nm=video 4002 RTP/AVP 31\r\n";
/// let with = with_key_events(text, KeyEvents { payload_type: 101, clock_hz: 8000 });
/// assert_eq!(with.as_bytes(), b"v=0\r\nm=audio 4000 RTP/AVP 0 101\r\na=ptime:20\r\na=rtpmap:101 telephone-event/8000\r\n\
///     a=fmtp:101 0-16\r\nm=video 4002 RTP/AVP 31\r\n");
/// ```
pub fn with_key_events(bytes: &[u8], events: KeyEvents) -> SessionDescription {
    let mut text = Vec::with_capacity(bytes.len() + EVENTS_BYTES);
    let mut stream = Stream::Before;
    for line in Lines::new(bytes) {
        let whole = bytes.get(line.start..line.end).unwrap_or_default();
        if line.kind != b'm' {
            text.extend_from_slice(whole);
            continue;
        }
        if stream == Stream::In {
            push_events(&mut text, events);
        }
        stream = stream.next(line.value);
        if stream == Stream::In {
            text.extend_from_slice(b"m=");
            text.extend_from_slice(line.value.trim_ascii_end());
            text.push(b' ');
            push_decimal(&mut text, u64::from(events.payload_type));
            text.extend_from_slice(b"\r\n");
        } else {
            text.extend_from_slice(whole);
        }
    }
    if stream == Stream::In {
        push_events(&mut text, events);
    }
    SessionDescription::new(&text)
}

/// The same description without keys in its first audio stream that is not refused; as it is when nothing else is in that.
///
/// ```
/// use strowger_media::sdp::without_key_events;
///
/// let text = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 96\r\n\
///     a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-16\r\na=ptime:20\r\n";
/// let without = without_key_events(text);
/// assert!(without.as_bytes().ends_with(b"m=audio 4000 RTP/AVP 0\r\na=ptime:20\r\n"));
/// ```
pub fn without_key_events(bytes: &[u8]) -> SessionDescription {
    let mut text = SessionDescription::new(bytes);
    // There may be some on each clock.
    for _ in 0..CLOCKS {
        let Some(events) = key_events(text.as_bytes()) else { break };
        text = without(text.as_bytes(), events.payload_type);
    }
    text
}

fn without(bytes: &[u8], payload_type: u8) -> SessionDescription {
    let mut text = Vec::with_capacity(bytes.len());
    let mut stream = Stream::Before;
    for line in Lines::new(bytes) {
        let whole = bytes.get(line.start..line.end).unwrap_or_default();
        if line.kind == b'm' {
            stream = stream.next(line.value);
            if stream == Stream::In {
                let kept: Vec<&[u8]> = fields(line.value)
                    .enumerate()
                    .filter(|(index, field)| *index < 3 || number(field) != Some(payload_type))
                    .map(|(_, field)| field)
                    .collect();
                if kept.len() <= 3 {
                    return SessionDescription::new(bytes);
                }
                text.extend_from_slice(b"m=");
                text.extend_from_slice(&kept.join(&b' '));
                text.extend_from_slice(b"\r\n");
                continue;
            }
        }
        let is_said_of_it = stream == Stream::In && line.kind == b'a' && is_about(line.value, payload_type);
        if !is_said_of_it {
            text.extend_from_slice(whole);
        }
    }
    SessionDescription::new(&text)
}

/// Where the lines are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    /// Before the stream that is meant.
    Before,
    In,
    Behind,
}

impl Stream {
    /// Behind this `m=` line.
    fn next(self, value: &[u8]) -> Stream {
        let media = MediaLine::parse(value);
        match self {
            Stream::Before if media.is_audio() && media.port != 0 => Stream::In,
            Stream::Before => Stream::Before,
            Stream::In | Stream::Behind => Stream::Behind,
        }
    }
}

/// Whether an attribute says something about a payload type.
fn is_about(attribute: &[u8], payload_type: u8) -> bool {
    let rest = attribute.strip_prefix(b"rtpmap:").or_else(|| attribute.strip_prefix(b"fmtp:"));
    rest.and_then(|rest| fields(rest).next()).and_then(number) == Some(payload_type)
}

fn push_events(text: &mut Vec<u8>, KeyEvents { payload_type, clock_hz }: KeyEvents) {
    if !text.ends_with(b"\n") {
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"a=rtpmap:");
    push_decimal(text, u64::from(payload_type));
    text.extend_from_slice(b" telephone-event/");
    push_decimal(text, u64::from(clock_hz));
    text.extend_from_slice(b"\r\na=fmtp:");
    push_decimal(text, u64::from(payload_type));
    text.extend_from_slice(b" 0-16\r\n");
}

/// Most devices have keys under this payload type.
const EVENTS_USUAL: u8 = 101;
const EVENTS_BYTES: usize = 64;
/// Clocks of events that we know.
const CLOCKS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_added_and_taken_away_again() {
        let check = |text: &str, payload_type: u8, clock_hz: u32| {
            let text = text.replace('\n', "\r\n");
            let free = KeyEvents { payload_type, clock_hz };
            assert_eq!(free_key_events(text.as_bytes()), free, "{text}");
            let with = with_key_events(text.as_bytes(), free);
            assert_eq!(key_events(with.as_bytes()), Some(free), "{text}");
            let without = without_key_events(with.as_bytes());
            assert_eq!(std::str::from_utf8(without.as_bytes()), Ok(&*text));
        };
        let head = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n";
        check(&format!("{head}m=audio 4000 RTP/AVP 8\n"), 101, 8000);
        check(
            &format!("{head}m=audio 4000 RTP/AVP 101\na=rtpmap:101 opus/48000/2\na=sendonly\n"),
            96,
            48_000,
        );
        check(
            &format!("{head}m=audio 0 RTP/AVP 0\nm=audio 4000 RTP/AVP 8\nm=video 4002 RTP/AVP 96\n"),
            101,
            8000,
        );
        check(
            &format!("{head}m=audio 4000 RTP/AVP 101 96\na=rtpmap:101 G7221/16000\na=rtpmap:96 L16/8000\n"),
            97,
            8000,
        );
    }

    #[test]
    fn a_stream_of_keys_alone_stays() {
        let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
        let text = format!("{head}m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n");
        assert_eq!(without_key_events(text.as_bytes()).as_bytes(), text.as_bytes());
        assert_eq!(key_events(b"v=0\r\nm=audio 4000 RTP/AVP 8\r\n"), None);
        assert_eq!(key_events(b"nonsense"), None);
    }

    #[test]
    fn keys_are_on_the_clock_of_the_first_codec_where_there_are_such() {
        let check = |formats: &str, expect: Option<(u8, u32)>| {
            let text = format!(
                "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP {formats}\r\n\
                 a=rtpmap:111 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\na=rtpmap:96 telephone-event/8000\r\n"
            );
            let events = expect.map(|(payload_type, clock_hz)| KeyEvents { payload_type, clock_hz });
            assert_eq!(key_events(text.as_bytes()), events, "{formats}");
            assert_eq!(key_events(without_key_events(text.as_bytes()).as_bytes()), None, "{formats}");
        };
        check("111 0 96 110", Some((110, 48_000)));
        check("0 111 110 96", Some((96, 8000)));
        check("111 96", Some((96, 8000)));
        check("0 111", None);
    }
}
