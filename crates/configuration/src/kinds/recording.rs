//! Recorders of calls.

use super::{Trunk, named};
use crate::setting::{Description, Name, NumberText, Ref, choice, record};

record! {
    /// Where calls are recorded: a recorder that is reached over a SIP trunk (RFC 7866). It stands with the lines of phones.
    pub struct RecordingProfile {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// The trunk to the recorder.
        trunk: Ref<Trunk>,
        /// The number that is called there.
        number: NumberText,
        /// What becomes of a call whose recorder is not to be had.
        unrecorded: UnrecordedCall = UnrecordedCall::GoesOn,
    }
}

choice! {
    /// What becomes of a call whose recorder is not to be had.
    pub enum UnrecordedCall {
        /// It goes on, and an alarm is raised.
        GoesOn = "goes-on",
        /// It is released.
        Released = "released",
    }
}

choice! {
    /// Which calls of a line on a phone are recorded.
    pub enum RecordingChoice {
        /// None.
        Disabled = "disabled",
        /// All.
        Automatic = "automatic",
        /// Those for which somebody asks, with a key of the phone or a program.
        Selective = "selective",
    }
}

named!(RecordingProfile);
