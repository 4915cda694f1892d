//! The world of one seed: node, phones, network, disk and time, and the checks after every step.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::hash::siphash24;
use strowger_base::journal::{Decision, Entry, Record};
use strowger_base::net::ListenerId;
use strowger_base::{CallId, Instant, NodeId, Now, Rng, Secret, ShardId, WallTime};
use strowger_callcontrol::RelayMode;
use strowger_media::worker::{self, Worker};
use strowger_node::io::{Answer, Leftovers, QueryId, Question};
use strowger_node::{Configuration, Input, Node, Outbox, Output, Parameters};

use crate::dialling::Checker;
use crate::disk::{Disk, Written};
use crate::kept::Kept;
use crate::network::{Network, Packet, Weather};
use crate::phone::{Account, Manners, Phone, Style};
use crate::report::Report;
use crate::setting::{self, DOMAIN, FEATURES, NUMBERS, SERVER, Setting, grows, number, secret};

/// What a seed decides.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    seed: u64,
    minutes: u64,
    lines: u64,
    phones_per_line: u64,
    /// Each phone of a line has a user name and password of its own.
    apart: bool,
    weather: Weather,
    manners: Manners,
    crashes: u64,
    disk_failures: u64,
    relay: RelayMode,
    interdigit_timer: Duration,
    /// One of so many calls asks for a feature; 0 is none.
    features: u64,
}

impl Plan {
    pub(crate) fn of_seed(seed: u64, minutes: u64) -> Plan {
        let mut rng = Rng::new(seed ^ 0x51e0_7a7e);
        let now_and_then = |rng: &mut Rng, often: u64| if rng.one_in(3) { 0 } else { 2 + rng.below(often) };
        let weather = Weather {
            loses: now_and_then(&mut rng, 30),
            repeats: now_and_then(&mut rng, 30),
            jitter_us: 1_000 + rng.below(400_000),
            damages: now_and_then(&mut rng, 200),
        };
        let manners = Manners {
            forgets: now_and_then(&mut rng, 40),
            babbles: now_and_then(&mut rng, 100),
            omits_ack: now_and_then(&mut rng, 40),
            rejects: now_and_then(&mut rng, 20),
            ignores: now_and_then(&mut rng, 20),
            cancels: now_and_then(&mut rng, 10),
            crosses: now_and_then(&mut rng, 10),
            byes_early: now_and_then(&mut rng, 20),
            transfers: 0,
        };
        let relay = match rng.below(3) {
            0 => RelayMode::Always,
            1 => RelayMode::WhenBehindNat,
            _ => RelayMode::Never,
        };
        Plan {
            seed,
            minutes,
            lines: 2 + rng.below(5),
            phones_per_line: 1 + rng.below(3),
            weather,
            crashes: if rng.one_in(2) { 1 + rng.below(3) } else { 0 },
            disk_failures: if rng.one_in(3) { 1 + rng.below(2) } else { 0 },
            relay,
            interdigit_timer: Duration::from_millis(3_000 + rng.below(12_001)),
            apart: rng.one_in(2),
            manners: Manners { transfers: now_and_then(&mut rng, 6), ..manners },
            features: now_and_then(&mut rng, 3),
        }
    }
}

/// Everything of one seed.
pub(crate) struct World {
    plan: Plan,
    trace: bool,
    now: Now,
    rng: Rng,
    configuration: Arc<Configuration>,
    node: Node,
    out: Outbox,
    worker: Worker,
    media_out: worker::Outbox,
    network: Network,
    phones: Vec<Phone>,
    disk: Disk,
    /// Calls that the journal says began, and whether their final record is written.
    begun: BTreeMap<CallId, bool>,
    /// Final records whose safety the node was told of.
    promised: BTreeSet<CallId>,
    /// What users set.
    kept: Kept,
    /// What the node answered.
    answer: Option<Answer>,
    /// Whether numbers are decided when they are to be.
    checker: Checker,
    crashes_left: BTreeSet<Instant>,
    disk_failures: Vec<(Instant, Instant)>,
    next_call: Instant,
    faults: bool,
    report: Report,
    next_media_port: u16,
}

type Failure = String;

