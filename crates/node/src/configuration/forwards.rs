//! Call forwarding as an operator writes it, and its way into call control.

use std::time::Duration;

use strowger_callcontrol::configuration::{Forwards, UserForwardSpace};
use strowger_dialplan::forward::{
    Activator, Breakout, BySide, CallSide, CfaPolicy, CfaSearchSpace, CfaSystemPolicy, ForwardParameters,
    ForwardTarget, HOP_LIMIT, HopLimit, LineForwards, RING_TIME, RingTime,
};
use strowger_dialplan::{DialPlan, Digits, SearchSpace};

use super::build::{Findings, Plain};
use super::{Draft, Line, Place, Problem, plan};

/// The forwards of one line.
#[derive(Clone, Default, Debug)]
pub struct ForwardsDraft {
    /// Where forwards are looked up that name no search space; the null partition alone when empty.
    pub search_space: Box<str>,
    /// Of all calls.
    pub all: Option<ForwardDraft>,
    /// Whose partitions a forward of all calls sees.
    pub all_policy: CfaPolicy,
    /// What a forward of all calls sees after its own search space; nothing when empty.
    pub secondary_search_space: Box<str>,
    /// Of calls that find the line busy.
    pub busy: BySide<Option<ForwardDraft>>,
    /// Of calls that nobody answers.
    pub no_answer: BySide<Option<ForwardDraft>>,
    /// Of calls that find no phone registered.
    pub unregistered: BySide<Option<ForwardDraft>>,
    /// Of calls that were hunted in vain, when the pilot leaves it to the line that was called.
    pub no_coverage: BySide<Option<ForwardDraft>>,
    /// How long the line rings before it counts as not answered, 1 to 300 s; as long as others when `None`.
    pub ring: Option<Duration>,
}

/// One forward.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForwardDraft {
    /// Where to.
    pub to: ForwardTo,
    /// Where that is looked up; where the forwards of the line are when `None`, the null partition alone when empty.
    pub search_space: Option<Box<str>>,
}

/// Where a forward leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ForwardTo {
    /// To a number, or to a name such as `alice@example.com`.
    Number(Box<str>),
    /// To the voice mail of the line.
    VoiceMail,
}

/// What is said once about the forwards of all lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForwardingDraft {
    /// Most redirections of one call, 1 to 60.
    pub hops_max: u64,
    /// When a forward of all calls leads back.
    pub on_loop: Breakout,
    /// When a forward of all calls would be one redirection too many.
    pub on_hop_limit: Breakout,
    /// How long a line rings before a call to it is forwarded as not answered, 1 to 300 s.
    pub ring: Duration,
    /// Whose partitions a forward of all calls sees when its line leaves that to the system.
    pub all_policy: CfaSystemPolicy,
    /// From which side the calls of a trunk come that does not say it.
    pub trunks: CallSide,
}

impl ForwardDraft {
    /// A forward to a number, looked up where all forwards of the line are.
    pub fn to(number: &str) -> Self {
        ForwardDraft { to: ForwardTo::Number(number.into()), search_space: None }
    }
}

impl Default for ForwardingDraft {
    fn default() -> Self {
        let ForwardParameters { hop_limit: _, on_loop, on_hop_limit } = ForwardParameters::default();
        ForwardingDraft {
            hops_max: HOP_LIMIT.hops().into(),
            on_loop,
            on_hop_limit,
            ring: RING_TIME.duration(),
            all_policy: CfaSystemPolicy::default(),
            // What comes from a trunk counts as the outside unless somebody says otherwise.
            trunks: CallSide::External,
        }
    }
}

/// What is said once about forwards, into call control.
pub(super) fn system(draft: &Draft, calls: &mut strowger_callcontrol::Configuration, found: &mut Findings) {
    let written = &draft.forwarding;
    found.range(Place::Node, "forward_hops_max", Plain(written.hops_max), Plain(1), Plain(HOPS_MAX));
    let limit = u8::try_from(written.hops_max).ok().and_then(|hops| HopLimit::new(hops).ok());
    calls.forward_parameters = ForwardParameters {
        hop_limit: limit.unwrap_or(HOP_LIMIT),
        on_loop: written.on_loop,
        on_hop_limit: written.on_hop_limit,
    };
    calls.ring_time = ring(Place::Node, "forward_ring", written.ring, found).unwrap_or_default();
    calls.trunk_side = written.trunks;
}

