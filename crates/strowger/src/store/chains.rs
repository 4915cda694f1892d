//! Which frame of a call was the last, for the calls of the last minute.

use std::collections::VecDeque;
use std::time::Duration;

use strowger_base::{CallId, HashMap, HashSeed, Rng, WallTime};

use super::segment::Position;

/// The last frame of every call in progress, and of those that ended lately: their last messages come after the
/// final record.
pub(super) struct Chains {
    last: HashMap<CallId, Chain>,
    ended: VecDeque<(WallTime, CallId)>,
}

#[derive(Clone, Copy)]
struct Chain {
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
                self.last.insert(call, Chain { last: position, ended: false });
                Position::NONE
            }
        }
    }

    /// The final record was added.
    pub(super) fn end(&mut self, call: CallId, at: WallTime) {
        if let Some(chain) = self.last.get_mut(&call)
            && !chain.ended
        {
            chain.ended = true;
            self.ended.push_back((at, call));
        }
    }

    /// Forgets calls whose last message must have come by now.
    pub(super) fn forget(&mut self, now: WallTime) {
        while let Some((at, call)) = self.ended.front()
            && *at + STRAGGLERS < now
        {
            self.last.remove(call);
            self.ended.pop_front();
        }
        if self.last.is_empty() {
            self.last.shrink_to(KEPT);
            self.ended.shrink_to(KEPT);
        }
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
const KEPT: usize = 1_024;
const SEED: u64 = 0x6a6f_7572_6e61_6c21;
