//! Recorders that refuse, fail and die, and ports that break.

use std::time::Duration;

use strowger_base::feature::Turn;
use strowger_base::journal::{Copies, Decision, Entry, RecordingNews, WhyFeatureRefused, WhyNotRecorded};
use strowger_callcontrol::configuration::{RecordingOption, Unrecorded};
use strowger_callcontrol::io::CallSide;
use strowger_media::control::{Command, Report};
use strowger_media::statistics::{PortStatistics, StreamStatistics};
use strowger_node::Input;

use crate::scene::{ANSWER, Scene, recorded};

#[test]
fn a_recorder_that_dies_is_called_again_and_the_call_goes_on() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    let call = scene.answered();
    let (invite, _, _) = scene.invited();
    scene.recorder_answers(&invite, ANSWER);
    scene.told();
    scene.recorder_hangs_up(&invite);
    let told = scene.told();
    assert!(
        told.contains(&"A to nowhere".to_owned()) && told.contains(&"tone A false".to_owned()),
        "{told:?}"
    );
    scene.world.silent();
    scene.world.pass(Duration::from_secs(5));
    let (again, _, _) = scene.invited();
    scene.recorder_answers(&again, ANSWER);
    assert_eq!(scene.told()[..2], ["B to 192.0.2.77:7000", "A to 192.0.2.77:7002"]);
    // Each time that it has recorded for a while, the count begins anew.
    let mut invite = again;
    for _ in 0..5 {
        scene.world.pass(Duration::from_secs(30));
        scene.recorder_hangs_up(&invite);
        scene.world.pass(Duration::from_secs(5));
        (invite, ..) = scene.invited();
        scene.recorder_answers(&invite, ANSWER);
    }
    assert_eq!(scene.alarms(), 0);
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

/// As one does whose licences are used up.
#[test]
fn a_recorder_that_answers_and_hangs_up_is_given_up() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    let call = scene.answered();
    for seconds in [0, 5, 10, 15] {
        assert_eq!(scene.alarms(), 0);
        scene.world.pass(Duration::from_secs(seconds));
        let (invite, ..) = scene.invited();
        scene.recorder_answers(&invite, ANSWER);
        scene.world.pass(Duration::from_secs(1));
        scene.recorder_hangs_up(&invite);
    }
    assert_eq!(scene.alarms(), 1);
    scene.world.pass(Duration::from_secs(59));
    scene.world.silent();
    scene.hang_up(&call);
    scene.settled();
}

/// What becomes of a call whose recorder refuses each time.
#[test]
fn a_recorder_that_is_not_to_be_had_is_given_up_as_the_profile_says() {
    let check = |unrecorded: Unrecorded| {
        let mut scene = Scene::new(&recorded(RecordingOption::Automatic, unrecorded));
        let call = scene.answered();
        for seconds in [0, 5, 10, 15] {
            scene.world.pass(Duration::from_secs(seconds));
            let (invite, _, _) = scene.invited();
            scene.recorder_refuses(&invite);
        }
        scene.media();
        assert_eq!(scene.alarms(), 1);
        assert_eq!(scene.told().iter().filter(|told| !told.ends_with("nowhere")).count(), 0);
        match unrecorded {
            Unrecorded::GoesOn => {
                scene.world.pass(Duration::from_secs(59));
                scene.world.silent();
                // It is not given up for good, and nobody is warned a second time.
                scene.world.pass(Duration::from_secs(1));
                let (invite, ..) = scene.invited();
                scene.recorder_refuses(&invite);
                scene.world.pass(Duration::from_secs(60));
                assert_eq!(scene.alarms(), 1);
                let (invite, ..) = scene.invited();
                scene.recorder_answers(&invite, ANSWER);
                assert!(scene.told().contains(&"B to 192.0.2.77:7000".to_owned()));
                scene.hang_up(&call);
                scene.recorder_is_left();
            }
            Unrecorded::Released => {
                assert!(scene.news().contains(&RecordingNews::CallReleased));
                while let Some((peer, bye)) = scene.world.sent.pop_front() {
                    assert!(bye.starts_with("BYE "), "{bye}");
                    let phone = if peer == scene.bob.address { &scene.bob } else { &scene.alice };
                    let ok = phone.respond(&bye, "200 OK", "");
                    scene.world.from(peer, &ok);
                }
            }
        }
        scene.settled();
    };
    check(Unrecorded::GoesOn);
    check(Unrecorded::Released);
}

