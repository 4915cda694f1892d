//! How calls sounded: phones are asked when media ends, and answer, later or never.
//!
//! Nothing waits for the answer. What was asked is known until it comes, or until so much else was asked that it will not.

use std::collections::VecDeque;

use strowger_base::LegId;
use strowger_base::leg::Presentation;

use super::call::Call;
use crate::codes::{CallReference, CallType};
use crate::message::ToStation;
use crate::message::statistics::{ConnectionStatisticsReq, StatisticsMode};
use crate::wire::text::Text;

/// What one phone was asked and has not answered, the oldest first.
#[derive(Debug, Default)]
pub(super) struct AskedStatistics {
    of: VecDeque<(CallReference, LegId)>,
}

impl AskedStatistics {
    /// Asks how a call sounded whose media ends now, where there was any. Has to come before its port is closed.
    pub(super) fn ask(&mut self, call: &mut Call, tell: &mut Vec<ToStation>) {
        let Some(leg) = call.leg.filter(|_| call.channel.has_flowed()) else { return };
        if self.of.len() >= ASKED_MAX {
            self.of.pop_front();
        }
        self.of.push_back((call.reference, leg));
        let other = match call.kind {
            CallType::INBOUND => &call.parties.calling,
            _ => &call.parties.called,
        };
        let number = match other.presentation {
            Presentation::Allowed => Text::from(&*other.number),
            Presentation::Restricted => Text::default(),
        };
        let message = ConnectionStatisticsReq { number, call: call.reference, mode: StatisticsMode::CLEAR };
        tell.push(message.into());
    }

    /// The leg of a call that is answered for; `None` when nobody asked.
    pub(super) fn answered(&mut self, call: CallReference) -> Option<LegId> {
        let place = self.of.iter().position(|(asked, _)| *asked == call)?;
        self.of.remove(place).map(|(_, leg)| leg)
    }
}

/// The most questions of a phone that are remembered; one that never answers costs no more than these.
const ASKED_MAX: usize = 8;
