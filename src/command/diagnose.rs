//! `diagnose`: where the trouble lies, over the last runs of each stream. The same diagnosis ends a run and stands in a
//! report.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::history::{MOST, titles};
use super::judgement::{judge_runs, open_to_read};
use super::{Context, Failure, Outcome};
use crate::config::Config;
use crate::domain::diagnosis::{Cell, Diagnoses};
use crate::domain::finding::Placement;
use crate::domain::interval::{count, wilson};
use crate::domain::run::{Run, RunId, RunState};
use crate::domain::stream::StreamName;
use crate::domain::tally::{Counted, Tally};
use crate::edge::store::{Store, StoreFault};
use crate::render::diagnosis::diagnosis_value;
use crate::render::json::document;
use crate::render::report::{Judged, RunReport};
use crate::render::table::{diagnosis_table, fitted};

/// Most runs of a stream that are read.
const RUNS: usize = 3;
/// A run that is older than this before the newest one is no evidence any more.
const STALE: SignedDuration = SignedDuration::from_hours(12 * 7 * 24);

/// Runs the verb.
pub(crate) async fn execute(context: &Context) -> Result<Outcome, Failure> {
    let (config, store) = open_to_read(context).await?;
    let runs = store.runs(MOST, store.holder_run()).await.map_err(Failure::internal)?;
    let found = over(&store, &config, runs, &[], context.clock.now()).await.map_err(Failure::internal)?;
    let stdout = if context.json {
        document(&diagnosis_value(&found)).map_err(Failure::internal)?
    } else {
        fitted(&diagnosis_table(&found, context.screen), context.screen)
    };
    Ok(Outcome::ok(stdout))
}

/// What a run and those before it allow to say. Only those before it are judged for it.
pub(crate) async fn of_run(
    store: &Store,
    config: &Config,
    report: &RunReport,
    now: Timestamp,
) -> Result<Diagnoses, Failure> {
    let mut runs = store.runs(MOST, store.holder_run()).await.map_err(Failure::internal)?;
    runs.retain(|run| run.id != report.run.id && run.started_at <= report.run.started_at);
    // It counts even while it is open: its table shows the same figures.
    runs.insert(0, Run { state: RunState::Complete, ..report.run.clone() });
    over(store, config, runs, &[report], now).await.map_err(Failure::internal)
}

/// What the last of these runs, the newest first, allow to say. Those in `known` are judged already.
pub(crate) async fn over(
    store: &Store,
    config: &Config,
    runs: Vec<Run>,
    known: &[&RunReport],
    now: Timestamp,
) -> Result<Diagnoses, StoreFault> {
    let (chosen, asked) = recent(runs);
    let unknown = chosen.iter().filter(|run| known.iter().all(|report| report.run.id != run.id)).cloned().collect();
    let judged = judge_runs(store, config, unknown, now).await?;
    let reports: Vec<&RunReport> = known.iter().copied().chain(&judged).collect();
    let mut cells = Vec::new();
    for (stream, runs) in asked {
        let reports: Vec<&RunReport> = reports.iter().copied().filter(|one| runs.contains(&one.run.id)).collect();
        cells.extend(cells_of(store, config, &stream, &runs, &reports).await?);
    }
    let reputations = store.reputations().await?;
    let found = Diagnoses::of(cells, chosen.len(), reputations, config.thresholds, config.judge.confidence);
    Ok(Diagnoses { simulated: chosen.iter().any(|run| run.simulated), ..found })
}

/// The last complete runs of each stream, and which they are, the newest first.
fn recent(mut runs: Vec<Run>) -> (Vec<Run>, BTreeMap<StreamName, Vec<RunId>>) {
    runs.retain(|run| run.state == RunState::Complete);
    let newest = runs.first().map(|run| run.started_at);
    let mut asked: BTreeMap<StreamName, Vec<RunId>> = BTreeMap::new();
    for run in runs.iter().filter(|run| newest.is_some_and(|newest| newest.duration_since(run.started_at) <= STALE)) {
        for stream in &run.streams {
            let ids = asked.entry(stream.clone()).or_default();
            if ids.len() < RUNS {
                ids.push(run.id);
            }
        }
    }
    runs.retain(|run| asked.values().flatten().any(|id| *id == run.id));
    (runs, asked)
}

/// What a stream is sent by.
struct Sent {
    control: bool,
    identity: String,
    configuration_set: Option<String>,
    region: Option<String>,
}

