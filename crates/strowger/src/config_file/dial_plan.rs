//! The dial plan in the node file: `[dial_plan]`, `[[partition]]`, `[[search_space]]`, `[[translation]]`, `[[route]]` and
//! `[[block]]`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strowger_base::Cause;
use strowger_dialplan::route_list::RouteDistribution;
use strowger_dialplan::{EnBlocHops, HashRule, KeysOnLaterHops, Parameters, SpeedDialRule, UrgentRule};
use strowger_node::configuration::{
    BlockDraft, ChangeDraft, PartitionDraft, PatternDraft, PlanDraft, RouteDraft, RouteGroupDraft,
    RouteListDraft, RouteListMemberDraft, SearchSpaceDraft, TranslationDraft,
};

use super::{ConfigFile, HuntListSection, HuntPilotSection, LineGroupSection};

/// `[dial_plan]`: timers, limits, and the choices that public texts leave open.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DialPlanSection {
    /// T302: how long more digits are waited for.
    pub(crate) interdigit_timer_seconds: u64,
    /// Translations of one call; one more ends it.
    pub(crate) translations_max: u32,
    /// Any urgent match ends the collection of digits, not only the closest one.
    pub(crate) any_urgent_match_ends: bool,
    /// A number that was dialled as a whole is waited for after a translation.
    pub(crate) wait_after_en_bloc: bool,
    /// `#` is a digit like others where no pattern holds it.
    pub(crate) hash_is_digit: bool,
    /// Keys that are pressed while a translated number waits join it.
    pub(crate) keys_join_later_hops: bool,
    /// A speed dial waits for more digits where a longer pattern could match.
    pub(crate) speed_dial_awaits_digits: bool,
}

impl Default for DialPlanSection {
    fn default() -> Self {
        let parameters = Parameters::default();
        DialPlanSection {
            interdigit_timer_seconds: parameters.interdigit_timer.as_secs(),
            translations_max: parameters.translations_max,
            any_urgent_match_ends: false,
            wait_after_en_bloc: false,
            hash_is_digit: false,
            keys_join_later_hops: false,
            speed_dial_awaits_digits: false,
        }
    }
}

impl DialPlanSection {
    fn parameters(&self) -> Parameters {
        Parameters {
            interdigit_timer: Duration::from_secs(self.interdigit_timer_seconds),
            translations_max: self.translations_max,
            urgent: if self.any_urgent_match_ends { UrgentRule::AnyMatch } else { UrgentRule::ClosestOnly },
            en_bloc_hops: if self.wait_after_en_bloc { EnBlocHops::Wait } else { EnBlocHops::Complete },
            hash: if self.hash_is_digit { HashRule::Digit } else { HashRule::EndsDialling },
            keys_on_later_hops: if self.keys_join_later_hops {
                KeysOnLaterHops::Join
            } else {
                KeysOnLaterHops::Ignored
            },
            speed_dial: if self.speed_dial_awaits_digits {
                SpeedDialRule::AwaitFurtherDigits
            } else {
                SpeedDialRule::Complete
            },
        }
    }
}

/// `[[partition]]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartitionSection {
    pub(crate) name: String,
    /// When it is open, such as `mo-fr 08:00-17:00` or `12-25 closed`; always when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hours: Vec<String>,
    /// IANA zone whose clock counts; the calling phone's when it is not given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) zone: String,
}

/// `[[route_group]]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteGroupSection {
    pub(crate) name: String,
    pub(crate) trunks: Vec<String>,
    #[serde(default)]
    pub(crate) distribution: Distribution,
}

/// In which order the trunks of a route group are tried.
#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Distribution {
    /// As they are listed, every call from the top.
    TopDown,
    /// From the one after the last that was used.
    #[default]
    Circular,
}

/// `[[route_list]]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteListSection {
    pub(crate) name: String,
    /// In the order in which they are tried.
    pub(crate) groups: Vec<RouteListMember>,
}

/// One step of a route list: a route group, alone or with number changes that replace the route pattern's.
#[derive(Clone, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum RouteListMember {
    Group(String),
    Changed(ChangedMember),
}

/// A route group with number changes of its own.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangedMember {
    pub(crate) group: String,
    pub(crate) change: ChangeSection,
}

/// `[[search_space]]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchSpaceSection {
    pub(crate) name: String,
    /// Best first.
    pub(crate) partitions: Vec<String>,
}

/// `[[translation]]`
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TranslationSection {
    pub(crate) pattern: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) partition: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) filter: String,
    /// Translation patterns are urgent unless they say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) urgent: Option<bool>,
    /// Where the changed number is looked up; the caller's search space when it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) search_space: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) no_wait: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) by_calling: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) emergency: bool,
    #[serde(skip_serializing_if = "ChangeSection::is_none")]
    pub(crate) change: ChangeSection,
}

/// `[[route]]`
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RouteSection {
    pub(crate) pattern: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) trunk: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) route_list: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) partition: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) filter: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) urgent: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) outside_dial_tone: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) emergency: bool,
    #[serde(skip_serializing_if = "ChangeSection::is_none")]
    pub(crate) change: ChangeSection,
}

