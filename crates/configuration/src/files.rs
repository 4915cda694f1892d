//! The configuration as TOML files, one for each kind: what is exported, edited, looked at and applied.
//!
//! A file holds tables named like a kind, `[[line]]`; which file they stand in does not matter when they are read.

mod read;
mod source;
mod write;

use std::collections::BTreeSet;
use std::fmt;

use crate::problem::Segment;
use crate::proposal::{Mistake, Scope, Wanted};
use crate::reader::Vault;
use crate::{Id, Kind, Operation, Problem, Refusal, State, Wrong};

use source::Source;

/// A file of a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// Its name, relative to the directory.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// What the files of a directory want, with where it stands in them.
#[derive(Debug)]
pub struct Document<'f> {
    files: Vec<Source<'f>>,
    wanted: Vec<Wanted>,
    origins: Vec<Origin>,
    mistakes: Vec<FileMistake>,
    /// Names in what could not be read: who refers to them is not told that they do not exist.
    unread: BTreeSet<String>,
    /// Settings whose value could not be read, which was told: by position in what is wanted.
    skipped: BTreeSet<(usize, Box<str>)>,
}

/// Where an object stands.
#[derive(Clone, Copy, Debug)]
struct Origin {
    /// Which of the files.
    file: usize,
    /// Which of the tables of its kind there.
    table: usize,
}

/// Something that is wrong with a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct FileMistake {
    /// The name of the file.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1; of a table of comma-separated values the cell in its row.
    pub column: usize,
    /// What is wrong and what would do.
    pub sentence: String,
}

impl State {
    /// The whole configuration as files: in the order of kinds and names, without what is default.
    pub fn export(&self) -> Vec<File> {
        let there = Kind::ALL.iter().filter(|kind| self.of_kind(**kind).next().is_some());
        there.map(|kind| write::file(self, *kind)).collect()
    }
}

impl<'f> Document<'f> {
    /// Reads files of which all can be read.
    ///
    /// # Errors
    /// Everything that is no TOML or no kind of object, in all files.
    pub fn read(files: &'f [File]) -> Result<Self, Vec<FileMistake>> {
        let document = Document::of(files);
        if document.mistakes.is_empty() { Ok(document) } else { Err(document.mistakes) }
    }

    /// Reads what can be read. What is wrong with one table, or with the syntax of one file, hides nothing of the others: all of
    /// it comes from [`Document::mistakes`], and there is nothing to propose as long as there is any.
    pub fn of(files: &'f [File]) -> Self {
        let mut document = Document {
            files: files.iter().map(Source::new).collect(),
            wanted: Vec::new(),
            origins: Vec::new(),
            mistakes: Vec::new(),
            unread: BTreeSet::new(),
            skipped: BTreeSet::new(),
        };
        for (at, file) in files.iter().enumerate() {
            read::file(at, file, &mut document);
        }
        document.mistakes.sort();
        document
    }

    /// What is wanted.
    pub fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    /// What is wrong with the files themselves.
    pub fn mistakes(&self) -> &[FileMistake] {
        &self.mistakes
    }

    /// What is wrong with the files themselves and with what they want, in the order of places. Left out is what only follows
    /// from what could not be read.
    pub fn with_mistakes(&self, found: &[Mistake]) -> Vec<FileMistake> {
        let found = found.iter().filter(|mistake| !self.follows(mistake)).map(|mistake| self.locate(mistake));
        let mut all: Vec<FileMistake> = self.mistakes.iter().cloned().chain(found).collect();
        all.sort();
        all
    }

    /// Whether a mistake is only there because something else could not be read.
    fn follows(&self, mistake: &Mistake) -> bool {
        let Problem { path, wrong } = &mistake.problem;
        let is_skipped = match path.segments().first() {
            Some(Segment::Setting(name)) => self.skipped.contains(&(mistake.wanted, name.clone())),
            Some(Segment::Entry(_)) | None => false,
        };
        is_skipped
            || match wrong {
                Wrong::NoSuchObject { kind, found, .. } => {
                    let (_, name) = crate::state::split(*kind, found);
                    self.unread.contains(name)
                }
                Wrong::Missing { .. }
                | Wrong::Unexpected { .. }
                | Wrong::UnknownSetting { .. }
                | Wrong::Taken { .. }
                | Wrong::InUse { .. }
                | Wrong::Contradiction { .. } => false,
            }
    }

    /// The operations that make of a state what the files want, or everything that is wrong with them.
    ///
    /// # Errors
    /// Every mistake, with its place.
    pub fn proposal(
        &self,
        state: &State,
        scope: Scope<'_>,
        vault: &dyn Vault,
        new_id: &mut dyn FnMut() -> Id,
    ) -> Result<Vec<Operation>, Vec<FileMistake>> {
        match state.proposal(&self.wanted, scope, vault, new_id) {
            Ok(operations) if self.mistakes.is_empty() => Ok(operations),
            Ok(_) => Err(self.mistakes.clone()),
            Err(found) => Err(self.with_mistakes(&found)),
        }
    }

    /// Where objects stand that the state refuses.
    pub fn locate_refusals(&self, refusals: &[Refusal]) -> Vec<FileMistake> {
        let wanted = crate::proposal::positions(&self.wanted);
        let located = refusals.iter().map(|refusal| match refusal {
            Refusal::Wrong { kind, key, problem, .. } => match wanted.get(&(*kind, key.clone())) {
                Some(at) => self.locate(&Mistake { wanted: *at, problem: problem.clone() }),
                // What files do not name goes, although something needs it.
                None => FileMistake::nowhere(refusal.to_string()),
            },
            Refusal::Stale { .. } => FileMistake::nowhere(refusal.to_string()),
        });
        let mut located: Vec<FileMistake> = located.collect();
        located.sort();
        located
    }

    /// Where a mistake stands.
    pub fn locate(&self, mistake: &Mistake) -> FileMistake {
        let origin = self.origins.get(mistake.wanted).copied();
        let wanted = self.wanted.get(mistake.wanted);
        let (Some(origin), Some(wanted)) = (origin, wanted) else {
            return FileMistake::nowhere(mistake.problem.to_string());
        };
        let Some(source) = self.files.get(origin.file) else {
            return FileMistake::nowhere(mistake.problem.to_string());
        };
        let key = crate::proposal::key_of(wanted.kind, &wanted.table).unwrap_or_default();
        let sentence = if key.is_empty() {
            format!("{}: {}", wanted.kind.title(), mistake.problem)
        } else {
            format!("{} {key:?}: {}", wanted.kind.title(), mistake.problem)
        };
        source.mistake(source.offset(wanted.kind, origin.table, &mistake.problem.path), sentence)
    }
}

impl FileMistake {
    /// A mistake of which no file tells.
    pub(crate) const fn nowhere(sentence: String) -> Self {
        FileMistake { file: String::new(), line: 0, column: 0, sentence }
    }
}

impl fmt::Display for FileMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return f.write_str(&self.sentence);
        }
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.sentence)
    }
}

/// Where whoever read a file put the sign for bytes that are no text.
pub(crate) const NO_UTF_8: &str =
    "this is no UTF-8 (or the character U+FFFD, which stands for what is none): save the file as UTF-8";

#[cfg(test)]
mod tests;
