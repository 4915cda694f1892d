//! A phone of Cisco that speaks SCCP, as the published facts describe it: it registers, asks what its keys are, shows what it is told, and
//! opens ports when it is told to. It decides nothing: what it does in a call the server has told it, or its user.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

mod heard;
mod screens;

use std::net::SocketAddr;

use super::wire::{First, Frame, first};
use crate::user::Stream;

/// A phone.
#[derive(Clone, Debug, Default)]
pub struct Skinny {
    /// SEP and its MAC address.
    pub name: String,
    /// The highest version that it speaks, and then the one that was agreed on.
    pub version: u8,
    /// Its own address, for signalling and media.
    pub ip: [u8; 4],
    /// The number of its model.
    pub kind: u32,
    /// What it can hear and say, best first, as numbers of the protocol.
    pub codecs: Vec<u32>,
    /// Ports that it may open; from 24,002 up when none are named.
    pub own_ports: Vec<u16>,
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
    /// What came is no message; nothing that follows can be read.
    pub garbled: bool,
    /// What became of its question whether it may come.
    pub token: Token,
    /// It was told to begin anew.
    pub reset: Option<u32>,
    /// Calls that its user ended while nobody but the phone knew of them: of their ports the server may still say something.
    ended: BTreeSet<u32>,
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
    /// What the server said of each number in its lists of calls, by the question: how the question went, and what they do.
    pub lists: BTreeMap<u32, (u32, Option<u32>)>,
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
    /// How it rings, as it was told last.
    pub ringer: u32,
    /// How each call rings that does: 2 inside, 3 outside, 4 feature, 5 by light alone.
    pub rings: BTreeMap<u32, u32>,
    /// Tones that it was told to play beside calls.
    pub beeps: Vec<u32>,
    /// Its loudspeaker is on.
    pub speaker: bool,
    /// Its receiver is lifted.
    pub off_hook: bool,
    /// Year, month, day of the week, day, hour, minute, second as it was told.
    pub clock: [u32; 7],
    /// Its ports that are open, by the number that the server gave: call, port, codec.
    pub ports: BTreeMap<u32, (u32, u32, u32)>,
    /// Where it listens with all others, by the number that the server gave: call, address and codec.
    pub listening: BTreeMap<u32, (u32, String, u32)>,
    /// It listens nowhere with others, and says so when it is told to.
    pub hears_no_groups: bool,
    /// Where it sends, by the same number: address, codec, and payload type of keys.
    pub sending: BTreeMap<u32, (String, u32, u32)>,
    /// Keys that it was told to play.
    pub played: String,
    /// How often it was answered that it is there.
    pub answers_keepalive: u32,
    next_port: u32,
    /// Documents that were pushed to it.
    pub documents: Vec<String>,
    /// The parts of one that is not whole yet.
    parts: Vec<u8>,
    /// The document that its screen shows.
    screen: Option<String>,
    /// Address and label of each service button.
    pub services: BTreeMap<u32, [String; 2]>,
    /// It does not answer to documents.
    pub mute_documents: bool,
    /// It has no keys in RTP.
    pub no_keys_in_rtp: bool,
    /// It reads texts by the byte, in the code page of its load.
    pub no_utf_8: bool,
    /// It does not ask what time it is.
    pub never_asks_the_time: bool,
    /// It says nothing of its ports.
    pub mute_ports: bool,
    /// It does not say how calls sounded.
    pub mute_statistics: bool,
    /// What it was told that cannot be.
    pub complaint: Option<String>,
    /// What each of its ports counted in its call, as a phone reports it: packets and bytes sent, the same received, packets lost, jitter and delay
    /// in milliseconds. Of a port that counts nothing it says always the same.
    pub counted: BTreeMap<u16, [u32; 7]>,
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
    /// Number and name of who was called at first.
    pub original: [String; 2],
    /// Whether it came here (1), or was made here (2); 0 until that was told.
    pub kind: u32,
    /// The number as it goes into the list of placed calls.
    pub dialled: String,
    /// The tone that is played; 0 for none.
    pub tone: u32,
    /// It goes on since before the connection broke, and the server has said nothing of it since.
    pub preserved: bool,
    /// Keys of the other side that were heard in it.
    pub heard: String,
    /// It was told that the call is recorded.
    pub recorded: bool,
}

