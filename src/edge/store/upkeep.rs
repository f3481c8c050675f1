//! Upkeep: a copy of the database while it is in use, a check of all of it, and old runs taken out.

use std::io;
use std::path::Path;

use jiff::Timestamp;

use super::fault::Doing as _;
use super::open::{resolved, sync_directory};
use super::{Store, StoreFault};

impl Store {
    /// Writes a complete, compact copy that only its owner can read, while runs may go on. It appears under its name only
    /// when it is whole, and never in place of another file.
    pub(crate) async fn backup(&self, copy: &Path) -> Result<(), StoreFault> {
        let fault = |error: &io::Error| StoreFault::NoBackup { path: copy.to_owned(), why: error.to_string() };
        let target = resolved(copy).map_err(|error| fault(&error))?;
        if target.symlink_metadata().is_ok() {
            return Err(fault(&io::ErrorKind::AlreadyExists.into()));
        }
        let directory = target.parent().unwrap_or(Path::new("/"));
        // SQLite takes an empty file for a new one; this one has the mode 0600 before it holds anything.
        let partial = tempfile::Builder::new()
            .prefix(".inboxed-backup-")
            .tempfile_in(directory)
            .map_err(|error| fault(&error))?;
        let path = partial.path().to_str().ok_or_else(|| fault(&io::ErrorKind::InvalidFilename.into()))?;
        sqlx::query("VACUUM INTO $1")
            .bind(path)
            .execute(&self.reader)
            .await
            .doing("copy the database")?;
        partial.as_file().sync_all().map_err(|error| fault(&error))?;
        partial.persist_noclobber(&target).map_err(|error| fault(&error.error))?;
        sync_directory(directory).map_err(|error| fault(&error))
    }

    /// What is wrong with the database; empty when it is sound.
    pub(crate) async fn complaints(&self) -> Result<Vec<String>, StoreFault> {
        const DOING: &str = "check the database";
        let pages: Vec<String> =
            sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&self.reader).await.doing(DOING)?;
        let references: Vec<(String, Option<i64>)> =
            sqlx::query_as("SELECT \"table\", rowid FROM pragma_foreign_key_check")
                .fetch_all(&self.reader)
                .await
                .doing(DOING)?;
        let references = references
            .into_iter()
            .map(|(table, row)| format!("row {} of {table} refers to nothing", row.unwrap_or_default()));
        Ok(pages.into_iter().filter(|line| line != "ok").chain(references).collect())
    }

    /// Takes out every run that started before `before`, with all that was stored about it, and returns how many.
    pub(crate) async fn forget_runs(&self, before: Timestamp) -> Result<u64, StoreFault> {
        const DOING: &str = "take out old runs";
        let mut writing = self.write(DOING).await?;
        let gone = sqlx::query("DELETE FROM run WHERE started_at < $1")
            .bind(before.as_millisecond())
            .execute(&mut *writing)
            .await
            .doing(DOING)?;
        writing.commit().await.doing(DOING)?;
        Ok(gone.rows_affected())
    }
}
