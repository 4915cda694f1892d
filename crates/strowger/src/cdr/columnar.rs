//! Calls as a Parquet file: groups of rows, column by column.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::Arc;

use anyhow::Context as _;
use parquet::basic::{Compression, GzipLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use serde_json::Value;
use strowger_cdr::analysis::moment;

/// A Parquet file that is written.
pub(super) struct Parquet<W: Write + Send = BufWriter<File>> {
    out: SerializedFileWriter<W>,
    columns: Vec<String>,
    waiting: Vec<Value>,
}

/// What a column has.
#[derive(Clone, Copy)]
enum Kind {
    Moment,
    Flag,
    Whole,
    Share,
    Text,
}

impl Kind {
    fn of(column: &str) -> Kind {
        match column {
            "at" => Kind::Moment,
            "answered" => Kind::Flag,
            "wait_seconds" | "seconds" | "cause" | "jitter_ms" | "latency_ms" => Kind::Whole,
            "lost_percent" | "mos" => Kind::Share,
            // Amounts, too: they are exact, and a number with a binary fraction is not.
            _ => Kind::Text,
        }
    }

    const fn form(self) -> (&'static str, &'static str) {
        match self {
            Kind::Moment => ("int64", " (timestamp(millis, true))"),
            Kind::Flag => ("boolean", ""),
            Kind::Whole => ("int64", ""),
            Kind::Share => ("double", ""),
            Kind::Text => ("byte_array", " (string)"),
        }
    }
}

impl<W: Write + Send> Parquet<W> {
    /// Begins one with these columns.
    pub(super) fn new(out: W, columns: Vec<String>) -> anyhow::Result<Self> {
        let mut schema = "message calls {\n".to_owned();
        for column in &columns {
            let (physical, logical) = Kind::of(column).form();
            schema.push_str(&format!("  optional {physical} {column}{logical};\n"));
        }
        schema.push('}');
        let schema = Arc::new(parse_message_type(&schema)?);
        let properties =
            WriterProperties::builder().set_compression(Compression::GZIP(GzipLevel::try_new(1)?)).build();
        let out = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
        Ok(Parquet { out, columns, waiting: Vec::new() })
    }

    /// Writes a call.
    pub(super) fn call(&mut self, call: &Value) -> anyhow::Result<()> {
        self.waiting.push(call.clone());
        if self.waiting.len() >= GROUP { self.group() } else { Ok(()) }
    }

    fn group(&mut self) -> anyhow::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut group = self.out.next_row_group()?;
        for name in &self.columns {
            let mut column = group.next_column()?.context("the schema has fewer columns")?;
            let values: Vec<&Value> = self.waiting.iter().map(|call| &call[name.as_str()]).collect();
            write(&mut column, Kind::of(name), &values)?;
            column.close()?;
        }
        group.close()?;
        self.waiting.clear();
        Ok(())
    }

    /// Ends it; what it was written to.
    pub(super) fn finish(mut self) -> anyhow::Result<W> {
        self.group()?;
        Ok(self.out.into_inner()?)
    }
}

fn write(column: &mut SerializedColumnWriter<'_>, kind: Kind, values: &[&Value]) -> anyhow::Result<()> {
    // Where there is no value, nothing stands among the values.
    let there = |is_there: &dyn Fn(&Value) -> bool| -> Vec<i16> {
        values.iter().map(|value| i16::from(is_there(value))).collect()
    };
    let second = |value: &Value| moment::read(value.as_str()?)?.checked_mul(1000);
    match kind {
        Kind::Moment => {
            let all: Vec<i64> = values.iter().filter_map(|value| second(value)).collect();
            let there = there(&|value| second(value).is_some());
            column.typed::<Int64Type>().write_batch(&all, Some(&there), None)?;
        }
        Kind::Flag => {
            let all: Vec<bool> = values.iter().filter_map(|value| value.as_bool()).collect();
            column.typed::<BoolType>().write_batch(&all, Some(&there(&Value::is_boolean)), None)?;
        }
        Kind::Whole => {
            let all: Vec<i64> = values.iter().filter_map(|value| value.as_i64()).collect();
            column.typed::<Int64Type>().write_batch(&all, Some(&there(&Value::is_i64)), None)?;
        }
        Kind::Share => {
            let all: Vec<f64> = values.iter().filter_map(|value| value.as_f64()).collect();
            column.typed::<DoubleType>().write_batch(&all, Some(&there(&Value::is_number)), None)?;
        }
        Kind::Text => {
            let all: Vec<ByteArray> =
                values.iter().filter_map(|value| value.as_str()).map(ByteArray::from).collect();
            column.typed::<ByteArrayType>().write_batch(&all, Some(&there(&Value::is_string)), None)?;
        }
    }
    Ok(())
}

/// Rows that stand together.
const GROUP: usize = 100_000;

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let columns =
            ["at", "calling", "answered", "seconds", "lost_percent", "cost"].map(str::to_owned).to_vec();
        let mut file = Parquet::new(Vec::new(), columns).unwrap();
        file.call(&json!({ "at": "2026-05-04T12:01:12Z", "calling": "2001", "answered": true, "seconds": 5, "lost_percent": 3.87, "cost": "0.10" }))
            .unwrap();
        file.call(&json!({ "at": "x", "calling": "", "answered": false, "seconds": null, "lost_percent": null, "cost": null })).unwrap();
        let bytes = file.finish().unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let rows: Vec<String> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(
            rows,
            [
                "{at: 2026-05-04 12:01:12.000 +00:00, calling: \"2001\", answered: true, seconds: 5, lost_percent: 3.87, cost: \"0.10\"}",
                "{at: null, calling: \"\", answered: false, seconds: null, lost_percent: null, cost: null}",
            ]
        );
        // A file without calls is one all the same.
        let none = Parquet::new(Vec::new(), vec!["at".to_owned()]).unwrap().finish().unwrap();
        assert_eq!(
            SerializedFileReader::new(bytes::Bytes::from(none))
                .unwrap()
                .metadata()
                .file_metadata()
                .num_rows(),
            0
        );
    }
}
