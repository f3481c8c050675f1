//! `completions`: what a shell needs to complete our command lines.

use clap::CommandFactory as _;

use super::Outcome;
use crate::cli::{Cli, CompletionsArgs};

/// Runs the verb.
pub(crate) fn execute(args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "inboxed", &mut script);
    Outcome::ok(String::from_utf8_lossy(&script).into_owned())
}
