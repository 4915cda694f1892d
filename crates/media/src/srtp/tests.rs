use libsrtp::{MasterKey, ProtectionProfile, RecvSession, SendSession, StreamConfig};
use strowger_base::{Rng, Secret};

use super::cipher::{Cipher, CounterMode, Galois, Place, derive};
use super::{
    Failure, KeyMaterial, KeySource, Mki, Protection, Protector, SrtpKeys, StreamState, Suite, Unprotector,
};
use crate::rtp::Header;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| byte.is_ascii_hexdigit()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn key(suite: Suite, seed: u8) -> KeyMaterial {
    KeySource::new(Secret::new([seed; 32])).next_key(suite)
}

fn rtp(ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut packet = Vec::new();
    Header { marker: false, payload_type: 0, sequence, timestamp: 160, ssrc }.write(&mut packet);
    packet.extend((0..160).map(|n| n as u8 ^ sequence as u8));
    packet
}

fn rtcp(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 6];
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&[7; 20]);
    packet
}

/// RFC 3711 appendix B.2.
#[test]
fn the_key_stream_is_that_of_the_standard() {
    let salt = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD").try_into().unwrap();
    let key = hex("2B7E151628AED2A6ABF7158809CF4F3C").try_into().unwrap();
    let cipher = CounterMode::new(key, &[0; 20], salt, 10);
    let mut stream = vec![0; 0xff03 * 16];
    cipher.apply(&mut stream, Place { ssrc: 0, index: 0, clear: 0 }).unwrap();
    let check =
        |block: usize, expect: &str| assert_eq!(stream[block * 16..][..16], hex(expect), "block {block:x}");
    check(0, "E03EAD0935C95E80E166B16DD92B4EB4");
    check(1, "D23513162B02D0F72A43A2FE4A5F97AB");
    check(2, "41E95B3BB0A2E8DD477901E4FCA894C0");
    check(0xfeff, "EC8CDF7398607CB0F2D21675EA9EA1E4");
    check(0xff00, "362B7C3C6773516318A077D7FC5073AE");
    check(0xff01, "6A2CC3787889374FBEB4C81B17BA6C44");
}

/// RFC 3711 appendix B.3.
#[test]
fn session_keys_are_those_of_the_standard() {
    let check = |label: u8, expect: &str| {
        let expect = hex(expect);
        let mut derived = vec![0; expect.len()];
        let (key, salt) = (hex("E1F97A0D3E018BE0D64FA32C06DE4139"), hex("0EC675AD498AFEEBB6960B3AABE6"));
        derive(&key, &salt, label, &mut derived);
        assert_eq!(derived, expect, "label {label}");
    };
    check(0, "C61E7A93744F39EE10734AFE3FF7A087");
    check(2, "30CBBC08863D8C85D49DB34A9AE1");
    check(1, "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCE");
}

/// RFC 7714 §16 and §17.
#[test]
fn galois_mode_gives_the_packets_of_the_standard() {
    let salt: [u8; 12] = hex("517569642070726f2071756f").try_into().unwrap();
    let key = hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    let cipher = |bytes: usize| {
        let galois = || Box::new(Galois::new(&key[..bytes], salt));
        Cipher::Galois { rtp: galois(), rtcp: galois() }
    };
    let header = "8040f17b8041f8d35501a0b2";
    let plain =
        format!("{header}47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573");
    let check = |bytes: usize, sealed: &str| {
        let (plain, sealed) = (hex(&plain), hex(&format!("{header}{sealed}")));
        let place = Place { ssrc: 0x5501_a0b2, index: 0xf17b, clear: 12 };
        let mut packet = plain.clone();
        cipher(bytes).seal_rtp(&mut packet, 0, place, &[]).unwrap();
        assert_eq!(packet, sealed);
        let length = cipher(bytes).open_rtp(&mut packet, place, &[]).unwrap();
        assert_eq!(packet[..length], plain);
    };
    check(
        16,
        "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce",
    );
    check(
        32,
        "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13",
    );
    let head = "81c8000d4d617273";
    let plain = format!(
        "{head}4e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
    );
    let check = |bytes: usize, sealed: &str| {
        let (plain, sealed) = (hex(&plain), hex(&format!("{head}{sealed}")));
        let place = Place { ssrc: 0x4d61_7273, index: 0x5d4, clear: 8 };
        let mut packet = plain.clone();
        cipher(bytes).seal_rtcp(&mut packet, 0, place, &[]).unwrap();
        assert_eq!(packet, sealed);
        assert_eq!(cipher(bytes).rtcp_index(&packet, &[]), Ok(0x5d4));
        let length = cipher(bytes).open_rtcp(&mut packet, place, &[]).unwrap();
        assert_eq!(packet[..length], plain);
    };
    check(
        16,
        "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4",
    );
    check(
        32,
        "d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4",
    );
}

