//! The matrix of a diagnosis, and each diagnosis in full.

use std::fmt::Write as _;

use super::grid::{Entry, Grid, Side};
use super::{Screen, Tone};
use crate::domain::diagnosis::{Diagnoses, Standing};
use crate::render::language::Language;
use crate::render::plain::plain;
use crate::render::words::{SIMULATED, percent, range};

/// Longest line below the table.
const LINE: usize = 300;
/// Longest name in it.
const NAME: usize = 40;

/// Streams × providers with how each stands, then what shows.
pub(crate) fn diagnosis_table(diagnoses: &Diagnoses, screen: Screen) -> String {
    if diagnoses.runs == 0 {
        return "no complete run yet; `inboxed run` makes the first one\n".to_owned();
    }
    let mut text = matrix(diagnoses).draw(screen);
    let is_unsettled = |standing| diagnoses.matrix.iter().any(|cell| cell.standing(diagnoses.thresholds) == standing);
    // Writing to a String cannot fail.
    if diagnoses.simulated {
        let _ = writeln!(text, "{}", screen.paint(Tone::Warning, SIMULATED));
    }
    if is_unsettled(Standing::Unsettled) {
        let limit = percent(diagnoses.thresholds.inbox_warn);
        let _ = writeln!(
            text,
            "\nunsettled: the range holds {limit}, or reaches too far below it to call it well; make further runs, or add seeds \
             (inboxed plan)"
        );
    }
    if diagnoses.found.is_empty() {
        text.push_str("\nnothing is surely low\n");
    }
    let english = Language::English;
    for one in &diagnoses.reputations {
        let says = english.sending(one, diagnoses.confidence, diagnoses.thresholds);
        let _ = writeln!(text, "\n{}", plain(&says, LINE));
    }
    for one in &diagnoses.found {
        let _ = writeln!(text, "\n{}: {}", one.cause().word(), plain(&english.diagnosis(one), LINE));
        for line in english.evidence(one) {
            let _ = writeln!(text, "  evidence: {}", plain(&line, LINE));
        }
        let _ = writeln!(text, "  doubt: {}\n  next: {}", plain(&english.doubt(one), LINE), english.next_step(one));
    }
    text
}

fn matrix(diagnoses: &Diagnoses) -> Grid {
    use Side::{Left, Right};
    let mut grid = Grid::new([
        ("stands", Left),
        ("stream", Left),
        ("provider", Left),
        ("inbox", Right),
        ("of", Right),
        ("range", Right),
        ("runs", Right),
        ("region", Left),
    ]);
    for cell in &diagnoses.matrix {
        let standing = cell.standing(diagnoses.thresholds);
        let tone = match standing {
            Standing::Low => Tone::Bad,
            Standing::Well => Tone::Good,
            Standing::Unsettled | Standing::TooFew => Tone::Quiet,
        };
        let shown = |text: String| Entry::usual(if cell.measured == 0 { "–".to_owned() } else { text });
        grid.row(vec![
            Entry::new(tone, standing.word().replace('_', " ")),
            Entry::usual(plain(&cell.stream, NAME)),
            Entry::usual(plain(&cell.title, NAME)),
            shown(cell.rate.map_or("–".to_owned(), percent)),
            Entry::usual(cell.measured.to_string()),
            shown(range(cell.interval)),
            Entry::usual(cell.runs.to_string()),
            Entry::usual(cell.region.as_deref().map_or("–".to_owned(), |region| plain(region, NAME))),
        ]);
    }
    grid
}
