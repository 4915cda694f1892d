//! The voice of stations as session descriptions, and back: SCCP names an address and a codec where SIP carries SDP (RFC 8866).

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use strowger_base::recording::SHOWS_RECORDING;
use strowger_base::{Media as Sdp, SessionDescription};
use strowger_media::sdp::{self, MediaKind, Protocol, Session};
use strowger_sccp::calls::io::{Direction, Format, Media, Voice};
use strowger_sccp::codes::Codec;

/// What a leg of a station is told of the other side's media, which may be what a caller without an offer is known to take.
///
/// A description that no station can take is an offer or answer without any codec.
pub(crate) fn of_sdp(media: &Sdp, takes: Option<&SessionDescription>) -> Media {
    match media {
        Sdp::None => takes.map_or(Media::None, |takes| Media::Takes(voice(takes.as_bytes()))),
        Sdp::Offer(description) => Media::Offer(voice(description.as_bytes())),
        Sdp::Answer(description) => Media::Answer(voice(description.as_bytes())),
    }
}

fn voice(description: &[u8]) -> Voice {
    let nothing =
        Voice { address: SOMEWHERE, formats: Vec::new(), events: None, direction: Direction::Inactive };
    let Ok(session) = Session::parse(description) else { return nothing };
    let audio = session.audio().and_then(|place| session.streams.get(place));
    let Some((stream, address)) = audio.and_then(|stream| Some((stream, stream.rtp()?))) else {
        return nothing;
    };
    debug_assert_eq!(stream.kind, MediaKind::Audio, "audio was asked for");
    if !matches!(stream.protocol, Protocol::Avp | Protocol::Avpf) {
        return nothing;
    }
    let packet = Duration::from_millis(u64::from(stream.ptime_ms.unwrap_or(PACKET_MS)));
    let formats = stream.formats.iter().flat_map(|format| {
        let known = |row: &&Known| {
            row.encoding.eq_ignore_ascii_case(&format.encoding) && row.payload_type == format.payload_type
        };
        KNOWN.iter().filter(known).map(|row| Format { codec: row.codec, packet })
    });
    let events =
        stream.formats.iter().find(|format| format.is_telephone_event() && format.clock_hz == CLOCK_HZ);
    Voice {
        address,
        formats: formats.collect(),
        events: events.map(|format| format.payload_type),
        direction: Direction::of(stream.direction.sends(), stream.direction.receives()),
    }
}

/// What call control is told of a station's media. `session` stays the same for the life of a leg, `version` rises.
///
/// The port of a station is open for one codec. An answer names that one alone, and declares the others that the station has.
pub(crate) fn to_sdp(media: &Media, session: u64, version: u64) -> Sdp {
    match media {
        Media::None | Media::Takes(_) => Sdp::None,
        Media::Offer(voice) => Sdp::Offer(description(voice, (session, version), "")),
        Media::Answer(voice) => {
            let formats = voice.formats.first().copied().into_iter().collect();
            let alone = Voice { formats, ..voice.clone() };
            Sdp::Answer(description(&alone, (session, version), &declared(voice)))
        }
    }
}

/// What call control is told of a station that calls and has opened no port.
pub(crate) fn taken(media: &Media, session: u64, version: u64) -> Option<SessionDescription> {
    match media {
        Media::Takes(voice) => Some(description(voice, (session, version), "")),
        Media::None | Media::Offer(_) | Media::Answer(_) => None,
    }
}

/// All codecs of a station, as a declaration of what it can (RFC 3407 §3.1); empty where the first one is the only one. It goes to whoever is talked
/// with, as the rest of a description does: who does not know it ignores it (RFC 8866 §5.13), and it tells no more than an offer would.
fn declared(voice: &Voice) -> String {
    let rows = voice.formats.iter().filter_map(|format| KNOWN.iter().find(|row| row.codec == format.codec));
    let types = each_once(rows);
    if types.len() < 2 {
        return String::new();
    }
    let types: String = types.iter().map(|payload_type| format!(" {payload_type}")).collect();
    format!("a=sqn: 0\r\na=cdsc: 1 audio RTP/AVP{types}\r\n")
}

/// Payload types in their order: annexes of a codec have one in common.
fn each_once(rows: impl Iterator<Item = &'static Known>) -> Vec<u8> {
    let mut types = Vec::new();
    for row in rows {
        if !types.contains(&row.payload_type) {
            types.push(row.payload_type);
        }
    }
    types
}

