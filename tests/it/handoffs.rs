//! SES that fails, through the program: at most one request for each probe unless SES surely did not accept, and the
//! right state for each.

use std::time::Duration;

use inboxed::lab::mailbox::{Character, Mailboxes, Role};
use inboxed::lab::ses::{Accepted, Operation, Rule, SesFault, SmtpFault, SmtpStep};
use serde_json::Value;

use crate::scenario::{Scenario, probe};

/// Short deadlines in place of the real ones, so that a hanging server costs a second.
const POINTS: &str = "ses-patience=return(1500)";

fn deliver(mailboxes: &Mailboxes, accepted: Accepted) {
    mailboxes.deliver(&accepted.recipient, Role::Inbox, None, accepted.message, accepted.accepted_at).unwrap();
}

/// What a seed's probe has to come to.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    state: &'static str,
    placement: Option<&'static str>,
    /// How many requests with the message may have reached SES.
    requests: (usize, usize),
}

const FOUND: Wanted = Wanted { state: "accepted", placement: Some("inbox"), requests: (1, 1) };
const FOUND_LATER: Wanted = Wanted { state: "accepted", placement: Some("inbox"), requests: (2, 2) };
const UNKNOWN: Wanted = Wanted { state: "unknown", placement: None, requests: (1, 1) };
const REFUSED: Wanted = Wanted { state: "refused", placement: None, requests: (1, 1) };

fn check(scenario: &Scenario, document: &Value, seed: &str, told: &str, wanted: Wanted) {
    let probe = probe(document, seed);
    assert_eq!(probe["state"], wanted.state, "{told}: {probe}");
    assert_eq!(probe["placement"].as_str(), wanted.placement, "{told}: {probe}");
    let requests = scenario.account.journal().sends_to(seed);
    let (least, most) = wanted.requests;
    assert!((least..=most).contains(&requests), "{told}: {requests} requests: {probe}");
    if wanted.placement.is_none() {
        let why = probe["why"].as_str().unwrap();
        let begins = match wanted.state {
            "unknown" => "send outcome unknown",
            "refused" => "refused by SES",
            _ => "not accepted by SES",
        };
        assert!(why.starts_with(begins), "{told}: {probe}");
    }
}

fn seeds(scenario: &mut Scenario, count: usize) -> Vec<String> {
    let addresses: Vec<String> = (0..count).map(|number| format!("seed{number}@plain.example")).collect();
    for address in &addresses {
        scenario.seed(address, Character::Plain, "");
    }
    addresses
}

fn run(scenario: &Scenario) -> Value {
    let ended = scenario.call(POINTS, &["run", "--json", "--wait", "6s"]);
    assert!(matches!(ended.code, Some(0..=3)), "{ended:?}");
    ended.json()
}

#[test]
fn a_failing_api_gets_each_probe_at_most_once_unless_it_surely_did_not_take_it() {
    let error = |status, delivered| SesFault::Status {
        status,
        code: "InternalFailure".to_owned(),
        message: "no".to_owned(),
        delivered,
    };
    let foreign = SesFault::Status {
        status: 503,
        code: String::new(),
        message: "<html>unavailable</html>".to_owned(),
        delivered: false,
    };
    let never = Wanted { state: "not_accepted", placement: None, requests: (2, 6) };
    let rows: Vec<(SesFault, Option<u32>, Wanted)> = vec![
        (SesFault::CloseAfterRequest { delivered: false }, None, UNKNOWN),
        (SesFault::CloseAfterRequest { delivered: true }, None, FOUND),
        (SesFault::CutBody, None, FOUND),
        (SesFault::Hang { delivered: false }, None, UNKNOWN),
        (SesFault::Hang { delivered: true }, None, FOUND),
        (error(500, false), None, UNKNOWN),
        (error(500, true), None, FOUND),
        (error(503, false), None, UNKNOWN),
        (foreign, None, UNKNOWN),
        (SesFault::throttled(), Some(1), FOUND_LATER),
        (SesFault::throttled(), None, never),
        (SesFault::refusal(400, "MessageRejected", "Email address is not verified."), None, REFUSED),
        (SesFault::refusal(400, "BadRequestException", "Illegal header."), None, REFUSED),
        (SesFault::OkWithoutId, None, FOUND),
        (SesFault::OkGarbage, None, FOUND),
        (SesFault::Slow(Duration::from_millis(200)), None, FOUND),
    ];
    let mut scenario = Scenario::new(deliver);
    let addresses = seeds(&mut scenario, rows.len() + 2);
    for ((fault, times, _), address) in rows.iter().zip(&addresses) {
        let rule = Rule::on(Operation::SendEmail, fault.clone()).for_recipient(address);
        scenario.account.faults().add(times.map_or(rule.clone(), |times| rule.times(times)));
    }
    let document = run(&scenario);
    for (address, row) in addresses.iter().zip(rows.iter().map(Some).chain([None, None])) {
        let wanted = row.map_or(FOUND, |(_, _, wanted)| *wanted);
        check(&scenario, &document, address, &format!("{row:?}"), wanted);
    }
    // What was seen is told apart from what SES said: only an answer gives an id.
    for (at, has_id) in [(1, false), (2, false), (4, false), (9, true), (13, false), (15, true)] {
        let id = &probe(&document, &addresses[at])["ses_message_id"];
        assert_eq!(id.is_string(), has_id, "{:?}: {id}", rows[at]);
    }
}

