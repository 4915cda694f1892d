//! The rows of a state: what each is found by.

use std::cmp::Ordering;
use std::sync::Arc;

use strowger_base::sorted::Row;

use super::Entry;
use crate::{Id, Identity, Kind};

/// An object where it is found by its id.
#[derive(Clone)]
pub(super) struct ById(pub(super) Id, pub(super) Arc<Entry>);

/// An object where it is found by its name. The name is the object's own: 100,000 phones have it once.
#[derive(Clone)]
pub(super) struct ByName(pub(super) Arc<Entry>);

/// That an object refers to another, by the halves of their ids: each phone with its line has five. Whoever finds one looks at the
/// objects themselves, of which several may have a half in common.
#[derive(Clone, Copy)]
pub(super) struct Use {
    /// What is referred to.
    pub(super) used: u64,
    /// What refers to it.
    pub(super) user: u64,
}

impl Use {
    pub(super) const fn of(used: Id, user: Id) -> Self {
        Use { used: used.half(), user: user.half() }
    }
}

impl ByName {
    fn called(&self) -> (Kind, Identity<'_>) {
        (self.0.object.kind(), self.0.object.identity())
    }
}

impl Row for ById {
    type Key<'k> = Id;

    fn compare(&self, id: Id) -> Ordering {
        self.0.cmp(&id)
    }

    fn order(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.1, &other.1)
    }
}

impl Row for ByName {
    type Key<'k> = (Kind, Identity<'k>);

    fn compare(&self, called: (Kind, Identity<'_>)) -> Ordering {
        self.called().cmp(&called)
    }

    fn order(&self, other: &Self) -> Ordering {
        self.called().cmp(&other.called())
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Row for Use {
    /// What is used and who uses it.
    type Key<'k> = (u64, u64);

    fn compare(&self, (used, user): (u64, u64)) -> Ordering {
        (self.used, self.user).cmp(&(used, user))
    }

    fn order(&self, other: &Self) -> Ordering {
        self.compare((other.used, other.user))
    }

    fn is_same(&self, other: &Self) -> bool {
        self.order(other).is_eq()
    }
}
