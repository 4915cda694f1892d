//! Digit analysis against a naive one that is written straight from the rules and knows no automaton: over thousands of
//! random plans and diallings both give the same answers, after the same key and for the same reason.

#![expect(clippy::unwrap_used, reason = "a test")]

mod clock;
mod engine;
mod matcher;
mod model;
mod national;
mod plans;

use std::collections::BTreeMap;

use engine::Engine;
use matcher::Negated;
use model::Model;
use plans::{Dialling, Dice, Event, Plan};
use strowger_dialplan::{DialPlan, DialPlanBuilder, PatternId};

fn check(seed: u64, size: usize, diallings: usize) {
    let dice = &mut Dice(seed);
    let plan = plans::plan(dice, size);
    let engine = Engine::of(&plan);
    let model = Model::new(&plan);
    for _ in 0..diallings {
        let dialling = plans::dialling(dice, &plan);
        let (expect, found) = (model.analyse(&dialling), engine.analyse(&dialling));
        for (step, (expect, found)) in expect.iter().zip(&found).enumerate() {
            assert_eq!(
                found, expect,
                "seed {seed}, {dialling:?}, step {step}: the analysis (left) and the rules (right) differ in\n{plan:?}"
            );
        }
        assert_eq!(found.len(), expect.len(), "seed {seed}");
    }
}

#[test]
fn small_plans_are_analysed_as_the_rules_say() {
    (0..2500).for_each(|seed| check(seed, 8, 8));
}

#[test]
fn larger_plans_are_analysed_as_the_rules_say() {
    (1_000_000..1_000_250).for_each(|seed| check(seed, 60, 10));
}

/// Rows come and go; whatever their order, the plan is the one that would be built afresh, and snapshots stay.
#[test]
fn a_changed_plan_is_the_plan_built_afresh_and_old_snapshots_keep_their_answers() {
    for seed in 0..150 {
        let dice = &mut Dice(seed);
        let whole = plans::plan(dice, 40);
        let mut rows = Vec::new();
        let mut ids: BTreeMap<String, PatternId> = BTreeMap::new();
        let mut builder = engine::empty(&whole);
        let mut snapshots: Vec<Snapshot> = Vec::new();
        for _ in 0..80 {
            let row = dice.pick(&whole.rows);
            match ids.remove(&row.name) {
                Some(id) => {
                    assert_eq!(*builder.remove(id).unwrap().name, *row.name, "seed {seed}");
                    assert!(builder.remove(id).is_none(), "seed {seed}: {} went twice", row.name);
                    rows.retain(|other: &plans::Row| other.name != row.name);
                }
                None => {
                    ids.insert(row.name.clone(), engine::add(&mut builder, &row).unwrap());
                    assert!(engine::add(&mut builder, &row).is_err(), "seed {seed}: {} came twice", row.name);
                    rows.push(row.clone());
                }
            }
            if dice.one_in(10) && !rows.is_empty() {
                let plan = builder.build();
                let described = Plan { rows: rows.clone(), ..whole.clone() };
                snapshots.push(Snapshot::of(dice, described, plan.clone()));
                builder = DialPlanBuilder::from(&plan);
            }
        }
        for snapshot in snapshots {
            let fresh = Engine::of(&snapshot.described);
            let kept = Engine::with(&snapshot.described, snapshot.plan.clone());
            assert_eq!(snapshot.plan.len(), snapshot.described.rows.len(), "seed {seed}");
            for (dialling, then) in &snapshot.answers {
                assert_eq!(
                    &kept.analyse(dialling),
                    then,
                    "seed {seed}: an old snapshot changed, {dialling:?}"
                );
                assert_eq!(
                    &fresh.analyse(dialling),
                    then,
                    "seed {seed}, {dialling:?} in {:#?}",
                    snapshot.described
                );
            }
        }
    }
}

/// A plan with the answers that it gave when it was made.
struct Snapshot {
    described: Plan,
    plan: DialPlan,
    answers: Vec<(Dialling, Vec<model::Seen>)>,
}

