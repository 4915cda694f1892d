//! Who is in a conference: dropped, muted, listed; and what becomes of it when somebody leaves.

use std::fmt::Write as _;

use strowger_base::feature::{Control, Participant, ParticipantList, Turn};
use strowger_base::journal::{Decision, Feature, WhyFeatureRefused};
use strowger_base::leg::{Mute, Tone};
use strowger_base::{CallId, Command, ConferenceId, LegId, Now};

use super::{Conference, Kind, Seated, turned};
use crate::CallControl;
use crate::call::{Call, Match, conversation_of};
use crate::configuration::ConferenceEnds;
use crate::io::Outbox;

impl CallControl {
    /// The seat that a leg talks with, and its conference.
    fn seat_of(&self, leg: LegId) -> Result<(ConferenceId, LegId), WhyFeatureRefused<'static>> {
        let call = self.shared.legs.get(&leg).and_then(|call| self.calls.get(call));
        let seat = call.and_then(|call| call.other(leg)).ok_or(WhyFeatureRefused::NotTalking)?;
        let id = self.shared.conferences.of_seat(seat).ok_or(WhyFeatureRefused::NothingThere)?;
        Ok((id, seat))
    }

    fn seated(&self, id: ConferenceId) -> &[Seated] {
        self.shared.conferences.all.get(&id).map_or(&[], |conference| &conference.parties)
    }

    pub(in crate::features) fn drop_last(
        &mut self,
        now: Now,
        leg: LegId,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let (id, seat) = self.seat_of(leg)?;
        self.allowed(id, seat)?;
        let last = self.seated(id).iter().rfind(|party| party.seat != seat).copied();
        let last = last.ok_or(WhyFeatureRefused::NothingThere)?;
        self.answer(now, leg, "conference-drop-last", last.number.to_string(), out);
        self.put_out(now, (last.seat, Feature::Conference), out);
        Ok(())
    }

    pub(in crate::features) fn drop_party(
        &mut self,
        now: Now,
        leg: LegId,
        participant: u32,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let (id, seat) = self.seat_of(leg)?;
        let found = self.seated(id).iter().find(|party| party.number == participant).copied();
        let found = found.ok_or(WhyFeatureRefused::NothingThere)?;
        if found.seat != seat {
            self.allowed(id, seat)?;
        }
        self.answer(now, leg, "conference-drop", participant.to_string(), out);
        self.put_out(now, (found.seat, Feature::Conference), out);
        Ok(())
    }

    /// Ends the call of somebody in a conference; what follows for the others comes with the end of it.
    pub(super) fn put_out(&mut self, now: Now, (seat, feature): (LegId, Feature), out: &mut Outbox) {
        if let Some(&call) = self.shared.legs.get(&seat) {
            self.with_call(call, |call, shared| call.put_out(now, feature, shared, out));
        }
    }

    /// Everybody may mute himself, and whoever may drop somebody may mute him too.
    pub(in crate::features) fn mute(
        &mut self,
        now: Now,
        leg: LegId,
        (participant, turn): (u32, Turn),
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let (id, seat) = self.seat_of(leg)?;
        let found = self.seated(id).iter().find(|party| party.number == participant).copied();
        let found = found.ok_or(WhyFeatureRefused::NothingThere)?;
        if found.seat != seat {
            self.allowed(id, seat)?;
        }
        let mute = turned(turn, found.mute);
        let conference = self.shared.conferences.all.get_mut(&id);
        let parties = conference.into_iter().flat_map(|conference| &mut conference.parties);
        parties.filter(|party| party.seat == found.seat).for_each(|party| party.mute = mute);
        out.command(found.seat, Command::Mute(mute));
        self.conference_changed(id);
        let text = format!("{participant} {}", if mute == Mute::On { "muted" } else { "heard" });
        self.answer(now, leg, "conference-mute", text, out);
        Ok(())
    }

    /// Who is in the conference: a number for each, who it is, and what is to be said of it.
    pub(in crate::features) fn participants(
        &self,
        now: Now,
        leg: LegId,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let (id, own) = self.seat_of(leg)?;
        let starter = self.shared.conferences.all.get(&id).and_then(|conference| conference.starter);
        let control = if self.allowed(id, own).is_ok() { Control::Yes } else { Control::No };
        let mut participants = Vec::new();
        let mut text = String::new();
        for party in self.seated(id) {
            let call = self.shared.legs.get(&party.seat).and_then(|call| self.calls.get(call));
            let Some(who) = call.map(|call| &call.facts.calling) else { continue };
            participants.push(Participant {
                number: party.number,
                party: who.clone(),
                is_starter: starter == Some(party.seat),
                is_asker: own == party.seat,
                mute: party.mute,
            });
            let marks = [
                (starter == Some(party.seat), " (starter)"),
                (own == party.seat, " (you)"),
                (party.mute == Mute::On, " (muted)"),
            ];
            let between = if text.is_empty() { "" } else { "; " };
            let space = if who.name.is_empty() { "" } else { " " };
            let _ = write!(text, "{between}{} {}{space}{}", party.number, who.number, who.name);
            marks.iter().filter(|(true_of, _)| *true_of).for_each(|(_, mark)| text.push_str(mark));
        }
        let list = ParticipantList { control, participants };
        out.command(leg, Command::ShowParticipants(Box::new(list)));
        self.answer(now, leg, "conference-list", text, out);
        Ok(())
    }

    /// A call has ended that sat in a conference, or was to sit in it.
    pub(in crate::features) fn left(&mut self, now: Now, id: ConferenceId, seated: bool, out: &mut Outbox) {
        let legs = &self.shared.legs;
        let Some(conference) = self.shared.conferences.all.get_mut(&id) else { return };
        if !seated {
            conference.pending = conference.pending.saturating_sub(1);
        }
        // Who was only moved into another call has his seat still, and who never came is not missed.
        let is_here = |party: &Seated| legs.contains_key(&party.seat);
        let gone = conference.parties.iter().any(|party| party.has_entered && !is_here(party));
        conference.parties.retain(is_here);
        conference.entering.retain(|seat| legs.contains_key(seat), |call| self.calls.contains_key(call));
        if conference.size() == 0 {
            self.shared.conferences.all.remove(&id);
            return;
        }
        if gone {
            self.sound(id, Tone::Leave, out);
        }
        self.go_on(now, id, out);
        self.show_barged(now, id, out);
    }

    /// What becomes of a conference that somebody has left.
    pub(super) fn go_on(&mut self, now: Now, id: ConferenceId, out: &mut Outbox) {
        let Some(conference) = self.shared.conferences.all.get(&id) else { return };
        let is_over = match conference.kind {
            Kind::MeetMe(_) => return,
            Kind::AdHoc => conference.size() < 2 || self.is_to_end(conference),
            Kind::Barged { other } => {
                let is_here = |seat| conference.parties.iter().any(|party| party.seat == seat);
                conference.size() < 2 || !other.is_none_or(is_here)
            }
        };
        match conference.parties[..] {
            _ if is_over => self.end(now, id, out),
            [one, two] if conference.pending == 0 => self.give_back(now, id, (one.seat, two.seat), out),
            _ => {}
        }
    }

    fn is_to_end(&self, conference: &Conference) -> bool {
        let here = |seat: LegId| self.shared.legs.get(&seat).and_then(|call| self.calls.get(call));
        match self.shared.configuration.conferences.ends {
            ConferenceEnds::Never => false,
            ConferenceEnds::WithStarter => conference.starter.is_none_or(|starter| here(starter).is_none()),
            ConferenceEnds::WithLastLine => !conference
                .parties
                .iter()
                .any(|party| here(party.seat).is_some_and(|call| call.is_of_a_line())),
        }
    }

    /// Everybody is put out.
    pub(super) fn end(&mut self, now: Now, id: ConferenceId, out: &mut Outbox) {
        let Some(conference) = self.shared.conferences.all.remove(&id) else { return };
        let feature = conference.feature();
        for party in conference.parties {
            self.put_out(now, (party.seat, feature), out);
        }
    }

    /// Whether the parties of two seats could talk with each other.
    fn could_give_back(
        &mut self,
        now: Now,
        (first, one): (CallId, LegId),
        (second, two): (CallId, LegId),
        out: &mut Outbox,
    ) -> Match {
        let party = |id: CallId, seat: LegId| self.calls.get(&id)?.other(seat);
        let (Some(one), Some(two)) = (party(first, one), party(second, two)) else { return Match::Yes };
        self.could_talk(now, (first, one), (second, two), out)
    }

    /// Two need no bridge: they talk with each other.
    fn give_back(&mut self, now: Now, id: ConferenceId, (one, two): (LegId, LegId), out: &mut Outbox) {
        let ready = |seat: LegId| -> Option<CallId> {
            let id = self.shared.legs.get(&seat).copied()?;
            let call = self.calls.get(&id)?;
            let party = call.other(seat)?;
            let free = call.is_talking() && call.facts.transfer.is_none();
            (free && call.origin_of(party).is_some()).then_some(id)
        };
        // Somebody has his seat and does not hear anybody yet: they stay until he does.
        let (Some(first), Some(second)) = (ready(one), ready(two)) else { return };
        // Who was there longer has called; of two who came at once, whoever was on the phone before.
        let since = |call: CallId, seat: LegId| {
            self.calls.get(&call).map(|call| (call.facts.started_at, call.other(seat)))
        };
        let is_newer = since(first, one) > since(second, two);
        let [(first, one), (second, two)] =
            if is_newer { [(second, two), (first, one)] } else { [(first, one), (second, two)] };
        // What two phones cannot say to each other the bridge can say to both.
        match self.could_give_back(now, (first, one), (second, two), out) {
            Match::Yes => {}
            Match::Perhaps(why) | Match::No(why) => {
                return out.decide(now, first, None, Decision::StaysInConference { why });
            }
        }
        let Some(conference) = self.shared.conferences.all.remove(&id) else { return };
        let feature = conference.feature();
        let joined = self.shared.new_call();
        let moved = feature.into_call(joined);
        let Some(mut call) = self.calls.remove(&first) else { return };
        let convened = conference.convened.as_ref().map(|convened| convened.conversation);
        let conversation = convened.unwrap_or_else(|| conversation_of(&call.facts));
        let party = call.hand_over(now, one, moved, &mut self.shared, out);
        let Some(mut other) = self.calls.remove(&second) else { return };
        let others = other.hand_over(now, two, moved, &mut self.shared, out);
        let (Some(party), Some(others)) = (party, others) else { return };
        let reached = other.facts;
        let how = (feature, conversation);
        let call = Call::given_back(now, joined, (party, others), how, reached, &mut self.shared, out);
        self.keep(call);
    }
}
