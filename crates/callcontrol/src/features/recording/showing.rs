//! Phones that know of recordings themselves: they are told whether their call is recorded, and hear no tone (RFC 7866 §7.1.2). Others can
//! show it, and hear the tone too.

use strowger_base::journal::{Decision, RecordingNews};
use strowger_base::recording::{RecordingShown, SHOWS_RECORDING};
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
            let shows = || self.recorded(leg).is_some_and(|view| shows_recording(&view.own.wrote));
            if before == shown || !shows() {
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

/// Whether the phone of the writer of a description shows recordings.
fn shows_recording(wrote: &SessionDescription) -> bool {
    knows_of_recording(wrote) || sdp::has_attribute(wrote.as_bytes(), SHOWS_RECORDING.as_bytes())
}

/// Whether the writer of a description knows of recordings: its phone shows them, and makes a noise of its own where it wants one.
pub(super) fn knows_of_recording(wrote: &SessionDescription) -> bool {
    sdp::has_attribute(wrote.as_bytes(), b"recordaware")
}
