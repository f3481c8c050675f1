//! The last run as a table of evidence: one row for each probe.

use super::StreamPage;
use crate::domain::finding::{Finding, Placement};
use crate::domain::run::RunState;
use crate::domain::sighting::TabAnswer;
use crate::render::language::{Language, filled};
use crate::render::plain::plain;
use crate::render::report::{AuthWords, Judged};

/// Most columns of what a stranger wrote.
const WIDEST: usize = 300;

/// Most columns of one stamp.
const STAMP: usize = 32;

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
    pub(super) seed: String,
    pub(super) provider: String,
    pub(super) paint: &'static str,
    pub(super) placement: String,
    pub(super) folder: String,
    pub(super) arrival: String,
    pub(super) auth: String,
    pub(super) evidence: Vec<String>,
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
    let here = report.probes.iter().filter(|judged| judged.probe.stream == page.figures.stream);
    let mut probes: Vec<&Judged> = here.collect();
    // What needs a reader comes first.
    probes.sort_by_key(|judged| std::cmp::Reverse(trouble(&judged.finding)));
    let more = probes.len().saturating_sub(MOST);
    let left_out = (more > 0).then(|| filled(words.probes_left_out, &[("n", &more.to_string()), ("run", &run)]));
    let view = |judged: &Judged| probe_view(judged, report.title(&judged.probe.provider), language);
    RunView { caption, probes: probes.into_iter().take(MOST).map(view).collect(), left_out }
}

fn trouble(finding: &Finding) -> u8 {
    match finding.placement() {
        Some(Placement::Spam) => 5,
        Some(Placement::Missing) => 4,
        Some(Placement::Elsewhere) => 3,
        None => 2,
        Some(Placement::Promotions) => 1,
        Some(Placement::Inbox) => 0,
    }
}

fn probe_view(judged: &Judged, provider: &str, language: Language) -> ProbeView {
    let words = language.words();
    let (evidence, late) = match &judged.finding {
        Finding::Found(evidence) => (Some(evidence), None),
        Finding::Missing { late, .. } => (None, late.as_ref()),
        Finding::Pending | Finding::Unmeasured { .. } => (None, None),
    };
    let mut placement = match (judged.finding.placement(), &judged.finding) {
        (Some(placement), _) => language.placement(placement).to_owned(),
        (None, Finding::Pending) => words.pending.to_owned(),
        (None, _) => words.not_measured.to_owned(),
    };
    let tab = evidence.and_then(|seen| match &seen.tab {
        TabAnswer::Known(tab) if *tab != crate::domain::sighting::Tab::Promotions => Some(tab.word()),
        TabAnswer::Unknown | TabAnswer::Failed(_) => Some(words.tab_unknown),
        TabAnswer::Known(_) | TabAnswer::NotApplicable => None,
    });
    if let Some(tab) = tab {
        placement = format!("{placement}, {}", filled(words.tab_of, &[("tab", tab)]));
    }
    let mut lines = Vec::new();
    if !judged.stamps.is_empty() {
        // A stamp that only its receiver can read may be some hundred characters long.
        let stamp = |(name, value): (&String, &String)| format!("{} {}", plain(name, STAMP), plain(value, STAMP));
        lines.push(plain(&judged.stamps.iter().map(stamp).collect::<Vec<_>>().join(" · "), WIDEST));
    }
    if let Some(late) = late {
        lines.push(filled(words.late_copy, &[("folder", &plain(&late.folder.to_string(), WIDEST))]));
    } else if let Some(why) = judged.finding.why() {
        lines.push(plain(&language.reason(&why), WIDEST));
    }
    if evidence.is_some_and(|seen| seen.moved) {
        lines.push(words.moved.to_owned());
    }
    ProbeView {
        seed: plain(judged.probe.seed.as_str(), WIDEST),
        provider: plain(provider, WIDEST),
        paint: judged.finding.placement().map_or("paper", Placement::word),
        placement,
        folder: evidence.map(|seen| plain(&seen.folder.to_string(), WIDEST)).unwrap_or_default(),
        arrival: judged.latency().map_or_else(|| "–".to_owned(), |latency| language.span(latency)),
        auth: auth(&judged.auth),
        evidence: lines,
    }
}

/// The three results in the words of RFC 8601 §2.7, `–` where the receiver said nothing.
fn auth(auth: &AuthWords) -> String {
    let results = [&auth.spf, &auth.dkim, &auth.dmarc];
    if results.iter().all(|result| result.is_none()) {
        return "–".to_owned();
    }
    results.map(|result| result.as_deref().map_or_else(|| "–".to_owned(), |word| plain(word, 20))).join(", ")
}
