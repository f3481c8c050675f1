//! The last run as a table of evidence: one row for each probe.

use super::evidence::{self, FoldView};
use super::{StreamPage, parts};
use crate::domain::finding::{Finding, Placement};
use crate::domain::run::RunState;
use crate::domain::sighting::{Tab, TabAnswer};
use crate::render::language::{Language, Noun, filled};
use crate::render::plain::{columns, plain};
use crate::render::report::{AuthWords, Judged};

/// Most columns of what a stranger wrote.
const WIDEST: usize = 300;

/// Longest address that stands on one line of a wide page, in columns.
const ONE_LINE: usize = 34;

/// Most probes of one table, so that a browser can show it.
const MOST: usize = 300;

/// One run.
pub(super) struct RunView {
    pub(super) caption: String,
    pub(super) probes: Vec<ProbeView>,
    pub(super) left_out: Option<String>,
}

/// One probe.
pub(super) struct ProbeView {
    /// The address; parted where it may break if it is too long for one line.
    pub(super) seed: Vec<String>,
    pub(super) provider: String,
    pub(super) paint: &'static str,
    pub(super) placement: String,
    pub(super) folder: String,
    pub(super) arrival: Option<String>,
    /// SPF, DKIM and DMARC, each with its tone; none where the receiver said nothing at all.
    pub(super) auth: Vec<(String, &'static str)>,
    /// What a reader should know, a line each.
    pub(super) evidence: Vec<String>,
    /// Everything else.
    pub(super) fold: Option<FoldView>,
}

/// The stream's last run.
pub(super) fn run_view(page: &StreamPage<'_>, name_stream: bool, language: Language) -> RunView {
    let (words, report) = (language.words(), page.last);
    let run = report.run.id.0.to_string();
    let state = match report.run.state {
        RunState::Complete => words.state_complete.to_owned(),
        RunState::Running => words.state_running.to_owned(),
        RunState::Interrupted => filled(words.state_interrupted, &[("run", &run)]),
    };
    let date = language.minute(report.run.started_at);
    let mut caption = filled(words.last_run_of, &[("run", run.as_str()), ("date", &date), ("state", &state)]);
    if name_stream {
        caption = format!("{} · {caption}", filled(words.stream_heading, &[("stream", page.figures.stream.as_str())]));
    }
    if report.run.simulated {
        caption = format!("{caption} · {}", words.simulated);
    }
    let here = report.probes.iter().filter(|judged| judged.probe.stream == page.figures.stream);
    let mut probes: Vec<&Judged> = here.collect();
    // What needs a reader comes first.
    probes.sort_by_key(|judged| std::cmp::Reverse(trouble(&judged.finding)));
    let more = probes.len().saturating_sub(MOST);
    let gaps = [("probes", language.counted(more, Noun::PROBE)), ("run", run.clone())];
    let gaps = gaps.each_ref().map(|(gap, filling)| (*gap, filling.as_str()));
    let left_out = (more > 0).then(|| filled(words.probes_left_out, &gaps));
    let view = |judged: &Judged| probe_view(judged, report.title(&judged.probe.provider), &run, language);
    RunView { caption, probes: probes.into_iter().take(MOST).map(view).collect(), left_out }
}

fn trouble(finding: &Finding) -> u8 {
    match finding.placement() {
        Some(Placement::Spam) => 5,
        Some(Placement::Missing) => 4,
        Some(Placement::Elsewhere) => 3,
        None => UNTOLD,
        Some(Placement::Promotions) => 1,
        Some(Placement::Inbox) => 0,
    }
}

/// How much trouble a finding without a placement is.
const UNTOLD: u8 = 2;

fn probe_view(judged: &Judged, provider: &str, run: &str, language: Language) -> ProbeView {
    let words = language.words();
    let (evidence, late) = match &judged.finding {
        Finding::Found(evidence) => (Some(evidence), None),
        Finding::Missing { late, .. } => (None, late.as_ref()),
        Finding::Pending | Finding::Unmeasured { .. } => (None, None),
    };
    let mut lines = Vec::new();
    if let Some(late) = late {
        lines.push(filled(words.late_copy, &[("folder", &plain(&late.folder.to_string(), WIDEST))]));
    } else if let Some(why) = judged.finding.why() {
        lines.push(plain(&language.reason(&why), WIDEST));
    }
    if evidence.is_some_and(|seen| seen.moved) {
        lines.push(words.moved.to_owned());
    }
    if judged.auth.aligned == Some(false) {
        lines.push(words.not_aligned.to_owned());
    }
    // Where nothing is wrong, the codes are enough.
    let is_well = trouble(&judged.finding) < UNTOLD;
    lines.extend(Some(evidence::verdict(judged, !is_well, language)).filter(|line| !line.is_empty()));
    let seed = plain(judged.probe.seed.as_str(), WIDEST);
    ProbeView {
        seed: if columns(&seed) > ONE_LINE { parts(&seed) } else { vec![seed] },
        provider: plain(provider, WIDEST),
        paint: judged.finding.placement().map_or("paper", Placement::word),
        placement: placement(&judged.finding, language),
        folder: evidence.map(|seen| plain(&seen.folder.to_string(), WIDEST)).unwrap_or_default(),
        arrival: judged.latency().map(|latency| language.span(latency)),
        auth: auth(&judged.auth),
        evidence: lines,
        fold: evidence::fold(judged, run, language),
    }
}

/// The placement, with the tab where there is one to tell.
fn placement(finding: &Finding, language: Language) -> String {
    let words = language.words();
    let placement = match (finding.placement(), finding) {
        (Some(placement), _) => language.placement(placement).to_owned(),
        (None, Finding::Pending) => words.pending.to_owned(),
        (None, _) => words.not_measured.to_owned(),
    };
    let Finding::Found(seen) = finding else { return placement };
    match &seen.tab {
        TabAnswer::Known(Tab::Promotions) | TabAnswer::NotApplicable => placement,
        TabAnswer::Known(tab) => format!("{placement}, {}", filled(words.tab_of, &[("tab", language.tab(*tab))])),
        TabAnswer::Unknown | TabAnswer::Failed(_) => format!("{placement}, {}", words.tab_unknown),
    }
}

/// The three results in the words of RFC 8601 §2.7, `–` where the receiver said nothing of one.
fn auth(auth: &AuthWords) -> Vec<(String, &'static str)> {
    let results = [&auth.spf, &auth.dkim, &auth.dmarc];
    if results.iter().all(|result| result.is_none()) {
        return Vec::new();
    }
    let shown = |result: &Option<String>| match result.as_deref() {
        Some("pass") => ("pass".to_owned(), ""),
        Some(word) => (plain(word, 20), "tone bad"),
        None => ("–".to_owned(), ""),
    };
    results.map(shown).into()
}
