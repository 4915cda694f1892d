//! The vectors about forwards and hunting (`crates/dialplan/testdata/vectors.yaml`), as whole calls: what the rules say of them
//! is what phones and records see. FW-03 to FW-05 are about setting a forward, which is no call.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::journal::{CallRecord, Entry, Record};
use strowger_base::leg::{BindingId, FurtherDigits, Origin, Party, ReleaseReason, Setup, Signal, Target};
use strowger_base::net::{Flow, ListenerId};
use strowger_base::{
    Cause, Command, Instant, LegId, Media, NodeId, Now, Rng, SessionDescription, ShardId, WallTime,
};
use strowger_callcontrol::configuration::{Forwards, Line, LineList};
use strowger_callcontrol::io::{Contact, Reach};
use strowger_callcontrol::{CallControl, Configuration, Input, Outbox, Output};
use strowger_dialplan::forward::{BySide, ForwardTarget, HopLimit};
use strowger_dialplan::hunt::{Distribution, HuntOption, LineGroup, LineGroupOptions};
use strowger_dialplan::{Action, DialPlanBuilder, Parameters, SearchSpace};

/// Call control with one phone on every line, which never answers by itself.
struct World {
    control: CallControl,
    now: Now,
    /// Lines whose phone is rung: when, and its leg.
    rung: Vec<(String, u64, LegId)>,
    /// What the final records say.
    records: Vec<Told>,
    next_incoming: u64,
}

/// What a final record says of the way of its call.
#[derive(Debug)]
struct Told {
    original: String,
    reached: String,
    reasons: Vec<u16>,
    on_behalf_of: Vec<u16>,
    last: String,
}

