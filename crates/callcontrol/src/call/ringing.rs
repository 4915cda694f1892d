//! Something was rung and nobody has answered yet.
//!
//! One phone alone may let the caller hear early media; of several phones the caller hears none, since only one of
//! them will be talked with, and nobody knows which (RFC 3960 §3.2). Neither does it hear one to which the call went after
//! the caller had agreed on media with another: it could not be told where to listen before the answer.

use std::time::Duration;

use strowger_base::journal::{Decision, PartyView, WhyOfferRefused, WhyRefused, WhyReleased};
use strowger_base::leg::{Alert, EarlyMedia, Party, Signal, Target, Tone};
use strowger_base::{Cause, Command, LegId, LineName, Media};

use super::authorizing::{Heard, Keyed};
use super::joining::{First, Joining};
use super::participant::{Owes, Stage};
use super::session::{Agreement, Begun, MediaSignal, Session};
use super::transcoding::is_about_codecs;
use super::way::{CallerMedia, Tried, Way};
use super::{Facts, Progress, State, Step, Talking};
use crate::exchange::{Exchange, Side};
use crate::failure::Failure;
use crate::relay::Relay;

/// Legs that ring.
pub(super) struct Ringing {
    devices: Devices,
    /// Where its legs begin among those that the call rang.
    first: usize,
    no_answer: Duration,
    /// What the caller was told last.
    caller_alerted: Option<Alert>,
    /// Whether the caller hears what the only device has to be heard.
    heard: EarlyMedia,
    /// The best of the failures so far.
    failure: Option<Failure>,
    /// The devices were offered what another caller has, which went away since, or what is known of one that has not offered it.
    pub(super) offered_by_another: bool,
}

/// How many devices were rung.
enum Devices {
    /// One: it shares a media session with the caller from the start.
    One(Session),
    /// Several, or one after early media of another: whoever answers begins one, from this.
    Apart(Exchange, Begun),
}

impl Ringing {
    /// Rings all targets at once.
    pub(super) fn begin(step: &mut Step<'_>, targets: Vec<Target>) -> State {
        if step.keys_need_relay() && !matches!(step.facts.relay, Relay::Open(_)) && !step.falls_back() {
            return step.refuse_without_relay();
        }
        if let Some(refused) = step.points_without_relay() {
            return refused;
        }
        if step.transcodes() && !matches!(step.facts.relay, Relay::Open(_)) {
            return step.refuse_without_transcoder();
        }
        let begun = match step.facts.caller_media {
            CallerMedia::Nothing | CallerMedia::Open => Begun::No,
            CallerMedia::Agreed | CallerMedia::Before => Begun::Yes,
        };
        let offer = step.offered();
        let exchange = match &offer {
            Some(offer) => {
                // What the called sends before it answers is heard, but by nobody who talks with somebody else.
                if step.facts.caller_stage == Stage::Waits {
                    step.direct(Side::Caller, offer);
                }
                match begun {
                    Begun::No => Exchange::Offered(Side::Caller),
                    Begun::Yes => Exchange::Settled,
                }
            }
            None => Exchange::Awaited,
        };
        let alone = targets.len() == 1 && begun == Begun::No;
        let first = step.facts.rung.len();
        step.facts.rung.reserve_exact(targets.len());
        step.members_rung(&targets);
        let reliable = alone && step.facts.caller_takes_reliable;
        step.open_for_tone(&targets, offer.as_ref());
        step.ring_all(targets, offer, reliable);
        let devices = match step.facts.rung.last() {
            Some(rung) if alone => {
                let leg = rung.leg;
                step.relay_serves(leg);
                Devices::One(Session::new(leg, exchange))
            }
            Some(_) | None => Devices::Apart(exchange, begun),
        };
        let no_answer = step.rings_for();
        step.set_timer(no_answer);
        let offered_by_another = step.facts.caller_stage != Stage::Waits && step.facts.offer.is_some();
        State::Ringing(Ringing {
            devices,
            first,
            no_answer,
            caller_alerted: None,
            heard: EarlyMedia::Unsaid,
            failure: None,
            offered_by_another,
        })
    }

