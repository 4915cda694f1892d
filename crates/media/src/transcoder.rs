//! Sound on its way from one side to another that shares no codec with it, or no way to tell keys.
//!
//! One [`Transcoder`] is one way. Packets of one side go in, and whoever drives it takes a packet for the other side in
//! each packet time: decoded, at another rate, encoded. What comes late or never is the jitter buffer's affair. Keys that are pressed
//! arrive as events (RFC 4733) or as tones in the sound, and leave as [`Keys`] says.

use std::collections::VecDeque;
use std::time::Duration;

use strowger_base::leg::Digit;
use strowger_base::{Instant, Rng};

use crate::codec::resample::Rate;
use crate::codec::{Codec, Speaker};
use crate::control::{PayloadTypes, StreamFormat};
use crate::jitter::{Frame, JitterBuffer};
use crate::rtp::{
    Arrival, COMFORT_NOISE, EVENT_CLOCK_HZ, EventReceiver, EventSender, Header, Sender, Timing,
};
use crate::tone::Player;
use crate::tone::dtmf::{self, Detector, KeyChange};
use crate::wav;

/// How keys leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keys {
    /// As events of the format's payload type, on this clock in Hz; without such a type as tones.
    Events(u32),
    /// As tones in the sound.
    Tones,
    /// Not at all: whoever drives it tells them in another way, such as SIP INFO.
    Told,
}

/// Whether keys are looked for in the sound of a side that has no events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hearing {
    /// They are.
    Listens,
    /// Its keys are elsewhere, and what sounds like one is sound.
    Deaf,
}

/// One way between two sides.
#[derive(Debug)]
pub struct Transcoder {
    receive: PayloadTypes,
    format: StreamFormat,
    keys: Keys,
    jitter: JitterBuffer,
    /// What was played last, at its own rate.
    frame: Vec<i16>,
    converted: Vec<i16>,
    rate: Option<(u32, u32, Rate)>,
    speaker: Speaker,
    sender: Sender,
    payload: Vec<u8>,
    events: EventReceiver,
    ear: Option<Box<Ear>>,
    waiting: VecDeque<Digit>,
    press: Press,
    /// The next packet begins a stretch of sound.
    marker: bool,
}

/// Hears keys in the sound.
#[derive(Debug, Default)]
struct Ear {
    detector: Detector,
    narrow: Vec<i16>,
    rate: Option<(u32, Rate)>,
}

/// A key that is being sent.
#[derive(Debug)]
enum Press {
    None,
    /// All its packets have this timestamp.
    Event {
        sender: EventSender,
        timestamp: u32,
        elapsed: u32,
    },
    Tone(Player),
}

impl Transcoder {
    /// From a side whose packets have these types to one that wants this format. Keys are looked for in the sound where the side has
    /// no events.
    pub fn new(receive: PayloadTypes, format: StreamFormat, keys: Keys, rng: &mut Rng) -> Self {
        let mut sender = Sender::new(rng);
        sender.set_clock(format.codec.rtp_clock_hz());
        let mut transcoder = Transcoder {
            receive,
            format: StreamFormat { ptime_ms: format.codec.ptime(format.ptime_ms), ..format },
            keys,
            jitter: JitterBuffer::new(),
            frame: Vec::new(),
            converted: Vec::new(),
            rate: None,
            speaker: Speaker::with_bitrate(format.codec, format.bitrate_max),
            sender,
            payload: Vec::new(),
            events: EventReceiver::default(),
            ear: None,
            waiting: VecDeque::new(),
            press: Press::None,
            marker: true,
        };
        transcoder.set_keys(keys, Hearing::Listens);
        transcoder
    }

    /// How keys leave from now on. What is being sent goes on.
    pub fn set_keys(&mut self, keys: Keys, hearing: Hearing) {
        let cannot = self.format.telephone_event.is_none() && matches!(keys, Keys::Events(_));
        self.keys = if cannot { Keys::Tones } else { keys };
        let has_events = self.receive.telephone_event.is_some() || self.receive.telephone_event_48k.is_some();
        // Tones that stay tones are sound like any other.
        if has_events || keys == Keys::Tones || hearing == Hearing::Deaf {
            self.ear = None;
        } else if self.ear.is_none() {
            self.ear = Some(Box::default());
        }
        if keys == Keys::Told {
            self.waiting.clear();
        }
    }

