//! A media resource of an IOS router as the published facts describe it: it registers under the name of its profile, says what it speaks,
//! and opens and closes ports as it is told. What it is told that no DSP could do it complains of.

use std::collections::BTreeMap;

use super::wire::{First, Frame, Message, first};

/// A conference bridge, a transcoder or a media termination point.
#[derive(Debug, Default)]
pub struct Router {
    /// The name that its profile registers.
    pub name: String,
    /// The type of device that it registers as.
    pub kind: u32,
    /// The highest version that it speaks, and then the one that was agreed on.
    pub version: u8,
    /// Where it is.
    pub ip: [u8; 4],
    /// RTP streams that its DSPs bear.
    pub streams: u32,
    /// The codecs of its profile.
    pub codecs: Vec<u32>,
    /// Its profile keeps the port of a stream that is opened for another codec.
    pub keeps_ports: bool,
    /// It has no port for anybody.
    pub has_no_port: bool,
    /// It says nothing of its ports.
    pub is_mute: bool,
    /// What it wants to send.
    pub sends: Vec<u8>,
    heard: Vec<u8>,
    agreed: bool,
    /// It is taken, and has said what it speaks.
    pub registered: bool,
    /// Why it was not taken.
    pub rejected: Option<String>,
    /// It was told to begin anew, in this way.
    pub reset: Option<u32>,
    /// How often it shall say that it is there, in seconds.
    pub keepalive: u32,
    /// How often it was answered that it is.
    pub answers_keepalive: u32,
    /// Its streams, by party.
    pub streams_open: BTreeMap<u32, Stream>,
    /// Ports that were closed and are kept, by party.
    kept: BTreeMap<u32, u32>,
    next_port: u32,
    /// What it was told that cannot be.
    pub complaint: Option<String>,
}

/// A stream: what it hears, and where it sends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stream {
    /// The conference to which it belongs.
    pub conference: u32,
    /// The call that it was told of.
    pub call: u32,
    /// Where it hears.
    pub port: u32,
    /// What it hears.
    pub codec: u32,
    /// How much a packet has, in milliseconds.
    pub packet_ms: u32,
    /// The payload type of keys that it hears.
    pub events: u32,
    /// Address, codec and payload type of keys.
    pub sends: Option<(String, u32, u32)>,
}

/// The type of a conference bridge.
pub const BRIDGE: u32 = 53;
/// That of a transcoder.
pub const TRANSCODER: u32 = 112;
/// That of a media termination point.
pub const TERMINATION_POINT: u32 = 111;

impl Router {
    /// One that is not connected, with DSPs for eight streams of G.711 and G.729.
    pub fn new(name: &str, kind: u32, version: u8, ip: [u8; 4]) -> Self {
        Router {
            name: name.to_owned(),
            kind,
            version,
            ip,
            streams: 8,
            // µ-law, A-law, G.729 with annex A and without.
            codecs: vec![4, 2, 12, 11],
            keeps_ports: true,
            next_port: 16_384,
            ..Router::default()
        }
    }

    /// The connection is open: it registers.
    pub fn connects(&mut self) {
        let fresh = Router::new(&self.name, self.kind, self.version, self.ip);
        let (streams, codecs, next_port) = (self.streams, self.codecs.clone(), self.next_port);
        let (keeps_ports, has_no_port, is_mute) = (self.keeps_ports, self.has_no_port, self.is_mute);
        *self = Router { streams, codecs, next_port, keeps_ports, has_no_port, is_mute, ..fresh };
        let register = Frame::new(0, 0x01)
            .text(&self.name.clone(), 16)
            .word(0)
            .word(0)
            .bytes(&self.ip)
            .word(self.kind)
            .word(self.streams)
            .word(0)
            .word(u32::from(self.version))
            .word(0)
            .word(0)
            .bytes(&[0; 12]);
        self.send(register);
    }

    /// Its interval is over.
    pub fn says_that_it_is_there(&mut self) {
        let frame = self.frame(0x00);
        self.send(frame);
    }

    /// Its profile is shut down.
    pub fn unregisters(&mut self) {
        let frame = self.frame(0x27);
        self.send(frame);
    }

    /// Some of its DSPs are gone, or come back.
    pub fn has_streams(&mut self, streams: u32) {
        let out_of_service = self.streams.saturating_sub(streams);
        let frame = self.frame(0x2c).word(self.kind).word(streams).word(0).word(out_of_service);
        self.send(frame);
    }

    /// It cannot send to whom it should.
    pub fn fails_to_send(&mut self, party: u32) {
        let Some(stream) = self.streams_open.get(&party).cloned() else { return };
        let (version, ip) = (self.version, self.ip);
        let frame = self.frame(0x2a).word(stream.conference).word(party).address(version, ip);
        self.send(frame.word(0).word(stream.call));
    }

    /// What its conferences are, each with its streams: what each hears, and where it sends.
    pub fn shows(&self) -> Vec<String> {
        let mut conferences: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for stream in self.streams_open.values() {
            let name = |codec: u32| match codec {
                2 => "A-law".to_owned(),
                4 => "µ-law".to_owned(),
                6 => "G.722".to_owned(),
                11 | 12 => "G.729".to_owned(),
                codec => format!("codec {codec}"),
            };
            let sends = match &stream.sends {
                Some((to, codec, _)) if *codec == stream.codec => format!("{} to {to}", name(*codec)),
                Some((to, codec, _)) => format!("{}, and {} to {to}", name(stream.codec), name(*codec)),
                None => format!("{} to nobody", name(stream.codec)),
            };
            conferences.entry(stream.conference).or_default().push(sends);
        }
        conferences.into_values().map(|streams| format!("has {}", streams.join(" and "))).collect()
    }

