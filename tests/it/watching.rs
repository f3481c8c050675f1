//! How a run ends its watch: what it must have looked at before it calls a probe missing, and what it says when a seed
//! broke off.

use inboxed::lab::fault::{Action, Faults, Rule, Verb};
use inboxed::lab::mailbox::{Character, Role};

use crate::scenario::{Scenario, probe};

const SEED: &str = "anna@plain.example";

#[test]
fn a_folder_that_a_rule_made_after_the_baseline_is_looked_into() {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        mailboxes.add_folder(&accepted.recipient, "News", Role::Other).unwrap();
        let place = inboxed::lab::mailbox::Place::Named("News".to_owned());
        mailboxes.deliver(&accepted.recipient, place, None, accepted.message, accepted.accepted_at).unwrap();
    });
    scenario.seed(SEED, Character::Plain, "");
    let ended = scenario.call("", &["run", "--wait", "3s", "--json"]);
    let document = ended.json();
    let found = probe(&document, SEED);
    assert_eq!((found["placement"].as_str(), found["folder"].as_str()), (Some("elsewhere"), Some("News")), "{found}");
}

#[test]
fn a_seed_that_refuses_in_mid_run_leaves_nothing_pending_when_the_run_closes() {
    let faults = Faults::default();
    let arming = faults.clone();
    let mut scenario = Scenario::new(move |_, _| {
        // From the handoff on the session is gone and the password is none any more.
        arming.add(Rule::on(Verb::Examine, Action::Cut).once());
        arming.add(Rule::on(Verb::Authenticate, Action::No("[AUTHENTICATIONFAILED] no".to_owned())));
    });
    scenario.seed_apart(SEED, Character::Plain, false, &faults);
    let ended = scenario.call("", &["run", "--wait", "10m", "--json"]);
    let document = ended.json();
    let lost = probe(&document, SEED);
    assert_eq!((ended.code, document["run"]["state"].as_str()), (Some(3), Some("complete")), "{document}");
    assert_eq!((&document["tally"]["all"]["pending"], &document["tally"]["all"]["unmeasured"]), (&0.into(), &1.into()));
    assert!(lost["placement"].is_null() && lost["why"].as_str().unwrap().contains("could not look"), "{lost}");
}