    pub(super) fn signal(self, step: &mut Step<'_>, leg: LegId, signal: Signal) -> State {
        if matches!(step.facts.way, Way::Prompt(_))
            && let Some(keyed) = Keyed::of(&signal)
        {
            return self.keyed(step, leg, keyed);
        }
        if leg == step.facts.caller {
            self.caller_told(step, signal)
        } else {
            self.called_told(step, leg, signal)
        }
    }

    fn caller_told(self, step: &mut Step<'_>, signal: Signal) -> State {
        let caller = step.facts.caller;
        if step.facts.caller_stage == Stage::Up {
            return self.waiting_caller_told(step, signal);
        }
        match signal {
            Signal::Released { cause, reason } => return step.caller_gone(cause, reason),
            Signal::Media(Media::Offer(offer)) => {
                return self.media(step, caller, Side::Caller, MediaSignal::Offer(offer));
            }
            Signal::Media(Media::Answer(answer)) => {
                return self.media(step, caller, Side::Caller, MediaSignal::Answer(answer));
            }
            Signal::MediaRequested => return self.media(step, caller, Side::Caller, MediaSignal::Request),
            Signal::MediaRefused(cause) => {
                return self.media(step, caller, Side::Caller, MediaSignal::Refuse(cause));
            }
            Signal::Setup(_) | Signal::Proceeding | Signal::Alerting { .. } | Signal::Answered { .. } => {
                step.impossible("a caller told what only a called device can tell");
            }
            Signal::MetadataRequested
            | Signal::TransferRequested { .. }
            | Signal::TransferEnded(_)
            | Signal::FeatureRequested(_) => {
                step.impossible("a feature is no matter of one call");
            }
            // It may be asked for by what is heard before the answer; otherwise nobody is there yet to hear it, and the number is known.
            Signal::Digit(digit) => {
                let is_device = !matches!(step.facts.way, Way::Prompt(_) | Way::Announcement(_));
                if let Devices::One(session) = &self.devices
                    && is_device
                    && session.caller_media(step.facts) == CallerMedia::Agreed
                {
                    let called = session.called;
                    step.pressed((Side::Caller, called), digit, super::pressing::Way::Signalling);
                }
            }
            Signal::Redirected(_)
            | Signal::Media(Media::None)
            | Signal::DigitErased
            | Signal::DigitsEnded(_) => {}
        }
        State::Ringing(self)
    }

    /// Something is keyed in that the caller was asked for, or no more of it comes.
    fn keyed(self, step: &mut Step<'_>, leg: LegId, keyed: Keyed) -> State {
        let Way::Prompt(mut authorizing) = std::mem::replace(&mut step.facts.way, Way::None) else {
            return step.lost_its_way();
        };
        if authorizing.waits() {
            step.facts.way = Way::Prompt(authorizing);
            return match keyed {
                Keyed::Timer => self.go_on_with_codes(step),
                // They are none of a code any more.
                Keyed::Key(_) | Keyed::Ended(_) => State::Ringing(self),
            };
        }
        let media = self.caller_media(step);
        match authorizing.keyed(step, leg, keyed) {
            Heard::More => {
                step.facts.way = Way::Prompt(authorizing);
                step.set_timer(step.rings_for());
                State::Ringing(self)
            }
            Heard::Accepted(codes) => {
                authorizing.wait_with(codes);
                step.facts.way = Way::Prompt(authorizing);
                if media == CallerMedia::Open {
                    // Nobody else can be told about its media before that is settled.
                    step.set_timer(step.rings_for());
                    return State::Ringing(self);
                }
                self.go_on_with_codes(step)
            }
            Heard::Refused(refused) => match media {
                CallerMedia::Agreed => {
                    step.facts.way = authorizing.refused_in_band(step, refused);
                    State::Ringing(self)
                }
                CallerMedia::Nothing | CallerMedia::Before | CallerMedia::Open => {
                    step.withdraw_all(refused.cause, WhyReleased::Prompted);
                    authorizing.refused(step, refused)
                }
            },
        }
    }

