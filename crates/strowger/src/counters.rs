//! What the shell counts itself: bytes, packets, queues. The counters of telephony are the node's.
//!
//! Each is written by one thread, so that counting needs no locked instruction; any may read it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A figure of the shell.
pub(crate) struct Figure(AtomicU64);

impl Figure {
    const fn new() -> Self {
        Figure(AtomicU64::new(0))
    }

    /// Counts up. Only the thread that owns the figure may do it.
    pub(crate) fn add(&self, more: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
    }

    /// Says how much there is now.
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Says how long it took.
    pub(crate) fn set_time(&self, time: Duration) {
        self.set(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What goes in and out somewhere.
pub(crate) struct Traffic {
    pub(crate) packets_in: Figure,
    pub(crate) bytes_in: Figure,
    pub(crate) packets_out: Figure,
    pub(crate) bytes_out: Figure,
    /// What the system did not take.
    pub(crate) dropped_out: Figure,
}

impl Traffic {
    const fn new() -> Self {
        Traffic {
            packets_in: Figure::new(),
            bytes_in: Figure::new(),
            packets_out: Figure::new(),
            bytes_out: Figure::new(),
            dropped_out: Figure::new(),
        }
    }

    pub(crate) fn received(&self, packets: u64, bytes: u64) {
        self.packets_in.add(packets);
        self.bytes_in.add(bytes);
    }

    /// Counts what was to be sent and what of it went.
    pub(crate) fn sent(&self, wanted: u64, went: u64, bytes: u64) {
        self.packets_out.add(went);
        self.bytes_out.add(bytes);
        self.dropped_out.add(wanted.saturating_sub(went));
    }
}

/// What one media thread counts.
pub(crate) struct Media {
    pub(crate) traffic: Traffic,
    pub(crate) sockets: Figure,
    /// How often the thread failed and began anew.
    pub(crate) failures: Figure,
    /// How often a thread hung that had this place.
    pub(crate) hangs: Figure,
    /// 1 while nobody has the place of one that hangs.
    pub(crate) hangs_now: Figure,
}

impl Media {
    const fn new() -> Self {
        Media {
            traffic: Traffic::new(),
            sockets: Figure::new(),
            failures: Figure::new(),
            hangs: Figure::new(),
            hangs_now: Figure::new(),
        }
    }
}

#[cfg(test)]
impl Default for Media {
    fn default() -> Self {
        Media::new()
    }
}

#[cfg(test)]
impl Default for Queue {
    fn default() -> Self {
        Queue::new()
    }
}

/// Media threads that there can be.
pub(crate) const MEDIA_THREADS: usize = 8;

/// A queue between threads; what waits is what was given and not taken.
pub(crate) struct Queue {
    given: AtomicU64,
    taken: AtomicU64,
}

impl Queue {
    const fn new() -> Self {
        Queue { given: AtomicU64::new(0), taken: AtomicU64::new(0) }
    }

    /// Any thread may give.
    pub(crate) fn gave(&self) {
        self.given.fetch_add(1, Ordering::Relaxed);
    }

    /// Any thread may take.
    pub(crate) fn took(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// So much is taken by nobody any more.
    pub(crate) fn lost(&self, count: u64) {
        self.taken.fetch_add(count, Ordering::Relaxed);
    }

    /// How much waits; a moment may be missed, since nobody stops for it.
    pub(crate) fn waiting(&self) -> u64 {
        let taken = self.taken.load(Ordering::Relaxed);
        self.given.load(Ordering::Relaxed).saturating_sub(taken)
    }
}

/// SIP over UDP; the decision thread's.
pub(crate) static UDP: Traffic = Traffic::new();
/// RTP and RTCP, and the open sockets; one for each media thread.
pub(crate) static MEDIA: [Media; MEDIA_THREADS] = [const { Media::new() }; MEDIA_THREADS];
/// Letters to the decision thread.
pub(crate) static LETTERS: Queue = Queue::new();
/// Commands to the media threads.
pub(crate) static MEDIA_COMMANDS: Queue = Queue::new();
/// Orders to the connection side.
pub(crate) static STREAM_ORDERS: Queue = Queue::new();
/// Batches to the store.
pub(crate) static STORE_BATCHES: Queue = Queue::new();
/// Bytes that the decision thread gathers for the store.
pub(crate) static STORE_GATHERED: Figure = Figure::new();
/// Journal records that the decision thread left out because the store was hopelessly behind.
pub(crate) static STORE_LEFT_OUT: Figure = Figure::new();
/// Age of the oldest record of the last write, in microseconds; the store's.
pub(crate) static STORE_LAG: Figure = Figure::new();
/// Bytes written to the journal; the store's.
pub(crate) static STORE_BYTES: Figure = Figure::new();
/// Writes that the disk refused; the store's.
pub(crate) static STORE_FAILURES: Figure = Figure::new();
/// Parts of the journal that could not be read, and the calls whose final records were there.
pub(crate) static JOURNAL_GAPS: Figure = Figure::new();
pub(crate) static CALLS_LOST: Figure = Figure::new();
/// TCP connections: the connection side's, like those below.
pub(crate) static STREAMS: Figure = Figure::new();
pub(crate) static STREAMS_ACCEPTED: Figure = Figure::new();
pub(crate) static STREAMS_REFUSED: Figure = Figure::new();
/// How many there may be.
pub(crate) static STREAMS_MAX: Figure = Figure::new();
/// Closed to make room.
pub(crate) static STREAMS_CLOSED_IDLE: Figure = Figure::new();
/// What the system did not let us accept, for want of descriptors most likely.
pub(crate) static STREAMS_FAILED: Figure = Figure::new();
/// Closed because the other end read too slowly.
pub(crate) static STREAMS_TOO_SLOW: Figure = Figure::new();
pub(crate) static STREAM_BYTES_IN: Figure = Figure::new();
pub(crate) static STREAM_BYTES_OUT: Figure = Figure::new();
