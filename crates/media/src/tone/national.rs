//! What tones sound like in each country: the table.
//!
//! Frequencies and cadences follow what the national administrations told the ITU (E.180 supplement 2, “Various tones used in
//! national networks”), compared with a published table of another telephone system and not with the supplement itself. Those of
//! Argentina, Croatia, Hong Kong, Iceland, Ireland, Korea, Latvia, Luxembourg, Slovakia, Slovenia, Turkey and the United Arab
//! Emirates were compared with nothing: correct them where you know better. A tone that is modulated is made of its two side tones: 400 Hz times 25 Hz is
//! 375 and 425 Hz. Levels are -13 dBm0, within the -10 ± 5 dBm0 of E.180, but for North America and those who follow it, whose own plan
//! says less for ringing, busy and reorder tone.

use strowger_base::Country;
use strowger_base::leg::CallTone;

use super::{Cadence, MINUS_13_DBM0, MINUS_19_DBM0, MINUS_24_DBM0, Repeat, Segment};

/// What a tone sounds like in a country.
pub const fn national(country: Country, tone: CallTone) -> &'static Cadence {
    // The table has the countries in their order; a test looks.
    let (_, tones) = TABLE[country.number() as usize];
    match tone {
        CallTone::Dial => tones.dial,
        CallTone::Ringing => tones.ringing,
        CallTone::Busy => tones.busy,
        CallTone::Reorder => tones.reorder,
        CallTone::CallWaiting => tones.call_waiting,
        CallTone::Information => tones.information,
        CallTone::OutsideDial => &OUTSIDE_DIAL,
        CallTone::Confirmation => &CONFIRMATION,
        CallTone::Barge => &BARGE,
        CallTone::Recording => &RECORDING,
        CallTone::Zip => &ZIP,
    }
}

/// The tones that differ from country to country.
#[derive(Clone, Copy)]
struct Tones {
    dial: &'static Cadence,
    ringing: &'static Cadence,
    busy: &'static Cadence,
    reorder: &'static Cadence,
    call_waiting: &'static Cadence,
    information: &'static Cadence,
}

const fn on(hz: u16, ms: u16) -> Segment {
    Segment::tone(hz, MINUS_13_DBM0, ms)
}

const fn two(low: u16, high: u16, ms: u16) -> Segment {
    Segment::pair(low, high, MINUS_13_DBM0, ms)
}

const fn off(ms: u16) -> Segment {
    Segment::silence(ms)
}

/// A cadence that goes on.
macro_rules! forever {
    ($($segment:expr),+) => {
        &Cadence { segments: &[$($segment),+], repeat: Repeat::Forever }
    };
}

/// Three rising tones (ITU-T E.180 §7): something is wrong with the number.
const INFORMATION: &Cadence = forever!(on(950, 330), on(1400, 330), on(1800, 330), off(1000));

/// What most of Europe has.
const CONTINENT: Tones = Tones {
    dial: forever!(on(425, 1000)),
    ringing: forever!(on(425, 1000), off(4000)),
    busy: forever!(on(425, 500), off(500)),
    reorder: forever!(on(425, 200), off(200)),
    call_waiting: forever!(on(425, 150), off(150), on(425, 150), off(8000)),
    information: INFORMATION,
};

const AMERICA: Tones = Tones {
    dial: forever!(two(350, 440, 1000)),
    ringing: forever!(Segment::pair(440, 480, MINUS_19_DBM0, 2000), off(4000)),
    busy: forever!(Segment::pair(480, 620, MINUS_24_DBM0, 500), off(500)),
    reorder: forever!(Segment::pair(480, 620, MINUS_24_DBM0, 250), off(250)),
    call_waiting: forever!(on(440, 300), off(9700)),
    information: INFORMATION,
};

