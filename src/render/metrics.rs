//! Metrics in the text format that Prometheus and its textfile collector read. The last line makes it `OpenMetrics`, too.
//!
//! A figure that is not known is absent: 0 would be a lie.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::domain::finding::Placement;
use crate::domain::tally::Tally;
use crate::domain::trend::Step;

/// Everything that is shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Exposition {
    /// The exit code of `status`.
    pub(crate) exit: u8,
    /// The last complete run and when it began.
    pub(crate) last_run: Option<(i64, Timestamp)>,
    /// When the next run is due.
    pub(crate) next_due: Option<Timestamp>,
    /// Whether the present period lacks its run for more than a day.
    pub(crate) overdue: bool,
    /// Alerts still to be delivered.
    pub(crate) pending: u32,
    /// Alerts given up lately.
    pub(crate) given_up: u32,
    /// Seeds that could not be read in the last run.
    pub(crate) unreadable: usize,
    /// Stream, provider and what the last run found there.
    pub(crate) tallies: Vec<(String, String, Tally)>,
    /// Account where it is known, region, share of bounces, share of complaints: what SES counted in two weeks.
    pub(crate) returns: Vec<(Option<String>, String, f64, f64)>,
    /// Stream, provider, signal, whether it is in alarm, and the accounts of the test.
    pub(crate) trends: Vec<(String, String, &'static str, bool, Option<Step>)>,
}

/// One family of figures.
struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl<'a> Family<'a> {
    fn new(text: &'a mut String, name: &'static str, help: &str) -> Self {
        // Writing to a String cannot fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        Self { text, name }
    }

    fn figure(&mut self, labels: &[(&str, &str)], figure: f64) {
        self.text.push_str(self.name);
        for (index, (label, value)) in labels.iter().enumerate() {
            let _ = write!(self.text, "{}{label}=\"{}\"", if index == 0 { '{' } else { ',' }, escaped(value));
        }
        let _ = writeln!(self.text, "{} {figure}", if labels.is_empty() { "" } else { "}" });
    }
}

/// A label's value (the exposition format's three escapes).
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn seconds(at: Timestamp) -> f64 {
    crate::domain::interval::count(usize::try_from(at.as_second()).unwrap_or(0))
}

/// The page.
pub(crate) fn exposition(found: &Exposition) -> String {
    let mut text = String::new();
    Family::new(
        &mut text,
        "inboxed_health",
        "Exit code of inboxed status: 0 healthy, 1 warning, 2 critical, 3 too few.",
    )
    .figure(&[], f64::from(found.exit));
    if let Some((_, at)) = found.last_run {
        Family::new(&mut text, "inboxed_last_run_timestamp_seconds", "When the last complete run began.")
            .figure(&[], seconds(at));
    }
    if let Some(next) = found.next_due {
        Family::new(&mut text, "inboxed_next_run_timestamp_seconds", "When the next run is due.")
            .figure(&[], seconds(next));
    }
    Family::new(&mut text, "inboxed_run_overdue", "Whether the present period has lacked its run for a day.")
        .figure(&[], f64::from(u8::from(found.overdue)));
    Family::new(&mut text, "inboxed_seeds_unreadable", "Seeds that could not be read in the last run.")
        .figure(&[], crate::domain::interval::count(found.unreadable));
    Family::new(&mut text, "inboxed_alerts_pending", "Alerts that are still to be delivered.")
        .figure(&[], f64::from(found.pending));
    Family::new(&mut text, "inboxed_alerts_given_up", "Alerts of the last week that could not be delivered.")
        .figure(&[], f64::from(found.given_up));
    push_returns(&mut text, found);
    push_tallies(&mut text, found);
    push_trends(&mut text, found);
    text.push_str("# EOF\n");
    text
}

fn push_returns(text: &mut String, found: &Exposition) {
    if found.returns.is_empty() {
        return;
    }
    let mut bounces =
        Family::new(text, "inboxed_bounce_ratio", "Share of the account's mail that bounced in two weeks.");
    for (account, region, bounced, _) in &found.returns {
        bounces.figure(&whose(account.as_deref(), region), *bounced);
    }
    let mut complaints = Family::new(text, "inboxed_complaint_ratio", "Share of it that somebody called spam.");
    for (account, region, _, complained) in &found.returns {
        complaints.figure(&whose(account.as_deref(), region), *complained);
    }
}

/// The labels of what SES counted.
fn whose<'a>(account: Option<&'a str>, region: &'a str) -> Vec<(&'a str, &'a str)> {
    account.map(|account| ("account", account)).into_iter().chain([("region", region)]).collect()
}

