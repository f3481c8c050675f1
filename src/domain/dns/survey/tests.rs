use super::*;
use crate::domain::dns::answer::Answer;
use crate::domain::dns::subject::Selector;

fn name(text: &str) -> DomainName {
    DomainName::new(text).unwrap()
}

#[test]
fn the_walk_for_dmarc_takes_eight_steps_at_most() {
    let walk = |text| discovery::walk(&name(text)).iter().map(DomainName::to_string).collect::<Vec<_>>();
    assert_eq!(walk("news.shop.example"), ["news.shop.example", "shop.example", "example"]);
    assert_eq!(walk("a.b.c.d.e.f.g.h").len(), 8);
    // The example of RFC 9989 §4.10 has ten labels.
    let long = walk("a.b.c.d.e.f.g.h.mail.example");
    assert_eq!(long.len(), 8);
    assert_eq!((long[0].as_str(), long[1].as_str()), ("a.b.c.d.e.f.g.h.mail.example", "d.e.f.g.h.mail.example"));
}

#[test]
fn every_name_of_the_sender_is_asked_once_and_its_part_is_kept() {
    let mut subject = Subject::new(name("news.shop.example"));
    subject.add_mail_from(name("bounce.shop.example"), Some("eu-central-1"));
    subject.add_selector(Selector { name: name("t._domainkey.shop.example"), target: None, in_use: true });
    subject.addresses.insert("192.0.2.7".parse().unwrap());
    let old = Question::new(name("old._domainkey.shop.example"), RecordType::Txt);
    let mut survey = Survey::new(subject, BTreeMap::from([(old, Place::Dkim)]));
    let asked: Vec<String> = survey.open_questions().iter().map(Question::to_string).collect();
    for wanted in [
        "TXT bounce.shop.example",
        "MX bounce.shop.example",
        "TXT news.shop.example",
        "TXT t._domainkey.shop.example",
        "TXT old._domainkey.shop.example",
        "TXT _dmarc.news.shop.example",
        "TXT _dmarc.shop.example",
        "TXT _dmarc.example",
        "TXT default._bimi.news.shop.example",
        "TXT _mta-sts.news.shop.example",
        "TXT _smtp._tls.news.shop.example",
        "PTR 7.2.0.192.in-addr.arpa",
    ] {
        assert_eq!(asked.iter().filter(|asked| *asked == wanted).count(), 1, "{wanted} in {asked:?}");
    }
    for question in survey.open_questions() {
        survey.answer(question, Reply::direct(Answer::Absent { name_exists: false, ttl: None }));
    }
    assert_eq!(survey.open_questions(), []);
    let snapshot = survey.snapshot(Timestamp::UNIX_EPOCH);
    assert_eq!(snapshot.entries.len(), asked.len());
    let place = |text, kind| snapshot.entries[&Question::new(name(text), kind)].place;
    assert_eq!(place("old._domainkey.shop.example", RecordType::Txt), Place::Dkim);
    assert_eq!(snapshot.own_questions().count(), 0, "what was seen to be gone need not be asked again");
    assert_eq!(place("bounce.shop.example", RecordType::Mx), Place::MailFromMx);
    assert_eq!(place("_dmarc.example", RecordType::Txt), Place::Behind, "a public suffix is not the sender's");
    assert_eq!(place("7.2.0.192.in-addr.arpa", RecordType::Ptr), Place::Behind);
}
