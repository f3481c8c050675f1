//! A shift: what changed for the same seeds between runs before and runs after, at one provider.
//!
//! Two things move rates without any reason of ours: single seeds, and whole weeks in which all seeds of a provider move
//! together. A shift is real only if it exceeds both, so its p value is the larger of two (Berger 1982). No number of seeds
//! averages the weeks away; only more runs do.
//!
//! The interval is at each end the wider of the runs' and the seeds'. The latter adds two imaginary seeds that moved by
//! ±h (Bonett & Price 2012; Agresti & Min 2005), so that it does not shrink to a point where all seeds agree.

use super::interval::{Interval, count};
use super::quantile::{student_beyond, student_quantile};
use super::sign_flip::{on_grid, sign_flip};

/// On which side of a change a run lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// Before it.
    Before,
    /// After it.
    After,
}

/// What each seed answered in each run.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Answers {
    /// One row for each seed with one value for each run: the mean of good over its probes in that run; `None` where none
    /// was measured.
    pub(crate) seeds: Vec<Vec<Option<f64>>>,
}

/// The change of one provider, or over several.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shift {
    /// Seeds measured on both sides. Only they are compared.
    pub(crate) paired: usize,
    /// Seeds that were left out, because one side or both never measured them.
    pub(crate) unpaired: usize,
    /// Runs before in which a paired seed was measured.
    pub(crate) runs_before: usize,
    /// Runs after in which a paired seed was measured.
    pub(crate) runs_after: usize,
    /// Mean over the paired seeds of their rates before; `None` without a paired seed, as everything below.
    pub(crate) before: Option<f64>,
    /// Mean of their rates after.
    pub(crate) after: Option<f64>,
    /// After less before.
    pub(crate) diff: Option<f64>,
    /// Exact p of the sign-flip test over seeds.
    pub(crate) p_seed_exact: Option<f64>,
    /// Mid-p of the sign-flip test over seeds; this one counts.
    pub(crate) p_seed: Option<f64>,
    /// p against the swing of whole runs; `None` also with fewer than three runs, which show no swing.
    pub(crate) p_run: Option<f64>,
    /// The larger of the two; `None` with `p_run`.
    pub(crate) p: Option<f64>,
    /// Interval of `diff`; −1…1 without a paired seed. Where `p_run` is `None` it speaks of these runs only.
    pub(crate) interval: Interval,
    /// What an overall figure is made of; `None` without a paired seed.
    pub(crate) parts: Option<Parts>,
}

/// The parts of a provider's shift that enter an overall figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parts {
    /// Difference of each paired seed.
    pub(crate) differences: Vec<f64>,
    /// Mean difference.
    pub(crate) diff: f64,
    /// Mean difference with the two imaginary seeds.
    pub(crate) centre: f64,
    /// Variance of that mean.
    pub(crate) seed_variance: f64,
    /// What chance among independent answers alone would make of the squares of `swings`.
    pub(crate) noise: f64,
    /// For each run how far it lay from its side's mean; `None` where no paired seed was measured.
    pub(crate) swings: Vec<Option<f64>>,
}

impl Shift {
    /// Compares the runs before with those after. `sides` says of each run where it lies.
    pub(crate) fn of(answers: &Answers, sides: &[Side], confidence: f64) -> Self {
        let pairs: Vec<Pair<'_>> = answers.seeds.iter().filter_map(|values| Pair::of(values, sides)).collect();
        let unpaired = answers.seeds.len() - pairs.len();
        if pairs.is_empty() {
            return Self {
                paired: 0,
                unpaired,
                runs_before: 0,
                runs_after: 0,
                before: None,
                after: None,
                diff: None,
                p_seed_exact: None,
                p_seed: None,
                p_run: None,
                p: None,
                interval: Interval { lo: -1.0, hi: 1.0 },
                parts: None,
            };
        }
        let m = count(pairs.len());
        let parts = Parts::of(&pairs, sides);
        let grid: Vec<i64> = parts.differences.iter().map(|d| on_grid(*d)).collect();
        let surprise = sign_flip(&grid);
        let runs = RunLevel::of(&parts.swings, sides, parts.noise);
        let p_run = runs.p(parts.diff);
        let seed_half = student_quantile(0.5 + confidence / 2.0, m + 1.0) * parts.seed_variance.sqrt();
        let seeds = Interval { lo: parts.centre - seed_half, hi: parts.centre + seed_half };
        Self {
            paired: pairs.len(),
            unpaired,
            runs_before: runs.before,
            runs_after: runs.after,
            before: Some(pairs.iter().map(|pair| pair.before).sum::<f64>() / m),
            after: Some(pairs.iter().map(|pair| pair.after).sum::<f64>() / m),
            diff: Some(parts.diff),
            p_seed_exact: Some(surprise.exact),
            p_seed: Some(surprise.mid),
            p_run,
            p: p_run.map(|p| p.max(surprise.mid)),
            interval: runs.widened(seeds, parts.diff, confidence),
            parts: Some(parts),
        }
    }
}

