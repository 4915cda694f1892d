//! One queue of deadlines for one owner.

use crate::Instant;

/// Names a scheduled timer until it fires or is cancelled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TimerHandle {
    slot: u32,
    generation: u32,
}

/// Deadlines with what to do at each, earliest first; equal deadlines fire in the order they were set.
///
/// A four-ary heap. Nearly all timers of a telephone system are cancelled long before they are due, so cancelling only
/// marks; what is marked goes when it comes to the top, or all at once when there is as much of it as is pending.
#[derive(Debug)]
pub struct TimerQueue<T> {
    /// The first one is always pending.
    heap: Vec<Entry>,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    sequence: u64,
    cancelled: usize,
    /// Slots vacated since memory was given back.
    vacated: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Instant,
    sequence: u64,
    slot: u32,
    generation: u32,
}

impl Entry {
    /// Deadline first, then when it was set; one number, since comparing is what a heap does all the time.
    fn order(&self) -> u128 {
        u128::from(self.at.as_nanos()) << 64 | u128::from(self.sequence)
    }
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> TimerQueue<T> {
    /// An empty queue.
    pub const fn new() -> Self {
        TimerQueue {
            heap: Vec::new(),
            slots: Vec::new(),
            free: Vec::new(),
            sequence: 0,
            cancelled: 0,
            vacated: 0,
        }
    }

    /// Sets a timer.
    #[inline(always)]
    pub fn set(&mut self, at: Instant, value: T) -> TimerHandle {
        self.sequence += 1;
        // Never the same twice, so that old handles stay dead when slots were given back and come again.
        let generation = self.sequence as u32;
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Slot { generation, value: Some(value) };
                slot
            }
            None => {
                self.slots.push(Slot { generation, value: Some(value) });
                (self.slots.len() - 1) as u32
            }
        };
        self.heap.push(Entry { at, sequence: self.sequence, slot, generation });
        self.sift_up(self.heap.len() - 1);
        TimerHandle { slot, generation }
    }

    /// Takes a timer back; nothing when it has fired or was cancelled before.
    #[inline]
    pub fn cancel(&mut self, handle: TimerHandle) -> Option<T> {
        let value = self.vacate(handle.slot, handle.generation)?;
        self.cancelled += 1;
        if self.heap.len() > KEEP && self.cancelled > self.heap.len() / 2 {
            self.sweep();
        }
        self.drop_cancelled();
        Some(value)
    }

    /// The next timer whose deadline is `now` or earlier.
    pub fn pop_due(&mut self, now: Instant) -> Option<(Instant, T)> {
        let first = *self.heap.first()?;
        if first.at > now {
            return None;
        }
        let value = self.vacate(first.slot, first.generation)?;
        self.pop();
        self.drop_cancelled();
        Some((first.at, value))
    }

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.heap.first().map(|entry| entry.at)
    }

    /// Timers set.
    pub const fn len(&self) -> usize {
        self.heap.len() - self.cancelled
    }

    /// True when no timer is set.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that the queue holds, reckoned from the capacities of its vectors.
    pub const fn memory_bytes(&self) -> usize {
        self.heap.capacity() * size_of::<Entry>()
            + self.slots.capacity() * size_of::<Slot<T>>()
            + self.free.capacity() * size_of::<u32>()
    }

    /// Every pending value, in no particular order; for checkers and reports.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.value.as_ref())
    }

    /// Takes the value out of a slot and makes it free, when it is still what the generation names.
    fn vacate(&mut self, slot: u32, generation: u32) -> Option<T> {
        let entry = self.slots.get_mut(slot as usize).filter(|entry| entry.generation == generation)?;
        let value = entry.value.take()?;
        self.vacated += 1;
        self.free.push(slot);
        Some(value)
    }

    fn is_cancelled(&self, entry: &Entry) -> bool {
        !is_pending(&self.slots, entry)
    }

    /// Takes cancelled timers off the top, so that the first deadline is one that is meant.
    #[inline]
    fn drop_cancelled(&mut self) {
        while self.cancelled > 0
            && let Some(first) = self.heap.first()
            && self.is_cancelled(first)
        {
            self.pop();
            self.cancelled -= 1;
        }
        let spare = self.slots.len() > KEEP && self.len() < self.slots.len() / 8;
        if spare && self.vacated >= self.len().max(self.slots.len() / 64) {
            self.give_back();
        }
    }

    /// Gives memory of a past burst back. It looks at every slot, but only after as many were vacated as are
    /// left, and one in 64 of all: little on average, even where a timer in a high slot keeps the others from being given back.
    #[cold]
    fn give_back(&mut self) {
        self.vacated = 0;
        self.sweep();
        self.heap.shrink_to((self.heap.len() * 2).max(KEEP));
        let used = self.slots.iter().rposition(|slot| slot.value.is_some()).map_or(0, |last| last + 1);
        self.slots.truncate(used);
        self.slots.shrink_to((used * 2).max(KEEP));
        // The lowest are used first, so that the end becomes free in time.
        self.free.clear();
        self.free
            .extend((0..used).rev().filter(|&slot| self.slots[slot].value.is_none()).map(|slot| slot as u32));
        self.free.shrink_to(self.slots.capacity());
    }

    /// Takes all cancelled timers out.
    #[cold]
    fn sweep(&mut self) {
        let slots = &self.slots;
        self.heap.retain(|entry| is_pending(slots, entry));
        self.cancelled = 0;
        for position in (0..self.heap.len().div_ceil(4)).rev() {
            self.sift_down(position);
        }
    }

    fn pop(&mut self) {
        self.heap.swap_remove(0);
        self.sift_down(0);
    }

    fn sift_up(&mut self, mut position: usize) {
        let entry = self.heap[position];
        while position > 0 {
            let parent = (position - 1) / 4;
            if self.heap[parent].order() <= entry.order() {
                break;
            }
            self.heap[position] = self.heap[parent];
            position = parent;
        }
        self.heap[position] = entry;
    }

    #[inline(always)]
    fn sift_down(&mut self, mut position: usize) {
        let Some(entry) = self.heap.get(position).copied() else { return };
        let first_child = |position: usize| position * 4 + 1;
        while let Some(children) = self.heap.get(first_child(position)..).filter(|rest| !rest.is_empty()) {
            let (mut least, mut order) = (0, u128::MAX);
            for (place, child) in children.iter().take(4).enumerate() {
                if child.order() < order {
                    (least, order) = (place, child.order());
                }
            }
            if entry.order() <= order {
                break;
            }
            let child = first_child(position) + least;
            self.heap[position] = self.heap[child];
            position = child;
        }
        self.heap[position] = entry;
    }
}

