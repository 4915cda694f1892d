//! Services as devices: the whole table of a service leg, and that no port is left behind.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use strowger_base::leg::{
    Command, Digit, Media, PageSeat, Party, ReleaseReason, Ring, RingStyle, Service, SessionDescription,
    Signal, SrtpOffer, Target,
};
use strowger_base::{Cause, ConferenceId, Instant, LegId, NodeId, Now, Rng, Secret, ShardId, WallTime};
use strowger_media::agent::{Agent, Input, Outbox, Output};
use strowger_media::control::{self, PortId, PortOwner, Report};
use strowger_media::sdp::{AudioSecurity, Wish, peek, set_crypto};
use strowger_media::srtp::KeySource;
use strowger_media::statistics::PortStatistics;

const LEG: LegId = LegId::new(NodeId(1), ShardId(0), 3);

fn now() -> Now {
    Now { mono: Instant::START, wall: WallTime::from_micros(1_800_000_000_000_000) }
}

fn description(streams: &str) -> SessionDescription {
    let text = format!("v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\n{streams}");
    SessionDescription::new(text.as_bytes())
}

fn talk() -> SessionDescription {
    description("m=audio 6000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n")
}

fn hold() -> SessionDescription {
    description("m=audio 6000 RTP/AVP 0\r\na=sendonly\r\n")
}

fn video_only() -> SessionDescription {
    description("m=video 6000 RTP/AVP 31\r\n")
}

fn ring(media: Media) -> Command {
    Command::Ring(Box::new(Ring {
        target: Target::Service(Service::Echo),
        calling: Party::default(),
        called: "9999".into(),
        media,
        hops_remaining: 70,
        reliable_provisional: false,
        diversions: Vec::new(),
        srtp: SrtpOffer::Clear,
        style: RingStyle::default(),
        records: None,
        takes: None,
        keys: strowger_base::leg::KeySignalling::default(),
    }))
}

/// An agent with what it has put out.
struct Bench {
    agent: Agent,
    out: Outbox,
}

impl Bench {
    fn new() -> Self {
        Bench { agent: Agent::new(ShardId(0), KeySource::new(Secret::new([1; 32]))), out: Outbox::default() }
    }

    fn command(&mut self, command: Command) -> String {
        self.input(Input::Command(LEG, command))
    }

    fn report(&mut self, report: Report) -> String {
        self.input(Input::Report(report))
    }

    fn input(&mut self, input: Input) -> String {
        self.agent.handle(now(), input, &mut self.out);
        let words: Vec<String> = self.out.items.drain(..).map(|output| describe(&output)).collect();
        if words.is_empty() { "nothing".into() } else { words.join(", ") }
    }

    /// A leg in the state that these inputs lead to.
    fn in_state(state: &str) -> Self {
        let mut bench = Bench::new();
        match state {
            "Opening" => {
                bench.command(ring(Media::Offer(talk())));
            }
            "FirstOffered" => {
                bench.command(ring(Media::None));
                bench.report(opened());
            }
            "Connected" => {
                bench.command(ring(Media::Offer(talk())));
                bench.report(opened());
            }
            "Reoffered" => {
                bench.command(ring(Media::Offer(talk())));
                bench.report(opened());
                bench.command(Command::RequestMedia);
            }
            other => panic!("no state {other}"),
        }
        bench
    }
}

fn opened() -> Report {
    Report::Opened { port: PortId(3), a: "198.51.100.7:40000".parse().unwrap(), b: None }
}

fn closed() -> Report {
    Report::Closed { port: PortId(3), statistics: Box::new(PortStatistics::default()) }
}

fn media(media: &Media) -> String {
    let show = |description: &SessionDescription| {
        let peek = peek(description.as_bytes()).unwrap();
        let version = std::str::from_utf8(peek.origin.version).unwrap();
        format!("v{version} {} {}", peek.direction.attribute(), peek.codecs)
    };
    match media {
        Media::None => "none".into(),
        Media::Offer(offer) => format!("offer({})", show(offer)),
        Media::Answer(answer) => format!("answer({})", show(answer)),
    }
}

