//! The monitor: every stream at every provider, week by week, and what the newest week changed.
//!
//! Runs of one ISO week are added up. The alarm is the sequential test of [`super::trend`], so that no single test can
//! raise it; a share of missing probes is alarmed when two weeks in a row are surely above a tenth. A provider takes part
//! only in runs in which at least half of its probes were measured: less is a fault of the looking, not of the mail.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::health::{ENOUGH, Thresholds};
use super::interval::{count, wilson};
use super::provider::ProviderName;
use super::run::RunId;
use super::stream::StreamName;
use super::trend::{Bands, Reference, Step, Trend, Week, WeekState, weeks_to_alarm};

/// Above this share of missing probes something is wrong besides the folder.
pub(crate) const MISSING_WARN: f64 = 0.10;

/// Most weeks whose swing makes the volatility.
const RECENT: usize = 8;

/// A week of ISO 8601: its year and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WeekName {
    year: i16,
    week: i8,
}

impl WeekName {
    /// The week that a moment lies in.
    pub(crate) fn of(at: Timestamp, zone: &TimeZone) -> Self {
        let date = at.to_zoned(zone.clone()).date().iso_week_date();
        Self { year: date.year(), week: date.week() }
    }
}

impl std::fmt::Display for WeekName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:04}-W{:02}", self.year, self.week)
    }
}

/// What one run found of one stream at one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sample {
    /// The stream.
    pub(crate) stream: StreamName,
    /// The provider.
    pub(crate) provider: ProviderName,
    /// The run.
    pub(crate) run: RunId,
    /// The week in which it began.
    pub(crate) week: WeekName,
    /// Probes that were planned.
    pub(crate) planned: usize,
    /// Those that were measured.
    pub(crate) measured: usize,
    /// Those that reached the inbox, as the rules count it.
    pub(crate) good: usize,
    /// Those that lay in spam.
    pub(crate) spam: usize,
    /// Those that lay nowhere.
    pub(crate) missing: usize,
}

impl Sample {
    /// Whether enough of its probes were measured to say something about the run.
    fn counts(&self) -> bool {
        self.measured > 0 && self.measured.saturating_mul(2) >= self.planned
    }
}

/// That the user takes what a stream does for its new ordinary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acceptance {
    /// The stream.
    pub(crate) stream: StreamName,
    /// The provider; `None` for all of them.
    pub(crate) provider: Option<ProviderName>,
    /// When.
    pub(crate) at: Timestamp,
}

/// Which rate is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Signal {
    /// The share that reaches the inbox.
    Inbox,
    /// The share in spam, where the provider has that threshold.
    Spam,
    /// The share that lies nowhere.
    Missing,
}

impl Signal {
    /// The word of the JSON contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Spam => "spam",
            Self::Missing => "missing",
        }
    }
}

/// One week of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// The week.
    pub(crate) week: WeekName,
    /// What was counted: probes with the property that is watched.
    pub(crate) hits: usize,
    /// What was measured.
    pub(crate) measured: usize,
    /// Where things stood afterwards.
    pub(crate) state: WeekState,
    /// The accounts of the sequential test; `None` for missing probes, which have none.
    pub(crate) step: Option<Step>,
    /// Whether the user took what happened up to here for the new ordinary.
    pub(crate) accepted: bool,
}

impl Point {
    /// The share that is watched: in the inbox, in spam, or missing.
    pub(crate) fn rate(&self) -> Option<f64> {
        (self.measured > 0).then(|| count(self.hits) / count(self.measured))
    }
}

/// One stream at one provider under one signal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    /// The stream.
    pub(crate) stream: StreamName,
    /// The provider.
    pub(crate) provider: ProviderName,
    /// What is watched.
    pub(crate) signal: Signal,
    /// Its weeks, the oldest first.
    pub(crate) points: Vec<Point>,
}

/// What the newest week of a series changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// An alarm began, or grew worse than it was told.
    Alarm(WeekState),
    /// An alarm that was told is over.
    Recovered,
}

impl Series {
    /// The newest week.
    pub(crate) fn last(&self) -> Option<&Point> {
        self.points.last()
    }

