use std::collections::BTreeMap;

use super::*;
use crate::domain::dns::answer::{Record, Value};

fn name(text: &str) -> DomainName {
    DomainName::new(text).unwrap()
}

/// Answers as `TXT owner` or `A owner` or `MX owner` and texts; no texts for an absence, `?` for no answer.
fn tree(rows: &[(&str, &str, &[&str])]) -> SpfTree {
    let replies: BTreeMap<Question, Reply> = rows
        .iter()
        .map(|(kind, owner, texts)| {
            let value = |text: &&str| match *kind {
                "TXT" => Value::Text(text.as_bytes().to_vec()),
                "MX" => Value::Exchange(10, Some(name(text))),
                _ => Value::Address(text.parse().unwrap()),
            };
            let record = |text| Record { owner: name(owner), ttl: 60, value: value(text) };
            let answer = match texts {
                [] => Answer::Absent { name_exists: false, ttl: None },
                ["?"] => Answer::Unanswered("SERVFAIL".to_owned()),
                texts => Answer::Records(texts.iter().map(record).collect()),
            };
            (Question::new(name(owner), RecordType::of_word(kind).unwrap()), Reply::direct(answer))
        })
        .collect();
    walk(&|question| replies.get(question), &name("shop.example"))
}

#[test]
fn every_term_that_asks_is_counted_at_every_depth() {
    let found = tree(&[
        ("TXT", "shop.example", &["v=spf1 a mx include:one.example exists:%{i}.x.example ip4:192.0.2.1 ~all"]),
        ("A", "shop.example", &["192.0.2.1"]),
        ("MX", "shop.example", &["mail.shop.example"]),
        ("TXT", "one.example", &["v=spf1 include:two.example ptr redirect=never.example -all"]),
        ("TXT", "two.example", &["v=spf1 redirect=three.example"]),
        ("TXT", "three.example", &["v=spf1 ip4:192.0.2.2 -all include:unreached.example"]),
    ]);
    assert_eq!(found.lookups, 7, "a, mx, include, include, redirect, ptr, exists");
    assert_eq!((found.open, found.faults, found.voids), (vec![], vec![], vec![]));
    assert_eq!(found.unfollowed, ["exists:%{i}.x.example"]);
    assert_eq!(found.pointers, ["ptr"]);
    assert_eq!(found.included, BTreeSet::from([name("one.example"), name("two.example")]));
}

#[test]
fn what_is_not_answered_yet_is_open_and_what_nobody_answers_is_said() {
    let found = tree(&[
        ("TXT", "shop.example", &["v=spf1 include:one.example include:%{d}.two.example a:three.example -all"]),
        ("TXT", "one.example", &["?"]),
        ("A", "three.example", &["?"]),
    ]);
    assert_eq!(found.open, [Question::new(name("shop.example.two.example"), RecordType::Txt)]);
    assert_eq!(found.unanswered, ["TXT one.example: SERVFAIL", "A three.example: SERVFAIL"]);
    assert_eq!((found.faults, found.voids), (vec![], vec![]), "nobody said that there is nothing");
}

#[test]
fn circles_second_records_and_empty_includes_are_faults() {
    for (rows, part) in [
        (&[("TXT", "shop.example", &["v=spf1 include:shop.example -all"][..])][..], "circle"),
        (
            &[
                ("TXT", "shop.example", &["v=spf1 include:a.example"][..]),
                ("TXT", "a.example", &["v=spf1 redirect=b.example"]),
                ("TXT", "b.example", &["v=spf1 include:a.example"]),
            ],
            "leads back to a.example",
        ),
        (&[("TXT", "shop.example", &["v=spf1 -all", "v=spf1 ~all"][..])], "2 SPF records"),
        (
            &[("TXT", "shop.example", &["v=spf1 include:a.example"][..]), ("TXT", "a.example", &["verification=1"])],
            "a.example publishes no SPF record",
        ),
        (
            &[("TXT", "shop.example", &["v=spf1 include:a.example"][..]), ("TXT", "a.example", &["v=spf1 ip:1.2.3.4"])],
            "write ip4",
        ),
    ] {
        let found = tree(rows);
        assert!(found.faults.iter().any(|fault| fault.contains(part)), "{part}: {:?}", found.faults);
    }
}

#[test]
fn eleven_lookups_three_voids_and_eleven_exchanges_are_seen() {
    let terms: Vec<String> = (0..11).map(|n| format!("a:h{n}.example")).collect();
    let record = format!("v=spf1 {} mx:many.example -all", terms.join(" "));
    let hosts: Vec<String> = (0..11).map(|n| format!("h{n}.example")).collect();
    let exchanges: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let texts = [record.as_str()];
    let mut rows: Vec<(&str, &str, &[&str])> =
        vec![("TXT", "shop.example", &texts), ("MX", "many.example", &exchanges)];
    for (at, host) in hosts.iter().enumerate() {
        rows.push(("A", host, if at < 3 { &[] } else { &["192.0.2.1"] }));
    }
    let found = tree(&rows);
    assert_eq!((found.lookups, found.voids.len()), (12, 3));
    assert!(found.faults[0].contains("11 mail exchanges"), "{:?}", found.faults);
}

#[test]
fn an_include_that_another_one_brings_along_is_redundant() {
    let found = tree(&[
        ("TXT", "shop.example", &["v=spf1 include:all.example include:amazonses.com ~all"]),
        ("TXT", "all.example", &["v=spf1 include:amazonses.com -all"]),
        ("TXT", "amazonses.com", &["v=spf1 ip4:192.0.2.0/24 -all"]),
    ]);
    assert_eq!((found.lookups, found.redundant), (3, BTreeSet::from([name("amazonses.com")])));
}

