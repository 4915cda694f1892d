//! What holds in every state of a call.

use std::net::IpAddr;
use std::sync::Arc;

use strowger_base::journal::Feature;
use strowger_base::leg::{
    AudioSource, Diversion, Elsewhere, FurtherDigits, Origin, Party, ReleaseReason, Target,
};
use strowger_base::{
    CallId, Cause, ConferenceId, Instant, LegId, LineName, Pii, SessionDescription, TimerHandle, WallTime,
};
use strowger_dialplan::codes::AcceptedCodes;
use strowger_dialplan::resources::Allocation;
use strowger_dialplan::{Caller, LaterHops};
use strowger_media::control::{PortId, PortKeys};
use strowger_media::srtp::KeyMaterial;

use super::between::Points;
use super::joined::Joiner;
use super::listening::Listening;
use super::own_keys::Security;
use super::paging::Page;
use super::parked::Place;
use super::participant::{Owes, Stage};
use super::pressing::Pressing;
use super::taking::RangAt;
use super::transcoding::Transcoding;
use super::way::{CallerMedia, Redirected, Way};
use crate::admission::Reserved;
use crate::beside::Carriers;
use crate::configuration::SrtpRule;
use crate::exchange::Side;
use crate::io::{MediaSecurity, Reach};
use crate::outlet::Outlet;
use crate::relay::Relay;

/// What holds in every state.
pub(crate) struct Facts {
    pub(crate) id: CallId,
    pub(crate) caller: LegId,
    pub(crate) origin: Origin,
    /// How far the calling device is.
    pub(super) caller_stage: Stage,
    /// What it owes to a call that it left.
    pub(super) caller_owes: Owes,
    /// Where the caller's packets come from, as far as that is known.
    pub(crate) address: Option<IpAddr>,
    /// Who calls, as others are shown.
    pub(crate) calling: Party,
    /// Who that is within the system, where a trunk is shown somebody else.
    pub(super) came: Option<Party>,
    /// The call's id in the caller's protocol, under which it may ask again.
    pub(super) protocol_call_id: Box<str>,
    /// The number as it was dialled.
    pub(crate) called: Box<str>,
    /// Whether and how the caller's device can tell more digits.
    pub(super) further_digits: FurtherDigits,
    /// It was asked to tell them.
    pub(super) collects_digits: bool,
    /// Nobody has seen it: its device named the position of a speed dial.
    pub(super) called_unseen: bool,
    /// Codes that came with the number.
    pub(super) supplied_codes: Pii<String>,
    /// Codes that were accepted.
    pub(super) codes: Option<Box<AcceptedCodes>>,
    /// The number as it entered the first pattern that decided.
    pub(super) translated: Box<str>,
    /// The number as it is sent on.
    pub(super) sent: Box<str>,
    /// The number that was reached last.
    pub(super) final_called: Box<str>,
    /// Who dials, as digit analysis knows it, until somebody has the call.
    pub(super) dials: Option<Arc<Caller>>,
    /// What the way the number was dialled leaves to the lookups after forwards.
    pub(super) later_hops: LaterHops,
    /// Who answered, as the caller is shown.
    pub(crate) connected: Option<Party>,
    pub(crate) started_at: WallTime,
    pub(crate) alerted_at: Option<WallTime>,
    pub(crate) answered_at: Option<WallTime>,
    /// The caller's offer, until somebody has the call.
    pub(super) offer: Option<SessionDescription>,
    /// What a caller without an offer is known to hear, until somebody has the call.
    pub(super) takes: Option<SessionDescription>,
    /// Whether the caller sits behind NAT, as its offer and its packets show.
    pub(super) caller_reach: Reach,
    /// Whether a device that is called sits behind NAT, as far as that is known.
    pub(super) called_reach: Reach,
    pub(super) caller_takes_reliable: bool,
    /// It takes RTP in answer to an offer of SRTP alone.
    pub(super) caller_falls_back: bool,
    pub(super) hops_remaining: u8,
    pub(super) diversions: Vec<Diversion>,
    /// The lines that are called and count this call.
    pub(crate) occupied: Vec<LineName>,
    /// The caller's line counts this call.
    pub(super) occupies_own: bool,
    /// What is tried now, and what comes next.
    pub(super) way: Way,
    /// Who sent the call on, when somebody did.
    pub(super) redirected: Option<Box<Redirected>>,
    /// What was agreed with the caller where the call was tried before.
    pub(super) caller_media: CallerMedia,
    pub(super) rung: Vec<Rung>,
    /// The called device asked for the call itself, and is not answered yet.
    pub(super) called_waits: bool,
    pub(super) to_caller: Outlet,
    pub(super) to_called: Outlet,
    pub(super) relay: Relay,
    /// What carries its streams beside the first audio stream.
    pub(super) beside: Carriers,
    /// With what the worker was last told to protect what passes that relay.
    pub(super) relay_keys: PortKeys,
    /// A relay is gone to which a side still sends.
    pub(super) relay_lost: bool,
    /// How often it was lost.
    pub(super) relay_losses: u8,
    /// What devices want in the way of their media.
    pub(super) points: Option<Box<Points>>,
    /// The annunciator that its caller hears before the answer, where any is configured.
    pub(super) annunciator: Option<Box<Allocation>>,
    /// What its caller hears of the pattern that blocked it.
    pub(super) blocked_by: Option<AudioSource>,
    /// The transcoder between the two sides, where there is one.
    pub(super) transcoding: Option<Box<Transcoding>>,
    /// How keys of SRTP are dealt with, where they do not just pass.
    pub(super) security: Option<Box<Security>>,
    /// When its pickup group is told of it, while it rings.
    pub(crate) notice: Option<(TimerHandle, Instant)>,
    /// Whether media is encrypted between caller and this leg, as was told last.
    pub(super) told_security: Option<([LegId; 2], MediaSecurity)>,
    /// What the devices that are called may do about keys.
    pub(super) called_rule: SrtpRule,
    /// What is known about keys that are pressed.
    pub(super) pressing: Pressing,
    /// It goes to an emergency service.
    pub(super) emergency: bool,
    /// What it has of the bandwidth between locations.
    pub(crate) reserved: Reserved,
    /// The call with which the conversation began, when that is another one.
    pub(super) conversation: Option<CallId>,
    /// Where its caller is parked.
    pub(super) parked: Option<Box<Place>>,
    /// Who hears its caller, when it is a page.
    pub(super) page: Option<Box<Page>>,
    /// Where it rang before whoever was to pick it up.
    pub(super) rang_at: Option<Box<RangAt>>,
    /// What brought its parties together, when not one of them called the other.
    pub(super) joined_by: Option<Feature>,
    /// What took a party of it away.
    pub(super) left_by: Option<Feature>,
    /// Who hears a service of ours in place of the other side.
    pub(super) listening: Option<Box<Listening>>,
    /// Whom a caller that came from another call was shown last.
    pub(super) shown_to_caller: Option<Party>,
    /// The device that joins, while there is no caller.
    pub(super) joins: Option<Box<Joiner>>,
    /// The conference to which the call goes.
    pub(super) sits: Option<ConferenceId>,
    /// What its caller is shown when a feature is done that it asked for.
    pub(crate) confirms: Option<Box<str>>,
    /// It is made for a transfer, whose party joins it when somebody is reached.
    pub(crate) transfers: Option<Transferring>,
    /// Its party is being transferred.
    pub(crate) transfer: Option<Transfer>,
    pub(super) timer: Option<(TimerHandle, Instant)>,
}

