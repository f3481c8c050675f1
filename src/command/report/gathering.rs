//! What a report is made of: what the runs of each stream come to, with the changes of its DNS, and no more than is asked
//! for.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Wanted;
use crate::cli::{Part, ReportArgs};
use crate::command::Failure;
use crate::command::almanac::almanac;
use crate::command::compare::{Nothing, around_last_change};
use crate::command::diagnose::over;
use crate::command::history::History;
use crate::command::judgement::{hear, judge_run, shown};
use crate::command::placements::Placements;
use crate::command::tallies::tallied;
use crate::config::Config;
use crate::domain::diagnosis::Diagnoses;
use crate::domain::dns::answer::Question;
use crate::domain::dns::change::{Change, retired};
use crate::domain::dns::check::{Check, checks};
use crate::domain::dns::snapshot::Snapshot;
use crate::domain::dns::subject::Subject;
use crate::domain::dns::survey::Survey;
use crate::domain::monitor::Series;
use crate::domain::run::Run;
use crate::domain::stream::StreamName;
use crate::edge::store::{Store, StoreFault};
use crate::render::figure::before_after::BeforeAfter;
use crate::render::figure::latency::LatencyFigure;
use crate::render::figure::seeds::{MOST_RUNS, SeedGrid, SeedRow};
use crate::render::figure::trend::{Trend, TrendRow};
use crate::render::figure::{Settings, TrendChange};
use crate::render::language::Language;
use crate::render::page::{DomainFigures, StreamFigures, StreamPage};
use crate::render::report::{RunReport, ShownProvider};

/// How many of the last copies tell of the way that mail takes.
const COPIES: u32 = 8;

/// Everything about one stream that is asked for.
pub(super) struct Gathered {
    /// Its figures.
    pub(super) figures: StreamFigures,
    /// Its seeds; `None` where they are not asked for.
    pub(super) grid: Option<SeedGrid>,
    /// Its last run; `None` where it is not asked for.
    pub(super) last: Option<RunReport>,
    /// Its trends; none where they are not asked for.
    pub(super) trends: Vec<Series>,
}

impl Gathered {
    /// What the page tells; `None` where it is not asked for.
    pub(super) fn page(&self) -> Option<StreamPage<'_>> {
        let (grid, last) = (self.grid.as_ref()?, self.last.as_ref()?);
        Some(StreamPage { figures: &self.figures, grid, last, trends: &self.trends })
    }
}

/// What a report is made of.
pub(super) struct Material {
    /// Its streams, by name; none where no run is.
    pub(super) streams: Vec<Gathered>,
    /// What their last runs allow to say; empty where it is not asked for.
    pub(super) diagnoses: Diagnoses,
}

/// Where everything is read from, and how it is read.
struct Sources<'a> {
    store: &'a Store,
    config: &'a Config,
    providers: Vec<ShownProvider>,
    /// Every run there is, the newest first.
    all: Vec<Run>,
    language: Language,
    now: Timestamp,
}

