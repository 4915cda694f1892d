use std::collections::BTreeMap;

use super::*;
use crate::Rng;

/// A key, and what is known to be the same by its address only.
type Pair = (u32, Arc<u32>);

impl Row for Pair {
    type Key<'k> = u32;

    fn compare(&self, key: u32) -> Ordering {
        self.0.cmp(&key)
    }

    fn order(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.1, &other.1)
    }
}

type Model = BTreeMap<u32, Arc<u32>>;

fn sorted(keys: impl Iterator<Item = u32>) -> (Sorted<Pair>, Model) {
    let model: Model = keys.map(|key| (key, Arc::new(key))).collect();
    (model.iter().map(|(key, value)| (*key, Arc::clone(value))).collect(), model)
}

fn insert(table: &mut Sorted<Pair>, model: &mut Model, key: u32, value: u32) {
    let value = Arc::new(value);
    let was = model.insert(key, Arc::clone(&value));
    assert_eq!(table.insert((key, value)).map(|(_, was)| was), was, "put in {key}");
}

fn remove(table: &mut Sorted<Pair>, model: &mut Model, key: u32) {
    assert_eq!(table.remove(key).map(|(_, was)| was), model.remove(&key), "taken out {key}");
}

/// The table says what the model says, and its chunks are as they have to be.
fn check(table: &Sorted<Pair>, model: &Model) {
    assert_eq!(table.len(), model.len());
    assert!(table.iter().map(|(key, value)| (key, value)).eq(model));
    for chunk in table.chunks.iter() {
        assert!((1..=MOST).contains(&chunk.len()), "a chunk of {}", chunk.len());
        assert!(
            chunk.capacity() <= 2 * chunk.len() + 2 * STEP && chunk.capacity() <= MOST,
            "room for {}",
            chunk.capacity()
        );
    }
    let rows = table.iter();
    assert!(rows.size_hint().0 <= model.len() && rows.size_hint().1 >= Some(model.len()));
}

/// The comparison tells what a look at everything tells.
fn check_differences(after: (&Sorted<Pair>, &Model), before: (&Sorted<Pair>, &Model)) {
    let told: Vec<(u32, Option<&u32>, Option<&u32>)> = after
        .0
        .differences(before.0)
        .map(|difference| match difference {
            Difference::Added(row) => (row.0, None, Some(&*row.1)),
            Difference::Removed(row) => (row.0, Some(&*row.1), None),
            Difference::Changed { before, after } => (after.0, Some(&*before.1), Some(&*after.1)),
        })
        .collect();
    let mut keys: Vec<u32> = before.1.keys().chain(after.1.keys()).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    let same = |key: &u32| match (before.1.get(key), after.1.get(key)) {
        (Some(was), Some(is)) => Arc::ptr_eq(was, is),
        (None, _) | (_, None) => false,
    };
    let found = |model: &'_ Model, key| model.get(&key).map(|value| **value);
    let expected: Vec<(u32, Option<u32>, Option<u32>)> = keys
        .into_iter()
        .filter(|key| !same(key))
        .map(|key| (key, found(before.1, key), found(after.1, key)))
        .collect();
    assert!(
        told.iter().map(|(key, was, is)| (*key, was.copied(), is.copied())).eq(expected),
        "told {told:?}"
    );
}

#[test]
fn every_single_change_is_right_at_every_size() {
    for size in [0, 1, 2, 3, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128, 129, 191, 192, 193] {
        let (before, model) = sorted((0..size).map(|key| key * 2 + 1));
        check(&before, &model);
        for key in 0..=size * 2 + 1 {
            let (mut after, mut changed) = (before.clone(), model.clone());
            insert(&mut after, &mut changed, key, 1_000_000);
            check(&after, &changed);
            check_differences((&after, &changed), (&before, &model));
            check_differences((&before, &model), (&after, &changed));
            let (mut after, mut changed) = (before.clone(), model.clone());
            remove(&mut after, &mut changed, key);
            check(&after, &changed);
            check_differences((&after, &changed), (&before, &model));
            assert_eq!(before.get(key).map(|(_, value)| value), model.get(&key));
            if size > 129 {
                continue;
            }
            assert!(before.from(key).map(|row| &row.0).eq(model.range(key..).map(|row| row.0)));
            assert!(before.after(key).map(|row| &row.0).eq(model.range(key + 1..).map(|row| row.0)));
        }
        check(&before, &model);
    }
}

