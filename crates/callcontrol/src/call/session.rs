//! Media between the caller and one called leg, before and after the answer.

use strowger_base::journal::{AudioFlow, Decision, MediaPath, StreamEnd, Way, WhyOfferRefused};
use strowger_base::{Cause, Command, LegId, Media, SessionDescription};
use strowger_media::sdp::{self, Direction, HoldState};

use super::Step;
use super::blocking::BLOCKED;
use super::transcoding::{is_about_codecs, refuses_all};
use crate::exchange::{Effect, Exchange, Move, Side};
use crate::outlet::{Keys, Part};
use crate::relay::Relay;

/// What both sides are told about each other's media.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) called: LegId,
    pub(super) exchange: Exchange,
    pub(super) begun: Begun,
    caller_holds: Hold,
    called_holds: Hold,
}

/// Whether a first offer has been answered, so that there is media.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Begun {
    No,
    Yes,
}

/// Whether the two can still come to have media.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Agreement {
    Possible,
    /// Neither offers anything that the other takes.
    None(Cause),
}

/// Whether a side has put the other on hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hold {
    No,
    Yes,
}

impl Session {
    pub(super) const fn new(called: LegId, exchange: Exchange) -> Self {
        Session { called, exchange, begun: Begun::No, caller_holds: Hold::No, called_holds: Hold::No }
    }

    pub(super) fn is_held(&self) -> bool {
        self.caller_holds == Hold::Yes || self.called_holds == Hold::Yes
    }

    /// Whether this side has put the other one on hold.
    pub(super) fn is_held_by(&self, side: Side) -> bool {
        let holds = match side {
            Side::Caller => self.caller_holds,
            Side::Called => self.called_holds,
        };
        holds == Hold::Yes
    }

    pub(super) fn leg(&self, side: Side, step: &Step<'_>) -> LegId {
        match side {
            Side::Caller => step.facts.caller,
            Side::Called => self.called,
        }
    }

    /// A side makes a move about media with a signal of its own.
    pub(super) fn tell(&mut self, step: &mut Step<'_>, side: Side, signal: MediaSignal) -> Agreement {
        let (what, description) = signal.parts();
        let before = self.exchange;
        let (next, effect) = before.step(side, what);
        self.exchange = next;
        let (own, other) = (self.leg(side, step), self.leg(side.other(), step));
        match effect {
            Effect::PassOffer => {
                let Some(description) = description else { return Agreement::Possible };
                let may_be_refused = before == Exchange::Settled && what == Move::Offer;
                let denied = what == Move::Offer && step.cannot_secure(side, own, &description);
                let stopped = denied || step.blocks_offer(own, &description);
                if stopped && !may_be_refused {
                    return Agreement::None(BLOCKED);
                }
                let unheard = may_be_refused && step.carries_nothing_of(side, &description);
                if stopped || unheard {
                    return self.not_permitted(step, before, own, what);
                }
                let Some(passed) = step.pass_offer(side, self.called, description.clone()) else {
                    // What an answer repairs was no offer.
                    let stood = if what == Move::Answer { next } else { before };
                    if step.pass_through(side, self.called, (description, stood)) {
                        return Agreement::Possible;
                    }
                    return self.not_permitted(step, before, own, what);
                };
                step.tell_media(other, Media::Offer(passed));
            }
            Effect::PassAnswer => {
                let Some(description) = description else { return Agreement::Possible };
                if refuses_all(&description) && self.offer_through_transcoder(step, side) {
                    return Agreement::Possible;
                }
                let media = Media::Answer(step.pass_answer(side, self.called, description));
                if step.blocks_agreement(side.other(), other) {
                    return Agreement::None(BLOCKED);
                }
                step.tell_media(other, media);
                self.agreed(step, side);
            }
            Effect::PassRequest => step.command(other, Command::RequestMedia),
            Effect::PassRefusal(cause)
                if matches!(before, Exchange::Offered(_))
                    && is_about_codecs(cause)
                    && self.offer_through_transcoder(step, side) => {}
            Effect::PassRefusal(cause) if step.waits_for_answer(other) => return Agreement::None(cause),
            Effect::PassRefusal(cause) => {
                step.command(other, Command::RefuseMedia(cause));
                let why = WhyOfferRefused::OtherRefused;
                step.decide(Some(other), Decision::OfferRefused { cause, why });
            }
            Effect::Agreed => {
                if let Some(description) = description {
                    // Kept as what this side wants now; nobody waits for it.
                    let _ = step.pass_answer(side, self.called, description);
                    if step.blocks_agreement(side.other(), other) {
                        return Agreement::None(BLOCKED);
                    }
                    self.agreed(step, side);
                }
            }
            Effect::Glare => step.refuse_media(own, WhyOfferRefused::Glare),
            Effect::NotReady => step.refuse_media(own, WhyOfferRefused::OtherNotReady),
            Effect::Seek(_) => step.command(other, Command::RequestMedia),
            Effect::NoMedia(cause) => return Agreement::None(cause),
            Effect::Nothing => {}
        }
        Agreement::Possible
    }

