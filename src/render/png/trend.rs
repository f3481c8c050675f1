//! The trend chart: where everything stands and what it looks like.
//!
//! The colours differ in lightness as well as in hue, so that they stay apart for every kind of colour vision and in print.

use super::PngFault;
use super::canvas::{Anchor, Area, Canvas, Ink, Type};
use super::text::{Fonts, Weight};
use crate::domain::finding::Placement;
use crate::domain::interval::{Interval, count};
use crate::render::figure::{Bar, Figure, Panel};
use crate::render::report::Standing;
use crate::render::words::percent;

const TEXT: Ink = Ink::new(0x001B_1F27);
const QUIET: Ink = Ink::new(0x005F_6773);
const FAINT: Ink = Ink::new(0x00DD_E1E6);
const WHITE: Ink = Ink::new(0x00FF_FFFF);
const GOOD: Ink = Ink::new(0x0017_5E93);
const SHORT: Ink = Ink::new(0x009A_6200);
const BAD: Ink = Ink::new(0x00B8_3A0B);
const AMBER: Ink = Ink::new(0x00FF_F1CF);

/// Distance of everything from the left and the right edge.
const MARGIN: f64 = 56.0;
/// Left and right edge of the bars.
const BARS: (f64, f64) = (268.0, 1580.0);
/// Left edge of what is said of the last run.
const LAST: f64 = 1606.0;
/// Right edge of all text.
const RIGHT: f64 = 1864.0;
/// Height of the bars of one panel.
const TALL: f64 = 204.0;
/// From the top of one panel to the top of the next.
const PITCH: f64 = 284.0;
/// Height of the lines in which the words of marks stand.
const LANE: f64 = 34.0;
/// From the top edge to the words of the first mark.
const HEAD: f64 = 204.0;
/// From the last panel's bars to the bottom edge.
const FOOT: f64 = 138.0;
/// Most lines of words of marks.
const LANES: usize = 8;

const SMALL: Type = Type { size: 18.0, weight: Weight::Regular, ink: QUIET };
const USUAL: Type = Type { size: 20.0, weight: Weight::Regular, ink: QUIET };
const COUNT: Type = Type { size: 16.0, weight: Weight::Regular, ink: QUIET };

type Drawn = Result<(), PngFault>;

fn colour(placement: Placement) -> Ink {
    match placement {
        Placement::Inbox => Ink::new(0x001F_6FA8),
        Placement::Promotions => Ink::new(0x0093_C6E8),
        Placement::Elsewhere => Ink::new(0x00EF_BE4E),
        Placement::Spam => Ink::new(0x00D9_541E),
        Placement::Missing => Ink::new(0x0042_464F),
    }
}

fn name(placement: Placement) -> &'static str {
    match placement {
        Placement::Inbox => "Inbox",
        Placement::Promotions => "Promotions",
        Placement::Elsewhere => "Elsewhere",
        Placement::Spam => "Spam",
        Placement::Missing => "Missing",
    }
}

/// Height of the whole chart.
pub(super) fn height(figure: &Figure, fonts: &Fonts) -> u32 {
    let panels = count(figure.panels.len().max(1));
    let height = first_panel(figure, fonts) + (panels - 1.0) * PITCH + TALL + FOOT;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a chart is some thousand pixels high")]
    let height = height.round() as u32;
    height
}

/// The chart.
pub(super) fn draw(canvas: &mut Canvas<'_>, figure: &Figure) -> Drawn {
    header(canvas, figure)?;
    let top = first_panel(figure, canvas.fonts);
    let tops: Vec<f64> = (0..figure.panels.len()).map(|at| top + count(at) * PITCH).collect();
    for (panel, top) in figure.panels.iter().zip(&tops) {
        draw_panel(canvas, panel, figure.slots, *top)?;
    }
    let bottom = tops.last().copied().unwrap_or(top) + TALL;
    dates(canvas, figure, bottom)?;
    marks(canvas, figure, bottom)?;
    if figure.panels.is_empty() {
        canvas.text("Nothing was asked in this time.", (BARS.0, top + TALL / 2.0), Anchor::Start, USUAL)?;
    }
    canvas.text(&figure.footnote, (MARGIN, bottom + FOOT - 34.0), Anchor::Start, SMALL)?;
    canvas.text("inboxed", (RIGHT, bottom + FOOT - 34.0), Anchor::End, Type { weight: Weight::Bold, ..SMALL })
}