fn description(voice: &Voice, (session, version): (u64, u64), declared: &str) -> SessionDescription {
    let ip = voice.address.ip();
    let kind = if ip.is_ipv4() { "IP4" } else { "IP6" };
    let rows: Vec<&Known> = voice
        .formats
        .iter()
        .filter_map(|format| KNOWN.iter().find(|row| row.codec == format.codec))
        .collect();
    let packet =
        voice.formats.first().map_or(Duration::from_millis(PACKET_MS.into()), |format| format.packet);
    let mut text = format!(
        "v=0\r\no=- {session} {version} IN {kind} {ip}\r\ns=-\r\nc=IN {kind} {ip}\r\nt=0 0\r\na={SHOWS_RECORDING}\r\nm=audio {} RTP/AVP",
        voice.address.port()
    );
    let mut types = each_once(rows.iter().copied());
    types.extend(voice.events);
    for payload_type in &types {
        let _ = write!(text, " {payload_type}");
    }
    text.push_str("\r\n");
    let mut named = Vec::new();
    for row in rows.iter().filter(|row| types.contains(&row.payload_type)) {
        if !named.contains(&row.payload_type) {
            named.push(row.payload_type);
            let _ = write!(text, "a=rtpmap:{} {}/{CLOCK_HZ}\r\n", row.payload_type, row.encoding);
            // Without it annex B is meant (RFC 4856 §2.1.9). No phone is told to leave out silence, and what is answered with this sends none to
            // it either: so each variant of a phone fits each of the other side's, and what offers this is answered with it (RFC 7261 §3).
            if row.encoding == "G729" {
                let _ = write!(text, "a=fmtp:{} annexb=no\r\n", row.payload_type);
            }
        }
    }
    if let Some(events) = voice.events {
        let _ = write!(text, "a=rtpmap:{events} telephone-event/{CLOCK_HZ}\r\na=fmtp:{events} 0-15\r\n");
    }
    let direction = match voice.direction {
        Direction::SendReceive => sdp::Direction::SendReceive,
        Direction::SendOnly => sdp::Direction::SendOnly,
        Direction::ReceiveOnly => sdp::Direction::ReceiveOnly,
        Direction::Inactive => sdp::Direction::Inactive,
    };
    let _ = write!(text, "a=ptime:{}\r\na={}\r\n{declared}", packet.as_millis(), direction.attribute());
    SessionDescription::new(text.as_bytes())
}

/// A codec of stations with its static payload type (RFC 3551 §6).
struct Known {
    codec: Codec,
    encoding: &'static str,
    payload_type: u8,
}

