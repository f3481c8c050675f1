//! What a run comes to: a stream that others would hide, and probes that are still watched for.

use inboxed::lab::mailbox::{Character, Role};
use rustix::process::{Pid, Signal, kill_process};

use crate::scenario::{Scenario, probe};

/// Three streams to six seeds each; the mail of one of them is filed as spam.
fn three_streams() -> Scenario {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        let is_bad = accepted.message.windows(12).any(|part| part == b"Subject: bad");
        let role = if is_bad { Role::Junk } else { Role::Inbox };
        mailboxes.deliver(&accepted.recipient, role, None, accepted.message, accepted.accepted_at).unwrap();
    });
    scenario.seeds((1..=6).map(|number| (format!("seed{number}@yahoo.example"), Character::Yahoo)));
    std::fs::write(scenario.path().join("bad.eml"), "From: news@shop.example\nSubject: bad\n\nhello\n").unwrap();
    let stream = "name = \"bills\"\nmessage = \"m.eml\"\n[[stream]]\nname = \"codes\"\nmessage = \"m.eml\"\n[[stream]]\nname \
                  = \"offers\"\nmessage = \"bad.eml\"\n";
    scenario.configure("", stream);
    scenario
}

#[test]
fn a_stream_that_is_critical_alone_is_told_although_the_pooled_verdict_is_healthy() {
    let scenario = three_streams();
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let ended = scenario.call("", &["run", "--wait", "30s"]);
    assert_eq!(ended.code, Some(0), "the exit code pools the streams of a provider: {ended:?}");
    let told =
        "Taken alone, offers is critical (yahoo inbox range 0–39 % lies below 60 %); the exit code pools all streams.";
    for arguments in [&["show", "last"][..], &["status"]] {
        let said = scenario.call("", arguments);
        assert_eq!(flat(&said.stdout).matches(told).count(), 1, "{arguments:?}: {}", said.stdout);
    }
    let said = flat(&ended.stdout);
    assert_eq!(said.matches(told).count(), 1, "{said}");
    assert!(said.find(told) < said.find("provider inbox probes"), "right below the headline: {said}");
    let document = scenario.call("", &["show", "last", "--json"]).json();
    for (stream, health) in [("bills", "healthy"), ("codes", "healthy"), ("offers", "critical")] {
        assert_eq!(document["tally"]["streams"][stream]["health"], health, "{stream}");
    }
    let status = scenario.call("", &["status", "--json"]).json();
    assert_eq!(status["health"], "healthy");
    assert_eq!(status["run"]["streams"]["offers"]["health"], "critical", "{status}");
    // One stream alone says all by its own verdict.
    let ended = scenario.call("", &["run", "offers", "--wait", "30s"]);
    assert_eq!((ended.code, ended.stdout.contains("Taken alone")), (Some(2), false), "{ended:?}");
}

#[test]
fn a_probe_that_is_still_watched_for_is_pending_and_never_called_unmeasured() {
    // Nothing is delivered, so that the probe of the one seed is watched for until its time is up.
    let mut scenario = Scenario::new(|_, _| {});
    scenario.seed("anna@plain.example", Character::Plain, "");
    let mut running = scenario.command(&["run", "--wait", "5m"]).spawn().unwrap();
    let pending = loop {
        let shown = scenario.call("", &["show", "last", "--json"]);
        if shown.code == Some(0) && shown.json()["probes"][0]["state"] == "accepted" {
            break shown.json();
        }
        assert_eq!(running.try_wait().unwrap(), None, "the probe does not leave: {shown:?}");
        std::thread::yield_now();
    };
    assert_eq!((&pending["tally"]["all"]["pending"], &pending["tally"]["all"]["unmeasured"]), (&1.into(), &0.into()));
    assert_eq!(probe(&pending, "anna@plain.example")["placement"], serde_json::Value::Null);
    let check = |told: &str| {
        let runs = scenario.call("", &["runs"]).stdout;
        let rows: Vec<Vec<&str>> = runs.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[0][rows[0].len() - 2..], ["unmeasured", "pending"], "{told}: {runs}");
        let row = rows.iter().find(|row| row.first() == Some(&"1")).unwrap();
        assert_eq!(row[row.len() - 4..], ["pending", "–", "0", "1"], "{told}: {runs}");
        let checked = scenario.call("", &["check"]).stdout;
        let words = checked.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("last run (1): pending") && !words.contains("last run (1): unmeasured"), "{checked}");
    };
    check("while it runs");
    kill_process(Pid::from_child(&running), Signal::INT).unwrap();
    assert_eq!(running.wait_with_output().unwrap().status.code(), Some(130));
    check("after an interrupt, within the probe's time");
}
