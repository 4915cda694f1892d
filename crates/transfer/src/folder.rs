//! A folder of this machine: perhaps a mount that a billing system reads.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;

use crate::destination::Destination;
use crate::failure::{Cause, Failure, Step};
use crate::sftp::speaks_of_room;

/// A folder that is there.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) async fn open(to: &Destination) -> Result<Folder, Failure> {
        let path = PathBuf::from(&to.folder);
        if !path.is_absolute() {
            let said = format!("`{}` is no whole path: it has to begin with `/`", to.folder);
            return Err(to.fail(Step::Folder, Cause::Configuration { said }));
        }
        let looked = path.clone();
        match away(move || fs::metadata(looked)).await {
            Ok(found) if found.is_dir() => Ok(Folder(path)),
            Ok(_) => Err(to.fail(Step::Folder, missing(to, "it is a file".into()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(to.fail(Step::Folder, missing(to, error.to_string())))
            }
            Err(error) => Err(to.fail(Step::Folder, cause(&to.folder, &error))),
        }
    }

    pub(crate) async fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Cause> {
        let (path, bytes) = (self.0.join(name), bytes.to_vec());
        let partial = path.clone();
        let written = away(move || {
            let mut file = File::create(path)?;
            file.write_all(&bytes)?;
            file.sync_all()
        });
        let Err(error) = written.await else { return Ok(()) };
        let _ = away(move || fs::remove_file(partial)).await;
        Err(cause(&self.0.to_string_lossy(), &error))
    }

    pub(crate) async fn rename(&self, from: &str, to: &str) -> Result<(), Cause> {
        let (folder, from, to) = (self.0.clone(), self.0.join(from), self.0.join(to));
        let renamed = away(move || {
            fs::rename(from, to)?;
            // The name has to be on the disk as well.
            File::open(folder)?.sync_all()
        });
        renamed.await.map_err(|error| cause(&self.0.to_string_lossy(), &error))
    }

    pub(crate) async fn read(&self, name: &str) -> Result<Vec<u8>, Cause> {
        let path = self.0.join(name);
        away(move || fs::read(path)).await.map_err(|error| cause(&self.0.to_string_lossy(), &error))
    }

    pub(crate) async fn remove(&self, name: &str) -> Result<(), Cause> {
        let path = self.0.join(name);
        away(move || fs::remove_file(path)).await.map_err(|error| cause(&self.0.to_string_lossy(), &error))
    }
}

fn missing(to: &Destination, said: String) -> Cause {
    Cause::Path { path: to.folder.clone(), root: "/".into(), instead: None, said }
}

fn cause(path: &str, error: &io::Error) -> Cause {
    let (path, said) = (path.to_owned(), error.to_string());
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Cause::Permission { path, said }
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Cause::Space { path, free: None, said },
        _ if speaks_of_room(&said) => Cause::Space { path, free: None, said },
        _ => Cause::Protocol { said: format!("`{path}`: {said}") },
    }
}

/// Does what waits for the disk beside the network's threads.
async fn away<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()))
}
