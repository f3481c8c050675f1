//! Latency: how long a probe took from its handoff to its arrival.
//!
//! The arrival is the provider's INTERNALDATE, which is exact to the second only (RFC 3501 §2.3.3), so both ends are compared
//! at whole seconds. A provider whose clock runs behind ours makes the difference negative: then the latency is unknown. It is
//! never negative and never 0 for "unknown".

use std::time::Duration;

use jiff::Timestamp;

/// Time from sending to arrival in whole seconds; `None` when either end is unknown or the arrival lies before the sending.
pub(crate) fn latency(sent_at: Option<Timestamp>, arrived_at: Option<Timestamp>) -> Option<Duration> {
    let seconds = arrived_at?.as_second().checked_sub(sent_at?.as_second())?;
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

/// What the latencies of several probes have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// How many latencies are known.
    pub(crate) known: usize,
    /// The middle one; of an even number, the mean of the two in the middle, in whole milliseconds.
    pub(crate) median: Duration,
    /// The longest.
    pub(crate) slowest: Duration,
}

impl Arrival {
    /// `None` over no known latency.
    pub(crate) fn of(latencies: impl IntoIterator<Item = Duration>) -> Option<Self> {
        let mut sorted: Vec<Duration> = latencies.into_iter().collect();
        sorted.sort_unstable();
        let known = sorted.len();
        let upper = *sorted.get(known / 2)?;
        let lower = *sorted.get(known.saturating_sub(1) / 2)?;
        let median = u64::try_from(lower.saturating_add(upper).as_millis() / 2).unwrap_or(u64::MAX);
        Some(Self { known, median: Duration::from_millis(median), slowest: *sorted.last()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn latency_counts_whole_seconds_and_is_unknown_rather_than_negative() {
        for (sent, arrived, seconds) in [
            (Some(at("2026-11-24T06:00:00.900Z")), Some(at("2026-11-24T06:00:03Z")), Some(3)),
            (Some(at("2026-11-24T06:00:00.900Z")), Some(at("2026-11-24T06:00:00Z")), Some(0)),
            (Some(at("2026-11-24T06:00:01.100Z")), Some(at("2026-11-24T06:00:00Z")), None),
            (Some(at("2026-11-24T06:00:00Z")), Some(at("2026-11-24T05:00:00Z")), None),
            (None, Some(at("2026-11-24T06:00:00Z")), None),
            (Some(at("2026-11-24T06:00:00Z")), None, None),
        ] {
            assert_eq!(latency(sent, arrived), seconds.map(Duration::from_secs), "{sent:?} {arrived:?}");
        }
    }

    #[test]
    fn the_median_is_the_middle_and_exists_only_over_something() {
        let of = |seconds: &[u64]| Arrival::of(seconds.iter().copied().map(Duration::from_secs));
        let arrival = |known, median, slowest| {
            Some(Arrival { known, median: Duration::from_millis(median), slowest: Duration::from_millis(slowest) })
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[4]), arrival(1, 4000, 4000));
        assert_eq!(of(&[90, 2, 3]), arrival(3, 3000, 90_000));
        assert_eq!(of(&[9, 2, 3, 4]), arrival(4, 3500, 9000));
    }
}
