//! Barge: a phone comes into the call of another phone of its line.
//!
//! Who comes in has a seat before anybody else is moved, so that the call is not touched when there is none. Then its parties take seats, and
//! when all hear each other a tone says so. By barge nobody else comes in; the two go on when who came in leaves, and who came in goes
//! on with the other party when the phone leaves whose call it was. By conference barge the call becomes an ad-hoc conference, begun by
//! that phone.

use strowger_base::feature::{ENTERED, FeatureCode};
use strowger_base::journal::{Decision, Feature, WhyFeatureRefused};
use strowger_base::leg::{Origin, Party, Setup, Tone};
use strowger_base::{CallId, ConferenceId, LegId, Now};

use super::convening::Joins;
use super::{Conference, Kind};
use crate::CallControl;
use crate::call::{AskedBy, Call, Wanted, conference_party, conversation_of};
use crate::configuration::Barging;
use crate::io::Outbox;

impl CallControl {
    /// A device wants to come into the conversation of a leg (RFC 3911); its wish when it wants no such thing.
    pub(crate) fn come_into(
        &mut self,
        now: Now,
        leg: LegId,
        setup: Setup,
        out: &mut Outbox,
    ) -> Option<Setup> {
        let Some(target) = setup.joins else { return Some(setup) };
        let asked = match setup.feature {
            Some(FeatureCode::Barge) => Some(Barging::Barge),
            Some(FeatureCode::ConferenceBarge) => Some(Barging::Conference),
            Some(_) | None => None,
        };
        let feature = Some(setup.feature.unwrap_or(FeatureCode::Barge));
        let setup = Setup { joins: None, feature, ..setup };
        let asker = Call::begin(now, leg, setup, &mut self.shared, out);
        let id = asker.facts.id;
        self.keep(asker);
        if self.calls.contains_key(&id)
            && let Err(why) = self.come_in(now, id, target, asked, out)
        {
            self.with_call(id, |call, shared| call.refuse_feature(now, why, shared, out));
        }
        None
    }

    /// A caller wants to come into the call of another phone of its line: the one that is answered for the longest time.
    pub(in crate::features) fn barge(
        &mut self,
        now: Now,
        asker: CallId,
        wanted: &Wanted,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        if !wanted.argument.is_empty() {
            return Err(WhyFeatureRefused::Argument { argument: "a number behind the code" });
        }
        let own = self.calls.get(&asker).ok_or(WhyFeatureRefused::TooLate)?.facts.origin.clone();
        // All calls are looked at: it is a key that somebody presses, and no index has to be right for it.
        let beside = |call: &Call| {
            let leg = call.leg_beside(&own).filter(|leg| !call.is_held_by(*leg))?;
            Some((call.facts.answered_at?, leg))
        };
        let mut found: Vec<_> = self.calls.values().filter_map(|call| beside(call)).collect();
        found.sort_unstable();
        // A private call does not hide another one; where all are closed the first one says why.
        let open = found.iter().find(|(_, leg)| self.enterable(*leg, &own).is_ok());
        let (_, target) = *open.or(found.first()).ok_or(WhyFeatureRefused::NothingThere)?;
        let asked = match (wanted.by, wanted.code) {
            (AskedBy::LineKey, _) => None,
            (AskedBy::Number, FeatureCode::ConferenceBarge) => Some(Barging::Conference),
            (AskedBy::Number, _) => Some(Barging::Barge),
        };
        self.come_in(now, asker, target, asked, out)
    }

