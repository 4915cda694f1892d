//! A phone with one line, and what followed from the last step.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use strowger_base::id::LegIds;
use strowger_base::leg::{
    Answering, BindingId, Command, KeySignalling, Origin, Party, Ring, RingStyle, SrtpOffer, Target,
};
use strowger_base::net::{Flow, StreamId, Transport};
use strowger_base::{Instant, LegId, Media as Sdp, NodeId, Now, ShardId, WallTime};
use strowger_sccp::calls::io::{Direction, Format, Input, Media, Outbox, Output, Phone, PhoneLine, Voice};
use strowger_sccp::codes::{CallReference, Codec, Instance, MediaStatus, PartyId, SoftKey};
use strowger_sccp::message::calls::{EnblocCall, LineCall, OnHook, SoftKeyEvent};
use strowger_sccp::message::capabilities::{AudioCapability, CapabilitiesRes};
use strowger_sccp::message::media::OpenReceiveChannelAck;
use strowger_sccp::message::multicast::MulticastMediaReceptionAck;
use strowger_sccp::station::device::SoftKeys;
use strowger_sccp::{Address, Calls, Features, FromStation, Text, ToStation};

pub(crate) const PHONE: &str = "SEP001122334455";
const BINDING: BindingId = BindingId(1 << 63 | 1);

pub(crate) struct Bench {
    pub(crate) calls: Calls,
    pub(crate) out: Outbox,
    pub(crate) now: Duration,
    /// The leg that was told of last.
    pub(crate) leg: Option<LegId>,
    /// The call and the port that the phone was told of last.
    pub(crate) call: CallReference,
    pub(crate) port: PartyId,
}

impl Bench {
    /// It has said nothing of its codecs.
    pub(crate) fn new() -> Self {
        let mut bench = Bench {
            calls: Calls::new(LegIds::new(NodeId(1), ShardId(0), 1, 0)),
            out: Vec::new(),
            now: Duration::ZERO,
            leg: None,
            call: CallReference(0),
            port: PartyId(0),
        };
        bench.registers(0);
        bench
    }

    pub(crate) fn registers(&mut self, streams_active: u32) {
        self.registers_with(vec![line(1, "2001")], streams_active);
    }

    /// With these lines.
    pub(crate) fn registers_with(&mut self, lines: Vec<PhoneLine>, streams_active: u32) {
        let peer = ([192, 0, 2, 10], 49_152).into();
        self.input(Input::Registered(Phone {
            device: Text::from(PHONE),
            flow: Flow::Stream { stream: StreamId(7), peer, transport: Transport::Tcp },
            abilities: Features::RTP_EVENTS,
            lines,
            dials: Vec::new(),
            feature_buttons: Vec::new(),
            streams_active,
            soft_keys: Arc::new(SoftKeys::standard()),
        }));
    }

    pub(crate) fn input(&mut self, input: Input<'_>) {
        self.out.clear();
        let now = Now { mono: Instant::START + self.now, wall: WallTime::from_micros(0) };
        self.calls.handle(now, input, &mut self.out);
        for output in &self.out {
            match output {
                Output::Tell { message, .. } => match &**message {
                    ToStation::CallState(state) => self.call = state.call,
                    ToStation::OpenReceiveChannel(open) => self.port = open.party,
                    ToStation::StartMulticastMediaReception(start) => self.port = start.party,
                    _ => {}
                },
                Output::Signal(leg, ..) => self.leg = Some(*leg),
                Output::Calls { .. } | Output::Statistics(..) => {}
            }
        }
    }

    /// Time passes; what is due by then happens.
    pub(crate) fn waits(&mut self, time: Duration) {
        self.now += time;
        self.input(Input::Timeout);
    }

    pub(crate) fn say(&mut self, message: impl Into<FromStation>) {
        self.input(Input::Said { device: PHONE, message: &message.into() });
    }

    pub(crate) fn has_codecs(&mut self, codecs: &[Codec]) {
        let audio =
            codecs.iter().map(|codec| AudioCapability { codec: *codec, ..AudioCapability::default() });
        self.say(CapabilitiesRes { audio: audio.collect() });
    }

    /// A key of the call that the phone was told of last.
    pub(crate) fn press(&mut self, event: SoftKey) {
        self.press_in(event, self.call);
    }

    pub(crate) fn press_in(&mut self, event: SoftKey, call: CallReference) {
        self.say(SoftKeyEvent { event, line: Instance(1), call });
    }

    pub(crate) fn hangs_up(&mut self, call: CallReference) {
        self.say(OnHook { of: Some(LineCall { line: Instance(1), call }) });
    }

    pub(crate) fn dials(&mut self, number: &str) {
        self.dials_on(1, number);
    }

    fn dials_on(&mut self, line: u32, number: &str) {
        let mut call = EnblocCall::default();
        (call.dialled.number, call.dialled.line) = (Text::from(number), Some(Instance(line)));
        self.say(call);
    }

    pub(crate) fn command(&mut self, command: &Command, media: Media) {
        let leg = self.leg.expect("a leg");
        self.command_of(leg, command, media);
    }

