//! Money: whole millionths, since sums of binary fractions are no sums.

use std::fmt;
use std::str::FromStr;

/// An amount, in millionths of a currency's unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Amount(pub i128);

/// A text that is no amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an amount is expected, up to 999999999 with at most 6 decimals, such as 0.0125")]
pub struct AmountError;

const PER_UNIT: i128 = 1_000_000;

impl Amount {
    /// What so many seconds cost at this amount for a minute, rounded to the nearest millionth, and halves up.
    #[must_use]
    pub fn for_seconds(self, seconds: i64) -> Amount {
        Amount(self.0.saturating_mul(i128::from(seconds)).saturating_add(30).div_euclid(60))
    }

    /// The sum of both.
    #[must_use]
    pub const fn plus(self, other: Amount) -> Amount {
        Amount(self.0.saturating_add(other.0))
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = (1..=9).contains(&whole.len()) && rest.len() <= 6 && digits(whole) && digits(rest);
        let ends_well = !text.ends_with('.');
        if !fits || !ends_well {
            return Err(AmountError);
        }
        let part = |text: &str| text.parse::<i128>().map_err(|_| AmountError);
        Ok(Amount(part(whole)? * PER_UNIT + part(&format!("{rest:0<6}"))?))
    }
}

impl fmt::Display for Amount {
    /// With two decimals at least, and as many as there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let rest = format!("{rest:06}");
        let (first, more) = rest.split_at(2);
        write!(f, "{sign}{whole}.{first}{}", more.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written_exactly() {
        let check = |text: &str, millionths: i128, written: &str| {
            let amount: Amount = text.parse().unwrap();
            assert_eq!((amount, amount.to_string().as_str()), (Amount(millionths), written));
        };
        check("0", 0, "0.00");
        check("1.5", 1_500_000, "1.50");
        check("0.0125", 12_500, "0.0125");
        check("999999999.999999", 999_999_999_999_999, "999999999.999999");
        for wrong in ["", ".5", "1.", "1,5", "-1", "+1", "1.2345678", "1e3", "1 ", "12345678901", "1.2.3"] {
            assert_eq!(wrong.parse::<Amount>(), Err(AmountError), "{wrong}");
        }
    }

    #[test]
    fn seconds_of_a_minute_are_rounded_once() {
        let minute: Amount = "0.0125".parse().unwrap();
        assert_eq!(minute.for_seconds(60), minute);
        assert_eq!(minute.for_seconds(1), Amount(208));
        assert_eq!(Amount(1).for_seconds(30), Amount(1));
        assert_eq!(Amount(1).for_seconds(29), Amount(0));
        // A tenth added ten times is one.
        let tenth: Amount = "0.1".parse().unwrap();
        let sum = (0..10).fold(Amount::default(), |sum, _| sum.plus(tenth));
        assert_eq!(sum.to_string(), "1.00");
    }
}
