//! A party on its way from one call to another: its leg, whose device that is, and what it was told about media.

use std::net::IpAddr;

use strowger_base::journal::{Decision, Feature, Moved, ReleasedBy, WhyEnded, WhyOfferRefused, WhyReleased};
use strowger_base::leg::{BindingId, Origin, Party, Target};
use strowger_base::{CallId, Cause, LegId, LineName, Now};

use super::joining::{First, Joining};
use super::{Call, Facts, Progress, State, Step};
use crate::exchange::{Exchange, Side};
use crate::io::{Outbox, Reach};
use crate::outlet::Outlet;
use crate::shared::Shared;

/// How far the calling device is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// Its wish for a call is not answered yet.
    Waits,
    /// It is in an answered call already, so that it is shown and offered what others are answered with.
    Up,
    /// There is none: the call is made for somebody who joins it later.
    Absent,
}

/// What a party owes that left a call.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Owes {
    #[default]
    Nothing,
    /// It was offered something.
    Answer,
    /// It was asked for an offer.
    Offer,
}

/// A party that left a call.
#[derive(Debug)]
pub(crate) struct Participant {
    pub(crate) leg: LegId,
    pub(crate) device: Device,
    /// Who it is to others.
    pub(crate) party: Party,
    /// Where its packets come from, as far as that is known.
    pub(crate) address: Option<IpAddr>,
    pub(crate) reach: Reach,
    /// What it was told about media.
    pub(crate) outlet: Outlet,
    /// What it owes to the one with whom it talked before.
    pub(crate) owes: Owes,
    /// Its call was to an emergency service: it is not held to what other calls are.
    pub(crate) emergency: bool,
    /// The line that counted it.
    pub(crate) line: Option<LineName>,
}

/// Whose device a party has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Device {
    /// It called.
    Calling(Origin),
    /// It was called.
    Called(Target),
}

impl Device {
    /// As a device that calls; `None` for a service of ours, which never does.
    pub(crate) fn origin(&self) -> Option<Origin> {
        match self {
            Device::Calling(origin) => Some(origin.clone()),
            Device::Called(Target::Phone { line, phone, .. }) => {
                Some(Origin::Line { line: line.clone(), phone: phone.clone() })
            }
            Device::Called(Target::Trunk(name)) => Some(Origin::Trunk(name.clone())),
            Device::Called(Target::Service(_)) => None,
        }
    }

    /// As a device that was called. Which contact a calling phone is, nobody asked.
    pub(crate) fn target(&self) -> Target {
        match self {
            Device::Called(target) => target.clone(),
            Device::Calling(Origin::Line { line, phone }) => {
                Target::Phone { line: line.clone(), phone: phone.clone(), binding: BindingId::UNKNOWN }
            }
            Device::Calling(Origin::Trunk(name)) => Target::Trunk(name.clone()),
        }
    }
}

impl Call {
    /// Whether both its parties are in it and know so.
    pub(crate) const fn is_talking(&self) -> bool {
        matches!(self.state, State::Talking(_))
            // Nobody else comes in the place of who speaks in a page.
            && self.facts.page.is_none()
            && matches!(self.facts.caller_stage, Stage::Up)
            && !self.facts.called_waits
    }

    /// The device of a leg of an answered call, as one that calls.
    pub(crate) fn origin_of(&self, leg: LegId) -> Option<Origin> {
        if leg == self.facts.caller {
            return Some(self.facts.origin.clone());
        }
        Device::Called(self.facts.rung_on(leg)?.clone()).origin()
    }

    /// Who has a leg of an answered call.
    pub(crate) fn party_of(&self, leg: LegId) -> Option<Party> {
        if leg == self.facts.caller {
            Some(self.facts.caller_within().clone())
        } else {
            self.facts.connected.clone()
        }
    }

    /// The other leg of an answered call.
    pub(crate) fn other(&self, leg: LegId) -> Option<LegId> {
        let State::Talking(talking) = &self.state else { return None };
        let called = talking.called();
        if leg == self.facts.caller { Some(called) } else { (leg == called).then_some(self.facts.caller) }
    }

    /// Takes the party out that is not `leg`, and ends the call: `leg` is released when it is still there. The call goes on as
    /// `to`.
    pub(crate) fn hand_over(
        &mut self,
        now: Now,
        leg: LegId,
        moved: Moved,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Option<Participant> {
        let staying = self.other(leg)?;
        let State::Talking(talking) = std::mem::replace(&mut self.state, State::Ended) else { return None };
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let side = if staying == step.facts.caller { Side::Caller } else { Side::Called };
        let listens = step.listens(side);
        let owes = match (talking.joining, talking.resumes) {
            (Some(joining), _) => step.leave_joining(joining, side, staying),
            (None, Some((by, _))) if by == side => {
                step.refuse_media(staying, WhyOfferRefused::OtherNotReady);
                Owes::Nothing
            }
            (None, _) if listens => Owes::Nothing,
            (None, _) => step.settle(talking.session.exchange, side, staying),
        };
        let owes = if listens && owes == Owes::Nothing { step.leave_service(staying) } else { owes };
        let participant = step.facts.participant(side, staying, owes);
        step.decide(Some(staying), Decision::PartyMoved(moved));
        // It lives on in another call, so nothing that ends here may touch it.
        step.shared.legs.remove(&staying);
        step.release(leg, Cause::NORMAL_CALL_CLEARING, WhyReleased::MovedOn(moved.feature));
        step.facts.left_by = Some(moved.feature);
        self.state = step.end(Cause::CALL_SPLIT, ReleasedBy::System, WhyEnded::MovedOn(moved.feature));
        Some(participant)
    }
}

impl Step<'_> {
    /// The party for which the call was made is in it from here on.
    pub(super) fn arrived(&mut self, party: &Participant) {
        self.shared.counters.begun += 1;
        self.adopt(party.leg);
        self.count(party.line.as_ref());
    }

