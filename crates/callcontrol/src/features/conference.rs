//! Conferences: calls to seats of one bridge, whose parties all hear each other.
//!
//! Each participant has a call of his own with a seat, so that what happens to him is told like any call. Ad hoc, somebody who has several calls
//! asks for one of them all: their parties and he move to seats. Whoever began it adds and drops parties, and when two are left the
//! bridge is given back: they talk with each other. Meet-me, a number is opened by who asks for that, and others dial it until the last
//! has left.

mod membership;

use std::collections::BTreeMap;

use strowger_base::feature::{FeatureAnswer, Turn};
use strowger_base::journal::{Decision, Feature, WhyFeatureRefused};
use strowger_base::leg::{Mute, Tone};
use strowger_base::{CallId, Command, ConferenceId, LegId, Now};

use crate::CallControl;
use crate::call::{Call, Participant, Wanted, conversation_of};
use crate::configuration::{ConferenceControl, ConferenceTones};
use crate::io::Outbox;

/// All conferences of a shard.
#[derive(Debug, Default)]
pub(crate) struct Conferences {
    all: BTreeMap<ConferenceId, Conference>,
    last: u64,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Conference {
    kind: Kind,
    /// In the order in which they came.
    parties: Vec<Seated>,
    /// Calls that will sit in it and have no seat yet.
    pending: u32,
    /// The seat of whoever began it.
    starter: Option<LegId>,
    numbered: u32,
}

/// How people come into it.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Kind {
    AdHoc,
    /// By this number.
    MeetMe(Box<str>),
}

/// One who sits in it.
#[derive(Clone, Copy, Debug)]
struct Seated {
    /// The leg of the seat.
    seat: LegId,
    /// What the list of participants calls it; never used again.
    number: u32,
    mute: Mute,
}

impl Conferences {
    /// Conferences in progress.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// A leg has got a seat in a conference.
    pub(crate) fn seated(&mut self, id: ConferenceId, seat: LegId) {
        let Some(conference) = self.all.get_mut(&id) else { return };
        conference.pending = conference.pending.saturating_sub(1);
        conference.numbered += 1;
        conference.parties.push(Seated { seat, number: conference.numbered, mute: Mute::Off });
        conference.starter.get_or_insert(seat);
    }

    /// The conference of a seat.
    fn of_seat(&self, seat: LegId) -> Option<ConferenceId> {
        let sits = |conference: &Conference| conference.parties.iter().any(|party| party.seat == seat);
        self.all.iter().find(|(_, conference)| sits(conference)).map(|(id, _)| *id)
    }
}

impl Conference {
    /// Those who are in it or are about to be.
    fn size(&self) -> usize {
        self.parties.len() + self.pending as usize
    }
}

/// A call that is to come into a conference: the leg of whoever asks, and that of the other party.
struct Joins {
    call: CallId,
    own: LegId,
}

impl CallControl {
    /// The parties of these calls and whoever has them hear each other.
    pub(super) fn confer(
        &mut self,
        now: Now,
        leg: LegId,
        with: &[LegId],
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        if self.turned_away(now, out).is_some() {
            return Err(WhyFeatureRefused::Congestion);
        }
        let mut calls: Vec<Joins> = Vec::new();
        let mut into = None;
        for own in std::iter::once(leg).chain(with.iter().copied()) {
            let (call, other) = self.joinable(own)?;
            if calls.iter().any(|joins| joins.call == call) {
                return Err(WhyFeatureRefused::NotTalking);
            }
            match (self.shared.conferences.of_seat(other), into) {
                (Some(conference), None) => into = Some((conference, other)),
                (Some(_), Some(_)) => {
                    return Err(WhyFeatureRefused::NotAllowed { rule: "two conferences are not made one" });
                }
                (None, _) => calls.push(Joins { call, own }),
            }
        }
        let max = self.shared.configuration.conferences.ad_hoc_parties as usize;
        let full = WhyFeatureRefused::Exhausted { what: "seats of the conference" };
        let id = match into {
            Some((id, seat)) => {
                self.allowed(id, seat)?;
                let size = self.shared.conferences.all.get(&id).map_or(0, Conference::size);
                if size + calls.len() > max {
                    return Err(full);
                }
                self.answer(now, leg, "conference", id.to_string(), out);
                id
            }
            None if calls.len() + 1 > max => return Err(full),
            None => {
                let id = self.open(Kind::AdHoc);
                self.answer(now, leg, "conference", id.to_string(), out);
                // Whoever asks goes on with the call in which he does not hold: there his phone listens.
                let held = |joins: &Joins| {
                    self.calls.get(&joins.call).is_some_and(|call| call.is_held_by(joins.own))
                };
                let stays = calls.iter().position(|joins| !held(joins)).unwrap_or(0);
                let first = calls.remove(stays);
                self.convene(now, &first, id, out);
                id
            }
        };
        for joins in calls {
            self.bring(now, &joins, id, out);
        }
        Ok(())
    }

