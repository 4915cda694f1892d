//! How calls become a conference: every seat is open before anybody leaves a call, so that those for whom there is none go on as they
//! were.
//!
//! ```text
//! call control                         agent
//!   | Ring, a seat for each who moves    |
//!   |----------------------------------->|
//!   | Answered, with an offer each       |   or Released: nobody moves, and whoever asked is refused
//!   |<-----------------------------------|
//!   | the parties move, and are offered  |
//!   | what their seats described         |
//! ```

use std::sync::Arc;

use strowger_base::feature::FeatureRequest;
use strowger_base::journal::{Admission, Decision, Feature, PartyView, WhyFeatureRefused};
use strowger_base::leg::{Media, Party, Ring, Service, Signal, SrtpOffer};
use strowger_base::{CallId, Cause, Command, ConferenceId, LegId, Now};

use super::{Conference, Convened, Kind};
use crate::CallControl;
use crate::call::{Call, Participant, Seating, conversation_of};
use crate::io::{OrderRefused, Outbox, Output};

/// A call that is to come into a conference: the leg of whoever asks, and that of the other party.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Joins {
    pub(super) call: CallId,
    pub(super) own: LegId,
    pub(super) other: LegId,
}

/// What somebody wants to become one conference.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Wish {
    /// Calls whose parties shall move. Of a new conference the first is the one in which whoever asks goes on.
    calls: Vec<Joins>,
    /// The conference in which whoever asks sits already, and the seat.
    into: Option<(ConferenceId, LegId)>,
}

/// A wish for a conference whose seats are being opened.
#[derive(Debug)]
pub(super) struct Convening {
    /// The leg that asked.
    leg: LegId,
    /// The other legs that it named.
    with: Vec<LegId>,
    /// The order that wanted it, where no device did.
    order: Option<u64>,
    wish: Wish,
    conference: ConferenceId,
    /// The seat of who comes into the call, where that is barge: `leg` is the phone whose call it is.
    barges: Option<LegId>,
    /// In the order in which the parties move.
    seats: Vec<Opening>,
}

/// A seat that is not taken yet.
#[derive(Debug)]
struct Opening {
    /// The call that it will be in.
    call: CallId,
    leg: LegId,
    /// What it answered, for that call.
    answered: Option<Signal>,
}

impl Wish {
    /// Who moves: in a new conference whoever asks, too.
    fn parties(&self) -> Vec<Joins> {
        let starter = self.calls.first().filter(|_| self.into.is_none());
        let starter = starter.map(|first| Joins { own: first.other, other: first.own, ..*first });
        starter.into_iter().chain(self.calls.iter().copied()).collect()
    }

    /// Whether both are of the same parties; who holds whom may have changed.
    fn is_of_the_same(&self, other: &Wish) -> bool {
        let all = |joins: &Joins| other.calls.contains(joins);
        self.into == other.into && self.calls.len() == other.calls.len() && self.calls.iter().all(all)
    }
}

impl Convening {
    /// Whether parties of this call move.
    pub(super) fn is_of(&self, call: CallId) -> bool {
        self.wish.calls.iter().any(|joins| joins.call == call)
    }

    pub(super) fn awaits(&self, leg: LegId) -> bool {
        self.seats.iter().any(|seat| seat.leg == leg)
    }
}

impl CallControl {
    /// The parties of these calls and whoever has them shall hear each other. Whether they do is told when their seats are open:
    /// to the device, and to `order` where that is what wanted it.
    pub(in crate::features) fn confer(
        &mut self,
        now: Now,
        leg: LegId,
        with: &[LegId],
        order: Option<u64>,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        if self.turned_away(now, out).is_some() {
            return Err(WhyFeatureRefused::Congestion);
        }
        let wish = self.wish(leg, with)?;
        let parties = wish.parties();
        if wish.calls.iter().any(|joins| self.shared.conferences.are_convening(joins.call)) {
            return Err(WhyFeatureRefused::NotAllowed { rule: "a conference of this call is coming about" });
        }
        let max = self.shared.configuration.conferences.ad_hoc_parties as usize;
        let size = |id: &ConferenceId| self.shared.conferences.all.get(id).map_or(0, Conference::size);
        if wish.into.map_or(0, |(id, _)| size(&id)) + parties.len() > max {
            return Err(WhyFeatureRefused::Exhausted { what: "seats of the conference" });
        }
        let began = self.shared.legs.get(&leg).copied().ok_or(WhyFeatureRefused::NotTalking)?;
        let bridge = self.take_seats(now, (began, leg), wish.into.map(|(id, _)| id), parties.len(), out)?;
        let conference = match wish.into {
            Some((id, _)) => id,
            None => self.open(Kind::AdHoc),
        };
        self.keep_seats(conference, bridge);
        let awaited: Vec<(Joins, Option<Signal>)> = parties.iter().map(|party| (*party, None)).collect();
        if let Err(why) = self.room_for_seats(now, &wish, (conference, &awaited), out) {
            self.left(now, conference, true, out);
            return Err(why);
        }
        let with = with.to_vec();
        let convening = Convening { leg, with, order, wish, conference, barges: None, seats: Vec::new() };
        self.open_seats(now, convening, out);
        Ok(())
    }

