//! Message waiting numbers: whoever dials one lights or puts out the lamp of a line.

use strowger_base::feature::Turn;
use strowger_base::journal::WhyFeatureRefused;
use strowger_base::leg::Origin;
use strowger_base::{CallId, Now};

use crate::CallControl;
use crate::call::Wanted;
use crate::io::{Outbox, Output};

impl CallControl {
    /// The lamp of the line that is the argument, or of the own one without: of a trunk only a voice mail may do it.
    pub(super) fn message_waiting<'w>(
        &mut self,
        now: Now,
        call: CallId,
        (wanted, turn): (&'w Wanted, Turn),
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'w>> {
        let facts = &self.calls.get(&call).ok_or(WhyFeatureRefused::TooLate)?.facts;
        if facts.is_redirected() || facts.transfers.is_some() {
            let rule = "only whoever dials it himself turns a lamp";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        let configuration = &self.shared.configuration;
        let number = &*wanted.argument;
        let line = match &facts.origin {
            Origin::Trunk(trunk) if configuration.trunks.get(trunk).is_none_or(|it| !it.tells_messages) => {
                return Err(WhyFeatureRefused::NotAllowed { rule: "the trunk may not tell of messages" });
            }
            Origin::Line { line, .. } if number.is_empty() || line.number() == number => line.clone(),
            origin @ (Origin::Line { .. } | Origin::Trunk(_)) => {
                let caller = configuration.caller_of(origin, facts.address);
                let line = configuration.line_behind(number, caller, now.wall);
                line.ok_or(WhyFeatureRefused::Argument { argument: number })?
            }
        };
        let lamp = match turn {
            Turn::On => "lit",
            Turn::Off => "out",
            Turn::Over => "turned",
        };
        let text = format!("Message lamp of {} {lamp}", line.number());
        out.items.push(Output::Messages { line, turn });
        self.with_call(call, |call, shared| {
            call.facts.confirms = Some(text.into());
            call.confirm_feature(now, shared, out);
        });
        Ok(())
    }
}
