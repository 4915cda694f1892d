//! What becomes of a call after its number is analysed: forwards and hunts, in the words of the field.

mod json;
mod text;

use std::sync::Arc;

use strowger_base::LineName;
use strowger_callcontrol::Configuration;
use strowger_callcontrol::follow::{End, Followed, Follower, Lookup, Reached, Step, When};
use strowger_dialplan::forward::{BreakoutBecause, ForwardKind};
use strowger_dialplan::hunt::{
    Condition, Distribution, Exhausted, HuntOption, LeftBecause, Output, RingBecause, SkippedBecause,
};
use strowger_dialplan::{LaterHops, Trace};

use super::{Answer, Way, rejected, target};

/// What every line is doing that the call reaches.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LinesAre {
    /// They ring.
    #[default]
    Free,
    /// They are busy.
    Busy,
    /// They ring, and nobody answers.
    NoAnswer,
    /// None of their phones is registered.
    Unregistered,
}

impl LinesAre {
    pub(super) const fn when(self) -> When {
        match self {
            LinesAre::Free => When::Free,
            LinesAre::Busy => When::Busy,
            LinesAre::NoAnswer => When::NoAnswer,
            LinesAre::Unregistered => When::Unregistered,
        }
    }
}

impl<'c> Answer<'c> {
    /// Follows the call from where its number led; `None` where nothing comes after that.
    pub(super) fn followed(&self) -> Option<Followed<'c>> {
        let (lookup, later) = match &self.way {
            Way::Number(trace) => (Reached::of(trace, self.configuration), trace.analysis().later_hops()),
            Way::Name(found) => (Lookup::Name(*found).reached(self.configuration), LaterHops::default()),
        };
        let follower = Follower {
            configuration: self.configuration,
            caller: Arc::clone(&self.caller),
            side: self.side,
            later,
            at: self.question.at,
            when: self.question.lines.when(),
        };
        let followed = follower.follow(lookup.ok()?);
        let is_worth_telling = !followed.steps.is_empty() || !followed.others.is_empty();
        (is_worth_telling || matches!(followed.end, End::Line(_, Some(_)))).then_some(followed)
    }

    /// Where the call ends, in a few words: `line 1002`, `trunk pstn`, `cause 17 at line 1002`.
    pub(super) fn ends(&self, followed: Option<&Followed<'_>>) -> String {
        followed.map_or_else(|| self.result(), |followed| ends(self.configuration, &followed.end))
    }

    /// The members of the last hunt that ring as long as nobody answers, in their order.
    pub(super) fn members(&self, followed: Option<&Followed<'_>>) -> Vec<String> {
        let steps = followed.map_or(&[][..], |followed| &followed.steps);
        let last = steps.iter().rev().find_map(|step| match step {
            Step::Hunted(hunted) => Some(hunted),
            Step::Forwarded(_) | Step::NotFollowed { .. } => None,
        });
        let rung = last.into_iter().flat_map(|hunted| &hunted.events).flat_map(|event| match &event.what {
            Output::Ring { members, .. } => &members[..],
            Output::Skipped { .. }
            | Output::Withdraw { .. }
            | Output::LeftGroup { .. }
            | Output::Connected { .. }
            | Output::Exhausted { .. } => &[],
        });
        let mut members: Vec<String> = Vec::new();
        for member in rung {
            let shown = self.configuration.shown(member.as_str());
            if !members.iter().any(|known| *known == shown) {
                members.push(shown.to_owned());
            }
        }
        members
    }

    /// Where the number of a forward leads, one lookup far.
    fn leads_to(&self, lookup: &Lookup<'_>) -> String {
        match lookup.reached(self.configuration) {
            Ok(reached) => target(self.configuration, reached.action),
            Err(end) => ends(self.configuration, &end),
        }
    }

    /// The dialling that decides where the call ends: that of the last redirection, when there was one.
    pub(super) fn last_trace<'t>(&'t self, followed: Option<&'t Followed<'_>>) -> Option<&'t Trace> {
        let steps = followed.map_or(&[][..], |followed| &followed.steps);
        let last = steps.iter().rev().find_map(|step| match step {
            Step::Forwarded(forwarded) => Some(&forwarded.lookup),
            Step::NotFollowed { .. } | Step::Hunted(_) => None,
        });
        match (last, &self.way) {
            (Some(Lookup::Number(trace)), _) | (None, Way::Number(trace)) => Some(trace),
            (Some(Lookup::Name(_)), _) | (None, Way::Name(_)) => None,
        }
    }
}

