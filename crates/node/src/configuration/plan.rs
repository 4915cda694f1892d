//! The dial plan as an operator writes it, and its way into digit analysis.

use std::sync::Arc;

use strowger_base::leg::AudioSource;
use strowger_base::{Cause, LineName, Table, limits};
use strowger_callcontrol::configuration::{
    Line as LineSettings, PagingGroups, PickupGroups, Trunk as TrunkSettings,
};
use strowger_dialplan::{
    Action, CalledChange, Caller, CallingChange, CodesRequired, DialPlan, DialPlanBuilder, Digits, Emergency,
    ExternalMask, NextHopBy, NextSearchSpace, NumberPattern, Parameters, Pattern, PlanError, RoutePattern,
    RouteTarget, SearchSpace, Translation, WaitOnNextHops, is_name, is_pattern_in_small_letters,
};

use strowger_dialplan::route_list::RouteListParameters;
use strowger_dialplan::schedule::{OpeningHours, PartitionZone, Precedence, TimePeriod, Zone, ZoneError};

use super::build::{Findings, Plain};
use super::features::FeatureDraft;
use super::hunting::{HuntListDraft, HuntPilotDraft, LineGroupDraft};
use super::mobility::{self, DevicePoolDraft, MobilityInfoDraft, Pools};
use super::route_lists::{RouteGroupDraft, RouteListDraft};
use super::transformations::{self, TransformationDraft};
use super::{Draft, Line, ParkDraft, PhoneDraft, Place, Problem, TrunkDialling, admission, bounds, incoming};

/// Partitions, search spaces and patterns, as they are written.
#[derive(Clone, Default, Debug)]
pub struct PlanDraft {
    /// Timers, limits and open choices.
    pub parameters: Parameters,
    /// After which causes another trunk of a route list is tried.
    pub route_lists_rule: RouteListParameters,
    /// Which opening hours count on a day of the year that one of them names.
    pub hours_precedence: Precedence,
    /// Partitions.
    pub partitions: Vec<PartitionDraft>,
    /// Calling search spaces.
    pub search_spaces: Vec<SearchSpaceDraft>,
    /// Translation patterns.
    pub translations: Vec<TranslationDraft>,
    /// Route patterns.
    pub routes: Vec<RouteDraft>,
    /// Patterns that block.
    pub blocks: Vec<BlockDraft>,
    /// Numbers that ask for features.
    pub features: Vec<FeatureDraft>,
    /// Lines whose calls others may take.
    pub pickup: PickupGroups,
    /// Numbers at which calls are parked.
    pub park: ParkDraft,
    /// Whom pages reach.
    pub paging: PagingGroups,
    /// Directory URIs.
    pub directory_uris: Vec<DirectoryUriDraft>,
    /// Calling party transformation patterns.
    pub calling_transformations: Vec<TransformationDraft>,
    /// Called party transformation patterns.
    pub called_transformations: Vec<TransformationDraft>,
    /// Device pools.
    pub device_pools: Vec<DevicePoolDraft>,
    /// Device mobility infos.
    pub mobility_infos: Vec<MobilityInfoDraft>,
    /// Route groups.
    pub route_groups: Vec<RouteGroupDraft>,
    /// Route lists.
    pub route_lists: Vec<RouteListDraft>,
    /// Line groups.
    pub line_groups: Vec<LineGroupDraft>,
    /// Hunt lists.
    pub hunt_lists: Vec<HuntListDraft>,
    /// Hunt pilots.
    pub hunt_pilots: Vec<HuntPilotDraft>,
}

/// A partition.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct PartitionDraft {
    /// Its name.
    pub name: Box<str>,
    /// When it is open, such as `mo-fr 08:00-17:00`; always when there is none.
    pub hours: Vec<Box<str>>,
    /// Whose clock counts: an IANA zone; the calling device's when empty.
    pub zone: Box<str>,
}

/// A calling search space.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct SearchSpaceDraft {
    /// Its name.
    pub name: Box<str>,
    /// Partitions by name, best first.
    pub partitions: Vec<Box<str>>,
}

/// What every pattern has.
#[derive(Clone, Default, Debug)]
pub struct PatternDraft {
    /// The pattern; a name, such as `service`, where it is none.
    pub pattern: Box<str>,
    /// Its partition; the null partition when empty.
    pub partition: Box<str>,
    /// Route filter for `@`; none when empty.
    pub filter: Box<str>,
    /// Ends the collection of digits.
    pub urgent: bool,
}

