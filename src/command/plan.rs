//! `plan`: how many seeds and runs it takes to see a drop, and what today's seeds can show at all.

use std::collections::BTreeMap;

use anyhow::anyhow;

use super::judgement::shown;
use super::placements::Placements;
use super::preparation::{no_seed_words, prepare_streams};
use super::{Context, Failure, Outcome};
use crate::cli::PlanArgs;
use crate::config::Config;
use crate::domain::monitor::weeks_to_alarm_at;
use crate::domain::plan::{Design, RUNS_FOR_TAU, USUAL_ICC, USUAL_TAU};
use crate::domain::run::{Run, RunId, RunState};
use crate::domain::sample::{Sample, samples};
use crate::domain::shift::{Side, swing_variance};
use crate::domain::stream::StreamName;
use crate::edge::store::{Store, StoreFault};
use crate::render::forecast::{Forecast, ProviderForecast, forecast_document};
use crate::render::report::ShownProvider;
use crate::render::table::forecast_table;

/// Runs of history that are believed to tell of today: half a year of weekly ones.
const HISTORY: usize = 26;

/// What a rate is taken for where no run measured it.
const USUAL_RATE: f64 = 0.9;

/// Runs on each side that are shown.
const RUNS: [usize; 2] = [4, 8];

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &PlanArgs) -> Result<Outcome, Failure> {
    let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
    let mut seeds: BTreeMap<&str, usize> = BTreeMap::new();
    for configured in &config.seeds {
        *seeds.entry(configured.seed.provider.as_str()).or_default() += 1;
    }
    if seeds.is_empty() {
        return Err(Failure::bad_input(anyhow!("{}: {}", config.file.display(), no_seed_words(&config))));
    }
    // Without a database there is no history, which is no fault here.
    let history = match Store::open_existing(&config.database).await {
        Ok(store) => history(context, &config, &store, args.stream.as_ref()).await?,
        Err(StoreFault::Absent { .. }) => {
            History { stream: args.stream.clone(), runs: 0, simulated: false, samples: Vec::new(), sides: Vec::new() }
        }
        Err(fault) => return Err(Failure::bad_input(fault)),
    };
    if let Some(stream) = &args.stream
        && history.runs == 0
    {
        // One without runs must at least be configured.
        prepare_streams(&config, std::slice::from_ref(stream))?;
    }
    let mut providers: Vec<ProviderForecast> = Vec::new();
    for shown in shown(&config) {
        let Some(seeds) = seeds.get(shown.name.as_str()) else { continue };
        let design = history.design(&config, shown.name.as_str(), *seeds);
        let alarm = weeks_to_alarm_at(design.design.rate - args.drop / 100.0, *seeds, config.thresholds);
        let forecast = forecast(shown, &design, args.drop / 100.0, args.power);
        providers.push(ProviderForecast { alarm, ..forecast });
    }
    let forecast = Forecast {
        stream: history.stream,
        runs: history.runs,
        simulated: history.simulated,
        drop: args.drop / 100.0,
        power: args.power,
        providers,
    };
    let text = if context.json {
        forecast_document(&forecast).map_err(Failure::internal)?
    } else {
        forecast_table(&forecast, context.screen)
    };
    Ok(Outcome::ok(text))
}

/// A design with where its figures come from.
struct Known {
    design: Design,
    has_rate: bool,
    has_tau: bool,
}

/// What earlier runs tell of one stream.
struct History {
    stream: Option<StreamName>,
    runs: usize,
    simulated: bool,
    samples: Vec<Sample>,
    sides: Vec<Side>,
}

impl History {
    fn design(&self, config: &Config, provider: &str, seeds: usize) -> Known {
        let sample = self.samples.iter().find(|sample| sample.provider == provider);
        let rate = sample.and_then(|sample| sample.after.all.rate.or(sample.before.all.rate));
        let tau = sample.and_then(|sample| swing_variance(&sample.answers, &self.sides, RUNS_FOR_TAU)).map(f64::sqrt);
        let design = Design {
            seeds,
            messages: 1,
            runs_before: 4,
            runs_after: 4,
            rate: rate.unwrap_or(USUAL_RATE),
            icc: USUAL_ICC,
            tau: tau.unwrap_or(USUAL_TAU),
            alpha: 1.0 - config.judge.confidence,
        };
        Known { design, has_rate: rate.is_some(), has_tau: tau.is_some() }
    }
}

/// The last complete runs of a stream, the older half before and the newer after, so that a drift is no swing.
async fn history(
    context: &Context,
    config: &Config,
    store: &Store,
    named: Option<&StreamName>,
) -> Result<History, Failure> {
    let mut runs = store.runs(u32::MAX, store.holder_run()).await.map_err(Failure::internal)?;
    runs.retain(|run| run.state == RunState::Complete);
    let stream = named.cloned().or_else(|| runs.first().and_then(|run| run.streams.first().cloned()));
    let Some(stream) = stream else {
        return Ok(History { stream: None, runs: 0, simulated: false, samples: Vec::new(), sides: Vec::new() });
    };
    runs.retain(|run| run.streams.contains(&stream));
    runs.truncate(HISTORY);
    runs.reverse();
    let half = runs.len() / 2;
    let side = |at: usize| if at < half { Side::Before } else { Side::After };
    let places: Vec<(RunId, Side)> = runs.iter().enumerate().map(|(at, run)| (run.id, side(at))).collect();
    let sides = places.iter().map(|(_, side)| *side).collect();
    let meant: Vec<&Run> = runs.iter().collect();
    let placements = Placements::read(store, config, &meant, &stream, context.clock.now());
    let placements = placements.await.map_err(Failure::internal)?;
    let rules = config.judge.rules;
    let samples = samples(placements.probes(), &places, rules, config.judge.confidence, &|_| 0);
    let simulated = runs.iter().any(|run| run.simulated);
    Ok(History { stream: Some(stream), runs: places.len(), simulated, samples, sides })
}

fn forecast(shown: ShownProvider, known: &Known, drop: f64, power: f64) -> ProviderForecast {
    let with = |runs: usize| Design { runs_before: runs, runs_after: runs, ..known.design };
    ProviderForecast {
        name: shown.name,
        title: shown.title,
        design: known.design,
        rate_is_known: known.has_rate,
        tau_is_known: known.has_tau,
        power: known.design.power(drop),
        smallest: RUNS.map(|runs| (runs, with(runs).smallest_drop(power))),
        seeds_needed: RUNS.map(|runs| (runs, with(runs).seeds_needed(drop, power))),
        runs_needed: known.design.runs_needed(drop, power),
        alarm: None,
        floor: known.design.floor_of_runs(),
    }
}
