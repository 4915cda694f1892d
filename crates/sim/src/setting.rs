//! What the node is set up with: lines that send calls on, a hunt, services, and numbers that are not decided at once.

mod media;
mod recorders;
mod stations;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::feature::{Forwarded, Turn};
use strowger_base::leg::Service;
use strowger_base::net::Transport;
use strowger_base::{Cause, FeatureCode, FeatureNumber, LineName, Secret};
use strowger_callcontrol::RelayMode;
use strowger_callcontrol::configuration::{Barging, PagingGroup, ParkRange, PickupGroup};
use strowger_dialplan::forward::BySide;
use strowger_dialplan::hunt::{Distribution, LineGroupOptions, WhenExhausted};
use strowger_media::codec::Codec;
use strowger_media::control::Multicast;
use strowger_node::Configuration;
use strowger_node::configuration::{
    BlockDraft, ChangeDraft, DirectedParkDraft, Draft, FeatureDraft, ForwardDraft, ForwardsDraft,
    HuntListDraft, HuntPilotDraft, Line, LineGroupDraft, LineSecret, PatternDraft, PhoneDraft, PlanDraft,
    ServiceNumber, SiteDraft, TranslationDraft,
};
use strowger_sccp::station::device::SoftKeys;
use strowger_sip::io::Listener;

pub(crate) use self::media::Media;
#[cfg(test)]
pub(crate) use self::media::{FUNCTIONS, method, seats};
pub(crate) use self::recorders::{MANNERS as RECORDERS_MANNERS, Recorders};
#[cfg(test)]
pub(crate) use self::stations::{all_soft_keys, router};
pub(crate) use self::stations::{device, station};

/// Where the node is.
pub(crate) const SERVER: &str = "192.0.2.1:5060";
/// Its domain.
pub(crate) const DOMAIN: &str = "strowger.test";

/// What a seed decides of it.
pub(crate) struct Setting {
    pub(crate) lines: u64,
    /// Lines behind those that have SCCP phones.
    pub(crate) stations: u64,
    /// Phones of each line that prove themselves each by itself; 0 when all are one to the server.
    pub(crate) phones_apart: u64,
    pub(crate) relay: RelayMode,
    pub(crate) interdigit_timer: Duration,
    pub(crate) media: Media,
    pub(crate) recorders: Recorders,
}

/// The node's configuration.
pub(crate) fn configuration(plan: &Setting) -> Configuration {
    built(draft(plan))
}

/// A draft that is right.
pub(crate) fn built(draft: Draft) -> Configuration {
    match draft.build() {
        Ok(configuration) => configuration,
        Err(errors) => unreachable_configuration(&errors),
    }
}

/// A line that calls intercom lines only, and is called by them alone.
pub(crate) fn intercom(line: &mut Line) {
    (line.intercom, line.forwards) = (Some(Box::default()), None);
    (line.busy_trigger, line.calls_max) = (1, 1);
    line.phones.iter_mut().for_each(|phone| phone.recording = None);
}

/// The configuration as an operator means it.
pub(crate) fn draft(plan: &Setting) -> Draft {
    let server: SocketAddr = SERVER.parse().unwrap_or(SocketAddr::from(([192, 0, 2, 1], 5060)));
    let lines = (0..plan.lines + plan.stations).map(|at| {
        let phone = |name: &str, user: Option<String>, secret: String| PhoneDraft {
            username: user.map(Into::into),
            overlap: grows(at),
            speed_dials: vec!["1001".into(), "1002".into()],
            site: Some(Box::new(SiteDraft { location: location(at).into(), ..SiteDraft::default() })),
            ..PhoneDraft::new(name, LineSecret::Password(Secret::new(secret.into())))
        };
        let apart = (0..plan.phones_apart).map(|place| {
            let (user, secret) = apart(at, place);
            phone(&user.clone(), Some(user), secret)
        });
        let mut phones: Vec<PhoneDraft> = apart.collect();
        if phones.is_empty() {
            phones.push(phone("", None, secret(at)));
        }
        let mut line = Line::on(&number(at), "", phones);
        line.no_answer = Duration::from_secs(20);
        line.forwards = (at % 2 == 1).then(|| Box::new(forwards(&number((at + 1) % plan.lines))));
        line
    });
    let mut draft = Draft {
        domain: DOMAIN.into(),
        listeners: vec![Listener {
            transport: Transport::Udp,
            bound: server,
            advertised: server,
            is_open: true,
        }],
        lines: lines.collect(),
        services: vec![
            ServiceNumber { number: "9999".into(), partition: "".into(), service: Service::Echo },
            ServiceNumber { number: "9998".into(), partition: "".into(), service: Service::Announcement },
        ],
        relay: plan.relay,
        plan: numbers(),
        ..Draft::default()
    };
    draft.admission.locations = (0..2).map(|line| plan.media.place(location(line))).collect();
    plan.media.furnish(&mut draft);
    for at in plan.lines..plan.lines + plan.stations {
        draft.lines.iter_mut().filter(|line| *line.number == *number(at)).for_each(|line| {
            (line.forwards, _) = (None, line.phones.truncate(1));
        });
        station(&number(at), &[], SoftKeys::standard(), &mut draft);
    }
    plan.recorders.furnish(&mut draft);
    hunt(plan.lines, &mut draft.plan);
    features(plan.lines, &mut draft.plan);
    draft.conferences.barge = Barging::Barge;
    draft.call_back_time = Duration::from_secs(900);
    draft.plan.parameters.interdigit_timer = plan.interdigit_timer;
    if plan.media.intercom {
        draft.lines.iter_mut().rev().skip(plan.stations as usize).take(2).for_each(intercom);
    }
    draft.timers.expires_min = Duration::from_secs(30);
    draft
}

