//! A comparison as `compare` prints it.

use super::grid::{Entry, Grid, Side};
use super::run::setting_words;
use super::{Screen, Tone};
use crate::domain::compare::{Judgement, Verdict};
use crate::domain::streams::Streams;
use crate::render::comparison::{CompareReport, change_words, flank_words, points, runs_words};
use crate::render::plain::plain;
use crate::render::words::{SIMULATED, percent};

/// The comparison: figures, verdicts in words, and what they rest on.
pub(crate) fn comparison_table(report: &CompareReport, screen: Screen) -> String {
    let mut text = screen.paint(Tone::Strong, &format!("{}: before and after", report.stream));
    if report.simulated {
        text.push_str("  ");
        text.push_str(&screen.paint(Tone::Warning, SIMULATED));
    }
    text.push('\n');
    let sides = format!("before: {} · after: {}", runs_words(&report.before), runs_words(&report.after));
    text.push_str(&screen.paragraph(Tone::Quiet, &sides, ""));
    if let Some(change) = &report.change {
        text.push_str(&screen.paragraph(Tone::Usual, &plain(&change_words(change), 600), ""));
        for difference in &change.differences {
            text.push_str(&screen.paragraph(Tone::Quiet, &format!("- {}", plain(&difference.words(), 400)), "  "));
        }
    }
    text.push('\n');
    text.push_str(&grid(report, screen));
    text.push('\n');
    for (sample, (shift, judgement)) in
        report.samples.iter().zip(report.comparison.shifts.iter().zip(&report.comparison.providers))
    {
        let words = format!("{}: {}.", plain(report.title(sample), 64), report.shift_words(shift, judgement));
        text.push_str(&screen.paragraph(tone(judgement), &words, "  "));
    }
    let overall = format!("Over all: {}.", report.overall_words());
    text.push_str(&screen.paragraph(tone(&report.comparison.overall), &overall, "  "));
    text.push_str(&screen.paragraph(Tone::Usual, &plain(&report.scope_words(), 600), "  "));
    text.push('\n');
    if let Some(streams) = &report.streams {
        text.push_str(&streams_section(report, streams, screen));
        text.push('\n');
    }
    for note in notes(report) {
        text.push_str(&screen.paragraph(Tone::Quiet, &plain(&note, 600), "  "));
    }
    text
}

fn grid(report: &CompareReport, screen: Screen) -> String {
    let (left, right) = (Side::Left, Side::Right);
    let range = format!("{} range", percent(report.confidence));
    let header = [
        ("provider", left),
        ("before", right),
        ("after", right),
        ("points", right),
        (range.as_str(), right),
        ("mailboxes", right),
        ("verdict", left),
    ];
    let mut grid = Grid::new(header);
    let comparison = &report.comparison;
    for (sample, (shift, judgement)) in report.samples.iter().zip(comparison.shifts.iter().zip(&comparison.providers)) {
        let sides = [flank_words(&sample.before), flank_words(&sample.after)];
        grid.row(row(plain(report.title(sample), 24), sides, shift.diff, shift.paired, judgement));
    }
    let change = &comparison.overall_change;
    let rate = |rate: Option<f64>| rate.map_or("–".to_owned(), percent);
    let sides = [rate(change.before), rate(change.after)];
    grid.row(row("over all".to_owned(), sides, change.diff, change.paired, &comparison.overall));
    grid.fit(screen.columns(), &[(0, 8)]);
    grid.draw(screen)
}

/// Streams side by side, each stream in words, and the screen of streams and providers.
fn streams_section(report: &CompareReport, streams: &Streams, screen: Screen) -> String {
    let mut text = screen.paint(Tone::Strong, "Streams in the same mailboxes and runs");
    text.push('\n');
    for one in &streams.rows {
        let words = format!("{}: {}.", one.stream, report.shift_words(&one.shift, &one.judgement));
        text.push_str(&screen.paragraph(tone(&one.judgement), &words, "  "));
    }
    let words = report.streams_words().unwrap_or_default();
    text.push_str(&screen.paragraph(Tone::Usual, &plain(&words, 600), "  "));
    if streams.screen.len() > 1 {
        text.push('\n');
        text.push_str(&ranking(report, streams, screen));
        let words = "A ranking to see where to look first: q is the share of false findings among a row and those above it. It \
                     finds nothing by itself.";
        text.push_str(&screen.paragraph(Tone::Quiet, words, "  "));
    }
    text
}

/// Most rows of the screen that a terminal is shown; the document has all.
const MOST_RANKED: usize = 20;

fn ranking(report: &CompareReport, streams: &Streams, screen: Screen) -> String {
    let (left, right) = (Side::Left, Side::Right);
    let header = [
        ("stream", left),
        ("provider", left),
        ("before", right),
        ("after", right),
        ("points", right),
        ("mailboxes", right),
        ("q", right),
    ];
    let mut grid = Grid::new(header);
    for one in streams.screen.iter().take(MOST_RANKED) {
        let rate = |rate: Option<f64>| Entry::usual(rate.map_or("–".to_owned(), percent));
        grid.row(vec![
            Entry::usual(one.stream.as_str().to_owned()),
            Entry::usual(plain(report.title_of(&one.provider), 24)),
            rate(one.shift.before),
            rate(one.shift.after),
            Entry::usual(one.shift.diff.map_or("–".to_owned(), points)),
            Entry::usual(one.shift.paired.to_string()),
            Entry::usual(format!("{:.3}", one.q)),
        ]);
    }
    grid.fit(screen.columns(), &[(0, 8), (1, 8)]);
    grid.draw(screen)
}

fn row(title: String, sides: [String; 2], diff: Option<f64>, paired: usize, judgement: &Judgement) -> Vec<Entry> {
    let [before, after] = sides;
    let interval = judgement.interval;
    let range = diff.map_or("–".to_owned(), |_| format!("{} to {}", points(interval.lo), points(interval.hi)));
    vec![
        Entry::usual(title),
        Entry::usual(before),
        Entry::usual(after),
        Entry::usual(diff.map_or("–".to_owned(), points)),
        Entry::usual(range),
        Entry::usual(paired.to_string()),
        Entry::new(tone(judgement), judgement.verdict.word().replace('_', " ")),
    ]
}

fn tone(judgement: &Judgement) -> Tone {
    match judgement.verdict {
        Verdict::Better => Tone::Good,
        Verdict::Worse => Tone::Bad,
        Verdict::MaybeWorse => Tone::Warning,
        Verdict::TooFew | Verdict::NoClearChange | Verdict::MaybeBetter => Tone::Usual,
    }
}

fn notes(report: &CompareReport) -> Vec<String> {
    let gaps = report.samples.iter().zip(&report.comparison.shifts);
    let mut notes: Vec<String> = gaps.filter_map(|(sample, shift)| report.gap_words(sample, shift)).collect();
    notes.extend(report.notes.iter().cloned());
    notes.push(report.weight_words());
    notes.push(setting_words(report.rules).to_owned());
    notes.push("Placement changed or did not at that time; what caused it these figures do not say.".to_owned());
    notes
}
