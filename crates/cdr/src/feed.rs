//! How what nodes have spooled comes into one repository, each row once.
//!
//! A repository pulls: it asks each node for the closed segments after its [`Watermark`] there, makes files of them, keeps the new watermark, and only then
//! tells the node that it may forget them. Any step may be repeated, and any answer may come twice or late: a segment has the number of its node, the epoch of
//! the spool and its own number, and [`Marks`] know which of these were taken. The node's side is [`Shelf`]. Neither knows how questions and answers travel; in a
//! server by itself they do not, and the same two meet in one thread.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Up to where the segments of a spool were taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Watermark {
    /// Which spool it is: another one when a node had to begin anew.
    pub epoch: u64,
    /// The last segment that was taken.
    pub segment: u64,
}

/// What a node has for a repository: its closed segments, by their numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shelf {
    epoch: u64,
    closed: BTreeMap<u64, u64>,
}

/// What a node answers: segments that follow each other, and what is the oldest that it has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The spool that they are of.
    pub epoch: u64,
    /// The oldest segment that the node has; those before it are gone.
    pub oldest: u64,
    /// The numbers of those that come now.
    pub segments: Vec<u64>,
}

impl Shelf {
    /// Of a spool with nothing closed yet.
    pub fn new(epoch: u64) -> Self {
        Shelf { epoch, closed: BTreeMap::new() }
    }

    /// A segment was closed; it has so many bytes.
    pub fn put(&mut self, segment: u64, bytes: u64) {
        self.closed.insert(segment, bytes);
    }

    /// What follows a watermark, the oldest first: at most so many bytes, and one segment however long it is. `None` when nothing does.
    /// A watermark of another spool is behind none of this one.
    pub fn after(&self, mark: Option<Watermark>, bytes_most: u64) -> Option<Answer> {
        let (oldest, _) = self.closed.first_key_value()?;
        let taken = mark.filter(|mark| mark.epoch == self.epoch).map_or(0, |mark| mark.segment);
        let mut bytes = 0_u64;
        let mut segments: Vec<u64> = Vec::new();
        for (segment, its) in self.closed.range(taken.saturating_add(1)..) {
            bytes = bytes.saturating_add(*its);
            let follows = segments.last().is_none_or(|last| last + 1 == *segment);
            if !segments.is_empty() && (bytes > bytes_most || !follows) {
                break;
            }
            segments.push(*segment);
        }
        (!segments.is_empty()).then_some(Answer { epoch: self.epoch, oldest: *oldest, segments })
    }

    /// The repository keeps everything up to there: the segments that may go. They are on the shelf until [`Shelf::gone`].
    pub fn taken(&self, mark: Watermark) -> Vec<u64> {
        let is_ours = mark.epoch == self.epoch;
        self.closed.keys().copied().take_while(|segment| is_ours && *segment <= mark.segment).collect()
    }

    /// A segment is there no more.
    pub fn gone(&mut self, segment: u64) {
        self.closed.remove(&segment);
    }
}

/// What a repository has taken of all nodes.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Marks {
    /// Of each node the spools that it had; the one of which something came last is the last.
    nodes: BTreeMap<u32, Vec<Watermark>>,
}

/// What a repository does with a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taking {
    /// Its files are to be made. So many segments before it are gone for ever.
    New {
        /// How many are missing.
        missing: u64,
    },
    /// It was taken before: there is nothing to do but to say so again.
    Known,
    /// Others come before it that the node still has: they are asked for first.
    Early,
}

impl Marks {
    /// What the node is asked for: what follows this. `None` is everything.
    pub fn of(&self, node: u32) -> Option<Watermark> {
        self.nodes.get(&node)?.last().copied()
    }

    /// What is to be done with a segment of a node whose oldest one is `oldest`.
    pub fn look(&self, node: u32, segment: Watermark, oldest: u64) -> Taking {
        let known = self.nodes.get(&node).map_or(&[][..], Vec::as_slice);
        let Some(mark) = known.iter().find(|mark| mark.epoch == segment.epoch) else {
            // Of a spool that is new here everything is that the node has.
            return if segment.segment > oldest { Taking::Early } else { Taking::New { missing: 0 } };
        };
        let next = mark.segment.saturating_add(1);
        match segment.segment {
            number if number < next => Taking::Known,
            number if number > next && oldest <= next => Taking::Early,
            number if number > next && number > oldest => Taking::Early,
            number => Taking::New { missing: number - next },
        }
    }

