//! What a phone is told of its own settings where it keeps lamps or a display for them.

use crate::journal::{OnOff, Undisturbed};

/// How a phone stands, and its line there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PhoneState {
    /// Which line key of the phone the line is on, from 1.
    pub button: u8,
    /// Whether calls disturb it.
    pub disturbed: OnOff,
    /// What becomes of calls while they do not.
    pub undisturbed: Undisturbed,
    /// Whether it takes part in hunts.
    pub hunted: OnOff,
    /// Where all calls of the line go; `None` when they ring.
    pub forward: Option<ForwardState>,
}

/// Where all calls of a line go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForwardState {
    /// The number.
    pub number: Box<str>,
    /// Whether it is that of the line's voice mail.
    pub destination: ForwardsTo,
}

/// What kind of destination a forward has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForwardsTo {
    /// A number.
    Number,
    /// Voice mail.
    VoiceMail,
}

/// What of a phone's state has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PhoneChange {
    /// Whether calls disturb it.
    Disturbed,
    /// Whether it takes part in hunts.
    Hunted,
    /// Where all calls of the line go.
    Forward,
}
