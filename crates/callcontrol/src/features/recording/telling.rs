//! What a recorder is told of a conversation, and when.

use std::cmp::Ordering;
use std::net::SocketAddr;
use std::sync::Arc;

use strowger_base::journal::{RecordingChange, RecordingNews};
use strowger_base::leg::{KeySignalling, Ring, RingStyle, SrtpOffer, Target};
use strowger_base::recording::{RecordedParty, VoiceFlow};
use strowger_base::{Cause, Command, Media, Now, RecordingMetadata, SessionDescription, limits};
use strowger_media::sdp::{self, Flows, RecordedStream};

use super::session::{After, PATIENCE, Recorder, Recording};
use crate::call::{Recorded, RecordedCall};
use crate::exchange::Side;
use crate::io::{Outbox, Output};
use crate::shared::Shared;

/// What the recorder was told last.
#[derive(Debug)]
pub(super) struct Told {
    /// What it was offered, with no version.
    pub(super) offer: SessionDescription,
    pub(super) metadata: Arc<RecordingMetadata>,
}

impl Told {
    /// Whether it was offered streams that flow.
    pub(super) fn flows(&self) -> bool {
        self.metadata.own.flow == VoiceFlow::Heard
    }
}

impl Recording {
    /// Calls the recorder, or tells it what is different now.
    pub(super) fn tell(
        &mut self,
        now: Now,
        view: &RecordedCall,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> After {
        if self.far.0 != view.far.leg {
            self.far = (view.far.leg, now.wall);
        }
        self.meet(now, view);
        let (waits, runs) = match self.recorder {
            Recorder::Absent => (self.timer.is_some(), None),
            Recorder::Runs(leg) => (false, Some(leg)),
            Recorder::Called(_) | Recorder::Told(_) | Recorder::GivenUp(_) => (true, None),
        };
        let from = self.fork.as_ref().and_then(|fork| fork.from);
        let Some(from) = from.filter(|_| !waits) else { return After::GoesOn };
        if runs.is_none() && !self.admit(now, view, shared, out) {
            return self.later(now, Cause::OUT_OF_BANDWIDTH, shared, out);
        }
        let metadata = self.metadata(view);
        let offer = self.offer(view, from, 0, shared);
        let same = |told: &Told| told.offer == offer && *told.metadata == metadata;
        let is_same = self.told.as_ref().is_some_and(same);
        // What it refused it is told again, after a while.
        let rests = !self.refused || self.timer.is_some();
        if rests && is_same && !self.again {
            return After::GoesOn;
        }
        self.cancel_timer(shared);
        (self.refused, self.again) = (false, false);
        let metadata = Arc::new(metadata);
        let told = Told { offer: offer.clone(), metadata: Arc::clone(&metadata) };
        let before = self.told.replace(told).map(|told| told.metadata);
        let offer = self.versioned(view, from, shared);
        match runs {
            Some(leg) => {
                let change =
                    if is_same { RecordingChange::Asked } else { change(before.as_deref(), &metadata) };
                self.news(now, RecordingNews::Changed(change), out);
                out.command(leg, Command::Records(Media::Offer(offer), metadata));
                self.recorder = Recorder::Told(leg);
                After::GoesOn
            }
            None => self.call_recorder(now, view, (offer, metadata), shared, out),
        }
    }

    fn call_recorder(
        &mut self,
        now: Now,
        view: &RecordedCall,
        (offer, metadata): (SessionDescription, Arc<RecordingMetadata>),
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> After {
        let leg = shared.leg_ids.allocate();
        let (trunk, number) = (&*self.way.trunk, &*self.way.number);
        let news = RecordingNews::Begins { trunk, number, because: self.because };
        self.news(now, news, out);
        let ring = Ring {
            target: Target::Trunk(self.way.trunk.clone()),
            calling: view.own.party.clone(),
            called: self.way.number.clone(),
            media: Media::Offer(offer),
            hops_remaining: limits::MAX_FORWARDS,
            reliable_provisional: false,
            diversions: Vec::new(),
            srtp: SrtpOffer::Clear,
            style: RingStyle::default(),
            records: Some(metadata),
            takes: None,
            keys: KeySignalling::default(),
        };
        out.items.push(Output::Joined { leg, call: self.call });
        out.command(leg, Command::Ring(Box::new(ring)));
        self.recorder = Recorder::Called(leg);
        self.set_timer(now, PATIENCE, shared);
        After::Calls(leg)
    }

    fn metadata(&self, view: &RecordedCall) -> RecordingMetadata {
        let party = |it: &Recorded, since| RecordedParty {
            leg: it.leg,
            party: it.party.clone(),
            since,
            until: None,
            flow: view.flow,
        };
        RecordingMetadata {
            call: view.call,
            conversation: view.conversation,
            started_at: view.answered_at,
            since: self.since,
            own: party(&view.own, self.since),
            far: party(&view.far, self.far.1),
            conferees: self.conferees.clone(),
        }
    }

    /// What the recorder is offered, of a new version only when it differs from what was written last (RFC 3264 §8).
    fn versioned(
        &mut self,
        view: &RecordedCall,
        from: (SocketAddr, SocketAddr),
        shared: &Shared,
    ) -> SessionDescription {
        let same = self.offer(view, from, self.version, shared);
        if self.said.as_ref() == Some(&same) {
            return same;
        }
        self.version += 1;
        let offer = self.offer(view, from, self.version, shared);
        self.said = Some(offer.clone());
        offer
    }

    /// Who writes our descriptions.
    pub(super) fn origin(&self, version: u64, shared: &Shared) -> sdp::Origin {
        let session_id = self.party.number << 2 | 3;
        sdp::Origin { session_id, version, address: shared.configuration.address }
    }

    /// What the recorder is offered, of this version.
    pub(super) fn offer(
        &self,
        view: &RecordedCall,
        (a, b): (SocketAddr, SocketAddr),
        version: u64,
        shared: &Shared,
    ) -> SessionDescription {
        let flows = if view.flow == VoiceFlow::Heard { Flows::Yes } else { Flows::No };
        let (own, far) = match view.side {
            Side::Caller => (a, b),
            Side::Called => (b, a),
        };
        let [own_keys, far_keys] = self.keys.as_ref().map_or([&[][..], &[][..]], |[own, far]| [own, far]);
        let parties = [(&view.own, own, own_keys), (&view.far, far, far_keys)];
        let streams = parties.map(|(party, from, keys)| RecordedStream {
            from,
            heard_by: party.told.as_bytes(),
            said_by: party.wrote.as_bytes(),
            flows,
            keys,
        });
        sdp::offer_to_recorder(&self.origin(version, shared), &streams)
    }
}

/// What of a conversation is different, as the story tells it.
fn change(before: Option<&RecordingMetadata>, now: &RecordingMetadata) -> RecordingChange {
    let Some(before) = before else { return RecordingChange::Media };
    let here = |told: &RecordingMetadata| told.conferees.iter().filter(|it| it.until.is_none()).count();
    match here(before).cmp(&here(now)) {
        _ if before.call != now.call => {}
        Ordering::Less => return RecordingChange::Came,
        Ordering::Greater => return RecordingChange::Left,
        Ordering::Equal => {}
    }
    if (before.call, before.far.leg, &before.far.party) != (now.call, now.far.leg, &now.far.party) {
        return RecordingChange::Parties;
    }
    match (before.own.flow, now.own.flow) {
        (VoiceFlow::Heard, VoiceFlow::Held) => RecordingChange::Held,
        (VoiceFlow::Held, VoiceFlow::Heard) => RecordingChange::Resumed,
        (VoiceFlow::Heard, VoiceFlow::Heard) | (VoiceFlow::Held, VoiceFlow::Held) => RecordingChange::Media,
    }
}
