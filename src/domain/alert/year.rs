//! A year of weekly runs, and exactly the alerts that the rules name.

use jiff::SignedDuration;

use super::*;
use crate::domain::monitor::{Sample, watch};

const GUIDE: Thresholds = Thresholds { inbox_warn: 0.80, inbox_crit: 0.60, spam_warn: 0.10, spam_crit: 0.20 };

/// Monday of a week of 2026.
fn monday(week: i64) -> Timestamp {
    let first: Timestamp = "2025-12-29T06:00:00Z".parse().unwrap();
    first.checked_add(SignedDuration::from_hours(168 * (week - 1))).unwrap()
}

/// What one week's run finds: Gmail falls to 45 % from week 20 to 29, and in week 40 half of its probes are not looked at.
fn samples(week: i64) -> Vec<Sample> {
    let sample = |provider: &str, good: usize, spam: usize, measured: usize| Sample {
        stream: StreamName::new("news").unwrap(),
        provider: ProviderName::new(provider).unwrap(),
        run: RunId(week),
        week: WeekName::of(monday(week), &TimeZone::UTC),
        planned: 20,
        measured,
        good,
        spam,
        missing: 0,
    };
    let gmail = match week {
        20..=29 => sample("gmail", 9, 11, 20),
        // One bad test alone is nothing to tell.
        10 => sample("gmail", 8, 12, 20),
        40 => sample("gmail", 9, 1, 10),
        _ => sample("gmail", 19, 1, 20),
    };
    vec![gmail, sample("outlook", 19, 1, 20), sample("yahoo", 20, 0, 20)]
}

#[test]
fn a_year_tells_each_thing_once_and_nothing_else() {
    let anna = Address::new("anna@gmail.com").unwrap();
    let titles = BTreeMap::from([(ProviderName::new("gmail").unwrap(), "Gmail".to_owned())]);
    let readable = |week: i64| if (15..18).contains(&week) { BTreeSet::new() } else { BTreeSet::from([anna.clone()]) };
    let (mut all, mut told, mut keys) = (Vec::new(), Vec::new(), BTreeSet::new());
    for week in 1..=52 {
        all.extend(samples(week));
        let series = watch(&all, &[], GUIDE, 0.95, |provider| provider.as_str() == "outlook");
        let unreadable = if readable(week).is_empty() {
            BTreeMap::from([(anna.clone(), "the password was refused".to_owned())])
        } else {
            BTreeMap::new()
        };
        let news = DnsNews { domain: "shop.example".to_owned(), seen_at: monday(25), differences: Vec::new() };
        let dns = if week == 25 { vec![news] } else { Vec::new() };
        let after = Aftermath {
            run: RunId(week),
            week: WeekName::of(monday(week), &TimeZone::UTC),
            series: &series,
            thresholds: GUIDE,
            titles: &titles,
            unreadable: &unreadable,
            readable_before: &readable(week - 1),
            planned: 60,
            unmeasured: if week == 40 { 13 } else { 0 },
            dns: &dns,
            reputations: &[],
            told: &BTreeMap::new(),
            confidence: 0.95,
        };
        // Asked twice, as a sweep of the same run asks again: the key keeps it from being told twice.
        for event in events(&after).into_iter().chain(events(&after)) {
            if keys.insert(event.key.clone()) {
                told.push((week, event.key, event.severity));
            }
        }
    }
    let dns = format!("dns/shop.example/{}", monday(25).as_millisecond());
    let wanted = [
        (15, "seed/run-15", Severity::Warning),
        (21, "threshold/news/gmail/inbox/2026-W21/critical", Severity::Critical),
        (25, dns.as_str(), Severity::Info),
        (32, "recovery/news/gmail/inbox/2026-W32", Severity::Info),
        (40, "unjudged/run-40", Severity::Warning),
    ];
    let told: Vec<(i64, &str, Severity)> =
        told.iter().map(|(week, key, grave)| (*week, key.as_str(), *grave)).collect();
    assert_eq!(told, wanted);
}
