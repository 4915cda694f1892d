//! Agent and worker wired as a node does it, with a phone on the other side: whole calls of the services.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::leg::{
    CallTone, Command, Digit, Media, Party, Ring, RingStyle, Service, SessionDescription, Signal, Target,
    Tone,
};
use strowger_base::{Cause, Country, Instant, LegId, NodeId, Now, Rng, Secret, ShardId, WallTime};
use strowger_media::control::{PortId, Report, Side};
use strowger_media::rtp::{Packet, Sender};
use strowger_media::srtp::KeySource;
use strowger_media::worker::{self, Channel, SocketRef};
use strowger_media::{Agent, Worker, agent, sdp};

const LEG: LegId = LegId::new(NodeId(1), ShardId(0), 2);
const PHONE: ([u8; 4], u16) = ([192, 0, 2, 5], 6000);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phone {
    Talks,
    Silent,
}

/// A node's media half and one phone. The link takes no time.
struct Pair {
    agent: Agent,
    worker: Worker,
    now: Instant,
    sockets: BTreeMap<PortId, SocketAddr>,
    /// Signals of the service and RTP heard by the phone, as they came.
    ladder: Vec<String>,
    heard: u32,
    /// Of these, packets that are not silence in µ-law.
    loud: u32,
    sender: Sender,
    /// How many more sockets may be opened.
    ports_left: u32,
}

impl Pair {
    fn new() -> Self {
        Pair {
            agent: Agent::new(ShardId(0), KeySource::new(Secret::new([1; 32]))),
            worker: Worker::new(Rng::new(1)),
            now: Instant::START,
            sockets: BTreeMap::new(),
            ladder: Vec::new(),
            heard: 0,
            loud: 0,
            sender: Sender::new(&mut Rng::new(2)),
            ports_left: 10,
        }
    }

    fn ring(&mut self, service: Service, media: Media) {
        self.command(Command::Ring(Box::new(Ring {
            target: Target::Service(service),
            calling: Party::default(),
            called: "9999".into(),
            media,
            hops_remaining: 70,
            reliable_provisional: false,
            diversions: Vec::new(),
            srtp: strowger_base::leg::SrtpOffer::Clear,
            style: RingStyle::default(),
            records: None,
            takes: None,
            keys: strowger_base::leg::KeySignalling::default(),
        })));
    }

    fn command(&mut self, command: Command) {
        self.agent(agent::Input::Command(LEG, command));
    }

    fn agent(&mut self, input: agent::Input) {
        let mut out = agent::Outbox::default();
        self.agent.handle(self.time(), input, &mut out);
        for output in out.items {
            match output {
                agent::Output::Signal(leg, signal) => {
                    assert_eq!(leg, LEG);
                    self.signal(&signal);
                }
                agent::Output::Media(command) => self.worker(worker::Input::Command(command)),
                agent::Output::PortLost(_) => self.ladder.push("port lost".to_owned()),
                agent::Output::NoPort { reason, .. } => self.ladder.push(format!("no port: {reason}")),
                agent::Output::Heard(_, digit) => self.ladder.push(format!("heard {}", digit.key)),
                agent::Output::Quality(_, statistics) => {
                    self.ladder.push(format!("{} packets, {} lost", statistics.packets, statistics.lost));
                }
            }
        }
    }

    fn signal(&mut self, signal: &Signal) {
        let direction = |media: &Media| {
            let description = media.description().unwrap();
            sdp::peek(description.as_bytes()).unwrap().direction.attribute()
        };
        self.ladder.push(match signal {
            Signal::Answered { media: media @ Media::Offer(_), .. } => {
                format!("Answered offer {}", direction(media))
            }
            Signal::Answered { media, .. } => format!("Answered answer {}", direction(media)),
            Signal::Media(media) => format!("Media {}", direction(media)),
            Signal::Released { cause, .. } => format!("Released {}", cause.0),
            other => format!("{other:?}"),
        });
    }

