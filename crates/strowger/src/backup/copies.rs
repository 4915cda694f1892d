//! Copies of a data folder that belong together, made while a server writes there or while none does.
//!
//! SQLite copies its own databases, each as it is at one moment. The journal is linked and not copied: its segments only
//! grow, and those that are complete not even that. It is taken after the database beside it, so that everything which
//! that database points to is there; what is behind the database's checkpoint is read at the next start, as after a
//! power cut.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail, ensure};
use nix::fcntl::{Flock, FlockArg, OFlag};
use strowger_configuration::setting::SoundFile;

use crate::analysis;
use crate::configuration;
use crate::sounds;
use crate::store;

/// A folder inside of a data folder for copies of it. It goes when this is dropped.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    name: String,
    /// Held as long as somebody uses the folder: others may remove it then.
    _lock: Flock<File>,
}

impl Place {
    /// Makes the folder, and removes those that a killed backup left.
    pub(super) fn make(data: &Path) -> anyhow::Result<Place> {
        remove_left(data);
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(|error| anyhow::anyhow!("no randomness from the system: {error}"))?;
        let name = format!("{BEFORE}{:016x}{BEHIND}", u64::from_le_bytes(random));
        let folder = data.join(&name);
        let refused =
            || format!("cannot make {}; has the disk room, and are you the server's user?", folder.display());
        fs::DirBuilder::new().mode(0o700).create(&folder).with_context(refused)?;
        let lock = lock(&folder).with_context(refused)?;
        // A server of somebody else writes its copies here itself.
        if let Some((user, group)) = owner_for(nix::unistd::geteuid().is_root(), &fs::metadata(data)?) {
            // By descriptors, the folder last: what that user puts in its place meanwhile is not touched.
            let own =
                fs::OpenOptions::new().read(true).custom_flags(FOLDER).open(&folder).with_context(refused)?;
            std::os::unix::fs::fchown(&*lock, Some(user), Some(group)).with_context(refused)?;
            std::os::unix::fs::fchown(&own, Some(user), Some(group)).with_context(refused)?;
        }
        Ok(Place { folder, name, _lock: lock })
    }

    /// Its name in the data folder.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The files in it, in order.
    pub(super) fn files(&self) -> anyhow::Result<Vec<String>> {
        let mut found = vec![];
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(self.folder.join(&folder))? {
                let entry = entry?;
                let path = folder.join(entry.file_name());
                if entry.file_type()?.is_dir() {
                    folders.push(path);
                } else if path != Path::new(LOCK) {
                    found.push(path.to_str().context("a file has a name that is no UTF-8")?.to_owned());
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next backup, or when the server starts.
        let _ = remove(&self.folder);
    }
}

/// Whose a folder in the data folder has to be when root makes it, if not root's.
pub(super) fn owner_for(is_root: bool, data: &fs::Metadata) -> Option<(u32, u32)> {
    (is_root && data.uid() != 0).then(|| (data.uid(), data.gid()))
}

/// Removes copies. What tells whose they are goes last: who is killed while it removes leaves nothing that nobody knows.
fn remove(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == LOCK {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    fs::remove_dir_all(folder)
}

/// A folder of this name in a data folder, when it is one that [`Place::make`] made.
pub(crate) fn known_place(data: &Path, name: &str) -> Option<PathBuf> {
    let digits = name.strip_prefix(BEFORE)?.strip_suffix(BEHIND)?;
    let is_ours = digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    Some(data.join(name)).filter(|folder| is_ours && folder.join(LOCK).is_file())
}

/// Copies everything of a data folder that is worth keeping. No call waits for it.
///
/// # Errors
/// Something cannot be read, or has no room.
pub(crate) fn make(data: &Path, node_files: &NodeFiles, folder: &Path) -> anyhow::Result<()> {
    ensure!(
        configuration::is_in(data),
        "{} holds no server's data; give its folder with --data",
        data.display()
    );
    configuration::copy(data, folder).context("cannot copy the configuration")?;
    store::copy(data, folder).context("cannot copy the records")?;
    analysis::copy(data, folder).context("cannot copy the table of rates")?;
    for name in KEYS {
        let from = data.join(name);
        if from.exists() {
            copy(&from, &folder.join(name))?;
        }
    }
    // Sound files are made durable before they get their names.
    let sounds = sounds::folder(data);
    for entry in fs::read_dir(&sounds).into_iter().flatten().flatten() {
        if SoundFile::new(&entry.file_name().to_string_lossy()).is_ok() {
            fs::create_dir_all(sounds::folder(folder))?;
            copy(&entry.path(), &sounds::folder(folder).join(entry.file_name()))?;
        }
    }
    for (from, path) in &node_files.files {
        let to = folder.join(path);
        ensure!(!to.exists(), "{} has the name of a file of the data folder: rename it", from.display());
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        copy(from, &to)?;
    }
    Ok(())
}

/// The node file and what it names, as they are found beside it.
#[derive(Clone, Default, Debug)]
pub(crate) struct NodeFiles {
    /// Where each is, and where it goes in the data folder. The node file is the first.
    files: Vec<(PathBuf, PathBuf)>,
    /// What will not be where the node file looks for it.
    pub(crate) notes: Vec<String>,
}

impl NodeFiles {
    /// The node file at a path, and the files that it names.
    pub(crate) fn new(path: &Path, named: &[&PathBuf]) -> Self {
        let beside = path.parent().unwrap_or(Path::new(""));
        let name = |path: &Path| path.file_name().map_or_else(|| path.to_owned(), PathBuf::from);
        let mut all = NodeFiles { files: vec![(path.to_owned(), name(path))], notes: vec![] };
        for named in named {
            let stays =
                named.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
            let place: PathBuf = if stays { named.components().collect() } else { name(named) };
            if !stays {
                let (named, place) = (named.display(), place.display());
                all.notes.push(format!(
                    "{named}, which the node file names, is {place} beside it: change its name there"
                ));
            }
            all.files.push((beside.join(named), place));
        }
        all
    }

    /// The name of the node file in the data folder.
    pub(crate) fn node_file(&self) -> Option<&str> {
        self.files.first()?.1.to_str()
    }
}

/// Copies a small file, for its owner alone.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let copied = || -> std::io::Result<()> {
        let bytes = fs::read(from)?;
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?.write_all(&bytes)
    };
    copied().with_context(|| format!("cannot copy {}", from.display()))
}

/// How a folder is opened that may be somebody else's by now.
const FOLDER: i32 = OFlag::O_DIRECTORY.union(OFlag::O_NOFOLLOW).bits();

fn lock(folder: &Path) -> anyhow::Result<Flock<File>> {
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).write(true).custom_flags(OFlag::O_NOFOLLOW.bits());
    let file = options.open(folder.join(LOCK))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(lock),
        Err((_, error)) => bail!("it is in use: {error}"),
    }
}

/// Removes the copies that a killed backup left in a data folder; they are not encrypted.
pub(crate) fn remove_left(data: &Path) {
    for entry in fs::read_dir(data).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if let Some(folder) = name.to_str().and_then(|name| known_place(data, name))
            && lock(&folder).is_ok()
        {
            let _ = remove(&folder);
        }
    }
}

/// What opens secrets, and what proves who the server is.
const KEYS: &[&str] =
    &["node.key", "https.key", "https.crt", "sftp_ed25519.key", "sftp_ecdsa.key", "sftp_rsa.key"];
const BEFORE: &str = "backup-";
const BEHIND: &str = ".part";
const LOCK: &str = "lock";
