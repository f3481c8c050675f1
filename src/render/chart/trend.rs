//! The trend as a chart: one panel for each provider, one bar for each run.

use super::{
    Form, Frame, Key, SMALL, USUAL, crossed, dates, description, draw_flags, flags, footer, headline, lanes, last_run,
    legend, placement_keys, provider_name, scene,
};
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
    let words = language.words();
    let mut sheet = Sheet::new(fonts);
    let below = headline(&mut sheet, &frame, &figure.title, &figure.subtitle, figure.simulated, language);
    let mut keys = placement_keys(&figure.legend, figure.has_gaps, language);
    if frame.is_narrow() {
        keys.extend(threshold_keys(figure, language));
    }
    let below = legend(&mut sheet, &frame, &keys, below);
    let flags = flags(fonts, &frame, &figure.marks, figure.slots.len());
    let start = below + lanes(&flags);
    let tops: Vec<f64> = (0..figure.panels.len()).map(|at| frame.top(start, at)).collect();
    for (panel, top) in figure.panels.iter().zip(&tops) {
        draw_panel(&mut sheet, &frame, figure, panel, *top, language);
    }
    let bottom = tops.last().copied().unwrap_or(start) + frame.tall;
    dates(&mut sheet, &frame, &figure.dates, figure.slots.len(), bottom + 28.0);
    draw_flags(&mut sheet, &flags, below, &crossed(&frame, &tops));
    if figure.panels.is_empty() {
        sheet.words(words.nothing_asked, (frame.field.0, start + frame.tall / 2.0), Anchor::Start, USUAL);
    }
    let height = footer(&mut sheet, &frame, &figure.footnote, bottom + 52.0);
    let said: Vec<String> = std::iter::once(figure.subtitle.clone()).chain(figure.panels.iter().map(said_of)).collect();
    scene(sheet, &frame, &figure.title, description(figure.simulated, language, &said), height)
}

fn said_of(panel: &Panel) -> String {
    let remarks: Vec<&str> = panel.remarks.iter().map(|remark| remark.words.as_str()).collect();
    format!("{}: {}, {}", panel.title, panel.headline, remarks.join(", "))
}

/// The thresholds, for a chart that has no room beside its lines.
fn threshold_keys(figure: &Trend, language: Language) -> Vec<(Key, String)> {
    let words = language.words();
    let mut keys = Vec::new();
    if let Some(panel) = figure.panels.first() {
        keys.push((Key::Dashed(Paint::Text), filled(words.goal, &[("share", &percent(panel.goal))])));
    }
    if let Some(limit) = figure.panels.iter().find_map(|panel| panel.spam_limit) {
        keys.push((Key::Dashed(Paint::Bad), filled(words.spam_limit, &[("share", &percent(limit))])));
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
    let mut whiskers = Vec::new();
    for (at, bar) in panel.bars.iter().enumerate() {
        let middle = frame.slot(at, figure.slots.len()) + pitch / 2.0;
        let column = Area { left: middle - wide / 2.0, right: middle + wide / 2.0, top, bottom: top + frame.tall };
        let day = figure.slots.get(at).map(|slot| language.day_and_year(slot.at)).unwrap_or_default();
        if *bar != Bar::Absent {
            sheet.group(bar_words(panel, bar, &day, language), |sheet| draw_bar(sheet, bar, column));
        }
        if let Bar::Measured { label, rate, range, .. } = bar {
            whiskers.extend(range.map(|range| (*rate, range, column)));
            if labelled {
                sheet.words(label.as_str(), (middle, top + frame.tall + 11.0), Anchor::Middle, SMALL);
            }
        }
    }
    probe_counts(sheet, frame, panel, labelled, top, language);
    thresholds(sheet, frame, panel, top, language);
    for (rate, range, column) in whiskers {
        whisker(sheet, rate, range, column);
    }
    provider_name(sheet, frame, &panel.title, top);
    let paint = match panel.standing {
        Standing::Good => Paint::Good,
        Standing::Short => Paint::Short,
        Standing::Bad => Paint::Bad,
        Standing::TooFew | Standing::Unmeasured => Paint::Quiet,
    };
    last_run(sheet, frame, (&panel.headline, paint), &panel.remarks, top);
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

/// The lines that the rate and the share of spam are measured against.
fn thresholds(sheet: &mut Sheet<'_>, frame: &Frame, panel: &Panel, top: f64, language: Language) {
    let words = language.words();
    let mut line = |share: f64, rhythm: (f64, f64), paint: Paint, said: String| {
        let y = top + frame.tall * (1.0 - share);
        let halo = Area { left: frame.field.0, top: y - 1.3, right: frame.field.1, bottom: y + 1.3 };
        sheet.fill(halo, Ink::faded(Paint::Paper, 0.5));
        sheet.dashes(frame.field, y, rhythm, 1.2, paint);
        if !frame.is_narrow() {
            // The two lines lie so close that their words would touch.
            let y = if share > panel.goal { y - 2.5 } else { y };
            sheet.words(said, (frame.beside(), y), Anchor::Start, Type { paint, ..SMALL });
        }
    };
    if let Some(limit) = panel.spam_limit {
        // Spam hangs from the top: below this line there is too much of it.
        let said = filled(words.spam_limit, &[("share", &percent(limit))]);
        line(1.0 - limit, (2.0, 2.0), Paint::Bad, said);
    }
    line(panel.goal, (5.5, 3.5), Paint::Text, filled(words.goal, &[("share", &percent(panel.goal))]));
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
