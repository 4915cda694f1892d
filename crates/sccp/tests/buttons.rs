//! Buttons beside the display and keys of the housing, and what each asks call control for; what becomes of ports that fail.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::id::LegIds;
use strowger_base::leg::{Alert, BindingId, Command, Origin, Party};
use strowger_base::net::{Flow, StreamId, Transport};
use strowger_base::recording::RecordingShown;
use strowger_base::{Cause, Instant, LegId, Media as Sdp, NodeId, Now, ShardId, WallTime};
use strowger_sccp::calls::io::{Direction, Format, Input, Media, Outbox, Output, Phone, PhoneLine, Voice};
use strowger_sccp::codes::{
    ButtonType, CallReference, Codec, Instance, MediaStatus, PartyId, SoftKey, Stimulus as Button,
};
use strowger_sccp::message::calls::{EnblocCall, KeypadButton, SoftKeyEvent, Stimulus};
use strowger_sccp::message::capabilities::{AudioCapability, CapabilitiesRes};
use strowger_sccp::message::media::{
    MediaTransmissionFailure, OpenReceiveChannelAck, StartMediaTransmissionAck,
};
use strowger_sccp::station::device::{FeatureButton, SoftKeys};
use strowger_sccp::{Address, Calls, Features, FromStation, Text, ToStation};

const PHONE: &str = "SEP001122334455";

/// A phone with two lines of which the second has a voice mail, and what followed from the last step.
struct Bench {
    calls: Calls,
    out: Outbox,
    call: CallReference,
    port: PartyId,
    leg: Option<LegId>,
    now: Duration,
}

impl Bench {
    fn new() -> Self {
        Bench::with(Features::RTP_EVENTS)
    }

    fn with(abilities: Features) -> Self {
        let mut bench = Bench {
            calls: Calls::new(LegIds::new(NodeId(1), ShardId(0), 1, 0)),
            out: Vec::new(),
            call: CallReference(0),
            port: PartyId(0),
            leg: None,
            now: Duration::ZERO,
        };
        bench.registers(abilities, 0);
        bench
    }

    fn registers(&mut self, abilities: Features, streams_active: u32) {
        self.registers_with(abilities, streams_active, ["2001", "2002"]);
    }

    /// The same with other lines.
    fn registers_with(&mut self, abilities: Features, streams_active: u32, numbers: [&str; 2]) {
        let peer = ([192, 0, 2, 10], 49_152).into();
        let line = |instance: u32, number: &str, voice_mail: &str| PhoneLine {
            instance: Instance(instance),
            origin: Origin::line(number),
            binding: BindingId(1 << 63 | u64::from(instance)),
            number: Text::from(number),
            name: Text::default(),
            voice_mail: Text::from(voice_mail),
        };
        self.input(Input::Registered(Phone {
            device: Text::from(PHONE),
            flow: Flow::Stream { stream: StreamId(7), peer, transport: Transport::Tcp },
            abilities,
            lines: vec![line(1, numbers[0], ""), line(2, numbers[1], "7000")],
            dials: vec![(Button::BLF_SPEED_DIAL, Instance(1), Text::from("2003"))],
            feature_buttons: vec![
                (Instance(2), FeatureButton::Record, Text::from("Rec")),
                (Instance(3), FeatureButton::Privacy, Text::from("Private")),
            ],
            streams_active,
            soft_keys: Arc::new(SoftKeys::standard()),
        }));
    }

    fn input(&mut self, input: Input<'_>) {
        self.out.clear();
        let now = Now { mono: Instant::START + self.now, wall: WallTime::from_micros(0) };
        self.calls.handle(now, input, &mut self.out);
        for output in &self.out {
            match output {
                Output::Tell { message, .. } => match &**message {
                    ToStation::CallState(state) => self.call = state.call,
                    ToStation::OpenReceiveChannel(open) => self.port = open.party,
                    _ => {}
                },
                Output::Signal(leg, ..) => self.leg = Some(*leg),
                Output::Calls { .. } | Output::Statistics(..) => {}
            }
        }
    }

    fn say(&mut self, message: impl Into<FromStation>) {
        self.input(Input::Said { device: PHONE, message: &message.into() });
    }

    fn push(&mut self, stimulus: Button, instance: u32) {
        let call = CallReference(0);
        self.say(Stimulus { stimulus, instance: Instance(instance), call, status: None });
    }