/// Reads what is asked for.
pub(super) async fn gather(
    store: &Store,
    config: &Config,
    args: &ReportArgs,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<Material, Failure> {
    let all = store.runs(u32::MAX, store.holder_run()).await.map_err(Failure::internal)?;
    // The age of a run is counted from the newest one, so that the same data gives the same report on any day.
    let newest = all.first().map(|run| run.started_at);
    let since = newest.zip(args.since).and_then(|(newest, span)| newest.checked_sub(span).ok());
    let is_meant = |run: &&Run| since.is_none_or(|since| run.started_at >= since);
    let is_named = |stream: &StreamName| args.stream.as_ref().is_none_or(|wanted| wanted == stream);
    let runs: Vec<Run> =
        all.iter().filter(is_meant).rev().filter(|run| run.streams.iter().any(is_named)).cloned().collect();
    let mut names: Vec<StreamName> = runs.iter().flat_map(|run| run.streams.clone()).filter(is_named).collect();
    names.sort();
    names.dedup();
    let tallied = tallied(store, config, &runs, now).await.map_err(Failure::internal)?;
    let mut diagnoses = Diagnoses::of(Vec::new(), 0, Vec::new(), config.thresholds, config.judge.confidence);
    if wanted.has(Part::Html) || wanted.has(Part::Json) {
        let recent = all.iter().filter(is_meant).cloned().collect();
        diagnoses = over(store, config, recent, &[], now).await.map_err(Failure::internal)?;
        // Other streams are read, as they may hold the control or be well where these are not, but nothing is said of them.
        diagnoses.found.retain(|one| one.stream().is_none_or(|said| names.iter().any(|name| name.as_str() == said)));
    }
    let mut trends = Vec::new();
    if wanted.has(Part::Html) {
        let zone = almanac(config)?.zone().clone();
        let history = History::read(store, config, zone, 0, now).await.map_err(Failure::internal)?;
        trends = history.series(store, config).await.map_err(Failure::internal)?;
    }
    let sources = Sources { store, config, providers: shown(config), all, language: args.lang, now };
    let mut streams = Vec::new();
    for name in names {
        let here: Vec<&Run> = runs.iter().filter(|run| run.streams.contains(&name)).collect();
        let rows = here.iter().filter_map(|run| tallied.get(&run.id)).flatten();
        let rows = rows.filter(|(stream, _)| *stream == name).map(|(_, row)| row.clone()).collect();
        let mut gathered = sources.stream(&name, &here, rows, wanted).await.map_err(Failure::internal)?;
        gathered.trends = trends.extract_if(.., |one| one.stream == name).collect();
        streams.push(gathered);
    }
    Ok(Material { streams, diagnoses })
}

impl Sources<'_> {
    /// One stream: its runs, the oldest first, and what they come to.
    async fn stream(
        &self,
        name: &StreamName,
        runs: &[&Run],
        rows: Vec<TrendRow>,
        wanted: &Wanted,
    ) -> Result<Gathered, StoreFault> {
        let (rules, confidence) = (self.config.judge.rules, self.config.judge.confidence);
        let settings = Settings {
            providers: &self.providers,
            stream: Some(name),
            rules,
            thresholds: self.config.thresholds,
            confidence,
            language: self.language,
        };
        let began = runs.first().map(|run| run.started_at);
        let domains = self.domains(name, began, wanted.has(Part::Html)).await?;
        let marks = self.marks(&domains);
        let (mut before_after, mut uncompared) = (None, None);
        if wanted.has(Part::BeforeAfter) || wanted.has(Part::Html) || wanted.has(Part::Json) {
            (before_after, uncompared) = self.comparison(name, began).await?;
        }
        let grid = if wanted.has(Part::Seeds) || wanted.has(Part::Html) {
            let newest = runs.get(runs.len().saturating_sub(MOST_RUNS)..).unwrap_or(runs);
            Some(self.grid(name, newest, &settings).await?)
        } else {
            None
        };
        let last = match runs.last() {
            Some(last) if wanted.has(Part::Html) => {
                let mut report = judge_run(self.store, self.config, last.id, self.now).await?;
                hear(self.store, self.config, &mut report).await?;
                Some(report)
            }
            Some(_) | None => None,
        };
        let figures = StreamFigures {
            as_of: runs.last().map_or(self.now, |run| run.started_at),
            trend: Trend::new(&rows, &marks, &settings),
            latency: LatencyFigure::new(&rows, &marks, &settings),
            stream: name.clone(),
            rules,
            confidence,
            rows,
            before_after,
            uncompared,
            domains,
        };
        Ok(Gathered { figures, grid, last, trends: Vec::new() })
    }

    /// The DNS of the domains that a stream sends from, with the changes since its first run here, judged if it is to be.
    async fn domains(
        &self,
        stream: &StreamName,
        since: Option<Timestamp>,
        judged: bool,
    ) -> Result<Vec<DomainFigures>, StoreFault> {
        let mut domains = Vec::new();
        for domain in self.store.domains_of_stream(stream).await? {
            let mut changes = self.store.dns_changes(&domain).await?;
            let snapshot = self.store.last_snapshot(&domain).await?;
            let checks = match &snapshot {
                Some(snapshot) if judged => self.checks(stream, snapshot, &retired(&changes)).await?,
                Some(_) | None => Vec::new(),
            };
            changes.retain(|change| since.is_none_or(|since| change.window.until >= since));
            domains.push(DomainFigures { domain, snapshot, changes, checks });
        }
        Ok(domains)
    }

    /// What `dns check` says of a snapshot, with what the last copies tell of the way that mail takes.
    async fn checks(
        &self,
        stream: &StreamName,
        snapshot: &Snapshot,
        retired: &BTreeSet<Question>,
    ) -> Result<Vec<Check>, StoreFault> {
        let configured = self.config.streams.iter().find(|one| one.name == *stream);
        let region = configured.and_then(|one| one.region.as_ref()).or(self.config.ses.region.as_ref());
        let mut known = Subject::new(snapshot.domain.clone());
        for headers in self.store.latest_headers(stream, COPIES).await? {
            known.add_headers(&headers, region.map(String::as_str));
        }
        Ok(checks(&Survey::recalled(snapshot, known, retired)))
    }

    fn marks(&self, domains: &[DomainFigures]) -> Vec<TrendChange> {
        let mut changes: Vec<&Change> = domains.iter().flat_map(|domain| &domain.changes).collect();
        changes.sort_by_key(|change| change.window.until);
        let words = |change: &Change| format!("DNS: {}", self.language.change(change));
        // A change lies after the last run that saw the old records.
        changes.iter().map(|change| TrendChange { at: change.window.from, words: words(change) }).collect()
    }

    /// What `compare --change last` compares, unless that change lies before this report; else why there is nothing.
    async fn comparison(
        &self,
        stream: &StreamName,
        since: Option<Timestamp>,
    ) -> Result<(Option<BeforeAfter>, Option<&'static str>), StoreFault> {
        let words = self.language.words();
        let is_here = |change: &Change| since.is_none_or(|since| change.window.until >= since);
        let found = around_last_change(self.store, self.config, &self.all, stream, self.now).await?;
        Ok(match found {
            Ok(report) => match report.change.as_ref().filter(|change| is_here(change)) {
                Some(change) => (Some(BeforeAfter::new(&report, change, self.language)), None),
                None => (None, None),
            },
            Err(Nothing::Before(change)) if is_here(&change) => (None, Some(words.nothing_before)),
            Err(Nothing::After(change)) if is_here(&change) => (None, Some(words.nothing_after)),
            Err(Nothing::Before(_) | Nothing::After(_) | Nothing::Unchanged) => (None, None),
        })
    }

    async fn grid(&self, stream: &StreamName, runs: &[&Run], settings: &Settings<'_>) -> Result<SeedGrid, StoreFault> {
        let placements = Placements::read(self.store, self.config, runs, stream, self.now).await?;
        let rows = placements.probes().filter_map(|probed| {
            let run = runs.iter().find(|run| run.id == probed.run)?;
            Some(SeedRow::of(run, probed))
        });
        Ok(SeedGrid::new(&rows.collect::<Vec<_>>(), settings))
    }
}
