//! What happens, for whoever follows: phones that come and go, calls, alarms, changes of the configuration.
//!
//! What the node tells passes here on the store thread, behind every decision: no call waits for who follows. While nobody
//! does, nothing is read of it.

mod tell;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Clock};

use serde_json::Value;
use strowger_base::WallTime;
use strowger_base::journal::{EntryKind, Head, Record};
use tokio::sync::broadcast;

pub(crate) use tell::change;

/// What an event is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Topic {
    /// A phone came or went, or was refused.
    Registration,
    /// A call began, rang, was answered, ended.
    Call,
    /// Something that an operator should know.
    Alarm,
    /// The configuration changed.
    Change,
}

impl Topic {
    /// All of them.
    pub(crate) const ALL: [Topic; 4] = [Topic::Registration, Topic::Call, Topic::Alarm, Topic::Change];

    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Topic::Registration => "registration",
            Topic::Call => "call",
            Topic::Alarm => "alarm",
            Topic::Change => "change",
        }
    }
}

/// Something that happened.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) topic: Topic,
    /// Where it stands among the events of this run.
    sequence: u64,
    /// How somebody says later up to where they have read.
    pub(crate) id: String,
    /// A JSON object.
    pub(crate) json: String,
}

/// Keeps the latest events and tells new ones.
pub(crate) struct Hub {
    kept: Mutex<Kept>,
    told: broadcast::Sender<Arc<Event>>,
    /// Which run of the server this is: events of another one cannot be gone on from.
    run: String,
    began: Clock,
    /// Until when events are kept though nobody follows, in milliseconds: who was cut off may come back.
    wanted_until: AtomicU64,
}

#[derive(Default)]
struct Kept {
    latest: VecDeque<Arc<Event>>,
    last: u64,
}

/// Somebody follows.
pub(crate) struct Follower {
    hub: Arc<Hub>,
    /// What happened since they left.
    pub(crate) missed: Vec<Arc<Event>>,
    /// More happened than is known.
    pub(crate) is_gap: bool,
    pub(crate) told: broadcast::Receiver<Arc<Event>>,
}

impl Hub {
    /// Nothing has happened yet. `run` tells this run from others.
    pub(crate) fn new(run: u32) -> Arc<Hub> {
        let (told, _) = broadcast::channel(KEPT);
        Arc::new(Hub {
            kept: Mutex::default(),
            told,
            run: format!("{run:08x}"),
            began: Clock::now(),
            wanted_until: AtomicU64::new(0),
        })
    }

    /// A record that went into the journal.
    pub(crate) fn look(&self, head: &Head, record: &[u8]) {
        match head.kind {
            EntryKind::Registration | EntryKind::Decision | EntryKind::Alarm | EntryKind::Call => {}
            EntryKind::Message | EntryKind::Told | EntryKind::Quality | EntryKind::UserSet => return,
        }
        if self.is_wanted()
            && let Ok(record) = Record::decode(record)
            && let Some((topic, told)) = tell::record(&record)
        {
            self.tell(topic, record.at, told);
        }
    }

    /// Something happened.
    pub(crate) fn tell(&self, topic: Topic, at: WallTime, mut told: Value) {
        let mut kept = self.kept();
        kept.last += 1;
        let (sequence, id) = (kept.last, format!("{}-{}", self.run, kept.last));
        told["id"] = id.as_str().into();
        told["type"] = topic.word().into();
        told["at"] = at.to_string().into();
        let event = Arc::new(Event { topic, sequence, id, json: told.to_string() });
        if kept.latest.len() == KEPT {
            kept.latest.pop_front();
        }
        kept.latest.push_back(Arc::clone(&event));
        // While nobody follows it is only kept.
        let _ = self.told.send(event);
    }

    /// Whether somebody follows, or did a moment ago.
    pub(crate) fn is_wanted(&self) -> bool {
        self.told.receiver_count() > 0 || self.wanted_until.load(Ordering::Relaxed) > self.elapsed()
    }

    /// Follows from behind the event of this id on; from now on without one. `None` when too many do.
    pub(crate) fn follow(self: &Arc<Self>, after: Option<&str>) -> Option<Follower> {
        // What is told meanwhile is either among what was missed or told to the follower.
        let kept = self.kept();
        if self.told.receiver_count() >= FOLLOWERS_MAX {
            return None;
        }
        let after = after.map(|id| id.strip_prefix(&self.run)?.strip_prefix('-')?.parse::<u64>().ok());
        let (from, known) = match after {
            None => (kept.last, true),
            Some(Some(after)) if after <= kept.last => (after, true),
            Some(Some(_) | None) => (0, false),
        };
        let missed: Vec<_> = kept.latest.iter().filter(|event| event.sequence > from).cloned().collect();
        let is_gap = !known || missed.len() as u64 != kept.last - from;
        Some(Follower { hub: Arc::clone(self), missed, is_gap, told: self.told.subscribe() })
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Telling does not panic half-way.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let until = self.hub.elapsed() + WANTED_FOR.as_millis() as u64;
        self.hub.wanted_until.fetch_max(until, Ordering::Relaxed);
    }
}

/// Events that are kept, for who comes back and for who is slow.
pub(crate) const KEPT: usize = 1_024;
const FOLLOWERS_MAX: usize = 100;
const WANTED_FOR: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn happen(hub: &Hub, count: usize) {
        for number in 0..count {
            hub.tell(Topic::Alarm, WallTime::default(), json!({ "number": number }));
        }
    }

    #[test]
    fn who_comes_back_gets_what_was_missed_or_is_told_of_the_gap() {
        let hub = Hub::new(7);
        assert!(!hub.is_wanted());
        drop(hub.follow(None));
        assert!(hub.is_wanted());
        happen(&hub, 3);
        let check = |after: Option<&str>, expect: (&[&str], bool)| {
            let follower = hub.follow(after).unwrap();
            let missed: Vec<&str> = follower.missed.iter().map(|event| event.id.as_str()).collect();
            assert_eq!((missed.as_slice(), follower.is_gap), expect, "{after:?}");
        };
        let all = ["00000007-1", "00000007-2", "00000007-3"];
        check(None, (&[], false));
        check(Some("00000007-1"), (&all[1..], false));
        check(Some("00000007-3"), (&[], false));
        // Of another run, of the future, and nonsense.
        check(Some("00000006-1"), (&all, true));
        check(Some("00000007-9"), (&all, true));
        check(Some("x"), (&all, true));
        happen(&hub, KEPT);
        let follower = hub.follow(Some("00000007-2")).unwrap();
        assert_eq!((follower.missed.len(), follower.is_gap), (KEPT, true));
    }

    #[test]
    fn who_is_slow_loses_the_oldest_and_nobody_waits() {
        let hub = Hub::new(1);
        let mut follower = hub.follow(None).unwrap();
        happen(&hub, KEPT + 10);
        match follower.told.try_recv() {
            Err(broadcast::error::TryRecvError::Lagged(lost)) => assert_eq!(lost, 10),
            other => panic!("{other:?}"),
        }
        let next = follower.told.try_recv().unwrap();
        let json: Value = serde_json::from_str(&next.json).unwrap();
        assert_eq!(
            (&json["type"], &json["number"], &json["id"]),
            (&json!("alarm"), &json!(10), &json!("00000001-11"))
        );
    }

    #[test]
    fn only_so_many_follow() {
        let hub = Hub::new(1);
        let all: Vec<_> = (0..FOLLOWERS_MAX).map(|_| hub.follow(None).unwrap()).collect();
        assert!(hub.follow(None).is_none());
        drop(all);
        assert!(hub.follow(None).is_some());
    }
}
