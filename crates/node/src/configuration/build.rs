//! From a draft to a configuration, or to the list of what is wrong with it.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::nearest::nearest;
use strowger_base::{LineName, Secret, Table};
use strowger_callcontrol::configuration::{Forwards, Line as LineSettings};
use strowger_dialplan::{DialPlan, DialPlanBuilder, PlanError};
use strowger_sip::auth;
use strowger_sip::io::LineAccount;

use super::dialling::Diallers;
use super::mobility::Pools;
use super::phones::SharedPhones;
use super::route_lists::Groups;
use super::{
    Configuration, ConfigurationError, Draft, Line, Place, PlannedTrunk, Problem, admission, bounds, codes,
    features, forwards, hunting, lines, loops, mobility, plan, route_lists, stations, transformations,
};

pub(super) fn build(draft: &Draft) -> Result<Built, Vec<ConfigurationError>> {
    let mut found = Findings::default();
    if !check_counts(draft, draft.lines.len(), &mut found) {
        return Err(found.0);
    }
    let names: Vec<LineName> = draft.lines.iter().map(Line::line_name).collect();
    let mut plan = plan::ground(draft, &mut found);
    for (index, written) in draft.lines.iter().zip(&names).enumerate() {
        plan::add_line(&mut plan, Place::Line(index), written, &mut found);
    }
    let dial_plan = plan.build();
    let groups = Arc::new(route_lists::groups(draft, &mut found));
    let pools = Arc::new(mobility::pools(draft, &dial_plan, &groups, &mut found));
    let mut lines = Lines::default();
    let longest = mobility::longest_clause(&pools, &dial_plan);
    let ground = Ground { draft, dial_plan: &dial_plan, groups: &groups, pools: (&pools, longest) };
    for (index, (line, name)) in draft.lines.iter().zip(&names).enumerate() {
        lines.add(ground, index, (line, name), &mut found);
    }
    for number in lines::numbers_of_several(&lines.accounts) {
        let index = |line: &str| names.iter().position(|name| *name == *line);
        lines::check_alike(&lines.accounts, number, index, &mut found);
    }
    let mut built = with_others(draft, dial_plan, lines, (groups, pools), &mut found)?;
    built.shared.forget_single();
    let calls = &built.configuration.calls;
    loops::check(draft, calls, &mut found);
    if found.0.is_empty() { Ok(built) } else { Err(found.0) }
}

/// Whether there is not more of anything than there may be, with so many lines; what else the node itself says is looked at too.
pub(super) fn check_counts(draft: &Draft, lines: usize, found: &mut Findings) -> bool {
    check_node(draft, found);
    let codes_fit = codes::counts(draft, found);
    bounds::counts(draft, lines, found) && codes_fit
}

