//! Call back: whoever found somebody busy, or had no answer, is called as soon as that line is free, and when he answers the line is
//! called for him.
//!
//! ```text
//! 1001 calls 1002, which is busy
//! 1001 asks to be told                        AfterUse or WhenIdle
//! 1002 hangs up: its line has no call         WhenIdle
//!   a call of ours rings 1001                 Rings
//! 1001 answers, and goes on in a call of its own
//!   that call rings 1002                      Calls; over as soon as somebody is reached
//! ```
//!
//! Whoever waits is kept among what users set, so that it survives a crash (ADR 0029). The names for this in networks are
//! completion of calls to busy subscribers and on no reply (RFC 6910).

mod waiting;

use std::sync::Arc;
use std::time::Duration;

use strowger_base::feature::{FeatureAnswer, FeatureRequest};
use strowger_base::journal::{
    CallBackNews, CallBackTo, Decision, Entry, Feature, SetBy, UserSet, UserValue, WhyCallBackOver,
    WhyFeatureRefused,
};
use strowger_base::leg::Origin;
use strowger_base::{CallId, Cause, Command, LegId, LineName, Now, WallTime, limits};
use strowger_dialplan::Action;

use super::set_by_user::User;
use super::user_settings::Waiter;
use crate::CallControl;
use crate::call::{Call, Wanted, conversation_of};
use crate::io::Outbox;
use crate::shared::Timer;
pub(crate) use waiting::CallBacks;
use waiting::{CallBack, Stage};

/// Why somebody does not get what they asked for.
type Refused<'w> = WhyFeatureRefused<'w>;

/// What somebody wants to be told of.
struct Wish<'n> {
    user: User,
    number: &'n str,
    line: LineName,
    /// The line has to be used first.
    after_use: bool,
}

