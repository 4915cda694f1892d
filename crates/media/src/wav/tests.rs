use super::*;
use crate::codec::tests::{sine, tone_to_rest_db};

/// A file of these parts.
fn riff(parts: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = b"WAVE".to_vec();
    for (name, part) in parts {
        body.extend_from_slice(*name);
        body.extend_from_slice(&(part.len() as u32).to_le_bytes());
        body.extend_from_slice(part);
        body.resize(body.len().next_multiple_of(2), 0);
    }
    [b"RIFF".as_slice(), &(body.len() as u32).to_le_bytes(), &body].concat()
}

fn format(tag: u16, channels: u16, rate_hz: u32, bits: u16) -> Vec<u8> {
    let frame = channels * bits / 8;
    let mut part = Vec::new();
    part.extend_from_slice(&tag.to_le_bytes());
    part.extend_from_slice(&channels.to_le_bytes());
    part.extend_from_slice(&rate_hz.to_le_bytes());
    part.extend_from_slice(&(rate_hz * u32::from(frame)).to_le_bytes());
    part.extend_from_slice(&frame.to_le_bytes());
    part.extend_from_slice(&bits.to_le_bytes());
    part
}

/// A file with a second of a tone of 1 kHz in it.
pub(crate) fn tone_file(tag: u16, channels: u16, rate_hz: u32, bits: u16) -> Vec<u8> {
    let mut data = Vec::new();
    for sample in sine(1000.0, f64::from(rate_hz), 10_000.0, rate_hz as usize) {
        for _ in 0..channels {
            match (tag, bits) {
                (A_LAW, _) => data.push(g711::encode_a_law(sample)),
                (MU_LAW, _) => data.push(g711::encode_mu_law(sample)),
                (_, 8) => data.push(((sample >> 8) + 128) as u8),
                (_, 24) => data.extend_from_slice(&[&[0x55][..], &sample.to_le_bytes()].concat()),
                (_, _) => data.extend_from_slice(&sample.to_le_bytes()),
            }
        }
    }
    riff(&[(b"fmt ", format(tag, channels, rate_hz, bits)), (b"LIST", vec![1; 7]), (b"data", data)])
}

#[test]
fn a_tone_of_every_kind_of_file_is_the_same_tone() {
    for rate_hz in [8000, 16_000, 32_000, 44_100, 48_000] {
        for (tag, bits, expect) in
            [(LINEAR, 16, 60.0), (LINEAR, 24, 60.0), (LINEAR, 8, 30.0), (A_LAW, 8, 35.0), (MU_LAW, 8, 35.0)]
        {
            for channels in [1, 2] {
                let what = format!("{tag} {bits} bits {channels} channels {rate_hz} Hz");
                let recording = Recording::read(&tone_file(tag, channels, rate_hz, bits), 10).unwrap();
                assert_eq!(recording.duration_ms(), 1000, "{what}");
                let middle = &recording.samples()[4000..12_000];
                let measured = tone_to_rest_db(1000.0, 16_000.0, middle);
                assert!(measured > expect, "{what}: {measured:.1} dB");
                let loudest = middle.iter().max().unwrap();
                assert!((9700..10_300).contains(loudest), "{what}: {loudest}");
            }
        }
    }
}

#[test]
fn what_16_khz_cannot_carry_does_not_come_back_as_something_else() {
    for (rate_hz, tone_hz) in [(32_000, 9000.0), (44_100, 12_000.0), (48_000, 8600.0)] {
        let samples = sine(tone_hz, f64::from(rate_hz), 20_000.0, rate_hz as usize);
        let converted = rate::convert(samples, rate_hz, RATE_HZ);
        let loudest = converted[1000..15_000].iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        // 60 dB down.
        assert!(loudest < 20, "{rate_hz} Hz: {loudest}");
    }
    // And what the old rate did not have is not added: the mirror of 3 kHz at 8 kHz is 5 kHz.
    let up = rate::convert(sine(3000.0, 8000.0, 20_000.0, 8000), 8000, RATE_HZ);
    assert!(tone_to_rest_db(3000.0, 16_000.0, &up[4000..12_000]) > 60.0);
}

