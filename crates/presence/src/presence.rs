//! What all lines are doing.

use std::sync::Arc;

use strowger_base::hash::give_back;
use strowger_base::leg::Party;
use strowger_base::watch::{
    CallDirection, CallPhase, Detail, LineCall, Mailbox, MailboxChange, Messages, News, Subject, WatchId,
    WatchRefusal, Watched,
};
use strowger_base::{HashMap, HashSeed, LegId, LineName, Rng, limits};

use crate::io::{Input, Output};
use crate::leg::{self, Effect, Leg};
use crate::line::{Line, Watch};

/// What all lines are doing, and who is told.
///
/// One entry point: [`Presence::handle`]. Nothing here waits for a time.
pub struct Presence {
    calls: HashMap<LegId, Leg>,
    /// Lines that have calls or are watched.
    lines: HashMap<LineName, Line>,
    watches: HashMap<WatchId, Whose>,
    /// Subscriptions of each watcher that has any.
    watchers: HashMap<LineName, usize>,
    /// What waits for lines; nothing for those that are not there.
    mailboxes: HashMap<LineName, Mailbox>,
    /// Watched lines that changed since their watchers were told.
    changed: Vec<LineName>,
}

/// What a subscription is about and whose it is.
#[derive(Debug)]
struct Whose {
    line: LineName,
    watcher: LineName,
}

/// How much of each thing exists.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Sizes {
    /// Legs of lines.
    pub legs: usize,
    /// Lines that have calls or are watched.
    pub lines: usize,
    /// Subscriptions.
    pub watches: usize,
}

impl Presence {
    /// Nobody calls and nobody watches.
    pub fn new(rng: &mut Rng) -> Self {
        let seed = HashSeed::new(rng);
        Presence {
            calls: HashMap::with_hasher(seed),
            lines: HashMap::with_hasher(seed),
            watches: HashMap::with_hasher(seed),
            watchers: HashMap::with_hasher(seed),
            mailboxes: HashMap::with_hasher(seed),
            changed: Vec::new(),
        }
    }

    /// Takes one input; everything that follows from it is in `out` when this returns.
    pub fn handle(&mut self, input: Input<'_>, out: &mut Vec<Output>) {
        match input {
            Input::Signal(id, signal) => match self.calls.get_mut(&id) {
                Some(call) => {
                    let effect = leg::signal(call, signal);
                    self.follow(id, effect);
                }
                None => self.begin(leg::begun_by_signal(id, signal)),
            },
            Input::Command(id, command) => match self.calls.get_mut(&id) {
                Some(call) => {
                    let effect = leg::command(call, command);
                    self.follow(id, effect);
                }
                None => self.begin(leg::begun_by_command(id, command)),
            },
            Input::Dialled(id, number) => {
                let Some(leg) = self.calls.get_mut(&id) else { return };
                let effect = leg::dialled(leg, number);
                self.follow(id, effect);
            }
            Input::Privacy(id, turn) => {
                let Some(Leg { call, .. }) = self.calls.get_mut(&id) else { return };
                let private = turn.of(call.private);
                if private != call.private {
                    call.private = private;
                    self.follow(id, Effect::Changed);
                }
            }
            Input::Parked { place, leg } => self.parked(place, leg),
            Input::Registered { line: name, registered } => {
                if let Some(line) = self.lines.get_mut(name.as_str())
                    && line.registered != registered
                {
                    line.registered = registered;
                    note(&mut self.changed, name, line);
                }
            }
            Input::Watch { watch, watcher, line, subject, registered } => {
                let answer = self.watch(Watch { id: watch, subject }, watcher, line, registered);
                out.push(Output::Watched(watch, answer));
            }
            Input::Unwatch(watch) => self.unwatch(watch),
            Input::Messages { line, change } => self.messages(line, change, out),
            Input::Restore { line, mailbox } => _ = self.mailboxes.insert(line.clone(), mailbox),
            Input::Settled => self.tell(out),
        }
    }

    /// Whether anybody is told of a line.
    pub fn is_watched(&self, line: &str) -> bool {
        self.lines.get(line).is_some_and(|line| !line.watches.is_empty())
    }

    /// The line that a subscription is about.
    pub fn watched_by(&self, watch: WatchId) -> Option<&LineName> {
        self.watches.get(&watch).map(|whose| &whose.line)
    }

    /// What waits for a line.
    pub fn mailbox(&self, line: &str) -> Mailbox {
        self.mailboxes.get(line).copied().unwrap_or_default()
    }

    /// How much of each thing exists now.
    pub fn sizes(&self) -> Sizes {
        Sizes { legs: self.calls.len(), lines: self.lines.len(), watches: self.watches.len() }
    }

    fn begin(&mut self, begun: Option<Leg>) {
        let Some(begun) = begun else { return };
        let call = &begun.call;
        let line = self.lines.entry(call.line.clone()).or_default();
        line.legs.push(call.leg);
        note(&mut self.changed, &call.line, line);
        self.calls.insert(call.leg, begun);
    }

    /// The number of call park is in use as a line with a call is.
    fn parked(&mut self, place: &LineName, leg: Option<LegId>) {
        let line = self.lines.entry(place.clone()).or_default();
        line.parked = leg.map(|leg| LineCall {
            leg,
            line: place.clone(),
            phase: CallPhase::Confirmed,
            direction: CallDirection::Recipient,
            holds: false,
            private: false,
            remote: Party::default(),
        });
        note(&mut self.changed, place, line);
        self.forget_idle(place);
    }

