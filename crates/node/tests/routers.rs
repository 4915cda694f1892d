//! Media resources of routers: they register over SCCP, and calls and conferences use them like ours.

#[path = "support/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::journal::{Decision, Entry, MediaNews, Registration};
use strowger_base::net::{Protocol, StreamId, Transport};
use strowger_dialplan::resources::{Function, Resource};
use strowger_media::control::{Command, Report};
use strowger_node::configuration::StationDraft;
use strowger_node::io::{Answer, Question, ResourceStanding};
use strowger_node::{Draft, Input};
use strowger_phones::skinny::router::{BRIDGE, Router, TRANSCODER};
use strowger_sccp::resources::io::ResourceKind;
use strowger_sccp::station::device::Device;
use world::{Phone, World, body_of, draft, tag_of};

/// Devices that an operator has named: a transcoder XCODE1 and a bridge CFB1, both in no group.
fn with_routers() -> Draft {
    let mut draft = draft();
    draft.media.in_use = true;
    for (name, function, kind) in [
        ("XCODE1", Function::Transcoder, ResourceKind::Transcoder),
        ("CFB1", Function::ConferenceBridge, ResourceKind::ConferenceBridge),
    ] {
        let resource = Resource { function, is_trusted: false, capacity: None, is_device: true };
        draft.media.table.add(name, resource);
        let device = Arc::new(Device { resource: Some(kind), ..Device::default() });
        draft.stations.stations.push(StationDraft { name: name.into(), device, lines: Vec::new() });
    }
    draft
}

/// A world with routers, by their connections.
struct Net {
    world: World,
    routers: BTreeMap<u64, Router>,
}

impl Net {
    fn new() -> Self {
        Net { world: World::new(&with_routers()), routers: BTreeMap::new() }
    }

    #[track_caller]
    fn comes(&mut self, stream: u64, mut router: Router) {
        router.connects();
        let (peer, local) = ((router.ip, 49_152).into(), ([192, 0, 2, 1], 2000).into());
        let (protocol, transport) = (Protocol::Sccp, Transport::Tcp);
        self.world.input(Input::StreamOpened { stream: StreamId(stream), protocol, transport, local, peer });
        self.routers.insert(stream, router);
        self.settle();
    }

    fn breaks(&mut self, stream: u64) {
        self.routers.remove(&stream);
        self.world.input(Input::StreamClosed { stream: StreamId(stream) });
        self.settle();
    }

    #[track_caller]
    fn does(&mut self, stream: u64, act: impl FnOnce(&mut Router)) {
        act(self.routers.get_mut(&stream).expect("a router"));
        self.settle();
    }

    /// Everything that was said is heard; our own media worker has ports as well.
    #[track_caller]
    fn settle(&mut self) {
        loop {
            for command in std::mem::take(&mut self.world.media) {
                let at = |port: u16| ([192, 0, 2, 1], port).into();
                match command {
                    Command::OpenEndpoint { port, .. } => {
                        let (a, b) = (at(30_000 + 2 * port.0 as u16), None);
                        self.world.input(Input::Media(Report::Opened { port, a, b }));
                    }
                    Command::OpenRelay { port } => {
                        let (a, b) = (at(40_000), Some(at(40_002)));
                        self.world.input(Input::Media(Report::Opened { port, a, b }));
                    }
                    Command::OpenAt { .. } => panic!("a worker was told what is for a device"),
                    Command::Close { port } => {
                        let statistics = Box::default();
                        self.world.input(Input::Media(Report::Closed { port, statistics }));
                    }
                    _ => {}
                }
            }
            for (stream, bytes) in std::mem::take(&mut self.world.streams) {
                if let Some(router) = self.routers.get_mut(&stream.0) {
                    router.hears(&bytes);
                    assert_eq!(router.complaint, None, "{}", router.name);
                }
            }
            let said = self.routers.iter_mut().find(|(_, router)| !router.sends.is_empty());
            let Some((stream, router)) = said else {
                if self.world.streams.is_empty() && self.world.media.is_empty() {
                    return;
                }
                continue;
            };
            let (stream, bytes) = (StreamId(*stream), std::mem::take(&mut router.sends));
            self.world.input(Input::StreamBytes { stream, bytes: &bytes });
        }
    }

    fn shows(&self, stream: u64) -> String {
        self.routers[&stream].shows().join("; ")
    }

