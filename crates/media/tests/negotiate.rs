//! Offer and answer of endpoints: the examples of RFC 3264 §10 and the shapes of RFC 6337, with addresses
//! instead of names where an endpoint has to send somewhere.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use strowger_base::Secret;
use strowger_base::SessionDescription;
use strowger_media::codec::Codec;
use strowger_media::control::RtcpWay;
use strowger_media::negotiate::{self, Agreed, LocalMedia, NegotiateError};
use strowger_media::sdp::{CryptoLine, Direction, Origin, Session, Wish, set_crypto_as};
use strowger_media::srtp::{KeyMaterial, KeySource, SrtpKeys, Suite};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../testdata/sdp/", $name, ".sdp")).as_slice()
    };
}

fn local(codecs: &[Codec]) -> LocalMedia<'_> {
    let address = "198.51.100.7:40000".parse().unwrap();
    let origin = Origin { session_id: 10, version: 1, address: "198.51.100.7".parse().unwrap() };
    LocalMedia {
        origin,
        address,
        codecs,
        telephone_event: true,
        ptime_ms: 20,
        direction: Direction::SendReceive,
        keys: &[],
        offers: Wish::Clear,
    }
}

const HEAD: &str = "v=0\no=- 10 1 IN IP4 198.51.100.7\ns=-\nc=IN IP4 198.51.100.7\nt=0 0\n";

/// `remote rtcp codec/pt events ptime direction`
fn summary(agreed: &Agreed) -> String {
    let rtcp = match agreed.rtcp {
        RtcpWay::Mux => "mux".into(),
        RtcpWay::Address(address) => address.port().to_string(),
    };
    let events = agreed.format.telephone_event.map_or("-".into(), |event| event.to_string());
    format!(
        "{} {rtcp} {}/{} {events} {} {}",
        agreed.remote,
        agreed.format.codec.name(),
        agreed.format.payload_type,
        agreed.format.ptime_ms,
        agreed.direction.attribute()
    )
}

fn text(description: &SessionDescription) -> String {
    String::from_utf8(description.as_bytes().to_vec()).unwrap().replace("\r\n", "\n")
}

