//! What a receiver counts: sequence numbers, loss and jitter (RFC 3550 §A.1, §A.3, §A.8).

use strowger_base::Instant;

use super::{Gaps, Header};

/// Reception of one source.
#[derive(Clone, Debug, Default)]
pub struct Reception {
    source: Option<Source>,
    /// What comes next follows nothing.
    begins_anew: bool,
    /// Packets and losses of sources before the present one.
    packets_before: u64,
    lost_before: u64,
    gaps_before: Gaps,
    late: u64,
    /// Of the last audio packet.
    payload_type: Option<u8>,
    /// The clock of that packet.
    clock_hz: Option<u32>,
    reordered: u64,
    duplicates: u64,
    bytes: u64,
}

#[derive(Clone, Debug)]
struct Source {
    ssrc: u32,
    first_sequence: u32,
    /// The highest sequence number, extended by the count of its cycles.
    highest: u32,
    /// Bit n says that the packet n before the highest has arrived.
    seen: u64,
    received: u64,
    duplicates: u64,
    /// A sequence number far off; one more packet after it means that the source started anew.
    restart_at: Option<u16>,
    expected_prior: u32,
    received_prior: u64,
    /// Jitter times 16, as RFC 3550 §A.8 keeps it.
    jitter_16: u32,
    transit: Option<u32>,
    gaps: Gaps,
    playout: Playout,
}

/// A jitter buffer of [`PLAYOUT_MS`] that only looks at the clock: what comes later than that after the quickest packets cannot be
/// played any more.
#[derive(Clone, Copy, Default, Debug)]
struct Playout {
    /// Transit of the quickest packets; it creeps up, so that a sender whose clock is slow is followed.
    quickest: Option<u32>,
    /// Packets since it crept.
    since: u8,
    /// Late packets in a row.
    late_in_a_row: u8,
}

/// How a packet fits into what came before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrival {
    /// The next one, or a later one after a gap.
    Advance,
    /// The first one of this source, or of a source that started anew.
    First,
    /// Late: packets with higher numbers came before it.
    Late,
    /// It came before.
    Duplicate,
    /// Its number is far off. It is not counted; if the next one follows it, the source has started anew.
    FarOff,
}

/// One reception report of RTCP (RFC 3550 §6.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ReportBlock {
    /// The source that it is about.
    pub ssrc: u32,
    /// Lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost in all; negative when there were more duplicates than losses. 24 bits on the wire.
    pub cumulative_lost: i32,
    /// Highest sequence number, with its cycles in the upper half.
    pub highest_sequence: u32,
    /// Jitter in timestamp units.
    pub jitter: u32,
    /// The middle of the NTP time of the last sender report; 0 when none came.
    pub last_sender_report: u32,
    /// Since when, in 1/65536 s.
    pub delay_since: u32,
}

/// Whether a packet tells about jitter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timing {
    /// Audio on a clock of so many Hz.
    Audio(u32),
    /// Its timestamp does not advance with time (RFC 4733 events), or its clock is not known.
    Unusable,
}

impl Reception {
    /// Counts a packet with `payload_bytes` of payload.
    pub fn receive(
        &mut self,
        now: Instant,
        header: &Header,
        payload_bytes: usize,
        timing: Timing,
    ) -> Arrival {
        let begins_anew = std::mem::take(&mut self.begins_anew);
        let arrival = match &mut self.source {
            Some(source) if source.ssrc == header.ssrc && !begins_anew => source.advance(header.sequence),
            Some(_) | None => {
                self.conclude_source();
                self.source = Some(Source::new(header));
                Arrival::First
            }
        };
        let Some(source) = self.source.as_mut() else { return arrival };
        match arrival {
            Arrival::FarOff => return arrival,
            Arrival::First if source.received > 0 => {
                // The sequence started anew under the same SSRC.
                self.conclude_source();
                self.source = Some(Source::new(header));
            }
            Arrival::First | Arrival::Advance => {}
            Arrival::Late => self.reordered += 1,
            Arrival::Duplicate => self.duplicates += 1,
        }
        self.bytes += payload_bytes as u64;
        if let Some(source) = self.source.as_mut() {
            source.received += 1;
            source.duplicates += u64::from(arrival == Arrival::Duplicate);
            if let (Timing::Audio(clock_hz), false) = (timing, arrival == Arrival::Duplicate) {
                self.late += u64::from(source.time(now, clock_hz, header.timestamp));
                if header.payload_type != COMFORT_NOISE {
                    self.payload_type = Some(header.payload_type);
                    self.clock_hz = Some(clock_hz);
                }
            }
        }
        arrival
    }

