//! The aims of economy: four round trips to the first full look, one for each later one, and one where tabs are asked for.

use std::process::Stdio;

use inboxed::lab::mailbox::{Character, Role};
use inboxed::lab::ses::Operation;

use crate::cost::measure;
use crate::scenario::{Ended, Scenario, tenth_of};

#[test]
fn four_round_trips_lead_to_the_first_full_look_and_each_later_one_costs_one() {
    let cost = measure(Character::Plain, 8, 100);
    assert_eq!((cost.sessions, cost.peak), (8, 8), "one session for each seed: {cost:?}");
    assert!(cost.first_trips <= 4, "{cost:?}");
    assert!(cost.first_bytes < 10_000 && cost.look_bytes < 10_000, "{cost:?}");
    assert!(cfg!(not(target_os = "linux")) || cost.resident > 0, "{cost:?}");
    assert!(cost.looks >= 8 && (cost.look_trips - 1.0).abs() < f64::EPSILON, "{cost:?}");
}

#[test]
fn gmails_tabs_cost_one_round_trip_more_and_only_while_they_are_not_known() {
    let cost = measure(Character::Gmail, 8, 100);
    assert!(cost.first_trips <= 4, "{cost:?}");
    assert!(cost.look_trips > 1.0 && cost.look_trips <= 2.0, "{cost:?}");
}

#[test]
fn with_fewer_connections_than_seeds_each_look_costs_four_round_trips_and_the_limit_is_kept() {
    let cost = measure(Character::Plain, 9, 2);
    assert!(cost.peak <= 2, "{cost:?}");
    assert!(cost.first_trips <= 4 && cost.look_trips <= 4.0, "{cost:?}");
}

/// A thousand seeds, all in the inbox, and a program that may open so many files: softly, and at most.
fn run_with_files(seeds: usize, soft: usize, hard: usize) -> (Ended, usize) {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        mailboxes.deliver(&accepted.recipient, Role::Inbox, None, accepted.message, accepted.accepted_at).unwrap();
    });
    scenario.seeds((0..seeds).map(|number| (format!("seed{number}@plain.example"), Character::Plain)));
    scenario.configure("max_connections = 1000\n", "name = \"news\"\nmessage = \"m.eml\"\n");
    let run = scenario.command(&["run", "--wait", "2m", "--json"]);
    let mut bounded = std::process::Command::new("sh");
    bounded.args(["-c", &format!("ulimit -S -n {soft} && ulimit -H -n {hard} && exec \"$0\" \"$@\"")]);
    bounded.arg(run.get_program()).args(run.get_args()).current_dir(scenario.path()).env_clear();
    bounded.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    bounded.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ended = Ended::of(bounded.output().unwrap());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ended.json()["tally"]["all"]["inbox"], seeds, "{}", ended.stderr);
    (ended, scenario.lab.journal.connection_count().peak)
}

#[test]
fn a_thousand_seeds_need_no_more_files_than_there_are() {
    let seeds = tenth_of(1000);
    // All of them fit only where the limit may be raised, which is done and not worth a word.
    let (ended, peak) = run_with_files(seeds, seeds, 2 * seeds);
    assert_eq!((peak, ended.stderr.contains("files at once")), (seeds, false), "{}", ended.stderr);
    // Where it may not, fewer stand at once.
    let files = if seeds == 1000 { 256 } else { 100 };
    let (ended, peak) = run_with_files(seeds, files, files);
    assert!(peak <= files - 64, "{peak} connections with {files} files");
    let note = format!(
        "this process may open {files} files at once, so that {} connections stand at once and not {seeds}; for more of them \
         run `ulimit -n {}` first",
        files - 64,
        seeds + 64
    );
    assert!(ended.stderr.contains(&note), "{}", ended.stderr);
}

#[test]
fn a_check_asks_ses_whom_it_delivers_to_and_the_next_run_believes_it() {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        mailboxes.deliver(&accepted.recipient, Role::Inbox, None, accepted.message, accepted.accepted_at).unwrap();
    });
    scenario.seeds((0..2).map(|number| (format!("seed{number}@plain.example"), Character::Plain)));
    // To the program it is Amazon: an `endpoint_url` would make it a stand-in, whose words are not kept.
    let file = scenario.path().join("inboxed.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let line = text.lines().find(|line| line.starts_with("endpoint_url")).unwrap();
    let endpoint = line.split('"').nth(1).unwrap();
    std::fs::write(&file, text.replace(line, "")).unwrap();
    let asked = || scenario.account.journal().count(Operation::GetSuppressedDestination);
    for (arguments, wanted) in
        [(&["check"][..], 2), (&["run", "--wait", "3s"], 2), (&["run", "--wait", "3s"], 2), (&["check"], 4)]
    {
        let ended = Ended::of(scenario.command(arguments).env("AWS_ENDPOINT_URL", endpoint).output().unwrap());
        assert!(matches!(ended.code, Some(0 | 3)), "{arguments:?}: {ended:?}");
        assert_eq!(asked(), wanted, "{arguments:?}");
    }
}