    /// Whether keys leave in another way, so that whoever drives it has to tell those that come.
    pub fn tells(&self) -> bool {
        self.keys == Keys::Told
    }

    /// Takes a packet. A key that it tells is returned; it is also sent, if keys are.
    pub fn receive(
        &mut self,
        now: Instant,
        header: &Header,
        arrival: Arrival,
        payload: &[u8],
    ) -> Option<Digit> {
        let payload_type = header.payload_type;
        if let Some(clock_hz) = self.receive.event_clock_of(payload_type) {
            self.jitter.receive(now, header, arrival, None, payload);
            let digit = self.events.receive(now, clock_hz, header, payload);
            return digit.inspect(|digit| self.press(*digit));
        }
        let codec = self.codec_of(payload_type);
        self.jitter.receive(now, header, arrival, codec, payload);
        self.events.expire(now).inspect(|digit| self.press(*digit))
    }

    /// The codec of a packet with this payload type. Phones send static types that they did not agree to, and those mean one thing
    /// only (RFC 3551 table 4), as long as the sides use them for nothing else.
    fn codec_of(&self, payload_type: u8) -> Option<Codec> {
        self.receive.codec_of(payload_type).or_else(|| Codec::from_static(payload_type))
    }

    /// Whether a packet of this payload type can be understood; comfort noise (RFC 3389) can, and is silence.
    pub fn understands(&self, payload_type: u8) -> bool {
        self.codec_of(payload_type).is_some()
            || self.receive.event_clock_of(payload_type).is_some()
            || payload_type == COMFORT_NOISE
    }

    /// The clock that the timestamps of a packet of this payload type count, where they rise with time.
    pub fn timing(&self, payload_type: u8) -> Timing {
        self.codec_of(payload_type).map_or(Timing::Unusable, |codec| Timing::Audio(codec.rtp_clock_hz()))
    }

