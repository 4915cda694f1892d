use strowger_base::Secret;
use strowger_base::leg::Service;
use strowger_dialplan::forward::{ForwardDestination, ForwardKind};

use super::super::{LineSecret, PartitionDraft, SearchSpaceDraft, ServiceNumber};
use super::*;

/// Partitions a, b, c and d, each with a search space of its name; 1001 has line a and device b.
fn draft(forwards: ForwardsDraft) -> Draft {
    let mut line = Line::new("1001", "", LineSecret::Password(Secret::new("secret".into())));
    line.search_space = "a".into();
    line.phones[0].device_search_space = "b".into();
    line.voice_mail = "7000".into();
    line.forwards = Some(Box::new(forwards));
    let mut draft = Draft { lines: vec![line], ..Draft::default() };
    for name in ["a", "b", "c", "d"] {
        draft.plan.partitions.push(PartitionDraft { name: name.into(), ..PartitionDraft::default() });
        let space = SearchSpaceDraft { name: name.into(), partitions: vec![name.into()] };
        draft.plan.search_spaces.push(space);
    }
    draft
}

fn within(number: &str, space: &str) -> Option<ForwardDraft> {
    Some(ForwardDraft { search_space: Some(space.into()), ..ForwardDraft::to(number) })
}

/// The forward of a kind as `number in partitions`.
fn told(draft: &Draft, kind: ForwardKind, side: CallSide) -> String {
    let calls = draft.build().unwrap_or_else(|errors| panic!("{errors:?}")).calls;
    let Some(forwards) = &calls.lines.get("1001").unwrap().forwards else { return "none".to_owned() };
    let Some(target) = forwards.target(kind, side) else { return "not set".to_owned() };
    let partitions = target.css().partitions().iter().map(|id| calls.plan.partition_name(*id));
    let number = match target.destination() {
        ForwardDestination::Number(number) => number,
        ForwardDestination::VoiceMail => "voice mail",
    };
    format!("{number} in {:?}", partitions.collect::<Vec<_>>())
}

