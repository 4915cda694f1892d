//! Park: a party waits at a number until somebody gets it back from any phone.
//!
//! By a key the server chooses the number, the lowest that is free; or a party is transferred to one. Who dials the number has the party at
//! once.

use std::sync::Arc;

use strowger_base::feature::{FeatureAnswer, FeatureCode, FeatureRequest};
use strowger_base::journal::{Feature, WhyFeatureRefused};
use strowger_base::leg::Origin;
use strowger_base::{CallId, Command, LegId, Now, limits};
use strowger_dialplan::Caller;

use crate::CallControl;
use crate::call::{Call, Place, Wanted, conversation_of};
use crate::io::Outbox;

impl CallControl {
    /// A device parks the other party of its call.
    pub(super) fn park(
        &mut self,
        now: Now,
        by: LegId,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let talks = |call: &&mut Box<Call>| call.is_talking() && call.facts.transfer.is_none();
        let id = self.shared.legs.get(&by).copied().ok_or(WhyFeatureRefused::NotTalking)?;
        let call = self.calls.get_mut(&id).filter(talks).ok_or(WhyFeatureRefused::NotTalking)?;
        let other = call.other(by).ok_or(WhyFeatureRefused::NotTalking)?;
        if call.origin_of(other).is_none() {
            let rule = "a service of the server is not parked";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        let origin = call.origin_of(by);
        let address = if by == call.facts.caller { call.facts.address } else { None };
        let configuration = Arc::clone(&self.shared.configuration);
        let caller = match &origin {
            Some(origin) => configuration.caller_of(origin, address),
            None => Arc::default(),
        };
        let by_line = match origin {
            Some(Origin::Line { line, .. }) => Some(line),
            Some(Origin::Trunk(_)) | None => None,
        };
        let (object, number) = self.free_number(now, &caller)?;
        let place = Place { object, number, by: by_line, monitor: Some(by), is_directed: false };
        let Some(mut left) = self.calls.remove(&id) else { return Err(WhyFeatureRefused::NotTalking) };
        // From here on nothing fails, and whoever parks is still there to read where: the party is known, and leaves a call that talks.
        let word = FeatureRequest::Park.word();
        let answer = FeatureAnswer { request: word, result: Ok(()), text: (&*place.number).into() };
        out.command(by, Command::FeatureAnswer(Box::new(answer)));
        let parked = self.shared.new_call();
        let conversation = conversation_of(&left.facts);
        let moved = Feature::Park.into_call(parked);
        let Some(party) = left.hand_over(now, by, moved, &mut self.shared, out) else {
            strowger_base::never!("a call in which two talk has no other party");
            return Err(WhyFeatureRefused::NotTalking);
        };
        let call = Call::parked(now, parked, (&party, place), conversation, &mut self.shared, out);
        self.keep(call);
        Ok(())
    }

    /// The lowest number that is free, as far as whoever parks sees the numbers.
    fn free_number(
        &self,
        now: Now,
        caller: &Arc<Caller>,
    ) -> Result<(Box<str>, Box<str>), WhyFeatureRefused<'static>> {
        let what = "call park number";
        if self.shared.slots.len() >= limits::CALLS_PARKED {
            return Err(WhyFeatureRefused::Exhausted { what });
        }
        let configuration = &self.shared.configuration;
        let sees = |object: &str, number: &str| {
            let behind = configuration.feature_behind(number, Arc::clone(caller), now.wall);
            behind.is_some_and(|it| it.code == FeatureCode::Retrieve && *it.object == *object)
        };
        let mut seen = false;
        for range in configuration.park.ranges() {
            // What another pattern takes away of the range is passed over; a range that is not seen at all is left soon.
            let mut missed = 0;
            for number in &range.numbers {
                let free = self.shared.slots.at(&range.object, number).is_none();
                if !free && seen {
                    continue;
                }
                match (free, sees(&range.object, number)) {
                    (true, true) => return Ok((range.object.clone(), number.clone())),
                    (false, true) => seen = true,
                    (_, false) => missed += 1,
                }
                if missed >= MISSED_MAX {
                    break;
                }
            }
        }
        Err(if seen {
            WhyFeatureRefused::Exhausted { what }
        } else {
            WhyFeatureRefused::NotConfigured { what: "a call park number that this line sees" }
        })
    }

