//! What belongs to the phone and not to one of its calls: by what its user hears, and the lamps of its lines.

use super::call::State;
use super::display::Display;
use super::io::{Outbox, Output};
use super::phone::PhoneCalls;
use crate::codes::{ButtonType, CallReference, Instance, LampMode, Switch};
use crate::message::alerting::SetSpeakerMode;
use crate::message::lines::FeatureStat;
use crate::station::device::FeatureButton;
use crate::wire::text::Text;

/// By what its user hears and talks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Hearing {
    /// By nothing.
    #[default]
    Off,
    /// The loudspeaker or headset, because it was told to.
    Told,
    /// What the phone chose when its receiver or loudspeaker was lifted: it need not be told.
    Own,
}

impl PhoneCalls {
    /// Its user turns to a call: without a receiver that is lifted, the loudspeaker goes on.
    pub(super) fn hear(&mut self, out: &mut Outbox) {
        if self.hearing == Hearing::Off {
            self.hearing = Hearing::Told;
            self.tell(vec![SetSpeakerMode { mode: Switch::ON }.into()], out);
        }
    }

    /// All that follows from an input is done: what is true of the phone as a whole is shown.
    pub(super) fn settle(&mut self, before: Before, out: &mut Outbox) {
        self.light(out);
        self.light_recording(out);
        let is_quiet = self.active().is_none();
        if is_quiet {
            self.ring_aloud(out);
        }
        // What the phone chose by itself stays while a call is held, which is taken back by the same.
        let ends = self.hearing == Hearing::Told || before.hears && !self.hears();
        if is_quiet && ends {
            self.hearing = Hearing::Off;
            self.tell(vec![SetSpeakerMode { mode: Switch::OFF }.into()], out);
        }
        let any = !self.calls.is_empty();
        self.mask_keys(out);
        if any != before.any {
            out.push(Output::Calls { device: self.phone.device.clone(), any });
        }
    }

    /// What is compared when all is done.
    pub(super) fn before(&self) -> Before {
        Before { any: !self.calls.is_empty(), hears: self.hears() }
    }

    /// Whether its user hears a call, or can take one back.
    fn hears(&self) -> bool {
        self.calls.iter().any(|call| call.is_active() || call.state == State::Held)
    }

    /// What was heard to wait in a call that is over rings.
    fn ring_aloud(&mut self, out: &mut Outbox) {
        let mut tell = Vec::new();
        for call in &mut self.calls {
            if call.is_heard_to_wait() {
                let sound = call.aloud;
                call.state = State::RingingIn(sound);
                call.ring(sound, None, &mut tell);
            }
        }
        self.tell(tell, out);
    }

    /// The lamps of lines, where they are others than before.
    fn light(&mut self, out: &mut Outbox) {
        let lines: Vec<Instance> = self.phone.lines.iter().map(|line| line.instance).collect();
        let mut tell = Vec::new();
        for line in lines {
            let mode = self.lamp_of(line);
            if self.lamps.insert(line, mode).unwrap_or(LampMode::OFF) != mode {
                Display { line, call: CallReference(0), tell: &mut tell }.lamp(mode);
            }
        }
        self.tell(tell, out);
    }

    /// Its buttons for recording show whether a call of it is recorded.
    fn light_recording(&mut self, out: &mut Outbox) {
        let recorded = self.calls.iter().any(|call| call.recorded);
        if std::mem::replace(&mut self.recording_shown, recorded) == recorded {
            return;
        }
        let buttons =
            self.phone.feature_buttons.iter().filter(|(_, button, _)| *button == FeatureButton::Record);
        let stat = |(index, _, label): &(Instance, FeatureButton, Text)| {
            let (index, label, kind) = (*index, label.clone(), ButtonType::FEATURE);
            FeatureStat { index, kind, status: u32::from(recorded), label }.into()
        };
        let tell = buttons.map(stat).collect();
        self.tell(tell, out);
    }

    /// The lamp of a line: that of the phone's own calls while it has any.
    fn lamp_of(&self, line: Instance) -> LampMode {
        let own = || self.calls.iter().filter(|call| call.line == line && !call.is_silent);
        if own().any(|call| matches!(call.state, State::RingingIn(_))) {
            LampMode::BLINK
        } else if own().any(|call| call.is_active()) {
            LampMode::ON
        } else if own().next().is_some() {
            LampMode::WINK
        } else {
            self.lamp_of_elsewhere(line)
        }
    }
}

/// How it was before an input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    any: bool,
    hears: bool,
}
