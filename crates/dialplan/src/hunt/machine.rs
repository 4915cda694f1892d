//! One call's hunt.

use std::sync::Arc;

use strowger_base::{Instant, Now};

use super::order::{
    Condition, Exhausted, LeftBecause, Members, Pick, RingBecause, SkippedBecause, Visit, WithdrawnBecause,
};
use super::settings::{HuntList, HuntOption, HuntPilot, WhenExhausted};

/// The hunt of one call, from the moment its number led to a hunt pilot.
///
/// It belongs to the call; [`Members`] is what all hunts share. It says who rings now; the caller tells what came of
/// it. The settings are those of the plan with which the hunt began.
#[derive(Clone, Debug)]
pub struct Hunt<M, C> {
    list: Arc<HuntList<M>>,
    pilot: Arc<HuntPilot<C>>,
    state: State<M>,
}

#[derive(Clone, Debug)]
enum State<M> {
    /// Nothing happened yet.
    Ready,
    /// These members ring.
    Ringing(Ringing<M>),
    /// This member has the call.
    Connected(M),
    /// Nobody took it, or the caller is gone.
    Over,
}

#[derive(Clone, Debug)]
struct Ringing<M> {
    visit: Visit,
    members: Vec<M>,
    /// When the group gives them up.
    no_answer: Instant,
    /// When the pilot gives the hunt up.
    maximum: Instant,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input<M> {
    /// The call reached the pilot.
    Started,
    /// A member answered.
    Answered(M),
    /// A member that was offered the call refused it as busy.
    Busy(M),
    /// A member that was offered the call could not be reached.
    NotAvailable(M),
    /// The time of [`Hunt::next_timeout`] has come.
    Timer,
    /// The caller hung up.
    CallerGone,
}

/// What to do, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output<M, C> {
    /// These members ring from now on.
    Ring {
        /// Who.
        members: Vec<M>,
        /// Position of the line group in the list.
        group: usize,
        /// Until when, if nothing happens.
        no_answer_at: Instant,
        /// Why these.
        because: RingBecause<M>,
    },
    /// This member was passed over.
    Skipped {
        /// Who.
        member: M,
        /// Position of the line group in the list.
        group: usize,
        /// Why.
        because: SkippedBecause,
    },
    /// These members do not ring any more.
    Withdraw {
        /// Who.
        members: Vec<M>,
        /// Why.
        because: WithdrawnBecause,
    },
    /// The hunt left this group for the next one.
    LeftGroup {
        /// Position of the line group in the list.
        group: usize,
        /// Why.
        because: LeftBecause,
    },
    /// The hunt is over: this member has the call.
    Connected {
        /// Who.
        member: M,
        /// Position of the line group in the list.
        group: usize,
    },
    /// The hunt is over: nobody took the call.
    Exhausted {
        /// Why.
        because: Exhausted,
        /// What the pilot wants done with the call.
        then: WhenExhausted<C>,
    },
}

impl<M: Clone + PartialEq, C: Clone> Hunt<M, C> {
    /// A hunt through `list` under the settings of `pilot`. It begins with [`Input::Started`].
    pub const fn new(list: Arc<HuntList<M>>, pilot: Arc<HuntPilot<C>>) -> Self {
        Hunt { list, pilot, state: State::Ready }
    }

