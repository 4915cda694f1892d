//! From what is wrong with a draft back to the objects that it came from.

use std::collections::BTreeMap;
use std::fmt;

use strowger_configuration::reader::Names;
use strowger_configuration::{Id, Kind, State};

use crate::configuration::{ConfigurationError, Place};

/// Which object each part of a draft came from.
#[derive(Clone, Default, Debug)]
pub struct Origins(BTreeMap<Place, (Kind, Id)>);

/// Something that is wrong with an object, for who wrote it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// What the object is.
    pub kind: Kind,
    /// Which one; `None` when it has the defaults only, or when more than one are meant.
    pub object: Option<Id>,
    /// What it is called.
    pub name: Box<str>,
    /// The setting, as in `inbound.called`.
    pub setting: Box<str>,
    /// What is wrong with that; it goes on behind the setting.
    pub why: Box<str>,
}

impl Origins {
    /// The same with lines that are changed by themselves, each with its phones, in the order of the changes.
    #[must_use]
    pub fn with_lines<'l>(mut self, lines: impl IntoIterator<Item = (Id, &'l [Id])>) -> Self {
        for (index, (line, phones)) in lines.into_iter().enumerate() {
            self.add(Place::Line(index), Kind::Line, line);
            for (at, phone) in phones.iter().enumerate() {
                self.add(Place::Phone(index, at), Kind::Phone, *phone);
            }
        }
        self
    }

    /// Remembers an object.
    pub(super) fn add(&mut self, place: Place, kind: Kind, id: Id) {
        self.0.insert(place, (kind, id));
    }

    /// The object that a part of the draft came from.
    pub fn object(&self, place: Place) -> Option<(Kind, Id)> {
        self.0.get(&place).copied()
    }

    /// What is wrong with a draft as it is wrong with the objects of the state that it came from.
    pub fn faults(&self, state: &State, errors: &[ConfigurationError]) -> Vec<Fault> {
        errors.iter().map(|error| self.fault(state, error)).collect()
    }

    fn fault(&self, state: &State, error: &ConfigurationError) -> Fault {
        let setting = setting(error.place, error.setting);
        let why = error.problem.to_string();
        match self.object(error.place) {
            Some((kind, id)) => Fault::new(state, kind, id, setting, why),
            None => Fault {
                kind: Kind::ServiceParameters,
                object: None,
                name: Kind::ServiceParameters.word().into(),
                setting: setting.into(),
                why: why.into(),
            },
        }
    }
}

impl Fault {
    pub(super) fn new(state: &State, kind: Kind, id: Id, setting: &str, why: impl Into<Box<str>>) -> Self {
        let name = state.name(kind, id).into();
        Fault { kind, object: Some(id), name, setting: setting.into(), why: why.into() }
    }
}

/// `line internal:1001: external_mask is ...`
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.title())?;
        if *self.name != *self.kind.word() {
            write!(f, " {}", self.name)?;
        }
        write!(f, ": {} {}", self.setting, self.why)
    }
}

