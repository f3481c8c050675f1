//! `report`: what happened to each stream, as pictures, as one page, as CSV and JSON, or as text on a terminal.
//!
//! The same data gives the same bytes: nothing in a file depends on when it was made.

mod gathering;
mod writing;

use anyhow::anyhow;
use jiff::Timestamp;

use self::gathering::{MOST, gather};
use self::writing::{make, write_whole};
use super::diagnose::over;
use super::judgement::open_to_read;
use super::{Context, Failure, Outcome};
use crate::cli::ReportArgs;
use crate::config::Config;
use crate::domain::diagnosis::Diagnoses;
use crate::edge::store::Store;
use crate::render::chart::Form;
use crate::render::chart::before_after::before_after_scene;
use crate::render::chart::latency::latency_scene;
use crate::render::chart::seeds::seeds_scene;
use crate::render::chart::trend::trend_scene;
use crate::render::font::Fonts;
use crate::render::json::document;
use crate::render::language::Language;
use crate::render::page::{StreamFigures, page};
use crate::render::png::png;
use crate::render::scene::Scene;
use crate::render::series::{series_csv, series_document};
use crate::render::table::trend_table;
use crate::render::theme::Theme;

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &ReportArgs) -> Result<Outcome, Failure> {
    let (config, store) = open_to_read(&context.config_path).await?;
    let now = context.clock.now();
    let streams = gather(&store, &config, args, now).await?;
    if streams.is_empty() {
        return Err(Failure::bad_input(anyhow!(
            "there is no run of that stream and time to report; see `inboxed runs`"
        )));
    }
    let diagnoses = diagnosed(&store, &config, &streams, now).await?;
    if args.show {
        let text = if context.json {
            series_document(&streams, &diagnoses).map_err(Failure::internal)?
        } else {
            let shown = streams.iter().map(|one| trend_table(&one.trend, args.lang, context.screen));
            shown.collect::<Vec<_>>().join("\n")
        };
        return Ok(Outcome::ok(text));
    }
    let out = args.out.clone().unwrap_or_else(|| config.reports.clone());
    make(&out)?;
    let fonts = Fonts::new().map_err(Failure::internal)?;
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("report.csv".to_owned(), series_csv(&streams).map_err(Failure::internal)?),
        (
            "report.html".to_owned(),
            page(&streams, &diagnoses, args.lang, &fonts).map_err(Failure::internal)?.into_bytes(),
        ),
        ("report.json".to_owned(), series_document(&streams, &diagnoses).map_err(Failure::internal)?.into_bytes()),
    ];
    for one in &streams {
        for (name, scene) in posters(one, args.lang, &fonts) {
            for theme in Theme::ALL {
                // No stream's name holds an @, so that no stream's picture is another's dark one.
                let ending = if theme == Theme::Dark { "@dark" } else { "" };
                let name = format!("{name}-{}{ending}.png", one.stream);
                files.push((name, png(&scene, theme, &fonts).map_err(Failure::internal)?));
            }
        }
    }
    files.sort();
    let mut written = Vec::new();
    for (name, bytes) in files {
        let path = out.join(name);
        write_whole(&path, &bytes)?;
        written.push(path.display().to_string());
    }
    if context.json {
        let document = document(&serde_json::json!({ "written": written })).map_err(Failure::internal)?;
        return Ok(Outcome::ok(document));
    }
    Ok(Outcome::ok(written.join("\n") + "\n"))
}

/// What the last runs in the time of the report allow to say of its streams.
async fn diagnosed(
    store: &Store,
    config: &Config,
    streams: &[StreamFigures],
    now: Timestamp,
) -> Result<Diagnoses, Failure> {
    let times = || streams.iter().flat_map(|one| &one.rows).map(|row| row.at);
    let (first, last) = (times().min(), times().max());
    let mut runs = store.runs(MOST, store.holder_run()).await.map_err(Failure::internal)?;
    runs.retain(|run| Some(run.started_at) >= first && Some(run.started_at) <= last);
    let mut found = over(store, config, runs, &[], now).await.map_err(Failure::internal)?;
    // Other streams are read, as they may hold the control or be well where these are not, but nothing is said of them.
    found.found.retain(|one| one.stream().is_none_or(|name| streams.iter().any(|shown| shown.stream.as_str() == name)));
    Ok(found)
}

/// The pictures of one stream, each with the beginning of its name.
fn posters(figures: &StreamFigures, language: Language, fonts: &Fonts) -> Vec<(&'static str, Scene)> {
    let form = Form::Poster;
    let mut posters = Vec::new();
    if let Some(pair) = &figures.before_after {
        posters.push(("before-after", before_after_scene(pair, form, language, fonts)));
    }
    posters.push(("latency", latency_scene(&figures.latency, form, language, fonts)));
    posters.push(("seeds", seeds_scene(&figures.grid, form, language, fonts)));
    posters.push(("trend", trend_scene(&figures.trend, form, language, fonts)));
    posters
}
