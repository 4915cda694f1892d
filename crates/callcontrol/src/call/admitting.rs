//! Whether a call may have its media: before anything rings, codecs and bandwidth are looked at for each device.
//!
//! What is taken is what the call may need most; once a codec is agreed, it is what that needs. It is kept while somebody holds,
//! so that the one who is held can always be taken back, and goes back when the call ends or its parties go on elsewhere.

use std::sync::Arc;

use strowger_base::journal::{
    Admission as News, Codecs, Decision, ReleasedBy, WhyEnded, WhyRefused, WhyReleased,
};
use strowger_base::leg::{ReleaseReason, Target};
use strowger_base::{Cause, LegId, Now, SessionDescription};

use super::permitting::Permit;
use super::way::{Tried, Way};
use super::{Call, Progress, State, Step};
use crate::admission::{NoRoom, Rate, Reserved};
use crate::configuration::Site;
use crate::exchange::Side;
use crate::failure::Failure;
use crate::io::Outbox;
use crate::shared::Shared;

/// Why no device of those that a call would ring may be rung.
pub(super) enum NotAdmitted {
    /// There is no bandwidth.
    NoRoom(NoRoom),
    /// Regions leave none of the caller's codecs.
    NoCodec {
        from: Option<Arc<str>>,
        to: Option<Arc<str>>,
        kbps_max: u16,
        offered: String,
        /// What they would permit.
        permitted: String,
    },
}

impl NotAdmitted {
    pub(super) const fn cause(&self) -> Cause {
        match self {
            NotAdmitted::NoRoom(_) => Cause::OUT_OF_BANDWIDTH,
            NotAdmitted::NoCodec { .. } => Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED,
        }
    }

    fn why(&self) -> WhyRefused<'_> {
        match self {
            NotAdmitted::NoRoom(room) => WhyRefused::NoBandwidth(room.view()),
            NotAdmitted::NoCodec { from, to, kbps_max, offered, permitted } => WhyRefused::NoCodec(Codecs {
                from: from.as_deref().unwrap_or_default(),
                to: to.as_deref().unwrap_or_default(),
                kbps_max: *kbps_max,
                offered,
                left: permitted,
            }),
        }
    }
}

impl Call {
    /// Whether its caller could talk with this device, once what the call has of bandwidth is given back.
    pub(crate) fn has_room_for(
        &mut self,
        now: Now,
        target: &Target,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> bool {
        let step = Step { now, facts: &mut self.facts, shared, out };
        let Some((caller, called)) = step.sites(target) else { return true };
        let (from, to) = (caller.location(), called.location());
        if from == to {
            return true;
        }
        let admission = Arc::clone(&step.shared.configuration.admission);
        let kbps = step.needs_for(&Permit::between(&admission, &caller, &called), (target, Progress::Trying));
        step.shared.bandwidth.has_room_without(
            &step.facts.reserved,
            &admission,
            (from, to),
            Rate::Speech(kbps),
        )
    }
}

impl Step<'_> {
    /// Those of the devices that may be rung; bandwidth is taken for them, and what was taken for others before is given back.
    pub(super) fn admit(&mut self, targets: Vec<Target>) -> Result<Vec<Target>, NotAdmitted> {
        self.offer_what_is_known(&targets);
        self.give_back_transcoder();
        if !self.shared.configuration.admission.in_use {
            return Ok(targets);
        }
        self.give_back_bandwidth();
        let offer = self.offered().or_else(|| self.facts.takes().cloned());
        let mut refused = None;
        let mut admitted = Vec::with_capacity(targets.len());
        // What stands in the way of several devices alike is looked for, and told, once.
        let mut in_vain = Vec::new();
        let configuration = Arc::clone(&self.shared.configuration);
        for target in targets {
            let kind = (self.sites(&target).map(|sites| sites.1), configuration.media_of_target(&target).1);
            if in_vain.contains(&kind) {
                continue;
            }
            match self.admit_one(&target, offer.as_ref()) {
                Ok(()) => admitted.push(target),
                // Bandwidth is what another way may have.
                Err(why @ NotAdmitted::NoRoom(_)) => refused = Some(why),
                Err(why @ NotAdmitted::NoCodec { .. }) => {
                    in_vain.push(kind);
                    refused = refused.or(Some(why));
                }
            }
        }
        match refused {
            Some(why) if admitted.is_empty() => Err(why),
            Some(_) | None => Ok(admitted),
        }
    }

