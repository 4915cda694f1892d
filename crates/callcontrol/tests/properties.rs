//! Devices that tell anything at any time: at the end nothing is left, and every call has exactly one record.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use strowger_base::feature::{FeatureCode, FeatureNumber, FeatureRequest, Turn};
use strowger_base::journal::{Decision, Entry, Record};
use strowger_base::leg::{
    Alert, BindingId, Digit, FurtherDigits, Origin, Party, ReleaseReason, Service, Setup, Signal,
};
use strowger_base::net::{Flow, ListenerId};
use strowger_base::{
    CallId, Cause, Command, Instant, LegId, Media, NodeId, Now, Rng, Secret, SessionDescription, ShardId,
    WallTime,
};
use strowger_callcontrol::configuration::{
    Admission, Barging, DirectedPark, EarlyOffer, Forwards, HoldMode, Line, LineList, MediaResources,
    MediaUse, ParkNumbers, ParkRange, PickupGroup, PickupGroups, Pilot, Site, SrtpRule, Trunk,
};
use strowger_callcontrol::io::{CallSide, Contact, Order, OrderKind, Reach};
use strowger_callcontrol::{CallControl, Configuration, Input, Outbox, Output, RelayMode, Sizes};
use strowger_dialplan::admission::{AarSwitch, Pool, Pools};
use strowger_dialplan::codes::CodeTable;
use strowger_dialplan::forward::{BySide, ForwardTarget, RingTime};
use strowger_dialplan::hunt::{Distribution, LineGroup, LineGroupOptions, WhenExhausted};
use strowger_dialplan::resources::{Function, Resource};
use strowger_dialplan::{
    Action, CodesRequired, DialPlanBuilder, NumberPattern, Parameters, RoutePattern, RouteTarget, SearchSpace,
};
use strowger_media::control::{self, PortId, Report};
use strowger_media::srtp::KeySource;
use strowger_media::statistics::PortStatistics;

/// What is called.
const CALLED: [&str; 19] = [
    "", "10", "1001", "1002", "1003", "1004", "5000", "9999", "404", "51", "511", "5111#", "5111#1#", "8801",
    "8802", "881", "882", "*881", "*882",
];
/// What is called where people talk to each other.
const INSIDE: [&str; 3] = ["1001", "1002", "8801"];

/// What the outside of call control knows of a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Caller,
    Called,
    /// A seat of a conference.
    Seat,
}

#[derive(Clone, Copy, Debug)]
struct Leg {
    role: Role,
    answered: bool,
    /// It was offered something and has not answered.
    owes: bool,
    /// It offered something and was neither answered nor refused.
    is_owed: bool,
    /// It was asked for an offer.
    asked: bool,
}

/// What takes calls that ring.
const PICKUP: [FeatureCode; 3] = [FeatureCode::PickUp, FeatureCode::OtherPickUp, FeatureCode::DirectedPickUp];

struct World {
    rng: Rng,
    control: CallControl,
    now: Now,
    legs: BTreeMap<LegId, Leg>,
    gone: BTreeSet<LegId>,
    relays: BTreeMap<PortId, Relay>,
    tickets: Vec<u64>,
    /// Questions for phones; most are answered more than once, and some late.
    asked: Vec<(CallId, strowger_base::LineName)>,
    begun: BTreeSet<CallId>,
    records: BTreeMap<CallId, u32>,
    next_incoming: u64,
    ports: u64,
    /// Times that somebody got a conference.
    conferences: u32,
    /// Devices may insist on SRTP, and a trunk may have none.
    encrypts: bool,
    /// One of so many callers wants to come into a call; none does with 0.
    come_in: u64,
    /// The lines of those who called.
    callers: BTreeMap<LegId, &'static str>,
    /// Who came in by barge.
    barges: u32,
    /// Orders without an answer.
    orders: i32,
}

/// What a device says that insists on SRTP.
const KEYS: &str = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Relay {
    Asked,
    Open,
    Closing,
}

