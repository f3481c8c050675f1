//! The demo through the real binary: the whole job, with nothing prepared.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn inboxed(arguments: &[&str], config: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inboxed"));
    command.env_clear().env("INBOXED_CONFIG", config).args(arguments).output().unwrap()
}

fn json(arguments: &[&str], config: &Path) -> Value {
    let ended = inboxed(arguments, config);
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    serde_json::from_slice(&ended.stdout).unwrap()
}

#[test]
fn the_demo_does_the_whole_job_and_what_it_leaves_goes_on_working() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path().join("demo");
    let config = dir.join("inboxed.toml");
    let ended = inboxed(&["demo", "--dir", dir.to_str().unwrap()], &config);
    let (said, complained) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert_eq!(ended.status.code(), Some(0), "{complained}");
    assert!(said.contains("simulated") && said.contains("Try next"), "{said}");

    let chart = std::fs::read(dir.join("reports/trend-newsletter.png")).unwrap();
    assert!(chart.starts_with(b"\x89PNG\r\n\x1a\n") && chart.len() > 20_000);

    let runs = json(&["runs", "--json"], &config);
    let runs = runs["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 12);
    for run in runs {
        assert_eq!(run["state"], "complete");
        assert_eq!(run["simulated"], true);
        let all = &run["tally"]["all"];
        assert_eq!((&all["unmeasured"], &all["pending"], &all["n"]), (&0.into(), &0.into(), &36.into()), "{run}");
    }
    let spam = |runs: &[Value]| runs.iter().map(|run| run["tally"]["all"]["spam"].as_u64().unwrap()).sum::<u64>();
    // Newest first: the six weeks after the change, then the six before.
    let (after, before) = runs.split_at(6);
    assert!(spam(after) * 2 < spam(before), "{} after, {} before", spam(after), spam(before));

    let shown = json(&["show", "last", "--json"], &config);
    let probes = shown["probes"].as_array().unwrap();
    assert_eq!(probes.len(), 36);
    assert!(probes.iter().any(|probe| probe["placement"] == "promotions" && probe["tab"] == "promotions"));
    assert!(probes.iter().all(|probe| probe["latency_ms"].as_i64().is_none_or(|latency| latency >= 0)));

    // A directory that is somebody's own is left as it is.
    std::fs::write(&config, "# mine\n").unwrap();
    let refused = inboxed(&["demo", "--dir", dir.to_str().unwrap()], &config);
    assert_eq!(refused.status.code(), Some(65));
    assert_eq!(std::fs::read_to_string(&config).unwrap(), "# mine\n");
}