const BRITAIN: Tones = Tones {
    dial: forever!(two(350, 440, 1000)),
    ringing: forever!(two(400, 450, 400), off(200), two(400, 450, 400), off(2000)),
    busy: forever!(on(400, 375), off(375)),
    reorder: forever!(on(400, 400), off(350), on(400, 225), off(525)),
    call_waiting: forever!(on(400, 100), off(4000)),
    information: forever!(on(950, 330), off(15), on(1400, 330), off(15), on(1800, 330), off(1000)),
};

const CZECH: Tones = Tones {
    dial: forever!(on(425, 330), off(330), on(425, 660), off(660)),
    busy: forever!(on(425, 330), off(330)),
    reorder: forever!(on(425, 165), off(165)),
    call_waiting: forever!(on(425, 330), off(9000)),
    information: forever!(on(950, 330), off(30), on(1400, 330), off(30), on(1800, 330), off(1000)),
    ..CONTINENT
};

const GERMANY: Tones = Tones {
    busy: forever!(on(425, 480), off(480)),
    reorder: forever!(on(425, 240), off(240)),
    call_waiting: forever!(on(425, 200), off(200), on(425, 200), off(5000)),
    ..CONTINENT
};

const TAIWAN: Tones = Tones {
    ringing: forever!(Segment::pair(440, 480, MINUS_19_DBM0, 1000), off(2000)),
    call_waiting: forever!(two(350, 440, 250), off(250), two(350, 440, 250), off(3250)),
    ..AMERICA
};