    fn in_use(&mut self, name: &str) -> (Option<bool>, u32, u64) {
        let Answer::MediaResources(resources) = self.world.ask(Question::MediaResources) else {
            panic!("another answer")
        };
        let one = resources.iter().find(|it| *it.name == *name).expect("the resource");
        (one.is_present, one.in_use, one.allocated)
    }

    fn standing(&mut self, name: &str) -> Option<ResourceStanding> {
        let Answer::Stations { stations, .. } = self.world.ask(Question::Stations { after: Box::default() })
        else {
            panic!("another answer")
        };
        stations.into_iter().find(|it| *it.device == *name)?.resource
    }

    /// What calls had to do with media resources.
    fn news(&self) -> Vec<String> {
        let records = self.world.records();
        let news = records.iter().filter_map(|record| match record.entry {
            Entry::Decision(Decision::Resource(news)) => Some(match news {
                MediaNews::Taken { resource, .. } => format!("{resource} is taken"),
                MediaNews::Exhausted { full, .. } => format!("none: {full}"),
                MediaNews::Transcodes { caller, called } => format!("{caller} / {called}"),
                MediaNews::DeviceLost { device, reason } => format!("{device} is lost: {reason}"),
                other => format!("{other:?}"),
            }),
            _ => None,
        });
        news.collect()
    }
}

fn transcoder(version: u8) -> Router {
    Router::new("XCODE1", TRANSCODER, version, [192, 0, 2, 250])
}

fn phones(net: &mut Net) -> [Phone; 2] {
    let mut phones = [("1001", "192.0.2.10:5060"), ("1002", "192.0.2.20:5060")]
        .map(|(number, address)| Phone::new(number, address));
    phones.iter_mut().for_each(|phone| net.world.register(phone));
    phones
}

fn description(phone: &Phone, formats: &str) -> String {
    let address = phone.address.ip();
    format!(
        "v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio 4000 RTP/AVP {formats}\r\n"
    )
}

fn media(message: &str) -> String {
    let lines = || body_of(message).lines();
    let address = lines().find_map(|line| line.strip_prefix("c=IN IP4 ")).expect("an address");
    format!("{address} {}", lines().find(|line| line.starts_with("m=")).expect("media"))
}

/// Alice, who has G.722 and G.711, calls Bob, who has G.729 alone, and refuses what she offers.
#[track_caller]
fn calls(net: &mut Net, alice: &mut Phone, bob: &Phone) {
    let request = net.world.authorized_invite(alice, "1002");
    let (head, body) = request.split_once("\r\n\r\n").expect("a body");
    let sdp = description(alice, "9 0 8 101\r\na=rtpmap:101 telephone-event/8000");
    let length = |body: &str| format!("Content-Length: {}", body.len());
    let head = head.replace(&length(body), &length(&sdp));
    net.world.from(alice.address, &format!("{head}\r\n\r\n{sdp}"));
    net.world.expect(alice, "SIP/2.0 100 ");
    let invite = net.world.expect(bob, "INVITE ");
    net.world.from(bob.address, &bob.respond(&invite, "488 Not Acceptable Here", ""));
    net.world.expect(bob, "ACK ");
    net.settle();
}

/// Bob answers with G.729; the call is up. Returns what he was offered and what Alice is answered.
#[track_caller]
fn answers(net: &mut Net, alice: &mut Phone, bob: &mut Phone) -> (String, String) {
    let invite = net.world.expect(bob, "INVITE ");
    let answer = description(bob, "18 101\r\na=rtpmap:101 telephone-event/8000");
    net.world.from(bob.address, &bob.respond(&invite, "200 OK", &answer));
    net.world.expect(bob, "ACK ");
    let ok = net.world.expect(alice, "SIP/2.0 200 ");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    net.world.from(alice.address, &ack);
    net.settle();
    (media(&invite), media(&ok))
}

#[track_caller]
fn hangs_up(net: &mut Net, alice: &mut Phone, bob: &Phone) {
    let bye = alice.request("BYE", "", "");
    net.world.from(alice.address, &bye);
    net.world.expect(alice, "SIP/2.0 200 ");
    let bye = net.world.expect(bob, "BYE ");
    net.world.from(bob.address, &bob.respond(&bye, "200 OK", ""));
    net.settle();
}

