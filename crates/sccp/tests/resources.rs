//! Sessions of media resources of routers, as ladders.

use std::fmt::Write as _;
use std::time::Duration;

use strowger_base::{Instant, Now, WallTime};
use strowger_sccp::calls::io::Format;
use strowger_sccp::codes::{Codec, DeviceType, MediaStatus, PartyId};
use strowger_sccp::message::capabilities::{AudioCapability, CapabilitiesRes};
use strowger_sccp::message::conferences::MediaResourceNotification;
use strowger_sccp::message::media::{
    MediaTransmissionFailure, OpenReceiveChannelAck, StartMediaTransmissionAck,
};
use strowger_sccp::resources::io::{Input, Leg, Output, ResourceKind, SessionId, Spoken};
use strowger_sccp::{FromStation, Resources, ToStation};

/// Media resources, and what was said of them.
#[derive(Default)]
struct Bench {
    resources: Resources,
    now: Duration,
    ladder: String,
}

impl Bench {
    fn note(&mut self, text: &str) {
        let _ = writeln!(self.ladder, "{:5.1}  {text}", self.now.as_secs_f64());
    }

    fn title(&mut self, text: &str) {
        let _ = write!(self.ladder, "{}# {text}\n\n", if self.ladder.is_empty() { "" } else { "\n" });
    }

    fn input(&mut self, input: Input<'_>) {
        let mut out = Vec::new();
        let now = Now { mono: Instant::START + self.now, wall: WallTime::from_micros(0) };
        self.resources.handle(now, input, &mut out);
        for item in out {
            let text = match item {
                Output::Tell { device, message } => format!("  {device} < {}", told(&message)),
                Output::Sessions { device, any } => {
                    format!("  {device} has {} sessions", if any { "some" } else { "no" })
                }
                Output::Opened { session, a, b: Some(b) } => {
                    format!("  {} is open at {a} and {b}", session.0)
                }
                Output::Opened { session, a, b: None } => format!("  {} is open at {a}", session.0),
                Output::Failed { session, reason } => format!("  {} failed: {reason}", session.0),
                Output::Lost { session, reason } => format!("  {} is lost: {reason}", session.0),
                Output::Able { device, ability: Some(ability) } => {
                    let codecs: Vec<String> = ability.codecs.iter().map(ToString::to_string).collect();
                    format!("  {device} can have {} sessions in {}", ability.sessions_max, codecs.join(", "))
                }
                Output::Able { device, ability: None } => format!("  {device} can do nothing"),
            };
            self.note(&text);
        }
    }

    fn registers(&mut self, device: &str, kind: ResourceKind, streams_max: u32) {
        self.note(&format!("{device} registers with {streams_max} streams"));
        self.input(Input::Registered { device, kind, streams_max });
        let capability = |codec| AudioCapability { codec, packet_max: 60, ..AudioCapability::default() };
        let audio = [Codec::G711_ULAW_64K, Codec::G729_ANNEX_A].map(capability).to_vec();
        self.says(device, "its codecs", CapabilitiesRes { audio });
    }

    fn says(&mut self, device: &str, what: &str, message: impl Into<FromStation>) {
        self.note(&format!("{device} > {what}"));
        self.input(Input::Said { device, message: &message.into() });
    }

    fn acks(&mut self, device: &str, party: u32, port: u32) {
        let address = std::net::IpAddr::from([192, 0, 2, 250]).into();
        let status = if port == 0 { MediaStatus::OUT_OF_SOCKETS } else { MediaStatus::OK };
        let party = PartyId(party);
        let what = format!("party {} has port {port}", party.0);
        self.says(device, &what, OpenReceiveChannelAck { status, address, port, party, call: None });
    }

    fn opens(&mut self, session: u64, device: &str, codecs: &[Codec], conference: Option<u64>) {
        self.note(&format!("{session} is wanted at {device}"));
        let legs: Vec<Spoken> = codecs.iter().map(|codec| spoken(*codec)).collect();
        self.input(Input::Open { session: SessionId(session), device, legs: &legs, conference });
    }

    fn directs(&mut self, session: u64, leg: Leg, codec: Codec, to: Option<&str>) {
        self.note(&format!("{session} leg {leg:?} speaks {codec} to {}", to.unwrap_or("nobody")));
        let to = to.map(|to| to.parse().expect("an address"));
        self.input(Input::Direct { session: SessionId(session), leg, spoken: spoken(codec), to });
    }

    fn closes(&mut self, session: u64) {
        self.note(&format!("{session} is not wanted any more"));
        self.input(Input::Close { session: SessionId(session) });
    }

    fn waits(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        if self.resources.next_timeout().is_some_and(|at| at <= Instant::START + self.now) {
            self.input(Input::Timeout);
        }
    }
}

fn spoken(codec: Codec) -> Spoken {
    Spoken { format: Format { codec, packet: Duration::from_millis(20) }, events: Some(101) }
}

fn told(message: &ToStation) -> String {
    match message {
        ToStation::OpenReceiveChannel(it) => {
            format!("OpenReceiveChannel {}.{} {}", it.conference.0, it.party.0, it.codec)
        }
        ToStation::StartMediaTransmission(it) => {
            let address = it.address.ip().expect("an address");
            format!(
                "StartMediaTransmission {}.{} {} {address}:{}",
                it.conference.0, it.party.0, it.codec, it.port
            )
        }
        ToStation::CloseReceiveChannel(it) => {
            let kept = if it.port_handling == 1 { ", keeping its port" } else { "" };
            format!("CloseReceiveChannel {}.{}{kept}", it.conference.0, it.party.0)
        }
        ToStation::StopMediaTransmission(it) => {
            format!("StopMediaTransmission {}.{}", it.conference.0, it.party.0)
        }
        other => format!("{other:?}"),
    }
}

