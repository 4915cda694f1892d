//! Which packets of a stream were there: the index that a sequence number stands for, and the replay list.

/// The highest index of a stream and which of the [`WINDOW`] before it were there (RFC 3711 §3.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Window {
    highest: Option<u64>,
    /// Bit n stands for `highest` - n.
    seen: u128,
}

impl Window {
    /// A window after which everything above `highest` is new, and nothing else.
    pub(super) const fn after(highest: u64) -> Window {
        Window { highest: Some(highest), seen: u128::MAX }
    }

    /// The highest index so far.
    pub(super) const fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// The index that this sequence number most probably stands for (RFC 3711 §3.3.1, appendix A). `None` when that would be
    /// before the first.
    pub(super) fn estimate(&self, sequence: u16) -> Option<u64> {
        let Some(highest) = self.highest else { return Some(u64::from(sequence)) };
        let (rollover, last) = (highest >> 16, (highest & 0xffff) as i32);
        let ahead = i32::from(sequence) - last;
        let rollover = if ahead > HALF {
            rollover.checked_sub(1)?
        } else if ahead < -HALF {
            rollover + 1
        } else {
            rollover
        };
        Some(rollover << 16 | u64::from(sequence))
    }

    /// Whether a packet with this number is too old to say whether it was there.
    pub(super) fn is_behind(&self, sequence: u16) -> bool {
        let Some(highest) = self.highest else { return false };
        self.estimate(sequence).is_none_or(|index| highest.saturating_sub(index) >= WINDOW)
    }

    /// Whether this index was not there and is not too old to say so.
    pub(super) fn is_new(&self, index: u64) -> bool {
        let Some(highest) = self.highest else { return true };
        match highest.checked_sub(index) {
            None => true,
            Some(behind) => behind < WINDOW && self.seen >> behind & 1 == 0,
        }
    }

    /// This index was there.
    pub(super) fn mark(&mut self, index: u64) {
        match self.highest {
            Some(highest) if index <= highest => {
                let behind = highest - index;
                if behind < WINDOW {
                    self.seen |= 1 << behind;
                }
            }
            highest => {
                let ahead = highest.map_or(WINDOW, |highest| index - highest);
                self.seen = if ahead < WINDOW { self.seen << ahead | 1 } else { 1 };
                self.highest = Some(index);
            }
        }
    }
}

/// Packets that may be overtaken; RFC 3711 §3.3.2 wants 64 at least.
const WINDOW: u64 = 128;
const HALF: i32 = 1 << 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_number_stands_for_the_nearest_index() {
        let check = |highest: Option<u64>, sequence: u16, expect: Option<u64>| {
            let window = highest.map_or(Window::default(), Window::after);
            assert_eq!(window.estimate(sequence), expect, "{sequence:#x} after {highest:x?}");
        };
        check(None, 0xfff0, Some(0xfff0));
        check(Some(0xfff0), 0xfff1, Some(0xfff1));
        check(Some(0xfff0), 0x0001, Some(0x1_0001));
        check(Some(0x1_0001), 0xfff0, Some(0xfff0));
        check(Some(0x0001), 0xfff0, None);
        check(Some(0x5_8000), 0x0000, Some(0x5_0000));
        check(Some(0x5_8001), 0x0000, Some(0x6_0000));
        check(Some(0x5_0000), 0x8000, Some(0x5_8000));
        check(Some(0x5_0000), 0x8001, Some(0x4_8001));
    }

    #[test]
    fn nothing_passes_twice_and_nothing_that_is_older_than_the_window() {
        let mut window = Window::default();
        let mut check = |index: u64, expect: bool| {
            assert_eq!(window.is_new(index), expect, "{index}");
            if expect {
                window.mark(index);
            }
        };
        check(1000, true);
        check(1000, false);
        check(999, true);
        check(999, false);
        check(873, true);
        check(872, false);
        check(1127, true);
        check(1000, false);
        check(1001, true);
        check(999, false);
        check(5000, true);
        check(4873, true);
        check(4872, false);
        assert!(!Window::after(7).is_new(7) && !Window::after(7).is_new(0) && Window::after(7).is_new(8));
    }
}
