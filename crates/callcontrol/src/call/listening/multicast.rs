//! Music that a party hears with all others who listen at an address, in place of a stream of its own.
//!
//! The media resource and the media resource group say where that is done; the party has to be able to, and there must be nothing
//! between it and the address. Everybody else is sent music of his own, and so is who refuses to listen there.

use strowger_base::journal::{Decision, MediaNews, WhyUnicast};
use strowger_base::leg::{Service, SrtpOffer, Tone};
use strowger_base::{Cause, Command, Now};
use strowger_dialplan::resources::Allocation;
use strowger_media::control::Multicast;
use strowger_media::negotiate;

use super::{Again, Listening};
use crate::call::participant::Device;
use crate::call::{Call, Progress, Step};
use crate::configuration::{MediaUse, MusicStream};
use crate::exchange::{Exchange, Side};
use crate::io::{Outbox, Reach};
use crate::shared::Shared;

impl Listening {
    /// Whether what it hears cannot simply be changed: the service is one that only tells of a stream, or another one is awaited.
    pub(super) const fn is_replaced(&self) -> bool {
        (self.stream.is_some() && !self.gone) || self.again.is_some()
    }
}

impl Call {
    /// The stream that a party was told of does not go out any more.
    pub(crate) fn stream_gone(&mut self, now: Now, shared: &mut Shared, out: &mut Outbox) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        step.hear_alone(WhyUnicast::NoStream);
    }
}

impl Step<'_> {
    /// The stream that a side hears; `None` when it is sent its own. Where others hear one, the story says why not.
    pub(super) fn stream_for(
        &mut self,
        side: Side,
        tone: Tone,
        resource: Option<&Allocation>,
        alone: Option<WhyUnicast>,
    ) -> Option<Multicast> {
        let configuration = std::sync::Arc::clone(&self.shared.configuration);
        let media = &configuration.media;
        let resource = resource.filter(|resource| {
            media.multicast.contains_key(resource.resource())
                && resource.group().is_some_and(|group| media.multicast_groups.contains(group))
        })?;
        let chosen = match alone {
            Some(why) => Err(why),
            None => self.choose_stream(side, tone, resource.resource()),
        };
        let listener = self.listener(side);
        let chosen = chosen.and_then(|wanted| {
            let (call, ids) = (self.facts.id, &mut self.shared.port_ids);
            let joined = self.shared.streams.join(&wanted, call, ids, self.out);
            if joined { Ok(wanted.to) } else { Err(WhyUnicast::NoStream) }
        });
        let news = match &chosen {
            Ok(to) => MediaNews::Multicast { address: to.address, ttl: to.ttl, codec: to.codec.name() },
            Err(why) => MediaNews::Unicast(*why),
        };
        self.decide(listener, Decision::Resource(news));
        chosen.ok()
    }

    fn choose_stream(&self, side: Side, tone: Tone, resource: &str) -> Result<MusicStream, WhyUnicast> {
        let media = &self.shared.configuration.media;
        if let Tone::Source(source) = tone
            && media.from_start.contains(&source)
        {
            return Err(WhyUnicast::FromStart);
        }
        let wishes = self.media_use(side);
        if wishes.unicast_music {
            return Err(WhyUnicast::NotWanted);
        }
        if self.srtp_of(side) != SrtpOffer::Clear {
            return Err(WhyUnicast::Encrypted);
        }
        if wishes.wants_trusted_relay() || wishes.termination_point {
            return Err(WhyUnicast::Relayed);
        }
        let (reach, outlet) = match side {
            Side::Caller => (self.facts.caller_reach, &self.facts.to_caller),
            Side::Called => (self.facts.called_reach, &self.facts.to_called),
        };
        if reach == Reach::BehindNat {
            return Err(WhyUnicast::BehindNat);
        }
        let base = media.multicast.get(resource).map(|music| music.base).ok_or(WhyUnicast::NoStream)?;
        let codec = outlet.said().and_then(|said| negotiate::multicast_codec(said.last.as_bytes(), base));
        let codec = codec.ok_or(WhyUnicast::NoCodec)?;
        media.music_stream(resource, tone, codec).ok_or(WhyUnicast::NoStream)
    }

    /// What the device of a side says about media resources.
    fn media_use(&self, side: Side) -> MediaUse {
        let configuration = &self.shared.configuration;
        match side {
            Side::Caller => configuration.media_of_origin(&self.facts.origin, self.facts.address).0,
            Side::Called => {
                let answered = self.facts.rung.iter().rfind(|rung| rung.progress == Progress::Answered);
                let device = answered.map(|rung| Device::Called(rung.target.clone()).target());
                device.map(|target| configuration.media_of_target(&target).0).unwrap_or_default()
            }
        }
    }

    /// The service that tells a party of a stream.
    pub(super) fn told_of(&self, to: &Multicast) -> Service {
        Service::Multicast {
            address: to.address,
            ttl: to.ttl,
            payload_type: to.codec.payload_type(),
            direction: self.shared.configuration.media.multicast_direction,
        }
    }

    /// Whether all is settled between a party and a service that told it of a stream. What it refuses then is to listen there: it
    /// learned of the stream from an answer, which cannot be refused.
    pub(super) fn hears_stream(&self) -> bool {
        let listening = self.facts.listening.as_ref();
        listening.is_some_and(|it| it.stream.is_some() && !it.gone && it.exchange == Exchange::Settled)
    }

    /// A service of its own takes the place of one that told a party of a stream.
    pub(super) fn hear_alone(&mut self, why: WhyUnicast) {
        let told = self.facts.listening.as_ref().filter(|it| it.stream.is_some() && !it.gone);
        if let Some(tone) = told.map(|listening| listening.wanted) {
            self.hear_instead(Again { tone, alone: Some(why) });
        }
    }

    /// Another service takes the place of this one, as soon as nothing is open between party and service.
    pub(super) fn hear_instead(&mut self, next: Again) {
        let Some(mut listening) = self.facts.listening.take() else { return };
        self.leave_stream(&mut listening);
        listening.resource.take().into_iter().for_each(|played| self.shared.resources.give_back(played));
        let was_gone = listening.gone;
        (listening.again, listening.wanted) = (Some(next), next.tone);
        let leg = listening.leg;
        self.facts.listening = Some(listening);
        if was_gone {
            return;
        }
        self.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
        self.sound_lost();
    }

    /// The service is gone; when it told of a stream, music of its own comes next for the party.
    pub(super) fn not_heard_there(&mut self, why: WhyUnicast) {
        if let Some(listening) = &mut self.facts.listening
            && listening.stream.is_some()
            && listening.again.is_none()
        {
            listening.again = Some(Again { tone: listening.wanted, alone: Some(why) });
        }
    }

    /// What comes next, where anything does.
    pub(super) fn hear_again(&mut self, side: Side, next: Option<Again>) {
        if let Some(next) = next {
            self.begin_to_hear(side, next);
        }
    }

    /// The party hears what goes out to all no more.
    pub(super) fn leave_stream(&mut self, listening: &mut Listening) {
        if let Some(address) = listening.stream.take() {
            self.shared.streams.leave(address, self.facts.id, self.out);
        }
    }
}
