//! What scenarios may want otherwise than usual.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use strowger_base::leg::{Answering, CallTone};
use strowger_base::net::Transport;
use strowger_base::{Cause, Secret};
use strowger_callcontrol::RelayMode;
use strowger_callcontrol::configuration::{
    AnnouncedSound, AnnouncedTo, Announcement, Barging, ConferenceEnds, DoNotDisturb, EarlyOffer, Increment,
    IntercomLine, LineRecording, MulticastMusic, PageGateway, PagePriority, PagingGroup, PickupGroup,
    RecorderEncryption, RecordingOption, RecordingProfile, RecordingTone, RingSetting, Unrecorded,
    WaitingTone,
};
use strowger_dialplan::admission::{AarSwitch, Pool};
use strowger_dialplan::forward::{BySide, Classification};
use strowger_dialplan::resources::{Function, Resource};
use strowger_node::Draft;
use strowger_node::configuration::{
    AarGroupDraft, AuthorizationCodeDraft, ChangeDraft, DirectedParkDraft, LineAarDraft, PatternDraft,
    RegionDraft, RouteDraft, RouteGroupDraft, RouteListDraft, RouteListMemberDraft, SiteDraft,
    TranslationDraft, TrunkDialling,
};
use strowger_phones::skinny::router::{BRIDGE, TERMINATION_POINT, TRANSCODER};
use strowger_sip::io::Trunk;

use crate::phone::Keypad;
use crate::setting;