#[test]
fn answers() {
    let check = |offer: &[u8], codecs: &[Codec], streams: &str, expect: &str| {
        let (answer, agreed) = negotiate::answer(offer, &local(codecs)).unwrap();
        assert_eq!(text(&answer), format!("{HEAD}{streams}"));
        assert_eq!(summary(&agreed), expect);
        // An answer of ours is an answer: as many streams, of the same kinds.
        let (offer, answer) = (Session::parse(offer).unwrap(), Session::parse(answer.as_bytes()).unwrap());
        let kinds = |session: &Session| session.streams.iter().map(|stream| stream.kind).collect::<Vec<_>>();
        assert_eq!(kinds(&offer), kinds(&answer));
    };
    // The offer's order decides (RFC 3264 §6.1), and only one codec is answered.
    check(
        fixture!("cisco-7965"),
        &Codec::ALL,
        "m=audio 40000 RTP/AVP 0 101\na=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\n\
         a=fmtp:101 0-16\na=ptime:20\na=sendrecv\n",
        "192.0.2.65:24668 24669 PCMU/0 101 20 sendrecv",
    );
    check(
        fixture!("cisco-7965"),
        &[Codec::G722],
        "m=audio 40000 RTP/AVP 9 101\na=rtpmap:9 G722/8000\na=rtpmap:101 telephone-event/8000\n\
         a=fmtp:101 0-16\na=ptime:20\na=sendrecv\n",
        "192.0.2.65:24668 24669 G722/9 101 20 sendrecv",
    );
    // RFC 3264 §10.1: streams that are not wanted are refused in their places.
    check(
        fixture!("audio-video"),
        &Codec::ALL,
        "m=audio 40000 RTP/AVP 0\na=rtpmap:0 PCMU/8000\na=ptime:20\na=sendrecv\n\
         m=video 0 RTP/AVP 31\nm=video 0 RTP/AVP 32\n",
        "192.0.2.101:49170 49171 PCMU/0 - 20 sendrecv",
    );
    check(
        fixture!("video-first"),
        &Codec::ALL,
        "m=video 0 RTP/AVP 99\nm=audio 40000 RTP/AVP 0\na=rtpmap:0 PCMU/8000\na=ptime:20\na=inactive\n",
        "192.0.2.12:49170 49171 PCMU/0 - 20 inactive",
    );
    // Hold in the new style and the old one (RFC 3264 §8.4): we only listen.
    check(
        fixture!("hold-sendonly-session"),
        &Codec::ALL,
        "m=audio 40000 RTP/AVP 8 101\na=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000\n\
         a=fmtp:101 0-16\na=ptime:30\na=recvonly\n",
        "192.0.2.30:17002 17003 PCMA/8 101 30 recvonly",
    );
    check(
        fixture!("hold-old-style"),
        &Codec::ALL,
        "m=audio 40000 RTP/AVP 0 101\na=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\n\
         a=fmtp:101 0-16\na=ptime:20\na=recvonly\n",
        "0.0.0.0:17002 17003 PCMU/0 101 20 recvonly",
    );
    // The profile of the offer is answered; encryption is not answered in the clear.
    check(
        fixture!("inactive-ipv6"),
        &Codec::ALL,
        "m=audio 40000 RTP/AVPF 9\na=rtpmap:9 G722/8000\na=ptime:20\na=inactive\n",
        "[2001:db8::101]:30000 30001 G722/9 - 20 inactive",
    );
    check(
        fixture!("sdes"),
        &Codec::ALL,
        "m=audio 0 RTP/SAVP 0 101\nm=audio 40000 RTP/AVP 8 96\na=rtpmap:8 PCMA/8000\n\
         a=rtpmap:96 telephone-event/8000\na=fmtp:96 0-16\na=ptime:20\na=sendrecv\n",
        "192.0.2.77:20002 20003 PCMA/8 96 20 sendrecv",
    );
    check(
        fixture!("ice-plain"),
        &Codec::ALL,
        "m=audio 40000 RTP/AVP 0 101\na=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\n\
         a=fmtp:101 0-16\na=ptime:20\na=sendrecv\na=rtcp-mux\nm=video 0 RTP/AVP 96\n",
        "192.0.2.50:7078 mux PCMU/0 101 20 sendrecv",
    );
    check(
        fixture!("dynamic-static-mix"),
        &Codec::ALL,
        "m=audio 40000 RTP/AVP 96\na=rtpmap:96 PCMA/8000\na=ptime:30\na=sendrecv\n",
        "192.0.2.50:7078 7079 PCMA/96 - 30 sendrecv",
    );
}

#[test]
fn what_cannot_be_answered() {
    let check = |offer: &[u8], codecs: &[Codec], expect: &str| {
        let error = negotiate::answer(offer, &local(codecs)).unwrap_err();
        assert_eq!(error.to_string(), expect);
    };
    let none = "no audio stream with a common codec";
    check(fixture!("audio-video"), &[Codec::G722], none);
    check(fixture!("audio-refused"), &Codec::ALL, none);
    check(fixture!("chrome"), &Codec::ALL, none);
    check(fixture!("domain-name"), &Codec::ALL, none);
    check(fixture!("broken-no-origin"), &Codec::ALL, "the session description cannot be read");
}

const OFFER: &str = "m=audio 40000 RTP/AVP 9 114 8 0 101 115\na=rtpmap:9 G722/8000\n\
     a=rtpmap:114 opus/48000/2\na=fmtp:114 maxplaybackrate=16000;sprop-maxcapturerate=16000\n\
     a=rtpmap:8 PCMA/8000\na=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\n\
     a=rtpmap:115 telephone-event/48000\na=fmtp:115 0-16\na=ptime:20\na=sendrecv\n";

#[test]
fn a_first_offer_names_all_codecs() {
    assert_eq!(text(&negotiate::offer(&local(&Codec::ALL), None)), format!("{HEAD}{OFFER}"));
}

