use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::dns::answer::{Answer, Question, Record, RecordType, Reply, Value};
use crate::domain::dns::snapshot::Snapshot;
use crate::domain::dns::subject::{Selector, Subject};

mod faults;

const KEY: &str = "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCkCzH5Fi1JP1RNChlY1DORYqjACp8iOiA72g/CNwRQHTFbz8YNcf89CrnW8EFUyAMSn4PD18VLndqewLWFKgKa8IErQmennqlfS7Mou3fURgnM1Q52toJUjWLlsyqpy3dPDs/TmMcg9QjRrEZIiill0fSjo3NkHbG3jb5YeZjF0wIDAQAB";
const LONG_KEY: &str = "p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApb4d9KFxNKpiRTKY4ZzeC8dpV25ML3qfi6HO7WiuTR99ljqXM5p6ZmnUfyeasGlDU9vQjvG3XCc2pAld9+aRf1PNIlWpOP3lvhJpzScB7y5B5Dh57U0fj1AjXBd9u+muvA8kPbr5M6fVwHDcILAXZ6QhAovm2IcUdzvIW0Be6NYXml9K4bYKDIl1of483UlK5gJokJicS1wzbaCaWDL5ZjmeufO19zH5cwdjcHS+GGhJWvjfoXJKNyOo8xRnAtmLbLt0amlJ/eyeJZbOIHVaiKQwR0VkRWxbB2uG6XNCys92Gvg7OnaLbNZlH/Yp9Vch5KphFu9iLVzwgeUItg0LyQIDAQAB";

fn name(text: &str) -> DomainName {
    DomainName::new(text).unwrap()
}

/// A fake of maps: `owner TYPE value`, where `?` for a value is no answer. What is not there is absent.
fn ask(rows: &[String], question: &Question) -> Reply {
    let values = |owner: &DomainName, kind: &str| -> Vec<String> {
        let lead = format!("{owner} {kind} ");
        rows.iter().filter_map(|row| row.strip_prefix(&lead)).map(str::to_owned).collect()
    };
    let record = |owner: &DomainName, value| Record { owner: owner.clone(), ttl: 300, value };
    let mut owner = question.name.clone();
    let mut aliases: Vec<Record> = Vec::new();
    while let [target] = values(&owner, "CNAME").as_slice() {
        if aliases.iter().any(|alias| alias.owner == owner) {
            return Reply { aliases, answer: Answer::Unanswered("a circle".to_owned()) };
        }
        aliases.push(record(&owner, Value::Alias(name(target))));
        owner = name(target);
    }
    let found = values(&owner, question.kind.word());
    if found == ["?"] {
        return Reply { aliases, answer: Answer::Unanswered("the name server answered SERVFAIL".to_owned()) };
    }
    let value = |text: &String| match question.kind {
        RecordType::Txt => Value::Text(text.clone().into_bytes()),
        RecordType::A | RecordType::Aaaa | RecordType::Cname | RecordType::Mx | RecordType::Ptr => {
            Value::of_octets(question.kind, text.clone().into_bytes()).unwrap()
        }
    };
    let records: Vec<Record> = found.iter().map(|text| record(&owner, value(text))).collect();
    let answer =
        if records.is_empty() { Answer::Absent { name_exists: false, ttl: None } } else { Answer::Records(records) };
    Reply { aliases, answer }
}

fn surveyed(subject: Subject, rows: &[String]) -> Survey {
    let mut survey = Survey::new(subject, BTreeMap::new());
    while let [first, ..] = survey.open_questions().as_slice() {
        survey.answer(first.clone(), ask(rows, first));
    }
    survey
}

/// A sender as SES knows it: a MAIL FROM domain in eu-central-1, and three names of Easy DKIM.
fn sender() -> Subject {
    let mut subject = Subject::new(name("shop.example"));
    subject.add_mail_from(name("bounce.shop.example"), Some("eu-central-1"));
    for token in ["t1", "t2", "t3"] {
        subject.add_selector(Selector {
            name: name(&format!("{token}._domainkey.shop.example")),
            target: Some(name(&format!("{token}.dkim.amazonses.com"))),
            in_use: token == "t1",
        });
    }
    subject.addresses.insert("192.0.2.10".parse().unwrap());
    subject
}