static TABLE: [(Country, Tones); Country::ALL.len()] = [
    (Country::UnitedStates, AMERICA),
    (Country::Canada, AMERICA),
    (
        Country::Argentina,
        Tones {
            busy: forever!(on(425, 300), off(200)),
            reorder: forever!(on(425, 300), off(400)),
            ..CONTINENT
        },
    ),
    (
        Country::Australia,
        Tones {
            dial: forever!(two(413, 438, 1000)),
            ringing: forever!(two(413, 438, 400), off(200), two(413, 438, 400), off(2000)),
            busy: forever!(on(425, 375), off(375)),
            reorder: forever!(on(425, 375), off(375)),
            call_waiting: forever!(on(425, 200), off(200), on(425, 200), off(4400)),
            information: forever!(on(425, 2500), off(500)),
        },
    ),
    (
        Country::Austria,
        Tones {
            dial: forever!(on(420, 1000)),
            ringing: forever!(on(420, 1000), off(5000)),
            busy: forever!(on(420, 400), off(400)),
            reorder: forever!(on(420, 200), off(200)),
            call_waiting: forever!(on(420, 40), off(1960)),
            information: forever!(on(950, 330), on(1450, 330), on(1850, 330), off(1000)),
        },
    ),
    (
        Country::Belgium,
        Tones {
            ringing: forever!(on(425, 1000), off(3000)),
            reorder: forever!(on(425, 167), off(167)),
            call_waiting: forever!(on(1400, 175), off(175), on(1400, 175), off(3500)),
            information: forever!(on(900, 330), on(1400, 330), on(1800, 330), off(1000)),
            ..CONTINENT
        },
    ),
    (
        Country::Brazil,
        Tones {
            busy: forever!(on(425, 250), off(250)),
            reorder: forever!(on(425, 250), off(250), on(425, 750), off(250)),
            call_waiting: forever!(on(425, 50), off(1000)),
            ..CONTINENT
        },
    ),
    (
        Country::Bulgaria,
        Tones {
            reorder: forever!(on(425, 250), off(250)),
            call_waiting: forever!(on(425, 150), off(150), on(425, 150), off(4000)),
            ..CONTINENT
        },
    ),
    (
        Country::Chile,
        Tones {
            dial: forever!(on(400, 1000)),
            ringing: forever!(on(400, 1000), off(3000)),
            busy: forever!(on(400, 500), off(500)),
            reorder: forever!(on(400, 200), off(200)),
            call_waiting: forever!(on(400, 250), off(8750)),
            ..CONTINENT
        },
    ),
    (
        Country::China,
        Tones {
            dial: forever!(on(450, 1000)),
            ringing: forever!(on(450, 1000), off(4000)),
            busy: forever!(on(450, 350), off(350)),
            reorder: forever!(on(450, 700), off(700)),
            call_waiting: forever!(on(450, 400), off(4000)),
            information: forever!(
                on(450, 100),
                off(100),
                on(450, 100),
                off(100),
                on(450, 100),
                off(100),
                on(450, 400),
                off(400)
            ),
        },
    ),
    (
        Country::Croatia,
        Tones {
            dial: forever!(on(425, 200), off(300), on(425, 700), off(800)),
            reorder: forever!(on(425, 250), off(250)),
            ..CONTINENT
        },
    ),
    (Country::CzechRepublic, CZECH),
    (
        Country::Denmark,
        Tones { call_waiting: forever!(on(425, 200), off(600), on(425, 200), off(3000)), ..CONTINENT },
    ),
    (Country::Estonia, Tones { busy: forever!(on(425, 300), off(300)), ..CONTINENT }),
    (Country::Finland, Tones { busy: forever!(on(425, 300), off(300)), ..CONTINENT }),
    (
        Country::France,
        Tones {
            dial: forever!(on(440, 1000)),
            ringing: forever!(on(440, 1500), off(3500)),
            busy: forever!(on(440, 500), off(500)),
            reorder: forever!(on(440, 250), off(250)),
            call_waiting: forever!(on(440, 300), off(10_000)),
            ..CONTINENT
        },
    ),
    (Country::Germany, GERMANY),
    (
        Country::Greece,
        Tones {
            dial: forever!(on(425, 200), off(300), on(425, 700), off(800)),
            busy: forever!(on(425, 300), off(300)),
            ..CONTINENT
        },
    ),
    (
        Country::HongKong,
        Tones {
            ringing: forever!(
                Segment::pair(440, 480, MINUS_19_DBM0, 400),
                off(200),
                Segment::pair(440, 480, MINUS_19_DBM0, 400),
                off(3000)
            ),
            ..AMERICA
        },
    ),
    (
        Country::Hungary,
        Tones {
            ringing: forever!(on(425, 1250), off(3750)),
            busy: forever!(on(425, 300), off(300)),
            reorder: forever!(on(425, 300), off(300)),
            call_waiting: forever!(on(425, 40), off(1960)),
            ..CONTINENT
        },
    ),
    (Country::Iceland, Tones { busy: forever!(on(425, 250), off(250)), ..CONTINENT }),
    (
        Country::India,
        Tones {
            dial: forever!(two(375, 425, 1000)),
            ringing: forever!(two(375, 425, 400), off(200), two(375, 425, 400), off(2000)),
            busy: forever!(on(400, 750), off(750)),
            reorder: forever!(on(400, 250), off(250)),
            call_waiting: forever!(on(400, 200), off(100), on(400, 200), off(7500)),
            ..CONTINENT
        },
    ),
    (
        Country::Indonesia,
        Tones {
            reorder: forever!(on(425, 250), off(250)),
            call_waiting: forever!(on(425, 150), off(150), on(425, 150), off(10_000)),
            ..CONTINENT
        },
    ),
    (
        Country::Ireland,
        Tones {
            ringing: BRITAIN.ringing,
            reorder: forever!(on(425, 250), off(250)),
            call_waiting: forever!(on(425, 180), off(200), on(425, 200), off(4500)),
            ..CONTINENT
        },
    ),
    (
        Country::Israel,
        Tones {
            dial: forever!(on(414, 1000)),
            ringing: forever!(on(414, 1000), off(3000)),
            busy: forever!(on(414, 500), off(500)),
            reorder: forever!(on(414, 250), off(250)),
            call_waiting: forever!(on(414, 100), off(100), on(414, 100), off(100), on(414, 600), off(3000)),
            information: forever!(on(1000, 330), on(1400, 330), on(1800, 330), off(1000)),
        },
    ),
    (
        Country::Italy,
        Tones {
            dial: forever!(on(425, 200), off(200), on(425, 600), off(1000)),
            call_waiting: forever!(on(425, 400), off(100), on(425, 250), off(100), on(425, 150), off(14_000)),
            ..CONTINENT
        },
    ),
    (
        Country::Japan,
        Tones {
            dial: forever!(on(400, 1000)),
            ringing: forever!(two(385, 415, 1000), off(2000)),
            busy: forever!(on(400, 500), off(500)),
            reorder: forever!(on(400, 500), off(500)),
            call_waiting: forever!(two(384, 416, 500), off(8000)),
            ..CONTINENT
        },
    ),
    (
        Country::Korea,
        Tones {
            ringing: forever!(Segment::pair(440, 480, MINUS_19_DBM0, 1000), off(2000)),
            reorder: forever!(Segment::pair(480, 620, MINUS_24_DBM0, 300), off(200)),
            call_waiting: TAIWAN.call_waiting,
            ..AMERICA
        },
    ),
    (Country::Latvia, Tones { busy: forever!(on(425, 250), off(250)), ..CONTINENT }),
    (
        Country::Lithuania,
        Tones {
            busy: forever!(on(425, 350), off(350)),
            call_waiting: forever!(on(425, 150), off(150), on(425, 150), off(4000)),
            ..CONTINENT
        },
    ),
    (Country::Luxembourg, Tones { call_waiting: forever!(on(425, 200), off(5000)), ..GERMANY }),
    (
        Country::Malaysia,
        Tones {
            ringing: forever!(on(425, 400), off(200), on(425, 400), off(2000)),
            reorder: forever!(on(425, 500), off(500)),
            ..CONTINENT
        },
    ),
    (
        Country::Mexico,
        Tones {
            busy: forever!(on(425, 250), off(250)),
            reorder: forever!(on(425, 250), off(250)),
            call_waiting: forever!(on(425, 200), off(600), on(425, 200), off(10_000)),
            information: CZECH.information,
            ..CONTINENT
        },
    ),
    (
        Country::Netherlands,
        Tones {
            reorder: forever!(on(425, 250), off(250)),
            call_waiting: forever!(on(425, 500), off(9500)),
            ..CONTINENT
        },
    ),
    (
        Country::NewZealand,
        Tones {
            dial: forever!(on(400, 1000)),
            ringing: BRITAIN.ringing,
            busy: forever!(on(400, 500), off(500)),
            reorder: forever!(on(400, 250), off(250)),
            call_waiting: forever!(on(400, 200), off(3000)),
            information: forever!(
                on(400, 750),
                off(100),
                on(400, 750),
                off(100),
                on(400, 750),
                off(100),
                on(400, 750),
                off(400)
            ),
        },
    ),
    (
        Country::Norway,
        Tones { call_waiting: forever!(on(425, 200), off(600), on(425, 200), off(10_000)), ..CONTINENT },
    ),
    (
        Country::Philippines,
        Tones { dial: forever!(on(425, 1000)), ringing: forever!(two(425, 480, 1000), off(4000)), ..AMERICA },
    ),
    (
        Country::Poland,
        Tones {
            reorder: forever!(on(425, 500), off(500)),
            call_waiting: forever!(on(425, 150), off(150), on(425, 150), off(4000)),
            ..CONTINENT
        },
    ),
    (
        Country::Portugal,
        Tones {
            ringing: forever!(on(425, 1000), off(5000)),
            call_waiting: forever!(on(440, 300), off(10_000)),
            ..CONTINENT
        },
    ),
    (
        Country::Russia,
        Tones {
            busy: forever!(on(425, 350), off(350)),
            reorder: forever!(on(425, 175), off(175)),
            call_waiting: forever!(on(425, 200), off(5000)),
            ..CONTINENT
        },
    ),
    (
        Country::Singapore,
        Tones {
            ringing: forever!(two(401, 449, 400), off(200), two(401, 449, 400), off(2000)),
            busy: forever!(on(425, 750), off(750)),
            reorder: forever!(on(425, 250), off(250)),
            call_waiting: forever!(two(401, 449, 300), off(200), two(401, 449, 300), off(3200)),
            ..CONTINENT
        },
    ),
    (Country::Slovakia, CZECH),
    (
        Country::Slovenia,
        Tones {
            dial: forever!(on(425, 200), off(300), on(425, 700), off(800)),
            reorder: forever!(on(425, 250), off(250)),
            ..CONTINENT
        },
    ),
    (
        Country::SouthAfrica,
        Tones {
            dial: forever!(two(367, 433, 1000)),
            ringing: forever!(two(367, 433, 400), off(200), two(367, 433, 400), off(2000)),
            busy: forever!(on(400, 500), off(500)),
            reorder: forever!(on(400, 250), off(250)),
            call_waiting: forever!(two(367, 433, 250), off(250)),
            information: forever!(on(950, 330), on(1400, 330), on(1800, 330), off(330)),
        },
    ),
    (
        Country::Spain,
        Tones {
            ringing: forever!(on(425, 1500), off(3000)),
            busy: forever!(on(425, 200), off(200)),
            reorder: forever!(on(425, 200), off(200), on(425, 200), off(200), on(425, 200), off(600)),
            call_waiting: forever!(on(425, 175), off(175), on(425, 175), off(3500)),
            ..CONTINENT
        },
    ),
    (
        Country::Sweden,
        Tones {
            ringing: forever!(on(425, 1000), off(5000)),
            busy: forever!(on(425, 250), off(250)),
            reorder: forever!(on(425, 250), off(750)),
            call_waiting: forever!(on(425, 200), off(500), on(425, 200), off(9100)),
            information: forever!(on(950, 332), off(24), on(1400, 332), off(24), on(1800, 332), off(2024)),
            ..CONTINENT
        },
    ),
    (
        Country::Switzerland,
        Tones { call_waiting: forever!(on(425, 200), off(200), on(425, 200), off(4000)), ..CONTINENT },
    ),
    (Country::Taiwan, TAIWAN),
    (
        Country::Thailand,
        Tones {
            dial: forever!(two(350, 450, 1000)),
            ringing: forever!(on(420, 1000), off(5000)),
            busy: forever!(on(400, 500), off(500)),
            reorder: forever!(on(400, 300), off(300)),
            call_waiting: forever!(on(400, 200), off(8000)),
            ..CONTINENT
        },
    ),
    (
        Country::Turkey,
        Tones {
            dial: forever!(on(450, 1000)),
            ringing: forever!(on(450, 2000), off(4000)),
            busy: forever!(on(450, 500), off(500)),
            reorder: forever!(
                on(450, 200),
                off(200),
                on(450, 200),
                off(200),
                on(450, 200),
                off(200),
                on(450, 600),
                off(200)
            ),
            call_waiting: forever!(on(450, 200), off(600), on(450, 200), off(8000)),
            ..CONTINENT
        },
    ),
    (Country::UnitedArabEmirates, BRITAIN),
    (Country::UnitedKingdom, BRITAIN),
    (
        Country::Venezuela,
        Tones {
            reorder: forever!(on(425, 250), off(250)),
            call_waiting: forever!(two(400, 450, 300), off(6000)),
            information: forever!(on(950, 330), on(1440, 330), on(1800, 330), off(1000)),
            ..CONTINENT
        },
    ),
];