/// Another implementation opens what we seal, and we what it seals, also where the sequence numbers begin anew.
#[test]
fn another_implementation_understands_us_and_we_it() {
    let check =
        |suite: Suite, rtp_profile: ProtectionProfile, rtcp_profile: ProtectionProfile, mki: Option<Mki>| {
            let bytes = key(suite, 9).expose().to_vec();
            let ours = KeyMaterial::new(suite, &bytes, mki).unwrap();
            let (master, salt) = bytes.split_at(suite.key_bytes());
            let named = mki.map(|mki| mki.as_bytes().to_vec());
            let config =
                StreamConfig::new(vec![MasterKey::new(master, salt, &named)], &rtp_profile, &rtcp_profile);
            let (mut their_send, mut their_receive) = (SendSession::new(), RecvSession::new());
            their_send.add_stream(None, &config).unwrap();
            their_receive.add_stream(None, &config).unwrap();
            let (mut send, mut receive) = (Protector::new(ours.clone()), Unprotector::new(ours));
            for n in 0..200u16 {
                let sequence = 65_400u16.wrapping_add(n);
                let plain = rtp(0xdead_beef, sequence);
                let mut sealed = plain.clone();
                send.rtp(&mut sealed, 0).unwrap();
                assert_eq!(their_receive.rtp_unprotect(sealed).unwrap(), plain, "{suite} {sequence}");
                let sealed = their_send.rtp_protect_mki(plain.clone(), &named).unwrap();
                let mut opened = sealed;
                let length = receive.rtp(&mut opened).unwrap();
                assert_eq!(opened[..length], plain, "{suite} {sequence}");
                let plain = rtcp(0xdead_beef);
                let mut sealed = plain.clone();
                send.rtcp(&mut sealed, 0).unwrap();
                assert_eq!(their_receive.rtcp_unprotect(sealed).unwrap(), plain, "{suite} {n}");
                let mut opened = their_send.rtcp_protect_mki(plain.clone(), &named).unwrap();
                let length = receive.rtcp(&mut opened).unwrap();
                assert_eq!(opened[..length], plain, "{suite} {n}");
            }
        };
    let (sha_80, sha_32) = (ProtectionProfile::Aes128CmHmacSha180, ProtectionProfile::Aes128CmHmacSha132);
    for mki in [None, Mki::new(0x0102, 4)] {
        check(Suite::AesCm128HmacSha1_80, sha_80, sha_80, mki);
        check(Suite::AesCm128HmacSha1_32, sha_32, sha_80, mki);
        let gcm = ProtectionProfile::AeadAes128Gcm;
        check(Suite::AeadAes128Gcm, gcm, gcm, mki);
        let gcm = ProtectionProfile::AeadAes256Gcm;
        check(Suite::AeadAes256Gcm, gcm, gcm, mki);
    }
}

