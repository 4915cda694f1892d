//! The world of one seed: node, phones, network, disk and time, and the checks after every step.

mod checks;
mod keys;
mod outputs;
mod plan;
mod records;
#[cfg(test)]
mod scenario;
mod spool;
mod stations;
mod users;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::hash::siphash24;
use strowger_base::journal::{Entry, Record};
use strowger_base::net::ListenerId;
use strowger_base::{CallId, Instant, LegId, NodeId, Now, Rng, Secret, ShardId, WallTime};
use strowger_media::control;
use strowger_media::worker::{self, Worker};
use strowger_node::io::{Answer, QueryId, Question};
use strowger_node::{Configuration, Input, Node, Outbox, Parameters};

use crate::dialling::Checker;
use crate::disk::Disk;
use crate::identities::Wires;
use crate::kept::Kept;
use crate::network::{Network, Packet, Weather};
use crate::phone::{Account, Flight, Phone, Style, Watching};
use crate::report::Report;
use crate::setting::{self, DOMAIN, SERVER, grows, number, secret};
use crate::text::wire;

pub(crate) use self::plan::Plan;

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
    /// The same for media.
    air: Network,
    phones: Vec<Phone>,
    stations: stations::Stations,
    disk: Disk,
    /// Calls that the journal says began, and whether their final record is written.
    begun: BTreeMap<CallId, bool>,
    /// The parties whose recorder is called, and nobody has told what became of that.
    recording: BTreeSet<LegId>,
    /// What is written of calls for billing.
    spool: spool::Spool,
    /// Final records whose safety the node was told of.
    promised: BTreeSet<CallId>,
    /// What users set.
    kept: Kept,
    /// Calls in which keys are not carried over, as `explain` says.
    unkeyed: BTreeSet<CallId>,
    /// What the node answered.
    answer: Option<Answer>,
    /// Whether numbers are decided when they are to be.
    checker: Checker,
    crashes_left: BTreeSet<Instant>,
    disk_failures: Vec<(Instant, Instant)>,
    next_call: Instant,
    next_key: Instant,
    next_order: Instant,
    next_loss: Instant,
    next_station: Instant,
    /// What the media worker is still to be told, and whether it is being told.
    commands: VecDeque<control::Command>,
    commanding: bool,
    /// Where sound goes.
    wires: Wires,
    last_crash: Instant,
    faults: bool,
    report: Report,
    next_media_port: u16,
}

type Failure = String;

impl World {
    pub(crate) fn new(plan: Plan, trace: bool) -> World {
        let configuration = setting::configuration(&plan.setting());
        World::with(plan, configuration, trace)
    }

