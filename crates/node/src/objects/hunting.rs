//! Hunting.

use strowger_configuration::State;
use strowger_configuration::kinds::{
    HuntDistribution, HuntExhausted, HuntList, HuntOption, HuntPilot, Line, LineGroup,
};
use strowger_configuration::setting::Ref;
use strowger_dialplan::hunt::{self, Distribution, LineGroupOptions, WhenExhausted};

use super::patterns::pattern;
use super::{Translation, lines, name};
use crate::configuration::{HuntListDraft, HuntPilotDraft, LineGroupDraft, Place};

impl Translation<'_> {
    /// Lines that answer for one another.
    pub(super) fn hunting(&mut self) {
        self.each(|draft| &mut draft.plan.line_groups, Place::LineGroup, line_group);
        self.each(|draft| &mut draft.plan.hunt_lists, Place::HuntList, hunt_list);
        self.each(|draft| &mut draft.plan.hunt_pilots, Place::HuntPilot, hunt_pilot);
    }
}

fn line_group(state: &State, it: &LineGroup) -> LineGroupDraft {
    let member = |line: Ref<Line>| lines::line_name(state, line);
    LineGroupDraft {
        name: it.name.as_str().into(),
        members: it.members.iter().filter_map(|line| member(*line)).collect(),
        options: LineGroupOptions {
            distribution: match it.distribution {
                HuntDistribution::TopDown => Distribution::TopDown,
                HuntDistribution::Circular => Distribution::Circular,
                HuntDistribution::LongestIdle => Distribution::LongestIdleTime,
                HuntDistribution::Broadcast => Distribution::Broadcast,
            },
            ring_no_answer_reversion: it.ring_no_answer_reversion.get(),
            on_no_answer: option(it.on_no_answer),
            on_busy: option(it.on_busy),
            on_not_available: option(it.on_not_available),
        },
    }
}

const fn option(it: HuntOption) -> hunt::HuntOption {
    match it {
        HuntOption::NextMemberThenNextGroup => hunt::HuntOption::NextMemberThenNextGroup,
        HuntOption::NextMember => hunt::HuntOption::NextMember,
        HuntOption::NextGroup => hunt::HuntOption::SkipToNextGroup,
        HuntOption::Stop => hunt::HuntOption::StopHunting,
    }
}

fn hunt_list(state: &State, it: &HuntList) -> HuntListDraft {
    let groups = it.line_groups.iter().map(|group| name(state, Some(*group))).collect();
    HuntListDraft { name: it.name.as_str().into(), groups }
}

fn hunt_pilot(state: &State, it: &HuntPilot) -> HuntPilotDraft {
    HuntPilotDraft {
        pattern: pattern(state, it.pattern.as_str(), it.partition, it.filter, it.urgent),
        hunt_list: name(state, Some(it.hunt_list)),
        maximum: it.maximum_hunt_timer.get(),
        exhausted: match (it.exhausted, &it.exhausted_to) {
            (HuntExhausted::Forward, Some(there)) => WhenExhausted::Forward {
                number: there.number.as_str().into(),
                css: name(state, there.search_space),
            },
            // The rules of the object leave no forward without a number.
            (HuntExhausted::Release | HuntExhausted::Forward, _) => WhenExhausted::NotForwarded,
            (HuntExhausted::NoCoverage, _) => WhenExhausted::PersonalNoCoverage,
        },
    }
}
