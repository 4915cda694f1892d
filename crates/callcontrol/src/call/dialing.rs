//! The number is analysed: digits are collected where the device tells them one by one, and longer numbers are waited for
//! exactly as long as digit analysis says.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::journal::{
    Decision, DestinationView, Lookup, NotResolved, PatternKind, WhyLookupEnded, WhyRefused, WhyReleased,
};
use strowger_base::leg::{Digit, DigitsEnd, FurtherDigits, Setup, Signal, Target, Tone};
use strowger_base::{Cause, Command, FeatureNumber, LegId};
use strowger_dialplan::codes::CODE_DIGITS;
use strowger_dialplan::{
    Action, Addressed, Analysis, Arrival, Caller, Decision as Verdict, Digits, Emergency, Hop, NumberPattern,
    Progress, Reject, RouteTarget, Routed, Symbol, Why,
};

use super::asking::{Asking, Wanted};
use super::numbers::presented;
use super::way::{Hunting, LineWay, Routing, Way};
use super::{Facts, Opening, State, Step, TrunkList, authorizing, setup};
use crate::io::Reach;

/// Digits are still coming, or a longer number is waited for.
pub(super) struct Dialing {
    analysis: Box<Analysis>,
    /// Lookups that the journal has.
    told: usize,
    tone: Tone,
    outside_tone_given: bool,
}

/// Analyses the number that was asked for.
pub(super) fn begin(step: &mut Step<'_>, caller: Arc<Caller>) -> State {
    step.call_intercom_target();
    let called = step.normalised_called();
    let Ok(digits) = Digits::parse(&called) else { return by_name(step, &caller, &called) };
    let arrival = match step.facts.further_digits {
        // What a phone tells at once was dialled at once, so nothing is cut off at an urgent pattern; keys may follow.
        FurtherDigits::Keys if digits.len() > 1 => Arrival::ApplicationThroughSip,
        FurtherDigits::Keys | FurtherDigits::Again => Arrival::KeyByKey,
        FurtherDigits::None | FurtherDigits::Beyond if digits.is_empty() => {
            return unresolved(step, NotResolved::Malformed, Cause::INVALID_NUMBER_FORMAT);
        }
        FurtherDigits::None | FurtherDigits::Beyond => Arrival::EnBloc,
    };
    read(step, caller, arrival, &digits)
}

/// Analyses digits that arrive like this.
fn read(step: &mut Step<'_>, caller: Arc<Caller>, arrival: Arrival, digits: &Digits) -> State {
    let configuration = Arc::clone(&step.shared.configuration);
    let mut analysis = Analysis::begin(&configuration.plan, caller, arrival, step.now.wall);
    analysis.dial(digits);
    let dialing =
        Dialing { analysis: Box::new(analysis), told: 0, tone: Tone::Silence, outside_tone_given: false };
    if dialing.analysis.decision().is_none() {
        step.collect_digits();
    }
    dialing.proceed(step)
}

/// Analyses the number of a speed dial, which waits for further keys where the service parameter says so.
pub(super) fn from_speed_dial(step: &mut Step<'_>) -> State {
    let (caller, _) = setup::who_dials(step);
    step.facts.dials = Some(Arc::clone(&caller));
    if step.facts.further_digits == FurtherDigits::Again {
        step.facts.further_digits = FurtherDigits::None;
    }
    let called = step.normalised_called();
    match Digits::parse(&called) {
        Ok(digits) => read(step, caller, Arrival::SpeedDial, &digits),
        Err(_) => by_name(step, &caller, &called),
    }
}

