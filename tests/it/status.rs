//! `status` through the real binary, and what Prometheus says of its metrics.

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
    let series = status["series"].as_array().unwrap();
    let of = |provider: &str, signal: &str| {
        series.iter().find(|one| one["provider"] == provider && one["signal"] == signal).unwrap()
    };
    let spam = of("lab-outlook", "spam");
    assert_eq!((&spam["rate"], &spam["n"], &spam["band"]), (&0.5.into(), &6.into(), &"critical".into()));
    assert!(spam["alarm"].is_null(), "one run is no alarm: {spam}");
    assert_eq!(of("lab-plain", "inbox")["state"], "ok");
    assert!(series.iter().all(|one| one["provider"] != "lab-plain" || one["signal"] != "spam"));
    assert!(scenario.call("", &["status"]).stdout.starts_with("warning: run 1 of "));
    assert_eq!(scenario.call("", &["status", "--listen", "0.0.0.0:0"]).code, Some(65));
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
