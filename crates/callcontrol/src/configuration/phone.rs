//! Lines as they stand on phones: each phone dials in its own way.

use std::net::IpAddr;
use std::sync::Arc;

use strowger_base::leg::Origin;
use strowger_base::{Country, LineName, ShortText};
use strowger_dialplan::route_list::LocalRouteGroups;
use strowger_dialplan::{Caller, Digits, NumberView, SearchSpace};

use super::mobility::Home;
use super::places::{AarCaller, Site};
use super::{
    Barging, Configuration, DoNotDisturb, HoldSources, IntercomLine, KeyMethod, Line, LineRecording,
    MediaUse, SrtpRule,
};

/// A line as it stands on one of its phones.
#[derive(Clone, Default, Debug)]
pub struct LinePhone {
    /// Its name; `None` only for the one phone of a line.
    pub name: Option<Arc<str>>,
    /// The number of its line, or the name of one that has none.
    pub number: ShortText,
    /// Who dials there, as digit analysis knows it but for the number: shared by phones that dial alike, whatever their line.
    pub dials: Arc<Caller>,
    /// What is the same for many phones, and shared by them.
    pub settings: Arc<PhoneSettings>,
    /// How the phone rings for the line.
    pub rings: Rings,
    /// Which line key of the phone it is, from 1; 0 when nobody said.
    pub button: u8,
}

/// How a phone rings for a line.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Rings {
    /// While the line has no other call.
    pub idle: RingSetting,
    /// During another call of the line.
    pub in_call: RingSetting,
}

/// How a phone tells of a call.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum RingSetting {
    /// It rings.
    #[default]
    Ring,
    /// It rings once.
    Once,
    /// It beeps once: the tone of call waiting during another call.
    Beep,
    /// It shows the call only.
    Silent,
}

/// What call control knows of a phone, whatever line it is used for.
#[derive(Clone, Default, Debug)]
pub struct PhoneSettings {
    /// What stands for local route groups when it calls.
    pub local_route_groups: LocalRouteGroups<Box<str>>,
    /// It sends growing numbers, each as a new wish for the call (RFC 3578).
    pub overlap: bool,
    /// Its calls are hidden from the other phones of the line, unless it shows them.
    pub private: bool,
    /// How it comes into calls of other phones of its lines; as the system says when `None`.
    pub barge: Option<Barging>,
    /// What the key of a line does there while another phone of the line has a call, as the phone or its device pool says; as the system
    /// says when `None`.
    pub single_button_barge: Option<Barging>,
    /// It is told of messages without asking.
    pub told_of_messages: bool,
    /// Whose lines it may watch; what it may call when `None`.
    pub watches: Option<SearchSpace>,
    /// Lines that it has a busy lamp for: it may watch them whatever it may call.
    pub lamps: Arc<[LineName]>,
    /// Numbers that it dials by their position, from 1.
    pub speed_dials: Arc<[Box<str>]>,
    /// How it sees numbers at home; as they are when `None`.
    pub view: Option<Arc<NumberView>>,
    /// Where it belongs, when it is in a device pool.
    pub home: Option<Arc<Home>>,
    /// Whose tones it hears.
    pub country: Option<Country>,
    /// Which audio sources others hear on account of it.
    pub hold_sources: HoldSources,
    /// What do not disturb does there.
    pub undisturbed: DoNotDisturb,
    /// The calling number of its emergency calls while it is at home.
    pub emergency_number: Option<Digits>,
    /// Which calls of the line are recorded there.
    pub recording: LineRecording,
    /// What it may do about keys of SRTP.
    pub srtp: SrtpRule,
    /// Which media resources its calls use.
    pub media: MediaUse,
    /// How keys that are pressed reach it.
    pub keys: KeyMethod,
    /// Its region and its location while it is at home.
    pub site: Site,
    /// How its calls go over the public network while it is at home.
    pub aar: AarCaller,
}

impl PhoneSettings {
    /// Whether both leave the same to who dials on one line: where numbers lead from there, and how it sees them. What else is set
    /// at a phone, such as recordings, is no matter of dialling.
    fn dial_as(&self, other: &PhoneSettings) -> bool {
        let same_home = match (&self.home, &other.home) {
            (Some(one), Some(other)) => Arc::ptr_eq(&one.pool, &other.pool) && one.roams == other.roams,
            (one, other) => one.is_none() && other.is_none(),
        };
        same_home
            && self.local_route_groups == other.local_route_groups
            && self.overlap == other.overlap
            && self.view == other.view
            && self.speed_dials == other.speed_dials
            && self.emergency_number == other.emergency_number
            && self.site == other.site
            && self.aar == other.aar
    }
}