    /// Takes what happened and says what to do, in order.
    pub fn handle(
        &mut self,
        now: Now,
        input: Input<M>,
        members: &mut impl Members<M>,
        out: &mut Vec<Output<M, C>>,
    ) {
        let now = now.mono;
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Ready => match input {
                Input::Started => {
                    let maximum = now + self.pilot.maximum_hunt_timer();
                    let visit = Visit::begin(0, &self.list, members);
                    self.search(now, visit, None, maximum, members, out)
                }
                Input::Answered(member) => {
                    too_late(member, out);
                    State::Ready
                }
                Input::Busy(_) | Input::NotAvailable(_) | Input::Timer => State::Ready,
                Input::CallerGone => State::Over,
            },
            State::Ringing(ringing) => match input {
                Input::Started => State::Ringing(ringing),
                Input::Answered(member) if ringing.members.contains(&member) => {
                    let others = ringing.members.into_iter().filter(|other| *other != member);
                    withdraw(others.collect(), WithdrawnBecause::AnsweredElsewhere, out);
                    out.push(Output::Connected { member: member.clone(), group: ringing.visit.group });
                    State::Connected(member)
                }
                Input::Answered(member) => {
                    too_late(member, out);
                    State::Ringing(ringing)
                }
                Input::Busy(member) => {
                    let refusal = (Condition::Busy, SkippedBecause::RefusedBusy);
                    self.refused(now, ringing, member, refusal, members, out)
                }
                Input::NotAvailable(member) => {
                    let refusal = (Condition::NotAvailable, SkippedBecause::RefusedNotAvailable);
                    self.refused(now, ringing, member, refusal, members, out)
                }
                // When both times have come the pilot's wins: that is why its timer should be no multiple of the group's.
                Input::Timer if ringing.maximum <= now => {
                    withdraw(ringing.members, WithdrawnBecause::MaximumTimer, out);
                    self.exhausted(Exhausted::MaximumTimer, out)
                }
                Input::Timer if ringing.no_answer <= now => {
                    withdraw(ringing.members, WithdrawnBecause::NoAnswer, out);
                    let condition = Some(Condition::NoAnswer);
                    self.search(now, ringing.visit, condition, ringing.maximum, members, out)
                }
                Input::Timer => State::Ringing(ringing),
                Input::CallerGone => {
                    withdraw(ringing.members, WithdrawnBecause::CallerGone, out);
                    State::Over
                }
            },
            State::Connected(connected) => match input {
                Input::Answered(member) => {
                    if member != connected {
                        too_late(member, out);
                    }
                    State::Connected(connected)
                }
                Input::Started
                | Input::Busy(_)
                | Input::NotAvailable(_)
                | Input::Timer
                | Input::CallerGone => State::Connected(connected),
            },
            State::Over => match input {
                Input::Answered(member) => {
                    too_late(member, out);
                    State::Over
                }
                Input::Started
                | Input::Busy(_)
                | Input::NotAvailable(_)
                | Input::Timer
                | Input::CallerGone => State::Over,
            },
        };
    }

    /// When [`Input::Timer`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Ready | State::Connected(_) | State::Over => None,
            State::Ringing(ringing) => Some(ringing.no_answer.min(ringing.maximum)),
        }
    }

    /// True when the call has a member, or is done with hunting.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Connected(_) | State::Over)
    }

    /// One of those that ring refused. In a broadcast group the others go on.
    fn refused(
        &self,
        now: Instant,
        mut ringing: Ringing<M>,
        member: M,
        (condition, because): (Condition, SkippedBecause),
        members: &mut impl Members<M>,
        out: &mut Vec<Output<M, C>>,
    ) -> State<M> {
        let Some(position) = ringing.members.iter().position(|other| *other == member) else {
            return State::Ringing(ringing);
        };
        ringing.members.remove(position);
        out.push(Output::Skipped { member, group: ringing.visit.group, because });
        if ringing.members.is_empty() {
            return self.search(now, ringing.visit, Some(condition), ringing.maximum, members, out);
        }
        State::Ringing(ringing)
    }

    /// Does what the options of the groups say, until somebody rings or nobody is left. `condition` is that of the
    /// member tried last in the group of `visit`, if one was.
    fn search(
        &self,
        now: Instant,
        mut visit: Visit,
        mut condition: Option<Condition>,
        maximum: Instant,
        members: &mut impl Members<M>,
        out: &mut Vec<Output<M, C>>,
    ) -> State<M> {
        let groups = self.list.groups();
        while let Some(group) = groups.get(visit.group) {
            let left = match condition.map(|condition| (condition, group.option(condition))) {
                Some((condition, HuntOption::StopHunting)) => {
                    return self.exhausted(Exhausted::Stopped(condition), out);
                }
                Some((condition, HuntOption::SkipToNextGroup)) => LeftBecause::Skipped(condition),
                tried @ (None | Some((_, HuntOption::NextMember | HuntOption::NextMemberThenNextGroup))) => {
                    match visit.pick(group, members) {
                        Pick::Ring { members, because, skipped } => {
                            passed_over(skipped, visit.group, out);
                            let no_answer = now + group.options().ring_no_answer_reversion;
                            out.push(Output::Ring {
                                members: members.clone(),
                                group: visit.group,
                                no_answer_at: no_answer,
                                because,
                            });
                            return State::Ringing(Ringing { visit, members, no_answer, maximum });
                        }
                        Pick::Unfit { condition: found, skipped } => {
                            passed_over(skipped, visit.group, out);
                            condition = Some(found);
                            continue;
                        }
                        Pick::NoneLeft => match tried {
                            None => LeftBecause::Empty,
                            Some((condition, HuntOption::NextMember)) => {
                                return self.exhausted(Exhausted::LastMember(condition), out);
                            }
                            Some((condition, _)) => LeftBecause::MembersTried(condition),
                        },
                    }
                }
            };
            if visit.group + 1 == groups.len() {
                return self.exhausted(Exhausted::LastGroup(left), out);
            }
            out.push(Output::LeftGroup { group: visit.group, because: left });
            visit = Visit::begin(visit.group + 1, &self.list, members);
            condition = None;
        }
        // A list without groups is refused by `HuntList::new`, and `visit` is always in one of the list.
        self.exhausted(Exhausted::LastGroup(LeftBecause::Empty), out)
    }

    fn exhausted(&self, because: Exhausted, out: &mut Vec<Output<M, C>>) -> State<M> {
        out.push(Output::Exhausted { because, then: self.pilot.exhausted().clone() });
        State::Over
    }
}

fn withdraw<M, C>(members: Vec<M>, because: WithdrawnBecause, out: &mut Vec<Output<M, C>>) {
    if !members.is_empty() {
        out.push(Output::Withdraw { members, because });
    }
}

fn too_late<M, C>(member: M, out: &mut Vec<Output<M, C>>) {
    withdraw(vec![member], WithdrawnBecause::TooLate, out);
}

fn passed_over<M, C>(skipped: Vec<(M, SkippedBecause)>, group: usize, out: &mut Vec<Output<M, C>>) {
    out.extend(skipped.into_iter().map(|(member, because)| Output::Skipped { member, group, because }));
}

#[cfg(test)]
mod tests;
