//! What a receiver counts: sequence numbers, loss and jitter (RFC 3550 §A.1, §A.3, §A.8).

use strowger_base::Instant;

use super::Header;

/// Reception of one source.
#[derive(Clone, Debug, Default)]
pub struct Reception {
    source: Option<Source>,
    /// Packets and losses of sources before the present one.
    packets_before: u64,
    lost_before: u64,
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
        let arrival = match &mut self.source {
            Some(source) if source.ssrc == header.ssrc => source.advance(header.sequence),
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
                source.time(now, clock_hz, header.timestamp);
            }
        }
        arrival
    }

    /// Packets received, late ones and duplicates included (RFC 3550 §6.4.1).
    pub fn packets(&self) -> u64 {
        self.packets_before + self.source.as_ref().map_or(0, |source| source.received)
    }

    /// Payload bytes received.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Packets that never came. Unlike the count of RTCP, duplicates do not hide any.
    pub fn lost(&self) -> u64 {
        self.lost_before + self.source.as_ref().map_or(0, Source::missing)
    }

    /// Packets that came late.
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
        }
    }
}

impl Source {
    const fn new(header: &Header) -> Self {
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

    /// Interarrival jitter (RFC 3550 §A.8).
    fn time(&mut self, now: Instant, clock_hz: u32, timestamp: u32) {
        let arrival = (now.as_nanos() / 1000 * u64::from(clock_hz) / 1_000_000) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(last) = self.transit.replace(transit) {
            let difference = (transit.wrapping_sub(last) as i32).unsigned_abs();
            // A source that sets its clock anew must not count as jitter of minutes.
            if difference < clock_hz.saturating_mul(DIFFERENCE_MAX_S) {
                self.jitter_16 = self.jitter_16 + difference - ((self.jitter_16 + 8) >> 4);
            }
        }
    }
}

/// A larger jump ahead means another sequence (RFC 3550 §A.1).
const DROPOUT_MAX: u16 = 3000;
/// An older packet means another sequence (RFC 3550 §A.1).
const MISORDER_MAX: u16 = 100;
const CYCLE: u32 = 1 << 16;
/// Ten seconds.
const DIFFERENCE_MAX_S: u32 = 10;
