//! Opening the database: found or created, recognised, checked, brought up to date.
//!
//! A file that is not ours, damaged or newer than this program is named in the error and left as it is. Nothing is ever
//! created anew in its place.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqliteConnection;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};

use super::fault::Doing as _;
use super::place::{NO_FILE, beside, create, is_filled, refuse_lone_log, resolved, unreachable};
use super::wal::has_lost;
use super::{Store, StoreFault};

/// A change of a file is seen by the compiler; that a file was added is seen by a test, which then wants this one saved.
static MIGRATIONS: Migrator = sqlx::migrate!();

/// What the first migration writes as `application_id`.
const APPLICATION_ID: i64 = 1_768_841_848;

/// How long reading waits for another process. Under write-ahead logging it hardly ever does.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long writing waits for another process. What was sent or seen is not given up because somebody else has the
/// database open for a while: longer than that, and it is held for good.
const BUSY_WRITING: Duration = Duration::from_mins(2);

/// How often a log must look damaged before it is called so.
const BROKEN_LOOKS: u8 = 4;

/// How long a write waits for its turn among ours: a thousand looks may end at once, and each is synced to the disk.
const TURN_TIMEOUT: Duration = Duration::from_mins(5);

/// Read-only connections: reading is short and the writer does not hold it up.
const READERS: u32 = 4;

impl Store {
    /// Opens the database for work on runs, and creates it where there is none. The whole file is checked first, so that
    /// damage shows before anything is sent and not while answers come in.
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreFault> {
        let path = resolved(path).map_err(|error| unreachable(path, &error))?;
        refuse_lone_log(&path)?;
        refuse_broken_log(&path).await?;
        create(&path)?;
        let store = Self::connect(path);
        store.prepare(true).await?;
        Ok(store)
    }

    /// Opens the database for reading what earlier runs stored.
    pub(crate) async fn open_existing(path: &Path) -> Result<Self, StoreFault> {
        let path = match resolved(path) {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreFault::Absent { path: path.to_owned() });
            }
            Err(error) => return Err(unreachable(path, &error)),
        };
        refuse_lone_log(&path)?;
        refuse_broken_log(&path).await?;
        match std::fs::metadata(&path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Err(StoreFault::Unreachable { path, why: NO_FILE.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreFault::Absent { path }),
            Err(error) => return Err(unreachable(&path, &error)),
        }
        let store = Self::connect(path);
        store.prepare(false).await?;
        Ok(store)
    }

    /// A database in which nothing was stored yet, and nothing is to be: it lies aside, and goes with the store.
    pub(crate) async fn nothing() -> Result<Self, StoreFault> {
        let directory = tempfile::tempdir().map_err(|error| unreachable(&tempfile::env::temp_dir(), &error))?;
        let store = Self::open(&directory.path().join("inboxed.db")).await?;
        Ok(Self { _scratch: Some(Arc::new(directory)), ..store })
    }

    /// Connections are opened when first used. The writing one is kept for good: as long as it is open, readers find the
    /// write-ahead log's index in place.
    fn connect(path: PathBuf) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(false)
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full)
            // On macOS fsync alone leaves the data in the drive's cache (sqlite.org/pragma.html#pragma_fullfsync).
            .pragma("fullfsync", "ON")
            .busy_timeout(BUSY_TIMEOUT);
        let pool = || {
            SqlitePoolOptions::new()
                .acquire_timeout(TURN_TIMEOUT)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
        };
        let reader = pool().max_connections(READERS).connect_lazy_with(options.clone().read_only(true));
        let writer = pool().max_connections(1).connect_lazy_with(options.busy_timeout(BUSY_WRITING));
        Self { path, writer, reader, _scratch: None }
    }

    async fn prepare(&self, for_work: bool) -> Result<(), StoreFault> {
        let mut writer = self.writer.acquire().await.map_err(|error| StoreFault::of_opening(&self.path, error))?;
        let opening = |error| StoreFault::of_opening(&self.path, error);
        let mut found = standing(&mut writer).await.map_err(opening)?;
        if matches!(found, Standing::Empty) && is_filled(&self.path) {
            // Another process may have made it since.
            found = standing(&mut writer).await.map_err(opening)?;
            if matches!(found, Standing::Empty) {
                return Err(StoreFault::Hollow { path: self.path.clone(), filled: self.path.clone() });
            }
        }
        let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
        let current = match found {
            Standing::Empty if !for_work => return Err(StoreFault::Absent { path: self.path.clone() }),
            Standing::Empty => {
                // Before the switch to write-ahead logging, so that the file is never without its tables: one that is holds
                // nothing yet, or is damaged.
                drop(writer);
                self.migrate().await?;
                writer = self.writer.acquire().await.map_err(opening)?;
                true
            }
            Standing::Foreign => return Err(StoreFault::NotOurs { path: self.path.clone() }),
            Standing::Ours { schema, .. } if schema > known => {
                return Err(StoreFault::Newer { path: self.path.clone(), found: schema, known });
            }
            // Migrations may have been made side by side: the last one alone does not tell that none is missing.
            Standing::Ours { schema, applied } => {
                schema == known && usize::try_from(applied).is_ok_and(|applied| applied >= MIGRATIONS.iter().count())
            }
        };
        if for_work {
            check_pages(&mut writer).await?;
        }
        match switch_to_wal(&mut writer).await {
            // A copy on a medium that nobody can write to, or that is full, is read as it is.
            Err(StoreFault::ReadOnly { .. } | StoreFault::Full { .. }) if !for_work => {}
            other => other?,
        }
        drop(writer);
        if for_work || !current {
            self.migrate().await?;
        }
        Ok(())
    }

    /// All pending migrations in one transaction: a crash leaves the older schema, and of two processes that open the
    /// database at once the second finds the work done. It also proves that the database can be written.
    async fn migrate(&self) -> Result<(), StoreFault> {
        const DOING: &str = "bring the database's schema up to date";
        let mut writing = self.write(DOING).await?;
        MIGRATIONS.run_direct(None, &mut *writing, false).await.map_err(|error| {
            if let MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) = error {
                return StoreFault::of(DOING, source);
            }
            StoreFault::Damaged { what: error.to_string() }
        })?;
        // Beginning a transaction proves nothing: on a file that may only be read SQLite begins one for reading.
        sqlx::query("DELETE FROM run WHERE FALSE").execute(&mut *writing).await.doing("write to the database")?;
        writing.commit().await.doing(DOING)
    }
}

