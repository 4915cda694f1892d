//! What is doubtful about forwards and hunts. As with patterns, every finding comes with a dialling that shows it, and what
//! cannot be shown is not told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use strowger_base::line::number_of;
use strowger_base::{Instant, LineName, WallTime};
use strowger_dialplan::forward::{BreakoutBecause, CallSide, Classification, ForwardKind};
use strowger_dialplan::hunt::{Exhausted, HuntOption, LineGroup, Output};
use strowger_dialplan::lint::{Example, Finding, Kind, Lint, Origin, OriginKind, Severity};
use strowger_dialplan::{
    Action, Analysis, Arrival, Caller, Decision, Digits, LaterHops, PartitionId, PatternId, SearchSpace, Zone,
};

use super::{End, Followed, Follower, Forwarded, Hunted, Reached, Step, When};
use crate::configuration::Configuration;

/// Looks at all forwards and hunts; partitions with opening hours are judged by `at`.
pub fn lint(configuration: &Configuration, at: WallTime) -> Lint {
    let mut finder = Finder {
        configuration,
        at,
        callers: callers(configuration),
        diallings: DIALLINGS,
        found: BTreeMap::new(),
        told: BTreeMap::new(),
        untried: 0,
    };
    finder.lines();
    finder.pilots();
    let mut incomplete = Vec::new();
    if finder.untried > 0 {
        incomplete.push(format!("forwards of {} lines", finder.untried));
    }
    let mut findings: Vec<Finding> = finder.found.into_values().collect();
    findings.sort_by_key(|finding| (finding.severity, finding.kind));
    Lint { findings, incomplete }
}

/// Somebody who dials for all who see the same.
struct Dialler {
    from: Box<str>,
    caller: Arc<Caller>,
    side: CallSide,
}

/// What makes two findings the same mistake.
type Key = (Kind, String);

struct Finder<'c> {
    configuration: &'c Configuration,
    at: WallTime,
    callers: Vec<Dialler>,
    /// How many numbers may still be dialled.
    diallings: usize,
    found: BTreeMap<Key, Finding>,
    /// How many there are of a kind, and the last that is told.
    told: BTreeMap<(Kind, Option<ForwardKind>), (usize, Key)>,
    /// Lines that were not looked at.
    untried: usize,
}

/// A dialling that reaches what is looked at.
struct Shown<'d> {
    by: &'d Dialler,
    number: Digits,
    pattern: PatternId,
}

impl<'c> Finder<'c> {
    fn lines(&mut self) {
        let configuration = self.configuration;
        let mut lines: Vec<&str> = configuration
            .lines
            .iter()
            .filter(|(_, line)| line.forwards.is_some())
            .map(|(name, _)| name)
            .collect();
        lines.sort_unstable();
        let callers = std::mem::take(&mut self.callers);
        for line in lines {
            if self.diallings == 0 {
                self.untried += 1;
            } else {
                self.line(line, &callers);
            }
        }
        self.callers = callers;
    }

    /// From inside; and from outside where the line says something else, or where nobody inside reaches it.
    fn line(&mut self, line: &str, callers: &[Dialler]) {
        let Some((_, forwards)) = super::forwards(self.configuration, line) else { return };
        let Ok(number) = Digits::parse(number_of(line)) else { return };
        let is_line = |action: &Action| matches!(action, Action::Line(found) if *found == *line);
        let mut told = Vec::new();
        for side in [CallSide::Internal, CallSide::External] {
            let said: Vec<_> = CASES
                .into_iter()
                .filter_map(|when| {
                    Some((when, forwards.target(when.kind().unwrap_or(ForwardKind::All), side)?))
                })
                // What is forwarded before it rings comes to none of the others.
                .filter(|(when, _)| forwards.all.is_none() || *when == When::Free)
                .filter(|said| !told.contains(said))
                .collect();
            if said.is_empty() {
                continue;
            }
            let Some((shown, reached)) = self.dial(callers, side, number, is_line) else { continue };
            for (when, _) in &said {
                self.diallings = self.diallings.saturating_sub(1);
                let followed = self.follow(&shown, *when, reached.clone());
                self.judge(line, *when, &shown, &followed);
            }
            told = said;
        }
    }