/// The forwards of a line with what each sees; `None` when it has none.
pub(super) fn of(
    draft: &Draft,
    dial_plan: &DialPlan,
    place: Place,
    line: &Line,
    found: &mut Findings,
) -> Option<Box<Forwards>> {
    let written = line.forwards.as_deref()?;
    let common = plan::space_named(dial_plan, place, "forward.search_space", &written.search_space, found);
    let mut targets = Targets { draft, dial_plan, place, line, common, found };
    let all = written.all.as_ref().and_then(|all| targets.all(written, all));
    let forwards = LineForwards {
        all,
        busy: targets.by_side(&BUSY, &written.busy),
        no_answer: targets.by_side(&NO_ANSWER, &written.no_answer),
        unregistered: targets.by_side(&UNREGISTERED, &written.unregistered),
        no_coverage: targets.by_side(&NO_COVERAGE, &written.no_coverage),
        cti_failure: None,
        ring_time: written.ring.and_then(|time| ring(place, "forward.ring_seconds", time, found)),
    };
    (forwards != LineForwards::default()).then(|| Box::new(forwards))
}

/// What forwards see that users of the line set: what a forward of all calls sees by its policy, and with its own search space or that of
/// all forwards.
pub(super) fn user_space(draft: &Draft, dial_plan: &DialPlan, line: &Line) -> UserForwardSpace {
    let Some(written) = line.forwards.as_deref() else { return UserForwardSpace::Nothing };
    let by_system = match draft.forwarding.all_policy {
        CfaSystemPolicy::WithConfiguredCss => CfaPolicy::WithConfiguredCss,
        CfaSystemPolicy::WithActivatingDeviceLineCss => CfaPolicy::WithActivatingDeviceLineCss,
    };
    let policy = match written.all_policy {
        CfaPolicy::UseSystemDefault => by_system,
        own @ (CfaPolicy::WithConfiguredCss | CfaPolicy::WithActivatingDeviceLineCss) => own,
    };
    if policy == CfaPolicy::WithActivatingDeviceLineCss {
        return UserForwardSpace::Activating;
    }
    // That these exist is checked with the forwards.
    let own = written.all.as_ref().and_then(|all| all.search_space.as_deref()).unwrap_or_default();
    let space = if written.search_space.is_empty() { own } else { &*written.search_space };
    let known = |name: &str| dial_plan.search_space(name).map(|space| space.partitions().to_vec());
    let mut partitions = known(space).unwrap_or_default();
    partitions.extend(known(&written.secondary_search_space).unwrap_or_default());
    let names = partitions.into_iter().map(|id| dial_plan.partition_name(id));
    match dial_plan.search_space_of(names.filter(|name| !name.is_empty())) {
        Ok(space) => UserForwardSpace::Configured(Box::new(space)),
        Err(_) => UserForwardSpace::Nothing,
    }
}

/// A number or name that somebody could dial, or why nobody could. A word is a name when something here is called so, or when
/// it has a host: what is neither was meant for a number.
pub(super) fn destination<C>(draft: &Draft, text: &str, css: C) -> Result<ForwardTarget<C>, String> {
    if let Err(error) = Digits::parse(text) {
        let mut numbers =
            draft.lines.iter().map(|it| &it.number).chain(draft.services.iter().map(|it| &it.number));
        if !text.contains('@') && !numbers.any(|name| name.eq_ignore_ascii_case(text)) {
            return Err(error.to_string());
        }
    }
    ForwardTarget::number(text, css).map_err(|error| error.to_string())
}

/// Makes targets, and keeps what is wrong with them.
struct Targets<'t> {
    draft: &'t Draft,
    dial_plan: &'t DialPlan,
    place: Place,
    line: &'t Line,
    /// What forwards see that name no search space.
    common: SearchSpace,
    found: &'t mut Findings,
}

/// How a forward is called where something is wrong with it.
struct Names {
    both: &'static str,
    internal: &'static str,
    external: &'static str,
    space: &'static str,
}

