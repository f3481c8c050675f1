//! The guide's thresholds as data: where a figure is healthy, a warning or critical, and what to do about it.
//!
//! Bands are half-open, so that every figure belongs to one. The guide names a complaint limit of 0.3 % in one place and of
//! 3 % in two tables; mailbox providers ask for less than 0.1 % and never 0.3 %, and so do we. What the guide leaves open
//! above its warnings is critical here. Bounces and complaints are SES's own figures: a placement test cannot see them.

use super::health::Thresholds;
use super::monitor::Signal;

/// What a threshold is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Measure {
    /// The share of probes in the inbox, at every provider.
    Inbox,
    /// The share in spam, at Outlook and Microsoft 365.
    Spam,
    /// The share that lies nowhere.
    Missing,
    /// Bounces among the mails of two weeks, by `GetSendStatistics`: not the weighted rate of SES's own reputation page.
    Bounce,
    /// Complaints among them.
    Complaint,
}

/// Where a figure lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Band {
    /// Nothing to do.
    Healthy,
    /// Something to do soon.
    Warning,
    /// Something to do now.
    Critical,
}

impl Band {
    /// The word of the JSON contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// One row of the guide's health table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Threshold {
    /// What it is about.
    pub(crate) measure: Measure,
    /// From here on a warning.
    pub(crate) warn: f64,
    /// From here on critical.
    pub(crate) crit: f64,
    /// Whether small figures are the good ones.
    pub(crate) small_is_good: bool,
    /// What it shows.
    pub(crate) meaning: &'static str,
    /// What the guide does about it.
    pub(crate) action: &'static str,
}

impl Threshold {
    /// The band of a figure. A rate that equals the threshold is still on its good side.
    pub(crate) fn band(&self, figure: f64) -> Band {
        let beyond = |limit: f64| if self.small_is_good { figure > limit } else { figure < limit };
        if beyond(self.crit) {
            Band::Critical
        } else if beyond(self.warn) {
            Band::Warning
        } else {
            Band::Healthy
        }
    }
}

/// The table, with the configured figures where they can be configured.
pub(crate) fn table(thresholds: Thresholds) -> [Threshold; 5] {
    [
        Threshold {
            measure: Measure::Inbox,
            warn: thresholds.inbox_warn,
            crit: thresholds.inbox_crit,
            small_is_good: false,
            meaning: "engagement with this sender is falling, or its reputation is",
            action: "make a placement test of each stream, cut the volume to readers who open, and pause cold mail",
        },
        Threshold {
            measure: Measure::Spam,
            warn: thresholds.spam_warn,
            crit: thresholds.spam_crit,
            small_is_good: true,
            meaning: "the domain is set up inconsistently, or its reputation is low",
            action: "check SPF, DKIM and DMARC again, and that each aligns with the visible From",
        },
        Threshold {
            measure: Measure::Missing,
            warn: super::monitor::MISSING_WARN,
            crit: 2.0 * super::monitor::MISSING_WARN,
            small_is_good: true,
            meaning: "mail that SES took is dropped, blocked or held back",
            action: "look at bounces and the suppression list in SES, and at blocklists that name the sending address",
        },
        Threshold {
            measure: Measure::Bounce,
            warn: 0.02,
            crit: 0.04,
            small_is_good: true,
            meaning: "addresses that do not exist are written to",
            action: "check where addresses come from, verify imports, and pause bulk mail",
        },
        Threshold {
            measure: Measure::Complaint,
            warn: 0.001,
            crit: 0.003,
            small_is_good: true,
            meaning: "readers call this mail spam",
            action: "pause, write less often and to fewer, check alignment, and make leaving easy to see",
        },
    ]
}

/// The row of a signal.
pub(crate) fn of_signal(signal: Signal, thresholds: Thresholds) -> Threshold {
    let [inbox, spam, missing, _, _] = table(thresholds);
    match signal {
        Signal::Inbox => inbox,
        Signal::Spam => spam,
        Signal::Missing => missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_belongs_to_one_band_and_the_borders_to_their_good_side() {
        use Band::{Critical, Healthy, Warning};
        let guide = Thresholds { inbox_warn: 0.80, inbox_crit: 0.60, spam_warn: 0.10, spam_crit: 0.20 };
        let [inbox, spam, missing, bounce, complaint] = table(guide);
        for (row, figures) in [
            (
                inbox,
                [
                    (1.0, Healthy),
                    (0.80, Healthy),
                    (0.795, Warning),
                    (0.60, Warning),
                    (0.599, Critical),
                    (0.0, Critical),
                ],
            ),
            (
                spam,
                [
                    (0.0, Healthy),
                    (0.10, Healthy),
                    (0.105, Warning),
                    (0.20, Warning),
                    (0.201, Critical),
                    (1.0, Critical),
                ],
            ),
            (
                missing,
                [(0.0, Healthy), (0.1, Healthy), (0.11, Warning), (0.2, Warning), (0.21, Critical), (1.0, Critical)],
            ),
            (
                bounce,
                [
                    (0.0, Healthy),
                    (0.02, Healthy),
                    (0.021, Warning),
                    (0.04, Warning),
                    (0.041, Critical),
                    (1.0, Critical),
                ],
            ),
            (
                complaint,
                [
                    (0.0, Healthy),
                    (0.001, Healthy),
                    (0.0011, Warning),
                    (0.003, Warning),
                    (0.0031, Critical),
                    (0.03, Critical),
                ],
            ),
        ] {
            for (figure, band) in figures {
                assert_eq!(row.band(figure), band, "{:?} {figure}", row.measure);
            }
        }
    }
}
