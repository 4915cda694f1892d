//! Which call each leg belongs to.

use strowger_base::{CallId, HashMap, HashSeed, LegId};

/// Which call each leg belongs to.
#[derive(Debug)]
pub(crate) struct Legs {
    calls: HashMap<LegId, CallId>,
    /// Legs that are gone since somebody asked.
    gone: Vec<LegId>,
}

impl Legs {
    pub(crate) fn new(seed: HashSeed) -> Self {
        Legs { calls: HashMap::with_hasher(seed), gone: Vec::new() }
    }

    pub(crate) fn insert(&mut self, leg: LegId, call: CallId) {
        self.calls.insert(leg, call);
    }

    pub(crate) fn remove(&mut self, leg: &LegId) -> Option<CallId> {
        let call = self.calls.remove(leg)?;
        self.gone.push(*leg);
        Some(call)
    }

    /// One of the legs that are gone since somebody asked. It may have come back meanwhile, in another call.
    pub(crate) fn pop_gone(&mut self) -> Option<LegId> {
        self.gone.pop()
    }

    /// Gives back memory that is not needed any more.
    pub(crate) fn give_back(&mut self) {
        strowger_base::hash::give_back(&mut self.calls);
    }

    pub(crate) fn get(&self, leg: &LegId) -> Option<&CallId> {
        self.calls.get(leg)
    }

    pub(crate) fn contains_key(&self, leg: &LegId) -> bool {
        self.calls.contains_key(leg)
    }

    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }
}
