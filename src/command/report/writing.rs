//! Files that are old or new, never half.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;

use crate::command::Failure;

/// The directory of a report.
pub(super) fn make(directory: &Path) -> Result<(), Failure> {
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
