//! A transcoder between the two sides of a call that have no codec in common.
//!
//! Each side then negotiates with us: it is offered what it may speak, and answered with a codec of its own (`negotiate::offer_through`).
//! The transcoder stands where the device is from whose lists it comes, the caller's before the called one's, and regions count from
//! there. One that both could do without goes as soon as that is agreed.

use std::sync::Arc;

use strowger_base::journal::{Decision, MediaFunction, MediaNews, WhyOfferRefused, WhyRefused};
use strowger_base::leg::Target;
use strowger_base::{Cause, Command, LegId, Media, SessionDescription};
use strowger_dialplan::admission::AudioCodec;
use strowger_dialplan::resources::Allocation;
use strowger_media::codec::Codec;
use strowger_media::control::{self, Coding, Codings};
use strowger_media::negotiate::{self, Beside};
use strowger_media::sdp::{self, Direction};

use super::opening::Opening;
use super::participant::Owes;
use super::permitting::Permit;
use super::session::{Begun, Session};
use super::talking::Talking;
use super::{Progress, State, Step};
use crate::exchange::{Exchange, Side};
use crate::relay::Relay;
use crate::resources;

/// A transcoder that a call has.
#[derive(Debug)]
pub(crate) struct Transcoding {
    resource: Allocation,
    /// The side from whose lists it comes, and beside which it stands.
    at: Side,
    /// What the relay was told.
    told: Option<Codings>,
    /// What goes on as soon as the relay is there.
    waits: Option<Waiting>,
}

/// What a side described, of which the other one knows nothing yet.
#[derive(Debug)]
struct Waiting {
    from: Side,
    offer: SessionDescription,
    /// Where offer and answer stood before it, or when the other side refused it.
    before: Exchange,
}

/// What the other side of one that waits for a relay hears.
pub(super) enum Came {
    /// Nobody waited.
    Nothing,
    /// What waited was passed on.
    Passed,
    /// It is not to be had: what this side described goes nowhere, and offer and answer stood so before it.
    Missing { from: Side, before: Exchange },
}

