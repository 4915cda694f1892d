//! Values that must not end up in a log by accident.

use std::fmt;

/// Personal data: a number or a name. Printed masked by `Debug`; reading it is a visible act.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pii<T>(pub T);

impl<T> Pii<T> {
    /// The value, where showing or comparing it is the purpose.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A password, key or PIN. It has no `Debug` and no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a secret.
    pub const fn new(value: T) -> Self {
        Secret(value)
    }

    /// The secret, for the computation that needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}
