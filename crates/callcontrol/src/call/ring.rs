//! One more device rings, and what the caller is shown of it.

use strowger_base::journal::{Decision, PartyView, ReleasedBy, WhyEnded, WhyReleased};
use strowger_base::leg::{Party, ReleaseReason, Ring, Service, Target};
use strowger_base::{Cause, Command, LegId, Media, SessionDescription};
use strowger_media::sdp::{self, Selection};

use super::permitting::Permit;
use super::seen::Shown;
use super::way::CallerMedia;
use super::{Apart, Progress, Rung, State, Step};
use crate::io::Output;
use crate::shared::Asked;

impl Step<'_> {
    /// Somebody was reached: a party that waits for that comes now.
    pub(super) fn reached(&mut self) {
        if self.facts.transfers.is_some() {
            self.shared.asked.push_back(Asked::TransferReached { secondary: self.facts.id });
        }
        if self.shared.call_backs.of_call(self.facts.id).is_some() {
            self.shared.asked.push_back(Asked::CalledBack { call: self.facts.id });
        }
    }

    /// What devices are offered that are rung now: what the caller offered, or is known to have; what it described last where it has agreed on
    /// media with somebody before.
    pub(super) fn offered(&self) -> Option<SessionDescription> {
        match self.facts.caller_media {
            // Kept, since somebody else may be offered it next.
            CallerMedia::Nothing | CallerMedia::Open => self.facts.offer.clone(),
            CallerMedia::Agreed | CallerMedia::Before => {
                let said = self.facts.to_called.source()?;
                // It may have answered with one codec of several.
                Some(sdp::offer_of_declared(said.as_bytes()).unwrap_or_else(|| said.clone()))
            }
        }
    }

    /// What devices were offered that rang, or would have been had their caller not come while they rang: that is known as well.
    pub(super) fn offered_or_known(&self) -> Option<SessionDescription> {
        self.offered().or_else(|| self.known_offer())
    }

    /// What is compared with what others take before they ring: what they are offered, or what else is known of what the caller hears.
    pub(super) fn offered_or_taken(&self) -> Option<SessionDescription> {
        self.offered_or_known().or_else(|| self.facts.takes().cloned())
    }

    /// What a device is told of a caller that makes no offer: of what that one hears, what regions permit. With a transcoder it is the device's own
    /// that counts.
    fn taken_by_caller(&self, target: &Target) -> Option<SessionDescription> {
        let takes = self.facts.takes().filter(|_| !self.transcodes())?;
        let Some(sites) = self.sites(target) else { return Some(takes.clone()) };
        let permit = Permit::between(&self.shared.configuration.admission, &sites.0, &sites.1);
        Some(match permit.of_offer(takes) {
            Selection::Changed(left) => left,
            Selection::Unchanged | Selection::Nothing => takes.clone(),
        })
    }

    /// Rings devices, each with what it may be offered.
    pub(super) fn ring_all(
        &mut self,
        targets: Vec<Target>,
        offer: Option<SessionDescription>,
        reliable: bool,
    ) {
        let keys_may_end_here = self.transcodes() || self.facts.security.is_some();
        let differ = targets.len() > 1 && (self.shared.configuration.admission.in_use || keys_may_end_here);
        let before = differ.then(|| self.facts.to_called.clone());
        for target in targets {
            if let Some(before) = &before {
                self.facts.to_called = before.clone();
            }
            self.facts.to_called.is_of_another();
            if differ {
                self.keys_for_another();
            }
            let passed = match &offer {
                Some(offer) => {
                    let offer = self.with_nobodys_keys(offer.clone());
                    Some(self.pass_offer_to(&target, offer))
                }
                None => self.early_offer_to(&target),
            };
            self.ring(target, passed.map_or(Media::None, Media::Offer), reliable);
            let apart =
                differ.then(|| Apart { outlet: self.facts.to_called.clone(), keys: self.keys_of_rung() });
            if let Some(rung) = self.facts.rung.last_mut() {
                rung.apart = apart.map(Box::new);
            }
        }
    }

    pub(super) fn ring(&mut self, target: Target, media: Media, reliable_provisional: bool) {
        let leg = self.shared.leg_ids.allocate();
        let called: Box<str> = match &target {
            Target::Phone { line, .. } => line.number().into(),
            Target::Trunk(_) | Target::Service(_) => self.facts.sent.clone(),
        };
        let Shown { calling, called, diversions } = self.shown_to(leg, &target, called);
        let rung = Decision::Rung {
            target: self.shared.configuration.target(&target),
            called: &called,
            shown: PartyView::from(&calling),
        };
        self.out.decide(self.now, self.facts.id, Some(leg), rung);
        let (style, srtp) = (self.ring_style(&target), self.srtp_from(&target));
        self.waits_at(leg, &target, style.sound);
        let keys = self.shared.configuration.keys_to(&target).signalling();
        let takes = if media == Media::None { self.taken_by_caller(&target) } else { None };
        let ring = Ring {
            target: target.clone(),
            calling,
            called,
            media,
            hops_remaining: self.facts.hops_remaining,
            reliable_provisional,
            diversions,
            srtp,
            style,
            takes,
            records: None,
            keys,
        };
        self.shared.legs.insert(leg, self.facts.id);
        self.command(leg, Command::Ring(Box::new(ring)));
        self.out.items.push(Output::Joined { leg, call: self.facts.id });
        let at = self.now.wall;
        if let Target::Service(Service::Conference(conference)) = &target {
            self.shared.conferences.seated(*conference, leg);
        }
        self.facts.rung.push(Rung {
            leg,
            target,
            at,
            progress: Progress::Trying,
            early: None,
            apart: None,
            elsewhere: None,
        });
    }

    /// Who the caller is shown while it rings: nobody when that is who was dialled, or when several lines ring and any of
    /// them may answer. What a speed dial dialled nobody has seen yet.
    pub(super) fn shown_alerting(&self, leg: LegId) -> Option<Party> {
        if self.facts.redirected.is_none() && !self.facts.called_unseen {
            return None;
        }
        match &*self.facts.occupied {
            [] | [_] => Some(self.shown_connected(leg, Party::default())),
            [_, _, ..] if self.facts.redirected.is_none() => {
                Some(Party { number: self.facts.called.clone(), ..Party::default() })
            }
            [_, _, ..] => None,
        }
    }

    /// Who the caller is shown: for a line what the configuration says, whatever the phone claims.
    pub(super) fn shown_connected(&self, leg: LegId, claimed: Party) -> Party {
        match self.facts.rung_on(leg) {
            Some(Target::Phone { line, .. }) => Party {
                number: line.number().into(),
                name: self.shared.configuration.display_name(line.as_str()).into(),
                presentation: claimed.presentation,
            },
            Some(Target::Service(Service::Confirmation)) => Party {
                number: self.facts.wanted().into(),
                name: self.facts.confirms.clone().unwrap_or_default(),
                presentation: claimed.presentation,
            },
            Some(Target::Trunk(_) | Target::Service(_)) | None if claimed.number.is_empty() => {
                Party { number: self.facts.wanted().into(), ..claimed }
            }
            Some(Target::Trunk(_) | Target::Service(_)) | None => claimed,
        }
    }

    /// Somebody answered, but there is no session to talk over (RFC 3261 §13.2.2.4).
    pub(super) fn without_media(&mut self, leg: LegId, cause: Cause) -> State {
        if let Some(rung) = self.facts.rung_mut(leg) {
            rung.progress = Progress::Failed { cause, reason: ReleaseReason::ProtocolError };
        }
        self.release(leg, cause, WhyReleased::NoMedia);
        self.release(self.facts.caller, cause, WhyReleased::NoMedia);
        self.end(cause, ReleasedBy::System, WhyEnded::NoMedia)
    }
}
