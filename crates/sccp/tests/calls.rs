//! Calls of phones: what a user does, what call control is told and wants, and what the phone is told.

mod support;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::feature::{FeatureAnswer, ParkEvent};
use strowger_base::id::LegIds;
use strowger_base::leg::{
    Alert, Answering, BindingId, Command, Digit, KeySignalling, Origin, Party, Ring, RingSound, RingStyle,
    SrtpOffer, Target, Tone,
};
use strowger_base::net::{Flow, StreamId, Transport};
use strowger_base::recording::RecordingShown;
use strowger_base::watch::{CallDirection, CallPhase, LineCall as SharedCall};
use strowger_base::{Cause, Instant, LegId, Media as Sdp, NodeId, Now, ShardId, WallTime};
use strowger_sccp::calls::io::{Direction, Format, Input, Media, Outbox, Output, Phone, PhoneLine, Voice};
use strowger_sccp::codes::{
    CallReference, Codec, Instance, MediaStatus, PartyId, SoftKey, Stimulus as Button,
};
use strowger_sccp::message::calls::{
    Dialled, EnblocCall, KeypadButton, LineCall, OffHook, OnHook, SoftKeyEvent, Stimulus,
};
use strowger_sccp::message::capabilities::{AudioCapability, CapabilitiesRes};
use strowger_sccp::message::media::OpenReceiveChannelAck;
use strowger_sccp::message::multicast::MulticastMediaReceptionAck;
use strowger_sccp::message::statistics::{ConnectionStatisticsRes, Counters, Statistics};
use strowger_sccp::station::device::SoftKeys;
use strowger_sccp::{Address, Calls, Features, FromStation, Text, ToStation};

const PHONE: &str = "SEP001122334455";
const BINDING: BindingId = BindingId(1 << 63 | 1);

/// A phone, and what was said.
struct Bench {
    calls: Calls,
    now: Duration,
    ladder: String,
    /// The leg that was told of last.
    leg: Option<LegId>,
    /// The call and the port that the phone was told of last.
    call: CallReference,
    port: PartyId,
}

impl Bench {
    fn new() -> Self {
        let leg_ids = LegIds::new(NodeId(1), ShardId(0), 1, 0);
        let mut bench = Bench {
            calls: Calls::new(leg_ids),
            now: Duration::ZERO,
            ladder: String::new(),
            leg: None,
            call: CallReference(0),
            port: PartyId(0),
        };
        let flow = Flow::Stream { stream: StreamId(7), peer: address(49_152), transport: Transport::Tcp };
        let lines = vec![PhoneLine {
            instance: Instance(1),
            origin: Origin::line("2001"),
            binding: BINDING,
            number: Text::from("2001"),
            name: Text::from("Zoë"),
            voice_mail: Text::default(),
        }];
        let (dials, feature_buttons, streams_active) = (Vec::new(), Vec::new(), 0);
        bench.input(Input::Registered(Phone {
            device: Text::from(PHONE),
            flow,
            abilities: Features::RTP_EVENTS,
            lines,
            dials,
            feature_buttons,
            streams_active,
            soft_keys: Arc::new(SoftKeys::standard()),
        }));
        let codec = |codec| AudioCapability { codec, ..AudioCapability::default() };
        let audio = [Codec::G711_ULAW_64K, Codec::G711_ALAW_64K].map(codec).to_vec();
        bench.input(Input::Said { device: PHONE, message: &CapabilitiesRes { audio }.into() });
        bench
    }

    fn title(&mut self, title: &str) {
        writeln!(self.ladder, "\n# {title}\n").expect("a string takes everything");
    }

    fn input(&mut self, input: Input<'_>) {
        let wall = WallTime::from_micros(1_795_264_496_000_000) + self.now;
        let mut out = Outbox::new();
        self.calls.handle(Now { mono: Instant::START + self.now, wall }, input, &mut out);
        for output in out {
            self.note(output);
        }
    }

    fn note(&mut self, output: Output) {
        let line = match output {
            Output::Tell { message, .. } => {
                match &*message {
                    ToStation::CallState(state) => self.call = state.call,
                    ToStation::OpenReceiveChannel(open) => self.port = open.party,
                    ToStation::StartMulticastMediaReception(start) => self.port = start.party,
                    _ => {}
                }
                format!("    phone <  {}", told(&message))
            }
            Output::Calls { any, .. } => format!("    has calls: {any}"),
            Output::Statistics(leg, statistics) => {
                format!("    {leg} sounded so: {} lost", statistics.counters.packets_lost)
            }
            Output::Signal(leg, signal, media) => {
                self.leg = Some(leg);
                format!("    {leg} tells {}{}", short(&format!("{signal:?}")), of(&media))
            }
        };
        writeln!(self.ladder, "{line}").expect("a string takes everything");
    }

