//! Failed log-ins make the next ones wait.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use strowger_base::Instant;

/// Counts failed log-ins by name and by address: after some of them each further one doubles the time in which none is
/// even tried.
#[derive(Default)]
pub(crate) struct Limiter {
    names: BTreeMap<Box<str>, Failures>,
    addresses: BTreeMap<IpAddr, Failures>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

/// It is too early for another try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooManyFailures {
    /// How long to wait.
    pub(crate) wait: Duration,
}

impl Limiter {
    /// Whether somebody may try.
    ///
    /// # Errors
    /// Not yet.
    pub(crate) fn may_try(&self, now: Instant, name: &str, address: IpAddr) -> Result<(), TooManyFailures> {
        let wait = |failures: Option<&Failures>, free| failures.map_or(Duration::ZERO, |f| f.wait(now, free));
        let wait =
            wait(self.names.get(name), FREE_BY_NAME).max(wait(self.addresses.get(&address), FREE_BY_ADDRESS));
        if wait.is_zero() { Ok(()) } else { Err(TooManyFailures { wait }) }
    }

    /// A log-in failed.
    pub(crate) fn failed(&mut self, now: Instant, name: &str, address: IpAddr) {
        forget_old(&mut self.names, now);
        forget_old(&mut self.addresses, now);
        let again = |failures: Option<Failures>| {
            let count = failures.map_or(0, |failures| failures.count);
            Failures { count: count.saturating_add(1), last: now }
        };
        let by_name = again(self.names.get(name).copied());
        self.names.insert(name.into(), by_name);
        let by_address = again(self.addresses.get(&address).copied());
        self.addresses.insert(address, by_address);
    }

    /// A log-in succeeded: the name is free again; the address is not, since others may be guessed from it.
    pub(crate) fn succeeded(&mut self, name: &str) {
        self.names.remove(name);
    }
}

impl Failures {
    fn wait(&self, now: Instant, free: u32) -> Duration {
        let Some(beyond) = self.count.checked_sub(free) else { return Duration::ZERO };
        let pause = FIRST_PAUSE.saturating_mul(1 << beyond.min(16)).min(LONGEST_PAUSE);
        pause.saturating_sub(now - self.last)
    }
}

/// Drops what is long ago, and the oldest when somebody invents names faster than they grow old.
fn forget_old<K: Ord + Clone>(failures: &mut BTreeMap<K, Failures>, now: Instant) {
    if failures.len() < REMEMBERED {
        return;
    }
    failures.retain(|_, failures| now - failures.last < LONGEST_PAUSE);
    while failures.len() >= REMEMBERED {
        let oldest = failures.iter().min_by_key(|(_, failures)| failures.last).map(|(key, _)| key.clone());
        let Some(oldest) = oldest else { return };
        failures.remove(&oldest);
    }
}

/// Failures that cost nothing: people mistype.
const FREE_BY_NAME: u32 = 5;
/// More, because an office may share an address.
const FREE_BY_ADDRESS: u32 = 20;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
const REMEMBERED: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn pauses_double_and_end() {
        let mut limiter = Limiter::default();
        let mut pauses = Vec::new();
        let mut now = 0;
        for _ in 0..16 {
            limiter.failed(at(now), "admin", address(1));
            let wait = match limiter.may_try(at(now), "admin", address(2)) {
                Ok(()) => 0,
                Err(too_many) => too_many.wait.as_secs(),
            };
            pauses.push(wait);
            now += wait;
            assert_eq!(limiter.may_try(at(now), "admin", address(2)), Ok(()));
        }
        assert_eq!(pauses, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        // Others are not hurt.
        assert_eq!(limiter.may_try(at(now), "other", address(2)), Ok(()));
    }

    #[test]
    fn success_frees_the_name_and_not_the_address() {
        let mut limiter = Limiter::default();
        for number in 0..30 {
            limiter.failed(at(0), &format!("guess-{number}"), address(1));
        }
        assert!(limiter.may_try(at(0), "new", address(1)).is_err());
        limiter.succeeded("guess-3");
        assert!(limiter.may_try(at(0), "guess-3", address(1)).is_err());
        assert_eq!(limiter.may_try(at(0), "guess-3", address(2)), Ok(()));
    }

    #[test]
    fn invented_names_do_not_fill_the_memory() {
        let mut limiter = Limiter::default();
        for number in 0..(REMEMBERED + 100) {
            limiter.failed(at(0), &format!("name-{number}"), address(1));
        }
        assert!(limiter.names.len() <= REMEMBERED);
    }
}
