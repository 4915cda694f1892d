//! Phones that come, stay and go, as the server sees them.

#[path = "../../../fuzz/src/mutate.rs"]
#[allow(unreachable_pub, dead_code, reason = "shared with the fuzz targets")]
mod mutate;
mod support;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use mutate::Mutator;
use strowger_base::net::StreamId;
use strowger_base::{Instant, Now, WallTime, limits};
use strowger_sccp::codes::{ButtonType, DeviceType, Instance, LampMode, ResetType, SoftKey};
use strowger_sccp::message::alerting::SetLamp;
use strowger_sccp::message::calls::SoftKeyEvent;
use strowger_sccp::message::keys::{ButtonTemplateReq, SoftKeySetReq, SoftKeyTemplateReq};
use strowger_sccp::message::lines::{
    ConfigStatReq, FeatureStatReq, ForwardStatReq, LineStatReq, ServiceUrlStatReq, SpeedDialStatReq,
};
use strowger_sccp::message::registration::{
    Alarm, KeepAlive, Register, RegisterTokenReq, ServerReq, TimeDateReq, Unregister, VersionReq,
};
use strowger_sccp::station::device::{Assignment, Clock, Device, FeatureButton, Line, WhenRung};
use strowger_sccp::station::io::{Devices, Input, Output, Server, Settings, Strangers};
use strowger_sccp::{Charset, Dialect, Features, Framer, FromStation, Stations, Text, ToStation, Version};

const PHONE: &str = "SEP001122334455";
/// Another one, whose firmware is not trusted with later versions.
const NEIGHBOUR: &str = "SEP0000000000AA";

/// A server, and what was said in it.
struct Bench {
    stations: Stations,
    now: Duration,
    ladder: String,
    /// The messages that were sent, of the last step.
    sent: Vec<ToStation>,
    /// What is spoken with the phone.
    dialect: Dialect,
}

fn device() -> Device {
    let label = |label: &str| Text::from(label);
    Device {
        buttons: vec![
            Assignment::Line(Line {
                number: label("2001"),
                name: label("Zoë Lab"),
                label: label("2001"),
                forward_busy: Some(label("2003")),
                ..Line::default()
            }),
            Assignment::Line(Line { number: label("2005"), ..Line::default() }),
            Assignment::SpeedDial { number: label("2002"), label: label("Bob") },
            Assignment::BusyLamp { number: label("2003"), label: label("Carol"), rung: WhenRung::Dials },
            Assignment::Feature { button: FeatureButton::Privacy, label: label("Privacy") },
            Assignment::Service { url: label("http://192.0.2.1/s"), label: label("Services") },
            Assignment::Unused,
        ],
        clock: Arc::new(Clock { offsets: vec![(WallTime::from_micros(0), 60)] }),
        messages_waiting: true,
        user_name: label("zoe"),
        ..Device::default()
    }
}

impl Bench {
    fn new() -> Self {
        Bench::with(Settings {
            servers: vec![Server {
                name: Text::from("strowger1"),
                address: [192, 0, 2, 1].into(),
                port: 2000,
            }],
            ..Settings::default()
        })
    }

    fn with(settings: Settings) -> Self {
        let other = Arc::new(Device { highest_version: Version::LOWEST, ..Device::default() });
        let devices = Devices::from([(PHONE.into(), Arc::new(device())), (NEIGHBOUR.into(), other)]);
        Bench {
            stations: Stations::new(settings, Arc::new(devices)),
            now: Duration::ZERO,
            ladder: String::new(),
            sent: Vec::new(),
            dialect: Dialect::UNKNOWN,
        }
    }

    fn input(&mut self, input: Input<'_>) {
        // 2026-11-21 12:34:56 UTC and what has passed since.
        let wall = WallTime::from_micros(1_795_264_496_000_000) + self.now;
        let mut out = Vec::new();
        self.stations.handle(Now { mono: Instant::START + self.now, wall }, input, &mut out);
        self.sent.clear();
        for output in out {
            self.note(output);
        }
    }