#[test]
fn each_forward_is_looked_up_where_it_says_or_where_all_of_the_line_are() {
    let draft = draft(ForwardsDraft {
        search_space: "c".into(),
        all: Some(ForwardDraft::to("1")),
        busy: BySide { internal: within("2", "d"), external: Some(ForwardDraft::to("3")) },
        no_answer: BySide::both(within("4", "")),
        unregistered: BySide {
            internal: Some(ForwardDraft { to: ForwardTo::VoiceMail, search_space: None }),
            external: None,
        },
        ..ForwardsDraft::default()
    });
    let check = |kind, internal: &str, external: &str| {
        assert_eq!(told(&draft, kind, CallSide::Internal), internal, "{kind:?}");
        assert_eq!(told(&draft, kind, CallSide::External), external, "{kind:?}");
    };
    check(ForwardKind::All, r#"1 in ["c", ""]"#, r#"1 in ["c", ""]"#);
    check(ForwardKind::Busy, r#"2 in ["d", ""]"#, r#"3 in ["c", ""]"#);
    check(ForwardKind::NoAnswer, r#"4 in [""]"#, r#"4 in [""]"#);
    check(ForwardKind::Unregistered, r#"voice mail in ["c", ""]"#, "not set");
    check(ForwardKind::NoCoverage, "not set", "not set");
}

#[test]
fn the_policy_says_what_a_forward_of_all_calls_sees() {
    let check = |policy, system, space: &str, secondary: &str, expect: &str| {
        let mut draft = draft(ForwardsDraft {
            all: Some(ForwardDraft::to("1")),
            all_policy: policy,
            search_space: space.into(),
            secondary_search_space: secondary.into(),
            ..ForwardsDraft::default()
        });
        draft.forwarding.all_policy = system;
        assert_eq!(told(&draft, ForwardKind::All, CallSide::Internal), expect);
    };
    let (own, line) = (CfaPolicy::WithConfiguredCss, CfaPolicy::WithActivatingDeviceLineCss);
    let system = CfaPolicy::UseSystemDefault;
    let (system_own, system_line) =
        (CfaSystemPolicy::WithConfiguredCss, CfaSystemPolicy::WithActivatingDeviceLineCss);
    check(own, system_line, "c", "d", r#"1 in ["c", "d", ""]"#);
    check(own, system_own, "", "", r#"1 in [""]"#);
    check(own, system_own, "", "d", r#"1 in ["d", ""]"#);
    check(line, system_own, "c", "d", r#"1 in ["a", "b", ""]"#);
    check(system, system_line, "c", "d", r#"1 in ["a", "b", ""]"#);
    check(system, system_own, "c", "d", r#"1 in ["c", "d", ""]"#);
}

#[test]
fn a_word_is_a_name_where_something_is_called_so() {
    let check = |text: &str, expect: bool| {
        let mut draft =
            draft(ForwardsDraft { all: Some(ForwardDraft::to(text)), ..ForwardsDraft::default() });
        draft.services.push(ServiceNumber {
            number: "echo".into(),
            partition: "".into(),
            service: Service::Echo,
        });
        assert_eq!(draft.build().is_ok(), expect, "{text}");
    };
    check("1002", true);
    check("\\+49", false);
    check("+49*1#A", true);
    check("Echo", true);
    check("ehco", false);
    check("bob@example.com", true);
    check("bob @example.com", false);
}

#[test]
fn a_line_without_forwards_has_none() {
    let empty = ForwardsDraft { search_space: "c".into(), ..ForwardsDraft::default() };
    assert_eq!(told(&draft(empty), ForwardKind::All, CallSide::Internal), "none");
    let ring = ForwardsDraft { ring: Some(Duration::from_secs(20)), ..ForwardsDraft::default() };
    let calls = draft(ring).build().unwrap_or_else(|errors| panic!("{errors:?}")).calls;
    let line = calls.lines.get("1001").unwrap();
    assert_eq!(line.rings_for(CallSide::Internal, calls.ring_time).as_secs(), 20);
    assert_eq!(line.voice_mail.as_deref(), Some("7000"));
}

#[test]
fn what_is_said_once_reaches_call_control() {
    let forwarding = ForwardingDraft {
        hops_max: 15,
        on_loop: Breakout::Ring,
        on_hop_limit: Breakout::NoAnswerForward,
        ring: Duration::from_secs(20),
        all_policy: CfaSystemPolicy::default(),
        trunks: CallSide::Internal,
    };
    let draft = Draft { forwarding, ..Draft::default() };
    let calls = draft.build().unwrap_or_else(|errors| panic!("{errors:?}")).calls;
    let parameters = calls.forward_parameters;
    assert_eq!((parameters.hop_limit.hops(), parameters.on_loop), (15, Breakout::Ring));
    assert_eq!(parameters.on_hop_limit, Breakout::NoAnswerForward);
    assert_eq!((calls.ring_time.duration().as_secs(), calls.trunk_side), (20, CallSide::Internal));
    // The other floors have the same defaults.
    let calls = Draft::default().build().unwrap_or_else(|errors| panic!("{errors:?}")).calls;
    let empty = strowger_callcontrol::Configuration::empty();
    assert_eq!(calls.forward_parameters, empty.forward_parameters);
    assert_eq!((calls.ring_time, calls.trunk_side), (empty.ring_time, empty.trunk_side));
}

#[test]
fn everything_that_is_wrong_is_named_once_with_its_place() {
    let voice_mail = Some(ForwardDraft { to: ForwardTo::VoiceMail, search_space: None });
    let mut draft = draft(ForwardsDraft {
        search_space: "x".into(),
        secondary_search_space: "y".into(),
        all: Some(ForwardDraft::to("10-02")),
        busy: BySide::both(Some(ForwardDraft::to(""))),
        no_answer: BySide { internal: within("1", "z"), external: Some(ForwardDraft::to(&"1".repeat(51))) },
        unregistered: BySide { internal: voice_mail, external: None },
        ring: Some(Duration::from_secs(301)),
        ..ForwardsDraft::default()
    });
    draft.lines[0].voice_mail = Box::default();
    draft.forwarding.hops_max = 61;
    draft.forwarding.ring = Duration::ZERO;
    let errors = draft.build().err().unwrap_or_default();
    assert_eq!(
        errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "the node: forward_hops_max is 61, expected 1 to 60",
            "the node: forward_ring is 0 s, expected 1 s to 300 s",
            "line 1: forward.search_space is \"x\", expected one of: a, b, c, d",
            "line 1: forward.secondary_search_space is \"y\", expected one of: a, b, c, d",
            "line 1: forward.all is \"10-02\": '-' at position 3 cannot be dialled; expected 0-9, *, #, A-D or +",
            "line 1: forward.busy is missing; give one, for example 1002",
            "line 1: forward.no_answer.search_space is \"z\", expected one of: a, b, c, d",
            "line 1: forward.no_answer.external is \"111111111111111111111111111111111111111111111111111\": \
             the forward destination has 51 characters; it may have 50",
            "line 1: voice_mail is missing; give one, for example 7000",
            "line 1: forward.ring_seconds is 301 s, expected 1 s to 300 s",
        ]
    );
}
