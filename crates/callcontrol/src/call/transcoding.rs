//! A transcoder between the two sides of a call that have no codec in common.
//!
//! Each side then negotiates with us: it is offered what it may speak, and answered with a codec of its own (`negotiate::offer_through`).
//! The transcoder stands where the device is from whose lists it comes, the caller's before the called one's, and regions count from
//! there. One that both could do without goes as soon as that is agreed.
//!
//! A transcoder may be a device of its own, as routers have them. Then the relay of the call is at the device, which stays in the way of media
//! until the call ends, speaks what it says that it speaks, knows no encryption and passes keys on as they come.

use std::collections::BTreeSet;
use std::sync::Arc;

use strowger_base::journal::{Decision, MediaFunction, MediaNews, WhyOfferRefused, WhyRefused};
use strowger_base::leg::Target;
use strowger_base::{Cause, Command, LegId, Media, SessionDescription};
use strowger_dialplan::admission::AudioCodec;
use strowger_dialplan::resources::{Allocation, Function};
use strowger_media::codec::Codec;
use strowger_media::control::{self, Coding, Codings, PortId};
use strowger_media::negotiate::{self, Beside};
use strowger_media::sdp::{self, AudioSecurity, Direction, Wish};

use super::opening::Opening;
use super::participant::Owes;
use super::permitting::Permit;
use super::session::{Begun, Session};
use super::talking::Talking;
use super::way::CallerMedia;
use super::{Progress, State, Step};
use crate::exchange::{Exchange, Side};
use crate::relay::Relay;
use crate::resources;

/// A transcoder that a call has.
#[derive(Debug)]
pub(crate) struct Transcoding {
    resource: Allocation,
    /// The device that does it, when that is one of its own.
    device: Option<Device>,
    /// The side from whose lists it comes, and beside which it stands.
    at: Side,
    /// What the relay was told.
    told: Option<Codings>,
    /// What goes on as soon as the relay is there.
    waits: Option<Waiting>,
}

/// A device that transcodes.
#[derive(Debug)]
struct Device {
    name: Arc<str>,
    /// What it speaks.
    codecs: Vec<Codec>,
    /// What its sides are opened for, the caller's first, until something is agreed.
    opens: [Codec; 2],
    /// What it does.
    does: Does,
}