/// What a script wants otherwise than usual, a line of the table each.
pub(super) fn wanted(want: &str, draft: &mut Draft) {
    let voice = |draft: &mut Draft, kbps| draft.admission.locations[1].pools.audio = Pool::Kbps(kbps);
    match want {
        "two phones" => {}
        "1002 forwards" => draft.lines[1].forwards = Some(Box::new(setting::forwards("1003"))),
        "1002 answers by itself" => draft.lines[1].auto_answer = Answering::Loudspeaker,
        "1002 answers by itself into its headset" => draft.lines[1].auto_answer = Answering::Headset,
        "lines have names" => {
            for (line, name) in draft.lines.iter_mut().zip(["Alice", "Bob", "Carol", "Dave"]) {
                line.name = name.into();
            }
        }
        "1003 calls 1004 by its key" => {
            draft.lines[2].intercom = Some(Box::new(IntercomLine { target: "1004".into() }));
        }
        "callers hear why" => {
            let busy = AnnouncedSound::Tone(CallTone::Busy);
            let announcement = Announcement { sound: busy, to: AnnouncedTo::Everybody };
            draft.announcements.insert((Cause::USER_BUSY, None), announcement);
        }
        "1002 has its voice mail at 1003" => draft.lines[1].voice_mail = "1003".into(),
        "1003 and 1004 are intercom lines" => draft.lines[2..].iter_mut().for_each(setting::intercom),
        "1002, 1003 and 1004 are intercom lines" => draft.lines[1..].iter_mut().for_each(setting::intercom),
        "1002 takes one call" => (draft.lines[1].busy_trigger, draft.lines[1].calls_max) = (1, 2),
        "1002 rejects when not to be disturbed" => {
            draft.lines[1].phones[0].undisturbed = DoNotDisturb::Reject;
        }
        "1001 and 1002 pick up among themselves, and for 1003" => {
            let group = |lines: &[&str], others: &[&str]| PickupGroup {
                lines: lines.iter().map(|line| (*line).into()).collect(),
                others: others.iter().map(|other| (*other).into()).collect(),
                notice: None,
            };
            draft.plan.pickup = Default::default();
            draft.plan.pickup.add("all", group(&["1001", "1002"], &["others"]));
            draft.plan.pickup.add("others", group(&["1003"], &[]));
        }
        "no room to 1002" => voice(draft, 10),
        "calls go around when there is no room" => {
            voice(draft, 10);
            draft.admission.aar = AarSwitch::Enabled;
            draft.admission.aar_groups =
                vec![AarGroupDraft { name: "office".into(), prefixes: vec![("office".into(), "9".into())] }];
            for line in &mut draft.lines {
                let aar = LineAarDraft {
                    destination_mask: line.number.clone(),
                    group: "office".into(),
                    ..LineAarDraft::default()
                };
                line.aar = Some(Box::new(aar));
                for site in line.phones.iter_mut().filter_map(|phone| phone.site.as_mut()) {
                    site.aar_group = "office".into();
                }
            }
            draft.plan.translations.push(TranslationDraft {
                pattern: PatternDraft { pattern: "91002".into(), ..PatternDraft::default() },
                change: ChangeDraft { mask: "1003".into(), ..ChangeDraft::default() },
                ..TranslationDraft::default()
            });
        }
        "1001 and 1002 have no codec in common" => {
            draft.admission.defaults.audio_kbps_between = 8;
            let region = |name: &str| RegionDraft { name: name.into(), ..RegionDraft::default() };
            draft.admission.regions = vec![region("even"), region("odd")];
            for (line, region) in draft.lines.iter_mut().zip(["even", "odd", "even", "odd"]) {
                for site in line.phones.iter_mut().filter_map(|phone| phone.site.as_mut()) {
                    site.region = region.into();
                }
            }
        }
        "1002 has its tones from the server" => {
            draft.lines[1].phones[0].media.waiting_tone = WaitingTone::Server;
        }
        "a trunk" => trunk(draft),
        "another trunk to the same gateway" => another_trunk(draft),
        "calls to the trunk need a code" => {
            draft.plan.routes[0].authorization_level = Some(1);
            let (code, name) = (Secret::new("55".into()), "Ada".into());
            draft.codes.authorization.push(AuthorizationCodeDraft { code, name, level: 1 });
        }
        "calls of 1002 are recorded" => recorder(draft, RecordingOption::Automatic),
        "calls of 1002 are recorded on demand" => recorder(draft, RecordingOption::Selective),
        "a bridge with room for two parties" => {
            setting::seats(draft, &[Function::ConferenceBridge], 10);
            let mut hall = draft.admission.locations[0].clone();
            (hall.name, hall.pools.audio) = ("hall".into(), Pool::Kbps(160));
            draft.admission.locations.push(hall);
            let site = SiteDraft { location: "hall".into(), ..SiteDraft::default() };
            draft.admission.bridges = vec![("bridge".into(), site)];
        }
        "1002 is away" | "a bad network for media" => {}
        "room for one call to 1002 and 1004" => voice(draft, 80),
        "every resource has one seat" => seats(draft, 1),
        "every resource has two seats" => seats(draft, 2),
        "no resource has a seat" => seats(draft, 0),
        "nobody calls without what his device wants" => {
            draft.media.fails_without_trusted_relay = true;
            draft.media.fails_without_termination_point = true;
        }
        "1001 wants a trusted relay point" => draft.lines[0].phones[0].media.trusted_relay = Some(true),
        "1001 wants a termination point" => draft.lines[0].phones[0].media.termination_point = true,
        "1002 wants an early offer" => draft.lines[1].phones[0].media.early_offer = EarlyOffer::BestEffort,
        "all media is relayed" => draft.relay = RelayMode::Always,
        "conferences end with who began them" => draft.conferences.ends = ConferenceEnds::WithStarter,
        "1002 comes into calls for a conference" => {
            draft.lines[1].phones.iter_mut().for_each(|phone| phone.barge = Some(Barging::Conference));
        }
        "line keys barge" => draft.conferences.single_button_barge = Barging::Barge,
        "line keys make conferences" => draft.conferences.single_button_barge = Barging::Conference,
        "nobody comes into calls" => draft.conferences.barge = Barging::Off,
        "inside rings once and outside twice" => {
            draft.distinctive = BySide { internal: Some(1), external: Some(2) };
        }
        "1002 does not ring, and flashes" => draft.lines[1].phones[0].rings.idle = RingSetting::Silent,
        "who picks up is rung" => draft.plan.pickup.auto = false,
        "870 reverts to 1004" => {
            let to = Some(("1004".into(), Box::default()));
            draft.plan.park.directed = vec![DirectedParkDraft { object: "place".into(), reversion: to }];
        }
        "one number of call park" => draft.plan.park.ranges[0].numbers.truncate(1),
        "the page is for emergencies" => {
            for group in draft.plan.paging.values_mut() {
                Arc::make_mut(group).priority = PagePriority::Emergency;
            }
        }
        "the page goes to an overhead gateway" => {
            trunk(draft);
            let gateways = vec![PageGateway { trunk: "hall".into(), number: "5555".into() }];
            let group = PagingGroup { gateways, ..PagingGroup::default() };
            draft.plan.paging.insert("office".into(), Arc::new(group));
        }
        "the page goes to the numbers 1002 and 5555" => {
            trunk(draft);
            let numbers = vec!["1002".into(), "5555".into()];
            let group = PagingGroup { numbers, ..PagingGroup::default() };
            draft.plan.paging.insert("office".into(), Arc::new(group));
        }
        "a meeting has room for two" => draft.conferences.meet_me_parties = 2,
        "hunts ring one after the other" => {
            draft.plan.hunt_lists[0].groups = vec!["two".into()];
        }
        "multicast music" => multicast_music(draft),
        _ if let Some((name, _)) = router(want) => setting::router(name, draft),
        // They come when all else is set.
        _ if station(want).is_some() => {}
        _ if let Some((number, keypad)) = keypad(want) => {
            let of_phone = draft.lines.iter_mut().filter(|line| &*line.number == number);
            of_phone.flat_map(|line| &mut line.phones).for_each(|phone| phone.keys = setting::method(keypad));
        }
        _ => panic!("nobody knows how `{want}` is set up"),
    }
}

