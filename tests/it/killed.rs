//! The program killed at any moment, or asked to stop: nothing is sent twice, nothing seen is lost, `sweep` finishes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use inboxed::lab::mailbox::{Character, Mailboxes, Role};
use inboxed::lab::ses::Accepted;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::scenario::{Ended, Scenario, probe, side_by_side, tenth_of};

/// Where mail for a seed lands; the last one's is lost, so that a run lasts to its deadline.
const SEEDS: [(&str, Option<Role>); 6] = [
    ("anna@plain.example", Some(Role::Inbox)),
    ("bert@plain.example", Some(Role::Junk)),
    ("carla@plain.example", Some(Role::Inbox)),
    ("dora@plain.example", Some(Role::Junk)),
    ("emil@plain.example", Some(Role::Inbox)),
    ("frieda@plain.example", None),
];
/// A seed whose password is wrong: it never gets mail.
const SHUT: &str = "gustav@plain.example";

/// Every point between the plan and the last commit of a run.
const POINTS: [&str; 15] = [
    "plan-written",
    "plan-committed",
    "baseline-written",
    "baseline-committed",
    "exclusion-committed",
    "claim-written",
    "claim-committed",
    "call-begins",
    "call-ended",
    "settle-written",
    "settle-committed",
    "look-written",
    "look-committed",
    "close-written",
    "close-committed",
];
/// Those that happen once for each probe, seed or look.
const REPEATED: [&str; 10] = [
    "baseline-written",
    "baseline-committed",
    "claim-written",
    "claim-committed",
    "call-begins",
    "call-ended",
    "settle-written",
    "settle-committed",
    "look-written",
    "look-committed",
];

fn truth(seed: &str) -> Option<Role> {
    SEEDS.iter().find(|(address, _)| *address == seed).and_then(|(_, role)| *role)
}

fn deliver(mailboxes: &Mailboxes, accepted: Accepted) {
    if let Some(role) = truth(&accepted.recipient) {
        mailboxes.deliver(&accepted.recipient, role, None, accepted.message, accepted.accepted_at).unwrap();
    }
}

fn scenario() -> Scenario {
    let mut scenario = Scenario::new(deliver);
    for (address, _) in SEEDS {
        scenario.seed(address, Character::Plain, "");
    }
    scenario.seed(SHUT, Character::Plain, "secret = { env = \"WRONG\" }\n");
    scenario
}

/// Dies at a point when it is passed for the n-th time.
fn at(point: &str, nth: usize) -> String {
    if nth == 1 { format!("{point}=panic") } else { format!("{point}={}*off->panic", nth - 1) }
}

/// Placement and state of each seed's probe.
fn findings(document: &Value) -> BTreeMap<String, (Value, Value)> {
    let probes = document["probes"].as_array().unwrap().iter();
    probes.map(|one| (one["seed"].to_string(), (one["placement"].clone(), one["state"].clone()))).collect()
}

/// What must hold after `sweep` has finished a run that was killed.
fn check(scenario: &Scenario, told: &str, document: &Value) {
    let journal = scenario.account.journal();
    let (sends, delivered) = (journal.sends(), journal.delivered_to());
    assert!(sends.values().all(|&times| times == 1), "{told}: sent twice: {sends:?}");
    assert_eq!(document["run"]["state"], "complete", "{told}: {document}");
    assert!(!sends.contains_key(SHUT) && probe(document, SHUT)["placement"].is_null(), "{told}: {document}");
    for (seed, role) in SEEDS {
        let probe = probe(document, seed);
        let (placement, state) = (&probe["placement"], probe["state"].as_str().unwrap());
        let why = probe["why"].as_str().unwrap_or_default();
        match (delivered.contains(seed), role, state) {
            (true, Some(role), "accepted") => {
                let wanted = if role == Role::Junk { "spam" } else { "inbox" };
                assert_eq!(placement, wanted, "{told}: {probe}");
            }
            (true, None, "accepted") => assert_eq!(placement, "missing", "{told}: {probe}"),
            (true, None, "unknown") | (false, _, "unknown") => {
                assert!(placement.is_null() && why.starts_with("send outcome unknown"), "{told}: {probe}");
            }
            (false, _, "planned") => {
                let said = why.starts_with("not sent") || why == "could not look";
                assert!(placement.is_null() && said, "{told}: {probe}");
            }
            _ => panic!("{told}: delivered: {}, but {probe}", delivered.contains(seed)),
        }
    }
}

