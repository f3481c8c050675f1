//! `run --dry-run`: what can be seen to be missing is told, and nothing is started, opened or sent to see it.

use std::os::unix::fs::PermissionsExt as _;

use inboxed::lab::mailbox::Character;
use serde_json::json;

use crate::scenario::Scenario;

fn listed(scenario: &mut Scenario, name: &str, secret: &str) {
    let port = scenario.lab.imap(Character::Plain).port();
    scenario.list_seed(&format!("{name}@plain.example"), "lab-plain", port, &format!("secret = {secret}\n"));
}

fn scenario() -> Scenario {
    let mut scenario = Scenario::new(|_, _| {});
    listed(&mut scenario, "absent", "{ file = \"nope\" }");
    listed(&mut scenario, "open", "{ file = \"open\" }");
    listed(&mut scenario, "unset", "{ env = \"NOT_SET_ANYWHERE\" }");
    let open = scenario.path().join("seeds/open");
    std::fs::write(&open, "canary").unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
    let secretless = "[[seed]]\naddress = \"none@plain.example\"\nprovider = \"lab-plain\"\nhost = \"127.0.0.1\"\n";
    std::fs::write(scenario.path().join("seeds/more.toml"), secretless).unwrap();
    scenario
}

const REASONS: [(&str, &str); 4] = [
    ("absent@plain.example", "No such file"),
    ("none@plain.example", "no secret is configured"),
    ("open@plain.example", "others can read it; run `chmod 600"),
    ("unset@plain.example", "the variable NOT_SET_ANYWHERE is not set"),
];

#[test]
fn a_dry_run_names_each_secret_that_is_missing_and_says_what_it_did_not_look_at() {
    let mut scenario = scenario();
    listed(&mut scenario, "good", "{ env = \"PW\" }");
    listed(&mut scenario, "told", "{ command = \"touch was-started\" }");
    listed(&mut scenario, "kept", "{ keyring = \"anna\" }");
    let ended = scenario.call("", &["run", "--dry-run"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.starts_with("dry run: 3 probes (1 stream × 3 seeds), nothing sent\n"), "{}", ended.stdout);
    for (seed, why) in REASONS {
        let line = ended.stdout.lines().find(|line| line.contains(seed)).unwrap_or_default();
        assert!(line.contains(why), "{seed}: {}", ended.stdout);
    }
    let unseen = "note: not looked at: 2 secrets (1 by command, 1 by keyring); `inboxed check` does";
    assert!(ended.stdout.contains(unseen), "{}", ended.stdout);
    let document = scenario.call("", &["run", "--dry-run", "--json"]).json();
    assert_eq!(document["seeds"], json!(["good@plain.example", "told@plain.example", "kept@plain.example"]));
    assert_eq!((&document["probes"], document["unusable"].as_array().unwrap().len()), (&json!(3), REASONS.len()));
    let places = document["not_looked_at"].as_array().unwrap();
    assert_eq!(places[0], json!({"of": "told@plain.example", "secret": "command touch"}));
    assert_eq!(places[1], json!({"of": "kept@plain.example", "secret": "keyring anna"}));
    assert!(!scenario.path().join("was-started").exists() && !scenario.path().join("inboxed.db").exists());
    assert_eq!(scenario.lab.journal.connections().len(), 0);
}

#[test]
fn a_dry_run_ends_as_the_run_would_where_no_seed_is_left() {
    let scenario = scenario();
    let (dry, real) = (scenario.call("", &["run", "--dry-run"]), scenario.call("", &["run"]));
    for ended in [dry, real] {
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(65), ""), "{ended:?}");
        assert!(ended.stderr.contains("no seed can be used, so nothing w"), "{ended:?}");
        for (seed, why) in REASONS {
            assert!(ended.stderr.contains(seed) && ended.stderr.contains(why), "{seed}: {ended:?}");
        }
    }
}

#[test]
fn a_dry_run_and_a_run_say_once_which_addresses_are_one_mailbox() {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        let (bytes, at) = (accepted.message.clone(), accepted.accepted_at);
        mailboxes.deliver("anna@gmail.com", inboxed::lab::mailbox::Role::Inbox, None, bytes, at).unwrap();
    });
    // Our own preset, for another server.
    let port = scenario.lab.imap(Character::Plain).port();
    scenario.lab.mailboxes.open(inboxed::lab::mailbox::NewAccount::new(
        Character::Plain,
        "anna@gmail.com",
        crate::scenario::PASSWORD,
    ));
    scenario.list_seed("an.na@gmail.com", "gmail", port, "login = \"anna@gmail.com\"\n");
    scenario.list_seed("anna+x@gmail.com", "gmail", port, "");
    scenario.list_seed("an.na@outlook.example", "outlook", port, "");
    scenario.list_seed("anna@outlook.example", "outlook", port, "");
    let told = "one mailbox is one witness, and here it counts as several: an.na@gmail.com and anna+x@gmail.com\n";
    let dry = scenario.call("", &["run", "--dry-run"]);
    assert_eq!(dry.stdout.matches(told).count(), 1, "dots tell mailboxes of Outlook apart: {dry:?}");
    let real = scenario.call("", &["run", "--wait", "5s"]);
    assert_eq!(real.stderr.matches(told).count(), 1, "{real:?}");
}
