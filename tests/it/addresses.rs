//! Addresses as people write them, through the program: a domain in any script, and what SES delivers to at all.

use std::sync::{Arc, Mutex};

use inboxed::lab::mailbox::{Character, NewAccount, Role};
use inboxed::lab::ses::Identity;

use crate::scenario::{PASSWORD, Scenario, probe};

const WRITTEN: &str = "u02@münchen.example";
const SENT: &str = "u02@xn--mnchen-3ya.example";
/// The sender's domain, as SES knows it.
const SENDER: &str = "xn--lden-loa.example";

/// What SES accepted: sender, recipient, message.
type Seen = Arc<Mutex<Vec<(String, String, String)>>>;

fn scenario() -> (Scenario, Seen) {
    let seen = Seen::default();
    let kept = Arc::clone(&seen);
    let mut scenario = Scenario::new(move |mailboxes, accepted| {
        let message = String::from_utf8(accepted.message.clone()).unwrap();
        kept.lock().unwrap().push((accepted.sender.clone(), accepted.recipient.clone(), message));
        mailboxes.deliver(&accepted.recipient, Role::Inbox, None, accepted.message, accepted.accepted_at).unwrap();
    });
    scenario.account.change(|settings| settings.identities = vec![Identity::domain(SENDER)]);
    scenario.lab.mailboxes.open(NewAccount::new(Character::Plain, SENT, PASSWORD));
    let port = scenario.lab.imap(Character::Plain).port();
    scenario.list_seed(WRITTEN, "lab-plain", port, &format!("login = \"{SENT}\"\n"));
    (scenario, seen)
}

/// One probe left in ASCII, was found, and is told under the address as configured.
fn check(scenario: &Scenario, seen: &Seen) {
    let ended = scenario.call("", &["run", "--wait", "20s", "--json"]);
    let document = ended.json();
    let found = probe(&document, WRITTEN);
    assert_eq!((&found["state"], &found["placement"]), (&"accepted".into(), &"inbox".into()), "{ended:?}");
    let sent = seen.lock().unwrap();
    let [(sender, recipient, message)] = &sent[..] else { panic!("one message, not {sent:?}") };
    assert_eq!((sender.as_str(), recipient.as_str()), (format!("news@{SENDER}").as_str(), SENT));
    let (header, _) = message.split_once("\r\n\r\n").unwrap();
    assert!(header.is_ascii() && header.contains(&format!("\r\nTo: {SENT}\r\n")), "{header}");
    assert!(header.contains(&format!("<news@{SENDER}>")), "{header}");
    for spelling in [WRITTEN, SENT, "U02@MÜNCHEN.example"] {
        let shown = scenario.call("", &["show", "last", spelling, "--json"]);
        assert_eq!(shown.code, Some(0), "{spelling}: {shown:?}");
        assert_eq!(shown.json()["probes"][0]["seed"], WRITTEN, "{spelling}");
    }
}

#[test]
fn a_domain_in_any_script_leaves_in_ascii_over_the_api_and_its_seed_is_found_under_both_spellings() {
    let (mut scenario, seen) = scenario();
    scenario.configure("", "name = \"news\"\nmessage = \"m.eml\"\nfrom = \"Läden <news@läden.example>\"\n");
    check(&scenario, &seen);
    scenario.account.change(|settings| drop(settings.suppressed.insert(SENT.to_owned(), "BOUNCE".to_owned())));
    let refused = scenario.call("", &["run", "--wait", "20s"]);
    assert_eq!(refused.code, Some(65), "{refused:?}");
    assert!(refused.stderr.contains(&format!("--email-address {SENT}")), "{refused:?}");
    assert_eq!(seen.lock().unwrap().len(), 1, "nothing more was sent");
}

#[test]
fn the_messages_own_sender_in_any_script_leaves_in_ascii_over_smtp() {
    let (mut scenario, seen) = scenario();
    let message = "From: Läden <news@läden.example>\nSubject: news\n\nhello\n";
    std::fs::write(scenario.path().join("m.eml"), message).unwrap();
    scenario.by_smtp();
    check(&scenario, &seen);
    let dry = scenario.call("", &["run", "--dry-run"]);
    assert!(dry.stdout.contains(&format!("From goes out with its domain as SES takes it: news@{SENDER}")), "{dry:?}");
}

#[test]
fn an_address_that_ses_delivers_nothing_to_is_refused_with_file_line_and_reason() {
    let (mut scenario, seen) = scenario();
    let port = scenario.lab.imap(Character::Plain).port();
    scenario.list_seed("ünö@seed.example", "lab-plain", port, "");
    for verb in ["run", "check"] {
        let ended = scenario.call("", &[verb]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(65), ""), "{ended:?}");
        for part in ["seeds/lab.toml:11: seed.address: ", "\"ünö@seed.example\" has letters outside ASCII", "SMTPUTF8"]
        {
            assert!(ended.stderr.contains(part), "{part} in {ended:?}");
        }
    }
    assert!(seen.lock().unwrap().is_empty());
}
