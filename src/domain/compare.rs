//! A comparison: each provider before and after, the words for it, and who declined.
//!
//! First the interval, then the word. Only `better` and `worse` are findings; everything else is a reason to go on
//! measuring. Power computed from the difference that was seen says nothing (Hoenig & Heisey 2001) and is never shown: what
//! is shown is how large a change could have been missed. The words say that placement changed at that time, not why.
//!
//! # How often it is wrong, and what it sees
//!
//! Simulated with a fixed seed: three providers, mailboxes whose answers correlate by 0.2, weeks that move all mailboxes of a
//! provider together. Without any change, at a rate of 0.85, out of 400,000 comparisons (which settle a share of 5 % to
//! 0.03 points) these were called better or worse:
//!
//! | seeds each, runs | swing of weeks | some provider | over all |
//! |---|---|---|---|
//! | 10, 2 + 2 | 0 / 5 / 10 points | 0.0 / 0.0 / 0.0 % | 0.0 / 0.0 / 0.0 % |
//! | 10, 4 + 4 | 0 / 5 / 10 points | 0.1 / 0.2 / 0.6 % | 1.0 / 1.3 / 2.1 % |
//! | 20, 4 + 4 | 0 / 5 / 10 points | 0.2 / 0.6 / 1.9 % | 1.0 / 1.7 / 3.2 % |
//! | 40, 8 + 8 | 0 / 5 / 10 points | 1.3 / 3.3 / 4.7 % | 2.4 / 4.2 / 4.9 % |
//!
//! The more seeds and the larger the swing, the nearer that comes to the 5 % that are allowed: then the runs decide alone. Where
//! weeks swing by 15 to 20 points, beyond what providers do, it is 5.1 % over all and up to 5.3 % at some provider (60,000
//! comparisons, 40 seeds, 8 + 8 runs): rates end at 0 and 1, and the test of runs takes weeks for normal.
//! `INBOXED_LONG=400000 cargo test --release noise` computes the table anew.
//!
//! Where all three fell, from 0.90 and with weeks that swing by 5 points, out of 2,000 comparisons these saw it, over all and
//! at some provider:
//!
//! | seeds each, runs | 10 points | 20 points | 30 points |
//! |---|---|---|---|
//! | 12, 4 + 4 | 26 %, 5 % | 87 %, 31 % | 100 %, 79 % |
//! | 12, 8 + 8 | 69 %, 25 % | 100 %, 90 % | 100 %, 100 % |
//! | 30, 4 + 4 | 59 %, 19 % | 99 %, 83 % | 100 %, 100 % |
//! | 30, 8 + 8 | 95 %, 68 % | 100 %, 100 % | 100 %, 100 % |

use super::family::holm_where_asked;
use super::health::ENOUGH;
use super::interval::Interval;
use super::overall::{Contrast, Overall, contrasts, overall};
use super::scope::{Declined, Scope, scope};
use super::shift::{Answers, Shift, Side};

/// What a comparison says in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Fewer than five seeds were measured before and after.
    TooFew,
    /// Neither seeds nor runs show more than they do by themselves.
    NoClearChange,
    /// These seeds were treated better in these runs, but runs differ this much by themselves.
    MaybeBetter,
    /// These seeds were treated worse in these runs, but runs differ this much by themselves.
    MaybeWorse,
    /// A finding: placement rose.
    Better,
    /// A finding: placement fell.
    Worse,
}

impl Verdict {
    /// The word of the JSON contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::TooFew => "too_few",
            Self::NoClearChange => "no_clear_change",
            Self::MaybeBetter => "maybe_better",
            Self::MaybeWorse => "maybe_worse",
            Self::Better => "better",
            Self::Worse => "worse",
        }
    }
}

/// A verdict with what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Judgement {
    /// The word.
    pub(crate) verdict: Verdict,
    /// p after the correction for several providers; over all, its own. `None` where no p could be had, or too few seeds
    /// were paired for the question to be asked.
    pub(crate) p: Option<f64>,
    /// The interval to show: cut at 0 for a finding, stretched to 0 where there is none.
    pub(crate) interval: Interval,
}

