//! The vigil: whether a waiting program begins a run now, and how long it sleeps until it asks again.
//!
//! It reads two clocks. The wall clock says which period it is, and may be set; the steady one only ever runs. Where the
//! two disagree the wall clock was set, or the machine slept: nothing begins until the wall clock has stood firm for a
//! while, as a clock that was wrong is put right within minutes; so with a run that is late when the program starts. A wall clock that shows a time before the last period that
//! had its run is behind, and is believed only after a day.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Period, PeriodKey};

/// Longest sleep, so that a clock that is set is noticed.
const NAP: Duration = Duration::from_secs(30);
/// How far the clocks may drift apart between two readings.
const SLACK: SignedDuration = SignedDuration::from_secs(90);
/// How long the wall clock must stand firm after it was set.
const FIRM: Duration = Duration::from_mins(10);
/// The same for the difference of two moments.
const FIRM_SPAN: SignedDuration = SignedDuration::from_mins(10);
/// How long a wall clock that is behind what is stored is not believed.
const DOUBT: Duration = Duration::from_hours(24);
/// First pause after a run that could not begin, doubled with each.
const PAUSE: Duration = Duration::from_mins(5);
/// Longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_hours(6);

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The wall clock.
    pub(crate) wall: Timestamp,
    /// The steady clock, from any beginning.
    pub(crate) steady: Duration,
}

/// What is stored about the present period and those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ledger {
    /// Whether the present period has its run.
    pub(crate) is_taken: bool,
    /// The latest due time of a period that has its run.
    pub(crate) newest_due: Option<Timestamp>,
}

impl Ledger {
    /// Whether the wall clock shows a time before a period that already had its run.
    pub(crate) fn is_ahead_of(&self, now: Timestamp) -> bool {
        self.newest_due.is_some_and(|newest| now < newest)
    }
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Make the run of this period.
    Begin(Period),
    /// Sleep, then ask again.
    Sleep {
        /// How long.
        nap: Duration,
        /// Why a run that is owed does not begin; `None` when none is owed.
        held: Option<&'static str>,
    },
}

/// What a waiting program remembers.
#[derive(Debug, Default)]
pub(crate) struct Vigil {
    began: Option<Duration>,
    last: Option<Reading>,
    set_at: Option<Duration>,
    behind_since: Option<Duration>,
    failed: Option<(PeriodKey, u32, Duration)>,
}

impl Vigil {
    /// Decides at one reading of the clocks. `begins` is when the present period's run is to begin, its due time with the
    /// jitter; `next` when the next one's is.
    pub(crate) fn step(
        &mut self,
        reading: Reading,
        current: Option<(&Period, Timestamp)>,
        next: Option<Timestamp>,
        ledger: Ledger,
    ) -> Step {
        self.watch_clocks(reading, ledger);
        let until =
            |moment: Timestamp| Duration::try_from(moment.duration_since(reading.wall)).unwrap_or(Duration::ZERO);
        let sleep = |nap: Duration, held| Step::Sleep { nap: nap.clamp(Duration::from_millis(100), NAP), held };
        let Some((period, begins)) = current.filter(|_| !ledger.is_taken) else {
            return sleep(next.map_or(NAP, until), None);
        };
        if begins > reading.wall {
            return sleep(until(begins), None);
        }
        if self.set_at.is_some_and(|at| reading.steady.saturating_sub(at) < FIRM) {
            return sleep(NAP, Some("the clock was set, or the machine slept"));
        }
        if self.behind_since.is_some_and(|since| reading.steady.saturating_sub(since) < DOUBT) {
            return sleep(NAP, Some("the clock shows a time before the last scheduled run"));
        }
        let late = reading.wall.duration_since(begins);
        let began = self.began.unwrap_or(reading.steady);
        if ledger.newest_due.is_some() && late > FIRM_SPAN && reading.steady.saturating_sub(began) < FIRM {
            return sleep(NAP, Some("it was late at the start, and the clock is watched first"));
        }
        match &self.failed {
            Some((key, times, at)) if *key == period.key => {
                let pause = PAUSE.saturating_mul(2_u32.saturating_pow(times.saturating_sub(1))).min(LONGEST_PAUSE);
                let again = at.saturating_add(pause);
                if reading.steady < again {
                    return sleep(again.saturating_sub(reading.steady), Some("the last try failed"));
                }
            }
            _ => {}
        }
        Step::Begin(period.clone())
    }

    /// The run of this period could not begin: nothing was planned.
    pub(crate) fn failed(&mut self, key: &PeriodKey, steady: Duration) {
        let times = match &self.failed {
            Some((other, times, _)) if other == key => times.saturating_add(1),
            _ => 1,
        };
        self.failed = Some((key.clone(), times, steady));
    }

