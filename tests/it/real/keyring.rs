//! The system's keyring as a user's desktop has it: a bus of its own, and GNOME's keyring daemon on it.

use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::Server;
use super::daemon::Daemon;

/// An unlocked keyring, ended on drop with its bus.
#[derive(Debug)]
pub(crate) struct Keyring {
    _bus: Daemon,
    directory: TempDir,
    address: String,
}

impl Keyring {
    /// Starts a keyring, or says that `test` is left out for want of it.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let program = Server::Keyring.program(test)?;
        let directory = tempfile::Builder::new().prefix("inboxed-keyring-").tempdir().unwrap();
        DirBuilder::new().mode(0o700).create(directory.path().join("run")).unwrap();
        let mut command = Command::new("dbus-daemon");
        command.args(["--session", "--nofork", "--print-address=2"]);
        let (bus, address) = Daemon::start(command, "unix:").unwrap_or_else(|log| panic!("{log}"));
        let keyring = Self { _bus: bus, directory, address };
        // It says nothing, and returns once it is on the bus.
        let unlocked = keyring.pipe(Command::new(program).args(["--unlock", "--components=secrets"]), "a password");
        assert!(unlocked, "{keyring:?}");
        Some(keyring)
    }

    /// What a program needs to know to find it.
    pub(crate) fn environment(&self) -> [(&'static str, String); 3] {
        let below = |part: &str| self.directory.path().join(part).to_str().unwrap().to_owned();
        [
            ("DBUS_SESSION_BUS_ADDRESS", self.address.clone()),
            ("XDG_RUNTIME_DIR", below("run")),
            ("XDG_DATA_HOME", below("data")),
        ]
    }

    /// Stores a password under a name as the README says.
    pub(crate) fn store(&self, name: &str, password: &str) {
        let words = ["store", "--label=inboxed", "service", "inboxed", "username", name];
        assert!(self.pipe(Command::new("secret-tool").args(words), password));
    }

    /// Whether any file of the keyring holds this.
    pub(crate) fn shows(&self, text: &str) -> bool {
        fn any(path: &Path, text: &[u8]) -> bool {
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
                if path.is_dir() {
                    return any(&path, text);
                }
                path.is_file() && fs::read(&path).unwrap().windows(text.len()).any(|part| part == text)
            })
        }
        any(&self.directory.path().join("data"), text.as_bytes())
    }

    fn pipe(&self, command: &mut Command, input: &str) -> bool {
        let command = command.envs(self.environment()).env("HOME", self.directory.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait().unwrap().success()
    }
}
