//! What the outside of call control knows, and what call control must never do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use strowger_base::feature::FeatureRequest;
use strowger_base::journal::{CallBackTo, Decision, Entry, Record, SetBy, UserSet, UserValue};
use strowger_base::leg::{BindingId, ReleaseReason, Service, Signal};
use strowger_base::{
    CallId, Cause, Command, Instant, LegId, Media, NodeId, Now, Rng, Secret, ShardId, WallTime,
};
use strowger_callcontrol::io::{CallSide, Contact, Order, OrderKind, Reach};
use strowger_callcontrol::{CallControl, Configuration, Input, Outbox, Output, Sizes};
use strowger_media::control::{self, PortId, Report};
use strowger_media::srtp::KeySource;
use strowger_media::statistics::PortStatistics;

#[path = "devices.rs"]
mod devices;

#[path = "settings.rs"]
mod settings;

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

/// How devices are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Devices {
    /// They tell anything.
    Any,
    /// They do what they are asked; one of so many callers wants to come into a call, where that is said.
    Calm { come_in: Option<u64> },
}

pub(crate) struct World {
    seed: u64,
    pub(crate) rng: Rng,
    control: CallControl,
    now: Now,
    legs: BTreeMap<LegId, Leg>,
    gone: BTreeSet<LegId>,
    relays: BTreeMap<PortId, Relay>,
    /// Those of them that send music to a multicast address.
    streams: BTreeSet<PortId>,
    tickets: Vec<u64>,
    /// Questions for phones; most are answered more than once, and some late.
    asked: Vec<(CallId, strowger_base::LineName)>,
    begun: BTreeSet<CallId>,
    records: BTreeMap<CallId, u32>,
    next_incoming: u64,
    ports: u64,
    /// Times that somebody got a conference.
    pub(crate) conferences: u32,
    /// Devices may insist on SRTP, and a trunk may have none.
    encrypts: bool,
    /// All devices do, and mostly need a transcoder.
    secret: bool,
    /// Relays may fail that are in use.
    pub(crate) loses_relays: bool,
    /// How the devices are.
    pub(crate) devices: Devices,
    /// The lines of those who called.
    callers: BTreeMap<LegId, &'static str>,
    /// Who came in by barge.
    pub(crate) barges: u32,
    /// Orders without an answer.
    orders: i32,
    /// To whom each key of the server was told.
    own_keys: BTreeMap<String, LegId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Relay {
    Asked,
    Open,
    Closing,
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.seed);
        }
    }
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let (configuration, encrypts) = settings::drawn(seed, &mut rng);
        World::of(seed, rng, configuration, encrypts)
    }

    /// One in which encryption mostly ends at the server, since what one device speaks the other one does not.
    pub(crate) fn of_secrets(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let configuration = settings::with_transcoders(&mut rng);
        let devices = Devices::Calm { come_in: None };
        let mut world = World::of(seed, rng, configuration, true);
        (world.secret, world.devices) = (true, devices);
        world
    }

    fn of(seed: u64, rng: Rng, configuration: Configuration, encrypts: bool) -> Self {
        let mut control =
            CallControl::new(NodeId(1), ShardId(0), 0, &mut Rng::new(1), Arc::new(configuration));
        control.make_keys_with(KeySource::new(Secret::new([3; 32])));
        World {
            seed,
            encrypts,
            secret: false,
            rng,
            control,
            now: Now { mono: Instant::START, wall: WallTime::from_micros(1) },
            legs: BTreeMap::new(),
            gone: BTreeSet::new(),
            relays: BTreeMap::new(),
            streams: BTreeSet::new(),
            tickets: Vec::new(),
            asked: Vec::new(),
            begun: BTreeSet::new(),
            records: BTreeMap::new(),
            next_incoming: 0,
            ports: 0,
            conferences: 0,
            loses_relays: false,
            devices: Devices::Any,
            callers: BTreeMap::new(),
            barges: 0,
            orders: 0,
            own_keys: BTreeMap::new(),
        }
    }

    /// How many keys of the server devices were told.
    pub(crate) fn keys_told(&self) -> usize {
        self.own_keys.len()
    }

    /// The same, whose relays may fail that are in use.
    pub(crate) fn that_loses_relays(seed: u64) -> Self {
        let mut world = World::new(seed);
        world.loses_relays = true;
        world
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
                self.tells_keys(leg, &ring.media);
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
            Output::Media(control::Command::OpenMulticast { port, .. }) => {
                assert_eq!(self.relays.insert(port, Relay::Asked), None, "a port is never used again");
                self.streams.insert(port);
            }
            Output::Media(control::Command::Play { port, .. }) => {
                assert_eq!(self.relays.get(&port), Some(&Relay::Open), "only an open stream plays");
            }
            Output::Media(control::Command::OpenRelay { port } | control::Command::OpenPassage { port }) => {
                assert_eq!(self.relays.insert(port, Relay::Asked), None, "a port is never used again");
            }
            Output::Media(control::Command::Direct { port, .. }) => {
                assert_eq!(self.relays.get(&port), Some(&Relay::Open), "only an open relay is directed");
            }
            Output::Media(control::Command::Suspend { port, .. }) => {
                assert_eq!(self.relays.get(&port), Some(&Relay::Open), "only an open relay is suspended");
            }
            Output::Media(control::Command::Warn { port, .. }) => {
                assert_eq!(self.relays.get(&port), Some(&Relay::Open), "only an open relay plays tones");
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
            Output::Messages { .. }
            | Output::Privacy { .. }
            | Output::Parked { .. }
            | Output::PhoneChanged { .. }
            | Output::Security { .. }
            | Output::PickupNotice { .. }
            | Output::ParkNews { .. } => {}
            Output::SettingKept { asked, .. } => assert_eq!(asked, 1, "a program only ends call backs"),
            Output::HuntLogged { .. } => panic!("no key was pressed"),
            Output::Drained => panic!("nobody drained"),
        }
    }

    /// Answers a question for phones, not always the first one; sometimes twice.
    pub(crate) fn locate(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        let index = self.rng.below(self.asked.len() as u64) as usize;
        let (request, line) = self.asked[index].clone();
        if self.rng.one_in(8) || self.asked.len() > 50 {
            self.asked.remove(index);
        }
        let least = u64::from(self.devices != Devices::Any);
        let contacts: Vec<Contact> = (0..self.rng.below(4).max(least))
            .map(|n| Contact { phone: None, binding: BindingId(n), reach: Reach::Direct })
            .collect();
        self.handle(Input::Located { request, line: &line, contacts: &contacts });
    }

    /// No key of the server is told two devices: who left, or only rang, can do nothing with what follows.
    fn tells_keys(&mut self, leg: LegId, media: &Media) {
        let (Media::Offer(text) | Media::Answer(text)) = media else { return };
        let text = std::str::from_utf8(text.as_bytes()).unwrap();
        for key in text.lines().filter_map(|line| line.strip_prefix("a=crypto:")?.split("inline:").nth(1)) {
            // Those of devices are the same for all.
            if key.starts_with("AAAA") {
                continue;
            }
            let first = *self.own_keys.entry(key.to_owned()).or_insert(leg);
            assert_eq!(first, leg, "{leg} is told a key that {first} was told");
        }
    }

    fn command(&mut self, id: LegId, command: Command) {
        if let Command::Alert { media, .. } | Command::Answer { media, .. } | Command::Media(media) = &command
        {
            self.tells_keys(id, media);
        }
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
            Command::ShowParticipants(_) => return,
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
            | Command::ShowRecording(_)
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

    fn pick<'t, T>(&mut self, choices: &'t [T]) -> &'t T {
        &choices[self.rng.below(choices.len() as u64) as usize]
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

    pub(crate) fn worker(&mut self) {
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
            Relay::Open if self.streams.contains(&port) && self.rng.one_in(4) => self.closed(port),
            // Its socket failed: nobody wanted that.
            Relay::Open if self.loses_relays && self.rng.one_in(3) => self.closed(port),
            Relay::Open => {}
            Relay::Closing => self.closed(port),
        }
    }

    fn closed(&mut self, port: PortId) {
        self.relays.remove(&port);
        let statistics = Box::new(PortStatistics::default());
        self.handle(Input::Media(Report::Closed { port, statistics }));
    }

    pub(crate) fn disk(&mut self) {
        let Some(ticket) = self.tickets.pop() else { return };
        if self.rng.one_in(3) {
            self.tickets.push(ticket);
            self.handle(Input::PersistFailed { ticket, reason: "full" });
        } else {
            self.handle(Input::Persisted { ticket });
        }
    }

    /// Somebody who is no party orders something.
    pub(crate) fn order(&mut self) {
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

    pub(crate) fn pass_time(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while let Some(at) = self.control.next_timeout().filter(|at| *at <= end) {
            self.now.mono = at;
            self.handle(Input::Timeout);
        }
        self.now.mono = end;
    }

    /// Faults off: all devices go, the worker and the disk do their work.
    pub(crate) fn settle(&mut self) {
        let waits = self.control.user_settings();
        let waits: Vec<(String, String)> =
            waits.map(|(_, set)| (set.line.to_owned(), set.phone.to_owned())).collect();
        for (line, phone) in &waits {
            let value = UserValue::CallBack(CallBackTo::Nobody);
            let set = UserSet { line, phone, value, by: SetBy::Program("ada") };
            self.handle(Input::Set { asked: 1, set });
        }
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