#[test]
fn a_transcoder_of_a_router_stands_between_g722_and_g729_whatever_version_it_speaks() {
    for version in [5, 8, 11, 17, 22] {
        let mut net = Net::new();
        assert_eq!(net.in_use("XCODE1"), (Some(false), 0, 0));
        net.comes(1, transcoder(version));
        assert!(net.routers[&1].registered, "version {version}");
        assert_eq!(net.in_use("XCODE1"), (Some(true), 0, 0));
        let [mut alice, mut bob] = phones(&mut net);
        calls(&mut net, &mut alice, &bob);
        // The caller may be sent early media already.
        assert_eq!(net.shows(1), "has µ-law to 192.0.2.10:4000 and G.729 to nobody");
        let (offered, answered) = answers(&mut net, &mut alice, &mut bob);
        // The profile has no G.722.
        assert_eq!(offered, "192.0.2.250 m=audio 16388 RTP/AVP 0 8 18 101");
        assert_eq!(answered, "192.0.2.250 m=audio 16386 RTP/AVP 0 101");
        assert_eq!(net.shows(1), "has µ-law to 192.0.2.10:4000 and G.729 to 192.0.2.20:4000");
        let standing = net.standing("XCODE1").expect("a resource");
        assert_eq!((standing.streams, standing.streams_max, standing.sessions), (2, 8, 1));
        assert_eq!(net.in_use("XCODE1"), (Some(true), 1, 1));
        assert_eq!(net.news(), ["XCODE1 is taken", "PCMU / G729"]);
        hangs_up(&mut net, &mut alice, &bob);
        assert_eq!((net.shows(1).as_str(), net.in_use("XCODE1")), ("", (Some(true), 0, 1)));
        net.breaks(1);
        assert_eq!(net.in_use("XCODE1"), (Some(false), 0, 1));
        net.world.settled();
    }
}

#[test]
fn who_is_not_configured_as_that_is_refused() {
    let check = |name: &str, kind: u32, why: &str, shown: &str| {
        let mut net = Net::new();
        net.comes(1, Router::new(name, kind, 17, [192, 0, 2, 250]));
        let router = &net.routers[&1];
        assert_eq!((router.registered, router.rejected.as_deref()), (false, Some(shown)), "{name}");
        let records = net.world.records();
        let refused = records.iter().find_map(|record| match record.entry {
            Entry::Registration(Registration::StationRefused { why, .. }) => Some(why),
            _ => None,
        });
        assert_eq!(refused, Some(why), "{name}");
    };
    check("XCODE2", TRANSCODER, "unknown-device", "Device is not configured");
    check("XCODE1", BRIDGE, "other-kind", "Device is configured otherwise");
    // A phone's model.
    check("XCODE1", 115, "other-kind", "Device is configured otherwise");
    check("CFB1", TRANSCODER, "other-kind", "Device is configured otherwise");
}

#[test]
fn a_lost_connection_is_told_in_the_call_and_another_transcoder_takes_over() {
    let mut draft = with_routers();
    let resource =
        Resource { function: Function::Transcoder, is_trusted: false, capacity: None, is_device: true };
    draft.media.table.add("XCODE2", resource);
    let device = Arc::new(Device { resource: Some(ResourceKind::Transcoder), ..Device::default() });
    draft.stations.stations.push(StationDraft { name: "XCODE2".into(), device, lines: Vec::new() });
    let mut net = Net { world: World::new(&draft), routers: BTreeMap::new() };
    net.comes(1, transcoder(17));
    net.comes(2, Router::new("XCODE2", TRANSCODER, 22, [192, 0, 2, 251]));
    let [mut alice, mut bob] = phones(&mut net);
    calls(&mut net, &mut alice, &bob);
    answers(&mut net, &mut alice, &mut bob);
    net.breaks(1);
    let lost = "XCODE1 is lost: the device that did it is not registered any more";
    assert!(net.news().iter().any(|news| news == lost), "{:?}", net.news());
    // Bob is asked what he has, and Alice has nothing of it.
    let asked = net.world.expect(&bob, "INVITE ");
    assert_eq!(body_of(&asked), "");
    let offer = description(&bob, "18");
    net.world.from(bob.address, &bob.respond(&asked, "200 OK", &offer));
    net.settle();
    let invite = net.world.expect(&alice, "INVITE ");
    assert_eq!(media(&invite), "192.0.2.20 m=audio 4000 RTP/AVP 18");
    net.world.from(alice.address, &alice.respond(&invite, "488 Not Acceptable Here", ""));
    net.world.expect(&alice, "ACK ");
    net.settle();
    let invite = net.world.expect(&alice, "INVITE ");
    assert_eq!(media(&invite), "192.0.2.251 m=audio 16386 RTP/AVP 18 0 8 101");
    let answer = description(&alice, "0");
    net.world.from(alice.address, &alice.respond(&invite, "200 OK", &answer));
    net.settle();
    net.world.expect(&alice, "ACK ");
    let ack = net.world.expect(&bob, "ACK ");
    assert_eq!(media(&ack), "192.0.2.251 m=audio 16388 RTP/AVP 18");
    assert_eq!(net.shows(2), "has µ-law to 192.0.2.10:4000 and G.729 to 192.0.2.20:4000");
    hangs_up(&mut net, &mut alice, &bob);
    assert_eq!(net.shows(2), "");
    net.world.settled();
}

