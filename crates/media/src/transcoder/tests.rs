use super::*;
use crate::codec::Listener;
use crate::codec::tests::{sine, tone_to_rest_db};
use crate::rtp::{Packet, Reception, Timing};

const ALL: [Codec; 4] = Codec::ALL;

fn format(codec: Codec, ptime_ms: u8, telephone_event: Option<u8>) -> StreamFormat {
    StreamFormat { codec, payload_type: codec.payload_type(), telephone_event, ptime_ms, bitrate_max: None }
}

fn receive(codec: Codec, telephone_event: Option<u8>) -> PayloadTypes {
    let mut types = PayloadTypes { telephone_event, ..PayloadTypes::default() };
    *types.slot(codec) = Some(codec.payload_type());
    types
}

fn at(ms: u64) -> Instant {
    Instant::from_nanos(ms * 1_000_000)
}

/// A phone on one side, a transcoder, and what arrives at the other.
struct World {
    from: StreamFormat,
    to: StreamFormat,
    transcoder: Transcoder,
    sender: Sender,
    speaker: Speaker,
    reception: Reception,
    ms: u64,
    packets: Vec<(Header, Vec<u8>)>,
    told: Vec<Digit>,
}

impl World {
    fn new(from: StreamFormat, to: StreamFormat, keys: Keys) -> World {
        let mut rng = Rng::new(8);
        let mut sender = Sender::new(&mut rng);
        sender.set_clock(from.codec.rtp_clock_hz());
        let transcoder = Transcoder::new(receive(from.codec, from.telephone_event), to, keys, &mut rng);
        World {
            from,
            to,
            transcoder,
            sender,
            speaker: Speaker::new(from.codec),
            reception: Reception::default(),
            ms: 1000,
            packets: Vec::new(),
            told: Vec::new(),
        }
    }

    /// The phone says these samples; the transcoder is asked in its own packet time.
    fn say(&mut self, samples: &[i16]) {
        let frame = self.from.codec.samples(self.from.ptime_ms);
        for part in samples.chunks_exact(frame) {
            let mut bytes = Vec::new();
            let units = self.from.codec.units(self.from.ptime_ms);
            self.sender.write_next(at(self.ms), self.from.payload_type, false, units, &mut bytes);
            self.speaker.encode(part, &mut bytes);
            self.arrive(&bytes);
            for _ in 0..self.from.ptime_ms {
                self.tick();
            }
        }
    }

    fn arrive(&mut self, bytes: &[u8]) {
        let packet = Packet::parse(bytes).unwrap();
        let now = at(self.ms);
        let arrival = self.reception.receive(now, &packet.header, packet.payload.len(), Timing::Unusable);
        self.told.extend(self.transcoder.receive(now, &packet.header, arrival, packet.payload));
    }

    fn tick(&mut self) {
        if self.ms.is_multiple_of(self.to.ptime_ms.into()) {
            let mut bytes = Vec::new();
            self.told.extend(self.transcoder.send(at(self.ms), &mut bytes));
            if let Ok(packet) = Packet::parse(&bytes) {
                self.packets.push((packet.header, packet.payload.to_vec()));
            }
        }
        self.ms += 1;
    }

    /// A key as the phone tells it, 100 ms long.
    fn press_event(&mut self, key: char) {
        let mut event = EventSender::new(key, Duration::from_millis(100)).unwrap();
        let timestamp = self.sender.next_timestamp();
        let mut elapsed = 0;
        while let Some(payload) = event.next_payload(20) {
            elapsed += 160;
            let header = Header {
                marker: elapsed == 160,
                payload_type: self.from.telephone_event.unwrap(),
                sequence: self.sender.next_sequence(),
                timestamp,
                ssrc: self.sender.ssrc(),
            };
            let mut bytes = Vec::new();
            self.sender.write(at(self.ms), header, elapsed, &mut bytes);
            bytes.extend_from_slice(&payload);
            self.arrive(&bytes);
            (0..20).for_each(|_| self.tick());
        }
    }

    fn sound(&self) -> Vec<i16> {
        let mut listener = Listener::new(self.to.codec);
        let mut samples = Vec::new();
        for (header, payload) in &self.packets {
            if header.payload_type == self.to.payload_type {
                listener.decode(payload, &mut samples);
            }
        }
        samples
    }

