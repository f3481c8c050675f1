//! A latency chart: how long probes took to arrive at each provider, run by run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::trend::{MOST, Remark, TrendRow};
use super::{AxisDate, Mark, NAME, Settings, Slot, TrendChange, dates, marks, newest, runs_words, span_of};
use crate::domain::latency::Arrival;
use crate::domain::provider::ProviderName;
use crate::domain::run::RunId;
use crate::render::language::{Language, filled};
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
    pub(crate) dates: Vec<AxisDate>,
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

/// Steps that a scale may have, in seconds, from one second to four weeks.
const STEPS: [u64; 27] = [
    1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
    86_400, 172_800, 345_600, 604_800, 1_209_600, 2_419_200,
];
/// Those that are kept before others where not all have room: whole units and tens of them.
const WHOLE: [u64; 8] = [1, 10, 60, 600, 3_600, 43_200, 86_400, 604_800];
/// Least factor from one end of a scale to the other, so that seconds of difference do not look like hours.
const LEAST: f64 = 3.0;
/// Least distance of two steps, as a share of the scale: a line of words.
const APART: f64 = 0.13;

impl LatencyFigure {
    /// Latency by provider over runs. Rows may come in any order.
    pub(crate) fn new(rows: &[TrendRow], changes: &[TrendChange], settings: &Settings<'_>) -> Self {
        let (language, words) = (settings.language, settings.language.words());
        let (slots, all) = newest(rows.iter().map(|row| Slot { at: row.at, run: row.run }), MOST);
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
        let scale = scale(panels.iter().flat_map(|panel| panel.points.iter().flatten()), language);
        let mut parts = vec![words.latency_subtitle.to_owned()];
        parts.extend(span_of(&slots, language));
        parts.push(runs_words(slots.len(), all, language));
        parts.push(settings.stream_words());
        Self {
            title: words.latency_title.to_owned(),
            subtitle: parts.join(" · "),
            simulated: rows.iter().any(|row| row.simulated),
            scale,
            dates: dates(&slots, language),
            marks: marks(&slots, changes, language),
            footnote: words.latency_note.to_owned(),
            panels,
            slots,
        }
    }
}

/// The grid lines around everything that is shown; none over nothing.
fn scale<'a>(shown: impl Iterator<Item = &'a Arrival>, language: Language) -> Vec<(Duration, String)> {
    let ends = |arrival: &Arrival| (arrival.median, arrival.slowest);
    let Some((fastest, slowest)) = shown.map(ends).reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))) else {
        return Vec::new();
    };
    let mut scale: Vec<(Duration, String)> =
        with_room(around(fastest, slowest)).into_iter().map(|step| (step, language.span(step))).collect();
    if let Some((step, words)) = scale.first_mut().filter(|(step, _)| fastest < *step) {
        // A logarithm never reaches down to nothing: what is faster than the first step lies on it.
        *words = format!("≤ {}", language.span(*step));
    }
    scale
}

/// How many times one duration is another.
fn factor(from: Duration, to: Duration) -> f64 {
    to.as_secs_f64() / from.as_secs_f64()
}

/// The steps from the last that nothing lies below to the first that nothing lies above.
fn around(fastest: Duration, slowest: Duration) -> Vec<Duration> {
    let steps = STEPS.map(Duration::from_secs);
    let top = steps.len() - 1;
    let mut first = steps.iter().rposition(|step| *step <= fastest).unwrap_or(0);
    let mut last = steps.iter().position(|step| *step >= slowest).unwrap_or(top);
    while let Some((low, high)) =
        steps.get(first).zip(steps.get(last)).filter(|(low, high)| factor(**low, **high) < LEAST)
    {
        // Towards the side that the figures lie nearer to.
        let downward = first > 0 && (last == top || factor(*low, fastest) <= factor(slowest, *high));
        (first, last) = if downward { (first - 1, last) } else { (first, last + 1) };
    }
    steps.get(first..=last).unwrap_or_default().to_vec()
}

