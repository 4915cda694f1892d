//! Rules of devices and of what they share.

use super::{Findings, Least, numbers};
use crate::Id;
use crate::kinds::{
    ControlledDevice, Gateway, GatewayProtocol, MediaFunction, MediaHost, MediaResource, MulticastIncrement,
    Phone, PhoneCredentials, PhoneKeys, PhoneProtocol, PhoneSecurityProfile, PhoneTransport, SecurityMode,
    SipProfile, SipTransport, SipTrunkSecurityProfile, SoftKey, SoftKeyState, SoftKeyTemplate, Trunk,
};
use crate::problem::Segment;
use crate::setting::List;

pub(super) fn phone(it: &Phone, found: &mut Findings) {
    found.list("lines", &it.lines, Least::None, |button| button.line.id());
    if it.protocol == PhoneProtocol::Sccp {
        let why = "the phone speaks SCCP";
        found.excluded("credentials", it.credentials.is_some(), why);
        found.excluded("sip_profile", it.sip_profile.is_some(), why);
    }
    if let Some(credentials) = &it.credentials {
        found.inside(Segment::Setting("credentials".into()), |found| proof(credentials, found));
    }
    if let Some(keys) = &it.keys {
        found.inside(Segment::Setting("keys".into()), |found| watched(keys, found));
    }
}

fn proof(it: &PhoneCredentials, found: &mut Findings) {
    let digests = it.ha1_md5.is_some() || it.ha1_sha256.is_some();
    let name = if it.ha1_md5.is_none() && it.ha1_sha256.is_some() { "ha1_sha256" } else { "ha1_md5" };
    found.exactly_one(&[("secret", it.secret.is_some()), (name, digests)]);
}

fn watched(it: &PhoneKeys, found: &mut Findings) {
    found.list("services", &it.services, Least::None, |it| it.service.id());
    found.inside(Segment::Setting("busy_lamp_fields".into()), |found| {
        for (at, field) in it.busy_lamp_fields.iter().enumerate() {
            found.inside(Segment::Entry(at), |found| {
                found.exactly_one(&[("line", field.line.is_some()), ("number", field.number.is_some())]);
            });
        }
    });
}

pub(super) fn controlled<const MOST: usize>(
    setting: &str,
    devices: &List<ControlledDevice, MOST>,
    found: &mut Findings,
) {
    found.inside(Segment::Setting(setting.into()), |found| {
        for (at, device) in devices.iter().enumerate() {
            found.inside(Segment::Entry(at), |found| {
                found.exactly_one(&[
                    ("phone", device.phone.is_some()),
                    ("cti_port", device.cti_port.is_some()),
                    ("cti_route_point", device.cti_route_point.is_some()),
                ]);
            });
        }
    });
    let which = |device: &ControlledDevice| -> Option<Id> {
        let phone = device.phone.map(|it| it.id());
        phone.or(device.cti_port.map(|it| it.id())).or(device.cti_route_point.map(|it| it.id()))
    };
    found.distinct(setting, devices.iter().map(which));
}

pub(super) fn sip_profile(it: &SipProfile, found: &mut Findings) {
    if it.timer_t1.get() > it.timer_t2.get() {
        let t2 = it.timer_t2.get().as_millis();
        found.wrong("timer_t1", format!("is longer than timer_t2; give at most {t2}"));
    }
    if it.register_delta.get() >= it.register_expires.get() {
        found.wrong("register_delta", "is not shorter than register_expires; give less than that");
    }
}

pub(super) fn trunk_security(it: &SipTrunkSecurityProfile, found: &mut Findings) {
    let is_tls = it.transport == SipTransport::Tls;
    match it.mode {
        SecurityMode::Authenticated | SecurityMode::Encrypted if !is_tls => {
            found.wrong("transport", "is not tls, which the mode needs; give tls, or the mode non-secure");
        }
        SecurityMode::NonSecure if is_tls => {
            found.wrong("mode", "is non-secure, but transport is tls; give authenticated or encrypted");
        }
        SecurityMode::NonSecure | SecurityMode::Authenticated | SecurityMode::Encrypted => {}
    }
    found.list("subject_names", &it.subject_names, Least::None, |it| it.clone());
    found.excluded("subject_names", !it.subject_names.is_empty() && !is_tls, "transport is not tls");
}

