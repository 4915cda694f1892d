//! Pickup: somebody takes a call that rings elsewhere.
//!
//! Who may take it is said by pickup groups: calls of the own group, of a group whose number is dialled, of the groups that the own one
//! names, or those of one line in any of these. Of several calls the one is taken that has rung longest.

use std::sync::Arc;

use strowger_base::feature::FeatureCode;
use strowger_base::journal::{Feature, WhyFeatureRefused};
use strowger_base::leg::Origin;
use strowger_base::{CallId, LineName, Now, WallTime};

use crate::CallControl;
use crate::call::{Device, Taking, Wanted};
use crate::io::Outbox;

/// A call that rings.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Rings {
    since: WallTime,
    call: CallId,
    line: LineName,
}

impl CallControl {
    /// A caller wants a call that rings elsewhere.
    pub(super) fn pick_up(
        &mut self,
        now: Now,
        asker: CallId,
        wanted: &Wanted,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        // Whoever calls on account of a transfer is no device that could take a call.
        if self.calls.get(&asker).is_some_and(|call| call.facts.transfers.is_some()) {
            let rule = "nobody is transferred to a call that rings elsewhere";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        let rings = self.wanted_call(now, asker, wanted)?;
        let taking = Taking::rings_at(Feature::PickUp, rings.line.as_str());
        let own = self.calls.get(&asker).and_then(|call| call.calling_line());
        // Of two phones of which neither tells where it hears before it is called the one that asks is rung, so that one of them does. Its
        // user has asked for the call, and is spared to answer it.
        let offers =
            [asker, rings.call].iter().filter_map(|call| self.calls.get(call)).any(|call| call.offers());
        let auto = self.shared.configuration.pickup.auto;
        let asked_by = self.calls.get(&asker).map(|call| call.facts.origin.clone()).filter(|_| auto);
        match own.filter(|_| !auto || !offers) {
            None => self.take(now, asker, rings.call, &taking, out),
            Some(line) => self.offer_instead(now, asker, rings.call, (&line, asked_by, &taking), out),
        }
    }

    /// Which call it is.
    fn wanted_call(
        &self,
        now: Now,
        asker: CallId,
        wanted: &Wanted,
    ) -> Result<Rings, WhyFeatureRefused<'static>> {
        let call = self.calls.get(&asker).ok_or(WhyFeatureRefused::TooLate)?;
        let rule = "only phones pick up calls";
        let own = call.calling_line().ok_or(WhyFeatureRefused::NotAllowed { rule })?;
        let configuration = Arc::clone(&self.shared.configuration);
        let groups = &configuration.pickup;
        let own_group = || {
            let what = "a pickup group with this line";
            groups.group_of(&own).ok_or(WhyFeatureRefused::NotConfigured { what })
        };
        let others = |name: &str| groups.group(name).map_or(&[][..], |group| &group.others);
        match wanted.code {
            FeatureCode::PickUp => {
                let group = own_group()?;
                self.longest_in(asker, group)
            }
            FeatureCode::OtherPickUp => {
                let mut others = others(own_group()?).iter();
                others.find_map(|group| self.longest_in(asker, group))
            }
            FeatureCode::GroupPickUp if !wanted.object.is_empty() => self.longest_in(asker, &wanted.object),
            FeatureCode::GroupPickUp => {
                let caller = configuration.caller_of(&call.facts.origin, call.facts.address);
                let number = configuration.feature_behind(&wanted.argument, caller, now.wall);
                let group = number.filter(|number| number.code == FeatureCode::GroupPickUp);
                let group = group.ok_or(WhyFeatureRefused::Argument { argument: "this number" })?;
                self.longest_in(asker, &group.object)
            }
            _ => {
                let caller = configuration.caller_of(&call.facts.origin, call.facts.address);
                let line = configuration.line_behind(&wanted.argument, caller, now.wall);
                let line = line.ok_or(WhyFeatureRefused::Argument { argument: "this number" })?;
                let group = own_group()?;
                let of = groups.group_of(&line);
                let allowed = of.is_some_and(|of| of == group || others(group).iter().any(|it| **it == *of));
                if !allowed {
                    let rule = "the line is in no pickup group whose calls this one may take";
                    return Err(WhyFeatureRefused::NotAllowed { rule });
                }
                self.longest_of(asker, std::iter::once(&line))
            }
        }
        .ok_or(WhyFeatureRefused::NothingThere)
    }

