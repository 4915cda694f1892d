//! A backup becomes a data folder: whole, or not at all.

use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::json;

use super::archive::{Manifest, Member};
use super::keys::Opening;
use super::{opened, tell, verified};
use crate::vault::Vault;
use crate::{configuration, print, store};

/// What is restored, and where.
#[derive(clap::Args)]
pub(crate) struct RestoreOptions {
    /// The backup.
    pub(super) file: PathBuf,
    /// The data folder to make; when it is there it must be empty.
    #[arg(long, default_value = "strowger-data")]
    pub(super) data: PathBuf,
    /// Only read FILE and compare everything in it with what it should be; write nothing.
    #[arg(long)]
    pub(super) check: bool,
    #[command(flatten)]
    pub(super) opening: Opening,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Makes a data folder from a backup.
pub(crate) fn restore(options: &RestoreOptions) -> anyhow::Result<()> {
    let RestoreOptions { file, data, .. } = options;
    if options.check {
        let manifest = verified(file, &options.opening)?;
        return tell(&manifest, options.json, &format!("{} is whole", file.display()));
    }
    is_free(data)?;
    let beside = Beside::make(data)?;
    let put =
        |member: &Member| -> anyhow::Result<Box<dyn std::io::Write>> { Ok(Box::new(beside.file(member)?)) };
    let manifest = opened(file, &options.opening, "restoring", put)?;
    let found = checked(&beside.folder, &manifest)?;
    beside.sync(&manifest)?;
    // Somebody may have begun to use the folder meanwhile: then this fails, and nothing is lost.
    fs::rename(&beside.folder, data).with_context(|| {
        format!(
            "cannot become {}: is it in use by now, or a disk of its own? Then restore into a folder in it",
            data.display()
        )
    })?;
    File::open(beside.parent())?.sync_all()?;
    told(options, &manifest, &found)
}

fn told(options: &RestoreOptions, manifest: &Manifest, found: &store::Found) -> anyhow::Result<()> {
    let data = &options.data;
    let start = manifest.node_file.as_ref().map(|file| {
        format!("strowger serve --config {} --data {}", data.join(file).display(), data.display())
    });
    if options.json {
        let mut answer = serde_json::to_value(manifest)?;
        answer["calls"] = json!(found.calls);
        answer["registrations"] = json!(found.registrations);
        answer["damage"] = json!(found.damage);
        answer["start"] = json!(start);
        return print::line(answer);
    }
    let what = format!("{} is back, with {} calls", data.display(), found.calls);
    tell(manifest, false, &what)?;
    for note in manifest.notes.iter().chain(&found.damage) {
        print::line(note)?;
    }
    if nix::unistd::geteuid().is_root() {
        print::line(format_args!(
            "it belongs to root: before a server of another user starts on it, run chown -R USER {}",
            data.display()
        ))?;
    }
    start.map_or(Ok(()), |start| print::line(format_args!("start it: {start}")))
}

/// What the server itself would find wrong is found now.
fn checked(folder: &Path, manifest: &Manifest) -> anyhow::Result<store::Found> {
    let (head, _) = configuration::check_head(folder)?;
    ensure!(
        head.sequence == manifest.change && format!("{:#}", head.state) == manifest.state,
        "its configuration is not that of change {}; nothing was changed",
        manifest.change
    );
    ensure!(Vault::is_in(folder), "it has no key of the node, and without that no secret can be opened");
    Vault::open(folder)?;
    store::check(folder).context("cannot read the records")
}

/// Refuses a folder that holds anything, or that a server has.
fn is_free(data: &Path) -> anyhow::Result<()> {
    let mut there = match fs::read_dir(data) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        there => there.with_context(|| format!("cannot use {}", data.display()))?,
    };
    ensure!(
        there.next().is_none(),
        "{} is not empty; give an empty or new folder with --data, or move that one away",
        data.display()
    );
    Ok(())
}

/// A folder beside the one that it shall become. It goes when this is dropped and it has not become it.
struct Beside {
    folder: PathBuf,
}

impl Beside {
    fn make(data: &Path) -> anyhow::Result<Beside> {
        let name = data.file_name().context("the folder needs a name")?.to_string_lossy().into_owned();
        remove_left(data, &name);
        let folder = data.with_file_name(format!("{name}{RESTORING}{}", std::process::id()));
        let made = fs::DirBuilder::new().recursive(false).mode(0o700).create(&folder);
        made.with_context(|| format!("cannot make {}; is the folder above it yours?", folder.display()))?;
        Ok(Beside { folder })
    }

    fn parent(&self) -> &Path {
        self.folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// The file of a member, made with the folders above it.
    fn file(&self, member: &Member) -> anyhow::Result<File> {
        let path = self.folder.join(&member.path);
        if let Some(parent) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        file.with_context(|| format!("cannot write {}; is there room?", path.display()))
    }

    /// Waits until everything is on the disk.
    fn sync(&self, manifest: &Manifest) -> anyhow::Result<()> {
        let mut folders = std::collections::BTreeSet::from([self.folder.clone()]);
        for member in &manifest.members {
            let path = self.folder.join(&member.path);
            folders.extend(path.parent().map(Path::to_owned));
            File::open(path)?.sync_all()?;
        }
        folders.into_iter().try_for_each(|folder| Ok(File::open(folder)?.sync_all()?))
    }
}

/// Removes what a killed restore left beside a folder: keys and records that are not encrypted.
fn remove_left(data: &Path, name: &str) {
    let above = data.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in fs::read_dir(above).into_iter().flatten().flatten() {
        let left = entry.file_name();
        let process = left.to_str().and_then(|left| left.strip_prefix(name)?.strip_prefix(RESTORING));
        let process = process.and_then(|process| process.parse::<u32>().ok());
        // A process that has the number of one that was killed only makes the next restore remove it.
        if process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Between the name of a folder and the number of the process that restores it.
const RESTORING: &str = ".restoring-";

impl Drop for Beside {
    fn drop(&mut self) {
        // It is gone when it has become what it should.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