    fn say(&mut self, message: impl Into<FromStation>) {
        let message = message.into();
        writeln!(self.ladder, "phone > {}", said(&message)).expect("a string takes everything");
        self.input(Input::Said { device: PHONE, message: &message });
    }

    fn command(&mut self, command: &Command, media: Media) {
        let leg = self.leg.expect("a leg");
        writeln!(self.ladder, "{leg} is to {}{}", short(&format!("{command:?}")), of(&media))
            .expect("a string");
        self.input(Input::Command(leg, command, media));
    }

    fn soft_key(&mut self, event: SoftKey) {
        self.say(SoftKeyEvent { event, line: Instance(1), call: self.call });
    }

    fn dial(&mut self, number: &str) {
        for key in number.chars() {
            let key = key.to_digit(10).expect("a digit");
            self.say(KeypadButton { key, of: Some(LineCall { line: Instance(1), call: self.call }) });
        }
    }

    /// The calls of the line are these.
    fn elsewhere(&mut self, calls: &[SharedCall]) {
        writeln!(self.ladder, "the line has {} calls", calls.len()).expect("a string takes everything");
        self.input(Input::Elsewhere { device: PHONE, line: Instance(1), calls });
    }

    /// The phone tells how a call sounded.
    fn sounded(&mut self, call: CallReference) {
        let counters =
            Counters { packets_sent: 500, packets_received: 498, packets_lost: 2, ..Counters::default() };
        let statistics = Statistics { call, counters, ..Statistics::default() };
        self.say(ConnectionStatisticsRes { statistics });
    }

    fn opens(&mut self, port: u32) {
        let ip = [192, 0, 2, 10];
        self.say(OpenReceiveChannelAck {
            status: MediaStatus::OK,
            address: Address::from(std::net::IpAddr::from(ip)),
            port,
            party: self.port,
            call: None,
        });
    }

    /// The phone says whether it listens where it was told to.
    fn listens(&mut self, status: MediaStatus) {
        self.say(MulticastMediaReceptionAck { status, party: self.port, call: self.call });
    }

    /// Call control rings the phone in a leg of its own.
    fn ring(&mut self, number: u64, sound: RingSound, media: Media) {
        self.ring_as(number, RingStyle { sound, ..RingStyle::default() }, media);
    }

    fn ring_as(&mut self, number: u64, style: RingStyle, media: Media) {
        self.leg = Some(LegId::new(NodeId(1), ShardId(0), number));
        let target = Target::Phone { line: "2001".into(), phone: None, binding: BINDING };
        let ring = Ring {
            target,
            calling: party("1001", "Ann"),
            called: "2001".into(),
            media: Sdp::None,
            hops_remaining: 70,
            reliable_provisional: false,
            diversions: Vec::new(),
            srtp: SrtpOffer::Clear,
            style,
            records: None,
            takes: None,
            keys: KeySignalling::Info,
        };
        self.command(&Command::Ring(Box::new(ring)), media);
    }

    /// A call that was answered with an offer of the other side.
    fn talk(&mut self) {
        self.say(OffHook { of: Some(LineCall { line: Instance(1), call: CallReference(0) }) });
        self.dial("1001");
        self.command(&Command::StopCollecting, Media::None);
        let answer = Command::Answer { media: Sdp::None, connected: party("1001", "Ann") };
        self.command(&answer, Media::Offer(voice(20_000, Direction::SendReceive)));
        self.opens(24_000);
    }
}

fn address(port: u16) -> SocketAddr {
    ([192, 0, 2, 10], port).into()
}

fn party(number: &str, name: &str) -> Party {
    Party { number: number.into(), name: name.into(), ..Party::default() }
}

fn voice(port: u16, direction: Direction) -> Voice {
    let format = |codec| Format { codec, packet: Duration::from_millis(20) };
    Voice {
        address: ([198, 51, 100, 7], port).into(),
        formats: vec![format(Codec::G711_ALAW_64K), format(Codec::G711_ULAW_64K)],
        events: Some(96),
        direction,
    }
}

fn of(media: &Media) -> String {
    let text = |kind: &str, voice: &Voice| {
        let codecs: Vec<String> = voice.formats.iter().map(|format| format.codec.to_string()).collect();
        format!(", {kind} {} {} {:?}", voice.address, codecs.join("/"), voice.direction)
    };
    match media {
        Media::None => String::new(),
        Media::Offer(voice) => text("offer", voice),
        Media::Answer(voice) => text("answer", voice),
        Media::Takes(voice) => text("takes", voice),
    }
}