fn ends(configuration: &Configuration, end: &End<'_>) -> String {
    match end {
        End::Line(line, None) => format!("line {}", configuration.shown(line.as_str())),
        End::Line(line, Some(cause)) => {
            format!("cause {} at line {}", cause.0, configuration.shown(line.as_str()))
        }
        End::Hunt(pilot) => format!("hunt pilot {pilot}"),
        End::HuntOver(pilot, because) => format!("cause {} at hunt pilot {pilot}", because.cause().0),
        End::Elsewhere(there) => target(configuration, there),
        End::CodeWanted(cause) => format!("cause {}: it wants a code, and nobody is asked", cause.0),
        End::Blocked(cause) => format!("blocked, cause {}", cause.0),
        End::Rejected(reject) => rejected(*reject).to_owned(),
        End::TooManyHops { at, hops } => {
            let at = configuration.shown(at);
            format!("cause 25 at {at} after {hops} redirections")
        }
    }
}

/// Members of a line group as people are shown them.
fn shown<'m>(configuration: &Configuration, members: &'m [LineName]) -> Vec<&'m str> {
    members.iter().map(|member| configuration.shown(member.as_str())).collect()
}

/// What a forward is for.
const fn forwards(kind: Option<ForwardKind>) -> &'static str {
    match kind {
        Some(ForwardKind::All) => "all calls",
        Some(ForwardKind::Busy) => "calls that find it busy",
        Some(ForwardKind::NoAnswer) => "calls that nobody answers",
        Some(ForwardKind::Unregistered) => "calls that find no phone",
        Some(ForwardKind::NoCoverage) => "calls that were hunted in vain",
        Some(ForwardKind::CtiFailure) => "calls that find no application",
        None => "the call after the hunt",
    }
}

/// For programs.
const fn kind(kind: Option<ForwardKind>) -> &'static str {
    match kind {
        Some(ForwardKind::All) => "all",
        Some(ForwardKind::Busy) => "busy",
        Some(ForwardKind::NoAnswer) => "no-answer",
        Some(ForwardKind::Unregistered) => "unregistered",
        Some(ForwardKind::NoCoverage) => "no-coverage",
        Some(ForwardKind::CtiFailure) => "cti-failure",
        None => "hunt-ended",
    }
}

const fn way_out(because: BreakoutBecause) -> &'static str {
    match because {
        BreakoutBecause::Loop => "loop",
        BreakoutBecause::HopLimit => "hop-limit",
    }
}

const fn when(when: When) -> &'static str {
    match when {
        When::Free => "free",
        When::Busy => "busy",
        When::NoAnswer => "no-answer",
        When::Unregistered => "unregistered",
    }
}

const fn distribution(distribution: Distribution) -> &'static str {
    match distribution {
        Distribution::TopDown => "top-down",
        Distribution::Circular => "circular",
        Distribution::LongestIdleTime => "longest-idle",
        Distribution::Broadcast => "broadcast",
    }
}

const fn option(option: HuntOption) -> &'static str {
    match option {
        HuntOption::NextMemberThenNextGroup => "next-member-then-next-group",
        HuntOption::NextMember => "next-member",
        HuntOption::SkipToNextGroup => "next-group",
        HuntOption::StopHunting => "stop",
    }
}

const fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::NoAnswer => "did not answer",
        Condition::Busy => "was busy",
        Condition::NotAvailable => "had no phone",
    }
}

fn rings(configuration: &Configuration, because: &RingBecause<LineName>) -> String {
    match because {
        RingBecause::TopDown => "the next in the list".to_owned(),
        RingBecause::TurnAfter(None) => "the first turn".to_owned(),
        RingBecause::TurnAfter(Some(last)) => {
            format!("its turn comes after {}", configuration.shown(last.as_str()))
        }
        RingBecause::IdleSince(_) => "idle longest; of equals the first in the list".to_owned(),
        RingBecause::Broadcast => "all that are free".to_owned(),
    }
}

const fn skipped(because: SkippedBecause) -> &'static str {
    match because {
        SkippedBecause::Busy | SkippedBecause::RefusedBusy => "busy",
        SkippedBecause::NotIdle => "on a call",
        SkippedBecause::NotAvailable | SkippedBecause::RefusedNotAvailable => "no phone registered",
        SkippedBecause::LoggedOut => "logged out of hunt groups",
    }
}

fn left(because: LeftBecause) -> String {
    match because {
        LeftBecause::MembersTried(last) => format!("all were tried, the last {}", condition(last)),
        LeftBecause::Skipped(last) => format!("the others are skipped, because one {}", condition(last)),
        LeftBecause::Empty => "it is empty".to_owned(),
    }
}

fn exhausted(because: Exhausted) -> String {
    match because {
        Exhausted::LastGroup(reason) => format!("no group is left; {}", left(reason)),
        Exhausted::LastMember(last) => {
            format!("the group keeps its calls, and the last member {}", condition(last))
        }
        Exhausted::Stopped(last) => format!("the group stops when a member {}", condition(last)),
        Exhausted::MaximumTimer => "the hunt took as long as its pilot lets it".to_owned(),
    }
}
