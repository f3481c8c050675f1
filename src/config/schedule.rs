//! `[schedule]` and `[[alert]]`: when a run is due, and who hears of what it found.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use jiff::civil::{Time, Weekday};

use super::place::{command, place_of, required_place};
use super::reader::Section;
use super::seed::deliverable;
pub(crate) use crate::domain::alert::Occasion;
use crate::domain::alert::QuietHours;
use crate::domain::seed::Address;
use crate::secret::SecretSource;

/// `[schedule]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// The time between two runs.
    pub(crate) every: Duration,
    /// The day of the week, where one is named.
    pub(crate) weekday: Option<Weekday>,
    /// The time of day, where one is named.
    pub(crate) time: Option<Time>,
    /// A cron expression instead of all three.
    pub(crate) expression: Option<String>,
    /// The time zone of both, such as `Europe/Berlin`; `None` is the system's.
    pub(crate) zone: Option<String>,
}

impl Default for Schedule {
    /// Once a week.
    fn default() -> Self {
        Self { every: Duration::from_secs(7 * DAY), weekday: None, time: None, expression: None, zone: None }
    }
}

/// The occasions as configured.
const OCCASIONS: [(&str, Occasion); 5] = [
    ("threshold", Occasion::Threshold),
    ("recovery", Occasion::Recovery),
    ("seed", Occasion::Seed),
    ("dns", Occasion::Dns),
    ("unjudged", Occasion::Unjudged),
];

/// Where an alert goes. An address that lets anyone post is a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Channel {
    /// A JSON document to an address.
    Webhook(SecretSource),
    /// A Slack channel.
    Slack(SecretSource),
    /// A Teams channel.
    Teams(SecretSource),
    /// A mail.
    Email {
        /// To whom.
        to: Address,
        /// From whom; `None` is the sender of the first stream.
        from: Option<Address>,
    },
    /// A program.
    Command(Vec<String>),
    /// A sign of life after each run, for a monitor that misses it.
    Heartbeat(SecretSource),
}

/// One `[[alert]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alert {
    /// Where it goes.
    pub(crate) channel: Channel,
    /// What it is about; all occasions unless said otherwise.
    pub(crate) on: BTreeSet<Occasion>,
    /// When nobody is told, unless it is critical.
    pub(crate) quiet: Option<QuietHours>,
}

pub(super) fn schedule(top: &Section<'_>) -> Option<Schedule> {
    let section = top.section("schedule")?;
    let every = section.duration("every");
    if every == Some(Duration::ZERO) {
        section.fault_of("every", "must be longer than 0s; write one such as \"7d\"");
    }
    let at = section.shaped(
        "at",
        "a time of day, with or without a weekday; write one such as \"Mon 06:00\", or a cron expression of five fields",
        moment,
    );
    let zone = section.shaped("zone", "a time zone; write one such as \"Europe/Berlin\"", |zone| {
        let zones = jiff::tz::db();
        // Without a list of zones on this machine any plausible name passes: most verbs never need it.
        let fits = !zone.is_empty() && zone.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c));
        (fits && (zones.is_definitively_empty() || zones.get(zone).is_ok())).then(|| zone.to_owned())
    });
    if let Some(at) = &at {
        refuse_contradiction(&section, every, at);
    }
    section.finish();
    let (weekday, time, expression) = match at {
        None => (None, None, None),
        Some(At::Time(weekday, time)) => (weekday, Some(time), None),
        Some(At::Expression(text)) => (None, None, Some(text)),
    };
    Some(Schedule { every: every.unwrap_or(Duration::from_secs(7 * DAY)), weekday, time, expression, zone })
}

/// Seconds of a day.
const DAY: u64 = 86_400;

/// `at`, as it was written.
enum At {
    Time(Option<Weekday>, Time),
    Expression(String),
}

/// A time of day says nothing where runs are hours apart, a weekday nothing where they are not weeks apart.
fn refuse_contradiction(section: &Section<'_>, every: Option<Duration>, at: &At) {
    let Some(seconds) = every.map(|every| every.as_secs()) else { return };
    match at {
        At::Expression(_) => {
            section.fault_of("every", "says when a run is due, and so does the cron expression in `at`; take one out");
        }
        At::Time(..) if !seconds.is_multiple_of(DAY) => {
            section.fault_of("at", "is a time of day, but `every` is not a number of days; take it out");
        }
        At::Time(Some(_), _) if !seconds.is_multiple_of(7 * DAY) => {
            section.fault_of("at", "names a weekday, but `every` is not a number of weeks; write the time alone");
        }
        At::Time(..) => {}
    }
}

