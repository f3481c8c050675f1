//! Reputation: what SES counted of an account's mail in one region, day by day: what came back and who complained.
//!
//! A placement test cannot see either. SES counts all mail of the account there, not the streams alone. Over nothing there is
//! no rate, and what could not be asked is not known; neither is ever 0.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::account::Account;
use super::health::Thresholds;
use super::interval::{Interval, wilson};
use super::threshold::{Band, Measure, Threshold, table};

/// How far back SES tells, and how many days make a rate.
pub(crate) const DAYS: i64 = 14;
/// Days in a row on which a rate rises before somebody is told to stop.
const RISES: usize = 3;

/// What SES counted on one day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Day {
    /// The day.
    pub(crate) date: Date,
    /// Mails that SES tried to deliver.
    pub(crate) attempts: u64,
    /// Those that bounced.
    pub(crate) bounces: u64,
    /// Those that somebody called spam.
    pub(crate) complaints: u64,
}

/// One account in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reputation {
    /// Whose mail it is; `None`: not known.
    pub(crate) account: Option<Account>,
    /// The region; `None` where the AWS environment decides.
    pub(crate) region: Option<String>,
    /// Its days, the oldest first; a day without mail is absent.
    pub(crate) days: Vec<Day>,
    /// When SES was asked last.
    pub(crate) asked_at: Timestamp,
    /// Why it did not answer then; `None` where it did.
    pub(crate) unanswered: Option<String>,
}

/// One rate over two weeks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ReturnRate {
    /// Bounces or complaints.
    pub(crate) measure: Measure,
    /// How many.
    pub(crate) hits: u64,
    /// Of how many mails; at least one.
    pub(crate) attempts: u64,
    /// Their share.
    pub(crate) rate: f64,
    /// Its interval.
    pub(crate) interval: Interval,
    /// The guide's row.
    pub(crate) threshold: Threshold,
}

impl ReturnRate {
    fn of(measure: Measure, days: &[Day], confidence: f64, thresholds: Thresholds) -> Option<Self> {
        let attempts = days.iter().map(|day| day.attempts).sum();
        let hits = days.iter().map(|day| day.of(measure)).sum();
        // A bounce may be counted on a later day than its mail: a day can hold more of them than mails.
        let (some, all) = (number(hits), number(attempts).max(number(hits)));
        (attempts > 0).then(|| Self {
            measure,
            hits,
            attempts,
            rate: some / all,
            interval: wilson(some, all, confidence),
            threshold: row(measure, thresholds),
        })
    }

    /// The band of the figure.
    pub(crate) fn band(&self) -> Band {
        self.threshold.band(self.rate)
    }

    /// The band that it has surely reached: one bounce among thirty mails proves nothing.
    pub(crate) fn sure(&self) -> Band {
        self.threshold.band(self.interval.lo)
    }
}

impl Day {
    fn of(&self, measure: Measure) -> u64 {
        match measure {
            Measure::Bounce => self.bounces,
            Measure::Complaint => self.complaints,
            Measure::Inbox | Measure::Spam | Measure::Missing => 0,
        }
    }
}

impl Reputation {
    /// Bounces and complaints, as known when SES was asked last; `None` where it counted no mail in those two weeks or was
    /// never heard.
    pub(crate) fn rates(&self, confidence: f64, thresholds: Thresholds) -> Option<[ReturnRate; 2]> {
        let last = self.asked_at.to_zoned(TimeZone::UTC).date();
        let first = last.checked_sub((DAYS - 1).days()).unwrap_or(Date::MIN);
        let here: Vec<Day> = self.days.iter().filter(|day| day.date >= first && day.date <= last).copied().collect();
        let rate = |measure| ReturnRate::of(measure, &here, confidence, thresholds);
        Some([rate(Measure::Bounce)?, rate(Measure::Complaint)?])
    }

    /// Whether a rate rose three whole days running, and surely lies higher than where it began: the guide stops all sending then.
    pub(crate) fn is_rising(&self, measure: Measure, confidence: f64, thresholds: Thresholds) -> bool {
        let today = self.asked_at.to_zoned(TimeZone::UTC).date();
        let whole: Vec<Day> = self.days.iter().filter(|day| day.date < today).copied().collect();
        let Some(begin) = whole.len().checked_sub(RISES.saturating_add(1)) else { return false };
        let last = whole.get(begin..).unwrap_or_default();
        let rates: Vec<ReturnRate> = last
            .iter()
            .filter_map(|day| ReturnRate::of(measure, std::slice::from_ref(day), confidence, thresholds))
            .collect();
        let in_a_row = last.windows(2).all(|pair| match pair {
            [one, next] => one.date.checked_add(1.days()).is_ok_and(|after| after == next.date),
            _ => false,
        });
        let yesterday = today.checked_sub(1.days()).ok();
        let is_fresh = last.last().map(|day| day.date) == yesterday;
        let rises = rates.len() == last.len()
            && rates.windows(2).all(|pair| matches!(pair, [one, next] if one.rate < next.rate));
        let apart = |first: &ReturnRate, last: &ReturnRate| first.interval.hi < last.interval.lo;
        let surely = matches!((rates.first(), rates.last()), (Some(first), Some(last)) if apart(first, last));
        in_a_row && is_fresh && rises && surely
    }
}

