//! The tone that tells a party that it is recorded.

use std::collections::BTreeMap;

use strowger_base::Now;
use strowger_base::journal::{RecordingNews, ToneFor};
use strowger_media::control::{self, PortId};
use strowger_media::sdp;

use super::relay_side;
use super::session::Recording;
use crate::call::{RecordedCall, Sealing};
use crate::io::Outbox;
use crate::shared::Shared;

/// Where a tone is: a side of a relay.
pub(super) type Place = (PortId, control::Side);

/// How many recordings want the tone at each place: both parties of a call may be recorded, and each has its tone until the last of the
/// recordings ends that want it.
#[derive(Debug, Default)]
pub(super) struct Tones(BTreeMap<Place, u32>);

impl Tones {
    fn begin(&mut self, place: Place) {
        *self.0.entry(place).or_default() += 1;
    }

    /// A recording wants it no more; whether no other one does.
    fn end(&mut self, place: Place) -> bool {
        let Some(wanted) = self.0.get_mut(&place) else { return false };
        *wanted -= 1;
        let is_last = *wanted == 0;
        if is_last {
            self.0.remove(&place);
        }
        is_last
    }
}

impl Recording {
    /// Lets parties hear that they are recorded.
    pub(super) fn warn_parties(
        &mut self,
        now: Now,
        view: &RecordedCall,
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        let Some(port) = self.fork.as_ref().map(|fork| fork.of) else { return };
        let tone = shared.configuration.recording.tone;
        let parties = [
            (tone.recorded, ToneFor::Recorded, (&view.own, &view.far), view.side),
            (tone.other_party, ToneFor::OtherParty, (&view.far, &view.own), view.side.other()),
        ];
        for (wanted, to, (party, speaker), side) in parties {
            let place = (port, relay_side(side));
            if !wanted {
                self.stop_tone(place, shared, out);
                continue;
            }
            // What is not opened cannot be mixed with anything.
            let sealed = matches!(speaker.sealing, Sealing::Through(_) | Sealing::Unknown);
            let types = sdp::payload_types(party.wrote.as_bytes()).filter(|_| !sealed);
            if !self.warned.contains(&place) {
                self.warned.push(place);
                shared.recordings.tones.begin(place);
                let formats = sdp::audio_formats(party.wrote.as_bytes());
                let codec = formats.first().map_or("", |format| format.name);
                let news = match types {
                    _ if sealed => RecordingNews::NoToneSealed { to },
                    Some((_, true)) => RecordingNews::Tone { to, codec },
                    Some((_, false)) | None => RecordingNews::NoTone { to, codec },
                };
                self.news(now, news, out);
            }
            let types = types.map(|(types, _)| types);
            out.media(control::Command::Warn { port, side: place.1, types });
        }
    }

    /// It asks for no tone any more.
    pub(super) fn stop_tones(&mut self, shared: &mut Shared, out: &mut Outbox) {
        while let Some(place) = self.warned.first().copied() {
            self.stop_tone(place, shared, out);
        }
    }

    fn stop_tone(&mut self, place: Place, shared: &mut Shared, out: &mut Outbox) {
        let Some(at) = self.warned.iter().position(|warned| *warned == place) else { return };
        self.warned.remove(at);
        if shared.recordings.tones.end(place) {
            let (port, side) = place;
            out.media(control::Command::Warn { port, side, types: None });
        }
    }
}
