//! What is wrong with a setting: where, what, and what would do.

use std::fmt;

use crate::Kind;

/// Where in an object a setting stands, such as `forwards.busy.number` or `members[2]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Path(Vec<Segment>);

/// One step of a [`Path`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Segment {
    /// A setting of this name.
    Setting(Box<str>),
    /// The entry of a list, counted from 0.
    Entry(usize),
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Which setting; the object as a whole when empty.
    pub path: Path,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What is wrong, with what would do instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// It must be given.
    Missing {
        /// What is expected.
        expected: String,
    },
    /// It holds something else than it may.
    Unexpected {
        /// What was found, as JSON; nothing for a secret.
        found: String,
        /// What is expected.
        expected: String,
    },
    /// There is no setting of this name.
    UnknownSetting {
        /// The one that was probably meant.
        nearest: Option<&'static str>,
        /// All that there are.
        known: Vec<&'static str>,
    },
    /// It names an object that does not exist.
    NoSuchObject {
        /// Of which kind.
        kind: Kind,
        /// What was found.
        found: String,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// Something else has the same key.
    Taken {
        /// Of which kind.
        kind: Kind,
        /// The key.
        key: String,
    },
    /// It is used by others and cannot go.
    InUse {
        /// Some of those that use it, as `kind "key"`.
        by: Vec<String>,
        /// How many there are.
        count: usize,
    },
    /// It contradicts another setting or object.
    Contradiction {
        /// A sentence.
        why: String,
    },
}

impl Path {
    /// The way to the object as a whole.
    pub const fn new() -> Self {
        Path(Vec::new())
    }

    /// The steps from the object down.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The way to a setting here.
    #[must_use]
    pub fn setting(mut self, name: &str) -> Self {
        self.0.push(Segment::Setting(name.into()));
        self
    }

    pub(crate) fn push(&mut self, segment: Segment) {
        self.0.push(segment);
    }

    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Setting(name) if at == 0 => f.write_str(name)?,
                Segment::Setting(name) => write!(f, ".{name}")?,
                Segment::Entry(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Missing { expected } => write!(f, "is missing; expected {expected}"),
            Wrong::Unexpected { found, expected } if found.is_empty() => write!(f, "expected {expected}"),
            Wrong::Unexpected { found, expected } => write!(f, "is {found}, expected {expected}"),
            Wrong::UnknownSetting { nearest: Some(nearest), .. } => {
                write!(f, "is no setting; did you mean {nearest}?")
            }
            Wrong::UnknownSetting { nearest: None, known } => {
                write!(f, "is no setting; there are: {}", known.join(", "))
            }
            Wrong::NoSuchObject { kind, found, nearest } => {
                write!(f, "names the {} {found:?}, which does not exist", kind.title())?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean {nearest:?}?"),
                    None => f.write_str("; add it, or name another"),
                }
            }
            Wrong::Taken { kind, key } => {
                write!(f, "is {key:?}, which another {} has already; change one of the two", kind.title())
            }
            Wrong::InUse { by, count } => {
                let more = count.saturating_sub(by.len());
                write!(f, "is used by {}", by.join(", "))?;
                if more > 0 {
                    write!(f, " and {more} more")?;
                }
                f.write_str("; change those first, or in the same change")
            }
            Wrong::Contradiction { why } => f.write_str(why),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.segments().is_empty() {
            write!(f, "it {}", self.wrong)
        } else {
            write!(f, "{} {}", self.path, self.wrong)
        }
    }
}

/// The candidate that `text` was probably meant to be: the closest by edits, if it is close.
pub(crate) fn nearest<'c>(text: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let allowed = (text.chars().count() / 3).max(1);
    let near = candidates.into_iter().filter_map(|candidate| {
        let distance = edits(text, candidate, allowed)?;
        Some((distance, candidate))
    });
    near.min().map(|(_, candidate)| candidate)
}

/// How many characters must be put in, taken out, changed or swapped with their neighbour; `None` beyond `most`.
fn edits(one: &str, other: &str, most: usize) -> Option<usize> {
    let one: Vec<char> = one.chars().flat_map(char::to_lowercase).collect();
    let other: Vec<char> = other.chars().flat_map(char::to_lowercase).collect();
    if one.len().abs_diff(other.len()) > most || one.len().max(other.len()) > LONGEST_COMPARED {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&row, j) + usize::from(a != b)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            if i > 0 && j > 0 && one.get(i - 1) == Some(b) && other.get(j - 1) == Some(a) {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().filter(|distance| *distance <= most)
}

/// Longer texts are not compared: nobody mistypes them by a letter.
const LONGEST_COMPARED: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_probably_meant() {
        fn check(text: &str, candidates: &[&str], expect: Option<&str>) {
            assert_eq!(nearest(text, candidates.iter().copied()), expect, "{text}");
        }
        check("pattern", &["partition", "pattern"], Some("pattern"));
        check("patern", &["partition", "pattern"], Some("pattern"));
        check("Intrenal", &["internal", "external"], Some("internal"));
        check("busy_tigger", &["busy_trigger", "calls_max"], Some("busy_trigger"));
        check("colour", &["name", "description"], None);
        check("", &["name"], None);
        check("1001", &["1002", "2001"], Some("1002"));
    }

    #[test]
    fn a_path_reads_like_the_file() {
        let mut path = Path::new().setting("forwards").setting("busy");
        path.push(Segment::Entry(2));
        assert_eq!(path.to_string(), "forwards.busy[2]");
        assert_eq!(Path::new().to_string(), "");
    }
}
