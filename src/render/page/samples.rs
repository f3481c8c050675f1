//! Samples for tests: a stream over four weeks, with a change in the middle.

use super::{DomainFigures, StreamFigures, StreamPage};
use crate::domain::compare::Comparison;
use crate::domain::dns::answer::{Question, RecordType};
use crate::domain::dns::change::{Change, Difference, Window};
use crate::domain::dns::check::{Check, Verdict};
use crate::domain::dns::name::DomainName;
use crate::domain::dns::snapshot::{Place, Published};
use crate::domain::monitor::Series;
use crate::domain::run::RunId;
use crate::domain::sample::{Probed, samples};
use crate::domain::shift::{Answers, Side};
use crate::domain::stream::StreamName;
use crate::render::comparison::CompareReport;
use crate::render::figure::before_after::BeforeAfter;
use crate::render::figure::latency::LatencyFigure;
use crate::render::figure::seeds::{SeedGrid, SeedRow};
use crate::render::figure::trend::{Trend, TrendRow};
use crate::render::figure::{Settings, TrendChange};
use crate::render::language::Language;
use crate::render::report::RunReport;
use crate::render::samples::{at, bad_day};

const WEEK: i64 = 7 * 86_400_000;

/// A stream with all that a page tells of it.
pub(crate) struct Sample {
    /// Its figures.
    pub(crate) figures: StreamFigures,
    /// Its seeds.
    pub(crate) grid: SeedGrid,
    /// Its last run.
    pub(crate) last: RunReport,
    /// Its trends.
    pub(crate) trends: Vec<Series>,
}

impl Sample {
    /// What the page is made of.
    pub(crate) fn page(&self) -> StreamPage<'_> {
        StreamPage { figures: &self.figures, grid: &self.grid, last: &self.last, trends: &self.trends }
    }
}

/// Four weeks of the same bad day.
pub(crate) fn figures() -> Sample {
    of(&(1..=4).map(week).collect::<Vec<_>>(), "shop.example", "v=spf1 -all", Language::English)
}

/// The same bad day in another week.
pub(crate) fn week(number: i64) -> RunReport {
    let mut report = bad_day();
    report.run.id = RunId(number);
    report.run.started_at = at((number - 1) * WEEK);
    report
}

/// The probes of a run as comparisons see them.
pub(crate) fn probed(report: &RunReport) -> impl Iterator<Item = Probed<'_>> {
    report.probes.iter().map(|judged| Probed {
        run: report.run.id,
        seed: judged.probe.seed.as_str(),
        provider: judged.probe.provider.as_str(),
        placement: judged.finding.placement(),
    })
}

/// The runs up to the second compared with those from the fourth on; the third began while the change was under way.
fn compared(reports: &[RunReport], change: &Change) -> CompareReport {
    let last = reports.last().unwrap();
    let (between, others): (Vec<RunId>, Vec<RunId>) =
        reports.iter().map(|report| report.run.id).partition(|run| run.0 == 3);
    let side = |run: RunId| (run, if run.0 < 3 { Side::Before } else { Side::After });
    let runs: Vec<(RunId, Side)> = others.into_iter().map(side).collect();
    let rank = |name: &str| last.providers.iter().position(|one| one.name.as_str() == name).unwrap_or(9);
    let samples = samples(reports.iter().flat_map(probed), &runs, last.rules, last.confidence, &rank);
    let answers: Vec<Answers> = samples.iter().map(|sample| sample.answers.clone()).collect();
    let sides: Vec<Side> = runs.iter().map(|(_, side)| *side).collect();
    let weights = vec![1.0; samples.len()];
    let of = |wanted| runs.iter().filter(|(_, side)| *side == wanted).map(|(run, _)| *run).collect();
    CompareReport {
        stream: StreamName::new("newsletter").unwrap(),
        before: of(Side::Before),
        after: of(Side::After),
        between: between.into_iter().collect(),
        change: Some(change.clone()),
        simulated: false,
        comparison: Comparison::of(&answers, &sides, &weights, 1.0 - last.confidence),
        samples,
        weights,
        streams: None,
        providers: last.providers.clone(),
        rules: last.rules,
        confidence: last.confidence,
        notes: Vec::new(),
    }
}

/// A check that asks for a record.
fn weak(record: &str) -> Check {
    Check {
        id: "dmarc.policy",
        verdict: Verdict::Warning,
        found: format!("p=none in {record}"),
        why: "nobody is kept from sending in your name".to_owned(),
        publish: Some(format!("_dmarc.shop.example. IN TXT \"{record}\"")),
    }
}

/// A stream made of these runs, with a change of SPF between the second and the third.
pub(crate) fn of(reports: &[RunReport], domain: &str, record: &str, language: Language) -> Sample {
    let stream = StreamName::new("newsletter").unwrap();
    let last = reports.last().unwrap().clone();
    let domain = DomainName::new(domain).unwrap();
    let change = Change {
        domain: domain.clone(),
        window: Window { from: at(WEEK + 1), until: at(2 * WEEK + 1) },
        differences: vec![Difference {
            place: Place::SpfFrom,
            question: Question::new(domain.clone(), RecordType::Txt),
            before: Published::new(),
            after: Published::from([record.to_owned()]),
            ttl: None,
        }],
    };
    let settings = Settings {
        providers: &last.providers,
        stream: Some(&stream),
        rules: last.rules,
        thresholds: last.thresholds,
        confidence: last.confidence,
        language,
    };
    let rows: Vec<TrendRow> = reports.iter().flat_map(|report| TrendRow::of(report, &stream)).collect();
    let seeds = reports.iter().flat_map(|report| probed(report).map(|probed| SeedRow::of(&report.run, probed)));
    let marks = [TrendChange { at: change.window.from, words: language.change(&change) }];
    let compared = (reports.len() > 2).then(|| BeforeAfter::new(&compared(reports, &change), &change, language));
    let figures = StreamFigures {
        as_of: last.run.started_at,
        rules: last.rules,
        confidence: last.confidence,
        trend: Trend::new(&rows, &marks, &settings),
        before_after: compared,
        uncompared: None,
        latency: LatencyFigure::new(&rows, &marks, &settings),
        domains: vec![DomainFigures { domain, snapshot: None, changes: vec![change], checks: vec![weak(record)] }],
        stream: stream.clone(),
        rows,
    };
    let grid = SeedGrid::new(&seeds.collect::<Vec<_>>(), &settings);
    Sample { figures, grid, last, trends: Vec::new() }
}