/// What an opened file turned out to be.
#[derive(Debug)]
pub(super) enum Standing {
    /// Nothing was ever written to it.
    Empty,
    /// Another program's database.
    Foreign,
    /// Ours.
    Ours {
        /// The last migration applied to it.
        schema: i64,
        /// How many were applied.
        applied: i64,
    },
}

/// Tells it.
pub(super) async fn standing(connection: &mut SqliteConnection) -> Result<Standing, sqlx::Error> {
    // One statement, one snapshot: another process may commit the first schema between two.
    let (application, objects): (i64, i64) =
        sqlx::query_as("SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id")
            .fetch_one(&mut *connection)
            .await?;
    if application == 0 && objects == 0 {
        return Ok(Standing::Empty);
    }
    if application != APPLICATION_ID {
        return Ok(Standing::Foreign);
    }
    let (schema, applied): (Option<i64>, i64) =
        sqlx::query_as("SELECT max(version), count(*) FROM _sqlx_migrations").fetch_one(connection).await?;
    Ok(Standing::Ours { schema: schema.unwrap_or(0), applied })
}

async fn check_pages(connection: &mut SqliteConnection) -> Result<(), StoreFault> {
    let answer: String =
        sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(connection).await.doing("check the database")?;
    if answer == "ok" { Ok(()) } else { Err(StoreFault::Damaged { what: answer }) }
}

/// Write-ahead logging lets readers read while a run writes. The switch is kept in the file; SQLite does not wait for
/// others while it switches, so that two first openings at once need a second try.
async fn switch_to_wal(connection: &mut SqliteConnection) -> Result<(), StoreFault> {
    const DOING: &str = "switch the database to write-ahead logging";
    let mut tries = 0_u8;
    loop {
        let answer: Result<String, StoreFault> =
            sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(&mut *connection).await.doing(DOING);
        match answer {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                let why = format!("this file system only allows the journal mode {mode}");
                return Err(StoreFault::Io { doing: DOING, why });
            }
            Err(StoreFault::Busy { .. }) if tries < 50 => tries = tries.saturating_add(1),
            Err(fault) => return Err(fault),
        }
        tokio::time::sleep(BUSY_TIMEOUT / 50).await;
    }
}

/// SQLite forgets what lies behind damage in the log, and deletes the log as soon as its last connection is closed: it must
/// not even open it.
async fn refuse_broken_log(path: &Path) -> Result<(), StoreFault> {
    let log = beside(path, "-wal");
    for _ in 0..BROKEN_LOOKS {
        if !has_lost(&log) {
            return Ok(());
        }
        // Somebody may just be beginning it anew, while it is read.
        tokio::time::sleep(BUSY_TIMEOUT / 50).await;
    }
    Err(StoreFault::BrokenLog { path: log })
}

#[cfg(test)]
mod tests;