/// Everything as it should be.
fn good() -> Vec<String> {
    let mut rows: Vec<String> = [
        "shop.example TXT v=spf1 -all",
        "bounce.shop.example TXT v=spf1 include:amazonses.com ~all",
        "bounce.shop.example MX 10 feedback-smtp.eu-central-1.amazonses.com",
        "amazonses.com TXT v=spf1 ip4:192.0.2.0/24 -all",
        "_dmarc.shop.example TXT v=DMARC1; p=reject; rua=mailto:dmarc@shop.example",
        "10.2.0.192.in-addr.arpa PTR a.smtp-out.example",
        "a.smtp-out.example A 192.0.2.10",
    ]
    .map(str::to_owned)
    .to_vec();
    for token in ["t1", "t2", "t3"] {
        rows.push(format!("{token}._domainkey.shop.example CNAME {token}.dkim.amazonses.com"));
        rows.push(format!("{token}.dkim.amazonses.com TXT {LONG_KEY}"));
    }
    rows
}

/// The good rows but for those of these owners, and with these instead.
fn with(instead: &[&str]) -> Vec<String> {
    let key = |row: &str| row.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let keys: Vec<String> = instead.iter().map(|row| key(row)).collect();
    let owners: Vec<&str> =
        instead.iter().filter(|row| row.ends_with(" -")).filter_map(|row| row.split(' ').next()).collect();
    let kept = good()
        .into_iter()
        .filter(|row| !keys.contains(&key(row)) && !owners.iter().any(|owner| row.split(' ').next() == Some(owner)));
    kept.chain(instead.iter().filter(|row| !row.ends_with(" -")).map(|row| (*row).to_owned())).collect()
}

fn told(rows: &[String]) -> Vec<Check> {
    checks(&surveyed(sender(), rows))
}

/// The checks of an id, each with its verdict.
fn of<'a>(checks: &'a [Check], id: &str) -> Vec<&'a Check> {
    checks.iter().filter(|check| check.id == id).collect()
}

#[test]
fn a_sender_that_publishes_everything_has_nothing_to_mend() {
    let checks = told(&good());
    let wrong: Vec<&Check> =
        checks.iter().filter(|check| !matches!(check.verdict, Verdict::Ok | Verdict::Info)).collect();
    assert_eq!(wrong, Vec::<&Check>::new());
    for id in [
        "spf",
        "spf.lookups",
        "spf.from",
        "mail_from",
        "dmarc",
        "dmarc.policy",
        "dmarc.reports",
        "ptr",
        "bimi",
        "mta_sts",
        "tls_rpt",
    ] {
        assert_eq!(of(&checks, id).len(), 1, "{id}");
    }
    assert_eq!(of(&checks, "dkim").len(), 3);
    assert!(checks.iter().all(|check| check.publish.is_none()));
}

#[test]
fn a_corrected_record_has_no_fault_left_and_keeps_what_was_right() {
    let owner = name("shop.example");
    for (text, kept) in [
        ("v=DMARC1; p=none; fo=x; rua=mailto:d@shop.example; p=reject", "v=DMARC1; p=none; rua=mailto:d@shop.example"),
        ("v=DMARC1; p=ablehnen; sp=gibberish; np=keine", "v=DMARC1; p=reject; sp=none; np=none"),
        ("v=DMARC1; p=reject; adkim=strict; aspf=s; psd=x; t=maybe", "v=DMARC1; p=reject; aspf=s"),
        (
            "v=DMARC1; p=none; rua=https://x.example/a,a@shop.example, mailto:b@shop.example!10m; ruf=nobody",
            "v=DMARC1; p=none; rua=mailto:a@shop.example,mailto:b@shop.example",
        ),
        (
            "v=DMARC1; rua=mailto:a@shop.example; rua=mailto:b@shop.example",
            "v=DMARC1; p=none; rua=mailto:a@shop.example",
        ),
        ("v=DMARC1; p=quarantine; reject; pct=50; rf=afrf; fo=1:d", "v=DMARC1; p=quarantine; fo=1:d"),
        ("v=dmarc1; P=REJECT", "v=DMARC1; p=reject"),
        ("v=DMARC1; p=; sp=reject", "v=DMARC1; p=none; sp=reject"),
    ] {
        let corrected = dmarc::corrected(&owner, text);
        assert_eq!(corrected, format!("_dmarc.shop.example. IN TXT \"{kept}\""), "{text}");
        assert_eq!(crate::domain::dns::dmarc::DmarcRecord::parse(kept).faults, Vec::<String>::new(), "{kept}");
    }
}

