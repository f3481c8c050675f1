//! `import` and `export`: results in and out, without loss.

use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::Path;

use anyhow::anyhow;

use super::judgement::{judge_runs, open_to_read};
use super::tallies::count_imported;
use super::{Context, Failure, Outcome};
use crate::cli::ImportArgs;
use crate::config::Config;
use crate::domain::provider::ProviderName;
use crate::domain::run::{Run, RunId};
use crate::domain::told::{ToldRow, ToldRun};
use crate::edge::store::{Added, Lock, NotAdded, Store};
use crate::render::exchange::{Results, Wrong, csv_of, json_of, rows_of};
use crate::render::json::document;
use crate::render::words::counted;

/// Most faults of a file that are told one by one.
const MOST_TOLD: usize = 20;

/// Adds the results of a file: all of them, or none where anything is wrong with one.
pub(crate) async fn import(context: &Context, args: &ImportArgs) -> Result<Outcome, Failure> {
    let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
    let provider = |name: &str| preset(&config, name);
    let wrong = |wrong: Wrong| refused(&args.file, &wrong);
    let mut results = Results::open(opened(&args.file)?, &provider).map_err(wrong)?;
    if !results.unknown.is_empty() {
        context.note(&format!("columns left unread, as nothing here knows them: {}", results.unknown.join(", ")));
    }
    let now = context.clock.now();
    let outlines = results.outlines(&|row| row.still_to_come(now)).map_err(wrong)?;
    if outlines.is_empty() {
        return Err(Failure::bad_input(anyhow!("{}: holds no results", args.file.display())));
    }
    let (gathered, contradictions) = outlines.gather();
    if !contradictions.is_empty() {
        return Err(wrong(contradictions));
    }
    let runs = gathered.runs.iter().map(|run| {
        let rows = results.rows(gathered.rows(run))?;
        Ok(ToldRun { id: run.id, label: run.label.clone(), simulated: run.simulated, rows })
    });
    // One transaction that may take a while: no run is to wait for it with an answer in its hands.
    let _lock = Failure::locked(Lock::try_take(&config.database, None))?;
    let store = Store::open(&config.database).await.map_err(Failure::bad_input)?;
    let added = store.add_told(runs).await.map_err(|fault| match fault {
        NotAdded::Store(fault) => Failure::internal(fault),
        NotAdded::Wrong(rows) => wrong(rows),
    })?;
    // So that the first report is as quick as the next.
    count_imported(&store, &config).await;
    if context.json {
        let ids: Vec<i64> = added.runs.iter().map(|run| run.0).collect();
        let value = serde_json::json!({
            "runs": ids, "added": added.probes, "known": added.known + gathered.repeated, "different": added.different
        });
        return Ok(Outcome::ok(document(&value).map_err(Failure::internal)?));
    }
    Ok(Outcome::ok(told(&added, gathered.repeated)))
}

fn told(added: &Added, repeated: usize) -> String {
    let span = match (added.runs.iter().min(), added.runs.iter().max()) {
        (Some(first), Some(last)) if first == last => format!(" ({})", first.0),
        (Some(first), Some(last)) => format!(" ({} to {})", first.0, last.0),
        (None, _) | (_, None) => String::new(),
    };
    let new = format!("added: {} in {}{span}", counted(added.probes, "probe"), counted(added.runs.len(), "new run"));
    let known = counted(added.known, "probe");
    let known = match (added.known, added.different) {
        (0, _) => String::new(),
        (_, 0) => format!("; {known} known before and left as stored"),
        (_, different) => {
            format!("; {known} known before and left as stored, {different} of them told differently now")
        }
    };
    let repeated = match repeated {
        0 => String::new(),
        repeated => format!("; {} of the file only repeated", counted(repeated, "row")),
    };
    format!("{new}{known}{repeated}\n")
}

/// A file that can be read twice; what is no file, such as a pipe, is read into memory.
fn opened(file: &Path) -> Result<Box<dyn ReadSeek>, Failure> {
    let fault = |error: std::io::Error| Failure::bad_input(anyhow!("read {}: {error}", file.display()));
    let mut opened = File::open(file).map_err(fault)?;
    if opened.metadata().map_err(fault)?.is_file() {
        return Ok(Box::new(opened));
    }
    let mut octets = Vec::new();
    opened.read_to_end(&mut octets).map_err(fault)?;
    Ok(Box::new(Cursor::new(octets)))
}

/// What can be read twice.
trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// The preset that a file means: by its name or by what tables call it; any other name of that shape stands for itself.
fn preset(config: &Config, name: &str) -> Option<ProviderName> {
    let name = name.trim();
    let titled = config.providers.values().find(|provider| provider.title.eq_ignore_ascii_case(name));
    titled.map(|provider| provider.name.clone()).or_else(|| ProviderName::new(&name.to_ascii_lowercase()))
}

/// What is wrong with a file, each fault on a line of its own.
fn refused(file: &Path, wrong: &Wrong) -> Failure {
    let one = |(line, what): &(usize, String)| format!("{}, line {line}: {what}", file.display());
    let mut told: Vec<String> = wrong.iter().take(MOST_TOLD).map(one).collect();
    if wrong.len() > MOST_TOLD {
        told.push(format!("and {} more", wrong.len() - MOST_TOLD));
    }
    told.push("nothing was imported".to_owned());
    Failure::bad_input(anyhow!(told.join("\n")))
}

/// Prints every result that is stored, the oldest run first.
pub(crate) async fn export(context: &Context) -> Result<Outcome, Failure> {
    let (config, store) = open_to_read(context).await?;
    let mut runs = store.runs(u32::MAX, store.holder_run()).await.map_err(Failure::internal)?;
    runs.sort_by_key(|run| run.id);
    let mut rows: Vec<ToldRow> = Vec::new();
    let (imported, ours): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(|run| run.imported);
    for report in judge_runs(&store, &config, ours, context.clock.now()).await.map_err(Failure::internal)? {
        rows.extend(rows_of(&report));
    }
    let ids: Vec<RunId> = imported.iter().map(|run| run.id).collect();
    let mut told = store.told(&ids).await.map_err(Failure::internal)?;
    for run in imported {
        let probes = told.remove(&run.id).unwrap_or_default();
        let row = |(line, (_, told))| ToldRow {
            line,
            run: Some(run.id),
            label: run.label.clone(),
            simulated: run.simulated,
            told,
        };
        rows.extend((1..).zip(probes).map(row));
    }
    rows.sort_by_key(|row| row.run);
    let text = if context.json {
        json_of(&rows).map_err(Failure::internal)?
    } else {
        csv_of(&rows).map_err(Failure::internal)?
    };
    Ok(Outcome::ok(text))
}