fn describe(output: &Output) -> String {
    match output {
        Output::Signal(leg, signal) => {
            assert_eq!(*leg, LEG);
            match signal {
                Signal::Answered { media: m, connected } => {
                    format!("Answered[{} {}] {}", connected.number, connected.name, media(m))
                }
                Signal::Media(m) => format!("Media {}", media(m)),
                Signal::MediaRefused(cause) => format!("MediaRefused {}", cause.0),
                Signal::Released { cause, reason } => format!("Released {} {reason:?}", cause.0),
                other => panic!("a service never says {other:?}"),
            }
        }
        Output::Media(command) => match command {
            control::Command::OpenEndpoint { port, service } => format!("open {} {service:?}", port.0),
            control::Command::Connect { port, remote, format, send, .. } => {
                format!("connect {} {remote} {} {send}", port.0, format.codec.name())
            }
            control::Command::Close { port } => format!("close {}", port.0),
            other => panic!("a service never wants {other:?}"),
        },
        Output::Heard(_, digit) => format!("heard {}", digit.key),
        Output::PortLost(_) => "port lost".to_owned(),
        Output::NoPort { reason, is_news, .. } => {
            format!("no port ({reason}){}", if *is_news { ", alarm" } else { "" })
        }
        Output::Quality(_, statistics) => format!("quality {} packets", statistics.packets),
    }
}

/// Every state and every input: `state < input > outputs; legs, ports`.
#[test]
fn the_table_of_a_service_leg() {
    let digit = Digit { key: '5', duration_ms: 100 };
    let inputs: Vec<(&str, Input)> = vec![
        ("Media(Offer talk)", Input::Command(LEG, Command::Media(Media::Offer(talk())))),
        ("Media(Offer hold)", Input::Command(LEG, Command::Media(Media::Offer(hold())))),
        ("Media(Offer video)", Input::Command(LEG, Command::Media(Media::Offer(video_only())))),
        (
            "Media(Offer noise)",
            Input::Command(LEG, Command::Media(Media::Offer(SessionDescription::new(b"x")))),
        ),
        ("Media(Answer talk)", Input::Command(LEG, Command::Media(Media::Answer(talk())))),
        ("Media(Answer video)", Input::Command(LEG, Command::Media(Media::Answer(video_only())))),
        ("Media(None)", Input::Command(LEG, Command::Media(Media::None))),
        ("RequestMedia", Input::Command(LEG, Command::RequestMedia)),
        ("RefuseMedia(88)", Input::Command(LEG, Command::RefuseMedia(Cause::INCOMPATIBLE_DESTINATION))),
        ("ShowParty", Input::Command(LEG, Command::ShowParty(Party::default()))),
        ("Digit", Input::Command(LEG, Command::Digit(digit))),
        ("TransferResult", Input::Command(LEG, Command::TransferResult(Ok(())))),
        ("Release", Input::Command(LEG, Command::Release(Cause::NORMAL_CALL_CLEARING))),
        ("Opened", Input::Report(opened())),
        ("Failed", Input::Report(Report::Failed { port: PortId(3), reason: "no port".into() })),
        ("heard Digit", Input::Report(Report::Digit { port: PortId(3), side: control::Side::A, digit })),
        ("Finished", Input::Report(Report::Finished { port: PortId(3) })),
        ("Silent", Input::Report(Report::Silent { port: PortId(3) })),
        ("Closed", Input::Report(closed())),
    ];
    let mut table = String::new();
    for state in ["Opening", "FirstOffered", "Connected", "Reoffered"] {
        for (name, input) in &inputs {
            // A port is opened once, and closed only when we asked for it.
            let impossible =
                matches!((state, *name), ("FirstOffered" | "Connected" | "Reoffered", "Opened" | "Failed"));
            if impossible || *name == "Closed" {
                continue;
            }
            let mut bench = Bench::in_state(state);
            let input = match input {
                Input::Command(leg, command) => Input::Command(*leg, command.clone()),
                Input::Report(report) => Input::Report(report.clone()),
                Input::AtDevice(port, codecs) => Input::AtDevice(*port, codecs.clone()),
            };
            let outputs = bench.input(input);
            let (legs, ports) = (bench.agent.legs(), bench.agent.open_ports());
            table.push_str(&format!("{state} < {name} > {outputs}; {legs}, {ports}\n"));
        }
    }
    let expect = include_str!("../testdata/agent.table");
    for (line, (found, expected)) in table.lines().zip(expect.lines()).enumerate() {
        assert_eq!(found, expected, "line {}", line + 1);
    }
    assert_eq!(table.lines().count(), expect.lines().count());
}

