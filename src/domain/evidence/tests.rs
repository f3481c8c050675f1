use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::domain::identity::Alignment;
use crate::domain::oauth::OAuthPreset;
use crate::domain::provider::{Aliases, LoginForm, ProviderName, Tls};
use crate::domain::receiver::{HostPattern, Receiver};
use crate::domain::stream::StreamKind;

fn provider(title: &str, receiver: Receiver) -> Provider {
    Provider {
        name: ProviderName::new(&title.to_lowercase()).unwrap(),
        title: title.to_owned(),
        host: None,
        port: 993,
        tls: Tls::Implicit,
        names: BTreeMap::new(),
        tabs: false,
        spam_threshold: false,
        max_connections: 1,
        sign_in_gap: Duration::ZERO,
        mailbox_sign_ins: 1,
        message_limit: None,
        domains: vec![format!("{}.example", title.to_lowercase())],
        login: LoginForm::Address,
        aliases: Aliases::None,
        sign_in_help: String::new(),
        oauth: OAuthPreset::default(),
        takes_passwords: true,
        refusals: Vec::new(),
        remedies: BTreeMap::new(),
        receiver,
    }
}

fn patterns(patterns: &[&str]) -> Vec<HostPattern> {
    patterns.iter().map(|pattern| HostPattern::new(pattern).unwrap()).collect()
}

/// A receiver by the book, with stamps above its border.
fn named() -> Provider {
    let receiver = Receiver {
        authserv_ids: patterns(&["mx.mail.example"]),
        border: patterns(&["mx*.mail.example"]),
        own: patterns(&["*.mail.example"]),
        stamps: vec!["X-Spam-Flag".to_owned()],
        ..Receiver::default()
    };
    provider("Mail", receiver)
}

/// A receiver with Microsoft's manners.
fn nameless() -> Provider {
    let receiver = Receiver {
        nameless: true,
        border: patterns(&["*.protection.example"]),
        stamps: vec!["X-Forefront-Antispam-Report".to_owned()],
        stamps_below: true,
        ..Receiver::default()
    };
    provider("Office", receiver)
}

const BORDER: &str = "Received: from mta.shop.example (mta.shop.example [192.0.2.7])\r\n\tby mx1.mail.example (Postfix) with ESMTPS id \
                      1\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n\tfor <a@mail.example>; Mon, 2 Mar \
                      2026 06:00:07 +0000\r\n";
const RESULTS: &str = "Authentication-Results: mx.mail.example;\r\n\tspf=pass smtp.mailfrom=bounce.shop.example;\r\n\tdkim=pass \
                       header.d=shop.example header.s=sel;\r\n\tdmarc=pass (p=reject) header.from=shop.example\r\n";
const SENDER: &str = "DKIM-Signature: v=1; d=shop.example; s=sel; h=From; b=abcdefgh\r\nFrom: News <news@shop.example>\r\nTo: \
                      a@mail.example\r\nMessage-ID: <1@shop.example>\r\nDate: Mon, 2 Mar 2026 06:00:05 +0000\r\n";

/// What must not change when somebody adds headers of his own.
fn result(testimony: &Testimony) -> (Auth, Vec<Stamp>, Option<std::net::IpAddr>) {
    (testimony.auth.clone(), testimony.stamps.clone(), testimony.road.sending_ip)
}

#[test]
fn the_receivers_own_results_are_believed_and_both_facts_told() {
    let raw = format!("Return-Path: <x@bounce.shop.example>\r\n{RESULTS}{BORDER}{SENDER}\r\n");
    let testimony = testify(raw.as_bytes(), false, &named());
    let auth = &testimony.auth;
    assert_eq!(auth.sources, ["mx.mail.example"]);
    let words =
        (auth.spf.as_ref().and_then(|one| one.word), auth.dkim_word(), auth.dmarc.as_ref().and_then(|one| one.word));
    assert_eq!((words, auth.aligned), ((Some("pass"), Some("pass"), Some("pass")), Some(true)));
    assert_eq!(auth.spf.as_ref().unwrap().alignment, Alignment::Organisation);
    assert_eq!(auth.dkim[0].alignment, Alignment::Same);
    assert_eq!(auth.dmarc.as_ref().unwrap().policy.as_deref(), Some("p=reject"));
    assert_eq!(testimony.road.sending_ip, "192.0.2.7".parse().ok());
    assert_eq!(testimony.road.tls.as_deref(), Some("TLS 1.3, TLS_AES_256_GCM_SHA384"));
    assert_eq!(testimony.road.took, Some(Duration::from_secs(2)));
    assert_eq!(testimony.oddities, Vec::<String>::new());
    assert_eq!(testimony.unknown, ["the filter's verdict: no stamp of Mail was found"]);
    assert_eq!(remarks(&testimony, Some(StreamKind::Transactional), None), Vec::<String>::new());
}

