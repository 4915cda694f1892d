//! Both ends of the sound of a phone: packets that it sends each 20 ms, keys among them (RFC 4733), and those that it hears.

use std::collections::VecDeque;

use crate::sound::{self, KEYS, Packet, SAMPLES};

/// Says something over and over, and keys when they are pressed.
#[derive(Debug)]
pub struct Mouth {
    /// What it says, in both laws, so that no packet takes time.
    said: [Vec<u8>; 2],
    place: usize,
    source: u32,
    sequence: u16,
    timestamp: u32,
    begins: bool,
    keys: VecDeque<char>,
    key: Option<Key>,
    /// Packets that it has sent.
    pub sent: u64,
}

/// A key that is being sent.
#[derive(Clone, Copy, Debug)]
struct Key {
    code: u8,
    since: u32,
    packets: u16,
}

/// A key lasts so many packets, its end is said three times, and as long it is quiet before the next one.
const HELD: u16 = 5;
const ENDS: u16 = 3;
const PAUSE: u16 = 4;

impl Mouth {
    /// Says these samples; `random` makes its stream another one than others.
    pub fn new(samples: &[i16], random: u64) -> Self {
        Mouth {
            said: [sound::written(samples, 0), sound::written(samples, 8)],
            place: 0,
            source: random as u32,
            sequence: (random >> 32) as u16,
            timestamp: (random >> 16) as u32,
            begins: true,
            keys: VecDeque::new(),
            key: None,
            sent: 0,
        }
    }

    /// Keys are pressed, which go out one after the other.
    pub fn press(&mut self, keys: &str) {
        self.keys.extend(keys.chars());
    }

    /// The next packet in a law (payload type 0 or 8), with keys under that number if they are wanted; `None` in other codecs.
    pub fn packet(&mut self, kind: u8, keys: Option<u8>) -> Option<Vec<u8>> {
        let law = match kind {
            0 => 0,
            8 => 1,
            _ => return None,
        };
        let events = keys.unwrap_or_default();
        if keys.is_none() {
            (self.key, self.keys) = (None, VecDeque::new());
        }
        if self.key.is_none()
            && let Some(code) = self.keys.pop_front().and_then(|key| KEYS.find(key))
        {
            self.key = Some(Key { code: code as u8, since: self.timestamp, packets: 0 });
        }
        let said = match &mut self.key {
            Some(key) if key.packets < HELD + ENDS => {
                key.packets += 1;
                let end = if key.packets > HELD { 0x80 } else { 0 };
                let [high, low] = (key.packets.min(HELD) * SAMPLES as u16).to_be_bytes();
                let (since, first, payload) = (key.since, key.packets == 1, [key.code, end | 10, high, low]);
                self.written(events, since, first, &payload)
            }
            pausing => {
                let over = pausing.as_mut().is_some_and(|key| {
                    key.packets += 1;
                    key.packets >= HELD + ENDS + PAUSE
                });
                if over {
                    self.key = None;
                }
                let all = &self.said[law];
                let payload: Vec<u8> =
                    all.iter().cycle().skip(self.place % all.len().max(1)).take(SAMPLES).copied().collect();
                let begins = std::mem::take(&mut self.begins);
                self.written(kind, self.timestamp, begins, &payload)
            }
        };
        self.place += SAMPLES;
        self.timestamp = self.timestamp.wrapping_add(SAMPLES as u32);
        Some(said)
    }

    /// It was silent for a while: the next packet says that something begins. Keys that nobody hears are over.
    pub fn pauses(&mut self) {
        self.begins = true;
        (self.key, self.keys) = (None, VecDeque::new());
    }

    /// Somebody else is spoken to: a stream of its own, which says that it begins.
    pub fn turns(&mut self) {
        self.source = self.source.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
        self.begins = true;
    }

    /// Whether keys are still to be sent.
    pub fn has_keys(&self) -> bool {
        self.key.is_some() || !self.keys.is_empty()
    }

    fn written(&mut self, kind: u8, timestamp: u32, marker: bool, payload: &[u8]) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(1);
        self.sent += 1;
        Packet { kind, sequence: self.sequence, timestamp, source: self.source, payload }.bytes(marker)
    }
}

/// Hears the packets of one port.
#[derive(Debug, Default)]
pub struct Ear {
    source: Option<u32>,
    first: u16,
    highest: u16,
    wraps: u64,
    /// Packets of this source, and all that should have come of those before.
    of_source: u64,
    expected_before: u64,
    event: Option<(u32, u8)>,
    /// Packets that came.
    pub received: u64,
}

/// What a packet said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// Sound.
    Samples(Vec<i16>),
    /// A key that had not been heard yet.
    Key(char),
    /// Nothing new, or nothing that it understands.
    Nothing,
}