    /// A party leaves a call before it was given to the other one; what it owes is still the same.
    fn leave_joining(&mut self, joining: Joining, side: Side, leg: LegId) -> Owes {
        match (side, joining.first) {
            (Side::Caller, _) => std::mem::take(&mut self.facts.caller_owes),
            // It was rung for somebody who has not come, and is to stay.
            (Side::Called, First::Called(own)) if self.facts.caller_stage == Stage::Absent => {
                self.answer_idle(leg, &own);
                joining.called_owes
            }
            (Side::Called, First::Called(_)) => {
                self.refuse_media(leg, WhyOfferRefused::OtherNotReady);
                joining.called_owes
            }
            (Side::Called, First::Both { called: own, .. }) => {
                self.answer_idle(leg, &own);
                joining.called_owes
            }
            (Side::Called, First::Caller(_) | First::Asked | First::AskedCaller) => joining.called_owes,
        }
    }

    /// Closes what is open between the parties of a call that one of them leaves; true when what that one still owes.
    pub(super) fn settle(&mut self, exchange: Exchange, side: Side, leg: LegId) -> Owes {
        if let Some(owes) = self.settle_before_relay(side, leg) {
            return owes;
        }
        match exchange {
            Exchange::Settled | Exchange::Awaited => Owes::Nothing,
            Exchange::Offered(by) | Exchange::Requested(by) if by == side => {
                // Whoever it asked is not there any more.
                self.refuse_media(leg, WhyOfferRefused::OtherNotReady);
                Owes::Nothing
            }
            Exchange::Sought { of, .. } if of == side => Owes::Offer,
            Exchange::Repaired(by) if by != side => Owes::Answer,
            Exchange::Sought { .. } | Exchange::Repaired(_) => Owes::Nothing,
            Exchange::Offered(_) => Owes::Answer,
            Exchange::Requested(_) => Owes::Offer,
        }
    }
}

impl super::Call {
    /// Whether it goes to an emergency service.
    pub(crate) const fn is_emergency(&self) -> bool {
        self.facts.emergency
    }
}

impl Facts {
    /// A call of its own for a party that was in another one: it called `called`, as it were.
    pub(super) fn of_moved(
        now: Now,
        id: CallId,
        party: &Participant,
        called: &str,
        (feature, conversation): (Feature, CallId),
    ) -> Facts {
        let origin = party.device.origin().unwrap_or(Origin::Trunk(Box::default()));
        let mut facts = Facts {
            called: called.into(),
            translated: called.into(),
            sent: called.into(),
            final_called: called.into(),
            joined_by: Some(feature),
            conversation: Some(conversation),
            ..Facts::blank(now, id, party.leg, origin)
        };
        facts.seat_caller(party);
        facts
    }

    /// The party of one side, as it leaves the call.
    pub(super) fn participant(&mut self, side: Side, leg: LegId, owes: Owes) -> Participant {
        let (outlet, emergency) = (self.outlet(side).clone(), self.emergency);
        match side {
            Side::Caller => Participant {
                leg,
                device: Device::Calling(self.origin.clone()),
                party: self.caller_within().clone(),
                address: self.address,
                reach: self.caller_reach,
                outlet,
                owes,
                emergency,
                line: match &self.origin {
                    Origin::Line { line, .. } => Some(line.clone()),
                    Origin::Trunk(_) => None,
                },
            },
            Side::Called => {
                let target = self.rung_on(leg).cloned();
                Participant {
                    leg,
                    line: match &target {
                        Some(Target::Phone { line, .. }) => Some(line.clone()),
                        Some(Target::Trunk(_) | Target::Service(_)) | None => None,
                    },
                    device: target.map_or_else(|| Device::Calling(self.origin.clone()), Device::Called),
                    party: self.connected.clone().unwrap_or_default(),
                    address: None,
                    reach: self.called_reach,
                    outlet,
                    owes,
                    emergency,
                }
            }
        }
    }

    /// Who calls, as devices of ours are shown: what a route makes of that is for its trunk.
    pub(crate) fn caller_within(&self) -> &Party {
        self.came.as_ref().unwrap_or(&self.calling)
    }

    /// A party takes the called side of an answered call.
    pub(super) fn seat_called(&mut self, now: Now, participant: &Participant) {
        self.rung.push(super::Rung {
            leg: participant.leg,
            target: participant.device.target(),
            at: now.wall,
            progress: Progress::Answered,
            early: None,
            apart: None,
            elsewhere: None,
        });
        self.connected = Some(participant.party.clone());
        self.called_reach = participant.reach;
        self.to_called = participant.outlet.clone();
        self.emergency |= participant.emergency;
    }

    /// A party that is in an answered call already takes the calling side. Who would move a service of ours there is refused before.
    pub(super) fn seat_caller(&mut self, participant: &Participant) {
        let Some(origin) = participant.device.origin() else {
            return strowger_base::never!("a service of ours was made to call");
        };
        self.caller = participant.leg;
        // What a former caller was shown is no display of this one.
        self.shown_to_caller = None;
        self.caller_stage = Stage::Up;
        self.caller_owes = participant.owes;
        self.origin = origin;
        (self.calling, self.came) = (participant.party.clone(), None);
        self.address = participant.address;
        self.caller_reach = participant.reach;
        (self.caller_takes_reliable, self.caller_falls_back) = (false, false);
        self.to_caller = participant.outlet.clone();
        self.emergency |= participant.emergency;
    }
}

/// The first call of a conversation: that of the parties that meet, or the call itself.
pub(crate) fn conversation_of(facts: &Facts) -> CallId {
    facts.conversation.unwrap_or(facts.id)
}
