//! Keys that are pressed in an answered call: in the media (RFC 4733), in the signalling (INFO, KPML, NOTIFY), or as tones in the sound.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::{Instant, Rng};

use super::dialling::report;
use super::{Phone, Sends, Session, State};
use crate::sound::{self, KEYS, Packet, SAMPLES};
use crate::text::Text;

/// How a phone tells which keys are pressed in a call, and is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Keypad {
    /// As events in its media.
    Events,
    /// In INFO.
    Info,
    /// It asks for the keys of the other side, and tells its own when it is asked.
    Kpml,
    /// In NOTIFY, unasked.
    Notify,
    /// As tones in its sound.
    Sound,
    /// In its media, and where there are none in INFO.
    Either,
}

impl Keypad {
    pub(crate) const ALL: [Keypad; 6] =
        [Keypad::Events, Keypad::Info, Keypad::Kpml, Keypad::Notify, Keypad::Sound, Keypad::Either];

    pub(super) const fn has_events(self) -> bool {
        matches!(self, Keypad::Events | Keypad::Either)
    }

    /// Whether a phone may be told keys so. Where no relay can carry keys over they are told in INFO, which everybody understands.
    const fn takes(self, by: By) -> bool {
        match by {
            By::Events => self.has_events(),
            By::Info => true,
            By::Kpml => matches!(self, Keypad::Kpml),
            By::Notify => matches!(self, Keypad::Notify),
        }
    }

    /// Whether its keys are in its media.
    pub(crate) const fn is_media(self) -> bool {
        matches!(self, Keypad::Events | Keypad::Sound | Keypad::Either)
    }
}

/// How a key came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum By {
    Events,
    Info,
    Kpml,
    Notify,
}

/// A packet of media that a phone sends after that time, from there to there.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) after: Duration,
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

/// The keys of one call.
#[derive(Debug)]
pub(super) struct Pad {
    /// What was pressed and is to be told in signalling.
    waiting: VecDeque<Told>,
    /// CSeq of the request whose answer is waited for.
    under_way: Option<u32>,
    /// The other side wants to be told in KPML, since the SUBSCRIBE of this number.
    wanted: Option<u32>,
    /// When to ask the other side for its keys.
    asks_at: Instant,
    /// Requests of the other side that were taken.
    taken: BTreeSet<u32>,
    /// Keys that it was told, but for those in its sound.
    heard: String,
    /// Events that were heard: the source, and when they began.
    events: BTreeSet<(u32, u32)>,
    /// What is in the sound, by source.
    sounds: Vec<(u32, BTreeMap<u16, char>)>,
    source: u32,
    sequence: u16,
    timestamp: u32,
}

/// What is told in a request of its own.
#[derive(Clone, Copy, Debug)]
enum Told {
    Info(char),
    Kpml(char),
    /// Pressed, or released.
    Notify(char, bool),
    /// The keys of the other side are asked for.
    Asks,
    /// It is told keys from now on.
    Accepts,
    Ends,
}

impl Pad {
    pub(super) fn new(rng: &mut Rng) -> Pad {
        let random = rng.next_u64();
        Pad {
            waiting: VecDeque::new(),
            under_way: None,
            wanted: None,
            asks_at: Instant::FAR_FUTURE,
            taken: BTreeSet::new(),
            heard: String::new(),
            events: BTreeSet::new(),
            sounds: Vec::new(),
            source: random as u32,
            // Numbers do not wrap while a call lasts, so that the order of packets can be read from them.
            sequence: (random >> 32) as u16 >> 2,
            timestamp: (random >> 16) as u32,
        }
    }

    /// Whoever wants keys in KPML asks for them as soon as there is a call.
    pub(super) fn is_answered(&mut self, now: Instant, keypad: Keypad) {
        if keypad == Keypad::Kpml {
            self.asks_at = now + Duration::from_millis(100);
        }
    }

    /// The SUBSCRIBE of this number was accepted while the call was not answered yet, and the NOTIFY of that number has no answer.
    pub(super) fn is_wanted(&mut self, subscribe: u32, under_way: Option<u32>) {
        self.taken.insert(subscribe);
        (self.wanted, self.under_way) = (Some(subscribe), under_way);
    }

    pub(super) const fn asks_at(&self) -> Instant {
        self.asks_at
    }

    /// All keys that were heard, in their order.
    pub(super) fn heard(&self) -> String {
        let mut heard = self.heard.clone();
        for (_, packets) in &self.sounds {
            let mut run: Option<(char, u16, u32)> = None;
            for (number, key) in packets {
                run = match run {
                    // A packet that was lost does not make two keys of one.
                    Some((of, last, count)) if of == *key && number - last <= 2 => {
                        if count == 1 {
                            heard.push(of);
                        }
                        Some((of, *number, count + 1))
                    }
                    Some(_) | None => Some((*key, *number, 1)),
                };
            }
        }
        heard
    }
}

