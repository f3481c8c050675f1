//! What somebody meets who has only just begun: what `init` wrote, checked as it is; slips; old runs; a plain message.

use std::path::Path;
use std::process::Command;

use inboxed::lab::mailbox::{Character, Role};

use crate::scenario::{Ended, Scenario};

/// A call without any environment: no PATH, no AWS credentials, nobody to ask for them.
fn call(place: &Path, arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inboxed"));
    command.env_clear().env("HOME", place).env("AWS_EC2_METADATA_DISABLED", "true");
    Ended::of(command.current_dir(place).args(arguments).output().unwrap())
}

#[test]
fn what_init_wrote_is_checked_with_every_thing_that_is_still_to_be_done() {
    let place = tempfile::tempdir().unwrap();
    let written = call(place.path(), &["init", "mail"]);
    assert_eq!(written.code, Some(0), "{written:?}");
    // Nothing shorter would find the program and its configuration from here.
    let program = format!("{} --config mail/inboxed.toml", env!("CARGO_BIN_EXE_inboxed"));
    for words in ["in mail/inboxed.toml, ", &format!("{program} check"), &format!("{program} run")] {
        assert!(written.stdout.contains(words), "{words} in {written:?}");
    }
    let config = ["--config", "mail/inboxed.toml"];
    let checked = call(place.path(), &[&config[..], &["check"]].concat());
    assert_eq!(checked.code, Some(2), "{checked:?}");
    let rows: Vec<Vec<&str>> = checked
        .stdout
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect())
        .collect();
    let found = |part: &str| {
        let rows: Vec<_> = rows.iter().filter(|row| row[1] == part).collect();
        let [row] = rows[..] else { panic!("{part}: {checked:?}") };
        (row[0], row[3])
    };
    let text = std::fs::read_to_string(place.path().join("mail/inboxed.toml")).unwrap();
    let line = text.lines().position(|line| line.starts_with("[[stream]]")).unwrap() + 1;
    let edit = format!("set `from` of the stream newsletter (mail/inboxed.toml:{line}) to a sender");
    let (verdict, sender) = found("sender");
    assert!(verdict == "critical" && sender.contains("placeholder") && sender.contains(&edit), "{sender}");
    let (verdict, seed) = found("seed");
    assert!(verdict == "critical" && seed.contains("no seed is configured") && seed.contains("seeds/*.toml"), "{seed}");
    let (verdict, ses) = found("ses");
    assert!(verdict == "critical" && ses.starts_with("no AWS credentials were found; set AWS_PROFILE"), "{ses}");
    assert!(ses.len() < 200, "one sentence, not all that the SDK tried: {ses}");
    assert!(!checked.stdout.contains("DMARC"), "nobody publishes anything for a placeholder: {checked:?}");

    for verb in [&["run"][..], &["run", "--dry-run"], &["plan"]] {
        let refused = call(place.path(), &[&config[..], verb].concat());
        assert_eq!(refused.code, Some(65), "{refused:?}");
        assert!(refused.stderr.contains("no seed is configured; "), "{refused:?}");
    }
    let recover = call(place.path(), &[&config[..], &["recover"]].concat());
    assert!(recover.stdout.starts_with("It is not known whether there is anything to recover from: "), "{recover:?}");
    assert!(!recover.stdout.contains("mails a day"), "no plan that nobody needs: {recover:?}");
    let status = call(place.path(), &[&config[..], &["status"]].concat());
    assert_eq!(
        (status.code, status.stdout.as_str()),
        (Some(3), "last run  none yet; `inboxed run` makes the first one\n")
    );
}

