//! `inboxed` finds out where mail sent through Amazon SES landed.
//!
//! It sends tagged test messages through SES to seed mailboxes that the user owns, signs in to them over IMAP, finds each
//! message, and keeps where it lay with the evidence for it.
//!
//! # The map
//!
//! Arrows point one way: `main` → this file → `command` → `edge` and `render` → `domain`.
//!
//! - `domain`: the vocabulary, pure. A *seed* is a mailbox of ours at a *provider*; a *stream* is the sender under
//!   judgement. A *run* is one round of *probes*, one for each stream and seed; the *handoff* is what SES answered. A
//!   *look* (stored as a *sweep*) is one pass over all folders of a seed; a *sighting* is a copy seen there. A *finding*
//!   is the judgement on one probe and its headline the *placement*; a *tally* counts findings.
//! - `config`, `cli`, `secret`: what it means, what was typed, what never prints.
//! - `edge`: clock, IMAP, SES, store. They talk and never decide.
//! - `render`: values in, bytes out: tables, JSON, charts.
//! - `command`: one verb per file: gather facts, ask the domain, return one output value.
//! - [`lab`]: a provider lab on loopback behind the demo and the tests; nothing else uses it.
//!
//! # What always holds
//!
//! A probe is claimed on disk before its call to SES and never sent again when the outcome is unknown. A seed's mailbox
//! is only ever examined. *Missing* is said after a complete look past the deadline; anything less is *unmeasured*,
//! which enters no rate. Facts are stored, judgements derived.

mod cli;
mod command;
mod config;
mod domain;
mod edge;
pub mod lab;
mod render;
mod secret;

use std::ffi::OsString;

use clap::Parser as _;

/// How the process ends. The numbers are a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done and healthy.
    Ok,
    /// A warning threshold is crossed.
    Warning,
    /// A critical threshold is crossed.
    Critical,
    /// Not enough could be measured to judge.
    TooFew,
    /// The command line is wrong.
    Usage,
    /// The input or the configuration is wrong.
    BadInput,
    /// A service could not be reached.
    Unreachable,
    /// A fault of the program or of the machine.
    Internal,
    /// Another run holds the lock.
    Locked,
    /// Interrupted; `sweep` finishes the run.
    Interrupted,
}

impl Exit {
    /// The number that the process exits with.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::TooFew => 3,
            Self::Usage => 64,
            Self::BadInput => 65,
            Self::Unreachable => 69,
            Self::Internal => 70,
            Self::Locked => 75,
            Self::Interrupted => 130,
        }
    }
}

/// What the process is to print and how it ends.
#[derive(Debug)]
pub struct Done {
    /// For standard output.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
    /// The end.
    pub exit: Exit,
}

/// Runs one command line.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Done {
    let ended = |exit, stdout, stderr| Done { stdout, stderr, exit };
    let cli = match cli::Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            return ended(Exit::Usage, String::new(), error.render().ansi().to_string());
        }
        Err(help) => return ended(Exit::Ok, help.render().ansi().to_string(), String::new()),
    };
    // Another provider may already be installed by an embedding test; both are ring.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ended(Exit::Internal, String::new(), format!("inboxed: start the runtime: {error}\n")),
    };
    match runtime.block_on(command::execute(cli)) {
        Ok(outcome) => ended(outcome.exit, outcome.stdout, String::new()),
        Err(failure) => ended(failure.exit, String::new(), format!("inboxed: {:#}\n", failure.error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_the_contract() {
        let all = [
            (Exit::Ok, 0),
            (Exit::Warning, 1),
            (Exit::Critical, 2),
            (Exit::TooFew, 3),
            (Exit::Usage, 64),
            (Exit::BadInput, 65),
            (Exit::Unreachable, 69),
            (Exit::Internal, 70),
            (Exit::Locked, 75),
            (Exit::Interrupted, 130),
        ];
        for (exit, code) in all {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }
}
