//! Tones, bells, lamps and loudspeakers.

use crate::codes::{
    CallReference, Instance, LampMode, RingDuration, RingMode, Stimulus, Switch, Tone, ToneDirection,
};

message! {
    /// A tone begins.
    StartTone = START_TONE {
        /// Which.
        tone: Tone,
        /// Who hears it.
        direction: ToneDirection,
        /// The line.
        line: Instance,
        /// The call.
        call: CallReference,
    }
}

message! {
    /// The tone ends.
    StopTone = STOP_TONE {
        /// The line.
        line: Instance,
        /// The call.
        call: CallReference,
        /// Which.
        [11..] tone: Tone,
    }
}

message! {
    /// A phone rings, or no longer.
    SetRinger = SET_RINGER {
        /// How.
        mode: RingMode,
        /// How long.
        duration: RingDuration,
        /// The line.
        line: Instance,
        /// The call.
        call: CallReference,
    }
}

message! {
    /// A lamp changes. That for messages is [`Stimulus::VOICE_MAIL`], instance 0.
    SetLamp = SET_LAMP {
        /// Which kind of button it belongs to.
        stimulus: Stimulus,
        /// Which of its kind.
        instance: Instance,
        /// What it does.
        mode: LampMode,
    }
}

message! {
    /// The loudspeaker.
    SetSpeakerMode = SET_SPEAKER_MODE {
        /// Whether it is used.
        mode: Switch,
    }
}

message! {
    /// The microphone.
    SetMicroMode = SET_MICRO_MODE {
        /// Whether it is used.
        mode: Switch,
    }
}

message! {
    /// An analogue port shall tell when its hook is pressed for a moment.
    SetHookFlashDetect = SET_HOOK_FLASH_DETECT;
}