impl Step<'_> {
    /// Whether a transcoder stands between the two sides, or is about to.
    pub(super) fn transcodes(&self) -> bool {
        self.facts.transcoding.is_some()
    }

    /// Whether the relay decodes what passes for the sake of codecs.
    pub(super) fn decodes(&self) -> bool {
        self.facts.transcoding.as_ref().is_some_and(|transcoding| transcoding.told.is_some())
    }

    /// Whether a transcoder may be looked for at all.
    fn has_transcoders(&self) -> bool {
        self.shared.configuration.media.table.any(strowger_dialplan::resources::Function::Transcoder)
    }

    /// Takes a transcoder for the caller and this device, when there is one that can help.
    pub(super) fn fetch_transcoder(&mut self, called: &Target) -> bool {
        if self.transcodes() {
            return true;
        }
        if !self.has_transcoders() || matches!(called, Target::Service(_)) {
            return false;
        }
        let function = MediaFunction::Transcoder;
        let configuration = Arc::clone(&self.shared.configuration);
        let own = configuration.media_of_origin(&self.facts.origin, self.facts.address).1;
        let there = configuration.media_of_target(called).1;
        // Who has the same lists would look at the same resources.
        let there = (own != there).then_some((Side::Called, there));
        let mut full = Vec::new();
        for (at, lists) in [(Side::Caller, own)].into_iter().chain(there) {
            let names = lists.names();
            match self.shared.resources.take(&configuration.media, function, &names) {
                Ok(Some(resource)) => {
                    let leg = (at == Side::Caller).then_some(self.facts.caller);
                    self.decide(leg, Decision::Resource(resources::taken_view(&resource)));
                    let transcoding = Transcoding { resource, at, told: None, waits: None };
                    self.facts.transcoding = Some(Box::new(transcoding));
                    return true;
                }
                Ok(None) => {}
                Err(exhausted) => full.push(resources::full(&exhausted)),
            }
        }
        full.retain(|full| !full.is_empty());
        full.dedup();
        let (caller, full) = (self.facts.caller, full.join(", "));
        self.decide(Some(caller), Decision::Resource(MediaNews::Exhausted { function, full: &full }));
        false
    }

    /// The call goes on, or ends, without its transcoder.
    pub(super) fn give_back_transcoder(&mut self) {
        let Some(transcoding) = self.facts.transcoding.take() else { return };
        if transcoding.told.is_some()
            && let Relay::Open(ports) = &self.facts.relay
        {
            let port = ports.port;
            self.out.media(control::Command::Transcode { port, codings: None });
        }
        self.shared.resources.give_back(transcoding.resource);
    }

    /// Whether what one side offers, of which nothing may go to the other, can go there through a transcoder; `target` is the called one.
    pub(super) fn reaches_through_transcoder(
        &mut self,
        target: &Target,
        (from, offer): (Side, &SessionDescription),
    ) -> bool {
        let theirs = sdp::audio_formats(offer.as_bytes());
        let speaks = |codec: &Codec| {
            let is = |name: &str| name.eq_ignore_ascii_case(codec.name());
            theirs.iter().any(|format| is(format.name))
        };
        let had = self.transcodes();
        if !Codec::ALL.iter().any(speaks) || !self.fetch_transcoder(target) {
            return false;
        }
        let [to_caller, to_called] = [Side::Caller, Side::Called].map(|side| self.codecs_of(side, target));
        let offered = |codecs: &[Codec]| codecs.iter().any(speaks);
        let helps = match from {
            Side::Caller => offered(&to_caller) && !to_called.is_empty(),
            Side::Called => offered(&to_called) && !to_caller.is_empty(),
        };
        if !helps && !had {
            self.drop_transcoder();
        }
        helps
    }

    /// What a side may speak with the transcoder, best first.
    pub(super) fn codecs_of(&self, side: Side, called: &Target) -> Vec<Codec> {
        let Some((caller, there)) = self.sites(called) else { return Codec::ALL.to_vec() };
        let at = self.facts.transcoding.as_ref().map_or(Side::Caller, |transcoding| transcoding.at);
        let (beside, other) = match at {
            Side::Caller => (&caller, &there),
            Side::Called => (&there, &caller),
        };
        let admission = &self.shared.configuration.admission;
        // Only what goes to the far side takes bandwidth.
        let permit = if side == at {
            Permit::between(admission, beside, beside)
        } else {
            let kbps = self.facts.reserved.kbps(there.location());
            Permit::between(admission, beside, other).within(kbps)
        };
        permit.sorted(&Codec::ALL)
    }

    /// What the other side is offered in place of what `from` offers; `None` when there is no relay, or nothing that it may speak.
    pub(super) fn offer_through(
        &mut self,
        from: Side,
        called: &Target,
        offer: &SessionDescription,
    ) -> Option<SessionDescription> {
        let to = from.other();
        if let Some(sites) = self.sites(called) {
            self.make_room_for(&sites, None);
        }
        let address = self.facts.relay.address_for(to)?;
        let codecs = self.codecs_of(to, called);
        let previous = self.facts.outlet(to).sent().cloned();
        let beside = Beside { address, codecs: &codecs };
        let told = negotiate::offer_through(offer.as_bytes(), &beside, previous.as_ref()).ok()?;
        Some(self.pass(from, offer.clone(), Some(told)))
    }

    /// What the other side, which offered, is answered in place of what `from` answers; `None` when the two descriptions do not fit, so
    /// that the answer passes as it came.
    pub(super) fn answer_through(
        &mut self,
        from: Side,
        called: &Target,
        answer: &SessionDescription,
    ) -> Option<SessionDescription> {
        let to = from.other();
        let address = self.facts.relay.address_for(to)?;
        let codecs = self.codecs_of(to, called);
        let outlet = self.facts.outlet(from);
        let (offer, told) = (outlet.source().cloned()?, outlet.sent().cloned()?);
        let beside = Beside { address, codecs: &codecs };
        let agreed = negotiate::answer_through(offer.as_bytes(), &beside, &told, answer).ok()?;
        let codings = agreed.codings.map(|(offerer, answerer)| match to {
            Side::Caller => Codings { a: offerer, b: answerer },
            Side::Called => Codings { a: answerer, b: offerer },
        });
        self.tell_codings(codings);
        Some(self.pass_as_answer(from, answer.clone(), Some(agreed.answer)))
    }

    /// What a side that holds is answered by us while it speaks with a transcoder.
    pub(super) fn held_answer_beside(
        &self,
        side: Side,
        offer: &SessionDescription,
    ) -> Option<SessionDescription> {
        let target = self.facts.rung.iter().rfind(|rung| rung.progress == Progress::Answered)?;
        let codecs = self.codecs_of(side, &target.target);
        let beside = Beside { address: self.facts.relay.address_for(side)?, codecs: &codecs };
        negotiate::answer_beside(offer.as_bytes(), &beside, Direction::Inactive).ok()
    }

    fn tell_codings(&mut self, codings: Option<Codings>) {
        let codings = codings.map(|codings| self.with_keys_of(codings));
        let (Some(transcoding), Relay::Open(ports)) = (&mut self.facts.transcoding, &self.facts.relay) else {
            return;
        };
        if transcoding.told == codings {
            return;
        }
        transcoding.told = codings;
        let port = ports.port;
        self.out.media(control::Command::Transcode { port, codings: codings.map(Box::new) });
        if let Some(Codings { a, b }) = codings {
            let name = |coding: Coding| coding.format.codec.name();
            let news = MediaNews::Transcodes { caller: name(a), called: name(b) };
            self.decide(None, Decision::Resource(news));
        }
    }

    /// Media is agreed in an answered call: a transcoder that nobody needs goes.
    pub(super) fn settle_transcoder(&mut self) {
        let idle = |transcoding: &Transcoding| transcoding.told.is_none() && transcoding.waits.is_none();
        if self.facts.answered_at.is_some() && self.facts.transcoding.as_deref().is_some_and(idle) {
            self.drop_transcoder();
        }
    }

    /// The call goes on without its transcoder, to which the relay was told nothing.
    fn drop_transcoder(&mut self) {
        if let Some(transcoding) = self.facts.transcoding.take() {
            let resource = transcoding.resource;
            self.decide(None, Decision::Resource(resources::gone_view(&resource)));
            self.shared.resources.give_back(resource);
        }
    }

    /// The codec that goes over the way between the two places, when there is a transcoder in between.
    pub(super) fn codec_between(&self) -> Option<(AudioCodec, &'static str)> {
        let transcoding = self.facts.transcoding.as_ref()?;
        let codings = transcoding.told?;
        let far = match transcoding.at {
            Side::Caller => codings.b,
            Side::Called => codings.a,
        };
        Some((audio(far.format.codec), far.format.codec.name()))
    }

    /// The relay through which the sides would speak is not there.
    pub(super) fn refuse_without_transcoder(&mut self) -> State {
        self.give_back_transcoder();
        let why = WhyRefused::NoResource { function: MediaFunction::Transcoder };
        self.refuse(Cause::RESOURCE_UNAVAILABLE, why)
    }

    /// These devices were rung and took none of the caller's codecs: they are rung again through a transcoder.
    pub(super) fn ring_through_transcoder(&mut self, targets: Vec<Target>) -> Option<State> {
        if self.transcodes() {
            return None;
        }
        let (reachable, offer) = (targets.first().cloned()?, self.offered_or_known()?);
        if !self.reaches_through_transcoder(&reachable, (Side::Caller, &offer)) {
            return None;
        }
        self.facts.offer = Some(offer);
        self.cancel_timer();
        let reach = self.facts.called_reach;
        Some(Opening::admitted(self, targets, reach))
    }

    /// What `from` offers, before which offer and answer stood like this, goes to the other side through a transcoder, now or when the
    /// relay is there. False when there is none.
    pub(super) fn pass_through(
        &mut self,
        from: Side,
        called: LegId,
        (offer, before): (SessionDescription, Exchange),
    ) -> bool {
        let Some(target) = self.facts.rung_on(called).cloned() else { return false };
        // Nobody waits for a relay while it rings.
        let rings = self.facts.answered_at.is_none();
        if rings || self.transcodes() || !self.reaches_through_transcoder(&target, (from, &offer)) {
            return false;
        }
        match self.facts.relay {
            Relay::Open(_) => self.pass_now(from, called, &offer),
            Relay::None | Relay::Opening(_) => {
                if matches!(self.facts.relay, Relay::None) && !self.open_relay(Some(called), &[]) {
                    self.give_back_transcoder();
                    return false;
                }
                if let Some(transcoding) = &mut self.facts.transcoding {
                    transcoding.waits = Some(Waiting { from, offer, before });
                }
                true
            }
        }
    }

    fn pass_now(&mut self, from: Side, called: LegId, offer: &SessionDescription) -> bool {
        let other = match from {
            Side::Caller => called,
            Side::Called => self.facts.caller,
        };
        let target = self.facts.rung_on(called).cloned();
        let passed = target.and_then(|target| self.offer_through(from, &target, offer));
        match passed {
            Some(passed) => {
                self.tell_media(other, Media::Offer(passed));
                true
            }
            None => {
                self.give_back_transcoder();
                false
            }
        }
    }

    /// The relay is there, or is not to be had.
    pub(super) fn relay_for_transcoder(&mut self, called: LegId) -> Came {
        let waits = self.facts.transcoding.as_mut().and_then(|transcoding| transcoding.waits.take());
        let Some(Waiting { from, offer, before }) = waits else { return Came::Nothing };
        if matches!(self.facts.relay, Relay::Open(_)) && self.pass_now(from, called, &offer) {
            return Came::Passed;
        }
        self.give_back_transcoder();
        Came::Missing { from, before }
    }

    /// What a party owes that leaves a call in which something waits for a relay; `None` when nothing does. Nobody was asked for an answer
    /// to that yet.
    pub(super) fn settle_before_relay(&mut self, side: Side, leg: LegId) -> Option<Owes> {
        let Waiting { from, before, .. } = self.facts.transcoding.as_ref()?.waits.as_ref()?;
        let (offered, requested) = (*from == side, matches!(before, Exchange::Requested(by) if *by == side));
        // The answer to a session refresh was no offer.
        let repaired = matches!(before, Exchange::Repaired(_));
        if (offered && !repaired) || requested {
            self.refuse_media(leg, WhyOfferRefused::OtherNotReady);
        }
        Some(Owes::Nothing)
    }
}

