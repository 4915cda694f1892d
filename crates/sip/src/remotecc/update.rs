//! What a phone shows of its settings, told when it registers and when they are changed elsewhere.

use strowger_base::Now;
use strowger_base::journal::{OnOff, Undisturbed};
use strowger_base::leg::BindingId;
use strowger_base::phone::{ForwardsTo, PhoneChange, PhoneState};
use strowger_base::watch::Mailbox;

use super::tell::{Body, Part, escaped, hunt_update, request, status_line, zip_zip};
use crate::core::Sip;
use crate::io::{Outbox, PhoneNews};

impl Sip {
    /// Tells a phone something, if it is one that takes that.
    pub(crate) fn tell_phone(&mut self, now: Now, binding: BindingId, news: &PhoneNews, out: &mut Outbox) {
        if !self.registrar.binding(binding).is_some_and(|phone| phone.takes_control()) {
            return;
        }
        let body = match news {
            PhoneNews::All(state, mailbox) => {
                Body::of(vec![disturb_update(state), hunt_update(state.hunted), bulk_update(state, *mailbox)])
            }
            PhoneNews::Changed(state, PhoneChange::Disturbed) => disturb_update(state).into(),
            PhoneNews::Changed(state, PhoneChange::Hunted) => hunt_update(state.hunted).into(),
            PhoneNews::Changed(state, PhoneChange::Forward) => forward_update(state).into(),
            PhoneNews::Pickup { text, shown_for, beep } => {
                let shown = (!text.is_empty()).then(|| status_line(text, shown_for.as_secs()));
                let heard = (*beep == OnOff::On).then(zip_zip);
                let parts: Vec<Part> = shown.into_iter().chain(heard).collect();
                if parts.is_empty() {
                    return;
                }
                Body::of(parts)
            }
        };
        self.refer_unasked(now, binding, &body, out);
    }
}

/// Whether calls disturb the phone, and what becomes of them otherwise.
fn disturb_update(state: &PhoneState) -> Part {
    let enabled = match state.disturbed {
        OnOff::On => "disable",
        OnOff::Off => "enable",
    };
    let option = match state.undisturbed {
        Undisturbed::Rejected => "callreject",
        Undisturbed::Silent => "ringeroff",
    };
    request(&format!("<dndupdate><state>{enabled}</state><option>{option}</option></dndupdate>"))
}

/// Where all calls of the line go.
fn forward_update(state: &PhoneState) -> Part {
    let (line, forward) = (state.button, forward(state));
    request(&format!("<cfwdallupdate><linenumber>{line}</linenumber>{forward}</cfwdallupdate>"))
}

/// What the line has: messages that wait, and where its calls go.
fn bulk_update(state: &PhoneState, mailbox: Mailbox) -> Part {
    let (line, forward) = (state.button, forward(state));
    let waiting = if mailbox.waiting { "yes" } else { "no" };
    let (new, old) = mailbox.counts.map_or((0, 0), |counts| (counts.new, counts.old));
    request(&format!(
        "<bulkupdate><contact line=\"{line}\"><mwi>{waiting}</mwi><emwi><voice-msg new=\"{new}\" old=\"{old}\"/></emwi>\
         <cfwdallupdate>{forward}</cfwdallupdate></contact></bulkupdate>"
    ))
}

fn forward(state: &PhoneState) -> String {
    let number = state.forward.as_ref().map_or("", |forward| &forward.number);
    let to_voice_mail = match state.forward.as_ref().map(|forward| forward.destination) {
        Some(ForwardsTo::VoiceMail) => "on",
        Some(ForwardsTo::Number) | None => "off",
    };
    let number = escaped(number);
    format!("<fwdaddress>{number}</fwdaddress><tovoicemail>{to_voice_mail}</tovoicemail>")
}