impl World {
    pub(crate) fn new(plan: Plan, trace: bool) -> World {
        let mut rng = Rng::new(plan.seed);
        let setting = Setting {
            lines: plan.lines,
            phones_apart: if plan.apart { plan.phones_per_line } else { 0 },
            relay: plan.relay,
            interdigit_timer: plan.interdigit_timer,
        };
        let configuration = Arc::new(setting::configuration(&setting));
        let now = Now { mono: Instant::START, wall: WallTime::from_micros(1_790_000_000_000_000) };
        let mut phones = vec![];
        for line in 0..plan.lines {
            for phone in 0..plan.phones_per_line {
                let host = 10 + line * 10 + phone;
                let address = SocketAddr::from(([192, 0, 2, host as u8], 5060));
                let (user, secret) =
                    if plan.apart { setting::apart(line, phone) } else { (number(line), secret(line)) };
                let account = Account { number: number(line), user, secret, domain: DOMAIN.to_owned() };
                let style = match rng.below(3) {
                    0 => Style::Whole,
                    _ if grows(line) => Style::Growing,
                    _ => Style::Keys,
                };
                phones.push(Phone::new(account, address, plan.manners, style, Rng::new(rng.next_u64())));
            }
        }
        let end = plan.minutes * 60;
        let moment = |rng: &mut Rng| Instant::START + Duration::from_millis(rng.below(end * 1000 * 2 / 3));
        let crashes_left = (0..plan.crashes).map(|_| moment(&mut rng)).collect();
        let disk_failures = (0..plan.disk_failures)
            .map(|_| {
                let from = moment(&mut rng);
                (from, from + Duration::from_secs(1 + rng.below(60)))
            })
            .collect();
        let network = Network::new(plan.weather, Rng::new(rng.next_u64()));
        let node = Node::new(parameters(&configuration, &mut rng, 0));
        World {
            worker: Worker::new(Rng::new(rng.next_u64())),
            plan,
            trace,
            now,
            configuration,
            node,
            out: Outbox::default(),
            media_out: worker::Outbox::default(),
            network,
            phones,
            disk: Disk::default(),
            begun: BTreeMap::new(),
            promised: BTreeSet::new(),
            kept: Kept::default(),
            answer: None,
            checker: Checker::default(),
            crashes_left,
            disk_failures,
            next_call: Instant::START + Duration::from_secs(6),
            faults: true,
            report: Report::default(),
            next_media_port: 16_384,
            rng,
        }
    }

    /// Runs both acts.
    pub(crate) fn run(mut self) -> Result<Report, Failure> {
        let first_act = Instant::START + Duration::from_secs(self.plan.minutes * 60);
        while self.step(first_act)? {}
        self.fair_weather();
        let settled = self.now.mono + SETTLE;
        while self.step(settled)? {}
        self.check_settled()?;
        let (registered, answered) = self
            .phones
            .iter()
            .map(|phone| (phone.statistics.registered, phone.statistics.answered))
            .fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
        self.report.registrations = registered;
        self.report.answered = answered;
        self.report.records = self.begun.len() as u64;
        let checked = self.checker.statistics;
        (self.report.numbers, self.report.waited, self.report.keys) =
            (checked.numbers, checked.waited, checked.keys);
        Ok(self.report)
    }

    /// The second act: the network is good, phones behave, everybody hangs up, nobody calls.
    fn fair_weather(&mut self) {
        self.faults = false;
        self.network.weather = Weather::FAIR;
        self.disk_failures.clear();
        self.crashes_left.clear();
        let mut sends = vec![];
        for index in 0..self.phones.len() {
            let Some(phone) = self.phones.get_mut(index) else { continue };
            phone.manners = Manners::default();
            phone.go_home(self.now.mono, &mut sends);
            let address = phone.address;
            self.post(address, &mut sends);
        }
    }

    /// Goes to the next thing that happens, before `end`.
    fn step(&mut self, end: Instant) -> Result<bool, Failure> {
        let candidates = [
            self.network.next_arrival(),
            self.node.next_timeout(),
            self.worker.next_timeout(),
            self.disk.next_written(),
            self.phones.iter().map(Phone::next_timeout).min(),
            self.crashes_left.first().copied(),
            self.faults.then_some(self.next_call),
        ];
        let Some(at) = candidates.into_iter().flatten().min().filter(|at| *at < end) else {
            self.checker.passes(end)?;
            self.advance(end);
            return Ok(false);
        };
        if at > self.now.mono {
            self.checker.passes(at)?;
        }
        self.advance(at);
        self.report.steps += 1;
        if self.report.steps > STEPS_MAX {
            return Err(format!("still busy after {STEPS_MAX} steps at {:?}", self.now.mono));
        }
        if self.crashes_left.first().is_some_and(|at| *at <= self.now.mono) {
            self.crashes_left.pop_first();
            self.crash()?;
        }
        if let Some(packet) = self.network.arrive(self.now.mono) {
            self.deliver(&packet)?;
        } else if self.disk.next_written().is_some_and(|at| at <= self.now.mono) {
            self.disk_done()?;
        } else if self.node.next_timeout().is_some_and(|at| at <= self.now.mono) {
            self.give(Input::Timeout)?;
        } else if self.worker.next_timeout().is_some_and(|at| at <= self.now.mono) {
            self.media(worker::Input::Timeout)?;
        } else if self.faults && self.next_call <= self.now.mono {
            self.place_call();
        } else {
            self.phone_timeouts();
        }
        Ok(true)
    }

