//! What all calls share: ids, timers, tables, limits.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use strowger_base::id::LegIds;
use strowger_base::journal::{Alarm, Entry, StreamMedia};
use strowger_base::{
    CallId, Cause, ConferenceId, HashMap, HashSeed, Instant, LegId, LineName, NodeId, Now, Rng, ShardId,
    TimerHandle, TimerQueue, limits,
};
use strowger_dialplan::Rotation;
use strowger_media::control::{self, PortId, PortIds, PortOwner};
use strowger_media::srtp::KeySource;

use crate::admission::Taken;
use crate::features::call_back::CallBacks;
use crate::features::call_waiting::WaitingTones;
use crate::features::conference::Conferences;
use crate::features::intercom::Intercoms;
use crate::features::paging::Pages;
use crate::features::recording::Recordings;
use crate::features::user_settings::UserSettings;
use crate::features::{MaliciousCalls, Offered, Privacy, QualityReports, Slots};
use crate::io::{Outbox, Output};
use crate::legs::Legs;
use crate::resources::Pool;
use crate::streams::Streams;
use crate::{Configuration, Counters};

/// What all calls share.
pub(crate) struct Shared {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) timers: TimerQueue<Timer>,
    pub(crate) leg_ids: LegIds,
    pub(crate) port_ids: PortIds,
    /// Which call each leg belongs to.
    pub(crate) legs: Legs,
    /// Calls whose number is not complete, by the id that their device gave them.
    pub(crate) dialing: BTreeMap<Box<str>, CallId>,
    /// Whose turn it is in each circular route group.
    pub(crate) rotations: BTreeMap<Box<str>, Rotation<Box<str>>>,
    /// Every relay from `OpenRelay` until the worker reports it closed or failed.
    pub(crate) relays: BTreeMap<PortId, RelayUse>,
    /// Whose turn it is in each circular line group.
    pub(crate) hunt_turns: BTreeMap<Box<str>, Rotation<LineName>>,
    /// Calls of each line that has any.
    lines: HashMap<LineName, u32>,
    /// Since when each member of a line group has no call, or had none before the one that it has.
    idle: HashMap<LineName, Instant>,
    /// What calls have of the bandwidth between locations.
    pub(crate) bandwidth: Taken,
    /// Final records that wait for the disk.
    pub(crate) waiting: BTreeMap<u64, Waiting>,
    /// Which calls are offered to which lines.
    pub(crate) offered: Offered,
    /// Calls whose caller hears why they fail.
    pub(crate) announcing: BTreeSet<CallId>,
    /// At which numbers calls are parked.
    pub(crate) slots: Slots,
    /// What calls ask of other calls; done before an input is done with.
    pub(crate) asked: VecDeque<Asked>,
    pub(crate) conferences: Conferences,
    pub(crate) recordings: Recordings,
    /// Who hears that another call waits.
    pub(crate) waiting_tones: WaitingTones,
    pub(crate) intercoms: Intercoms,
    /// Which calls were reported.
    pub(crate) malicious: MaliciousCalls,
    /// What devices reported of the quality of calls.
    pub(crate) quality_reports: QualityReports,
    /// Which calls phones hide from the others of their line.
    pub(crate) privacy: Privacy,
    /// What calls have of the media resources.
    pub(crate) resources: Pool,
    /// Music that goes out to all who listen.
    pub(crate) streams: Streams,
    /// Which paging groups are in use.
    pub(crate) pages: Pages,
    /// What users set by themselves.
    pub(crate) user_settings: UserSettings,
    /// Who waits for a line to be free.
    pub(crate) call_backs: CallBacks,
    /// Who wants what is being done, where it is no party.
    pub(crate) ordered_by: Option<Box<str>>,
    pub(crate) counters: Counters,
    /// Makes the keys for sides whose encryption ends at a relay; without it none does.
    pub(crate) key_source: Option<KeySource>,
    node: NodeId,
    shard: ShardId,
    last_call: u64,
}

/// What a timer is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Timer {
    /// The call's one timer; its state knows what it means.
    Call(CallId),
    /// Those whom the page of a call rings have had their time to answer.
    Page(CallId),
    /// A record that the disk did not take is tried again.
    Record(u64),
    /// Something is due of the recording of a party.
    Recording(LegId),
    /// Streams that shall always go out are looked at.
    Streams,
    /// A call has rung for so long that its pickup group is told.
    PickupNotice(CallId),
    /// A call back is looked at again.
    CallBack(u64),
    /// Calls have had their time to end by themselves.
    Drain,
}

/// Whom a relay serves; kept beyond the call, until the worker says what it carried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RelayUse {
    pub(crate) call: CallId,
    pub(crate) caller: LegId,
    pub(crate) called: Option<LegId>,
    /// What passes there, when it is not the first audio stream.
    pub(crate) beside: Option<StreamMedia>,
    /// The worker was told to close it: nothing is asked of it any more, and what it carried is still to come.
    pub(crate) is_closing: bool,
}

