//! How often a comparison cries wolf, and what it sees, by simulation with a fixed seed.
//!
//! Each mailbox has its own rate and each week moves all mailboxes of a provider together, as `plan` believes it: answers
//! of one mailbox correlate by 0.2, and whole weeks swing by 5 points.

use super::*;

/// Numbers that look random and are the same everywhere (`SplitMix64`: Steele, Lea & Flood 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to below 1.
    fn share(&mut self) -> f64 {
        let high = u32::try_from(self.next() >> 32).unwrap();
        f64::from(high) / 4_294_967_296.0
    }

    /// About normal, with deviation 1: the sum of twelve shares.
    fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }
}

/// What is simulated.
#[derive(Clone, Copy)]
struct World {
    seeds: usize,
    runs: usize,
    rate: f64,
    drop: f64,
    week_swing: f64,
}

/// Answers of one provider, and the rates its mailboxes have: a beta-like mixture of good and ordinary ones.
fn provider(world: World, dice: &mut Dice) -> Answers {
    let weeks: Vec<f64> = (0..world.runs).map(|_| world.week_swing * dice.bell()).collect();
    let spread = (0.2 * world.rate * (1.0 - world.rate)).sqrt();
    let row = |dice: &mut Dice| {
        let own = world.rate + spread * dice.bell();
        let answer = |(run, week): (usize, &f64)| {
            let drop = if run < world.runs / 2 { 0.0 } else { world.drop };
            Some(f64::from(u8::from(dice.share() < own + week - drop)))
        };
        weeks.iter().enumerate().map(answer).collect()
    };
    Answers { seeds: (0..world.seeds).map(|_| row(dice)).collect() }
}

/// How often any provider, and the whole, is called better or worse, in `times` comparisons of three providers.
fn findings(world: World, times: u32, dice: &mut Dice) -> (f64, f64) {
    let half = world.runs / 2;
    let sides = [vec![Side::Before; half], vec![Side::After; half]].concat();
    let (mut any, mut whole) = (0, 0);
    for _ in 0..times {
        let providers: Vec<Answers> = (0..3).map(|_| provider(world, dice)).collect();
        let comparison = Comparison::of(&providers, &sides, &[1.0; 3], 0.05);
        let is_found = |judgement: &Judgement| matches!(judgement.verdict, Verdict::Better | Verdict::Worse);
        any += u32::from(comparison.providers.iter().any(is_found));
        whole += u32::from(is_found(&comparison.overall));
    }
    (f64::from(any) / f64::from(times), f64::from(whole) / f64::from(times))
}

fn times() -> u32 {
    let Some(long) = std::env::var_os("INBOXED_LONG") else { return 200 };
    long.to_str().and_then(|times| times.parse().ok()).filter(|times| *times > 1).unwrap_or(4_000)
}

#[test]
fn noise_is_called_a_change_in_at_most_one_comparison_of_twenty() {
    let times = times();
    let mut dice = Dice(20_261_127);
    // What chance itself may add to a rate of one in twenty: three standard errors.
    let most = 0.05 + 3.0 * (0.05 * 0.95 / f64::from(times)).sqrt();
    for (seeds, runs) in [(10, 4), (10, 8), (20, 8), (40, 16)] {
        for week_swing in [0.0, 0.05, 0.1] {
            let world = World { seeds, runs, rate: 0.85, drop: 0.0, week_swing };
            let (any, whole) = findings(world, times, &mut dice);
            assert!(any <= most && whole <= most, "{seeds} seeds, {runs} runs, swing {week_swing}: {any} {whole}");
        }
    }
}

#[test]
fn a_large_drop_is_seen_and_more_so_with_more_runs() {
    let times = times();
    let mut dice = Dice(7);
    let mut seen = |seeds, runs, drop| {
        let world = World { seeds, runs, rate: 0.9, drop, week_swing: 0.05 };
        let (_, whole) = findings(world, times / 2, &mut dice);
        whole
    };
    let few: Vec<f64> = [0.1, 0.2, 0.3].map(|drop| seen(12, 8, drop)).to_vec();
    let many: Vec<f64> = [0.1, 0.2, 0.3].map(|drop| seen(12, 16, drop)).to_vec();
    assert!(few.iter().zip(&many).all(|(few, many)| many + 0.1 >= *few), "{few:?} {many:?}");
    assert!(many.last().is_some_and(|seen| *seen > 0.9), "{many:?}");
}
