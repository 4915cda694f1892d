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
/// A four-ary heap over slots: setting and cancelling cost O(log n), a cancelled timer leaves nothing behind.
#[derive(Debug)]
pub struct TimerQueue<T> {
    heap: Vec<(Instant, u64, u32)>,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    sequence: u64,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    position: u32,
    value: Option<T>,
}

impl<T> TimerQueue<T> {
    /// An empty queue.
    pub const fn new() -> Self {
        TimerQueue { heap: Vec::new(), slots: Vec::new(), free: Vec::new(), sequence: 0 }
    }

    /// Sets a timer.
    pub fn set(&mut self, at: Instant, value: T) -> TimerHandle {
        let position = self.heap.len() as u32;
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(Slot { generation: 0, position: 0, value: None });
                (self.slots.len() - 1) as u32
            }
        };
        let entry = &mut self.slots[slot as usize];
        entry.position = position;
        entry.value = Some(value);
        let generation = entry.generation;
        self.sequence += 1;
        self.heap.push((at, self.sequence, slot));
        self.sift_up(position as usize);
        TimerHandle { slot, generation }
    }

    /// Takes a timer back; nothing when it has fired or was cancelled before.
    pub fn cancel(&mut self, handle: TimerHandle) -> Option<T> {
        let slot = self.slots.get(handle.slot as usize)?;
        if slot.generation != handle.generation || slot.value.is_none() {
            return None;
        }
        self.remove_at(slot.position as usize).map(|(_, value)| value)
    }

    /// The next timer whose deadline is `now` or earlier.
    pub fn pop_due(&mut self, now: Instant) -> Option<(Instant, T)> {
        if self.heap.first()?.0 > now {
            return None;
        }
        self.remove_at(0)
    }

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.heap.first().map(|entry| entry.0)
    }

    /// Timers set.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// True when no timer is set.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Bytes that the queue holds, reckoned from the capacities of its vectors.
    pub const fn memory_bytes(&self) -> usize {
        self.heap.capacity() * size_of::<(Instant, u64, u32)>()
            + self.slots.capacity() * size_of::<Slot<T>>()
            + self.free.capacity() * size_of::<u32>()
    }

    /// Every pending value, in no particular order; for checkers and reports.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.value.as_ref())
    }

    fn remove_at(&mut self, position: usize) -> Option<(Instant, T)> {
        if position >= self.heap.len() {
            return None;
        }
        let (at, _, slot) = self.heap.swap_remove(position);
        if position < self.heap.len() {
            self.place(position);
            if !self.sift_up(position) {
                self.sift_down(position);
            }
        }
        let entry = &mut self.slots[slot as usize];
        entry.generation = entry.generation.wrapping_add(1);
        let value = entry.value.take();
        self.free.push(slot);
        if self.heap.is_empty() {
            self.give_back();
        }
        value.map(|value| (at, value))
    }

    /// Gives memory of a past burst back once nothing is pending; generations go on so that old handles stay dead.
    fn give_back(&mut self) {
        const KEEP: usize = 1024;
        self.heap.shrink_to(KEEP);
    }

    fn sift_up(&mut self, mut position: usize) -> bool {
        let mut moved = false;
        while position > 0 {
            let parent = (position - 1) / 4;
            if self.heap[parent] <= self.heap[position] {
                break;
            }
            self.heap.swap(parent, position);
            self.place(position);
            position = parent;
            moved = true;
        }
        self.place(position);
        moved
    }

    fn sift_down(&mut self, mut position: usize) {
        loop {
            let first = position * 4 + 1;
            let last = (first + 4).min(self.heap.len());
            let Some(child) = (first..last).min_by_key(|&i| self.heap[i]) else { break };
            if self.heap[position] <= self.heap[child] {
                break;
            }
            self.heap.swap(position, child);
            self.place(position);
            position = child;
        }
        self.place(position);
    }

    fn place(&mut self, position: usize) {
        let slot = self.heap[position].2;
        self.slots[slot as usize].position = position as u32;
    }
}

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
    fn it_agrees_with_a_sorted_list_under_random_use() {
        let mut rng = Rng::new(42);
        let mut queue = TimerQueue::new();
        let mut model: Vec<(Instant, u64, TimerHandle)> = Vec::new();
        for step in 0..20_000u64 {
            match rng.below(3) {
                0 | 1 => {
                    let when = at(rng.below(1000));
                    let handle = queue.set(when, step);
                    model.push((when, step, handle));
                }
                _ if model.is_empty() => {}
                _ if rng.one_in(2) => {
                    let victim = model.swap_remove(rng.below(model.len() as u64) as usize);
                    assert_eq!(queue.cancel(victim.2), Some(victim.1));
                }
                _ => {
                    model.sort_by_key(|entry| (entry.0, entry.1));
                    let expected = model.remove(0);
                    assert_eq!(queue.pop_due(Instant::FAR_FUTURE), Some((expected.0, expected.1)));
                }
            }
            assert_eq!(queue.len(), model.len());
        }
    }
}
