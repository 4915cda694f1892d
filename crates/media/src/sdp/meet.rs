//! Two devices that both offered, given to each other.
//!
//! Neither can be asked to answer: its own offer is open. Where the two offers fit, each makes an answer to the other one
//! (RFC 3264 §6.1), as if its writer had been offered it.

use strowger_base::SessionDescription;

use super::scan::{Lines, fields, number, push_decimal};
use super::{Direction, Format, MediaDescription, MediaKind, Protocol, Session};
use crate::codec::Codec;
use crate::control::RtcpWay;

/// What two that offered are answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Meeting {
    /// The answer to the first one, made of what the second one offers.
    pub to_one: SessionDescription,
    /// The answer to the second one.
    pub to_two: SessionDescription,
}

/// Makes each of two offers an answer to the other one: the best codec of the first that the second has too, and the telephone
/// events of both.
///
/// `None` where one of them would have to be asked: unless each has one audio stream in the clear that flows both ways, with
/// addresses of one family; and where a codec or the events are numbered differently, since each is sent what it numbered.
/// Attributes that are not known to be true of an answer as well are left out.
pub fn meet(one: &[u8], two: &[u8]) -> Option<Meeting> {
    let (first, second) = (Session::parse(one).ok()?, Session::parse(two).ok()?);
    let (a, b) = (plain_audio(&first)?, plain_audio(&second)?);
    if a.address?.is_ipv4() != b.address?.is_ipv4() {
        return None;
    }
    let is_common = |format: &&Format| b.formats.iter().any(|other| is_same(format, other));
    let codec = a.formats.iter().filter(|format| !is_companion(format)).find(is_common)?;
    let mut kept = vec![codec.payload_type];
    for event in a.formats.iter().filter(|format| is_event(format)) {
        let theirs = b.formats.iter().find(|other| is_event(other) && other.clock_hz == event.clock_hz);
        match theirs {
            Some(theirs) if theirs.payload_type != event.payload_type => return None,
            Some(_) => kept.push(event.payload_type),
            None => {}
        }
    }
    let mux = a.rtcp == Some(RtcpWay::Mux) && b.rtcp == Some(RtcpWay::Mux);
    Some(Meeting { to_one: answer_of(two, b.port, &kept, mux), to_two: answer_of(one, a.port, &kept, mux) })
}

/// The one stream of a description that can be answered without its writer being asked.
fn plain_audio(session: &Session) -> Option<&MediaDescription> {
    let ([stream], [raw]) = (&*session.streams, &*session.raw.medias) else { return None };
    let attributes = raw.attributes.iter().chain(&session.raw.attributes);
    // Keys and candidates belong to an exchange between the two.
    let needs_exchange = |name: &str| matches!(name, "crypto" | "fingerprint" | "ice-ufrag");
    let is_plain = stream.kind == MediaKind::Audio
        && stream.port != 0
        && stream.protocol == Protocol::Avp
        && stream.direction == Direction::SendReceive
        && !attributes.into_iter().any(|attribute| needs_exchange(&attribute.attribute));
    is_plain.then_some(stream)
}

/// Whether two formats are one under one number.
fn is_same(one: &Format, two: &Format) -> bool {
    let is_static = one.payload_type < crate::codec::DYNAMIC_FIRST;
    // A static type needs no name (RFC 3551 table 4).
    let unnamed = is_static && (one.encoding.is_empty() || two.encoding.is_empty());
    let named = || {
        one.encoding.eq_ignore_ascii_case(&two.encoding)
            && one.clock_hz == two.clock_hz
            && !one.encoding.is_empty()
    };
    // Those of Opus say only what their writer likes (RFC 7587 §7.1).
    let parameters = one.codec() == Some(Codec::Opus) || one.parameters == two.parameters;
    one.payload_type == two.payload_type && (unnamed || named()) && parameters
}

/// Whether a format only goes with a codec.
fn is_companion(format: &Format) -> bool {
    let names = ["telephone-event", "CN", "red"];
    format.payload_type == COMFORT_NOISE
        || names.iter().any(|name| format.encoding.eq_ignore_ascii_case(name))
}

fn is_event(format: &Format) -> bool {
    format.encoding.eq_ignore_ascii_case("telephone-event")
}

/// What the writer of an offer would have answered.
fn answer_of(offer: &[u8], port: u16, kept: &[u8], mux: bool) -> SessionDescription {
    let mut text = Vec::with_capacity(offer.len());
    for line in Lines::new(offer) {
        let stays = match line.kind {
            b'm' => {
                write_media(&mut text, port, kept);
                continue;
            }
            b'v' | b'o' | b's' | b'c' | b'b' | b't' => true,
            b'a' => stays(line.value, kept, mux),
            _ => false,
        };
        if stays {
            text.extend_from_slice(offer.get(line.start..line.end).unwrap_or_default());
            if !text.ends_with(b"\n") {
                text.extend_from_slice(b"\r\n");
            }
        }
    }
    SessionDescription::new(&text)
}