impl Phone {
    /// Somebody presses keys in a call, one after the other; false when there is no way for them.
    pub(super) fn press_in_call(&mut self, now: Instant, id: &str, keys: &str, sends: &mut Sends) -> bool {
        let (keypad, codecs, ip) = (self.keypad, self.codecs, self.address.ip());
        let Some(dialog) = self.dialogs.get_mut(id).filter(|dialog| dialog.state == State::Talking) else {
            return false;
        };
        let session = &dialog.session;
        let law =
            session.formats.iter().copied().find(|format| matches!(format, 0 | 8) && codecs.has(*format));
        let speaks = session.ours.speaks && session.theirs.is_some_and(|theirs| theirs.way.listens);
        let pad = &mut dialog.pad;
        match (keypad, session.events, law) {
            (Keypad::Info, ..) | (Keypad::Either, None, _) => {
                pad.waiting.extend(keys.chars().map(Told::Info))
            }
            (Keypad::Kpml, ..) if pad.wanted.is_none() => return false,
            (Keypad::Kpml, ..) => pad.waiting.extend(keys.chars().map(Told::Kpml)),
            (Keypad::Notify, ..) => {
                pad.waiting
                    .extend(keys.chars().flat_map(|key| [Told::Notify(key, true), Told::Notify(key, false)]));
            }
            (Keypad::Events | Keypad::Either | Keypad::Sound, ..) if !speaks || self.srtp => return false,
            (Keypad::Sound, _, Some(law)) => {
                let flights = pad.sounds_of(now, keys, law, session, ip);
                self.flights.extend(flights);
            }
            (Keypad::Events | Keypad::Either, Some(events), _) => {
                let flights = pad.events_of(now, keys, events, law, session, ip);
                self.flights.extend(flights);
            }
            (Keypad::Events, None, _) | (Keypad::Sound, _, None) => return false,
        }
        self.pressed.extend(keys.chars().map(|key| (now, key)));
        self.tell_keys(now, id, sends);
        true
    }

    /// The call whose sound comes to this port.
    fn call_at(&self, port: u16) -> Option<&String> {
        self.dialogs.iter().find(|(_, dialog)| dialog.session.port == port).map(|(id, _)| id)
    }

    /// The same in the call whose sound comes to this port.
    pub(crate) fn press_at(&mut self, now: Instant, port: u16, keys: &str, sends: &mut Sends) -> bool {
        let id = self.call_at(port).cloned();
        id.is_some_and(|id| self.press_in_call(now, &id, keys, sends))
    }

    /// All keys that were heard in the call whose sound comes to this port.
    pub(crate) fn heard_at(&self, port: u16) -> Option<String> {
        let dialog = self.dialogs.get(self.call_at(port)?)?;
        Some(dialog.pad.heard())
    }

    /// Whether packets of this payload type are looked at. Nothing here opens what is encrypted: it would sound like anything.
    pub(crate) fn listens_to(&self, kind: u8) -> bool {
        !self.srtp && (kind == EVENTS || self.keypad == Keypad::Sound && matches!(kind, 0 | 8))
    }

    /// A packet of media came to one of its ports.
    pub(crate) fn hears(&mut self, now: Instant, port: u16, bytes: &[u8]) {
        let Some(id) = self.call_at(port).cloned() else { return };
        let Some(packet) = Packet::parse(bytes) else { return };
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        if packet.kind == EVENTS {
            let key = packet.payload.first().and_then(|event| KEYS.chars().nth(usize::from(*event)));
            if let Some(key) = key
                && dialog.pad.events.insert((packet.source, packet.timestamp))
            {
                self.heard_key(now, &id, By::Events, key);
            }
        } else if self.keypad == Keypad::Sound
            && let Some(key) = sound::key_in(packet.payload, packet.kind)
        {
            let before = dialog.pad.heard().len();
            let sounds = &mut dialog.pad.sounds;
            if sounds.last().is_none_or(|(source, _)| *source != packet.source) {
                sounds.push((packet.source, BTreeMap::new()));
            }
            if let Some((_, packets)) = sounds.last_mut() {
                packets.insert(packet.sequence, key);
            }
            if dialog.pad.heard().len() > before {
                self.heard.push((now, key));
            }
        }
    }

    fn heard_key(&mut self, now: Instant, id: &str, by: By, key: char) {
        if !self.keypad.takes(by) {
            self.complaint = Some(format!("told the key {key} by {by:?}, but has {:?}", self.keypad));
        }
        self.heard.push((now, key));
        if let Some(dialog) = self.dialogs.get_mut(id) {
            dialog.pad.heard.push(key);
        }
    }

