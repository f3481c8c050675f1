//! What was typed: the command line, nothing of what it means.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::dns::name::DomainName;
use crate::domain::language::Language;
use crate::domain::oauth::Flow;
use crate::domain::provider::ProviderName;
use crate::domain::run::{Label, RunChoice};
use crate::domain::seed::Address;
use crate::domain::selection::Selection;
use crate::domain::stream::StreamName;

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

/// Options that every verb takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE", default_value = "inboxed.toml", env = "INBOXED_CONFIG")]
    pub(crate) config: PathBuf,
    /// Print one JSON document on standard output, and nothing else there.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no progress and no notes.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Log what is done, to standard error; twice for more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Write a commented configuration, an example seed list and an example message; overwrites nothing.
    Init(InitArgs),
    /// Show the whole job without any account: a lab on this machine answers for SES and three providers.
    Demo(DemoArgs),
    /// Prove the set-up before anything is sent: messages, SES, and each seed's sign-in and folders.
    Check(CheckArgs),
    /// List the seeds, or sign one in.
    Seeds(SeedsArgs),
    /// Make one run of all or the named streams: baseline, send, watch, judge, store, say.
    Run(RunArgs),
    /// Look again at an earlier run, and finish one that was cut off. Never sends.
    Sweep(SweepArgs),
    /// List the runs, newest first.
    Runs,
    /// Show one run in full, or one probe's whole story.
    Show(ShowArgs),
    /// Tell what DNS says of a sender's domain, record it, and tell what changed and when.
    Dns(DnsArgs),
    /// Tell what one received message's header testifies: authentication, stamps, identity, road.
    Inspect(InspectArgs),
    /// Compare two sets of runs of one stream, or the runs around its latest change of DNS.
    ///
    /// SEL is a list of parts separated by commas: a number, `last`, `last~N`, a label (all runs that bear it), or days such
    /// as 2026-11-01..2026-11-30 (UTC, both included, either may be left out).
    Compare(CompareArgs),
    /// Write charts, one page of HTML, CSV and JSON about each stream; or show the trends as text.
    Report(ReportArgs),
    /// Weekly runs by a systemd timer, cron or launchd: print what it takes, or install it.
    Schedule(ScheduleArgs),
    /// Wait in the foreground and make each run when it is due.
    Daemon,
    /// Tell how many seeds and runs it takes to see a drop, and what today's seeds can show at all.
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
    /// Say where trouble lies, with the evidence, the doubt and the next step.
    Diagnose,
    /// Plan the way back for a sender that was filed as spam, and say what to do today.
    Recover(RecoverArgs),
    /// Say how things stand, for machines: the last run, the trends, the schedule, the alerts.
    Status(StatusArgs),
    /// What is told to whom: send a test alert.
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

/// Where to write the first configuration.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The directory; made if it does not exist.
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
}

/// Where to leave the demo.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The directory; `inboxed-demo` by default.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// How to check.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Sign in also to seeds that are left alone because they refused the same secret twice.
    #[arg(long)]
    pub(crate) again: bool,
}

/// What to do with the seed list.
#[derive(Debug, Args)]
pub(crate) struct SeedsArgs {
    /// The action.
    #[command(subcommand)]
    pub(crate) action: SeedsAction,
}

/// Actions on the seed list.
#[derive(Debug, Subcommand)]
pub(crate) enum SeedsAction {
    /// One line for each seed: provider, server, how it signs in and where its secret comes from.
    List,
    /// Add seeds in bulk from a CSV file with the columns address, provider, login, auth, secret and labels.
    ///
    /// Only `address` must be there. The provider is guessed from the domain where it is empty; `secret` says where the
    /// secret lies (`env:NAME`, `file:PATH`, `command:PROGRAM` or `keyring:ENTRY`; a path is relative to the CSV file) and
    /// is never the secret itself; labels are parted by ';'. A row that is wrong is named by its line and left out.
    Import(ImportSeedsArgs),
    /// Sign a seed in by OAuth: tells what to do, keeps the tokens, and opens the mailbox to prove it.
    SignIn(SignInArgs),
}

/// Which sheet to import.
#[derive(Debug, Args)]
pub(crate) struct ImportSeedsArgs {
    /// The CSV file.
    pub(crate) file: PathBuf,
}

/// Which seed to sign in, and how.
#[derive(Debug, Args)]
pub(crate) struct SignInArgs {
    /// The seed's address.
    #[arg(value_parser = address)]
    pub(crate) seed: Address,
    /// How: device (type in a code), loopback (a browser on this machine) or app (the client by itself); by default what
    /// the seed or its provider says.
    #[arg(long, value_name = "FLOW", value_parser = flow)]
    pub(crate) flow: Option<Flow>,
}

/// What to do about DNS.
#[derive(Debug, Args)]
pub(crate) struct DnsArgs {
    /// The action.
    #[command(subcommand)]
    pub(crate) action: DnsAction,
}

