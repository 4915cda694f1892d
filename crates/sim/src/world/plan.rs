//! What a seed decides.

use std::time::Duration;

use strowger_base::Rng;
use strowger_callcontrol::RelayMode;

use crate::network::Weather;
use crate::phone::Manners;
use crate::setting::{Media, Recorders, Setting};

/// What a seed decides.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(super) seed: u64,
    pub(super) minutes: u64,
    pub(super) lines: u64,
    /// Lines behind those that have SCCP phones.
    pub(super) stations: u64,
    pub(super) phones_per_line: u64,
    /// Each phone of a line has a user name and password of its own.
    pub(super) apart: bool,
    pub(super) weather: Weather,
    pub(super) manners: Manners,
    pub(super) crashes: u64,
    pub(super) disk_failures: u64,
    pub(super) relay: RelayMode,
    pub(super) interdigit_timer: Duration,
    /// One of so many calls asks for a feature; 0 is none.
    pub(super) features: u64,
    /// Milliseconds between two keys that are pressed somewhere; 0 is never.
    pub(super) keys: u64,
    /// The same of orders of operators and programs.
    pub(super) orders: u64,
    /// Phones watch lines and mailboxes.
    pub(super) watches: bool,
    /// So many storms follow each other, and after each of them identities are looked at.
    pub(super) storms: u32,
    pub(super) media: Media,
    pub(super) recorders: Recorders,
}

impl Plan {
    pub(crate) fn of_seed(seed: u64, minutes: u64) -> Plan {
        let mut rng = Rng::new(seed ^ 0x51e0_7a7e);
        let now_and_then = |rng: &mut Rng, often: u64| if rng.one_in(3) { 0 } else { 2 + rng.below(often) };
        let weather = Weather {
            loses: now_and_then(&mut rng, 30),
            repeats: now_and_then(&mut rng, 30),
            jitter_us: 1_000 + rng.below(400_000),
            damages: now_and_then(&mut rng, 200),
        };
        let manners = Manners {
            forgets: now_and_then(&mut rng, 40),
            babbles: now_and_then(&mut rng, 100),
            omits_ack: now_and_then(&mut rng, 40),
            rejects: now_and_then(&mut rng, 20),
            ignores: now_and_then(&mut rng, 20),
            cancels: now_and_then(&mut rng, 10),
            crosses: now_and_then(&mut rng, 10),
            byes_early: now_and_then(&mut rng, 20),
            transfers: 0,
            lingers: false,
        };
        let relay = match rng.below(3) {
            0 => RelayMode::Always,
            1 => RelayMode::WhenBehindNat,
            _ => RelayMode::Never,
        };
        Plan {
            seed,
            minutes,
            lines: 2 + rng.below(5),
            phones_per_line: 1 + rng.below(3),
            weather,
            crashes: if rng.one_in(2) { 1 + rng.below(3) } else { 0 },
            disk_failures: if rng.one_in(3) { 1 + rng.below(2) } else { 0 },
            relay,
            interdigit_timer: Duration::from_millis(3_000 + rng.below(12_001)),
            apart: rng.one_in(2),
            manners: Manners { transfers: now_and_then(&mut rng, 6), ..manners },
            features: now_and_then(&mut rng, 3),
            keys: 0,
            orders: 0,
            watches: false,
            storms: 1,
            stations: 0,
            media: Media::default(),
            recorders: Recorders::default(),
        }
    }

    /// The network for media: keys are repeated so often there that they arrive, but not sound.
    pub(super) fn air(&self) -> Weather {
        let Weather { repeats, jitter_us, .. } = self.weather;
        Weather { loses: 0, repeats, jitter_us: jitter_us.min(15_000), damages: 0 }
    }

    /// What the node is set up with.
    pub(super) fn setting(&self) -> Setting {
        Setting {
            lines: self.lines,
            stations: self.stations,
            phones_apart: if self.apart { self.phones_per_line } else { 0 },
            relay: self.relay,
            interdigit_timer: self.interdigit_timer,
            media: self.media,
            recorders: self.recorders,
        }
    }

    /// A storm of features: every phone's keys in any order, orders and subscriptions beside them. People are patient, so that calls
    /// live long enough for that; the network, the disk and the power are as bad as ever.
    pub(crate) fn of_storm(seed: u64, minutes: u64) -> Plan {
        let plan = Plan::of_seed(seed, minutes);
        let mut rng = Rng::new(seed ^ 0x5702_0003);
        let manners = Manners {
            rejects: plan.manners.rejects * 2,
            cancels: plan.manners.cancels * 2,
            transfers: 4 + rng.below(8),
            lingers: true,
            ..plan.manners
        };
        let phones_per_line = 1 + rng.below(2);
        let media = Media::of_storm(&mut rng);
        // An intercom line is on one phone.
        let media = Media { intercom: media.intercom && phones_per_line == 1, ..media };
        Plan {
            lines: 3 + rng.below(3),
            phones_per_line,
            manners,
            features: 3 + rng.below(5),
            keys: 300 + rng.below(2_000),
            orders: if rng.one_in(2) { 0 } else { 2_000 + rng.below(10_000) },
            watches: true,
            storms: 5,
            // They came later: what a seed was before is not changed by them.
            stations: Rng::new(seed ^ 0x5cc9_0001).below(3),
            media,
            recorders: Recorders::of_storm(seed),
            ..plan
        }
    }
}
