//! At which numbers calls are parked.

use std::collections::BTreeMap;

use strowger_base::CallId;

/// Calls by the number at which they wait, within the configured object that the number belongs to.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    calls: BTreeMap<Box<str>, BTreeMap<Box<str>, CallId>>,
    taken: usize,
}

impl Slots {
    /// The call that waits at a number.
    pub(crate) fn at(&self, object: &str, number: &str) -> Option<CallId> {
        self.calls.get(object)?.get(number).copied()
    }

    /// A call waits there from here on, also when it did before under another id.
    pub(crate) fn put(&mut self, object: &str, number: &str, call: CallId) {
        let numbers = self.calls.entry(object.into()).or_default();
        if numbers.insert(number.into(), call).is_none() {
            self.taken += 1;
        }
    }

    /// Nothing waits there any more.
    pub(crate) fn free(&mut self, object: &str, number: &str) {
        let Some(numbers) = self.calls.get_mut(object) else { return };
        if numbers.remove(number).is_some() {
            self.taken -= 1;
        }
        if numbers.is_empty() {
            self.calls.remove(object);
        }
    }

    /// All of them: object, number and call.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str, CallId)> {
        self.calls.iter().flat_map(|(object, numbers)| {
            numbers.iter().map(move |(number, call)| (&**object, &**number, *call))
        })
    }

    pub(crate) const fn len(&self) -> usize {
        self.taken
    }
}
