//! Descriptions between this server and a recorder (RFC 7866 §7.1): two streams, each with what one party says.

use std::net::SocketAddr;

use strowger_base::SessionDescription;
use strowger_base::recording::STREAM_LABELS;

use super::scan::{Line, Lines, MediaLine, fields, number, push_address, push_decimal};
use super::select::Stream;
use super::{CryptoLine, Flows, MediaKind, Origin, STREAMS_MAX, Session};
use crate::codec::Codec;
use crate::control::{PayloadTypes, RtcpWay};
use crate::fork::CopyTo;

/// A stream that is offered to a recorder.
#[derive(Clone, Debug)]
pub struct RecordedStream<'a> {
    /// From where it is sent.
    pub from: SocketAddr,
    /// What the party wrote that hears it in the call: its formats are those of the stream.
    pub heard_by: &'a [u8],
    /// What the party wrote that says it: of the formats those are meant that it has, too.
    pub said_by: &'a [u8],
    /// Whether it flows at this time.
    pub flows: Flows,
    /// Our keys; none for RTP.
    pub keys: &'a [CryptoLine],
}

/// The offer to a recorder.
pub fn offer_to_recorder(origin: &Origin, streams: &[RecordedStream<'_>; 2]) -> SessionDescription {
    let mut text = Vec::with_capacity(1024);
    text.extend_from_slice(b"v=0\r\n");
    origin.write(&mut text);
    text.extend_from_slice(b"s=-\r\nt=0 0\r\n");
    for (stream, label) in streams.iter().zip(STREAM_LABELS) {
        stream.write(label, &mut text);
    }
    SessionDescription::new(&text)
}

impl RecordedStream<'_> {
    fn write(&self, label: &str, text: &mut Vec<u8>) {
        let heard = Stream::all(self.heard_by).into_iter().next();
        let said = Stream::all(self.said_by).into_iter().next();
        let formats = heard.as_ref().map(|stream| &*stream.formats).unwrap_or_default();
        let has = |name: &str, clock: u32| {
            said.as_ref().is_none_or(|stream| {
                let is =
                    |it: &super::AudioFormat<'_>| it.name.eq_ignore_ascii_case(name) && it.clock_hz == clock;
                stream.formats.iter().any(|format| is(&format.audio))
            })
        };
        let both = || formats.iter().filter(|format| has(format.audio.name, format.audio.clock_hz));
        let kept: Vec<&[u8]> = match both().next() {
            Some(_) => both().map(|format| format.payload_type).collect(),
            // They understand each other, whatever they call it.
            None => formats.iter().map(|format| format.payload_type).collect(),
        };
        text.extend_from_slice(b"m=audio ");
        push_decimal(text, u64::from(self.from.port()));
        text.extend_from_slice(if self.keys.is_empty() { b" RTP/AVP" } else { b" RTP/SAVP" });
        for payload_type in &kept {
            text.push(b' ');
            text.extend_from_slice(payload_type);
        }
        text.extend_from_slice(b"\r\nc=");
        push_address(text, self.from.ip());
        text.extend_from_slice(b"\r\n");
        if let Some(stream) = &heard {
            for line in stream.attributes(self.heard_by) {
                if is_about(&line, &kept) {
                    text.extend_from_slice(b"a=");
                    text.extend_from_slice(line.value);
                    text.extend_from_slice(b"\r\n");
                }
            }
        }
        for line in self.keys {
            line.write(text);
        }
        text.extend_from_slice(b"a=label:");
        text.extend_from_slice(label.as_bytes());
        text.extend_from_slice(match self.flows {
            Flows::Yes => b"\r\na=sendonly\r\n",
            Flows::No => b"\r\na=inactive\r\n",
        });
    }
}

