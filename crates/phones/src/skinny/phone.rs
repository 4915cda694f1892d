//! A phone of Cisco that speaks SCCP, as the published facts describe it: it registers, asks what its keys are, shows what it is told, and
//! opens ports when it is told to. It decides nothing: what it does in a call the server has told it, or its user.

use std::collections::{BTreeMap, VecDeque};

use super::wire::{Frame, Message, first};

/// A phone.
#[derive(Debug, Default)]
pub struct Skinny {
    /// SEP and its MAC address.
    pub name: String,
    /// The highest version that it speaks, and then the one that was agreed on.
    pub version: u8,
    /// Its own address, for signalling and media.
    pub ip: [u8; 4],
    /// Why it was started, as it tells before it registers.
    pub told: String,
    /// Bytes that it wants to send.
    pub sends: Vec<u8>,
    /// What came and is not a whole frame yet.
    heard: Vec<u8>,
    asks: VecDeque<Vec<u8>>,
    agreed: bool,
    /// It has everything that it asked for.
    pub registered: bool,
    /// Why it was not let in.
    pub rejected: Option<String>,
    /// It was told to begin anew.
    pub reset: Option<u32>,
    /// How often it says that it is there, in seconds.
    pub keepalive: u32,
    /// Each key by its place in the template: what stands on it, and its number.
    keys: Vec<(String, u32)>,
    /// The places of the keys of each set.
    sets: Vec<Vec<u8>>,
    /// Type and instance of each button.
    pub buttons: Vec<(u8, u8)>,
    /// Number, name and label of each line.
    pub lines: BTreeMap<u32, [String; 3]>,
    /// Where all calls of each line go; empty where they ring.
    pub forwards: BTreeMap<u32, String>,
    /// Number and label of each speed dial.
    pub speed_dials: BTreeMap<u32, [String; 2]>,
    /// What busy lamp buttons show.
    pub features: BTreeMap<u32, (u32, String)>,
    /// What each lamp does, by kind and instance of its button.
    pub lamps: BTreeMap<(u32, u32), u32>,
    /// The calls on its display.
    pub calls: BTreeMap<u32, Call>,
    /// The set of keys while there is no call.
    idle_set: usize,
    /// What stands on its display while there is no call.
    pub prompt: String,
    /// What it was told beside calls, for a while.
    pub notice: String,
    /// How it rings.
    pub ringer: u32,
    /// Its loudspeaker is on.
    pub speaker: bool,
    /// Year, month, day of the week, day, hour, minute, second as it was told.
    pub clock: [u32; 7],
    /// Its ports that are open, by the number that the server gave: call, port, codec.
    pub ports: BTreeMap<u32, (u32, u32, u32)>,
    /// Where it sends, by the same number: address, codec, and payload type of keys.
    pub sending: BTreeMap<u32, (String, u32, u32)>,
    /// Keys that it was told to play.
    pub played: String,
    /// How often it was answered that it is there.
    pub answers_keepalive: u32,
    next_port: u32,
    /// Documents that were pushed to it.
    pub documents: Vec<String>,
    /// It says nothing of its ports.
    pub mute_ports: bool,
    /// It does not say how calls sounded.
    pub mute_statistics: bool,
    /// What it was told that cannot be.
    pub complaint: Option<String>,
    /// Each call was told as missed, received or placed.
    pub history: Vec<u32>,
}

/// A call on its display.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Call {
    /// The button of its line, from 1.
    pub line: u32,
    /// One of the states of calls.
    pub state: u32,
    /// What stands beside it.
    pub prompt: String,
    /// The set of its keys.
    pub set: usize,
    /// Which keys of the set are shown, a bit for each.
    pub mask: u32,
    /// Number and name of who calls.
    pub calling: [String; 2],
    /// Number and name of who is called.
    pub called: [String; 2],
    /// The number as it goes into the list of placed calls.
    pub dialled: String,
    /// The tone that is played; 0 for none.
    pub tone: u32,
}