/// Actions on DNS.
#[derive(Debug, Subcommand)]
pub(crate) enum DnsAction {
    /// Judge SPF, DKIM, DMARC, the MAIL FROM domain and the sending addresses, each with the record to publish.
    Check {
        /// The domain in From; those of all streams when none is named.
        #[arg(value_parser = domain)]
        domain: Option<DomainName>,
    },
    /// Record what a sender publishes now, and say what differs from the last time. Every run does so by itself.
    Snapshot {
        /// The domain in From; those of all streams when none is named.
        #[arg(value_parser = domain)]
        domain: Option<DomainName>,
    },
    /// List what changed between the snapshots, each change with the time within which it happened.
    Diff {
        /// The domain in From; those of all streams when none is named.
        #[arg(value_parser = domain)]
        domain: Option<DomainName>,
    },
}

/// One run.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The streams; all of them when none is named.
    #[arg(value_name = "STREAM", value_parser = stream_name)]
    pub(crate) streams: Vec<StreamName>,
    /// How long to watch for each probe, such as 90s, 15m or 2h; by default `[run] wait`.
    #[arg(long, value_name = "DURATION", value_parser = wait)]
    pub(crate) wait: Option<Duration>,
    /// A label for the run.
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
    /// The message's source; `-` for standard input. Only its header is read.
    pub(crate) file: PathBuf,
    /// Who received it, by the name of a preset such as gmail or outlook; else its Received lines tell.
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
}

/// What to compare.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("sides").required(true).args(["before", "change"]))]
pub(crate) struct CompareArgs {
    /// The runs before.
    #[arg(long, value_name = "SEL", value_parser = selection, requires = "after")]
    pub(crate) before: Option<Selection>,
    /// The runs after.
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
    /// How far back, such as 12w; everything by default.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) since: Option<Duration>,
    /// The directory; `reports` of the configuration by default.
    #[arg(long, value_name = "DIR")]
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

/// Which recovery.
#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    /// The day it began; today by default.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) start: Option<jiff::civil::Date>,
    /// The stream whose runs count; all of them when none is named.
    #[arg(long, value_parser = stream_name)]
    pub(crate) stream: Option<StreamName>,
}

/// What to say and where.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Write metrics into this file, for Prometheus' textfile collector, and print nothing.
    #[arg(long, value_name = "FILE", conflicts_with = "listen")]
    pub(crate) metrics: Option<PathBuf>,
    /// Take what a stream does now, at one provider or at all, for its new ordinary: the alarm against its own past starts over.
    #[arg(long, value_name = "STREAM[:PROVIDER]", conflicts_with_all = ["metrics", "listen"], value_parser = Accepted::parse)]
    pub(crate) accept_change: Option<Accepted>,
    /// Answer GET /metrics at this address of this machine, such as 127.0.0.1:9464, until stopped.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<std::net::SocketAddr>,
}

/// A stream, at one provider or at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// The stream.
    pub(crate) stream: StreamName,
    /// The provider; `None` for all.
    pub(crate) provider: Option<ProviderName>,
}

impl Accepted {
    fn parse(text: &str) -> Result<Self, String> {
        let (stream, provider) =
            text.split_once(':').map_or((text, None), |(stream, provider)| (stream, Some(provider)));
        let named = |name| ProviderName::new(name).ok_or_else(|| format!("{name:?} is no provider, such as gmail"));
        Ok(Self {
            stream: StreamName::new(stream).ok_or_else(|| format!("{stream:?} is no name of a stream"))?,
            provider: provider.map(named).transpose()?,
        })
    }
}

impl std::fmt::Display for Accepted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.provider {
            Some(provider) => write!(out, "{} at {}", self.stream, provider.as_str()),
            None => write!(out, "{}", self.stream),
        }
    }
}

/// What to do about alerts.
#[derive(Debug, Args)]
pub(crate) struct AlertsArgs {
    /// The action.
    #[command(subcommand)]
    pub(crate) action: AlertsAction,
}

/// Actions on alerts.
#[derive(Debug, Subcommand)]
pub(crate) enum AlertsAction {
    /// Send one test alert to every receiver, and say who was reached.
    Test,
}

/// What to do about the schedule.
#[derive(Debug, Args)]
pub(crate) struct ScheduleArgs {
    /// The action.
    #[command(subcommand)]
    pub(crate) action: ScheduleAction,
}

/// Actions on the schedule.
#[derive(Debug, Subcommand)]
pub(crate) enum ScheduleAction {
    /// Print the unit files, the crontab lines or the property list.
    Print(UnitArgs),
    /// Write them where they belong and switch them on; a file of somebody else is left as it is.
    Install(InstallArgs),
}

/// Who starts the runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Starter {
    /// A systemd timer.
    Systemd,
    /// A line in the crontab.
    Cron,
    /// A launchd agent (macOS).
    Launchd,
}

