//! Why the store could not do what it was asked.

use std::path::PathBuf;

use thiserror::Error;

use crate::domain::probe::ProbeId;
use crate::domain::run::{Label, RunId};
use crate::domain::seed::Address;

/// What went wrong with the database.
#[derive(Debug, Error)]
pub(crate) enum StoreFault {
    /// There is no database.
    #[error("there is no database at {} yet; `inboxed run` makes it", path.display())]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There are files of a database, and no table in them.
    #[error(
        "{} holds no table of inboxed, though {} is not empty: it is damaged, or was copied without the {}-wal that belonged \
         to it; put that back, or a copy made by `inboxed backup`, or move both away to begin anew",
        path.display(), filled.display(), path.display()
    )]
    Hollow {
        /// The database.
        path: PathBuf,
        /// What holds something: the database, or the log beside it.
        filled: PathBuf,
    },
    /// The log beside the database has lost transactions that were stored.
    #[error(
        "{} is damaged, and what was stored last lies behind the damage; nothing was changed; put back a copy made by `inboxed \
         backup`, or move this file away to go on without what it holds",
        path.display()
    )]
    BrokenLog {
        /// The log.
        path: PathBuf,
    },
    /// The file is not an SQLite database.
    #[error("{} is not an inboxed database, and is left as it is: name another file as `database`", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// The database was written by a later version of this program.
    #[error("{} has schema {found}, this inboxed knows schemas up to {known}: install a newer inboxed", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Our own.
        known: i64,
    },
    /// The file or its directory cannot be opened.
    #[error("cannot open the database {}: {why}", path.display())]
    Unreachable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// No space is left for a file.
    #[error("cannot write {}: the disk is full; make room on it and try again", path.display())]
    NoRoom {
        /// The file.
        path: PathBuf,
    },
    /// The key of refused credentials cannot be read.
    #[error("cannot read the key {}: {why}", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The lock file cannot be opened.
    #[error("cannot open the lock file {}: {why}", path.display())]
    NoLock {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The copy that `backup` was asked for cannot be written.
    #[error("cannot write the backup {}: {why}", path.display())]
    NoBackup {
        /// The copy.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The copy that `backup` was asked for would take the place of another file.
    #[error("{} exists already and is left as it is; name another file", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// The contents contradict themselves.
    #[error("the database is damaged ({what}): put back a copy made by `inboxed backup`")]
    Damaged {
        /// Where it showed.
        what: String,
    },
    /// The database cannot be written.
    #[error("cannot {doing}: its file or directory is write-protected")]
    ReadOnly {
        /// The operation.
        doing: &'static str,
    },
    /// No space is left.
    #[error("cannot {doing}: the disk is full; make room on it and try again")]
    Full {
        /// The operation.
        doing: &'static str,
    },
    /// Another process kept the database for longer than we wait.
    #[error("cannot {doing}: another program keeps the database locked")]
    Busy {
        /// The operation.
        doing: &'static str,
    },
    /// Reading or writing the file failed.
    #[error("cannot {doing}: {why}")]
    Io {
        /// The operation.
        doing: &'static str,
        /// What the system says.
        why: String,
    },
    /// No run is meant.
    #[error("there is no run {choice}")]
    NoRun {
        /// What was asked for.
        choice: String,
    },
    /// Several runs bear the label.
    #[error("the label {} is borne by runs {}: name one by its number", label.as_str(), listed(ids))]
    Ambiguous {
        /// The label.
        label: Label,
        /// The runs, oldest first.
        ids: Vec<RunId>,
    },
    /// The seed or probe is not part of the run or seed it was named with.
    #[error("cannot {doing}: {object} is not part of it")]
    NotPart {
        /// The operation.
        doing: &'static str,
        /// The seed or probe.
        object: String,
    },
    /// The probe must not be sent.
    #[error("probe {} may not be sent: {why}", probe.0)]
    NotClaimable {
        /// The probe.
        probe: ProbeId,
        /// Its state, or what keeps it from being sent.
        why: String,
    },
    /// The call that is said to have ended was not under way.
    #[error("attempt {attempt} at probe {} is not under way", probe.0)]
    NotUnderWay {
        /// The probe.
        probe: ProbeId,
        /// The attempt.
        attempt: u32,
    },
    /// Any other answer of SQLite.
    #[error("cannot {doing}")]
    Sql {
        /// The operation.
        doing: &'static str,
        /// What SQLite said.
        #[source]
        source: sqlx::Error,
    },
}

impl StoreFault {
    /// Whether the machine fails, and neither the input nor the configuration.
    pub(crate) fn is_of_machine(&self) -> bool {
        self.is_temporary() || matches!(self, Self::NoRoom { .. })
    }

    /// Whether it tells of the database without naming it.
    pub(crate) fn is_nameless(&self) -> bool {
        matches!(
            self,
            Self::Damaged { .. } | Self::ReadOnly { .. } | Self::Full { .. } | Self::Busy { .. } | Self::Io { .. }
        )
    }

    /// Whether the same operation may succeed later without anybody changing the configuration or the file.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Busy { .. } | Self::Io { .. })
    }

    /// That a seed is not part of the run.
    pub(super) fn no_seed(doing: &'static str, seed: &Address) -> Self {
        Self::NotPart { doing, object: seed.as_str().to_owned() }
    }

    /// What an answer of SQLite means for an operation on an open database.
    pub(super) fn of(doing: &'static str, error: sqlx::Error) -> Self {
        match primary_code(&error) {
            Some(3 | 8) => Self::ReadOnly { doing },
            Some(5 | 6) => Self::Busy { doing },
            Some(10) => Self::Io { doing, why: error.to_string() },
            Some(11 | 26) => Self::Damaged { what: format!("{doing}: {error}") },
            Some(13) => Self::Full { doing },
            Some(_) => Self::Sql { doing, source: error },
            None => Self::without_code(doing, error),
        }
    }

    fn without_code(doing: &'static str, error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy { doing };
        }
        if matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) {
            return Self::Damaged { what: format!("{doing}: {error}") };
        }
        if let sqlx::Error::Io(why) = error {
            return Self::Io { doing, why: why.to_string() };
        }
        Self::Sql { doing, source: error }
    }

    /// What an answer of SQLite means while the database is being opened.
    pub(super) fn of_opening(path: &std::path::Path, error: sqlx::Error) -> Self {
        let path = path.to_owned();
        match primary_code(&error) {
            Some(26) => Self::NotOurs { path },
            Some(14 | 3) => Self::Unreachable {
                path,
                why: "the file or its directory cannot be read and written by this user".to_owned(),
            },
            _ => Self::of("open the database", error),
        }
    }
}

