//! `status` through the real binary, and what Prometheus says of its metrics.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use inboxed::lab::mailbox::{Character, Role};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::real::Server;
use crate::scenario::Scenario;

/// One run with seeds at two providers, six each; at the second every other probe is spam.
fn after_a_run() -> Scenario {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        let (bytes, at) = (accepted.message.clone(), accepted.accepted_at);
        let spam = accepted.recipient.contains("outlook") && accepted.recipient.contains(['1', '3', '5']);
        let place = if spam { Role::Junk } else { Role::Inbox };
        mailboxes.deliver(&accepted.recipient, place, None, bytes, at).unwrap();
    });
    for number in 1..=6 {
        scenario.seed(&format!("seed{number}@plain.example"), Character::Plain, "");
        scenario.seed(&format!("seed{number}@outlook.example"), Character::Outlook, "");
    }
    let ended = scenario.call("", &["run", "--wait", "20s", "--quiet"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    scenario
}

#[test]
fn status_says_how_things_stand_and_ends_as_the_run_did() {
    let scenario = after_a_run();
    let ended = scenario.call("", &["status", "--json"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let status = ended.json();
    assert_eq!((&status["health"], &status["run"]["id"]), (&"warning".into(), &1.into()));
    assert!(status["schedule"].is_null(), "nothing is scheduled here");
    assert_eq!(status["trends"], "watch", "the worst of all trends, beside the word of the last run");
    let series = status["series"].as_array().unwrap();
    let of = |provider: &str, signal: &str| {
        series.iter().find(|one| one["provider"] == provider && one["signal"] == signal).unwrap()
    };
    let spam = of("lab-outlook", "spam");
    assert_eq!((&spam["rate"], &spam["n"], &spam["band"]), (&0.5.into(), &6.into(), &"critical".into()));
    assert!(spam["alarm"].is_null(), "one run is no alarm: {spam}");
    assert_eq!(of("lab-plain", "inbox")["state"], "ok");
    assert!(series.iter().all(|one| one["provider"] != "lab-plain" || one["signal"] != "spam"));
    let text = scenario.call("", &["status"]).stdout;
    let heads: Vec<&str> = text.lines().take(2).collect();
    assert!(
        heads[0].starts_with("last run  warning: run 1 of ") && heads[1] == "trends    none of 5 in alarm",
        "{text}"
    );
    assert_eq!(scenario.call("", &["status", "--listen", "0.0.0.0:0"]).code, Some(65));
}

#[test]
fn the_first_lines_tell_trends_from_the_last_run_and_imported_runs_from_our_own() {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        mailboxes.deliver(&accepted.recipient, Role::Inbox, None, accepted.message, accepted.accepted_at).unwrap();
    });
    scenario.seeds((1..=6).map(|number| (format!("seed{number}@plain.example"), Character::Plain)));
    let mut csv = "started_at,stream,seed,provider,placement\n".to_owned();
    for week in 0..6_i64 {
        let day = jiff::civil::date(2026, 1, 5).checked_add(jiff::Span::new().days(7 * week)).unwrap();
        for seed in 1..=12 {
            writeln!(csv, "{day}T06:00:00Z,news,seed{seed}@plain.example,lab-plain,spam").unwrap();
        }
    }
    std::fs::write(scenario.path().join("theirs.csv"), csv).unwrap();
    assert_eq!(scenario.call("", &["import", "theirs.csv"]).code, Some(0));
    let told = scenario.call("", &["status"]);
    let lines: Vec<&str> = told.stdout.lines().collect();
    assert_eq!(told.code, Some(3), "none of our own can be judged");
    assert_eq!(lines[0], "trends    critical: 1 of 2 trends in alarm; alerts follow the trends");
    let none = "last run  none was made here yet, so that there is nothing to judge; 6 imported runs tell the trends";
    assert_eq!(lines[1], none);
    let recover = scenario.call("", &["recover"]).stdout;
    assert_eq!(scenario.call("", &["status", "--json"]).json()["trends"], "critical");
    assert!(recover.starts_with("To recover from:\n  news / ") && recover.contains(" mails a day"), "{recover}");

    // A healthy run beside an alarm that stands: neither word hides the other, and what needs somebody comes first.
    assert_eq!(scenario.call("", &["run", "--wait", "20s", "--quiet"]).code, Some(0));
    let told = scenario.call("", &["status"]);
    let lines: Vec<&str> = told.stdout.lines().collect();
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(lines[0].starts_with("trends    ") && lines[0].contains(": 1 of 2 trends in alarm"), "{told:?}");
    assert!(lines[1].starts_with("last run  healthy: run 7 of "), "{told:?}");
    assert!(lines[2].contains("inbox") && !lines[2].trim_start().starts_with("ok"), "the alarm first: {told:?}");
    assert!(told.stdout.contains("spread: how far a rate's last weeks lie apart"), "{told:?}");
}

#[test]
fn metrics_are_written_whole_and_answered_on_a_port_and_prometheus_takes_them() {
    let scenario = after_a_run();
    let file = scenario.path().join("inboxed.prom");
    let ended = scenario.call("", &["status", "--metrics", file.to_str().unwrap()]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("inboxed_inbox_ratio{stream=\"news\",provider=\"lab-outlook\"} 0.5\n"), "{written}");
    assert!(written.contains("inboxed_health 1\n") && written.ends_with("# EOF\n"), "{written}");

    let mut child = scenario.command(&["status", "--listen", "127.0.0.1:0"]).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    let address = said.trim().strip_prefix("note: listening on http://").unwrap().strip_suffix("/metrics").unwrap();
    let ask = |path: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = ask("/metrics");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(answer.split_once("\r\n\r\n").unwrap().1, written);
    assert!(ask("/").starts_with("HTTP/1.1 404 "));
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let name = "metrics_are_written_whole_and_answered_on_a_port_and_prometheus_takes_them";
    let Some(promtool) = Server::Promtool.program(name) else { return };
    let mut checked = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    checked.stdin.take().unwrap().write_all(written.as_bytes()).unwrap();
    let output = checked.wait_with_output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.trim().is_empty(), "{complaints}");
}

