//! A comparison in words: first the intervals, then the verdict, then what they rest on.

mod document;
mod streams;

use std::collections::BTreeSet;

use super::report::ShownProvider;
use super::words::{counted, minute, percent, range};
use crate::domain::compare::{Comparison, Judgement, Verdict};
use crate::domain::dns::change::Change;
use crate::domain::finding::Rules;
use crate::domain::health::ENOUGH;
use crate::domain::interval::{Interval, Pooled};
use crate::domain::run::RunId;
use crate::domain::sample::{Flank, Sample};
use crate::domain::scope::Scope;
use crate::domain::shift::Shift;
use crate::domain::stream::StreamName;
use crate::domain::streams::Streams;

pub(crate) use document::comparison_document;

/// A comparison with what it was made of.
#[derive(Debug)]
pub(crate) struct CompareReport {
    /// The stream.
    pub(crate) stream: StreamName,
    /// The runs before.
    pub(crate) before: BTreeSet<RunId>,
    /// The runs after.
    pub(crate) after: BTreeSet<RunId>,
    /// The runs in between, left out because they began while the change was under way.
    pub(crate) between: BTreeSet<RunId>,
    /// The change of DNS between them, where that was asked for.
    pub(crate) change: Option<Change>,
    /// Whether some run was answered by the lab.
    pub(crate) simulated: bool,
    /// What each provider's runs hold.
    pub(crate) samples: Vec<Sample>,
    /// Traffic shares, by provider; equal where none are configured.
    pub(crate) weights: Vec<f64>,
    /// What comes of it; lists go by provider as in `samples`.
    pub(crate) comparison: Comparison,
    /// The streams of these runs side by side; `None` where there is but one.
    pub(crate) streams: Option<Streams>,
    /// How providers are called.
    pub(crate) providers: Vec<ShownProvider>,
    /// The rules of rates.
    pub(crate) rules: Rules,
    /// Confidence of the intervals.
    pub(crate) confidence: f64,
    /// What was left out, and why.
    pub(crate) notes: Vec<String>,
}

impl CompareReport {
    /// What people call the provider of a sample.
    pub(crate) fn title<'a>(&'a self, sample: &'a Sample) -> &'a str {
        self.title_of(&sample.provider)
    }

    /// What people call a provider.
    pub(crate) fn title_of<'a>(&'a self, provider: &'a str) -> &'a str {
        let shown = self.providers.iter().find(|shown| shown.name.as_str() == provider);
        shown.map_or(provider, |shown| &shown.title)
    }

    /// Titles of the providers that are worse.
    fn declined(&self) -> Vec<&str> {
        let judged = self.samples.iter().zip(&self.comparison.providers);
        judged.filter(|(_, one)| one.verdict == Verdict::Worse).map(|(sample, _)| self.title(sample)).collect()
    }

    /// Who declined, in one sentence.
    pub(crate) fn scope_words(&self) -> String {
        let declined = self.declined().join(", ");
        match self.comparison.scope {
            Scope::Undetermined => {
                "Who moved cannot be told: fewer than two providers have 5 mailboxes and 3 runs to go by.".to_owned()
            }
            Scope::None => "No provider is known to have declined.".to_owned(),
            Scope::Unlocated => "A decline, but the provider is not settled.".to_owned(),
            Scope::AtLeast => format!("{declined} declined; whether others did is not settled."),
            Scope::Single => format!(
                "Only {declined} declined: look at that provider's own judgement of this sender (engagement, complaints) \
                 before anything technical."
            ),
            Scope::Several => format!("{declined} declined; the others did not decline as much."),
            Scope::Systemic => {
                "All providers declined: look at the reputation of the domain and at what all of them see alike."
                    .to_owned()
            }
        }
    }

    /// The verdict on a provider or a stream, in one sentence.
    pub(crate) fn shift_words(&self, shift: &Shift, judgement: &Judgement) -> String {
        verdict_words(&Told {
            judgement,
            rates: shift.before.zip(shift.after),
            diff: shift.diff,
            paired: shift.paired,
            runs: Some((shift.runs_before, shift.runs_after)),
            has_swing: shift.p_run.is_some(),
            confidence: self.confidence,
        })
    }

    /// The verdict over all, in one sentence.
    pub(crate) fn overall_words(&self) -> String {
        let change = &self.comparison.overall_change;
        verdict_words(&Told {
            judgement: &self.comparison.overall,
            rates: change.before.zip(change.after),
            diff: change.diff,
            paired: change.paired,
            runs: None,
            has_swing: change.p_run.is_some(),
            confidence: self.confidence,
        })
    }