    fn come_in(
        &mut self,
        now: Now,
        asker: CallId,
        target: LegId,
        asked: Option<Barging>,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let call = self.calls.get(&asker).ok_or(WhyFeatureRefused::TooLate)?;
        if call.facts.transfers.is_some() {
            return Err(WhyFeatureRefused::NotAllowed { rule: "nobody is transferred into a call" });
        }
        let leg = call.facts.caller;
        let how = self.how(&call.facts.origin, asked)?;
        let (entered, other) = self.enterable(target, &call.facts.origin)?;
        let encrypted = self.calls.get(&entered).is_some_and(|call| call.is_encrypted());
        if encrypted && !call.offers_encryption() {
            let rule = "the call is encrypted, and this phone offers no encryption";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        if self.turned_away(now, out).is_some() {
            return Err(WhyFeatureRefused::Congestion);
        }
        let id = match self.shared.conferences.of_seat(other) {
            Some(id) => {
                self.has_room(id, how)?;
                let seats = self.take_seats(now, (asker, leg), Some(id), 1, out)?;
                self.keep_seats(id, seats);
                let of = self.calls.get(&entered).map_or(entered, |call| conversation_of(&call.facts));
                if let Some(conference) = self.shared.conferences.all.get_mut(&id) {
                    conference.entering.comes.push((asker, of));
                }
                id
            }
            None if self.shared.conferences.is_entered(target)
                || self.shared.conferences.are_convening(entered) =>
            {
                return Err(WhyFeatureRefused::TooLate);
            }
            None => {
                let kind = if how == Barging::Barge { Kind::Barged { other: None } } else { Kind::AdHoc };
                let seats = self.take_seats(now, (asker, leg), None, 1 + BROUGHT, out)?;
                let id = self.open(kind);
                self.keep_seats(id, seats);
                if let Some(conference) = self.shared.conferences.all.get_mut(&id) {
                    conference.entering.into = Some(target);
                }
                id
            }
        };
        if let Some(conference) = self.shared.conferences.all.get_mut(&id) {
            conference.pending += 1;
        }
        self.with_call(asker, |call, shared| call.sit(now, id, shared, out));
        Ok(())
    }

    /// How a phone comes in: as it asks, or else as its line key does, or as it is configured.
    fn how(&self, own: &Origin, asked: Option<Barging>) -> Result<Barging, WhyFeatureRefused<'static>> {
        let configuration = &self.shared.configuration;
        let how = Some(configuration.barge(own)).filter(|how| *how != Barging::Off);
        let how = how.ok_or(WhyFeatureRefused::NotConfigured { what: "barge for this phone" })?;
        Ok(asked.unwrap_or(how))
    }