    fn advance(&mut self, at: Instant) {
        let passed = at - self.now.mono;
        self.now = Now { mono: self.now.mono.max(at), wall: self.now.wall + passed };
    }

    fn deliver(&mut self, packet: &Packet) -> Result<(), Failure> {
        let Packet { from, to, ref bytes, damaged } = *packet;
        if to == SERVER.parse().unwrap_or(to) && from != to {
            self.checker.arrives(bytes, damaged);
            return self.give(Input::Datagram { listener: ListenerId(0), source: from, bytes });
        }
        let mut sends = vec![];
        if let Some(phone) = self.phones.iter_mut().find(|phone| phone.address == to) {
            phone.receive(self.now.mono, bytes, &mut sends);
            self.post(to, &mut sends);
        }
        Ok(())
    }

    fn phone_timeouts(&mut self) {
        let mut sends = vec![];
        for index in 0..self.phones.len() {
            let Some(phone) = self.phones.get_mut(index) else { continue };
            if phone.next_timeout() <= self.now.mono {
                phone.timeout(self.now.mono, &mut sends);
                let address = phone.address;
                self.post(address, &mut sends);
            }
        }
    }

    fn place_call(&mut self) {
        self.next_call = self.now.mono + Duration::from_millis(200 + self.rng.below(8_000));
        let caller = self.rng.below(self.phones.len() as u64) as usize;
        let number = match self.rng.below(12) {
            _ if self.rng.one_in(self.plan.features) => {
                FEATURES[self.rng.below(FEATURES.len() as u64) as usize].to_owned()
            }
            0 => "9999".to_owned(),
            1 => "9998".to_owned(),
            2..5 => NUMBERS[self.rng.below(NUMBERS.len() as u64) as usize].to_owned(),
            _ => number(self.rng.below(self.plan.lines)),
        };
        let mut sends = vec![];
        if let Some(phone) = self.phones.get_mut(caller).filter(|phone| phone.is_idle()) {
            self.report.calls += 1;
            phone.call(self.now.mono, &number, &mut sends);
            let address = phone.address;
            self.post(address, &mut sends);
        }
    }

    fn post(&mut self, from: SocketAddr, sends: &mut Vec<String>) {
        let to = SERVER.parse().unwrap_or(from);
        for text in sends.drain(..) {
            self.trace_line("phone", &format!("{from} {}", summary(&text)));
            self.network.send(self.now.mono, from, to, text.as_bytes());
        }
    }

    /// Gives the node an input and does what it wants done.
    fn give(&mut self, input: Input<'_>) -> Result<(), Failure> {
        self.node.handle(self.now, input, &mut self.out);
        let mut reports = vec![];
        let items = std::mem::take(&mut self.out.items);
        let arena = std::mem::take(&mut self.out.arena);
        for item in items {
            match item {
                Output::Datagram { destination, bytes, .. } => {
                    let bytes = arena.slice(bytes);
                    self.note("sent", bytes);
                    self.checker.sends(bytes);
                    let from = SERVER.parse().unwrap_or(destination);
                    self.network.send(self.now.mono, from, destination, bytes);
                }
                Output::Journal(span) => {
                    let bytes = arena.slice(span);
                    self.journal(bytes)?;
                    self.disk.append(bytes);
                }
                Output::Persist { ticket, record } => {
                    let strowger_node::io::PersistRecord::Call { record, .. } = record;
                    let bytes = arena.slice(record);
                    self.journal(bytes)?;
                    let fails = self
                        .disk_failures
                        .iter()
                        .any(|(from, to)| *from <= self.now.mono && self.now.mono < *to);
                    self.disk.persist(self.now.mono, ticket, bytes, fails, &mut self.rng);
                }
                Output::Store(record) => self.disk.store(record),
                Output::Media(command) => reports.push(command),
                Output::Answer { answer, .. } => self.answer = Some(answer),
                Output::Drained => {}
                Output::StreamSend { .. } | Output::StreamConnect { .. } | Output::StreamClose { .. } => {
                    return Err("the node used a connection, but there is none here".to_owned());
                }
            }
        }
        self.out.arena = arena;
        self.out.arena.clear(1 << 20);
        self.checker.handled()?;
        for command in reports {
            self.media(worker::Input::Command(command))?;
        }
        Ok(())
    }

