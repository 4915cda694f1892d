//! One session of SFTP at the server: a question in, an answer out. It reads and writes files, so it never runs where others wait.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RenameFlags, StatVfsMountFlags, Timespec, Timestamps, mkdirat, renameat,
    renameat_with, unlinkat,
};
use rustix::io::Errno;
use strowger_base::limits;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::listing::Listing;
use super::tree::{self, No, Spot};
use super::{Access, Account};
use crate::kexinit::printable;
use crate::sftp::wire::{self, Attributes, Packet, Reader, open, packet, status};

/// A session of a user who has logged in.
pub(super) struct Files {
    account: Arc<Account>,
    open: BTreeMap<u32, (Open, Seat)>,
    next: u32,
    seats: Arc<Seats>,
    traffic: Arc<Traffic>,
    /// Tells apart the files that are under way in different sessions.
    visit: u64,
    stored: Box<dyn FnMut(Stored) + Send>,
}

/// What all sessions together may have open, so that one user's programs do not take the descriptors and the memory of the server.
pub(super) struct Seats {
    files: Arc<Semaphore>,
    listings: Arc<Semaphore>,
}

impl Default for Seats {
    fn default() -> Seats {
        Seats {
            files: Arc::new(Semaphore::new(limits::SFTP_HANDLES_OF_ALL)),
            listings: Arc::new(Semaphore::new(limits::SFTP_LISTINGS_OF_ALL)),
        }
    }
}

/// One of the seats, free again when it is dropped.
struct Seat {
    _permit: OwnedSemaphorePermit,
}

/// A file that a user has brought.
pub(super) struct Stored {
    /// As the user calls it.
    pub(super) path: String,
    pub(super) bytes: u64,
    /// It is there; otherwise it was cut off on its way and is not kept.
    pub(super) whole: bool,
}

/// What a session has carried.
#[derive(Default, Debug)]
pub(super) struct Traffic {
    pub(super) read: AtomicU64,
    pub(super) written: AtomicU64,
    pub(super) files_read: AtomicU64,
    pub(super) files_written: AtomicU64,
}

enum Open {
    File(OpenFile),
    Listing(Listing),
}

struct OpenFile {
    file: File,
    path: Vec<u8>,
    may_read: bool,
    /// Bytes that were written, when it may be.
    written: Option<u64>,
    /// Writes go to its end, wherever they say.
    appends: bool,
    /// It gets its name when it is closed.
    staged: Option<Staged>,
}

/// A file that has no name yet.
struct Staged {
    folder: OwnedFd,
    /// What it is called meanwhile.
    now: OsString,
    /// What it is to be called.
    name: OsString,
    /// Nothing of that name may be there.
    is_new: bool,
}

impl OpenFile {
    /// The largest that it may become.
    const fn most(&self) -> u64 {
        if self.staged.is_some() { limits::SFTP_BROUGHT_BYTES } else { limits::SFTP_FILE_BYTES }
    }
}

type Answer = Result<Packet, No>;

impl Files {
    pub(super) fn new(
        account: Arc<Account>,
        visit: u64,
        seats: Arc<Seats>,
        traffic: Arc<Traffic>,
        stored: Box<dyn FnMut(Stored) + Send>,
    ) -> Files {
        Files { account, open: BTreeMap::new(), next: 0, seats, traffic, visit, stored }
    }

    /// Answers a question.
    pub(super) fn answer(&mut self, kind: u8, body: &[u8]) -> Packet {
        let mut reader = Reader(body);
        if kind == packet::INIT {
            let hello = Packet::new(packet::VERSION).word(wire::VERSION);
            return EXTENSIONS.iter().fold(hello, |hello, (name, data)| hello.text(name).text(data));
        }
        let id = reader.word().unwrap_or(0);
        let account = Arc::clone(&self.account);
        self.answered(&account, kind, id, &mut reader).unwrap_or_else(|no| refused(id, &no))
    }

    /// The session has ended: what was under way is not kept.
    pub(super) fn end(&mut self) {
        for (_, (open, _seat)) in std::mem::take(&mut self.open) {
            self.forget(open);
        }
    }

