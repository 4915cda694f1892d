//! A phone hides its call from the other phones of its line, or shows it again.

use strowger_base::feature::{FeatureAnswer, FeatureRequest, Turn};
use strowger_base::journal::Decision;
use strowger_base::{Command, LegId, Now};

use crate::CallControl;
use crate::io::{Outbox, Output};

impl CallControl {
    /// Whoever watches the line is told so; nothing else of the call changes.
    pub(super) fn hide(
        &self,
        now: Now,
        leg: LegId,
        (request, turn): (&FeatureRequest, Turn),
        out: &mut Outbox,
    ) {
        out.items.push(Output::Privacy { leg, turn });
        let answer = FeatureAnswer { request: request.word(), result: Ok(()), text: "".into() };
        out.command(leg, Command::FeatureAnswer(Box::new(answer)));
        let text = match turn {
            Turn::On => "on",
            Turn::Off => "off",
            Turn::Over => "the other way round",
        };
        if let Some(&call) = self.shared.legs.get(&leg) {
            out.decide(now, call, Some(leg), Decision::FeatureDone { feature: request.word(), text });
        }
    }
}