    fn press(&mut self, event: SoftKey) {
        self.say(SoftKeyEvent { event, line: Instance(0), call: CallReference(0) });
    }

    fn command(&mut self, command: &Command, media: Media) {
        self.input(Input::Command(self.leg.expect("a leg"), command, media));
    }

    /// A call that was answered.
    fn talk(&mut self) {
        self.talk_to(Some(101));
    }

    /// The same by a device with keys in RTP or without.
    fn talk_to(&mut self, events: Option<u8>) {
        let mut call = EnblocCall::default();
        call.dialled.number = Text::from("1001");
        self.say(call);
        self.answered(events);
        self.opens();
    }

    fn answered(&mut self, events: Option<u8>) {
        let voice = Voice {
            address: ([198, 51, 100, 7], 20_000).into(),
            formats: vec![Format { codec: Codec::G711_ULAW_64K, packet: Duration::from_millis(20) }],
            events,
            direction: Direction::SendReceive,
        };
        let answer = Command::Answer { media: Sdp::None, connected: Party::default() };
        self.command(&answer, Media::Offer(voice));
    }

    fn answers_with(&mut self, codec: Codec) {
        let voice = Voice {
            address: ([198, 51, 100, 8], 20_002).into(),
            formats: vec![Format { codec, packet: Duration::from_millis(20) }],
            events: None,
            direction: Direction::SendReceive,
        };
        self.command(&Command::Media(Sdp::None), Media::Answer(voice));
    }

    fn opens(&mut self) {
        self.acknowledges(MediaStatus::OK);
    }

    fn refuses(&mut self) {
        self.acknowledges(MediaStatus::OUT_OF_SOCKETS);
    }

    fn acknowledges(&mut self, status: MediaStatus) {
        self.say(OpenReceiveChannelAck {
            status,
            address: Address::from(std::net::IpAddr::from([192, 0, 2, 10])),
            port: 24_000,
            party: self.port,
            call: None,
        });
    }

    /// What call control is told, and what the phone shows as words.
    fn followed(&self) -> Vec<String> {
        let told = self.out.iter().filter_map(|output| match output {
            Output::Signal(_, signal, _) => Some(match format!("{signal:?}") {
                setup if setup.starts_with("Setup(") => {
                    let field = |name: &str| {
                        let value = setup.split(&format!("{name}: ")).nth(1).unwrap_or_default();
                        value.split(", ").next().unwrap_or_default().trim_end_matches(" })").to_owned()
                    };
                    let line = setup.split("line: ").nth(1).unwrap_or_default();
                    let line = line.split([',', ' ', '}']).next().unwrap_or_default().to_owned();
                    format!("Setup {line} {} {}", field("called"), field("feature"))
                }
                other => other,
            }),
            Output::Tell { message, .. } => match &**message {
                ToStation::DisplayNotify(notify) => Some(format!("reads {:?}", notify.text)),
                ToStation::RecordingStatus(status) => Some(format!("recorded {}", status.status)),
                _ => None,
            },
            Output::Calls { .. } | Output::Statistics(..) => None,
        });
        told.collect()
    }
}

#[track_caller]
fn idle(act: impl FnOnce(&mut Bench), expect: &[&str]) {
    let mut bench = Bench::new();
    act(&mut bench);
    assert_eq!(bench.followed(), expect);
}

#[track_caller]
fn talking(act: impl FnOnce(&mut Bench), expect: &[&str]) {
    let mut bench = Bench::new();
    bench.talk();
    act(&mut bench);
    assert_eq!(bench.followed(), expect);
}

#[test]
fn the_messages_button_calls_the_voice_mail_of_a_line_that_has_one() {
    idle(|bench| bench.push(Button::VOICE_MAIL, 1), &["Setup \"2002\" \"7000\" None"]);
}

