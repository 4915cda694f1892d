//! Media resources in scripts.

use std::sync::Arc;

use strowger_callcontrol::configuration::{
    EarlyOffer, Increment, MediaUse, MulticastMusic, PhoneSettings, WaitingTone,
};
use strowger_callcontrol::{CallControl, Configuration, DeviceAbility};
use strowger_dialplan::resources::{Function, Resource};
use strowger_media::codec::Codec;
use strowger_media::control::{Coding, Codings};

/// Takes a line of a script that sets something.
pub(crate) fn set(configuration: &mut Configuration, words: &[&str]) {
    let media = Arc::make_mut(&mut configuration.media);
    media.in_use = true;
    match words {
        ["resource", "must-be", "trusted"] => media.fails_without_trusted_relay = true,
        ["resource", "must-be", "mtp"] => media.fails_without_termination_point = true,
        ["resource", name, function, capacity, rest @ ..] => {
            let function = match *function {
                "annunciator" => Function::Annunciator,
                "bridge" => Function::ConferenceBridge,
                "transcoder" => Function::Transcoder,
                "mtp" => Function::TerminationPoint,
                "music" => Function::MusicOnHold,
                other => panic!("function {other}"),
            };
            let (is_trusted, is_device) = (rest.contains(&"trusted"), rest.contains(&"device"));
            let capacity = capacity.parse().ok();
            media.table.add(name, Resource { function, is_trusted, capacity, is_device });
        }
        ["resource-group", name, members @ .., "multicast"] => {
            media.table.group(name, members.iter().copied());
            media.multicast_groups.insert((*name).into());
        }
        ["resource-group", name, members @ ..] => media.table.group(name, members.iter().copied()),
        ["resource-multicast", name, base, rest @ ..] => {
            let ttl = rest.iter().find_map(|word| word.strip_prefix("ttl="));
            let music = MulticastMusic {
                base: base.parse().unwrap(),
                increment: if rest.contains(&"by-port") { Increment::Port } else { Increment::Address },
                ttl: ttl.map_or(1, |ttl| ttl.parse().unwrap()),
                always: rest.contains(&"always"),
            };
            media.multicast.insert(Arc::from(*name), music);
        }
        ["resource-list", name, groups @ ..] => media.table.list(name, groups.iter().copied()),
        ["uses", device, how @ ..] => {
            let mut media = MediaUse::default();
            for word in how {
                match *word {
                    "mtp" => media.termination_point = true,
                    "waiting-tone" => media.waiting_tone = WaitingTone::Server,
                    "unicast" => media.unicast_music = true,
                    "trusted" => media.trusted_relay = Some(true),
                    "early-offer" => media.early_offer = EarlyOffer::BestEffort,
                    "mandatory-early-offer" => media.early_offer = EarlyOffer::Mandatory,
                    list => media.list = Some(Arc::from(list)),
                }
            }
            match configuration.lines.get_mut(device) {
                Some(line) => line.phones.iter_mut().for_each(|phone| {
                    let settings: &mut PhoneSettings = Arc::make_mut(&mut phone.settings);
                    settings.media = media.clone();
                }),
                None => configuration.trunks.entry((*device).into()).or_default().media = media,
            }
        }
        other => panic!("no resource {other:?}"),
    }
}

/// What a device can do that comes, by its words: how much, and its codecs.
pub(crate) fn ability(words: &[&str]) -> Option<DeviceAbility> {
    let [capacity, codecs @ ..] = words else { return None };
    let codec = |name: &&str| Codec::KNOWN.into_iter().find(|codec| codec.name() == *name).unwrap();
    Some(DeviceAbility { capacity: capacity.parse().unwrap(), codecs: codecs.iter().map(codec).collect() })
}

pub(crate) fn are_there(configuration: &Configuration) -> bool {
    configuration.media.table.iter().next().is_some()
}

/// What is in use now.
pub(crate) fn uses(control: &CallControl) -> String {
    let of = |it: strowger_callcontrol::ResourceUse| {
        let capacity = it.capacity.map_or_else(|| "any".to_owned(), |capacity| capacity.to_string());
        let streams = if it.streams > 0 { format!(", streams {}", it.streams) } else { String::new() };
        let figures = format!("allocated {}, full {}{streams}", it.allocated, it.full);
        format!("  {} {} of {capacity}, {figures}\n", it.name, it.in_use)
    };
    control.media_resources().into_iter().map(of).collect()
}

/// What a relay is told.
pub(crate) fn codings(codings: Option<&Codings>) -> String {
    let side = |coding: &Coding| {
        let format = coding.format;
        let events = format.telephone_event.map(|it| format!(" keys {it}")).unwrap_or_default();
        format!("{} {}{events}", format.codec.name(), format.payload_type)
    };
    match codings {
        None => "transcode nothing".to_owned(),
        Some(codings) => format!("transcode {} and {}", side(&codings.a), side(&codings.b)),
    }
}
