//! Who is logged in. Sessions live in memory: a restart ends them all.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::Instant;

use super::{Principal, token_digest, token_text};

/// The sessions of people who logged in.
#[derive(Default)]
pub(crate) struct Sessions {
    by_token: BTreeMap<[u8; 32], Session>,
}

struct Session {
    principal: Principal,
    begun: Instant,
    used: Instant,
}

impl Sessions {
    /// Somebody logged in; the token that their next requests carry.
    pub(crate) fn begin(&mut self, now: Instant, principal: Principal, random: &[u8; 32]) -> String {
        self.by_token.retain(|_, session| session.is_alive(now));
        if self.by_token.len() >= SESSIONS_MAX {
            let oldest =
                self.by_token.iter().min_by_key(|(_, session)| session.used).map(|(token, _)| *token);
            if let Some(oldest) = oldest {
                self.by_token.remove(&oldest);
            }
        }
        let token = token_text(random);
        self.by_token.insert(token_digest(&token), Session { principal, begun: now, used: now });
        token
    }

    /// Whose session a token is, if it still is one.
    pub(crate) fn find(&mut self, now: Instant, token: &str) -> Option<&Principal> {
        let digest = token_digest(token);
        if !self.by_token.get(&digest)?.is_alive(now) {
            self.by_token.remove(&digest);
            return None;
        }
        let session = self.by_token.get_mut(&digest)?;
        session.used = now;
        Some(&session.principal)
    }

    /// Somebody logged out.
    pub(crate) fn end(&mut self, token: &str) {
        self.by_token.remove(&token_digest(token));
    }

    /// Ends all sessions of somebody whose password, role or existence changed.
    pub(crate) fn end_all_of(&mut self, name: &str) {
        self.by_token.retain(|_, session| &*session.principal.name != name);
    }
}

impl Session {
    fn is_alive(&self, now: Instant) -> bool {
        now - self.used < IDLE && now - self.begun < LONGEST
    }
}

/// A session that is not used for so long ends.
pub(crate) const IDLE: Duration = Duration::from_secs(30 * 60);
/// Every session ends after so long.
pub(crate) const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
/// Sessions at once; then the one that was used least lately ends.
const SESSIONS_MAX: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::super::{Origin, Role};
    use super::*;

    fn at(minutes: u64) -> Instant {
        Instant::START + Duration::from_secs(60 * minutes)
    }

    fn somebody(name: &str) -> Principal {
        Principal { name: name.into(), role: Role::Operator, origin: Origin::LocalSocket { user: 1 } }
    }

    fn random(number: usize) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        bytes
    }

    #[test]
    fn sessions_end_when_nobody_uses_them_and_at_last_anyway() {
        let mut sessions = Sessions::default();
        let token = sessions.begin(at(0), somebody("alice"), &random(1));
        assert!(sessions.find(at(29), &token).is_some());
        assert!(sessions.find(at(58), &token).is_some());
        assert!(sessions.find(at(88), &token).is_none());
        let token = sessions.begin(at(0), somebody("alice"), &random(2));
        for minutes in (0..720).step_by(20) {
            assert!(sessions.find(at(minutes), &token).is_some(), "{minutes}");
        }
        assert!(sessions.find(at(720), &token).is_none());
    }

    #[test]
    fn logging_out_and_losing_a_role() {
        let mut sessions = Sessions::default();
        let one = sessions.begin(at(0), somebody("alice"), &random(1));
        let two = sessions.begin(at(0), somebody("bob"), &random(2));
        assert!(sessions.find(at(1), "guess").is_none());
        sessions.end_all_of("bob");
        assert!(sessions.find(at(1), &two).is_none());
        assert!(sessions.find(at(1), &one).is_some());
        sessions.end(&one);
        assert!(sessions.find(at(1), &one).is_none());
    }

    #[test]
    fn there_are_only_so_many() {
        let mut sessions = Sessions::default();
        let first = sessions.begin(at(0), somebody("alice"), &random(0));
        for number in 1..=SESSIONS_MAX {
            sessions.begin(at(1), somebody("alice"), &random(number));
        }
        assert_eq!(sessions.by_token.len(), SESSIONS_MAX);
        assert!(sessions.find(at(1), &first).is_none());
    }
}
