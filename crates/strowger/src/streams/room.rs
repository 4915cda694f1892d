//! Which connections there may be: as many as the process has descriptors for, of one address at most half of them.
//! When there is no room, one that nobody needs goes: it has no registered phone, and it has never said anything or
//! not for longer than any transaction lasts.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use strowger_base::net::StreamId;

/// When something last came on a connection or went, in milliseconds; 0 before anything did.
pub(super) type LastUse = Arc<AtomicU64>;

/// Keeps count of connections.
pub(super) struct Room {
    most: usize,
    open: HashMap<StreamId, Connection>,
    of_address: HashMap<IpAddr, usize>,
    /// All of them, those to be looked at first in front; some may be gone.
    order: VecDeque<StreamId>,
}

struct Connection {
    /// `None` when we made it.
    accepted_from: Option<IpAddr>,
    last_use: LastUse,
    registrations: u32,
}

/// What becomes of a connection that wants to come.
#[derive(Debug)]
pub(super) enum Admission {
    /// It may come.
    Taken { last_use: LastUse, closes: Option<StreamId> },
    /// It may not.
    Refused,
}

impl Room {
    pub(super) fn new(most: usize) -> Self {
        Room { most, open: HashMap::new(), of_address: HashMap::new(), order: VecDeque::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Somebody has connected.
    pub(super) fn accept(&mut self, now_ms: u64, id: StreamId, from: IpAddr) -> Admission {
        let of_this = self.of_address.get(&from).copied().unwrap_or(0);
        let closes = if of_this >= self.most.div_ceil(2) {
            self.make_room(now_ms, Some(from))
        } else if self.open.len() >= self.most {
            self.make_room(now_ms, None)
        } else {
            Ok(None)
        };
        match closes {
            Ok(closes) => {
                *self.of_address.entry(from).or_default() += 1;
                Admission::Taken { last_use: self.insert(id, Some(from), 0), closes }
            }
            Err(NoRoom) => Admission::Refused,
        }
    }

    /// We want to connect. There is a little more room for that.
    pub(super) fn connect(&mut self, now_ms: u64, id: StreamId) -> Admission {
        let full = self.open.len() >= self.most + self.most / 16;
        match if full { self.make_room(now_ms, None) } else { Ok(None) } {
            Ok(closes) => Admission::Taken { last_use: self.insert(id, None, now_ms.max(1)), closes },
            Err(NoRoom) => Admission::Refused,
        }
    }

    /// Something went out on a connection.
    pub(super) fn used(&self, now_ms: u64, id: StreamId) {
        if let Some(connection) = self.open.get(&id) {
            connection.last_use.store(now_ms.max(1), Ordering::Relaxed);
        }
    }

    /// A phone is reached over it.
    pub(super) fn registered(&mut self, id: StreamId) {
        if let Some(connection) = self.open.get_mut(&id) {
            connection.registrations += 1;
        }
    }

    /// A phone is no longer reached over it.
    pub(super) fn unregistered(&mut self, id: StreamId) {
        if let Some(connection) = self.open.get_mut(&id) {
            connection.registrations = connection.registrations.saturating_sub(1);
        }
    }

    /// It is closed; said again, that changes nothing.
    pub(super) fn gone(&mut self, id: StreamId) {
        let Some(connection) = self.open.remove(&id) else { return };
        if let Some(from) = connection.accepted_from
            && let Some(count) = self.of_address.get_mut(&from)
        {
            *count -= 1;
            if *count == 0 {
                self.of_address.remove(&from);
            }
        }
        if self.order.len() > 2 * self.open.len() + LOOKED_AT {
            self.order.retain(|id| self.open.contains_key(id));
        }
    }

    fn insert(&mut self, id: StreamId, accepted_from: Option<IpAddr>, used_ms: u64) -> LastUse {
        let last_use = Arc::new(AtomicU64::new(used_ms));
        let connection = Connection { accepted_from, last_use: Arc::clone(&last_use), registrations: 0 };
        self.open.insert(id, connection);
        self.order.push_back(id);
        last_use
    }

    /// Looks at some of the oldest for one that may go; those that may not are looked at last next time.
    fn make_room(&mut self, now_ms: u64, of: Option<IpAddr>) -> Result<Option<StreamId>, NoRoom> {
        for _ in 0..LOOKED_AT {
            let Some(id) = self.order.pop_front() else { break };
            let Some(connection) = self.open.get(&id) else { continue };
            let is_of = of.is_none_or(|address| connection.accepted_from == Some(address));
            if is_of && connection.may_go(now_ms) {
                self.gone(id);
                return Ok(Some(id));
            }
            self.order.push_back(id);
        }
        Err(NoRoom)
    }
}

impl Connection {
    fn may_go(&self, now_ms: u64) -> bool {
        let last_use = self.last_use.load(Ordering::Relaxed);
        self.registrations == 0 && (last_use == 0 || now_ms.saturating_sub(last_use) >= IDLE_MS)
    }
}

struct NoRoom;

/// Connections that are looked at for each that comes: a flood costs no more than that.
const LOOKED_AT: usize = 64;
/// 64*T1: no transaction but a ringing INVITE lasts longer without a message (RFC 3261 §17.1.2.2).
const IDLE_MS: u64 = 32_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// Events `+id@address`, `-id`, `>id` (we connect), `use id`, `reg id`, `unreg id`, each at a time in seconds; what
    /// came of each that wants to come.
    fn check(most: usize, events: &[(u64, &str)], expect: &str) {
        let mut room = Room::new(most);
        let mut found = vec![];
        for (at_s, event) in events {
            let now = at_s * 1_000;
            let (what, rest) = event.split_once(' ').unwrap();
            let (id, address) = rest.split_once('@').unwrap_or((rest, "0"));
            let id = StreamId(id.parse().unwrap());
            let admission = match what {
                "accept" => room.accept(now, id, IpAddr::from([192, 0, 2, address.parse().unwrap()])),
                "connect" => room.connect(now, id),
                "use" => {
                    room.used(now, id);
                    continue;
                }
                "register" => {
                    room.registered(id);
                    continue;
                }
                "unregister" => {
                    room.unregistered(id);
                    continue;
                }
                "gone" => {
                    room.gone(id);
                    continue;
                }
                other => panic!("no event {other}"),
            };
            found.push(match admission {
                Admission::Taken { closes: None, .. } => "taken".to_owned(),
                Admission::Taken { closes: Some(id), .. } => format!("taken for {}", id.0),
                Admission::Refused => "refused".to_owned(),
            });
        }
        assert_eq!(found.join(", "), expect, "{events:?}");
        assert!(room.order.len() <= 2 * room.len() + LOOKED_AT);
        assert_eq!(room.of_address.values().sum::<usize>(), {
            room.open.values().filter(|connection| connection.accepted_from.is_some()).count()
        });
    }

    #[test]
    fn who_never_said_anything_goes_first_and_who_is_needed_stays() {
        let full = [(0, "accept 1@1"), (0, "accept 2@2"), (0, "accept 3@3"), (0, "accept 4@4")];
        let after = |more: &[(u64, &'static str)], expect: &str| {
            let expect = format!("taken, taken, taken, taken, {expect}");
            check(4, &[&full[..], more].concat(), &expect);
        };
        after(&[(1, "accept 5@5"), (1, "accept 6@6")], "taken for 1, taken for 2");
        after(&[(1, "use 1"), (2, "accept 5@5")], "taken for 2");
        after(&[(1, "gone 3"), (1, "gone 3"), (2, "accept 5@5"), (2, "accept 6@6")], "taken, taken for 1");
        let all_used = [(1, "use 1"), (1, "use 2"), (1, "use 3"), (1, "use 4")];
        let later =
            |more: &[(u64, &'static str)], expect: &str| after(&[&all_used[..], more].concat(), expect);
        later(&[(32, "accept 5@5")], "refused");
        later(&[(33, "accept 5@5")], "taken for 1");
        later(&[(1, "register 1"), (99, "accept 5@5")], "taken for 2");
        later(&[(1, "register 1"), (2, "unregister 1"), (99, "accept 5@5")], "taken for 1");
        later(&[(2, "connect 5")], "refused");
    }

    #[test]
    fn one_address_may_have_half_and_we_may_connect_beyond_the_whole() {
        let mut events: Vec<(u64, String)> = (1..=16).map(|id| (1, format!("accept {id}@1"))).collect();
        events.extend((1..=16).map(|id| (1, format!("use {id}"))));
        events.extend([(2, "accept 17@1".into()), (2, "accept 18@2".into()), (40, "accept 19@1".into())]);
        events.extend((20..=34).map(|id| (41, format!("accept {id}@{id}"))));
        events.extend([(41, "connect 40".into()), (41, "connect 41".into()), (41, "connect 42".into())]);
        let events: Vec<(u64, &str)> = events.iter().map(|(at, event)| (*at, event.as_str())).collect();
        let expect = [
            vec!["taken"; 16],
            vec!["refused", "taken", "taken for 1"],
            vec!["taken"; 15],
            vec!["taken", "taken", "taken for 2"],
        ];
        check(32, &events, &expect.concat().join(", "));
    }

    #[test]
    fn a_flood_of_connections_that_come_and_go_leaves_nothing_behind() {
        let mut room = Room::new(10);
        for id in 0..10_000 {
            room.accept(0, StreamId(id), IpAddr::from([192, 0, 2, 1]));
            room.gone(StreamId(id));
        }
        assert!(room.len() == 0 && room.order.len() <= LOOKED_AT && room.of_address.is_empty());
    }
}