/// What a pattern does to numbers.
#[derive(Clone, Default, Debug)]
pub struct ChangeDraft {
    /// Discard instruction; none when empty.
    pub discard: Box<str>,
    /// Mask of the called number; none when empty.
    pub mask: Box<str>,
    /// Prefix of the called number.
    pub prefix: Box<str>,
    /// Whether the external phone number mask of the calling line applies.
    pub external_mask: ExternalMask,
    /// Mask of the calling number; none when empty.
    pub calling_mask: Box<str>,
    /// Prefix of the calling number.
    pub calling_prefix: Box<str>,
    /// Whether the called may see the number: `allowed`, `restricted`, or `default`, which leaves it as it came; that when
    /// empty.
    pub present: Box<str>,
    /// The same for the name.
    pub present_name: Box<str>,
}

/// A translation pattern.
#[derive(Clone, Default, Debug)]
pub struct TranslationDraft {
    /// The pattern.
    pub pattern: PatternDraft,
    /// Where the changed number is looked up; the caller's search space when `None`.
    pub search_space: Option<Box<str>>,
    /// What it does to numbers.
    pub change: ChangeDraft,
    /// Later lookups never wait for the interdigit timer.
    pub no_wait: bool,
    /// The next lookup is for the calling number.
    pub by_calling: bool,
    /// It leads to an emergency service.
    pub emergency: bool,
}

/// A route pattern.
#[derive(Clone, Default, Debug)]
pub struct RouteDraft {
    /// The pattern.
    pub pattern: PatternDraft,
    /// In place of the pattern: a domain or network whose addresses go this way; none when empty.
    pub host: Box<str>,
    /// The trunk's name; empty when the pattern leads to a route list.
    pub trunk: Box<str>,
    /// The route list's name; empty when the pattern leads to a trunk.
    pub route_list: Box<str>,
    /// What it does to numbers.
    pub change: ChangeDraft,
    /// Whoever dials it keys in a forced authorization code of at least this level; nobody does when `None`.
    pub authorization_level: Option<u8>,
    /// Whoever dials it keys in a client matter code.
    pub matter_code: bool,
    /// The caller hears a second dial tone.
    pub outside_dial_tone: bool,
    /// It leads to an emergency service.
    pub emergency: bool,
}

impl RouteDraft {
    /// A pattern in no partition whose calls go to a trunk unchanged.
    pub fn new(pattern: &str, trunk: &str) -> Self {
        let pattern = PatternDraft { pattern: pattern.into(), ..PatternDraft::default() };
        RouteDraft { pattern, trunk: trunk.into(), ..RouteDraft::default() }
    }
}

/// A pattern that blocks.
#[derive(Clone, Debug)]
pub struct BlockDraft {
    /// The pattern.
    pub pattern: PatternDraft,
    /// In place of the pattern: a domain or network whose addresses nobody reaches; none when empty.
    pub host: Box<str>,
    /// What whoever dials it is told.
    pub cause: Cause,
    /// What is heard before that; what is announced for the cause when `None`.
    pub announcement: Option<AudioSource>,
}

/// An address that is dialled to reach a line.
#[derive(Clone, Default, Debug)]
pub struct DirectoryUriDraft {
    /// The address, as in `alice@example.com`.
    pub uri: Box<str>,
    /// Its partition; the null partition when empty.
    pub partition: Box<str>,
    /// The line.
    pub line: LineName,
}

/// Begins the plan: its rules, partitions and search spaces, which lines are made with. What is wrong goes to `found`.
pub(super) fn ground(draft: &Draft, found: &mut Findings) -> DialPlanBuilder {
    let written = &draft.plan;
    let mut plan = DialPlanBuilder::new(Parameters::default());
    bounds::parameters(written, found);
    // One that is out of its bounds was named above.
    let _ = plan.parameters(written.parameters.clone());
    for (index, partition) in written.partitions.iter().enumerate() {
        let place = Place::Partition(index);
        let hours = opening_hours(place, partition, written.hours_precedence, found);
        match plan.partition(&partition.name, hours) {
            Ok(_) => {}
            Err(PlanError::NameTaken { name }) if !name.is_empty() => {
                taken(place, name, "another partition", found)
            }
            Err(error) => found.plan(place, "name", error),
        }
    }
    for (index, space) in written.search_spaces.iter().enumerate() {
        add_search_space(&mut plan, Place::SearchSpace(index), space, found);
    }
    plan
}