#[test]
fn buttons_do_what_soft_keys_of_their_names_do() {
    let collected = |bench: &mut Bench, key: Option<SoftKey>, button: Button| {
        match key {
            Some(key) => bench.press(key),
            None => bench.push(button, 1),
        }
        assert_eq!(bench.followed(), [] as [&str; 0], "a number is asked for");
        bench.say(KeypadButton { key: 5, of: None });
        bench.say(KeypadButton { key: 15, of: None });
    };
    idle(
        |bench| collected(bench, None, Button::GROUP_CALL_PICK_UP),
        &["Setup \"2001\" \"5\" Some(GroupPickUp)"],
    );
    idle(
        |bench| collected(bench, None, Button::MEET_ME_CONFERENCE),
        &["Setup \"2001\" \"5\" Some(OpenMeetMe)"],
    );
    idle(
        |bench| collected(bench, Some(SoftKey::ABBREVIATED_DIAL), Button::LINE),
        &["Setup \"2001\" \"5\" Some(SpeedDial)"],
    );
    idle(|bench| bench.press(SoftKey::HUNT_LOG), &["Setup \"2001\" \"\" Some(HuntLogin(Over))"]);
    talking(|bench| bench.push(Button::QRT, 1), &["FeatureRequested(ReportQuality(None))"]);
    talking(|bench| bench.press(SoftKey::QUALITY_REPORT), &["FeatureRequested(ReportQuality(None))"]);
    talking(|bench| bench.press(SoftKey::MALICIOUS_CALL), &["FeatureRequested(MaliciousCall)"]);
    talking(|bench| bench.press(SoftKey::REMOVE_LAST), &["FeatureRequested(DropLast)"]);
    talking(|bench| bench.press(SoftKey::RECORD), &["FeatureRequested(Record(Over))"]);
    talking(
        |bench| bench.push(Button::ANSWER_RELEASE, 1),
        &["Released { cause: Cause(16 normal call clearing), reason: HungUp }"],
    );
}

#[test]
fn a_button_is_for_the_line_that_its_user_is_in() {
    let second = |bench: &mut Bench| bench.push(Button::LINE, 2);
    idle(
        |bench| {
            second(bench);
            bench.push(Button::FORWARD_ALL, 1);
            bench.say(KeypadButton { key: 5, of: None });
            bench.say(KeypadButton { key: 15, of: None });
        },
        &["Setup \"2002\" \"5\" Some(Forward(All))"],
    );
    idle(
        |bench| {
            bench.input(Input::Forwards { device: PHONE, line: Instance(2), forwards: true });
            second(bench);
            bench.push(Button::FORWARD_ALL, 1);
        },
        &["Setup \"2002\" \"\" Some(CancelForward(All))"],
    );
    // Without a call it is the first.
    idle(
        |bench| {
            bench.input(Input::Forwards { device: PHONE, line: Instance(1), forwards: true });
            bench.push(Button::FORWARD_ALL, 1);
        },
        &["Setup \"2001\" \"\" Some(CancelForward(All))"],
    );
}

#[test]
fn whoever_is_busy_or_does_not_answer_is_called_back() {
    let calls = |bench: &mut Bench| {
        let mut call = EnblocCall::default();
        call.dialled.number = Text::from("1001");
        bench.say(call);
    };
    idle(
        |bench| {
            calls(bench);
            bench.command(&Command::Release(Cause::USER_BUSY), Media::None);
            bench.press(SoftKey::CALL_BACK);
        },
        &["Setup \"2001\" \"1001\" Some(CallBack)"],
    );
    idle(
        |bench| {
            calls(bench);
            let alert = Command::Alert {
                alert: Alert::Ringing,
                media: Sdp::None,
                shown: None,
                heard: strowger_base::leg::EarlyMedia::Unsaid,
            };
            bench.command(&alert, Media::None);
            bench.press(SoftKey::CALL_BACK);
        },
        &["FeatureRequested(CallBack)"],
    );
}

#[test]
fn a_key_of_what_there_is_not_says_so() {
    idle(|bench| bench.push(Button::MOBILITY, 1), &["reads <Service Is Not Active> \"\""]);
}

#[test]
fn a_feature_button_is_known_by_its_instance() {
    talking(|bench| bench.push(Button::PRIVACY, 2), &["FeatureRequested(Record(Over))"]);
    talking(|bench| bench.push(Button::PRIVACY, 3), &["FeatureRequested(Privacy(Over))"]);
    talking(|bench| bench.push(Button::PRIVACY, 9), &["FeatureRequested(Privacy(Over))"]);
}

#[test]
fn a_recorded_call_is_shown_so() {
    let shown = |shown| move |bench: &mut Bench| bench.command(&Command::ShowRecording(shown), Media::None);
    talking(shown(RecordingShown::On), &["recorded 1"]);
    talking(shown(RecordingShown::Paused), &["recorded 0"]);
    talking(shown(RecordingShown::Off), &["recorded 0"]);
}

