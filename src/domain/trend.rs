//! A trend: tallies week by week, and the alarm on them.
//!
//! Each week adds its shortfall, in units of ordinary weekly swing, to an account; good weeks pay it off; the alarm rings at
//! five, and one week counts at most two and a half (a cumulative sum: Page 1954; Hawkins & Olwell 1998). So no single run
//! can raise an alarm, and a small decline that lasts does.

use super::interval::{count, wilson};

/// Shortfall that is forgiven each week.
const ALLOWANCE: f64 = 0.5;
/// Where the alarm rings.
const ALARM: f64 = 5.0;
/// Most that one week adds, and what the account must fall to before the alarm ends.
const HALF_ALARM: f64 = ALARM / 2.0;
/// Least swing of a rate from week to week that is believed.
const LEAST_SWING: f64 = 0.05;
/// Fewest measured probes of a usable week.
const ENOUGH: usize = super::health::ENOUGH;
/// Usable weeks that make the baseline of the own lane.
const BASELINE: usize = 8;
/// What two figures may differ by and still count as equal.
const SLACK: f64 = 1e-9;

/// One week of one stream at one provider, all its runs added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Week {
    /// Good answers.
    pub(crate) good: usize,
    /// Measured answers.
    pub(crate) measured: usize,
}

/// What is good, bad and ordinary for the rate that is watched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bands {
    /// Below this a rate is a warning.
    pub(crate) warn: f64,
    /// Below this it is critical.
    pub(crate) crit: f64,
    /// Where a healthy sender stands.
    pub(crate) healthy: f64,
}

/// How things stand after a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WeekState {
    /// Fewer than five answers: the week changed nothing.
    TooFew,
    /// Nothing to see.
    Ok,
    /// This week lies below the warning threshold, but alone proves nothing. Shown, never alerted.
    Watch,
    /// In alarm by the healthy level, though the weeks together still lie above the warning threshold.
    Low,
    /// In alarm against this sender's own past.
    Decline,
    /// In alarm, and the weeks behind it lie below the warning threshold.
    Warning,
    /// In alarm, and the weeks behind it lie below the critical threshold.
    Critical,
}

impl WeekState {
    /// The word of the JSON contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::TooFew => "too_few",
            Self::Ok => "ok",
            Self::Watch => "watch",
            Self::Low => "low",
            Self::Decline => "decline",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// Whether someone must be told.
    pub(crate) fn is_alarm(self) -> bool {
        matches!(self, Self::Low | Self::Decline | Self::Warning | Self::Critical)
    }
}

/// What is expected of a rate: where it stands and how much it swings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reference {
    /// The rate.
    pub(crate) rate: f64,
    /// Its deviation from week to week; 0 where it is not known.
    pub(crate) deviation: f64,
}

impl Reference {
    /// By how much a rate over `n` answers may swing by itself.
    fn swing(self, n: f64) -> f64 {
        self.deviation.max((self.rate * (1.0 - self.rate) / n).sqrt()).max(LEAST_SWING)
    }

    /// What a week with this rate adds to the account.
    fn shortfall(self, rate: f64, n: f64) -> f64 {
        ((self.rate - rate) / self.swing(n) - ALLOWANCE).min(HALF_ALARM)
    }
}

/// One account of shortfalls.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Lane {
    reference: Reference,
    account: f64,
    in_alarm: bool,
    /// The weeks since the account was last empty, added up.
    spell: Week,
}

impl Lane {
    fn new(reference: Reference) -> Self {
        Self { reference, account: 0.0, in_alarm: false, spell: Week { good: 0, measured: 0 } }
    }

    fn step(&mut self, week: Week) {
        let n = count(week.measured);
        let rate = count(week.good) / n;
        self.account = (self.account + self.reference.shortfall(rate, n)).clamp(0.0, ALARM);
        if self.account <= SLACK {
            self.spell = Week { good: 0, measured: 0 };
        } else {
            self.spell.good += week.good;
            self.spell.measured += week.measured;
        }
        if self.account >= ALARM - SLACK {
            self.in_alarm = true;
        } else if self.account <= HALF_ALARM + SLACK {
            self.in_alarm = false;
        }
    }

    fn spell_rate(&self) -> Option<f64> {
        (self.spell.measured > 0).then(|| count(self.spell.good) / count(self.spell.measured))
    }
}

/// Both accounts and the state after one week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    /// The account against the healthy level.
    pub(crate) level: f64,
    /// The account against the sender's own past; `None` before there is one.
    pub(crate) own: Option<f64>,
    /// The state.
    pub(crate) state: WeekState,
    /// Whether the account against the healthy level is in alarm.
    pub(crate) level_alarm: bool,
    /// What an alarm rests on: the weeks since its account was last empty, added up; `None` without an alarm.
    pub(crate) spell: Option<Week>,
}

/// The watch over one stream at one provider.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trend {
    bands: Bands,
    level: Lane,
    own: Option<Lane>,
    baseline: Vec<Week>,
}

impl Trend {
    /// Nothing seen yet.
    pub(crate) fn new(bands: Bands) -> Self {
        let level = Lane::new(Reference { rate: bands.healthy, deviation: 0.0 });
        Self { bands, level, own: None, baseline: Vec::new() }
    }

    /// One more week.
    pub(crate) fn step(&mut self, week: Week) -> Step {
        let is_usable = week.measured >= ENOUGH;
        if is_usable {
            self.level.step(week);
            if let Some(own) = &mut self.own {
                own.step(week);
            } else {
                self.baseline.push(week);
                self.own = own_reference(&self.baseline).map(Lane::new);
            }
        }
        self.told(week)
    }

