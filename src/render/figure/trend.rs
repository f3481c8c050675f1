//! A trend: placement by provider over runs.
//!
//! Every run has one slot, in order of time, and every provider one panel. Nothing measured is a gap and never a bar of 0 %; a
//! run of too few probes keeps its counts and gets no range.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{AxisDate, Mark, NAME, Settings, Slot, TrendChange, dates, marks, newest, runs_words, span_of};
use crate::domain::finding::Placement;
use crate::domain::health::ENOUGH;
use crate::domain::interval::{Interval, count};
use crate::domain::latency::Arrival;
use crate::domain::run::RunId;
use crate::domain::stream::StreamName;
use crate::domain::tally::Tally;
use crate::render::language::{Noun, filled, range};
use crate::render::plain::plain;
use crate::render::report::{Judged, ProviderTally, RunReport, ShownProvider, Standing, Tallies, good};
use crate::render::words::percent;

/// Most runs in one chart: five years of weekly ones, each still two pixels wide.
pub(crate) const MOST: usize = 300;

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
    /// How fast its probes arrived; `None` where no arrival is known.
    pub(crate) arrival: Option<Arrival>,
}

impl TrendRow {
    /// The rows of one run, of one stream.
    pub(crate) fn of(report: &RunReport, stream: &StreamName) -> Vec<Self> {
        let tallies =
            report.tallies_by_stream().into_iter().find(|(name, _)| *name == stream).map(|(_, tallies)| tallies);
        let row = |counts: ProviderTally| {
            let here =
                |judged: &&Judged| judged.probe.provider == counts.provider.name && judged.probe.stream == *stream;
            let arrival = Arrival::of(report.probes.iter().filter(here).filter_map(Judged::latency));
            Self { run: report.run.id, at: report.run.started_at, simulated: report.run.simulated, counts, arrival }
        };
        tallies.map_or_else(Vec::new, |Tallies { providers, .. }| providers.into_iter().map(row).collect())
    }
}

/// A chart of placement over time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trend {
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
    /// The runs, in order of time.
    pub(crate) slots: Vec<Slot>,
    /// One panel for each provider.
    pub(crate) panels: Vec<Panel>,
    /// Dates, by slot.
    pub(crate) dates: Vec<AxisDate>,
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

impl Panel {
    /// The share above which spam is a warning, where some bar exceeds it.
    pub(crate) fn spam_limit(&self) -> Option<f64> {
        self.bars.iter().find_map(Bar::limit)
    }
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
    /// A line that reports nothing alarming.
    pub(crate) fn plain(words: impl Into<String>) -> Self {
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
        /// The share of spam that is a warning, where there is more.
        limit: Option<f64>,
    },
    /// Asked, and nothing could be measured.
    Unmeasured,
    /// Not asked in this run.
    Absent,
}

impl Bar {
    /// The limit that its spam exceeds.
    pub(crate) fn limit(&self) -> Option<f64> {
        match self {
            Self::Measured { limit, .. } => *limit,
            Self::Unmeasured | Self::Absent => None,
        }
    }
}

/// The bars from below: what counts as inbox first, so that its upper edge is the rate; spam hangs from the top, so that its
/// lower edge is measured against its limit.
pub(crate) const STACK: [Placement; 5] =
    [Placement::Inbox, Placement::Promotions, Placement::Elsewhere, Placement::Missing, Placement::Spam];

impl Trend {
    /// Placement by provider over runs. Rows may come in any order.
    pub(crate) fn new(rows: &[TrendRow], changes: &[TrendChange], settings: &Settings<'_>) -> Self {
        let (slots, all) = newest(rows.iter().map(|row| Slot { at: row.at, run: row.run }), MOST);
        let shown: Vec<&TrendRow> =
            rows.iter().filter(|row| slots.binary_search(&Slot { at: row.at, run: row.run }).is_ok()).collect();
        let panels: Vec<Panel> =
            asked(&shown, settings).into_iter().map(|provider| panel(provider, &slots, &shown, settings)).collect();
        let occurs = |placement: &Placement| shown.iter().any(|row| row.counts.tally.count(*placement) > 0);
        let has_gaps = panels.iter().flat_map(|panel| &panel.bars).any(|bar| *bar == Bar::Unmeasured);
        Self {
            title: settings.language.words().trend_title.to_owned(),
            subtitle: subtitle(&slots, all, &shown, settings),
            simulated: shown.iter().any(|row| row.simulated),
            legend: STACK.into_iter().filter(occurs).collect(),
            has_gaps,
            dates: dates(&slots, settings.language),
            marks: marks(&slots, changes, settings.language),
            footnote: footnote(&panels, settings),
            panels,
            slots,
        }
    }
}