/// A seed that was measured on both sides.
struct Pair<'a> {
    values: &'a [Option<f64>],
    before: f64,
    after: f64,
}

impl<'a> Pair<'a> {
    fn of(values: &'a [Option<f64>], sides: &[Side]) -> Option<Self> {
        let mean = |wanted: Side| {
            let there = values.iter().zip(sides).filter(|(_, side)| **side == wanted);
            let (n, sum) = there.filter_map(|(value, _)| *value).fold((0, 0.0), |(n, sum), y| (n + 1, sum + y));
            (n > 0).then(|| sum / count(n))
        };
        Some(Self { values, before: mean(Side::Before)?, after: mean(Side::After)? })
    }

    /// The mean on one side.
    fn mean(&self, side: Side) -> f64 {
        match side {
            Side::Before => self.before,
            Side::After => self.after,
        }
    }
}

impl Parts {
    fn of(pairs: &[Pair<'_>], sides: &[Side]) -> Self {
        let m = count(pairs.len());
        let differences: Vec<f64> = pairs.iter().map(|pair| pair.after - pair.before).collect();
        let mut runs = vec![(0_usize, 0.0_f64); sides.len()];
        let (mut squares, mut spare, mut n_before, mut n_after) = (0.0, 0.0, 0_usize, 0_usize);
        for pair in pairs {
            let mut own = 0_usize;
            for ((value, side), run) in pair.values.iter().zip(sides).zip(&mut runs) {
                let Some(y) = value else { continue };
                let residual = y - pair.mean(*side);
                squares += residual * residual;
                own += 1;
                *run = (run.0 + 1, run.1 + residual);
                match side {
                    Side::Before => n_before += 1,
                    Side::After => n_after += 1,
                }
            }
            spare += count(own) - 2.0;
        }
        let swings: Vec<Option<f64>> = runs.iter().map(|(n, sum)| (*n > 0).then(|| sum / count(*n))).collect();
        let measured = count(swings.iter().flatten().count());
        let noise = (squares + 0.5) / (spare + 1.0) / (count(n_before + n_after) / measured);
        let with_imaginary = m + 2.0;
        let centre = differences.iter().sum::<f64>() / with_imaginary;
        let imaginary = 0.5 * (m / count(n_before) + m / count(n_after));
        let around = differences.iter().map(|d| (d - centre) * (d - centre)).sum::<f64>();
        let seed_variance =
            (around + 2.0 * imaginary + 2.0 * centre * centre) / ((with_imaginary - 1.0) * with_imaginary);
        Self { diff: differences.iter().sum::<f64>() / m, differences, centre, seed_variance, noise, swings }
    }
}

/// What the runs say of a difference: how much whole runs swing by themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RunLevel {
    /// Runs before in which something was measured.
    pub(crate) before: usize,
    /// Runs after in which something was measured.
    pub(crate) after: usize,
    /// Degrees of freedom and standard error; `None` where there are too few runs to see any swing.
    spread: Option<(f64, f64)>,
}

impl RunLevel {
    /// `swings` and `sides` go by run; `noise` is the least variance that is believed.
    pub(crate) fn of(swings: &[Option<f64>], sides: &[Side], noise: f64) -> Self {
        let (mut before, mut after, mut squares) = (0_usize, 0_usize, 0.0);
        for (swing, side) in swings.iter().zip(sides) {
            let Some(u) = swing else { continue };
            squares += u * u;
            match side {
                Side::Before => before += 1,
                Side::After => after += 1,
            }
        }
        let is_enough = before > 0 && after > 0 && before + after > 2;
        let spread = is_enough.then(|| {
            let freedom = count(before + after) - 2.0;
            let variance = (squares / freedom).max(noise);
            (freedom, (variance * (1.0 / count(before) + 1.0 / count(after))).sqrt())
        });
        Self { before, after, spread }
    }

