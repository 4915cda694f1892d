//! What holds for every hunt, way through a route list, forwarded call and ledger, over random ones.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use strowger_base::{Cause, Instant, Now, Rng};
use strowger_dialplan::Rotation;
use strowger_dialplan::admission::{Bandwidth, Ledger, Locations, MediaKind, Place, Pool, Pools};
use strowger_dialplan::forward::{
    Breakout, BySide, CallSide, ForwardDestination, ForwardKind, ForwardParameters, ForwardTarget, HopLimit,
    LineForwards, Step, Trail,
};
use strowger_dialplan::hunt::{
    Distribution, Hunt, HuntList, HuntOption, HuntPilot, Input, LineGroup, LineGroupOptions, Members, Output,
    Standing, WhenExhausted,
};
use strowger_dialplan::route_list::{
    self, DeviceState, Devices, GroupReference, LocalRouteGroups, RouteDistribution, RouteGroup, RouteList,
    RouteListMember, Selection,
};

const RUNS: u64 = 2_000;

/// A value of `choices`, at random.
fn pick<T: Copy>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.below(choices.len() as u64) as usize]
}

#[derive(Default)]
struct Lines {
    standing: BTreeMap<u64, Standing>,
    rotations: BTreeMap<String, Rotation<u64>>,
}

impl Members<u64> for Lines {
    fn standing(&self, member: &u64) -> Standing {
        self.standing[member]
    }

    fn rotation(&mut self, group: &LineGroup<u64>) -> &mut Rotation<u64> {
        self.rotations.entry(group.name().to_owned()).or_default()
    }
}

fn random_group(rng: &mut Rng, name: u64) -> LineGroup<u64> {
    use Distribution::{Broadcast, Circular, LongestIdleTime, TopDown};
    use HuntOption::{NextMember, NextMemberThenNextGroup, SkipToNextGroup, StopHunting};
    let options =
        [NextMemberThenNextGroup, NextMemberThenNextGroup, NextMember, SkipToNextGroup, StopHunting];
    let members = (0..rng.below(5)).map(|member| name * 10 + member).collect();
    let options = LineGroupOptions {
        distribution: pick(rng, &[TopDown, Circular, LongestIdleTime, Broadcast]),
        ring_no_answer_reversion: Duration::from_secs(1 + rng.below(20)),
        on_no_answer: pick(rng, &options),
        on_busy: pick(rng, &options),
        on_not_available: pick(rng, &options),
    };
    LineGroup::new(&name.to_string(), members, options).unwrap()
}

/// Nobody rings twice or uncalled for, what rings is withdrawn or connected, and every hunt ends in time.
#[test]
fn every_hunt_ends_and_leaves_nobody_ringing() {
    let mut lines = Lines::default();
    for seed in 0..RUNS {
        let mut rng = Rng::new(seed);
        let groups = (0..=rng.below(3)).map(|name| Arc::new(random_group(&mut rng, name))).collect();
        let list = Arc::new(HuntList::new("list", groups).unwrap());
        let maximum = Duration::from_secs(1 + rng.below(120));
        let pilot = HuntPilot::<()>::new("8000", maximum, WhenExhausted::NotForwarded, None).unwrap();
        let mut hunt = Hunt::new(Arc::clone(&list), Arc::new(pilot));
        let mut ringing = BTreeSet::new();
        let mut rung = BTreeSet::new();
        let mut ends = 0;
        let mut now = Instant::START + Duration::from_secs(1000);
        let latest = now + maximum;
        let mut input = Input::Started;
        let mut out = Vec::new();
        loop {
            for member in list.groups().iter().flat_map(|group| group.members()) {
                let idle = Standing::Idle { since: Instant::START + Duration::from_secs(rng.below(1000)) };
                let choices = [idle, idle, Standing::Available, Standing::Busy, Standing::NotAvailable];
                lines.standing.insert(*member, pick(&mut rng, &choices));
            }
            hunt.handle(Now { mono: now, ..Now::default() }, input, &mut lines, &mut out);
            for output in out.drain(..) {
                match output {
                    Output::Ring { members, .. } => {
                        assert!(ringing.is_empty(), "seed {seed}");
                        for member in members {
                            assert!(rung.insert(member), "seed {seed}: {member} rings again");
                            ringing.insert(member);
                        }
                    }
                    Output::Withdraw { members, .. } => {
                        assert!(members.iter().all(|member| ringing.remove(member)), "seed {seed}");
                    }
                    Output::Skipped { member, .. } => drop(ringing.remove(&member)),
                    Output::Connected { member, .. } => {
                        assert!(ringing.remove(&member), "seed {seed}");
                        ends += 1;
                    }
                    Output::Exhausted { .. } => ends += 1,
                    Output::LeftGroup { .. } => {}
                }
            }
            let Some(timeout) = hunt.next_timeout() else { break };
            assert!(!ringing.is_empty() && timeout <= latest, "seed {seed}");
            let some = *ringing.first().unwrap();
            (now, input) = match rng.below(6) {
                0 => (now, Input::Busy(some)),
                1 => (now, Input::NotAvailable(some)),
                2 if rng.one_in(3) => (now, Input::Answered(some)),
                _ => (timeout, Input::Timer),
            };
        }
        assert!(hunt.is_over() && ends == 1 && ringing.is_empty(), "seed {seed}: {ends} {ringing:?}");
    }
}

