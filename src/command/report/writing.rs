//! Files that are old or new, never half.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use crate::command::Failure;
use crate::render::png::is_own_png;

/// The directory of a report.
pub(super) fn make(directory: &Path) -> Result<(), Failure> {
    if directory.metadata().is_ok_and(|found| !found.is_dir()) {
        let directory = directory.display();
        return Err(Failure::bad_input(anyhow!("{directory} is no directory; name one for the files of the report")));
    }
    let made = std::fs::create_dir_all(directory).with_context(|| format!("make {}", directory.display()));
    made.map_err(Failure::bad_input)
}

/// A file beside the target takes its name once it is on the disk.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let write = || -> anyhow::Result<()> {
        // Readable for whom the umask allows it: a report is there to be passed on.
        let mut named = tempfile::Builder::new();
        named.permissions(Permissions::from_mode(0o666));
        let mut file = named.tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("write {}", path.display())).map_err(Failure::bad_input)
}

/// Takes away a picture of an earlier report that this one does not have any more. Only what bears our mark goes; whether
/// there was such a one.
pub(super) fn remove_own(path: &Path) -> Result<bool, Failure> {
    let is_file = path.symlink_metadata().is_ok_and(|found| found.is_file());
    if !is_file || !std::fs::read(path).is_ok_and(|bytes| is_own_png(&bytes)) {
        return Ok(false);
    }
    let removed = std::fs::remove_file(path).with_context(|| format!("remove {}", path.display()));
    removed.map(|()| true).map_err(Failure::bad_input)
}
