//! Forced authorization codes and client matter codes, as records tell of them. What an authorization code is stays with
//! its owner, unless a parameter says that records show it.

use super::DecodeError;
use super::wire::{Reader, Wire, wire_enum, wire_struct};
use crate::Pii;

/// Which code a caller was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AskedCode {
    /// A forced authorization code (FAC).
    Authorization {
        /// The level that it has to have at least.
        level: u8,
    },
    /// A client matter code (CMC).
    Matter,
}

wire_enum!(AskedCode { Authorization = 0 { level }, Matter = 1 });

/// Why a code was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyCodeRefused {
    /// There is no such code.
    Unknown,
    /// It is longer than any code.
    TooLong,
    /// Nothing was keyed in.
    Nothing,
    /// It does not allow as much.
    LevelTooLow {
        /// What it allows.
        has: u8,
    },
    /// The calling device tells no keys, and the number came without codes.
    NoKeys,
    /// The call was redirected: whoever redirected it hears no tone.
    Redirected,
}

wire_enum!(WhyCodeRefused {
    Unknown = 0,
    TooLong = 1,
    Nothing = 2,
    LevelTooLow = 3 { has },
    NoKeys = 4,
    Redirected = 5,
});

/// The codes of a call that were accepted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct CodesView<'a> {
    /// Who authorized it, when somebody had to.
    pub authorization: Option<AuthorizationView<'a>>,
    /// What it is about, when that was asked.
    pub matter: Option<MatterView<'a>>,
}

wire_struct!(CodesView<'a> { authorization, matter });

/// Who authorized a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AuthorizationView<'a> {
    /// Whose code it was (authCodeDescription).
    pub name: &'a str,
    /// What it allows (authorizationLevel).
    pub level: u8,
    /// The code (authorizationCodeValue), when records may show it.
    pub code: Option<Pii<&'a str>>,
}

wire_struct!(AuthorizationView<'a> { name, level, code });

/// What a call is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MatterView<'a> {
    /// The code (clientMatterCode).
    pub code: Pii<&'a str>,
    /// What it stands for.
    pub description: &'a str,
}

wire_struct!(MatterView<'a> { code, description });

impl<'a, T: Wire<'a>> Wire<'a> for Pii<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }
    fn take(from: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Pii(T::take(from)?))
    }
}
