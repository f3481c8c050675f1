//! What a report is made of: the runs of each stream, judged, with the changes of its DNS.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::cli::ReportArgs;
use crate::command::Failure;
use crate::command::judgement::{hear, judge_run, shown};
use crate::config::Config;
use crate::domain::dns::change::Change;
use crate::domain::finding::{Finding, RULES};
use crate::domain::run::{Run, RunState};
use crate::domain::stream::StreamName;
use crate::domain::tally::Tally;
use crate::edge::store::{Remembered, Store};
use crate::render::figure::before_after::{BeforeAfter, Turn};
use crate::render::figure::latency::LatencyFigure;
use crate::render::figure::seeds::{MOST_RUNS, SeedGrid, SeedRow};
use crate::render::figure::trend::{Trend, TrendRow};
use crate::render::figure::{Settings, TrendChange};
use crate::render::language::Language;
use crate::render::page::{DomainFigures, StreamFigures};
use crate::render::report::{ProviderTally, RunReport, ShownProvider};

/// Most runs read: two a day for two years.
pub(super) const MOST: u32 = 1_500;

/// Everything about the streams that are asked for, by name; none where no run is.
pub(super) async fn gather(
    store: &Store,
    config: &Config,
    args: &ReportArgs,
    now: Timestamp,
) -> Result<Vec<StreamFigures>, Failure> {
    let mut runs = store.runs(MOST, store.holder_run()).await.map_err(Failure::internal)?;
    runs.reverse();
    // The age of a run is counted from the newest one, so that the same data gives the same report on any day.
    let newest = runs.last().map(|run| run.started_at);
    let since = newest.zip(args.since).and_then(|(newest, span)| newest.checked_sub(span).ok());
    runs.retain(|run| since.is_none_or(|since| run.started_at >= since));
    let mut names: Vec<StreamName> = runs.iter().flat_map(|run| run.streams.clone()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| args.stream.as_ref().is_none_or(|wanted| wanted == name));
    let mut gathered = judge_all(store, config, &runs, &names, now).await?;
    let mut streams = Vec::new();
    for name in names {
        let Some((mut last, told)) = gathered.remove(&name).and_then(|told| Some((told.last.clone()?, told))) else {
            continue;
        };
        hear(store, config, &mut last).await.map_err(Failure::internal)?;
        let domains = domains(store, &name, told.rows.first().map(|row| row.at)).await?;
        streams.push(figures(&name, last, told, domains, config, args.lang));
    }
    Ok(streams)
}

/// What the runs told of one stream.
#[derive(Debug, Default)]
struct Told {
    rows: Vec<TrendRow>,
    seeds: Vec<SeedRow>,
    last: Option<RunReport>,
}

/// Judges one run after the other and keeps of each only what its charts need: a thousand runs take no more memory than one.
async fn judge_all(
    store: &Store,
    config: &Config,
    runs: &[Run],
    names: &[StreamName],
    now: Timestamp,
) -> Result<BTreeMap<StreamName, Told>, Failure> {
    let mut left: BTreeMap<&StreamName, usize> = BTreeMap::new();
    for stream in runs.iter().flat_map(|run| &run.streams) {
        *left.entry(stream).or_insert(0) += 1;
    }
    let rule = RULES * 2 + i64::from(config.judge.rules.promotions_as_inbox);
    let mut remembered = store.tallies(rule).await.map_err(Failure::internal)?;
    let providers = shown(config);
    let mut gathered: BTreeMap<StreamName, Told> = BTreeMap::new();
    for run in runs {
        let here: BTreeSet<&StreamName> = run.streams.iter().filter(|stream| names.contains(stream)).collect();
        if here.is_empty() {
            continue;
        }
        let is_recent = here.iter().any(|stream| left.get(stream).is_some_and(|left| *left <= MOST_RUNS));
        let known = remembered.remove(&run.id);
        if let Some(known) = known.as_ref().filter(|_| !is_recent) {
            for one in known.iter().filter(|one| here.contains(&one.stream)) {
                let row = recalled(run, one, &providers, config);
                gathered.entry(one.stream.clone()).or_default().rows.push(row);
            }
        } else {
            let edition = store.edition().await.map_err(Failure::internal)?;
            let report = judge_run(store, config, run.id, now).await.map_err(Failure::internal)?;
            if let Some(tallies) = known.is_none().then(|| memory(&report)).flatten() {
                // A report that cannot be remembered, on a disk that is full or may not be written, is a report all the same.
                if let Err(fault) = store.remember(run.id, rule, &tallies, edition).await {
                    tracing::debug!(%fault, run = run.id.0, "the tallies are not remembered");
                }
            }
            for stream in &here {
                let told = gathered.entry((*stream).clone()).or_default();
                told.rows.extend(TrendRow::of(&report, stream));
                if left.get(stream).is_some_and(|left| *left <= MOST_RUNS) {
                    told.seeds.extend(SeedRow::of(&report, stream));
                }
                if left.get(stream) == Some(&1) {
                    told.last = Some(report.clone());
                }
            }
        }
        for stream in here {
            if let Some(left) = left.get_mut(stream) {
                *left = left.saturating_sub(1);
            }
        }
    }
    Ok(gathered)
}

