//! What would become of a call after its number is analysed, without one: for who asks about a dial plan.
//!
//! A [`Follower`] walks from where the number led: along forwards, each with a lookup of its own and the limits that end going
//! round, and through hunts. What the lines on the way are doing is an assumption of the question ([`When`]); the rules are
//! those of calls.

mod hunt;
mod lint;

use std::sync::Arc;
use std::time::Duration;

use strowger_base::{Cause, LineName, WallTime};
use strowger_dialplan::forward::{
    BreakoutBecause, CallSide, ForwardKind, ForwardTarget, Step as Next, Trail,
};
use strowger_dialplan::hunt::{Exhausted, WhenExhausted};
use strowger_dialplan::{Action, Addressed, Caller, Decision, Digits, LaterHops, Reject, SearchSpace, Trace};

pub use self::hunt::{HuntEvent, Hunted};
pub use self::lint::lint;
use crate::configuration::{Configuration, Forwards, Line};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Follower<'c> {
    /// The configuration in force.
    pub configuration: &'c Configuration,
    /// Who dials; what it sees is replaced by what each forward sees.
    pub caller: Arc<Caller>,
    /// Which side the call comes from.
    pub side: CallSide,
    /// What the dialling leaves to later lookups.
    pub later: LaterHops,
    /// Partitions with opening hours are judged by this.
    pub at: WallTime,
    /// What the lines are doing.
    pub when: When,
}

/// What every line is doing that the call reaches.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum When {
    /// It is free, and rings.
    #[default]
    Free,
    /// It is busy.
    Busy,
    /// It rings, and nobody answers.
    NoAnswer,
    /// None of its phones is registered.
    Unregistered,
}

/// Where a number led.
#[derive(Clone, Debug)]
pub struct Reached<'c> {
    /// What its pattern does.
    pub action: &'c Action,
    /// The name of the pattern.
    pub name: &'c str,
    /// The called number after the pattern.
    pub called: Box<str>,
}

/// The way of a call.
#[derive(Debug)]
pub struct Followed<'c> {
    /// What happens, in order.
    pub steps: Vec<Step<'c>>,
    /// Where it ends.
    pub end: End<'c>,
    /// What else the line says where the way ends with one that is free.
    pub others: Vec<Other<'c>>,
}

/// One thing that happens on the way.
#[derive(Debug)]
pub enum Step<'c> {
    /// The call is sent on.
    Forwarded(Forwarded<'c>),
    /// A forward of all calls is not followed: the line rings.
    NotFollowed {
        /// The line.
        line: Box<str>,
        /// Why.
        because: BreakoutBecause,
    },
    /// The members of a hunt list are tried.
    Hunted(Hunted<'c>),
}

/// One redirection.
#[derive(Debug)]
pub struct Forwarded<'c> {
    /// The line or hunt pilot that sends the call on.
    pub by: Box<str>,
    /// What made it; `None` when a hunt ended.
    pub kind: Option<ForwardKind>,
    /// The how many-th redirection it is.
    pub hop: u8,
    /// Set when it is the way out of a loop, or of a chain that is too long.
    pub way_out: Option<BreakoutBecause>,
    /// Where to.
    pub to: &'c str,
    /// What the forward sees.
    pub css: &'c SearchSpace,
    /// What is found there.
    pub lookup: Lookup<'c>,
}

/// What the number of a forward leads to.
#[derive(Debug)]
pub enum Lookup<'c> {
    /// It has digits.
    Number(Box<Trace>),
    /// It is a name.
    Name(Option<Addressed<'c>>),
}