/// Analyses the number to which the call is sent on; `caller` sees what the forward sees.
pub(super) fn forwarded(step: &mut Step<'_>, caller: Arc<Caller>, number: &str) -> State {
    let Ok(digits) = Digits::parse(number) else { return by_name(step, &caller, number) };
    if digits.is_empty() {
        return unresolved(step, NotResolved::Malformed, Cause::INVALID_NUMBER_FORMAT);
    }
    let plan = step.shared.configuration.plan.clone();
    let later = step.facts.later_hops;
    let analysis = Analysis::forwarded(&plan, caller, later, &digits, step.now.wall);
    let dialing =
        Dialing { analysis: Box::new(analysis), told: 0, tone: Tone::Silence, outside_tone_given: false };
    dialing.proceed(step)
}

impl Dialing {
    pub(super) fn signal(mut self, step: &mut Step<'_>, signal: Signal) -> State {
        if let Signal::Digit(Digit { key, .. }) = signal {
            let Some(symbol) = u8::try_from(key).ok().and_then(Symbol::new) else {
                return State::Dialing(self);
            };
            // What is keyed while a forward is looked up belongs to nobody.
            // Nor does what is longer than a number with all its codes.
            if step.facts.was_sent_on() || step.facts.called.len() >= KEYS_MAX {
                return State::Dialing(self);
            }
            step.facts.called = format!("{}{key}", step.facts.called).into();
            self.analysis.set_time(step.now.wall);
            return if self.reads(symbol) { self.proceed(step) } else { State::Dialing(self) };
        }
        if let Signal::DigitErased = signal {
            return self.erased(step);
        }
        if let Signal::DigitsEnded(end) = signal {
            return self.no_more_keys(step, end);
        }
        match step.before_ringing(signal) {
            Some(ended) => {
                step.shared.dialing.remove(&step.facts.protocol_call_id);
                ended
            }
            None => State::Dialing(self),
        }
    }

    /// The last key is taken back: the rest is analysed as if it had never been pressed.
    fn erased(mut self, step: &mut Step<'_>) -> State {
        let mut called = step.facts.called.to_string();
        if step.facts.further_digits != FurtherDigits::Keys
            || step.facts.was_sent_on()
            || called.pop().is_none()
        {
            return State::Dialing(self);
        }
        step.facts.called = called.into();
        let Ok(digits) = Digits::parse(&step.normalised_called()) else { return State::Dialing(self) };
        self.analysis.set_time(step.now.wall);
        self.analysis = Box::new(self.analysis.dialled_anew(&digits));
        self.told = 0;
        self.outside_tone_given = self.analysis.outside_dial_tone();
        self.proceed(step)
    }

    /// The device tells no more keys. A number that may have been meant to go on waits as it would for a slow finger, so that
    /// half a number is not called in haste; without a single key there is nothing to wait for.
    fn no_more_keys(mut self, step: &mut Step<'_>, end: DigitsEnd) -> State {
        let complete = match end {
            DigitsEnd::Complete => true,
            DigitsEnd::Lost => self.analysis.digits().is_some_and(|digits| digits.is_empty()),
        };
        // What was translated is waited for in any case (see `reads`).
        if !complete || !matches!(self.analysis.progress(), Progress::Collecting { .. }) {
            return State::Dialing(self);
        }
        self.analysis.set_time(step.now.wall);
        self.analysis.complete();
        self.proceed(step)
    }

    /// The device asks again with a longer number (RFC 3578 §3): what it asked before is answered 484, and only the new
    /// digits are analysed.
    pub(super) fn asked_again(mut self, step: &mut Step<'_>, leg: LegId, setup: Setup) -> State {
        let before = step.facts.caller;
        step.release(before, Cause::INVALID_NUMBER_FORMAT, WhyReleased::NumberIncomplete);
        let known = step.normalised_length();
        step.facts.ask_again(leg, setup, step.shared);
        step.adopt(leg);
        let more = step.normalised_beyond(known);
        self.analysis.set_time(step.now.wall);
        let mut read = false;
        for symbol in more.bytes().filter_map(Symbol::new) {
            read |= self.reads(symbol);
        }
        match self.analysis.progress() {
            // A translated number is waited for, and more digits are none of it.
            Progress::Waiting { .. } if !read => State::Dialing(self),
            // Digits that the trunk's settings take off are digits all the same: the timer begins anew.
            Progress::Collecting { .. } | Progress::Waiting { .. } | Progress::Decided(_) => {
                self.proceed(step)
            }
        }
    }

