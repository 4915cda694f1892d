//! Takes the figures of one plan, in this process.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use strowger_base::WallTime;
use strowger_dialplan::{Analysis, Arrival, Caller, Decision, DialPlan, DialPlanBuilder};

use super::plans::{self, Generated, Kind, Number, Row};
use super::{Figures, Spread};

/// Numbers that are looked up in a round.
const NUMBERS: usize = 10_000;
/// Numbers whose time is taken together: less than a millisecond, so that other programs disturb few of them.
const CHUNK: usize = 500;
/// Rounds; the median of all their chunks counts.
const ROUNDS: usize = 25;
/// Patterns in memory when memory is read, so that pages do not blur small plans.
const IN_MEMORY: usize = 200_000;

pub(super) fn figures(kind: Kind, patterns: usize, seed: u64, quick: bool) -> Result<Figures, String> {
    let rounds = if quick { 5 } else { ROUNDS };
    let generated = plans::generate(kind, patterns, NUMBERS, seed);
    let copies = (IN_MEMORY / patterns.max(1)).max(1);
    let before = resident();
    let plans: Vec<DialPlan> = (0..copies).map(|_| generated.build()).collect::<Result<_, _>>()?;
    let bytes = (resident() - before) / copies as f64;
    let builds = (0..5).map(|_| timed(|| generated.build().map(|plan| plan.len()))).collect();
    let Some(plan) = plans.into_iter().next() else { return Err("there is no plan".into()) };
    let callers = generated.callers(&plan)?;
    let lookups = check(&plan, &callers, &generated, Arrival::EnBloc)?;
    check(&plan, &callers, &generated, Arrival::KeyByKey)?;

    let digits: usize = generated.numbers.iter().map(|number| number.digits.len()).sum();
    let all: Vec<&Number> = generated.numbers.iter().collect();
    let mut of_length: BTreeMap<usize, Vec<&Number>> = BTreeMap::new();
    for number in generated.numbers.iter().filter(|number| number.winner.is_some()) {
        of_length.entry(number.digits.len()).or_default().push(number);
    }
    let analyse = |numbers: &[&Number], arrival: Arrival, nanos: &mut Vec<f64>| {
        for chunk in numbers.chunks(CHUNK) {
            let units = match arrival {
                Arrival::KeyByKey => chunk.iter().map(|number| number.digits.len()).sum(),
                _ => chunk.len(),
            };
            let taken = timed(|| {
                for number in chunk {
                    black_box(analysed(&plan, &callers, number, arrival));
                }
            });
            nanos.push(taken / units as f64);
        }
    };
    let (mut whole, mut key, mut add) = (Vec::new(), Vec::new(), Vec::new());
    let mut lengths: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for round in 0..rounds {
        analyse(&all, Arrival::EnBloc, &mut whole);
        analyse(&all, Arrival::KeyByKey, &mut key);
        add.push(add_one(&plan, &generated.rows, seed + round as u64)?);
        for (length, numbers) in &of_length {
            analyse(numbers, Arrival::EnBloc, lengths.entry(*length).or_default());
        }
    }
    Ok(Figures {
        patterns: plan.len(),
        build_nanos: Spread::of(builds).least,
        bytes,
        whole: Spread::of(whole),
        by_length: lengths.into_iter().map(|(length, rounds)| (length, Spread::of(rounds).median)).collect(),
        key: Spread::of(key),
        add: Spread::of(add),
        lookups: lookups as f64 / generated.numbers.len() as f64,
        digits: digits as f64 / generated.numbers.len() as f64,
    })
}

fn analysed(plan: &DialPlan, callers: &[Arc<Caller>], number: &Number, arrival: Arrival) -> Analysis {
    let caller = Arc::clone(&callers[number.caller]);
    Analysis::of(plan, caller, arrival, &number.digits, WallTime::default())
}

/// Compares every answer with the winner that the generator knows. Returns the lookups that were made.
fn check(
    plan: &DialPlan,
    callers: &[Arc<Caller>],
    generated: &Generated,
    arrival: Arrival,
) -> Result<usize, String> {
    let mut lookups = 0;
    for number in &generated.numbers {
        let mut analysis = analysed(plan, callers, number, arrival);
        analysis.timer_expired();
        let found = match analysis.decision() {
            Some(Decision::Routed(routed)) => plan.pattern(routed.pattern).map(|row| row.pattern.text()),
            Some(Decision::Blocked { .. } | Decision::Rejected(_)) | None => None,
        };
        if found != number.winner.as_deref() {
            let Number { digits, winner, .. } = number;
            return Err(format!("{digits} by {arrival:?}: expected {winner:?}, came {found:?}"));
        }
        lookups += analysis.hops().len();
    }
    Ok(lookups)
}

/// Nanoseconds to put one pattern more into a finished plan: the mean of some that come as neighbours of others.
fn add_one(plan: &DialPlan, rows: &[Row], seed: u64) -> Result<f64, String> {
    const ADDED: usize = 50;
    let mut dice = plans::Dice(seed);
    let mut nanos = 0.0;
    for _ in 0..ADDED {
        let Row { pattern, partition, .. } = &rows[dice.below(rows.len())];
        // In no random plan, since it is too long for one, and no extension.
        let pattern = format!("{pattern}0123456");
        let row = Row { pattern, partition: partition.clone(), urgent: false, does: plans::Does::Ring };
        let row = row.pattern().map_err(|error| error.to_string())?;
        let mut added = Err("nothing was added".to_owned());
        nanos += timed(|| {
            let mut builder = DialPlanBuilder::from(plan);
            let id = builder.add(partition, row);
            added = id.map(|_| builder.build()).map_err(|error| error.to_string());
        });
        if added?.len() != plan.len() + 1 {
            return Err("the new plan has not one pattern more".into());
        }
    }
    Ok(nanos / ADDED as f64)
}

fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let started = Instant::now();
    black_box(work());
    started.elapsed().as_nanos() as f64
}

/// Bytes of this process that lie in memory.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0
}