/// Whoever has just taken a seat and moves on refuses its offer for now; whoever comes next is offered the seat again.
#[test]
fn a_seat_is_offered_again_when_its_first_party_moved_on_at_once() {
    let mut bench = Bench::new();
    let conference = ConferenceId::new(NodeId(1), ShardId(0), 1);
    let Command::Ring(ring) = ring(Media::None) else { panic!("a ring") };
    let ring = Ring { target: Target::Service(Service::Conference(conference)), ..*ring };
    bench.command(Command::Ring(Box::new(ring)));
    bench.report(opened());
    let later = Command::RefuseMedia(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE);
    assert_eq!(bench.command(later), "nothing");
    let offered = bench.command(Command::RequestMedia);
    assert!(offered.starts_with("Media offer(v1"), "{offered}");
    let refused = bench.command(Command::RefuseMedia(Cause::INCOMPATIBLE_DESTINATION));
    assert_eq!((refused.as_str(), bench.agent.legs()), ("nothing", 1));
}

#[test]
fn the_version_rises_only_with_a_change() {
    let mut bench = Bench::in_state("Connected");
    let answer = |version: u32, direction: &str, sends: bool| {
        format!(
            "Media answer(v{version} {direction} PCMU{}), connect 3 192.0.2.5:6000 PCMU {sends}",
            if direction == "sendrecv" { ", telephone-event" } else { "" }
        )
    };
    let mut check = |offer: SessionDescription, expect: String| {
        assert_eq!(bench.command(Command::Media(Media::Offer(offer))), expect);
    };
    check(talk(), answer(1, "sendrecv", true));
    check(hold(), answer(2, "recvonly", false));
    check(hold(), answer(2, "recvonly", false));
    check(talk(), answer(3, "sendrecv", true));
}

#[test]
fn nothing_in_common_ends_the_call_before_it_is_answered() {
    let mut bench = Bench::new();
    assert_eq!(bench.command(ring(Media::Offer(video_only()))), "open 3 Echo");
    assert_eq!(bench.report(opened()), "Released 65 Refused(488), close 3");
    assert_eq!((bench.agent.legs(), bench.agent.open_ports()), (0, 1));
    assert_eq!(bench.report(closed()), "quality 0 packets");
    assert_eq!(bench.agent.open_ports(), 0);
}

#[test]
fn a_release_before_the_port_is_open_still_closes_it_once() {
    let mut bench = Bench::in_state("Opening");
    assert_eq!(bench.command(Command::Release(Cause::NORMAL_CALL_CLEARING)), "close 3");
    // The report crosses the command, and later ones too.
    assert_eq!(bench.report(opened()), "nothing");
    assert_eq!(bench.report(Report::Finished { port: PortId(3) }), "nothing");
    assert_eq!(bench.command(Command::Release(Cause::NORMAL_CALL_CLEARING)), "nothing");
    assert_eq!(bench.report(closed()), "quality 0 packets");
    assert_eq!(bench.report(closed()), "nothing");
    assert_eq!((bench.agent.legs(), bench.agent.open_ports()), (0, 0));
}

#[test]
fn ports_of_the_agent_are_odd_and_those_of_call_control_even() {
    let mut agent = control::PortIds::new(ShardId(2), PortOwner::Agent);
    let mut call_control = control::PortIds::new(ShardId(2), PortOwner::CallControl);
    for _ in 0..100 {
        let (ours, theirs) = (agent.allocate(), call_control.allocate());
        assert_eq!((ours.owner(), theirs.owner()), (PortOwner::Agent, PortOwner::CallControl));
        assert_eq!((ours.0 >> 48, theirs.0 >> 48), (2, 2));
    }
}