/// The receiver is lifted, and the number is not complete.
pub const OFF_HOOK: u32 = 1;
/// The call is over.
pub const ON_HOOK: u32 = 2;
/// It rings there.
pub const RING_OUT: u32 = 3;
/// It rings here.
pub const RING_IN: u32 = 4;
/// The parties talk.
pub const CONNECTED: u32 = 5;
/// The called party is busy.
pub const BUSY: u32 = 6;
/// The call is held here.
pub const HOLD: u32 = 8;
/// The number is complete, and the call under way.
pub const PROCEED: u32 = 12;
/// Another phone of the line has the call.
pub const IN_USE_REMOTELY: u32 = 13;

/// Codecs as numbers of the protocol: A-law, µ-law, G.722 and G.729.
const CODECS: [u32; 4] = [4, 2, 6, 11];
const LINE: u8 = 9;
const SPEED_DIAL: u8 = 2;
const BUSY_LAMP: u8 = 0x15;
const FEATURE: u8 = 0x13;
const SERVICE: u8 = 0x14;

impl Skinny {
    /// A phone that has no connection yet.
    pub fn new(name: &str, version: u8, ip: [u8; 4]) -> Self {
        Skinny {
            name: name.to_owned(),
            version,
            ip,
            told: "25: Name=SEP Load=9.4 Last=Initialized".to_owned(),
            next_port: 24_000,
            ..Skinny::default()
        }
    }

    /// The connection is open: it tells what happened to it, and registers.
    pub fn connects(&mut self) {
        let told = self.told.clone();
        *self = Skinny { next_port: self.next_port, ..Skinny::new(&self.name, self.version, self.ip) };
        self.told = told;
        let alarm = Frame::new(0, 0x20).word(2).text(&self.told.clone(), 80).word(0).word(0);
        self.send(alarm);
        // Bits 20, 24 and 26: UTF-8, messages of any length, and keys in RTP.
        let features = u32::from(self.version) | 0x8572_0000;
        let register = Frame::new(0, 0x01)
            .text(&self.name.clone(), 16)
            .word(0)
            .word(1)
            .bytes(&self.ip)
            .word(115)
            .word(5)
            .word(0)
            .word(features)
            .word(1)
            .word(0)
            .bytes(&[0; 12])
            .word(0)
            .word(3)
            .bytes(&[0; 20])
            .text("SCCP41.9-4-2SR3-1S", 32);
        self.send(register);
    }

    /// Asks whether it may come back.
    pub fn asks_for_token(&mut self) {
        let ask = Frame::new(0, 0x29).text(&self.name.clone(), 16).word(0).word(1).bytes(&self.ip).word(115);
        self.send(ask.bytes(&[0; 20]));
    }

    /// The time of its keepalive has come.
    pub fn says_that_it_is_there(&mut self) {
        let frame = self.frame(0x00);
        self.send(frame);
    }

    /// It wants to go.
    pub fn unregisters(&mut self) {
        let frame = self.frame(0x27);
        self.send(frame);
    }

    /// Its receiver is lifted.
    pub fn lifts(&mut self) {
        let frame = self.frame(0x06).word(1).word(0);
        self.send(frame);
    }

    /// Its receiver is put down.
    pub fn puts_down(&mut self) {
        let frame = self.frame(0x07).word(0).word(0);
        self.send(frame);
    }

    /// Every call on its display is ended.
    pub fn hangs_up_all(&mut self) {
        for (call, shown) in self.calls.clone() {
            // The number of that key is the server's choice.
            let event = self.keys.iter().find(|(label, _)| label == "EndCall").map_or(9, |(_, event)| *event);
            let frame = self.frame(0x26).word(event).word(shown.line).word(call);
            self.send(frame);
        }
    }

    /// Keys of the keypad, one after the other.
    pub fn dials(&mut self, digits: &str) {
        let (line, call) = self.shown();
        for digit in digits.chars() {
            let key = match digit {
                '*' => 14,
                '#' => 15,
                '+' => 16,
                digit => digit.to_digit(10).unwrap_or(0),
            };
            let frame = self.frame(0x03).word(key).word(line).word(call);
            self.send(frame);
        }
    }

    /// A number that is dialled on hook.
    pub fn calls_number(&mut self, number: &str) {
        let frame = self.frame(0x04);
        let frame = match self.version {
            ..=16 => frame.text(number, 24),
            17 => frame.text(number, 24).word(1),
            18.. => frame.text(number, 25).word(1),
        };
        self.send(frame);
    }

