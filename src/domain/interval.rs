//! Shares and their intervals.
//!
//! Wilson's score interval for one probe for each seed, and a design-based effective size where the same seeds answer
//! several times: their answers are not independent. A share over nothing does not exist.

use std::collections::BTreeMap;

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
    /// Good answers.
    pub(crate) good: usize,
    /// Answers.
    pub(crate) measured: usize,
    /// Seeds that answered.
    pub(crate) seeds: usize,
    /// Runs they answered in.
    pub(crate) runs: usize,
    /// How many independent answers these are worth, 0…N.
    pub(crate) effective: f64,
    /// Interval of the share.
    pub(crate) interval: Interval,
}

impl Pooled {
    /// Whether the answers are worth less than half their number, because the same seeds gave them.
    pub(crate) fn is_worth_little(&self) -> bool {
        self.measured > 0 && self.effective < count(self.measured) / 2.0
    }
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
    let measured = observations.len();
    if measured == 0 {
        let interval = Interval { lo: 0.0, hi: 1.0 };
        return Pooled { rate: None, good: 0, measured, seeds: 0, runs: 0, effective: 0.0, interval };
    }
    let mut answers: Vec<(&str, i64, bool)> = observations.iter().map(|o| (o.seed, o.run, o.good)).collect();
    answers.sort_unstable();
    let good = observations.iter().filter(|o| o.good).count();
    let p = count(good) / count(measured);
    let (mut runs, mut cells, mut seeds) = (BTreeMap::new(), Vec::new(), Vec::new());
    for of_seed in answers.chunk_by(|a, b| a.0 == b.0) {
        let mut sum = 0.0;
        for of_cell in of_seed.chunk_by(|a, b| a.1 == b.1) {
            let cell: f64 = of_cell.iter().map(|(_, _, good)| f64::from(u8::from(*good)) - p).sum();
            *runs.entry(of_cell.first().map_or(0, |answer| answer.1)).or_insert(0.0) += cell;
            cells.push(cell);
            sum += cell;
        }
        seeds.push(sum);
    }
    let residuals = Residuals { seeds, runs: runs.into_values().collect(), cells };
    let effective = residuals.effective_size(p, count(measured), confidence);
    Pooled {
        rate: Some(p),
        good,
        measured,
        seeds: residuals.seeds.len(),
        runs: residuals.runs.len(),
        effective,
        interval: wilson(p * effective, effective, confidence),
    }
}

/// Sums of answers less their mean: inside each seed, each run, and each seed in each run.
struct Residuals {
    seeds: Vec<f64>,
    runs: Vec<f64>,
    cells: Vec<f64>,
}

impl Residuals {
    /// How many independent answers `n` of them with mean `p` are worth.
    fn effective_size(&self, p: f64, n: f64, confidence: f64) -> f64 {
        let (a, b) = (count(self.seeds.len()), count(self.runs.len()));
        if a >= n {
            return n;
        }
        if self.seeds.len() == 1 {
            return 1.0;
        }
        if p <= 0.0 || p >= 1.0 {
            return a;
        }
        let by_seed = a / (a - 1.0) * squares(&self.seeds) / (n * n);
        let by_run = if self.runs.len() == 1 { 0.0 } else { b / (b - 1.0) * squares(&self.runs) / (n * n) };
        let by_cell = squares(&self.cells) / (n * n);
        let variance = by_seed.max(by_run).max(by_seed + by_run - by_cell);
        if variance <= 1e-15 {
            return n;
        }
        let tail = 0.5 + confidence / 2.0;
        let ratio = normal_quantile(tail) / student_quantile(tail, a - 1.0);
        (p * (1.0 - p) / variance * ratio * ratio).clamp(1.0, n)
    }
}

fn squares(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum()
}

/// A count as a number to calculate with; exact up to 2⁵³.
#[expect(clippy::cast_precision_loss, reason = "counts of probes stay far below 2^53")]
pub(crate) fn count(n: usize) -> f64 {
    n as f64
}