    fn note(&mut self, output: Output) {
        let line = match output {
            Output::Send { stream, bytes } => {
                let mut framer = Framer::new();
                framer.feed(&bytes);
                let mut names = Vec::new();
                while let Some(frame) = framer.next() {
                    let frame = frame.expect("a good frame");
                    names.push(frame.id.to_string());
                    let message = ToStation::decode(frame.id, frame.body, self.dialect);
                    self.sent.push(message.expect("a message of a server"));
                }
                assert_eq!(framer.waiting_bytes(), 0, "whole frames are sent");
                format!("{} < {}", stream.0, names.join(", "))
            }
            Output::Close { stream } => format!("{} is closed", stream.0),
            Output::Registered(registered) => format!(
                "{} registers on {}: {}, {:?}, {:?}",
                registered.device.as_str(),
                registered.stream.0,
                registered.model,
                registered.dialect.version,
                registered.why
            ),
            Output::Ready { device } => format!("{} is ready", device.as_str()),
            Output::Gone { device, why } => {
                format!("{} is gone: {why:?}, code {}", device.as_str(), why.code())
            }
            Output::Refused { stream, device, why, .. } => {
                let device = device.as_ref().map_or("nobody", |device| device.as_str());
                format!("{} is refused to {device}: {why:?}", stream.0)
            }
            Output::Stranger { device, peer, model } => {
                format!("{} waits at {peer}: {model:?}", device.as_str())
            }
            Output::Said { device, message } => format!("{} says {message:?}", device.as_str()),
            Output::Alarm { device, alarm } => {
                format!("{} had an alarm: {:?} {:?}", device.as_str(), alarm.text, alarm.parameters)
            }
            Output::PassedOver { stream, id, why, .. } => format!("{} said {id:?}: {why:?}", stream.0),
        };
        writeln!(self.ladder, "{:>7.1}  {line}", self.now.as_secs_f64()).expect("a string takes everything");
    }

    fn open(&mut self, stream: u64) {
        let peer = ([192, 0, 2, 10], 49_152).into();
        self.input(Input::StreamOpened { stream: StreamId(stream), peer });
    }

    fn close(&mut self, stream: u64) {
        writeln!(self.ladder, "{:>7.1}  {stream} closes", self.now.as_secs_f64()).expect("a string");
        self.input(Input::StreamClosed { stream: StreamId(stream) });
    }

    fn bytes(&mut self, stream: u64, bytes: &[u8]) {
        self.input(Input::StreamBytes { stream: StreamId(stream), bytes });
    }

    fn say(&mut self, stream: u64, message: impl Into<FromStation>) {
        let message = message.into();
        let mut bytes = Vec::new();
        message.encode(self.dialect, &mut bytes);
        let name = message.id(self.dialect.version);
        writeln!(self.ladder, "{:>7.1}  {stream} > {name}", self.now.as_secs_f64()).expect("a string");
        self.bytes(stream, &bytes);
    }

    fn register(&mut self, stream: u64, name: &str, version: u8) {
        let features = Features(0x8572_0000 | u32::from(version));
        let dialect = Dialect::agreed(features, Version::HIGHEST);
        self.dialect = dialect.unwrap_or(Dialect::UNKNOWN);
        self.say(
            stream,
            Register {
                name: Text::from(name),
                instance: 1,
                device: DeviceType::PHONE_7941,
                features,
                ..Register::default()
            },
        );
    }

    fn alarm(&mut self, stream: u64, text: &str) {
        self.say(stream, Alarm { text: Text::from(text), ..Alarm::default() });
    }

    fn token(&mut self, stream: u64) {
        self.say(stream, RegisterTokenReq { name: Text::from(PHONE), ..RegisterTokenReq::default() });
    }

    fn calls(&mut self, any: bool) {
        writeln!(self.ladder, "{:>7.1}  has calls: {any}", self.now.as_secs_f64()).expect("a string");
        self.input(Input::Calls { device: PHONE, any });
    }

    fn reset(&mut self, kind: ResetType) {
        writeln!(self.ladder, "{:>7.1}  reset: {kind}", self.now.as_secs_f64()).expect("a string");
        self.input(Input::Reset { device: PHONE, kind });
    }

