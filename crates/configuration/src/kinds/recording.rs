//! Recorders of calls.

use super::{CallingSearchSpace, Trunk, named};
use crate::setting::{Description, Name, NumberText, Ref, choice, record};

record! {
    /// Where calls are recorded: a recorder that is reached over a SIP trunk (RFC 7866). It stands with the lines of phones.
    pub struct RecordingProfile {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// The trunk to the recorder, to which the number goes as it is. Without one the number is looked up.
        trunk: Option<Ref<Trunk>> = None,
        /// The number of the recorder.
        number: NumberText,
        /// Where the number is looked up where no trunk is named (Recording Calling Search Space); only among patterns without a partition when
        /// not given. It leads to a trunk or to a route list, whose recorders take each other's place.
        search_space: Option<Ref<CallingSearchSpace>> = None,
        /// What becomes of a call whose recorder is not to be had.
        unrecorded: UnrecordedCall = UnrecordedCall::GoesOn,
        /// Which copies go to it encrypted, with keys in its signalling (SDES); its trunk has to allow them with `srtp_allowed`.
        encryption: RecorderEncryption = RecorderEncryption::AsTheCall,
    }
}

choice! {
    /// Which copies go to a recorder encrypted.
    pub enum RecorderEncryption {
        /// Those of encrypted calls, which are not recorded where it takes no keys.
        AsTheCall = "as-the-call",
        /// All.
        Always = "always",
        /// Those of encrypted calls; where it takes no keys, they go in the clear.
        IfTaken = "if-taken",
        /// None; encrypted calls are not recorded.
        Never = "never",
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
