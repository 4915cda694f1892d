//! The crate under test, in the words of the model.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::{Cause, WallTime};
use strowger_dialplan::schedule::{
    Days, Hours, MonthDay, PartitionZone, Precedence, TimeOfDay, TimePeriod, Weekday, Zone,
};
use strowger_dialplan::{
    Action, Analysis, Arrival, CalledChange, Caller, CallingChange, Decision, DialPlan, DialPlanBuilder,
    Digits, EnBlocHops, ExternalMask, HashRule, Hop, HoursRule, KeysOnLaterHops, NegatedSetRule, NextHopBy,
    NextSearchSpace, NumberPattern, OpeningHours, Parameters, Pattern, PatternId, PlanError, Progress,
    RoutePattern, RouteTarget, SpeedDialRule, Symbol, TieRule, Translation, UrgentRule, WaitOnNextHops,
};

use super::clock;
use super::matcher::Negated;
use super::model::Seen;
use super::plans::{Change, Dialling, Does, Event, How, PARTITIONS, Plan, Row, T302};

/// A plan and who dials in it.
pub(crate) struct Engine {
    plan: DialPlan,
    caller: Arc<Caller>,
}

/// A plan with its partitions, and no rows.
pub(crate) fn empty(plan: &Plan) -> DialPlanBuilder {
    let mut builder = DialPlanBuilder::new(Parameters {
        interdigit_timer: Duration::from_secs(15),
        translations_max: plan.translations_max,
        urgent: if plan.any_urgent { UrgentRule::AnyMatch } else { UrgentRule::ClosestOnly },
        en_bloc_hops: if plan.wait_after_en_bloc { EnBlocHops::Wait } else { EnBlocHops::Complete },
        hash: if plan.hash_is_digit { HashRule::Digit } else { HashRule::EndsDialling },
        keys_on_later_hops: if plan.keys_join { KeysOnLaterHops::Join } else { KeysOnLaterHops::Ignored },
        speed_dial: if plan.speed_dial_awaits {
            SpeedDialRule::AwaitFurtherDigits
        } else {
            SpeedDialRule::Complete
        },
        ties: if plan.newest_wins { TieRule::Newest } else { TieRule::Oldest },
        hours: if plan.hours_once { HoursRule::FirstLookup } else { HoursRule::EachLookup },
        negated_set: negated_set(plan),
    });
    for partition in PARTITIONS {
        let hours = plan.hours.get(partition).map(|hours| opening_hours(hours, plan.any_period));
        builder.partition(partition, hours).unwrap();
    }
    builder
}

fn negated_set(plan: &Plan) -> NegatedSetRule {
    match plan.negated {
        Negated::Digits => NegatedSetRule::Digits,
        Negated::DigitsStarAndHash => NegatedSetRule::DigitsStarAndHash,
    }
}

fn opening_hours(hours: &clock::Hours, any_period: bool) -> OpeningHours {
    let date = |day: i64| MonthDay::new(11, u8::try_from(day).unwrap()).unwrap();
    let time = |minute: i64| TimeOfDay::new((minute / 60) as u8, (minute % 60) as u8).unwrap();
    let period = |period: &clock::Period| {
        let days = match &period.days {
            clock::Days::Week(days) => {
                Days::Week(days.iter().map(|day| Weekday::ALL[*day as usize]).collect())
            }
            clock::Days::Year(first, last) => Days::Year { first: date(*first), last: date(*last) },
        };
        let hours = match period.hours {
            Some((from, to)) => Hours::Between { start: time(from), end: time(to) },
            None => Hours::NoOfficeHours,
        };
        TimePeriod::new("hours", hours, days).unwrap()
    };
    let zone = match hours.zone {
        Some(zone) => PartitionZone::Fixed(zone_of(zone)),
        None => PartitionZone::OriginatingDevice,
    };
    let precedence = if any_period { Precedence::AnyPeriod } else { Precedence::DayOfYear };
    OpeningHours::new(hours.periods.iter().map(period).collect(), zone, precedence).unwrap()
}

fn zone_of(zone: usize) -> Zone {
    Zone::named(clock::ZONES[zone].0).unwrap()
}

fn at(second: u64) -> WallTime {
    WallTime::from_micros(second * 1_000_000)
}

/// Adds a row.
pub(crate) fn add(builder: &mut DialPlanBuilder, row: &Row) -> Result<PatternId, PlanError> {
    let action = match &row.does {
        Does::Ring => Action::Line("line".into()),
        Does::Block(cause) => Action::Block(Cause(*cause)),
        Does::Route { called, calling } => Action::from(RoutePattern {
            called: called_change(called),
            calling: calling_change(calling),
            ..RoutePattern::to(RouteTarget::Trunk("trunk".into()))
        }),
        Does::Translate { css, called, calling, by_calling, no_wait } => {
            let next = match css {
                None => NextSearchSpace::Originator,
                Some(css) => NextSearchSpace::Own(builder.search_space_of("", css.iter().copied()).unwrap()),
            };
            Action::from(Translation {
                called: called_change(called),
                calling: calling_change(calling),
                next_hop_by: if *by_calling { NextHopBy::Calling } else { NextHopBy::Called },
                wait: if *no_wait { WaitOnNextHops::Never } else { WaitOnNextHops::AsUsual },
                ..Translation::to(next)
            })
        }
    };
    let what = NumberPattern {
        name: row.name.as_str().into(),
        urgent: row.urgent,
        filter: (!row.filter.is_empty()).then(|| row.filter.parse().unwrap()),
        ..NumberPattern::new(Pattern::read(&row.pattern, builder.rules().negated_set).unwrap(), action)
    };
    builder.add(row.partition, what)
}

