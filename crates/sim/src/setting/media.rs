//! What calls need of media: resources with few seats, locations with little room, devices that want something in each of their calls.

use strowger_base::Rng;
use strowger_base::leg::KeySignalling;
use strowger_callcontrol::configuration::{EarlyOffer, KeyMethod};
use strowger_dialplan::admission::{Pool, Pools};
use strowger_dialplan::resources::{Function, Resource};
use strowger_node::configuration::{Draft, LocationDraft, PhoneDraft};

use crate::phone::{Beside, Codecs, Keypad, Phone};

/// What a seed decides of media.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Media {
    /// Seats of each resource; no resources when 0.
    pub(crate) seats: u32,
    /// Calls are refused that do not get what their devices want.
    pub(crate) strict: bool,
    /// What each location has, in kbit/s; more than all calls together need when 0.
    pub(crate) kbps: u32,
    /// Phones have several sets of codecs.
    pub(crate) mixed: bool,
    /// Every so many-th line has phones that insist on SRTP; none when 0.
    pub(crate) encrypted: u64,
    /// Every so many-th line has phones with cameras; none when 0.
    pub(crate) cameras: u64,
    /// The last two lines are intercom lines.
    pub(crate) intercom: bool,
    /// Milliseconds between two relays that are lost; 0 is never.
    pub(crate) losses: u64,
    /// Phones have their keys in several ways.
    pub(crate) keypads: bool,
}

impl Media {
    /// Two of three storms are short of something.
    pub(crate) fn of_storm(rng: &mut Rng) -> Media {
        let mut sometimes =
            |one_in: u64, range: u64| if rng.one_in(one_in) { 1 + rng.below(range) } else { 0 };
        let media = Media {
            seats: sometimes(2, 4) as u32,
            strict: sometimes(4, 1) > 0,
            kbps: 80 * sometimes(3, 4) as u32,
            mixed: sometimes(2, 1) > 0,
            encrypted: sometimes(3, 3),
            intercom: sometimes(3, 1) > 0,
            losses: 3_000 * sometimes(2, 10),
            keypads: sometimes(2, 1) > 0,
            cameras: 0,
        };
        Media { cameras: media.losses / 3_000 % 4, ..media }
    }

    /// A location: without a bound no call is refused for want of room.
    pub(crate) fn place(self, name: &str) -> LocationDraft {
        let kbps = if self.kbps == 0 { 10_000_000 } else { self.kbps };
        let pools = Pools { audio: Pool::Kbps(kbps), ..Pools::default() };
        LocationDraft { name: name.into(), pools, ..LocationDraft::default() }
    }

    /// Resources of each kind, and devices that want them.
    pub(crate) fn furnish(self, draft: &mut Draft) {
        self.furnish_resources(draft);
        for (line, keypad) in draft.lines.iter_mut().zip(Keypad::ALL.iter().cycle()).filter(|_| self.keypads)
        {
            line.phones.iter_mut().for_each(|phone| phone.keys = method(*keypad));
        }
    }

    fn furnish_resources(self, draft: &mut Draft) {
        if self.seats == 0 {
            return;
        }
        seats(draft, &FUNCTIONS, self.seats);
        draft.media.fails_without_trusted_relay = self.strict;
        draft.media.fails_without_termination_point = self.strict;
        for (line, wants) in draft.lines.iter_mut().zip(WANTS.iter().cycle()) {
            line.phones.iter_mut().for_each(wants);
        }
    }

    /// What the phones of a line have.
    pub(crate) fn equips(self, phone: &mut Phone, line: u64) {
        if self.mixed {
            phone.codecs = Codecs::MIXED[phone.rng.below(Codecs::MIXED.len() as u64) as usize];
        }
        if self.keypads {
            phone.keypad = Keypad::ALL[line as usize % Keypad::ALL.len()];
        }
        // Tones are in the sound, and these phones know no other than that of G.711.
        if phone.keypad == Keypad::Sound {
            phone.codecs = Codecs::G711;
        }
        if self.cameras > 0 && (line + 1).is_multiple_of(self.cameras) {
            phone.beside = Beside::Video;
        }
        phone.srtp = self.encrypted > 0 && (line + 1).is_multiple_of(self.encrypted);
    }
}

/// The setting of a device that has its keys so.
pub(crate) const fn method(keypad: Keypad) -> KeyMethod {
    match keypad {
        Keypad::Events => KeyMethod::Media,
        Keypad::Info => KeyMethod::Signalling(KeySignalling::Info),
        Keypad::Kpml => KeyMethod::Signalling(KeySignalling::Kpml),
        Keypad::Notify => KeyMethod::Signalling(KeySignalling::Notify),
        Keypad::Sound => KeyMethod::InSound,
        Keypad::Either => KeyMethod::Either,
    }
}

/// Resources of these kinds, one of each with so many seats.
pub(crate) fn seats(draft: &mut Draft, functions: &[Function], capacity: u32) {
    draft.media.in_use = true;
    for function in functions {
        let (name, is_trusted) = match function {
            Function::Annunciator => ("announcer", false),
            Function::ConferenceBridge => ("bridge", false),
            Function::Transcoder => ("transcoder", false),
            Function::TerminationPoint | Function::TrustedRelayPoint => ("point", true),
            Function::MusicOnHold => ("music", false),
        };
        let function = if is_trusted { Function::TerminationPoint } else { *function };
        draft
            .media
            .table
            .add(name, Resource { function, is_trusted, capacity: Some(capacity), is_device: false });
    }
}

/// Every kind of resource.
pub(crate) const FUNCTIONS: [Function; 5] = [
    Function::Annunciator,
    Function::ConferenceBridge,
    Function::Transcoder,
    Function::TerminationPoint,
    Function::MusicOnHold,
];

/// What the phones of lines want, in turns.
const WANTS: [fn(&mut PhoneDraft); 4] = [
    |_| {},
    |phone| phone.media.trusted_relay = Some(true),
    |phone| phone.media.early_offer = EarlyOffer::BestEffort,
    |phone| phone.media.termination_point = true,
];
