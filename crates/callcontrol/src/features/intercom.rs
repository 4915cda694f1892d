//! Intercom: a call between two intercom lines that is answered by itself and heard one way until its target talks.
//!
//! Such a call is left alone by everything else: nobody holds, transfers, parks, diverts or picks it up, and nobody comes into it.

use std::collections::BTreeMap;

use strowger_base::feature::{FeatureAnswer, FeatureRequest};
use strowger_base::journal::WhyFeatureRefused;
use strowger_base::leg::Origin;
use strowger_base::{CallId, Command, LegId, Now};

use crate::CallControl;
use crate::io::Outbox;
use crate::shared::Shared;

/// The intercom calls in progress.
#[derive(Debug, Default)]
pub(crate) struct Intercoms(BTreeMap<CallId, Stage>);

/// How far an intercom call is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// The target hears the caller and is not heard.
    Whispers,
    /// The target asked to talk by a key, and is offered that both hear each other.
    Prompted,
    /// The caller is offered that.
    Offered,
    /// Both hear each other.
    Talks,
}

impl Intercoms {
    /// A call reaches its target.
    pub(crate) fn begin(&mut self, call: CallId) {
        self.0.insert(call, Stage::Whispers);
    }

    /// An intercom call goes on; nothing happens to others.
    pub(crate) fn set(&mut self, call: CallId, stage: Stage) {
        if let Some(before) = self.0.get_mut(&call) {
            *before = stage;
        }
    }

    /// A call is over.
    pub(crate) fn end(&mut self, call: CallId) {
        self.0.remove(&call);
    }

    /// How far a call is; `None` when it is no intercom call.
    pub(crate) fn stage(&self, call: CallId) -> Option<Stage> {
        self.0.get(&call).copied()
    }

    /// Whether it is an intercom call whose target is not heard.
    pub(crate) fn whispers(&self, call: CallId) -> bool {
        self.stage(call) == Some(Stage::Whispers)
    }

    /// Intercom calls in progress.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Shared {
    /// Whether a leg is of an intercom call.
    pub(crate) fn is_intercom(&self, leg: LegId) -> bool {
        self.legs.get(&leg).is_some_and(|call| self.intercoms.stage(*call).is_some())
    }

    /// Whether somebody calls from an intercom line.
    pub(crate) fn calls_by_intercom(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Line { line, .. } => self.configuration.intercom(line.as_str()).is_some(),
            Origin::Trunk(_) => false,
        }
    }
}

impl CallControl {
    /// Whether a device may ask for this with its call: with an intercom call only to talk.
    pub(super) fn is_free_for(
        &self,
        leg: LegId,
        request: &FeatureRequest,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let others = match request {
            FeatureRequest::Conference { with } => &**with,
            FeatureRequest::Talk | FeatureRequest::ReportQuality(_) => return Ok(()),
            FeatureRequest::DropLast
            | FeatureRequest::Drop { .. }
            | FeatureRequest::Mute { .. }
            | FeatureRequest::Participants
            | FeatureRequest::Park
            | FeatureRequest::Divert
            | FeatureRequest::CallBack
            | FeatureRequest::MaliciousCall
            | FeatureRequest::Privacy(_)
            | FeatureRequest::Record(_) => &[],
        };
        let is_intercom = |leg: &LegId| self.shared.is_intercom(*leg);
        if is_intercom(&leg) || others.iter().any(is_intercom) {
            return Err(WhyFeatureRefused::NotAllowed {
                rule: "nothing of the kind is done with intercom calls",
            });
        }
        Ok(())
    }

    /// Whether a caller may ask for features by number or name: no intercom line does.
    pub(super) fn asks_for_features(&self, call: CallId) -> Result<(), WhyFeatureRefused<'static>> {
        match self.calls.get(&call) {
            Some(call) if self.shared.calls_by_intercom(&call.facts.origin) => {
                Err(WhyFeatureRefused::NotAllowed { rule: "an intercom line calls intercom lines only" })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The target of an intercom call wants to be heard.
    pub(super) fn talk(
        &mut self,
        now: Now,
        leg: LegId,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let id = self.shared.legs.get(&leg).copied().ok_or(WhyFeatureRefused::NotTalking)?;
        if !self.shared.intercoms.whispers(id) {
            let rule = "only whoever is called by intercom and not heard yet begins to talk";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        let call = self.calls.get(&id).ok_or(WhyFeatureRefused::NotTalking)?;
        if leg == call.facts.caller {
            let rule = "whoever calls by intercom is heard already";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        let mut asked = false;
        self.with_call(id, |call, shared| asked = call.talk(now, shared, out));
        if !asked {
            return Err(WhyFeatureRefused::NotTalking);
        }
        let request = FeatureRequest::Talk.word();
        let answer = FeatureAnswer { request, result: Ok(()), text: "".into() };
        out.command(leg, Command::FeatureAnswer(Box::new(answer)));
        Ok(())
    }
}
