//! Who may do what: roles, sessions, failed log-ins, the first administrator.
//!
//! Nothing here reads a clock or a socket: times and random bytes arrive, as in a core.

mod limiter;
mod lockouts;
mod password;
mod policy;
mod sessions;

use std::fmt;
use std::net::IpAddr;

use sha2::{Digest, Sha256};
use strowger_configuration::Kind;

pub(crate) use limiter::Limiter;
pub(crate) use lockouts::Lockouts;
pub(crate) use password::PasswordHash;
pub(crate) use policy::{Policy, WeakPassword, policy_of};
pub(crate) use sessions::{IDLE, Proof, Sessions};

/// What somebody may do. Each may do what those before it may.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Role {
    /// Look at everything but secrets.
    ReadOnly,
    /// Change what changes daily: lines, phones, users, memberships.
    Operator,
    /// Change everything.
    Administrator,
}

/// Somebody who is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Principal {
    /// Who, as it stands in the history.
    pub(crate) name: Box<str>,
    /// What they may do.
    pub(crate) role: Role,
    /// From where they ask.
    pub(crate) origin: Origin,
}

/// From where somebody asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// The socket in the data folder: the system says who it is.
    LocalSocket {
        /// The user's number.
        user: u32,
    },
    /// The network.
    Network(IpAddr),
}

impl Role {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Role::ReadOnly => "read-only",
            Role::Operator => "operator",
            Role::Administrator => "administrator",
        }
    }

    /// What somebody must at least be to change objects of a kind.
    pub(crate) fn to_change(kind: Kind) -> Role {
        if DAILY.contains(&kind.word()) { Role::Operator } else { Role::Administrator }
    }
}

/// Kinds that operators change; everything else takes an administrator.
const DAILY: &[&str] = &["line", "phone", "end_user", "line_group", "matter_code", "authorization_code"];

impl Principal {
    /// Whether they may do what takes this role.
    pub(crate) const fn may(&self, role: Role) -> bool {
        self.role as u8 >= role as u8
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::LocalSocket { user } => write!(f, "local socket, user {user}"),
            Origin::Network(address) => write!(f, "{address}"),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.origin)
    }
}

/// The digest under which a token is kept: who steals it cannot use it. Tokens are random, so that a slow digest would gain
/// nothing.
pub(crate) fn token_digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// 32 random bytes as a token that can be typed, mailed and put into an address.
pub(crate) fn token_text(random: &[u8; 32]) -> String {
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_contain_each_other() {
        let principal = |role| Principal { name: "x".into(), role, origin: Origin::LocalSocket { user: 0 } };
        for (who, what, expect) in [
            (Role::ReadOnly, Role::ReadOnly, true),
            (Role::ReadOnly, Role::Operator, false),
            (Role::Operator, Role::ReadOnly, true),
            (Role::Operator, Role::Administrator, false),
            (Role::Administrator, Role::Operator, true),
        ] {
            assert_eq!(principal(who).may(what), expect, "{who:?} {what:?}");
        }
    }

    #[test]
    fn what_changes_daily_is_for_operators() {
        assert_eq!(Role::to_change(Kind::Line), Role::Operator);
        assert_eq!(Role::to_change(Kind::Partition), Role::Administrator);
    }
}