    /// Gives a key to the analysis; false when it does not read it, because a translated number is waited for: then it does
    /// not start the timer anew either. It may be part of a code.
    fn reads(&mut self, symbol: Symbol) -> bool {
        let before = self.analysis.keys_used();
        self.analysis.key(symbol);
        self.analysis.keys_used() > before
    }

    /// Whether a wish under this id, for this number, goes on with what is dialled here.
    pub(super) fn goes_on_with(facts: &Facts, setup: &Setup) -> bool {
        facts.further_digits == FurtherDigits::Again
            && !facts.was_sent_on()
            && facts.origin == setup.origin
            && setup.called.len() > facts.called.len()
            && setup.called.starts_with(&*facts.called)
    }

    /// The interdigit timer.
    pub(super) fn timeout(mut self, step: &mut Step<'_>) -> State {
        self.analysis.set_time(step.now.wall);
        self.analysis.timer_expired();
        self.proceed(step)
    }

    /// Does what the analysis wants now.
    fn proceed(mut self, step: &mut Step<'_>) -> State {
        for hop in self.analysis.hops().iter().skip(self.told) {
            looked_up(step, &self.analysis, hop);
        }
        self.told = self.analysis.hops().len();
        match self.analysis.progress() {
            Progress::Collecting { timer } => {
                match timer.or_else(|| self.first_digit_timer(step)) {
                    Some(timer) => self.wait(step, timer),
                    None => step.cancel_timer(),
                }
                self.sound(step);
                self.answer_incomplete(step);
                if step.facts.further_digits == FurtherDigits::Again {
                    step.shared.dialing.insert(step.facts.protocol_call_id.clone(), step.facts.id);
                }
                State::Dialing(self)
            }
            Progress::Waiting { timer } => {
                self.wait(step, timer);
                State::Dialing(self)
            }
            Progress::Decided(verdict) => {
                step.cancel_timer();
                step.shared.dialing.remove(&step.facts.protocol_call_id);
                let verdict = verdict.clone();
                if self.tone != Tone::Silence {
                    step.command(step.facts.caller, Command::Tone(Tone::Silence));
                }
                decided(step, &self.analysis, &verdict)
            }
        }
    }

    /// How long the first digit is waited for. Who listens to dial tone can hang up; of a device that asks again nothing is
    /// left once it was told that nothing does not do, so that without a timer the call would never end.
    fn first_digit_timer(&self, step: &Step<'_>) -> Option<Duration> {
        match step.facts.further_digits {
            FurtherDigits::Again => Some(self.analysis.plan().parameters().interdigit_timer),
            FurtherDigits::Keys | FurtherDigits::Beyond | FurtherDigits::None => None,
        }
    }

    /// A device that asks again with more digits is told at once that these do not do (RFC 3578 §3.1); where they would,
    /// its wish is kept until more come or the timer decides.
    fn answer_incomplete(&self, step: &mut Step<'_>) {
        if step.facts.further_digits == FurtherDigits::Again && self.analysis.candidates().is_empty() {
            let leg = step.facts.caller;
            step.release(leg, Cause::INVALID_NUMBER_FORMAT, WhyReleased::NumberIncomplete);
        }
    }

    fn wait(&self, step: &mut Step<'_>, timer: Duration) {
        let potential = self.analysis.potential(1, POTENTIAL_COUNTED);
        let pattern = |id| self.analysis.plan().pattern(id).map_or("", |row| row.pattern.text());
        let best = self.analysis.candidates().first().map(|best| pattern(best.pattern));
        let awaited = Decision::DigitsAwaited {
            digits: self.analysis.digits().map_or("", |digits| digits.as_str()),
            timer,
            best: best.unwrap_or_default(),
            potential: potential.count as u32,
            example: potential.first.first().map_or("", |id| pattern(*id)),
        };
        step.decide(None, awaited);
        step.set_timer(timer);
    }

