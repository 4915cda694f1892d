//! The analysis of one dialling: it eats keys, waits where longer numbers are possible, follows translations, and ends
//! with a decision.

mod candidates;
mod later;
mod lookup;

use std::sync::Arc;
use std::time::Duration;

use strowger_base::{Cause, WallTime};

use self::lookup::Lookup;
use crate::parameters::{EnBlocHops, HashRule, HoursRule, KeysOnLaterHops, SpeedDialRule, UrgentRule};
use crate::plan::{
    Action, CodesRequired, DialPlan, Emergency, NextHopBy, NextSearchSpace, PatternId, RoutePattern,
    SearchSpace, Translation, WaitOnNextHops,
};
use crate::schedule::Zone;
use crate::symbol::{Digits, Symbol};
use crate::transform::{Mask, Presentation};

pub use self::candidates::{Candidate, LostBy, Potential};
pub use self::later::LaterHops;
pub(crate) use self::lookup::{Rank, rank};

/// Who dials, as far as digit analysis cares.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The calling number.
    pub number: Digits,
    /// External phone number mask of the line.
    pub external_mask: Option<Mask>,
    /// What the caller sees: the line's search space before the device's.
    pub search_space: SearchSpace,
    /// The device's time zone, for partitions with opening hours.
    pub zone: Option<Zone>,
    /// Emergency location identification number of the place where the caller is.
    pub emergency_number: Option<Digits>,
}

impl Caller {
    /// Somebody with a number and a search space, and nothing special.
    pub fn new(number: Digits, search_space: SearchSpace) -> Self {
        Caller { number, external_mask: None, search_space, zone: None, emergency_number: None }
    }
}

impl Default for Caller {
    /// Somebody without a number and with no search space but the null partition.
    fn default() -> Self {
        Caller::new(Digits::EMPTY, SearchSpace::null())
    }
}

/// How a number arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrival {
    /// One key after another.
    KeyByKey,
    /// As a whole.
    EnBloc,
    /// As a whole, from an application; the number means exactly itself.
    Application,
    /// As a whole, from an application through a SIP phone, where the interdigit timer applies.
    ApplicationThroughSip,
    /// As a whole, from a speed dial.
    SpeedDial,
}

/// An analysis under way, or ended.
#[derive(Clone, Debug)]
pub struct Analysis {
    plan: DialPlan,
    caller: Arc<Caller>,
    arrival: Arrival,
    /// The time as it was told last.
    now: WallTime,
    state: State,
    hops: Vec<Hop>,
    /// What the next lookup is for, and who calls by then.
    called: Digits,
    calling: Presented,
    keys_used: usize,
    translations: u32,
    no_more_waiting: bool,
    emergency: Emergency,
}

#[derive(Clone, Debug)]
enum State {
    /// Keys are read.
    Collecting {
        lookup: Lookup,
    },
    /// The number has been dialled or translated, and the interdigit timer runs.
    Waiting {
        lookup: Lookup,
    },
    Ended(Decision),
}

/// A calling number with what the called may see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Presented {
    /// The number.
    pub number: Digits,
    /// Whether the called may see it.
    pub number_presentation: Presentation,
    /// Whether the called may see the name.
    pub name_presentation: Presentation,
}

/// One lookup that is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hop {
    /// When it began: what is outside its hours then does not exist.
    pub at: WallTime,
    /// What was looked up.
    pub digits: Digits,
    /// Which number it was.
    pub by: NextHopBy,
    /// What was chosen.
    pub chosen: Option<PatternId>,
    /// Time that the interdigit timer ran to its end.
    pub waited: Duration,
    /// Why it ended when it did.
    pub why: Why,
    /// The called number after the pattern's change.
    pub called: Digits,
    /// The calling number after the pattern's change.
    pub calling: Digits,
}

/// Why a lookup ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The best match is urgent, so that longer numbers are not waited for.
    Urgent,
    /// Nothing longer is possible.
    Unambiguous,
    /// Something longer was possible, and no key came in time.
    Timeout,
    /// The number came as a whole.
    Complete,
    /// An earlier translation pattern, or the way the number came, rules out waiting.
    NoWait,
    /// `#` ended dialling.
    Terminator,
    /// Nothing matches, and nothing can.
    NoCandidate,
}

