//! The sections of `inboxed.toml` that are no lists.

use std::time::Duration;

use super::reader::Section;
use crate::domain::finding::Rules;
use crate::domain::health::Thresholds;

/// `[ses]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Ses {
    /// The region; `None` leaves it to the AWS chain.
    pub(crate) region: Option<String>,
    /// A local stand-in instead of Amazon.
    pub(crate) endpoint_url: Option<String>,
}

/// `[run]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Running {
    /// How long each probe is watched.
    pub(crate) wait: Duration,
    /// Most IMAP connections at once.
    pub(crate) max_connections: usize,
}

/// `[judge]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judging {
    /// The rules of findings and rates.
    pub(crate) rules: Rules,
    /// Confidence of every interval.
    pub(crate) confidence: f64,
}

/// A name of an AWS region.
pub(crate) fn region(text: &str) -> Option<String> {
    let fits = text.split('-').count() >= 3
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && text.len() <= 32;
    fits.then(|| text.to_owned())
}

pub(super) fn ses(top: &Section<'_>) -> Ses {
    let Some(section) = top.section("ses") else { return Ses::default() };
    let ses = Ses {
        region: section.shaped("region", "an AWS region such as \"eu-central-1\"", region),
        endpoint_url: section.shaped("endpoint_url", "an address such as \"http://127.0.0.1:4579\"", |url| {
            let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
            (!rest.is_empty() && !rest.contains(char::is_whitespace)).then(|| url.to_owned())
        }),
    };
    section.finish();
    ses
}

pub(super) fn running(top: &Section<'_>) -> Running {
    let mut running = Running { wait: Duration::from_mins(15), max_connections: 200 };
    if let Some(section) = top.section("run") {
        if let Some(wait) = section.duration("wait") {
            running.wait = wait;
        }
        if let Some(most) = section.whole("max_connections", 1..=10_000) {
            running.max_connections = usize::try_from(most).unwrap_or(running.max_connections);
        }
        section.finish();
    }
    running
}

pub(super) fn judging(top: &Section<'_>) -> Judging {
    let mut judging = Judging { rules: Rules { promotions_as_inbox: false }, confidence: 0.95 };
    if let Some(section) = top.section("judge") {
        if let Some(switch) = section.flag("promotions_as_inbox") {
            judging.rules.promotions_as_inbox = switch;
        }
        if let Some(confidence) = section.share("confidence") {
            if (0.5..1.0).contains(&confidence) {
                judging.confidence = confidence;
            } else {
                section.fault_of("confidence", "must be at least 0.5 and below 1");
            }
        }
        section.finish();
    }
    judging
}

pub(super) fn thresholds(top: &Section<'_>) -> Thresholds {
    let guide = Thresholds { inbox_warn: 0.80, inbox_crit: 0.60, spam_warn: 0.10, spam_crit: 0.20 };
    let Some(section) = top.section("thresholds") else { return guide };
    let own = Thresholds {
        inbox_warn: section.share("inbox_warn").unwrap_or(guide.inbox_warn),
        inbox_crit: section.share("inbox_crit").unwrap_or(guide.inbox_crit),
        spam_warn: section.share("spam_warn").unwrap_or(guide.spam_warn),
        spam_crit: section.share("spam_crit").unwrap_or(guide.spam_crit),
    };
    if own.inbox_crit > own.inbox_warn {
        section.fault("inbox_crit must not be above inbox_warn");
    }
    if own.spam_crit < own.spam_warn {
        section.fault("spam_crit must not be below spam_warn");
    }
    section.finish();
    own
}

/// Sections whose verbs come later are checked today, so that the documented file is accepted and a slip is found.
pub(super) fn check_later_sections(top: &Section<'_>) {
    if let Some(section) = top.section("dns") {
        section.shaped("resolver", "an address with a port such as \"127.0.0.1:5353\"", |text| {
            text.parse::<std::net::SocketAddr>().ok()
        });
        section.finish();
    }
    if let Some(section) = top.section("weights") {
        section.check_shares();
    }
    if let Some(section) = top.section("schedule") {
        section.duration("every");
        section.text("at");
        section.shaped("zone", "a time zone such as \"Europe/Berlin\"", |zone| jiff::tz::TimeZone::get(zone).ok());
        section.finish();
    }
    for section in top.sections("alert") {
        let kinds = ["webhook", "slack", "teams", "email", "command", "heartbeat"];
        if section.required("kind").is_some_and(|kind| !kinds.contains(&kind.as_str())) {
            section.fault_of("kind", format!("must be one of {}", kinds.join(", ")));
        }
        if section.is_text("url") {
            section.refuse_text("url");
        } else if let Some(url) = section.section("url") {
            for key in ["env", "file", "keyring"] {
                url.text(key);
            }
            url.text_or_texts("command");
            url.finish();
        }
        section.text("to");
        section.texts("command");
        section.texts("on");
        section.finish();
    }
}
