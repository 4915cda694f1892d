//! Which phones wait for which lines, and what each phone called last.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use strowger_base::journal::{CallBackTo, SetBy, UserSet, UserValue};
use strowger_base::leg::Origin;
use strowger_base::{CallId, Cause, LineName, TimerHandle, WallTime, limits};

/// Call backs: at most one of each phone.
#[derive(Debug, Default)]
pub(crate) struct CallBacks {
    /// In the order in which they were asked for: of several who wait for a line the first is called first.
    all: BTreeMap<u64, CallBack>,
    last_number: u64,
    /// By the name of the phone.
    of_phone: BTreeMap<Box<str>, u64>,
    /// By each line that they concern: the one that is waited for, and that of the phone.
    by_line: BTreeMap<LineName, BTreeSet<u64>>,
    /// By the call that is made for them.
    by_call: BTreeMap<CallId, u64>,
    /// Lines that became idle, or of which somebody waits no more.
    touched: BTreeSet<LineName>,
    /// Which line each phone called last, as long as nobody answered.
    last: BTreeMap<Box<str>, LastCall>,
}

/// A phone that waits for a line.
#[derive(Clone, Debug)]
pub(crate) struct CallBack {
    /// The line of the phone.
    pub(crate) own: LineName,
    /// The phone; `None` for the only one of the line.
    pub(crate) phone: Option<Arc<str>>,
    /// The number, as the phone dialled it.
    pub(crate) number: Box<str>,
    /// The line that it leads to.
    pub(crate) line: LineName,
    pub(crate) asked_at: WallTime,
    /// The call in which it was asked for; `None` when that was before the start.
    pub(crate) asked_in: Option<CallId>,
    pub(crate) stage: Stage,
    /// When it is looked at again, at the latest when it is over.
    pub(crate) timer: TimerHandle,
}

/// How far a call back is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// The line has to be used first: nobody answered there.
    AfterUse,
    /// The line has to have no call.
    WhenIdle,
    /// The phone could not be rung: it is rung again after a while, and not before.
    Again,
    /// This call rings the phone that asked.
    Rings(CallId),
    /// The phone has answered and calls the number, in this call.
    Calls(CallId),
}

/// What a phone called last.
#[derive(Debug)]
struct LastCall {
    number: Box<str>,
    call: CallId,
    /// The line was busy.
    busy: bool,
}

impl CallBack {
    /// What the phone is called among what users set.
    pub(crate) fn owner(&self) -> &str {
        self.phone.as_deref().unwrap_or(self.own.as_str())
    }

    /// As users are shown it.
    pub(crate) fn value(&self) -> UserValue<'_> {
        UserValue::CallBack(match self.stage {
            Stage::AfterUse => CallBackTo::AfterUse(&self.number),
            Stage::WhenIdle | Stage::Again | Stage::Rings(_) | Stage::Calls(_) => {
                CallBackTo::WhenIdle(&self.number)
            }
        })
    }
}

/// The name of a phone that calls; `None` for a trunk.
fn owner_of(origin: &Origin) -> Option<&str> {
    match origin {
        Origin::Line { line, phone } => Some(phone.as_deref().unwrap_or(line.as_str())),
        Origin::Trunk(_) => None,
    }
}

impl CallBacks {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn get(&self, id: u64) -> Option<&CallBack> {
        self.all.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut CallBack> {
        self.all.get_mut(&id)
    }

    /// That of a phone.
    pub(crate) fn of_phone(&self, owner: &str) -> Option<u64> {
        self.of_phone.get(owner).copied()
    }

    /// That for which a call is made.
    pub(crate) fn of_call(&self, call: CallId) -> Option<u64> {
        if self.by_call.is_empty() { None } else { self.by_call.get(&call).copied() }
    }

    /// Whether this call rings a phone that asked for a call back.
    pub(crate) fn rings(&self, call: CallId) -> bool {
        let of_call = self.of_call(call).and_then(|id| self.all.get(&id));
        of_call.is_some_and(|waits| waits.stage == Stage::Rings(call))
    }