    /// Bytes came.
    pub fn hears(&mut self, bytes: &[u8]) {
        self.heard.extend(bytes);
        let heard = std::mem::take(&mut self.heard);
        let mut rest = &heard[..];
        loop {
            match first(rest) {
                First::Whole(message, length) => {
                    self.takes(&message);
                    rest = rest.get(length..).unwrap_or_default();
                }
                First::Part => break,
                First::Nonsense(length) => {
                    self.complain(format!("it is sent a frame of {length} bytes"));
                    rest = &[];
                    break;
                }
            }
        }
        self.heard = rest.to_vec();
    }

    fn frame(&self, id: u32) -> Frame {
        let header = if self.agreed && self.version >= 10 { u32::from(self.version) } else { 0 };
        Frame::new(header, id)
    }

    fn send(&mut self, frame: Frame) {
        self.sends.extend(frame.end());
    }

    fn complain(&mut self, what: String) {
        self.complaint.get_or_insert(what);
    }

    fn takes(&mut self, message: &Message<'_>) {
        match message.id {
            0x81 => {
                self.keepalive = message.word(0);
                self.version = if message.body.len() >= 20 { message.byte(16) } else { 3 };
                self.agreed = true;
            }
            0x9d => self.rejected = Some(message.text(0, 32)),
            0x9b => {
                let count = self.codecs.len() as u32;
                let all = self.codecs.clone();
                let codecs = all.iter().fold(self.frame(0x10).word(count), |frame, codec| {
                    frame.word(*codec).word(60).word(0).word(0)
                });
                self.send(codecs);
                self.registered = true;
            }
            0x9f => self.reset = Some(message.word(0)),
            0x100 => self.answers_keepalive += 1,
            0x118 => self.registered = false,
            0x105 | 0x106 | 0x8a | 0x8b => self.takes_media(message),
            other => self.complain(format!("a router knows nothing of message {other:#x}")),
        }
    }

    fn takes_media(&mut self, message: &Message<'_>) {
        let (conference, party) = (message.word(0), message.word(4));
        match message.id {
            0x105 => self.opens(message, conference, party),
            0x106 => match self.streams_open.remove(&party) {
                Some(stream) if message.word(12) == 1 && self.keeps_ports => {
                    if stream.sends.is_some() {
                        self.complain(format!("stream {party} is changed while it sends"));
                    }
                    self.kept.insert(party, stream.port);
                }
                // It may go on sending until it is told to stop.
                Some(stream) if stream.sends.is_some() => _ = self.kept.insert(party, 0),
                Some(_) => {}
                None if !self.has_no_port && !self.is_mute => {
                    self.complain(format!("stream {party} is closed that was not open"));
                }
                None => {}
            },
            0x8a => {
                let base = if self.version < 17 { 12 } else { 28 };
                let [a, b, c, d] = message.address(self.version, 8);
                let to = format!("{a}.{b}.{c}.{d}:{}", message.word(base));
                let (codec, events) = (message.word(base + 8), message.word(base + 88));
                match self.streams_open.get_mut(&party) {
                    Some(stream) if stream.conference == conference && stream.sends.is_none() => {
                        stream.sends = Some((to, codec, events));
                    }
                    Some(_) => {
                        self.complain(format!("stream {party} shall send twice, or for another conference"))
                    }
                    None => self.complain(format!("stream {party} shall send, which is not open")),
                }
            }
            0x8b => {
                let was_kept = self.kept.get(&party) == Some(&0);
                let sent = self.streams_open.get_mut(&party).and_then(|stream| stream.sends.take()).is_some();
                if was_kept {
                    self.kept.remove(&party);
                } else if !sent {
                    self.complain(format!("stream {party} shall stop sending, and does not send"));
                }
            }
            _ => {}
        }
    }

    fn opens(&mut self, message: &Message<'_>, conference: u32, party: u32) {
        let expected = match self.version {
            ..=16 => 108,
            17..=21 => 128,
            22.. => 168,
        };
        if message.body.len() != expected {
            self.complain(format!("OpenReceiveChannel has {} bytes", message.body.len()));
        }
        let (packet_ms, codec, call) = (message.word(8), message.word(12), message.word(24));
        if !self.codecs.contains(&codec) {
            self.complain(format!("it has no codec {codec}"));
        }
        if self.streams_open.contains_key(&party) {
            self.complain(format!("stream {party} is opened twice"));
        }
        if self.streams_open.len() as u32 >= self.streams {
            self.complain(format!("it has no more than {} streams", self.streams));
        }
        if self.is_mute {
            return;
        }
        let (version, ip) = (self.version, self.ip);
        if self.has_no_port {
            let frame = self.frame(0x22).word(2).address(version, [0; 4]).word(0).word(party).word(call);
            return self.send(frame);
        }
        let port = self.kept.remove(&party).unwrap_or_else(|| {
            self.next_port += 2;
            self.next_port
        });
        let events = message.word(84);
        let stream = Stream { conference, call, port, codec, packet_ms, events, sends: None };
        self.streams_open.insert(party, stream);
        let frame = self.frame(0x22).word(0).address(version, ip).word(port).word(party).word(call);
        self.send(frame);
    }
}
