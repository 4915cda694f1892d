//! Floor 2: call detail and call management records as CUCM writes and reads them, without IO.
//!
//! [`Cdr`] and [`Cmr`] are the records, [`mod@file`] is how they stand in files, [`FileName`] how those are called. [`cause`] and [`address`] are
//! the two numbers in them that have to be taken apart. [`Rules`] read the journal of a call and say what is written of it; [`spool`] is how that
//! stands on the disk of a node until it is in files, [`feed`] how it gets from there into the repository; [`delivery`] decides when which file goes to a destination. It refuses to know where files lie
//! and how they travel.

pub mod address;
pub mod analysis;
pub mod cause;
mod cdr;
mod cmr;
pub mod codec;
mod compose;
pub mod delivery;
pub mod feed;
pub mod file;
mod name;
pub mod record;
pub mod spool;
pub mod words;

pub use cdr::Cdr;
pub use cmr::Cmr;
pub use compose::{QualityRecords, Rules};
pub use name::{FileName, NameError, RecordKind};
