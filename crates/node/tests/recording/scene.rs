//! Alice, Bob, the recorder, and what is done with them.

use std::net::SocketAddr;
use std::sync::Arc;

use strowger_base::feature::{FeatureRequest, Turn};
use strowger_base::journal::{Alarm, Decision, Entry, RecordingNews};
use strowger_base::net::Transport;
use strowger_callcontrol::configuration::{
    HoldMode, LineRecording, RecorderEncryption, RecordingOption, RecordingProfile, RecordingTone, Unrecorded,
};
use strowger_callcontrol::io::{CallSide, Order, OrderKind};
use strowger_media::control::{Command, PortId, Report};
use strowger_media::statistics::PortStatistics;
use strowger_node::io::{Answer, CallView, QueryId, Question};
use strowger_node::{Draft, Input};
use strowger_sip::io::Trunk;

use crate::world::{Phone, World, body_of, draft, header, tag_of};

pub(crate) const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 192.0.2.77\r\nt=0 0\r\n\
    m=audio 7000 RTP/AVP 0 8 101\r\na=recvonly\r\nm=audio 7002 RTP/AVP 0 8 101\r\na=recvonly\r\n";

/// Bob's line is recorded.
pub(crate) fn recorded(option: RecordingOption, unrecorded: Unrecorded) -> Draft {
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
        search_space: Box::default(),
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
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) alice: Phone,
    pub(crate) bob: Phone,
    pub(crate) recorder: Phone,
    pub(crate) next_port: u16,
    /// What the workers were told of copies and tones.
    pub(crate) told: Vec<String>,
    /// The ports of copies that are open.
    pub(crate) forks: Vec<PortId>,
    /// The keys that each phone offers and answers with.
    pub(crate) keys: String,
    /// The protocol of media with keys.
    pub(crate) protocol: &'static str,
    /// What Alice was answered.
    pub(crate) answer: String,
}

impl Scene {
    pub(crate) fn new(draft: &Draft) -> Self {
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
    pub(crate) fn media(&mut self) {
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
                    Command::Direct { .. }
                    | Command::Suspend { .. }
                    | Command::Play { .. }
                    | Command::Connect { .. } => {}
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    /// What the workers were told since.
    pub(crate) fn told(&mut self) -> Vec<String> {
        self.media();
        std::mem::take(&mut self.told)
    }

    /// Alice calls Bob, who answers. Returns what Bob was sent.
    pub(crate) fn answered(&mut self) -> String {
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

    pub(crate) fn secure(&self, phone: &Phone) -> String {
        phone.sdp().replace("RTP/AVP", self.protocol) + &self.keys
    }

    /// The same with keys on both sides.
    pub(crate) fn answered_encrypted(&mut self) -> String {
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
    pub(crate) fn invited(&mut self) -> (String, String, String) {
        self.media();
        let invite = self.world.expect(&self.recorder, "INVITE ");
        let boundary = header(&invite, "Content-Type").strip_prefix("multipart/mixed;boundary=").unwrap();
        let parts: Vec<String> =
            body_of(&invite).split(&format!("--{boundary}")).map(str::to_owned).collect();
        (invite, parts[1].clone(), parts[2].clone())
    }

    pub(crate) fn recorder_answers(&mut self, invite: &str, sdp: &str) {
        self.world.from(self.recorder.address, &self.recorder.respond(invite, "200 OK", sdp));
        self.world.expect(&self.recorder, "ACK ");
    }

    pub(crate) fn recorder_hangs_up(&mut self, invite: &str) {
        let bye = self.recorder.request_back(&invite.replace(">;+sip.src", ">"), "BYE", "");
        self.world.from(self.recorder.address, &bye);
        self.world.expect(&self.recorder, "SIP/2.0 200 ");
        self.media();
    }

    pub(crate) fn recorder_refuses(&mut self, invite: &str) {
        self.world.from(self.recorder.address, &self.recorder.respond(invite, "486 Busy Here", ""));
        self.world.expect(&self.recorder, "ACK ");
    }

    /// Bob offers this in his call, and Alice answers the same way.
    pub(crate) fn reoffer(&mut self, invite: &str, theirs: &str, answer: &str) {
        self.exchange(invite, &(self.bob.sdp() + theirs), &(self.alice.sdp() + answer));
    }

    /// The same with keys.
    pub(crate) fn reoffer_encrypted(&mut self, invite: &str, theirs: &str, answer: &str) {
        let (own, other) = (self.secure(&self.bob) + theirs, self.secure(&self.alice) + answer);
        self.exchange(invite, &own, &other);
    }

    pub(crate) fn exchange(&mut self, invite: &str, offer: &str, answer: &str) {
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
    pub(crate) fn hang_up(&mut self, invite: &str) {
        let bye = self.bob.request_back(invite, "BYE", "");
        self.world.from(self.bob.address, &bye);
        self.world.expect(&self.bob, "SIP/2.0 200 ");
        let bye = self.world.expect(&self.alice, "BYE ");
        self.world.from(self.alice.address, &self.alice.respond(&bye, "200 OK", ""));
        self.media();
    }

    pub(crate) fn recorder_is_left(&mut self) {
        let bye = self.world.expect(&self.recorder, "BYE ");
        self.world.from(self.recorder.address, &self.recorder.respond(&bye, "200 OK", ""));
    }

    /// Somebody wants a party recorded, or not any more.
    pub(crate) fn order(&mut self, party: CallSide, turn: Turn) -> bool {
        let call = self.world.records().iter().find_map(|record| record.call).unwrap();
        let what = OrderKind::Feature { party, request: FeatureRequest::Record(turn) };
        let order = Box::new(Order { call, what, who: "test".into() });
        self.world.input(Input::Order { query: QueryId(1), order });
        let Some(Answer::Ordered(result)) = self.world.answers.pop() else { panic!("no answer") };
        result.is_ok()
    }

    pub(crate) fn calls(&mut self) -> Vec<CallView> {
        let Answer::Calls(calls) = self.world.ask(Question::Calls { before: None, limit: 10 }) else {
            panic!("no calls");
        };
        calls
    }

    pub(crate) fn news(&self) -> Vec<RecordingNews<'_>> {
        let of = |entry| match entry {
            Entry::Decision(Decision::Recording(news)) => Some(news),
            _ => None,
        };
        self.world.records().into_iter().filter_map(|record| of(record.entry)).collect()
    }

    pub(crate) fn alarms(&self) -> usize {
        let is =
            |entry: &Entry<'_>| matches!(entry, Entry::Alarm(Alarm::NotRecorded { profile: "agents", .. }));
        self.world.records().iter().filter(|record| is(&record.entry)).count()
    }

    pub(crate) fn settled(mut self) {
        self.media();
        self.world.silent();
        self.world.settled();
    }
}

/// The keys that one phone offers.
pub(crate) const KEYS: &str =
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n";