    /// Where things stand after a week.
    fn told(&self, week: Week) -> Step {
        let is_usable = week.measured >= ENOUGH;
        let state = if is_usable { self.state(week) } else { WeekState::TooFew };
        let spell = self.speaking().map(|lane| lane.spell).filter(|_| is_usable);
        let level_alarm = self.level.in_alarm;
        Step { level: self.level.account, own: self.own.map(|own| own.account), state, spell, level_alarm }
    }

    /// The lane whose alarm is told.
    fn speaking(&self) -> Option<Lane> {
        Some(self.level).filter(|level| level.in_alarm).or_else(|| self.own.filter(|own| own.in_alarm))
    }

    fn state(&self, week: Week) -> WeekState {
        let Some(rate) = self.speaking().and_then(|lane| lane.spell_rate()) else {
            let rate = count(week.good) / count(week.measured);
            return if is_below(rate, self.bands.warn) { WeekState::Watch } else { WeekState::Ok };
        };
        if is_below(rate, self.bands.crit) {
            WeekState::Critical
        } else if is_below(rate, self.bands.warn) {
            WeekState::Warning
        } else if self.own.is_some_and(|own| own.in_alarm) {
            WeekState::Decline
        } else {
            WeekState::Low
        }
    }

    /// The user takes what happened for the new ordinary: the own lane starts over with the next eight weeks. Where things
    /// stand then, after `week`.
    pub(crate) fn accept(&mut self, week: Week) -> Step {
        self.own = None;
        self.baseline.clear();
        self.told(week)
    }
}

/// What the first eight usable weeks say of this sender: `None` before there are as many. The reference is cautious, at
/// least three points below the pooled rate, so that a lucky start does not raise alarms later.
fn own_reference(baseline: &[Week]) -> Option<Reference> {
    if baseline.len() < BASELINE {
        return None;
    }
    let good = count(baseline.iter().map(|week| week.good).sum());
    let measured = count(baseline.iter().map(|week| week.measured).sum());
    let pooled = good / measured;
    let rate = wilson(good, measured, 0.80).lo.min(pooled - 0.03).clamp(0.05, 0.97);
    let rates: Vec<f64> = baseline.iter().map(|week| count(week.good) / count(week.measured)).collect();
    let mean = rates.iter().sum::<f64>() / count(rates.len());
    let squares = rates.iter().map(|rate| (rate - mean) * (rate - mean)).sum::<f64>();
    Some(Reference { rate, deviation: (squares / (count(rates.len()) - 1.0)).sqrt() })
}

fn is_below(rate: f64, threshold: f64) -> bool {
    rate < threshold - SLACK
}

/// How many weeks at `rate`, with `n` answers each, bring an account from nothing to the alarm; `None`: never.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 2 and 5e9")]
pub(crate) fn weeks_to_alarm(reference: Reference, n: usize, rate: f64) -> Option<u64> {
    let step = reference.shortfall(rate, count(n));
    (step > SLACK).then(|| (ALARM / step - SLACK).ceil() as u64)
}

#[cfg(test)]
impl Bands {
    /// The guide's for the inbox rate.
    pub(crate) const INBOX: Self = Self { warn: 0.80, crit: 0.60, healthy: 0.90 };
    /// The guide's for the rate of answers that are no spam, at Outlook.
    pub(crate) const NO_SPAM: Self = Self { warn: 0.90, crit: 0.80, healthy: 0.95 };
}

#[cfg(test)]
impl Trend {
    /// All of `weeks`, the oldest first, each with where things stood after it.
    pub(crate) fn of(weeks: &[Week], bands: Bands) -> (Self, Vec<Step>) {
        let mut trend = Self::new(bands);
        let steps = weeks.iter().map(|week| trend.step(*week)).collect();
        (trend, steps)
    }

    /// The sender's own past, once there are eight usable weeks of it.
    pub(crate) fn own_reference(&self) -> Option<Reference> {
        self.own.map(|own| own.reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(good: usize, measured: usize) -> Week {
        Week { good, measured }
    }

    #[test]
    fn no_single_week_however_bad_raises_an_alarm() {
        let (_, steps) = Trend::of(&[week(0, 1000)], Bands::INBOX);
        assert_eq!(steps.iter().map(|step| step.state).collect::<Vec<_>>(), [WeekState::Watch]);
        let (_, steps) = Trend::of(&[week(0, 1000), week(0, 4), week(0, 1000)], Bands::INBOX);
        let states: Vec<WeekState> = steps.iter().map(|step| step.state).collect();
        assert_eq!(states, [WeekState::Watch, WeekState::TooFew, WeekState::Critical]);
    }

    #[test]
    fn the_own_lane_sees_a_decline_that_the_healthy_level_lets_pass() {
        let (mut trend, _) = Trend::of(&[week(20, 20); 8], Bands::INBOX);
        assert_eq!(trend.own_reference().map(|own| own.rate), Some(0.97));
        let states: Vec<WeekState> = (0..4).map(|_| trend.step(week(17, 20)).state).collect();
        assert_eq!(states.last(), Some(&WeekState::Decline));
        let level = trend.step(week(17, 20)).level;
        let accepted = trend.accept(week(17, 20));
        assert_eq!((accepted.own, accepted.state), (None, WeekState::Ok), "the alarm against its own past is over");
        let step = trend.step(week(17, 20));
        assert_eq!((step.own, step.state), (None, WeekState::Ok));
        assert!(step.level >= level, "what is accepted leaves the level alone");
        for _ in 0..7 {
            trend.step(week(17, 20));
        }
        assert!(trend.own_reference().is_some_and(|own| own.rate < 0.83), "eight weeks later there is a new past");
    }
}