/// What of a judged run may be remembered: nothing while it is open or while time alone can still change a finding.
fn memory(report: &RunReport) -> Option<Vec<Remembered>> {
    let pending = report.probes.iter().any(|judged| matches!(judged.finding, Finding::Pending));
    if report.run.state != RunState::Complete || pending {
        return None;
    }
    let rows = report.run.streams.iter().flat_map(|stream| {
        TrendRow::of(report, stream).into_iter().map(|row| Remembered {
            stream: stream.clone(),
            provider: row.counts.provider.name,
            placements: row.counts.tally.placements,
            unmeasured: row.counts.tally.unmeasured,
            arrival: row.arrival,
        })
    });
    Some(rows.collect())
}

/// The row that [`memory`] was made of.
fn recalled(run: &Run, one: &Remembered, providers: &[ShownProvider], config: &Config) -> TrendRow {
    let named = providers.iter().find(|provider| provider.name == one.provider).cloned();
    let provider = named.unwrap_or_else(|| ShownProvider {
        name: one.provider.clone(),
        title: one.provider.as_str().to_owned(),
        spam_threshold: false,
    });
    let (rules, confidence) = (config.judge.rules, config.judge.confidence);
    let tally = Tally::of_counts(one.placements.clone(), one.unmeasured, rules, confidence);
    TrendRow {
        run: run.id,
        at: run.started_at,
        simulated: run.simulated,
        counts: ProviderTally { provider, tally },
        arrival: one.arrival,
    }
}

/// The DNS of the domains that a stream sends from, with the changes since its first run.
async fn domains(store: &Store, stream: &StreamName, since: Option<Timestamp>) -> Result<Vec<DomainFigures>, Failure> {
    let mut domains = Vec::new();
    for domain in store.domains_of_stream(stream).await.map_err(Failure::internal)? {
        let mut changes = store.dns_changes(&domain).await.map_err(Failure::internal)?;
        changes.retain(|change| since.is_none_or(|since| change.window.until >= since));
        let snapshot = store.last_snapshot(&domain).await.map_err(Failure::internal)?;
        domains.push(DomainFigures { domain, snapshot, changes });
    }
    Ok(domains)
}

fn figures(
    stream: &StreamName,
    last: RunReport,
    told: Told,
    domains: Vec<DomainFigures>,
    config: &Config,
    language: Language,
) -> StreamFigures {
    let Told { rows, seeds, .. } = told;
    let settings = Settings {
        providers: &last.providers,
        stream: Some(stream),
        rules: last.rules,
        thresholds: last.thresholds,
        confidence: last.confidence,
        language,
    };
    let mut changes: Vec<&Change> = domains.iter().flat_map(|domain| &domain.changes).collect();
    changes.sort_by_key(|change| change.window.until);
    let words = |change: &Change| format!("DNS: {}", language.change(change));
    // A change lies after the last run that saw the old records.
    let marks: Vec<TrendChange> =
        changes.iter().map(|change| TrendChange { at: change.window.from, words: words(change) }).collect();
    let turns: Vec<Turn> = changes
        .iter()
        .map(|change| Turn {
            from: change.window.from,
            seen: change.window.until,
            settled: change.settled_at(),
            words: language.change(change),
        })
        .collect();
    StreamFigures {
        trend: Trend::new(&rows, &marks, &settings),
        before_after: BeforeAfter::new(&seeds, &turns, &config.weights, &settings),
        grid: SeedGrid::new(&seeds, &settings),
        latency: LatencyFigure::new(&rows, &marks, &settings),
        domains,
        rows,
        stream: stream.clone(),
        last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::bad_day;

    #[test]
    fn a_row_that_is_remembered_and_recalled_is_the_row_that_was_judged() {
        let report = bad_day();
        for promotions_as_inbox in [false, true] {
            let mut report = report.clone();
            report.rules.promotions_as_inbox = promotions_as_inbox;
            let stream = report.run.streams[0].clone();
            let fresh = TrendRow::of(&report, &stream);
            let kept = memory(&report).unwrap();
            assert_eq!(kept.len(), 3);
            for (row, one) in fresh.iter().zip(&kept) {
                let tally = Tally::of_counts(one.placements.clone(), one.unmeasured, report.rules, report.confidence);
                assert_eq!((&tally, one.arrival), (&row.counts.tally, row.arrival));
            }
            report.run.state = RunState::Interrupted;
            assert_eq!(memory(&report), None, "an open run");
            report.run.state = RunState::Complete;
            report.probes[0].finding = Finding::Pending;
            assert_eq!(memory(&report), None, "a probe that may still arrive");
        }
    }
}