    /// Nobody listened, or nobody will for a while: whatever number the next packet has, nothing is missing before it.
    pub const fn begin_anew(&mut self) {
        self.begins_anew = true;
    }

    /// Packets received, late ones and duplicates included (RFC 3550 §6.4.1).
    pub fn packets(&self) -> u64 {
        self.packets_before + self.source.as_ref().map_or(0, |source| source.received)
    }

    /// The clock of the last audio packet, in Hz, where it is known.
    pub const fn clock_hz(&self) -> Option<u32> {
        self.clock_hz
    }

    /// Payload bytes received.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Packets that never came. Unlike the count of RTCP, duplicates do not hide any.
    pub fn lost(&self) -> u64 {
        self.lost_before + self.source.as_ref().map_or(0, Source::missing)
    }

    /// Losses, each of one packet or several in a row.
    pub fn gaps(&self) -> Gaps {
        let mut gaps = self.gaps_before;
        if let Some(source) = &self.source {
            gaps.add(source.all_gaps());
        }
        gaps
    }

    /// Packets that came too late for a jitter buffer of 60 ms.
    pub const fn late(&self) -> u64 {
        self.late
    }

    /// The payload type of the last audio packet.
    pub const fn payload_type(&self) -> Option<u8> {
        self.payload_type
    }

    /// Packets that were overtaken.
    pub const fn reordered(&self) -> u64 {
        self.reordered
    }

    /// Packets that came again.
    pub const fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Interarrival jitter of the present source, in timestamp units.
    pub fn jitter(&self) -> u32 {
        self.source.as_ref().map_or(0, |source| source.jitter_16 >> 4)
    }

    /// The present source.
    pub fn ssrc(&self) -> Option<u32> {
        self.source.as_ref().map(|source| source.ssrc)
    }

    /// The report about the present source since the last report; what sender reports told is left 0.
    pub fn report(&mut self) -> Option<ReportBlock> {
        let source = self.source.as_mut()?;
        let fraction_lost = source.fraction_lost();
        Some(ReportBlock {
            ssrc: source.ssrc,
            fraction_lost,
            cumulative_lost: source.lost().clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest_sequence: source.highest.wrapping_sub(CYCLE),
            jitter: source.jitter_16 >> 4,
            last_sender_report: 0,
            delay_since: 0,
        })
    }

    /// Adds the present source to the sums of those before.
    fn conclude_source(&mut self) {
        if let Some(source) = self.source.take() {
            self.packets_before += source.received;
            self.lost_before += source.missing();
            self.gaps_before.add(source.all_gaps());
        }
    }
}

impl Source {
    fn new(header: &Header) -> Self {
        // One cycle above zero, so that a late packet from before the first does not go below.
        let extended = CYCLE | header.sequence as u32;
        Source {
            ssrc: header.ssrc,
            first_sequence: extended,
            highest: extended,
            seen: 1,
            received: 0,
            duplicates: 0,
            restart_at: None,
            expected_prior: 0,
            received_prior: 0,
            jitter_16: 0,
            transit: None,
            gaps: Gaps::default(),
            playout: Playout::default(),
        }
    }

    /// The order of a sequence number (RFC 3550 §A.1).
    fn advance(&mut self, sequence: u16) -> Arrival {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        let behind = (self.highest as u16).wrapping_sub(sequence);
        if ahead == 0 {
            self.restart_at = None;
            return Arrival::Duplicate;
        }
        if ahead < DROPOUT_MAX {
            self.leave(u32::from(ahead));
            self.highest = self.highest.wrapping_add(u32::from(ahead));
            self.seen = self.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.restart_at = None;
            return Arrival::Advance;
        }
        if behind < MISORDER_MAX {
            return self.late(behind);
        }
        if self.restart_at == Some(sequence) {
            return Arrival::First;
        }
        self.restart_at = Some(sequence.wrapping_add(1));
        Arrival::FarOff
    }

    /// Looks for gaps among the oldest packets of `seen` before it moves on: what has not come until now never will.
    fn leave(&mut self, ahead: u32) {
        let known = self.expected().min(u64::BITS);
        let leaving = (known + ahead).saturating_sub(u64::BITS);
        for place in 0..leaving.min(known) {
            self.gaps.next(self.seen >> (known - 1 - place) & 1 == 1);
        }
        self.gaps.lost(leaving.saturating_sub(known));
    }

