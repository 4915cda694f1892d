//! Algorithms of SSH: what we offer, what a server offers, and what is missing between the two.

use std::borrow::Cow;

use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{Preferred, cipher, compression, kex, mac};

use crate::destination::{PinnedKey, Policy};

/// What is agreed on when a connection begins (RFC 4253 §7.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// How the keys of the connection are made.
    KeyExchange,
    /// With what the server proves who it is.
    HostKey,
    /// How data are encrypted.
    Cipher,
    /// How changed data are noticed.
    Mac,
    /// How data are compressed.
    Compression,
}

impl Kind {
    /// As an engineer says it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Kind::KeyExchange => "key exchange",
            Kind::HostKey => "host key",
            Kind::Cipher => "cipher",
            Kind::Mac => "MAC",
            Kind::Compression => "compression",
        }
    }
}

/// The lists of one side, most preferred first. Where a side differs by direction, what it sends comes first and then what it only receives.
#[derive(Clone, PartialEq, Eq, Default, Debug, serde::Serialize)]
pub struct Offer {
    /// Key exchange, without the names that only announce extensions.
    pub key_exchange: Vec<String>,
    /// Host keys.
    pub host_key: Vec<String>,
    /// Ciphers from client to server.
    pub cipher_to_server: Vec<String>,
    /// Ciphers from server to client.
    pub cipher_to_client: Vec<String>,
    /// MACs from client to server.
    pub mac_to_server: Vec<String>,
    /// MACs from server to client.
    pub mac_to_client: Vec<String>,
    /// Compression from client to server.
    pub compression_to_server: Vec<String>,
    /// Compression from server to client.
    pub compression_to_client: Vec<String>,
}

impl Offer {
    /// What a policy offers.
    #[must_use]
    pub fn of(policy: Policy) -> Offer {
        let preferred = preferred(policy, &[]);
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut key_exchange: Vec<String> =
            preferred.kex.iter().map(|name| name.as_ref().to_owned()).collect();
        key_exchange.retain(|name| !is_announcement(name));
        let ciphers: Vec<&str> = preferred.cipher.iter().map(AsRef::as_ref).collect();
        let macs: Vec<&str> = preferred.mac.iter().map(AsRef::as_ref).collect();
        let compressions: Vec<&str> = preferred.compression.iter().map(AsRef::as_ref).collect();
        Offer {
            key_exchange,
            host_key: preferred.key.iter().map(ToString::to_string).collect(),
            cipher_to_server: names(&ciphers),
            cipher_to_client: names(&ciphers),
            mac_to_server: names(&macs),
            mac_to_client: names(&macs),
            compression_to_server: names(&compressions),
            compression_to_client: names(&compressions),
        }
    }

    /// Both directions of a kind.
    fn lists(&self, kind: Kind) -> [&[String]; 2] {
        match kind {
            Kind::KeyExchange => [&self.key_exchange, &self.key_exchange],
            Kind::HostKey => [&self.host_key, &self.host_key],
            Kind::Cipher => [&self.cipher_to_server, &self.cipher_to_client],
            Kind::Mac => [&self.mac_to_server, &self.mac_to_client],
            Kind::Compression => [&self.compression_to_server, &self.compression_to_client],
        }
    }

    /// A kind in one text, with both directions only where they differ.
    #[must_use]
    pub fn text(&self, kind: Kind) -> String {
        let text = |list: &[String]| if list.is_empty() { "nothing".to_owned() } else { list.join(", ") };
        let [to_server, to_client] = self.lists(kind);
        if to_server == to_client {
            text(to_server)
        } else {
            format!("to the server {}; to the client {}", text(to_server), text(to_client))
        }
    }
}

/// All kinds, in the order of RFC 4253 §7.1.
pub(crate) const KINDS: [Kind; 5] =
    [Kind::KeyExchange, Kind::HostKey, Kind::Cipher, Kind::Mac, Kind::Compression];

/// The kinds for which client and server have nothing in common. No MAC is needed where the cipher that would be taken has one of its own.
#[must_use]
pub(crate) fn missing(client: &Offer, server: &Offer) -> Vec<Kind> {
    let agreed = |kind: Kind, direction: usize| {
        let (ours, theirs) = (client.lists(kind)[direction], server.lists(kind)[direction]);
        // The first of the client's that the server has: RFC 4253 §7.1.
        ours.iter().find(|name| theirs.contains(name)).cloned()
    };
    let lacks = |kind: Kind| {
        [0, 1].into_iter().any(|direction| {
            let own_mac = kind == Kind::Mac
                && agreed(Kind::Cipher, direction)
                    .is_some_and(|cipher| cipher.contains("gcm") || cipher.contains("poly1305"));
            agreed(kind, direction).is_none() && !own_mac
        })
    };
    KINDS.into_iter().filter(|kind| lacks(*kind)).collect()
}