#[test]
fn what_was_changed_replayed_or_made_with_another_key_is_refused() {
    for suite in Suite::ALL {
        let (mut send, mut receive) = (Protector::new(key(suite, 1)), Unprotector::new(key(suite, 1)));
        for (packet, open) in [
            (rtp(5, 100), Unprotector::rtp as fn(&mut Unprotector, &mut [u8]) -> Result<usize, Failure>),
            (rtcp(5), Unprotector::rtcp),
        ] {
            let mut sealed = packet.clone();
            if crate::rtp::is_rtcp(&packet) { send.rtcp(&mut sealed, 0) } else { send.rtp(&mut sealed, 0) }
                .unwrap();
            assert!(
                !sealed.windows(8).any(|part| part == &packet[packet.len() - 8..]),
                "{suite}: it can be read"
            );
            for at in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[at] ^= 0x10;
                assert!(open(&mut receive, &mut changed).is_err(), "{suite} byte {at}");
            }
            for length in 0..sealed.len() {
                assert!(open(&mut receive, &mut sealed.clone()[..length]).is_err(), "{suite} {length} bytes");
            }
            let mut other = Unprotector::new(key(suite, 2));
            assert_eq!(open(&mut other, &mut sealed.clone()), Err(Failure::NotAuthentic), "{suite}");
            assert_eq!(open(&mut receive, &mut sealed.clone()), Ok(packet.len()), "{suite}");
            assert_eq!(open(&mut receive, &mut sealed.clone()), Err(Failure::Replayed), "{suite}");
        }
    }
}

#[test]
fn no_packet_goes_out_twice_under_one_key() {
    let suite = Suite::AeadAes128Gcm;
    let keys = SrtpKeys { send: key(suite, 1), receive: key(suite, 2) };
    let mut protection = Protection::default();
    protection.change(Some(&keys));
    let check = |protection: &mut Protection, sequence: u16, expect: Result<(), Failure>| {
        let mut buffer = vec![1, 2, 3];
        buffer.extend_from_slice(&rtp(7, sequence));
        assert_eq!(protection.seal(&mut buffer, 3), expect, "{sequence}");
        assert_eq!(buffer.len(), if expect.is_ok() { 3 + 172 + 16 } else { 3 }, "{sequence}");
    };
    check(&mut protection, 10, Ok(()));
    check(&mut protection, 10, Err(Failure::Replayed));
    check(&mut protection, 9, Ok(()));
    // The same keys again change nothing; another key of ours begins anew, and so does its absence.
    protection.change(Some(&keys));
    check(&mut protection, 9, Err(Failure::Replayed));
    protection.change(Some(&SrtpKeys { send: key(suite, 3), ..keys }));
    check(&mut protection, 9, Ok(()));
    protection.change(None);
    let mut scratch = Vec::new();
    assert_eq!(protection.open(&rtp(7, 9), &mut scratch), Ok(&rtp(7, 9)[..]));
}

#[test]
fn a_key_serves_so_many_packets_and_sources_and_no_more() {
    let suite = Suite::AesCm128HmacSha1_80;
    let mut send = Protector::new(key(suite, 1));
    send.resume(StreamState { ssrc: 1, rtp: Some((1 << 48) - 2), rtcp: Some((1 << 31) - 2) });
    assert_eq!(send.rtp(&mut rtp(1, 0xffff), 0), Ok(()));
    assert_eq!(send.rtp(&mut rtp(1, 0), 0), Err(Failure::Exhausted));
    assert_eq!(send.rtcp(&mut rtcp(1), 0), Ok(()));
    assert_eq!(send.rtcp(&mut rtcp(1), 0), Err(Failure::Exhausted));
    for ssrc in 2..=strowger_base::limits::SRTP_SOURCES as u32 {
        assert_eq!(send.rtp(&mut rtp(ssrc, 1), 0), Ok(()));
    }
    assert_eq!(send.rtp(&mut rtp(u32::MAX, 1), 0), Err(Failure::Exhausted));
}

