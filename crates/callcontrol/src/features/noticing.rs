//! Pickup notification: phones of a pickup group are told of a call that has rung at one of its lines for a while, so that somebody takes
//! it.
//!
//! Each call has one timer for it, which runs from the moment that the call is offered to the line; whoever takes or ends the call
//! stops it.

use strowger_base::journal::Decision;
use strowger_base::leg::Presentation;
use strowger_base::{CallId, LineName, Now};

use crate::CallControl;
use crate::call::Step;
use crate::configuration::{NoticeSound, PickupNotice};
use crate::io::{Outbox, Output};
use crate::shared::Timer;

impl Step<'_> {
    /// The call is offered to a line, whose pickup group may want to hear of it.
    pub(crate) fn notice_later(&mut self, line: &LineName) {
        let pickup = &self.shared.configuration.pickup;
        let group = pickup.group_of(line).and_then(|group| pickup.group(group));
        let Some(after) = group.and_then(|group| group.notice.as_ref()).map(|notice| notice.after) else {
            return;
        };
        if self.facts.notice.is_none() && self.shared.configuration.intercom(line.as_str()).is_none() {
            let at = self.now.mono + after;
            let timer = self.shared.timers.set(at, Timer::PickupNotice(self.facts.id));
            self.facts.notice = Some((timer, at));
        }
    }

    /// Nobody has to be told any more.
    pub(crate) fn notice_nobody(&mut self) {
        if let Some((timer, _)) = self.facts.notice.take() {
            self.shared.timers.cancel(timer);
        }
    }
}

impl CallControl {
    /// A call has rung for as long as a pickup group says: the others of the group are told.
    pub(crate) fn pickup_noticed(&mut self, now: Now, id: CallId, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.facts.notice = None;
        let Some(call) = self.calls.get(&id) else { return };
        let pickup = &self.shared.configuration.pickup;
        let rings = call.facts.occupied.iter().filter(|line| call.rings_at(line).is_some());
        let mut told: Vec<&str> = Vec::new();
        for line in rings {
            let Some(name) = pickup.group_of(line).filter(|name| !told.contains(name)) else { continue };
            let Some(group) = pickup.group(name) else { continue };
            let Some(notice) = &group.notice else { continue };
            told.push(name);
            let calling = call.calling_line();
            let others =
                group.lines.iter().filter(|other| *other != line && Some(*other) != calling.as_ref());
            let lines: Vec<(LineName, NoticeSound)> = others
                .filter(|other| self.shared.configuration.intercom(other.as_str()).is_none())
                .map(|other| {
                    // A beep would be heard in the middle of a conversation.
                    let is_free = self.shared.calls_of(other) == 0;
                    (other.clone(), if is_free { notice.sound } else { NoticeSound::None })
                })
                .collect();
            let text = text_of(notice, call, self.shared.configuration.shown(line.as_str()));
            out.decide(now, id, None, Decision::PickupGroupTold { group: name, lines: lines.len() as u32 });
            let shown_for = notice.after;
            out.items.push(Output::PickupNotice { lines, text, shown_for });
        }
    }
}

/// What the display shows; empty when only a beep is wanted.
fn text_of(notice: &PickupNotice, call: &crate::call::Call, line: &str) -> Box<str> {
    if !notice.is_shown {
        return Box::default();
    }
    let calling = &call.facts.calling;
    let from = match calling.presentation {
        Presentation::Restricted => "Private",
        Presentation::Allowed => &calling.number,
    };
    match (notice.names_calling, notice.names_called) {
        (true, true) => format!("From {from} to {line}").into(),
        (true, false) => format!("From {from}").into(),
        (false, true) => format!("To {line}").into(),
        (false, false) => "A call can be picked up".into(),
    }
}
