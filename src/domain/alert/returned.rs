//! Events of bounces and complaints, which SES counts of an account's mail in a region.

use std::fmt::Write as _;

use super::{Aftermath, Event, Occasion, Severity};
use crate::domain::account::Account;
use crate::domain::reputation::Reputation;
use crate::domain::threshold::{Band, Measure};

/// The part of a key that says of which account and region and which of bounces and complaints an event is.
pub(crate) fn returned_part(one: &Reputation, measure: Measure) -> String {
    let word = match measure {
        Measure::Bounce => "bounce",
        Measure::Complaint => "complaint",
        Measure::Inbox | Measure::Spam | Measure::Missing => "placement",
    };
    let region = one.region.as_deref().unwrap_or("its region");
    match &one.account {
        Some(account) => format!("/ses/{}/{region}/{word}/", account.as_str()),
        None => format!("/ses/{region}/{word}/"),
    }
}

/// What an event of such a key told.
pub(crate) fn returned_told(key: &str) -> Band {
    match key.rsplit('/').next() {
        Some("critical" | "rising") => Band::Critical,
        Some("warning") => Band::Warning,
        Some(_) | None => Band::Healthy,
    }
}

/// Bounces and complaints: told when they surely crossed a limit and that was not told yet, when they rise three days running,
/// and when they are healthy again. What SES did not answer changed nothing.
pub(super) fn returned(after: &Aftermath<'_>, one: &Reputation) -> Vec<Event> {
    if one.unanswered.is_some() {
        return Vec::new();
    }
    let now = one.rates(after.confidence, after.thresholds);
    let mut place = one.region.clone().unwrap_or_else(|| "its region".to_owned());
    if let Some(number) = one.account.as_ref().and_then(Account::number) {
        // Writing to a String cannot fail.
        let _ = write!(place, " (account {number})");
    }
    let mut events = Vec::new();
    for rate in now.iter().flatten() {
        let what = match rate.measure {
            Measure::Bounce => "bounces",
            Measure::Complaint => "complaints",
            Measure::Inbox | Measure::Spam | Measure::Missing => continue,
        };
        let rising = one.is_rising(rate.measure, after.confidence, after.thresholds);
        let part = returned_part(one, rate.measure);
        let earlier = after.told.get(&part).copied().unwrap_or(Band::Healthy);
        let key = |occasion: &str, how: &str| format!("{occasion}{part}run-{}/{how}", after.run.0);
        let advice = format!("{}: {}", rate.threshold.meaning, rate.threshold.action);
        // A run that asked another region finds the same days as the one before: they are no news.
        let (key, occasion, severity, title, action) = if rising && earlier < Band::Critical {
            let title = format!("SES in {place} counts more {what} for the third day running");
            (
                key("threshold", "rising"),
                Occasion::Threshold,
                Severity::Critical,
                title,
                Some(format!("stop sending at once; {advice}")),
            )
        } else if rate.sure() > earlier {
            let grave = if rate.sure() == Band::Critical { Severity::Critical } else { Severity::Warning };
            let says = if rate.sure() == Band::Critical { "are critical" } else { "have crossed their threshold" };
            let title = format!("SES in {place}: the {what} {says}");
            (key("threshold", rate.sure().word()), Occasion::Threshold, grave, title, Some(advice))
        } else if earlier > Band::Healthy && rate.band() == Band::Healthy && !rising {
            let title = format!("SES in {place}: the {what} are healthy again");
            (key("recovery", "healthy"), Occasion::Recovery, Severity::Info, title, None)
        } else {
            continue;
        };
        let evidence =
            vec![format!("{} of {} mails in two weeks, {:.2} %", rate.hits, rate.attempts, rate.rate * 100.0)];
        events.push(Event { key, occasion, severity, title, evidence, action, stream: None, provider: None });
    }
    events
}
