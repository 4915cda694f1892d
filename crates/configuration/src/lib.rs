//! Floor 2: everything that an operator can set, as objects with one history.
//!
//! An object has a [`Kind`], an [`Id`] that never changes and settings; [`kinds`] declares them all, each with
//! the sentence that files, API, command line and pages show. A [`State`] is
//! moment: an immutable value that shares with its predecessor what did not change.
//!
//! It does no IO and knows no database, file or protocol: engines and shells stand around it.

pub mod access;
mod change;
pub mod csv;
mod difference;
pub mod files;
pub mod form;
mod hash;
mod id;
mod kind;
pub mod kinds;
pub mod log;
pub mod problem;
pub mod proposal;
pub mod reader;
mod restarts;
mod rules;
pub mod setting;
mod state;

pub use change::{ChangeSet, Operation, Purpose, Refusal, SCHEMA};
#[doc(hidden)]
pub use serde_json;

pub use difference::{Difference, SettingDifference, What};
pub use hash::{ObjectHash, StateHash};
pub use id::{Id, NoId};
pub use kind::{AnyObject, Identity, Kind, Naming, NoKind, Object, WrongKind};
pub use log::{CommitError, FollowError, Head, Log};
pub use problem::{Path, Problem, Wrong};
pub use state::{Entry, State};
