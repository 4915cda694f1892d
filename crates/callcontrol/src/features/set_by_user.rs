//! Somebody sets something at a phone: by a code, or by a key that calls a name.
//!
//! The setting counts at once. Whoever set it hears the confirmation tone, and sees what was done, when the disk has it.

use std::sync::Arc;

use strowger_base::feature::{FeatureCode, Forwarded, Turn};
use strowger_base::journal::{Entry, ForwardedTo, OnOff, SetBy, UserSet, UserValue, WhyFeatureRefused};
use strowger_base::leg::{BindingId, Origin};
use strowger_base::{CallId, LineName, Now, WallTime};
use strowger_dialplan::forward::{ActivatedFrom, Activation, ForwardTarget, check_activation};
use strowger_dialplan::{
    Action, Analysis, Arrival, Caller, Decision as Verdict, Digits, Emergency, SearchSpace,
};

use super::user_settings::Waiter;
use crate::CallControl;
use crate::call::Wanted;
use crate::configuration::{Configuration, Line};
use crate::io::{Outbox, Output};

/// Why somebody does not get what they asked for.
type Refused<'w> = WhyFeatureRefused<'w>;

/// Whose phone asks.
pub(super) struct User {
    pub(super) line: LineName,
    /// The name of the phone; empty for the only one of the line.
    pub(super) phone: Box<str>,
}

impl User {
    /// What a phone is called among settings; see [`UserSet::owner`].
    pub(super) fn phone_name(&self) -> &str {
        if self.phone.is_empty() { self.line.as_str() } else { &self.phone }
    }
}