    /// What somebody who dials key by key hears.
    fn sound(&mut self, step: &mut Step<'_>) {
        if step.facts.further_digits == FurtherDigits::Again {
            return;
        }
        let tone = match self.analysis.digits() {
            Some(digits) if digits.is_empty() => Tone::Dial,
            // Given once, as soon as it is clear that the call leaves; the next key silences it.
            Some(_) if !self.outside_tone_given && self.analysis.outside_dial_tone() => {
                self.outside_tone_given = true;
                Tone::OutsideDial
            }
            Some(_) | None => Tone::Silence,
        };
        if tone != self.tone {
            self.tone = tone;
            step.command(step.facts.caller, Command::Tone(tone));
        }
    }
}

fn looked_up(step: &mut Step<'_>, analysis: &Analysis, hop: &Hop) {
    let plan = analysis.plan();
    let row = hop.chosen.and_then(|id| plan.pattern(id));
    let lookup = Lookup {
        digits: &hop.digits,
        pattern: row.map_or("", |row| row.pattern.text()),
        partition: hop.chosen.map_or("", |id| plan.partition_of(id)),
        kind: row.map_or(PatternKind::None, kind),
        why: why(hop.why),
        waited: hop.waited,
        called: &hop.called,
        calling: &hop.calling,
    };
    step.out.decide(step.now, step.facts.id, None, Decision::LookedUp(lookup));
}

fn decided(step: &mut Step<'_>, analysis: &Analysis, verdict: &Verdict) -> State {
    match verdict {
        Verdict::Routed(routed) => this_way(step, analysis, routed),
        Verdict::Blocked { pattern, cause } => {
            let partition = analysis.plan().partition_of(*pattern);
            let pattern = analysis.plan().pattern(*pattern).map_or("", |row| row.pattern.text());
            announced_by(step, partition, pattern);
            unresolved(step, NotResolved::Blocked { pattern, cause: *cause }, *cause)
        }
        Verdict::Rejected(reject) => {
            let why = match reject {
                Reject::NoMatch => NotResolved::NoMatch,
                Reject::Incomplete => NotResolved::Incomplete,
                Reject::TooManyTranslations => NotResolved::TooManyTranslations,
                Reject::TooLong => NotResolved::Malformed,
            };
            // Whoever grows its number may have been told 484 already (RFC 3578 §3.1): the record says the same.
            let was_told = !step.shared.legs.contains_key(&step.facts.caller);
            let cause = match reject {
                Reject::Incomplete if was_told => Cause::INVALID_NUMBER_FORMAT,
                Reject::Incomplete | Reject::NoMatch | Reject::TooManyTranslations | Reject::TooLong => {
                    reject.cause()
                }
            };
            unresolved(step, why, cause)
        }
    }
}

/// What the operator lets callers hear of a pattern that blocks.
fn announced_by(step: &mut Step<'_>, partition: &str, pattern: &str) {
    let announcements = &step.shared.configuration.pattern_announcements;
    if !announcements.is_empty() {
        step.facts.blocked_by = announcements.get(&(partition.into(), pattern.into())).copied();
    }
}