/// Our answer to a change that a recorder offers (RFC 3264 §6, §8): of the two streams of our last offer what it takes, sent unless it wants
/// none of it; whatever it adds is refused. With `keys` each stream has the line that it is protected with.
///
/// `None` when that cannot be: it leaves a stream away, wants one protected that is not, or the other way round.
pub fn answer_to_recorder(
    origin: &Origin,
    ours: &SessionDescription,
    theirs: &[u8],
    keys: &[Option<CryptoLine>; 2],
) -> Option<SessionDescription> {
    let own = media_sections(ours.as_bytes());
    let asked = media_sections(theirs);
    let wanted = answer_of_recorder(theirs);
    let mut text = Vec::with_capacity(1024);
    text.extend_from_slice(b"v=0\r\n");
    origin.write(&mut text);
    text.extend_from_slice(b"s=-\r\nt=0 0\r\n");
    for at in 0..STREAM_LABELS.len() {
        let ((own, own_lines), (asked, _)) = (own.get(at)?, asked.get(at)?);
        let key = keys.get(at).and_then(Option::as_ref);
        let secured = matches!(asked.protocol, b"RTP/SAVP" | b"RTP/SAVPF");
        let plain = matches!(asked.protocol, b"RTP/AVP" | b"RTP/AVPF");
        if asked.port != 0 && !(if key.is_some() { secured } else { plain }) {
            return None;
        }
        let kept: Vec<&[u8]> =
            fields(own.formats).filter(|own| fields(asked.formats).any(|theirs| theirs == *own)).collect();
        if asked.port == 0 || kept.is_empty() || !asked.is_audio() {
            write_refused(asked, &mut text);
            continue;
        }
        text.extend_from_slice(b"m=audio ");
        push_decimal(&mut text, u64::from(own.port));
        text.push(b' ');
        text.extend_from_slice(asked.protocol);
        for payload_type in &kept {
            text.push(b' ');
            text.extend_from_slice(payload_type);
        }
        text.extend_from_slice(b"\r\n");
        let flows = own_lines.iter().any(|line| line.value == b"sendonly");
        for line in own_lines {
            if line.kind == b'c' || line.value.starts_with(b"label:") || is_about(line, &kept) {
                text.extend_from_slice(ours.as_bytes().get(line.start..line.end).unwrap_or_default());
            }
        }
        if let Some(key) = key {
            key.write(&mut text);
        }
        let is_wanted = wanted.get(at).is_some_and(|wanted| wanted.to.is_some());
        text.extend_from_slice(if flows && is_wanted { b"a=sendonly\r\n" } else { b"a=inactive\r\n" });
    }
    asked.iter().skip(STREAM_LABELS.len()).for_each(|(added, _)| write_refused(added, &mut text));
    Some(SessionDescription::new(&text))
}

/// The streams of a description with the lines below each; as many as are looked at of any.
fn media_sections(bytes: &[u8]) -> Vec<(MediaLine<'_>, Vec<Line<'_>>)> {
    let mut sections: Vec<(MediaLine<'_>, Vec<Line<'_>>)> = Vec::new();
    for line in Lines::new(bytes) {
        match sections.last_mut() {
            _ if line.kind == b'm' => {
                if sections.len() == STREAMS_MAX {
                    break;
                }
                sections.push((MediaLine::parse(line.value), Vec::new()));
            }
            Some((_, lines)) => lines.push(line),
            None => {}
        }
    }
    sections
}

fn write_refused(media: &MediaLine<'_>, text: &mut Vec<u8>) {
    text.extend_from_slice(b"m=");
    text.extend_from_slice(media.kind);
    text.extend_from_slice(b" 0 ");
    text.extend_from_slice(media.protocol);
    text.push(b' ');
    text.extend_from_slice(media.formats);
    text.extend_from_slice(b"\r\n");
}

impl<'a> Stream<'a> {
    /// The attributes of the stream.
    fn attributes(&self, bytes: &'a [u8]) -> impl Iterator<Item = Line<'a>> {
        let start = self.line.start;
        let after = Lines::new(bytes).skip_while(move |line| line.start <= start);
        after.take_while(|line| line.kind != b'm').filter(|line| line.kind == b'a')
    }
}

/// Whether an attribute says what one of these payload types is, or how long its packets are.
fn is_about(line: &Line<'_>, kept: &[&[u8]]) -> bool {
    if line.value.starts_with(b"ptime:") {
        return true;
    }
    let about = [&b"rtpmap:"[..], b"fmtp:"].iter().find_map(|name| line.value.strip_prefix(*name));
    let payload_type = about.and_then(|value| fields(value).next());
    payload_type.is_some_and(|it| number::<u8>(it).is_some() && kept.contains(&it))
}

/// Under which payload types the writer of a description hears the codecs that we know, and whether its preferred codec is one of
/// these: what it is sent can be mixed with something else then. `None` when it hears nothing.
pub fn payload_types(bytes: &[u8]) -> Option<(PayloadTypes, bool)> {
    let session = Session::parse(bytes).ok()?;
    let stream = session.streams.get(session.audio()?)?;
    let is_ours = |codec: &Codec| Codec::ALL.contains(codec);
    let mut types = PayloadTypes::default();
    for format in &stream.formats {
        if let Some(codec) = format.codec().filter(is_ours) {
            types.slot(codec).get_or_insert(format.payload_type);
        }
    }
    let mixes = stream.formats.first().is_some_and(|format| format.codec().filter(is_ours).is_some());
    Some((types, mixes))
}

/// Whether a description has an attribute of this name without a value.
pub fn has_attribute(bytes: &[u8], name: &[u8]) -> bool {
    memchr::memmem::find(bytes, name).is_some()
        && Lines::new(bytes).any(|line| line.kind == b'a' && line.value == name)
}

/// What a recorder takes of a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TakenStream {
    /// Where it goes; nowhere when the recorder refused it, or wants none of it now.
    pub to: Option<CopyTo>,
    /// The recorder's keys.
    pub keys: Vec<CryptoLine>,
    /// Whether it has an address for it, so that it may want it later where it does not now.
    pub has_address: bool,
}

