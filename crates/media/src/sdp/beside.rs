//! Streams beside the first audio stream: video, fax, presentations, further audio.

use std::net::SocketAddr;

use strowger_base::SessionDescription;

use super::STREAMS_MAX;
use super::peek::{Codecs, Level};
use super::refuse::refuse;
use super::rewrite::streams;
use super::scan::{Lines, MediaLine};
use crate::control::RtcpWay;

/// A stream that is not refused, beside the first audio stream that is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamBeside<'a> {
    /// The number of its `m=` line, from 0.
    pub place: usize,
    /// What it is: `video`, `image` …; empty when that is no text.
    pub media: &'a str,
    /// Its transport protocol, as written; empty when that is no text.
    pub protocol: &'a str,
    /// How it can be passed on; `None` when it cannot.
    pub carrier: Option<Carrier>,
    /// Where it is to be sent. `None` when that is a domain name; unspecified (`0.0.0.0`) in the old style of hold.
    pub address: Option<SocketAddr>,
    /// Where RTCP is to be sent; `None` exactly when `address` is.
    pub rtcp: Option<RtcpWay>,
    /// What it may carry.
    pub codecs: Codecs<'a>,
}

/// What passes a stream on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Carrier {
    /// A relay of RTP and RTCP.
    Relay,
    /// A passage for other datagrams.
    Passage,
}

impl Carrier {
    /// What can pass on a stream of this transport protocol. What runs over TCP cannot be passed on, nor what agrees on its keys in
    /// its own stream: both have to meet the other side itself.
    pub fn of(protocol: &[u8]) -> Option<Self> {
        let is = |name: &&[u8]| protocol.eq_ignore_ascii_case(name);
        if RTP.iter().any(is) {
            Some(Carrier::Relay)
        } else if DATAGRAMS.iter().any(is) {
            Some(Carrier::Passage)
        } else {
            None
        }
    }
}

/// The streams that are not refused, but for the first audio stream, in order.
pub fn streams_beside(bytes: &[u8]) -> Vec<StreamBeside<'_>> {
    let mut streams: Vec<StreamBeside<'_>> = Vec::new();
    let (mut session, mut level) = (Level::default(), Level::default());
    // The stream whose lines are being read, with where they begin.
    let mut open: Option<(usize, MediaLine<'_>, usize)> = None;
    let (mut place, mut has_audio) = (0, false);
    for line in Lines::new(bytes) {
        if line.kind != b'm' {
            if place == 0 { &mut session } else { &mut level }.read(line);
            continue;
        }
        let body = bytes.get(..line.start).unwrap_or_default();
        streams.extend(open.take().map(|open| concluded(open, body, (session, level))));
        level = Level::default();
        let media = MediaLine::parse(line.value);
        let is_first = media.is_audio() && media.port != 0 && !has_audio;
        has_audio |= is_first;
        if media.port != 0 && !is_first {
            open = Some((place, media, line.end));
        }
        place += 1;
        if place > STREAMS_MAX {
            return streams;
        }
    }
    streams.extend(open.map(|open| concluded(open, bytes, (session, level))));
    streams
}

fn concluded<'a>(
    (place, media, start): (usize, MediaLine<'a>, usize),
    bytes: &'a [u8],
    (session, level): (Level, Level),
) -> StreamBeside<'a> {
    let text = |bytes: &'a [u8]| std::str::from_utf8(bytes).unwrap_or_default();
    let (address, rtcp) = level.addresses(session, media.port);
    StreamBeside {
        place,
        media: text(media.kind),
        protocol: text(media.protocol),
        carrier: Carrier::of(media.protocol),
        address,
        rtcp,
        codecs: Codecs::of(media.formats, bytes.get(start..).unwrap_or_default()),
    }
}

