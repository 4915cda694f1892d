//! The cells of a row, put into what an object is already.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::columns::{Fields, Node};
use crate::form::Form;
use crate::problem::Segment;
use crate::{Path, Problem};

/// A list whose entries stand in other columns than their numbers say, because entries before them are empty.
#[derive(Clone, Debug)]
pub(super) struct Shift {
    /// The list, as columns count.
    list: Path,
    /// For each of its entries, where it stands in the columns.
    columns: Vec<usize>,
}

/// A row that is put into an object.
pub(super) struct Row<'r, 't> {
    cells: &'r [Cow<'t, str>],
    path: Path,
    pub(super) shifts: Vec<Shift>,
}

impl<'r, 't> Row<'r, 't> {
    pub(super) const fn new(cells: &'r [Cow<'t, str>]) -> Self {
        Row { cells, path: Path::new(), shifts: Vec::new() }
    }

    /// Puts the cells of these settings into a table.
    pub(super) fn fill(&mut self, fields: &Fields, table: &mut Map<String, Value>) {
        for (name, node) in &fields.of {
            let before = table.remove(*name);
            self.path.push(Segment::Setting((*name).into()));
            let after = self.node(node, before);
            self.path.pop();
            if let Some(after) = after {
                table.insert((*name).to_owned(), after);
            }
        }
    }

    /// What becomes of a setting.
    fn node(&mut self, node: &Node, before: Option<Value>) -> Option<Value> {
        match node {
            Node::Cell { cell, form } => {
                let text = self.cells.get(*cell).map_or("", |cell| &**cell);
                (!text.is_empty()).then(|| value(text, form))
            }
            Node::Record(fields) => self.record(fields, before),
            Node::List(entries) => self.list(entries, before),
        }
    }

    /// Settings under one name go when nothing is left of them, or when all of their cells are empty and what they cannot be
    /// without is gone.
    fn record(&mut self, fields: &Fields, before: Option<Value>) -> Option<Value> {
        let was_empty = matches!(&before, Some(Value::Object(table)) if table.is_empty());
        let mut table = match before {
            Some(Value::Object(table)) => table,
            Some(_) | None => Map::new(),
        };
        self.fill(fields, &mut table);
        let lacks = fields.required.iter().any(|name| !table.contains_key(*name));
        let goes = (table.is_empty() && !was_empty) || lacks;
        if goes && !self.is_given(fields) {
            return None;
        }
        Some(Value::Object(table))
    }

    /// Entries of which nothing is left go, and those after them move up.
    fn list(&mut self, entries: &[(usize, Node)], before: Option<Value>) -> Option<Value> {
        let mut list = match before {
            Some(Value::Array(list)) => list,
            Some(_) | None => Vec::new(),
        };
        for (at, node) in entries {
            if list.len() <= *at {
                list.resize(at + 1, Value::Null);
            }
            let Some(place) = list.get_mut(*at) else { continue };
            let before = Some(place.take()).filter(|value| !value.is_null());
            self.path.push(Segment::Entry(*at));
            let after = self.node(node, before);
            self.path.pop();
            *place = after.unwrap_or(Value::Null);
        }
        let columns: Vec<usize> = (0..list.len()).filter(|at| list.get(*at) != Some(&Value::Null)).collect();
        if columns.iter().enumerate().any(|(at, column)| at != *column) {
            self.shifts.push(Shift { list: self.path.clone(), columns });
        }
        list.retain(|entry| !entry.is_null());
        (!list.is_empty()).then_some(Value::Array(list))
    }

    /// Whether a cell of these settings holds something.
    fn is_given(&self, fields: &Fields) -> bool {
        fields.of.iter().any(|(_, node)| self.is_node_given(node))
    }

    fn is_node_given(&self, node: &Node) -> bool {
        match node {
            Node::Cell { cell, .. } => self.cells.get(*cell).is_some_and(|cell| !cell.is_empty()),
            Node::Record(fields) => self.is_given(fields),
            Node::List(entries) => entries.iter().any(|(_, node)| self.is_node_given(node)),
        }
    }
}

/// The problem with the place where columns have it.
pub(super) fn unshifted(problem: &Problem, shifts: &[Shift]) -> Problem {
    let mut path = Path::new();
    for segment in problem.path.segments() {
        path.push(match segment {
            Segment::Setting(_) => segment.clone(),
            Segment::Entry(at) => {
                let shift = shifts.iter().find(|shift| shift.list == path);
                Segment::Entry(shift.and_then(|shift| shift.columns.get(*at).copied()).unwrap_or(*at))
            }
        });
    }
    Problem { path, wrong: problem.wrong.clone() }
}

/// What a cell holds, as far as its form can be seen; what cannot be read as it stays text, and is refused as that.
fn value(text: &str, form: &Form) -> Value {
    let read = match form {
        // Spreadsheets write these words in capitals.
        Form::Boolean if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
        Form::Boolean if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
        Form::Whole { .. } => text.parse::<u64>().ok().map(Value::from),
        Form::Either(one, other) => {
            [one, other].into_iter().map(|form| value(text, form)).find(|it| !it.is_string())
        }
        Form::Boolean
        | Form::Text { .. }
        | Form::Choice(_)
        | Form::Reference(_)
        | Form::List { .. }
        | Form::Record(_)
        | Form::Secret => None,
    };
    read.unwrap_or_else(|| Value::String(text.to_owned()))
}
