//! A schedule: at which moments a run is due, and by which key the run of one period is known.
//!
//! A period begins when its run is due and ends when the next one is. It owes one run: whoever comes first makes it, and
//! its key in the database keeps everybody else from making it again. A period that passed without its run is let go; the
//! one that time lies in is caught up, however late. Wall time that a zone skips is moved to after the gap, wall time that
//! occurs twice is taken the first time, so that both changes of the clocks have one run like any other week.
//!
//! It asks no clock: the present time is a parameter.

mod vigil;

use std::fmt;
use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use sha2::{Digest as _, Sha256};

pub(crate) use vigil::{Ledger, Reading, Step, Vigil};

/// Seconds of a day that has neither gap nor fold.
const DAY: u64 = 86_400;

/// A Monday from which days are counted, long before any run.
const ANCHOR: Date = Date::constant(1970, 1, 5);

/// When runs are due, without the zone.
#[derive(Debug, Clone)]
pub(crate) enum Rhythm {
    /// Every so many days at a time of day; multiples of seven on a day of the week.
    Days {
        /// The days from one run to the next, at least one.
        days: u32,
        /// The day of the week, where `days` is a multiple of seven.
        weekday: Weekday,
        /// The time of day.
        time: Time,
    },
    /// Every so many seconds, counted from 1970 in UTC.
    Seconds(u64),
    /// Whenever a cron expression of five fields says so.
    Expression(Box<Cron>),
}

/// A cron expression of five fields; `None` for anything else, and for one that never comes true.
pub(crate) fn expression(text: &str) -> Option<Cron> {
    let fields = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let cron = fields.parse(text).ok()?;
    let start = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    cron.find_next_occurrence(&start, true).is_ok().then_some(cron)
}

impl Rhythm {
    /// Every `every`, on this weekday and at this time where that makes sense: Monday and 06:00 unless said otherwise.
    pub(crate) fn every(every: Duration, weekday: Option<Weekday>, time: Option<Time>) -> Self {
        let seconds = every.as_secs().max(1);
        if !seconds.is_multiple_of(DAY) {
            return Self::Seconds(seconds);
        }
        Self::Days {
            days: u32::try_from(seconds / DAY).unwrap_or(u32::MAX),
            weekday: weekday.unwrap_or(Weekday::Monday),
            time: time.unwrap_or(Time::constant(6, 0, 0, 0)),
        }
    }
}

/// What tells one period of a schedule from all others. A week is named as ISO 8601 does, `2026-W49`, by the week in which
/// its run is due; another period by the moment at which its run is due, and the length of the period.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PeriodKey(String);

impl PeriodKey {
    /// The key as it is stored.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PeriodKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A period: its key, and when its run is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Period {
    /// What it is known by.
    pub(crate) key: PeriodKey,
    /// When its run is due, which is when it begins.
    pub(crate) due: Timestamp,
}

/// A schedule in its time zone.
#[derive(Debug, Clone)]
pub(crate) struct Almanac {
    rhythm: Rhythm,
    zone: TimeZone,
}

impl Almanac {
    /// The schedule of a rhythm in a zone.
    pub(crate) fn new(rhythm: Rhythm, zone: TimeZone) -> Self {
        Self { rhythm, zone }
    }

    /// The zone.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The rhythm.
    pub(crate) fn rhythm(&self) -> &Rhythm {
        &self.rhythm
    }

    /// The period that a moment lies in; `None` before the first one.
    pub(crate) fn current(&self, now: Timestamp) -> Option<Period> {
        match &self.rhythm {
            Rhythm::Days { days, .. } => {
                let near = self.number(now, *days)?;
                let numbers = [near.checked_add(1)?, near, near.checked_sub(1)?];
                numbers.into_iter().filter_map(|number| self.period(number)).find(|period| period.due <= now)
            }
            Rhythm::Seconds(seconds) => {
                let seconds = i64::try_from(*seconds).ok()?;
                moment(now.as_second().div_euclid(seconds).checked_mul(seconds)?, seconds)
            }
            Rhythm::Expression(cron) => {
                let found = cron.find_previous_occurrence(&now.to_zoned(self.zone.clone()), true).ok()?;
                Some(expressed(&found))
            }
        }
    }

