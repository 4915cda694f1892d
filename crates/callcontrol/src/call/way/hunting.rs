//! A hunt: the members of line groups are offered the call, as the hunt machine says.
//!
//! The machine wants to know at once what each member is doing. Whether a member has phones only the registrar knows, and it
//! is asked; so before each step that may choose members, all of the list are located, and the step is taken when
//! the last answer is there. Nothing rings meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use strowger_base::Cause;
use strowger_base::journal::{
    Decision, DestinationView, HuntCondition, ReleasedBy, WhyEnded, WhyExhausted, WhyGroupLeft, WhyHunted,
    WhyPassedOver, WhyRefused, WhyReleased,
};
use strowger_base::leg::{Origin, ReleaseReason, Target};
use strowger_base::{Instant, LineName, Now, limits};
use strowger_dialplan::forward::ForwardKind;
use strowger_dialplan::hunt::{
    Condition, Exhausted, Hunt, Input, LeftBecause, LineGroup, Members, Output, RingBecause, SkippedBecause,
    Standing, WhenExhausted,
};
use strowger_dialplan::{Rotation, SearchSpace};

use super::{Tried, Way};
use crate::call::{Locating, Opening, State, Step, dialing};
use crate::configuration::{Configuration, LineList};
use crate::failure::Failure;
use crate::io::{Contact, Reach};
use crate::shared::Shared;

/// The members of a hunt list, then what the pilot says.
pub(in crate::call) struct Hunting {
    /// The pilot's number.
    pilot: Box<str>,
    list: Arc<LineList>,
    hunt: Hunt<LineName, SearchSpace>,
    /// What the machine is told as soon as the members are located.
    next: Input<LineName>,
    /// Members that ring.
    ringing: Vec<LineName>,
    /// They ring once more, and nothing was heard of them.
    again: bool,
}

/// The phones of members, by line.
pub(in crate::call) type Phones = BTreeMap<LineName, Box<[Contact]>>;

type Said = Output<LineName, SearchSpace>;

/// What the lines of a list are doing.
struct Lines<'s> {
    shared: &'s mut Shared,
    /// Whose call it is: a phone does not ring for what it calls itself.
    caller: &'s Origin,
    phones: &'s Phones,
}

impl Members<LineName> for Lines<'_> {
    fn standing(&self, member: &LineName) -> Standing {
        if self.phones.get(member).is_none_or(|phones| phones.is_empty()) {
            return Standing::NotAvailable;
        }
        let mut of_member = self.phones.get(member).into_iter().flatten();
        if of_member.clone().all(|phone| !self.shared.user_settings.is_hunted(member, phone)) {
            return Standing::LoggedOut;
        }
        if of_member
            .all(|phone| phone.calls_as(member, self.caller) || !self.shared.takes_hunts(member, phone))
        {
            return Standing::Busy;
        }
        let calls = self.shared.calls_of(member);
        if calls == 0 {
            return Standing::Idle { since: self.shared.idle_since(member) };
        }
        match self.shared.configuration.lines.get(member.as_str()) {
            Some(line) if calls < line.busy_trigger.min(line.calls_max) => Standing::Available,
            Some(_) | None => Standing::Busy,
        }
    }

    fn rotation(&mut self, group: &LineGroup<LineName>) -> &mut Rotation<LineName> {
        self.shared.hunt_turns.entry(group.name().into()).or_default()
    }
}

impl Hunting {
    /// The call reaches the hunt pilot that is called `name`, by `pattern`.
    pub(in crate::call) fn enter(step: &mut Step<'_>, pattern: &str, name: &str, list: &str) -> State {
        let configuration = Arc::clone(&step.shared.configuration);
        let Some(list) = configuration.hunt_lists.get(list) else {
            return dialing::not_offered(step, "a hunt list that is not configured");
        };
        let pilot: Box<str> = step.facts.sent.clone();
        let destination = DestinationView::HuntList(list.name());
        let (digits, sent) = (step.facts.wanted(), &*pilot);
        let resolved = Decision::NumberResolved { digits, pattern, sent, destination };
        step.out.decide(step.now, step.facts.id, None, resolved);
        if let Some(ended) = step.through_pilot(&pilot) {
            return ended;
        }
        step.decide(None, Decision::HuntBegan { pilot: &pilot, list: list.name() });
        step.facts.final_called = pilot.clone();
        let settings = configuration.hunt_pilots.get(name).map(Arc::clone).unwrap_or_default();
        let hunting = Box::new(Hunting {
            pilot,
            list: Arc::clone(list),
            hunt: Hunt::new(Arc::clone(list), settings),
            next: Input::Started,
            ringing: Vec::new(),
            again: false,
        });
        hunting.locate(step)
    }

    /// How long those may ring that ring now.
    pub(super) fn rings_for(&self, now: Now) -> Duration {
        self.hunt.next_timeout().map_or(Duration::ZERO, |at| at.saturating_since(now.mono))
    }

