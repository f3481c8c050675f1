//! Servers that somebody else wrote: Dovecot as the provider, moto as SES, systemd and cron as those who start
//! runs, Knot and Unbound as DNS.
//!
//! The lab answers as we believe servers answer; these answer as servers do. `tests/run` installs them and names them
//! in the environment. Without it each of these tests says that it was left out, and passes.

mod certificates;
mod daemon;
mod dovecot;
mod harvest;
mod http;
mod imap;
mod issuer;
pub(crate) mod keyring;
mod moto;
mod names;
mod oauth;
mod outcomes;
mod program;
mod schedule;
mod sends;
mod ses;

use std::io::Write as _;
use std::path::PathBuf;

/// A server that `tests/run` provides.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Server {
    /// The `dovecot` program.
    Dovecot,
    /// The directory of npm modules with oidc-provider in it.
    Issuer,
    /// The `gnome-keyring-daemon` program.
    Keyring,
    /// The `moto_server` program.
    Moto,
    /// The `systemd-analyze` program.
    Systemd,
    /// The `crontab` program.
    Cron,
    /// The `knotd` program.
    Knot,
    /// The `unbound` program.
    Unbound,
    /// A Python that has checkdmarc, pyspf and dkimpy.
    DnsPeers,
    /// The `promtool` program.
    Promtool,
}

impl Server {
    /// The program, or a line on standard error that says which test had to do without it.
    ///
    /// The line is written past libtest, which would keep it to itself when the test passes.
    pub(crate) fn program(self, test: &str) -> Option<PathBuf> {
        let variable = match self {
            Self::Dovecot => "INBOXED_DOVECOT",
            Self::Issuer => "INBOXED_ISSUER",
            Self::Keyring => "INBOXED_KEYRING",
            Self::Moto => "INBOXED_MOTO",
            Self::Systemd => "INBOXED_SYSTEMD_ANALYZE",
            Self::Cron => "INBOXED_CRONTAB",
            Self::Knot => "INBOXED_KNOT",
            Self::Unbound => "INBOXED_UNBOUND",
            Self::DnsPeers => "INBOXED_DNS_PEERS",
            Self::Promtool => "INBOXED_PROMTOOL",
        };
        let program = std::env::var_os(variable).filter(|program| !program.is_empty()).map(PathBuf::from);
        if program.is_none() {
            let line = format!("left out: {test} needs {self:?}: use tests/run, or set {variable} to its program\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
        }
        program
    }
}
