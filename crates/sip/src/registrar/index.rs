//! Which bindings belong to a line or a connection: mostly one.

use std::hash::Hash;

use strowger_base::HashMap;
use strowger_base::hash::give_back;
use strowger_base::leg::BindingId;

/// A few ids in order; a single one needs no allocation.
#[derive(Debug)]
pub(super) enum Ids {
    One(BindingId),
    Several(Vec<BindingId>),
}

impl Ids {
    pub(super) fn as_slice(&self) -> &[BindingId] {
        match self {
            Ids::One(id) => std::slice::from_ref(id),
            Ids::Several(ids) => ids,
        }
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [BindingId] {
        match self {
            Ids::One(id) => std::slice::from_mut(id),
            Ids::Several(ids) => ids,
        }
    }

    pub(super) fn push(&mut self, id: BindingId) {
        match self {
            Ids::One(first) => *self = Ids::Several(vec![*first, id]),
            Ids::Several(ids) => ids.push(id),
        }
    }

    /// Takes an id out; true when none is left.
    fn take_out(&mut self, id: BindingId) -> bool {
        match self {
            Ids::One(only) => *only == id,
            Ids::Several(ids) => {
                ids.retain(|other| *other != id);
                if let [only] = ids[..] {
                    *self = Ids::One(only);
                }
                self.as_slice().is_empty()
            }
        }
    }

    /// Bytes that it holds beyond itself.
    pub(super) const fn heap_bytes(&self) -> usize {
        match self {
            Ids::One(_) => 0,
            Ids::Several(ids) => ids.capacity() * size_of::<BindingId>(),
        }
    }
}

/// Adds an id under a key.
pub(super) fn add<K: Eq + Hash>(map: &mut HashMap<K, Ids>, key: K, id: BindingId) {
    match map.entry(key) {
        std::collections::hash_map::Entry::Occupied(mut ids) => ids.get_mut().push(id),
        std::collections::hash_map::Entry::Vacant(vacant) => _ = vacant.insert(Ids::One(id)),
    }
}

/// Takes an id away from a key; the key goes with its last id.
pub(super) fn take_away<K, Q>(map: &mut HashMap<K, Ids>, key: &Q, id: BindingId)
where
    K: Eq + Hash + std::borrow::Borrow<Q>,
    Q: Eq + Hash + ?Sized,
{
    if map.get_mut(key).is_some_and(|ids| ids.take_out(id)) {
        map.remove(key);
        give_back(map);
    }
}

/// Bytes of a hash map's table: one slot and one control byte for each of its buckets, 8 for 7 of its capacity.
pub(super) fn table_bytes<K, V>(map: &HashMap<K, V>) -> usize {
    (map.capacity() * 8).div_ceil(7) * (size_of::<(K, V)>() + 1)
}