    /// All codes are there: the call takes its way. What is still open between the caller and the service that asked is refused.
    fn go_on_with_codes(mut self, step: &mut Step<'_>) -> State {
        let Way::Prompt(authorizing) = std::mem::replace(&mut step.facts.way, Way::None) else {
            return step.lost_its_way();
        };
        self.refuse_open_offer(step);
        let media = self.caller_media(step);
        step.withdraw_all(Cause::NORMAL_CALL_CLEARING, WhyReleased::Prompted);
        step.give_back_annunciator();
        match media {
            CallerMedia::Nothing | CallerMedia::Before => {}
            CallerMedia::Agreed => step.facts.caller_media = media,
            // A service asked for something, and the caller never said what it makes of that.
            CallerMedia::Open => {
                return step.refuse(Cause::TEMPORARY_FAILURE, WhyRefused::NumberNotResolved);
            }
        }
        authorizing.after_waiting(step)
    }

    /// Whether all codes are there, and nothing is open any more for whose end they waited.
    fn may_go_on_with_codes(&self, step: &Step<'_>) -> bool {
        matches!(&step.facts.way, Way::Prompt(authorizing) if authorizing.waits())
            && self.caller_media(step) != CallerMedia::Open
    }

    /// Who rings goes, and will not answer what the caller offered since they agreed on media: the caller hears that at once, and goes on
    /// with what was agreed.
    fn refuse_open_offer(&mut self, step: &mut Step<'_>) {
        if let Devices::One(session) = &mut self.devices
            && session.owes_former() != Owes::Nothing
        {
            session.exchange = Exchange::Settled;
            let caller = step.facts.caller;
            step.refuse_media(caller, WhyOfferRefused::OtherNotReady);
        }
    }

    /// A caller that came from another call waits for the answer.
    fn waiting_caller_told(self, step: &mut Step<'_>, signal: Signal) -> State {
        match signal {
            Signal::Released { cause, reason } => return step.caller_gone(cause, reason),
            Signal::Media(Media::Answer(answer)) => step.waiting_caller_told(MediaSignal::Answer(answer)),
            Signal::MediaRefused(cause) => step.waiting_caller_told(MediaSignal::Refuse(cause)),
            Signal::Media(Media::Offer(offer)) => step.waiting_caller_told(MediaSignal::Offer(offer)),
            Signal::MediaRequested => step.waiting_caller_told(MediaSignal::Request),
            Signal::Setup(_)
            | Signal::Proceeding
            | Signal::Alerting { .. }
            | Signal::Answered { .. }
            | Signal::MetadataRequested
            | Signal::TransferRequested { .. }
            | Signal::FeatureRequested(_)
            | Signal::TransferEnded(_)
            | Signal::Media(Media::None)
            | Signal::Redirected(_)
            | Signal::Digit(_)
            | Signal::DigitErased
            | Signal::DigitsEnded(_) => {}
        }
        State::Ringing(self)
    }

    fn called_told(mut self, step: &mut Step<'_>, leg: LegId, signal: Signal) -> State {
        match signal {
            Signal::Released { cause, reason } => {
                let announced = step.announced(leg);
                return announced.unwrap_or_else(|| self.failed(step, leg, Failure { cause, reason }));
            }
            Signal::Answered { media, connected } => return self.answered(step, leg, media, connected),
            Signal::Alerting { alert, media } => self.alerting(step, leg, alert, media),
            Signal::Media(Media::Offer(offer)) => {
                return self.media(step, leg, Side::Called, MediaSignal::Offer(offer));
            }
            Signal::Media(Media::Answer(answer)) => {
                return self.media(step, leg, Side::Called, MediaSignal::Answer(answer));
            }
            Signal::MediaRequested => return self.media(step, leg, Side::Called, MediaSignal::Request),
            Signal::MediaRefused(cause) => {
                return self.media(step, leg, Side::Called, MediaSignal::Refuse(cause));
            }
            Signal::MetadataRequested
            | Signal::TransferRequested { .. }
            | Signal::TransferEnded(_)
            | Signal::FeatureRequested(_) => {
                step.impossible("a feature is no matter of one call");
            }
            Signal::Redirected(elsewhere) => {
                if let Some(rung) = step.facts.rung_mut(leg) {
                    rung.elsewhere = Some(Box::new(elsewhere));
                }
            }
            Signal::Setup(_) => step.impossible("a called device asked for a call on the same leg"),
            Signal::DigitsEnded(_) => step.impossible("a called device was never asked for digits"),
            Signal::Proceeding | Signal::Media(Media::None) | Signal::Digit(_) | Signal::DigitErased => {}
        }
        State::Ringing(self)
    }