/// The primary result code (sqlite.org/rescode.html): the extended ones carry it in their lowest byte.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

fn listed(ids: &[RunId]) -> String {
    ids.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(", ")
}

/// Names the operation in an error.
pub(super) trait Doing<T> {
    /// `doing` completes the sentence "cannot …".
    fn doing(self, doing: &'static str) -> Result<T, StoreFault>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, doing: &'static str) -> Result<T, StoreFault> {
        self.map_err(|error| StoreFault::of(doing, error))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    /// An answer of SQLite with nothing but its code.
    #[derive(Debug)]
    struct Answer(u32);

    impl std::fmt::Display for Answer {
        fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(out, "code {}", self.0)
        }
    }

    impl std::error::Error for Answer {}

    impl sqlx::error::DatabaseError for Answer {
        fn message(&self) -> &'static str {
            "answer"
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.to_string().into())
        }

        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> sqlx::error::ErrorKind {
            sqlx::error::ErrorKind::Other
        }
    }

    #[test]
    fn what_may_pass_by_itself_is_told_from_what_needs_somebody() {
        for (name, code, temporary, says) in [
            ("SQLITE_FULL", 13, true, "cannot work: the disk is full; make room on it and try again"),
            ("SQLITE_BUSY", 5, true, "cannot work: another program keeps the database locked"),
            ("SQLITE_BUSY_SNAPSHOT", 517, true, "cannot work: another program keeps the database locked"),
            ("SQLITE_IOERR_FSYNC", 1034, true, "code 1034"),
            ("SQLITE_READONLY", 8, false, "its file or directory is write-protected"),
            ("SQLITE_READONLY_DIRECTORY", 1544, false, "its file or directory is write-protected"),
            ("SQLITE_CORRUPT", 11, false, "the database is damaged"),
            ("SQLITE_NOTADB", 26, false, "the database is damaged"),
            ("SQLITE_CONSTRAINT_CHECK", 275, false, "cannot work"),
        ] {
            let fault = StoreFault::of("work", sqlx::Error::Database(Box::new(Answer(code))));
            assert_eq!(fault.is_temporary(), temporary, "{name}: {fault:?}");
            assert!(fault.to_string().contains(says), "{name}: {fault}");
        }
        assert!(StoreFault::of("work", sqlx::Error::PoolTimedOut).is_temporary());
    }

    #[test]
    fn while_opening_another_file_is_not_called_damaged() {
        let path = std::path::Path::new("/srv/inboxed.db");
        let fault = |code| StoreFault::of_opening(path, sqlx::Error::Database(Box::new(Answer(code)))).to_string();
        assert!(fault(26).starts_with("/srv/inboxed.db is not an inboxed database, and is left as it is"));
        assert!(fault(14).starts_with("cannot open the database /srv/inboxed.db: "));
        assert!(fault(11).starts_with("the database is damaged"));
    }
}
