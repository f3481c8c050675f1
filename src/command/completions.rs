//! `completions`: what a shell needs to complete our command lines.

use clap::CommandFactory as _;

use super::{Context, Failure, Outcome};
use crate::cli::{Cli, CompletionsArgs};
use crate::render::json::document;

/// Runs the verb.
pub(crate) fn execute(context: &Context, args: &CompletionsArgs) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "inboxed", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    if !context.json {
        return Ok(Outcome::ok(script));
    }
    let told = document(&serde_json::json!({"shell": args.shell.to_string(), "script": script}));
    told.map(Outcome::ok).map_err(Failure::internal)
}