/// Of our own in all countries, as CUCM has it: what is dialled from here on leaves the system.
static OUTSIDE_DIAL: Cadence = Cadence { segments: &[two(450, 548, 1000)], repeat: Repeat::Forever };
/// A setting was taken.
static CONFIRMATION: Cadence = Cadence {
    segments: &[two(350, 440, 100), off(100), two(350, 440, 100), off(100), two(350, 440, 300)],
    repeat: Repeat::Once,
};
/// Somebody comes into the conversation.
static BARGE: Cadence = Cadence { segments: &[on(440, 200)], repeat: Repeat::Once };
/// What is said is recorded: half a second of 1400 Hz every 15 s.
static RECORDING: Cadence = Cadence { segments: &[on(1400, 500), off(14_500)], repeat: Repeat::Forever };
/// A short beep: a call was parked, or is answered by itself.
static ZIP: Cadence = Cadence { segments: &[on(480, 300)], repeat: Repeat::Once };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tests::tone_to_rest_db;
    use crate::tone::Player;

    fn written(cadence: &Cadence) -> String {
        let segment = |segment: &Segment| match segment.hz {
            [0, 0] => format!("-/{}", segment.duration_ms),
            [hz, 0] => format!("{hz}/{}", segment.duration_ms),
            [low, high] => format!("{low}+{high}/{}", segment.duration_ms),
        };
        cadence.segments.iter().map(segment).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn countries_stand_in_their_order() {
        for (index, (country, _)) in TABLE.iter().enumerate() {
            assert_eq!(usize::from(country.number()), index, "{country}");
        }
    }

    #[test]
    fn every_tone_is_in_the_bounds_of_what_an_ear_takes_for_one() {
        for country in Country::ALL {
            for tone in CallTone::ALL {
                let cadence = national(*country, *tone);
                for segment in cadence.segments {
                    let [low, high] = segment.hz;
                    let silent = low == 0 && high == 0 && segment.peak == 0;
                    let heard = (300..=2000).contains(&low) && (high == 0 || (300..=2000).contains(&high));
                    assert!(silent || heard && segment.peak > 1000, "{country} {tone:?}: {segment:?}");
                    assert!(segment.duration_ms >= 15, "{country} {tone:?}: {segment:?}");
                }
            }
            // Who hears it must be able to tell busy from ringing.
            let length = |tone| -> u32 {
                national(*country, tone).segments.iter().map(|segment| u32::from(segment.duration_ms)).sum()
            };
            assert!(length(CallTone::Ringing) >= 2 * length(CallTone::Busy), "{country}");
        }
    }

    #[test]
    fn some_countries_sound_as_people_know_them() {
        let check = |country, tone, expect: &str| {
            assert_eq!(written(national(country, tone)), expect, "{country} {tone:?}");
        };
        check(Country::UnitedStates, CallTone::Ringing, "440+480/2000 -/4000");
        check(Country::Canada, CallTone::Busy, "480+620/500 -/500");
        check(Country::UnitedKingdom, CallTone::Ringing, "400+450/400 -/200 400+450/400 -/2000");
        check(Country::Ireland, CallTone::Ringing, "400+450/400 -/200 400+450/400 -/2000");
        check(Country::Germany, CallTone::Busy, "425/480 -/480");
        check(Country::Germany, CallTone::Dial, "425/1000");
        check(Country::France, CallTone::Ringing, "440/1500 -/3500");
        check(Country::Japan, CallTone::Ringing, "385+415/1000 -/2000");
        check(Country::Italy, CallTone::Dial, "425/200 -/200 425/600 -/1000");
        check(Country::Slovakia, CallTone::Dial, "425/330 -/330 425/660 -/660");
        check(Country::Poland, CallTone::Ringing, "425/1000 -/4000");
        check(Country::Singapore, CallTone::Recording, "1400/500 -/14500");
    }

    #[test]
    fn what_is_played_has_the_frequencies_of_the_table() {
        for country in Country::ALL {
            for tone in [CallTone::Dial, CallTone::Ringing, CallTone::Busy] {
                let cadence = national(*country, tone);
                let first = cadence.segments[0];
                let mut samples = Vec::new();
                Player::new(cadence).render(8000, usize::from(first.duration_ms) * 8, &mut samples);
                let measured: Vec<f64> = first
                    .hz
                    .iter()
                    .filter(|hz| **hz > 0)
                    .map(|hz| tone_to_rest_db(f64::from(*hz), 8000.0, &samples))
                    .collect();
                // One of two equal tones has half of the power: 0 dB to the rest.
                let least = if measured.len() == 1 { 20.0 } else { -3.0 };
                assert!(measured.iter().all(|db| *db > least), "{country} {tone:?}: {measured:?}");
            }
        }
    }
}