/// Adds all that is no line; `lines` are there already.
pub(super) fn add_others(
    plan: &mut DialPlanBuilder,
    draft: &Draft,
    lines: &Table<LineSettings>,
    found: &mut Findings,
) {
    let written = &draft.plan;
    for (index, service) in draft.services.iter().enumerate() {
        if let Err(error) =
            plan.literal(&service.partition, &service.number, Action::Service(Box::new(service.service)))
        {
            refuse(plan, Place::Service(index), "number", error, found);
        }
    }
    for (index, translation) in written.translations.iter().enumerate() {
        add_translation(plan, Place::Translation(index), translation, found);
    }
    for (index, route) in written.routes.iter().enumerate() {
        add_route(plan, Place::Route(index), route, found);
    }
    for (index, feature) in written.features.iter().enumerate() {
        let action = Action::Feature(Box::new(feature.number.clone()));
        add(plan, Place::Feature(index), &feature.pattern, action, found);
    }
    for (index, block) in written.blocks.iter().enumerate() {
        let (place, cause) = (Place::Block(index), block.cause);
        found.range(place, "cause", Plain(cause.0), Plain(0), Plain(127));
        if block.host.is_empty() {
            add(plan, place, &block.pattern, Action::Block(cause), found);
        } else {
            add_host(plan, place, (&block.host, &block.pattern), Action::Block(cause), found);
        }
    }
    add_uris(plan, draft, lines, found);
    for (index, pilot) in written.hunt_pilots.iter().enumerate() {
        add_pilot(plan, Place::HuntPilot(index), pilot, found);
    }
}

/// The number of a line.
pub(super) fn add_line(
    plan: &mut DialPlanBuilder,
    place: Place,
    (line, name): (&Line, &LineName),
    found: &mut Findings,
) {
    let action = Action::Line(name.clone());
    let added = match line.urgent {
        true => plan.urgent_literal(&line.partition, &line.number, action),
        false => plan.literal(&line.partition, &line.number, action),
    };
    if let Err(error) = added {
        refuse(plan, place, "number", error, found);
    }
}

/// A search space with its name, all of its partitions, and not too many of them.
fn add_search_space(
    plan: &mut DialPlanBuilder,
    place: Place,
    written: &SearchSpaceDraft,
    found: &mut Findings,
) {
    let mut known: Vec<&str> = Vec::with_capacity(written.partitions.len());
    for name in &written.partitions {
        match plan.search_space_of("", [&**name]) {
            Ok(_) => known.push(name),
            Err(_) => found.unknown(place, "partitions", name, plan.partition_names()),
        }
    }
    match plan.search_space(&written.name, known) {
        Ok(space) => {
            let characters = bounds::clause(&space, |id| plan.partition_name(id));
            if characters > limits::SEARCH_SPACE_CLAUSE {
                let why = too_long(characters);
                found.add(place, "partitions", Problem::Malformed { found: written.name.clone(), why });
            }
        }
        Err(PlanError::NameTaken { name }) if !name.is_empty() => {
            taken(place, name, "another search space", found);
        }
        Err(error) => found.plan(place, "name", error),
    }
}

fn taken(place: Place, name: Box<str>, by: &str, found: &mut Findings) {
    found.add(place, "name", Problem::Duplicate { found: name, there: by.into() });
}

pub(super) fn too_long(characters: usize) -> Box<str> {
    let most = limits::SEARCH_SPACE_CLAUSE;
    format!("its partitions' names have {characters} characters together; at most {most} are allowed").into()
}

/// Says why the plan cannot have something, and what it could have instead.
fn refuse(
    plan: &DialPlanBuilder,
    place: Place,
    setting: &'static str,
    error: PlanError,
    found: &mut Findings,
) {
    match error {
        PlanError::NoSuchPartition { name, .. } => {
            found.unknown(place, "partition", &name, plan.partition_names());
        }
        PlanError::Discard { .. } => found.plan(place, "discard", error),
        PlanError::FilterWithoutPlan { .. } | PlanError::FilterLeavesNothing { .. } => {
            found.plan(place, "filter", error);
        }
        PlanError::NameTaken { .. }
        | PlanError::Duplicate { .. }
        | PlanError::Pattern { .. }
        | PlanError::OverlapWithCodes { .. }
        | PlanError::Address { .. }
        | PlanError::Parameter(_) => found.plan(place, setting, error),
    }
}

