//! The dial plan in the node file: `[dial_plan]`, `[[partition]]`, `[[search_space]]`, `[[translation]]`, `[[route]]` and
//! `[[block]]`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use strowger_base::Cause;
use strowger_callcontrol::configuration::{PagingGroups, PickupGroups};
use strowger_dialplan::route_list::{RouteDistribution, RouteListParameters};
use strowger_dialplan::schedule::Precedence;
use strowger_dialplan::{
    EnBlocHops, ExternalMask, HashRule, HoursRule, KeysOnLaterHops, NegatedSetRule, Parameters,
    SpeedDialRule, TieRule, UrgentRule,
};
use strowger_node::configuration::{
    BlockDraft, ChangeDraft, ParkDraft, PartitionDraft, PatternDraft, PlanDraft, RouteDraft, RouteGroupDraft,
    RouteListDraft, RouteListMemberDraft, SearchSpaceDraft, TranslationDraft,
};

use super::line::LineNames;
use super::mobility::{DevicePoolSection, MobilityInfoSection};
use super::text_or_table::{TextOrTable, text_or_table};
use super::transformations::TransformationSection;
use super::{ConfigFile, FeatureSection, HuntListSection, HuntPilotSection};

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
    /// Of two patterns in one partition that take as many numbers, the later one in the file wins.
    pub(crate) newest_wins_ties: bool,
    /// Opening hours are looked at once a call, not whenever a number is looked up.
    pub(crate) hours_checked_once: bool,
    /// `[^...]` takes `*` and `#` too.
    pub(crate) negated_set_takes_star_and_hash: bool,
    /// Hours on a day of the year are added to those of the week and do not replace them.
    pub(crate) any_period_opens: bool,
    /// No other trunk of a route list is tried when the called party is busy (17).
    pub(crate) stop_routing_on_busy: bool,
    /// The same when the number leads nowhere (1).
    pub(crate) stop_routing_on_unallocated: bool,
    /// The same when there is no bandwidth towards the trunk (125).
    pub(crate) stop_routing_on_out_of_bandwidth: bool,
    /// Other causes after which the next trunk is tried; after all others none is.
    pub(crate) continue_routing_on: Vec<u8>,
}

impl Default for DialPlanSection {
    fn default() -> Self {
        let parameters = Parameters::default();
        let route_lists = RouteListParameters::default();
        DialPlanSection {
            interdigit_timer_seconds: parameters.interdigit_timer.as_secs(),
            translations_max: parameters.translations_max,
            any_urgent_match_ends: false,
            wait_after_en_bloc: false,
            hash_is_digit: false,
            keys_join_later_hops: false,
            speed_dial_awaits_digits: false,
            newest_wins_ties: false,
            hours_checked_once: false,
            negated_set_takes_star_and_hash: false,
            any_period_opens: false,
            stop_routing_on_busy: route_lists.stop_on_busy,
            stop_routing_on_unallocated: route_lists.stop_on_unallocated,
            stop_routing_on_out_of_bandwidth: route_lists.stop_on_out_of_bandwidth,
            continue_routing_on: route_lists.continue_on.iter().map(|cause| cause.0).collect(),
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
            ties: if self.newest_wins_ties { TieRule::Newest } else { TieRule::Oldest },
            hours: if self.hours_checked_once { HoursRule::FirstLookup } else { HoursRule::EachLookup },
            negated_set: if self.negated_set_takes_star_and_hash {
                NegatedSetRule::DigitsStarAndHash
            } else {
                NegatedSetRule::Digits
            },
        }
    }

    fn route_lists(&self) -> RouteListParameters {
        RouteListParameters {
            stop_on_busy: self.stop_routing_on_busy,
            stop_on_unallocated: self.stop_routing_on_unallocated,
            stop_on_out_of_bandwidth: self.stop_routing_on_out_of_bandwidth,
            continue_on: self.continue_routing_on.iter().map(|cause| Cause(*cause)).collect(),
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
#[derive(Clone, Serialize)]
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
    #[serde(default)]
    pub(crate) change: ChangeSection,
}

impl TextOrTable for RouteListMember {
    type Table = ChangedMember;
    const EXPECTED: &'static str =
        "the name of a route group, or { group = \"…\", change = { discard = \"PreDot\", prefix = \"…\" } }";

    fn text(text: &str) -> Self {
        RouteListMember::Group(text.to_owned())
    }

    fn table(table: ChangedMember) -> Result<Self, &'static str> {
        Ok(RouteListMember::Changed(table))
    }
}

impl<'de> Deserialize<'de> for RouteListMember {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_table(deserializer)
    }
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
    #[serde(skip_serializing_if = "super::is_false")]
    pub(crate) no_wait: bool,
    #[serde(skip_serializing_if = "super::is_false")]
    pub(crate) by_calling: bool,
    #[serde(skip_serializing_if = "super::is_false")]
    pub(crate) emergency: bool,
    #[serde(skip_serializing_if = "ChangeSection::is_none")]
    pub(crate) change: ChangeSection,
}

