//! Where forwards lead, for calls and for who asks about them without one.

use std::sync::Arc;

use strowger_base::{FeatureNumber, LineName, WallTime};
use strowger_dialplan::forward::{CallSide, ForwardDestination, ForwardKind, ForwardTarget};
use strowger_dialplan::{Action, Analysis, Arrival, Caller, Decision, Digits, SearchSpace};

use super::{Configuration, Forwards, Line};

impl Line {
    /// Its forwards, when one of them is for such a call and has somewhere to lead to.
    pub(crate) fn forwards_for(&self, kind: ForwardKind, side: CallSide) -> Option<&Forwards> {
        let forwards = self.forwards.as_deref()?;
        let target = forwards.target(kind, side)?;
        (!self.number_of(target).is_empty()).then_some(forwards)
    }

    /// The number that a forward leads to; nothing for voice mail at a line that has no pilot, so that the forward is none.
    pub(crate) fn number_of<'l>(&'l self, target: &'l ForwardTarget<SearchSpace>) -> &'l str {
        match target.destination() {
            ForwardDestination::Number(number) => number,
            ForwardDestination::VoiceMail => self.voice_mail.as_deref().unwrap_or_default(),
        }
    }
}

impl Configuration {
    /// The line that a number leads to at once or by translations, if it leads to one.
    pub(crate) fn line_behind(&self, number: &str, caller: Arc<Caller>, at: WallTime) -> Option<LineName> {
        match self.behind(number, caller, at)? {
            Action::Line(line) => Some(line.clone()),
            Action::Translate(_)
            | Action::Route(_)
            | Action::Hunt { .. }
            | Action::Service(_)
            | Action::Feature(_)
            | Action::Block(_) => None,
        }
    }

    /// The feature that a number asks for, if it asks for one.
    pub(crate) fn feature_behind(
        &self,
        number: &str,
        caller: Arc<Caller>,
        at: WallTime,
    ) -> Option<&FeatureNumber> {
        match self.behind(number, caller, at)? {
            Action::Feature(feature) => Some(feature),
            Action::Line(_)
            | Action::Translate(_)
            | Action::Route(_)
            | Action::Hunt { .. }
            | Action::Service(_)
            | Action::Block(_) => None,
        }
    }

    /// What a number means at once or by translations.
    pub(crate) fn behind(&self, number: &str, caller: Arc<Caller>, at: WallTime) -> Option<&Action> {
        let plan = &self.plan;
        Some(match Digits::parse(number) {
            Ok(digits) => match Analysis::of(plan, caller, Arrival::EnBloc, &digits, at).decision()? {
                Decision::Routed(routed) => &plan.pattern(routed.pattern)?.action,
                Decision::Blocked { .. } | Decision::Rejected(_) => return None,
            },
            Err(_) => plan.address(&caller.search_space, number, None, at, caller.zone.as_ref())?.action,
        })
    }
}
