//! Files over SSH: a log-in, a session of SFTP and a folder.

use std::collections::BTreeSet;

use crate::destination::Destination;
use crate::failure::{Cause, Failure, Step};
use crate::sftp::wire::status;
use crate::sftp::{Sftp, Trouble};
use crate::ssh::{Channel, Ssh};

/// A session of SFTP in a folder.
pub(crate) struct OverSsh {
    ssh: Ssh,
    sftp: Sftp<Channel>,
    folder: String,
}

impl OverSsh {
    pub(crate) async fn open(to: &Destination, passed: &mut impl FnMut(Step)) -> Result<OverSsh, Failure> {
        let ssh = Ssh::open(to, passed).await?;
        let (server, peer) = (ssh.server.clone(), ssh.peer.clone());
        let fail = |cause| to.fail(Step::Folder, cause).with(server.as_deref(), peer.as_deref());
        let channel = ssh.files(to).await.map_err(fail)?;
        let mut sftp = Sftp::begin(channel, to.patience.step)
            .await
            .map_err(|trouble| fail(trouble.cause(&to.folder)))?;
        let folder = find(&mut sftp, &to.folder).await.map_err(fail)?;
        Ok(OverSsh { ssh, sftp, folder })
    }

    pub(crate) fn peer(&self) -> Option<&str> {
        self.ssh.peer.as_deref()
    }

    pub(crate) fn server(&self) -> Option<&str> {
        self.ssh.server.as_deref()
    }

    pub(crate) async fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Cause> {
        let path = self.path(name);
        let handle = match self.sftp.create(&path).await {
            Ok(handle) => handle,
            Err(trouble) => return Err(self.refused(trouble).await),
        };
        let written = async {
            self.sftp.write(&handle, bytes).await?;
            self.sftp.sync(&handle).await?;
            self.sftp.size(&handle).await
        };
        let size = match written.await {
            Ok(size) => size,
            Err(trouble) => {
                let full = matches!(trouble, Trouble::Status { code: status::FAILURE, .. });
                let cause = self.refused(trouble).await;
                // Half a file helps nobody, and takes room where there is none.
                let _ = self.sftp.close(handle).await;
                let _ = self.sftp.remove(&path).await;
                return Err(match cause {
                    // The file could be opened, so that only room or a quota is left to refuse its bytes.
                    Cause::Protocol { said } if full => Cause::Space {
                        path: self.folder.clone(),
                        free: None,
                        said: format!("it takes no more bytes ({said})"),
                    },
                    other => other,
                });
            }
        };
        self.sftp.close(handle).await.map_err(|trouble| trouble.cause(&self.folder))?;
        if size.is_some_and(|size| size != bytes.len() as u64) {
            let said = format!("{} bytes were written, and {} are there", bytes.len(), size.unwrap_or(0));
            return Err(Cause::Protocol { said });
        }
        Ok(())
    }

    pub(crate) async fn rename(&mut self, from: &str, to: &str) -> Result<(), Cause> {
        let (from, to) = (self.path(from), self.path(to));
        match self.sftp.rename(&from, &to).await {
            Ok(()) => Ok(()),
            Err(trouble) => {
                let cause = self.refused(trouble).await;
                let _ = self.sftp.remove(&from).await;
                Err(cause)
            }
        }
    }

    pub(crate) async fn read(&mut self, name: &str, most: usize) -> Result<Vec<u8>, Cause> {
        let path = self.path(name);
        let read = async {
            let handle = self.sftp.open_to_read(&path).await?;
            let bytes = self.sftp.read(&handle, most).await?;
            self.sftp.close(handle).await?;
            Ok(bytes)
        };
        read.await.map_err(|trouble: Trouble| trouble.cause(&path))
    }

    pub(crate) async fn remove(&mut self, name: &str) -> Result<(), Cause> {
        let path = self.path(name);
        self.sftp.remove(&path).await.map_err(|trouble| trouble.cause(&path))
    }

    pub(crate) async fn close(&mut self) {
        self.ssh.close().await;
    }

    fn path(&self, name: &str) -> String {
        match self.folder.as_str() {
            "" => name.to_owned(),
            folder if folder.ends_with('/') => format!("{folder}{name}"),
            folder => format!("{folder}/{name}"),
        }
    }

