//! Descriptions of phones, read and rewritten.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::net::SocketAddr;

use strowger_base::Rng;
use strowger_media::sdp::{self, HoldState, Origin, SdpError, Session, peek};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../testdata/sdp/", $name, ".sdp")).as_slice()
    };
}

/// Every description that can be read, with what a glance at it says:
/// `audio | rtcp | direction | hold | codecs | streams`.
const READABLE: &[(&str, &[u8], &str)] = &[
    (
        "cisco-7965",
        fixture!("cisco-7965"),
        "192.0.2.65:24668 | 192.0.2.65:24669 | sendrecv | Active | \
         PCMU, PCMA, G729, L16, G722, iLBC, ISAC, telephone-event | 1",
    ),
    (
        "baresip",
        fixture!("baresip"),
        "192.0.2.10:22334 | 192.0.2.10:22335 | sendrecv | Active | PCMU, PCMA, telephone-event | 1",
    ),
    (
        "audio-video",
        fixture!("audio-video"),
        "192.0.2.101:49170 | 192.0.2.101:49171 | sendrecv | Active | PCMU | 3",
    ),
    (
        "video-first",
        fixture!("video-first"),
        "192.0.2.12:49170 | 192.0.2.12:49171 | inactive | Inactive | PCMU, iLBC | 2",
    ),
    (
        "hold-old-style",
        fixture!("hold-old-style"),
        "0.0.0.0:17002 | 0.0.0.0:17003 | sendonly | Holding | PCMU, telephone-event | 1",
    ),
    (
        "hold-sendonly-session",
        fixture!("hold-sendonly-session"),
        "192.0.2.30:17002 | 192.0.2.30:17003 | sendonly | Holding | PCMA, telephone-event | 1",
    ),
    (
        "held-recvonly",
        fixture!("held-recvonly"),
        "192.0.2.30:17002 | 192.0.2.30:17003 | recvonly | Held | PCMA | 1",
    ),
    (
        "inactive-ipv6",
        fixture!("inactive-ipv6"),
        "[2001:db8::101]:30000 | [2001:db8::101]:30001 | inactive | Inactive | G722, PCMA | 1",
    ),
    (
        "lf-only",
        fixture!("lf-only"),
        "192.0.2.44:4444 | 192.0.2.45:5000 | sendrecv | Active | G729, PCMU | 1",
    ),
    ("domain-name", fixture!("domain-name"), "- | - | sendrecv | Active | PCMU | 1"),
    ("audio-refused", fixture!("audio-refused"), "- | - | inactive | NoAudio |  | 1"),
    (
        "sdes",
        fixture!("sdes"),
        "192.0.2.77:20000 | 192.0.2.77:20001 | sendrecv | Active | PCMU, telephone-event | 2",
    ),
    (
        "chrome",
        fixture!("chrome"),
        "192.0.2.33:54609 | mux | sendrecv | Active | \
         opus, G722, PCMU, PCMA, CN, telephone-event, telephone-event | 1",
    ),
    (
        "ice-plain",
        fixture!("ice-plain"),
        "192.0.2.50:7078 | mux | sendrecv | Active | PCMU, telephone-event | 2",
    ),
    (
        "dynamic-static-mix",
        fixture!("dynamic-static-mix"),
        "192.0.2.50:7078 | 192.0.2.50:7079 | sendrecv | Active | pcma, G726-32, telephone-event, GSM, 77 | 1",
    ),
];

fn glance(bytes: &[u8]) -> String {
    let peek = peek(bytes).unwrap();
    let audio = peek.audio.map_or("-".into(), |address| address.to_string());
    let rtcp = match peek.rtcp {
        None => "-".into(),
        Some(strowger_media::control::RtcpWay::Mux) => "mux".into(),
        Some(strowger_media::control::RtcpWay::Address(address)) => address.to_string(),
    };
    format!(
        "{audio} | {rtcp} | {} | {:?} | {} | {}",
        peek.direction.attribute(),
        peek.hold(),
        peek.codecs,
        peek.streams
    )
}

#[test]
fn a_glance_says_what_phones_mean() {
    for (name, bytes, expect) in READABLE {
        assert_eq!(glance(bytes), *expect, "{name}");
    }
}

#[test]
fn the_typed_view_agrees_with_the_glance() {
    for (name, bytes, _) in READABLE {
        let session = Session::parse(bytes).unwrap();
        let peek = peek(bytes).unwrap();
        let audio = session.audio().map(|index| &session.streams[index]);
        assert_eq!(audio.and_then(|stream| stream.rtp()), peek.audio, "{name}");
        assert_eq!(sdp::audio_address(bytes), peek.audio, "{name}");
        assert_eq!(audio.and_then(|stream| stream.rtcp), peek.rtcp, "{name}");
        assert_eq!(
            audio.map_or(sdp::Direction::Inactive, |stream| stream.direction),
            peek.direction,
            "{name}"
        );
    }
}

