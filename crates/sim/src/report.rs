//! What seeds come to, and how that is told.

use std::fmt;

/// What a run came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Report {
    pub(crate) hash: u64,
    pub(crate) steps: u64,
    pub(crate) calls: u64,
    pub(crate) answered: u64,
    pub(crate) records: u64,
    pub(crate) sent_on: u64,
    pub(crate) hunted: u64,
    pub(crate) transferred: u64,
    pub(crate) features: u64,
    pub(crate) settings: u64,
    pub(crate) crashes: u64,
    /// Rows of call records, each once, and how often what writes them was killed.
    pub(crate) rows: u64,
    pub(crate) kills: u64,
    /// Relays that were lost, seats of media resources that were taken.
    pub(crate) losses: u64,
    pub(crate) seats: u64,
    pub(crate) registrations: u64,
    pub(crate) numbers: u64,
    pub(crate) waited: u64,
    pub(crate) keys: u64,
    /// Keys that were pressed in calls, orders that were given.
    pub(crate) pressed: u64,
    pub(crate) orders: u64,
    /// Keys that were told to somebody.
    pub(crate) tones: u64,
    /// Displays that were compared with who is heard: people, conferences.
    pub(crate) people: u64,
    pub(crate) conferences: u64,
    /// Lamps that were compared with what is.
    pub(crate) lamps: u64,
    /// Subscriptions that the server had ended for want of answers, which their phones found out.
    pub(crate) lapsed: u64,
    /// Recorders that had a call, and that were lost.
    pub(crate) recordings: u64,
    pub(crate) unrecorded: u64,
}

impl Report {
    pub(crate) fn add(&mut self, other: &Report) {
        self.hash = self.hash.rotate_left(7) ^ other.hash;
        self.steps += other.steps;
        self.calls += other.calls;
        self.answered += other.answered;
        self.records += other.records;
        self.sent_on += other.sent_on;
        self.hunted += other.hunted;
        self.transferred += other.transferred;
        self.features += other.features;
        self.settings += other.settings;
        self.crashes += other.crashes;
        self.rows += other.rows;
        self.kills += other.kills;
        self.losses += other.losses;
        self.seats += other.seats;
        self.registrations += other.registrations;
        self.numbers += other.numbers;
        self.waited += other.waited;
        self.keys += other.keys;
        self.pressed += other.pressed;
        self.orders += other.orders;
        self.tones += other.tones;
        self.people += other.people;
        self.conferences += other.conferences;
        self.lamps += other.lamps;
        self.lapsed += other.lapsed;
        self.recordings += other.recordings;
        self.unrecorded += other.unrecorded;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} steps, {} registrations, {} calls placed, {} answered, {} call records, {} calls sent on, {} hunted, {} brought together by transfers, {} features done, {} settings kept, {} numbers decided in time, {} of them \
             after a wait, {} keys, {} keys of features, {} orders, {} keys told right, {} displays of people and {} of conferences right, {} lamps right, {} subscriptions begun anew, {} crashes, {} rows of records after {} kills, {} relays lost, {} seats of resources taken, {} recordings, {} recorders lost, hash {:016x}",
            self.steps,
            self.registrations,
            self.calls,
            self.answered,
            self.records,
            self.sent_on,
            self.hunted,
            self.transferred,
            self.features,
            self.settings,
            self.numbers,
            self.waited,
            self.keys,
            self.pressed,
            self.orders,
            self.tones,
            self.people,
            self.conferences,
            self.lamps,
            self.lapsed,
            self.crashes,
            self.rows,
            self.kills,
            self.losses,
            self.seats,
            self.recordings,
            self.unrecorded,
            self.hash
        )
    }
}