impl Session {
    /// `side` takes nothing of what it was offered: it is offered something else, through a transcoder, as long as whoever offered
    /// waits for the answer.
    pub(super) fn offer_through_transcoder(&mut self, step: &mut Step<'_>, side: Side) -> bool {
        let Some(offer) = step.facts.outlet(side).source().cloned() else { return false };
        let exchange = Exchange::Offered(side.other());
        if !step.pass_through(side.other(), self.called, (offer, exchange)) {
            return false;
        }
        self.exchange = exchange;
        true
    }
}

impl Talking {
    /// The relay for a transcoder is there, or is not to be had.
    pub(super) fn transcoder_came(mut self, step: &mut Step<'_>) -> State {
        match step.relay_for_transcoder(self.session.called) {
            Came::Nothing | Came::Passed => State::Talking(self),
            Came::Missing { from, before } => {
                self.session.exchange = Exchange::Settled;
                self.without_relay_for(step, from, before)
            }
        }
    }

    /// What a side described cannot go on, since there is no relay for the transcoder: it is refused where the call can go on as it was.
    fn without_relay_for(self, step: &mut Step<'_>, from: Side, before: Exchange) -> State {
        let cause = Cause::RESOURCE_UNAVAILABLE;
        match before {
            Exchange::Settled | Exchange::Offered(_) if self.session.begun == Begun::Yes => {
                let leg = self.session.leg(from, step);
                step.command(leg, Command::RefuseMedia(cause));
                step.decide(Some(leg), Decision::OfferRefused { cause, why: WhyOfferRefused::NoRelay });
                State::Talking(self)
            }
            // It offered nothing, and goes on with what it had.
            Exchange::Repaired(_) => State::Talking(self),
            // Nobody has media yet, or an ACK would have to carry an answer that there is not (RFC 3261 §13.2.2.4).
            Exchange::Awaited
            | Exchange::Settled
            | Exchange::Offered(_)
            | Exchange::Requested(_)
            | Exchange::Sought { .. } => self.without_media(step, cause),
        }
    }
}

/// Whether a side refuses because it has none of the codecs, and not because of the moment.
pub(crate) fn is_about_codecs(cause: Cause) -> bool {
    [Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED, Cause::INCOMPATIBLE_DESTINATION].contains(&cause)
}

/// Whether an answer refuses all that was offered (RFC 3264 §6). One that takes fax or video and no audio is what both want.
pub(super) fn refuses_all(answer: &SessionDescription) -> bool {
    sdp::takes_nothing(answer.as_bytes())
}

/// The codec, as regions know it.
pub(super) const fn audio(codec: Codec) -> AudioCodec {
    match codec {
        Codec::Pcmu => AudioCodec::G711Ulaw,
        Codec::Pcma => AudioCodec::G711Alaw,
        Codec::G722 => AudioCodec::G722,
        Codec::Opus => AudioCodec::Opus,
    }
}
