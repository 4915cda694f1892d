//! Refusing a loop before it exists.

/// Who sets a forward of all calls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ActivatedFrom {
    /// Somebody at a phone of the line, by key or feature code.
    Phone,
    /// The user in the self-care pages.
    SelfCare,
    /// An administrator.
    Administration,
    /// An application.
    Cti,
}

/// Whether a forward of all calls may be set. `L` names a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Activation<L> {
    /// It may: nothing leads back.
    Accepted,
    /// It may: only what is set at a phone is checked. The limits of a [`super::Trail`] end what goes round.
    NotChecked,
    /// It may not: forwards of all calls would lead back.
    Loop {
        /// The lines passed through, from the first destination to the last line before the return.
        through: Vec<L>,
    },
}

/// Lines followed at most. A loop of more than these is left to the limits of a [`super::Trail`], and one further on that
/// does not come back to the line is not of this forward's making.
const LINES_MAX: usize = 256;

/// Checks a forward of all calls from the line `at` to the line `to`. `leads_to` tells to which line the forward of all
/// calls of another line leads, if it has one and that leads to a line; other forwards are not part of the check.
pub fn check_activation<L: Clone + PartialEq>(
    at: &L,
    to: &L,
    from: ActivatedFrom,
    leads_to: impl Fn(&L) -> Option<L>,
) -> Activation<L> {
    match from {
        ActivatedFrom::Phone => {}
        ActivatedFrom::SelfCare | ActivatedFrom::Administration | ActivatedFrom::Cti => {
            return Activation::NotChecked;
        }
    }
    let mut through = Vec::new();
    let mut next = Some(to.clone());
    while let Some(line) = next.take_if(|_| through.len() < LINES_MAX) {
        if line == *at {
            return Activation::Loop { through };
        }
        next = leads_to(&line);
        through.push(line);
    }
    Activation::Accepted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_through_the_line_is_found() {
        let check = |forwards: &[(char, char)], at: char, to: char, expect: Option<&str>| {
            let leads_to = |line: &char| forwards.iter().find(|(from, _)| from == line).map(|&(_, to)| to);
            let expect = expect.map_or(Activation::Accepted, |through| Activation::Loop {
                through: through.chars().collect(),
            });
            assert_eq!(check_activation(&at, &to, ActivatedFrom::Phone, leads_to), expect, "{forwards:?}");
        };
        check(&[('b', 'c'), ('c', 'd'), ('d', 'a')], 'a', 'b', Some("bcd"));
        check(&[('b', 'c'), ('c', 'd')], 'a', 'b', None);
        check(&[], 'a', 'a', Some(""));
        // Somebody else's loop.
        check(&[('b', 'c'), ('c', 'b')], 'a', 'b', None);
        // What the line had before is replaced.
        check(&[('a', 'b'), ('b', 'c')], 'a', 'c', None);
    }

    #[test]
    fn only_phones_are_checked_and_not_for_ever() {
        let check = |from, leads_to: fn(&u32) -> Option<u32>, expect| {
            assert_eq!(check_activation(&0, &1, from, leads_to), expect, "{from:?}");
        };
        let back: fn(&u32) -> Option<u32> = |_| Some(0);
        check(ActivatedFrom::Phone, back, Activation::Loop { through: vec![1] });
        check(ActivatedFrom::SelfCare, back, Activation::NotChecked);
        check(ActivatedFrom::Administration, back, Activation::NotChecked);
        check(ActivatedFrom::Cti, back, Activation::NotChecked);
        check(ActivatedFrom::Phone, |line| Some(line + 1), Activation::Accepted);
    }
}