/// Top of the first panel's bars: below the lines that the words of marks take.
fn first_panel(figure: &Figure, fonts: &Fonts) -> f64 {
    let lanes = flags(figure, fonts).iter().map(|flag| flag.lane + 1).max().unwrap_or(0);
    HEAD + count(lanes) * LANE + 14.0
}

fn header(canvas: &mut Canvas<'_>, figure: &Figure) -> Drawn {
    let title = Type { size: 42.0, weight: Weight::Bold, ink: TEXT };
    let subtitle = Type { size: 23.0, weight: Weight::Regular, ink: QUIET };
    canvas.text(&figure.title, (MARGIN, 66.0), Anchor::Start, title)?;
    let words = canvas.fitting(&figure.subtitle, subtitle, RIGHT - MARGIN);
    canvas.text(&words, (MARGIN, 118.0), Anchor::Start, subtitle)?;
    if figure.simulated {
        let bold = Type { size: 20.0, weight: Weight::Bold, ink: SHORT };
        let words = "SIMULATED: the lab answered, no real provider";
        let left = RIGHT - canvas.width(words, bold) - 40.0;
        canvas.pill(Area { left, top: 44.0, right: RIGHT, bottom: 88.0 }, 22.0, AMBER)?;
        canvas.text(words, (RIGHT - 20.0, 66.0), Anchor::End, bold)?;
    }
    let set = Type { size: 22.0, weight: Weight::Regular, ink: TEXT };
    let mut x = MARGIN;
    let swatch = |x: f64| Area { left: x, top: 157.0, right: x + 22.0, bottom: 179.0 };
    for placement in &figure.legend {
        canvas.fill(swatch(x), colour(*placement))?;
        canvas.text(name(*placement), (x + 34.0, 168.0), Anchor::Start, set)?;
        x += 34.0 + canvas.width(name(*placement), set) + 40.0;
    }
    if figure.has_gaps {
        canvas.hatch(swatch(x), QUIET.fade(0.7))?;
        canvas.text("Not measured", (x + 34.0, 168.0), Anchor::Start, set)?;
    }
    Ok(())
}

/// Left edge of a slot.
fn slot(at: usize, slots: usize) -> f64 {
    BARS.0 + (BARS.1 - BARS.0) * count(at) / count(slots.max(1))
}

fn draw_panel(canvas: &mut Canvas<'_>, panel: &Panel, slots: usize, top: f64) -> Drawn {
    let level = |share: f64| top + TALL * (1.0 - share);
    let axis = Type { size: 18.0, weight: Weight::Regular, ink: QUIET };
    for (share, words) in [(0.0, "0"), (0.5, "50"), (1.0, "100 %")] {
        let y = level(share);
        canvas.fill(Area { left: BARS.0, top: y - 0.67, right: BARS.1, bottom: y + 0.67 }, FAINT)?;
        canvas.text(words, (BARS.0 - 14.0, y), Anchor::End, axis)?;
    }
    let pitch = (BARS.1 - BARS.0) / count(slots.max(1));
    let gap = (pitch * 0.2).clamp(0.67, 14.0);
    let wide = (pitch - gap).min(92.0);
    let labelled = labels_fit(canvas, panel, pitch);
    let mut whiskers = Vec::new();
    for (at, bar) in panel.bars.iter().enumerate() {
        let middle = slot(at, slots) + pitch / 2.0;
        let column = Area { left: middle - wide / 2.0, right: middle + wide / 2.0, top, bottom: top + TALL };
        draw_bar(canvas, bar, column)?;
        if let Bar::Measured { label, rate, range, .. } = bar {
            whiskers.extend(range.map(|range| (*rate, range, column)));
            if labelled {
                canvas.text(label, (middle, top + TALL + 21.0), Anchor::Middle, COUNT)?;
            }
        }
    }
    if labelled {
        canvas.text("probes", (BARS.0 - 14.0, top + TALL + 21.0), Anchor::End, COUNT)?;
    }
    let goal = level(panel.goal);
    canvas.fill(Area { left: BARS.0, top: goal - 2.6, right: BARS.1, bottom: goal + 2.6 }, WHITE.fade(0.45))?;
    canvas.dashes(BARS, goal, 2.4, TEXT)?;
    for (rate, range, column) in whiskers {
        whisker(canvas, rate, range, column)?;
    }
    canvas.text(&format!("goal {}", percent(panel.goal)), (LAST, goal), Anchor::Start, Type { ink: TEXT, ..SMALL })?;
    provider_name(canvas, &panel.title, top)?;
    last_run(canvas, panel, top)
}