#[test]
fn a_run_ends_with_its_diagnosis_and_says_that_one_run_is_not_enough() {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        let (bytes, at) = (accepted.message.clone(), accepted.accepted_at);
        mailboxes.deliver(&accepted.recipient, Role::Junk, None, bytes, at).unwrap();
    });
    for number in 1..=5 {
        scenario.seed(&format!("seed{number}@plain.example"), Character::Plain, "");
        scenario.seed(&format!("seed{number}@yahoo.example"), Character::Yahoo, "");
    }
    let ended = scenario.call("", &["run", "--wait", "20s", "--quiet"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let says = "\ndiagnosis, from one run alone: news: every provider files it low";
    assert!(
        ended.stdout.contains(says) && ended.stdout.contains("\n  next: run inboxed dns check"),
        "{}",
        ended.stdout
    );
    let told = scenario.call("", &["diagnose", "--json"]);
    assert_eq!(told.code, Some(0), "whatever the figures: {told:?}");
    let document = told.json();
    assert_eq!(document["diagnoses"][0]["cause"], "domain_trust");
    assert_eq!((&document["matrix"][0]["standing"], &document["runs"]), (&"low".into(), &1.into()));
    assert!(document["diagnoses"][0]["doubt"].as_str().unwrap().starts_with("this rests on one run alone"));
    let swept = scenario.call("", &["sweep", "last", "--json"]).json();
    assert_eq!(swept["diagnosis"], document, "a sweep and a run say what `diagnose` says");

    // The second run is judged together with the first one, and the report says the same in the reader's language.
    let second = scenario.call("", &["run", "--wait", "20s", "--json"]).json();
    assert_eq!((&second["diagnosis"]["runs"], &second["diagnosis"]["matrix"][0]["n"]), (&2.into(), &10.into()));
    let doubt = second["diagnosis"]["diagnoses"][0]["doubt"].as_str().unwrap();
    assert_eq!(doubt, "a fault of DNS or of the message shows the same way", "two runs are more than one");
    let out = scenario.path().join("out");
    let reported = scenario.call("", &["report", "--lang", "de", "--out", out.to_str().unwrap()]);
    assert_eq!(reported.code, Some(0), "{reported:?}");
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("news: Bei allen Anbietern kommt zu wenig in den Posteingang"), "{page}");
    let json: Value = serde_json::from_str(&std::fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    assert_eq!(json["diagnosis"], second["diagnosis"]);
}
