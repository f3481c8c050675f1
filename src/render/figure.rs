//! A figure: what a chart of placement over time shows, as data, before anything is drawn.
//!
//! Every run has one slot, in order of time, and every provider one panel. Nothing measured is a gap and never a bar of 0 %; a
//! run of too few probes keeps its counts and gets no range.

use jiff::Timestamp;

use super::plain::plain;
use super::report::{ProviderTally, RunReport, ShownProvider, Standing, Tallies, good};
use super::words::{counted, day, day_and_year, percent, range, time_of_day};
use crate::domain::finding::{Placement, Rules};
use crate::domain::health::{ENOUGH, Thresholds};
use crate::domain::interval::{Interval, count};
use crate::domain::run::RunId;
use crate::domain::stream::StreamName;
use crate::domain::tally::Tally;

/// Most dates under the lowest panel.
const DATES: usize = 12;
/// Longest name or sentence of a mark, in columns.
const WORDS: usize = 80;

/// What one provider answered in one run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TrendRow {
    /// The run.
    pub(crate) run: RunId,
    /// When it started.
    pub(crate) at: Timestamp,
    /// Whether the lab answered.
    pub(crate) simulated: bool,
    /// The provider with its counts.
    pub(crate) counts: ProviderTally,
}

impl TrendRow {
    /// The rows of one run: over all its streams, or of one.
    pub(crate) fn of(report: &RunReport, stream: Option<&StreamName>) -> Vec<Self> {
        let tallies = match stream {
            None => Some(report.tallies()),
            Some(wanted) => {
                report.tallies_by_stream().into_iter().find(|(name, _)| *name == wanted).map(|(_, tallies)| tallies)
            }
        };
        let row =
            |counts| Self { run: report.run.id, at: report.run.started_at, simulated: report.run.simulated, counts };
        tallies.map_or_else(Vec::new, |Tallies { providers, .. }| providers.into_iter().map(row).collect())
    }
}

/// A change that the chart marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrendChange {
    /// When it was first seen.
    pub(crate) at: Timestamp,
    /// What changed, in a few words.
    pub(crate) words: String,
}

/// What the whole chart shares.
#[derive(Debug, Clone)]
pub(crate) struct TrendSettings<'a> {
    /// Providers in the order of the panels.
    pub(crate) providers: &'a [ShownProvider],
    /// The stream shown; `None` for all together.
    pub(crate) stream: Option<&'a StreamName>,
    /// How findings became placements.
    pub(crate) rules: Rules,
    /// The thresholds drawn.
    pub(crate) thresholds: Thresholds,
    /// Confidence of the ranges.
    pub(crate) confidence: f64,
}

/// A chart of placement over time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    /// The headline.
    pub(crate) title: String,
    /// What is measured, when, of which stream and by which setting.
    pub(crate) subtitle: String,
    /// Whether any run was simulated.
    pub(crate) simulated: bool,
    /// The placements that occur, in the order of the bars from below.
    pub(crate) legend: Vec<Placement>,
    /// Whether some slot is a gap because nothing was measured.
    pub(crate) has_gaps: bool,
    /// How many runs there are.
    pub(crate) slots: usize,
    /// One panel for each provider.
    pub(crate) panels: Vec<Panel>,
    /// Dates, by slot.
    pub(crate) dates: Vec<(usize, String)>,
    /// Changes, in order of time.
    pub(crate) marks: Vec<Mark>,
    /// How to read it.
    pub(crate) footnote: String,
}

/// One provider's part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Panel {
    /// The provider.
    pub(crate) title: String,
    /// One for each slot.
    pub(crate) bars: Vec<Bar>,
    /// The share below which the inbox rate is a warning.
    pub(crate) goal: f64,
    /// How the last run stands.
    pub(crate) standing: Standing,
    /// The last run's figure.
    pub(crate) headline: String,
    /// What is to be said below it.
    pub(crate) remarks: Vec<Remark>,
}

/// A line below a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remark {
    /// What it says.
    pub(crate) words: String,
    /// Whether it reports a crossed threshold.
    pub(crate) alarm: bool,
}

impl Remark {
    fn plain(words: impl Into<String>) -> Self {
        Self { words: words.into(), alarm: false }
    }
}

/// One run at one provider.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Bar {
    /// Measured.
    Measured {
        /// Shares of the measured probes, from below; they sum to 1.
        shares: Vec<(Placement, f64)>,
        /// The inbox rate.
        rate: f64,
        /// Its range; `None` over too few probes.
        range: Option<Interval>,
        /// How many were measured, and of how many if not of all: `12` or `9/12`.
        label: String,
    },
    /// Asked, and nothing could be measured.
    Unmeasured,
    /// Not asked in this run.
    Absent,
}

