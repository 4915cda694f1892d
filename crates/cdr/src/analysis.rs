//! Searching and adding up: what is asked of records is asked of [`Call`], the few columns of a row that questions are about.
//!
//! Numbers, devices and users are words there: their texts as a record has them, or their numbers in a dictionary.

mod call;
pub mod moment;
mod money;
mod rates;
mod report;
mod sheet;

pub use call::{Call, EndedBy, Quality, began, quality_of};
pub use money::{Amount, AmountError};
pub use rates::{Cost, Costs, Direction, Group, LocalTime, Rates, RatesError};
pub use report::{Counted, Names, Report, ReportKind, Talker, WithoutRate};
pub use sheet::{Cell, Sheet};
