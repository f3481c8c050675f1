//! The trend as a chart: one panel for each provider, one bar for each run.

use super::stack::{Stack, said};
use super::{Form, Frame, Key, SMALL, placement_keys, said_of_provider};
use crate::domain::interval::Interval;
use crate::render::figure::trend::{Bar, Panel, Trend};
use crate::render::font::Fonts;
use crate::render::language::{Language, filled};
use crate::render::report::Standing;
use crate::render::scene::{Anchor, Area, Ink, Scene, Sheet, Type};
use crate::render::theme::Paint;
use crate::render::words::percent;

/// Lays out a trend.
pub(crate) fn trend_scene(figure: &Trend, form: Form, language: Language, fonts: &Fonts) -> Scene {
    let frame = Frame::new(form);
    let mut keys = placement_keys(&figure.legend, figure.has_gaps, language);
    keys.extend(threshold_keys(figure, &frame, language));
    let stack = Stack {
        title: &figure.title,
        subtitle: &figure.subtitle,
        simulated: figure.simulated,
        keys,
        slots: figure.slots.len(),
        dates: &figure.dates,
        marks: &figure.marks,
        footnote: &figure.footnote,
        below: 10.0,
        above: true,
        panels: figure.panels.iter().map(|panel| said(&panel.title, &panel.headline, &panel.remarks)).collect(),
    };
    stack.scene(&frame, language, fonts, |sheet, at, top| {
        if let Some(panel) = figure.panels.get(at) {
            draw_panel(sheet, &frame, figure, panel, top, language);
        }
    })
}

/// Whether the words of a threshold have room beside its line, above the figure of the last run.
fn has_room(frame: &Frame, goal: f64) -> bool {
    !frame.is_narrow() && goal >= 0.7
}

/// The thresholds whose words have no room beside their lines.
fn threshold_keys(figure: &Trend, frame: &Frame, language: Language) -> Vec<(Key, String)> {
    let words = language.words();
    let mut keys = Vec::new();
    if let Some(panel) = figure.panels.iter().find(|panel| !has_room(frame, panel.goal)) {
        keys.push((Key::Dashed(Paint::Text), filled(words.goal, &[("share", &percent(panel.goal))])));
    }
    if let Some(limit) = figure.panels.iter().find_map(Panel::spam_limit).filter(|_| frame.is_narrow()) {
        keys.push((Key::Ruled(Paint::Text), filled(words.spam_limit, &[("share", &percent(limit))])));
    }
    keys
}

fn draw_panel(sheet: &mut Sheet<'_>, frame: &Frame, figure: &Trend, panel: &Panel, top: f64, language: Language) {
    let level = |share: f64| top + frame.tall * (1.0 - share);
    for (share, words) in [(0.0, "0"), (0.5, "50"), (1.0, "100 %")] {
        let y = level(share);
        sheet.fill(Area { left: frame.field.0, top: y - 0.33, right: frame.field.1, bottom: y + 0.33 }, Paint::Faint);
        sheet.words(words, (frame.field.0 - 7.0, y), Anchor::End, SMALL);
    }
    let pitch = frame.pitch(figure.slots.len());
    let gap = (pitch * 0.2).clamp(0.33, 7.0);
    let wide = (pitch - gap).min(46.0);
    let labelled = labels_fit(sheet, panel, pitch);
    let (mut whiskers, mut limits) = (Vec::new(), Vec::new());
    for (at, bar) in panel.bars.iter().enumerate() {
        let middle = frame.slot(at, figure.slots.len()) + pitch / 2.0;
        let column = Area { left: middle - wide / 2.0, right: middle + wide / 2.0, top, bottom: top + frame.tall };
        let day = figure.slots.get(at).map(|slot| language.day_and_year(slot.at)).unwrap_or_default();
        if *bar != Bar::Absent {
            sheet.group(bar_words(panel, bar, &day, language), |sheet| draw_bar(sheet, bar, column));
        }
        limits.extend(bar.limit().map(|limit| (limit, column)));
        if let Bar::Measured { label, rate, range, .. } = bar {
            whiskers.extend(range.map(|range| (*rate, range, column)));
            if labelled {
                sheet.words(label.as_str(), (middle, top + frame.tall + 11.0), Anchor::Middle, SMALL);
            }
        }
    }
    probe_counts(sheet, frame, panel, labelled, top, language);
    goal(sheet, frame, panel, top, language);
    for (limit, column) in limits {
        spam_limit(sheet, limit, column);
    }
    limit_words(sheet, frame, panel, top, language);
    for (rate, range, column) in whiskers {
        whisker(sheet, rate, range, column);
    }
    let paint = match panel.standing {
        Standing::Good => Paint::Good,
        Standing::Short => Paint::Short,
        Standing::Bad => Paint::Bad,
        Standing::TooFew | Standing::Unmeasured => Paint::Quiet,
    };
    let heads = (panel.title.as_str(), panel.headline.as_str(), paint);
    said_of_provider(sheet, frame, heads, &panel.remarks, top);
}