fn configuration(relay: RelayMode) -> Configuration {
    let mut configuration = Configuration::empty();
    let mut plan = DialPlanBuilder::new(Parameters::default());
    for number in ["1001", "1002"] {
        plan.literal("", number, Action::Line(number.into())).unwrap();
        let line = Line { busy_trigger: 3, calls_max: 5, ..Line::default() };
        configuration.lines.insert(number, line);
    }
    plan.literal("", "9999", Action::Service(Service::Echo)).unwrap();
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
        media.table.add(name, Resource { function, is_trusted: rng.one_in(2), capacity });
    }
    let (function, capacity) = (Function::ConferenceBridge, Some(3 + rng.below(8) as u32));
    media.table.add("b", Resource { function, is_trusted: false, capacity });
    media.fails_without_trusted_relay = rng.one_in(4);
    media.fails_without_termination_point = rng.one_in(4);
    for number in ["1001", "1002", "1003"] {
        let line = configuration.lines.get_mut(number).unwrap();
        let offers = [EarlyOffer::No, EarlyOffer::BestEffort, EarlyOffer::Mandatory];
        let wishes = MediaUse {
            list: None,
            trusted_relay: rng.one_in(3).then_some(true),
            termination_point: rng.one_in(4),
            early_offer: offers[rng.below(3) as usize],
        };
        for phone in &mut line.phones {
            Arc::make_mut(&mut phone.settings).media = wishes.clone();
        }
    }
    configuration.media = Arc::new(media);
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let relay = if rng.one_in(2) { RelayMode::Always } else { RelayMode::Never };
        let mut configuration = configuration(relay);
        if rng.one_in(4) {
            let mut pickup = pickup();
            pickup.auto = false;
            configuration.pickup = Arc::new(pickup);
        }
        configuration.hold = if rng.one_in(3) { HoldMode::PassedOn } else { HoldMode::Music };
        if rng.one_in(2) {
            put_somewhere(&mut rng, &mut configuration);
        }
        // Of its own chance, so that the others go on as they do without.
        let mut chance = Rng::new(seed ^ 0x5ea7);
        if chance.one_in(5) {
            give_resources(&mut chance, &mut configuration);
        }
        let encrypts = rng.one_in(3);
        if encrypts {
            let carrier = configuration.trunks.entry("carrier".into()).or_default();
            carrier.srtp = SrtpRule::Never;
        }
        let mut control =
            CallControl::new(NodeId(1), ShardId(0), 0, &mut Rng::new(1), Arc::new(configuration));
        control.make_keys_with(KeySource::new(Secret::new([3; 32])));
        World {
            encrypts,
            rng,
            control,
            now: Now { mono: Instant::START, wall: WallTime::from_micros(1) },
            legs: BTreeMap::new(),
            gone: BTreeSet::new(),
            relays: BTreeMap::new(),
            tickets: Vec::new(),
            asked: Vec::new(),
            begun: BTreeSet::new(),
            records: BTreeMap::new(),
            next_incoming: 0,
            ports: 0,
            conferences: 0,
            come_in: 0,
            callers: BTreeMap::new(),
            barges: 0,
            orders: 0,
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        let mut out = Outbox::default();
        self.control.handle(self.now, input, &mut out);
        for item in std::mem::take(&mut out.items) {
            self.output(item, &out);
        }
    }

    fn output(&mut self, item: Output, out: &Outbox) {
        match item {
            Output::Command(leg, Command::Ring(ring)) => {
                let owes = ring.media != Media::None;
                let seat = matches!(ring.target, strowger_base::leg::Target::Service(Service::Conference(_)));
                let role = if seat { Role::Seat } else { Role::Called };
                let fresh =
                    self.legs.insert(leg, Leg { role, answered: false, owes, is_owed: false, asked: false });
                assert!(fresh.is_none() && !self.gone.contains(&leg), "{leg} was rung twice");
            }
            Output::Command(leg, command) => self.command(leg, command),
            Output::Joined { leg, .. } => assert!(self.legs.contains_key(&leg), "{leg} joined after its end"),
            Output::Locate { request, line } => {
                self.asked.push((request, line));
                if self.rng.one_in(2) {
                    self.locate();
                }
            }
            Output::Media(control::Command::OpenRelay { port }) => {
                assert_eq!(self.relays.insert(port, Relay::Asked), None, "a port is never used again");
            }
            Output::Media(control::Command::Direct { port, .. }) => {
                assert_eq!(self.relays.get(&port), Some(&Relay::Open), "only an open relay is directed");
            }
            Output::Media(control::Command::Transcode { port, .. }) => {
                assert_eq!(self.relays.get(&port), Some(&Relay::Open), "only an open relay transcodes");
            }
            Output::Media(control::Command::Close { port }) => {
                let before = self.relays.insert(port, Relay::Closing);
                assert!(matches!(before, Some(Relay::Asked | Relay::Open)), "closed twice: {before:?}");
            }
            Output::Media(control::Command::Protect { port, .. }) => {
                assert_eq!(self.relays.get(&port), Some(&Relay::Open), "only an open relay is protected");
            }
            Output::Media(other) => panic!("relays have no {other:?}"),
            Output::Journal(span) => {
                let record = Record::decode(out.arena.slice(span)).unwrap();
                let done = |entry: &Entry<'_>| {
                    matches!(entry, Entry::Decision(Decision::FeatureDone { feature: "barge", .. }))
                };
                self.barges += u32::from(done(&record.entry));
                if let Some(call) = record.call {
                    self.begun.insert(call);
                }
            }
            Output::Persist { ticket, call, record } => {
                let record = Record::decode(out.arena.slice(record)).unwrap();
                let is_final = matches!(record.entry, Entry::Call(_));
                assert!(is_final || matches!(record.entry, Entry::UserSet(_)));
                assert_eq!(call.is_some(), is_final);
                if !self.tickets.contains(&ticket) {
                    self.tickets.push(ticket);
                    call.into_iter().for_each(|call| *self.records.entry(call).or_default() += 1);
                }
            }
            Output::Ordered { .. } => self.orders -= 1,
            Output::Messages { .. } | Output::Privacy { .. } | Output::Parked { .. } => {}
            Output::SettingKept { .. } => panic!("no program sets anything"),
            Output::Drained => panic!("nobody drained"),
        }
    }

    /// Answers a question for phones, not always the first one; sometimes twice.
    fn locate(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        let index = self.rng.below(self.asked.len() as u64) as usize;
        let (request, line) = self.asked[index].clone();
        if self.rng.one_in(8) || self.asked.len() > 50 {
            self.asked.remove(index);
        }
        let contacts: Vec<Contact> = (0..self.rng.below(4))
            .map(|n| Contact { phone: None, binding: BindingId(n), reach: Reach::Direct })
            .collect();
        self.handle(Input::Located { request, line: &line, contacts: &contacts });
    }

    fn command(&mut self, id: LegId, command: Command) {
        // How a transfer ended is owed to a device that hung up meanwhile, too.
        if matches!(command, Command::TransferEnded(_)) && self.gone.contains(&id) {
            return;
        }
        let Some(leg) = self.legs.get_mut(&id) else { panic!("{command:?} for {id}, which is gone") };
        let media = match &command {
            Command::FeatureAnswer(answer) => {
                self.conferences += u32::from(answer.request == "conference" && answer.result.is_ok());
                return;
            }
            Command::Alert { media, .. } => media,
            Command::Answer { media, .. } => {
                assert!(leg.role == Role::Caller && !leg.answered);
                leg.answered = true;
                media
            }
            Command::Media(media) => media,
            Command::RefuseMedia(_) => {
                leg.is_owed = false;
                &Media::None
            }
            Command::Release(_) => {
                self.legs.remove(&id);
                self.gone.insert(id);
                return;
            }
            Command::RequestMedia => {
                assert!(!leg.owes && !leg.is_owed, "{id} is asked for an offer while one is open");
                leg.asked = true;
                &Media::None
            }
            Command::Ring(_)
            | Command::CollectDigits
            | Command::StopCollecting
            | Command::KeysBy(_)
            | Command::Tone(_)
            | Command::Mute(_)
            | Command::ShowParty(_)
            | Command::Digit(_)
            | Command::TransferResult(_)
            | Command::TransferEnded(_)
            | Command::RequestTransfer(_) => &Media::None,
            Command::Records(media, _) => media,
        };
        match (&command, media) {
            (_, Media::None) => {}
            (_, Media::Offer(_)) => {
                assert!(!leg.owes, "{id} is offered while it owes an answer");
                assert!(!leg.is_owed, "{id} is offered while its own offer is open");
                leg.owes = true;
            }
            // An early answer may be given again with the answer of the call.
            (Command::Alert { .. } | Command::Answer { .. }, Media::Answer(_)) => leg.is_owed = false,
            (_, Media::Answer(_)) => {
                assert!(leg.is_owed, "{id} is answered but offered nothing");
                leg.is_owed = false;
            }
        }
    }

    fn description(&mut self) -> SessionDescription {
        self.ports += 1;
        let direction = *self.pick(&["sendrecv", "sendonly", "inactive", "recvonly"]);
        let formats = *self.pick(&["0", "0 18", "18 9 0", "0"]);
        let secured = self.encrypts && self.rng.one_in(2);
        let (profile, keys) = if secured { ("SAVP", KEYS) } else { ("AVP", "") };
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio {} RTP/{profile} {formats}\r\na={direction}\r\n{keys}",
            4000 + self.ports % 1000
        );
        SessionDescription::new(text.as_bytes())
    }

    fn pick<'t, T>(&mut self, choices: &'t [T]) -> &'t T {
        &choices[self.rng.below(choices.len() as u64) as usize]
    }

    fn begin(&mut self) {
        self.next_incoming += 1;
        let leg = LegId::new(NodeId(1), ShardId(0), 4 * self.next_incoming);
        let offer = self.rng.below(4) > 0;
        let media = if offer { Media::Offer(self.description()) } else { Media::None };
        let role = Role::Caller;
        self.legs.insert(leg, Leg { role, answered: false, owes: false, is_owed: offer, asked: false });
        let called = if self.come_in > 0 { &INSIDE[..] } else { &CALLED };
        let comes = self.come_in > 0 && self.rng.one_in(self.come_in);
        let (line, joins) = if comes { self.talking_leg() } else { None }.map_or_else(
            || (*self.pick::<&str>(&["1001", "1002"]), None),
            |(line, joins)| (line, Some(joins)),
        );
        self.callers.insert(leg, line);
        let setup = Setup {
            origin: Origin::Line { line: line.into(), phone: self.rng.one_in(2).then(|| "desk".into()) },
            flow: Flow::Datagram { listener: ListenerId(0), peer: "10.0.0.1:5060".parse().unwrap() },
            protocol_call_id: "x".into(),
            calling: Party::default(),
            called: (*self.pick(called)).into(),
            media,
            hops_remaining: 70,
            reliable_provisional: self.rng.one_in(2),
            srtp_fallback: self.rng.one_in(4),
            diversions: Vec::new(),
            replaces: if self.rng.one_in(8) { self.some_leg() } else { None },
            joins,
            feature: match self.rng.below(8) {
                0 => Some(*self.pick(&FeatureCode::ALL)),
                1 => Some(*self.pick(&PICKUP)),
                _ => None,
            },
            further_digits: *self.pick(&[FurtherDigits::None, FurtherDigits::Keys, FurtherDigits::Again]),
        };
        self.handle(Input::Signal(leg, Signal::Setup(Box::new(setup))));
    }

    /// A leg that called and is answered, where there is one, with its line.
    fn talking_leg(&mut self) -> Option<(&'static str, LegId)> {
        let talks = |(id, leg): (&LegId, &Leg)| leg.answered.then(|| Some((*self.callers.get(id)?, *id)))?;
        let ids: Vec<(&str, LegId)> = self.legs.iter().filter_map(talks).collect();
        (!ids.is_empty()).then(|| *self.pick(&ids))
    }

    /// A leg that is there, or was.
    fn some_leg(&mut self) -> Option<LegId> {
        let ids: Vec<LegId> = self.legs.keys().chain(self.gone.last()).copied().collect();
        (!ids.is_empty()).then(|| *self.pick(&ids))
    }

    /// Media as a device would send it: an answer only when it owes one, an offer only when none of it is open.
    fn media(&mut self, id: LegId) -> Media {
        let leg = self.legs[&id];
        if leg.owes && self.rng.one_in(2) {
            let description = self.description();
            self.legs.get_mut(&id).unwrap().owes = false;
            return Media::Answer(description);
        }
        // Also while it owes an answer: the two offers meet.
        if !leg.is_owed && self.rng.one_in(2) {
            let description = self.description();
            self.legs.get_mut(&id).unwrap().is_owed = true;
            return Media::Offer(description);
        }
        Media::None
    }

    fn tell(&mut self) {
        let ids: Vec<LegId> = self.legs.keys().copied().collect();
        if ids.is_empty() {
            return;
        }
        let id = *self.pick(&ids);
        let leg = self.legs[&id];
        if leg.role == Role::Seat && !leg.answered {
            return self.take_seat(id);
        }
        let early = leg.role == Role::Called && !leg.answered;
        let signal = match self.rng.below(10) {
            0 if early => Signal::Proceeding,
            1 | 2 if early => {
                let alert = *self.pick(&[Alert::Ringing, Alert::Progress]);
                Signal::Alerting { alert, media: self.media(id) }
            }
            3 | 4 if early => {
                let media = self.media(id);
                self.legs.get_mut(&id).unwrap().answered = true;
                Signal::Answered { media, connected: Party::default() }
            }
            5 => Signal::Released {
                cause: *self.pick(&[Cause::NORMAL_CALL_CLEARING, Cause::USER_BUSY, Cause::CALL_REJECTED]),
                reason: *self.pick(&[
                    ReleaseReason::HungUp,
                    ReleaseReason::Refused(486),
                    ReleaseReason::Refused(603),
                    ReleaseReason::Refused(488),
                    ReleaseReason::TransportFailed,
                ]),
            },
            6 => Signal::Digit(Digit { key: *self.pick(&['1', '#']), duration_ms: 0 }),
            7 if self.rng.one_in(2) => Signal::TransferRequested {
                destination: (*self.pick(&[
                    "1001", "1002", "1004", "5000", "9999", "404", "51", "511", "8801", "881", "882",
                ]))
                .into(),
                replaces: None,
            },
            7 if self.rng.one_in(2) => {
                Signal::TransferRequested { destination: "1".into(), replaces: self.some_leg() }
            }
            7 => {
                let with: Vec<LegId> = self.some_leg().into_iter().collect();
                let request = match self.rng.below(8) {
                    0 => FeatureRequest::Conference { with },
                    1 => FeatureRequest::DropLast,
                    2 => FeatureRequest::Drop { participant: 1 },
                    3 => FeatureRequest::Mute { participant: 1, turn: Turn::Over },
                    4 => FeatureRequest::Participants,
                    5 => FeatureRequest::CallBack,
                    6 => FeatureRequest::Divert,
                    _ => FeatureRequest::Park,
                };
                Signal::FeatureRequested(Box::new(request))
            }
            8 if leg.owes || leg.asked => {
                let leg = self.legs.get_mut(&id).unwrap();
                (leg.owes, leg.asked) = (false, false);
                Signal::MediaRefused(Cause::INCOMPATIBLE_DESTINATION)
            }
            9 if !leg.owes && !leg.is_owed => Signal::MediaRequested,
            _ => Signal::Media(self.media(id)),
        };
        if matches!(signal, Signal::Released { .. }) {
            self.legs.remove(&id);
            self.gone.insert(id);
        }
        self.handle(Input::Signal(id, signal));
    }

    /// A device that mostly answers what it is asked and confers a lot.
    fn tell_calmly(&mut self) {
        let ids: Vec<LegId> = self.legs.keys().copied().collect();
        if ids.is_empty() {
            return;
        }
        let id = *self.pick(&ids);
        let leg = self.legs[&id];
        let signal = match (leg.role, self.rng.below(12)) {
            (Role::Seat, _) if !leg.answered => return self.take_seat(id),
            (Role::Called, _) if !leg.answered => {
                let media = if leg.owes {
                    Media::Answer(self.description())
                } else {
                    Media::Offer(self.description())
                };
                let leg = self.legs.get_mut(&id).unwrap();
                (leg.answered, leg.owes, leg.is_owed) = (true, false, !leg.owes);
                Signal::Answered { media, connected: Party::default() }
            }
            (_, 0..=6) if leg.owes || (leg.asked && !leg.is_owed) => {
                let description = self.description();
                let leg = self.legs.get_mut(&id).unwrap();
                let media = if leg.owes { Media::Answer(description) } else { Media::Offer(description) };
                (leg.owes, leg.is_owed, leg.asked) = (false, leg.is_owed || !leg.owes, false);
                Signal::Media(media)
            }
            (Role::Caller | Role::Called, 0..=5) => {
                let others = self.rng.below(3);
                let with: Vec<LegId> = (0..others).filter_map(|_| self.some_leg()).collect();
                let participant = self.rng.below(4) as u32;
                Signal::FeatureRequested(Box::new(match self.rng.below(8) {
                    0 => FeatureRequest::DropLast,
                    1 => FeatureRequest::Drop { participant },
                    2 => FeatureRequest::Mute { participant, turn: Turn::Over },
                    3 => FeatureRequest::Participants,
                    _ => FeatureRequest::Conference { with },
                }))
            }
            (Role::Caller | Role::Called, 6) => {
                Signal::TransferRequested { destination: "1".into(), replaces: self.some_leg() }
            }
            (Role::Caller | Role::Called, 7) => {
                Signal::TransferRequested { destination: "1001".into(), replaces: None }
            }
            (_, 8) if !leg.owes && !leg.is_owed && !leg.asked => Signal::Media(self.media(id)),
            (_, 9) => {
                self.legs.remove(&id);
                self.gone.insert(id);
                Signal::Released { cause: Cause::NORMAL_CALL_CLEARING, reason: ReleaseReason::HungUp }
            }
            _ => return,
        };
        self.handle(Input::Signal(id, signal));
    }

    /// A seat of a conference says nothing but that it is there, with a description, or that it is not to be had.
    fn take_seat(&mut self, id: LegId) {
        let (cause, reason) = (Cause::RESOURCE_UNAVAILABLE, ReleaseReason::Refused(503));
        if self.rng.one_in(10) {
            self.legs.remove(&id);
            self.gone.insert(id);
            return self.handle(Input::Signal(id, Signal::Released { cause, reason }));
        }
        let description = self.description();
        let leg = self.legs.get_mut(&id).unwrap();
        leg.answered = true;
        let media = if std::mem::take(&mut leg.owes) {
            Media::Answer(description)
        } else {
            leg.is_owed = true;
            Media::Offer(description)
        };
        self.handle(Input::Signal(id, Signal::Answered { media, connected: Party::default() }));
    }

    fn worker(&mut self) {
        let ports: Vec<PortId> = self.relays.keys().copied().collect();
        if ports.is_empty() {
            return;
        }
        let port = *self.pick(&ports);
        match self.relays[&port] {
            Relay::Asked if self.rng.one_in(4) => {
                self.relays.remove(&port);
                self.handle(Input::Media(Report::Failed { port, reason: "no".into() }));
            }
            Relay::Asked => {
                self.relays.insert(port, Relay::Open);
                let a = "10.9.9.9:30000".parse().unwrap();
                self.handle(Input::Media(Report::Opened { port, a, b: Some(a) }));
            }
            Relay::Open => {}
            Relay::Closing => self.closed(port),
        }
    }

    fn closed(&mut self, port: PortId) {
        self.relays.remove(&port);
        let statistics = Box::new(PortStatistics::default());
        self.handle(Input::Media(Report::Closed { port, statistics }));
    }

    fn disk(&mut self) {
        let Some(ticket) = self.tickets.pop() else { return };
        if self.rng.one_in(3) {
            self.tickets.push(ticket);
            self.handle(Input::PersistFailed { ticket, reason: "full" });
        } else {
            self.handle(Input::Persisted { ticket });
        }
    }

    /// Somebody who is no party orders something.
    fn order(&mut self) {
        let calls: Vec<CallId> = self.control.calls(None, 8).iter().map(|call| call.call).collect();
        let (Some(call), Some(other)) = (calls.first(), calls.last()) else { return };
        let party = *self.pick(&[CallSide::Calling, CallSide::Called]);
        let what = match self.rng.below(7) {
            0 => OrderKind::Release,
            1 | 2 => OrderKind::Transfer { party, to: (*self.pick(&["1001", "1003", "5000", "404"])).into() },
            3 => OrderKind::Feature { party, request: FeatureRequest::Park },
            4 => OrderKind::Confer { party, other: *other, other_party: party },
            _ => OrderKind::Join { party, other: *other, other_party: party },
        };
        let order = Box::new(Order { call: *call, what, who: "Ada".into() });
        self.orders += 1;
        self.handle(Input::Order { number: 1, order });
    }

    fn pass_time(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while let Some(at) = self.control.next_timeout().filter(|at| *at <= end) {
            self.now.mono = at;
            self.handle(Input::Timeout);
        }
        self.now.mono = end;
    }

    /// Faults off: all devices go, the worker and the disk do their work.
    fn settle(&mut self) {
        while let Some((&id, _)) = self.legs.first_key_value() {
            self.legs.remove(&id);
            self.gone.insert(id);
            let cause = Cause::NORMAL_CALL_CLEARING;
            self.handle(Input::Signal(id, Signal::Released { cause, reason: ReleaseReason::HungUp }));
        }
        // A call that waits for a longer number has no leg (RFC 3578): its timer ends it.
        self.pass_time(Duration::from_secs(16));
        let ports: Vec<PortId> = self.relays.keys().copied().collect();
        for port in ports {
            assert_eq!(self.relays[&port], Relay::Closing, "a relay is left open");
            self.closed(port);
        }
        for ticket in std::mem::take(&mut self.tickets) {
            self.handle(Input::Persisted { ticket });
        }
        assert_eq!(self.control.sizes(), Sizes::default(), "something is left");
        assert_eq!(self.control.next_timeout(), None);
        assert_eq!(self.orders, 0, "orders without an answer");
        assert!(self.records.values().all(|count| *count == 1), "a call has several records");
        assert!(self.begun.iter().eq(self.records.keys()), "a call has no record");
    }
}