#[test]
fn the_typed_view_knows_formats() {
    let session = Session::parse(fixture!("dynamic-static-mix")).unwrap();
    let stream = &session.streams[0];
    let formats: Vec<_> = stream
        .formats
        .iter()
        .map(|format| {
            (format.payload_type, &*format.encoding, format.clock_hz, format.codec().map(|c| c.name()))
        })
        .collect();
    assert_eq!(
        formats,
        [
            (96, "pcma", 8000, Some("PCMA")),
            // The map overrides the static meaning, and a G.711 decoder would play noise.
            (0, "G726-32", 8000, None),
            (97, "telephone-event", 16_000, None),
            (3, "", 0, None),
            (77, "", 0, None),
        ]
    );
    assert!(stream.formats.iter().all(|format| !format.is_telephone_event()));
    assert_eq!(stream.ptime_ms, Some(30));
    let cisco = Session::parse(fixture!("cisco-7965")).unwrap();
    let g729 = cisco.streams[0].formats.iter().find(|format| format.payload_type == 18).unwrap();
    assert_eq!(g729.parameters.as_deref(), Some("annexb=no"));
    let video_first = Session::parse(fixture!("video-first")).unwrap();
    assert_eq!(video_first.streams[0].direction, sdp::Direction::ReceiveOnly);
}

#[test]
fn what_is_no_description_is_refused_with_a_reason() {
    let check = |bytes: &[u8], expect: &str| {
        let error = peek(bytes).unwrap_err();
        assert_eq!(error.to_string(), expect);
        assert!(Session::parse(bytes).is_err());
        assert_eq!(sdp::hold_of(bytes), HoldState::NoAudio);
    };
    let no_version = SdpError::NoVersion.to_string();
    let no_origin = SdpError::NoOrigin.to_string();
    check(fixture!("broken-no-origin"), &no_origin);
    check(fixture!("broken-origin-short"), &no_origin);
    check(fixture!("broken-no-version"), &no_version);
    check(fixture!("broken-noise"), &no_version);
    check(b"", &no_version);
}

#[test]
fn too_many_streams_are_refused() {
    let mut text = fixture!("lf-only").to_vec();
    for _ in 0..sdp::STREAMS_MAX {
        text.extend_from_slice(b"m=audio 4444 RTP/AVP 0\n");
    }
    assert!(matches!(Session::parse(&text), Err(SdpError::TooManyStreams { .. })));
}

const OURS: Origin = Origin {
    session_id: 1_234_567_890_123_456,
    version: 3,
    address: std::net::IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7)),
};

#[test]
fn another_origin_leaves_every_other_byte_alone() {
    let line = b"o=- 1234567890123456 3 IN IP4 198.51.100.7\r\n".as_slice();
    for (name, bytes, expect) in READABLE {
        let rewritten = sdp::rewrite_origin(bytes, &OURS);
        let old_start = bytes.windows(3).position(|window| window == b"\no=").unwrap() + 1;
        let old_length = bytes[old_start..].iter().position(|&byte| byte == b'\n').unwrap() + 1;
        let mut by_hand = bytes[..old_start].to_vec();
        by_hand.extend_from_slice(line);
        by_hand.extend_from_slice(&bytes[old_start + old_length..]);
        assert_eq!(rewritten.as_bytes(), by_hand, "{name}");
        assert_eq!(glance(rewritten.as_bytes()), *expect, "{name}");
        // Doing it again changes nothing.
        assert_eq!(sdp::rewrite_origin(rewritten.as_bytes(), &OURS), rewritten, "{name}");
    }
}

#[test]
fn a_missing_origin_is_put_where_it_belongs() {
    let check = |text: &str, expect: &str| {
        let rewritten = sdp::rewrite_origin(text.as_bytes(), &OURS);
        assert_eq!(std::str::from_utf8(rewritten.as_bytes()), Ok(expect));
    };
    let o = "o=- 1234567890123456 3 IN IP4 198.51.100.7\r\n";
    check("v=0\r\ns=-\r\n", &format!("v=0\r\n{o}s=-\r\n"));
    check("v=0", &format!("v=0\r\n{o}"));
    check("", o);
    // An `o=` after an `m=` line is not the session's.
    check("v=0\r\nm=audio 1 RTP/AVP 0\r\no=x\r\n", &format!("v=0\r\n{o}m=audio 1 RTP/AVP 0\r\no=x\r\n"));
}