/// What a bar says to who points at it.
fn bar_words(panel: &Panel, bar: &Bar, day: &str, language: Language) -> String {
    let words = language.words();
    let counts = match bar {
        Bar::Measured { shares, label, .. } => {
            let share = |(placement, share)| format!("{} {}", language.placement(placement), percent(share));
            let shares: Vec<String> = shares.iter().copied().map(share).collect();
            format!("{} ({label} {})", shares.join(", "), words.probe_many)
        }
        Bar::Unmeasured | Bar::Absent => words.not_measured.to_owned(),
    };
    filled(words.bar_says, &[("provider", panel.title.as_str()), ("date", day), ("counts", counts.as_str())])
}

/// Whether every count fits below its bar.
fn labels_fit(sheet: &Sheet<'_>, panel: &Panel, pitch: f64) -> bool {
    panel.bars.iter().all(|bar| match bar {
        Bar::Measured { label, .. } => sheet.width(label, SMALL) + 4.0 <= pitch,
        Bar::Unmeasured | Bar::Absent => true,
    })
}

/// What the counts below the bars are; or, where they have no room, how many there were.
fn probe_counts(sheet: &mut Sheet<'_>, frame: &Frame, panel: &Panel, labelled: bool, top: f64, language: Language) {
    let words = language.words();
    let y = top + frame.tall + 11.0;
    if labelled {
        if !frame.is_narrow() {
            sheet.words(words.probes_each, (frame.field.0 - 7.0, y), Anchor::End, SMALL);
        }
        return;
    }
    let counts = panel.bars.iter().filter_map(|bar| match bar {
        Bar::Measured { label, .. } => label.split('/').next().and_then(|n| n.parse::<usize>().ok()),
        Bar::Unmeasured | Bar::Absent => None,
    });
    let Some((least, most)) = counts.fold(None, |range: Option<(usize, usize)>, n| {
        Some(range.map_or((n, n), |(least, most)| (least.min(n), most.max(n))))
    }) else {
        return;
    };
    let range = if least == most { least.to_string() } else { format!("{least}–{most}") };
    let summary = filled(words.probes_summary, &[("range", range.as_str())]);
    sheet.words(summary, (frame.field.0, y), Anchor::Start, SMALL);
}

/// The line that the rate is measured against.
fn goal(sheet: &mut Sheet<'_>, frame: &Frame, panel: &Panel, top: f64, language: Language) {
    let y = top + frame.tall * (1.0 - panel.goal);
    let halo = Area { left: frame.field.0, top: y - 1.3, right: frame.field.1, bottom: y + 1.3 };
    sheet.fill(halo, Ink::faded(Paint::Paper, 0.5));
    sheet.dashes(frame.field, y, (5.5, 3.5), 1.2, Paint::Text);
    if has_room(frame, panel.goal) {
        let said = filled(language.words().goal, &[("share", &percent(panel.goal))]);
        sheet.words(said, (frame.beside(), y), Anchor::Start, Type { paint: Paint::Text, ..SMALL });
    }
}