    /// Keys among the events that came out.
    fn events(&self) -> String {
        let mut events = EventReceiver::default();
        let mut keys = String::new();
        for (index, (header, payload)) in self.packets.iter().enumerate() {
            if Some(header.payload_type) == self.to.telephone_event {
                let now = at(index as u64 * 20);
                keys.extend(events.receive(now, EVENT_CLOCK_HZ, header, payload).map(|digit| digit.key));
            }
        }
        keys
    }

    /// Keys among the tones that came out.
    fn tones(&self) -> String {
        let sound = self.sound();
        let mut narrow = Vec::new();
        Rate::new(self.to.codec.sample_rate_hz(), 8000).convert(&sound, &mut narrow);
        let mut keys = String::new();
        Detector::default().hear(&narrow, |change| {
            if let KeyChange::Pressed { key } = change {
                keys.push(key);
            }
        });
        keys
    }

    fn keys_told(&self) -> String {
        self.told.iter().map(|digit| digit.key).collect()
    }
}

/// A key in the sound, as a phone without events makes it, in silence.
fn key_sound(key: char, codec: Codec) -> Vec<i16> {
    let mut samples = vec![0; codec.samples(200)];
    let mut player = Player::new(dtmf::cadence_of(key));
    while !player.is_finished() {
        player.render(codec.sample_rate_hz(), codec.samples(20), &mut samples);
    }
    samples.resize(samples.len() + codec.samples(200), 0);
    samples
}

#[test]
fn a_tone_passes_between_all_codecs_and_packet_times() {
    for from in ALL {
        for to in ALL {
            for (from_ms, to_ms) in [(20, 20), (10, 60), (60, 20), (30, 10)] {
                let what = format!("{from:?} {from_ms} ms to {to:?} {to_ms} ms");
                let (from, to) = (format(from, from.ptime(from_ms), None), format(to, to.ptime(to_ms), None));
                let mut world = World::new(from, to, Keys::Tones);
                let rate = from.codec.sample_rate_hz();
                world.say(&sine(700.0, f64::from(rate), 8000.0, 3 * rate as usize));
                let sound = world.sound();
                let rate = to.codec.sample_rate_hz() as usize;
                assert!(sound.len() > rate * 26 / 10, "{what}: {}", sound.len());
                let measured = tone_to_rest_db(700.0, rate as f64, &sound[rate * 3 / 2..rate * 5 / 2]);
                assert!(measured > 15.0, "{what}: {measured:.1} dB");
                // Numbers without gaps, timestamps that are as far from each other as the packets.
                for pair in world.packets.windows(2) {
                    let ((one, payload), (other, _)) = (&pair[0], &pair[1]);
                    assert_eq!(other.sequence, one.sequence.wrapping_add(1), "{what}");
                    assert_eq!(to.codec.units_of(payload), to.codec.units(to.ptime_ms), "{what}");
                    assert_eq!(
                        other.timestamp.wrapping_sub(one.timestamp),
                        to.codec.units(to.ptime_ms),
                        "{what}"
                    );
                }
                assert!(world.packets[0].0.marker);
                assert!(!world.packets[1].0.marker);
            }
        }
    }
}