/// The first word of a debug text, and what tells two of them apart.
fn short(text: &str) -> String {
    match text.split_once(['(', '{', ' ']) {
        Some(("Setup", _)) => {
            let called =
                text.split("called: ").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_default();
            let feature = text.split("feature: ").nth(1).unwrap_or_default().trim_end_matches(" })");
            let beside = |what: &str| {
                let leg =
                    text.split(&format!("{what}: Some(")).nth(1).and_then(|rest| rest.split(')').next());
                leg.map(|leg| format!(" {what} {leg}")).unwrap_or_default()
            };
            format!("Setup {called} feature {feature}{}{}", beside("replaces"), beside("joins"))
        }
        Some(("Ring" | "Answered" | "Answer", _)) => {
            text.split(['(', '{', ' ']).next().unwrap_or_default().to_owned()
        }
        _ => text.to_owned(),
    }
}

fn said(message: &FromStation) -> String {
    short_of(&format!("{message:?}"))
}

/// What of a message a reader wants to see.
fn told(message: &ToStation) -> String {
    match message {
        ToStation::CallInfo(info) => format!(
            "CallInfo {} {:?} {:?} -> {:?} {:?}",
            info.kind, info.calling_number, info.calling_name, info.called_number, info.called_name
        ),
        ToStation::CallState(state) => format!("CallState {} call {}", state.state, state.call.0),
        ToStation::SelectSoftKeys(keys) => {
            let standard = SoftKeys::standard();
            let places = standard.of(keys.set).enumerate();
            let hidden: String = places
                .filter(|(place, _)| keys.valid_keys >> place & 1 == 0)
                .map(|(_, key)| format!(" -{}", key.name().unwrap_or_default()))
                .collect();
            format!("SelectSoftKeys {} call {}{hidden}", keys.set.0, keys.call.0)
        }
        ToStation::OpenReceiveChannel(open) => {
            format!("OpenReceiveChannel {} party {:#x}", open.codec, open.party.0)
        }
        ToStation::StartMediaTransmission(start) => format!(
            "StartMediaTransmission {} to {:?} port {} events {}",
            start.codec, start.address, start.port, start.event_payload
        ),
        other => short_of(&format!("{other:?}")),
    }
}

fn short_of(text: &str) -> String {
    let inner = text.split_once('(').map_or(text, |(_, inner)| inner);
    inner.strip_suffix(')').unwrap_or(inner).to_owned()
}