/// Runs, dies at the first point; sweeps, dies at the others in turn; then sweeps to the end, and once more.
fn die_and_finish(deaths: &[(&str, usize)], must_die: bool) {
    let told = format!("{deaths:?}");
    let mut scenario = scenario();
    let mut verb: &[&str] = &["run", "--wait", "2s", "--json"];
    for (point, nth) in deaths {
        let ended = scenario.call(&at(point, *nth), verb);
        assert!(ended.signal == Some(9) || !must_die, "{told}: not killed: {ended:?}");
        verb = &["sweep", "last", "--json"];
    }
    let other = scenario.with_another_ses();
    let swept = scenario.call("", &["sweep", "last", "--json"]);
    if deaths == [("plan-written", 1)] {
        assert_eq!(swept.code, Some(65), "{told}: the plan was not committed: {swept:?}");
        assert!(scenario.account.journal().sends().is_empty(), "{told}");
        return;
    }
    assert!(matches!(swept.code, Some(0..=3)), "{told}: {swept:?}");
    let document = swept.json();
    check(&scenario, &told, &document);
    let again = scenario.call("", &["sweep", "last", "--json"]);
    assert_eq!(findings(&again.json()), findings(&document), "{told}: a second sweep changed something");
    assert_eq!(other.journal().connections(), 0, "{told}: a sweep has nothing to say to SES");
}

#[test]
fn a_run_killed_at_any_point_is_finished_by_sweep_with_nothing_sent_twice_and_nothing_lost() {
    let mut cells: Vec<Vec<(&str, usize)>> = POINTS.iter().map(|point| vec![(*point, 1)]).collect();
    cells.extend(REPEATED.iter().map(|point| vec![(*point, 4)]));
    let in_sweep = ["unknown-written", "unknown-committed", "look-written", "look-committed", "close-written"];
    cells.extend(in_sweep.iter().map(|point| vec![("settle-written", 3), (*point, 1)]));
    cells.push(vec![("claim-committed", 5), ("unknown-committed", 1), ("look-committed", 2), ("close-committed", 1)]);
    side_by_side(8, &cells, |deaths| die_and_finish(deaths, true));
}

#[test]
fn a_run_killed_at_random_points_again_and_again_loses_nothing() {
    // Numbers from a small generator (a linear congruence), so that every run of this test is the same.
    let mut state = 20_261_124_u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let cells: Vec<Vec<(&str, usize)>> = (0..tenth_of(120))
        .map(|_| {
            let first = [(POINTS[1 + draw(POINTS.len() - 1)], 1 + draw(12))];
            let further = (0..draw(3)).map(|_| (POINTS[11 + draw(4)], 1 + draw(8))).collect::<Vec<_>>();
            first.into_iter().chain(further).collect()
        })
        .collect();
    side_by_side(8, &cells, |deaths| die_and_finish(deaths, false));
}

#[test]
fn what_a_stored_look_saw_stays_even_if_the_mailboxes_are_emptied_while_the_program_is_dead() {
    let cells = [("look-committed", 2), ("look-committed", 6), ("look-written", 9), ("look-committed", 14)];
    side_by_side(4, &cells, |(point, nth)| {
        let told = format!("{point} {nth}");
        let scenario = scenario();
        let killed = scenario.call(&at(point, *nth), &["run", "--wait", "3s"]);
        assert_eq!(killed.signal, Some(9), "{told}: {killed:?}");
        let before = scenario.call("", &["show", "last", "--json"]).json();
        assert_eq!(before["run"]["state"], "interrupted", "{told}");
        let seen: BTreeSet<&str> = SEEDS
            .iter()
            .map(|(seed, _)| *seed)
            .filter(|seed| matches!(probe(&before, seed)["placement"].as_str(), Some("inbox" | "spam")))
            .collect();
        assert!(*nth < 3 || !seen.is_empty(), "{told}: nothing was stored: {before}");
        for (seed, _) in SEEDS {
            let folders = scenario.lab.mailboxes.account(seed).unwrap().folders;
            for copy in folders.into_iter().flat_map(|folder| folder.copies) {
                scenario.lab.mailboxes.delete_message(seed, copy.id).unwrap();
            }
        }
        let after = scenario.call("", &["sweep", "last", "--json"]).json();
        for (seed, _) in SEEDS {
            let (was, is) = (probe(&before, seed), probe(&after, seed));
            if seen.contains(seed) {
                assert_eq!(is["placement"], was["placement"], "{told}: {is}");
                assert_eq!(is["first_seen_at"], was["first_seen_at"], "{told}: {is}");
            } else if is["state"] == "accepted" {
                assert_eq!(is["placement"], "missing", "{told}: {is}");
            } else {
                assert!(is["placement"].is_null(), "{told}: {is}");
            }
        }
    });
}

