//! The key under which refused credentials are marked: 32 random bytes in a file of their own beside the database.
//!
//! A mark must tell a changed password from the same one and be worth nothing to a thief. It is an HMAC under this key,
//! so that a copy of the database alone (a backup, an attachment to a bug report) cannot be searched for passwords, and it
//! is cut to 16 bits, so that even who has both files learns next to nothing: one guess in 65,536 fits every mark. The
//! price is that one changed password in 65,536 looks like the old one; `inboxed check --again` is the way out. A lost key
//! costs two more sign-ins, as no mark fits any more.

use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::place::{beside, sync_directory};
use super::{Store, StoreFault};

impl Store {
    /// The key, drawn when it is first asked for.
    pub(crate) fn key(&self) -> Result<[u8; 32], StoreFault> {
        let path = beside(&self.path, ".key");
        let found = match read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => draw(&path).and_then(|()| read(&path)),
            other => other,
        };
        found.map_err(|error| {
            let is_short = error.kind() == io::ErrorKind::UnexpectedEof;
            let short = "it is shorter than a key; remove it, and a new one is drawn";
            let why = if is_short { short.to_owned() } else { error.to_string() };
            StoreFault::NoKey { path, why }
        })
    }
}

fn read(path: &Path) -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    let mut file = std::fs::File::open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        let why = format!("others can read this key; run `chmod 600 {}`", path.display());
        return Err(io::Error::other(why));
    }
    file.read_exact(&mut key)?;
    Ok(key)
}

/// It appears under its name only when it is whole. Where two draw at once, the first one's stays.
fn draw(path: &Path) -> io::Result<()> {
    let mut key = [0_u8; 32];
    getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    // The file is made with the mode 0600.
    let mut file = tempfile::Builder::new().prefix(".inboxed-key-").tempfile_in(directory)?;
    file.write_all(&key)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => sync_directory(directory),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::store::fixture::Place;

    #[tokio::test]
    async fn a_key_is_drawn_once_and_read_by_its_owner_only() {
        let place = Place::new().await;
        let first = place.store.key().unwrap();
        assert_eq!(place.store.key().unwrap(), first);
        assert_ne!(Place::new().await.store.key().unwrap(), first);
        let path = beside(&place.store.path, ".key");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(place.store.key().unwrap_err().to_string().contains("run `chmod 600 "));
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "cut").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let fault = place.store.key().unwrap_err().to_string();
        assert!(
            fault.ends_with("inboxed.db.key: it is shorter than a key; remove it, and a new one is drawn"),
            "{fault}"
        );
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(place.directory.path().join("nowhere"), &path).unwrap();
        assert!(place.store.key().is_err(), "a link to nothing is not followed");
        assert!(!place.directory.path().join("nowhere").exists());
    }
}
