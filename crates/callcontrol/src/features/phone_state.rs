//! What a phone is told of settings that were changed elsewhere: by a code, a program, another phone.

use strowger_base::feature::Forwarded;
use strowger_base::journal::{OnOff, Undisturbed, UserSet, UserValue};
use strowger_base::leg::BindingId;
use strowger_base::phone::{ForwardState, ForwardsTo, PhoneChange, PhoneState};
use strowger_dialplan::forward::ForwardDestination;

use crate::CallControl;
use crate::configuration::DoNotDisturb;
use crate::io::{Outbox, Output};

impl CallControl {
    /// How a phone of a line stands; `None` when there is no such phone.
    pub fn phone_state(&self, line: &str, phone: Option<&str>) -> Option<PhoneState> {
        let configuration = &self.shared.configuration;
        let configured = configuration.lines.get(line)?;
        let on_phone = configured.phone(phone)?;
        let (disturbed, hunted) = self.shared.user_settings.phone(phone.unwrap_or(line));
        let forwards = self.shared.user_settings.forwards(line, configured);
        let all = forwards.as_ref().and_then(|forwards| forwards.all.as_ref());
        let forward = all.map(|target| ForwardState {
            number: configured.number_of(target).into(),
            destination: match target.destination() {
                ForwardDestination::Number(_) => ForwardsTo::Number,
                ForwardDestination::VoiceMail => ForwardsTo::VoiceMail,
            },
        });
        Some(PhoneState {
            button: on_phone.button.max(1),
            disturbed: OnOff::of(disturbed),
            undisturbed: match on_phone.settings.undisturbed {
                DoNotDisturb::RingerOff => Undisturbed::Silent,
                DoNotDisturb::Reject => Undisturbed::Rejected,
            },
            hunted: OnOff::of(hunted),
            forward,
        })
    }

    /// Phones that show what was set are told; the one at which it was set by a key is told when the disk has it.
    pub(super) fn tell_phones(&self, set: &UserSet<'_>, except: Option<BindingId>, out: &mut Outbox) {
        let change = match set.value {
            UserValue::Forward { which: Forwarded::All, .. } => PhoneChange::Forward,
            UserValue::Disturb(_) => PhoneChange::Disturbed,
            UserValue::Hunted(_) => PhoneChange::Hunted,
            UserValue::Forward { .. } | UserValue::CallBack(_) => return,
        };
        let (line, phone) = (set.line.into(), set.phone.into());
        out.items.push(Output::PhoneChanged { line, phone, change, except });
    }
}
