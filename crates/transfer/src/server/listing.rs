//! What is in a folder, a page at a time: nothing is kept of a folder but where its listing stands.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{AtFlags, Dir, FileType, statat};
use strowger_base::{WallTime, limits};

use super::Account;
use super::files::is_shown;
use super::tree::{self, No, Spot};
use crate::sftp::wire::{Attributes, Packet, packet, status};

/// A listing that goes on.
pub(super) struct Listing {
    what: What,
    folders: VecDeque<(OwnedFd, Dir)>,
    /// Names that were listed, where the same may come from several folders.
    listed: Option<BTreeSet<Box<[u8]>>>,
    /// What was found and had no room in a page: only the list of shares.
    fixed: VecDeque<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// As it is.
    Plain,
    /// Folders of days, each once.
    Days,
}

impl Listing {
    pub(super) fn open(spot: &Spot<'_>, account: &Account) -> Result<Listing, No> {
        let mut listing =
            Listing { what: What::Plain, folders: VecDeque::new(), listed: None, fixed: VecDeque::new() };
        match spot {
            Spot::Top => {
                listing.fixed = account.shares.iter().map(|share| share.name.clone().into_bytes()).collect();
            }
            Spot::Beside => return Err(No::absent()),
            Spot::Inside { root, steps, .. } => listing.add(tree::folder(root, steps)?)?,
            Spot::Days { share } => {
                listing.what = What::Days;
                listing.listed = Some(BTreeSet::new());
                for root in tree::sources(share) {
                    // A folder that was never needed is empty.
                    if let Ok(folder) = tree::folder(root, &[]) {
                        listing.add(folder)?;
                    }
                }
            }
            Spot::Day { share, folder: day } => {
                listing.listed = Some(BTreeSet::new());
                for root in tree::sources(share) {
                    if let Ok(folder) = tree::folder(root, std::slice::from_ref(day)) {
                        listing.add(folder)?;
                    }
                }
                if listing.folders.is_empty() {
                    return Err(No::absent());
                }
            }
            Spot::OfDay { .. } => return Err(No::new(status::FAILURE, "Not a directory")),
        }
        Ok(listing)
    }

    fn add(&mut self, folder: OwnedFd) -> Result<(), No> {
        let entries = Dir::read_from(&folder)?;
        self.folders.push_back((folder, entries));
        Ok(())
    }

    /// The next names with what is known of each.
    pub(super) fn page(&mut self, id: u32) -> Result<Packet, No> {
        let mut found = Vec::new();
        while found.len() < PAGE {
            match self.next()? {
                Some(entry) => found.push(entry),
                None => break,
            }
        }
        if found.is_empty() {
            return Err(No::new(status::EOF, "End of list"));
        }
        let page = Packet::new(packet::NAME).word(id).word(u32::try_from(found.len()).unwrap_or(0));
        Ok(found
            .into_iter()
            .fold(page, |page, (name, known)| page.text(&name).text(line(&name, known)).attributes(known)))
    }

    fn next(&mut self) -> Result<Option<(Vec<u8>, Attributes)>, No> {
        if let Some(name) = self.fixed.pop_front() {
            return Ok(Some((name, tree::fixed_folder())));
        }
        while let Some((folder, entries)) = self.folders.front_mut() {
            let Some(entry) = entries.read() else {
                self.folders.pop_front();
                continue;
            };
            let entry = entry?;
            let bytes = entry.file_name().to_bytes();
            if matches!(bytes, b"." | b"..") {
                continue;
            }
            // What has gone meanwhile is not listed.
            let name = OsStr::from_bytes(bytes);
            let Ok(stat) = statat(&*folder, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let kind = FileType::from_raw_mode(stat.st_mode);
            let name = match self.what {
                What::Plain if is_shown(name, kind) => bytes.to_vec(),
                What::Days if kind == FileType::Directory => match tree::day_of_folder(bytes) {
                    Some(day) => day,
                    None => continue,
                },
                What::Plain | What::Days => continue,
            };
            if let Some(listed) = &mut self.listed
                && listed.len() < limits::SFTP_DAY_FILES
                && !listed.insert(name.as_slice().into())
            {
                continue;
            }
            return Ok(Some((name, tree::attributes(&stat))));
        }
        Ok(None)
    }
}

/// As `ls -l` shows it, for clients that print that; times are UTC.
fn line(name: &[u8], known: Attributes) -> Vec<u8> {
    let mode = known.permissions.unwrap_or(0);
    let kind = if known.is_folder() == Some(true) { 'd' } else { '-' };
    let right = |bit: u32, letter: char| if mode & bit == 0 { '-' } else { letter };
    let rights: String = (0..9).map(|at| right(0o400 >> at, ['r', 'w', 'x'][at % 3])).collect();
    let size = known.size.unwrap_or(0);
    let written = known.times.map_or(0, |(_, written)| u64::from(written));
    let at = WallTime::from_micros(written * 1_000_000).civil();
    let date = format!("{:04}-{:02}-{:02} {:02}:{:02}", at.year, at.month, at.day, at.hour, at.minute);
    let mut line = format!("{kind}{rights} 1 strowger strowger {size:>12} {date} ").into_bytes();
    line.extend(name);
    line
}

/// Names of one page; a page of the longest names has room in a packet.
const PAGE: usize = 100;
