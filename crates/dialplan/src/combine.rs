//! Two ordered lists of partitions as one.

/// The partitions of `first` and then those of `second`; one that appears twice counts at its first place.
///
/// This is how a line's and a device's calling search space act as one, and a primary and a secondary one.
/// The null partition is in neither list: everybody sees it, after all others.
pub fn combined<P: Clone + PartialEq>(first: &[P], second: &[P]) -> Vec<P> {
    let mut all = Vec::with_capacity(first.len() + second.len());
    for partition in first.iter().chain(second) {
        if !all.contains(partition) {
            all.push(partition.clone());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_counts_at_its_first_place() {
        let check = |first: &str, second: &str, expect: &str| {
            let list = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(combined(&list(first), &list(second)), list(expect), "{first} + {second}");
        };
        check("", "", "");
        check("ab", "", "ab");
        check("", "ab", "ab");
        check("ab", "bc", "abc");
        check("aab", "cca", "abc");
    }
}