/// The guide's row.
fn row(measure: Measure, thresholds: Thresholds) -> Threshold {
    let [inbox, spam, missing, bounce, complaint] = table(thresholds);
    match measure {
        Measure::Inbox => inbox,
        Measure::Spam => spam,
        Measure::Missing => missing,
        Measure::Bounce => bounce,
        Measure::Complaint => complaint,
    }
}

#[expect(clippy::cast_precision_loss, reason = "no account sends 2^53 mails in two weeks")]
fn number(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const GUIDE: Thresholds = Thresholds { inbox_warn: 0.80, inbox_crit: 0.60, spam_warn: 0.10, spam_crit: 0.20 };

    fn day(of: i8, attempts: u64, bounces: u64, complaints: u64) -> Day {
        Day { date: date(2026, 11, of), attempts, bounces, complaints }
    }

    fn asked(days: &[Day]) -> Reputation {
        let asked_at = "2026-11-27T06:00:00Z".parse().unwrap();
        Reputation { account: None, region: None, days: days.to_vec(), asked_at, unanswered: None }
    }

    fn rates(days: &[Day]) -> Option<[ReturnRate; 2]> {
        asked(days).rates(0.95, GUIDE)
    }

    #[test]
    fn a_rate_is_of_two_weeks_and_over_nothing_there_is_none() {
        assert_eq!(rates(&[]), None);
        assert_eq!(rates(&[day(13, 1_000, 900, 900)]), None, "two weeks and a day ago");
        assert_eq!(rates(&[day(20, 0, 0, 0)]), None);
        let [bounce, complaint] =
            rates(&[day(13, 1_000, 900, 900), day(14, 5_000, 150, 1), day(27, 5_000, 150, 1)]).unwrap();
        assert_eq!(
            (bounce.hits, bounce.attempts, bounce.band(), bounce.sure()),
            (300, 10_000, Band::Warning, Band::Warning)
        );
        assert_eq!((complaint.hits, complaint.band()), (2, Band::Healthy));
        let [late, _] = rates(&[day(27, 1, 3, 0)]).unwrap();
        assert!((late.rate - 1.0).abs() < 1e-12, "bounces of an earlier day's mail");
    }

    #[test]
    fn a_crossing_needs_evidence_and_the_borders_belong_to_their_good_side() {
        for (attempts, bounces, band, sure) in [
            (30, 1, Band::Warning, Band::Healthy),
            (1_000, 20, Band::Healthy, Band::Healthy),
            (100_000, 4_000, Band::Warning, Band::Warning),
            (100_000, 4_500, Band::Critical, Band::Critical),
        ] {
            let [bounce, _] = rates(&[day(26, attempts, bounces, 0)]).unwrap();
            assert_eq!((bounce.band(), bounce.sure()), (band, sure), "{bounces} of {attempts}");
        }
        let [_, complaint] = rates(&[day(26, 100_000, 0, 400)]).unwrap();
        assert_eq!(complaint.sure(), Band::Critical);
    }

    #[test]
    fn three_days_of_rise_count_when_they_are_whole_fresh_in_a_row_and_more_than_chance() {
        let rise = [day(23, 9_000, 20, 0), day(24, 9_000, 40, 0), day(25, 9_000, 80, 0), day(26, 9_000, 160, 0)];
        let is_rising = |days: &[Day]| asked(days).is_rising(Measure::Bounce, 0.95, GUIDE);
        assert!(is_rising(&rise) && is_rising(&[&[day(20, 9_000, 900, 0)][..], &rise].concat()));
        assert!(is_rising(&[&rise[..], &[day(27, 10, 0, 0)]].concat()), "today is not over");
        assert!(!is_rising(&rise[1..]), "two rises");
        assert!(!is_rising(&[rise[0], rise[1], day(25, 9_000, 30, 0), rise[3]]), "a day of fall");
        assert!(!is_rising(&[day(22, 9_000, 20, 0), rise[1], rise[2], rise[3]]), "a day without mail between");
        assert!(!is_rising(&rise.map(|one| Day { date: one.date.yesterday().unwrap(), ..one })), "not up to yesterday");
        let few = [day(23, 90, 0, 0), day(24, 90, 1, 0), day(25, 90, 2, 0), day(26, 90, 3, 0)];
        assert!(!is_rising(&few), "three of ninety may well be none");
        let noise = [day(23, 90, 2, 0), day(24, 90, 3, 0), day(25, 90, 4, 0), day(26, 90, 5, 0)];
        assert!(!is_rising(&noise), "five of ninety may well be two of ninety");
        assert!(!asked(&rise).is_rising(Measure::Complaint, 0.95, GUIDE));
    }
}
