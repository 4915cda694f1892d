//! Abbreviated dialling: a phone dials the position of one of its speed dials, and the server calls the number that stands there.

use std::sync::Arc;

use strowger_base::feature::FeatureCode;
use strowger_base::journal::WhyFeatureRefused;
use strowger_base::leg::Origin;
use strowger_base::{CallId, Now};

use crate::CallControl;
use crate::call::Wanted;
use crate::io::Outbox;

impl CallControl {
    /// A caller wants the number at a position; the call goes on with it as if it had been dialled.
    pub(super) fn speed_dial<'w>(
        &mut self,
        now: Now,
        call: CallId,
        wanted: &'w Wanted,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'w>> {
        let argument = &*wanted.argument;
        let facts = &self.calls.get(&call).ok_or(WhyFeatureRefused::TooLate)?.facts;
        let configuration = Arc::clone(&self.shared.configuration);
        let is_own = matches!(facts.origin, Origin::Line { .. }) && !facts.is_redirected();
        let phone = configuration.calling_phone(&facts.origin).filter(|_| is_own);
        let Some(phone) = phone else {
            return Err(WhyFeatureRefused::NotAllowed { rule: "only a phone has speed dials" });
        };
        let position = argument.parse::<usize>().ok().and_then(|position| position.checked_sub(1));
        let position = position.ok_or(WhyFeatureRefused::Argument { argument })?;
        let number = phone.settings.speed_dials.get(position);
        let number =
            number.ok_or(WhyFeatureRefused::NotConfigured { what: "a speed dial at that position" })?;
        if number.contains(',') {
            let rule = "a speed dial with pauses is dialled by a key of the phone";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        let caller = configuration.caller_of(&facts.origin, facts.address);
        let behind = configuration.feature_behind(number, caller, now.wall);
        if behind.is_some_and(|feature| feature.code == FeatureCode::SpeedDial) {
            // It could lead to itself.
            return Err(WhyFeatureRefused::NotAllowed { rule: "a speed dial does not call a speed dial" });
        }
        self.with_call(call, |call, shared| call.dial_speed_dial(now, number, shared, out));
        Ok(())
    }
}
