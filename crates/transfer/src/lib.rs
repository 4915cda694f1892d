//! Floor 4, a driver: files on their way to other servers, by SFTP, FTP, FTPS or into a folder, and those that others fetch and bring.
//!
//! A [`Destination`] says where; a [`Session`] puts files there, each whole or not at all; [`rehearse`] tries all of it and leaves nothing
//! behind. What does not succeed is a [`Failure`] that says what happened, what proves it and what to do: after a fail-over a billing
//! server offered other algorithms, and nobody knew for ten days.
//!
//! A [`server`] of SFTP shows users folders and nothing else, and never more than they may see.
//!
//! It knows files and servers, and nothing of calls or records. Every step has a limit in time, and nothing that comes from the
//! network makes more room than [`strowger_base::limits`] allows.

mod algorithms;
mod connect;
mod destination;
mod failure;
mod folder;
mod ftp;
mod kexinit;
mod over_ssh;
pub mod server;
mod session;
mod sftp;
mod ssh;

pub use algorithms::{Kind as AlgorithmKind, Offer};
pub use destination::{Destination, Patience, PinnedKey, Policy, Protocol, Secret};
pub use failure::{Cause, Failure, Kind, Report, Step, With};
pub use session::{Passed, Rehearsal, Session, rehearse};