/// What says that its user does something: keys, numbers, buttons, the receiver, soft keys.
const DOINGS: [u32; 6] = [0x03, 0x04, 0x05, 0x06, 0x07, 0x26];
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
/// The call cannot be made.
pub const CONGESTION: u32 = 7;
/// The call is held here.
pub const HOLD: u32 = 8;
/// The number is complete, and the call under way.
pub const PROCEED: u32 = 12;
/// Another phone of the line has the call.
pub const IN_USE_REMOTELY: u32 = 13;
/// Nobody has the number.
pub const INVALID: u32 = 14;
/// The kind of a call that came here.
pub const INBOUND: u32 = 1;

/// Whether it may come, as a phone asks before it leaves the server that it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Token {
    /// It did not ask.
    #[default]
    Unasked,
    /// It has no answer.
    Asked,
    /// It may come.
    Granted,
    /// It may ask again after so many seconds.
    Refused(u32),
}

/// Codecs as numbers of the protocol: A-law, µ-law, G.722 and G.729.
const CODECS: [u32; 4] = [4, 2, 6, 11];
const LINE: u8 = 9;
const SPEED_DIAL: u8 = 2;
const BUSY_LAMP: u8 = 0x15;
const FEATURE: u8 = 0x13;
const SERVICE: u8 = 0x14;
const DO_NOT_DISTURB: u8 = 0x82;
const HUNT_LOG: u8 = 0x8b;

impl Skinny {
    /// A phone that has no connection yet.
    pub fn new(name: &str, version: u8, ip: [u8; 4]) -> Self {
        Skinny {
            name: name.to_owned(),
            version,
            ip,
            told: "25: Name=SEP Load=9.4 Last=Initialized".to_owned(),
            kind: 115,
            codecs: CODECS.to_vec(),
            next_port: 24_000,
            ..Skinny::default()
        }
    }

    /// The connection is gone, and with it everything that the server told, but for the call in which its user talks: that goes on.
    pub fn forgets(&mut self) {
        let mut before = std::mem::take(self);
        let ports = &before.ports;
        let listening = &before.listening;
        let flows = |call: u32| {
            ports.values().any(|(of, ..)| *of == call) || listening.values().any(|(of, ..)| *of == call)
        };
        before.calls.retain(|number, call| call.state == CONNECTED && flows(*number));
        before.ports.retain(|_, (call, ..)| before.calls.contains_key(call));
        before.sending.retain(|party, _| before.ports.contains_key(party));
        before.listening.retain(|_, (call, ..)| before.calls.contains_key(call));
        before.calls.values_mut().for_each(|call| call.preserved = true);
        *self = Skinny {
            calls: before.calls,
            ports: before.ports,
            sending: before.sending,
            listening: before.listening,
            hears_no_groups: before.hears_no_groups,
            counted: before.counted,
            off_hook: before.off_hook,
            speaker: before.speaker,
            next_port: before.next_port,
            kind: before.kind,
            codecs: before.codecs,
            own_ports: before.own_ports,
            told: before.told,
            never_asks_the_time: before.never_asks_the_time,
            no_keys_in_rtp: before.no_keys_in_rtp,
            no_utf_8: before.no_utf_8,
            ..Skinny::new(&before.name, before.version, before.ip)
        };
    }

    /// The connection is open: it tells what happened to it, and registers.
    pub fn connects(&mut self) {
        self.forgets();
        let alarm = Frame::new(0, 0x20).word(2).text(&self.told.clone(), 80).word(0).word(0);
        self.send(alarm);
        // Bits 20, 24 and 26: UTF-8, messages of any length, and keys in RTP.
        let keys = if self.no_keys_in_rtp { 0 } else { 0x0400_0000 };
        let utf_8 = if self.no_utf_8 { 0 } else { 0x0010_0000 };
        let features = u32::from(self.version) | 0x8162_0000 | utf_8 | keys;
        let register = Frame::new(0, 0x01)
            .text(&self.name.clone(), 16)
            .word(0)
            .word(1)
            .bytes(&self.ip)
            .word(self.kind)
            .word(5)
            .word((self.ports.len() + self.sending.len() + self.listening.len()) as u32)
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
        let ask =
            Frame::new(0, 0x29).text(&self.name.clone(), 16).word(0).word(1).bytes(&self.ip).word(self.kind);
        self.send(ask.bytes(&[0; 20]));
        self.token = Token::Asked;
    }

    /// The time of its keepalive has come.
    pub fn says_that_it_is_there(&mut self) {
        let frame = self.frame(0x00);
        self.send(frame);
    }

    /// It asks once more what a button of a feature shows.
    pub fn asks_of_feature(&mut self, index: u32) {
        let frame = self.frame(0x34).word(index);
        self.send(frame);
    }