#[test]
fn another_server_goes_on_where_one_left() {
    let suite = Suite::AeadAes256Gcm;
    let (mut send, mut receive) = (Protector::new(key(suite, 1)), Unprotector::new(key(suite, 1)));
    let mut last = Vec::new();
    for sequence in [0xfffe, 0xffff, 0, 1] {
        last = rtp(5, sequence);
        send.rtp(&mut last, 0).unwrap();
        receive.rtp(&mut last.clone()).unwrap();
    }
    let (mut send_2, mut receive_2) = (Protector::new(key(suite, 1)), Unprotector::new(key(suite, 1)));
    send.states().for_each(|state| send_2.resume(state));
    receive.states().for_each(|state| receive_2.resume(state));
    assert_eq!(receive_2.states().next(), Some(StreamState { ssrc: 5, rtp: Some(0x1_0001), rtcp: None }));
    assert_eq!(receive_2.rtp(&mut last), Err(Failure::Replayed));
    let mut next = rtp(5, 2);
    send_2.rtp(&mut next, 0).unwrap();
    assert_eq!(receive_2.rtp(&mut next.clone()), Ok(172));
    assert_eq!(receive.rtp(&mut next), Ok(172));
}

#[test]
fn keys_are_new_each_time_and_never_shown() {
    let mut source = KeySource::new(Secret::new([4; 32]));
    let (one, two) = (source.next_key(Suite::AeadAes256Gcm), source.next_key(Suite::AeadAes256Gcm));
    assert_ne!(one.expose(), two.expose());
    assert_eq!(one.expose().len(), 44);
    assert_eq!(format!("{one:?}"), "KeyMaterial(AEAD_AES_256_GCM ***)");
    assert_eq!(format!("{source:?}"), "KeySource(***)");
    assert_eq!(KeyMaterial::new(Suite::AeadAes128Gcm, &[0; 30], None), None);
    assert_eq!(Mki::new(258, 2).unwrap().as_bytes(), [1, 2]);
    assert_eq!(Mki::new(258, 10).unwrap().as_bytes(), [0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    assert_eq!((Mki::new(258, 1), Mki::new(1, 0), Mki::new(1, 129)), (None, None, None));
}

#[test]
fn no_bytes_panic() {
    let mut rng = Rng::new(1);
    let mut protections = Suite::ALL.map(|suite| {
        let mut protection = Protection::default();
        protection.change(Some(&SrtpKeys { send: key(suite, 1), receive: key(suite, 1) }));
        protection
    });
    for round in 0..20_000 {
        let protection = &mut protections[round % 4];
        let mut bytes: Vec<u8> = (0..rng.below(80)).map(|_| rng.next_u64() as u8).collect();
        if let Some(first) = bytes.first_mut()
            && rng.one_in(2)
        {
            *first = 0x80 | (*first & 0x3f);
        }
        assert!(protection.open(&bytes, &mut Vec::new()).is_err());
        let before = bytes.len();
        let sealed = protection.seal(&mut bytes, 0);
        assert!(sealed.is_err() || bytes.len() > before);
    }
}

/// Who comes into a call late opens it although nobody says how often its numbers began anew.
#[test]
fn a_source_that_counted_far_is_understood_by_who_comes_late() {
    for suite in [Suite::AesCm128HmacSha1_80, Suite::AesCm128HmacSha1_32, Suite::AeadAes256Gcm] {
        // Rollovers, and after how many packets the source is understood at the latest.
        let check = |rollovers: u64, within: u16| {
            let mut send = Protector::new(key(suite, 3));
            let far = StreamState { ssrc: 7, rtp: Some(rollovers << 16 | 100), rtcp: None };
            send.resume(far);
            let mut receive = Unprotector::new(key(suite, 3));
            let understood = (101..101 + within).position(|sequence| {
                let plain = rtp(7, sequence);
                let mut packet = plain.clone();
                send.rtp(&mut packet, 0).unwrap();
                receive.rtp(&mut packet).is_ok_and(|length| packet[..length] == plain)
            });
            assert!(understood.is_some(), "{suite} {rollovers}");
            // From then on it is as any other: each packet once.
            let mut packet = rtp(7, 900);
            send.rtp(&mut packet, 0).unwrap();
            let mut again = packet.clone();
            assert!(receive.rtp(&mut packet).is_ok());
            assert_eq!(receive.rtp(&mut again), Err(Failure::Replayed));
        };
        check(0, 1);
        check(1, 1);
        check(4, 1);
        check(5, 2);
        check(200, 50);
        check(508, 128);
        // A report that comes before, or strangers between the packets, change nothing of that.
        for (key_before, rollovers) in [(None, 300), (Some(2), 600)] {
            let mut send = Protector::new(key(suite, 3));
            let far = StreamState { ssrc: 7, rtp: Some(rollovers << 16 | 100), rtcp: Some(30) };
            send.resume(far);
            let mut receive = Unprotector::new(key(suite, key_before.unwrap_or(3)));
            if key_before.is_some() {
                receive.resume(StreamState { ssrc: 7, rtp: Some(rollovers << 16 | 90), rtcp: None });
                receive = receive.following(key(suite, 3));
            }
            let mut report = rtcp(7);
            send.rtcp(&mut report, 0).unwrap();
            receive.rtcp(&mut report).unwrap();
            let understood = (101..101 + 300).any(|sequence| {
                let mut foreign = rtp(u32::from(sequence), 1);
                Protector::new(key(suite, 4)).rtp(&mut foreign, 0).unwrap();
                assert!(receive.rtp(&mut foreign).is_err());
                let mut packet = rtp(7, sequence);
                send.rtp(&mut packet, 0).unwrap();
                receive.rtp(&mut packet).is_ok()
            });
            assert!(understood, "{suite} {rollovers}");
        }
        // A packet without the key makes nothing known, however often it comes.
        let mut receive = Unprotector::new(key(suite, 3));
        for sequence in 0..1000 {
            let mut foreign = rtp(7, sequence);
            Protector::new(key(suite, 4)).rtp(&mut foreign, 0).unwrap();
            assert_eq!(receive.rtp(&mut foreign), Err(Failure::NotAuthentic));
        }
        assert_eq!(receive.states().count(), 0);
    }
}

/// A new key in mid-call: packets of the old one that were on their way are opened, and a source that goes on counting is.
#[test]
fn packets_of_the_key_before_are_opened_for_a_while() {
    let suite = Suite::AesCm128HmacSha1_80;
    let keys = |seed| SrtpKeys { send: key(suite, 1), receive: key(suite, seed) };
    let mut protection = Protection::None;
    protection.change(Some(&keys(5)));
    let (mut old, mut new) = (Protector::new(key(suite, 5)), Protector::new(key(suite, 6)));
    for send in [&mut old, &mut new] {
        send.resume(StreamState { ssrc: 7, rtp: Some(600 << 16 | 100), rtcp: None });
    }
    let open = |protection: &mut Protection, send: &mut Protector, sequence: u16| {
        let mut packet = rtp(7, sequence);
        send.rtp(&mut packet, 0).unwrap();
        let mut scratch = Vec::new();
        protection.open(&packet, &mut scratch).map(|opened| opened == rtp(7, sequence))
    };
    // More rollovers than are searched: known from the state before alone.
    let Protection::Srtp(contexts) = &mut protection else { panic!("no keys") };
    contexts.resume_receiving(StreamState { ssrc: 7, rtp: Some(600 << 16 | 90), rtcp: None });
    assert_eq!(open(&mut protection, &mut old, 101), Ok(true));
    protection.change(Some(&keys(6)));
    assert_eq!(open(&mut protection, &mut new, 103), Ok(true));
    assert_eq!(open(&mut protection, &mut old, 102), Ok(true));
    for sequence in 104..160 {
        assert_eq!(open(&mut protection, &mut new, sequence), Ok(true));
    }
    assert_eq!(open(&mut protection, &mut old, 160), Err(Failure::NotAuthentic));
    // Nor for ever where nothing of the new key comes.
    protection.change(Some(&keys(5)));
    let heard = (160..400).filter(|sequence| open(&mut protection, &mut new, *sequence).is_ok()).count();
    assert_eq!(heard, 50);
}
