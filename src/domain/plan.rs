//! A plan: what a comparison of so many seeds and runs can see, before anything is sent.
//!
//! Two things must both see a drop, as both must in the comparison itself: the runs and the seeds. More seeds help only
//! the latter: with ever more of them the error of the runs stays τ√f, where τ is the swing of whole weeks.

use super::interval::count;
use super::quantile::{student_below, student_quantile};

/// Seeds, runs and what is believed of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Design {
    /// Seeds at one provider.
    pub(crate) seeds: usize,
    /// Probes for each seed in one run.
    pub(crate) messages: usize,
    /// Runs before.
    pub(crate) runs_before: usize,
    /// Runs after.
    pub(crate) runs_after: usize,
    /// Rate before.
    pub(crate) rate: f64,
    /// How alike the answers of one seed are.
    pub(crate) icc: f64,
    /// Swing of whole weeks, as a standard deviation of the rate.
    pub(crate) tau: f64,
    /// Accepted chance of a false finding.
    pub(crate) alpha: f64,
}

/// How alike the answers of one seed are, unless history says more.
pub(crate) const USUAL_ICC: f64 = 0.2;
/// Swing of whole weeks, unless history says more.
pub(crate) const USUAL_TAU: f64 = 0.05;
/// How often two seeds are doubled in search of a number that is enough: up to 65,536.
const MOST_DOUBLINGS: u32 = 16;
/// Runs of one stream from which history says more.
pub(crate) const RUNS_FOR_TAU: usize = 8;

/// Chance of seeing a drop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Power {
    /// Standard error of the difference between runs.
    pub(crate) se_run: f64,
    /// Standard error of the difference between seeds.
    pub(crate) se_seed: f64,
    /// Chance that the runs show it; `None` with fewer than three runs.
    pub(crate) of_runs: Option<f64>,
    /// Chance that the seeds show it; 0 where even all seeds alike would not.
    pub(crate) of_seeds: f64,
    /// The smaller of the two; 0 where the runs cannot tell.
    pub(crate) both: f64,
}

impl Design {
    /// The chance of seeing a drop; a negative one is a rise.
    pub(crate) fn power(&self, drop: f64) -> Power {
        let before = self.rate;
        let after = (before - drop).clamp(0.0, 1.0);
        let size = (before - after).abs();
        let room = if drop > 0.0 { before } else { 1.0 - before };
        let within = (1.0 - self.icc) * 0.5 * (before * (1.0 - before) + after * (1.0 - after));
        let (m, k) = (count(self.seeds), count(self.messages));
        let runs = 1.0 / count(self.runs_before) + 1.0 / count(self.runs_after);
        let se_run = ((within / (m * k) + self.tau * self.tau) * runs).sqrt();
        let se_seed = ((within / k * runs + 0.3 * size * (room - size).max(0.0)) / m).sqrt();
        let tail = 1.0 - self.alpha / 2.0;
        let chance = |error: f64, freedom: f64| {
            let distance = if size > 0.0 { size / error } else { 0.0 };
            student_below(distance - student_quantile(tail, freedom), freedom)
        };
        let freedom = count(self.runs_before + self.runs_after) - 2.0;
        let of_runs = (freedom >= 1.0).then(|| chance(se_run, freedom));
        let of_seeds = if self.seeds < 2 || 0.5_f64.powf(m) > self.alpha { 0.0 } else { chance(se_seed, m - 1.0) };
        let both = of_runs.map_or(0.0, |of_runs: f64| of_runs.min(of_seeds));
        Power { se_run, se_seed, of_runs, of_seeds, both }
    }

    /// The smallest drop, in whole points, that is seen with this power; `None` where not even the largest is.
    pub(crate) fn smallest_drop(&self, power: f64) -> Option<f64> {
        (1..=100)
            .map(|points| f64::from(points) / 100.0)
            .take_while(|drop| *drop <= self.rate)
            .find(|drop| self.power(*drop).both >= power)
    }

