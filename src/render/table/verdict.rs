//! The verdict on a run in words, with the exit code it means.

use super::{Screen, Tone};
use crate::domain::health::{ENOUGH, Health};
use crate::domain::run::RunState;
use crate::render::comparison::worth;
use crate::render::plain::plain;
use crate::render::report::{ProviderTally, RunReport, Tallies};
use crate::render::words::{counted, percent, range};

/// Which verb a table closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// `run` or `sweep`, whose exit code is the verdict.
    Judging,
    /// `show`, which always exits 0.
    Showing,
}

/// The closing paragraph.
pub(super) fn verdict(report: &RunReport, closing: Closing, screen: Screen) -> String {
    let code = |code: u8| match closing {
        Closing::Judging => format!("exit code {code}"),
        Closing::Showing => format!("run and sweep say so with exit code {code}"),
    };
    match report.run.state {
        RunState::Interrupted => {
            let sweep = format!("inboxed sweep {}", report.run.id.0);
            return screen.paragraph(
                Tone::Warning,
                &format!("Interrupted: `{sweep}` finishes it ({}).", code(130)),
                "",
            );
        }
        RunState::Running => return screen.paragraph(Tone::Warning, "Still running: these figures will change.", ""),
        RunState::Complete => {}
    }
    let (tone, words, exit) = match report.health() {
        Health::TooFew => {
            let words = format!("Not judged: no provider has {ENOUGH} measured probes");
            (Tone::Warning, words, 3)
        }
        Health::Healthy => (Tone::Good, "Healthy: no provider is beyond a threshold".to_owned(), 0),
        Health::Warning => {
            (Tone::Warning, format!("Warning: {}", crossings(report, &report.tallies(), Health::Warning)), 1)
        }
        Health::Critical => {
            (Tone::Bad, format!("Critical: {}", crossings(report, &report.tallies(), Health::Critical)), 2)
        }
    };
    let mut text = screen.paragraph(tone, &format!("{words} ({}).", code(exit)), "");
    for doubt in doubts(report).into_iter().chain(caveats(report)) {
        text.push_str(&screen.paragraph(Tone::Quiet, &doubt, ""));
    }
    text
}

/// Which streams are beyond a threshold taken alone, in one sentence with how grave that is; `None` where none is, or only
/// one ran.
pub(crate) fn alone(report: &RunReport) -> Option<(Health, String)> {
    let beyond = report.beyond_alone();
    let worst = beyond.first().map(|(_, _, health)| *health)?;
    let one = |(stream, tallies, health): &(_, Tallies, Health)| {
        let said = crossings(report, tallies, *health);
        format!("{stream} {} ({said})", if *health == Health::Critical { "is critical" } else { "is a warning" })
    };
    let said: Vec<String> = beyond.iter().map(one).collect();
    Some((worst, format!("Taken alone, {}; the exit code pools all streams.", said.join(", "))))
}

/// Which thresholds are crossed, worst first, in words.
fn crossings(report: &RunReport, tallies: &Tallies, worst: Health) -> String {
    let limits = report.thresholds;
    let mut said = Vec::new();
    for ProviderTally { provider, tally } in &tallies.providers {
        if tally.measured() < ENOUGH {
            continue;
        }
        let inbox = if worst == Health::Critical { limits.inbox_crit } else { limits.inbox_warn };
        if tally.interval.hi < inbox {
            let range = range(tally.interval);
            said.push(format!("{} inbox range {range} lies below {}", provider.title, percent(inbox)));
        }
        let spam = if worst == Health::Critical { limits.spam_crit } else { limits.spam_warn };
        let share = tally.spam.filter(|(_, interval)| provider.spam_threshold && interval.lo > spam);
        if let Some((_, interval)) = share {
            said.push(format!("{} spam range {} lies above {}", provider.title, range(interval), percent(spam)));
        }
    }
    said.join("; ")
}

/// Where a rate says less than it seems to: much is unmeasured, or the same mailboxes answered several times.
fn caveats(report: &RunReport) -> Vec<String> {
    let tallies = report.tallies();
    let all = (tallies.providers.len() > 1).then_some(("All providers", &tallies.all));
    let each = tallies.providers.iter().map(|one| (one.provider.title.as_str(), &one.tally));
    let mut caveats = Vec::new();
    for (title, tally) in each.chain(all) {
        let (share, title) = (tally.share, plain(title, 32));
        if let Some((worst, best)) = share.open_range().filter(|_| share.measured > 0) {
            let probes = counted(share.measured + share.unmeasured, "probe");
            let (worst, best) = (percent(worst), percent(best));
            caveats.push(format!(
                "{title}: {} of {probes} not measured, so the rate may lie anywhere from {worst} to {best}.",
                share.unmeasured
            ));
        }
        if tally.pooled.is_worth_little() {
            caveats.push(format!("{title}: {}.", worth(&tally.pooled, "")));
        }
    }
    caveats
}

/// Providers whose rate lies beyond the warning threshold while their range does not: no verdict, but worth a sentence.
fn doubts(report: &RunReport) -> Vec<String> {
    let warn = report.thresholds.inbox_warn;
    let tallies = report.tallies();
    let doubtful = tallies.providers.iter().filter_map(|ProviderTally { provider, tally }| {
        let rate = tally.rate.filter(|rate| *rate < warn && tally.measured() >= ENOUGH && tally.interval.hi >= warn)?;
        Some(format!("{} at {}", provider.title, percent(rate)))
    });
    let doubtful: Vec<String> = doubtful.collect();
    if doubtful.is_empty() {
        return Vec::new();
    }
    let limit = percent(warn);
    vec![format!("Below {limit}, but with a range that reaches it, so not evidence yet: {}.", doubtful.join(", "))]
}
