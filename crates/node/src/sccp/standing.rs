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
use strowger_sccp::{Text, ToStation};

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
    /// It has a button for each of these.
    disturb_button: bool,
    hunt_button: bool,
}

impl Standing {
    pub(super) fn of(device: &Device) -> Self {
        let has = |kind: ButtonType| {
            device.buttons.iter().any(|it| matches!(it, Assignment::Key(known) if *known == kind))
        };
        let (disturb_button, hunt_button) = (has(ButtonType::DO_NOT_DISTURB), has(ButtonType::H_LOG));
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
            if standing.disturb_button {
                tell.extend(button(ButtonType::DO_NOT_DISTURB, Stimulus::DO_NOT_DISTURB, undisturbed));
            }
            // The prompt follows.
            tell.push(lamp(Stimulus::DO_NOT_DISTURB, undisturbed));
        }
        let logged_out = state.hunted == OnOff::Off;
        if concerns(PhoneChange::Hunted) && standing.logged_out != logged_out {
            standing.logged_out = logged_out;
            if standing.hunt_button {
                tell.extend(button(ButtonType::H_LOG, Stimulus::H_LOG, !logged_out));
            }
            tell.push(lamp(Stimulus::H_LOG, !logged_out));
        }
        if !tell.is_empty() {
            let (duration, line, call) = (Duration::ZERO, Instance(0), CallReference(0));
            tell.push(DisplayPromptStatus { duration, line, call, text: standing.prompt() }.into());
        }
        Some((line, tell))
    }
}

fn button(kind: ButtonType, _: Stimulus, on: bool) -> Option<ToStation> {
    Some(FeatureStat { index: Instance(1), kind, status: u32::from(on), label: Text::default() }.into())
}

fn lamp(stimulus: Stimulus, on: bool) -> ToStation {
    let mode = if on { LampMode::ON } else { LampMode::OFF };
    SetLamp { stimulus, instance: Instance(1), mode }.into()
}