impl Sent {
    /// As it was in the newest of these runs that knows it; a result that was imported does not, and then it is as it is
    /// configured today.
    async fn of(store: &Store, config: &Config, stream: &StreamName, runs: &[RunId]) -> Result<Self, StoreFault> {
        for run in runs {
            if let Some(fact) = store.streams(*run).await?.into_iter().find(|fact| fact.name == *stream) {
                return Ok(Self {
                    control: fact.control,
                    identity: domain_of(&fact.from),
                    configuration_set: fact.configuration_set,
                    region: fact.region.or_else(|| config.ses.region.clone()),
                });
            }
        }
        let configured = config.streams.iter().find(|one| one.name == *stream);
        Ok(Self {
            control: configured.is_some_and(|one| one.control),
            identity: configured.and_then(|one| one.from.as_deref()).map(domain_of).unwrap_or_default(),
            configuration_set: configured.and_then(|one| one.configuration_set.clone()),
            region: configured.and_then(|one| one.region.clone()).or_else(|| config.ses.region.clone()),
        })
    }
}

fn domain_of(from: &str) -> String {
    from.trim_end_matches('>').rsplit('@').next().unwrap_or_default().to_lowercase()
}

/// One stream at each provider.
async fn cells_of(
    store: &Store,
    config: &Config,
    stream: &StreamName,
    runs: &[RunId],
    reports: &[&RunReport],
) -> Result<Vec<Cell>, StoreFault> {
    let Some(first) = reports.first() else { return Ok(Vec::new()) };
    let sent = Sent::of(store, config, stream, runs).await?;
    let titles = titles(first);
    let mut providers: BTreeMap<&str, Vec<(i64, &Judged)>> = BTreeMap::new();
    for report in reports {
        for judged in report.probes.iter().filter(|judged| judged.probe.stream == *stream) {
            providers.entry(judged.probe.provider.as_str()).or_default().push((report.run.id.0, judged));
        }
    }
    let cell = |(provider, judged): (&str, Vec<(i64, &Judged)>)| {
        let counted = judged.iter().map(|(run, judged)| Counted {
            seed: judged.probe.seed.as_str(),
            run: *run,
            finding: &judged.finding,
        });
        let tally = Tally::of(counted, first.rules, first.confidence);
        let measured = judged.iter().filter(|(_, judged)| judged.finding.placement().is_some());
        let title = titles.iter().find(|(name, _)| name.as_str() == provider).map(|(_, title)| title.clone());
        Cell {
            stream: stream.to_string(),
            control: sent.control,
            identity: sent.identity.clone(),
            configuration_set: sent.configuration_set.clone(),
            region: sent.region.clone(),
            provider: provider.to_owned(),
            title: title.unwrap_or_else(|| provider.to_owned()),
            runs: measured.map(|(run, _)| *run).collect::<BTreeSet<_>>().len(),
            measured: tally.measured(),
            rate: tally.rate,
            interval: tally.interval,
            missing_low: wilson(count(tally.count(Placement::Missing)), count(tally.measured()), first.confidence).lo,
        }
    };
    Ok(providers.into_iter().map(cell).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{at, report};

    fn run(id: i64, day: i64, streams: &[&str], state: RunState) -> Run {
        let streams = streams.iter().map(|name| StreamName::new(name).unwrap()).collect();
        Run { id: RunId(id), started_at: at(day * 86_400_000), streams, state, ..report(&[]).run }
    }

    #[test]
    fn the_last_three_complete_runs_of_each_stream_are_read_and_none_from_another_quarter() {
        use RunState::{Complete, Interrupted};
        let runs = vec![
            run(9, 200, &["news"], Interrupted),
            run(8, 193, &["news"], Complete),
            run(7, 186, &["news", "plain"], Complete),
            run(6, 179, &["news"], Complete),
            run(5, 172, &["news"], Complete),
            run(4, 165, &["plain"], Complete),
            run(3, 10, &["plain"], Complete),
        ];
        let (chosen, asked) = recent(runs);
        assert_eq!(chosen.iter().map(|run| run.id.0).collect::<Vec<_>>(), [8, 7, 6, 4]);
        let of = |name: &str| asked[&StreamName::new(name).unwrap()].iter().map(|id| id.0).collect::<Vec<_>>();
        assert_eq!((of("news"), of("plain")), (vec![8, 7, 6], vec![7, 4]));
        assert_eq!(recent(Vec::new()).0, []);
    }

    #[test]
    fn the_domain_of_a_sender_is_what_stands_behind_the_last_at() {
        for (from, domain) in [
            ("News <a@Shop.example>", "shop.example"),
            ("a@b.example", "b.example"),
            ("\"x@y\" <a@z.example>", "z.example"),
        ] {
            assert_eq!(domain_of(from), domain);
        }
    }
}
