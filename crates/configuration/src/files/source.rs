//! Places in a file.
//!
//! A file that is wrong is often wrong in every table, and may have a hundred thousand of them: it is parsed once, and its lines
//! are counted once.

use std::cell::OnceCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{File, FileMistake};
use crate::problem::Segment;
use crate::{Kind, Naming, Path};

/// A file, with what is needed to find places in it as soon as one is looked for.
#[derive(Debug)]
pub(super) struct Source<'f> {
    file: &'f File,
    parsed: OnceCell<Spanned<DeTable<'f>>>,
    lines: Lines<'f>,
}

impl<'f> Source<'f> {
    pub(super) fn new(file: &'f File) -> Self {
        Source { file, parsed: OnceCell::new(), lines: Lines::new(&file.text) }
    }

    /// A mistake at a byte of the file.
    pub(super) fn mistake(&self, offset: usize, sentence: String) -> FileMistake {
        let (line, column) = self.lines.place(offset);
        FileMistake { file: self.file.name.clone(), line, column, sentence }
    }

    /// The byte at which a setting stands; that of its table when it is not there.
    pub(super) fn offset(&self, kind: Kind, table: usize, path: &Path) -> usize {
        let root = self.parsed.get_or_init(|| DeTable::parse_recoverable(&self.file.text).0);
        let named = root.get_ref().iter().find(|(name, _)| name.get_ref().parse() == Ok(kind));
        let Some(mut value) = named.and_then(|(_, value)| nth(kind, value, table)) else { return 0 };
        let mut offset = value.span().start;
        for segment in path.segments() {
            match segment {
                Segment::Setting(name) => {
                    let there = value.get_ref().as_table().and_then(|table| table.get_key_value(&**name));
                    let Some((name, found)) = there else { break };
                    offset = name.span().start;
                    value = found;
                }
                Segment::Entry(at) => {
                    let entry = value.get_ref().as_array().and_then(|entries| entries.get(*at));
                    let Some(entry) = entry else { break };
                    offset = entry.span().start;
                    value = entry;
                }
            }
        }
        offset
    }
}

/// One of the tables of a kind in a file.
fn nth<'v, 'i>(
    kind: Kind,
    value: &'v Spanned<DeValue<'i>>,
    table: usize,
) -> Option<&'v Spanned<DeValue<'i>>> {
    match (kind.naming(), value.get_ref()) {
        (Naming::Only, _) => Some(value),
        (Naming::Name | Naming::PatternInPartition, DeValue::Array(tables)) => tables.get(table),
        (Naming::Name | Naming::PatternInPartition, _) => None,
    }
}

/// Where the lines of a text begin, as soon as somebody asks.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: OnceCell<Vec<usize>>,
}

impl<'t> Lines<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Lines { text, starts: OnceCell::new() }
    }

    /// The line of a byte, and the character in it, both counted from 1.
    pub(super) fn place(&self, offset: usize) -> (usize, usize) {
        let starts = self.starts.get_or_init(|| {
            let ends = self.text.match_indices('\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(ends).collect()
        });
        let line = starts.partition_point(|start| *start <= offset).max(1);
        let start = starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or_default();
        (line, before.chars().count() + 1)
    }
}
