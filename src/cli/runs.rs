//! What the verbs take that make runs and tell of them: `run`, `sweep`, `show`, `inspect`, `compare`, `report`, `plan`,
//! `recover`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::word::{address, chance, drop_in_points, label, language, run_choice, selection, stream_name, wait};
use crate::domain::language::Language;
use crate::domain::run::{Label, RunChoice};
use crate::domain::seed::Address;
use crate::domain::selection::Selection;
use crate::domain::stream::StreamName;

/// One run.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The streams; all of them when none is named.
    #[arg(value_name = "STREAM", value_parser = stream_name)]
    pub(crate) streams: Vec<StreamName>,
    /// How long to watch for each probe, such as 90s, 15m or 2h; by default `[run] wait`.
    #[arg(long, value_name = "DURATION", value_parser = wait)]
    pub(crate) wait: Option<Duration>,
    /// A label for the run, by which `show` and `compare` find it.
    #[arg(long, value_name = "TEXT", value_parser = label)]
    pub(crate) label: Option<Label>,
    /// Check everything on this machine and say what would be sent; connects to nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Make the run only if the present period of `[schedule]` still lacks it. For timers.
    #[arg(long, hide = true, conflicts_with_all = ["streams", "dry_run"])]
    pub(crate) scheduled: bool,
}

/// Which run to look at again.
#[derive(Debug, Args)]
pub(crate) struct SweepArgs {
    /// A number, `last`, `last~N`, or a label that one run bears.
    #[arg(value_parser = run_choice)]
    pub(crate) run: RunChoice,
}

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A number, `last`, `last~N`, or a label that one run bears.
    #[arg(value_parser = run_choice)]
    pub(crate) run: RunChoice,
    /// One seed's address: its probe's whole story.
    #[arg(value_parser = address)]
    pub(crate) seed: Option<Address>,
}

/// What to look into.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The message's source, as "Show original" or "View source" of a mail program saves it; `-` for standard input.
    /// Only its header is read.
    pub(crate) file: PathBuf,
    /// Who received it, by the name of a preset such as gmail or outlook; else its Received lines tell.
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
}

/// What to compare.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("sides").required(true).args(["before", "change"]),
    override_usage = "inboxed compare --before <SEL> --after <SEL> [--stream <STREAM>]\n       \
                      inboxed compare --change last [--stream <STREAM>]"
)]
pub(crate) struct CompareArgs {
    /// The runs before, such as 1,2,3; given together with --after.
    #[arg(long, value_name = "SEL", value_parser = selection, requires = "after")]
    pub(crate) before: Option<Selection>,
    /// The runs after, such as last,last~1.
    #[arg(long, value_name = "SEL", value_parser = selection, requires = "before")]
    pub(crate) after: Option<Selection>,
    /// The runs around the latest change of DNS, up to eight weeks on each side.
    #[arg(long, value_name = "WHICH", conflicts_with_all = ["before", "after"])]
    pub(crate) change: Option<ChangeChoice>,
    /// The stream; needed where there are several.
    #[arg(long, value_parser = stream_name)]
    pub(crate) stream: Option<StreamName>,
}

/// Which change of DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ChangeChoice {
    /// The latest one.
    Last,
}

/// What to draw.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// One stream; all of them when none is named.
    #[arg(long, value_parser = stream_name)]
    pub(crate) stream: Option<StreamName>,
    /// How far back, such as 12w, from the newest run on, so that the same data give the same report on any day; everything
    /// by default.
    #[arg(long, value_name = "DURATION", value_parser = wait)]
    pub(crate) since: Option<Duration>,
    /// The directory; `reports` of the configuration by default.
    #[arg(long, value_name = "DIR", conflicts_with = "show")]
    pub(crate) out: Option<PathBuf>,
    /// The language of the report: `en` or `de`.
    #[arg(long, value_name = "LANG", default_value = "en", value_parser = language)]
    pub(crate) lang: Language,
    /// Make this alone; may be given several times, or with commas between. Everything by default.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', conflicts_with = "show")]
    pub(crate) only: Vec<Part>,
    /// Print the trends as text instead of writing files.
    #[arg(long)]
    pub(crate) show: bool,
}

/// What a report is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Placement over time, PNG.
    Trend,
    /// What changed around the last change of DNS, PNG.
    BeforeAfter,
    /// Every seed over the last runs, PNG.
    Seeds,
    /// Arrival over time, PNG.
    Latency,
    /// The page.
    Html,
    /// The figures as CSV.
    Csv,
    /// The figures as JSON.
    Json,
}

/// What is to be seen.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The drop, in points of the inbox rate: 10 is a fall from 90 % to 80 %.
    #[arg(long, value_name = "POINTS", default_value = "10", value_parser = drop_in_points)]
    pub(crate) drop: f64,
    /// The chance of seeing it, a share between 0 and 1.
    #[arg(long, value_name = "SHARE", default_value = "0.8", value_parser = chance)]
    pub(crate) power: f64,
    /// The stream whose history tells of rates and weeks; by default the first of the newest run.
    #[arg(long, value_parser = stream_name)]
    pub(crate) stream: Option<StreamName>,
}

/// Which recovery.
#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    /// The day that the recovery began. Without it a plan is made only where something needs recovery, from today on.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) start: Option<jiff::civil::Date>,
    /// The stream whose runs count; all of them when none is named.
    #[arg(long, value_parser = stream_name)]
    pub(crate) stream: Option<StreamName>,
}