    /// A caller wants the party that waits at a number.
    pub(super) fn retrieve(
        &mut self,
        now: Now,
        asker: CallId,
        wanted: &Wanted,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let (object, code) = self.park_number(now, asker, wanted)?;
        let number = &*wanted.argument;
        let is_transfer = self.calls.get(&asker).is_some_and(|call| call.facts.transfers.is_some());
        match self.shared.slots.at(&object, number) {
            Some(_) if is_transfer => Err(WhyFeatureRefused::Taken),
            Some(parked) => {
                let place = self.calls.get(&parked).and_then(|call| call.place()).cloned();
                let place = place.ok_or(WhyFeatureRefused::NothingThere)?;
                self.take(now, asker, parked, &place.retrieved(), out)
            }
            // Who is transferred to a number that is free waits there.
            None if is_transfer && code == FeatureCode::Retrieve => {
                self.park_at(now, asker, (&object, number), out)
            }
            None => Err(WhyFeatureRefused::NothingThere),
        }
    }

    /// Whoever is transferred to a number waits there.
    pub(super) fn park_directed(
        &mut self,
        now: Now,
        asker: CallId,
        wanted: &Wanted,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let (object, _) = self.park_number(now, asker, wanted)?;
        self.park_at(now, asker, (&object, &wanted.argument), out)
    }

    /// The object that the number belongs to which is the argument, and what it asks for when it is dialled.
    fn park_number(
        &self,
        now: Now,
        asker: CallId,
        wanted: &Wanted,
    ) -> Result<(Box<str>, FeatureCode), WhyFeatureRefused<'static>> {
        let configuration = &self.shared.configuration;
        if !wanted.object.is_empty() {
            let directed = configuration.park.directed.contains_key(&wanted.object);
            let code = if directed { FeatureCode::DirectedPark } else { FeatureCode::Retrieve };
            return Ok((wanted.object.clone(), code));
        }
        let call = self.calls.get(&asker).ok_or(WhyFeatureRefused::TooLate)?;
        let caller = configuration.caller_of(&call.facts.origin, call.facts.address);
        let number = configuration.feature_behind(&wanted.argument, caller, now.wall);
        let number = number.filter(|it| matches!(it.code, FeatureCode::Retrieve | FeatureCode::DirectedPark));
        let number = number.ok_or(WhyFeatureRefused::Argument { argument: "this number" })?;
        Ok((number.object.clone(), number.code))
    }

    fn park_at(
        &mut self,
        now: Now,
        asker: CallId,
        (object, number): (&str, &str),
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        if self.shared.slots.at(object, number).is_some() {
            return Err(WhyFeatureRefused::Taken);
        }
        if self.shared.slots.len() >= limits::CALLS_PARKED {
            return Err(WhyFeatureRefused::Exhausted { what: "call park number" });
        }
        let by = self.calls.get(&asker).and_then(|call| call.calling_line());
        let is_directed = self.shared.configuration.park.directed.contains_key(object);
        let place = Place { object: object.into(), number: number.into(), by, monitor: None, is_directed };
        self.with_call(asker, |call, shared| call.park_asker(now, place, shared, out));
        Ok(())
    }

    /// Who is parked where, for who looks at it: the configured object, the number and the call.
    pub fn parked(&self) -> impl Iterator<Item = (&str, &str, CallId)> {
        self.shared.slots.all()
    }
}

/// Numbers of a range that are looked up in vain.
const MISSED_MAX: u32 = 100;
