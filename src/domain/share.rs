//! A share: how many of the measured probes landed well, and the range that the unmeasured ones leave open.
//!
//! What was not measured enters neither numerator nor denominator. Over nothing there is no share, and never 0.

use super::finding::{Placement, Rules};
use super::interval::count;

/// Above this share of unmeasured probes a rate is shown with its worst and best case.
const WORTH_A_RANGE: f64 = 0.2;

/// Counts of probes behind a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Share {
    /// Measured probes that count as inbox.
    pub(crate) good: usize,
    /// Measured probes.
    pub(crate) measured: usize,
    /// Probes about which nothing can be said, or not yet.
    pub(crate) unmeasured: usize,
}

impl Share {
    /// Counts placements; `None` is a probe without one.
    pub(crate) fn of(placements: impl IntoIterator<Item = Option<Placement>>, rules: Rules) -> Self {
        let mut share = Self::default();
        for placement in placements {
            match placement {
                Some(placement) => {
                    share.measured += 1;
                    share.good += usize::from(is_good(placement, rules));
                }
                None => share.unmeasured += 1,
            }
        }
        share
    }

    /// Share of the measured probes; `None` over none.
    pub(crate) fn rate(self) -> Option<f64> {
        ratio(self.good, self.measured)
    }

    /// The rate if every unmeasured probe had landed badly; `None` over no probe at all.
    pub(crate) fn worst(self) -> Option<f64> {
        ratio(self.good, self.measured + self.unmeasured)
    }

    /// The rate if every unmeasured probe had landed well; `None` over no probe at all.
    pub(crate) fn best(self) -> Option<f64> {
        ratio(self.good + self.unmeasured, self.measured + self.unmeasured)
    }

    /// Worst and best case, where so much is unmeasured that they belong beside the rate.
    pub(crate) fn open_range(self) -> Option<(f64, f64)> {
        let lost = ratio(self.unmeasured, self.measured + self.unmeasured)?;
        if lost > WORTH_A_RANGE { self.worst().zip(self.best()) } else { None }
    }

    /// Whether at least half of the planned probes were measured, so that the run may speak for the provider.
    pub(crate) fn is_half_measured(self) -> bool {
        self.measured > 0 && self.measured >= self.unmeasured
    }
}

/// Whether a placement counts towards the inbox rate.
pub(crate) fn is_good(placement: Placement, rules: Rules) -> bool {
    match placement {
        Placement::Inbox => true,
        Placement::Promotions => rules.promotions_as_inbox,
        Placement::Spam | Placement::Elsewhere | Placement::Missing => false,
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| count(part) / count(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_shown_only_when_more_than_a_fifth_is_unmeasured() {
        let share = |good, measured, unmeasured| Share { good, measured, unmeasured };
        assert_eq!(share(4, 4, 1).open_range(), None, "exactly a fifth");
        assert_eq!(share(3, 3, 1).open_range(), Some((0.75, 1.0)));
        assert_eq!(share(0, 0, 2).open_range(), Some((0.0, 1.0)));
        assert_eq!(share(0, 0, 0).open_range(), None);
        assert_eq!(share(0, 0, 2).rate(), None);
    }

    #[test]
    fn half_of_the_planned_probes_make_a_provider_speak() {
        let share = |measured, unmeasured| Share { good: 0, measured, unmeasured };
        assert!(share(5, 5).is_half_measured());
        assert!(!share(5, 6).is_half_measured());
        assert!(!share(0, 0).is_half_measured());
    }
}