    fn admit_one(&mut self, target: &Target, offer: Option<&SessionDescription>) -> Result<(), NotAdmitted> {
        let Some(sites) = self.sites(target) else { return Ok(()) };
        let admission = Arc::clone(&self.shared.configuration.admission);
        let permit = Permit::between(&admission, &sites.0, &sites.1);
        let left = offer.and_then(|offer| Some((offer, permit.leaves_nothing_of(offer)?)));
        if let Some((offer, (kbps_max, offered, permitted))) = left {
            if permit.leaves_some_of_ours() && self.reaches_through_transcoder(target, (Side::Caller, offer))
            {
                let most = permit.most(None);
                return self.take_bandwidth(&sites, most).map_err(NotAdmitted::NoRoom);
            }
            let (from, to) = (sites.0.region, sites.1.region);
            let why = NotAdmitted::NoCodec { from, to, kbps_max, offered, permitted };
            if let WhyRefused::NoCodec(codecs) = why.why() {
                let caller = self.facts.caller;
                self.decide(Some(caller), Decision::Admission(News::NoCodecLeft(codecs)));
            }
            return Err(why);
        }
        let kbps = match offer {
            Some(_) => permit.most(offer),
            None => self.needs_for(&permit, (target, Progress::Trying)),
        };
        self.take_bandwidth(&sites, kbps).map_err(NotAdmitted::NoRoom)
    }

    /// Takes bandwidth between two sites; once between the same locations.
    fn take_bandwidth(&mut self, (caller, called): &(Site, Site), kbps: u32) -> Result<(), NoRoom> {
        let (from, to) = (caller.location(), called.location());
        if from == to {
            return Ok(());
        }
        if let Some(before) = self.facts.reserved.kbps(to) {
            // Another device of the place may need more than those before it: one of them will have the call.
            return if kbps > before { self.change_bandwidth(from, to, (before, kbps), "") } else { Ok(()) };
        }
        let admission = Arc::clone(&self.shared.configuration.admission);
        if let Some(joins) = &self.facts.joins {
            let has_room = |without: &Reserved| {
                self.shared.bandwidth.has_room_without(without, &admission, (from, to), Rate::Speech(kbps))
            };
            // The party that joins brings it along: it is taken then, in place of what its present call has.
            if !has_room(&Reserved::default()) && has_room(&joins.has) {
                return Ok(());
            }
        }
        let taken =
            self.shared.bandwidth.take(&admission, &mut self.facts.reserved, (from, to), Rate::Speech(kbps));
        let news = match &taken {
            Ok(()) => News::BandwidthTaken { from, to, kbps },
            Err(missing) => {
                self.shared.counters.without_bandwidth += 1;
                News::BandwidthMissing(missing.view())
            }
        };
        self.decide(None, Decision::Admission(news));
        taken
    }

    /// Gives back all that the call has of bandwidth.
    pub(super) fn give_back_bandwidth(&mut self) {
        self.shared.bandwidth.give_back(&mut self.facts.reserved, None);
    }

    /// A device has the call: what was taken for others is given back.
    pub(super) fn keep_bandwidth_of(&mut self, leg: LegId) {
        let Some((caller, called)) = self.facts.rung_on(leg).and_then(|target| self.sites(target)) else {
            return;
        };
        let keeps = match self.facts.reserved.kbps(called.location()) {
            Some(_) => Some(called.location()),
            // Within one place nothing is taken.
            None if caller.location() == called.location() => None,
            // A device that has moved meanwhile took its bandwidth where it was, and nobody knows which of it that is: all is kept.
            None => return,
        };
        self.shared.bandwidth.give_back(&mut self.facts.reserved, keeps);
    }

    /// An offer of an answered call may need more than the call has: takes as much as there is room for.
    pub(super) fn make_room_for(
        &mut self,
        (caller, called): &(Site, Site),
        offer: Option<&SessionDescription>,
    ) {
        let to = called.location();
        let Some(before) = self.facts.reserved.kbps(to) else { return };
        let admission = Arc::clone(&self.shared.configuration.admission);
        let kbps = Permit::between(&admission, caller, called).most(offer);
        if kbps > before {
            // Without room for more the offer is cut down to what there is.
            _ = self.change_bandwidth(caller.location(), to, (before, kbps), "");
        }
    }

    /// Media is agreed: the call keeps what its codec needs.
    pub(super) fn settle_bandwidth(&mut self, called: LegId, answer: &SessionDescription) {
        let Some((caller, called)) = self.facts.rung_on(called).and_then(|target| self.sites(target)) else {
            return;
        };
        let Some(before) = self.facts.reserved.kbps(called.location()) else { return };
        let admission = Arc::clone(&self.shared.configuration.admission);
        let permit = Permit::between(&admission, &caller, &called).within(Some(before));
        let (kbps, codec) = match self.codec_between() {
            Some((codec, name)) => (admission.accounted(&codec), name),
            None => permit.first(answer.as_bytes()),
        };
        if kbps != before {
            _ = self.change_bandwidth(caller.location(), called.location(), (before, kbps), codec);
        }
    }

