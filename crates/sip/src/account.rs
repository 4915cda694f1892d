//! What SIP knows of lines and the phones that they stand on.

use std::sync::Arc;

use strowger_base::hash::siphash24;
use strowger_base::{Secret, ShortText};

/// What SIP needs to know of a line.
#[derive(Clone)]
pub struct LineAccount {
    /// Display name.
    pub name: ShortText,
    /// Contacts that may be registered on it, at most [`strowger_base::limits::CONTACTS_PER_LINE`].
    pub contacts_max: usize,
    /// Its phones, at most [`strowger_base::limits::PHONES_PER_LINE`]; without any nobody registers on it or calls from it.
    pub phones: Box<[PhoneAccount]>,
}

/// What a phone of a line proves itself with.
#[derive(Clone)]
pub struct PhoneAccount {
    /// Its name; `None` only for the one phone of a line.
    pub name: Option<Arc<str>>,
    /// User name in digest, which no other phone of the line has; mostly the number of the line. A phone of another line with the
    /// same number may have it, with another secret.
    pub username: ShortText,
    /// MD5 of `username:realm:password` (RFC 7616 §3.4.2).
    pub ha1_md5: Secret<[u8; 16]>,
    /// SHA-256 of the same.
    pub ha1_sha256: Secret<[u8; 32]>,
}

/// What a phone proves itself with, as it is stored beside its contacts: enough to see after a restart whether it is still the
/// same, and nothing to who does not have the key.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Fingerprint(pub [u64; 2]);

/// The key of fingerprints; it stays the same as long as there are some.
pub type FingerprintKey = (u64, u64);

/// Which phone of a line, by its position in [`LineAccount::phones`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct PhonePlace(u16);

/// A phone of a line that has proven to be it.
#[derive(Clone, Copy)]
pub struct PhoneOnLine<'c> {
    /// The line, by its [`strowger_base::LineName`].
    pub line: &'c str,
    /// What is configured for it.
    pub account: &'c LineAccount,
    /// Which of its phones.
    pub phone: PhonePlace,
}

impl LineAccount {
    /// A line with one phone that has no name.
    pub fn with_one_phone(name: &str, contacts_max: usize, phone: PhoneAccount) -> Self {
        LineAccount { name: name.into(), contacts_max, phones: Box::new([phone]) }
    }

    /// A phone.
    pub fn phone(&self, place: PhonePlace) -> Option<&PhoneAccount> {
        self.phones.get(usize::from(place.0))
    }

    /// The name of a phone, where it has one.
    pub fn phone_name(&self, place: PhonePlace) -> Option<&Arc<str>> {
        self.phone(place)?.name.as_ref()
    }

    /// The phone with this name; without a name the only phone.
    pub fn phone_named(&self, name: Option<&str>) -> Option<PhonePlace> {
        match name {
            Some(name) => self.place(|phone| phone.name.as_deref() == Some(name)),
            None if self.phones.len() == 1 => Some(PhonePlace::default()),
            None => None,
        }
    }

    /// The phone that proves itself with what was stored; as in [`LineAccount::phone_like`] one digest is enough.
    pub(crate) fn phone_with(&self, stored: Fingerprint, key: FingerprintKey) -> Option<PhonePlace> {
        self.place(|phone| {
            let [md5, sha256] = phone.fingerprint(key).0;
            stored.0 == [md5, stored.0[1]] || stored.0 == [stored.0[0], sha256]
        })
    }

    /// The phone with this user name in digest.
    pub(crate) fn phone_of_user(&self, username: &str) -> Option<PhonePlace> {
        self.place(|phone| *phone.username == *username)
    }

    /// The phone that proves itself with what another one proved itself with before. One digest is enough: of a password
    /// of which only the other one is known, that one may be anything.
    pub fn phone_like(&self, before: &PhoneAccount) -> Option<PhonePlace> {
        self.place(|phone| {
            phone.username == before.username
                && (phone.ha1_md5.expose() == before.ha1_md5.expose()
                    || phone.ha1_sha256.expose() == before.ha1_sha256.expose())
        })
    }

    fn place(&self, is_it: impl Fn(&PhoneAccount) -> bool) -> Option<PhonePlace> {
        let position = self.phones.iter().position(is_it)?;
        u16::try_from(position).ok().map(PhonePlace)
    }
}

impl PhoneAccount {
    /// What is stored of it beside its contacts.
    pub fn fingerprint(&self, key: FingerprintKey) -> Fingerprint {
        // No two user names with their digests read the same: the digest has one length.
        let of = |digest: &[u8]| siphash24((key.0 ^ siphash24(key, digest), key.1), self.username.as_bytes());
        Fingerprint([of(self.ha1_md5.expose()), of(self.ha1_sha256.expose())])
    }
}

impl PhoneOnLine<'_> {
    /// What is configured for the phone.
    pub fn phone(&self) -> Option<&PhoneAccount> {
        self.account.phone(self.phone)
    }
}