fn write_media(text: &mut Vec<u8>, port: u16, formats: &[u8]) {
    text.extend_from_slice(b"m=audio ");
    push_decimal(text, u64::from(port));
    text.extend_from_slice(b" RTP/AVP");
    for payload_type in formats {
        text.push(b' ');
        push_decimal(text, u64::from(*payload_type));
    }
    text.extend_from_slice(b"\r\n");
}

fn stays(attribute: &[u8], kept: &[u8], mux: bool) -> bool {
    let mut parts = attribute.splitn(2, |&byte| byte == b':');
    let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match name {
        b"rtpmap" | b"fmtp" => {
            let payload_type = fields(value).next().and_then(number::<u8>);
            payload_type.is_some_and(|payload_type| kept.contains(&payload_type))
        }
        b"ptime" | b"maxptime" | b"rtcp" | b"sendrecv" => true,
        b"rtcp-mux" => mux,
        _ => false,
    }
}

/// The static payload type of comfort noise (RFC 3551 table 4).
const COMFORT_NOISE: u8 = 13;

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(port: u16, lines: &str) -> String {
        format!("v=0\r\no=- {port} 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{lines}")
    }

    #[track_caller]
    fn check(one: &str, two: &str, to_one: &str, to_two: &str) {
        let (one, two) = (offer(4000, one), offer(5000, two));
        let met = meet(one.as_bytes(), two.as_bytes()).expect("they fit");
        assert_eq!(String::from_utf8_lossy(met.to_one.as_bytes()), offer(5000, to_one));
        assert_eq!(String::from_utf8_lossy(met.to_two.as_bytes()), offer(4000, to_two));
    }

    #[test]
    fn each_offer_is_an_answer_to_the_other() {
        check(
            "m=audio 4000 RTP/AVP 8\r\n",
            "m=audio 5000 RTP/AVP 8",
            "m=audio 5000 RTP/AVP 8\r\n",
            "m=audio 4000 RTP/AVP 8\r\n",
        );
        // The best of the first one, with its map, without formats of the others and what is said of them.
        check(
            "m=audio 4000 RTP/AVP 9 8 0 13 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\na=x-unknown:1\r\n",
            "m=audio 5000 RTP/AVP 0 8 18 13 101\r\na=rtpmap:18 G729/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=rtcp:5009\r\n",
            "m=audio 5000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=rtcp:5009\r\n",
            "m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n",
        );
        // Events that only one has, and RTCP on the port of RTP that only one can do.
        check(
            "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=rtcp-mux\r\n",
            "m=audio 5000 RTP/AVP 0\r\na=rtpmap:0 pcmu/8000\r\n",
            "m=audio 5000 RTP/AVP 0\r\na=rtpmap:0 pcmu/8000\r\n",
            "m=audio 4000 RTP/AVP 0\r\n",
        );
        check(
            "m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=rtcp-mux\r\n",
            "m=audio 5000 RTP/AVP 111\r\na=rtpmap:111 OPUS/48000/2\r\na=rtcp-mux\r\n",
            "m=audio 5000 RTP/AVP 111\r\na=rtpmap:111 OPUS/48000/2\r\na=rtcp-mux\r\n",
            "m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=rtcp-mux\r\n",
        );
    }

    #[test]
    fn where_one_would_have_to_be_asked_there_is_no_answer() {
        let plain = "m=audio 5000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";
        let check = |other: &str| {
            let (one, two) = (offer(4000, other), offer(5000, plain));
            assert_eq!(meet(one.as_bytes(), two.as_bytes()), None, "{other}");
            assert_eq!(meet(two.as_bytes(), one.as_bytes()), None, "{other}");
        };
        check("m=audio 4000 RTP/AVP 8\r\n");
        check("m=audio 4000 RTP/AVP 13 101\r\na=rtpmap:101 telephone-event/8000\r\n");
        check("m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\n");
        check("m=audio 4000 RTP/AVP 0\r\na=fmtp:0 x=1\r\n");
        check("m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 speex/8000\r\n");
        check("m=audio 0 RTP/AVP 0\r\n");
        check("m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 99\r\n");
        check("m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n");
        check("m=audio 4000 RTP/SAVP 0\r\n");
        check("m=audio 4000 RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n");
        check("a=ice-ufrag:x\r\nm=audio 4000 RTP/AVP 0\r\n");
        check("m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n");
        check("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n");
        check("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 phone.example\r\n");
        check("");
    }
}