/// A change between two slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// It lies before this slot; the number of slots when it is later than every run.
    pub(crate) before: usize,
    /// What changed.
    pub(crate) words: String,
}

/// The bars from below: what counts as inbox first, so that its upper edge is the rate.
const STACK: [Placement; 5] =
    [Placement::Inbox, Placement::Promotions, Placement::Elsewhere, Placement::Spam, Placement::Missing];

impl Figure {
    /// Placement by provider over runs. Rows may come in any order.
    pub(crate) fn placement(rows: &[TrendRow], changes: &[TrendChange], settings: &TrendSettings<'_>) -> Self {
        let mut runs: Vec<(Timestamp, RunId)> = rows.iter().map(|row| (row.at, row.run)).collect();
        runs.sort_unstable();
        runs.dedup();
        let panels: Vec<Panel> =
            asked(rows, settings).into_iter().map(|provider| panel(provider, &runs, rows, settings)).collect();
        let occurs = |placement: &Placement| rows.iter().any(|row| row.counts.tally.count(*placement) > 0);
        let has_gaps = panels.iter().flat_map(|panel| &panel.bars).any(|bar| *bar == Bar::Unmeasured);
        Self {
            title: "Inbox placement by provider".to_owned(),
            subtitle: subtitle(&runs, settings),
            simulated: rows.iter().any(|row| row.simulated),
            legend: STACK.into_iter().filter(occurs).collect(),
            has_gaps,
            slots: runs.len(),
            dates: dates(&runs),
            marks: marks(&runs, changes),
            footnote: footnote(&panels, settings),
            panels,
        }
    }
}

/// The providers that some run asked, in the order of the settings; those they do not name come last, by name.
fn asked<'a>(rows: &'a [TrendRow], settings: &TrendSettings<'a>) -> Vec<&'a ShownProvider> {
    let in_rows = |provider: &&ShownProvider| rows.iter().any(|row| row.counts.provider.name == provider.name);
    let mut asked: Vec<&ShownProvider> = settings.providers.iter().filter(in_rows).collect();
    let mut others: Vec<&ShownProvider> = rows.iter().map(|row| &row.counts.provider).collect();
    others.sort_by(|a, b| a.name.cmp(&b.name));
    others.dedup_by(|a, b| a.name == b.name);
    others.retain(|other| !settings.providers.iter().any(|named| named.name == other.name));
    asked.extend(others);
    asked
}

/// How to read what the chart shows, and only that.
fn footnote(panels: &[Panel], settings: &TrendSettings<'_>) -> String {
    let bars = || panels.iter().flat_map(|panel| &panel.bars);
    let mut parts = Vec::new();
    if bars().any(|bar| matches!(bar, Bar::Measured { range: Some(_), .. })) {
        parts.push(format!("Lines on the bars: {} range of the inbox rate.", percent(settings.confidence)));
    }
    if bars().any(|bar| matches!(bar, Bar::Measured { range: None, .. })) {
        parts.push(format!("Narrow bars: fewer than {ENOUGH} measured, too few for a rate."));
    }
    if bars().any(|bar| *bar == Bar::Unmeasured) {
        parts.push("Hatched: nothing could be measured, which is not 0 %.".to_owned());
    }
    if bars().any(|bar| *bar == Bar::Absent) {
        parts.push("Blank: not asked.".to_owned());
    }
    parts.join(" ")
}

fn panel(
    provider: &ShownProvider,
    runs: &[(Timestamp, RunId)],
    rows: &[TrendRow],
    settings: &TrendSettings<'_>,
) -> Panel {
    let of = |run: RunId| rows.iter().find(|row| row.run == run && row.counts.provider.name == provider.name);
    let bars = runs.iter().map(|(_, run)| of(*run).map_or(Bar::Absent, |row| bar(&row.counts.tally))).collect();
    let last = runs.last().and_then(|(_, run)| of(*run)).map(|row| &row.counts.tally);
    let (standing, headline, remarks) = match last {
        Some(tally) => last_words(provider, tally, settings),
        None => (Standing::Unmeasured, "–".to_owned(), vec![Remark::plain("not asked in the last run")]),
    };
    Panel {
        title: plain(&provider.title, WORDS),
        bars,
        goal: settings.thresholds.inbox_warn,
        standing,
        headline,
        remarks,
    }
}

