//! Regions, locations and AAR groups as an operator writes them, and their way into call control.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_callcontrol::configuration::{AarCaller, Admission, LineAar, Site};
use strowger_dialplan::admission::{
    AarSwitch, AccountingParameters, HUB_NONE, LocationError, Pools, RegionDefaults, RegionPair, RoomOnPath,
    VoiceMailInstead,
};
use strowger_dialplan::{DialPlan, Mask};

use super::build::Findings;
use super::{Draft, Place, Problem, transformations};

/// Which codecs calls use, what bandwidth they take, and where they go without.
#[derive(Clone, Default, Debug)]
pub struct AdmissionDraft {
    /// The regions.
    pub regions: Vec<RegionDraft>,
    /// What holds where a pair of regions says nothing.
    pub defaults: RegionDefaults,
    /// The locations but for `Hub_None`, which is always there.
    pub locations: Vec<LocationDraft>,
    /// Which locations on the way of a call must have room.
    pub room: RoomOnPath,
    /// What is counted for a codec.
    pub accounting: AccountingParameters,
    /// The AAR groups.
    pub aar_groups: Vec<AarGroupDraft>,
    /// Whether calls without bandwidth go over the public network.
    pub aar: AarSwitch,
    /// Where each conference bridge of the nodes is, by its name.
    pub bridges: Vec<(Box<str>, SiteDraft)>,
}

/// A region.
#[derive(Clone, Default, Debug)]
pub struct RegionDraft {
    /// Its name.
    pub name: Box<str>,
    /// What holds towards other regions, and within it.
    pub relations: Vec<(Box<str>, RegionPair)>,
}

/// A location.
#[derive(Clone, Default, Debug)]
pub struct LocationDraft {
    /// Its name.
    pub name: Box<str>,
    /// What it can carry.
    pub pools: Pools,
    /// Links to others.
    pub links: Vec<LinkDraft>,
}

/// A link between two locations.
#[derive(Clone, Default, Debug)]
pub struct LinkDraft {
    /// Where it leads; `Hub_None` when empty.
    pub to: Box<str>,
    /// The path of least weight is taken.
    pub weight: u16,
    /// What it can carry.
    pub pools: Pools,
}

/// An AAR group, with what it dials before numbers of others.
#[derive(Clone, Default, Debug)]
pub struct AarGroupDraft {
    /// Its name.
    pub name: Box<str>,
    /// The prefix for each group.
    pub prefixes: Vec<(Box<str>, Box<str>)>,
}

/// Where a device is, as far as that rules its media; what is empty is said elsewhere.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct SiteDraft {
    /// Its region.
    pub region: Box<str>,
    /// Its location; `Hub_None` when nobody says one.
    pub location: Box<str>,
    /// Its AAR group.
    pub aar_group: Box<str>,
    /// What it sees of the plan when it dials over the public network.
    pub aar_search_space: Box<str>,
}

/// How a line is reached over the public network.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LineAarDraft {
    /// What makes the number to dial; the line's external mask when empty.
    pub destination_mask: Box<str>,
    /// To voice mail instead.
    pub voice_mail: VoiceMailInstead,
    /// Its AAR group; that of its phone when empty.
    pub group: Box<str>,
}

/// What regions and locations say about calls.
pub(super) fn build(draft: &Draft, found: &mut Findings) -> Admission {
    let written = &draft.admission;
    let mut admission = Admission {
        in_use: !written.regions.is_empty() || !written.locations.is_empty(),
        accounting: written.accounting,
        aar: written.aar,
        ..Admission::default()
    };
    admission.regions.defaults = written.defaults.clone();
    for region in &written.regions {
        for (other, pair) in &region.relations {
            admission.regions.set(Arc::from(&*region.name), Arc::from(&**other), pair.clone());
        }
    }
    for group in &written.aar_groups {
        for (other, prefix) in &group.prefixes {
            admission.aar_groups.set(Arc::from(&*group.name), Arc::from(&**other), prefix);
        }
    }
    locations(draft, &mut admission, found);
    admission
}

fn locations(draft: &Draft, admission: &mut Admission, found: &mut Findings) {
    let locations = &mut admission.locations;
    locations.room = draft.admission.room;
    let written = || draft.admission.locations.iter().enumerate();
    for (index, location) in written() {
        found.text(Place::Location(index), "name", &location.name, "berlin");
        if let Err(error) = locations.add(&location.name, location.pools) {
            wrong(Place::Location(index), "name", error, found);
        }
    }
    for (index, location) in written() {
        let place = Place::Location(index);
        for link in &location.links {
            let to = if link.to.is_empty() { HUB_NONE } else { &link.to };
            let ends = locations.find(&location.name).zip(locations.find(to));
            let Some((from, to)) = ends else {
                let known = draft.admission.locations.iter().map(|known| &*known.name);
                found.unknown(place, "links", to, known);
                continue;
            };
            if let Err(error) = locations.link(from, to, link.weight, link.pools) {
                wrong(place, "links", error, found);
            }
        }
    }
}

fn wrong(place: Place, setting: &'static str, error: LocationError, found: &mut Findings) {
    let problem = match error {
        LocationError::Duplicate { name } if *name == *HUB_NONE => {
            let there = "the location that is always there".into();
            Problem::Duplicate { found: name, there }
        }
        LocationError::Duplicate { name } => {
            Problem::Duplicate { found: name, there: "another location".into() }
        }
        LocationError::LinkTwice { ref b, .. } | LocationError::LinkToItself { name: ref b } => {
            Problem::Malformed { found: b.clone(), why: error.to_string().into() }
        }
        LocationError::Unknown => Problem::Malformed { found: Box::default(), why: error.to_string().into() },
    };
    found.add(place, setting, problem);
}

/// Where conference bridges are.
pub(super) fn bridges(draft: &Draft) -> BTreeMap<Box<str>, Site> {
    draft.admission.bridges.iter().map(|(name, written)| (name.clone(), site(written))).collect()
}

/// Where a device is by its own settings.
pub(super) fn site(written: &SiteDraft) -> Site {
    Site { region: named(&written.region), location: named(&written.location) }
}

/// How a device dials over the public network, by its own settings.
pub(super) fn aar(plan: &DialPlan, place: Place, written: &SiteDraft, found: &mut Findings) -> AarCaller {
    let setting = "aar_search_space";
    AarCaller {
        group: named(&written.aar_group),
        search_space: transformations::space(plan, place, setting, &written.aar_search_space, found),
    }
}

/// What a device does not say itself is as its device pool says.
pub(super) fn or_pool(own: AarCaller, pool: Option<&AarCaller>) -> AarCaller {
    let of_pool = pool.cloned().unwrap_or_default();
    AarCaller { group: own.group.or(of_pool.group), search_space: own.search_space.or(of_pool.search_space) }
}

/// How a line is reached over the public network.
pub(super) fn line(place: Place, written: &LineAarDraft, found: &mut Findings) -> LineAar {
    let mask = &written.destination_mask;
    let destination_mask = match mask.parse::<Mask>() {
        _ if mask.is_empty() => None,
        Ok(mask) => Some(mask),
        Err(error) => {
            found.malformed(place, "aar.destination_mask", mask, &error);
            None
        }
    };
    LineAar { destination_mask, voice_mail: written.voice_mail, group: named(&written.group) }
}

fn named(name: &str) -> Option<Arc<str>> {
    (!name.is_empty()).then(|| Arc::from(name))
}
