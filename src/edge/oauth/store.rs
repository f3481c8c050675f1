//! The token store: one file for each seed that only its owner can read, or one entry in the system's keyring.
//!
//! A file is replaced as a whole: the new one is written beside it, synced, renamed, and the directory synced. What a kill
//! leaves beside is whole or worthless, and the next who holds the lock finishes or removes it. Whoever renews tokens holds
//! a lock of the kernel's, so that no two processes spend the same refresh token.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use fail::fail_point;
use rustix::fs::OFlags;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use super::{OAuthFault, Tokens};
use crate::domain::seed::Address;
use crate::secret::{Secret, keyring};

/// How long another process may hold the lock: it asks a server meanwhile.
const PATIENCE: Duration = Duration::from_mins(2);

/// The longest file that is believed.
const LONGEST: u64 = 256 * 1024;

/// Where the tokens of one seed lie.
#[derive(Debug, Clone)]
pub(crate) struct TokenStore {
    directory: PathBuf,
    stem: String,
    /// The entry of the keyring, where that keeps them.
    entry: Option<String>,
}

/// The right to replace the tokens; given back when dropped, or by the kernel.
#[derive(Debug)]
pub(super) struct StoreLock(File);

impl TokenStore {
    /// The store of a seed.
    pub(crate) fn new(directory: &Path, in_keyring: bool, seed: &Address) -> Self {
        let entry = in_keyring.then(|| format!("oauth {}", seed.as_str().to_lowercase()));
        Self { directory: directory.to_owned(), stem: stem(seed), entry }
    }

    /// Where the tokens lie, as a person names the place.
    pub(crate) fn place(&self) -> String {
        match &self.entry {
            Some(entry) => format!("keyring {entry}"),
            None => format!("file {}", self.file().display()),
        }
    }

    /// Whether there are tokens, as far as that can be told without a keyring; what a killed process left unfinished counts.
    pub(crate) fn is_there(&self) -> Option<bool> {
        self.entry.is_none().then(|| self.file().exists() || self.beside("new").exists())
    }

    /// Keeps the first tokens of a seed, whatever lay there before.
    pub(crate) async fn keep(&self, tokens: &Tokens) -> Result<(), OAuthFault> {
        let lock = self.lock().await?;
        self.save(tokens, &lock).await
    }

    /// The tokens, if there are any. What a killed process left unfinished is finished first; whoever holds the lock has
    /// left nothing so.
    pub(super) async fn load(&self) -> Result<Option<Tokens>, OAuthFault> {
        if self.entry.is_none() && self.beside("new").exists() {
            drop(self.lock().await?);
        }
        let written = if let Some(entry) = &self.entry {
            keyring::read(entry).await.map_err(|why| no_keyring(&why))?
        } else {
            let store = self.clone();
            apart(move || store.read_file(&store.file())).await?
        };
        let spoilt = || OAuthFault::Store(format!("{} holds no tokens; remove it and sign in again", self.place()));
        written.map(|written| Tokens::read(&written).ok_or_else(spoilt)).transpose()
    }

    /// Waits until nobody else replaces the tokens, and finishes what a killed process had begun.
    pub(super) async fn lock(&self) -> Result<StoreLock, OAuthFault> {
        let store = self.clone();
        let locked = apart(move || {
            store.make_directory()?;
            let path = store.beside("lock");
            let file = open(&path, OpenOptions::new().read(true).write(true).create(true).truncate(false));
            let file = file.map_err(|error| store.fault(&path, "cannot be opened", &error))?;
            file.lock().map_err(|error| store.fault(&path, "cannot be locked", &error))?;
            store.recover()?;
            Ok(StoreLock(file))
        });
        let held = |_| OAuthFault::Store("another process has been renewing the tokens for too long".to_owned());
        tokio::time::timeout(PATIENCE, locked).await.map_err(held)?
    }

    /// Replaces the tokens. When this returns, they survive whatever happens.
    pub(super) async fn save(&self, tokens: &Tokens, _lock: &StoreLock) -> Result<(), OAuthFault> {
        let written = tokens.written();
        if let Some(entry) = &self.entry {
            return keyring::write(entry, &written).await.map_err(|why| no_keyring(&why));
        }
        let store = self.clone();
        apart(move || {
            let (new, file) = (store.beside("new"), store.file());
            write(&new, written.expose_secret()).map_err(|error| store.fault(&new, "cannot be written", &error))?;
            fail_point!("tokens-written");
            store.replace(&new, &file)
        })
        .await
    }