    fn worker(&mut self, input: worker::Input<'_>) {
        let mut out = worker::Outbox::default();
        self.worker.handle(self.time(), input, &mut out);
        for output in out.items {
            match output {
                worker::Output::OpenSockets { port, pairs: 1, .. } if self.ports_left > 0 => {
                    self.ports_left -= 1;
                    let a = SocketAddr::from(([198, 51, 100, 7], 40_000 + 2 * self.sockets.len() as u16));
                    self.sockets.insert(port, a);
                    self.worker(worker::Input::Opened { port, a, b: None });
                }
                worker::Output::OpenSockets { port, .. } => {
                    self.worker(worker::Input::OpenFailed { port, reason: "no port is free".into() });
                }
                worker::Output::CloseSockets { port } => {
                    self.sockets.remove(&port).unwrap();
                }
                worker::Output::Report(report) => self.agent(agent::Input::Report(report)),
                worker::Output::Send { socket, destination, bytes } => {
                    if socket.channel == Channel::Rtp && destination == SocketAddr::from(PHONE) {
                        let packet = Packet::parse(out.arena.slice(bytes)).unwrap();
                        self.heard += 1;
                        let silence = packet.payload.iter().all(|byte| matches!(byte, 0xff | 0x7f));
                        self.loud += u32::from(!silence);
                    }
                }
            }
        }
    }

    /// Runs for this long; the phone talks.
    fn talk(&mut self, milliseconds: u64) {
        self.run(milliseconds, Phone::Talks);
    }

    /// Runs for this long.
    fn run(&mut self, milliseconds: u64, phone: Phone) {
        let end = self.now + Duration::from_millis(milliseconds);
        while self.now < end {
            while self.worker.next_timeout().is_some_and(|at| at <= self.now) {
                self.worker(worker::Input::Timeout);
            }
            if let (Some((&port, _)), Phone::Talks) = (self.sockets.first_key_value(), phone) {
                let mut bytes = Vec::new();
                self.sender.write_next(self.now, 0, false, 160, &mut bytes);
                bytes.resize(172, 0x55);
                let socket = SocketRef { port, side: Side::A, channel: Channel::Rtp };
                self.worker(worker::Input::Packet { socket, source: PHONE.into(), bytes: &bytes });
            }
            self.now += Duration::from_millis(20);
        }
        let heard = std::mem::take(&mut self.heard);
        self.ladder.push(format!("phone heard {heard}"));
    }

    fn time(&self) -> Now {
        Now {
            mono: self.now,
            wall: WallTime::from_micros(1_800_000_000_000_000 + self.now.as_nanos() / 1000),
        }
    }

    fn finish(mut self, expect: &[&str]) {
        assert_eq!(self.ladder, expect);
        // Ports rest after their call.
        self.run(10_000, Phone::Silent);
        assert_eq!((self.agent.legs(), self.agent.open_ports(), self.worker.ports()), (0, 0, 0));
        assert_eq!((self.sockets.len(), self.worker.next_timeout()), (0, None));
    }
}

fn description(direction: &str) -> SessionDescription {
    let text = format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\na={direction}\r\n"
    );
    SessionDescription::new(text.as_bytes())
}

#[test]
fn an_echo_call_with_hold_and_resume() {
    let mut pair = Pair::new();
    pair.ring(Service::Echo, Media::Offer(description("sendrecv")));
    pair.talk(1000);
    pair.command(Command::Media(Media::Offer(description("sendonly"))));
    pair.talk(1000);
    pair.command(Command::Media(Media::Offer(description("sendrecv"))));
    pair.talk(1000);
    pair.command(Command::Release(Cause::NORMAL_CALL_CLEARING));
    // Ten packets of beep, then one echo for each packet; the eleventh tick is both the end of the beep and the first echo.
    pair.finish(&[
        "Answered answer sendrecv",
        "phone heard 50",
        "Media recvonly",
        "phone heard 0",
        "Media sendrecv",
        "phone heard 50",
        "150 packets, 0 lost",
    ]);
}

