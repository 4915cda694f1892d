//! Calls that are recorded, as raw SIP between phones, the node and a recorder (RFC 7866).

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::Secret;
use strowger_base::feature::{FeatureCode, FeatureRequest, Turn};
use strowger_base::journal::{
    Alarm, Copies, Decision, Entry, KeysOutcome, RecordingNews, ToneFor, WhyFeatureRefused, WhyNotRecorded,
};
use strowger_base::net::Transport;
use strowger_callcontrol::configuration::{
    HoldMode, LineRecording, RecorderEncryption, RecordingOption, RecordingProfile, RecordingTone, Unrecorded,
};
use strowger_callcontrol::io::{CallSide, Order, OrderKind};
use strowger_media::control::{Command, PortId, Report};
use strowger_media::statistics::{PortStatistics, StreamStatistics};
use strowger_node::configuration::{FeatureDraft, Line, LineSecret, PatternDraft, PhoneDraft};
use strowger_node::io::{Answer, CallView, QueryId, Question};
use strowger_node::{Draft, Input};
use strowger_sip::io::Trunk;
use world::{Phone, World, body_of, draft, header, password, tag_of};

const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 192.0.2.77\r\nt=0 0\r\n\
    m=audio 7000 RTP/AVP 0 8 101\r\na=recvonly\r\nm=audio 7002 RTP/AVP 0 8 101\r\na=recvonly\r\n";

/// Bob's line is recorded.
fn recorded(option: RecordingOption, unrecorded: Unrecorded) -> Draft {
    let mut draft = draft();
    let destination: SocketAddr = "192.0.2.77:5060".parse().unwrap();
    draft.trunks.push(Trunk {
        name: "recorder".into(),
        destination,
        transport: Transport::Udp,
        sources: vec![(destination.ip(), None)],
    });
    let profile = RecordingProfile {
        name: "agents".into(),
        trunk: "recorder".into(),
        number: "7000".into(),
        unrecorded,
        encryption: RecorderEncryption::default(),
    };
    draft.recording.profiles.insert(profile.name.clone(), Arc::new(profile));
    draft.recording.tone = RecordingTone { recorded: false, other_party: true };
    draft.lines[1].phones[0].recording = Some(Box::new(LineRecording { option, profile: "agents".into() }));
    draft.hold = HoldMode::PassedOn;
    draft
}

/// Alice, Bob, the recorder, and the media workers between them.
struct Scene {
    world: World,
    alice: Phone,
    bob: Phone,
    recorder: Phone,
    next_port: u16,
    /// What the workers were told of copies and tones.
    told: Vec<String>,
    /// The ports of copies that are open.
    forks: Vec<PortId>,
    /// The keys that each phone offers and answers with.
    keys: String,
    /// The protocol of media with keys.
    protocol: &'static str,
    /// What Alice was answered.
    answer: String,
}

impl Scene {
    fn new(draft: &Draft) -> Self {
        let mut world = World::new(draft);
        let mut alice = Phone::new("1001", "192.0.2.10:5060");
        let mut bob = Phone::new("1002", "192.0.2.20:5060");
        let recorder = Phone::new("7000", "192.0.2.77:5060");
        world.register(&mut alice);
        world.register(&mut bob);
        let (told, forks, keys, answer) = (Vec::new(), Vec::new(), KEYS.to_owned(), String::new());
        let (next_port, protocol) = (20_000, "RTP/SAVP");
        Scene { world, alice, bob, recorder, next_port, told, forks, keys, protocol, answer }
    }

