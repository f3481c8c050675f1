//! Upkeep: a copy of the database while it is in use, a check of all of it, and old runs taken out.

use std::io;
use std::path::Path;

use jiff::Timestamp;

use super::fault::Doing as _;
use super::place::{is_no_room, resolved, sync_directory};
use super::{Store, StoreFault};

/// Runs that are old, and what hangs on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OldRuns {
    /// The runs.
    pub(crate) runs: usize,
    /// Their probes.
    pub(crate) probes: usize,
    /// When the first and the last of them started; `None` where there is none.
    pub(crate) started: Option<(Timestamp, Timestamp)>,
}

impl Store {
    /// Writes a complete, compact copy that only its owner can read, while runs may go on. It appears under its name only
    /// when it is whole, and never in place of another file.
    pub(crate) async fn backup(&self, copy: &Path) -> Result<(), StoreFault> {
        let no_room = || StoreFault::NoRoom { path: copy.to_owned() };
        let fault = |error: &io::Error| {
            let no_backup = || StoreFault::NoBackup { path: copy.to_owned(), why: error.to_string() };
            if is_no_room(error) { no_room() } else { no_backup() }
        };
        let target = resolved(copy).map_err(|error| fault(&error))?;
        if target.symlink_metadata().is_ok() {
            return Err(StoreFault::Taken { path: copy.to_owned() });
        }
        let directory = target.parent().unwrap_or(Path::new("/"));
        // SQLite takes an empty file for a new one; this one has the mode 0600 before it holds anything.
        let partial = tempfile::Builder::new()
            .prefix(".inboxed-backup-")
            .tempfile_in(directory)
            .map_err(|error| fault(&error))?;
        let path = partial.path().to_str().ok_or_else(|| fault(&io::ErrorKind::InvalidFilename.into()))?;
        let copied = sqlx::query("VACUUM INTO $1").bind(path).execute(&self.reader).await.doing("copy the database");
        copied.map_err(|fault| if matches!(fault, StoreFault::Full { .. }) { no_room() } else { fault })?;
        partial.as_file().sync_all().map_err(|error| fault(&error))?;
        partial.persist_noclobber(&target).map_err(|error| {
            let is_taken = error.error.kind() == io::ErrorKind::AlreadyExists;
            if is_taken { StoreFault::Taken { path: copy.to_owned() } } else { fault(&error.error) }
        })?;
        sync_directory(directory).map_err(|error| fault(&error))
    }

    /// What is wrong with the database; empty when it is sound.
    #[cfg_attr(not(test), allow(dead_code, reason = "for the health page of later verbs"))]
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

