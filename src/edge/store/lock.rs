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

use super::open::{beside, resolved};
use super::{Store, StoreFault};
use crate::domain::run::RunId;

/// A reader that asks who holds the lock has it for some microseconds; it must not be taken for a holder.
const TRIES: u8 = 10;
const PAUSE: Duration = Duration::from_millis(5);

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
        let path = lock_path(database).map_err(|error| no_lock(database, &error))?;
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
        let mut text = format!("pid {}\n", std::process::id());
        if let Some(RunId(id)) = run {
            text.push_str(&format!("run {id}\n"));
        }
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
    OpenOptions::new().read(true).write(create).create(create).truncate(false).mode(0o600).custom_flags(flags).open(path)
}

fn no_lock(path: &Path, error: &io::Error) -> StoreFault {
    StoreFault::NoLock { path: path.to_owned(), why: error.to_string() }
}
