//! A party that waits hears something: music while it is held, ringing tone while somebody else is rung for it.
//!
//! A service of ours plays it, on a leg of its own that no record names. The party has a session with that service for as long; what
//! they tell each other about media goes between the two, by the same rules as between two parties. The service goes when nothing is
//! open between them any more. Music that goes out to all who listen is told by such a service, too, which has no media of its own; see
//! `multicast`.

mod multicast;

use std::net::SocketAddr;
use std::sync::Arc;

use strowger_base::journal::{Decision, MediaFunction, MediaNews, WhyOfferRefused, WhyUnicast};
use strowger_base::leg::{Ring, Service, Signal, Tone};
use strowger_base::{Cause, Command, LegId, Media, SessionDescription};

use strowger_dialplan::resources::Allocation;

use super::participant::{Device, Owes, Stage};
use super::session::MediaSignal;
use super::{Progress, Step};
use crate::configuration::{HoldKind, HoldMode};
use crate::exchange::{Effect, Exchange, Move, Side};
use crate::io::Output;
use crate::outlet::{Outlet, Part};
use crate::resources;

/// Who listens, and to what.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) side: Side,
    /// The leg of the service.
    leg: LegId,
    /// What it shall hear; it hears nothing where nobody can play that.
    wanted: Tone,
    /// Between the party, on the calling side, and the service.
    exchange: Exchange,
    /// An offer of the service that the party cannot be told yet, since it owes something to a call that it left.
    waits: Option<SessionDescription>,
    /// What the service is told about the party's media.
    to_service: Outlet,
    /// The service is gone, and the party still owes it an answer.
    gone: bool,
    /// The media resource that plays, where any is configured.
    resource: Option<Allocation>,
    /// What it hears with all others who listen there.
    stream: Option<SocketAddr>,
    /// What comes next when the service is gone.
    again: Option<Again>,
}

/// What a party hears next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Again {
    tone: Tone,
    /// Why it hears nothing that goes out to all, where that is so.
    alone: Option<WhyUnicast>,
}

impl Listening {
    pub(crate) const fn leg(&self) -> LegId {
        self.leg
    }

    /// Whether nothing is open between party and service.
    const fn is_settled(&self) -> bool {
        matches!(self.exchange, Exchange::Settled | Exchange::Awaited) || self.waits.is_some()
    }
}