    /// Whether the newest usable week is in alarm, and how.
    pub(crate) fn alarm(&self) -> Option<WeekState> {
        let usable = self.points.iter().rev().find(|point| point.state != WeekState::TooFew)?;
        usable.state.is_alarm().then_some(usable.state)
    }

    /// The first week of the alarm that stands; `None` without one.
    pub(crate) fn alarm_since(&self) -> Option<WeekName> {
        let usable = self.points.iter().rev().filter(|point| point.state != WeekState::TooFew);
        usable.take_while(|point| point.state.is_alarm()).last().map(|point| point.week)
    }

    /// What the alarm that stands rests on; `None` without one, and for missing probes, which have no account.
    pub(crate) fn spell(&self) -> Option<Week> {
        self.points.iter().rev().find(|point| point.state != WeekState::TooFew)?.step?.spell
    }

    /// The first of the weeks that the alarm that stands rests on; `None` where there is no [`Self::spell`].
    pub(crate) fn spell_since(&self) -> Option<WeekName> {
        let mut left = self.spell()?.measured;
        let usable = self.points.iter().rev().filter(|point| point.measured >= ENOUGH);
        let within = usable.take_while(|point| {
            let is_within = left > 0;
            left = left.saturating_sub(point.measured);
            is_within
        });
        within.last().map(|point| point.week)
    }

    /// What the newest week changed; `None` when it changed nothing that anybody must be told.
    pub(crate) fn turn(&self) -> Option<Turn> {
        let (last, earlier) = self.points.split_last()?;
        // What was accepted has not recovered.
        if last.state == WeekState::TooFew || (last.accepted && !last.state.is_alarm()) {
            return None;
        }
        let told = earlier.iter().fold(0, |told, point| match point.state {
            // What was told before it was accepted is settled, even where that week had too few probes to say so.
            WeekState::TooFew => {
                if point.accepted {
                    0
                } else {
                    told
                }
            }
            state if state.is_alarm() => told.max(gravity(state)),
            WeekState::Ok
            | WeekState::Watch
            | WeekState::Low
            | WeekState::Decline
            | WeekState::Warning
            | WeekState::Critical => 0,
        });
        if last.state.is_alarm() {
            return (gravity(last.state) > told).then_some(Turn::Alarm(last.state));
        }
        (told > 0).then_some(Turn::Recovered)
    }

    /// How much the rate swings from week to week: the deviation over the last usable weeks; `None` with fewer than three.
    pub(crate) fn volatility(&self) -> Option<f64> {
        let usable = self.points.iter().rev().filter(|point| point.measured >= ENOUGH);
        let rates: Vec<f64> = usable.filter_map(Point::rate).take(RECENT).collect();
        if rates.len() < 3 {
            return None;
        }
        let mean = rates.iter().sum::<f64>() / count(rates.len());
        let squares: f64 = rates.iter().map(|rate| (rate - mean).powi(2)).sum();
        Some((squares / (count(rates.len()) - 1.0)).sqrt())
    }
}

/// How grave an alarm is; 0 for none.
fn gravity(state: WeekState) -> u8 {
    match state {
        WeekState::TooFew | WeekState::Ok | WeekState::Watch => 0,
        WeekState::Low | WeekState::Decline => 1,
        WeekState::Warning => 2,
        WeekState::Critical => 3,
    }
}

/// How many weeks it takes the alarm to tell that a healthy sender's inbox rate fell to `rate`, with so many seeds and one
/// run a week; `None`: it never will.
pub(crate) fn weeks_to_alarm_at(rate: f64, seeds: usize, thresholds: Thresholds) -> Option<u64> {
    let healthy = Reference { rate: inbox_bands(thresholds).healthy, deviation: 0.0 };
    weeks_to_alarm(healthy, seeds, rate).filter(|_| seeds >= ENOUGH)
}

/// The bands of the inbox rate: healthy is halfway from the warning to all of it.
fn inbox_bands(thresholds: Thresholds) -> Bands {
    Bands {
        warn: thresholds.inbox_warn,
        crit: thresholds.inbox_crit,
        healthy: f64::midpoint(thresholds.inbox_warn, 1.0),
    }
}