    fn answered(&mut self, account: &Account, kind: u8, id: u32, ask: &mut Reader<'_>) -> Answer {
        match kind {
            packet::OPEN => self.open(account, id, ask),
            packet::CLOSE => {
                let (open, _seat) = self.open.remove(&number(ask)?).ok_or_else(no_handle)?;
                self.close(open)?;
                Ok(done(id))
            }
            packet::READ => self.read(id, ask),
            packet::WRITE => self.write(id, ask),
            packet::STAT | packet::LSTAT => {
                let found = Spot::of(account, text(ask)?)?.stat()?;
                Ok(Packet::new(packet::ATTRS).word(id).attributes(found))
            }
            packet::FSTAT => {
                let found = tree::attributes(&rustix::fs::fstat(&self.file(ask)?.file)?);
                Ok(Packet::new(packet::ATTRS).word(id).attributes(found))
            }
            packet::SETSTAT => set(account, id, ask),
            packet::FSETSTAT => {
                let open = self.file(ask)?;
                let wanted = ask.attributes().ok_or_else(broken)?;
                if open.written.is_none() {
                    return Err(No::forbidden("It was not opened for writing"));
                }
                change(&open.file, wanted, open.most())?;
                Ok(done(id))
            }
            packet::OPENDIR => {
                let spot = Spot::of(account, text(ask)?)?;
                let seat = self.seat(true)?;
                let listing = Listing::open(&spot, account)?;
                Ok(self.handle(id, Open::Listing(listing), seat))
            }
            packet::READDIR => {
                let number = number(ask)?;
                match self.open.get_mut(&number) {
                    Some((Open::Listing(listing), _)) => listing.page(id),
                    Some((Open::File(_), _)) | None => Err(no_handle()),
                }
            }
            packet::REMOVE | packet::RMDIR => remove(account, id, ask, kind == packet::RMDIR),
            packet::MKDIR => {
                let spot = Spot::of(account, text(ask)?)?;
                let (share, root, above, name) = spot.to_write()?;
                if share.access == Access::Bring {
                    return Err(No::forbidden("Files are brought here, and no folders"));
                }
                let above = tree::folder(root, above)?;
                room_is_left(&above)?;
                mkdirat(above, name, Mode::from_raw_mode(0o777))?;
                Ok(done(id))
            }
            packet::REALPATH => {
                let whole = tree::clean(text(ask)?)?;
                Ok(Packet::new(packet::NAME)
                    .word(id)
                    .word(1)
                    .text(&whole)
                    .text(&whole)
                    .attributes(Attributes::default()))
            }
            packet::RENAME => rename(account, id, ask, false),
            packet::EXTENDED => match text(ask)? {
                b"posix-rename@openssh.com" => rename(account, id, ask, true),
                b"fsync@openssh.com" => {
                    self.file(ask)?.file.sync_all()?;
                    Ok(done(id))
                }
                b"statvfs@openssh.com" => room(account, id, ask),
                b"limits@openssh.com" => Ok(Packet::new(packet::EXTENDED_REPLY)
                    .word(id)
                    .long(limits::SFTP_PACKET_BYTES as u64)
                    .long(PIECE_BYTES as u64)
                    .long(PIECE_BYTES as u64)
                    .long(limits::SFTP_HANDLES as u64)),
                _ => Err(No::new(status::UNSUPPORTED, "There is no such extension here")),
            },
            // Links lead out of a jail; there are none.
            _ => Err(No::new(status::UNSUPPORTED, "This is not done here")),
        }
    }

    fn open(&mut self, account: &Account, id: u32, ask: &mut Reader<'_>) -> Answer {
        let path = text(ask)?;
        let flags = ask.word().ok_or_else(broken)?;
        let spot = Spot::of(account, path)?;
        let path = tree::clean(path)?;
        let may_read = flags & open::READ != 0;
        let seat = self.seat(false)?;
        if flags & open::WRITE == 0 {
            let file = File::from(spot.open_to_read()?);
            let open = OpenFile { file, path, may_read, written: None, appends: false, staged: None };
            return Ok(self.handle(id, Open::File(open), seat));
        }
        let (share, root, above, name) = spot.to_write()?;
        let above = tree::folder(root, above)?;
        room_is_left(&above)?;
        let appends = flags & open::APPEND != 0;
        let (file, staged) = if share.access == Access::Bring {
            if flags & open::CREATE == 0 || appends {
                return Err(No::forbidden(
                    "Files are brought whole here: those that are there are not changed",
                ));
            }
            let is_there = tree::visible(&above, name);
            match is_there {
                Ok(found) if flags & open::EXCLUSIVE != 0 || found.is_folder() == Some(true) => {
                    return Err(No::from(Errno::EXIST));
                }
                _ => {}
            }
            let now = OsString::from(format!("{STAGED}{:x}-{:x}.part", self.visit, self.next));
            let file = tree::open_in(&above, &now, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)?;
            let is_new = flags & open::EXCLUSIVE != 0;
            (file, Some(Staged { folder: above, now, name: name.to_owned(), is_new }))
        } else {
            let mut how = if may_read { OFlags::RDWR } else { OFlags::WRONLY };
            how.set(OFlags::CREATE, flags & open::CREATE != 0);
            how.set(OFlags::EXCL, flags & open::CREATE != 0 && flags & open::EXCLUSIVE != 0);
            let file = tree::regular(tree::open_in(&above, name, how)?)?;
            // Only now: what is no file is not emptied either.
            if flags & open::TRUNCATE != 0 {
                rustix::fs::ftruncate(&file, 0)?;
            }
            (file, None)
        };
        let file = File::from(file);
        let open = OpenFile { file, path, may_read, written: Some(0), appends, staged };
        Ok(self.handle(id, Open::File(open), seat))
    }

