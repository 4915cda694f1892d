//! A sorted table by name whose copies share what they have in common.
//!
//! What an operator can set is kept in such tables: a change of one row of a hundred thousand makes a new table
//! without touching the others, and whoever holds the old one keeps it as it was.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::sorted::{Difference, Row, Sorted};

/// Rows by name, sorted. A copy is one reference; a changed copy shares all rows but those that were changed.
pub struct Table<T> {
    rows: Sorted<Named<T>>,
}

/// How a row of a table differs from an earlier one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TableChange<'t, T> {
    /// It is new.
    Added(&'t str, &'t T),
    /// It was put in again; it may say the same as before.
    Changed {
        /// Its name.
        name: &'t str,
        /// As it was.
        before: &'t T,
        /// As it is.
        after: &'t T,
    },
    /// It is gone.
    Removed(&'t str, &'t T),
}

impl<T> Table<T> {
    /// A table without rows.
    pub fn new() -> Self {
        Table { rows: Sorted::new() }
    }

    /// The row of this name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.rows.get(name).map(|Named(_, row)| &**row)
    }

    /// The row of this name, with the name as the table has it.
    pub fn get_key_value(&self, name: &str) -> Option<(&str, &T)> {
        self.rows.get(name).map(Named::parts)
    }

    /// Whether there is a row of this name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.rows.get(name).is_some()
    }

    /// Puts a row in, in place of one of the same name; true when there was one.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, row: T) -> bool {
        self.rows.insert(Named(name.into(), Arc::new(row))).is_some()
    }

    /// Takes a row out; true when it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        self.rows.remove(name).is_some()
    }

    /// The row of this name, to be changed; other tables keep it as it was.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut T>
    where
        T: Clone,
    {
        self.rows.get_mut(name).map(|Named(_, row)| Arc::make_mut(row))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All rows by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> + Clone {
        self.rows.iter().map(Named::parts)
    }

    /// All names, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.iter().map(|(name, _)| name)
    }

    /// All rows, by their names.
    pub fn values(&self) -> impl Iterator<Item = &T> + Clone {
        self.iter().map(|(_, row)| row)
    }

    /// The rows whose names come after this one.
    pub fn after(&self, name: &str) -> impl Iterator<Item = (&str, &T)> {
        self.rows.after(name).map(Named::parts)
    }

    /// What was put in, taken out or put in again since this table was `before`, by name.
    ///
    /// It compares where rows are, not what they say, and only where the two share no chunk: a change of one row costs some
    /// microseconds, however many there are.
    pub fn changes_since<'t>(&'t self, before: &'t Table<T>) -> impl Iterator<Item = TableChange<'t, T>> {
        self.rows.differences(&before.rows).map(|difference| match difference {
            Difference::Added(Named(name, row)) => TableChange::Added(name, &**row),
            Difference::Removed(Named(name, row)) => TableChange::Removed(name, &**row),
            Difference::Changed { before, after } => {
                TableChange::Changed { name: &after.0, before: &*before.1, after: &*after.1 }
            }
        })
    }
}

/// A row with its name. It is the same as long as nobody put another one in its place: tables share it.
struct Named<T>(Arc<str>, Arc<T>);

impl<T> Named<T> {
    fn parts(&self) -> (&str, &T) {
        (&self.0, &self.1)
    }
}

impl<T> Row for Named<T> {
    type Key<'k> = &'k str;

    fn compare(&self, name: &str) -> Ordering {
        (*self.0).cmp(name)
    }

    fn order(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.1, &other.1)
    }
}

impl<T> Clone for Named<T> {
    fn clone(&self) -> Self {
        Named(Arc::clone(&self.0), Arc::clone(&self.1))
    }
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Table { rows: self.rows.clone() }
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: Into<Arc<str>>, T> FromIterator<(N, T)> for Table<T> {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(rows: I) -> Self {
        Table { rows: rows.into_iter().map(|(name, row)| Named(name.into(), Arc::new(row))).collect() }
    }
}

impl<T: fmt::Debug> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(table: &Table<u32>) -> Vec<&str> {
        table.keys().collect()
    }

    #[test]
    fn every_change_among_many_rows_is_told() {
        let name = |number: u32| format!("{:08x}", number.wrapping_mul(0x9e37_79b9));
        let before: Table<u32> = (0..3_000).map(|number| (name(number), number)).collect();
        for number in 0..3_000 {
            let check = |after: &Table<u32>, expect: TableChange<'_, u32>| {
                assert_eq!(after.changes_since(&before).collect::<Vec<_>>(), [expect]);
            };
            let (old, new) = (name(number), name(number + 10_000));
            let mut after = before.clone();
            after.insert(old.as_str(), number + 1);
            check(&after, TableChange::Changed { name: &old, before: &number, after: &(number + 1) });
            let mut after = before.clone();
            after.remove(&old);
            check(&after, TableChange::Removed(&old, &number));
            let mut after = before.clone();
            after.insert(new.as_str(), number);
            check(&after, TableChange::Added(&new, &number));
        }
    }

    #[test]
    fn a_changed_copy_leaves_the_other_as_it_was() {
        let before: Table<u32> = [("1002", 2), ("1001", 1), ("1003", 3)].into_iter().collect();
        let mut after = before.clone();
        after.insert("1000", 0);
        assert!(after.remove("1002") && !after.remove("1002"));
        if let Some(row) = after.get_mut("1003") {
            *row = 30;
        }
        assert_eq!(names(&before), ["1001", "1002", "1003"]);
        assert_eq!(names(&after), ["1000", "1001", "1003"]);
        assert_eq!((before.get("1003"), after.get("1003")), (Some(&3), Some(&30)));
        assert_eq!(after.after("1000").map(|(name, _)| name).collect::<Vec<_>>(), ["1001", "1003"]);
        let changes: Vec<_> = after.changes_since(&before).collect();
        let expected = [
            TableChange::Added("1000", &0),
            TableChange::Removed("1002", &2),
            TableChange::Changed { name: "1003", before: &3, after: &30 },
        ];
        assert_eq!(changes, expected);
        assert_eq!(before.changes_since(&before.clone()).count(), 0);
    }
}
