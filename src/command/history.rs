//! The history of complete runs as the monitor reads it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::judgement::judge_runs;
use crate::config::Config;
use crate::domain::finding::{Finding, Placement};
use crate::domain::monitor::{Sample, Series, WeekName, watch};
use crate::domain::provider::ProviderName;
use crate::domain::run::{Run, RunState};
use crate::domain::seed::Address;
use crate::domain::tally::Tally;
use crate::edge::store::{Store, StoreFault};
use crate::render::report::{RunReport, good};

/// Most runs that are read: one a week for ten years.
const MOST: u32 = 520;

/// Complete runs, the oldest first, each judged as of now.
#[derive(Debug)]
pub(crate) struct History {
    /// The runs.
    pub(crate) reports: Vec<RunReport>,
    /// The zone whose weeks count.
    pub(crate) zone: TimeZone,
}

impl History {
    /// Reads and judges every complete run.
    pub(crate) async fn read(
        store: &Store,
        config: &Config,
        zone: TimeZone,
        now: Timestamp,
    ) -> Result<Self, StoreFault> {
        let mut runs = store.runs(MOST, store.holder_run()).await?;
        runs.retain(|run: &Run| run.state == RunState::Complete);
        runs.reverse();
        let reports = judge_runs(store, config, runs, now).await?;
        Ok(Self { reports, zone })
    }

    /// The newest run.
    pub(crate) fn last(&self) -> Option<&RunReport> {
        self.reports.last()
    }

    /// The run before the newest.
    pub(crate) fn before_last(&self) -> Option<&RunReport> {
        self.reports.iter().rev().nth(1)
    }

    /// The week of a run.
    pub(crate) fn week(&self, report: &RunReport) -> WeekName {
        WeekName::of(report.run.started_at, &self.zone)
    }

    /// Every stream at every provider, week by week.
    pub(crate) fn series(&self, config: &Config) -> Vec<Series> {
        let samples: Vec<Sample> = self.reports.iter().flat_map(|report| self.samples(report)).collect();
        let has_threshold = |name: &ProviderName| config.providers.get(name).is_some_and(|one| one.spam_threshold);
        watch(&samples, config.thresholds, config.judge.confidence, has_threshold)
    }

    fn samples(&self, report: &RunReport) -> Vec<Sample> {
        let week = self.week(report);
        let sample = |stream: &crate::domain::stream::StreamName, provider: &ProviderName, tally: &Tally| Sample {
            stream: stream.clone(),
            provider: provider.clone(),
            run: report.run.id,
            week,
            planned: tally.measured().saturating_add(tally.pending).saturating_add(tally.unmeasured),
            measured: tally.measured(),
            good: good(tally, report.rules),
            spam: tally.count(Placement::Spam),
            missing: tally.count(Placement::Missing),
        };
        let by_stream = report.tallies_by_stream();
        let of = |(stream, tallies): &(&crate::domain::stream::StreamName, crate::render::report::Tallies)| {
            tallies.providers.iter().map(|one| sample(stream, &one.provider.name, &one.tally)).collect::<Vec<_>>()
        };
        by_stream.iter().flat_map(of).collect()
    }
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