#[test]
fn a_connection_closed_before_the_request_was_read_is_no_reason_to_send_again() {
    let mut scenario = Scenario::new(deliver);
    let addresses = seeds(&mut scenario, 4);
    scenario.account.faults().add(Rule::on(Operation::SendEmail, SesFault::CloseBeforeRead));
    let document = run(&scenario);
    for address in &addresses {
        check(&scenario, &document, address, "closed early", Wanted { requests: (0, 0), ..UNKNOWN });
    }
    assert_eq!(scenario.account.faults().strikes(), 4, "one request each");
}

#[test]
fn a_used_up_quota_ends_the_sending_and_nothing_is_asked_again() {
    let mut scenario = Scenario::new(deliver);
    let addresses = seeds(&mut scenario, 14);
    scenario.account.faults().add(Rule::on(Operation::SendEmail, SesFault::quota_used_up()));
    let document = run(&scenario);
    for address in &addresses {
        let probe = probe(&document, address);
        assert!(matches!(probe["state"].as_str(), Some("not_accepted" | "planned")), "{probe}");
        assert!(probe["placement"].is_null() && scenario.account.journal().sends_to(address) <= 1, "{probe}");
    }
}

#[test]
fn a_failing_smtp_server_gets_each_message_at_most_once_unless_it_surely_did_not_take_it() {
    let reply = |text: &str| SmtpFault::Reply(text.to_owned());
    let unsent = |state| Wanted { state, placement: None, requests: (0, 0) };
    let rows: Vec<(SmtpStep, SmtpFault, Option<u32>, Wanted)> = vec![
        (SmtpStep::Rcpt, reply("550 5.1.1 no such user"), None, unsent("refused")),
        (SmtpStep::Rcpt, reply("451 later"), None, unsent("not_accepted")),
        (SmtpStep::Rcpt, reply("451 later"), Some(1), FOUND),
        (SmtpStep::Data, reply("451 later"), Some(1), FOUND),
        (SmtpStep::Dot, SmtpFault::throttled(), Some(1), FOUND_LATER),
        (SmtpStep::Dot, reply("554 Message rejected: Email address is not verified."), None, REFUSED),
        (SmtpStep::Dot, reply("hello"), None, UNKNOWN),
        (SmtpStep::Dot, SmtpFault::Close { delivered: false }, None, UNKNOWN),
        (SmtpStep::Dot, SmtpFault::Close { delivered: true }, None, FOUND),
        (SmtpStep::Dot, SmtpFault::Hang { delivered: false }, None, UNKNOWN),
        (SmtpStep::Dot, SmtpFault::Hang { delivered: true }, None, FOUND),
        (SmtpStep::Dot, SmtpFault::OkWithoutId, None, FOUND),
    ];
    let mut scenario = Scenario::new(deliver);
    scenario.by_smtp();
    let addresses = seeds(&mut scenario, rows.len() + 2);
    for ((step, fault, times, _), address) in rows.iter().zip(&addresses) {
        let rule = Rule::on(*step, fault.clone()).for_recipient(address);
        scenario.account.smtp_faults().add(times.map_or(rule.clone(), |times| rule.times(times)));
    }
    let document = run(&scenario);
    for (address, row) in addresses.iter().zip(rows.iter().map(Some).chain([None, None])) {
        let wanted = row.map_or(FOUND, |(_, _, _, wanted)| *wanted);
        check(&scenario, &document, address, &format!("{row:?}"), wanted);
    }
}