/// What the object calls a setting of the draft.
fn setting(place: Place, of_draft: &'static str) -> &'static str {
    let named = match place {
        Place::Node => NODE,
        Place::Line(_) => LINE,
        Place::Phone(..) => PHONE,
        Place::Service(_) => &[("number", "pattern")],
        Place::Trunk(_) | Place::PlannedTrunk(_) => TRUNK,
        Place::Partition(_) => &[("hours", "time_schedule")],
        Place::Translation(_) | Place::Route(_) | Place::Block(_) | Place::Feature(_) => PATTERN,
        Place::CallingTransformation(_) | Place::CalledTransformation(_) => &[],
        Place::DirectoryUri(_) => &[("uri", "pattern")],
        Place::DevicePool(_) => {
            &[("search_space", "mobility_search_space"), ("transformation_space", "transformation_spaces")]
        }
        Place::RouteGroup(_) => &[("trunks", "members")],
        Place::RouteList(_) => ROUTE_LIST,
        Place::LineGroup(_) => &[("ring_seconds", "ring_no_answer_reversion")],
        Place::HuntList(_) => &[("groups", "line_groups")],
        Place::HuntPilot(_) => HUNT_PILOT,
        Place::Location(_) => &[],
        Place::MatterCode(_) => &[("description", "name")],
        Place::Listener(_) | Place::SearchSpace(_) | Place::MobilityInfo(_) | Place::AuthorizationCode(_) => {
            &[]
        }
    };
    named.iter().find(|(name, _)| *name == of_draft).map_or(of_draft, |(_, of_object)| of_object)
}

/// Settings that draft and object call differently.
type Renamed = &'static [(&'static str, &'static str)];

const NODE: Renamed = &[
    ("forward_ring", "ring_time"),
    ("codes_interdigit_timer", "code_timer"),
    ("codes_refused_cause", "wrong_code_cause"),
];
const LINE: Renamed = &[
    ("number", "pattern"),
    ("name", "display"),
    ("forward.all", "forwards.all"),
    ("forward.all.search_space", "forwards.all.search_space"),
    ("forward.secondary_search_space", "forwards.all_secondary_search_space"),
    ("forward.busy", "forwards.busy_internal"),
    ("forward.busy.internal", "forwards.busy_internal"),
    ("forward.busy.external", "forwards.busy_external"),
    ("forward.no_answer", "forwards.no_answer_internal"),
    ("forward.no_answer.internal", "forwards.no_answer_internal"),
    ("forward.no_answer.external", "forwards.no_answer_external"),
    ("forward.unregistered", "forwards.unregistered_internal"),
    ("forward.unregistered.internal", "forwards.unregistered_internal"),
    ("forward.unregistered.external", "forwards.unregistered_external"),
    ("forward.no_coverage", "forwards.no_coverage_internal"),
    ("forward.no_coverage.internal", "forwards.no_coverage_internal"),
    ("forward.no_coverage.external", "forwards.no_coverage_external"),
    ("forward.ring_seconds", "no_answer"),
];
const PHONE: Renamed = &[
    ("aar_search_space", "more.aar_search_space"),
    ("username", "credentials.user"),
    ("secret", "credentials.secret"),
    ("device_search_space", "search_space"),
    ("external_mask", "lines.external_mask"),
    ("transformation_space", "more.transformation_spaces"),
    ("emergency_number", "more.emergency_number"),
    ("subscribe_search_space", "more.subscribe_search_space"),
];
const TRUNK: Renamed = &[
    ("destination", "destinations"),
    ("incoming_calling", "inbound.calling"),
    ("incoming_called", "inbound.called"),
    ("significant_digits", "inbound.significant_digits"),
    ("prefix", "inbound.prefix"),
    ("transformation_space", "transformation_spaces"),
];
const PATTERN: Renamed = &[
    ("host", "pattern"),
    ("discard", "change.discard"),
    ("mask", "change.mask"),
    ("prefix", "change.prefix"),
    ("calling_mask", "change.calling_mask"),
    ("calling_prefix", "change.calling_prefix"),
    ("present", "change.present"),
    ("present_name", "change.present_name"),
];
const ROUTE_LIST: Renamed = &[
    ("groups", "members"),
    ("discard", "members.change.discard"),
    ("mask", "members.change.mask"),
    ("prefix", "members.change.prefix"),
    ("calling_mask", "members.change.calling_mask"),
    ("calling_prefix", "members.change.calling_prefix"),
    ("present", "members.change.present"),
    ("present_name", "members.change.present_name"),
];
const HUNT_PILOT: Renamed = &[
    ("max_seconds", "maximum_hunt_timer"),
    ("exhausted", "exhausted_to.number"),
    ("exhausted.search_space", "exhausted_to.search_space"),
];
