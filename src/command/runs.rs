//! `runs`: the history, newest first.

use super::judgement::{judge_runs, open_to_read};
use super::{Context, Failure, Outcome};
use crate::render::json::runs_document;
use crate::render::table::runs_table;

/// Most runs listed: two a week for ten years.
const MOST: u32 = 1_000;

/// Runs the verb.
pub(crate) async fn execute(context: &Context) -> Result<Outcome, Failure> {
    let (config, store) = open_to_read(&context.config_path).await?;
    let runs = store.runs(MOST, store.holder_run()).await.map_err(Failure::internal)?;
    let reports = judge_runs(&store, &config, runs, context.clock.now()).await.map_err(Failure::internal)?;
    let text = if context.json {
        runs_document(&reports).map_err(Failure::internal)?
    } else {
        runs_table(&reports, context.screen)
    };
    Ok(Outcome::ok(text))
}