/// A call that is made for a transfer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Transferring {
    /// The call of which a party shall join.
    pub(crate) primary: CallId,
    /// The leg that transfers.
    pub(crate) by: LegId,
}

/// A transfer that is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Transfer {
    /// The leg that transfers.
    pub(crate) by: LegId,
    /// The call that is made to the one to whom it goes.
    pub(crate) secondary: CallId,
}

/// A leg that was rung.
pub(crate) struct Rung {
    pub(super) leg: LegId,
    pub(super) target: Target,
    pub(super) at: WallTime,
    pub(super) progress: Progress,
    /// An answer to the caller's offer that came before the device answered the call.
    pub(super) early: Option<SessionDescription>,
    /// What it was offered, where others that ring with it were offered something else.
    pub(super) apart: Option<Box<Apart>>,
    /// Where it wants the call sent that it is about to refuse.
    pub(super) elsewhere: Option<Box<Elsewhere>>,
}

/// What one of several devices was offered that ring.
pub(super) struct Apart {
    pub(super) outlet: Outlet,
    /// Keys of ours that it was told.
    pub(super) keys: Option<Box<[KeyMaterial]>>,
}

impl Rung {
    /// Whether it is a phone of this line.
    pub(super) fn is_of(&self, line: &LineName) -> bool {
        matches!(&self.target, Target::Phone { line: own, .. } if own == line)
    }
}

/// What became of a leg so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    Trying,
    Alerting,
    Answered,
    Withdrawn(Cause),
    Failed { cause: Cause, reason: ReleaseReason },
}

impl Progress {
    /// Whether the device refused what it was offered.
    pub(super) const fn refused_media(self) -> bool {
        matches!(self, Progress::Failed { reason: ReleaseReason::Refused(488 | 606 | 415), .. })
    }

    pub(super) const fn is_open(self) -> bool {
        match self {
            Progress::Trying | Progress::Alerting => true,
            Progress::Answered | Progress::Withdrawn(_) | Progress::Failed { .. } => false,
        }
    }
}

impl Facts {
    /// What the caller offered, until somebody has the call.
    pub(crate) const fn offer(&self) -> Option<&SessionDescription> {
        self.offer.as_ref()
    }

    /// What is known of what a caller hears that has not offered anything yet. Whoever takes its place brings something else.
    pub(super) fn takes(&self) -> Option<&SessionDescription> {
        self.takes.as_ref().filter(|_| self.caller_stage == Stage::Waits)
    }

    /// The device says what it hears where it makes no offer.
    pub(super) fn known_to_take(&mut self, takes: Option<SessionDescription>) {
        self.takes = takes.filter(|_| self.offer.is_none());
    }

    /// What is shown to the other side about a leg's media, by side.
    pub(super) const fn outlet(&mut self, to: Side) -> &mut Outlet {
        match to {
            Side::Caller => &mut self.to_caller,
            Side::Called => &mut self.to_called,
        }
    }

    pub(super) const fn relay_port(&self) -> Option<PortId> {
        match self.relay {
            Relay::None => None,
            Relay::Opening(port) => Some(port),
            Relay::Open(ports) => Some(ports.port),
        }
    }

    /// The relay and all that carries streams beside it.
    pub(super) fn relay_ports(&self) -> Vec<PortId> {
        self.relay_port().into_iter().chain(self.beside.ports()).collect()
    }

    /// What was rung with a leg.
    pub(super) fn rung_on(&self, leg: LegId) -> Option<&Target> {
        self.rung.iter().find(|rung| rung.leg == leg).map(|rung| &rung.target)
    }

    pub(super) fn rung_mut(&mut self, leg: LegId) -> Option<&mut Rung> {
        self.rung.iter_mut().find(|rung| rung.leg == leg)
    }
}