    /// A request in a call that tells a key; false when it is something else.
    pub(super) fn key_told(&mut self, now: Instant, id: &str, message: &Text, sends: &mut Sends) -> bool {
        let event = message.header("event").split(';').next().unwrap_or("").trim();
        let body = &message.body;
        let value = |name: &str, end: char| body.split(name).nth(1).and_then(|rest| rest.split(end).next());
        let told = match (message.method(), event) {
            ("INFO", _) => value("Signal=", '\r').map(|keys| (By::Info, keys.trim().to_owned())),
            ("NOTIFY", "kpml") => Some((By::Kpml, value("digits=\"", '"').unwrap_or("").to_owned())),
            ("NOTIFY", "telephone-event") => {
                let mut bytes = body.chars().map(|it| it as u32 as usize);
                let (event, flags) = (bytes.next().unwrap_or(99), bytes.next().unwrap_or(0));
                let key = KEYS.chars().nth(event).filter(|_| flags & 0x80 != 0);
                Some((By::Notify, key.map(String::from).unwrap_or_default()))
            }
            _ => None,
        };
        let Some((by, keys)) = told else { return false };
        let Some(dialog) = self.dialogs.get_mut(id) else {
            sends.push(message.response(481, "t", "", ""));
            return true;
        };
        sends.push(message.response(200, "t", "", ""));
        if dialog.pad.taken.insert(message.cseq().0) {
            for key in keys.chars() {
                self.heard_key(now, id, by, key);
            }
        }
        true
    }

    /// The other side asks for the keys of an answered call (RFC 4730), or wants no more of them; false when it is something else.
    pub(super) fn keys_wanted(&mut self, now: Instant, id: &str, message: &Text, sends: &mut Sends) -> bool {
        let Some(dialog) = self.dialogs.get_mut(id) else { return false };
        let is_answered = !matches!(dialog.state, State::Calling | State::Ringing);
        if self.keypad != Keypad::Kpml || message.header("event") != "kpml" || !is_answered {
            return false;
        }
        let contact = format!("sip:{}@{}", self.account.number, self.address);
        let (cseq, _) = message.cseq();
        // What came later is answered; a copy of what was taken changes nothing any more (RFC 3261 §12.2.2).
        let is_new = !dialog.pad.taken.contains(&cseq);
        if is_new && dialog.pad.taken.iter().any(|taken| *taken > cseq) {
            sends.push(message.response(500, "t", &contact, ""));
            return true;
        }
        sends.push(message.response(200, "t", &contact, ""));
        if dialog.pad.taken.insert(cseq) {
            let ends = message.header("expires") == "0";
            dialog.pad.wanted = (!ends).then_some(cseq);
            dialog.pad.waiting.push_back(if ends { Told::Ends } else { Told::Accepts });
            self.tell_keys(now, id, sends);
        }
        true
    }

    /// A final response to a request that told something of keys; false when it is to something else.
    pub(super) fn key_taken(&mut self, now: Instant, id: &str, message: &Text, sends: &mut Sends) -> bool {
        let cseq = message.cseq().0;
        let Some(dialog) = self.dialogs.get_mut(id).filter(|dialog| dialog.pad.under_way == Some(cseq))
        else {
            return false;
        };
        dialog.pad.under_way = None;
        self.tell_keys(now, id, sends);
        true
    }

    /// Its time has come to ask for the keys of others.
    pub(super) fn ask_for_keys(&mut self, now: Instant, sends: &mut Sends) {
        let due = |pad: &Pad| pad.asks_at <= now;
        let all: Vec<String> =
            self.dialogs.iter().filter(|(_, dialog)| due(&dialog.pad)).map(|(id, _)| id.clone()).collect();
        for id in all {
            if let Some(dialog) = self.dialogs.get_mut(&id) {
                dialog.pad.asks_at = Instant::FAR_FUTURE;
                dialog.pad.waiting.push_back(Told::Asks);
            }
            self.tell_keys(now, &id, sends);
        }
    }