pub(super) fn phone_security(it: &PhoneSecurityProfile, found: &mut Findings) {
    if it.protocol == PhoneProtocol::Sccp {
        return;
    }
    let is_tls = it.transport == PhoneTransport::Tls;
    match it.mode {
        SecurityMode::Authenticated | SecurityMode::Encrypted if !is_tls => {
            found.wrong("transport", "is not tls, which the mode needs; give tls, or the mode non-secure");
        }
        SecurityMode::NonSecure if is_tls => {
            found.wrong("mode", "is non-secure, but transport is tls; give authenticated or encrypted");
        }
        SecurityMode::NonSecure | SecurityMode::Authenticated | SecurityMode::Encrypted => {}
    }
}

/// The key without which a phone cannot leave a state.
const fn needed(state: SoftKeyState) -> Option<SoftKey> {
    match state {
        SoftKeyState::OnHook => Some(SoftKey::NewCall),
        SoftKeyState::DigitsAfterFirst => Some(SoftKey::Backspace),
        SoftKeyState::Connected => Some(SoftKey::EndCall),
        SoftKeyState::ConnectedTransfer => Some(SoftKey::Transfer),
        SoftKeyState::ConnectedConference => Some(SoftKey::Conference),
        SoftKeyState::OnHold => Some(SoftKey::Resume),
        SoftKeyState::RingIn
        | SoftKeyState::OffHook
        | SoftKeyState::RingOut
        | SoftKeyState::OffHookWithFeature
        | SoftKeyState::RemoteInUse
        | SoftKeyState::ConnectedNoFeature => None,
    }
}

pub(super) fn soft_keys(it: &SoftKeyTemplate, found: &mut Findings) {
    found.list("sets", &it.sets, Least::None, |set| set.state);
    found.inside(Segment::Setting("sets".into()), |found| {
        for (at, set) in it.sets.iter().enumerate() {
            found.inside(Segment::Entry(at), |found| {
                let keys = set.keys.iter().map(|key| (*key != SoftKey::Undefined).then_some(*key));
                found.distinct("keys", keys);
                if let Some(key) = needed(set.state)
                    && !set.keys.iter().any(|it| *it == key)
                {
                    found.wrong("keys", format!("has no {}, which {} needs", key.word(), set.state.word()));
                }
            });
        }
    });
}

pub(super) fn media_resource(it: &MediaResource, found: &mut Findings) {
    if it.host == MediaHost::Router && !(1..=15).contains(&it.name.as_str().chars().count()) {
        found.wrong("name", "has more than 15 characters, which no router can register");
    }
    let plays = it.function == MediaFunction::MusicOnHold;
    found.excluded("multicast", it.multicast.is_some() && !plays, "only music on hold goes to many at once");
    numbers::multicast(it.multicast.as_ref(), found);
    if !it.multicast_port.get().is_multiple_of(2) {
        found.wrong("multicast_port", "is odd; give an even port, as RTP wants it");
    }
    let last = it.multicast_port.get() + 2 * STREAMS;
    if it.multicast_increment == MulticastIncrement::Port && last > 65_534 {
        found.wrong("multicast_port", "leaves no room for all audio sources; give 65118 or less");
    }
    let relays = matches!(it.function, MediaFunction::MediaTerminationPoint | MediaFunction::Transcoder);
    let only = "only an mtp or a transcoder can stand in the way of calls";
    found.excluded("trusted_relay_point", it.trusted_relay_point && !relays, only);
}

/// Places of multicast streams: 51 audio sources and the music that is built in, four codecs each.
const STREAMS: u32 = 52 * 4;

pub(super) fn trunk(it: &Trunk, found: &mut Findings) {
    found.list("destinations", &it.destinations, Least::None, |it| it.clone());
    found.list("sources", &it.sources, Least::None, |it| it.clone());
}

pub(super) fn gateway(it: &Gateway, found: &mut Findings) {
    if it.protocol == GatewayProtocol::H323 && it.address.is_none() {
        found.wrong("address", "is missing; an H.323 gateway does not register, so give its address or name");
    }
}