    /// Nobody rings any more: the next members, once it is known which of them have phones.
    pub(super) fn go_on(mut self: Box<Self>, step: &mut Step<'_>, tried: Tried) -> State {
        step.vacate_all_but(None);
        if let Tried::Failed(failure) = tried {
            // Of several, none could be rung.
            while let [_, .., member] = &*self.ringing {
                let member = member.clone();
                self.lost(step, &member, failure);
            }
        }
        self.next = match (tried, self.ringing.pop()) {
            (Tried::Failed(failure), Some(member)) => refusal(failure, member),
            (Tried::NoAnswer | Tried::Failed(_), _) => Input::Timer,
        };
        self.locate(step)
    }

    /// Those who rang are to ring again, for as long as they still may.
    pub(in crate::call) fn ring_again(mut self: Box<Self>, step: &mut Step<'_>) -> State {
        self.again = true;
        self.locate(step)
    }

    /// The phones of all members are known: the machine says who rings.
    pub(in crate::call) fn located(mut self: Box<Self>, step: &mut Step<'_>, phones: &Phones) -> State {
        if std::mem::take(&mut self.again) {
            let members = std::mem::take(&mut self.ringing);
            return self.ring(step, members, phones);
        }
        let input = std::mem::replace(&mut self.next, Input::Timer);
        let mut members = Vec::new();
        for said in self.tell(step, input, phones) {
            self.journal(step, &said);
            match said {
                Output::Ring { members: chosen, .. } => members = chosen,
                Output::Exhausted { because, then } => return self.exhausted(step, because, &then),
                // Those were taken the call away from before the members were located.
                Output::Withdraw { .. }
                | Output::Skipped { .. }
                | Output::LeftGroup { .. }
                | Output::Connected { .. } => {}
            }
        }
        self.ring(step, members, phones)
    }

    /// One of several members that ring is out; the others go on.
    pub(in crate::call) fn lost(&mut self, step: &mut Step<'_>, member: &LineName, failure: Failure) {
        self.ringing.retain(|other| other != member);
        step.vacate(member);
        for said in self.tell(step, refusal(failure, member.clone()), &Phones::new()) {
            self.journal(step, &said);
        }
    }

    /// Of the members that are to ring, only those ring of which a device is among these: regions, bandwidth or keys leave none of
    /// the others.
    pub(in crate::call) fn rings_only(&mut self, step: &mut Step<'_>, targets: &[Target]) {
        let cause = Cause::OUT_OF_BANDWIDTH;
        let failure = Failure { cause, reason: ReleaseReason::Refused(cause.sip_status()) };
        let line = |target: &Target| match target {
            Target::Phone { line, .. } => Some(line.clone()),
            Target::Trunk(_) | Target::Service(_) => None,
        };
        let rung: BTreeSet<LineName> = targets.iter().filter_map(line).collect();
        // Devices that refused what they were offered are rung once more after their members were done with: whoever rings then, the hunt
        // waits for it, and nobody is out on account of it.
        if self.ringing.iter().all(|member| !rung.contains(member)) {
            return;
        }
        let out: Vec<LineName> =
            self.ringing.iter().filter(|member| !rung.contains(*member)).cloned().collect();
        for member in out {
            self.lost(step, &member, failure);
        }
    }

    /// Whether other members than this one ring.
    pub(in crate::call) fn others_ring(&self, member: &LineName) -> bool {
        self.ringing.iter().any(|other| other != member)
    }

    /// A member has the call.
    pub(in crate::call) fn connected(&mut self, step: &mut Step<'_>, member: &LineName) {
        for said in self.tell(step, Input::Answered(member.clone()), &Phones::new()) {
            self.journal(step, &said);
        }
        step.facts.final_called = member.number().into();
    }

    /// What did not answer, for the journal: the member, or the group when several rang.
    pub(in crate::call) fn rung(&self) -> &str {
        match &*self.ringing {
            [member] => member.as_str(),
            [] | [_, ..] => &self.pilot,
        }
    }

    fn tell(&mut self, step: &mut Step<'_>, input: Input<LineName>, phones: &Phones) -> Vec<Said> {
        let mut said = Vec::new();
        let mut lines = Lines { shared: step.shared, caller: &step.facts.origin, phones };
        self.hunt.handle(step.now, input, &mut lines, &mut said);
        said
    }

    fn locate(self: Box<Self>, step: &mut Step<'_>) -> State {
        let list = Arc::clone(&self.list);
        let members = list.groups().iter().flat_map(|group| group.members());
        step.facts.way = Way::Hunt(self);
        Locating::members(step, members)
    }

    fn ring(mut self: Box<Self>, step: &mut Step<'_>, members: Vec<LineName>, phones: &Phones) -> State {
        let mut targets = Vec::new();
        let mut reach = Reach::Direct;
        for member in &members {
            let contacts = phones.get(member).map_or(&[][..], |contacts| contacts);
            let contacts = step.that_take_hunts(member, contacts);
            reach = reach.or(Reach::of_all(&contacts));
            targets.extend(contacts.iter().map(|contact| contact.of(member)));
            step.occupy(member);
        }
        targets.truncate(limits::PHONES_AT_ONCE);
        self.ringing = members;
        step.facts.way = Way::Hunt(self);
        Opening::prepare(step, targets, reach)
    }

