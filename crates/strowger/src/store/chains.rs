//! Which frame of a call was the last, for calls in progress and those that ended within the last minute.

use std::collections::VecDeque;
use std::time::{Duration, Instant as Clock};

use strowger_base::hash::give_back;
use strowger_base::{CallId, HashMap, HashSeed, Rng};

use super::segment::Position;

/// The last frame of every call in progress, and of those that ended lately: their last messages come after the
/// final record.
pub(super) struct Chains {
    last: HashMap<CallId, Chain>,
    ended: VecDeque<(Clock, CallId)>,
}

#[derive(Clone, Copy)]
struct Chain {
    /// The segment of the first frame; 0 where that is not known.
    first: u32,
    last: Position,
    ended: bool,
}

impl Chains {
    pub(super) fn new() -> Self {
        // The keys are ids of our own: nobody can choose them to flood the map.
        let seed = HashSeed::new(&mut Rng::new(SEED));
        Chains { last: HashMap::with_hasher(seed), ended: VecDeque::new() }
    }

    /// The frame before the one that is added now, which becomes the last.
    pub(super) fn add(&mut self, call: CallId, position: Position) -> Position {
        match self.last.get_mut(&call) {
            Some(chain) => std::mem::replace(&mut chain.last, position),
            None => {
                self.last.insert(call, Chain { first: position.segment(), last: position, ended: false });
                Position::NONE
            }
        }
    }

    /// A call that was in progress at the last checkpoint; where it began is not known.
    pub(super) fn resume(&mut self, call: CallId, last: Position) {
        self.last.insert(call, Chain { first: 0, last, ended: false });
    }

    /// True when a call that is known may have frames in a segment.
    pub(super) fn reach(&self, segment: u32) -> bool {
        self.last.values().any(|chain| chain.first <= segment)
    }

    pub(super) fn has(&self, call: CallId) -> bool {
        self.last.contains_key(&call)
    }

    /// The final record was added.
    pub(super) fn end(&mut self, call: CallId, at: Clock) {
        if let Some(chain) = self.last.get_mut(&call)
            && !chain.ended
        {
            chain.ended = true;
            self.ended.push_back((at, call));
        }
    }

    /// Forgets calls whose last message must have come by now.
    pub(super) fn forget(&mut self, now: Clock) {
        while let Some((at, call)) = self.ended.front()
            && *at + STRAGGLERS <= now
        {
            self.last.remove(call);
            self.ended.pop_front();
            give_back(&mut self.last);
        }
        if self.ended.capacity() > KEPT && self.ended.len() < self.ended.capacity() / 8 {
            self.ended.shrink_to((self.ended.len() * 2).max(KEPT));
        }
    }

    /// When [`Chains::forget`] has something to do. Later than it could: calls that ended one after the other are
    /// forgotten together, and the thread sleeps meanwhile.
    pub(super) fn next_timeout(&self) -> Option<Clock> {
        self.ended.front().map(|(at, _)| *at + STRAGGLERS + FORGET_TOGETHER)
    }

    /// Calls that are known, and how many there is room for.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        (self.last.len(), self.last.capacity().max(self.ended.capacity()))
    }

    /// Calls without a final record, in no particular order.
    pub(super) fn open(&self) -> impl Iterator<Item = (CallId, Position)> {
        self.last.iter().filter(|(_, chain)| !chain.ended).map(|(call, chain)| (*call, chain.last))
    }

    pub(super) fn remove(&mut self, call: CallId) {
        self.last.remove(&call);
    }
}

/// Transactions are over after 64*T1 (RFC 3261 §17.1.2.2, timer K and the like), the media's last words before.
const STRAGGLERS: Duration = Duration::from_secs(40);
const FORGET_TOGETHER: Duration = Duration::from_secs(5);
const KEPT: usize = 1_024;
const SEED: u64 = 0x6a6f_7572_6e61_6c21;

#[cfg(test)]
mod tests {
    use strowger_base::{NodeId, ShardId};

    use super::*;

    #[test]
    fn calls_that_ended_are_forgotten_when_no_call_comes_any_more() {
        let began = Clock::now();
        let call = |number| CallId::new(NodeId(1), ShardId(0), number);
        let mut chains = Chains::new();
        for number in 0..50_000 {
            chains.add(call(number), Position::new(1, 8));
            if number > 0 {
                chains.end(call(number), began + Duration::from_millis(number));
            }
        }
        let check = |chains: &mut Chains, seconds: u64, known: usize, room: usize| {
            chains.forget(began + Duration::from_secs(seconds));
            let (found, capacity) = chains.size();
            assert_eq!(found, known, "after {seconds} s");
            assert!(capacity <= room, "room for {capacity} after {seconds} s");
        };
        check(&mut chains, 30, 50_000, 1 << 17);
        // Late messages still find the chain of a call that ended 39 s ago.
        check(&mut chains, 50, 40_000, 1 << 17);
        assert_eq!(chains.next_timeout(), Some(began + Duration::from_millis(10_001 + 45_000)));
        // One that is up all the time keeps nothing but itself.
        check(&mut chains, 90, 1, 4_096);
        assert_eq!((chains.next_timeout(), chains.open().count()), (None, 1));
    }
}
