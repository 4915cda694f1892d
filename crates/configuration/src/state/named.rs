//! Objects in the order of what they are called.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::sync::Arc;

use super::Entry;
use crate::{Identity, Kind};

/// An object where it is found by its name. The name is the object's own: 100,000 phones have it once.
#[derive(Clone)]
pub(super) struct Named(pub(super) Arc<Entry>);

/// What an object is called, or what somebody looks for.
pub(super) trait Called {
    /// Its kind, and what tells it from others of that.
    fn called(&self) -> (Kind, Identity<'_>);
}

impl Called for Named {
    fn called(&self) -> (Kind, Identity<'_>) {
        (self.0.object.kind(), self.0.object.identity())
    }
}

impl Called for (Kind, Identity<'_>) {
    fn called(&self) -> (Kind, Identity<'_>) {
        *self
    }
}

impl<'k> Borrow<dyn Called + 'k> for Named {
    fn borrow(&self) -> &(dyn Called + 'k) {
        self
    }
}

impl PartialEq for dyn Called + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.called() == other.called()
    }
}

impl Eq for dyn Called + '_ {}

impl PartialOrd for dyn Called + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn Called + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.called().cmp(&other.called())
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.called() == other.called()
    }
}

impl Eq for Named {}

impl PartialOrd for Named {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Named {
    fn cmp(&self, other: &Self) -> Ordering {
        self.called().cmp(&other.called())
    }
}
