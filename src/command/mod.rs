//! One verb per file: gather facts, ask the domain, return one output value.

mod alerts;
mod almanac;
mod board;
mod check;
mod compare;
mod completions;
mod daemon;
mod demo;
mod diagnose;
mod dns;
mod dry_run;
mod ending;
mod exchange;
mod field;
mod grants;
mod history;
mod init;
pub(crate) mod inspect;
mod interrupt;
mod judgement;
mod man;
mod outcome;
mod placements;
mod plan;
mod preflight;
mod preparation;
mod recover;
mod remains;
mod report;
mod run;
mod runs;
mod schedule;
mod scheduled;
mod seeds;
mod send;
mod show;
mod sign_in;
mod status;
mod sweep;
mod tallies;
mod upkeep;
mod watch;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use crate::Exit;
use crate::cli::{AlertsAction, Cli, ScheduleAction, SeedsAction, Verb};
use crate::edge::clock::Clock;
use crate::edge::store::{Lock, StoreFault};
use crate::render::table::Screen;

/// What every verb knows of its surroundings.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line, and none depends on another")]
pub(crate) struct Context {
    /// The configuration file.
    pub(crate) config_path: PathBuf,
    /// Whether one JSON document is wanted.
    pub(crate) json: bool,
    /// What tables are printed on.
    pub(crate) screen: Screen,
    /// The clock.
    pub(crate) clock: Clock,
    /// Whether bars and notes may be shown on standard error.
    pub(crate) progress: bool,
    /// Whether notes are unwanted.
    pub(crate) quiet: bool,
    /// Whether the lab answers instead of real providers.
    pub(crate) simulated: bool,
}

impl Context {
    /// Says something on standard error that is no result.
    pub(crate) fn note(&self, note: &str) {
        if !self.quiet {
            let note = crate::render::plain::plain(note, 400);
            let _ = writeln!(anstream::stderr(), "note: {note}");
        }
    }
}

/// What a verb prints and how the process ends.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The end.
    pub(crate) exit: Exit,
    /// For standard output.
    pub(crate) stdout: String,
}

impl Outcome {
    /// Done, whatever the figures.
    pub(crate) fn ok(stdout: String) -> Self {
        Self { exit: Exit::Ok, stdout }
    }
}

/// Why a verb could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The end.
    pub(crate) exit: Exit,
    /// What happened, outermost first.
    pub(crate) error: anyhow::Error,
}

impl Failure {
    /// The input or the configuration is wrong.
    pub(crate) fn bad_input(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::BadInput, error: error.into() }
    }

    /// The lock of a verb that works on runs; held by another process, it ends this one.
    pub(crate) fn locked(taken: Result<Option<Lock>, StoreFault>) -> Result<Lock, Self> {
        taken.map_err(Self::bad_input)?.ok_or_else(|| Self {
            exit: Exit::Locked,
            error: anyhow::anyhow!("another run is at work on this database; wait for it to end"),
        })
    }

    /// The wish to stop, heard at a moment when there was nothing yet to print.
    pub(crate) fn interrupted(when: &str) -> Self {
        Self { exit: Exit::Interrupted, error: anyhow::anyhow!("interrupted {when}") }
    }

    /// A fault of the program or of the machine.
    pub(crate) fn internal(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Internal, error: error.into() }
    }
}

/// How a command line ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// What is printed, or why there is nothing.
    pub(crate) outcome: Result<Outcome, Failure>,
    /// What is still to be done once that is printed.
    pub(crate) parting: Option<Parting>,
}

/// Work for after the printing: telling those who are to be told of a run.
#[derive(Debug)]
pub(crate) struct Parting {
    context: Context,
    /// Whether the schedule started it, so that a run which is owed and cannot be made is to be told.
    unattended: bool,
}

impl Parting {
    /// Does it, within a short time, unless the process is asked to stop.
    pub(crate) async fn settle(self) {
        let interrupt = interrupt::Interrupt::listen();
        tokio::select! {
            () = alerts::settle(&self.context, self.unattended) => {}
            () = interrupt.wait() => {}
        }
        ending::fold_database(&self.context.config_path).await;
    }
}

/// Carries out one command line.
pub(crate) async fn execute(cli: Cli) -> Ended {
    let context = Context {
        json: cli.global.json,
        screen: screen(),
        clock: Clock::system(),
        progress: !cli.global.quiet && !cli.global.json && std::io::stderr().is_terminal(),
        quiet: cli.global.quiet,
        simulated: false,
        config_path: cli.global.config,
    };
    let outcome = Box::pin(carry_out(&context, &cli.verb)).await;
    let config_path =
        if let Verb::Demo(args) = &cli.verb { demo::config_path(args) } else { context.config_path.clone() };
    let outcome = ending::blamed(outcome, &config_path);
    ending::fold_database(&config_path).await;
    let made_a_run = matches!(&cli.verb, Verb::Run(args) if !args.dry_run) || matches!(cli.verb, Verb::Sweep(_));
    let exit = outcome.as_ref().map_or_else(|failure| failure.exit, |outcome| outcome.exit);
    let stopped = exit == Exit::Interrupted;
    let unattended = matches!(&cli.verb, Verb::Run(args) if args.scheduled);
    Ended { outcome, parting: (made_a_run && !stopped).then_some(Parting { context, unattended }) }
}

async fn carry_out(context: &Context, verb: &Verb) -> Result<Outcome, Failure> {
    match verb {
        Verb::Init(args) => init::execute(context, args),
        Verb::Demo(args) => Box::pin(demo::execute(context, args)).await,
        Verb::Check(args) => check::execute(context, args).await,
        Verb::Seeds(args) => match &args.action {
            SeedsAction::List => seeds::list(context),
            SeedsAction::Import(args) => seeds::import(context, args),
            SeedsAction::SignIn(args) => sign_in::execute(context, args).await,
        },
        Verb::Run(args) if args.scheduled => Box::pin(scheduled::execute(context, args)).await,
        Verb::Run(args) => Box::pin(run::execute(context, args)).await,
        Verb::Sweep(args) => sweep::execute(context, args).await,
        Verb::Runs => runs::execute(context).await,
        Verb::Show(args) => show::execute(context, args).await,
        Verb::Dns(args) => dns::execute(context, args).await,
        Verb::Inspect(args) => inspect::execute(context, args),
        Verb::Report(args) => report::execute(context, args).await,
        Verb::Schedule(args) => match &args.action {
            ScheduleAction::Print(args) => schedule::print(context, args),
            ScheduleAction::Install(args) => schedule::install(context, args).await,
        },
        Verb::Diagnose => diagnose::execute(context).await,
        Verb::Recover(args) => recover::execute(context, args).await,
        Verb::Status(args) => status::execute(context, args).await,
        Verb::Alerts(args) => match args.action {
            AlertsAction::Test => alerts::test(context).await,
        },
        Verb::Daemon => Box::pin(daemon::execute(context)).await,
        Verb::Backup(args) => upkeep::backup(context, args).await,
        Verb::Prune(args) => upkeep::prune(context, args).await,
        Verb::Compare(args) => compare::execute(context, args).await,
        Verb::Plan(args) => plan::execute(context, args).await,
        Verb::Import(args) => exchange::import(context, args).await,
        Verb::Export => exchange::export(context).await,
        Verb::Completions(args) => completions::execute(context, args),
        Verb::Man(args) => man::execute(context, args),
    }
}

/// Standard output as tables see it. Colour only on a terminal, and not where `NO_COLOR` is set (no-color.org).
fn screen() -> Screen {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return Screen { width: None, colour: false };
    }
    let colour = anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never;
    let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    Screen { width, colour }
}
