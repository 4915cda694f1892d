//! Who is logged in. Sessions live in memory: a restart ends them all.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::Instant;
use strowger_configuration::Id;

use super::{PasswordHash, Principal, Role, token_digest, token_text};

/// The sessions of people who logged in.
#[derive(Default)]
pub(crate) struct Sessions {
    by_token: BTreeMap<[u8; 32], Session>,
}

struct Session {
    principal: Principal,
    proof: Proof,
    begun: Instant,
    used: Instant,
}

/// What somebody proved himself with: the session is worth as much as this still is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    /// The user; another one may have the name later.
    pub(crate) user: Id,
    /// The password, as it was kept then. The same password that is set again is another one here.
    pub(crate) password: PasswordHash,
}

impl Sessions {
    /// Somebody logged in; the token that their next requests carry.
    pub(crate) fn begin(
        &mut self,
        now: Instant,
        principal: Principal,
        proof: Proof,
        random: &[u8; 32],
    ) -> String {
        self.by_token.retain(|_, session| session.is_alive(now));
        if self.by_token.len() >= SESSIONS_MAX {
            let oldest =
                self.by_token.iter().min_by_key(|(_, session)| session.used).map(|(token, _)| *token);
            if let Some(oldest) = oldest {
                self.by_token.remove(&oldest);
            }
        }
        let token = token_text(random);
        self.by_token.insert(token_digest(&token), Session { principal, proof, begun: now, used: now });
        token
    }

    /// Whose session a token is, if it still is one, with what `rights` says that the proof is worth now.
    pub(crate) fn find(
        &mut self,
        now: Instant,
        token: &str,
        rights: impl Fn(&str, &Proof) -> Option<Role>,
    ) -> Option<Principal> {
        let digest = token_digest(token);
        let session = self.by_token.get_mut(&digest)?;
        let role = rights(&session.principal.name, &session.proof).filter(|_| session.is_alive(now));
        let Some(role) = role else {
            self.by_token.remove(&digest);
            return None;
        };
        session.used = now;
        Some(Principal { role, ..session.principal.clone() })
    }

    /// Somebody logged out.
    pub(crate) fn end(&mut self, token: &str) {
        self.by_token.remove(&token_digest(token));
    }

    /// Ends every session whose proof is worth nothing any more: it must not come back with a change that is taken back.
    pub(crate) fn end_without(&mut self, rights: impl Fn(&str, &Proof) -> Option<Role>) {
        self.by_token.retain(|_, session| rights(&session.principal.name, &session.proof).is_some());
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

    fn proof() -> Proof {
        Proof { user: Id::from_random(1), password: PasswordHash::from_text("hash") }
    }

    /// Everybody may what operators may.
    fn all(_: &str, _: &Proof) -> Option<Role> {
        Some(Role::Operator)
    }

    fn random(number: usize) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        bytes
    }

    #[test]
    fn sessions_end_when_nobody_uses_them_and_at_last_anyway() {
        let mut sessions = Sessions::default();
        let token = sessions.begin(at(0), somebody("alice"), proof(), &random(1));
        assert!(sessions.find(at(29), &token, all).is_some());
        assert!(sessions.find(at(58), &token, all).is_some());
        assert!(sessions.find(at(88), &token, all).is_none());
        let token = sessions.begin(at(0), somebody("alice"), proof(), &random(2));
        for minutes in (0..720).step_by(20) {
            assert!(sessions.find(at(minutes), &token, all).is_some(), "{minutes}");
        }
        assert!(sessions.find(at(720), &token, all).is_none());
    }

    #[test]
    fn logging_out_and_losing_rights() {
        let mut sessions = Sessions::default();
        let [one, two, three] = ["alice", "bob", "carol"].map(|name| {
            sessions.begin(at(0), somebody(name), proof(), &random(usize::from(name.as_bytes()[0])))
        });
        assert!(sessions.find(at(1), "guess", all).is_none());
        let but =
            |whose: &'static str| move |name: &str, _: &Proof| (name != whose).then_some(Role::ReadOnly);
        sessions.end_without(but("bob"));
        assert!(sessions.find(at(1), &two, all).is_none());
        // The role is that of now.
        let role = sessions.find(at(1), &one, but("bob")).map(|principal| principal.role);
        assert_eq!(role, Some(Role::ReadOnly));
        // Who asks without a right has ended the session, whatever comes later.
        assert!(sessions.find(at(1), &three, but("carol")).is_none());
        assert!(sessions.find(at(1), &three, all).is_none());
        sessions.end(&one);
        assert!(sessions.find(at(1), &one, all).is_none());
    }

    #[test]
    fn there_are_only_so_many() {
        let mut sessions = Sessions::default();
        let first = sessions.begin(at(0), somebody("alice"), proof(), &random(0));
        for number in 1..=SESSIONS_MAX {
            sessions.begin(at(1), somebody("alice"), proof(), &random(number));
        }
        assert_eq!(sessions.by_token.len(), SESSIONS_MAX);
        assert!(sessions.find(at(1), &first, all).is_none());
    }
}
