//! Hunting in the node file: `[[line_group]]`, `[[hunt_list]]` and `[[hunt_pilot]]`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strowger_dialplan::hunt::{
    Distribution, HuntOption, LineGroupOptions, MAXIMUM_HUNT_TIMER, RING_NO_ANSWER_REVERSION, WhenExhausted,
};
use strowger_node::configuration::{HuntListDraft, HuntPilotDraft, LineGroupDraft, PatternDraft};

use super::forwards::Destination;
use super::line::LineNames;

/// `[[line_group]]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineGroupSection {
    pub(crate) name: String,
    /// Lines by number; as in `1001 in Sales` where several have it.
    pub(crate) members: Vec<String>,
    #[serde(default)]
    pub(crate) distribution: DistributionName,
    /// How long a member rings before the next one.
    #[serde(default = "ring_seconds")]
    pub(crate) ring_seconds: u64,
    #[serde(default)]
    pub(crate) on_no_answer: OptionName,
    #[serde(default)]
    pub(crate) on_busy: OptionName,
    #[serde(default)]
    pub(crate) on_not_available: OptionName,
}

/// Who of a line group is offered a call first.
#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DistributionName {
    /// As they are listed, every call from the top.
    TopDown,
    /// From the one after the last who was offered a call.
    Circular,
    /// Whoever has been idle longest.
    #[default]
    LongestIdle,
    /// All at once.
    Broadcast,
}

/// What happens after a member that did not take the call.
#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OptionName {
    /// The next member; after the last one the next group.
    #[default]
    NextMemberThenNextGroup,
    /// The next member; after the last one the hunt is over.
    NextMember,
    /// The next group.
    NextGroup,
    /// The hunt is over.
    Stop,
}

/// `[[hunt_list]]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HuntListSection {
    pub(crate) name: String,
    /// Line groups in the order in which they are tried.
    pub(crate) groups: Vec<String>,
}

/// `[[hunt_pilot]]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HuntPilotSection {
    pub(crate) pattern: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) partition: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) urgent: bool,
    pub(crate) hunt_list: String,
    /// How long a hunt may take.
    #[serde(default = "max_seconds")]
    pub(crate) max_seconds: u64,
    /// Where a call goes that nobody took: a number, `no-coverage`, or nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) exhausted: Option<Destination>,
}

impl LineGroupSection {
    pub(super) fn draft(&self, lines: &LineNames<'_>) -> LineGroupDraft {
        LineGroupDraft {
            name: self.name.as_str().into(),
            members: self.members.iter().map(|member| lines.called(member)).collect(),
            options: LineGroupOptions {
                distribution: match self.distribution {
                    DistributionName::TopDown => Distribution::TopDown,
                    DistributionName::Circular => Distribution::Circular,
                    DistributionName::LongestIdle => Distribution::LongestIdleTime,
                    DistributionName::Broadcast => Distribution::Broadcast,
                },
                ring_no_answer_reversion: Duration::from_secs(self.ring_seconds),
                on_no_answer: self.on_no_answer.option(),
                on_busy: self.on_busy.option(),
                on_not_available: self.on_not_available.option(),
            },
        }
    }
}

impl OptionName {
    const fn option(self) -> HuntOption {
        match self {
            OptionName::NextMemberThenNextGroup => HuntOption::NextMemberThenNextGroup,
            OptionName::NextMember => HuntOption::NextMember,
            OptionName::NextGroup => HuntOption::SkipToNextGroup,
            OptionName::Stop => HuntOption::StopHunting,
        }
    }
}

impl HuntListSection {
    pub(super) fn draft(&self) -> HuntListDraft {
        HuntListDraft {
            name: self.name.as_str().into(),
            groups: self.groups.iter().map(|name| name.as_str().into()).collect(),
        }
    }
}

impl HuntPilotSection {
    pub(super) fn draft(&self) -> HuntPilotDraft {
        let exhausted = self.exhausted.as_ref().map(|there| match there.number() {
            NO_COVERAGE => WhenExhausted::PersonalNoCoverage,
            number => WhenExhausted::Forward {
                number: number.into(),
                css: there.search_space().unwrap_or_default().into(),
            },
        });
        HuntPilotDraft {
            pattern: PatternDraft {
                pattern: self.pattern.as_str().into(),
                partition: self.partition.as_str().into(),
                filter: Box::default(),
                urgent: self.urgent,
            },
            hunt_list: self.hunt_list.as_str().into(),
            maximum: Duration::from_secs(self.max_seconds),
            exhausted: exhausted.unwrap_or_default(),
        }
    }
}

const fn ring_seconds() -> u64 {
    RING_NO_ANSWER_REVERSION.as_secs()
}

const fn max_seconds() -> u64 {
    MAXIMUM_HUNT_TIMER.as_secs()
}

/// In place of a number: the line that was called originally says where.
pub(super) const NO_COVERAGE: &str = "no-coverage";
