//! A party waits at a number until somebody gets it back; nobody else is in its call.
//!
//! When nobody did in time the call goes on like one that is dialled, to whoever parked it. It can be got back all the while it rings
//! there, and waits at its number again when nobody takes it.

use std::sync::Arc;

use strowger_base::feature::ParkEvent;
use strowger_base::journal::{Decision, Feature, ReleasedBy, WhyEnded, WhyForwarded, WhyReleased};
use strowger_base::leg::{Alert, EarlyMedia, Origin, Signal};
use strowger_base::watch::park_place;
use strowger_base::{CallId, Cause, Command, FeatureRequest, LegId, LineName, Media, Now};
use strowger_dialplan::forward::{OnBehalfOf, RedirectReason};

use super::participant::{Participant, Stage};
use super::way::{LineWay, Way};
use super::{Call, Facts, State, Step, Taking, dialing};
use crate::configuration::HoldKind;
use crate::io::{Outbox, Output};
use crate::shared::Shared;

/// The party waits.
pub(super) struct Parked;

/// Where a call is parked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// The configured object that the number belongs to.
    pub(crate) object: Box<str>,
    pub(crate) number: Box<str>,
    /// The line that parked it; `None` when no line of ours did.
    pub(crate) by: Option<LineName>,
    /// The leg of the device that parked it by a key, which may want to be told what becomes of it.
    pub(crate) monitor: Option<LegId>,
    /// It was sent to this number, which is one of directed call park.
    pub(crate) is_directed: bool,
}

impl Place {
    /// From whom the call is taken: the line that parked it, or its number.
    fn from(&self) -> &str {
        self.by.as_ref().map_or(&self.number, |line| line.as_str())
    }

    const fn on_behalf_of(&self) -> OnBehalfOf {
        if self.is_directed { OnBehalfOf::DIRECTED_PARK } else { OnBehalfOf::PARK }
    }

    /// It is got back.
    pub(crate) fn retrieved(&self) -> Taking<'_> {
        let (reason, on_behalf_of) = (RedirectReason::PARK_PICKUP, self.on_behalf_of());
        let (from, why) = (self.from(), WhyForwarded::ParkRetrieved);
        Taking { feature: Feature::Park, from, why, reason, on_behalf_of }
    }

    /// It goes back.
    fn reverts(&self) -> Taking<'_> {
        let (reason, on_behalf_of) = (RedirectReason::PARK_REVERSION, self.on_behalf_of());
        let (from, why) = (self.from(), WhyForwarded::ParkReverted);
        Taking { feature: Feature::Park, from, why, reason, on_behalf_of }
    }
}

impl Call {
    /// A party that was in an answered call waits at a number.
    pub(crate) fn parked(
        now: Now,
        id: CallId,
        (party, place): (&Participant, Place),
        conversation: CallId,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Call {
        let mut facts = Facts::of_moved(now, id, party, &place.number, (Feature::Park, conversation));
        let mut step = Step { now, facts: &mut facts, shared, out };
        step.arrived(party);
        step.tell_joined(Feature::Park, conversation);
        let state = Parked::begin(&mut step, place);
        Call { facts, state }
    }

    /// The caller of a call that asked for it waits at a number, or whoever comes in its place.
    pub(crate) fn park_asker(&mut self, now: Now, place: Place, shared: &mut Shared, out: &mut Outbox) {
        if self.wanted().is_some() {
            let mut step = Step { now, facts: &mut self.facts, shared, out };
            self.state = Parked::begin(&mut step, place);
        }
    }

    /// Where it is parked.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.facts.parked.as_deref()
    }
}

impl Parked {
    /// The call takes its place.
    fn begin(step: &mut Step<'_>, place: Place) -> State {
        step.shared.slots.put(&place.object, &place.number, step.facts.id);
        let (at, leg) = (park_place(&place.object, &place.number), Some(step.facts.caller));
        step.out.items.push(Output::Parked { place: at, leg });
        let done = Decision::FeatureDone { feature: FeatureRequest::Park.word(), text: &place.number };
        step.out.decide(step.now, step.facts.id, None, done);
        step.facts.parked = Some(Box::new(place));
        if step.facts.caller_stage == Stage::Waits {
            // Whoever parks somebody calls the number first and then transfers to it.
            let (alert, media) = (Alert::Ringing, Media::None);
            step.command(
                step.facts.caller,
                Command::Alert { alert, media, shown: None, heard: EarlyMedia::Unsaid },
            );
        }
        step.reached();
        Parked.wait(step)
    }