/// What a line sees of the plan, without what its phones see.
pub(super) fn line_space(plan: &DialPlan, place: Place, line: &Line, found: &mut Findings) -> SearchSpace {
    space(plan, place, &line.search_space, found)
}

/// Who dials on a line but for its number, whatever its phones say.
pub(super) fn caller_of_line(place: Place, line: &Line, space: SearchSpace, found: &mut Findings) -> Caller {
    let mut caller = Caller::new(Digits::EMPTY, space);
    caller.external_mask = optional(place, "external_mask", &line.external_mask, found);
    caller
}

/// Who dials on a phone of a line whose search space is `space`.
pub(super) fn caller_of_phone(
    plan: &DialPlan,
    place: Place,
    (line, phone): (&Caller, &PhoneDraft),
    space: &SearchSpace,
    found: &mut Findings,
) -> Caller {
    let device = space_named(plan, place, "device_search_space", &phone.device_search_space, found);
    let both = space.before(&device);
    let characters = bounds::clause(&both, |id| plan.partition_name(id));
    // Each of the two alone was looked at where it stands.
    let is_new = [space, &device]
        .iter()
        .all(|one| bounds::clause(one, |id| plan.partition_name(id)) <= limits::SEARCH_SPACE_CLAUSE);
    if is_new && characters > limits::SEARCH_SPACE_CLAUSE {
        let why = format!("behind the line's search space, {}", too_long(characters)).into();
        let problem = Problem::Malformed { found: phone.device_search_space.clone(), why };
        found.add(place, "device_search_space", problem);
    }
    let mut caller = Caller { search_space: both, ..line.clone() };
    caller.zone = zone(place, &phone.zone, found);
    if let Some(own) = &phone.external_mask {
        caller.external_mask = optional(place, "external_mask", own, found);
    }
    caller
}

/// Who dials on a trunk, and whether it is there.
pub(super) fn trunk_settings(
    plan: &DialPlan,
    place: Place,
    (dials, is_there): (&TrunkDialling, bool),
    pools: &Pools,
    found: &mut Findings,
) -> TrunkSettings {
    let space = space(plan, place, &dials.search_space, found);
    let pool = mobility::pool(place, &dials.device_pool, pools, found);
    let mut caller = Caller::new(Digits::EMPTY, space);
    caller.zone = pool.as_ref().and_then(|pool| pool.zone.clone());
    let view = transformations::view(plan, place, &dials.view, found);
    let site = admission::site(&dials.site);
    let aar = admission::aar(plan, place, &dials.site, found);
    TrunkSettings {
        caller: Arc::new(caller),
        overlap: dials.overlap,
        tells_messages: dials.tells_messages,
        is_there,
        classification: dials.classification,
        incoming: incoming::numbers(plan, place, dials, found),
        view: transformations::or(view, pool.as_ref().and_then(|pool| pool.view.as_ref())),
        site: pool.as_ref().map_or_else(|| site.clone(), |pool| site.or(&pool.site)),
        aar: admission::or_pool(aar, pool.as_ref().map(|pool| &pool.aar)),
        pool,
        srtp: dials.srtp,
        media: dials.media.clone(),
        keys: dials.keys,
    }
}

fn space(plan: &DialPlan, place: Place, name: &str, found: &mut Findings) -> SearchSpace {
    space_named(plan, place, "search_space", name, found)
}

pub(super) fn space_named(
    plan: &DialPlan,
    place: Place,
    setting: &'static str,
    name: &str,
    found: &mut Findings,
) -> SearchSpace {
    if name.is_empty() {
        return SearchSpace::null();
    }
    match plan.search_space(name) {
        Some(space) => space.clone(),
        None => {
            found.unknown(place, setting, name, plan.search_spaces().map(|(name, _)| name));
            SearchSpace::null()
        }
    }
}

