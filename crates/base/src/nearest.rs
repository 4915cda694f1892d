//! What was probably meant by a name that nothing has.

/// The candidate that `text` was probably meant to be: the closest by edits, if it is close.
pub fn nearest<'c>(text: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let looked_for = Letters::of(text);
    let mut letters = Letters::of("");
    let mut rows = Rows::default();
    let mut allowed = (text.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        // Most candidates are nothing like it, which their letters tell without comparing them in their order.
        if text.len().max(candidate.len()) > BYTES_COMPARED {
            continue;
        }
        letters.fill(candidate);
        if looked_for.least_edits(&letters) > allowed {
            continue;
        }
        let Some(distance) = rows.edits(&looked_for.all, &letters.all, allowed) else { continue };
        if best.is_none_or(|best| (distance, candidate) < best) {
            best = Some((distance, candidate));
            allowed = distance;
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The letters of a text, in lower case.
struct Letters {
    all: Vec<char>,
    /// How many there are of each sort; several letters may be of one sort.
    sorts: [u8; SORTS],
}

impl Letters {
    fn of(text: &str) -> Self {
        let mut letters = Letters { all: Vec::new(), sorts: [0; SORTS] };
        letters.fill(text);
        letters
    }

    fn fill(&mut self, text: &str) {
        self.all.clear();
        self.sorts = [0; SORTS];
        if text.is_ascii() {
            self.all.extend(text.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
        } else {
            self.all.extend(text.chars().flat_map(char::to_lowercase));
        }
        for letter in &self.all {
            if let Some(count) = self.sorts.get_mut(*letter as usize % SORTS) {
                *count = count.saturating_add(1);
            }
        }
    }

    /// It takes at least so many edits to make one of the other: each puts in, takes out or changes one letter, and to swap two
    /// changes none.
    fn least_edits(&self, other: &Letters) -> usize {
        let (mut more, mut fewer) = (0, 0);
        for (one, other) in self.sorts.iter().zip(&other.sorts) {
            more += usize::from(one.saturating_sub(*other));
            fewer += usize::from(other.saturating_sub(*one));
        }
        more.max(fewer)
    }
}

/// The last three rows of a comparison.
#[derive(Default)]
struct Rows {
    before: Vec<usize>,
    row: Vec<usize>,
    next: Vec<usize>,
}

impl Rows {
    /// How many letters must be put in, taken out, changed or swapped with their neighbour; `None` beyond `most`.
    fn edits(&mut self, one: &[char], other: &[char], most: usize) -> Option<usize> {
        if one.len().max(other.len()) > LONGEST_COMPARED {
            return None;
        }
        let Rows { before, row, next } = self;
        before.clear();
        row.clear();
        row.extend(0..=other.len());
        for (i, a) in one.iter().enumerate() {
            next.clear();
            next.push(i + 1);
            let mut last = i + 1;
            let mut least = last;
            for (j, b) in other.iter().enumerate() {
                let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX - 1);
                let mut best = (at(row, j) + usize::from(a != b)).min(at(row, j + 1) + 1).min(last + 1);
                if i > 0 && j > 0 && one.get(i - 1) == Some(b) && other.get(j - 1) == Some(a) {
                    best = best.min(at(before, j - 1) + 1);
                }
                next.push(best);
                last = best;
                least = least.min(best);
            }
            // A swap reaches back two rows and costs one.
            if least > most + 1 {
                return None;
            }
            std::mem::swap(before, row);
            std::mem::swap(row, next);
        }
        row.last().copied().filter(|distance| *distance <= most)
    }
}

/// Longer texts are not compared: nobody mistypes them by a letter.
const LONGEST_COMPARED: usize = 80;
/// A letter has four bytes at most.
const BYTES_COMPARED: usize = 4 * LONGEST_COMPARED;
/// Sorts of letters: enough to tell those of ASCII apart but for a few signs.
const SORTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_probably_meant() {
        fn check(text: &str, candidates: &[&str], expect: Option<&str>) {
            assert_eq!(nearest(text, candidates.iter().copied()), expect, "{text}");
        }
        check("pattern", &["partition", "pattern"], Some("pattern"));
        check("patern", &["partition", "pattern"], Some("pattern"));
        check("Intrenal", &["internal", "external"], Some("internal"));
        check("busy_tigger", &["busy_trigger", "calls_max"], Some("busy_trigger"));
        check("colour", &["name", "description"], None);
        check("", &["name"], None);
        check("1001", &["1002", "2001"], Some("1002"));
        check("ab", &["ba"], Some("ba"));
        check("STRASSE", &["straße"], Some("straße"));
        check("Zoë", &["ZOË"], Some("ZOË"));
        check(&"a".repeat(81), &[&"a".repeat(81)], None);
    }

    /// What is left out without being compared letter by letter would have been too far away.
    #[test]
    fn nothing_near_is_left_out() {
        let mut rng = crate::Rng::new(7);
        let mut word = || -> String {
            let length = 1 + rng.below(9);
            (0..length).map(|_| char::from(b"aB1_"[rng.below(4) as usize])).collect()
        };
        for _ in 0..2_000 {
            let (one, other) = (word(), word());
            let most = (one.len() / 3).max(1);
            let found = Rows::default().edits(&Letters::of(&one).all, &Letters::of(&other).all, 9);
            let expect = found.is_some_and(|distance| distance <= most);
            assert_eq!(nearest(&one, [other.as_str()]).is_some(), expect, "{one} {other} {found:?}");
        }
    }
}
