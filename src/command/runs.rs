//! `runs`: the history, newest first.

use super::judgement::{judge_run, open_to_read};
use super::{Context, Failure, Outcome};
use crate::render::json::runs_document;
use crate::render::table::runs_table;

/// Most runs listed: two a week for ten years.
const MOST: u32 = 1_000;

/// Runs the verb.
pub(crate) async fn execute(context: &Context) -> Result<Outcome, Failure> {
    let (config, store) = open_to_read(&context.config_path).await?;
    let runs = store.runs(MOST, store.holder_run()).await.map_err(Failure::internal)?;
    let mut reports = Vec::with_capacity(runs.len());
    for run in runs {
        let report = judge_run(&store, &config, run.id, context.clock.now()).await;
        reports.push(report.map_err(Failure::internal)?);
    }
    let text = if context.json {
        runs_document(&reports).map_err(Failure::internal)?
    } else {
        runs_table(&reports, context.screen)
    };
    Ok(Outcome::ok(text))
}
