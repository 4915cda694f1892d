//! What is told of a call without one is what becomes of a call: random forwards, hunts and limits, both ways.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::leg::{
    Alert, BindingId, FurtherDigits, Origin, Party, ReleaseReason, Service, Setup, Signal, Target,
};
use strowger_base::net::{Flow, ListenerId};
use strowger_base::{Cause, Command, Instant, LegId, LineName, Media, NodeId, Now, Rng, ShardId, WallTime};
use strowger_callcontrol::configuration::{Forwards, Line, LineList, Pilot, Trunk};
use strowger_callcontrol::follow::{End, Followed, Follower, Reached, Step, When};
use strowger_callcontrol::io::{Contact, Reach};
use strowger_callcontrol::{CallControl, Configuration, Input, Outbox, Output};
use strowger_dialplan::forward::{
    Breakout, BySide, CallSide, Classification, ForwardParameters, ForwardTarget, HopLimit,
};
use strowger_dialplan::hunt::{Distribution, HuntOption, LineGroup, LineGroupOptions, WhenExhausted};
use strowger_dialplan::{
    Action, Arrival, Caller, DialPlanBuilder, Digits, LaterHops, NextSearchSpace, NumberPattern, Parameters,
    RoutePattern, RouteTarget, SearchSpace, Trace, Translation,
};

const LINES: [&str; 6] = ["1001", "1002", "1003", "1004", "1005", "1006"];
/// Lines, hunt pilots, a translation to a line, a trunk, a service, a block, and nothing.
const NUMBERS: [&str; 13] =
    ["1001", "1002", "1003", "1004", "1005", "1006", "8000", "8001", "77", "01", "9999", "66", "55"];

fn pick<T: Copy>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.below(choices.len() as u64) as usize]
}

fn target(rng: &mut Rng) -> Option<ForwardTarget<SearchSpace>> {
    if rng.one_in(3) {
        return None;
    }
    // Mostly to lines, or the calls would be over soon.
    let numbers = if rng.one_in(3) { &NUMBERS[..] } else { &LINES[..] };
    ForwardTarget::number(pick(rng, numbers), SearchSpace::null()).ok()
}

fn by_side(rng: &mut Rng) -> BySide<Option<ForwardTarget<SearchSpace>>> {
    if rng.one_in(2) {
        return BySide::both(target(rng));
    }
    BySide { internal: target(rng), external: target(rng) }
}

fn configuration(rng: &mut Rng) -> Configuration {
    let mut configuration = Configuration::empty();
    let mut plan = DialPlanBuilder::new(Parameters::default());
    configuration.lines.insert("9000", Line::default());
    for number in LINES {
        plan.literal("", number, Action::Line(number.into())).unwrap();
        let forwards = Forwards {
            all: if rng.one_in(3) { target(rng) } else { None },
            busy: by_side(rng),
            no_answer: by_side(rng),
            unregistered: by_side(rng),
            no_coverage: by_side(rng),
            ..Forwards::default()
        };
        let line = Line { forwards: Some(Box::new(forwards)), ..Line::default() };
        configuration.lines.insert(number, line);
    }
    plan.literal("", "9999", Action::Service(Box::new(Service::Echo))).unwrap();
    let mut add = |pattern: &str, action| {
        plan.add("", NumberPattern::new(pattern.parse().unwrap(), action)).unwrap();
    };
    let mut translation = Translation::to(NextSearchSpace::Originator);
    translation.called.mask = Some("1002".parse().unwrap());
    add("77", Action::from(translation));
    add("0!", Action::from(RoutePattern::to(RouteTarget::Trunk("carrier".into()))));
    add("66", Action::Block(Cause::CALL_REJECTED));
    for pilot in ["8000", "8001"] {
        add(pilot, Action::Hunt { list: pilot.into() });
        hunt(pilot, rng, &mut configuration);
    }
    configuration.plan = plan.build();
    let outside = Trunk { classification: Classification::OffNet, ..Trunk::default() };
    configuration.trunks.insert("carrier".into(), outside);
    let breakout = [Breakout::Ring, Breakout::NoAnswerForward];
    configuration.forward_parameters = ForwardParameters {
        hop_limit: HopLimit::new(1 + rng.below(8) as u8).unwrap(),
        on_loop: pick(rng, &breakout),
        on_hop_limit: pick(rng, &breakout),
    };
    configuration
}