impl CallControl {
    /// A caller asks by a code to be called when the number behind it is free, or the one that was called last.
    pub(super) fn call_back<'w>(
        &mut self,
        now: Now,
        call: CallId,
        wanted: &'w Wanted,
        out: &mut Outbox,
    ) -> Result<(), Refused<'w>> {
        let user = self.user_of(call)?;
        let last = self.shared.call_backs.last(user.phone_name());
        let last = last.map(|(number, busy)| (Box::<str>::from(number), busy));
        let number = match (&*wanted.argument, &last) {
            ("", Some((number, _))) => number.clone(),
            ("", None) => return Err(WhyFeatureRefused::NothingThere),
            (number, _) => number.into(),
        };
        let was_busy = last.is_some_and(|(last, busy)| busy && last == number);
        let line = self.line_to_wait_for(now, &user, &number).map_err(|rule| rule.refusal(wanted))?;
        let after_use = !was_busy && self.shared.calls_of(&line) == 0;
        let wish = Wish { user, number: &number, line, after_use };
        let text = self.wait_for(now, &wish, (call, Waiter::Call(call)), out)?;
        if let Some(call) = self.calls.get_mut(&call) {
            call.facts.confirms = Some(text);
        }
        Ok(())
    }

    /// The same by a key, during the call that found nobody.
    pub(super) fn call_back_party(
        &mut self,
        now: Now,
        leg: LegId,
        out: &mut Outbox,
    ) -> Result<(), Refused<'static>> {
        let id = self.shared.legs.get(&leg).copied().ok_or(WhyFeatureRefused::NotTalking)?;
        let call = self.calls.get(&id).ok_or(WhyFeatureRefused::NotTalking)?;
        if leg != call.facts.caller || call.facts.answered_at.is_some() {
            let rule = "only whoever called and was not answered is called back";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        let number = call.facts.called.clone();
        let user = self.user_of(id)?;
        let line = self.line_to_wait_for(now, &user, &number).map_err(NotWaitedFor::by_key)?;
        // Of this very call its line has only been told.
        let own = u32::from(self.shared.offered.to(&line).any(|call| call == id));
        let after_use = self.shared.calls_of(&line) == own && own > 0;
        let wish = Wish { user, number: &number, line, after_use };
        self.wait_for(now, &wish, (id, Waiter::Leg(leg)), out).map(drop)
    }

    /// A caller wants to be called back no more.
    pub(super) fn cancel_call_back(
        &mut self,
        now: Now,
        call: CallId,
        out: &mut Outbox,
    ) -> Result<(), Refused<'static>> {
        let user = self.user_of(call)?;
        let id = self.shared.call_backs.of_phone(user.phone_name()).ok_or(WhyFeatureRefused::NothingThere)?;
        let waits = self.stop_waiting(now, id, WhyCallBackOver::Cancelled, out);
        let number = waits.map(|waits| waits.number).unwrap_or_default();
        let value = UserValue::CallBack(CallBackTo::Nobody);
        let set = UserSet { line: user.line.as_str(), phone: &user.phone, value, by: SetBy::Phone };
        self.keep_setting(now, &set, Some(call), Some(Waiter::Call(call)), out);
        if let Some(call) = self.calls.get_mut(&call) {
            call.facts.confirms = Some(format!("No call back of {number}").into());
        }
        Ok(())
    }

    /// A program ends the call back of a phone.
    pub(super) fn cancel_for_program(&mut self, now: Now, set: &UserSet<'_>, out: &mut Outbox) {
        if let Some(id) = self.shared.call_backs.of_phone(set.owner()) {
            self.stop_waiting(now, id, WhyCallBackOver::Cancelled, out);
        }
    }

    /// A phone waited before the start. Phones have to register first.
    pub(super) fn restore_call_back(&mut self, now: Now, set: &UserSet<'_>, at: WallTime, out: &mut Outbox) {
        let UserValue::CallBack(to) = set.value else { return };
        if let Some(before) = self.shared.call_backs.of_phone(set.owner()) {
            self.stop_waiting(now, before, WhyCallBackOver::Replaced, out);
        }
        let number = to.number();
        if number.is_empty() {
            return;
        }
        let user = User { line: set.line.into(), phone: set.phone.into() };
        match self.line_to_wait_for(now, &user, number) {
            Ok(line) => {
                let after_use = matches!(to, CallBackTo::AfterUse(_));
                let wish = Wish { user, number, line, after_use };
                self.add_call_back(now, &wish, (at, None), AFTER_START);
                while self.shared.call_backs.next_touched().is_some() {}
            }
            Err(_) => self.keep_nobody(now, (&user.line, set.phone), None, out),
        }
    }

    /// The line that a number leads a phone to, when it can be waited for.
    fn line_to_wait_for(&self, now: Now, user: &User, number: &str) -> Result<LineName, NotWaitedFor> {
        let configuration = &self.shared.configuration;
        let phone = Some(&*user.phone).filter(|name| !name.is_empty()).map(Arc::from);
        let origin = Origin::Line { line: user.line.clone(), phone };
        let caller = configuration.caller_of(&origin, None);
        match configuration.behind(number, caller, now.wall) {
            Some(Action::Line(line)) if *line == user.line => Err(NotWaitedFor::OwnLine),
            Some(Action::Line(line)) if configuration.intercom(line.as_str()).is_some() => {
                Err(NotWaitedFor::Intercom)
            }
            Some(Action::Line(line)) => Ok(line.clone()),
            Some(Action::Route(_)) => Err(NotWaitedFor::Outside),
            Some(Action::Hunt { .. }) => Err(NotWaitedFor::Hunt),
            Some(Action::Service(_) | Action::Feature(_)) => Err(NotWaitedFor::Service),
            Some(Action::Translate(_) | Action::Block(_)) | None => Err(NotWaitedFor::Nobody),
        }
    }

    /// The phone waits from here on, in place of what it waited for before; what it is shown.
    fn wait_for(
        &mut self,
        now: Now,
        wish: &Wish<'_>,
        (asked_in, waiter): (CallId, Waiter),
        out: &mut Outbox,
    ) -> Result<Box<str>, Refused<'static>> {
        let before = self.shared.call_backs.of_phone(wish.user.phone_name());
        if before.is_none() && self.shared.call_backs.len() >= limits::CALL_BACKS {
            return Err(WhyFeatureRefused::Exhausted { what: "call backs" });
        }
        let before = before.and_then(|id| self.stop_waiting(now, id, WhyCallBackOver::Replaced, out));
        self.add_call_back(now, wish, (now.wall, Some(asked_in)), self.call_back_time());
        let number = wish.number;
        let text: Box<str> = match before {
            Some(before) if *before.number != *number => {
                format!("Call back {number}, not {}", before.number).into()
            }
            Some(_) | None => format!("Call back {number}").into(),
        };
        let to = if wish.after_use { CallBackTo::AfterUse(number) } else { CallBackTo::WhenIdle(number) };
        let (line, phone) = (wish.user.line.as_str(), &*wish.user.phone);
        let who = self.shared.ordered_by.clone();
        let by = who.as_deref().map_or(SetBy::Phone, SetBy::Program);
        let set = UserSet { line, phone, value: UserValue::CallBack(to), by };
        self.keep_setting(now, &set, Some(asked_in), Some(waiter), out);
        Ok(text)
    }

    fn add_call_back(
        &mut self,
        now: Now,
        wish: &Wish<'_>,
        (asked_at, asked_in): (WallTime, Option<CallId>),
        looked_at_after: Duration,
    ) {
        let id = self.shared.call_backs.next();
        let phone = Some(&*wish.user.phone).filter(|name| !name.is_empty()).map(Arc::from);
        let stage = if wish.after_use { Stage::AfterUse } else { Stage::WhenIdle };
        let timer = self.shared.timers.set(now.mono + looked_at_after, Timer::CallBack(id));
        let (own, number, line) = (wish.user.line.clone(), wish.number.into(), wish.line.clone());
        let waits = CallBack { own, phone, number, line, asked_at, asked_in, stage, timer };
        self.shared.call_backs.add(id, waits);
    }

    fn call_back_time(&self) -> Duration {
        self.shared.configuration.call_back_time
    }

    /// It is over: nobody waits any more. What is kept of it is not touched.
    fn stop_waiting(
        &mut self,
        now: Now,
        id: u64,
        why: WhyCallBackOver,
        out: &mut Outbox,
    ) -> Option<CallBack> {
        let waits = self.shared.call_backs.remove(id)?;
        self.shared.timers.cancel(waits.timer);
        let over = CallBackNews::Over { number: &waits.number, why };
        Self::tell_call_back(now, &waits, over, out);
        if let Stage::Rings(call) = waits.stage {
            // Whoever asked is rung for nothing.
            let cause = Cause::NORMAL_CALL_CLEARING;
            self.with_call(call, |call, shared| call.abandon(now, cause, shared, out));
        }
        Some(waits)
    }

    /// The same, and it is forgotten.
    fn call_back_over(&mut self, now: Now, id: u64, why: WhyCallBackOver, out: &mut Outbox) {
        let Some(waits) = self.stop_waiting(now, id, why, out) else { return };
        let phone = waits.phone.as_deref().unwrap_or_default();
        self.keep_nobody(now, (&waits.own, phone), waits.asked_in, out);
    }

    fn keep_nobody(
        &mut self,
        now: Now,
        (line, phone): (&LineName, &str),
        call: Option<CallId>,
        out: &mut Outbox,
    ) {
        let value = UserValue::CallBack(CallBackTo::Nobody);
        let set = UserSet { line: line.as_str(), phone, value, by: SetBy::Server };
        self.keep_setting(now, &set, call, None, out);
    }

    fn tell_call_back(now: Now, waits: &CallBack, news: CallBackNews<'_>, out: &mut Outbox) {
        out.journal(now, waits.asked_in, None, Entry::Decision(Decision::CallBack(news)));
    }

    /// Lines became idle that somebody waits for, or that somebody who waits has.
    pub(super) fn look_at_call_backs(&mut self, now: Now, out: &mut Outbox) {
        while let Some(line) = self.shared.call_backs.next_touched() {
            let concerned: Vec<u64> = self.shared.call_backs.of_line(&line).collect();
            for id in concerned {
                self.look_at_call_back(now, id, out);
            }
        }
    }

    /// Calls a phone that waits, if its line is free at last.
    fn look_at_call_back(&mut self, now: Now, id: u64, out: &mut Outbox) {
        let Some(waits) = self.shared.call_backs.get(id) else { return };
        let is_due = waits.stage == Stage::WhenIdle && self.shared.calls_of(&waits.line) == 0;
        if !is_due || self.shared.call_backs.is_being_called(&waits.line) {
            return;
        }
        let waits = waits.clone();
        let configuration = Arc::clone(&self.shared.configuration);
        let line = configuration.shown(waits.line.as_str());
        if self.shared.calls_of(&waits.own) > 0 {
            return Self::tell_call_back(now, &waits, CallBackNews::Waits { line }, out);
        }
        if self.turned_away(now, out).is_some() {
            return self.try_call_back_again(now, id, Cause::SWITCHING_EQUIPMENT_CONGESTION, out);
        }
        let call = self.shared.new_call();
        self.shared.call_backs.goes_on(id, Stage::Rings(call));
        Self::tell_call_back(now, &waits, CallBackNews::Free { line, rings: call }, out);
        let phone = (&waits.own, waits.phone.as_ref());
        let call = Call::rings_back(now, call, phone, (&waits.line, &waits.number), &mut self.shared, out);
        self.keep(call);
    }

    fn try_call_back_again(&mut self, now: Now, id: u64, cause: Cause, out: &mut Outbox) {
        self.shared.call_backs.goes_on(id, Stage::Again);
        let left = self.call_back_left(now, id);
        let timer = self.shared.timers.set(now.mono + left.min(AGAIN), Timer::CallBack(id));
        let Some(waits) = self.shared.call_backs.get_mut(id) else { return };
        let before = std::mem::replace(&mut waits.timer, timer);
        Self::tell_call_back(now, waits, CallBackNews::NotRung { cause }, out);
        self.shared.timers.cancel(before);
    }

    /// How long it is still waited for.
    fn call_back_left(&self, now: Now, id: u64) -> Duration {
        let waits = self.shared.call_backs.get(id);
        let since = |waits: &CallBack| now.wall.as_micros().saturating_sub(waits.asked_at.as_micros());
        let waited = Duration::from_micros(waits.map_or(0, since));
        self.call_back_time().saturating_sub(waited)
    }

    /// It is looked at again, or has been waited for long enough.
    pub(crate) fn call_back_timeout(&mut self, now: Now, id: u64, out: &mut Outbox) {
        let left = self.call_back_left(now, id);
        let Some(waits) = self.shared.call_backs.get(id) else { return };
        let is_called = matches!(waits.stage, Stage::Rings(_) | Stage::Calls(_));
        if left.is_zero() && !is_called {
            return self.call_back_over(now, id, WhyCallBackOver::Expired, out);
        }
        let timer = self.shared.timers.set(now.mono + left.max(RINGS), Timer::CallBack(id));
        if let Some(waits) = self.shared.call_backs.get_mut(id) {
            waits.timer = timer;
            if waits.stage == Stage::Again {
                waits.stage = Stage::WhenIdle;
            }
        }
        self.look_at_call_back(now, id, out);
    }

    /// Somebody rings or answered in a call that is made for a call back.
    pub(super) fn called_back(&mut self, now: Now, call: CallId, out: &mut Outbox) {
        let Some(id) = self.shared.call_backs.of_call(call) else { return };
        match self.shared.call_backs.get(id).map(|waits| waits.stage) {
            Some(Stage::Calls(_)) => self.call_back_over(now, id, WhyCallBackOver::Reached, out),
            Some(Stage::Rings(_))
                if self.calls.get(&call).is_some_and(|call| call.has_answered_for_absent()) =>
            {
                self.calls_number(now, call, id, out);
            }
            Some(Stage::Rings(_) | Stage::AfterUse | Stage::WhenIdle | Stage::Again) | None => {}
        }
    }

    /// Whoever asked has answered: his phone calls the number.
    fn calls_number(&mut self, now: Now, rings: CallId, id: u64, out: &mut Outbox) {
        let Some(number) = self.shared.call_backs.get(id).map(|waits| waits.number.clone()) else { return };
        let onward = self.shared.new_call();
        self.shared.call_backs.goes_on(id, Stage::Calls(onward));
        let Some(mut left) = self.calls.remove(&rings) else { return };
        let (conversation, nobody) = (conversation_of(&left.facts), left.facts.caller);
        let moved = Feature::CallBack.into_call(onward);
        let Some(party) = left.hand_over(now, nobody, moved, &mut self.shared, out) else { return };
        let call = Call::calls_back(now, onward, (&party, &number), conversation, &mut self.shared, out);
        self.keep(call);
    }

    /// A call that was made for a call back is over, and nobody was reached.
    pub(super) fn call_back_failed(&mut self, now: Now, call: CallId, cause: Cause, out: &mut Outbox) {
        let Some(id) = self.shared.call_backs.of_call(call) else { return };
        let Some(waits) = self.shared.call_backs.get(id).cloned() else { return };
        match (waits.stage, cause) {
            (Stage::Rings(_), Cause::NO_ANSWER_FROM_USER) => {
                self.call_back_over(now, id, WhyCallBackOver::NotAnswered, out);
            }
            (Stage::Rings(_), Cause::CALL_REJECTED) => {
                self.call_back_over(now, id, WhyCallBackOver::Declined, out);
            }
            // It is busy without our knowledge, or not registered.
            (Stage::Rings(_), _) => self.try_call_back_again(now, id, cause, out),
            (Stage::Calls(_), Cause::USER_BUSY) => {
                // A line that is busy without a call, as one that is not to be disturbed, would be called on and on.
                let in_use = self.shared.calls_of(&waits.line) > 0;
                let stage = if in_use { Stage::WhenIdle } else { Stage::AfterUse };
                self.shared.call_backs.goes_on(id, stage);
                let configuration = Arc::clone(&self.shared.configuration);
                let line = configuration.shown(waits.line.as_str());
                Self::tell_call_back(now, &waits, CallBackNews::BusyAgain { line }, out);
            }
            (Stage::Calls(_), _) => {
                self.call_back_over(now, id, WhyCallBackOver::NotReached(cause), out);
            }
            (Stage::AfterUse | Stage::WhenIdle | Stage::Again, _) => {}
        }
    }

    /// The configuration is another one: nobody waits any more whose line, or phone, is not there, or who waits for a line that is not.
    pub(crate) fn recheck_call_backs(&mut self, now: Now, out: &mut Outbox) {
        for id in self.shared.call_backs.ids() {
            let Some(waits) = self.shared.call_backs.get(id) else { continue };
            let lines = &self.shared.configuration.lines;
            let phone = waits.phone.as_deref();
            let is_there = |line: &LineName| lines.get(line.as_str()).is_some();
            let has_phone = |line: &LineName| {
                lines.get(line.as_str()).is_some_and(|line| phone.is_none() || line.phone(phone).is_some())
            };
            if !is_there(&waits.line) || !has_phone(&waits.own) {
                self.call_back_over(now, id, WhyCallBackOver::Removed, out);
            }
        }
    }

    /// The disk has what a phone asked for by a key, or does not take it now.
    pub(super) fn call_back_kept(&self, leg: LegId, is_kept: bool, out: &mut Outbox) {
        // It may have hung up meanwhile.
        let Some(call) = self.shared.legs.get(&leg).and_then(|call| self.calls.get(call)) else { return };
        let number = &call.facts.called;
        let result = if is_kept { Ok(()) } else { Err(Cause::RESOURCE_UNAVAILABLE) };
        let text = if is_kept { format!("Call back {number}").into() } else { "".into() };
        let answer = FeatureAnswer { request: FeatureRequest::CallBack.word(), result, text };
        out.command(leg, Command::FeatureAnswer(Box::new(answer)));
    }
}

