//! What somebody wants of a call who is no party of it: an operator, or a program.

use strowger_base::feature::{FeatureRequest, Turn};
use strowger_base::journal::{Decision, WhyTransferRefused};
use strowger_base::{CallId, LegId, Now};

use super::asked::Settled;
use crate::CallControl;
use crate::call::Stopped;
use crate::io::{CallSide, Order, OrderKind, OrderRefused, Outbox};

impl CallControl {
    /// Carries an order out, or says why not.
    pub(crate) fn ordered(
        &mut self,
        now: Now,
        number: u64,
        order: &Order,
        out: &mut Outbox,
    ) -> Result<Settled, OrderRefused> {
        if !self.calls.contains_key(&order.call) {
            return Err(OrderRefused::NoCall(order.call));
        }
        match &order.what {
            OrderKind::Release => {
                Self::tell_order(now, order, "the call ends", out);
                self.with_call(order.call, |call, shared| call.stop(now, Stopped::ByOrder, shared, out));
                Ok(Settled::Now)
            }
            OrderKind::Transfer { party, to } => {
                let (_, by) = self.parties(order.call, *party)?;
                self.transferable(order.call, by).map_err(OrderRefused::Transfer)?;
                Self::tell_order(now, order, &format!("{} goes on to {to}", of(*party)), out);
                let wish = (&**to, None);
                self.transfer_by_order(now, (order.call, by), wish, out)
            }
            OrderKind::Join { party, other, other_party } => {
                let (_, by) = self.parties(order.call, *party)?;
                let (_, replaced) = self.parties(*other, *other_party)?;
                if *other == order.call {
                    return Err(OrderRefused::Transfer(WhyTransferRefused::SameCall));
                }
                self.transferable(order.call, by).map_err(OrderRefused::Transfer)?;
                let what = format!("{} goes on with {} of call {other}", of(*party), of(*other_party));
                Self::tell_order(now, order, &what, out);
                let wish = ("", Some(replaced));
                self.transfer_by_order(now, (order.call, by), wish, out)
            }
            OrderKind::Confer { party, other, other_party } => {
                let (leg, _) = self.parties(order.call, *party)?;
                let (with, _) = self.parties(*other, *other_party)?;
                let what = format!("a conference of {} with those of call {other}", of(*party));
                Self::tell_order(now, order, &what, out);
                let request = FeatureRequest::Conference { with: vec![with] };
                self.requested(now, leg, &request, Some(number), out).map_err(OrderRefused::Feature)
            }
            OrderKind::Feature { party, request } => {
                let leg = self.pressing(order.call, *party, request)?;
                Self::tell_order(now, order, &format!("{} for {}", asked(request), of(*party)), out);
                self.shared.ordered_by = Some(order.who.clone());
                let result = self.requested(now, leg, request, Some(number), out);
                self.shared.ordered_by = None;
                result.map_err(OrderRefused::Feature)
            }
        }
    }

    fn transfer_by_order(
        &mut self,
        now: Now,
        of: (CallId, LegId),
        wish: (&str, Option<LegId>),
        out: &mut Outbox,
    ) -> Result<Settled, OrderRefused> {
        self.try_transfer(now, of, wish, out).map(|()| Settled::Now).map_err(OrderRefused::Transfer)
    }

    /// The leg whose key is pressed: of a party of an answered call, of a phone that rings, which may divert the call,
    /// or of a caller who wants to be called back.
    fn pressing(&self, id: CallId, party: CallSide, request: &FeatureRequest) -> Result<LegId, OrderRefused> {
        let rings = self.calls.get(&id).and_then(|call| call.first_ringing());
        match (party, request, rings) {
            (CallSide::Called, FeatureRequest::Divert, Some(leg)) => Ok(leg),
            (CallSide::Calling, FeatureRequest::CallBack, _) => {
                self.calls.get(&id).map(|call| call.facts.caller).ok_or(OrderRefused::NoCall(id))
            }
            _ => self.parties(id, party).map(|(leg, _)| leg),
        }
    }

    /// The leg of a party of an answered call, and that of the other one.
    fn parties(&self, id: CallId, party: CallSide) -> Result<(LegId, LegId), OrderRefused> {
        let call = self.calls.get(&id).ok_or(OrderRefused::NoCall(id))?;
        let caller = call.facts.caller;
        let called = call.other(caller).filter(|_| call.is_talking()).ok_or(OrderRefused::NotAnswered(id))?;
        Ok(match party {
            CallSide::Calling => (caller, called),
            CallSide::Called => (called, caller),
        })
    }

    fn tell_order(now: Now, order: &Order, what: &str, out: &mut Outbox) {
        out.decide(now, order.call, None, Decision::Ordered { what, who: &order.who });
    }
}

/// What is asked for, as people are told.
const fn asked(request: &FeatureRequest) -> &'static str {
    match request {
        FeatureRequest::Privacy(Turn::Off) => "no privacy",
        FeatureRequest::Record(Turn::On) => "recording",
        FeatureRequest::Record(Turn::Off) => "no recording",
        other => other.word(),
    }
}

const fn of(party: CallSide) -> &'static str {
    match party {
        CallSide::Calling => "the caller",
        CallSide::Called => "the called",
    }
}
