//! The clock: the only place that asks what time it is.
//!
//! The program runs by the system's clock. `demo` runs by the lab's, which starts at a date of its own and runs faster,
//! so that a run's 15 minutes pass in a second or two. Waiting for a moment (the next look, a deadline, the pace of
//! sending) goes through the clock; patience with a silent server (a read or connect deadline) is real time and does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// A clock. Clones agree with each other for ever.
#[derive(Debug, Clone)]
pub struct Clock {
    origin: Instant,
    starts_at: Timestamp,
    speed: f64,
    ahead: Arc<AtomicU64>,
}

impl Clock {
    /// The system's clock. The date is read once and carried on by the monotonic clock, so that a step of the system's
    /// time neither moves a deadline nor turns a latency negative.
    pub fn system() -> Self {
        Self { origin: Instant::now(), starts_at: Timestamp::now(), speed: 1.0, ahead: Arc::default() }
    }

    /// A clock that stands at `starts_at` now and runs `speed` times as fast as the system's.
    pub fn simulated(starts_at: Timestamp, speed: f64) -> Self {
        Self { origin: Instant::now(), starts_at, speed: speed.max(f64::MIN_POSITIVE), ahead: Arc::default() }
    }

    /// Sets this clock and its clones forward by whole seconds. Who sleeps meanwhile sleeps on as long as before.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(by.as_secs(), Ordering::SeqCst);
    }

    /// The time, UTC.
    pub fn now(&self) -> Timestamp {
        let ahead = Duration::from_secs(self.ahead.load(Ordering::SeqCst));
        let passed = self.origin.elapsed().mul_f64(self.speed).saturating_add(ahead);
        self.starts_at.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// How long ago this clock was made, by a clock that nobody sets.
    pub(crate) fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }

    /// Waits until this clock has moved by `duration`.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration.div_f64(self.speed)).await;
    }

    /// Waits until this clock shows `moment`; returns at once if that has passed.
    pub async fn sleep_until(&self, moment: Timestamp) {
        let left = moment.duration_since(self.now());
        if let Ok(left) = Duration::try_from(left) {
            self.sleep(left).await;
        }
    }
}
