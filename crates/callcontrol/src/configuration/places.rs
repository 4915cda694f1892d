//! Where devices are, as far as it rules their media: regions, locations, and the way over the public network (AAR).

use std::net::IpAddr;
use std::sync::Arc;

use strowger_base::leg::{Origin, Target};
use strowger_dialplan::admission::{
    AarGroups, AarSwitch, AccountingParameters, AudioCodec, HUB_NONE, LocationId, Locations, RegionDefaults,
    RegionLimits, Regions, VoiceMailInstead,
};
use strowger_dialplan::{Mask, SearchSpace};

use super::{Configuration, Whereabouts};

/// What regions and locations say about calls.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Some device is in a region or a location; where none is, no call is looked at.
    pub in_use: bool,
    /// Which codecs calls between regions use.
    pub regions: Regions<Arc<str>>,
    /// What locations can carry, and the links between them.
    pub locations: Locations,
    /// What is counted for a codec.
    pub accounting: AccountingParameters,
    /// Calls without bandwidth go over the public network: the service parameter.
    pub aar: AarSwitch,
    /// What leads from one AAR group to another.
    pub aar_groups: AarGroups<Arc<str>>,
}

/// The region and the location of a device.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Site {
    /// Its region; where neither device of a call has one, their codecs are theirs.
    pub region: Option<Arc<str>>,
    /// Its location; [`HUB_NONE`] when `None`.
    pub location: Option<Arc<str>>,
}

/// How a device dials numbers over the public network.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct AarCaller {
    /// Which prefixes it dials, and which lead to it.
    pub group: Option<Arc<str>>,
    /// What it sees of the plan then; what its AAR setting leaves open sees nothing but the null partition.
    pub search_space: Option<SearchSpace>,
}

/// How a line is reached over the public network.
#[derive(Clone, Default, Debug)]
pub struct LineAar {
    /// What makes the number to dial of the line's number; its external mask when `None`.
    pub destination_mask: Option<Mask>,
    /// Such calls go to its voice mail instead.
    pub voice_mail: VoiceMailInstead,
    /// Its group; that of its phone when `None`.
    pub group: Option<Arc<str>>,
}

impl Default for Admission {
    fn default() -> Self {
        Admission {
            in_use: false,
            regions: Regions::new(RegionDefaults::default()),
            locations: Locations::new(),
            accounting: AccountingParameters::default(),
            aar: AarSwitch::default(),
            aar_groups: AarGroups::new(),
        }
    }
}

impl Admission {
    /// What holds between two devices; `None` when neither is in a region.
    pub fn limits(&self, from: Option<&Arc<str>>, to: Option<&Arc<str>>) -> Option<RegionLimits<'_>> {
        match (from, to) {
            (None, None) => None,
            (Some(from), Some(to)) => Some(self.regions.limits(from, to)),
            // Who is in no region is in another one than everybody else.
            (Some(_), None) | (None, Some(_)) => {
                let defaults = &self.regions.defaults;
                Some(RegionLimits {
                    preference: &defaults.preference,
                    audio_kbps_max: defaults.audio_kbps_between,
                    video_kbps_max: defaults.video_kbps,
                })
            }
        }
    }

    /// A location by its name; `Hub_None` for one that is not there.
    pub(crate) fn location(&self, name: &str) -> Option<LocationId> {
        self.locations.find(name).or_else(|| self.locations.find(HUB_NONE))
    }

    /// What a call with this codec takes of a location.
    pub(crate) const fn accounted(&self, codec: &AudioCodec) -> u32 {
        codec.accounted_kbps(self.accounting)
    }
}

impl Site {
    /// The name of its location.
    pub fn location(&self) -> &str {
        self.location.as_deref().unwrap_or(HUB_NONE)
    }

    /// The same, with what this does not say taken from another one.
    #[must_use]
    pub fn or(&self, other: &Site) -> Site {
        Site {
            region: self.region.clone().or_else(|| other.region.clone()),
            location: self.location.clone().or_else(|| other.location.clone()),
        }
    }
}

impl Configuration {
    /// Where the device of a caller is.
    pub fn site_of_origin(&self, origin: &Origin, address: Option<IpAddr>) -> Site {
        match origin {
            Origin::Line { .. } => {
                let phone = self.calling_phone(origin);
                phone.map(|phone| self.whereabouts(phone, address).site()).unwrap_or_default()
            }
            Origin::Trunk(name) => self.site_of_trunk(name),
        }
    }

    /// Where a device that is called is. A service of ours is where its caller is.
    pub fn site_of_target(&self, target: &Target, caller: &Site) -> Site {
        match target {
            Target::Phone { line, phone, .. } => {
                let phone = self.phone(line.as_str(), phone.as_deref());
                phone.map(|phone| self.whereabouts(phone, None).site()).unwrap_or_default()
            }
            Target::Trunk(name) => self.site_of_trunk(name),
            Target::Service(_) => caller.clone(),
        }
    }

    fn site_of_trunk(&self, name: &str) -> Site {
        self.trunks.get(name).map(|trunk| trunk.site.clone()).unwrap_or_default()
    }

    /// How the device of a caller dials over the public network.
    pub(crate) fn aar_of_origin(&self, origin: &Origin, address: Option<IpAddr>) -> AarCaller {
        match origin {
            Origin::Line { .. } => {
                let phone = self.calling_phone(origin);
                phone.map(|phone| self.whereabouts(phone, address).aar().clone()).unwrap_or_default()
            }
            Origin::Trunk(name) => self.trunks.get(name).map(|trunk| trunk.aar.clone()).unwrap_or_default(),
        }
    }
}

impl<'c> Whereabouts<'c> {
    /// The region and the location of the phone: those of the place where it is.
    pub fn site(&self) -> Site {
        match self.roaming() {
            Some(pool) => pool.site.clone(),
            None => self.phone().settings.site.clone(),
        }
    }

    /// How the phone dials over the public network.
    pub fn aar(&self) -> &'c AarCaller {
        self.dials_as_there().map_or(&self.phone().settings.aar, |pool| &pool.aar)
    }
}