/// Which line has an SCCP phone.
pub(super) fn station(want: &str) -> Option<&str> {
    want.strip_suffix(" has an SCCP phone")
}

/// Which media resource a router has, and what it registers as.
pub(super) fn router(want: &str) -> Option<(&str, u32)> {
    let name = want.strip_prefix("a router has ")?;
    let kind = match name {
        "XCODE1" | "XCODE2" => TRANSCODER,
        "CFB1" => BRIDGE,
        "MTP1" => TERMINATION_POINT,
        _ => return None,
    };
    Some((name, kind))
}

/// Where a phone has its keys.
pub(super) fn keypad(want: &str) -> Option<(&str, Keypad)> {
    let (number, place) =
        want.split_once(" has keys in its ").or_else(|| want.split_once(" has keys in "))?;
    let keypad = match place {
        "media" => Keypad::Events,
        "INFO" => Keypad::Info,
        "KPML" => Keypad::Kpml,
        "NOTIFY" => Keypad::Notify,
        "sound" => Keypad::Sound,
        "media or INFO" => Keypad::Either,
        _ => return None,
    };
    Some((number, keypad))
}

fn seats(draft: &mut Draft, capacity: u32) {
    setting::seats(draft, &setting::FUNCTIONS, capacity);
}

/// A gateway of the public network, to which 0 leads, with 5555 as its own number.
fn trunk(draft: &mut Draft) {
    if !draft.trunks.is_empty() {
        return;
    }
    draft.trunks.push(Trunk {
        name: "hall".into(),
        destination: GATEWAY,
        transport: Transport::Udp,
        sources: vec![(GATEWAY.ip(), None)],
    });
    draft.trunk_dialling =
        vec![TrunkDialling { classification: Classification::OffNet, ..TrunkDialling::default() }];
    draft.plan.routes.push(RouteDraft {
        pattern: PatternDraft { pattern: "5555".into(), ..PatternDraft::default() },
        trunk: "hall".into(),
        ..RouteDraft::default()
    });
}

/// Another trunk to the gateway, which takes the place of the first one.
fn another_trunk(draft: &mut Draft) {
    let first = draft.trunks[0].clone();
    draft.trunks.push(Trunk { name: "annex".into(), sources: Vec::new(), ..first });
    draft.trunk_dialling.push(draft.trunk_dialling[0].clone());
    let plan = &mut draft.plan;
    plan.route_groups.push(RouteGroupDraft {
        name: "out".into(),
        trunks: vec!["hall".into(), "annex".into()],
        ..RouteGroupDraft::default()
    });
    let member = RouteListMemberDraft { group: "out".into(), ..RouteListMemberDraft::default() };
    plan.route_lists.push(RouteListDraft { name: "out".into(), members: vec![member] });
    (plan.routes[0].trunk, plan.routes[0].route_list) = (Box::default(), "out".into());
}

/// A recorder that takes keys, and one line whose calls go there.
fn recorder(draft: &mut Draft, option: RecordingOption) {
    draft.trunks.push(Trunk {
        name: "recorder".into(),
        destination: RECORDER,
        transport: Transport::Udp,
        sources: vec![(RECORDER.ip(), None)],
    });
    let profile = RecordingProfile {
        name: "all".into(),
        trunk: "recorder".into(),
        number: "7000".into(),
        search_space: Box::default(),
        unrecorded: Unrecorded::GoesOn,
        encryption: RecorderEncryption::AsTheCall,
    };
    draft.recording.profiles.insert(profile.name.clone(), Arc::new(profile));
    draft.recording.tone = RecordingTone { recorded: true, other_party: true };
    for phone in &mut draft.lines[1].phones {
        phone.recording = Some(Box::new(LineRecording { option, profile: "all".into() }));
    }
}

/// Where the recorder is.
pub(super) const RECORDER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 201)), 5060);

/// Where the gateway is.
pub(super) const GATEWAY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 200)), 5060);

/// Whoever is held hears what goes out to all.
fn multicast_music(draft: &mut Draft) {
    let media = &mut draft.media;
    let (function, is_trusted, capacity, is_device) = (Function::MusicOnHold, false, None, false);
    let resource = Resource { function, is_trusted, capacity, is_device };
    let base = SocketAddr::from(([239, 1, 1, 1], 16_384));
    let music = MulticastMusic { base, increment: Increment::Address, ttl: 1, always: false };
    media.in_use = true;
    media.table.add("moh", resource);
    media.table.group("office", ["moh"]);
    media.table.list("all", ["office"]);
    media.multicast.insert("moh".into(), music);
    media.multicast_groups.insert("office".into());
    for phone in draft.lines.iter_mut().flat_map(|line| &mut line.phones) {
        phone.media.list = Some("all".into());
    }
}
