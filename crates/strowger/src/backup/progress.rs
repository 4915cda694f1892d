//! Tells somebody at a terminal how far long work has come.

use std::io::{self, IsTerminal, Read, Write};
use std::time::{Duration, Instant as Clock};

/// How far it has come.
pub(super) struct Progress {
    what: &'static str,
    bytes: u64,
    expected: u64,
    shown_at: Clock,
    is_shown: bool,
    /// Somebody looks.
    is_seen: bool,
}

impl Progress {
    /// Nothing is done yet; after a while `what` is said on standard error, when that is a terminal.
    pub(super) fn new(what: &'static str) -> Self {
        let is_seen = io::stderr().is_terminal();
        Progress { what, bytes: 0, expected: 0, shown_at: Clock::now(), is_shown: false, is_seen }
    }

    /// So many bytes will come.
    pub(super) const fn expect(&mut self, bytes: u64) {
        self.expected = bytes;
    }

    /// A reader whose bytes count.
    pub(super) const fn watch<R: Read>(&mut self, reader: R) -> Watched<'_, R> {
        Watched { reader, progress: self }
    }

    /// Copies everything.
    pub(super) fn copy(&mut self, from: &mut impl Read, to: &mut impl Write) -> io::Result<u64> {
        io::copy(&mut self.watch(from), to)
    }

    fn add(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        if !self.is_seen || self.shown_at.elapsed() < SHOWN_EVERY {
            return;
        }
        self.shown_at = Clock::now();
        self.is_shown = true;
        let (done, all) = (self.bytes >> 20, (self.expected >> 20).max(self.bytes >> 20));
        // Who looks no more does not stop the work.
        let _ = write!(io::stderr(), "\r{} {done} of {all} MiB", self.what);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// Reads on, and counts.
pub(super) struct Watched<'p, R> {
    reader: R,
    progress: &'p mut Progress,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.progress.add(read);
        Ok(read)
    }
}

const SHOWN_EVERY: Duration = Duration::from_millis(500);
