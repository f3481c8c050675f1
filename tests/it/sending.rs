//! What SES counts of an account's mail, and what the user takes for a stream's new ordinary, through the real binary.

use std::fmt::Write as _;

use inboxed::lab::mailbox::{Character, Role};
use inboxed::lab::ses::journal::Operation;
use inboxed::lab::ses::{Returned, Rule, SesFault};
use serde_json::Value;

use crate::scenario::Scenario;

fn scenario() -> Scenario {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        let (bytes, at) = (accepted.message.clone(), accepted.accepted_at);
        mailboxes.deliver(&accepted.recipient, Role::Inbox, None, bytes, at).unwrap();
    });
    scenario.seeds((1..=5).map(|number| (format!("seed{number}@plain.example"), Character::Plain)));
    scenario
}

#[test]
fn bounces_and_complaints_are_asked_once_for_each_run_and_told_by_run_status_and_report() {
    let scenario = scenario();
    let point = |days_ago, bounces, complaints| Returned { days_ago, attempts: 10_000, bounces, complaints };
    scenario
        .account
        .change(|settings| settings.returned = vec![point(1, 450, 4), point(2, 450, 4), point(20, 9_000, 9_000)]);
    let ended = scenario.call("", &["run", "--wait", "20s", "--json"]);
    assert_eq!(ended.code, Some(0), "an exit code speaks of placement alone: {ended:?}");
    assert_eq!(scenario.account.journal().count(Operation::GetSendStatistics), 1);
    let document = ended.json();
    let sending = &document["diagnosis"]["sending"][0];
    assert_eq!(
        (&sending["region"], &sending["n"]),
        (&"eu-central-1".into(), &20_000.into()),
        "what was sent since is not in it yet"
    );
    assert_eq!((&sending["bounces"]["rate"], &sending["bounces"]["surely"]), (&0.045.into(), &"critical".into()));
    assert_eq!((&sending["complaints"]["count"], &sending["complaints"]["band"]), (&8.into(), &"healthy".into()));
    assert_eq!(document["diagnosis"]["diagnoses"][0]["cause"], "bounces");

    let status = scenario.call("", &["status", "--json"]).json();
    assert_eq!(&status["sending"][0], sending);
    let text = scenario.call("", &["status"]).stdout;
    let says = "SES in eu-central-1, two weeks: bounces 900 of 20,000 (4.50 %), complaints 8 of 20,000 (0.04 %)\n            bounce is critical; to do: \
                check where addresses come from";
    assert!(text.contains(says), "{text}");
    let out = scenario.path().join("out");
    let reported = scenario.call("", &["report", "--out", out.to_str().unwrap()]);
    assert_eq!(reported.code, Some(0), "{reported:?}");
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(
        page.contains("SES in eu-central-1 counts too many bounces")
            && page.contains("bounces 900 of 20,000 (4.50\u{a0}%)"),
        "{page}"
    );

    // Later SES does not answer: what is known stays, with that it is not fresh.
    scenario.account.faults().add(Rule::on(
        Operation::GetSendStatistics,
        SesFault::Status { status: 403, code: "AccessDenied".to_owned(), message: "no".to_owned(), delivered: false },
    ));
    let second = scenario.call("", &["run", "--wait", "20s", "--json"]).json();
    let later = &second["diagnosis"]["sending"][0];
    assert_eq!(later["bounces"]["rate"], 0.045);
    assert!(later["why"].as_str().unwrap().contains("AccessDenied"), "{later}");
}

