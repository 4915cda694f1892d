//! A phone hides its call from the other phones of its line, or shows it again.

use std::collections::BTreeMap;

use strowger_base::feature::{FeatureAnswer, FeatureRequest, Turn};
use strowger_base::journal::Decision;
use strowger_base::leg::Origin;
use strowger_base::{Command, LegId, Now};

use crate::CallControl;
use crate::io::{Outbox, Output};
use crate::shared::Shared;

/// Legs whose phones hid or showed their call by a key; the others are as their phone is configured.
///
/// A leg keeps its place until somebody presses that key again after it has ended, which is when such are cleared away: never more are
/// kept than there were legs at that time, and one.
#[derive(Debug, Default)]
pub(crate) struct Privacy(BTreeMap<LegId, bool>);

impl Shared {
    /// Whether a leg, which is of this phone, is hidden from the other phones of its line.
    pub(crate) fn is_private(&self, leg: LegId, phone: &Origin) -> bool {
        let configured = || self.configuration.calling_phone(phone).is_some_and(|it| it.settings.private);
        self.privacy.0.get(&leg).copied().unwrap_or_else(configured)
    }
}

impl CallControl {
    /// Whoever watches the line is told so, and nobody comes into a call that is hidden.
    pub(super) fn hide(
        &mut self,
        now: Now,
        leg: LegId,
        (request, turn): (&FeatureRequest, Turn),
        out: &mut Outbox,
    ) {
        let call = self.shared.legs.get(&leg).and_then(|call| self.calls.get(call));
        if let Some(origin) = call.and_then(|call| call.origin_of(leg)) {
            let private = turn.of(self.shared.is_private(leg, &origin));
            let legs = &self.shared.legs;
            self.shared.privacy.0.retain(|leg, _| legs.contains_key(leg));
            self.shared.privacy.0.insert(leg, private);
        }
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
