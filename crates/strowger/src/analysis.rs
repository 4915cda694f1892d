//! Call records as they are searched and added up: a database of rows beside the files, a thread that loads files into it, and questions to it.

mod arrivals;
mod database;
mod filter;
mod loader;
mod query;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use strowger_cdr::analysis::{Rates, RatesError};
use strowger_dialplan::Zone;
use tokio::sync::oneshot;

use crate::events::Hub;

pub(crate) use self::database::{LoadError, Loaded};
pub(crate) use self::filter::{Filter, FilterError, hundredths, moment};
pub(crate) use self::loader::Loader;
pub(crate) use self::query::{Column, QueryError, Wanted};
use self::query::{Found, Reported, Whole};

/// The way to the database of rows.
#[derive(Clone)]
pub(crate) struct Analysis {
    data: PathBuf,
    orders: SyncSender<Order>,
}

/// What the loader is told.
pub(crate) enum Order {
    /// A file that somebody gives.
    Load { name: String, bytes: axum::body::Bytes, answer: oneshot::Sender<Result<Loaded, LoadError>> },
    /// Something to keep beside the rows, or to forget.
    Set { values: Vec<(&'static str, Option<Vec<u8>>)>, answer: oneshot::Sender<Result<(), LoadError>> },
}

/// Why the loader did not do something.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    /// It has more to do than it can.
    #[error("the loader of call records is busy; try again in a moment")]
    Busy,
    /// It does not run.
    #[error("the loader of call records does not run; the server's log says why")]
    Gone,
    /// It cannot.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl Analysis {
    /// Makes the loader of a data folder, and the way to it. `keep` says how long rows are kept; `None` is for ever.
    pub(crate) fn new(
        data: &Path,
        keep: impl FnMut() -> Option<Duration> + Send + 'static,
        events: Arc<Hub>,
    ) -> (Analysis, Loader) {
        let (orders, ordered) = std::sync::mpsc::sync_channel(ORDERS);
        let analysis = Analysis { data: data.to_owned(), orders };
        (analysis, Loader::new(data, ordered, Box::new(keep), events))
    }

    /// Loads a file that somebody gives.
    pub(crate) async fn load(&self, name: String, bytes: axum::body::Bytes) -> Result<Loaded, OrderError> {
        let (answer, loaded) = oneshot::channel();
        self.order(Order::Load { name, bytes, answer })?;
        Ok(loaded.await.map_err(|_| OrderError::Gone)??)
    }

    async fn set(&self, values: Vec<(&'static str, Option<Vec<u8>>)>) -> Result<(), OrderError> {
        let (answer, done) = oneshot::channel();
        self.order(Order::Set { values, answer })?;
        Ok(done.await.map_err(|_| OrderError::Gone)??)
    }

    fn order(&self, order: Order) -> Result<(), OrderError> {
        self.orders.try_send(order).map_err(|error| match error {
            TrySendError::Full(_) => OrderError::Busy,
            TrySendError::Disconnected(_) => OrderError::Gone,
        })
    }

    /// Keeps a table of rates that was read already.
    pub(crate) async fn set_rates(&self, table: &[u8], zone: &Zone) -> Result<(), OrderError> {
        let zone = zone.name().as_bytes().to_vec();
        self.set(vec![("rates", Some(table.to_vec())), ("zone", Some(zone))]).await
    }

    /// Nothing costs anything any more.
    pub(crate) async fn clear_rates(&self) -> Result<(), OrderError> {
        self.set(vec![("rates", None), ("zone", None)]).await
    }

    /// The table of rates as it was given, and its time zone.
    pub(crate) fn rates(&self) -> Result<Option<(String, String)>, QueryError> {
        let Some(connection) = database::open_to_read(&self.data)? else { return Ok(None) };
        let text = |name| -> Result<Option<String>, QueryError> {
            let value = query::setting(&connection, name)?;
            Ok(value.map(|value| String::from_utf8_lossy(&value).into_owned()))
        };
        let zone = text("zone")?.unwrap_or_else(|| "UTC".to_owned());
        Ok(text("rates")?.map(|rates| (rates, zone)))
    }

    /// Calls, the newest first.
    pub(crate) fn search(
        &self,
        filter: &Filter,
        before: Option<i64>,
        most: usize,
    ) -> Result<Found, QueryError> {
        query::search(&self.data, filter, before, most)
    }

    /// Adds calls up.
    pub(crate) fn report(
        &self,
        filter: &Filter,
        kind: strowger_cdr::analysis::ReportKind,
        most: usize,
        zone: Option<&Zone>,
    ) -> Result<Reported, QueryError> {
        query::report(&self.data, filter, kind, most, zone)
    }

    /// Rows with all their columns.
    pub(crate) fn show(&self, wanted: Wanted) -> Result<Vec<Whole>, QueryError> {
        query::show(&self.data, wanted)
    }

    /// How much there is, and what could not be read.
    pub(crate) fn overview(&self) -> Result<serde_json::Value, QueryError> {
        query::overview(&self.data)
    }
}

/// Copies what only the database of rows has, for a backup.
pub(crate) fn copy(data: &Path, folder: &Path) -> anyhow::Result<()> {
    database::Database::copy_settings(data, folder)
}

/// Reads a table of rates, to see that it is one.
pub(crate) fn check_rates(table: &[u8]) -> Result<Rates, RatesError> {
    Rates::read(table)
}

/// Orders that wait.
const ORDERS: usize = 16;

#[cfg(test)]
mod tests;