    /// The files of a segment are in the repository. The node is asked for what follows in its spool from now on.
    pub fn take(&mut self, node: u32, mut segment: Watermark) {
        let known = self.nodes.entry(node).or_default();
        if let Some(at) = known.iter().position(|mark| mark.epoch == segment.epoch) {
            segment.segment = segment.segment.max(known.remove(at).segment);
        }
        known.push(segment);
        if known.len() > EPOCHS_MAX {
            known.remove(0);
        }
    }

    /// A node writes to that segment yet: if it is said to be taken, the spool was put back as it was before, and its numbers come again.
    pub fn not_yet(&mut self, node: u32, open: Watermark) {
        let known = self.nodes.get_mut(&node).map_or(&mut [][..], Vec::as_mut_slice);
        if let Some(mark) = known.iter_mut().find(|mark| mark.epoch == open.epoch) {
            mark.segment = mark.segment.min(open.segment.saturating_sub(1));
        }
    }

    /// As it stands in a file: a line for each spool with node, epoch and segment.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (node, marks) in &self.nodes {
            for Watermark { epoch, segment } in marks {
                let _ = writeln!(text, "{node} {epoch:016x} {segment}");
            }
        }
        text
    }

    /// Of a file; `None` when something else stands there.
    pub fn read(text: &str) -> Option<Self> {
        let mut marks = Marks::default();
        for line in text.lines() {
            let mut words = line.split(' ');
            let (node, epoch, segment) = (words.next()?, words.next()?, words.next()?);
            let mark =
                Watermark { epoch: u64::from_str_radix(epoch, 16).ok()?, segment: segment.parse().ok()? };
            marks.take(node.parse().ok()?, mark);
            if words.next().is_some() {
                return None;
            }
        }
        Some(marks)
    }
}