#[test]
fn whatever_devices_tell_nothing_is_left_and_every_call_has_one_record() {
    for seed in (0..400).chain([5310]) {
        let mut world = World::new(seed);
        for _ in 0..400 {
            match world.rng.below(40) {
                0..=2 => world.begin(),
                3..=4 => world.disk(),
                9..=14 => world.locate(),
                15 => world.order(),
                5..=7 => world.worker(),
                8 => {
                    let seconds = world.rng.below(30);
                    world.pass_time(Duration::from_secs(seconds));
                }
                _ => world.tell(),
            }
        }
        world.settle();
    }
}

#[test]
fn people_confer_in_any_order_and_no_seat_is_left() {
    let worlds = calm_worlds(0..400, 0);
    let conferences: u32 = worlds.map(|world| world.conferences).sum();
    assert!(conferences > 200, "{conferences} conferences prove little");
}

#[test]
fn phones_come_into_calls_in_any_order_and_no_seat_is_left() {
    let barges: u32 = calm_worlds(1000..1500, 2).map(|world| world.barges).sum();
    assert!(barges > 20, "{barges} barges prove little");
}

/// Worlds in which devices do what they are asked, after everything; one of `come_in` callers wants to come into a call.
fn calm_worlds(seeds: std::ops::Range<u64>, come_in: u64) -> impl Iterator<Item = World> {
    seeds.map(move |seed| {
        let mut world = World::new(seed);
        world.come_in = come_in;
        for _ in 0..600 {
            match world.rng.below(40) {
                0..=3 => world.begin(),
                4 => world.disk(),
                5..=8 => world.worker(),
                9..=14 => world.locate(),
                _ => world.tell_calmly(),
            }
        }
        world.settle();
        world
    })
}