/// What an analysis wants next.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Progress<'a> {
    /// A key, or [`Analysis::timer_expired`] after the interdigit timer, which every key starts anew. No timer before the
    /// first key: how long somebody listens to dial tone is not for digit analysis to say.
    Collecting {
        /// The interdigit timer.
        timer: Option<Duration>,
    },
    /// [`Analysis::timer_expired`] after the interdigit timer; keys make no difference unless a parameter says so.
    Waiting {
        /// The interdigit timer.
        timer: Duration,
    },
    /// Nothing: it is decided.
    Decided(&'a Decision),
}

/// How it ended.
#[derive(Clone, PartialEq, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every analysis ends with the large one, and a box costs an allocation"
)]
pub enum Decision {
    /// A pattern that ends the search was found.
    Routed(Routed),
    /// A pattern forbids it.
    Blocked {
        /// Which.
        pattern: PatternId,
        /// What the caller is told.
        cause: Cause,
    },
    /// Nothing was found.
    Rejected(Reject),
}

/// The number's way is found.
#[derive(Clone, PartialEq, Debug)]
pub struct Routed {
    /// The pattern that decided.
    pub pattern: PatternId,
    /// The number as it entered that pattern.
    pub entered: Digits,
    /// The calling number as it entered that pattern.
    pub entered_calling: Presented,
    /// The called number after the pattern's change.
    pub called: Digits,
    /// The calling number after the pattern's change.
    pub calling: Presented,
    /// Codes to ask for.
    pub codes: CodesRequired,
    /// Whether an emergency service is called.
    pub emergency: Emergency,
}

/// Why nothing was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reject {
    /// No visible pattern takes the digits, or could with more of them.
    NoMatch,
    /// No visible pattern takes the digits; with more of them one could.
    Incomplete,
    /// More translations than are allowed, which is how a loop ends.
    TooManyTranslations,
    /// More digits than a number can have.
    TooLong,
}

impl Reject {
    /// What the caller is told.
    pub const fn cause(self) -> Cause {
        match self {
            Reject::NoMatch | Reject::Incomplete => Cause::UNALLOCATED_NUMBER,
            Reject::TooManyTranslations => Cause::EXCHANGE_ROUTING_ERROR,
            Reject::TooLong => Cause::INVALID_NUMBER_FORMAT,
        }
    }
}

impl Analysis {
    /// Begins; partitions with opening hours are judged by `at`, until [`Analysis::set_time`] says another time.
    pub fn begin(plan: &DialPlan, caller: Arc<Caller>, arrival: Arrival, at: WallTime) -> Self {
        let lookup = Lookup::new(plan, &caller.search_space, at, caller.zone.as_ref());
        let calling = Presented {
            number: caller.number,
            number_presentation: Presentation::Default,
            name_presentation: Presentation::Default,
        };
        Analysis {
            plan: plan.clone(),
            caller,
            arrival,
            now: at,
            state: State::Collecting { lookup },
            hops: Vec::with_capacity(HOPS),
            called: Digits::EMPTY,
            calling,
            keys_used: 0,
            translations: 0,
            no_more_waiting: false,
            emergency: Emergency::No,
        }
    }

    /// The whole analysis of a number that comes at once.
    pub fn of(plan: &DialPlan, caller: Arc<Caller>, arrival: Arrival, number: &Digits, at: WallTime) -> Self {
        let mut analysis = Self::begin(plan, caller, arrival, at);
        analysis.dial(number);
        analysis
    }

    /// The same caller dials this instead, key by key: a key was taken back.
    #[must_use]
    pub fn dialled_anew(&self, number: &Digits) -> Self {
        Self::of(&self.plan, Arc::clone(&self.caller), Arrival::KeyByKey, number, self.now)
    }

