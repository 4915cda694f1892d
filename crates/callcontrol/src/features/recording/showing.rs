//! Phones that know of recordings themselves: they are told whether their call is recorded, and hear no tone (RFC 7866 §7.1.2).

use strowger_base::journal::{Decision, RecordingNews};
use strowger_base::recording::RecordingShown;
use strowger_base::{CallId, Command, LegId, Now, SessionDescription};
use strowger_media::sdp;

use super::session::{Recorder, Recording};
use crate::CallControl;
use crate::io::Outbox;

impl CallControl {
    /// Both parties of a call are shown whether it is recorded, as far as their phones can show that.
    pub(super) fn show_recording(&mut self, now: Now, call: CallId, out: &mut Outbox) {
        let recordings = &self.shared.recordings;
        if recordings.parties.is_empty() && recordings.shown.is_empty() {
            return;
        }
        let legs = self.calls.get(&call).map(|call| call.devices()).unwrap_or_default();
        let of = |leg: &LegId| recordings.parties.get(leg).map(|recording| recording.shown());
        let shown = legs.iter().filter_map(|(leg, _)| of(leg)).max().unwrap_or_default();
        for (leg, _) in legs {
            let before = self.shared.recordings.shown.get(&leg).copied().unwrap_or_default();
            let knows = || self.recorded(leg).is_some_and(|view| knows_of_recording(&view.own.wrote));
            if before == shown || !knows() {
                continue;
            }
            self.shared.recordings.shown.insert(leg, shown);
            out.decide(now, call, Some(leg), Decision::Recording(RecordingNews::Shown(shown)));
            out.command(leg, Command::ShowRecording(shown));
        }
    }
}

impl Recording {
    fn shown(&self) -> RecordingShown {
        match self.recorder {
            Recorder::Runs(_) | Recorder::Told(_) if self.runs_since.is_none() => RecordingShown::Off,
            Recorder::Runs(_) | Recorder::Told(_) if self.is_paused => RecordingShown::Paused,
            Recorder::Runs(_) | Recorder::Told(_) => RecordingShown::On,
            Recorder::Absent | Recorder::Called(_) | Recorder::GivenUp(_) => RecordingShown::Off,
        }
    }
}

/// Whether the writer of a description knows of recordings, so that its phone shows them.
pub(super) fn knows_of_recording(wrote: &SessionDescription) -> bool {
    sdp::has_attribute(wrote.as_bytes(), b"recordaware")
}