impl Step<'_> {
    /// Whether this side hears a service of ours in place of the other side.
    pub(super) fn listens(&self, side: Side) -> bool {
        self.facts.listening.as_ref().is_some_and(|listening| listening.side == side)
    }

    /// Whether a party hears a service and something is open between the two.
    pub(super) fn is_being_told(&self) -> bool {
        self.facts.listening.as_ref().is_some_and(|listening| !listening.is_settled())
    }

    /// Lets a side hear this, unless the other one listens already.
    pub(super) fn let_hear(&mut self, side: Side, tone: Tone) {
        if let Some(listening) = &mut self.facts.listening {
            if listening.side == side && listening.wanted != tone && listening.is_replaced() {
                self.hear_instead(Again { tone, alone: None });
            } else if listening.side == side && listening.wanted != tone && !listening.gone {
                listening.wanted = tone;
                let (leg, before) = (listening.leg, listening.resource.take());
                before.into_iter().for_each(|before| self.shared.resources.give_back(before));
                let (tone, resource) = self.played(side, tone);
                if let Some(listening) = &mut self.facts.listening {
                    listening.resource = resource;
                }
                self.command(leg, Command::Tone(tone));
                self.tell_hears(side, tone);
            }
            return;
        }
        self.begin_to_hear(side, Again { tone, alone: None });
    }

    /// Nobody listens, and this side does from now on.
    fn begin_to_hear(&mut self, side: Side, next: Again) {
        let tone = next.tone;
        let leg = self.shared.leg_ids.allocate();
        let srtp = self.srtp_of(side);
        self.shared.legs.insert(leg, self.facts.id);
        let to_service = Outlet::new(self.facts.id.number << 2 | 2);
        let exchange = Exchange::Awaited;
        let wanted = tone;
        let (tone, resource) = self.played(side, tone);
        self.tell_hears(side, tone);
        let stream = self.stream_for(side, tone, resource.as_ref(), next.alone);
        let service = stream.map_or(Service::Sounds, |to| self.told_of(&to));
        let stream = stream.map(|to| to.address);
        let (waits, gone, again) = (None, false, None);
        let listening =
            Listening { side, leg, wanted, exchange, waits, to_service, gone, resource, stream, again };
        self.facts.listening = Some(Box::new(listening));
        self.facts.relay.suspend(true, self.out);
        self.command(leg, Command::Ring(Box::new(Ring::service(service, srtp))));
        self.out.items.push(Output::Joined { leg, call: self.facts.id });
        if stream.is_none() {
            self.command(leg, Command::Tone(tone));
        }
    }

    /// What is played to a side in place of this, and by which media resource: where all are full, the hold tone for music, silence
    /// for anything else.
    fn played(&mut self, side: Side, tone: Tone) -> (Tone, Option<Allocation>) {
        let configuration = Arc::clone(&self.shared.configuration);
        if !configuration.media.in_use {
            return (tone, None);
        }
        let function = match tone {
            Tone::Music | Tone::Source(_) => MediaFunction::MusicOnHold,
            Tone::Silence => return (tone, None),
            Tone::Dial
            | Tone::OutsideDial
            | Tone::ZipZip
            | Tone::Ringing
            | Tone::Hold
            | Tone::National { .. }
            | Tone::Enter
            | Tone::Leave => MediaFunction::Annunciator,
        };
        let lists = match side {
            Side::Caller => configuration.media_of_origin(&self.facts.origin, self.facts.address).1,
            Side::Called => {
                let answered = self.facts.rung.iter().rfind(|rung| rung.progress == Progress::Answered);
                answered.map(|rung| configuration.media_of_target(&rung.target).1).unwrap_or_default()
            }
        };
        let leg = self.listener(side);
        match self.shared.resources.take(&configuration.media, function, &lists.names()) {
            Ok(taken) => {
                if let Some(taken) = &taken {
                    let news = Decision::Resource(resources::taken_view(taken));
                    self.out.decide(self.now, self.facts.id, leg, news);
                }
                (tone, taken)
            }
            Err(exhausted) => {
                let full = resources::full(&exhausted);
                self.decide(leg, Decision::Resource(MediaNews::Exhausted { function, full: &full }));
                // A beep now and then is no music, and costs hardly anything.
                (if function == MediaFunction::MusicOnHold { Tone::Hold } else { Tone::Silence }, None)
            }
        }
    }

    /// Nobody listens any more, whatever becomes of the service.
    fn forget_listening(&mut self) -> Option<Box<Listening>> {
        let mut listening = self.facts.listening.take()?;
        listening.resource.take().into_iter().for_each(|played| self.shared.resources.give_back(played));
        self.leave_stream(&mut listening);
        self.facts.relay.suspend(false, self.out);
        Some(listening)
    }

    /// What is heard by whom this side lets wait.
    pub(super) fn music_of(&self, side: Side, kind: HoldKind) -> Tone {
        let configuration = &self.shared.configuration;
        let holder = match side {
            Side::Caller => Some(self.facts.origin.clone()),
            Side::Called => {
                let answered = self.facts.rung.iter().rfind(|rung| rung.progress == Progress::Answered);
                answered.and_then(|rung| Device::Called(rung.target.clone()).origin())
            }
        };
        holder.map_or(Tone::Music, |holder| configuration.music(&holder, kind))
    }

    fn tell_hears(&mut self, side: Side, tone: Tone) {
        let listener = self.listener(side);
        self.decide(listener, Decision::Hears(tone));
    }

    /// The leg of a side.
    fn listener(&self, side: Side) -> Option<LegId> {
        match side {
            Side::Caller => Some(self.facts.caller),
            Side::Called => {
                self.facts.rung.iter().rfind(|rung| rung.progress == Progress::Answered).map(|rung| rung.leg)
            }
        }
    }

    /// A caller from another call waits for somebody and hears this meanwhile.
    pub(super) fn let_wait_with(&mut self, tone: Tone) {
        if self.shared.configuration.hold == HoldMode::Music && self.facts.caller_stage == Stage::Up {
            let tone = match tone {
                Tone::Ringing => self.shared.configuration.ringing_tone(&self.facts.origin),
                other => other,
            };
            self.let_hear(Side::Caller, tone);
        }
    }

    /// Nobody listens any more. Nothing is open between the two, or the listener is gone.
    pub(super) fn stop_listening(&mut self) {
        if let Some(listening) = self.forget_listening() {
            self.hush(&listening);
        }
    }

    /// Ends the leg of a service; it was no party, so that the story does not tell of it.
    pub(super) fn hush(&mut self, listening: &Listening) {
        if self.shared.legs.remove(&listening.leg).is_some() {
            self.command(listening.leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
        }
    }

    /// The listener tells something about media.
    pub(super) fn listener_told(&mut self, signal: MediaSignal) {
        let (what, description) = signal.parts();
        if matches!(what, Move::Refuse(_)) && self.hears_stream() {
            return self.hear_alone(WhyUnicast::Refused);
        }
        self.between(Side::Caller, what, description);
    }

    /// Whether the service has been offered something by the listener, and owes an answer.
    pub(super) fn listener_offered(&self) -> bool {
        let listening = self.facts.listening.as_ref();
        listening.is_some_and(|listening| listening.exchange == Exchange::Offered(Side::Caller))
    }

    /// The service tells something.
    pub(super) fn sound_told(&mut self, signal: Signal) {
        match signal {
            Signal::Answered { media: Media::Offer(offer), .. }
            | Signal::Alerting { media: Media::Offer(offer), .. }
            | Signal::Media(Media::Offer(offer)) => {
                self.sound_offers(offer);
            }
            Signal::Answered { media: Media::Answer(answer), .. } | Signal::Media(Media::Answer(answer)) => {
                self.between(Side::Called, Move::Answer, Some(answer));
            }
            Signal::MediaRequested => self.between(Side::Called, Move::Request, None),
            Signal::MediaRefused(cause) => self.between(Side::Called, Move::Refuse(cause), None),
            // No port is left for it, or the party took none of its codecs: silence is no reason to lose the call.
            Signal::Released { .. } => {
                self.not_heard_there(WhyUnicast::Refused);
                self.sound_lost();
            }
            Signal::Answered { media: Media::None, .. }
            | Signal::Media(Media::None)
            | Signal::Setup(_)
            | Signal::Proceeding
            | Signal::Alerting { .. }
            | Signal::Digit(_)
            | Signal::DigitErased
            | Signal::DigitsEnded(_)
            | Signal::Redirected(_)
            | Signal::TransferRequested { .. }
            | Signal::FeatureRequested(_)
            | Signal::MetadataRequested
            | Signal::TransferEnded(_) => {}
        }
    }

    fn sound_lost(&mut self) {
        let Some(listening) = &mut self.facts.listening else { return };
        listening.gone = true;
        let (leg, side, exchange) = (listening.leg, listening.side, listening.exchange);
        self.shared.legs.remove(&leg);
        match exchange {
            // It is waited for, so that nobody else offers meanwhile.
            Exchange::Offered(Side::Called) | Exchange::Requested(Side::Called)
                if !self.service_is_settled() => {}
            Exchange::Offered(Side::Caller) | Exchange::Requested(Side::Caller) => {
                let again = self.forget_listening().and_then(|listening| listening.again);
                if let Some(leg) = self.listener(side) {
                    self.refuse_media(leg, WhyOfferRefused::OtherRefused);
                }
                self.hear_again(side, again);
            }
            Exchange::Awaited
            | Exchange::Settled
            | Exchange::Offered(_)
            | Exchange::Requested(_)
            | Exchange::Repaired(_)
            | Exchange::Sought { .. } => {
                let again = self.forget_listening().and_then(|listening| listening.again);
                self.hear_again(side, again);
            }
        }
    }

    fn service_is_settled(&self) -> bool {
        self.facts.listening.as_ref().is_none_or(|listening| listening.is_settled())
    }

    /// The service offers; a party that owes something to a call that it left is told later.
    fn sound_offers(&mut self, offer: SessionDescription) {
        let owes = self.facts.caller_owes != Owes::Nothing;
        match &mut self.facts.listening {
            Some(listening) if owes && listening.side == Side::Caller => listening.waits = Some(offer),
            Some(_) | None => self.between(Side::Called, Move::Offer, Some(offer)),
        }
    }

    /// The party owes nothing any more.
    pub(super) fn tell_what_waits(&mut self) {
        if self.facts.caller_owes != Owes::Nothing {
            return;
        }
        let waiting = self.facts.listening.as_mut().and_then(|listening| listening.waits.take());
        if let Some(offer) = waiting {
            self.between(Side::Called, Move::Offer, Some(offer));
        }
    }

    /// One of the two makes a move: the party is the calling side, the service the called one.
    fn between(&mut self, by: Side, what: Move, description: Option<SessionDescription>) {
        let Some(listening) = &mut self.facts.listening else { return };
        let (side, service) = (listening.side, listening.leg);
        let before = listening.exchange;
        let (next, effect) = before.step(by, what);
        listening.exchange = next;
        if listening.gone {
            // What the party says reaches nobody any more; it may have been what was waited for.
            if listening.is_settled() {
                let again = self.forget_listening().and_then(|listening| listening.again);
                self.hear_again(side, again);
            }
            if matches!(effect, Effect::Glare | Effect::NotReady)
                && let Some(party) = self.listener(side)
            {
                self.command(party, Command::RefuseMedia(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE));
            }
            return;
        }
        let Some(party) = self.listener(side) else { return };
        let (own, other) = match by {
            Side::Caller => (party, service),
            Side::Called => (service, party),
        };
        match effect {
            Effect::PassOffer => {
                if let Some(description) = description {
                    if by == Side::Caller
                        && what == Move::Offer
                        && self.denies_keys(side, party, &description)
                    {
                        return self.refuse_listener(party, before);
                    }
                    let media = Media::Offer(self.between_passed(by, side, description));
                    self.command(other, Command::Media(media));
                }
            }
            Effect::PassAnswer => {
                if let Some(description) = description {
                    let media = Media::Answer(self.between_passed(by, side, description));
                    self.command(other, Command::Media(media));
                }
            }
            Effect::PassRequest => self.command(other, Command::RequestMedia),
            Effect::PassRefusal(cause) => self.command(other, Command::RefuseMedia(cause)),
            Effect::Glare | Effect::NotReady => {
                self.command(own, Command::RefuseMedia(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE));
            }
            Effect::Agreed | Effect::Seek(_) | Effect::NoMedia(_) | Effect::Nothing => {}
        }
    }

    /// What the party offers the service is not passed on, and nothing is open between the two any more.
    fn refuse_listener(&mut self, party: LegId, before: Exchange) {
        let cause = self.not_permitted(party);
        self.command(party, Command::RefuseMedia(cause));
        let Some(listening) = &mut self.facts.listening else { return };
        listening.exchange = Exchange::Settled;
        if matches!(before, Exchange::Requested(_)) {
            let service = listening.leg;
            self.command(service, Command::RefuseMedia(cause));
        }
    }

    /// What the other one of the two is told instead of a description.
    fn between_passed(
        &mut self,
        from: Side,
        party: Side,
        description: SessionDescription,
    ) -> SessionDescription {
        let address = self.shared.configuration.address;
        let keys = self.keys_with_service(party);
        // Who listens with all others answers with their address, which says nothing of itself (RFC 3264 §6.2).
        let listens_to_itself = self.facts.listening.as_ref().is_none_or(|it| it.stream.is_none());
        if from == Side::Caller && listens_to_itself {
            // Its first words are of no call: what it takes at all is not known from them.
            self.facts.outlet(party).wrote(&description, Part::Answer);
        }
        let is_offer = self.facts.listening.as_ref().is_none_or(|it| it.exchange == Exchange::Offered(from));
        let outlet = match (from, &mut self.facts.listening) {
            (Side::Caller, Some(listening)) => &mut listening.to_service,
            (Side::Caller, None) | (Side::Called, _) => self.facts.outlet(party),
        };
        outlet.set_keys(keys);
        let whole = if is_offer { outlet.with_all_streams(&description) } else { None };
        outlet.pass_left(description, whole, address, None)
    }

    /// A listener leaves its call, and so the service; what it owes to that.
    pub(super) fn leave_service(&mut self, leg: LegId) -> Owes {
        let exchange = self.facts.listening.as_ref().map(|listening| listening.exchange);
        if let Some(Exchange::Offered(Side::Caller) | Exchange::Requested(Side::Caller)) = exchange {
            self.refuse_media(leg, WhyOfferRefused::OtherNotReady);
        }
        self.stop_listening();
        match exchange {
            Some(Exchange::Offered(Side::Called) | Exchange::Repaired(Side::Called)) => Owes::Answer,
            Some(Exchange::Requested(Side::Called)) => Owes::Offer,
            Some(_) | None => Owes::Nothing,
        }
    }
}