    /// Tells what time it is: lookups that begin from now on see the partitions that are open now, unless a parameter
    /// lets the time of the first lookup stand for all.
    pub fn set_time(&mut self, now: WallTime) {
        match self.plan.parameters().hours {
            HoursRule::EachLookup => self.now = now,
            HoursRule::FirstLookup => {}
        }
    }

    /// Takes a number: keys one by one, or the whole, as it arrives.
    pub fn dial(&mut self, number: &Digits) {
        match self.arrival {
            Arrival::KeyByKey => number.symbols().for_each(|symbol| self.key(symbol)),
            Arrival::EnBloc | Arrival::Application => self.whole(number, false),
            Arrival::ApplicationThroughSip => self.whole(number, true),
            Arrival::SpeedDial => {
                self.whole(number, self.plan.parameters().speed_dial == SpeedDialRule::AwaitFurtherDigits);
            }
        }
    }

    /// Takes one key. Keys after the decision belong to nobody.
    pub fn key(&mut self, symbol: Symbol) {
        match &mut self.state {
            State::Collecting { .. } => {}
            State::Waiting { .. } if self.plan.parameters().keys_on_later_hops == KeysOnLaterHops::Join => {}
            State::Waiting { .. } | State::Ended(_) => return,
        }
        self.keys_used += 1;
        let (State::Collecting { lookup } | State::Waiting { lookup }) = &mut self.state else { return };
        let ends = symbol == Symbol::HASH && self.plan.parameters().hash == HashRule::EndsDialling;
        if ends
            && !lookup.takes(&self.plan, symbol)
            && let Some(best) = lookup.best()
        {
            return self.choose(best, Why::Terminator, Duration::ZERO);
        }
        if lookup.key(&self.plan, symbol).is_err() {
            return self.reject(Reject::TooLong, Why::NoCandidate, Duration::ZERO);
        }
        match (lookup.best(), lookup.could_grow()) {
            (None, false) => self.reject(Reject::NoMatch, Why::NoCandidate, Duration::ZERO),
            (Some(best), false) => self.choose(best, Why::Unambiguous, Duration::ZERO),
            (Some(best), true) if self.ends_at_once(best) => self.choose(best, Why::Urgent, Duration::ZERO),
            (None | Some(_), true) => {}
        }
    }

    /// The interdigit timer ran out.
    pub fn timer_expired(&mut self) {
        let waited = self.plan.parameters().interdigit_timer;
        match &self.state {
            State::Collecting { lookup } | State::Waiting { lookup } => match lookup.best() {
                Some(best) => self.choose(best, Why::Timeout, waited),
                None => self.reject(Reject::Incomplete, Why::Timeout, waited),
            },
            State::Ended(_) => {}
        }
    }

    /// No more digits will come: the number is what it is. Ends the collection without a wait.
    pub fn complete(&mut self) {
        match &self.state {
            State::Collecting { lookup } => match lookup.best() {
                Some(best) => self.choose(best, Why::Complete, Duration::ZERO),
                None => self.reject(Reject::Incomplete, Why::NoCandidate, Duration::ZERO),
            },
            State::Waiting { .. } | State::Ended(_) => {}
        }
    }

