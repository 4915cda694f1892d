//! `strowger backup` and `strowger restore`: everything of a server in one encrypted file, and back.
//!
//! docs/adr/0020-backup-is-an-age-file.md says what is in the file and why.

mod age;
mod archive;
mod copies;
mod keys;
mod progress;
mod restore;

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use strowger_configuration::SCHEMA;

pub(crate) use self::copies::{NodeFiles, known_place, make as make_copies, remove_left};
pub(crate) use self::restore::{RestoreOptions, restore};

use self::age::{Header, Lock, Unlock};
use self::archive::{FORMAT, Manifest, Member};
use self::keys::Opening;
use self::progress::Progress;
use crate::client::Place;
use crate::config_file::ConfigFile;
use crate::{configuration, digits, print, server, store};

/// What is backed up, and how it is locked.
#[derive(clap::Args)]
pub(crate) struct BackupOptions {
    /// The file to write; made for its owner alone.
    file: PathBuf,
    /// The server's data folder; a server that runs on it goes on meanwhile.
    #[arg(long, default_value = "strowger-data")]
    data: PathBuf,
    /// The node file, when no server runs and it is not in the data folder.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Put the new backup in the place of an older one.
    #[arg(long)]
    replace: bool,
    /// Only read FILE and compare everything in it with what it should be.
    #[arg(long, conflicts_with_all = ["config", "replace", "recipient"])]
    verify: bool,
    /// Lock it for who has the private key to this public key of age (age1…), in place of a passphrase; may be repeated.
    #[arg(long, value_name = "KEY", conflicts_with = "passphrase_file")]
    recipient: Vec<String>,
    #[command(flatten)]
    opening: Opening,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Makes a backup, or looks at one.
pub(crate) fn backup(options: &BackupOptions) -> anyhow::Result<()> {
    let BackupOptions { file, data, .. } = options;
    if options.verify {
        let manifest = verified(file, &options.opening)?;
        return tell(&manifest, options.json, &format!("{} is whole", file.display()));
    }
    ensure!(
        options.replace || !file.exists(),
        "{} is there already; give another name, or --replace",
        file.display()
    );
    // What is wrong with the keys is said before anything is copied.
    let lock = match options.recipient.as_slice() {
        [] => Lock::Passphrase { passphrase: options.opening.new_passphrase()?, work: age::WORK },
        recipients => Lock::Recipients(keys::recipients(recipients)?),
    };
    let manifest = match Place::folder(data.clone()).server()? {
        Some(server) => {
            let place = copies::Place::make(data)?;
            let asked = json!({ "folder": place.name() });
            let answer =
                server.post("/api/v1/backup/copies", &asked).context("the server makes no copies")?;
            pack(file, &lock, &place, &About::of(&answer))?
        }
        None => {
            ensure!(
                configuration::is_in(data),
                "{} holds no server's data; give its folder with --data",
                data.display()
            );
            let _lock = server::lock(data)?;
            let files = node_files(data, options.config.as_deref())?;
            let place = copies::Place::make(data)?;
            copies::make(data, &files, &place.folder)?;
            let about = About { node_file: files.node_file().map(str::to_owned), notes: files.notes };
            pack(file, &lock, &place, &about)?
        }
    };
    let bytes = fs::metadata(file).map_or(0, |data| data.len());
    tell(&manifest, options.json, &format!("{} has {}", file.display(), size(bytes)))
}

/// What the copies do not say themselves.
struct About {
    node_file: Option<String>,
    notes: Vec<String>,
}

impl About {
    /// What a server said of copies that it made.
    fn of(answer: &Value) -> About {
        let notes = answer.get("notes").and_then(Value::as_array).into_iter().flatten();
        About {
            node_file: answer.get("node_file").and_then(Value::as_str).map(str::to_owned),
            notes: notes.filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }
}

/// Checks copies, and makes them a file that is whole or not there.
fn pack(file: &Path, lock: &Lock, place: &copies::Place, about: &About) -> anyhow::Result<Manifest> {
    let (head, _) =
        configuration::check_head(&place.folder).context("a backup of it would be worth nothing")?;
    for damage in store::check(&place.folder)?.damage {
        // Records that can be read are still worth a backup.
        crate::log::warn("records are damaged; the backup has them as they are").with("what", damage).write();
    }
    let paths = place.files()?;
    let mut progress = Progress::new("reading");
    progress
        .expect(paths.iter().filter_map(|path| Some(place.folder.join(path).metadata().ok()?.len())).sum());
    let members = paths.iter().map(|path| Member::of(&place.folder, path, &mut progress));
    let manifest = Manifest {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        schema: SCHEMA,
        node: 1,
        made_at: digits::now().to_string(),
        change: head.sequence,
        state: format!("{:#}", head.state),
        node_file: about.node_file.clone(),
        notes: about.notes.clone(),
        members: members.collect::<anyhow::Result<_>>()?,
    };
    let mut progress = Progress::new("packing");
    progress.expect(manifest.members.iter().map(|member| member.bytes).sum());
    write_whole(file, |to| archive::write(to, lock, &place.folder, &manifest, &mut progress))?;
    Ok(manifest)
}

/// Writes a file under another name first, so that there is never half of it under its own.
fn write_whole(file: &Path, write: impl FnOnce(&File) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().context("the name of the file is missing")?.to_string_lossy();
    let partial = folder.join(format!(".{name}.{}.part", std::process::id()));
    let refused = || format!("cannot write {}; is there room, and is the folder yours?", file.display());
    let written = || {
        let to = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&partial)
            .with_context(refused)?;
        write(&to).with_context(refused)?;
        to.sync_all().with_context(refused)?;
        fs::rename(&partial, file).with_context(refused)?;
        File::open(folder)?.sync_all().with_context(refused)
    };
    let written = written();
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}

/// Reads a whole backup and compares everything.
fn verified(file: &Path, opening: &Opening) -> anyhow::Result<Manifest> {
    opened(file, opening, "reading", |_| Ok(Box::new(io::sink())))
}

/// Reads a whole backup; its members go where `open` says.
fn opened(
    file: &Path,
    opening: &Opening,
    doing: &'static str,
    open: impl FnMut(&Member) -> anyhow::Result<Box<dyn io::Write>>,
) -> anyhow::Result<Manifest> {
    let reading = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut reading = BufReader::new(reading);
    let unusable = || format!("{} cannot be used; nothing was changed", file.display());
    let header = Header::read(&mut reading).with_context(unusable)?;
    let unlock: Unlock = opening.unlock(header.wants())?;
    archive::read(reading, &header, &unlock, open, &mut Progress::new(doing)).with_context(unusable)
}

/// The node file of a folder on which no server runs.
fn node_files(data: &Path, named: Option<&Path>) -> anyhow::Result<NodeFiles> {
    let path = named.map_or_else(|| data.join("strowger.toml"), Path::to_owned);
    ensure!(
        named.is_some() || path.exists(),
        "no server runs on {}, and its node file is not in it: name that with --config",
        data.display()
    );
    Ok(ConfigFile::read(&path)?.files().unwrap_or_default())
}

fn tell(manifest: &Manifest, as_json: bool, what: &str) -> anyhow::Result<()> {
    if as_json {
        return print::line(serde_json::to_value(manifest)?);
    }
    let bytes = manifest.members.iter().map(|member| member.bytes).sum();
    print::line(format_args!(
        "{what}: change {} and {} in {} files, of {}",
        manifest.change,
        size(bytes),
        manifest.members.len(),
        manifest.made_at
    ))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..0x10_0000 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{} MiB", bytes.div_ceil(1024 * 1024)),
    }
}

#[cfg(test)]
mod tests;
