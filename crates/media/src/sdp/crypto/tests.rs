use strowger_base::Secret;

use super::*;
use crate::srtp::KeySource;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn lines_of_phones_are_read() {
    let check = |value: &str, expect: Option<(u32, Suite)>| {
        let line = CryptoLine::parse(value.as_bytes());
        assert_eq!(line.as_ref().map(|line| (line.tag, line.material.suite())), expect, "{value}");
    };
    let (key_30, key_28) = ("A".repeat(40), format!("{}==", "A".repeat(38)));
    let sha = |rest: &str| format!("1 AES_CM_128_HMAC_SHA1_80 inline:{key_30}{rest}");
    let sha_80 = Some((1, Suite::AesCm128HmacSha1_80));
    check(&sha(""), sha_80);
    check(&sha("|2^20"), sha_80);
    check(&sha("|2^20|1:4"), sha_80);
    check(&sha("|1:4"), sha_80);
    check(&sha("|1048576|1:32"), sha_80);
    check(&sha(" WSH=128"), sha_80);
    check(&sha(" -UNKNOWN"), sha_80);
    check(&format!("7 aes_cm_128_hmac_sha1_32 INLINE:{key_30}"), Some((7, Suite::AesCm128HmacSha1_32)));
    check(&format!("2 AEAD_AES_128_GCM inline:{key_28}"), Some((2, Suite::AeadAes128Gcm)));
    check(&format!("2 AEAD_AES_128_GCM inline:{}", "A".repeat(38)), Some((2, Suite::AeadAes128Gcm)));
    check(&format!("3 AEAD_AES_256_GCM inline:{}=", "A".repeat(59)), Some((3, Suite::AeadAes256Gcm)));
    for refused in [
        sha(" UNENCRYPTED_SRTP"),
        sha(" UNENCRYPTED_SRTCP"),
        sha(" UNAUTHENTICATED_SRTP"),
        sha(" KDR=0"),
        sha(" FEC_ORDER=FEC_SRTP"),
        sha(&format!(";inline:{key_30}")),
        sha("|2^20|1:4|5"),
        sha("|1:4:4"),
        sha("|300:1"),
        sha("|1:0"),
        sha("A"),
        format!("1 F8_128_HMAC_SHA1_80 inline:{key_30}"),
        format!("1 AES_CM_128_HMAC_SHA1_80 inline:{}", "A".repeat(39)),
        format!("1 AES_CM_128_HMAC_SHA1_80 inline:{}", "!".repeat(40)),
        format!("1 AES_CM_128_HMAC_SHA1_80 uri:{key_30}"),
        format!("1234567890 AES_CM_128_HMAC_SHA1_80 inline:{key_30}"),
        format!("x AES_CM_128_HMAC_SHA1_80 inline:{key_30}"),
        "1 AES_CM_128_HMAC_SHA1_80".to_owned(),
        String::new(),
    ] {
        check(&refused, None);
    }
}

#[test]
fn a_line_reads_back_as_it_was_written() {
    let mut source = KeySource::new(Secret::new([1; 32]));
    for (tag, suite) in Suite::ALL.into_iter().enumerate() {
        let line = CryptoLine { tag: tag as u32 + 1, material: source.next_key(suite) };
        let mut written = Vec::new();
        line.write(&mut written);
        let value = written.strip_prefix(b"a=crypto:").and_then(|rest| rest.strip_suffix(b"\r\n")).unwrap();
        assert_eq!(CryptoLine::parse(value), Some(line));
    }
    let mut letters = Vec::new();
    for plain in ["", "f", "fo", "foo", "foob", "fooba", "foobar"] {
        encode(plain.as_bytes(), &mut letters);
        letters.push(b' ');
    }
    assert_eq!(text(&letters), " Zg== Zm8= Zm9v Zm9vYg== Zm9vYmE= Zm9vYmFy ");
}

#[test]
fn a_wish_for_keys_is_seen_in_each_form_that_phones_write() {
    let check = |protocol: &str, crypto: &str, expect: Wish| {
        let text = format!(
            "v=0\r\nm=video 9 RTP/SAVP 96\r\na=crypto:1 X inline:Y\r\nm=audio 4000 {protocol} 0\r\n{crypto}a=ptime:20\r\nm=audio 5 RTP/SAVP 0\r\n"
        );
        assert_eq!(AudioSecurity::of(text.as_bytes()).wish, expect, "{protocol} {crypto}");
    };
    let line = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:Y\r\n";
    check("RTP/AVP", "", Wish::Clear);
    check("RTP/AVPF", line, Wish::Optional);
    check("RTP/SAVP", line, Wish::Required);
    check("rtp/savpf", line, Wish::Required);
    check("RTP/SAVP", "", Wish::Other);
    check("UDP/TLS/RTP/SAVPF", "a=fingerprint:sha-256 00\r\n", Wish::Other);
    assert_eq!(AudioSecurity::of(b"v=0\r\nm=audio 0 RTP/SAVP 0\r\n").wish, Wish::Clear);
    let several = |first: &str, second: &str| {
        let text = format!("v=0\r\nm=audio {first}m=audio {second}");
        let security = AudioSecurity::of(text.as_bytes());
        (security.wish, security.suites().count(), security.is_all_secured())
    };
    let (clear, keys) = ("4 RTP/AVP 0\r\n", format!("6 RTP/SAVP 0\r\n{line}"));
    // SRTP is to be had, and RTP as well.
    assert_eq!(several(clear, &keys), (Wish::Optional, 1, false));
    assert_eq!(several("0 RTP/AVP 0\r\n", &keys), (Wish::Required, 1, true));
    assert_eq!(several(&keys, clear), (Wish::Required, 1, false));
    assert_eq!(several(&keys, &keys), (Wish::Required, 1, true));
    assert_eq!(several(clear, clear), (Wish::Clear, 0, false));
    let offer = format!("v=0\r\nm=audio 4 RTP/SAVP 0\r\n{line}a=crypto:2 NEW inline:Z\r\n");
    let security = AudioSecurity::of(offer.as_bytes());
    assert_eq!(security.suites().collect::<Vec<_>>(), ["AES_CM_128_HMAC_SHA1_80", "NEW"]);
    assert_eq!(security.lines(), []);
}