#[test]
fn a_seat_answers_is_muted_and_holds_like_any_device() {
    use strowger_base::ConferenceId;
    use strowger_base::leg::Mute;
    use strowger_media::control::Talking;

    let mut pair = Pair::new();
    pair.ring(Service::Conference(ConferenceId::new(NodeId(1), ShardId(0), 1)), Media::None);
    pair.command(Command::Media(Media::Answer(description("sendrecv"))));
    let loud = |pair: &mut Pair, milliseconds| {
        pair.talk(milliseconds);
        std::mem::take(&mut pair.loud)
    };
    // It is alone and does not hear itself.
    assert_eq!(loud(&mut pair, 1000), 0);
    assert_eq!(pair.agent.talking(LEG), Talking::Yes);
    pair.command(Command::Tone(Tone::Enter));
    assert_eq!(loud(&mut pair, 1000), 8);
    pair.command(Command::Mute(Mute::On));
    assert_eq!(loud(&mut pair, 1000), 0);
    assert_eq!(pair.agent.talking(LEG), Talking::No);
    pair.command(Command::Mute(Mute::Off));
    assert_eq!(loud(&mut pair, 1000), 0);
    assert_eq!(pair.agent.talking(LEG), Talking::Yes);
    pair.command(Command::Media(Media::Offer(description("sendonly"))));
    assert_eq!(loud(&mut pair, 1000), 0);
    pair.command(Command::Release(Cause::NORMAL_CALL_CLEARING));
    assert_eq!(pair.agent.talking(LEG), Talking::No);
    pair.finish(&[
        "Answered offer sendrecv",
        "phone heard 49",
        "phone heard 50",
        "phone heard 50",
        "phone heard 50",
        "Media recvonly",
        "phone heard 0",
        "250 packets, 0 lost",
    ]);
}

#[test]
fn who_waits_hears_what_the_service_is_told_to_play() {
    let mut pair = Pair::new();
    pair.ring(Service::Sounds, Media::None);
    pair.command(Command::Tone(Tone::Music));
    pair.command(Command::Media(Media::Answer(description("sendrecv"))));
    let heard = |pair: &mut Pair, milliseconds| {
        pair.run(milliseconds, Phone::Silent);
        std::mem::take(&mut pair.loud)
    };
    // It goes on for as long as the phone likes, whether that says anything or not.
    assert_eq!(heard(&mut pair, 120_000), 6000);
    pair.command(Command::Tone(Tone::Silence));
    assert_eq!(heard(&mut pair, 1000), 0);
    pair.command(Command::Tone(Tone::Ringing));
    // Two seconds of six.
    assert_eq!(heard(&mut pair, 6000), 100);
    // Another codec or address in mid-call changes nothing about it.
    pair.command(Command::Media(Media::Offer(description("sendrecv"))));
    pair.command(Command::Tone(Tone::Ringing));
    assert_eq!(heard(&mut pair, 6000), 100);
    pair.command(Command::Release(Cause::NORMAL_CALL_CLEARING));
    pair.finish(&[
        "Answered offer sendrecv",
        "phone heard 6000",
        "phone heard 50",
        "phone heard 300",
        "Media sendrecv",
        "phone heard 300",
        "0 packets, 0 lost",
    ]);
}

#[test]
fn who_is_asked_for_a_code_hears_the_tone_once_and_its_keys_are_told() {
    let mut pair = Pair::new();
    pair.ring(Service::Prompt, Media::Offer(description("sendrecv")));
    let heard = |pair: &mut Pair, milliseconds| {
        pair.run(milliseconds, Phone::Silent);
        std::mem::take(&mut pair.loud)
    };
    // Two beeps of 100 ms, and then media goes on in silence.
    assert_eq!(heard(&mut pair, 1000), 10);
    assert_eq!(heard(&mut pair, 2000), 0);
    let port = *pair.sockets.first_key_value().unwrap().0;
    let digit = Digit { key: '7', duration_ms: 100 };
    pair.agent(agent::Input::Report(Report::Digit { port, side: Side::A, digit }));
    pair.command(Command::Tone(Tone::Silence));
    // The next code.
    pair.command(Command::Tone(Tone::ZipZip));
    assert_eq!(heard(&mut pair, 1000), 10);
    pair.command(Command::Tone(Tone::Silence));
    // Something is wrong with it: six seconds, and it hangs up.
    let reorder = Tone::National { country: Country::UnitedStates, tone: CallTone::Reorder };
    pair.command(Command::Tone(reorder));
    assert_eq!(heard(&mut pair, 10_000), 150 + 6);
    pair.finish(&[
        "Alerting { alert: Progress, media: Answer(SDP(155 bytes)) }",
        "phone heard 50",
        "phone heard 100",
        "Digit(Digit { key: '7', duration_ms: 100 })",
        "phone heard 50",
        "Released 16",
        "0 packets, 0 lost",
        "phone heard 300",
    ]);
}

