//! A tone that a party hears beside the other one, mixed into what it hears of that one: that it is recorded, that somebody else calls,
//! or that something is done.
//!
//! That of recordings sounds half a second in each fifteen (ITU-T E.180 with Q.35: 1400 Hz). What the other party says meanwhile is
//! heard as well: a packet is decoded, mixed and encoded again, with its number, time stamp and source as they were. Codecs that remember what
//! came before are kept running between the tones, or each tone would begin with a click; G.711 is looked at during tones only. Where a tone
//! is follows from the time stamps, so that it has no gap where packets come late or in another order.
//!
//! A party to whom nothing is sent hears nothing: a device that sends no packets while it is silent keeps the tone away as well.

use std::f64::consts::TAU;

use strowger_base::Instant;
use strowger_base::leg::Tone;

use crate::codec::{Codec, Listener, Speaker};
use crate::control::PayloadTypes;
use crate::rtp::Packet;
use crate::tone::{Cadence, Repeat, Segment, cadence};

/// The tones that one party hears beside the other one.
#[derive(Debug, Default)]
pub struct Warnings {
    tones: Vec<(Tone, Warning)>,
    /// Room for a packet that has one tone in it and gets another.
    spare: Vec<u8>,
}

impl Warnings {
    /// The party hears a tone, or with `None` does not hear it any more. One that it hears already goes on where it is.
    pub fn warn(&mut self, now: Instant, tone: Tone, types: Option<PayloadTypes>) {
        self.drop_over(now);
        let known = self.tones.iter_mut().find(|(other, _)| *other == tone);
        match (types, known) {
            (None, _) => self.tones.retain(|(other, _)| *other != tone),
            (Some(types), Some((_, warning))) => warning.set_types(types),
            (Some(types), None) => {
                if self.tones.len() < TONES {
                    self.tones.push((tone, Warning::new(now, cadence(tone), types)));
                }
            }
        }
    }

    /// The packet as the party shall hear it: with its tones, one after the other, or as it is. `mixed` is room for it.
    pub fn warned<'p>(&mut self, now: Instant, bytes: &'p [u8], mixed: &'p mut Vec<u8>) -> &'p [u8] {
        // One that is over would be decoded and encoded for nothing, until the call ends.
        self.drop_over(now);
        let mut told = false;
        for (_, warning) in &mut self.tones {
            if !told {
                told = warning.mix(now, bytes, mixed);
            } else if warning.mix(now, mixed, &mut self.spare) {
                std::mem::swap(mixed, &mut self.spare);
            }
        }
        if told { mixed } else { bytes }
    }

    fn drop_over(&mut self, now: Instant) {
        self.tones.retain(|(_, warning)| !warning.is_over(now));
    }
}

/// The tone towards one party.
#[derive(Debug)]
struct Warning {
    /// What the packets may be that go to it.
    types: PayloadTypes,
    cadence: &'static Cadence,
    began: Instant,
    stream: Option<Stream>,
    samples: Vec<i16>,
    payload: Vec<u8>,
    /// Tones that were heard to their end or are being heard.
    tones: u64,
}

/// The stream into which it is mixed.
#[derive(Debug)]
struct Stream {
    ssrc: u32,
    listener: Listener,
    speaker: Speaker,
    /// A time stamp, and how far the tones were then, in units of the RTP clock.
    base: (u32, u64),
    sounding: bool,
}

impl Warning {
    /// A tone that begins at once.
    fn new(now: Instant, cadence: &'static Cadence, types: PayloadTypes) -> Self {
        Warning {
            types,
            cadence,
            began: now,
            stream: None,
            samples: Vec::with_capacity(SAMPLES),
            payload: Vec::with_capacity(SAMPLES),
            tones: 0,
        }
    }

    /// Another description of what may be sent; the tone goes on where it is.
    const fn set_types(&mut self, types: PayloadTypes) {
        self.types = types;
    }

