//! Recovery: the guide's way back for a sender that was filed as spam, by dates, and how far it has come.
//!
//! Cold mail rests for 72 hours; a full placement test before anything is rebuilt; then the volume grows by a table of days,
//! with a test every third day, and is expected to be stable after 10 to 14 days. It never grows while DNS fails, and not
//! beyond what the last test allows. Signals of readers are never faked: nobody opens, answers or rescues anything here.

use jiff::civil::Date;
use jiff::{Span, ToSpan as _};

/// How long cold mail rests, in days: 72 hours.
const REST: i32 = 3;
/// Days of the ramp.
const RAMP: i32 = 14;
/// A placement test every so many days.
const TEST_EVERY: i32 = 3;

/// One line of the ramp: days counted from the end of the rest, and mails a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rung {
    /// First day, from 1.
    pub(crate) from: i32,
    /// Last day.
    pub(crate) to: i32,
    /// Least mails a day.
    pub(crate) least: u32,
    /// Most mails a day.
    pub(crate) most: u32,
    /// How to share them between providers.
    pub(crate) mix: &'static str,
}

/// The guide's table. In recovery nobody sends more than 100 a day.
pub(crate) const LADDER: [Rung; 5] = [
    Rung { from: 1, to: 2, least: 30, most: 40, mix: "slightly more Gmail" },
    Rung { from: 3, to: 4, least: 40, most: 60, mix: "slightly more Gmail" },
    Rung { from: 5, to: 7, least: 60, most: 80, mix: "even" },
    Rung { from: 8, to: 10, least: 80, most: 100, mix: "even" },
    Rung { from: 11, to: 14, least: 80, most: 100, mix: "even; hold until Gmail and Outlook are stable" },
];

/// A placement test as far as recovery looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trial {
    /// The day it was made on.
    pub(crate) date: Date,
    /// Whether every provider that was judged was healthy; `None` when too little was measured.
    pub(crate) is_healthy: Option<bool>,
}

/// What DNS says of the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DnsStanding {
    /// Nothing is critical.
    Sound,
    /// Something is critical.
    Failing(Vec<String>),
    /// It could not be asked.
    Unknown(Vec<String>),
}

/// One dated step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// Its first day.
    pub(crate) from: Date,
    /// Its last day.
    pub(crate) to: Date,
    /// What to do.
    pub(crate) what: String,
    /// Whether it is done: a test was made, the rest is over, or a step of the ramp is over and a healthy test followed.
    pub(crate) is_done: bool,
}

/// What to do today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Today {
    /// DNS fails: no ramp.
    MendDns(Vec<String>),
    /// Cold mail rests.
    Rest,
    /// A placement test is due before anything else.
    Test,
    /// Send so many.
    Send {
        /// Mails today.
        most: u32,
        /// Why it is no more.
        why: &'static str,
    },
    /// Stable.
    Recovered,
}

/// The plan.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recovery {
    /// Its first day.
    pub(crate) start: Date,
    /// Its steps in their order.
    pub(crate) steps: Vec<Step>,
    /// From when to when it is expected to be stable.
    pub(crate) stable: (Date, Date),
    /// What to do today.
    pub(crate) today: Today,
}

fn later(date: Date, days: i32) -> Date {
    date.checked_add(Span::new().days(i64::from(days))).unwrap_or(Date::MAX)
}

/// The plan of a recovery that began on `start`, as of `today`.
pub(crate) fn plan(start: Date, today: Date, trials: &[Trial], dns: &DnsStanding) -> Recovery {
    let ramp = later(start, REST);
    let made = |from: Date, to: Date| trials.iter().any(|trial| trial.date >= from && trial.date <= to);
    let mut steps = vec![
        Step {
            from: start,
            to: later(start, REST - 1),
            what: "no cold mail for 72 hours; only mail that more than 30 % open: receipts, product mail".to_owned(),
            is_done: today >= ramp,
        },
        Step {
            from: start,
            to: later(start, REST - 1),
            what: "a full placement test before anything is rebuilt, and `inboxed dns check`".to_owned(),
            is_done: made(start, later(start, REST - 1)),
        },
    ];
    for rung in LADDER {
        let (from, to) = (later(ramp, rung.from - 1), later(ramp, rung.to - 1));
        let what = format!("{} to {} mails a day, {}", rung.least, rung.most, rung.mix);
        // Days that went by prove nothing: a healthy test must have followed the first of them.
        let held = trials.iter().any(|trial| trial.date >= from && trial.is_healthy == Some(true));
        steps.push(Step { from, to, what, is_done: today > to && held });
    }
    for day in (TEST_EVERY..=RAMP).step_by(usize::try_from(TEST_EVERY).unwrap_or(3)) {
        // It may be made until the next one is due.
        let (from, to) = (later(ramp, day - 1), later(ramp, day + TEST_EVERY - 2));
        steps.push(Step { from, to, what: "a placement test".to_owned(), is_done: made(from, to) });
    }
    steps.sort_by_key(|step| (step.from, step.to));
    let stable = (later(start, 10), later(start, 14));
    Recovery { start, today: decide(start, today, trials, dns), steps, stable }
}

