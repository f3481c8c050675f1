//! Samples for tests: a stream over four weeks, with a change in the middle.

use std::collections::BTreeMap;

use super::{DomainFigures, StreamFigures};
use crate::domain::dns::answer::{Question, RecordType};
use crate::domain::dns::change::{Change, Difference, Window};
use crate::domain::dns::name::DomainName;
use crate::domain::dns::snapshot::{Place, Published};
use crate::domain::run::RunId;
use crate::domain::stream::StreamName;
use crate::render::figure::before_after::{BeforeAfter, Turn};
use crate::render::figure::latency::LatencyFigure;
use crate::render::figure::seeds::{SeedGrid, SeedRow};
use crate::render::figure::trend::{Trend, TrendRow};
use crate::render::figure::{Settings, TrendChange};
use crate::render::language::Language;
use crate::render::report::RunReport;
use crate::render::samples::{at, bad_day};

const WEEK: i64 = 7 * 86_400_000;

/// Four weeks of the same bad day.
pub(crate) fn figures() -> StreamFigures {
    of(&(1..=4).map(week).collect::<Vec<_>>(), "shop.example", "v=spf1 -all", Language::English)
}

fn week(number: i64) -> RunReport {
    let mut report = bad_day();
    report.run.id = RunId(number);
    report.run.started_at = at((number - 1) * WEEK);
    report
}

/// A stream made of these runs, with a change of SPF between the second and the third.
pub(crate) fn of(reports: &[RunReport], domain: &str, record: &str, language: Language) -> StreamFigures {
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
    let seeds: Vec<SeedRow> = reports.iter().flat_map(|report| SeedRow::of(report, &stream)).collect();
    let marks = [TrendChange { at: change.window.from, words: language.change(&change) }];
    let turn = Turn {
        from: change.window.from,
        seen: change.window.until,
        settled: at(2 * WEEK),
        words: language.change(&change),
    };
    StreamFigures {
        trend: Trend::new(&rows, &marks, &settings),
        before_after: BeforeAfter::new(&seeds, &[turn], &BTreeMap::new(), &settings),
        grid: SeedGrid::new(&seeds, &settings),
        latency: LatencyFigure::new(&rows, &marks, &settings),
        domains: vec![DomainFigures { domain, snapshot: None, changes: vec![change] }],
        stream: stream.clone(),
        rows,
        last,
    }
}