/// Which units.
#[derive(Debug, Clone, Args)]
pub(crate) struct UnitArgs {
    /// Who starts the runs; systemd by default, launchd on macOS.
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) kind: Option<Starter>,
    /// For the whole machine instead of this user.
    #[arg(long)]
    pub(crate) system: bool,
    /// A systemd service that runs `daemon` instead of a timer.
    #[arg(long)]
    pub(crate) daemon: bool,
    /// The name of the units, where several configurations share a machine.
    #[arg(long, value_name = "NAME", default_value = "inboxed", value_parser = unit_name)]
    pub(crate) name: String,
    /// The AWS credentials file that the service is given; by default the one of the user, if there is one.
    #[arg(long, value_name = "FILE", env = "AWS_SHARED_CREDENTIALS_FILE")]
    pub(crate) aws_credentials: Option<PathBuf>,
    /// The user's own directory.
    #[arg(long, env = "HOME", hide = true)]
    pub(crate) home: Option<PathBuf>,
    /// Where the user's configuration lies.
    #[arg(long, env = "XDG_CONFIG_HOME", hide = true)]
    pub(crate) config_home: Option<PathBuf>,
}

/// Which units, and where to.
#[derive(Debug, Clone, Args)]
pub(crate) struct InstallArgs {
    /// Which units.
    #[command(flatten)]
    pub(crate) unit: UnitArgs,
    /// Write the files into this directory and switch nothing on.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// What is to be seen.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The drop, in points of the inbox rate.
    #[arg(long, value_name = "POINTS", default_value = "10", value_parser = drop_in_points)]
    pub(crate) drop: f64,
    /// The chance of seeing it.
    #[arg(long, value_name = "SHARE", default_value = "0.8", value_parser = chance)]
    pub(crate) power: f64,
    /// The stream whose history tells of rates and weeks; by default the first of the newest run.
    #[arg(long, value_parser = stream_name)]
    pub(crate) stream: Option<StreamName>,
}

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
    /// Older than this, such as 2y.
    #[arg(long, value_name = "DURATION", value_parser = wait)]
    pub(crate) older: Duration,
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

fn stream_name(text: &str) -> Result<StreamName, String> {
    StreamName::new(text).ok_or_else(|| "a stream's name is a letter, then letters, digits, '.', '_' or '-'".to_owned())
}

/// A name that systemd, launchd and a crontab's comment all take.
fn unit_name(text: &str) -> Result<String, String> {
    let fits = crate::domain::run::is_plain_name(text);
    if fits { Ok(text.to_owned()) } else { Err("a letter, then letters, digits, '.', '_' or '-'".to_owned()) }
}

/// The program itself, as a timer is to start it.
pub(crate) fn program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

fn label(text: &str) -> Result<Label, String> {
    Label::new(text).ok_or_else(|| {
        "a label is a letter, then letters, digits, '.', '_' or '-', without '..', and not 'last'".to_owned()
    })
}

fn drop_in_points(text: &str) -> Result<f64, String> {
    let points = text.parse().ok().filter(|points: &f64| *points > 0.0 && *points <= 100.0);
    points.ok_or_else(|| "a drop is a number of points above 0 and up to 100, such as 10".to_owned())
}

fn chance(text: &str) -> Result<f64, String> {
    let chance = text.parse().ok().filter(|chance: &f64| *chance > 0.0 && *chance < 1.0);
    chance.ok_or_else(|| "a chance is a share between 0 and 1, such as 0.8".to_owned())
}

fn selection(text: &str) -> Result<Selection, String> {
    Selection::new(text)
}

fn language(text: &str) -> Result<Language, String> {
    Language::of_tag(text).ok_or_else(|| "reports are written in 'en' or 'de'".to_owned())
}

fn run_choice(text: &str) -> Result<RunChoice, String> {
    RunChoice::new(text).ok_or_else(|| "a run is named by its number, 'last', 'last~N' or a label".to_owned())
}

fn address(text: &str) -> Result<Address, String> {
    Address::new(text).ok_or_else(|| "not an e-mail address".to_owned())
}

fn domain(text: &str) -> Result<DomainName, String> {
    DomainName::typed(text).ok_or_else(|| "not a domain; write one such as shop.example".to_owned())
}

fn flow(text: &str) -> Result<Flow, String> {
    Flow::of_word(text).ok_or_else(|| "a flow is device, loopback or app".to_owned())
}

/// A time to watch. Without any, every probe would be missing before it could arrive.
fn wait(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be longer than 0s".to_owned()),
        wait => Ok(wait),
    }
}

/// A duration: a whole number and one of `s m h d w y`, a year being 365 days.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is not a duration; write a number and s, m, h, d, w or y, such as 90s or 15m");
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        'y' => 31_536_000,
        _ => return Err(wrong()),
    };
    let digits = text.strip_suffix(unit).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    count.checked_mul(seconds).filter(|all| *all <= 520 * 604_800).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("2h", 7_200),
            ("7d", 604_800),
            ("12w", 7_257_600),
            ("2y", 63_072_000),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "s", "15", "1.5h", "-3m", "15 m", "15min", "99999999999999999999s", "9999999w", "1é"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