    /// The call of a leg whose parties may come into a conference, with the other leg of it.
    fn joinable(&self, own: LegId) -> Result<(CallId, LegId), WhyFeatureRefused<'static>> {
        let call = self.shared.legs.get(&own).copied().ok_or(WhyFeatureRefused::NotTalking)?;
        let found = self.calls.get(&call).filter(|call| call.is_talking() && call.facts.transfer.is_none());
        let found = found.ok_or(WhyFeatureRefused::NotTalking)?;
        let other = found.other(own).ok_or(WhyFeatureRefused::NotTalking)?;
        let devices = found.origin_of(own).is_some() && found.origin_of(other).is_some();
        if devices || self.shared.conferences.of_seat(other).is_some() {
            Ok((call, other))
        } else {
            Err(WhyFeatureRefused::NotAllowed { rule: "services of the server take part in no conference" })
        }
    }

    /// A new conference.
    fn open(&mut self, kind: Kind) -> ConferenceId {
        let (node, shard) = self.shared.place();
        let conferences = &mut self.shared.conferences;
        conferences.last += 1;
        let id = ConferenceId::new(node, shard, conferences.last);
        let conference = Conference { kind, parties: Vec::new(), pending: 0, starter: None, numbered: 0 };
        conferences.all.insert(id, conference);
        id
    }

    /// Both parties of a call take seats; whoever asked is the starter.
    fn convene(&mut self, now: Now, joins: &Joins, id: ConferenceId, out: &mut Outbox) {
        let Some(mut call) = self.calls.remove(&joins.call) else { return };
        let conversation = conversation_of(&call.facts);
        let ids = [self.shared.new_call(), self.shared.new_call()];
        let moved = ids.map(|id| Feature::Conference.into_call(id));
        let own_first = joins.own == call.facts.caller;
        let Some((caller, called)) = call.part(now, moved, &mut self.shared, out) else { return };
        let (one, two) = ((ids[0], caller), (ids[1], called));
        let (starter, other) = if own_first { (one, two) } else { (two, one) };
        for (call, party) in [starter, other] {
            self.seat(now, call, &party, (id, conversation), out);
        }
    }

    /// The other party of a call takes a seat, and the leg of whoever asked ends.
    fn bring(&mut self, now: Now, joins: &Joins, id: ConferenceId, out: &mut Outbox) {
        let Some(mut call) = self.calls.remove(&joins.call) else { return };
        let conversation = conversation_of(&call.facts);
        let seated = self.shared.new_call();
        let moved = Feature::Conference.into_call(seated);
        if let Some(party) = call.hand_over(now, joins.own, moved, &mut self.shared, out) {
            self.seat(now, seated, &party, (id, conversation), out);
        }
    }

    fn seat(
        &mut self,
        now: Now,
        call: CallId,
        party: &Participant,
        (id, conversation): (ConferenceId, CallId),
        out: &mut Outbox,
    ) {
        self.sound(id, Tone::Enter, out);
        if let Some(conference) = self.shared.conferences.all.get_mut(&id) {
            // Each seat that is taken is one that was awaited: without this it would be that of somebody who is just coming in.
            conference.pending += 1;
        }
        let how = (Feature::Conference, conversation);
        match Call::seated_in(now, call, party, id, how, &mut self.shared, out) {
            Some(call) => self.keep(call),
            None => strowger_base::never!("{}: a service of ours was to take part in {id}", party.leg),
        }
    }

    /// Lets those hear a tone who are in a conference already.
    fn sound(&self, id: ConferenceId, tone: Tone, out: &mut Outbox) {
        let conference = self.shared.conferences.all.get(&id);
        if self.shared.configuration.conferences.tones == ConferenceTones::Yes
            && let Some(first) = conference.and_then(|conference| conference.parties.first())
        {
            out.command(first.seat, Command::Tone(tone));
        }
    }

    /// Whether whoever has this seat may change who is in the conference.
    fn allowed(&self, id: ConferenceId, seat: LegId) -> Result<(), WhyFeatureRefused<'static>> {
        let starter = self.shared.conferences.all.get(&id).and_then(|conference| conference.starter);
        match self.shared.configuration.conferences.control {
            ConferenceControl::Everybody => Ok(()),
            ConferenceControl::Starter if starter == Some(seat) => Ok(()),
            ConferenceControl::Starter => Err(WhyFeatureRefused::NotAllowed {
                rule: "only who began the conference adds and drops parties",
            }),
        }
    }

    /// The device gets what it asked for.
    fn answer(&self, now: Now, leg: LegId, request: &'static str, text: String, out: &mut Outbox) {
        if let Some(&call) = self.shared.legs.get(&leg) {
            out.decide(now, call, Some(leg), Decision::FeatureDone { feature: request, text: &text });
        }
        let answer = FeatureAnswer { request, result: Ok(()), text: text.into() };
        out.command(leg, Command::FeatureAnswer(Box::new(answer)));
    }

    /// A caller dials the number of a conference.
    pub(super) fn meet(
        &mut self,
        now: Now,
        call: CallId,
        wanted: &Wanted,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let id = self.meeting(&wanted.argument).ok_or(WhyFeatureRefused::NothingThere)?;
        let size = self.shared.conferences.all.get(&id).map_or(0, Conference::size);
        if size >= self.shared.configuration.conferences.meet_me_parties as usize {
            return Err(WhyFeatureRefused::Exhausted { what: "seats of the conference" });
        }
        self.sound(id, Tone::Enter, out);
        if let Some(conference) = self.shared.conferences.all.get_mut(&id) {
            conference.pending += 1;
        }
        self.with_call(call, |call, shared| call.sit(now, id, shared, out));
        Ok(())
    }

    /// A caller opens the conference of a number, or comes into it when it is open.
    pub(super) fn open_meeting(
        &mut self,
        now: Now,
        call: CallId,
        wanted: &Wanted,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let mut number = None;
        self.with_call(call, |call, shared| {
            number = call.meet_me_number(now, &wanted.argument, shared, out);
        });
        number
            .ok_or(WhyFeatureRefused::NotConfigured { what: "a meet-me number that the caller may dial" })?;
        if self.meeting(&wanted.argument).is_none() {
            self.open(Kind::MeetMe(wanted.argument.clone()));
        }
        self.meet(now, call, wanted, out)
    }

    fn meeting(&self, number: &str) -> Option<ConferenceId> {
        let is_it = |kind: &Kind| matches!(kind, Kind::MeetMe(own) if **own == *number);
        self.shared.conferences.all.iter().find(|(_, one)| is_it(&one.kind)).map(|(id, _)| *id)
    }
}

const fn turned(turn: Turn, before: Mute) -> Mute {
    if turn.of(matches!(before, Mute::On)) { Mute::On } else { Mute::Off }
}