fn add_translation(
    plan: &mut DialPlanBuilder,
    place: Place,
    written: &TranslationDraft,
    found: &mut Findings,
) {
    let next = match &written.search_space {
        None => NextSearchSpace::Originator,
        Some(name) if name.is_empty() => NextSearchSpace::Own(SearchSpace::null()),
        Some(name) => match plan.named_search_space(name) {
            Some(space) => NextSearchSpace::Own(space.clone()),
            None => return found.unknown(place, "search_space", name, plan.search_space_names()),
        },
    };
    let (called, calling) = changes(place, &written.change, found);
    let translation = Translation {
        next,
        called,
        calling,
        next_hop_by: if written.by_calling { NextHopBy::Calling } else { NextHopBy::Called },
        wait: if written.no_wait { WaitOnNextHops::Never } else { WaitOnNextHops::AsUsual },
        emergency: emergency(written.emergency),
    };
    add(plan, place, &written.pattern, Action::from(translation), found);
}

fn add_route(plan: &mut DialPlanBuilder, place: Place, written: &RouteDraft, found: &mut Findings) {
    let (called, calling) = changes(place, &written.change, found);
    let by_name = !written.host.is_empty() || is_name(&written.pattern.pattern);
    let written_as = if written.host.is_empty() { &written.pattern.pattern } else { &written.host };
    if by_name {
        let asks = [
            ("authorization_level", written.authorization_level.is_some()),
            ("matter_code", written.matter_code),
        ];
        for (setting, _) in asks.into_iter().filter(|(_, set)| *set) {
            let why = "codes are keyed in behind a number, and this is a name".into();
            found.add(place, setting, Problem::Malformed { found: written_as.clone(), why });
        }
    }
    let route = RoutePattern {
        called,
        calling,
        codes: CodesRequired {
            authorization_level: written.authorization_level,
            client_matter: written.matter_code,
        },
        outside_dial_tone: written.outside_dial_tone,
        emergency: emergency(written.emergency),
        ..RoutePattern::to(if written.route_list.is_empty() {
            RouteTarget::Trunk(written.trunk.clone())
        } else {
            RouteTarget::RouteList(written.route_list.clone())
        })
    };
    if written.host.is_empty() {
        add(plan, place, &written.pattern, Action::from(route), found);
    } else {
        add_host(plan, place, (&written.host, &written.pattern), Action::from(route), found);
    }
}

/// What becomes of calls to the addresses of a host.
fn add_host(
    plan: &mut DialPlanBuilder,
    place: Place,
    (host, pattern): (&str, &PatternDraft),
    action: Action,
    found: &mut Findings,
) {
    if !pattern.pattern.is_empty() {
        found.add(place, "host", Problem::Contradicts { other: "pattern" });
    }
    if let Some(why) = not_by_name(&action) {
        found.add(place, "host", Problem::Malformed { found: host.into(), why: why.into() });
    }
    if let Err(error) = plan.host(&pattern.partition, host, action) {
        refuse(plan, place, "host", error, found);
    }
}

fn add(
    plan: &mut DialPlanBuilder,
    place: Place,
    written: &PatternDraft,
    action: Action,
    found: &mut Findings,
) {
    if is_name(&written.pattern) {
        if is_pattern_in_small_letters(&written.pattern) {
            let why = "a digit is written X, not x".into();
            found.add(place, "pattern", Problem::Malformed { found: written.pattern.clone(), why });
            return;
        }
        if let Some(why) = not_by_name(&action) {
            let problem = Problem::Malformed { found: written.pattern.clone(), why: why.into() };
            found.add(place, "pattern", problem);
        }
        if let Err(error) = plan.name(&written.partition, &written.pattern, action) {
            refuse(plan, place, "pattern", error, found);
        }
        if !written.filter.is_empty() {
            let why = "a route filter acts on @ in a pattern, and this is a name".into();
            found.add(place, "filter", Problem::Malformed { found: written.filter.clone(), why });
        }
        return;
    }
    let Some(row) = row(plan, place, written, action, found) else { return };
    insert(plan, place, written, row, found);
}

/// The addresses of lines.
fn add_uris(plan: &mut DialPlanBuilder, draft: &Draft, lines: &Table<LineSettings>, found: &mut Findings) {
    for (index, written) in draft.plan.directory_uris.iter().enumerate() {
        let place = Place::DirectoryUri(index);
        if !lines.contains_key(written.line.as_str()) {
            found.unknown(place, "line", written.line.as_str(), lines.keys());
        }
        let action = Action::Line(written.line.clone());
        if let Err(error) = plan.name(&written.partition, &written.uri, action) {
            refuse(plan, place, "uri", error, found);
        }
    }
}