    /// A button of the housing or beside the display.
    pub fn pushes(&mut self, kind: u32, instance: u32) {
        let (_, call) = self.shown();
        let frame = self.frame(0x05).word(kind).word(instance).word(call).word(0);
        self.send(frame);
    }

    /// A soft key of the call that is shown; false when there is no such key now.
    pub fn presses(&mut self, key: &str) -> bool {
        let (line, call) = self.shown();
        self.presses_for(key, line, call)
    }

    /// The same of the call in this state.
    pub fn presses_at(&mut self, key: &str, state: u32) -> bool {
        let found = self.calls.iter().find(|(_, call)| call.state == state);
        let Some((line, call)) = found.map(|(call, shown)| (shown.line, *call)) else { return false };
        self.presses_for(key, line, call)
    }

    /// What stands on the keys of the call that is shown.
    pub fn shown_keys(&self) -> Vec<String> {
        let (_, call) = self.shown();
        let (set, mask) =
            self.calls.get(&call).map_or((self.idle_set, u32::MAX), |call| (call.set, call.mask));
        let places = self.sets.get(set).into_iter().flatten().enumerate();
        let shown = places.filter(|(place, _)| mask >> place & 1 == 1);
        let keys = shown.filter_map(|(_, place)| self.keys.get(usize::from(*place).checked_sub(1)?));
        keys.map(|(label, _)| label.clone()).collect()
    }

    fn presses_for(&mut self, key: &str, line: u32, call: u32) -> bool {
        let (set, mask) =
            self.calls.get(&call).map_or((self.idle_set, u32::MAX), |call| (call.set, call.mask));
        let places = self.sets.get(set).cloned().unwrap_or_default();
        let shown = places.iter().enumerate().filter(|(place, _)| mask >> place & 1 == 1);
        let mut keys = shown.filter_map(|(_, place)| self.keys.get(usize::from(*place).checked_sub(1)?));
        let Some(event) = keys.find(|(label, _)| label == key).map(|(_, event)| *event) else { return false };
        let frame = self.frame(0x26).word(event).word(line).word(call);
        self.send(frame);
        true
    }

    /// Bytes have come.
    pub fn hears(&mut self, bytes: &[u8]) {
        self.heard.extend(bytes);
        let heard = std::mem::take(&mut self.heard);
        let mut rest = heard.as_slice();
        while let Some((message, length)) = first(rest) {
            self.takes(&message);
            rest = rest.get(length..).unwrap_or_default();
        }
        self.heard = rest.to_vec();
    }

    /// What it shows, in words.
    pub fn display(&self) -> Vec<String> {
        let mut shown: Vec<String> = self.calls.values().map(Call::words).collect();
        if shown.is_empty() && !self.notice.is_empty() {
            shown.push(format!("reads {:?}", self.notice));
        } else if shown.is_empty() && !matches!(&*self.prompt, "" | "Your current options") {
            shown.push(format!("reads {:?}", self.prompt));
        }
        if !shown.is_empty() && !self.played.is_empty() {
            shown.push(format!("was told the keys {}", self.played));
        }
        if self.lamps.get(&(0x0f, 0)) == Some(&2) {
            shown.push("sees that messages wait".to_owned());
        }
        shown
    }

    /// Whether it hears and sends.
    pub fn talks(&self) -> bool {
        !self.ports.is_empty() && !self.sending.is_empty()
    }

