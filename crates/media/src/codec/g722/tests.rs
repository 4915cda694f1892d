use ezk_g722::libg722;

use super::*;
use crate::codec::tests::{noise, signal_to_noise_db, sine};

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

#[test]
fn codes_and_samples_are_those_of_an_independent_implementation() {
    for (name, samples) in [
        ("sine", sine(1004.0, 16_000.0, 12_000.0, 16_000)),
        ("full scale", sine(440.0, 16_000.0, 32_767.0, 16_000)),
        ("noise", noise(1, 16_000)),
        ("silence", vec![0; 16_000]),
    ] {
        let mut bytes = Vec::new();
        let (low, high) = oracle_start();
        Encoder { history: [0; 24], low, high }.encode(&samples, &mut bytes);
        let mut oracle = libg722::encoder::Encoder::new(libg722::Bitrate::Mode1_64000, false, false);
        assert_eq!(bytes, oracle.encode(&samples), "{name}");

        let mut heard = Vec::new();
        oracle_decoder().decode(&bytes, &mut heard);
        let mut oracle = libg722::decoder::Decoder::new(libg722::Bitrate::Mode1_64000, false, false);
        assert_eq!(heard, oracle.decode(&bytes), "{name}");
    }
}

#[test]
fn arbitrary_codes_are_sound_too() {
    let bytes: Vec<u8> = noise(7, 20_000).into_iter().map(|sample| sample as u8).collect();
    let mut heard = Vec::new();
    oracle_decoder().decode(&bytes, &mut heard);
    let mut oracle = libg722::decoder::Decoder::new(libg722::Bitrate::Mode1_64000, false, false);
    assert_eq!(heard, oracle.decode(&bytes));
}

/// The independent implementation begins with scale factors of zero, where the recommendation has 32 and 8. From the
/// same start both must agree in every bit.
fn oracle_start() -> (Band, Band) {
    (Band::at_rest(0), Band::at_rest(0))
}

fn oracle_decoder() -> Decoder {
    let (low, high) = oracle_start();
    Decoder { history: [0; 24], low, high }
}