    /// Offers and answers before the call is answered (PRACK, UPDATE).
    fn media(mut self, step: &mut Step<'_>, leg: LegId, side: Side, signal: MediaSignal) -> State {
        match (&mut self.devices, signal) {
            // A caller from another call has no session here before the answer.
            (Devices::One(_), MediaSignal::Offer(_) | MediaSignal::Request)
                if step.facts.caller_stage != Stage::Waits =>
            {
                step.refuse_media(leg, WhyOfferRefused::OtherNotReady);
            }
            (Devices::One(session), MediaSignal::Answer(_) | MediaSignal::Refuse(_))
                if step.facts.caller_stage != Stage::Waits =>
            {
                // It was the former caller's to know; that it is paid counts.
                if session.owes_former() != Owes::Nothing {
                    session.exchange = Exchange::Settled;
                }
            }
            // Its first offer comes with a provisional response or the answer (RFC 3311 §5.1), and the one that it was made on our account
            // is open, or nothing to the caller.
            (Devices::One(session), MediaSignal::Offer(_))
                if side == Side::Called && session.exchange == Exchange::Awaited =>
            {
                step.refuse_media(leg, WhyOfferRefused::OtherNotReady);
            }
            (Devices::One(session), signal) => {
                if let Agreement::None(cause) = session.tell(step, side, signal) {
                    return step.without_media(session.called, cause);
                }
            }
            (Devices::Apart(..), MediaSignal::Offer(_) | MediaSignal::Request) => {
                step.refuse_media(leg, WhyOfferRefused::OtherNotReady);
            }
            (Devices::Apart(..), MediaSignal::Answer(_) | MediaSignal::Refuse(_)) => {}
        }
        if self.may_go_on_with_codes(step) {
            return self.go_on_with_codes(step);
        }
        State::Ringing(self)
    }

    fn alerting(&mut self, step: &mut Step<'_>, leg: LegId, alert: Alert, media: Media) {
        let alert = step.heard_as(alert);
        let stage = step.facts.caller_stage;
        let Some(rung) = step.facts.rung_mut(leg) else { return };
        rung.progress = Progress::Alerting;
        if stage != Stage::Waits {
            return self.alerting_for_another(step, leg, media);
        }
        // Who was offered something describes itself before the answer because there is something to be heard: it need not (RFC 3262 §5).
        let of_its_own = matches!(media, Media::Answer(_)) || alert != Alert::Ringing;
        let media = match (&mut self.devices, media) {
            (_, Media::None) => Media::None,
            (Devices::One(session), Media::Answer(answer)) => session.early_answer(step, answer),
            (Devices::One(session), Media::Offer(offer)) => session.early_offer(step, offer),
            (Devices::Apart(..), Media::Answer(answer)) => {
                // Needed when this phone answers the call without repeating it.
                rung.early = Some(answer);
                Media::None
            }
            (Devices::Apart(..), Media::Offer(_)) => {
                step.refuse_media(leg, WhyOfferRefused::OtherNotReady);
                return;
            }
        };
        let news = match self.devices {
            Devices::One(_) => media != Media::None || self.caller_alerted != Some(alert),
            // What one of several has to be heard is not heard, so it is no news either.
            Devices::Apart(_, Begun::No) => alert == Alert::Ringing && self.caller_alerted.is_none(),
            // The caller heard something before, and now hears no more of it: its phone shall make ringing tone.
            Devices::Apart(_, Begun::Yes) => self.caller_alerted.is_none(),
        };
        let alert = match self.devices {
            Devices::Apart(_, Begun::Yes) => Alert::Ringing,
            Devices::One(_) | Devices::Apart(_, Begun::No) => alert,
        };
        if news {
            self.caller_alerted = Some(alert);
            step.decide(None, Decision::CallerAlerted { alert, media: (&media).into() });
            let shown = step.shown_alerting(leg).map(|party| step.connected_seen(leg, &party));
            if let Some(party) = &shown {
                step.decide(Some(step.facts.caller), Decision::PartyShown(PartyView::from(party)));
            }
            if of_its_own && media != Media::None {
                self.heard = EarlyMedia::Heard;
            }
            let heard = self.heard;
            step.command(step.facts.caller, Command::Alert { alert, media, shown, heard });
        }
    }

