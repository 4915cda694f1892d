//! Comma-separated values as RFC 4180 §2 and spreadsheets write them.

use std::borrow::Cow;

/// Takes a text apart, row by row.
#[derive(Clone, Debug)]
pub struct Reader<'t> {
    rest: &'t str,
    separator: char,
    line: u32,
}

/// What is wrong with a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// Line of the text, from 1.
    pub line: u32,
    /// Cell of the row, from 1.
    pub cell: usize,
    /// What is wrong, and what is expected.
    pub problem: &'static str,
}

impl<'t> Reader<'t> {
    /// A separator that stands in the first line is that of the file: some spreadsheets write semicolons.
    pub fn new(text: &'t str) -> Self {
        let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        let first = rest.lines().next().unwrap_or_default();
        let separator = if first.contains(';') && !first.contains(',') { ';' } else { ',' };
        Reader { rest, separator, line: 1 }
    }

    /// Puts the cells of the next row that is not empty into `cells`; the line where it begins, or `None` at the end.
    ///
    /// # Errors
    /// What is malformed. The next row begins in the line after it.
    pub fn next(&mut self, cells: &mut Vec<Cow<'t, str>>) -> Result<Option<u32>, Malformed> {
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
            Some(quoted) => match self.quoted(quoted) {
                Some(cell) => cell,
                None => {
                    // Everything after it is inside of it.
                    self.rest = "";
                    return Err(wrong(UNCLOSED));
                }
            },
            None => {
                let end = self.rest.find([self.separator, '\n', '\r']).unwrap_or(self.rest.len());
                let (cell, rest) = self.rest.split_at(end);
                if cell.contains('"') {
                    self.skip_line();
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
        if !self.end_line() && !self.rest.is_empty() {
            self.skip_line();
            return Err(wrong(STRAY));
        }
        cells.push(cell);
        Ok(false)
    }

    /// Passes the end of a line, if the reader stands at one.
    fn end_line(&mut self) -> bool {
        let after = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix(['\n', '\r']));
        let Some(rest) = after else { return false };
        self.rest = rest;
        self.line += 1;
        true
    }

    fn skip_line(&mut self) {
        let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
        self.rest = self.rest.get(end..).unwrap_or_default();
        self.end_line();
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

/// The bytes of a file as text.
///
/// # Errors
/// The line that is not UTF-8, counted from 1.
pub fn text(bytes: Vec<u8>) -> Result<String, usize> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        1 + valid.iter().filter(|byte| **byte == b'\n').count()
    })
}

/// Writes a row: in quotes what would be read as something else without.
pub(super) fn write_row<'c>(cells: impl IntoIterator<Item = &'c str>, text: &mut String) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        let is_plain = cell.trim() == cell && !cell.contains([',', ';', '"', '\n', '\r']);
        if is_plain {
            text.push_str(cell);
        } else {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        }
    }
    text.push('\n');
}

const UNCLOSED: &str = "a quote is not closed; expected another one before the end of the file";
const STRAY: &str =
    "a quote in the middle of a cell; expected the whole cell in quotes, and each quote in it twice";

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (u32, Vec<String>);

    fn rows(text: &str) -> (Vec<Row>, Vec<Malformed>) {
        let mut reader = Reader::new(text);
        let (mut cells, mut rows, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            match reader.next(&mut cells) {
                Ok(Some(line)) => {
                    rows.push((line, cells.iter().map(|cell| cell.clone().into_owned()).collect()));
                }
                Ok(None) => return (rows, wrong),
                Err(malformed) => wrong.push(malformed),
            }
        }
    }

    fn expected(rows: &[(u32, &[&str])]) -> Vec<Row> {
        rows.iter().map(|(line, row)| (*line, row.iter().map(|c| (*c).to_owned()).collect())).collect()
    }

    #[test]
    fn rows_come_out_as_spreadsheets_wrote_them() {
        let check = |text: &str, expect: &[(u32, &[&str])]| {
            assert_eq!(rows(text), (expected(expect), Vec::new()), "{text:?}");
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
    fn a_broken_row_names_line_and_cell_and_hides_no_other() {
        let check = |text: &str, line: u32, cell: usize, problem: &'static str, after: &[(u32, &[&str])]| {
            let (mut found, wrong) = rows(text);
            assert_eq!(wrong, [Malformed { line, cell, problem }], "{text:?}");
            found.retain(|(at, _)| *at > line);
            assert_eq!(found, expected(after), "{text:?}");
        };
        check("a,b\n1,\"x\n", 2, 2, UNCLOSED, &[]);
        check("a,b\n1,x\"y\nc,d", 2, 2, STRAY, &[(3, &["c", "d"])]);
        check("a,b\n\"1\"2,x\r\nc,d", 2, 1, STRAY, &[(3, &["c", "d"])]);
        check("\"a\"\"", 1, 1, UNCLOSED, &[]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let cells = ["plain", "", "a,b", "a;b", "\"quoted\"", "two\nlines", " spaces ", "Müller"];
        let mut text = String::new();
        write_row(cells, &mut text);
        assert_eq!(text, "plain,,\"a,b\",\"a;b\",\"\"\"quoted\"\"\",\"two\nlines\",\" spaces \",Müller\n");
        assert_eq!(rows(&text).0, expected(&[(1, &cells)]));
    }
}
