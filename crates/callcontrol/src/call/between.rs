//! What devices want in the way of their media: trusted relay points, and media termination points.
//!
//! Each is a relay of ours, whose seat comes from the lists of the device that wants it, or a device of its own, which then has the relay of the
//! call as a transcoder has it (`transcoding`), with one codec for both sides. A termination point also offers something to a
//! device whose caller has no offer (early offer): its answer is then what the caller is offered.

use std::sync::Arc;

use strowger_base::journal::{Decision, MediaFunction, MediaNews, WhyRefused};
use strowger_base::leg::Target;
use strowger_base::{Cause, SessionDescription};
use strowger_dialplan::resources::Allocation;
use strowger_media::negotiate::{self, Beside};

use super::way::CallerMedia;
use super::{State, Step};
use crate::configuration::{EarlyOffer, MediaLists, MediaUse};
use crate::exchange::Side;
use crate::outlet::Keys;
use crate::relay::Relay;
use crate::resources;

/// What stands in the way of the media of a call.
#[derive(Debug, Default)]
pub(crate) struct Points {
    taken: Vec<Allocation>,
    /// Without it the call is refused.
    needed: Option<MediaFunction>,
    /// The called device is offered something on our account.
    offers: bool,
}

/// What a device wants.
struct Wish {
    function: MediaFunction,
    /// The call is refused without it.
    fails_without: bool,
    offers: bool,
}

impl Step<'_> {
    /// Takes what the caller and these devices want in the way of their media; what was taken for others before is given back. `Some`
    /// when the call is refused for want of it.
    pub(super) fn take_points(&mut self, targets: &[Target]) -> Option<State> {
        let function = self.try_points(targets).err()?;
        let cause = Cause::RESOURCE_UNAVAILABLE;
        Some(self.refuse(cause, WhyRefused::NoResource { function }))
    }

    /// The same; an error when the call must not be without what is not to be had.
    pub(super) fn try_points(&mut self, targets: &[Target]) -> Result<(), MediaFunction> {
        self.give_back_points();
        let configuration = Arc::clone(&self.shared.configuration);
        if !configuration.media.in_use {
            return Ok(());
        }
        let caller = configuration.media_of_origin(&self.facts.origin, self.facts.address);
        let mut sides = vec![(Side::Caller, caller)];
        sides.extend(targets.iter().map(|target| (Side::Called, configuration.media_of_target(target))));
        let may_offer = targets.len() == 1 && self.lacks_offer();
        for (side, (media, lists)) in sides {
            for wish in self.wishes_of(side, &media, may_offer) {
                self.take_point(side, targets.first(), (&wish, &lists))
                    .inspect_err(|_| self.give_back_points())?;
            }
        }
        Ok(())
    }

    fn wishes_of(&self, side: Side, media: &MediaUse, may_offer: bool) -> Vec<Wish> {
        let rules = &self.shared.configuration.media;
        let trusted = media.wants_trusted_relay().then_some(Wish {
            function: MediaFunction::TrustedRelayPoint,
            fails_without: rules.fails_without_trusted_relay,
            offers: false,
        });
        let early = if may_offer && side == Side::Called { media.early_offer } else { EarlyOffer::No };
        let wants_point = media.termination_point || early != EarlyOffer::No;
        let point = wants_point.then_some(Wish {
            function: MediaFunction::TerminationPoint,
            fails_without: early == EarlyOffer::Mandatory
                || (media.termination_point && rules.fails_without_termination_point),
            // Who always has one is offered what it has.
            offers: may_offer && side == Side::Called,
        });
        trusted.into_iter().chain(point).collect()
    }

    /// Takes one; an error when the call must not be without.
    fn take_point(
        &mut self,
        side: Side,
        called: Option<&Target>,
        (wish, lists): (&Wish, &MediaLists),
    ) -> Result<(), MediaFunction> {
        // One device stands for all who want something in the way.
        if self.passes_on_at_device() {
            return Ok(());
        }
        let configuration = Arc::clone(&self.shared.configuration);
        let function = wish.function;
        let leg = (side == Side::Caller).then_some(self.facts.caller);
        // A device has no offer of its own, and cannot stand beside something else.
        let target = called.filter(|_| !wish.offers);
        let devices = self.fit_points(target);
        let is_fit = |name: &str| {
            let mut all = configuration.media.table.iter();
            all.any(|(known, it)| **known == *name && !it.is_device) || devices.contains(name)
        };
        match self.shared.resources.take_where(&configuration.media, (function, &is_fit), &lists.names()) {
            Ok(taken) => {
                let points = self.facts.points.get_or_insert_default();
                points.offers |= wish.offers;
                if wish.fails_without {
                    points.needed = points.needed.or(Some(function));
                }
                if let Some(taken) = taken {
                    let news = Decision::Resource(resources::taken_view(&taken));
                    self.out.decide(self.now, self.facts.id, leg, news);
                    match called {
                        Some(called) if devices.contains(taken.resource()) => {
                            self.pass_on_at_device(side, taken, called);
                        }
                        _ => points.taken.push(taken),
                    }
                }
                Ok(())
            }
            Err(exhausted) => {
                let full = resources::full(&exhausted);
                self.decide(leg, Decision::Resource(MediaNews::Exhausted { function, full: &full }));
                if wish.fails_without { Err(function) } else { Ok(()) }
            }
        }
    }

    /// Whether a relay is wanted for the sake of a device.
    pub(super) const fn wants_points(&self) -> bool {
        self.facts.points.is_some()
    }

    /// The call goes on, or ends, with nothing in the way of its media.
    pub(super) fn give_back_points(&mut self) {
        if self.passes_on_at_device() {
            self.give_back_transcoder();
        }
        let Some(points) = self.facts.points.take() else { return };
        points.taken.into_iter().for_each(|taken| self.shared.resources.give_back(taken));
    }

    /// The relay is there, or is not to be had: `Some` when the call is refused without.
    pub(super) fn points_without_relay(&mut self) -> Option<State> {
        if matches!(self.facts.relay, Relay::Open(_)) {
            return None;
        }
        let needed = self.facts.points.as_ref()?.needed;
        self.give_back_points();
        let why = WhyRefused::NoResource { function: needed? };
        Some(self.refuse(Cause::RESOURCE_UNAVAILABLE, why))
    }

    /// Whether the caller has nothing to offer, and nothing was agreed with it.
    fn lacks_offer(&self) -> bool {
        self.facts.offer.is_none()
            && self.facts.caller_media == CallerMedia::Nothing
            && self.facts.to_called.source().is_none()
    }

    /// Whether the called device was offered something on our account.
    pub(super) fn offers_early(&self) -> bool {
        self.facts.points.as_ref().is_some_and(|points| points.offers)
    }

    /// What a device is offered whose caller has no offer.
    pub(super) fn early_offer_to(&mut self, target: &Target) -> Option<SessionDescription> {
        if !self.offers_early() {
            return None;
        }
        let relay = self.facts.relay.address_for(Side::Called)?;
        let codecs = self.codecs_of(Side::Called, target);
        let offer = negotiate::offer_beside(&Beside { address: relay, codecs: &codecs });
        let address = self.shared.configuration.address;
        self.facts.to_called.set_keys(Keys::AsTheyAre);
        Some(self.facts.to_called.pass(offer, address, Some(relay)))
    }
}
