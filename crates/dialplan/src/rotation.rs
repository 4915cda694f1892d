//! Whose turn it is in a circular group.

/// The place in a circular group: who was offered a call last.
///
/// One value for each group, owned outside the calls, so that all calls through the group share it. Choosing and
/// moving are one step ([`crate::hunt::Hunt`] and [`crate::route_list::Selection`] take it as `&mut` while they
/// choose), so two calls that arrive together are not offered to the same member. It remembers the member and not
/// its number in the list: a change of the configuration moves nobody's turn, and when the member itself is gone the
/// group begins at its top.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rotation<M> {
    last: Option<M>,
}

impl<M: Clone + PartialEq> Rotation<M> {
    /// Nobody was offered a call yet: the first member is next.
    pub const fn new() -> Self {
        Rotation { last: None }
    }

    /// Goes on as if `member` had been offered a call last.
    pub fn moved_to(&mut self, member: &M) {
        self.last = Some(member.clone());
    }

    /// Who was offered a call last.
    pub const fn last(&self) -> Option<&M> {
        self.last.as_ref()
    }

    /// Where in `members` the turn is: after the last one, or at the top.
    pub(crate) fn start(&self, members: &[M]) -> usize {
        let last = self.last.as_ref().and_then(|last| members.iter().position(|member| member == last));
        match last {
            Some(position) if position + 1 < members.len() => position + 1,
            Some(_) | None => 0,
        }
    }

    /// Positions in `members` in the order of their turns.
    pub(crate) fn order(&self, members: &[M]) -> Vec<usize> {
        let start = self.start(members);
        (start..members.len()).chain(0..start).collect()
    }

    /// The members themselves in the order of their turns.
    pub(crate) fn order_of(&self, members: &[M]) -> Vec<M> {
        let (passed, next) = members.split_at(self.start(members));
        [next, passed].concat()
    }
}

impl<M: Clone + PartialEq> Default for Rotation<M> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_turn_is_after_the_one_who_was_last() {
        let check = |last: Option<char>, members: &str, expect: &[usize]| {
            let members: Vec<char> = members.chars().collect();
            let rotation = Rotation { last };
            assert_eq!(rotation.order(&members), expect, "{last:?} in {members:?}");
            let names: Vec<char> = expect.iter().map(|&position| members[position]).collect();
            assert_eq!(rotation.order_of(&members), names, "{last:?} in {members:?}");
        };
        check(None, "abc", &[0, 1, 2]);
        check(Some('a'), "abc", &[1, 2, 0]);
        check(Some('c'), "abc", &[0, 1, 2]);
        // Gone from the group, or the group is empty.
        check(Some('x'), "abc", &[0, 1, 2]);
        check(Some('x'), "", &[]);
        check(Some('a'), "a", &[0]);
    }
}
