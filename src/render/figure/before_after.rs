//! Before and after: what the same seeds answered around the latest change, with the verdict in words.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::seeds::{Cell, SeedRow};
use super::{NAME, Settings, Slot};
use crate::domain::compare::{Comparison, Judgement, Verdict};
use crate::domain::interval::{Interval, Observation, Pooled, pooled};
use crate::domain::provider::ProviderName;
use crate::domain::shift::{Answers, Side};
use crate::domain::tally::is_good;
use crate::render::language::{Language, Noun, filled, points};
use crate::render::plain::plain;
use crate::render::words::percent;

/// How far a comparison reaches on each side of a change.
const REACH: SignedDuration = SignedDuration::from_hours(8 * 7 * 24);

/// A change as runs meet it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Runs that started up to then met the old state.
    pub(crate) from: Timestamp,
    /// When the new state was first seen.
    pub(crate) seen: Timestamp,
    /// Runs that started from then on met the new one.
    pub(crate) settled: Timestamp,
    /// What changed.
    pub(crate) words: String,
}

/// The comparison as a picture shows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BeforeAfter {
    /// The headline.
    pub(crate) title: String,
    /// What is compared.
    pub(crate) subtitle: String,
    /// Whether any run was simulated.
    pub(crate) simulated: bool,
    /// One line for each provider, and one over all where there are several.
    pub(crate) rows: Vec<Pair>,
    /// How to read it.
    pub(crate) footnote: String,
}

/// One provider before and after.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    /// The provider.
    pub(crate) title: String,
    /// Rate and range before; `None` where nothing was measured.
    pub(crate) before: Option<(f64, Interval)>,
    /// The same after.
    pub(crate) after: Option<(f64, Interval)>,
    /// `71 % → 92 %`.
    pub(crate) rates: String,
    /// The difference with its range.
    pub(crate) difference: String,
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// The verdict in words.
    pub(crate) said: String,
    /// On how many seeds it rests.
    pub(crate) basis: String,
}

impl BeforeAfter {
    /// The comparison around the latest change that has complete runs on both sides; `None` where no change has.
    pub(crate) fn new(
        rows: &[SeedRow],
        turns: &[Turn],
        weights: &BTreeMap<ProviderName, f64>,
        settings: &Settings<'_>,
    ) -> Option<Self> {
        let mut slots: Vec<Slot> = rows.iter().map(|row| row.slot).collect();
        slots.sort_unstable();
        slots.dedup();
        let (at, sides) = (0..turns.len()).rev().find_map(|at| Some((at, sides(&slots, turns, at)?)))?;
        let turn = turns.get(at)?;
        let (language, words) = (settings.language, settings.language.words());
        let providers = providers(rows, settings);
        let runs: Vec<Slot> =
            slots.iter().zip(&sides).filter(|(_, side)| side.is_some()).map(|(slot, _)| *slot).collect();
        let kept: Vec<Side> = sides.iter().copied().flatten().collect();
        let answers: Vec<Answers> = providers.iter().map(|(name, _)| answers(rows, name, &runs, settings)).collect();
        let weights: Vec<f64> = providers.iter().map(|(name, _)| weights.get(*name).copied().unwrap_or(1.0)).collect();
        let comparison = Comparison::of(&answers, &kept, &weights, 1.0 - settings.confidence);
        let side_of = |slot: &Slot| runs.iter().position(|run| run == slot).and_then(|at| kept.get(at)).copied();
        let share = |provider: Option<&ProviderName>, side: Side| share(rows, provider, side, &side_of, settings);
        let mut pairs = Vec::new();
        for (((name, title), shift), judgement) in providers.iter().zip(&comparison.shifts).zip(&comparison.providers) {
            let rates = (share(Some(name), Side::Before), share(Some(name), Side::After));
            pairs.push(pair(title, rates, (shift.before, shift.after, shift.diff), shift.paired, judgement, language));
        }
        if pairs.len() > 1 {
            let all = &comparison.overall_change;
            let figures = (all.before, all.after, all.diff);
            let rates = (share(None, Side::Before), share(None, Side::After));
            pairs.push(pair(words.overall, rates, figures, all.paired, &comparison.overall, language));
        }
        let counted = |side| language.counted(kept.iter().filter(|one| **one == side).count(), Noun::RUN);
        let (before, after) = (counted(Side::Before), counted(Side::After));
        let stream = settings.stream.map_or(words.all_streams, |stream| stream.as_str());
        let change = plain(&turn.words, NAME);
        let gaps = [("change", change.as_str()), ("before", &before), ("after", &after), ("stream", stream)];
        Some(Self {
            title: filled(words.comparison_of_change, &[("date", &language.day_and_year(turn.seen))]),
            subtitle: filled(words.comparison_subtitle, &gaps),
            simulated: rows.iter().any(|row| row.simulated),
            rows: pairs,
            footnote: filled(words.note_comparison, &[("confidence", &percent(settings.confidence))]),
        })
    }
}