    /// The call that has rung longest in a group.
    fn longest_in(&self, asker: CallId, group: &str) -> Option<Rings> {
        let group = self.shared.configuration.pickup.group(group)?;
        self.longest_of(asker, group.lines.iter())
    }

    fn longest_of<'l>(&self, asker: CallId, lines: impl Iterator<Item = &'l LineName>) -> Option<Rings> {
        let own = self.calls.get(&asker).map(|call| &call.facts.origin);
        let ordinary = |line: &&LineName| self.shared.configuration.intercom(line.as_str()).is_none();
        let rings = |(line, call): (&LineName, CallId)| {
            let it = self.calls.get(&call)?;
            // Whoever calls a group is not connected with itself.
            let since = it.rings_at(line).filter(|_| Some(&it.facts.origin) != own)?;
            Some(Rings { since, call, line: line.clone() })
        };
        lines
            .filter(ordinary)
            .flat_map(|line| self.shared.offered.to(line).map(move |call| (line, call)))
            .filter_map(rings)
            .min()
    }

    /// The one who asked has the call at once.
    pub(super) fn take(
        &mut self,
        now: Now,
        asker: CallId,
        call: CallId,
        taking: &Taking<'_>,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let offers = self.calls.get(&asker).is_some_and(|asker| asker.offers());
        self.calls.get(&call).ok_or(WhyFeatureRefused::TooLate)?.gives_caller(offers)?;
        self.room_for(now, asker, call, out)?;
        self.keys_for(now, asker, call, out)?;
        let moved = taking.feature.into_call(call);
        let mut taker = None;
        self.with_call(asker, |asker, shared| taker = asker.hand_over_asker(now, moved, shared, out));
        let Some(taker) = taker else { return Err(WhyFeatureRefused::TooLate) };
        self.with_call(call, |call, shared| call.give_caller(now, taker, taking, shared, out));
        Ok(())
    }

    /// That there is bandwidth is known before anything is moved: who waits does not lose its call over who asks.
    fn room_for(
        &mut self,
        now: Now,
        asker: CallId,
        call: CallId,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let origin = self.calls.get(&asker).map(|asker| asker.facts.origin.clone());
        let target = Device::Calling(origin.ok_or(WhyFeatureRefused::TooLate)?).target();
        let mut room = true;
        self.with_call(call, |call, shared| room = call.has_room_for(now, &target, shared, out));
        if room { Ok(()) } else { Err(WhyFeatureRefused::NoBandwidth) }
    }

    /// Who waits does not lose its call over somebody whose media would be in the clear where that is blocked, or where its own phone takes
    /// nothing else.
    fn keys_for(
        &mut self,
        now: Now,
        asker: CallId,
        call: CallId,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let facts = self.calls.get(&asker).map(|asker| &asker.facts).ok_or(WhyFeatureRefused::TooLate)?;
        let (target, offer) = (Device::Calling(facts.origin.clone()).target(), facts.offer().cloned());
        let mut secure = true;
        self.with_call(call, |call, shared| {
            secure = call.may_talk_with(now, (&target, offer.as_ref()), shared, out);
        });
        if !secure {
            return Err(WhyFeatureRefused::Unencrypted);
        }
        let calls = self.calls.get(&asker).zip(self.calls.get(&call));
        if calls.is_some_and(|(asks, waits)| asks.has_no_keys_for(waits, &self.shared.configuration)) {
            let rule = "the phone of one takes encrypted media alone, and that of the other one offers none";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        Ok(())
    }

    /// The phones of whoever asked ring in place of the others.
    fn offer_instead(
        &mut self,
        now: Now,
        asker: CallId,
        call: CallId,
        (line, asked_by, taking): (&LineName, Option<Origin>, &Taking<'_>),
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        self.calls.get(&call).ok_or(WhyFeatureRefused::TooLate)?.gives_caller(true)?;
        self.room_for(now, asker, call, out)?;
        let moved = taking.feature.into_call(call);
        self.with_call(asker, |asker, shared| asker.dismiss_asker(now, moved, shared, out));
        self.with_call(call, |call, shared| call.ring_instead(now, (line, asked_by), taking, shared, out));
        Ok(())
    }
}

impl crate::call::Call {
    /// The line that calls.
    pub(crate) fn calling_line(&self) -> Option<LineName> {
        match &self.facts.origin {
            Origin::Line { line, .. } => Some(line.clone()),
            Origin::Trunk(_) => None,
        }
    }
}