    /// The first period that begins after a moment; `None` at the end of time, or where an expression never again comes
    /// true.
    pub(crate) fn next(&self, now: Timestamp) -> Option<Period> {
        match &self.rhythm {
            Rhythm::Days { days, .. } => {
                let near = self.number(now, *days)?;
                let numbers = [near.checked_sub(1)?, near, near.checked_add(1)?, near.checked_add(2)?];
                numbers.into_iter().filter_map(|number| self.period(number)).find(|period| period.due > now)
            }
            Rhythm::Seconds(seconds) => {
                let seconds = i64::try_from(*seconds).ok()?;
                let number = now.as_second().div_euclid(seconds).checked_add(1)?;
                moment(number.checked_mul(seconds)?, seconds)
            }
            Rhythm::Expression(cron) => {
                let found = cron.find_next_occurrence(&now.to_zoned(self.zone.clone()), false).ok()?;
                Some(expressed(&found))
            }
        }
    }

    /// How long after its due time a run begins when nothing else decides: installations that chose the same time of day
    /// do not all send at once. The same for one installation and period whenever it is asked.
    pub(crate) fn jitter(&self, period: &Period, installation: &str) -> Duration {
        let limit = match &self.rhythm {
            Rhythm::Days { .. } => 600,
            Rhythm::Seconds(seconds) => (seconds / 20).min(600),
            Rhythm::Expression(_) => 60,
        };
        let digest = Sha256::digest(format!("{installation}\n{}", period.key));
        let drawn = digest.iter().take(4).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        Duration::from_secs(drawn % limit.max(1))
    }

    /// The number of the period whose day is the last one up to the local date of `now`.
    fn number(&self, now: Timestamp, days: u32) -> Option<i64> {
        let date = now.to_zoned(self.zone.clone()).date();
        let passed = i64::from(self.first()?.until(date).ok()?.get_days());
        Some(passed.div_euclid(i64::from(days)))
    }

    /// The day of period 0.
    fn first(&self) -> Option<Date> {
        let Rhythm::Days { days, weekday, .. } = self.rhythm else { return None };
        let offset = if days.is_multiple_of(7) { weekday.to_monday_zero_offset() } else { 0 };
        ANCHOR.checked_add(Span::new().days(offset)).ok()
    }

    fn period(&self, number: i64) -> Option<Period> {
        let Rhythm::Days { days, time, .. } = self.rhythm else { return None };
        let passed = number.checked_mul(i64::from(days))?;
        let date = self.first()?.checked_add(Span::new().try_days(passed).ok()?).ok()?;
        let due = self.zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok()?;
        let key = if days == 7 {
            let week = date.iso_week_date();
            format!("{:04}-W{:02}", week.year(), week.week())
        } else {
            format!("{date}/{days}d")
        };
        Some(Period { key: PeriodKey(key), due })
    }
}

fn moment(second: i64, length: i64) -> Option<Period> {
    let due = Timestamp::from_second(second).ok()?;
    Some(Period { key: PeriodKey(format!("{due}/{length}s")), due })
}

