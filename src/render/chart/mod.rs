//! Charts: figures laid out as scenes.
//!
//! Three forms share one layout: the poster (a PNG with its headline), and the wide and the narrow chart inside a page, which
//! says the headline itself. The smallest words are ten units high, so that a poster can be read at half its pixels.

pub(crate) mod before_after;
mod flags;
pub(crate) mod latency;
pub(crate) mod seeds;
mod stack;
pub(crate) mod trend;

use super::figure::AxisDate;
use super::figure::trend::Remark;
use super::language::Language;
use super::scene::{Anchor, Area, Ink, Scene, Sheet, Type};
use super::theme::Paint;
use crate::domain::finding::Placement;
use crate::domain::interval::count;

/// Where a chart stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A picture of its own.
    Poster,
    /// In a page, on a wide screen or on paper.
    Wide,
    /// In a page, on a telephone.
    Narrow,
}

/// Words beside a chart.
const SMALL: Type = Type::regular(10.0, Paint::Quiet);
/// Words below a figure.
const USUAL: Type = Type::regular(10.5, Paint::Quiet);
/// What every poster is signed with.
const SIGNATURE: &str = "inboxed";

/// Where the parts of a chart over time lie.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Frame {
    form: Form,
    /// Width of the paper.
    width: f64,
    /// Distance of everything from the left and the right edge.
    margin: f64,
    /// Left and right edge of what is measured.
    field: (f64, f64),
    /// Height of the words above the field of each panel.
    head: f64,
    /// Height of the field of one panel.
    tall: f64,
    /// From the lower edge of one panel's field to the next panel.
    gap: f64,
}

impl Frame {
    fn new(form: Form) -> Self {
        match form {
            Form::Poster => {
                Self { form, width: 960.0, margin: 28.0, field: (152.0, 770.0), head: 0.0, tall: 104.0, gap: 41.0 }
            }
            Form::Wide => {
                Self { form, width: 912.0, margin: 2.0, field: (126.0, 746.0), head: 0.0, tall: 104.0, gap: 41.0 }
            }
            Form::Narrow => {
                Self { form, width: 360.0, margin: 1.0, field: (36.0, 359.0), head: 46.0, tall: 92.0, gap: 44.0 }
            }
        }
    }

    /// Right edge of all words.
    fn right(&self) -> f64 {
        self.width - self.margin
    }

    /// Left edge of what is said of the last run, beside the field.
    fn beside(&self) -> f64 {
        self.field.1 + 14.0
    }

    fn is_narrow(&self) -> bool {
        self.form == Form::Narrow
    }

    /// The upper edge of a panel's field.
    fn top(&self, start: f64, panel: usize) -> f64 {
        start + self.head + count(panel) * (self.head + self.tall + self.gap)
    }

    /// Left edge of a slot.
    fn slot(&self, at: usize, slots: usize) -> f64 {
        self.field.0 + (self.field.1 - self.field.0) * count(at) / count(slots.max(1))
    }

    /// Width of a slot.
    fn pitch(&self, slots: usize) -> f64 {
        (self.field.1 - self.field.0) / count(slots.max(1))
    }
}

/// What a legend names.
#[derive(Debug, Clone, PartialEq)]
enum Key {
    Filled(Paint),
    Faint(Paint, f64),
    Hatched,
    Dashed(Paint),
    Ruled(Paint),
}

/// The headline of a poster, with what it must say of itself. Returns the height below it; a chart in a page has none.
fn headline(
    sheet: &mut Sheet<'_>,
    frame: &Frame,
    title: &str,
    subtitle: &str,
    simulated: bool,
    language: Language,
) -> f64 {
    if frame.form != Form::Poster {
        return 8.0;
    }
    let mut room = frame.right() - frame.margin;
    if simulated {
        let set = Type::bold(10.0, Paint::NoticeText);
        let words = language.words().simulated;
        let left = frame.right() - sheet.width(words, set) - 22.0;
        sheet.pill(Area { left, top: 22.0, right: frame.right(), bottom: 44.0 }, 11.0, Paint::Notice);
        sheet.words(words, (frame.right() - 11.0, 33.0), Anchor::End, set);
        room = left - 16.0 - frame.margin;
    }
    sheet.fitting(title, (frame.margin, 33.0), Anchor::Start, Type::bold(21.0, Paint::Text), room);
    let set = Type::regular(11.5, Paint::Quiet);
    let lines = sheet.fonts.wrapped(subtitle, set.size, set.weight, frame.right() - frame.margin, 2);
    for (at, line) in lines.iter().enumerate() {
        sheet.words(line.as_str(), (frame.margin, 59.0 + 16.0 * count(at)), Anchor::Start, set);
    }
    78.0 + 16.0 * count(lines.len().saturating_sub(1))
}

