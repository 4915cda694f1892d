//! Lines, numbers and resources of a world in which anything may be told.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::Rng;
use strowger_base::feature::{FeatureCode, FeatureNumber};
use strowger_base::leg::Service;
use strowger_callcontrol::configuration::{
    Admission, Barging, DirectedPark, EarlyOffer, Forwards, HoldMode, Increment, Line, LineList,
    MediaResources, MediaUse, MulticastMusic, ParkNumbers, ParkRange, PickupGroup, PickupGroups, Pilot, Site,
    SrtpRule, Trunk, WaitingTone,
};
use strowger_callcontrol::{Configuration, RelayMode};
use strowger_dialplan::admission::{AarSwitch, Pool, Pools};
use strowger_dialplan::codes::CodeTable;
use strowger_dialplan::forward::{BySide, ForwardTarget, RingTime};
use strowger_dialplan::hunt::{Distribution, LineGroup, LineGroupOptions, WhenExhausted};
use strowger_dialplan::resources::{Function, Resource};
use strowger_dialplan::{
    Action, CodesRequired, DialPlanBuilder, NumberPattern, Parameters, RoutePattern, RouteTarget, SearchSpace,
};

/// The settings of the world of this seed, and whether its devices may insist on SRTP.
pub(super) fn drawn(seed: u64, rng: &mut Rng) -> (Configuration, bool) {
    let relay = if rng.one_in(2) { RelayMode::Always } else { RelayMode::Never };
    let mut configuration = configuration(relay);
    if rng.one_in(4) {
        let mut pickup = pickup();
        pickup.auto = false;
        configuration.pickup = Arc::new(pickup);
    }
    configuration.hold = if rng.one_in(3) { HoldMode::PassedOn } else { HoldMode::Music };
    if rng.one_in(2) {
        put_somewhere(rng, &mut configuration);
    }
    // Of its own chance, so that the others go on as they do without.
    let mut chance = Rng::new(seed ^ 0x5ea7);
    if chance.one_in(5) {
        give_resources(&mut chance, &mut configuration);
    }
    if chance.one_in(3) {
        configuration.conferences.single_button_barge =
            if chance.one_in(2) { Barging::Barge } else { Barging::Conference };
    }
    let encrypts = rng.one_in(3);
    if encrypts {
        let carrier = configuration.trunks.entry("carrier".into()).or_default();
        carrier.srtp = SrtpRule::Never;
    }
    (configuration, encrypts)
}

/// A world with as many transcoders as anybody needs.
pub(super) fn with_transcoders(rng: &mut Rng) -> Configuration {
    let relay = if rng.one_in(2) { RelayMode::Always } else { RelayMode::Never };
    let mut configuration = configuration(relay);
    let mut media = MediaResources { in_use: true, ..MediaResources::default() };
    let resource =
        Resource { function: Function::Transcoder, is_trusted: false, capacity: None, is_device: false };
    media.table.add("t", resource);
    configuration.media = Arc::new(media);
    configuration
}

fn configuration(relay: RelayMode) -> Configuration {
    let mut configuration = Configuration::empty();
    let mut plan = DialPlanBuilder::new(Parameters::default());
    for number in ["1001", "1002"] {
        plan.literal("", number, Action::Line(number.into())).unwrap();
        let line = Line { busy_trigger: 3, calls_max: 5, ..Line::default() };
        configuration.lines.insert(number, line);
    }
    plan.literal("", "9999", Action::Service(Box::new(Service::Echo))).unwrap();
    let mut route = RoutePattern::to(RouteTarget::Trunk("carrier".into()));
    route.codes = CodesRequired { authorization_level: Some(1), client_matter: true };
    plan.add("", NumberPattern::new("511".parse().unwrap(), Action::from(route))).unwrap();
    let mut codes = CodeTable::new();
    codes.add_authorization("1", "Ada", 1).unwrap();
    codes.add_matter("1", "anything").unwrap();
    configuration.codes = Arc::new(codes);
    configuration.pickup = Arc::new(pickup());
    park(&mut plan, &mut configuration);
    send_on(&mut plan, &mut configuration);
    configuration.plan = plan.build();
    configuration.relay = relay;
    configuration.conferences.barge = Barging::Barge;
    configuration
}

/// Numbers where parties wait: two that are given away, one that is directed, and one that goes back to a line.
fn park(plan: &mut DialPlanBuilder, configuration: &mut Configuration) {
    let mut park = ParkNumbers::default();
    park.add(ParkRange { object: "lot".into(), numbers: vec!["8801".into(), "8802".into()] });
    park.directed.insert("place".into(), DirectedPark::default());
    let reversion = Some(("1003".into(), SearchSpace::null()));
    park.directed.insert("back".into(), DirectedPark { reversion });
    configuration.park = Arc::new(park);
    let numbers = [
        ("8801", FeatureCode::Retrieve, "lot", 0),
        ("8802", FeatureCode::Retrieve, "lot", 0),
        ("881", FeatureCode::DirectedPark, "place", 0),
        ("882", FeatureCode::DirectedPark, "back", 0),
        ("*881", FeatureCode::Retrieve, "place", 1),
        ("*882", FeatureCode::Retrieve, "back", 1),
    ];
    for (number, code, object, digits) in numbers {
        let feature = FeatureNumber { code, object: object.into(), digits };
        let action = Action::Feature(Box::new(feature));
        plan.add("", NumberPattern::new(number.parse().unwrap(), action)).unwrap();
    }
}