impl RelayUse {
    pub(crate) const fn new(call: CallId, caller: LegId, called: Option<LegId>) -> Self {
        RelayUse { call, caller, called, beside: None, is_closing: false }
    }

    /// Whether something may be asked of it.
    pub(crate) const fn lives(&self) -> bool {
        !self.is_closing
    }
}

/// What a call asks of others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// Somebody rings or answered in a call that is made for a transfer.
    TransferReached {
        /// That call.
        secondary: CallId,
    },
    /// A call that was made for a transfer is over, and nobody was reached.
    TransferFailed {
        /// The call whose party was to be transferred.
        primary: CallId,
        /// The leg that wanted it.
        by: LegId,
        /// Why.
        cause: Cause,
    },
    /// Something happened to a call of which somebody may be recorded.
    Recordings {
        /// Which.
        call: CallId,
    },
    /// A caller asks for a feature, by a number or by name.
    Feature {
        /// Its call.
        call: CallId,
    },
    /// A call has ended that sat in a conference.
    Left {
        /// Which.
        conference: ConferenceId,
        /// Whether it had its seat already.
        seated: bool,
    },
    /// A seat of a conference and its party hear each other.
    Connected {
        /// Which conference.
        conference: ConferenceId,
        /// The leg of the seat.
        seat: LegId,
    },
    /// Somebody rings or answered in a call that is made for a call back.
    CalledBack {
        /// That call.
        call: CallId,
    },
    /// A call that was made for a call back is over.
    CallBackFailed {
        /// That call.
        call: CallId,
        /// How it ended.
        cause: Cause,
    },
    /// The party that was to join a call is gone.
    Abandon {
        /// That call.
        secondary: CallId,
        /// Why.
        cause: Cause,
    },
}

/// A final record that waits for the disk.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// Whose; `None` for what a user set.
    call: Option<CallId>,
    record: Box<[u8]>,
    attempts: u32,
    timer: Option<TimerHandle>,
}

impl Shared {
    pub(crate) fn new(
        node: NodeId,
        shard: ShardId,
        last_number: u64,
        rng: &mut Rng,
        configuration: Arc<Configuration>,
    ) -> Self {
        let seed = HashSeed::new(rng);
        Shared {
            timers: TimerQueue::new(),
            leg_ids: LegIds::new(node, shard, LANE, last_number),
            port_ids: PortIds::new(shard, PortOwner::CallControl),
            legs: Legs::new(seed),
            dialing: BTreeMap::new(),
            rotations: BTreeMap::new(),
            relays: BTreeMap::new(),
            hunt_turns: BTreeMap::new(),
            idle: members(&configuration, seed, |_| Instant::START),
            lines: HashMap::with_hasher(seed),
            bandwidth: Taken::default(),
            waiting: BTreeMap::new(),
            offered: Offered::default(),
            announcing: BTreeSet::new(),
            slots: Slots::default(),
            asked: VecDeque::new(),
            conferences: Conferences::default(),
            recordings: Recordings::default(),
            waiting_tones: WaitingTones::default(),
            intercoms: Intercoms::default(),
            malicious: MaliciousCalls::default(),
            quality_reports: QualityReports::default(),
            privacy: Privacy::default(),
            resources: Pool::default(),
            streams: Streams::default(),
            pages: Pages::default(),
            user_settings: UserSettings::default(),
            call_backs: CallBacks::default(),
            ordered_by: None,
            counters: Counters::default(),
            key_source: None,
            node,
            shard,
            last_call: last_number,
            configuration,
        }
    }

    /// The configuration is now another one. Members that were there before keep what is known of them.
    pub(crate) fn configure(&mut self, now: Now, configuration: Arc<Configuration>) {
        let seed = *self.idle.hasher();
        let before = &self.idle;
        self.idle = members(&configuration, seed, |member| before.get(member).copied().unwrap_or(now.mono));
        let groups = || configuration.hunt_lists.values().flat_map(|list| list.groups());
        self.hunt_turns.retain(|name, _| groups().any(|group| group.name() == &**name));
        self.configuration = configuration;
        self.streams.configured();
    }

    pub(crate) const fn new_call(&mut self) -> CallId {
        self.last_call += 1;
        CallId::new(self.node, self.shard, self.last_call)
    }

    /// The server and the decision thread of it that this is.
    pub(crate) const fn place(&self) -> (NodeId, ShardId) {
        (self.node, self.shard)
    }

    pub(crate) const fn last_call(&self) -> u64 {
        self.last_call
    }

    /// Calls that a line has now.
    pub(crate) fn calls_of(&self, line: &LineName) -> u32 {
        self.lines.get(line).copied().unwrap_or(0)
    }

    pub(crate) fn occupy(&mut self, line: &LineName) {
        match self.lines.get_mut(line) {
            Some(calls) => *calls += 1,
            None => {
                self.lines.insert(line.clone(), 1);
            }
        }
    }

