//! Calls that features make: of parties that were in other calls before, or for somebody who joins later.

use std::net::IpAddr;

use strowger_base::journal::{
    Decision, Feature, Joined, MediaPart, PartyView, ReleasedBy, Seat, WhyApart, WhyEnded, WhyRefused,
    WhyReleased,
};
use strowger_base::leg::{Origin, Party, Setup, Tone};
use strowger_base::{CallId, Cause, Command, LegId, LineName, Now};

use super::joining::{First, Joining};
use super::matching::Standing;
use super::participant::{Device, Participant, Stage};
use super::ringing::Ringing;
use super::talking::Talking;
use super::way::{CallerMedia, Way};
use super::{Call, Facts, Progress, State, Step, Transferring, setup};
use crate::Configuration;
use crate::admission::Reserved;
use crate::configuration::{HoldKind, Site, SrtpRule};
use crate::exchange::Side;
use crate::io::{Outbox, Output};
use crate::outlet::Said;
use crate::shared::{Shared, Timer};

/// On whose account a call is made that nobody is in yet.
pub(crate) struct Account {
    origin: Origin,
    party: Party,
    address: Option<IpAddr>,
    hops_remaining: u8,
    joins: Joiner,
}

/// The device that joins a call once somebody is reached.
#[derive(Debug)]
pub(super) struct Joiner {
    /// Where it is.
    pub(super) site: Site,
    /// How it described its media.
    pub(super) said: Option<Said>,
    /// What it may do about keys.
    pub(super) srtp: SrtpRule,
    /// What its present call has of bandwidth, and gives back when it joins.
    pub(super) has: Reserved,
}

/// A call of a device that takes the place of another one, before it has the other party.
pub(crate) struct TakingOver(Facts);

