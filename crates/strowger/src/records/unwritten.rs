//! Calls that happen, records that somebody waits for, and none that is written.

/// Counts such calls.
#[derive(Default, Debug)]
pub(super) struct Unwritten {
    calls: u64,
    told: u64,
}

impl Unwritten {
    /// A call was over, and no record of it is written.
    pub(super) const fn call(&mut self) {
        self.calls += 1;
    }

    /// How many there are, when that is to be told: at the first one, and each time that they have doubled. Nothing is to be told when records are written
    /// again, or nobody waits for any.
    pub(super) fn due(&mut self, are_written: bool, are_awaited: bool) -> Option<u64> {
        if are_written || !are_awaited {
            *self = Unwritten::default();
            return None;
        }
        let is_due = self.calls > 0 && self.calls >= self.told.saturating_mul(2);
        is_due.then(|| {
            self.told = self.calls;
            self.calls
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_and_each_doubling() {
        let mut unwritten = Unwritten::default();
        assert_eq!(unwritten.due(false, true), None);
        let told: Vec<u64> = (0..10)
            .filter_map(|_| {
                unwritten.call();
                unwritten.due(false, true)
            })
            .collect();
        assert_eq!(told, [1, 2, 4, 8]);
        assert_eq!(unwritten.due(false, true), None);
    }

    #[test]
    fn who_waits_for_none_hears_of_none() {
        let mut unwritten = Unwritten::default();
        unwritten.call();
        assert_eq!(unwritten.due(false, false), None);
        // A destination comes later: what was before is of no interest to it.
        assert_eq!(unwritten.due(false, true), None);
        unwritten.call();
        assert_eq!(unwritten.due(true, true), None);
        unwritten.call();
        assert_eq!(unwritten.due(false, true), Some(1));
    }
}
