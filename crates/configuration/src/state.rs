//! Everything that is configured at one moment.

mod rows;

use std::sync::Arc;

use serde_json::Value;
use strowger_base::Sorted;
use strowger_base::sorted::{Difference, Rows};

use crate::problem::nearest;
use crate::reader::{AlreadySealed, ByIdOnly, Directory, Names, Reader};
use crate::setting::{HostText, Ref};
use crate::{AnyObject, Id, Identity, Kind, Naming, Object, ObjectHash, Problem, StateHash};
use rows::{ById, ByName, Use};

/// Everything that is configured at one moment: immutable, and cheap to copy. A changed state shares with the one before it
/// all that did not change.
#[derive(Clone, Default)]
pub struct State {
    objects: Sorted<ById>,
    names: Sorted<ByName>,
    /// Who refers to whom, by the one that is referred to.
    uses: Sorted<Use>,
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
        self.objects.get(id).map(|ById(_, entry)| entry)
    }

    /// What a setting refers to.
    pub fn get<'s, T: Object>(&'s self, reference: Ref<T>) -> Option<&'s T>
    where
        &'s T: TryFrom<&'s AnyObject>,
    {
        self.entry(reference.id()).and_then(|entry| (&entry.object).try_into().ok())
    }

    /// All objects of a kind, in the order of their names; patterns by their partition's id first.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Arc<Entry>> {
        let first = Identity { partition: None, name: "" };
        of_kind(kind, self.names.from((kind, first)))
    }

    /// The objects of a kind that come after one in the order of [`State::of_kind`], whether it is there or not.
    pub fn of_kind_after(&self, kind: Kind, last: Identity<'_>) -> impl Iterator<Item = &Arc<Entry>> {
        of_kind(kind, self.names.after((kind, last)))
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
        self.objects.iter().map(|ById(_, entry)| entry)
    }

    /// Objects that are not what they were in an earlier state, in the order of their ids.
    ///
    /// It looks at what the two do not share only: some microseconds for a change of one object, however many there are.
    pub fn changes_since(&self, before: &State) -> Vec<(Kind, Id)> {
        let differences = self.objects.differences(&before.objects);
        let changed = differences.filter_map(|difference| match difference {
            Difference::Added(ById(_, entry)) | Difference::Removed(ById(_, entry)) => Some(entry),
            Difference::Changed { before, after } => (before.1.hash != after.1.hash).then_some(&after.1),
        });
        changed.map(|entry| (entry.object.kind(), entry.id)).collect()
    }

    /// Who refers to an object.
    pub fn users(&self, id: Id) -> impl Iterator<Item = &Arc<Entry>> {
        let users = self.uses.from((id.half(), 0)).take_while(move |it| it.used == id.half());
        users.flat_map(|it| self.with_half(it.user)).filter(move |user| user.refers_to(|used| used == id))
    }

    /// The objects whose ids begin with the same half: mostly one.
    fn with_half(&self, half: u64) -> impl Iterator<Item = &Arc<Entry>> {
        let objects = self.objects.from(Id::least_of_half(half)).map(|ById(_, entry)| entry);
        objects.take_while(move |entry| entry.id.half() == half)
    }

    /// The object with this identity.
    pub fn named(&self, kind: Kind, identity: Identity<'_>) -> Option<Id> {
        self.names.get((kind, identity)).map(|ByName(entry)| entry.id)
    }

    /// The state of these objects, as an engine kept them; nothing is checked but what [`State::hash`] tells.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> State {
        let by_id = |entry: Entry| ById(entry.id, Arc::new(entry));
        let objects: Sorted<ById> = entries.into_iter().map(by_id).collect();
        let all = || objects.iter().map(|ById(_, entry)| entry);
        let mut uses = Vec::with_capacity(objects.len());
        for entry in all() {
            entry.object.references(&mut |_, used| uses.push(Use::of(used, entry.id)));
        }
        State {
            hash: all().fold(StateHash::default(), |hash, entry| hash + entry.hash),
            names: all().map(|entry| ByName(Arc::clone(entry))).collect(),
            uses: uses.into_iter().collect(),
            objects,
        }
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
        self.names.insert(ByName(Arc::clone(&entry)));
        entry.object.references(&mut |_, used| {
            self.uses.insert(Use::of(used, entry.id));
        });
        self.objects.insert(ById(entry.id, entry));
    }

    /// Takes an object out; nothing is checked.
    pub(crate) fn take(&mut self, id: Id) -> Option<Arc<Entry>> {
        let ById(_, entry) = self.objects.remove(id)?;
        self.hash = self.hash - entry.hash;
        let called = (entry.object.kind(), entry.object.identity());
        // Two objects of one change may have exchanged their names.
        if self.named(called.0, called.1) == Some(id) {
            self.names.remove(called);
        }
        entry.object.references(&mut |_, used| {
            let gone = Use::of(used, id);
            let same = |other: Id| other.half() == gone.used;
            if !self.with_half(gone.user).any(|user| user.refers_to(same)) {
                self.uses.remove((gone.used, gone.user));
            }
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

    fn refers_to(&self, is_it: impl Fn(Id) -> bool) -> bool {
        let mut found = false;
        self.object.references(&mut |_, used| found |= is_it(used));
        found
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
        let Some(entry) = self.entry(id) else { return id.to_string() };
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

fn of_kind<'s>(kind: Kind, rows: Rows<'s, ByName>) -> impl Iterator<Item = &'s Arc<Entry>> {
    rows.map(|ByName(entry)| entry).take_while(move |entry| entry.object.kind() == kind)
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

    #[test]
    fn objects_with_half_of_an_id_in_common_are_told_apart() {
        let id = |half: u128, rest: u128| Id::from_bytes((half << 64 | rest).to_be_bytes());
        let entry =
            |kind, id, value: &str| Entry::read(kind, id, value).unwrap_or_else(|it| panic!("{it:?}"));
        let partition = |id: Id| entry(Kind::Partition, id, &format!("{{\"name\":\"{id}\"}}"));
        let space = |id: Id, sees: Id| {
            entry(Kind::CallingSearchSpace, id, &format!("{{\"name\":\"{id}\",\"partitions\":[\"{sees}\"]}}"))
        };
        let (one, other) = (id(7, 1), id(7, 2));
        let (first, second) = (id(9, 1), id(9, 2));
        let users = |state: &State, used: Id| state.users(used).map(|user| user.id()).collect::<Vec<_>>();
        let mut state =
            State::of([partition(one), partition(other), space(first, one), space(second, other)]);
        assert_eq!((users(&state, one), users(&state, other)), (vec![first], vec![second]));
        assert_eq!(users(&state, id(7, 3)), []);
        state.take(first);
        assert_eq!((users(&state, one), users(&state, other)), (vec![], vec![second]));
        state.put(space(first, other));
        assert_eq!((users(&state, one), users(&state, other)), (vec![], vec![first, second]));
        state.take(first);
        state.take(second);
        assert_eq!((users(&state, other), state.uses.len()), (vec![], 0));
    }
}
