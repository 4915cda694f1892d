//! The two sides of a relay speak different codecs: what each says is decoded here and encoded for the other.
//!
//! A side's packets go into a jitter buffer, and in each packet time a packet leaves for the other side, as a stream of our own with
//! reports of our own: sequence numbers, timestamps and sources of the two sides have nothing to do with each other. Keys that are pressed
//! become events of the other side's payload type, or tones where it has none; where that side has its keys beside its media they are told.
//! The codecs may be the same, when it is keys in the sound that have to be heard or made.

use std::time::Duration;

use strowger_base::leg::Digit;
use strowger_base::{Instant, Now, Rng};

use crate::control::{Coding, Codings, KeyWay, KeyWays, Side};
use crate::rtcp::{Compound, Report, Reporter};
use crate::rtp::{Arrival, Packet, Reception, Timing};
use crate::statistics::StreamStatistics;
use crate::transcoder::{Hearing, Keys, Transcoder, event_clock};
use crate::worker::Channel;

/// Both ways of a relay that transcodes.
#[derive(Debug)]
pub(super) struct Transcoding {
    codings: Codings,
    rng: Rng,
    to_a: Way,
    to_b: Way,
}

/// One way, by the side to which it leads.
#[derive(Debug)]
pub(super) struct Way {
    transcoder: Transcoder,
    /// When the next packet leaves.
    next: Instant,
    /// What the side to which it leads and we report to each other.
    reporter: Reporter,
    /// Where that side wants reports: where its own come.
    pub(super) channel: Channel,
}

impl Transcoding {
    pub(super) fn new(now: Instant, codings: Codings, mut rng: Rng) -> Self {
        let to_a = Way::new(now, (&codings.b, &codings.a), &mut rng);
        let to_b = Way::new(now, (&codings.a, &codings.b), &mut rng);
        Transcoding { codings, rng, to_a, to_b }
    }

    pub(super) fn is_for(&self, codings: &Codings) -> bool {
        self.codings == *codings
    }

    /// The way that leads to a side.
    pub(super) const fn to(&mut self, side: Side) -> &mut Way {
        match side {
            Side::A => &mut self.to_a,
            Side::B => &mut self.to_b,
        }
    }

    /// Where the keys of both sides are; as their codings say it when `None`.
    pub(super) fn set_keys(&mut self, ways: Option<KeyWays>) {
        let (a, b) = ways.map_or((None, None), |ways| (Some(ways.a), Some(ways.b)));
        self.to_a.set_keys(&self.codings.a, (b, a));
        self.to_b.set_keys(&self.codings.b, (a, b));
    }

    /// When something is due.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        [&self.to_a, &self.to_b]
            .into_iter()
            .flat_map(|way| [Some(way.next), way.reporter.due()])
            .flatten()
            .min()
    }

    /// What a side reports of the stream that it is sent.
    pub(super) fn fill(&self, side: Side, statistics: &mut StreamStatistics) {
        match side {
            Side::A => self.to_a.reporter.fill(statistics),
            Side::B => self.to_b.reporter.fill(statistics),
        }
    }

    /// Whether the report to this side is due now; the next one is then set.
    pub(super) fn reports(&mut self, now: Instant, side: Side) -> bool {
        let way = match side {
            Side::A => &mut self.to_a,
            Side::B => &mut self.to_b,
        };
        let due = way.reporter.due().is_some_and(|due| due <= now);
        if due {
            way.reporter.schedule(now, &mut self.rng);
        }
        due
    }
}

impl Way {
    fn new(now: Instant, (from, to): (&Coding, &Coding), rng: &mut Rng) -> Self {
        let keys = Keys::Events(event_clock(&to.receive));
        let transcoder = Transcoder::new(from.receive, to.format, keys, rng);
        let mut reporter = Reporter::new(rng);
        reporter.start(now, rng);
        let next = now + transcoder.packet_time();
        Way { transcoder, next, reporter, channel: Channel::Rtcp }
    }

    fn set_keys(&mut self, to: &Coding, (from_way, to_way): (Option<KeyWay>, Option<KeyWay>)) {
        let keys = match to_way {
            Some(KeyWay::Signalled) => Keys::Told,
            Some(KeyWay::Sound) => Keys::Tones,
            Some(KeyWay::Events(_)) | None => Keys::Events(event_clock(&to.receive)),
        };
        let hearing = match from_way {
            Some(KeyWay::Signalled) => Hearing::Deaf,
            Some(KeyWay::Sound | KeyWay::Events(_)) | None => Hearing::Listens,
        };
        self.transcoder.set_keys(keys, hearing);
    }

    /// A key for the side to which it leads, told beside the media of the other one.
    pub(super) fn press(&mut self, digit: Digit) {
        self.transcoder.press(digit);
    }

    /// Whether a packet of this payload type can be understood.
    pub(super) fn understands(&self, payload_type: u8) -> bool {
        self.transcoder.understands(payload_type)
    }

    /// How timestamps of packets of this payload type relate to time.
    pub(super) fn timing(&self, payload_type: u8) -> Timing {
        self.transcoder.timing(payload_type)
    }

    /// Takes a packet of the other side; the key that it ends, where that has to be told.
    pub(super) fn receive(&mut self, now: Instant, packet: &Packet<'_>, arrival: Arrival) -> Option<Digit> {
        let digit = self.transcoder.receive(now, &packet.header, arrival, packet.payload);
        digit.filter(|_| self.transcoder.tells())
    }

    /// Whether a packet is due. After a stall of the thread it goes on from now: what waits is for the jitter buffer to sort out.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let packet_time = self.transcoder.packet_time();
        while now.saturating_since(self.next) > CATCH_UP_MAX {
            self.next += packet_time;
            self.transcoder.skip();
        }
        self.next <= now
    }

    /// Appends the packet that is due, if the other side says anything; the key that was heard in it, where that has to be told.
    pub(super) fn send(&mut self, now: Instant, bytes: &mut Vec<u8>) -> Option<Digit> {
        self.next += self.transcoder.packet_time();
        let digit = self.transcoder.send(now, bytes);
        digit.filter(|_| self.transcoder.tells())
    }

    /// What the side to which it leads is reported.
    pub(super) fn report(&mut self, now: Now, reception: &mut Reception) -> Report {
        self.reporter.report(now, self.transcoder.sender(), reception)
    }

    /// What that side reports; `theirs` is the source of what it sends.
    pub(super) fn take(&mut self, now: Now, theirs: Option<u32>, compound: Compound<'_>) {
        self.reporter.take(now, (self.transcoder.sender().ssrc(), theirs), compound);
    }
}

/// More than this is not caught up with.
const CATCH_UP_MAX: Duration = Duration::from_millis(100);