    /// What it wants next.
    pub fn progress(&self) -> Progress<'_> {
        let timer = self.plan.parameters().interdigit_timer;
        match &self.state {
            State::Collecting { lookup } => {
                Progress::Collecting { timer: (!lookup.digits().is_empty()).then_some(timer) }
            }
            State::Waiting { .. } => Progress::Waiting { timer },
            State::Ended(decision) => Progress::Decided(decision),
        }
    }

    /// The decision, when there is one.
    pub const fn decision(&self) -> Option<&Decision> {
        match &self.state {
            State::Ended(decision) => Some(decision),
            State::Collecting { .. } | State::Waiting { .. } => None,
        }
    }

    /// The lookups that are over, in order.
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }

    /// Keys that were read before it was decided; later ones belong to nobody.
    pub const fn keys_used(&self) -> usize {
        self.keys_used
    }

    /// The plan it works with.
    pub const fn plan(&self) -> &DialPlan {
        &self.plan
    }

    /// Who dials.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Digits that the lookup under way has.
    pub const fn digits(&self) -> Option<&Digits> {
        match &self.state {
            State::Collecting { lookup } | State::Waiting { lookup } => Some(lookup.digits()),
            State::Ended(_) => None,
        }
    }

    fn whole(&mut self, number: &Digits, awaits_more: bool) {
        self.keys_used = number.len();
        let State::Collecting { lookup } = &mut self.state else { return };
        let mut before_hash = None;
        for (index, symbol) in number.symbols().enumerate() {
            let last = index + 1 == number.len();
            let ends = last && symbol == Symbol::HASH;
            let ends = ends && self.plan.parameters().hash == HashRule::EndsDialling;
            if ends && !lookup.takes(&self.plan, symbol) {
                before_hash = lookup.judge(&self.plan);
            }
            if lookup.eat(&self.plan, symbol).is_err() {
                return self.reject(Reject::TooLong, Why::NoCandidate, Duration::ZERO);
            }
        }
        let best = lookup.judge(&self.plan);
        let grows = lookup.could_grow();
        match best {
            None => {
                if let Some(best) = before_hash {
                    lookup.forget_hash();
                    return self.choose(best, Why::Terminator, Duration::ZERO);
                }
                if awaits_more && grows {
                    return;
                }
                let reject = if grows { Reject::Incomplete } else { Reject::NoMatch };
                self.reject(reject, Why::NoCandidate, Duration::ZERO);
            }
            // Keys that follow a speed dial join it, as those of somebody who dials by hand would.
            Some(best) if awaits_more && grows && !self.ends_at_once(best) => {}
            Some(best) => self.choose(best, Why::Complete, Duration::ZERO),
        }
    }

    fn ends_at_once(&self, best: PatternId) -> bool {
        let urgent = |id: PatternId| self.plan.pattern(id).is_some_and(|pattern| pattern.urgent);
        match self.plan.parameters().urgent {
            UrgentRule::ClosestOnly => urgent(best),
            UrgentRule::AnyMatch => {
                let (State::Collecting { lookup } | State::Waiting { lookup }) = &self.state else {
                    return urgent(best);
                };
                let mut any = false;
                lookup.full_matches(&self.plan, |id| any |= urgent(id));
                any
            }
        }
    }

    /// A later lookup: the whole number at once, but it may wait.
    fn look_up(&mut self, by: NextHopBy, space: &SearchSpace) {
        let number = match by {
            NextHopBy::Called => self.called,
            NextHopBy::Calling => self.calling.number,
        };
        let mut lookup = Lookup::new(&self.plan, space, self.now, self.caller.zone.as_ref());
        lookup.by = by;
        for symbol in number.symbols() {
            // The number fitted before; it fits here.
            let _ = lookup.eat(&self.plan, symbol);
        }
        let best = lookup.judge(&self.plan);
        let grows = lookup.could_grow();
        let Some(best) = best else {
            self.state = State::Collecting { lookup };
            let reject = if grows { Reject::Incomplete } else { Reject::NoMatch };
            return self.reject(reject, Why::NoCandidate, Duration::ZERO);
        };
        self.state = State::Waiting { lookup };
        let came_whole = match self.arrival {
            Arrival::KeyByKey | Arrival::ApplicationThroughSip | Arrival::SpeedDial => false,
            Arrival::EnBloc | Arrival::Application => {
                self.plan.parameters().en_bloc_hops == EnBlocHops::Complete
            }
        };
        if !grows {
            self.choose(best, Why::Unambiguous, Duration::ZERO);
        } else if self.ends_at_once(best) {
            self.choose(best, Why::Urgent, Duration::ZERO);
        } else if self.no_more_waiting || came_whole {
            self.choose(best, Why::NoWait, Duration::ZERO);
        }
    }

    /// The lookup under way ends with a pattern.
    fn choose(&mut self, pattern: PatternId, why: Why, waited: Duration) {
        let (State::Collecting { lookup } | State::Waiting { lookup }) = &self.state else { return };
        let (at, digits, by) = (lookup.at, *lookup.digits(), lookup.by);
        let plan = self.plan.clone();
        let Some(row) = plan.pattern(pattern) else { return };
        // A lookup by the calling number leaves the called number as it was.
        if by == NextHopBy::Called {
            self.called = digits;
        }
        let matched = (by == NextHopBy::Called).then_some((&row.pattern, row.filter.as_ref()));
        let entered = (self.called, self.calling);
        let mut next = None;
        match &row.action {
            Action::Line(_) | Action::Hunt { .. } | Action::Service(_) | Action::Feature(_) => {
                self.end_at(pattern, entered, CodesRequired::default());
            }
            Action::Block(cause) => self.state = State::Ended(Decision::Blocked { pattern, cause: *cause }),
            Action::Route(route) => {
                self.change_for(route, matched);
                self.end_at(pattern, entered, route.codes);
            }
            Action::Translate(translation) => {
                self.translations += 1;
                if self.translations > plan.parameters().translations_max {
                    self.state = State::Ended(Decision::Rejected(Reject::TooManyTranslations));
                } else {
                    self.translate(translation, matched);
                    next = Some(translation);
                }
            }
        }
        let (called, calling) = (self.called, self.calling.number);
        self.hops.push(Hop { at, digits, by, chosen: Some(pattern), waited, why, called, calling });
        if let Some(translation) = next {
            let caller = Arc::clone(&self.caller);
            let space = match &translation.next {
                NextSearchSpace::Own(space) => space,
                NextSearchSpace::Originator => &caller.search_space,
            };
            self.look_up(translation.next_hop_by, space);
        }
    }

    fn translate(&mut self, translation: &Translation, matched: Option<Matched<'_>>) {
        self.called = translation.called.apply(matched, self.called, |_| {});
        self.calling = self.calling.changed(&translation.calling, self.caller.external_mask.as_ref());
        if translation.wait == WaitOnNextHops::Never {
            self.no_more_waiting = true;
        }
        if translation.emergency == Emergency::Yes {
            self.emergency = Emergency::Yes;
        }
    }

    fn change_for(&mut self, route: &RoutePattern, matched: Option<Matched<'_>>) {
        self.called = route.called.apply(matched, self.called, |_| {});
        self.calling = self.calling.changed(&route.calling, self.caller.external_mask.as_ref());
        if route.emergency == Emergency::Yes {
            self.emergency = Emergency::Yes;
        }
        // An emergency service has to be able to call back, and to see where the caller is.
        if self.emergency == Emergency::Yes
            && let Some(number) = self.caller.emergency_number
        {
            self.calling.number = number;
            self.calling.number_presentation = Presentation::Allowed;
        }
    }

    fn end_at(&mut self, pattern: PatternId, entered: (Digits, Presented), codes: CodesRequired) {
        self.state = State::Ended(Decision::Routed(Routed {
            pattern,
            entered: entered.0,
            entered_calling: entered.1,
            called: self.called,
            calling: self.calling,
            codes,
            emergency: self.emergency,
        }));
    }

    fn reject(&mut self, reject: Reject, why: Why, waited: Duration) {
        if let State::Collecting { lookup } | State::Waiting { lookup } = &self.state {
            let (at, digits, by) = (lookup.at, *lookup.digits(), lookup.by);
            let (called, calling) = (self.called, self.calling.number);
            self.hops.push(Hop { at, digits, by, chosen: None, waited, why, called, calling });
        }
        self.state = State::Ended(Decision::Rejected(reject));
    }
}

impl Presented {
    /// After a pattern's change of the calling number.
    #[must_use]
    pub fn changed(&self, change: &crate::transform::CallingChange, external: Option<&Mask>) -> Self {
        Presented {
            number: change.apply(external, self.number, |_| {}),
            number_presentation: self.number_presentation.changed(change.number_presentation),
            name_presentation: self.name_presentation.changed(change.name_presentation),
        }
    }
}

type Matched<'p> = (&'p crate::pattern::Pattern, Option<&'p crate::national::RouteFilter>);

/// Lookups of most calls.
const HOPS: usize = 4;