#[test]
fn keys_of_ours_take_the_place_of_others_and_nothing_else_changes() {
    let line =
        CryptoLine { tag: 4, material: KeyMaterial::new(Suite::AeadAes128Gcm, &[0; 28], None).unwrap() };
    let ours = format!("a=crypto:4 AEAD_AES_128_GCM inline:{}==\r\n", "A".repeat(38));
    let check = |before: &str, lines: &[CryptoLine], expect: &str| {
        assert_eq!(text(set_crypto(before.as_bytes(), lines).as_bytes()), expect, "{before}");
    };
    let one = std::slice::from_ref(&line);
    check(
        "v=0\r\nm=audio 4 RTP/AVPF 0\r\na=ptime:20\r\nm=video 5 RTP/AVP 9\r\n",
        one,
        &format!("v=0\r\nm=audio 4 RTP/SAVPF 0\r\na=ptime:20\r\n{ours}m=video 5 RTP/AVP 9\r\n"),
    );
    check("v=0\r\nm=audio 4 RTP/AVP 0", one, &format!("v=0\r\nm=audio 4 RTP/SAVP 0\r\n{ours}"));
    check(
        "v=0\nm=audio 4 RTP/SAVP 0\na=crypto:1 X\na=x\na=crypto:2 Y\nm=video 5 RTP/SAVP 9\na=crypto:1 Z\n",
        &[],
        "v=0\nm=audio 4 RTP/AVP 0\na=x\nm=video 0 RTP/SAVP 9\n",
    );
    // Nobody is told keys of streams beside it, and what is SRTP alone cannot be without.
    let several = "v=0\r\nm=audio 4 RTP/AVP 0\r\nm=audio 6 RTP/SAVP 0\r\na=crypto:1 X\r\nm=video 8 RTP/AVP 9\r\na=crypto:1 Y\r\na=mid:3\r\n";
    check(
        several,
        &[],
        "v=0\r\nm=audio 4 RTP/AVP 0\r\nm=audio 0 RTP/SAVP 0\r\nm=video 8 RTP/AVP 9\r\na=mid:3\r\n",
    );
    check(
        several,
        one,
        &format!(
            "v=0\r\nm=audio 4 RTP/SAVP 0\r\n{ours}m=audio 0 RTP/SAVP 0\r\nm=video 8 RTP/AVP 9\r\na=mid:3\r\n"
        ),
    );
    let dtls = "v=0\r\nm=audio 4 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 00\r\n";
    check(dtls, one, dtls);
    check("v=0\r\n", one, "v=0\r\n");
}

#[test]
fn an_answer_takes_the_first_line_that_is_one_of_ours() {
    let mut source = KeySource::new(Secret::new([1; 32]));
    let mut line = |tag: u32, suite: Suite| CryptoLine { tag, material: source.next_key(suite) };
    let offered = [line(1, Suite::AesCm128HmacSha1_32), line(2, Suite::AeadAes128Gcm)];
    let own = [line(0, Suite::AeadAes128Gcm).material, line(0, Suite::AesCm128HmacSha1_32).material];
    let (answer, keys) = choose(&offered, &own).unwrap();
    assert_eq!((answer.tag, &answer.material), (1, &own[1]));
    assert_eq!(keys, SrtpKeys { send: own[1].clone(), receive: offered[0].material.clone() });
    assert_eq!(choose(&offered, &[line(0, Suite::AesCm128HmacSha1_80).material]), None);
    let theirs = line(2, Suite::AeadAes128Gcm);
    let keys = chosen(&offered, std::slice::from_ref(&theirs)).unwrap();
    assert_eq!(keys, SrtpKeys { send: offered[1].material.clone(), receive: theirs.material });
    assert_eq!(chosen(&offered, &[line(3, Suite::AeadAes128Gcm)]), None);
    assert_eq!(chosen(&offered, &[line(1, Suite::AeadAes128Gcm)]), None);
    assert_eq!(chosen(&offered, &[]), None);
}