#[test]
fn a_relay_takes_the_place_of_the_audio_address() {
    let relay: SocketAddr = "198.51.100.7:40000".parse().unwrap();
    let check = |bytes: &[u8], changes: &[(&str, &str)]| {
        let mut expect = String::from_utf8(bytes.to_vec()).unwrap();
        for (old, new) in changes {
            assert_eq!(expect.matches(old).count(), 1, "{old:?} must be there once");
            expect = expect.replace(old, new);
        }
        let rewritten = sdp::set_media_address(bytes, relay);
        assert_eq!(std::str::from_utf8(rewritten.as_bytes()), Ok(expect.as_str()));
    };
    check(
        fixture!("cisco-7965"),
        &[("m=audio 24668 ", "m=audio 40000 "), ("\r\nc=IN IP4 192.0.2.65", "\r\nc=IN IP4 198.51.100.7")],
    );
    check(
        fixture!("baresip"),
        &[
            ("m=audio 22334 ", "m=audio 40000 "),
            ("c=IN IP4 192.0.2.10", "c=IN IP4 198.51.100.7"),
            ("a=rtcp:22335", "a=rtcp:40001 IN IP4 198.51.100.7"),
        ],
    );
    // Video goes on directly, so the session's address stays and audio gets its own.
    check(
        fixture!("audio-video"),
        &[("m=audio 49170 RTP/AVP 0\r\n", "m=audio 40000 RTP/AVP 0\r\nc=IN IP4 198.51.100.7\r\n")],
    );
    check(
        fixture!("video-first"),
        &[(
            "m=audio 49170 RTP/AVP 0 97\r\ni=with a title\r\n",
            "m=audio 40000 RTP/AVP 0 97\r\ni=with a title\r\nc=IN IP4 198.51.100.7\r\n",
        )],
    );
    // The address of old-style hold is what says hold.
    check(fixture!("hold-old-style"), &[("m=audio 17002 ", "m=audio 40000 ")]);
    check(
        fixture!("inactive-ipv6"),
        &[("m=audio 30000 ", "m=audio 40000 "), ("c=IN IP6 2001:db8::101", "c=IN IP4 198.51.100.7")],
    );
    check(
        fixture!("lf-only"),
        &[
            ("m=audio 4444 ", "m=audio 40000 "),
            ("c=IN IP4 192.0.2.44\n", "c=IN IP4 198.51.100.7\r\n"),
            ("a=rtcp:5000 IN IP4 192.0.2.45\n", "a=rtcp:40001 IN IP4 198.51.100.7\r\n"),
        ],
    );
    check(fixture!("audio-refused"), &[]);
    // Candidates would lead past the relay; those of the other stream stay.
    check(
        fixture!("ice-plain"),
        &[
            ("a=ice-ufrag:1111\r\n", ""),
            ("m=audio 7078 RTP/AVP 0 101\r\n", "m=audio 40000 RTP/AVP 0 101\r\nc=IN IP4 198.51.100.7\r\n"),
            ("a=ice-pwd:22222222222222222222aa\r\n", ""),
            ("a=candidate:1 1 UDP 2130706431 192.0.2.50 7078 typ host\r\n", ""),
        ],
    );
}

