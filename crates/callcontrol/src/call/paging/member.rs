//! One who hears a page: a device with its leg, and across from it a seat of ours.

use std::sync::Arc;

use strowger_base::journal::{Admission as News, Decision, Paging, PartyView, WhyNotPaged, WhyReleased};
use strowger_base::leg::{
    Answering, KeySignalling, PageSeat, ReleaseReason, Ring, RingStyle, Service, Signal, SrtpOffer, Target,
};
use strowger_base::{Cause, Command, LegId, Media, SessionDescription, WallTime};
use strowger_media::sdp::{self, Selection};

use super::{Page, Progress};
use crate::admission::{Rate, Reserved};
use crate::call::Step;
use crate::call::permitting::Permit;
use crate::call::seen::Shown;
use crate::call::way::Routing;
use crate::configuration::SrtpRule;
use crate::exchange::{Effect, Exchange, Move, Side};
use crate::failure::Failure;
use crate::io::{Output, Reach};
use crate::outlet::Outlet;

/// A device, and the seat across from it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) seat: LegId,
    /// The device's, from when it is rung.
    pub(super) leg: Option<LegId>,
    pub(super) target: Target,
    /// The number that is sent there.
    called: Box<str>,
    pub(super) rung_at: WallTime,
    pub(super) part: Part,
    pub(super) progress: Progress,
    /// The route list that led to it; it has others for the case that it does not come.
    pub(super) list: Option<Box<Routing>>,
    /// An answer that came before the device answered the call.
    early: Option<SessionDescription>,
    /// Between the seat, on the calling side, and the device.
    exchange: Exchange,
    to_device: Outlet,
    to_seat: Outlet,
    /// What it has of the bandwidth between locations.
    reserved: Reserved,
}

/// What it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// Its seat gets a port.
    Seating,
    /// It is rung.
    Ringing,
    /// It answered.
    Hears,
    /// It is out.
    Gone,
}

/// Why somebody is out.
pub(super) enum Lost {
    /// The device is gone by itself.
    Device(Failure),
    /// We let it go.
    Ours(WhyNotPaged),
}

impl Member {
    /// Whether this is the phone of a target, which may be another line of it. A phone without a name has one line.
    pub(super) fn is_the_phone_of(&self, target: &Target) -> bool {
        match (&self.target, target) {
            (
                Target::Phone { line: own_line, phone: own, binding: own_binding },
                Target::Phone { line, phone, binding },
            ) => match (own, phone) {
                (Some(own), Some(phone)) => own == phone && own_line != line,
                (None, _) | (_, None) => own_line == line && own_binding == binding,
            },
            (Target::Trunk(_) | Target::Service(_), _) | (_, Target::Trunk(_) | Target::Service(_)) => false,
        }
    }
}

impl Failure {
    /// One that no device told.
    pub(super) fn of(cause: Cause) -> Self {
        Failure { cause, reason: ReleaseReason::Refused(cause.sip_status()) }
    }
}