    fn exhausted(&self, step: &mut Step<'_>, because: Exhausted, then: &WhenExhausted<SearchSpace>) -> State {
        match then {
            WhenExhausted::NotForwarded => {}
            WhenExhausted::Forward { number, css } => {
                return step.hunt_sends_on(&self.pilot, because, (number, css));
            }
            WhenExhausted::PersonalNoCoverage => {
                let original = step.facts.original_called().map(Box::<str>::from).unwrap_or_default();
                if let Some(elsewhere) = step.forward(&original, ForwardKind::NoCoverage) {
                    return elsewhere;
                }
            }
        }
        let cause = because.cause();
        if step.facts.rung.is_empty() {
            return step.refuse(cause, WhyRefused::NobodyToHunt { pilot: &self.pilot });
        }
        let caller = step.facts.caller;
        let why = match cause {
            Cause::NO_ANSWER_FROM_USER => WhyReleased::NoAnswer,
            _ => WhyReleased::CallRefused,
        };
        step.release(caller, cause, why);
        step.end(cause, ReleasedBy::System, WhyEnded::HuntExhausted)
    }

    fn group(&self, position: usize) -> &str {
        self.list.groups().get(position).map_or("", |group| group.name())
    }

    fn journal(&self, step: &mut Step<'_>, said: &Said) {
        let now = step.now.mono;
        let configuration = Arc::clone(&step.shared.configuration);
        let shown = |member| configuration.shown(LineName::as_str(member));
        let decision = match said {
            Output::Ring { members, group, because, .. } => Decision::HuntRings {
                group: self.group(*group),
                member: members.first().map_or("", |member| shown(member)),
                members: members.len() as u32,
                because: hunted(because, &configuration, now),
            },
            Output::Skipped { member, group, because } => {
                let (group, member) = (self.group(*group), shown(member));
                Decision::HuntSkipped { group, member, because: passed_over(*because) }
            }
            Output::LeftGroup { group, because } => {
                Decision::HuntLeftGroup { group: self.group(*group), because: left(*because) }
            }
            Output::Connected { member, group } => {
                Decision::HuntConnected { group: self.group(*group), member: shown(member) }
            }
            Output::Exhausted { because, .. } => {
                Decision::HuntExhausted { pilot: &self.pilot, because: exhausted(*because) }
            }
            // Each leg that is taken the call away from says so itself.
            Output::Withdraw { .. } => return,
        };
        step.decide(None, decision);
    }
}

/// What the machine is told about a member that did not take the call although it was there.
fn refusal(failure: Failure, member: LineName) -> Input<LineName> {
    match failure.cause {
        Cause::USER_BUSY | Cause::CALL_REJECTED => Input::Busy(member),
        _ => Input::NotAvailable(member),
    }
}

fn hunted<'b>(
    because: &'b RingBecause<LineName>,
    configuration: &Configuration,
    now: Instant,
) -> WhyHunted<'b> {
    match because {
        RingBecause::TopDown => WhyHunted::TopDown,
        RingBecause::TurnAfter(last) => {
            WhyHunted::TurnAfter(last.as_ref().map_or("", |last| configuration.shown(last.as_str())))
        }
        RingBecause::IdleSince(since) => WhyHunted::Idle(now.saturating_since(*since)),
        RingBecause::Broadcast => WhyHunted::Broadcast,
    }
}

const fn passed_over(because: SkippedBecause) -> WhyPassedOver {
    match because {
        SkippedBecause::Busy => WhyPassedOver::Busy,
        SkippedBecause::NotIdle => WhyPassedOver::NotIdle,
        SkippedBecause::NotAvailable => WhyPassedOver::NotAvailable,
        SkippedBecause::LoggedOut => WhyPassedOver::LoggedOut,
        SkippedBecause::RefusedBusy => WhyPassedOver::RefusedBusy,
        SkippedBecause::RefusedNotAvailable => WhyPassedOver::RefusedNotAvailable,
    }
}

const fn condition(condition: Condition) -> HuntCondition {
    match condition {
        Condition::NoAnswer => HuntCondition::NoAnswer,
        Condition::Busy => HuntCondition::Busy,
        Condition::NotAvailable => HuntCondition::NotAvailable,
    }
}

const fn left(because: LeftBecause) -> WhyGroupLeft {
    match because {
        LeftBecause::MembersTried(last) => WhyGroupLeft::MembersTried(condition(last)),
        LeftBecause::Skipped(last) => WhyGroupLeft::Skipped(condition(last)),
        LeftBecause::Empty => WhyGroupLeft::Empty,
    }
}

const fn exhausted(because: Exhausted) -> WhyExhausted {
    match because {
        Exhausted::LastGroup(reason) => WhyExhausted::LastGroup(left(reason)),
        Exhausted::LastMember(last) => WhyExhausted::LastMember(condition(last)),
        Exhausted::Stopped(last) => WhyExhausted::Stopped(condition(last)),
        Exhausted::MaximumTimer => WhyExhausted::MaximumTimer,
    }
}