/// What a device does between the two sides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Does {
    /// It translates: each side has a codec of its own.
    Translates,
    /// It passes on what both speak: a media termination point, or a trusted relay point.
    PassesOn,
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

    /// Whether a device of its own does it, which knows no encryption.
    pub(super) fn transcodes_at_device(&self) -> bool {
        self.facts.transcoding.as_ref().is_some_and(|transcoding| transcoding.device.is_some())
    }

    /// Whether the two speak codecs of their own through a device.
    pub(super) fn translates_at_device(&self) -> bool {
        let told = self.facts.transcoding.as_ref().and_then(|transcoding| transcoding.told);
        self.transcodes_at_device() && told.is_some_and(|told| told.a.format.codec != told.b.format.codec)
    }

    /// Whether there is no transcoder any more for two that need one; that is told.
    pub(super) fn lacks_transcoder(&mut self, called: &Target) -> bool {
        let configuration = Arc::clone(&self.shared.configuration);
        let own = configuration.media_of_origin(&self.facts.origin, self.facts.address).1;
        let there = configuration.media_of_target(called).1;
        let (media, function) = (&configuration.media, MediaFunction::Transcoder);
        let resources = &mut self.shared.resources;
        if [&own, &there].iter().any(|lists| resources.has_room(media, function, &lists.names())) {
            return false;
        }
        let mut full = Vec::new();
        for lists in [own, there] {
            match resources.take(media, function, &lists.names()) {
                Ok(taken) => taken.into_iter().for_each(|taken| resources.give_back(taken)),
                Err(exhausted) => full.push(resources::full(&exhausted)),
            }
        }
        full.dedup();
        let (caller, full) = (self.facts.caller, full.join(", "));
        let news = MediaNews::Exhausted { function, full: &full };
        self.decide(Some(caller), Decision::Resource(news));
        true
    }

    /// Whether a device passes media on that both sides speak.
    pub(super) fn passes_on_at_device(&self) -> bool {
        let device = self.facts.transcoding.as_ref().and_then(|transcoding| transcoding.device.as_ref());
        device.is_some_and(|device| device.does == Does::PassesOn)
    }

    /// The devices that could pass on what the caller offers: where nothing else stands in the way, and it has a codec of theirs.
    pub(super) fn fit_points(&self, called: Option<&Target>) -> BTreeSet<Arc<str>> {
        let (Some(offer), Some(called)) = (self.offered_or_known(), called) else { return BTreeSet::new() };
        let clear = AudioSecurity::of(offer.as_bytes()).wish == Wish::Clear;
        let is_free = matches!(self.facts.relay, Relay::None) && !self.transcodes() && !self.wants_points();
        if !clear || !is_free || matches!(called, Target::Service(_)) {
            return BTreeSet::new();
        }
        let theirs = sdp::audio_formats(offer.as_bytes());
        let speaks =
            |codec: &Codec| theirs.iter().any(|format| format.name.eq_ignore_ascii_case(codec.name()));
        let devices = self.shared.configuration.media.table.iter().filter(|(_, it)| it.is_device);
        let fit = devices.filter(|(name, _)| match self.shared.resources.device(name) {
            Some((_, codecs)) => {
                self.codecs_at(Side::Called, Side::Caller, called, codecs).iter().any(speaks)
            }
            // That it is not there is told.
            None => true,
        });
        fit.map(|(name, _)| Arc::clone(name)).collect()
    }

    /// A device passes on what the caller and this one say, from here on.
    pub(super) fn pass_on_at_device(&mut self, at: Side, resource: Allocation, called: &Target) {
        let Some((name, codecs)) = self.shared.resources.device(resource.resource()) else {
            return self.shared.resources.give_back(resource);
        };
        let (name, codecs) = (Arc::clone(name), codecs.to_vec());
        let offer = self.offered_or_known();
        let opens = offer.map(|offer| self.guesses(at, called, (Side::Caller, &offer), &codecs));
        let first = opens.map_or(Codec::Pcmu, |[caller, _]| caller);
        let device = Device { name, codecs, opens: [first, first], does: Does::PassesOn };
        let transcoding = Transcoding { resource, device: Some(device), at, told: None, waits: None };
        self.facts.transcoding = Some(Box::new(transcoding));
    }

    /// What opens the relay where a device has it.
    pub(super) fn opens_at_device(&self, port: PortId) -> Option<control::Command> {
        let device = self.facts.transcoding.as_ref()?.device.as_ref()?;
        let [a, b] = device.opens;
        Some(control::Command::OpenAt { port, device: Arc::clone(&device.name), a, b })
    }

    /// Whether a transcoder may be looked for at all.
    fn has_transcoders(&self) -> bool {
        self.shared.configuration.media.table.any(strowger_dialplan::resources::Function::Transcoder)
    }

    /// The transcoders that could help with what `from` offers when they stand beside this side. One of ours is looked at again when
    /// it is taken, as regions may leave it nothing to do.
    fn fit_transcoders(
        &self,
        at: Side,
        called: &Target,
        (from, offer): (Side, &SessionDescription),
    ) -> BTreeSet<Arc<str>> {
        let theirs = sdp::audio_formats(offer.as_bytes());
        let speaks =
            |codec: &Codec| theirs.iter().any(|format| format.name.eq_ignore_ascii_case(codec.name()));
        // A relay of ours that somebody sends to already stays.
        let told = self.facts.answered_at.is_some()
            || matches!(self.facts.caller_media, CallerMedia::Agreed | CallerMedia::Before);
        let moves = matches!(self.facts.relay, Relay::None) || !told;
        let clear = AudioSecurity::of(offer.as_bytes()).wish != Wish::Required;
        let may_be_device = moves && clear && !self.wants_points();
        let mut found = BTreeSet::new();
        for (name, it) in self.shared.configuration.media.table.iter() {
            let is_fit = match (it.function, it.is_device) {
                (Function::Transcoder, false) => Codec::ALL.iter().any(speaks),
                // That it is not there is told.
                (Function::Transcoder, true) => {
                    self.shared.resources.device(name).is_none_or(|(_, codecs)| {
                        let [here, there] =
                            [from, from.other()].map(|side| self.codecs_at(side, at, called, codecs));
                        may_be_device && here.iter().any(speaks) && !there.is_empty()
                    })
                }
                _ => false,
            };
            if is_fit {
                found.insert(Arc::clone(name));
            }
        }
        found
    }

    /// Takes a transcoder for the caller and this device, when there is one that can help with what one of them offers.
    fn fetch_transcoder(&mut self, called: &Target, (from, offer): (Side, &SessionDescription)) -> bool {
        if self.transcodes() {
            return true;
        }
        if !self.has_transcoders() || matches!(called, Target::Service(_)) {
            return false;
        }
        let fit = [Side::Caller, Side::Called].map(|at| self.fit_transcoders(at, called, (from, offer)));
        if fit.iter().all(BTreeSet::is_empty) {
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
            let [beside_caller, beside_called] = &fit;
            let fit = if at == Side::Caller { beside_caller } else { beside_called };
            let is_fit = |name: &str| fit.contains(name);
            match self.shared.resources.take_where(&configuration.media, (function, &is_fit), &names) {
                Ok(Some(resource)) => {
                    let device = self.shared.resources.device(resource.resource());
                    let device = device.map(|(name, codecs)| {
                        let (name, codecs) = (Arc::clone(name), codecs.to_vec());
                        let opens = self.guesses(at, called, (from, offer), &codecs);
                        Device { name, codecs, opens, does: Does::Translates }
                    });
                    let leg = (at == Side::Caller).then_some(self.facts.caller);
                    self.decide(leg, Decision::Resource(resources::taken_view(&resource)));
                    if device.is_some() {
                        // The relay is where the device is.
                        self.close_relay();
                    }
                    let transcoding = Transcoding { resource, device, at, told: None, waits: None };
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
        if transcoding.device.is_some() {
            self.close_relay();
        } else if transcoding.told.is_some()
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
        if self.passes_on_at_device() {
            return false;
        }
        let had = self.transcodes();
        if !self.fetch_transcoder(target, (from, offer)) {
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
        let transcoding = self.facts.transcoding.as_deref();
        let at = transcoding.map_or(Side::Caller, |transcoding| transcoding.at);
        let device = transcoding.and_then(|transcoding| transcoding.device.as_ref());
        let speaks = device.map_or(&Codec::ALL[..], |device| device.codecs.as_slice());
        self.codecs_at(side, at, called, speaks)
    }

    /// What a side may speak with a transcoder that speaks this and stands at the other or the same side, best first.
    fn codecs_at(&self, side: Side, at: Side, called: &Target, codecs: &[Codec]) -> Vec<Codec> {
        let Some((caller, there)) = self.sites(called) else { return codecs.to_vec() };
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
        permit.sorted(codecs)
    }

    /// What both sides of a device are opened for, the caller's first: whoever offers with the best of what it offers, the other one
    /// with something else, as it was in want of that.
    fn guesses(
        &self,
        at: Side,
        called: &Target,
        (from, offer): (Side, &SessionDescription),
        codecs: &[Codec],
    ) -> [Codec; 2] {
        let theirs = sdp::audio_formats(offer.as_bytes());
        let place =
            |codec: &Codec| theirs.iter().position(|format| format.name.eq_ignore_ascii_case(codec.name()));
        let [here, there] = [from, from.other()].map(|side| self.codecs_at(side, at, called, codecs));
        let best = here.iter().filter(|codec| place(codec).is_some()).min_by_key(|codec| place(codec));
        // Who refuses one law of G.711 has not got the other one either.
        let g711 = |codec: &Codec| matches!(codec, Codec::Pcmu | Codec::Pcma);
        let offers_g711 = Codec::KNOWN.iter().any(|codec| g711(codec) && place(codec).is_some());
        let mut others = there.iter().filter(|codec| place(codec).is_none());
        let other = others.clone().find(|codec| !(offers_g711 && g711(codec))).or_else(|| others.next());
        let other = other.or(there.first());
        let [here, there] = [best, other].map(|codec| codec.copied().unwrap_or(Codec::Pcmu));
        match from {
            Side::Caller => [here, there],
            Side::Called => [there, here],
        }
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
        let mut codecs = self.codecs_of(to, called);
        if self.passes_on_at_device() {
            let theirs = sdp::audio_formats(offer.as_bytes());
            codecs.retain(|codec| theirs.iter().any(|format| format.name.eq_ignore_ascii_case(codec.name())));
        }
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
        // Our relay passes on what both speak; a device has to be told what that is.
        let codings = if self.transcodes_at_device() { Some(agreed.sides) } else { agreed.codings };
        let codings = codings.map(|(offerer, answerer)| match to {
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
        if let Some(Codings { a, b }) = codings
            && !self.passes_on_at_device()
        {
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
            if transcoding.device.is_some() {
                self.close_relay();
            }
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
        let (reachable, offer) = (targets.first().cloned()?, self.offered_or_taken()?);
        if !self.reaches_through_transcoder(&reachable, (Side::Caller, &offer)) {
            return None;
        }
        self.facts.offer = self.offered_or_known();
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
        Codec::G729 => AudioCodec::G729,
    }
}