/// What a recorder takes of the two streams, in their order (RFC 3264 §6). Both are refused by bytes that are no description.
pub fn answer_of_recorder(bytes: &[u8]) -> [TakenStream; 2] {
    let streams = Session::parse(bytes).map(|session| session.streams).unwrap_or_default();
    [0, 1].map(|at| {
        let nothing = TakenStream { to: None, keys: Vec::new(), has_address: false };
        let Some(stream) = streams.get(at).filter(|stream| stream.kind == MediaKind::Audio) else {
            return nothing;
        };
        let keys = stream.crypto.clone();
        let is_anywhere =
            |address: &SocketAddr| !address.ip().is_unspecified() && !address.ip().is_multicast();
        let Some(remote) = stream.rtp().filter(is_anywhere) else {
            return TakenStream { to: None, keys, has_address: false };
        };
        let payload_types =
            stream.formats.iter().fold(0, |bits, format| bits | 1u128 << (format.payload_type & 0x7f));
        let rtcp = stream.rtcp.unwrap_or(RtcpWay::Address(remote));
        let to = stream.direction.receives().then_some(CopyTo { remote, rtcp, payload_types });
        TakenStream { to, keys, has_address: true }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 0 8 96 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n\
        m=video 5000 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n";
    const CALLED: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n\
        m=audio 4002 RTP/AVP 8 102\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:102 telephone-event/8000\r\na=ptime:20\r\n\
        m=video 0 RTP/AVP 97\r\n";

    #[test]
    fn each_stream_has_the_formats_of_whoever_hears_it() {
        let origin = Origin { session_id: 7, version: 1, address: [198, 51, 100, 1].into() };
        let stream = |heard_by: &'static str, said_by: &'static str, port: u16, flows| RecordedStream {
            from: SocketAddr::from(([198, 51, 100, 1], port)),
            heard_by: heard_by.as_bytes(),
            said_by: said_by.as_bytes(),
            flows,
            keys: &[],
        };
        let streams = [stream(CALLED, CALLER, 20_000, Flows::Yes), stream(CALLER, CALLED, 20_002, Flows::No)];
        let offer = offer_to_recorder(&origin, &streams);
        let expect = "v=0\r\no=- 7 1 IN IP4 198.51.100.1\r\ns=-\r\nt=0 0\r\n\
            m=audio 20000 RTP/AVP 8 102\r\nc=IN IP4 198.51.100.1\r\na=rtpmap:8 PCMA/8000\r\n\
            a=rtpmap:102 telephone-event/8000\r\na=ptime:20\r\na=label:1\r\na=sendonly\r\n\
            m=audio 20002 RTP/AVP 8 101\r\nc=IN IP4 198.51.100.1\r\na=rtpmap:101 telephone-event/8000\r\n\
            a=fmtp:101 0-16\r\na=label:2\r\na=inactive\r\n";
        assert_eq!(String::from_utf8_lossy(offer.as_bytes()), expect);
    }

    const OURS: &str = "v=0\r\no=- 7 1 IN IP4 198.51.100.1\r\ns=-\r\nt=0 0\r\n\
        m=audio 20000 RTP/AVP 8 102\r\nc=IN IP4 198.51.100.1\r\na=rtpmap:102 telephone-event/8000\r\na=label:1\r\na=sendonly\r\n\
        m=audio 20002 RTP/AVP 8\r\nc=IN IP4 198.51.100.1\r\na=label:2\r\na=sendonly\r\n";

    #[test]
    fn a_recorder_has_of_our_streams_what_it_asks_for() {
        let origin = Origin { session_id: 7, version: 2, address: [198, 51, 100, 1].into() };
        let check = |streams: &str, expect: Option<&str>| {
            let theirs =
                format!("v=0\r\no=- 1 2 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n{streams}");
            let ours = SessionDescription::new(OURS.as_bytes());
            let answer = answer_to_recorder(&origin, &ours, theirs.as_bytes(), &[None, None]);
            let text = answer.map(|answer| String::from_utf8(answer.as_bytes().to_vec()).unwrap());
            let expect = expect
                .map(|streams| format!("v=0\r\no=- 7 2 IN IP4 198.51.100.1\r\ns=-\r\nt=0 0\r\n{streams}"));
            assert_eq!(text, expect, "{streams}");
        };
        let first = "m=audio 20000 RTP/AVP 8\r\nc=IN IP4 198.51.100.1\r\na=label:1\r\n";
        let second = "m=audio 20002 RTP/AVP 8\r\nc=IN IP4 198.51.100.1\r\na=label:2\r\n";
        let taken = "m=audio 6000 RTP/AVP 0 8\r\na=recvonly\r\n";
        check(&format!("{taken}{taken}"), Some(&format!("{first}a=sendonly\r\n{second}a=sendonly\r\n")));
        let paused = "m=audio 6000 RTP/AVP 8\r\na=inactive\r\n";
        check(&format!("{paused}{taken}"), Some(&format!("{first}a=inactive\r\n{second}a=sendonly\r\n")));
        let refused = "m=audio 0 RTP/AVP 8\r\n";
        check(&format!("{taken}{refused}"), Some(&format!("{first}a=sendonly\r\n{refused}")));
        let other = "m=audio 6000 RTP/AVP 18\r\n";
        let none_of_it = "m=audio 0 RTP/AVP 18\r\n";
        check(&format!("{other}{taken}"), Some(&format!("{none_of_it}{second}a=sendonly\r\n")));
        let video = "m=video 6004 RTP/AVP 97\r\n";
        let whole = format!("{first}a=sendonly\r\n{second}a=sendonly\r\nm=video 0 RTP/AVP 97\r\n");
        check(&format!("{taken}{taken}{video}"), Some(&whole));
        // A stream that is left away, and one that is to be protected where it is not.
        check(taken, None);
        check(&format!("{taken}{}", taken.replace("RTP/AVP", "RTP/SAVP")), None);
        check("", None);
    }

    #[test]
    fn what_can_be_mixed_is_what_is_heard_first() {
        let types = PayloadTypes { pcma: Some(8), ..PayloadTypes::default() };
        assert_eq!(payload_types(CALLED.as_bytes()), Some((types, true)));
        let others = CALLED.replace("RTP/AVP 8 102", "RTP/AVP 18 8");
        assert_eq!(payload_types(others.as_bytes()), Some((types, false)));
        assert_eq!(payload_types(b"v=0\r\n"), None);
    }

    #[test]
    fn nothing_goes_where_the_recorder_does_not_want_it() {
        let check = |streams: &str, expect: [Option<&str>; 2]| {
            let text =
                format!("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n{streams}");
            let taken = answer_of_recorder(text.as_bytes());
            let told = taken.map(|taken| taken.to.map(|to| format!("{} {:x}", to.remote, to.payload_types)));
            assert_eq!(told.each_ref().map(|told| told.as_deref()), expect, "{streams}");
        };
        let one = "m=audio 6000 RTP/AVP 0 8\r\na=recvonly\r\n";
        check(one, [Some("192.0.2.9:6000 101"), None]);
        check(&format!("{one}{one}"), [Some("192.0.2.9:6000 101"); 2]);
        check(&format!("{one}m=audio 0 RTP/AVP 0\r\n"), [Some("192.0.2.9:6000 101"), None]);
        check(&format!("m=audio 6000 RTP/AVP 0\r\na=inactive\r\n{one}"), [None, Some("192.0.2.9:6000 101")]);
        check("m=audio 6000 RTP/AVP 0\r\na=sendonly\r\n", [None, None]);
        check("m=audio 6000 RTP/AVP 0\r\nc=IN IP4 224.0.0.1\r\na=recvonly\r\n", [None, None]);
        check("m=video 6000 RTP/AVP 97\r\n", [None, None]);
        assert_eq!(answer_of_recorder(b"nonsense").map(|taken| taken.to), [None, None]);
    }
}
