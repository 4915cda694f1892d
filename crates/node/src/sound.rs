//! How a call sounded, as its phone says: in the words of the journal, whatever it speaks.

use strowger_base::journal::{Entry, Record, ReportedQuality, Told};
use strowger_base::{LegId, Now};
use strowger_sccp::message::statistics::Statistics;
use strowger_sip::RtpStatistics;

use crate::io::Outbox;
use crate::node::Node;

impl Node {
    /// A phone says how a call sounded.
    pub(crate) fn sounded(&mut self, now: Now, leg: LegId, quality: ReportedQuality<'_>, out: &mut Outbox) {
        let call = self.calls.call_of(leg);
        let entry = Entry::Told(Told::Quality(quality));
        self.journal(Record { at: now.wall, call, leg: Some(leg), entry }, out);
    }
}

/// What a SIP phone counted.
pub(crate) fn counted(statistics: &RtpStatistics) -> ReportedQuality<'static> {
    ReportedQuality {
        packets_sent: statistics.packets_sent,
        octets_sent: statistics.octets_sent,
        packets_received: statistics.packets_received,
        octets_received: statistics.octets_received,
        packets_lost: statistics.packets_lost,
        jitter_ms: statistics.jitter_ms,
        latency_ms: statistics.latency_ms,
        ..ReportedQuality::default()
    }
}

/// What an SCCP phone counted.
pub(crate) fn reported(statistics: &Statistics) -> ReportedQuality<'_> {
    let counters = &statistics.counters;
    // MLQK is 1 to 5; 0 says that nothing was measured.
    let score = statistics.measured("MLQK").filter(|score| (1.0..=5.0).contains(score));
    ReportedQuality {
        packets_sent: counters.packets_sent,
        octets_sent: counters.octets_sent,
        packets_received: counters.packets_received,
        octets_received: counters.octets_received,
        packets_lost: counters.packets_lost,
        jitter_ms: counters.jitter_milliseconds,
        latency_ms: counters.latency_milliseconds,
        opinion_score: score.map(|score| (score * 100.0).round() as u16),
        concealed_seconds: statistics.measured("CS").map(|seconds| seconds as u32),
        voice: statistics.quality.as_ref().map_or("", |text| text.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_sccp::Text;
    use strowger_sccp::message::statistics::Counters;

    #[test]
    fn only_a_score_that_can_be_is_one() {
        let check = |text: &str, score: Option<u16>, concealed: Option<u32>| {
            let counters = Counters { packets_lost: 2, ..Counters::default() };
            let statistics =
                Statistics { quality: Some(Text::from(text)), counters, ..Statistics::default() };
            let reported = reported(&statistics);
            assert_eq!((reported.opinion_score, reported.concealed_seconds), (score, concealed), "{text}");
            assert_eq!((reported.packets_lost, reported.voice), (2, text));
        };
        check("MLQK=4.4999;CS=1;", Some(450), Some(1));
        check("MLQK=0.0000;", None, None);
        check("MLQK=99999999;CS=99999999999999;", None, Some(u32::MAX));
        check("", None, None);
    }
}