/// On which side of a change each run lies: within reach of it, not across another change, and not while resolvers could
/// still give the old answers. `None` where one side has no run.
fn sides(slots: &[Slot], turns: &[Turn], at: usize) -> Option<Vec<Option<Side>>> {
    let turn = turns.get(at)?;
    let earlier = at.checked_sub(1).and_then(|before| turns.get(before)).map(|turn| turn.settled);
    let later = turns.get(at + 1).map(|turn| turn.from);
    let side = |slot: &Slot| {
        let reaches = |other: Timestamp| slot.at.duration_since(other).abs() <= REACH;
        let is_before = slot.at <= turn.from && reaches(turn.from) && earlier.is_none_or(|earlier| slot.at >= earlier);
        let is_after = slot.at >= turn.settled && reaches(turn.settled) && later.is_none_or(|later| slot.at <= later);
        if is_before { Some(Side::Before) } else { is_after.then_some(Side::After) }
    };
    let sides: Vec<Option<Side>> = slots.iter().map(side).collect();
    [Side::Before, Side::After].iter().all(|side| sides.contains(&Some(*side))).then_some(sides)
}

/// The providers that were asked, with their titles, in the order of the settings.
fn providers<'a>(rows: &'a [SeedRow], settings: &Settings<'a>) -> Vec<(&'a ProviderName, &'a str)> {
    let mut names: Vec<&ProviderName> = rows.iter().map(|row| &row.provider).collect();
    names.sort_unstable();
    names.dedup();
    let rank = |name: &ProviderName| settings.providers.iter().position(|one| one.name == *name);
    names.sort_by_key(|name| rank(name).unwrap_or(usize::MAX));
    let title = |name: &'a ProviderName| {
        rank(name).and_then(|at| settings.providers.get(at)).map_or(name.as_str(), |shown| shown.title.as_str())
    };
    names.into_iter().map(|name| (name, title(name))).collect()
}

/// What each seed of a provider answered in each of the runs.
fn answers(rows: &[SeedRow], provider: &ProviderName, runs: &[Slot], settings: &Settings<'_>) -> Answers {
    let mut seeds: BTreeMap<&str, Vec<Option<f64>>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.provider == *provider) {
        let Ok(at) = runs.binary_search(&row.slot) else { continue };
        let values = seeds.entry(&row.seed).or_insert_with(|| vec![None; runs.len()]);
        if let (Some(value), Cell::Placed(placement)) = (values.get_mut(at), row.cell) {
            *value = Some(f64::from(u8::from(is_good(placement, settings.rules))));
        }
    }
    Answers { seeds: seeds.into_values().collect() }
}

/// The rate of one side with its range; `None` where nothing was measured.
fn share(
    rows: &[SeedRow],
    provider: Option<&ProviderName>,
    side: Side,
    side_of: &impl Fn(&Slot) -> Option<Side>,
    settings: &Settings<'_>,
) -> Option<(f64, Interval)> {
    let here =
        rows.iter().filter(|row| provider.is_none_or(|name| row.provider == *name) && side_of(&row.slot) == Some(side));
    let observed = here.filter_map(|row| match row.cell {
        Cell::Placed(placement) => {
            Some(Observation { seed: &row.seed, run: row.slot.run.0, good: is_good(placement, settings.rules) })
        }
        Cell::Unmeasured | Cell::Absent => None,
    });
    let Pooled { rate, interval, .. } = pooled(&observed.collect::<Vec<_>>(), settings.confidence);
    rate.map(|rate| (rate, interval))
}

type Rates = (Option<(f64, Interval)>, Option<(f64, Interval)>);

fn pair(
    title: &str,
    (before, after): Rates,
    (from, to, diff): (Option<f64>, Option<f64>, Option<f64>),
    paired: usize,
    judgement: &Judgement,
    language: Language,
) -> Pair {
    let words = language.words();
    let shown = |rate: Option<f64>| rate.map_or_else(|| "–".to_owned(), percent);
    let difference = diff.map_or_else(String::new, |diff| {
        let range = [("lo", points(judgement.interval.lo)), ("hi", points(judgement.interval.hi))];
        let range = range.each_ref().map(|(gap, filling)| (*gap, filling.as_str()));
        let points = filled(words.points, &[("change", &points(diff))]);
        format!("{points} ({})", filled(words.points_range, &range))
    });
    let basis = filled(words.seeds_compared, &[("seeds", &language.counted(paired, Noun::SEED))]);
    Pair {
        title: plain(title, NAME),
        before,
        after,
        rates: format!("{} → {}", shown(from), shown(to)),
        difference,
        verdict: judgement.verdict,
        said: verdict_words(judgement.verdict, language).to_owned(),
        basis,
    }
}

/// A verdict in words.
pub(crate) fn verdict_words(verdict: Verdict, language: Language) -> &'static str {
    let words = language.words();
    match verdict {
        Verdict::Better => words.verdict_better,
        Verdict::Worse => words.verdict_worse,
        Verdict::MaybeBetter => words.verdict_maybe_better,
        Verdict::MaybeWorse => words.verdict_maybe_worse,
        Verdict::NoClearChange => words.verdict_no_change,
        Verdict::TooFew => words.verdict_too_few,
    }
}
