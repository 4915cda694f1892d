//! Conferences: calls to seats of one bridge, whose parties all hear each other.
//!
//! Each participant has a call of his own with a seat, so that what happens to him is told like any call. Ad hoc, somebody who has several calls
//! asks for one of them all: their parties and he move to seats. Whoever began it adds and drops parties, and when two are left the
//! bridge is given back: they talk with each other. Meet-me, a number is opened by who asks for that, and others dial it until the last
//! has left.

mod barge;
mod bridge;
mod convening;
mod membership;

use std::collections::{BTreeMap, BTreeSet};

use strowger_base::feature::{FeatureAnswer, Turn};
use strowger_base::journal::{Decision, WhyFeatureRefused};
use strowger_base::leg::{Mute, Origin, Party, Tone};
use strowger_base::{CallId, Command, ConferenceId, LegId, Now};

use crate::CallControl;
use crate::call::Wanted;
use crate::configuration::{ConferenceControl, ConferenceTones};
use crate::io::Outbox;
use crate::shared::Shared;
use barge::Entering;
use bridge::Bridges;
use convening::Convening;

/// All conferences of a shard.
#[derive(Debug, Default)]
pub(crate) struct Conferences {
    all: BTreeMap<ConferenceId, Conference>,
    /// Those who wait for seats of theirs.
    convening: Vec<Convening>,
    /// What they have of conference bridges.
    bridges: Bridges,
    /// Those that go on without the bridge on which they began.
    left_bridge: BTreeSet<ConferenceId>,
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
    /// What barges bring into it.
    entering: Entering,
    /// Who made one of calls, and which; `None` where it is no such one, or has no parties yet.
    convened: Option<Convened>,
}

/// Who made a conference of calls.
#[derive(Clone, Debug)]
struct Convened {
    by: Party,
    device: Origin,
    /// The oldest conversation of those that became the conference: what all of it is part of.
    conversation: CallId,
}

/// How people come into it.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Kind {
    AdHoc,
    /// By this number.
    MeetMe(Box<str>),
    /// A phone came into the call of another one of its line.
    Barged {
        /// The seat of the party with which that one talks: the call is over when it leaves.
        other: Option<LegId>,
    },
}

/// One who sits in it.
#[derive(Clone, Copy, Debug)]
struct Seated {
    /// The leg of the seat.
    seat: LegId,
    /// What the list of participants calls it; never used again.
    number: u32,
    mute: Mute,
    /// It hears the others, and they have heard that it came.
    has_entered: bool,
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
        conference.parties.push(Seated {
            seat,
            number: conference.numbered,
            mute: Mute::Off,
            has_entered: false,
        });
        conference.starter.get_or_insert(seat);
    }

    /// Whether this is a seat that is being opened, for somebody who does not sit in it yet.
    pub(crate) fn opens(&self, leg: LegId) -> bool {
        self.convening.iter().any(|convening| convening.awaits(leg))
    }

    /// The other seats of the conference of a seat whose parties hear it, with whether they are heard.
    pub(super) fn beside(&self, seat: LegId) -> Option<impl Iterator<Item = (LegId, Mute)>> {
        let conference = self.all.get(&self.of_seat(seat)?)?;
        let others = conference.parties.iter().filter(move |party| party.seat != seat && party.has_entered);
        Some(others.map(|party| (party.seat, party.mute)))
    }

    /// The seats of a conference.
    pub(super) fn seats_of(&self, id: ConferenceId) -> impl Iterator<Item = LegId> {
        self.all.get(&id).into_iter().flat_map(|conference| &conference.parties).map(|party| party.seat)
    }

    /// The conference of a seat.
    fn of_seat(&self, seat: LegId) -> Option<ConferenceId> {
        let sits = |conference: &Conference| conference.parties.iter().any(|party| party.seat == seat);
        self.all.iter().find(|(_, conference)| sits(conference)).map(|(id, _)| *id)
    }
}

impl Shared {
    /// The number of a new conference, or of a new page.
    pub(crate) const fn new_conference(&mut self) -> ConferenceId {
        let (node, shard) = self.place();
        self.conferences.last += 1;
        ConferenceId::new(node, shard, self.conferences.last)
    }
}

impl Conference {
    /// Those who are in it or are about to be.
    fn size(&self) -> usize {
        self.parties.len() + self.pending as usize
    }

    /// The seats that it keeps: of those, and of the two whose call somebody is about to come into.
    const fn seats(&self) -> usize {
        self.parties.len() + self.pending as usize + self.entering.brings()
    }
}

impl CallControl {
    /// A new conference.
    fn open(&mut self, kind: Kind) -> ConferenceId {
        let id = self.shared.new_conference();
        let conference = Conference {
            kind,
            parties: Vec::new(),
            pending: 0,
            starter: None,
            numbered: 0,
            entering: Entering::default(),
            convened: None,
        };
        self.shared.conferences.all.insert(id, conference);
        id
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
        let conference = self.shared.conferences.all.get(&id);
        if conference.is_some_and(|conference| matches!(conference.kind, Kind::Barged { .. })) {
            let rule = "a call that a phone of the line came into is no conference of its own";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        let starter = conference.and_then(|conference| conference.starter);
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
        let id = self.meeting(&wanted.argument).ok_or(WhyFeatureRefused::NotOpen)?;
        let size = self.shared.conferences.all.get(&id).map_or(0, Conference::size);
        if size >= self.shared.configuration.conferences.meet_me_parties as usize {
            return Err(WhyFeatureRefused::Exhausted { what: "seats of the conference" });
        }
        let caller = self.calls.get(&call).map(|call| call.facts.caller);
        if let Some(caller) = caller {
            let seats = self.take_seats(now, (call, caller), Some(id), 1, out)?;
            self.keep_seats(id, seats);
        }
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
        let is_open = self.meeting(&wanted.argument).is_some();
        if !is_open {
            self.open(Kind::MeetMe(wanted.argument.clone()));
        }
        let came = self.meet(now, call, wanted, out);
        // Nobody came in: it is not open either.
        if let (Err(_), false, Some(id)) = (&came, is_open, self.meeting(&wanted.argument)) {
            self.end(now, id, out);
        }
        came
    }

    fn meeting(&self, number: &str) -> Option<ConferenceId> {
        let is_it = |kind: &Kind| matches!(kind, Kind::MeetMe(own) if **own == *number);
        self.shared.conferences.all.iter().find(|(_, one)| is_it(&one.kind)).map(|(id, _)| *id)
    }
}

const fn turned(turn: Turn, before: Mute) -> Mute {
    if turn.of(matches!(before, Mute::On)) { Mute::On } else { Mute::Off }
}
