//! From the stored facts of a run to its findings. Nothing here is stored: the same facts are judged anew each time.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Context, Failure};
use crate::config::{Config, Providers};
use crate::domain::evidence::{remarks, testify};
use crate::domain::finding::{Finding, judge};
use crate::domain::folder::FolderName;
use crate::domain::provider::{Provider, ProviderName};
use crate::domain::run::{Run, RunId};
use crate::edge::store::{Store, StoreFault};
use crate::render::report::{Judged, RunReport, ShownProvider};

/// The order in which providers are named: trouble shows at Gmail first, then Outlook, then Yahoo.
const ORDER: [&str; 5] = ["gmail", "google-workspace", "outlook", "microsoft-365", "yahoo"];

/// Reads a run's facts and judges them as of `now`.
pub(crate) async fn judge_run(
    store: &Store,
    config: &Config,
    id: RunId,
    now: Timestamp,
) -> Result<RunReport, StoreFault> {
    let run = store.run(id, store.holder_run()).await?;
    let mut reports = judge_runs(store, config, vec![run], now).await?;
    reports.pop().ok_or_else(|| StoreFault::NoRun { choice: id.0.to_string() })
}

/// Runs whose looks are in memory at once.
const AT_ONCE: usize = 25;

/// Reads the facts of many runs in few queries and judges them as of `now`, in the order given.
pub(crate) async fn judge_runs(
    store: &Store,
    config: &Config,
    runs: Vec<Run>,
    now: Timestamp,
) -> Result<Vec<RunReport>, StoreFault> {
    let mut reports = Vec::with_capacity(runs.len());
    let mut runs = runs.into_iter();
    loop {
        let some: Vec<Run> = runs.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            return Ok(reports);
        }
        let ids: Vec<RunId> = some.iter().map(|run| run.id).collect();
        let mut probes = store.probes_of(&ids).await?;
        let mut sweeps = store.sweeps_of(&ids).await?;
        let excluded = store.excluded_of(&ids).await?;
        let mut told = store.told(&ids).await?;
        let shut = store.shut_of(&ids).await?;
        for run in some {
            let excluded = excluded.get(&run.id);
            let judged = probes.remove(&run.id).unwrap_or_default().into_iter().map(|probe| {
                let sweeps = sweeps.remove(&probe.id).unwrap_or_default();
                let unreadable = excluded.and_then(|seeds| seeds.get(&probe.seed)).map(String::as_str);
                let deadline = probe.deadline(run.wait);
                let mut finding = judge(&probe, &sweeps, unreadable, deadline, run.ended_at, now, config.judge.rules);
                if let Finding::Missing { why, .. } = &mut finding
                    && let Some(folders) = shut.get(&(run.id, probe.seed.clone()))
                {
                    why.push_str(&closed_to_us(folders));
                }
                Judged::new(probe, finding)
            });
            let told = told.remove(&run.id).unwrap_or_default().into_iter();
            let told = told.map(|(row, told)| Judged {
                told_latency: told.latency(),
                ..Judged::new(told.probe(run.id, row), told.finding())
            });
            let probes = judged.chain(told).collect();
            reports.push(RunReport {
                run,
                probes,
                providers: shown(config),
                rules: config.judge.rules,
                confidence: config.judge.confidence,
                thresholds: config.thresholds,
            });
        }
    }
}

/// That some folders could not be looked into, to be said wherever a probe is called missing.
fn closed_to_us(folders: &[FolderName]) -> String {
    let names: Vec<String> = folders.iter().map(FolderName::to_string).collect();
    format!("; not looked into, as closed before the send: {}", names.join(", "))
}

/// Adds what the headers of the copies that decided testify; an imported run has none.
pub(crate) async fn hear(store: &Store, config: &Config, report: &mut RunReport) -> Result<(), StoreFault> {
    if report.run.imported {
        return Ok(());
    }
    let generic = ProviderName::new("generic").and_then(|name| config.providers.get(&name));
    for judged in &mut report.probes {
        let Finding::Found(evidence) = &judged.finding else { continue };
        // A preset that is gone meanwhile leaves nothing to go by.
        let Some(provider) = config.providers.get(&judged.probe.provider).or(generic) else { continue };
        let copies = store.headers(judged.probe.id).await?;
        let decided = copies.iter().find(|(folder, raw, _)| *folder == evidence.folder && !raw.is_empty());
        let Some((_, raw, cut)) = decided else { continue };
        let testimony = testify(raw, *cut, provider);
        let stream = config.streams.iter().find(|stream| stream.name == judged.probe.stream);
        let placement = judged.finding.placement();
        let remarks = remarks(&testimony, stream.map(|stream| stream.kind), placement);
        judged.tell(testimony, remarks);
    }
    Ok(())
}

/// The presets in the order of reports.
pub(crate) fn in_order(providers: &Providers) -> impl Iterator<Item = &Arc<Provider>> {
    let rank = |one: &&Arc<Provider>| ORDER.iter().position(|name| *name == one.name.as_str()).unwrap_or(ORDER.len());
    let mut all: Vec<_> = providers.values().collect();
    all.sort_by_key(rank);
    all.into_iter()
}

/// The providers as reports name them, in their order.
pub(crate) fn shown(config: &Config) -> Vec<ShownProvider> {
    let shown = in_order(&config.providers).map(|provider| ShownProvider {
        name: provider.name.clone(),
        title: provider.title.clone(),
        spam_threshold: provider.spam_threshold,
    });
    shown.collect()
}

/// The configuration and its database, for verbs that only read. Where there is none yet, they find nothing in it.
pub(crate) async fn open_to_read(context: &Context) -> Result<(Config, Store), Failure> {
    let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
    let store = match Store::open_existing(&config.database).await {
        Err(absent @ StoreFault::Absent { .. }) => {
            context.note(&absent.to_string());
            Store::nothing().await
        }
        opened => opened,
    };
    Ok((config, store.map_err(Failure::bad_input)?))
}