/// Puts all that is no line to a plan with all the lines. That translations do not go round is still to be looked at.
pub(super) fn with_others(
    draft: &Draft,
    dial_plan: DialPlan,
    lines: Lines,
    (groups, pools): (Arc<Groups>, Arc<Pools>),
    found: &mut Findings,
) -> Result<Built, Vec<ConfigurationError>> {
    let Lines { accounts, settings, mut shared, diallers } = lines;
    let mut calls = strowger_callcontrol::Configuration::empty();
    calls.lines = settings;
    let mut plan = DialPlanBuilder::from(dial_plan);
    plan::add_others(&mut plan, draft, &calls.lines, found);
    let dial_plan = plan.build();
    calls.transformations = transformations::build(draft, &dial_plan, found);
    calls.mobility = mobility::infos(draft, &pools, found);
    calls.admission = Arc::new(admission::build(draft, found));
    calls.bridges = admission::bridges(draft);
    forwards::system(draft, &mut calls, found);
    codes::build(draft, &mut calls, found);
    hunting::build(draft, &dial_plan, &mut calls, found);
    check_trunks(draft, found);
    for (index, trunk) in draft.trunks.iter().enumerate() {
        let dials = draft.trunk_dialling.get(index).cloned().unwrap_or_default();
        let settings = plan::trunk_settings(&dial_plan, Place::Trunk(index), (&dials, true), &pools, found);
        calls.trunks.insert(trunk.name.clone(), settings);
    }
    for (index, PlannedTrunk { name, dialling }) in draft.trunks_planned.iter().enumerate() {
        let place = Place::PlannedTrunk(index);
        let settings = plan::trunk_settings(&dial_plan, place, (dialling, false), &pools, found);
        calls.trunks.insert(name.clone(), settings);
    }
    calls.route_lists = route_lists::lists(draft, &groups, found);
    calls.route_lists_rule = Arc::new(draft.plan.route_lists_rule.clone());
    route_lists::check_routes(draft, &calls, found);
    let sccp = Arc::new(stations::build(draft, found));
    found.0.sort_by_key(|error| error.place.whole());
    if !found.0.is_empty() {
        return Err(std::mem::take(&mut found.0));
    }
    calls.plan = dial_plan;
    calls.relay = draft.relay;
    calls.unencrypted = draft.unencrypted;
    calls.hold = draft.hold;
    calls.distinctive = draft.distinctive.clone();
    calls.divert_to = draft.divert_to;
    calls.hold_sources = draft.hold_sources;
    calls.park = Arc::new(draft.plan.park.build(&calls.plan, found));
    calls.paging = Arc::new(features::paging(draft, &calls.plan, found));
    calls.pickup = Arc::new(draft.plan.pickup.clone());
    calls.country = draft.country;
    calls.recording = Arc::new(draft.recording.clone());
    calls.announcements.clone_from(&draft.announcements);
    let blocks = draft.plan.blocks.iter();
    calls.pattern_announcements = blocks
        .filter_map(|block| {
            let pattern = &block.pattern;
            Some(((pattern.partition.clone(), pattern.pattern.clone()), block.announcement?))
        })
        .collect();
    calls.conferences = draft.conferences;
    calls.call_back_time = draft.call_back_time;
    calls.media = Arc::new(draft.media.clone());
    calls.no_answer = draft.timers.trunk_no_answer;
    if let Some(listener) = draft.listeners.first() {
        calls.address = listener.advertised.ip();
    }
    let configuration = Configuration {
        sip: Arc::new(sip(draft, accounts)),
        sccp,
        calls: Arc::new(calls),
        messages: draft.messages,
    };
    shared.forget_names();
    Ok(Built { configuration, groups, pools, shared, diallers })
}

/// A configuration, and what single lines of it are made with.
pub(super) struct Built {
    pub(super) configuration: Configuration,
    pub(super) groups: Arc<Groups>,
    pub(super) pools: Arc<Pools>,
    pub(super) shared: SharedPhones,
    pub(super) diallers: Diallers,
}

impl Built {
    /// The same with other lines, whose numbers are in this plan.
    pub(super) fn with_lines(&self, dial_plan: DialPlan, lines: Lines) -> Built {
        let Lines { accounts, settings, mut shared, diallers } = lines;
        let mut sip = strowger_sip::Configuration::clone(&self.configuration.sip);
        sip.lines = accounts;
        let mut calls = strowger_callcontrol::Configuration::clone(&self.configuration.calls);
        (calls.lines, calls.plan) = (settings, dial_plan);
        let messages = self.configuration.messages;
        let sccp = Arc::clone(&self.configuration.sccp);
        let configuration = Configuration { sip: Arc::new(sip), sccp, calls: Arc::new(calls), messages };
        shared.forget_names();
        let (groups, pools) = (Arc::clone(&self.groups), Arc::clone(&self.pools));
        Built { configuration, groups, pools, shared, diallers }
    }
}

/// All lines, as SIP and call control know them, and what they have in common.
#[derive(Clone, Default)]
pub(super) struct Lines {
    pub(super) accounts: Table<LineAccount>,
    pub(super) settings: Table<LineSettings>,
    pub(super) shared: SharedPhones,
    pub(super) diallers: Diallers,
}