#[test]
fn further_streams_are_led_to_ports_of_their_own() {
    let at = |text: &str| -> SocketAddr { text.parse().unwrap() };
    let (audio, video) = (at("198.51.100.7:40000"), at("198.51.100.7:40004"));
    let check = |text: &str, audio: Option<SocketAddr>, beside: &[(usize, SocketAddr)], expect: &str| {
        let led = sdp::set_media_addresses(text.as_bytes(), audio, beside);
        assert_eq!(std::str::from_utf8(led.as_bytes()), Ok(expect));
    };
    // One address for all of them stays where it was.
    check(
        "v=0\r\nc=IN IP4 10.0.0.1\r\na=group:BUNDLE 0 1\r\na=ice-lite\r\nm=audio 4000 RTP/AVP 8\r\nm=video 4002 RTP/AVPF 97\r\n\
         a=rtcp:4003\r\na=ice-pwd:x\r\na=rtcp-fb:97 nack\r\n",
        Some(audio),
        &[(1, video)],
        "v=0\r\nc=IN IP4 198.51.100.7\r\nm=audio 40000 RTP/AVP 8\r\nm=video 40004 RTP/AVPF 97\r\n\
         a=rtcp:40005 IN IP4 198.51.100.7\r\na=rtcp-fb:97 nack\r\n",
    );
    // Each has an address of its own; a stream that nobody leads keeps that of the session.
    check(
        "v=0\r\nc=IN IP4 10.0.0.1\r\nm=video 4002 RTP/AVP 97\r\nc=IN IP4 10.0.0.2\r\nm=audio 4000 RTP/AVP 8\r\nm=video 4004 RTP/AVP 97\r\n",
        Some(audio),
        &[(0, video)],
        "v=0\r\nc=IN IP4 10.0.0.1\r\nm=video 40004 RTP/AVP 97\r\nc=IN IP4 198.51.100.7\r\nm=audio 40000 RTP/AVP 8\r\nc=IN IP4 198.51.100.7\r\nm=video 4004 RTP/AVP 97\r\n",
    );
    // Relays may be at several addresses.
    let other = at("[2001:db8::7]:40008");
    check(
        "v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 8\r\nm=video 4002 RTP/AVP 97",
        Some(audio),
        &[(1, other)],
        "v=0\r\nc=IN IP4 198.51.100.7\r\nm=audio 40000 RTP/AVP 8\r\nm=video 40008 RTP/AVP 97\r\nc=IN IP6 2001:db8::7\r\n",
    );
    // Fax in place of audio, and beside audio that is refused; what is refused stays that.
    for (before, after) in [("", ""), ("m=audio 0 RTP/AVP 8\r\n", "m=audio 0 RTP/AVP 8\r\n")] {
        let place = usize::from(!before.is_empty());
        check(
            &format!("v=0\r\nc=IN IP4 10.0.0.1\r\n{before}m=image 4002 udptl t38\r\na=T38FaxVersion:0\r\n"),
            Some(audio),
            &[(place, video)],
            &format!(
                "v=0\r\nc=IN IP4 198.51.100.7\r\n{after}m=image 40004 udptl t38\r\na=T38FaxVersion:0\r\n"
            ),
        );
    }
    check(
        "v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 8\r\nm=video 0 RTP/AVP 97\r\n",
        Some(audio),
        &[(1, video)],
        "v=0\r\nc=IN IP4 198.51.100.7\r\nm=audio 40000 RTP/AVP 8\r\nm=video 0 RTP/AVP 97\r\n",
    );
    // The address of old-style hold is what says hold, of each stream.
    check(
        "v=0\r\nm=audio 4000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\nm=video 4002 RTP/AVP 97\r\nc=IN IP4 10.0.0.1\r\n",
        Some(audio),
        &[(1, video)],
        "v=0\r\nm=audio 40000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\nm=video 40004 RTP/AVP 97\r\nc=IN IP4 198.51.100.7\r\n",
    );
}

#[test]
fn a_relayed_description_leads_to_the_relay() {
    for relay in ["198.51.100.7:40000", "[2001:db8::7]:40000"] {
        let relay: SocketAddr = relay.parse().unwrap();
        for (name, bytes, _) in READABLE {
            let before = peek(bytes).unwrap();
            let rewritten = sdp::set_media_address(bytes, relay);
            let after = peek(rewritten.as_bytes()).unwrap();
            let held = before.audio.is_some_and(|address| address.ip().is_unspecified());
            if before.hold() != HoldState::NoAudio && !held {
                assert_eq!(after.audio, Some(relay), "{name}");
            }
            assert_eq!((after.direction, after.streams), (before.direction, before.streams), "{name}");
            assert_eq!(after.codecs.to_string(), before.codecs.to_string(), "{name}");
            assert_eq!(sdp::set_media_address(rewritten.as_bytes(), relay), rewritten, "{name}");
        }
    }
}

/// Fixtures cut, doubled, and with bytes flipped: nothing may panic, and what is read may be rewritten.
#[test]
fn no_bytes_panic() {
    let relay: SocketAddr = "198.51.100.7:65535".parse().unwrap();
    let mut rng = Rng::new(1);
    for round in 0..40_000 {
        let (_, base, _) = READABLE[rng.below(READABLE.len() as u64) as usize];
        let mut bytes = base.to_vec();
        for _ in 0..=rng.below(6) {
            let at = rng.below(bytes.len() as u64 + 1) as usize;
            match rng.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, rng.next_u64() as u8),
                2 if at < bytes.len() => bytes[at] = rng.next_u64() as u8,
                _ => {
                    let piece: Vec<u8> =
                        bytes.iter().skip(at).take(rng.below(60) as usize).copied().collect();
                    bytes.extend_from_slice(&piece);
                }
            }
        }
        if let Ok(peek) = peek(&bytes) {
            assert_eq!(sdp::audio_address(&bytes), peek.audio, "round {round}");
        }
        let names = peek(&bytes).map(|peek| peek.codecs.to_string().len());
        let parsed = Session::parse(&bytes);
        let origin = sdp::rewrite_origin(&bytes, &OURS);
        sdp::set_media_address(&bytes, relay);
        if names.is_ok() {
            assert!(peek(origin.as_bytes()).is_ok(), "round {round}");
        } else {
            assert!(parsed.is_err(), "round {round}");
        }
    }
}
