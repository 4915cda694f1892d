//! Device pools, and which of them rules for a phone where it is.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use strowger_base::Country;
use strowger_base::journal::{EmergencyFrom, MobilityView};
use strowger_dialplan::mobility::{MobilityCase, MobilityMap, PoolChoice, PoolPlace};
use strowger_dialplan::normalise::{ByNumberType, IncomingRule};
use strowger_dialplan::route_list::LocalRouteGroups;
use strowger_dialplan::{Caller, Digits, NumberView, SearchSpace, Zone};

use super::places::{AarCaller, Site};
use super::{Barging, Configuration, HoldSources, LinePhone, MediaUse};

/// What devices of one place have in common.
#[derive(Clone, Default, Debug)]
pub struct DevicePool {
    /// Its name.
    pub name: Box<str>,
    /// Where its phones are.
    pub place: PoolPlace,
    /// What phones of the same mobility group see of the plan while they roam here, in place of their device's search space.
    pub mobility_space: Option<SearchSpace>,
    /// What stands for local route groups.
    pub local_route_groups: LocalRouteGroups<Box<str>>,
    /// How its phones see numbers; as they are when `None`.
    pub view: Option<Arc<NumberView>>,
    /// Whose tones its devices hear, where these do not say it.
    pub country: Option<Country>,
    /// Which audio sources others hear on account of its devices, where these do not say it.
    pub hold_sources: HoldSources,
    /// What line keys of its phones do while another phone of the line has a call, where these do not say it.
    pub single_button_barge: Option<Barging>,
    /// Its time zone.
    pub zone: Option<Zone>,
    /// The calling number of emergency calls from here.
    pub emergency_number: Option<Digits>,
    /// How calling numbers that its trunks bring become the plan's, where these do not say it.
    pub incoming_calling: ByNumberType<Option<IncomingRule>>,
    /// How called numbers that its trunks bring become the plan's, where these do not say it.
    pub incoming_called: ByNumberType<Option<IncomingRule>>,
    /// The region and the location of its devices.
    pub site: Site,
    /// How its devices dial over the public network.
    pub aar: AarCaller,
    /// Which media resources its devices use.
    pub media: MediaUse,
}

/// Which subnets belong to which device pools.
#[derive(Clone, Default, Debug)]
pub struct Mobility {
    /// Device mobility infos.
    pub map: MobilityMap<Arc<DevicePool>>,
    /// The calling number of emergency calls from the subnets of an info, by its name.
    pub emergency_numbers: BTreeMap<Box<str>, Digits>,
}

/// Where a phone belongs.
#[derive(Clone, Debug)]
pub struct Home {
    /// Its device pool.
    pub pool: Arc<DevicePool>,
    /// What its line sees of the plan, without what the device sees.
    pub line_space: SearchSpace,
    /// The pool of another place rules while it is there.
    pub roams: bool,
}

/// A phone where it is now.
#[derive(Clone, Copy, Debug)]
pub struct Whereabouts<'c> {
    phone: &'c LinePhone,
    case: MobilityCase,
    /// The device mobility info that holds its address.
    info: Option<&'c str>,
    /// The device pool that rules there.
    here: Option<&'c DevicePool>,
    emergency: Option<(Digits, EmergencyFrom<'c>)>,
}