/// Everybody may take the calls of everybody.
fn pickup() -> PickupGroups {
    let mut groups = PickupGroups::default();
    let group = |lines: &[&str], other: &str| PickupGroup {
        lines: lines.iter().map(|line| (*line).into()).collect(),
        others: vec![other.into()],
        notice: None,
    };
    groups.add("first", group(&["1001", "1003"], "second"));
    groups.add("second", group(&["1002", "1004", "1005"], "first"));
    groups
}

/// Lines that send calls to each other and to a hunt pilot, which sends them back.
fn send_on(plan: &mut DialPlanBuilder, configuration: &mut Configuration) {
    let to = |number: &str| BySide::both(ForwardTarget::number(number, SearchSpace::null()).ok());
    let third = Forwards {
        busy: to("5000"),
        no_answer: to("1004"),
        ring_time: RingTime::from_secs(5).ok(),
        ..Forwards::default()
    };
    let fourth = Forwards {
        all: to("1005").internal,
        busy: to("1003"),
        no_answer: to("5000"),
        unregistered: to("1003"),
        no_coverage: to("1002"),
        ..Forwards::default()
    };
    let fifth = Forwards { all: to("1004").internal, no_answer: to("9999"), ..Forwards::default() };
    for (number, forwards) in [("1003", third), ("1004", fourth), ("1005", fifth)] {
        plan.literal("", number, Action::Line(number.into())).unwrap();
        let line = Line { forwards: Some(Box::new(forwards)), ..Line::default() };
        configuration.lines.insert(number, line);
    }
    plan.literal("", "5000", Action::Hunt { list: "all".into() }).unwrap();
    let group = |name: &str, distribution, members: &[&str]| {
        let options = LineGroupOptions {
            distribution,
            ring_no_answer_reversion: Duration::from_secs(7),
            ..LineGroupOptions::default()
        };
        let members = members.iter().map(|member| strowger_base::LineName::from(*member)).collect();
        Arc::new(LineGroup::new(name, members, options).unwrap())
    };
    let groups = vec![
        group("together", Distribution::Broadcast, &["1001", "1002", "1003"]),
        group("idle", Distribution::LongestIdleTime, &["1004", "1001"]),
        group("turns", Distribution::Circular, &["1002", "1005"]),
    ];
    configuration.hunt_lists.insert("all".into(), Arc::new(LineList::new("all", groups).unwrap()));
    let then = WhenExhausted::Forward { number: "1003".into(), css: SearchSpace::null() };
    let pilot = Pilot::new("5000", Duration::from_secs(30), then, None).unwrap();
    configuration.hunt_pilots.insert("5000".into(), Arc::new(pilot));
}

/// Puts devices into regions and locations, with little room; calls without it go to a service instead.
fn put_somewhere(rng: &mut Rng, configuration: &mut Configuration) {
    let mut admission = Admission { in_use: true, aar: AarSwitch::Enabled, ..Admission::default() };
    let names: [Arc<str>; 3] = ["a", "b", "c"].map(Arc::from);
    for name in &names {
        let room = Pool::Kbps(80 * rng.below(4) as u32);
        admission.locations.add(name, Pools { audio: room, ..Pools::default() }).unwrap();
    }
    let somewhere = |rng: &mut Rng| rng.one_in(2).then(|| Arc::clone(&names[rng.below(3) as usize]));
    for number in ["1001", "1002", "1003", "1004", "1005"] {
        let site = Site { region: somewhere(rng), location: somewhere(rng) };
        let line = configuration.lines.get_mut(number).unwrap();
        line.external_mask = rng.one_in(2).then(|| "9999".parse().unwrap());
        for phone in &mut line.phones {
            Arc::make_mut(&mut phone.settings).site = site.clone();
        }
    }
    let site = Site { region: somewhere(rng), location: somewhere(rng) };
    configuration.trunks.insert("carrier".into(), Trunk { site, ..Trunk::default() });
    configuration.admission = Arc::new(admission);
}

/// A few media resources, which soon are full, and phones that want some.
fn give_resources(rng: &mut Rng, configuration: &mut Configuration) {
    let mut media = MediaResources { in_use: true, ..MediaResources::default() };
    let functions = [Function::Transcoder, Function::TerminationPoint, Function::MusicOnHold];
    for (name, function) in ["t", "p", "m"].into_iter().zip(functions) {
        let capacity = Some(rng.below(4) as u32);
        media.table.add(name, Resource { function, is_trusted: rng.one_in(2), capacity, is_device: false });
    }
    let (function, capacity) = (Function::ConferenceBridge, Some(3 + rng.below(8) as u32));
    media.table.add("b", Resource { function, is_trusted: false, capacity, is_device: false });
    media.table.group("g", ["m"]);
    media.table.list("l", ["g"]);
    media.fails_without_trusted_relay = rng.one_in(4);
    media.fails_without_termination_point = rng.one_in(4);
    for number in ["1001", "1002", "1003"] {
        let line = configuration.lines.get_mut(number).unwrap();
        let offers = [EarlyOffer::No, EarlyOffer::BestEffort, EarlyOffer::Mandatory];
        let wishes = MediaUse {
            list: Some("l".into()),
            trusted_relay: rng.one_in(3).then_some(true),
            termination_point: rng.one_in(4),
            early_offer: offers[rng.below(3) as usize],
            unicast_music: false,
            waiting_tone: if rng.one_in(3) { WaitingTone::Server } else { WaitingTone::Phone },
        };
        for phone in &mut line.phones {
            Arc::make_mut(&mut phone.settings).media = wishes.clone();
        }
    }
    if rng.one_in(2) {
        let base = "239.1.1.1:16384".parse().unwrap();
        let music = MulticastMusic { base, increment: Increment::Address, ttl: 1, always: false };
        media.multicast.insert("m".into(), music);
        media.multicast_groups.insert("g".into());
    }
    configuration.media = Arc::new(media);
}
