//! A list that snapshots share: a copy costs little, and a change copies only the part that it touches.

use std::sync::Arc;

/// A growing list of values, in parts that are shared between copies of the list.
#[derive(Clone, Debug)]
pub(crate) struct SharedList<T> {
    /// Each of [`PART`] values; the last one is filled up with empty ones.
    parts: Vec<Arc<[T]>>,
    length: u32,
}

impl<T: Clone + Default> SharedList<T> {
    pub(crate) const fn new() -> Self {
        SharedList { parts: Vec::new(), length: 0 }
    }

    /// Puts a value behind the others and says where.
    pub(crate) fn push(&mut self, value: T) -> u32 {
        let index = self.length;
        if (index as usize).is_multiple_of(PART) {
            self.parts.push(std::iter::repeat_with(T::default).take(PART).collect());
        }
        self.length += 1;
        if let Some(place) = self.get_mut(index) {
            *place = value;
        }
        index
    }

    /// Takes values that are empty away from the end.
    pub(crate) fn trim(&mut self, is_empty: impl Fn(&T) -> bool) {
        while self.length > 0 && self.get(self.length - 1).is_some_and(&is_empty) {
            self.length -= 1;
        }
        self.parts.truncate((self.length as usize).div_ceil(PART));
    }

    /// The value at a place, to change it: the part it lies in is copied when a copy of the list shares it.
    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        if index >= self.length {
            return None;
        }
        let part = self.parts.get_mut(index as usize / PART)?;
        Arc::make_mut(part).get_mut(index as usize % PART)
    }
}

impl<T> SharedList<T> {
    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        if index >= self.length {
            return None;
        }
        self.parts.get(index as usize / PART)?.get(index as usize % PART)
    }

    pub(crate) const fn len(&self) -> u32 {
        self.length
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.parts.iter().flat_map(|part| part.iter()).take(self.length as usize)
    }
}

/// Values in a part: a change copies this many, a copy of the list counts one reference for this many.
const PART: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_what_it_was() {
        let mut list = SharedList::new();
        let places: Vec<u32> = (0..1000).map(|value| list.push(value)).collect();
        let before = list.clone();
        for place in places.iter().step_by(3) {
            *list.get_mut(*place).unwrap() += 5000;
        }
        assert_eq!(before.iter().copied().collect::<Vec<_>>(), (0..1000).collect::<Vec<_>>());
        let expect: Vec<u32> =
            (0..1000).map(|value| if value % 3 == 0 { value + 5000 } else { value }).collect();
        assert_eq!(list.iter().copied().collect::<Vec<_>>(), expect);
        assert_eq!((list.get(1000), list.len()), (None, 1000));
    }

    #[test]
    fn places_at_the_end_are_given_again() {
        let mut list = SharedList::new();
        for value in 1..=300 {
            list.push(value);
        }
        let before = list.clone();
        for end in [300, 299, 256, 255, 128, 1, 0] {
            for place in end..300 {
                *list.get_mut(place).unwrap_or(&mut 0) = 0;
            }
            list.trim(|value| *value == 0);
            assert_eq!(list.iter().copied().collect::<Vec<_>>(), (1..=end).collect::<Vec<_>>());
        }
        assert_eq!((list.push(7), list.get(0), list.len()), (0, Some(&7), 1));
        assert_eq!((before.get(299), before.len()), (Some(&300), 300));
    }
}
