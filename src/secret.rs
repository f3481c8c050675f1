//! Secrets: what never prints.
//!
//! A secret is named by where it lies and read only when it is needed. It is held in a type that has no `Display`, whose
//! `Debug` shows nothing, and which is wiped when dropped. Errors name the place and never what was found there.

use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use tokio::io::AsyncReadExt as _;

/// A password or client secret, readable only where it is handed to a server.
pub(crate) type Secret = SecretString;

/// How long a command may take to print its secret.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest secret that is believed.
const LONGEST: usize = 16 * 1024;

/// Where a secret lies.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl SecretSource {
    /// Reads the secret.
    pub(crate) async fn read(&self) -> Result<Secret, SecretFault> {
        let found = match self {
            Self::Command(words) => run(words).await,
            Self::Env(name) => match std::env::var(name) {
                Ok(value) => Ok(value),
                Err(std::env::VarError::NotPresent) => Err(format!("the variable {name} is not set")),
                Err(std::env::VarError::NotUnicode(_)) => Err(format!("the variable {name} is not UTF-8")),
            },
            Self::File(path) => read_private(path),
            Self::Keyring(_) => Err("this build cannot read the system's keyring; use command, env or file".to_owned()),
        };
        let checked = found.and_then(|text| {
            if text.is_empty() {
                Err("it is empty".to_owned())
            } else if text.chars().any(|c| matches!(c, '\r' | '\n' | '\0')) {
                Err("it holds a line break or a NUL, which no password may".to_owned())
            } else {
                Ok(Secret::from(text))
            }
        });
        checked.map_err(|why| SecretFault(format!("its secret ({self}) cannot be read: {why}")))
    }
}

/// A file that only its owner can read; one line end at its end is not part of the secret.
fn read_private(path: &PathBuf) -> Result<String, String> {
    let facts = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !facts.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if facts.permissions().mode() & 0o077 != 0 {
        return Err(format!("others can read it; run `chmod 600 {}`", path.display()));
    }
    if usize::try_from(facts.len()).map_or(true, |length| length > LONGEST) {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    Ok(without_line_end(text))
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

/// Runs a program and takes what it prints. Its errors go nowhere: they could hold anything.
async fn run(words: &[String]) -> Result<String, String> {
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
            let most = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1);
            stdout.take(most).read_to_end(&mut printed).await.map_err(|error| error.to_string())?;
        }
        child.wait().await.map_err(|error| error.to_string())
    };
    let status = tokio::time::timeout(PATIENCE, read).await.map_err(|_| "it took longer than 30 s".to_owned())??;
    if !status.success() {
        return Err(format!("it failed with {status}"));
    }
    if printed.len() > LONGEST {
        return Err(format!("it printed more than {LONGEST} bytes"));
    }
    String::from_utf8(printed).map(without_line_end).map_err(|_| "it did not print UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn command(words: &[&str]) -> SecretSource {
        SecretSource::Command(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[tokio::test]
    async fn a_command_is_run_without_a_shell_and_its_last_line_end_dropped() {
        let secret = command(&["printf", "%s\\n", "a b;$HOME"]).read().await.unwrap();
        assert_eq!(secret.expose_secret(), "a b;$HOME");
        assert!(!format!("{secret:?}").contains("a b"));
        for words in [&["false"][..], &["true"], &["printf", "a\\nb"], &["/no/such/program"], &[]] {
            assert!(command(words).read().await.is_err(), "{words:?}");
        }
    }

    #[tokio::test]
    async fn a_file_that_others_can_read_is_refused_with_its_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, "hunter2\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let fault = SecretSource::File(path.clone()).read().await.unwrap_err().to_string();
        assert!(fault.contains("chmod 600") && !fault.contains("hunter2"), "{fault}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(SecretSource::File(path).read().await.unwrap().expose_secret(), "hunter2");
    }
}
