//! The pace of sending: an account's `MaxSendRate`, kept over all streams that share it.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::edge::clock::Clock;

/// The rate of the sandbox, for an account that does not tell its own.
const SLOWEST: f64 = 1.0;

/// Turns at even distances: at no moment more than the account may send, with no burst to pay back.
#[derive(Debug)]
pub(crate) struct Pace {
    gap: Duration,
    clock: Clock,
    next: Mutex<Timestamp>,
    stopped: OnceLock<String>,
}

impl Pace {
    /// `rate` in messages for each second; a rate that is none counts as one.
    pub(crate) fn new(rate: f64, clock: Clock) -> Self {
        let rate = if rate.is_finite() && rate > 0.0 { rate } else { SLOWEST };
        let gap = Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::from_secs(1));
        Self { gap, next: Mutex::new(clock.now()), clock, stopped: OnceLock::new() }
    }

    /// Waits for the next turn.
    pub(crate) async fn turn(&self) {
        self.clock.sleep_until(self.take_turn()).await;
    }

    /// Ends sending for all who share this pace: no further message would be taken today.
    pub(crate) fn stop(&self, why: &str) {
        // The first reason is the one to tell.
        drop(self.stopped.set(why.to_owned()));
    }

    /// Whether sending has ended.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.get().is_some()
    }

    fn take_turn(&self) -> Timestamp {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*next).max(self.clock.now());
        *next = turn.checked_add(self.gap).unwrap_or(Timestamp::MAX);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing_clock() -> Clock {
        Clock::simulated("2026-01-05T06:00:00Z".parse().unwrap(), f64::MIN_POSITIVE)
    }

    #[test]
    fn turns_lie_one_gap_apart_and_the_first_is_at_once() {
        for (rate, gap) in [(1.0, 1000), (4.0, 250), (0.5, 2000), (0.0, 1000), (-1.0, 1000), (f64::NAN, 1000)] {
            let clock = standing_clock();
            let pace = Pace::new(rate, clock.clone());
            let turns: Vec<i64> =
                (0..4).map(|_| pace.take_turn().as_millisecond() - clock.now().as_millisecond()).collect();
            assert_eq!(turns, [0, gap, 2 * gap, 3 * gap], "{rate}");
        }
    }

    #[test]
    fn time_that_was_not_used_is_not_saved_for_a_burst() {
        let pace = Pace::new(2.0, standing_clock());
        *pace.next.lock().unwrap() = "2026-01-05T05:00:00Z".parse().unwrap();
        let turns: Vec<i64> = (0..3).map(|_| pace.take_turn().as_millisecond()).collect();
        assert_eq!([turns[1] - turns[0], turns[2] - turns[1]], [500, 500]);
        assert!(turns[0] >= pace.clock.now().as_millisecond());
    }

    #[test]
    fn a_stop_holds_and_keeps_its_first_reason() {
        let pace = Pace::new(1.0, standing_clock());
        assert!(!pace.is_stopped());
        pace.stop("quota reached");
        pace.stop("something else");
        assert!(pace.is_stopped());
        assert_eq!(pace.stopped.get().map(String::as_str), Some("quota reached"));
    }
}
