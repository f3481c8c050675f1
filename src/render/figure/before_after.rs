//! Before and after: what the same seeds answered around the latest change, with the verdict in words.

use super::NAME;
use crate::domain::compare::{Judgement, Verdict};
use crate::domain::dns::change::Change;
use crate::domain::interval::{Interval, Pooled};
use crate::render::comparison::CompareReport;
use crate::render::language::{Language, Noun, filled, points};
use crate::render::plain::plain;
use crate::render::words::percent;

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
    /// The rate before; `None` where nothing was measured.
    pub(crate) before: Option<Rate>,
    /// The same after.
    pub(crate) after: Option<Rate>,
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

/// A rate with its range; a weighted rate over all providers has none.
pub(crate) type Rate = (f64, Option<Interval>);

impl BeforeAfter {
    /// A comparison around a change.
    pub(crate) fn new(report: &CompareReport, change: &Change, language: Language) -> Self {
        let words = language.words();
        let comparison = &report.comparison;
        let rate = |pooled: &Pooled| pooled.rate.map(|rate| (rate, Some(pooled.interval)));
        let mut rows = Vec::new();
        for ((sample, shift), judgement) in report.samples.iter().zip(&comparison.shifts).zip(&comparison.providers) {
            let rates = (rate(&sample.before.paired), rate(&sample.after.paired));
            rows.push(pair(report.title(sample), rates, shift.diff, shift.paired, judgement, language));
        }
        if rows.len() > 1 {
            let all = &comparison.overall_change;
            let rates = (all.before.map(|rate| (rate, None)), all.after.map(|rate| (rate, None)));
            rows.push(pair(words.overall, rates, all.diff, all.paired, &comparison.overall, language));
        }
        let (before, after) = (report.before.len(), report.after.len());
        let (before, after) = (language.counted(before, Noun::RUN), language.counted(after, Noun::RUN));
        let parts = plain(&language.change(change), NAME);
        let gaps =
            [("change", parts.as_str()), ("before", &before), ("after", &after), ("stream", report.stream.as_str())];
        Self {
            title: filled(words.comparison_of_change, &[("date", &language.day_and_year(change.window.until))]),
            subtitle: filled(words.comparison_subtitle, &gaps),
            simulated: report.simulated,
            rows,
            footnote: filled(words.note_comparison, &[("confidence", &percent(report.confidence))]),
        }
    }
}

fn pair(
    title: &str,
    (before, after): (Option<Rate>, Option<Rate>),
    diff: Option<f64>,
    paired: usize,
    judgement: &Judgement,
    language: Language,
) -> Pair {
    let words = language.words();
    let shown = |rate: Option<Rate>| rate.map_or_else(|| "–".to_owned(), |(rate, _)| percent(rate));
    let difference = diff.map_or_else(String::new, |diff| {
        let range = [("lo", points(judgement.interval.lo)), ("hi", points(judgement.interval.hi))];
        let range = range.each_ref().map(|(gap, filling)| (*gap, filling.as_str()));
        format!("{} ({})", language.in_points(diff), filled(words.points_range, &range))
    });
    let basis = filled(words.seeds_compared, &[("seeds", &language.counted(paired, Noun::SEED))]);
    Pair {
        title: plain(title, NAME),
        rates: format!("{} → {}", shown(before), shown(after)),
        before,
        after,
        difference,
        verdict: judgement.verdict,
        said: verdict_words(judgement.verdict, language).to_owned(),
        basis,
    }
}

/// A verdict in words.
fn verdict_words(verdict: Verdict, language: Language) -> &'static str {
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
