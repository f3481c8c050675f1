//! What the tallies of one run mean for the exit code.
//!
//! A threshold counts as crossed only when the whole interval lies beyond it: one bad seed among five is no evidence.

use super::tally::Tally;

/// Fewest measured probes of a provider from which anything is concluded.
pub(crate) const ENOUGH: usize = 5;

/// The guide's thresholds, as shares; bands are half-open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Thresholds {
    /// Below this the inbox rate is a warning.
    pub(crate) inbox_warn: f64,
    /// Below this the inbox rate is critical.
    pub(crate) inbox_crit: f64,
    /// Above this the share of spam is a warning, where the provider has that threshold.
    pub(crate) spam_warn: f64,
    /// Above this the share of spam is critical, where the provider has that threshold.
    pub(crate) spam_crit: f64,
}

/// The verdict on a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Health {
    /// No provider had enough measured probes.
    TooFew,
    /// No threshold is crossed.
    Healthy,
    /// Some provider is beyond a warning threshold.
    Warning,
    /// Some provider is beyond a critical threshold.
    Critical,
}

impl Health {
    /// The word of the documents.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::TooFew => "too_few",
            Self::Healthy => "healthy",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Judges a run by its tallies, each with whether the spam threshold applies to that provider.
pub(crate) fn health<'a>(tallies: impl IntoIterator<Item = (&'a Tally, bool)>, thresholds: Thresholds) -> Health {
    tallies
        .into_iter()
        .filter(|(tally, _)| tally.measured() >= ENOUGH)
        .map(|(tally, spam_applies)| {
            let spam = tally.spam.filter(|_| spam_applies).map_or(0.0, |(_, interval)| interval.lo);
            if tally.interval.hi < thresholds.inbox_crit || spam > thresholds.spam_crit {
                Health::Critical
            } else if tally.interval.hi < thresholds.inbox_warn || spam > thresholds.spam_warn {
                Health::Warning
            } else {
                Health::Healthy
            }
        })
        .max()
        .unwrap_or(Health::TooFew)
}