fn hunt(pilot: &str, rng: &mut Rng, configuration: &mut Configuration) {
    let mut groups = Vec::new();
    for name in ["first", "second"] {
        use HuntOption::{NextMember, NextMemberThenNextGroup, SkipToNextGroup, StopHunting};
        let options = [NextMemberThenNextGroup, NextMember, SkipToNextGroup, StopHunting];
        let orders = [
            Distribution::TopDown,
            Distribution::Circular,
            Distribution::LongestIdleTime,
            Distribution::Broadcast,
        ];
        let options = LineGroupOptions {
            distribution: pick(rng, &orders),
            ring_no_answer_reversion: Duration::from_secs(1 + rng.below(20)),
            on_no_answer: pick(rng, &options),
            on_busy: pick(rng, &options),
            on_not_available: pick(rng, &options),
        };
        let first = rng.below(5) as usize;
        let members =
            LINES[first..(first + 1 + rng.below(3) as usize).min(6)].iter().map(|it| LineName::from(*it));
        groups.push(Arc::new(
            LineGroup::new(&format!("{name} of {pilot}"), members.collect(), options).unwrap(),
        ));
    }
    let list = LineList::new(pilot, groups).unwrap();
    configuration.hunt_lists.insert(pilot.into(), Arc::new(list));
    let then = match rng.below(3) {
        0 => WhenExhausted::NotForwarded,
        1 => WhenExhausted::PersonalNoCoverage,
        _ => WhenExhausted::Forward { number: pick(rng, &NUMBERS).into(), css: SearchSpace::null() },
    };
    let settings = Pilot::new(pilot, Duration::from_secs(5 + rng.below(60)), then, None).unwrap();
    configuration.hunt_pilots.insert(pilot.into(), Arc::new(settings));
}

/// Where a call ends.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Outcome {
    Rings(BTreeSet<LineName>),
    Trunk,
    Service,
    Released(u8),
}

fn told(configuration: &Configuration, number: &str, side: CallSide, when: When) -> (Outcome, String) {
    let caller = Arc::new(Caller::default());
    let at = WallTime::from_micros(1);
    let digits = Digits::parse(number).unwrap();
    let trace = Trace::of(&configuration.plan, Arc::clone(&caller), Arrival::EnBloc, &digits, at);
    let follower = Follower { configuration, caller, side, later: LaterHops::default(), at, when };
    let reached = match Reached::of(&trace, configuration) {
        Ok(reached) => reached,
        Err(end) => return (outcome(&end, &[]), String::new()),
    };
    let Followed { steps, end, .. } = follower.follow(reached);
    (outcome(&end, &steps), format!("{steps:?}"))
}

fn outcome(end: &End<'_>, steps: &[Step<'_>]) -> Outcome {
    match end {
        End::Line(line, None) => Outcome::Rings([line.clone()].into()),
        End::Line(_, Some(cause)) | End::CodeWanted(cause) | End::Blocked(cause) => {
            Outcome::Released(cause.0)
        }
        End::HuntOver(_, because) => Outcome::Released(because.cause().0),
        End::Rejected(reject) => Outcome::Released(reject.cause().0),
        End::TooManyHops { .. } => Outcome::Released(Cause::EXCHANGE_ROUTING_ERROR.0),
        End::Elsewhere(Action::Route(_)) => Outcome::Trunk,
        End::Elsewhere(_) => Outcome::Service,
        End::Hunt(_) => {
            let Some(Step::Hunted(hunted)) = steps.last() else { panic!("a hunt is the last step") };
            let first = hunted.events.iter().find_map(|event| match &event.what {
                strowger_dialplan::hunt::Output::Ring { members, .. } => Some(members),
                _ => None,
            });
            Outcome::Rings(first.unwrap().iter().cloned().collect())
        }
    }
}

/// One call in call control whose lines all do the same.
struct Call {
    control: CallControl,
    now: Now,
    when: When,
    caller: LegId,
    rung: BTreeSet<LineName>,
    /// Legs that were told to ring and have not been refused by us.
    refusing: Vec<LegId>,
    end: Option<Outcome>,
}