/// Where the way ends.
#[derive(Clone, Debug)]
pub enum End<'c> {
    /// At a line. It rings, or refuses the call with the cause.
    Line(LineName, Option<Cause>),
    /// At a hunt pilot whose members ring.
    Hunt(Box<str>),
    /// At a hunt pilot whose members do not take the call.
    HuntOver(Box<str>, Exhausted),
    /// At a trunk, route list or service.
    Elsewhere(&'c Action),
    /// At a route pattern that wants a code, which nobody is asked for after a forward.
    CodeWanted(Cause),
    /// At a pattern that blocks.
    Blocked(Cause),
    /// Nowhere.
    Rejected(Reject),
    /// One redirection is too many.
    TooManyHops {
        /// Where.
        at: Box<str>,
        /// How many there were.
        hops: u8,
    },
}

/// A forward that would apply if the line were doing something else.
#[derive(Debug)]
pub struct Other<'c> {
    /// What it would be doing.
    pub when: When,
    /// After what time, when nobody answers.
    pub after: Option<Duration>,
    /// The forward; otherwise the call ends with the cause.
    pub result: Result<Forwarded<'c>, Cause>,
}

impl When {
    /// The forward that is for it.
    pub const fn kind(self) -> Option<ForwardKind> {
        match self {
            When::Free => None,
            When::Busy => Some(ForwardKind::Busy),
            When::NoAnswer => Some(ForwardKind::NoAnswer),
            When::Unregistered => Some(ForwardKind::Unregistered),
        }
    }

    /// What the caller is told when there is no such forward.
    pub const fn cause(self) -> Option<Cause> {
        match self {
            When::Free => None,
            When::Busy => Some(Cause::USER_BUSY),
            When::NoAnswer => Some(Cause::NO_ANSWER_FROM_USER),
            When::Unregistered => Some(Cause::SUBSCRIBER_ABSENT),
        }
    }
}

/// A walk under way.
struct Walk<'f, 'c> {
    follower: &'f Follower<'c>,
    /// Nothing as long as nobody has said anything about forwards.
    trail: Option<Trail<Box<str>>>,
    steps: Vec<Step<'c>>,
}

