//! The evidence of a run: a sentence for each provider, and a line for each probe.

use super::grid::{Entry, Grid, Side};
use super::{Screen, Tone};
use crate::domain::finding::Placement;
use crate::domain::tally::is_good;
use crate::render::plain::plain;
use crate::render::report::{Judged, RunReport};
use crate::render::why::{briefs, whys};

/// Longest sentence, in columns.
const SENTENCE: usize = 400;

/// A sentence for each provider; `None` where no header was read.
pub(super) fn why(report: &RunReport, screen: Screen) -> Option<String> {
    let sentences = whys(report);
    if sentences.is_empty() {
        return None;
    }
    let lines = sentences.iter().map(|sentence| screen.paragraph(Tone::Usual, &plain(sentence, SENTENCE), "  "));
    Some(format!("{}\n{}", screen.paint(Tone::Strong, "Why, by what the receivers wrote"), lines.collect::<String>()))
}

/// A line for each probe: where it landed, what the receiver found, what its filter stamped.
pub(super) fn lines(report: &RunReport, screen: Screen) -> Option<String> {
    let several = report.run.streams.len() > 1;
    let mut header = vec![("seed", Side::Left)];
    header.extend(several.then_some(("stream", Side::Left)));
    header.extend(["landed", "SPF", "DKIM", "DMARC", "aligned", "from", "stamps"].map(|name| (name, Side::Left)));
    let mut grid = Grid::new(header);
    let mut read: Vec<&Judged> = report.probes.iter().filter(|judged| judged.testimony.is_some()).collect();
    if read.is_empty() {
        return None;
    }
    let place = |judged: &&Judged| report.providers.iter().position(|one| one.name == judged.probe.provider);
    read.sort_by_key(|judged| place(judged).unwrap_or(usize::MAX));
    for judged in read {
        let mut row = vec![Entry::usual(plain(judged.probe.seed.as_str(), 254))];
        row.extend(several.then(|| Entry::usual(plain(judged.probe.stream.as_str(), 32))));
        row.push(landed(report, judged));
        row.extend([&judged.auth.spf, &judged.auth.dkim, &judged.auth.dmarc].map(|word| result(word.as_deref())));
        row.push(match judged.auth.aligned {
            Some(true) => Entry::new(Tone::Good, "yes"),
            Some(false) => Entry::new(Tone::Bad, "no"),
            None => Entry::new(Tone::Quiet, "?"),
        });
        let ip = judged.testimony.as_ref().and_then(|told| told.testimony.road.sending_ip);
        row.push(ip.map_or_else(|| Entry::new(Tone::Quiet, "?"), |ip| Entry::usual(ip.to_string())));
        row.push(Entry::usual(plain(&briefs(judged).join(", "), 80)));
        grid.row(row);
    }
    let last = if several { 8 } else { 7 };
    grid.fit(screen.columns(), &[(last, 8), (0, 12)]);
    Some(format!("{}\n{}", screen.paint(Tone::Strong, "Evidence"), grid.draw(screen)))
}

fn landed(report: &RunReport, judged: &Judged) -> Entry {
    let placement = judged.finding.placement();
    let tone = match placement {
        Some(one) if is_good(one, report.rules) => Tone::Good,
        Some(Placement::Promotions) => Tone::Usual,
        Some(_) => Tone::Bad,
        None => Tone::Warning,
    };
    Entry::new(tone, placement.map_or("unmeasured", Placement::word))
}

fn result(word: Option<&str>) -> Entry {
    match word {
        Some("pass") => Entry::new(Tone::Good, "pass"),
        Some(word) => Entry::new(Tone::Bad, plain(word, 12)),
        None => Entry::new(Tone::Quiet, "?"),
    }
}