#[test]
fn a_delayed_offer_and_an_offer_on_demand() {
    let mut pair = Pair::new();
    pair.ring(Service::Echo, Media::None);
    pair.talk(100);
    pair.command(Command::Media(Media::Answer(description("sendrecv"))));
    pair.talk(500);
    pair.command(Command::RequestMedia);
    pair.command(Command::Media(Media::Answer(description("recvonly"))));
    pair.talk(200);
    pair.command(Command::Release(Cause::NORMAL_CALL_CLEARING));
    pair.finish(&[
        "Answered offer sendrecv",
        "phone heard 0",
        "phone heard 25",
        "Media sendrecv",
        "phone heard 10",
        // What came before the answer was not counted: nothing was agreed yet.
        "35 packets, 0 lost",
    ]);
}

#[test]
fn the_announcement_hangs_up_when_it_is_over() {
    let mut pair = Pair::new();
    pair.ring(Service::Announcement, Media::Offer(description("sendrecv")));
    pair.talk(8000);
    pair.finish(&["Answered answer sendrecv", "Released 16", "370 packets, 0 lost", "phone heard 370"]);
}

#[test]
fn a_phone_that_went_away_without_a_word_is_hung_up() {
    let check = |directions: &[&str], silent_ms: u64, expect: &[&str]| {
        let mut pair = Pair::new();
        pair.ring(Service::Echo, Media::Offer(description(directions[0])));
        pair.talk(1000);
        for direction in &directions[1..] {
            pair.command(Command::Media(Media::Offer(description(direction))));
        }
        pair.run(silent_ms, Phone::Silent);
        let released = pair.ladder.iter().any(|line| line.starts_with("Released"));
        if !released {
            pair.command(Command::Release(Cause::NORMAL_CALL_CLEARING));
        }
        let expect: Vec<String> = expect.iter().map(|line| (*line).to_owned()).collect();
        pair.ladder.retain(|line| line.starts_with("Released"));
        assert_eq!(pair.ladder, expect, "{directions:?}");
        pair.ladder.clear();
        pair.finish(&[]);
    };
    check(&["sendrecv"], 59_000, &[]);
    check(&["sendrecv"], 61_000, &["Released 102"]);
    // Who holds, or only wants to hear, may be silent.
    check(&["sendrecv", "sendonly"], 600_000, &[]);
    check(&["sendrecv", "inactive"], 600_000, &[]);
    check(&["recvonly"], 600_000, &[]);
    check(&["sendrecv", "sendonly", "sendrecv"], 59_000, &[]);
    check(&["sendrecv", "sendonly", "sendrecv"], 61_000, &["Released 102"]);
}

#[test]
fn no_port_and_no_codec_end_the_call() {
    let mut pair = Pair::new();
    pair.ports_left = 0;
    pair.ring(Service::Echo, Media::Offer(description("sendrecv")));
    pair.finish(&["no port: no port is free", "Released 47"]);

    let mut pair = Pair::new();
    let video =
        String::from_utf8(description("sendrecv").as_bytes().to_vec()).unwrap().replace("audio", "video");
    pair.ring(Service::Echo, Media::Offer(SessionDescription::new(video.as_bytes())));
    pair.finish(&["Released 65", "0 packets, 0 lost"]);
}