    pub(crate) fn command_of(&mut self, leg: LegId, command: &Command, media: Media) {
        self.input(Input::Command(leg, command, media));
        self.leg = Some(leg);
    }

    /// The other side describes itself anew.
    pub(crate) fn media_of(&mut self, leg: LegId, media: Media) {
        self.command_of(leg, &Command::Media(Sdp::None), media);
    }

    /// Call control rings the phone in a leg of its own, which is returned.
    pub(crate) fn ring(&mut self, number: u64, style: RingStyle, media: Media) -> LegId {
        let leg = LegId::new(NodeId(1), ShardId(0), number);
        let ring = Ring {
            target: Target::Phone { line: "2001".into(), phone: None, binding: BINDING },
            calling: Party { number: "1001".into(), ..Party::default() },
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
        self.command_of(leg, &Command::Ring(Box::new(ring)), media);
        leg
    }

    /// A page or an intercom call, which the phone answers by itself. Returns its leg and its call.
    pub(crate) fn is_paged(&mut self, number: u64) -> (LegId, CallReference) {
        let style = RingStyle { answer: Answering::Loudspeaker, ..RingStyle::default() };
        let media = Media::Offer(voice(&[Codec::G711_ULAW_64K], Direction::SendOnly));
        let leg = self.ring(number, style, media);
        (leg, CallReference(self.port.0 >> 8))
    }

    /// Its user calls somebody who answers. Returns the leg and the call.
    pub(crate) fn talks(&mut self) -> (LegId, CallReference) {
        self.talks_on(1)
    }

    pub(crate) fn talks_on(&mut self, line: u32) -> (LegId, CallReference) {
        self.dials_on(line, "1001");
        let answer = Command::Answer { media: Sdp::None, connected: Party::default() };
        self.command(&answer, Media::Offer(voice(&[Codec::G711_ULAW_64K], Direction::SendReceive)));
        self.opens(24_000);
        (self.leg.expect("a leg"), self.call)
    }

    pub(crate) fn opens(&mut self, port: u32) {
        self.acknowledges(MediaStatus::OK, port);
    }

    pub(crate) fn has_no_port(&mut self) {
        self.acknowledges(MediaStatus::OUT_OF_SOCKETS, 0);
    }

    fn acknowledges(&mut self, status: MediaStatus, port: u32) {
        let address = Address::from(IpAddr::from([192, 0, 2, 10]));
        self.say(OpenReceiveChannelAck { status, address, port, party: self.port, call: None });
    }

    /// It says whether it listens where it was told to.
    pub(crate) fn listens(&mut self, status: MediaStatus) {
        self.say(MulticastMediaReceptionAck { status, party: self.port, call: self.call });
    }

    /// What call control is told.
    pub(crate) fn followed(&self) -> Vec<String> {
        let signals = self.out.iter().filter_map(|output| match output {
            Output::Signal(_, signal, _) => Some(format!("{signal:?}")),
            _ => None,
        });
        signals.collect()
    }

    /// What it is told of media with that.
    pub(crate) fn media(&self) -> Vec<Media> {
        let media = self.out.iter().filter_map(|output| match output {
            Output::Signal(_, _, media) => Some(media.clone()),
            _ => None,
        });
        media.collect()
    }

    /// What the phone is told.
    pub(crate) fn told(&self) -> impl Iterator<Item = &ToStation> {
        self.out.iter().filter_map(|output| match output {
            Output::Tell { message, .. } => Some(&**message),
            _ => None,
        })
    }

    /// The states of calls that it is told.
    pub(crate) fn shown(&self) -> Vec<(CallReference, String)> {
        let states = self.told().filter_map(|message| match message {
            ToStation::CallState(state) => Some((state.call, state.state.to_string())),
            _ => None,
        });
        states.collect()
    }

    /// The call whose port the phone is to open.
    pub(crate) fn is_opening(&self) -> Option<CallReference> {
        self.told().find_map(|message| match message {
            ToStation::OpenReceiveChannel(open) => Some(open.call),
            _ => None,
        })
    }
}

/// The line with this name at a button.
pub(crate) fn line(instance: u32, name: &str) -> PhoneLine {
    PhoneLine {
        instance: Instance(instance),
        origin: Origin::line(name),
        binding: BindingId(1 << 63 | u64::from(instance)),
        number: Text::from(strowger_base::line::number_of(name)),
        name: Text::default(),
        voice_mail: Text::default(),
    }
}

pub(crate) fn voice(codecs: &[Codec], direction: Direction) -> Voice {
    let packet = Duration::from_millis(20);
    Voice {
        address: ([198, 51, 100, 7], 20_000).into(),
        formats: codecs.iter().map(|codec| Format { codec: *codec, packet }).collect(),
        events: Some(96),
        direction,
    }
}

/// Where all hear the same.
pub(crate) fn group() -> Voice {
    let address: SocketAddr = ([239, 1, 1, 1], 16_384).into();
    Voice { address, events: None, ..voice(&[Codec::G711_ULAW_64K], Direction::SendOnly) }
}
