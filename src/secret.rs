//! Secrets: what never prints.
//!
//! A secret is named by where it lies and read only when it is needed. It is held in a type that has no `Display`, whose
//! `Debug` shows nothing, and which is wiped when dropped. Errors name the place and never what was found there.

pub(crate) mod keyring;

use std::fmt;
use std::io::Read as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;

/// A password or client secret, readable only where it is handed to a server.
pub(crate) type Secret = SecretString;

/// How long a command may take to print its secret.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest secret that is believed.
const LONGEST: usize = 16 * 1024;

/// Where a secret lies.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// What a program prints, started without a shell.
    Command(Vec<String>),
    /// An environment variable.
    Env(String),
    /// A file that only its owner can read.
    File(PathBuf),
    /// The system's keyring.
    Keyring(String),
}

/// Why a secret could not be read. It never holds the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretFault(String);

impl fmt::Display for SecretFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for SecretFault {}

impl fmt::Display for SecretSource {
    /// The place, as a table shows it. Of a command only the program: its arguments may say too much.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(words) => write!(out, "command {}", words.first().map_or("", String::as_str)),
            Self::Env(name) => write!(out, "env {name}"),
            Self::File(path) => write!(out, "file {}", path.display()),
            Self::Keyring(entry) => write!(out, "keyring {entry}"),
        }
    }
}

impl fmt::Debug for SecretSource {
    /// As a table shows it, for the same reason.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SecretSource({self})")
    }
}

impl SecretSource {
    /// Reads the secret.
    pub(crate) async fn read(&self) -> Result<Secret, SecretFault> {
        self.read_within(PATIENCE).await
    }

    /// Reads the secret where that starts no program and opens no keyring; `None` where it would.
    pub(crate) async fn read_if_at_hand(&self) -> Option<Result<Secret, SecretFault>> {
        match self {
            Self::Command(_) | Self::Keyring(_) => None,
            Self::Env(_) | Self::File(_) => Some(self.read().await),
        }
    }

    /// Reads the secret, and waits for a command no longer than this.
    pub(crate) async fn read_within(&self, patience: Duration) -> Result<Secret, SecretFault> {
        let found = match self {
            Self::Command(words) => run(words, patience).await,
            Self::Env(name) => match std::env::var(name) {
                Ok(value) => Ok(value),
                Err(std::env::VarError::NotPresent) => {
                    Err(format!("the variable {name} is not set; set it, or name another place"))
                }
                Err(std::env::VarError::NotUnicode(_)) => Err(format!("the variable {name} is not UTF-8")),
            },
            Self::File(path) => read_path(path),
            Self::Keyring(entry) => match keyring::read(entry).await {
                Ok(Some(text)) => Ok(without_line_end(text.expose_secret().to_owned())),
                Ok(None) => Err(no_entry(entry)),
                Err(why) => Err(format!("{why}; use command, env or file where there is no keyring")),
            },
        };
        let checked = found.and_then(|text| {
            if text.is_empty() {
                Err("it is empty; put the secret there".to_owned())
            } else if text.chars().any(|c| matches!(c, '\r' | '\n' | '\0')) {
                Err("it holds a line break or a NUL, which no password may".to_owned())
            } else {
                Ok(Secret::from(text))
            }
        });
        tracing::debug!(from = %self, read = checked.is_ok(), "secret");
        checked.map_err(|why| SecretFault(format!("its secret ({self}) cannot be read: {why}")))
    }
}

/// How to make an entry. Its name may hold a quote; the words are those of a POSIX shell.
fn no_entry(entry: &str) -> String {
    let name = shell_words::quote(entry);
    format!("the keyring has no such entry; run `secret-tool store --label=inboxed service inboxed username {name}`")
}

/// The name under which a service manager is told to hand over the secret in this file.
pub(crate) fn credential_name(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    format!("secret-{}", data_encoding::HEXLOWER.encode(digest.get(..10).unwrap_or_default()))
}

/// What stands in a credential for a file that was not there when the service began: a NUL, which no secret holds. Without
/// it systemd would not start the service at all (systemd.exec, `SetCredential=`).
pub(crate) const NOT_THERE: &str = "\0";

