//! From what somebody wants to the operations that bring it about.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::change::naming_setting;
use crate::problem::{Problem, Wrong, nearest};
use crate::reader::{ByIdOnly, Directory, Reader, Vault};
use crate::state::split;
use crate::{AnyObject, Id, Identity, Kind, Naming, Operation, Path, Refusal, State};

/// An object as somebody wants it, in the words of a file or a request.
#[derive(Clone, PartialEq, Debug)]
pub struct Wanted {
    /// What it is.
    pub kind: Kind,
    /// What it was called so far, when it shall be called otherwise.
    pub renamed_from: Option<String>,
    /// Its settings.
    pub table: Map<String, Value>,
}

/// What of the state a proposal speaks about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope<'s> {
    /// Everything: what is not wanted shall not be there any more.
    Whole,
    /// All objects of these kinds.
    Kinds(&'s [Kind]),
    /// Only what is wanted.
    Objects,
    /// Only what is wanted, and these, which shall not be there any more.
    Removing(&'s [Id]),
}

/// Something that is wrong with what is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The position of the object in the list.
    pub wanted: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

impl State {
    /// The operations that make of this state what is wanted; those that change nothing are left out.
    ///
    /// `new_id` is asked for the id of every new object.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of `wanted`.
    pub fn proposal(
        &self,
        wanted: &[Wanted],
        scope: Scope<'_>,
        vault: &dyn Vault,
        new_id: &mut dyn FnMut() -> Id,
    ) -> Result<Vec<Operation>, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let called = identify(self, wanted, new_id, &mut mistakes);
        let gone = unwanted(self, &called, scope);
        let directory = Overlay { state: self, called: &called, gone: &gone, near: RefCell::default() };
        let mut operations = Vec::new();
        for (at, object) in wanted.iter().enumerate() {
            let Some(&id) = called.of.get(&at) else { continue };
            let mut reader = Reader::new(id, &directory, vault);
            let read = AnyObject::read(object.kind, &object.table, &mut reader);
            let problems = reader.into_problems();
            let is_right = problems.is_empty();
            mistakes.extend(problems.into_iter().map(|problem| Mistake { wanted: at, problem }));
            let Some(read) = read.filter(|_| is_right) else { continue };
            let entry = self.entry(id);
            if entry.is_some_and(|entry| *entry.object() == read) {
                continue;
            }
            operations.push(Operation {
                kind: object.kind,
                object: id,
                before: entry.map(|entry| entry.hash()),
                after: Some(Value::Object(read.write(&ByIdOnly)).to_string().into()),
            });
        }
        operations.extend(gone.iter().filter_map(|id| self.entry(*id)).map(|entry| Operation {
            kind: entry.object().kind(),
            object: entry.id(),
            before: Some(entry.hash()),
            after: None,
        }));
        if mistakes.is_empty() {
            return Ok(operations);
        }
        // What can be read is looked at as a whole all the same, so that its mistakes are told in the same run.
        if let Err(refused) = self.changed(&operations) {
            mistakes.extend(contradictions(&refused, &called));
        }
        mistakes.sort_by_key(|mistake| mistake.wanted);
        Err(mistakes)
    }
}

/// What readable objects may not be to each other, although others cannot be read. That these are not there is no mistake of theirs.
fn contradictions(refused: &[Refusal], called: &Called) -> Vec<Mistake> {
    let positions: BTreeMap<Id, usize> = called.of.iter().map(|(at, id)| (*id, *at)).collect();
    let of = |refusal: &Refusal| match refusal {
        Refusal::Wrong { object, problem, .. } => match problem.wrong {
            Wrong::Taken { .. } | Wrong::Contradiction { .. } => {
                let wanted = *positions.get(object)?;
                Some(Mistake { wanted, problem: problem.clone() })
            }
            Wrong::Missing { .. }
            | Wrong::Unexpected { .. }
            | Wrong::UnknownSetting { .. }
            | Wrong::NoSuchObject { .. }
            | Wrong::InUse { .. } => None,
        },
        Refusal::Stale { .. } => None,
    };
    refused.iter().filter_map(of).take(CONTRADICTIONS_TOLD).collect()
}

/// Which object is which.
#[derive(Default)]
struct Called {
    /// By what they will be called.
    ids: BTreeMap<(Kind, String), Id>,
    /// By position in what is wanted.
    of: BTreeMap<usize, Id>,
    /// All of them.
    all: BTreeSet<Id>,
}

impl Called {
    /// The object of the state that is called so, when partitions are called as they will be.
    fn there(&self, state: &State, kind: Kind, key: &str) -> Option<Id> {
        let (partition, name) = split(kind, key);
        let partition = match partition {
            None => None,
            Some(partition) => {
                let wanted = self.ids.get(&(Kind::Partition, partition.to_owned())).copied();
                Some(wanted.or_else(|| state.find(Kind::Partition, partition))?)
            }
        };
        state.named(kind, Identity { partition, name })
    }
}