    fn with(plan: Plan, configuration: Configuration, trace: bool) -> World {
        let plan_seed = plan.seed;
        let mut rng = Rng::new(plan_seed);
        let configuration = Arc::new(configuration);
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
                let mut phone = Phone::new(account, address, plan.manners, style, Rng::new(rng.next_u64()));
                plan.media.equips(&mut phone, line);
                if plan.watches {
                    phone.watches = watches(&plan, &number(line), &mut rng);
                }
                phones.push(phone);
            }
        }
        phones.extend(plan.recorders.phones(plan.seed));
        let after = |pause: u64| match pause {
            0 => Instant::FAR_FUTURE,
            _ => Instant::START + Duration::from_secs(8),
        };
        let (next_key, next_order, next_loss) =
            (after(plan.keys), after(plan.orders), after(plan.media.losses));
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
        let air = Network::new(plan.air(), Rng::new(plan.seed ^ 0xa15));
        let node = Node::new(parameters(&configuration, &mut rng, 0));
        let next_station = match plan.stations {
            0 => Instant::FAR_FUTURE,
            _ => Instant::START + Duration::from_secs(8),
        };
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
            air,
            phones,
            stations: stations::Stations::default(),
            disk: Disk::default(),
            begun: BTreeMap::new(),
            recording: BTreeSet::new(),
            spool: spool::Spool::new(plan_seed ^ 0xb111),
            promised: BTreeSet::new(),
            kept: Kept::default(),
            unkeyed: BTreeSet::new(),
            answer: None,
            checker: Checker::default(),
            crashes_left,
            disk_failures,
            next_call: Instant::START + Duration::from_secs(6),
            next_key,
            next_order,
            next_loss,
            next_station,
            commands: VecDeque::new(),
            commanding: false,
            wires: Wires::default(),
            last_crash: Instant::START,
            faults: true,
            report: Report::default(),
            next_media_port: 16_384,
            rng,
        }
    }

    /// Runs all acts.
    pub(crate) fn run(mut self) -> Result<Report, Failure> {
        for line in self.plan.lines..self.plan.lines + self.plan.stations {
            let version = [22, 17, 11, 5, 3, 20][self.rng_of_stations() as usize % 6];
            self.station_comes(&number(line), version)?;
        }
        for part in 1..=self.plan.storms {
            let end = self.now.mono + Duration::from_secs(self.plan.minutes * 60) / self.plan.storms;
            if self.plan.storms > 1 {
                self.wait((end - self.now.mono).saturating_sub(RUSH))?;
                self.everybody_calls();
            }
            while self.step(end)? {}
            let weather = self.fair_weather();
            self.everybody_leaves_the_desk();
            self.wait(CALM)?;
            self.check_identities()?;
            self.check_keys()?;
            if part < self.plan.storms {
                self.everybody_comes_back();
                (self.network.weather, self.faults) = (weather, true);
            }
        }
        self.disk_failures.clear();
        self.crashes_left.clear();
        self.everybody_goes_home();
        self.wait(SETTLE)?;
        self.check_watches()?;
        self.nobody_watches();
        self.wait(CALM)?;
        self.check_settled()?;
        self.report.rows = self.spool.check(self.disk.safe(), self.now.wall)?;
        self.report.kills = self.spool.kills;
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

    fn wait(&mut self, time: Duration) -> Result<(), Failure> {
        let end = self.now.mono + time;
        while self.step(end)? {}
        Ok(())
    }

    /// Faults are over: the network is good, and nobody calls. Returns how the network was.
    const fn fair_weather(&mut self) -> Weather {
        self.faults = false;
        std::mem::replace(&mut self.network.weather, Weather::FAIR)
    }

    /// Goes to the next thing that happens, before `end`.
    fn step(&mut self, end: Instant) -> Result<bool, Failure> {
        let candidates = [
            self.network.next_arrival(),
            self.air.next_arrival(),
            self.node.next_timeout(),
            self.worker.next_timeout(),
            self.disk.next_written(),
            self.phones.iter().map(Phone::next_timeout).min(),
            self.stations.next(),
            self.crashes_left.first().copied().filter(|_| self.faults),
            self.faults.then(|| {
                self.next_call
                    .min(self.next_key)
                    .min(self.next_order)
                    .min(self.next_loss)
                    .min(self.next_station)
            }),
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
        if self.faults && self.crashes_left.first().is_some_and(|at| *at <= self.now.mono) {
            self.crashes_left.pop_first();
            self.crash()?;
        }
        if let Some(packet) = self.network.arrive(self.now.mono) {
            self.deliver(&packet)?;
        } else if let Some(packet) = self.air.arrive(self.now.mono) {
            self.sound(&packet)?;
        } else if self.stations.next().is_some_and(|at| at <= self.now.mono) {
            self.stations_go_on()?;
        } else if self.disk.next_written().is_some_and(|at| at <= self.now.mono) {
            self.disk_done()?;
        } else if self.node.next_timeout().is_some_and(|at| at <= self.now.mono) {
            self.give(Input::Timeout)?;
        } else if self.worker.next_timeout().is_some_and(|at| at <= self.now.mono) {
            self.media(worker::Input::Timeout)?;
        } else if self.faults && self.next_call <= self.now.mono {
            self.place_call();
        } else if self.faults && self.next_key <= self.now.mono {
            self.press_key();
        } else if self.faults && self.next_order <= self.now.mono {
            self.give_order()?;
        } else if self.faults && self.next_station <= self.now.mono {
            self.station_acts()?;
        } else if self.faults && self.next_loss <= self.now.mono {
            let ports = [self.wires.relays(), self.wires.services()].concat();
            self.lose_port(&ports)?;
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
        if damaged {
            let concerned = |phone: &&mut Phone| phone.address == from || phone.address == to;
            self.phones.iter_mut().filter(concerned).for_each(Phone::doubt);
        }
        if to == SERVER.parse().unwrap_or(to) && from != to {
            self.checker.arrives(bytes, damaged);
            return self.give(Input::Datagram { listener: ListenerId(0), source: from, bytes });
        }
        let mut sends = vec![];
        if let Some(phone) = self.phones.iter_mut().find(|phone| phone.address == to) {
            phone.receive(self.now.mono, bytes, damaged, &mut sends);
            keys::complaint(phone)?;
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

    fn post(&mut self, from: SocketAddr, sends: &mut Vec<String>) {
        let to = SERVER.parse().unwrap_or(from);
        for text in sends.drain(..) {
            self.trace_line("phone", &format!("{from} {}", summary(&text)));
            self.network.send(self.now.mono, from, to, &wire(&text));
        }
        let Some(phone) = self.phones.iter_mut().find(|phone| phone.address == from) else { return };
        for Flight { after, from, to, bytes } in phone.flights.drain(..) {
            self.air.send(self.now.mono + after, from, to, &bytes);
        }
    }

    /// The answer to a question.
    pub(super) fn ask(&mut self, question: Question) -> Result<Option<Answer>, Failure> {
        self.give(Input::Ask { query: QueryId(1), question })?;
        Ok(self.answer.take())
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
            } else if let Ok(record) = Record::decode(bytes)
                && !matches!(record.entry, Entry::Message { .. })
            {
                // Messages are in the trace as they come and go.
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

/// The lamps that a phone has: of two lines at most, and of its own messages.
fn watches(plan: &Plan, own: &str, rng: &mut Rng) -> Vec<Watching> {
    let moment = |rng: &mut Rng| Instant::START + Duration::from_millis(6_000 + rng.below(20_000));
    let mut all = vec![];
    for _ in 0..rng.below(3) {
        let line = number(rng.below(plan.lines));
        all.push(Watching::new("dialog", &line, moment(rng)));
    }
    if rng.one_in(2) {
        all.push(Watching::new("message-summary", own, moment(rng)));
    }
    all
}

/// How long before the end of a storm everybody calls somebody, so that calls are left of whom displays can be looked at.
const RUSH: Duration = Duration::from_secs(20);
/// Longer than a transaction lives, and than changes of a call are tried again.
const CALM: Duration = Duration::from_secs(70);
/// Longer than every timer of a call: session timers end calls whose phones forgot them.
const SETTLE: Duration = Duration::from_secs(2 * 1800 + 200);
const STEPS_MAX: u64 = 3_000_000;
