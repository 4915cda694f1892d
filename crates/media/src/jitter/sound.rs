//! Decoded sound: what waits to be played, and a little of what was played before it, from which missing sound is made up.

/// Samples around the point of playing.
#[derive(Clone, Debug)]
pub(super) struct Sound {
    samples: Vec<i16>,
    /// Those before have been played.
    read: usize,
    rate_hz: u32,
    fade: Fade,
}

/// Sound that is made up: the last pitch period again and again, softer and softer (as ITU-T G.711 appendix I does).
#[derive(Clone, Debug, Default)]
struct Fade {
    period: Vec<i16>,
    /// Samples made up since sound was missing; `None` while none is.
    made: Option<usize>,
}

impl Sound {
    pub(super) fn new(rate_hz: u32) -> Self {
        let samples = Vec::with_capacity(samples_of(rate_hz, 2 * HISTORY_MS + CAPACITY_MS));
        let period = Vec::with_capacity(samples_of(rate_hz, LAG_MAX_MS));
        Sound { samples, read: 0, rate_hz, fade: Fade { period, made: None } }
    }

    pub(super) const fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Samples that wait.
    pub(super) const fn waiting(&self) -> usize {
        self.samples.len().saturating_sub(self.read)
    }

    /// Whether something is being made up that can still be heard.
    pub(super) fn fades(&self) -> bool {
        self.fade.made.is_some_and(|made| made < samples_of(self.rate_hz, FADED_MS))
    }

    /// Drops what waits.
    pub(super) fn drop_waiting(&mut self) {
        self.samples.truncate(self.read);
    }

    /// Appends what `decode` appends, and gives how much that was. After made up sound the two are blended.
    pub(super) fn append(&mut self, decode: impl FnOnce(&mut Vec<i16>)) -> usize {
        let from = self.samples.len();
        decode(&mut self.samples);
        let added = self.samples.len() - from;
        if let Some(made) = self.fade.made.take() {
            let blend = samples_of(self.rate_hz, BLEND_MS).min(added);
            for (index, sample) in self.samples.iter_mut().skip(from).take(blend).enumerate() {
                let old = self.fade.sample(made + index, self.rate_hz);
                *sample = mixed(old, *sample, index, blend);
            }
        }
        added
    }

    /// Appends made up sound.
    pub(super) fn conceal(&mut self, count: usize) {
        let made = match self.fade.made {
            Some(made) => made,
            None => {
                let start = self.samples.len().saturating_sub(self.period());
                self.fade.period.clear();
                self.fade.period.extend(self.samples.iter().skip(start));
                0
            }
        };
        for index in made..made + count {
            let sample = self.fade.sample(index, self.rate_hz);
            self.samples.push(sample);
        }
        self.fade.made = Some(made + count);
    }

    /// Takes `count` samples, which must wait.
    pub(super) fn take(&mut self, count: usize, frame: &mut Vec<i16>) {
        let until = (self.read + count).min(self.samples.len());
        frame.extend_from_slice(self.samples.get(self.read..until).unwrap_or_default());
        self.read = until;
        let history = samples_of(self.rate_hz, HISTORY_MS);
        if self.read > 2 * history {
            self.samples.drain(..self.read - history);
            self.read = history;
        }
    }

    /// Whether the next `count` samples are as good as silent.
    pub(super) fn is_quiet(&self, count: usize) -> bool {
        self.next(count).iter().all(|sample| sample.unsigned_abs() < QUIET_PEAK)
    }

    /// Makes the waiting sound shorter by a pitch period, or by up to `most` samples where it is silent. Gives the samples that are
    /// gone; 0 when too few wait.
    pub(super) fn shorten(&mut self, most: usize, keep: usize) -> usize {
        let spare = self.waiting().saturating_sub(keep);
        let length = if self.is_quiet(keep) { most.min(spare) } else { self.period_ahead() };
        if length == 0 || length > spare || length * 2 > self.waiting() {
            return 0;
        }
        let from = self.read;
        for index in 0..length {
            let (Some(&old), Some(&new)) =
                (self.samples.get(from + index), self.samples.get(from + length + index))
            else {
                return 0;
            };
            self.samples[from + length + index] = mixed(old, new, index, length);
        }
        self.samples.drain(from..from + length);
        length
    }

