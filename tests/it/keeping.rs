//! What was stored lies whole in one file, and is never taken for nothing.

use std::fs;

use inboxed::lab::mailbox::{Character, Role};

use crate::scenario::{Ended, Scenario};

fn scenario() -> Scenario {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        mailboxes.deliver(&accepted.recipient, Role::Inbox, None, accepted.message, accepted.accepted_at).unwrap();
    });
    scenario.seeds((1..=5).map(|number| (format!("seed{number}@plain.example"), Character::Plain)));
    scenario
}

fn run(scenario: &Scenario) {
    let ended = scenario.call("", &["run", "--wait", "20s", "--quiet"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

fn numbers(runs: &Ended) -> Vec<i64> {
    let runs = runs.json();
    runs["runs"].as_array().unwrap().iter().map(|run| run["id"].as_i64().unwrap()).collect()
}

/// The octets in the log beside the database.
fn logged(scenario: &Scenario) -> u64 {
    fs::metadata(scenario.path().join("inboxed.db-wal")).map_or(0, |log| log.len())
}

#[test]
fn a_copy_of_the_database_s_file_holds_every_run_that_has_ended() {
    let scenario = scenario();
    for number in 1..=2 {
        run(&scenario);
        assert_eq!(logged(&scenario), 0, "run {number}");
        let copy = scenario.path().join("copy.db");
        fs::copy(scenario.path().join("inboxed.db"), &copy).unwrap();
        let text = fs::read_to_string(scenario.path().join("inboxed.toml")).unwrap();
        fs::write(scenario.path().join("copy.toml"), format!("database = \"copy.db\"\n{text}")).unwrap();
        let told = scenario.call("", &["--config", "copy.toml", "runs", "--json"]);
        assert_eq!(numbers(&told), (1..=number).rev().collect::<Vec<_>>());
    }
    for words in [&["check"][..], &["import", "old.csv"], &["prune", "--older", "2y"]] {
        fs::write(
            scenario.path().join("old.csv"),
            "started_at,stream,seed,provider,placement\n2020-01-06,news,a@gmail.com,gmail,inbox\n",
        )
        .unwrap();
        let ended = scenario.call("", words);
        assert!(matches!(ended.code, Some(0 | 1)), "{words:?}: {ended:?}");
        assert_eq!(logged(&scenario), 0, "{words:?}");
    }
}

#[test]
fn a_database_that_lost_its_tables_is_neither_called_none_nor_begun_anew() {
    let scenario = scenario();
    run(&scenario);
    let path = scenario.path().join("inboxed.db");
    // The first page of a database whose tables all lay in a log that is gone: no table, no application's number.
    let mut bytes = fs::read(&path).unwrap()[..4096].to_vec();
    bytes[28..32].copy_from_slice(&1_u32.to_be_bytes());
    bytes[68..72].fill(0);
    bytes[100..].fill(0);
    bytes[100..108].copy_from_slice(&[13, 0, 0, 0, 0, 16, 0, 0]);
    fs::write(&path, &bytes).unwrap();
    for words in [&["runs"][..], &["run", "--wait", "20s"], &["check"], &["import", "m.eml"]] {
        let ended = scenario.call("", words);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(65), ""), "{words:?}: {ended:?}");
        if words[0] != "import" {
            let told = format!("{} holds no table of inboxed, though ", fs::canonicalize(&path).unwrap().display());
            assert!(ended.stderr.contains(&told), "{words:?}: {ended:?}");
            assert!(ended.stderr.contains("a copy made by `inboxed backup`"), "{words:?}: {ended:?}");
        }
    }
    assert_eq!(fs::read(&path).unwrap(), bytes, "left as it is");
    fs::rename(&path, scenario.path().join("inboxed.db-wal")).unwrap();
    for words in ["runs", "run"] {
        let ended = scenario.call("", &[words]);
        assert_eq!(ended.code, Some(65), "{ended:?}");
        assert!(ended.stderr.contains("inboxed.db-wal is not empty"), "{ended:?}");
        assert_eq!(logged(&scenario), 4096, "a log without a database is left as it is");
    }
}

#[test]
#[cfg(feature = "failpoints")]
fn what_a_killed_run_left_in_the_log_is_read_and_folded_by_the_next_verb() {
    let scenario = scenario();
    let ended = scenario.call("settle-committed=panic", &["run", "--wait", "20s", "--quiet"]);
    assert_eq!(ended.signal, Some(9), "{ended:?}");
    assert!(logged(&scenario) > 0);
    assert_eq!(numbers(&scenario.call("", &["runs", "--json"])), [1]);
    assert_eq!(logged(&scenario), 0);
}

#[test]
fn a_place_where_no_database_can_lie_is_told_before_anything_is_sent() {
    let scenario = scenario();
    let text = fs::read_to_string(scenario.path().join("inboxed.toml")).unwrap();
    for (database, told) in [
        ("seeds", "it is no regular file; name another one as `database`"),
        ("none/x.db", "none/x.db: its directory does not exist; make it, or name another file as `database`"),
    ] {
        fs::write(scenario.path().join("inboxed.toml"), format!("database = \"{database}\"\n{text}")).unwrap();
        for words in [&["run", "--dry-run"][..], &["run"], &["check"]] {
            let ended = scenario.call("", words);
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(65), ""), "{words:?}: {ended:?}");
            assert!(ended.stderr.trim_end().ends_with(told), "{words:?}: {ended:?}");
        }
    }
    assert_eq!(scenario.account.journal().sends().len(), 0);
}
