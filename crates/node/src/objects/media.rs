//! Media resources, their groups and lists, and what devices say of them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use strowger_base::leg::{self, MulticastDirection};
use strowger_callcontrol::configuration::{
    EarlyOffer, Increment, MediaResources, MediaUse, MulticastMusic, WaitingTone,
};
use strowger_configuration::kinds::{
    self, AudioPlay, AudioSource, DevicePool, MediaFunction, MediaHost, MediaResource, MediaResourceGroup,
    MediaResourceGroupList, MulticastIncrement, MulticastMusicDirection, MulticastRuns, Phone,
    ServiceParameters, SipProfile, Trunk, TrustedRelay,
};
use strowger_configuration::setting::Ref;
use strowger_configuration::{Id, State};
use strowger_dialplan::resources::{Function, Resource};

use strowger_sccp::resources::io::ResourceKind;

use super::{Translation, name};

impl Translation<'_> {
    /// Resources, groups and lists.
    pub(super) fn media(&mut self) {
        let state = self.state;
        let media = &mut self.translated.draft.media;
        for (_, it) in state.all::<MediaResource>() {
            let at_router = it.host == MediaHost::Router;
            if !at_router || router_kind(it.function).is_some() {
                media.table.add(it.name.as_str(), resource(it));
            }
            if let Some(music) = multicast(it).filter(|_| !at_router) {
                media.multicast.insert(Arc::from(it.name.as_str()), music);
            }
        }
        for (_, it) in state.all::<AudioSource>() {
            let source = leg::AudioSource(u8::try_from(it.number.get()).unwrap_or(u8::MAX));
            match it.play {
                AudioPlay::Continuously => media.continuous.insert(source),
                AudioPlay::FromStart => media.from_start.insert(source),
            };
        }
        for (_, it) in state.all::<MediaResourceGroup>() {
            let members: Vec<Box<str>> =
                it.resources.iter().map(|resource| name(state, Some(*resource))).collect();
            media.table.group(it.name.as_str(), members.iter().map(|member| &**member));
            if it.multicast_music {
                media.multicast_groups.insert(it.name.as_str().into());
            }
        }
        for (id, it) in state.all::<MediaResourceGroupList>() {
            let groups: Vec<Box<str>> = it.groups.iter().map(|group| name(state, Some(*group))).collect();
            media.table.list(&key(id), groups.iter().map(|group| &**group));
        }
        media.in_use = media.table.iter().next().is_some()
            || media.fails_without_trusted_relay
            || media.fails_without_termination_point;
    }
}

/// What a router registers for this; `None` for what it cannot do for us.
pub(super) const fn router_kind(function: MediaFunction) -> Option<ResourceKind> {
    match function {
        MediaFunction::ConferenceBridge => Some(ResourceKind::ConferenceBridge),
        MediaFunction::Transcoder => Some(ResourceKind::Transcoder),
        MediaFunction::MediaTerminationPoint => Some(ResourceKind::TerminationPoint),
        MediaFunction::Annunciator | MediaFunction::MusicOnHold => None,
    }
}

/// What the service parameters say.
pub(super) fn parameters(it: &ServiceParameters, media: &mut MediaResources) {
    media.fails_without_trusted_relay = it.trusted_relay_point_needed;
    media.fails_without_termination_point = it.mtp_needed;
    media.multicast_direction = match it.multicast_music_direction {
        MulticastMusicDirection::ReceiveOnly => MulticastDirection::ReceiveOnly,
        MulticastMusicDirection::SendOnly => MulticastDirection::SendOnly,
    };
}

/// Where the music of a resource goes out to all. That it is one, and a multicast address, are rules of the object.
fn multicast(it: &MediaResource) -> Option<MulticastMusic> {
    let address: IpAddr = it.multicast.as_ref()?.as_str().parse().ok()?;
    Some(MulticastMusic {
        base: SocketAddr::new(address, u16::try_from(it.multicast_port.get()).unwrap_or(u16::MAX)),
        increment: match it.multicast_increment {
            MulticastIncrement::Address => Increment::Address,
            MulticastIncrement::Port => Increment::Port,
        },
        ttl: u8::try_from(it.multicast_ttl.get()).unwrap_or(u8::MAX),
        always: it.multicast_runs == MulticastRuns::Always,
    })
}

fn resource(it: &MediaResource) -> Resource {
    let function = match it.function {
        MediaFunction::Annunciator => Function::Annunciator,
        MediaFunction::ConferenceBridge => Function::ConferenceBridge,
        MediaFunction::Transcoder => Function::Transcoder,
        MediaFunction::MediaTerminationPoint => Function::TerminationPoint,
        MediaFunction::MusicOnHold => Function::MusicOnHold,
    };
    let (is_trusted, is_device) = (it.trusted_relay_point, it.host == MediaHost::Router);
    Resource { function, is_trusted, capacity: it.capacity.map(|most| most.get()), is_device }
}

/// What a device pool says.
pub(super) fn of_pool(it: &DevicePool) -> MediaUse {
    MediaUse {
        list: list(it.media_resource_group_list),
        trusted_relay: it.use_trusted_relay_point.then_some(true),
        ..MediaUse::default()
    }
}

/// What a phone says.
pub(super) fn of_phone(state: &State, it: &Phone) -> MediaUse {
    let early_offer = early_offer(state, it.sip_profile);
    let waiting_tone = waiting_tone(state, it.sip_profile);
    let Some(more) = it.more.as_deref() else {
        return MediaUse { early_offer, waiting_tone, ..MediaUse::default() };
    };
    MediaUse {
        list: list(more.media_resource_group_list),
        trusted_relay: trusted(more.use_trusted_relay_point),
        termination_point: more.mtp_required,
        early_offer,
        unicast_music: !more.multicast_music,
        waiting_tone,
    }
}

/// What a trunk says.
pub(super) fn of_trunk(state: &State, it: &Trunk) -> MediaUse {
    MediaUse {
        list: list(it.media_resource_group_list),
        trusted_relay: trusted(it.use_trusted_relay_point),
        termination_point: it.mtp_required,
        early_offer: early_offer(state, it.sip_profile),
        unicast_music: !it.multicast_music,
        waiting_tone: WaitingTone::Phone,
    }
}

const fn trusted(it: TrustedRelay) -> Option<bool> {
    match it {
        TrustedRelay::Default => None,
        TrustedRelay::Off => Some(false),
        TrustedRelay::On => Some(true),
    }
}

fn early_offer(state: &State, profile: Option<Ref<SipProfile>>) -> EarlyOffer {
    match profile.and_then(|profile| state.get(profile)).map(|profile| profile.early_offer) {
        Some(kinds::EarlyOffer::BestEffort) => EarlyOffer::BestEffort,
        Some(kinds::EarlyOffer::Mandatory) => EarlyOffer::Mandatory,
        Some(kinds::EarlyOffer::Off) | None => EarlyOffer::No,
    }
}

/// Who makes the tone of call waiting.
fn waiting_tone(state: &State, profile: Option<Ref<SipProfile>>) -> WaitingTone {
    match profile.and_then(|profile| state.get(profile)).map(|profile| profile.call_waiting_tone) {
        Some(kinds::WaitingTone::Server) => WaitingTone::Server,
        Some(kinds::WaitingTone::Phone) | None => WaitingTone::Phone,
    }
}

/// A list by its id, so that phones need not be looked at when it gets another name.
fn list(it: Option<Ref<MediaResourceGroupList>>) -> Option<Arc<str>> {
    it.map(|list| Arc::from(key(list.id())))
}

fn key(id: Id) -> String {
    id.to_string()
}