    /// Why the server refuses to write: many say only "Failure", so that the disk is asked as well.
    async fn refused(&mut self, trouble: Trouble) -> Cause {
        let vague = matches!(trouble, Trouble::Status { code: status::FAILURE, .. });
        let cause = trouble.cause(&self.folder);
        if !vague {
            return cause;
        }
        let place = if self.folder.is_empty() { "." } else { &self.folder }.to_owned();
        let room = self.sftp.room(&place).await;
        match (cause, room) {
            (Cause::Space { path, said, .. }, Some(room)) => {
                Cause::Space { path, free: Some(room.free), said }
            }
            (Cause::Protocol { said }, Some(room)) if room.read_only => Cause::Permission {
                path: self.folder.clone(),
                said: format!("{said}; it is mounted read-only"),
            },
            (Cause::Protocol { said }, Some(room)) if room.free < ROOM_LEAST => {
                Cause::Space { path: self.folder.clone(), free: Some(room.free), said }
            }
            (cause, _) => cause,
        }
    }
}

/// Finds the folder, or says what the server calls things and what was probably meant.
async fn find(sftp: &mut Sftp<Channel>, folder: &str) -> Result<String, Cause> {
    let place = if folder.is_empty() { "." } else { folder };
    let said = match sftp.stat(place).await {
        Ok(found) if found.is_folder() != Some(false) => return Ok(folder.to_owned()),
        Ok(_) => "it is a file".to_owned(),
        Err(Trouble::Status { code: status::PERMISSION_DENIED, said }) => {
            return Err(Cause::Permission { path: folder.to_owned(), said });
        }
        Err(Trouble::Status { said, .. }) => said,
        Err(other) => return Err(other.cause(folder)),
    };
    let root = sftp.real_path(".").await.unwrap_or_else(|_| "?".to_owned());
    let mut instead = None;
    for guess in guesses(folder, &root) {
        if sftp.stat(&guess).await.is_ok_and(|found| found.is_folder() == Some(true)) {
            instead = Some(guess);
            break;
        }
    }
    Err(Cause::Path { path: folder.to_owned(), root, instead, said })
}

/// Other ways to write a folder: as servers on Windows do it, and without what a chroot takes away.
fn guesses(folder: &str, root: &str) -> Vec<String> {
    let mut guesses = Vec::new();
    let forward = folder.replace('\\', "/");
    let drive = |path: &str| path.as_bytes().get(1) == Some(&b':');
    if drive(&forward) {
        guesses.push(format!("/{forward}"));
    } else if drive(root.trim_start_matches('/')) {
        // `/C:/data/billing` when the root is `/C:/…` and the folder was meant from the drive's top.
        let letter: String = root.trim_start_matches('/').chars().take(2).collect();
        guesses.push(format!("/{letter}/{}", forward.trim_start_matches('/')));
    }
    if forward != folder {
        guesses.push(forward.clone());
    }
    let parts: Vec<&str> = forward.split('/').filter(|part| !part.is_empty()).collect();
    let ends =
        (1..parts.len()).map(|skipped| format!("/{}", parts.get(skipped..).unwrap_or_default().join("/")));
    guesses.extend(ends);
    if !forward.starts_with('/') {
        guesses.push(format!("/{forward}"));
    } else {
        guesses.push(forward.trim_start_matches('/').to_owned());
    }
    if folder.is_empty() {
        return Vec::new();
    }
    let mut seen = BTreeSet::from([folder.to_owned(), String::new()]);
    guesses.retain(|guess| seen.insert(guess.clone()));
    guesses.truncate(GUESSES_MAX);
    guesses
}

/// Other ways to write a folder that are tried.
const GUESSES_MAX: usize = 8;
/// Less room than this counts as none, in bytes.
const ROOM_LEAST: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_ways_to_write_a_folder_are_guessed() {
        let check =
            |folder: &str, root: &str, expect: &[&str]| assert_eq!(guesses(folder, root), expect, "{folder}");
        check("C:\\cdr\\in", "/C:/data/b", &["/C:/cdr/in", "C:/cdr/in", "/cdr/in", "/in"]);
        check("/cdr", "/C:/data/b", &["/C:/cdr", "cdr"]);
        check(
            "/srv/sftp/billing/cdr",
            "/",
            &["/sftp/billing/cdr", "/billing/cdr", "/cdr", "srv/sftp/billing/cdr"],
        );
        check("cdr", "/data/b", &["/cdr"]);
        check("", "/", &[]);
        assert_eq!(guesses(&"a/".repeat(40), "/").len(), GUESSES_MAX);
    }
}
