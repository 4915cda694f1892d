//! A client of SFTP: what putting a file whole needs, and no more.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::failure::Cause;
use crate::kexinit::printable;
use wire::{Attributes, Packet, Reader, open, packet, receive, status};

pub(crate) mod wire;

/// A session of SFTP on a stream. One question at a time.
pub(crate) struct Sftp<S> {
    stream: S,
    next: u32,
    step: Duration,
    /// What the server can beyond version 3.
    extensions: Extensions,
}

#[derive(Clone, Copy, Default, Debug)]
struct Extensions {
    posix_rename: bool,
    fsync: bool,
    statvfs: bool,
}

/// What the server says to a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Trouble {
    /// A status other than well done.
    Status { code: u32, said: String },
    /// No answer in time.
    Timeout(Duration),
    /// The connection is gone.
    Lost(String),
    /// An answer that is none.
    Nonsense(&'static str),
}

/// A file that is open, as the server calls it.
pub(crate) struct Handle(Vec<u8>);

/// Room on a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Room {
    pub(crate) free: u64,
    pub(crate) read_only: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sftp<S> {
    /// Begins: the server tells its version and extensions.
    pub(crate) async fn begin(stream: S, step: Duration) -> Result<Sftp<S>, Trouble> {
        let mut sftp = Sftp { stream, next: 0, step, extensions: Extensions::default() };
        let hello = Packet::new(packet::INIT).word(wire::VERSION);
        let (kind, body) = sftp.exchange(hello).await?;
        let mut reader = Reader(&body);
        if kind != packet::VERSION || reader.word().is_none_or(|version| version < wire::VERSION) {
            return Err(Trouble::Nonsense("it does not speak SFTP version 3"));
        }
        while let (Some(name), Some(_)) = (reader.text(), reader.text()) {
            match name {
                b"posix-rename@openssh.com" => sftp.extensions.posix_rename = true,
                b"fsync@openssh.com" => sftp.extensions.fsync = true,
                b"statvfs@openssh.com" => sftp.extensions.statvfs = true,
                _ => {}
            }
        }
        Ok(sftp)
    }

    /// What the server calls a path, in full.
    pub(crate) async fn real_path(&mut self, path: &str) -> Result<String, Trouble> {
        let body = self.ask(packet::REALPATH, packet::NAME, |packet| packet.text(path)).await?;
        let mut reader = Reader(&body);
        let name = reader.word().filter(|count| *count > 0).and_then(|_| reader.text());
        name.map(|name| String::from_utf8_lossy(name).into_owned())
            .ok_or(Trouble::Nonsense("it calls a path nothing"))
    }

    /// What is known of a file or folder.
    pub(crate) async fn stat(&mut self, path: &str) -> Result<Attributes, Trouble> {
        let body = self.ask(packet::STAT, packet::ATTRS, |packet| packet.text(path)).await?;
        Reader(&body).attributes().ok_or(Trouble::Nonsense("attributes are cut off"))
    }

    /// Opens a file for writing; there is none, or it becomes empty.
    pub(crate) async fn create(&mut self, path: &str) -> Result<Handle, Trouble> {
        let flags = open::WRITE | open::CREATE | open::TRUNCATE;
        self.open(path, flags).await
    }

    /// Opens a file for reading.
    pub(crate) async fn open_to_read(&mut self, path: &str) -> Result<Handle, Trouble> {
        self.open(path, open::READ).await
    }

    async fn open(&mut self, path: &str, flags: u32) -> Result<Handle, Trouble> {
        let fill = |packet: Packet| packet.text(path).word(flags).attributes(Attributes::default());
        let body = self.ask(packet::OPEN, packet::HANDLE, fill).await?;
        let handle = Reader(&body).text().ok_or(Trouble::Nonsense("a handle is cut off"))?;
        Ok(Handle(handle.to_vec()))
    }

    /// Writes bytes at their places, a piece at a time.
    pub(crate) async fn write(&mut self, handle: &Handle, bytes: &[u8]) -> Result<(), Trouble> {
        let mut offset = 0;
        for piece in bytes.chunks(PIECE_BYTES) {
            let fill = |packet: Packet| packet.text(&handle.0).long(offset).text(piece);
            self.ask(packet::WRITE, packet::STATUS, fill).await?;
            offset += piece.len() as u64;
        }
        Ok(())
    }

    /// Reads all of a file, as long as it is no longer than `most`.
    pub(crate) async fn read(&mut self, handle: &Handle, most: usize) -> Result<Vec<u8>, Trouble> {
        let mut all = Vec::new();
        loop {
            let piece = u32::try_from(PIECE_BYTES).unwrap_or(u32::MAX);
            let fill = |packet: Packet| packet.text(&handle.0).long(all.len() as u64).word(piece);
            let body = match self.ask(packet::READ, packet::DATA, fill).await {
                Err(Trouble::Status { code: status::EOF, .. }) => return Ok(all),
                other => other?,
            };
            let data = Reader(&body).text().ok_or(Trouble::Nonsense("data are cut off"))?;
            if data.is_empty() || all.len() + data.len() > most {
                return Err(Trouble::Nonsense("a file is longer than what was written"));
            }
            all.extend_from_slice(data);
        }
    }

    /// Brings a file to the disk, where the server can.
    pub(crate) async fn sync(&mut self, handle: &Handle) -> Result<(), Trouble> {
        if !self.extensions.fsync {
            return Ok(());
        }
        let fill = |packet: Packet| packet.text("fsync@openssh.com").text(&handle.0);
        self.ask(packet::EXTENDED, packet::STATUS, fill).await.map(|_| ())
    }

    /// How long an open file is.
    pub(crate) async fn size(&mut self, handle: &Handle) -> Result<Option<u64>, Trouble> {
        let body = self.ask(packet::FSTAT, packet::ATTRS, |packet| packet.text(&handle.0)).await?;
        let attributes = Reader(&body).attributes().ok_or(Trouble::Nonsense("attributes are cut off"))?;
        Ok(attributes.size)
    }

    pub(crate) async fn close(&mut self, handle: Handle) -> Result<(), Trouble> {
        self.ask(packet::CLOSE, packet::STATUS, |packet| packet.text(&handle.0)).await.map(|_| ())
    }

    /// Gives a file another name, in the place of what has that name already.
    pub(crate) async fn rename(&mut self, from: &str, to: &str) -> Result<(), Trouble> {
        if self.extensions.posix_rename {
            let fill = |packet: Packet| packet.text("posix-rename@openssh.com").text(from).text(to);
            return self.ask(packet::EXTENDED, packet::STATUS, fill).await.map(|_| ());
        }
        let Err(refused) = self.rename_to_free(from, to).await else { return Ok(()) };
        // Version 3 renames to no name that is taken. Only when that is why, and the name is taken by a file: it came from an attempt that was cut
        // off before it was told as done, or from another one of that name. It steps aside, and goes only when the new one is in its place.
        let says_so = matches!(refused, Trouble::Status { code: status::FAILURE | status::FILE_EXISTS, .. });
        if !says_so || !self.stat(to).await.is_ok_and(|found| found.is_folder() != Some(true)) {
            return Err(refused);
        }
        let old = aside(to);
        if self.rename_to_free(to, &old).await.is_err() {
            // One that an attempt before left there; the file itself has its name still.
            if self.remove(&old).await.is_err() || self.rename_to_free(to, &old).await.is_err() {
                return Err(refused);
            }
        }
        match self.rename_to_free(from, to).await {
            Ok(()) => {
                let _ = self.remove(&old).await;
                Ok(())
            }
            Err(refused) => {
                let _ = self.rename_to_free(&old, to).await;
                Err(refused)
            }
        }
    }

    async fn rename_to_free(&mut self, from: &str, to: &str) -> Result<(), Trouble> {
        self.ask(packet::RENAME, packet::STATUS, |packet| packet.text(from).text(to)).await.map(|_| ())
    }

    pub(crate) async fn remove(&mut self, path: &str) -> Result<(), Trouble> {
        self.ask(packet::REMOVE, packet::STATUS, |packet| packet.text(path)).await.map(|_| ())
    }

    /// How much room there is where a path is, when the server tells.
    pub(crate) async fn room(&mut self, path: &str) -> Option<Room> {
        if !self.extensions.statvfs {
            return None;
        }
        let fill = |packet: Packet| packet.text("statvfs@openssh.com").text(path);
        let body = self.ask(packet::EXTENDED, packet::EXTENDED_REPLY, fill).await.ok()?;
        let mut reader = Reader(&body);
        // Size of blocks and of fragments; fragments, free ones, those free for users; files, free ones, those free for users; id, flags.
        let mut figures = [0; 10];
        for figure in &mut figures {
            *figure = reader.long()?;
        }
        let [_, fragment, _, _, available, _, _, _, _, flags] = figures;
        Some(Room { free: fragment.saturating_mul(available), read_only: flags & 1 != 0 })
    }

    /// Asks and waits for the answer, which has to be of the kind that is expected.
    async fn ask(
        &mut self,
        kind: u8,
        expected: u8,
        fill: impl FnOnce(Packet) -> Packet,
    ) -> Result<Vec<u8>, Trouble> {
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        let (got, body) = self.exchange(fill(Packet::new(kind).word(id))).await?;
        let mut reader = Reader(&body);
        if reader.word() != Some(id) {
            return Err(Trouble::Nonsense("it answers something that nobody asked"));
        }
        if got == packet::STATUS {
            let code = reader.word().ok_or(Trouble::Nonsense("a status is cut off"))?;
            if code == status::OK && expected == packet::STATUS {
                return Ok(Vec::new());
            }
            let said = reader.text().map(printable).unwrap_or_default();
            return Err(Trouble::Status { code, said });
        }
        if got != expected {
            return Err(Trouble::Nonsense("an answer is of another kind than the question"));
        }
        Ok(reader.0.to_vec())
    }

    async fn exchange(&mut self, packet: Packet) -> Result<(u8, Vec<u8>), Trouble> {
        let work = async {
            packet.send(&mut self.stream).await?;
            receive(&mut self.stream).await
        };
        match timeout(self.step, work).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Err(Trouble::Nonsense("a packet is too large"))
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(Trouble::Lost("the channel was closed".into()))
            }
            Ok(Err(error)) => Err(Trouble::Lost(error.to_string())),
            Err(_) => Err(Trouble::Timeout(self.step)),
        }
    }
}

