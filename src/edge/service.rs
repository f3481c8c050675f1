//! The service manager: systemd's notification socket, where there is one.
//!
//! Without one nothing happens. What cannot be told is not worth an error: the program does its work all the same.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::process::Command;

/// How long a service manager's own program may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What this process tells its service manager.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Service {
    watchdog: Option<Duration>,
}

impl Service {
    /// The service as it was started. The manager may want a sign of life at certain intervals.
    pub(crate) fn new() -> Self {
        Self { watchdog: sd_notify::watchdog_enabled() }
    }

    /// How often a sign of life is to be given; `None` where nobody waits for one.
    pub(crate) fn pulse(self) -> Option<Duration> {
        self.watchdog.map(|patience| (patience / 3).max(Duration::from_millis(50)))
    }

    /// The start is over: the service works from now on.
    pub(crate) fn ready(status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// What it does now, on one line.
    pub(crate) fn status(status: &str) {
        tell(&[NotifyState::Status(status)]);
    }

    /// A sign of life.
    pub(crate) fn alive(self) {
        if self.watchdog.is_some() {
            tell(&[NotifyState::Watchdog]);
        }
    }

    /// It is about to end.
    pub(crate) fn stopping() {
        tell(&[NotifyState::Stopping]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "service manager");
    }
}

/// Whether systemd runs this machine.
pub(crate) fn has_systemd() -> bool {
    sd_notify::booted().unwrap_or(false)
}

/// What a program of the system printed, and whether it succeeded.
#[derive(Debug)]
pub(crate) struct Printed {
    /// Whether it ended with 0.
    pub(crate) success: bool,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// Runs a program of the system, such as `systemctl` or `crontab`, without a shell.
pub(crate) async fn call(program: &str, arguments: &[&str], file: Option<&Path>) -> Result<Printed, String> {
    let mut command = Command::new(program);
    command.args(arguments).args(file).stdin(Stdio::null()).kill_on_drop(true).env("LC_ALL", "C");
    let ended = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = ended.map_err(|_| format!("{program} took longer than {} s", PATIENCE.as_secs()))?;
    let output = output.map_err(|error| format!("{program} does not start: {error}"))?;
    Ok(Printed {
        success: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
