//! Offer and answer about a stream that goes out to all who listen at an address (RFC 3264 §5.2, §6.2).
//!
//! What goes out there is agreed with nobody: a party is told of it, and takes it or not.

use std::net::SocketAddr;

use strowger_base::SessionDescription;

use super::{AudioLines, NegotiateError, PTIME_DEFAULT_MS, refuse};
use crate::codec::Codec;
use crate::control::Multicast;
use crate::sdp::{
    Direction, MediaDescription, MediaKind, Origin, Protocol, Session, push_address, push_decimal,
};

/// The codec in which somebody who wrote this description would hear a multicast stream at an address like this: its first one with
/// a static payload type, since nobody can be asked for another. `None` when it has none, wants encryption, or is in a network of the other
/// version of IP.
pub fn multicast_codec(description: &[u8], to: SocketAddr) -> Option<Codec> {
    let session = Session::parse(description).ok()?;
    let stream = session.streams.get(session.audio()?)?;
    let fits = stream.address.is_some_and(|address| address.to_canonical().is_ipv4() == to.is_ipv4());
    let clear = matches!(stream.protocol, Protocol::Avp | Protocol::Avpf);
    let codecs = || stream.formats.iter().filter_map(|format| format.codec());
    codecs().find(|codec| is_static(*codec)).filter(|_| fits && clear)
}

/// Whether a codec has a payload type that means it without words.
const fn is_static(codec: Codec) -> bool {
    match codec {
        Codec::Pcmu | Codec::Pcma | Codec::G722 => true,
        // Nobody here encodes it.
        Codec::G729 => false,
        Codec::Opus => false,
    }
}

/// Offers a party to listen to a multicast stream.
pub fn offer_multicast(origin: &Origin, to: &Multicast, direction: Direction) -> SessionDescription {
    let mut text = header(origin, to);
    write(&mut text, to, direction, Protocol::Avp);
    SessionDescription::new(&text)
}

/// Answers an offer with a multicast stream in place of its first audio stream over RTP that has the codec; inactive where the party wants
/// to hear nothing.
///
/// # Errors
/// When the offer cannot be read, or has no such stream.
pub fn answer_multicast(
    offer: &[u8],
    origin: &Origin,
    to: &Multicast,
    direction: Direction,
) -> Result<SessionDescription, NegotiateError> {
    let offer = Session::parse(offer)?;
    let takes = |stream: &MediaDescription| {
        let clear = matches!(stream.protocol, Protocol::Avp | Protocol::Avpf);
        let speaks = stream
            .formats
            .iter()
            .any(|format| format.codec() == Some(to.codec) && format.payload_type == to.codec.payload_type());
        clear && speaks && stream.kind == MediaKind::Audio && stream.rtp().is_some()
    };
    let index = offer.streams.iter().position(takes).ok_or(NegotiateError::NoCommonCodec)?;
    let mut text = header(origin, to);
    for (position, (stream, raw)) in offer.streams.iter().zip(&offer.raw.medias).enumerate() {
        if position != index {
            refuse(&mut text, raw);
            continue;
        }
        // Who tells of the group itself says `recvonly` of it as we do; from anybody else only `sendonly` and `inactive` mean that it
        // wants to hear nothing.
        let hears = match stream.direction {
            Direction::SendReceive | Direction::ReceiveOnly => direction,
            Direction::SendOnly if stream.address == Some(to.address.ip()) => direction,
            Direction::SendOnly | Direction::Inactive => Direction::Inactive,
        };
        write(&mut text, to, hears, stream.protocol);
    }
    Ok(SessionDescription::new(&text))
}

/// Writes the stream. It has no keys: nobody is heard who listens there.
fn write(text: &mut Vec<u8>, to: &Multicast, direction: Direction, protocol: Protocol) {
    let codecs = [(to.codec.payload_type(), to.codec)];
    let audio = AudioLines {
        protocol,
        codecs: &codecs,
        events: &[],
        ptime_ms: PTIME_DEFAULT_MS,
        direction,
        mux: false,
        crypto: &[],
    };
    audio.write(text, to.address.port());
}

