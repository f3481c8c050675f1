//! The lock: one process at a time works on the runs of a database.
//!
//! It is an OS lock on a file beside the database, which the kernel frees when its holder dies; the file itself stays.
//! What the file says of its holder is believed only while the lock is held.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;

use super::place::{beside, is_no_room, resolved, unreachable};
use super::{Store, StoreFault};
use crate::domain::run::RunId;

/// A reader that asks who holds the lock has it for some microseconds; it must not be taken for a holder.
const TRIES: u8 = 50;
const PAUSE: Duration = Duration::from_millis(10);

/// The held lock; dropping it, or dying, frees it.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

/// The process that holds the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Its process id.
    pub(crate) pid: u32,
    /// The run it works on; `None` before it has planned or chosen one.
    pub(crate) run: Option<RunId>,
}

impl Lock {
    /// Takes the lock of a database, which need not exist yet. `None` when another process, or another place in this
    /// one, holds it.
    pub(crate) fn try_take(database: &Path, run: Option<RunId>) -> Result<Option<Self>, StoreFault> {
        let path = lock_path(database).map_err(|error| unreachable(database, &error))?;
        let file = open(&path, true).map_err(|error| no_lock(&path, &error))?;
        let mut tries = 1;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(no_lock(&path, &error)),
                Err(TryLockError::WouldBlock) if tries == TRIES => return Ok(None),
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            }
            tries += 1;
        }
        let lock = Self { file, path };
        lock.write(run)?;
        Ok(Some(lock))
    }

    /// Says which run the holder works on.
    pub(crate) fn works_on(&self, run: RunId) -> Result<(), StoreFault> {
        self.write(Some(run))
    }

    /// Who holds the lock of a database now; `None` when nobody does.
    pub(crate) fn holder(database: &Path) -> Option<Holder> {
        let mut file = open(&lock_path(database).ok()?, false).ok()?;
        if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
            return None;
        }
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        let mut lines = text.split_terminator('\n');
        let pid = lines.next()?.strip_prefix("pid ")?.parse().ok()?;
        let run = lines.next().and_then(|line| line.strip_prefix("run ")?.parse().ok()).map(RunId);
        Some(Holder { pid, run })
    }

    /// The run that a living process works on; `None` when the lock is free or its holder has no run yet.
    pub(crate) fn holder_run(database: &Path) -> Option<RunId> {
        Self::holder(database)?.run
    }

    /// One write of a few bytes over the old text, then the rest cut off: a reader finds the old or the new one.
    fn write(&self, run: Option<RunId>) -> Result<(), StoreFault> {
        let run = run.map_or_else(String::new, |RunId(id)| format!("run {id}\n"));
        let text = format!("pid {}\n{run}", std::process::id());
        let written = self.file.write_all_at(text.as_bytes(), 0).and_then(|()| self.file.set_len(text.len() as u64));
        written.map_err(|error| no_lock(&self.path, &error))
    }
}

impl Store {
    /// The run that a living process works on.
    pub(crate) fn holder_run(&self) -> Option<RunId> {
        Lock::holder_run(&self.path)
    }
}

fn lock_path(database: &Path) -> io::Result<PathBuf> {
    Ok(beside(&resolved(database)?, ".lock"))
}

/// Opens the lock file without following a symbolic link.
fn open(path: &Path, create: bool) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    OpenOptions::new()
        .read(true)
        .write(create)
        .create(create)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags)
        .open(path)
}

fn no_lock(path: &Path, error: &io::Error) -> StoreFault {
    if is_no_room(error) {
        return StoreFault::NoRoom { path: path.to_owned() };
    }
    StoreFault::NoLock { path: path.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn one_holder_at_a_time_however_the_database_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("inboxed.db");
        let take = |path: &Path| Lock::try_take(path, None).unwrap();
        let lock = take(&database).expect("free before the database exists");
        assert!(take(&database).is_none());
        std::fs::write(&database, "").unwrap();
        let other_name = directory.path().join("other.db");
        symlink(&database, &other_name).unwrap();
        assert!(take(&other_name).is_none(), "a link to the same database");
        drop(lock);
        assert!(take(&other_name).is_some());
    }

    #[test]
    fn readers_learn_the_holder_and_its_run_and_never_stand_in_its_way() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("inboxed.db");
        assert_eq!(Lock::holder(&database), None, "no lock file");
        let lock = Lock::try_take(&database, None).unwrap().unwrap();
        let pid = std::process::id();
        assert_eq!(Lock::holder(&database), Some(Holder { pid, run: None }));
        lock.works_on(RunId(1234)).unwrap();
        assert_eq!(Lock::holder_run(&database), Some(RunId(1234)));
        lock.works_on(RunId(5)).unwrap();
        assert_eq!(Lock::holder(&database), Some(Holder { pid, run: Some(RunId(5)) }));
        drop(lock);
        assert_eq!(Lock::holder(&database), None, "the text is still there, the lock is not");
        let asking = open(&lock_path(&database).unwrap(), false).unwrap();
        asking.lock_shared().unwrap();
        let waiting = std::thread::spawn({
            let database = database.clone();
            move || Lock::try_take(&database, Some(RunId(6))).unwrap().map(|lock| (Lock::holder_run(&database), lock))
        });
        drop(asking);
        assert_eq!(waiting.join().unwrap().expect("a reader is no holder").0, Some(RunId(6)));
    }

    #[test]
    fn the_lock_file_is_private_and_a_link_in_its_place_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("inboxed.db");
        let lock = Lock::try_take(&database, None).unwrap();
        let path = directory.path().join("inboxed.db.lock");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0);
        drop(lock);
        std::fs::remove_file(&path).unwrap();
        let victim = directory.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        symlink(&victim, &path).unwrap();
        let fault = Lock::try_take(&database, None).unwrap_err();
        assert!(matches!(fault, StoreFault::NoLock { .. }), "{fault:?}");
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
    }

    #[test]
    fn a_missing_directory_is_an_error_and_not_a_free_lock() {
        let directory = tempfile::tempdir().unwrap();
        let fault = Lock::try_take(&directory.path().join("none/inboxed.db"), None).unwrap_err();
        assert!(
            fault.to_string().ends_with("its directory does not exist; make it, or name another file as `database`")
        );
    }
}