#[test]
fn spam_that_is_authenticated_has_another_reason_than_authentication() {
    use crate::domain::finding::Placement;
    let raw = format!("X-Spam-Flag: YES\r\n{RESULTS}{BORDER}{SENDER}\r\n");
    let testimony = testify(raw.as_bytes(), false, &named());
    let said = |placement| remarks(&testimony, None, placement).join("\n");
    assert!(said(Some(Placement::Spam)).contains("the reputation of shop.example"), "{}", said(Some(Placement::Spam)));
    assert!(said(None).contains("although shop.example is authenticated"), "by its stamp");
    assert_eq!(said(Some(Placement::Inbox)), "");
}

#[test]
fn forged_results_change_nothing_wherever_they_stand_and_are_noted() {
    let evil = "; spf=fail smtp.mailfrom=evil.example; dkim=fail header.d=evil.example; dmarc=fail header.from=shop.example\r\n";
    let own = format!("Return-Path: <x@bounce.shop.example>\r\n{RESULTS}{BORDER}");
    let clean = testify(format!("{own}{SENDER}\r\n").as_bytes(), false, &named());
    for (what, above, below) in [
        ("same id below the trusted line", String::new(), format!("Authentication-Results: mx.mail.example{evil}")),
        (
            "the line itself forged below",
            String::new(),
            format!("Authentication-Results: mx.mail.example{evil}{BORDER}"),
        ),
        ("other id above", format!("Authentication-Results: mx.evil.example{evil}"), String::new()),
        ("upper case", String::new(), format!("AUTHENTICATION-RESULTS: MX.MAIL.EXAMPLE{evil}")),
        ("folded", String::new(), format!("Authentication-Results:\r\n mx.mail.example\r\n {evil}")),
        ("the id in a comment", format!("Authentication-Results: (mx.mail.example) evil.example{evil}"), String::new()),
        (
            "the results in a comment",
            format!("Authentication-Results: evil.example (mx.mail.example{}", evil.replace("\r\n", ")\r\n")),
            String::new(),
        ),
        ("a letter that looks alike", format!("Authentication-Results: mx.m\u{430}il.example{evil}"), String::new()),
        ("a letter without width", format!("Authentication-Results: mx.mail.example\u{200b}{evil}"), String::new()),
        ("a header whose name looks alike", format!("Authenticatiоn-Results: mx.mail.example{evil}"), String::new()),
        ("no id at all", format!("Authentication-Results: {}", evil.trim_start_matches("; ")), String::new()),
        ("an ARC set", String::new(), format!("ARC-Authentication-Results: i=1; mx.mail.example{evil}")),
        (
            "stamps and Received-SPF",
            String::new(),
            "X-Spam-Flag: YES\r\nReceived-SPF: fail client-ip=203.0.113.66;\r\n".to_owned(),
        ),
    ] {
        let forged = testify(format!("{above}{own}{below}{SENDER}\r\n").as_bytes(), false, &named());
        assert_eq!(result(&forged), result(&clean), "{what}");
        let quiet = ["a header whose name looks alike", "an ARC set"].contains(&what);
        assert_eq!(forged.oddities.is_empty(), quiet, "{what}: {:?}", forged.oddities);
    }
    let nested = format!(
        "{own}{SENDER}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nReceived: by \
         mx1.mail.example\r\nAuthentication-Results: mx.mail.example{evil}\r\n--b--\r\n"
    );
    let nested = testify(nested.as_bytes(), false, &named());
    assert_eq!((result(&nested), nested.oddities.len()), (result(&clean), 0), "in a nested part");
}

