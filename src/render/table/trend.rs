//! A trend as text: one line for each provider, one column for each run, for those who read over a terminal.

use std::fmt::Write as _;

use super::{Screen, Tone};
use crate::render::figure::trend::{Bar, Panel, Trend};
use crate::render::language::Language;
use crate::render::plain::{columns, cut};
use crate::render::report::Standing;

/// Columns of a provider's name.
const NAME: usize = 18;
/// Columns kept for the last run's figure.
const LAST: usize = 46;
/// Least and most runs shown.
const RUNS: (usize, usize) = (8, 120);

/// The trend of one stream.
pub(crate) fn trend_table(trend: &Trend, language: Language, screen: Screen) -> String {
    let words = language.words();
    let name = trend.panels.iter().map(|panel| columns(&panel.title)).max().unwrap_or(0).min(NAME);
    let room = screen.columns().saturating_sub(name + LAST + 4).clamp(RUNS.0, RUNS.1);
    let skipped = trend.slots.len().saturating_sub(room);
    let mut text = format!("{}\n", screen.paint(Tone::Strong, &trend.title));
    if trend.simulated {
        let _ = writeln!(text, "{}", screen.paint(Tone::Warning, words.simulated));
    }
    text.push_str(&screen.paragraph(Tone::Quiet, &trend.subtitle, ""));
    text.push('\n');
    if trend.panels.is_empty() {
        let _ = writeln!(text, "{}", words.nothing_asked);
    }
    for panel in &trend.panels {
        text.push_str(&line(panel, name, skipped, screen));
    }
    text.push_str(&marks(trend, name, skipped, screen, language));
    text
}

fn line(panel: &Panel, name: usize, skipped: usize, screen: Screen) -> String {
    let title = cut(&panel.title, name);
    let padding = " ".repeat(name.saturating_sub(columns(&title)));
    let spark: String = panel.bars.iter().skip(skipped).map(block).collect();
    let tone = match panel.standing {
        Standing::Good => Tone::Good,
        Standing::Short => Tone::Warning,
        Standing::Bad => Tone::Bad,
        Standing::TooFew | Standing::Unmeasured => Tone::Quiet,
    };
    let remarks: Vec<&str> =
        panel.remarks.iter().skip(usize::from(panel.remarks.len() > 1)).map(|remark| remark.words.as_str()).collect();
    let headline = format!("{:>6}", panel.headline);
    format!(
        "{title}{padding}  {spark}  {}  {}\n",
        screen.paint(tone, &headline),
        screen.paint(Tone::Quiet, &remarks.join(", "))
    )
}

/// A run's rate in eighths; `·` where nothing was measured, `?` where too few were, a blank where nothing was asked.
fn block(bar: &Bar) -> char {
    match bar {
        Bar::Absent => ' ',
        Bar::Unmeasured => '·',
        Bar::Measured { range: None, .. } => '?',
        Bar::Measured { rate, .. } => {
            let blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
            let reached = |at: usize| *rate >= crate::domain::interval::count(at) / 8.0 - 1e-9;
            let at = (1..blocks.len()).rev().find(|at| reached(*at)).unwrap_or(0);
            blocks.get(at).copied().unwrap_or(' ')
        }
    }
}

/// Where changes lie, below the columns, and what they were.
fn marks(trend: &Trend, name: usize, skipped: usize, screen: Screen, language: Language) -> String {
    let shown: Vec<_> = trend.marks.iter().filter(|mark| mark.before >= skipped).collect();
    let mut text = String::new();
    if let (Some(first), Some(last)) = (trend.slots.get(skipped), trend.slots.last()) {
        let dates = format!("{} – {}", language.day(first.at), language.day_and_year(last.at));
        let mut pointers = vec![' '; trend.slots.len().saturating_sub(skipped) + 1];
        for mark in &shown {
            if let Some(pointer) = pointers.get_mut(mark.before.saturating_sub(skipped)) {
                *pointer = '▲';
            }
        }
        let pointers: String = pointers.into_iter().collect();
        let below = format!("{}  {}", " ".repeat(name), pointers);
        let _ = writeln!(text, "{below}  {}", screen.paint(Tone::Quiet, &dates));
    }
    for mark in shown {
        let slot = trend.slots.get(mark.before).or_else(|| trend.slots.last());
        let date = slot.map(|slot| language.day_and_year(slot.at)).unwrap_or_default();
        text.push_str(&screen.paragraph(Tone::Usual, &format!("▲ {date}: {}", mark.words), "  "));
    }
    text
}