    /// Room for one more, before anything is opened: what is refused has changed nothing.
    fn seat(&self, listing: bool) -> Result<Seat, No> {
        let listings = || self.open.values().filter(|(open, _)| matches!(open, Open::Listing(_))).count();
        if self.open.len() >= limits::SFTP_HANDLES || listing && listings() >= LISTINGS_MAX {
            return Err(No::new(status::FAILURE, "Too many open files"));
        }
        let seats = if listing { &self.seats.listings } else { &self.seats.files };
        let permit = Arc::clone(seats).try_acquire_owned().map_err(|_| {
            No::new(
                status::FAILURE,
                "Too many open files of all sessions together: close some, or try again later",
            )
        })?;
        Ok(Seat { _permit: permit })
    }

    fn handle(&mut self, id: u32, open: Open, seat: Seat) -> Packet {
        // A number comes again only after all others did.
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        if let Some((open, _seat)) = self.open.insert(number, (open, seat)) {
            self.forget(open);
        }
        Packet::new(packet::HANDLE).word(id).text(number.to_be_bytes())
    }

    /// A file that nobody will close.
    fn forget(&mut self, open: Open) {
        if let Open::File(OpenFile { staged: Some(staged), path, written, .. }) = open {
            let Staged { folder, now, .. } = staged;
            let _ = unlinkat(&folder, now.as_os_str(), AtFlags::empty());
            let (path, bytes) = (printable(&path), written.unwrap_or(0));
            (self.stored)(Stored { path, bytes, whole: false });
        }
    }

