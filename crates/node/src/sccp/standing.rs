//! What was set for a phone, as it shows it: calls that do not disturb, forwards, hunts without it.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::journal::OnOff;
use strowger_base::leg::BindingId;
use strowger_base::phone::{PhoneChange, PhoneState};
use strowger_sccp::codes::{ButtonType, CallReference, Instance, LampMode, Phrase, Stimulus};
use strowger_sccp::message::alerting::SetLamp;
use strowger_sccp::message::display::DisplayPromptStatus;
use strowger_sccp::message::lines::{FeatureStat, Forward, ForwardStat};
use strowger_sccp::station::device::{Assignment, Device};
use strowger_sccp::{Text, ToStation, Version};

use super::present::Present;

/// How a phone stands, as it is shown now.
#[derive(Default)]
pub(super) struct Standing {
    /// Calls do not disturb.
    undisturbed: bool,
    /// It takes no part in hunts.
    logged_out: bool,
    /// Where all calls of its lines go.
    forwards: BTreeMap<Instance, Text>,
    /// Its button for hunts has shown how it is.
    hunt_shown: bool,
    /// Its buttons for each of these, and what stands beside them.
    disturb_button: Option<(Instance, Text)>,
    hunt_button: Option<(Instance, Text)>,
}

impl Standing {
    pub(super) fn of(device: &Device, version: Version) -> Self {
        let assigned = device.assigned(version);
        let button_of = |wanted: ButtonType| {
            assigned.iter().find_map(|(button, it)| match it {
                Assignment::Key { kind, label } if *kind == wanted => {
                    Some((Instance(button.instance.into()), label.clone()))
                }
                _ => None,
            })
        };
        let (disturb_button, hunt_button) =
            (button_of(ButtonType::DO_NOT_DISTURB), button_of(ButtonType::H_LOG));
        Standing { disturb_button, hunt_button, ..Standing::default() }
    }

    /// What stands on the display while there is no call.
    fn prompt(&self) -> Text {
        if self.undisturbed {
            Text::phrase(Phrase::DND, "")
        } else if let Some(number) = self.forwards.values().next() {
            Text::phrase(Phrase::FORWARDED_TO, &format!(" {}", number.as_str()))
        } else if self.logged_out {
            Text::phrase(Phrase::LOGGED_OUT_OF_HUNT_GROUP, "")
        } else {
            Text::phrase(Phrase::YOUR_CURRENT_OPTIONS, "")
        }
    }
}

impl Present {
    /// What was set for the line of a contact and for the phone there, of which this has changed: which button that is, and what the
    /// phone is told. It is told nothing of what it shows already.
    pub(super) fn state(
        &mut self,
        binding: BindingId,
        state: &PhoneState,
        change: Option<PhoneChange>,
    ) -> Option<(Instance, Vec<ToStation>)> {
        let line = self.button(binding)?;
        let standing = &mut self.standing;
        let mut tell = Vec::new();
        let concerns = |what: PhoneChange| change.is_none_or(|change| change == what);
        let number = state.forward.as_ref().map(|forward| Text::from(&*forward.number));
        if concerns(PhoneChange::Forward) && standing.forwards.get(&line) != number.as_ref() {
            let active = number.is_some();
            let all = Forward { active, number: number.clone().unwrap_or_default() };
            tell.push(ForwardStat { any: active, line, all, ..ForwardStat::default() }.into());
            match number {
                Some(number) => standing.forwards.insert(line, number),
                None => standing.forwards.remove(&line),
            };
        }
        let undisturbed = state.disturbed == OnOff::Off;
        if concerns(PhoneChange::Disturbed) && standing.undisturbed != undisturbed {
            standing.undisturbed = undisturbed;
            let kinds = (ButtonType::DO_NOT_DISTURB, Stimulus::DO_NOT_DISTURB);
            // The prompt follows.
            tell.extend(button(kinds, standing.disturb_button.as_ref(), undisturbed));
        }
        let logged_out = state.hunted == OnOff::Off;
        let kinds = (ButtonType::H_LOG, Stimulus::H_LOG);
        if concerns(PhoneChange::Hunted) && standing.logged_out != logged_out {
            standing.logged_out = logged_out;
            tell.extend(button(kinds, standing.hunt_button.as_ref(), !logged_out));
        }
        let prompts = !tell.is_empty();
        // A button for what is usual is lit from the beginning.
        if change.is_none() && !logged_out && !std::mem::replace(&mut standing.hunt_shown, true) {
            let shown = standing.hunt_button.as_ref();
            tell.extend(shown.into_iter().flat_map(|shown| button(kinds, Some(shown), true)));
        }
        if prompts {
            let (duration, line, call) = (Duration::ZERO, Instance(0), CallReference(0));
            tell.push(DisplayPromptStatus { duration, line, call, text: standing.prompt() }.into());
        }
        Some((line, tell))
    }
}

/// The lamp of a feature, and what its button shows where there is one.
fn button(
    (kind, stimulus): (ButtonType, Stimulus),
    shown: Option<&(Instance, Text)>,
    on: bool,
) -> Vec<ToStation> {
    let mode = if on { LampMode::ON } else { LampMode::OFF };
    let Some((index, label)) = shown else {
        return vec![SetLamp { stimulus, instance: Instance(1), mode }.into()];
    };
    let (index, label) = (*index, label.clone());
    vec![
        FeatureStat { index, kind, status: u32::from(on), label }.into(),
        SetLamp { stimulus, instance: index, mode }.into(),
    ]
}