/// Random commands and reports in any order that workers and call control may produce: every port that is opened is
/// closed exactly once or has failed, and every leg that ends on its own says so once.
#[test]
fn every_port_is_closed_exactly_once() {
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let mut agent = Agent::new(ShardId(0), KeySource::new(Secret::new([1; 32])));
        let mut out = Outbox::default();
        // Per port: what the worker may still report.
        let mut waiting_open = Vec::new();
        let mut waiting_close = Vec::new();
        let mut open = Vec::new();
        let mut live = Vec::new();
        let (mut opened_total, mut gone_total, mut next_leg) = (0, 0, 3);
        for step in 0..400 {
            let pick = |rng: &mut Rng, length: usize| rng.below(length as u64) as usize;
            let input = match rng.below(if step < 300 { 10 } else { 7 }) {
                7..=9 => {
                    let leg = LegId::new(NodeId(1), ShardId(0), next_leg);
                    next_leg += 4;
                    live.push(leg);
                    let media = [Media::None, Media::Offer(talk()), Media::Offer(video_only())];
                    Input::Command(leg, ring(media[pick(&mut rng, 3)].clone()))
                }
                0 | 1 if !waiting_open.is_empty() => {
                    let port = waiting_open.swap_remove(pick(&mut rng, waiting_open.len()));
                    if rng.one_in(5) {
                        gone_total += 1;
                        Input::Report(Report::Failed { port, reason: "no port".into() })
                    } else {
                        open.push(port);
                        Input::Report(Report::Opened {
                            port,
                            a: "198.51.100.7:40000".parse().unwrap(),
                            b: None,
                        })
                    }
                }
                2 if !waiting_close.is_empty() => {
                    let port = waiting_close.swap_remove(pick(&mut rng, waiting_close.len()));
                    gone_total += 1;
                    Input::Report(Report::Closed { port, statistics: Box::default() })
                }
                3 if !open.is_empty() => {
                    Input::Report(Report::Finished { port: open[pick(&mut rng, open.len())] })
                }
                _ if !live.is_empty() => {
                    let index = pick(&mut rng, live.len());
                    match rng.below(5) {
                        0 | 1 => Input::Command(
                            live.swap_remove(index),
                            Command::Release(Cause::NORMAL_CALL_CLEARING),
                        ),
                        2 => Input::Command(live[index], Command::RequestMedia),
                        3 => Input::Command(live[index], Command::Media(Media::Answer(talk()))),
                        _ => Input::Command(live[index], Command::Media(Media::Offer(hold()))),
                    }
                }
                _ => continue,
            };
            agent.handle(now(), input, &mut out);
            for output in out.items.drain(..) {
                match output {
                    Output::Media(control::Command::OpenEndpoint { port, .. }) => {
                        opened_total += 1;
                        waiting_open.push(port);
                    }
                    Output::Media(control::Command::Close { port }) => {
                        assert!(!waiting_close.contains(&port), "seed {seed}: {port:?} closed twice");
                        waiting_open.retain(|&other| other != port);
                        open.retain(|&other| other != port);
                        waiting_close.push(port);
                    }
                    Output::Signal(leg, Signal::Released { reason, .. }) => {
                        assert!(live.contains(&leg), "seed {seed}: {leg} released twice");
                        assert_ne!(reason, ReleaseReason::ProtocolError);
                        live.retain(|&other| other != leg);
                    }
                    Output::Signal(leg, _) => assert!(live.contains(&leg), "seed {seed}"),
                    Output::Media(_)
                    | Output::Heard(..)
                    | Output::Quality(..)
                    | Output::PortLost(_)
                    | Output::NoPort { .. } => {}
                }
            }
            assert_eq!(agent.open_ports(), opened_total - gone_total, "seed {seed}");
            assert_eq!(agent.legs(), live.len(), "seed {seed}");
        }
        assert!(opened_total > 30, "seed {seed} tried little");
    }
}

