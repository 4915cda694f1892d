//! Media resources of routers as media workers: they take the same commands, and tell the same reports.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::{ConferenceId, Instant, Now};
use strowger_callcontrol::DeviceAbility;
use strowger_media::codec::Codec;
use strowger_media::control::{self, PortId, Report, StreamFormat};
use strowger_sccp::Resources;
use strowger_sccp::calls::io::Format;
use strowger_sccp::codes;
use strowger_sccp::resources::io::{Ability, Input, Leg, Output, SessionId, Spoken, Standing};

/// All media resources of routers, and the ports that they have for calls and services.
#[derive(Default)]
pub(super) struct Routers {
    pub(super) resources: Resources,
    ports: BTreeMap<PortId, Port>,
}

/// A port at a device.
struct Port {
    device: Arc<str>,
    a: Side,
    b: Side,
    /// Nothing is sent from it.
    suspended: bool,
}

/// A side of a port: a seat has one.
#[derive(Clone, Copy)]
struct Side {
    spoken: Spoken,
    /// Where its device wants its packets.
    peer: Option<SocketAddr>,
}

/// What follows for the node.
pub(super) enum Said {
    /// A device is told something, or has calls.
    Device(Output),
    /// Somebody waits for a port, or has it no more.
    Report(Report),
    /// A seat will be opened at a device that speaks this.
    Seat(PortId, Vec<Codec>),
    /// A device can do this now.
    Able(Box<str>, Option<DeviceAbility>),
    /// A port is lost: why.
    Lost(PortId, Arc<str>, &'static str),
}

impl Routers {
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.resources.next_timeout()
    }

    /// Whether a port is at a device.
    pub(super) fn has_port(&self, port: PortId) -> bool {
        self.ports.contains_key(&port)
    }

    /// How a device stands.
    pub(super) fn standing(&self, device: &str) -> Option<Standing> {
        self.resources.standing(device)
    }

    /// Ports at devices.
    pub(super) fn ports(&self) -> usize {
        self.ports.len().max(self.resources.sessions())
    }