#[derive(Default)]
struct Trunks {
    down: BTreeSet<u64>,
    rotations: BTreeMap<String, Rotation<u64>>,
}

impl Devices<u64> for Trunks {
    fn state(&self, device: &u64) -> DeviceState {
        if self.down.contains(device) { DeviceState::Down } else { DeviceState::Up }
    }

    fn rotation(&mut self, group: &RouteGroup<u64>) -> &mut Rotation<u64> {
        self.rotations.entry(group.name().to_owned()).or_default()
    }
}

/// While the causes speak of the way, each device that is up is tried exactly once, and none that is down.
#[test]
fn every_device_is_tried_once_before_a_route_list_is_exhausted() {
    let mut trunks = Trunks::default();
    for seed in 0..RUNS {
        let mut rng = Rng::new(seed);
        let groups: Vec<_> = (0..=rng.below(3))
            .map(|name| {
                let devices = (0..=rng.below(4)).map(|device| name * 10 + device).collect();
                let order = pick(&mut rng, &[RouteDistribution::TopDown, RouteDistribution::Circular]);
                Arc::new(RouteGroup::new(&name.to_string(), devices, order).unwrap())
            })
            .collect();
        let devices: BTreeSet<u64> = groups.iter().flat_map(|group| group.devices().to_vec()).collect();
        trunks.down = devices.iter().copied().filter(|_| rng.one_in(3)).collect();
        let member = |group| RouteListMember { group: GroupReference::Group(group), transformation: () };
        let list = RouteList::new("list", groups.into_iter().map(member).collect()).unwrap();
        let mut selection = Selection::new(Arc::new(list), LocalRouteGroups::default(), Arc::default());
        let mut tried = Vec::new();
        let mut out = Vec::new();
        let mut input = route_list::Input::Started;
        while !selection.is_over() {
            selection.handle(input, &mut trunks, &mut out);
            input = route_list::Input::Failed(Cause::NO_CIRCUIT_AVAILABLE);
            tried.extend(out.iter().filter_map(|output| match output {
                route_list::Output::Try { device, .. } => Some(*device),
                _ => None,
            }));
            if !selection.is_over() {
                out.clear();
            }
        }
        assert!(matches!(out.last(), Some(route_list::Output::Exhausted { .. })), "seed {seed}");
        let up: BTreeSet<u64> = devices.difference(&trunks.down).copied().collect();
        assert_eq!(tried.len(), up.len(), "seed {seed}");
        assert_eq!(tried.into_iter().collect::<BTreeSet<_>>(), up, "seed {seed}");
    }
}

fn line_number(target: &ForwardTarget<()>) -> Option<u64> {
    match target.destination() {
        ForwardDestination::Number(number) => number.parse().ok(),
        ForwardDestination::VoiceMail => None,
    }
}