impl LinePhone {
    /// How it is called among those who dial: by its line, and its name where it has one.
    pub fn on(&self, line: &str) -> String {
        self.name.as_ref().map_or_else(|| line.to_owned(), |name| format!("{line}/{name}"))
    }

    /// Who dials there, while the phone is at home.
    pub fn caller(&self) -> Arc<Caller> {
        Arc::new(Caller { number: self.digits(), ..Caller::clone(&self.dials) })
    }

    /// The number of its line; none where that is a name.
    pub(super) fn digits(&self) -> Digits {
        Digits::parse(&self.number).unwrap_or_default()
    }

    /// Whether both, of one line, dial alike, as far as who dials is shared.
    pub fn dials_as(&self, other: &LinePhone) -> bool {
        Arc::ptr_eq(&self.dials, &other.dials)
            && (Arc::ptr_eq(&self.settings, &other.settings) || self.settings.dial_as(&other.settings))
    }
}

impl Line {
    /// The phone with this name; without a name the only phone.
    pub fn phone(&self, name: Option<&str>) -> Option<&LinePhone> {
        match (name, &*self.phones) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(name), phones) => phones.iter().find(|phone| phone.name.as_deref() == Some(name)),
        }
    }

    /// One of each kind of its phones that dial differently, in their order.
    pub fn dialling_phones(&self) -> impl Iterator<Item = &LinePhone> {
        let phones = &self.phones;
        let is_new =
            |at: usize, phone: &LinePhone| !phones.iter().take(at).any(|other| other.dials_as(phone));
        phones.iter().enumerate().filter(move |(at, phone)| is_new(*at, phone)).map(|(_, phone)| phone)
    }
}

impl Configuration {
    /// What an intercom line has; `None` for other lines.
    pub fn intercom(&self, line: &str) -> Option<&IntercomLine> {
        self.lines.get(line)?.intercom.as_deref()
    }

    /// A phone of a line; without a name the line's only one.
    pub fn phone(&self, line: &str, name: Option<&str>) -> Option<&LinePhone> {
        self.lines.get(line)?.phone(name)
    }

    /// Who dials on a device, as digit analysis knows it.
    pub(crate) fn caller_of(&self, origin: &Origin, address: Option<IpAddr>) -> Arc<Caller> {
        match origin {
            Origin::Line { .. } => {
                let phone = self.calling_phone(origin);
                phone.map(|phone| self.whereabouts(phone, address).caller()).unwrap_or_default()
            }
            Origin::Trunk(name) => {
                self.trunks.get(name).map(|trunk| Arc::clone(&trunk.caller)).unwrap_or_default()
            }
        }
    }

    /// What the key of a line does at once while another phone of the line has a call.
    pub(crate) fn single_button_barge(&self, phone: &Origin) -> Barging {
        let own = self.calling_phone(phone).and_then(|phone| phone.settings.single_button_barge);
        own.unwrap_or(self.conferences.single_button_barge)
    }

    /// How a phone comes into calls of other phones of its line: as its line key does, or else as it is configured.
    pub(crate) fn barge(&self, phone: &Origin) -> Barging {
        let own = self.calling_phone(phone).and_then(|phone| phone.settings.barge);
        let configured = [self.single_button_barge(phone), own.unwrap_or(self.conferences.barge)];
        configured.into_iter().find(|how| *how != Barging::Off).unwrap_or(Barging::Off)
    }

    /// Whether a phone may come into calls of other phones of its line.
    pub fn barges(&self, phone: &Origin) -> bool {
        self.barge(phone) != Barging::Off
    }

    /// The phone that calls; none for a trunk, and for one that is no longer configured.
    pub fn calling_phone(&self, origin: &Origin) -> Option<&LinePhone> {
        match origin {
            Origin::Line { line, phone } => self.phone(line.as_str(), phone.as_deref()),
            Origin::Trunk(_) => None,
        }
    }
}
