//! Before and after: what the same seeds answered around the latest change, with the verdict in words.

use jiff::SignedDuration;

use super::NAME;
use crate::domain::compare::{Judgement, Verdict};
use crate::domain::dns::change::{Change, Window};
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
    /// The grid lines of differences, from the left, 0 among them: the scale reaches from the first to the last.
    pub(crate) scale: Vec<f64>,
    /// How to read it.
    pub(crate) footnote: String,
}

/// One provider before and after.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    /// The provider's name; `None` over all of them.
    pub(crate) provider: Option<String>,
    /// What it is called.
    pub(crate) title: String,
    /// The rate before; `None` where nothing was measured.
    pub(crate) before: Option<Rate>,
    /// The same after.
    pub(crate) after: Option<Rate>,
    /// `71 % → 92 %`.
    pub(crate) rates: String,
    /// After less before, with its range; `None` where too little was measured to judge.
    pub(crate) shift: Option<(f64, Interval)>,
    /// The difference with its range, in words.
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
            let who = (Some(sample.provider.as_str()), report.title(sample));
            rows.push(pair(who, rates, shift.diff, shift.paired, judgement, language));
        }
        let mut notes = vec![filled(words.note_comparison, &[("confidence", &percent(report.confidence))])];
        if rows.len() > 1 {
            notes.push(words.note_overall.to_owned());
            let all = &comparison.overall_change;
            let rates = (all.before.map(|rate| (rate, None)), all.after.map(|rate| (rate, None)));
            rows.push(pair((None, words.overall), rates, all.diff, all.paired, &comparison.overall, language));
        }
        let (before, after) = (language.counted(report.before.len(), Noun::RUN), language.number(report.after.len()));
        let between = match report.between.len() {
            0 => String::new(),
            n => format!(", {}", filled(words.left_out, &[("n", &language.number(n))])),
        };
        let parts = plain(&language.change(change), NAME);
        let gaps = [
            ("change", parts.as_str()),
            ("before", &before),
            ("after", &after),
            ("between", &between),
            ("stream", report.stream.as_str()),
        ];
        Self {
            title: title(change.window, language),
            subtitle: filled(words.comparison_subtitle, &gaps),
            simulated: report.simulated,
            scale: scale(rows.iter().filter_map(|row| row.shift)),
            rows,
            footnote: notes.join(" "),
        }
    }
}

/// The change by the day on which it was seen, or by the days between which it happened where that is not known to the day.
fn title(window: Window, language: Language) -> String {
    let words = language.words();
    let until = language.day_and_year(window.until);
    if window.until.duration_since(window.from) <= SignedDuration::from_hours(24) {
        return filled(words.comparison_of_change, &[("date", &until)]);
    }
    let from = language.day_until(window.from, window.until);
    filled(words.comparison_of_window, &[("from", &from), ("until", &until)])
}

/// Steps of a scale of differences.
const STEPS: [f64; 5] = [0.05, 0.1, 0.2, 0.25, 0.5];
/// Most steps of one scale.
const MOST: f64 = 5.0;

/// The smallest scale that reaches around every range and on both sides beyond 0.
fn scale(shifts: impl Iterator<Item = (f64, Interval)>) -> Vec<f64> {
    let (lo, hi) = shifts
        .fold((0.0_f64, 0.0_f64), |(lo, hi), (diff, range)| (lo.min(range.lo).min(diff), hi.max(range.hi).max(diff)));
    // Ends that lie on a step but for rounding reach no further.
    let ends = |step: f64| ((lo / step + 1e-9).floor().min(-1.0), (hi / step - 1e-9).ceil().max(1.0));
    let fits = |step: &&f64| ends(**step).1 - ends(**step).0 <= MOST;
    let step = STEPS.iter().find(fits).copied().unwrap_or(0.5);
    let (first, last) = ends(step);
    std::iter::successors(Some(first), |at| (at + 1.0 <= last).then_some(at + 1.0)).map(|at| at * step).collect()
}