    /// The workers do what they are told: what is opened gets ports, what is closed is reported.
    fn media(&mut self) {
        while !self.world.media.is_empty() {
            for command in std::mem::take(&mut self.world.media) {
                if let Command::OpenFork { port, .. } = &command {
                    self.forks.push(*port);
                }
                self.forks.retain(|fork| !matches!(command, Command::Close { port } if port == *fork));
                match command {
                    Command::OpenRelay { port } | Command::OpenFork { port, .. } => {
                        let [a, b] =
                            [0, 2].map(|plus| SocketAddr::from(([192, 0, 2, 1], self.next_port + plus)));
                        self.next_port += 4;
                        self.world.input(Input::Media(Report::Opened { port, a, b: Some(b) }));
                    }
                    Command::Close { port } => {
                        let statistics = Box::new(PortStatistics::default());
                        self.world.input(Input::Media(Report::Closed { port, statistics }));
                    }
                    Command::Copy { side, to, .. } => {
                        let to = to.map_or("nowhere".to_owned(), |to| to.remote.to_string());
                        self.told.push(format!("{side:?} to {to}"));
                    }
                    Command::Warn { side, types, .. } => {
                        self.told.push(format!("tone {side:?} {}", types.is_some()));
                    }
                    Command::OpenEndpoint { port, .. } => {
                        let a = SocketAddr::from(([192, 0, 2, 1], self.next_port));
                        self.next_port += 4;
                        self.world.input(Input::Media(Report::Opened { port, a, b: None }));
                    }
                    Command::Unseal { keys, .. } => {
                        let told = format!("unseal A {} B {}", keys.a.is_some(), keys.b.is_some());
                        self.told.push(told);
                    }
                    Command::Protect { keys, .. } => {
                        let told = format!("protect A {} B {}", keys.a.is_some(), keys.b.is_some());
                        self.told.push(told);
                    }
                    Command::Direct { .. } | Command::Play { .. } | Command::Connect { .. } => {}
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    /// What the workers were told since.
    fn told(&mut self) -> Vec<String> {
        self.media();
        std::mem::take(&mut self.told)
    }

    /// Alice calls Bob, who answers. Returns what Bob was sent.
    fn answered(&mut self) -> String {
        self.world.invite(&mut self.alice, "1002");
        self.media();
        let invite = self.world.expect(&self.bob, "INVITE ");
        let sdp = self.bob.sdp();
        self.world.from(self.bob.address, &self.bob.respond(&invite, "200 OK", &sdp));
        self.world.expect(&self.bob, "ACK ");
        let ok = self.world.expect(&self.alice, "SIP/2.0 200 ");
        self.alice.remote_tag = tag_of(&ok, "To").to_owned();
        let ack = self.alice.request("ACK", "", "");
        self.media();
        self.world.from(self.alice.address, &ack);
        self.media();
        invite
    }

    fn secure(&self, phone: &Phone) -> String {
        phone.sdp().replace("RTP/AVP", self.protocol) + &self.keys
    }

    /// The same with keys on both sides.
    fn answered_encrypted(&mut self) -> String {
        let sdp = (self.secure(&self.alice), self.secure(&self.bob));
        let request = self.world.authorized_invite(&mut self.alice, "1002");
        let plain = self.alice.sdp();
        let request = request.replace(&plain, &sdp.0);
        let length = format!("Content-Length: {}\r\n", plain.len());
        let request = request.replace(&length, &format!("Content-Length: {}\r\n", sdp.0.len()));
        self.world.from(self.alice.address, &request);
        self.world.expect(&self.alice, "SIP/2.0 100 ");
        self.media();
        let invite = self.world.expect(&self.bob, "INVITE ");
        self.world.from(self.bob.address, &self.bob.respond(&invite, "200 OK", &sdp.1));
        self.world.expect(&self.bob, "ACK ");
        let ok = self.world.expect(&self.alice, "SIP/2.0 200 ");
        self.answer.clone_from(&ok);
        self.alice.remote_tag = tag_of(&ok, "To").to_owned();
        let ack = self.alice.request("ACK", "", "");
        self.world.from(self.alice.address, &ack);
        invite
    }

    /// The next INVITE for the recorder, with its description and what it is told.
    fn invited(&mut self) -> (String, String, String) {
        self.media();
        let invite = self.world.expect(&self.recorder, "INVITE ");
        let boundary = header(&invite, "Content-Type").strip_prefix("multipart/mixed;boundary=").unwrap();
        let parts: Vec<String> =
            body_of(&invite).split(&format!("--{boundary}")).map(str::to_owned).collect();
        (invite, parts[1].clone(), parts[2].clone())
    }

    fn recorder_answers(&mut self, invite: &str, sdp: &str) {
        self.world.from(self.recorder.address, &self.recorder.respond(invite, "200 OK", sdp));
        self.world.expect(&self.recorder, "ACK ");
    }

    fn recorder_hangs_up(&mut self, invite: &str) {
        let bye = self.recorder.request_back(&invite.replace(">;+sip.src", ">"), "BYE", "");
        self.world.from(self.recorder.address, &bye);
        self.world.expect(&self.recorder, "SIP/2.0 200 ");
        self.media();
    }

    fn recorder_refuses(&mut self, invite: &str) {
        self.world.from(self.recorder.address, &self.recorder.respond(invite, "486 Busy Here", ""));
        self.world.expect(&self.recorder, "ACK ");
    }

    /// Bob offers this in his call, and Alice answers the same way.
    fn reoffer(&mut self, invite: &str, theirs: &str, answer: &str) {
        self.exchange(invite, &(self.bob.sdp() + theirs), &(self.alice.sdp() + answer));
    }

    /// The same with keys.
    fn reoffer_encrypted(&mut self, invite: &str, theirs: &str, answer: &str) {
        let (own, other) = (self.secure(&self.bob) + theirs, self.secure(&self.alice) + answer);
        self.exchange(invite, &own, &other);
    }

    fn exchange(&mut self, invite: &str, offer: &str, answer: &str) {
        let request = self.bob.request_back(invite, "INVITE", offer);
        self.world.from(self.bob.address, &request);
        self.world.expect(&self.bob, "SIP/2.0 100 ");
        let passed = self.world.expect(&self.alice, "INVITE ");
        self.world.from(self.alice.address, &self.alice.respond(&passed, "200 OK", answer));
        self.world.expect(&self.alice, "ACK ");
        self.world.expect(&self.bob, "SIP/2.0 200 ");
        let told = std::mem::take(&mut self.world.sent);
        let ack = self.bob.request_back(invite, "ACK", "");
        self.world.from(self.bob.address, &ack);
        self.world.sent.extend(told);
    }

    /// Bob hangs up.
    fn hang_up(&mut self, invite: &str) {
        let bye = self.bob.request_back(invite, "BYE", "");
        self.world.from(self.bob.address, &bye);
        self.world.expect(&self.bob, "SIP/2.0 200 ");
        let bye = self.world.expect(&self.alice, "BYE ");
        self.world.from(self.alice.address, &self.alice.respond(&bye, "200 OK", ""));
        self.media();
    }

    fn recorder_is_left(&mut self) {
        let bye = self.world.expect(&self.recorder, "BYE ");
        self.world.from(self.recorder.address, &self.recorder.respond(&bye, "200 OK", ""));
    }

    /// Somebody wants a party recorded, or not any more.
    fn order(&mut self, party: CallSide, turn: Turn) -> bool {
        let call = self.world.records().iter().find_map(|record| record.call).unwrap();
        let what = OrderKind::Feature { party, request: FeatureRequest::Record(turn) };
        let order = Box::new(Order { call, what, who: "test".into() });
        self.world.input(Input::Order { query: QueryId(1), order });
        let Some(Answer::Ordered(result)) = self.world.answers.pop() else { panic!("no answer") };
        result.is_ok()
    }

    fn calls(&mut self) -> Vec<CallView> {
        let Answer::Calls(calls) = self.world.ask(Question::Calls { before: None, limit: 10 }) else {
            panic!("no calls");
        };
        calls
    }

    fn news(&self) -> Vec<RecordingNews<'_>> {
        let of = |entry| match entry {
            Entry::Decision(Decision::Recording(news)) => Some(news),
            _ => None,
        };
        self.world.records().into_iter().filter_map(|record| of(record.entry)).collect()
    }

    fn alarms(&self) -> usize {
        let is =
            |entry: &Entry<'_>| matches!(entry, Entry::Alarm(Alarm::NotRecorded { profile: "agents", .. }));
        self.world.records().iter().filter(|record| is(&record.entry)).count()
    }

    fn settled(mut self) {
        self.media();
        self.world.silent();
        self.world.settled();
    }
}

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

/// Bob's line is recorded, with this encryption of the copies.
fn encrypted(encryption: RecorderEncryption) -> Scene {
    let mut draft = recorded(RecordingOption::Automatic, Unrecorded::GoesOn);
    let profile = draft.recording.profiles.get_mut("agents").unwrap();
    Arc::make_mut(profile).encryption = encryption;
    Scene::new(&draft)
}

/// An answer of a recorder that takes the third key of each stream.
fn with_keys(answer: &str) -> String {
    answer
        .replace("RTP/AVP", "RTP/SAVP")
        .replace("a=recvonly\r\n", &format!("a=recvonly\r\n{}", KEYS.replace(":1", ":3")))
}

#[test]
fn an_encrypted_call_is_copied_with_keys_of_its_own() {
    let mut draft = recorded(RecordingOption::Automatic, Unrecorded::GoesOn);
    draft.recording.tone = RecordingTone::default();
    let mut scene = Scene::new(&draft);
    let call = scene.answered_encrypted();
    let (invite, sdp, _) = scene.invited();
    assert_eq!(sdp.matches(" RTP/SAVP ").count(), 2, "{sdp}");
    assert_eq!(sdp.matches("a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:").count(), 2, "{sdp}");
    let mut lines: Vec<&str> = sdp.lines().filter(|line| line.starts_with("a=crypto:")).collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 8, "no key is used twice");
    assert!(!sdp.contains("d0RmdmcmVCspeEc3"), "nor one of the call: {sdp}");
    assert_eq!(scene.told(), ["unseal A true B true"], "with no tone to be heard keys pass as they are");
    scene.recorder_answers(&invite, &with_keys(ANSWER));
    let expect = ["protect A true B true", "B to 192.0.2.77:7000", "A to 192.0.2.77:7002"];
    assert_eq!(scene.told(), expect, "keys come before the copies");
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

/// The keys that a description gives.
fn keys_in(message: &str) -> Vec<String> {
    let is_key = |line: &&str| line.starts_with("a=crypto:");
    body_of(message).lines().filter(is_key).map(str::to_owned).collect()
}

#[test]
fn both_parties_of_an_encrypted_call_hear_that_it_is_recorded() {
    for option in [RecordingOption::Automatic, RecordingOption::Selective] {
        let mut draft = recorded(option, Unrecorded::GoesOn);
        draft.recording.tone = RecordingTone { recorded: true, other_party: true };
        let mut scene = Scene::new(&draft);
        let call = scene.answered_encrypted();
        let theirs = KEYS.split_once("inline:").unwrap().1.trim_end();
        let (to_bob, to_alice) = (keys_in(&call), keys_in(&scene.answer));
        assert_eq!(to_bob.len(), 4, "one of each suite: {to_bob:?}");
        assert_eq!(to_alice.len(), 1, "{to_alice:?}");
        assert!(to_alice[0].starts_with("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"), "{to_alice:?}");
        let all = || to_bob.iter().chain(&to_alice).map(|line| line.split_once("inline:").unwrap().1);
        assert!(!all().any(|key| key == theirs), "neither has a key of the other one");
        assert_eq!(all().collect::<BTreeSet<_>>().len(), 5, "no key is used twice");
        let is_told = |entry: &Entry<'_>| matches!(entry, Entry::Decision(Decision::Keys(keys)) if keys.outcome == KeysOutcome::BothToServer);
        assert_eq!(scene.world.records().iter().filter(|record| is_told(&record.entry)).count(), 1);

        assert_eq!(scene.told(), ["protect A true B true"], "the relay has the keys of both");
        if option == RecordingOption::Selective {
            assert!(scene.order(CallSide::Called, Turn::On));
        }
        let (invite, sdp, _) = scene.invited();
        assert_eq!(sdp.matches(" RTP/SAVP ").count(), 2, "{sdp}");
        scene.recorder_answers(&invite, &with_keys(ANSWER));
        let expect = [
            "protect A true B true",
            "B to 192.0.2.77:7000",
            "A to 192.0.2.77:7002",
            "tone B true",
            "tone A true",
        ];
        assert_eq!(scene.told(), expect, "the copies have keys, and what the relay opened needs none");
        for to in [ToneFor::Recorded, ToneFor::OtherParty] {
            assert!(scene.news().contains(&RecordingNews::Tone { to, codec: "PCMA" }), "{:?}", scene.news());
        }

        // What is offered later has the same keys, so that the relay goes on with them.
        scene.reoffer_encrypted(&call, "a=sendonly\r\n", "a=recvonly\r\n");
        assert!(!scene.told().iter().any(|told| told.starts_with("unseal")), "nothing passes as it is");
        let (held, ..) = scene.invited();
        scene.recorder_answers(&held, &with_keys(ANSWER).replace("a=recvonly", "a=inactive"));
        scene.told();
        scene.hang_up(&call);
        scene.recorder_is_left();
        scene.settled();
    }
}

#[test]
fn a_suite_that_only_the_devices_know_passes_as_it_is() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    scene.keys = KEYS.replace("AES_CM_128_HMAC_SHA1_80", "F8_128_HMAC_SHA1_80");
    let call = scene.answered_encrypted();
    assert_eq!(keys_in(&call), [scene.keys.trim_end()]);
    assert_eq!(scene.told(), Vec::<String>::new());
    assert_eq!(scene.news(), [RecordingNews::Refused(WhyNotRecorded::Encrypted)]);
    scene.hang_up(&call);
    scene.settled();
}

#[test]
fn nobody_hears_the_tone_where_keys_are_offered_beside_rtp() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    scene.protocol = "RTP/AVP";
    let call = scene.answered_encrypted();
    assert_eq!(keys_in(&call), [KEYS.trim_end()], "who answers may want RTP");
    let (invite, ..) = scene.invited();
    assert_eq!(scene.told(), ["unseal A true B true"]);
    scene.recorder_answers(&invite, &with_keys(ANSWER));
    let expect = ["protect A true B true", "B to 192.0.2.77:7000", "A to 192.0.2.77:7002", "tone A false"];
    assert_eq!(scene.told(), expect, "no tone is mixed into what nobody opens");
    let no_tone = RecordingNews::NoToneSealed { to: ToneFor::OtherParty };
    assert!(scene.news().contains(&no_tone), "{:?}", scene.news());
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

#[test]
fn an_encrypted_call_is_copied_in_the_clear_only_where_its_profile_says_so() {
    // A recorder that takes the streams and no keys.
    let mut scene = encrypted(RecorderEncryption::AsTheCall);
    let call = scene.answered_encrypted();
    let (invite, ..) = scene.invited();
    scene.told();
    scene.recorder_answers(&invite, ANSWER);
    scene.recorder_is_left();
    assert!(!scene.told().iter().any(|told| told.contains("192.0.2.77")));
    assert_eq!(scene.news().last(), Some(&RecordingNews::Refused(WhyNotRecorded::NoKeys)));
    assert_eq!(scene.alarms(), 1);
    scene.hang_up(&call);
    scene.settled();

    let mut scene = encrypted(RecorderEncryption::Never);
    let call = scene.answered_encrypted();
    scene.world.silent();
    assert_eq!(scene.news(), [RecordingNews::Refused(WhyNotRecorded::NoKeys)]);
    scene.hang_up(&call);
    scene.settled();

    let mut scene = encrypted(RecorderEncryption::IfTaken);
    let call = scene.answered_encrypted();
    let (invite, ..) = scene.invited();
    let refused = scene.recorder.respond(&invite, "488 Not Acceptable Here", "");
    scene.world.from(scene.recorder.address, &refused);
    scene.world.expect(&scene.recorder, "ACK ");
    scene.world.pass(Duration::from_millis(1));
    let (invite, sdp, _) = scene.invited();
    assert_eq!((sdp.matches(" RTP/AVP ").count(), sdp.matches("a=crypto").count()), (2, 0), "{sdp}");
    scene.told();
    scene.recorder_answers(&invite, ANSWER);
    assert_eq!(scene.told()[..2], ["B to 192.0.2.77:7000", "A to 192.0.2.77:7002"]);
    assert!(scene.news().contains(&RecordingNews::InClear));
    assert_eq!(scene.alarms(), 0);
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

#[test]
fn all_copies_are_encrypted_where_the_profile_says_so() {
    let mut scene = encrypted(RecorderEncryption::Always);
    let call = scene.answered();
    let (invite, sdp, _) = scene.invited();
    assert_eq!(sdp.matches(" RTP/SAVP ").count(), 2, "{sdp}");
    assert_eq!(scene.told(), Vec::<String>::new(), "nothing is to be opened");
    scene.recorder_answers(&invite, &with_keys(ANSWER));
    let expect = ["protect A true B true", "B to 192.0.2.77:7000", "A to 192.0.2.77:7002", "tone A true"];
    assert_eq!(scene.told(), expect);
    scene.reoffer(&call, "a=sendonly\r\n", "a=recvonly\r\n");
    let (held, ..) = scene.invited();
    scene.recorder_answers(&held, &with_keys(ANSWER).replace("a=recvonly", "a=inactive"));
    assert_eq!(scene.told()[..3], ["protect A true B true", "B to nowhere", "A to nowhere"]);
    scene.reoffer(&call, "", "");
    let (resumed, ..) = scene.invited();
    let (first, second) = ANSWER.split_at(ANSWER.rfind("m=").unwrap());
    scene.recorder_answers(&resumed, &(with_keys(first) + second));
    let expect = ["A to nowhere", "protect A false B true", "B to 192.0.2.77:7000", "A to nowhere"];
    assert_eq!(scene.told()[..4], expect, "what is not taken with a key ends before it has none");
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

/// The keys that one phone offers.
const KEYS: &str = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n";

#[test]
fn keys_that_nobody_took_are_no_encryption() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    let call = scene.answered();
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, ANSWER);
    scene.told();
    // Bob offers keys beside, which Alice leaves.
    scene.reoffer(&call, KEYS, "");
    scene.media();
    while let Some((peer, message)) = scene.world.sent.pop_front() {
        // The recorder may be told of another description of the media.
        assert!(peer == scene.recorder.address && message.starts_with("INVITE "), "{message}");
        scene.recorder_answers(&message, ANSWER);
    }
    scene.told();
    assert_eq!(scene.alarms(), 0);
    assert!(!scene.news().iter().any(|news| matches!(news, RecordingNews::Refused(_))));
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
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
fn a_recorder_that_takes_no_keys_after_a_change_has_no_copies() {
    let mut scene = encrypted(RecorderEncryption::Always);
    let call = scene.answered();
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, &with_keys(ANSWER));
    scene.reoffer(&call, "a=sendonly\r\n", "a=recvonly\r\n");
    let (held, ..) = scene.invited();
    scene.recorder_answers(&held, &with_keys(ANSWER).replace("a=recvonly", "a=inactive"));
    scene.told();
    scene.reoffer(&call, "", "");
    let (resumed, ..) = scene.invited();
    scene.recorder_answers(&resumed, ANSWER);
    scene.recorder_is_left();
    let expect = ["B to nowhere", "A to nowhere", "protect A false B false", "tone A false"];
    assert_eq!(scene.told(), expect);
    assert_eq!(scene.news().last(), Some(&RecordingNews::Refused(WhyNotRecorded::NoKeys)));
    assert_eq!(scene.alarms(), 1);
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
