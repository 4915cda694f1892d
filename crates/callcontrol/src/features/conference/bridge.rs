//! The conference bridge on which a conference takes place: a media resource with so many seats, of which each party has one.
//!
//! It comes from the lists of whoever begins the conference, and all seats are of the same bridge. Where no bridge is configured the
//! server mixes by itself, as many as it bears.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::journal::{Decision, MediaFunction, MediaNews, WhyFeatureRefused};
use strowger_base::{CallId, ConferenceId, LegId, Now};
use strowger_dialplan::resources::{Allocation, Exhausted};

use crate::CallControl;
use crate::io::Outbox;
use crate::resources;

/// The seats of each conference.
pub(super) type Bridges = BTreeMap<ConferenceId, Vec<Allocation>>;

impl super::Conferences {
    /// The media resource on which a conference takes place.
    pub(crate) fn bridge_of(&self, id: ConferenceId) -> Option<&str> {
        self.bridges.get(&id)?.first().map(Allocation::resource)
    }

    /// The same where its seats are still there.
    pub(crate) fn bridge_device(&self, id: ConferenceId) -> Option<&str> {
        self.bridge_of(id).filter(|_| !self.left_bridge.contains(&id))
    }

    /// A bridge is not there any more: the server goes on by itself with its conferences, also when the bridge comes back, since their
    /// parties would not hear each other from two places.
    pub(crate) fn leave_bridge(&mut self, bridge: &str) {
        let on_it = |seats: &Vec<Allocation>| seats.first().is_some_and(|seat| seat.resource() == bridge);
        let ids = self.bridges.iter().filter(|(_, seats)| on_it(seats)).map(|(id, _)| *id);
        self.left_bridge.extend(ids);
    }
}

impl CallControl {
    /// Takes seats for parties that come into a conference, or begin one.
    pub(super) fn take_seats(
        &mut self,
        now: Now,
        (call, leg): (CallId, LegId),
        conference: Option<ConferenceId>,
        seats: usize,
        out: &mut Outbox,
    ) -> Result<Vec<Allocation>, WhyFeatureRefused<'static>> {
        let mut taken = Vec::new();
        for _ in 0..seats {
            match self.take_seat((call, leg), conference, taken.first()) {
                Ok(Some(seat)) => taken.push(seat),
                Ok(None) => return Ok(Vec::new()),
                Err(exhausted) => {
                    taken.into_iter().for_each(|seat| self.shared.resources.give_back(seat));
                    let (function, full) = (MediaFunction::ConferenceBridge, resources::full(&exhausted));
                    let news = MediaNews::Exhausted { function, full: &full };
                    out.decide(now, call, Some(leg), Decision::Resource(news));
                    return Err(WhyFeatureRefused::Exhausted { what: "seats of a conference bridge" });
                }
            }
        }
        if let Some(first) = taken.first() {
            out.decide(now, call, Some(leg), Decision::Resource(resources::taken_view(first)));
        }
        Ok(taken)
    }

    fn take_seat(
        &mut self,
        (call, leg): (CallId, LegId),
        conference: Option<ConferenceId>,
        beside: Option<&Allocation>,
    ) -> Result<Option<Allocation>, Exhausted> {
        let configuration = Arc::clone(&self.shared.configuration);
        if !configuration.media.in_use {
            return Ok(None);
        }
        let shared = &mut self.shared;
        // The server mixes it by itself since its bridge is gone.
        if conference.is_some_and(|id| shared.conferences.left_bridge.contains(&id)) {
            return Ok(None);
        }
        let others = conference.and_then(|id| shared.conferences.bridges.get(&id));
        if let Some(beside) = beside.or_else(|| others.and_then(|seats| seats.first())) {
            return shared.resources.more(&configuration.media, beside).map(Some);
        }
        let origin = self
            .calls
            .get(&call)
            .and_then(|call| call.origin_of(leg).or_else(|| Some(call.facts.origin.clone())));
        let address = self.calls.get(&call).and_then(|call| call.facts.address);
        let lists =
            origin.map(|origin| configuration.media_of_origin(&origin, address).1).unwrap_or_default();
        let function = MediaFunction::ConferenceBridge;
        shared.resources.take(&configuration.media, function, &lists.names())
    }

    /// These seats are of that conference.
    pub(super) fn keep_seats(&mut self, id: ConferenceId, seats: Vec<Allocation>) {
        if !seats.is_empty() {
            self.shared.conferences.bridges.entry(id).or_default().extend(seats);
        }
    }

    /// Gives back the seats of those who have left.
    pub(crate) fn give_back_seats(&mut self) {
        if self.shared.conferences.bridges.is_empty() && self.shared.conferences.left_bridge.is_empty() {
            return;
        }
        let conferences = &mut self.shared.conferences;
        let all = &conferences.all;
        let resources = &mut self.shared.resources;
        conferences.bridges.retain(|id, seats| {
            // Seats of a bridge that is lost are nobody's.
            let is_left = conferences.left_bridge.contains(id);
            let kept = all.get(id).filter(|_| !is_left).map_or(0, super::Conference::seats);
            let gone = seats.len().saturating_sub(kept);
            seats.drain(..gone).for_each(|seat| resources.give_back(seat));
            !seats.is_empty()
        });
        conferences.left_bridge.retain(|id| all.contains_key(id));
    }
}
