//! The sign-flip test: did these seeds move together?
//!
//! If a change did nothing, the difference of each seed could as well have had the other sign. Over all equally likely
//! sign patterns the test asks how often the sum would lie as far from 0 as the one that was seen (Fisher 1935). With
//! differences of −1, 0 and 1 it is `McNemar`'s exact test and its mid-p variant (Fagerland, Lydersen & Laake 2013).
//!
//! The chances are counted, never sampled: a convolution over the sum of a random subset.

/// How surprising the sum of the differences is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Surprise {
    /// The chance of a sum at least as far from 0.
    pub(crate) exact: f64,
    /// The same with the sums exactly as far counted half.
    pub(crate) mid: f64,
}

/// Tests one integer for each seed. Without any that is not 0, and for a sum of 0, nothing surprises: both chances are 1.
pub(crate) fn sign_flip(differences: &[i64]) -> Surprise {
    let mut sizes: Vec<u64> = differences.iter().filter(|v| **v != 0).map(|v| v.unsigned_abs()).collect();
    let sum = differences.iter().map(|v| i128::from(*v)).sum::<i128>().unsigned_abs();
    let divisor = sizes.iter().fold(0, |a, b| common_divisor(a, *b));
    let (Ok(sum), true) = (u64::try_from(sum), divisor > 0 && sum > 0) else {
        return Surprise { exact: 1.0, mid: 1.0 };
    };
    // Small ones first: the array then grows late.
    sizes.sort_unstable();
    let sizes: Vec<usize> = sizes.iter().filter_map(|size| usize::try_from(size / divisor).ok()).collect();
    let total = sizes.iter().sum::<usize>();
    let sum = usize::try_from(sum / divisor).unwrap_or(total);
    // With k the sum of the subset whose sign is kept, |sum| = |2k − total|. Both tails are alike, and the lower one ends at
    // the k that gives exactly the sum seen; nothing beyond it is ever needed.
    let edge = total.saturating_sub(sum) / 2;
    let chances = subset_sums(&sizes, edge);
    let at_edge = chances.get(edge).copied().unwrap_or(0.0);
    let below = chances.iter().take(edge).sum::<f64>();
    Surprise { exact: (2.0 * (below + at_edge)).min(1.0), mid: (2.0 * below + at_edge).min(1.0) }
}

/// The chance of each sum from 0 to `most` of a random subset of `sizes`, where each is in or out with ½.
fn subset_sums(sizes: &[usize], most: usize) -> Vec<f64> {
    let mut chances = vec![1.0];
    for &size in sizes {
        let grown = chances.len().saturating_add(size).min(most.saturating_add(1));
        // Out: the chance stays where it was. In: it moves up by the size.
        let mut next: Vec<f64> = chances.iter().map(|chance| 0.5 * chance).collect();
        next.resize(grown, 0.0);
        if let Some(moved) = next.get_mut(size..) {
            for (to, from) in moved.iter_mut().zip(&chances) {
                *to += 0.5 * from;
            }
        }
        chances = next;
    }
    chances
}

fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A difference on the grid that makes all counts up to ten exact: times 2520, halves away from zero.
pub(crate) fn on_grid(x: f64) -> i64 {
    rounded(GRID * x)
}

/// 2520 is the least common multiple of 1…10.
const GRID: f64 = 2520.0;

/// The nearest integer, halves away from zero, forgiving what floating point lost in a half.
#[expect(clippy::cast_possible_truncation, reason = "what is rounded is at most a few hundred thousand")]
pub(crate) fn rounded(x: f64) -> i64 {
    ((x.abs() + 0.5 + 1e-9).floor().copysign(x)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All sign patterns, one by one.
    fn enumerated(v: &[i64]) -> Surprise {
        let sum = v.iter().sum::<i64>().abs();
        let patterns = 1_u32 << v.len();
        let (mut beyond, mut equal) = (0.0, 0.0);
        for pattern in 0..patterns {
            let signed = v.iter().enumerate().map(|(at, v)| if pattern >> at & 1 == 1 { *v } else { -v });
            match signed.sum::<i64>().abs().cmp(&sum) {
                std::cmp::Ordering::Greater => beyond += 1.0,
                std::cmp::Ordering::Equal => equal += 1.0,
                std::cmp::Ordering::Less => {}
            }
        }
        let all = f64::from(patterns);
        Surprise { exact: (beyond + equal) / all, mid: (beyond + equal / 2.0) / all }
    }

    proptest::proptest! {
        #[test]
        fn the_convolution_counts_what_enumeration_counts(v in proptest::collection::vec(-9_i64..10, 0..12)) {
            let (found, wanted) = (sign_flip(&v), enumerated(&v));
            let wanted = if v.iter().sum::<i64>() == 0 { Surprise { exact: 1.0, mid: 1.0 } } else { wanted };
            proptest::prop_assert!((found.exact - wanted.exact).abs() < 1e-12, "{found:?} {wanted:?}");
            proptest::prop_assert!((found.mid - wanted.mid).abs() < 1e-12, "{found:?} {wanted:?}");
        }
    }

    #[test]
    fn thousands_of_seeds_stay_exact() {
        // 2000 seeds that all moved alike: both tails have the chance 2^-2000, which no longer is a number.
        assert!(sign_flip(&[1; 2000]).mid < 1e-300);
        // One of 1500 alone moved: nothing surprises.
        let mut one = vec![0; 1500];
        one[7] = 40;
        assert!(sign_flip(&one).exact > 0.999_999_999_999);
        // 1100 up and 900 down: a normal tail, with the correction for steps of two.
        let v: Vec<i64> = (0..2000).map(|at| if at < 1100 { 1 } else { -1 }).collect();
        let found = sign_flip(&v).mid;
        assert!((found - 7.744e-6).abs() < 2e-7, "{found}");
    }

    #[test]
    fn rounding_takes_halves_away_from_zero() {
        for (x, wanted) in [(0.5, 1), (-0.5, -1), (1.5, 2), (0.499_999_999_9, 1), (0.49, 0), (-2.5, -3), (0.0, 0)] {
            assert_eq!(rounded(x), wanted, "{x}");
        }
        assert_eq!(on_grid(1.0 / 7.0), 360);
    }
}
