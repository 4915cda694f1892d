//! Everything that is configured at one moment.

mod named;

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use serde_json::Value;

use crate::problem::nearest;
use crate::reader::{AlreadySealed, ByIdOnly, Directory, Names, Reader};
use crate::setting::{HostText, Ref};
use crate::{AnyObject, Id, Identity, Kind, Naming, Object, ObjectHash, Problem, StateHash};
use named::{Called, Named};

/// Everything that is configured at one moment: immutable, and cheap to copy. A changed state shares with the one before it
/// all that did not change.
#[derive(Clone, Default)]
pub struct State {
    objects: OrdMap<Id, Arc<Entry>>,
    names: OrdSet<Named>,
    /// Who refers to whom, by the one that is referred to.
    uses: OrdSet<(Id, Id)>,
    hash: StateHash,
}

/// One object of a state.
#[derive(Debug)]
pub struct Entry {
    id: Id,
    hash: ObjectHash,
    object: AnyObject,
}

impl State {
    /// The fingerprint of the whole.
    pub const fn hash(&self) -> StateHash {
        self.hash
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// True when nothing is configured.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The object with this id.
    pub fn entry(&self, id: Id) -> Option<&Arc<Entry>> {
        self.objects.get(&id)
    }

    /// What a setting refers to.
    pub fn get<'s, T: Object>(&'s self, reference: Ref<T>) -> Option<&'s T>
    where
        &'s T: TryFrom<&'s AnyObject>,
    {
        self.objects.get(&reference.id()).and_then(|entry| (&entry.object).try_into().ok())
    }

    /// All objects of a kind, in the order of their names; patterns by their partition's id first.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Arc<Entry>> {
        let first = (kind, Identity { partition: None, name: "" });
        self.called_from(kind, Bound::Included(&first as &dyn Called))
    }

    /// The objects of a kind that come after one in the order of [`State::of_kind`], whether it is there or not.
    pub fn of_kind_after(&self, kind: Kind, last: Identity<'_>) -> impl Iterator<Item = &Arc<Entry>> {
        self.called_from(kind, Bound::Excluded(&(kind, last) as &dyn Called))
    }

    fn called_from<'s>(
        &'s self,
        kind: Kind,
        from: Bound<&(dyn Called + '_)>,
    ) -> impl Iterator<Item = &'s Arc<Entry>> + use<'s> {
        let names = self.names.range::<_, dyn Called>((from, Bound::Unbounded));
        names.map(|Named(entry)| entry).take_while(move |entry| entry.object.kind() == kind)
    }

    /// All objects of a type with their ids, in the order of [`State::of_kind`].
    pub fn all<'s, T: Object + 's>(&'s self) -> impl Iterator<Item = (Id, &'s T)>
    where
        &'s T: TryFrom<&'s AnyObject>,
    {
        self.of_kind(T::KIND).filter_map(|entry| Some((entry.id, (&entry.object).try_into().ok()?)))
    }

    /// Every object, in the order of the ids.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.objects.values()
    }

    /// Objects that are not what they were in an earlier state, in the order of their ids.
    ///
    /// It walks along both and compares where objects are before what they say: some milliseconds for a hundred thousand. The
    /// crate's own comparison, which skips what two maps share, leaves changes out (imbl 6.1).
    pub fn changes_since(&self, before: &State) -> Vec<(Kind, Id)> {
        let mut changed: Vec<&Arc<Entry>> = Vec::new();
        let (mut old, mut new) = (before.objects.values().peekable(), self.objects.values().peekable());
        while let (Some(was), Some(is)) = (old.peek(), new.peek()) {
            match was.id.cmp(&is.id) {
                Ordering::Less => changed.extend(old.next()),
                Ordering::Greater => changed.extend(new.next()),
                Ordering::Equal => {
                    if let (Some(was), Some(is)) = (old.next(), new.next())
                        && !Arc::ptr_eq(was, is)
                        && was.hash != is.hash
                    {
                        changed.push(is);
                    }
                }
            }
        }
        changed.extend(old.chain(new));
        changed.into_iter().map(|entry| (entry.object.kind(), entry.id)).collect()
    }

    /// Who refers to an object.
    pub fn users(&self, id: Id) -> impl Iterator<Item = &Arc<Entry>> {
        let users = self.uses.range((id, Id::LEAST)..=(id, Id::GREATEST));
        users.filter_map(|(_, user)| self.objects.get(user))
    }

    /// The object with this identity.
    pub fn named(&self, kind: Kind, identity: Identity<'_>) -> Option<Id> {
        self.names.get(&(kind, identity) as &dyn Called).map(|Named(entry)| entry.id)
    }

    /// The state of these objects, as an engine kept them; nothing is checked but what [`State::hash`] tells.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> State {
        let mut state = State::default();
        entries.into_iter().for_each(|entry| state.put(entry));
        state
    }

    /// What somebody calls an object, as an identity; `None` when it names a partition that does not exist.
    pub fn identity<'k>(&self, kind: Kind, key: &'k str) -> Option<Identity<'k>> {
        let (partition, name) = split(kind, key);
        let partition = match partition {
            Some(partition) => Some(self.find(Kind::Partition, partition)?),
            None => None,
        };
        Some(Identity { partition, name })
    }

    /// Puts an object in, in place of what has its id; nothing is checked.
    pub(crate) fn put(&mut self, entry: Entry) {
        let entry = Arc::new(entry);
        self.take(entry.id);
        self.hash = self.hash + entry.hash;
        self.names.insert(Named(Arc::clone(&entry)));
        entry.object.references(&mut |_, used| {
            self.uses.insert((used, entry.id));
        });
        self.objects.insert(entry.id, entry);
    }

    /// Takes an object out; nothing is checked.
    pub(crate) fn take(&mut self, id: Id) -> Option<Arc<Entry>> {
        let entry = self.objects.remove(&id)?;
        self.hash = self.hash - entry.hash;
        let called = (entry.object.kind(), entry.object.identity());
        // Two objects of one change may have exchanged their names.
        if self.named(called.0, called.1) == Some(id) {
            self.names.remove(&called as &dyn Called);
        }
        entry.object.references(&mut |_, used| {
            self.uses.remove(&(used, id));
        });
        Some(entry)
    }
}

