//! Malicious call identification: somebody reports who is at the other end of the call.
//!
//! The call goes on as it was. Its record carries the mark, its story says who reported whom, and an alarm tells the operator. A phone of
//! Cisco is told to make two short beeps; they are mixed into what a phone hears for which the server makes the tones during a call.

use std::collections::BTreeSet;

use strowger_base::feature::{FeatureAnswer, FeatureRequest};
use strowger_base::journal::{Alarm, Decision, Entry, PartyView, WhyFeatureRefused};
use strowger_base::leg::{Party, Presentation, Tone};
use strowger_base::{CallId, Command, LegId, Now};

use crate::CallControl;
use crate::call::Wanted;
use crate::io::Outbox;

/// Calls in progress that were reported.
#[derive(Debug, Default)]
pub(crate) struct MaliciousCalls(BTreeSet<CallId>);

impl MaliciousCalls {
    /// Whether a call that is over was reported.
    pub(crate) fn take(&mut self, call: CallId) -> bool {
        self.0.remove(&call)
    }
}

impl CallControl {
    /// A device reports the other party of its call, by a key.
    pub(super) fn report_party(
        &mut self,
        now: Now,
        leg: LegId,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        self.mark(now, leg, out)?;
        let request = FeatureRequest::MaliciousCall.word();
        self.confirm_by_tone(leg, Tone::ZipZip, out);
        let answer = FeatureAnswer { request, result: Ok(()), text: "".into() };
        out.command(leg, Command::FeatureAnswer(Box::new(answer)));
        Ok(())
    }

    /// The same by a number, which a phone dials while it holds the call.
    pub(super) fn report_held(
        &mut self,
        now: Now,
        asker: CallId,
        wanted: &Wanted,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let leg = self.held_by_asker(asker, wanted, "a phone reports its own call")?;
        let party = self.mark(now, leg, out)?;
        if let Some(call) = self.calls.get_mut(&asker) {
            call.facts.confirms = Some(match party.presentation {
                Presentation::Allowed => format!("Malicious call of {}", party.number).into(),
                // Who is not to be shown is in the record alone.
                Presentation::Restricted => "Malicious call".into(),
            });
        }
        self.with_call(asker, |call, shared| call.confirm_feature(now, shared, out));
        Ok(())
    }

    /// Marks the call of a leg; returns who is reported. Whoever does it again changes nothing.
    fn mark(&mut self, now: Now, leg: LegId, out: &mut Outbox) -> Result<Party, WhyFeatureRefused<'static>> {
        let id = self.shared.legs.get(&leg).copied().ok_or(WhyFeatureRefused::NotTalking)?;
        let call =
            self.calls.get(&id).filter(|call| call.is_talking()).ok_or(WhyFeatureRefused::NotTalking)?;
        let other = call.other(leg).ok_or(WhyFeatureRefused::NotTalking)?;
        if call.origin_of(other).is_none() {
            return Err(WhyFeatureRefused::NotAllowed { rule: "nobody else is in the call but the server" });
        }
        let calls = leg == call.facts.caller;
        let connected = call.facts.connected.clone().unwrap_or_default();
        let (by, party) = match calls {
            true => (call.facts.calling.clone(), connected),
            false => (connected, call.facts.calling.clone()),
        };
        if self.shared.malicious.0.insert(id) {
            self.shared.counters.malicious += 1;
            out.decide(now, id, Some(leg), Decision::MarkedMalicious { party: PartyView::from(&party) });
            let alarm = Alarm::MaliciousCall { by: &by.number, party: &party.number };
            out.journal(now, Some(id), Some(leg), Entry::Alarm(alarm));
        }
        Ok(party)
    }
}