impl Configuration {
    /// Where a phone of a line is, by the address that its packets come from.
    pub fn whereabouts<'c>(&'c self, phone: &'c LinePhone, address: Option<IpAddr>) -> Whereabouts<'c> {
        let located = address.and_then(|address| self.mobility.map.locate(address));
        let info = located.as_ref().map(|located| located.info.name());
        let settings = &*phone.settings;
        let roams = settings.home.as_ref().is_some_and(|home| home.roams);
        let home = settings.home.as_ref().map(|home| &home.pool);
        // A phone without a device pool is at home everywhere.
        let here = located
            .as_ref()
            .zip(home)
            .filter(|_| roams)
            .and_then(|(located, home)| located.info.pool_by(|it| it.name == home.name));
        let here = here.map(|pool| &**pool);
        let case = home
            .map_or(MobilityCase::Unknown, |home| MobilityCase::of(&home.place, here.map(|it| &it.place)));
        let subnet = info.and_then(|info| {
            Some((*self.mobility.emergency_numbers.get(info)?, EmergencyFrom::Subnet(info)))
        });
        let of = |pool: &'c DevicePool| Some((pool.emergency_number?, EmergencyFrom::DevicePool(&pool.name)));
        let own = settings.emergency_number.map(|number| (number, EmergencyFrom::Line));
        let emergency = match case.media_from() {
            PoolChoice::Home => own.or(subnet).or_else(|| here.and_then(of)).or_else(|| of(home?)),
            // Elsewhere a number of home would send help to the wrong place.
            PoolChoice::Roaming => subnet.or_else(|| here.and_then(of)),
        };
        Whereabouts { phone, case, info, here, emergency }
    }
}

impl<'c> Whereabouts<'c> {
    /// The device mobility info that holds the phone's address.
    pub const fn info(&self) -> Option<&'c str> {
        self.info
    }

    /// The device pool that rules where it is; empty when none is known.
    pub fn pool(&self) -> &'c str {
        self.here.map_or("", |pool| &pool.name)
    }

    /// Its home pool; empty when it has none.
    pub fn home(&self) -> &'c str {
        self.phone.settings.home.as_ref().map_or("", |home| &home.pool.name)
    }

    /// How far it is from home, where that can be said.
    pub const fn away(&self) -> Option<MobilityView> {
        match self.case {
            MobilityCase::Unknown => None,
            MobilityCase::AtHome => Some(MobilityView::AtHome),
            MobilityCase::SameGroup => Some(MobilityView::SameGroup),
            MobilityCase::OtherGroup => Some(MobilityView::OtherGroup),
        }
    }

    /// The calling number of emergency calls from there, and whose setting it is.
    pub const fn emergency(&self) -> Option<(Digits, EmergencyFrom<'c>)> {
        self.emergency
    }

    /// Who dials, as digit analysis knows it.
    pub fn caller(&self) -> Arc<Caller> {
        let space = match (self.case.dialling_from(), &self.phone.settings.home, self.here) {
            (PoolChoice::Roaming, Some(home), Some(here)) => {
                here.mobility_space.as_ref().map(|space| home.line_space.before(space))
            }
            (PoolChoice::Home | PoolChoice::Roaming, _, _) => None,
        };
        let zone = self.roaming().and_then(|pool| pool.zone.clone());
        let mut caller = Caller { number: self.phone.digits(), ..Caller::clone(&self.phone.dials) };
        caller.search_space = space.unwrap_or(caller.search_space);
        caller.zone = zone.or(caller.zone);
        caller.emergency_number = self.emergency.map(|(number, _)| number);
        Arc::new(caller)
    }

    /// What stands for local route groups: the gateways of the place where the phone is.
    pub fn local_route_groups(&self) -> &'c LocalRouteGroups<Box<str>> {
        self.roaming().map_or(&self.phone.settings.local_route_groups, |pool| &pool.local_route_groups)
    }

    /// How the phone sees numbers; as they are when `None`.
    pub fn view(&self) -> Option<&'c NumberView> {
        match (self.case.dialling_from(), self.here) {
            (PoolChoice::Roaming, Some(here)) => here.view.as_deref(),
            (PoolChoice::Home | PoolChoice::Roaming, _) => self.phone.settings.view.as_deref(),
        }
    }

    pub(super) const fn phone(&self) -> &'c LinePhone {
        self.phone
    }

    /// The pool of the place, when the phone dials there as if it belonged there.
    pub(super) fn dials_as_there(&self) -> Option<&'c DevicePool> {
        match self.case.dialling_from() {
            PoolChoice::Roaming => self.here,
            PoolChoice::Home => None,
        }
    }

    /// The pool of the place, when it is another place than home.
    pub(super) fn roaming(&self) -> Option<&'c DevicePool> {
        match self.case.media_from() {
            PoolChoice::Roaming => self.here,
            PoolChoice::Home => None,
        }
    }
}