    fn file(&self) -> PathBuf {
        self.beside("json")
    }

    fn beside(&self, ending: &str) -> PathBuf {
        self.directory.join(format!("{}.{ending}", self.stem))
    }

    fn replace(&self, new: &Path, file: &Path) -> Result<(), OAuthFault> {
        std::fs::rename(new, file)
            .and_then(|()| File::open(&self.directory)?.sync_all())
            .map_err(|error| self.fault(file, "cannot be written", &error))
    }

    /// What a killed process wrote and did not come to rename: whole, it is the newest there is.
    fn recover(&self) -> Result<(), OAuthFault> {
        let new = self.beside("new");
        match self.read_file(&new)? {
            None => Ok(()),
            Some(written) if Tokens::read(&written).is_some() => self.replace(&new, &self.file()),
            Some(_) => std::fs::remove_file(&new).map_err(|error| self.fault(&new, "cannot be removed", &error)),
        }
    }

    fn make_directory(&self) -> Result<(), OAuthFault> {
        let path = &self.directory;
        let made = DirBuilder::new().mode(0o700).recursive(true).create(path);
        made.map_err(|error| self.fault(path, "cannot be made", &error))?;
        let facts = std::fs::metadata(path).map_err(|error| self.fault(path, "cannot be read", &error))?;
        if facts.permissions().mode() & 0o077 != 0 {
            let path = path.display();
            return Err(OAuthFault::Store(format!("others can look into {path}; run `chmod 700 {path}`")));
        }
        Ok(())
    }

    fn read_file(&self, path: &Path) -> Result<Option<Secret>, OAuthFault> {
        let file = match open(path, OpenOptions::new().read(true)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.fault(path, "cannot be read", &error)),
        };
        let unreadable = |error: &io::Error| self.fault(path, "cannot be read", error);
        let facts = file.metadata().map_err(|error| unreadable(&error))?;
        if facts.permissions().mode() & 0o077 != 0 {
            let path = path.display();
            return Err(OAuthFault::Store(format!("others can read {path}; run `chmod 600 {path}`")));
        }
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).map_err(|error| unreadable(&error))?;
        Ok(Some(Secret::from(text)))
    }

    #[expect(clippy::unused_self, reason = "a fault of the store, whichever of its files it is about")]
    fn fault(&self, path: &Path, what: &str, error: &io::Error) -> OAuthFault {
        OAuthFault::Store(format!("{} {what}: {error}", path.display()))
    }
}

impl Drop for StoreLock {
    fn drop(&mut self) {
        // The kernel frees it with the file; sooner is better than later.
        self.0.unlock().ok();
    }
}

fn no_keyring(why: &str) -> OAuthFault {
    OAuthFault::Store(format!(
        "the tokens cannot be kept in the keyring: {why}; set tokens = \"tokens\" in inboxed.toml to keep them in files"
    ))
}

/// A name for files: what can be read of the address, and a digest that no other address has.
fn stem(seed: &Address) -> String {
    let address = seed.as_str().to_lowercase();
    let digest = BASE32_NOPAD.encode(&Sha256::digest(&address)).to_lowercase();
    let digest: String = digest.chars().take(16).collect();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '@' | '.' | '_');
    let readable: String = address.chars().take(80).map(|c| if fits(c) { c } else { '_' }).collect();
    format!("{readable}-{digest}")
}

