use super::*;
use crate::domain::folder::Role;
use crate::domain::sighting::TabAnswer;
use crate::edge::store::NewRun;
use crate::edge::store::fixture::{Place as Database, at, copy, look, new_run, sighting};

fn name(text: &str) -> DomainName {
    DomainName::new(text).unwrap()
}

fn record(owner: &str, ttl: u32, value: Value) -> Record {
    Record { owner: name(owner), ttl, value }
}

fn text(owner: &str, ttl: u32, text: &[u8]) -> Reply {
    Reply::direct(Answer::Records(vec![record(owner, ttl, Value::Text(text.to_vec()))]))
}

fn snapshot(millis: i64, entries: Vec<(RecordType, &str, Place, Reply)>) -> Snapshot {
    let entries = entries
        .into_iter()
        .map(|(kind, owner, place, reply)| (Question::new(name(owner), kind), Entry { place, reply }))
        .collect();
    Snapshot { domain: name("shop.example"), taken_at: at(millis), entries }
}

fn every_form(millis: i64) -> Snapshot {
    let alias = record("t._domainkey.shop.example", 77, Value::Alias(name("t.dkim.amazonses.com")));
    let addresses =
        ["192.0.2.1", "192.0.2.2"].map(|address| record("a.example", 5, Value::Address(address.parse().unwrap())));
    let absent = |name_exists, ttl| Reply::direct(Answer::Absent { name_exists, ttl });
    snapshot(
        millis,
        vec![
            (RecordType::Txt, "shop.example", Place::SpfFrom, text("shop.example", 300, b"v=spf1 \xff -all")),
            (
                RecordType::Txt,
                "t._domainkey.shop.example",
                Place::Dkim,
                Reply { aliases: vec![alias], answer: Answer::Unanswered("SERVFAIL".to_owned()) },
            ),
            (RecordType::A, "a.example", Place::Behind, Reply::direct(Answer::Records(addresses.to_vec()))),
            (RecordType::Txt, "_dmarc.shop.example", Place::Dmarc, absent(false, Some(900))),
            (RecordType::Mx, "bounce.shop.example", Place::MailFromMx, absent(true, None)),
        ],
    )
}

#[tokio::test]
async fn a_snapshot_comes_back_as_it_was_taken() {
    let place = Database::new().await;
    let domain = name("shop.example");
    assert_eq!(place.store.last_snapshot(&domain).await.unwrap(), None);
    for millis in [500, 100] {
        place.store.save_snapshot(&every_form(millis), None).await.unwrap();
    }
    assert_eq!(place.store.snapshots(&domain).await.unwrap(), [every_form(100), every_form(500)]);
    assert_eq!(place.store.last_snapshot(&domain).await.unwrap(), Some(every_form(500)));
    assert_eq!(place.store.snapshots(&name("other.example")).await.unwrap(), []);
}

#[tokio::test]
async fn a_change_is_found_by_domain_and_by_stream_with_its_window_and_ttl() {
    let (place, run, _) = Database::with_probe().await;
    let dmarc = |policy: &str| {
        let record = format!("v=DMARC1; p={policy}");
        vec![(RecordType::Txt, "_dmarc.shop.example", Place::Dmarc, text("_dmarc.shop.example", 60, record.as_bytes()))]
    };
    for (millis, policy) in [(0, "none"), (10, "none"), (20, "reject")] {
        place.store.save_snapshot(&snapshot(millis, dmarc(policy)), Some(run)).await.unwrap();
    }
    let changes = place.store.dns_changes(&name("shop.example")).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].window.from, changes[0].window.until), (at(10), at(20)));
    assert_eq!(changes[0].ttl(), std::time::Duration::from_mins(1));
    let stream = |name| StreamName::new(name).unwrap();
    assert_eq!(place.store.dns_changes_of_stream(&stream("news")).await.unwrap(), changes);
    assert_eq!(place.store.dns_changes_of_stream(&stream("bills")).await.unwrap(), []);
    assert_eq!(place.store.domains_of_stream(&stream("news")).await.unwrap(), [name("shop.example")]);
}

#[tokio::test]
async fn the_headers_of_a_stream_are_those_of_its_last_run_that_saw_any() {
    let (place, run, probe) = Database::with_probe().await;
    let mut seen = copy(probe.id, sighting("INBOX", Role::Inbox, 5, TabAnswer::NotApplicable));
    seen.headers = b"Return-Path: <x@bounce.shop.example>\r\n".to_vec();
    place.store.claim(probe.id, at(1)).await.unwrap();
    place.store.save_look(run, &probe.seed, &look(10, vec![seen.clone()])).await.unwrap();
    place.plan(&new_run(&["news"], &["anna@gmail.com"])).await;
    let news = StreamName::new("news").unwrap();
    assert_eq!(place.store.latest_headers(&news, 3).await.unwrap(), [seen.headers]);
    assert_eq!(place.store.latest_headers(&StreamName::new("bills").unwrap(), 3).await.unwrap(), Vec::<Vec<u8>>::new());
}

#[tokio::test]
async fn old_snapshots_go_with_old_runs_but_for_the_last_one_before() {
    let (place, run, _) = Database::with_probe().await;
    for millis in [-30, -20, -10, 50] {
        place.store.save_snapshot(&every_form(millis), Some(run)).await.unwrap();
    }
    assert_eq!(place.store.forget_runs(at(1)).await.unwrap(), 1);
    let left = place.store.snapshots(&name("shop.example")).await.unwrap();
    assert_eq!(left.iter().map(|snapshot| snapshot.taken_at).collect::<Vec<_>>(), [at(-10), at(50)]);
    assert_eq!(place.count("SELECT count(*) FROM reply").await, 10);
    assert_eq!(place.count("SELECT count(run) FROM snapshot").await, 0);
}

#[tokio::test]
async fn a_domain_is_simulated_where_a_run_of_the_lab_took_a_snapshot_of_it() {
    let place = Database::new().await;
    let store = &place.store;
    let other = Snapshot { domain: name("other.example"), ..every_form(1) };
    store.save_snapshot(&other, None).await.unwrap();
    for (simulated, told) in [(false, false), (true, true)] {
        let run = place.plan(&NewRun { simulated, ..new_run(&["news"], &["anna@gmail.com"]) }).await.0;
        store.save_snapshot(&every_form(2), Some(run)).await.unwrap();
        assert_eq!(store.has_simulated_snapshot(&name("shop.example")).await.unwrap(), told);
    }
    assert!(!store.has_simulated_snapshot(&name("other.example")).await.unwrap(), "no run took it");
}
