//! The page: one HTML file with everything a reader needs, and nothing that asks a network or runs a script.
//!
//! What changed and what to do comes first, then the charts, each with its figures as a table, the last run with its evidence,
//! DNS, the thresholds with what they ask for, and the meaning of the words. The template escapes whatever it is given; the
//! style sheet is the only one that the page's own policy allows.

mod diagnosis;
mod dns;
mod evidence;
mod probes;
mod style;
mod summary;
mod thresholds;

use askama::Template;
use jiff::Timestamp;

use self::diagnosis::DiagnosisView;
use self::dns::DomainView;
use self::probes::RunView;
use self::summary::{ChangedView, Tile};
use super::chart::Form;
use super::chart::before_after::before_after_scene;
use super::chart::latency::latency_scene;
use super::chart::seeds::seeds_scene;
use super::chart::trend::trend_scene;
use super::figure::before_after::BeforeAfter;
use super::figure::latency::LatencyFigure;
use super::figure::seeds::SeedGrid;
use super::figure::trend::{Trend, TrendRow};
use super::font::Fonts;
use super::language::{Language, Words, filled, range};
use super::report::{RunReport, good};
use super::scene::Scene;
use super::svg::svg;
use super::words::percent;
use crate::domain::diagnosis::Diagnoses;
use crate::domain::dns::change::Change;
use crate::domain::dns::check::Check;
use crate::domain::dns::name::DomainName;
use crate::domain::dns::snapshot::Snapshot;
use crate::domain::finding::{Placement, Rules};
use crate::domain::monitor::Series;
use crate::domain::stream::StreamName;

/// A figure keeps its unit, and a range its ends, on one line.
fn unbroken(text: &str) -> String {
    text.replace(" %", "\u{a0}%").replace('–', "\u{2060}–\u{2060}")
}

/// A text in parts, between which names in it may be broken: behind `@`, and before a dot that stands within a name.
fn parts(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        let is_within = signs.peek().is_some_and(|next| next.is_alphanumeric() || *next == '_');
        if sign == '.' && is_within && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
        }
        part.push(sign);
        if sign == '@' && is_within {
            parts.push(std::mem::take(&mut part));
        }
    }
    parts.push(part);
    parts
}

/// Most runs of the table below a chart; the CSV holds them all.
const TABLE_RUNS: usize = 26;

/// The figures of one stream over its runs.
#[derive(Debug)]
pub(crate) struct StreamFigures {
    /// The stream.
    pub(crate) stream: StreamName,
    /// When its newest run began.
    pub(crate) as_of: Timestamp,
    /// The rules of rates.
    pub(crate) rules: Rules,
    /// Confidence of the ranges.
    pub(crate) confidence: f64,
    /// One row for each run and provider, in order of time.
    pub(crate) rows: Vec<TrendRow>,
    /// The trend.
    pub(crate) trend: Trend,
    /// The latencies.
    pub(crate) latency: LatencyFigure,
    /// The comparison around the last change; `None` where there is none to compare, or it was not asked for.
    pub(crate) before_after: Option<BeforeAfter>,
    /// Why runs around the last change could not be compared; `None` where they were, and without a change.
    pub(crate) uncompared: Option<&'static str>,
    /// The DNS of each domain it sends from.
    pub(crate) domains: Vec<DomainFigures>,
}

/// Everything the page tells of one stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamPage<'a> {
    /// Its figures.
    pub(crate) figures: &'a StreamFigures,
    /// Its seeds.
    pub(crate) grid: &'a SeedGrid,
    /// Its last run, judged.
    pub(crate) last: &'a RunReport,
    /// Its trends, as alerts and `status` follow them.
    pub(crate) trends: &'a [Series],
}

