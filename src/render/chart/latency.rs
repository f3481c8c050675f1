//! Latency as a chart: one panel for each provider, the median as a line, up to the slowest probe of each run.

use std::time::Duration;

use super::stack::{Stack, said};
use super::{Form, Frame, Key, SMALL, said_of_provider};
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
    let (mut frame, words) = (Frame::new(form), language.words());
    // Durations are longer than shares.
    frame.field.0 = frame.field.0.max(44.0);
    let stack = Stack {
        title: &figure.title,
        subtitle: &figure.subtitle,
        simulated: figure.simulated,
        keys: vec![
            (Key::Filled(LINE), words.latency_median.to_owned()),
            (Key::Faint(LINE, super::PALE), words.latency_slowest.to_owned()),
        ],
        slots: figure.slots.len(),
        dates: &figure.dates,
        marks: &figure.marks,
        footnote: &figure.footnote,
        below: 0.0,
        above: false,
        panels: figure.panels.iter().map(|panel| said(&panel.title, &panel.headline, &panel.remarks)).collect(),
    };
    stack.scene(&frame, language, fonts, |sheet, at, top| {
        if let Some(panel) = figure.panels.get(at) {
            draw_panel(sheet, &frame, figure, panel, top, language);
        }
    })
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
    let heads = (panel.title.as_str(), panel.headline.as_str(), Paint::Text);
    said_of_provider(sheet, frame, heads, &panel.remarks, top);
}