/// A pilot's settings are found by the name of its pattern.
fn add_pilot(plan: &mut DialPlanBuilder, place: Place, written: &HuntPilotDraft, found: &mut Findings) {
    let action = Action::Hunt { list: written.hunt_list.clone() };
    let Some(row) = row(plan, place, &written.pattern, action, found) else { return };
    insert(plan, place, &written.pattern, NumberPattern { name: written.name().into(), ..row }, found);
}

/// A row of the number table, unless it is no pattern.
fn row(
    plan: &DialPlanBuilder,
    place: Place,
    written: &PatternDraft,
    action: Action,
    found: &mut Findings,
) -> Option<NumberPattern> {
    match Pattern::read(&written.pattern, plan.rules().negated_set) {
        Ok(pattern) => {
            let filter = optional(place, "filter", &written.filter, found);
            Some(NumberPattern { urgent: written.urgent, filter, ..NumberPattern::new(pattern, action) })
        }
        Err(source) => {
            found.plan(place, "pattern", PlanError::Pattern { pattern: written.pattern.clone(), source });
            None
        }
    }
}

fn insert(
    plan: &mut DialPlanBuilder,
    place: Place,
    written: &PatternDraft,
    row: NumberPattern,
    found: &mut Findings,
) {
    if let Err(error) = plan.add(&written.partition, row) {
        refuse(plan, place, "pattern", error, found);
    }
}

/// Why a name cannot do this; names are sent as they are dialled.
fn not_by_name(action: &Action) -> Option<&'static str> {
    match action {
        Action::Translate(_) => {
            Some("it is a name, and names are not translated; give it to a line, a trunk or a block")
        }
        Action::Route(route) => match &route.to {
            RouteTarget::RouteList(_) => Some(
                "it is no number, and what is none leads to one trunk; give a trunk in place of a route list",
            ),
            RouteTarget::Trunk(_) if !route.called.is_none() || !route.calling.is_none() => {
                Some("it is no number, and what is none is sent as it is; leave out change")
            }
            RouteTarget::Trunk(_) => None,
        },
        Action::Line(_)
        | Action::Hunt { .. }
        | Action::Service(_)
        | Action::Feature(_)
        | Action::Block(_) => None,
    }
}

fn opening_hours(
    place: Place,
    written: &PartitionDraft,
    precedence: Precedence,
    found: &mut Findings,
) -> Option<OpeningHours> {
    let periods: Vec<TimePeriod> =
        written.hours.iter().filter_map(|text| optional(place, "hours", text, found)).collect();
    let zone = match zone(place, &written.zone, found) {
        Some(zone) => PartitionZone::Fixed(zone),
        None => PartitionZone::OriginatingDevice,
    };
    // Without any period it is always open; what is wrong with one has been said.
    OpeningHours::new(periods, zone, precedence).ok()
}

pub(super) fn zone(place: Place, name: &str, found: &mut Findings) -> Option<Zone> {
    if name.is_empty() {
        return None;
    }
    let wrong = |error: &ZoneError| {
        found.add(place, "zone", Problem::Malformed { found: name.into(), why: error.to_string().into() });
    };
    Zone::named(name).inspect_err(wrong).ok()
}

pub(super) fn changes(
    place: Place,
    written: &ChangeDraft,
    found: &mut Findings,
) -> (CalledChange, CallingChange) {
    let called = CalledChange {
        discard: optional(place, "discard", &written.discard, found).unwrap_or_default(),
        mask: optional(place, "mask", &written.mask, found),
        prefix: optional(place, "prefix", &written.prefix, found).unwrap_or_default(),
    };
    let calling = CallingChange {
        external_mask: written.external_mask,
        mask: optional(place, "calling_mask", &written.calling_mask, found),
        prefix: optional(place, "calling_prefix", &written.calling_prefix, found).unwrap_or_default(),
        number_presentation: optional(place, "present", &written.present, found).unwrap_or_default(),
        name_presentation: optional(place, "present_name", &written.present_name, found).unwrap_or_default(),
    };
    (called, calling)
}

/// A value that may be absent.
pub(super) fn optional<T>(place: Place, setting: &'static str, text: &str, found: &mut Findings) -> Option<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    if text.is_empty() {
        return None;
    }
    text.parse()
        .inspect_err(|error: &T::Err| {
            found.add(
                place,
                setting,
                Problem::Malformed { found: text.into(), why: error.to_string().into() },
            );
        })
        .ok()
}

const fn emergency(set: bool) -> Emergency {
    if set { Emergency::Yes } else { Emergency::No }
}