/// RFC 3264 §8: streams keep their places for the life of the session.
#[test]
fn a_later_offer_keeps_the_places_of_refused_streams() {
    let check = |offer: &[u8], expect: &str| {
        let (answer, _) = negotiate::answer(offer, &local(&Codec::ALL)).unwrap();
        let next = negotiate::offer(&local(&Codec::ALL), Some(&answer));
        assert_eq!(text(&next), format!("{HEAD}{expect}"));
    };
    check(fixture!("audio-video"), &format!("{OFFER}m=video 0 RTP/AVP 31\nm=video 0 RTP/AVP 32\n"));
    check(fixture!("video-first"), &format!("m=video 0 RTP/AVP 99\n{OFFER}"));
    // The payload type of events stays what it was (RFC 3264 §8.3.2).
    let with_96 = OFFER.replace("101", "96");
    check(fixture!("sdes"), &format!("m=audio 0 RTP/SAVP 0 101\n{with_96}"));
    // So does that of Opus, and what the peer uses for something else is not used again.
    let (answer, _) = negotiate::answer(OPUS_OFFER.as_bytes(), &local(&Codec::ALL)).unwrap();
    let next = text(&negotiate::offer(&local(&Codec::ALL), Some(&answer)));
    assert!(next.contains("RTP/AVP 9 109 8 0 102 101\n"), "{next}");
}

/// As baresip and browsers write it.
const OPUS_OFFER: &str = "v=0\no=- 1 1 IN IP4 192.0.2.5\ns=-\nc=IN IP4 192.0.2.5\nt=0 0\n\
     m=audio 6000 RTP/AVP 109 0 101\na=rtpmap:109 opus/48000/2\n\
     a=fmtp:109 stereo=0;maxaveragebitrate=20000\na=rtpmap:101 telephone-event/48000\na=ptime:30\n";

/// RFC 7587 §7: always 48000 and two channels, on a payload type of the offerer's choice.
#[test]
fn opus_is_answered_on_its_own_clock() {
    let (answer, agreed) = negotiate::answer(OPUS_OFFER.as_bytes(), &local(&Codec::ALL)).unwrap();
    assert_eq!(
        text(&answer),
        format!(
            "{HEAD}m=audio 40000 RTP/AVP 109 101\na=rtpmap:109 opus/48000/2\n\
             a=fmtp:109 maxplaybackrate=16000;sprop-maxcapturerate=16000\n\
             a=rtpmap:101 telephone-event/48000\na=fmtp:101 0-16\na=ptime:20\na=sendrecv\n"
        )
    );
    assert_eq!(summary(&agreed), "192.0.2.5:6000 6001 opus/109 101 20 sendrecv");
    assert_eq!(agreed.format.bitrate_max, Some(20_000));
    let receive = agreed.receive;
    assert_eq!(
        (receive.opus, receive.telephone_event, receive.telephone_event_48k),
        (Some(109), None, Some(101))
    );
    assert_eq!(receive.event_clock_of(101), Some(48_000));
    // Events on the other clock are better than none.
    let other = OPUS_OFFER.replace("event/48000", "event/8000");
    let (_, agreed) = negotiate::answer(other.as_bytes(), &local(&Codec::ALL)).unwrap();
    assert_eq!((agreed.receive.telephone_event, agreed.receive.telephone_event_48k), (Some(101), None));
    // Where several clocks are offered, that of the codec.
    let both = OPUS_OFFER.replace("109 0 101", "109 0 101 97") + "a=rtpmap:97 telephone-event/8000\n";
    for (codecs, expect) in [(&Codec::ALL[..], 101), (&[Codec::Pcmu], 97)] {
        let (_, agreed) = negotiate::answer(both.as_bytes(), &local(codecs)).unwrap();
        assert_eq!(agreed.format.telephone_event, Some(expect));
    }
}

