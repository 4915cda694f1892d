//! Keys and silence in virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_dialplan::{Analysis, Arrival, Digits, Progress};

/// Between two keys, where the vector says nothing else.
const KEY_GAP: Duration = Duration::from_millis(300);

/// A dialling that is over.
pub(super) struct Dialled {
    pub(super) analysis: Analysis,
    /// For each lookup, how long the interdigit timer ran that ended it.
    pub(super) waits: Vec<Duration>,
}

/// Dials; after the last key there is silence.
pub(super) fn dial(
    analysis: Analysis,
    arrival: Arrival,
    number: &Digits,
    pauses: &BTreeMap<usize, u64>,
) -> Result<Dialled, String> {
    let mut clock =
        Clock { dialled: Dialled { analysis, waits: Vec::new() }, now: Duration::ZERO, timer: None };
    if arrival == Arrival::KeyByKey {
        for (index, key) in number.symbols().enumerate() {
            if index > 0 {
                let pause = pauses.get(&index).map_or(KEY_GAP, |millis| Duration::from_millis(*millis));
                clock.pass(pause);
            }
            let read = clock.dialled.analysis.keys_used();
            clock.dialled.analysis.key(key);
            // A key that nobody reads leaves the timer alone.
            if clock.dialled.analysis.keys_used() > read {
                clock.settle(Duration::ZERO);
            }
        }
    } else {
        clock.dialled.analysis.dial(number);
        clock.settle(Duration::ZERO);
    }
    while clock.dialled.analysis.decision().is_none() {
        let Some(timer) = &clock.timer else { return Err("it waits for ever".into()) };
        clock.pass(timer.expires.saturating_sub(clock.now));
    }
    Ok(clock.dialled)
}

struct Clock {
    dialled: Dialled,
    now: Duration,
    timer: Option<Timer>,
}

struct Timer {
    started: Duration,
    expires: Duration,
}

impl Clock {
    /// Lets time pass, with all that it brings.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(timer) = self.timer.take_if(|timer| timer.expires <= until) {
            self.now = timer.expires;
            self.dialled.analysis.timer_expired();
            self.settle(timer.expires - timer.started);
        }
        self.now = until;
    }

    /// Starts the timer that the analysis wants; `ran` is what it took to end the first of the lookups that are new.
    fn settle(&mut self, ran: Duration) {
        let waits = &mut self.dialled.waits;
        let mut ran = Some(ran);
        while waits.len() < self.dialled.analysis.hops().len() {
            waits.push(ran.take().unwrap_or_default());
        }
        let timer = match self.dialled.analysis.progress() {
            Progress::Collecting { timer } => timer,
            Progress::Waiting { timer } => Some(timer),
            Progress::Decided(_) => None,
        };
        self.timer = timer.map(|timer| Timer { started: self.now, expires: self.now + timer });
    }
}