#[test]
fn what_nobody_answers_is_never_called_absent() {
    let silent: Vec<String> = good()
        .iter()
        .map(|row| row.split(' ').take(2).collect::<Vec<_>>().join(" ") + " ?")
        .filter(|row| !row.contains(" CNAME "))
        .chain(["t1", "t2", "t3"].map(|token| format!("{token}._domainkey.shop.example TXT ?")))
        .chain(["default._bimi", "_mta-sts", "_smtp._tls"].map(|prefix| format!("{prefix}.shop.example TXT ?")))
        .collect();
    let checks = told(&silent);
    for check in &checks {
        assert!(!matches!(check.verdict, Verdict::Critical | Verdict::Warning), "{check:?}");
        assert!(!check.found.contains("no ") && check.publish.is_none(), "{check:?}");
    }
    for id in ["spf", "dkim", "dmarc", "mail_from", "ptr"] {
        assert!(of(&checks, id).iter().all(|check| check.verdict == Verdict::Unanswered), "{id}");
    }
}

#[test]
fn what_is_not_known_of_a_sender_is_said_and_not_held_against_it() {
    let checks = checks(&surveyed(Subject::new(name("shop.example")), &good()));
    for id in ["mail_from", "dkim", "ptr"] {
        let found = of(&checks, id);
        assert_eq!((found.len(), found[0].verdict), (1, Verdict::Info), "{id}");
        assert!(found[0].found.starts_with("not known"), "{id}");
    }
    let mut subject = Subject::new(name("shop.example"));
    subject.amazon_mail_from = true;
    let found = super::checks(&surveyed(subject, &good()));
    assert_eq!(of(&found, "mail_from")[0].verdict, Verdict::Warning);
}

#[test]
fn a_place_that_ses_keeps_free_is_no_fault_unless_all_are() {
    let some = told(&with(&["t2.dkim.amazonses.com -", "t3.dkim.amazonses.com -"]));
    let verdicts: Vec<Verdict> = of(&some, "dkim").iter().map(|check| check.verdict).collect();
    assert_eq!(verdicts, [Verdict::Ok, Verdict::Info, Verdict::Info]);
    let none = told(&with(&["t1.dkim.amazonses.com -", "t2.dkim.amazonses.com -", "t3.dkim.amazonses.com -"]));
    assert!(of(&none, "dkim").iter().any(|check| check.verdict == Verdict::Critical));
}

#[test]
fn a_key_of_two_domains_is_told_and_one_of_two_names_is_not() {
    let mut other = Subject::new(name("other.example"));
    let own = |owner: &str| Selector { name: name(owner), target: None, in_use: true };
    other.add_selector(own("s._domainkey.other.example"));
    let mut rows = good();
    rows.push(format!("s._domainkey.other.example TXT v=DKIM1; {LONG_KEY}"));
    let surveys = [surveyed(sender(), &rows), surveyed(other, &rows)];
    let shared = shared_keys(&surveys);
    assert_eq!(shared.len(), 1);
    assert!(shared[0].1.found.contains("other.example and shop.example"), "{}", shared[0].1.found);
    assert_eq!(shared_keys(&surveys[..1]), []);
}

#[test]
fn a_long_text_is_split_as_zone_files_need_it() {
    let line = txt_line(&name("a.example"), &"x".repeat(300));
    assert_eq!(line, format!("a.example. IN TXT \"{}\" \"{}\"", "x".repeat(255), "x".repeat(45)));
    assert_eq!(txt_line(&name("a.example"), "a\"b\\"), "a.example. IN TXT \"a\\\"b\\\\\"");
}

/// The checks of a sender below an organization that has one name more.
fn told_of_mail(rows: &[&str]) -> Vec<Check> {
    let rows: Vec<String> = rows.iter().map(|row| (*row).to_owned()).collect();
    checks(&surveyed(Subject::new(name("mail.shop.example")), &rows))
}

