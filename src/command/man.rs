//! `man`: the manual pages.

use anyhow::Context as _;
use clap::CommandFactory as _;

use super::{Failure, Outcome};
use crate::cli::{Cli, ManArgs};

/// Runs the verb: the main page to standard output, or one page a verb into a directory.
pub(crate) fn execute(args: &ManArgs) -> Result<Outcome, Failure> {
    let command = Cli::command();
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).context("write the manual page").map_err(Failure::internal)?;
        return Ok(Outcome::ok(String::from_utf8_lossy(&page).into_owned()));
    };
    let written = std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir));
    written.with_context(|| format!("write manual pages into {}", dir.display())).map_err(Failure::bad_input)?;
    Ok(Outcome::ok(format!("manual pages written to {}\n", dir.display())))
}
