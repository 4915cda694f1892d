//! The configuration of a running server: what is in force, and the one way in which it changes.
//!
//! A change is planned against what is in force, checked by everything that will use it, made durable, and only then put in
//! force.

mod conflict;
mod passwords;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use strowger_base::WallTime;
use strowger_configuration::proposal::{Mistake, Scope, Wanted};
use strowger_configuration::{ChangeSet, Difference, Head, Id, Operation, Purpose, State};
use strowger_node::objects::{self, Unserved};
use tokio::sync::watch;

use crate::configuration::{Change, ChangeError, ConfigurationStore, HistoryError, Progress, Summary, Trial};
use crate::vault::Vault;

pub(crate) use conflict::{Conflict, Rebased};

/// Keeps the configuration while the server runs.
pub(crate) struct Keeper {
    store: Mutex<ConfigurationStore>,
    vault: Arc<Vault>,
    live: watch::Sender<Arc<Live>>,
    users: Box<dyn Users>,
    progress: Progress,
}

/// What is in force.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) state: State,
    pub(crate) head: Head,
    pub(crate) trial: Option<Trial>,
}

/// Everything that uses the configuration: each may refuse one that it cannot use, before it is accepted.
pub(crate) trait Users: Send + Sync {
    /// What is wrong with a state that is correct in itself.
    ///
    /// # Errors
    /// A sentence for each thing.
    fn check(&self, state: &State) -> Result<(), Vec<String>>;

    /// Puts a state in force that was checked.
    fn put_in_force(&self, state: &State);
}

/// Two that use it.
impl<A: Users, B: Users> Users for (A, B) {
    fn check(&self, state: &State) -> Result<(), Vec<String>> {
        self.0.check(state)?;
        self.1.check(state)
    }

    fn put_in_force(&self, state: &State) {
        self.0.put_in_force(state);
        self.1.put_in_force(state);
    }
}

/// What a change would do.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// What it was made against.
    pub(crate) base: Head,
    pub(crate) operations: Vec<Operation>,
    pub(crate) before: State,
    pub(crate) after: State,
}

/// How many objects a plan touches.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Counts {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) removed: usize,
}

/// Why there is no plan, or a plan was not carried out.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum PlanError {
    /// Something is wrong with what is wanted.
    Mistakes(Vec<Mistake>),
    /// Something is wrong with what it would lead to.
    Refused(Vec<String>),
    /// It was not accepted.
    Change(ChangeError),
    /// The past does not allow it.
    History(HistoryError),
}

/// A change that was made before it was asked for again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Made {
    pub(crate) sequence: u64,
    /// The first object that it is about.
    pub(crate) object: Option<Id>,
}

/// Who wants a change, and how.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// Chosen by who wants it, so that it can be repeated.
    pub(crate) id: Id,
    pub(crate) author: Box<str>,
    pub(crate) message: Box<str>,
    /// It is taken back when nobody confirms it within this time.
    pub(crate) confirm_within: Option<Duration>,
}

impl Keeper {
    /// Puts in force what the store has.
    ///
    /// # Errors
    /// What is wrong with it: an older version of the program accepted it.
    pub(crate) fn new(
        store: ConfigurationStore,
        vault: Arc<Vault>,
        users: Box<dyn Users>,
    ) -> Result<Self, Vec<String>> {
        users.check(store.state())?;
        users.put_in_force(store.state());
        let live = watch::Sender::new(Arc::new(Live::of(&store)));
        let progress = store.progress();
        Ok(Keeper { store: Mutex::new(store), vault, live, users, progress })
    }

    /// What is in force now.
    pub(crate) fn live(&self) -> Arc<Live> {
        self.live.borrow().clone()
    }

