//! Remote call control of Cisco's phones: keys that they send as XML in a REFER, and what they are answered.
//!
//! A phone that is asked by its user for a conference, call park and the like sends a REFER outside of any dialog, whose body
//! names the dialogs that are meant as the phone sees them. It has 202 at once; what became of it follows in a request of ours.

mod beside;
pub(crate) mod park;
pub(crate) mod read;
pub(crate) mod screen;
pub(crate) mod tell;
#[cfg(test)]
mod tests;
mod update;

use strowger_base::leg::BindingId;
use strowger_base::line::lines_of;
use strowger_base::net::Flow;
use strowger_base::{LegId, Now, limits};

use self::read::{Asks, Choice, DialogId, Feature, Key, SoftKey};
use crate::core::{Sip, write_retry_after};
use crate::io::Outbox;
use crate::message::{Message, MethodKind};
use crate::receive::write_allow;
use crate::transaction::table::ServerKey;
use crate::write;

/// Whether the phone that sends this takes remote control: all enterprise loads of Cisco's phones say that they read Call-Info of it,
/// and no other phone does.
pub(crate) fn is_taken_by(message: &Message<'_>) -> bool {
    message.supports("X-cisco-callinfo")
}

/// The same of a phone of which only what it calls itself is known. Those of Cisco without an enterprise load are third-party phones
/// (3PCC).
pub(crate) fn is_taken_by_agent(user_agent: &str) -> bool {
    let cisco = user_agent.strip_prefix("Cisco-").or_else(|| user_agent.strip_prefix("Cisco/"));
    cisco.is_some_and(|model| model.starts_with("CP") && !model.contains("3PCC"))
}

impl Sip {
    /// A REFER outside of any dialog: a key of a phone, or nothing that we take.
    pub(crate) fn remote_control(
        &mut self,
        now: Now,
        flow: Flow,
        bytes: &[u8],
        refer: &Message<'_>,
        key: ServerKey,
        out: &mut Outbox,
    ) {
        let Some(asks) = read::asks(refer) else {
            return self.refuse(refer, flow, 405, write_allow, out);
        };
        // Phones cannot answer a challenge of a REFER: the connection on which they registered speaks for them, or the address and port.
        let speaks = self.registrar.has_registered_on(flow) || self.registered_at(flow, refer).is_some();
        if !speaks && self.identify(now, flow, refer, "REFER", out).is_none() {
            return;
        }
        let SoftKey { key: pressed, dialog, others } = match asks {
            Ok(Asks::Key(key)) => key,
            Ok(Asks::Choice(choice)) => return self.chosen(now, flow, bytes, refer, key, choice, out),
            Err(why) => {
                let warning = |buffer: &mut Vec<u8>| {
                    let text = format!("399 strowger \"{}\"", why.text());
                    write::header(buffer, b"Warning", text.as_bytes());
                };
                return self.refuse(refer, flow, 400, warning, out);
            }
        };
        let feature = match pressed {
            Key::Feature(Feature::Quality) if dialog.is_none() => {
                return self.quality_key(now, flow, refer, key, out);
            }
            Key::Feature(feature) => feature,
            Key::HuntLog => return self.hunt_key(now, flow, refer, key, out),
            Key::Told => return self.refuse(refer, flow, 202, |_| (), out),
            Key::Unknown => return self.refuse(refer, flow, 603, |_| (), out),
        };
        let leg = |id: &DialogId| self.leg_of_phone(id, flow);
        let with: Option<Vec<LegId>> = others.iter().map(leg).collect();
        let (Some(id), Some(with)) = (dialog.as_ref().and_then(leg), with) else {
            return self.refuse(refer, flow, 481, |_| (), out);
        };
        if !self.begin_key(id, flow, bytes, refer, key, out) {
            return;
        }
        self.with_leg(id, now, |leg, shared| {
            leg.soft_key(shared, now, refer, key, flow, (feature, with), out);
        });
    }

    /// Something was chosen on a screen.
    #[expect(clippy::too_many_arguments, reason = "a request has that many independent parts")]
    fn chosen(
        &mut self,
        now: Now,
        flow: Flow,
        bytes: &[u8],
        refer: &Message<'_>,
        key: ServerKey,
        choice: Choice,
        out: &mut Outbox,
    ) {
        let leg = self.shared.screens.get(&choice.screen).copied();
        // Whoever has seen a screen of another phone chooses nothing there.
        let own = |id: &LegId| self.legs.get(id).is_some_and(|leg| leg.dialog.flow.peer() == flow.peer());
        let Some(id) = leg.filter(own) else {
            return self.refuse(refer, flow, 481, |_| (), out);
        };
        if !self.begin_key(id, flow, bytes, refer, key, out) {
            return;
        }
        self.with_leg(id, now, |leg, shared| leg.chosen(shared, now, refer, key, flow, choice, out));
    }

    /// Begins the transaction of a key of a leg; false when there are too many, which the phone is told.
    fn begin_key(
        &mut self,
        id: LegId,
        flow: Flow,
        bytes: &[u8],
        refer: &Message<'_>,
        key: ServerKey,
        out: &mut Outbox,
    ) -> bool {
        if self.shared.transactions.len() >= limits::TRANSACTIONS {
            self.shared.counters.shed += 1;
            self.refuse(refer, flow, 503, write_retry_after, out);
            return false;
        }
        self.journal(id, flow, bytes, refer, out);
        self.shared.transactions.begin_server(key, MethodKind::Refer, flow, id, &[]);
        true
    }

    /// The phone of the line that a REFER names which registered from where this one came: over the connection, or with datagrams
    /// from the address and port.
    fn registered_at(&self, flow: Flow, refer: &Message<'_>) -> Option<BindingId> {
        let lines = &self.shared.configuration.lines;
        let number = refer.from_user();
        let mut phones = lines_of(lines, &number).flat_map(|(line, _)| self.registrar.contacts_of(line));
        phones.find(|id| self.registrar.binding(*id).is_some_and(|binding| binding.flow() == flow))
    }

    /// The leg that a phone names, when it is its own: it is at the address and port from which it asks. Behind one address there may be
    /// many phones.
    fn leg_of_phone(&self, named: &DialogId, flow: Flow) -> Option<LegId> {
        let id = self.leg_in_dialog(&named.call_id, &named.remote_tag, &named.local_tag)?;
        (self.legs.get(&id)?.dialog.flow.peer() == flow.peer()).then_some(id)
    }
}