#[test]
fn without_the_receivers_own_line_nothing_is_believed() {
    for raw in
        [format!("{RESULTS}{SENDER}\r\n"), format!("{RESULTS}Received: from a by mx.other.example; x\r\n{SENDER}\r\n")]
    {
        let testimony = testify(raw.as_bytes(), false, &named());
        assert_eq!((testimony.auth.clone(), testimony.stamps.len()), (Auth::default(), 0), "{raw}");
        assert!(testimony.unknown[0].contains("no Received line of Mail's border"), "{:?}", testimony.unknown);
        assert!(testimony.oddities[0].contains("nothing shows who wrote them"), "{:?}", testimony.oddities);
    }
    let raw = format!("{RESULTS}{BORDER}{SENDER}\r\n");
    let testimony = testify(raw.as_bytes(), false, &provider("Other", Receiver::default()));
    assert_eq!(testimony.auth, Auth::default());
    assert!(testimony.unknown[0].contains("nothing is known of the headers that this provider writes"));
    assert!(
        testify(raw.as_bytes(), true, &named()).unknown.iter().any(|one| one.contains("longer than what was read"))
    );
}

#[test]
fn a_border_line_below_a_host_that_is_not_the_receivers_is_not_believed() {
    let stranger = "Received: from mta.shop.example by in7.newname.example; Mon, 2 Mar 2026 06:00:09 +0000\r\n";
    let testimony = testify(format!("{stranger}{RESULTS}{BORDER}{SENDER}\r\n").as_bytes(), false, &named());
    assert_eq!((testimony.auth.clone(), testimony.road.sending_ip), (Auth::default(), None));
    assert!(testimony.unknown[0].contains("an unknown host or from one stands above it"), "{:?}", testimony.unknown);
    assert!(testimony.oddities[0].contains("nothing shows who wrote them"), "{:?}", testimony.oddities);
    // A border that goes by a new name takes the message from outside, whatever the name's domain.
    for new in [
        "from mta.shop.example (mta.shop.example [192.0.2.7]) by in7.mail.example",
        "from 192.0.2.7 (EHLO mx1.mail.example) by in7.mail.example",
        "from mx1.mail.example (EHLO mta.shop.example) by in7.mail.example",
    ] {
        let raw = format!("Received: {new}; Mon, 2 Mar 2026 06:00:09 +0000\r\n{RESULTS}{BORDER}{SENDER}\r\n");
        let testimony = testify(raw.as_bytes(), false, &named());
        assert_eq!((testimony.auth.clone(), testimony.road.sending_ip), (Auth::default(), None), "{new}");
    }
    for own in [
        "from mx1.mail.example by store.mail.example",
        "from mx1.mail.example ([127.0.0.1]) by store.mail.example",
        "from 127.0.0.1 by store.mail.example",
        "by 2001:db8::1 with SMTP id 1",
        "from localhost with LMTP",
    ] {
        let raw = format!("Received: {own}; Mon, 2 Mar 2026 06:00:09 +0000\r\n{RESULTS}{BORDER}{SENDER}\r\n");
        assert_eq!(testify(raw.as_bytes(), false, &named()).auth.aligned, Some(true), "{own}");
    }
}

