//! Where a database lies: the file, what stands beside it, and why it cannot be there.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::StoreFault;

/// What is said of a database that is a directory or a device.
pub(super) const NO_FILE: &str = "it is no regular file; name another one as `database`";

/// Why a database cannot lie here, as far as that shows without opening or making anything.
pub(crate) fn refuse_place(database: &Path) -> Result<(), StoreFault> {
    let path = resolved(database).map_err(|error| unreachable(database, &error))?;
    match std::fs::metadata(&path) {
        Ok(found) if !found.is_file() => Err(StoreFault::Unreachable { path, why: NO_FILE.to_owned() }),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unreachable(&path, &error)),
        Ok(_) | Err(_) => refuse_lone_log(&path),
    }
}

/// The path with every symbolic link resolved, so that one database has one lock however it is named. The file itself
/// need not exist, its directory must.
pub(super) fn resolved(path: &Path) -> io::Result<PathBuf> {
    match std::fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let name = path.file_name().ok_or(error)?;
            Ok(std::fs::canonicalize(directory.unwrap_or(Path::new(".")))?.join(name))
        }
        other => other,
    }
}

/// `path` with something appended to its name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Whether there is a file that is not empty.
pub(super) fn is_filled(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.len() > 0)
}

/// SQLite deletes the log of an empty database as soon as it opens it; but if there is a log, then there was a database.
pub(super) fn refuse_lone_log(path: &Path) -> Result<(), StoreFault> {
    let log = beside(path, "-wal");
    if !is_filled(path) && is_filled(&log) {
        return Err(StoreFault::Hollow { path: path.to_owned(), filled: log });
    }
    Ok(())
}

/// Creates an empty file that only its owner can read, unless there is a file. SQLite gives its log and index the same
/// mode. A symbolic link to nothing is not followed.
pub(super) fn create(path: &Path) -> Result<(), StoreFault> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        // The new name must outlive a power failure, as the claims in the file do.
        Ok(_) => path.parent().map_or(Ok(()), sync_directory).map_err(|error| unreachable(path, &error)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match std::fs::metadata(path) {
            Ok(found) if found.is_file() => Ok(()),
            Ok(_) => Err(StoreFault::Unreachable { path: path.to_owned(), why: NO_FILE.to_owned() }),
            Err(_) => {
                let why = "it is a symbolic link to a file that does not exist".to_owned();
                Err(StoreFault::Unreachable { path: path.to_owned(), why })
            }
        },
        Err(error) => Err(unreachable(path, &error)),
    }
}

/// Whether a file could not be written because there is no space for it.
pub(super) fn is_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// That a file of the database cannot be reached.
pub(super) fn unreachable(path: &Path, error: &io::Error) -> StoreFault {
    if is_no_room(error) {
        return StoreFault::NoRoom { path: path.to_owned() };
    }
    let why = if error.kind() == io::ErrorKind::NotFound {
        "its directory does not exist; make it, or name another file as `database`".to_owned()
    } else {
        error.to_string()
    };
    StoreFault::Unreachable { path: path.to_owned(), why }
}