/// A cancelled timer's slot is empty, has another timer, or is given back.
fn is_pending<T>(slots: &[Slot<T>], entry: &Entry) -> bool {
    slots
        .get(entry.slot as usize)
        .is_some_and(|slot| slot.generation == entry.generation && slot.value.is_some())
}

/// Room for this many timers is kept; up to so many, cancelled ones are left alone.
const KEEP: usize = 1024;

impl<T> Default for TimerQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn timers_fire_in_order_and_equal_ones_as_they_were_set() {
        let mut queue = TimerQueue::new();
        queue.set(at(3), 'c');
        queue.set(at(1), 'a');
        queue.set(at(3), 'd');
        queue.set(at(2), 'b');
        assert_eq!(queue.pop_due(at(0)), None);
        let order: Vec<char> = std::iter::from_fn(|| queue.pop_due(at(9))).map(|(_, c)| c).collect();
        assert_eq!(order, ['a', 'b', 'c', 'd']);
    }

    #[test]
    fn a_cancelled_timer_never_fires_and_its_handle_stays_dead() {
        let mut queue = TimerQueue::new();
        let first = queue.set(at(1), 1);
        assert_eq!(queue.cancel(first), Some(1));
        let _second = queue.set(at(1), 2);
        assert_eq!(queue.cancel(first), None);
        assert_eq!(queue.pop_due(at(1)), Some((at(1), 2)));
        assert!(queue.is_empty());
    }

    #[test]
    fn memory_of_a_burst_is_given_back_though_a_timer_is_left() {
        for fired in [false, true] {
            let mut queue = TimerQueue::new();
            let kept = queue.set(at(9), 0);
            let handles: Vec<_> = (1..100_000).map(|i| queue.set(at(1), i)).collect();
            let peak = queue.memory_bytes();
            if fired {
                while queue.pop_due(at(1)).is_some() {}
            }
            for handle in &handles {
                assert_eq!(queue.cancel(*handle).is_some(), !fired);
            }
            // Ordinary life goes on.
            for _ in 0..2_000 {
                let handle = queue.set(at(3), 0);
                queue.cancel(handle);
            }
            let left = queue.memory_bytes();
            assert!(left < 128 * 1024 && left < peak / 20, "{left} bytes are left of {peak}");
            // Whoever still has a handle of then must not cancel a timer of now.
            let _now: Vec<_> = (0..5_000).map(|i| queue.set(at(2), i)).collect();
            assert!(handles.iter().all(|handle| queue.cancel(*handle).is_none()));
            assert_eq!(queue.len(), 5_001);
            assert_eq!(queue.cancel(kept), Some(0));
        }
    }

    #[test]
    fn it_agrees_with_a_sorted_list_under_random_use() {
        let mut rng = Rng::new(42);
        let mut queue = TimerQueue::new();
        let mut model: Vec<(Instant, u64, TimerHandle)> = Vec::new();
        let (mut cancelled, mut swept) = (0, 0);
        for step in 0..20_000u64 {
            // First more are set than end, then nearly all are cancelled, as SIP does with its timers.
            let (set, cancel) = if step % 10_000 < 5_000 { (6, 8) } else { (2, 9) };
            match rng.below(10) {
                dice if dice < set => {
                    let when = at(rng.below(1000));
                    let handle = queue.set(when, step);
                    model.push((when, step, handle));
                }
                _ if model.is_empty() => {}
                dice if dice < cancel => {
                    let victim = model.swap_remove(rng.below(model.len() as u64) as usize);
                    assert_eq!(queue.cancel(victim.2), Some(victim.1));
                    assert_eq!(queue.cancel(victim.2), None);
                }
                _ => {
                    model.sort_by_key(|entry| (entry.0, entry.1));
                    let expected = model.remove(0);
                    assert_eq!(queue.next_deadline(), Some(expected.0));
                    assert_eq!(queue.pop_due(Instant::FAR_FUTURE), Some((expected.0, expected.1)));
                }
            }
            swept += usize::from(queue.cancelled + KEEP / 2 < cancelled);
            cancelled = queue.cancelled;
            assert!(queue.cancelled <= queue.len().max(KEEP), "cancelled timers pile up");
            assert_eq!(queue.len(), model.len());
        }
        assert!(swept > 1, "sweeping was never put to the test");
    }
}