/// The number's way is known: it is written down, and the call takes it as soon as the codes that it asks for are there.
fn this_way(step: &mut Step<'_>, analysis: &Analysis, routed: &Routed) -> State {
    let action = analysis.plan().pattern(routed.pattern).map(|row| &row.action);
    if let Some(refused) = action.and_then(|action| step.intercom_bars(action)) {
        return refused;
    }
    if !step.facts.was_sent_on() {
        step.facts.translated = routed.entered.as_str().into();
        step.facts.later_hops = analysis.later_hops();
    }
    step.facts.sent = routed.called.as_str().into();
    // What another route made of it was for its trunk.
    if let Some(came) = step.facts.came.take() {
        step.facts.calling = came;
    }
    if matches!(action, Some(Action::Route(_))) {
        step.facts.came = Some(step.facts.calling.clone());
    }
    // A number that no pattern changed stays as it came, letters and all.
    if routed.calling.number != analysis.caller().number {
        step.facts.calling.number = routed.calling.number.as_str().into();
    }
    if routed.emergency == Emergency::Yes {
        step.tell_emergency();
    }
    if routed.codes.any() {
        return authorizing::begin(step, analysis, routed);
    }
    onward(step, analysis, routed)
}

/// The call takes its way; nothing more is asked.
pub(super) fn onward(step: &mut Step<'_>, analysis: &Analysis, routed: &Routed) -> State {
    step.stop_collecting();
    let plan = analysis.plan().clone();
    let Some(row) = plan.pattern(routed.pattern) else {
        return unresolved(step, NotResolved::NoMatch, Cause::UNALLOCATED_NUMBER);
    };
    if let Action::Hunt { list } = &row.action {
        presented(&mut step.facts.calling, &routed.calling);
        return Hunting::enter(step, row.pattern.text(), &row.name, list);
    }
    if let Action::Route(route) = &row.action
        && let RouteTarget::RouteList(name) = &route.to
    {
        let list = step.shared.configuration.route_lists.get(name).map(Arc::clone);
        let Some(list) = list else { return not_offered(step, "a route list that is not configured") };
        // Each member says for itself what is shown of who calls.
        return through(step, row.pattern.text(), &list, analysis);
    }
    presented(&mut step.facts.calling, &routed.calling);
    act(step, row.pattern.text(), &row.action)
}

/// The call goes through a route list.
fn through(step: &mut Step<'_>, pattern: &str, list: &Arc<TrunkList>, analysis: &Analysis) -> State {
    let decision = Decision::NumberResolved {
        digits: step.facts.wanted(),
        pattern,
        sent: &step.facts.sent,
        destination: DestinationView::RouteList(list.name()),
    };
    step.out.decide(step.now, step.facts.id, None, decision);
    step.facts.final_called = step.facts.sent.clone();
    Routing::enter(step, list, analysis)
}

/// A name instead of a number.
fn by_name(step: &mut Step<'_>, caller: &Caller, name: &str) -> State {
    let configuration = Arc::clone(&step.shared.configuration);
    let found = configuration.plan.named(&caller.search_space, name, step.now.wall, caller.zone.as_ref());
    let Some(Addressed { text, action, .. }) = found else {
        return unresolved(step, NotResolved::NoMatch, Cause::UNALLOCATED_NUMBER);
    };
    if let Some(refused) = step.intercom_bars(action) {
        return refused;
    }
    if let Action::Route(route) = action
        && route.codes.any()
    {
        return not_offered(step, "codes behind a name, which is not keyed in");
    }
    if !step.facts.was_sent_on() {
        step.facts.translated = name.into();
    }
    step.facts.sent = name.into();
    act(step, text, action)
}

/// The call goes where a pattern or name leads.
fn act(step: &mut Step<'_>, pattern: &str, action: &Action) -> State {
    match action {
        Action::Line(line) => {
            resolved(step, pattern, DestinationView::Line(step.shown(line.as_str())));
            step.remember_called();
            LineWay::enter(step, line)
        }
        Action::Route(route) => match &route.to {
            RouteTarget::Trunk(trunk) => to_trunk(step, pattern, trunk),
            // Numbers go through lists; see `through`.
            RouteTarget::RouteList(_) => not_offered(step, "a route list behind a name"),
        },
        Action::Service(service) => {
            resolved(step, pattern, DestinationView::Service(**service));
            alone(step, Target::Service(**service))
        }
        Action::Hunt { list } => Hunting::enter(step, pattern, pattern, list),
        Action::Feature(feature) => asks(step, pattern, feature),
        Action::Translate(_) => not_offered(step, "translations of names"),
        Action::Block(cause) => unresolved(step, NotResolved::Blocked { pattern, cause: *cause }, *cause),
    }
}

