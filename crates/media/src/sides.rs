//! Two of something, one for each side of what passes media on.

use crate::control::Side;

/// What there is of each side.
#[derive(Debug, Default)]
pub(crate) struct Sides<T> {
    a: T,
    b: T,
}

impl<T> Sides<T> {
    /// That of a side, to be changed.
    pub(crate) const fn of_mut(&mut self, side: Side) -> &mut T {
        self.between(side).0
    }

    /// That of the side from which something comes, and that of the other one, to which it goes.
    pub(crate) const fn between(&mut self, from: Side) -> (&mut T, &mut T) {
        match from {
            Side::A => (&mut self.a, &mut self.b),
            Side::B => (&mut self.b, &mut self.a),
        }
    }

    /// That of a side.
    pub(crate) const fn of(&self, side: Side) -> &T {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }
}