    /// The party is here, or is here again.
    pub(super) fn wait(self, step: &mut Step<'_>) -> State {
        let by = step.facts.parked.as_ref().and_then(|place| place.by.clone());
        let parker = by.map_or(Origin::Trunk(Box::default()), |line| Origin::Line { line, phone: None });
        let music = step.shared.configuration.music(&parker, HoldKind::Network);
        step.let_wait_with(music);
        step.tell_parker(ParkEvent::Parked);
        let reversion = step.shared.configuration.park.reversion;
        step.set_timer(reversion);
        State::Parked(self)
    }

    /// Only the party is there to tell something.
    pub(super) fn signal(self, step: &mut Step<'_>, signal: Signal) -> State {
        match step.before_ringing(signal) {
            Some(ended) => ended,
            None => State::Parked(self),
        }
    }

    /// Nobody got it back in time.
    pub(super) fn timeout(self, step: &mut Step<'_>) -> State {
        if step.facts.caller_stage != Stage::Up {
            // Nobody was transferred to the number that was called for it.
            let cause = Cause::NO_ANSWER_FROM_USER;
            let caller = step.facts.caller;
            step.release(caller, cause, WhyReleased::NoAnswer);
            return step.end(cause, ReleasedBy::System, WhyEnded::NoAnswer);
        }
        let Some(place) = step.facts.parked.clone() else { return step.lost_its_way() };
        let configuration = Arc::clone(&step.shared.configuration);
        let directed = configuration.park.directed.get(&place.object);
        let reversion = directed.and_then(|directed| directed.reversion.as_ref());
        if reversion.is_some() || place.by.is_some() {
            step.tell_parker(ParkEvent::Reverted);
        }
        match (reversion, &place.by) {
            (Some((number, css)), _) => {
                step.taken_from(&place.reverts(), number);
                let caller = step.sent_to(number, css);
                dialing::forwarded(step, Arc::new(caller), number)
            }
            (None, Some(line)) => {
                step.taken_from(&place.reverts(), line.number());
                LineWay::enter(step, line)
            }
            (None, None) => self.wait(step),
        }
    }
}

impl Step<'_> {
    /// Nobody took the call where it went back to: it waits at its number again; `None` when it has none.
    pub(super) fn park_again(&mut self) -> Option<State> {
        let parked = self.facts.parked.is_some() && self.facts.caller_stage == Stage::Up;
        parked.then(|| {
            self.facts.way = Way::None;
            self.vacate_all_but(None);
            // What was taken for the phones that rang is for others again; and however often nobody answers, the record does not
            // grow with it.
            self.give_back_bandwidth();
            self.give_back_transcoder();
            self.give_back_points();
            self.facts.rung.clear();
            Parked.wait(self)
        })
    }

    /// The call has its number no more.
    pub(super) fn leave_place(&mut self, event: ParkEvent) {
        self.tell_parker(event);
        if let Some(place) = self.facts.parked.take() {
            self.shared.slots.free(&place.object, &place.number);
            let place = park_place(&place.object, &place.number);
            self.out.items.push(Output::Parked { place, leg: None });
        }
    }

    /// Who parked it is told what becomes of it.
    fn tell_parker(&mut self, event: ParkEvent) {
        let monitored = self.facts.parked.as_ref().and_then(|place| Some((place.monitor?, &place.number)));
        if let Some((leg, number)) = monitored {
            let number = number.clone();
            self.out.items.push(Output::ParkNews { leg, number, event });
        }
    }

    /// It is known by another id.
    pub(super) fn keep_place(&mut self) {
        if let Some(place) = &self.facts.parked {
            self.shared.slots.put(&place.object, &place.number, self.facts.id);
        }
    }
}