/// However lines forward to one another, a call comes to rest after the hops it may have and at most one way out.
#[test]
fn no_call_is_forwarded_for_ever() {
    for seed in 0..RUNS {
        let mut rng = Rng::new(seed);
        let count = 1 + rng.below(6);
        let lines: Vec<LineForwards<()>> = (0..count)
            .map(|_| {
                let mut to = || {
                    let number = rng.below(count).to_string();
                    rng.one_in(2).then(|| ForwardTarget::number(&number, ()).unwrap())
                };
                LineForwards {
                    all: to(),
                    busy: BySide { internal: to(), external: to() },
                    no_answer: BySide { internal: to(), external: to() },
                    ..LineForwards::default()
                }
            })
            .collect();
        let limit = 1 + rng.below(8) as u8;
        let parameters = ForwardParameters {
            hop_limit: HopLimit::new(limit).unwrap(),
            on_loop: pick(&mut rng, &[Breakout::Ring, Breakout::NoAnswerForward]),
            on_hop_limit: pick(&mut rng, &[Breakout::Ring, Breakout::NoAnswerForward]),
        };
        let side = pick(&mut rng, &[CallSide::Internal, CallSide::External]);
        let mut trail = Trail::new(0, parameters);
        let mut line = 0;
        let mut kind = ForwardKind::All;
        for step in 0.. {
            // Each hop asks at most twice: for all calls, and then for busy or no answer.
            assert!(step <= 2 * (u32::from(limit) + 2), "seed {seed}");
            let forwards = &lines[line as usize];
            match trail.step(&line, forwards, kind, side, line_number) {
                Step::To { target, .. } => {
                    line = line_number(target).unwrap();
                    kind = ForwardKind::All;
                }
                Step::NotSet | Step::Ring { .. } if kind == ForwardKind::All => {
                    kind = pick(&mut rng, &[ForwardKind::Busy, ForwardKind::NoAnswer]);
                }
                Step::NotSet | Step::Ring { .. } | Step::Refused(_) => break,
            }
        }
        assert!(trail.hops() <= limit + 1, "seed {seed}");
        assert_eq!(trail.redirects().len(), usize::from(trail.hops()), "seed {seed}");
    }
}

/// What is taken is never more than there is, and everything goes back.
#[test]
fn the_ledger_is_never_overdrawn_and_ends_empty() {
    for seed in 0..RUNS / 4 {
        let mut rng = Rng::new(seed);
        let mut locations = Locations::new();
        let pools = |rng: &mut Rng| Pools {
            audio: pick(rng, &[Pool::Unlimited, Pool::Kbps(100), Pool::Kbps(300), Pool::None]),
            ..Pools::default()
        };
        let mut limits: Vec<(Place, Pool)> = Vec::new();
        let mut ids = Vec::new();
        for name in ["a", "b", "c", "d"] {
            let pools = pools(&mut rng);
            ids.push(locations.add(name, pools).unwrap());
            limits.push((Place::Location(name.into()), pools.audio));
        }
        if rng.one_in(2) {
            for (from, to) in [(0, 1), (1, 2), (2, 3), (3, 0)] {
                let pools = pools(&mut rng);
                locations.link(ids[from], ids[to], rng.below(5) as u16, pools).unwrap();
                let names = [from, to].map(|index| locations.name(ids[index]).unwrap().clone());
                let [first, last] =
                    if names[0] <= names[1] { names } else { [names[1].clone(), names[0].clone()] };
                limits.push((Place::Link(first, last), pools.audio));
            }
        }
        let mut ledger = Ledger::new();
        let mut calls = Vec::new();
        for _ in 0..60 {
            if !calls.is_empty() && rng.one_in(3) {
                let index = rng.below(calls.len() as u64) as usize;
                ledger.release(calls.swap_remove(index));
            } else {
                let ends = [pick(&mut rng, &ids), pick(&mut rng, &ids)];
                let bandwidth = Bandwidth { audio: pick(&mut rng, &[24, 80]), ..Bandwidth::default() };
                let before: Vec<u32> =
                    limits.iter().map(|(place, _)| ledger.taken(place, MediaKind::Audio)).collect();
                match ledger.admit(&locations, ends[0], ends[1], bandwidth) {
                    Ok(reservation) => calls.push(reservation),
                    Err(_) => {
                        let after = limits.iter().map(|(place, _)| ledger.taken(place, MediaKind::Audio));
                        assert!(after.eq(before), "seed {seed}: a refused call took something");
                    }
                }
            }
            for (place, limit) in &limits {
                let taken = ledger.taken(place, MediaKind::Audio);
                match limit {
                    Pool::Unlimited => {}
                    Pool::Kbps(all) => assert!(taken <= *all, "seed {seed}: {place:?} {taken}"),
                    Pool::None => assert_eq!(taken, 0, "seed {seed}: {place:?}"),
                }
            }
        }
        for call in calls {
            ledger.release(call);
        }
        assert!(limits.iter().all(|(place, _)| ledger.taken(place, MediaKind::Audio) == 0), "seed {seed}");
    }
}