    /// How often the tone has begun.
    #[cfg(test)]
    const fn tones(&self) -> u64 {
        self.tones
    }

    /// Whether it has sounded to its end.
    fn is_over(&self, now: Instant) -> bool {
        let elapsed = now.saturating_since(self.began).as_millis() as u64;
        self.cadence.repeat == Repeat::Once && elapsed > self.cycle_ms() + JUMP_SECS * 1000
    }

    fn cycle_ms(&self) -> u64 {
        self.cadence.segments.iter().map(|segment| u64::from(segment.duration_ms)).sum::<u64>().max(1)
    }

    /// Writes the packet with the tone in it into `mixed`, unless it goes on as it is.
    fn mix(&mut self, now: Instant, bytes: &[u8], mixed: &mut Vec<u8>) -> bool {
        let Ok(packet) = Packet::parse(bytes) else { return false };
        let Some(codec) = self.types.codec_of(packet.header.payload_type) else { return false };
        let units = u64::from(codec.units_of(packet.payload));
        if units == 0 {
            return false;
        }
        let at = self.position(now, codec, &packet);
        let clock = u64::from(codec.rtp_clock_hz());
        let rate = u64::from(codec.sample_rate_hz());
        let sounds = self.sounds(at, units, clock);
        let Some(stream) = &mut self.stream else { return false };
        if sounds && !std::mem::replace(&mut stream.sounding, sounds) {
            self.tones += 1;
        }
        stream.sounding = sounds;
        if !sounds && matches!(codec, Codec::Pcmu | Codec::Pcma) {
            return false;
        }
        self.samples.clear();
        self.payload.clear();
        stream.listener.decode(packet.payload, &mut self.samples);
        for (index, sample) in (at * rate / clock..).zip(&mut self.samples) {
            let Some((segment, place)) = segment_at(self.cadence, index, rate) else { continue };
            for hz in segment.hz.into_iter().filter(|hz| *hz > 0) {
                let turns = (place * u64::from(hz) % rate) as f64 / rate as f64;
                let sine = f64::from(segment.peak).min(AMPLITUDE) * (turns * TAU).sin();
                *sample = sample.saturating_add(sine as i16);
            }
        }
        stream.speaker.encode(&self.samples, &mut self.payload);
        if self.payload.is_empty() {
            return false;
        }
        mixed.clear();
        Packet { payload: &self.payload, ..packet }.write(mixed);
        true
    }

    /// Whether the tone sounds within so many units of the RTP clock from here.
    fn sounds(&self, at: u64, units: u64, clock: u64) -> bool {
        let per_ms = clock / 1000;
        let cycle = self.cycle_ms() * per_ms;
        if self.cadence.repeat == Repeat::Once && at >= cycle {
            return false;
        }
        let (begin, end) = (at % cycle, at % cycle + units);
        // A packet that reaches into the next turn hears its beginning.
        [0, cycle].into_iter().any(|turn| {
            let mut from = turn;
            self.cadence.segments.iter().any(|segment| {
                let until = from + u64::from(segment.duration_ms) * per_ms;
                let overlaps = segment.peak > 0 && from < end && begin < until;
                from = until;
                overlaps
            })
        })
    }

    /// How far the tones are where the packet begins, in units of the RTP clock.
    fn position(&mut self, now: Instant, codec: Codec, packet: &Packet<'_>) -> u64 {
        let header = &packet.header;
        let clock = u64::from(codec.rtp_clock_hz());
        let elapsed = now.saturating_since(self.began).as_millis() as u64 * (clock / 1000);
        if let Some(stream) = &mut self.stream
            && stream.ssrc == header.ssrc
            && stream.speaker.codec() == codec
        {
            let (stamp, at) = stream.base;
            let distance = i64::from(header.timestamp.wrapping_sub(stamp) as i32);
            let position = at.saturating_add_signed(distance);
            // A clock that drifts takes the tones with it; one that jumps does not.
            if position.abs_diff(elapsed) < clock * JUMP_SECS {
                if distance > 0 {
                    stream.base = (header.timestamp, position);
                }
                return position;
            }
            stream.base = (header.timestamp, elapsed);
            return elapsed;
        }
        self.stream = Some(Stream {
            ssrc: header.ssrc,
            listener: Listener::new(codec),
            speaker: Speaker::new(codec),
            base: (header.timestamp, elapsed),
            sounding: false,
        });
        elapsed
    }
}