/// The call asks for a feature.
fn asks(step: &mut Step<'_>, pattern: &str, feature: &FeatureNumber) -> State {
    resolved(step, pattern, DestinationView::Feature(feature.code.word()));
    step.facts.final_called = step.facts.sent.clone();
    let wanted = Wanted::by(feature, &step.facts.sent);
    Asking::begin(step, wanted)
}

/// Writes down where the number leads.
fn resolved(step: &mut Step<'_>, pattern: &str, destination: DestinationView<'_>) {
    let (digits, sent) = (step.facts.wanted(), &*step.facts.sent);
    let decision = Decision::NumberResolved { digits, pattern, sent, destination };
    step.out.decide(step.now, step.facts.id, None, decision);
}

fn to_trunk(step: &mut Step<'_>, pattern: &str, trunk: &str) -> State {
    resolved(step, pattern, DestinationView::Trunk(trunk));
    if step.shared.configuration.trunks.get(trunk).is_none_or(|trunk| trunk.is_there) {
        return alone(step, Target::Trunk(trunk.into()));
    }
    step.refuse(Cause::NO_ROUTE_TO_DESTINATION, WhyRefused::TrunkNotThere { trunk })
}

/// The call goes to one trunk or service, and nowhere else.
pub(super) fn alone(step: &mut Step<'_>, target: Target) -> State {
    step.facts.final_called = step.facts.sent.clone();
    step.facts.way = Way::Alone;
    Opening::prepare(step, vec![target], Reach::Direct)
}

pub(super) fn not_offered(step: &mut Step<'_>, what: &str) -> State {
    unresolved(step, NotResolved::NotOffered { what }, Cause::FACILITY_REJECTED)
}

fn unresolved(step: &mut Step<'_>, why: NotResolved<'_>, cause: Cause) -> State {
    let decision = Decision::NumberNotResolved { digits: step.facts.wanted(), why };
    step.out.decide(step.now, step.facts.id, None, decision);
    if step.shared.calls_by_intercom(&step.facts.origin) {
        return step.refuse_intercom();
    }
    step.refuse(cause, WhyRefused::NumberNotResolved)
}

const fn kind(row: &NumberPattern) -> PatternKind {
    match row.action {
        Action::Line(_) => PatternKind::Line,
        Action::Translate(_) => PatternKind::Translation,
        Action::Route(_) => PatternKind::Route,
        Action::Hunt { .. } => PatternKind::HuntPilot,
        Action::Service(_) => PatternKind::Service,
        Action::Feature(_) => PatternKind::Feature,
        Action::Block(_) => PatternKind::Block,
    }
}

const fn why(why: Why) -> WhyLookupEnded {
    match why {
        Why::Urgent => WhyLookupEnded::Urgent,
        Why::Unambiguous => WhyLookupEnded::Unambiguous,
        Why::Timeout => WhyLookupEnded::Timeout,
        Why::Complete => WhyLookupEnded::Complete,
        Why::NoWait => WhyLookupEnded::NoWait,
        Why::Terminator => WhyLookupEnded::Terminator,
        Why::NoCandidate => WhyLookupEnded::NoCandidate,
    }
}

/// Keys that are kept of one dialling: the longest number, and two codes with `#` behind each.
const KEYS_MAX: usize = Digits::LENGTH_MAX + 2 * (CODE_DIGITS + 1);
/// Patterns that are counted for the journal; more are "many".
const POTENTIAL_COUNTED: usize = 100;
