//! From when until when a certificate is good. What checks certificates of others does not tell it of our own.

use rustls::pki_types::CertificateDer;
use strowger_base::WallTime;

/// The first and the last moment, as `YYYYMMDDHHMMSSZ`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Validity {
    begin: String,
    end: String,
}

/// Whether a certificate is good now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Good {
    /// For a while still.
    Yes,
    /// Until this day, which is near.
    Until(String),
    /// Since this day it is not.
    Expired(String),
    /// From this day on.
    NotYet(String),
}

impl Validity {
    /// What a certificate says (RFC 5280 §4.1); `None` when it is none that can be read.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Option<Validity> {
        let (outer, _) = element(certificate)?;
        let (body, _) = element(outer.of(SEQUENCE)?)?;
        let mut rest = body.of(SEQUENCE)?;
        // The version may be left out; number, algorithm and issuer come before the validity.
        let (first, after) = element(rest)?;
        if first.tag == VERSION {
            rest = after;
        }
        for _ in 0..3 {
            (_, rest) = element(rest)?;
        }
        let (validity, _) = element(rest)?;
        let (begin, rest) = element(validity.of(SEQUENCE)?)?;
        let (end, _) = element(rest)?;
        Some(Validity { begin: begin.time()?, end: end.time()? })
    }

    /// Whether it is good at a moment.
    pub(crate) fn at(&self, now: WallTime) -> Good {
        let soon = WallTime::from_micros(now.as_micros().saturating_add(SOON_MICROS));
        let (now, soon) = (text(now), text(soon));
        let day = |time: &str| {
            let part = |range| time.get(range).unwrap_or_default();
            format!("{}-{}-{}", part(0..4), part(4..6), part(6..8))
        };
        if now < self.begin {
            Good::NotYet(day(&self.begin))
        } else if self.end < now {
            Good::Expired(day(&self.end))
        } else if self.end < soon {
            Good::Until(day(&self.end))
        } else {
            Good::Yes
        }
    }
}

/// One element of DER.
struct Element<'d> {
    tag: u8,
    content: &'d [u8],
}

impl<'d> Element<'d> {
    fn of(&self, tag: u8) -> Option<&'d [u8]> {
        (self.tag == tag).then_some(self.content)
    }

    /// A moment with four digits of the year (RFC 5280 §4.1.2.5).
    fn time(&self) -> Option<String> {
        let text = std::str::from_utf8(self.content).ok().filter(|text| text.is_ascii())?;
        match self.tag {
            GENERALIZED_TIME => Some(text.to_owned()),
            UTC_TIME => {
                let century = if text.get(..2)?.parse::<u8>().ok()? >= 50 { "19" } else { "20" };
                Some(format!("{century}{text}"))
            }
            _ => None,
        }
    }
}

/// The first element of some bytes, and what follows it.
fn element(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..=0x7f => (usize::from(*short), rest),
        long => {
            let count = usize::from(long & 0x7f);
            let (digits, rest) = rest.split_at_checked(count).filter(|_| (1..=3).contains(&count))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Element { tag: *tag, content }, rest))
}

fn text(at: WallTime) -> String {
    let it = at.civil();
    format!("{:04}{:02}{:02}{:02}{:02}{:02}Z", it.year, it.month, it.day, it.hour, it.minute, it.second)
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// Four weeks.
const SOON_MICROS: u64 = 28 * 24 * 3600 * 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_a_certificate_is_good() {
        let made = |begin: i32, end: i32| {
            let pair = rcgen::KeyPair::generate().unwrap();
            let mut parameters = rcgen::CertificateParams::new(vec!["pbx.example".to_owned()]).unwrap();
            parameters.not_before = rcgen::date_time_ymd(begin, 2, 3);
            parameters.not_after = rcgen::date_time_ymd(end, 4, 5);
            parameters.self_signed(&pair).unwrap().der().clone()
        };
        // 2026-11-21.
        let now = WallTime::from_micros(1_795_219_200_000_000);
        let check = |begin: i32, end: i32, expect: Good| {
            let validity = Validity::of(&made(begin, end)).unwrap();
            assert_eq!(validity.at(now), expect, "{begin} to {end}: {validity:?}");
        };
        check(2020, 2030, Good::Yes);
        // After 2049 the year has four digits.
        check(2020, 2060, Good::Yes);
        check(1975, 2060, Good::Yes);
        check(2020, 2026, Good::Expired("2026-04-05".to_owned()));
        check(2027, 2060, Good::NotYet("2027-02-03".to_owned()));
        let validity = Validity { begin: "20200101000000Z".into(), end: "20261201000000Z".into() };
        assert_eq!(validity.at(now), Good::Until("2026-12-01".to_owned()));
    }

    #[test]
    fn what_is_no_certificate_is_none() {
        let good = made_once();
        for end in 0..good.len().min(200) {
            let cut = CertificateDer::from(good.get(..end).unwrap().to_vec());
            assert_eq!(Validity::of(&cut), None, "{end}");
        }
        assert_eq!(Validity::of(&CertificateDer::from(vec![0x30, 0x85, 1, 1, 1, 1, 1])), None);
    }

    fn made_once() -> Vec<u8> {
        let pair = rcgen::KeyPair::generate().unwrap();
        rcgen::CertificateParams::new(vec!["a".to_owned()])
            .unwrap()
            .self_signed(&pair)
            .unwrap()
            .der()
            .to_vec()
    }
}
