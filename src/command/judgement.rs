//! From the stored facts of a run to its findings. Nothing here is stored: the same facts are judged anew each time.

use jiff::Timestamp;

use crate::domain::finding::{Finding, Rules, judge};
use crate::domain::probe::Probe;
use crate::domain::run::{Run, RunId};
use crate::edge::store::{Store, StoreFault};

/// A run with every probe judged.
#[derive(Debug)]
pub(crate) struct Judgement {
    /// The run.
    pub(crate) run: Run,
    /// Its probes in the order of streams and seeds, each with its finding.
    pub(crate) probes: Vec<(Probe, Finding)>,
}

/// Reads a run's facts and judges them as of `now`. `holder` is the run that a living process works on.
pub(crate) async fn judge_run(
    store: &Store,
    id: RunId,
    holder: Option<RunId>,
    now: Timestamp,
    rules: Rules,
) -> Result<Judgement, StoreFault> {
    let run = store.run(id, holder).await?;
    let probes = store.probes(id).await?;
    let mut sweeps = store.sweeps(id).await?;
    let excluded = store.excluded(id).await?;
    let probes = probes
        .into_iter()
        .map(|probe| {
            let sweeps = sweeps.remove(&probe.id).unwrap_or_default();
            let unreadable = excluded.get(&probe.seed).map(String::as_str);
            let deadline = probe.deadline(run.wait);
            let finding = judge(&probe, &sweeps, unreadable, deadline, run.ended_at, now, rules);
            (probe, finding)
        })
        .collect();
    Ok(Judgement { run, probes })
}