impl Call {
    /// Two parties talk with each other that talked with somebody else before; `reached` is how the called one was reached.
    pub(crate) fn joined(
        now: Now,
        id: CallId,
        (one, two): (Participant, Participant),
        (feature, conversation): (Feature, CallId),
        reached: Facts,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Call {
        // A service of ours never calls.
        let swapped = one.device.origin().is_none();
        let (caller, called) = if swapped { (two, one) } else { (one, two) };
        let origin = caller.device.origin().unwrap_or(Origin::Trunk(Box::default()));
        let blank = Facts::blank(now, id, caller.leg, origin);
        let number = called.party.number.clone();
        let mut facts = if swapped {
            Facts {
                called: number.clone(),
                translated: number.clone(),
                sent: number.clone(),
                final_called: number,
                ..blank
            }
        } else {
            Facts {
                called: reached.called,
                translated: reached.translated,
                sent: reached.sent,
                final_called: reached.final_called,
                ..blank
            }
        };
        facts.hops_remaining = reached.hops_remaining;
        facts.seat_caller(&caller);
        shared.counters.begun += 1;
        shared.counters.answered += 1;
        let mut step = Step { now, facts: &mut facts, shared, out };
        step.adopt(caller.leg);
        let joining = Joining { called_owes: called.owes, first: First::Asked };
        step.count(caller.line.as_ref());
        let state = step.seated(&called, (feature, conversation), joining);
        Call { facts, state }
    }

    /// A device asks for a call in which it takes the place of another one.
    pub(crate) fn takes_over(
        now: Now,
        leg: LegId,
        asked: Setup,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> TakingOver {
        let flow = asked.flow;
        let (mut facts, _) = Facts::new(now, leg, asked, shared);
        shared.counters.begun += 1;
        let mut step = Step { now, facts: &mut facts, shared, out };
        step.adopt(leg);
        let began = Decision::CallBegan {
            origin: step.shared.configuration.origin(&step.facts.origin),
            calling: PartyView::from(&step.facts.calling),
            called: &step.facts.called,
            protocol_call_id: &step.facts.protocol_call_id,
            flow,
            media: if step.facts.offer.is_some() { MediaPart::Offer } else { MediaPart::Nothing },
        };
        step.out.decide(now, step.facts.id, Some(leg), began);
        TakingOver(facts)
    }

    /// A call that is made on account of somebody for a party that joins it once somebody is reached.
    pub(crate) fn on_account_of(
        now: Now,
        id: CallId,
        account: Account,
        (called, transferring): (&str, Transferring),
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Call {
        // Nobody has this leg; it is only named.
        let leg = shared.leg_ids.allocate();
        let mut facts = Facts {
            caller_stage: Stage::Absent,
            calling: account.party,
            address: account.address,
            called: called.into(),
            hops_remaining: account.hops_remaining,
            transfers: Some(transferring),
            joins: Some(Box::new(account.joins)),
            ..Facts::blank(now, id, leg, account.origin)
        };
        let mut step = Step { now, facts: &mut facts, shared, out };
        let state = setup::dial(&mut step, Feature::Transfer);
        Call { facts, state }
    }

    /// The one on whose account a party of this call may be sent elsewhere.
    pub(crate) fn account_of(&self, leg: LegId, configuration: &Configuration) -> Option<Account> {
        let facts = &self.facts;
        let other = self.other(leg)?;
        let address = facts.address.filter(|_| other == facts.caller);
        let outlet = if other == facts.caller { &facts.to_caller } else { &facts.to_called };
        let site = configuration.site_of_origin(&self.origin_of(other)?, address);
        let origin = self.origin_of(other)?;
        let srtp = configuration.srtp_rule_of(&Device::Calling(origin).target());
        let has = facts.reserved.copied();
        let joins = Joiner { site, said: outlet.said().cloned(), srtp, has };
        let (party, address) = if leg == facts.caller {
            (facts.caller_within().clone(), facts.address)
        } else {
            (facts.connected.clone().unwrap_or_default(), None)
        };
        let hops_remaining = facts.hops_remaining;
        Some(Account { origin: self.origin_of(leg)?, party, address, hops_remaining, joins })
    }

    /// Whether somebody else can come in place of its caller: it has not been answered, and nothing is asked or announced of which only
    /// this caller knows what to make.
    pub(crate) fn takes_another_caller(&self, caller: LegId) -> bool {
        self.facts.caller == caller
            && self.facts.page.is_none()
            && matches!(self.state, State::Ringing(_) | State::Parked(_))
            && !matches!(self.facts.way, Way::Prompt(_) | Way::Announcement(_))
    }

    /// The call ends as the one that it was and goes on as another one, in which `party` is the caller.
    pub(crate) fn go_on_with(
        &mut self,
        now: Now,
        id: CallId,
        party: Participant,
        (feature, conversation): (Feature, CallId),
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let former = step.facts.caller_stage;
        // Until it is answered, on account of whom it was made.
        let music = step.music_of(Side::Caller, HoldKind::Network);
        // What the former caller listened to is not for the next one.
        step.stop_listening();
        step.leave_caller(feature);
        step.facts.left_by = Some(feature);
        step.write_record(Cause::CALL_SPLIT, ReleasedBy::System, WhyEnded::MovedOn(feature));
        step.renumber(id);
        step.facts.left_by = None;
        step.facts.joined_by = Some(feature);
        step.facts.conversation = Some(conversation);
        step.facts.seat_caller(&party);
        step.relay_serves_caller();
        step.way_has_another_caller();
        step.keys_for_newcomer(Side::Caller);
        step.facts.joins = None;
        // What devices will be offered that are about to be rung.
        let awaited = step.facts.offer.take().filter(|_| matches!(self.state, State::Opening(_)));
        step.facts.offer = awaited.and_then(|_| step.known_offer());
        step.facts.caller_media = CallerMedia::Nothing;
        step.shared.counters.begun += 1;
        step.adopt(party.leg);
        step.count(party.line.as_ref());
        step.tell_joined(feature, conversation);
        let state = std::mem::replace(&mut self.state, State::Ended);
        if step.admit_again().is_err() {
            self.state = step.without_bandwidth();
            return;
        }
        if !matches!(state, State::Talking(_)) {
            let rings = step.facts.alerted_at.is_some();
            step.let_wait_with(if rings { Tone::Ringing } else { music });
        }
        if let Some(refused) = step.asks_nobody() {
            self.state = refused;
            return;
        }
        self.state = match state {
            State::Ringing(ringing) => State::Ringing(ringing.with_another_caller(&mut step, former)),
            State::Talking(talking) => talking.caller_came(&mut step),
            State::Parked(parked) => parked.wait(&mut step),
            other @ (State::Dialing(_)
            | State::Authorizing(_)
            | State::Asking(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Ended) => other,
        };
    }

    /// The party for which this call is made is gone.
    pub(crate) fn abandon(&mut self, now: Now, cause: Cause, shared: &mut Shared, out: &mut Outbox) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        step.facts.transfers = None;
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => State::Ended,
            State::Dialing(_)
            | State::Authorizing(_)
            | State::Asking(_)
            | State::Parked(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Talking(_) => step.abandoned(cause),
        };
    }
}

impl TakingOver {
    /// The call that this becomes.
    pub(crate) const fn id(&self) -> CallId {
        self.0.id
    }

    /// The device that asks, as far as it matters with whom it could talk.
    pub(crate) fn standing(&self) -> Standing {
        Standing::of_asking(&self.0)
    }

    /// It could not talk with the one who would stay: it is refused, and the call of that one goes on.
    pub(crate) fn refused(mut self, now: Now, why: WhyApart, shared: &mut Shared, out: &mut Outbox) -> Call {
        let mut step = Step { now, facts: &mut self.0, shared, out };
        let state = step.refuse(why.cause(), WhyRefused::CannotReplace { why });
        Call { facts: self.0, state }
    }

    /// The other party is here.
    pub(crate) fn with(
        self,
        now: Now,
        called: Participant,
        conversation: CallId,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Call {
        let mut facts = self.0;
        shared.counters.answered += 1;
        let first = facts.offer.take().map_or(First::Asked, First::Caller);
        let mut step = Step { now, facts: &mut facts, shared, out };
        let line = match &step.facts.origin {
            Origin::Line { line, .. } => Some(line.clone()),
            Origin::Trunk(_) => None,
        };
        step.count(line.as_ref());
        let joining = Joining { called_owes: called.owes, first };
        let state = step.seated(&called, (Feature::Replaces, conversation), joining);
        Call { facts, state }
    }
}

impl Step<'_> {
    /// A party of another call takes the called side, and the two begin to talk.
    fn seated(
        &mut self,
        called: &Participant,
        (feature, conversation): (Feature, CallId),
        joining: Joining,
    ) -> State {
        self.facts.joined_by = Some(feature);
        self.facts.conversation = Some(conversation);
        self.facts.answered_at = Some(self.now.wall);
        self.facts.seat_called(self.now, called);
        self.adopt(called.leg);
        if let Some(line) = &called.line {
            self.shared.occupy(line);
            self.facts.occupied.push(line.clone());
        }
        self.tell_joined(feature, conversation);
        if self.admit_again().is_err() {
            return self.without_bandwidth();
        }
        self.show_each_other(called.leg);
        Talking::join(self, called.leg, joining)
    }

    /// Counts the call at the line of a caller that was moved into it.
    pub(super) fn count(&mut self, line: Option<&LineName>) {
        if let Some(line) = line {
            self.shared.occupy(line);
            self.facts.occupies_own = true;
        }
    }

    pub(super) fn tell_joined(&mut self, feature: Feature, conversation: CallId) {
        let (facts, configuration) = (&*self.facts, &self.shared.configuration);
        let answered = facts.rung.iter().find(|rung| rung.progress == Progress::Answered);
        let joined = Joined {
            feature,
            conversation,
            origin: configuration.origin(&facts.origin),
            calling: PartyView::from(&facts.calling),
            called: &facts.called,
            other: answered.map(|rung| Seat {
                leg: rung.leg,
                target: configuration.target(&rung.target),
                connected: facts.connected.as_ref().map(PartyView::from).unwrap_or_default(),
            }),
        };
        self.out.decide(self.now, facts.id, Some(facts.caller), Decision::Joined(joined));
        for rung in facts.rung.iter().filter(|rung| rung.progress.is_open()) {
            let rings = Decision::RingsOn { target: configuration.target(&rung.target) };
            self.out.decide(self.now, facts.id, Some(rung.leg), rings);
        }
    }

    /// Shows both sides with whom they talk now.
    pub(super) fn show_each_other(&mut self, called: LegId) {
        self.show_caller(called);
        let connected = self.facts.connected.clone().unwrap_or_default();
        self.show_to_caller(called, &connected);
    }

    /// Shows a called device who calls it now.
    pub(super) fn show_caller(&mut self, leg: LegId) {
        // Who is not answered yet is shown it with the answer.
        if self.facts.called_waits {
            return;
        }
        let Some(target) = self.facts.rung_on(leg).cloned() else { return };
        let shown = self.shown_to(leg, &target, Box::default()).calling;
        self.decide(Some(leg), Decision::PartyShown(PartyView::from(&shown)));
        self.command(leg, Command::ShowParty(shown));
    }

    /// Shows a caller that is in an answered call already whom it reached.
    pub(super) fn show_to_caller(&mut self, called: LegId, party: &Party) {
        if self.facts.caller_stage != Stage::Up {
            return;
        }
        let caller = self.facts.caller;
        let shown = self.connected_seen(called, party);
        if self.facts.shown_to_caller.as_ref() == Some(&shown) {
            return;
        }
        self.facts.shown_to_caller = Some(shown.clone());
        self.decide(Some(caller), Decision::PartyShown(PartyView::from(&shown)));
        self.command(caller, Command::ShowParty(shown));
    }

    /// The caller leaves the call to somebody else.
    fn leave_caller(&mut self, feature: Feature) {
        let caller = self.facts.caller;
        let why = WhyReleased::MovedOn(feature);
        self.release(caller, Cause::NORMAL_CALL_CLEARING, why);
        if std::mem::take(&mut self.facts.occupies_own)
            && let Origin::Line { line, .. } = &self.facts.origin
        {
            self.shared.vacate(line, self.now.mono);
        }
    }

    /// The call goes on under another id, with all that is known by its old one.
    fn renumber(&mut self, id: CallId) {
        let former = std::mem::replace(&mut self.facts.id, id);
        if let Some(leg) = self.facts.listening.as_ref().map(|listening| listening.leg()) {
            self.shared.legs.insert(leg, id);
            self.out.items.push(Output::Joined { leg, call: id });
        }
        if self.shared.announcing.remove(&former) {
            self.shared.announcing.insert(id);
        }
        self.facts.started_at = self.now.wall;
        self.keep_place();
        for line in &self.facts.occupied {
            self.shared.offered.renumber(line, former, id);
        }
        for index in 0..self.facts.rung.len() {
            let Some(rung) = self.facts.rung.get(index) else { break };
            let leg = rung.leg;
            if self.shared.legs.get(&leg) == Some(&former) {
                self.shared.legs.insert(leg, id);
                self.out.items.push(Output::Joined { leg, call: id });
            }
        }
        if let Some((timer, at)) = self.facts.timer.take() {
            self.shared.timers.cancel(timer);
            self.facts.timer = Some((self.shared.timers.set(at, Timer::Call(id)), at));
        }
        if let Some((timer, at)) = self.facts.notice.take() {
            self.shared.timers.cancel(timer);
            self.facts.notice = Some((self.shared.timers.set(at, Timer::PickupNotice(id)), at));
        }
        for port in self.facts.relay_ports() {
            if let Some(used) = self.shared.relays.get_mut(&port) {
                used.call = id;
            }
        }
    }

    /// Nobody is there any more for whom the call was made.
    fn abandoned(&mut self, cause: Cause) -> State {
        let why = WhyReleased::CallerGaveUp;
        self.withdraw_all(cause, why);
        for index in 0..self.facts.rung.len() {
            let Some(leg) = self.facts.rung.get(index).map(|rung| rung.leg) else { break };
            self.release(leg, cause, why);
        }
        self.end(cause, ReleasedBy::Caller, WhyEnded::CallerGaveUp)
    }
}

impl Ringing {
    /// Somebody else calls from here on. What the former caller offered is of no use to them.
    fn with_another_caller(mut self, step: &mut Step<'_>, former: Stage) -> Ringing {
        self.offered_by_another |= former != Stage::Absent && self.is_offered();
        let alerting: Vec<LegId> =
            step.facts.rung.iter().filter(|rung| rung.progress.is_open()).map(|rung| rung.leg).collect();
        for leg in &alerting {
            step.show_caller(*leg);
        }
        if let [only] = *alerting
            && step.facts.alerted_at.is_some()
        {
            let party = step.shown_connected(only, Party::default());
            step.show_to_caller(only, &party);
        }
        self
    }
}
