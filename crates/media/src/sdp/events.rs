//! Keys in media (RFC 4733), as descriptions name them: whether a stream has them, and descriptions with and without.

use strowger_base::SessionDescription;

use super::Session;
use super::scan::{Lines, MediaLine, fields, number, push_decimal};
use crate::codec::DYNAMIC_FIRST;
use crate::rtp::EVENT_CLOCK_HZ;

/// The payload type of keys on a clock of 8 kHz in the first audio stream that is not refused.
///
/// ```
/// use strowger_media::sdp::telephone_event;
///
/// let text = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
///     m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\n";
/// assert_eq!(telephone_event(text), Some(96));
/// ```
pub fn telephone_event(bytes: &[u8]) -> Option<u8> {
    let session = Session::parse(bytes).ok()?;
    let stream = session.streams.get(session.audio()?)?;
    let event = stream
        .formats
        .iter()
        .find(|format| format.is_telephone_event() && format.clock_hz == EVENT_CLOCK_HZ)?;
    Some(event.payload_type)
}

/// A payload type for keys that a description uses for nothing else: 101, as most have it, or the first that is free.
pub fn free_for_events(bytes: &[u8]) -> u8 {
    let formats =
        || Lines::new(bytes).filter(|line| line.kind == b'm').flat_map(|line| fields(line.value).skip(3));
    let is_free = |wanted: &u8| formats().filter_map(number::<u8>).all(|used| used != *wanted);
    std::iter::once(EVENTS_USUAL).chain(DYNAMIC_FIRST..128).find(is_free).unwrap_or(EVENTS_USUAL)
}

/// The same description with keys of this payload type in its first audio stream that is not refused.
///
/// ```
/// use strowger_media::sdp::with_telephone_event;
///
/// let text = b"v=0\r\nm=audio 4000 RTP/AVP 0\r\na=ptime:20\r\nm=video 4002 RTP/AVP 31\r\n";
/// let with = with_telephone_event(text, 101);
/// assert_eq!(with.as_bytes(), b"v=0\r\nm=audio 4000 RTP/AVP 0 101\r\na=ptime:20\r\na=rtpmap:101 telephone-event/8000\r\n\
///     a=fmtp:101 0-16\r\nm=video 4002 RTP/AVP 31\r\n");
/// ```
pub fn with_telephone_event(bytes: &[u8], payload_type: u8) -> SessionDescription {
    let mut text = Vec::with_capacity(bytes.len() + EVENTS_BYTES);
    let mut stream = Stream::Before;
    for line in Lines::new(bytes) {
        let whole = bytes.get(line.start..line.end).unwrap_or_default();
        if line.kind != b'm' {
            text.extend_from_slice(whole);
            continue;
        }
        if stream == Stream::In {
            push_events(&mut text, payload_type);
        }
        stream = stream.next(line.value);
        if stream == Stream::In {
            text.extend_from_slice(b"m=");
            text.extend_from_slice(line.value.trim_ascii_end());
            text.push(b' ');
            push_decimal(&mut text, u64::from(payload_type));
            text.extend_from_slice(b"\r\n");
        } else {
            text.extend_from_slice(whole);
        }
    }
    if stream == Stream::In {
        push_events(&mut text, payload_type);
    }
    SessionDescription::new(&text)
}

/// The same description without this payload type in its first audio stream that is not refused; as it is when nothing else is
/// in that.
///
/// ```
/// use strowger_media::sdp::without_telephone_event;
///
/// let text = b"v=0\r\nm=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-16\r\na=ptime:20\r\n";
/// assert_eq!(without_telephone_event(text, 96).as_bytes(), b"v=0\r\nm=audio 4000 RTP/AVP 0\r\na=ptime:20\r\n");
/// ```
pub fn without_telephone_event(bytes: &[u8], payload_type: u8) -> SessionDescription {
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

fn push_events(text: &mut Vec<u8>, payload_type: u8) {
    if !text.ends_with(b"\n") {
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"a=rtpmap:");
    push_decimal(text, u64::from(payload_type));
    text.extend_from_slice(b" telephone-event/8000\r\na=fmtp:");
    push_decimal(text, u64::from(payload_type));
    text.extend_from_slice(b" 0-16\r\n");
}

/// Most devices have keys under this payload type.
const EVENTS_USUAL: u8 = 101;
const EVENTS_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_added_and_taken_away_again() {
        let check = |text: &str, free: u8| {
            let text = text.replace('\n', "\r\n");
            assert_eq!(free_for_events(text.as_bytes()), free, "{text}");
            let with = with_telephone_event(text.as_bytes(), free);
            assert_eq!(telephone_event(with.as_bytes()), Some(free), "{text}");
            let without = without_telephone_event(with.as_bytes(), free);
            assert_eq!(std::str::from_utf8(without.as_bytes()), Ok(&*text));
        };
        let head = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n";
        check(&format!("{head}m=audio 4000 RTP/AVP 8\n"), 101);
        check(&format!("{head}m=audio 4000 RTP/AVP 101\na=rtpmap:101 opus/48000/2\na=sendonly\n"), 96);
        check(&format!("{head}m=audio 0 RTP/AVP 0\nm=audio 4000 RTP/AVP 8\nm=video 4002 RTP/AVP 96\n"), 101);
        check(
            &format!("{head}m=audio 4000 RTP/AVP 101 96\na=rtpmap:101 G7221/16000\na=rtpmap:96 L16/8000\n"),
            97,
        );
    }

    #[test]
    fn a_stream_of_keys_alone_stays() {
        let text = b"v=0\r\nm=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n";
        assert_eq!(without_telephone_event(text, 101).as_bytes(), text);
        assert_eq!(telephone_event(b"v=0\r\nm=audio 4000 RTP/AVP 8\r\n"), None);
        assert_eq!(telephone_event(b"nonsense"), None);
        let opus = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
            m=audio 4000 RTP/AVP 111 110\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\n";
        assert_eq!(telephone_event(opus), None, "on another clock");
    }
}
