//! `diagnose`: where the trouble lies, over the last runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::history::{History, titles};
use super::judgement::open_to_read;
use super::scheduled::almanac;
use super::{Context, Failure, Outcome};
use crate::config::Config;
use crate::domain::diagnosis::{Cause, Cell, Diagnosis, diagnose};
use crate::domain::finding::Placement;
use crate::domain::interval::{count, wilson};
use crate::domain::tally::{Counted, Tally};
use crate::edge::store::{Store, StreamFacts};
use crate::render::json::document;
use crate::render::plain::plain;
use crate::render::report::{Judged, RunReport};

/// Most runs that are read: what was true a quarter ago is no evidence.
const RUNS: usize = 3;

/// Runs the verb.
pub(crate) async fn execute(context: &Context) -> Result<Outcome, Failure> {
    let (config, store) = open_to_read(&context.config_path).await?;
    let zone = almanac(&config)?.zone().clone();
    let history = History::read(&store, &config, zone, context.clock.now()).await.map_err(Failure::internal)?;
    let last: Vec<&RunReport> = history.reports.iter().rev().take(RUNS).collect();
    let (cells, runs) = matrix(&store, &last).await?;
    let found = diagnose(&cells, runs, config.thresholds);
    let stdout = if context.json {
        document(&as_json(&config, &cells, &found, runs)).map_err(Failure::internal)?
    } else {
        as_text(&config, &cells, &found, runs)
    };
    Ok(Outcome::ok(stdout))
}

/// What one run alone allows to say, for the end of its table; empty where nothing is low.
pub(crate) async fn of_run(store: &Store, config: &Config, report: &RunReport) -> Result<String, Failure> {
    let (cells, runs) = matrix(store, &[report]).await?;
    let mut found = diagnose(&cells, runs, config.thresholds);
    // That too little was measured the table says itself.
    found.retain(|one| one.cause != Cause::Unknown);
    let mut text = String::new();
    push_diagnoses(&mut text, &found);
    Ok(text)
}

/// Streams × providers over these runs, the newest first, each with what its stream is sent by.
async fn matrix(store: &Store, last: &[&RunReport]) -> Result<(Vec<Cell>, usize), Failure> {
    let Some(newest) = last.first() else { return Ok((Vec::new(), 0)) };
    let titles = titles(newest);
    let facts = store.streams(newest.run.id).await.map_err(Failure::internal)?;
    let mut cells = Vec::new();
    for fact in &facts {
        let mut providers: BTreeMap<&str, Vec<(i64, &Judged)>> = BTreeMap::new();
        for report in last {
            for judged in report.probes.iter().filter(|judged| judged.probe.stream == fact.name) {
                providers.entry(judged.probe.provider.as_str()).or_default().push((report.run.id.0, judged));
            }
        }
        for (provider, judged) in providers {
            let title = titles.iter().find(|(name, _)| name.as_str() == provider).map(|(_, title)| title.clone());
            cells.push(cell(newest, fact, provider, title.unwrap_or_else(|| provider.to_owned()), &judged));
        }
    }
    Ok((cells, last.len()))
}

fn cell(newest: &RunReport, fact: &StreamFacts, provider: &str, title: String, judged: &[(i64, &Judged)]) -> Cell {
    let counted = judged.iter().map(|(run, judged)| Counted {
        seed: judged.probe.seed.as_str(),
        run: *run,
        finding: &judged.finding,
    });
    let tally = Tally::of(counted, newest.rules, newest.confidence);
    let missing = count(tally.count(Placement::Missing));
    Cell {
        stream: fact.name.to_string(),
        control: fact.control,
        identity: fact.from.trim_end_matches('>').rsplit('@').next().unwrap_or_default().to_lowercase(),
        configuration_set: fact.configuration_set.clone(),
        region: fact.region.clone(),
        provider: provider.to_owned(),
        title,
        measured: tally.measured(),
        rate: tally.rate,
        interval: tally.interval,
        missing_low: wilson(missing, count(tally.measured()), newest.confidence).lo,
    }
}

fn as_json(config: &Config, cells: &[Cell], found: &[Diagnosis], runs: usize) -> Value {
    let matrix: Vec<Value> = cells
        .iter()
        .map(|cell| {
            json!({
                "stream": cell.stream, "provider": cell.provider, "region": cell.region, "identity": cell.identity,
                "configuration_set": cell.configuration_set, "control": cell.control, "n": cell.measured,
                "rate": cell.rate, "interval": [cell.interval.lo, cell.interval.hi],
                "standing": cell.standing(config.thresholds).word(),
            })
        })
        .collect();
    let diagnoses: Vec<Value> = found
        .iter()
        .map(|one| {
            json!({
                "cause": one.cause.word(), "says": one.says, "evidence": one.evidence, "doubt": one.doubt, "next": one.next,
            })
        })
        .collect();
    json!({ "runs": runs, "matrix": matrix, "diagnoses": diagnoses })
}

fn as_text(config: &Config, cells: &[Cell], found: &[Diagnosis], runs: usize) -> String {
    let mut text = String::new();
    for cell in cells {
        let rate = cell.rate.map_or("–".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
        let region = cell.region.as_ref().map_or(String::new(), |region| format!("  {region}"));
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:<9}  {:<20}  {:<16}  {rate:>5} of {}{region}",
            cell.standing(config.thresholds).word(),
            plain(&cell.stream, 40),
            plain(&cell.title, 40),
            cell.measured
        );
    }
    if found.is_empty() {
        let nothing = if runs == 0 { "no complete run yet" } else { "nothing is surely low" };
        let _ = writeln!(text, "\n{nothing}");
    }
    push_diagnoses(&mut text, found);
    text
}

fn push_diagnoses(text: &mut String, found: &[Diagnosis]) {
    for one in found {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n{}: {}", one.cause.word(), plain(&one.says, 300));
        for line in &one.evidence {
            let _ = writeln!(text, "  evidence: {}", plain(line, 300));
        }
        let _ = writeln!(text, "  doubt: {}\n  next: {}", plain(&one.doubt, 300), one.next);
    }
}
