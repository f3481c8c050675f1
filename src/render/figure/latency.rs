//! A latency chart: how long probes took to arrive at each provider, run by run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::trend::{MOST, Remark, TrendRow};
use super::{Mark, NAME, Settings, Slot, TrendChange, dates, marks, span_of};
use crate::domain::latency::Arrival;
use crate::domain::provider::ProviderName;
use crate::domain::run::RunId;
use crate::render::language::{Noun, filled};
use crate::render::plain::plain;

/// Arrival over time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LatencyFigure {
    /// The headline.
    pub(crate) title: String,
    /// What is measured, when and of which stream.
    pub(crate) subtitle: String,
    /// Whether any run was simulated.
    pub(crate) simulated: bool,
    /// The runs, in order of time.
    pub(crate) slots: Vec<Slot>,
    /// One panel for each provider of whose probes an arrival is known.
    pub(crate) panels: Vec<LatencyPanel>,
    /// The grid lines, from below, with their words: the scale reaches from the first to the last.
    pub(crate) scale: Vec<(Duration, String)>,
    /// Dates, by slot.
    pub(crate) dates: Vec<(usize, String)>,
    /// Changes, in order of time.
    pub(crate) marks: Vec<Mark>,
    /// How to read it.
    pub(crate) footnote: String,
}

/// One provider's part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LatencyPanel {
    /// The provider.
    pub(crate) title: String,
    /// One for each slot; `None` where no arrival is known.
    pub(crate) points: Vec<Option<Arrival>>,
    /// The last run's median.
    pub(crate) headline: String,
    /// What is to be said below it.
    pub(crate) remarks: Vec<Remark>,
}

/// Steps of the scale, in seconds.
const STEPS: [u64; 9] = [1, 10, 60, 600, 3_600, 21_600, 86_400, 604_800, 2_419_200];

impl LatencyFigure {
    /// Latency by provider over runs. Rows may come in any order.
    pub(crate) fn new(rows: &[TrendRow], changes: &[TrendChange], settings: &Settings<'_>) -> Self {
        let (language, words) = (settings.language, settings.language.words());
        let mut slots: Vec<Slot> = rows.iter().map(|row| Slot { at: row.at, run: row.run }).collect();
        slots.sort_unstable();
        slots.dedup();
        slots.drain(..slots.len().saturating_sub(MOST));
        let mut known: BTreeMap<&ProviderName, BTreeMap<RunId, Arrival>> = BTreeMap::new();
        for row in rows {
            if let Some(arrival) = row.arrival {
                known.entry(&row.counts.provider.name).or_default().insert(row.run, arrival);
            }
        }
        let mut order: Vec<_> = known.keys().copied().collect();
        let rank = |name: &ProviderName| settings.providers.iter().position(|one| one.name == *name);
        order.sort_by_key(|name| (rank(name).unwrap_or(usize::MAX), *name));
        let panels: Vec<LatencyPanel> = order
            .into_iter()
            .filter_map(|name| {
                let title =
                    rank(name).and_then(|at| settings.providers.get(at)).map_or(name.as_str(), |one| &one.title);
                Some(panel(title, known.get(name)?, &slots, settings))
            })
            .collect();
        let arrivals = || panels.iter().flat_map(|panel| panel.points.iter().flatten());
        let longest = arrivals().map(|arrival| arrival.slowest).max().unwrap_or_default();
        let mut parts = vec![words.latency_subtitle.to_owned()];
        parts.extend(span_of(&slots, language));
        parts.push(language.counted(slots.len(), Noun::RUN));
        parts.push(settings.stream_words());
        Self {
            title: words.latency_title.to_owned(),
            subtitle: parts.join(" · "),
            simulated: rows.iter().any(|row| row.simulated),
            scale: scale(longest).map(|step| (step, language.span(step))).collect(),
            dates: dates(&slots, language),
            marks: marks(&slots, changes, language),
            footnote: words.latency_note.to_owned(),
            panels,
            slots,
        }
    }
}

/// The steps up to the first that reaches the longest, three at least.
fn scale(longest: Duration) -> impl Iterator<Item = Duration> {
    let reaching = STEPS.iter().position(|step| Duration::from_secs(*step) >= longest).unwrap_or(STEPS.len());
    STEPS.into_iter().take((reaching + 1).max(3)).map(Duration::from_secs)
}

fn panel(title: &str, known: &BTreeMap<RunId, Arrival>, slots: &[Slot], settings: &Settings<'_>) -> LatencyPanel {
    let (language, words) = (settings.language, settings.language.words());
    let points: Vec<Option<Arrival>> = slots.iter().map(|slot| known.get(&slot.run).copied()).collect();
    let (headline, remarks) = match points.last().copied().flatten() {
        Some(arrival) => {
            let (n, slowest) = (arrival.known.to_string(), language.span(arrival.slowest));
            let more = filled(words.latency_of, &[("n", &n), ("slowest", &slowest)]);
            (language.span(arrival.median), vec![Remark::plain(words.latency_last), Remark::plain(more)])
        }
        None => ("–".to_owned(), vec![Remark::plain(words.latency_unknown)]),
    };
    LatencyPanel { title: plain(title, NAME), points, headline, remarks }
}