    fn pilots(&mut self) {
        let configuration = self.configuration;
        let callers = std::mem::take(&mut self.callers);
        let pilots = configuration.plan.patterns();
        let pilots = pilots.filter(|(_, row)| matches!(row.action, Action::Hunt { .. }));
        for (_, row) in pilots {
            let Some(number) = row.pattern.example(row.filter.as_ref()) else { continue };
            let is_pilot = |action: &Action| std::ptr::eq(action, &row.action);
            let shown = self
                .dial(&callers, CallSide::Internal, number, is_pilot)
                .or_else(|| self.dial(&callers, CallSide::External, number, is_pilot));
            let Some((shown, reached)) = shown else { continue };
            let followed = self.follow(&shown, When::NoAnswer, reached);
            for step in &followed.steps {
                match step {
                    Step::Hunted(hunted) if *hunted.pilot == *number => self.hunt(hunted, &shown),
                    Step::Forwarded(forwarded) if forwarded.kind.is_none() && *forwarded.by == *number => {
                        self.nowhere(forwarded, When::NoAnswer, &shown);
                    }
                    Step::Hunted(_) | Step::Forwarded(_) | Step::NotFollowed { .. } => {}
                }
            }
        }
        self.callers = callers;
    }

    /// The first on a side who reaches something with a number.
    fn dial<'d>(
        &mut self,
        callers: &'d [Dialler],
        side: CallSide,
        number: Digits,
        is_it: impl Fn(&Action) -> bool,
    ) -> Option<(Shown<'d>, Reached<'c>)> {
        let plan = &self.configuration.plan;
        callers.iter().filter(|by| by.side == side).find_map(|by| {
            self.diallings = self.diallings.saturating_sub(1);
            let analysis = Analysis::of(plan, Arc::clone(&by.caller), Arrival::EnBloc, &number, self.at);
            let Decision::Routed(routed) = analysis.decision()? else { return None };
            let row = plan.pattern(routed.pattern).filter(|row| is_it(&row.action))?;
            let called = routed.called.as_str().into();
            let reached = Reached { action: &row.action, name: &row.name, called };
            Some((Shown { by, number, pattern: routed.pattern }, reached))
        })
    }

    fn follow(&self, shown: &Shown<'_>, when: When, from: Reached<'c>) -> Followed<'c> {
        let follower = Follower {
            configuration: self.configuration,
            caller: Arc::clone(&shown.by.caller),
            side: shown.by.side,
            later: LaterHops::default(),
            at: self.at,
            when,
        };
        follower.follow(from)
    }

    /// What became of a call to a line with forwards.
    fn judge(&mut self, line: &str, when: When, shown: &Shown<'_>, followed: &Followed<'_>) {
        if let Some(Step::Forwarded(forwarded)) = followed.steps.first() {
            self.nowhere(forwarded, when, shown);
        }
        let mut way: Vec<&str> = Vec::new();
        let mut broken_out = None;
        for step in &followed.steps {
            match step {
                Step::Forwarded(forwarded) => {
                    way.push(&forwarded.by);
                    broken_out = broken_out.or(forwarded.way_out);
                }
                Step::NotFollowed { line, because } => {
                    way.push(line);
                    broken_out = broken_out.or(Some(*because));
                }
                Step::Hunted(hunted) => way.push(&hunted.pilot),
            }
            if broken_out.is_some() {
                break;
            }
        }
        match (broken_out, &followed.end) {
            (Some(BreakoutBecause::Loop), _) => self.loops(line, when, &way, shown),
            (Some(BreakoutBecause::HopLimit), _) => self.chain(line, when, &way, shown),
            (None, End::TooManyHops { .. }) if way.iter().filter(|by| **by == line).count() > 1 => {
                let back = way.iter().skip(1).position(|by| *by == line).map_or(way.len(), |at| at + 1);
                self.loops(line, when, &way[..back], shown);
            }
            // Of a ring that the call gets into, its own lines tell.
            (None, End::TooManyHops { .. }) if goes_round(&way) => {}
            (None, End::TooManyHops { .. }) => self.chain(line, when, &way, shown),
            (None, _) => {}
        }
    }

    fn nowhere(&mut self, forwarded: &Forwarded<'_>, when: When, shown: &Shown<'_>) {
        let why = match forwarded.lookup.reached(self.configuration) {
            Ok(_) if forwarded.lookup.wants_code() => {
                "asks for a code there, and nobody is asked after a forward"
            }
            Err(End::Rejected(_)) => "is not found there",
            Err(End::Blocked(_)) => "is blocked there",
            Ok(_) | Err(_) => return,
        };
        let Forwarded { by, kind, to, css, .. } = forwarded;
        let who = if kind.is_some() { "line" } else { "hunt pilot" };
        let by = self.configuration.shown(by);
        let what =
            format!("{who} {by} forwards {} to {to} in {}, which {why}", calls(*kind), self.names(css));
        let key = (Kind::ForwardNowhere, format!("{kind:?} {to} {:?}", css.partitions()));
        self.add(key, Severity::Warning, when, shown, what);
    }

    /// `way` ends with the line that would send the call back to one of those before it.
    fn loops(&mut self, line: &str, when: When, way: &[&str], shown: &Shown<'_>) {
        // A line that is not in the ring itself is not to blame for it.
        let Some((last, _)) = way.split_last() else { return };
        if when == When::Free && !self.leads_back(last, line, shown) {
            return;
        }
        let ring: BTreeSet<&str> = way.iter().copied().collect();
        let shown_way: Vec<&str> = way.iter().map(|by| self.configuration.shown(by)).collect();
        let line = self.configuration.shown(line);
        let what = format!(
            "{}{} go round: {}, then {line} again",
            calls(when.kind().or(Some(ForwardKind::All))),
            if way.len() == 1 { " of a line that forwards to itself" } else { "" },
            shown_way.join(", then ")
        );
        let key = (Kind::ForwardLoop, format!("{when:?} {ring:?}"));
        self.add(key, Severity::Warning, when, shown, what);
    }

    fn chain(&mut self, line: &str, when: When, way: &[&str], shown: &Shown<'_>) {
        let most = self.configuration.forward_parameters.hop_limit.hops();
        let last = self.configuration.shown(way.last().copied().unwrap_or(line));
        let line = self.configuration.shown(line);
        let what =
            format!("calls to line {line} are sent on more than {most} times, and go no further than {last}");
        let key = (Kind::ForwardChain, format!("{when:?} {last}"));
        self.add(key, Severity::Warning, when, shown, what);
    }

    fn hunt(&mut self, hunted: &Hunted<'_>, shown: &Shown<'_>) {
        let (pilot, list) = (&hunted.pilot, hunted.list.name());
        let groups = hunted.list.groups();
        let stops = groups.iter().take(groups.len().saturating_sub(1)).position(|group| !goes_on(group));
        if let Some((stops, never)) = stops.and_then(|at| Some((groups.get(at)?, groups.get(at + 1)?))) {
            let what = format!(
                "no call comes to line group {} of hunt list {list}: {} before it never goes on to the next group",
                never.name(),
                stops.name()
            );
            self.add((Kind::HuntNeverTried, list.to_owned()), Severity::Warning, When::NoAnswer, shown, what);
        }
        if hunted.exhausted() != Some(Exhausted::MaximumTimer) {
            return;
        }
        let most = hunted.settings.maximum_hunt_timer();
        let (mut rung, mut given_up) = (0, None);
        for event in &hunted.events {
            if let Output::Ring { members, no_answer_at, .. } = &event.what {
                rung += members.len();
                given_up = (*no_answer_at == Instant::START + most).then(|| members.join(", "));
            }
        }
        let seconds = most.as_secs();
        let all: usize = groups.iter().map(|group| group.members().len()).sum();
        // A list that was gone through to its end ends with the last member whatever the pilot says.
        let left = all - rung.min(all);
        let (severity, what) = match given_up {
            _ if left == 0 => return,
            Some(members) => {
                let what = format!(
                    "the {seconds} s of hunt pilot {pilot} end in the moment in which {members} is given up: the next \
                     member never rings"
                );
                (Severity::Warning, what)
            }
            None => {
                let what = format!(
                    "hunt pilot {pilot} ends after {seconds} s: of {all} members {left} never ring when nobody answers"
                );
                (Severity::Note, what)
            }
        };
        self.add((Kind::HuntTimer, pilot.to_string()), severity, When::NoAnswer, shown, what);
    }

    /// Whether the forward of all calls of `from` leads to `to`.
    fn leads_back(&self, from: &str, to: &str, shown: &Shown<'_>) -> bool {
        let Some((settings, forwards)) = super::forwards(self.configuration, from) else { return false };
        let follower = Follower {
            configuration: self.configuration,
            caller: Arc::clone(&shown.by.caller),
            side: shown.by.side,
            later: LaterHops::default(),
            at: self.at,
            when: When::Free,
        };
        let target = forwards.all.as_ref();
        target.and_then(|target| follower.leads_to(settings, target)).is_some_and(|line| *line == *to)
    }

    fn add(&mut self, key: Key, severity: Severity, when: When, shown: &Shown<'_>, what: String) {
        let kind = key.0;
        let finding = || Finding {
            kind,
            severity,
            patterns: vec![shown.pattern],
            emergency: Vec::new(),
            names: Vec::new(),
            partition: None,
            search_space: Box::default(),
            example: Some(Example {
                from: shown.by.from.clone(),
                number: shown.number.as_str().into(),
                arrival: Arrival::EnBloc,
                forward: when.kind(),
            }),
            alike: 0,
            what,
        };
        if let Some(there) = self.found.get_mut(&key) {
            // The other side of the same line is the same mistake, and so is a ring from its next line.
            if kind == Kind::ForwardNowhere && !there.patterns.contains(&shown.pattern) {
                there.alike += 1;
            }
            return;
        }
        let (told, last) = self.told.entry((kind, when.kind())).or_insert_with(|| (0, key.clone()));
        *told += 1;
        if *told <= TOLD {
            last.clone_from(&key);
            self.found.insert(key, finding());
        } else if let Some(last) = self.found.get_mut(last) {
            last.alike += 1;
        }
    }

    fn names(&self, css: &SearchSpace) -> String {
        let plan = &self.configuration.plan;
        let names: Vec<&str> = css.partitions().iter().map(|id| plan.partition_name(*id)).collect();
        let names: Vec<&str> =
            names.into_iter().map(|name| if name.is_empty() { "no partition" } else { name }).collect();
        names.join(", ")
    }
}

