//! Who may try: connections that have not logged in, sessions, and addresses from which tries failed.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use strowger_base::limits;

use super::{Account, Refusal};

/// Counts of all that are there.
#[derive(Clone, Default)]
pub(super) struct Doorstep(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    /// Connections that have not logged in, by address.
    waiting: BTreeMap<Home, u32>,
    /// Sessions, by user.
    inside: BTreeMap<String, usize>,
    failures: BTreeMap<Home, Failures>,
}

/// Where somebody is: an address, or the network of 64 bits that one host has of IPv6.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Home(IpAddr);

impl Home {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Home(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Home(std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

/// A connection that has not logged in; dropped, it counts no more.
pub(super) struct Guest(Doorstep, Home);

/// A session; dropped, it counts no more.
pub(super) struct Seat(Doorstep, String);

impl Doorstep {
    /// A connection has come.
    pub(super) fn enter(&self, address: IpAddr, now: Instant) -> Result<Guest, Refusal> {
        let mut counts = self.counts();
        let home = Home::of(address);
        let wait = counts.failures.get(&home).map_or(Duration::ZERO, |failures| failures.wait(now));
        if !wait.is_zero() {
            return Err(Refusal::Pause { wait });
        }
        // Those who have logged in find room however many knock.
        if counts.waiting.values().sum::<u32>() >= limits::SFTP_STRANGERS {
            return Err(Refusal::Connections);
        }
        let waiting = counts.waiting.entry(home).or_default();
        if *waiting >= limits::SFTP_LOGGING_IN {
            return Err(Refusal::Connections);
        }
        *waiting += 1;
        Ok(Guest(self.clone(), home))
    }

    /// A try failed.
    pub(super) fn failed(&self, address: IpAddr, now: Instant) {
        let mut counts = self.counts();
        let failures = &mut counts.failures;
        failures.retain(|_, failures| now.saturating_duration_since(failures.last) < FORGOTTEN);
        if failures.len() >= limits::SFTP_ADDRESSES
            && let Some(oldest) =
                failures.iter().min_by_key(|(_, failures)| failures.last).map(|(home, _)| *home)
        {
            failures.remove(&oldest);
        }
        let known = failures.entry(Home::of(address)).or_insert(Failures { count: 0, last: now });
        *known = Failures { count: known.count.saturating_add(1), last: now };
    }

    /// How long no try from there is heard.
    pub(super) fn wait(&self, address: IpAddr, now: Instant) -> Duration {
        self.counts().failures.get(&Home::of(address)).map_or(Duration::ZERO, |failures| failures.wait(now))
    }

    /// Somebody has logged in.
    pub(super) fn sit_down(&self, account: &Account, most: usize) -> Result<Seat, Refusal> {
        let mut counts = self.counts();
        if counts.inside.values().sum::<usize>() >= most {
            return Err(Refusal::Sessions { most });
        }
        let inside = counts.inside.entry(account.name.clone()).or_default();
        if *inside >= account.sessions {
            return Err(Refusal::UserSessions { most: account.sessions });
        }
        *inside += 1;
        Ok(Seat(self.clone(), account.name.clone()))
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.0.counts();
        if let Some(waiting) = counts.waiting.get_mut(&self.1) {
            *waiting = waiting.saturating_sub(1);
            if *waiting == 0 {
                counts.waiting.remove(&self.1);
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.0.counts();
        if let Some(inside) = counts.inside.get_mut(&self.1) {
            *inside = inside.saturating_sub(1);
            if *inside == 0 {
                counts.inside.remove(&self.1);
            }
        }
    }
}

impl Failures {
    fn wait(self, now: Instant) -> Duration {
        let Some(beyond) = self.count.checked_sub(FREE) else { return Duration::ZERO };
        let pause = FIRST_PAUSE.saturating_mul(1 << beyond.min(16)).min(LONGEST_PAUSE);
        pause.saturating_sub(now.saturating_duration_since(self.last))
    }
}

/// Tries from an address that may fail before there is a pause.
const FREE: u32 = 8;
/// The pause after them; each further failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// After this time without a failure an address is like any other.
const FORGOTTEN: Duration = Duration::from_secs(1200);

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str, sessions: usize) -> Account {
        let (name, stamp) = (name.to_owned(), String::new());
        Account { name, password: None, keys: Vec::new(), sessions, shares: Vec::new(), stamp }
    }

    fn address(last: u32) -> IpAddr {
        IpAddr::from((0x0a00_0000_u32 + last).to_be_bytes())
    }

    #[test]
    fn who_guesses_waits_longer_and_longer() {
        let (doorstep, start) = (Doorstep::default(), Instant::now());
        for _ in 1..FREE {
            doorstep.failed(address(1), start);
        }
        assert!(doorstep.enter(address(1), start).is_ok());
        doorstep.failed(address(1), start);
        let refused = doorstep.enter(address(1), start).err();
        assert_eq!(refused, Some(Refusal::Pause { wait: FIRST_PAUSE }));
        assert!(
            doorstep.enter(address(2), start).is_ok()
                && doorstep.enter(address(1), start + FIRST_PAUSE).is_ok()
        );
        doorstep.failed(address(1), start);
        assert_eq!(doorstep.wait(address(1), start), FIRST_PAUSE * 2);
        for _ in 0..100 {
            doorstep.failed(address(1), start);
        }
        assert_eq!(doorstep.wait(address(1), start), LONGEST_PAUSE);
        // Whoever has one password may be guessing another one.
        doorstep.sit_down(&account("a", 1), 1).ok();
        assert_eq!(doorstep.wait(address(1), start), LONGEST_PAUSE);
        // A host of IPv6 has more addresses than can be counted.
        let of = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        (0..FREE as u16).for_each(|last| doorstep.failed(of(last), start));
        assert_eq!(doorstep.wait(of(99), start), FIRST_PAUSE);
        assert_eq!(doorstep.wait(IpAddr::from([0x2001, 0xdb8, 0, 2, 0, 0, 0, 1]), start), Duration::ZERO);
        // Many addresses take no more room than they may.
        for last in 0..5000 {
            doorstep.failed(address(last), start);
        }
        assert_eq!(doorstep.counts().failures.len(), limits::SFTP_ADDRESSES);
        doorstep.failed(address(1), start + FORGOTTEN);
        assert_eq!(doorstep.counts().failures.len(), 1);
    }

    #[test]
    fn seats_and_guests_are_counted_while_they_are_there() {
        let doorstep = Doorstep::default();
        let (one, two) = (account("one", 1), account("two", 5));
        let seat = doorstep.sit_down(&one, 3);
        let again = doorstep.sit_down(&one, 3).err();
        assert_eq!(again, Some(Refusal::UserSessions { most: 1 }));
        let others = [doorstep.sit_down(&two, 3), doorstep.sit_down(&two, 3)];
        assert_eq!(doorstep.sit_down(&two, 3).err(), Some(Refusal::Sessions { most: 3 }));
        drop((seat, others));
        assert!(doorstep.sit_down(&one, 3).is_ok() && doorstep.counts().inside.is_empty());
        let now = Instant::now();
        let guests: Vec<_> = (0..limits::SFTP_LOGGING_IN).map(|_| doorstep.enter(address(1), now)).collect();
        assert_eq!(doorstep.enter(address(1), now).err(), Some(Refusal::Connections));
        assert!(doorstep.enter(address(2), now).is_ok());
        drop(guests);
        let guests: Vec<_> =
            (0..limits::SFTP_STRANGERS).map(|last| doorstep.enter(address(last), now)).collect();
        assert!(guests.iter().all(Result::is_ok));
        assert_eq!(doorstep.enter(address(9999), now).err(), Some(Refusal::Connections));
        drop(guests);
        assert!(doorstep.enter(address(1), now).is_ok() && doorstep.counts().waiting.is_empty());
    }
}