fn expressed(found: &Zoned) -> Period {
    let due = Timestamp::from_second(found.timestamp().as_second()).unwrap_or(found.timestamp());
    Period { key: PeriodKey(format!("{due}/cron")), due }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn weekly(day: Weekday, hour: i8, minute: i8, zone: &str) -> Almanac {
        let time = Time::new(hour, minute, 0, 0).unwrap();
        let rhythm = Rhythm::every(Duration::from_secs(7 * DAY), Some(day), Some(time));
        Almanac::new(rhythm, TimeZone::get(zone).unwrap())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Key and due time in UTC.
    fn told(period: Option<Period>) -> (String, String) {
        let period = period.unwrap();
        (period.key.to_string(), period.due.to_string())
    }

    #[track_caller]
    fn check(almanac: &Almanac, now: &str, current: (&str, &str), next: (&str, &str)) {
        let (found, following) = (told(almanac.current(at(now))), told(almanac.next(at(now))));
        assert_eq!((found.0.as_str(), found.1.as_str()), current, "current at {now}");
        assert_eq!((following.0.as_str(), following.1.as_str()), next, "next at {now}");
    }

    #[test]
    fn a_week_begins_when_its_run_is_due_and_is_named_by_that_day() {
        let monday = weekly(Weekday::Monday, 6, 0, "Europe/Berlin");
        let (w48, w49) = (("2026-W48", "2026-11-23T05:00:00Z"), ("2026-W49", "2026-11-30T05:00:00Z"));
        check(&monday, "2026-11-27T12:00:00Z", w48, w49);
        check(&monday, "2026-11-30T04:59:59Z", w48, w49);
        check(&monday, "2026-11-30T05:00:00Z", w49, ("2026-W50", "2026-12-07T05:00:00Z"));
        let sunday = weekly(Weekday::Sunday, 22, 30, "America/New_York");
        // Monday of week 49 in New York still belongs to the run that was due on Sunday of week 48.
        check(
            &sunday,
            "2026-11-30T15:00:00Z",
            ("2026-W48", "2026-11-30T03:30:00Z"),
            ("2026-W49", "2026-12-07T03:30:00Z"),
        );
    }

    #[test]
    fn the_week_of_new_year_has_one_key_however_the_year_ends() {
        let monday = weekly(Weekday::Monday, 6, 0, "Europe/Berlin");
        for now in ["2026-12-28T05:00:00Z", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z", "2027-01-04T04:59:59Z"] {
            assert_eq!(told(monday.current(at(now))).0, "2026-W53", "{now}");
        }
        assert_eq!(told(monday.current(at("2027-01-04T05:00:00Z"))).0, "2027-W01");
    }

    #[test]
    fn a_skipped_hour_is_moved_past_its_gap_and_a_doubled_one_is_taken_once() {
        // Berlin skips 02:00 to 03:00 on 29 March 2026 and repeats it on 25 October.
        let sunday = weekly(Weekday::Sunday, 2, 30, "Europe/Berlin");
        check(
            &sunday,
            "2026-03-29T01:30:00Z",
            ("2026-W13", "2026-03-29T01:30:00Z"),
            ("2026-W14", "2026-04-05T00:30:00Z"),
        );
        let first = ("2026-W43", "2026-10-25T00:30:00Z");
        for now in ["2026-10-25T00:30:00Z", "2026-10-25T01:29:59Z", "2026-10-25T01:30:00Z", "2026-10-25T01:30:01Z"] {
            check(&sunday, now, first, ("2026-W44", "2026-11-01T01:30:00Z"));
        }
        // Lord Howe moves by half an hour.
        let howe = weekly(Weekday::Sunday, 2, 15, "Australia/Lord_Howe");
        assert_eq!(told(howe.next(at("2026-10-01T00:00:00Z"))).1, "2026-10-03T15:45:00Z");
    }

    #[test]
    fn other_rhythms_count_their_periods_from_a_fixed_day() {
        let three = Rhythm::every(Duration::from_secs(3 * DAY), None, Time::new(6, 0, 0, 0).ok());
        let three = Almanac::new(three, TimeZone::get("Asia/Kolkata").unwrap());
        check(
            &three,
            "2026-11-27T00:30:00Z",
            ("2026-11-25/3d", "2026-11-25T00:30:00Z"),
            ("2026-11-28/3d", "2026-11-28T00:30:00Z"),
        );
        let hours = Almanac::new(Rhythm::every(Duration::from_hours(12), None, None), TimeZone::UTC);
        check(
            &hours,
            "2026-11-27T11:59:59Z",
            ("2026-11-27T00:00:00Z/43200s", "2026-11-27T00:00:00Z"),
            ("2026-11-27T12:00:00Z/43200s", "2026-11-27T12:00:00Z"),
        );
        let fortnight = Rhythm::every(Duration::from_secs(14 * DAY), Some(Weekday::Thursday), None);
        let fortnight = Almanac::new(fortnight, TimeZone::UTC);
        let next = fortnight.next(at("2026-11-27T00:00:00Z")).unwrap();
        assert_eq!(next.due.to_zoned(TimeZone::UTC).weekday(), Weekday::Thursday);
        assert_eq!(fortnight.current(next.due).unwrap(), next);
    }

    #[test]
    fn a_cron_expression_has_five_fields_and_comes_true_some_day() {
        for bad in
            ["", "06:00", "0 6 * *", "0 0 6 * * 1", "0 6 30 2 *", "61 6 * * *", "@weekly but not", "0 6 * * 1 2026"]
        {
            assert!(expression(bad).is_none(), "{bad}");
        }
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let cron = Almanac::new(Rhythm::Expression(Box::new(expression("30 2 * * SUN").unwrap())), berlin);
        check(
            &cron,
            "2026-10-25T01:30:00Z",
            ("2026-10-25T00:30:00Z/cron", "2026-10-25T00:30:00Z"),
            ("2026-11-01T01:30:00Z/cron", "2026-11-01T01:30:00Z"),
        );
        // In the gap: the first moment after it, once.
        let spring = told(cron.next(at("2026-03-28T12:00:00Z")));
        assert!(
            spring.1.as_str() >= "2026-03-29T01:00:00Z" && spring.1.as_str() <= "2026-03-29T01:30:00Z",
            "{spring:?}"
        );
    }

    #[test]
    fn jitter_is_the_same_each_time_it_is_asked_and_differs_between_installations() {
        let almanac = weekly(Weekday::Monday, 6, 0, "Europe/Berlin");
        let period = almanac.current(at("2026-11-27T12:00:00Z")).unwrap();
        let drawn = |installation: &str| almanac.jitter(&period, installation);
        assert_eq!(drawn("a"), drawn("a"));
        let many: std::collections::BTreeSet<Duration> = (0..50).map(|n| drawn(&n.to_string())).collect();
        assert!(many.len() > 30 && many.iter().all(|jitter| *jitter < Duration::from_mins(10)), "{many:?}");
    }

    proptest! {
        #[test]
        fn periods_follow_each_other_without_gap_or_overlap(
            second in 1_700_000_000_i64..1_900_000_000, hour in 0_i8..24, minute in 0_i8..60, day in 0_i8..7,
            zone in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Africa/Casablanca"]),
            days in prop::sample::select(vec![1_u64, 3, 7, 14]),
        ) {
            let time = Time::new(hour, minute, 0, 0).unwrap();
            let weekday = Weekday::from_monday_zero_offset(day).unwrap();
            let rhythm = Rhythm::every(Duration::from_secs(days * DAY), Some(weekday), Some(time));
            let almanac = Almanac::new(rhythm, TimeZone::get(zone).unwrap());
            let now = Timestamp::from_second(second).unwrap();
            let (current, next) = (almanac.current(now).unwrap(), almanac.next(now).unwrap());
            prop_assert!(current.due <= now && now < next.due);
            prop_assert_ne!(&current.key, &next.key);
            prop_assert_eq!(almanac.current(next.due).unwrap(), next.clone());
            prop_assert_eq!(almanac.next(current.due).unwrap(), next.clone());
            let length = next.due.duration_since(current.due).as_hours();
            let wanted = i64::try_from(days).unwrap() * 24;
            prop_assert!((wanted - 2..=wanted + 2).contains(&length), "{} h", length);
        }
    }
}