#[test]
fn a_wish_to_stop_ends_with_130_and_the_document_as_it_stands_and_sweep_finishes() {
    let cells = [(Signal::INT, 1), (Signal::TERM, 3), (Signal::INT, 6), (Signal::HUP, 2)];
    side_by_side(4, &cells, |(signal, nth)| {
        let told = format!("{signal:?} at message {nth}");
        let process: Arc<OnceLock<Pid>> = Arc::default();
        let (target, count) = (Arc::clone(&process), Mutex::new(0));
        let (signal, nth) = (*signal, *nth);
        let mut scenario = Scenario::new(move |mailboxes, accepted| {
            deliver(mailboxes, accepted);
            let mut count = count.lock().unwrap();
            *count += 1;
            if *count == nth {
                kill_process(*target.wait(), signal).unwrap();
            }
        });
        for (address, _) in SEEDS {
            scenario.seed(address, Character::Plain, "");
        }
        scenario.seed(SHUT, Character::Plain, "secret = { env = \"WRONG\" }\n");
        let child = scenario.command(&["run", "--wait", "5s", "--json"]).spawn().unwrap();
        process.set(Pid::from_raw(child.id().cast_signed()).unwrap()).unwrap();
        let ended = Ended::of(child.wait_with_output().unwrap());
        assert_eq!(ended.code, Some(130), "{told}: {ended:?}");
        let document = ended.json();
        assert_eq!(document["run"]["state"], "interrupted", "{told}: {document}");
        assert_eq!(document["probes"].as_array().unwrap().len(), 7, "{told}");
        let other = scenario.with_another_ses();
        let swept = scenario.call("", &["sweep", "last", "--json"]);
        check(&scenario, &told, &swept.json());
        assert_eq!(other.journal().connections(), 0, "{told}: a sweep has nothing to say to SES");
    });
}

/// A program that asks who started it to stop, and is then busy for long.
const STOPS_US: &str = "kill -INT $PPID; exec sleep 600";

#[test]
fn a_wish_to_stop_is_heard_while_secrets_are_read_and_while_aws_is_waited_for() {
    let mut scenario = Scenario::new(deliver);
    scenario.seed(
        "anna@plain.example",
        Character::Plain,
        &format!("secret = {{ command = [\"sh\", \"-c\", \"{STOPS_US}\"] }}\n"),
    );
    let ended = scenario.call("", &["run", "--json"]);
    // Once it had waited, the only seed would be without a secret: 65.
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert_eq!(ended.json()["run"]["state"], "interrupted", "{ended:?}");
    let ended = scenario.call("", &["sweep", "last", "--json"]);
    assert_eq!(ended.code, Some(3), "nothing of it left, so nobody is asked for a secret: {ended:?}");

    let profile = scenario.path().join("aws");
    std::fs::write(&profile, format!("[default]\ncredential_process = {STOPS_US}\n")).unwrap();
    let mut command = scenario.command(&["run", "--json"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").env("AWS_CONFIG_FILE", &profile);
    let ended = Ended::of(command.output().unwrap());
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(130), ""), "{ended:?}");
    assert!(ended.stderr.contains("interrupted before anything was planned or sent"), "{ended:?}");
    assert_eq!(scenario.call("", &["runs", "--json"]).json()["runs"].as_array().unwrap().len(), 1);
}