    /// What [`Self::forget_runs`] would take out.
    pub(crate) async fn old_runs(&self, before: Timestamp) -> Result<OldRuns, StoreFault> {
        let (runs, probes, first, last): (i64, i64, Option<i64>, Option<i64>) = sqlx::query_as(
            "WITH old AS (SELECT id, started_at FROM run WHERE started_at < $1)
             SELECT count(*),
                    (SELECT count(*) FROM old JOIN stream ON stream.run = old.id JOIN probe ON probe.stream = stream.id)
                    + (SELECT count(*) FROM old JOIN told_stream ON told_stream.run = old.id
                                                JOIN told ON told.stream = told_stream.id),
                    min(started_at),
                    max(started_at)
             FROM old",
        )
        .bind(before.as_millisecond())
        .fetch_one(&self.reader)
        .await
        .doing("count old runs")?;
        let at = |milliseconds: i64| Timestamp::from_millisecond(milliseconds).ok();
        Ok(OldRuns {
            runs: usize::try_from(runs).unwrap_or_default(),
            probes: usize::try_from(probes).unwrap_or_default(),
            started: first.and_then(at).zip(last.and_then(at)),
        })
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
        super::snapshot::forget_snapshots(&mut writing, before).await?;
        writing.commit().await.doing(DOING)?;
        Ok(gone.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::domain::folder::Role;
    use crate::domain::sighting::TabAnswer;
    use crate::edge::store::fixture::{Place, at, copy, look, new_run, sighting};

    #[tokio::test]
    async fn a_backup_is_whole_private_and_never_replaces_a_file() {
        let (place, run, probe) = Place::with_probe().await;
        place.store.claim(probe.id, at(1)).await.unwrap();
        let target = place.directory.path().join("copy.db");
        // A write under way neither holds the copy up nor gets into it.
        let mut writing = place.store.write("write").await.unwrap();
        sqlx::query("DELETE FROM run").execute(&mut *writing).await.unwrap();
        place.store.backup(&target).await.unwrap();
        drop(writing);
        assert_eq!(target.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let copy = Store::open_existing(&target).await.unwrap();
        assert_eq!(copy.probes(run).await.unwrap(), place.store.probes(run).await.unwrap());
        assert_eq!(copy.complaints().await.unwrap(), Vec::<String>::new());

        let again = place.store.backup(&target).await.unwrap_err().to_string();
        assert!(again.ends_with("copy.db exists already and is left as it is; name another file"), "{again}");
        let own = place.store.backup(place.store.path()).await;
        assert!(matches!(own, Err(StoreFault::Taken { .. })), "{own:?}");
        let link = place.directory.path().join("link.db");
        std::os::unix::fs::symlink(place.directory.path().join("victim"), &link).unwrap();
        assert!(matches!(place.store.backup(&link).await, Err(StoreFault::Taken { .. })));
        assert!(!place.directory.path().join("victim").exists());
        let left = std::fs::read_dir(place.directory.path()).unwrap();
        assert!(left.flatten().all(|entry| !entry.file_name().to_string_lossy().starts_with(".inboxed")));
    }

    #[tokio::test]
    async fn an_old_run_goes_with_everything_that_hangs_on_it_and_a_newer_one_stays() {
        let (place, run, probe) = Place::with_probe().await;
        let seen = copy(probe.id, sighting("INBOX", Role::Inbox, 5, TabAnswer::NotApplicable));
        place.store.claim(probe.id, at(1)).await.unwrap();
        place.store.save_look(run, &probe.seed, &look(10, vec![seen])).await.unwrap();
        let mut newer = new_run(&["news"], &["anna@gmail.com"]);
        newer.started_at = at(500);
        let (kept, _) = place.plan(&newer).await;
        assert_eq!(place.store.forget_runs(at(0)).await.unwrap(), 0);
        let none = place.store.old_runs(at(0)).await.unwrap();
        assert_eq!(none, OldRuns { runs: 0, probes: 0, started: None });
        let old = place.store.old_runs(at(500)).await.unwrap();
        assert_eq!((old.runs, old.probes, old.started.map(|(first, last)| first == last)), (1, 1, Some(true)));
        assert_eq!(place.store.runs(9, None).await.unwrap().len(), 2, "counting takes nothing out");
        assert_eq!(place.store.forget_runs(at(500)).await.unwrap(), 1);
        let runs = place.store.runs(9, None).await.unwrap();
        assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [kept]);
        for (table, rows) in [
            ("SELECT count(*) FROM probe", 1),
            ("SELECT count(*) FROM seed", 1),
            ("SELECT count(*) FROM handoff", 0),
            ("SELECT count(*) FROM look", 0),
            ("SELECT count(*) FROM sighting", 0),
            ("SELECT count(*) FROM seen", 0),
        ] {
            assert_eq!(place.count(table).await, rows, "{table}");
        }
    }

    #[tokio::test]
    async fn a_row_that_refers_to_nothing_is_complained_of() {
        let (place, _, _) = Place::with_probe().await;
        assert_eq!(place.store.complaints().await.unwrap(), Vec::<String>::new());
        sqlx::raw_sql(
            "PRAGMA foreign_keys = OFF; INSERT INTO look (seed, began_at, ended_at, temporary) VALUES (9, 1, 2, 0)",
        )
        .execute(&place.store.writer)
        .await
        .unwrap();
        assert_eq!(place.store.complaints().await.unwrap(), ["row 1 of look refers to nothing"]);
    }
}