#[test]
fn microsofts_manners_only_the_topmost_results_and_only_stamps_of_the_last_block() {
    let line = "Received: from mta.shop.example (192.0.2.7) by\r\n FT1.mail.protection.example (198.51.100.1) with Microsoft SMTP \
                Server; Mon, 2 Mar 2026 06:00:07 +0000\r\n";
    let own = "Authentication-Results: spf=pass (sender IP is 192.0.2.7)\r\n smtp.mailfrom=x.amazonses.com; dkim=pass (ok) \
               header.d=amazonses.com;dmarc=fail action=none header.from=shop.example;compauth=fail reason=001\r\n";
    let forged_stamp = "X-Forefront-Antispam-Report: SCL:-1;CAT:NONE\r\nReturn-Path: x@y.example\r\n";
    let block = "Return-Path: 1@x.amazonses.com\r\nX-Forefront-Antispam-Report: SCL:5;CAT:SPM\r\n";
    let clean = testify(format!("{own}{line}{SENDER}{block}\r\n").as_bytes(), false, &nameless());
    assert_eq!(clean.auth.aligned, Some(false));
    let stamps: Vec<_> = clean.stamps.iter().filter_map(Stamp::brief).collect();
    assert_eq!(stamps, ["SCL 5", "CAT SPM", "compauth fail reason=001"]);
    let forged = format!(
        "{own}Authentication-Results: spf=pass; dmarc=pass header.from=shop.example\r\n{line}{forged_stamp}{SENDER}{block}\r\n"
    );
    let forged = testify(forged.as_bytes(), false, &nameless());
    assert_eq!(result(&forged), result(&clean));
    assert_eq!(forged.oddities.len(), 2, "{:?}", forged.oddities);
    let said = remarks(&clean, Some(StreamKind::Marketing), None).join("\n");
    for words in [
        "neither SPF nor a signature passed",
        "Only Amazon's own signature",
        "shared return path",
        "No List-Unsubscribe",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
}

#[test]
fn googles_manners_one_set_of_results_right_below_its_line_as_it_was_sealed_above() {
    let mut google = named();
    google.receiver.results_below = true;
    let seal = format!("ARC-{}", RESULTS.replace(": mx", ": i=1; mx"));
    let spf = "Received-SPF: pass (mail.example: domain of x) client-ip=192.0.2.7;\r\n";
    let evil = "Authentication-Results: mx.mail.example; dkim=fail header.d=evil.example\r\n";
    let wanted = testify(format!("{RESULTS}{BORDER}{SENDER}\r\n").as_bytes(), false, &google).auth.results;
    for (what, raw, believed, odd) in [
        ("as Google writes", format!("{seal}{BORDER}{spf}{RESULTS}{SENDER}"), true, 0),
        ("without a seal", format!("{BORDER}{spf}{RESULTS}{SENDER}"), true, 0),
        ("forged below", format!("{seal}{BORDER}{spf}{RESULTS}{evil}{SENDER}"), true, 1),
        ("forged instead", format!("{seal}{BORDER}{evil}{SENDER}"), false, 1),
        ("forged further down", format!("{BORDER}{spf}{SENDER}{RESULTS}"), false, 1),
        (
            "forged by another id",
            format!("{BORDER}{spf}Authentication-Results: mx.evil.example; spf=pass\r\n{SENDER}"),
            false,
            1,
        ),
    ] {
        let testimony = testify(format!("{raw}\r\n").as_bytes(), false, &google);
        assert_eq!(testimony.auth.results == wanted, believed, "{what}");
        assert_eq!(testimony.auth.results.is_empty(), !believed, "{what}");
        assert_eq!(testimony.oddities.len(), odd, "{what}: {:?}", testimony.oddities);
    }
}

#[test]
fn alignment_is_unknown_where_the_receiver_leaves_too_much_out() {
    let aligned = |results: &str| {
        let raw = format!("Authentication-Results: mx.mail.example; {results}\r\n{BORDER}{SENDER}\r\n");
        testify(raw.as_bytes(), false, &named()).auth.aligned
    };
    for (results, wanted) in [
        ("dkim=pass header.d=shop.example", Some(true)),
        ("dkim=pass header.d=amazonses.com", None),
        ("dkim=pass header.d=amazonses.com; spf=pass smtp.mailfrom=x.amazonses.com", Some(false)),
        ("dkim=none; spf=pass smtp.mailfrom=bounce.shop.example", Some(true)),
        ("dkim=fail header.d=shop.example; spf=none smtp.mailfrom=shop.example", Some(false)),
        ("dkim=skipped; spf=none smtp.mailfrom=shop.example", None),
        // What could not be found out is no failure.
        ("spf=temperror smtp.mailfrom=bounce.shop.example; dkim=temperror header.d=shop.example", None),
        ("spf=temperror smtp.mailfrom=x.amazonses.com; dkim=fail header.d=shop.example", Some(false)),
        // A bare result is about the only signature that the message bears.
        ("dkim=pass", Some(true)),
        (
            "spf=pass smtp.mailfrom=shop.example; dkim=pass header.d=shop.example; dmarc=fail header.from=shop.example",
            Some(false),
        ),
        ("dmarc=pass header.from=shop.example", Some(true)),
        ("dmarc=bestguesspass header.from=shop.example; spf=pass smtp.mailfrom=shop.example", Some(true)),
        ("none", None),
    ] {
        assert_eq!(aligned(results), wanted, "{results}");
    }
}

#[test]
fn spf_of_helo_is_not_spf_of_mail_from() {
    let spf = |path: &str, results: &str| {
        let raw = format!(
            "Return-Path: <{path}>\r\nAuthentication-Results: mx.mail.example; {results}\r\n{BORDER}{SENDER}\r\n"
        );
        let auth = testify(raw.as_bytes(), false, &named()).auth;
        (auth.spf.and_then(|check| check.word), auth.aligned)
    };
    let both = "dkim=none; spf=pass smtp.helo=mta.shop.example; spf=fail smtp.mailfrom=b@other.example";
    assert_eq!(spf("b@other.example", both), (Some("fail"), Some(false)));
    assert_eq!(spf("b@other.example", "dkim=none; spf=pass smtp.helo=mta.shop.example"), (None, None));
    assert_eq!(
        spf("", "dkim=none; spf=pass smtp.helo=mta.shop.example"),
        (Some("pass"), Some(true)),
        "empty MAIL FROM"
    );
    assert_eq!(spf("b@other.example", "dkim=none; spf=pass").0, Some("pass"), "one that names nothing");
}

#[test]
fn an_unsubscribe_is_signed_only_by_a_signature_that_verified() {
    let sign = |b: &str, h: &str| format!("DKIM-Signature: v=1; d=shop.example; s=sel; h={h}; b={b}\r\n");
    let list = "List-Unsubscribe: <https://shop.example/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
    let (covers, plain) = (sign("aaaaaaaa", "From:List-Unsubscribe:List-Unsubscribe-Post"), sign("bbbbbbbb", "From"));
    let copied = sign("bbbbbbbb", "From:List-Unsubscribe:List-Unsubscribe-Post");
    let both = [covers.as_str(), plain.as_str()].concat();
    let twins = [plain.as_str(), copied.as_str()].concat();
    for (signatures, results, wanted) in [
        (&covers, "dkim=pass header.d=shop.example", Some(true)),
        (&covers, "dkim=fail header.d=shop.example header.s=sel", Some(false)),
        (&covers, "dkim=temperror header.d=shop.example", None),
        (&covers, "spf=pass smtp.mailfrom=shop.example", None),
        (&plain, "dkim=pass header.d=shop.example", Some(false)),
        (
            &both,
            "dkim=fail header.d=shop.example header.b=aaaaaaaa; dkim=pass header.d=shop.example header.b=bbbbbbbb",
            Some(false),
        ),
        (&both, "dkim=pass header.d=shop.example header.s=sel", None),
        (&twins, "dkim=pass header.d=shop.example header.b=bbbbbbbb", None),
    ] {
        let raw = format!(
            "Authentication-Results: mx.mail.example; {results}\r\n{BORDER}{signatures}From: news@shop.example\r\n{list}\r\n"
        );
        let testimony = testify(raw.as_bytes(), false, &named());
        assert_eq!(testimony.identity.unsubscribe.as_ref().unwrap().signed, wanted, "{signatures} {results}");
        let said = remarks(&testimony, None, None).join("\n");
        assert_eq!(said.contains("covered by no verified signature"), wanted == Some(false), "{results}: {said}");
    }
}

#[test]
fn a_message_is_ascribed_to_who_took_it_last_and_to_nobody_unknown() {
    let (mail, office) = (named(), nameless());
    let all = [&mail, &office];
    let guessed = |raw: &str| guess(raw.as_bytes(), all).map(|one| one.title.clone());
    assert_eq!(guessed(&format!("{RESULTS}{BORDER}{SENDER}\r\n")).as_deref(), Some("Mail"));
    let inner = "Received: from mx1.mail.example by store.mail.example; x\r\n";
    assert_eq!(guessed(&format!("{inner}{BORDER}{SENDER}\r\n")).as_deref(), Some("Mail"));
    let onward = "Received: from mx1.mail.example by mail.home.example; x\r\n";
    assert_eq!(guessed(&format!("{onward}{BORDER}{SENDER}\r\n")), None);
    let forwarded = "Received: from mx1.mail.example by a.protection.example; x\r\n";
    assert_eq!(guessed(&format!("{forwarded}{BORDER}{SENDER}\r\n")).as_deref(), Some("Office"));
    assert_eq!(guessed(SENDER), None);
}

#[test]
fn a_clock_that_disagrees_a_loop_and_a_second_sender_are_odd() {
    let raw = format!(
        "Delivered-To: a@mail.example\r\nReceived: by store.mail.example; Mon, 2 Mar 2026 05:00:00 +0000\r\n{RESULTS}{BORDER}Delivered-To: \
         a@mail.example\r\n{SENDER}From: other@evil.example\r\nX-SES-Outgoing: 2026.03.02-192.0.2.99\r\n\r\n"
    );
    let testimony = testify(raw.as_bytes(), false, &named());
    let odd = testimony.oddities.join("\n");
    for words in ["clocks disagree", "a loop", "From names 2 senders", "somebody forwarded it"] {
        assert!(odd.contains(words), "{words} in {odd}");
    }
    assert_eq!((testimony.road.took, testimony.road.hops[1].delay), (None, None), "never negative");
    assert_eq!(testimony.auth.dkim[0].alignment, Alignment::Unknown);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_testify(raw in prop::collection::vec(any::<u8>(), 0..2000)) {
        for provider in [named(), nameless()] {
            let testimony = testify(&raw, false, &provider);
            prop_assert!(testimony.road.hops.len() <= MOST_HOPS);
            let _ = remarks(&testimony, None, None);
        }
    }

    #[test]
    fn whatever_the_sender_writes_the_results_stand(forged in sender_fields()) {
        let own = format!("Return-Path: <x@bounce.shop.example>\r\n{RESULTS}{BORDER}");
        let clean = testify(format!("{own}{SENDER}\r\n").as_bytes(), false, &named());
        let raw = format!("{own}{forged}{SENDER}\r\n");
        prop_assert_eq!(result(&testify(raw.as_bytes(), false, &named())), result(&clean));
    }

    #[test]
    fn refolding_the_header_changes_nothing(fold in prop::sample::select(vec!["\r\n ", "\r\n\t", "\n ", " \r\n  "])) {
        let raw = format!("Return-Path: <x@bounce.shop.example>\r\n{RESULTS}{BORDER}{SENDER}\r\n");
        let unfolded = raw.replace("\r\n\t", " ");
        let folded: Vec<String> = unfolded.lines().map(|line| match line.split_once(": ") {
            Some((name, value)) => format!("{name}: {}", value.replace(' ', fold)),
            None => line.to_owned(),
        }).collect();
        let folded = folded.join("\r\n") + "\r\n\r\n";
        prop_assert_eq!(testify(folded.as_bytes(), false, &named()), testify(raw.as_bytes(), false, &named()));
    }
}

/// Fields a forger would write below the receiver's own.
fn sender_fields() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "Authentication-Results",
        "AUTHENTICATION-RESULTS",
        "Received",
        "Received-SPF",
        "X-Spam-Flag",
        "Return-Path",
        "Delivered-To",
        "ARC-Authentication-Results",
        "X-Other",
    ]);
    let value = prop::sample::select(vec![
        "mx.mail.example; dkim=fail header.d=evil.example; dmarc=fail header.from=shop.example",
        "spf=fail",
        "from evil by mx1.mail.example with SMTP; Mon, 2 Mar 2026 06:00:07 +0000",
        "(mx.mail.example",
        "\"mx.mail.example;",
        "YES",
        "",
        "mx.mail.example\r\n ; dkim=fail",
        "fail client-ip=203.0.113.1",
    ]);
    prop::collection::vec((name, value), 0..12).prop_map(|fields| {
        fields.into_iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect::<Vec<_>>().concat()
    })
}
