//! How a call sounded.

use crate::codes::CallReference;
use crate::wire::text::{Counted, Fixed, Text};
use crate::wire::{Coding, InWord, Reader, Wire, Writer, lists};

codes! {
    /// What becomes of the counters when they were told.
    StatisticsMode: u8 {
        CLEAR = 0 "clear",
        KEEP = 1 "keep",
    }
}

message! {
    /// How did this call sound? To be asked before its media is closed.
    ConnectionStatisticsReq = CONNECTION_STATISTICS_REQ {
        /// The number of the other party.
        number: Text as Number,
        /// The call.
        call: CallReference,
        /// What becomes of the counters.
        mode: StatisticsMode as InWord,
    }
}

/// A number in a place of 24 bytes, from version 19 on of 28 with 25 characters at most.
struct Number;

impl Coding<Text> for Number {
    fn read(from: &mut Reader<'_>) -> Text {
        if from.version() < 19 { Fixed::<24>::read(from) } else { Fixed::<28>::read(from) }
    }

    fn write(value: &Text, to: &mut Writer<'_>) {
        if to.version() < 19 { Fixed::<24>::write(value, to) } else { Fixed::<28>::write(value, to) }
    }
}

message! {
    /// How a call sounded.
    ConnectionStatisticsRes = CONNECTION_STATISTICS_RES, needs 53 {
        /// All of it.
        statistics: Statistics,
    }
}

/// How a call sounded, as the phone heard it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Statistics {
    /// The number of the other party.
    pub number: Text,
    /// The call.
    pub call: CallReference,
    /// What became of the counters.
    pub mode: StatisticsMode,
    /// The counters.
    pub counters: Counters,
    /// What was measured of the voice: pairs such as `MLQK=4.5000;`. `None` of old loads.
    pub quality: Option<Text>,
}

impl Statistics {
    /// What was measured of the voice under this key, as `MLQK` (listening quality, 1 to 5) or `CS` (concealed seconds). `None` where it
    /// was not, or is no number.
    pub fn measured(&self, key: &str) -> Option<f64> {
        let pairs = self.quality.as_ref()?.as_str().split(';');
        let value = pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == key)?.1;
        value.trim().parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0)
    }
}

record! {
    /// Counters of a call.
    Counters {
        /// Packets sent.
        packets_sent: u32,
        /// Bytes sent.
        octets_sent: u32,
        /// Packets received.
        packets_received: u32,
        /// Bytes received.
        octets_received: u32,
        /// Packets lost.
        packets_lost: u32,
        /// Jitter in milliseconds.
        jitter_milliseconds: u32,
        /// Delay in milliseconds.
        latency_milliseconds: u32,
    }
}

/// Bytes of text that there is room for.
const QUALITY_BYTES: usize = 600;
/// Bytes of the counters.
const COUNTERS_BYTES: usize = 28;

/// What stands before the counters. It changed twice, and which versions changed it is not agreed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Head {
    /// Bytes of the number's place.
    number: usize,
    /// Bytes of the mode; with one byte nothing behind it is aligned.
    mode: usize,
}

impl Head {
    /// Up to version 19.
    const SHORT: Head = Head { number: 24, mode: 4 };
    /// Version 20.
    const LONG: Head = Head { number: 28, mode: 4 };
    /// Version 22.
    const PACKED: Head = Head { number: 28, mode: 1 };

    const fn of(version: u8) -> Head {
        match version {
            0..=19 => Head::SHORT,
            20..=21 => Head::LONG,
            22..=255 => Head::PACKED,
        }
    }

    /// The head that this body has: that of the version, unless only another one leads to a text that fits.
    fn found(body: &[u8], version: u8) -> Head {
        let usual = Head::of(version);
        let all = [usual, Head::PACKED, Head::LONG, Head::SHORT];
        all.into_iter().find(|head| head.fits(body)).unwrap_or(usual)
    }

    /// Whether the body has the counters, and behind them nothing or a text that is as long as it says, with nothing but
    /// zeros behind it. The packed form has no room for more than those that fill its last word.
    fn fits(self, body: &[u8]) -> bool {
        let counters = self.number + 4 + self.mode + COUNTERS_BYTES;
        let Some(rest) = body.get(counters..) else { return false };
        let beyond = match rest.split_first_chunk() {
            None => Some(rest),
            Some((length, text)) => {
                let length = lists::length(u32::from_le_bytes(*length));
                text.get(length..).filter(|_| length <= QUALITY_BYTES)
            }
        };
        beyond.is_some_and(|beyond| {
            beyond.iter().all(|byte| *byte == 0) && (self != Head::PACKED || beyond.len() < 8)
        })
    }
}

impl Wire for Statistics {
    fn read(from: &mut Reader<'_>) -> Self {
        let head = Head::found(from.rest(), from.version());
        let number = if head.number == 24 { Fixed::<24>::read(from) } else { Fixed::<28>::read(from) };
        let call = CallReference::read(from);
        let mode = match head.mode {
            1 => StatisticsMode::read(from),
            _ => InWord::read(from),
        };
        let counters = Counters::read(from);
        let quality = (from.rest().len() >= 4).then(|| Counted::<QUALITY_BYTES>::read(from));
        Statistics { number, call, mode, counters, quality }
    }

    fn write(&self, to: &mut Writer<'_>) {
        let head = Head::of(to.version());
        match head.number {
            24 => Fixed::<24>::write(&self.number, to),
            _ => Fixed::<28>::write(&self.number, to),
        }
        self.call.write(to);
        match head.mode {
            1 => self.mode.write(to),
            _ => InWord::write(&self.mode, to),
        }
        self.counters.write(to);
        let Some(quality) = &self.quality else { return };
        let end = to.length() + 4 + QUALITY_BYTES;
        Counted::<QUALITY_BYTES>::write(quality, to);
        if head != Head::PACKED {
            to.fill_to(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_the_voice_are_found_where_they_are_numbers() {
        let of = |text: &str| Statistics { quality: Some(Text::from(text)), ..Statistics::default() };
        let statistics = of("MLQK=4.5000;MLQKav=4.25;ICR=0.0100; CS=3;SCS=;x;CCR=nan;MLQKmx=-1");
        let check = |key: &str, expect: Option<f64>| assert_eq!(statistics.measured(key), expect, "{key}");
        check("MLQK", Some(4.5));
        check("MLQKav", Some(4.25));
        check("CS", Some(3.0));
        check("SCS", None);
        check("CCR", None);
        check("MLQKmx", None);
        check("MLQKmn", None);
        assert_eq!(Statistics::default().measured("MLQK"), None, "old loads have none");
    }
}
