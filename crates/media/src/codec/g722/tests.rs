use strowger_base::hash::siphash24;

use super::*;
use crate::codec::tests::{noise, signal_to_noise_db, sine};
use crate::tone::{ANNOUNCEMENT, Player};

#[test]
fn the_round_trip_keeps_wideband_sound() {
    // Signal to noise after the delay of both filters (22 samples). The upper band has two bits only.
    let check = |hz: f64, expect_db: f64| {
        let samples = sine(hz, 16_000.0, 10_000.0, 16_000);
        let (mut bytes, mut heard) = (Vec::new(), Vec::new());
        Encoder::new().encode(&samples, &mut bytes);
        Decoder::new().decode(&bytes, &mut heard);
        assert_eq!((bytes.len(), heard.len()), (8000, 16_000));
        let measured = signal_to_noise_db(&samples[1000..15_000], &heard[1022..15_022]);
        assert!(measured > expect_db, "{hz} Hz: {measured:.1} dB");
    };
    check(300.0, 38.0);
    check(1004.0, 38.0);
    check(3000.0, 30.0);
    check(6000.0, 12.0);
}

/// Hashes of codes and samples that an independent implementation (the crate ezk-g722 0.1.2, after the code of
/// CMU and spandsp) gave for the same input. It begins with scale factors of zero where the recommendation
/// has 32 and 8; from the same start both agree in every bit.
#[test]
fn codes_and_samples_are_those_of_an_independent_implementation() {
    let tone = || {
        let (mut player, mut samples) = (Player::new(&ANNOUNCEMENT), Vec::new());
        player.render(16_000, 118_400, &mut samples);
        samples
    };
    let quiet = |seed| noise(seed, 32_000).iter().map(|sample| sample >> 6).collect();
    let check = |name: &str, samples: Vec<i16>, codes_hash: u64, samples_hash: u64| {
        let mut codes = Vec::new();
        Encoder { history: [0; 24], low: Band::at_rest(0), high: Band::at_rest(0) }
            .encode(&samples, &mut codes);
        assert_eq!(hash(&codes), codes_hash, "{name}: codes {:#018x}", hash(&codes));
        assert_eq!(heard(&codes), samples_hash, "{name}: samples {:#018x}", heard(&codes));
    };
    check("tones", tone(), 0x230f_cea5_83d8_ef48, 0x7e91_029f_4136_b750);
    check("noise", noise(1, 32_000), 0xd0a7_6125_46a0_d499, 0xc254_42bb_01dc_108a);
    check("quiet noise", quiet(2), 0xd17d_4ac6_76c2_cc1a, 0xab78_ed46_bfc7_63c5);
    check("silence", vec![0; 32_000], 0xa99c_24b2_a8ae_4097, 0x790f_86fa_e74c_ccec);
    // Any byte is a code.
    let codes: Vec<u8> = noise(7, 20_000).into_iter().map(|sample| sample as u8).collect();
    assert_eq!(heard(&codes), 0x9fe8_d138_0971_6b20, "random codes: {:#018x}", heard(&codes));
}

fn heard(codes: &[u8]) -> u64 {
    let mut samples = Vec::new();
    Decoder { history: [0; 24], low: Band::at_rest(0), high: Band::at_rest(0) }.decode(codes, &mut samples);
    hash(&samples.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<_>>())
}

fn hash(bytes: &[u8]) -> u64 {
    siphash24((0, 0), bytes)
}
