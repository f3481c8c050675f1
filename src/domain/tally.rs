//! A tally: counts of findings, with the rate of the inbox and its interval.

use std::collections::BTreeMap;

use super::finding::{Finding, Placement, Rules};
use super::interval::{Interval, Observation, Pooled, count, pooled, wilson};
use super::share::{Share, is_good};

/// Counts of findings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tally {
    /// Measured probes by placement; a placement that did not occur is absent.
    pub(crate) placements: BTreeMap<Placement, usize>,
    /// Probes still being watched for.
    pub(crate) pending: usize,
    /// Probes about which nothing can be said.
    pub(crate) unmeasured: usize,
    /// Share of the measured probes that reached the inbox; `None` over none.
    pub(crate) rate: Option<f64>,
    /// Interval of that share; 0…1 over none.
    pub(crate) interval: Interval,
    /// The counts behind it.
    pub(crate) share: Share,
    /// What it is worth: answers of the same seeds are not independent.
    pub(crate) pooled: Pooled,
    /// Share that lay in spam, with its interval; `None` over none.
    pub(crate) spam: Option<(f64, Interval)>,
}

/// One finding as a tally sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted<'a> {
    /// The seed it was made in.
    pub(crate) seed: &'a str,
    /// The run it was made in.
    pub(crate) run: i64,
    /// The finding.
    pub(crate) finding: &'a Finding,
}

impl Tally {
    /// Counts findings. Rates and intervals are over measured probes only.
    pub(crate) fn of<'a>(findings: impl IntoIterator<Item = Counted<'a>>, rules: Rules, confidence: f64) -> Self {
        let mut placements = BTreeMap::new();
        let (mut pending, mut unmeasured) = (0, 0);
        let findings: Vec<Counted<'a>> = findings.into_iter().collect();
        let share = Share::of(findings.iter().map(|counted| counted.finding.placement()), rules);
        let (mut good, mut spam) = (Vec::new(), Vec::new());
        for counted in findings {
            let Some(placement) = counted.finding.placement() else {
                if matches!(counted.finding, Finding::Pending) {
                    pending += 1;
                } else {
                    unmeasured += 1;
                }
                continue;
            };
            *placements.entry(placement).or_insert(0) += 1;
            let seen = |yes| Observation { seed: counted.seed, run: counted.run, good: yes };
            good.push(seen(is_good(placement, rules)));
            spam.push(seen(placement == Placement::Spam));
        }
        let inbox = pooled(&good, confidence);
        let junk = pooled(&spam, confidence);
        Self {
            placements,
            pending,
            unmeasured,
            rate: inbox.rate,
            interval: inbox.interval,
            share,
            pooled: inbox,
            spam: junk.rate.map(|rate| (rate, junk.interval)),
        }
    }

    /// The tally of these counts, each probe of which went to another seed in one and the same run, so that the answers
    /// are independent.
    pub(crate) fn of_counts(
        placements: BTreeMap<Placement, usize>,
        unmeasured: usize,
        rules: Rules,
        confidence: f64,
    ) -> Self {
        let n: usize = placements.values().sum();
        let of = |counts: &dyn Fn(Placement) -> bool| -> usize {
            placements.iter().filter(|(placement, _)| counts(**placement)).map(|(_, count)| count).sum()
        };
        let (good, spam) = (of(&|placement| is_good(placement, rules)), of(&|placement| placement == Placement::Spam));
        let share = |part: usize| (n > 0).then(|| count(part) / count(n));
        let interval = |part: usize| wilson(count(part), count(n), confidence);
        let rate = share(good);
        let worth = Pooled {
            rate,
            good,
            measured: n,
            seeds: n,
            runs: usize::from(n > 0),
            effective: count(n),
            interval: interval(good),
        };
        Self {
            pending: 0,
            unmeasured,
            rate,
            interval: worth.interval,
            share: Share { good, measured: n, unmeasured },
            pooled: worth,
            spam: share(spam).map(|rate| (rate, interval(spam))),
            placements,
        }
    }

    /// How many probes lay in `placement`.
    pub(crate) fn count(&self, placement: Placement) -> usize {
        self.placements.get(&placement).copied().unwrap_or(0)
    }

    /// How many probes were measured.
    pub(crate) fn measured(&self) -> usize {
        self.placements.values().sum()
    }
}
