//! What passwords must be, and what becomes of wrong ones: the credential policy of a user, or one with all defaults.

use std::time::Duration;

use serde_json::json;
use strowger_base::WallTime;
use strowger_configuration::kinds::CredentialPolicy;
use strowger_configuration::reader::{AlreadySealed, ByIdOnly, Reader};
use strowger_configuration::setting::Record;
use strowger_configuration::{Id, State};

/// What passwords must be, and what becomes of wrong ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Policy {
    /// Least characters.
    pub(crate) length_min: usize,
    /// Trivial ones are refused.
    pub(crate) refuses_trivial: bool,
    /// The last so many cannot be used again.
    pub(crate) history: usize,
    /// After how long one must be changed.
    pub(crate) expires: Option<Duration>,
    /// Wrong ones in a row until the user is locked out.
    pub(crate) failures_max: Option<u32>,
    /// For how long; until the password is another one when `None`.
    pub(crate) lockout: Option<Duration>,
    /// After how long wrong ones are forgotten.
    pub(crate) failures_forgotten: Duration,
}

/// Why a password is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum WeakPassword {
    /// Too few characters.
    #[error("the password is too short: use {0} characters or more")]
    Short(usize),
    /// Beyond what is hashed in reasonable time.
    #[error("the password is longer than {MOST} bytes")]
    Long,
    /// It holds the name of the user.
    #[error("the password holds the user's name")]
    Name,
    /// Characters that repeat or run on.
    #[error(
        "the password has {RUN} characters or more in a row that are the same or follow each other, such as aaaa, 1234 or dcba"
    )]
    Running,
    /// One that the user had.
    #[error("the user had this password already; the last {0} cannot be used again")]
    Used(usize),
}

impl Policy {
    /// The policy that a user refers to.
    pub(crate) fn of(policy: &CredentialPolicy) -> Policy {
        let some = |time: Duration| Some(time).filter(|time| !time.is_zero());
        let days = u64::from(policy.expires.get());
        Policy {
            length_min: policy.length_min.get() as usize,
            refuses_trivial: policy.refuse_trivial,
            history: policy.history.get() as usize,
            expires: some(Duration::from_secs(days * 86_400)),
            failures_max: Some(policy.failures_max.get()).filter(|most| *most > 0),
            lockout: some(policy.lockout.get()),
            failures_forgotten: policy.failures_forgotten.get(),
        }
    }

    /// Whether a password may be a user's. What he had before is for [`PasswordHash::is`](super::PasswordHash::is) to know.
    ///
    /// # Errors
    /// It is too weak.
    pub(crate) fn check(&self, user: &str, password: &str) -> Result<(), WeakPassword> {
        if password.len() > MOST {
            return Err(WeakPassword::Long);
        }
        if password.chars().count() < self.length_min {
            return Err(WeakPassword::Short(self.length_min));
        }
        if !self.refuses_trivial {
            return Ok(());
        }
        let (user, lower) = (user.to_lowercase(), password.to_lowercase());
        let backwards: String = user.chars().rev().collect();
        // A name of one or two letters is in most words.
        if user.chars().count() > 2 && (lower.contains(&user) || lower.contains(&backwards)) {
            return Err(WeakPassword::Name);
        }
        if longest_run(&lower) >= RUN { Err(WeakPassword::Running) } else { Ok(()) }
    }

    /// Whether a password that was set then must be changed by now.
    pub(crate) fn is_expired(&self, set: WallTime, now: WallTime) -> bool {
        self.expires.is_some_and(|after| set + after <= now)
    }
}

/// A policy in which everything is as the objects declare it.
impl Default for Policy {
    fn default() -> Self {
        let table = serde_json::Map::from_iter([("name".to_owned(), json!("-"))]);
        let mut reader = Reader::new(Id::from_random(0), &ByIdOnly, &AlreadySealed);
        // All but the name has a default: the test of this file reads it.
        CredentialPolicy::read_table(&table, &mut reader).map_or(STRICT, |policy| Policy::of(&policy))
    }
}

/// The policy of a user who refers to this one, or to none.
pub(crate) fn policy_of(
    state: &State,
    policy: Option<strowger_configuration::setting::Ref<CredentialPolicy>>,
) -> Policy {
    policy.and_then(|policy| state.get(policy)).map_or_else(Policy::default, Policy::of)
}

/// Most characters in a row that are the same, or each one more or one less than that before it.
fn longest_run(text: &str) -> usize {
    let steps: Vec<i64> = text
        .chars()
        .zip(text.chars().skip(1))
        .map(|(one, next)| i64::from(u32::from(next)) - i64::from(u32::from(one)))
        .collect();
    let runs =
        steps.chunk_by(|one, next| one == next).filter(|run| run.first().is_some_and(|step| step.abs() <= 1));
    runs.map(|run| run.len() + 1).max().unwrap_or(1)
}

/// Where there is nothing to read, which cannot be.
const STRICT: Policy = Policy {
    length_min: 64,
    refuses_trivial: true,
    history: 0,
    expires: None,
    failures_max: Some(1),
    lockout: None,
    failures_forgotten: Duration::MAX,
};
/// Bytes that a password has at most.
pub(super) const MOST: usize = 256;
/// So many characters in a row that repeat or run on are trivial.
const RUN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_policy_everything_is_as_it_is_declared() {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let expect = Policy {
            length_min: 8,
            refuses_trivial: true,
            history: 0,
            expires: None,
            failures_max: Some(5),
            lockout: Some(minutes(30)),
            failures_forgotten: minutes(30),
        };
        assert_eq!(Policy::default(), expect);
    }

    #[test]
    fn what_is_too_weak() {
        let usual = Policy::default();
        let check = |policy: Policy, user: &str, password: &str, expect: Result<(), WeakPassword>| {
            assert_eq!(policy.check(user, password), expect, "{user} {password}");
        };
        check(usual, "alice", "correct horse battery", Ok(()));
        check(usual, "alice", "kJ7#mmm9", Ok(()));
        check(usual, "alice", "sevenxx", Err(WeakPassword::Short(8)));
        check(usual, "alice", "", Err(WeakPassword::Short(8)));
        // Characters count and not bytes.
        check(usual, "alice", "äöüäöüä", Err(WeakPassword::Short(8)));
        check(Policy { length_min: 12, ..usual }, "alice", "elevenchars", Err(WeakPassword::Short(12)));
        check(usual, "alice", "xxALICExx175", Err(WeakPassword::Name));
        check(usual, "alice", "my-ecila-175", Err(WeakPassword::Name));
        check(usual, "al", "also this one", Ok(()));
        for running in
            ["aaaaaaaaaaaa", "horse1234horse", "4321horsehorse", "horse-WxYz-horse", "horse----horse"]
        {
            check(usual, "alice", running, Err(WeakPassword::Running));
            check(Policy { refuses_trivial: false, ..usual }, "alice", running, Ok(()));
        }
        check(usual, "alice", &"ab".repeat(200), Err(WeakPassword::Long));
    }

    #[test]
    fn passwords_grow_old() {
        let at = |days: u64| WallTime::from_micros(1_790_000_000_000_000 + days * 86_400_000_000);
        let check = |expires: Option<u64>, now: u64, expect: bool| {
            let expires = expires.map(|days| Duration::from_secs(days * 86_400));
            assert_eq!(Policy { expires, ..Policy::default() }.is_expired(at(0), at(now)), expect);
        };
        check(Some(90), 89, false);
        check(Some(90), 90, true);
        check(None, 10_000, false);
    }
}