    /// Regions and bandwidth leave nothing of an offer: where the leg offered it by itself, it is refused and the session stays as it
    /// was; where somebody waits for it, there is nothing to talk over.
    fn not_permitted(&mut self, step: &mut Step<'_>, before: Exchange, own: LegId, what: Move) -> Agreement {
        let cause = step.not_permitted(own);
        match before {
            Exchange::Awaited | Exchange::Settled => {
                self.exchange = before;
                if what == Move::Offer {
                    step.command(own, Command::RefuseMedia(cause));
                }
                Agreement::Possible
            }
            Exchange::Offered(_)
            | Exchange::Requested(_)
            | Exchange::Repaired(_)
            | Exchange::Sought { .. } => Agreement::None(cause),
        }
    }

    /// `answerer` answered, and both descriptions have been passed on: tells the story of it.
    pub(super) fn agreed(&mut self, step: &mut Step<'_>, answerer: Side) {
        self.begun = Begun::Yes;
        let offerer = answerer.other();
        let sources =
            (step.facts.outlet(answerer).source().cloned(), step.facts.outlet(offerer).source().cloned());
        let (Some(offer), Some(answer)) = sources else { return };
        // Not before: an offer may be refused, and until then the old addresses count (RFC 3264 §8.3.1).
        step.direct(offerer, &offer);
        step.direct(answerer, &answer);
        step.keys_agreed(offerer, &offer, &answer);
        step.tell_security(self.called, offerer);
        step.settle_presses(self.called);
        step.settle_bandwidth(self.called, &answer);
        step.settle_transcoder();
        let (Ok(offered), Ok(answered)) = (sdp::peek(offer.as_bytes()), sdp::peek(answer.as_bytes())) else {
            return;
        };
        let way = match step.facts.relay {
            Relay::Open(_) if step.transcodes_at_device() => Way::AtDevice,
            Relay::Open(_) => Way::Relayed,
            Relay::None | Relay::Opening(_) => Way::Direct,
        };
        let end = |side: Side, peek: &sdp::Peek<'_>, step: &Step<'_>| StreamEnd {
            leg: self.leg(side, step),
            address: peek.audio,
            flow: audio_flow(peek.direction),
        };
        // An answer may name codecs that were not offered (RFC 3264 §6.1).
        let in_both = |name: &&str| {
            let is_codec = !matches!(*name, "telephone-event" | "CN");
            is_codec && offered.codecs.names().any(|offered| offered == *name)
        };
        let codec = answered.codecs.names().find(in_both).or_else(|| answered.codecs.names().next());
        let path = MediaPath {
            offerer: end(offerer, &offered, step),
            answerer: end(answerer, &answered, step),
            codec: codec.unwrap_or(""),
            way,
        };
        let beside = step.settle_carriers(&offer, &answer);
        // Fax takes the place of audio.
        if answered.audio.is_some() || beside.is_empty() {
            step.decide(None, Decision::MediaPath(path));
        }
        for news in beside {
            step.decide(None, Decision::Stream(news));
        }
        self.judge_hold(step, offerer, offered.hold());
        step.seat_connected(self.called);
    }

    /// A side that hears a service of ours offers that this.
    pub(super) fn listener_offers(&mut self, step: &mut Step<'_>, side: Side, offer: &SessionDescription) {
        self.judge_hold(step, side, sdp::hold_of(offer.as_bytes()));
    }

    /// A side does not hold any more, and was answered by us.
    pub(super) fn resumes(&mut self, step: &mut Step<'_>, side: Side) {
        self.judge_hold(step, side, HoldState::Active);
    }