/// The session level, with the time to live behind an address of IPv4; those of IPv6 have a scope instead (RFC 8866 §5.7).
fn header(origin: &Origin, to: &Multicast) -> Vec<u8> {
    let mut text = Vec::with_capacity(256);
    text.extend_from_slice(b"v=0\r\n");
    origin.write(&mut text);
    text.extend_from_slice(b"s=-\r\nc=");
    push_address(&mut text, to.address.ip());
    if to.address.is_ipv4() {
        text.push(b'/');
        push_decimal(&mut text, u64::from(to.ttl));
    }
    text.extend_from_slice(b"\r\nt=0 0\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin { session_id: 7, version: 1, address: "192.0.2.1".parse().unwrap() }
    }

    fn group(address: &str, codec: Codec) -> Multicast {
        Multicast { address: address.parse().unwrap(), ttl: 4, codec }
    }

    fn text(description: &SessionDescription) -> &str {
        std::str::from_utf8(description.as_bytes()).unwrap()
    }

    #[test]
    fn a_party_is_told_of_the_group_and_its_time_to_live() {
        let offer =
            offer_multicast(&origin(), &group("239.1.1.2:16384", Codec::Pcma), Direction::ReceiveOnly);
        assert_eq!(
            text(&offer),
            "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 239.1.1.2/4\r\nt=0 0\r\nm=audio 16384 RTP/AVP 8\r\n\
             a=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=recvonly\r\n"
        );
        let offer = offer_multicast(&origin(), &group("[ff15::2]:16384", Codec::G722), Direction::SendOnly);
        assert_eq!(
            text(&offer),
            "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP6 ff15::2\r\nt=0 0\r\nm=audio 16384 RTP/AVP 9\r\n\
             a=rtpmap:9 G722/8000\r\na=ptime:20\r\na=sendonly\r\n"
        );
    }

    fn description(address: &str, stream: &str) -> Vec<u8> {
        let kind = if address.contains(':') { "IP6" } else { "IP4" };
        format!("v=0\r\no=- 1 1 IN {kind} {address}\r\ns=-\r\nc=IN {kind} {address}\r\nt=0 0\r\n{stream}\r\n")
            .into_bytes()
    }

    #[test]
    fn the_first_codec_with_a_static_payload_type_is_heard() {
        let check = |address: &str, stream: &str, expect: Option<Codec>| {
            let to = "239.1.1.1:16384".parse().unwrap();
            assert_eq!(multicast_codec(&description(address, stream), to), expect, "{address} {stream}");
        };
        check("192.0.2.5", "m=audio 4000 RTP/AVP 0 8", Some(Codec::Pcmu));
        check("192.0.2.5", "m=audio 4000 RTP/AVP 18 9 8", Some(Codec::G722));
        check("192.0.2.5", "m=audio 4000 RTP/AVP 96 8\r\na=rtpmap:96 opus/48000/2", Some(Codec::Pcma));
        check("192.0.2.5", "m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2", None);
        check("192.0.2.5", "m=audio 4000 RTP/SAVP 0", None);
        check("192.0.2.5", "m=audio 0 RTP/AVP 0", None);
        check("2001:db8::5", "m=audio 4000 RTP/AVP 0", None);
    }

    #[test]
    fn an_offer_is_answered_with_the_group_or_refused() {
        let to = group("239.1.1.1:16384", Codec::Pcmu);
        let check = |address: &str, stream: &str, expect: Option<&str>| {
            let answer =
                answer_multicast(&description(address, stream), &origin(), &to, Direction::ReceiveOnly);
            let streams = answer.as_ref().ok().map(|answer| {
                let text = text(answer);
                assert!(text.contains("c=IN IP4 239.1.1.1/4\r\n"), "{text}");
                text.split_once("t=0 0\r\n").unwrap().1.trim_end().replace("\r\n", " ")
            });
            assert_eq!(streams.as_deref(), expect, "{address} {stream}");
        };
        let told = |direction: &str| {
            format!("m=audio 16384 RTP/AVP 0 a=rtpmap:0 PCMU/8000 a=ptime:20 a={direction}")
        };
        check("192.0.2.5", "m=audio 4000 RTP/AVP 8 0", Some(&told("recvonly")));
        check("192.0.2.5", "m=audio 4000 RTP/AVP 8 0\r\na=recvonly", Some(&told("recvonly")));
        check("192.0.2.5", "m=audio 4000 RTP/AVP 8 0\r\na=sendonly", Some(&told("inactive")));
        check("192.0.2.5", "m=audio 4000 RTP/AVP 8 0\r\na=inactive", Some(&told("inactive")));
        check("239.1.1.1", "m=audio 16384 RTP/AVP 0\r\na=sendonly", Some(&told("recvonly")));
        let with_video = format!("m=video 0 RTP/AVP 34 {}", told("recvonly"));
        check("192.0.2.5", "m=video 5000 RTP/AVP 34\r\nm=audio 4000 RTP/AVP 0", Some(&with_video));
        check("192.0.2.5", "m=audio 4000 RTP/AVP 8", None);
        check("192.0.2.5", "m=audio 4000 RTP/SAVP 0", None);
    }
}
