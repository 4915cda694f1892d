//! Changes that a seed decides about.

use std::collections::BTreeSet;

use serde_json::json;
use strowger_base::Rng;
use strowger_configuration::{Entry, Id, Kind, Operation, Purpose, State};

use super::at;
use crate::configuration::{Change, ConfigurationStore};

/// Whoever writes at random.
pub(super) struct Writer(pub(super) Rng);

impl Writer {
    /// A change that can be accepted now: up to six objects come, change and go; one in eight is on trial.
    pub(super) fn next(&mut self, store: &ConfigurationStore) -> Change {
        let operations = self.operations(store.state());
        let purpose =
            if self.0.one_in(8) { Purpose::Trial { until: at(u32::MAX.into()) } } else { Purpose::Lasting };
        Change {
            id: self.id(),
            base: store.head().sequence,
            author: "writer".into(),
            message: "x".repeat(self.0.below(200) as usize).into(),
            purpose,
            operations,
        }
    }

    pub(super) fn id(&mut self) -> Id {
        Id::from_random(u128::from(self.0.next_u64()) << 64 | u128::from(self.0.next_u64()))
    }

    fn operations(&mut self, state: &State) -> Vec<Operation> {
        let mut operations: Vec<Operation> = Vec::new();
        // What is touched or used in this change is left alone by the rest of it.
        let mut busy: BTreeSet<Id> = BTreeSet::new();
        let wanted = 1 + self.0.below(6);
        for _ in 0..wanted {
            let some = self.pick(state, Kind::ALL, |entry| !busy.contains(&entry.id()));
            let some = some.filter(|_| !self.0.one_in(3));
            let kinds = [Kind::Partition, Kind::Line, Kind::Line, Kind::CallingSearchSpace];
            let new = kinds[self.0.below(kinds.len() as u64) as usize];
            let (kind, object) =
                some.map_or_else(|| (new, self.id()), |entry| (entry.object().kind(), entry.id()));
            busy.insert(object);
            let goes = some.is_some() && self.0.one_in(2) && state.users(object).next().is_none();
            let after = if goes { None } else { Some(self.value(state, kind, &mut busy)) };
            let before = some.map(Entry::hash);
            operations.push(Operation { kind, object, before, after: after.map(Into::into) });
        }
        operations
    }

    fn value(&mut self, state: &State, kind: Kind, busy: &mut BTreeSet<Id>) -> String {
        let partition = match kind {
            Kind::Line | Kind::CallingSearchSpace => {
                self.pick(state, &[Kind::Partition], |entry| !busy.contains(&entry.id())).map(Entry::id)
            }
            _ => None,
        };
        busy.extend(partition);
        let number = self.0.next_u64();
        let value = match kind {
            Kind::Line => json!({
                "pattern": format!("{number}"),
                "partition": partition.map(|id| id.to_string()),
                "busy_trigger": 1 + number % 4,
            }),
            Kind::CallingSearchSpace => json!({
                "name": format!("{number:x}"),
                "partitions": partition.iter().map(Id::to_string).collect::<Vec<_>>(),
            }),
            _ => json!({ "name": format!("{number:x}") }),
        };
        value.to_string()
    }

    /// Some object of these kinds.
    fn pick<'s>(
        &mut self,
        state: &'s State,
        kinds: &[Kind],
        free: impl Fn(&Entry) -> bool,
    ) -> Option<&'s Entry> {
        let there: Vec<&Entry> = kinds
            .iter()
            .flat_map(|kind| state.of_kind(*kind))
            .map(AsRef::as_ref)
            .filter(|entry| free(entry))
            .collect();
        let at = self.0.below((there.len() as u64).max(1)) as usize;
        there.get(at).copied()
    }
}
