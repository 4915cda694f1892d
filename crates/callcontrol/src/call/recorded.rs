//! What a recorder is to know of a call, and whether its media has to pass through us for that.

use strowger_base::leg::{Origin, Party, Target};
use strowger_base::recording::VoiceFlow;
use strowger_base::{CallId, LegId, SessionDescription, WallTime};
use strowger_media::control::PortId;
use strowger_media::sdp::{self, AudioSecurity, Wish};
use strowger_media::srtp::KeyMaterial;

use super::participant::{Device, conversation_of};
use super::permitting::Permit;
use super::session::Begun;
use super::{Call, Progress, State, Step};
use crate::Configuration;
use crate::exchange::{Exchange, Side};
use crate::features::recording::Conferee;
use crate::relay::Relay;

/// A call in which two parties have media, as one of them is recorded.
#[derive(Clone, Debug)]
pub(crate) struct RecordedCall {
    pub(crate) call: CallId,
    pub(crate) conversation: CallId,
    pub(crate) answered_at: WallTime,
    /// On which side the recorded party is.
    pub(crate) side: Side,
    pub(crate) own: Recorded,
    pub(crate) far: Recorded,
    pub(crate) flow: VoiceFlow,
    /// Where the other party is a seat of a conference, those who are heard there.
    pub(crate) conferees: Option<Vec<Conferee>>,
    /// The relay; `None` when media does not pass through us.
    pub(crate) relay: Option<PortId>,
}

/// One of its parties.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) leg: LegId,
    pub(crate) party: Party,
    /// What it wrote last: how it is spoken to.
    pub(crate) wrote: SessionDescription,
    /// What it was told: how it speaks.
    pub(crate) told: SessionDescription,
    pub(crate) sealing: Sealing,
}

/// How what a party says is protected on its way to the relay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Sealing {
    /// It is not.
    Clear,
    /// With keys of this server: the relay opens it.
    ToRelay,
    /// With a key that the other party has as well: the relay lets it pass as it is.
    Through(KeyMaterial),
    /// With keys that nobody told us.
    Unknown,
}

impl Sealing {
    fn of(wrote: &SessionDescription, told: &SessionDescription, ends_here: bool) -> Self {
        let wish = |text: &SessionDescription| AudioSecurity::of(text.as_bytes()).wish;
        // Keys that only one of the two wrote are an offer that nobody took.
        if wish(wrote) == Wish::Clear || wish(told) == Wish::Clear {
            return Sealing::Clear;
        }
        if ends_here {
            return Sealing::ToRelay;
        }
        sdp::sent_key(wrote.as_bytes(), told.as_bytes()).map_or(Sealing::Unknown, Sealing::Through)
    }
}

impl Recorded {
    /// Whether its media is encrypted on its way between it and us.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.sealing != Sealing::Clear
    }
}

impl Call {
    /// The two legs of a call that is answered, each with whose device it is.
    pub(crate) fn devices(&self) -> Vec<(LegId, Origin)> {
        let caller = self.facts.caller;
        let both = [Some(caller), self.other(caller)];
        let devices = both.into_iter().flatten().filter_map(|leg| Some((leg, self.origin_of(leg)?)));
        if self.is_talking() { devices.collect() } else { Vec::new() }
    }

    /// The call as this party of it is recorded; `None` while there is nothing to record.
    pub(crate) fn recorded(&self, leg: LegId) -> Option<RecordedCall> {
        let State::Talking(talking) = &self.state else { return None };
        let session = &talking.session;
        // While something is offered, what one of them wrote is not yet what the other one was told.
        let agreed = session.begun == Begun::Yes && session.exchange == Exchange::Settled;
        let settled = self.is_talking() && talking.joining.is_none() && agreed;
        let relay = match self.facts.relay {
            // It takes another way as soon as nothing is open any more.
            Relay::None if self.facts.relay_lost => return None,
            Relay::None => None,
            Relay::Opening(_) => return None,
            Relay::Open(ports) => Some(ports.port),
        };
        let facts = &self.facts;
        let side = if leg == facts.caller { Side::Caller } else { Side::Called };
        let party = |side: Side| -> Option<Recorded> {
            let (leg, party, to, from) = match side {
                Side::Caller => (facts.caller, Some(&facts.calling), &facts.to_caller, &facts.to_called),
                Side::Called => {
                    (session.called, facts.connected.as_ref(), &facts.to_called, &facts.to_caller)
                }
            };
            // Who waits was told last what a service of ours wrote, and not what the other one did.
            let wrote = match &facts.listening {
                Some(_) => to.said().map(|said| &said.last).or(from.source())?.clone(),
                None => from.source()?.clone(),
            };
            let told = to.sent()?.clone();
            let ends_here = facts.ends_at_relay(side);
            let sealing = Sealing::of(&wrote, &told, ends_here);
            Some(Recorded { leg, party: party.cloned().unwrap_or_default(), wrote, told, sealing })
        };
        if !settled {
            return None;
        }
        let held = session.is_held() || facts.listening.is_some();
        Some(RecordedCall {
            call: facts.id,
            conversation: conversation_of(facts),
            answered_at: facts.answered_at?,
            side,
            own: party(side)?,
            far: party(side.other())?,
            flow: if held { VoiceFlow::Held } else { VoiceFlow::Heard },
            // That is no matter of one call.
            conferees: None,
            relay,
        })
    }
}

impl RecordedCall {
    /// Between which locations the copies of both parties go, from the device of the recorded one to a trunk, and what they take, in kbit/s.
    /// `None` when that is nothing.
    pub(crate) fn takes(
        &self,
        device: &Origin,
        trunk: &str,
        configuration: &Configuration,
    ) -> Option<(String, String, u32)> {
        if !configuration.admission.in_use {
            return None;
        }
        let from = configuration.site_of_origin(device, None);
        let to = configuration.site_of_origin(&Origin::Trunk(trunk.into()), None);
        let permit = Permit::between(&configuration.admission, &from, &to);
        let kbps: u32 =
            [&self.own, &self.far].into_iter().map(|party| permit.first(party.told.as_bytes()).0).sum();
        (from.location() != to.location())
            .then(|| (from.location().to_owned(), to.location().to_owned(), kbps))
    }
}

impl Step<'_> {
    /// Whether somebody who is in the call, or may come into it, may be recorded: then its media passes through us.
    pub(super) fn may_be_recorded(&self, targets: &[Target]) -> bool {
        let configuration = &self.shared.configuration;
        if configuration.recording.profiles.is_empty() {
            return false;
        }
        self.any_party(targets, |device| configuration.recording_of(device).is_some())
    }

    /// Whether this holds for somebody who is in the call, or may come into it.
    pub(crate) fn any_party(&self, targets: &[Target], holds: impl Fn(&Origin) -> bool) -> bool {
        let rings = |rung: &&super::Rung| rung.progress.is_open() || rung.progress == Progress::Answered;
        let rung = self.facts.rung.iter().filter(rings).map(|rung| &rung.target);
        let mut called = rung.chain(targets).filter_map(|target| Device::Called(target.clone()).origin());
        holds(&self.facts.origin) || called.any(|device| holds(&device))
    }
}