    /// The number of the next one.
    pub(crate) const fn next(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// One more, in place of none of the same phone.
    pub(crate) fn add(&mut self, id: u64, waits: CallBack) {
        self.of_phone.insert(waits.owner().into(), id);
        for line in [&waits.own, &waits.line] {
            self.by_line.entry(line.clone()).or_default().insert(id);
        }
        self.touched.insert(waits.line.clone());
        self.all.insert(id, waits);
    }

    /// One less. Others who wait for the same line may be next.
    pub(crate) fn remove(&mut self, id: u64) -> Option<CallBack> {
        let waits = self.all.remove(&id)?;
        self.of_phone.remove(waits.owner());
        for line in [&waits.own, &waits.line] {
            if let Some(of_line) = self.by_line.get_mut(line) {
                of_line.remove(&id);
                if of_line.is_empty() {
                    self.by_line.remove(line);
                }
            }
        }
        if let Stage::Rings(call) | Stage::Calls(call) = waits.stage {
            self.by_call.remove(&call);
        }
        self.touched.insert(waits.line.clone());
        Some(waits)
    }

    /// It is at another stage from here on.
    pub(crate) fn goes_on(&mut self, id: u64, stage: Stage) {
        let Some(waits) = self.all.get_mut(&id) else { return };
        if let Stage::Rings(call) | Stage::Calls(call) = std::mem::replace(&mut waits.stage, stage) {
            self.by_call.remove(&call);
            // Whoever waits behind it may be called now.
            if !matches!(stage, Stage::Rings(_) | Stage::Calls(_)) {
                self.touched.insert(waits.line.clone());
            }
        }
        if let Stage::Rings(call) | Stage::Calls(call) = stage {
            self.by_call.insert(call, id);
        }
    }

    /// Those that a line concerns, in their order.
    pub(crate) fn of_line(&self, line: &LineName) -> impl Iterator<Item = u64> {
        self.by_line.get(line).into_iter().flatten().copied()
    }

    /// Whether the line of somebody who waits for it is just called for one of them.
    pub(crate) fn is_being_called(&self, line: &LineName) -> bool {
        let made = |waits: &CallBack| matches!(waits.stage, Stage::Rings(_) | Stage::Calls(_));
        self.of_line(line).filter_map(|id| self.all.get(&id)).any(|waits| waits.line == *line && made(waits))
    }

    /// The line has no call any more.
    pub(crate) fn idle(&mut self, line: &LineName) {
        if !self.by_line.is_empty() && self.by_line.contains_key(line) {
            self.touched.insert(line.clone());
        }
    }

    /// A line of which something has to be looked at.
    pub(crate) fn next_touched(&mut self) -> Option<LineName> {
        self.touched.pop_first()
    }

    /// Whether nothing has to be looked at.
    pub(crate) fn is_settled(&self) -> bool {
        self.touched.is_empty()
    }

    /// Somebody calls from the line, or answered there.
    pub(crate) fn used(&mut self, line: &LineName) {
        if self.by_line.is_empty() {
            return;
        }
        for id in self.by_line.get(line).into_iter().flatten() {
            if let Some(waits) = self.all.get_mut(id)
                && waits.line == *line
                && waits.stage == Stage::AfterUse
            {
                waits.stage = Stage::WhenIdle;
            }
        }
    }

    /// A phone calls a line.
    pub(crate) fn remember(&mut self, origin: &Origin, number: &str, call: CallId) {
        let Some(owner) = owner_of(origin) else { return };
        let called = LastCall { number: number.into(), call, busy: false };
        match self.last.get_mut(owner) {
            Some(last) => *last = called,
            None => {
                if self.last.len() >= limits::CALL_BACKS {
                    let oldest =
                        self.last.iter().min_by_key(|(_, last)| last.call).map(|(owner, _)| owner.clone());
                    oldest.and_then(|owner| self.last.remove(&owner));
                }
                self.last.insert(owner.into(), called);
            }
        }
    }

    /// That call has ended.
    pub(crate) fn ended(&mut self, origin: &Origin, call: CallId, answered: bool, cause: Cause) {
        if self.last.is_empty() {
            return;
        }
        let Some(owner) = owner_of(origin) else { return };
        match self.last.get_mut(owner) {
            Some(last) if last.call == call && answered => _ = self.last.remove(owner),
            Some(last) if last.call == call => last.busy = cause == Cause::USER_BUSY,
            Some(_) | None => {}
        }
    }

    /// The number that a phone called last, when nobody answered there, and whether it was busy.
    pub(crate) fn last(&self, owner: &str) -> Option<(&str, bool)> {
        self.last.get(owner).map(|last| (&*last.number, last.busy))
    }

    /// All of them.
    pub(crate) fn ids(&self) -> Vec<u64> {
        self.all.keys().copied().collect()
    }

    /// All of them, as users are shown them.
    pub(crate) fn all(&self) -> impl Iterator<Item = (WallTime, UserSet<'_>)> {
        self.all.values().map(|waits| {
            let phone = waits.phone.as_deref().unwrap_or_default();
            let (line, value) = (waits.own.as_str(), waits.value());
            (waits.asked_at, UserSet { line, phone, value, by: SetBy::Phone })
        })
    }
}