/// The simulator writes its own configuration; when that is refused the simulator is wrong.
fn unreachable_configuration(errors: &[strowger_node::configuration::ConfigurationError]) -> ! {
    let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
    panic!("the simulator's own configuration was refused: {}", text.join("; "))
}

/// Where the phones of a line are: half of the calls take bandwidth, which has to be given back.
const fn location(line: u64) -> &'static str {
    if line.is_multiple_of(2) { "even" } else { "odd" }
}

/// The number of a line.
pub(crate) fn number(line: u64) -> String {
    (1001 + line).to_string()
}

/// The password of a line's phones.
pub(crate) fn secret(line: u64) -> String {
    format!("secret-{line}")
}

/// User name and password of one of a line's phones, where each has its own.
pub(crate) fn apart(line: u64, phone: u64) -> (String, String) {
    (format!("phone-{phone}-of-{line}"), format!("secret-{line}-{phone}"))
}

/// A line that sends calls on: to the next one, or to the hunt pilot, from where they may come back.
pub(crate) fn forwards(next: &str) -> ForwardsDraft {
    let to = |number: &str| BySide::both(Some(ForwardDraft::to(number)));
    ForwardsDraft {
        busy: to(PILOT),
        no_answer: to(next),
        unregistered: to(next),
        ring: Some(Duration::from_secs(6)),
        ..ForwardsDraft::default()
    }
}

/// All lines ring together, then the first two in turns, then the call goes to the last one.
fn hunt(lines: u64, plan: &mut PlanDraft) {
    let group = |name: &str, members: u64, distribution| LineGroupDraft {
        name: name.into(),
        members: (0..members).map(|at| LineName::from(&*number(at))).collect(),
        options: LineGroupOptions {
            distribution,
            ring_no_answer_reversion: Duration::from_secs(5),
            ..LineGroupOptions::default()
        },
    };
    plan.line_groups =
        vec![group("all", lines, Distribution::Broadcast), group("two", 2, Distribution::Circular)];
    plan.hunt_lists =
        vec![HuntListDraft { name: "everybody".into(), groups: vec!["all".into(), "two".into()] }];
    plan.hunt_pilots = vec![HuntPilotDraft {
        maximum: Duration::from_secs(13),
        exhausted: WhenExhausted::Forward { number: number(lines - 1).into(), css: Box::default() },
        ..HuntPilotDraft::new(PILOT, "everybody")
    }];
}