#[test]
fn keys_come_out_as_the_other_side_understands_them() {
    const KEYS: &str = "19*0#";
    for codec in ALL {
        let with = |events| format(Codec::Pcmu, 20, events);
        let other = |events| format(codec, 20, events);
        let silence = vec![0; codec.samples(20) * 10];

        // Events to events: another payload type, and nothing in the sound.
        let mut world = World::new(with(Some(101)), other(Some(96)), Keys::Events(EVENT_CLOCK_HZ));
        world.say(&vec![0; 8000]);
        KEYS.chars().for_each(|key| world.press_event(key));
        world.say(&vec![0; 8000]);
        assert_eq!((world.events().as_str(), world.tones().as_str()), (KEYS, ""), "{codec:?}");
        assert_eq!(world.keys_told(), KEYS);

        // Events to tones.
        let mut world = World::new(with(Some(101)), other(None), Keys::Events(EVENT_CLOCK_HZ));
        world.say(&vec![0; 8000]);
        KEYS.chars().for_each(|key| world.press_event(key));
        world.say(&vec![0; 16_000]);
        assert_eq!((world.events().as_str(), world.tones().as_str()), ("", KEYS), "{codec:?}");

        // Tones to events: the tones are not heard as well.
        let mut world = World::new(other(None), with(Some(96)), Keys::Events(EVENT_CLOCK_HZ));
        for key in KEYS.chars() {
            world.say(&key_sound(key, codec));
        }
        world.say(&silence);
        assert_eq!((world.events().as_str(), world.tones().as_str()), (KEYS, ""), "{codec:?}");
        assert_eq!(world.keys_told(), KEYS);

        // Tones that stay tones.
        let mut world = World::new(other(None), with(None), Keys::Tones);
        for key in KEYS.chars() {
            world.say(&key_sound(key, codec));
        }
        assert_eq!((world.tones().as_str(), world.keys_told().as_str()), (KEYS, ""), "{codec:?}");

        // Told only, as for SIP INFO.
        let mut world = World::new(with(Some(101)), other(Some(96)), Keys::Told);
        world.say(&vec![0; 8000]);
        KEYS.chars().for_each(|key| world.press_event(key));
        world.say(&vec![0; 8000]);
        assert_eq!((world.events().as_str(), world.tones().as_str()), ("", ""));
        assert_eq!(world.keys_told(), KEYS);
    }
}

#[test]
fn keys_that_are_told_from_elsewhere_are_sent_in_their_order() {
    let mut world =
        World::new(format(Codec::G722, 20, None), format(Codec::Opus, 20, Some(96)), Keys::Events(48_000));
    for key in "12345".chars() {
        world.transcoder.press(Digit { key, duration_ms: 100 });
    }
    world.say(&vec![0; 32_000]);
    let events: Vec<&(Header, Vec<u8>)> =
        world.packets.iter().filter(|(header, _)| header.payload_type == 96).collect();
    // 100 ms are five packets on the clock of Opus, and the last comes three times.
    assert_eq!(events.len(), 5 * 7);
    let last = &events[6].1;
    assert_eq!((last[0], last[1] & 0x80, u16::from_be_bytes([last[2], last[3]])), (1, 0x80, 4800));
    // Nobody fills memory with keys.
    for _ in 0..1000 {
        world.transcoder.press(Digit { key: '1', duration_ms: 100 });
    }
    assert_eq!(world.transcoder.waiting.len(), WAITING_MAX);
}

#[test]
fn silence_and_loss_leave_the_clock_right() {
    let mut world = World::new(format(Codec::Pcma, 20, None), format(Codec::G722, 20, None), Keys::Tones);
    let tone = sine(700.0, 8000.0, 8000.0, 8000);
    world.say(&tone);
    // The phone suppresses silence for two seconds.
    (0..2000).for_each(|_| world.tick());
    world.sender.skip(16_000);
    let before = world.packets.len();
    world.say(&tone);
    let begins: Vec<usize> = world
        .packets
        .iter()
        .enumerate()
        .filter_map(|(index, (header, _))| header.marker.then_some(index))
        .collect();
    assert_eq!(begins.len(), 2, "{begins:?}");
    assert!(begins[1] >= before - 1, "{begins:?} {before}");
    let gap = world.packets[begins[1]].0.timestamp.wrapping_sub(world.packets[begins[1] - 1].0.timestamp);
    assert!((1800 * 8..2100 * 8).contains(&gap), "{gap}");
    // One packet in ten is lost on the way in.
    let mut world = World::new(format(Codec::Pcma, 20, None), format(Codec::Opus, 20, None), Keys::Tones);
    for (index, part) in sine(700.0, 8000.0, 8000.0, 24_000).chunks_exact(160).enumerate() {
        if index % 10 == 5 {
            world.sender.write_next(at(world.ms), 8, false, 160, &mut Vec::new());
            (0..20).for_each(|_| world.tick());
        } else {
            world.say(part);
        }
    }
    // 3 s less what waits in the buffer, and no hole.
    assert!(world.packets.len() > 140, "{}", world.packets.len());
    assert!(world.packets.windows(2).all(|pair| pair[1].0.sequence == pair[0].0.sequence.wrapping_add(1)));
    assert!(world.transcoder.counts().concealed_ms > 200);
}
