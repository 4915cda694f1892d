//! Comma-separated values as RFC 4180 §2 and spreadsheets write them.

use std::borrow::Cow;
use std::path::Path;

/// Reads a file that the node file names with `key`, and takes its text apart.
///
/// # Errors
/// Everything that is wrong with its `what`, each with its place in the file.
pub(super) fn read<T>(
    path: &Path,
    key: &str,
    what: &str,
    parse: impl FnOnce(&str) -> Result<T, Vec<String>>,
) -> anyhow::Result<T> {
    let bytes = std::fs::read(path).map_err(|error| {
        anyhow::anyhow!("{key}: cannot read {}: {error}; mend the name or its rights", path.display())
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        anyhow::anyhow!("{}:{line}: not UTF-8; expected a file exported as “CSV UTF-8”", path.display())
    })?;
    parse(&text).map_err(|problems| {
        let shown = problems.iter().take(PROBLEMS_SHOWN);
        let mut lines: Vec<String> = shown.map(|problem| format!("{}:{problem}", path.display())).collect();
        if problems.len() > PROBLEMS_SHOWN {
            lines.push(format!("and {} more", problems.len() - PROBLEMS_SHOWN));
        }
        anyhow::anyhow!("the {what} cannot be used:\n  {}", lines.join("\n  "))
    })
}

/// A file that was exported wrongly is wrong in every row.
const PROBLEMS_SHOWN: usize = 20;

/// Takes a text apart, row by row.
pub(super) struct Reader<'t> {
    rest: &'t str,
    separator: char,
    line: u32,
}

/// What is wrong with a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Malformed {
    /// Line of the text, from 1.
    pub(super) line: u32,
    /// Cell of the row, from 1.
    pub(super) cell: usize,
    /// What is wrong, and what is expected.
    pub(super) problem: &'static str,
}

impl<'t> Reader<'t> {
    /// A separator that stands in the first line is that of the file: some spreadsheets write semicolons.
    pub(super) fn new(text: &'t str) -> Self {
        let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        let first = rest.lines().next().unwrap_or_default();
        let separator = if first.contains(';') && !first.contains(',') { ';' } else { ',' };
        Reader { rest, separator, line: 1 }
    }

    /// Puts the cells of the next row that is not empty into `cells`; the line where it begins, or `None` at the end.
    ///
    /// # Errors
    /// What is malformed; then the text cannot be taken apart further.
    pub(super) fn next(&mut self, cells: &mut Vec<Cow<'t, str>>) -> Result<Option<u32>, Malformed> {
        loop {
            cells.clear();
            if self.rest.is_empty() {
                return Ok(None);
            }
            let line = self.line;
            while self.cell(line, cells)? {}
            if cells.iter().any(|cell| !cell.is_empty()) {
                return Ok(Some(line));
            }
        }
    }

    /// Reads one cell; whether another follows in the row.
    fn cell(&mut self, line: u32, cells: &mut Vec<Cow<'t, str>>) -> Result<bool, Malformed> {
        let wrong = |problem| Malformed { line, cell: cells.len() + 1, problem };
        let cell = match self.rest.strip_prefix('"') {
            Some(quoted) => self.quoted(quoted).ok_or_else(|| wrong(UNCLOSED))?,
            None => {
                let end = self.rest.find([self.separator, '\n', '\r']).unwrap_or(self.rest.len());
                let (cell, rest) = self.rest.split_at(end);
                if cell.contains('"') {
                    return Err(wrong(STRAY));
                }
                self.rest = rest;
                Cow::Borrowed(cell.trim())
            }
        };
        if let Some(rest) = self.rest.strip_prefix(self.separator) {
            self.rest = rest;
            cells.push(cell);
            return Ok(true);
        }
        match self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix(['\n', '\r'])) {
            Some(rest) => {
                self.rest = rest;
                self.line += 1;
            }
            None if self.rest.is_empty() => {}
            None => return Err(wrong(STRAY)),
        }
        cells.push(cell);
        Ok(false)
    }

    /// The rest of a cell in quotes; a quote inside is written twice.
    fn quoted(&mut self, text: &'t str) -> Option<Cow<'t, str>> {
        let mut cell = Cow::Borrowed("");
        let mut rest = text;
        loop {
            let (part, after) = rest.split_once('"')?;
            if cell.is_empty() {
                cell = Cow::Borrowed(part);
            } else {
                cell.to_mut().push_str(part);
            }
            rest = after;
            match rest.strip_prefix('"') {
                Some(after) => {
                    cell.to_mut().push('"');
                    rest = after;
                }
                None => break,
            }
        }
        self.line += u32::try_from(cell.matches('\n').count()).unwrap_or(u32::MAX);
        self.rest = rest;
        Some(cell)
    }
}

const UNCLOSED: &str = "a quote is not closed; expected another one before the end of the file";
const STRAY: &str =
    "a quote in the middle of a cell; expected the whole cell in quotes, and each quote in it twice";

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<(u32, Vec<String>)>, Malformed> {
        let mut reader = Reader::new(text);
        let (mut cells, mut rows) = (Vec::new(), Vec::new());
        while let Some(line) = reader.next(&mut cells)? {
            rows.push((line, cells.iter().map(|cell| cell.clone().into_owned()).collect()));
        }
        Ok(rows)
    }

    #[test]
    fn rows_come_out_as_spreadsheets_wrote_them() {
        let check = |text: &str, expect: &[(u32, &[&str])]| {
            let found = rows(text).unwrap();
            let expect: Vec<_> = expect
                .iter()
                .map(|(line, row)| (*line, row.iter().map(|c| (*c).to_owned()).collect()))
                .collect();
            assert_eq!(found, expect, "{text:?}");
        };
        check("", &[]);
        check("a,b\n0800,\"x\"\n", &[(1, &["a", "b"]), (2, &["0800", "x"])]);
        check("\u{feff}a;b\r\n1;2,5\r\n", &[(1, &["a", "b"]), (2, &["1", "2,5"])]);
        check("a,b\n\n,\n1, 2 \n", &[(1, &["a", "b"]), (4, &["1", "2"])]);
        check("a\n\"x\ny\"\nz", &[(1, &["a"]), (2, &["x\ny"]), (4, &["z"])]);
        check("\"\"\"a\"\"\",\"\"\n", &[(1, &["\"a\"", ""])]);
        check("a,\"b\"\"\"\"c\",", &[(1, &["a", "b\"\"c", ""])]);
    }

    #[test]
    fn a_broken_text_names_line_and_cell() {
        let check = |text: &str, line: u32, cell: usize, problem: &'static str| {
            assert_eq!(rows(text), Err(Malformed { line, cell, problem }), "{text:?}");
        };
        check("a,b\n1,\"x\n", 2, 2, UNCLOSED);
        check("a,b\n1,x\"y\n", 2, 2, STRAY);
        check("a,b\n\"1\"2,x\n", 2, 1, STRAY);
        check("\"a\"\"", 1, 1, UNCLOSED);
    }
}
