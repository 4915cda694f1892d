//! What happens when something is full.

use std::sync::Arc;

use strowger_base::journal::{Alarm, Entry, Record};
use strowger_base::leg::{Digit, FurtherDigits, Origin, Party, ReleaseReason, Setup, Signal};
use strowger_base::net::{Flow, ListenerId};
use strowger_base::{Cause, Command, Instant, LegId, Media, NodeId, Now, Rng, ShardId, WallTime, limits};
use strowger_callcontrol::configuration::Line;
use strowger_callcontrol::{CallControl, Configuration, Input, Outbox, Output};
use strowger_dialplan::{Action, DialPlanBuilder, NextSearchSpace, NumberPattern, Parameters, Translation};

const NOW: Now = Now { mono: Instant::START, wall: WallTime::from_micros(1) };

/// A call to a number that leads nowhere: it is over at once, and only its record waits.
fn call(control: &mut CallControl, number: u64, out: &mut Outbox) {
    setup(control, leg(number), Origin::line("1001"), ("404", FurtherDigits::None), out);
}

fn leg(number: u64) -> LegId {
    LegId::new(NodeId(1), ShardId(0), number * 4)
}

fn setup(
    control: &mut CallControl,
    leg: LegId,
    origin: Origin,
    (called, further_digits): (&str, FurtherDigits),
    out: &mut Outbox,
) {
    out.items.clear();
    out.arena.clear(1 << 16);
    let setup = Setup {
        origin,
        flow: Flow::Datagram { listener: ListenerId(0), peer: ([10, 0, 0, 1], 5060).into() },
        protocol_call_id: "x".into(),
        calling: Party::default(),
        called: called.into(),
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
        further_digits,
    };
    control.handle(NOW, Input::Signal(leg, Signal::Setup(Box::new(setup))), out);
}

fn released_with(out: &Outbox) -> Option<Cause> {
    out.items.iter().find_map(|item| match item {
        Output::Command(_, Command::Release(cause)) => Some(*cause),
        _ => None,
    })
}

fn alarms(out: &Outbox) -> Vec<String> {
    let alarm = |item: &Output| match item {
        Output::Journal(span) => match Record::decode(out.arena.slice(*span)).ok()?.entry {
            Entry::Alarm(alarm @ (Alarm::Overloaded { .. } | Alarm::OverloadEnded)) => {
                Some(format!("{alarm:?}"))
            }
            _ => None,
        },
        _ => None,
    };
    out.items.iter().filter_map(alarm).collect()
}

/// Calls that wait to be told which phones their line has: nothing ends them, so that they add up.
fn waiting_call(control: &mut CallControl, number: u64, out: &mut Outbox) {
    setup(control, leg(number), Origin::Trunk("carrier".into()), ("1002", FurtherDigits::None), out);
}

#[test]
fn one_call_too_many_is_refused_and_the_next_is_taken_when_one_has_ended() {
    let mut configuration = Configuration::empty();
    let mut plan = DialPlanBuilder::new(Parameters::default());
    plan.literal("", "1002", Action::Line("1002".into())).unwrap();
    configuration.plan = plan.build();
    // The line itself takes as many as come.
    let line = Line { busy_trigger: u32::MAX, calls_max: u32::MAX, ..Line::default() };
    configuration.lines.insert("1002", line);
    let mut control = CallControl::new(NodeId(1), ShardId(0), 0, &mut Rng::new(1), Arc::new(configuration));
    let mut out = Outbox::default();
    let full = limits::CALLS as u64;
    for number in 1..=full {
        waiting_call(&mut control, number, &mut out);
        assert_eq!(released_with(&out), None, "call {number}");
    }
    let sizes = control.sizes();
    assert_eq!(sizes.calls, limits::CALLS);

    waiting_call(&mut control, full + 1, &mut out);
    assert_eq!(released_with(&out), Some(Cause::SWITCHING_EQUIPMENT_CONGESTION));
    assert_eq!(Cause::SWITCHING_EQUIPMENT_CONGESTION.sip_status(), 503);
    assert_eq!(alarms(&out), ["Overloaded { what: \"calls\" }"]);
    assert_eq!(control.full(), Some("calls"));
    waiting_call(&mut control, full + 2, &mut out);
    assert_eq!(alarms(&out), Vec::<String>::new(), "the alarm comes once");
    assert_eq!(control.counters().shed, 2);
    assert_eq!(control.sizes(), sizes, "a call that is refused leaves nothing");

    let gone = Signal::Released { cause: Cause::NORMAL_CALL_CLEARING, reason: ReleaseReason::Cancelled };
    out.items.clear();
    control.handle(NOW, Input::Signal(leg(1), gone), &mut out);
    assert_eq!(control.sizes().calls, limits::CALLS - 1);
    waiting_call(&mut control, full + 3, &mut out);
    assert_eq!(released_with(&out), None);
    assert_eq!(alarms(&out), ["OverloadEnded"]);
    assert_eq!(control.sizes().calls, limits::CALLS);
}

