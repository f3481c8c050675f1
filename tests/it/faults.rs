//! IMAP servers that fail: what could not be looked at is never called missing, and no other seed notices.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use inboxed::lab::fault::{Action, Rule, Verb};
use inboxed::lab::mailbox::{Character, NewAccount, Role};
use inboxed::lab::ses::{Accepted, SesAccount, SesServer, SesSettings};
use inboxed::lab::{Clock, Lab};
use serde_json::Value;

const SICK: &str = "sick@plain.example";
const HEALTHY: &str = "healthy@plain.example";

/// Runs once with the sick seed's server failing at `verb`, and gives the document.
fn run_with(verb: Verb, action: Action) -> Value {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (lab, ses) = runtime.block_on(async {
        let clock = Clock::system();
        let lab = Lab::start(clock.clone()).await.unwrap();
        for address in [SICK, HEALTHY] {
            lab.mailboxes.open(NewAccount::new(Character::Plain, address, "secret"));
        }
        lab.faults.add(Rule::on(verb, action).for_login(SICK));
        let mailboxes = lab.mailboxes.clone();
        let deliver = move |accepted: Accepted| {
            let (bytes, at) = (accepted.message.clone(), accepted.accepted_at);
            mailboxes.deliver(&accepted.recipient, Role::Inbox, None, bytes, at).unwrap();
        };
        let settings = SesSettings::with_domains(&["shop.example"]);
        let ses = SesServer::start(SesAccount::new(settings, clock, Arc::new(deliver))).await.unwrap();
        (lab, ses)
    });
    write_configuration(directory.path(), &lab, &ses.endpoint_url());
    let ended = Command::new(env!("CARGO_BIN_EXE_inboxed"))
        .current_dir(directory.path())
        .env_clear()
        .envs([("AWS_ACCESS_KEY_ID", "AKIALAB"), ("AWS_SECRET_ACCESS_KEY", "lab"), ("PW", "secret")])
        .args(["run", "--json", "--wait", "4s"])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(3), "{verb:?}: {}", String::from_utf8_lossy(&ended.stderr));
    serde_json::from_slice(&ended.stdout).unwrap()
}

fn write_configuration(directory: &Path, lab: &Lab, endpoint: &str) {
    let port = lab.imap(Character::Plain).port();
    let seed = |address: &str| {
        format!(
            "[[seed]]\naddress = \"{address}\"\nprovider = \"generic\"\nhost = \"127.0.0.1\"\nport = {port}\nca_file = \
             \"../ca.pem\"\nsecret = {{ env = \"PW\" }}\n"
        )
    };
    let main = format!(
        "[ses]\nregion = \"eu-central-1\"\nendpoint_url = \"{endpoint}\"\n[[stream]]\nname = \"news\"\nmessage = \"m.eml\"\n"
    );
    std::fs::create_dir(directory.join("seeds")).unwrap();
    std::fs::write(directory.join("ca.pem"), lab.ca_pem()).unwrap();
    std::fs::write(directory.join("seeds/lab.toml"), seed(SICK) + &seed(HEALTHY)).unwrap();
    std::fs::write(directory.join("m.eml"), "From: news@shop.example\nSubject: news\n\nhello\n").unwrap();
    std::fs::write(directory.join("inboxed.toml"), main).unwrap();
}

#[test]
fn a_failing_command_never_makes_a_probe_missing_and_never_touches_another_seed() {
    let actions = || {
        [
            Action::No("[UNAVAILABLE] later".to_owned()),
            Action::Bad("what".to_owned()),
            Action::Bye("gone".to_owned()),
            Action::Cut,
            Action::WrongTag,
        ]
    };
    let verbs = [Verb::Authenticate, Verb::List, Verb::Examine, Verb::Fetch];
    std::thread::scope(|scope| {
        for verb in verbs {
            for action in actions() {
                scope.spawn(move || {
                    let told = format!("{verb:?} answered by {action:?}");
                    let document = run_with(verb, action);
                    let placement = |seed: &str| {
                        let probes = document["probes"].as_array().unwrap();
                        probes.iter().find(|probe| probe["seed"] == seed).unwrap()["placement"].clone()
                    };
                    assert_eq!(placement(HEALTHY), "inbox", "{told}: {document}");
                    // A copy whose headers came before the fault was seen, and what was seen is a fact.
                    let seen = verb == Verb::Fetch && placement(SICK) == "inbox";
                    assert!(seen || placement(SICK) == Value::Null, "{told}: {document}");
                });
            }
        }
    });
}
