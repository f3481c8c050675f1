//! Alerts: what of a run is worth telling somebody who does not watch.
//!
//! Each event has a key that says what it is about, so that it is told once however often the same facts are judged. A
//! threshold is told when the weeks together cross it and once more when they are back; a single bad test is not told. A
//! run that could look at too few probes is told as that, and never as bad placement.

mod returned;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::health::Thresholds;
use super::interval::count;
use super::monitor::{Point, Series, Signal, Turn, WeekName};
use super::provider::ProviderName;
use super::reputation::Reputation;
use super::run::RunId;
use super::schedule::Period;
use super::seed::Address;
use super::stream::StreamName;
use super::threshold::{Band, of_signal};
use super::trend::WeekState;
use returned::returned;
pub(crate) use returned::{returned_part, returned_told};

/// Above this share of probes that were not looked at a run cannot be judged.
const MOST_UNMEASURED: f64 = 0.20;
/// Most seeds named in one sentence.
const NAMED: usize = 5;

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Occasion {
    /// A rate crossed a threshold.
    Threshold,
    /// A rate is healthy again.
    Recovery,
    /// A seed cannot be read any more.
    Seed,
    /// DNS changed.
    Dns,
    /// A run could not be judged.
    Unjudged,
    /// A run was made. For a monitor that misses it; nobody else is told.
    Heartbeat,
    /// The user asked for one.
    Test,
}

impl Occasion {
    /// The word of the configuration and of the JSON contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Threshold => "threshold",
            Self::Recovery => "recovery",
            Self::Seed => "seed",
            Self::Dns => "dns",
            Self::Unjudged => "unjudged",
            Self::Heartbeat => "heartbeat",
            Self::Test => "test",
        }
    }
}

/// How grave an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Good to know.
    Info,
    /// To look at soon.
    Warning,
    /// To look at now.
    Critical,
}

impl Severity {
    /// The word of the JSON contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Something worth telling.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    /// What it is about; equal keys are told once.
    pub(crate) key: String,
    /// The occasion.
    pub(crate) occasion: Occasion,
    /// How grave it is.
    pub(crate) severity: Severity,
    /// One sentence.
    pub(crate) title: String,
    /// What it rests on, a sentence each.
    pub(crate) evidence: Vec<String>,
    /// What to do; `None` where nothing is to be done.
    pub(crate) action: Option<String>,
    /// The stream.
    pub(crate) stream: Option<StreamName>,
    /// The provider.
    pub(crate) provider: Option<ProviderName>,
}

/// A change of DNS, as far as an alert tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DnsNews {
    /// The domain.
    pub(crate) domain: String,
    /// When it was first seen.
    pub(crate) seen_at: Timestamp,
    /// The differences in words.
    pub(crate) differences: Vec<String>,
}

/// What is known after a run.
#[derive(Debug, Clone)]
pub(crate) struct Aftermath<'a> {
    /// The run.
    pub(crate) run: RunId,
    /// The week it belongs to.
    pub(crate) week: WeekName,
    /// Every series up to this run.
    pub(crate) series: &'a [Series],
    /// The thresholds.
    pub(crate) thresholds: Thresholds,
    /// What tables call the providers.
    pub(crate) titles: &'a BTreeMap<ProviderName, String>,
    /// Seeds that could not be read in this run, with the reason.
    pub(crate) unreadable: &'a BTreeMap<Address, String>,
    /// Seeds that could be read in the run before; empty without one.
    pub(crate) readable_before: &'a BTreeSet<Address>,
    /// Probes of the run.
    pub(crate) planned: usize,
    /// Those about which nothing can be said.
    pub(crate) unmeasured: usize,
    /// What changed in DNS since the run before.
    pub(crate) dns: &'a [DnsNews],
    /// What SES counted, by account and region.
    pub(crate) reputations: &'a [Reputation],
    /// What was told last of an account's bounces or complaints, by [`returned_part`]; absent: nothing yet.
    pub(crate) told: &'a BTreeMap<String, Band>,
    /// The confidence of every interval.
    pub(crate) confidence: f64,
}

