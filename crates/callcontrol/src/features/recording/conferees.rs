//! Who is heard where a recorded party talks in a conference: each of the others is told by itself, though all are in one stream.

use strowger_base::leg::{Mute, Party};
use strowger_base::recording::{RecordedParty, VoiceFlow};
use strowger_base::{ConferenceId, LegId, Now, limits};

use super::session::Recording;
use crate::CallControl;
use crate::call::RecordedCall;
use crate::shared::Asked;

/// Another party of a conference.
#[derive(Clone, Debug)]
pub(crate) struct Conferee {
    /// Its leg, not that of its seat.
    pub(crate) leg: LegId,
    pub(crate) party: Party,
    pub(crate) mute: Mute,
}

impl CallControl {
    /// The others of the conference that a party talks to through this seat; `None` when it is none.
    pub(super) fn conferees_beside(&self, seat: LegId) -> Option<Vec<Conferee>> {
        let seated = self.shared.conferences.beside(seat)?;
        let conferee = |(seat, mute): (LegId, Mute)| {
            let call = self.calls.get(self.shared.legs.get(&seat)?)?;
            let leg = call.other(seat)?;
            Some(Conferee { leg, party: call.facts.calling.clone(), mute })
        };
        Some(seated.filter_map(conferee).collect())
    }

    /// Somebody came into a conference, left it or is muted: whoever is recorded there has that told.
    pub(in crate::features) fn conference_changed(&mut self, id: ConferenceId) {
        if self.shared.recordings.len() == 0 {
            return;
        }
        let legs = &self.shared.legs;
        let calls = self.shared.conferences.seats_of(id).filter_map(|seat| legs.get(&seat).copied());
        let asked: Vec<Asked> = calls.map(|call| Asked::Recordings { call }).collect();
        self.shared.asked.extend(asked);
    }
}

impl Recording {
    /// Brings what is known of the others in a conference in line with who is there.
    pub(super) fn meet(&mut self, now: Now, view: &RecordedCall) {
        let Some(present) = &view.conferees else { return self.conferees.clear() };
        for known in self.conferees.iter_mut().filter(|known| known.until.is_none()) {
            if !present.iter().any(|conferee| conferee.leg == known.leg) {
                (known.until, known.flow) = (Some(now.wall), VoiceFlow::Held);
            }
        }
        for conferee in present.iter().take(limits::RECORDED_CONFEREES) {
            let flow = if conferee.mute == Mute::On { VoiceFlow::Held } else { view.flow };
            let mut here = self.conferees.iter_mut().filter(|known| known.until.is_none());
            match here.find(|known| known.leg == conferee.leg) {
                Some(known) => (known.party, known.flow) = (conferee.party.clone(), flow),
                None => {
                    let party = conferee.party.clone();
                    let since = now.wall;
                    self.conferees.push(RecordedParty { leg: conferee.leg, party, since, until: None, flow });
                }
            }
        }
        // Those who left first are told no more where that are many.
        while self.conferees.len() > limits::RECORDED_CONFEREES {
            let Some(left) = self.conferees.iter().position(|known| known.until.is_some()) else { break };
            self.conferees.remove(left);
        }
    }
}
