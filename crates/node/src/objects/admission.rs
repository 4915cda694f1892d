//! Regions, locations and AAR groups, and who is in them.

use std::sync::Arc;

use strowger_configuration::kinds::{
    self, AarGroup, CodecPreferenceList, DevicePool, LocationLink, LocationRoom, MediaFunction,
    MediaResource, Region, ServiceParameters,
};
use strowger_configuration::setting::{Ref, Room};
use strowger_configuration::{Kind, State};
use strowger_dialplan::admission::{
    AarSwitch, AccountingParameters, AudioCodec, Pool, Pools, RegionDefaults, RegionPair, RoomOnPath,
    VoiceMailInstead,
};

use super::{Translation, name, text};
use crate::configuration::{
    AarGroupDraft, AdmissionDraft, LineAarDraft, LinkDraft, LocationDraft, Place, RegionDraft, SiteDraft,
};

impl Translation<'_> {
    /// Which codecs calls use, and what bandwidth they take.
    pub(super) fn admission(&mut self) {
        let state = self.state;
        let region = |it: &Region| RegionDraft {
            name: it.name.as_str().into(),
            relations: it
                .relations
                .iter()
                .map(|it| (name(state, Some(it.region)), pair(state, it)))
                .collect(),
        };
        let group = |it: &AarGroup| AarGroupDraft {
            name: it.name.as_str().into(),
            prefixes: it
                .prefixes
                .iter()
                .map(|it| (name(state, Some(it.group)), it.prefix.as_str().into()))
                .collect(),
        };
        let draft = &mut self.translated.draft.admission;
        draft.regions = state.all::<Region>().map(|(_, it)| region(it)).collect();
        draft.aar_groups = state.all::<AarGroup>().map(|(_, it)| group(it)).collect();
        let here = |it: &MediaResource| it.function == MediaFunction::ConferenceBridge;
        let bridges = state.all::<MediaResource>().filter(|(_, it)| here(it));
        draft.bridges = bridges.filter_map(|(_, it)| bridge(state, it)).collect();
        for (id, it) in state.all::<kinds::Location>() {
            let location = LocationDraft {
                name: it.name.as_str().into(),
                pools: pools(it.audio, it.video, it.immersive),
                links: it.links.iter().map(|it| link(state, it)).collect(),
            };
            self.add(|draft| &mut draft.admission.locations, Place::Location, Kind::Location, id, location);
        }
    }
}

/// What holds where regions say nothing, and what is counted.
pub(super) fn parameters(it: &ServiceParameters, draft: &mut AdmissionDraft) {
    let kbps = |kbps: u32| u16::try_from(kbps).unwrap_or(u16::MAX);
    draft.defaults = RegionDefaults {
        audio_kbps_within: kbps(it.region_audio_within.get()),
        audio_kbps_between: kbps(it.region_audio_between.get()),
        video_kbps: it.region_video.get(),
        ..RegionDefaults::default()
    };
    draft.accounting = AccountingParameters { overhead_kbps: kbps(it.codec_overhead.get()) };
    draft.room = match it.location_room {
        LocationRoom::EveryLocation => RoomOnPath::EveryLocation,
        LocationRoom::BothEnds => RoomOnPath::BothEnds,
    };
    draft.aar = if it.aar { AarSwitch::Enabled } else { AarSwitch::Disabled };
}

/// Where a conference bridge is; one that says nothing of it is wherever its parties are.
fn bridge(state: &State, it: &MediaResource) -> Option<(Box<str>, SiteDraft)> {
    let pool = it.device_pool.and_then(|pool| state.get(pool));
    let mut site = pool.map(|pool| of_pool(state, pool)).unwrap_or_default();
    if it.location.is_some() {
        site.location = name(state, it.location);
    }
    let is_somewhere = !site.region.is_empty() || !site.location.is_empty();
    is_somewhere.then(|| (it.name.as_str().into(), site))
}

fn pair(state: &State, it: &kinds::RegionRelation) -> RegionPair {
    let list = |list: Ref<CodecPreferenceList>| state.get(list);
    let codecs = it.codecs.and_then(list);
    RegionPair {
        preference: codecs.map(|list| list.codecs.iter().map(|it| codec(*it)).collect::<Arc<[AudioCodec]>>()),
        audio_kbps_max: it.audio.map(|kbps| u16::try_from(kbps.get()).unwrap_or(u16::MAX)),
        video_kbps_max: it.video.map(|kbps| kbps.get()),
    }
}

const fn codec(it: kinds::AudioCodec) -> AudioCodec {
    match it {
        kinds::AudioCodec::G711Ulaw => AudioCodec::G711Ulaw,
        kinds::AudioCodec::G711Alaw => AudioCodec::G711Alaw,
        kinds::AudioCodec::G722 => AudioCodec::G722,
        kinds::AudioCodec::G7221At24 => AudioCodec::G7221At24,
        kinds::AudioCodec::G7221At32 => AudioCodec::G7221At32,
        kinds::AudioCodec::G7231 => AudioCodec::G7231,
        kinds::AudioCodec::G728 => AudioCodec::G728,
        kinds::AudioCodec::G729 => AudioCodec::G729,
        kinds::AudioCodec::Gsm => AudioCodec::Gsm,
        kinds::AudioCodec::Ilbc => AudioCodec::Ilbc,
        kinds::AudioCodec::Opus => AudioCodec::Opus,
    }
}

fn link(state: &State, it: &LocationLink) -> LinkDraft {
    LinkDraft {
        to: name(state, it.location),
        weight: u16::try_from(it.weight.get()).unwrap_or(u16::MAX),
        pools: pools(it.audio, it.video, it.immersive),
    }
}

const fn pools(audio: Room, video: Room, immersive: Room) -> Pools {
    Pools { audio: pool(audio), video: pool(video), immersive: pool(immersive) }
}

const fn pool(room: Room) -> Pool {
    match room {
        Room::Unlimited => Pool::Unlimited,
        Room::Kbps(kbps) => Pool::Kbps(kbps),
        Room::None => Pool::None,
    }
}

/// Where the devices of a pool are.
pub(super) fn of_pool(state: &State, it: &DevicePool) -> SiteDraft {
    SiteDraft {
        region: name(state, it.region),
        location: name(state, it.location),
        aar_group: name(state, it.aar_group),
        aar_search_space: name(state, it.aar_search_space),
    }
}

/// What few phones say about it themselves.
pub(super) fn of_phone(state: &State, it: &kinds::PhoneSettings) -> Option<Box<SiteDraft>> {
    let site = SiteDraft {
        region: Box::default(),
        location: name(state, it.location),
        aar_group: name(state, it.aar_group),
        aar_search_space: name(state, it.aar_search_space),
    };
    (site != SiteDraft::default()).then(|| Box::new(site))
}

/// What a trunk says about it itself.
pub(super) fn of_trunk(state: &State, location: Option<Ref<kinds::Location>>) -> SiteDraft {
    SiteDraft { location: name(state, location), ..SiteDraft::default() }
}

/// How a line is reached over the public network.
pub(super) fn of_line(state: &State, it: &kinds::LineAar) -> LineAarDraft {
    LineAarDraft {
        destination_mask: text(it.destination_mask.as_ref().map(|mask| mask.as_str())),
        voice_mail: if it.voice_mail { VoiceMailInstead::Yes } else { VoiceMailInstead::No },
        group: name(state, it.group),
    }
}
