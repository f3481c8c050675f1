use std::collections::BTreeMap;

use mail_auth::common::parse::TxtRecordParser as _;
use mail_auth::dmarc::Dmarc;
use proptest::prelude::*;

use super::*;
use crate::domain::dns::answer::{Answer, Question, Record, Reply, Value};
use crate::domain::dns::subject::Subject;
use crate::domain::dns::survey::Survey;

#[test]
fn a_good_record_is_read_tag_by_tag() {
    let record = DmarcRecord::parse(
        "v=DMARC1; p=reject; sp=quarantine; np=reject; psd=n; t=y; adkim=s; aspf=r; fo=1:d:s; \
         rua=mailto:a@shop.example, mailto:b@other.example; ruf=mailto:c@shop.example;",
    );
    assert_eq!((record.faults.clone(), record.oddities.clone()), (vec![], vec![]));
    assert_eq!(
        (record.policy, record.below, record.missing),
        (Some(Policy::Reject), Some(Policy::Quarantine), Some(Policy::Reject))
    );
    assert_eq!((record.psd, record.testing, record.strict_dkim, record.strict_spf), ('n', true, true, false));
    assert_eq!((record.reports.len(), record.failures.len()), (2, 1));
    let shop = DomainName::new("shop.example").unwrap();
    let consents = consents(&shop, &record);
    assert_eq!(consents.len(), 1);
    assert_eq!(consents[0].1.as_str(), "shop.example._report._dmarc.other.example");
}

#[test]
fn a_translated_or_misspelt_policy_is_named_with_the_one_that_was_meant() {
    for (value, meant) in [
        ("ablehnen", Some("reject")),
        ("Quarantäne", Some("quarantine")),
        ("Quarant\u{fffd}ne", Some("quarantine")),
        ("quarantaine", Some("quarantine")),
        ("rechazar", Some("reject")),
        ("rejct", Some("reject")),
        ("keine", Some("none")),
        ("nome", Some("none")),
        ("strict", None),
        ("", None),
    ] {
        let record = DmarcRecord::parse(&format!("v=DMARC1; p={value}"));
        assert_eq!(record.policy, None, "{value}");
        let wanted = meant.map_or("none, quarantine or reject".to_owned(), |meant| format!("write p={meant}"));
        assert!(record.faults[0].contains(&wanted), "{value}: {:?}", record.faults);
        assert_eq!(record.applied(Whose::Own), None);
    }
    assert_eq!(DmarcRecord::parse("v=DMARC1; p=REJECT").policy, Some(Policy::Reject));
}

#[test]
fn the_policy_that_is_applied_goes_by_where_the_domain_lies_and_one_invalid_policy_takes_the_others_away() {
    use Policy::{None as Nothing, Quarantine, Reject};
    let rua = "rua=mailto:a@shop.example";
    for (text, own, below, missing) in [
        ("p=reject", Some(("p", Reject)), Some(("p", Reject)), Some(("p", Reject))),
        ("p=reject; sp=none", Some(("p", Reject)), Some(("sp", Nothing)), Some(("sp", Nothing))),
        ("p=none; np=reject", Some(("p", Nothing)), Some(("p", Nothing)), Some(("np", Reject))),
        ("p=none; sp=quarantine; np=reject", Some(("p", Nothing)), Some(("sp", Quarantine)), Some(("np", Reject))),
        ("p=reject; sp=ablehnen", None, None, None),
        ("p=ablehnen; np=none", None, None, None),
        ("sp=reject", None, None, None),
    ] {
        let found = |text: &str| {
            [Whose::Own, Whose::Below, Whose::BelowAndMissing].map(|whose| DmarcRecord::parse(text).applied(whose))
        };
        assert_eq!(found(&format!("v=DMARC1; {text}")), [own, below, missing], "{text}");
        let none = Some(("p", Nothing));
        let wanted = if own.is_none() { [none; 3] } else { [own, below, missing] };
        assert_eq!(found(&format!("v=DMARC1; {text}; {rua}")), wanted, "{text} with reports");
    }
}

#[test]
fn faults_and_relics_are_told_apart() {
    for (text, part) in [
        ("v=DMARC1 p=none", "v=DMARC1;"),
        ("p=none; v=DMARC1", "v=DMARC1;"),
        ("v=DMARC1; p=none; p=reject", "twice"),
        ("v=DMARC1; p=none; rua=a@shop.example", "mailto:a@shop.example"),
        ("v=DMARC1; p=none; rua=https://shop.example/x", "no mailto:"),
        ("v=DMARC1; p=none; adkim=strict", "none of r, s"),
        ("v=DMARC1; p=none; fo=2", "fo=2"),
        ("v=DMARC1; p=none; reject", "no tag"),
    ] {
        let faults = DmarcRecord::parse(text).faults;
        assert!(faults.iter().any(|fault| fault.contains(part)), "{text}: {faults:?}");
    }
    let relics =
        DmarcRecord::parse("v=DMARC1; p=reject; pct=20; rf=afrf; ri=86400; rua=mailto:a@shop.example!10m; x=1");
    assert_eq!((relics.faults.len(), relics.oddities.len()), (0, 5), "{relics:?}");
    assert!(relics.oddities.iter().any(|oddity| oddity.contains("pct=20") && oddity.contains("all mail")));
}

