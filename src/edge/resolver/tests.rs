use super::*;
use crate::lab::dns::{ABSENCE_TTL, DnsFault, DnsServer, DnsZone, TTL};

fn name(text: &str) -> DomainName {
    DomainName::new(text).unwrap()
}

async fn ask(resolver: &Resolver, owner: &str, kind: RecordType) -> Reply {
    resolver.ask(&Question::new(name(owner), kind)).await
}

async fn lab() -> (DnsServer, Resolver) {
    let server = DnsServer::start(DnsZone::new()).await.unwrap();
    let resolver = Resolver::with_patience(Some(server.address()), Duration::from_millis(300)).unwrap();
    (server, resolver)
}

#[tokio::test]
async fn every_kind_of_record_comes_with_its_ttl() {
    let (server, resolver) = lab().await;
    server
        .zone()
        .txt("shop.example", "v=spf1 -all")
        .mx("bounce.shop.example", 10, "feedback-smtp.eu-central-1.amazonses.com")
        .mx("null.example", 0, ".")
        .address("host.example", "192.0.2.7".parse().unwrap())
        .address("host.example", "2001:db8::7".parse().unwrap())
        .ptr("7.2.0.192.in-addr.arpa", "host.example");
    for (owner, kind, value) in [
        ("shop.example", RecordType::Txt, "v=spf1 -all"),
        ("bounce.shop.example", RecordType::Mx, "10 feedback-smtp.eu-central-1.amazonses.com"),
        ("null.example", RecordType::Mx, "0 ."),
        ("host.example", RecordType::A, "192.0.2.7"),
        ("host.example", RecordType::Aaaa, "2001:db8::7"),
        ("7.2.0.192.in-addr.arpa", RecordType::Ptr, "host.example"),
    ] {
        let reply = ask(&resolver, owner, kind).await;
        let Answer::Records(records) = &reply.answer else { panic!("{owner}: {reply:?}") };
        assert_eq!(records.len(), 1, "{owner}");
        assert_eq!((records[0].value.to_string().as_str(), records[0].ttl), (value, TTL), "{owner}");
        assert_eq!(records[0].owner, name(owner));
    }
}

#[tokio::test]
async fn no_name_no_record_and_no_answer_are_three_things() {
    let (server, resolver) = lab().await;
    server
        .zone()
        .txt("shop.example", "x")
        .fault("fails.example", Some(DnsFault::ServFail))
        .fault("refuses.example", Some(DnsFault::Refused))
        .fault("silent.example", Some(DnsFault::Silence))
        .fault("cut.example", Some(DnsFault::CutAlways));
    let ttl = Some(ABSENCE_TTL);
    let absent = |name_exists| Answer::Absent { name_exists, ttl };
    assert_eq!(ask(&resolver, "nothing.example", RecordType::Txt).await.answer, absent(false));
    assert_eq!(ask(&resolver, "shop.example", RecordType::Mx).await.answer, absent(true));
    assert_eq!(ask(&resolver, "example", RecordType::Txt).await.answer, absent(true), "a name between");
    for (owner, why) in [
        ("fails.example", "SERVFAIL"),
        ("refuses.example", "REFUSED"),
        ("silent.example", "did not answer in time"),
        ("cut.example", "does not fit"),
    ] {
        let reply = ask(&resolver, owner, RecordType::Txt).await;
        assert!(reply.unanswered().is_some_and(|told| told.contains(why)), "{owner}: {reply:?}");
    }
    let nobody = Resolver::with_patience(Some("127.0.0.1:9".parse().unwrap()), Duration::from_millis(300)).unwrap();
    assert!(ask(&nobody, "shop.example", RecordType::Txt).await.unanswered().is_some());
}

#[tokio::test]
async fn what_does_not_fit_into_a_datagram_comes_over_tcp_and_split_texts_are_joined() {
    let (server, resolver) = lab().await;
    let long = format!("v=DKIM1; p={}", "A".repeat(4_000));
    server.zone().txt("long.example", &long).txt("cut.example", "short").fault("cut.example", Some(DnsFault::Cut));
    assert_eq!(ask(&resolver, "long.example", RecordType::Txt).await.texts(), [long]);
    assert_eq!(ask(&resolver, "cut.example", RecordType::Txt).await.texts(), ["short"]);
    let asked = server.zone().asked();
    for owner in ["long.example", "cut.example"] {
        let ways: Vec<bool> = asked.iter().filter(|one| one.0 == owner).map(|one| one.2).collect();
        assert_eq!(ways, [false, true], "{owner}");
    }
}