/// True for names in the list of key exchanges that are none: they announce what a side can do (RFC 8308 §2.1).
pub(crate) fn is_announcement(name: &str) -> bool {
    name.starts_with("ext-info-") || name.starts_with("kex-strict-")
}

/// The lists for the library. Kinds of keys that are pinned come first, so that a server with several keys shows one that we know.
pub(crate) fn preferred(policy: Policy, pinned: &[PinnedKey]) -> Preferred {
    let old = policy == Policy::Legacy;
    let mut keys: Vec<Algorithm> = KEYS.to_vec();
    if old {
        keys.push(Algorithm::Rsa { hash: None });
    }
    let is_pinned = |key: &Algorithm| {
        pinned.iter().filter_map(|pin| pin.algorithm.as_ref()).any(|known| match (known, key) {
            (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
            (known, key) => known == key,
        })
    };
    keys.sort_by_key(|key| !is_pinned(key));
    Preferred {
        kex: list(KEX, OLD_KEX, old),
        key: Cow::Owned(keys),
        host_key_certificates: Cow::Borrowed(&[]),
        cipher: list(CIPHERS, OLD_CIPHERS, old),
        mac: list(MACS, OLD_MACS, old),
        compression: Cow::Borrowed(&[compression::NONE]),
    }
}

fn list<T: Clone>(modern: &'static [T], old: &'static [T], with_old: bool) -> Cow<'static, [T]> {
    if with_old { Cow::Owned([modern, old].concat()) } else { Cow::Borrowed(modern) }
}

const KEX: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_G18_SHA512,
    kex::DH_G16_SHA512,
    kex::DH_GEX_SHA256,
    kex::DH_G14_SHA256,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];
const OLD_KEX: &[kex::Name] = &[kex::DH_G14_SHA1, kex::DH_GEX_SHA1, kex::DH_G1_SHA1];

const KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

const CIPHERS: &[cipher::Name] = &[
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];
const OLD_CIPHERS: &[cipher::Name] =
    &[cipher::AES_256_CBC, cipher::AES_192_CBC, cipher::AES_128_CBC, cipher::TRIPLE_DES_CBC];

const MACS: &[mac::Name] = &[mac::HMAC_SHA256_ETM, mac::HMAC_SHA512_ETM, mac::HMAC_SHA256, mac::HMAC_SHA512];
const OLD_MACS: &[mac::Name] = &[mac::HMAC_SHA1_ETM, mac::HMAC_SHA1];

#[cfg(test)]
mod tests {
    use super::*;

    fn without(offer: &mut Vec<String>, keep: &str) {
        offer.retain(|name| name == keep);
    }

    #[test]
    fn what_is_missing_is_told_by_kind() {
        let ours = Offer::of(Policy::Modern);
        let old = Offer::of(Policy::Legacy);
        assert_eq!(missing(&ours, &ours), []);
        assert_eq!(missing(&ours, &old), []);
        let mut server = old.clone();
        without(&mut server.key_exchange, "diffie-hellman-group1-sha1");
        assert_eq!(missing(&ours, &server), [Kind::KeyExchange]);
        without(&mut server.host_key, "ssh-rsa");
        without(&mut server.mac_to_client, "hmac-sha1");
        // With AES-GCM nobody needs a MAC.
        assert_eq!(missing(&ours, &server), [Kind::KeyExchange, Kind::HostKey]);
        without(&mut server.cipher_to_client, "aes128-cbc");
        let all = [Kind::KeyExchange, Kind::HostKey, Kind::Cipher, Kind::Mac];
        assert_eq!(missing(&ours, &server), all);
        assert_eq!(missing(&old, &server), []);
        server.compression_to_server = vec!["zlib".into()];
        assert_eq!(missing(&old, &server), [Kind::Compression]);
        assert_eq!(server.text(Kind::Compression), "to the server zlib; to the client none");
    }

    #[test]
    fn nothing_old_is_offered_unless_asked_for() {
        let weak = |offer: &Offer| {
            let Offer { key_exchange, host_key, cipher_to_server, mac_to_server, .. } = offer;
            [key_exchange, host_key, cipher_to_server, mac_to_server]
                .into_iter()
                .flatten()
                .filter(|name| {
                    name.ends_with("sha1") || name.ends_with("cbc") || *name == "ssh-rsa" || *name == "none"
                })
                .count()
        };
        assert_eq!(weak(&Offer::of(Policy::Modern)), 0);
        assert_eq!(weak(&Offer::of(Policy::Legacy)), 9);
    }

    #[test]
    fn a_pinned_kind_of_key_comes_first() {
        let pinned = PinnedKey {
            fingerprint: String::new(),
            owner: String::new(),
            algorithm: Some(Algorithm::Rsa { hash: None }),
        };
        let preferred = preferred(Policy::Modern, &[pinned]);
        assert_eq!(preferred.key.first(), Some(&Algorithm::Rsa { hash: Some(HashAlg::Sha512) }));
        assert_eq!(preferred.key.len(), KEYS.len());
    }
}