#[test]
fn answers_to_our_offer() {
    let offer = negotiate::offer(&local(&Codec::ALL), None);
    let head = "v=0\no=- 1 1 IN IP4 192.0.2.5\ns=-\nc=IN IP4 192.0.2.5\nt=0 0\n";
    let complete =
        |streams: &str| negotiate::complete(offer.as_bytes(), format!("{head}{streams}").as_bytes());
    let check = |streams: &str, expect: &str| assert_eq!(summary(&complete(streams).unwrap()), expect);
    check(
        "m=audio 6000 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\n",
        "192.0.2.5:6000 6001 PCMA/8 101 20 sendrecv",
    );
    // Each side names the types that it wants to receive (RFC 3264 §5.1).
    check(
        "m=audio 6000 RTP/AVP 99 96\na=rtpmap:99 G722/8000\na=rtpmap:96 telephone-event/8000\na=ptime:40\n",
        "192.0.2.5:6000 6001 G722/99 96 40 sendrecv",
    );
    check("m=audio 6000 RTP/AVP 0\na=sendonly\n", "192.0.2.5:6000 6001 PCMU/0 - 20 recvonly");
    check("m=audio 6000 RTP/AVP 0\na=recvonly\na=rtcp:7000\n", "192.0.2.5:6000 7000 PCMU/0 - 20 sendonly");
    let both = complete("m=audio 6000 RTP/AVP 0 8 96\na=rtpmap:96 telephone-event/8000\n").unwrap();
    let receive = both.receive;
    assert_eq!((receive.pcmu, receive.pcma, receive.g722), (Some(0), Some(8), None));
    // We offered events as 101, so they come as 101, whatever the peer calls them.
    assert_eq!((receive.telephone_event, both.format.telephone_event), (Some(101), Some(96)));
    let opus = complete(
        "m=audio 6000 RTP/AVP 96 97 98\na=rtpmap:96 opus/48000/2\na=fmtp:96 maxaveragebitrate=16000\n\
         a=rtpmap:97 telephone-event/8000\na=rtpmap:98 telephone-event/48000\na=ptime:50\n",
    )
    .unwrap();
    assert_eq!(summary(&opus), "192.0.2.5:6000 6001 opus/96 98 40 sendrecv");
    assert_eq!((opus.format.bitrate_max, opus.receive.opus), (Some(16_000), Some(114)));
    assert_eq!((opus.receive.telephone_event, opus.receive.telephone_event_48k), (None, Some(115)));
    for refused in ["m=audio 0 RTP/AVP 0\n", "m=audio 6000 RTP/AVP 18\n", "m=video 6000 RTP/AVP 0\n"] {
        assert!(matches!(complete(refused), Err(NegotiateError::NoCommonCodec)), "{refused}");
    }
    let error = complete("m=audio 6000 RTP/AVP 0\nm=video 0 RTP/AVP 31\n").unwrap_err();
    assert_eq!(error.to_string(), "expected an answer with 1 streams, found 2");
}

/// RFC 6337 §5.3: what may be answered to each direction, for each direction that we allow ourselves.
#[test]
fn directions_mirror() {
    let all = [Direction::SendReceive, Direction::SendOnly, Direction::ReceiveOnly, Direction::Inactive];
    let expect = [
        "sendrecv sendonly recvonly inactive",
        "recvonly inactive recvonly inactive",
        "sendonly sendonly inactive inactive",
        "inactive inactive inactive inactive",
    ];
    for (offered, expect) in all.into_iter().zip(expect) {
        let offer = format!(
            "v=0\no=- 1 1 IN IP4 192.0.2.5\ns=-\nc=IN IP4 192.0.2.5\nt=0 0\nm=audio 6 RTP/AVP 0\na={}\n",
            offered.attribute()
        );
        let answered: Vec<_> = all
            .into_iter()
            .map(|direction| {
                let local = LocalMedia { direction, ..local(&Codec::ALL) };
                let (answer, agreed) = negotiate::answer(offer.as_bytes(), &local).unwrap();
                let written = strowger_media::sdp::peek(answer.as_bytes()).unwrap().direction;
                assert_eq!(written, agreed.direction);
                written.attribute()
            })
            .collect();
        assert_eq!(answered.join(" "), expect, "offered {offered:?}");
    }
}

/// Answers an offer whose audio stream has these lines; what the answer says of it, and whether keys were agreed.
fn secured(
    protocol: &str,
    crypto: &[CryptoLine],
) -> Result<(String, Option<SrtpKeys>), negotiate::NegotiateError> {
    let offer = format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\nm=audio 6000 {protocol} 0\r\n"
    );
    let wish = if protocol.contains("SAVP") { Wish::Required } else { Wish::Optional };
    let offer = set_crypto_as(offer.as_bytes(), crypto, wish);
    let keys = own_keys();
    let local = LocalMedia { keys: &keys, ..local(&Codec::ALL) };
    let (answer, agreed) = negotiate::answer(offer.as_bytes(), &local)?;
    let text = String::from_utf8(answer.as_bytes().to_vec()).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("m=") || line.starts_with("a=crypto"));
    let lines: Vec<&str> = lines.map(|line| line.split(" inline").next().unwrap()).collect();
    Ok((lines.join("; "), agreed.keys))
}