/// The DNS of one domain.
#[derive(Debug, Clone)]
pub(crate) struct DomainFigures {
    /// The domain.
    pub(crate) domain: DomainName,
    /// Its newest snapshot; `None` where none is stored.
    pub(crate) snapshot: Option<Snapshot>,
    /// Its changes in the time of the report, the oldest first.
    pub(crate) changes: Vec<Change>,
    /// That snapshot, judged; none where it is not asked for.
    pub(crate) checks: Vec<Check>,
}

/// A cell, and whether it is a number.
type CellView = (String, bool);

struct ChartView {
    title: String,
    subtitle: String,
    wide: String,
    narrow: String,
    summary: String,
    columns: Vec<CellView>,
    rows: Vec<Vec<CellView>>,
}

struct StreamView {
    id: String,
    heading: String,
    tone: &'static str,
    verdict: &'static str,
    verdict_lines: Vec<String>,
    tiles_heading: Option<String>,
    tiles: Vec<Tile>,
    changed: ChangedView,
    to_do: Vec<String>,
    charts: Vec<ChartView>,
}

#[derive(Template)]
#[template(path = "report.html", config = "src/render/page/askama.toml")]
struct Page<'a> {
    w: &'a Words,
    lang: &'static str,
    style: String,
    style_hash: String,
    day: String,
    subtitle: String,
    simulated: bool,
    streams: Vec<StreamView>,
    diagnosis: DiagnosisView,
    last_runs: Vec<RunView>,
    domains: Vec<DomainView>,
    thresholds: Vec<(String, String, String, String, &'static str)>,
    thresholds_note: String,
    definitions: Vec<(&'static str, String)>,
}

/// The page of a report; `streams` are never none.
pub(crate) fn page(
    streams: &[StreamPage<'_>],
    diagnoses: &Diagnoses,
    language: Language,
    fonts: &Fonts,
) -> Result<String, askama::Error> {
    let words = language.words();
    let style = style::sheet();
    let as_of: Option<Timestamp> = streams.iter().map(|one| one.figures.as_of).max();
    let names: Vec<&str> = streams.iter().map(|one| one.figures.stream.as_str()).collect();
    let date = as_of.map(|at| language.minute(at)).unwrap_or_default();
    let mut domains: Vec<&DomainFigures> = Vec::new();
    for domain in streams.iter().flat_map(|one| &one.figures.domains) {
        if !domains.iter().any(|known| known.domain == domain.domain) {
            domains.push(domain);
        }
    }
    let first = streams.first().map(|one| one.last);
    let page = Page {
        w: words,
        lang: language.tag(),
        style_hash: style::hash(&style),
        style,
        day: as_of.map(|at| language.day_and_year(at)).unwrap_or_default(),
        subtitle: filled(words.page_of, &[("date", &date), ("streams", &names.join(", "))]),
        simulated: streams.iter().any(|one| one.figures.trend.simulated),
        streams: streams.iter().enumerate().map(|(at, one)| stream_view(one, at, language, fonts)).collect(),
        diagnosis: diagnosis::view(diagnoses, language),
        last_runs: streams.iter().map(|one| probes::run_view(one, streams.len() > 1, language)).collect(),
        domains: domains.into_iter().map(|domain| dns::domain_view(domain, language)).collect(),
        thresholds: first.map(|report| thresholds::rows(report, language)).unwrap_or_default(),
        thresholds_note: thresholds::note(language),
        definitions: thresholds::definitions(first.map_or(0.95, |report| report.confidence), language),
    };
    page.render()
}

fn stream_view(page: &StreamPage<'_>, at: usize, language: Language, fonts: &Fonts) -> StreamView {
    let StreamPage { figures, grid, .. } = page;
    let id = format!("stream-{}", at + 1);
    let verdict = summary::verdict(page, language);
    let (tiles_heading, tiles) = summary::tiles(figures);
    let mut charts = vec![chart(
        (&figures.trend.title, &figures.trend.subtitle),
        |form| trend_scene(&figures.trend, form, language, fonts),
        &format!("{id}-trend"),
        fonts,
    )];
    if let Some(view) = charts.first_mut() {
        (view.summary, view.columns, view.rows) = trend_table(figures, language);
    }
    if let Some(pair) = &figures.before_after {
        let scene = |form| before_after_scene(pair, form, language, fonts);
        charts.push(chart((&pair.title, &pair.subtitle), scene, &format!("{id}-pair"), fonts));
    }
    charts.push(chart(
        (&grid.title, &grid.subtitle),
        |form| seeds_scene(grid, form, language, fonts),
        &format!("{id}-seeds"),
        fonts,
    ));
    charts.push(chart(
        (&figures.latency.title, &figures.latency.subtitle),
        |form| latency_scene(&figures.latency, form, language, fonts),
        &format!("{id}-latency"),
        fonts,
    ));
    StreamView {
        heading: filled(language.words().stream_heading, &[("stream", figures.stream.as_str())]),
        id,
        tone: verdict.tone,
        verdict: verdict.word,
        verdict_lines: verdict.lines,
        tiles_heading,
        tiles,
        changed: summary::changed(figures, language),
        to_do: summary::to_do(page, language),
        charts,
    }
}

fn chart(words: (&str, &str), scene: impl Fn(Form) -> Scene, name: &str, fonts: &Fonts) -> ChartView {
    ChartView {
        title: words.0.to_owned(),
        subtitle: words.1.to_owned(),
        wide: svg(&scene(Form::Wide), &format!("{name}-w"), "wide", fonts),
        narrow: svg(&scene(Form::Narrow), &format!("{name}-n"), "narrow", fonts),
        summary: String::new(),
        columns: Vec::new(),
        rows: Vec::new(),
    }
}

/// The figures of a trend as a table, the newest run first.
fn trend_table(figures: &StreamFigures, language: Language) -> (String, Vec<CellView>, Vec<Vec<CellView>>) {
    let words = language.words();
    let number = |text: &str| (text.to_owned(), true);
    let text = |text: &str| (text.to_owned(), false);
    let mut columns = vec![number(words.col_run), text(words.col_date), text(words.col_provider)];
    columns.extend(Placement::ALL.map(|placement| number(language.placement(placement))));
    let confidence = percent(figures.confidence);
    columns.extend([
        number(words.not_measured),
        number(words.col_rate),
        number(&filled(words.col_range, &[("confidence", &confidence)])),
    ]);
    let newest: Vec<_> = figures.trend.slots.iter().rev().take(TABLE_RUNS).map(|slot| slot.run).collect();
    let rank = |row: &&TrendRow| newest.iter().position(|run| *run == row.run);
    let mut shown: Vec<&TrendRow> = figures.rows.iter().filter(|row| rank(row).is_some()).collect();
    shown.sort_by_key(rank);
    let rows = shown.into_iter().map(|row| {
        let tally = &row.counts.tally;
        let mut cells = vec![
            number(&row.run.0.to_string()),
            text(&language.day_and_year(row.at)),
            text(&super::plain::plain(&row.counts.provider.title, super::figure::NAME)),
        ];
        cells.extend(Placement::ALL.map(|placement| number(&tally.count(placement).to_string())));
        let n = tally.measured();
        let rate = match tally.rate {
            Some(_) if n < crate::domain::health::ENOUGH => format!("{}/{n}", good(tally, figures.rules)),
            Some(rate) => percent(rate),
            None => "–".to_owned(),
        };
        let range = if n == 0 { "–".to_owned() } else { range(tally.interval) };
        cells.extend([number(&(tally.unmeasured + tally.pending).to_string()), number(&rate), number(&range)]);
        cells
    });
    let summary = if figures.trend.slots.len() > newest.len() {
        filled(words.table_newest, &[("n", &newest.len().to_string())])
    } else {
        words.figures_as_table.to_owned()
    };
    let summary = if figures.trend.simulated { format!("{summary} · {}", words.simulated) } else { summary };
    (summary, columns, rows.collect())
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
pub(crate) mod tests;