    /// Gives the media worker an input and does what it wants done.
    fn media(&mut self, input: worker::Input<'_>) -> Result<(), Failure> {
        self.worker.handle(self.now, input, &mut self.media_out);
        let items = std::mem::take(&mut self.media_out.items);
        self.media_out.arena.clear(1 << 16);
        for item in items {
            match item {
                worker::Output::OpenSockets { port, pairs } => {
                    let input = if self.faults && self.rng.one_in(20) {
                        worker::Input::OpenFailed { port, reason: "no port is free".into() }
                    } else {
                        let mut address = || {
                            self.next_media_port = self.next_media_port.checked_add(2).unwrap_or(16_384);
                            SocketAddr::from(([192, 0, 2, 1], self.next_media_port))
                        };
                        let a = address();
                        let b = (pairs > 1).then(&mut address);
                        worker::Input::Opened { port, a, b }
                    };
                    self.media(input)?;
                }
                worker::Output::Report(report) => self.give(Input::Media(report))?,
                worker::Output::Send { .. } | worker::Output::CloseSockets { .. } => {}
            }
        }
        Ok(())
    }

    fn disk_done(&mut self) -> Result<(), Failure> {
        match self.disk.written(self.now.mono) {
            Some(Written::Safe { ticket, record }) => {
                if let Ok(Record { entry: Entry::Call(call), .. }) = Record::decode(&record) {
                    self.promised.insert(call.call);
                }
                self.give(Input::Persisted { ticket })
            }
            Some(Written::Failed { ticket, record }) => {
                // A record that failed will come again; the copy that was counted does not exist.
                if let Ok(Record { entry: Entry::Call(call), .. }) = Record::decode(&record) {
                    self.begun.insert(call.call, false);
                }
                self.give(Input::PersistFailed { ticket, reason: "no space left on device".into() })
            }
            None => Ok(()),
        }
    }

    /// Reads a journal record as a checker: each call begins once and gets one final record.
    fn journal(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.note("journal", bytes);
        let record = Record::decode(bytes).map_err(|error| format!("journal: {error}"))?;
        self.checker.record(self.now, &record, &self.configuration)?;
        match (record.call, &record.entry) {
            (_, Entry::UserSet(set)) => {
                self.report.settings += 1;
                self.kept.set(record.at, set);
            }
            (_, Entry::Decision(Decision::FeatureDone { .. })) => self.report.features += 1,
            (Some(call), Entry::Decision(Decision::CallBegan { .. })) => {
                let before = self.begun.insert(call, false);
                if before.is_some() {
                    return Err(format!("{call} began twice"));
                }
            }
            // A device that takes the place of another one began its call already.
            (Some(call), Entry::Decision(Decision::CallMade { .. } | Decision::Joined(_))) => {
                self.begun.entry(call).or_insert(false);
            }
            (_, Entry::Call(call)) => match self.begun.insert(call.call, true) {
                Some(false) => {
                    self.report.sent_on += u64::from(!call.redirections.is_empty());
                    self.report.hunted += u64::from(!call.hunt_pilot.is_empty());
                    let joined = call.moves.is_some_and(|moves| moves.joined_by.is_some());
                    self.report.transferred += u64::from(joined);
                }
                Some(true) => return Err(format!("{} got a second final record", call.call)),
                None => return Err(format!("{} got a final record but never began", call.call)),
            },
            _ => {}
        }
        Ok(())
    }