    /// A device rings for somebody who is in an answered call already, or will be: it is shown, and not heard.
    fn alerting_for_another(&mut self, step: &mut Step<'_>, leg: LegId, media: Media) {
        match media {
            Media::Offer(_) => step.refuse_media(leg, WhyOfferRefused::OtherNotReady),
            Media::Answer(answer) if self.offered_by_another || step.offers_early() => {
                if let Some(rung) = step.facts.rung_mut(leg) {
                    rung.early = Some(answer);
                }
            }
            Media::Answer(_) | Media::None => {}
        }
        if self.caller_alerted.replace(Alert::Ringing).is_some() {
            return;
        }
        step.reached();
        if step.facts.caller_stage == Stage::Up {
            step.let_wait_with(Tone::Ringing);
            let party = step.shown_connected(leg, Party::default());
            step.show_to_caller(leg, &party);
        }
    }

    /// Whether the only device answered an offer early.
    fn has_begun(&self) -> bool {
        matches!(&self.devices, Devices::One(session) if session.begun == Begun::Yes)
    }

    /// Whether the devices were offered something.
    pub(super) fn is_offered(&self) -> bool {
        let (exchange, begun) = match &self.devices {
            Devices::One(session) => (session.exchange, session.begun),
            Devices::Apart(exchange, begun) => (*exchange, *begun),
        };
        exchange != Exchange::Awaited || begun == Begun::Yes
    }

    /// The first that answers has the call, whose caller is in an answered call already, or will be.
    fn answered_for_another(
        self,
        step: &mut Step<'_>,
        leg: LegId,
        (media, early): (Media, bool),
        connected: Party,
    ) -> State {
        step.cancel_timer();
        step.withdraw_all(Cause::NON_SELECTED_USER_CLEARING, WhyReleased::AnsweredElsewhere);
        step.taken_by(leg);
        let connected = step.shown_connected(leg, connected);
        step.decide(Some(leg), Decision::AnsweredBy { connected: PartyView::from(&connected) });
        let first = match media {
            Media::Offer(offer) if !self.offered_by_another => First::Called(offer),
            // What it answered was another's offer, or one of ours; it is asked for one of its own.
            Media::Answer(_) if self.offered_by_another || step.offers_early() => First::Asked,
            Media::None if early || self.has_begun() => First::Asked,
            Media::Offer(_) | Media::Answer(_) | Media::None => {
                return step.without_media(leg, Cause::MANDATORY_IE_MISSING);
            }
        };
        (step.facts.offer, step.facts.dials) = (None, None);
        step.facts.answered_at = Some(step.now.wall);
        step.facts.connected = Some(connected.clone());
        step.shared.counters.answered += 1;
        step.reached();
        step.show_to_caller(leg, &connected);
        let called_owes = match &self.devices {
            Devices::One(session) => session.owes_former(),
            Devices::Apart(..) => Owes::Nothing,
        };
        Talking::join(step, leg, Joining { called_owes, first })
    }

