//! Quantiles and tails of the normal and of Student's distribution.
//!
//! Student's degrees of freedom may be fractional, as Satterthwaite's are. Where they make no distribution (none, or not
//! a number) the normal one stands in: callers decide beforehand whether a question can be asked at all.

use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

/// Quantile of the standard normal distribution.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// Quantile of Student's distribution.
pub(crate) fn student_quantile(p: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or_else(|_| normal_quantile(p), |student| student.inverse_cdf(p))
}

/// The chance of a value of at most `t`.
pub(crate) fn student_below(t: f64, freedom: f64) -> f64 {
    // An infinite quotient of a difference and no spread at all is certain either way.
    if t.is_infinite() {
        return if t > 0.0 { 1.0 } else { 0.0 };
    }
    StudentsT::new(0.0, 1.0, freedom).map_or_else(|_| Normal::standard().cdf(t), |student| student.cdf(t))
}

/// The chance of a value at least as far from 0 as `t`, on either side.
pub(crate) fn student_beyond(t: f64, freedom: f64) -> f64 {
    (2.0 * student_below(-t.abs(), freedom)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_and_quantiles_are_those_of_the_tables() {
        let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-11, "{found} for {wanted}");
        near(normal_quantile(0.975), 1.959_963_984_540_054);
        near(student_quantile(0.975, 1.0), 12.706_204_736_174_698);
        near(student_quantile(0.975, 6.0), 2.446_911_851_144_969_2);
        near(student_quantile(0.95, 2.5), 2.558_218_614_135_936);
        near(student_beyond(2.446_911_851_144_969_2, 6.0), 0.05);
        near(student_beyond(0.0, 3.0), 1.0);
        near(student_below(f64::INFINITY, 4.0) + student_below(f64::NEG_INFINITY, 4.0), 1.0);
    }
}