impl Targets<'_> {
    /// The forward of all calls. Nobody presses a key for one that is written down: where the policy wants the line and
    /// phone at which it was activated, they are the line that has it and its phones as far as these see the same.
    fn all(&mut self, written: &ForwardsDraft, all: &ForwardDraft) -> Option<ForwardTarget<SearchSpace>> {
        let Targets { draft, dial_plan, place, line, .. } = *self;
        let mut space = |setting, name| plan::space_named(dial_plan, place, setting, name, self.found);
        let primary = match &all.search_space {
            Some(name) => space("forward.all.search_space", name),
            None => self.common.clone(),
        };
        let secondary = space("forward.secondary_search_space", &written.secondary_search_space);
        // That these two exist is checked where the line calls.
        let known = |name: &str| dial_plan.search_space(name).cloned().unwrap_or_else(SearchSpace::null);
        let (of_line, of_device) = (known(&line.search_space), known(line.device_search_space()));
        let rule = CfaSearchSpace {
            policy: written.all_policy,
            primary: primary.partitions(),
            secondary: secondary.partitions(),
        };
        let activator =
            Activator { line: of_line.partitions(), device: of_device.partitions(), mobility: None };
        let partitions = rule.effective(draft.forwarding.all_policy, Some(activator));
        let names = partitions.into_iter().map(|id| dial_plan.partition_name(id));
        // The null partition has no name, and comes last by itself.
        let css = dial_plan.search_space_of(names.filter(|name| !name.is_empty())).ok()?;
        self.target("forward.all", all, css)
    }

    fn by_side(
        &mut self,
        names: &Names,
        written: &BySide<Option<ForwardDraft>>,
    ) -> BySide<Option<ForwardTarget<SearchSpace>>> {
        // One mistake for both sides is told once.
        if written.internal == written.external {
            return BySide::both(self.one(names.both, names.space, written.internal.as_ref()));
        }
        BySide {
            internal: self.one(names.internal, names.space, written.internal.as_ref()),
            external: self.one(names.external, names.space, written.external.as_ref()),
        }
    }

    fn one(
        &mut self,
        setting: &'static str,
        space: &'static str,
        written: Option<&ForwardDraft>,
    ) -> Option<ForwardTarget<SearchSpace>> {
        let written = written?;
        let css = match &written.search_space {
            Some(name) => plan::space_named(self.dial_plan, self.place, space, name, self.found),
            None => self.common.clone(),
        };
        self.target(setting, written, css)
    }

    fn target(
        &mut self,
        setting: &'static str,
        written: &ForwardDraft,
        css: SearchSpace,
    ) -> Option<ForwardTarget<SearchSpace>> {
        let text = match &written.to {
            ForwardTo::Number(number) => number,
            ForwardTo::VoiceMail => {
                if self.line.voice_mail.is_empty() {
                    // It is said with the setting that would mend it.
                    self.found.add(self.place, "voice_mail", Problem::Missing { example: "7000" });
                }
                return Some(ForwardTarget::voice_mail(css));
            }
        };
        if text.is_empty() {
            self.found.add(self.place, setting, Problem::Missing { example: "1002" });
            return None;
        }
        destination(self.draft, text, css)
            .map_err(|why| {
                let problem = Problem::Malformed { found: text.clone(), why: why.into() };
                self.found.add(self.place, setting, problem);
            })
            .ok()
    }
}

fn ring(place: Place, setting: &'static str, time: Duration, found: &mut Findings) -> Option<RingTime> {
    let second = Duration::from_secs(1);
    found.range(place, setting, time, second, second * RING_SECONDS_MAX);
    RingTime::from_secs(time.as_secs()).ok()
}

const BUSY: Names = Names {
    both: "forward.busy",
    internal: "forward.busy.internal",
    external: "forward.busy.external",
    space: "forward.busy.search_space",
};
const NO_ANSWER: Names = Names {
    both: "forward.no_answer",
    internal: "forward.no_answer.internal",
    external: "forward.no_answer.external",
    space: "forward.no_answer.search_space",
};
const UNREGISTERED: Names = Names {
    both: "forward.unregistered",
    internal: "forward.unregistered.internal",
    external: "forward.unregistered.external",
    space: "forward.unregistered.search_space",
};
const NO_COVERAGE: Names = Names {
    both: "forward.no_coverage",
    internal: "forward.no_coverage.internal",
    external: "forward.no_coverage.external",
    space: "forward.no_coverage.search_space",
};

/// What [`HopLimit`] and [`RingTime`] allow.
const HOPS_MAX: u64 = 60;
const RING_SECONDS_MAX: u32 = 300;

#[cfg(test)]
mod tests;
