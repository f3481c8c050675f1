//! A listing: probes one by one, each with what is to be said of it.
//!
//! Where the reasons fit beside their probes they stand there. Where they do not, probes that share a reason stand together
//! and the reason is said once, below the last of them.

use super::grid::{Entry, Grid, Side};
use super::{Screen, Tone};
use crate::render::plain::plain;
use crate::render::report::{Judged, RunReport};

/// Longest folder name shown.
const FOLDER: usize = 40;
/// Longest reason shown.
const REASON: usize = 400;

/// One probe of a listing.
#[derive(Debug, Clone)]
pub(super) struct Item<'a> {
    pub(super) judged: &'a Judged,
    /// The word of the first column.
    pub(super) word: Entry,
    /// The folder, as its reader knows it; `None` where there is none.
    pub(super) folder: Option<String>,
    /// What is to be said of it; `None` when there is nothing.
    pub(super) why: Option<String>,
}

/// Draws a listing under its title; nothing for no items. The items keep their order.
pub(super) fn listing(report: &RunReport, title: &str, items: &[Item<'_>], screen: Screen) -> Option<String> {
    if items.is_empty() {
        return None;
    }
    let reasons: Vec<String> = items.iter().map(|item| plain(item.why.as_deref().unwrap_or(""), REASON)).collect();
    let beside = grid(report, items, Some(&reasons));
    let mut text = format!("{}\n", screen.paint(Tone::Strong, title));
    if beside.width() <= screen.columns() {
        text.push_str(&beside.draw(screen));
        return Some(text);
    }
    let mut below = grid(report, items, None);
    let seed = seed_column(report);
    below.fit(screen.columns(), &[(seed + 1, 12), (seed, 20), (0, 8)]);
    text.push_str(&below.draw_with(screen, &reasons));
    Some(text)
}

/// The number of the column that holds the seed.
fn seed_column(report: &RunReport) -> usize {
    if report.run.streams.len() > 1 { 3 } else { 2 }
}

fn grid(report: &RunReport, items: &[Item<'_>], reasons: Option<&[String]>) -> Grid {
    let several = report.run.streams.len() > 1;
    let folders = items.iter().any(|item| item.folder.is_some());
    let mut header = vec![("provider", Side::Left), ("finding", Side::Left)];
    header.extend(several.then_some(("stream", Side::Left)));
    header.push(("seed", Side::Left));
    header.extend(folders.then_some(("folder", Side::Left)));
    header.extend(reasons.map(|_| ("why", Side::Left)));
    let mut grid = Grid::new(header);
    for (at, item) in items.iter().enumerate() {
        let probe = &item.judged.probe;
        let mut row = vec![Entry::usual(plain(report.title(&probe.provider), 24)), item.word.clone()];
        row.extend(several.then(|| Entry::usual(probe.stream.as_str())));
        row.push(Entry::usual(plain(probe.seed.as_str(), 254)));
        row.extend(folders.then(|| Entry::usual(plain(item.folder.as_deref().unwrap_or(""), FOLDER))));
        row.extend(reasons.and_then(|all| all.get(at)).map(|reason| Entry::new(Tone::Quiet, reason.as_str())));
        grid.row(row);
    }
    grid
}
