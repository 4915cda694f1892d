//! Call records: what is written of calls, and the files in which it waits for whoever gets it.

mod feeding;
#[cfg(test)]
mod killed;
pub(crate) mod repository;
mod rows;
mod rules;
mod spool;
mod unwritten;
mod uris;
mod writer;

pub(crate) use rules::search_retention;
pub(crate) use writer::RecordThread;