impl Snapshot {
    fn of(dice: &mut Dice, described: Plan, plan: DialPlan) -> Self {
        let engine = Engine::with(&described, plan.clone());
        let answer = |_| {
            let dialling = plans::dialling(dice, &described);
            let answer = engine.analyse(&dialling);
            (dialling, answer)
        };
        let answers = (0..6).map(answer).collect();
        Snapshot { described, plan, answers }
    }
}

/// The generator reaches what it is there for: every reason, and long chains.
#[test]
fn the_random_diallings_reach_every_reason() {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut hops_max = 0;
    for seed in 0..300 {
        let dice = &mut Dice(seed);
        let plan = plans::plan(dice, 12);
        let model = Model::new(&plan);
        for _ in 0..8 {
            let mut dialling = plans::dialling(dice, &plan);
            dialling.events.retain(|(_, event)| *event != Event::Complete);
            let end = model.analyse(&dialling).pop().unwrap();
            hops_max = hops_max.max(end.hops.len());
            for hop in &end.hops {
                let why = hop.split(' ').find(|word| word.starts_with(|c: char| "UTCN".contains(c)));
                *reasons.entry(why.unwrap().to_owned()).or_default() += 1;
            }
            let end = end.end.unwrap();
            let kind = if end.starts_with("rejected") { end } else { "found".to_owned() };
            *reasons.entry(kind).or_default() += 1;
        }
    }
    let rare: Vec<_> = reasons.iter().filter(|(_, count)| **count < 5).collect();
    assert!(reasons.len() == 11 && rare.is_empty() && hops_max == 5, "{hops_max} {reasons:#?}");
}

/// Every choice makes a difference to some of the random diallings, and national numbers are among those that arrive.
#[test]
fn the_random_diallings_reach_every_choice() {
    type Toggle = (&'static str, fn(&mut Plan));
    let toggles: [Toggle; 9] = [
        ("any_urgent", |plan| plan.any_urgent ^= true),
        ("wait_after_en_bloc", |plan| plan.wait_after_en_bloc ^= true),
        ("hash_is_digit", |plan| plan.hash_is_digit ^= true),
        ("keys_join", |plan| plan.keys_join ^= true),
        ("speed_dial_awaits", |plan| plan.speed_dial_awaits ^= true),
        ("newest_wins", |plan| plan.newest_wins ^= true),
        ("hours_once", |plan| plan.hours_once ^= true),
        ("any_period", |plan| plan.any_period ^= true),
        ("negated", |plan| {
            plan.negated = match plan.negated {
                Negated::Digits => Negated::DigitsStarAndHash,
                Negated::DigitsStarAndHash => Negated::Digits,
            };
        }),
    ];
    let mut differ: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..300 {
        let dice = &mut Dice(seed);
        let plan = plans::plan(dice, 12);
        let diallings: Vec<Dialling> = (0..12).map(|_| plans::dialling(dice, &plan)).collect();
        let answers = |plan: &Plan| -> Vec<Vec<model::Seen>> {
            let model = Model::new(plan);
            diallings.iter().map(|dialling| model.analyse(dialling)).collect()
        };
        let usual = answers(&plan);
        for (name, toggle) in &toggles {
            let mut other = plan.clone();
            toggle(&mut other);
            let differs = answers(&other).iter().zip(&usual).filter(|(one, other)| one != other).count();
            *differ.entry(name).or_default() += differs;
        }
        let national = |row: &&plans::Row| row.pattern.contains('@');
        let rows: Vec<String> =
            plan.rows.iter().filter(national).map(|row| format!(" {} ", row.name)).collect();
        let hops = usual.iter().filter_map(|seen| seen.last()).flat_map(|seen| &seen.hops);
        *differ.entry("national").or_default() +=
            hops.filter(|hop| rows.iter().any(|row| hop.contains(row))).count();
    }
    let rare: Vec<_> = differ.iter().filter(|(_, count)| **count < 3).collect();
    assert!(differ.len() == toggles.len() + 1 && rare.is_empty(), "{differ:?}");
}
