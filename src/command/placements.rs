//! Where the probes of one stream lay in some runs: of judged runs and of imported ones alike, and nothing more of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::judgement::judge_runs;
use crate::config::Config;
use crate::domain::finding::Placement;
use crate::domain::provider::ProviderName;
use crate::domain::run::{Run, RunId};
use crate::domain::sample::Probed;
use crate::domain::seed::Address;
use crate::domain::stream::StreamName;
use crate::edge::store::{Store, StoreFault, ToldPlacements};

/// Runs that are judged at once: the looks of a run of thousands of seeds take a while to read and room to hold.
const AT_ONCE: usize = 5;

/// The placements.
#[derive(Debug, Default)]
pub(crate) struct Placements {
    judged: Vec<(RunId, Address, ProviderName, Option<Placement>)>,
    told: Vec<ToldPlacements>,
}

impl Placements {
    /// Reads and judges what these runs hold of a stream.
    pub(crate) async fn read(
        store: &Store,
        config: &Config,
        runs: &[&Run],
        stream: &StreamName,
        now: Timestamp,
    ) -> Result<Self, StoreFault> {
        let mut read = Self::read_each(store, config, runs, &BTreeSet::from([stream]), now).await?;
        Ok(read.remove(stream).unwrap_or_default())
    }

    /// Reads and judges what these runs hold of each of these streams.
    pub(crate) async fn read_each(
        store: &Store,
        config: &Config,
        runs: &[&Run],
        streams: &BTreeSet<&StreamName>,
        now: Timestamp,
    ) -> Result<BTreeMap<StreamName, Self>, StoreFault> {
        let (told, ours): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(|run| run.imported);
        let told: Vec<RunId> = told.into_iter().map(|run| run.id).collect();
        let mut read = BTreeMap::new();
        for stream in streams.iter().copied() {
            let told = store.told_placements(&told, stream).await?;
            read.insert(stream.clone(), Self { judged: Vec::new(), told });
        }
        for some in ours.chunks(AT_ONCE) {
            for report in judge_runs(store, config, some.iter().copied().cloned().collect(), now).await? {
                let run = report.run.id;
                for judged in report.probes {
                    let Some(placements) = read.get_mut(&judged.probe.stream) else { continue };
                    let placement = judged.finding.placement();
                    placements.judged.push((run, judged.probe.seed, judged.probe.provider, placement));
                }
            }
        }
        Ok(read)
    }

    /// Every probe.
    pub(crate) fn probes(&self) -> impl Iterator<Item = Probed<'_>> {
        let judged = self.judged.iter().map(|(run, seed, provider, placement)| Probed {
            run: *run,
            seed: seed.as_str(),
            provider: provider.as_str(),
            placement: *placement,
        });
        let told = self.told.iter().flat_map(|run| {
            run.probes().map(|(seed, provider, placement)| Probed { run: run.run, seed, provider, placement })
        });
        judged.chain(told)
    }
}