impl Step<'_> {
    /// Somebody shall hear the page: a seat is opened across from him, whose offer he is rung with.
    pub(super) fn seat_member(&mut self, page: &mut Page, target: Target, called: Box<str>, reach: Reach) {
        let seat = self.shared.leg_ids.allocate();
        let kind = match reach {
            Reach::Direct => PageSeat::Listener,
            // Who only listens sends nothing, and behind NAT nobody would know where it is.
            Reach::BehindNat => PageSeat::HiddenListener,
        };
        let srtp = match self.rule_of(&target) {
            SrtpRule::Never => SrtpOffer::Clear,
            SrtpRule::AsOffered => SrtpOffer::Beside,
        };
        let ring = Ring::service(Service::Page { page: page.id, seat: kind }, srtp);
        self.shared.legs.insert(seat, self.facts.id);
        self.command(seat, Command::Ring(Box::new(ring)));
        self.out.items.push(Output::Joined { leg: seat, call: self.facts.id });
        page.members.push(Member {
            seat,
            leg: None,
            target,
            called,
            rung_at: self.now.wall,
            part: Part::Seating,
            progress: Progress::Trying,
            list: None,
            early: None,
            exchange: Exchange::Offered(Side::Caller),
            to_device: Outlet::new(seat.number << 2 | 3),
            to_seat: Outlet::new(seat.number << 2 | 3),
            reserved: Reserved::default(),
        });
    }

    /// The seat tells something.
    pub(super) fn seat_told(&mut self, member: &mut Member, signal: Signal) -> Result<(), Lost> {
        match signal {
            Signal::Answered { media: Media::Offer(offer), .. } if member.part == Part::Seating => {
                self.ring_member(member, offer).map_err(Lost::Ours)?;
            }
            Signal::Media(Media::Offer(offer)) => self.moves(member, Side::Caller, Move::Offer, Some(offer)),
            Signal::Media(Media::Answer(answer)) => {
                self.moves(member, Side::Caller, Move::Answer, Some(answer));
            }
            Signal::MediaRequested => self.moves(member, Side::Caller, Move::Request, None),
            Signal::MediaRefused(cause) => self.moves(member, Side::Caller, Move::Refuse(cause), None),
            // No port is left, or what the device answered is nothing that can be talked over.
            Signal::Released { .. } => {
                self.forget(member.seat);
                return Err(Lost::Ours(WhyNotPaged::NoMedia));
            }
            Signal::Answered { .. }
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
        Ok(())
    }

    /// The device tells something.
    pub(super) fn listener_of_page_told(&mut self, member: &mut Member, signal: Signal) -> Result<(), Lost> {
        match signal {
            Signal::Alerting { media, .. } => {
                member.progress = Progress::Alerting;
                if let Media::Answer(answer) = media {
                    member.early = Some(answer);
                }
            }
            Signal::Answered { media, .. } if member.part == Part::Ringing => {
                let answer = match media {
                    Media::Answer(answer) => Some(answer),
                    Media::Offer(_) | Media::None => member.early.take(),
                };
                member.progress = Progress::Answered;
                let answer = answer.ok_or(Lost::Ours(WhyNotPaged::NoMedia))?;
                self.hears(member, answer);
            }
            Signal::Media(Media::Offer(offer)) => self.moves(member, Side::Called, Move::Offer, Some(offer)),
            Signal::Media(Media::Answer(answer)) if member.part == Part::Hears => {
                self.moves(member, Side::Called, Move::Answer, Some(answer));
            }
            Signal::MediaRequested => self.moves(member, Side::Called, Move::Request, None),
            Signal::MediaRefused(cause) => self.moves(member, Side::Called, Move::Refuse(cause), None),
            Signal::Released { cause, reason } => return Err(Lost::Device(Failure { cause, reason })),
            Signal::Answered { .. }
            | Signal::Media(Media::Answer(_) | Media::None)
            | Signal::Setup(_)
            | Signal::Proceeding
            | Signal::Digit(_)
            | Signal::DigitErased
            | Signal::DigitsEnded(_)
            | Signal::Redirected(_)
            | Signal::TransferRequested { .. }
            | Signal::FeatureRequested(_)
            | Signal::MetadataRequested
            | Signal::TransferEnded(_) => {}
        }
        Ok(())
    }

    /// Rings a device with what its seat offers, as far as regions and bandwidth let it.
    fn ring_member(&mut self, member: &mut Member, offer: SessionDescription) -> Result<(), WhyNotPaged> {
        let left = self.admit_member(member, &offer)?;
        let leg = self.shared.leg_ids.allocate();
        let Shown { calling, called, diversions } = self.shown_to(leg, &member.target, member.called.clone());
        let rung = Decision::Rung {
            target: self.shared.configuration.target(&member.target),
            called: &called,
            shown: PartyView::from(&calling),
        };
        self.out.decide(self.now, self.facts.id, Some(leg), rung);
        let address = self.shared.configuration.address;
        let answer = match &member.target {
            Target::Phone { .. } => Answering::Loudspeaker,
            Target::Trunk(_) | Target::Service(_) => Answering::User,
        };
        let ring = Ring {
            target: member.target.clone(),
            calling,
            called,
            media: Media::Offer(member.to_device.pass_left(offer, left, address, None)),
            hops_remaining: self.facts.hops_remaining,
            reliable_provisional: false,
            diversions,
            srtp: SrtpOffer::Clear,
            style: RingStyle { answer, ..RingStyle::default() },
            records: None,
            takes: None,
            keys: KeySignalling::default(),
        };
        self.shared.legs.insert(leg, self.facts.id);
        self.command(leg, Command::Ring(Box::new(ring)));
        self.out.items.push(Output::Joined { leg, call: self.facts.id });
        (member.leg, member.part, member.rung_at) = (Some(leg), Part::Ringing, self.now.wall);
        Ok(())
    }

    /// Takes bandwidth for a device, and gives what regions leave of the offer when that is less.
    fn admit_member(
        &mut self,
        member: &mut Member,
        offer: &SessionDescription,
    ) -> Result<Option<SessionDescription>, WhyNotPaged> {
        let Some((caller, called)) = self.sites(&member.target) else { return Ok(None) };
        let admission = Arc::clone(&self.shared.configuration.admission);
        let permit = Permit::between(&admission, &caller, &called);
        let left = match permit.of_offer(offer) {
            Selection::Unchanged => None,
            Selection::Changed(left) => Some(left),
            Selection::Nothing => return Err(WhyNotPaged::NoCodec),
        };
        let (from, to) = (caller.location(), called.location());
        if from != to {
            let kbps = permit.most(Some(offer));
            let taken =
                self.shared.bandwidth.take(&admission, &mut member.reserved, (from, to), Rate::Speech(kbps));
            let news = match &taken {
                Ok(()) => News::BandwidthTaken { from, to, kbps },
                Err(missing) => {
                    self.shared.counters.without_bandwidth += 1;
                    News::BandwidthMissing(missing.view())
                }
            };
            self.decide(None, Decision::Admission(news));
            taken.map_err(|_| WhyNotPaged::NoBandwidth)?;
        }
        Ok(left)
    }

    /// The device answered, and hears the page from here on.
    fn hears(&mut self, member: &mut Member, answer: SessionDescription) {
        member.part = Part::Hears;
        self.shared.counters.page_listeners += 1;
        if let Ok(peek) = sdp::peek(answer.as_bytes()) {
            let codec = peek.codecs.names().next().unwrap_or("");
            let address = peek.audio.filter(|_| peek.direction.receives());
            let heard = Paging::Heard { seat: member.seat, address, codec };
            self.decide(member.leg, Decision::Paging(heard));
        }
        if let Some((caller, called)) = self.sites(&member.target)
            && member.reserved.kbps(called.location()).is_some()
        {
            let admission = Arc::clone(&self.shared.configuration.admission);
            let (kbps, _) = Permit::between(&admission, &caller, &called).first(answer.as_bytes());
            let places = (caller.location(), called.location());
            // Less than was taken is always to be had.
            _ = self.shared.bandwidth.change(&admission, &mut member.reserved, places, kbps);
        }
        self.moves(member, Side::Called, Move::Answer, Some(answer));
    }

    /// One of the two makes a move about media.
    fn moves(&mut self, member: &mut Member, by: Side, what: Move, description: Option<SessionDescription>) {
        let Some(leg) = member.leg else { return };
        let (next, effect) = member.exchange.step(by, what);
        member.exchange = next;
        let (own, other) = match by {
            Side::Caller => (member.seat, leg),
            Side::Called => (leg, member.seat),
        };
        match (effect, description) {
            (Effect::PassOffer, Some(description)) => {
                let media = Media::Offer(self.passed_between(member, by, description, Move::Offer));
                self.command(other, Command::Media(media));
            }
            (Effect::PassAnswer, Some(description)) => {
                let media = Media::Answer(self.passed_between(member, by, description, Move::Answer));
                self.command(other, Command::Media(media));
            }
            (Effect::PassRequest, _) => self.command(other, Command::RequestMedia),
            (Effect::PassRefusal(cause), _) => self.command(other, Command::RefuseMedia(cause)),
            (Effect::Glare | Effect::NotReady, _) => {
                self.command(own, Command::RefuseMedia(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE));
            }
            (
                Effect::PassOffer
                | Effect::PassAnswer
                | Effect::Agreed
                | Effect::Seek(_)
                | Effect::NoMedia(_)
                | Effect::Nothing,
                _,
            ) => {}
        }
    }

    /// What one of the two is told of the other's description: what regions and bandwidth leave of it.
    fn passed_between(
        &self,
        member: &mut Member,
        by: Side,
        description: SessionDescription,
        what: Move,
    ) -> SessionDescription {
        let selection = self.sites(&member.target).map_or(Selection::Unchanged, |(caller, called)| {
            let kbps = member.reserved.kbps(called.location());
            let admission = &self.shared.configuration.admission;
            let permit = Permit::between(admission, &caller, &called).within(kbps);
            if what == Move::Offer { permit.of_offer(&description) } else { Selection::Unchanged }
        });
        let left = match selection {
            Selection::Changed(left) => Some(left),
            // The next answer says that nothing fits.
            Selection::Unchanged | Selection::Nothing => None,
        };
        let address = self.shared.configuration.address;
        let outlet = match by {
            Side::Caller => &mut member.to_device,
            Side::Called => &mut member.to_seat,
        };
        outlet.pass_left(description, left, address, None)
    }

    /// Somebody is out of the page.
    pub(super) fn lose(&mut self, page: &mut Page, at: usize, lost: Lost) {
        let Some(member) = page.members.get_mut(at).filter(|member| member.part != Part::Gone) else {
            return;
        };
        let failure = match lost {
            Lost::Device(failure) => {
                if let Some(leg) = member.leg {
                    self.forget(leg);
                    if member.progress.is_open() {
                        let Failure { cause, reason } = failure;
                        member.progress = Progress::Failed { cause, reason };
                        self.decide(Some(leg), Decision::LegFailed { cause, reason, left: 0 });
                    }
                }
                self.leave(member, failure.cause, WhyReleased::OtherPartyGone);
                failure
            }
            Lost::Ours(why) => {
                let phone = match &member.target {
                    Target::Phone { phone, .. } => phone.clone(),
                    Target::Trunk(_) | Target::Service(_) => None,
                };
                let configuration = Arc::clone(&self.shared.configuration);
                let whom = match &member.target {
                    Target::Phone { line, .. } => configuration.shown(line.as_str()),
                    Target::Trunk(name) => name,
                    Target::Service(_) => "",
                };
                let phone = phone.as_deref().unwrap_or_default();
                self.decide(member.leg, Decision::Paging(Paging::PassedOver { whom, phone, why }));
                let released = match why {
                    WhyNotPaged::NoAnswer => WhyReleased::NoAnswer,
                    WhyNotPaged::InCall
                    | WhyNotPaged::DoNotDisturb
                    | WhyNotPaged::NotRegistered
                    | WhyNotPaged::NotThere
                    | WhyNotPaged::NoDevice
                    | WhyNotPaged::TooMany
                    | WhyNotPaged::NoBandwidth
                    | WhyNotPaged::NoCodec
                    | WhyNotPaged::NoMedia => WhyReleased::NoMedia,
                };
                self.leave(member, cause(why), released);
                Failure::of(cause(why))
            }
        };
        let target = member.target.clone();
        page.missed(failure);
        if let Target::Phone { line, .. } = &target
            && !page.has(line)
            && let Some(position) = page.occupied.iter().position(|other| other == line)
        {
            page.occupied.swap_remove(position);
            self.shared.vacate(line, self.now.mono);
        }
    }

    /// Ends what is left of a member: its leg, its seat, its bandwidth.
    pub(super) fn leave(&mut self, member: &mut Member, cause: Cause, why: WhyReleased) {
        member.part = Part::Gone;
        if let Some(leg) = member.leg {
            self.release(leg, cause, why);
        }
        if member.progress.is_open() {
            member.progress = Progress::Withdrawn(cause);
        }
        // It was no party, so that the story does not tell of it.
        if self.shared.legs.remove(&member.seat).is_some() {
            self.command(member.seat, Command::Release(Cause::NORMAL_CALL_CLEARING));
        }
        self.shared.bandwidth.give_back(&mut member.reserved, None);
    }
}

/// What the caller is told when nobody hears the page, and this is why.
pub(super) const fn cause(why: WhyNotPaged) -> Cause {
    match why {
        WhyNotPaged::InCall | WhyNotPaged::DoNotDisturb => Cause::USER_BUSY,
        WhyNotPaged::NotRegistered => Cause::SUBSCRIBER_ABSENT,
        WhyNotPaged::NotThere | WhyNotPaged::NoDevice => Cause::NO_ROUTE_TO_DESTINATION,
        WhyNotPaged::TooMany | WhyNotPaged::NoMedia => Cause::RESOURCE_UNAVAILABLE,
        WhyNotPaged::NoBandwidth => Cause::OUT_OF_BANDWIDTH,
        WhyNotPaged::NoCodec => Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED,
        WhyNotPaged::NoAnswer => Cause::NO_ANSWER_FROM_USER,
    }
}
