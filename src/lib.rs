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
//! - `config`, `cli`, `secret`, `log`: what it means, what was typed, what never prints, what is said besides.
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
#[doc(hidden)]
pub mod fuzz;
pub mod lab;
mod log;
mod render;
mod secret;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::render::plain::is_hostile;

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
    parting: Option<command::Parting>,
}

impl Done {
    /// Does what is left once everything is printed: those who are to be told of a run are told. It takes a short time
    /// only, whatever they answer, and never changes the end.
    pub fn part(self) {
        let Some(parting) = self.parting else { return };
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        // A fault here is nobody's business but the log's: the run is stored and told.
        let _ = catch_unwind(AssertUnwindSafe(|| runtime.block_on(parting.settle())));
        runtime.shutdown_timeout(LAST_PATIENCE);
    }

    /// Where the process ends with a number of 64 or more, standard output stays empty, except after an interrupt: a
    /// program that reads it must never take half a document for a whole one.
    fn new(exit: Exit, stdout: String) -> Self {
        let keeps_stdout = exit.code() < Exit::Usage.code() || exit == Exit::Interrupted;
        let stdout = if keeps_stdout { stdout } else { String::new() };
        Self { stdout, stderr: String::new(), exit, parting: None }
    }

    /// A fault, told once. It may quote a server or a file, so that what a terminal would obey is made visible.
    fn failed(exit: Exit, what: &str) -> Self {
        let mut stderr = String::from("inboxed: ");
        for c in what.chars() {
            if c != '\n' && is_hostile(c) {
                // Writing to a String cannot fail.
                let _ = write!(stderr, "<U+{:04X}>", u32::from(c));
            } else {
                stderr.push(c);
            }
        }
        stderr.push('\n');
        Self { stdout: String::new(), stderr, exit, parting: None }
    }
}

/// Runs one command line. The strings it returns may hold colours; who writes them takes those out where none are wanted.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Done {
    run_words(args.into_iter().collect())
}

/// Not generic, so that all of the program is compiled once and here, not a second time in every crate that calls [`run`].
fn run_words(args: Vec<OsString>) -> Done {
    let cli = match cli::Cli::typed(args) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let stderr = error.render().ansi().to_string();
            return Done { stdout: String::new(), stderr, exit: Exit::Usage, parting: None };
        }
        Err(help) => return Done::new(Exit::Ok, help.render().ansi().to_string()),
    };
    let directives = std::env::var("INBOXED_LOG").ok();
    if let Err(fault) = log::start(directives.as_deref(), cli.global.verbose) {
        return Done::failed(Exit::BadInput, &fault);
    }
    // Another provider may already be installed by an embedding test; both are ring.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Done::failed(Exit::Internal, &format!("start the runtime: {error}")),
    };
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(command::execute(cli))));
    // A look-up of a host that hangs in the system must not keep the process from ending.
    runtime.shutdown_timeout(LAST_PATIENCE);
    match ended {
        Ok(ended) => {
            let done = match ended.outcome {
                Ok(outcome) => Done::new(outcome.exit, outcome.stdout),
                Err(failure) => Done::failed(failure.exit, &format!("{:#}", failure.error)),
            };
            Done { parting: ended.parting, ..done }
        }
        Err(_panic) => {
            Done::failed(Exit::Internal, "a fault of the program itself; `-v` logs its place, please report it")
        }
    }
}

/// How long work that cannot be cancelled may go on after the verb has ended.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

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

    fn typed(words: &[&str]) -> Done {
        run(std::iter::once("inboxed").chain(words.iter().copied()).map(OsString::from))
    }

    #[test]
    fn a_wrong_command_line_is_64_and_help_is_0() {
        for words in [
            &[][..],
            &["frobnicate"],
            &["run", "--wait", "soon"],
            &["run", "--wait", "0s"],
            &["run", "--label", "last"],
            &["sweep"],
            &["show", "last~"],
            &["show", "1", "anna"],
            &["--config"],
        ] {
            let done = typed(words);
            assert_eq!((done.exit, done.stdout.as_str()), (Exit::Usage, ""), "{words:?}");
            assert!(!done.stderr.is_empty(), "{words:?}");
        }
        for words in [&["--help"][..], &["help", "run"], &["run", "--help"], &["--version"]] {
            let done = typed(words);
            assert_eq!((done.exit, done.stderr.as_str()), (Exit::Ok, ""), "{words:?}");
            assert!(!done.stdout.is_empty(), "{words:?}");
        }
        let help = typed(&["--help"]).stdout;
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains("neither SES nor any other sending service can see the folder"), "{help}");
    }

    #[test]
    fn a_missing_configuration_is_65_with_one_sentence_and_nothing_on_stdout() {
        for words in [&["seeds", "list"][..], &["runs"], &["run"], &["sweep", "last"], &["show", "1"]] {
            let done = typed(&[words, &["--json", "--config", "nowhere/inboxed.toml"]].concat());
            assert_eq!((done.exit, done.stdout.as_str()), (Exit::BadInput, ""), "{words:?}");
            assert_eq!(
                done.stderr,
                "inboxed: nowhere/inboxed.toml: cannot be read: No such file or directory (os error 2); run `inboxed init` \
                 to write one\n"
            );
        }
    }

    #[test]
    fn from_64_on_stdout_stays_empty_except_after_an_interrupt() {
        for (exit, kept) in [(Exit::TooFew, "x"), (Exit::BadInput, ""), (Exit::Locked, ""), (Exit::Interrupted, "x")] {
            assert_eq!(Done::new(exit, "x".to_owned()).stdout, kept, "{exit:?}");
        }
    }

    #[test]
    fn a_fault_cannot_steer_the_terminal() {
        let done = Done::failed(Exit::Unreachable, "one\ntwo \u{1b}[2J\u{202e}");
        assert_eq!(done.stderr, "inboxed: one\ntwo <U+001B>[2J<U+202E>\n");
    }
}
