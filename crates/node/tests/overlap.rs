//! A device that sends growing numbers (RFC 3578) waits exactly as long as the analyzer says that it waits.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/patterns.rs"]
mod patterns;
#[path = "support/world.rs"]
mod world;

use std::sync::Arc;
use std::time::Duration;

use patterns::{GAP, PATTERNS};
use strowger_base::Now;
use strowger_dialplan::{Arrival, Caller, Decision, Digits, Reject, SearchSpace, Trace};
use strowger_node::configuration::{BlockDraft, PatternDraft, TrunkDialling};
use world::{Phone, World, draft};

#[test]
fn the_wait_is_the_one_that_the_analyzer_names() {
    let diallings = [
        "7001", "70012", "7123", "911", "911234", "922", "99922", "52", "521", "5212", "53441#", "53441",
        "612", "64", "8", "61", "700", "91",
    ];
    for dialled in diallings {
        let mut draft = draft();
        draft.trunk_dialling = vec![TrunkDialling { overlap: true, ..TrunkDialling::default() }];
        draft.plan.routes.clear();
        draft.plan.blocks = PATTERNS
            .iter()
            .map(|(pattern, urgent, cause)| BlockDraft {
                pattern: PatternDraft {
                    pattern: (*pattern).into(),
                    urgent: *urgent,
                    ..PatternDraft::default()
                },
                host: "".into(),
                cause: *cause,
                announcement: None,
            })
            .collect();
        let (after, status) =
            predicted(&draft.build().unwrap_or_else(|errors| panic!("{errors:?}")), dialled);
        let mut world = World::new(&draft);
        let found = dial(&mut world, dialled);
        assert_eq!(found, (after, status), "{dialled}");
        let calls = world.calls();
        let called: Vec<&str> = calls.iter().map(|call| call.called).collect();
        // One call, whatever number of INVITEs; keys after the decision are none of its business.
        assert!(called.len() == 1 && dialled.starts_with(called[0]), "{dialled}: {called:?}");
        world.settled();
    }
}

/// What the analyzer says: when it is decided, and with which status.
fn predicted(configuration: &strowger_node::Configuration, dialled: &str) -> (Duration, u16) {
    let plan = &configuration.calls.plan;
    let caller = Arc::new(Caller::new(Digits::parse("4711").unwrap(), SearchSpace::null()));
    let number = Digits::parse(dialled).unwrap();
    let trace = Trace::of(plan, caller, Arrival::KeyByKey, &number, Now::default().wall);
    let keys = trace.analysis().keys_used() as u32;
    let status = match trace.analysis().decision() {
        Some(Decision::Blocked { cause, .. }) => cause.sip_status(),
        // The device was told so while it could still have added digits, and the record says the same.
        Some(Decision::Rejected(Reject::Incomplete)) => 484,
        Some(Decision::Rejected(reject)) => reject.cause().sip_status(),
        other => panic!("{dialled}: {other:?}"),
    };
    (GAP * (keys - 1) + trace.waited(), status)
}

/// Dials as a trunk in overlap does, and says when which final answer came that is not 484; where the number never does,
/// when the record was written, and the status of its cause.
fn dial(world: &mut World, dialled: &str) -> (Duration, u16) {
    let mut trunk = Phone::new("4711", "192.0.2.99:5060");
    let start = world.now.mono;
    for length in 1..=dialled.len() {
        trunk.peer = dialled[..length].to_owned();
        trunk.remote_tag.clear();
        let sdp = trunk.sdp();
        let invite = trunk.request("INVITE", "", &sdp);
        world.from(trunk.address, &invite);
        if let Some(end) = outcome(world, &trunk) {
            return (world.now.mono - start, end);
        }
        if length < dialled.len() {
            world.pass(GAP);
        }
    }
    for _ in 0..40_000 {
        world.pass(Duration::from_millis(1));
        if let Some(end) = outcome(world, &trunk) {
            return (world.now.mono - start, end);
        }
        if let Some(call) = world.calls().first() {
            return (world.now.mono - start, call.cause.sip_status());
        }
    }
    panic!("{dialled} was never decided");
}

/// Acknowledges what was answered; the status of a final answer that is not 484.
fn outcome(world: &mut World, trunk: &Phone) -> Option<u16> {
    let mut found = None;
    while let Some((_, text)) = world.sent.pop_front() {
        let status: u16 = text.get(8..11)?.parse().ok()?;
        if status >= 300 {
            world.from(trunk.address, &trunk.acknowledge(&text));
        }
        if status >= 300 && status != 484 {
            found = Some(status);
        }
    }
    found
}