/// A legend in as many lines as it takes. Returns the height below it.
fn legend(sheet: &mut Sheet<'_>, frame: &Frame, keys: &[(Key, String)], top: f64) -> f64 {
    let set = Type::regular(11.0, Paint::Text);
    let (mut x, mut y) = (frame.margin, top + 6.0);
    for (key, words) in keys {
        let wide = 17.0 + sheet.width(words, set);
        if x + wide > frame.right() && x > frame.margin {
            (x, y) = (frame.margin, y + 18.0);
        }
        let swatch = Area { left: x, top: y - 5.5, right: x + 11.0, bottom: y + 5.5 };
        match key {
            Key::Filled(paint) => sheet.pill(swatch, 1.5, *paint),
            Key::Faint(paint, cover) => sheet.pill(swatch, 1.5, Ink::faded(*paint, *cover)),
            Key::Hatched => sheet.hatch(swatch, Ink::faded(Paint::Quiet, 0.8)),
            Key::Ruled(paint) => sheet.fill(Area { top: y - 0.8, bottom: y + 0.8, ..swatch }, *paint),
            Key::Dashed(paint) => sheet.dashes((swatch.left - 1.0, swatch.right + 1.0), y, (3.5, 1.8), 1.6, *paint),
        }
        sheet.words(words.as_str(), (x + 17.0, y), Anchor::Start, set);
        x += wide + 20.0;
    }
    if keys.is_empty() { top } else { y + 14.0 }
}

/// How much of a paint is left where it is to recede.
const PALE: f64 = 0.36;

/// The parts of bars that occur, as a legend.
fn placement_keys(placements: &[Placement], has_gaps: bool, language: Language) -> Vec<(Key, String)> {
    let filled =
        |placement: &Placement| (Key::Filled(Paint::Placed(*placement)), language.placement(*placement).to_owned());
    let mut keys: Vec<(Key, String)> = placements.iter().map(filled).collect();
    if has_gaps {
        keys.push((Key::Hatched, language.words().not_measured.to_owned()));
    }
    keys
}

/// A provider's name and what is said of the last run: on either side of the field, or above it.
fn said_of_provider(
    sheet: &mut Sheet<'_>,
    frame: &Frame,
    (title, headline, paint): (&str, &str, Paint),
    remarks: &[Remark],
    top: f64,
) {
    if frame.is_narrow() {
        return said_above(sheet, frame, (title, headline, paint), remarks, top);
    }
    provider_name(sheet, frame, title, top);
    last_run(sheet, frame, (headline, paint), remarks, top);
}

fn alarming(alarm: bool) -> Type {
    if alarm { Type::bold(USUAL.size, Paint::Bad) } else { USUAL }
}

/// The name on the left, the figure with its first words on the right, the others below.
fn said_above(
    sheet: &mut Sheet<'_>,
    frame: &Frame,
    (title, headline, paint): (&str, &str, Paint),
    remarks: &[Remark],
    top: f64,
) {
    let y = top - 36.0;
    let figure = Type::bold(17.0, paint);
    sheet.fitting(headline, (frame.right(), y), Anchor::End, figure, 130.0);
    let mut left = frame.right() - sheet.width(headline, figure).min(130.0) - 8.0;
    if let Some(first) = remarks.first() {
        sheet.fitting(&first.words, (left, y + 1.5), Anchor::End, SMALL, 200.0);
        left -= sheet.width(&first.words, SMALL).min(200.0) + 10.0;
    }
    sheet.fitting(title, (frame.margin, y), Anchor::Start, Type::bold(14.0, Paint::Text), left - frame.margin);
    let others = remarks.get(1..).unwrap_or_default();
    let set = Type { size: SMALL.size, ..alarming(others.iter().any(|remark| remark.alarm)) };
    let words: Vec<&str> = others.iter().map(|remark| remark.words.as_str()).collect();
    let room = frame.right() - frame.margin;
    sheet.fitting(&words.join(" · "), (frame.margin, top - 16.0), Anchor::Start, set, room);
}

/// A provider's name on as many lines as it takes.
fn provider_name(sheet: &mut Sheet<'_>, frame: &Frame, title: &str, top: f64) {
    let room = frame.field.0 - frame.margin - 38.0;
    let fits = |size: &f64| {
        let set = Type::bold(*size, Paint::Text);
        title.split(' ').all(|word| sheet.width(word, set) <= room)
    };
    let size = [13.5, 12.0].into_iter().find(fits).unwrap_or(10.5);
    let set = Type::bold(size, Paint::Text);
    let lines = sheet.fonts.wrapped(title, set.size, set.weight, room, 3);
    let first = top + frame.tall / 2.0 - size * 0.65 * (count(lines.len()) - 1.0);
    for (at, line) in lines.iter().enumerate() {
        sheet.words(line.as_str(), (frame.margin, first + size * 1.3 * count(at)), Anchor::Start, set);
    }
}