    fn close(&mut self, open: Open) -> Result<(), No> {
        let Open::File(OpenFile { file, path, written, staged, .. }) = open else { return Ok(()) };
        let Some(bytes) = written else {
            self.traffic.files_read.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        let mut done = Ok(());
        if let Some(Staged { folder, now, name, is_new }) = staged {
            // Whoever looks for files there finds whole ones, also after a power cut.
            let named = file.sync_all().map_err(No::from).and_then(|()| match is_new {
                true => rename_new((&folder, &now), (&folder, &name)),
                false => Ok(renameat(&folder, now.as_os_str(), &folder, name.as_os_str())?),
            });
            if let Err(no) = named {
                let _ = unlinkat(&folder, now.as_os_str(), AtFlags::empty());
                (self.stored)(Stored { path: printable(&path), bytes, whole: false });
                return Err(no);
            }
            // It has its name, whatever a power cut does to it now.
            done = rustix::fs::fsync(&folder).map_err(No::from);
        }
        self.traffic.files_written.fetch_add(1, Ordering::Relaxed);
        (self.stored)(Stored { path: printable(&path), bytes, whole: true });
        done
    }

    fn read(&mut self, id: u32, ask: &mut Reader<'_>) -> Answer {
        let traffic = Arc::clone(&self.traffic);
        let open = self.file(ask)?;
        let (offset, length) = ask.long().zip(ask.word()).ok_or_else(broken)?;
        if !open.may_read {
            return Err(No::forbidden("It was not opened for reading"));
        }
        let mut piece = vec![0; usize::try_from(length).unwrap_or(PIECE_BYTES).min(PIECE_BYTES)];
        let count = loop {
            match open.file.read_at(&mut piece, offset) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if count == 0 && length > 0 {
            return Err(No::new(status::EOF, "End of file"));
        }
        piece.truncate(count);
        traffic.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(Packet::new(packet::DATA).word(id).text(piece))
    }

    fn write(&mut self, id: u32, ask: &mut Reader<'_>) -> Answer {
        let traffic = Arc::clone(&self.traffic);
        let open = self.file(ask)?;
        let (offset, bytes) = ask.long().zip(ask.text()).ok_or_else(broken)?;
        let most = open.most();
        let Some(written) = &mut open.written else {
            return Err(No::forbidden("It was not opened for writing"));
        };
        let offset = if open.appends { open.file.metadata()?.len() } else { offset };
        let count = bytes.len() as u64;
        if offset.saturating_add(count) > most {
            return Err(No::from(Errno::FBIG));
        }
        room_is_left(&open.file)?;
        open.file.write_all_at(bytes, offset)?;
        *written += count;
        traffic.written.fetch_add(count, Ordering::Relaxed);
        Ok(done(id))
    }

    fn file(&mut self, ask: &mut Reader<'_>) -> Result<&mut OpenFile, No> {
        match self.open.get_mut(&number(ask)?) {
            Some((Open::File(open), _)) => Ok(open),
            Some((Open::Listing(_), _)) | None => Err(no_handle()),
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.end();
    }
}

/// Files that were under way when the server ended are removed; how many that were.
pub(super) fn remove_staged(folder: &std::path::Path) -> std::io::Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(STAGED.as_bytes()) {
            std::fs::remove_file(entry.path())?;
            count += 1;
        }
    }
    Ok(count)
}

fn set(account: &Account, id: u32, ask: &mut Reader<'_>) -> Answer {
    let spot = Spot::of(account, text(ask)?)?;
    let wanted = ask.attributes().ok_or_else(broken)?;
    let (share, root, above, name) = spot.to_write()?;
    if share.access == Access::Bring && wanted.size.is_some() {
        return Err(No::forbidden("Files are brought whole here: those that are there are not changed"));
    }
    let above = tree::folder(root, above)?;
    let is_folder = tree::visible(&above, name)?.is_folder() == Some(true);
    let how = if is_folder { OFlags::RDONLY } else { OFlags::WRONLY };
    change(&File::from(tree::open_in(&above, name, how)?), wanted, limits::SFTP_FILE_BYTES)?;
    Ok(done(id))
}

/// Length and times; rights and owners are this server's affair, and asking for them does no harm.
fn change(file: &File, wanted: Attributes, most: u64) -> Result<(), No> {
    if let Some(size) = wanted.size {
        if size > most {
            return Err(No::from(Errno::FBIG));
        }
        file.set_len(size)?;
    }
    if let Some((read, written)) = wanted.times {
        let time = |seconds: u32| Timespec { tv_sec: i64::from(seconds), tv_nsec: 0 };
        let times = Timestamps { last_access: time(read), last_modification: time(written) };
        rustix::fs::futimens(file, &times)?;
    }
    Ok(())
}

fn remove(account: &Account, id: u32, ask: &mut Reader<'_>, folder: bool) -> Answer {
    let spot = Spot::of(account, text(ask)?)?;
    let (_, root, above, name) = spot.to_write()?;
    let above = tree::folder(root, above)?;
    let is_folder = tree::visible(&above, name)?.is_folder() == Some(true);
    if is_folder != folder {
        let words = if folder { "Not a directory" } else { "Is a directory" };
        return Err(No::new(status::FAILURE, words));
    }
    unlinkat(above, name, if folder { AtFlags::REMOVEDIR } else { AtFlags::empty() })?;
    Ok(done(id))
}

/// In version 3 nothing is replaced; with the extension of OpenSSH it is, in one step.
fn rename(account: &Account, id: u32, ask: &mut Reader<'_>, replaces: bool) -> Answer {
    let (from, to) = (Spot::of(account, text(ask)?)?, Spot::of(account, text(ask)?)?);
    let (share, root, above, name) = from.to_write()?;
    let (other, _, other_above, other_name) = to.to_write()?;
    if !std::ptr::eq(share, other) {
        return Err(No::from(Errno::XDEV));
    }
    let (above, other_above) = (tree::folder(root, above)?, tree::folder(root, other_above)?);
    tree::visible(&above, name)?;
    if replaces {
        renameat(above, name, other_above, other_name)?;
        return Ok(done(id));
    }
    rename_new((&above, name), (&other_above, other_name))?;
    Ok(done(id))
}

/// Gives a file another name, which nothing has.
fn rename_new((above, name): (&OwnedFd, &OsStr), (to, new): (&OwnedFd, &OsStr)) -> Result<(), No> {
    match renameat_with(above, name, to, new, RenameFlags::NOREPLACE) {
        // A file system that does not know this.
        Err(Errno::INVAL | Errno::NOSYS) => match tree::visible(to, new) {
            Err(no) if no.code == status::NO_SUCH_FILE => Ok(renameat(above, name, to, new)?),
            _ => Err(No::from(Errno::EXIST)),
        },
        other => Ok(other?),
    }
}

/// How much room there is where a path is: the extension of OpenSSH.
fn room(account: &Account, id: u32, ask: &mut Reader<'_>) -> Answer {
    let spot = Spot::of(account, text(ask)?)?;
    let (share, root) = match &spot {
        Spot::Inside { share, root, .. } => (share, *root),
        Spot::Days { share } | Spot::Day { share, .. } | Spot::OfDay { share, .. } => {
            (share, tree::sources(share).next().ok_or_else(No::absent)?)
        }
        Spot::Beside => return Err(No::absent()),
        Spot::Top => return Err(No::new(status::UNSUPPORTED, "Ask in one of the folders")),
    };
    let found = rustix::fs::fstatvfs(tree::folder(root, &[])?)?;
    let left = limits::SFTP_ROOM_LEFT_BYTES / found.f_frsize.max(1);
    let available = found.f_bavail.saturating_sub(left);
    let read_only = share.access == Access::Read || found.f_flag.contains(StatVfsMountFlags::RDONLY);
    let figures = [
        found.f_bsize,
        found.f_frsize,
        found.f_blocks,
        found.f_bfree,
        available,
        found.f_files,
        found.f_ffree,
        found.f_favail,
        0,
        u64::from(read_only),
        255,
    ];
    let reply = Packet::new(packet::EXTENDED_REPLY).word(id);
    Ok(figures.into_iter().fold(reply, Packet::long))
}

/// Users do not fill the disk on which calls are written down.
fn room_is_left(at: &impl std::os::fd::AsFd) -> Result<(), No> {
    let found = rustix::fs::fstatvfs(at)?;
    let free = found.f_frsize.saturating_mul(found.f_bavail);
    // Not every file system counts its files.
    let is_without_files = found.f_files > 0 && found.f_favail < limits::SFTP_FILES_LEFT;
    let is_full = free < limits::SFTP_ROOM_LEFT_BYTES || is_without_files;
    if is_full { Err(No::from(Errno::NOSPC)) } else { Ok(()) }
}

fn text<'a>(ask: &mut Reader<'a>) -> Result<&'a [u8], No> {
    ask.text().ok_or_else(broken)
}

