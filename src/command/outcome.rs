//! A report as the user asked for it.

use super::diagnose::of_run;
use super::judgement::hear;
use super::tallies::judged;
use super::{Context, Failure, Outcome};
use crate::Exit;
use crate::config::Config;
use crate::domain::health::Health;
use crate::domain::run::{RunId, RunState};
use crate::edge::store::Store;
use crate::render::diagnosis::diagnosis_lines;
use crate::render::json::run_document;
use crate::render::report::RunReport;
use crate::render::table::{Closing, run_table};

/// One run as a table or as JSON, without a diagnosis.
pub(crate) fn run_text(context: &Context, report: &RunReport, closing: Closing) -> Result<String, Failure> {
    if context.json {
        return run_document(report, None).map_err(Failure::internal);
    }
    Ok(run_table(report, closing, context.screen))
}

/// What `run` and `sweep` end with: the run as it stands, and the exit code that its figures mean.
pub(crate) async fn run_outcome(
    context: &Context,
    config: &Config,
    store: &Store,
    run: RunId,
    interrupted: bool,
) -> Result<Outcome, Failure> {
    let mut report = judged(store, config, run, context.clock.now()).await.map_err(Failure::internal)?;
    hear(store, config, &mut report).await.map_err(Failure::internal)?;
    if interrupted && report.run.state == RunState::Running {
        // It holds the lock for a moment longer, but works on the run no more.
        report.run.state = RunState::Interrupted;
    }
    let exit = if interrupted { Exit::Interrupted } else { exit_of(report.health()) };
    let diagnoses = of_run(store, config, &report, context.clock.now()).await?;
    if context.json {
        let stdout = run_document(&report, Some(&diagnoses)).map_err(Failure::internal)?;
        return Ok(Outcome { exit, stdout });
    }
    let mut stdout = run_text(context, &report, Closing::Judging)?;
    if !interrupted {
        stdout.push_str(&diagnosis_lines(&diagnoses));
    }
    Ok(Outcome { exit, stdout })
}

/// The exit code of a verdict.
pub(crate) fn exit_of(health: Health) -> Exit {
    match health {
        Health::TooFew => Exit::TooFew,
        Health::Healthy => Exit::Ok,
        Health::Warning => Exit::Warning,
        Health::Critical => Exit::Critical,
    }
}
