//! Which soft keys of a set are shown: those that do something now, as other calls and settings of the phone are.

use super::call::{Call, State};
use super::io::{Outbox, Output};
use super::phone::PhoneCalls;
use crate::codes::{CallReference, CallState, KeyMode, SoftKey};
use crate::message::ToStation;
use crate::message::keys::SelectSoftKeys;

impl PhoneCalls {
    /// What follows from an input stands in `out`: keys that do nothing now are hidden there, and where others do so than before the phone
    /// is told.
    pub(super) fn mask_keys(&mut self, out: &mut Outbox) {
        for output in out.iter_mut() {
            let Output::Tell { device, message } = output else { continue };
            if *device != self.phone.device {
                continue;
            }
            match &mut **message {
                ToStation::SelectSoftKeys(keys) if keys.call != CallReference(0) => {
                    keys.valid_keys = self.valid_keys(keys.call, keys.set);
                    self.keys_shown.insert(keys.call, keys.clone());
                }
                ToStation::CallState(state) if state.state == CallState::ON_HOOK => {
                    self.keys_shown.remove(&state.call);
                }
                _ => {}
            }
        }
        let now = |keys: &SelectSoftKeys| self.valid_keys(keys.call, keys.set);
        let others: Vec<SelectSoftKeys> = self
            .keys_shown
            .values()
            .map(|keys| SelectSoftKeys { valid_keys: now(keys), ..keys.clone() })
            .filter(|keys| self.keys_shown.get(&keys.call) != Some(keys))
            .collect();
        for keys in &others {
            self.keys_shown.insert(keys.call, keys.clone());
        }
        self.tell(others.into_iter().map(ToStation::from).collect(), out);
    }

    fn valid_keys(&self, reference: CallReference, set: KeyMode) -> u32 {
        let call = self.calls.iter().find(|call| call.reference == reference);
        let is_hidden = |key: SoftKey| match call {
            Some(call) => !self.is_useful(call, key),
            None => matches!(key, SoftKey::BARGE | SoftKey::CONFERENCE_BARGE) && !self.barges(reference),
        };
        let places = self.phone.soft_keys.of(set).zip(0..u32::BITS);
        let hidden = places.filter(|(key, _)| is_hidden(*key)).map(|(_, place)| 1 << place);
        !hidden.fold(0, |all: u32, bit: u32| all | bit)
    }

    /// Whether a key does something in a call of the phone.
    fn is_useful(&self, call: &Call, key: SoftKey) -> bool {
        let talks = |call: &Call| matches!(call.state, State::Connected | State::Held);
        let is_other = |it: &&Call| it.reference != call.reference && it.leg.is_some() && talks(it);
        match key {
            SoftKey::JOIN | SoftKey::DIRECT_TRANSFER => {
                talks(call) && self.calls.iter().any(|it| is_other(&it))
            }
            SoftKey::SELECT => call.selected || talks(call) && self.calls.iter().any(|it| is_other(&it)),
            SoftKey::TRANSFER => match call.state {
                State::Connected | State::Held => true,
                State::Proceeding | State::RingingOut => call.purpose.transfers(),
                _ => false,
            },
            SoftKey::CONFERENCE => call.state == State::Connected,
            SoftKey::CALL_BACK => match call.state {
                State::Proceeding | State::RingingOut | State::Failed => !call.dialled.is_empty(),
                _ => false,
            },
            SoftKey::PRIVATE => self.shared_lines.contains_key(&call.line),
            _ => true,
        }
    }

    /// Whether the phone may come into the call of another one.
    fn barges(&self, reference: CallReference) -> bool {
        let there = self.elsewhere.iter().find(|there| there.reference == reference);
        there.is_some_and(|there| self.shared_lines.get(&there.line) == Some(&true))
    }
}
