//! What a recorder is told of what it records (RFC 7865).

use crate::leg::Party;
use crate::{CallId, LegId, WallTime};

/// A conversation as its recorder is told of it: whole each time, whatever it was told before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordingMetadata {
    /// The call that is recorded: a communication session.
    pub call: CallId,
    /// The call with which the conversation began: the group of communication sessions.
    pub conversation: CallId,
    /// When the call was answered.
    pub started_at: WallTime,
    /// When its recording began.
    pub since: WallTime,
    /// Whose line is recorded; what it says is stream 1.
    pub own: RecordedParty,
    /// With whom it talks; what that one says is stream 2.
    pub far: RecordedParty,
    /// Where that is a conference, the others of it, who are all heard in stream 2: those who are in it, and those who have left since it is
    /// recorded. Empty for a call of two.
    pub conferees: Vec<RecordedParty>,
}

/// Somebody in a recorded call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordedParty {
    /// The leg, which stays the same when the party goes on in another call.
    pub leg: LegId,
    /// Who it is.
    pub party: Party,
    /// Since when it is in the recorded conversation.
    pub since: WallTime,
    /// Since when it is not any more; `None` while it is.
    pub until: Option<WallTime>,
    /// Whether what it says reaches the other one.
    pub flow: VoiceFlow,
}

/// Whether what a party says reaches the other one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum VoiceFlow {
    /// It does.
    Heard,
    /// It does not: the other one holds it, or is held.
    Held,
}

/// What a phone that knows of recordings shows of them (RFC 7866 §7.1.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum RecordingShown {
    /// The call is not recorded.
    #[default]
    Off,
    /// Its recorder wants nothing for now.
    Paused,
    /// It is recorded.
    On,
}

/// In a description: its writer has a lamp or a line of text for a call that is recorded, and hears the tone all the same. It is between
/// what speaks for a phone here and call control; no standard has it, and it goes out to nobody.
pub const SHOWS_RECORDING: &str = "recordshown";

/// Labels of the two streams of a recording, own party first, in descriptions (RFC 4574) and in what the recorder is told.
pub const STREAM_LABELS: [&str; 2] = ["1", "2"];