/// What is said of the last run, beside the field.
fn last_run(sheet: &mut Sheet<'_>, frame: &Frame, headline: (&str, Paint), remarks: &[Remark], top: f64) {
    sheet.fitting(headline.0, (frame.beside(), top + 45.0), Anchor::Start, Type::bold(20.0, headline.1), 148.0);
    for (at, remark) in remarks.iter().enumerate() {
        let y = top + 66.0 + 14.0 * count(at);
        sheet.fitting(
            &remark.words,
            (frame.beside(), y),
            Anchor::Start,
            alarming(remark.alarm),
            frame.width - 4.0 - frame.beside(),
        );
    }
}

/// Where dates stand: the last run's always, and from there back all of them, or every second, every third, so that none
/// touches the next. Before any is left out, all are written shorter.
fn spread<'a>(sheet: &Sheet<'_>, frame: &Frame, dates: &'a [AxisDate], slots: usize) -> Vec<DateAt<'a>> {
    let placed = |date: &AxisDate, words: &'a str| {
        let half = sheet.width(words, USUAL) / 2.0;
        let middle = frame.slot(date.slot, slots) + frame.pitch(slots) / 2.0;
        DateAt { middle: middle.clamp(frame.margin + half, frame.right() - half), half, words }
    };
    let usual: Vec<DateAt<'_>> = dates.iter().rev().map(|date| placed(date, &date.words)).collect();
    let short: Vec<DateAt<'_>> = dates.iter().rev().map(|date| placed(date, &date.short)).collect();
    let fits = |shown: &Vec<DateAt<'_>>| {
        shown.iter().zip(shown.iter().skip(1)).all(|(one, next)| next.left() >= one.right() + 10.0)
    };
    (1..=dates.len())
        .flat_map(|step| [(step, &usual), (step, &short)])
        .map(|(step, backward)| backward.iter().step_by(step).rev().copied().collect())
        .find(fits)
        .unwrap_or_default()
}

/// A date on the axis.
#[derive(Debug, Clone, Copy, PartialEq)]
struct DateAt<'a> {
    middle: f64,
    half: f64,
    words: &'a str,
}

impl DateAt<'_> {
    fn left(&self) -> f64 {
        self.middle - self.half
    }

    fn right(&self) -> f64 {
        self.middle + self.half
    }
}

/// Dates in one line.
fn dates(sheet: &mut Sheet<'_>, frame: &Frame, dates: &[AxisDate], slots: usize, y: f64) {
    for date in spread(sheet, frame, dates, slots) {
        sheet.words(date.words, (date.middle, y), Anchor::Middle, USUAL);
    }
}

/// How to read the chart, and on a poster who drew it. Returns the height of the paper.
fn footer(sheet: &mut Sheet<'_>, frame: &Frame, note: &str, top: f64) -> f64 {
    let signature = Type::bold(SMALL.size, Paint::Quiet);
    let poster = frame.form == Form::Poster;
    let reserved = if poster { sheet.width(SIGNATURE, signature) + 24.0 } else { 0.0 };
    let room = frame.right() - frame.margin - reserved;
    let lines = sheet.fonts.wrapped(note, SMALL.size, SMALL.weight, room, 6);
    for (at, line) in lines.iter().enumerate() {
        sheet.words(line.as_str(), (frame.margin, top + 14.0 * count(at)), Anchor::Start, SMALL);
    }
    let last = top + 14.0 * count(lines.len().saturating_sub(1));
    if poster {
        sheet.words(SIGNATURE, (frame.right(), last), Anchor::End, signature);
    }
    (last + if poster { 20.0 } else { 8.0 }).ceil()
}

/// The finished scene.
fn scene(sheet: Sheet<'_>, frame: &Frame, title: &str, description: String, height: f64) -> Scene {
    Scene { title: title.to_owned(), description, width: frame.width, height, shapes: sheet.shapes }
}

/// What a chart shows, in words: for those who cannot see it, and for programs that read a picture's own text.
fn description(simulated: bool, language: Language, parts: &[String]) -> String {
    let mut said: Vec<&str> = Vec::new();
    if simulated {
        said.push(language.words().simulated);
    }
    said.extend(parts.iter().map(String::as_str));
    said.join(". ")
}

#[cfg(test)]
mod tests;