/// `06:00`, `Mon 06:00`, or a cron expression such as `0 6 * * MON`.
fn moment(text: &str) -> Option<At> {
    if let Some((weekday, time)) = time_of_day(text) {
        return Some(At::Time(weekday, time));
    }
    crate::domain::schedule::expression(text).map(|_| At::Expression(text.to_owned()))
}

/// `06:00` or `Mon 06:00`.
fn time_of_day(text: &str) -> Option<(Option<Weekday>, Time)> {
    let (day, time) = text.split_once(' ').map_or((None, text), |(day, time)| (Some(day), time));
    let (hour, minute) = time.split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !two_digits(hour) || !two_digits(minute) {
        return None;
    }
    let time = Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()?;
    let Some(day) = day else { return Some((None, time)) };
    let weekday = match day {
        "Mon" => Weekday::Monday,
        "Tue" => Weekday::Tuesday,
        "Wed" => Weekday::Wednesday,
        "Thu" => Weekday::Thursday,
        "Fri" => Weekday::Friday,
        "Sat" => Weekday::Saturday,
        "Sun" => Weekday::Sunday,
        _ => return None,
    };
    Some((Some(weekday), time))
}

pub(super) fn alerts(top: &Section<'_>, base: &Path) -> Vec<Alert> {
    let read = |section: Section<'_>| {
        let alert = alert(&section, base);
        section.finish();
        alert
    };
    top.sections("alert").into_iter().filter_map(read).collect()
}

fn alert(section: &Section<'_>, base: &Path) -> Option<Alert> {
    let kinds = ["webhook", "slack", "teams", "email", "command", "heartbeat"].map(|kind| (kind, kind));
    let kind = if section.has("kind") {
        section.word("kind", &kinds)
    } else {
        section.missing("kind", "\"webhook\"");
        None
    };
    let on = occasions(section);
    let shape = "two times of day; write them such as \"22:00-07:00\"";
    let quiet = section.shaped("quiet", shape, |text| {
        let (from, until) = text.split_once('-')?;
        match (time_of_day(from)?, time_of_day(until)?) {
            ((None, from), (None, until)) if from != until => Some(QuietHours { from, until }),
            _ => None,
        }
    });
    let channel = match kind {
        Some("email") => {
            let from =
                section.shaped("from", "an e-mail address; write one such as \"alerts@shop.example\"", Address::new);
            let from = deliverable(section, "from", from);
            recipient(section).map(|to| Channel::Email { to, from })
        }
        Some("command") => {
            if !section.has("command") {
                section.missing("command", "[\"…\"]");
            }
            command(section).map(Channel::Command)
        }
        Some(kind) => required_place(section, "url", base).map(|url| match kind {
            "slack" => Channel::Slack(url),
            "teams" => Channel::Teams(url),
            "heartbeat" => Channel::Heartbeat(url),
            _ => Channel::Webhook(url),
        }),
        None => None,
    };
    refuse_idle_keys(section, base, kind);
    Some(Alert { channel: channel?, on, quiet })
}

fn recipient(section: &Section<'_>) -> Option<Address> {
    let shape = "an e-mail address; write one such as \"ops@shop.example\"";
    deliverable(section, "to", section.required("to", "\"ops@shop.example\"", shape, Address::new))
}

fn occasions(section: &Section<'_>) -> BTreeSet<Occasion> {
    let known = || OCCASIONS.map(|(word, _)| word).join(", ");
    let Some(words) = section.texts("on") else { return OCCASIONS.map(|(_, occasion)| occasion).into() };
    let mut on = BTreeSet::new();
    for word in &words {
        if let Some((_, occasion)) = OCCASIONS.iter().find(|(name, _)| name == word) {
            on.insert(*occasion);
        } else {
            section.fault_of("on", format!("\"{}\" is not one of {}", word.escape_debug(), known()));
        }
    }
    if words.is_empty() {
        section.fault_of("on", format!("is empty; name at least one of {}", known()));
    }
    on
}

/// A key that the kind makes no use of is a slip: the alert would go elsewhere than its author thinks.
fn refuse_idle_keys(section: &Section<'_>, base: &Path, kind: Option<&str>) {
    let Some(kind) = kind else {
        // What it should have been is not known, so that all three may stand.
        section.text("to");
        section.text("from");
        command(section);
        place_of(section, "url", base);
        return;
    };
    for (key, kinds) in [
        ("to", &["email"][..]),
        ("from", &["email"]),
        ("command", &["command"]),
        ("url", &["webhook", "slack", "teams", "heartbeat"]),
    ] {
        if section.has(key) && !kinds.contains(&kind) {
            section.fault_of(key, format!("is not used by an alert of kind \"{kind}\"; take it out"));
        }
    }
}