/// Whether every count fits below its bar.
fn labels_fit(canvas: &Canvas<'_>, panel: &Panel, pitch: f64) -> bool {
    panel.bars.iter().all(|bar| match bar {
        Bar::Measured { label, .. } => canvas.width(label, COUNT) + 8.0 <= pitch,
        Bar::Unmeasured | Bar::Absent => true,
    })
}

fn draw_bar(canvas: &mut Canvas<'_>, bar: &Bar, column: Area) -> Drawn {
    let tall = column.bottom - column.top;
    match bar {
        Bar::Absent => Ok(()),
        Bar::Unmeasured => canvas.hatch(column, QUIET.fade(0.5)),
        Bar::Measured { shares, range, .. } => {
            // Too few for a range: a narrow bar, in full colour so that no placement looks like another.
            let inset = if range.is_some() { 0.0 } else { (column.right - column.left) * 0.33 };
            let column = Area { left: column.left + inset, right: column.right - inset, ..column };
            let mut floor = column.bottom;
            for (placement, share) in shares {
                let top = (floor - tall * share).max(column.top);
                canvas.fill(Area { top, bottom: floor, ..column }, colour(*placement))?;
                if floor < column.bottom && floor - top > 3.0 {
                    canvas.fill(Area { top: floor - 1.0, bottom: floor + 0.34, ..column }, WHITE)?;
                }
                floor = top;
            }
            Ok(())
        }
    }
}

/// The range of the rate: a line over the bar, white around so that it shows on every colour.
fn whisker(canvas: &mut Canvas<'_>, rate: f64, range: Interval, column: Area) -> Drawn {
    let level = |share: f64| column.bottom - (column.bottom - column.top) * share;
    let (top, bottom, middle) = (level(range.hi), level(range.lo), f64::midpoint(column.left, column.right));
    let wide = column.right - column.left;
    if wide < 9.0 {
        let stem = Area { left: middle - 0.5, right: middle + 0.5, top, bottom };
        return canvas.fill(stem, WHITE.fade(0.55));
    }
    let cap = (wide * 0.18).clamp(0.0, 9.0);
    for (grow, ink) in [(1.34, WHITE.fade(0.85)), (0.0, TEXT)] {
        let (thin, stem) = (1.0, 1.0 + grow);
        canvas.fill(Area { left: middle - stem, right: middle + stem, top: top - grow, bottom: bottom + grow }, ink)?;
        if cap >= 3.0 {
            for y in [top, bottom] {
                let area = Area {
                    left: middle - cap - grow,
                    right: middle + cap + grow,
                    top: y - thin - grow,
                    bottom: y + thin + grow,
                };
                canvas.fill(area, ink)?;
            }
        }
    }
    if cap < 3.0 {
        return Ok(());
    }
    canvas.disc((middle, level(rate)), 5.4, WHITE)?;
    canvas.disc((middle, level(rate)), 4.0, TEXT)
}

