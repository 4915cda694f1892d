//! How a phone sends the other party of a call elsewhere (RFC 3515, RFC 5589).

use std::time::Duration;

use strowger_base::Instant;

use super::{Phone, Sends, State};
use crate::text::Text;

/// Where calls are sent: to lines, to a service, to numbers where they wait, into conferences, to features, and nowhere.
const DESTINATIONS: [&str; 12] =
    ["1001", "1002", "1003", "9999", "404", "880", "881", "870", "820", "*4820", "*50", "*60"];

impl Phone {
    /// Transfers the other party of a call: into its other call when it has one, else blindly, or it calls somebody first.
    pub(super) fn transfer(&mut self, now: Instant, id: &str, sends: &mut Sends) {
        let number = DESTINATIONS[self.rng.below(DESTINATIONS.len() as u64) as usize];
        let pause = now + Duration::from_millis(500 + self.rng.below(5_000));
        let other = self.dialogs.iter().find(|(other, _)| *other != id);
        let refer_to = match other {
            Some((other, _)) => self.instead_of(&other.clone()),
            None if self.rng.one_in(2) => {
                self.call(now, number, sends);
                if let Some(dialog) = self.dialogs.get_mut(id) {
                    dialog.act_at = pause;
                }
                return;
            }
            None => format!("<sip:{number}@{}>", self.account.domain),
        };
        let hurries = self.rng.one_in(3);
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        dialog.act_at = pause;
        if hurries {
            // It hangs up before it hears how that went.
            dialog.ends_at = now;
        }
        self.statistics.transfers += 1;
        self.request(now, id, "REFER", &format!("Refer-To: {refer_to}\r\n"), "", sends);
    }

    /// Where somebody is sent who is to take the place of the phone in one of its calls (RFC 3891).
    pub(super) fn instead_of(&self, id: &str) -> String {
        let Some(dialog) = self.dialogs.get(id) else { return String::new() };
        let tag = |address: &str| address.split(";tag=").nth(1).unwrap_or("").to_owned();
        let (call_id, remote, local) = (id.replace('@', "%40"), tag(&dialog.remote), tag(&dialog.local));
        let replaces = format!("{call_id}%3Bto-tag%3D{remote}%3Bfrom-tag%3D{local}");
        format!("<sip:{}@{}?Replaces={replaces}>", dialog.session.shown, self.account.domain)
    }

    /// A NOTIFY says how a transfer goes: when it is done, the phone mostly leaves the call by itself.
    pub(super) fn transfer_told(&mut self, now: Instant, id: &str, notify: &Text) {
        let leaves = !self.rng.one_in(4);
        if let Some(dialog) = self.dialogs.get_mut(id)
            && notify.body.starts_with("SIP/2.0 200")
            && dialog.state == State::Talking
            && leaves
        {
            (dialog.ends_at, dialog.act_at) = (now, now);
        }
    }
}
