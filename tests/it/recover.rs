//! `recover` through the real binary: the table by days, and what stands in its way.

use inboxed::lab::mailbox::{Character, Role};
use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::dns::publish;
use crate::scenario::Scenario;

/// A sender with five healthy seeds, after two runs.
fn after_two_runs() -> Scenario {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        let (bytes, at) = (accepted.message.clone(), accepted.accepted_at);
        mailboxes.deliver(&accepted.recipient, Role::Inbox, None, bytes, at).unwrap();
    });
    scenario.seeds((1..=5).map(|number| (format!("seed{number}@plain.example"), Character::Plain)));
    for _ in 0..2 {
        let ended = scenario.call("", &["run", "--wait", "20s", "--quiet"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    scenario
}

/// Everything that a sender and the machines it sends from must publish.
fn publish_all(scenario: &Scenario) {
    publish(scenario.zone());
    for address in scenario.account.settings().sending_ips {
        let [a, b, c, d] = address.octets();
        let host = format!("a{d}.smtp-out.amazonses.com");
        scenario.zone().ptr(&format!("{d}.{c}.{b}.{a}.in-addr.arpa"), &host).address(&host, address.into());
    }
}

#[test]
fn with_sound_dns_the_ramp_grows_by_the_table_and_ends_stable() {
    let scenario = after_two_runs();
    publish_all(&scenario);
    let recover = |start: Option<Date>| {
        let start = start.map(|start| start.to_string());
        let words: Vec<&str> = start.iter().flat_map(|start| ["--start", start]).collect();
        let ended = scenario.call("", &[&["recover", "--json"], &words[..]].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.json()
    };
    let begun = recover(None);
    assert_eq!(begun["today"]["do"], "rest", "{begun}");
    let today: Date = begun["date"].as_str().unwrap().parse().unwrap();
    for (days, doing, most) in [
        (0, "rest", None),
        (2, "rest", None),
        (3, "send", Some(40)),
        (4, "send", Some(40)),
        (5, "send", Some(60)),
        (7, "send", Some(80)),
        (9, "send", Some(80)),
        (10, "send", Some(100)),
        (16, "send", Some(100)),
        (17, "recovered", None),
    ] {
        let found = recover(Some(today - days.days()));
        assert_eq!(
            (&found["today"]["do"], &found["today"]["most"]),
            (&doing.into(), &most.into()),
            "after {days} days: {found}"
        );
    }
    let future = scenario.call("", &["recover", "--start", "2999-01-01"]);
    assert_eq!((future.code, future.stdout.as_str()), (Some(65), ""), "{future:?}");
}

#[test]
fn while_dns_fails_nothing_grows_and_each_fault_stands_on_its_own_line_with_its_remedy() {
    let scenario = after_two_runs();
    publish(scenario.zone());
    scenario.zone().txt("_dmarc.shop.example", "v=DMARC1; p=none").txt("shop.example", "v=spf1 mx -all");
    let today = scenario.call("", &["recover", "--json"]).json()["date"].as_str().unwrap().to_owned();
    let unneeded = scenario.call("", &["recover"]).stdout;
    assert!(
        unneeded.starts_with("Nothing to recover from: run 2 is healthy, and no trend is in alarm.\n"),
        "{unneeded}"
    );
    assert!(unneeded.contains("\nDNS fails, though:\n  shop.example: ") && !unneeded.contains("a day"), "{unneeded}");
    assert!(unneeded.ends_with(&format!("A plan all the same: `inboxed recover --start {today}`\n")), "{unneeded}");
    let ended = scenario.call("", &["recover", "--start", &today]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (_, today) = ended.stdout.split_once("\nToday, ").unwrap();
    let mut lines = today.lines();
    assert!(lines.next().unwrap().ends_with(": no mail grows while DNS fails or cannot be asked"), "{today}");
    let faults: Vec<&str> = lines.by_ref().take_while(|line| line.starts_with("  shop.example: ")).collect();
    assert!(faults.len() >= 2, "{today}");
    assert!(today.contains("\n  `inboxed dns check shop.example` says what to publish\n"), "{today}");
}

#[test]
fn a_stream_in_the_inbox_hides_none_that_is_in_spam() {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        let (bytes, at) = (accepted.message.clone(), accepted.accepted_at);
        let is_bad =
            String::from_utf8_lossy(&bytes).contains("Subject: offer") && !accepted.recipient.contains(['1', '2', '3']);
        let place = if is_bad { Role::Junk } else { Role::Inbox };
        mailboxes.deliver(&accepted.recipient, place, None, bytes, at).unwrap();
    });
    scenario.seeds((1..=9).map(|number| (format!("seed{number}@plain.example"), Character::Plain)));
    std::fs::write(scenario.path().join("o.eml"), "From: news@shop.example\nSubject: offer\n\nhello\n").unwrap();
    scenario
        .configure("", "name = \"news\"\nmessage = \"m.eml\"\n[[stream]]\nname = \"offers\"\nmessage = \"o.eml\"\n");
    publish_all(&scenario);
    for _ in 0..2 {
        let ended = scenario.call("", &["run", "--wait", "20s", "--quiet"]);
        assert_eq!(ended.code, Some(0), "both together do not surely lie below a threshold: {ended:?}");
    }
    let begun = scenario.call("", &["recover", "--json"]).json();
    let today: Date = begun["date"].as_str().unwrap().parse().unwrap();
    let start = (today - 10.days()).to_string();
    for (further, most) in [(&[][..], 40), (&["--stream", "offers"], 40), (&["--stream", "news"], 100)] {
        let found = scenario.call("", &[&["recover", "--json", "--start", &start], further].concat()).json();
        assert_eq!(
            (&found["today"]["do"], &found["today"]["most"]),
            (&"send".into(), &most.into()),
            "{further:?}: {found}"
        );
    }
}