/// A service that is asked to offer says about keys what it is told; with the keys of the answer the worker protects its port.
#[test]
fn an_offer_of_a_service_asks_for_what_the_party_has() {
    let check = |srtp: SrtpOffer, wish: Wish, keys: usize| {
        let mut agent = Agent::new(ShardId(0), KeySource::new(Secret::new([1; 32])));
        let mut out = Outbox::default();
        let Command::Ring(mut rung) = ring(Media::None) else { panic!("a ring") };
        rung.srtp = srtp;
        agent.handle(now(), Input::Command(LEG, Command::Ring(rung)), &mut out);
        let a = "198.51.100.7:40000".parse().unwrap();
        let port = PortId(3);
        agent.handle(now(), Input::Report(Report::Opened { port, a, b: None }), &mut out);
        let offer = out.items.iter().find_map(|item| match item {
            Output::Signal(_, Signal::Answered { media: Media::Offer(offer), .. }) => Some(offer.clone()),
            _ => None,
        });
        let offer = offer.unwrap();
        let lines = AudioSecurity::of(offer.as_bytes()).lines();
        assert_eq!((AudioSecurity::of(offer.as_bytes()).wish, lines.len()), (wish, keys), "{srtp:?}");
        out.items.clear();
        // The last suite of ours, with a key of the party's.
        let answer = match lines.last() {
            Some(last) => set_crypto(talk().as_bytes(), std::slice::from_ref(last)),
            None => talk(),
        };
        let command = Command::Media(Media::Answer(answer));
        agent.handle(now(), Input::Command(LEG, command), &mut out);
        let protected = out.items.iter().find_map(|item| match item {
            Output::Media(control::Command::Protect { keys, .. }) => keys.a.clone(),
            _ => None,
        });
        let last = lines.last().map(|line| line.material.clone());
        assert_eq!(protected.map(|keys| keys.send), last, "{srtp:?}");
    };
    check(SrtpOffer::Clear, Wish::Clear, 0);
    check(SrtpOffer::Beside, Wish::Optional, 4);
    check(SrtpOffer::Alone, Wish::Required, 4);
}

/// Who talks in a page is sent nothing, and who listens sends nothing unless it is behind NAT.
#[test]
fn media_of_a_page_flows_one_way() {
    let page = ConferenceId::new(NodeId(1), ShardId(0), 7);
    let check = |seat: PageSeat, media: Media, expect: &str, silent: &str| {
        let mut bench = Bench::new();
        let Command::Ring(mut rung) = ring(media) else { panic!("a ring") };
        rung.target = Target::Service(Service::Page { page, seat });
        bench.command(Command::Ring(rung));
        assert_eq!(bench.report(opened()), expect, "{seat:?}");
        bench.command(Command::Media(Media::Answer(description("m=audio 6000 RTP/AVP 0\r\na=recvonly\r\n"))));
        assert_eq!(bench.report(Report::Silent { port: PortId(3) }), silent, "{seat:?}");
    };
    let all = "G722, opus, PCMA, PCMU, telephone-event, telephone-event";
    let offer = |direction: &str| format!("Answered[9999 Page] offer(v1 {direction} {all})");
    check(PageSeat::Listener, Media::None, &offer("sendonly"), "nothing");
    check(PageSeat::HiddenListener, Media::None, &offer("sendrecv"), "nothing");
    check(
        PageSeat::Talker,
        Media::Offer(talk()),
        "Answered[9999 Page] answer(v1 recvonly PCMU, telephone-event), connect 3 192.0.2.5:6000 PCMU false",
        "Released 102 HungUp, close 3",
    );
}

/// The port that takes the place of a lost one is open, at another address.
fn opened_again(port: u64) -> Report {
    let a = std::net::SocketAddr::new("198.51.100.7".parse().unwrap(), 40_000 + 2 * port as u16);
    Report::Opened { port: PortId(port), a, b: None }
}

fn lost(port: u64) -> Report {
    Report::Closed { port: PortId(port), statistics: Box::new(PortStatistics::default()) }
}

#[test]
fn a_lost_port_is_replaced_and_the_other_side_is_told_when_it_is_its_turn() {
    for state in ["FirstOffered", "Connected", "Reoffered"] {
        let mut bench = Bench::in_state(state);
        assert_eq!(bench.report(lost(3)), "quality 0 packets, port lost, open 5 Echo", "{state}");
        if state == "Connected" {
            // Nobody is told a port that is gone.
            assert_eq!(bench.command(Command::Media(Media::Offer(talk()))), "MediaRefused 101");
        }
        let told = bench.report(opened_again(5));
        if state == "Connected" {
            assert!(told.starts_with("Media offer(v2 sendrecv"), "{told}");
        } else {
            assert_eq!(told, "nothing", "{state}");
            let answered = bench.command(Command::Media(Media::Answer(talk())));
            let (first, second) = answered.split_once(", Media ").unwrap();
            assert!(first.starts_with("connect 5 192.0.2.5:6000"), "{state}: {answered}");
            let version = if state == "Reoffered" { 3 } else { 2 };
            assert!(second.starts_with(&format!("offer(v{version} sendrecv")), "{state}: {answered}");
        }
        let answered = bench.command(Command::Media(Media::Answer(talk())));
        assert!(answered.starts_with("connect 5 192.0.2.5:6000"), "{state}: {answered}");
        assert_eq!((bench.agent.legs(), bench.agent.open_ports()), (1, 1));
        assert_eq!(bench.command(Command::Release(Cause::NORMAL_CALL_CLEARING)), "close 5");
        assert_eq!(bench.report(lost(5)), "quality 0 packets");
    }
}