#[test]
fn a_tree_without_end_is_not_followed_without_end() {
    let records: Vec<String> = (0..300).map(|n| format!("v=spf1 include:n{}.example", n + 1)).collect();
    let names: Vec<String> = (0..300).map(|n| format!("n{n}.example")).collect();
    let texts: Vec<[&str; 1]> = records.iter().map(|record| [record.as_str()]).collect();
    let mut rows: Vec<(&str, &str, &[&str])> = vec![("TXT", "shop.example", &["v=spf1 include:n0.example"])];
    rows.extend(names.iter().zip(&texts).map(|(name, text)| ("TXT", name.as_str(), &text[..])));
    let found = tree(&rows);
    assert!((11..60).contains(&found.lookups), "{}", found.lookups);
}

#[test]
fn ses_sends_where_every_term_on_the_way_to_it_makes_mail_pass_and_none_before_it_says_otherwise() {
    use Qualifier::{Fail, Neutral, Pass, SoftFail};
    let amazon = ("TXT", "amazonses.com", &["v=spf1 ip4:192.0.2.0/24 -all"][..]);
    for (record, ses, all) in [
        ("v=spf1 include:amazonses.com ~all", Some(Pass), Some(SoftFail)),
        ("v=spf1 +include:amazonses.com -all", Some(Pass), Some(Fail)),
        ("v=spf1 ~include:amazonses.com -all", Some(SoftFail), Some(Fail)),
        ("v=spf1 -include:amazonses.com +all", Some(Fail), Some(Pass)),
        ("v=spf1 ?include:amazonses.com include:amazonses.com -all", Some(Neutral), Some(Fail)),
        ("v=spf1 -all include:amazonses.com", None, Some(Fail)),
        ("v=spf1 include:good.example -all", Some(Pass), Some(Fail)),
        ("v=spf1 ~include:good.example -all", Some(SoftFail), Some(Fail)),
        ("v=spf1 include:soft.example ~all", None, Some(SoftFail)),
        ("v=spf1 -include:soft.example include:amazonses.com -all", Some(Pass), Some(Fail)),
        ("v=spf1 include:open.example -all", Some(Pass), Some(Fail)),
        ("v=spf1 redirect=amazonses.com", Some(Pass), Some(Fail)),
        ("v=spf1 redirect=good.example", Some(Pass), Some(Neutral)),
        ("v=spf1 redirect=soft.example", Some(SoftFail), Some(Fail)),
        ("v=spf1 ~include:amazonses.com redirect=good.example", Some(SoftFail), Some(Neutral)),
        ("v=spf1 redirect=open.example", None, Some(Pass)),
        ("v=spf1 ip4:192.0.2.1", None, None),
    ] {
        let found = tree(&[
            ("TXT", "shop.example", &[record]),
            amazon,
            ("TXT", "good.example", &["v=spf1 include:amazonses.com ?all"]),
            ("TXT", "soft.example", &["v=spf1 ~include:amazonses.com -all"]),
            ("TXT", "open.example", &["v=spf1 +all"]),
        ]);
        assert_eq!((found.ses, found.all), (ses, all), "{record}");
    }
}

#[test]
fn what_stands_behind_the_term_that_lets_ses_send_is_a_fault_of_other_mail_only() {
    for (record, faults, later, lookups) in [
        ("v=spf1 include:amazonses.com include:gone.example ~all", 0, 1, 1),
        ("v=spf1 include:gone.example include:amazonses.com ~all", 1, 0, 2),
        ("v=spf1 include:nested.example a:x.example ~all", 0, 1, 2),
        ("v=spf1 include:soft.example include:gone.example include:amazonses.com ~all", 1, 1, 4),
        ("v=spf1 include:amazonses.com redirect=gone.example", 0, 1, 1),
        ("v=spf1 include:amazonses.com ip:1.2.3.4 ~all", 1, 0, 1),
    ] {
        let found = tree(&[
            ("TXT", "shop.example", &[record]),
            ("TXT", "amazonses.com", &["v=spf1 ip4:192.0.2.0/24 -all"]),
            ("TXT", "gone.example", &[]),
            ("TXT", "nested.example", &["v=spf1 include:amazonses.com include:gone.example -all"]),
            ("TXT", "soft.example", &["v=spf1 ~include:amazonses.com include:gone.example -all"]),
            ("A", "x.example", &["192.0.2.1"]),
        ]);
        assert_eq!((found.faults.len(), found.later.len(), found.ses_lookups), (faults, later, lookups), "{record}");
        let terms = if record.contains("ip:1") { 0 } else { faults + later };
        assert_eq!(found.broken.len(), terms, "{record}");
    }
}

#[test]
fn networks_and_macros_count_where_they_make_mail_pass_and_terms_that_lead_to_faults_are_known() {
    let found = tree(&[
        (
            "TXT",
            "shop.example",
            &[
                "v=spf1 ip4:192.0.2.1 -ip4:192.0.2.2 include:a.example ~include:b.example -exists:%{i}.x.example include:gone.example redirect=twice.example",
            ],
        ),
        ("TXT", "a.example", &["v=spf1 ip6:2001:db8::/32 -all"]),
        ("TXT", "b.example", &["v=spf1 ip4:198.51.100.1 -all"]),
        ("TXT", "gone.example", &[]),
        ("TXT", "twice.example", &["v=spf1 -all", "v=spf1 ~all"]),
    ]);
    assert_eq!(found.networks, ["192.0.2.1", "2001:db8::/32"]);
    assert_eq!((found.unfollowed.len(), found.may_pass), (1, false));
    assert_eq!(found.broken.into_iter().collect::<Vec<_>>(), ["include:gone.example", "redirect=twice.example"]);
    assert!(tree(&[("TXT", "shop.example", &["v=spf1 include:%{i}.x.example ~all"])]).may_pass);
}
