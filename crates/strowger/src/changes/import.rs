//! `strowger import`: many objects of one kind from tables of comma-separated values.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

use super::story::story;
use super::{MakeOptions, bar, made};
use crate::client::{Ordered, Place};
use crate::print;

/// Which tables, and how.
#[derive(clap::Args)]
pub(crate) struct ImportOptions {
    /// Tables of comma-separated values, as `strowger export --csv KIND` writes them; - reads standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the rows are when the name of the file does not say it: phones, lines, end-users or any other kind.
    #[arg(long)]
    kind: Option<String>,
    /// Only say what it would do.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    make: MakeOptions,
    #[command(flatten)]
    place: Place,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Makes what tables say, as one change.
pub(crate) fn import(options: &ImportOptions) -> anyhow::Result<()> {
    let mut body = json!({ "dry_run": options.dry_run, "scope": "objects", "shown": SHOWN });
    options.make.put_into(&mut body);
    let files: anyhow::Result<Vec<Value>> =
        options.files.iter().map(|path| table(path, options.kind.as_deref())).collect();
    body["files"] = Value::Array(files?);
    let server = options.place.running_server()?;
    let order = || server.order("/api/v1/changes", &body);
    let ordered: Ordered = if options.json { order() } else { bar::while_it_works(&options.place, order) }?;
    let way_on = |head: u64| format!("To import it all the same, run it again with `--base {head}`");
    let answer = made(ordered, options.json, way_on)?;
    if options.json {
        return print::line(answer);
    }
    print::print(story(&answer) + &options.make.outcome(&answer))
}

/// A table as it is sent.
fn table(path: &Path, kind: Option<&str>) -> anyhow::Result<Value> {
    let is_input = path == Path::new("-");
    anyhow::ensure!(!is_input || kind.is_some(), "say with --kind what the rows of standard input are");
    let bytes = if is_input {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let bytes = bytes.with_context(|| format!("cannot read {}", path.display()))?;
    // The server tells where bytes are no UTF-8, together with all else that is wrong.
    let text = String::from_utf8_lossy(&bytes);
    let name = path.file_name().map_or_else(|| "-".into(), |name| name.to_string_lossy());
    let mut table = json!({ "name": name, "text": text });
    match kind {
        Some(kind) => table["kind"] = json!(kind),
        None if name.to_ascii_lowercase().ends_with(".csv") => {}
        None => anyhow::bail!("{name} does not end with .csv; say with --kind what its rows are"),
    }
    Ok(table)
}

/// Of objects that are added, changed and removed, how many of each are shown.
const SHOWN: usize = 4;