#[tokio::test]
async fn aliases_are_told_where_they_lead_to_something_to_nothing_and_nowhere() {
    let (server, resolver) = lab().await;
    let zone = server.zone();
    zone.cname("a.example", "b.example").cname("b.example", "c.example").txt("c.example", "end");
    zone.cname("dangling.example", "gone.example");
    zone.cname("behind.example", "fails.example").fault("fails.example", Some(DnsFault::ServFail));
    zone.cname("one.example", "two.example").cname("two.example", "one.example").cname("self.example", "self.example");
    for hop in 0..12 {
        zone.cname(&format!("hop{hop}.example"), &format!("hop{}.example", hop + 1));
    }
    let told = |reply: &Reply| {
        reply.aliases.iter().map(|alias| format!("{}>{}", alias.owner, alias.value)).collect::<Vec<_>>()
    };
    let reply = ask(&resolver, "a.example", RecordType::Txt).await;
    assert_eq!(
        (reply.texts(), told(&reply)),
        (vec!["end".to_owned()], vec!["a.example>b.example".to_owned(), "b.example>c.example".to_owned()])
    );
    let reply = ask(&resolver, "dangling.example", RecordType::Txt).await;
    assert!(matches!(reply.answer, Answer::Absent { name_exists: false, .. }), "{reply:?}");
    assert_eq!(told(&reply), ["dangling.example>gone.example"]);
    let reply = ask(&resolver, "behind.example", RecordType::Txt).await;
    assert_eq!(told(&reply), ["behind.example>fails.example"]);
    for owner in ["one.example", "self.example"] {
        let reply = ask(&resolver, owner, RecordType::Txt).await;
        assert!(reply.is_circle() && reply.unanswered().is_some(), "{owner}: {reply:?}");
    }
    let reply = ask(&resolver, "hop0.example", RecordType::Txt).await;
    assert!(!reply.is_circle() && reply.unanswered().is_some_and(|why| why.contains("no end")), "{reply:?}");
}

#[tokio::test]
async fn nothing_is_remembered_from_one_question_to_the_next() {
    let (server, resolver) = lab().await;
    server.zone().txt("shop.example", "old");
    assert_eq!(ask(&resolver, "shop.example", RecordType::Txt).await.texts(), ["old"]);
    server.zone().remove("shop.example").txt("shop.example", "new");
    assert_eq!(ask(&resolver, "shop.example", RecordType::Txt).await.texts(), ["new"]);
}

#[test]
fn a_part_of_an_answer_is_no_answer() {
    let owner = Name::from_ascii("shop.example.").unwrap();
    let text = |at: usize| {
        rr::Record::from_rdata(owner.clone(), 60, RData::TXT(rr::rdata::TXT::new(vec![format!("text {at}")])))
    };
    let texts =
        |count: usize| sorted(&name("shop.example"), RecordType::Txt, &(0..count).map(text).collect::<Vec<_>>()).1;
    let Answer::Records(records) = texts(MOST_RECORDS) else { panic!() };
    assert_eq!(records.len(), MOST_RECORDS);
    assert!(matches!(texts(MOST_RECORDS + 1), Answer::Unanswered(why) if why.contains("501 records")));
    let exchange = |host: Name| rr::Record::from_rdata(owner.clone(), 60, RData::MX(rr::rdata::MX::new(10, host)));
    let good = Name::from_ascii("mx.shop.example.").unwrap();
    // Written out, with every octet as an escape, the label is longer than any name's.
    let wide = Name::from_labels([&[7_u8; 40][..], b"example"]).unwrap();
    let mail = |hosts: Vec<Name>| {
        sorted(&name("shop.example"), RecordType::Mx, &hosts.into_iter().map(exchange).collect::<Vec<_>>()).1
    };
    assert!(matches!(mail(vec![good.clone()]), Answer::Records(records) if records.len() == 1));
    assert!(matches!(mail(vec![good, wide]), Answer::Unanswered(why) if why.contains("cannot be read")));
}
