//! Forced authorization codes and client matter codes: asked for after a route pattern is chosen and before it is used.
//!
//! [`CodeTable`] holds the codes of the system; [`CodeEntry`] asks one caller for those that
//! [`crate::CodesRequired`] names, the authorization code first. Overlap sending and codes exclude each other, which
//! the plan refuses when it is built.

mod appended;
mod entry;
mod table;

pub use appended::appended;
pub use entry::{
    AcceptedCodes, AcceptedMatter, AuthorizedBy, CodeEntry, CodeKind, CodeParameters, CodeRefused,
    DisplayCode, Input, Output, Prompting,
};
pub use table::{
    AuthorizationCode, CODE_DIGITS, CODES_MAX, CodeError, CodeTable, MatterCode, NAME_CHARACTERS,
};