    /// It wants to know what somebody in a list of calls does, for so many seconds.
    pub fn asks_of_somebody(&mut self, transaction: u32, seconds: u32, number: &str) {
        let frame = self.frame(0x48).word(transaction).word(1).word(seconds).text(number, 64);
        self.send(frame);
    }

    /// It asks once more what time it is.
    pub fn asks_the_time(&mut self) {
        let frame = self.frame(0x0d);
        self.send(frame);
    }

    /// It says something with these words.
    pub fn says(&mut self, id: u32, words: &[u32]) {
        let frame = words.iter().fold(self.frame(id), |frame, word| frame.word(*word));
        self.send(frame);
    }

    /// It can hear and say these from now on, and tells that.
    pub fn has_codecs(&mut self, codecs: &[u32]) -> bool {
        self.codecs = codecs.to_vec();
        self.tells_codecs();
        true
    }

    fn tells_codecs(&mut self) {
        let codecs =
            self.codecs.iter().fold(self.frame(0x10).word(self.codecs.len() as u32), |frame, codec| {
                frame.word(*codec).word(40).word(0).word(0)
            });
        self.send(codecs);
    }

    /// It wants to go.
    pub fn unregisters(&mut self) {
        let frame = self.frame(0x27);
        self.send(frame);
    }

    /// Its receiver is lifted.
    pub fn lifts(&mut self) {
        self.off_hook = true;
        let frame = self.frame(0x06).word(1).word(0);
        self.send(frame);
    }

    /// Its receiver is put down.
    pub fn puts_down(&mut self) {
        self.off_hook = false;
        let frame = self.frame(0x07).word(0).word(0);
        self.send(frame);
        self.ends_preserved();
    }

    /// Every call on its display is ended.
    pub fn hangs_up_all(&mut self) {
        for (call, shown) in self.calls.clone() {
            // The number of that key is the server's choice.
            let event = self.keys.iter().find(|(label, _)| label == "EndCall").map_or(9, |(_, event)| *event);
            let frame = self.frame(0x26).word(event).word(shown.line).word(call);
            self.send(frame);
        }
        self.ends_preserved();
    }

