//! Sound files of the operator: the folder for them, and what is played of it.

mod command;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, ensure};
use strowger_base::leg::AudioSource as Number;
use strowger_base::limits;
use strowger_configuration::State;
use strowger_configuration::kinds::{AudioPlay, AudioSource};
use strowger_configuration::setting::SoundFile;
use strowger_media::music::{Library, Play, Source};
use strowger_media::wav::Recording;
use tokio::sync::watch;

use crate::keeper::Live;
use crate::log;

pub(crate) use command::{SoundCommand, run};

/// The sound files of a data folder, and what is made of them.
pub(crate) struct Sounds {
    folder: PathBuf,
    library: watch::Sender<Arc<Library>>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// What has been read, by file.
    read: BTreeMap<Box<str>, Read>,
    /// What the operator knows already: nothing is told twice.
    told: BTreeMap<Box<str>, String>,
}

struct Read {
    /// Length and age of the file that was read: another one is read anew.
    stamp: (u64, Option<SystemTime>),
    recording: Arc<Recording>,
}

/// A file of the folder.
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// How long it plays; nothing of one that no audio source plays, or that cannot be played.
    pub(crate) milliseconds: Option<u64>,
    /// Names of the audio sources that play it.
    pub(crate) sources: Vec<String>,
}

impl Sounds {
    /// The sounds of a data folder. Nothing is read yet.
    pub(crate) fn new(data: &Path) -> Self {
        Sounds { folder: folder(data), library: watch::Sender::default(), inner: Mutex::default() }
    }

    /// What can be played, and every time that it is something else.
    pub(crate) fn library(&self) -> watch::Receiver<Arc<Library>> {
        self.library.subscribe()
    }

