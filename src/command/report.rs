//! `report`: what happened to each stream, as pictures, as one page, as CSV and JSON, or as text on a terminal.
//!
//! The same data gives the same bytes: nothing in a file depends on when it was made.

mod gathering;
mod writing;

use anyhow::anyhow;
use clap::ValueEnum as _;

use self::gathering::{Gathered, Material, gather};
use self::writing::{make, remove_own, write_whole};
use super::judgement::open_to_read;
use super::{Context, Failure, Outcome};
use crate::cli::{Part, ReportArgs};
use crate::render::chart::Form;
use crate::render::chart::before_after::before_after_scene;
use crate::render::chart::latency::latency_scene;
use crate::render::chart::seeds::seeds_scene;
use crate::render::chart::trend::trend_scene;
use crate::render::font::Fonts;
use crate::render::json::document;
use crate::render::language::Language;
use crate::render::page::{StreamFigures, StreamPage, page};
use crate::render::png::png;
use crate::render::scene::Scene;
use crate::render::series::{series_csv, series_document};
use crate::render::table::trend_table;
use crate::render::theme::Theme;

/// What is to be made.
struct Wanted(Vec<Part>);

impl Wanted {
    fn of(context: &Context, args: &ReportArgs) -> Self {
        if args.show {
            return Self(if context.json { vec![Part::Json] } else { Vec::new() });
        }
        Self(if args.only.is_empty() { Part::value_variants().to_vec() } else { args.only.clone() })
    }

    fn has(&self, part: Part) -> bool {
        self.0.contains(&part)
    }
}

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &ReportArgs) -> Result<Outcome, Failure> {
    let (config, store) = open_to_read(context).await?;
    let wanted = Wanted::of(context, args);
    let Material { streams, diagnoses } = gather(&store, &config, args, &wanted, context.clock.now()).await?;
    if streams.is_empty() {
        return Err(Failure::bad_input(anyhow!(
            "there is no run of that stream and time to report; see `inboxed runs`"
        )));
    }
    let figures: Vec<&StreamFigures> = streams.iter().map(|one| &one.figures).collect();
    if args.show {
        let text = if context.json {
            series_document(&figures, &diagnoses).map_err(Failure::internal)?
        } else {
            let shown = figures.iter().map(|one| trend_table(&one.trend, args.lang, context.screen));
            shown.collect::<Vec<_>>().join("\n")
        };
        return Ok(Outcome::ok(text));
    }
    if args.only.contains(&Part::BeforeAfter) {
        for one in figures.iter().filter(|one| one.before_after.is_none()) {
            let why = one.uncompared.unwrap_or(args.lang.words().dns_unchanged);
            context.note(&format!("no picture of before and after for {}: {why}", one.stream));
        }
    }
    let out = args.out.clone().unwrap_or_else(|| config.reports.clone());
    make(&out)?;
    let fonts = Fonts::new().map_err(Failure::internal)?;
    let mut stale: Vec<String> = Vec::new();
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    if wanted.has(Part::Csv) {
        files.push(("report.csv".to_owned(), series_csv(&figures).map_err(Failure::internal)?));
    }
    if wanted.has(Part::Html) {
        let pages: Vec<StreamPage<'_>> = streams.iter().filter_map(Gathered::page).collect();
        let text = page(&pages, &diagnoses, args.lang, &fonts).map_err(Failure::internal)?;
        files.push(("report.html".to_owned(), text.into_bytes()));
    }
    if wanted.has(Part::Json) {
        let text = series_document(&figures, &diagnoses).map_err(Failure::internal)?;
        files.push(("report.json".to_owned(), text.into_bytes()));
    }
    for one in &streams {
        if one.figures.before_after.is_none() && wanted.has(Part::BeforeAfter) {
            stale.extend(Theme::ALL.map(|theme| picture("before-after", one, theme)));
        }
        for (name, scene) in posters(one, &wanted, args.lang, &fonts) {
            for theme in Theme::ALL {
                files.push((picture(name, one, theme), png(&scene, theme, &fonts).map_err(Failure::internal)?));
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
    for name in stale {
        if remove_own(&out.join(&name))? {
            let name = out.join(name);
            context.note(&format!("removed {}: this report compares nothing there", name.display()));
        }
    }
    if context.json {
        let document = document(&serde_json::json!({ "written": written })).map_err(Failure::internal)?;
        return Ok(Outcome::ok(document));
    }
    written.push(String::new());
    Ok(Outcome::ok(written.join("\n")))
}

/// The name of a picture. No stream's name holds an @, so that no stream's picture is another's dark one.
fn picture(beginning: &str, gathered: &Gathered, theme: Theme) -> String {
    let ending = if theme == Theme::Dark { "@dark" } else { "" };
    format!("{beginning}-{}{ending}.png", gathered.figures.stream)
}

/// The pictures of one stream that are asked for, each with the beginning of its name.
fn posters(gathered: &Gathered, wanted: &Wanted, language: Language, fonts: &Fonts) -> Vec<(&'static str, Scene)> {
    let (form, figures) = (Form::Poster, &gathered.figures);
    let mut posters = Vec::new();
    if let Some(pair) = figures.before_after.as_ref().filter(|_| wanted.has(Part::BeforeAfter)) {
        posters.push(("before-after", before_after_scene(pair, form, language, fonts)));
    }
    if wanted.has(Part::Latency) {
        posters.push(("latency", latency_scene(&figures.latency, form, language, fonts)));
    }
    if let Some(grid) = gathered.grid.as_ref().filter(|_| wanted.has(Part::Seeds)) {
        posters.push(("seeds", seeds_scene(grid, form, language, fonts)));
    }
    if wanted.has(Part::Trend) {
        posters.push(("trend", trend_scene(&figures.trend, form, language, fonts)));
    }
    posters
}
