use super::*;
use crate::domain::dns::answer::{Answer, Record, RecordType, Reply, Value};
use crate::domain::dns::snapshot::Entry;

fn name(text: &str) -> DomainName {
    DomainName::new(text).unwrap()
}

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + hour * 3_600).unwrap()
}

/// The same reply with another TTL.
fn lasting(mut snapshot: Snapshot, ttl: u32) -> Snapshot {
    for entry in snapshot.entries.values_mut() {
        if let Answer::Records(records) = &mut entry.reply.answer {
            for record in records {
                record.ttl = ttl;
            }
        }
    }
    snapshot
}

#[test]
fn the_ttl_is_the_longest_that_was_told_of_the_old_records() {
    let place = |hour, text: &[&str]| snapshot(hour, &[(Place::SpfFrom, "shop.example", text)]);
    let old = ["v=spf1 ~all"];
    let series = [
        lasting(place(0, &["v=spf1 a ~all"]), 9_999),
        lasting(place(1, &old), 60),
        lasting(place(2, &old), 3_600),
        lasting(place(3, &old), 7),
        lasting(place(4, &["v=spf1 -all"]), 86_400),
    ];
    let ttls: Vec<u64> = changes(&series).iter().map(|change| change.ttl().as_secs()).collect();
    assert_eq!(ttls, [9_999, 3_600]);
}

/// `TXT`, `CNAME` or nothing (`-`), or nobody could say (`?`).
fn reply(owner: &str, text: &[&str]) -> Reply {
    let record = |value| Record { owner: name(owner), ttl: 300, value };
    match text {
        ["-"] => Reply::direct(Answer::Absent { name_exists: false, ttl: Some(900) }),
        ["?"] => Reply::direct(Answer::Unanswered("timed out".to_owned())),
        ["CNAME", target] => {
            let aliases = vec![record(Value::Alias(name(target)))];
            Reply { aliases, answer: Answer::Unanswered("the other end failed".to_owned()) }
        }
        texts => {
            let records = texts.iter().map(|text| record(Value::Text(text.as_bytes().to_vec())));
            Reply::direct(Answer::Records(records.collect()))
        }
    }
}

fn snapshot(hour: i64, entries: &[(Place, &str, &[&str])]) -> Snapshot {
    let entries = entries.iter().map(|(place, owner, text)| {
        (Question::new(name(owner), RecordType::Txt), Entry { place: *place, reply: reply(owner, text) })
    });
    Snapshot { domain: name("shop.example"), taken_at: at(hour), entries: entries.collect() }
}

#[test]
fn what_the_sender_publishes_differently_is_a_change_with_its_window_and_ttl() {
    let before = snapshot(
        0,
        &[
            (Place::SpfMailFrom, "bounce.shop.example", &["-"]),
            (Place::Dkim, "t._domainkey.shop.example", &["-"]),
            (Place::Dmarc, "_dmarc.shop.example", &["v=DMARC1; p=none"]),
        ],
    );
    let after = snapshot(
        168,
        &[
            (Place::SpfMailFrom, "bounce.shop.example", &["v=spf1 include:amazonses.com ~all"]),
            (Place::Dkim, "t._domainkey.shop.example", &["CNAME", "t.dkim.amazonses.com"]),
            (Place::Dmarc, "_dmarc.shop.example", &["v=DMARC1;p=none;"]),
        ],
    );
    let found = changes(&[after, before]);
    assert_eq!(found.len(), 1);
    let change = &found[0];
    assert_eq!(change.window, Window { from: at(0), until: at(168) });
    assert_eq!((change.ttl(), change.settled_at()), (Duration::from_mins(15), at(168) + Duration::from_mins(15)));
    assert_eq!(change.words(), "SPF of the MAIL FROM domain, DKIM");
    assert_eq!(
        change.differences.iter().map(Difference::words).collect::<Vec<_>>(),
        [
            "SPF of the MAIL FROM domain bounce.shop.example: added v=spf1 include:amazonses.com ~all",
            "DKIM t._domainkey.shop.example: added CNAME t.dkim.amazonses.com",
        ]
    );
}

#[test]
fn nothing_unanswered_is_a_change_and_the_last_answer_stands_meanwhile() {
    let place = |hour, text: &[&str]| snapshot(hour, &[(Place::Dmarc, "_dmarc.shop.example", text)]);
    let same = ["v=DMARC1; p=none"];
    assert_eq!(changes(&[place(0, &same), place(1, &["?"]), place(2, &same)]), []);
    assert_eq!(changes(&[place(0, &["?"]), place(1, &same)]), [], "no earlier answer");
    let found = changes(&[place(0, &same), place(1, &["?"]), place(2, &["v=DMARC1; p=reject"])]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].window, Window { from: at(0), until: at(2) }, "it may have happened while nobody could say");
    assert_eq!(
        found[0].differences[0].words(),
        "DMARC _dmarc.shop.example: was v=DMARC1; p=none, is v=DMARC1; p=reject"
    );
}

#[test]
fn what_lies_behind_is_never_a_change_and_neither_are_other_texts_of_the_domain() {
    let one = snapshot(
        0,
        &[
            (Place::Behind, "amazonses.com", &["v=spf1 ip4:192.0.2.0/24 -all"]),
            (Place::SpfFrom, "shop.example", &["v=spf1 -all", "site-verification=1"]),
            (Place::Bimi, "default._bimi.shop.example", &["-"]),
        ],
    );
    let other = snapshot(
        1,
        &[
            (Place::Behind, "amazonses.com", &["v=spf1 ip4:198.51.100.0/24 -all"]),
            (Place::SpfFrom, "shop.example", &["another=2", "v=spf1  -ALL"]),
            (Place::MtaSts, "_mta-sts.shop.example", &["v=STSv1; id=1"]),
        ],
    );
    assert_eq!(changes(&[one, other]), [], "a name that is asked for the first time is new to us only");
}

#[test]
fn every_change_is_one_event_in_the_order_of_time() {
    let place = |hour, text: &[&str]| snapshot(hour, &[(Place::SpfFrom, "shop.example", text)]);
    let series = [
        place(0, &["v=spf1 ~all"]),
        place(1, &["v=spf1 ~all"]),
        place(2, &["v=spf1 -all"]),
        place(3, &["v=spf1 -all", "v=spf1 ~all"]),
        place(4, &["-"]),
    ];
    let told: Vec<(Timestamp, String)> =
        changes(&series).iter().map(|change| (change.window.from, change.differences[0].words())).collect();
    assert_eq!(
        told,
        [
            (at(1), "SPF of the From domain shop.example: was v=spf1 ~all, is v=spf1 -all".to_owned()),
            (at(2), "SPF of the From domain shop.example: was v=spf1 -all, is v=spf1 -all and v=spf1 ~all".to_owned()),
            (at(3), "SPF of the From domain shop.example: removed v=spf1 -all and v=spf1 ~all".to_owned()),
        ]
    );
}
