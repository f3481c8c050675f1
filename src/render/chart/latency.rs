//! Latency as a chart: one panel for each provider, the median as a line, up to the slowest probe of each run.

use std::time::Duration;

use super::{
    Form, Frame, Key, SMALL, USUAL, crossed, dates, description, draw_flags, flags, footer, headline, lanes, last_run,
    legend, provider_name, scene,
};
use crate::domain::finding::Placement;
use crate::render::figure::latency::{LatencyFigure, LatencyPanel};
use crate::render::font::Fonts;
use crate::render::language::Language;
use crate::render::scene::{Anchor, Area, Ink, Scene, Sheet};
use crate::render::theme::Paint;

/// What lines and ranges are drawn with.
const LINE: Paint = Paint::Placed(Placement::Inbox);

/// Lays out a latency chart.
pub(crate) fn latency_scene(figure: &LatencyFigure, form: Form, language: Language, fonts: &Fonts) -> Scene {
    let frame = Frame::new(form);
    let words = language.words();
    let mut sheet = Sheet::new(fonts);
    let below = headline(&mut sheet, &frame, &figure.title, &figure.subtitle, figure.simulated, language);
    let keys = [
        (Key::Filled(LINE), words.latency_median.to_owned()),
        (Key::Faint(LINE, super::PALE), words.latency_slowest.to_owned()),
    ];
    let below = legend(&mut sheet, &frame, &keys, below);
    let flags = flags(fonts, &frame, &figure.marks, figure.slots.len());
    let start = below + lanes(&flags);
    let tops: Vec<f64> = (0..figure.panels.len()).map(|at| frame.top(start, at)).collect();
    for (panel, top) in figure.panels.iter().zip(&tops) {
        draw_panel(&mut sheet, &frame, figure, panel, *top, language);
    }
    let bottom = tops.last().copied().unwrap_or(start) + frame.tall;
    dates(&mut sheet, &frame, &figure.dates, figure.slots.len(), bottom + 18.0);
    draw_flags(&mut sheet, &flags, below, &crossed(&frame, &tops));
    if figure.panels.is_empty() {
        sheet.words(words.nothing_asked, (frame.field.0, start + frame.tall / 2.0), Anchor::Start, USUAL);
    }
    let height = footer(&mut sheet, &frame, &figure.footnote, bottom + 42.0);
    let said: Vec<String> = std::iter::once(figure.subtitle.clone()).chain(figure.panels.iter().map(said_of)).collect();
    scene(sheet, &frame, &figure.title, description(figure.simulated, language, &said), height)
}

fn said_of(panel: &LatencyPanel) -> String {
    let remarks: Vec<&str> = panel.remarks.iter().map(|remark| remark.words.as_str()).collect();
    format!("{}: {}, {}", panel.title, panel.headline, remarks.join(", "))
}

/// How high a duration lies, 0…1: the scale is logarithmic, and what is faster than its first step lies on the floor.
fn share(duration: Duration, scale: &[(Duration, String)]) -> f64 {
    let seconds = |duration: Duration| duration.as_secs_f64().max(0.1).ln();
    let (Some((first, _)), Some((last, _))) = (scale.first(), scale.last()) else { return 0.0 };
    let (first, last) = (seconds(*first), seconds(*last));
    ((seconds(duration) - first) / (last - first).max(f64::EPSILON)).clamp(0.0, 1.0)
}

fn draw_panel(
    sheet: &mut Sheet<'_>,
    frame: &Frame,
    figure: &LatencyFigure,
    panel: &LatencyPanel,
    top: f64,
    language: Language,
) {
    let level = |duration: Duration| top + frame.tall * (1.0 - share(duration, &figure.scale));
    for (step, words) in &figure.scale {
        let y = level(*step);
        sheet.fill(Area { left: frame.field.0, top: y - 0.33, right: frame.field.1, bottom: y + 0.33 }, Paint::Faint);
        sheet.words(words.as_str(), (frame.field.0 - 7.0, y), Anchor::End, SMALL);
    }
    let (slots, words) = (figure.slots.len(), language.words());
    let pitch = frame.pitch(slots);
    let wide = (pitch * 0.5).clamp(0.8, 14.0);
    let mut runs: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for (at, point) in panel.points.iter().enumerate() {
        let middle = frame.slot(at, slots) + pitch / 2.0;
        let Some(arrival) = point else {
            // A run without arrivals breaks the line: nothing is drawn where nothing is known.
            runs.push(Vec::new());
            continue;
        };
        let (median, slowest) = (level(arrival.median), level(arrival.slowest));
        let day = figure.slots.get(at).map(|slot| language.day_and_year(slot.at)).unwrap_or_default();
        let says = format!(
            "{}, {day}: {} {}, {} {}",
            panel.title,
            words.latency_median,
            language.span(arrival.median),
            words.latency_slowest,
            language.span(arrival.slowest)
        );
        sheet.group(says, |sheet| {
            let area = Area { left: middle - wide / 2.0, right: middle + wide / 2.0, top: slowest, bottom: median };
            sheet.fill(area, Ink::faded(LINE, super::PALE));
            let radius = (pitch * 0.22).clamp(0.6, 3.2);
            sheet.disc((middle, median), radius, LINE);
        });
        if let Some(run) = runs.last_mut() {
            run.push((middle, median));
        }
    }
    for run in runs.into_iter().filter(|run| run.len() > 1) {
        sheet.line(run, 1.4, LINE);
    }
    provider_name(sheet, frame, &panel.title, top);
    last_run(sheet, frame, (&panel.headline, Paint::Text), &panel.remarks, top);
}