    /// The figure over all and the provider that gained most, in one line; `None` where nothing can be said over all.
    pub(crate) fn result_words(&self) -> Option<String> {
        let change = &self.comparison.overall_change;
        let figures = |verdict, before: Option<f64>, after: Option<f64>, diff: Option<f64>| {
            let (before, after, diff) = (percent(before?), percent(after?), points(diff?));
            Some(format!("{}: {before} → {after} ({diff} points)", said(verdict)))
        };
        let overall = figures(self.comparison.overall.verdict, change.before, change.after, change.diff)?;
        let judged = self.samples.iter().zip(&self.comparison.shifts).zip(&self.comparison.providers);
        let gained = judged.filter(|((_, shift), one)| {
            matches!(one.verdict, Verdict::Better | Verdict::MaybeBetter) && shift.diff.is_some()
        });
        let most = gained.max_by(|((_, one), _), ((_, other), _)| {
            one.diff.unwrap_or_default().total_cmp(&other.diff.unwrap_or_default())
        });
        let most = most.and_then(|((sample, shift), judgement)| {
            let figures = figures(judgement.verdict, shift.before, shift.after, shift.diff)?;
            Some(format!("; most at {}, {figures}", self.title(sample)))
        });
        Some(format!("over all {overall}{}", most.unwrap_or_default()))
    }

    /// What was not measured of a provider, in one sentence; `None` when nothing was missing.
    pub(crate) fn gap_words(&self, sample: &Sample, shift: &Shift) -> Option<String> {
        let mut parts = Vec::new();
        if shift.unpaired > 0 {
            let of = mailboxes(shift.paired + shift.unpaired);
            parts.push(format!("{} of {of} not measured on both sides and left out", shift.unpaired));
        }
        for (flank, word) in [(&sample.before, "before"), (&sample.after, "after")] {
            let all = flank.share.measured + flank.share.unmeasured;
            if flank.share.unmeasured > 0 {
                let open = flank.share.open_range().map(|(worst, best)| {
                    format!(", the rate may lie anywhere from {} to {}", percent(worst), percent(best))
                });
                let open = open.unwrap_or_default();
                parts.push(format!("{} of {} unmeasured {word}{open}", flank.share.unmeasured, counted(all, "probe")));
            }
            if flank.paired.is_worth_little() {
                parts.push(worth(&flank.paired, word));
            }
        }
        if !sample.left_out.is_empty() {
            let runs = runs_words(&sample.left_out.iter().copied().collect());
            parts.push(format!("left out of {runs}, where fewer than half of its probes were measured"));
        }
        (!parts.is_empty()).then(|| format!("{}: {}.", self.title(sample), parts.join("; ")))
    }

    /// What the overall figure weighs, in one sentence.
    pub(crate) fn weight_words(&self) -> String {
        let measured = self.samples.iter().zip(&self.comparison.shifts).zip(&self.weights);
        let measured: Vec<(&Sample, f64)> = measured
            .filter(|((_, shift), _)| shift.paired > 0)
            .map(|((sample, _), weight)| (sample, *weight))
            .collect();
        let total: f64 = measured.iter().map(|(_, weight)| weight).sum();
        if total <= 0.0 {
            return "Over all there is no figure: no provider with a weight was measured on both sides.".to_owned();
        }
        let words: Vec<String> = measured
            .iter()
            .map(|(sample, weight)| format!("{} {}", self.title(sample), percent(weight / total)))
            .collect();
        format!("Over all weighs {}.", words.join(", "))
    }
}

/// The sentence about dependent answers.
pub(crate) fn worth(pooled: &Pooled, word: &str) -> String {
    let word = if word.is_empty() { String::new() } else { format!(" {word}") };
    let (measured, effective) = (pooled.measured, pooled.effective);
    let probes = counted(measured, "probe");
    format!("{probes}{word} from {} are worth about {effective:.0} independent ones", mailboxes(pooled.seeds))
}

fn mailboxes(seeds: usize) -> String {
    if seeds == 1 { "1 mailbox".to_owned() } else { format!("{seeds} mailboxes") }
}

/// What a verdict's sentence is made of.
struct Told<'a> {
    judgement: &'a Judgement,
    rates: Option<(f64, f64)>,
    diff: Option<f64>,
    paired: usize,
    runs: Option<(usize, usize)>,
    has_swing: bool,
    confidence: f64,
}

fn verdict_words(told: &Told<'_>) -> String {
    let judgement = told.judgement;
    let Interval { lo, hi } = judgement.interval;
    let (Some((before, after)), Some(diff)) = (told.rates, told.diff) else {
        return few_words(told.paired);
    };
    let mailboxes = mailboxes(told.paired);
    let runs = told.runs.map(|(before, after)| format!(", {before} + {after} runs")).unwrap_or_default();
    let figures = || {
        format!(
            "{} → {}, {} points ({} range {} to {}), {mailboxes}{runs}",
            percent(before),
            percent(after),
            points(diff),
            percent(told.confidence),
            points(lo),
            points(hi)
        )
    };
    let by_themselves =
        "these mailboxes were treated differently in these runs, but runs differ this much by themselves";
    let words = match judgement.verdict {
        Verdict::TooFew => return few_words(told.paired),
        Verdict::Better | Verdict::Worse => format!("{}: {}", said(judgement.verdict), figures()),
        Verdict::MaybeBetter | Verdict::MaybeWorse => {
            format!("{}: {by_themselves} ({})", said(judgement.verdict), figures())
        }
        Verdict::NoClearChange => format!(
            "{} ({} points, range {} to {}): could have missed a drop smaller than {} points or a rise \
             smaller than {}",
            said(judgement.verdict),
            points(diff),
            points(lo),
            points(hi),
            size(judgement.unseen_drop().unwrap_or(1.0)),
            size(judgement.unseen_rise().unwrap_or(1.0)),
        ),
    };
    if told.has_swing {
        words
    } else {
        format!("{words}; the range speaks of these runs only, as too few show how much runs differ by themselves")
    }
}