/// Everything that is worth telling after a run, the gravest first.
pub(crate) fn events(after: &Aftermath<'_>) -> Vec<Event> {
    let mut events: Vec<Event> = after.series.iter().filter_map(|series| turned(after, series)).collect();
    events.extend(after.reputations.iter().flat_map(|one| returned(after, one)));
    events.extend(lost_seeds(after));
    events.extend(unjudged(after));
    events.extend(after.dns.iter().map(dns_changed));
    events.sort_by_key(|event| std::cmp::Reverse(event.severity));
    events
}

/// The sign of life after a run.
pub(crate) fn heartbeat(run: RunId) -> Event {
    Event {
        key: format!("heartbeat/run-{}", run.0),
        occasion: Occasion::Heartbeat,
        severity: Severity::Info,
        title: format!("run {} was made", run.0),
        evidence: Vec::new(),
        action: None,
        stream: None,
        provider: None,
    }
}

/// That the run of a period was due long ago and no start could make it.
pub(crate) fn overdue(period: &Period) -> Event {
    Event {
        key: format!("unjudged/period-{}", period.key),
        occasion: Occasion::Unjudged,
        severity: Severity::Warning,
        title: format!("no run of {} could be made; it was due at {}", period.key, period.due),
        evidence: vec!["Each start ended before anything could be sent; the next one tries again.".to_owned()],
        action: Some("see what `inboxed check` says of SES and of the seeds, and the log of the service".to_owned()),
        stream: None,
        provider: None,
    }
}

/// The one that the user asked for.
pub(crate) fn trial(at: Timestamp) -> Event {
    Event {
        key: format!("test/{}", at.as_millisecond()),
        occasion: Occasion::Test,
        severity: Severity::Info,
        title: "a test alert of inboxed: whoever reads this is reached".to_owned(),
        evidence: Vec::new(),
        action: None,
        stream: None,
        provider: None,
    }
}

fn turned(after: &Aftermath<'_>, series: &Series) -> Option<Event> {
    let last = series.last().filter(|point| point.week == after.week)?;
    let turn = series.turn()?;
    let threshold = of_signal(series.signal, after.thresholds);
    let name = after.titles.get(&series.provider).map_or(series.provider.as_str(), String::as_str);
    let what = match series.signal {
        Signal::Inbox => "inbox rate",
        Signal::Spam => "share of spam",
        Signal::Missing => "share of missing mail",
    };
    let about = format!("{}/{}/{}/{}", series.stream, series.provider.as_str(), series.signal.word(), last.week);
    let (key, occasion, severity, title, action) = match turn {
        Turn::Alarm(state) => {
            let severity = if state == WeekState::Critical { Severity::Critical } else { Severity::Warning };
            let title = format!("{name}: the {what} of {} {}", series.stream, told(state, series.signal));
            let action = format!("{}: {}", threshold.meaning, threshold.action);
            (format!("threshold/{about}/{}", state.word()), Occasion::Threshold, severity, title, Some(action))
        }
        Turn::Recovered => {
            let title = format!("{name}: the {what} of {} is healthy again", series.stream);
            (format!("recovery/{about}"), Occasion::Recovery, Severity::Info, title, None)
        }
    };
    Some(Event {
        key,
        occasion,
        severity,
        title,
        evidence: vec![weeks(&series.points)],
        action,
        stream: Some(series.stream.clone()),
        provider: Some(series.provider.clone()),
    })
}

/// How a state is told.
fn told(state: WeekState, signal: Signal) -> &'static str {
    match (state, signal) {
        (WeekState::Critical, _) => "is critical",
        (WeekState::Decline, Signal::Inbox) => "has fallen below this sender's own past",
        (WeekState::Decline, Signal::Spam | Signal::Missing) => "has risen above this sender's own past",
        (WeekState::Low, _) => "has been worse than that of a healthy sender for weeks",
        (WeekState::Warning | WeekState::Watch | WeekState::Ok | WeekState::TooFew, _) => "has crossed its threshold",
    }
}

