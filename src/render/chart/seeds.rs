//! The seed grid as a chart: a row for each seed, a column for each run.

use super::{DateAt, Form, Frame, Key, SMALL, USUAL, dates, description, footer, headline, legend, scene, spread};
use crate::domain::finding::Placement;
use crate::domain::interval::count;
use crate::render::figure::seeds::{Cell, SeedGrid, SeedLine};
use crate::render::font::Fonts;
use crate::render::language::Language;
use crate::render::scene::{Anchor, Area, Ink, Scene, Sheet, Type};
use crate::render::theme::Paint;
use crate::render::words::percent;

/// Height of a row.
const ROW: f64 = 15.0;
/// Height of a provider's name above its rows.
const TITLE: f64 = 26.0;

/// Lays out a seed grid.
pub(crate) fn seeds_scene(figure: &SeedGrid, form: Form, language: Language, fonts: &Fonts) -> Scene {
    let mut frame = Frame::new(form);
    frame.field = match form {
        Form::Poster => (276.0, 870.0),
        Form::Wide => (250.0, 848.0),
        Form::Narrow => (136.0, 330.0),
    };
    let words = language.words();
    let mut sheet = Sheet::new(fonts);
    let below = headline(&mut sheet, &frame, &figure.title, &figure.subtitle, figure.simulated, language);
    let keys: Vec<(Key, String)> = super::placement_keys(&figure.legend, figure.has_gaps, language)
        .into_iter()
        .map(|(key, words)| {
            let inbox = Paint::Placed(Placement::Inbox);
            (if key == Key::Filled(inbox) { Key::Filled(Paint::Receding) } else { key }, words)
        })
        .collect();
    let below = legend(&mut sheet, &frame, &keys, below);
    // Where the last date has no room beside the heading of the last column, that stands above.
    let heading = frame.right() - sheet.width(words.grid_rate, SMALL) - 8.0;
    let dates_end = spread(&sheet, &frame, &figure.dates, figure.slots.len()).last().map_or(0.0, DateAt::right);
    let lift = if dates_end > heading { 14.0 } else { 0.0 };
    let mut y = below + 22.0 + lift;
    dates(&mut sheet, &frame, &figure.dates, figure.slots.len(), y - 6.0);
    sheet.words(words.grid_rate, (frame.right(), y - 6.0 - lift), Anchor::End, SMALL);
    for block in &figure.blocks {
        sheet.fitting(
            &block.title,
            (frame.margin, y + TITLE / 2.0 + 2.0),
            Anchor::Start,
            Type::bold(12.0, Paint::Text),
            frame.field.0 - frame.margin,
        );
        y += TITLE;
        for line in &block.seeds {
            draw_line(&mut sheet, &frame, figure, line, y, language);
            y += ROW;
        }
    }
    if figure.blocks.is_empty() {
        sheet.words(words.nothing_asked, (frame.margin, y + 20.0), Anchor::Start, USUAL);
        y += 40.0;
    }
    let height = footer(&mut sheet, &frame, &figure.footnote, y + 22.0);
    scene(
        sheet,
        &frame,
        &figure.title,
        description(figure.simulated, language, std::slice::from_ref(&figure.subtitle)),
        height,
    )
}

fn draw_line(sheet: &mut Sheet<'_>, frame: &Frame, figure: &SeedGrid, line: &SeedLine, top: f64, language: Language) {
    let middle = top + ROW / 2.0;
    let room = frame.field.0 - frame.margin - 8.0;
    sheet.fitting(&line.address, (frame.margin, middle), Anchor::Start, Type { paint: Paint::Text, ..SMALL }, room);
    let pitch = frame.pitch(figure.slots.len()).min(48.0);
    let gap = (pitch * 0.12).clamp(0.5, 2.0);
    for (at, cell) in line.cells.iter().enumerate() {
        let left = frame.slot(at, figure.slots.len()) + (frame.pitch(figure.slots.len()) - pitch) / 2.0;
        let area =
            Area { left: left + gap / 2.0, right: left + pitch - gap / 2.0, top: top + 1.0, bottom: top + ROW - 1.0 };
        let day = figure.slots.get(at).map(|slot| language.day_and_year(slot.at)).unwrap_or_default();
        let said = |what: &str| format!("{}, {day}: {what}", line.address);
        match cell {
            Cell::Absent => {}
            Cell::Unmeasured => {
                let says = said(language.words().not_measured);
                sheet.group(says, |sheet| sheet.hatch(area, Ink::faded(Paint::Quiet, 0.7)));
            }
            Cell::Placed(placement) => {
                let paint = if *placement == Placement::Inbox { Paint::Receding } else { Paint::Placed(*placement) };
                sheet.group(said(language.placement(*placement)), |sheet| sheet.fill(area, paint));
            }
        }
    }
    let (good, n) = line.good;
    let rate = if n == 0 { "–".to_owned() } else { percent(count(good) / count(n)) };
    sheet.words(rate, (frame.right(), middle), Anchor::End, SMALL);
}
