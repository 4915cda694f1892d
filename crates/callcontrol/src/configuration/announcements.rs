//! What callers hear whose call fails.

use std::collections::BTreeMap;

use strowger_base::leg::{AudioSource, CallTone, Origin, Tone};
use strowger_base::{Cause, Country};

use super::Configuration;

/// What callers hear, by the cause with which their call fails, and by their country or for all others. By default nothing: their devices
/// are told the cause.
pub type Announcements = BTreeMap<(Cause, Option<Country>), Announcement>;

/// What callers hear of patterns that block, by partition and pattern, whatever is announced for the cause.
pub type PatternAnnouncements = BTreeMap<(Box<str>, Box<str>), AudioSource>;

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
        let own = self.announcements.get(&(cause, Some(self.country_of(caller))));
        let announcement = own.or_else(|| self.announcements.get(&(cause, None)))?;
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
            configuration.announcements.insert((cause, None), Announcement { sound, to });
        }
        let german =
            Announcement { sound: AnnouncedSound::Source(AudioSource(8)), to: AnnouncedTo::Everybody };
        let of_germany = (Cause::NO_ANSWER_FROM_USER, Some(Country::Germany));
        configuration.announcements.insert(of_germany, german);
        configuration.announcements.insert((of_germany.0, None), Announcement { sound: source, ..german });
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
        check(Cause::NO_ANSWER_FROM_USER, phone(), Some(Tone::Source(AudioSource(8))));
        let configuration = Configuration { country: Country::Italy, ..configuration };
        let heard = configuration.announcement(Cause::NO_ANSWER_FROM_USER, &phone());
        assert_eq!(heard, Some(Tone::Source(AudioSource(7))), "those of other countries");
    }
}
