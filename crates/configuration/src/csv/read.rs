//! Rows into what is wanted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Map;

use super::columns::{ACTION, Columns, Fields};
use super::fill::{Row, Shift};
use super::text::Reader;
use super::{Origin, Sheet, Sheets, Table};
use crate::files::{File, FileMistake, NO_UTF_8};
use crate::proposal::{Wanted, key_of};
use crate::reader::Directory;
use crate::{Id, Kind, State};

/// Reads tables.
pub(super) fn sheets<'t>(tables: impl IntoIterator<Item = (Sheet, &'t File)>, state: &State) -> Sheets<'t> {
    let mut reading = Reading {
        state,
        sheets: Sheets {
            tables: Vec::new(),
            wanted: Vec::new(),
            removed: Vec::new(),
            origins: Vec::new(),
            shifts: BTreeMap::new(),
            removals: BTreeMap::new(),
            mistakes: Vec::new(),
        },
        seen: BTreeMap::new(),
        spare_lines: Vec::new(),
    };
    for (sheet, file) in tables {
        reading.table(sheet, file);
    }
    reading.remove_spare_lines();
    reading.sheets.mistakes.sort();
    reading.sheets
}

struct Reading<'s, 't> {
    state: &'s State,
    sheets: Sheets<'t>,
    /// What rows were about so far.
    seen: BTreeMap<(Kind, String), Seen>,
    /// Lines of phones that go.
    spare_lines: Vec<(Id, Origin)>,
}

/// A row that is read.
#[derive(Clone, Copy)]
struct Place<'r> {
    file: &'r str,
    columns: &'r Columns,
    table: usize,
    line: u32,
}

/// The row that an object stands in.
struct Seen {
    file: usize,
    line: u32,
    /// Its position in what is wanted; none when it goes.
    wanted: Option<usize>,
}

/// What a row does with its object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    /// Makes it, or changes it.
    Put,
    /// Makes it; it must not be there.
    Add,
    /// Changes it; it must be there.
    Change,
    /// Removes it.
    Remove,
}

impl Place<'_> {
    const fn origin(&self, is_line: bool) -> Origin {
        Origin { table: self.table, line: self.line, is_line }
    }
}