#[test]
fn random_histories_are_those_of_a_map() {
    for seed in 0..8 {
        let mut rng = Rng::new(seed);
        let span = [40, 300, 3_000, 100_000][(seed % 4) as usize];
        let (mut table, mut model) = sorted((0..rng.below(600)).map(|_| rng.below(span) as u32));
        let mut kept: Vec<(Sorted<Pair>, Model)> = vec![(table.clone(), model.clone())];
        // Whole stretches come and go, so that chunks are split, become one and vanish.
        for round in 0..40 {
            let (growing, first) = (rng.one_in(2), rng.below(span) as u32);
            for step in 0..rng.below(150) as u32 {
                let key = if rng.one_in(4) { rng.below(span) as u32 } else { first + step };
                if growing != rng.one_in(8) {
                    insert(&mut table, &mut model, key, round * 1_000 + step);
                } else {
                    remove(&mut table, &mut model, key);
                }
            }
            check(&table, &model);
            while kept.len() > 3 {
                kept.swap_remove(rng.below(4) as usize);
            }
            for (earlier, its) in &kept {
                check_differences((&table, &model), (earlier, its));
                check_differences((earlier, its), (&table, &model));
            }
            if rng.one_in(3) {
                kept.push((table.clone(), model.clone()));
                // Versions that came from one another by different ways are compared as well.
                let at = rng.below(kept.len() as u64) as usize;
                if rng.one_in(2) {
                    (table, model) = kept.swap_remove(at);
                }
            }
        }
        for (earlier, its) in &kept {
            check(earlier, its);
        }
    }
}

#[test]
fn a_table_that_is_emptied_and_filled_is_whole_at_every_moment() {
    for step in [1, 37, 999] {
        let (mut table, mut model) = (Sorted::new(), Model::new());
        for key in 0..1_000 {
            insert(&mut table, &mut model, key * step % 1_000, key);
            check(&table, &model);
        }
        for key in 0..1_000 {
            remove(&mut table, &mut model, key * step % 1_000);
            check(&table, &model);
        }
    }
}

#[test]
fn of_rows_with_one_key_the_last_stays() {
    let rows = [(3, 1), (1, 2), (3, 3), (2, 4), (1, 5), (3, 6)];
    let table: Sorted<Pair> = rows.into_iter().map(|(key, value)| (key, Arc::new(value))).collect();
    assert!(table.iter().map(|(key, value)| (*key, **value)).eq([(1, 5), (2, 4), (3, 6)]));
    assert_eq!(table.len(), 3);
}

#[test]
fn a_change_copies_one_chunk_and_a_row_that_nobody_shares_none() {
    let (before, model) = sorted(0..10_000);
    let (mut after, mut changed) = (before.clone(), model.clone());
    insert(&mut after, &mut changed, 5_000, 1);
    let shared = |one: &Sorted<Pair>, other: &Sorted<Pair>| {
        one.chunks.iter().filter(|chunk| other.chunks.iter().any(|other| Arc::ptr_eq(chunk, other))).count()
    };
    assert_eq!((before.chunks.len(), shared(&after, &before)), (105, 104));
    let addresses = |table: &Sorted<Pair>| table.chunks.iter().map(Arc::as_ptr).collect::<Vec<_>>();
    drop(before);
    let chunks = addresses(&after);
    insert(&mut after, &mut changed, 7_000, 2);
    remove(&mut after, &mut changed, 100);
    assert_eq!(addresses(&after), chunks);
    check(&after, &changed);
}

#[test]
fn rows_that_come_in_order_leave_no_room() {
    let (mut table, mut model) = (Sorted::new(), Model::new());
    for key in 0..1_280 {
        insert(&mut table, &mut model, key, key);
    }
    check(&table, &model);
    assert_eq!(table.chunks.len(), 10);
}