    fn watch_clocks(&mut self, reading: Reading, ledger: Ledger) {
        if let Some(last) = self.last {
            let passed =
                SignedDuration::try_from(reading.steady.saturating_sub(last.steady)).unwrap_or(SignedDuration::MAX);
            let drift = reading.wall.duration_since(last.wall).saturating_sub(passed);
            if drift > SLACK || drift < -SLACK {
                self.set_at = Some(reading.steady);
            }
        }
        self.last = Some(reading);
        self.began.get_or_insert(reading.steady);
        if ledger.is_ahead_of(reading.wall) {
            self.behind_since.get_or_insert(reading.steady);
        } else {
            self.behind_since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).unwrap()
    }

    fn period(name: &str, due: i64) -> Period {
        Period { key: PeriodKey(name.to_owned()), due: wall(due) }
    }

    /// One step at `steady` seconds, the wall clock `ahead` seconds before it.
    fn step(vigil: &mut Vigil, steady: u64, ahead: i64, taken: bool, newest: Option<i64>) -> Step {
        let period = period("this", 100);
        let reading =
            Reading { wall: wall(i64::try_from(steady).unwrap() + ahead), steady: Duration::from_secs(steady) };
        let ledger = Ledger { is_taken: taken, newest_due: newest.map(wall) };
        vigil.step(reading, Some((&period, period.due)), Some(wall(700_000)), ledger)
    }

    fn held(step: &Step) -> Option<&'static str> {
        let Step::Sleep { held, .. } = step else { return None };
        *held
    }

    #[test]
    fn a_run_begins_when_it_is_due_and_not_yet_made() {
        let vigil = &mut Vigil::default();
        assert_eq!(step(vigil, 95, 0, false, None), Step::Sleep { nap: Duration::from_secs(5), held: None });
        assert_eq!(step(vigil, 100, 0, false, None), Step::Begin(period("this", 100)));
        assert_eq!(step(vigil, 130, 0, true, Some(100)), Step::Sleep { nap: NAP, held: None });
    }

    #[test]
    fn a_clock_that_was_set_must_stand_firm_first() {
        for jump in [3_600, -3_600, 31_536_000] {
            let vigil = &mut Vigil::default();
            step(vigil, 10_000, 0, true, Some(100));
            let first = step(vigil, 10_030, jump, false, None);
            assert_eq!(held(&first), Some("the clock was set, or the machine slept"), "{jump}");
            assert!(held(&step(vigil, 10_629, jump, false, None)).is_some());
            assert!(matches!(step(vigil, 10_630, jump, false, None), Step::Begin(_)));
        }
        let vigil = &mut Vigil::default();
        step(vigil, 10_000, 0, true, Some(100));
        assert!(matches!(step(vigil, 10_030, 60, false, None), Step::Begin(_)), "a minute is drift");
    }

    #[test]
    fn a_run_that_is_late_at_the_start_waits_until_the_clock_was_watched() {
        let vigil = &mut Vigil::default();
        assert!(held(&step(vigil, 10_000, 0, false, Some(-600_000))).is_some());
        assert!(held(&step(vigil, 10_599, 0, false, Some(-600_000))).is_some());
        assert!(matches!(step(vigil, 10_600, 0, false, Some(-600_000)), Step::Begin(_)));
        let vigil = &mut Vigil::default();
        assert!(matches!(step(vigil, 10_000, 0, false, None), Step::Begin(_)), "the very first run");
        let vigil = &mut Vigil::default();
        assert!(matches!(step(vigil, 110, 0, false, Some(-600_000)), Step::Begin(_)), "just due");
    }

    #[test]
    fn a_clock_behind_the_last_run_is_believed_after_a_day() {
        let vigil = &mut Vigil::default();
        let behind = Some("the clock shows a time before the last scheduled run");
        assert_eq!(held(&step(vigil, 1_000, 0, false, Some(500_000))), behind);
        assert_eq!(held(&step(vigil, 87_399, 0, false, Some(500_000))), behind);
        assert!(matches!(step(vigil, 87_400, 0, false, Some(500_000)), Step::Begin(_)));
    }

    #[test]
    fn a_run_that_cannot_begin_is_tried_again_with_growing_pauses() {
        let vigil = &mut Vigil::default();
        let mut now = 1_000;
        for pause in [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200, 21_600, 21_600] {
            assert!(matches!(step(vigil, now, 0, false, None), Step::Begin(_)));
            vigil.failed(&PeriodKey("this".to_owned()), Duration::from_secs(now));
            assert_eq!(held(&step(vigil, now + pause - 1, 0, false, None)), Some("the last try failed"));
            now += pause;
        }
        vigil.failed(&PeriodKey("another".to_owned()), Duration::from_secs(now));
        assert!(matches!(step(vigil, now, 0, false, None), Step::Begin(_)));
    }
}
