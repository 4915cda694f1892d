//! What a user sees: folders under names of their own, and never what lies beside them.
//!
//! Paths are taken apart here and walked step by step from the folder that a share stands for, without following symbolic links:
//! the system is never asked for a path that a stranger wrote. `..` at the top stays there, as in a jail.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, openat, statat};
use rustix::io::Errno;
use strowger_base::limits;

use super::files::STAGED;
use super::{Access, Account, Place, Share};
use crate::sftp::wire::{Attributes, status};

/// A question that is not answered, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct No {
    pub(super) code: u32,
    pub(super) words: String,
}

impl No {
    pub(super) fn new(code: u32, words: impl Into<String>) -> No {
        No { code, words: words.into() }
    }

    pub(super) fn absent() -> No {
        No::new(status::NO_SUCH_FILE, "No such file or directory")
    }

    pub(super) fn forbidden(words: &str) -> No {
        No::new(status::PERMISSION_DENIED, words)
    }
}

impl From<Errno> for No {
    fn from(errno: Errno) -> No {
        let code = match errno {
            // What lies behind a symbolic link is not there for anybody.
            Errno::NOENT | Errno::NOTDIR | Errno::LOOP => return No::absent(),
            Errno::ACCESS | Errno::PERM | Errno::ROFS => status::PERMISSION_DENIED,
            _ => status::FAILURE,
        };
        // In the words of the system, which clients look for: "No space left on device".
        let words = std::io::Error::from(errno).to_string();
        No::new(code, words.split(" (os error").next().unwrap_or_default())
    }
}

impl From<std::io::Error> for No {
    fn from(error: std::io::Error) -> No {
        Errno::from_io_error(&error).map_or_else(|| No::new(status::FAILURE, error.to_string()), No::from)
    }
}