impl Judgement {
    /// How large a drop could have been missed; only where no change is clear.
    pub(crate) fn unseen_drop(&self) -> Option<f64> {
        (self.verdict == Verdict::NoClearChange).then_some(0.0 - self.interval.lo)
    }

    /// How large a rise could have been missed; only where no change is clear.
    pub(crate) fn unseen_rise(&self) -> Option<f64> {
        (self.verdict == Verdict::NoClearChange).then_some(self.interval.hi)
    }
}

/// A whole comparison. Lists go by provider, in the order given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comparison {
    /// The shift of each provider.
    pub(crate) shifts: Vec<Shift>,
    /// The verdict on each provider.
    pub(crate) providers: Vec<Judgement>,
    /// The weighted shift over all.
    pub(crate) overall_change: Overall,
    /// The verdict over all.
    pub(crate) overall: Judgement,
    /// Each provider against the rest.
    pub(crate) contrasts: Vec<Contrast>,
    /// Who declined.
    pub(crate) scope: Scope,
}

impl Comparison {
    /// Compares runs before with runs after. Weights go by provider and need not sum to 1; `alpha` is the chance of a false
    /// finding that is accepted.
    pub(crate) fn of(providers: &[Answers], sides: &[Side], weights: &[f64], alpha: f64) -> Self {
        let confidence = 1.0 - alpha;
        let shifts: Vec<Shift> = providers.iter().map(|answers| Shift::of(answers, sides, confidence)).collect();
        let asked: Vec<Option<f64>> = shifts.iter().map(|shift| shift.p.filter(|_| shift.paired >= ENOUGH)).collect();
        let adjusted = holm_where_asked(&asked);
        let judgements: Vec<Judgement> = shifts
            .iter()
            .zip(&adjusted)
            .map(|(shift, p)| judge(shift.paired, shift.diff, shift.p_seed, *p, shift.interval, alpha))
            .collect();
        let change = overall(&shifts, weights, sides, confidence);
        let over_all = judge(change.paired, change.diff, change.p_seed, change.p, change.interval, alpha);
        let settled: Vec<Declined<'_>> = shifts
            .iter()
            .zip(&judgements)
            .filter(|(shift, _)| shift.paired >= ENOUGH && shift.p.is_some())
            .map(|(shift, judgement)| Declined { shift, is_worse: judgement.verdict == Verdict::Worse })
            .collect();
        let scope = scope(&settled, over_all.verdict == Verdict::Worse, alpha, || {
            contrasts(&settled.iter().map(|one| one.shift).collect::<Vec<_>>(), sides)
        });
        let all: Vec<&Shift> = shifts.iter().collect();
        Self {
            contrasts: contrasts(&all, sides),
            providers: judgements,
            overall_change: change,
            overall: over_all,
            scope,
            shifts,
        }
    }
}

/// The word for a shift. `p` is the corrected one.
pub(super) fn judge(
    paired: usize,
    diff: Option<f64>,
    p_seed: Option<f64>,
    p: Option<f64>,
    interval: Interval,
    alpha: f64,
) -> Judgement {
    let Interval { lo, hi } = interval;
    let stretched = Interval { lo: lo.min(0.0), hi: hi.max(0.0) };
    let (verdict, interval) = match diff {
        Some(diff) if paired >= ENOUGH => {
            let rose = diff > 0.0;
            match (p.is_some_and(|p| p <= alpha), p_seed.is_some_and(|p| p <= alpha)) {
                (true, _) if rose => (Verdict::Better, Interval { lo: lo.max(0.0), hi }),
                (true, _) => (Verdict::Worse, Interval { lo, hi: hi.min(0.0) }),
                (false, true) if rose => (Verdict::MaybeBetter, stretched),
                (false, true) => (Verdict::MaybeWorse, stretched),
                (false, false) => (Verdict::NoClearChange, stretched),
            }
        }
        Some(_) | None => (Verdict::TooFew, interval),
    };
    Judgement { verdict, p, interval }
}

#[cfg(test)]
mod tests;