/// Both ends, then whole units and tens of them, then others, each where its words touch none.
fn with_room(steps: Vec<Duration>) -> Vec<Duration> {
    let Some((first, last)) = steps.first().copied().zip(steps.last().copied()) else { return steps };
    let apart = factor(first, last).powf(APART);
    let (whole, others): (Vec<Duration>, Vec<Duration>) =
        steps.into_iter().partition(|step| WHOLE.contains(&step.as_secs()));
    let mut kept: Vec<Duration> = Vec::new();
    for step in [first, last].into_iter().chain(whole).chain(others) {
        if kept.iter().all(|other| factor(step.min(*other), step.max(*other)) >= apart) {
            kept.push(step);
        }
    }
    kept.sort_unstable();
    kept
}

fn panel(title: &str, known: &BTreeMap<RunId, Arrival>, slots: &[Slot], settings: &Settings<'_>) -> LatencyPanel {
    let (language, words) = (settings.language, settings.language.words());
    let points: Vec<Option<Arrival>> = slots.iter().map(|slot| known.get(&slot.run).copied()).collect();
    let (headline, remarks) = match points.last().copied().flatten() {
        Some(arrival) => {
            let (n, slowest) = (arrival.known.to_string(), language.span(arrival.slowest));
            let known = filled(words.latency_of, &[("n", &n)]);
            let slowest = filled(words.latency_to, &[("slowest", &slowest)]);
            let remarks = vec![Remark::plain(words.latency_last), Remark::plain(known), Remark::plain(slowest)];
            (language.span(arrival.median), remarks)
        }
        None => ("–".to_owned(), vec![Remark::plain(words.latency_unknown)]),
    };
    LatencyPanel { title: plain(title, NAME), points, headline, remarks }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The scale around points of so many seconds.
    fn words(points: &[(u64, u64)]) -> Vec<String> {
        let arrival = |(median, slowest): &(u64, u64)| Arrival {
            known: 1,
            median: Duration::from_secs(*median),
            slowest: Duration::from_secs(*slowest),
        };
        let arrivals: Vec<Arrival> = points.iter().map(arrival).collect();
        scale(arrivals.iter(), Language::English).into_iter().map(|(_, words)| words).collect()
    }

    #[test]
    fn a_scale_reaches_around_what_is_shown_and_hardly_further() {
        for (points, steps) in [
            (&[(17, 55), (23, 28)][..], &["15 s", "20 s", "30 s", "1 min"][..]),
            (&[(5, 5), (5, 10_800)], &["5 s", "15 s", "1 min", "3 min", "10 min", "1 h", "3 h"]),
            (&[(20, 20), (20, 20)], &["10 s", "15 s", "20 s", "30 s"]),
            (&[(25, 25)], &["20 s", "30 s", "1 min"]),
            (&[(0, 0)], &["≤ 1 s", "2 s", "3 s"]),
            (&[(0, 2), (1, 40)], &["≤ 1 s", "2 s", "5 s", "10 s", "20 s", "1 min"]),
            (&[(1, 3)], &["1 s", "2 s", "3 s"]),
            (&[(3_000_000, 3_000_000)], &["7 d", "14 d", "28 d"]),
            (&[], &[]),
        ] {
            assert_eq!(words(points), steps, "{points:?}");
        }
    }

    #[test]
    fn whatever_is_shown_lies_between_the_ends_of_its_scale_whose_steps_have_room_for_words() {
        for fastest in 1..4_000 {
            for times in [1, 2, 7, 90] {
                let (fastest, slowest) = (fastest * 3, fastest * 3 * times);
                let arrival =
                    Arrival { known: 1, median: Duration::from_secs(fastest), slowest: Duration::from_secs(slowest) };
                let scale: Vec<Duration> =
                    scale(std::iter::once(&arrival), Language::German).into_iter().map(|(step, _)| step).collect();
                let (first, last) = (scale[0], scale[scale.len() - 1]);
                assert!(first <= arrival.median && arrival.slowest <= last, "{arrival:?}: {scale:?}");
                let wide = factor(first, last);
                assert!(wide >= LEAST && wide <= (factor(arrival.median, arrival.slowest) * 6.3).max(6.3), "{scale:?}");
                assert!(scale.windows(2).all(|pair| factor(pair[0], pair[1]) >= wide.powf(APART)), "{scale:?}");
            }
        }
    }
}