    /// The power goes and comes back: memory is lost, the disk holds what was safe and perhaps a little more.
    fn crash(&mut self) -> Result<(), Failure> {
        self.report.crashes += 1;
        self.trace_line("crash", "");
        self.checker.forget();
        let survived = self.disk.crash(&mut self.rng);
        let mut begun = BTreeMap::new();
        self.kept = Kept::default();
        let mut settings = vec![];
        for bytes in &survived {
            let record = Record::decode(bytes).map_err(|error| format!("after a crash: {error}"))?;
            match (record.call, &record.entry) {
                (
                    Some(call),
                    Entry::Decision(
                        Decision::CallBegan { .. } | Decision::CallMade { .. } | Decision::Joined(_),
                    ),
                ) => _ = begun.entry(call).or_insert(false),
                (_, Entry::Call(call)) => _ = begun.insert(call.call, true),
                (_, Entry::UserSet(set)) => {
                    self.kept.set(record.at, set);
                    settings.push(bytes);
                }
                _ => {}
            }
        }
        if let Some(lost) = self.promised.iter().find(|call| begun.get(*call) != Some(&true)) {
            return Err(format!("the record of {lost} was promised to be safe and is lost"));
        }
        // The store closes what was in progress, as the server does when it starts.
        for done in begun.values_mut() {
            *done = true;
        }
        self.begun.extend(begun);
        for done in self.begun.values_mut() {
            *done = true;
        }
        let last_number = self.disk.last_number();
        self.node = Node::new(parameters(&self.configuration, &mut self.rng, last_number));
        self.worker = Worker::new(Rng::new(self.rng.next_u64()));
        for record in self.disk.bindings() {
            self.give(Input::Restore(record))?;
        }
        for (line, mailbox) in self.disk.mailboxes() {
            self.give(Input::RestoreMailbox(line, mailbox))?;
        }
        for record in settings {
            self.give(Input::RestoreSetting(record))?;
        }
        self.check_settings()
    }

    /// The answer to a question.
    fn ask(&mut self, question: Question) -> Result<Option<Answer>, Failure> {
        self.give(Input::Ask { query: QueryId(1), question })?;
        Ok(self.answer.take())
    }

    /// What users set last is what counts.
    fn check_settings(&mut self) -> Result<(), Failure> {
        match self.ask(Question::UserSettings)? {
            Some(Answer::UserSettings(settings)) => self.kept.check(&settings),
            other => Err(format!("asked for what users set, the node answers {other:?}")),
        }
    }

    /// The end of the second act: nothing is left behind and every call has its record.
    fn check_settled(&mut self) -> Result<(), Failure> {
        match self.ask(Question::Leftovers)? {
            Some(Answer::Leftovers(leftovers)) if leftovers == Leftovers::default() => {}
            other => return Err(format!("left behind: {other:?}")),
        }
        let (ports, draining) = (self.worker.ports(), self.worker.draining());
        if ports + draining > 0 {
            return Err(format!("left behind: {ports} media ports, and {draining} that are to rest"));
        }
        self.check_settings()?;
        if let Some((call, _)) = self.begun.iter().find(|(_, done)| !**done) {
            return Err(format!("{call} has no final record"));
        }
        if let Some(phone) = self.phones.iter().find(|phone| !phone.is_idle()) {
            let (number, calls) = (&phone.account.number, phone.describe());
            return Err(format!("a phone of {number} is still in a call: {calls}"));
        }
        Ok(())
    }

    /// Everything that leaves the node goes into the hash of the run.
    fn note(&mut self, what: &str, bytes: &[u8]) {
        let time = self.now.mono.as_nanos();
        self.report.hash = siphash24((self.report.hash, time), bytes);
        if self.trace {
            let text = String::from_utf8_lossy(bytes);
            let line = summary(&text);
            if what == "sent" {
                self.trace_line(what, &line);
            } else if let Ok(record) = Record::decode(bytes) {
                self.trace_line(what, &format!("{:?} {:?} {:?}", record.call, record.leg, record.entry));
            }
        }
    }

    fn trace_line(&self, what: &str, line: &str) {
        if self.trace {
            let end = line.char_indices().nth(400).map_or(line.len(), |(at, _)| at);
            eprintln!("{:?} {what:8} {}", self.now.mono, line.get(..end).unwrap_or(line));
        }
    }
}

/// Start line, Call-ID and CSeq of a message.
fn summary(text: &str) -> String {
    let field = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or("").trim_end();
    format!("{} | {} | {}", text.lines().next().unwrap_or(""), field("Call-ID:"), field("CSeq:"))
}

fn parameters(configuration: &Arc<Configuration>, rng: &mut Rng, last_number: u64) -> Parameters {
    Parameters {
        node: NodeId(1),
        shard: ShardId(0),
        seed: [rng.next_u64(), rng.next_u64(), rng.next_u64(), rng.next_u64()],
        key_seed: Secret::new([7; 32]),
        last_number,
        fingerprints: (1, 2),
        configuration: Arc::clone(configuration),
    }
}

/// Longer than every timer of a call: session timers end calls whose phones forgot them.
const SETTLE: Duration = Duration::from_secs(2 * 1800 + 200);
const STEPS_MAX: u64 = 3_000_000;
