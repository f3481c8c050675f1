use proptest::prelude::*;

use super::*;
use crate::domain::probe::Tag;
use crate::domain::run::RunId;
use crate::domain::stream::StreamName;

const PLAIN: &str = "From: News <news@shop.example>\nTo: all@shop.example\nSubject: Hello\n\nBody\n";

fn seed() -> Address {
    Address::new("anna@gmail.com").unwrap()
}

fn tag() -> Tag {
    Tag::derive(&[7; 32], RunId(1), &StreamName::new("news").unwrap(), &seed())
}

fn composed(raw: &[u8], from: Option<&str>) -> Result<String, MessageFault> {
    let seed = seed();
    let composition = Composition { to: &seed, from, tag: None, extra: &[] };
    Template::parse(raw)?.compose(&composition).map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn to_from_tag_and_extra_fields_are_ours_and_the_rest_stays() {
    let (seed, tag) = (seed(), tag());
    let extra = [("X-SES-CONFIGURATION-SET".to_owned(), "marketing".to_owned())];
    let composition = Composition { to: &seed, from: Some("Shop <shop@shop.example>"), tag: Some(&tag), extra: &extra };
    let bytes = Template::parse(PLAIN.as_bytes()).unwrap().compose(&composition).unwrap();
    let expected = format!(
        "From: Shop <shop@shop.example>\r\nTo: anna@gmail.com\r\nSubject: Hello\r\nX-Inboxed-Probe: {}\r\n\
         X-SES-CONFIGURATION-SET: marketing\r\n\r\nBody\r\n",
        tag.as_str()
    );
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn what_ses_writes_and_what_a_delivery_left_is_removed_with_a_note() {
    let raw = "Return-Path: <b@shop.example>\nReceived: from a\n\tby b; today\nDKIM-Signature: v=1;\n b=abc\n\
               ARC-Seal: i=1\nAuthentication-Results: mx; spf=pass\nMessage-ID: <a@b>\nDate: today\n\
               X-SES-Outgoing: x\nx-inboxed-probe: forged\nFrom: a@shop.example\nSubject: =?utf-8?q?caf=C3=A9?=\n folded\n\nB\n";
    let template = Template::parse(raw.as_bytes()).unwrap();
    let notes: Vec<&str> = template.notes().iter().map(String::as_str).collect();
    assert_eq!(
        notes,
        [
            "line 1: Return-Path removed: SES writes its own",
            "line 2: Received removed: left by an earlier delivery",
            "line 4: DKIM-Signature removed: it would not verify any more, SES signs anew",
            "line 6: ARC-Seal removed: left by an earlier delivery",
            "line 7: Authentication-Results removed: left by an earlier delivery",
            "line 8: Message-ID removed: SES writes its own",
            "line 9: Date removed: SES writes its own",
            "line 10: X-SES-Outgoing removed: it would steer SES; use the stream's settings in its place",
            "line 11: x-inboxed-probe removed: each probe gets its own tag",
        ]
    );
    assert_eq!(
        composed(raw.as_bytes(), None).unwrap(),
        "From: a@shop.example\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n folded\r\nTo: anna@gmail.com\r\n\r\nB\r\n"
    );
}

#[test]
fn what_is_no_message_is_refused_with_its_line() {
    let long = format!("From: a@shop.example\n\n{}\n", "x".repeat(999));
    let long_header = format!("From: a@shop.example\nX-A: short\n {}\n\nB\n", "x".repeat(998));
    let rows: [(&[u8], Option<usize>, &str); 24] = [
        (b"", None, "empty"),
        (b" \r\n\n", None, "empty"),
        (b"\xEF\xBB\xBF", None, "empty"),
        (b"\xFF\xFEF\0r\0", Some(1), "UTF-16"),
        (b"From: a@shop.example\n\n\x89PNG\n\0\0", Some(4), "NUL"),
        (b"\nFrom: a@shop.example\n\nB", Some(1), "empty line"),
        (b"Hello world\n", Some(1), "without a colon"),
        (b"<!doctype html><html>\n", Some(1), "without a colon"),
        (b"From: a@shop.example\nHello world\n\nB", Some(2), "without a colon"),
        (b" folded: x\nFrom: a@shop.example\n\nB", Some(1), "continuation"),
        (b"From: a@shop.example\n  \nB\n", Some(2), "white space"),
        (b"From: a@shop.example\nSubject : x\n\nB", Some(2), "Subject "),
        (b"From : a@shop.example\n\nB", Some(1), "From "),
        (b"From: a@shop.example\n: x\n\nB", Some(2), "no name"),
        (b"From: a@shop.example\nSubj\xC3\xA9ct: x\n\nB", Some(2), "no name"),
        (b"From: a@shop.example\nX-A: a\x1bb\n\nB", Some(2), "control character"),
        (b"From: a@shop.example\nCc: b@shop.example\n\nB", Some(2), "Cc"),
        (b"From: a@shop.example\nBCC: b@shop.example\n\nB", Some(2), "BCC"),
        (b"From: a@shop.example\nResent-To: b@shop.example\n\nB", Some(2), "Resent-To"),
        (b"From: a@shop.example\nSubject: a\nsubject: b\n\nB", Some(3), "second Subject"),
        (b"From: a@shop.example\nMime-Version: 1.0\nX: y\nMIME-Version: 1.0\n\nB", Some(4), "second MIME-Version"),
        (b"X: y\nFrom: a@shop.example\nFrom: b@shop.example\n\nB", Some(3), "second From"),
        (long.as_bytes(), Some(3), "999 octets"),
        (long_header.as_bytes(), Some(3), "999 octets"),
    ];
    for (raw, line, words) in rows {
        let fault = composed(raw, None).unwrap_err();
        assert_eq!(fault.line, line, "{fault}");
        assert!(fault.to_string().contains(words), "{fault} / {words}");
        assert!(!fault.remedy.is_empty() && !fault.to_string().contains('\n'), "{fault}");
    }
}

#[test]
fn a_message_without_usable_from_needs_the_streams() {
    let rows = [
        ("Subject: x\n\nB\n", None),
        ("From: a@shop.example, b@shop.example\nSubject: x\n\nB\n", Some(1)),
        ("From: a@shop.example\nSubject: x\nFrom: b@shop.example\n\nB\n", Some(3)),
        ("From: undisclosed:;\nSubject: x\n\nB\n", Some(1)),
        ("From: Anna\nSubject: x\n\nB\n", Some(1)),
    ];
    for (raw, line) in rows {
        assert_eq!(composed(raw.as_bytes(), None).unwrap_err().line, line, "{raw}");
        assert_eq!(Template::parse(raw.as_bytes()).unwrap().sender(None), None, "{raw}");
        let text = composed(raw.as_bytes(), Some("c@shop.example")).unwrap();
        assert_eq!(text.matches("From: ").count(), 1, "{raw}");
        assert!(text.contains("From: c@shop.example\r\n"), "{raw}");
    }
}

#[test]
fn a_configured_from_is_one_mailbox_and_cannot_begin_another_header() {
    let rows = [
        ("news@shop.example", "news@shop.example"),
        ("<news@shop.example>", "news@shop.example"),
        ("News <news@shop.example>", "News <news@shop.example>"),
        ("  Shop   News <news@shop.example> ", "Shop News <news@shop.example>"),
        ("Acme Inc. <news@shop.example>", "\"Acme Inc.\" <news@shop.example>"),
        ("\"Acme, Inc.\" <news@shop.example>", "\"Acme, Inc.\" <news@shop.example>"),
        (r#""a \"b\" \\" <news@shop.example>"#, r#""a \"b\" \\" <news@shop.example>"#),
        ("News (ours) <news@shop.example>", "News <news@shop.example>"),
        ("=?utf-8?q?caf=C3=A9?= <news@shop.example>", "=?utf-8?q?caf=C3=A9?= <news@shop.example>"),
        ("Café <news@shop.example>", "=?UTF-8?B?Q2Fmw6k=?=\r\n <news@shop.example>"),
    ];
    for (from, written) in rows {
        let text = composed(PLAIN.as_bytes(), Some(from)).unwrap();
        assert!(text.starts_with(&format!("From: {written}\r\nTo: ")), "{from}: {text}");
    }
    let endless = format!("{} <news@shop.example>", "x".repeat(1000));
    for bad in [
        "",
        "News",
        "\"News\"",
        "News <>",
        "News <news@shop.example",
        "Acme, Inc. <news@shop.example>",
        "a@shop.example, b@shop.example",
        "News <a@shop.example> <b@shop.example>",
        "<a@shop.example> News",
        "group: a@shop.example;",
        "News <news@shop.example>\r\nBcc: b@shop.example",
        "News\nBcc: b@shop.example <news@shop.example>",
        "Ne\0ws <news@shop.example>",
        "<nëws@shop.example>",
        "\"News <news@shop.example>",
        "News (open <news@shop.example>",
        &endless,
    ] {
        assert!(composed(PLAIN.as_bytes(), Some(bad)).is_err(), "{bad}");
    }
}

#[test]
fn a_long_name_outside_ascii_is_cut_between_characters_and_reads_back() {
    let name = "Überraschend günstige Grüße aus dem größten Geschäft für 日本語 und Ähnliches";
    let text = composed(PLAIN.as_bytes(), Some(&format!("{name} <news@shop.example>"))).unwrap();
    assert!(text.split("\r\n").all(|line| line.len() <= 78), "{text}");
    let read = Template::parse(text.as_bytes()).unwrap().sender(None).unwrap();
    assert_eq!(read, (Some(name.to_owned()), "news@shop.example".to_owned()));
}

#[test]
fn the_envelope_sender_is_the_configured_from_before_the_messages() {
    let template = Template::parse(b"From: =?utf-8?q?caf=C3=A9?=\n <cafe@shop.example>\n\nB").unwrap();
    assert_eq!(template.sender(None), Some((Some("café".to_owned()), "cafe@shop.example".to_owned())));
    assert_eq!(template.sender(Some("a@shop.example")), Some((None, "a@shop.example".to_owned())));
    assert_eq!(template.sender(Some("nobody")), None);
}

#[test]
fn several_to_become_the_seed_and_a_bare_header_gets_its_empty_line() {
    let raw = b"To: a@shop.example,\n b@shop.example\nFrom: a@shop.example\nto: c@shop.example\nSubject: x";
    let template = Template::parse(raw).unwrap();
    assert_eq!(template.notes(), ["line 4: To removed: a probe has one", "the message has no body"]);
    assert_eq!(composed(raw, None).unwrap(), "To: anna@gmail.com\r\nFrom: a@shop.example\r\nSubject: x\r\n\r\n");
}

#[test]
fn byte_order_mark_mbox_line_and_every_kind_of_line_end_are_put_right() {
    let raw =
        b"\xEF\xBB\xBFFrom a@b Mon Jan  1 00:00:00 2026\rFrom: a@shop.example\r\nSubject: x\n\ra\r\rb\n\nc\r\r\nd";
    let template = Template::parse(raw).unwrap();
    assert_eq!(template.notes(), ["line 1: byte order mark removed", "line 1: mbox separator removed"]);
    assert_eq!(
        composed(raw, None).unwrap(),
        "From: a@shop.example\r\nSubject: x\r\nTo: anna@gmail.com\r\n\r\na\r\n\r\nb\r\n\r\nc\r\n\r\nd"
    );
    let fault = Template::parse(b"From a@b\nFrom: a@shop.example\nCc: c@shop.example\n\nB").unwrap_err();
    assert_eq!(fault.line, Some(3), "lines are those of the file");
}

#[test]
fn an_extra_field_cannot_smuggle_a_second_line() {
    let seed = seed();
    let template = Template::parse(PLAIN.as_bytes()).unwrap();
    for (name, value) in
        [("X-A", "a\r\nBcc: b@shop.example"), ("X-A", "a\nb"), ("X A", "b"), ("X:A", "b"), ("", "b"), ("X-A", "\u{85}")]
    {
        let extra = [(name.to_owned(), value.to_owned())];
        let composition = Composition { to: &seed, from: None, tag: None, extra: &extra };
        assert!(template.compose(&composition).is_err(), "{name}: {value}");
    }
}

#[test]
fn the_size_that_counts_is_the_one_after_base64() {
    let head = b"From: a@shop.example\r\n\r\n".to_vec();
    let with_body = |octets: usize| {
        let line = [b'x'; 98].into_iter().chain(*b"\r\n");
        head.iter().copied().chain(line.cycle().take(octets)).collect::<Vec<u8>>()
    };
    let ours = "To: anna@gmail.com\r\n".len();
    let most = LARGEST_MESSAGE / 4 * 3 - head.len() - ours;
    assert!(composed(&with_body(most), None).is_ok());
    let fault = composed(&with_body(most + 1), None).unwrap_err();
    assert!(fault.what.contains("after base64"), "{fault}");
}

#[test]
fn warnings_name_what_may_cost_placement_or_a_subscriber() {
    let head = "From: a@shop.example\nSubject: x\n";
    let one_click = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n";
    let rows = [
        (StreamKind::Outreach, String::new(), vec![]),
        (StreamKind::Marketing, String::new(), vec!["without List-Unsubscribe:"]),
        (StreamKind::Marketing, "List-Unsubscribe: <https://shop.example/u>\n".to_owned(), vec!["line 3", "one click"]),
        (
            StreamKind::Marketing,
            format!("List-Unsubscribe: <https://shop.example/unsubscribe-newsletter>\n{one_click}"),
            vec![],
        ),
        (
            StreamKind::Marketing,
            format!("List-Unsubscribe: <mailto:leave@shop.example?subject=unsubscribe>\n{one_click}"),
            vec![],
        ),
        (
            StreamKind::Marketing,
            format!("List-Unsubscribe: <https://shop.example/u?id=4711>\n{one_click}"),
            vec!["line 3: List-Unsubscribe seems"],
        ),
        (
            StreamKind::Marketing,
            format!("List-Unsubscribe:\n <https://shop.example/u/Zm9vYmFyYmF6cXV4MTIz>\n{one_click}"),
            vec!["line 3: List-Unsubscribe seems"],
        ),
        (
            StreamKind::Marketing,
            format!("List-Unsubscribe: <https://shop.example/u/anna%40gmail.com>\n{one_click}"),
            vec!["line 3: List-Unsubscribe seems"],
        ),
        (
            StreamKind::Marketing,
            format!("List-Unsubscribe: <mailto:leave+0123456789@shop.example>\n{one_click}"),
            vec!["line 3: List-Unsubscribe seems"],
        ),
        (
            StreamKind::Transactional,
            "List-Unsubscribe: <https://shop.example/u>\n".to_owned(),
            vec!["line 3", "transactional"],
        ),
        (StreamKind::Transactional, "Delivered-To: x@gmail.com\n".to_owned(), vec!["line 3: Delivered-To"]),
        (StreamKind::Transactional, "X-Name: Café\n".to_owned(), vec!["line 3: X-Name", "outside ASCII"]),
        (StreamKind::Transactional, format!("\nshort\n{}\n", "x".repeat(200)), vec!["line 5", "200"]),
    ];
    for (kind, extra, words) in rows {
        let template = Template::parse(format!("{head}{extra}\nBody\n").as_bytes()).unwrap();
        let warnings = template.warnings(kind);
        assert_eq!(warnings.len(), usize::from(!words.is_empty()), "{extra}: {warnings:?}");
        for word in words {
            assert!(warnings[0].contains(word), "{extra}: {warnings:?}");
        }
    }
    let silent = Template::parse(b"From: a@shop.example\n\nB").unwrap().warnings(StreamKind::Transactional);
    assert_eq!(silent.len(), 1);
    assert!(silent[0].contains("no Subject"));
}

/// A field that goes out as it is: one line, or folded.
fn kept_field() -> impl Strategy<Value = String> {
    ("X-[A-DF-HJ-RT-Z][a-z]{0,8}", "[ -~\u{e4}\u{65e5}]{0,60}", proptest::option::of("[!-~]{1,40}")).prop_map(
        |(name, value, fold)| match fold {
            Some(fold) => format!("{name}: {value}\r\n\t{fold}\r\n"),
            None => format!("{name}: {value}\r\n"),
        },
    )
}

fn removed_field() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Received: from a\r\n\tby b\r\n".to_owned()),
        Just("DATE: now\r\n".to_owned()),
        Just("ARC-Seal: x\r\n".to_owned()),
        Just("x-ses-anything: x\r\n".to_owned()),
        Just("X-Inboxed-Probe: abcdefghijklmnopqrstuvwxyz\r\n".to_owned()),
    ]
}

fn spoilt(text: &str, line_ends: &[u8]) -> Vec<u8> {
    let mut ends = line_ends.iter().cycle();
    let mut out = Vec::new();
    for line in text.split_inclusive("\r\n") {
        match line.strip_suffix("\r\n") {
            Some(line) => {
                out.extend_from_slice(line.as_bytes());
                // A bare CR before an empty line that ends in LF would read as one line end, so only LF and CRLF vary.
                out.extend_from_slice(if ends.next() == Some(&0) { b"\n" } else { b"\r\n" });
            }
            None => out.extend_from_slice(line.as_bytes()),
        }
    }
    out
}

proptest! {
    #[test]
    fn outside_our_fields_every_octet_stays(
        before in proptest::collection::vec((kept_field(), proptest::option::of(removed_field())), 0..6),
        after in proptest::collection::vec(kept_field(), 0..6),
        body in "([ -~\u{e4}]{0,70}\r\n|\\.\r\n|\r\n){0,8}[ -~]{0,20}",
        line_ends in proptest::collection::vec(0_u8..2, 1..9),
    ) {
        let kept: String = before.iter().map(|(field, _)| field.as_str()).collect();
        let all: String = before.iter().flat_map(|(field, gone)| [field.as_str(), gone.as_deref().unwrap_or("")]).collect();
        let after: String = after.concat();
        let raw = spoilt(&format!("{all}From: a@shop.example\r\nTo: b@shop.example\r\n{after}\r\n{body}"), &line_ends);
        let (seed, tag) = (seed(), tag());
        let template = Template::parse(&raw).unwrap();
        let composition = Composition { to: &seed, from: None, tag: Some(&tag), extra: &[] };
        let out = String::from_utf8(template.compose(&composition).unwrap()).unwrap();
        let expected = format!(
            "{kept}From: a@shop.example\r\nTo: anna@gmail.com\r\n{after}X-Inboxed-Probe: {}\r\n\r\n{body}", tag.as_str()
        );
        prop_assert_eq!(out, expected);
        let removed = before.iter().filter(|(_, gone)| gone.is_some()).count();
        prop_assert_eq!(template.notes().iter().filter(|note| note.contains(" removed")).count(), removed);
    }

    #[test]
    fn any_octets_give_a_fault_or_a_probe_that_ses_can_take(
        raw in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "((From|To|Cc|Date|Subject|X-A|List-Unsubscribe|X-Inboxed-Probe)?:? ?[a-z@.<>,\"\\\\(]{0,8}[\r\n ]{0,3}){0,12}"
                .prop_map(String::into_bytes),
        ],
        from in proptest::option::of("[a-z<>@.\",\\\\ \r\n\u{e4}(]{0,20}|N\u{e4} <a@b\\.example>"),
    ) {
        let (seed, tag) = (seed(), tag());
        let Ok(template) = Template::parse(&raw) else { return Ok(()) };
        for kind in [StreamKind::Marketing, StreamKind::Transactional, StreamKind::Outreach] {
            template.warnings(kind);
        }
        let sender = template.sender(from.as_deref());
        let composition = Composition { to: &seed, from: from.as_deref(), tag: Some(&tag), extra: &[] };
        let Ok(out) = template.compose(&composition) else { return Ok(()) };
        prop_assert!(sender.is_some());
        let again = Template::parse(&out).unwrap();
        prop_assert_eq!(again.named("From").count(), 1);
        prop_assert_eq!(again.named("To").count(), 1);
        prop_assert_eq!(again.sender(None).map(|(_, address)| address), sender.map(|(_, address)| address));
        prop_assert_eq!(with_crlf(&out), out.clone(), "only CRLF ends a line");
        prop_assert!(lines(&out).all(|line| line.len() <= LONGEST_LINE));
        prop_assert_eq!(again.notes().iter().filter(|note| note.contains(TAG_HEADER)).count(), 1);
    }
}
