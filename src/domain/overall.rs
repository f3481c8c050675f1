//! Over all providers: a weighted shift, and the contrast of one provider with the rest.
//!
//! Weights are traffic shares. Degrees of freedom of the weighted seed variance are Satterthwaite's (Welch 1947,
//! Satterthwaite 1946). At the level of runs only those count in which every provider was measured.

use std::collections::BTreeMap;

use super::interval::{Interval, count};
use super::provider::ProviderName;
use super::quantile::{student_beyond, student_quantile};
use super::shift::{Parts, RunLevel, Shift, Side};
use super::sign_flip::{rounded, sign_flip};

/// What is left of 1 below this is the last digit of a sum, and nobody's share.
const NOTHING_LEFT: f64 = 1e-9;

/// The traffic shares of providers, of which the user may have named some: the others share equally what those leave of 1.
/// Equal for all where none is named.
pub(crate) fn traffic_shares(named: &BTreeMap<ProviderName, f64>, providers: &[&str]) -> Vec<f64> {
    if named.is_empty() {
        return vec![1.0; providers.len()];
    }
    let own = |provider: &str| named.iter().find(|(name, _)| name.as_str() == provider).map(|(_, share)| *share);
    let left = 1.0 - named.values().sum::<f64>();
    let others = providers.iter().filter(|provider| own(provider).is_none()).count();
    let each = if left > NOTHING_LEFT { left / count(others) } else { 0.0 };
    providers.iter().map(|provider| own(provider).unwrap_or(each)).collect()
}

/// Steps of weighted differences on which the sign-flip test works.
const STEPS: f64 = 1e5;

/// The weighted shift over providers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Overall {
    /// Paired seeds of all providers.
    pub(crate) paired: usize,
    /// Weighted rate before; `None` where no provider with a weight has a paired seed, as everything below.
    pub(crate) before: Option<f64>,
    /// Weighted rate after.
    pub(crate) after: Option<f64>,
    /// After less before.
    pub(crate) diff: Option<f64>,
    /// Mid-p of the sign-flip test over all seeds.
    pub(crate) p_seed: Option<f64>,
    /// p against the swing of whole runs; `None` also with fewer than three runs that all providers share.
    pub(crate) p_run: Option<f64>,
    /// The larger of the two; `None` with `p_run`.
    pub(crate) p: Option<f64>,
    /// Interval of `diff`; −1…1 without one.
    pub(crate) interval: Interval,
}

/// Whether one provider moved differently from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Contrast {
    /// Its shift less the mean shift of the others; `None` where some provider has no paired seed or there is but one.
    pub(crate) diff: Option<f64>,
    /// p against what seeds do.
    pub(crate) p_seed: Option<f64>,
    /// p against what runs do.
    pub(crate) p_run: Option<f64>,
    /// The larger of the two; `None` with `p_run`.
    pub(crate) p: Option<f64>,
}

/// Shifts of several providers under one set of coefficients.
struct Combined {
    diff: f64,
    centre: f64,
    variance: f64,
    freedom: f64,
    runs: RunLevel,
}

impl Combined {
    fn of(parts: &[(f64, &Parts)], sides: &[Side]) -> Self {
        let over = |of: &dyn Fn(f64, &Parts) -> f64| parts.iter().map(|(c, parts)| of(*c, parts)).sum::<f64>();
        let variance = over(&|c, parts| c * c * parts.seed_variance);
        let spread = over(&|c, parts| {
            let seeds = count(parts.differences.len());
            (c * c * parts.seed_variance).powi(2) / (seeds + 1.0)
        });
        let noise = over(&|c, parts| c * c * parts.noise);
        let swing = |run: usize| {
            let mine = |(c, parts): &(f64, &Parts)| parts.swings.get(run).copied().flatten().map(|u| c * u);
            parts.iter().map(mine).sum::<Option<f64>>()
        };
        let swings: Vec<Option<f64>> = (0..sides.len()).map(swing).collect();
        Self {
            diff: over(&|c, parts| c * parts.diff),
            centre: over(&|c, parts| c * parts.centre),
            variance,
            freedom: variance * variance / spread,
            runs: RunLevel::of(&swings, sides, noise),
        }
    }
}