    /// The line and the call that keys are meant for: what is dialled, rings or is connected, before what is held.
    fn shown(&self) -> (u32, u32) {
        let rank = |call: &Call| match call.state {
            OFF_HOOK | PROCEED | RING_OUT => 0,
            CONNECTED => 1,
            RING_IN => 2,
            HOLD => 3,
            _ => 4,
        };
        let call = self.calls.iter().min_by_key(|(_, call)| rank(call));
        call.map_or((1, 0), |(number, call)| (call.line, *number))
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

    fn ask(&mut self, id: u32, words: &[u32]) {
        let frame = words.iter().fold(self.frame(id), |frame, word| frame.word(*word));
        self.asks.push_back(frame.end());
    }

    /// Asks its next question; it waits for each answer.
    fn goes_on(&mut self) {
        if let Some(ask) = self.asks.pop_front() {
            self.sends.extend(ask);
        }
    }

    fn takes(&mut self, message: &Message<'_>) {
        let expected = match message.id {
            0x81 | 0x118 | 0x100 => 0,
            _ if !self.agreed || self.version < 10 => 0,
            _ => u32::from(self.version),
        };
        if message.header != expected {
            self.complain(format!("{:#x} has version {} in its header", message.id, message.header));
        }
        match message.id {
            0x81 => {
                self.keepalive = message.word(0);
                self.version = if message.body.len() >= 20 { message.byte(16) } else { 3 };
                self.agreed = true;
                for question in [0x0e, 0x28, 0x25, 0x0c] {
                    self.ask(question, &[]);
                }
                self.goes_on();
            }
            0x9d => self.rejected = Some(message.text(0, 32)),
            0x9b => {
                let codecs =
                    CODECS.iter().fold(self.frame(0x10).word(CODECS.len() as u32), |frame, codec| {
                        frame.word(*codec).word(40).word(0).word(0)
                    });
                self.send(codecs);
            }
            0x9f => self.reset = Some(message.word(0)),
            0x100 => self.answers_keepalive += 1,
            0x118 => self.registered = false,
            0x97 | 0x108 | 0x109 | 0x93 | 0x142 | 0x92 | 0x147 | 0x91 | 0x149 | 0x11f | 0x146 | 0x12f
            | 0x148 | 0x90 => {
                self.takes_setup(message);
                self.goes_on();
            }
            0x94 => {
                self.clock = std::array::from_fn(|place| message.word(place * 4));
                self.registered = true;
            }
            0x11b | 0x11a | 0x98 | 0x15f => {}
            0x107 => self.tells_how_it_sounded(message),
            0x86 => {
                self.lamps.insert((message.word(0), message.word(4)), message.word(8));
            }
            0x85 => self.ringer = message.word(0),
            0x88 => self.speaker = message.word(0) == 1,
            0x89 | 0x116 | 0x117 => {}
            0x105 | 0x106 | 0x8a | 0x8b | 0x128 => self.takes_media(message),
            _ => self.takes_display(message),
        }
    }

    fn takes_setup(&mut self, message: &Message<'_>) {
        match message.id {
            0x97 => {
                let count = message.word(4).min(42) as usize;
                let button = |place: usize| (message.byte(13 + place * 2), message.byte(12 + place * 2));
                self.buttons = (0..count).map(button).collect();
                for (kind, instance) in self.buttons.clone() {
                    let instance = u32::from(instance);
                    match kind {
                        LINE => {
                            self.ask(0x0b, &[instance]);
                            self.ask(0x09, &[instance]);
                        }
                        SPEED_DIAL => self.ask(0x0a, &[instance]),
                        BUSY_LAMP | FEATURE => self.ask(0x34, &[instance]),
                        SERVICE => self.ask(0x33, &[instance]),
                        _ => {}
                    }
                }
                // The time comes last.
                self.ask(0x0d, &[]);
            }
            0x108 => {
                let count = message.word(4).min(32) as usize;
                let key = |place: usize| (message.text(12 + place * 20, 16), message.word(28 + place * 20));
                self.keys = (0..count).map(key).collect();
            }
            0x109 => {
                let count = message.word(4).min(16) as usize;
                let set = |set: usize| (0..16).map(|place| message.byte(12 + set * 48 + place)).collect();
                self.sets = (0..count).map(set).collect();
            }
            0x90 => {
                let (place, room) = if self.version < 18 { (12, 24) } else { (12, 25) };
                let number = if message.word(8) == 0 { String::new() } else { message.text(place, room) };
                self.forwards.insert(message.word(4), number);
            }
            0x92 => {
                let words = [message.text(4, 24), message.text(28, 40), message.text(68, 40)];
                self.lines.insert(message.word(0), words);
            }
            0x147 => {
                let texts = message.texts(8);
                let words = std::array::from_fn(|place| texts.get(place).cloned().unwrap_or_default());
                self.lines.insert(message.word(0), words);
            }
            0x91 => {
                self.speed_dials.insert(message.word(0), [message.text(4, 24), message.text(28, 40)]);
            }
            0x11f => {
                self.features.insert(message.word(0), (message.word(48), message.text(8, 40)));
            }
            0x146 => {
                self.features.insert(message.word(0), (message.word(8), message.text(12, 121)));
            }
            _ => {}
        }
    }

    fn takes_media(&mut self, message: &Message<'_>) {
        let party = message.word(4);
        match message.id {
            0x105 => {
                let expected = match self.version {
                    ..=16 => 108,
                    17..=21 => 128,
                    22.. => 168,
                };
                if message.body.len() != expected {
                    self.complain(format!("OpenReceiveChannel has {} bytes", message.body.len()));
                }
                let (call, codec) = (message.word(24), message.word(12));
                if !CODECS.contains(&codec) {
                    self.complain(format!("it has no codec {codec}"));
                }
                if self.ports.values().any(|(_, _, open)| *open != 0) && self.ports.len() >= 2 {
                    self.complain("it has no more than two ports".to_owned());
                }
                self.next_port += 2;
                let port = self.next_port;
                if self.mute_ports {
                    return;
                }
                self.ports.insert(party, (call, port, codec));
                let (version, ip) = (self.version, self.ip);
                let frame = self.frame(0x22).word(0).address(version, ip).word(port).word(party).word(call);
                self.send(frame);
            }
            0x106 => {
                let was_open = self.ports.remove(&party).is_some();
                if !was_open && !self.mute_ports {
                    self.complain(format!("port {party} is closed that was not open"));
                }
            }
            0x8a => {
                let base = if self.version < 17 { 12 } else { 28 };
                let [a, b, c, d] = message.address(self.version, 8);
                let port = message.word(base);
                let (codec, events) = (message.word(base + 8), message.word(base + 88));
                if !self.ports.contains_key(&party) {
                    self.complain(format!("it shall send for port {party}, which is not open"));
                }
                self.sending.insert(party, (format!("{a}.{b}.{c}.{d}:{port}"), codec, events));
            }
            0x8b => {
                let sent = self.sending.remove(&party).is_some();
                if !sent {
                    self.complain(format!("it shall stop sending for port {party}, and does not send"));
                }
            }
            0x128 => {
                let digit = match message.word(0) {
                    10 => '0',
                    14 => '*',
                    15 => '#',
                    tone => char::from_digit(tone, 10).unwrap_or('?'),
                };
                self.played.push(digit);
            }
            _ => {}
        }
    }

    /// It is asked how a call sounded, which it only knows while its port is open.
    fn tells_how_it_sounded(&mut self, message: &Message<'_>) {
        let (room, asked) = if self.version < 19 { (24, 24) } else { (28, 28) };
        let (number, call) = (message.text(0, room), message.word(asked));
        if !self.ports.values().any(|(open, ..)| *open == call) {
            self.complain(format!("it is asked how call {call} sounded, which has no port"));
        }
        if self.mute_statistics {
            return;
        }
        let frame = match self.version {
            ..=19 => self.frame(0x23).text(&number, 24).word(call).word(0),
            20..=21 => self.frame(0x23).text(&number, 28).word(call).word(0),
            22.. => self.frame(0x23).text(&number, 28).word(call).bytes(&[0]),
        };
        // Packets and bytes sent, the same received, packets lost, jitter and delay.
        let counted = [500, 86_000, 498, 85_656, 2, 3, 12];
        let frame = counted.into_iter().fold(frame, Frame::word);
        let text = "MLQK=4.5000;MLQKav=4.4000;CCR=0.0040;CS=1;SCS=0;";
        let frame = match self.version {
            ..=8 => frame,
            9..=21 => frame.word(text.len() as u32).text(text, 600),
            22.. => frame.word(text.len() as u32).bytes(text.as_bytes()),
        };
        self.send(frame);
    }

    fn takes_display(&mut self, message: &Message<'_>) {
        match message.id {
            0x111 => {
                let (state, line, number) = (message.word(0), message.word(4), message.word(8));
                if state == ON_HOOK {
                    self.calls.remove(&number);
                    self.played.clear();
                    return;
                }
                let call = self.calls.entry(number).or_default();
                (call.state, call.line) = (state, line);
            }
            0x110 => {
                let (call, set) = (message.word(4), message.word(8) as usize);
                if set >= self.sets.len() {
                    self.complain(format!("there is no set {set} of keys"));
                }
                if call == 0 {
                    self.idle_set = set;
                } else if let Some(shown) = self.call(call) {
                    (shown.set, shown.mask) = (set, message.word(12));
                }
            }
            0x8f => {
                let (calling, called) = (
                    [message.text(40, 24), message.text(0, 40)],
                    [message.text(104, 24), message.text(64, 40)],
                );
                if let Some(call) = self.call(message.word(132)) {
                    (call.calling, call.called) = (calling, called);
                }
            }
            0x14a => {
                // From version 16 on there are three more texts.
                let more = usize::from(self.version >= 16);
                let texts = message.texts(32);
                let text = |place: usize| texts.get(place).cloned().unwrap_or_default();
                let (calling, called) = ([text(0), text(8 + more)], [text(1 + more), text(9 + more)]);
                if let Some(call) = self.call(message.word(4)) {
                    (call.calling, call.called) = (calling, called);
                }
            }
            0x112 | 0x145 => {
                let (number, text) = match message.id {
                    0x112 => (message.word(40), message.text(4, 32)),
                    _ => (message.word(8), message.texts(12).first().cloned().unwrap_or_default()),
                };
                if number == 0 {
                    self.prompt = text;
                } else if let Some(call) = self.call(number) {
                    call.prompt = text;
                }
            }
            0x113 => {
                if let Some(call) = self.calls.get_mut(&message.word(4)) {
                    call.prompt.clear();
                }
            }
            0x82 => {
                let tone = message.word(0);
                if let Some(call) = self.call(message.word(12)) {
                    call.tone = tone;
                }
            }
            0x83 => {
                if let Some(call) = self.calls.get_mut(&message.word(4)) {
                    call.tone = 0;
                }
            }
            0x11d => {
                let (number, at) = match self.version {
                    ..=17 => (message.text(0, 24), 28),
                    18.. => (message.text(0, 25), 29),
                };
                if let Some(call) = self.call(message.word(at)) {
                    call.dialled = number;
                }
            }
            0x119 => {}
            0x114 => self.notice = message.text(4, 32),
            0x143 => self.notice = message.texts(4).first().cloned().unwrap_or_default(),
            0x120 => self.notice = message.text(8, 32),
            0x144 => self.notice = message.texts(8).first().cloned().unwrap_or_default(),
            0x115 | 0x121 => self.notice.clear(),
            0x156 => self.history.push(message.word(0)),
            0x13f => {
                let text = String::from_utf8_lossy(message.body.get(40..).unwrap_or_default()).into_owned();
                self.documents.push(text.trim_end_matches('\0').to_owned());
            }
            0x160 | 0x153 | 0x152 | 0x130 => {}
            other => self.complain(format!("nobody knows message {other:#x}")),
        }
    }

    fn call(&mut self, number: u32) -> Option<&mut Call> {
        if !self.calls.contains_key(&number) {
            self.complain(format!("call {number} is spoken of, which is not shown"));
        }
        self.calls.get_mut(&number)
    }
}

impl Call {
    fn words(&self) -> String {
        let other = |[number, name]: &[String; 2]| {
            if name.is_empty() { number.clone() } else { format!("{name} {number}") }
        };
        match self.state {
            OFF_HOOK => "is off hook".to_owned(),
            PROCEED | RING_OUT => format!("calls {}", other(&self.called)),
            RING_IN => format!("is called by {}", other(&self.calling)),
            CONNECTED => {
                format!("reads {:?}, {} to {}", self.prompt, other(&self.calling), other(&self.called))
            }
            HOLD => format!("holds, {} to {}", other(&self.calling), other(&self.called)),
            BUSY => "hears that it is busy".to_owned(),
            IN_USE_REMOTELY => "sees the line in use".to_owned(),
            other => format!("is in state {other}, reads {:?}", self.prompt),
        }
    }
}