impl Entry {
    /// An object as it stands in the log.
    ///
    /// # Errors
    /// What is wrong with the value.
    pub fn read(kind: Kind, id: Id, value: &str) -> Result<Self, Vec<Problem>> {
        let malformed = |why: String| {
            let wrong = crate::Wrong::Contradiction { why };
            vec![Problem { path: crate::Path::new(), wrong }]
        };
        let table = match serde_json::from_str(value) {
            Ok(Value::Object(table)) => table,
            Ok(_) => return Err(malformed("is no table".to_owned())),
            Err(error) => return Err(malformed(error.to_string())),
        };
        let mut reader = Reader::new(id, &ByIdOnly, &AlreadySealed);
        let object = AnyObject::read(kind, &table, &mut reader);
        let problems = reader.into_problems();
        match object {
            Some(object) if problems.is_empty() => {
                Ok(Entry { id, hash: ObjectHash::of(kind.word(), id, value), object })
            }
            Some(_) | None => Err(problems),
        }
    }

    /// Its id.
    pub const fn id(&self) -> Id {
        self.id
    }

    /// Its fingerprint.
    pub const fn hash(&self) -> ObjectHash {
        self.hash
    }

    /// The object itself.
    pub const fn object(&self) -> &AnyObject {
        &self.object
    }

    /// The value as it stands in the log: references by id, what is default left out.
    pub fn value(&self) -> String {
        Value::Object(self.object.write(&ByIdOnly)).to_string()
    }
}

/// Objects by what they are called; a name of the form of an id is no id.
impl Directory for State {
    fn find(&self, kind: Kind, key: &str) -> Option<Id> {
        self.named(kind, self.identity(kind, key)?)
    }

    fn nearest(&self, kind: Kind, key: &str) -> Option<String> {
        let keys: Vec<String> =
            self.of_kind(kind).take(COMPARED).map(|entry| self.name(kind, entry.id)).collect();
        nearest(key, keys.iter().map(String::as_str)).map(str::to_owned)
    }
}

impl Names for State {
    fn name(&self, _: Kind, id: Id) -> String {
        let Some(entry) = self.objects.get(&id) else { return id.to_string() };
        let Identity { partition, name } = entry.object.identity();
        match partition {
            None => name.to_owned(),
            Some(partition) => format!("{}:{name}", self.name(Kind::Partition, partition)),
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "State({} objects, {})", self.len(), self.hash)
    }
}

/// The partition and the name in what somebody calls an object.
pub(crate) fn split(kind: Kind, key: &str) -> (Option<&str>, &str) {
    match kind.naming() {
        Naming::Name | Naming::Only => (None, key),
        // An IPv6 network has colons; nothing else in a partition has, and no partition's name.
        Naming::PatternInPartition if kind == Kind::SipRoutePattern && HostText::new(key).is_ok() => {
            (None, key)
        }
        Naming::PatternInPartition => match key.split_once(':') {
            Some((partition, pattern)) => (Some(partition), pattern),
            None => (None, key),
        },
    }
}

/// Names that are looked at for one that was mistyped.
const COMPARED: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_among_many_objects_is_told() {
        let id =
            |number: u128| Id::from_random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        let partition = |number: u128, name: u128| {
            Entry::read(Kind::Partition, id(number), &format!("{{\"name\":\"{name}\"}}"))
                .unwrap_or_else(|it| panic!("{it:?}"))
        };
        let before = State::of((0..2_000).map(|number| partition(number, number)));
        for number in 0..2_000 {
            let mut after = before.clone();
            after.put(partition(number, number + 10_000));
            assert_eq!(after.changes_since(&before), [(Kind::Partition, id(number))]);
            let mut after = before.clone();
            after.take(id(number));
            assert_eq!(after.changes_since(&before), [(Kind::Partition, id(number))]);
            assert_eq!(before.changes_since(&after), [(Kind::Partition, id(number))]);
        }
        assert_eq!(before.changes_since(&before.clone()), []);
    }
}
