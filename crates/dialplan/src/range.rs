//! Numbers of the configuration that have a least and a greatest value.

/// A setting whose value lies outside what it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{setting} is {value}; it must be {least} to {greatest}")]
pub struct OutOfRange {
    /// Which setting, as the operator knows it, with its unit.
    pub setting: &'static str,
    /// What was written.
    pub value: u64,
    /// The least value allowed.
    pub least: u64,
    /// The greatest value allowed.
    pub greatest: u64,
}

/// `value`, when it lies within `least..=greatest`.
pub(crate) const fn within(
    setting: &'static str,
    value: u64,
    least: u64,
    greatest: u64,
) -> Result<u64, OutOfRange> {
    if value < least || value > greatest {
        return Err(OutOfRange { setting, value, least, greatest });
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_belong_to_the_range() {
        let check =
            |value: u64, allowed: bool| assert_eq!(within("x", value, 1, 300).is_ok(), allowed, "{value}");
        check(0, false);
        check(1, true);
        check(300, true);
        check(301, false);
        assert_eq!(
            within("maximum hunt timer in seconds", 0, 1, 3600).unwrap_err().to_string(),
            "maximum hunt timer in seconds is 0; it must be 1 to 3600"
        );
    }
}