const ULAW: Codec = Codec::G711_ULAW_64K;
const G729: Codec = Codec::G729_ANNEX_A;

#[test]
fn sessions_are_what_their_ladders_say() {
    let mut bench = Bench::default();
    let b = &mut bench;
    b.title("A transcoder has a session of two legs, each with a codec of its own");
    b.registers("XCODE1", ResourceKind::Transcoder, 4);
    b.opens(2, "XCODE1", &[ULAW, G729], None);
    b.acks("XCODE1", 1, 16_384);
    b.directs(2, Leg::A, ULAW, Some("192.0.2.10:4000"));
    b.acks("XCODE1", 2, 16_386);
    b.directs(2, Leg::B, G729, Some("192.0.2.20:4000"));
    b.title("Said again it changes nothing; somebody listens elsewhere, and to nobody");
    b.directs(2, Leg::B, G729, Some("192.0.2.20:4000"));
    b.directs(2, Leg::B, G729, Some("192.0.2.21:4000"));
    b.directs(2, Leg::B, G729, None);
    b.title("Another codec was agreed: the port is kept");
    b.directs(2, Leg::A, G729, Some("192.0.2.10:4000"));
    b.acks("XCODE1", 1, 16_384);
    b.title("Keys under another number were agreed: the port is kept; that there are none changes nothing");
    for events in [Some(96), None] {
        let spoken = Spoken { events, ..spoken(G729) };
        let to = Some("192.0.2.10:4000".parse().expect("an address"));
        b.note(&format!("2 A shall have keys under {events:?}"));
        b.input(Input::Direct { session: SessionId(2), leg: Leg::A, spoken, to });
        b.acks("XCODE1", 1, 16_384);
    }
    b.title("It is closed, and what comes late is passed over");
    b.closes(2);
    b.acks("XCODE1", 1, 16_384);
    b.closes(2);
    b.title("A device that does not keep its port has lost the session");
    b.opens(4, "XCODE1", &[ULAW, G729], None);
    b.acks("XCODE1", 3, 16_390);
    b.acks("XCODE1", 4, 16_392);
    b.directs(4, Leg::B, ULAW, Some("192.0.2.20:4000"));
    b.acks("XCODE1", 4, 16_394);
    b.title("It has no port for one of the legs; it says nothing; it says so for somebody else's");
    b.opens(6, "XCODE1", &[ULAW, G729], None);
    b.acks("XCODE1", 5, 16_396);
    b.acks("XCODE1", 6, 0);
    b.opens(8, "XCODE1", &[ULAW, G729], None);
    b.acks("CFB1", 7, 16_400);
    b.acks("XCODE1", 99, 16_400);
    b.waits(10);
    b.title("It cannot send any more");
    b.opens(10, "XCODE1", &[ULAW, G729], None);
    b.acks("XCODE1", 9, 16_400);
    b.acks("XCODE1", 10, 16_402);
    let party = PartyId(9);
    b.says("XCODE1", "a failure", MediaTransmissionFailure { party, ..MediaTransmissionFailure::default() });
    b.opens(12, "XCODE1", &[ULAW, G729], None);
    b.acks("XCODE1", 11, 16_400);
    b.acks("XCODE1", 12, 16_402);
    let (party, status) = (PartyId(12), MediaStatus::OUT_OF_SOCKETS);
    let ack = StartMediaTransmissionAck { party, status, ..StartMediaTransmissionAck::default() };
    b.says("XCODE1", "that it does not send", ack);
    b.title("Its DSPs change");
    let news = |streams| MediaResourceNotification {
        device: DeviceType::TRANSCODER,
        streams_in_service: streams,
        streams_per_conference: 0,
        streams_out_of_service: 4 - streams,
    };
    b.says("XCODE1", "that it has three streams", news(3));
    b.says("XCODE1", "that it has none", news(0));
    b.title("Parties of a conference have a leg each, and the conference in common");
    b.registers("CFB1", ResourceKind::ConferenceBridge, 4);
    for (session, conference) in [(1, 7), (3, 7), (5, 8)] {
        b.opens(session, "CFB1", &[ULAW], Some(conference));
        b.acks("CFB1", 12 + (session as u32).div_ceil(2), 20_000 + session as u32);
    }
    b.directs(1, Leg::A, ULAW, Some("192.0.2.10:4000"));
    b.closes(3);
    b.title("It goes, with what it did");
    b.note("CFB1 is gone");
    b.input(Input::Gone { device: "CFB1" });
    b.opens(7, "CFB1", &[ULAW], Some(7));
    b.title("It comes over another connection: what it did before is lost");
    b.opens(14, "XCODE1", &[ULAW, G729], None);
    b.registers("XCODE1", ResourceKind::Transcoder, 4);
    let b = &mut bench;
    assert_eq!((b.resources.sessions(), b.resources.next_timeout()), (0, None));
    let expect = include_str!("../testdata/resources.txt");
    assert!(bench.ladder == expect, "it went like this:\n-----\n{}-----\n", bench.ladder);
}

#[test]
fn types_of_devices_are_taken_for_what_they_are() {
    let check = |number: u32, expect: [bool; 3]| {
        use ResourceKind as Kind;
        let kinds = [Kind::ConferenceBridge, Kind::Transcoder, Kind::TerminationPoint];
        assert_eq!(kinds.map(|kind| kind.is(DeviceType(number))), expect, "{number}");
    };
    for bridge in (50..=53).chain(85..=88) {
        check(bridge, [true, false, false]);
    }
    for other in 110..=113 {
        check(other, [false, true, true]);
    }
    check(83, [false, false, true]);
    for neither in [0, 7, 49, 54, 70, 84, 89, 109, 114, 115, 126, 30_016] {
        check(neither, [false; 3]);
    }
}