impl Lines {
    /// Adds a line that is in the plan.
    pub(super) fn add(
        &mut self,
        ground: Ground<'_>,
        index: usize,
        (line, name): (&Line, &LineName),
        found: &mut Findings,
    ) {
        let (account, settings) = ground.line(index, line, &mut self.shared, found);
        self.diallers.add(&settings);
        self.accounts.insert(name.clone(), account);
        if self.settings.insert(name.clone(), settings) {
            lines::taken(Place::Line(index), &line.number, found);
        }
    }

    /// Takes a line out.
    pub(super) fn remove(&mut self, name: &LineName) {
        if let Some(settings) = self.settings.get(name.as_str()) {
            self.diallers.remove(settings);
        }
        self.accounts.remove(name.as_str());
        self.settings.remove(name.as_str());
    }
}

/// What lines are made with.
#[derive(Clone, Copy)]
pub(super) struct Ground<'g> {
    pub(super) draft: &'g Draft,
    pub(super) dial_plan: &'g DialPlan,
    pub(super) groups: &'g Groups,
    /// The device pools, and characters of the longest clause that one gives to roaming phones.
    pub(super) pools: (&'g Pools, usize),
}

impl Ground<'_> {
    /// What SIP and call control know of a line.
    pub(super) fn line(
        self,
        index: usize,
        line: &Line,
        shared: &mut SharedPhones,
        found: &mut Findings,
    ) -> (LineAccount, LineSettings) {
        let Ground { draft, dial_plan, .. } = self;
        let place = Place::Line(index);
        lines::check_line(draft, place, line, found);
        lines::check_phones(index, line, found);
        let space = plan::line_space(dial_plan, place, line, found);
        let caller = plan::caller_of_line(place, line, space.clone(), found);
        let mut settings = settings(line, forwards::of(draft, dial_plan, place, line, found));
        settings.aar = line.aar.as_ref().map(|aar| Box::new(admission::line(place, aar, found)));
        settings.user_forward_space = forwards::user_space(draft, dial_plan, line);
        settings.phones = shared.of_line(self, (index, line), &space, &caller, found);
        // Where it is that of a phone as well, it is there once.
        let of_phones = settings.phones.iter().map(|phone| &phone.dials.external_mask);
        let same = of_phones.into_iter().find(|mask| **mask == caller.external_mask).cloned();
        settings.external_mask = same.unwrap_or(caller.external_mask);
        (shared.account(&draft.domain, line), settings)
    }
}

fn sip(draft: &Draft, lines: Table<LineAccount>) -> strowger_sip::Configuration {
    strowger_sip::Configuration {
        domain: draft.domain.clone(),
        aliases: draft.aliases.clone(),
        listeners: draft.listeners.clone(),
        lines,
        trunks: draft.trunks.clone(),
        expires_min: draft.timers.expires_min,
        expires_max: draft.timers.expires_max,
        expires_default: draft.timers.expires_default,
        nonce_lifetime: draft.timers.nonce_lifetime,
        digest_algorithms: draft.digest_algorithms.clone(),
        session_expires: draft.timers.session_expires,
        product: draft.product.clone(),
    }
}

fn settings(line: &Line, forwards: Option<Box<Forwards>>) -> LineSettings {
    LineSettings {
        name: (&*line.name).into(),
        busy_trigger: line.busy_trigger,
        calls_max: line.calls_max,
        no_answer: line.no_answer,
        auto_answer: line.auto_answer,
        intercom: line.intercom.clone(),
        forwards,
        voice_mail: (!line.voice_mail.is_empty()).then(|| Arc::from(&*line.voice_mail)),
        ..LineSettings::default()
    }
}

