//! Users who are locked out after too many wrong passwords, as their credential policies say.

use std::collections::BTreeMap;

use strowger_base::Instant;
use strowger_configuration::Id;

use super::{PasswordHash, Policy};

/// Counts wrong passwords by user; names that nobody has are for the [`Limiter`](super::Limiter). A restart forgets them.
#[derive(Default)]
pub(crate) struct Lockouts {
    by_user: BTreeMap<Id, Failures>,
}

struct Failures {
    /// For which password: whoever sets another one lets the user in.
    password: PasswordHash,
    count: u32,
    last: Instant,
}

impl Lockouts {
    /// Whether a user is locked out.
    pub(crate) fn is_locked(&self, now: Instant, user: Id, password: &PasswordHash, policy: &Policy) -> bool {
        let Some(failures) = self.by_user.get(&user).filter(|it| it.password == *password) else {
            return false;
        };
        let is_over = policy.lockout.is_some_and(|lockout| now - failures.last >= lockout);
        policy.failures_max.is_some_and(|most| failures.count >= most) && !is_over
    }

    /// Somebody tried a wrong password; whether the user is locked out by that.
    pub(crate) fn failed(
        &mut self,
        now: Instant,
        user: Id,
        password: &PasswordHash,
        policy: &Policy,
    ) -> bool {
        let before = self.by_user.get(&user).filter(|it| it.password == *password).filter(|it| {
            // Who was locked out and is not any more begins anew, and so does who mistyped long ago.
            let was_locked = policy.failures_max.is_some_and(|most| it.count >= most);
            !was_locked && now - it.last < policy.failures_forgotten
        });
        let count = before.map_or(0, |failures| failures.count).saturating_add(1);
        self.by_user.insert(user, Failures { password: password.clone(), count, last: now });
        policy.failures_max.is_some_and(|most| count >= most)
    }

    /// The right password was given.
    pub(crate) fn succeeded(&mut self, user: Id) {
        self.by_user.remove(&user);
    }

    /// Forgets users that are gone.
    pub(crate) fn keep(&mut self, is_there: impl Fn(Id) -> bool) {
        self.by_user.retain(|user, _| is_there(*user));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn users_are_locked_out_and_let_in_as_the_policy_says() {
        /// What happens, and in which minute; `x` is a wrong password, `r` the right one, `n` another one is set.
        fn check(policy: Policy, story: &[(u64, char, bool)]) {
            let mut lockouts = Lockouts::default();
            let user = Id::from_random(1);
            let mut password = PasswordHash::from_text("one");
            for (minute, what, expect) in story {
                let now = Instant::START + Duration::from_secs(60 * minute);
                match what {
                    'x' => _ = lockouts.failed(now, user, &password, &policy),
                    'r' => lockouts.succeeded(user),
                    'n' => password = PasswordHash::from_text("two"),
                    _ => {}
                }
                assert_eq!(lockouts.is_locked(now, user, &password, &policy), *expect, "{minute} {what}");
                assert!(!lockouts.is_locked(now, Id::from_random(2), &password, &policy));
            }
        }
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let policy = Policy {
            failures_max: Some(3),
            lockout: Some(minutes(30)),
            failures_forgotten: minutes(10),
            ..Policy::default()
        };
        // Locked for half an hour, and then all is as at first.
        check(policy, &[(0, 'x', false), (1, 'x', false), (2, 'x', true), (31, '-', true), (32, '-', false)]);
        check(
            policy,
            &[(0, 'x', false), (0, 'x', false), (0, 'x', true), (30, 'x', false), (31, 'x', false)],
        );
        // Wrong ones are forgotten, and the right one forgets them too.
        check(
            policy,
            &[(0, 'x', false), (1, 'x', false), (11, 'x', false), (12, 'x', false), (13, 'x', true)],
        );
        check(policy, &[(0, 'x', false), (1, 'x', false), (2, 'r', false), (3, 'x', false)]);
        // Until somebody sets another password.
        let for_ever = Policy { lockout: None, ..policy };
        let story =
            [(0, 'x', false), (0, 'x', false), (0, 'x', true), (100_000, '-', true), (100_000, 'n', false)];
        check(for_ever, &story);
        check(Policy { failures_max: None, ..policy }, &[(0, 'x', false); 50]);
    }

    #[test]
    fn who_is_gone_is_forgotten() {
        let mut lockouts = Lockouts::default();
        let (password, policy) = (PasswordHash::from_text("one"), Policy::default());
        for user in [1, 2] {
            lockouts.failed(Instant::START, Id::from_random(user), &password, &policy);
        }
        lockouts.keep(|user| user == Id::from_random(2));
        assert_eq!(lockouts.by_user.len(), 1);
    }
}