fn survey(domain: &str, records: &[(&str, &[&str])]) -> Survey {
    let mut survey = Survey::new(Subject::new(DomainName::new(domain).unwrap()), BTreeMap::new());
    for question in survey.open_questions() {
        let texts = records.iter().find(|(owner, _)| format!("_dmarc.{owner}") == question.name.as_str());
        let answer = match texts.map(|(_, texts)| *texts) {
            None | Some([]) => Answer::Absent { name_exists: false, ttl: None },
            Some(["?"]) => Answer::Unanswered("SERVFAIL".to_owned()),
            Some(texts) => Answer::Records(
                texts
                    .iter()
                    .map(|text| Record {
                        owner: question.name.clone(),
                        ttl: 60,
                        value: Value::Text(text.as_bytes().to_vec()),
                    })
                    .collect(),
            ),
        };
        survey.answer(Question::new(question.name, question.kind), Reply::direct(answer));
    }
    survey
}

#[test]
fn the_own_record_governs_and_without_one_that_of_the_organization() {
    let from = |domain, records: &[(&str, &[&str])]| {
        let found = survey(domain, records).dmarc();
        found.record.map(|(owner, _)| owner.to_string())
    };
    let none = &["v=DMARC1; p=none"][..];
    assert_eq!(
        from("a.shop.example", &[("a.shop.example", none), ("shop.example", none)]).as_deref(),
        Some("a.shop.example")
    );
    assert_eq!(
        from("a.b.shop.example", &[("b.shop.example", none), ("shop.example", none)]).as_deref(),
        Some("shop.example")
    );
    let ends = &["v=DMARC1; p=none; psd=n"][..];
    assert_eq!(
        from("a.b.shop.example", &[("b.shop.example", ends), ("shop.example", none)]).as_deref(),
        Some("b.shop.example")
    );
    let suffix = &["v=DMARC1; p=reject; psd=y"][..];
    assert_eq!(from("a.shop.example", &[("shop.example", none), ("example", suffix)]).as_deref(), Some("shop.example"));
    assert_eq!(from("a.shop.example", &[("example", suffix)]).as_deref(), Some("example"));
    assert_eq!(
        from("a.b.shop.example", &[("b.shop.example", none), ("example", suffix)]).as_deref(),
        Some("example"),
        "the organization is shop.example, which has none"
    );
    let border = |domain, records: &[(&str, &[&str])]| survey(domain, records).dmarc().organisation;
    assert_eq!(border("a.b.shop.example", &[("example", suffix)]), DomainName::new("shop.example"));
    assert_eq!(border("a.b.shop.example", &[("b.shop.example", ends)]), DomainName::new("b.shop.example"));
    assert_eq!(border("a.b.shop.example", &[("b.shop.example", none)]), None);
    assert_eq!(from("a.shop.example", &[]), None);
}

#[test]
fn several_records_count_as_none_and_what_nobody_answered_is_told() {
    let found = survey("shop.example", &[("shop.example", &["v=DMARC1; p=none", "v=DMARC1; p=reject"])]).dmarc();
    assert_eq!((found.record, found.several.len()), (None, 1));
    let found = survey("shop.example", &[("shop.example", &["?"])]).dmarc();
    assert_eq!((found.record, found.unanswered.len()), (None, 1));
    let found = survey("shop.example", &[("shop.example", &["v=dmarc1; p=none", "verification"])]).dmarc();
    assert_eq!((found.record, found.misspelt.len()), (None, 1));
}

proptest! {
    #[test]
    fn any_text_is_read_and_the_same_each_time(text in "\\PC{0,200}") {
        prop_assert_eq!(DmarcRecord::parse(&text), DmarcRecord::parse(&text));
        let _whatever = Policy::meant(&text);
    }

    #[test]
    fn tags_in_any_disorder_never_fail(tags in prop::collection::vec("(p|sp|np|psd|t|rua|ruf|adkim|aspf|fo|pct)?=?[a-z0-9:@!,.%é ]{0,20}", 0..8)) {
        let record = DmarcRecord::parse(&format!("v=DMARC1; {}", tags.join(";")));
        prop_assert!(!record.testing || record.policy.is_none_or(|policy| policy <= Policy::Reject));
    }

    #[test]
    fn a_good_record_is_read_as_another_reader_reads_it(
        policy in 0..3_usize, below in prop::option::of(0..3_usize), strict in any::<[bool; 2]>(), testing in any::<bool>(),
    ) {
        let word = |at: usize| Policy::ALL[at].word();
        let sp = below.map(|at| format!(" sp={};", word(at))).unwrap_or_default();
        let letter = |strict| if strict { 's' } else { 'r' };
        let text = format!(
            "v=DMARC1; p={};{sp} adkim={}; aspf={}; t={}; rua=mailto:a@shop.example",
            word(policy), letter(strict[0]), letter(strict[1]), if testing { 'y' } else { 'n' },
        );
        let (ours, theirs) = (DmarcRecord::parse(&text), Dmarc::parse(text.as_bytes()).unwrap());
        prop_assert_eq!(&ours.faults, &Vec::<String>::new());
        let told = |policy: Policy| match policy {
            Policy::None => mail_auth::dmarc::Policy::None,
            Policy::Quarantine => mail_auth::dmarc::Policy::Quarantine,
            Policy::Reject => mail_auth::dmarc::Policy::Reject,
        };
        prop_assert_eq!(told(ours.policy.unwrap()), theirs.p);
        prop_assert_eq!(told(ours.below.or(ours.policy).unwrap()), theirs.sp);
        prop_assert_eq!(ours.strict_dkim, theirs.adkim == mail_auth::dmarc::Alignment::Strict);
        prop_assert_eq!(ours.testing, theirs.t);
        prop_assert_eq!(ours.reports.len(), theirs.rua.len());
    }
}