/// `[[block]]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlockSection {
    pub(crate) pattern: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) partition: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) filter: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) urgent: bool,
    /// Q.850 cause that whoever dials it is released with.
    #[serde(default = "call_rejected")]
    pub(crate) cause: u8,
}

/// What a pattern does to numbers.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ChangeSection {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) discard: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) mask: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) prefix: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) external_mask: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) calling_mask: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) calling_prefix: String,
    /// Whether the called may see the number: `allowed`, `restricted` or `default`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) present: String,
    /// The same for the name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) present_name: String,
}

impl ChangeSection {
    fn is_none(&self) -> bool {
        *self == ChangeSection::default()
    }

    fn draft(&self) -> ChangeDraft {
        ChangeDraft {
            discard: self.discard.as_str().into(),
            mask: self.mask.as_str().into(),
            prefix: self.prefix.as_str().into(),
            external_mask: self.external_mask,
            calling_mask: self.calling_mask.as_str().into(),
            calling_prefix: self.calling_prefix.as_str().into(),
            present: self.present.as_str().into(),
            present_name: self.present_name.as_str().into(),
        }
    }
}

/// The whole plan of a file.
pub(super) fn draft(file: &ConfigFile) -> PlanDraft {
    PlanDraft {
        parameters: file.dial_plan.parameters(),
        partitions: file.partitions.iter().map(PartitionSection::draft).collect(),
        search_spaces: file.search_spaces.iter().map(SearchSpaceSection::draft).collect(),
        translations: file.translations.iter().map(TranslationSection::draft).collect(),
        routes: file.routes.iter().map(RouteSection::draft).collect(),
        blocks: file.blocks.iter().map(BlockSection::draft).collect(),
        route_groups: file.route_groups.iter().map(RouteGroupSection::draft).collect(),
        route_lists: file.route_lists.iter().map(RouteListSection::draft).collect(),
        line_groups: file.line_groups.iter().map(LineGroupSection::draft).collect(),
        hunt_lists: file.hunt_lists.iter().map(HuntListSection::draft).collect(),
        hunt_pilots: file.hunt_pilots.iter().map(HuntPilotSection::draft).collect(),
    }
}

impl PartitionSection {
    fn draft(&self) -> PartitionDraft {
        PartitionDraft {
            name: self.name.as_str().into(),
            hours: self.hours.iter().map(|text| text.as_str().into()).collect(),
            zone: self.zone.as_str().into(),
        }
    }
}

impl RouteGroupSection {
    fn draft(&self) -> RouteGroupDraft {
        RouteGroupDraft {
            name: self.name.as_str().into(),
            trunks: self.trunks.iter().map(|name| name.as_str().into()).collect(),
            distribution: match self.distribution {
                Distribution::TopDown => RouteDistribution::TopDown,
                Distribution::Circular => RouteDistribution::Circular,
            },
        }
    }
}

impl RouteListSection {
    fn draft(&self) -> RouteListDraft {
        let member = |member: &RouteListMember| match member {
            RouteListMember::Group(group) => {
                RouteListMemberDraft { group: group.as_str().into(), change: ChangeDraft::default() }
            }
            RouteListMember::Changed(changed) => {
                RouteListMemberDraft { group: changed.group.as_str().into(), change: changed.change.draft() }
            }
        };
        let members = self.groups.iter().map(member).collect();
        RouteListDraft { name: self.name.as_str().into(), members }
    }
}

impl SearchSpaceSection {
    fn draft(&self) -> SearchSpaceDraft {
        let partitions = self.partitions.iter().map(|name| name.as_str().into()).collect();
        SearchSpaceDraft { name: self.name.as_str().into(), partitions }
    }
}

impl TranslationSection {
    fn draft(&self) -> TranslationDraft {
        TranslationDraft {
            pattern: pattern(&self.pattern, &self.partition, &self.filter, self.urgent.unwrap_or(true)),
            search_space: self.search_space.as_deref().map(Into::into),
            change: self.change.draft(),
            no_wait: self.no_wait,
            by_calling: self.by_calling,
            emergency: self.emergency,
        }
    }
}

impl RouteSection {
    fn draft(&self) -> RouteDraft {
        RouteDraft {
            pattern: pattern(&self.pattern, &self.partition, &self.filter, self.urgent),
            trunk: self.trunk.as_str().into(),
            route_list: self.route_list.as_str().into(),
            change: self.change.draft(),
            outside_dial_tone: self.outside_dial_tone,
            emergency: self.emergency,
        }
    }
}

impl BlockSection {
    fn draft(&self) -> BlockDraft {
        BlockDraft {
            pattern: pattern(&self.pattern, &self.partition, &self.filter, self.urgent),
            cause: Cause(self.cause),
        }
    }
}

fn pattern(pattern: &str, partition: &str, filter: &str, urgent: bool) -> PatternDraft {
    PatternDraft { pattern: pattern.into(), partition: partition.into(), filter: filter.into(), urgent }
}

/// Serde wants a function for it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_false(value: &bool) -> bool {
    !*value
}

const fn call_rejected() -> u8 {
    Cause::CALL_REJECTED.0
}
