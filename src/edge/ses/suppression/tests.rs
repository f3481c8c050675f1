use std::collections::BTreeSet;

use super::*;
use crate::edge::ses::api::tests::sender;
use crate::edge::ses::stub::{Act, Request, Stub};

/// One second of it passes in a moment.
fn quick() -> Clock {
    Clock::simulated("2026-01-05T06:00:00Z".parse().unwrap(), 10_000.0)
}

fn seeds(count: usize) -> Vec<Address> {
    (0..count).map(|number| Address::new(&format!("seed{number}@gmail.com")).unwrap()).collect()
}

fn entry(address: &str) -> String {
    format!(r#"{{"EmailAddress":"{address}","Reason":"BOUNCE","LastUpdateTime":1767225600.5}}"#)
}

fn bounced() -> Suppression {
    Suppression::Listed { reason: "BOUNCE".to_owned(), since: Some("2026-01-01T00:00:00.5Z".parse().unwrap()) }
}

async fn asked(
    count: usize,
    answer: impl Fn(&Request, usize) -> Act + Send + Sync + 'static,
) -> (Vec<Suppression>, Vec<String>) {
    let stub = Stub::new(answer).await;
    let found = sender(&stub.url, true).suppression(&seeds(count), &quick()).await;
    let kinds = stub.requests().into_iter().map(|request| {
        let listing = request.line.starts_with("GET /v2/email/suppression/addresses?");
        if listing { "list".to_owned() } else { request.line.rsplit('/').next().unwrap().to_owned() }
    });
    (seeds(count).iter().map(|seed| found[seed].clone()).collect(), kinds.collect())
}

#[tokio::test]
async fn few_seeds_are_asked_for_one_by_one() {
    let (found, lines) = asked(2, |request, _| {
        if request.line.contains("seed0") {
            Act::ok(&format!(r#"{{"SuppressedDestination":{}}}"#, entry("seed0@gmail.com")))
        } else {
            Act::error(404, "NotFoundException")
        }
    })
    .await;
    assert_eq!(found, [bounced(), Suppression::NotListed]);
    assert_eq!(lines, ["seed0%40gmail.com", "seed1%40gmail.com"]);
}

#[tokio::test]
async fn many_seeds_are_looked_up_in_the_list() {
    let (found, lines) = asked(4, |request, _| {
        let (address, next) = if request.line.contains("NextToken=more") {
            ("SEED2@gmail.com", "null")
        } else {
            ("x@y.example", "\"more\"")
        };
        Act::ok(&format!(r#"{{"SuppressedDestinationSummaries":[{}],"NextToken":{next}}}"#, entry(address)))
    })
    .await;
    assert_eq!(lines, ["list", "list"]);
    assert_eq!(found, [Suppression::NotListed, Suppression::NotListed, bounced(), Suppression::NotListed]);
}

#[tokio::test]
async fn a_list_without_end_is_given_up_and_what_it_showed_is_kept() {
    let (found, lines) = asked(3, |request, _| {
        if request.line.contains("addresses?") {
            return Act::ok(&format!(
                r#"{{"SuppressedDestinationSummaries":[{}],"NextToken":"more"}}"#,
                entry("seed1@gmail.com")
            ));
        }
        Act::error(404, "NotFoundException")
    })
    .await;
    assert_eq!(lines, ["list", "list", "list", "seed0%40gmail.com", "seed2%40gmail.com"]);
    assert_eq!(found, [Suppression::NotListed, bounced(), Suppression::NotListed]);
}

#[tokio::test]
async fn what_cannot_be_asked_is_unknown_and_asked_once() {
    let acts = [
        Act::error(403, "AccessDeniedException"),
        Act::Answer(404, None, "no such page".to_owned()),
        Act::ok("{}"),
        Act::Hang,
    ];
    for act in acts {
        let answer = act.clone();
        let (found, lines) = asked(3, move |_, _| answer.clone()).await;
        let notes: BTreeSet<String> = found
            .into_iter()
            .map(|standing| match standing {
                Suppression::Unknown(note) => note,
                told @ (Suppression::Listed { .. } | Suppression::NotListed) => panic!("{act:?}: {told:?}"),
            })
            .collect();
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert_eq!(lines, ["list", "seed0%40gmail.com"], "{act:?}");
    }
}

#[tokio::test]
async fn questions_leave_one_a_second() {
    let stub = Stub::new(|_, _| Act::error(404, "NotFoundException")).await;
    let clock = quick();
    let before = clock.now();
    let asked: Vec<Address> = seeds(2);
    sender(&stub.url, true).suppression(&asked, &clock).await;
    assert!(clock.now().duration_since(before) >= jiff::SignedDuration::from_secs(1));
}