    /// Gaps, those among the last packets too.
    fn all_gaps(&self) -> Gaps {
        let mut gaps = self.gaps;
        for place in (0..self.expected().min(u64::BITS)).rev() {
            gaps.next(self.seen >> place & 1 == 1);
        }
        gaps.close();
        gaps
    }

    fn late(&mut self, behind: u16) -> Arrival {
        let bit = 1u64.checked_shl(u32::from(behind)).unwrap_or(0);
        if self.seen & bit != 0 {
            return Arrival::Duplicate;
        }
        self.seen |= bit;
        // Packets that overtook the first one belong to the stream.
        self.first_sequence = self.first_sequence.min(self.highest.wrapping_sub(u32::from(behind)));
        Arrival::Late
    }

    const fn expected(&self) -> u32 {
        self.highest.wrapping_sub(self.first_sequence).wrapping_add(1)
    }

    /// Expected and never received.
    fn missing(&self) -> u64 {
        u64::from(self.expected()).saturating_sub(self.received - self.duplicates)
    }

    /// Expected minus received, as RTCP counts it (RFC 3550 §A.3).
    fn lost(&self) -> i64 {
        i64::from(self.expected()) - self.received as i64
    }

    /// Losses of the interval since the last report in 1/256 (RFC 3550 §A.3).
    fn fraction_lost(&mut self) -> u8 {
        let expected = self.expected().wrapping_sub(self.expected_prior);
        let received = self.received - self.received_prior;
        self.expected_prior = self.expected();
        self.received_prior = self.received;
        let lost = i64::from(expected) - received as i64;
        if expected == 0 || lost <= 0 { 0 } else { ((lost << 8) / i64::from(expected)).min(255) as u8 }
    }

    /// Interarrival jitter (RFC 3550 §A.8); true when the packet came too late to be played.
    fn time(&mut self, now: Instant, clock_hz: u32, timestamp: u32) -> bool {
        let arrival = (now.as_nanos() / 1000 * u64::from(clock_hz) / 1_000_000) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(last) = self.transit.replace(transit) {
            let difference = (transit.wrapping_sub(last) as i32).unsigned_abs();
            // A source that sets its clock anew must not count as jitter of minutes.
            if difference < clock_hz.saturating_mul(DIFFERENCE_MAX_S) {
                self.jitter_16 = self.jitter_16 + difference - ((self.jitter_16 + 8) >> 4);
            }
        }
        self.playout.is_late(transit, clock_hz)
    }
}

impl Playout {
    fn is_late(&mut self, transit: u32, clock_hz: u32) -> bool {
        let quickest = self.quickest.get_or_insert(transit);
        let behind = transit.wrapping_sub(*quickest) as i32;
        if behind <= 0 {
            *quickest = transit;
        }
        self.since += 1;
        if self.since == CREEP_PACKETS {
            (*quickest, self.since) = (quickest.wrapping_add(clock_hz / CREEP_PER_SECOND), 0);
        }
        if behind < (clock_hz / 1000 * PLAYOUT_MS) as i32 {
            self.late_in_a_row = 0;
            return false;
        }
        self.late_in_a_row += 1;
        if self.late_in_a_row >= LATE_IN_A_ROW {
            // The way has become longer or the sender has set its clock anew, and a jitter buffer follows.
            (*quickest, self.late_in_a_row) = (transit, 0);
        }
        true
    }
}

/// A larger jump ahead means another sequence (RFC 3550 §A.1).
const DROPOUT_MAX: u16 = 3000;
/// An older packet means another sequence (RFC 3550 §A.1).
const MISORDER_MAX: u16 = 100;
const CYCLE: u32 = 1 << 16;
/// Ten seconds.
const DIFFERENCE_MAX_S: u32 = 10;
/// A common jitter buffer.
const PLAYOUT_MS: u32 = 60;
/// An eighth of a millisecond each eight packets: a clock that is slow by 1/1280 is followed where packets come each 20 ms, and real ones are
/// ten times better.
const CREEP_PER_SECOND: u32 = 8000;
const CREEP_PACKETS: u8 = 8;
/// After so many a jitter buffer has become longer.
const LATE_IN_A_ROW: u8 = 10;
/// The payload type of comfort noise, which is no codec (RFC 3389 §4).
pub(crate) const COMFORT_NOISE: u8 = 13;
