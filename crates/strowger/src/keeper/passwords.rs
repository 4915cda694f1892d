//! The passwords that somebody had: the log has them all, as hashes, and when each was set.

use serde_json::Value;
use strowger_base::WallTime;
use strowger_configuration::Id;

use super::Keeper;
use crate::access::{PasswordHash, Policy};
use crate::configuration::{FormerValue, HistoryError};

/// A password that somebody has or had.
pub(crate) struct FormerPassword {
    pub(crate) hash: PasswordHash,
    /// When it was set.
    pub(crate) since: WallTime,
}

impl Keeper {
    /// The passwords that a user had, that of now first.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn passwords_of(&self, user: Id) -> Result<Vec<FormerPassword>, HistoryError> {
        let values = self.store().values_of(user, CHANGES_LOOKED_AT)?;
        Ok(passwords(values.iter().map(|FormerValue { since, value }| (*since, value.as_deref()))))
    }

    /// Whether the password of a user must be changed by now.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn is_password_expired(
        &self,
        user: Id,
        policy: &Policy,
        now: WallTime,
    ) -> Result<bool, HistoryError> {
        if policy.expires.is_none() {
            return Ok(false);
        }
        let passwords = self.passwords_of(user)?;
        Ok(passwords.first().is_some_and(|password| policy.is_expired(password.since, now)))
    }
}

/// The passwords in the values of a user, which come newest first.
fn passwords<'v>(values: impl Iterator<Item = (WallTime, Option<&'v str>)>) -> Vec<FormerPassword> {
    let mut found: Vec<FormerPassword> = Vec::new();
    let mut is_same = false;
    for (at, value) in values {
        let value: Option<Value> = value.and_then(|value| serde_json::from_str(value).ok());
        let hash = value.as_ref().and_then(|value| value.get("password")?.as_str());
        match (hash, found.last_mut()) {
            // A change of something else.
            (Some(hash), Some(last)) if is_same && last.hash.as_str() == hash => last.since = at,
            (Some(hash), _) => found.push(FormerPassword { hash: PasswordHash::from_text(hash), since: at }),
            (None, _) => {}
        }
        is_same = hash.is_some();
    }
    found
}

/// Changes of a user that are looked at, the latest.
const CHANGES_LOOKED_AT: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_as_old_as_the_change_that_set_it() {
        let check = |values: &[Option<&str>], expect: &[(&str, u64)]| {
            // The newest is that of the greatest number.
            let at = |place: usize| WallTime::from_micros((values.len() - place) as u64);
            let values: Vec<(WallTime, Option<&str>)> =
                values.iter().enumerate().map(|(place, value)| (at(place), *value)).collect();
            let found = passwords(values.into_iter());
            let found: Vec<(&str, u64)> =
                found.iter().map(|it| (it.hash.as_str(), it.since.as_micros())).collect();
            assert_eq!(found, expect);
        };
        let [one, two] = [Some(r#"{"password":"one"}"#), Some(r#"{"mail":"x","password":"two"}"#)];
        check(&[], &[]);
        check(&[one], &[("one", 1)]);
        check(&[one, one, two, two, two], &[("one", 4), ("two", 1)]);
        // Who gets an old one back has it from then on.
        check(&[one, two, one], &[("one", 3), ("two", 2), ("one", 1)]);
        check(&[one, None, one], &[("one", 3), ("one", 1)]);
        check(&[one, Some("{}"), Some("nonsense"), two], &[("one", 4), ("two", 1)]);
    }
}
