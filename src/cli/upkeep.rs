//! What the verbs take that carry results in and out, copy, prune and document.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::word::wait;

/// What to import.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The file; JSON where it begins with a brace or a bracket, else CSV.
    pub(crate) file: PathBuf,
}

/// Where to copy to.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The copy; it must not exist yet.
    pub(crate) file: PathBuf,
}

/// Which runs to remove.
#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// Runs that began longer ago than this, such as 2y.
    #[arg(long, value_name = "DURATION", value_parser = wait)]
    pub(crate) older: Duration,
    /// Say what would be removed, and remove nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Which shell.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

/// Where to write manual pages.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// A directory for one page a verb; without it the main page goes to standard output.
    pub(crate) dir: Option<PathBuf>,
}