impl Call {
    fn run(configuration: &Configuration, number: &str, side: CallSide, when: When) -> Outcome {
        let control =
            CallControl::new(NodeId(1), ShardId(0), 0, &mut Rng::new(1), Arc::new(configuration.clone()));
        let now = Now { mono: Instant::START, wall: WallTime::from_micros(1) };
        let caller = LegId::new(NodeId(1), ShardId(0), 4);
        let mut call =
            Call { control, now, when, caller, rung: BTreeSet::new(), refusing: Vec::new(), end: None };
        let origin = match side {
            CallSide::Internal => Origin::line("9000"),
            CallSide::External => Origin::Trunk("carrier".into()),
        };
        let setup = Setup {
            origin,
            flow: Flow::Datagram { listener: ListenerId(0), peer: "10.0.0.1:5060".parse().unwrap() },
            protocol_call_id: "x".into(),
            calling: Party::default(),
            called: number.into(),
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
            further_digits: FurtherDigits::None,
        };
        call.handle(Input::Signal(caller, Signal::Setup(Box::new(setup))));
        for _ in 0..10_000 {
            if let Some(leg) = call.refusing.pop() {
                let reason = ReleaseReason::Refused(486);
                call.handle(Input::Signal(leg, Signal::Released { cause: Cause::USER_BUSY, reason }));
                continue;
            }
            if let Some(end) = call.end.take() {
                return end;
            }
            if when == When::Free {
                assert!(!call.rung.is_empty(), "it neither rings nor ends");
                return Outcome::Rings(call.rung);
            }
            call.now.mono = call.control.next_timeout().expect("it goes on or ends");
            call.handle(Input::Timeout);
        }
        panic!("it goes on for ever");
    }

    fn handle(&mut self, input: Input<'_>) {
        let mut out = Outbox::default();
        self.control.handle(self.now, input, &mut out);
        for item in std::mem::take(&mut out.items) {
            match item {
                Output::Locate { request, line } => {
                    let phone = [Contact { phone: None, binding: BindingId(0), reach: Reach::Direct }];
                    let contacts = if self.when == When::Unregistered { &[][..] } else { &phone[..] };
                    self.handle(Input::Located { request, line: &line, contacts });
                }
                Output::Command(leg, Command::Ring(ring)) => match ring.target {
                    Target::Phone { line, .. } => {
                        self.rung.insert(line);
                        if self.when == When::Busy {
                            self.refusing.push(leg);
                        } else {
                            let ringing = Signal::Alerting { alert: Alert::Ringing, media: Media::None };
                            self.handle(Input::Signal(leg, ringing));
                        }
                    }
                    Target::Trunk(_) => self.end = Some(Outcome::Trunk),
                    Target::Service(_) => self.end = Some(Outcome::Service),
                },
                Output::Command(leg, Command::Release(cause)) if leg == self.caller => {
                    self.end = self.end.take().or(Some(Outcome::Released(cause.0)));
                }
                Output::Command(..)
                | Output::Joined { .. }
                | Output::Media(_)
                | Output::Journal(_)
                | Output::Persist { .. }
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
}

#[test]
fn a_call_goes_where_it_is_said_to_go() {
    let mut rng = Rng::new(0x0666_6f6c_6c6f_7700);
    let mut ends = [0; 4];
    for round in 0..ROUNDS {
        let configuration = configuration(&mut rng);
        let number = pick(&mut rng, &NUMBERS);
        let side = pick(&mut rng, &[CallSide::Internal, CallSide::External]);
        let when = pick(&mut rng, &[When::Free, When::Busy, When::NoAnswer, When::Unregistered]);
        let (expected, way) = told(&configuration, number, side, when);
        let found = Call::run(&configuration, number, side, when);
        assert_eq!(found, expected, "round {round}: {number} {side:?} {when:?} {way}");
        ends[match found {
            Outcome::Rings(_) => 0,
            Outcome::Trunk => 1,
            Outcome::Service => 2,
            Outcome::Released(_) => 3,
        }] += 1;
    }
    assert!(ends.iter().all(|count| *count > ROUNDS / 100), "{ends:?}");
}

const ROUNDS: usize = 1_500;