impl CallControl {
    /// A caller sets something.
    pub(super) fn set_by_caller<'w>(
        &mut self,
        now: Now,
        call: CallId,
        wanted: &'w Wanted,
        out: &mut Outbox,
    ) -> Result<(), Refused<'w>> {
        let user = self.user_of(call)?;
        let (disturbed, hunted) = self.shared.user_settings.phone(user.phone_name());
        let value = match wanted.code {
            FeatureCode::Forward(which) => {
                let to = self.destination(now, &user, which, &wanted.argument)?;
                UserValue::Forward { which, to }
            }
            FeatureCode::CancelForward(which) => {
                UserValue::Forward { which, to: self.cancelled(&user.line, which) }
            }
            FeatureCode::DoNotDisturb(turn) => UserValue::Disturb(OnOff::of(!turn.of(!disturbed))),
            FeatureCode::HuntLogin(turn) => UserValue::Hunted(OnOff::of(turn.of(hunted))),
            FeatureCode::PickUp
            | FeatureCode::GroupPickUp
            | FeatureCode::OtherPickUp
            | FeatureCode::DirectedPickUp
            | FeatureCode::Retrieve
            | FeatureCode::DirectedPark
            | FeatureCode::MeetMe
            | FeatureCode::OpenMeetMe
            | FeatureCode::SpeedDial
            | FeatureCode::CallBack
            | FeatureCode::CancelCallBack
            | FeatureCode::Page
            | FeatureCode::MessageWaiting(_)
            | FeatureCode::Barge
            | FeatureCode::ConferenceBarge
            | FeatureCode::MaliciousCall
            | FeatureCode::Record(_) => return Err(WhyFeatureRefused::NotServed),
        };
        let set = UserSet { line: user.line.as_str(), phone: &user.phone, value, by: SetBy::Phone };
        self.keep_setting(now, &set, Some(call), Some(Waiter::Call(call)), out);
        let text = said(&value);
        if let Some(call) = self.calls.get_mut(&call) {
            call.facts.confirms = Some(text.into());
        }
        Ok(())
    }

    /// A user set this before the start.
    pub(crate) fn restore(&mut self, now: Now, set: &UserSet<'_>, at: WallTime, out: &mut Outbox) {
        self.shared.user_settings.set(set, at);
        self.restore_call_back(now, set, at, out);
    }

    /// A program sets something; `asked` names its question, which is answered when the disk has it.
    pub(crate) fn set_by_program(&mut self, now: Now, set: &UserSet<'_>, asked: u64, out: &mut Outbox) {
        if matches!(set.value, UserValue::CallBack(_)) {
            self.cancel_for_program(now, set, out);
        }
        self.keep_setting(now, set, None, Some(Waiter::Program(asked)), out);
    }

    /// A phone's key for hunts is pressed: it takes part in them when it did not. As a code it counts for the phone on all its lines.
    pub(crate) fn hunt_log(
        &mut self,
        now: Now,
        line: &LineName,
        phone: &str,
        binding: BindingId,
        out: &mut Outbox,
    ) {
        let user = User { line: line.clone(), phone: phone.into() };
        let (_, was_hunted) = self.shared.user_settings.phone(user.phone_name());
        let hunted = OnOff::of(Turn::Over.of(was_hunted));
        let set = UserSet { line: line.as_str(), phone, value: UserValue::Hunted(hunted), by: SetBy::Phone };
        self.keep_setting(now, &set, None, Some(Waiter::HuntKey(binding, hunted)), out);
    }

    /// It counts from here on; whoever waits hears when the disk has it.
    pub(super) fn keep_setting(
        &mut self,
        now: Now,
        set: &UserSet<'_>,
        call: Option<CallId>,
        waiter: Option<Waiter>,
        out: &mut Outbox,
    ) {
        self.shared.user_settings.set(set, now.wall);
        let except = match waiter {
            Some(Waiter::HuntKey(binding, _)) => Some(binding),
            Some(Waiter::Call(_) | Waiter::Leg(_) | Waiter::Program(_)) | None => None,
        };
        self.tell_phones(set, except, out);
        let record = out.encode(now, call, None, Entry::UserSet(*set));
        let ticket = self.shared.persist_setting(record, out);
        if let Some(waiter) = waiter {
            self.shared.user_settings.wait(ticket, waiter);
        }
        if let Some(before) = self.shared.user_settings.promised(ticket, set) {
            // Tried again behind this one it would be the last on the disk, and in force after a restart.
            self.shared.not_wanted_any_more(before);
        }
    }

    /// The disk has a setting, or does not take it now: whoever waits for it hears that.
    pub(crate) fn setting_kept(&mut self, now: Now, ticket: u64, is_kept: bool, out: &mut Outbox) {
        if is_kept {
            self.shared.user_settings.kept(ticket);
        }
        match self.shared.user_settings.waited(ticket) {
            None => {}
            Some(Waiter::Call(call)) if is_kept => {
                self.with_call(call, |call, shared| call.confirm_feature(now, shared, out));
            }
            Some(Waiter::Call(call)) => {
                let why = WhyFeatureRefused::Exhausted { what: "room on the disk" };
                self.with_call(call, |call, shared| call.refuse_feature(now, why, shared, out));
            }
            Some(Waiter::Leg(leg)) => self.call_back_kept(leg, is_kept, out),
            Some(Waiter::HuntKey(binding, hunted)) => {
                out.items.push(Output::HuntLogged { binding, hunted, is_kept });
            }
            Some(Waiter::Program(asked)) => out.items.push(Output::SettingKept { asked, is_kept }),
        }
    }

    /// The phone that asks in a call. A call that came by a forward or is made for a transfer is nobody's own wish: whoever
    /// forwards to a code would set what callers did not mean.
    pub(super) fn user_of(&self, call: CallId) -> Result<User, Refused<'static>> {
        let rule = "only a phone of the line itself may set that";
        let facts = self.calls.get(&call).map(|call| &call.facts);
        let Some(facts) = facts else { return Err(WhyFeatureRefused::NotAllowed { rule }) };
        let configuration = &self.shared.configuration;
        match &facts.origin {
            Origin::Line { line, phone }
                if !facts.is_redirected()
                    && facts.transfers.is_none()
                    && configuration.lines.get(line.as_str()).is_some() =>
            {
                Ok(User { line: line.clone(), phone: phone.as_deref().unwrap_or_default().into() })
            }
            Origin::Line { .. } | Origin::Trunk(_) => Err(WhyFeatureRefused::NotAllowed { rule }),
        }
    }

    /// Whether somebody who is no user may set that calls of a line go to a number.
    ///
    /// # Errors
    /// The rule that forbids it.
    pub fn may_be_forwarded(&self, now: Now, line: &LineName, number: &str) -> Result<(), &'static str> {
        let configuration = &self.shared.configuration;
        let Some(line) = configuration.lines.get(line.as_str()) else { return Ok(()) };
        let caller = Arc::new(caller_of(line, "", line.user_forward_space.of(line, "")));
        permitted(configuration, number, &caller, now).map(drop)
    }

    /// What ends a forward: what is configured stays out of force, too.
    fn cancelled(&self, line: &LineName, which: Forwarded) -> ForwardedTo<'static> {
        let configured = self.shared.configuration.lines.get(line.as_str());
        let forwards = configured.and_then(|line| line.forwards.as_deref());
        let is_set = forwards.is_some_and(|it| match which {
            Forwarded::All => it.all.is_some(),
            Forwarded::Busy => it.busy.internal.is_some() || it.busy.external.is_some(),
            Forwarded::NoAnswer => it.no_answer.internal.is_some() || it.no_answer.external.is_some(),
            Forwarded::Unregistered => {
                it.unregistered.internal.is_some() || it.unregistered.external.is_some()
            }
        });
        if is_set { ForwardedTo::Nowhere } else { ForwardedTo::AsConfigured }
    }

    /// Where calls may go that a user forwards.
    fn destination<'w>(
        &self,
        now: Now,
        user: &User,
        which: Forwarded,
        number: &'w str,
    ) -> Result<ForwardedTo<'w>, Refused<'w>> {
        let configuration = &self.shared.configuration;
        let Some(line) = configuration.lines.get(user.line.as_str()) else {
            return Err(WhyFeatureRefused::NothingThere);
        };
        let space = line.user_forward_space.of(line, &user.phone);
        let voice_mail = line.voice_mail.as_deref().unwrap_or_default();
        let (to, dialled) = match number {
            "" if voice_mail.is_empty() => return Err(WhyFeatureRefused::Argument { argument: "" }),
            "" => (ForwardedTo::VoiceMail, voice_mail),
            number if ForwardTarget::number(number, ()).is_err() => {
                return Err(WhyFeatureRefused::Argument { argument: number });
            }
            number => (ForwardedTo::Number(number), number),
        };
        let caller = Arc::new(caller_of(line, &user.phone, space));
        let reached = permitted(configuration, dialled, &caller, now)
            .map_err(|rule| WhyFeatureRefused::NotAllowed { rule })?;
        if let (Forwarded::All, Some(reached)) = (which, reached) {
            self.check_loop(now, &user.line, &reached)?;
        }
        Ok(to)
    }

    /// Refuses a forward of all calls by which forwards of all calls would lead back, or on and on.
    fn check_loop(&self, now: Now, at: &LineName, to: &LineName) -> Result<(), Refused<'static>> {
        let configuration = &self.shared.configuration;
        let leads_to = |name: &LineName| {
            let line = configuration.lines.get(name.as_str())?;
            let forwards = self.shared.user_settings.forwards(name.as_str(), line)?;
            let target = forwards.all.as_ref()?;
            let caller = Arc::new(caller_of(line, "", target.css().clone()));
            configuration.line_behind(line.number_of(target), caller, now.wall)
        };
        match check_activation(at, to, ActivatedFrom::Phone, leads_to) {
            Activation::Loop { .. } => {
                Err(WhyFeatureRefused::NotAllowed { rule: "calls would come back to the line" })
            }
            Activation::Accepted | Activation::NotChecked => {
                let limit = usize::from(configuration.forward_parameters.hop_limit.hops());
                let hops = std::iter::successors(Some(to.clone()), leads_to).take(limit + 1).count();
                if hops > limit {
                    let rule = "calls would be forwarded more often than they may be";
                    return Err(WhyFeatureRefused::NotAllowed { rule });
                }
                Ok(())
            }
        }
    }
}

