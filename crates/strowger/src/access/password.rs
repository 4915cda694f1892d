//! Passwords as they are kept: Argon2id.

use argon2::password_hash::{PasswordHash as Parsed, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use super::policy::{MOST, Policy, WeakPassword};

/// A password as it is kept: the PHC string of Argon2id.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PasswordHash(Box<str>);

impl PasswordHash {
    /// Hashes a password. It takes some hundredths of a second on purpose: never on the decision thread.
    ///
    /// # Errors
    /// It is too weak.
    pub(crate) fn new(
        user: &str,
        password: &str,
        salt: &[u8; 16],
        policy: &Policy,
    ) -> Result<Self, WeakPassword> {
        policy.check(user, password)?;
        // A salt of 16 bytes is always one, and the parameters are constants.
        let salt = SaltString::encode_b64(salt).map_err(|_| WeakPassword::Long)?;
        let hash = argon2().hash_password(password.as_bytes(), &salt).map_err(|_| WeakPassword::Long)?;
        Ok(PasswordHash(hash.to_string().into()))
    }

    /// A hash as it stands in the configuration.
    pub(crate) fn from_text(text: &str) -> Self {
        PasswordHash(text.into())
    }

    /// As it stands in the configuration.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the password. As slow for a wrong one as for the right one.
    pub(crate) fn is(&self, password: &str) -> bool {
        if password.len() > MOST {
            return false;
        }
        let Ok(parsed) = Parsed::new(&self.0) else { return false };
        argon2().verify_password(password.as_bytes(), &parsed).is_ok()
    }

    /// Spends the time that a real check takes, so that an unknown name cannot be told from a wrong password.
    pub(crate) fn nobodys(password: &str) -> bool {
        PasswordHash(NOBODY.into()).is(password)
    }
}

/// Argon2id with 19 MiB, two passes and one lane (RFC 9106 §4 asks for more memory where there is; a log-in must not become
/// a way to exhaust a telephone server).
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// A hash of a password that nobody has.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$u3P8hH7Zz5Zc1nXoYk1uXqzJ3vUjB5mQ7yKxT2WfR0E";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash() {
        let hash = PasswordHash::new("alice", "correct horse battery", &[7; 16], &Policy::default()).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
        let kept = PasswordHash::from_text(hash.as_str());
        assert!(kept.is("correct horse battery"));
        assert!(!kept.is("correct horse batterz"));
        assert!(!PasswordHash::from_text("nonsense").is("correct horse battery"));
        assert!(!PasswordHash::nobodys("correct horse battery"));
        // It is a hash that can be read: otherwise checking it would take no time.
        assert!(Parsed::new(NOBODY).is_ok());
    }
}
