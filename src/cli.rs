//! What was typed: the command line, nothing of what it means.
//!
//! Here stand the verbs and what all of them take; what each takes besides stands in the files below.

mod runs;
mod set_up;
mod unattended;
mod upkeep;
mod word;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::Resettable;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub(crate) use runs::{
    CompareArgs, InspectArgs, Part, PlanArgs, RecoverArgs, ReportArgs, RunArgs, ShowArgs, SweepArgs,
};
pub(crate) use set_up::{
    CheckArgs, DemoArgs, DnsAction, DnsArgs, ImportSeedsArgs, InitArgs, SeedsAction, SeedsArgs, SignInArgs,
};
pub(crate) use unattended::{
    Accepted, AlertsAction, AlertsArgs, InstallArgs, ScheduleAction, ScheduleArgs, Starter, StatusArgs, UnitArgs,
};
pub(crate) use upkeep::{BackupArgs, CompletionsArgs, ImportArgs, ManArgs, PruneArgs};
pub(crate) use word::duration;

/// Find out where mail sent through Amazon SES landed: inbox, tab, spam, elsewhere or nowhere.
///
/// SES reports that a message was delivered; neither SES nor any other sending service can see the folder. inboxed sends
/// tagged test messages through SES to seed mailboxes that you own, signs in to them over IMAP, finds each message, and
/// keeps where it lay with the evidence for it.
#[derive(Debug, Parser)]
#[command(name = "inboxed", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// Options that every verb takes.
    #[command(flatten)]
    pub(crate) global: Global,
    /// The verb.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

impl Cli {
    /// What was typed. A variable of the environment that is set to nothing counts as not set.
    pub(crate) fn typed(args: Vec<OsString>) -> Result<Self, clap::Error> {
        let mut command = without_empty_variables(Self::command());
        let mut matches = command.try_get_matches_from_mut(args)?;
        Self::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
    }
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |arg: &clap::Arg| {
        let value = arg.get_env().and_then(std::env::var_os);
        value.is_some_and(|value| value.is_empty())
    };
    let command = command.mut_args(|arg| if is_empty(&arg) { arg.env(Resettable::Reset) } else { arg });
    command.mut_subcommands(without_empty_variables)
}

/// Where `--help` lists what every verb takes: behind what is a verb's own.
const EVERY: &str = "Options of every verb";