    /// Its user ends a call that nobody but the phone knows of.
    fn ends_preserved(&mut self) {
        let preserved = |(_, call): &(&u32, &Call)| call.preserved;
        let over: BTreeSet<u32> = self.calls.iter().filter(preserved).map(|(number, _)| *number).collect();
        if over.is_empty() {
            return;
        }
        self.calls.retain(|number, _| !over.contains(number));
        self.ports.retain(|_, (call, ..)| !over.contains(call));
        self.sending.retain(|party, _| !over.contains(&(party >> 8)));
        self.listening.retain(|_, (call, ..)| !over.contains(call));
        self.ended.extend(over);
        self.speaker &= !self.ports.is_empty();
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

    /// The same of a call by its number.
    pub fn presses_of(&mut self, key: &str, call: u32) -> bool {
        let line = self.calls.get(&call).map_or(1, |shown| shown.line);
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
        self.keys_of(call)
    }

    /// What stands on the keys of a call, or while there is none.
    pub fn keys_of(&self, call: u32) -> Vec<String> {
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
        if key == "EndCall" && self.calls.get(&call).is_some_and(|call| call.preserved) {
            self.ends_preserved();
        }
        true
    }

    /// Bytes have come.
    pub fn hears(&mut self, bytes: &[u8]) {
        self.gets(bytes);
        while self.hears_one() {}
    }

    /// Bytes have come, which it will look at.
    pub fn gets(&mut self, bytes: &[u8]) {
        self.heard.extend(bytes);
    }

    /// Takes the next message of those that have come whole; false when there is none.
    pub fn hears_one(&mut self) -> bool {
        let heard = std::mem::take(&mut self.heard);
        let length = match first(&heard) {
            First::Whole(message, length) => {
                self.takes(&message);
                length
            }
            First::Part => {
                self.heard = heard;
                return false;
            }
            // Whatever comes then makes no sense any more.
            First::Nonsense(length) => {
                self.complain(format!("a message of {length} bytes came"));
                self.garbled = true;
                return false;
            }
        };
        self.heard = heard.get(length..).unwrap_or_default().to_vec();
        true
    }

    /// What it shows, in words.
    pub fn display(&self) -> Vec<String> {
        let mut shown: Vec<String> = self.calls.values().map(Call::words).collect();
        if !self.notice.is_empty() {
            shown.push(format!("reads for a while {:?}", self.notice));
        } else if shown.is_empty() && !matches!(&*self.prompt, "" | "Your current options") {
            shown.push(format!("reads {:?}", self.prompt));
        }
        if !shown.is_empty() && !self.played.is_empty() {
            shown.push(format!("was told the keys {}", self.played));
        }
        if let Some(words) = self.on_screen() {
            shown.push(format!("has on its screen {words:?}"));
        }
        if self.lamps.get(&(0x0f, 0)) == Some(&2) {
            shown.push("sees that messages wait".to_owned());
        }
        shown
    }

    /// Its sound: where it goes and comes from.
    pub fn streams(&self) -> Vec<Stream> {
        let stream = |(party, (call, port, codec)): (&u32, &(u32, u32, u32))| {
            let (call, port, codec) = (*call, *port, *codec);
            let sending = self.sending.get(party);
            let sends_to = sending.and_then(|(address, ..)| address.parse::<SocketAddr>().ok());
            Stream {
                call,
                port: u16::try_from(port).unwrap_or(0),
                sends_to: sends_to.filter(|to| to.port() != 0),
                kind: payload_type(sending.map_or(codec, |(_, codec, _)| *codec)),
                keys: sending.and_then(|(.., keys)| u8::try_from(*keys).ok()).filter(|keys| *keys != 0),
            }
        };
        self.ports.iter().map(stream).collect()
    }

    /// A key was heard in the sound of one of its ports.
    pub fn hears_key(&mut self, port: u16, key: char) {
        let of_port = self.ports.values().find(|(_, open, _)| *open == u32::from(port));
        let call = of_port.map(|(call, ..)| *call);
        if let Some(call) = call.and_then(|call| self.calls.get_mut(&call)) {
            call.heard.push(key);
        }
    }

    /// What is left of calls that it does not show any more: ports, sound that it sends, a ring, the lamp of a line.
    pub fn is_haunted(&self) -> Option<String> {
        let shows = |call: &u32| self.calls.contains_key(call);
        if let Some((call, port, _)) = self.ports.values().find(|(call, ..)| !shows(call)) {
            return Some(format!("port {port} is open for call {call}, which it does not show"));
        }
        if let Some((party, (to, ..))) =
            self.sending.iter().find(|(party, _)| !self.ports.contains_key(party))
        {
            return Some(format!("it sends to {to} for port {party}, which is not open"));
        }
        if let Some((call, at, _)) = self.listening.values().find(|(call, ..)| !shows(call)) {
            return Some(format!("it listens at {at} for call {call}, which it does not show"));
        }
        let rings = |call: &u32| self.calls.get(call).is_some_and(|call| call.state == RING_IN);
        if let Some((call, mode)) = self.rings.iter().find(|(call, _)| !rings(call)) {
            return Some(format!("it rings (mode {mode}) for call {call}, which does not"));
        }
        let has_call = |line: u32| self.calls.values().any(|call| call.line == line);
        let is_line = |line: u32| self.lines.keys().next() == Some(&line);
        // 1: dark.
        let mut lit = self.lamps.iter().filter(|((kind, _), mode)| *kind == u32::from(LINE) && **mode != 1);
        lit.find(|((_, line), _)| is_line(*line) && !has_call(*line))
            .map(|((_, line), mode)| format!("the lamp of line {line}, which has no call, is in mode {mode}"))
    }

    /// Whether its user can hear anything in a call: by a port of its own, or with all others who listen somewhere.
    pub fn hears_in(&self, call: u32) -> bool {
        self.ports.values().any(|(of, ..)| *of == call) || self.listening.values().any(|(of, ..)| *of == call)
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
        // Whoever does something has read what was there.
        if DOINGS.contains(&frame.id()) {
            self.notice.clear();
        }
        self.sends.extend(frame.end());
    }

    /// A port for a call.
    fn free_port(&mut self) -> Option<u32> {
        if self.own_ports.is_empty() {
            self.next_port += 2;
            return Some(self.next_port);
        }
        let taken = |port: &u32| self.ports.values().any(|(_, open, _)| open == port);
        self.own_ports.iter().map(|port| u32::from(*port)).find(|port| !taken(port))
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
            CONNECTED if self.preserved => {
                format!("goes on, {} to {}", other(&self.calling), other(&self.called))
            }
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

/// The payload type of a codec in RTP (RFC 3551 §6); 0 for those that this phone does not have.
fn payload_type(codec: u32) -> u8 {
    match codec {
        2 => 8,
        6 => 9,
        11 => 18,
        _ => 0,
    }
}
