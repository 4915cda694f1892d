//! What is wrong with a setting: where, what, and what would do.

use std::fmt;

pub(crate) use strowger_base::nearest::nearest;

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

    /// The way to an entry of the list here, counted from 0.
    #[must_use]
    pub fn entry(mut self, at: usize) -> Self {
        self.0.push(Segment::Entry(at));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_the_file() {
        let mut path = Path::new().setting("forwards").setting("busy");
        path.push(Segment::Entry(2));
        assert_eq!(path.to_string(), "forwards.busy[2]");
        assert_eq!(Path::new().to_string(), "");
    }
}