impl Ear {
    /// A packet came; keys are told under that number.
    pub fn hears(&mut self, bytes: &[u8], keys: Option<u8>) -> Heard {
        let Some(packet) = Packet::parse(bytes) else { return Heard::Nothing };
        self.counts(packet.source, packet.sequence);
        match packet.kind {
            kind @ (0 | 8) => Heard::Samples(sound::read(packet.payload, kind)),
            kind if Some(kind) == keys => {
                let Some(&code) = packet.payload.first() else { return Heard::Nothing };
                let event = Some((packet.timestamp, code));
                if event == self.event {
                    return Heard::Nothing;
                }
                self.event = event;
                KEYS.chars().nth(usize::from(code)).map_or(Heard::Nothing, Heard::Key)
            }
            _ => Heard::Nothing,
        }
    }

    /// Another call begins: what its source sent elsewhere before is not missed here.
    pub fn begins(&mut self) {
        self.expected_before += self.expected();
        (self.source, self.wraps, self.of_source) = (None, 0, 0);
    }

    /// Packets that should have come and did not (RFC 3550 §A.3).
    pub fn lost(&self) -> u64 {
        (self.expected_before + self.expected()).saturating_sub(self.received)
    }

    fn expected(&self) -> u64 {
        if self.of_source == 0 {
            return 0;
        }
        (self.wraps << 16 | u64::from(self.highest)) - u64::from(self.first) + 1
    }

    fn counts(&mut self, source: u32, sequence: u16) {
        self.received += 1;
        if self.source != Some(source) {
            self.begins();
            (self.source, self.first, self.highest) = (Some(source), sequence, sequence);
        }
        self.of_source += 1;
        let ahead = sequence.wrapping_sub(self.highest);
        if ahead != 0 && ahead < 0x8000 {
            if sequence < self.highest {
                self.wraps += 1;
            }
            self.highest = sequence;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_says_the_other_hears_with_each_key_once() {
        for law in [0, 8] {
            let (mut mouth, mut ear) = (Mouth::new(&sound::sine(440), 0xffff_0000_1234), Ear::default());
            mouth.press("15#5");
            let (mut samples, mut keys) = (0, String::new());
            for _ in 0..100 {
                match ear.hears(&mouth.packet(law, Some(101)).expect("a packet"), Some(101)) {
                    Heard::Samples(some) => samples += some.len(),
                    Heard::Key(key) => keys.push(key),
                    Heard::Nothing => {}
                }
            }
            assert_eq!((keys.as_str(), ear.lost(), ear.received, mouth.sent), ("15#5", 0, 100, 100));
            // Four keys of eight packets each.
            assert_eq!(samples, (100 - 4 * 8) * SAMPLES);
        }
        assert!(Mouth::new(&[0], 1).packet(9, None).is_none());
    }

    #[test]
    fn packets_that_are_lost_are_counted_over_wraps_and_new_sources() {
        let packet = |source: u32, sequence: u16| {
            Packet { kind: 0, sequence, timestamp: 0, source, payload: &[0xff] }.bytes(false)
        };
        let mut ear = Ear::default();
        // 65,534 to 2 with 0 missing, 1 and 2 in the wrong order; then a new source with one of three missing.
        for (source, sequence) in [(1, 65_534), (1, 65_535), (1, 2), (1, 1), (2, 7), (2, 9)] {
            ear.hears(&packet(source, sequence), None);
        }
        assert_eq!((ear.received, ear.lost()), (6, 2));
        assert_eq!(ear.hears(&[0x80, 0], None), Heard::Nothing);
        // The same source comes again in another call, having spoken with others meanwhile.
        ear.begins();
        ear.hears(&packet(2, 500), None);
        ear.hears(&packet(2, 502), None);
        assert_eq!((ear.received, ear.lost()), (8, 3));
    }

    #[test]
    fn whoever_is_spoken_to_next_has_a_stream_of_its_own() {
        let mut mouth = Mouth::new(&[0; 160], 9);
        let source = |bytes: &[u8]| Packet::parse(bytes).map(|packet| packet.source);
        let (one, same) =
            (mouth.packet(0, None).expect("a packet"), mouth.packet(0, None).expect("a packet"));
        mouth.turns();
        let other = mouth.packet(0, None).expect("a packet");
        assert!(source(&one) == source(&same) && source(&one) != source(&other));
        assert_eq!((one[1], same[1], other[1]), (0x80, 0, 0x80), "the marker says that something begins");
    }

    #[test]
    fn samples_come_back_as_they_were_said() {
        let said = sound::sine(440);
        let heard = sound::read(&sound::written(&said, 8), 8);
        let off = said.iter().zip(&heard).map(|(one, other)| (one - other).unsigned_abs()).max();
        assert!(off.is_some_and(|off| off < 300), "{off:?}");
    }
}
