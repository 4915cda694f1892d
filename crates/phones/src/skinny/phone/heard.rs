//! What a phone does about each message that it is sent.

use super::{
    BUSY_LAMP, Call, DO_NOT_DISTURB, FEATURE, HUNT_LOG, LINE, ON_HOOK, SERVICE, SPEED_DIAL, Skinny, Token,
};
use crate::skinny::wire::{Frame, Message};

impl Skinny {
    pub(super) fn takes(&mut self, message: &Message<'_>) {
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
            0x9b => self.tells_codecs(),
            0x9f => self.reset = Some(message.word(0)),
            0x100 => self.answers_keepalive += 1,
            // 0: it may go. Otherwise it stays, with the calls that it has.
            0x118 if message.word(0) == 0 => self.registered = false,
            0x118 => {}
            0x97 | 0x108 | 0x109 | 0x93 | 0x142 | 0x92 | 0x147 | 0x91 | 0x149 | 0x11f | 0x146 | 0x12f
            | 0x148 | 0x90 => {
                self.takes_setup(message);
                self.goes_on();
            }
            0x94 => {
                self.clock = std::array::from_fn(|place| message.word(place * 4));
                self.registered = true;
            }
            0x152 => _ = self.lists.insert(message.word(0), (message.word(12), None)),
            0x153 => {
                self.lists.entry(message.word(0)).or_default().1 = Some(message.word(8));
            }
            0x11a => self.token = Token::Granted,
            0x11b => self.token = Token::Refused(message.word(0)),
            0x98 | 0x15f => {}
            0x107 => self.tells_how_it_sounded(message),
            0x86 => {
                self.lamps.insert((message.word(0), message.word(4)), message.word(8));
            }
            0x85 => {
                self.ringer = message.word(0);
                // 1: it rings no more.
                match self.ringer {
                    1 => _ = self.rings.remove(&message.word(12)),
                    mode => _ = self.rings.insert(message.word(12), mode),
                }
            }
            0x88 => {
                self.speaker = message.word(0) == 1;
                self.is_audible();
            }
            0x89 | 0x116 | 0x117 => {}
            0x105 | 0x106 | 0x8a | 0x8b | 0x128 => self.takes_media(message),
            0x101 | 0x103 => self.takes_group(message),
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
                        BUSY_LAMP | FEATURE | DO_NOT_DISTURB | HUNT_LOG => self.ask(0x34, &[instance]),
                        SERVICE => self.ask(0x33, &[instance]),
                        _ => {}
                    }
                }
                // The time comes last.
                if !self.never_asks_the_time {
                    self.ask(0x0d, &[]);
                }
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
            0x12f => {
                self.services.insert(message.word(0), [message.text(4, 256), message.text(260, 40)]);
            }
            0x148 => {
                let texts = message.texts(4);
                let words = std::array::from_fn(|place| texts.get(place).cloned().unwrap_or_default());
                self.services.insert(message.word(0), words);
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
                if !self.codecs.contains(&codec) {
                    self.complain(format!("it has no codec {codec}"));
                }
                if self.ports.values().any(|(_, _, open)| *open != 0) && self.ports.len() >= 2 {
                    self.complain("it has no more than two ports".to_owned());
                }
                let Some(port) = self.free_port() else {
                    // 8: out of sockets.
                    let (version, ip) = (self.version, self.ip);
                    let refused =
                        self.frame(0x22).word(8).address(version, ip).word(0).word(party).word(call);
                    return self.send(refused);
                };
                if self.mute_ports {
                    return;
                }
                self.ports.insert(party, (call, port, codec));
                self.is_audible();
                let (version, ip) = (self.version, self.ip);
                let frame = self.frame(0x22).word(0).address(version, ip).word(port).word(party).word(call);
                self.send(frame);
            }
            0x106 => {
                let was_open = self.ports.remove(&party).is_some();
                if !was_open && !self.mute_ports && !self.ended.contains(&(party >> 8)) {
                    self.complain(format!("port {party} is closed that was not open"));
                }
            }
            0x8a => {
                let base = if self.version < 17 { 12 } else { 28 };
                let [a, b, c, d] = message.address(self.version, 8);
                let port = message.word(base);
                let (codec, events) = (message.word(base + 8), message.word(base + 88));
                if !self.ports.contains_key(&party) && !self.ended.contains(&(party >> 8)) {
                    self.complain(format!("it shall send for port {party}, which is not open"));
                }
                self.sending.insert(party, (format!("{a}.{b}.{c}.{d}:{port}"), codec, events));
            }
            0x8b => {
                let sent = self.sending.remove(&party).is_some();
                if !sent && !self.ended.contains(&(party >> 8)) {
                    self.complain(format!("it shall stop sending for port {party}, and does not send"));
                }
            }
            0x128 => {
                let digit = match message.word(0) {
                    10 => '0',
                    14 => '*',
                    15 => '#',
                    tone @ 16..=19 => char::from(b'A' + (tone - 16) as u8),
                    tone => char::from_digit(tone, 10).unwrap_or('?'),
                };
                self.played.push(digit);
                if let Some(call) = self.calls.get_mut(&message.word(4)) {
                    call.heard.push(digit);
                }
            }
            _ => {}
        }
    }

    /// It shall listen where all hear the same, or no more.
    fn takes_group(&mut self, message: &Message<'_>) {
        let party = message.word(4);
        if message.id == 0x103 {
            if self.listening.remove(&party).is_none()
                && !self.hears_no_groups
                && !self.ended.contains(&(party >> 8))
            {
                self.complain(format!("it shall no longer listen for {party}, and does not"));
            }
            return;
        }
        let (expected, base) = if self.version < 17 { (36, 12) } else { (52, 28) };
        if message.body.len() != expected {
            self.complain(format!("StartMulticastMediaReception has {} bytes", message.body.len()));
        }
        let [a, b, c, d] = message.address(self.version, 8);
        let (port, packet, codec) = (message.word(base), message.word(base + 4), message.word(base + 8));
        let call = message.word(base + 20);
        if !(224..240).contains(&a) {
            self.complain(format!("{a}.{b}.{c}.{d} is no address of a group"));
        }
        if packet == 0 || !self.codecs.contains(&codec) {
            self.complain(format!("it shall listen to codec {codec} with {packet} ms"));
        }
        if self.ports.values().any(|(of, ..)| *of == call) {
            self.complain("it shall listen with others while its port is open".to_owned());
        }
        if !self.hears_no_groups {
            self.listening.insert(party, (call, format!("{a}.{b}.{c}.{d}:{port}"), codec));
        }
        let frame = self.frame(0x21).word(u32::from(self.hears_no_groups)).word(party).word(call);
        self.send(frame);
    }

    /// It is asked how a call sounded, which it only knows while its port is open.
    fn tells_how_it_sounded(&mut self, message: &Message<'_>) {
        let (room, asked) = if self.version < 19 { (24, 24) } else { (28, 28) };
        let (number, call) = (message.text(0, room), message.word(asked));
        let port = self.ports.values().find(|(open, ..)| *open == call).map(|(_, port, _)| *port);
        if port.is_none() && !self.ended.contains(&call) {
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
        let counted = port.and_then(|port| self.counted.get(&u16::try_from(port).ok()?)).copied();
        // What it hears is judged by nobody where packets are counted.
        let text = if counted.is_some() { "" } else { "MLQK=4.5000;MLQKav=4.4000;CCR=0.0040;CS=1;SCS=0;" };
        let counted = counted.unwrap_or([500, 86_000, 498, 85_656, 2, 3, 12]);
        let frame = counted.into_iter().fold(frame, Frame::word);
        let frame = match self.version {
            ..=8 => frame,
            9..=21 => frame.word(text.len() as u32).text(text, 600),
            22.. => frame.word(text.len() as u32).bytes(text.as_bytes()),
        };
        self.send(frame);
    }

    /// What comes in by an open port has to be heard.
    fn is_audible(&mut self) {
        let hears = !self.ports.is_empty() || !self.listening.is_empty();
        if hears && !self.speaker && !self.off_hook {
            self.complain(
                "its port is open and nobody hears it: no receiver is lifted and no loudspeaker on"
                    .to_owned(),
            );
        }
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
                (call.state, call.line, call.preserved) = (state, line, false);
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
                let original = [message.text(180, 24), message.text(140, 40)];
                if let Some(call) = self.call(message.word(132)) {
                    (call.calling, call.called, call.original) = (calling, called, original);
                    call.kind = message.word(136);
                }
            }
            0x14a => {
                // From version 16 on there are three more texts.
                let more = usize::from(self.version >= 16);
                let texts = message.texts(32);
                let text = |place: usize| texts.get(place).cloned().unwrap_or_default();
                let (calling, called) = ([text(0), text(8 + more)], [text(1 + more), text(9 + more)]);
                let original = [text(2 + more), text(10 + more)];
                if let Some(call) = self.call(message.word(4)) {
                    (call.calling, call.called, call.original) = (calling, called, original);
                    call.kind = message.word(8);
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
                let (tone, number) = (message.word(0), message.word(12));
                if number == 0 {
                    // It belongs to no call.
                    self.beeps.push(tone);
                } else if let Some(call) = self.call(number) {
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
            0x13f => self.takes_document(message),
            0x160 => {
                if let Some(call) = self.call(message.word(0)) {
                    call.recorded = message.word(4) != 0;
                }
            }
            0x153 | 0x152 | 0x130 => {}
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
