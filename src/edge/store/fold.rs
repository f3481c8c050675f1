//! Folding: the write-ahead log written into the database, so that one file holds everything.

use std::path::Path;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};

use super::lock::Lock;
use super::open::{Standing, standing};
use super::place::{beside, is_filled, resolved};
use super::wal::has_lost;

/// How long folding waits for who is just reading or writing. What it then cannot do the next one does.
const BUSY_FOLDING: Duration = Duration::from_millis(500);

/// Folds the write-ahead log of a database into it, so that this one file holds everything that was stored. Whoever works
/// on runs there does so when it ends, and nobody is waited for; what cannot be folded now lies in the log, where the next
/// one who opens the database finds it.
pub(crate) async fn fold(database: &Path) {
    let Ok(path) = resolved(database) else { return };
    let log = beside(&path, "-wal");
    if !is_filled(&log) || Lock::holder(&path).is_some() || has_lost(&log) {
        return;
    }
    if let Err(error) = try_fold(&path).await {
        tracing::debug!(%error, "the write-ahead log stays beside the database");
    }
}

async fn try_fold(path: &Path) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .synchronous(SqliteSynchronous::Full)
        .pragma("fullfsync", "ON")
        .busy_timeout(BUSY_FOLDING);
    // A connection that could write would fold another program's log when it closes.
    let mut looking = SqliteConnection::connect_with(&options.clone().read_only(true)).await?;
    let found = standing(&mut looking).await?;
    looking.close().await?;
    if matches!(found, Standing::Ours { .. }) {
        let mut folding = SqliteConnection::connect_with(&options).await?;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut folding).await?;
        folding.close().await?;
    }
    Ok(())
}