    /// The first that answers has the call.
    fn answered(self, step: &mut Step<'_>, leg: LegId, media: Media, connected: Party) -> State {
        let Some(rung) = step.facts.rung_mut(leg) else { return State::Ringing(self) };
        rung.progress = Progress::Answered;
        let early = rung.early.take();
        let apart = rung.apart.take();
        let target = rung.target.clone();
        step.shared.waiting_tones.answered(leg);
        // Of several that rang it is this one whose keys matter.
        step.keys_reach(&[target]);
        if let Some(apart) = apart {
            step.facts.to_called = apart.outlet;
            step.answers_with_keys(apart.keys);
        }
        if step.facts.caller_stage != Stage::Waits {
            return self.answered_for_another(step, leg, (media, early.is_some()), connected);
        }
        let apart = matches!(self.devices, Devices::Apart(..));
        let mut session = match self.devices {
            Devices::One(session) => session,
            Devices::Apart(exchange, begun) => {
                step.relay_serves(leg);
                let mut session = Session::new(leg, exchange);
                session.begun = begun;
                session
            }
        };
        // After early media of another device, an answer to the offer is missing that this one was sent.
        let silent = session.begun == Begun::Yes && apart && media == Media::None && early.is_none();
        step.cancel_timer();
        step.withdraw_all(Cause::NON_SELECTED_USER_CLEARING, WhyReleased::AnsweredElsewhere);
        step.taken_by(leg);
        let connected = step.shown_connected(leg, connected);
        let seen = step.connected_seen(leg, &connected);
        step.decide(Some(leg), Decision::AnsweredBy { connected: PartyView::from(&seen) });
        if let (Exchange::Awaited, Media::Offer(offer)) = (session.exchange, &media)
            && (step.opens_relay_for_keys((Side::Called, Begun::No), leg, offer)
                || step.opens_carriers(Some(leg), offer))
        {
            return step.answered_before_relay(leg, connected, offer.clone());
        }
        let missing = Cause::MANDATORY_IE_MISSING;
        let media = if silent { Err(missing) } else { session.final_media(step, media, early) };
        let (media, agreed) = match media {
            Ok(media) => media,
            Err(cause) => return step.without_media(leg, cause),
        };
        if let Some(blocked) = step.blocks_answer(leg) {
            return blocked;
        }
        // Nobody else will be tried.
        (step.facts.offer, step.facts.dials) = (None, None);
        step.facts.answered_at = Some(step.now.wall);
        step.facts.connected = Some(connected);
        step.shared.counters.answered += 1;
        (step.facts.caller_stage, step.facts.takes) = (Stage::Up, None);
        if agreed {
            // Before the answer, which says so to a phone that shows it.
            step.tell_security(leg, Side::Caller);
        }
        step.command(step.facts.caller, Command::Answer { media, connected: seen });
        if agreed {
            session.agreed(step, Side::Called);
        } else {
            step.ask_for_keys(leg);
        }
        Talking::new(session).recovered(step)
    }