#[test]
fn the_button_for_recording_is_lit_while_a_call_is_recorded() {
    let lit = |bench: &Bench| {
        bench.out.iter().find_map(|output| match output {
            Output::Tell { message, .. } => match &**message {
                ToStation::FeatureStat(stat) => {
                    Some((stat.index.0, stat.kind, stat.status, stat.label.as_str().to_owned()))
                }
                _ => None,
            },
            _ => None,
        })
    };
    let stat = |status| Some((2, ButtonType::FEATURE, status, "Rec".to_owned()));
    let mut bench = Bench::new();
    bench.talk();
    assert_eq!(lit(&bench), None);
    bench.command(&Command::ShowRecording(RecordingShown::On), Media::None);
    assert_eq!(lit(&bench), stat(1));
    bench.command(&Command::ShowRecording(RecordingShown::On), Media::None);
    assert_eq!(lit(&bench), None);
    bench.press(SoftKey::END_CALL);
    assert_eq!(lit(&bench), stat(0));
}

#[test]
fn a_phone_that_comes_back_is_shown_that_its_call_is_recorded_meanwhile() {
    let mut bench = Bench::new();
    bench.talk();
    bench.input(Input::Gone { device: PHONE, calls_go_on: true });
    bench.command(&Command::ShowRecording(RecordingShown::On), Media::None);
    assert_eq!(bench.followed(), [] as [&str; 0], "nobody is there who could see it");
    bench.registers(Features::RTP_EVENTS, 1);
    bench.input(Input::Ready { device: PHONE });
    assert_eq!(bench.followed(), ["recorded 1"]);
}

#[test]
fn a_call_is_not_given_to_another_line_at_its_button() {
    // The lines have changed their places while the phone was away.
    for (numbers, goes_on) in [(["2001", "2002"], true), (["2002", "2001"], false)] {
        let mut bench = Bench::new();
        bench.talk();
        bench.input(Input::Gone { device: PHONE, calls_go_on: true });
        bench.registers_with(Features::RTP_EVENTS, 1, numbers);
        bench.input(Input::Ready { device: PHONE });
        let released = bench.followed().iter().any(|told| told.starts_with("Released"));
        assert_eq!(released, !goes_on, "{:?}", bench.followed());
    }
}

#[test]
fn the_button_of_a_busy_lamp_takes_the_call_that_rings_there() {
    let rings = |bench: &mut Bench, rings| {
        bench.input(Input::Rung { device: PHONE, lamp: Instance(1), rings });
    };
    let dials = ["Setup \"2001\" \"2003\" None"];
    idle(|bench| bench.push(Button::BLF_SPEED_DIAL, 1), &dials);
    idle(
        |bench| {
            rings(bench, true);
            bench.push(Button::BLF_SPEED_DIAL, 1);
        },
        &["Setup \"2001\" \"2003\" Some(DirectedPickUp)"],
    );
    idle(
        |bench| {
            rings(bench, true);
            rings(bench, false);
            bench.push(Button::BLF_SPEED_DIAL, 1);
        },
        &dials,
    );
}

/// What a phone offers and is told of keys in RTP, and what is told of a key of its pad.
fn keys(abilities: Features, codecs: &[Codec], remote: Option<u8>) -> (Option<u8>, [u32; 2], Vec<String>) {
    let mut bench = Bench::with(abilities);
    let audio = codecs.iter().map(|codec| AudioCapability { codec: *codec, ..AudioCapability::default() });
    if !codecs.is_empty() {
        bench.say(CapabilitiesRes { audio: audio.collect() });
    }
    let mut told = [7; 2];
    let mut call = EnblocCall::default();
    call.dialled.number = Text::from("1001");
    bench.say(call);
    bench.answered(remote);
    for output in &bench.out {
        if let Output::Tell { message, .. } = output
            && let ToStation::OpenReceiveChannel(open) = &**message
        {
            told[0] = open.event_payload;
        }
    }
    bench.opens();
    let mut offered = None;
    for output in &bench.out {
        match output {
            Output::Signal(_, _, Media::Answer(voice)) => offered = voice.events,
            Output::Tell { message, .. } => {
                if let ToStation::StartMediaTransmission(start) = &**message {
                    told[1] = start.event_payload;
                }
            }
            _ => {}
        }
    }
    bench.say(KeypadButton { key: 5, of: None });
    (offered, told, bench.followed())
}