/// The shift over all providers. A weight that is missing is 0; over providers without a paired seed the others' are
/// scaled up.
pub(crate) fn overall(shifts: &[Shift], weights: &[f64], sides: &[Side], confidence: f64) -> Overall {
    let weight = |at: usize| weights.get(at).copied().unwrap_or(0.0);
    let measured: Vec<(f64, &Shift, &Parts)> =
        shifts.iter().enumerate().filter_map(|(at, shift)| Some((weight(at), shift, shift.parts.as_ref()?))).collect();
    let paired = shifts.iter().map(|shift| shift.paired).sum();
    let total: f64 = measured.iter().map(|(weight, _, _)| weight).sum();
    if total <= 0.0 {
        let interval = Interval { lo: -1.0, hi: 1.0 };
        return Overall { paired, before: None, after: None, diff: None, p_seed: None, p_run: None, p: None, interval };
    }
    let parts: Vec<(f64, &Parts)> = measured.iter().map(|(weight, _, parts)| (weight / total, *parts)).collect();
    let combined = Combined::of(&parts, sides);
    let steps = parts.iter().flat_map(|(weight, parts)| {
        let seeds = count(parts.differences.len());
        parts.differences.iter().map(move |d| rounded(STEPS * weight * d / seeds))
    });
    let p_seed = sign_flip(&steps.collect::<Vec<_>>()).mid;
    let p_run = combined.runs.p(combined.diff);
    let half = student_quantile(0.5 + confidence / 2.0, combined.freedom) * combined.variance.sqrt();
    let seeds = Interval { lo: combined.centre - half, hi: combined.centre + half };
    let rate = |of: &dyn Fn(&Shift) -> Option<f64>| {
        measured.iter().map(|(weight, shift, _)| of(shift).map(|rate| weight / total * rate)).sum::<Option<f64>>()
    };
    Overall {
        paired,
        before: rate(&|shift| shift.before),
        after: rate(&|shift| shift.after),
        diff: Some(combined.diff),
        p_seed: Some(p_seed),
        p_run,
        p: p_run.map(|p| p.max(p_seed)),
        interval: combined.runs.widened(seeds, combined.diff, confidence),
    }
}

/// For each provider whether it moved differently from the mean of the others.
pub(crate) fn contrasts(shifts: &[&Shift], sides: &[Side]) -> Vec<Contrast> {
    let parts: Option<Vec<&Parts>> = shifts.iter().map(|shift| shift.parts.as_ref()).collect();
    let Some(parts) = parts.filter(|parts| parts.len() > 1) else { return vec![Contrast::default(); shifts.len()] };
    let others = -1.0 / (count(parts.len()) - 1.0);
    let contrast = |own: usize| {
        let weighted: Vec<(f64, &Parts)> =
            parts.iter().enumerate().map(|(at, parts)| (if at == own { 1.0 } else { others }, *parts)).collect();
        let combined = Combined::of(&weighted, sides);
        let p_seed = student_beyond(combined.diff / combined.variance.sqrt(), combined.freedom);
        let p_run = combined.runs.p(combined.diff);
        Contrast { diff: Some(combined.diff), p_seed: Some(p_seed), p_run, p: p_run.map(|p| p.max(p_seed)) }
    };
    (0..parts.len()).map(contrast).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_that_are_not_named_share_what_is_left() {
        for (named, wanted) in [
            (&[][..], [1.0, 1.0, 1.0]),
            (&[("gmail", 0.5)], [0.5, 0.25, 0.25]),
            (&[("gmail", 0.5), ("yahoo", 0.3)], [0.5, 0.2, 0.3]),
            (&[("gmail", 0.6), ("aol", 0.2)], [0.6, 0.1, 0.1]),
            (&[("gmail", 0.7), ("outlook", 0.2), ("aol", 0.1)], [0.7, 0.2, 0.0]),
            (&[("gmail", 1.0), ("yahoo", 1.0)], [1.0, 0.0, 1.0]),
            (&[("gmail", 0.0)], [0.0, 0.5, 0.5]),
            (&[("gmail", 0.2), ("outlook", 0.2), ("yahoo", 0.2)], [0.2, 0.2, 0.2]),
        ] {
            let shares = named.iter().map(|(name, share)| (ProviderName::new(name).unwrap(), *share)).collect();
            let found = traffic_shares(&shares, &["gmail", "outlook", "yahoo"]);
            assert!(found.iter().zip(wanted).all(|(one, other)| (one - other).abs() < 1e-12), "{named:?}: {found:?}");
        }
    }
}