/// What sounds at a sample, and how many samples after its beginning that is.
fn segment_at(cadence: &Cadence, index: u64, rate: u64) -> Option<(Segment, u64)> {
    let per_ms = rate / 1000;
    let cycle: u64 = cadence.segments.iter().map(|segment| u64::from(segment.duration_ms) * per_ms).sum();
    if cycle == 0 || (cadence.repeat == Repeat::Once && index >= cycle) {
        return None;
    }
    let mut place = index % cycle;
    for segment in cadence.segments {
        let long = u64::from(segment.duration_ms) * per_ms;
        if place < long {
            return Some((*segment, place));
        }
        place -= long;
    }
    None
}

/// Tones that a party hears at once beside the other one; a further one is not heard.
pub const TONES: usize = 4;
/// The most of each sine. About -15 dBm0: heard well, and the other party is understood beside it.
const AMPLITUDE: f64 = 4000.0;
/// Room for the longest packet that Opus has, 120 ms.
const SAMPLES: usize = 1920;
/// A time stamp that is further away than this from where it should be was set anew.
const JUMP_SECS: u64 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tests::{sine, tone_to_rest_db};
    use crate::rtp::Header;
    use crate::tone::{ZIP_ZIP, national};
    use strowger_base::Country;
    use strowger_base::leg::CallTone;

    fn recording() -> &'static Cadence {
        national(Country::UnitedStates, CallTone::Recording)
    }

    /// What a party hears in 16 s of whom it talks with, who says a sine of 400 Hz or nothing.
    fn heard(codec: Codec, amplitude: f64, payload_type: u8) -> (Vec<i16>, u64, usize) {
        let mut types = PayloadTypes::default();
        *types.slot(codec) = Some(payload_type);
        let mut warning = Warning::new(Instant::START, recording(), types);
        let rate = codec.sample_rate_hz();
        let said = sine(400.0, f64::from(rate), amplitude, rate as usize * 16);
        let (mut speaker, mut listener) = (Speaker::new(codec), Listener::new(codec));
        let (mut samples, mut mixed, mut changed) = (Vec::new(), Vec::new(), 0);
        for (index, part) in said.chunks(codec.samples(20)).enumerate() {
            let mut payload = Vec::new();
            speaker.encode(part, &mut payload);
            let header = Header {
                payload_type,
                marker: index == 0,
                sequence: 65_000_u16.wrapping_add(index as u16),
                timestamp: u32::MAX.wrapping_add(codec.units(20) * index as u32),
                ssrc: 7,
            };
            let mut packet = Vec::new();
            Packet { header, csrc: &[], extension: None, payload: &payload }.write(&mut packet);
            let now = Instant::from_nanos(index as u64 * 20_000_000);
            if warning.mix(now, &packet, &mut mixed) {
                changed += 1;
                let told = Packet::parse(&mixed).unwrap();
                assert_eq!(told.header, header);
                payload = told.payload.to_vec();
            }
            listener.decode(&payload, &mut samples);
        }
        (samples, warning.tones(), changed)
    }

    #[test]
    fn the_tone_sounds_half_a_second_in_each_fifteen_beside_the_other_party() {
        let check = |codec: Codec, packets: usize, above_db: f64| {
            let (silence, tones, changed) = heard(codec, 0.0, 100);
            assert_eq!((tones, changed), (2, packets), "{codec:?}");
            let rate = codec.sample_rate_hz() as usize;
            let part = |sound: &[i16], ms: usize, long: usize| {
                sound[rate / 1000 * ms..rate / 1000 * (ms + long)].to_vec()
            };
            let tone = |sound: &[i16], ms: usize| tone_to_rest_db(1400.0, rate as f64, &part(sound, ms, 400));
            let voice = |sound: &[i16], ms: usize| tone_to_rest_db(400.0, rate as f64, &part(sound, ms, 400));
            for ms in [50, 15_050] {
                assert!(tone(&silence, ms) > above_db, "{codec:?} at {ms}: {}", tone(&silence, ms));
            }
            assert!(part(&silence, 600, 14_000).iter().all(|sample| sample.abs() < 64), "{codec:?}");
            let (said, _, _) = heard(codec, 8000.0, 100);
            // Four times the power is 6 dB: the voice is above the tone, and nothing is beside them.
            assert!((4.0..8.0).contains(&voice(&said, 50)), "{codec:?}: {}", voice(&said, 50));
            assert!(voice(&said, 5000) > above_db, "{codec:?}: {}", voice(&said, 5000));
        };
        check(Codec::Pcmu, 50, 25.0);
        check(Codec::Pcma, 50, 25.0);
        check(Codec::G722, 800, 20.0);
        check(Codec::Opus, 800, 10.0);
    }

    #[test]
    fn a_tone_with_an_end_sounds_once_and_one_of_call_waiting_as_the_country_has_it() {
        let check = |cadence: &'static Cadence, expect: &[u32]| {
            let types = PayloadTypes { pcmu: Some(0), ..PayloadTypes::default() };
            let mut warning = Warning::new(Instant::START, cadence, types);
            let (mut mixed, mut changed) = (Vec::new(), Vec::new());
            for index in 0..1000_u32 {
                let header =
                    Header { payload_type: 0, marker: false, sequence: 0, timestamp: index * 160, ssrc: 7 };
                let mut packet = Vec::new();
                Packet { header, csrc: &[], extension: None, payload: &[0xff; 160] }.write(&mut packet);
                let now = Instant::from_nanos(u64::from(index) * 20_000_000);
                if warning.mix(now, &packet, &mut mixed) {
                    changed.push(index);
                }
            }
            let beginnings = changed.iter().filter(|index| !changed.contains(&index.wrapping_sub(1)));
            assert_eq!(beginnings.map(|index| index * 20).collect::<Vec<_>>(), expect);
        };
        check(&ZIP_ZIP, &[0, 200]);
        let waiting = |country| national(country, CallTone::CallWaiting);
        check(waiting(Country::UnitedStates), &[0, 10_000]);
        check(waiting(Country::Germany), &[0, 400, 5600, 6000, 11_200, 11_600, 16_800, 17_200]);
        // A tone of 40 ms, every two seconds.
        check(
            waiting(Country::Austria),
            &[0, 2000, 4000, 6000, 8000, 10_000, 12_000, 14_000, 16_000, 18_000],
        );
    }

    #[test]
    fn what_is_not_understood_goes_on_as_it_is() {
        let types = PayloadTypes { pcmu: Some(0), ..PayloadTypes::default() };
        let mut warning = Warning::new(Instant::START, recording(), types);
        let mut mixed = Vec::new();
        let mut check = |bytes: &[u8], expect: bool| {
            assert_eq!(warning.mix(Instant::START, bytes, &mut mixed), expect, "{bytes:x?}");
        };
        let packet = |payload_type: u8, bytes: usize| {
            let mut packet = vec![0x80, payload_type, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1];
            packet.resize(12 + bytes, 0xff);
            packet
        };
        check(&packet(0, 160), true);
        check(&packet(8, 160), false);
        check(&packet(101, 4), false);
        check(&packet(0, 0), false);
        check(&[0x80, 0], false);
    }

    #[test]
    fn a_clock_that_jumps_and_another_source_do_not_move_the_tone() {
        let types = PayloadTypes { pcmu: Some(0), ..PayloadTypes::default() };
        let mut warning = Warning::new(Instant::START, recording(), types);
        let mut mixed = Vec::new();
        let mut check = |ms: u64, ssrc: u32, timestamp: u32, expect: bool| {
            let header = Header { payload_type: 0, marker: false, sequence: 0, timestamp, ssrc };
            let mut packet = Vec::new();
            Packet { header, csrc: &[], extension: None, payload: &[0xff; 160] }.write(&mut packet);
            let now = Instant::from_nanos(ms * 1_000_000);
            assert_eq!(warning.mix(now, &packet, &mut mixed), expect, "{ms} ms");
        };
        check(0, 1, 1000, true);
        check(20, 1, 1160, true);
        // Out of order, and jumping.
        check(40, 1, 1000, true);
        check(60, 1, 4_000_000, true);
        check(600, 1, 4_004_320, false);
        check(620, 2, 77, false);
        check(15_010, 2, 77 + 8 * 14_390, true);
    }

    /// The `index`-th packet of 20 ms, in which nothing is said.
    fn silence(codec: Codec, index: u32) -> Vec<u8> {
        let mut payload = Vec::new();
        Speaker::new(codec).encode(&vec![0; codec.samples(20)], &mut payload);
        let timestamp = index * codec.units(20);
        let header = Header { payload_type: 100, marker: false, sequence: index as u16, timestamp, ssrc: 7 };
        let mut packet = Vec::new();
        Packet { header, csrc: &[], extension: None, payload: &payload }.write(&mut packet);
        packet
    }

    fn at(index: u32) -> Instant {
        Instant::from_nanos(u64::from(index) * 20_000_000)
    }

    fn types(codec: Codec) -> Option<PayloadTypes> {
        let mut types = PayloadTypes::default();
        *types.slot(codec) = Some(100);
        Some(types)
    }

    #[test]
    fn a_tone_that_is_over_leaves_packets_as_they_are() {
        for codec in [Codec::G722, Codec::Opus] {
            let mut warnings = Warnings::default();
            warnings.warn(at(0), Tone::ZipZip, types(codec));
            let mut mixed = Vec::new();
            let mut changed = (0..500).filter(|index| {
                let packet = silence(codec, *index);
                warnings.warned(at(*index), &packet, &mut mixed).as_ptr() != packet.as_ptr()
            });
            let last = changed.by_ref().last().unwrap();
            assert!((20..160).contains(&last), "{codec:?}: {last}");
            assert!(warnings.tones.is_empty());
        }
    }

    #[test]
    fn two_tones_at_once_are_both_heard_and_need_no_new_room_for_each_packet() {
        let mut warnings = Warnings::default();
        let waiting = Tone::National { country: Country::UnitedStates, tone: CallTone::CallWaiting };
        let recorded = Tone::National { country: Country::UnitedStates, tone: CallTone::Recording };
        for tone in [recorded, waiting] {
            warnings.warn(at(0), tone, types(Codec::G722));
        }
        let (mut mixed, mut listener, mut heard) = (Vec::new(), Listener::new(Codec::G722), Vec::new());
        let mut rooms = Vec::new();
        for index in 0..50 {
            let packet = silence(Codec::G722, index);
            let told = warnings.warned(at(index), &packet, &mut mixed);
            listener.decode(Packet::parse(told).unwrap().payload, &mut heard);
            let mut now = [mixed.as_ptr(), warnings.spare.as_ptr()];
            now.sort_unstable();
            rooms.push(now);
        }
        rooms.dedup();
        assert_eq!(rooms.len(), 1, "the same two");
        let part = &heard[1600..4800];
        for hz in [1400.0, 440.0] {
            // Beside the other one, which is as loud.
            assert!(tone_to_rest_db(hz, 16_000.0, part) > -3.0, "{hz}");
        }
        warnings.warn(at(50), waiting, None);
        assert_eq!(warnings.tones.len(), 1);
    }
}
