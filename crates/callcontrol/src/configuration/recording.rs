//! Which calls are recorded, where, and who is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::leg::Origin;

use super::Configuration;

/// Recorders, and who hears that calls are recorded.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Recording {
    /// Recorders, by the name of their profile.
    pub profiles: BTreeMap<Box<str>, Arc<RecordingProfile>>,
    /// Who hears the tone.
    pub tone: RecordingTone,
}

/// A recorder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordingProfile {
    /// The name of the profile.
    pub name: Box<str>,
    /// The trunk on which the recorder is, to which its number goes as it is; empty where the number is looked up.
    pub trunk: Box<str>,
    /// Its number.
    pub number: Box<str>,
    /// The name of what the number is looked up in; what is in no partition when empty.
    pub search_space: Box<str>,
    /// What becomes of calls that it does not record.
    pub unrecorded: Unrecorded,
    /// Which copies go to it encrypted.
    pub encryption: RecorderEncryption,
}

/// Which copies go to a recorder encrypted (RFC 7866 §12.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum RecorderEncryption {
    /// Those of encrypted calls, which are not recorded where it takes no keys.
    #[default]
    AsTheCall,
    /// All.
    Always,
    /// Those of encrypted calls; where it takes no keys, they go in the clear.
    IfTaken,
    /// None; encrypted calls are not recorded.
    Never,
}

/// What becomes of a call whose recorder is not to be had.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum Unrecorded {
    /// It goes on, and an alarm is raised.
    #[default]
    GoesOn,
    /// It is released.
    Released,
}

/// Who hears the tone that says that a call is recorded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct RecordingTone {
    /// Whose line is recorded: the service parameter Play Recording Notification Tone To Observed Target.
    pub recorded: bool,
    /// With whom that one talks: Play Recording Notification Tone To Observed Connected Target.
    pub other_party: bool,
}

/// Whether calls of a line on one of its phones are recorded.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LineRecording {
    /// Which calls.
    pub option: RecordingOption,
    /// The profile; empty for none.
    pub profile: Box<str>,
}

/// Which calls are recorded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum RecordingOption {
    /// None.
    #[default]
    Disabled,
    /// All.
    Automatic,
    /// Those for which somebody asks.
    Selective,
}

impl Configuration {
    /// What of a device's calls is recorded, and where; `None` when none is.
    pub(crate) fn recording_of(&self, device: &Origin) -> Option<(&LineRecording, &Arc<RecordingProfile>)> {
        // Most systems have no recorder.
        if self.recording.profiles.is_empty() {
            return None;
        }
        let recording = &self.calling_phone(device)?.settings.recording;
        let profile = self.recording.profiles.get(&recording.profile)?;
        (recording.option != RecordingOption::Disabled).then_some((recording, profile))
    }
}