/// The providers that some run asked, in the order of the settings; those they do not name come last, by name.
fn asked<'a>(rows: &[&'a TrendRow], settings: &Settings<'a>) -> Vec<&'a ShownProvider> {
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
fn footnote(panels: &[Panel], settings: &Settings<'_>) -> String {
    let bars = || panels.iter().flat_map(|panel| &panel.bars);
    let words = settings.language.words();
    let mut parts = Vec::new();
    if bars().any(|bar| matches!(bar, Bar::Measured { range: Some(_), .. })) {
        parts.push(filled(words.note_range, &[("confidence", &percent(settings.confidence))]));
    }
    if let Some(limit) = bars().find_map(Bar::limit) {
        parts.push(filled(words.note_spam_limit, &[("share", &percent(limit))]));
    }
    if bars().any(|bar| matches!(bar, Bar::Measured { range: None, .. })) {
        parts.push(filled(words.note_narrow, &[("n", &ENOUGH.to_string())]));
    }
    if bars().any(|bar| *bar == Bar::Unmeasured) {
        parts.push(words.note_unmeasured.to_owned());
    }
    if bars().any(|bar| *bar == Bar::Absent) {
        parts.push(words.note_absent.to_owned());
    }
    parts.join(" ")
}

fn panel(provider: &ShownProvider, slots: &[Slot], rows: &[&TrendRow], settings: &Settings<'_>) -> Panel {
    let here: BTreeMap<RunId, &Tally> = rows
        .iter()
        .filter(|row| row.counts.provider.name == provider.name)
        .map(|row| (row.run, &row.counts.tally))
        .collect();
    let limit = provider.spam_threshold.then_some(settings.thresholds.spam_warn);
    let bars = slots.iter().map(|slot| here.get(&slot.run).map_or(Bar::Absent, |tally| bar(tally, limit))).collect();
    let last = slots.last().and_then(|slot| here.get(&slot.run));
    let not_asked = || {
        let remark = Remark::plain(settings.language.words().last_not_asked);
        (Standing::Unmeasured, "–".to_owned(), vec![remark])
    };
    let (standing, headline, remarks) = last.map_or_else(not_asked, |tally| last_words(provider, tally, settings));
    Panel {
        title: plain(&provider.title, NAME),
        bars,
        goal: settings.thresholds.inbox_warn,
        standing,
        headline,
        remarks,
    }
}

fn bar(tally: &Tally, limit: Option<f64>) -> Bar {
    let n = tally.measured();
    let Some(rate) = tally.rate else { return Bar::Unmeasured };
    let present = STACK.into_iter().filter(|placement| tally.count(*placement) > 0);
    let asked = asked_of(tally);
    Bar::Measured {
        shares: present.map(|placement| (placement, count(tally.count(placement)) / count(n))).collect(),
        rate,
        range: (n >= ENOUGH).then_some(tally.interval),
        label: if asked == n { n.to_string() } else { format!("{n}/{asked}") },
        limit: limit.filter(|limit| count(tally.count(Placement::Spam)) / count(n) > *limit),
    }
}

/// How the last run stands, its figure and what belongs to it.
fn last_words(provider: &ShownProvider, tally: &Tally, settings: &Settings<'_>) -> (Standing, String, Vec<Remark>) {
    let words = settings.language.words();
    let (good, n) = (good(tally, settings.rules).to_string(), tally.measured());
    let standing = Standing::of(tally, settings.thresholds);
    let Some(rate) = tally.rate else {
        return (standing, "–".to_owned(), vec![Remark::plain(words.last_not_measured)]);
    };
    let what = if settings.rules.promotions_as_inbox { words.promotions_too } else { words.inbox_last_run };
    if n < ENOUGH {
        let few = filled(words.few_of, &[("good", &good), ("n", &n.to_string())]);
        return (standing, few, vec![Remark::plain(what), Remark::plain(words.too_few_for_rate)]);
    }
    let gaps = [("good", good.as_str()), ("n", &n.to_string()), ("range", &range(tally.interval))];
    let mut remarks = vec![Remark::plain(what), Remark::plain(filled(words.good_of, &gaps))];
    if let Some((share, interval)) = tally.spam.filter(|_| provider.spam_threshold) {
        let limit = settings.thresholds.spam_warn;
        let gaps = [("share", percent(share)), ("limit", percent(limit))];
        let gaps = gaps.each_ref().map(|(name, filling)| (*name, filling.as_str()));
        remarks.push(Remark { words: filled(words.spam_against_limit, &gaps), alarm: interval.lo > limit });
    }
    (standing, percent(rate), remarks)
}

fn subtitle(slots: &[Slot], all: usize, rows: &[&TrendRow], settings: &Settings<'_>) -> String {
    let (language, words) = (settings.language, settings.language.words());
    let mut parts = vec![words.share_of_measured.to_owned()];
    parts.extend(span_of(slots, language));
    parts.push(runs_words(slots.len(), all, language));
    let last = slots.last().map(|slot| slot.run);
    let in_last = rows.iter().filter(|row| Some(row.run) == last);
    parts.push(language.counted(in_last.map(|row| asked_of(&row.counts.tally)).sum(), Noun::SEED));
    parts.push(settings.stream_words());
    parts.push(settings.rules_words().to_owned());
    parts.join(" · ")
}

/// How many probes there were, measured or not.
fn asked_of(tally: &Tally) -> usize {
    tally.measured() + tally.unmeasured + tally.pending
}

#[cfg(test)]
mod tests;