/// So many spools of a node are remembered; answers of older ones are not under way any more.
const EPOCHS_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn mark(epoch: u64, segment: u64) -> Watermark {
        Watermark { epoch, segment }
    }

    #[test]
    fn a_node_answers_with_what_follows() {
        let mut shelf = Shelf::new(7);
        assert_eq!(shelf.after(None, 100), None);
        for (segment, bytes) in [(3, 60), (4, 60), (5, 10), (7, 10)] {
            shelf.put(segment, bytes);
        }
        let after = |mark, most| shelf.after(mark, most).map(|answer| (answer.oldest, answer.segments));
        assert_eq!(after(None, 10), Some((3, vec![3])), "one comes, however long");
        assert_eq!(after(None, 120), Some((3, vec![3, 4])));
        assert_eq!(after(None, 1000), Some((3, vec![3, 4, 5])), "and none behind a gap");
        assert_eq!(after(Some(mark(7, 5)), 1000), Some((3, vec![7])));
        assert_eq!(after(Some(mark(7, 7)), 1000), None);
        assert_eq!(after(Some(mark(6, 9)), 60), Some((3, vec![3])), "of another spool");
        assert_eq!(shelf.taken(mark(7, 5)), [3, 4, 5]);
        assert_eq!(shelf.taken(mark(6, 5)), []);
        shelf.gone(3);
        assert_eq!(shelf.taken(mark(7, 4)), [4]);
    }

    #[test]
    fn a_repository_takes_what_it_does_not_have() {
        let mut marks = Marks::default();
        assert_eq!(marks.look(1, mark(7, 3), 3), Taking::New { missing: 0 });
        assert_eq!(marks.look(1, mark(7, 4), 3), Taking::Early);
        marks.take(1, mark(7, 3));
        assert_eq!(marks.look(1, mark(7, 3), 3), Taking::Known);
        assert_eq!(marks.look(1, mark(7, 4), 3), Taking::New { missing: 0 });
        assert_eq!(marks.look(1, mark(7, 6), 4), Taking::Early);
        assert_eq!(marks.look(1, mark(7, 6), 6), Taking::New { missing: 2 });
        assert_eq!(marks.look(1, mark(7, 8), 6), Taking::Early);
        // The same number of another node, and of another spool of this one, is another segment.
        assert_eq!(marks.look(2, mark(7, 3), 3), Taking::New { missing: 0 });
        assert_eq!(marks.look(1, mark(8, 1), 1), Taking::New { missing: 0 });
        marks.take(1, mark(8, 1));
        assert_eq!(marks.of(1), Some(mark(8, 1)));
        assert_eq!(marks.look(1, mark(7, 3), 3), Taking::Known, "one that was long under way");
        assert_eq!(Marks::read(&marks.text()), Some(marks.clone()));
        // A spool that was put back goes on where it was.
        let mut back = marks.clone();
        back.take(1, mark(7, 2));
        assert_eq!(back.of(1), Some(mark(7, 3)));
        marks.not_yet(1, mark(8, 5));
        assert_eq!(marks.of(1), Some(mark(8, 1)));
        marks.not_yet(1, mark(8, 1));
        assert_eq!(marks.of(1), Some(mark(8, 0)), "the spool was put back");
        for wrong in ["1", "1 x 2", "1 7 2 3", "x 7 2"] {
            assert_eq!(Marks::read(wrong), None, "{wrong}");
        }
        for epoch in 100..200 {
            marks.take(1, mark(epoch, 1));
        }
        assert_eq!(marks.text().lines().count(), EPOCHS_MAX);
    }

    /// A number below this one.
    fn below(random: &mut u64, end: u64) -> u64 {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        (*random >> 11) % end
    }

    /// A repository as its disk has it.
    #[derive(Default)]
    struct Kept {
        marks: String,
        files: BTreeSet<(u32, u64, u64)>,
        /// How often each was put there; files go when they were delivered, so that nobody can see it by them.
        written: BTreeMap<(u32, u64, u64), u32>,
    }

    #[test]
    fn every_segment_comes_once_whatever_is_killed_lost_or_repeated() {
        for seed in 1..=200_u64 {
            let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut nodes = [(1_u32, Shelf::new(10), 0_u64), (2, Shelf::new(20), 0)];
            let mut made: BTreeSet<(u32, u64, u64)> = BTreeSet::new();
            let mut kept = Kept::default();
            let mut late: Vec<(u32, Answer)> = Vec::new();
            let mut said: Vec<(u32, Watermark)> = Vec::new();
            let mut epochs = 30;
            for step in 0..600 {
                let is_ending = step > 500;
                // After a kill the repository has what its disk has.
                let mut marks = Marks::read(&kept.marks).unwrap();
                for (node, shelf, last) in &mut nodes {
                    if !is_ending && below(&mut random, 2) == 0 {
                        *last += 1;
                        shelf.put(*last, below(&mut random, 100));
                        made.insert((*node, shelf.epoch, *last));
                    }
                    // A node's disk is lost when everything on it was taken; what was not is lost with it, which no feed can help.
                    if !is_ending && shelf.closed.is_empty() && below(&mut random, 10) == 0 {
                        epochs += 1;
                        (*shelf, *last) = (Shelf::new(epochs), 0);
                    }
                    if let Some(answer) = shelf.after(marks.of(*node), 150) {
                        late.push((*node, answer));
                    }
                }
                // Answers come late, twice or in another order.
                while !late.is_empty() && (is_ending || below(&mut random, 4) > 0) {
                    let at = below(&mut random, late.len() as u64) as usize;
                    let (node, answer) = if !is_ending && below(&mut random, 3) == 0 {
                        late[at].clone()
                    } else {
                        late.swap_remove(at)
                    };
                    for segment in answer.segments {
                        let its = mark(answer.epoch, segment);
                        match marks.look(node, its, answer.oldest) {
                            Taking::Early => break,
                            Taking::Known => {}
                            Taking::New { missing } => {
                                assert_eq!(missing, 0, "seed {seed}");
                                let file = (node, answer.epoch, segment);
                                if kept.files.insert(file) {
                                    *kept.written.entry(file).or_default() += 1;
                                }
                                if below(&mut random, 8) == 0 {
                                    // Killed before the watermark was on the disk.
                                    marks = Marks::read(&kept.marks).unwrap();
                                    break;
                                }
                                marks.take(node, its);
                                kept.marks = marks.text();
                                // Delivered and deleted long before the same answer comes again.
                                kept.files.remove(&file);
                            }
                        }
                        said.push((node, marks.of(node).unwrap_or(its)));
                    }
                }
                // What a node is told is late, lost or repeated too.
                while !said.is_empty() && below(&mut random, 4) > 0 {
                    let at = below(&mut random, said.len() as u64) as usize;
                    let (node, mark) = said.swap_remove(at);
                    let is_lost = below(&mut random, 3) == 0;
                    for (_, shelf, _) in nodes.iter_mut().filter(|it| it.0 == node && !is_lost) {
                        for segment in shelf.taken(mark) {
                            shelf.gone(segment);
                        }
                    }
                }
            }
            let written: BTreeSet<_> = kept.written.keys().copied().collect();
            let lost: Vec<_> = made.difference(&written).take(3).collect();
            assert!(lost.is_empty(), "seed {seed}: {lost:?} did not come");
            assert!(kept.written.values().all(|times| *times == 1), "seed {seed}: and once");
            assert!(made.len() > 300, "seed {seed}: {}", made.len());
        }
    }
}