    /// Both parties of a call shall hear who has this seat, and has come into their call.
    pub(super) fn bring_to(
        &mut self,
        now: Now,
        (conference, seat): (ConferenceId, LegId),
        joins: Joins,
        out: &mut Outbox,
    ) {
        let wish = Wish { calls: vec![joins], into: None };
        let (leg, with, order, barges) = (joins.own, Vec::new(), None, Some(seat));
        let convening = Convening { leg, with, order, wish, conference, barges, seats: Vec::new() };
        self.open_seats(now, convening, out);
    }

    fn open_seats(&mut self, now: Now, mut convening: Convening, out: &mut Outbox) {
        let id = convening.conference;
        let parties = convening.wish.parties();
        convening.seats = parties.iter().map(|party| self.open_seat(now, id, party, out)).collect();
        if let Some(conference) = self.shared.conferences.all.get_mut(&id) {
            conference.pending += convening.seats.len() as u32;
        }
        self.shared.conferences.convening.push(convening);
    }

    /// What is wanted of these legs, as things are now.
    fn wish(&self, leg: LegId, with: &[LegId]) -> Result<Wish, WhyFeatureRefused<'static>> {
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
                (None, _) => calls.push(Joins { call, own, other }),
            }
        }
        if let Some((id, seat)) = into {
            self.allowed(id, seat)?;
        } else {
            // Whoever asks goes on with the call in which he does not hold: there his phone listens.
            let held =
                |joins: &Joins| self.calls.get(&joins.call).is_some_and(|call| call.is_held_by(joins.own));
            let stays = calls.iter().position(|joins| !held(joins)).unwrap_or(0);
            calls.get_mut(..=stays).unwrap_or_default().rotate_right(1);
        }
        Ok(Wish { calls, into })
    }

    /// The call of a leg whose parties may come into a conference, with the other leg of it.
    pub(super) fn joinable(&self, own: LegId) -> Result<(CallId, LegId), WhyFeatureRefused<'static>> {
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

    /// Opens the seat of `joins.other`.
    fn open_seat(&mut self, now: Now, id: ConferenceId, joins: &Joins, out: &mut Outbox) -> Opening {
        let (call, leg) = (self.shared.new_call(), self.shared.leg_ids.allocate());
        let mut ring = Ring::service(Service::Conference(id), SrtpOffer::Clear);
        ring.called = id.to_string().into();
        self.with_call(joins.call, |of, shared| {
            (ring.calling, ring.srtp) = of.brings(now, joins.other, shared, out);
        });
        self.shared.legs.insert(leg, call);
        out.command(leg, Command::Ring(Box::new(ring)));
        out.items.push(Output::Joined { leg, call });
        Opening { call, leg, answered: None }
    }

    /// A seat is open, or cannot be had.
    pub(crate) fn seat_told(&mut self, now: Now, leg: LegId, signal: Signal, out: &mut Outbox) {
        let convening = &mut self.shared.conferences.convening;
        let Some(place) = convening.iter().position(|convening| convening.awaits(leg)) else { return };
        match signal {
            Signal::Answered { .. } => {
                let seats = convening.get_mut(place).map_or(&mut [][..], |convening| &mut convening.seats);
                for seat in seats.iter_mut().filter(|seat| seat.leg == leg) {
                    seat.answered = Some(signal.clone());
                }
                if seats.iter().all(|seat| seat.answered.is_some()) {
                    let convening = convening.remove(place);
                    self.convened(now, convening, out);
                }
            }
            Signal::Released { .. } => {
                let convening = convening.remove(place);
                self.shared.legs.remove(&leg);
                let why = WhyFeatureRefused::Exhausted { what: "media ports for the conference" };
                self.not_convened(now, &convening, why, out);
            }
            // A seat that was asked for an offer answers with one, or not at all.
            Signal::Setup(_)
            | Signal::Proceeding
            | Signal::Alerting { .. }
            | Signal::Media(_)
            | Signal::MediaRequested
            | Signal::MediaRefused(_)
            | Signal::Digit(_)
            | Signal::DigitErased
            | Signal::DigitsEnded(_)
            | Signal::Redirected(_)
            | Signal::TransferRequested { .. }
            | Signal::MetadataRequested
            | Signal::TransferEnded(_)
            | Signal::FeatureRequested(_) => {}
        }
    }

    /// All seats are open: those who move do so at once, unless something else happened to their calls meanwhile.
    fn convened(&mut self, now: Now, convening: Convening, out: &mut Outbox) {
        match self.wish(convening.leg, &convening.with) {
            Ok(wish) if wish.is_of_the_same(&convening.wish) => {}
            Ok(_) => return self.not_convened(now, &convening, WhyFeatureRefused::TooLate, out),
            Err(why) => return self.not_convened(now, &convening, why, out),
        }
        let parties = convening.wish.parties().into_iter();
        let described = convening.seats.iter().map(|seat| seat.answered.clone());
        let parties: Vec<(Joins, Option<Signal>)> = parties.zip(described).collect();
        if let Err(why) = self.room_for_seats(now, &convening.wish, (convening.conference, &parties), out) {
            return self.not_convened(now, &convening, why, out);
        }
        if convening.barges.is_some_and(|seat| !self.shared.legs.contains_key(&seat)) {
            return self.not_convened(now, &convening, WhyFeatureRefused::TooLate, out);
        }
        let Convening { leg, order, wish, conference, barges, seats, .. } = convening;
        if let Some(seat) = barges {
            return self.barged(now, (conference, seat), wish.calls, seats, out);
        }
        self.answer(now, leg, "conference", conference.to_string(), out);
        if let Some(number) = order {
            out.items.push(Output::Ordered { number, result: Ok(()) });
        }
        if wish.into.is_none() {
            self.convenes(leg, &wish, conference);
        }
        let mut seats = seats.into_iter();
        for (place, joins) in wish.calls.iter().enumerate() {
            let starts = place == 0 && wish.into.is_none();
            let opened: Vec<Opening> = seats.by_ref().take(if starts { 2 } else { 1 }).collect();
            self.move_to_seats(now, joins, opened, (conference, Feature::Conference), out);
        }
    }

    /// Keeps who makes this conference of calls.
    fn convenes(&mut self, leg: LegId, wish: &Wish, id: ConferenceId) {
        let of = |call: CallId| self.calls.get(&call);
        let conversations =
            wish.calls.iter().filter_map(|joins| Some(conversation_of(&of(joins.call)?.facts)));
        let oldest = conversations.min_by_key(|conversation| conversation.number);
        let asked = self.shared.legs.get(&leg).and_then(|call| of(*call));
        let (Some(conversation), Some(asked)) = (oldest, asked) else { return };
        let (Some(by), Some(device)) = (asked.party_of(leg), asked.origin_of(leg)) else { return };
        let convened = Convened { by, device, conversation };
        if let Some(conference) = self.shared.conferences.all.get_mut(&id) {
            conference.convened = Some(convened);
        }
    }

    /// The parties of a call that somebody has come into take these seats.
    fn barged(
        &mut self,
        now: Now,
        (id, seat): (ConferenceId, LegId),
        calls: Vec<Joins>,
        seats: Vec<Opening>,
        out: &mut Outbox,
    ) {
        let Some(joins) = calls.first() else { return };
        let legs: Vec<LegId> = seats.iter().map(|seat| seat.leg).collect();
        let conversation = self.calls.get(&joins.call).map(|call| conversation_of(&call.facts));
        self.tell_entered(now, seat, joins.call, out);
        let parties = self.move_to_seats(now, joins, seats, (id, Feature::Barge), out);
        if let ([own, other], [own_seat, other_seat], Some(conversation)) = (&*parties, &*legs, conversation)
        {
            let sides = [(*own_seat, own), (*other_seat, other)];
            self.has_come_in(now, (id, seat), sides, conversation, out);
        }
    }

    /// Whether those who move can talk with the bridge, once their calls give back what they have of bandwidth.
    fn room_for_seats(
        &mut self,
        now: Now,
        wish: &Wish,
        (conference, parties): (ConferenceId, &[(Joins, Option<Signal>)]),
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let mut wanted = Vec::new();
        for (joins, answered) in parties {
            let offer = match answered {
                Some(Signal::Answered { media: Media::Offer(offer), .. }) => Some(offer),
                Some(_) | None => None,
            };
            let mut needs = Ok(None);
            self.with_call(joins.call, |call, shared| {
                needs = call.needs_for_seat(now, joins.other, (conference, offer), shared, out);
            });
            wanted.extend(needs.map_err(|()| WhyFeatureRefused::NoCodec)?);
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let admission = Arc::clone(&self.shared.configuration.admission);
        let calls = wish.calls.iter().filter_map(|joins| self.calls.get(&joins.call));
        let given_back = calls.map(|call| &call.facts.reserved);
        let room = self.shared.bandwidth.has_room_for_all(given_back, &admission, &wanted);
        room.map_err(|missing| {
            self.shared.counters.without_bandwidth += 1;
            if let Some(joins) = wish.calls.first() {
                let news = Decision::Admission(Admission::BandwidthMissing(missing.view()));
                out.decide(now, joins.call, None, news);
            }
            WhyFeatureRefused::NoBandwidth
        })
    }

    /// The parties of a call take these seats: both, or the other one alone, and the leg of whoever asked ends. Returns who they are.
    fn move_to_seats(
        &mut self,
        now: Now,
        joins: &Joins,
        seats: Vec<Opening>,
        (id, feature): (ConferenceId, Feature),
        out: &mut Outbox,
    ) -> Vec<Party> {
        let Some(mut call) = self.calls.remove(&joins.call) else { return Vec::new() };
        let conversation = conversation_of(&call.facts);
        let moved = |seat: &Opening| feature.into_call(seat.call);
        let caller = call.facts.caller;
        let parties = match &*seats {
            [starter, other] => {
                let own_first = joins.own == caller;
                let moved =
                    if own_first { [moved(starter), moved(other)] } else { [moved(other), moved(starter)] };
                let parted = call.part(now, moved, &mut self.shared, out);
                parted.map(|(one, two)| if own_first { vec![one, two] } else { vec![two, one] })
            }
            [other] => {
                let party = call.hand_over(now, joins.own, moved(other), &mut self.shared, out);
                party.map(|party| vec![party])
            }
            _ => None,
        };
        let Some(parties) = parties else {
            strowger_base::never!("{}: an answered call whose parties do not move", joins.call);
            return Vec::new();
        };
        let who: Vec<Party> = parties.iter().map(|party| party.party.clone()).collect();
        // Who talks by barge sees no difference.
        let conference = self.shared.conferences.all.get(&id);
        let plain = conference.is_some_and(|conference| matches!(conference.kind, Kind::Barged { .. }));
        let convened = conference.and_then(|conference| conference.convened.as_ref());
        let conversation = convened.map_or(conversation, |convened| convened.conversation);
        let mut shown = who.iter().rev().cloned();
        for (opened, party) in seats.into_iter().zip(parties) {
            let (seat, shown) = (opened.leg, shown.next().filter(|_| plain));
            let seating = Seating { conference: id, seat, feature, conversation, shown };
            self.seat(now, opened, &party, seating, out);
        }
        who
    }

    fn seat(&mut self, now: Now, seat: Opening, party: &Participant, seating: Seating, out: &mut Outbox) {
        let id = seating.conference;
        let Opening { call, leg, answered } = seat;
        match Call::seated_in(now, call, party, seating, &mut self.shared, out) {
            Some(seated) => {
                if let Some(Convened { by, device, .. }) =
                    self.shared.conferences.all.get(&id).and_then(|conference| conference.convened.as_ref())
                {
                    let device = self.shared.configuration.origin(device);
                    let news = Decision::Convened { by: PartyView::from(by), device };
                    out.decide(now, call, Some(party.leg), news);
                }
                self.keep(seated);
            }
            None => {
                return strowger_base::never!("{}: a service of ours was to take part in {id}", party.leg);
            }
        }
        if let Some(answered) = answered {
            self.with_call(call, |call, shared| call.signal(now, leg, answered, shared, out));
        }
    }

    /// Nobody moves; seats that are open are given back, and whoever asked is told why.
    fn not_convened(
        &mut self,
        now: Now,
        convening: &Convening,
        why: WhyFeatureRefused<'static>,
        out: &mut Outbox,
    ) {
        for seat in &convening.seats {
            if self.shared.legs.remove(&seat.leg).is_some() {
                out.command(seat.leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
            }
        }
        if let Some(seat) = convening.barges {
            self.does_not_come_in(now, seat, why, out);
        } else if self.shared.legs.contains_key(&convening.leg) {
            let request = FeatureRequest::Conference { with: convening.with.clone() };
            self.refuse_request(now, convening.leg, &request, why, out);
        }
        if let Some(number) = convening.order {
            let result = Err(OrderRefused::Feature(why));
            out.items.push(Output::Ordered { number, result });
        }
        let id = convening.conference;
        if let Some(conference) = self.shared.conferences.all.get_mut(&id) {
            conference.pending = conference.pending.saturating_sub(convening.seats.len() as u32);
        }
        self.left(now, id, true, out);
    }
}
