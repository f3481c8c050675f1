//! How long a comparison of 200,000 imported findings takes: it must stay below a second.
//!
//! `cargo bench --bench compare`, or faster to build `cargo bench --profile dev --bench compare`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on says so by panicking, and its table is what it is for"
)]

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

/// Providers, seeds at each, and weekly runs.
const SHAPES: [(usize, usize, usize); 3] = [(4, 250, 200), (1, 1000, 200), (4, 2500, 20)];

fn main() {
    println!("{:>10}{:>8}{:>8}{:>12}{:>14}{:>14}", "providers", "seeds", "runs", "findings", "import", "compare");
    for (providers, seeds, runs) in SHAPES {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("inboxed.toml");
        std::fs::write(&config, "seeds = []\n").unwrap();
        let file = directory.path().join("history.csv");
        std::fs::write(&file, history(providers, seeds, runs)).unwrap();
        let import = timed(&config, &["import", file.to_str().unwrap()]);
        let half = runs / 2;
        let (before, after) = (range(1, half), range(half + 1, runs));
        let compare = timed(&config, &["compare", "--json", "--before", &before, "--after", &after]);
        let findings = providers * seeds * runs;
        println!("{providers:>10}{seeds:>8}{runs:>8}{findings:>12}{import:>12.2} s{compare:>12.2} s");
    }
}

/// Weekly runs in which a tenth of the probes lie in spam, each seed's and each week's own tenth.
fn history(providers: usize, seeds: usize, runs: usize) -> String {
    let mut csv = String::from("run_id,started_at,stream,seed,provider,placement\n");
    for run in 0..runs {
        let at = 1_600_000_000 + run * 604_800;
        let at = jiff::Timestamp::from_second(i64::try_from(at).unwrap()).unwrap();
        for provider in 0..providers {
            for seed in 0..seeds {
                let word = if (run * 31 + seed * 17 + seed * run) % 10 == 0 { "spam" } else { "inbox" };
                writeln!(csv, "{},{at},news,seed{seed}@p{provider}.example,p{provider},{word}", run + 1).unwrap();
            }
        }
    }
    csv
}

fn range(first: usize, last: usize) -> String {
    (first..=last).map(|run| run.to_string()).collect::<Vec<_>>().join(",")
}

/// Seconds that one call of the program takes.
fn timed(config: &Path, words: &[&str]) -> f64 {
    let arguments = ["inboxed", "--config", config.to_str().unwrap()].into_iter().chain(words.iter().copied());
    let begun = Instant::now();
    let done = inboxed::run(arguments.map(OsString::from));
    let seconds = begun.elapsed().as_secs_f64();
    assert!(done.exit.code() < 64, "{}", done.stderr);
    seconds
}