    /// p of a difference against the swing of runs.
    pub(crate) fn p(self, diff: f64) -> Option<f64> {
        self.spread.map(|(freedom, error)| student_beyond(diff / error, freedom))
    }

    /// The seeds' interval, widened at each end to the runs', within −1…1.
    pub(crate) fn widened(self, seeds: Interval, diff: f64, confidence: f64) -> Interval {
        let wide = self.spread.map_or(seeds, |(freedom, error)| {
            let half = student_quantile(0.5 + confidence / 2.0, freedom) * error;
            Interval { lo: seeds.lo.min(diff - half), hi: seeds.hi.max(diff + half) }
        });
        Interval { lo: wide.lo.clamp(-1.0, 1.0), hi: wide.hi.clamp(-1.0, 1.0) }
    }
}

/// How much whole runs swing beyond chance among their answers, as a variance: `max(0, Σu²/ν − noise)`. `None` with fewer
/// than `least` runs.
pub(crate) fn swing_variance(answers: &Answers, sides: &[Side], least: usize) -> Option<f64> {
    let pairs: Vec<Pair<'_>> = answers.seeds.iter().filter_map(|values| Pair::of(values, sides)).collect();
    if pairs.is_empty() {
        return None;
    }
    let parts = Parts::of(&pairs, sides);
    let swings: Vec<f64> = parts.swings.iter().copied().flatten().collect();
    if swings.len() < least.max(3) {
        return None;
    }
    let freedom = count(swings.len()) - 2.0;
    Some((swings.iter().map(|u| u * u).sum::<f64>() / freedom - parts.noise).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Side::{After, Before};

    fn answers<const RUNS: usize>(rows: &[[i8; RUNS]]) -> Answers {
        let value = |y: &i8| (*y >= 0).then(|| f64::from(*y));
        Answers { seeds: rows.iter().map(|row| row.iter().map(value).collect()).collect() }
    }

    #[test]
    fn seeds_of_one_side_only_are_counted_and_left_out() {
        let rows = answers(&[[1, 1, 0, 0], [1, -1, -1, -1], [-1, -1, -1, -1], [1, -1, 0, -1]]);
        let shift = Shift::of(&rows, &[Before, Before, After, After], 0.95);
        assert_eq!((shift.paired, shift.unpaired), (2, 2));
        assert_eq!((shift.before, shift.after, shift.diff), (Some(1.0), Some(0.0), Some(-1.0)));
    }

    #[test]
    fn one_run_on_each_side_shows_no_swing_and_so_has_no_p() {
        let shift = Shift::of(&answers(&[[0, 1]; 20]), &[Before, After], 0.95);
        assert_eq!((shift.p_run, shift.p), (None, None));
        assert!(shift.p_seed.is_some_and(|p| p < 1e-5));
    }

    #[test]
    fn a_full_table_has_the_two_sample_t_test_on_the_rates_of_its_runs() {
        // Rates 0.9 0.5 0.7 and 0.3 0.6 0.3 of ten seeds: t = 0.3 / sqrt(0.035 · 2/3) with four degrees of freedom.
        let good = [9, 5, 7, 3, 6, 3];
        let rows: Vec<Vec<Option<f64>>> =
            (0..10).map(|seed| good.iter().map(|good| Some(f64::from(u8::from(seed < *good)))).collect()).collect();
        let sides = [Before, Before, Before, After, After, After];
        let shift = Shift::of(&Answers { seeds: rows }, &sides, 0.95);
        let wanted = student_beyond(0.3 / (0.035_f64 * 2.0 / 3.0).sqrt(), 4.0);
        assert!((shift.p_run.unwrap() - wanted).abs() < 1e-12, "{shift:?}");
    }

    #[test]
    fn the_swing_of_runs_needs_enough_of_them() {
        let rows = answers(&[[1, 0, 1, 0, 1, 0, 1, 0]; 6]);
        let sides = [Before, Before, Before, Before, After, After, After, After];
        assert!(swing_variance(&rows, &sides, 8).is_some_and(|v| v > 0.2));
        assert_eq!(swing_variance(&rows, &sides, 9), None);
        assert_eq!(swing_variance(&answers(&[[1; 8]; 6]), &sides, 8), Some(0.0));
    }
}
