//! One probe's whole story as `show RUN SEED` prints it: what was sent, every look, what decided, what the headers said.

use std::time::Duration;

use super::evidence::evidence;
use super::grid::{Entry, Grid, Side};
use super::{Screen, Tone, headline};
use crate::domain::finding::{Finding, Placement};
use crate::domain::probe::TAG_HEADER;
use crate::domain::sighting::{Sighting, Sweep, TabAnswer};
use crate::render::json::tab_word;
use crate::render::plain::{columns, plain};
use crate::render::report::{Judged, RunReport};
use crate::render::words::{counted, second, span, time_of_day};

/// Most header fields shown.
const FIELDS: usize = 24;
/// Longest header field shown, in columns.
const FIELD: usize = 320;
/// Longest sentence of a server shown, in columns.
const SENTENCE: usize = 400;

/// A probe with everything that is stored about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Story<'a> {
    /// The probe and its finding.
    pub(crate) judged: &'a Judged,
    /// Every sweep through its seed since the run's plan, oldest first.
    pub(crate) sweeps: &'a [Sweep],
    /// Raw headers of the copy that decided; `None` when none was seen.
    pub(crate) headers: Option<&'a str>,
}

/// The story of one probe of a report.
pub(crate) fn story_table(report: &RunReport, story: &Story<'_>, screen: Screen) -> String {
    let probe = &story.judged.probe;
    let provider = plain(report.title(&probe.provider), 32);
    let title = format!("{} · {provider} · {}", plain(probe.seed.as_str(), 254), probe.stream);
    let head = format!("{}\n{}", screen.paint(Tone::Strong, &title), finding(report, story.judged, screen));
    let mut parts = vec![headline(report, screen), head, facts(report, story.judged, screen)];
    if let Some(told) = &story.judged.testimony {
        parts.extend(evidence(&told.testimony, &told.remarks, screen));
    }
    parts.push(looks(story, screen));
    parts.extend(story.headers.map(|raw| headers(raw, screen)));
    parts.join("\n")
}

/// The finding in one sentence.
fn finding(report: &RunReport, judged: &Judged, screen: Screen) -> String {
    let (tone, mut words) = match &judged.finding {
        Finding::Found(evidence) => {
            let folder = plain(&evidence.folder.to_string(), 64);
            let folder = if folder.is_empty() { "no folder that was told".to_owned() } else { folder };
            let tab = tab_word(&evidence.tab).map(|tab| format!(", tab {tab}")).unwrap_or_default();
            let word = evidence.placement.map_or("unmeasured", Placement::word);
            let good = evidence.placement.is_some_and(|one| crate::domain::share::is_good(one, report.rules));
            let tone = if good { Tone::Good } else { Tone::Bad };
            (tone, format!("{word}: seen in {folder}{tab}"))
        }
        Finding::Missing { .. } => (Tone::Bad, "missing".to_owned()),
        Finding::Pending => (Tone::Warning, "pending".to_owned()),
        Finding::Unmeasured { .. } => (Tone::Warning, "unmeasured".to_owned()),
    };
    if let Some(why) = judged.finding.why() {
        words.push_str(". ");
        words.push_str(&plain(&why, SENTENCE));
    }
    screen.paragraph(tone, &words, "")
}

/// Times and ids, one on each line.
fn facts(report: &RunReport, judged: &Judged, screen: Screen) -> String {
    let probe = &judged.probe;
    let mut facts: Vec<(&str, String)> = vec![("state", probe.state.word().to_owned())];
    if let Some(why) = &probe.why {
        facts.push(("said", plain(why, SENTENCE)));
    }
    facts.extend(probe.claimed_at.map(|at| ("claimed", second(at))));
    facts.extend(probe.handed_at.map(|at| ("taken by SES", second(at))));
    let watched = probe.deadline(report.run.wait).filter(|_| !probe.is_told());
    facts.extend(watched.map(|at| ("watched until", second(at))));
    if let Finding::Found(evidence) = &judged.finding {
        let took = judged.latency().map(|took| format!(", {} after it was sent", span(took))).unwrap_or_default();
        match (evidence.arrived_at, judged.latency()) {
            (Some(at), _) => facts.push(("arrived", format!("{}{took}", second(at)))),
            (None, Some(took)) => facts.push(("arrived", format!("{} after it was sent", span(took)))),
            (None, None) => {}
        }
        if !probe.is_told() {
            facts.push(("first seen", second(evidence.first_seen_at)));
        }
        if evidence.moved {
            facts.push(("moved", "looks saw it in different folders".to_owned()));
        }
    }
    if let Finding::Missing { late: Some(late), .. } = &judged.finding {
        facts.push(("came late", format!("{}, to {}", second(late.at), plain(&late.folder.to_string(), 64))));
    }
    facts.extend(probe.ses_id.as_ref().map(|id| ("SES id", id.as_str().to_owned())));
    if !probe.is_told() {
        // A whole tag would let a reader of this page forge the probe while its run is open.
        let start: String = probe.tag.as_str().chars().take(4).collect();
        facts.push((
            "tag",
            if probe.tagged { format!("{start}…") } else { "none: found by the SES id alone".to_owned() },
        ));
    }
    let width = facts.iter().map(|(name, _)| columns(name)).max().unwrap_or(0);
    let indent = " ".repeat(width + 2);
    let line = |(name, value): &(&str, String)| {
        let gap = " ".repeat(width.saturating_sub(columns(name)) + 2);
        let label = screen.paint(Tone::Quiet, name);
        let value = super::wrap(value, screen.columns().saturating_sub(indent.len())).join(&format!("\n{indent}"));
        format!("{label}{gap}{value}\n")
    };
    facts.iter().map(line).collect()
}