    /// Seeds that it takes to see the drop with this power; `None` where the runs alone would not show it however many
    /// seeds there are.
    pub(crate) fn seeds_needed(&self, drop: f64, power: f64) -> Option<usize> {
        let is_enough = |seeds: usize| Self { seeds, ..*self }.power(drop).both >= power;
        // Ever more seeds never see less, so that the first number that is enough lies between one that is not and twice it.
        let most = (1..=MOST_DOUBLINGS).map(|doublings| 1_usize << doublings).find(|seeds| is_enough(*seeds))?;
        let (mut few, mut enough) = (most / 2, most);
        while enough - few > 1 {
            let middle = few + (enough - few) / 2;
            if is_enough(middle) {
                enough = middle;
            } else {
                few = middle;
            }
        }
        Some(enough)
    }

    /// Runs on each side that it takes to see the drop with this power; `None`: not even a year of weekly ones.
    pub(crate) fn runs_needed(&self, drop: f64, power: f64) -> Option<usize> {
        (2..=52).find(|runs| Self { runs_before: *runs, runs_after: *runs, ..*self }.power(drop).both >= power)
    }

    /// What the error of the runs stays at however many seeds are added.
    pub(crate) fn floor_of_runs(&self) -> f64 {
        self.tau * (1.0 / count(self.runs_before) + 1.0 / count(self.runs_after)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Design = Design {
        seeds: 12,
        messages: 1,
        runs_before: 4,
        runs_after: 4,
        rate: 0.9,
        icc: USUAL_ICC,
        tau: USUAL_TAU,
        alpha: 0.05,
    };

    #[test]
    fn more_seeds_never_bring_the_runs_below_their_floor_and_more_runs_do() {
        let many = Design { seeds: 1_000_000, ..USUAL };
        assert!((many.power(0.1).se_run - USUAL.floor_of_runs()).abs() < 1e-6);
        assert!(Design { runs_after: 8, runs_before: 8, ..USUAL }.floor_of_runs() < USUAL.floor_of_runs());
        assert!(many.power(0.1).both > USUAL.power(0.1).both);
    }

    #[test]
    fn what_is_needed_is_the_least_that_is_enough() {
        let seeds = USUAL.seeds_needed(0.2, 0.8).unwrap();
        assert!(Design { seeds, ..USUAL }.power(0.2).both >= 0.8);
        assert!(Design { seeds: seeds - 1, ..USUAL }.power(0.2).both < 0.8);
        // With weeks that swing by ten points, four runs on each side never show a drop of ten.
        assert_eq!(Design { tau: 0.1, ..USUAL }.seeds_needed(0.1, 0.8), None);
        let runs = Design { seeds: 60, ..USUAL }.runs_needed(0.1, 0.8).unwrap();
        assert!(Design { seeds: 60, runs_before: runs, runs_after: runs, ..USUAL }.power(0.1).both >= 0.8);
        assert_eq!(Design { seeds: 2, ..USUAL }.runs_needed(0.1, 0.8), None, "½² is above α");
    }

    #[test]
    fn one_run_on_each_side_sees_nothing_for_sure() {
        let power = Design { runs_before: 1, runs_after: 1, ..USUAL }.power(0.5);
        assert_eq!((power.of_runs, power.both), (None, 0.0));
        assert_eq!(Design { seeds: 4, ..USUAL }.smallest_drop(0.8), None, "½⁴ is above α");
    }

    #[test]
    fn the_smallest_drop_is_the_first_that_is_seen() {
        let drop = USUAL.smallest_drop(0.8).unwrap();
        assert!(USUAL.power(drop).both >= 0.8);
        assert!(USUAL.power(drop - 0.01).both < 0.8);
    }

    #[test]
    fn without_any_spread_a_drop_is_certain_and_no_drop_is_chance() {
        let still = Design { icc: 1.0, tau: 0.0, ..USUAL };
        assert_eq!(still.power(0.3).of_runs, Some(1.0));
        assert!((still.power(0.0).of_runs.unwrap() - 0.025).abs() < 1e-9);
    }
}