    /// Something happened to a device.
    pub(super) fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Vec<Said>) {
        let mut said = Vec::new();
        self.resources.handle(now, input, &mut said);
        for item in said {
            self.said(item, out);
        }
    }

    /// A seat of a conference is wanted.
    pub(super) fn open_seat(
        &mut self,
        now: Now,
        (port, device): (PortId, Arc<str>),
        conference: ConferenceId,
        out: &mut Vec<Said>,
    ) {
        let native = self.standing(&device).map(|it| it.codecs).unwrap_or_default();
        let codecs = codecs(&native);
        let first = codecs.first().copied().unwrap_or(Codec::Pcmu);
        out.push(Said::Seat(port, codecs));
        let spoken = spoken(first, &native);
        let side = Side { spoken, peer: None };
        self.ports.insert(port, Port { device: Arc::clone(&device), a: side, b: side, suspended: false });
        let (session, conference) = (SessionId(port.0), Some(conference.number));
        self.handle(now, Input::Open { session, device: &device, legs: &[spoken], conference }, out);
    }

    /// A port at a device shall do something; or one shall be opened there.
    pub(super) fn command(&mut self, now: Now, command: control::Command, out: &mut Vec<Said>) {
        use control::Command as C;
        let id = command.port();
        if let C::OpenAt { port, device, a, b } = command {
            let native = self.standing(&device).map(|it| it.codecs).unwrap_or_default();
            let legs = [a, b].map(|codec| spoken(codec, &native));
            let [a, b] = legs.map(|spoken| Side { spoken, peer: None });
            self.ports.insert(port, Port { device: Arc::clone(&device), a, b, suspended: false });
            let session = SessionId(port.0);
            return self.handle(
                now,
                Input::Open { session, device: &device, legs: &legs, conference: None },
                out,
            );
        }
        let Some(port) = self.ports.get_mut(&id) else { return };
        let native = self.resources.standing(&port.device).map(|it| it.codecs).unwrap_or_default();
        let legs: &[Leg] = match command {
            C::Direct { side: control::Side::A, peer, .. } => {
                port.a.peer = Some(peer.rtp);
                &[Leg::A]
            }
            C::Direct { side: control::Side::B, peer, .. } => {
                port.b.peer = Some(peer.rtp);
                &[Leg::B]
            }
            C::Transcode { codings: Some(codings), .. } => {
                port.a.spoken = agreed(&codings.a.format, &native);
                port.b.spoken = agreed(&codings.b.format, &native);
                &[Leg::A, Leg::B]
            }
            C::Suspend { suspended, .. } => {
                port.suspended = suspended;
                &[Leg::A, Leg::B]
            }
            C::Connect { remote, format, send, .. } => {
                port.a.spoken = agreed(&format, &native);
                let is_somebody = send && !remote.ip().is_unspecified() && remote.port() != 0;
                port.a.peer = is_somebody.then_some(remote);
                &[Leg::A]
            }
            C::Close { .. } => {
                self.ports.remove(&id);
                self.handle(now, Input::Close { session: SessionId(id.0) }, out);
                let statistics = Box::default();
                return out.push(Said::Report(Report::Closed { port: id, statistics }));
            }
            // A device plays no tones of ours, carries no keys over, has none of SRTP, and mutes nobody.
            C::Transcode { codings: None, .. }
            | C::OpenEndpoint { .. }
            | C::OpenMulticast { .. }
            | C::OpenRelay { .. }
            | C::OpenAt { .. }
            | C::OpenPassage { .. }
            | C::OpenFork { .. }
            | C::Protect { .. }
            | C::Play { .. }
            | C::Mute { .. }
            | C::Copy { .. }
            | C::Unseal { .. }
            | C::Warn { .. }
            | C::Keys { .. }
            | C::Press { .. } => &[],
        };
        let Port { a, b, suspended, .. } = *port;
        for leg in legs {
            let side = match leg {
                Leg::A => a,
                Leg::B => b,
            };
            let to = side.peer.filter(|_| !suspended);
            let input = Input::Direct { session: SessionId(id.0), leg: *leg, spoken: side.spoken, to };
            self.handle(now, input, out);
        }
    }

    fn said(&mut self, item: Output, out: &mut Vec<Said>) {
        match item {
            Output::Tell { .. } | Output::Sessions { .. } => out.push(Said::Device(item)),
            Output::Opened { session, a, b } => {
                out.push(Said::Report(Report::Opened { port: PortId(session.0), a, b }));
            }
            Output::Failed { session, reason } => {
                self.ports.remove(&PortId(session.0));
                out.push(Said::Report(Report::Failed { port: PortId(session.0), reason }));
            }
            Output::Lost { session, reason } => {
                let port = PortId(session.0);
                if let Some(lost) = self.ports.remove(&port) {
                    out.push(Said::Lost(port, lost.device, reason));
                }
                out.push(Said::Report(Report::Closed { port, statistics: Box::default() }));
            }
            Output::Able { device, ability } => {
                let ability = ability.map(|Ability { sessions_max, codecs: native }| DeviceAbility {
                    capacity: sessions_max,
                    codecs: codecs(&native),
                });
                out.push(Said::Able(device, ability));
            }
        }
    }
}

/// What a device speaks, as we know it.
fn codecs(native: &[codes::Codec]) -> Vec<Codec> {
    let mut codecs = Vec::new();
    for codec in native.iter().filter_map(|codec| known(*codec)) {
        if !codecs.contains(&codec) {
            codecs.push(codec);
        }
    }
    codecs
}

const fn known(codec: codes::Codec) -> Option<Codec> {
    match codec {
        codes::Codec::G711_ULAW_64K => Some(Codec::Pcmu),
        codes::Codec::G711_ALAW_64K => Some(Codec::Pcma),
        codes::Codec::G722_64K => Some(Codec::G722),
        // We always say that nothing is left out of silence: not those with annex B.
        codes::Codec::G729 | codes::Codec::G729_ANNEX_A => Some(Codec::G729),
        _ => None,
    }
}

/// A codec in the word that a device has for it.
fn spoken(codec: Codec, native: &[codes::Codec]) -> Spoken {
    let named = native.iter().find(|native| known(**native) == Some(codec));
    let codec = named.copied().unwrap_or(codes::Codec::G711_ULAW_64K);
    Spoken { format: Format { codec, packet: PACKET }, events: Some(EVENTS) }
}

/// What was agreed with a side.
fn agreed(format: &StreamFormat, native: &[codes::Codec]) -> Spoken {
    let Spoken { format: Format { codec, .. }, .. } = spoken(format.codec, native);
    let packet = Duration::from_millis(u64::from(format.ptime_ms));
    Spoken { format: Format { codec, packet }, events: format.telephone_event }
}

/// Until something is agreed.
const PACKET: Duration = Duration::from_millis(20);
const EVENTS: u8 = 101;