/// Everybody may take the calls of everybody, and park parties where everybody gets them back.
fn features(lines: u64, plan: &mut PlanDraft) {
    let number = |number: &str, code, object: &str, digits| FeatureDraft {
        pattern: PatternDraft { pattern: number.into(), ..PatternDraft::default() },
        number: FeatureNumber { code, object: object.into(), digits },
    };
    plan.features.extend([
        number("8600", FeatureCode::GroupPickUp, "all", 0),
        number("88[01]", FeatureCode::Retrieve, "lot", 0),
        number("870", FeatureCode::DirectedPark, "place", 0),
        number("*5870", FeatureCode::Retrieve, "place", 2),
    ]);
    let code = |pattern: &str, code| {
        let pattern = PatternDraft { pattern: pattern.into(), ..PatternDraft::default() };
        FeatureDraft::access_code(pattern, code)
    };
    plan.features.extend([
        number("82[01]", FeatureCode::MeetMe, "", 0),
        code("*4XXX", FeatureCode::OpenMeetMe),
        code("*50", FeatureCode::PickUp),
        code("*51XXXX", FeatureCode::DirectedPickUp),
        code("*52", FeatureCode::Barge),
        code("*53", FeatureCode::ConferenceBarge),
        code("*54", FeatureCode::CallBack),
        code("*54XXXX", FeatureCode::CallBack),
        code("*55", FeatureCode::CancelCallBack),
        code("*56X", FeatureCode::SpeedDial),
        code("*57", FeatureCode::MaliciousCall),
        code("*60", FeatureCode::DoNotDisturb(Turn::On)),
        code("*61", FeatureCode::DoNotDisturb(Turn::Off)),
        code("*62", FeatureCode::DoNotDisturb(Turn::Over)),
        code("*63", FeatureCode::HuntLogin(Turn::On)),
        code("*64", FeatureCode::HuntLogin(Turn::Off)),
        code("*65", FeatureCode::HuntLogin(Turn::Over)),
    ]);
    let kinds = [Forwarded::All, Forwarded::Busy, Forwarded::NoAnswer, Forwarded::Unregistered];
    for (key, which) in ('0'..).zip(kinds) {
        plan.features.push(code(&format!("*7{key}XXXX"), FeatureCode::Forward(which)));
        plan.features.push(code(&format!("*8{key}"), FeatureCode::CancelForward(which)));
    }
    // One group of phones and an address, and one of an address alone.
    plan.features.extend([
        number("84[01]", FeatureCode::Page, "office", 0),
        number("842", FeatureCode::Page, "address", 0),
    ]);
    let multicast = |last: u8| {
        let address = SocketAddr::from(([239, 1, 1, last], 20_480));
        Some(Multicast { address, ttl: 1, codec: Codec::Pcmu })
    };
    let lines: Vec<LineName> = (0..lines).map(|at| LineName::from(&*self::number(at))).collect();
    let office = PagingGroup { lines: lines.clone(), multicast: multicast(1), ..PagingGroup::default() };
    // The same phones, found by their numbers.
    let numbers = lines.iter().map(|line| line.as_str().into()).collect();
    let phones = PagingGroup { numbers, ..PagingGroup::default() };
    plan.features.push(number("843", FeatureCode::Page, "phones", 0));
    let address = PagingGroup { multicast: multicast(2), ..PagingGroup::default() };
    plan.paging = [("office", office), ("phones", phones), ("address", address)]
        .map(|(name, group)| (Box::from(name), Arc::new(group)))
        .into();
    plan.pickup.add("all", PickupGroup { lines, ..PickupGroup::default() });
    let numbers = ["880", "881"].map(Into::into).into();
    plan.park.ranges = vec![ParkRange { object: "lot".into(), numbers }];
    plan.park.directed = vec![DirectedParkDraft { object: "place".into(), reversion: None }];
    plan.park.reversion = Duration::from_secs(7);
}

/// The hunt pilot.
const PILOT: &str = "4500";

/// Numbers that wait, that are cut off, and that lead nowhere, beside the lines and services.
fn numbers() -> PlanDraft {
    let pattern =
        |text: &str, urgent| PatternDraft { pattern: text.into(), urgent, ..PatternDraft::default() };
    let blocks = [
        ("1002XX", false),
        ("7XXX", false),
        ("700XX", false),
        ("911", true),
        ("911XXX", false),
        ("52X?", false),
        ("53!#", false),
        ("53!", false),
    ];
    // One that ends at once, one that is waited for again, and one whose number is another line's.
    let translations = [("601", "1001"), ("61", "7001"), ("62X", "100X")];
    PlanDraft {
        blocks: blocks
            .map(|(text, urgent)| BlockDraft {
                pattern: pattern(text, urgent),
                host: Box::default(),
                cause: Cause::CALL_REJECTED,
                announcement: None,
            })
            .into(),
        translations: translations
            .map(|(text, mask)| TranslationDraft {
                pattern: pattern(text, false),
                change: ChangeDraft { mask: mask.into(), ..ChangeDraft::default() },
                ..TranslationDraft::default()
            })
            .into(),
        ..PlanDraft::default()
    }
}

/// What somebody dials who calls neither a line nor a service.
pub(crate) const NUMBERS: &[&str] = &[
    PILOT, "4711", "7001", "70012", "7123", "911", "911234", "91", "52", "521", "5212", "53441", "53441#",
    "601", "61", "617", "621", "622", "6", "8", "10", "8600", "8600", "8600", "8600", "880", "881", "870",
    "*5870",
];

/// What somebody dials who wants a feature: conferences are opened and entered, calls taken, parties got back; forwards, do not disturb
/// and hunts set and taken back, more often than set, so that calls still reach somebody.
pub(crate) const FEATURES: &[&str] = &[
    "*4820", "*4820", "*4821", "*4829", "820", "820", "821", "*50", "*50", "8600", "*511001", "*511002",
    "*519999", "*52", "*52", "*53", "*53", "*54", "*54", "*541001", "*541003", "*55", "*561", "*562", "*569",
    "*57", "*57", "880", "881", "*5870", "*60", "*61", "*61", "*62", "*63", "*63", "*64", "*65", "*701002",
    "*704500", "*704711", "*711003", "*721001", "*7382", "*731002", "*80", "*80", "*80", "*81", "*82", "*83",
    "840", "841", "842", "843", "843", "843",
];

/// The numbers of meet-me conferences that somebody calls.
pub(crate) const MEETINGS: &[&str] = &["820", "821"];

/// Whether the phones of a line send growing numbers.
pub(crate) const fn grows(line: u64) -> bool {
    line % 3 == 2
}