/// Where a walk is.
enum Place<'c> {
    Line(&'c LineName),
    Hunt { pilot: Box<str>, name: &'c str, list: &'c str },
    End(End<'c>),
}

impl<'c> Follower<'c> {
    /// Follows a call from where its number led.
    pub fn follow(&self, from: Reached<'c>) -> Followed<'c> {
        let mut walk = Walk { follower: self, trail: None, steps: Vec::new() };
        let mut place = Place::of(from);
        // Every way back costs a redirection, and these are limited.
        let end = loop {
            place = match place {
                Place::Line(line) => walk.line(line),
                Place::Hunt { pilot, name, list } => walk.hunt(&pilot, name, list),
                Place::End(end) => break end,
            };
        };
        let others = match &end {
            End::Line(line, None) => walk.others(line.as_str()),
            End::Line(_, Some(_))
            | End::Hunt(_)
            | End::HuntOver(..)
            | End::Elsewhere(_)
            | End::CodeWanted(_)
            | End::Blocked(_)
            | End::Rejected(_)
            | End::TooManyHops { .. } => Vec::new(),
        };
        Followed { steps: walk.steps, end, others }
    }

    /// What the number of a forward leads to.
    fn look_up(&self, to: &str, css: &SearchSpace) -> Lookup<'c> {
        let plan = &self.configuration.plan;
        let caller = self.caller_in(css);
        match Digits::parse(to) {
            Ok(digits) => {
                Lookup::Number(Box::new(Trace::forwarded(plan, caller, self.later, &digits, self.at)))
            }
            Err(_) => {
                Lookup::Name(plan.address(&caller.search_space, to, None, self.at, caller.zone.as_ref()))
            }
        }
    }

    /// The line that a forward leads to at once or by translations, if it leads to one.
    fn leads_to(&self, settings: &Line, target: &ForwardTarget<SearchSpace>) -> Option<Box<str>> {
        let caller = self.caller_in(target.css());
        let line = self.configuration.line_behind(settings.number_of(target), caller, self.at);
        line.map(|line| line.as_str().into())
    }

    fn caller_in(&self, css: &SearchSpace) -> Arc<Caller> {
        Arc::new(Caller { search_space: css.clone(), ..Caller::clone(&self.caller) })
    }
}

impl<'c> Walk<'_, 'c> {
    fn line(&mut self, line: &'c LineName) -> Place<'c> {
        if let Some(place) = self.forward(line.as_str(), ForwardKind::All) {
            return place;
        }
        let when = self.follower.when;
        if let Some(kind) = when.kind()
            && let Some(place) = self.forward(line.as_str(), kind)
        {
            return place;
        }
        Place::End(End::Line(line.clone(), when.cause()))
    }

    /// Sends the call on as the forwards of `line` say; `None` when the line keeps it.
    fn forward(&mut self, line: &str, kind: ForwardKind) -> Option<Place<'c>> {
        let follower = self.follower;
        let settings = follower.configuration.lines.get(line)?;
        let forwards = settings.forwards_for(kind, follower.side)?;
        let leads_to = |target: &ForwardTarget<SearchSpace>| follower.leads_to(settings, target);
        match self.trail(line).step(&line.into(), forwards, kind, follower.side, leads_to) {
            Next::NotSet => None,
            Next::To { target, kind, hop, breakout } => {
                let to = settings.number_of(target);
                let by = (line.into(), Some(kind));
                Some(self.send_on(by, hop, breakout, (to, target.css())))
            }
            Next::Ring { because } => {
                self.steps.push(Step::NotFollowed { line: line.into(), because });
                None
            }
            Next::Refused(reached) => {
                Some(Place::End(End::TooManyHops { at: line.into(), hops: reached.hops }))
            }
        }
    }

    fn hunt(&mut self, pilot: &str, name: &str, list: &str) -> Place<'c> {
        let follower = self.follower;
        let configuration = follower.configuration;
        let too_many = |hops| Place::End(End::TooManyHops { at: pilot.into(), hops });
        if let Err(reached) = self.trail(pilot).through_hunt_pilot() {
            return too_many(reached.hops);
        }
        let Some(list) = configuration.hunt_lists.get(list) else {
            // A configuration that names a list which is not there is refused.
            return Place::End(End::Hunt(pilot.into()));
        };
        let hunted = Hunted::of(pilot, list, configuration.hunt_pilots.get(name), follower.when);
        let because = hunted.exhausted();
        self.steps.push(Step::Hunted(hunted));
        let Some(because) = because.filter(|_| follower.when != When::Free) else {
            return Place::End(End::Hunt(pilot.into()));
        };
        let then = configuration
            .hunt_pilots
            .get(name)
            .map_or(&WhenExhausted::NotForwarded, |pilot| pilot.exhausted());
        match then {
            WhenExhausted::NotForwarded => {}
            WhenExhausted::Forward { number, css } => {
                return match self.trail(pilot).hunt_ended(&pilot.into(), because) {
                    Ok(hop) => self.send_on((pilot.into(), None), hop, None, (number, css)),
                    Err(reached) => too_many(reached.hops),
                };
            }
            WhenExhausted::PersonalNoCoverage => {
                let original = self.trail(pilot).original_called().clone();
                if let Some(place) = self.forward(&original, ForwardKind::NoCoverage) {
                    return place;
                }
            }
        }
        Place::End(End::HuntOver(pilot.into(), because))
    }

    fn send_on(
        &mut self,
        (by, kind): (Box<str>, Option<ForwardKind>),
        hop: u8,
        way_out: Option<BreakoutBecause>,
        (to, css): (&'c str, &'c SearchSpace),
    ) -> Place<'c> {
        let lookup = self.follower.look_up(to, css);
        let configuration = self.follower.configuration;
        let place = if lookup.wants_code() {
            Place::End(End::CodeWanted(configuration.code_parameters.refused_cause))
        } else {
            lookup.reached(configuration).map_or_else(Place::End, Place::of)
        };
        self.steps.push(Step::Forwarded(Forwarded { by, kind, hop, way_out, to, css, lookup }));
        place
    }

    /// What the call has been through; as long as that is nothing, `called` is who was called originally.
    fn trail(&mut self, called: &str) -> &mut Trail<Box<str>> {
        let parameters = self.follower.configuration.forward_parameters;
        self.trail.get_or_insert_with(|| Trail::new(called.into(), parameters))
    }

    /// What the line says for everything else that it could be doing, one step far.
    fn others(&mut self, line: &str) -> Vec<Other<'c>> {
        let follower = self.follower;
        let Some(settings) = follower.configuration.lines.get(line) else { return Vec::new() };
        let other = |when: When| {
            let (kind, cause) = when.kind().zip(when.cause())?;
            let trail = self.trail.clone();
            let mut walk = Walk { follower, trail, steps: Vec::new() };
            let result = match (walk.forward(line, kind), walk.steps.pop()) {
                (Some(_), Some(Step::Forwarded(forwarded))) => Ok(forwarded),
                (Some(_), _) => Err(Cause::EXCHANGE_ROUTING_ERROR),
                (None, _) => Err(cause),
            };
            let rings = settings.rings_for(follower.side, follower.configuration.ring_time);
            Some(Other { when, after: (when == When::NoAnswer).then_some(rings), result })
        };
        [When::Busy, When::NoAnswer, When::Unregistered].into_iter().filter_map(other).collect()
    }
}