fn push_tallies(text: &mut String, found: &Exposition) {
    if found.tallies.is_empty() {
        return;
    }
    let mut probes = Family::new(text, "inboxed_probes", "Probes of the last run by placement.");
    for (stream, provider, tally) in &found.tallies {
        let places = Placement::ALL.map(|placement| (placement.word(), tally.count(placement)));
        for (word, number) in places.into_iter().chain([("pending", tally.pending), ("unmeasured", tally.unmeasured)]) {
            let labels = [("stream", stream.as_str()), ("provider", provider), ("placement", word)];
            probes.figure(&labels, crate::domain::interval::count(number));
        }
    }
    let rows =
        || found.tallies.iter().filter_map(|(stream, provider, tally)| Some((stream, provider, tally, tally.rate?)));
    if rows().next().is_none() {
        return;
    }
    let mut rates = Family::new(text, "inboxed_inbox_ratio", "Share of the last run's measured probes in the inbox.");
    for (stream, provider, _, rate) in rows() {
        rates.figure(&[("stream", stream), ("provider", provider)], rate);
    }
    let mut lows = Family::new(text, "inboxed_inbox_low_ratio", "Lower end of that share's interval.");
    for (stream, provider, tally, _) in rows() {
        lows.figure(&[("stream", stream), ("provider", provider)], tally.interval.lo);
    }
    let mut highs = Family::new(text, "inboxed_inbox_high_ratio", "Upper end of that share's interval.");
    for (stream, provider, tally, _) in rows() {
        highs.figure(&[("stream", stream), ("provider", provider)], tally.interval.hi);
    }
}

fn push_trends(text: &mut String, found: &Exposition) {
    if found.trends.is_empty() {
        return;
    }
    let mut alarms = Family::new(text, "inboxed_alarm", "Whether the weekly trend is in alarm.");
    for (stream, provider, signal, alarm, _) in &found.trends {
        let labels = [("stream", stream.as_str()), ("provider", provider), ("signal", signal)];
        alarms.figure(&labels, f64::from(u8::from(*alarm)));
    }
    let mut accounts =
        Family::new(text, "inboxed_trend_account", "Account of weekly shortfalls; the alarm rings at 5.");
    for (stream, provider, signal, _, step) in &found.trends {
        let Some(step) = step else { continue };
        for (lane, account) in [("level", Some(step.level)), ("own", step.own)] {
            if let Some(account) = account {
                let labels = [("stream", stream.as_str()), ("provider", provider), ("signal", signal), ("lane", lane)];
                accounts.figure(&labels, account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::bad_day;

    #[test]
    fn what_is_not_known_is_absent_and_labels_cannot_break_a_line() {
        let report = bad_day();
        let tallies = report.tallies().providers;
        let mut found = Exposition {
            exit: 3,
            last_run: None,
            next_due: None,
            overdue: false,
            pending: 0,
            given_up: 0,
            unreadable: 0,
            returns: Vec::new(),
            tallies: vec![("a\"b\\c\nd".to_owned(), "gmail".to_owned(), tallies[0].tally.clone())],
            trends: Vec::new(),
        };
        let text = exposition(&found);
        assert!(
            text.contains("inboxed_probes{stream=\"a\\\"b\\\\c\\nd\",provider=\"gmail\",placement=\"inbox\"} "),
            "{text}"
        );
        assert!(text.contains("inboxed_health 3\n") && text.ends_with("# EOF\n"));
        assert!(!text.contains("timestamp"), "no run, no time: {text}");
        assert!(!text.contains("bounce"), "not asked is not 0: {text}");
        found.returns.push((None, "eu-central-1".to_owned(), 0.02, 0.0));
        found.returns.push((Some("029608264753".to_owned()), "eu-central-1".to_owned(), 0.03, 0.0));
        let text = exposition(&found);
        assert!(text.contains("\ninboxed_bounce_ratio{region=\"eu-central-1\"} 0.02\n"), "{text}");
        let other = "\ninboxed_bounce_ratio{account=\"029608264753\",region=\"eu-central-1\"} 0.03\n";
        assert!(text.contains(other), "two accounts of one region are two figures: {text}");
        found.tallies[0].2 =
            Tally { rate: None, placements: std::collections::BTreeMap::new(), ..found.tallies[0].2.clone() };
        assert!(!exposition(&found).contains("inboxed_inbox_ratio"), "unmeasured is never 0");
    }
}
