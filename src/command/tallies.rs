//! What runs come to: remembered where that is known, else judged, and remembered where only a new fact can change it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::judgement::{judge_run, shown};
use crate::config::Config;
use crate::domain::finding::{Finding, RULES, Rules};
use crate::domain::run::{Run, RunId, RunState};
use crate::domain::stream::StreamName;
use crate::domain::tally::Tally;
use crate::edge::store::{Remembered, Store, StoreFault};
use crate::render::figure::trend::TrendRow;
use crate::render::report::{ProviderTally, RunReport, RunTallies, ShownProvider, Tallies};

/// What runs come to, by stream and provider in the order of both.
pub(crate) type Tallied = BTreeMap<RunId, Vec<(StreamName, TrendRow)>>;

/// What each of these runs comes to. A run of which nothing is remembered is judged as of `now`, one after the other, so
/// that a thousand take no more memory than one.
pub(crate) async fn tallied(
    store: &Store,
    config: &Config,
    runs: &[Run],
    now: Timestamp,
) -> Result<Tallied, StoreFault> {
    let rule = rule(config.judge.rules);
    let mut remembered = store.tallies(rule).await?;
    if runs.iter().any(|run| run.imported && !remembered.contains_key(&run.id)) {
        count_imported(store, config).await;
        remembered = store.tallies(rule).await?;
    }
    let providers = shown(config);
    let mut tallied = Tallied::new();
    let mut is_kept = true;
    for run in runs {
        let rows = match remembered.remove(&run.id) {
            Some(known) => known.into_iter().map(|one| recalled(run, one, &providers, config)).collect(),
            None if is_kept => {
                let (report, kept) = judge_and_keep(store, config, run.id, now).await?;
                is_kept = kept;
                rows(&report)
            }
            // Who cannot write, or waits in vain for another who writes, is not made to try it for each run.
            None => rows(&judge_run(store, config, run.id, now).await?),
        };
        tallied.insert(run.id, in_order(rows, run, &providers));
    }
    Ok(tallied)
}

/// Judges a run and remembers what it comes to.
pub(crate) async fn judged(
    store: &Store,
    config: &Config,
    run: RunId,
    now: Timestamp,
) -> Result<RunReport, StoreFault> {
    judge_and_keep(store, config, run, now).await.map(|(report, _)| report)
}

/// The same, and whether what may be remembered could be.
async fn judge_and_keep(
    store: &Store,
    config: &Config,
    run: RunId,
    now: Timestamp,
) -> Result<(RunReport, bool), StoreFault> {
    let edition = store.edition().await?;
    let report = judge_run(store, config, run, now).await?;
    let Some(tallies) = memory(&report) else { return Ok((report, true)) };
    // What cannot be remembered, on a disk that is full or may not be written, is true all the same.
    let kept = store.remember(run, rule(config.judge.rules), &tallies, edition).await;
    if let Err(fault) = &kept {
        tracing::debug!(%fault, run = run.0, "the tallies are not remembered");
    }
    Ok((report, kept.is_ok()))
}

/// Counts what imported runs come to, where that is not known.
pub(crate) async fn count_imported(store: &Store, config: &Config) {
    if let Err(fault) = store.tally_told(rule(config.judge.rules)).await {
        tracing::debug!(%fault, "imported results are not counted");
    }
}

/// What a run of one stream comes to in all. `None` where counts alone do not tell it: the same seeds answered for several
/// streams, so that their answers are worth less than their number, or some are still awaited.
pub(crate) fn of_one_stream(run: &Run, rows: Vec<(StreamName, TrendRow)>, config: &Config) -> Option<RunTallies> {
    let [stream] = run.streams.as_slice() else { return None };
    let (mut placements, mut unmeasured) = (BTreeMap::new(), 0);
    for (_, row) in &rows {
        let tally = &row.counts.tally;
        if tally.pending > 0 {
            return None;
        }
        for (placement, count) in &tally.placements {
            *placements.entry(*placement).or_insert(0) += count;
        }
        unmeasured += tally.unmeasured;
    }
    let (rules, confidence) = (config.judge.rules, config.judge.confidence);
    let all = Tally::of_counts(placements, unmeasured, rules, confidence);
    let all = Tallies { all, providers: rows.into_iter().map(|(_, row)| row.counts).collect() };
    let streams = vec![(stream.clone(), all.clone())];
    Some(RunTallies { run: run.clone(), all, streams, rules, confidence, thresholds: config.thresholds })
}

/// What remembered tallies were made by: the version of the rules and the setting that a finding depends on.
fn rule(rules: Rules) -> i64 {
    RULES * 2 + i64::from(rules.promotions_as_inbox)
}

/// What of a judged run may be remembered: nothing while it is open or while time alone can still change a finding.
fn memory(report: &RunReport) -> Option<Vec<Remembered>> {
    let pending = report.probes.iter().any(|judged| matches!(judged.finding, Finding::Pending));
    if report.run.state != RunState::Complete || pending {
        return None;
    }
    let kept = rows(report).into_iter().map(|(stream, row)| Remembered {
        stream,
        provider: row.counts.provider.name,
        placements: row.counts.tally.placements,
        unmeasured: row.counts.tally.unmeasured,
        arrival: row.arrival,
    });
    Some(kept.collect())
}

fn rows(report: &RunReport) -> Vec<(StreamName, TrendRow)> {
    let streams = report.run.streams.iter();
    streams.flat_map(|stream| TrendRow::of(report, stream).into_iter().map(|row| (stream.clone(), row))).collect()
}

/// The row that [`memory`] was made of.
fn recalled(run: &Run, one: Remembered, providers: &[ShownProvider], config: &Config) -> (StreamName, TrendRow) {
    let named = providers.iter().find(|provider| provider.name == one.provider).cloned();
    let provider = named.unwrap_or_else(|| ShownProvider {
        name: one.provider.clone(),
        title: one.provider.as_str().to_owned(),
        spam_threshold: false,
    });
    let (rules, confidence) = (config.judge.rules, config.judge.confidence);
    let row = TrendRow {
        run: run.id,
        at: run.started_at,
        simulated: run.simulated,
        counts: ProviderTally { provider, tally: Tally::of_counts(one.placements, one.unmeasured, rules, confidence) },
        arrival: one.arrival,
    };
    (one.stream, row)
}

/// The order of a report, whichever way a row came.
fn in_order(
    mut rows: Vec<(StreamName, TrendRow)>,
    run: &Run,
    providers: &[ShownProvider],
) -> Vec<(StreamName, TrendRow)> {
    let stream = |name: &StreamName| run.streams.iter().position(|stream| stream == name);
    let provider = |row: &TrendRow| {
        let at = providers.iter().position(|shown| shown.name == row.counts.provider.name);
        (at.unwrap_or(providers.len()), row.counts.provider.name.clone())
    };
    rows.sort_by_key(|(name, row)| (stream(name), provider(row)));
    rows
}

#[cfg(test)]
mod tests;