    /// Lets time pass, with every deadline at its moment.
    fn pass(&mut self, seconds: f64) {
        let end = self.now + Duration::from_secs_f64(seconds);
        loop {
            let due = self.stations.next_timeout().map(|due| due.saturating_since(Instant::START));
            let Some(due) = due.filter(|due| *due <= end) else { break };
            assert!(due >= self.now, "no deadline is left behind");
            self.now = due;
            self.input(Input::Timer);
        }
        self.now = end;
    }

    fn title(&mut self, title: &str) {
        writeln!(self.ladder, "\n# {title}\n").expect("a string takes everything");
    }
}

fn line(line: u32) -> LineStatReq {
    LineStatReq { line: Instance(line) }
}

/// Everything that a phone asks, in the order in which phones ask it.
fn ask_everything(bench: &mut Bench, stream: u64) {
    bench.say(stream, ButtonTemplateReq);
    bench.say(stream, SoftKeyTemplateReq);
    bench.say(stream, SoftKeySetReq);
    bench.say(stream, ConfigStatReq);
    bench.say(stream, line(1));
    bench.say(stream, ForwardStatReq { line: Instance(1) });
    bench.say(stream, SpeedDialStatReq { index: Instance(1) });
    bench.say(stream, FeatureStatReq { index: Instance(1), capabilities: None });
    bench.say(stream, ServiceUrlStatReq { index: Instance(1) });
    bench.say(stream, VersionReq);
    bench.say(stream, ServerReq);
    bench.say(stream, TimeDateReq);
}

fn arrival(bench: &mut Bench) {
    bench.title("A phone starts, registers, asks everything, and stays for as long as it says so");
    bench.open(1);
    bench.alarm(1, "25: Name=SEP001122334455 Load=9.4(2SR3.1) Last=Initialized");
    bench.register(1, PHONE, 17);
    ask_everything(bench, 1);
    bench.say(1, SoftKeyEvent { event: SoftKey::NEW_CALL, line: Instance(1), ..Default::default() });
    bench.input(Input::Tell {
        device: PHONE,
        message: &SetLamp { mode: LampMode::BLINK, ..SetLamp::default() }.into(),
    });
    bench.pass(80.0);
    bench.say(1, KeepAlive);
    bench.pass(89.0);
    bench.say(1, KeepAlive);
    bench.pass(200.0);
}

fn standby(bench: &mut Bench) {
    bench.title("A phone that stands by is not answered; when it lost its own server it comes");
    bench.open(2);
    for _ in 0..4 {
        bench.pass(60.0);
        bench.say(2, KeepAlive);
    }
    bench.alarm(2, "17: Name=SEP001122334455 Load=9.4 Last=KeepaliveTO");
    bench.register(2, PHONE, 17);
    bench.say(2, KeepAlive);
    bench.title("It goes back to its own server, and says good-bye here; not while it has calls");
    bench.calls(true);
    bench.say(2, Unregister { reason: Some(0) });
    bench.calls(false);
    bench.say(2, Unregister { reason: Some(0) });
    bench.say(2, KeepAlive);
    bench.pass(400.0);
}

fn tokens(bench: &mut Bench) {
    bench.title("A phone with calls here may not come over another connection; without them it may, and the old one ends");
    bench.open(3);
    bench.register(3, PHONE, 17);
    bench.calls(true);
    bench.open(4);
    bench.token(4);
    bench.say(4, KeepAlive);
    bench.calls(false);
    bench.token(4);
    bench.alarm(4, "18: Name=SEP001122334455 Last=Fallback");
    bench.register(4, PHONE, 17);
    bench.close(4);
}

fn resets(bench: &mut Bench) {
    bench.title("A reset waits for the end of the calls; the phone goes and comes back, and both say why");
    bench.open(5);
    bench.register(5, PHONE, 22);
    bench.calls(true);
    bench.reset(ResetType::RESTART);
    bench.calls(false);
    bench.close(5);
    bench.open(6);
    bench.alarm(6, "23: Name=SEP001122334455 Last=Reset-Restart");
    bench.register(6, PHONE, 22);
    bench.title("A second connection of the same phone wins");
    bench.open(7);
    bench.alarm(7, "14: Name=SEP001122334455 Last=TCP-closed");
    bench.register(7, PHONE, 22);
    bench.title("A device that is not configured any more is sent away");
    bench.input(Input::Devices(Arc::new(Devices::new())));
}