#[test]
fn keys_go_in_rtp_where_both_have_them_there_and_are_told_otherwise() {
    let can = Features::RTP_EVENTS;
    let told = vec!["Digit(Digit { key: '5', duration_ms: 0 })".to_owned()];
    let ulaw = Codec::G711_ULAW_64K;
    assert_eq!(keys(can, &[], Some(96)), (Some(101), [101, 96], vec![]));
    assert_eq!(keys(can, &[], None), (Some(101), [101, 0], told.clone()));
    assert_eq!(keys(Features(0), &[ulaw], Some(96)), (None, [0, 0], told.clone()));
    assert_eq!(keys(Features(0), &[ulaw, Codec::TELEPHONE_EVENT], Some(96)), (Some(101), [101, 96], vec![]));
}

/// What a call becomes: whether the phone shows it on hold, connected or in congestion.
fn shown(bench: &Bench) -> Vec<String> {
    let states = bench.out.iter().filter_map(|output| match output {
        Output::Tell { message, .. } => match &**message {
            ToStation::CallState(state) => Some(state.state.to_string()),
            _ => None,
        },
        _ => None,
    });
    states.collect()
}

#[test]
fn a_phone_that_cannot_send_ends_the_call_and_says_why() {
    let check = |message: fn(PartyId) -> FromStation, ends: bool| {
        let mut bench = Bench::new();
        bench.talk();
        let port = bench.port;
        bench.say(message(port));
        let released = "Released { cause: Cause(47 resource unavailable), reason: Refused(503) }".to_owned();
        let expect = if ends { (vec![released], vec!["congestion".to_owned()]) } else { (vec![], vec![]) };
        assert_eq!((bench.followed(), shown(&bench)), expect);
    };
    check(|party| MediaTransmissionFailure { party, ..MediaTransmissionFailure::default() }.into(), true);
    check(
        |party| {
            let status = MediaStatus::OUT_OF_SOCKETS;
            StartMediaTransmissionAck { party, status, ..StartMediaTransmissionAck::default() }.into()
        },
        true,
    );
    check(|party| StartMediaTransmissionAck { party, ..StartMediaTransmissionAck::default() }.into(), false);
    // One of a port that is closed already.
    check(
        |party| {
            let party = PartyId(party.0 - 1);
            MediaTransmissionFailure { party, ..MediaTransmissionFailure::default() }.into()
        },
        false,
    );
}

#[test]
fn a_call_that_cannot_be_taken_back_stays_on_hold() {
    let mut bench = Bench::new();
    bench.talk();
    bench.press(SoftKey::HOLD);
    let call = bench.call;
    let resume = SoftKeyEvent { event: SoftKey::RESUME, line: Instance(1), call };
    bench.say(resume.clone());
    bench.refuses();
    assert_eq!(
        (bench.followed(), shown(&bench)),
        (vec!["reads <No Resources> \"\"".into()], vec!["hold".into()])
    );
    // It says nothing in time, and opens it when nobody waits any more.
    bench.say(resume.clone());
    bench.now += Duration::from_secs(10);
    bench.input(Input::Timeout);
    assert_eq!(shown(&bench), ["hold"]);
    let closed = |output: &Output| matches!(output, Output::Tell { message, .. } if matches!(**message, ToStation::CloseReceiveChannel(_)));
    assert!(bench.out.iter().any(closed), "its port is closed, should it open yet");
    bench.opens();
    assert_eq!(bench.out, []);
    bench.say(resume);
    bench.opens();
    assert_eq!(shown(&bench), ["connected"]);
}

#[test]
fn a_call_whose_party_changes_while_the_phone_has_no_port_is_on_hold() {
    let mut bench = Bench::new();
    bench.talk();
    // Another codec wants another port.
    bench.command(&Command::RequestMedia, Media::None);
    bench.answers_with(Codec::G711_ALAW_64K);
    bench.refuses();
    let refused = "MediaRefused(Cause(47 resource unavailable))".to_owned();
    assert_eq!(bench.followed(), [refused, "reads <No Resources> \"\"".into()]);
    assert_eq!(shown(&bench), ["hold"]);
}
