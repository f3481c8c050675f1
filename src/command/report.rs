//! `report`: the placement trend of each stream as a PNG.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::judgement::{judge_runs, open_to_read};
use super::{Context, Failure, Outcome};
use crate::cli::ReportArgs;
use crate::domain::stream::StreamName;
use crate::render::figure::{Figure, TrendRow, TrendSettings};
use crate::render::json::document;
use crate::render::png::trend_png;
use crate::render::report::RunReport;

/// Most runs in one chart: two a week for two years.
const MOST: u32 = 200;

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &ReportArgs) -> Result<Outcome, Failure> {
    let (config, store) = open_to_read(&context.config_path).await?;
    let now = context.clock.now();
    let since = args.since.and_then(|span| now.checked_sub(span).ok());
    let mut runs = store.runs(MOST, store.holder_run()).await.map_err(Failure::internal)?;
    runs.retain(|run| since.is_none_or(|since| run.started_at >= since));
    let reports = judge_runs(&store, &config, runs, now).await.map_err(Failure::internal)?;
    let mut streams: Vec<StreamName> = reports.iter().flat_map(|report| report.run.streams.clone()).collect();
    streams.sort();
    streams.dedup();
    streams.retain(|stream| args.stream.as_ref().is_none_or(|wanted| wanted == stream));
    if streams.is_empty() {
        return Err(Failure::bad_input(anyhow!(
            "there is no run of that stream and time to report; see `inboxed runs`"
        )));
    }
    let out = args.out.clone().unwrap_or_else(|| config.reports.clone());
    std::fs::create_dir_all(&out).with_context(|| format!("make {}", out.display())).map_err(Failure::bad_input)?;
    let mut written = Vec::new();
    for stream in &streams {
        let path = out.join(format!("trend-{stream}.png"));
        write_whole(&path, &trend(&reports, stream)?)?;
        written.push(path);
    }
    Ok(Outcome::ok(told(context, &written)?))
}

fn trend(reports: &[RunReport], stream: &StreamName) -> Result<Vec<u8>, Failure> {
    let Some(newest) = reports.first() else { return Err(Failure::internal(anyhow!("draw a trend of no runs"))) };
    let rows: Vec<TrendRow> = reports.iter().rev().flat_map(|report| TrendRow::of(report, Some(stream))).collect();
    let settings = TrendSettings {
        providers: &newest.providers,
        stream: Some(stream),
        rules: newest.rules,
        thresholds: newest.thresholds,
        confidence: newest.confidence,
    };
    trend_png(&Figure::placement(&rows, &[], &settings)).map_err(Failure::internal)
}

/// Old or new, never half: a file beside the target takes its name once it is on the disk.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let write = || -> anyhow::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("write {}", path.display())).map_err(Failure::bad_input)
}

fn told(context: &Context, written: &[PathBuf]) -> Result<String, Failure> {
    let names: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    if context.json {
        return document(&serde_json::json!({ "written": names })).map_err(Failure::internal);
    }
    Ok(names.join("\n") + "\n")
}
