//! What callers hear whose call fails.

use std::collections::BTreeMap;

use strowger_base::Cause;
use strowger_base::leg::{AudioSource, CallTone, Origin, Tone};

use super::Configuration;

/// What callers hear, by the cause with which their call fails. By default nothing: their devices are told the cause.
pub type Announcements = BTreeMap<Cause, Announcement>;

/// What is heard for one cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Announcement {
    /// What.
    pub sound: AnnouncedSound,
    /// By whom.
    pub to: AnnouncedTo,
}

/// What an announcement sounds like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AnnouncedSound {
    /// A sound file of the operator's, once.
    Source(AudioSource),
    /// A tone of the listener's country, for a while.
    Tone(CallTone),
}

/// Who hears an announcement.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum AnnouncedTo {
    /// Every caller.
    #[default]
    Everybody,
    /// Callers from trunks; phones make the tone themselves that goes with a refusal.
    Trunks,
}

impl Configuration {
    /// What this caller hears when its call fails with a cause; `None` when it is only told.
    pub fn announcement(&self, cause: Cause, caller: &Origin) -> Option<Tone> {
        let announcement = self.announcements.get(&cause)?;
        match (announcement.to, caller) {
            (AnnouncedTo::Everybody, _) | (AnnouncedTo::Trunks, Origin::Trunk(_)) => {}
            (AnnouncedTo::Trunks, Origin::Line { .. }) => return None,
        }
        Some(match announcement.sound {
            AnnouncedSound::Source(source) => Tone::Source(source),
            AnnouncedSound::Tone(tone) => Tone::National { country: self.country_of(caller), tone },
        })
    }
}

#[cfg(test)]
mod tests {
    use strowger_base::Country;

    use super::*;

    #[test]
    fn a_caller_hears_what_is_said_for_the_cause_and_for_its_kind() {
        let mut configuration = Configuration { country: Country::Germany, ..Configuration::empty() };
        let source = AnnouncedSound::Source(AudioSource(7));
        let rows = [
            (Cause::UNALLOCATED_NUMBER, source, AnnouncedTo::Everybody),
            (Cause::USER_BUSY, AnnouncedSound::Tone(CallTone::Busy), AnnouncedTo::Trunks),
        ];
        for (cause, sound, to) in rows {
            configuration.announcements.insert(cause, Announcement { sound, to });
        }
        let check = |cause, caller: Origin, expect: Option<Tone>| {
            assert_eq!(configuration.announcement(cause, &caller), expect, "{cause:?} {caller:?}");
        };
        let (phone, trunk) = (|| Origin::line("1001"), || Origin::Trunk("pstn".into()));
        let busy = Tone::National { country: Country::Germany, tone: CallTone::Busy };
        check(Cause::UNALLOCATED_NUMBER, phone(), Some(Tone::Source(AudioSource(7))));
        check(Cause::UNALLOCATED_NUMBER, trunk(), Some(Tone::Source(AudioSource(7))));
        check(Cause::USER_BUSY, phone(), None);
        check(Cause::USER_BUSY, trunk(), Some(busy));
        check(Cause::CALL_REJECTED, trunk(), None);
    }
}
