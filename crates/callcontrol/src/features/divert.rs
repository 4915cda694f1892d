//! Immediate divert: a phone sends a call that rings there, or that it has answered, to voice mail at once.
//!
//! Which voice mail is a service parameter: that of the line that diverts, or that of the line that was called originally, where that
//! has one. The number is looked up among what the diverting phone sees.

use std::sync::Arc;

use strowger_base::feature::{FeatureAnswer, FeatureRequest};
use strowger_base::journal::{Feature, WhyFeatureRefused};
use strowger_base::{Command, LegId, LineName, Now};

use crate::CallControl;
use crate::call::{Call, Divert, conversation_of};
use crate::configuration::DivertTo;
use crate::io::Outbox;

impl CallControl {
    /// A device sends the call that it was offered, or has, to voice mail.
    pub(super) fn divert(
        &mut self,
        now: Now,
        by: LegId,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let id = self.shared.legs.get(&by).copied().ok_or(WhyFeatureRefused::NotTalking)?;
        let call = self.calls.get(&id).ok_or(WhyFeatureRefused::NotTalking)?;
        if by == call.facts.caller {
            return Err(WhyFeatureRefused::NotAllowed { rule: "only calls that came in are diverted" });
        }
        let line =
            call.line_on(by).ok_or(WhyFeatureRefused::NotAllowed { rule: "only phones divert calls" })?;
        let divert = self.where_to(now, call, by, line)?;
        if !call.is_talking() {
            call.gives_caller(true)?;
            Self::diverted(by, out);
            self.with_call(id, |call, shared| call.divert(now, &divert, shared, out));
            return Ok(());
        }
        let staying = call.other(by).and_then(|leg| call.origin_of(leg));
        if staying.is_none() {
            return Err(WhyFeatureRefused::NotAllowed { rule: "a service of the server is not diverted" });
        }
        if call.facts.transfer.is_some() {
            return Err(WhyFeatureRefused::TooLate);
        }
        Self::diverted(by, out);
        let onward = self.shared.new_call();
        let Some(mut left) = self.calls.remove(&id) else { return Err(WhyFeatureRefused::NotTalking) };
        let conversation = conversation_of(&left.facts);
        let moved = Feature::Divert.into_call(onward);
        if let Some(party) = left.hand_over(now, by, moved, &mut self.shared, out) {
            let from = (left.facts, conversation);
            let call = Call::diverted(now, onward, (&party, &divert), from, &mut self.shared, out);
            self.keep(call);
        }
        Ok(())
    }

    /// Whose voice mail takes the call, and how it is reached.
    fn where_to(
        &self,
        now: Now,
        call: &Call,
        by: LegId,
        line: LineName,
    ) -> Result<Divert, WhyFeatureRefused<'static>> {
        let configuration = &self.shared.configuration;
        let mail_of = |line: &str| configuration.lines.get(line).and_then(|line| line.voice_mail.clone());
        let first = match configuration.divert_to {
            DivertTo::Original => call.original_called(),
            DivertTo::Diverting => None,
        };
        let owners = [first, Some(line.as_str())];
        let found = owners.into_iter().flatten().find_map(|owner| Some((Box::from(owner), mail_of(owner)?)));
        let what = "a voice mail of the line";
        let (owner, pilot) = found.ok_or(WhyFeatureRefused::NotConfigured { what })?;
        let dials = match call.origin_of(by) {
            Some(origin) => configuration.caller_of(&origin, None),
            None => Arc::default(),
        };
        let leads = configuration.behind(&pilot, Arc::clone(&dials), now.wall).is_some();
        if !leads {
            return Err(WhyFeatureRefused::Argument { argument: "the number of the voice mail" });
        }
        Ok(Divert { line, owner, pilot, dials })
    }

    /// The device is told before it is released.
    fn diverted(by: LegId, out: &mut Outbox) {
        let request = FeatureRequest::Divert.word();
        let answer = FeatureAnswer { request, result: Ok(()), text: "".into() };
        out.command(by, Command::FeatureAnswer(Box::new(answer)));
    }
}
