//! A sorted table by name whose copies share what they have in common.
//!
//! What an operator can set is kept in such tables: a change of one row of a hundred thousand makes a new table
//! without touching the others, and whoever holds the old one keeps it as it was.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;

/// Rows by name, sorted. A copy is one reference; a changed copy shares all rows but those that were changed.
#[derive(Clone)]
pub struct Table<T> {
    rows: OrdMap<Arc<str>, Row<T>>,
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
        Table { rows: OrdMap::new() }
    }

    /// The row of this name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.rows.get(name).map(|row| &*row.0)
    }

    /// The row of this name, with the name as the table has it.
    pub fn get_key_value(&self, name: &str) -> Option<(&str, &T)> {
        self.rows.get_key_value(name).map(|(name, row)| (&**name, &*row.0))
    }

    /// Whether there is a row of this name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.rows.contains_key(name)
    }

    /// Puts a row in, in place of one of the same name; true when there was one.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, row: T) -> bool {
        self.rows.insert(name.into(), Row(Arc::new(row))).is_some()
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
        self.rows.get_mut(name).map(|row| Arc::make_mut(&mut row.0))
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
        self.rows.iter().map(|(name, row)| (&**name, &*row.0))
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
        let beyond = (Bound::Excluded(name), Bound::<&str>::Unbounded);
        self.rows.range::<_, str>(beyond).map(|(name, row)| (&**name, &*row.0))
    }

    /// What was put in, taken out or put in again since this table was `before`, by name.
    ///
    /// It walks along both and compares where rows are, not what they say: some milliseconds for a hundred thousand. The crate's own
    /// comparison, which skips what two maps share, leaves changes out (imbl 6.1).
    pub fn changes_since<'t>(&'t self, before: &'t Table<T>) -> impl Iterator<Item = TableChange<'t, T>> {
        let mut changes = Vec::new();
        let (mut old, mut new) = (before.rows.iter().peekable(), self.rows.iter().peekable());
        while let (Some((was, _)), Some((is, _))) = (old.peek(), new.peek()) {
            match was.cmp(is) {
                Ordering::Less => {
                    changes.extend(old.next().map(|(name, row)| TableChange::Removed(name, &*row.0)))
                }
                Ordering::Greater => {
                    changes.extend(new.next().map(|(name, row)| TableChange::Added(name, &*row.0)))
                }
                Ordering::Equal => {
                    if let (Some((_, before)), Some((name, after))) = (old.next(), new.next())
                        && !Arc::ptr_eq(&before.0, &after.0)
                    {
                        changes.push(TableChange::Changed { name, before: &*before.0, after: &*after.0 });
                    }
                }
            }
        }
        changes.extend(old.map(|(name, row)| TableChange::Removed(name, &*row.0)));
        changes.extend(new.map(|(name, row)| TableChange::Added(name, &*row.0)));
        changes.into_iter()
    }
}

/// A row is the same as long as nobody put another one in its place: tables share it.
struct Row<T>(Arc<T>);

impl<T> Clone for Row<T> {
    fn clone(&self) -> Self {
        Row(Arc::clone(&self.0))
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: Into<Arc<str>>, T> FromIterator<(N, T)> for Table<T> {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(rows: I) -> Self {
        Table { rows: rows.into_iter().map(|(name, row)| (name.into(), Row(Arc::new(row)))).collect() }
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
