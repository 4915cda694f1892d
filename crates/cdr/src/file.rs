//! Files of records: two lines that say what the columns are, and a line for each record.
//!
//! A reader goes by the names of columns, never by their places: releases have more or fewer of them.

use std::marker::PhantomData;

use csv_core::{ReadRecordResult, Reader as Fields};

use crate::record::{Record, ValueError};

/// The two lines with which a file begins, each with its line end.
pub fn header<R: Record>() -> String {
    let names: Vec<String> = R::COLUMNS.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let kinds: Vec<String> = R::COLUMNS.iter().map(|column| column.kind.to_string()).collect();
    format!("{}\n{}\n", names.join(","), kinds.join(","))
}

/// A line of a file, with its line end.
pub fn line<R: Record>(record: &R) -> String {
    let mut line = String::new();
    record.write(&mut line);
    line.push('\n');
    line
}

/// The values of a record by the names of its columns, without the quotes of texts.
pub fn values<R: Record>(record: &R) -> Vec<(&'static str, String)> {
    let (mut text, mut ends) = (vec![0; LINE_BYTES], vec![0; FIELDS]);
    let line = line(record);
    let (_, _, _, count) = Fields::new().read_record(line.as_bytes(), &mut text, &mut ends);
    let mut begin = 0;
    let mut values = Vec::with_capacity(count);
    for (column, end) in R::COLUMNS.iter().zip(ends.into_iter().take(count)) {
        let value = String::from_utf8_lossy(text.get(begin..end).unwrap_or_default()).into_owned();
        values.push((column.name, value));
        begin = end;
    }
    values
}

/// Reads the records of a file. What is wrong in one is an error of that line; those after it are read all the same.
#[derive(Debug)]
pub struct Reader<'a, R> {
    rest: &'a [u8],
    fields: Fields,
    /// The line that was begun last, from 1.
    line: u64,
    /// For each column of the file its place among ours; `None` for one that is not known.
    places: Vec<Option<usize>>,
    /// The line that was read last.
    text: Line,
    record: PhantomData<R>,
}

/// What is wrong in a file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FileError {
    /// It does not begin with names of columns.
    #[error(
        "line 1: names of columns are expected, such as \"cdrRecordType\"; this is no file of such records"
    )]
    NoHeader,
    /// It has columns of another kind of record.
    #[error("line 1: the column {missing} is missing: these are other records than they are taken for")]
    OtherRecords {
        /// The column without which they cannot be these.
        missing: &'static str,
    },
    /// A line is too long.
    #[error("line {line}: it has more than {LINE_BYTES} bytes, or more than {FIELDS} fields")]
    TooLong {
        /// Which.
        line: u64,
    },
    /// A text does not end.
    #[error("line {line}: a quotation mark is not closed; was the file cut?")]
    OpenQuote {
        /// Which.
        line: u64,
    },
    /// A line has another number of fields than there are columns.
    #[error("line {line}: {fields} fields where there are {columns} columns; was the file cut?")]
    OtherLength {
        /// Which.
        line: u64,
        /// How many it has.
        fields: usize,
        /// How many there are.
        columns: usize,
    },
    /// A field is not of its column's type.
    #[error("line {line}, column {column}: {value:?}: {why}")]
    Field {
        /// Which line.
        line: u64,
        /// Which column.
        column: &'static str,
        /// What stands there.
        value: Box<str>,
        /// What is expected.
        why: ValueError,
    },
    /// The bytes are no UTF-8.
    #[error("line {line}: the text is no UTF-8")]
    NoText {
        /// Which.
        line: u64,
    },
}

/// A longer line is no record: all columns together have about ten thousand characters.
pub const LINE_BYTES: usize = 64 * 1024;
/// More columns than any release has.
pub const FIELDS: usize = 512;
/// Columns without which nothing can be said of a record.
const NEEDED: [&str; 3] = ["cdrRecordType", "globalCallID_callManagerId", "globalCallID_callId"];

/// A line of a file, taken apart.
#[derive(Debug)]
struct Line {
    /// Its fields, one after the other, in room for the longest.
    text: Vec<u8>,
    /// Where each ends, in room for the most.
    ends: Vec<usize>,
    /// How many there are.
    count: usize,
    /// It has an odd number of quotation marks.
    is_quote_open: bool,
}

