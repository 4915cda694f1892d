//! The tone that tells a party that it is recorded.

use std::collections::BTreeMap;

use strowger_base::journal::{RecordingNews, ToneFor};
use strowger_base::leg::{CallTone, Tone};
use strowger_base::{Country, Now};
use strowger_media::control::{self, PortId};
use strowger_media::sdp;

use super::relay_side;
use super::session::{Recorder, Recording};
use super::showing::knows_of_recording;
use crate::call::{Recorded, RecordedCall, Sealing};
use crate::configuration::RecordingTone;
use crate::io::Outbox;
use crate::shared::Shared;

/// Where a tone is: a side of a relay.
pub(super) type Place = (PortId, control::Side);

/// A place where a recording has its tone heard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Warned {
    place: Place,
    /// Whether nobody hears it, as what is to be mixed with it is not opened here.
    sealed: bool,
}

/// What decides who hears the tone: who shall, and whether what each party says is opened here.
pub(super) type Warning = (RecordingTone, bool, bool);

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
    /// Who hears the tone follows what is configured and how the call is encrypted now. Returns whether a party is to hear it, and cannot
    /// unless the encryption of the call ends here.
    pub(super) fn rewarn(
        &mut self,
        now: Now,
        view: &RecordedCall,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> bool {
        let runs = matches!(self.recorder, Recorder::Runs(_)) && self.copied != [None, None];
        if runs && self.warning != Some(warning(view, shared)) {
            self.warn_parties(now, view, shared, out);
        }
        let through = |party: &Recorded| matches!(party.sealing, Sealing::Through(_));
        let is_sealed = through(&view.own) && through(&view.far);
        let wanted = is_sealed && self.warned.iter().any(|warned| warned.sealed);
        wanted && self.opened.replace(view.call) != Some(view.call)
    }

    /// Lets parties hear that they are recorded.
    pub(super) fn warn_parties(
        &mut self,
        now: Now,
        view: &RecordedCall,
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        let port = self.fork.as_ref().map(|fork| fork.of).filter(|of| shared.relay_lives(*of));
        let Some(port) = port else { return };
        self.warning = Some(warning(view, shared));
        let tone = shared.configuration.recording.tone;
        let parties = [
            (tone.recorded, ToneFor::Recorded, (&view.own, &view.far), view.side),
            (tone.other_party, ToneFor::OtherParty, (&view.far, &view.own), view.side.other()),
        ];
        for (wanted, to, (party, speaker), side) in parties {
            let place = (port, relay_side(side));
            // A phone that shows it makes no noise of it.
            if !wanted || knows_of_recording(&party.wrote) {
                self.stop_tone(place, shared, out);
                continue;
            }
            // What is not opened cannot be mixed with anything.
            let sealed = matches!(speaker.sealing, Sealing::Through(_) | Sealing::Unknown);
            let types = sdp::payload_types(party.wrote.as_bytes()).filter(|_| !sealed);
            let known = self.warned.iter().find(|warned| warned.place == place);
            if known.is_none() {
                shared.recordings.tones.begin(place);
            }
            if known.is_none_or(|known| known.sealed != sealed) {
                self.warned.retain(|warned| warned.place != place);
                self.warned.push(Warned { place, sealed });
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
            out.media(control::Command::Warn { port, side: place.1, tone: RECORDED, types });
        }
    }

    /// It asks for no tone any more.
    pub(super) fn stop_tones(&mut self, shared: &mut Shared, out: &mut Outbox) {
        while let Some(warned) = self.warned.first().copied() {
            self.stop_tone(warned.place, shared, out);
        }
    }

    fn stop_tone(&mut self, place: Place, shared: &mut Shared, out: &mut Outbox) {
        let Some(at) = self.warned.iter().position(|warned| warned.place == place) else { return };
        self.warned.remove(at);
        let (port, side) = place;
        // One that is gone plays nothing.
        if shared.recordings.tones.end(place) && shared.relay_lives(port) {
            out.media(control::Command::Warn { port, side, tone: RECORDED, types: None });
        }
    }
}

fn warning(view: &RecordedCall, shared: &Shared) -> Warning {
    let sealed = |party: &Recorded| matches!(party.sealing, Sealing::Through(_) | Sealing::Unknown);
    (shared.configuration.recording.tone, sealed(&view.own), sealed(&view.far))
}

/// What is heard; the same in all countries.
const RECORDED: Tone = Tone::National { country: Country::UnitedStates, tone: CallTone::Recording };
