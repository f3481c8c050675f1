//! Figures: what each chart of a report shows, as data, before anything is laid out or drawn.

pub(crate) mod before_after;
pub(crate) mod latency;
pub(crate) mod seeds;
pub(crate) mod trend;

use jiff::{SignedDuration, Timestamp};

use super::language::{Language, Noun, filled};
use super::plain::plain;
use super::report::ShownProvider;
use crate::domain::finding::Rules;
use crate::domain::health::Thresholds;
use crate::domain::run::RunId;
use crate::domain::stream::StreamName;

/// Most dates on one axis.
const DATES: usize = 12;
/// From this span on a day without its year may be one of two.
const THE_DAY_AGAIN: SignedDuration = SignedDuration::from_hours(365 * 24);
/// From this span on the day of a date says little.
const A_YEAR: SignedDuration = SignedDuration::from_hours(400 * 24);
/// Longest name of a provider or a seed, in columns.
pub(crate) const NAME: usize = 80;
/// Longest words of a mark, in columns: three lines of a chart.
const MARK: usize = 240;

/// What all charts of one report share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings<'a> {
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
    /// The language of every word.
    pub(crate) language: Language,
}

impl Settings<'_> {
    fn stream_words(&self) -> String {
        let words = self.language.words();
        match self.stream {
            Some(stream) => filled(words.stream, &[("stream", stream.as_str())]),
            None => words.all_streams.to_owned(),
        }
    }

    fn rules_words(&self) -> &'static str {
        let words = self.language.words();
        if self.rules.promotions_as_inbox { words.promotions_counted } else { words.promotions_not_counted }
    }
}

/// The place of one run on the axis of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    /// When it started.
    pub(crate) at: Timestamp,
    /// The run.
    pub(crate) run: RunId,
}

/// A change that the charts mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrendChange {
    /// When it was first seen.
    pub(crate) at: Timestamp,
    /// What changed, in a few words.
    pub(crate) words: String,
}

/// A change between two slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// It lies before this slot; the number of slots when it is later than every run.
    pub(crate) before: usize,
    /// What changed.
    pub(crate) words: String,
}

/// The runs of rows, in order of time, cut to the newest so many; and how many there were.
fn newest(slots: impl Iterator<Item = Slot>, most: usize) -> (Vec<Slot>, usize) {
    let mut slots: Vec<Slot> = slots.collect();
    slots.sort_unstable();
    slots.dedup();
    let all = slots.len();
    slots.drain(..all.saturating_sub(most));
    (slots, all)
}

/// How many runs are shown, and of how many if not of all.
fn runs_words(shown: usize, all: usize, language: Language) -> String {
    if all > shown {
        return filled(language.words().newest_of, &[("n", &shown.to_string()), ("all", &all.to_string())]);
    }
    language.counted(all, Noun::RUN)
}

/// The days that slots span; `None` over none.
fn span_of(slots: &[Slot], language: Language) -> Option<String> {
    let (first, last) = (slots.first()?.at, slots.last()?.at);
    let (from, to) = (language.day_and_year(first), language.day_and_year(last));
    if from == to {
        return Some(to);
    }
    let one_year = first.strftime("%Y").to_string() == last.strftime("%Y").to_string();
    Some(format!("{} – {to}", if one_year { language.day(first) } else { from }))
}

/// A date on the axis of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AxisDate {
    /// The slot that bears it.
    pub(crate) slot: usize,
    /// As it is usually written.
    pub(crate) words: String,
    /// As it is written where that has no room; the same where there is no shorter form.
    pub(crate) short: String,
}

/// A dozen dates at most, evenly spread from the last run's back: times of day when all runs are of one day, months when
/// they span more than a year.
fn dates(slots: &[Slot], language: Language) -> Vec<AxisDate> {
    let step = slots.len().div_ceil(DATES).max(1);
    let (Some(first), Some(last)) = (slots.first(), slots.last()) else { return Vec::new() };
    let same = |format: &str| first.at.strftime(format).to_string() == last.at.strftime(format).to_string();
    let span = last.at.duration_since(first.at);
    let written = |at: Timestamp| {
        if slots.len() > 1 && same("%F") {
            (at.strftime("%H:%M").to_string(), None)
        } else if same("%Y") {
            (language.day(at), language.short_day(at, false))
        } else if span > A_YEAR {
            (language.month_and_year(at), None)
        } else {
            (language.day_and_year(at), language.short_day(at, span >= THE_DAY_AGAIN))
        }
    };
    let date = |(slot, run): (usize, &Slot)| {
        let (words, short) = written(run.at);
        AxisDate { slot, short: short.unwrap_or_else(|| words.clone()), words }
    };
    let mut shown: Vec<AxisDate> = slots.iter().enumerate().rev().step_by(step).map(date).collect();
    // Of runs that share a date the latest bears it.
    shown.dedup_by(|earlier, later| earlier.words == later.words);
    shown.reverse();
    shown
}

/// Changes by slot; those of one gap between runs share a mark.
fn marks(slots: &[Slot], changes: &[TrendChange], language: Language) -> Vec<Mark> {
    if slots.is_empty() {
        return Vec::new();
    }
    let mut sorted: Vec<&TrendChange> = changes.iter().collect();
    sorted.sort_by_key(|change| change.at);
    let mut marks: Vec<(usize, Vec<&str>)> = Vec::new();
    for change in sorted {
        let before = slots.iter().filter(|slot| slot.at < change.at).count();
        match marks.last_mut() {
            Some((slot, words)) if *slot == before => words.push(&change.words),
            Some(_) | None => marks.push((before, vec![&change.words])),
        }
    }
    let mark = |(before, words): (usize, Vec<&str>)| {
        let words = match words.as_slice() {
            [only] => plain(only, MARK),
            all => {
                let gaps = [("n", all.len().to_string()), ("all", all.join("; "))];
                let gaps = gaps.each_ref().map(|(name, filling)| (*name, filling.as_str()));
                plain(&filled(language.words().changes_of, &gaps), MARK)
            }
        };
        Mark { before, words }
    };
    marks.into_iter().map(mark).collect()
}
