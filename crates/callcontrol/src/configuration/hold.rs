//! What somebody hears who waits: music of whoever holds, and tones of the own country.

use strowger_base::Country;
use strowger_base::leg::{AudioSource, CallTone, Origin, Tone};

use super::Configuration;

/// The audio sources that others hear on account of a device; `None` where somebody else says it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct HoldSources {
    /// Of whom its user holds.
    pub user: Option<AudioSource>,
    /// Of who waits because of a feature that it uses.
    pub network: Option<AudioSource>,
}

/// Why somebody is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HoldKind {
    /// The user of the other device holds.
    User,
    /// A feature that the other device uses lets it wait: a transfer, a conference, a parked call.
    Network,
}

impl HoldSources {
    /// These, and where they say nothing those.
    #[must_use]
    pub fn or(self, others: HoldSources) -> HoldSources {
        HoldSources { user: self.user.or(others.user), network: self.network.or(others.network) }
    }

    const fn of(self, kind: HoldKind) -> Option<AudioSource> {
        match kind {
            HoldKind::User => self.user,
            HoldKind::Network => self.network,
        }
    }
}

impl Configuration {
    /// What is heard by whom `holder` lets wait: the source of its line, of its phone, of its device pool, of the system, or the music
    /// that is built in.
    pub fn music(&self, holder: &Origin, kind: HoldKind) -> Tone {
        let own = match holder {
            Origin::Line { line, phone } => {
                // Where only the line is known, what it says is said on each of its phones.
                let first = || self.lines.get(line.as_str())?.phones.first();
                let phone = self.phone(line.as_str(), phone.as_deref()).or_else(first);
                phone.map(|phone| {
                    let pool = phone.settings.home.as_ref().map(|home| home.pool.hold_sources);
                    phone.settings.hold_sources.or(pool.unwrap_or_default())
                })
            }
            Origin::Trunk(name) => {
                let pool = self.trunks.get(name).and_then(|trunk| trunk.pool.as_ref());
                pool.map(|pool| pool.hold_sources)
            }
        };
        let sources = own.unwrap_or_default().or(self.hold_sources);
        sources.of(kind).map_or(Tone::Music, Tone::Source)
    }
}

impl Configuration {
    /// The ringing tone that this device hears: that of the country of its phone, of its device pool, or of the system.
    pub fn ringing_tone(&self, listener: &Origin) -> Tone {
        match self.country_of(listener) {
            // The tones that are built in.
            Country::UnitedStates => Tone::Ringing,
            country => Tone::National { country, tone: CallTone::Ringing },
        }
    }

    /// The country whose tones a device hears.
    pub fn country_of(&self, listener: &Origin) -> Country {
        let own = match listener {
            Origin::Line { line, phone } => {
                let settings = self.phone(line.as_str(), phone.as_deref()).map(|phone| &phone.settings);
                settings.and_then(|it| it.country.or_else(|| it.home.as_ref()?.pool.country))
            }
            Origin::Trunk(name) => {
                self.trunks.get(name).and_then(|trunk| trunk.pool.as_ref()).and_then(|pool| pool.country)
            }
        };
        own.unwrap_or(self.country)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::configuration::{DevicePool, Home, Line, LinePhone, PhoneSettings, Trunk};
    use strowger_dialplan::SearchSpace;

    #[test]
    fn the_closest_source_is_heard() {
        let some = |user: u8, network: u8| HoldSources {
            user: (user > 0).then_some(AudioSource(user)),
            network: (network > 0).then_some(AudioSource(network)),
        };
        let check = |phone, pool, system, user: Tone, network: Tone| {
            let pool = Arc::new(DevicePool { hold_sources: pool, ..DevicePool::default() });
            let home = Home { pool: Arc::clone(&pool), line_space: SearchSpace::null(), roams: false };
            let settings =
                PhoneSettings { hold_sources: phone, home: Some(Arc::new(home)), ..PhoneSettings::default() };
            let phone = LinePhone { settings: Arc::new(settings), ..LinePhone::default() };
            let mut configuration = Configuration::empty();
            configuration.hold_sources = system;
            configuration.lines.insert("1001", Line { phones: Box::new([phone]), ..Line::default() });
            configuration.trunks.insert("pstn".into(), Trunk { pool: Some(pool), ..Trunk::default() });
            let heard = |holder: &Origin| {
                (configuration.music(holder, HoldKind::User), configuration.music(holder, HoldKind::Network))
            };
            assert_eq!(heard(&Origin::line("1001")), (user, network));
            heard(&Origin::Trunk("pstn".into()))
        };
        let source = |number| Tone::Source(AudioSource(number));
        let nobody = some(0, 0);
        check(nobody, nobody, nobody, Tone::Music, Tone::Music);
        let trunk = check(some(1, 0), some(2, 3), some(4, 5), source(1), source(3));
        assert_eq!(trunk, (source(2), source(3)));
        let trunk = check(nobody, some(2, 0), some(4, 5), source(2), source(5));
        assert_eq!(trunk, (source(2), source(5)));
        check(some(0, 9), nobody, some(4, 0), source(4), source(9));
        // A line of several phones, of which nobody knows which one it was.
        let phone = |name: &str, number| LinePhone {
            name: Some(name.into()),
            settings: Arc::new(PhoneSettings { hold_sources: some(0, number), ..PhoneSettings::default() }),
            ..LinePhone::default()
        };
        let mut configuration = Configuration::empty();
        let phones = Box::new([phone("desk", 3), phone("home", 3)]);
        configuration.lines.insert("1001", Line { phones, ..Line::default() });
        assert_eq!(configuration.music(&Origin::line("1001"), HoldKind::Network), source(3));
        // Somebody unknown, such as a trunk that is not listed.
        let configuration = Configuration { hold_sources: some(7, 0), ..Configuration::empty() };
        assert_eq!(configuration.music(&Origin::Trunk("x".into()), HoldKind::User), source(7));
        assert_eq!(configuration.music(&Origin::line("x"), HoldKind::Network), Tone::Music);
    }

    #[test]
    fn tones_are_those_of_the_listeners_country() {
        let check = |phone: Option<Country>, pool: Option<Country>, system: Country, expect: Country| {
            let pool = Arc::new(DevicePool { country: pool, ..DevicePool::default() });
            let home = Home { pool, line_space: SearchSpace::null(), roams: false };
            let settings =
                PhoneSettings { country: phone, home: Some(Arc::new(home)), ..PhoneSettings::default() };
            let phone = LinePhone { settings: Arc::new(settings), ..LinePhone::default() };
            let mut configuration = Configuration { country: system, ..Configuration::empty() };
            configuration.lines.insert("1001", Line { phones: Box::new([phone]), ..Line::default() });
            let expect = match expect {
                Country::UnitedStates => Tone::Ringing,
                country => Tone::National { country, tone: CallTone::Ringing },
            };
            assert_eq!(configuration.ringing_tone(&Origin::line("1001")), expect);
        };
        let (france, italy, japan) = (Some(Country::France), Some(Country::Italy), Country::Japan);
        check(france, italy, japan, Country::France);
        check(None, italy, japan, Country::Italy);
        check(None, None, japan, Country::Japan);
        check(Some(Country::UnitedStates), italy, japan, Country::UnitedStates);
        check(None, None, Country::default(), Country::UnitedStates);
    }
}
