//! Recordings that go well: automatic, on demand, through holds and transfers.

use strowger_base::Secret;
use strowger_base::feature::{FeatureCode, Turn};
use strowger_base::journal::RecordingNews;
use strowger_callcontrol::configuration::{RecordingOption, RecordingTone, Unrecorded};
use strowger_callcontrol::io::CallSide;
use strowger_node::configuration::{FeatureDraft, Line, LineSecret, PatternDraft, PhoneDraft};

use crate::scene::{ANSWER, Scene, recorded};
use crate::world::{Phone, header, password, tag_of};

#[test]
fn an_automatic_recording_from_the_answer_to_the_end() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    let call = scene.answered();
    // Bob, whose line is recorded, is side B; copies come from the second relay of ports.
    let (invite, sdp, told) = scene.invited();
    assert!(invite.starts_with("INVITE sip:7000@192.0.2.77:5060 SIP/2.0\r\n"), "{invite}");
    assert_eq!(header(&invite, "Require"), "siprec");
    assert!(header(&invite, "Contact").ends_with(";+sip.src"), "{invite}");
    let streams: Vec<&str> =
        sdp.lines().filter(|line| line.starts_with("m=") || line.starts_with("a=label")).collect();
    assert_eq!(streams.len(), 4, "{sdp}");
    assert!(streams[0].starts_with("m=audio 20006 RTP/AVP ") && streams[1] == "a=label:1", "{sdp}");
    assert!(streams[2].starts_with("m=audio 20004 RTP/AVP ") && streams[3] == "a=label:2", "{sdp}");
    assert_eq!(sdp.matches("a=sendonly\r\n").count(), 2, "{sdp}");
    assert!(told.contains("sip:1002@strowger.test") && told.contains("sip:1001@strowger.test"), "{told}");
    assert_eq!(scene.told(), Vec::<String>::new());
    scene.recorder_answers(&invite, ANSWER);
    let expect = ["B to 192.0.2.77:7000", "A to 192.0.2.77:7002", "tone A true"];
    assert_eq!(scene.told(), expect, "Bob's voice goes to the first stream, and Alice is told");

    // Hold and resume.
    scene.reoffer(&call, "a=sendonly\r\n", "a=recvonly\r\n");
    let (held, sdp, told) = scene.invited();
    assert_eq!((sdp.matches("a=inactive\r\n").count(), told.contains("<send>")), (2, false), "{sdp}{told}");
    scene.recorder_answers(&held, &ANSWER.replace("a=recvonly", "a=inactive"));
    assert_eq!(scene.told()[..2], ["B to nowhere", "A to nowhere"]);
    scene.reoffer(&call, "", "");
    let (resumed, sdp, told) = scene.invited();
    assert_eq!((sdp.matches("a=sendonly\r\n").count(), told.contains("<send>")), (2, true), "{sdp}{told}");
    scene.recorder_answers(&resumed, ANSWER);
    assert_eq!(scene.told()[..2], ["B to 192.0.2.77:7000", "A to 192.0.2.77:7002"]);

    scene.hang_up(&call);
    scene.recorder_is_left();
    let calls = scene.world.calls();
    let [recorded, recording] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!((recording.calling.number, recording.called), ("1002", "7000"));
    let moves = recording.moves.unwrap();
    assert_eq!(moves.joined_by.map(|feature| feature.on_behalf_of()), Some(27));
    assert_eq!(moves.conversation, recorded.call);
    scene.settled();
}

#[test]
fn on_demand_a_call_is_recorded_while_somebody_wants_it() {
    let mut scene = Scene::new(&recorded(RecordingOption::Selective, Unrecorded::GoesOn));
    let call = scene.answered();
    scene.world.silent();
    assert!(!scene.order(CallSide::Calling, Turn::On), "Alice's line is not to be recorded");
    for _ in 0..2 {
        assert!(scene.order(CallSide::Called, Turn::On));
        let (invite, _, _) = scene.invited();
        scene.recorder_answers(&invite, ANSWER);
        scene.media();
        assert!(scene.order(CallSide::Called, Turn::Off));
        scene.recorder_is_left();
        scene.media();
    }
    scene.world.silent();
    scene.hang_up(&call);
    scene.settled();
}

