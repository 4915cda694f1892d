//! What a line is called among lines.
//!
//! A number alone does not say which line is meant: the same number may be in several partitions, and is a line of its own in each.
//! So tables of lines are by [`LineName`], which is number and partition in one text: `1001`, or `1001 in Sales`. In a sorted table
//! the lines of one number stand together, the one in no partition first.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use crate::Table;

/// Which line: its number, and the partition that the number is in. A copy is one reference.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineName(Arc<str>);

impl LineName {
    /// The line of a number in a partition; in the null partition when that is empty.
    pub fn new(number: &str, partition: &str) -> Self {
        match partition {
            "" => LineName(Arc::from(number)),
            _ => LineName([number, IN, partition].concat().into()),
        }
    }

    /// Its name in one text, as it is displayed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its number.
    pub fn number(&self) -> &str {
        number_of(&self.0)
    }

    /// Its partition; empty for the null partition.
    pub fn partition(&self) -> &str {
        partition_of(&self.0)
    }
}

/// The partition of the line with this name; empty for the null partition, and of what is the name of no line.
pub fn partition_of(name: &str) -> &str {
    name.split_once(IN).map_or("", |(_, partition)| partition)
}

/// The number of the line with this name. Of what is the name of no line, such as a hunt pilot's number, it is that itself.
pub fn number_of(name: &str) -> &str {
    // No number holds a space.
    name.split_once(IN).map_or(name, |(number, _)| number)
}

/// The lines of a number, in the order of their partitions.
pub fn lines_of<'t, T>(lines: &'t Table<T>, number: &str) -> impl Iterator<Item = (&'t str, &'t T)> {
    let others = lines.after(number).take_while(move |(name, _)| number_of(name) == number);
    lines.get_key_value(number).into_iter().chain(others)
}

/// The name of a line as people are shown it: its number, as long as no other line has the same.
pub fn shown<'n, T>(lines: &Table<T>, name: &'n str) -> &'n str {
    let number = number_of(name);
    if number.len() == name.len() {
        return name;
    }
    let mut others = lines_of(lines, number).filter(|(other, _)| *other != name);
    if others.next().is_none() { number } else { name }
}

/// A line by its name.
impl From<&str> for LineName {
    fn from(name: &str) -> Self {
        LineName(Arc::from(name))
    }
}

impl From<LineName> for Arc<str> {
    fn from(name: LineName) -> Self {
        name.0
    }
}

impl Default for LineName {
    fn default() -> Self {
        LineName::from("")
    }
}

impl Borrow<str> for LineName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for LineName {
    fn eq(&self, name: &str) -> bool {
        *self.0 == *name
    }
}

impl AsRef<str> for LineName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for LineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// Between number and partition.
const IN: &str = " in ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_number_and_partition() {
        let check = |number: &str, partition: &str, expect: &str| {
            let name = LineName::new(number, partition);
            assert_eq!(name.as_str(), expect);
            assert_eq!((name.number(), name.partition()), (number, partition), "{expect}");
            assert_eq!(LineName::from(expect), name);
            assert_eq!(number_of(expect), number);
        };
        check("1001", "", "1001");
        check("1001", "Sales", "1001 in Sales");
        check("+14085551001", "Sales in Oslo", "+14085551001 in Sales in Oslo");
        check("alice", "in", "alice in in");
    }

    #[test]
    fn lines_of_a_number_stand_together_and_are_told_apart_only_then() {
        let names = ["100", "1001", "1001 in A", "1001 in B", "1001#", "1001*", "10010", "1002 in A"];
        let lines: Table<()> = names.into_iter().map(|name| (name, ())).collect();
        let check = |number: &str, expect: &[&str]| {
            assert_eq!(
                lines_of(&lines, number).map(|(name, ())| name).collect::<Vec<_>>(),
                expect,
                "{number}"
            );
        };
        check("1001", &["1001", "1001 in A", "1001 in B"]);
        check("1001#", &["1001#"]);
        check("1002", &["1002 in A"]);
        check("10", &[]);
        for (name, expect) in [
            ("100", "100"),
            ("1001", "1001"),
            ("1001 in B", "1001 in B"),
            ("1002 in A", "1002"),
            // Not there, as after a change of the configuration.
            ("1002 in B", "1002 in B"),
            ("1003 in B", "1003"),
        ] {
            assert_eq!(shown(&lines, name), expect, "{name}");
        }
    }
}