    /// What is in force, and every time that it changes.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Live>> {
        self.live.subscribe()
    }

    /// How far the change is that is worked on.
    pub(crate) const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// What it would take to have what is wanted in place of what was in force when somebody looked. Whoever makes of what
    /// there is what shall be plans against the same: what others changed since is then a conflict, and not lost.
    ///
    /// # Errors
    /// What is wrong with it, or with what it would lead to.
    pub(crate) fn plan(&self, live: &Live, wanted: &[Wanted], scope: Scope<'_>) -> Result<Plan, PlanError> {
        let operations = live.state.proposal(wanted, scope, &*self.vault, &mut random_id);
        self.planned(live, operations.map_err(PlanError::Mistakes)?)
    }

    /// What these operations would do.
    ///
    /// # Errors
    /// What is wrong with what they would lead to.
    pub(crate) fn plan_operations(&self, live: &Live, operations: Vec<Operation>) -> Result<Plan, PlanError> {
        self.planned(live, operations)
    }

    /// What it would take to undo one change.
    ///
    /// # Errors
    /// There is none, or later ones stand on it.
    pub(crate) fn plan_undo(&self, sequence: u64) -> Result<Plan, PlanError> {
        let live = self.live();
        let operations = self.store().undo(sequence).map_err(PlanError::History)?;
        self.planned(&live, operations)
    }

    /// What it would take to have everything as it was after a change.
    ///
    /// # Errors
    /// There is no such change.
    pub(crate) fn plan_return(&self, sequence: u64) -> Result<Plan, PlanError> {
        let live = self.live();
        let operations = self.store().return_to(sequence).map_err(PlanError::History)?;
        self.planned(&live, operations)
    }

    fn planned(&self, live: &Live, operations: Vec<Operation>) -> Result<Plan, PlanError> {
        let after = live.state.changed(&operations);
        let after = after.map_err(|refused| PlanError::Change(ChangeError::Refused(refused)))?;
        self.users.check(&after).map_err(PlanError::Refused)?;
        Ok(Plan { base: live.head, operations, before: live.state.clone(), after })
    }

    /// Carries a plan out.
    ///
    /// # Errors
    /// Somebody else was faster; another change waits for its confirmation; the disk refused.
    pub(crate) fn carry_out(&self, plan: Plan, order: Order, purpose: Purpose) -> Result<Head, PlanError> {
        let now = now();
        let purpose = match (order.confirm_within, purpose) {
            (Some(within), Purpose::Lasting) => Purpose::Trial { until: after(now, within) },
            (Some(_) | None, purpose) => purpose,
        };
        let change = Change {
            id: order.id,
            base: plan.base.sequence,
            author: order.author,
            message: order.message,
            purpose,
            operations: plan.operations,
        };
        let mut store = self.store();
        let done = store.commit(change, now).map_err(PlanError::Change);
        self.publish(&store);
        done
    }

    /// The change with this id, when it is made already.
    ///
    /// # Errors
    /// The log cannot be read.
    /// See [`Vault::requests`].
    pub(crate) fn requests(&self) -> [u8; 32] {
        self.vault.requests()
    }

    pub(crate) fn made(&self, order: Id) -> Result<Option<Made>, HistoryError> {
        let mut store = self.store();
        let found = store.find(order)?.map(|sequence| store.change(sequence)).transpose();
        // One whose outcome was not known may have shown itself.
        self.publish(&store);
        Ok(found?.map(|change| Made {
            sequence: change.sequence,
            object: change.operations.first().map(|operation| operation.object),
        }))
    }

    /// Confirms the change on trial.
    ///
    /// # Errors
    /// None is on trial.
    pub(crate) fn confirm(&self, order: &Order) -> Result<Head, PlanError> {
        let mut store = self.store();
        let sequence = store.trial().map_or(0, |trial| trial.sequence);
        let done = store.confirm(sequence, order.id, &order.author, now()).map_err(PlanError::Change);
        self.publish(&store);
        done
    }

    /// Takes a trial back whose time has come; which it was.
    ///
    /// # Errors
    /// The disk refused; it is tried again.
    pub(crate) fn lapse(&self) -> Result<Option<u64>, ChangeError> {
        let mut store = self.store();
        let lapsed = store.lapse(random_id(), now());
        self.publish(&store);
        lapsed
    }

    /// The changes up to one, the newest first.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn history(&self, up_to: u64, limit: usize) -> Result<Vec<Summary>, HistoryError> {
        self.store().history(up_to, limit)
    }

    /// One change, with what it did.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn change(&self, sequence: u64) -> Result<(ChangeSet, Vec<Difference>), HistoryError> {
        let store = self.store();
        let change = store.change(sequence)?;
        let differences = store.differences(sequence.saturating_sub(1), sequence)?;
        Ok((change, differences))
    }

    /// What is different after one change from what was after another.
    ///
    /// # Errors
    /// There is no such change.
    pub(crate) fn differences(&self, from: u64, to: u64) -> Result<Vec<Difference>, HistoryError> {
        self.store().differences(from, to)
    }

    /// The state that a change made beside the one on trial would leave when that is taken back; nothing when none is on trial.
    ///
    /// # Errors
    /// The log cannot be read, or there would be none.
    pub(crate) fn without_trial(&self, plan: &Plan) -> Result<Option<State>, HistoryError> {
        self.store().without_trial(&plan.after)
    }

    /// What stands between what somebody wants and what others did since the change from which they began.
    ///
    /// # Errors
    /// There is no such change.
    pub(crate) fn conflict(&self, began: u64, plan: &Plan) -> Result<Conflict, HistoryError> {
        Conflict::of(&self.store(), began, plan)
    }

    /// Everything as it was after a change.
    ///
    /// # Errors
    /// There is no such change.
    pub(crate) fn state_at(&self, sequence: u64) -> Result<State, HistoryError> {
        self.store().state_at(sequence)
    }

    /// Also after what was refused: a change whose outcome was not known may have shown itself meanwhile.
    fn publish(&self, store: &ConfigurationStore) {
        if store.head() == self.live.borrow().head {
            return;
        }
        let before = self.live.borrow().state.hash();
        // A confirmation changes nothing that anybody uses.
        if store.state().hash() != before {
            self.users.put_in_force(store.state());
        }
        self.live.send_replace(Arc::new(Live::of(store)));
    }

    /// A change that panicked half-way has changed nothing that is kept: the store goes on.
    fn store(&self) -> std::sync::MutexGuard<'_, ConfigurationStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    /// How many objects it touches.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for operation in &self.operations {
            let count = match (operation.before, &operation.after) {
                (None, _) => &mut counts.added,
                (Some(_), Some(_)) => &mut counts.changed,
                (Some(_), None) => &mut counts.removed,
            };
            *count += 1;
        }
        counts
    }

    /// What it does, object by object; of each sort at most so many.
    pub(crate) fn differences(&self, most: usize) -> Vec<Difference> {
        let mut left = [most; 3];
        let shown = self.operations.iter().filter(|operation| {
            let sort = usize::from(operation.before.is_some()) + usize::from(operation.after.is_none());
            left.get_mut(sort).is_some_and(|left| {
                let is_shown = *left > 0;
                *left = left.saturating_sub(1);
                is_shown
            })
        });
        let shown: Vec<Operation> = shown.cloned().collect();
        self.before.differences(&shown, &self.after)
    }

    /// What it sets that has no effect in this version and had none to be told of before: a sentence for each sort of it.
    pub(crate) fn without_effect(&self) -> Vec<String> {
        let set = self.operations.iter().filter(|operation| operation.after.is_some());
        let new = set.flat_map(|operation| {
            let before = objects::unserved_of(&self.before, operation.object);
            let mut after = objects::unserved_of(&self.after, operation.object);
            after.retain(|one| before.iter().all(|old| old.what != one.what));
            after
        });
        Unserved::grouped(new)
    }
}

