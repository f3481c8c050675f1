use mail_auth::common::parse::TxtRecordParser as _;
use mail_auth::spf::Spf;
use proptest::prelude::*;

use super::*;

#[test]
fn good_records_are_read_term_by_term() {
    let record = SpfRecord::parse("v=spf1 include:amazonses.com ip4:192.0.2.0/24 a:mail.shop.example/28//64 -all");
    assert_eq!(record.faults, Vec::<String>::new());
    assert_eq!(record.terms[0].mechanism, Mechanism::Include("amazonses.com".to_owned()));
    assert_eq!((record.terms.len(), record.all()), (4, Some(Qualifier::Fail)));
    for text in [
        "v=spf1",
        "V=SPF1 -ALL",
        "v=spf1 a mx ptr ~all",
        "v=spf1 a/24 mx//64 mx:shop.example/0 ?all",
        "v=spf1 ip6:2001:db8::/32 ip6:::1 +all",
        "v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all",
        "v=spf1 exists:%{l1r+}.%%.%_.x.example exp=explain.%{d} -all",
        "v=spf1 redirect=_spf.shop.example",
        "v=spf1 a:%{l1r/}.shop.example mx:%{d10/}.shop.example/24//64 -all",
        "v=spf1  a   -all ",
    ] {
        assert_eq!(SpfRecord::parse(text).faults, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn every_fault_is_named_with_its_term() {
    for (text, part) in [
        ("v=spf2 -all", "v=spf1"),
        ("v=spf1; -all", "v=spf1"),
        ("v=spf1 include:", "include needs"),
        ("v=spf1 include=amazonses.com -all", "\":\" instead of \"=\""),
        ("v=spf1 ipv4:192.0.2.1 -all", "write ip4"),
        ("v=spf1 ip4:192.0.2.300 -all", "no address"),
        ("v=spf1 ip4:192.0.2.0/33 -all", "/0 to /32"),
        ("v=spf1 ip4:2001:db8::1 -all", "no address"),
        ("v=spf1 a:/24 -all", "no domain"),
        ("v=spf1 a/024 -all", "no length"),
        ("v=spf1 all:x.example", "all takes no value"),
        ("v=spf1 include:localhost -all", "no domain"),
        ("v=spf1 exists:%{x}.example -all", "macro"),
        ("v=spf1 exists:%(i).example -all", "macro"),
        ("v=spf1 redirect=a.example redirect=b.example", "twice"),
        ("v=spf1 include:amazonses.com exp=a.example exp=b.example ~all", "\"exp\" stands twice"),
        ("v=spf1 exp=a exp=b.example ~all", "\"exp\" stands twice"),
        ("v=spf1 exists:%{d0}.example -all", "macro"),
        ("v=spf1 exists:%{i00r}.example -all", "macro"),
        ("v=spf1 a:%{l1r/}.shop.example/33 -all", "/0 to /32"),
        ("v=spf1 amazonses.com -all", "no mechanism"),
        ("v=spf1 exists:%{i}example -all", "does not end in a domain"),
        ("v=spf1 exists:%{d2r.}.x.7 -all", "does not end in a domain"),
        ("v=spf1 x=%{ -all", "macro"),
        ("v=spf1 include:amazonses.com –all", "not printable"),
    ] {
        let faults = SpfRecord::parse(text).faults;
        assert!(faults.iter().any(|fault| fault.contains(part)), "{text}: {faults:?}");
    }
    assert_eq!(SpfRecord::parse("v=spf1 -all mx x=y").oddities.len(), 2);
}

#[test]
fn the_first_all_counts_and_a_record_of_any_length_is_read_in_one_pass() {
    assert_eq!(SpfRecord::parse("v=spf1 ~all -all").all(), Some(Qualifier::SoftFail));
    // With a look at all terms for each term this would not end.
    let record = SpfRecord::parse(&format!("v=spf1{}", " a".repeat(300_000)));
    assert_eq!((record.terms.len(), record.all(), record.oddities.len()), (300_000, None, 0));
}

#[test]
fn a_network_holds_the_addresses_within_its_length_and_of_its_kind() {
    for (network, address, is_held) in [
        ("192.0.2.0/24", "192.0.2.255", true),
        ("192.0.2.0/24", "192.0.3.0", false),
        ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.6", false),
        ("0.0.0.0/0", "203.0.113.9", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/33", "2001:db8:ffff::1", false),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("::/0", "192.0.2.1", false),
        ("nonsense", "192.0.2.1", false),
    ] {
        assert_eq!(holds(network, address.parse().unwrap()), is_held, "{network} {address}");
    }
}

fn good_term() -> impl Strategy<Value = String> {
    let domain = "[a-z]{1,8}\\.(example|test)";
    let sign = "[-+~?]?";
    prop_oneof![
        (sign, Just("all".to_owned())).prop_map(|(sign, all)| format!("{sign}{all}")),
        (sign, domain).prop_map(|(sign, domain)| format!("{sign}include:{domain}")),
        (sign, domain, 0..=32_u8).prop_map(|(sign, domain, length)| format!("{sign}a:{domain}/{length}")),
        (sign, domain).prop_map(|(sign, domain)| format!("{sign}mx:{domain}")),
        (sign, any::<[u8; 4]>(), 0..=32_u8)
            .prop_map(|(sign, octets, length)| format!("{sign}ip4:{}/{length}", Ipv4Addr::from(octets))),
        (sign, any::<[u8; 16]>()).prop_map(|(sign, octets)| format!("{sign}ip6:{}", Ipv6Addr::from(octets))),
        domain.prop_map(|domain| format!("exists:%{{i}}.{domain}")),
    ]
}

proptest! {
    #[test]
    fn any_text_gives_a_record_and_the_same_one_each_time(text in "\\PC{0,200}") {
        prop_assert_eq!(SpfRecord::parse(&text), SpfRecord::parse(&text));
    }

    #[test]
    fn terms_in_any_disorder_never_fail(terms in prop::collection::vec("[-+~?]?(all|include|a|mx|ip4|ip6|exists|redirect|ptr)?[:=/%{}.a-z0-9]{0,20}", 0..8)) {
        let text = format!("v=spf1 {}", terms.join(" "));
        let record = SpfRecord::parse(&text);
        prop_assert_eq!(&record, &SpfRecord::parse(&text));
        prop_assert!(record.terms.len() <= terms.len());
    }

    #[test]
    fn a_good_record_is_read_as_another_reader_reads_it(terms in prop::collection::vec(good_term(), 0..10)) {
        let text = format!("v=spf1 {}", terms.join(" "));
        let record = SpfRecord::parse(&text);
        prop_assert_eq!(&record.faults, &Vec::<String>::new(), "{}", &text);
        let other = Spf::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(record.terms.len(), other.directives.len());
    }
}