    /// Sends a key that was told in another way, such as SIP INFO. One that is more than can wait is lost.
    pub fn press(&mut self, digit: Digit) {
        if self.keys != Keys::Told && self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(digit);
        }
    }

    /// Appends the packet that is due now, if there is one: a packet time after the one before. A key that was heard in the sound is
    /// returned; it is also sent, if keys are.
    pub fn send(&mut self, now: Instant, bytes: &mut Vec<u8>) -> Option<Digit> {
        let ptime_ms = self.format.ptime_ms;
        self.frame.clear();
        let sound = self.jitter.play(now, ptime_ms.into(), &mut self.frame);
        let heard = match sound {
            Frame::Silence => None,
            Frame::Sound { rate_hz } => self.listen(rate_hz),
        };
        heard.inspect(|digit| self.press(*digit));
        self.begin_press();
        match &mut self.press {
            Press::Event { sender, timestamp, elapsed } => match sender.next_payload(ptime_ms) {
                Some(payload) => {
                    // The end comes three times, and only the first of them takes time.
                    *elapsed += self.format.codec.units(ptime_ms);
                    let header = Header {
                        marker: *elapsed == self.format.codec.units(ptime_ms),
                        payload_type: self.format.telephone_event.unwrap_or_default(),
                        sequence: self.sender.next_sequence(),
                        timestamp: *timestamp,
                        ssrc: self.sender.ssrc(),
                    };
                    self.sender.write(now, header, *elapsed, bytes);
                    self.sender.carried(payload.len());
                    bytes.extend_from_slice(&payload);
                    self.marker = true;
                    return heard;
                }
                None => self.press = Press::None,
            },
            Press::Tone(player) => {
                self.converted.clear();
                let codec = self.format.codec;
                player.render(codec.sample_rate_hz(), codec.samples(ptime_ms), &mut self.converted);
                if player.is_finished() {
                    self.press = Press::None;
                }
                self.write(now, bytes);
                return heard;
            }
            Press::None => {}
        }
        match sound {
            Frame::Silence => {
                self.sender.skip(self.format.codec.units(ptime_ms));
                self.marker = true;
            }
            Frame::Sound { rate_hz } => {
                self.convert(rate_hz);
                self.write(now, bytes);
            }
        }
        heard
    }

    /// How it tells RTCP and records about itself.
    pub const fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Lets a packet time pass in which nothing was asked for: whoever drives it stood still.
    pub const fn skip(&mut self) {
        self.sender.skip(self.format.codec.units(self.format.ptime_ms));
    }

    /// After how long the next packet is due.
    pub const fn packet_time(&self) -> Duration {
        Duration::from_millis(self.format.ptime_ms as u64)
    }

    /// What became of the packets that came.
    pub const fn counts(&self) -> crate::jitter::Counts {
        self.jitter.counts()
    }

    /// Looks for keys in the frame, which is silent afterwards where there is one: nobody shall hear it twice. What only sounds like one
    /// for a moment is a gap of a packet in speech, which hardly anybody notices.
    fn listen(&mut self, rate_hz: u32) -> Option<Digit> {
        let ear = self.ear.as_mut()?;
        let samples = if rate_hz == EAR_HZ {
            &self.frame
        } else {
            let fits = ear.rate.as_ref().is_some_and(|(from, _)| *from == rate_hz);
            if !fits {
                ear.rate = None;
            }
            let (_, rate) = ear.rate.get_or_insert_with(|| (rate_hz, Rate::new(rate_hz, EAR_HZ)));
            ear.narrow.clear();
            rate.convert(&self.frame, &mut ear.narrow);
            &ear.narrow
        };
        let is_key = |detector: &Detector| detector.suspects() || detector.pressed().is_some();
        let was_key = is_key(&ear.detector);
        let mut heard = None;
        ear.detector.hear(samples, |change| {
            if let KeyChange::Released { key, duration_ms } = change {
                heard = Some(Digit { key, duration_ms });
            }
        });
        if was_key || is_key(&ear.detector) {
            self.frame.iter_mut().for_each(|sample| *sample = 0);
        }
        heard
    }

    fn begin_press(&mut self) {
        if !matches!(self.press, Press::None) {
            return;
        }
        let Some(digit) = self.waiting.pop_front() else { return };
        let duration = Duration::from_millis(u64::from(digit.duration_ms.clamp(PRESS_MIN_MS, PRESS_MAX_MS)));
        self.press = match self.keys {
            Keys::Events(clock_hz) => match EventSender::on_clock(digit.key, duration, clock_hz) {
                Some(sender) => Press::Event { sender, timestamp: self.sender.next_timestamp(), elapsed: 0 },
                None => Press::None,
            },
            Keys::Tones => Press::Tone(Player::new(dtmf::cadence_of(digit.key))),
            Keys::Told => Press::None,
        };
    }

    /// The frame at the rate of the codec that leaves.
    fn convert(&mut self, rate_hz: u32) {
        let to_hz = self.format.codec.sample_rate_hz();
        let fits = self.rate.as_ref().is_some_and(|(from, to, _)| (*from, *to) == (rate_hz, to_hz));
        if !fits {
            self.rate = None;
        }
        let (_, _, rate) = self.rate.get_or_insert_with(|| (rate_hz, to_hz, Rate::new(rate_hz, to_hz)));
        self.converted.clear();
        rate.convert(&self.frame, &mut self.converted);
    }

    fn write(&mut self, now: Instant, bytes: &mut Vec<u8>) {
        self.payload.clear();
        self.speaker.encode(&self.converted, &mut self.payload);
        let marker = std::mem::replace(&mut self.marker, false);
        let units = self.format.codec.units(self.format.ptime_ms);
        self.sender.write_next(now, self.format.payload_type, marker, units, bytes);
        self.sender.carried(self.payload.len());
        bytes.extend_from_slice(&self.payload);
    }
}

/// The clock of events that a side agreed to, by the payload types under which it sends them.
pub const fn event_clock(receive: &PayloadTypes) -> u32 {
    if receive.telephone_event.is_none() && receive.telephone_event_48k.is_some() {
        Codec::Opus.rtp_clock_hz()
    } else {
        EVENT_CLOCK_HZ
    }
}

/// Where keys are looked for.
const EAR_HZ: u32 = wav::RATE_HZ / 2;
/// Keys that can wait to be sent: nobody dials faster for long.
const WAITING_MAX: usize = 32;
/// A key is sent for at least so long (ITU-T Q.24 takes 40 ms for one) …
const PRESS_MIN_MS: u16 = 80;
/// … and at most for so long, less than a timestamp on the clock of Opus can say.
const PRESS_MAX_MS: u16 = 1000;

#[cfg(test)]
mod tests;