    /// Tells the next thing, when what was told before has its answer: else it could be overtaken.
    fn tell_keys(&mut self, now: Instant, id: &str, sends: &mut Sends) {
        let Some(dialog) = self.dialogs.get_mut(id).filter(|dialog| dialog.state == State::Talking) else {
            return;
        };
        if dialog.pad.under_way.is_some() {
            return;
        }
        let Some(told) = dialog.pad.waiting.pop_front() else { return };
        dialog.pad.under_way = Some(dialog.cseq + 1);
        let event = |event: &str, state: &str| format!("Event: {event}\r\nSubscription-State: {state}\r\n");
        let (method, extra, body) = match told {
            Told::Info(key) => ("INFO", String::new(), format!("Signal={key}\r\nDuration=160\r\n")),
            Told::Kpml(key) => (
                "NOTIFY",
                event("kpml", "active;expires=3600"),
                report(200, &key.to_string()).replace("text=\"\"", IN_CALL),
            ),
            Told::Accepts => ("NOTIFY", event("kpml", "active;expires=3600"), String::new()),
            Told::Ends => ("NOTIFY", event("kpml", "terminated;reason=timeout"), report(487, "")),
            Told::Notify(key, begins) => {
                let code = KEYS.find(key).unwrap_or_default() as u8;
                let (flags, duration) = if begins { (10, 0) } else { (0x80 | 10, 160) };
                let body: String = [code, flags, 0, duration].map(char::from).iter().collect();
                ("NOTIFY", event("telephone-event", "active"), body)
            }
            Told::Asks => {
                let body = "<kpml-request version=\"1.0\"><pattern persist=\"persist\"><regex tag=\"all\">[x*#ABCD]</regex>\
                            </pattern></kpml-request>";
                ("SUBSCRIBE", "Event: kpml\r\nExpires: 7200\r\n".to_owned(), body.to_owned())
            }
        };
        self.request(now, id, method, &extra, &body, sends);
    }
}

impl Pad {
    /// Its stream goes on as if it had never stopped.
    fn stream(&mut self, session: &Session, ip: std::net::IpAddr) -> Stream<'_> {
        let to = session.theirs.map_or_else(|| SocketAddr::new(ip, 0), |theirs| theirs.address);
        Stream {
            pad: self,
            from: SocketAddr::new(ip, session.port),
            to,
            after: Duration::ZERO,
            begins: true,
            flights: vec![],
        }
    }

    fn timestamp(&self, now: Instant) -> u32 {
        self.timestamp.wrapping_add((now.as_nanos() / 125_000) as u32)
    }

    /// Tones of 100 ms, with as much quiet between them, and some more around.
    fn sounds_of(
        &mut self,
        now: Instant,
        keys: &str,
        law: u8,
        session: &Session,
        ip: std::net::IpAddr,
    ) -> Vec<Flight> {
        let mut stream = self.stream(session, ip);
        stream.quiet(now, law, 10);
        for key in keys.chars() {
            for part in 0..5 {
                stream.packet(now, law, &sound::tone(Some(key), part * SAMPLES, law));
            }
            stream.quiet(now, law, 5);
        }
        stream.quiet(now, law, 10);
        stream.flights
    }

    /// The same as events: all packets of one have its beginning as their timestamp, and the last one comes three times.
    fn events_of(
        &mut self,
        now: Instant,
        keys: &str,
        events: u8,
        law: Option<u8>,
        session: &Session,
        ip: std::net::IpAddr,
    ) -> Vec<Flight> {
        let mut stream = self.stream(session, ip);
        stream.quiet(now, law.unwrap_or(0), if law.is_some() { 10 } else { 0 });
        for key in keys.chars() {
            let code = KEYS.find(key).unwrap_or_default() as u8;
            let began = stream.pad.timestamp(now + stream.after);
            for part in 1..=7u16 {
                let end = if part >= 5 { 0x80 } else { 0 };
                let [high, low] = (part.min(5) * SAMPLES as u16).to_be_bytes();
                stream.at(began, events, part == 1, &[code, end | 10, high, low]);
            }
            stream.after += Duration::from_millis(60);
            stream.quiet(now, law.unwrap_or(0), if law.is_some() { 5 } else { 0 });
        }
        stream.quiet(now, law.unwrap_or(0), if law.is_some() { 10 } else { 0 });
        stream.flights
    }
}

/// A stream while it is written.
struct Stream<'p> {
    pad: &'p mut Pad,
    from: SocketAddr,
    to: SocketAddr,
    after: Duration,
    begins: bool,
    flights: Vec<Flight>,
}

impl Stream<'_> {
    fn quiet(&mut self, now: Instant, law: u8, packets: usize) {
        for _ in 0..packets {
            self.packet(now, law, &sound::tone(None, 0, law));
        }
    }

    fn packet(&mut self, now: Instant, kind: u8, payload: &[u8]) {
        let (timestamp, begins) = (self.pad.timestamp(now + self.after), std::mem::take(&mut self.begins));
        self.at(timestamp, kind, begins, payload);
    }

    fn at(&mut self, timestamp: u32, kind: u8, marker: bool, payload: &[u8]) {
        self.pad.sequence = self.pad.sequence.wrapping_add(1);
        let (sequence, source) = (self.pad.sequence, self.pad.source);
        let packet = Packet { kind, sequence, timestamp, source, payload };
        let (after, from, to) = (self.after, self.from, self.to);
        self.flights.push(Flight { after, from, to, bytes: packet.bytes(marker) });
        self.after += Duration::from_millis(20);
    }
}

/// What says in a report that no number is dialled.
pub(crate) const IN_CALL: &str = "text=\"OK\"";

/// The number that these phones give to keys in media.
const EVENTS: u8 = 101;
