//! The history as `runs` prints it: one line for each run.

use super::grid::{Entry, Grid, Side};
use super::run::{rate_tone, setting_words, without_rate};
use super::{Screen, Tone, state_tone};
use crate::domain::health::ENOUGH;
use crate::domain::run::RunState;
use crate::domain::stream::StreamName;
use crate::domain::tally::Tally;
use crate::render::plain::plain;
use crate::render::report::{RunTallies, good};
use crate::render::words::{minute, percent, range};

/// Columns that a narrow terminal does without: the streams and the counts, and every provider's rate.
const WIDE_ONLY: [usize; 2] = [3, 6];
/// The first column that shows a provider.
const PROVIDERS: usize = 8;

/// Runs in the order given.
pub(crate) fn runs_table(reports: &[RunTallies], screen: Screen) -> String {
    let Some(first) = reports.first() else {
        return screen.paragraph(Tone::Usual, "No runs yet. `inboxed run` makes the first one.", "");
    };
    let full = grid(reports, first.confidence, |_| true);
    let mut grid = if full.width() <= screen.columns() {
        full
    } else {
        let last = PROVIDERS + providers(reports).len();
        grid(reports, first.confidence, |at| (at < PROVIDERS && !WIDE_ONLY.contains(&at)) || at >= last)
    };
    grid.fit(screen.columns(), &[(2, 10), (3, 11), (2, 6)]);
    let mut text = grid.draw(screen);
    text.push('\n');
    if reports.iter().any(|report| report.run.simulated) {
        let words = "Runs marked “simulated” were answered by the lab, not by real providers.";
        text.push_str(&screen.paragraph(Tone::Warning, words, ""));
    }
    text.push_str(&screen.paragraph(Tone::Quiet, setting_words(first.rules), ""));
    text
}

/// All runs, with the columns whose numbers are `wanted`.
fn grid(reports: &[RunTallies], confidence: f64, wanted: impl Fn(usize) -> bool) -> Grid {
    let providers = providers(reports);
    let titles: Vec<String> = providers.iter().map(|(_, title)| plain(title, 16)).collect();
    let (left, right) = (Side::Left, Side::Right);
    let range = format!("{} range", percent(confidence));
    let mut header = vec![("run", right), ("started (UTC)", left), ("label", left), ("streams", left), ("state", left)];
    header.extend([("inbox", right), ("probes", right), (range.as_str(), right)]);
    header.extend(titles.iter().map(|title| (title.as_str(), right)));
    header.push(("unmeasured", right));
    let any_pending = reports.iter().any(|report| report.all.all.pending > 0);
    header.extend(any_pending.then_some(("pending", right)));
    let mut grid = Grid::new(header.into_iter().enumerate().filter(|(at, _)| wanted(*at)).map(|(_, one)| one));
    for report in reports {
        let tallies = &report.all;
        let mut row = facts(report);
        row.extend(rate(report, &tallies.all));
        row.extend(providers.iter().map(|(name, _)| {
            let tally = tallies.providers.iter().find(|one| one.provider.name.as_str() == name);
            tally.map_or_else(|| Entry::usual(""), |one| short_rate(report, &one.tally))
        }));
        let apart = |count: usize| Entry::new(if count == 0 { Tone::Quiet } else { Tone::Warning }, count.to_string());
        row.push(apart(tallies.all.unmeasured));
        row.extend(any_pending.then(|| apart(tallies.all.pending)));
        grid.row(row.into_iter().enumerate().filter(|(at, _)| wanted(*at)).map(|(_, one)| one).collect());
    }
    grid
}

/// Name and title of every provider that some run asked, in the order of the reports.
fn providers(reports: &[RunTallies]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for one in reports.iter().flat_map(|report| &report.all.providers) {
        let name = one.provider.name.as_str().to_owned();
        if !all.iter().any(|(known, _)| *known == name) {
            all.push((name, one.provider.title.clone()));
        }
    }
    all
}

fn facts(report: &RunTallies) -> Vec<Entry> {
    let run = &report.run;
    let streams: Vec<&str> = run.streams.iter().map(StreamName::as_str).collect();
    let label = run.label.as_ref().map_or("", |label| label.as_str());
    let origin = if run.simulated { Some("simulated") } else { run.imported.then_some("imported") };
    let state = match (origin, run.state) {
        (Some(origin), RunState::Complete) => origin.to_owned(),
        (Some(origin), state) => format!("{origin}, {}", state.word()),
        (None, state) => state.word().to_owned(),
    };
    vec![
        Entry::usual(run.id.0.to_string()),
        Entry::usual(minute(run.started_at).replace(" UTC", "")),
        Entry::usual(plain(label, 64)),
        Entry::usual(plain(&streams.join(", "), 64)),
        Entry::new(state_tone(run.state), state),
    ]
}

fn rate(report: &RunTallies, tally: &Tally) -> [Entry; 3] {
    let n = tally.measured();
    let counts = Entry::usual(format!("{} of {n}", good(tally, report.rules)));
    match tally.rate {
        Some(_) if n >= ENOUGH => [short_rate(report, tally), counts, Entry::usual(range(tally.interval))],
        Some(_) => [Entry::usual(""), counts, Entry::new(Tone::Quiet, "too few")],
        None => [Entry::usual(""), Entry::new(Tone::Quiet, "–"), Entry::new(Tone::Quiet, without_rate(tally))],
    }
}

/// A rate alone, or the counts where they are too few for one.
fn short_rate(report: &RunTallies, tally: &Tally) -> Entry {
    let n = tally.measured();
    match tally.rate {
        Some(rate) if n >= ENOUGH => Entry::new(rate_tone(report.thresholds, tally), percent(rate)),
        Some(_) => Entry::usual(format!("{} of {n}", good(tally, report.rules))),
        None => Entry::new(Tone::Quiet, "–"),
    }
}