#[test]
fn an_smtp_server_that_fails_before_the_message_is_tried_again_and_still_gets_each_message_once() {
    let mut scenario = Scenario::new(deliver);
    scenario.by_smtp();
    let addresses = seeds(&mut scenario, 9);
    let faults = [
        SmtpFault::Close { delivered: false },
        SmtpFault::Reply("421 4.3.2 too many connections".to_owned()),
        SmtpFault::Reply("454 4.7.0 later".to_owned()),
        SmtpFault::Hang { delivered: false },
    ];
    let steps = [SmtpStep::Connect, SmtpStep::Ehlo, SmtpStep::StartTls, SmtpStep::Auth, SmtpStep::Mail, SmtpStep::Data];
    // Each of the first connections comes to grief at another step, by another fault.
    for (number, step) in steps.into_iter().enumerate() {
        scenario.account.smtp_faults().add(Rule::on(step, faults[number % faults.len()].clone()).once());
    }
    let ended = scenario.call(POINTS, &["run", "--json", "--wait", "14s"]);
    assert!(matches!(ended.code, Some(0..=3)), "{ended:?}");
    let document = ended.json();
    for address in &addresses {
        check(&scenario, &document, address, "trouble before the message", FOUND);
    }
    assert_eq!(scenario.account.smtp_faults().strikes(), 6, "each fault happened");
}

#[test]
fn an_api_that_nobody_answers_for_is_69_and_nothing_is_planned() {
    let mut scenario = Scenario::new(deliver);
    seeds(&mut scenario, 1);
    scenario.account.faults().add(Rule::on(Operation::GetAccount, SesFault::Hang { delivered: false }));
    let ended = scenario.call("ses-patience=return(300)", &["run", "--json"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(69), ""), "{ended:?}");
    assert!(ended.stderr.contains("nothing was sent"), "{ended:?}");
    assert_eq!(scenario.call("", &["runs", "--json"]).json()["runs"].as_array().unwrap().len(), 0);
    assert!(scenario.path().join("inboxed.db").exists());
}

#[test]
fn untagged_probes_of_several_streams_are_told_apart_by_their_ids_and_one_without_an_id_is_never_missing() {
    let mut scenario = Scenario::new(deliver);
    let addresses = seeds(&mut scenario, 3);
    let stream = |name: &str, tag: &str| format!("name = \"{name}\"\nmessage = \"m.eml\"\ntag = \"{tag}\"\n");
    let streams = [stream("one", "none"), stream("two", "none"), stream("three", "header")].join("[[stream]]\n");
    scenario.configure("", &streams);
    // Of one seed, the answer to its first message is lost; which stream's it is is told by the state.
    let rule = Rule::on(Operation::SendEmail, SesFault::OkWithoutId).for_recipient(&addresses[0]);
    scenario.account.faults().add(rule.once());
    let document = run(&scenario);
    assert_eq!(scenario.account.journal().sends().values().copied().collect::<Vec<_>>(), [3, 3, 3]);
    let probes = document["probes"].as_array().unwrap();
    assert_eq!(probes.len(), 9);
    for probe in probes {
        let (state, placement) = (probe["state"].as_str().unwrap(), probe["placement"].as_str());
        if state == "unknown" {
            assert!(probe["seed"] == addresses[0].as_str() && probe["stream"] != "three", "{probe}");
            assert!(
                placement.is_none() && probe["why"].as_str().unwrap().starts_with("send outcome unknown"),
                "{probe}"
            );
        } else {
            assert_eq!((state, placement), ("accepted", Some("inbox")), "{probe}");
        }
    }
    let without_id = probes.iter().filter(|probe| probe["ses_message_id"].is_null()).count();
    assert_eq!(without_id, 1, "{document}");
    for stream in ["one", "two", "three"] {
        let tally = &document["tally"]["streams"][stream]["all"];
        assert_eq!(tally["inbox"].as_u64().unwrap() + tally["unmeasured"].as_u64().unwrap(), 3, "{tally}");
    }
}
