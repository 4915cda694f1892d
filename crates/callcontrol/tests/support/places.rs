//! Regions, locations and AAR in scripts.

use std::sync::Arc;

use strowger_callcontrol::Configuration;
use strowger_callcontrol::configuration::{Admission, LineAar, LinePhone, PhoneSettings, Site};
use strowger_dialplan::admission::{AarSwitch, AudioCodec, Place, Pool, Pools, RegionPair, VoiceMailInstead};
use strowger_dialplan::resources::{Function, Resource};
use strowger_dialplan::{Action, CodesRequired, DialPlanBuilder, NumberPattern, RoutePattern, RouteTarget};

/// 91! leads to the trunk `carrier`, for those who see the partition `outside`.
pub(crate) fn prepare(plan: &mut DialPlanBuilder) {
    plan.partition("outside", None).unwrap();
    plan.search_space("outside", ["outside"]).unwrap();
    let mut route = RoutePattern::to(RouteTarget::Trunk("carrier".into()));
    route.called.discard = "PreDot".parse().unwrap();
    route.codes = CodesRequired::default();
    plan.add("outside", NumberPattern::new("91.!".parse().unwrap(), Action::from(route))).unwrap();
}

/// Takes a line of a script that sets something.
pub(crate) fn set(configuration: &mut Configuration, words: &[&str]) {
    let plan = configuration.plan.clone();
    let admission = Arc::make_mut(&mut configuration.admission);
    match words {
        ["region", device, region] => {
            admission.in_use = true;
            let region: Arc<str> = Arc::from(*region);
            phones(configuration, device, |settings| settings.site.region = Some(Arc::clone(&region)));
            if configuration.lines.get(phone_line(device)).is_none() {
                configuration.trunks.entry((*device).into()).or_default().site.region = Some(region);
            }
        }
        ["location", device, location] => {
            admission.in_use = true;
            let location: Arc<str> = Arc::from(*location);
            phones(configuration, device, |settings| settings.site.location = Some(Arc::clone(&location)));
            if configuration.lines.get(phone_line(device)).is_none() {
                configuration.trunks.entry((*device).into()).or_default().site.location = Some(location);
            }
        }
        ["named", line, names @ ..] => {
            let line = configuration.lines.get_mut(line).unwrap();
            let phone = |name: &&str| LinePhone { name: Some(Arc::from(*name)), ..line.phones[0].clone() };
            line.phones = names.iter().map(phone).collect();
        }
        ["regions", one, other, kbps, codecs @ ..] => {
            let preference: Arc<[AudioCodec]> =
                codecs.iter().map(|name| AudioCodec::named(name, 8000, "")).collect();
            let preference = (!codecs.is_empty()).then_some(preference);
            let pair = RegionPair { preference, audio_kbps_max: kbps.parse().ok(), video_kbps_max: None };
            admission.regions.set(Arc::from(*one), Arc::from(*other), pair);
        }
        ["room", location, kbps] => {
            admission.locations.add(location, pools(kbps)).unwrap();
        }
        ["room", location, kbps, "video", video] => {
            let pools = Pools { video: Pool::Kbps(video.parse().unwrap()), ..pools(kbps) };
            admission.locations.add(location, pools).unwrap();
        }
        ["regions-video", one, other, kbps] => {
            let audio_kbps_max = Some(64);
            let pair =
                RegionPair { audio_kbps_max, video_kbps_max: kbps.parse().ok(), ..RegionPair::default() };
            admission.regions.set(Arc::from(*one), Arc::from(*other), pair);
        }
        ["link", one, other, kbps] => {
            let [one, other] = [one, other].map(|name| admission.locations.find(name).unwrap());
            admission.locations.link(one, other, 50, pools(kbps)).unwrap();
        }
        ["bridge", region, location] => {
            admission.in_use = true;
            let some = |name: &str| (name != "-").then(|| Arc::from(name));
            let site = Site { region: some(region), location: some(location) };
            configuration.bridges.insert("bridge".into(), site);
            let media = Arc::make_mut(&mut configuration.media);
            let function = Function::ConferenceBridge;
            media
                .table
                .add("bridge", Resource { function, is_trusted: false, capacity: None, is_device: false });
            media.in_use = true;
        }
        ["no-rooms"] => admission.locations = Admission::default().locations,
        ["aar", group, prefix] => {
            admission.aar = AarSwitch::Enabled;
            admission.aar_groups.set(Arc::from(*group), Arc::from(*group), prefix);
            let space = plan.search_space("outside").unwrap().clone();
            let lines: Vec<String> = configuration.lines.iter().map(|(name, _)| name.to_owned()).collect();
            for line in lines {
                phones(configuration, &line, |settings| {
                    settings.aar.group = Some(Arc::from(*group));
                    settings.aar.search_space = Some(space.clone());
                });
            }
        }
        ["aar-mask", line, mask] => {
            let line = configuration.lines.get_mut(line).unwrap();
            line.external_mask = Some(mask.parse().unwrap());
        }
        ["aar-voice-mail", line] => {
            let line = configuration.lines.get_mut(line).unwrap();
            let aar = LineAar { voice_mail: VoiceMailInstead::Yes, ..LineAar::default() };
            line.aar = Some(Box::new(aar));
        }
        other => panic!("no place {other:?}"),
    }
}

fn phone_line(device: &str) -> &str {
    device.split('/').next().unwrap_or_default()
}

fn pools(kbps: &str) -> Pools {
    Pools { audio: Pool::Kbps(kbps.parse().unwrap()), ..Pools::default() }
}

/// `LINE` or `LINE/PHONE`
fn phones(configuration: &mut Configuration, of: &str, mut change: impl FnMut(&mut PhoneSettings)) {
    let (line, name) = of.split_once('/').map_or((of, None), |(line, name)| (line, Some(name)));
    let Some(line) = configuration.lines.get_mut(line) else { return };
    for phone in line.phones.iter_mut().filter(|phone| name.is_none() || phone.name.as_deref() == name) {
        change(Arc::make_mut(&mut phone.settings));
    }
}

/// What is taken now.
pub(crate) fn taken(control: &strowger_callcontrol::CallControl) -> String {
    let name = |place: &Place| match place {
        Place::Location(name) => name.to_string(),
        Place::Link(one, other) => format!("{one}-{other}"),
    };
    let uses = control.bandwidth();
    let of = |use_: &strowger_callcontrol::PlaceUse| {
        let room = use_.room.map_or_else(|| "any".to_owned(), |room| room.to_string());
        format!("  {} {} of {room}, refused {}\n", name(&use_.place), use_.taken, use_.refused)
    };
    let video = |(place, kbps): (Place, u32)| format!("  {} {kbps} of video\n", name(&place));
    uses.iter().map(of).chain(control.video_bandwidth().into_iter().map(video)).collect()
}