#[test]
fn files_that_cannot_be_played_say_why() {
    let check = |file: &[u8], expect: &str| {
        assert_eq!(Recording::read(file, 60).unwrap_err().to_string(), expect);
    };
    let good = tone_file(LINEAR, 1, 8000, 16);
    check(b"", "it is no WAV file: it does not begin with RIFF and WAVE");
    check(b"ID3\x03 this is an MP3 file", "it is no WAV file: it does not begin with RIFF and WAVE");
    check(&good[..12], "it has no fmt part, without which nothing can be played");
    check(&good[..20], "it is cut off: its fmt part should have 16 bytes and has 0");
    check(&good[..good.len() - 1], "it is cut off: its data part should have 16000 bytes and has 15999");
    check(
        &riff(&[(b"fmt ", format(LINEAR, 1, 8000, 16))]),
        "it has no data part, without which nothing can be played",
    );
    let with = |format: Vec<u8>| riff(&[(b"fmt ", format), (b"data", vec![0; 64])]);
    check(&with(format(0x55, 1, 8000, 16)), "its encoding 0x0055 is not taken: convert it to linear PCM");
    check(&with(format(LINEAR, 1, 8000, 32)), "its samples have 32 bits: 8, 16 and 24 are taken");
    check(&with(format(LINEAR, 6, 8000, 16)), "it has 6 channels: one and two are taken");
    check(&with(format(LINEAR, 0, 8000, 16)), "it has 0 channels: one and two are taken");
    check(
        &with(format(LINEAR, 1, 11_025, 16)),
        "its rate is 11025 Hz: 8000, 16000, 32000, 44100 and 48000 are taken",
    );
    check(&with(vec![1, 0, 1, 0]), "it is cut off: its fmt part should have 16 bytes and has 4");
    check(&riff(&[(b"fmt ", format(LINEAR, 1, 8000, 16)), (b"data", vec![])]), "there is no sound in it");
    let long = riff(&[(b"fmt ", format(LINEAR, 1, 8000, 8)), (b"data", vec![128; 8000 * 60])]);
    check(&long, "it plays for 60 s: less than 60 are taken");
}

#[test]
fn an_open_size_means_up_to_the_end() {
    for size in [0, u32::MAX] {
        let mut file = tone_file(LINEAR, 1, 8000, 16);
        let at = file.windows(4).position(|name| name == b"data").unwrap() + 4;
        file[at..at + 4].copy_from_slice(&u32::to_le_bytes(size));
        assert_eq!(Recording::read(&file, 60).unwrap().duration_ms(), 1000);
    }
}

#[test]
fn the_extensible_form_is_read() {
    let mut extensible = format(EXTENSIBLE, 2, 48_000, 24);
    extensible.extend_from_slice(&[22, 0, 24, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 16, 0]);
    let file = riff(&[(b"fmt ", extensible), (b"data", vec![7; 6 * 4800])]);
    assert_eq!(Recording::read(&file, 60).unwrap().duration_ms(), 100);
}

#[test]
fn no_bytes_harm_the_reader() {
    let mut rng = strowger_base::Rng::new(11);
    let good = tone_file(LINEAR, 2, 44_100, 24);
    for _ in 0..2000 {
        let mut file = good[..60 + rng.below(200) as usize].to_vec();
        for _ in 0..rng.below(6) {
            let at = rng.below(file.len() as u64) as usize;
            file[at] = rng.next_u64() as u8;
        }
        let _ = Recording::read(&file, 60);
    }
}

#[test]
fn it_begins_again_after_the_end() {
    let recording = Recording::new((0..10).collect());
    let check = |position, count, expect: &[i16]| {
        let mut samples = Vec::new();
        recording.loop_from(position, count, &mut samples);
        assert_eq!(samples, expect, "{position} {count}");
    };
    check(0, 3, &[0, 1, 2]);
    check(8, 4, &[8, 9, 0, 1]);
    check(25, 12, &[5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6]);
}