#[test]
fn a_leg_whose_port_is_lost_again_and_again_is_released() {
    let mut bench = Bench::in_state("Connected");
    for port in [3, 5, 7] {
        let expect = format!("quality 0 packets, port lost, open {} Echo", port + 2);
        assert_eq!(bench.report(lost(port)), expect);
        bench.report(opened_again(port + 2));
        bench.command(Command::Media(Media::Answer(talk())));
    }
    assert_eq!(bench.report(lost(9)), format!("quality 0 packets, {LOST}, Released 47 HungUp"));
    assert_eq!((bench.agent.legs(), bench.agent.open_ports()), (0, 0));
    // And where no other port is to be had.
    let mut bench = Bench::in_state("Connected");
    bench.report(lost(3));
    let failed = Report::Failed { port: PortId(5), reason: "no port".into() };
    assert_eq!(bench.report(failed), "no port (no port), alarm, Released 47 Refused(503)");
}

/// The worker may lose a port before it has opened it: whoever offered is answered when another one is open.
#[test]
fn a_port_that_is_lost_before_it_opened_is_replaced_and_the_call_is_answered() {
    for (media, version) in [(Media::Offer(talk()), "answer(v1 sendrecv"), (Media::None, "offer(v1 sendrecv")]
    {
        let mut bench = Bench::new();
        bench.command(ring(media));
        assert_eq!(bench.report(lost(3)), "quality 0 packets, port lost, open 5 Echo");
        let told = bench.report(opened_again(5));
        assert!(told.starts_with(&format!("Answered[9999 Echo test] {version}")), "{told}");
        // What is agreed is agreed for the port that is open; nothing has to be told anew.
        let next = bench.command(Command::Media(Media::Answer(talk())));
        assert!(!next.contains("Media offer"), "{next}");
        assert_eq!(bench.command(Command::Release(Cause::NORMAL_CALL_CLEARING)), "close 5");
        assert_eq!(bench.report(lost(5)), "quality 0 packets");
        assert_eq!((bench.agent.legs(), bench.agent.open_ports()), (0, 0));
    }
}

#[test]
fn a_leg_whose_port_is_lost_before_it_opened_again_and_again_is_refused() {
    let mut bench = Bench::in_state("Opening");
    for port in [3, 5, 7] {
        let expect = format!("quality 0 packets, port lost, open {} Echo", port + 2);
        assert_eq!(bench.report(lost(port)), expect);
    }
    assert_eq!(bench.report(lost(9)), format!("quality 0 packets, {LOST}, Released 47 Refused(503)"));
    assert_eq!((bench.agent.legs(), bench.agent.open_ports()), (0, 0));
}

/// What is over in a moment is not begun a second time, but has to begin once.
#[test]
fn an_announcement_whose_port_is_lost_before_it_opened_is_played_from_another_one() {
    let mut bench = Bench::new();
    let Command::Ring(ring) = ring(Media::Offer(talk())) else { panic!("a ring") };
    bench.command(Command::Ring(Box::new(Ring { target: Target::Service(Service::Announcement), ..*ring })));
    assert_eq!(bench.report(lost(3)), "quality 0 packets, port lost, open 5 Announcement");
    let told = bench.report(opened_again(5));
    assert!(told.starts_with("Answered[9999 Announcement] answer(v1"), "{told}");
    assert_eq!(bench.report(lost(5)), format!("quality 0 packets, {LOST}, Released 47 HungUp"));
}

/// What is told of a leg whose port is lost, and that gets no other one.
const LOST: &str = "no port (it was lost, and what it did cannot go on at another one)";
