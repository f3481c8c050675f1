//! What `status` says to people: what needs somebody first.

use std::fmt::Write as _;

use super::{Status, health_word, measure_word, spell};
use crate::Exit;
use crate::command::history::titles;
use crate::config::Config;
use crate::domain::monitor::Series;
use crate::domain::reputation::Reputation;
use crate::domain::threshold::{Band, of_signal};
use crate::domain::trend::WeekState;
use crate::edge::store::Waiting;
use crate::render::json::moment;
use crate::render::language::Language;
use crate::render::plain::plain;
use crate::render::table::alone;
use crate::render::words::{counted, percent, second};

/// Under the words of a line.
const INDENT: &str = "            ";

/// The whole of it.
pub(super) fn as_text(config: &Config, status: &Status) -> String {
    let mut text = standings(status);
    let (grave, well): (Vec<&Reputation>, Vec<&Reputation>) =
        status.reputations.iter().partition(|one| is_grave(config, one));
    text.extend(grave.into_iter().map(|one| sending(config, one)));
    text.push_str(&trends(config, status));
    text.extend(well.into_iter().map(|one| sending(config, one)));
    text.push_str(&further(status));
    text
}

/// The first lines: what stands in alarm, and how the last run ended; the graver one first.
fn standings(status: &Status) -> String {
    let alarms: Vec<WeekState> = status.series.iter().filter_map(Series::alarm).collect();
    let trend = match alarms.iter().max() {
        Some(worst) => format!(
            "trends    {}: {} of {} in alarm; alerts follow the trends",
            worst.word(),
            alarms.len(),
            counted(status.series.len(), "trend")
        ),
        None if status.series.is_empty() => String::new(),
        None => format!("trends    none of {} in alarm", status.series.len()),
    };
    let last = match status.history.last() {
        Some(last) => format!(
            "last run  {}: run {} of {}{}; the exit code follows the last run{}",
            health_word(status.exit).replace('_', " "),
            last.run.id.0,
            second(last.run.started_at),
            if last.run.simulated { ", simulated" } else { "" },
            alone(last).map_or_else(String::new, |(_, words)| format!("\n          {}", plain(&words, 600))),
        ),
        None => match status.history.imported() {
            0 => "last run  none yet; `inboxed run` makes the first one".to_owned(),
            imported => format!(
                "last run  none was made here yet, so that there is nothing to judge; {} tell the trends",
                counted(imported, "imported run")
            ),
        },
    };
    let is_graver = match (status.exit, alarms.iter().max()) {
        (_, None) | (Exit::Critical, _) => false,
        (Exit::Warning, Some(worst)) => *worst == WeekState::Critical,
        (_, Some(_)) => true,
    };
    let lines = if is_graver { [trend, last] } else { [last, trend] };
    lines.into_iter().filter(|line| !line.is_empty()).map(|line| line + "\n").collect()
}

/// Every trend, those in alarm first, each with what to do.
fn trends(config: &Config, status: &Status) -> String {
    let mut text = String::new();
    let titles = status.history.last().map(titles).unwrap_or_default();
    let mut worst_first: Vec<&Series> = status.series.iter().collect();
    worst_first.sort_by_key(|series| std::cmp::Reverse(series.alarm()));
    let mut any_spread = false;
    for series in worst_first {
        let Some(last) = series.last() else { continue };
        let title = titles.get(&series.provider).map_or(series.provider.as_str(), String::as_str);
        let rate = last.rate().map_or("–".to_owned(), percent);
        let spread = series.volatility().map_or(String::new(), |spread| format!(", spread ±{:.0}", spread * 100.0));
        any_spread |= !spread.is_empty();
        let state = series.alarm().map_or(last.state.word(), |alarm| alarm.word()).replace('_', " ");
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  {:<8}  {} / {}: {} {rate} in {}{spread}",
            state,
            plain(&series.stream.to_string(), 40),
            plain(title, 40),
            series.signal.word(),
            last.week
        );
        if let (Some(since), Some((rate, n, first))) = (series.alarm_since(), spell(series)) {
            let _ = writeln!(
                text,
                "{INDENT}in alarm since {since}: {} of {} since {first}; the alarm ends after a few good weeks",
                percent(rate),
                counted(n, "probe")
            );
        }
        if series.alarm().is_some() {
            let _ = writeln!(text, "{INDENT}to do: {}", of_signal(series.signal, config.thresholds).action);
        }
    }
    if any_spread {
        let _ = writeln!(
            text,
            "spread: how far a rate's last weeks lie apart (standard deviation in points), the chance of few probes included"
        );
    }
    text
}

/// Whether bounces or complaints of a region are beyond a threshold.
fn is_grave(config: &Config, one: &Reputation) -> bool {
    one.rates(config.judge.confidence, config.thresholds).iter().flatten().any(|rate| rate.band() > Band::Healthy)
}

/// What SES counted in one region, with what to do about it.
fn sending(config: &Config, one: &Reputation) -> String {
    let says = Language::English.sending(one, config.judge.confidence, config.thresholds);
    let mut text = format!("{}\n", plain(&says, 400));
    for rate in one.rates(config.judge.confidence, config.thresholds).iter().flatten() {
        if rate.band() > Band::Healthy {
            let proof = if rate.sure() > Band::Healthy { "" } else { ", though so few mails prove nothing" };
            let (word, action) = (rate.band().word(), rate.threshold.action);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{INDENT}{} is {word}{proof}; to do: {action}", measure_word(rate.measure));
        }
    }
    text
}

/// Whether it is simulated, the schedule, seeds that could not be read, alerts on their way.
fn further(status: &Status) -> String {
    let mut text = String::new();
    if status.history.is_simulated() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "simulated: in runs that these figures tell of the lab answered, no real provider");
    }
    if let Some(owed) = &status.schedule {
        let made = if owed.is_made {
            "made"
        } else if owed.is_overdue {
            "OVERDUE"
        } else {
            "not made yet"
        };
        let next = owed.next.map_or(String::new(), |next| format!("; next due {}", moment(next)));
        let _ = writeln!(text, "schedule: the run of {} is {made}{next}", owed.period.key);
    }
    for (seed, why) in &status.unreadable {
        let _ = writeln!(text, "unreadable: {}: {}", plain(seed, 64), plain(why, 200));
    }
    if status.waiting != Waiting::default() {
        let _ = writeln!(text, "alerts: {} to deliver, {} given up", status.waiting.pending, status.waiting.given_up);
    }
    text
}
