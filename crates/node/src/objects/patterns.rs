//! Partitions, search spaces, and what stands in partitions but lines and hunt pilots; the codes that route patterns ask for.

use strowger_base::leg::Service;
use strowger_configuration::kinds::{
    Application, ApplicationNumber, AuthorizationCode, BlockedPattern, CalledTransformationPattern,
    CallingSearchSpace, CallingTransformationPattern, DirectoryUri, MatterCode, NumberChange, Partition,
    Presentation, RouteFilter, RoutePattern, SipRoutePattern, Switch, TranslationPattern,
};
use strowger_configuration::setting::{DiscardInstructions, MaskText, Ref};
use strowger_configuration::{Kind, State};
use strowger_dialplan::ExternalMask;

use super::parameters::cause;
use super::{Translation, audio_source, lines, name, text};
use crate::configuration::{
    AuthorizationCodeDraft, BlockDraft, ChangeDraft, DirectoryUriDraft, MatterCodeDraft, PartitionDraft,
    PatternDraft, Place, RouteDraft, SearchSpaceDraft, ServiceNumber, TransformationDraft, TranslationDraft,
};

impl Translation<'_> {
    /// Everything that is seen or not.
    pub(super) fn plan(&mut self) {
        self.each(|draft| &mut draft.plan.partitions, Place::Partition, partition);
        self.each(|draft| &mut draft.plan.search_spaces, Place::SearchSpace, search_space);
        self.each(|draft| &mut draft.plan.translations, Place::Translation, translation);
        self.each(|draft| &mut draft.plan.routes, Place::Route, route);
        self.each(|draft| &mut draft.plan.blocks, Place::Block, block);
        for (id, it) in self.state.all::<SipRoutePattern>() {
            let kind = Kind::SipRoutePattern;
            match sip_route(self.state, it) {
                HostDraft::Route(made) => {
                    self.add(|draft| &mut draft.plan.routes, Place::Route, kind, id, made);
                }
                HostDraft::Block(made) => {
                    self.add(|draft| &mut draft.plan.blocks, Place::Block, kind, id, made);
                }
            }
        }
        self.each(|draft| &mut draft.plan.calling_transformations, Place::CallingTransformation, calling);
        self.each(|draft| &mut draft.plan.called_transformations, Place::CalledTransformation, called);
        self.each(|draft| &mut draft.services, Place::Service, service);
        self.feature_numbers();
        for (id, it) in self.state.all::<DirectoryUri>() {
            let Some(made) = directory_uri(self.state, it) else { continue };
            self.add(
                |draft| &mut draft.plan.directory_uris,
                Place::DirectoryUri,
                Kind::DirectoryUri,
                id,
                made,
            );
        }
    }

    /// What callers key in behind a number.
    pub(super) fn codes(&mut self) {
        for (id, it) in self.state.all::<AuthorizationCode>() {
            match self.secrets.reveal("code", &it.code.text()) {
                Ok(code) => {
                    let level = u8::try_from(it.level.get()).unwrap_or(u8::MAX);
                    let made = AuthorizationCodeDraft { code, name: it.name.as_str().into(), level };
                    self.add(
                        |draft| &mut draft.codes.authorization,
                        Place::AuthorizationCode,
                        Kind::AuthorizationCode,
                        id,
                        made,
                    );
                }
                Err(why) => self.fault(Kind::AuthorizationCode, id, "code", sealed(&why)),
            }
        }
        for (id, it) in self.state.all::<MatterCode>() {
            match self.secrets.reveal("code", &it.code.text()) {
                Ok(code) => {
                    let made = MatterCodeDraft { code, description: it.name.as_str().into() };
                    self.add(|draft| &mut draft.codes.matter, Place::MatterCode, Kind::MatterCode, id, made);
                }
                Err(why) => self.fault(Kind::MatterCode, id, "code", sealed(&why)),
            }
        }
    }
}

/// That a secret cannot be opened.
pub(super) fn sealed(why: &str) -> String {
    format!("cannot be opened: {why}; set it again")
}

fn partition(state: &State, it: &Partition) -> PartitionDraft {
    let schedule = it.time_schedule.and_then(|schedule| state.get(schedule));
    let hours = schedule.map(|it| it.periods.iter().map(|period| period.as_str().into()).collect());
    PartitionDraft {
        name: it.name.as_str().into(),
        hours: hours.unwrap_or_default(),
        zone: text(it.zone.as_ref().map(|zone| zone.as_str())),
    }
}

fn search_space(state: &State, it: &CallingSearchSpace) -> SearchSpaceDraft {
    let partitions = it.partitions.iter().map(|partition| name(state, Some(*partition))).collect();
    SearchSpaceDraft { name: it.name.as_str().into(), partitions }
}

/// A pattern in its partition.
pub(super) fn pattern(
    state: &State,
    pattern: &str,
    partition: Option<Ref<Partition>>,
    filter: Option<Ref<RouteFilter>>,
    urgent: bool,
) -> PatternDraft {
    let filter = filter.and_then(|filter| state.get(filter));
    PatternDraft {
        pattern: pattern.into(),
        partition: name(state, partition),
        filter: text(filter.map(|filter| filter.clauses.as_str())),
        urgent,
    }
}