/// The file itself, as somebody may have changed it since the service began; where it is not there or closed to us, the
/// service manager's copy of it.
fn read_path(path: &Path) -> Result<String, String> {
    match open(path) {
        Ok(file) => read_file(&file, path, Private::ByItsMode),
        Err(error) => {
            let copy = handed_over(path).and_then(|copy| {
                let file = open(&copy).ok()?;
                read_file(&file, &copy, Private::ByTheManager).ok().filter(|text| text != NOT_THERE)
            });
            let remedy = || format!("write it there and run `chmod 600 {}`, or name another place", path.display());
            let is_absent = error.kind() == std::io::ErrorKind::NotFound;
            copy.ok_or_else(|| if is_absent { format!("{error}; {}", remedy()) } else { error.to_string() })
        }
    }
}

/// Where systemd put this file's contents (systemd.exec, `LoadCredential=`): in memory, readable by this service alone, even
/// where the file itself is not.
fn handed_over(path: &Path) -> Option<PathBuf> {
    let directory = std::env::var_os("CREDENTIALS_DIRECTORY")?;
    Some(Path::new(&directory).join(credential_name(&std::path::absolute(path).ok()?)))
}

/// Why nobody else can read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Private {
    /// Its mode says so.
    ByItsMode,
    /// The service manager keeps it; its mode speaks of access lists.
    ByTheManager,
}

/// Opens without waiting for a writer, should it be a pipe.
fn open(path: &Path) -> std::io::Result<std::fs::File> {
    let no_wait = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    std::fs::OpenOptions::new().read(true).custom_flags(no_wait).open(path)
}

/// A file that only its owner can read; one line end at its end is not part of the secret. What is asked about is what is
/// read: the file is opened once.
fn read_file(file: &std::fs::File, path: &Path, private: Private) -> Result<String, String> {
    let facts = file.metadata().map_err(|error| error.to_string())?;
    if !facts.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if private == Private::ByItsMode && facts.permissions().mode() & 0o077 != 0 {
        return Err(format!("others can read it; run `chmod 600 {}`", path.display()));
    }
    let mut bytes = Vec::new();
    file.take(longest_and_one()).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    String::from_utf8(bytes).map(without_line_end).map_err(|_| "it is not UTF-8".to_owned())
}

/// One byte more than is believed tells what is too long.
fn longest_and_one() -> u64 {
    u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1)
}

fn without_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

