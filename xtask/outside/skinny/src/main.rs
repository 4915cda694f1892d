//! A phone that speaks SCCP with the codec of the crate `sccp-protocol`. It holds its server to it that every message can be read, and does
//! what standard input says:
//!
//! ```text
//! outside-skinny 127.0.0.1:2000 SEP001122334455 17 500 heard.raw
//! call 1001             a number on hook
//! lift                  the receiver; `put` puts it down
//! dial 1001             keys, one by one
//! key Hold              a soft key of the call that was told of last, by its name there
//! key Resume Hold       the same of the call in this state
//! ```
//!
//! It says a tone of so many hertz, and what it hears goes into the file. What happens is a line on standard output: `registered`,
//! `state Connected`, `sends 127.0.0.1:4000 G711Ulaw64k`, `wrong …`.

mod sound;

use std::collections::BTreeMap;
use std::io::{BufRead as _, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use sccp_protocol::types::DeviceId;
use sccp_protocol::{
    AlarmSeverity, BoundedBytes, CallState, ClientMessage, Codec, ConnectionQualityStatistics,
    ConnectionStatistics, DeviceType, Digit, FrameDecoder, MediaCapability, MediaStatus, MessageId,
    PhoneFeatures, ProtocolVersion, RegistrationMessage, ServerMessage, SoftKey,
};

use self::sound::{Law, Sound};

/// From version 18 on numbers in these have 25 bytes, which stand beside what follows as Wireshark and others read them, and have three
/// more here.
const DISPUTED: [MessageId; 2] = [MessageId::ForwardStatus, MessageId::DialedNumber];

type Failure = Box<dyn std::error::Error>;

struct Phone {
    stream: TcpStream,
    version: ProtocolVersion,
    /// Nothing was agreed on before.
    agreed: bool,
    actions: Vec<SoftKey>,
    /// The calls that are shown, by their numbers: the line, and how it is.
    calls: BTreeMap<u32, (u32, CallState)>,
    /// Of which of them was told last.
    latest: u32,
    sounds: BTreeMap<u32, Sound>,
    tone: f64,
    heard: PathBuf,
    keepalive: Duration,
    said: Instant,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, name, version, tone, heard] = &arguments[..] else {
        return Err("usage: outside-skinny SERVER NAME VERSION TONE FILE".into());
    };
    let stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    stream.set_nodelay(true)?;
    let (orders, wanted) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if orders.send(line).is_err() {
                return;
            }
        }
    });
    let mut phone = Phone {
        stream,
        version: ProtocolVersion::new(version.parse()?)?,
        agreed: false,
        actions: Vec::new(),
        calls: BTreeMap::new(),
        latest: 0,
        sounds: BTreeMap::new(),
        tone: tone.parse()?,
        heard: heard.into(),
        keepalive: Duration::from_secs(30),
        said: Instant::now(),
    };
    phone.registers(name)?;
    let mut decoder = FrameDecoder::new();
    loop {
        match wanted.try_recv() {
            Ok(order) => phone.does(&order)?,
            Err(mpsc::TryRecvError::Empty) => {}
            Err(mpsc::TryRecvError::Disconnected) => return Ok(()),
        }
        if phone.said.elapsed() > phone.keepalive {
            phone.says(&ClientMessage::KeepAlive)?;
        }
        let mut buffer = [0; 8192];
        match phone.stream.read(&mut buffer) {
            Ok(0) => return Err("the server closed the connection".into()),
            Ok(count) => {
                for frame in decoder.push(&buffer[..count])? {
                    let bytes = frame.encode()?;
                    phone.hears(frame, &bytes)?;
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl Phone {
    fn says(&mut self, message: &ClientMessage) -> Result<(), Failure> {
        self.said = Instant::now();
        Ok(self.stream.write_all(&message.encode(self.version)?)?)
    }

    fn registers(&mut self, name: &str) -> Result<(), Failure> {
        let alarm = ClientMessage::Alarm {
            severity: AlarmSeverity::from(2),
            text: format!("25: Name={name} Load=9.4 Last=Initialized"),
            parameters: Some([0, 0]),
        };
        self.says(&alarm)?;
        self.says(&ClientMessage::Register(RegistrationMessage {
            device_id: DeviceId::new(name)?,
            reported_address: Some(Ipv4Addr::LOCALHOST),
            reported_ipv6_address: None,
            device_type: DeviceType::from(115),
            advertised_protocol: Some(self.version.wire()),
            features: PhoneFeatures::from_bits_retain(0x8572_0000),
            firmware: "SCCP41.9-4-2SR3-1S".to_owned(),
            configuration_version_stamp: BoundedBytes::new(vec![0; 48])?,
            wire: None,
        }))
    }

    fn does(&mut self, order: &str) -> Result<(), Failure> {
        let (mut line, mut call) =
            self.calls.get(&self.latest).map_or((1, 0), |(line, _)| (*line, self.latest));
        match order.split_once(' ').unwrap_or((order, "")) {
            ("call", number) => {
                let line_instance = u32::from(self.version.wire() >= 17);
                self.says(&ClientMessage::EnblocCall { called_party: number.to_owned(), line_instance })
            }
            ("lift", _) => self.says(&ClientMessage::OffHook { line_instance: 1, call_reference: call }),
            ("put", _) => self.says(&ClientMessage::OnHook { line_instance: line, call_reference: call }),
            ("dial", digits) => digits.chars().try_for_each(|digit| {
                let button = Digit::from(digit.to_digit(10).unwrap_or(0));
                let (line_instance, call_reference) = (line, call);
                self.says(&ClientMessage::KeypadButton {
                    button,
                    line_instance,
                    call_reference,
                    wire_layout: None,
                })
            }),
            ("key", key) => {
                let (name, state) = key.split_once(' ').unwrap_or((key, ""));
                if !state.is_empty() {
                    let fits = |(_, (_, of)): &(&u32, &(u32, CallState))| format!("{of:?}") == state;
                    let Some((number, (of, _))) = self.calls.iter().find(fits) else {
                        return wrong(format!("no call is in the state {state} among {:?}", self.calls));
                    };
                    (line, call) = (*of, *number);
                }
                let known = self.actions.iter().find(|key| format!("{key:?}") == name);
                let Some(event) = known.map(|key| key.wire_value()) else {
                    return wrong(format!("there is no key {name} among {:?}", self.actions));
                };
                self.says(&ClientMessage::SoftKeyEvent { event, line_instance: line, call_reference: call })
            }
            _ => wrong(format!("there is no order {order}")),
        }
    }

    fn hears(&mut self, frame: sccp_protocol::Frame, bytes: &[u8]) -> Result<(), Failure> {
        let id = frame.message_type();
        if self.version.wire() >= 18 && DISPUTED.contains(&id) {
            return Ok(());
        }
        let frame = in_their_length(in_plain_text(frame), self.version);
        let message = match ServerMessage::decode(frame, self.version) {
            Ok(message) => message,
            Err(error) => return wrong(format!("{id:?} cannot be read: {error}: {}", hex(bytes))),
        };
        if let ServerMessage::RegisterAck { protocol, .. } = &message {
            (self.version, self.agreed) = (*protocol, true);
        }
        if matches!(message, ServerMessage::Unknown(_)) {
            return wrong(format!("{id:?} is unknown there"));
        }
        self.takes(message)
    }

    fn takes(&mut self, message: ServerMessage) -> Result<(), Failure> {
        match message {
            ServerMessage::RegisterAck { keepalive_seconds, .. } => {
                self.keepalive = Duration::from_secs(u64::from(keepalive_seconds));
                self.says(&ClientMessage::ButtonTemplateRequest)?;
                self.says(&ClientMessage::SoftKeyTemplateRequest)?;
                self.says(&ClientMessage::SoftKeySetRequest)?;
                self.says(&ClientMessage::ConfigStatRequest)?;
                self.says(&ClientMessage::LineStatRequest { line_instance: 1 })?;
                self.says(&ClientMessage::ForwardStatusRequest { line_instance: 1 })?;
                self.says(&ClientMessage::ServerRequest)?;
                self.says(&ClientMessage::VersionRequest)?;
                self.says(&ClientMessage::TimeDateRequest)
            }
            ServerMessage::RegisterReject { reason } => wrong(format!("rejected: {reason}")),
            ServerMessage::CapabilitiesRequest => {
                let has = |codec| MediaCapability {
                    codec: Codec::from(codec),
                    max_packet_ms: 40,
                    codec_parameters: [0; 8],
                };
                self.says(&ClientMessage::CapabilitiesResponse([4, 2].map(has).to_vec()))
            }
            ServerMessage::SoftKeyTemplate { actions } => {
                self.actions = actions;
                Ok(())
            }
            ServerMessage::LineStatus { directory_number, .. } => told(&format!("line {directory_number}")),
            ServerMessage::TimeDate { year, .. } => told(&format!("registered in {year}")),
            ServerMessage::CallState { state, line_instance, call_reference } => {
                if state == CallState::OnHook {
                    self.calls.remove(&call_reference);
                    self.sounds.remove(&call_reference);
                    self.latest = self.calls.keys().next_back().copied().unwrap_or(0);
                } else {
                    self.calls.insert(call_reference, (line_instance, state));
                    self.latest = call_reference;
                }
                told(&format!("state {state:?}"))
            }
            ServerMessage::CallInfo { info, .. } => told(&format!(
                "parties {} {:?} to {} {:?}",
                info.calling_number, info.calling_name, info.called_number, info.called_name
            )),
            ServerMessage::DisplayPrompt { text, .. } => told(&format!("prompt {text:?}")),
            ServerMessage::OpenReceiveChannel { call_reference, passthrough_party_id, codec, .. } => {
                let sound = Sound::opens(&self.heard)?;
                let port = sound.port()?;
                self.sounds.insert(call_reference, sound);
                told(&format!("opens {port} {codec:?}"))?;
                self.says(&ClientMessage::OpenReceiveChannelAck {
                    status: MediaStatus::from(0),
                    address: IpAddr::V4(Ipv4Addr::LOCALHOST),
                    port,
                    passthrough_party_id,
                    call_reference,
                })
            }
            ServerMessage::StartMediaTransmission { endpoint, call_reference, .. } => {
                let Some(sound) = self.sounds.get_mut(&call_reference) else {
                    return wrong(format!("call {call_reference} sends before it hears"));
                };
                let law = match endpoint.codec {
                    codec if codec == Codec::from(4) => Law::Mu,
                    codec if codec == Codec::from(2) => Law::A,
                    codec => return wrong(format!("it has no {codec:?}")),
                };
                sound.sends(SocketAddr::from((endpoint.address, endpoint.rtp_port)), law, self.tone)?;
                told(&format!("sends {}:{} {:?}", endpoint.address, endpoint.rtp_port, endpoint.codec))
            }
            ServerMessage::CloseReceiveChannel(of) => {
                self.sounds.remove(&of.call_reference.get());
                told("closes")
            }
            ServerMessage::StopMediaTransmission(of) => {
                if let Some(sound) = self.sounds.get_mut(&of.call_reference.get()) {
                    sound.stops();
                }
                told("stops")
            }
            ServerMessage::SelectSoftKeys { set, .. } => told(&format!("keys {set:?}")),
            ServerMessage::SetLamp { stimulus, instance, mode } => {
                told(&format!("lamp {stimulus:?} {instance} {mode:?}"))
            }
            ServerMessage::ConnectionStatisticsRequest { directory_number, call_reference, processing } => {
                self.says(&ClientMessage::ConnectionStatisticsResponse(ConnectionStatistics {
                    directory_number,
                    call_reference,
                    processing,
                    packets_sent: 50,
                    octets_sent: 8_000,
                    packets_received: 49,
                    octets_received: 7_840,
                    packets_lost: 1,
                    jitter_millis: 2,
                    latency_millis: 3,
                    quality: ConnectionQualityStatistics::new(
                        "MLQK=4.5000;MLQKav=4.5000;ICR=0.0000;CCR=0.0000;CS=0;SCS=0",
                    )?,
                }))
            }
            _ => Ok(()),
        }
    }
}

/// This codec reads texts as UTF-8. What a phone puts its own words for, a code of two bytes of which the first is 0x80, stands as a star
/// and a letter instead.
fn in_plain_text(mut frame: sccp_protocol::Frame) -> sccp_protocol::Frame {
    if matches!(
        frame.message_type(),
        MessageId::DisplayDynamicPromptStatus
            | MessageId::DisplayDynamicNotify
            | MessageId::DisplayPromptStatus
            | MessageId::DisplayNotify
    ) {
        for at in 1..frame.payload.len() {
            if frame.payload[at - 1] == 0x80 {
                frame.payload[at - 1] = b'*';
                frame.payload[at] = b'a' + frame.payload[at] % 26;
            }
        }
    }
    frame
}

/// Who has taken these messages apart disagrees about how long they are up to version 11; phones take the longer ones, and this codec its own
/// only. The difference is nothing but zeros behind what it knows.
fn in_their_length(mut frame: sccp_protocol::Frame, version: ProtocolVersion) -> sccp_protocol::Frame {
    let length = match frame.message_type() {
        MessageId::OpenReceiveChannel => 92,
        MessageId::StartMediaTransmission => 108,
        _ => return frame,
    };
    if version.wire() <= 11
        && frame.payload.get(length..).is_some_and(|more| more.iter().filter(|byte| **byte != 0).count() <= 1)
    {
        frame.payload.truncate(length);
    }
    frame
}

fn told(what: &str) -> Result<(), Failure> {
    println!("{what}");
    Ok(())
}

fn wrong(what: String) -> Result<(), Failure> {
    told(&format!("wrong: {what}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
