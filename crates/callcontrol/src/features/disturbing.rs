//! How phones let their users know of calls: do not disturb, hunts that a phone takes no part in, calls that are answered by
//! themselves.

use std::borrow::Cow;
use std::sync::Arc;

use strowger_base::LineName;
use strowger_base::journal::{Decision, Intercom, Undisturbed};
use strowger_base::leg::{Answering, RingSound, RingStyle, Target};

use crate::call::Step;
use crate::configuration::DoNotDisturb;
use crate::io::Contact;
use crate::shared::Shared;

impl Shared {
    /// What becomes of a call at a phone of a line whose user does not want to be disturbed; `None` when it disturbs.
    pub(crate) fn undisturbed(&self, line: &LineName, contact: &Contact) -> Option<Undisturbed> {
        if self.user_settings.is_disturbed(line, contact)
            || self.configuration.intercom(line.as_str()).is_some()
        {
            return None;
        }
        let phone = self.configuration.phone(line.as_str(), contact.phone.as_deref());
        Some(match phone.map(|phone| phone.settings.undisturbed).unwrap_or_default() {
            DoNotDisturb::RingerOff => Undisturbed::Silent,
            DoNotDisturb::Reject => Undisturbed::Rejected,
        })
    }

    /// Whether a phone of a line may be offered a call.
    pub(crate) fn takes_calls(&self, line: &LineName, contact: &Contact) -> bool {
        self.undisturbed(line, contact) != Some(Undisturbed::Rejected)
    }

    /// Whether a phone of a line may be offered a call of a hunt.
    pub(crate) fn takes_hunts(&self, line: &LineName, contact: &Contact) -> bool {
        self.user_settings.is_hunted(line, contact) && self.takes_calls(line, contact)
    }
}

impl Step<'_> {
    /// The phones of a line that may be offered the call.
    pub(crate) fn that_take_calls<'c>(
        &mut self,
        line: &LineName,
        contacts: &'c [Contact],
    ) -> Cow<'c, [Contact]> {
        if contacts.iter().all(|contact| self.shared.takes_calls(line, contact)) {
            return Cow::Borrowed(contacts);
        }
        let (take, reject): (Vec<Contact>, Vec<Contact>) =
            contacts.iter().cloned().partition(|contact| self.shared.takes_calls(line, contact));
        for contact in &reject {
            self.tell_undisturbed(line, contact.phone.as_deref(), Undisturbed::Rejected);
        }
        Cow::Owned(take)
    }

    /// The phones of a member of a line group that may be offered the call; the one that calls is not.
    pub(crate) fn that_take_hunts(&mut self, line: &LineName, contacts: &[Contact]) -> Vec<Contact> {
        let configuration = Arc::clone(&self.shared.configuration);
        let shown = configuration.shown(line.as_str());
        let mut take = Vec::with_capacity(contacts.len());
        let others = contacts.iter().filter(|contact| !contact.calls_as(line, &self.facts.origin));
        let others: Vec<&Contact> = others.collect();
        for contact in others {
            let phone = contact.phone.as_deref().unwrap_or_default();
            if !self.shared.user_settings.is_hunted(line, contact) {
                let out = Decision::HuntLoggedOut { line: shown, phone };
                self.out.decide(self.now, self.facts.id, None, out);
            } else if self.shared.takes_calls(line, contact) {
                take.push(contact.clone());
            } else {
                self.tell_undisturbed(line, contact.phone.as_deref(), Undisturbed::Rejected);
            }
        }
        take
    }

    /// How a device lets its user know of the call.
    pub(crate) fn ring_style(&mut self, target: &Target) -> RingStyle {
        let Target::Phone { line, phone, binding } = target else { return RingStyle::default() };
        // Its user asked to be called, and is to answer himself.
        if self.shared.call_backs.rings(self.facts.id) {
            return RingStyle::default();
        }
        let contact = Contact { phone: phone.clone(), binding: *binding, reach: crate::io::Reach::Direct };
        if self.facts.is_asked_by(line, &contact) {
            return RingStyle { answer: Answering::Loudspeaker, ..RingStyle::default() };
        }
        // Its line counts this call already: it answers by itself while it has no other.
        let is_free = self.shared.calls_of(line) <= 1;
        let settings = self.shared.configuration.lines.get(line.as_str());
        let answer = settings.filter(|_| is_free).map(|line| line.auto_answer).unwrap_or_default();
        if self.shared.configuration.intercom(line.as_str()).is_some()
            && !self.shared.user_settings.is_disturbed(line, &contact)
        {
            let phone = phone.as_deref().unwrap_or_default();
            let overrides = Decision::Intercom(Intercom::Overrides { phone });
            self.out.decide(self.now, self.facts.id, None, overrides);
        }
        match self.shared.undisturbed(line, &contact) {
            None | Some(Undisturbed::Rejected) => {
                let sound = match answer {
                    Answering::User => self.ring_sound(line, phone.as_deref()),
                    Answering::Headset | Answering::Loudspeaker => RingSound::Usual,
                };
                RingStyle { sound, answer, aloud: self.usual_ring() }
            }
            Some(Undisturbed::Silent) => {
                self.tell_undisturbed(line, phone.as_deref(), Undisturbed::Silent);
                RingStyle { sound: RingSound::Silent, ..RingStyle::default() }
            }
        }
    }

    fn tell_undisturbed(&mut self, line: &LineName, phone: Option<&str>, mode: Undisturbed) {
        let configuration = Arc::clone(&self.shared.configuration);
        let (line, phone) = (configuration.shown(line.as_str()), phone.unwrap_or_default());
        let decision = Decision::DoNotDisturb { line, phone, mode };
        self.out.decide(self.now, self.facts.id, None, decision);
    }
}
