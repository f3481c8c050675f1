//! `show`: one run in full, or one probe's whole story.

use anyhow::anyhow;

use super::judgement::{hear, judge_run, open_to_read};
use super::outcome::run_text;
use super::{Context, Failure, Outcome};
use crate::cli::ShowArgs;
use crate::domain::finding::Finding;
use crate::edge::store::Store;
use crate::render::json::story_document;
use crate::render::report::{Judged, RunReport};
use crate::render::table::{Closing, Story, story_table};

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &ShowArgs) -> Result<Outcome, Failure> {
    let (config, store) = open_to_read(context).await?;
    let id = store.resolve(&args.run).await.map_err(Failure::bad_input)?;
    let mut report = judge_run(&store, &config, id, context.clock.now()).await.map_err(Failure::internal)?;
    hear(&store, &config, &mut report).await.map_err(Failure::internal)?;
    let Some(seed) = &args.seed else { return Ok(Outcome::ok(run_text(context, &report, Closing::Showing)?)) };
    let wanted = seed.folded();
    let is_wanted = |judged: &Judged| judged.probe.seed.folded() == wanted;
    if !report.probes.iter().any(is_wanted) {
        return Err(Failure::bad_input(anyhow!(
            "run {} sent nothing to {seed}; `inboxed show {}` lists its seeds",
            id.0,
            id.0
        )));
    }
    if context.json {
        report.probes.retain(is_wanted);
        return Ok(Outcome::ok(story_document(&report).map_err(Failure::internal)?));
    }
    let mut told = Vec::new();
    for judged in report.probes.iter().filter(|judged| is_wanted(judged)) {
        told.push(story(context, &store, &report, judged).await?);
    }
    Ok(Outcome::ok(told.join("\n")))
}

async fn story(context: &Context, store: &Store, report: &RunReport, judged: &Judged) -> Result<String, Failure> {
    let mut sweeps = store.sweeps(report.run.id).await.map_err(Failure::internal)?;
    let sweeps = sweeps.remove(&judged.probe.id).unwrap_or_default();
    let copies = store.headers(judged.probe.id).await.map_err(Failure::internal)?;
    let decided = match &judged.finding {
        Finding::Found(evidence) => Some(&evidence.folder),
        Finding::Missing { .. } | Finding::Pending | Finding::Unmeasured { .. } => None,
    };
    let headers = copies
        .iter()
        .find(|(folder, _, _)| Some(folder) == decided)
        .map(|(_, raw, _)| String::from_utf8_lossy(raw).into_owned());
    let whole = Story { judged, sweeps: &sweeps, headers: headers.as_deref() };
    Ok(story_table(report, &whole, context.screen))
}
