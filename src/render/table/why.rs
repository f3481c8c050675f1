//! The evidence of a run: a sentence for each provider, and a line for each probe.

use super::grid::{Entry, Grid, Side};
use super::{Screen, Tone};
use crate::domain::evidence::Check;
use crate::domain::finding::Placement;
use crate::domain::identity::Alignment;
use crate::domain::share::is_good;
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
    let mut all: Vec<&Judged> = report.probes.iter().collect();
    if all.iter().all(|judged| judged.testimony.is_none()) {
        return None;
    }
    let place = |judged: &&Judged| report.providers.iter().position(|one| one.name == judged.probe.provider);
    all.sort_by_key(|judged| place(judged).unwrap_or(usize::MAX));
    for judged in all {
        let mut row = vec![Entry::usual(plain(judged.probe.seed.as_str(), 254))];
        row.extend(several.then(|| Entry::usual(plain(judged.probe.stream.as_str(), 32))));
        row.push(landed(report, judged));
        row.extend(results(judged));
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
    let legend = "\"other\" passed for a domain that is not From's and proves nothing about it; ? was not told.";
    let title = screen.paint(Tone::Strong, "Evidence");
    Some(format!("{title}\n{}{}", grid.draw(screen), screen.paragraph(Tone::Quiet, legend, "")))
}

/// SPF, DKIM and DMARC; a pass of another domain is told from one of From's.
fn results(judged: &Judged) -> [Entry; 3] {
    let auth = judged.testimony.as_ref().map(|told| &told.testimony.auth);
    let passes = |checks: &[Check]| {
        checks.iter().any(|check| check.word == Some("pass") && check.alignment != Alignment::Different)
    };
    let spf = auth.is_none_or(|auth| auth.spf.as_ref().is_none_or(|check| passes(std::slice::from_ref(check))));
    let dkim = auth.is_none_or(|auth| passes(&auth.dkim));
    let of = |word: &Option<String>, own: bool| match word.as_deref() {
        Some("pass") if !own => Entry::new(Tone::Warning, "other"),
        word => result(word),
    };
    [of(&judged.auth.spf, spf), of(&judged.auth.dkim, dkim), result(judged.auth.dmarc.as_deref())]
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
