//! The history of complete runs as the monitor reads it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::judgement::judge_runs;
use super::tallies::tallied;
use crate::config::Config;
use crate::domain::finding::{Finding, Placement};
use crate::domain::monitor::{Sample, Series, WeekName, watch};
use crate::domain::provider::ProviderName;
use crate::domain::run::{Run, RunId, RunState};
use crate::domain::seed::Address;
use crate::domain::stream::StreamName;
use crate::edge::store::{Store, StoreFault};
use crate::render::figure::trend::TrendRow;
use crate::render::report::{ProviderTally, RunReport, good};

/// Most runs that are read: one a week for ten years.
pub(crate) const MOST: u32 = 520;

/// Complete runs: what all of them come to, and the newest with their probes.
#[derive(Debug)]
pub(crate) struct History {
    runs: Vec<(Run, Vec<(StreamName, TrendRow)>)>,
    newest: Vec<RunReport>,
    /// The zone whose weeks count.
    pub(crate) zone: TimeZone,
}

impl History {
    /// Reads every complete run, and judges so many of the newest that were made here as of `now`.
    pub(crate) async fn read(
        store: &Store,
        config: &Config,
        zone: TimeZone,
        newest: usize,
        now: Timestamp,
    ) -> Result<Self, StoreFault> {
        let mut runs = complete(store, MOST).await?;
        let some = runs.iter().filter(|run| !run.imported).take(newest).cloned().collect();
        let newest = judge_runs(store, config, some, now).await?;
        runs.reverse();
        let mut tallied = tallied(store, config, &runs, now).await?;
        let with_rows = |run: Run| (tallied.remove(&run.id).unwrap_or_default(), run);
        let runs = runs.into_iter().map(with_rows).map(|(rows, run)| (run, rows)).collect();
        Ok(Self { runs, newest, zone })
    }

    /// The newest run that was made here. What was imported is part of every series, but no sign that anything works.
    pub(crate) fn last(&self) -> Option<&RunReport> {
        self.newest.first()
    }

    /// How many of the complete runs were imported.
    pub(crate) fn imported(&self) -> usize {
        self.runs.iter().filter(|(run, _)| run.imported).count()
    }

    /// The run that was made here before that one.
    pub(crate) fn before_last(&self) -> Option<&RunReport> {
        self.newest.get(1)
    }

    /// Forgets what began after a run.
    pub(crate) fn end_at(&mut self, run: RunId) {
        if let Some(place) = self.runs.iter().position(|(one, _)| one.id == run) {
            self.runs.truncate(place.saturating_add(1));
        }
    }

    /// Whether the lab answered one of these runs instead of real providers.
    pub(crate) fn is_simulated(&self) -> bool {
        self.runs.iter().any(|(run, _)| run.simulated)
    }

    /// The week of a run.
    pub(crate) fn week(&self, run: &Run) -> WeekName {
        WeekName::of(run.started_at, &self.zone)
    }

    /// Every stream at every provider, week by week.
    pub(crate) async fn series(&self, store: &Store, config: &Config) -> Result<Vec<Series>, StoreFault> {
        let of = |(run, rows): &(Run, Vec<(StreamName, TrendRow)>)| {
            rows.iter().map(|(stream, row)| self.sample(run, stream, &row.counts, config)).collect::<Vec<_>>()
        };
        let samples: Vec<Sample> = self.runs.iter().flat_map(of).collect();
        let has_threshold = |name: &ProviderName| config.providers.get(name).is_some_and(|one| one.spam_threshold);
        let accepted = store
            .acceptances()
            .await?
            .into_iter()
            .map(|one| (WeekName::of(one.at, &self.zone), one))
            .collect::<Vec<_>>();
        Ok(watch(&samples, &accepted, config.thresholds, config.judge.confidence, has_threshold))
    }

    fn sample(&self, run: &Run, stream: &StreamName, counts: &ProviderTally, config: &Config) -> Sample {
        let tally = &counts.tally;
        Sample {
            stream: stream.clone(),
            provider: counts.provider.name.clone(),
            run: run.id,
            week: self.week(run),
            planned: tally.measured().saturating_add(tally.pending).saturating_add(tally.unmeasured),
            measured: tally.measured(),
            good: good(tally, config.judge.rules),
            spam: tally.count(Placement::Spam),
            missing: tally.count(Placement::Missing),
        }
    }
}

/// The complete runs among the newest so many, the newest first.
pub(crate) async fn complete(store: &Store, most: u32) -> Result<Vec<Run>, StoreFault> {
    let mut runs = store.runs(most, store.holder_run()).await?;
    runs.retain(|run| run.state == RunState::Complete);
    Ok(runs)
}

/// What tables call the providers.
pub(crate) fn titles(report: &RunReport) -> BTreeMap<ProviderName, String> {
    report.providers.iter().map(|one| (one.name.clone(), one.title.clone())).collect()
}

/// Seeds of a run that could not be read, with the reason: those that took no part, and those of which no probe was
/// measured because nobody could look.
pub(crate) async fn unreadable(store: &Store, report: &RunReport) -> Result<BTreeMap<Address, String>, StoreFault> {
    let run = report.run.id;
    let mut unreadable = store.excluded_of(&[run]).await?.remove(&run).unwrap_or_default();
    let mut reasons: BTreeMap<&Address, Option<&String>> = BTreeMap::new();
    for judged in &report.probes {
        let why = match &judged.finding {
            Finding::Unmeasured { why } if why.starts_with("could not look") => Some(why),
            Finding::Found(_) | Finding::Missing { .. } | Finding::Pending | Finding::Unmeasured { .. } => None,
        };
        let known = reasons.entry(&judged.probe.seed).or_insert(why);
        if why.is_none() {
            *known = None;
        }
    }
    let lost = reasons.into_iter().filter_map(|(seed, why)| Some((seed.clone(), why?.clone())));
    for (seed, why) in lost {
        unreadable.entry(seed).or_insert(why);
    }
    Ok(unreadable)
}

/// Seeds of a run that could be read.
pub(crate) async fn readable(store: &Store, report: &RunReport) -> Result<BTreeSet<Address>, StoreFault> {
    let unreadable = unreadable(store, report).await?;
    let seeds = report.probes.iter().map(|judged| judged.probe.seed.clone());
    Ok(seeds.filter(|seed| !unreadable.contains_key(seed)).collect())
}
