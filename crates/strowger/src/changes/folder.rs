//! `strowger export | plan | apply`: the configuration as a folder of files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

use super::story::story;
use super::{AskOptions, MakeOptions, made};
use crate::client::{Ordered, Place, query_value};
use crate::print;

/// What is exported.
#[derive(clap::Args)]
pub(crate) struct ExportOptions {
    /// Folder for the files; made when it is not there.
    #[arg(required_unless_present = "csv")]
    folder: Option<PathBuf>,
    /// Write all objects of one kind to standard output as comma-separated values: phones, lines, end-users or any other;
    /// phones-with-lines has each phone and its first line in one row.
    #[arg(long, value_name = "KIND", conflicts_with_all = ["folder", "json"])]
    csv: Option<String>,
    /// As it was after this change, in place of what is in force.
    #[arg(long, value_name = "CHANGE")]
    at: Option<u64>,
    #[command(flatten)]
    ask: AskOptions,
}

/// A folder of configuration files, and how to apply it.
#[derive(clap::Args)]
pub(crate) struct FolderOptions {
    /// Folder with TOML files, as `strowger export` writes them.
    folder: PathBuf,
    /// Only add and change what the files name; remove nothing.
    #[arg(long)]
    keep_others: bool,
    #[command(flatten)]
    place: Place,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How a folder is applied.
#[derive(clap::Args)]
pub(crate) struct ApplyOptions {
    #[command(flatten)]
    folder: FolderOptions,
    #[command(flatten)]
    make: MakeOptions,
}

/// Writes the whole configuration as files, or a kind as a table.
pub(crate) fn export(options: &ExportOptions) -> anyhow::Result<()> {
    let at = options.at.map_or_else(String::new, |change| format!("?change={change}"));
    let server = options.ask.place.running_server()?;
    if let Some(sheet) = &options.csv {
        return print::print(server.get(&format!("/api/v1/export/{}{at}", query_value(sheet)))?);
    }
    let answer = server.get_json(&format!("/api/v1/export{at}"))?;
    let folder = options.folder.as_deref().context("no folder is given")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let files = answer.get("files").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let named: Vec<(&str, &str)> = files
        .iter()
        .filter_map(|file| Some((file.get("name")?.as_str()?, file.get("text")?.as_str()?)))
        .collect();
    // A file of an earlier export that is left behind would bring back what was removed since.
    for path in toml_files(folder)? {
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        let is_ours = fs::read_to_string(&path).is_ok_and(|text| text.starts_with("# "));
        if !named.iter().any(|(new, _)| *new == name) && is_ours {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    for (name, text) in &named {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let change = answer.get("change").and_then(Value::as_u64).unwrap_or(0);
    made_from(folder, change)
        .with_context(|| format!("cannot write {}", folder.join(MADE_FROM).display()))?;
    if options.ask.json {
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        return print::line(json!({ "change": change, "files": names }));
    }
    print::line(format_args!("{} files in {}, as of change {change}", named.len(), folder.display()))
}

/// Says what applying a folder would do.
pub(crate) fn plan(options: &FolderOptions) -> anyhow::Result<()> {
    let mut body = json!({ "dry_run": true });
    if let Some(base) = options.base()? {
        body["base"] = json!(base);
    }
    let answer = made(options.send(body)?, options.json, |head| options.way_on(head))?;
    if options.json {
        return print::line(answer);
    }
    print::print(story(&answer))
}

/// Makes the configuration what a folder says.
pub(crate) fn apply(options: &ApplyOptions) -> anyhow::Result<()> {
    let ApplyOptions { folder, make } = options;
    let mut body = json!({});
    make.put_into(&mut body);
    let base = match make.base {
        None => folder.base()?,
        base => base,
    };
    if let Some(base) = base {
        body["base"] = json!(base);
    }
    let answer = made(folder.send(body)?, folder.json, |head| folder.way_on(head))?;
    let change = answer.get("change").or_else(|| answer.get("base")).and_then(Value::as_u64).unwrap_or(0);
    // Who applies the folder again has seen this change. A folder that cannot be written is applied all the same.
    let _ = made_from(&folder.folder, change);
    if folder.json {
        return print::line(answer);
    }
    print::print(story(&answer) + &make.outcome(&answer))
}

impl FolderOptions {
    /// Sends the files with what else is wanted.
    fn send(&self, mut body: Value) -> anyhow::Result<Ordered> {
        let server = self.place.running_server()?;
        let mut files = Vec::new();
        for path in toml_files(&self.folder)? {
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            // The server tells where bytes are no UTF-8, together with all else that is wrong.
            let text = String::from_utf8_lossy(&bytes);
            files.push(json!({ "name": path.strip_prefix(&self.folder).unwrap_or(&path), "text": text }));
        }
        anyhow::ensure!(
            !files.is_empty(),
            "{} has no .toml files; `strowger export {}` writes what is in force",
            self.folder.display(),
            self.folder.display()
        );
        body["files"] = Value::Array(files);
        body["scope"] = json!(if self.keep_others { "objects" } else { "whole" });
        server.order("/api/v1/changes", &body)
    }

    /// The change that the files were made from, as `export` or the last `apply` wrote it beside them.
    fn base(&self) -> anyhow::Result<Option<u64>> {
        anyhow::ensure!(
            !self.folder.is_file(),
            "{} is a file: give the folder that it is in; with --keep-others what its files do not name stays as it is",
            self.folder.display()
        );
        let path = self.folder.join(MADE_FROM);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let read = text.lines().find_map(|line| line.strip_prefix("change = ")?.trim().parse().ok());
        let what = format!("{} does not say `change = NUMBER`; remove it, or export again", path.display());
        read.map(Some).context(what)
    }

    /// How to go on after a conflict.
    fn way_on(&self, head: u64) -> String {
        let folder = self.folder.display();
        format!(
            "To keep what the others did, run `strowger export OTHER-FOLDER`, make your changes there and apply that; to have \
             exactly what these files say, run `strowger apply {folder} --base {head}`"
        )
    }
}

/// Writes beside the files which change they were made from.
fn made_from(folder: &Path, change: u64) -> std::io::Result<()> {
    let text = format!(
        "# What the files here were made from, for `strowger apply` to see what others changed since.\nchange = {change}\n"
    );
    fs::write(folder.join(MADE_FROM), text)
}

/// Every TOML file in a folder and below it, in the order of their names.
fn toml_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if is_hidden {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The file that says what the others were made from.
const MADE_FROM: &str = ".strowger";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_says_what_it_was_made_from() {
        let folder = std::env::temp_dir().join(format!("strowger-made-from-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let place = crate::client::Place::default();
        let options = FolderOptions { folder: folder.clone(), keep_others: false, place, json: false };
        assert_eq!(options.base().unwrap(), None);
        made_from(&folder, 17).unwrap();
        assert_eq!(options.base().unwrap(), Some(17));
        assert_eq!(toml_files(&folder).unwrap(), Vec::<PathBuf>::new());
        fs::write(folder.join(MADE_FROM), "something else").unwrap();
        assert!(options.base().unwrap_err().to_string().contains("change = NUMBER"));
        let file = FolderOptions { folder: folder.join(MADE_FROM), ..options };
        assert!(file.base().unwrap_err().to_string().contains("is a file: give the folder"));
        fs::remove_dir_all(folder).unwrap();
    }
}
