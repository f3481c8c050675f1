//! The remains of a demo: its database and its files, without the lab that answered.

use anyhow::anyhow;

use super::{Context, Failure};
use crate::Exit;
use crate::config::Config;

/// Whether the lab that this configuration names is no more: it lives no longer than the demo that wrote it.
pub(crate) fn is_gone(context: &Context, config: &Config) -> bool {
    config.of_demo && !context.simulated
}

/// Refuses what needs a lab that ended with its demo, before a hundred connections are refused one by one.
pub(crate) fn refuse_gone_lab(context: &Context, config: &Config) -> Result<(), Failure> {
    if !is_gone(context, config) {
        return Ok(());
    }
    Err(Failure {
        exit: Exit::Unreachable,
        error: anyhow!(
            "{} was written by `inboxed demo`, and the lab that answered for SES, DNS and the mailboxes ended with it: nothing \
             can be checked, sent or looked for here\n  what it left can be read: runs, show last, compare --change last, \
             diagnose, status, plan, dns diff, report\n  for your own mail: inboxed init mail",
            config.file.display()
        ),
    })
}
