//! Losses that come together: what is heard as a gap.

/// Runs of packets that never came.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Gaps {
    /// How many runs there were.
    pub count: u64,
    /// Packets of the longest.
    pub longest: u32,
    /// Packets of the run that is not over.
    open: u32,
}

impl Gaps {
    /// The next packet in the order of sequence numbers came, or never did.
    pub(super) const fn next(&mut self, arrived: bool) {
        if arrived {
            self.close();
        } else {
            self.open = self.open.saturating_add(1);
        }
    }

    /// So many packets never came.
    pub(super) const fn lost(&mut self, packets: u32) {
        self.open = self.open.saturating_add(packets);
    }

    /// What comes next does not belong to a run.
    pub(super) const fn close(&mut self) {
        if self.open > 0 {
            self.count += 1;
            if self.open > self.longest {
                self.longest = self.open;
            }
            self.open = 0;
        }
    }

    /// Adds those of another source.
    pub(super) fn add(&mut self, other: Gaps) {
        self.count += other.count;
        self.longest = self.longest.max(other.longest);
    }
}