/// Every look, with what it saw of this probe.
fn looks(story: &Story<'_>, screen: Screen) -> String {
    if story.judged.probe.is_told() {
        return screen.paragraph(Tone::Usual, "Imported as it was told: no look of our own stands behind it.", "");
    }
    if story.sweeps.is_empty() {
        return screen.paragraph(Tone::Usual, "No look was made at this seed.", "");
    }
    let mut grid = Grid::new([("began", Side::Left), ("took", Side::Right), ("look", Side::Left), ("saw", Side::Left)]);
    let mut notes = Vec::new();
    for sweep in story.sweeps {
        let took = Duration::try_from(sweep.ended_at.duration_since(sweep.began_at)).unwrap_or_default();
        let whole = match &sweep.failed {
            None => Entry::usual("complete"),
            Some(_) => Entry::new(Tone::Warning, "incomplete"),
        };
        let mut copies: Vec<String> = sweep.sightings.iter().map(copy).collect();
        copies.sort_unstable();
        if copies.is_empty() {
            copies.push("nothing".to_owned());
        }
        let mut first = Some([Entry::usual(time_of_day(sweep.began_at)), Entry::usual(span(took)), whole]);
        for copy in copies {
            let blank = || [(); 3].map(|()| Entry::usual(""));
            let mut row = Vec::from(first.take().unwrap_or_else(blank));
            row.push(Entry::usual(copy));
            grid.row(row);
            notes.push(String::new());
        }
        if let (Some(note), Some(why)) = (notes.last_mut(), &sweep.failed) {
            *note = plain(why, SENTENCE);
        }
    }
    grid.fit(screen.columns(), &[(3, 24)]);
    let title = screen.paint(Tone::Strong, &counted(story.sweeps.len(), "look"));
    format!("{title}\n{}", grid.draw_with(screen, &notes))
}

/// One sighting in words.
fn copy(seen: &Sighting) -> String {
    let mut words = vec![plain(&seen.folder.to_string(), 64), format!("({})", seen.role.word())];
    words.push(match &seen.tab {
        TabAnswer::NotApplicable => String::new(),
        TabAnswer::Known(tab) => format!("tab {}", tab.word()),
        TabAnswer::Unknown => "tab unknown".to_owned(),
        TabAnswer::Failed(why) => format!("tab not asked: {}", plain(why, 120)),
    });
    words.push(format!("UID {}", seen.uid));
    words.extend(seen.arrived_at.map(|at| format!("arrived {}", time_of_day(at))));
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// A field as it may be shown: of a tag only its beginning.
fn masked(field: &str) -> String {
    match field.split_once(':') {
        Some((name, tag)) if name.trim().eq_ignore_ascii_case(TAG_HEADER) => {
            format!("{name}: {}…", tag.trim().chars().take(4).collect::<String>())
        }
        Some(_) | None => field.to_owned(),
    }
}

/// The first fields of a header block, each unfolded (RFC 5322 §2.2.3) to one paragraph.
fn headers(raw: &str, screen: Screen) -> String {
    let mut fields: Vec<String> = Vec::new();
    for line in raw.lines().take_while(|line| !line.is_empty()) {
        match fields.last_mut() {
            Some(field) if line.starts_with([' ', '\t']) => field.push_str(line),
            Some(_) | None => fields.push(line.to_owned()),
        }
    }
    let mut text = format!("{}\n", screen.paint(Tone::Strong, "Headers of the copy that decided"));
    for field in fields.iter().take(FIELDS).map(|field| masked(field)) {
        text.push_str(&screen.paragraph(Tone::Usual, &plain(&field, FIELD), "    "));
    }
    let more = fields.len().saturating_sub(FIELDS);
    if more > 0 {
        text.push_str(&screen.paragraph(Tone::Quiet, &format!("… and {}", counted(more, "more field")), ""));
    }
    text
}
