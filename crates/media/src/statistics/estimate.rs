//! What people think of a stream: the E-model of ITU-T G.107, fed with what was measured.
//!
//! Default values of G.107 stand for what cannot be measured here (levels, noise, echo): without loss and delay they make a rating
//! of 93.2. What was measured takes from it: loss by how the codec bears it (G.113 Appendix I), and one-way delay above 100 ms.

use std::time::Duration;

/// How a codec bears loss (G.113 Appendix I).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Codec {
    /// What it takes from the rating without any loss (Ie).
    pub impairment: f64,
    /// How robust it is against loss (Bpl).
    pub robustness: f64,
}

impl Codec {
    /// The codec of a static payload type (RFC 3551 §6) when G.113 has figures for it, and the wideband codecs: those have none on this
    /// scale and count as G.711, the best of it. A dynamic payload type on a clock of 48 kHz is Opus (RFC 7587 §4.1).
    pub const fn of(payload_type: u8, clock_hz: u32) -> Option<Codec> {
        let (impairment, robustness) = match payload_type {
            // G.711, whose losses every phone of today conceals, and G.722.
            0 | 8 | 9 => (0.0, 25.1),
            96..=127 if clock_hz == OPUS_CLOCK_HZ => (0.0, 25.1),
            // G.723.1 at 6.3 kbit/s.
            4 => (15.0, 16.1),
            // G.729 Annex A.
            18 => (11.0, 19.0),
            _ => return None,
        };
        Some(Codec { impairment, robustness })
    }
}

const OPUS_CLOCK_HZ: u32 = 48_000;

/// What was measured.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Measured {
    /// Of the packets that were sent, the part that could not be played, 0 to 1.
    pub lost: f64,
    /// Packets of a loss, on average; 1 when each is alone.
    pub burst: f64,
    /// From mouth to ear.
    pub one_way: Duration,
}

/// The transmission rating R, 0 to 93.2.
pub fn rating(codec: Codec, measured: Measured) -> f64 {
    let percent = measured.lost.clamp(0.0, 1.0) * 100.0;
    // By how much losses come together more than by chance (G.107 §7.2, BurstR).
    let burst_ratio = (measured.burst * (1.0 - percent / 100.0)).max(1.0);
    let by_loss = (95.0 - codec.impairment) * percent / (percent / burst_ratio + codec.robustness);
    (BEST - delay_impairment(measured.one_way) - codec.impairment - by_loss).clamp(0.0, BEST)
}

/// The mean opinion score of a rating, in hundredths: 100 to 441 (G.107 Annex B).
pub fn opinion_score_hundredths(rating: f64) -> u16 {
    let score = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6;
    (score.clamp(1.0, 4.5) * 100.0).round() as u16
}

/// What a long way takes from the rating, echo left aside (G.107 §7.4, Idd).
fn delay_impairment(one_way: Duration) -> f64 {
    let milliseconds = one_way.as_secs_f64() * 1000.0;
    if milliseconds <= 100.0 {
        return 0.0;
    }
    let x = (milliseconds / 100.0).log2();
    let root = |x: f64| (1.0 + x.powi(6)).powf(1.0 / 6.0);
    25.0 * (root(x) - 3.0 * root(x / 3.0) + 2.0)
}

/// The rating of a connection with all default values of G.107.
const BEST: f64 = 93.2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_gives_what_its_authors_publish() {
        let check = |payload_type: u8, percent: f64, burst: f64, milliseconds: u64, r: f64, score: u16| {
            let codec = Codec::of(payload_type, 8000).unwrap();
            let one_way = Duration::from_millis(milliseconds);
            let found = rating(codec, Measured { lost: percent / 100.0, burst, one_way });
            assert!((found - r).abs() < 0.15, "{payload_type} {percent} {burst} {milliseconds}: {found}");
            assert_eq!(opinion_score_hundredths(found), score);
        };
        // G.107 Annex B: 93.2 is 4.41; G.113: G.729A is 11 below.
        check(0, 0.0, 0.0, 0, 93.2, 441);
        check(18, 0.0, 0.0, 20, 82.2, 410);
        // 95 × 5 / (5 + 25.1) by loss, and more when losses come together.
        check(8, 5.0, 1.0, 20, 77.4, 392);
        check(8, 5.0, 4.0, 20, 75.2, 383);
        // The table of G.107 for delay: nothing is felt at 150 ms, 24 points are gone at 400 ms.
        check(0, 0.0, 0.0, 150, 93.0, 441);
        check(0, 0.0, 0.0, 400, 69.1, 356);
        check(0, 100.0, 50.0, 400, 0.0, 100);
    }

    #[test]
    fn wideband_counts_as_the_best_of_the_scale_and_what_is_not_known_has_no_estimate() {
        assert_eq!((Codec::of(9, 8000), Codec::of(111, 48_000)), (Codec::of(0, 8000), Codec::of(0, 8000)));
        assert_eq!((Codec::of(96, 8000), Codec::of(13, 8000)), (None, None));
    }
}