#[test]
fn the_ladders_of_calls() {
    let mut bench = Bench::new();
    bench.title("a number key by key, a delayed offer, and an end");
    bench.say(OffHook { of: None });
    bench.command(&Command::Tone(Tone::Dial), Media::None);
    bench.dial("1");
    bench.command(&Command::Tone(Tone::Silence), Media::None);
    bench.dial("001");
    bench.command(&Command::StopCollecting, Media::None);
    let alert = Command::Alert {
        alert: Alert::Ringing,
        media: Sdp::None,
        shown: None,
        heard: strowger_base::leg::EarlyMedia::Unsaid,
    };
    bench.command(&alert, Media::None);
    let answer = Command::Answer { media: Sdp::None, connected: party("1001", "Ann") };
    bench.command(&answer, Media::Offer(voice(20_000, Direction::SendReceive)));
    bench.opens(24_000);
    bench.dial("4");
    bench.command(&Command::CollectDigits, Media::None);
    bench.dial("5");
    bench.command(&Command::Digit(Digit { key: '#', duration_ms: 0 }), Media::None);
    bench.say(OnHook { of: None });

    let mut unfit = Bench::new();
    unfit.title("a caller that has offered nothing is known to take none of its codecs: it refuses before it rings, and rings for one that does");
    let format = Format { codec: Codec::G729, packet: Duration::from_millis(20) };
    let takes = Voice { formats: vec![format], ..voice(9, Direction::SendReceive) };
    unfit.ring(40, RingSound::Usual, Media::Takes(takes));
    unfit.ring(41, RingSound::Usual, Media::Takes(voice(9, Direction::SendReceive)));
    unfit.soft_key(SoftKey::ANSWER);
    unfit.opens(24_000);

    let mut next = Bench::new();
    next.title("a call comes in, is answered, held, taken back, and ended by the other side");
    next.ring(40, RingSound::Usual, Media::Offer(voice(20_000, Direction::SendReceive)));
    next.soft_key(SoftKey::ANSWER);
    next.opens(24_000);
    next.soft_key(SoftKey::HOLD);
    next.command(&Command::Media(Sdp::None), Media::Answer(voice(20_000, Direction::ReceiveOnly)));
    next.soft_key(SoftKey::RESUME);
    next.opens(24_002);
    next.command(&Command::Media(Sdp::None), Media::Answer(voice(20_000, Direction::SendReceive)));
    next.command(&Command::Release(Cause::NORMAL_CALL_CLEARING), Media::None);

    let mut barred = Bench::new();
    barred.title("a hold is refused, and the call goes on; one that is taken back and may not stays on hold");
    barred.talk();
    barred.soft_key(SoftKey::HOLD);
    barred.command(&Command::RefuseMedia(Cause::BEARER_CAPABILITY_NOT_AUTHORIZED), Media::None);
    barred.opens(24_002);
    barred.command(&Command::Media(Sdp::None), Media::Answer(voice(20_000, Direction::SendReceive)));
    barred.soft_key(SoftKey::HOLD);
    barred.command(&Command::Media(Sdp::None), Media::Answer(voice(20_000, Direction::ReceiveOnly)));
    barred.soft_key(SoftKey::RESUME);
    barred.opens(24_004);
    barred.command(&Command::RefuseMedia(Cause::RESOURCE_UNAVAILABLE), Media::None);
    barred.soft_key(SoftKey::RESUME);
    barred.opens(24_006);

    let mut group = Bench::new();
    group.title("who is held listens with all others who are, until the call is taken back; it is refused what it cannot hear or does not say in time");
    group.talk();
    let music = || Voice {
        address: ([239, 1, 1, 1], 16_384).into(),
        events: None,
        ..voice(0, Direction::ReceiveOnly)
    };
    group.command(&Command::Media(Sdp::None), Media::Offer(music()));
    group.listens(MediaStatus::OK);
    group.command(&Command::Media(Sdp::None), Media::Offer(music()));
    group.command(&Command::Media(Sdp::None), Media::Offer(voice(20_000, Direction::SendReceive)));
    group.opens(24_002);
    group.command(&Command::Media(Sdp::None), Media::Offer(music()));
    group.listens(MediaStatus(1));
    group.command(&Command::Media(Sdp::None), Media::Offer(voice(20_002, Direction::SendOnly)));
    group.opens(24_004);
    group.command(&Command::Media(Sdp::None), Media::Offer(music()));
    group.now = Duration::from_secs(10);
    group.input(Input::Timeout);

    let mut both = Bench::new();
    both.title("who is held by the other side holds as well, takes back, and listens again; the end of the call ends that");
    both.talk();
    both.command(&Command::Media(Sdp::None), Media::Offer(music()));
    both.listens(MediaStatus::OK);
    both.soft_key(SoftKey::HOLD);
    both.command(
        &Command::Media(Sdp::None),
        Media::Answer(Voice { direction: Direction::Inactive, ..music() }),
    );
    both.soft_key(SoftKey::RESUME);
    both.opens(24_002);
    both.command(&Command::Media(Sdp::None), Media::Answer(music()));
    both.listens(MediaStatus::OK);
    both.command(&Command::Release(Cause::NORMAL_CALL_CLEARING), Media::None);

    let mut nowhere = Bench::new();
    nowhere.title("who takes back and is to listen again does not, or does not say so in time: that is told, and it hears music of its own; its hold needs no wait");
    nowhere.talk();
    nowhere.soft_key(SoftKey::HOLD);
    nowhere.command(&Command::Media(Sdp::None), Media::Answer(voice(20_000, Direction::ReceiveOnly)));
    nowhere.soft_key(SoftKey::RESUME);
    nowhere.opens(24_002);
    nowhere.command(&Command::Media(Sdp::None), Media::Answer(music()));
    nowhere.listens(MediaStatus(1));
    nowhere.command(&Command::Media(Sdp::None), Media::Offer(voice(20_002, Direction::SendOnly)));
    nowhere.opens(24_004);
    nowhere.soft_key(SoftKey::HOLD);
    nowhere.command(&Command::Media(Sdp::None), Media::Answer(voice(20_002, Direction::Inactive)));
    nowhere.soft_key(SoftKey::RESUME);
    nowhere.opens(24_006);
    nowhere.command(&Command::Media(Sdp::None), Media::Answer(music()));
    nowhere.soft_key(SoftKey::HOLD);
    nowhere.command(
        &Command::Media(Sdp::None),
        Media::Answer(Voice { direction: Direction::Inactive, ..music() }),
    );
    nowhere.soft_key(SoftKey::RESUME);
    nowhere.opens(24_008);
    nowhere.command(&Command::Media(Sdp::None), Media::Answer(music()));
    nowhere.now = Duration::from_secs(10);
    nowhere.input(Input::Timeout);
    nowhere.command(&Command::Media(Sdp::None), Media::Offer(voice(20_004, Direction::SendOnly)));
    nowhere.opens(24_010);

    let mut deaf = Bench::new();
    deaf.title("a phone that rings sends a description, and is heard to ring; the caller that has no port for it hears that the call failed");
    deaf.say(OffHook { of: Some(LineCall { line: Instance(1), call: CallReference(0) }) });
    deaf.dial("1001");
    deaf.command(&Command::StopCollecting, Media::None);
    let rings = Command::Alert {
        alert: Alert::Ringing,
        media: Sdp::None,
        shown: None,
        heard: strowger_base::leg::EarlyMedia::Unsaid,
    };
    deaf.command(&rings, Media::Offer(voice(20_000, Direction::SendReceive)));
    deaf.say(OpenReceiveChannelAck {
        status: MediaStatus(8),
        address: Address::default(),
        port: 0,
        party: deaf.port,
        call: None,
    });

    let mut parked = Bench::new();
    parked.title("who parked a call reads what becomes of it");
    parked.talk();
    let leg = parked.leg.expect("a leg");
    parked.soft_key(SoftKey::PARK);
    let told = FeatureAnswer { request: "park", result: Ok(()), text: "5001".into() };
    parked.command(&Command::FeatureAnswer(Box::new(told)), Media::None);
    parked.command(&Command::Release(Cause::NORMAL_CALL_CLEARING), Media::None);
    for event in [
        ParkEvent::Parked,
        ParkEvent::Reverted,
        ParkEvent::Parked,
        ParkEvent::Retrieved,
        ParkEvent::Abandoned,
    ] {
        writeln!(parked.ladder, "parked at 5001: {event:?}").expect("a string takes everything");
        parked.input(Input::ParkNews { leg, number: "5001", event });
    }

    let mut interrupted = Bench::new();
    interrupted
        .title("a call that is answered by itself puts another one on hold, which goes on when it is over");
    interrupted.talk();
    let first = interrupted.leg;
    let style = RingStyle { answer: Answering::Loudspeaker, ..RingStyle::default() };
    interrupted.ring_as(41, style, Media::Offer(voice(20_002, Direction::SendOnly)));
    let page = Some(LegId::new(NodeId(1), ShardId(0), 41));
    interrupted.opens(24_002);
    interrupted.leg = first;
    interrupted.command(&Command::Media(Sdp::None), Media::Answer(voice(20_000, Direction::ReceiveOnly)));
    interrupted.leg = page;
    interrupted.command(&Command::Release(Cause::NORMAL_CALL_CLEARING), Media::None);
    interrupted.opens(24_004);
    interrupted.command(&Command::Media(Sdp::None), Media::Answer(voice(20_000, Direction::SendReceive)));

    let mut moved = Bench::new();
    moved.title(
        "the party of a call on hold becomes another one: its port stays closed until it is taken back",
    );
    moved.talk();
    moved.soft_key(SoftKey::HOLD);
    moved.command(&Command::Media(Sdp::None), Media::Answer(voice(20_000, Direction::ReceiveOnly)));
    moved.command(&Command::RequestMedia, Media::None);
    moved.command(&Command::Media(Sdp::None), Media::Answer(voice(20_020, Direction::ReceiveOnly)));
    moved.soft_key(SoftKey::RESUME);

    let mut music = Bench::new();
    music.title("the other side holds and takes back");
    music.talk();
    music.command(&Command::Media(Sdp::None), Media::Offer(voice(20_000, Direction::SendOnly)));
    music.command(&Command::Media(Sdp::None), Media::Offer(voice(20_000, Direction::SendReceive)));

    let mut failed = Bench::new();
    failed.title("nobody has that number: it is heard until the receiver is down");
    failed.say(OffHook { of: None });
    failed.dial("9");
    failed.command(&Command::Release(Cause::UNALLOCATED_NUMBER), Media::None);
    failed.say(OnHook { of: None });

    let mut waiting = Bench::new();
    waiting.title("a second call comes in and is answered by the line's button: the first one is held");
    waiting.talk();
    waiting.ring(80, RingSound::CallWaiting, Media::None);
    let call = CallReference(0);
    waiting.say(Stimulus { stimulus: Button::LINE, instance: Instance(1), call, status: None });
    waiting.opens(24_010);

    let mut turns = Bench::new();
    turns.title("somebody is rung and another call is answered: what nobody answered ends, since the phone hears one call");
    turns.talk();
    turns.soft_key(SoftKey::NEW_CALL);
    turns.dial("1002");
    turns.command(&Command::StopCollecting, Media::None);
    turns.command(&alert, Media::None);
    turns.ring(80, RingSound::CallWaiting, Media::None);
    turns.soft_key(SoftKey::ANSWER);

    let mut transfer = Bench::new();
    transfer.title("a transfer with consultation");
    transfer.talk();
    transfer.soft_key(SoftKey::TRANSFER);
    transfer.dial("1002");
    transfer.command(&Command::StopCollecting, Media::None);
    transfer.command(&alert, Media::None);
    transfer.soft_key(SoftKey::TRANSFER);

    let mut conference = Bench::new();
    conference.title("a conference, a park and a pickup");
    conference.talk();
    conference.soft_key(SoftKey::CONFERENCE);
    conference.dial("1002");
    conference.command(&Command::StopCollecting, Media::None);
    conference.command(&answer, Media::Offer(voice(20_010, Direction::SendReceive)));
    conference.opens(24_020);
    conference.soft_key(SoftKey::CONFERENCE);
    conference.soft_key(SoftKey::PARK);
    conference.soft_key(SoftKey::END_CALL);
    conference.soft_key(SoftKey::PICKUP);

    let mut sounded = Bench::new();
    sounded.title("how a call sounded is told once for each time that it was asked, also when it is over");
    sounded.talk();
    let call = sounded.call;
    sounded.sounded(call);
    sounded.soft_key(SoftKey::HOLD);
    sounded.sounded(call);
    sounded.sounded(call);
    sounded.soft_key(SoftKey::END_CALL);
    sounded.sounded(call);
    sounded.talk();
    sounded.say(OnHook { of: None });
    sounded.sounded(CallReference(7));
    sounded.sounded(sounded.call);

    let mut elsewhere = Bench::new();
    elsewhere
        .title("another phone of the line talks, holds, and its call is private; it is come into and taken");
    let there = |phase, holds, private| SharedCall {
        leg: LegId::new(NodeId(1), ShardId(0), 44),
        line: "2001".into(),
        phase,
        direction: CallDirection::Recipient,
        holds,
        private,
        remote: party("1001", "Ann"),
    };
    let talks = there(CallPhase::Confirmed, false, false);
    elsewhere.elsewhere(&[there(CallPhase::Early, false, false)]);
    elsewhere.elsewhere(std::slice::from_ref(&talks));
    elsewhere.input(Input::Shared { device: PHONE, line: Instance(1), barges: Some(true) });
    elsewhere.elsewhere(std::slice::from_ref(&talks));
    elsewhere.elsewhere(std::slice::from_ref(&talks));
    elsewhere.soft_key(SoftKey::END_CALL);
    elsewhere.soft_key(SoftKey::RESUME);
    let call = elsewhere.call;
    elsewhere.soft_key(SoftKey::CONFERENCE_BARGE);
    elsewhere.soft_key(SoftKey::END_CALL);
    elsewhere.elsewhere(&[there(CallPhase::Confirmed, true, false)]);
    elsewhere.soft_key(SoftKey::BARGE);
    elsewhere.say(SoftKeyEvent { event: SoftKey::RESUME, line: Instance(1), call });
    elsewhere.soft_key(SoftKey::END_CALL);
    elsewhere.elsewhere(&[there(CallPhase::Confirmed, false, true)]);
    elsewhere.say(SoftKeyEvent { event: SoftKey::BARGE, line: Instance(1), call });
    elsewhere.elsewhere(&[]);

    let mut collected = Bench::new();
    collected
        .title("keys that want a number: the sign # ends it, a pause, and pressed again it is taken back");
    collected.soft_key(SoftKey::FORWARD_ALL);
    collected.dial("10");
    collected.soft_key(SoftKey::BACKSPACE);
    collected.dial("2");
    collected.say(KeypadButton { key: 15, of: None });
    collected.soft_key(SoftKey::END_CALL);
    collected.soft_key(SoftKey::GROUP_PICKUP);
    collected.dial("5");
    collected.now += Duration::from_secs(5);
    collected.input(Input::Timeout);
    collected.command(&Command::Release(Cause::UNALLOCATED_NUMBER), Media::None);
    collected.soft_key(SoftKey::MEET_ME);
    collected.say(OnHook { of: None });
    collected.input(Input::Forwards { device: PHONE, line: Instance(1), forwards: true });
    let call = CallReference(0);
    collected.say(SoftKeyEvent { event: SoftKey::FORWARD_ALL, line: Instance(0), call });
    collected.say(OnHook { of: None });
    assert_eq!(collected.calls.next_timeout(), None, "nothing is waited for");

    let mut chosen = Bench::new();
    chosen.title("calls are chosen and joined, and one is transferred to the other");
    chosen.talk();
    chosen.soft_key(SoftKey::JOIN);
    chosen.soft_key(SoftKey::DIRECT_TRANSFER);
    let first = chosen.call;
    chosen.ring(80, RingSound::CallWaiting, Media::None);
    chosen.soft_key(SoftKey::ANSWER);
    chosen.opens(24_010);
    chosen.say(SoftKeyEvent { event: SoftKey::SELECT, line: Instance(1), call: first });
    chosen.soft_key(SoftKey::JOIN);
    let refused =
        FeatureAnswer { request: "conference", result: Err(Cause::RESOURCE_UNAVAILABLE), text: "".into() };
    chosen.command(&Command::FeatureAnswer(Box::new(refused)), Media::None);
    chosen.say(SoftKeyEvent { event: SoftKey::SELECT, line: Instance(1), call: first });
    chosen.soft_key(SoftKey::DIRECT_TRANSFER);

    let mut whole = Bench::new();
    whole.title("a whole number is on the display at once, a second one takes its place, and keys after it are none of it");
    let speed_dial = |number: &str| EnblocCall { dialled: Dialled { number: number.into(), line: None } };
    whole.say(speed_dial("1001"));
    whole.dial("5");
    whole.say(speed_dial("1002"));
    whole.command(&Command::Tone(Tone::ZipZip), Media::None);
    whole.command(&Command::CollectDigits, Media::None);
    whole.dial("7");
    whole.command(&Command::Release(Cause::USER_BUSY), Media::None);
    whole.soft_key(SoftKey::REDIAL);

    let mut erased = Bench::new();
    erased.title("keys are taken back, and those of a code are none of the number");
    erased.say(OffHook { of: None });
    erased.dial("12");
    erased.soft_key(SoftKey::BACKSPACE);
    erased.soft_key(SoftKey::BACKSPACE);
    erased.soft_key(SoftKey::BACKSPACE);
    erased.dial("9");
    erased.command(&Command::Tone(Tone::ZipZip), Media::None);
    erased.dial("4");
    erased.soft_key(SoftKey::BACKSPACE);
    erased.command(&Command::StopCollecting, Media::None);

    let mut settings = Bench::new();
    settings.title("settings are changed by keys while its user talks, who reads what became of them");
    settings.talk();
    settings.soft_key(SoftKey::DO_NOT_DISTURB);
    let done = Command::Answer { media: Sdp::None, connected: party("", "Do not disturb") };
    settings.command(&done, Media::None);
    settings.soft_key(SoftKey::DO_NOT_DISTURB);
    settings.command(&Command::Release(Cause::FACILITY_REJECTED), Media::None);

    let mut elsewhere_answered = Bench::new();
    let other = &mut elsewhere_answered;
    other.title("what is answered elsewhere is not missed; a call that is only shown lets its lamp flash; a second one is heard in the first");
    other.ring(40, RingSound::Silent, Media::None);
    other.command(&Command::Release(Cause::NON_SELECTED_USER_CLEARING), Media::None);
    other.talk();
    other.ring(44, RingSound::CallWaiting, Media::None);
    other.command(&Command::Release(Cause::NORMAL_CALL_CLEARING), Media::None);

    let mut listens = Bench::new();
    listens.title("who only listens is heard after the line's button, and not because a hold was refused");
    listens.ring(40, RingSound::Once, Media::Offer(voice(20_000, Direction::SendOnly)));
    listens.soft_key(SoftKey::ANSWER);
    listens.opens(24_000);
    listens.soft_key(SoftKey::HOLD);
    listens.command(&Command::RefuseMedia(Cause::BEARER_CAPABILITY_NOT_AUTHORIZED), Media::None);
    listens.opens(24_002);
    let call = CallReference(0);
    listens.say(Stimulus { stimulus: Button::LINE, instance: Instance(1), call, status: None });

    let mut refused = Bench::new();
    refused.title(
        "a hold is refused when the receiver is down, and one whose end is refused too: both stay on hold",
    );
    refused.talk();
    refused.soft_key(SoftKey::HOLD);
    refused.say(OnHook { of: None });
    refused.command(&Command::RefuseMedia(Cause::RESOURCE_UNAVAILABLE), Media::None);
    refused.soft_key(SoftKey::RESUME);
    refused.opens(24_002);
    refused.command(&Command::Media(Sdp::None), Media::Answer(voice(20_000, Direction::SendReceive)));
    refused.soft_key(SoftKey::HOLD);
    refused.command(&Command::RefuseMedia(Cause::RESOURCE_UNAVAILABLE), Media::None);
    refused.opens(24_004);
    refused.command(&Command::RefuseMedia(Cause::RESOURCE_UNAVAILABLE), Media::None);
    refused.command(&Command::RefuseMedia(Cause::RESOURCE_UNAVAILABLE), Media::None);

    let mut aloud = Bench::new();
    aloud.title(
        "what was heard to wait in a call rings when that is over, and at once where nothing is heard",
    );
    aloud.talk();
    aloud.ring(40, RingSound::CallWaiting, Media::None);
    aloud.say(OnHook { of: Some(LineCall { line: Instance(1), call: CallReference(1) }) });
    aloud.command(&Command::Release(Cause::NORMAL_CALL_CLEARING), Media::None);
    aloud.ring(44, RingSound::CallWaiting, Media::None);

    let mut shown = Bench::new();
    shown.title("a call rings as one from outside, and another caller stands beside it; it is answered, recorded, held and taken back");
    shown.ring(40, RingSound::Outside, Media::Offer(voice(20_000, Direction::SendReceive)));
    shown.command(&Command::ShowParty(party("1009", "Cid")), Media::None);
    shown.soft_key(SoftKey::ANSWER);
    shown.opens(24_000);
    shown.command(&Command::ShowRecording(RecordingShown::On), Media::None);
    shown.soft_key(SoftKey::HOLD);
    shown.command(&Command::Media(Sdp::None), Media::Answer(voice(20_000, Direction::ReceiveOnly)));
    shown.soft_key(SoftKey::RESUME);
    shown.opens(24_002);
    shown.command(&Command::ShowRecording(RecordingShown::Off), Media::None);

    let mut ringback = Bench::new();
    ringback.title("a call that waits while somebody is rung does not take the ringing tone away");
    ringback.say(OffHook { of: None });
    ringback.dial("1002");
    ringback.command(&Command::StopCollecting, Media::None);
    ringback.command(&alert, Media::None);
    ringback.ring(40, RingSound::CallWaiting, Media::None);
    ringback.command(&Command::Release(Cause::NORMAL_CALL_CLEARING), Media::None);

    let mut paused = Bench::new();
    paused.title("a key taken back begins the pause anew, and without a key there is nothing to wait for");
    let call = CallReference(0);
    paused.say(SoftKeyEvent { event: SoftKey::FORWARD_ALL, line: Instance(1), call });
    paused.dial("12");
    paused.now += Duration::from_secs(4);
    paused.soft_key(SoftKey::BACKSPACE);
    paused.now += Duration::from_secs(4);
    paused.input(Input::Timeout);
    paused.soft_key(SoftKey::BACKSPACE);
    assert_eq!(paused.calls.next_timeout(), None, "nothing is waited for");
    paused.dial("3");
    paused.now += Duration::from_secs(5);
    paused.input(Input::Timeout);

    let mut late = Bench::new();
    late.title("a phone that never says where its port is, one that has none, and one that is gone");
    late.ring(40, RingSound::Usual, Media::Offer(voice(20_000, Direction::SendReceive)));
    late.soft_key(SoftKey::ANSWER);
    late.now += Duration::from_secs(10);
    late.input(Input::Timeout);
    late.ring(
        44,
        RingSound::Usual,
        Media::Offer(Voice { formats: vec![], ..voice(1, Direction::SendReceive) }),
    );
    late.ring(48, RingSound::Usual, Media::None);
    late.soft_key(SoftKey::ANSWER);
    late.say(OpenReceiveChannelAck {
        status: MediaStatus::OUT_OF_SOCKETS,
        address: Address::UNSPECIFIED,
        port: 0,
        party: late.port,
        call: None,
    });
    late.ring(52, RingSound::Usual, Media::None);
    late.input(Input::Gone { device: PHONE, calls_go_on: false });
    assert_eq!(late.calls.legs(), 0, "no leg is left");
    assert_eq!(late.calls.next_timeout(), None, "nothing is waited for");
    late.ring(56, RingSound::Usual, Media::None);

    let all: String = [
        bench,
        next,
        barred,
        group,
        both,
        nowhere,
        interrupted,
        deaf,
        parked,
        unfit,
        moved,
        music,
        failed,
        waiting,
        turns,
        transfer,
        conference,
        sounded,
        elsewhere,
        collected,
        chosen,
        whole,
        erased,
        settings,
        elsewhere_answered,
        listens,
        refused,
        aloud,
        shown,
        ringback,
        paused,
        late,
    ]
    .iter()
    .map(|bench| &*bench.ladder)
    .collect();
    support::compare(all.trim_start(), include_str!("../testdata/calls.txt"));
}

#[test]
fn more_keys_than_a_number_has_are_not_kept() {
    let mut bench = Bench::new();
    bench.say(OffHook { of: None });
    bench.dial(&"1".repeat(1_000));
    assert_eq!(bench.ladder.matches("tells Digit(").count(), 64);
    let number = "2".repeat(25);
    for _ in 0..100 {
        bench.say(EnblocCall { dialled: Dialled { number: number.as_str().into(), line: None } });
    }
    assert_eq!(bench.ladder.matches("tells Digit(").count(), 64);
    assert_eq!(bench.calls.legs(), 1);
}

#[test]
fn a_key_that_wants_a_number_does_nothing_without_one() {
    let mut bench = Bench::new();
    let call = CallReference(0);
    bench.say(SoftKeyEvent { event: SoftKey::FORWARD_ALL, line: Instance(1), call });
    bench.say(EnblocCall { dialled: Dialled { number: "".into(), line: None } });
    assert!(!bench.ladder.contains("tells Setup"), "{}", bench.ladder);
    assert_eq!((bench.calls.legs(), bench.calls.calls_of(PHONE)), (0, 0));
}