    /// Follows the configuration for as long as there is one. Files are read here, and no call waits for it.
    pub(crate) fn follow(&self, mut live: watch::Receiver<Arc<Live>>) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        loop {
            let now = live.borrow_and_update().clone();
            self.load(&now.state);
            if runtime.block_on(live.changed()).is_err() {
                return Ok(());
            }
        }
    }

    /// Reads what audio sources play, as far as it is not read yet, and puts it in force.
    pub(crate) fn load(&self, state: &State) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut library, mut wrong) = (Library::default(), BTreeMap::new());
        let mut seconds = 0;
        let mut known: BTreeMap<Box<str>, Read> = BTreeMap::new();
        for (_, it) in state.all::<AudioSource>() {
            let file = it.file.as_str();
            let read = match known.remove(file).or_else(|| inner.read.remove(file)) {
                Some(read) if stamp(&self.folder.join(file)).ok() == Some(read.stamp) => Ok(read),
                Some(_) | None => self.read(file),
            };
            let read = read.and_then(|read| {
                seconds += read.recording.duration_ms() / 1000;
                ensure!(
                    seconds < limits::SOUNDS_SECONDS,
                    "all audio sources together play for more than {} s",
                    limits::SOUNDS_SECONDS
                );
                Ok(read)
            });
            match read {
                Ok(read) => {
                    let number = Number(u8::try_from(it.number.get()).unwrap_or_default());
                    let play = match it.play {
                        AudioPlay::Continuously => Play::Continuously,
                        AudioPlay::FromStart => Play::FromStart,
                    };
                    let source = Source { recording: Arc::clone(&read.recording), play };
                    library.sources.insert(number, source);
                    known.insert(file.into(), read);
                }
                Err(error) => _ = wrong.insert(Box::from(it.name.as_str()), format!("{file}: {error:#}")),
            }
        }
        for (source, why) in &wrong {
            if inner.told.get(source) != Some(why) {
                log::error(format!("the audio source {source} cannot be played"))
                    .with("reason", why)
                    .effect("who should hear it hears the tone of hold")
                    .remedy(
                        "put the file there with `strowger sounds add`, or give the audio source another one",
                    )
                    .write();
            }
        }
        inner.told = wrong;
        inner.read = known;
        self.library.send_if_modified(|it| {
            let is_other = **it != library;
            if is_other {
                *it = Arc::new(library);
            }
            is_other
        });
    }

    /// Files of the folder, by name.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn list(&self, state: &State) -> anyhow::Result<Vec<Listed>> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(error).context("the folder for sounds cannot be read"),
        };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if SoundFile::new(&name).is_err() {
                continue;
            }
            let bytes = entry.metadata().map_or(0, |about| about.len());
            let milliseconds = inner.read.get(name.as_str()).map(|read| read.recording.duration_ms());
            found.push(Listed { sources: users(state, &name), name, bytes, milliseconds });
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    /// Puts a file into the folder, in place of one of this name, and tells for how many milliseconds it plays.
    ///
    /// # Errors
    /// It is no sound file that can be played, or cannot be written.
    pub(crate) fn add(&self, name: &str, bytes: &[u8], state: &State) -> Result<u64, AddError> {
        let wrong = |why: String| AddError::Wrong(format!("{name}: {why}"));
        SoundFile::new(name).map_err(|_| {
            wrong("a sound file is called with letters, digits and . - _ and ends with .wav".into())
        })?;
        let recording =
            Recording::read(bytes, limits::SOUND_SECONDS).map_err(|error| wrong(error.to_string()))?;
        let milliseconds = recording.duration_ms();
        self.write(name, bytes).map_err(AddError::Disk)?;
        self.load(state);
        Ok(milliseconds)
    }

    /// Takes a file out of the folder; false when there is none.
    ///
    /// # Errors
    /// An audio source plays it, or it cannot be removed.
    pub(crate) fn remove(&self, name: &str, state: &State) -> Result<bool, AddError> {
        if SoundFile::new(name).is_err() {
            return Ok(false);
        }
        let users = users(state, name);
        if let [first, ..] = users.as_slice() {
            return Err(AddError::Used(format!(
                "{name} is what the audio source {first} plays; give that another file first"
            )));
        }
        match std::fs::remove_file(self.folder.join(name)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(AddError::Disk(error.into())),
        }
    }

    /// Durable before anybody is told: a torn file would be noticed only when it is played.
    fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.folder).context("the folder for sounds cannot be made")?;
        let draft = self.folder.join(format!(".{name}.new"));
        let mut file = std::fs::File::create(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&draft, self.folder.join(name))?;
        std::fs::File::open(&self.folder)?.sync_all()?;
        Ok(())
    }

    fn read(&self, file: &str) -> anyhow::Result<Read> {
        let path = self.folder.join(file);
        let stamp = stamp(&path).context("there is no such file in the folder for sounds")?;
        ensure!(stamp.0 <= limits::SOUND_BYTES, "it has more than {} bytes", limits::SOUND_BYTES);
        let bytes = std::fs::read(&path).context("it cannot be read")?;
        let recording = Recording::read(&bytes, limits::SOUND_SECONDS)?;
        Ok(Read { stamp, recording: Arc::new(recording) })
    }
}

/// Why a file was not put into the folder, or not taken out.
#[derive(Debug)]
pub(crate) enum AddError {
    /// It cannot be played.
    Wrong(String),
    /// It is needed.
    Used(String),
    /// The disk.
    Disk(anyhow::Error),
}

/// Names of the audio sources that play a file.
fn users(state: &State, file: &str) -> Vec<String> {
    let all = state.all::<AudioSource>().filter(|(_, it)| it.file.as_str() == file);
    all.map(|(_, it)| it.name.as_str().to_owned()).collect()
}

fn stamp(path: &Path) -> std::io::Result<(u64, Option<SystemTime>)> {
    let about = std::fs::metadata(path)?;
    Ok((about.len(), about.modified().ok()))
}

/// The folder for sounds in a data folder.
pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join("sounds")
}

#[cfg(test)]
mod tests;