/// A translation pattern by itself.
pub(super) fn translation(state: &State, it: &TranslationPattern) -> TranslationDraft {
    TranslationDraft {
        pattern: pattern(state, it.pattern.as_str(), it.partition, it.filter, it.urgent),
        search_space: match it.search_space {
            _ if it.null_partition_only => Some(Box::default()),
            Some(space) => Some(name(state, Some(space))),
            None => None,
        },
        change: change(it.change.as_deref()),
        no_wait: it.no_wait,
        by_calling: it.by_calling,
        emergency: it.emergency,
    }
}

/// A route pattern by itself.
pub(super) fn route(state: &State, it: &RoutePattern) -> RouteDraft {
    RouteDraft {
        pattern: pattern(state, it.pattern.as_str(), it.partition, it.filter, it.urgent),
        host: Box::default(),
        // Devices have their names for themselves: a gateway stands among the trunks.
        trunk: if it.gateway.is_some() { name(state, it.gateway) } else { name(state, it.trunk) },
        route_list: name(state, it.route_list),
        change: change(it.change.as_deref()),
        authorization_level: it.authorization_level.map(|level| u8::try_from(level.get()).unwrap_or(u8::MAX)),
        matter_code: it.matter_code,
        outside_dial_tone: it.outside_dial_tone,
        emergency: it.emergency,
    }
}

/// A pattern that refuses calls, by itself.
pub(super) fn block(state: &State, it: &BlockedPattern) -> BlockDraft {
    BlockDraft {
        pattern: pattern(state, it.pattern.as_str(), it.partition, it.filter, it.urgent),
        host: Box::default(),
        cause: cause(it.cause.get()),
        announcement: audio_source(it.announcement),
    }
}

/// What becomes of a SIP route pattern.
pub(super) enum HostDraft {
    /// A way to hosts of others.
    Route(RouteDraft),
    /// Nobody gets there.
    Block(BlockDraft),
}

/// A SIP route pattern by itself.
pub(super) fn sip_route(state: &State, it: &SipRoutePattern) -> HostDraft {
    let pattern = PatternDraft { partition: name(state, it.partition), ..PatternDraft::default() };
    let host = it.pattern.as_str().into();
    if it.block {
        return HostDraft::Block(BlockDraft {
            pattern,
            host,
            cause: strowger_base::Cause::CALL_REJECTED,
            announcement: None,
        });
    }
    HostDraft::Route(RouteDraft {
        pattern,
        host,
        trunk: name(state, it.trunk),
        route_list: name(state, it.route_list),
        ..RouteDraft::default()
    })
}

fn calling(state: &State, it: &CallingTransformationPattern) -> TransformationDraft {
    TransformationDraft {
        pattern: pattern(state, it.pattern.as_str(), it.partition, None, false),
        change: ChangeDraft {
            external_mask: external_mask(it.external_mask),
            present: presentation(it.present),
            present_name: presentation(it.present_name),
            ..called_change(it.discard.as_ref(), it.mask.as_ref(), it.prefix.as_str())
        },
    }
}

fn called(state: &State, it: &CalledTransformationPattern) -> TransformationDraft {
    TransformationDraft {
        pattern: pattern(state, it.pattern.as_str(), it.partition, None, false),
        change: called_change(it.discard.as_ref(), it.mask.as_ref(), it.prefix.as_str()),
    }
}

fn service(state: &State, it: &ApplicationNumber) -> ServiceNumber {
    ServiceNumber {
        number: it.pattern.as_str().into(),
        partition: name(state, it.partition),
        service: match it.service {
            Application::Echo => Service::Echo,
            Application::Announcement => Service::Announcement,
        },
    }
}

/// `None` when its line is none of those that the node can have.
fn directory_uri(state: &State, it: &DirectoryUri) -> Option<DirectoryUriDraft> {
    Some(DirectoryUriDraft {
        uri: it.pattern.as_str().into(),
        partition: name(state, it.partition),
        line: lines::line_name(state, it.line)?,
    })
}

/// What a pattern does to numbers.
pub(super) fn change(it: Option<&NumberChange>) -> ChangeDraft {
    let Some(it) = it else { return ChangeDraft::default() };
    ChangeDraft {
        external_mask: external_mask(it.external_mask),
        calling_mask: text(it.calling_mask.as_ref().map(MaskText::as_str)),
        calling_prefix: it.calling_prefix.as_str().into(),
        present: presentation(it.present),
        present_name: presentation(it.present_name),
        ..called_change(it.discard.as_ref(), it.mask.as_ref(), it.prefix.as_str())
    }
}

fn called_change(
    discard: Option<&DiscardInstructions>,
    mask: Option<&MaskText>,
    prefix: &str,
) -> ChangeDraft {
    ChangeDraft {
        discard: text(discard.map(DiscardInstructions::as_str)),
        mask: text(mask.map(MaskText::as_str)),
        prefix: prefix.into(),
        ..ChangeDraft::default()
    }
}

const fn external_mask(switch: Switch) -> ExternalMask {
    match switch {
        Switch::Default => ExternalMask::Default,
        Switch::On => ExternalMask::On,
        Switch::Off => ExternalMask::Off,
    }
}

fn presentation(it: Presentation) -> Box<str> {
    match it {
        Presentation::Default => Box::default(),
        Presentation::Allowed | Presentation::Restricted => it.word().into(),
    }
}