/// G.729 has one payload type, and its annex A the same bits; annex B is silence, which is not left out. A phone that has several variants has them in
/// this order.
const KNOWN: [Known; 10] = [
    Known { codec: Codec::G711_ULAW_64K, encoding: "PCMU", payload_type: 0 },
    Known { codec: Codec::G711_ALAW_64K, encoding: "PCMA", payload_type: 8 },
    Known { codec: Codec::G722_64K, encoding: "G722", payload_type: 9 },
    Known { codec: Codec::G729_ANNEX_A, encoding: "G729", payload_type: 18 },
    Known { codec: Codec::G729, encoding: "G729", payload_type: 18 },
    Known { codec: Codec::G729_ANNEX_AW_ANNEX_B, encoding: "G729", payload_type: 18 },
    Known { codec: Codec::G729_ANNEX_B, encoding: "G729", payload_type: 18 },
    Known { codec: Codec::G7231, encoding: "G723", payload_type: 4 },
    Known { codec: Codec::G728, encoding: "G728", payload_type: 15 },
    Known { codec: Codec::GSM, encoding: "GSM", payload_type: 3 },
];
/// The clock of every codec here, as descriptions say it: that of G.722 by mistake for ever (RFC 3551 §4.5.2).
const CLOCK_HZ: u32 = 8000;
/// Where nobody says how much a packet has.
const PACKET_MS: u8 = 20;
/// The address of who says none.
const SOMEWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Voice {
        let format = |codec| Format { codec, packet: Duration::from_millis(20) };
        Voice {
            address: ([192, 0, 2, 10], 24_000).into(),
            formats: [Codec::G711_ALAW_64K, Codec::G722_64K, Codec::G729_ANNEX_A].map(format).to_vec(),
            events: Some(101),
            direction: Direction::SendOnly,
        }
    }

    /// The same as whoever hears of it reads it: payload type 18 is every variant.
    fn read() -> Voice {
        let format = |codec| Format { codec, packet: Duration::from_millis(20) };
        let others = [Codec::G729, Codec::G729_ANNEX_AW_ANNEX_B, Codec::G729_ANNEX_B].map(format);
        let formats = ours().formats.into_iter().chain(others).collect();
        Voice { formats, ..ours() }
    }

    #[test]
    fn what_a_station_says_reads_back() {
        let Sdp::Offer(description) = to_sdp(&Media::Offer(ours()), 7, 2) else { panic!("an offer") };
        let text = std::str::from_utf8(description.as_bytes()).expect("text");
        assert!(text.contains("m=audio 24000 RTP/AVP 8 9 18 101\r\n"), "{text}");
        assert!(text.contains("o=- 7 2 IN IP4 192.0.2.10\r\n"), "{text}");
        assert!(text.contains("a=fmtp:18 annexb=no\r\n"), "{text}");
        assert_eq!(of_sdp(&Sdp::Offer(description), None), Media::Offer(read()));
    }

    /// RFC 4856 §2.1.9, RFC 7261 §3: whatever is said of annex B, silence is not left out.
    #[test]
    fn every_variant_of_g729_is_that_of_payload_type_18() {
        let variants = [Codec::G729_ANNEX_A, Codec::G729, Codec::G729_ANNEX_AW_ANNEX_B, Codec::G729_ANNEX_B];
        for parameter in ["", "a=fmtp:18 annexb=yes\r\n", "a=fmtp:18 annexb=no\r\n"] {
            let text = format!(
                "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18 0\r\n{parameter}"
            );
            let Media::Offer(voice) = of_sdp(&Sdp::Offer(SessionDescription::new(text.as_bytes())), None)
            else {
                panic!("an offer")
            };
            let codecs: Vec<Codec> = voice.formats.iter().map(|format| format.codec).collect();
            assert_eq!(codecs[..4], variants, "{parameter}");
            assert_eq!(codecs[4..], [Codec::G711_ULAW_64K]);
        }
        for codec in variants {
            let format = Format { codec, packet: Duration::from_millis(20) };
            for formats in [vec![format], variants.map(|codec| Format { codec, ..format }).to_vec()] {
                let Sdp::Offer(description) = to_sdp(&Media::Offer(Voice { formats, ..ours() }), 7, 2) else {
                    panic!("an offer")
                };
                let text = std::str::from_utf8(description.as_bytes()).expect("text");
                assert!(text.contains("m=audio 24000 RTP/AVP 18 101\r\n"), "{text}");
                assert_eq!(text.matches("a=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\n").count(), 1);
            }
        }
    }

    #[test]
    fn what_a_station_takes_that_opened_no_port_reads_back() {
        let takes = taken(&Media::Takes(ours()), 7, 2).expect("it takes something");
        assert_eq!(to_sdp(&Media::Takes(ours()), 7, 2), Sdp::None, "it is no offer");
        assert_eq!(of_sdp(&Sdp::None, Some(&takes)), Media::Takes(read()));
        assert_eq!(taken(&Media::Offer(ours()), 7, 2), None);
    }

    #[test]
    fn an_answer_names_the_codec_of_the_open_port_and_declares_the_others() {
        let Sdp::Answer(description) = to_sdp(&Media::Answer(ours()), 7, 2) else { panic!("an answer") };
        let text = std::str::from_utf8(description.as_bytes()).expect("text");
        assert!(text.contains("m=audio 24000 RTP/AVP 8 101\r\n"), "{text}");
        assert!(text.ends_with("a=sqn: 0\r\na=cdsc: 1 audio RTP/AVP 8 9 18\r\n"), "{text}");
        let declared = sdp::declared_formats(description.as_bytes());
        assert_eq!(declared.iter().map(|format| format.name).collect::<Vec<_>>(), ["PCMA", "G722", "G729"]);
        let one = Voice { formats: ours().formats[..1].to_vec(), ..ours() };
        let Sdp::Answer(description) = to_sdp(&Media::Answer(one), 7, 2) else { panic!("an answer") };
        assert!(sdp::declared_formats(description.as_bytes()).is_empty());
    }

    #[test]
    fn what_no_station_can_take_has_no_codec() {
        let check = |text: &str| {
            let Media::Answer(voice) = of_sdp(&Sdp::Answer(SessionDescription::new(text.as_bytes())), None)
            else {
                panic!("an answer")
            };
            assert_eq!(voice.formats, [], "{text}");
        };
        let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
        check("");
        check(&format!("{head}m=video 4000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"));
        check(&format!("{head}m=audio 0 RTP/AVP 0\r\n"));
        check(&format!("{head}m=audio 4000 RTP/SAVP 0\r\n"));
        check(&format!("{head}m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n"));
    }
}