#[test]
fn a_faulty_record_above_the_one_that_governs_is_no_fault_of_this_mail() {
    let own = "_dmarc.mail.shop.example TXT v=DMARC1; p=reject; rua=mailto:a@shop.example";
    let above = ["_dmarc.shop.example TXT v=DMARC1; p=none", "_dmarc.shop.example TXT v=DMARC1; p=reject"];
    for above in [&above[..], &["_dmarc.shop.example TXT v=dmarc1; p=none"]] {
        let with_own = told_of_mail(&[&[own], above].concat());
        let verdicts: Vec<Verdict> = of(&with_own, "dmarc").iter().map(|check| check.verdict).collect();
        assert_eq!(verdicts, [Verdict::Warning, Verdict::Ok], "{above:?}");
        assert!(of(&with_own, "dmarc")[0].why.contains("record of mail.shop.example"), "{with_own:?}");
        let without = told_of_mail(above);
        assert_eq!(of(&without, "dmarc")[0].verdict, Verdict::Critical, "{above:?}");
    }
    let mut faulty = vec!["_dmarc.mail.shop.example TXT v=dmarc1; p=reject"];
    faulty.push("_dmarc.shop.example TXT v=DMARC1; p=none; rua=mailto:a@shop.example");
    assert_eq!(of(&told_of_mail(&faulty), "dmarc")[0].verdict, Verdict::Critical, "the nearer one was meant to govern");
    let suffix = told_of_mail(&[own, "_dmarc.example TXT v=dmarc1; p=none"]);
    assert_eq!(of(&suffix, "dmarc").len(), 1, "a public suffix is not the sender's to mend");
}

#[test]
fn silence_counts_where_a_record_would_govern_instead_of_the_one_found() {
    let shop = "_dmarc.shop.example TXT v=DMARC1; p=reject; rua=mailto:a@shop.example";
    for (rows, is_open) in [
        (&["_dmarc.mail.shop.example TXT ?", shop][..], true),
        (&[shop, "_dmarc.example TXT ?"], false),
        (
            &["_dmarc.mail.shop.example TXT v=DMARC1; p=none; rua=mailto:a@shop.example", "_dmarc.shop.example TXT ?"],
            false,
        ),
    ] {
        let checks = told_of_mail(rows);
        let found = of(&checks, "dmarc").iter().any(|check| check.verdict == Verdict::Unanswered);
        assert_eq!(found, is_open, "{rows:?}: {:#?}", of(&checks, "dmarc"));
    }
    let deep = Subject::new(name("a.mail.shop.example"));
    let rows = ["_dmarc.mail.shop.example TXT v=DMARC1; p=none", "_dmarc.shop.example TXT ?"].map(str::to_owned);
    let checks = checks(&surveyed(deep, &rows));
    assert_eq!(of(&checks, "dmarc")[0].verdict, Verdict::Unanswered, "the organization's own may be the one");
}

#[test]
fn a_name_that_does_not_exist_falls_under_np_and_psd_ends_an_organization() {
    let np = "_dmarc.shop.example TXT v=DMARC1; p=none; sp=quarantine; np=reject; rua=mailto:a@shop.example";
    assert!(of(&told_of_mail(&[np]), "dmarc.policy")[0].found.starts_with("np=reject for mail.shop.example, a name"));
    let exists = [np, "mail.shop.example TXT v=spf1 -all"];
    assert!(of(&told_of_mail(&exists), "dmarc.policy")[0].found.starts_with("sp=quarantine for mail"));
    let mut subject = Subject::new(name("mail.shop.example"));
    subject.add_mail_from(name("bounce.shop.example"), Some("eu-central-1"));
    subject.add_selector(Selector { name: name("s._domainkey.shop.example"), target: None, in_use: true });
    let ends = "_dmarc.mail.shop.example TXT v=DMARC1; p=none; psd=n; rua=mailto:a@shop.example";
    for (record, is_aligned) in [(ends, false), (&ends.replace(" psd=n;", ""), true)] {
        let mut rows = good();
        rows.push(record.to_owned());
        let checks = checks(&surveyed(subject.clone(), &rows));
        for id in ["mail_from.aligned", "dkim.aligned"] {
            assert_eq!(of(&checks, id).is_empty(), is_aligned, "{record}: {id}");
        }
    }
}