fn decide(start: Date, today: Date, trials: &[Trial], dns: &DnsStanding) -> Today {
    match dns {
        DnsStanding::Failing(why) | DnsStanding::Unknown(why) => return Today::MendDns(why.clone()),
        DnsStanding::Sound => {}
    }
    let ramp = later(start, REST);
    if today < ramp {
        return Today::Rest;
    }
    let mut own: Vec<&Trial> = trials.iter().filter(|trial| trial.date >= start && trial.date <= today).collect();
    own.sort_by_key(|trial| trial.date);
    let Some(last) = own.last() else { return Today::Test };
    let age = days(last.date, today);
    if age > TEST_EVERY {
        return Today::Test;
    }
    let day = days(ramp, today) + 1;
    let healthy: Vec<bool> = own.iter().filter_map(|trial| trial.is_healthy).collect();
    // Two in a row, as one test says nothing for sure.
    let is_stable = healthy.ends_with(&[true, true]);
    if day > RAMP && is_stable {
        return Today::Recovered;
    }
    let reached = LADDER.iter().rposition(|rung| rung.from <= day).unwrap_or(0);
    let rung = |index: usize| LADDER.get(index).map_or(0, |rung| rung.most);
    match healthy.last() {
        Some(true) => Today::Send { most: rung(reached), why: "the last test was healthy" },
        Some(false) if healthy.ends_with(&[false, false]) => {
            Today::Send { most: rung(0), why: "two tests in a row were not healthy: back to the first step" }
        }
        Some(false) => {
            Today::Send { most: rung(reached.saturating_sub(1)), why: "the last test was not healthy: one step back" }
        }
        None => Today::Send { most: rung(0), why: "no test could be judged yet: no more than the first step" },
    }
}

fn days(from: Date, to: Date) -> i32 {
    from.until((jiff::Unit::Day, to)).map_or(0, |span| span.get_days())
}

/// The day after a plan's last one.
pub(crate) fn end(start: Date) -> Date {
    start.checked_add((i64::from(REST) + i64::from(RAMP)).days()).unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn on(day: i8) -> Date {
        date(2026, 11, day)
    }

    fn trial(day: i8, is_healthy: bool) -> Trial {
        Trial { date: on(day), is_healthy: Some(is_healthy) }
    }

    #[track_caller]
    fn check(today: i8, trials: &[Trial], wanted: &Today) {
        assert_eq!(&plan(on(1), on(today), trials, &DnsStanding::Sound).today, wanted, "on day {today}");
    }

    #[test]
    fn the_ramp_follows_the_table_as_long_as_tests_are_healthy_and_made() {
        check(1, &[], &Today::Rest);
        check(3, &[trial(2, true)], &Today::Rest);
        check(4, &[], &Today::Test);
        let healthy = |most| Today::Send { most, why: "the last test was healthy" };
        check(4, &[trial(2, true)], &healthy(40));
        check(6, &[trial(2, true)], &Today::Test);
        check(6, &[trial(5, true)], &healthy(60));
        check(8, &[trial(6, true)], &healthy(80));
        check(12, &[trial(11, true)], &healthy(100));
        check(17, &[trial(14, true)], &healthy(100));
        check(18, &[trial(14, true), trial(17, true)], &Today::Recovered);
        check(18, &[trial(14, false), trial(17, true)], &healthy(100));
    }

    #[test]
    fn a_bad_test_steps_back_and_two_start_over() {
        let step = |most, why| Today::Send { most, why };
        check(8, &[trial(3, true), trial(7, false)], &step(60, "the last test was not healthy: one step back"));
        let over = "two tests in a row were not healthy: back to the first step";
        check(11, &[trial(7, false), trial(10, false)], &step(40, over));
        let unjudged = Trial { date: on(4), is_healthy: None };
        check(4, &[unjudged], &step(40, "no test could be judged yet: no more than the first step"));
    }

    #[test]
    fn nothing_grows_while_dns_fails_or_cannot_be_asked() {
        let why = vec!["dmarc: no record".to_owned()];
        for dns in [DnsStanding::Failing(why.clone()), DnsStanding::Unknown(why.clone())] {
            let found = plan(on(1), on(8), &[trial(7, true)], &dns);
            assert_eq!(found.today, Today::MendDns(why.clone()));
        }
    }

    #[test]
    fn every_step_has_its_dates_and_a_test_falls_on_every_third_day() {
        let found = plan(on(1), on(9), &[trial(2, true), trial(6, true)], &DnsStanding::Sound);
        let tests: Vec<(Date, bool)> = found
            .steps
            .iter()
            .filter(|step| step.what == "a placement test")
            .map(|step| (step.from, step.is_done))
            .collect();
        assert_eq!(tests, [(on(6), true), (on(9), false), (on(12), false), (on(15), false)]);
        let rungs = |found: &Recovery| -> Vec<bool> {
            found.steps.iter().filter(|step| step.what.contains("a day, ")).map(|step| step.is_done).collect()
        };
        assert_eq!(rungs(&found), [true, true, false, false, false]);
        let untested = plan(on(1), on(9), &[trial(2, true)], &DnsStanding::Sound);
        assert_eq!(rungs(&untested), [false; 5], "days that went by prove nothing");
        assert_eq!(found.stable, (on(11), on(15)));
        assert_eq!(found.steps.first().unwrap().from, on(1));
        assert_eq!(end(on(1)), on(18));
        assert!(LADDER.iter().all(|rung| rung.most <= 100));
    }
}