    /// The call of a leg that a phone may come into, and the other leg of it.
    fn enterable(&self, target: LegId, own: &Origin) -> Result<(CallId, LegId), WhyFeatureRefused<'static>> {
        let found = self.joinable(target)?;
        let call = self.calls.get(&found.0).ok_or(WhyFeatureRefused::NotTalking)?;
        let theirs = call.origin_of(target).ok_or(WhyFeatureRefused::NotTalking)?;
        if !are_of_one_line(&theirs, own) {
            let rule = "only phones of a line come into its calls";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        if call.origin_of(found.1).as_ref() == Some(own) {
            let rule = "this phone has the call already";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        if self.shared.is_intercom(target) {
            return Err(WhyFeatureRefused::NotAllowed { rule: "nobody comes into an intercom call" });
        }
        if self.shared.is_private(target, &theirs) {
            return Err(WhyFeatureRefused::NotAllowed { rule: "the call is private" });
        }
        if call.is_held_by(target) {
            let rule = "a call on hold is taken back, nobody comes into it";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        Ok(found)
    }

    /// Whether one more may come into a conference by barge.
    fn has_room(&self, id: ConferenceId, how: Barging) -> Result<(), WhyFeatureRefused<'static>> {
        let Some(conference) = self.shared.conferences.all.get(&id) else { return Ok(()) };
        let rules = &self.shared.configuration.conferences;
        let max = match &conference.kind {
            Kind::Barged { .. } => {
                let rule = "somebody has come into this call already";
                return Err(WhyFeatureRefused::NotAllowed { rule });
            }
            Kind::AdHoc => rules.ad_hoc_parties,
            Kind::MeetMe(_) => rules.meet_me_parties,
        };
        if how == Barging::Barge {
            let rule = "phones come into a conference by conference barge";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        if conference.size() >= max as usize {
            return Err(WhyFeatureRefused::Exhausted { what: "seats of the conference" });
        }
        Ok(())
    }

    /// A seat and its party hear each other.
    pub(in crate::features) fn connected(
        &mut self,
        now: Now,
        id: ConferenceId,
        seat: LegId,
        out: &mut Outbox,
    ) {
        let Some(conference) = self.shared.conferences.all.get_mut(&id) else {
            // It was over before this one came.
            return self.put_out(now, (seat, Feature::Barge), out);
        };
        let enters = conference.enters(seat);
        let entering = &mut conference.entering;
        if let Some(target) = entering.into.take() {
            return self.bring_in(now, (id, seat), target, out);
        }
        let before = entering.awaited.len();
        entering.awaited.retain(|awaited| *awaited != seat);
        let comes_alone = entering.awaited.len() == before;
        let all_hear = before > 0 && entering.awaited.is_empty();
        let asker = self.shared.legs.get(&seat);
        let comes = entering.comes.iter().position(|(call, _)| Some(call) == asker);
        let came = comes.map(|at| entering.comes.swap_remove(at));
        if let Some((call, conversation)) = came {
            let (who, how) = ((seat, conference_party(id)), (Feature::Barge, conversation));
            self.with_call(call, |call, shared| call.came_in(now, who, how, shared, out));
        }
        // By barge three come together: those who talked before, and who came in. It is told when all hear each other.
        if all_hear || (enters && comes_alone) {
            self.sound(id, Tone::Enter, out);
        }
        // Somebody may have left before this one heard anything, when the two that remained could not talk without the bridge yet.
        if all_hear || came.is_some() {
            self.go_on(now, id, out);
        }
    }

    /// Who comes in has a seat: those of the parties of the call are opened.
    fn bring_in(&mut self, now: Now, (id, seat): (ConferenceId, LegId), target: LegId, out: &mut Outbox) {
        let asker = self.shared.legs.get(&seat).and_then(|call| self.calls.get(call));
        let Some(own) = asker.map(|call| call.facts.origin.clone()) else { return };
        let found = self.enterable(target, &own).and_then(|(call, other)| {
            let conferences = &self.shared.conferences;
            let is_free = conferences.of_seat(other).is_none() && !conferences.are_convening(call);
            is_free.then_some(Joins { call, own: target, other }).ok_or(WhyFeatureRefused::TooLate)
        });
        match found {
            Ok(joins) => self.bring_to(now, (id, seat), joins, out),
            Err(why) => {
                self.does_not_come_in(now, seat, why, out);
                self.end(now, id, out);
            }
        }
    }

    /// The parties of a call are about to take their seats: its story says who came.
    pub(super) fn tell_entered(&self, now: Now, seat: LegId, call: CallId, out: &mut Outbox) {
        let asker = self.shared.legs.get(&seat).and_then(|call| self.calls.get(call));
        if let Some(asker) = asker {
            let text = who(&asker.facts.origin);
            out.decide(now, call, None, Decision::FeatureDone { feature: ENTERED, text: &text });
        }
    }

    /// The call goes on as it was, without who wanted to come into it.
    pub(super) fn does_not_come_in(
        &mut self,
        now: Now,
        seat: LegId,
        why: WhyFeatureRefused<'static>,
        out: &mut Outbox,
    ) {
        if let Some(&asker) = self.shared.legs.get(&seat) {
            let (feature, cause) = (FeatureCode::Barge.word(), why.cause());
            out.decide(now, asker, None, Decision::FeatureRefused { feature, cause, why });
        }
    }

    /// The parties of the call have taken their seats: first that of the line, then the other one.
    pub(super) fn has_come_in(
        &mut self,
        now: Now,
        (id, seat): (ConferenceId, LegId),
        [own, other]: [(LegId, &Party); 2],
        conversation: CallId,
        out: &mut Outbox,
    ) {
        let Some(asker) = self.shared.legs.get(&seat).copied() else { return };
        let Some(conference) = self.shared.conferences.all.get_mut(&id) else { return };
        conference.entering.awaited = vec![own.0, other.0];
        conference.starter = Some(own.0);
        let shown = match &mut conference.kind {
            Kind::Barged { other: seat } => {
                *seat = Some(other.0);
                barged_into(other.1)
            }
            Kind::AdHoc | Kind::MeetMe(_) => conference_party(id),
        };
        let text = format!("into the call of {} with {}", own.1.number, other.1.number);
        out.decide(
            now,
            asker,
            None,
            Decision::FeatureDone { feature: FeatureCode::Barge.word(), text: &text },
        );
        self.with_call(asker, |call, shared| {
            call.came_in(now, (seat, shown), (Feature::Barge, conversation), shared, out);
        });
    }
}

impl CallControl {
    /// Somebody else may have a seat now: all of a call that a phone has come into see whom they hear.
    pub(super) fn show_barged(&mut self, now: Now, id: ConferenceId, out: &mut Outbox) {
        let Some(conference) = self.shared.conferences.all.get(&id) else { return };
        let Kind::Barged { other: Some(other) } = conference.kind else { return };
        let own = conference.starter;
        let seated = |seat: LegId| {
            let call = self.shared.legs.get(&seat).and_then(|call| self.calls.get(call));
            call.map(|call| call.facts.caller_within().clone())
        };
        let Some(other_party) = seated(other) else { return };
        let seats: Vec<LegId> = conference.parties.iter().map(|party| party.seat).collect();
        // Where the phone of the line has left, those who came in are the line.
        let came = || seats.iter().filter(|seat| **seat != other).find_map(|seat| seated(*seat));
        let Some(line) = own.and_then(seated).or_else(came) else { return };
        for seat in seats {
            let shown = match seat {
                _ if seat == other => line.clone(),
                _ if Some(seat) == own => other_party.clone(),
                _ => barged_into(&other_party),
            };
            let Some(&call) = self.shared.legs.get(&seat) else { continue };
            self.with_call(call, |call, shared| call.shows_at_seat(now, seat, shown, shared, out));
        }
    }
}

/// What barges bring into a conference.
#[derive(Default, Debug)]
pub(super) struct Entering {
    /// The leg whose call comes in as soon as who barges is connected.
    into: Option<LegId>,
    /// Calls of those who barge into it while it is there, each with the call with which the conversation began.
    comes: Vec<(CallId, CallId)>,
    /// Seats that are not connected yet, of those that are told when all are.
    awaited: Vec<LegId>,
}

impl Entering {
    /// How many are brought in as soon as who barges is connected.
    pub(super) const fn brings(&self) -> usize {
        if self.into.is_some() { BROUGHT } else { 0 }
    }

    /// Forgets what is gone.
    pub(super) fn retain(&mut self, is_leg: impl Fn(&LegId) -> bool, is_call: impl Fn(&CallId) -> bool) {
        self.awaited.retain(is_leg);
        self.comes.retain(|(call, _)| is_call(call));
    }
}

/// The parties of the call that somebody comes into.
const BROUGHT: usize = 2;

impl super::Conferences {
    /// Whether somebody is about to come into the call of this leg.
    fn is_entered(&self, target: LegId) -> bool {
        self.all.values().any(|conference| conference.entering.into == Some(target))
    }

    /// Whether the seats are being opened for parties of this call.
    pub(super) fn are_convening(&self, call: CallId) -> bool {
        self.convening.iter().any(|convening| convening.is_of(call))
    }
}

impl Conference {
    /// A seat and its party hear each other. Whether that party comes to others, who hear it only now.
    fn enters(&mut self, seat: LegId) -> bool {
        let others = self.parties.iter().any(|party| party.seat != seat && party.has_entered);
        let own = self.parties.iter_mut().find(|party| party.seat == seat && !party.has_entered);
        own.map(|own| own.has_entered = true).is_some() && others
    }

    /// On whose behalf its calls begin and end.
    pub(super) const fn feature(&self) -> Feature {
        match self.kind {
            Kind::Barged { .. } => Feature::Barge,
            Kind::AdHoc | Kind::MeetMe(_) => Feature::Conference,
        }
    }
}

impl Call {
    /// The leg of it that is another phone of the line whose phone this is; none in a call of that phone itself.
    fn leg_beside(&self, own: &Origin) -> Option<LegId> {
        let caller = self.facts.caller;
        let called = self.other(caller).filter(|_| self.is_talking())?;
        let legs = [caller, called];
        let is = |leg: LegId, fits: fn(&Origin, &Origin) -> bool| {
            self.origin_of(leg).is_some_and(|origin| fits(&origin, own))
        };
        let is_own = legs.iter().any(|leg| is(*leg, Origin::eq));
        legs.into_iter().find(|leg| !is_own && is(*leg, are_of_one_line))
    }
}

/// Whether these are two phones of one line.
fn are_of_one_line(one: &Origin, other: &Origin) -> bool {
    match (one, other) {
        (Origin::Line { line: own, phone: one }, Origin::Line { line, phone: other }) => {
            own == line && one != other
        }
        (Origin::Trunk(_), _) | (_, Origin::Trunk(_)) => false,
    }
}

/// The phone that comes in, as people know it.
fn who(own: &Origin) -> String {
    match own {
        Origin::Line { line, phone: Some(phone) } => format!("phone {phone} of {}", line.number()),
        Origin::Line { line, phone: None } => line.number().to_owned(),
        Origin::Trunk(trunk) => format!("trunk {trunk}"),
    }
}

/// What who came in is shown of the other party.
fn barged_into(other: &Party) -> Party {
    Party { name: BARGE.into(), ..other.clone() }
}

/// What who came in is shown in place of the other party's name.
const BARGE: &str = "Barge";
