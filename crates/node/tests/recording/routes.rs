//! Recorders whose number is looked up: what it leads to, and one that takes the place of another.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::Cause;
use strowger_base::journal::{Decision, Entry, RecordingNews, WhyNotRecorded};
use strowger_base::net::Transport;
use strowger_callcontrol::configuration::{RecordingOption, Unrecorded};
use strowger_node::Draft;
use strowger_node::configuration::{
    PartitionDraft, PatternDraft, RouteDraft, RouteGroupDraft, RouteListDraft, RouteListMemberDraft,
    SearchSpaceDraft,
};
use strowger_sip::io::Trunk;

use crate::scene::{ANSWER, Scene, recorded};
use crate::world::Phone;

/// The number of the recorder is one that only recordings see.
fn looked_up(pattern: &str) -> Draft {
    let mut draft = recorded(RecordingOption::Automatic, Unrecorded::GoesOn);
    let profile = Arc::make_mut(draft.recording.profiles.get_mut("agents").unwrap());
    (profile.trunk, profile.search_space) = (Box::default(), "recorders".into());
    draft.plan.partitions.push(PartitionDraft { name: "recording".into(), ..PartitionDraft::default() });
    let partitions = vec!["recording".into()];
    draft.plan.search_spaces.push(SearchSpaceDraft { name: "recorders".into(), partitions });
    let mut route = RouteDraft::new(pattern, "recorder");
    route.pattern.partition = "recording".into();
    route.change.prefix = "9".into();
    draft.plan.routes.push(route);
    draft
}

/// Two recorders, one after the other.
fn listed() -> Draft {
    let mut draft = looked_up("7XXX");
    let destination: SocketAddr = "192.0.2.78:5060".parse().unwrap();
    draft.trunks.push(Trunk {
        name: "second".into(),
        destination,
        transport: Transport::Udp,
        sources: vec![(destination.ip(), None)],
    });
    let trunks = vec!["recorder".into(), "second".into()];
    draft.plan.route_groups.push(RouteGroupDraft {
        name: "both".into(),
        trunks,
        ..RouteGroupDraft::default()
    });
    let member = RouteListMemberDraft { group: "both".into(), ..RouteListMemberDraft::default() };
    draft.plan.route_lists.push(RouteListDraft { name: "recorders".into(), members: vec![member] });
    let route = draft.plan.routes.last_mut().unwrap();
    (route.trunk, route.route_list) = (Box::default(), "recorders".into());
    draft
}

#[test]
fn the_number_of_a_recorder_is_looked_up_in_the_search_space_of_its_profile() {
    let mut scene = Scene::new(&looked_up("7XXX"));
    let call = scene.answered();
    let (invite, ..) = scene.invited();
    assert!(invite.starts_with("INVITE sip:97000@192.0.2.77:5060 SIP/2.0\r\n"), "{invite}");
    scene.recorder_answers(&invite, ANSWER);
    let news = scene.news();
    let routed =
        RecordingNews::Routed { number: "7000", pattern: "7XXX", partition: "recording", to: "recorder" };
    assert_eq!(news[0], routed);
    assert!(matches!(news[1], RecordingNews::Begins { trunk: "recorder", number: "97000", .. }), "{news:?}");
    scene.media();
    scene.hang_up(&call);
    scene.recorder_is_left();
    let calls = scene.world.calls();
    assert_eq!((calls[1].called, calls[1].sent), ("7000", "97000"));
    scene.settled();
}

#[test]
fn a_number_that_leads_to_no_trunk_is_told() {
    // Nowhere, and to a line.
    let mut to_line = looked_up("8XXX");
    let profile = Arc::make_mut(to_line.recording.profiles.get_mut("agents").unwrap());
    (profile.number, profile.search_space) = ("1003".into(), Box::default());
    for (draft, number) in [(looked_up("8XXX"), "7000"), (to_line, "1003")] {
        let mut scene = Scene::new(&draft);
        let call = scene.answered();
        scene.world.silent();
        let why = WhyNotRecorded::NoRoute { profile: "agents", number };
        assert_eq!(scene.news(), [RecordingNews::Refused(why)]);
        assert_eq!(scene.alarms(), 1);
        scene.hang_up(&call);
        scene.settled();
    }
}

#[test]
fn another_recorder_of_the_list_takes_the_place_of_one_that_is_not_to_be_had() {
    let mut scene = Scene::new(&listed());
    let call = scene.answered();
    let (invite, ..) = scene.invited();
    scene.recorder_refuses(&invite);
    scene.world.pass(Duration::from_millis(1));
    // The second one, at once.
    let first = std::mem::replace(&mut scene.recorder, Phone::new("7000", "192.0.2.78:5060"));
    let (invite, ..) = scene.invited();
    assert!(invite.starts_with("INVITE sip:97000@192.0.2.78:5060 SIP/2.0\r\n"), "{invite}");
    assert!(scene.news().contains(&RecordingNews::NextRecorder { cause: Cause::USER_BUSY }));
    scene.recorder_answers(&invite, ANSWER);
    assert_eq!(scene.told()[2..], ["B to 192.0.2.77:7000", "A to 192.0.2.77:7002", "tone A true"]);
    // It dies: the first one has its turn again, after a while.
    scene.recorder_hangs_up(&invite);
    scene.told();
    let second = std::mem::replace(&mut scene.recorder, first);
    scene.world.pass(Duration::from_secs(4));
    scene.world.silent();
    scene.world.pass(Duration::from_secs(1));
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, ANSWER);
    scene.told();
    // And dies as well: now the second one at once.
    scene.recorder_hangs_up(&invite);
    scene.world.pass(Duration::from_millis(1));
    scene.recorder = second;
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, ANSWER);
    assert_eq!(scene.alarms(), 0);
    let tried = |entry: &Entry<'_>| match entry {
        Entry::Decision(Decision::RouteTried { list: "recorders", trunk, .. }) => Some((*trunk).to_owned()),
        _ => None,
    };
    let tried: Vec<String> = scene.world.records().iter().filter_map(|it| tried(&it.entry)).collect();
    assert_eq!(tried, ["recorder", "second", "recorder", "second"]);
    scene.media();
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

#[test]
fn all_recorders_of_a_list_are_tried_before_a_call_is_not_recorded() {
    let mut scene = Scene::new(&listed());
    let mut other = Phone::new("7000", "192.0.2.78:5060");
    let call = scene.answered();
    for seconds in [0, 5, 10, 15] {
        assert_eq!(scene.alarms(), 0);
        scene.world.pass(Duration::from_secs(seconds));
        for _ in 0..2 {
            let (invite, ..) = scene.invited();
            scene.recorder_refuses(&invite);
            scene.world.pass(Duration::from_millis(1));
            std::mem::swap(&mut scene.recorder, &mut other);
        }
    }
    assert_eq!(scene.alarms(), 1);
    scene.world.silent();
    scene.hang_up(&call);
    scene.settled();
}

#[test]
fn a_pattern_without_a_partition_is_seen_by_a_profile_without_a_search_space() {
    let mut draft = looked_up("7XXX");
    let profile = Arc::make_mut(draft.recording.profiles.get_mut("agents").unwrap());
    profile.search_space = Box::default();
    draft.plan.routes.last_mut().unwrap().pattern =
        PatternDraft { pattern: "70XX".into(), ..Default::default() };
    let mut scene = Scene::new(&draft);
    let call = scene.answered();
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, ANSWER);
    scene.media();
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}