    fn failed(mut self, step: &mut Step<'_>, leg: LegId, failure: Failure) -> State {
        step.forget(leg);
        let Failure { cause, reason } = failure;
        let mut elsewhere = None;
        if let Some(rung) = step.facts.rung_mut(leg) {
            rung.progress = Progress::Failed { cause, reason };
            elsewhere = rung.elsewhere.take();
        }
        let left = step.facts.rung.iter().filter(|rung| rung.progress.is_open()).count() as u32;
        step.decide(Some(leg), Decision::LegFailed { cause, reason, left });
        if let Some(gone) =
            elsewhere.and_then(|elsewhere| step.redirects(leg, *elsewhere, self.caller_media(step)))
        {
            return gone;
        }
        step.keys_refused(leg, reason);
        let best = self.failure.map_or(failure, |before| before.or(failure));
        self.failure = Some(best);
        let tried = match step.hunted(leg) {
            Some(member) => match self.member_failed(step, &member, failure) {
                Some(failure) => Tried::Failed(failure),
                None => return State::Ringing(self),
            },
            None if left > 0 && !failure.is_global() => return State::Ringing(self),
            None => Tried::Failed(best),
        };
        step.cancel_timer();
        step.withdraw_all(tried.cause(), WhyReleased::RefusedElsewhere);
        if matches!(step.facts.way, Way::Prompt(_)) {
            self.refuse_open_offer(step);
        }
        let media = self.caller_media(step);
        if left == 0 && matches!(media, CallerMedia::Nothing | CallerMedia::Before) {
            let own = step.facts.rung.get(self.first..).unwrap_or_default();
            let refused = own.iter().filter(|rung| rung.progress.refused_media());
            let refused: Vec<Target> = refused.map(|rung| rung.target.clone()).collect();
            if let Some(again) = step.try_without_keys(refused.clone()) {
                return again;
            }
            if self.is_offered()
                && let Some(again) = step.ring_without_offer(&refused)
            {
                return again;
            }
            let may_be_tried = !failure.is_global() || is_about_codecs(failure.cause);
            if may_be_tried && let Some(again) = step.ring_through_transcoder(refused) {
                return again;
            }
        }
        step.go_on(tried, media)
    }

    /// A phone of a member of a line group failed. What the member did, once it was the last that rang.
    fn member_failed(&self, step: &mut Step<'_>, member: &LineName, failure: Failure) -> Option<Failure> {
        if failure.is_global() {
            step.withdraw(|rung| rung.is_of(member), failure.cause, WhyReleased::RefusedElsewhere);
        }
        let own = step.facts.rung.get(self.first..).unwrap_or_default();
        let own = own.iter().filter(|rung| rung.is_of(member));
        if own.clone().any(|rung| rung.progress.is_open()) {
            return None;
        }
        let failed = own.filter_map(|rung| match rung.progress {
            Progress::Failed { cause, reason } => Some(Failure { cause, reason }),
            Progress::Trying | Progress::Alerting | Progress::Answered | Progress::Withdrawn(_) => None,
        });
        let worst = failed.reduce(Failure::or).unwrap_or(failure);
        if step.member_lost(member, worst) { None } else { Some(worst) }
    }

    /// How far media is with the caller, when nothing rings any more. One that came from another call has agreed on nothing here.
    fn caller_media(&self, step: &Step<'_>) -> CallerMedia {
        self.media_with_caller(step.facts)
    }

    pub(super) fn media_with_caller(&self, facts: &Facts) -> CallerMedia {
        if facts.caller_stage != Stage::Waits {
            return CallerMedia::Nothing;
        }
        match &self.devices {
            Devices::One(session) => session.caller_media(facts),
            Devices::Apart(_, Begun::Yes) => CallerMedia::Before,
            Devices::Apart(_, Begun::No) => CallerMedia::Nothing,
        }
    }

    /// The no answer timer.
    pub(super) fn timeout(self, step: &mut Step<'_>) -> State {
        if let Some(ended) = step.announced_too_long() {
            return ended;
        }
        if matches!(step.facts.way, Way::Prompt(_)) {
            let caller = step.facts.caller;
            return self.keyed(step, caller, Keyed::Timer);
        }
        let called = match &step.facts.way {
            Way::Line(line) => step.shown(line.name().as_str()),
            Way::Hunt(hunting) => step.shown(hunting.rung()),
            Way::None | Way::Alone | Way::RouteList(_) | Way::Prompt(_) | Way::Announcement(_) => {
                step.facts.wanted()
            }
        };
        let decision = Decision::NoAnswer { called, after: self.no_answer };
        step.out.decide(step.now, step.facts.id, None, decision);
        step.withdraw_all(Cause::NO_ANSWER_FROM_USER, WhyReleased::NoAnswer);
        let media = self.caller_media(step);
        step.go_on(Tried::NoAnswer, media)
    }
}