/// Options that every verb takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The configuration file.
    #[arg(long, global = true, help_heading = EVERY, value_name = "FILE", default_value = "inboxed.toml", env = "INBOXED_CONFIG")]
    pub(crate) config: PathBuf,
    /// Print one JSON document on standard output, and nothing else there.
    #[arg(long, global = true, help_heading = EVERY)]
    pub(crate) json: bool,
    /// Print no progress and no notes.
    #[arg(long, short, global = true, help_heading = EVERY)]
    pub(crate) quiet: bool,
    /// Log what is done, to standard error; twice for more.
    #[arg(short, long, global = true, help_heading = EVERY, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Write a commented configuration, an example seed list and an example message; overwrites nothing.
    Init(InitArgs),
    /// See the whole job in half a minute, without any account: a lab on this machine plays SES and three providers.
    Demo(DemoArgs),
    /// Prove that a run would work, before anything is sent: messages, SES, DNS, each seed's sign-in and folders.
    Check(CheckArgs),
    /// List the seeds, add many from a CSV file, or sign one in by OAuth.
    Seeds(SeedsArgs),
    /// Send one test message of each stream to each seed, and say where every one of them landed.
    ///
    /// A run notes where each mailbox stands, sends through SES, watches the mailboxes until every message is found or its
    /// time is up, stores what was seen, and judges it. Exit codes: 0 healthy, 1 warning, 2 critical, 3 too few measured,
    /// 65 wrong configuration, 69 SES not reached, 75 another run at work, 130 interrupted (`sweep last` finishes it).
    Run(RunArgs),
    /// Look again at an earlier run, and finish one that was cut off. Never sends.
    Sweep(SweepArgs),
    /// List the runs with their inbox rates, newest first.
    Runs,
    /// Show one run in full with its evidence, or the whole story of one seed in it.
    Show(ShowArgs),
    /// Judge, record and compare what DNS publishes about a sender.
    Dns(DnsArgs),
    /// Explain one received message: who it says it is from, what was verified, what the filter wrote.
    Inspect(InspectArgs),
    /// Learn whether placement changed between two sets of runs, or around the latest change of DNS, and how sure that is.
    ///
    /// SEL names runs by parts with commas between: a number, `last`, `last~N` (so many before the last), a label (all runs
    /// that bear it), or days such as 2026-11-01..2026-11-30 (UTC, both included, either may be left out). Runs 1 to 3 are
    /// `1,2,3`.
    Compare(CompareArgs),
    /// Get charts and one page to show around (PNG, HTML), and the figures as CSV and JSON; or the trend as text.
    Report(ReportArgs),
    /// Have a run made every week: print what a systemd timer, cron or launchd needs for it, or install it.
    Schedule(ScheduleArgs),
    /// Make each run when it is due, in the foreground, as a container wants it.
    Daemon,
    /// Learn how small a drop your seeds can show, and how many seeds and runs it takes to see one.
    Plan(PlanArgs),
    /// Add results from a file of CSV or JSON: of `export`, or another tool's history.
    ///
    /// Needed for each result: `started_at`, `stream`, `seed`, `provider` and `placement` (inbox, promotions, spam,
    /// elsewhere, missing, or nothing where it was not measured). Also read: `run_id`, `label`, `state`, `tab`, `folder`,
    /// `arrived_at`, `latency_ms`, `why`, and `simulated` (true where the lab answered). The same run, stream and seed are
    /// the same probe, so that importing twice adds nothing. Rows without a run's number are one run where they bear the
    /// same label and follow each other within an hour, until a stream and seed come a second time. Either all results of
    /// the file are added or none.
    Import(ImportArgs),
    /// Print every result as CSV, or with --json as JSON, for `import` and for other programs.
    Export,
    /// Learn what is at fault where mail is filed low: a provider, a stream, its content or identity; and the next step.
    ///
    /// Over the last three runs of each stream, each finding with its evidence and its doubt.
    Diagnose,
    /// Get a sender out of the spam folder: a dated plan of volumes and tests, how far it has come, what to do today.
    Recover(RecoverArgs),
    /// See at a glance whether anything needs you: last run, trends, schedule, alerts. For machines as metrics.
    Status(StatusArgs),
    /// Send a test alert to everybody whom `[[alert]]` names.
    Alerts(AlertsArgs),
    /// Copy the database while runs may go on.
    Backup(BackupArgs),
    /// Remove old runs with everything they hold.
    Prune(PruneArgs),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for each verb into a directory.
    Man(ManArgs),
}

/// The program itself, as a timer is to start it.
pub(crate) fn program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// What to type in a shell to call the program again.
pub(crate) fn called() -> String {
    let first = std::env::args_os().next().unwrap_or_default();
    let own = program().and_then(std::fs::canonicalize).unwrap_or_default();
    name_of_call(Path::new(&first), std::env::var_os("PATH").as_deref(), &own)
}

/// `inboxed` where PATH leads to this very program, else as it was called.
fn name_of_call(first: &Path, path: Option<&OsStr>, own: &Path) -> String {
    const NAME: &str = "inboxed";
    let found = path.and_then(|path| std::env::split_paths(path).map(|dir| dir.join(NAME)).find(|one| one.is_file()));
    let is_on_path = found.and_then(|one| one.canonicalize().ok()).is_some_and(|one| one == own);
    if first.as_os_str().is_empty() || is_on_path {
        return NAME.to_owned();
    }
    shell_words::quote(&first.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn the_program_is_called_by_its_name_only_where_that_finds_it() {
        let dir = tempfile::tempdir().unwrap();
        let [on_path, built] = ["bin", "target release"].map(|name| dir.path().canonicalize().unwrap().join(name));
        for place in [&on_path, &built] {
            std::fs::create_dir(place).unwrap();
        }
        let own = built.join("inboxed");
        std::fs::write(&own, "").unwrap();
        let call = |first: &str, path: &Path| name_of_call(Path::new(first), Some(path.as_os_str()), &own);
        assert_eq!(call("target/release/inboxed", &on_path), "target/release/inboxed");
        assert_eq!(call(own.to_str().unwrap(), &on_path), format!("'{}'", own.display()));
        std::fs::write(on_path.join("inboxed"), "another one").unwrap();
        assert_eq!(call("target/release/inboxed", &on_path), "target/release/inboxed");
        std::fs::remove_file(on_path.join("inboxed")).unwrap();
        std::os::unix::fs::symlink(&own, on_path.join("inboxed")).unwrap();
        assert_eq!(call("target/release/inboxed", &on_path), "inboxed");
        assert_eq!(name_of_call(Path::new("target/release/inboxed"), None, &own), "target/release/inboxed");
    }
}