impl World {
    fn new(configuration: Configuration) -> Self {
        let control = CallControl::new(NodeId(1), ShardId(0), 0, &mut Rng::new(1), Arc::new(configuration));
        World {
            control,
            now: Now { mono: Instant::START, wall: WallTime::from_micros(1) },
            rung: Vec::new(),
            records: Vec::new(),
            next_incoming: 0,
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        let mut out = Outbox::default();
        self.control.handle(self.now, input, &mut out);
        for item in std::mem::take(&mut out.items) {
            match item {
                Output::Command(leg, Command::Ring(ring)) => {
                    let Target::Phone { line, .. } = ring.target else { panic!("only lines ring") };
                    let seconds = (self.now.mono - Instant::START).as_secs();
                    self.rung.push((line.to_string(), seconds, leg));
                }
                Output::Locate { request, line } => {
                    let contacts = [Contact { phone: None, binding: BindingId(1), reach: Reach::Direct }];
                    self.handle(Input::Located { request, line: &line, contacts: &contacts });
                }
                Output::Persist { record, .. } => {
                    match Record::decode(out.arena.slice(record)).unwrap().entry {
                        Entry::Call(call) => self.records.push(told(&call)),
                        other => panic!("{other:?} is no final record"),
                    }
                }
                Output::Command(..)
                | Output::Joined { .. }
                | Output::Media(_)
                | Output::Journal(_)
                | Output::Ordered { .. }
                | Output::Messages { .. }
                | Output::Privacy { .. }
                | Output::Parked { .. }
                | Output::PhoneChanged { .. }
                | Output::Security { .. }
                | Output::PickupNotice { .. }
                | Output::ParkNews { .. }
                | Output::SettingKept { .. }
                | Output::HuntLogged { .. }
                | Output::Drained => {}
            }
        }
    }

    /// A call of `origin` to `called`; its leg.
    fn call(&mut self, origin: Origin, called: &str) -> LegId {
        self.next_incoming += 1;
        let leg = LegId::new(NodeId(1), ShardId(0), 4 * self.next_incoming);
        let setup = Setup {
            origin,
            flow: Flow::Datagram { listener: ListenerId(0), peer: "10.0.0.1:5060".parse().unwrap() },
            protocol_call_id: "x".into(),
            calling: Party::default(),
            called: called.into(),
            further_digits: FurtherDigits::None,
            media: Media::None,
            hops_remaining: 70,
            reliable_provisional: false,
            behind_nat: false,
            srtp_fallback: false,
            takes: None,
            diversions: Vec::new(),
            replaces: None,
            joins: None,
            feature: None,
        };
        self.handle(Input::Signal(leg, Signal::Setup(Box::new(setup))));
        leg
    }

    fn tell(&mut self, leg: LegId, signal: Signal) {
        self.handle(Input::Signal(leg, signal));
    }

    fn hang_up(&mut self, leg: LegId) {
        let (cause, reason) = (Cause::NORMAL_CALL_CLEARING, ReleaseReason::HungUp);
        self.tell(leg, Signal::Released { cause, reason });
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while let Some(at) = self.control.next_timeout().filter(|at| *at <= end) {
            self.now.mono = at;
            self.handle(Input::Timeout);
        }
        self.now.mono = end;
    }
}

fn told(call: &CallRecord<'_>) -> Told {
    let last = call.redirections.last();
    Told {
        original: call.translated.into(),
        reached: call.final_called.into(),
        reasons: call.redirections.iter().map(|by| by.reason).collect(),
        on_behalf_of: call.redirections.iter().map(|by| by.on_behalf_of).collect(),
        last: last.map_or_else(String::new, |by| by.by.into()),
    }
}

fn configuration(numbers: &[&str]) -> (Configuration, DialPlanBuilder) {
    let mut configuration = Configuration::empty();
    let mut plan = DialPlanBuilder::new(Parameters::default());
    for number in numbers {
        plan.literal("", number, Action::Line((*number).into())).unwrap();
        configuration.lines.insert(*number, Line { busy_trigger: 2, ..Line::default() });
    }
    (configuration, plan)
}

/// Forwards as `1000>1001`: `>` all calls, `!` no answer, `?` busy, where the phone then refuses.
fn forwarded(forwards: &str, limit: u8, from: Origin, dial: &str) -> (String, Told) {
    let words = || {
        forwards.split_whitespace().map(|word| {
            let at = word.find(['>', '!', '?']).unwrap();
            (&word[..at], word.as_bytes()[at], &word[at + 1..])
        })
    };
    let mut numbers: Vec<&str> = words().flat_map(|(from, _, to)| [from, to]).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let (mut configuration, plan) = configuration(&numbers);
    configuration.plan = plan.build();
    configuration.forward_parameters.hop_limit = HopLimit::new(limit).unwrap();
    for (from, kind, to) in words() {
        let line = configuration.lines.get_mut(from).unwrap();
        let forwards: &mut Forwards = line.forwards.get_or_insert_default();
        let target = ForwardTarget::number(to, SearchSpace::null()).ok();
        match kind {
            b'>' => forwards.all = target,
            b'!' => forwards.no_answer = BySide::both(target),
            _ => forwards.busy = BySide::both(target),
        }
    }
    let busy: Vec<String> =
        words().filter(|(_, kind, _)| *kind == b'?').map(|(from, ..)| from.to_owned()).collect();
    let mut world = World::new(configuration);
    let caller = world.call(from, dial);
    for _ in 0..numbers.len() {
        let (line, _, leg) = world.rung.last().unwrap().clone();
        if busy.contains(&line) {
            let (cause, reason) = (Cause::USER_BUSY, ReleaseReason::Refused(486));
            world.tell(leg, Signal::Released { cause, reason });
        } else {
            // Longer than a line with a forward rings, and shorter than one without.
            world.wait(Duration::from_secs(12));
        }
    }
    world.hang_up(caller);
    let (line, ..) = world.rung.pop().unwrap();
    (line, world.records.pop().unwrap())
}

#[test]
fn forwards_of_the_corpus() {
    let check = |id: &str,
                 forwards: &str,
                 (limit, outside, dial): (u8, bool, &str),
                 ends_at: &str,
                 last: &str,
                 reasons: &[u16]| {
        let from = if outside { Origin::Trunk("9728134987".into()) } else { Origin::line("none") };
        let (rang, told) = forwarded(forwards, limit, from, dial);
        assert_eq!(
            (&*rang, &*told.reached, &*told.original, &*told.last, &*told.reasons),
            (ends_at, ends_at, dial, last, reasons),
            "{id}"
        );
        assert!(told.on_behalf_of.iter().all(|feature| *feature == 5), "{id}: {told:?}");
    };
    check("FW-01", "1000>1001 1001>1002", (12, false, "1000"), "1002", "1001", &[15, 15]);
    let chain = "1000>1001 1001>1002 1002>1003 1003>1004 1004>1005 1005>1006 1006>1007 1007>1008";
    check("FW-02", chain, (7, false, "1000"), "1007", "1006", &[15; 7]);
    check("FW-06", "1000>2000 2000!6000", (12, true, "1000"), "6000", "2000", &[15, 2]);
    check("FW-07", "4444!5555 5555?6666", (12, true, "4444"), "6666", "5555", &[2, 1]);
}

fn group(
    name: &str,
    members: &str,
    distribution: Distribution,
    on_no_answer: HuntOption,
) -> LineGroup<strowger_base::LineName> {
    let members = members.chars().map(|member| member.to_string().as_str().into()).collect();
    let options = LineGroupOptions {
        distribution,
        on_no_answer,
        ring_no_answer_reversion: Duration::from_secs(10),
        ..LineGroupOptions::default()
    };
    LineGroup::new(name, members, options).unwrap()
}

fn hunt(groups: Vec<LineGroup<strowger_base::LineName>>) -> (Configuration, World) {
    let (mut configuration, mut plan) = configuration(&["A", "B", "C", "9000", "x"]);
    plan.literal("", "8000", Action::Hunt { list: "all".into() }).unwrap();
    configuration.plan = plan.build();
    let groups = groups.into_iter().map(Arc::new).collect();
    configuration.hunt_lists.insert("all".into(), Arc::new(LineList::new("all", groups).unwrap()));
    let world = World::new(configuration.clone());
    (configuration, world)
}

fn line(name: char) -> Origin {
    Origin::line(&name.to_string())
}

#[test]
fn whom_a_hunt_of_the_corpus_rings() {
    /// Calls one after another, each answered by the first that rings and ended before the next; `busy` have as many calls as
    /// they take, `on_a_call` could take one more.
    fn check(id: &str, distribution: Distribution, calls: &[(&str, &str, &str)]) {
        let (_, mut world) = hunt(vec![group("g", "ABC", distribution, HuntOption::NextMemberThenNextGroup)]);
        for (busy, on_a_call, expect) in calls {
            let twice = busy.chars().chain(busy.chars()).chain(on_a_call.chars());
            let others: Vec<LegId> = twice.map(|member| world.call(line(member), "x")).collect();
            world.rung.clear();
            let caller = world.call(Origin::Trunk("outside".into()), "8000");
            let rang: String = world.rung.iter().map(|(line, ..)| line.as_str()).collect();
            assert_eq!(rang, *expect, "{id}");
            let (.., leg) = world.rung[0];
            let answer = SessionDescription::new(b"v=0\r\n");
            world.tell(leg, Signal::Answered { media: Media::Offer(answer), connected: Party::default() });
            for leg in others.into_iter().chain([caller]) {
                world.hang_up(leg);
            }
        }
    }
    check("HL-01", Distribution::TopDown, &[("", "", "A"), ("A", "", "B"), ("", "", "A")]);
    check("HL-02", Distribution::Circular, &[("", "", "A"), ("", "", "B"), ("C", "", "A")]);
    check("HL-04", Distribution::Broadcast, &[("B", "", "AC")]);
}

#[test]
fn who_is_idle_longest_in_the_corpus() {
    let (_, mut world) =
        hunt(vec![group("g", "ABC", Distribution::LongestIdleTime, HuntOption::NextMemberThenNextGroup)]);
    // HL-03: idle for A 30 s, B 300 s, C 90 s, and B is on a call but could take one more.
    let wait = |world: &mut World, seconds| world.wait(Duration::from_secs(seconds));
    for (member, idle_until_next) in [('B', 210), ('C', 60), ('A', 30)] {
        let leg = world.call(line(member), "x");
        world.hang_up(leg);
        wait(&mut world, idle_until_next);
    }
    world.call(line('B'), "x");
    world.rung.clear();
    world.call(Origin::Trunk("outside".into()), "8000");
    let rang: Vec<&str> = world.rung.iter().map(|(line, ..)| line.as_str()).collect();
    assert_eq!(rang, ["C"], "HL-03");
}

#[test]
fn when_members_of_the_corpus_ring() {
    fn check(id: &str, groups: &[(&str, HuntOption)], forwards: &str, expect: &str, exhausted_at: u64) {
        let names = ["first", "second"];
        let groups = groups
            .iter()
            .zip(names)
            .map(|((members, option), name)| group(name, members, Distribution::TopDown, *option));
        let (mut configuration, _) = hunt(groups.collect());
        for member in forwards.chars() {
            let forwards = Forwards {
                all: ForwardTarget::number("9000", SearchSpace::null()).ok(),
                ..Forwards::default()
            };
            let line = configuration.lines.get_mut(&member.to_string()).unwrap();
            line.forwards = Some(Box::new(forwards));
        }
        let mut world = World::new(configuration);
        world.call(Origin::Trunk("outside".into()), "8000");
        world.wait(Duration::from_secs(exhausted_at - 1));
        assert!(world.records.is_empty(), "{id}: exhausted too early");
        world.wait(Duration::from_secs(1));
        assert_eq!(world.records.len(), 1, "{id}: exhausted");
        let times: BTreeMap<&str, u64> =
            world.rung.iter().map(|(line, seconds, _)| (line.as_str(), *seconds)).collect();
        let rang: Vec<String> = times.iter().map(|(line, seconds)| format!("{line} {seconds}")).collect();
        assert_eq!(rang.join(", "), expect, "{id}");
    }
    use HuntOption::{NextMember, NextMemberThenNextGroup, SkipToNextGroup, StopHunting};
    let last = ("C", NextMemberThenNextGroup);
    check("HL-05", &[("AB", NextMemberThenNextGroup), last], "", "A 0, B 10, C 20", 30);
    check("HL-06", &[("AB", NextMember), last], "", "A 0, B 10", 20);
    check("HL-07", &[("AB", SkipToNextGroup), last], "", "A 0, C 10", 20);
    check("HL-08", &[("AB", StopHunting), last], "", "A 0", 10);
    check("HL-09", &[("A", NextMemberThenNextGroup)], "A", "A 0", 10);
}