fn strangers(bench: &mut Bench) {
    const STRANGER: &str = "SEP00000000AB01";
    let known = |name: &str| {
        let plain = Arc::new(Device { highest_version: Version::HIGHEST, ..Device::default() });
        Arc::new(Devices::from([(PHONE.into(), Arc::new(device())), (name.into(), plain)]))
    };
    bench.title("Who is not known waits where strangers are welcome, and is served when it is configured");
    bench.input(Input::Settings(Settings { strangers: Strangers::Welcome, ..Settings::default() }));
    bench.open(20);
    bench.register(20, STRANGER, 17);
    bench.say(20, KeepAlive);
    bench.input(Input::Devices(known("SEP00000000AB02")));
    bench.input(Input::Devices(known(STRANGER)));
    bench.close(20);
    bench.title("It comes over another connection: the earlier one ends; and again under another name");
    bench.input(Input::Devices(Arc::new(Devices::new())));
    bench.open(21);
    bench.register(21, STRANGER, 17);
    bench.open(22);
    bench.register(22, STRANGER, 17);
    bench.register(22, "SEP00000000AB03", 17);
    bench.input(Input::Devices(known(STRANGER)));
    bench.title(
        "It will not be configured; it goes by itself; nobody decides; strangers are not welcome any more",
    );
    bench.input(Input::Unwelcome { device: STRANGER });
    bench.input(Input::Unwelcome { device: "SEP00000000AB03" });
    bench.input(Input::Devices(Arc::new(Devices::new())));
    bench.open(23);
    bench.register(23, STRANGER, 17);
    bench.close(23);
    bench.open(24);
    bench.register(24, STRANGER, 17);
    bench.pass(181.0);
    bench.open(25);
    bench.register(25, STRANGER, 17);
    bench.input(Input::Settings(Settings::default()));
    bench.open(26);
    bench.register(26, STRANGER, 17);
    bench.title("So many wait, and no more");
    bench.input(Input::Settings(Settings { strangers: Strangers::Welcome, ..Settings::default() }));
    let ladder = bench.ladder.clone();
    for number in 0..limits::STRANGERS as u64 {
        bench.open(100 + number);
        bench.register(100 + number, &format!("SEP{number:012X}"), 17);
    }
    let waiting = bench.ladder.matches("waits at").count() - ladder.matches("waits at").count();
    assert_eq!(waiting, limits::STRANGERS);
    bench.ladder = ladder;
    bench.open(400);
    bench.register(400, STRANGER, 17);
    let ladder = bench.ladder.clone();
    bench.input(Input::Settings(Settings::default()));
    assert_eq!(bench.stations.connections(), 0, "all are sent away");
    bench.ladder = ladder;
}