/// Whether calls may go there, and to which line they would; the rule that forbids it otherwise.
fn permitted(
    configuration: &Configuration,
    number: &str,
    caller: &Arc<Caller>,
    now: Now,
) -> Result<Option<LineName>, &'static str> {
    let plan = &configuration.plan;
    let unknown = "that number leads nowhere that the line may forward to, which its forwards.search_space says, or its forwards.all_policy";
    let action = match Digits::parse(number) {
        Ok(digits) => {
            let analysis = Analysis::of(plan, Arc::clone(caller), Arrival::EnBloc, &digits, now.wall);
            match analysis.decision() {
                Some(Verdict::Routed(routed)) if routed.codes.any() => {
                    return Err("that number asks for a code, which nobody could key in");
                }
                Some(Verdict::Routed(routed)) if routed.emergency == Emergency::Yes => {
                    return Err("calls are not forwarded to an emergency service");
                }
                Some(Verdict::Routed(routed)) => plan.pattern(routed.pattern).map(|row| &row.action),
                Some(Verdict::Blocked { .. } | Verdict::Rejected(_)) | None => None,
            }
            .ok_or(unknown)?
        }
        Err(_) => {
            let found = plan.address(&caller.search_space, number, None, now.wall, caller.zone.as_ref());
            found.ok_or(unknown)?.action
        }
    };
    match action {
        Action::Line(line) => Ok(Some(line.clone())),
        Action::Feature(_) => Err("calls are not forwarded to a feature"),
        Action::Block(_) => Err(unknown),
        Action::Translate(_) | Action::Route(_) | Action::Hunt { .. } | Action::Service(_) => Ok(None),
    }
}

/// Who dials when calls of a line are forwarded.
fn caller_of(line: &Line, phone: &str, space: SearchSpace) -> Caller {
    let name = Some(phone).filter(|name| !name.is_empty());
    let phone = line.phone(name).or_else(|| line.phones.first());
    let caller = phone.map(|phone| Caller::clone(&phone.caller())).unwrap_or_default();
    Caller { search_space: space, ..caller }
}

/// What whoever set it is shown.
fn said(value: &UserValue<'_>) -> String {
    match value {
        UserValue::Forward { to: ForwardedTo::Number(number), .. } => format!("Forwarded to {number}"),
        UserValue::Forward { to: ForwardedTo::VoiceMail, .. } => "Forwarded to voice mail".to_owned(),
        UserValue::Forward { to: ForwardedTo::Nowhere | ForwardedTo::AsConfigured, .. } => {
            "Not forwarded".to_owned()
        }
        UserValue::Disturb(OnOff::Off) => "Do not disturb".to_owned(),
        UserValue::Disturb(OnOff::On) => "Calls are taken".to_owned(),
        UserValue::Hunted(OnOff::On) => "Logged in to hunt groups".to_owned(),
        UserValue::Hunted(OnOff::Off) => "Logged out of hunt groups".to_owned(),
        UserValue::CallBack(to) => format!("Call back {}", to.number()),
    }
}