impl Live {
    fn of(store: &ConfigurationStore) -> Self {
        Live { state: store.state().clone(), head: store.head(), trial: store.trial() }
    }
}

/// Takes trials back whose time has come, as long as the server runs.
pub(crate) async fn watch_trials(keeper: Arc<Keeper>) {
    let mut live = keeper.watch();
    loop {
        let until = live.borrow_and_update().trial.map(|trial| trial.until);
        let Some(until) = until else {
            if live.changed().await.is_err() {
                return;
            }
            continue;
        };
        let wait = Duration::from_micros(until.as_micros().saturating_sub(now().as_micros()));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            changed = live.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        }
        let keeper = Arc::clone(&keeper);
        match tokio::task::spawn_blocking(move || keeper.lapse()).await {
            Ok(Ok(Some(sequence))) => {
                crate::log::warn("a change was taken back: nobody confirmed it in time")
                    .count("change", sequence)
                    .write()
            }
            Ok(Ok(None)) => {}
            Ok(Err(error)) => {
                crate::log::error("a change that nobody confirmed cannot be taken back")
                    .with("reason", error)
                    .effect("it stays in force; it is tried again")
                    .write();
                tokio::time::sleep(AGAIN).await;
            }
            Err(_) => return,
        }
    }
}

/// An id for something new.
pub(crate) fn random_id() -> Id {
    let mut bytes = [0; 16];
    // Without randomness the server would not have started; an id that is taken is refused by the state.
    let _ = getrandom::fill(&mut bytes);
    Id::from_random(u128::from_be_bytes(bytes))
}

fn now() -> WallTime {
    crate::digits::now()
}

fn after(now: WallTime, within: Duration) -> WallTime {
    let micros = u64::try_from(within.as_micros()).unwrap_or(u64::MAX);
    WallTime::from_micros(now.as_micros().saturating_add(micros))
}

const AGAIN: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