fn called_change(change: &Change) -> CalledChange {
    let national = !change.national.is_empty();
    let words =
        [(change.pre_dot, "PreDot"), (national, change.national), (change.trailing_hash, "Trailing-#")];
    let words: Vec<&str> = words.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
    CalledChange {
        discard: words.join(" ").parse().unwrap(),
        mask: change.mask.map(|mask| mask.parse().unwrap()),
        prefix: Digits::parse(change.prefix).unwrap(),
    }
}

fn calling_change(change: &Change) -> CallingChange {
    CallingChange {
        external_mask: if change.external_mask { ExternalMask::On } else { ExternalMask::Default },
        mask: change.mask.map(|mask| mask.parse().unwrap()),
        prefix: Digits::parse(change.prefix).unwrap(),
        ..CallingChange::default()
    }
}

impl Engine {
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut builder = empty(plan);
        for row in &plan.rows {
            add(&mut builder, row).unwrap();
        }
        Engine::with(plan, builder.build())
    }

    /// For the same caller, but a plan that was made already.
    pub(crate) fn with(described: &Plan, plan: DialPlan) -> Self {
        let space = |css: &[&'static str]| plan.search_space_of(css.iter().copied()).unwrap();
        let seen = space(&described.line_css).before(&space(&described.device_css));
        let mut caller = Caller::new(Digits::parse(&described.caller).unwrap(), seen);
        caller.zone = described.zone.map(zone_of);
        caller.external_mask = described.external_mask.map(|mask| mask.parse().unwrap());
        Engine { plan, caller: Arc::new(caller) }
    }

    /// What is to be seen after each event, and in the end.
    pub(crate) fn analyse(&self, dialling: &Dialling) -> Vec<Seen> {
        let arrival = match dialling.whole {
            None => Arrival::KeyByKey,
            Some((How::EnBloc, _)) => Arrival::EnBloc,
            Some((How::Application, _)) => Arrival::Application,
            Some((How::ApplicationThroughSip, _)) => Arrival::ApplicationThroughSip,
            Some((How::SpeedDial, _)) => Arrival::SpeedDial,
        };
        let mut analysis = Analysis::begin(&self.plan, Arc::clone(&self.caller), arrival, at(dialling.start));
        let mut now = dialling.start;
        let mut all = Vec::new();
        if let Some((_, number)) = &dialling.whole {
            analysis.dial(&Digits::parse(number).unwrap());
            all.push(look(&analysis));
        }
        for (passes, event) in &dialling.events {
            now += passes;
            analysis.set_time(at(now));
            match event {
                Event::Key(key) => analysis.key(Symbol::new(*key as u8).unwrap()),
                Event::Expiry => analysis.timer_expired(),
                Event::Complete => analysis.complete(),
            }
            all.push(look(&analysis));
        }
        for _ in 0..10 {
            now += T302;
            analysis.set_time(at(now));
            analysis.timer_expired();
        }
        all.push(look(&analysis));
        all
    }
}

fn look(analysis: &Analysis) -> Seen {
    let plan = analysis.plan();
    let name = |id: PatternId| plan.pattern(id).unwrap().name.to_string();
    let end = analysis.decision().map(|decision| match decision {
        Decision::Routed(routed) => {
            format!("{} {} {}", name(routed.pattern), routed.called, routed.calling.number)
        }
        Decision::Blocked { pattern, cause } => format!("{} blocks {}", name(*pattern), cause.0),
        Decision::Rejected(reject) => format!("rejected {reject:?} {}", reject.cause().0),
    });
    let hop = |hop: &Hop| {
        let by = match hop.by {
            NextHopBy::Called => "",
            NextHopBy::Calling => "by calling ",
        };
        let Hop { digits, chosen, why, waited, called, calling, .. } = hop;
        let chosen = chosen.map_or("-".to_owned(), name);
        format!("{by}{digits} {chosen} {why:?} {} -> {called} {calling}", waited.as_millis())
    };
    let candidates = analysis.candidates();
    assert!(
        candidates.iter().enumerate().all(|(index, candidate)| (index > 0) == candidate.lost_by.is_some())
    );
    Seen {
        end,
        keys_used: analysis.keys_used(),
        hops: analysis.hops().iter().map(hop).collect(),
        digits: analysis.digits().map(|digits| digits.to_string()),
        candidates: candidates.iter().map(|c| (name(c.pattern), c.breadth, c.partition_rank)).collect(),
        growing: analysis.potential(3, 1000).count,
        timer: match analysis.progress() {
            Progress::Collecting { timer } => timer == Some(Duration::from_secs(15)),
            Progress::Waiting { timer } => timer == Duration::from_secs(15),
            Progress::Decided(_) => false,
        },
    }
}
