//! Shares and their intervals.
//!
//! Wilson's score interval for one probe for each seed, and a design-based effective size where the same seeds answer
//! several times: their answers are not independent. A share over nothing does not exist.

use std::collections::BTreeMap;

use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

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
    /// How many independent answers these are worth, 0…N.
    pub(crate) effective: f64,
    /// Interval of the share.
    pub(crate) interval: Interval,
}

/// Quantile of the standard normal distribution.
fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// Quantile of Student's distribution; the normal one where the degrees of freedom make no distribution.
fn student_quantile(p: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or_else(|_| normal_quantile(p), |student| student.inverse_cdf(p))
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
        return Pooled { rate: None, effective: 0.0, interval: Interval { lo: 0.0, hi: 1.0 } };
    }
    let p = count(observations.iter().filter(|o| o.good).count()) / n;
    let effective = effective_size(observations, p, confidence);
    Pooled { rate: Some(p), effective, interval: wilson(p * effective, effective, confidence) }
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const GOLDEN: &str = include_str!("../../tests/data/golden/statistics-public.json");

    fn near(found: f64, wanted: &Value, case: &Value) {
        let wanted = wanted.as_f64().unwrap();
        assert!((found - wanted).abs() <= 1e-9 * wanted.abs().max(1.0), "{found} for {wanted} in {case}");
    }

    #[test]
    fn golden_intervals_agree_to_nine_digits() {
        let golden: Value = serde_json::from_str(GOLDEN).unwrap();
        let mut checked = 0;
        for case in golden["cases"].as_array().unwrap() {
            let (given, wanted) = (&case["in"], &case["out"]);
            let confidence = given["conf"].as_f64().unwrap_or(0.95);
            if case["fn"] == "wilson" {
                let interval = wilson(given["x"].as_f64().unwrap(), given["n"].as_f64().unwrap(), confidence);
                near(interval.lo, &wanted["lo"], case);
                near(interval.hi, &wanted["hi"], case);
            } else if case["fn"] == "pooled" {
                let rows = given["observations"].as_array().unwrap();
                let seeds: Vec<String> = rows.iter().map(|row| row[0].to_string()).collect();
                let observations: Vec<_> = rows
                    .iter()
                    .zip(&seeds)
                    .map(|(row, seed)| Observation { seed, run: row[1].as_i64().unwrap(), good: row[2] == 1 })
                    .collect();
                let pooled = pooled(&observations, confidence);
                assert_eq!(pooled.rate.is_none(), wanted["rate"].is_null());
                if let Some(rate) = pooled.rate {
                    near(rate, &wanted["rate"], case);
                }
                near(pooled.effective, &wanted["n_eff"], case);
                near(pooled.interval.lo, &wanted["lo"], case);
                near(pooled.interval.hi, &wanted["hi"], case);
            } else {
                continue;
            }
            checked += 1;
        }
        assert_eq!(checked, 35);
    }
}