/// One of all who see the same and call from the same side; those of lines first.
fn callers(configuration: &Configuration) -> Vec<Dialler> {
    let mut seen: BTreeMap<(Vec<PartitionId>, bool), Vec<Option<Zone>>> = BTreeMap::new();
    let mut callers = Vec::new();
    for Origin { kind, name, caller } in configuration.origins() {
        let side = match kind {
            OriginKind::Line | OriginKind::Intercom => CallSide::Internal,
            OriginKind::Trunk | OriginKind::OverlapTrunk => {
                let trunk = configuration.trunks.get(&name);
                let class = trunk.map_or_else(Classification::default, |trunk| trunk.classification);
                class.side(configuration.trunk_side)
            }
        };
        let sees = (caller.search_space.partitions().to_vec(), side == CallSide::Internal);
        let zones = seen.entry(sees).or_default();
        if !zones.contains(&caller.zone) {
            zones.push(caller.zone.clone());
            callers.push(Dialler { from: format!("{}:{name}", kind.word()).into(), caller, side });
        }
    }
    callers
}

/// Whether a call can get from the group to the next one.
fn goes_on(group: &LineGroup<LineName>) -> bool {
    let options = group.options();
    let chosen = [options.on_no_answer, options.on_busy, options.on_not_available];
    chosen.into_iter().any(|option| match option {
        HuntOption::NextMemberThenNextGroup | HuntOption::SkipToNextGroup => true,
        HuntOption::NextMember | HuntOption::StopHunting => false,
    })
}

fn goes_round(way: &[&str]) -> bool {
    way.iter().enumerate().any(|(index, by)| way.iter().take(index).any(|earlier| earlier == by))
}

const fn calls(kind: Option<ForwardKind>) -> &'static str {
    match kind {
        Some(ForwardKind::All) => "all calls",
        Some(ForwardKind::Busy) => "calls that find it busy",
        Some(ForwardKind::NoAnswer) => "calls that nobody answers",
        Some(ForwardKind::Unregistered) => "calls that find no phone",
        Some(ForwardKind::NoCoverage) => "calls that were hunted in vain",
        Some(ForwardKind::CtiFailure) => "calls that find no application",
        None => "calls that nobody took",
    }
}

/// What lines may be doing when they forward.
const CASES: [When; 4] = [When::Free, When::Busy, When::NoAnswer, When::Unregistered];
/// Findings of a kind that are told one by one; more are counted.
const TOLD: usize = 20;
/// Numbers that are dialled: about two seconds of work.
const DIALLINGS: usize = 500_000;
