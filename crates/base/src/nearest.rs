//! What was probably meant by a name that nothing has.

/// The candidate that `text` was probably meant to be: the closest by edits, if it is close.
pub fn nearest<'c>(text: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let allowed = (text.chars().count() / 3).max(1);
    let near = candidates.into_iter().filter_map(|candidate| {
        let distance = edits(text, candidate, allowed)?;
        Some((distance, candidate))
    });
    near.min().map(|(_, candidate)| candidate)
}

/// How many characters must be put in, taken out, changed or swapped with their neighbour; `None` beyond `most`.
fn edits(one: &str, other: &str, most: usize) -> Option<usize> {
    let one: Vec<char> = one.chars().flat_map(char::to_lowercase).collect();
    let other: Vec<char> = other.chars().flat_map(char::to_lowercase).collect();
    if one.len().abs_diff(other.len()) > most || one.len().max(other.len()) > LONGEST_COMPARED {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&row, j) + usize::from(a != b)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            if i > 0 && j > 0 && one.get(i - 1) == Some(b) && other.get(j - 1) == Some(a) {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().filter(|distance| *distance <= most)
}

/// Longer texts are not compared: nobody mistypes them by a letter.
const LONGEST_COMPARED: usize = 80;

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
    }
}
