//! A list that lies where its owner lies as long as it is short.

/// Up to `N` values in place, more of them elsewhere: a walk through a large plan waits for memory more than for anything
/// else, and every list that lies apart is one wait more.
#[derive(Clone, Debug)]
pub(crate) enum Few<T, const N: usize> {
    Here { length: u8, values: [T; N] },
    Apart(Vec<T>),
}

impl<T: Copy + Default, const N: usize> Few<T, N> {
    pub(crate) fn push(&mut self, value: T) {
        match self {
            Few::Here { length, values } => match values.get_mut(usize::from(*length)) {
                Some(place) => {
                    *place = value;
                    *length += 1;
                }
                None => {
                    let mut apart = Vec::with_capacity(N * 2);
                    apart.extend_from_slice(values);
                    apart.push(value);
                    *self = Few::Apart(apart);
                }
            },
            Few::Apart(apart) => apart.push(value),
        }
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        let mut kept = self.as_slice().to_vec();
        kept.retain(keep);
        *self = kept.into_iter().collect();
    }

    pub(crate) const fn as_slice(&self) -> &[T] {
        match self {
            Few::Here { length, values } => values.split_at(*length as usize).0,
            Few::Apart(apart) => apart.as_slice(),
        }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        match self {
            Few::Here { length, values } => values.split_at_mut(usize::from(*length)).0,
            Few::Apart(apart) => apart,
        }
    }
}

impl<T: Copy + Default, const N: usize> Default for Few<T, N> {
    fn default() -> Self {
        Few::Here { length: 0, values: [T::default(); N] }
    }
}

impl<T: Copy + Default, const N: usize> FromIterator<T> for Few<T, N> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut few = Few::default();
        values.into_iter().for_each(|value| few.push(value));
        few
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_a_list_holds_however_long() {
        let mut few: Few<u8, 3> = Few::default();
        for length in 0..9 {
            assert_eq!(few.as_slice(), (0..length).collect::<Vec<u8>>());
            assert_eq!(matches!(few, Few::Here { .. }), length <= 3, "{length}");
            few.push(length);
        }
        few.as_mut_slice()[0] = 8;
        few.retain(|value| value % 4 == 0);
        assert_eq!(few.as_slice(), [8, 4, 8]);
        assert!(matches!(few, Few::Here { .. }), "what became short comes home");
    }
}