impl<'c> Lookup<'c> {
    fn wants_code(&self) -> bool {
        match self {
            Lookup::Number(trace) => match trace.analysis().decision() {
                Some(Decision::Routed(routed)) => routed.codes.any(),
                Some(Decision::Blocked { .. } | Decision::Rejected(_)) | None => false,
            },
            Lookup::Name(_) => false,
        }
    }

    /// Where the number leads.
    ///
    /// # Errors
    /// When it leads nowhere.
    pub fn reached(&self, configuration: &'c Configuration) -> Result<Reached<'c>, End<'c>> {
        match self {
            Lookup::Name(Some(found)) => {
                Ok(Reached { action: found.action, name: "", called: found.text.into() })
            }
            Lookup::Name(None) => Err(End::Rejected(Reject::NoMatch)),
            Lookup::Number(trace) => Reached::of(trace, configuration),
        }
    }
}

impl<'c> Reached<'c> {
    /// Where a dialling led that was followed to its end.
    ///
    /// # Errors
    /// When it led nowhere.
    pub fn of(trace: &Trace, configuration: &'c Configuration) -> Result<Self, End<'c>> {
        match trace.analysis().decision() {
            Some(Decision::Routed(routed)) => {
                let row = configuration.plan.pattern(routed.pattern).ok_or(End::Rejected(Reject::NoMatch))?;
                Ok(Reached { action: &row.action, name: &row.name, called: routed.called.as_str().into() })
            }
            Some(Decision::Blocked { cause, .. }) => Err(End::Blocked(*cause)),
            Some(Decision::Rejected(reject)) => Err(End::Rejected(*reject)),
            // A trace goes to its end.
            None => Err(End::Rejected(Reject::Incomplete)),
        }
    }
}

impl<'c> Place<'c> {
    fn of(reached: Reached<'c>) -> Self {
        let Reached { action, name, called } = reached;
        match action {
            Action::Line(line) => Place::Line(line),
            Action::Hunt { list } => Place::Hunt { pilot: called, name, list },
            Action::Block(cause) => Place::End(End::Blocked(*cause)),
            Action::Route(_) | Action::Service(_) | Action::Feature(_) | Action::Translate(_) => {
                Place::End(End::Elsewhere(action))
            }
        }
    }
}

fn forwards<'c>(configuration: &'c Configuration, line: &str) -> Option<(&'c Line, &'c Forwards)> {
    let settings = configuration.lines.get(line)?;
    Some((settings, settings.forwards.as_deref()?))
}

#[cfg(test)]
mod tests;