#[test]
fn init_writes_the_configuration_that_is_named_and_what_is_missing_beside_it() {
    let place = tempfile::tempdir().unwrap();
    let written = call(place.path(), &["init", "--config", "mail/mine.toml"]);
    assert_eq!(written.code, Some(0), "{written:?}");
    for words in ["in mail/mine.toml, ", "into mail/messages/", "--config mail/mine.toml check"] {
        assert!(written.stdout.contains(words), "{words} in {written:?}");
    }
    let listed = call(place.path(), &["--config", "mail/mine.toml", "seeds", "list", "--json"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    assert!(!place.path().join("inboxed.toml").exists() && !place.path().join("mail/inboxed.toml").exists());
    let again = call(place.path(), &["init", "mail", "--json"]).json();
    assert_eq!(again["written"], serde_json::json!(["mail/inboxed.toml"]));
    assert_eq!(again["kept"], serde_json::json!(["mail/seeds/example.toml", "mail/messages/newsletter.eml"]));
    let directory = call(place.path(), &["--config", "mail", "runs"]);
    assert_eq!(directory.stderr, "inboxed: mail: cannot be read: it is a directory; name a file\n");
}

#[test]
fn a_region_that_has_the_shape_of_none_is_refused_and_a_range_of_runs_is_told_how_to_be_written() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("inboxed.toml"), "[ses]\nregion = \"eu-central\"\n").unwrap();
    let refused = call(place.path(), &["seeds", "list"]);
    assert_eq!(refused.code, Some(65));
    assert!(
        refused.stderr.contains("ses.region: \"eu-central\" is not an AWS region; write one such as"),
        "{refused:?}"
    );
    for (words, told) in [
        (&["compare", "--before", "1..3", "--after", "4"][..], "for runs write their numbers: 1,2,3"),
        (&["compare", "--before", "1"], "Usage: inboxed compare --before <SEL> --after <SEL>"),
        (&["plan", "--drop", "0.1"], "a drop is a number of points from 1 to 100"),
    ] {
        let refused = call(place.path(), words);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(64), ""), "{refused:?}");
        assert!(refused.stderr.contains(told), "{told} in {refused:?}");
    }
}

#[test]
fn a_message_that_nobody_received_is_said_to_be_unchecked_and_not_to_have_failed() {
    let place = tempfile::tempdir().unwrap();
    let list = "List-Unsubscribe: <https://shop.example/u>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n";
    std::fs::write(place.path().join("m.eml"), format!("From: a@shop.example\n{list}Subject: hi\n\nhello\n")).unwrap();
    let told = call(place.path(), &["inspect", "m.eml"]).stdout;
    assert!(told.starts_with("Received by nobody yet: no Received line stands in it\n"), "{told}");
    assert!(told.contains("nobody has received this message yet, so nothing was checked"), "{told}");
    assert!(!told.contains("failed") && !told.contains("no verified signature"), "{told}");
}

#[test]
fn prune_says_beforehand_what_would_go_and_a_backup_replaces_nothing() {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        mailboxes.deliver(&accepted.recipient, Role::Inbox, None, accepted.message, accepted.accepted_at).unwrap();
    });
    scenario.seeds((1..=5).map(|number| (format!("seed{number}@plain.example"), Character::Plain)));
    assert_eq!(scenario.call("", &["run", "--wait", "20s", "--quiet"]).code, Some(0));
    std::fs::write(
        scenario.path().join("old.csv"),
        "started_at,stream,seed,provider,placement\n2020-01-06T06:00:00Z,news,a@gmail.com,gmail,inbox\n\
         2020-01-06T06:00:00Z,news,b@gmail.com,gmail,spam\n2020-02-03T06:00:00Z,news,a@gmail.com,gmail,inbox\n",
    )
    .unwrap();
    assert_eq!(scenario.call("", &["import", "old.csv"]).code, Some(0));
    let said = |words: &[&str]| scenario.call("", &[&["prune"], words].concat()).stdout;
    let old = "2 runs with 3 probes (6 Jan 2020 to 3 Feb 2020)";
    for _ in 0..2 {
        assert_eq!(
            said(&["--older", "2y", "--dry-run"]),
            format!("dry run: would remove {old}; nothing was removed\n")
        );
    }
    assert_eq!(said(&["--older", "2y"]), format!("removed: {old}\n"));
    assert_eq!(said(&["--older", "2y"]), "nothing to remove: no run is that old\n");
    assert_eq!(scenario.call("", &["runs", "--json"]).json()["runs"].as_array().unwrap().len(), 1);

    assert_eq!(scenario.call("", &["backup", "copy.db"]).code, Some(0));
    let kept = std::fs::read(scenario.path().join("copy.db")).unwrap();
    let again = scenario.call("", &["backup", "copy.db"]);
    assert_eq!(again.stderr, "inboxed: copy.db exists already and is left as it is; name another file\n");
    assert_eq!((again.code, std::fs::read(scenario.path().join("copy.db")).unwrap()), (Some(65), kept));
}