#[test]
fn new_calls_are_refused_while_too_many_records_wait_for_the_disk() {
    let configuration = Arc::new(Configuration::empty());
    let mut control = CallControl::new(NodeId(1), ShardId(0), 0, &mut Rng::new(1), configuration);
    let mut out = Outbox::default();
    let full = limits::RECORDS_WAITING as u64;
    for number in 1..=full {
        call(&mut control, number, &mut out);
        assert_eq!(released_with(&out), Some(Cause::UNALLOCATED_NUMBER));
    }
    assert_eq!(control.sizes().records_waiting, limits::RECORDS_WAITING);

    call(&mut control, full + 1, &mut out);
    assert_eq!(released_with(&out), Some(Cause::SWITCHING_EQUIPMENT_CONGESTION));
    assert_eq!(alarms(&out), ["Overloaded { what: \"records that wait for the disk\" }"]);
    call(&mut control, full + 2, &mut out);
    assert_eq!(alarms(&out), Vec::<String>::new(), "the alarm comes once");
    assert_eq!(control.counters().shed, 2);
    assert_eq!(
        control.sizes().records_waiting,
        limits::RECORDS_WAITING,
        "no record is lost and none is added"
    );

    control.handle(NOW, Input::Persisted { ticket: 1 }, &mut out);
    call(&mut control, full + 3, &mut out);
    assert_eq!(released_with(&out), Some(Cause::UNALLOCATED_NUMBER));
    assert_eq!(alarms(&out), ["OverloadEnded"]);
}

/// While a translated number waits, keys may be those of a code; more than a number and its codes have are not kept.
#[test]
fn a_phone_that_never_stops_pressing_keys_does_not_fill_the_call() {
    let mut configuration = Configuration::empty();
    let mut plan = DialPlanBuilder::new(Parameters::default());
    plan.literal("", "20", Action::Line("20".into())).unwrap();
    plan.literal("", "200", Action::Line("200".into())).unwrap();
    let mut translation = Translation::to(NextSearchSpace::Originator);
    translation.called.prefix = "20".parse().unwrap();
    translation.called.discard = "PreDot".parse().unwrap();
    plan.add("", NumberPattern::new("1.".parse().unwrap(), Action::from(translation))).unwrap();
    configuration.plan = plan.build();
    let mut control = CallControl::new(NodeId(1), ShardId(0), 0, &mut Rng::new(1), Arc::new(configuration));
    let mut out = Outbox::default();
    setup(&mut control, leg(1), Origin::line("1001"), ("1", FurtherDigits::Keys), &mut out);
    let longest = |keys: u32, expect: usize, control: &mut CallControl, out: &mut Outbox| {
        for _ in 0..keys {
            let key = Signal::Digit(Digit { key: '5', duration_ms: 0 });
            control.handle(NOW, Input::Signal(leg(1), key), out);
        }
        assert_eq!(control.calls(None, 1)[0].called.len(), expect, "after {keys} keys");
    };
    longest(96, 97, &mut control, &mut out);
    longest(1000, 97, &mut control, &mut out);
}
