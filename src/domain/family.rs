//! A family of questions: what p values become when several are asked at once.
//!
//! Holm 1979 keeps the chance of any false finding below α whatever the questions have to do with each other; verdicts use
//! it. Benjamini & Hochberg 1995 bounds the share of false findings and only ranks large tables.

use super::interval::count;

/// Holm's adjusted p values, in the order given.
pub(crate) fn holm(p: &[f64]) -> Vec<f64> {
    let k = p.len();
    let mut order: Vec<(usize, f64)> = p.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut highest = 0.0_f64;
    let adjusted = order.into_iter().enumerate().map(|(before, (at, p))| {
        highest = highest.max((count(k - before) * p).min(1.0));
        (at, highest)
    });
    in_place(adjusted)
}

/// Benjamini's and Hochberg's adjusted p values, in the order given.
pub(crate) fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let k = count(p.len());
    let mut order: Vec<(usize, f64)> = p.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut lowest = 1.0_f64;
    let adjusted = order.into_iter().enumerate().rev().map(|(before, (at, p))| {
        lowest = lowest.min(p * k / count(before + 1));
        (at, lowest)
    });
    in_place(adjusted)
}

/// Holm's values for those questions that have a p value; the others have none and weigh nothing.
pub(crate) fn holm_where_asked(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let asked: Vec<f64> = p.iter().copied().flatten().collect();
    let mut adjusted = holm(&asked).into_iter();
    p.iter().map(|p| p.and_then(|_| adjusted.next())).collect()
}

fn in_place(adjusted: impl Iterator<Item = (usize, f64)>) -> Vec<f64> {
    let mut adjusted: Vec<(usize, f64)> = adjusted.collect();
    adjusted.sort_by_key(|(at, _)| *at);
    adjusted.into_iter().map(|(_, p)| p).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_without_p_neither_counts_nor_moves_the_others() {
        assert_eq!(holm_where_asked(&[None, Some(0.02), None, Some(0.04)]), [None, Some(0.04), None, Some(0.04)]);
        assert_eq!(holm_where_asked(&[None]), [None]);
    }
}
