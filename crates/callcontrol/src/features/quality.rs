//! Reports of bad quality: the key of Cisco's quality report tool (QRT), or an order.
//!
//! The call goes on as it was. Its story says who reported what, an alarm tells the operator, and the statistics of its streams are in
//! the journal as those of every call.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::feature::{FeatureAnswer, FeatureRequest, QualityReason};
use strowger_base::journal::{Alarm, Decision, Entry, WhyFeatureRefused};
use strowger_base::{CallId, Command, Instant, LegId, LineName, Now};

use crate::CallControl;
use crate::io::Outbox;

/// What devices reported of calls in progress: a bit for each reason, and one for a report without.
#[derive(Debug, Default)]
pub(crate) struct QualityReports {
    of_calls: BTreeMap<(CallId, LegId), u16>,
    /// When lines reported trouble without a call; none older than [`AGAIN`].
    of_lines: BTreeMap<LineName, Instant>,
}

impl QualityReports {
    /// Whether it was not reported before.
    fn is_new(&mut self, call: CallId, leg: LegId, reason: Option<QualityReason>) -> bool {
        let bit = 1 << reason.map_or(0, |reason| reason as u16 + 1);
        let reported = self.of_calls.entry((call, leg)).or_default();
        let is_new = *reported & bit == 0;
        *reported |= bit;
        is_new
    }

    /// The same of trouble without a call.
    fn is_news(&mut self, now: Now, line: &LineName) -> bool {
        self.of_lines.retain(|_, at| now.mono.saturating_since(*at) < AGAIN);
        if self.of_lines.contains_key(line) {
            return false;
        }
        self.of_lines.insert(line.clone(), now.mono);
        true
    }

    /// A call is over.
    pub(crate) fn ended(&mut self, call: CallId) {
        if !self.of_calls.is_empty() {
            self.of_calls.retain(|(of, _), _| *of != call);
        }
    }
}

impl CallControl {
    /// A phone has trouble, and no call that it could be about. It is told once a minute.
    pub(crate) fn trouble_reported(&mut self, now: Now, line: &LineName, out: &mut Outbox) {
        if !self.shared.quality_reports.is_news(now, line) {
            return;
        }
        self.shared.counters.quality_reports += 1;
        let by = self.shared.configuration.shown(line.as_str());
        out.journal(now, None, None, Entry::Alarm(Alarm::QualityReported { by, reason: "" }));
    }

    /// A device reports bad quality, also while nobody has answered. Whoever reports the same again changes nothing: what is pressed again
    /// and again must not fill the journal.
    pub(super) fn report_quality(
        &mut self,
        now: Now,
        leg: LegId,
        reason: Option<QualityReason>,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let id = self.shared.legs.get(&leg).copied().ok_or(WhyFeatureRefused::TooLate)?;
        let call = self.calls.get(&id).ok_or(WhyFeatureRefused::TooLate)?;
        let by = if leg == call.facts.caller {
            call.facts.calling.number.clone()
        } else {
            // Before the answer nobody is connected.
            let connected = call.facts.connected.as_ref().map(|party| party.number.clone());
            connected.unwrap_or_else(|| call.facts.called.clone())
        };
        if self.shared.quality_reports.is_new(id, leg, reason) {
            self.shared.counters.quality_reports += 1;
            let reason = reason.map_or("", QualityReason::word);
            out.decide(now, id, Some(leg), Decision::QualityReported { reason });
            out.journal(now, Some(id), Some(leg), Entry::Alarm(Alarm::QualityReported { by: &by, reason }));
        }
        let request = FeatureRequest::ReportQuality(reason).word();
        let answer = FeatureAnswer { request, result: Ok(()), text: "Quality report taken".into() };
        out.command(leg, Command::FeatureAnswer(Box::new(answer)));
        Ok(())
    }
}

/// How long a line's trouble without a call is told already.
const AGAIN: Duration = Duration::from_secs(60);