/// Why a number is not waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum NotWaitedFor {
    OwnLine,
    Intercom,
    Outside,
    Hunt,
    Service,
    Nobody,
}

impl NotWaitedFor {
    const fn rule(self) -> &'static str {
        match self {
            NotWaitedFor::OwnLine => "a line does not wait for itself",
            NotWaitedFor::Intercom => "an intercom line is not called back",
            NotWaitedFor::Outside => "the number leaves the system, where nobody tells when it is free",
            NotWaitedFor::Hunt => "a hunt pilot is not called back, only lines are",
            NotWaitedFor::Service => "only lines are called back",
            NotWaitedFor::Nobody => "the number leads to nobody whom the line may call",
        }
    }

    fn refusal(self, wanted: &Wanted) -> Refused<'_> {
        match self {
            NotWaitedFor::Nobody if !wanted.argument.is_empty() => {
                WhyFeatureRefused::Argument { argument: &wanted.argument }
            }
            other => other.by_key(),
        }
    }

    const fn by_key(self) -> Refused<'static> {
        WhyFeatureRefused::NotAllowed { rule: self.rule() }
    }
}

/// How long the phone of whoever asked rings.
pub(crate) const RINGS: Duration = Duration::from_secs(20);
/// After how long a phone is rung again that was busy or not registered.
const AGAIN: Duration = Duration::from_secs(300);
/// How long phones have to register after a start.
const AFTER_START: Duration = Duration::from_secs(60);