/// Refuses all streams but the first audio stream and those at these places. `None` when there is no other.
///
/// What is said of those that are refused goes as well, with the addresses that it names.
///
/// ```
/// use strowger_media::sdp::refuse_others;
///
/// let text = b"v=0\r\nm=audio 4000 RTP/AVP 8\r\na=ptime:20\r\nm=video 4002 RTP/AVP 96\r\nc=IN IP4 10.0.0.1\r\na=mid:2\r\na=rtpmap:96 H264/90000\r\n";
/// let left = refuse_others(text, &[]).expect("there is video");
/// let audio = b"v=0\r\nm=audio 4000 RTP/AVP 8\r\na=ptime:20\r\nm=video 0 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n";
/// assert_eq!(left.as_bytes(), audio);
/// assert_eq!(refuse_others(audio, &[]), None);
/// assert_eq!(refuse_others(text, &[1]), None);
/// ```
pub fn refuse_others(bytes: &[u8], but: &[usize]) -> Option<SessionDescription> {
    let mut found = false;
    refuse(bytes, |place, media| {
        let is_first = !found && media.is_audio();
        found |= is_first;
        !is_first && !but.contains(&place)
    })
}

/// Refuses the streams at these places. `None` when all of them are refused already.
pub fn refuse_at(bytes: &[u8], places: &[usize]) -> Option<SessionDescription> {
    refuse(bytes, |place, _| places.contains(&place))
}

/// The same description with each stream that only `before` has, refused: an offer has all streams that were offered before it in its
/// session (RFC 3264 §8). `None` when it has them all.
///
/// ```
/// use strowger_media::sdp::with_streams_of;
///
/// let before = b"v=0\r\nm=audio 4000 RTP/AVP 8\r\nm=video 4002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n";
/// let offer = b"v=0\r\nm=audio 5000 RTP/AVP 0\r\n";
/// let whole = with_streams_of(offer, before).expect("there was video");
/// assert_eq!(whole.as_bytes(), b"v=0\r\nm=audio 5000 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\n");
/// ```
pub fn with_streams_of(bytes: &[u8], before: &[u8]) -> Option<SessionDescription> {
    let known = streams(bytes);
    if streams(before) <= known {
        return None;
    }
    let mut text = bytes.to_vec();
    for line in Lines::new(before).filter(|line| line.kind == b'm').skip(known).take(STREAMS_MAX) {
        if !text.ends_with(b"\n") {
            text.extend_from_slice(b"\r\n");
        }
        let MediaLine { kind, protocol, formats, .. } = MediaLine::parse(line.value);
        for part in [b"m=", kind, b" 0 ", protocol, b" ", formats, b"\r\n"] {
            text.extend_from_slice(part);
        }
    }
    Some(SessionDescription::new(&text))
}

/// The same description with as many streams: an answer has those of its offer and no others (RFC 3264 §6). `None` when it has no more.
pub fn first_streams(bytes: &[u8], count: usize) -> Option<SessionDescription> {
    if streams(bytes) <= count {
        return None;
    }
    let line = Lines::new(bytes).filter(|line| line.kind == b'm').nth(count)?;
    Some(SessionDescription::new(bytes.get(..line.start)?))
}