/// How far down spam, which hangs from the top, may reach: a line across it where it reaches further.
fn spam_limit(sheet: &mut Sheet<'_>, limit: f64, column: Area) {
    let y = column.top + (column.bottom - column.top) * limit;
    for (half, ink) in [(1.3, Ink::faded(Paint::Paper, 0.9)), (0.6, Ink::from(Paint::Text))] {
        sheet.fill(Area { top: y - half, bottom: y + half, ..column }, ink);
    }
}

/// What those lines are, at a bracket from the top down to them.
fn limit_words(sheet: &mut Sheet<'_>, frame: &Frame, panel: &Panel, top: f64, language: Language) {
    let Some(limit) = panel.spam_limit().filter(|_| !frame.is_narrow()) else { return };
    let (left, right, low) = (frame.field.1 + 3.0, frame.field.1 + 8.0, top + frame.tall * limit);
    let corners = vec![(left, top), (right, top), (right, low), (left, low)];
    sheet.line(corners, 1.2, Paint::Text);
    let said = filled(language.words().spam_limit, &[("share", &percent(limit))]);
    // Its words never touch those of the goal.
    let above = if has_room(frame, panel.goal) { top + frame.tall * (1.0 - panel.goal) - 12.0 } else { top + 30.0 };
    let y = (top + frame.tall * limit / 2.0).min(above);
    sheet.words(said, (frame.beside(), y), Anchor::Start, Type { paint: Paint::Text, ..SMALL });
}

fn draw_bar(sheet: &mut Sheet<'_>, bar: &Bar, column: Area) {
    let tall = column.bottom - column.top;
    match bar {
        Bar::Absent => {}
        Bar::Unmeasured => sheet.hatch(column, Ink::faded(Paint::Quiet, 0.6)),
        Bar::Measured { shares, range, .. } => {
            // Too few for a range: a narrow bar, in full colour so that no placement looks like another.
            let inset = if range.is_some() { 0.0 } else { (column.right - column.left) * 0.33 };
            let column = Area { left: column.left + inset, right: column.right - inset, ..column };
            let mut floor = column.bottom;
            for (placement, share) in shares {
                let top = (floor - tall * share).max(column.top);
                sheet.fill(Area { top, bottom: floor, ..column }, Paint::Placed(*placement));
                if floor < column.bottom && floor - top > 1.5 && column.right - column.left > 2.5 {
                    sheet.fill(Area { top: floor - 0.5, bottom: floor + 0.17, ..column }, Paint::Paper);
                }
                floor = top;
            }
        }
    }
}

/// The range of the rate: a line over the bar, with paper around so that it shows on every colour.
fn whisker(sheet: &mut Sheet<'_>, rate: f64, range: Interval, column: Area) {
    let level = |share: f64| column.bottom - (column.bottom - column.top) * share;
    let (top, bottom, middle) = (level(range.hi), level(range.lo), f64::midpoint(column.left, column.right));
    let wide = column.right - column.left;
    if wide < 4.5 {
        let half = (wide * 0.14).clamp(0.17, 0.3);
        let stem = Area { left: middle - half, right: middle + half, top, bottom };
        return sheet.fill(stem, Ink::faded(Paint::Paper, 0.6));
    }
    let cap = (wide * 0.18).clamp(0.0, 4.5);
    for (grow, ink) in [(0.67, Ink::faded(Paint::Paper, 0.85)), (0.0, Ink::from(Paint::Text))] {
        let stem = 0.5 + grow;
        sheet.fill(Area { left: middle - stem, right: middle + stem, top: top - grow, bottom: bottom + grow }, ink);
        if cap >= 1.5 {
            for y in [top, bottom] {
                let (left, right) = (middle - cap - grow, middle + cap + grow);
                sheet.fill(Area { left, right, top: y - 0.5 - grow, bottom: y + 0.5 + grow }, ink);
            }
        }
    }
    if cap >= 1.5 {
        sheet.disc((middle, level(rate)), 2.7, Paint::Paper);
        sheet.disc((middle, level(rate)), 2.0, Paint::Text);
    }
}