#[test]
fn a_recorder_that_takes_no_change_is_called_anew() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    let call = scene.answered();
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, ANSWER);
    scene.reoffer(&call, "a=sendonly\r\n", "a=recvonly\r\n");
    for seconds in [0, 5, 10, 15] {
        scene.world.pass(Duration::from_secs(seconds));
        let (held, sdp, _) = scene.invited();
        assert_eq!(sdp.matches("a=inactive\r\n").count(), 2, "{sdp}");
        let refused = scene.recorder.respond(&held, "488 Not Acceptable Here", "");
        scene.world.from(scene.recorder.address, &refused);
        scene.world.expect(&scene.recorder, "ACK ");
        if seconds < 15 {
            scene.world.silent();
        }
    }
    assert_eq!(scene.alarms(), 1, "somebody is warned");
    scene.recorder_is_left();
    scene.told();
    scene.world.pass(Duration::from_secs(5));
    let (again, sdp, told) = scene.invited();
    assert_eq!((sdp.matches("a=inactive\r\n").count(), told.contains("<send>")), (2, false), "{sdp}{told}");
    scene.recorder_answers(&again, &ANSWER.replace("a=recvonly", "a=inactive"));
    // It is resumed: what it refused for a while is told with what is different now.
    scene.reoffer(&call, "", "");
    let (resumed, sdp, _) = scene.invited();
    assert_eq!(sdp.matches("a=sendonly\r\n").count(), 2, "{sdp}");
    scene.recorder_answers(&resumed, ANSWER);
    assert!(scene.told().contains(&"B to 192.0.2.77:7000".to_owned()));
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

#[test]
fn a_recorder_that_agrees_to_a_change_and_takes_nothing_is_called_anew() {
    let nothing = ANSWER.replace("audio 7000", "audio 0").replace("audio 7002", "audio 0");
    for answer in [nothing, ANSWER.replace("a=recvonly", "a=inactive")] {
        let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
        let call = scene.answered();
        let (invite, ..) = scene.invited();
        scene.recorder_answers(&invite, ANSWER);
        scene.reoffer(&call, "a=sendonly\r\n", "a=recvonly\r\n");
        let (held, ..) = scene.invited();
        scene.recorder_answers(&held, &ANSWER.replace("a=recvonly", "a=inactive"));
        scene.told();
        scene.reoffer(&call, "", "");
        for seconds in [0, 5, 10, 15] {
            assert_eq!(scene.alarms(), 0);
            scene.world.pass(Duration::from_secs(seconds));
            let (resumed, sdp, _) = scene.invited();
            assert_eq!(sdp.matches("a=sendonly\r\n").count(), 2, "{sdp}");
            scene.recorder_answers(&resumed, &answer);
            let told = scene.told();
            assert!(told.ends_with(&["B to nowhere".into(), "A to nowhere".into()]), "{told:?}");
            assert_eq!(told.contains(&"tone A false".to_owned()), seconds == 0, "{told:?}");
            if seconds < 15 {
                scene.world.silent();
            }
        }
        assert_eq!(scene.alarms(), 1, "somebody is warned");
        scene.recorder_is_left();
        scene.world.pass(Duration::from_secs(5));
        let (again, ..) = scene.invited();
        scene.recorder_answers(&again, ANSWER);
        let expect = ["B to 192.0.2.77:7000", "A to 192.0.2.77:7002", "tone A true"];
        assert_eq!(scene.told(), expect);
        scene.hang_up(&call);
        scene.recorder_is_left();
        scene.settled();
    }
}