/// Opens a private file without following a symbolic link and without waiting for anybody.
fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    options.mode(0o600).custom_flags(flags).open(path)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    // What lies there under the lock is a killed process's half.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = open(path, OpenOptions::new().write(true).create_new(true))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Files are waited for on a thread of their own.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OAuthFault> + Send + 'static,
) -> Result<T, OAuthFault> {
    let failed = |_| OAuthFault::Store("a defect of this program stopped the token store; please report it".to_owned());
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::os::unix::fs::symlink;

    use super::super::tokens::tests::tokens;
    use super::*;

    fn store(directory: &Path, seed: &str) -> TokenStore {
        TokenStore::new(directory, false, &Address::new(seed).unwrap())
    }

    async fn refresh_of(store: &TokenStore) -> Option<String> {
        let tokens = store.load().await.unwrap()?;
        Some(tokens.refresh.unwrap().expose_secret().to_owned())
    }

    #[tokio::test]
    async fn tokens_are_private_and_replaced_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let directory = dir.path().join("a/tokens");
        let store = store(&directory, "Anna@shop.example");
        assert!(refresh_of(&store).await.is_none());
        for refresh in ["canary-1", "canary-2"] {
            store.keep(&tokens(refresh, "access", None)).await.unwrap();
            assert_eq!(refresh_of(&store).await.as_deref(), Some(refresh));
        }
        assert_eq!(directory.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let mut names = BTreeSet::new();
        for entry in std::fs::read_dir(&directory).unwrap().map(Result::unwrap) {
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
            names.insert(entry.path().extension().unwrap().to_str().unwrap().to_owned());
            assert!(!entry.file_name().to_str().unwrap().contains("canary"));
        }
        assert_eq!(names, ["json", "lock"].map(str::to_owned).into());
    }

    #[tokio::test]
    async fn what_a_kill_left_beside_is_finished_if_whole_and_else_removed() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir.path().join("tokens"), "anna@shop.example");
        store.keep(&tokens("old", "access", None)).await.unwrap();
        let whole = tokens("new", "access", None).written();
        let half: String = whole.expose_secret().chars().take(100).collect();
        for (left, wanted) in [(half.as_str(), "old"), ("", "old"), (whole.expose_secret(), "new")] {
            write(&store.beside("new"), left).unwrap();
            drop(store.lock().await.unwrap());
            assert_eq!(refresh_of(&store).await.as_deref(), Some(wanted), "{left}");
            assert!(!store.beside("new").exists());
        }
    }

    #[tokio::test]
    async fn one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir.path().join("tokens"), "anna@shop.example");
        let first = store.lock().await.unwrap();
        let waiting = tokio::spawn({
            let store = store.clone();
            async move { store.keep(&tokens("second", "access", None)).await }
        });
        store.save(&tokens("first", "access", None), &first).await.unwrap();
        assert_eq!(refresh_of(&store).await.as_deref(), Some("first"));
        drop(first);
        waiting.await.unwrap().unwrap();
        assert_eq!(refresh_of(&store).await.as_deref(), Some("second"));
    }

    #[tokio::test]
    async fn what_others_can_read_is_refused_with_its_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let directory = dir.path().join("tokens");
        let store = store(&directory, "anna@shop.example");
        store.keep(&tokens("r", "a", None)).await.unwrap();
        std::fs::set_permissions(store.file(), std::fs::Permissions::from_mode(0o640)).unwrap();
        let fault = store.load().await.unwrap_err().to_string();
        assert!(fault.contains("others can read ") && fault.contains("; run `chmod 600 "), "{fault}");
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o750)).unwrap();
        let fault = store.lock().await.unwrap_err().to_string();
        assert!(fault.contains("others can look into ") && fault.contains("; run `chmod 700 "), "{fault}");
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::write(store.file(), "nonsense").unwrap();
        std::fs::set_permissions(store.file(), std::fs::Permissions::from_mode(0o600)).unwrap();
        let fault = store.load().await.unwrap_err().to_string();
        assert!(fault.ends_with(" holds no tokens; remove it and sign in again"), "{fault}");
        std::fs::remove_file(store.file()).unwrap();
        let victim = dir.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        symlink(&victim, store.beside("new")).unwrap();
        assert!(store.lock().await.is_err());
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
    }

    #[test]
    fn every_address_has_a_name_that_any_file_system_takes() {
        let mut names = BTreeSet::new();
        for address in
            ["a/b@x.example", "a_b@x.example", "a*b@x.example", "-rf@x.example", "ä@x.example", "~@x.example"]
        {
            let name = stem(&Address::new(address).unwrap());
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "@._-".contains(c)), "{name}");
            assert!(!name.starts_with(['-', '.']) && name.len() <= 100, "{name}");
            assert!(names.insert(name));
        }
        let long = format!("{}@{}.example", "l".repeat(64), "d".repeat(60));
        assert!(stem(&Address::new(&long).unwrap()).len() <= 100);
        assert_eq!(stem(&Address::new("A@x.example").unwrap()), stem(&Address::new("a@X.example").unwrap()));
    }
}