fn bar(tally: &Tally) -> Bar {
    let n = tally.measured();
    let Some(rate) = tally.rate else { return Bar::Unmeasured };
    let present = STACK.into_iter().filter(|placement| tally.count(*placement) > 0);
    let asked = n + tally.unmeasured + tally.pending;
    Bar::Measured {
        shares: present.map(|placement| (placement, count(tally.count(placement)) / count(n))).collect(),
        rate,
        range: (n >= ENOUGH).then_some(tally.interval),
        label: if asked == n { n.to_string() } else { format!("{n}/{asked}") },
    }
}

/// How the last run stands, its figure and what belongs to it.
fn last_words(
    provider: &ShownProvider,
    tally: &Tally,
    settings: &TrendSettings<'_>,
) -> (Standing, String, Vec<Remark>) {
    let (good, n) = (good(tally, settings.rules), tally.measured());
    let standing = Standing::of(tally, settings.thresholds);
    let Some(rate) = tally.rate else {
        return (standing, "–".to_owned(), vec![Remark::plain("last run not measured")]);
    };
    if n < ENOUGH {
        return (
            standing,
            format!("{good} of {n}"),
            vec![Remark::plain("inbox, last run"), Remark::plain("too few for a rate")],
        );
    }
    let counts = format!("{good} of {n}, range {} %", range(tally.interval));
    let mut remarks = vec![Remark::plain("inbox, last run"), Remark::plain(counts)];
    if let Some((share, interval)) = tally.spam.filter(|_| provider.spam_threshold) {
        let limit = settings.thresholds.spam_warn;
        let words = format!("spam {}, limit {}", percent(share), percent(limit));
        remarks.push(Remark { words, alarm: interval.lo > limit });
    }
    (standing, percent(rate), remarks)
}

fn subtitle(runs: &[(Timestamp, RunId)], settings: &TrendSettings<'_>) -> String {
    let mut parts = vec!["Share of measured probes".to_owned()];
    if let (Some((first, _)), Some((last, _))) = (runs.first(), runs.last()) {
        let (from, to) = (day_and_year(*first), day_and_year(*last));
        parts.push(if from == to { from } else { format!("{from} – {to}") });
    }
    parts.push(counted(runs.len(), "run"));
    parts.push(settings.stream.map_or_else(|| "all streams".to_owned(), |stream| format!("stream {stream}")));
    let not = if settings.rules.promotions_as_inbox { "" } else { "not " };
    parts.push(format!("promotions {not}counted as inbox"));
    parts.join(" · ")
}

/// A dozen dates at most, evenly spread; times of day when all runs are of one day.
fn dates(runs: &[(Timestamp, RunId)]) -> Vec<(usize, String)> {
    let step = runs.len().div_ceil(DATES).max(1);
    let days: Vec<String> = runs.iter().map(|(at, _)| day_and_year(*at)).collect();
    let one_day = days.windows(2).all(|pair| pair.first() == pair.last()) && days.len() > 1;
    let several_years = runs.first().map(|(at, _)| at.strftime("%Y").to_string())
        != runs.last().map(|(at, _)| at.strftime("%Y").to_string());
    let mut shown: Vec<(usize, String)> = Vec::new();
    let mut year = String::new();
    for (slot, (at, _)) in runs.iter().enumerate().step_by(step) {
        let this_year = at.strftime("%Y").to_string();
        let text = if one_day {
            time_of_day(*at).chars().take(5).collect()
        } else if several_years && this_year != year {
            day_and_year(*at)
        } else {
            day(*at)
        };
        year = this_year;
        if shown.last().is_none_or(|(_, last)| *last != text) {
            shown.push((slot, text));
        }
    }
    shown
}

/// Changes by slot; those of one gap between runs share a mark.
fn marks(runs: &[(Timestamp, RunId)], changes: &[TrendChange]) -> Vec<Mark> {
    if runs.is_empty() {
        return Vec::new();
    }
    let mut sorted: Vec<&TrendChange> = changes.iter().collect();
    sorted.sort_by_key(|change| change.at);
    let mut marks: Vec<(usize, Vec<&str>)> = Vec::new();
    for change in sorted {
        let before = runs.iter().filter(|(at, _)| *at < change.at).count();
        match marks.last_mut() {
            Some((slot, words)) if *slot == before => words.push(&change.words),
            Some(_) | None => marks.push((before, vec![&change.words])),
        }
    }
    let mark = |(before, words): (usize, Vec<&str>)| {
        let words = match words.as_slice() {
            [only] => plain(only, WORDS),
            all => plain(&format!("{} changes: {}", all.len(), all.join("; ")), WORDS),
        };
        Mark { before, words }
    };
    marks.into_iter().map(mark).collect()
}

#[cfg(test)]
mod tests;