/// The last weeks in figures: `2026-W47 18 of 20, 2026-W48 13 of 20`.
fn weeks(points: &[Point]) -> String {
    let shown: Vec<String> = points
        .iter()
        .rev()
        .take(NAMED)
        .rev()
        .map(|point| format!("{} {} of {}", point.week, point.hits, point.measured))
        .collect();
    shown.join(", ")
}

fn lost_seeds(after: &Aftermath<'_>) -> Option<Event> {
    let lost: Vec<(&Address, &String)> =
        after.unreadable.iter().filter(|(seed, _)| after.readable_before.contains(*seed)).collect();
    let (first, _) = lost.first()?;
    let title = if lost.len() == 1 {
        format!("the seed {} cannot be read any more", first.as_str())
    } else {
        format!("{} seeds cannot be read any more", lost.len())
    };
    let mut evidence: Vec<String> =
        lost.iter().take(NAMED).map(|(seed, why)| format!("{}: {why}", seed.as_str())).collect();
    if lost.len() > NAMED {
        evidence.push(format!("and {} more", lost.len().saturating_sub(NAMED)));
    }
    Some(Event {
        key: format!("seed/run-{}", after.run.0),
        occasion: Occasion::Seed,
        severity: Severity::Warning,
        title,
        evidence,
        action: Some("run `inboxed check` for the remedy; until then these seeds are unmeasured".to_owned()),
        stream: None,
        provider: None,
    })
}

fn unjudged(after: &Aftermath<'_>) -> Option<Event> {
    if after.planned == 0 || count(after.unmeasured) / count(after.planned) <= MOST_UNMEASURED {
        return None;
    }
    let reasons: BTreeSet<&String> = after.unreadable.values().collect();
    Some(Event {
        key: format!("unjudged/run-{}", after.run.0),
        occasion: Occasion::Unjudged,
        severity: Severity::Warning,
        title: format!(
            "run {}: {} of {} could not be judged",
            after.run.0,
            after.unmeasured,
            if after.planned == 1 { "1 probe".to_owned() } else { format!("{} probes", after.planned) }
        ),
        evidence: reasons.into_iter().take(NAMED).cloned().collect(),
        action: Some(format!(
            "`inboxed show {}` has the reasons; nothing is concluded from what was not seen",
            after.run.0
        )),
        stream: None,
        provider: None,
    })
}

fn dns_changed(news: &DnsNews) -> Event {
    Event {
        key: format!("dns/{}/{}", news.domain, news.seen_at.as_millisecond()),
        occasion: Occasion::Dns,
        severity: Severity::Info,
        title: format!("the DNS of {} has changed", news.domain),
        evidence: news.differences.iter().take(NAMED).cloned().collect(),
        action: Some(
            "after the next runs `inboxed compare --change last` tells whether placement changed with it".to_owned(),
        ),
        stream: None,
        provider: None,
    }
}

/// Hours in which nobody is told anything, from one time of day to another, over midnight where the end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QuietHours {
    /// Their beginning.
    pub(crate) from: Time,
    /// Their end.
    pub(crate) until: Time,
}

impl QuietHours {
    /// When it may be told again; `None` when it may be told now.
    pub(crate) fn end(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let here = now.to_zoned(zone.clone());
        let time = here.time();
        let is_quiet = if self.from <= self.until {
            (self.from..self.until).contains(&time)
        } else {
            time >= self.from || time < self.until
        };
        if !is_quiet {
            return None;
        }
        let date = if time < self.until { here.date() } else { here.date().tomorrow().ok()? };
        zone.to_ambiguous_timestamp(date.to_datetime(self.until)).compatible().ok().filter(|end| *end > now)
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod year;