/// An answer to what was offered on hold says nothing of what flows since.
#[test]
fn a_recorder_called_on_hold_that_answers_after_it_is_told_what_flows() {
    let mut scene = Scene::new(&recorded(RecordingOption::Selective, Unrecorded::GoesOn));
    let call = scene.answered();
    scene.reoffer(&call, "a=sendonly\r\n", "a=recvonly\r\n");
    assert!(scene.order(CallSide::Called, Turn::On));
    let (held, sdp, _) = scene.invited();
    assert_eq!(sdp.matches("a=inactive\r\n").count(), 2, "{sdp}");
    scene.reoffer(&call, "", "");
    scene.recorder_answers(&held, &ANSWER.replace("a=recvonly", "a=inactive"));
    let (resumed, sdp, _) = scene.invited();
    assert_eq!(sdp.matches("a=sendonly\r\n").count(), 2, "{sdp}");
    scene.recorder_answers(&resumed, ANSWER);
    assert!(scene.told().contains(&"B to 192.0.2.77:7000".to_owned()));
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

#[test]
fn one_of_two_recordings_ends_and_the_tone_of_the_other_stays() {
    let mut draft = recorded(RecordingOption::Selective, Unrecorded::GoesOn);
    draft.lines[0].phones[0].recording = draft.lines[1].phones[0].recording.clone();
    draft.recording.tone = RecordingTone { recorded: true, other_party: true };
    let mut scene = Scene::new(&draft);
    let call = scene.answered();
    for party in [CallSide::Calling, CallSide::Called] {
        assert!(scene.order(party, Turn::On));
        let (invite, ..) = scene.invited();
        scene.recorder_answers(&invite, ANSWER);
        let told = scene.told();
        assert_eq!(told.iter().filter(|told| told.ends_with("true")).count(), 2, "{told:?}");
    }
    assert!(scene.order(CallSide::Calling, Turn::Off));
    scene.recorder_is_left();
    assert_eq!(scene.told(), Vec::<String>::new(), "both hear the tone of the other recording");
    assert!(scene.order(CallSide::Called, Turn::Off));
    scene.recorder_is_left();
    let mut told = scene.told();
    told.sort_unstable();
    assert_eq!(told, ["tone A false", "tone B false"]);
    scene.hang_up(&call);
    scene.settled();
}

#[test]
fn a_code_records_the_call_on_hold_and_stops_that() {
    let mut draft = recorded(RecordingOption::Selective, Unrecorded::GoesOn);
    let code = PatternDraft { pattern: "*58".into(), ..PatternDraft::default() };
    draft.plan.features = vec![FeatureDraft::access_code(code, FeatureCode::Record(Turn::Over))];
    let mut scene = Scene::new(&draft);
    let call = scene.answered();
    scene.reoffer(&call, "a=sendonly\r\n", "a=recvonly\r\n");
    for (text, expect) in [("\"Recording\"", true), ("\"Recording off\"", false)] {
        scene.world.invite(&mut scene.bob, "*58");
        scene.media();
        let recorder = if expect { Some(scene.invited()) } else { None };
        if !expect {
            scene.recorder_is_left();
        }
        let ok = scene.world.expect(&scene.bob, "SIP/2.0 200 ");
        assert!(ok.contains(text), "{ok}");
        if let Some((invite, sdp, _)) = recorder {
            assert_eq!(sdp.matches("a=inactive\r\n").count(), 2, "{sdp}");
            scene.recorder_answers(&invite, &ANSWER.replace("a=recvonly", "a=inactive"));
        }
        assert_eq!(scene.calls().iter().any(|call| call.is_recorded), expect);
        scene.bob.remote_tag = tag_of(&ok, "To").to_owned();
        for method in ["ACK", "BYE"] {
            let request = scene.bob.request(method, "", "");
            scene.world.from(scene.bob.address, &request);
        }
        scene.world.expect(&scene.bob, "SIP/2.0 200 ");
        scene.media();
    }
    scene.hang_up(&call);
    scene.settled();
}

#[test]
fn a_phone_that_is_recorded_neither_makes_nor_takes_intercom_calls() {
    let mut draft = recorded(RecordingOption::Automatic, Unrecorded::GoesOn);
    draft.lines[1].phones[0].name = "desk".into();
    for (number, phone) in [("901", "other"), ("902", "desk")] {
        let secret = LineSecret::Password(Secret::new(password(number).into()));
        let mut line = Line::on(number, "", vec![PhoneDraft::new(phone, secret)]);
        line.intercom = Some(Box::default());
        draft.lines.push(line);
    }
    let mut scene = Scene::new(&draft);
    let mut other = Phone::new("901", "192.0.2.31:5060");
    let mut desk = Phone::new("902", "192.0.2.32:5060");
    scene.world.register(&mut other);
    scene.world.register(&mut desk);
    let call = scene.answered();
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, ANSWER);
    for (caller, called) in [(&mut other, "902"), (&mut desk, "901")] {
        scene.world.invite(caller, called);
        let busy = scene.world.expect(caller, "SIP/2.0 486 ");
        scene.world.from(caller.address, &caller.acknowledge(&busy));
    }
    scene.hang_up(&call);
    scene.recorder_is_left();
    // Nobody is recorded any more.
    scene.world.invite(&mut other, "902");
    let rings = scene.world.expect(&desk, "INVITE ");
    scene.world.from(desk.address, &desk.respond(&rings, "486 Busy Here", ""));
    scene.world.expect(&desk, "ACK ");
    let busy = scene.world.expect(&other, "SIP/2.0 486 ");
    scene.world.from(other.address, &other.acknowledge(&busy));
    scene.settled();
}

#[test]
fn a_recording_ends_when_its_party_sends_the_other_one_on() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    let mut carol = Phone::new("1003", "192.0.2.30:5060");
    scene.world.register(&mut carol);
    let call = scene.answered();
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, ANSWER);
    scene.media();
    let refer = scene.bob.request_back(&call, "REFER", "");
    let head = "Refer-To: <sip:1003@strowger.test>\r\nContent-Length: 0";
    scene.world.from(scene.bob.address, &refer.replace("Content-Length: 0", head));
    scene.world.expect(&scene.bob, "SIP/2.0 202 ");
    let notify = scene.world.expect(&scene.bob, "NOTIFY ");
    scene.world.from(scene.bob.address, &scene.bob.respond(&notify, "200 OK", ""));
    scene.media();
    let rung = scene.world.expect(&carol, "INVITE ");
    scene.world.from(carol.address, &carol.respond(&rung, "180 Ringing", ""));
    scene.media();
    // Bob hears that it went well and leaves: nothing of him is recorded any more.
    let notify = scene.world.expect(&scene.bob, "NOTIFY ");
    scene.world.from(scene.bob.address, &scene.bob.respond(&notify, "200 OK", ""));
    scene.world.expect(&scene.bob, "BYE ");
    scene.world.expect(&scene.alice, "INVITE ");
    scene.recorder_is_left();
    assert!(scene.news().iter().any(|news| matches!(news, RecordingNews::Ended(_))));
}