/// The bands of the share that is no spam.
fn spam_bands(thresholds: Thresholds) -> Bands {
    let warn = 1.0 - thresholds.spam_warn;
    Bands { warn, crit: 1.0 - thresholds.spam_crit, healthy: f64::midpoint(warn, 1.0) }
}

/// Counts of one week.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    measured: usize,
    good: usize,
    spam: usize,
    missing: usize,
}

/// Every series that the samples make, by stream and provider. `has_spam_threshold` says of a provider whether its share of
/// spam is watched, too.
pub(crate) fn watch(
    samples: &[Sample],
    accepted: &[(WeekName, Acceptance)],
    thresholds: Thresholds,
    confidence: f64,
    has_spam_threshold: impl Fn(&ProviderName) -> bool,
) -> Vec<Series> {
    let mut groups: BTreeMap<(&StreamName, &ProviderName), BTreeMap<WeekName, Counts>> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| sample.counts()) {
        let weeks = groups.entry((&sample.stream, &sample.provider)).or_default();
        let counts = weeks.entry(sample.week).or_default();
        counts.measured = counts.measured.saturating_add(sample.measured);
        counts.good = counts.good.saturating_add(sample.good);
        counts.spam = counts.spam.saturating_add(sample.spam);
        counts.missing = counts.missing.saturating_add(sample.missing);
    }
    let mut all = Vec::new();
    for ((stream, provider), weeks) in groups {
        let accepted: Vec<WeekName> = accepted
            .iter()
            .filter(|(_, one)| one.stream == *stream && one.provider.as_ref().is_none_or(|name| name == provider))
            .map(|(week, _)| *week)
            .collect();
        let accepted = accepted.as_slice();
        let series = |signal, points| Series { stream: stream.clone(), provider: provider.clone(), signal, points };
        all.push(series(
            Signal::Inbox,
            tested(&weeks, accepted, inbox_bands(thresholds), |week| week.good, |hits, _| hits),
        ));
        if has_spam_threshold(provider) {
            let clean = |hits: usize, all: usize| all.saturating_sub(hits);
            all.push(series(Signal::Spam, tested(&weeks, accepted, spam_bands(thresholds), |week| week.spam, clean)));
        }
        all.push(series(Signal::Missing, missing(&weeks, confidence)));
    }
    all
}

/// A series of the sequential test, whose own lane starts over after the weeks in which that was accepted: what is counted,
/// and how many of the measured ones are good by it.
///
/// The border lies behind the whole week, never within it. Runs of one ISO week are added up and are one observation, which
/// cannot be both past and new past. A week on this side too many costs the new baseline one week; a week on the other side
/// would put mail of before the change into what is ordinary from now on, and hide the next decline behind its swing. For
/// the same reason a run that is made later in the week of the acceptance belongs to what was accepted.
fn tested(
    weeks: &BTreeMap<WeekName, Counts>,
    accepted: &[WeekName],
    bands: Bands,
    hits: impl Fn(&Counts) -> usize,
    good: impl Fn(usize, usize) -> usize,
) -> Vec<Point> {
    let mut trend = Trend::new(bands);
    let mut later = weeks.keys().copied().skip(1);
    let point = |(week, counts): (&WeekName, &Counts)| {
        let hits = hits(counts);
        let counted = Week { good: good(hits, counts.measured), measured: counts.measured };
        let mut step = trend.step(counted);
        // What is accepted in a week, or before the next one that has a run, holds from that next one on.
        let next = later.next();
        let accepted = accepted.iter().any(|at| at >= week && next.is_none_or(|next| *at < next));
        if accepted {
            step = trend.accept(counted);
        }
        Point { week: *week, hits, measured: counts.measured, state: step.state, step: Some(step), accepted }
    };
    weeks.iter().map(point).collect()
}