    fn change_bandwidth(
        &mut self,
        from: &str,
        to: &str,
        (before, kbps): (u32, u32),
        codec: &str,
    ) -> Result<(), NoRoom> {
        let admission = Arc::clone(&self.shared.configuration.admission);
        let changed = self.shared.bandwidth.change(&admission, &mut self.facts.reserved, (from, to), kbps);
        let news = match &changed {
            Ok(()) => News::BandwidthChanged { before, kbps, codec },
            Err(missing) => News::BandwidthMissing(missing.view()),
        };
        self.decide(None, Decision::Admission(news));
        changed
    }

    /// No device that would be rung may be rung: what comes next, or the end.
    pub(super) fn not_admitted(&mut self, why: &NotAdmitted) -> State {
        let failure =
            Failure { cause: why.cause(), reason: ReleaseReason::Refused(why.cause().sip_status()) };
        match (std::mem::replace(&mut self.facts.way, Way::None), why) {
            (Way::Line(line), NotAdmitted::NoRoom(missing)) => {
                let line = line.leave(self);
                self.ring_again().unwrap_or_else(|| self.reroute(&line, missing))
            }
            (Way::Line(line), NotAdmitted::NoCodec { .. }) => {
                line.leave(self);
                self.refuse(why.cause(), why.why())
            }
            // A route list has looked before.
            (way @ (Way::RouteList(_) | Way::Hunt(_)), _) => {
                self.facts.way = way;
                let media = self.facts.caller_media;
                self.go_on(Tried::Failed(failure), media)
            }
            (Way::Announcement(ending), _) => self.finish(ending),
            (Way::Prompt(authorizing), _) => (*authorizing).without_prompter(self),
            (Way::None | Way::Alone, _) => self.refuse(why.cause(), why.why()),
        }
    }

    /// The parties of the call are others than those for which bandwidth was taken: takes it for these. The legs for which there is
    /// none are released; an error when none is left.
    pub(super) fn admit_again(&mut self) -> Result<(), NoRoom> {
        if !self.shared.configuration.admission.in_use {
            return Ok(());
        }
        self.give_back_bandwidth();
        let rings = |rung: &super::Rung| rung.progress.is_open() || rung.progress == Progress::Answered;
        let rung: Vec<(LegId, Target, Progress)> = self
            .facts
            .rung
            .iter()
            .filter(|rung| rings(rung))
            .map(|rung| (rung.leg, rung.target.clone(), rung.progress))
            .collect();
        let mut left = rung.len();
        for (leg, target, progress) in rung {
            let Some(sites) = self.sites(&target) else { continue };
            let admission = Arc::clone(&self.shared.configuration.admission);
            let permit = Permit::between(&admission, &sites.0, &sites.1);
            let kbps = self.needs_for(&permit, (&target, progress));
            let Err(missing) = self.take_bandwidth(&sites, kbps) else {
                if progress.is_open() {
                    self.keep_room_for_video(&sites);
                }
                continue;
            };
            left -= 1;
            if left == 0 {
                return Err(missing);
            }
            self.withdraw(|rung| rung.leg == leg, Cause::OUT_OF_BANDWIDTH, WhyReleased::NoMedia);
        }
        Ok(())
    }

    /// What the caller needs to talk with a device with which it was not before.
    fn needs_for(&self, permit: &Permit<'_>, (target, progress): (&Target, Progress)) -> u32 {
        let facts = &*self.facts;
        let caller = match facts.offer.as_ref().or_else(|| facts.takes()) {
            Some(offer) => Some(permit.codecs_of(offer)),
            None => {
                let joins = facts.joins.as_ref().and_then(|joins| joins.said.as_ref());
                joins.or_else(|| facts.to_caller.said()).map(|said| permit.spoken(said))
            }
        };
        let called = match target {
            Target::Service(_) => Some(permit.ours()),
            Target::Phone { .. } | Target::Trunk(_) => {
                let said = facts.to_called.said().filter(|_| progress == Progress::Answered);
                said.map(|said| permit.spoken(said))
            }
        };
        permit.needed(caller, called)
    }

    /// There is no bandwidth for parties that were brought together: everybody is told so.
    pub(super) fn without_bandwidth(&mut self) -> State {
        let (cause, why) = (Cause::OUT_OF_BANDWIDTH, WhyReleased::NoMedia);
        self.withdraw_all(cause, why);
        for index in 0..self.facts.rung.len() {
            let Some(leg) = self.facts.rung.get(index).map(|rung| rung.leg) else { break };
            self.release(leg, cause, why);
        }
        let caller = self.facts.caller;
        self.release(caller, cause, why);
        self.end(cause, ReleasedBy::System, WhyEnded::NoMedia)
    }

    /// The cause with which an offer is refused that is not passed on.
    pub(super) fn not_permitted(&mut self, leg: LegId) -> Cause {
        let cause = Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED;
        let why = strowger_base::journal::WhyOfferRefused::NotPermitted;
        self.decide(Some(leg), Decision::OfferRefused { cause, why });
        cause
    }
}