#[test]
fn without_a_transcoder_that_can_be_had_the_call_is_refused_and_says_why() {
    let check = |prepare: &dyn Fn(&mut Net), expect: &[&str]| {
        let mut net = Net::new();
        prepare(&mut net);
        let [mut alice, bob] = phones(&mut net);
        calls(&mut net, &mut alice, &bob);
        net.world.pass(Duration::from_secs(11));
        net.settle();
        let refused = net.world.expect(&alice, "SIP/2.0 ");
        net.world.from(alice.address, &alice.acknowledge(&refused));
        assert_eq!(net.news(), expect, "{refused}");
        assert_eq!(net.in_use("XCODE1").1, 0);
        net.world.settled();
    };
    check(&|_| {}, &["none: XCODE1 (not registered)"]);
    check(
        &|net| {
            net.comes(1, transcoder(17));
            net.does(1, |router| router.has_streams(1));
        },
        &["none: XCODE1 (0 in use)"],
    );
    check(
        &|net| {
            net.comes(1, transcoder(17));
            net.does(1, Router::unregisters);
            assert!(!net.routers[&1].registered);
        },
        &["none: XCODE1 (not registered)"],
    );
    // One that has no codec of Alice's is not even looked at.
    let comes = |net: &mut Net, change: &dyn Fn(&mut Router)| {
        let mut router = transcoder(17);
        change(&mut router);
        net.comes(1, router);
    };
    check(&|net| comes(net, &|router| router.codecs = vec![12, 11]), &[]);
    check(&|net| comes(net, &|router| router.has_no_port = true), &["XCODE1 is taken"]);
    check(&|net| comes(net, &|router| router.is_mute = true), &["XCODE1 is taken"]);
}

#[test]
fn a_router_that_cannot_send_any_more_ends_the_session_and_not_its_registration() {
    let mut net = Net::new();
    net.comes(1, transcoder(17));
    let [mut alice, mut bob] = phones(&mut net);
    calls(&mut net, &mut alice, &bob);
    answers(&mut net, &mut alice, &mut bob);
    net.does(1, |router| {
        let party = *router.streams_open.keys().next().expect("a stream");
        router.fails_to_send(party);
    });
    assert!(net.news().contains(&"XCODE1 is lost: the device cannot send any more".to_owned()));
    assert_eq!((net.shows(1).as_str(), net.in_use("XCODE1")), ("", (Some(true), 0, 1)));
    // It has another one, and so the two are brought together anew.
    net.world.expect(&bob, "INVITE ");
}

#[test]
fn keepalives_are_answered_and_their_lack_is_a_loss() {
    let mut net = Net::new();
    net.comes(1, transcoder(17));
    net.world.pass(Duration::from_secs(30));
    net.does(1, Router::says_that_it_is_there);
    assert_eq!((net.routers[&1].keepalive, net.routers[&1].answers_keepalive), (30, 1));
    assert_eq!(net.in_use("XCODE1").0, Some(true));
    net.world.pass(Duration::from_secs(91));
    assert_eq!((net.in_use("XCODE1").0, net.standing("XCODE1")), (Some(false), None));
}

#[test]
fn nothing_is_pushed_to_a_device_without_a_screen() {
    let mut net = Net::new();
    net.comes(1, transcoder(17));
    let answer = net.world.ask(Question::Push(strowger_node::io::Push {
        device: "XCODE1".into(),
        application: 7,
        priority: 1,
        document: (*b"<CiscoIPPhoneText/>").into(),
        by: "test".into(),
    }));
    assert_eq!(answer, Answer::Pushed(Err(strowger_node::io::PushRefused::NoScreen)));
}