/// Runs a program and takes what it prints. Its errors go nowhere: they could hold anything. One that takes longer than
/// `patience` is killed.
async fn run(words: &[String], patience: Duration) -> Result<String, String> {
    let (program, arguments) = words.split_first().ok_or("the command is empty")?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("it does not start: {error}"))?;
    let mut printed = Vec::new();
    let read = async {
        if let Some(stdout) = child.stdout.take() {
            stdout.take(longest_and_one()).read_to_end(&mut printed).await.map_err(|error| error.to_string())?;
        }
        child.wait().await.map_err(|error| error.to_string())
    };
    let status = tokio::time::timeout(patience, read).await;
    let status = status.map_err(|_| format!("it took longer than {} s", patience.as_secs_f32()))??;
    if printed.len() > LONGEST {
        return Err(format!("it printed more than {LONGEST} bytes"));
    }
    if !status.success() {
        return Err(format!("it failed with {status}"));
    }
    String::from_utf8(printed).map(without_line_end).map_err(|_| "it did not print UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn command(words: &[&str]) -> SecretSource {
        SecretSource::Command(words.iter().map(|word| (*word).to_owned()).collect())
    }

    async fn fault(source: &SecretSource) -> String {
        source.read().await.map(|_| ()).unwrap_err().to_string()
    }

    fn file(path: &Path, text: &[u8], mode: u32) -> SecretSource {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        SecretSource::File(path.to_owned())
    }

    #[tokio::test]
    async fn a_command_is_run_without_a_shell_and_one_line_end_dropped() {
        for (words, wanted) in [
            (&["printf", "%s\\n", "a b;$HOME"][..], "a b;$HOME"),
            (&["printf", "p w\\r\\n"], "p w"),
            (&["printf", " pw "], " pw "),
            // Nothing can be typed into it: it reads the end at once.
            (&["sh", "-c", "read x; printf \"got:$x\""], "got:"),
        ] {
            let secret = command(words).read().await.unwrap();
            assert_eq!(secret.expose_secret(), wanted);
            assert!(!format!("{secret:?}").contains(wanted));
        }
    }

    #[tokio::test]
    async fn what_a_command_printed_shows_in_no_fault() {
        for (words, wanted) in [
            (
                &["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"][..],
                "command sh) cannot be read: it failed with exit status: 3",
            ),
            (&["printf", "hunter2\\nhunter2\\n"], "it holds a line break or a NUL, which no password may"),
            (&["printf", "hunter2\\n\\n"], "it holds a line break or a NUL, which no password may"),
            (&["printf", "hunter2\\000"], "it holds a line break or a NUL, which no password may"),
            (&["printf", "hunter2\\377"], "it did not print UTF-8"),
            (&["true"], "it is empty; put the secret there"),
            (&["head", "-c", "20000", "/dev/zero"], "it printed more than 16384 bytes"),
            (&["/no/such/hunter2-program"], "it does not start: No such file or directory (os error 2)"),
        ] {
            let source = command(words);
            let fault = fault(&source).await;
            assert!(fault.ends_with(wanted), "{fault}");
            assert!(!fault.replace("/no/such/hunter2-program", "").contains("hunter2"), "{fault}");
        }
        assert_eq!(format!("{:?}", command(&["echo", "hunter2"])), "SecretSource(command echo)");
    }

    #[tokio::test]
    async fn a_command_that_never_ends_is_given_up() {
        let endless = command(&["sh", "-c", "printf hunter2; exec tail -f /dev/null"]);
        let fault = endless.read_within(Duration::from_millis(50)).await.map(|_| ()).unwrap_err();
        assert_eq!(fault.to_string(), "its secret (command sh) cannot be read: it took longer than 0.05 s");
    }

    #[tokio::test]
    async fn a_file_that_others_can_read_is_refused_with_its_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        for mode in [0o640, 0o604, 0o644, 0o620] {
            let fault = fault(&file(&path, b"hunter2\n", mode)).await;
            assert!(fault.ends_with(&format!("others can read it; run `chmod 600 {}`", path.display())), "{fault}");
        }
        for mode in [0o600, 0o400] {
            std::fs::remove_file(&path).unwrap();
            assert_eq!(file(&path, b"hunter2\n", mode).read().await.unwrap().expose_secret(), "hunter2");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_odd_is_refused_and_never_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::os::unix::fs::symlink(path("nowhere"), path("dangling")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(path("pipe")).status().unwrap();
        assert!(made.success());
        for (source, wanted) in [
            (SecretSource::File(path("missing")), "/missing`, or name another place"),
            (SecretSource::File(path("dangling")), "/dangling`, or name another place"),
            (SecretSource::File(dir.path().to_owned()), "it is no regular file"),
            (SecretSource::File(path("pipe")), "it is no regular file"),
            (file(&path("empty"), b"", 0o600), "it is empty; put the secret there"),
            (file(&path("lines"), b"hunter2\nuser: anna\n", 0o600), "which no password may"),
            (file(&path("long"), &vec![b'x'; 20_000], 0o600), "it is longer than 16384 bytes"),
            (file(&path("latin"), b"hunter2\xe9", 0o600), "it is not UTF-8"),
        ] {
            let fault = fault(&source).await;
            assert!(fault.ends_with(wanted) && !fault.contains("hunter2"), "{fault}");
        }
    }

    #[tokio::test]
    async fn a_variable_is_read_and_one_that_is_not_there_is_named() {
        let path = SecretSource::Env("PATH".to_owned()).read().await.unwrap();
        assert_eq!(Some(path.expose_secret().to_owned()), std::env::var("PATH").ok());
        let missing = SecretSource::Env("INBOXED_NO_SUCH_VARIABLE".to_owned());
        let wanted = "its secret (env INBOXED_NO_SUCH_VARIABLE) cannot be read: the variable INBOXED_NO_SUCH_VARIABLE is not set; \
                      set it, or name another place";
        assert_eq!(fault(&missing).await, wanted);
        assert_eq!(
            no_entry("an na"),
            "the keyring has no such entry; run `secret-tool store --label=inboxed service inboxed username 'an na'`"
        );
    }
}
