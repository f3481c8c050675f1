//! A forecast: what a comparison of so many seeds and runs will be able to see, as JSON and in words.

use serde::Serialize;

use super::json::document;
use crate::domain::plan::{Design, Power};
use crate::domain::provider::ProviderName;
use crate::domain::stream::StreamName;

/// What `plan` tells.
#[derive(Debug)]
pub(crate) struct Forecast {
    /// The stream whose history was read; `None`: there is none.
    pub(crate) stream: Option<StreamName>,
    /// Runs of that history.
    pub(crate) runs: usize,
    /// Whether the lab answered one of them instead of real providers.
    pub(crate) simulated: bool,
    /// The drop that is to be seen.
    pub(crate) drop: f64,
    /// The chance of seeing it that is wished for.
    pub(crate) power: f64,
    /// By provider.
    pub(crate) providers: Vec<ProviderForecast>,
}

/// What is to be expected at one provider.
#[derive(Debug)]
pub(crate) struct ProviderForecast {
    /// The preset's name.
    pub(crate) name: ProviderName,
    /// What people call it.
    pub(crate) title: String,
    /// Today's seeds, with four runs on each side.
    pub(crate) design: Design,
    /// Whether the rate was measured, or is a usual one.
    pub(crate) rate_is_known: bool,
    /// Whether the swing of weeks was measured, or is a usual one.
    pub(crate) tau_is_known: bool,
    /// The chance of seeing the drop with that design.
    pub(crate) power: Power,
    /// The smallest drop that is seen with so many runs on each side; `None`: not even the largest.
    pub(crate) smallest: [(usize, Option<f64>); 2],
    /// Seeds that it takes with so many runs on each side; `None`: no number of them is enough.
    pub(crate) seeds_needed: [(usize, Option<usize>); 2],
    /// Runs on each side that it takes with today's seeds; `None`: not even a year of them is enough.
    pub(crate) runs_needed: Option<usize>,
    /// Weekly runs until the alarm tells of the drop; `None`: it never will.
    pub(crate) alarm: Option<u64>,
    /// The error of the runs that no number of seeds takes away, with four runs on each side.
    pub(crate) floor: f64,
}

#[derive(Serialize)]
struct ForecastDocument<'a> {
    stream: Option<&'a str>,
    runs: usize,
    simulated: bool,
    drop: f64,
    power: f64,
    providers: Vec<ProviderObject<'a>>,
}

#[derive(Serialize)]
struct ProviderObject<'a> {
    provider: &'a str,
    seeds: usize,
    rate: f64,
    rate_measured: bool,
    tau: f64,
    tau_measured: bool,
    icc: f64,
    alpha: f64,
    power: f64,
    power_run: Option<f64>,
    power_seed: f64,
    se_run: f64,
    se_seed: f64,
    smallest_drop: Vec<SmallestObject>,
    seeds_needed: Vec<SeedsObject>,
    runs_needed: Option<usize>,
    weeks_to_alarm: Option<u64>,
    se_run_floor: f64,
}

#[derive(Serialize)]
struct SmallestObject {
    runs: usize,
    drop: Option<f64>,
}

#[derive(Serialize)]
struct SeedsObject {
    runs: usize,
    seeds: Option<usize>,
}

/// The forecast as a document. `runs` is the number on each side.
pub(crate) fn forecast_document(forecast: &Forecast) -> serde_json::Result<String> {
    document(&ForecastDocument {
        stream: forecast.stream.as_ref().map(StreamName::as_str),
        runs: forecast.runs,
        simulated: forecast.simulated,
        drop: forecast.drop,
        power: forecast.power,
        providers: forecast.providers.iter().map(provider_object).collect(),
    })
}

fn provider_object(one: &ProviderForecast) -> ProviderObject<'_> {
    ProviderObject {
        provider: one.name.as_str(),
        seeds: one.design.seeds,
        rate: one.design.rate,
        rate_measured: one.rate_is_known,
        tau: one.design.tau,
        tau_measured: one.tau_is_known,
        icc: one.design.icc,
        alpha: one.design.alpha,
        power: one.power.both,
        power_run: one.power.of_runs,
        power_seed: one.power.of_seeds,
        se_run: one.power.se_run,
        se_seed: one.power.se_seed,
        smallest_drop: one.smallest.iter().map(|(runs, drop)| SmallestObject { runs: *runs, drop: *drop }).collect(),
        seeds_needed: one.seeds_needed.iter().map(|(runs, seeds)| SeedsObject { runs: *runs, seeds: *seeds }).collect(),
        runs_needed: one.runs_needed,
        weeks_to_alarm: one.alarm,
        se_run_floor: one.floor,
    }
}