fn check_node(draft: &Draft, found: &mut Findings) {
    let place = Place::Node;
    found.text(place, "domain", &draft.domain, "pbx.example");
    if draft.domain.contains(|c: char| c.is_whitespace() || "\"<>@;,".contains(c)) {
        let why = "a domain has letters, digits, dots and hyphens only".into();
        found.add(place, "domain", Problem::Malformed { found: draft.domain.clone(), why });
    }
    if draft.digest_algorithms.is_empty() {
        found.add(place, "digest_algorithms", Problem::Missing { example: "SHA-256" });
    }
    let timers = &draft.timers;
    let second = Duration::from_secs(1);
    let week = Duration::from_secs(604_800);
    let (least, most) = (timers.expires_min, timers.expires_max);
    found.range(place, "expires_max", most, second, week);
    found.range(place, "expires_min", least, second, most.clamp(second, week));
    // When the two bounds contradict each other, that is said already.
    if least <= most {
        found.range(place, "expires_default", timers.expires_default, least, most);
    }
    let day = Duration::from_secs(86_400);
    found.range(place, "nonce_lifetime", timers.nonce_lifetime, second * 10, day);
    // RFC 4028 §5: nothing below 90 s may be asked for.
    found.range(place, "session_expires", timers.session_expires, second * 90, day);
    found.range(place, "trunk_no_answer", timers.trunk_no_answer, second, second * 600);
}

fn check_trunks(draft: &Draft, found: &mut Findings) {
    let planned = draft.trunks_planned.iter().enumerate();
    let planned = planned.map(|(index, trunk)| (Place::PlannedTrunk(index), &*trunk.name));
    let trunks = draft.trunks.iter().enumerate().map(|(index, trunk)| (Place::Trunk(index), &*trunk.name));
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for (place, name) in trunks.chain(planned) {
        found.text(place, "name", name, "carrier");
        if !names.insert(name) && !name.is_empty() {
            let there = "another trunk".into();
            found.add(place, "name", Problem::Duplicate { found: name.into(), there });
        }
    }
    for (index, trunk) in draft.trunks.iter().enumerate() {
        let place = Place::Trunk(index);
        if trunk.destination.port() == 0 || trunk.destination.ip().is_unspecified() {
            let why = "calls must go to an address and a port, for example 192.0.2.1:5060".into();
            let written = trunk.destination.to_string().into();
            found.add(place, "destination", Problem::Malformed { found: written, why });
        }
    }
}

/// What is wrong so far.
#[derive(Default)]
pub(super) struct Findings(pub(super) Vec<ConfigurationError>);

impl Findings {
    pub(super) fn add(&mut self, place: Place, setting: &'static str, problem: Problem) {
        self.0.push(ConfigurationError { place, setting, problem });
    }

    /// How much is wrong so far.
    pub(super) fn count_of_all(&self) -> usize {
        self.0.len()
    }

    pub(super) fn text(&mut self, place: Place, setting: &'static str, text: &str, example: &'static str) {
        if text.is_empty() {
            self.add(place, setting, Problem::Missing { example });
        }
    }

    pub(super) fn range<T: PartialOrd + Shown>(
        &mut self,
        place: Place,
        setting: &'static str,
        value: T,
        least: T,
        most: T,
    ) {
        if value < least || value > most {
            let problem =
                Problem::OutOfRange { found: value.shown(), least: least.shown(), most: most.shown() };
            self.add(place, setting, problem);
        }
    }

