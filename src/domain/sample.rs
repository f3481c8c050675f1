//! A sample: what the runs on both sides of a comparison hold of one provider.
//!
//! A run speaks for a provider only if at least half of the probes planned there were measured; else its answers at that
//! provider are left out, and that is said.

use std::collections::{BTreeMap, HashMap};

use super::finding::{Placement, Rules};
use super::interval::{Observation, Pooled, pooled};
use super::run::RunId;
use super::share::Share;
use super::share::is_good;
use super::shift::{Answers, Side};

/// One probe as a comparison sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Probed<'a> {
    /// Its run.
    pub(crate) run: RunId,
    /// Its seed.
    pub(crate) seed: &'a str,
    /// That seed's provider then.
    pub(crate) provider: &'a str,
    /// Where it lay; `None`: not measured.
    pub(crate) placement: Option<Placement>,
}

/// One side of a provider's sample, of the runs that speak for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flank {
    /// Counts of all its probes.
    pub(crate) share: Share,
    /// The rate with its interval over the seeds that were measured on both sides.
    pub(crate) paired: Pooled,
    /// The same over all seeds.
    pub(crate) all: Pooled,
}

/// What the runs hold of one provider.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// The provider.
    pub(crate) provider: String,
    /// Its seeds, in the order of their addresses.
    pub(crate) seeds: Vec<String>,
    /// What each of them answered in each run.
    pub(crate) answers: Answers,
    /// The runs before.
    pub(crate) before: Flank,
    /// The runs after.
    pub(crate) after: Flank,
    /// Runs in which fewer than half of its probes were measured.
    pub(crate) left_out: Vec<RunId>,
}

/// Answers of one seed, by place of the run: good and measured probes.
type Row = BTreeMap<usize, (usize, usize)>;

/// What was gathered of one provider.
#[derive(Default)]
struct Gathered<'a> {
    seeds: HashMap<&'a str, usize>,
    rows: Vec<(&'a str, Row)>,
    shares: Vec<Share>,
}

/// Makes one sample for each provider out of the probes of one stream, in the order of `rank` and then of their names.
/// `runs` are all runs of both sides, in order; a probe of another run is not looked at.
pub(crate) fn samples<'a>(
    probes: impl IntoIterator<Item = Probed<'a>>,
    runs: &[(RunId, Side)],
    rules: Rules,
    confidence: f64,
    rank: &dyn Fn(&str) -> usize,
) -> Vec<Sample> {
    let places: HashMap<RunId, usize> = runs.iter().enumerate().map(|(place, (run, _))| (*run, place)).collect();
    let mut providers: HashMap<&str, Gathered<'_>> = HashMap::new();
    for probe in probes {
        let Some(place) = places.get(&probe.run).copied() else { continue };
        let gathered = providers.entry(probe.provider).or_default();
        gathered.add(place, runs.len(), probe, rules);
    }
    let mut samples: Vec<Sample> = providers
        .into_iter()
        .map(|(provider, gathered)| gathered.sample(provider.to_owned(), runs, confidence))
        .collect();
    samples.sort_by(|a, b| (rank(&a.provider), &a.provider).cmp(&(rank(&b.provider), &b.provider)));
    samples
}

impl<'a> Gathered<'a> {
    fn add(&mut self, place: usize, runs: usize, probe: Probed<'a>, rules: Rules) {
        self.shares.resize(runs, Share::default());
        let row = *self.seeds.entry(probe.seed).or_insert(self.rows.len());
        if row == self.rows.len() {
            self.rows.push((probe.seed, Row::new()));
        }
        let (Some(share), Some((_, answers))) = (self.shares.get_mut(place), self.rows.get_mut(row)) else { return };
        let Some(placement) = probe.placement else {
            share.unmeasured += 1;
            return;
        };
        let good = usize::from(is_good(placement, rules));
        share.measured += 1;
        share.good += good;
        let answer = answers.entry(place).or_default();
        *answer = (answer.0 + good, answer.1 + 1);
    }