/// RTP with keys in the description, or none (RFC 3551, RFC 4585, RFC 3711, RFC 5124).
const RTP: [&[u8]; 4] = [b"RTP/AVP", b"RTP/AVPF", b"RTP/SAVP", b"RTP/SAVPF"];
/// Fax (ITU-T T.38 Annex D), and floor control over UDP (RFC 8856).
const DATAGRAMS: [&[u8]; 2] = [b"udptl", b"UDP/BFCP"];

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let shown = |stream: &StreamBeside<'_>| {
            let StreamBeside { place, media, protocol, carrier, address, rtcp, codecs } = stream;
            let rtcp = match rtcp {
                Some(RtcpWay::Address(address)) => address.to_string(),
                Some(RtcpWay::Mux) => "mux".to_owned(),
                None => "nowhere".to_owned(),
            };
            let address = address.map_or("nowhere".to_owned(), |address| address.to_string());
            format!("{place} {media} {protocol} {carrier:?} {address} {rtcp} {codecs}")
        };
        streams_beside(text.as_bytes()).iter().map(shown).collect()
    }

    #[test]
    fn all_streams_but_the_first_audio_stream_are_told_with_what_carries_them() {
        let text = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 0 RTP/AVP 8\r\nm=video 6000 RTP/AVPF 97\r\na=rtpmap:97 H264/90000\r\na=rtcp-mux\r\n\
            m=audio 4000 RTP/AVP 8\r\na=rtcp:9\r\nm=image 6004 udptl t38\r\nc=IN IP4 192.0.2.2\r\nm=audio 4002 RTP/SAVP 0\r\na=rtcp:4010 IN IP4 192.0.2.3\r\n\
            m=application 5000 TCP/BFCP *\r\nm=video 0 RTP/AVP 34\r\nm=application 5002 udp/bfcp *\r\nm=video 7 UDP/TLS/RTP/SAVPF 98\r\nc=IN IP4 phone.example\r\n";
        assert_eq!(
            shown(text),
            [
                "1 video RTP/AVPF Some(Relay) 192.0.2.1:6000 mux H264",
                "3 image udptl Some(Passage) 192.0.2.2:6004 192.0.2.2:6005 t38",
                "4 audio RTP/SAVP Some(Relay) 192.0.2.1:4002 192.0.2.3:4010 PCMU",
                "5 application TCP/BFCP None 192.0.2.1:5000 192.0.2.1:5001 *",
                "7 application udp/bfcp Some(Passage) 192.0.2.1:5002 192.0.2.1:5003 *",
                "8 video UDP/TLS/RTP/SAVPF None nowhere nowhere 98",
            ]
        );
        assert_eq!(shown("m=image 6004 udptl t38\r\n"), ["0 image udptl Some(Passage) nowhere nowhere t38"]);
        assert_eq!(shown("nonsense"), [""; 0]);
    }

    #[test]
    fn no_more_streams_are_looked_at_than_a_description_may_have() {
        let text = "m=video 6000 RTP/AVP 97\r\n".repeat(100);
        assert!(streams_beside(text.as_bytes()).len() <= STREAMS_MAX);
    }

    #[test]
    fn an_answer_is_cut_to_the_streams_of_its_offer() {
        let cut = |text: &str, count: usize| {
            first_streams(text.as_bytes(), count)
                .map(|left| String::from_utf8(left.as_bytes().to_vec()).unwrap())
        };
        let both = "v=0\r\nm=audio 1 RTP/AVP 0\r\na=ptime:20\r\nm=video 0 RTP/AVP 97\r\n";
        assert_eq!(cut(both, 1).as_deref(), Some("v=0\r\nm=audio 1 RTP/AVP 0\r\na=ptime:20\r\n"));
        assert_eq!((cut(both, 2), cut("v=0\r\n", 0)), (None, None));
    }

    #[test]
    fn what_is_carried_is_not_refused() {
        const AUDIO: &str = "m=audio 4000 RTP/AVP 8\r\n";
        const VIDEO: &str = "m=video 4002 RTP/AVP 96\r\n";
        const FAX: &str = "m=image 4004 udptl t38\r\n";
        let check = |text: &[&str], but: &[usize], expect: Option<&str>| {
            let left = refuse_others(text.concat().as_bytes(), but);
            let left = left.map(|left| String::from_utf8(left.as_bytes().to_vec()).unwrap());
            assert_eq!(left.as_deref(), expect, "{text:?}");
        };
        check(&[FAX, VIDEO], &[], Some("m=image 0 udptl t38\r\nm=video 0 RTP/AVP 96\r\n"));
        check(&[FAX, VIDEO], &[0], Some("m=image 4004 udptl t38\r\nm=video 0 RTP/AVP 96\r\n"));
        check(&[FAX, VIDEO], &[1, 0], None);
        let left = refuse_at([FAX, VIDEO].concat().as_bytes(), &[1]).unwrap();
        assert_eq!(left.as_bytes(), b"m=image 4004 udptl t38\r\nm=video 0 RTP/AVP 96\r\n");
        assert_eq!(refuse_at(left.as_bytes(), &[1]), None);
        let twice = ["m=audio 0 RTP/AVP 8\r\n", AUDIO, "m=audio 4000 RTP/SAVP 8\r\n"];
        check(&twice, &[], Some("m=audio 0 RTP/AVP 8\r\nm=audio 4000 RTP/AVP 8\r\nm=audio 0 RTP/SAVP 8\r\n"));
        check(&twice, &[2], None);
    }
}
