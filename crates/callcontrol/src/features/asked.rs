//! Who asks for a feature, and which file does it.

use strowger_base::feature::{FeatureAnswer, FeatureCode, FeatureRequest};
use strowger_base::journal::{Decision, WhyFeatureRefused};
use strowger_base::leg::Origin;
use strowger_base::{CallId, Command, LegId, Now};

use crate::CallControl;
use crate::call::{AskedBy, Wanted};
use crate::io::Outbox;

/// When it is known what becomes of a feature that somebody asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Settled {
    Now,
    /// Whoever asked is told.
    Later,
}

impl CallControl {
    /// A caller asks for a feature, by a number or by name: the feature takes the call, or the caller is refused.
    pub(super) fn wanted(&mut self, now: Now, call: CallId, out: &mut Outbox) {
        let Some(wanted) = self.calls.get(&call).and_then(|call| call.wanted()).cloned() else { return };
        let may = self.asks_for_features(call);
        match may.and_then(|()| self.by_number(now, call, &wanted, out)) {
            Ok(()) => {}
            Err(WhyFeatureRefused::NothingThere) if wanted.by == AskedBy::LineKey => {
                self.with_call(call, |call, shared| call.dial_after_all(now, shared, out));
            }
            Err(why) => self.with_call(call, |call, shared| call.refuse_feature(now, why, shared, out)),
        }
    }

    fn by_number<'w>(
        &mut self,
        now: Now,
        call: CallId,
        wanted: &'w Wanted,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'w>> {
        match wanted.code {
            FeatureCode::MeetMe => self.meet(now, call, wanted, out),
            FeatureCode::OpenMeetMe => self.open_meeting(now, call, wanted, out),
            FeatureCode::Forward(_)
            | FeatureCode::CancelForward(_)
            | FeatureCode::DoNotDisturb(_)
            | FeatureCode::HuntLogin(_) => self.set_by_caller(now, call, wanted, out),
            FeatureCode::PickUp
            | FeatureCode::GroupPickUp
            | FeatureCode::OtherPickUp
            | FeatureCode::DirectedPickUp => self.pick_up(now, call, wanted, out),
            FeatureCode::Retrieve => self.retrieve(now, call, wanted, out),
            FeatureCode::DirectedPark => self.park_directed(now, call, wanted, out),
            FeatureCode::Barge | FeatureCode::ConferenceBarge => self.barge(now, call, wanted, out),
            FeatureCode::Page => self.page(now, call, wanted, out),
            FeatureCode::CallBack => self.call_back(now, call, wanted, out),
            FeatureCode::CancelCallBack => self.cancel_call_back(now, call, out),
            FeatureCode::SpeedDial => self.speed_dial(now, call, wanted, out),
            FeatureCode::MessageWaiting(turn) => self.message_waiting(now, call, (wanted, turn), out),
            FeatureCode::MaliciousCall => self.report_held(now, call, wanted, out),
            FeatureCode::Record(turn) => self.record_held(now, call, (wanted, turn), out),
        }
    }

    /// The leg of a phone that dials a code for a call of its own, which it holds meanwhile; of several it is the one that was answered
    /// last.
    pub(super) fn held_by_asker(
        &self,
        asker: CallId,
        wanted: &Wanted,
        rule: &'static str,
    ) -> Result<LegId, WhyFeatureRefused<'static>> {
        if !wanted.argument.is_empty() {
            return Err(WhyFeatureRefused::Argument { argument: "a number behind the code" });
        }
        let facts = &self.calls.get(&asker).ok_or(WhyFeatureRefused::TooLate)?.facts;
        let own = &facts.origin;
        if matches!(own, Origin::Trunk(_)) || facts.transfers.is_some() {
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        let of_phone = self.calls.values().filter(|call| call.is_talking()).filter_map(|call| {
            let caller = call.facts.caller;
            let legs = [Some(caller), call.other(caller)].into_iter().flatten();
            // With a service of the server, such as the tone that confirms a code, nobody has anything to do.
            let talks = |leg: LegId| call.other(leg).is_some_and(|other| call.origin_of(other).is_some());
            let mut own_legs = legs.filter(|leg| call.origin_of(*leg).as_ref() == Some(own) && talks(*leg));
            Some((call.facts.answered_at?, own_legs.next()?))
        });
        of_phone.max().map(|(_, leg)| leg).ok_or(WhyFeatureRefused::NothingThere)
    }

    /// A device wants something done with its call, or `order` wants it for it.
    ///
    /// # Errors
    /// When it does not get it; it has been told so.
    pub(crate) fn requested(
        &mut self,
        now: Now,
        leg: LegId,
        request: &FeatureRequest,
        order: Option<u64>,
        out: &mut Outbox,
    ) -> Result<Settled, WhyFeatureRefused<'static>> {
        self.by_request(now, leg, request, order, out)
            .inspect_err(|why| self.refuse_request(now, leg, request, *why, out))
    }

    fn by_request(
        &mut self,
        now: Now,
        leg: LegId,
        request: &FeatureRequest,
        order: Option<u64>,
        out: &mut Outbox,
    ) -> Result<Settled, WhyFeatureRefused<'static>> {
        self.is_free_for(leg, request)?;
        match request {
            FeatureRequest::Talk => self.talk(now, leg, out),
            FeatureRequest::Park => self.park(now, leg, out),
            FeatureRequest::Privacy(turn) => {
                self.hide(now, leg, (request, *turn), out);
                Ok(())
            }
            FeatureRequest::Conference { with } => {
                return self.confer(now, leg, with, order, out).map(|()| Settled::Later);
            }
            FeatureRequest::DropLast => self.drop_last(now, leg, out),
            FeatureRequest::Drop { participant } => self.drop_party(now, leg, *participant, out),
            FeatureRequest::Mute { participant, turn } => self.mute(now, leg, (*participant, *turn), out),
            FeatureRequest::Participants => self.participants(now, leg, out),
            FeatureRequest::Divert => self.divert(now, leg, out),
            FeatureRequest::MaliciousCall => self.report_party(now, leg, out),
            FeatureRequest::Record(turn) => self.record(now, leg, (request, *turn), out),
            FeatureRequest::CallBack => self.call_back_party(now, leg, out),
            FeatureRequest::ReportQuality(reason) => self.report_quality(now, leg, *reason, out),
        }
        .map(|()| Settled::Now)
    }

    /// The device does not get what it asked for.
    pub(super) fn refuse_request(
        &self,
        now: Now,
        leg: LegId,
        request: &FeatureRequest,
        why: WhyFeatureRefused<'_>,
        out: &mut Outbox,
    ) {
        let (feature, cause) = (request.word(), why.cause());
        let answer = FeatureAnswer { request: feature, result: Err(cause), text: "".into() };
        out.command(leg, Command::FeatureAnswer(Box::new(answer)));
        if let Some(&call) = self.shared.legs.get(&leg) {
            out.decide(now, call, Some(leg), Decision::FeatureRefused { feature, cause, why });
        }
    }
}
