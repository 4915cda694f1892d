//! Telephones at analogue ports: they have a hook and digits, and no keys.
//!
//! A flash of the hook holds the call and begins another one; the next one brings the two together, or goes back to the first where the second
//! leads nowhere. Who puts the receiver down while the second party is rung has transferred to it.

use strowger_base::Now;

use super::Shared;
use super::call::{Purpose, State};
use super::io::Outbox;
use super::keys::Key;
use super::phone::PhoneCalls;
use crate::codes::CallReference;
use crate::message::calls::LineCall;

impl PhoneCalls {
    /// The hook was flashed.
    pub(super) fn flash(&mut self, shared: &mut Shared, now: Now, of: &LineCall, out: &mut Outbox) {
        self.flashes = true;
        let Some(reference) = self.active() else { return self.goes_back(shared, now, out) };
        let Some(call) = self.find(reference) else { return };
        match (call.purpose, call.state) {
            (Purpose::Transfer(_), State::Dialing | State::Failed) => {
                self.end(shared, reference, out);
                self.goes_back(shared, now, out);
            }
            (_, _) => self.pressed(shared, now, Key::Transfer, of, out),
        }
    }

    /// The receiver of such a telephone is down. Whether that transfers.
    pub(super) fn transfers_by_hook(&mut self, shared: &mut Shared, out: &mut Outbox) -> bool {
        let Some(reference) = self.active().filter(|_| self.flashes) else { return false };
        let rings = self.find(reference).is_some_and(|call| {
            matches!(call.purpose, Purpose::Transfer(_))
                && matches!(call.state, State::RingingOut | State::Proceeding | State::Connected)
        });
        if rings {
            self.transfer(shared, reference, out);
        }
        rings
    }

    /// Who is on hold at such a telephone, which has no key to take him back.
    pub(super) fn held_by_hook(&self) -> Option<CallReference> {
        let mut held = self.calls.iter().filter(|call| self.flashes && call.state == State::Held);
        held.next().map(|call| call.reference)
    }

    fn goes_back(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        if let Some(held) = self.held_by_hook() {
            self.resume(shared, now, held, out);
        }
    }
}