impl Line {
    fn take(&mut self, line: &[u8], fields: &mut Fields, number: u64) -> Result<(), FileError> {
        let too_long = FileError::TooLong { line: number };
        if line.len() > LINE_BYTES {
            return Err(too_long);
        }
        self.is_quote_open = line.iter().filter(|byte| **byte == b'"').count() % 2 != 0;
        fields.reset();
        let (mut result, _, wrote, ended) = fields.read_record(line, &mut self.text, &mut self.ends);
        self.count = ended;
        if result == ReadRecordResult::InputEmpty {
            // That was all of the line.
            let room = self.text.get_mut(wrote..).unwrap_or_default();
            let places = self.ends.get_mut(ended..).unwrap_or_default();
            let (last, _, _, ended) = fields.read_record(&[], room, places);
            (result, self.count) = (last, self.count + ended);
        }
        if result == ReadRecordResult::Record { Ok(()) } else { Err(too_long) }
    }

    fn field(&self, place: usize) -> &[u8] {
        let begin = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(..self.count).and_then(|ends| ends.get(place)).copied().unwrap_or(begin);
        self.text.get(begin..end).unwrap_or_default()
    }
}

impl<'a, R: Record> Reader<'a, R> {
    /// Reads the first two lines.
    ///
    /// # Errors
    /// They are not those of such records.
    pub fn new(bytes: &'a [u8]) -> Result<Self, FileError> {
        let rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = Line { text: vec![0; LINE_BYTES], ends: vec![0; FIELDS], count: 0, is_quote_open: false };
        let (fields, places) = (Fields::new(), Vec::new());
        let mut reader = Reader { rest, fields, line: 0, places, text, record: PhantomData };
        reader.take_line().ok_or(FileError::NoHeader)??;
        let header = &reader.text;
        let names: Vec<String> = (0..header.count)
            .map(|place| String::from_utf8_lossy(header.field(place)).trim().to_owned())
            .collect();
        let place_of =
            |name: &String| R::COLUMNS.iter().position(|column| column.name.eq_ignore_ascii_case(name));
        reader.places = names.iter().map(place_of).collect();
        if reader.places.iter().all(Option::is_none) {
            return Err(FileError::NoHeader);
        }
        for missing in
            NEEDED.into_iter().chain(R::COLUMNS.get(3..4).into_iter().flatten().map(|column| column.name))
        {
            if !names.iter().any(|name| name.eq_ignore_ascii_case(missing)) {
                return Err(FileError::OtherRecords { missing });
            }
        }
        // The second line says types, in words of which there are several.
        let before = (reader.rest, reader.line);
        match reader.take_line() {
            Some(Ok(())) if is_types(&reader.text) => {}
            _ => (reader.rest, reader.line) = before,
        }
        Ok(reader)
    }

    /// The line that was begun last, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Columns of the file that are not known here.
    pub fn unknown_columns(&self) -> usize {
        self.places.iter().filter(|place| place.is_none()).count()
    }

    /// Takes the next line that is not empty apart. A line is one record also where a quotation mark is missing: what follows it is read all the same.
    fn take_line(&mut self) -> Option<Result<(), FileError>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            self.line += 1;
            let end = self.rest.iter().position(|byte| *byte == b'\n');
            let (line, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
            self.rest = rest.get(1..).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.is_empty() {
                return Some(self.text.take(line, &mut self.fields, self.line));
            }
        }
    }

    fn record(&self) -> Result<R, FileError> {
        let (number, line) = (self.line, &self.text);
        // Where all fields are there, a mark that stands alone is a part of its text.
        if line.is_quote_open && (line.count != self.places.len() || self.rest.is_empty()) {
            return Err(FileError::OpenQuote { line: number });
        }
        if line.count != self.places.len() {
            let (fields, columns) = (line.count, self.places.len());
            return Err(FileError::OtherLength { line: number, fields, columns });
        }
        let mut record = R::default();
        for (place, ours) in self.places.iter().enumerate() {
            let Some((ours, column)) = ours.and_then(|ours| Some((ours, R::COLUMNS.get(ours)?))) else {
                continue;
            };
            let value = str::from_utf8(line.field(place)).map_err(|_| FileError::NoText { line: number })?;
            record.set(ours, value).map_err(|why| FileError::Field {
                line: number,
                column: column.name,
                value: value.chars().take(80).collect(),
                why,
            })?;
        }
        Ok(record)
    }
}

impl<R: Record> Iterator for Reader<'_, R> {
    type Item = Result<R, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.take_line()?;
        Some(line.and_then(|()| self.record()))
    }
}

/// Whether a line says types of columns: one that has a number there is a record.
fn is_types(line: &Line) -> bool {
    let first = line.field(0);
    first.first().is_some_and(u8::is_ascii_alphabetic)
}
