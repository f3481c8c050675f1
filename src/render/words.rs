//! Words for figures: how a share, a range, a duration and a moment are written for people.
//!
//! Rounding never turns some into none or most into all.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::interval::Interval;

/// The mark of what rests on runs that the lab answered.
pub(crate) const SIMULATED: &str = "[simulated: the lab answered, no real provider]";

/// A share as whole percent: `92 %`; `<1 %` and `>99 %` where rounding would claim none or all.
pub(crate) fn percent(share: f64) -> String {
    let rounded = (share * 100.0).round();
    if share > 0.0 && rounded < 1.0 {
        "<1 %".to_owned()
    } else if share < 1.0 && rounded > 99.0 {
        ">99 %".to_owned()
    } else {
        format!("{rounded:.0} %")
    }
}

/// An interval as whole percent, as on the page: `65–99 %`.
pub(crate) fn range(interval: Interval) -> String {
    super::language::range(interval)
}

/// A share with its counts and interval: `92 % (11 of 12, 95 % range 65–99 %)`.
pub(crate) fn share(rate: f64, good: usize, measured: usize, interval: Interval, confidence: f64) -> String {
    format!("{} ({good} of {measured}, {} range {})", percent(rate), percent(confidence), range(interval))
}

/// A duration in its two largest units: `41 s`, `15 min 40 s`, `2 h 5 min`, `3 d`; below ten seconds with a tenth if there
/// is one.
pub(crate) fn span(duration: Duration) -> String {
    let tenths = duration.as_millis().saturating_add(50) / 100;
    if tenths < 100 && !tenths.is_multiple_of(10) {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    let seconds = duration.as_millis().saturating_add(500) / 1000;
    let (large, small) = match seconds {
        0..60 => return format!("{seconds} s"),
        60..3600 => ((seconds / 60, "min"), (seconds % 60, "s")),
        3600..86_400 => ((seconds / 3600, "h"), (seconds % 3600 / 60, "min")),
        _ => ((seconds / 86_400, "d"), (seconds % 86_400 / 3600, "h")),
    };
    if small.0 == 0 {
        format!("{} {}", large.0, large.1)
    } else {
        format!("{} {} {} {}", large.0, large.1, small.0, small.1)
    }
}

/// A moment to the minute: `2026-11-24 06:00 UTC`.
pub(crate) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A moment to the second: `2026-11-24 06:00:05 UTC`.
pub(crate) fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The time of day to the second: `06:00:05`.
pub(crate) fn time_of_day(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// A day as charts write it: `3 Nov`.
pub(crate) fn day(at: Timestamp) -> String {
    at.strftime("%-d %b").to_string()
}

/// A day with its year: `3 Nov 2026`.
pub(crate) fn day_and_year(at: Timestamp) -> String {
    at.strftime("%-d %b %Y").to_string()
}

/// A count with its noun: `1 probe`, `3 probes`.
pub(crate) fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_never_claims_all_or_none() {
        for (share, shown) in [
            (0.0, "0 %"),
            (0.001, "<1 %"),
            (0.005, "1 %"),
            (11.0 / 12.0, "92 %"),
            (0.994, "99 %"),
            (0.999, ">99 %"),
            (1.0, "100 %"),
        ] {
            assert_eq!(percent(share), shown);
        }
    }

    #[test]
    fn a_share_is_told_with_its_counts_and_range() {
        let interval = crate::domain::interval::wilson(11.0, 12.0, 0.95);
        assert_eq!(share(11.0 / 12.0, 11, 12, interval, 0.95), "92 % (11 of 12, 95 % range 65–99 %)");
    }

    #[test]
    fn a_duration_shows_its_two_largest_units() {
        for (millis, shown) in [
            (0, "0 s"),
            (400, "0.4 s"),
            (3_000, "3 s"),
            (3_500, "3.5 s"),
            (41_200, "41 s"),
            (60_000, "1 min"),
            (940_000, "15 min 40 s"),
            (7_500_000, "2 h 5 min"),
            (259_200_000, "3 d"),
        ] {
            assert_eq!(span(Duration::from_millis(millis)), shown, "{millis}");
        }
    }
}