fn own_keys() -> [KeyMaterial; 2] {
    let mut source = KeySource::new(Secret::new([9; 32]));
    [Suite::AeadAes256Gcm, Suite::AesCm128HmacSha1_80].map(|suite| source.next_key(suite))
}

#[test]
fn an_offer_with_keys_is_answered_with_the_first_suite_that_is_ours() {
    let mut source = KeySource::new(Secret::new([1; 32]));
    let mut line = |tag: u32, suite: Suite| CryptoLine { tag, material: source.next_key(suite) };
    let (sha_32, sha_80) = (line(1, Suite::AesCm128HmacSha1_32), line(2, Suite::AesCm128HmacSha1_80));
    let gcm = line(3, Suite::AeadAes256Gcm);
    let all = [sha_32.clone(), sha_80.clone(), gcm];
    let (answer, keys) = secured("RTP/SAVP", &all).unwrap();
    assert_eq!(answer, "m=audio 40000 RTP/SAVP 0; a=crypto:2 AES_CM_128_HMAC_SHA1_80");
    let expect = SrtpKeys { send: own_keys()[1].clone(), receive: sha_80.material };
    assert_eq!(keys, Some(expect));
    let (answer, _) = secured("RTP/SAVPF", &all).unwrap();
    assert_eq!(answer, "m=audio 40000 RTP/SAVPF 0; a=crypto:2 AES_CM_128_HMAC_SHA1_80");
    // RTP with keys beside it is SRTP where that can be, and RTP where not.
    let (answer, keys) = secured("RTP/AVP", &all).unwrap();
    assert_eq!(
        (&*answer, keys.is_some()),
        ("m=audio 40000 RTP/AVP 0; a=crypto:2 AES_CM_128_HMAC_SHA1_80", true)
    );
    let (answer, keys) = secured("RTP/AVP", std::slice::from_ref(&sha_32)).unwrap();
    assert_eq!((&*answer, keys), ("m=audio 40000 RTP/AVP 0", None));
    for refused in [std::slice::from_ref(&sha_32), &[]] {
        let result = secured("RTP/SAVP", refused);
        assert!(matches!(result, Err(negotiate::NegotiateError::NoCommonSuite)), "{result:?}");
    }
}

#[test]
fn an_offer_of_ours_with_keys_is_completed_with_those_that_were_chosen() {
    let keys = own_keys();
    for offers in [Wish::Required, Wish::Optional] {
        let ours = negotiate::offer(&LocalMedia { keys: &keys, offers, ..local(&Codec::ALL) }, None);
        let theirs = [KeySource::new(Secret::new([2; 32])).next_key(Suite::AesCm128HmacSha1_80)];
        let peer = LocalMedia { keys: &theirs, ..local(&Codec::ALL) };
        let (answer, at_peer) = negotiate::answer(ours.as_bytes(), &peer).unwrap();
        let agreed = negotiate::complete(ours.as_bytes(), answer.as_bytes()).unwrap();
        let (here, there) = (agreed.keys.unwrap(), at_peer.keys.unwrap());
        assert_eq!((&here.send, &here.receive), (&there.receive, &there.send));
        assert_eq!((&here.send, agreed.wish), (&keys[1], offers));
        // Who knows nothing of keys answers RTP, which is good enough only where they were offered beside it.
        let clear = set_crypto_as(answer.as_bytes(), &[], Wish::Optional);
        let completed = negotiate::complete(ours.as_bytes(), clear.as_bytes());
        match offers {
            Wish::Optional => assert_eq!(completed.unwrap().keys, None),
            _ => assert!(matches!(completed, Err(negotiate::NegotiateError::NoCommonSuite))),
        }
    }
}