    fn sample(mut self, provider: String, runs: &[(RunId, Side)], confidence: f64) -> Sample {
        // Neither the order of probes nor that of a hash table may show in a figure.
        self.rows.sort_by_key(|(seed, _)| *seed);
        let speaks: Vec<bool> = self.shares.iter().map(|share| share.is_half_measured()).collect();
        let is_speaking = |place: usize| speaks.get(place).copied().unwrap_or(false);
        let seeds: Vec<Vec<Option<f64>>> = self
            .rows
            .iter()
            .map(|(_, row)| {
                let answer = |place| row.get(&place).filter(|_| is_speaking(place));
                (0..runs.len()).map(|place| answer(place).map(|(good, n)| ratio(*good, *n))).collect()
            })
            .collect();
        let is_planned = |share: &Share| share.measured + share.unmeasured > 0;
        let left_out = runs
            .iter()
            .zip(&self.shares)
            .filter(|(_, share)| is_planned(share) && !share.is_half_measured())
            .map(|((run, _), _)| *run)
            .collect();
        let flank = |side| self.flank(side, runs, &is_speaking, confidence);
        Sample {
            provider,
            before: flank(Side::Before),
            after: flank(Side::After),
            seeds: self.rows.iter().map(|(seed, _)| (*seed).to_owned()).collect(),
            answers: Answers { seeds },
            left_out,
        }
    }

    fn flank(&self, side: Side, runs: &[(RunId, Side)], is_speaking: &dyn Fn(usize) -> bool, confidence: f64) -> Flank {
        let lies = |place: usize| runs.get(place).is_some_and(|(_, lies)| *lies == side);
        let mut share = Share::default();
        for (_, one) in self.shares.iter().enumerate().filter(|(place, _)| lies(*place) && is_speaking(*place)) {
            share.good += one.good;
            share.measured += one.measured;
            share.unmeasured += one.unmeasured;
        }
        let observations = |is_meant: &dyn Fn(&Row) -> bool| {
            let rows = self.rows.iter().filter(|(_, row)| is_meant(row));
            let answers = rows.flat_map(|(seed, row)| row.iter().map(move |(place, answer)| (*seed, *place, *answer)));
            let here = answers.filter(|(_, place, _)| lies(*place) && is_speaking(*place));
            here.flat_map(|(seed, place, (good, n))| {
                let run = runs.get(place).map_or(0, |(run, _)| run.0);
                (0..n).map(move |at| Observation { seed, run, good: at < good })
            })
            .collect::<Vec<_>>()
        };
        let measured_on = |row: &Row, wanted: Side| {
            row.keys().any(|place| is_speaking(*place) && runs.get(*place).is_some_and(|(_, side)| *side == wanted))
        };
        let is_paired = |row: &Row| measured_on(row, Side::Before) && measured_on(row, Side::After);
        Flank {
            share,
            paired: pooled(&observations(&is_paired), confidence),
            all: pooled(&observations(&|_| true), confidence),
        }
    }
}

fn ratio(good: usize, n: usize) -> f64 {
    super::interval::count(good) / super::interval::count(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Rules = Rules { promotions_as_inbox: false };

    #[test]
    fn a_run_that_measured_less_than_half_of_a_provider_says_nothing_of_it() {
        let mut probes = Vec::new();
        for run in 1..=4 {
            for seed in ["a", "b", "c", "d"] {
                // In run 3 only one of four probes was measured, and that one well.
                let placement = match (run, seed) {
                    (3, "a") | (1, _) => Some(Placement::Inbox),
                    (3, _) => None,
                    _ => Some(Placement::Spam),
                };
                probes.push(Probed { run: RunId(run), seed, provider: "gmail", placement });
            }
        }
        probes.push(Probed { run: RunId(9), seed: "a", provider: "gmail", placement: Some(Placement::Spam) });
        probes.push(Probed { run: RunId(1), seed: "z", provider: "aol", placement: Some(Placement::Promotions) });
        let runs: Vec<(RunId, Side)> =
            (1..=4).map(|run| (RunId(run), if run < 3 { Side::Before } else { Side::After })).collect();
        let found = samples(probes, &runs, STRICT, 0.95, &|name| usize::from(name != "gmail"));
        let [gmail, aol] = &found[..] else { panic!("{found:?}") };
        assert_eq!((gmail.provider.as_str(), aol.provider.as_str()), ("gmail", "aol"));
        assert_eq!(gmail.left_out, [RunId(3)]);
        assert_eq!(gmail.answers.seeds[0], [Some(1.0), Some(0.0), None, Some(0.0)]);
        assert_eq!(gmail.before.share, Share { good: 4, measured: 8, unmeasured: 0 });
        assert_eq!(gmail.after.share, Share { good: 0, measured: 4, unmeasured: 0 });
        assert_eq!((gmail.before.paired.rate, gmail.after.paired.rate), (Some(0.5), Some(0.0)));
        assert_eq!((aol.before.paired.rate, aol.before.all.rate, aol.after.all.rate), (None, Some(0.0), None));
    }
}