/// `[[route]]`
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RouteSection {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) pattern: String,
    /// In place of the pattern: a domain or network whose addresses go this way.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) host: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) trunk: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) route_list: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) partition: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) filter: String,
    #[serde(skip_serializing_if = "super::is_false")]
    pub(crate) urgent: bool,
    /// Whoever dials it keys in a forced authorization code of at least this level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authorization_level: Option<u8>,
    /// Whoever dials it keys in a client matter code.
    #[serde(skip_serializing_if = "super::is_false")]
    pub(crate) matter_code: bool,
    #[serde(skip_serializing_if = "super::is_false")]
    pub(crate) outside_dial_tone: bool,
    #[serde(skip_serializing_if = "super::is_false")]
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
    #[serde(default, skip_serializing_if = "super::is_false")]
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
    #[serde(skip_serializing_if = "ExternalMaskSwitch::is_default")]
    pub(crate) external_mask: ExternalMaskSwitch,
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

/// Whether the external phone number mask of the calling line applies: `true`, `false`, or as the system does.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ExternalMaskSwitch(pub(super) ExternalMask);

impl ExternalMaskSwitch {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
    fn is_default(&self) -> bool {
        self.0 == ExternalMask::Default
    }
}

impl Serialize for ExternalMaskSwitch {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ExternalMask::On => serializer.serialize_bool(true),
            ExternalMask::Off => serializer.serialize_bool(false),
            ExternalMask::Default => serializer.serialize_str("default"),
        }
    }
}

impl<'de> Deserialize<'de> for ExternalMaskSwitch {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SwitchVisitor)
    }
}

struct SwitchVisitor;

impl serde::de::Visitor<'_> for SwitchVisitor {
    type Value = ExternalMaskSwitch;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("true, false or \"default\"")
    }

    fn visit_bool<E>(self, on: bool) -> Result<Self::Value, E> {
        Ok(ExternalMaskSwitch(if on { ExternalMask::On } else { ExternalMask::Off }))
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Self::Value, E> {
        match word {
            "default" => Ok(ExternalMaskSwitch(ExternalMask::Default)),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
        }
    }
}

impl ChangeSection {
    fn is_none(&self) -> bool {
        *self == ChangeSection::default()
    }

    pub(super) fn draft(&self) -> ChangeDraft {
        ChangeDraft {
            discard: self.discard.as_str().into(),
            mask: self.mask.as_str().into(),
            prefix: self.prefix.as_str().into(),
            external_mask: self.external_mask.0,
            calling_mask: self.calling_mask.as_str().into(),
            calling_prefix: self.calling_prefix.as_str().into(),
            present: self.present.as_str().into(),
            present_name: self.present_name.as_str().into(),
        }
    }
}

/// The whole plan of a file.
pub(super) fn draft(file: &ConfigFile) -> PlanDraft {
    let lines = LineNames::of(&file.lines);
    PlanDraft {
        parameters: file.dial_plan.parameters(),
        route_lists_rule: file.dial_plan.route_lists(),
        hours_precedence: if file.dial_plan.any_period_opens {
            Precedence::AnyPeriod
        } else {
            Precedence::DayOfYear
        },
        partitions: file.partitions.iter().map(PartitionSection::draft).collect(),
        search_spaces: file.search_spaces.iter().map(SearchSpaceSection::draft).collect(),
        translations: file.translations.iter().map(TranslationSection::draft).collect(),
        routes: file.routes.iter().map(RouteSection::draft).collect(),
        blocks: file.blocks.iter().map(BlockSection::draft).collect(),
        features: file.feature_codes.iter().map(FeatureSection::draft).collect(),
        pickup: PickupGroups::default(),
        park: ParkDraft::default(),
        paging: PagingGroups::default(),
        directory_uris: Vec::new(),
        calling_transformations: file
            .calling_transformations
            .iter()
            .map(TransformationSection::draft)
            .collect(),
        called_transformations: file
            .called_transformations
            .iter()
            .map(TransformationSection::draft)
            .collect(),
        device_pools: file.device_pools.iter().map(DevicePoolSection::draft).collect(),
        mobility_infos: file.mobility_infos.iter().map(MobilityInfoSection::draft).collect(),
        route_groups: file.route_groups.iter().map(RouteGroupSection::draft).collect(),
        route_lists: file.route_lists.iter().map(RouteListSection::draft).collect(),
        line_groups: file.line_groups.iter().map(|group| group.draft(&lines)).collect(),
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
            host: self.host.as_str().into(),
            trunk: self.trunk.as_str().into(),
            route_list: self.route_list.as_str().into(),
            change: self.change.draft(),
            authorization_level: self.authorization_level,
            matter_code: self.matter_code,
            outside_dial_tone: self.outside_dial_tone,
            emergency: self.emergency,
        }
    }
}

impl BlockSection {
    fn draft(&self) -> BlockDraft {
        BlockDraft {
            pattern: pattern(&self.pattern, &self.partition, &self.filter, self.urgent),
            host: Box::default(),
            cause: Cause(self.cause),
            announcement: None,
        }
    }
}

fn pattern(pattern: &str, partition: &str, filter: &str, urgent: bool) -> PatternDraft {
    PatternDraft { pattern: pattern.into(), partition: partition.into(), filter: filter.into(), urgent }
}

pub(super) const fn call_rejected() -> u8 {
    Cause::CALL_REJECTED.0
}