fn pair(
    (provider, title): (Option<&str>, &str),
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
        provider: provider.map(str::to_owned),
        title: plain(title, NAME),
        rates: format!("{} → {}", shown(before), shown(after)),
        before,
        after,
        shift: diff.filter(|_| judgement.verdict != Verdict::TooFew).map(|diff| (diff, judgement.interval)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::page::samples::{of, week};

    #[test]
    fn the_scale_of_differences_reaches_around_every_range_and_on_both_sides_of_0() {
        for (shifts, steps) in [
            (&[(0.15, -0.12, 0.42), (0.33, 0.09, 0.5), (0.22, 0.08, 0.35)][..], &[-20, 0, 20, 40, 60][..]),
            (&[(0.0, 0.0, 0.0)], &[-5, 0, 5]),
            (&[(-0.03, -0.05, 0.0)], &[-5, 0, 5]),
            (&[(-0.5, -0.8, -0.2)], &[-80, -60, -40, -20, 0, 20]),
            (&[(0.1, -1.0, 1.0)], &[-100, -50, 0, 50, 100]),
            (&[], &[-5, 0, 5]),
        ] {
            let scale = scale(shifts.iter().map(|(diff, lo, hi)| (*diff, Interval { lo: *lo, hi: *hi })));
            assert!(scale.len() == steps.len(), "{shifts:?}: {scale:?}");
            for (step, points) in scale.iter().zip(steps) {
                assert!((step * 100.0 - f64::from(*points)).abs() < 1e-9, "{shifts:?}: {scale:?}");
            }
        }
    }

    #[test]
    fn the_days_between_which_a_change_happened_stand_in_the_title_unless_it_is_known_to_the_day() {
        for (from, until, english, german) in [
            (
                "2026-10-09T06:00:00Z",
                "2026-10-16T06:00:00Z",
                "between 9 and 16 Oct 2026",
                "zwischen dem 9. und dem 16. Okt. 2026",
            ),
            (
                "2026-10-30T06:00:00Z",
                "2026-11-06T06:00:00Z",
                "between 30 Oct and 6 Nov 2026",
                "zwischen dem 30. Okt. und dem 6. Nov. 2026",
            ),
            (
                "2026-12-30T06:00:00Z",
                "2027-01-06T06:00:00Z",
                "between 30 Dec 2026 and 6 Jan 2027",
                "zwischen dem 30. Dez. 2026 und dem 6. Jan. 2027",
            ),
            ("2026-10-15T06:00:00Z", "2026-10-16T06:00:00Z", "of 16 Oct 2026", "vom 16. Okt. 2026"),
            (
                "2026-10-15T06:00:00Z",
                "2026-10-16T06:00:01Z",
                "between 15 and 16 Oct 2026",
                "zwischen dem 15. und dem 16. Okt. 2026",
            ),
        ] {
            let window = Window { from: from.parse().unwrap(), until: until.parse().unwrap() };
            assert_eq!(title(window, Language::English), format!("Before and after the change {english}"));
            assert_eq!(title(window, Language::German), format!("Vor und nach der Änderung {german}"));
        }
    }

    #[test]
    fn the_runs_left_out_in_between_are_counted_beside_those_of_both_sides() {
        let reports: Vec<_> = (1..=6).map(week).collect();
        let subtitle = |reports: &[_], language| {
            of(reports, "shop.example", "v=spf1 -all", language).figures.before_after.unwrap().subtitle
        };
        let english = subtitle(&reports, Language::English);
        assert!(english.contains("2 runs before, 3 after, 1 in between left out · stream"), "{english}");
        let german = subtitle(&reports, Language::German);
        assert!(german.contains("2 Läufe vorher, 3 nachher, 1 dazwischen ausgelassen · Stream"), "{german}");
        let without: Vec<_> = [1, 2, 4, 5].map(week).into();
        let none = subtitle(&without, Language::English);
        assert!(none.contains("2 runs before, 2 after · stream"), "{none}");
    }

    #[test]
    fn every_judged_row_has_its_difference_with_a_range_and_the_footer_says_why_all_together_has_no_other() {
        let reports: Vec<_> = (1..=6).map(week).collect();
        let pair = of(&reports, "shop.example", "v=spf1 -all", Language::English).figures.before_after.unwrap();
        for row in &pair.rows {
            assert_eq!(row.shift.is_some(), row.verdict != Verdict::TooFew, "{}", row.title);
            if let Some((diff, range)) = row.shift {
                assert!(range.lo <= diff && diff <= range.hi, "{}", row.title);
                assert!(pair.scale[0] <= range.lo && range.hi <= pair.scale[pair.scale.len() - 1], "{}", row.title);
            }
        }
        let all = pair.rows.last().unwrap();
        assert!(all.title == "All providers" && all.shift.is_some(), "{all:?}");
        assert!(all.before.is_some_and(|(_, range)| range.is_none()), "{all:?}");
        assert!(pair.footnote.contains("All providers: weighted means"), "{}", pair.footnote);
    }
}