fn number(ask: &mut Reader<'_>) -> Result<u32, No> {
    let handle = text(ask)?;
    handle.try_into().map(u32::from_be_bytes).map_err(|_| no_handle())
}

fn done(id: u32) -> Packet {
    Packet::new(packet::STATUS).word(id).word(status::OK).text("Success").text("en")
}

fn refused(id: u32, no: &No) -> Packet {
    Packet::new(packet::STATUS).word(id).word(no.code).text(&no.words).text("en")
}

fn broken() -> No {
    No::new(status::BAD_MESSAGE, "The question is cut off")
}

fn no_handle() -> No {
    No::new(status::FAILURE, "There is no such handle")
}

/// True for a name that a listing shows: what is under way has none yet.
pub(super) fn is_shown(name: &OsStr, kind: FileType) -> bool {
    matches!(kind, FileType::RegularFile | FileType::Directory)
        && !name.as_encoded_bytes().starts_with(STAGED.as_bytes())
}

/// What is told in the beginning.
const EXTENSIONS: &[(&str, &str)] = &[
    ("posix-rename@openssh.com", "1"),
    ("statvfs@openssh.com", "2"),
    ("fsync@openssh.com", "1"),
    ("limits@openssh.com", "1"),
];
/// How the names of files begin that are not whole.
pub(super) const STAGED: &str = ".strowger-upload-";
/// Bytes of a file in one packet, with room for what is around them.
const PIECE_BYTES: usize = limits::SFTP_PACKET_BYTES - 1024;
/// Listings that a session may have open.
const LISTINGS_MAX: usize = 8;

#[cfg(test)]
mod tests;