#[test]
fn two_accounts_in_one_region_are_never_added_up() {
    let scenario = scenario();
    let run = |key: &str, bounces| {
        scenario.account.change(|settings| {
            settings.returned = vec![Returned { days_ago: 1, attempts: 10_000, bounces, complaints: 1 }];
        });
        let mut command = scenario.command(&["run", "--wait", "20s", "--quiet"]);
        assert_eq!(command.env("AWS_ACCESS_KEY_ID", key).output().unwrap().status.code(), Some(0));
    };
    run("AKIAQNZGKIQY56JQ7WML", 450);
    run("AKIARZPUZDIKAUAQEAYE", 7);
    // A temporary key of the first account. What was sent to five seeds before is counted, too.
    run("ASIAQNZGKIQY56JQ7WMM", 451);
    let status = scenario.call("", &["status", "--json"]).json();
    let told: Vec<_> = status["sending"].as_array().unwrap().iter().collect();
    let figures: Vec<_> = told.iter().map(|one| (&one["account"], &one["n"], &one["bounces"]["count"])).collect();
    let of = |account: &str, n: u64, bounces: u64| (Value::from(account), Value::from(n), Value::from(bounces));
    let wanted = [of("029608264753", 10_010, 451), of("123456789012", 10_005, 7)];
    assert_eq!(figures, wanted.iter().map(|(one, n, count)| (one, n, count)).collect::<Vec<_>>(), "{status:#}");
    let text = scenario.call("", &["status"]).stdout;
    for part in [
        "SES in eu-central-1 (account 029608264753), two weeks: bounces 451 of 10,010 (4.51 %)",
        "(account 123456789012), two weeks",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn what_could_not_be_asked_is_unknown_and_no_reason_to_stop() {
    let scenario = scenario();
    let denied =
        SesFault::Status { status: 403, code: "AccessDenied".to_owned(), message: "no".to_owned(), delivered: false };
    scenario.account.faults().add(Rule::on(Operation::GetSendStatistics, denied));
    let ended = scenario.call("", &["run", "--wait", "20s", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let sending = ended.json()["diagnosis"]["sending"][0].clone();
    assert_eq!(
        (&sending["n"], &sending["bounces"], &sending["complaints"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let text = scenario.call("", &["status"]).stdout;
    let line = text.lines().find(|line| line.starts_with("SES in ")).unwrap();
    assert!(line.starts_with("SES in eu-central-1: bounces and complaints are not known: ask SES for "), "{line}");
    assert!(!text.contains("0.00 %"), "never 0: {text}");
    let check = scenario.call("", &["check", "--json"]).json();
    let said =
        check["checks"].as_array().unwrap().iter().find(|one| one["name"] == "bounces and complaints").unwrap().clone();
    assert_eq!(said["verdict"], "warning", "{said}");
    assert!(said["found"].as_str().unwrap().contains("AccessDenied"), "{said}");
}

#[test]
fn an_accepted_change_ends_the_alarm_against_the_past_and_is_kept() {
    let scenario = scenario();
    // A run, so that there is a database.
    assert_eq!(scenario.call("", &["run", "--wait", "20s", "--quiet"]).code, Some(0));
    let now: jiff::Timestamp = scenario.call("", &["status", "--json"]).json()["at"].as_str().unwrap().parse().unwrap();
    let mut rows = "started_at,stream,seed,provider,placement\n".to_owned();
    for week in 1..=16_i64 {
        let at = now - jiff::SignedDuration::from_hours(168 * week);
        for seed in 0..20 {
            let place = if week <= 8 && seed < 3 { "spam" } else { "inbox" };
            writeln!(rows, "{at},old,s{seed}@gmail.com,gmail,{place}").unwrap();
        }
    }
    std::fs::write(scenario.path().join("told.csv"), rows).unwrap();
    assert_eq!(scenario.call("", &["import", "told.csv"]).code, Some(0));
    let inbox = |words: &[&str]| {
        let ended = scenario.call("", &[&["status", "--json"], words].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let status = ended.json();
        let series = status["series"].as_array().unwrap().clone();
        series.into_iter().find(|one| one["stream"] == "old" && one["signal"] == "inbox").unwrap()
    };
    let before = inbox(&[]);
    assert_eq!(before["alarm"], "decline", "{before}");
    assert!(before["spell"]["since"].as_str().unwrap() <= before["since"].as_str().unwrap(), "{before}");
    assert!(before["since"].is_string() && before["spell"]["n"].as_u64().unwrap() >= 40, "{before}");
    let text = scenario.call("", &["status"]).stdout;
    assert!(
        text.contains("\n            in alarm since ") && text.contains("; the alarm ends after a few good weeks"),
        "{text}"
    );
    for (words, why) in
        [("nope", "there are news:lab-plain, old:gmail"), ("old:yahoo", "there are news:lab-plain, old:gmail")]
    {
        let refused = scenario.call("", &["status", "--accept-change", words]);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(65), ""), "{refused:?}");
        assert!(refused.stderr.contains(why), "{refused:?}");
    }
    assert_eq!(scenario.call("", &["status", "--accept-change", "a b"]).code, Some(64));
    assert_eq!(inbox(&[])["alarm"], "decline", "what was refused changed nothing");
    let accepted = inbox(&["--accept-change", "old:gmail"]);
    assert_eq!((&accepted["alarm"], &accepted["account"]["own"]), (&Value::Null, &Value::Null), "{accepted}");
    assert_eq!(inbox(&[])["alarm"], Value::Null, "and it is kept");
}