    /// Makes the waiting sound longer by a pitch period, or by up to `most` samples where it is silent. Gives the samples that are new.
    pub(super) fn lengthen(&mut self, most: usize) -> usize {
        let half = self.waiting() / 2;
        let length = if self.is_quiet(self.waiting()) { most.min(half) } else { self.period_ahead() };
        if length == 0 || length > half {
            return 0;
        }
        let (from, end) = (self.read, self.samples.len());
        // The new piece begins as what follows it in the original and ends as what went before that.
        for index in 0..length {
            let (old, new) = (self.samples[from + length + index], self.samples[from + index]);
            self.samples.push(mixed(old, new, index, length));
        }
        let added = self.samples.len() - end;
        if let Some(rest) = self.samples.get_mut(from + length..) {
            rest.rotate_right(added);
        }
        length
    }

    fn next(&self, count: usize) -> &[i16] {
        let until = (self.read + count).min(self.samples.len());
        self.samples.get(self.read..until).unwrap_or_default()
    }

    /// The pitch period at the end of all that is known.
    fn period(&self) -> usize {
        let window = samples_of(self.rate_hz, WINDOW_MS);
        best_lag(&self.samples, self.samples.len().saturating_sub(window), window, self.lags())
    }

    /// The pitch period of what comes next; 0 when too little waits.
    fn period_ahead(&self) -> usize {
        let window = samples_of(self.rate_hz, WINDOW_MS);
        let waiting = self.next(self.waiting());
        match waiting.len().checked_sub(window) {
            Some(longest) if longest > self.lags().0 => {
                let (shortest, most) = self.lags();
                let longest = longest.min(most);
                best_lag(waiting, longest, window, (shortest, longest))
            }
            Some(_) | None => 0,
        }
    }

    fn lags(&self) -> (usize, usize) {
        (samples_of(self.rate_hz, LAG_MIN_MS), samples_of(self.rate_hz, LAG_MAX_MS))
    }
}

impl Fade {
    /// The sample after `made` others.
    fn sample(&self, made: usize, rate_hz: u32) -> i16 {
        let (plain, faded) = (samples_of(rate_hz, PLAIN_MS), samples_of(rate_hz, FADED_MS));
        let left = faded.saturating_sub(made.max(plain)) as i32;
        let heard = self.period.get(made % self.period.len().max(1)).copied().unwrap_or(0);
        (i32::from(heard) * left / (faded - plain).max(1) as i32) as i16
    }
}

/// The distance at which `window` samples that begin at `at` are most like those before them.
fn best_lag(samples: &[i16], at: usize, window: usize, (shortest, longest): (usize, usize)) -> usize {
    let Some(now) = samples.get(at..at + window) else { return shortest };
    let mut best = (shortest, 0.0);
    for lag in shortest..=longest.min(at) {
        let Some(then) = samples.get(at - lag..at - lag + window) else { continue };
        // Every second sample tells enough.
        let (mut product, mut energy) = (0.0f32, 1.0f32);
        for (a, b) in now.iter().zip(then).step_by(2) {
            let (a, b) = (f32::from(*a), f32::from(*b));
            product += a * b;
            energy += b * b;
        }
        let likeness = if product > 0.0 { product * product / energy } else { 0.0 };
        if likeness > best.1 {
            best = (lag, likeness);
        }
    }
    best.0
}

/// From `old` to `new` in `of` steps.
fn mixed(old: i16, new: i16, step: usize, of: usize) -> i16 {
    let (step, of) = (step as i32 + 1, of as i32 + 1);
    ((i32::from(old) * (of - step) + i32::from(new) * step) / of) as i16
}

const fn samples_of(rate_hz: u32, ms: usize) -> usize {
    rate_hz as usize * ms / 1000
}

/// Sound that was played and is kept: the longest period and the window that is compared with it.
const HISTORY_MS: usize = LAG_MAX_MS + WINDOW_MS;
/// Room for what waits, so that it is not made while packets come.
const CAPACITY_MS: usize = 200;
/// Pitch periods: 80 to 400 Hz.
const LAG_MIN_MS: usize = 3;
const LAG_MAX_MS: usize = 12;
const WINDOW_MS: usize = 8;
/// Made up sound is as loud as what was heard for so long …
const PLAIN_MS: usize = 10;
/// … and has gone after so long.
const FADED_MS: usize = 60;
/// From made up sound back to what is heard.
const BLEND_MS: usize = 4;
/// Samples below this are not heard when some of them are missing: -50 dB of full scale.
const QUIET_PEAK: u16 = 100;
