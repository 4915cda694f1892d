//! Putting files: one connection, many files, each whole or not at all.

use std::time::{Duration, Instant};

use crate::destination::{Destination, Protocol};
use crate::failure::{Cause, Failure, Report, Step, With};
use crate::folder::Folder;
use crate::ftp::Ftp;
use crate::over_ssh::OverSsh;

/// A connection to a destination, with its folder found.
pub struct Session {
    to: Destination,
    way: Way,
}

enum Way {
    Sftp(Box<OverSsh>),
    Ftp(Box<Ftp>),
    Folder(Folder),
}

impl Session {
    /// Connects, logs in and goes to the folder.
    ///
    /// # Errors
    /// The step that did not succeed.
    pub async fn open(to: &Destination) -> Result<Session, Failure> {
        Session::open_telling(to, &mut |_| ()).await
    }

    async fn open_telling(to: &Destination, passed: &mut impl FnMut(Step)) -> Result<Session, Failure> {
        let way = match to.protocol {
            Protocol::Sftp => Way::Sftp(Box::new(OverSsh::open(to, passed).await?)),
            Protocol::Ftp | Protocol::Ftps | Protocol::FtpsImplicit => {
                Way::Ftp(Box::new(Ftp::open(to, passed).await?))
            }
            Protocol::Folder => Way::Folder(Folder::open(to).await?),
        };
        passed(Step::Folder);
        Ok(Session { to: to.clone(), way })
    }

    /// Puts a file: under a temporary name first, then under its own, in the place of one that is there from an attempt that was cut off.
    ///
    /// When it returns, whoever looks for files of that name finds the whole file. After a failure the connection is not used any more.
    ///
    /// # Errors
    /// The step that did not succeed.
    pub async fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.named(name)?;
        let temporary = temporary(name);
        self.write(&temporary, bytes).await?;
        self.rename(&temporary, name).await
    }

    /// Says goodbye.
    pub async fn close(self) {
        match self.way {
            Way::Sftp(mut way) => way.close().await,
            Way::Ftp(mut way) => way.close().await,
            Way::Folder(_) => {}
        }
    }

    /// Which of the pinned keys the server has shown, with its owner.
    #[must_use]
    pub fn peer(&self) -> Option<&str> {
        match &self.way {
            Way::Sftp(way) => way.peer(),
            Way::Ftp(way) => way.peer(),
            Way::Folder(_) => None,
        }
    }

    /// What the server calls itself.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        match &self.way {
            Way::Sftp(way) => way.server(),
            Way::Ftp(way) => way.server(),
            Way::Folder(_) => None,
        }
    }

    /// A name is a name, and no path.
    fn named(&self, name: &str) -> Result<(), Failure> {
        let sound = !name.is_empty()
            && name.len() <= NAME_BYTES_MAX
            && !name.starts_with('.')
            && name.chars().all(|letter| letter.is_ascii_graphic() && letter != '/' && letter != '\\');
        if sound {
            return Ok(());
        }
        let said = format!("`{}` is no name of a file", name.escape_default());
        Err(self.to.fail(Step::Write, Cause::Configuration { said }))
    }

    async fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let written = match &mut self.way {
            Way::Sftp(way) => way.write(name, bytes).await,
            Way::Ftp(way) => way.write(name, bytes).await,
            Way::Folder(way) => way.write(name, bytes).await,
        };
        written.map_err(|cause| self.fail(Step::Write, cause))
    }

    async fn rename(&mut self, from: &str, to: &str) -> Result<(), Failure> {
        let renamed = match &mut self.way {
            Way::Sftp(way) => way.rename(from, to).await,
            Way::Ftp(way) => way.rename(from, to).await,
            Way::Folder(way) => way.rename(from, to).await,
        };
        renamed.map_err(|cause| self.fail(Step::Rename, cause))
    }

    async fn read(&mut self, name: &str, most: usize) -> Result<Vec<u8>, Failure> {
        let read = match &mut self.way {
            Way::Sftp(way) => way.read(name, most).await,
            Way::Ftp(way) => way.read(name, most).await,
            Way::Folder(way) => way.read(name).await,
        };
        read.map_err(|cause| self.fail(Step::ReadBack, cause))
    }

    async fn remove(&mut self, name: &str) -> Result<(), Failure> {
        let removed = match &mut self.way {
            Way::Sftp(way) => way.remove(name).await,
            Way::Ftp(way) => way.remove(name).await,
            Way::Folder(way) => way.remove(name).await,
        };
        removed.map_err(|cause| self.fail(Step::Remove, cause))
    }

    fn fail(&self, step: Step, cause: Cause) -> Failure {
        self.to.fail(step, cause).with(self.server(), self.peer())
    }
}

/// How a rehearsal went.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Rehearsal {
    /// The destination in words.
    pub destination: String,
    /// The steps that succeeded, in their order.
    pub passed: Vec<Passed>,
    /// What the server calls itself, when it came so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Whose pinned key the server showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Why it ended there, unless it went well to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Report>,
}

/// A step that succeeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Passed {
    /// Which.
    pub step: Step,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
}

/// Does all that putting a file needs with one of a few bytes, reads it again and removes it: nothing is left behind.
///
/// It stops at the first step that fails. `name` is the file's, and should be none that a billing system takes for records.
pub async fn rehearse(to: &Destination, name: &str) -> Rehearsal {
    let mut passed = Vec::new();
    let mut since = Instant::now();
    let mut tell = |step: Step| {
        let milliseconds = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        since = Instant::now();
        passed.push(Passed { step, milliseconds });
    };
    let mut session = match Session::open_telling(to, &mut tell).await {
        Ok(session) => session,
        Err(failure) => {
            let With { server, peer, .. } = *failure.with.clone();
            return Rehearsal {
                destination: to.name(),
                passed,
                server,
                peer,
                failure: Some(failure.report()),
            };
        }
    };
    let failure = play(&mut session, name, &mut tell).await.err().map(|failure| failure.report());
    let (server, peer) = (session.server().map(str::to_owned), session.peer().map(str::to_owned));
    session.close().await;
    Rehearsal { destination: to.name(), passed, server, peer, failure }
}

async fn play(session: &mut Session, name: &str, tell: &mut impl FnMut(Step)) -> Result<(), Failure> {
    session.named(name)?;
    let temporary = temporary(name);
    let text = b"A rehearsal of delivery. This file can be removed.\n";
    let mut left = temporary.as_str();
    let played = async {
        session.write(&temporary, text).await?;
        tell(Step::Write);
        session.rename(&temporary, name).await?;
        left = name;
        tell(Step::Rename);
        let read = session.read(name, text.len()).await?;
        if read != text {
            let said = "what was read is not what was written".to_owned();
            return Err(session.fail(Step::ReadBack, Cause::Protocol { said }));
        }
        tell(Step::ReadBack);
        Ok(())
    };
    match played.await {
        Ok(()) => {
            session.remove(name).await?;
            tell(Step::Remove);
            Ok(())
        }
        Err(failure) => {
            // Whatever is there by now goes, as far as that is possible.
            let _ = tokio::time::timeout(CLEANING_TIME, session.remove(left)).await;
            Err(failure)
        }
    }
}

/// The name that a file has until it is whole: nobody who looks for files takes it for one.
fn temporary(name: &str) -> String {
    format!(".{name}.part")
}

/// Longest name of a file, in bytes; with what is added to it for a while, file systems take it.
const NAME_BYTES_MAX: usize = 200;
/// How long a rehearsal that failed may take to clean up.
const CLEANING_TIME: Duration = Duration::from_secs(5);