/// The provider's name, on two lines where one is too narrow.
fn provider_name(canvas: &mut Canvas<'_>, title: &str, top: f64) -> Drawn {
    let room = BARS.0 - MARGIN - 68.0;
    let set = |size: f64| Type { size, weight: Weight::Bold, ink: TEXT };
    let fits = |size: &f64| title.split(' ').all(|word| canvas.width(word, set(*size)) <= room);
    let set = set([26.0, 23.0].into_iter().find(fits).unwrap_or(20.0));
    let step = set.size * 1.3;
    let mut lines: Vec<String> = Vec::new();
    for word in title.split(' ') {
        match lines.last_mut() {
            Some(line) if canvas.width(&format!("{line} {word}"), set) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    let first = top + TALL / 2.0 - step / 2.0 * (count(lines.len().min(3)) - 1.0);
    for (at, line) in lines.iter().take(3).enumerate() {
        let line = canvas.fitting(line, set, room);
        canvas.text(&line, (MARGIN, first + step * count(at)), Anchor::Start, set)?;
    }
    Ok(())
}

fn last_run(canvas: &mut Canvas<'_>, panel: &Panel, top: f64) -> Drawn {
    let ink = match panel.standing {
        Standing::Good => GOOD,
        Standing::Short => SHORT,
        Standing::Bad => BAD,
        Standing::TooFew | Standing::Unmeasured => QUIET,
    };
    let headline = Type { size: 40.0, weight: Weight::Bold, ink };
    canvas.text(&panel.headline, (LAST, top + 94.0), Anchor::Start, headline)?;
    for (at, remark) in panel.remarks.iter().enumerate() {
        let set = if remark.alarm { Type { weight: Weight::Bold, ink: BAD, ..USUAL } } else { USUAL };
        let words = canvas.fitting(&remark.words, set, RIGHT + 20.0 - LAST);
        canvas.text(&words, (LAST, top + 138.0 + 28.0 * count(at)), Anchor::Start, set)?;
    }
    Ok(())
}

fn dates(canvas: &mut Canvas<'_>, figure: &Figure, bottom: f64) -> Drawn {
    let pitch = (BARS.1 - BARS.0) / count(figure.slots.max(1));
    let mut free = f64::MIN;
    for (at, words) in &figure.dates {
        let middle = slot(*at, figure.slots) + pitch / 2.0;
        let half = canvas.width(words, USUAL) / 2.0;
        if middle - half < free {
            continue;
        }
        free = middle + half + 16.0;
        canvas.text(words, (middle, bottom + 52.0), Anchor::Middle, USUAL)?;
    }
    Ok(())
}

/// The words of a mark, with the line they stand on.
struct Flag {
    x: f64,
    lane: usize,
    words: String,
    width: f64,
    leftward: bool,
}

const FLAG: Type = Type { size: 20.0, weight: Weight::Bold, ink: TEXT };
/// From a mark's line to its words.
const BESIDE: f64 = 18.0;

/// Gives every mark a line on which its words overlap no others; words longer than the chart has room for are cut.
fn flags(figure: &Figure, fonts: &Fonts) -> Vec<Flag> {
    let mut taken = [f64::MIN; LANES];
    let mut flags = Vec::new();
    for mark in &figure.marks {
        let x = slot(mark.before, figure.slots);
        let whole = fonts.width(&mark.words, FLAG.size, FLAG.weight);
        let (rightward_room, leftward_room) = (RIGHT - x - BESIDE, x - MARGIN - BESIDE);
        let leftward = whole > rightward_room && leftward_room > rightward_room;
        let room = if leftward { leftward_room } else { rightward_room };
        let mut words = fonts.fitting(&mark.words, FLAG.size, FLAG.weight, room);
        let mut width = fonts.width(&words, FLAG.size, FLAG.weight);
        let (start, end) = if leftward { (x - BESIDE - width, x + 12.0) } else { (x - 7.0, x + BESIDE + width) };
        let free = taken.iter().position(|until| *until <= start - 14.0);
        let lane = free.unwrap_or(LANES - 1);
        if free.is_none() {
            (words, width) = (String::new(), 0.0);
        }
        if let Some(until) = taken.get_mut(lane) {
            *until = until.max(end);
        }
        flags.push(Flag { x, lane, words, width, leftward });
    }
    flags
}

/// Lines first, then words on white, so that no line runs through a word.
fn marks(canvas: &mut Canvas<'_>, figure: &Figure, bottom: f64) -> Drawn {
    let flags = flags(figure, canvas.fonts);
    let y = |flag: &Flag| HEAD + count(flag.lane) * LANE + 14.0;
    for flag in &flags {
        let top = y(flag);
        canvas.fill(Area { left: flag.x - 2.6, top, right: flag.x + 2.6, bottom }, WHITE.fade(0.8))?;
        canvas.fill(Area { left: flag.x - 1.34, top, right: flag.x + 1.34, bottom }, TEXT)?;
        canvas.disc((flag.x, top), 7.0, TEXT)?;
    }
    for flag in flags.iter().filter(|flag| !flag.words.is_empty()) {
        let start = if flag.leftward { flag.x - BESIDE - flag.width } else { flag.x + BESIDE };
        let (left, right) = (start - 6.0, start + flag.width + 6.0);
        canvas.fill(Area { left, top: y(flag) - 14.0, right, bottom: y(flag) + 16.0 }, WHITE)?;
        canvas.text(&flag.words, (start, y(flag)), Anchor::Start, FLAG)?;
    }
    Ok(())
}