#[test]
fn strict_or_foreign_dkim_is_only_critical_where_spf_cannot_align_either() {
    let verdict = |mail_from: &str, policy: &str, id: &str| {
        let mut subject = Subject::new(name("shop.example"));
        subject.add_mail_from(name(mail_from), Some("eu-central-1"));
        let signer = if id == "dkim.aligned" { "s._domainkey.other.example" } else { "s._domainkey.news.shop.example" };
        subject.add_selector(Selector { name: name(signer), target: None, in_use: true });
        let policy = format!("_dmarc.shop.example TXT v=DMARC1; p=none; {policy}rua=mailto:a@shop.example");
        of(&checks(&surveyed(subject, &with(&[&policy]))), id)[0].verdict
    };
    for (id, policy) in [("dkim.aligned", ""), ("dmarc.alignment", "adkim=s; ")] {
        assert_eq!(verdict("bounce.shop.example", policy, id), Verdict::Warning, "{id}");
        assert_eq!(verdict("bounce.other.example", policy, id), Verdict::Critical, "{id}");
    }
    assert_eq!(verdict("bounce.shop.example", "adkim=s; aspf=s; ", "dmarc.alignment"), Verdict::Critical);
}

#[test]
fn a_mail_from_domain_of_several_regions_has_the_host_of_one_of_them() {
    let mut subject = sender();
    subject.add_mail_from(name("bounce.shop.example"), Some("us-east-1"));
    let verdicts = |rows: &[String]| -> Vec<Verdict> {
        of(&checks(&surveyed(subject.clone(), rows)), "mail_from").iter().map(|check| check.verdict).collect()
    };
    assert_eq!(verdicts(&good()), [Verdict::Ok; 2]);
    let third = with(&["bounce.shop.example MX 10 feedback-smtp.ap-south-1.amazonses.com"]);
    assert_eq!(verdicts(&third), [Verdict::Critical; 2]);
}

#[test]
fn a_key_is_found_at_the_end_of_several_aliases_too() {
    let rows = with(&[
        "t1._domainkey.shop.example CNAME t1.keys.shop.example",
        "t1.keys.shop.example CNAME t1.dkim.amazonses.com",
    ]);
    assert_eq!(of(&told(&rows), "dkim").iter().map(|check| check.verdict).collect::<Vec<_>>(), [Verdict::Ok; 3]);
}

#[test]
fn a_snapshot_is_judged_as_the_survey_was_that_it_holds_the_facts_of() {
    use crate::domain::dns::change::{changes, retired};
    let at = |second: i64| jiff::Timestamp::from_second(1_780_000_000 + second).unwrap();
    let mut broken = good();
    broken.retain(|row| !row.starts_with("_dmarc") && !row.starts_with("t2._domainkey"));
    for rows in [good(), broken.clone()] {
        let survey = surveyed(sender(), &rows);
        // What SES told is not stored: where the CNAMEs have to lead, and which region's MX is wanted.
        let untold = |check: &Check| (check.id, check.verdict, check.found.clone());
        let told: Vec<_> = checks(&survey).iter().map(untold).collect();
        let mut known = Subject::new(name("shop.example"));
        known.addresses.clone_from(&survey.subject.addresses);
        known.addresses.insert("198.51.100.7".parse().unwrap());
        known.add_selector(Selector { name: name("t1._domainkey.shop.example"), target: None, in_use: true });
        known.add_selector(Selector { name: name("t9._domainkey.shop.example"), target: None, in_use: true });
        let recalled = Survey::recalled(&survey.snapshot(at(0)), known, &BTreeSet::new());
        assert_eq!(checks(&recalled).iter().map(untold).collect::<Vec<_>>(), told);
        assert!(recalled.open_questions().is_empty() && recalled.snapshot(at(0)) == survey.snapshot(at(0)));
    }
    // A name that was taken away is no longer the sender's, unless mail was signed with it.
    let before = surveyed(sender(), &good()).snapshot(at(0));
    let after = surveyed(sender(), &broken).snapshot(at(9));
    let gone = retired(&changes(&[before.clone(), after.clone()]));
    let critical = |in_use: &[&str]| {
        let mut known = Subject::new(name("shop.example"));
        for selector in in_use {
            known.add_selector(Selector { name: name(selector), target: None, in_use: true });
        }
        let found = checks(&Survey::recalled(&after, known, &gone));
        found.iter().filter(|one| one.id == "dkim" && one.verdict == Verdict::Critical).count()
    };
    assert_eq!((critical(&[]), critical(&["t2._domainkey.shop.example"])), (0, 1));
    let again = changes(&[before.clone(), after, Snapshot { taken_at: at(20), ..before }]);
    assert!(retired(&again).is_empty());
}