    pub(super) fn unknown<'k>(
        &mut self,
        place: Place,
        setting: &'static str,
        found: &str,
        known: impl Iterator<Item = &'k str>,
    ) {
        // What has no name yet is a mistake of its own. A file with thousands of mistakes shows the first of them:
        // those are worth the search among all.
        let searched = if self.0.len() < NEAREST_SEARCHED { usize::MAX } else { KNOWN_SHOWN };
        let known: Vec<&str> = known.filter(|name| !name.is_empty()).take(searched).collect();
        // Of numbers and single letters many are close, and none says what was meant.
        let is_name = found.len() > 1 && found.contains(char::is_alphabetic);
        let near = is_name.then(|| nearest(found, known.iter().copied())).flatten();
        let nearest = near.unwrap_or_default().into();
        let known = listed(found, known).into();
        self.add(place, setting, Problem::Unknown { found: found.into(), known, nearest });
    }

    /// Whether there are not more than there may be.
    pub(super) fn count(&mut self, place: Place, setting: &'static str, found: usize, most: usize) -> bool {
        if found > most {
            self.add(place, setting, Problem::TooMany { found, most });
        }
        found <= most
    }

    pub(super) fn malformed(&mut self, place: Place, setting: &'static str, found: &str, error: &dyn Error) {
        self.add(place, setting, Problem::Malformed { found: found.into(), why: error.to_string().into() });
    }

    pub(super) fn plan(&mut self, place: Place, setting: &'static str, error: PlanError) {
        let problem = match error {
            PlanError::Duplicate { pattern, there, .. } => Problem::Duplicate { found: pattern, there },
            PlanError::NameTaken { name } if name.is_empty() => Problem::Missing { example: "internal" },
            PlanError::NameTaken { name } => Problem::Duplicate { found: name.clone(), there: name },
            PlanError::Pattern { pattern: text, .. } | PlanError::Address { name: text, .. }
                if text.is_empty() =>
            {
                Problem::Missing { example: "1001" }
            }
            PlanError::Pattern { pattern: ref text, .. } | PlanError::Address { name: ref text, .. } => {
                let why = error.source().map(ToString::to_string).unwrap_or_default().into();
                Problem::Malformed { found: text.clone(), why }
            }
            PlanError::NoSuchPartition { name, .. } => {
                Problem::Unknown { found: name, known: Box::default(), nearest: Box::default() }
            }
            PlanError::FilterWithoutPlan { ref pattern }
            | PlanError::FilterLeavesNothing { ref pattern }
            | PlanError::Discard { ref pattern, .. }
            | PlanError::OverlapWithCodes { ref pattern } => {
                Problem::Malformed { found: pattern.clone(), why: error.to_string().into() }
            }
            PlanError::Parameter(error) => {
                Problem::Malformed { found: Box::default(), why: error.to_string().into() }
            }
        };
        self.add(place, setting, problem);
    }
}

/// All that is known; where that is much, what begins most like what was found.
fn listed(found: &str, mut known: Vec<&str>) -> String {
    let more = known.len().saturating_sub(KNOWN_SHOWN);
    if more == 0 {
        return known.join(", ");
    }
    let common = |name: &str| name.chars().zip(found.chars()).take_while(|(one, other)| one == other).count();
    known.sort_by_cached_key(|name| (Reverse(common(name)), name.len().abs_diff(found.len()), *name));
    known.truncate(KNOWN_SHOWN);
    format!("{} and {more} more", known.join(", "))
}

/// Names that are shown where another one is unknown.
const KNOWN_SHOWN: usize = 10;

/// A value in a message.
pub(super) trait Shown {
    fn shown(&self) -> Box<str>;
}

impl Shown for Duration {
    fn shown(&self) -> Box<str> {
        format!("{} s", self.as_secs_f64()).into()
    }
}

/// A bare number in a message.
#[derive(PartialEq, PartialOrd)]
pub(super) struct Plain<T>(pub(super) T);

impl<T: Display> Shown for Plain<T> {
    fn shown(&self) -> Box<str> {
        self.0.to_string().into()
    }
}

pub(super) fn digests(username: &str, domain: &str, password: &str) -> (Secret<[u8; 16]>, Secret<[u8; 32]>) {
    let md5 = auth::ha1_md5(username, domain, password);
    let sha256 = auth::ha1_sha256(username, domain, password);
    (Secret::new(md5), Secret::new(sha256))
}

/// Mistakes for which the nearest name is searched.
const NEAREST_SEARCHED: usize = 100;

#[cfg(test)]
mod tests;