fn refusals(bench: &mut Bench) {
    bench.title("Who is not known, speaks too old a version, or speaks something else is told so and goes");
    bench.open(8);
    bench.register(8, "SEP999999999999", 17);
    bench.open(9);
    bench.register(9, PHONE, 2);
    bench.open(10);
    bench.bytes(10, b"GET / HTTP/1.1\r\n");
    bench.title("Who is not registered is not served, and is told of once");
    bench.open(11);
    for _ in 0..3 {
        bench.say(11, line(1));
        bench.bytes(11, &[4, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x7f, 0, 0]);
        bench.bytes(11, &[4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    }
    bench.title("A frame that does not end, and a connection that says nothing");
    bench.open(12);
    bench.bytes(12, &[4, 0, 0, 0, 0]);
    bench.open(13);
    bench.pass(31.9);
    bench.bytes(12, &[0]);
    bench.pass(200.0);
    bench.title("A registered phone whose bytes cannot be followed");
    bench.open(14);
    bench.register(14, PHONE, 17);
    bench.bytes(14, &[0xff; 8]);
}

#[test]
fn phones_come_stay_and_go() {
    let mut told = String::new();
    for scenario in [arrival, standby, tokens, resets, refusals, strangers] {
        let mut bench = Bench::new();
        scenario(&mut bench);
        told.push_str(&bench.ladder);
        assert_eq!((bench.stations.registered(), bench.stations.connections()), (0, 0), "{}", bench.ladder);
        assert_eq!(bench.stations.next_timeout(), None, "no deadline is left");
    }
    support::compare(told.trim_start(), include_str!("../testdata/stations.txt"));
}

/// What a phone of this version is answered.
fn answers(version: u8, question: impl Into<FromStation>) -> Vec<ToStation> {
    let mut bench = Bench::new();
    bench.open(1);
    bench.register(1, PHONE, version);
    bench.say(1, question);
    bench.sent
}

fn check(version: u8, question: impl Into<FromStation>, expect: &str) {
    let answers = answers(version, question);
    let told = format!("{answers:?}");
    assert!(told.contains(expect), "v{version}: {told}\nlacks {expect}");
}

#[test]
fn a_phone_is_told_what_it_is() {
    check(17, line(1), r#"number: "2001", name: "Zoë Lab", label: "2001""#);
    check(17, line(2), r#"number: "2005""#);
    // Phones wait for an answer, also about a line that there is not.
    check(17, line(9), r#"line: Instance(9), number: "", name: "", label: """#);
    check(17, line(0), r#"line: Instance(0), number: """#);
    check(17, ForwardStatReq { line: Instance(1) }, r#"any: true"#);
    check(17, ForwardStatReq { line: Instance(1) }, r#"busy: Forward { active: true, number: "2003" }"#);
    check(17, ForwardStatReq { line: Instance(2) }, r#"any: false"#);
    check(17, SpeedDialStatReq { index: Instance(1) }, r#"number: "2002", label: "Bob""#);
    check(17, SpeedDialStatReq { index: Instance(2) }, r#"number: "", label: """#);
    check(17, ServiceUrlStatReq { index: Instance(1) }, r#"url: "http://192.0.2.1/s", label: "Services""#);
    check(17, ConfigStatReq, r#"user_name: "zoe", server_name: "strowger1", lines: 2, speed_dials: 1"#);
    check(17, ServerReq, "addresses: [192.0.2.1, 0.0.0.0");
    check(
        17,
        TimeDateReq,
        "day: 21, hour: 13, minute: 34, second: 56, millisecond: 0, unix_time: 1795264496",
    );
    check(17, TimeDateReq, "mode: on (0x2)");
    check(17, VersionReq, r#"load: """#);
}

#[test]
fn a_busy_lamp_is_one_more_line_where_phones_know_no_lamps() {
    let feature = |index| FeatureStatReq { index: Instance(index), capabilities: None };
    check(15, feature(1), r#"kind: BusyLampField Speeddial (0x15), status: 0, label: "Carol""#);
    check(15, feature(2), r#"kind: Feature (0x13), status: 0, label: "Privacy""#);
    check(14, feature(1), r#"kind: Feature (0x13), status: 0, label: "Privacy""#);
    check(14, SpeedDialStatReq { index: Instance(2) }, r#"number: "", label: """#);
    check(14, line(3), r#"number: "2003", name: "Carol", label: "Carol""#);
    check(14, ForwardStatReq { line: Instance(3) }, r#"any: false"#);
    check(14, ButtonTemplateReq, "Button { instance: 3, kind: Line (0x9) }");
    // Wherever it stands, lines keep their numbers.
    check(14, line(2), r#"number: "2005""#);
}

#[test]
fn more_buttons_than_one_message_holds_go_in_several() {
    let lines = (0..100).map(|_| Assignment::Line(Line::default())).collect();
    let devices = Devices::from([(PHONE.into(), Arc::new(Device { buttons: lines, ..Device::default() }))]);
    let mut bench = Bench::new();
    bench.input(Input::Devices(Arc::new(devices)));
    bench.open(1);
    bench.register(1, PHONE, 17);
    bench.say(1, ButtonTemplateReq);
    let pages: Vec<_> = bench
        .sent
        .iter()
        .map(|message| match message {
            ToStation::ButtonTemplate(template) => {
                let last = template.buttons.entries.last().expect("a button");
                assert_eq!(last.kind, ButtonType::LINE);
                (
                    template.buttons.offset,
                    template.buttons.entries.len(),
                    template.buttons.total,
                    last.instance,
                )
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(pages, [(0, 42, 100, 42), (42, 42, 100, 84), (84, 16, 100, 100)]);
}

#[test]
fn every_soft_key_of_a_set_is_in_the_template() {
    let keys = device().soft_keys;
    let template = keys.template();
    let sets = keys.numbered_sets();
    for (numbered, named) in sets.iter().zip(&keys.sets) {
        let found = numbered.keys.iter().take_while(|place| **place > 0);
        let found: Vec<SoftKey> = found.map(|place| template[usize::from(*place) - 1].event).collect();
        assert_eq!(&found, named);
    }
    assert!(template.len() <= 32 && sets.len() <= 16);
}

#[test]
fn the_version_of_a_device_can_be_limited() {
    let mut bench = Bench::new();
    bench.open(1);
    bench.register(1, NEIGHBOUR, 22);
    assert!(bench.ladder.contains("registers on 1: 7941, v3"), "{}", bench.ladder);
}

/// When each of so many phones was granted a token, in seconds, if all ask at once and then when they are told to.
fn grants(phones: u64, per_second: u32) -> Vec<u64> {
    let mut bench = Bench::with(Settings { tokens_per_second: per_second, ..Settings::default() });
    let devices = (0..phones).map(|number| (format!("SEP{number:012}").into(), Arc::new(Device::default())));
    bench.input(Input::Devices(Arc::new(devices.collect())));
    let mut asks: std::collections::BTreeMap<u64, Vec<u64>> = [(0, (0..phones).collect())].into();
    (0..phones).for_each(|stream| bench.open(stream));
    let mut granted = Vec::new();
    while let Some((second, streams)) = asks.pop_first() {
        bench.pass((Duration::from_secs(second) - bench.now).as_secs_f64());
        for stream in streams {
            bench.ladder.clear();
            let name = Text::from(format!("SEP{stream:012}").as_str());
            bench.say(stream, RegisterTokenReq { name, ..RegisterTokenReq::default() });
            match &bench.sent[..] {
                [ToStation::RegisterTokenAck(_)] => granted.push(second),
                [ToStation::RegisterTokenReject(reject)] => {
                    asks.entry(second + reject.wait.as_secs()).or_default().push(stream);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    granted
}

#[test]
fn ten_thousand_phones_come_back_at_the_pace_that_is_set() {
    let granted = grants(10_000, 50);
    assert_eq!(grants(10_000, Settings::default().tokens_per_second).last(), Some(&59), "as it is set");
    assert_eq!(granted.len(), 10_000);
    assert_eq!(granted.last(), Some(&209), "10,000 at 50 in a second, after a pause of ten");
    let busiest = |from: u64| granted.iter().filter(|second| **second == from).count();
    assert!((1..=209).all(|second| busiest(second) <= 50));
    assert_eq!((busiest(0), busiest(9), busiest(10)), (50, 0, 1));
}

#[test]
fn the_more_thorough_of_two_orders_counts_and_one_that_was_not_obeyed_is_no_reason() {
    let mut bench = Bench::new();
    bench.open(1);
    bench.register(1, PHONE, 17);
    bench.calls(true);
    bench.reset(ResetType::RESET);
    bench.reset(ResetType::RESTART);
    bench.calls(false);
    let orders: Vec<ResetType> = bench
        .sent
        .iter()
        .filter_map(|message| match message {
            ToStation::Reset(reset) => Some(reset.kind),
            _ => None,
        })
        .collect();
    assert_eq!(orders, [ResetType::RESET]);
    bench.calls(true);
    bench.calls(false);
    bench.close(1);
    assert!(bench.ladder.contains("is gone: ConnectionLost"), "{}", bench.ladder);
}

#[test]
fn a_reset_that_waits_outlives_a_lost_connection() {
    let mut bench = Bench::new();
    bench.open(1);
    bench.register(1, PHONE, 17);
    bench.calls(true);
    bench.reset(ResetType::RESET);
    bench.close(1);
    bench.open(2);
    bench.sent.clear();
    bench.register(2, PHONE, 17);
    bench.calls(true);
    bench.say(2, TimeDateReq);
    let orders = |bench: &Bench| bench.sent.iter().filter(|it| matches!(it, ToStation::Reset(_))).count();
    assert_eq!(orders(&bench), 0, "it has calls still");
    bench.calls(false);
    assert_eq!(orders(&bench), 1);
    bench.close(2);
    bench.open(3);
    bench.register(3, PHONE, 17);
    bench.say(3, TimeDateReq);
    assert_eq!(orders(&bench), 0, "it is not told again");
}

#[test]
fn a_station_that_says_more_than_any_has_to_say_is_closed() {
    let key = SoftKeyEvent::default();
    let mut bench = Bench::new();
    bench.open(1);
    bench.register(1, PHONE, 17);
    // In a time that begins anew it may say as much again.
    for _ in 0..3 {
        (0..1_900).for_each(|_| bench.say(1, key.clone()));
        bench.pass(6.0);
    }
    assert!(!bench.ladder.contains("gone"), "{}", bench.ladder);
    bench.ladder.clear();
    (0..2_001).for_each(|_| bench.say(1, key.clone()));
    assert!(bench.ladder.contains("Throttled"), "{}", bench.ladder);
}

#[test]
fn a_connection_without_a_station_is_closed_that_says_so_much() {
    let mut bench = Bench::new();
    bench.open(1);
    (0..2_000).for_each(|_| bench.say(1, KeepAlive));
    assert!(!bench.ladder.contains("refused"), "{}", bench.ladder);
    bench.say(1, KeepAlive);
    assert!(bench.ladder.contains("TooFast"), "{}", bench.ladder);
}

/// Whatever comes on connections: no panic, no neighbour harmed, and nothing left behind when they are closed.
#[test]
fn hostile_streams_harm_nobody() {
    let dialect = Dialect { version: Version::HIGHEST, charset: Charset::Utf8 };
    let session = |messages: &[FromStation]| {
        let mut bytes = Vec::new();
        messages.iter().for_each(|message| message.encode(dialect, &mut bytes));
        bytes
    };
    let name = || Text::from(PHONE);
    let register = || Register { name: name(), features: Features(22), ..Register::default() }.into();
    let mut corpus = vec![
        session(&[
            Alarm { text: "17: Last".into(), ..Alarm::default() }.into(),
            register(),
            TimeDateReq.into(),
        ]),
        session(&[
            KeepAlive.into(),
            RegisterTokenReq { name: name(), ..Default::default() }.into(),
            register(),
        ]),
        session(&[register(), ButtonTemplateReq.into(), line(1).into(), Unregister::default().into()]),
    ];
    corpus.extend(support::vectors().into_iter().map(|vector| vector.bytes));
    let mut mutator = Mutator::new(20_261_122, corpus, &[&[1, 0, 0, 0], &[0x27, 0, 0, 0], &[0xff; 4]]);
    let mut bench = Bench::new();
    bench.open(0);
    bench.register(0, NEIGHBOUR, 17);
    for number in 1..20_000u64 {
        bench.ladder.clear();
        bench.open(number);
        for piece in mutator.next_input().chunks(97) {
            let mut out = Vec::new();
            let now = Now { mono: Instant::START + bench.now, wall: WallTime::from_micros(0) };
            let stream = StreamId(number);
            bench.stations.handle(now, Input::StreamBytes { stream, bytes: piece }, &mut out);
            assert!(!out.iter().any(|output| matches!(output, Output::Close { stream } if stream.0 == 0)));
        }
        bench.pass(0.01);
        bench.close(number);
        if number % 2000 == 0 {
            bench.say(0, KeepAlive);
            assert!(bench.ladder.contains("0 < KeepAliveAck"), "{}", bench.ladder);
        }
    }
    bench.close(0);
    assert_eq!((bench.stations.registered(), bench.stations.connections()), (0, 0));
    assert_eq!(bench.stations.next_timeout(), None, "no deadline is left");
}