impl<'t> Reading<'_, 't> {
    fn table(&mut self, sheet: Sheet, file: &'t File) {
        let mut reader = Reader::new(&file.text);
        let mut cells: Vec<Cow<'t, str>> = Vec::new();
        let kind = sheet.kind();
        let at = self.sheets.tables.len();
        let columns = match reader.next(&mut cells) {
            Ok(Some(line)) => {
                let names: Vec<&str> = cells.iter().map(|cell| &**cell).collect();
                let (columns, wrong) = Columns::read(kind, &names);
                for (cell, sentence) in wrong {
                    self.wrong(&file.name, line, cell + 1, sentence);
                }
                columns
            }
            Ok(None) => {
                let names: Vec<&str> = kind.fields().iter().map(|field| field.name).collect();
                let why = format!("is empty; expected the names of columns, such as {}", names.join(", "));
                return self.wrong(&file.name, 1, 1, why);
            }
            Err(malformed) => {
                return self.wrong(&file.name, malformed.line, malformed.cell, malformed.problem.to_owned());
            }
        };
        self.sheets.tables.push(Table { file: &file.name, columns: Columns::default() });
        loop {
            match reader.next(&mut cells) {
                Ok(None) => break,
                // Without knowing what rows are about, every one of them would be wrong for the same reason.
                Ok(Some(_)) if !columns.is_keyed => {}
                Ok(Some(line)) if cells.len() > columns.len() => {
                    let (found, expected) = (cells.len(), columns.len());
                    let why = format!("has {found} cells, expected {expected} as the first line has");
                    self.wrong(&file.name, line, expected + 1, why);
                }
                Ok(Some(line)) if cells.iter().any(|cell| cell.contains(char::REPLACEMENT_CHARACTER)) => {
                    let bad = cells.iter().position(|cell| cell.contains(char::REPLACEMENT_CHARACTER));
                    self.wrong(&file.name, line, bad.unwrap_or(0) + 1, NO_UTF_8.to_owned());
                }
                Ok(Some(line)) => {
                    let place = Place { file: &file.name, columns: &columns, table: at, line };
                    self.row(kind, place, &mut cells);
                }
                Err(malformed) => {
                    self.wrong(&file.name, malformed.line, malformed.cell, malformed.problem.to_owned());
                }
            }
        }
        if let Some(table) = self.sheets.tables.get_mut(at) {
            table.columns = columns;
        }
    }

    fn row(&mut self, kind: Kind, place: Place<'_>, cells: &mut Vec<Cow<'t, str>>) {
        let columns = place.columns;
        cells.resize(columns.len(), Cow::Borrowed(""));
        let text = |cell: Option<usize>| cell.and_then(|at| cells.get(at)).map_or("", |cell| &**cell);
        let action = match text(columns.action) {
            "" => Action::Put,
            "add" => Action::Add,
            "change" => Action::Change,
            "remove" => Action::Remove,
            other => {
                let why = format!(
                    "column {ACTION} is {other:?}, expected add, change, remove, or nothing for either of the first two"
                );
                return self.wrong_in(place, ACTION, why);
            }
        };
        let renamed_from = Some(text(columns.renamed_from).to_owned()).filter(|before| !before.is_empty());
        if let Some(line) = &columns.line {
            let key = self.line(line, place, action, cells);
            cells.push(Cow::Owned(key.unwrap_or_default()));
        }
        self.object(kind, place, action, renamed_from, cells);
    }

    /// The line that a row of phones makes: what it is called, if the row has one.
    fn line(
        &mut self,
        fields: &Fields,
        place: Place<'_>,
        action: Action,
        cells: &[Cow<'t, str>],
    ) -> Option<String> {
        let mut named = Map::new();
        let mut row = Row::new(cells);
        row.fill(fields, &mut named);
        if named.is_empty() {
            return None;
        }
        let Some(key) = key_of(Kind::Line, &named) else {
            let why = "line: column line.pattern is empty, but other columns of the line are not".to_owned();
            self.wrong_in(place, "line.pattern", why);
            return None;
        };
        let there = self.state.find(Kind::Line, &key);
        if action == Action::Remove {
            self.spare_lines.extend(there.map(|line| (line, place.origin(true))));
            return Some(key);
        }
        let mut table = there
            .and_then(|id| self.state.entry(id))
            .map(|entry| entry.object().write(self.state))
            .unwrap_or_default();
        let mut row = Row::new(cells);
        row.fill(fields, &mut table);
        match self.seen.get(&(Kind::Line, key.clone())) {
            None => {
                let wanted = Wanted { kind: Kind::Line, renamed_from: None, table };
                self.want(wanted, key.clone(), place.origin(true), row.shifts);
            }
            // The same line on several phones stands in the row of each.
            Some(Seen { wanted: Some(at), .. })
                if self.sheets.wanted.get(*at).is_some_and(|it| it.table == table) => {}
            Some(Seen { file, line, .. }) => {
                let other = self.row_of(*file, *line);
                let why = format!("line {key:?} has other settings in {other}; write the same in both");
                self.wrong_in(place, "line.pattern", why);
            }
        }
        Some(key)
    }

    fn object(
        &mut self,
        kind: Kind,
        place: Place<'_>,
        action: Action,
        renamed_from: Option<String>,
        cells: &[Cow<'t, str>],
    ) {
        let fields = &place.columns.object;
        // What it is called is in the row, whatever else it has so far.
        let mut named = Map::new();
        Row::new(cells).fill(fields, &mut named);
        let Some(key) = key_of(kind, &named) else {
            let name = crate::change::naming_setting(kind);
            return self.wrong_in(place, name, format!("{}: column {name} is empty", kind.title()));
        };
        if let Some(Seen { file, line, .. }) = self.seen.get(&(kind, key.clone())) {
            let why = format!(
                "{} {key:?} stands in {} already; leave one of the two out",
                kind.title(),
                self.row_of(*file, *line)
            );
            return self.wrong_in(place, crate::change::naming_setting(kind), why);
        }
        let before = renamed_from.as_deref().and_then(|before| self.state.find(kind, before));
        let there = before.or_else(|| self.state.find(kind, &key));
        match (action, there) {
            (Action::Put, _) | (Action::Add, None) | (Action::Change | Action::Remove, Some(_)) => {}
            (Action::Add, Some(_)) => {
                let why = format!(
                    "{} {key:?} is there already; write change, or leave the cell empty",
                    kind.title()
                );
                return self.wrong_in(place, ACTION, why);
            }
            (Action::Change | Action::Remove, None) => {
                let nearest = self.state.nearest(kind, &key);
                let nearest = nearest.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
                let why = format!("{} {key:?} does not exist{nearest}", kind.title());
                return self.wrong_in(place, ACTION, why);
            }
        }
        if action == Action::Remove {
            if let Some(there) = there {
                self.sheets.removed.push(there);
                self.sheets.removals.insert(there, place.origin(false));
            }
            self.seen.insert((kind, key), Seen { file: place.table, line: place.line, wanted: None });
            return;
        }
        let entry = there.and_then(|id| self.state.entry(id));
        let mut table = entry.map(|entry| entry.object().write(self.state)).unwrap_or_default();
        let mut row = Row::new(cells);
        row.fill(fields, &mut table);
        self.want(Wanted { kind, renamed_from, table }, key, place.origin(false), row.shifts);
    }

    fn want(&mut self, wanted: Wanted, key: String, origin: Origin, shifts: Vec<Shift>) {
        let at = self.sheets.wanted.len();
        self.seen
            .insert((wanted.kind, key), Seen { file: origin.table, line: origin.line, wanted: Some(at) });
        if !shifts.is_empty() {
            self.sheets.shifts.insert(at, shifts);
        }
        self.sheets.wanted.push(wanted);
        self.sheets.origins.push(origin);
    }

    /// The lines of phones that go, but for those that something else uses.
    fn remove_spare_lines(&mut self) {
        for (line, origin) in std::mem::take(&mut self.spare_lines) {
            let key = crate::reader::Names::name(self.state, Kind::Line, line);
            let is_wanted = self.seen.contains_key(&(Kind::Line, key));
            let is_used = self.state.users(line).any(|user| !self.sheets.removals.contains_key(&user.id()));
            if !is_wanted && !is_used && self.sheets.removals.insert(line, origin).is_none() {
                self.sheets.removed.push(line);
            }
        }
    }

    fn row_of(&self, file: usize, line: u32) -> String {
        format!("{}:{line}", self.sheets.tables.get(file).map_or("", |table| table.file))
    }

    /// Something is wrong in a column of a row, or with the row when it has no such column.
    fn wrong_in(&mut self, place: Place<'_>, column: &str, sentence: String) {
        let cell = place.columns.cell_of(column).unwrap_or(0);
        self.wrong(place.file, place.line, cell + 1, sentence);
    }

    fn wrong(&mut self, file: &str, line: u32, column: usize, sentence: String) {
        self.sheets.mistakes.push(FileMistake {
            file: file.to_owned(),
            line: line as usize,
            column,
            sentence,
        });
    }
}
