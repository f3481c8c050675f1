//! Shares and their intervals.
//!
//! Wilson's score interval for one probe for each seed, and a design-based effective size where the same seeds answer
//! several times: their answers are not independent. A share over nothing does not exist.

use std::collections::{BTreeMap, BTreeSet};

use super::quantile::{normal_quantile, student_quantile};

/// A range of shares, both ends within 0…1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    /// Lower end.
    pub(crate) lo: f64,
    /// Upper end.
    pub(crate) hi: f64,
}

/// One answer: which seed, in which run, good or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Observation<'a> {
    /// The seed that answered.
    pub(crate) seed: &'a str,
    /// The run it answered in.
    pub(crate) run: i64,
    /// Whether the answer is a good one.
    pub(crate) good: bool,
}

/// A pooled share with what it is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pooled {
    /// Share of good answers; `None` over no answers, never 0.
    pub(crate) rate: Option<f64>,
    /// Seeds that answered.
    pub(crate) seeds: usize,
    /// Runs they answered in.
    pub(crate) runs: usize,
    /// How many independent answers these are worth, 0…N.
    pub(crate) effective: f64,
    /// Interval of the share.
    pub(crate) interval: Interval,
}

/// Wilson's score interval (Wilson 1927; Brown, Cai & `DasGupta` 2001) of `good` out of `n`, which need not be integers.
pub(crate) fn wilson(good: f64, n: f64, confidence: f64) -> Interval {
    if n <= 0.0 {
        return Interval { lo: 0.0, hi: 1.0 };
    }
    let z = normal_quantile(0.5 + confidence / 2.0);
    let p = good / n;
    let d = 1.0 + z * z / n;
    let centre = (p + z * z / (2.0 * n)) / d;
    let half = (z / d) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).max(0.0).sqrt();
    Interval {
        lo: if good <= 0.0 { 0.0 } else { (centre - half).clamp(0.0, 1.0) },
        hi: if good >= n { 1.0 } else { (centre + half).clamp(0.0, 1.0) },
    }
}

/// Pools answers of the same seeds over runs or streams (Rao & Scott 1992; Korn & Graubard 1998; Cameron, Gelbach &
/// Miller 2011): the variance sums residuals inside each seed and each run, and Wilson's interval is taken at the number
/// of independent answers that variance is worth.
pub(crate) fn pooled(observations: &[Observation<'_>], confidence: f64) -> Pooled {
    let n = count(observations.len());
    if observations.is_empty() {
        let interval = Interval { lo: 0.0, hi: 1.0 };
        return Pooled { rate: None, seeds: 0, runs: 0, effective: 0.0, interval };
    }
    let p = count(observations.iter().filter(|o| o.good).count()) / n;
    let effective = effective_size(observations, p, confidence);
    let seeds = observations.iter().map(|o| o.seed).collect::<BTreeSet<_>>().len();
    let runs = observations.iter().map(|o| o.run).collect::<BTreeSet<_>>().len();
    Pooled { rate: Some(p), seeds, runs, effective, interval: wilson(p * effective, effective, confidence) }
}

/// How many independent answers the observations with mean `p` are worth.
fn effective_size(observations: &[Observation<'_>], p: f64, confidence: f64) -> f64 {
    let n = count(observations.len());
    let (mut seeds, mut runs, mut cells) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for o in observations {
        let residual = f64::from(u8::from(o.good)) - p;
        *seeds.entry(o.seed).or_insert(0.0) += residual;
        *runs.entry(o.run).or_insert(0.0) += residual;
        *cells.entry((o.seed, o.run)).or_insert(0.0) += residual;
    }
    let (a, b) = (count(seeds.len()), count(runs.len()));
    if seeds.len() == observations.len() {
        return n;
    }
    if seeds.len() == 1 {
        return 1.0;
    }
    if p <= 0.0 || p >= 1.0 {
        return a;
    }
    let by_seed = a / (a - 1.0) * squares(seeds.values()) / (n * n);
    let by_run = if runs.len() == 1 { 0.0 } else { b / (b - 1.0) * squares(runs.values()) / (n * n) };
    let by_cell = squares(cells.values()) / (n * n);
    let variance = by_seed.max(by_run).max(by_seed + by_run - by_cell);
    if variance <= 1e-15 {
        return n;
    }
    let tail = 0.5 + confidence / 2.0;
    let ratio = normal_quantile(tail) / student_quantile(tail, a - 1.0);
    (p * (1.0 - p) / variance * ratio * ratio).clamp(1.0, n)
}

fn squares<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    values.map(|v| v * v).sum()
}

/// A count as a number to calculate with; exact up to 2⁵³.
#[expect(clippy::cast_precision_loss, reason = "counts of probes stay far below 2^53")]
pub(crate) fn count(n: usize) -> f64 {
    n as f64
}