    fn follow(&mut self, id: LegId, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Changed => {
                if let Some(Leg { call, .. }) = self.calls.get(&id)
                    && let Some(line) = self.lines.get_mut(&call.line)
                {
                    note(&mut self.changed, &call.line, line);
                }
            }
            Effect::Over => {
                let Some(Leg { call, .. }) = self.calls.remove(&id) else { return };
                give_back(&mut self.calls);
                let Some(line) = self.lines.get_mut(&call.line) else { return };
                line.legs.retain(|leg| *leg != id);
                note(&mut self.changed, &call.line, line);
                self.forget_idle(&call.line);
            }
        }
    }

    fn watch(
        &mut self,
        watch: Watch,
        watcher: &LineName,
        name: &LineName,
        registered: bool,
    ) -> Result<Watched, WatchRefusal> {
        let id = watch.id;
        // With a refresh the number may lead elsewhere than before.
        let again = self.watches.get(&id).is_some_and(|whose| whose.line == *name);
        if !again {
            self.unwatch(id);
            let own = self.watchers.get(watcher.as_str()).copied().unwrap_or(0);
            let of_line = self.lines.get(name.as_str()).map_or(0, |line| line.watches.len());
            if own >= limits::SUBSCRIPTIONS_PER_WATCHER || of_line >= limits::WATCHERS_PER_LINE {
                return Err(WatchRefusal::Full);
            }
            *self.watchers.entry(watcher.clone()).or_default() += 1;
            self.watches.insert(id, Whose { line: name.clone(), watcher: watcher.clone() });
        }
        let line = self.lines.entry(name.clone()).or_default();
        match line.watches.iter_mut().find(|watch| watch.id == id) {
            Some(there) => {
                there.subject = watch.subject;
                line.left();
            }
            None => line.watches.push(watch),
        }
        let detail = match watch.subject {
            Subject::Calls(detail) => detail,
            Subject::Messages => {
                let mailbox = self.mailboxes.get(name.as_str()).copied().unwrap_or_default();
                return Ok(Watched { detail: Detail::States, news: waiting(mailbox) });
            }
        };
        if line.registered != registered {
            line.registered = registered;
            note(&mut self.changed, name, line);
        }
        let state = match &line.told {
            Some(told) if !line.changed => Arc::clone(told),
            // The others hear of it when all is settled.
            Some(_) => Arc::new(line.state(&self.calls)),
            None => Arc::clone(line.told.insert(Arc::new(line.state(&self.calls)))),
        };
        Ok(Watched { detail, news: News::Line(state) })
    }

    fn unwatch(&mut self, id: WatchId) {
        let Some(Whose { line: name, watcher }) = self.watches.remove(&id) else { return };
        give_back(&mut self.watches);
        if let Some(count) = self.watchers.get_mut(watcher.as_str()) {
            *count -= 1;
            if *count == 0 {
                self.watchers.remove(watcher.as_str());
                give_back(&mut self.watchers);
            }
        }
        if let Some(line) = self.lines.get_mut(name.as_str()) {
            line.watches.retain(|watch| watch.id != id);
            line.left();
        }
        self.forget_idle(&name);
    }

    fn messages(&mut self, name: &LineName, change: MailboxChange, out: &mut Vec<Output>) {
        let before = self.mailbox(name.as_str());
        let mailbox = before.after(change);
        if mailbox == before {
            return;
        }
        if mailbox == Mailbox::default() {
            self.mailboxes.remove(name.as_str());
            give_back(&mut self.mailboxes);
        } else {
            self.mailboxes.insert(name.clone(), mailbox);
        }
        if let Some(line) = self.lines.get(name.as_str()) {
            let watches = line.watches.iter().filter(|watch| watch.subject == Subject::Messages);
            out.extend(watches.map(|watch| Output::News(watch.id, waiting(mailbox))));
        }
        out.push(Output::Mailbox(name.clone(), mailbox));
    }

    fn forget_idle(&mut self, name: &LineName) {
        if self.lines.get(name.as_str()).is_some_and(Line::is_idle) {
            self.lines.remove(name.as_str());
            give_back(&mut self.lines);
        }
    }

    fn tell(&mut self, out: &mut Vec<Output>) {
        for name in self.changed.drain(..) {
            let Some(line) = self.lines.get_mut(name.as_str()).filter(|line| line.changed) else { continue };
            line.changed = false;
            let state = Arc::new(line.state(&self.calls));
            if line.told.as_ref().is_some_and(|told| *told == state) {
                continue;
            }
            line.told = Some(Arc::clone(&state));
            let news = |watch: &Watch| match watch.subject {
                Subject::Calls(_) => Some(Output::News(watch.id, News::Line(Arc::clone(&state)))),
                Subject::Messages => None,
            };
            out.extend(line.watches.iter().filter_map(news));
        }
        if self.changed.capacity() > ROOM_MAX {
            self.changed = Vec::new();
        }
    }
}

/// What is told of a mailbox; where it is heard is added by who knows the dial plan.
const fn waiting(mailbox: Mailbox) -> News {
    News::Messages(Messages { mailbox, account: None })
}

/// Notes that a line changed, when anybody wants to know.
fn note(changed: &mut Vec<LineName>, name: &LineName, line: &mut Line) {
    if !line.changed && line.is_told() {
        line.changed = true;
        changed.push(name.clone());
    }
}

/// Room beyond this that a burst needed is given back.
const ROOM_MAX: usize = 4096;

#[cfg(test)]
mod tests;