impl Trouble {
    /// What this means for a file or folder.
    pub(crate) fn cause(self, path: &str) -> Cause {
        match self {
            Trouble::Status { code, said } => {
                let said = if said.is_empty() { format!("status {code}") } else { said };
                let path = path.to_owned();
                match code {
                    status::PERMISSION_DENIED | status::WRITE_PROTECT => Cause::Permission { path, said },
                    status::NO_SPACE | status::QUOTA_EXCEEDED => Cause::Space { path, free: None, said },
                    status::FAILURE if speaks_of_room(&said) => Cause::Space { path, free: None, said },
                    status::NO_CONNECTION | status::CONNECTION_LOST => Cause::Lost { said },
                    _ => Cause::Protocol { said: format!("`{path}`: {said}") },
                }
            }
            Trouble::Timeout(waited) => Cause::Timeout { waited },
            Trouble::Lost(said) => Cause::Lost { said },
            Trouble::Nonsense(said) => Cause::Protocol { said: said.to_owned() },
        }
    }
}

/// The name under which a file waits whether the new one takes its place.
pub(crate) fn aside(path: &str) -> String {
    let (folder, name) = path.rfind('/').map_or(("", path), |at| path.split_at(at + 1));
    format!("{folder}.{name}.old")
}

/// True for the words that servers have for a full disk or a used-up quota.
pub(crate) fn speaks_of_room(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    ["no space", "quota", "disk full", "disc full", "disk is full", "insufficient", "not enough space"]
        .iter()
        .any(|words| said.contains(words))
}

/// Bytes of a file in one packet: what every server takes.
const PIECE_BYTES: usize = 32 * 1024;

#[cfg(test)]
mod tests;
