//! What other phones of a shared line do: their calls are shown, can be come into, and can be taken while they are held.

use strowger_base::LegId;
use strowger_base::feature::FeatureCode;
use strowger_base::leg::{Party, Presentation};
use strowger_base::watch::{CallDirection, CallPhase, LineCall};

use super::Shared;
use super::call::Purpose;
use super::dialling::Wanted;
use super::display::{Display, Parties};
use super::io::Outbox;
use super::keys::Key;
use super::phone::PhoneCalls;
use crate::codes::{CallReference, CallState, CallType, Instance, KeyMode, LampMode, Phrase};
use crate::message::calls::LineCall as Named;

/// The most calls of other phones that are shown of one line; CUCM's phones show no more.
const SHOWN_MAX: usize = 8;

/// A call of another phone.
#[derive(Debug)]
pub(super) struct Elsewhere {
    pub(super) reference: CallReference,
    pub(super) line: Instance,
    pub(super) leg: LegId,
    shown: Shown,
}

/// What is shown of it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Shown {
    access: Access,
    kind: CallType,
    /// With whom the other phone talks; nobody where that is private.
    with: Party,
}

/// What can be done with it from here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Access {
    /// It can be come into.
    Open,
    /// It is held there, and can be taken.
    Held,
    /// It is in use, and that is all.
    Private,
}

impl Shown {
    /// `None` for what is not shown: what rings rings here too.
    fn of(call: &LineCall) -> Option<Self> {
        let (kind, early) = match call.direction {
            CallDirection::Initiator => (CallType::OUTBOUND, false),
            CallDirection::Recipient => (CallType::INBOUND, call.phase != CallPhase::Confirmed),
        };
        let (access, with) = match (call.private, call.holds, call.phase) {
            (true, ..) => (Access::Private, Party::default()),
            (false, true, _) => (Access::Held, call.remote.clone()),
            (false, false, CallPhase::Confirmed) => (Access::Open, call.remote.clone()),
            (false, false, CallPhase::Trying | CallPhase::Early) => (Access::Private, call.remote.clone()),
        };
        (!early).then_some(Shown { access, kind, with })
    }
}

impl PhoneCalls {
    /// Other phones have the line too, or no longer: then nothing of them is shown.
    pub(super) fn is_shared(
        &mut self,
        shared: &mut Shared,
        line: Instance,
        barges: Option<bool>,
        out: &mut Outbox,
    ) {
        match barges {
            Some(barges) => {
                self.shared_lines.insert(line, barges);
                self.settle(self.before(), out);
            }
            None => {
                self.shared_lines.remove(&line);
                self.elsewhere(shared, line, &[], out);
            }
        }
    }

    /// What the other phones of a line do now.
    pub(super) fn elsewhere(
        &mut self,
        shared: &mut Shared,
        line: Instance,
        calls: &[LineCall],
        out: &mut Outbox,
    ) {
        let before = self.before();
        let device = self.phone.device.as_str();
        let is_own = |leg: LegId| shared.legs.get(&leg).is_some_and(|(of, _)| **of == *device);
        let others = calls.iter().filter(|call| !is_own(call.leg));
        let wanted: Vec<(LegId, Shown)> =
            others.filter_map(|call| Some((call.leg, Shown::of(call)?))).take(SHOWN_MAX).collect();
        let Some(party) = self.phone.lines.iter().find(|known| known.instance == line).map(|own| Party {
            number: own.number.as_str().into(),
            name: own.name.as_str().into(),
            presentation: Presentation::Allowed,
        }) else {
            return;
        };
        let mut tell = Vec::new();
        self.elsewhere.retain(|there| {
            let stays = there.line != line || wanted.iter().any(|(leg, _)| *leg == there.leg);
            if !stays {
                Display { line, call: there.reference, tell: &mut tell }.gone();
            }
            stays
        });
        for (leg, shown) in wanted {
            let known = self.elsewhere.iter_mut().find(|there| there.line == line && there.leg == leg);
            let reference = match known {
                Some(there) if there.shown == shown => continue,
                Some(there) => {
                    there.shown = shown.clone();
                    there.reference
                }
                None => {
                    let reference = shared.reference();
                    self.elsewhere.push(Elsewhere { reference, line, leg, shown: shown.clone() });
                    reference
                }
            };
            shown.tell(&party, Display { line, call: reference, tell: &mut tell });
        }
        self.tell(tell, out);
        self.settle(before, out);
    }

    /// The lamp of a line on which the phone has no call of its own.
    pub(super) fn lamp_of_elsewhere(&self, line: Instance) -> LampMode {
        let there = || self.elsewhere.iter().filter(|there| there.line == line);
        if there().next().is_none() {
            LampMode::OFF
        } else if there().all(|there| there.shown.access == Access::Held) {
            LampMode::WINK
        } else {
            LampMode::ON
        }
    }

    /// The call of another phone of a line that is held and can be taken, where nothing else is on the line.
    pub(super) fn held_elsewhere(&self, line: Instance) -> Option<Named> {
        let there: Vec<_> = self.elsewhere.iter().filter(|there| there.line == line).collect();
        match there[..] {
            [there] if there.shown.access == Access::Held => Some(Named { line, call: there.reference }),
            _ => None,
        }
    }

    /// A key is pressed for a call of another phone. False when the key is none of such a call, and means what it always does.
    pub(super) fn pressed_elsewhere(
        &mut self,
        shared: &mut Shared,
        key: Key,
        of: &Named,
        out: &mut Outbox,
    ) -> bool {
        let Some(there) = self.elsewhere.iter().find(|there| there.reference == of.call) else {
            return false;
        };
        let (line, leg, access) = (there.line, there.leg, there.shown.access);
        let wanted = match (key, access) {
            (Key::NewCall | Key::Redial, _) => return false,
            (Key::Resume, Access::Held) => Wanted { replaces: Some(leg), ..Wanted::default() },
            (Key::Code(code @ (FeatureCode::Barge | FeatureCode::ConferenceBarge)), Access::Open) => {
                Wanted { joins: Some(leg), feature: Some(code), purpose: Purpose::None, ..Wanted::default() }
            }
            (Key::Code(FeatureCode::Barge | FeatureCode::ConferenceBarge), _) => return true,
            (Key::Code(_) | Key::Collect(_), _) => return false,
            // Nothing of it is this phone's to hold, end or transfer.
            _ => return true,
        };
        self.hold_active(shared, out);
        self.begin(shared, line, wanted, out);
        true
    }
}

impl Shown {
    fn tell(&self, own: &Party, mut display: Display<'_>) {
        display.state(match self.access {
            Access::Open | Access::Private => CallState::IN_USE_REMOTELY,
            Access::Held => CallState::HOLD,
        });
        let own = own.clone();
        let (calling, called) = match self.kind {
            CallType::INBOUND => (self.with.clone(), own),
            _ => (own, self.with.clone()),
        };
        display.parties(self.kind, &Parties { calling, called, ..Parties::default() });
        display.prompt(if self.access == Access::Held { Phrase::HOLD } else { Phrase::IN_USE_REMOTE }, "");
        display.keys(match self.access {
            Access::Open => KeyMode::IN_USE_HINT,
            Access::Held => KeyMode::ON_HOOK_CALL_STEALABLE,
            Access::Private => KeyMode::ON_HOOK,
        });
    }
}
