//! The store: facts about runs in one SQLite file.
//!
//! It keeps what was planned, handed over and seen, and never a judgement: there is no placement in it. What `judge`
//! needs comes back as it was stored, to the millisecond.
//!
//! One connection writes, each write in one `BEGIN IMMEDIATE` transaction that is on the disk (`synchronous = FULL`)
//! before the call returns; a few read-only connections read. Other processes may read, and write now and then, at any
//! time; that only one of them works on runs is the [`Lock`]'s business.

mod acceptance;
mod fault;
mod fold;
mod key;
mod lock;
mod look;
mod open;
mod outbox;
mod period;
mod place;
mod plan;
mod probe;
mod reputation;
mod row;
mod run;
mod send;
mod snapshot;
mod standing;
mod suppression;
mod tally;
mod told;
mod upkeep;
mod wal;

#[cfg(test)]
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use sqlx::sqlite::{Sqlite, SqlitePool};
use tempfile::TempDir;

use fault::Doing as _;
pub(crate) use fault::StoreFault;
pub(crate) use fold::fold;
pub(crate) use lock::Lock;
pub(crate) use outbox::{Delivery, NewEvent, Waiting};
pub(crate) use place::refuse_place;
pub(crate) use plan::{NewRun, StreamFacts};
pub(crate) use suppression::Listing;
pub(crate) use tally::Remembered;
pub(crate) use told::{Added, NotAdded, ToldPlacements};
pub(crate) use upkeep::OldRuns;

/// A transaction of the writing connection.
type Writing = sqlx::Transaction<'static, Sqlite>;

/// An open database. Clones share its connections.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    path: PathBuf,
    writer: SqlitePool,
    reader: SqlitePool,
    /// The directory of a database that goes with the last clone; `None` for one that stays.
    _scratch: Option<Arc<TempDir>>,
}

impl Store {
    /// Where the database lies, with every symbolic link resolved.
    #[cfg(test)]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Closes all connections and folds the write-ahead log into the database. Without it nothing is lost either: the
    /// next one who opens the database reads the log.
    #[cfg(test)]
    pub(crate) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    /// Begins a write. A deferred transaction that reads first could not wait for another writer, only fail.
    async fn write(&self, doing: &'static str) -> Result<Writing, StoreFault> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.doing(doing)
    }
}

#[cfg(test)]
mod fixture;
