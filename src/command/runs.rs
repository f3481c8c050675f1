//! `runs`: the history, newest first.

use super::judgement::{judge_run, open_to_read};
use super::tallies::{of_one_stream, tallied};
use super::{Context, Failure, Outcome};
use crate::render::json::runs_document;
use crate::render::report::RunTallies;
use crate::render::table::runs_table;

/// Most runs listed: two a week for ten years.
const MOST: u32 = 1_000;

/// Runs the verb.
pub(crate) async fn execute(context: &Context) -> Result<Outcome, Failure> {
    let (config, store) = open_to_read(context).await?;
    let runs = store.runs(MOST, store.holder_run()).await.map_err(Failure::internal)?;
    let now = context.clock.now();
    let mut tallied = tallied(&store, &config, &runs, now).await.map_err(Failure::internal)?;
    let mut counted = Vec::new();
    for run in runs {
        let rows = tallied.remove(&run.id).unwrap_or_default();
        counted.push(match of_one_stream(&run, rows, &config) {
            Some(whole) => whole,
            None => RunTallies::of(judge_run(&store, &config, run.id, now).await.map_err(Failure::internal)?),
        });
    }
    let text = if context.json {
        runs_document(&counted).map_err(Failure::internal)?
    } else {
        runs_table(&counted, context.screen)
    };
    Ok(Outcome::ok(text))
}
