//! The configuration as TOML files, one for each kind: what is exported, edited, looked at and applied.
//!
//! A file holds tables named like a kind, `[[line]]`; which file they stand in does not matter when they are read.

mod read;
mod write;

use std::fmt;

use crate::proposal::{Mistake, Scope, Wanted};
use crate::reader::Vault;
use crate::{Id, Kind, Operation, Refusal, State};

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
    files: &'f [File],
    wanted: Vec<Wanted>,
    origins: Vec<Origin>,
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
    /// Reads files.
    ///
    /// # Errors
    /// Everything that is no TOML or no kind of object, in all files.
    pub fn read(files: &'f [File]) -> Result<Self, Vec<FileMistake>> {
        let mut document = Document { files, wanted: Vec::new(), origins: Vec::new() };
        let mut mistakes = Vec::new();
        for (at, file) in files.iter().enumerate() {
            read::file(at, file, &mut document, &mut mistakes);
        }
        mistakes.sort();
        if mistakes.is_empty() { Ok(document) } else { Err(mistakes) }
    }

    /// What is wanted.
    pub fn wanted(&self) -> &[Wanted] {
        &self.wanted
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
        state.proposal(&self.wanted, scope, vault, new_id).map_err(|mistakes| {
            let mut located: Vec<FileMistake> = mistakes.iter().map(|mistake| self.locate(mistake)).collect();
            located.sort();
            located
        })
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
        let Some(file) = self.files.get(origin.file) else {
            return FileMistake::nowhere(mistake.problem.to_string());
        };
        let offset = read::offset(file, wanted.kind, origin.table, &mistake.problem.path);
        let key = crate::proposal::key_of(wanted.kind, &wanted.table).unwrap_or_default();
        let sentence = if key.is_empty() {
            format!("{}: {}", wanted.kind.title(), mistake.problem)
        } else {
            format!("{} {key:?}: {}", wanted.kind.title(), mistake.problem)
        };
        FileMistake::at(&file.name, &file.text, offset, sentence)
    }
}

impl FileMistake {
    /// A mistake of which no file tells.
    pub(crate) const fn nowhere(sentence: String) -> Self {
        FileMistake { file: String::new(), line: 0, column: 0, sentence }
    }

    /// A mistake at a byte of a text.
    fn at(file: &str, text: &str, offset: usize, sentence: String) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        FileMistake { file: file.to_owned(), line: before.matches('\n').count() + 1, column, sentence }
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

#[cfg(test)]
mod tests;