#[test]
fn ports_that_break_are_replaced_and_the_recorder_is_told() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    let call = scene.answered();
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, ANSWER);
    scene.told();
    for _ in 0..3 {
        let [port] = scene.forks[..] else { panic!("{:?}", scene.forks) };
        scene.forks.clear();
        let a = StreamStatistics { sent: 70, unsent: 2, malformed: 1, ..StreamStatistics::default() };
        let statistics = Box::new(PortStatistics { a, b: Some(StreamStatistics { sent: 80, ..a }) });
        scene.world.input(Input::Media(Report::Closed { port, statistics }));
        let (moved, sdp, _) = scene.invited();
        let port = format!("m=audio {} RTP/AVP", scene.next_port - 2);
        assert!(sdp.contains(&port), "{sdp} without {port}");
        scene.recorder_answers(&moved, ANSWER);
        let told = scene.told();
        assert_eq!(told[..2], ["B to 192.0.2.77:7000", "A to 192.0.2.77:7002"]);
    }
    let copied = RecordingNews::Copied {
        own: Copies { sent: 80, unsent: 2, skipped: 1, unopened: 0 },
        far: Copies { sent: 70, unsent: 2, skipped: 1, unopened: 0 },
    };
    assert_eq!(scene.news().iter().filter(|news| **news == copied).count(), 3);
    assert_eq!(scene.alarms(), 0);
    // That it goes on and on is said.
    let [port] = scene.forks[..] else { panic!("{:?}", scene.forks) };
    scene.world.input(Input::Media(Report::Closed { port, statistics: Box::default() }));
    scene.media();
    assert_eq!(scene.alarms(), 1);
    scene.recorder_is_left();
    scene.hang_up(&call);
    scene.settled();
}

/// The call of whoever wants it recorded in its midst goes on in any case.
#[test]
fn whoever_wants_a_recording_in_vain_hears_so() {
    let check = |unrecorded: Unrecorded| {
        let mut draft = recorded(RecordingOption::Selective, unrecorded);
        // The recorder is nowhere.
        draft.trunks.retain(|trunk| &*trunk.name != "recorder");
        let mut scene = Scene::new(&draft);
        let call = scene.answered();
        for alarms in 1..3 {
            assert!(!scene.order(CallSide::Called, Turn::On));
            assert!(!scene.order(CallSide::Called, Turn::Over), "it is not on, so that it would become that");
            assert_eq!(scene.alarms(), 2 * alarms);
        }
        let refused = scene.world.records().into_iter().any(|record| match record.entry {
            Entry::Decision(Decision::FeatureRefused { feature: "record", why, .. }) => {
                matches!(why, WhyFeatureRefused::NotConfigured { .. })
            }
            _ => false,
        });
        assert!(refused, "{:?}", scene.world.records());
        scene.world.silent();
        scene.hang_up(&call);
        scene.settled();
    };
    check(Unrecorded::GoesOn);
    check(Unrecorded::Released);
}

#[test]
fn a_call_that_somebody_wants_recorded_goes_on_without_ports_for_copies() {
    let mut scene = Scene::new(&recorded(RecordingOption::Selective, Unrecorded::Released));
    let call = scene.answered();
    assert!(scene.order(CallSide::Called, Turn::On));
    for command in std::mem::take(&mut scene.world.media) {
        if let Command::OpenFork { port, .. } = command {
            scene.world.input(Input::Media(Report::Failed { port, reason: "no port".into() }));
        }
    }
    let why = WhyNotRecorded::NoPort { reason: "no port" };
    assert_eq!(scene.news(), [RecordingNews::Refused(why)]);
    assert_eq!(scene.alarms(), 1);
    scene.world.silent();
    scene.hang_up(&call);
    scene.settled();
}
