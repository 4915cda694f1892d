//! Passwords as they are kept: Argon2id.

use std::sync::{Mutex, PoisonError};

use argon2::password_hash::{Output, ParamsString, PasswordHash as Parsed, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};

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
        let text = SaltString::encode_b64(salt).map_err(|_| WeakPassword::Long)?;
        let output = hashed(password, salt, Version::V0x13, Params::DEFAULT, OUTPUT);
        let hash = Parsed {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&Params::DEFAULT).map_err(|_| WeakPassword::Long)?,
            salt: Some(text.as_salt()),
            hash: Some(output.ok_or(WeakPassword::Long)?),
        };
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
        let (Some(salt), Some(kept)) = (parsed.salt, parsed.hash) else { return false };
        let is_argon2id = parsed.algorithm == Algorithm::Argon2id.ident();
        let version = Version::try_from(parsed.version.unwrap_or_default());
        let (true, Ok(version), Ok(params)) = (is_argon2id, version, Params::try_from(&parsed)) else {
            return false;
        };
        let mut buffer = [0; Salt::MAX_LENGTH];
        let Ok(salt) = salt.decode_b64(&mut buffer) else { return false };
        // It takes as long to compare what differs late as what differs at once.
        hashed(password, salt, version, params, kept.len()).is_some_and(|output| output == kept)
    }

    /// Spends the time that a real check takes, so that an unknown name cannot be told from a wrong password.
    pub(crate) fn nobodys(password: &str) -> bool {
        PasswordHash(NOBODY.into()).is(password)
    }
}

/// Argon2id; what we make has 19 MiB, two passes and one lane (RFC 9106 §4 asks for more memory where there is; a log-in must not
/// become a way to exhaust a telephone server).
///
/// The memory is used again and again: given back each time, the allocator would keep some of it for every thread that ever looked at a
/// password.
fn hashed(password: &str, salt: &[u8], version: Version, params: Params, length: usize) -> Option<Output> {
    let pool = || ROOM.lock().unwrap_or_else(PoisonError::into_inner);
    let mut room = pool().pop().unwrap_or_default();
    room.resize(params.block_count(), Block::default());
    let argon2 = Argon2::new(Algorithm::Argon2id, version, params);
    let output = Output::init_with(length, |out| {
        Ok(argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, &mut room)?)
    });
    let mut pool = pool();
    // A hash that was made elsewhere may want more.
    if pool.len() < ROOMS_KEPT && room.len() <= Params::DEFAULT.block_count() {
        pool.push(room);
    }
    output.ok()
}

/// Memory that no password is looked at in now.
static ROOM: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());
/// As many passwords are looked at at once.
const ROOMS_KEPT: usize = 2;
/// Bytes of a hash.
const OUTPUT: usize = 32;
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