/// The share of missing probes: two weeks in a row surely above a tenth are a warning, one is watched.
fn missing(weeks: &BTreeMap<WeekName, Counts>, confidence: f64) -> Vec<Point> {
    let mut was_high = false;
    let point = |(week, counts): (&WeekName, &Counts)| {
        let state = if counts.measured < ENOUGH {
            WeekState::TooFew
        } else {
            let is_high = wilson(count(counts.missing), count(counts.measured), confidence).lo > MISSING_WARN;
            let state = match (is_high, was_high) {
                (true, true) => WeekState::Warning,
                (true, false) => WeekState::Watch,
                (false, _) => WeekState::Ok,
            };
            was_high = is_high;
            state
        };
        Point { week: *week, hits: counts.missing, measured: counts.measured, state, step: None, accepted: false }
    };
    weeks.iter().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUIDE: Thresholds = Thresholds { inbox_warn: 0.80, inbox_crit: 0.60, spam_warn: 0.10, spam_crit: 0.20 };

    fn sample(week: i8, good: usize, spam: usize, missing: usize, measured: usize, planned: usize) -> Sample {
        Sample {
            stream: StreamName::new("news").unwrap(),
            provider: ProviderName::new("outlook").unwrap(),
            run: RunId(i64::from(week)),
            week: WeekName { year: 2026, week },
            planned,
            measured,
            good,
            spam,
            missing,
        }
    }

    fn series(samples: &[Sample], signal: Signal) -> Series {
        watch(samples, &[], GUIDE, 0.95, |_| true).into_iter().find(|series| series.signal == signal).unwrap()
    }

    /// What each week turns, as it becomes the newest.
    fn turns(samples: &[Sample], signal: Signal) -> Vec<Option<Turn>> {
        (1..=samples.len()).map(|length| series(&samples[..length], signal).turn()).collect()
    }

    #[test]
    fn bands_follow_the_configured_thresholds_and_the_guide_s_are_the_specification_s() {
        assert_eq!(inbox_bands(GUIDE), Bands::INBOX);
        let weeks = |rate, seeds| weeks_to_alarm_at(rate, seeds, GUIDE);
        assert_eq!([weeks(0.5, 20), weeks(0.7, 20), weeks(0.89, 20), weeks(0.5, 4)], [Some(2), Some(3), None, None]);
        let spam = spam_bands(GUIDE);
        assert!((spam.healthy - Bands::NO_SPAM.healthy).abs() < 1e-12 && (spam.warn - 0.9).abs() < 1e-12);
    }

    #[test]
    fn an_alarm_is_told_once_again_when_it_grows_worse_and_once_when_it_is_over() {
        use WeekState::{Critical, Warning};
        let fall = |good: &[usize]| -> Vec<Sample> {
            good.iter().zip(1..).map(|(good, week)| sample(week, *good, 0, 0, 20, 20)).collect()
        };
        let told = turns(&fall(&[20, 13, 13, 13, 2, 2, 2, 20, 20, 20, 20, 20]), Signal::Inbox);
        let alarms: Vec<Turn> = told.iter().copied().flatten().collect();
        let wanted = [Turn::Alarm(Warning), Turn::Alarm(Critical), Turn::Recovered];
        assert_eq!(alarms, wanted, "{told:?}");
        assert_eq!(told[1], None, "never after one test");
        let standing = series(&fall(&[20, 13, 13, 13]), Signal::Inbox);
        assert_eq!(standing.alarm_since(), Some(WeekName { year: 2026, week: 3 }));
        assert_eq!(standing.spell(), Some(Week { good: 39, measured: 60 }), "the weeks since the account was empty");
        let calm = series(&fall(&[20, 13, 20]), Signal::Inbox);
        assert_eq!((calm.alarm_since(), calm.spell()), (None, None));
    }

    #[test]
    fn an_accepted_change_ends_the_alarm_against_its_own_past_in_silence_and_the_level_s_stands() {
        let fall = |good: usize| -> Vec<Sample> {
            (1..=20).map(|week| sample(week, if week <= 8 { 20 } else { good }, 0, 0, 20, 20)).collect()
        };
        let accepted = |provider: Option<&str>, week| {
            let stream = StreamName::new("news").unwrap();
            let provider = provider.map(|name| ProviderName::new(name).unwrap());
            vec![(WeekName { year: 2026, week }, Acceptance { stream, provider, at: Timestamp::UNIX_EPOCH })]
        };
        let inbox = |samples: &[Sample], accepted: &[(WeekName, Acceptance)]| {
            let all = watch(samples, accepted, GUIDE, 0.95, |_| false);
            all.into_iter().find(|series| series.signal == Signal::Inbox).unwrap()
        };
        let (slip, crash) = (fall(17), fall(8));
        assert_eq!(inbox(&slip, &[]).alarm(), Some(WeekState::Decline));
        for provider in [None, Some("outlook")] {
            let now = inbox(&slip[..14], &accepted(provider, 14));
            assert_eq!((now.alarm(), now.turn()), (None, None), "at once, and nobody is told of a recovery");
            assert_eq!(inbox(&slip[..15], &accepted(provider, 14)).turn(), None, "nor a week later");
            assert_eq!(inbox(&slip, &accepted(provider, 14)).alarm(), None, "and it is the new ordinary");
        }
        assert_eq!(inbox(&slip, &accepted(Some("gmail"), 14)).alarm(), Some(WeekState::Decline), "another provider's");
        assert_eq!(inbox(&slip, &accepted(None, 2)).points[7].step.unwrap().own, None, "eight new weeks are needed");
        // Runs before and after it in its week are one observation, and none of them is part of the new baseline.
        let mut split = fall(17);
        split.extend((21..=24).map(|week| sample(week, 17, 0, 0, 20, 20)));
        split.insert(14, sample(14, 0, 20, 0, 20, 20));
        let anew = inbox(&split, &accepted(None, 14));
        let own: Vec<Option<f64>> = anew.points.iter().map(|point| point.step.unwrap().own).collect();
        assert_eq!((own.len(), anew.points[13].measured), (24, 40));
        assert!(
            own[13..21].iter().all(Option::is_none) && own[21].is_some(),
            "weeks 15 to 22 are the new past: {own:?}"
        );
        assert_eq!(inbox(&crash, &accepted(None, 14)).alarm(), Some(WeekState::Critical), "what is bad stays bad");
    }

    #[test]
    fn spam_and_missing_are_watched_apart_from_the_inbox() {
        let spam: Vec<Sample> = (1..5).map(|week| sample(week, 14, 6, 0, 20, 20)).collect();
        assert!(turns(&spam, Signal::Spam).contains(&Some(Turn::Alarm(WeekState::Critical))));
        let lost: Vec<Sample> = (1..4).map(|week| sample(week, 14, 0, 6, 20, 20)).collect();
        assert_eq!(turns(&lost, Signal::Missing), [None, Some(Turn::Alarm(WeekState::Warning)), None]);
        assert_eq!(turns(&lost, Signal::Spam), [None, None, None]);
    }

    #[test]
    fn runs_of_a_week_are_added_up_and_a_run_that_could_not_look_is_left_out() {
        let samples = [sample(1, 5, 0, 0, 5, 5), sample(1, 5, 0, 0, 10, 10), sample(1, 0, 0, 0, 4, 10)];
        let series = series(&samples, Signal::Inbox);
        assert_eq!((series.points.len(), series.points[0].hits, series.points[0].measured), (1, 10, 15));
    }

    #[test]
    fn volatility_needs_three_usable_weeks() {
        let weeks = |goods: &[usize]| -> Vec<Sample> {
            goods.iter().zip(1..).map(|(good, week)| sample(week, *good, 0, 0, 10, 10)).collect()
        };
        assert_eq!(series(&weeks(&[9, 8]), Signal::Inbox).volatility(), None);
        let swing = series(&weeks(&[9, 8, 7]), Signal::Inbox).volatility().unwrap();
        assert!((swing - 0.1).abs() < 1e-12, "{swing}");
    }

    #[test]
    fn a_week_is_named_by_the_zone_of_the_schedule() {
        let at: Timestamp = "2026-12-31T23:30:00Z".parse().unwrap();
        let auckland = TimeZone::get("Pacific/Auckland").unwrap();
        assert_eq!(WeekName::of(at, &auckland).to_string(), "2026-W53");
        let sunday: Timestamp = "2027-01-03T23:30:00Z".parse().unwrap();
        assert_eq!(WeekName::of(sunday, &TimeZone::UTC).to_string(), "2026-W53");
        assert_eq!(WeekName::of(sunday, &auckland).to_string(), "2027-W01");
    }
}

#[cfg(test)]
mod chain;