/// A verdict as its sentence begins.
fn said(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "improved",
        Verdict::Worse => "worse",
        Verdict::MaybeBetter => "possibly better, not confirmed",
        Verdict::MaybeWorse => "possibly worse, not confirmed",
        Verdict::NoClearChange => "no evidence of change",
        Verdict::TooFew => "not enough data",
    }
}

fn few_words(paired: usize) -> String {
    format!("{}: {} measured before and after, {ENOUGH} needed", said(Verdict::TooFew), mailboxes(paired))
}

/// A difference of shares in points, with its sign: `+21`, `−4`, `0`.
pub(crate) fn points(difference: f64) -> String {
    let rounded = (difference * 100.0).round();
    if rounded > 0.0 {
        format!("+{rounded:.0}")
    } else if rounded < 0.0 {
        format!("−{:.0}", rounded.abs())
    } else {
        "0".to_owned()
    }
}

/// A size in points, rounded up: what could have been missed is never told too small.
fn size(share: f64) -> String {
    format!("{:.0}", (share * 100.0 - 1e-9).ceil().max(0.0) + 0.0)
}

/// A list of runs: `run 3`, `runs 1–4, 7`.
pub(crate) fn runs_words(runs: &BTreeSet<RunId>) -> String {
    let mut spans: Vec<(i64, i64)> = Vec::new();
    for run in runs {
        match spans.last_mut() {
            Some((_, last)) if *last + 1 == run.0 => *last = run.0,
            Some(_) | None => spans.push((run.0, run.0)),
        }
    }
    let written = |(first, last): &(i64, i64)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}–{last}"),
    };
    let spans: Vec<String> = spans.iter().map(written).collect();
    format!("{} {}", if runs.len() == 1 { "run" } else { "runs" }, spans.join(", "))
}

/// The change of DNS in one sentence.
pub(crate) fn change_words(change: &Change) -> String {
    format!(
        "DNS of {} changed between {} and {} ({}); every receiver sees the new records from {} on.",
        change.domain,
        minute(change.window.from),
        minute(change.window.until),
        change.words(),
        minute(change.settled_at())
    )
}

/// One side of a provider as a cell: rate and range, or counts where they are too few for a rate.
pub(crate) fn flank_words(flank: &Flank) -> String {
    match flank.paired.rate {
        Some(rate) if flank.paired.measured >= ENOUGH => {
            format!("{} ({})", percent(rate), range(flank.paired.interval))
        }
        Some(_) => format!("{} of {}", flank.paired.good, flank.paired.measured),
        None => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_carry_their_sign_and_sizes_are_never_told_too_small() {
        for (difference, told) in
            [(0.21, "+21"), (-0.04, "−4"), (0.004, "0"), (-0.004, "0"), (0.0, "0"), (-1.0, "−100")]
        {
            assert_eq!(points(difference), told);
        }
        for (share, told) in [(0.19, "19"), (0.191, "20"), (0.0, "0"), (1.0, "100")] {
            assert_eq!(size(share), told);
        }
    }

    #[test]
    fn runs_are_listed_by_spans() {
        for (runs, told) in [(&[3][..], "run 3"), (&[1, 2], "runs 1, 2"), (&[1, 2, 3, 7], "runs 1–3, 7")] {
            assert_eq!(runs_words(&runs.iter().map(|run| RunId(*run)).collect()), told);
        }
    }

    #[test]
    fn each_word_has_its_sentence() {
        let told = |verdict, diff: f64, lo, hi, paired| {
            let judgement = Judgement { verdict, p: None, interval: Interval { lo, hi } };
            verdict_words(&Told {
                judgement: &judgement,
                rates: Some((0.71, 0.71 + diff)),
                diff: Some(diff),
                paired,
                runs: Some((4, 4)),
                has_swing: true,
                confidence: 0.95,
            })
        };
        assert_eq!(
            told(Verdict::Better, 0.21, 0.06, 0.34, 18),
            "improved: 71 % → 92 %, +21 points (95 % range +6 to +34), 18 mailboxes, 4 + 4 runs"
        );
        assert_eq!(
            told(Verdict::NoClearChange, -0.04, -0.19, 0.11, 18),
            "no evidence of change (−4 points, range −19 to +11): could have missed a drop smaller than 19 points or a rise \
             smaller than 11"
        );
        assert_eq!(
            told(Verdict::TooFew, -0.04, -0.19, 0.11, 3),
            "not enough data: 3 mailboxes measured before and after, 5 needed"
        );
        assert!(told(Verdict::MaybeWorse, -0.2, -0.4, 0.0, 9).starts_with(
            "possibly worse, not confirmed: these mailboxes were treated differently in these runs, but runs differ this much by \
             themselves"
        ));
    }
}
