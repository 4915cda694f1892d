//! Tables of comma-separated values: many objects of one kind, one in each row.
//!
//! The first row names settings as files of TOML do, nested ones with dots and the entries of lists with numbers from 1:
//! `name,device_pool,lines.1.line,credentials.user`. A column that is left out leaves a setting as it is; an empty cell takes it
//! back to its default. In a table of phones the columns after `line.` are settings of a line that the row makes as well, the
//! first one of its phone.

mod columns;
mod fill;
mod read;
mod text;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::files::{File, FileMistake};
use crate::proposal::{Mistake, Wanted};
use crate::{Id, Kind, NoKind, Refusal, State};

pub use text::{Malformed, Reader, text};

use columns::Columns;
use fill::Shift;

/// What the rows of a table are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sheet {
    /// Objects of a kind.
    Objects(Kind),
    /// Phones, each with its first line in the same row.
    PhonesWithLines,
}

/// What tables want, with where it stands in them.
#[derive(Debug)]
pub struct Sheets<'f> {
    tables: Vec<Table<'f>>,
    wanted: Vec<Wanted>,
    removed: Vec<Id>,
    origins: Vec<Origin>,
    /// By position in what is wanted: lists whose entries stand in other columns than their numbers say.
    shifts: BTreeMap<usize, Vec<Shift>>,
    /// Rows that remove an object.
    removals: BTreeMap<Id, Origin>,
    mistakes: Vec<FileMistake>,
}

/// One of the tables.
#[derive(Debug)]
struct Table<'f> {
    file: &'f str,
    columns: Columns,
}

/// Where an object stands.
#[derive(Clone, Copy, Debug)]
struct Origin {
    /// Which of the tables.
    table: usize,
    /// The line where its row begins, counted from 1.
    line: u32,
    /// It is the line of a row of phones.
    is_line: bool,
}

impl<'f> Sheets<'f> {
    /// Reads tables that change this state. What is wrong with one row hides nothing of the others: all of it comes from
    /// [`Sheets::mistakes`], and there is nothing to propose as long as there is any.
    pub fn read<'t>(tables: impl IntoIterator<Item = (Sheet, &'t File)>, state: &State) -> Sheets<'t> {
        read::sheets(tables, state)
    }

    /// What is wrong with the tables themselves.
    pub fn mistakes(&self) -> &[FileMistake] {
        &self.mistakes
    }

    /// What is wanted: objects with all of their settings.
    pub fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    /// What shall not be there any more.
    pub fn removed(&self) -> &[Id] {
        &self.removed
    }

    /// Where something stands that is wrong with what is wanted.
    pub fn locate(&self, mistake: &Mistake) -> FileMistake {
        let origin = self.origins.get(mistake.wanted);
        let (Some(origin), Some(wanted)) = (origin, self.wanted.get(mistake.wanted)) else {
            return FileMistake::nowhere(mistake.problem.to_string());
        };
        let key = crate::proposal::key_of(wanted.kind, &wanted.table).unwrap_or_default();
        let shifts = self.shifts.get(&mistake.wanted).map(Vec::as_slice).unwrap_or_default();
        self.told(*origin, wanted.kind, &key, &fill::unshifted(&mistake.problem, shifts))
    }

    /// Where objects stand that the state refuses.
    pub fn locate_refusals(&self, refusals: &[Refusal]) -> Vec<FileMistake> {
        let wanted = crate::proposal::positions(&self.wanted);
        let located = refusals.iter().map(|refusal| match refusal {
            Refusal::Stale { .. } => FileMistake::nowhere(refusal.to_string()),
            Refusal::Wrong { kind, object, key, problem } => {
                if let Some(at) = wanted.get(&(*kind, key.clone())) {
                    return self.locate(&Mistake { wanted: *at, problem: problem.clone() });
                }
                match self.removals.get(object) {
                    Some(origin) => self.told(*origin, *kind, "", problem),
                    None => FileMistake::nowhere(refusal.to_string()),
                }
            }
        });
        let mut located: Vec<FileMistake> = located.collect();
        located.sort();
        located
    }

    /// A mistake in a row.
    fn told(&self, origin: Origin, kind: Kind, key: &str, problem: &crate::Problem) -> FileMistake {
        let Some(table) = self.tables.get(origin.table) else {
            return FileMistake::nowhere(problem.to_string());
        };
        let name = columns::name(&problem.path, origin.is_line);
        let cell = table.columns.cell_of(&name);
        let object =
            if key.is_empty() { kind.title().to_owned() } else { format!("{} {key:?}", kind.title()) };
        let wrong = &problem.wrong;
        let sentence = match cell {
            _ if problem.path.segments().is_empty() => format!("{object}: it {wrong}"),
            Some(_) => format!("{object}: column {name} {wrong}"),
            // What it is about was left as it is, or at its default.
            None => format!("{object}: {name} {wrong}"),
        };
        FileMistake {
            file: table.file.to_owned(),
            line: origin.line as usize,
            column: cell.map_or(1, |cell| cell + 1),
            sentence,
        }
    }
}

impl State {
    /// Everything of a kind as a table: in the order of names, columns in that of their declaration, without what is default and
    /// without sealed secrets.
    pub fn export_csv(&self, sheet: Sheet) -> File {
        write::file(self, sheet)
    }
}

/// `phones-with-lines`, or a kind, with hyphens or underscores; what follows a full stop is left out, as in `phones.csv`.
impl FromStr for Sheet {
    type Err = NoKind;

    fn from_str(text: &str) -> Result<Self, NoKind> {
        let stem = text.split('.').next().unwrap_or_default();
        if stem.replace('_', "-") == PHONES_WITH_LINES {
            return Ok(Sheet::PhonesWithLines);
        }
        stem.parse().map(Sheet::Objects)
    }
}

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sheet::Objects(kind) => f.write_str(&kind.plural().replace('_', "-")),
            Sheet::PhonesWithLines => f.write_str(PHONES_WITH_LINES),
        }
    }
}

impl Sheet {
    /// The kind of what each row makes.
    pub const fn kind(self) -> Kind {
        match self {
            Sheet::Objects(kind) => kind,
            Sheet::PhonesWithLines => Kind::Phone,
        }
    }
}

const PHONES_WITH_LINES: &str = "phones-with-lines";

#[cfg(test)]
mod tests;