/// Finds the object that each wanted one is, or gives it an id.
fn identify(
    state: &State,
    wanted: &[Wanted],
    new_id: &mut dyn FnMut() -> Id,
    mistakes: &mut Vec<Mistake>,
) -> Called {
    let mut called = Called::default();
    // Partitions before the patterns in them, which are found by the partition that is meant, whatever it is called now.
    let in_partition = |kind: Kind| kind.naming() == Naming::PatternInPartition;
    let mut order: Vec<(usize, &Wanted)> = wanted.iter().enumerate().collect();
    order.sort_by_key(|(_, object)| in_partition(object.kind));
    for (at, object) in order {
        let kind = object.kind;
        let Some(key) = key_of(kind, &object.table) else {
            // Without a name it is no object; reading it once tells what else is wrong.
            let mut reader = Reader::new(Id::LEAST, state, &crate::reader::AlreadySealed);
            AnyObject::read(kind, &object.table, &mut reader);
            // What it refers to may be among what is wanted and not looked at yet.
            let is_sure = |problem: &Problem| !matches!(problem.wrong, Wrong::NoSuchObject { .. });
            let problems = reader.into_problems().into_iter().filter(is_sure);
            mistakes.extend(problems.map(|problem| Mistake { wanted: at, problem }));
            continue;
        };
        let before = object.renamed_from.as_deref().and_then(|before| state.find(kind, before));
        let id = before.or_else(|| called.there(state, kind, &key)).unwrap_or_else(&mut *new_id);
        if called.ids.insert((kind, key.clone()), id).is_some() {
            let path = Path::new().setting(naming_setting(kind));
            let problem = Problem { path, wrong: Wrong::Taken { kind, key } };
            mistakes.push(Mistake { wanted: at, problem });
            continue;
        }
        called.of.insert(at, id);
        called.all.insert(id);
    }
    called
}

/// What an object would be called, as far as its settings are readable.
pub(crate) fn key_of(kind: Kind, table: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| table.get(name).and_then(Value::as_str);
    match kind.naming() {
        Naming::Only => Some(kind.word().to_owned()),
        Naming::Name => text("name").map(str::to_owned),
        Naming::PatternInPartition => {
            let pattern = text("pattern")?;
            Some(match text("partition") {
                None => pattern.to_owned(),
                Some(partition) => format!("{partition}:{pattern}"),
            })
        }
    }
}

/// The position of each wanted object by what it would be called.
pub(crate) fn positions(wanted: &[Wanted]) -> BTreeMap<(Kind, String), usize> {
    let named = wanted.iter().enumerate();
    named.filter_map(|(at, wanted)| Some(((wanted.kind, key_of(wanted.kind, &wanted.table)?), at))).collect()
}

/// What the scope speaks about and nobody wants.
fn unwanted(state: &State, called: &Called, scope: Scope<'_>) -> BTreeSet<Id> {
    let kinds: &[Kind] = match scope {
        Scope::Whole => Kind::ALL,
        Scope::Kinds(kinds) => kinds,
        Scope::Objects => &[],
        Scope::Removing(ids) => {
            return ids.iter().copied().filter(|id| !called.all.contains(id)).collect();
        }
    };
    let there = kinds.iter().flat_map(|kind| state.of_kind(*kind)).map(|entry| entry.id());
    there.filter(|id| !called.all.contains(id)).collect()
}

/// The objects as they will be called.
struct Overlay<'o> {
    state: &'o State,
    called: &'o Called,
    gone: &'o BTreeSet<Id>,
    /// What was probably meant by names that nothing has. A table that is wrong is often wrong in every row.
    near: RefCell<BTreeMap<(Kind, String), Option<String>>>,
}

impl Directory for Overlay<'_> {
    fn find(&self, kind: Kind, key: &str) -> Option<Id> {
        let wanted = self.called.ids.get(&(kind, key.to_owned())).copied();
        wanted.or_else(|| {
            let there = self.state.find(kind, key)?;
            // What is called otherwise from now on, or goes, cannot be referred to by its old name.
            let stays = !self.gone.contains(&there) && !self.called.all.contains(&there);
            stays.then_some(there)
        })
    }

    fn nearest(&self, kind: Kind, key: &str) -> Option<String> {
        let asked = (kind, key.to_owned());
        if let Some(found) = self.near.borrow().get(&asked) {
            return found.clone();
        }
        if self.near.borrow().len() >= NAMES_LOOKED_FOR {
            return None;
        }
        let wanted = self.called.ids.range((kind, String::new())..).take_while(|((of, _), _)| *of == kind);
        let nearest = nearest(key, wanted.take(NAMES_COMPARED).map(|((_, key), _)| key.as_str()));
        let nearest = nearest
            .map(str::to_owned)
            .or_else(|| self.state.nearest(kind, key).filter(|found| self.find(kind, found).is_some()));
        self.near.borrow_mut().insert(asked, nearest.clone());
        nearest
    }
}

/// Mistyped names of one proposal for which the nearest one is looked for.
const NAMES_LOOKED_FOR: usize = 50;
/// Contradictions that are told beside other mistakes.
const CONTRADICTIONS_TOLD: usize = 1_000;
/// Names that are looked at for each.
const NAMES_COMPARED: usize = 10_000;

#[cfg(test)]
mod tests;
