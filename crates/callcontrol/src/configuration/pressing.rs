//! How keys that are pressed in a call reach a device.

use strowger_base::leg::{Origin, Target};

use super::Configuration;

/// How keys that are pressed in a call reach a device, and come from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum KeyMethod {
    /// In its media (RFC 4733).
    #[default]
    Media,
    /// In its signalling alone.
    Signalling,
    /// As either, whatever the other side can.
    Either,
}

impl KeyMethod {
    /// Whether one of two that talk has to be told in another way what the other one presses.
    pub const fn differs_from(self, other: KeyMethod) -> bool {
        matches!(
            (self, other),
            (KeyMethod::Media, KeyMethod::Signalling) | (KeyMethod::Signalling, KeyMethod::Media)
        )
    }
}

impl Configuration {
    /// How keys come from whoever calls.
    pub fn keys_from(&self, origin: &Origin) -> KeyMethod {
        match origin {
            Origin::Line { .. } => {
                self.calling_phone(origin).map_or_else(KeyMethod::default, |phone| phone.settings.keys)
            }
            Origin::Trunk(name) => self.trunks.get(name).map_or_else(KeyMethod::default, |trunk| trunk.keys),
        }
    }

    /// How keys reach a device that is called.
    pub fn keys_to(&self, target: &Target) -> KeyMethod {
        match target {
            Target::Phone { line, phone, .. } => self
                .phone(line.as_str(), phone.as_deref())
                .map_or_else(KeyMethod::default, |phone| phone.settings.keys),
            Target::Trunk(name) => self.trunks.get(name).map_or_else(KeyMethod::default, |trunk| trunk.keys),
            Target::Service(_) => KeyMethod::Either,
        }
    }
}