    /// A side holds, and was answered by us.
    pub(super) fn holds(&mut self, step: &mut Step<'_>, side: Side) {
        self.judge_hold(step, side, HoldState::Holding);
    }

    /// Whoever offers says whether it holds the other; an answer only follows (RFC 3264 §8.4, RFC 6337 §5.3).
    fn judge_hold(&mut self, step: &mut Step<'_>, side: Side, state: HoldState) {
        let holds = match state {
            HoldState::Holding | HoldState::Inactive => Hold::Yes,
            HoldState::Active | HoldState::Held | HoldState::NoAudio => Hold::No,
        };
        let leg = self.leg(side, step);
        let was = match side {
            Side::Caller => &mut self.caller_holds,
            Side::Called => &mut self.called_holds,
        };
        match (std::mem::replace(was, holds), holds) {
            (Hold::No, Hold::Yes) => step.decide(Some(leg), Decision::Held),
            (Hold::Yes, Hold::No) => step.decide(Some(leg), Decision::Resumed),
            (Hold::No, Hold::No) | (Hold::Yes, Hold::Yes) => {}
        }
    }
}

/// The signals that are about media alone.
#[derive(Clone, Debug)]
pub(super) enum MediaSignal {
    Offer(SessionDescription),
    Answer(SessionDescription),
    Request,
    Refuse(Cause),
}

impl MediaSignal {
    pub(super) fn parts(self) -> (Move, Option<SessionDescription>) {
        match self {
            MediaSignal::Offer(description) => (Move::Offer, Some(description)),
            MediaSignal::Answer(description) => (Move::Answer, Some(description)),
            MediaSignal::Request => (Move::Request, None),
            MediaSignal::Refuse(cause) => (Move::Refuse(cause), None),
        }
    }
}

impl Step<'_> {
    /// What the other side is told instead of an offer that `from` wrote, of which only `left` is permitted; all when `None`.
    pub(super) fn pass(
        &mut self,
        from: Side,
        offer: SessionDescription,
        left: Option<SessionDescription>,
    ) -> SessionDescription {
        self.secure(from, &offer);
        let keys = self.keys_for(from.other(), Part::Offer, None);
        self.passed((from, Part::Offer), offer, left, (keys, None))
    }

    /// The same of the answer that `from` wrote to its offer.
    pub(super) fn pass_as_answer(
        &mut self,
        from: Side,
        answer: SessionDescription,
        left: Option<SessionDescription>,
    ) -> SessionDescription {
        let offer = self.facts.outlet(from).source().cloned();
        let keys = self.keys_for(from.other(), Part::Answer, offer.as_ref());
        self.passed((from, Part::Answer), answer, left, (keys, None))
    }

    /// What the other side, which offered `offered`, is answered with what `from` offers.
    pub(super) fn pass_to_offerer(
        &mut self,
        from: Side,
        offer: SessionDescription,
        (answer, offered): (SessionDescription, &SessionDescription),
    ) -> SessionDescription {
        self.secure(from, &offer);
        let keys = self.keys_for(from.other(), Part::Answer, Some(offered));
        self.passed((from, Part::Offer), offer, Some(answer), (keys, Some(offered)))
    }

    fn passed(
        &mut self,
        (from, part): (Side, Part),
        description: SessionDescription,
        left: Option<SessionDescription>,
        (keys, theirs): (Keys, Option<&SessionDescription>),
    ) -> SessionDescription {
        self.facts.outlet(from).wrote(&description, part);
        let left = self.whispered(from, &description, left);
        let left = self.with_events((from, part, theirs), &description, left);
        let left = self.without_others((from, part), &description, left);
        let left = self.with_as_many_streams((from, part), &description, left);
        self.facts.outlet(from.other()).set_keys(keys);
        let address = self.shared.configuration.address;
        let led = self.leads(from.other(), left.as_ref().unwrap_or(&description));
        self.facts.outlet(from.other()).pass_left(description, left, address, led)
    }
}

const fn audio_flow(direction: Direction) -> AudioFlow {
    match direction {
        Direction::SendReceive => AudioFlow::Both,
        Direction::SendOnly => AudioFlow::SendOnly,
        Direction::ReceiveOnly => AudioFlow::ReceiveOnly,
        Direction::Inactive => AudioFlow::Nothing,
    }
}
