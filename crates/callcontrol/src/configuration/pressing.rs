//! How keys that are pressed in a call reach a device.

use strowger_base::leg::{KeySignalling, Origin, Target};

use super::Configuration;

/// How keys that are pressed in a call reach a device, and come from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum KeyMethod {
    /// In its media (RFC 4733).
    #[default]
    Media,
    /// In its signalling alone, in this way.
    Signalling(KeySignalling),
    /// As either, whatever the other side can.
    Either,
    /// As both at once where the other side has both as well; as either otherwise.
    Both,
    /// As tones in its sound alone.
    InSound,
}

impl KeyMethod {
    /// Whether one of two that talk has to be told in another way what the other one presses.
    pub const fn differs_from(self, other: KeyMethod) -> bool {
        match (self, other) {
            (KeyMethod::Media, KeyMethod::Signalling(_) | KeyMethod::InSound)
            | (KeyMethod::Signalling(_), KeyMethod::Media | KeyMethod::InSound) => true,
            (KeyMethod::InSound, KeyMethod::InSound) => false,
            (KeyMethod::InSound, _) | (_, KeyMethod::InSound) => true,
            (KeyMethod::Either | KeyMethod::Both, _)
            | (_, KeyMethod::Either | KeyMethod::Both)
            | (KeyMethod::Media, KeyMethod::Media)
            | (KeyMethod::Signalling(_), KeyMethod::Signalling(_)) => false,
        }
    }

    /// A number of its own for each.
    pub const fn number(self) -> u8 {
        match self {
            KeyMethod::Media => 0,
            KeyMethod::Either => 1,
            KeyMethod::Both => 2,
            KeyMethod::InSound => 3,
            KeyMethod::Signalling(by) => 10 + by as u8,
        }
    }

    /// Whether there may be keys in media, as events.
    pub const fn has_events(self) -> bool {
        match self {
            KeyMethod::Media | KeyMethod::Either | KeyMethod::Both => true,
            KeyMethod::Signalling(_) | KeyMethod::InSound => false,
        }
    }

    /// How keys go in the signalling of the device, where they go there.
    pub const fn signalling(self) -> KeySignalling {
        match self {
            KeyMethod::Signalling(by) => by,
            // Whoever has its keys in media and tells one in INFO nevertheless is understood.
            KeyMethod::Media | KeyMethod::InSound => KeySignalling::Info,
            KeyMethod::Either | KeyMethod::Both => KeySignalling::Any,
        }
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