    pub(crate) fn vacate(&mut self, line: &LineName, now: Instant) {
        match self.lines.get_mut(line) {
            Some(calls) if *calls > 1 => *calls -= 1,
            Some(_) => {
                self.lines.remove(line);
                if let Some(since) = self.idle.get_mut(line) {
                    *since = now;
                }
                strowger_base::hash::give_back(&mut self.lines);
                self.call_backs.idle(line);
            }
            None => strowger_base::never!("line {line} has a call less than none"),
        }
    }

    /// Since when a member of a line group has no call; since the start for others.
    pub(crate) fn idle_since(&self, line: &LineName) -> Instant {
        self.idle.get(line).copied().unwrap_or(Instant::START)
    }

    /// Which called leg a relay serves, once that is known.
    pub(crate) fn relay_serves(&mut self, port: PortId, called: LegId) {
        if let Some(used) = self.relays.get_mut(&port) {
            used.called = Some(called);
        }
    }

    /// Nobody needs a relay any more.
    pub(crate) fn close_relay(&mut self, port: PortId, out: &mut Outbox) {
        if let Some(used) = self.relays.get_mut(&port) {
            used.is_closing = true;
        }
        self.waiting_tones.relay_gone();
        out.media(control::Command::Close { port });
    }

    /// The worker has a relay no more; whom it served.
    pub(crate) fn relay_is_gone(&mut self, port: PortId) -> Option<RelayUse> {
        let used = self.relays.remove(&port)?;
        self.waiting_tones.relay_gone();
        Some(used)
    }

    /// Whether something may be asked of this relay: it was neither closed nor lost.
    pub(crate) fn relay_lives(&self, port: PortId) -> bool {
        self.relays.get(&port).is_some_and(RelayUse::lives)
    }

    /// Lines that have calls.
    pub(crate) fn busy_lines(&self) -> usize {
        self.lines.len()
    }

    /// Hands the final record of a call, or what a user set, to the disk, and keeps it until the disk has it.
    pub(crate) fn persist(&mut self, call: CallId, record: strowger_base::Span, out: &mut Outbox) {
        self.promise(call.number, Some(call), record, out);
    }

    /// The same for what a user set; the promise has this ticket.
    pub(crate) fn persist_setting(&mut self, record: strowger_base::Span, out: &mut Outbox) -> u64 {
        // The number of no call: the promises of records have those of their calls.
        let ticket = self.new_call().number;
        self.promise(ticket, None, record, out);
        ticket
    }

    fn promise(&mut self, ticket: u64, call: Option<CallId>, record: strowger_base::Span, out: &mut Outbox) {
        let kept = Box::from(out.arena.slice(record));
        self.waiting.insert(ticket, Waiting { call, record: kept, attempts: 0, timer: None });
        out.items.push(Output::Persist { ticket, call, record });
    }

    pub(crate) fn persisted(&mut self, ticket: u64) {
        if let Some(Waiting { timer: Some(timer), .. }) = self.waiting.remove(&ticket) {
            self.timers.cancel(timer);
        }
    }

    /// Something newer goes to the disk in place of this: it is not tried again.
    pub(crate) fn not_wanted_any_more(&mut self, ticket: u64) {
        self.persisted(ticket);
    }

    /// The disk did not take a record: it is tried again, later each time.
    pub(crate) fn persist_failed(&mut self, now: Now, ticket: u64, reason: &str, out: &mut Outbox) {
        let count = self.waiting.len() as u32;
        let Some(waiting) = self.waiting.get_mut(&ticket) else { return };
        if waiting.timer.is_some() {
            return;
        }
        let wait = RETRY_FIRST.saturating_mul(1 << waiting.attempts.min(16)).min(RETRY_LAST);
        waiting.attempts += 1;
        waiting.timer = Some(self.timers.set(now.mono + wait, Timer::Record(ticket)));
        let alarm = Alarm::RecordNotStored { reason, waiting: count };
        let call = waiting.call;
        self.counters.records_failed += 1;
        out.journal(now, call, None, Entry::Alarm(alarm));
    }

    pub(crate) fn persist_again(&mut self, ticket: u64, out: &mut Outbox) {
        let Some(waiting) = self.waiting.get_mut(&ticket) else { return };
        waiting.timer = None;
        let record = out.arena.append(&waiting.record);
        out.items.push(Output::Persist { ticket, call: waiting.call, record });
    }

    /// Whether as many records wait as may: no call begins that would add one.
    pub(crate) fn records_are_full(&self) -> bool {
        self.waiting.len() >= limits::RECORDS_WAITING
    }
}

/// The members of all line groups.
fn members(
    configuration: &Configuration,
    seed: HashSeed,
    since: impl Fn(&LineName) -> Instant,
) -> HashMap<LineName, Instant> {
    let groups = configuration.hunt_lists.values().flat_map(|list| list.groups());
    let mut members = HashMap::with_hasher(seed);
    for member in groups.flat_map(|group| group.members()) {
        members.insert(member.clone(), since(member));
    }
    members
}

/// Call control's lane among the makers of leg ids.
const LANE: u64 = 2;
/// How long a record that failed waits, doubled each time.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// It never waits longer.
const RETRY_LAST: Duration = Duration::from_secs(60);