/// Where a path leads.
#[derive(Debug)]
pub(super) enum Spot<'a> {
    /// The list of shares.
    Top,
    /// Beside the shares, where nothing is or can be.
    Beside,
    /// In a folder as it is; without steps the folder itself.
    Inside { share: &'a Share, root: &'a Path, steps: Vec<OsString> },
    /// A share of days: the list of days.
    Days { share: &'a Share },
    /// A day, as its folder is called.
    Day { share: &'a Share, folder: OsString },
    /// A file of a day.
    OfDay { share: &'a Share, folder: OsString, name: OsString },
}

impl<'a> Spot<'a> {
    /// Where a path of this account leads. Nothing need be there.
    pub(super) fn of(account: &'a Account, path: &[u8]) -> Result<Spot<'a>, No> {
        let mut steps = steps(path)?.into_iter();
        let Some(first) = steps.next() else { return Ok(Spot::Top) };
        let share = account.shares.iter().find(|share| share.name.as_bytes() == first.as_bytes());
        let Some(share) = share else {
            return if steps.next().is_none() { Ok(Spot::Beside) } else { Err(No::absent()) };
        };
        match &share.place {
            Place::Folder(root) => Ok(Spot::Inside { share, root, steps: steps.collect() }),
            Place::Days(_) => {
                let Some(day) = steps.next() else { return Ok(Spot::Days { share }) };
                let folder = folder_of_day(day.as_bytes()).ok_or_else(No::absent)?;
                match (steps.next(), steps.next()) {
                    (None, _) => Ok(Spot::Day { share, folder }),
                    (Some(name), None) => Ok(Spot::OfDay { share, folder, name }),
                    (Some(_), Some(_)) => Err(No::absent()),
                }
            }
        }
    }

    /// What may be written: the share, its folder, the steps to the folder above and the last name.
    pub(super) fn to_write(&self) -> Result<(&'a Share, &'a Path, &[OsString], &OsStr), No> {
        let (share, root, steps) = match self {
            Spot::Inside { share, root, steps } => (share, root, steps),
            Spot::Top | Spot::Beside => return Err(No::forbidden("Choose one of the folders here")),
            Spot::Days { .. } | Spot::Day { .. } | Spot::OfDay { .. } => {
                return Err(No::forbidden(READ_ONLY));
            }
        };
        if share.access == Access::Read {
            return Err(No::forbidden(READ_ONLY));
        }
        let (name, above) = steps.split_last().ok_or_else(|| No::forbidden("Its name is fixed"))?;
        Ok((share, root, above, name))
    }

    /// What is known of it.
    pub(super) fn stat(&self) -> Result<Attributes, No> {
        match self {
            Spot::Top | Spot::Days { .. } => Ok(fixed_folder()),
            Spot::Beside => Err(No::absent()),
            Spot::Inside { root, steps, .. } => match steps.split_last() {
                None => Ok(attributes(&rustix::fs::fstat(folder(root, &[])?)?)),
                Some((name, above)) => visible(&folder(root, above)?, name),
            },
            Spot::Day { share, folder: day } => {
                let found = sources(share).find_map(|root| folder(root, std::slice::from_ref(day)).ok());
                let found = found.ok_or_else(No::absent)?;
                Ok(attributes(&rustix::fs::fstat(found)?))
            }
            Spot::OfDay { .. } => Ok(attributes(&rustix::fs::fstat(self.open_to_read()?)?)),
        }
    }

    /// Opens a file for reading.
    pub(super) fn open_to_read(&self) -> Result<OwnedFd, No> {
        match self {
            Spot::Inside { root, steps, .. } => {
                let (name, above) =
                    steps.split_last().ok_or_else(|| No::new(status::FAILURE, "Is a directory"))?;
                regular(open_in(&folder(root, above)?, name, OFlags::RDONLY)?)
            }
            Spot::OfDay { share, folder: day, name } => {
                // It moves while somebody looks, from one folder to the next and back again when it is to be sent once more.
                let mut found = Err(No::absent());
                for root in sources(share).chain(sources(share)) {
                    let opened = folder(root, std::slice::from_ref(day))
                        .and_then(|above| open_in(&above, name, OFlags::RDONLY))
                        .map_err(No::from)
                        .and_then(regular);
                    match opened {
                        Err(no) if no.code == status::NO_SUCH_FILE => {}
                        other => {
                            found = other;
                            break;
                        }
                    }
                }
                found
            }
            Spot::Beside => Err(No::absent()),
            Spot::Top | Spot::Days { .. } | Spot::Day { .. } => {
                Err(No::new(status::FAILURE, "Is a directory"))
            }
        }
    }
}

/// The folders of a share of days.
pub(super) fn sources(share: &Share) -> impl Iterator<Item = &Path> {
    match &share.place {
        Place::Days(sources) => sources.as_slice(),
        Place::Folder(_) => &[],
    }
    .iter()
    .map(AsRef::as_ref)
}

/// Opens the folder below a root to which these steps lead.
pub(super) fn folder(root: &Path, steps: &[OsString]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    // The root is the operator's choice, symbolic links and all; what is below it is not.
    let mut at = openat(CWD, root, flags, Mode::empty())?;
    for step in steps {
        at = openat(&at, step.as_os_str(), flags | OFlags::NOFOLLOW, Mode::empty())?;
    }
    Ok(at)
}

/// Opens a file in a folder; a device or a pipe does not hold anybody up.
pub(super) fn open_in(above: &OwnedFd, name: &OsStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    let safe = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    openat(above, name, flags | safe, Mode::from_raw_mode(0o666))
}

/// Files are files: no devices, no pipes.
pub(super) fn regular(file: OwnedFd) -> Result<OwnedFd, No> {
    match FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) {
        FileType::RegularFile => Ok(file),
        FileType::Directory => Err(No::new(status::FAILURE, "Is a directory")),
        _ => Err(No::absent()),
    }
}

/// What is known of a file or folder in a folder; anything else is not there.
pub(super) fn visible(above: &OwnedFd, name: &OsStr) -> Result<Attributes, No> {
    let stat = statat(above, name, AtFlags::SYMLINK_NOFOLLOW)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile | FileType::Directory => Ok(attributes(&stat)),
        _ => Err(No::absent()),
    }
}

pub(super) fn attributes(stat: &Stat) -> Attributes {
    let seconds = |time: i64| u32::try_from(time).unwrap_or(if time < 0 { 0 } else { u32::MAX });
    Attributes {
        size: u64::try_from(stat.st_size).ok(),
        permissions: Some(stat.st_mode),
        times: Some((seconds(stat.st_atime), seconds(stat.st_mtime))),
    }
}

/// A folder that is there only for users.
pub(super) fn fixed_folder() -> Attributes {
    Attributes { size: None, permissions: Some(0o040_555), times: None }
}

/// A path from the top, with `.` and `..` carried out.
pub(super) fn clean(path: &[u8]) -> Result<Vec<u8>, No> {
    let mut whole = Vec::new();
    for step in steps(path)? {
        whole.push(b'/');
        whole.extend(step.into_vec());
    }
    Ok(if whole.is_empty() { b"/".to_vec() } else { whole })
}

fn steps(path: &[u8]) -> Result<Vec<OsString>, No> {
    if path.len() > limits::SFTP_PATH_BYTES {
        return Err(No::new(status::FAILURE, "File name too long"));
    }
    let mut steps: Vec<OsString> = Vec::new();
    for step in path.split(|byte| *byte == b'/') {
        match step {
            b"" | b"." => {}
            b".." => _ = steps.pop(),
            // What is under way to its name is nobody's.
            step if step.contains(&0) || step.starts_with(STAGED.as_bytes()) => return Err(No::absent()),
            step => steps.push(OsStr::from_bytes(step).to_owned()),
        }
    }
    Ok(steps)
}

/// `YYYYMMDD` of `YYYY-MM-DD`.
fn folder_of_day(day: &[u8]) -> Option<OsString> {
    let [y @ .., b'-', m1, m2, b'-', d1, d2] = day else { return None };
    let digits = [y, &[*m1, *m2, *d1, *d2]].concat();
    let is_day = digits.len() == 8 && digits.iter().all(u8::is_ascii_digit);
    is_day.then(|| OsString::from_vec(digits))
}

/// `YYYY-MM-DD` of `YYYYMMDD`.
pub(super) fn day_of_folder(folder: &[u8]) -> Option<Vec<u8>> {
    if folder.len() != 8 || !folder.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (year, rest) = folder.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    Some([year, month, day].join(&b'-'))
}

const READ_ONLY: &str = "This folder is read-only";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_top() {
        let check = |path: &str, expect: &str| {
            let cleaned = clean(path.as_bytes()).map(|path| String::from_utf8(path).expect("ASCII"));
            assert_eq!(cleaned.as_deref(), Ok(expect), "{path}");
        };
        check("", "/");
        check(".", "/");
        check("/", "/");
        check("..", "/");
        check("/../../etc/passwd", "/etc/passwd");
        check("a/../../b/./c//d/", "/b/c/d");
        check("records/2026-05-04/../..", "/");
        assert!(clean(b"a\0b").is_err() && clean(&[b'a'; limits::SFTP_PATH_BYTES + 1]).is_err());
    }

    #[test]
    fn days_are_written_with_hyphens() {
        assert_eq!(folder_of_day(b"2026-05-04").as_deref(), Some(OsStr::new("20260504")));
        assert_eq!(day_of_folder(b"20260504").as_deref(), Some(&b"2026-05-04"[..]));
        for wrong in ["", "20260504", "2026-5-04", "2026-05-04x", "..-..-..", "....-..-..", "-05-04"] {
            assert_eq!(folder_of_day(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!((day_of_folder(b"2026050"), day_of_folder(b"2026050x")), (None, None));
    }
}
