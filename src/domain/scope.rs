//! Scope: who declined, one provider, several or all.
//!
//! The difference between "significant" and "not significant" is not itself significant (Gelman & Stern 2006). So nobody is
//! cleared for lack of evidence: a provider is cleared only if its interval excludes a decline half as large as that of
//! those who surely declined. The same decision is made over streams, with their own contrasts.

use super::family::holm_where_asked;
use super::interval::count;
use super::overall::Contrast;
use super::shift::Shift;

/// Who declined, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Fewer than two providers could be judged.
    Undetermined,
    /// Nobody.
    None,
    /// There is a decline over all, but no provider can be named.
    Unlocated,
    /// At least those that are worse; the others are not settled.
    AtLeast,
    /// One, and the others are cleared or moved differently.
    Single,
    /// Several, and the others are cleared.
    Several,
    /// All of them.
    Systemic,
}

impl Scope {
    /// The word of the JSON contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Undetermined => "undetermined",
            Self::None => "none",
            Self::Unlocated => "unlocated",
            Self::AtLeast => "at_least",
            Self::Single => "single",
            Self::Several => "several",
            Self::Systemic => "systemic",
        }
    }
}

/// A provider, or a stream, that could be judged: at least five paired seeds and a p value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Declined<'a> {
    /// Its shift.
    pub(crate) shift: &'a Shift,
    /// Whether the verdict on it is `worse`.
    pub(crate) is_worse: bool,
}

/// Least decline, in shares, that a provider must exclude to be cleared.
const LEAST_DECLINE: f64 = 0.10;

/// Decides who declined. `overall_worse` is the verdict over all; `contrasts` are those of the judged among themselves, in
/// their order.
pub(crate) fn scope(
    judged: &[Declined<'_>],
    overall_worse: bool,
    alpha: f64,
    contrasts: impl FnOnce() -> Vec<Contrast>,
) -> Scope {
    if judged.len() < 2 {
        return Scope::Undetermined;
    }
    let fell = |shift: &Shift| shift.diff.is_some_and(|diff| diff < 0.0);
    if judged.iter().all(|one| one.shift.p.is_some_and(|p| p <= alpha) && fell(one.shift)) {
        return Scope::Systemic;
    }
    let declines: Vec<f64> = judged.iter().filter(|one| one.is_worse).filter_map(|one| one.shift.diff).collect();
    if declines.is_empty() {
        return if overall_worse { Scope::Unlocated } else { Scope::None };
    }
    let mean = declines.iter().sum::<f64>() / count(declines.len());
    let half = LEAST_DECLINE.max(0.5 * mean.abs());
    if judged.iter().filter(|one| !one.is_worse).all(|one| one.shift.interval.lo > -half) {
        return if declines.len() == 1 { Scope::Single } else { Scope::Several };
    }
    if declines.len() == 1 && stands_apart(judged, &contrasts(), alpha) {
        return Scope::Single;
    }
    Scope::AtLeast
}

/// Whether the one that is worse fell more than the rest.
fn stands_apart(judged: &[Declined<'_>], contrasts: &[Contrast], alpha: f64) -> bool {
    let adjusted = holm_where_asked(&contrasts.iter().map(|contrast| contrast.p).collect::<Vec<_>>());
    judged.iter().zip(contrasts).zip(&adjusted).any(|((one, contrast), p)| {
        one.is_worse && p.is_some_and(|p| p <= alpha) && contrast.diff.is_some_and(|diff| diff < 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::compare::Comparison;
    use crate::domain::shift::{Answers, Side};

    /// Seeds in four runs on each side; `fallen` of them fall to the bad side afterwards.
    fn provider((fallen, seeds): (usize, usize)) -> Answers {
        let row =
            |seed: usize| (0..8).map(|run| Some(f64::from(u8::from(seed >= fallen || run < 4)))).collect::<Vec<_>>();
        Answers { seeds: (0..seeds).map(row).collect() }
    }

    #[test]
    fn who_declined_is_told_by_what_the_others_exclude() {
        let sides = [[Side::Before; 4], [Side::After; 4]].concat();
        let told = |fallen: &[(usize, usize)]| {
            let providers: Vec<Answers> = fallen.iter().map(|one| provider(*one)).collect();
            Comparison::of(&providers, &sides, &vec![1.0; fallen.len()], 0.05).scope
        };
        assert_eq!(told(&[(10, 10)]), Scope::Undetermined);
        assert_eq!(told(&[(0, 10), (0, 10), (0, 10)]), Scope::None);
        assert_eq!(told(&[(10, 10), (0, 10), (0, 10)]), Scope::Single);
        assert_eq!(told(&[(10, 10), (10, 10), (0, 10)]), Scope::Several);
        assert_eq!(told(&[(10, 10), (9, 10), (8, 10)]), Scope::Systemic);
        // The second of these fell as far as five seeds may by chance: it is not cleared, nor accused.
        assert_eq!(told(&[(7, 12), (2, 5), (0, 10)]), Scope::AtLeast);
        // Here the first stands apart from the rest all the same.
        assert_eq!(told(&[(12, 12), (2, 5), (0, 10)]), Scope::Single);
    }
}
