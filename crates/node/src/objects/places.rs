//! Device pools, and phones that travel.

use strowger_configuration::State;
use strowger_configuration::kinds::{
    DevicePool, IncomingNumbers, IncomingRule, MobilityInfo, TransformationSpaces,
};

use super::{Translation, admission, country, hold_sources, lines, media, name, text};
use crate::configuration::{
    DevicePoolDraft, IncomingDraft, IncomingRuleDraft, MobilityInfoDraft, NumberViewDraft, Place,
};

impl Translation<'_> {
    /// Where devices are.
    pub(super) fn places(&mut self) {
        self.each(|draft| &mut draft.plan.device_pools, Place::DevicePool, device_pool);
        self.each(|draft| &mut draft.plan.mobility_infos, Place::MobilityInfo, mobility_info);
    }
}

fn device_pool(state: &State, it: &DevicePool) -> DevicePoolDraft {
    let group = it.date_time_group.and_then(|group| state.get(group));
    let named = it.local_route_groups.iter();
    DevicePoolDraft {
        name: it.name.as_str().into(),
        physical_location: name(state, it.physical_location),
        mobility_group: name(state, it.mobility_group),
        search_space: name(state, it.mobility_search_space),
        local_route_group: name(state, it.local_route_group),
        local_route_groups: named
            .map(|local| (local.name.as_str().into(), name(state, Some(local.route_group))))
            .collect(),
        view: view(state, it.transformation_spaces.as_deref()),
        country: country(it.network_locale.as_ref()),
        hold_sources: hold_sources(it.user_hold_source, it.network_hold_source),
        single_button_barge: lines::single_button_barge(it.single_button_barge),
        zone: text(group.map(|group| group.zone.as_str())),
        emergency_number: text(it.emergency_number.as_ref().map(|number| number.as_str())),
        incoming_calling: incoming(state, it.incoming_calling.as_deref()),
        incoming_called: incoming(state, it.incoming_called.as_deref()),
        site: admission::of_pool(state, it),
        media: media::of_pool(it),
    }
}

fn mobility_info(state: &State, it: &MobilityInfo) -> MobilityInfoDraft {
    MobilityInfoDraft {
        name: it.name.as_str().into(),
        subnets: it.subnets.iter().map(|subnet| subnet.as_str().into()).collect(),
        device_pools: it.device_pools.iter().map(|pool| name(state, Some(*pool))).collect(),
        emergency_number: text(it.emergency_number.as_ref().map(|number| number.as_str())),
    }
}

/// How a device sees numbers.
pub(super) fn view(state: &State, it: Option<&TransformationSpaces>) -> NumberViewDraft {
    let Some(it) = it else { return NumberViewDraft::default() };
    NumberViewDraft {
        calling: name(state, it.calling),
        called: name(state, it.called),
        connected: name(state, it.connected),
        redirecting: name(state, it.redirecting),
    }
}

/// How numbers from outside become the plan's.
pub(super) fn incoming(state: &State, it: Option<&IncomingNumbers>) -> IncomingDraft {
    let Some(it) = it else { return IncomingDraft::default() };
    let rule = |rule: &Option<IncomingRule>| {
        rule.as_ref().map(|rule| IncomingRuleDraft {
            strip: rule.strip.get().into(),
            prefix: rule.prefix.as_str().into(),
            search_space: name(state, rule.search_space),
        })
    };
    IncomingDraft {
        national: rule(&it.national),
        international: rule(&it.international),
        subscriber: rule(&it.subscriber),
        unknown: rule(&it.unknown),
    }
}
