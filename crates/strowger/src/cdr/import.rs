//! `strowger cdr import` and `rates`: files that are given to the server.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::changes::AskOptions;
use crate::client::query_value;
use crate::print;

/// `strowger cdr import`
pub(super) fn import(paths: &[PathBuf], ask: &AskOptions) -> anyhow::Result<()> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, 0, &mut files)?;
    }
    anyhow::ensure!(
        !files.is_empty(),
        "there is no file of call records; their names begin with cdr_ or cmr_"
    );
    let mut sum = Sum::default();
    let mut told = std::time::Instant::now();
    for (number, file) in files.iter().enumerate() {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let path = format!("/api/v1/cdr/files/{}", query_value(&name));
        let answer = ask.place.running_server()?.put_file(&path, "text/csv", bytes);
        sum.take(file, answer);
        if told.elapsed() >= TELL_EVERY && !ask.json {
            told = std::time::Instant::now();
            print::progress(format_args!("{} of {} files, {} rows", number + 1, files.len(), sum.rows));
        }
    }
    if ask.json {
        print::line(sum.json())?;
    } else {
        print::print(sum.text())?;
    }
    anyhow::ensure!(sum.refused == 0, "{} of {} files were not loaded", sum.refused, files.len());
    Ok(())
}

/// What became of all files.
#[derive(Default)]
struct Sum {
    files: u64,
    again: u64,
    refused: u64,
    rows: u64,
    known: u64,
    wrong: u64,
    problems: Vec<Value>,
}

impl Sum {
    fn take(&mut self, file: &Path, answer: anyhow::Result<Value>) {
        let mut problem =
            |why: String| self.problems.push(json!({ "file": file.display().to_string(), "problem": why }));
        match answer {
            Ok(answer) => {
                let count = |name: &str| answer[name].as_u64().unwrap_or(0);
                self.files += 1;
                self.again += u64::from(answer["again"] == true);
                self.rows += count("rows");
                self.known += count("known");
                self.wrong += count("wrong");
                answer["problems"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .for_each(|it| problem(it.into()));
            }
            Err(error) => {
                self.refused += 1;
                problem(format!("{error:#}"));
            }
        }
    }

    fn json(&self) -> Value {
        json!({
            "files": self.files, "files_again": self.again, "files_refused": self.refused,
            "rows": self.rows, "known": self.known, "wrong": self.wrong, "problems": self.problems,
        })
    }

    fn text(&self) -> String {
        let mut text = format!("{} files: {} rows are new, {} were known", self.files, self.rows, self.known);
        if self.wrong > 0 {
            text.push_str(&format!(", {} cannot be read", self.wrong));
        }
        text.push('\n');
        for problem in self.problems.iter().take(TOLD_MAX) {
            let word = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
            text.push_str(&format!("  {}: {}\n", word("file"), word("problem")));
        }
        if self.problems.len() > TOLD_MAX {
            text.push_str(&format!("  and {} more; --json has them\n", self.problems.len() - TOLD_MAX));
        }
        text
    }
}

/// A file that is named, or those of a folder and of folders in it whose names are those of records; in their order.
fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let about = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !about.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(path)
        .and_then(|read| read.map(|entry| entry.map(|entry| entry.path())).collect())
        .with_context(|| format!("cannot read {}", path.display()))?;
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        if entry.is_dir() && depth < DEPTH_MAX && !entry.is_symlink() {
            collect(&entry, depth + 1, files)?;
        } else if entry.is_file() && (name.starts_with("cdr_") || name.starts_with("cmr_")) {
            files.push(entry);
        }
    }
    Ok(())
}

/// `strowger cdr rates`
pub(super) fn rates(
    table: Option<&Path>,
    is_cleared: bool,
    zone: Option<&str>,
    ask: &AskOptions,
) -> anyhow::Result<()> {
    let server = ask.place.running_server()?;
    let body = match table {
        Some(table) => {
            let bytes = fs::read(table).with_context(|| format!("cannot read {}", table.display()))?;
            let zone = zone.map(|zone| format!("?zone={}", query_value(zone))).unwrap_or_default();
            let body = server.put_file(&format!("{RATES}{zone}"), "text/csv", bytes)?;
            if !ask.json {
                return print::line(format_args!(
                    "{} rows, times in {}",
                    body["rows"],
                    super::export::Form::text(&body["zone"])
                ));
            }
            body
        }
        None if is_cleared => server.delete(RATES)?,
        None => {
            let body = server.get_json(RATES)?;
            if !ask.json {
                return print::print(body["table"].as_str().unwrap_or_default().to_owned());
            }
            body
        }
    };
    if ask.json { print::line(body) } else { Ok(()) }
}

const RATES: &str = "/api/v1/cdr/rates";
const TELL_EVERY: std::time::Duration = std::time::Duration::from_secs(2);
/// Folders in folders are looked into so deep.
const DEPTH_MAX: usize = 4;
const TOLD_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_folder_are_those_with_names_of_records() {
        let folder = std::env::temp_dir().join(format!("strowger-import-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("20260504")).unwrap();
        for name in ["cmr_a", "cdr_b", "notes.txt", "20260504/cdr_c"] {
            fs::write(folder.join(name), "").unwrap();
        }
        let mut files = Vec::new();
        collect(&folder, 0, &mut files).unwrap();
        let names: Vec<_> =
            files.iter().map(|file| file.strip_prefix(&folder).unwrap().display().to_string()).collect();
        assert_eq!(names, ["20260504/cdr_c", "cdr_b", "cmr_a"]);
        // One that is named is taken whatever its name.
        files.clear();
        collect(&folder.join("notes.txt"), 0, &mut files).unwrap();
        assert_eq!(files.len(), 1);
        assert!(collect(&folder.join("gone"), 0, &mut files).is_err());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_became_of_files_is_summed() {
        let mut sum = Sum::default();
        sum.take(
            Path::new("cdr_a"),
            Ok(json!({ "rows": 5, "known": 1, "wrong": 1, "problems": ["line 3: cut"], "again": false })),
        );
        sum.take(Path::new("b.txt"), Err(anyhow::anyhow!("no records")));
        let text = "1 files: 5 rows are new, 1 were known, 1 cannot be read\n  cdr_a: line 3: cut\n  b.txt: no records\n";
        assert_eq!(sum.text(), text);
        assert_eq!(sum.json()["files_refused"], 1);
    }
}
