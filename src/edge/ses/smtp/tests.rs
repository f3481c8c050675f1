use super::*;
use crate::domain::seed::Address;
use crate::edge::ses::stub::SHORT;

use server::{Act, Seen, Server, Step};

mod server;

const ID: &str = "0107019aa-b-000000";

fn letter(bytes: &[u8]) -> Letter {
    Letter {
        sender: "news@shop.example".to_owned(),
        seed: Address::new("anna@gmail.com").unwrap(),
        bytes: bytes.to_vec(),
        configuration_set: None,
        tags: Vec::new(),
    }
}

fn plain() -> Letter {
    letter(b"From: a@shop.example\r\nTo: x@shop.example\r\nBcc: y@shop.example\r\n\r\nBody\r\n")
}

fn kind(handoff: &Handoff) -> (&'static str, String) {
    match handoff {
        Handoff::Accepted(id) => ("accepted", id.as_str().to_owned()),
        Handoff::Refused { why } => ("refused", why.clone()),
        Handoff::NotAccepted { why, retry_after: Some(_) } => ("later", why.clone()),
        Handoff::NotAccepted { why, retry_after: None } => ("stop", why.clone()),
        Handoff::Unknown { why } => ("unknown", why.clone()),
    }
}

#[tokio::test]
async fn every_fault_at_every_step_leaves_at_most_one_message_and_the_right_handoff() {
    let rows = [
        (Step::Greeting, Act::Close, "later", 0),
        (Step::Greeting, Act::Hang, "later", 0),
        (Step::Greeting, Act::Say("421 4.3.2 too many connections"), "later", 0),
        (Step::Greeting, Act::Say("HTTP/1.1 400 Bad Request"), "later", 0),
        (Step::Ehlo, Act::Say("554 no"), "later", 0),
        (Step::Ehlo, Act::Say("250 no extensions at all"), "refused", 0),
        (Step::Auth, Act::Say("535 5.7.8 Authentication Credentials Invalid"), "refused", 0),
        (Step::Auth, Act::Say("454 4.7.0 Temporary authentication failure"), "later", 0),
        (Step::Auth, Act::Close, "later", 0),
        (Step::Mail, Act::Close, "later", 0),
        (Step::Mail, Act::Hang, "later", 0),
        (Step::Mail, Act::Say("454 Throttling failure: Maximum sending rate exceeded."), "later", 0),
        (Step::Mail, Act::Say("454 Throttling failure: Daily message quota exceeded."), "stop", 0),
        (Step::Mail, Act::Say("530 Authentication required"), "refused", 0),
        (Step::Mail, Act::Say("354 what"), "later", 0),
        (Step::Rcpt, Act::Say("550 5.1.1 no such user"), "refused", 0),
        (Step::Rcpt, Act::Say("451 later"), "later", 0),
        (Step::Rcpt, Act::Close, "later", 0),
        (Step::Data, Act::Say("250 Ok 0107019aa-b-000000"), "later", 0),
        (Step::Data, Act::Say("451 later"), "later", 0),
        (Step::Data, Act::Close, "later", 0),
        (Step::Data, Act::Hang, "later", 0),
        (Step::Dot, Act::Say("250 Ok 0107019aa-b-000000"), "accepted", 1),
        (Step::Dot, Act::Say("250-Ok\r\n250 Ok 0107019aa-b-000000"), "accepted", 1),
        (Step::Dot, Act::Say("250 Ok"), "unknown", 1),
        (Step::Dot, Act::Say("250 2.0.0 Ok: queued as 4711"), "unknown", 1),
        (Step::Dot, Act::Say("354 again"), "unknown", 1),
        (Step::Dot, Act::Say("hello"), "unknown", 1),
        (Step::Dot, Act::Close, "unknown", 1),
        (Step::Dot, Act::Hang, "unknown", 1),
        (Step::Dot, Act::Cut("250 Ok 0107019aa-b"), "unknown", 1),
        (Step::Dot, Act::Say("454 Throttling failure: Maximum sending rate exceeded."), "later", 1),
        (Step::Dot, Act::Say("451 4.4.2 Timeout waiting for data from client."), "later", 1),
        (Step::Dot, Act::Say("454 Throttling failure: Daily message quota exceeded."), "stop", 1),
        (Step::Dot, Act::Say("554 Message rejected: Email address is not verified."), "refused", 1),
        (Step::Dot, Act::Say("554 Access denied"), "refused", 1),
    ];
    for (step, act, expected, messages) in rows {
        let server = Server::new(Tls::Implicit, move |_, at| if at == step { act } else { Act::Go }).await;
        let handoff = server.sender().send(&plain()).await;
        let (kind, why) = kind(&handoff);
        assert_eq!((kind, server.messages().len()), (expected, messages), "{step:?} {act:?}: {handoff:?}");
        assert!(!why.contains('\n') && !why.contains("s3cret") && !why.is_empty(), "{why}");
        assert_eq!(server.connections(), 1, "{step:?} {act:?}");
    }
}

#[tokio::test]
async fn the_envelope_is_the_seed_alone_and_the_message_arrives_octet_by_octet() {
    for tls in [Tls::Implicit, Tls::StartTls] {
        let server = Server::new(tls, |_, _| Act::Go).await;
        let sender = server.sender();
        let dotted = letter(b"X: y\r\n\r\n.\r\n..two\r\n.a\r\n\r\n.\r\nlast \xc3\xa4\r\n");
        for letter in [plain(), dotted.clone(), letter(b"X: y\r\n\r\nno final line end"), letter(b"X: y\r\n\r\n")] {
            assert_eq!(sender.send(&letter).await, Handoff::Accepted(SesId::new(ID).unwrap()));
            let received = server.messages().pop().unwrap();
            let expected = letter.bytes.strip_suffix(b"\r\n").unwrap_or(&letter.bytes);
            assert_eq!(received.text.strip_suffix(b"\r\n").unwrap(), expected);
            assert_eq!(received.recipients, ["RCPT TO:<anna@gmail.com>"]);
            let eight = if letter.bytes.is_ascii() { "" } else { " BODY=8BITMIME" };
            assert_eq!(received.sender, format!("MAIL FROM:<news@shop.example>{eight}"));
        }
        assert_eq!((server.connections(), server.messages().len()), (1, 4), "{tls:?}: one kept connection");
    }
}

#[tokio::test]
async fn a_kept_connection_that_died_is_replaced_and_the_message_leaves_once() {
    for act in [Act::Close, Act::Say("421 4.4.2 closing"), Act::Say("451 4.4.2 Timeout waiting for data from client.")]
    {
        // The second message finds the first connection dead.
        let server = Server::new(Tls::Implicit, move |seen, at| {
            if at == Step::Mail && seen.connection == 1 && seen.messages == 1 { act } else { Act::Go }
        })
        .await;
        let sender = server.sender();
        for _ in 0..2 {
            assert_eq!(kind(&sender.send(&plain()).await).0, "accepted", "{act:?}");
        }
        assert_eq!((server.connections(), server.messages().len()), (2, 2), "{act:?}");
    }
    // The message whose dot is being answered is counted already.
    for (step, messages) in [(Step::Rcpt, 1), (Step::Data, 1), (Step::Dot, 2)] {
        let broken = move |seen: Seen, at| if at == step && seen.messages == messages { Act::Close } else { Act::Go };
        let server = Server::new(Tls::Implicit, broken).await;
        let sender = server.sender();
        assert_eq!(kind(&sender.send(&plain()).await).0, "accepted", "{step:?}");
        let expected = if step == Step::Dot { "unknown" } else { "later" };
        assert_eq!(kind(&sender.send(&plain()).await).0, expected, "{step:?}");
        assert_eq!(server.connections(), 1, "{step:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_within_the_message_is_known_to_have_taken_nothing() {
    let server = Server::new(Tls::Implicit, |_, at| if at == Step::Body { Act::Close } else { Act::Go }).await;
    let mut bytes = b"X: y\r\n\r\n".to_vec();
    bytes.extend(b"0123456789\r\n".repeat(2_000_000));
    let handoff = server.sender().send(&letter(&bytes)).await;
    assert_eq!(kind(&handoff).0, "later", "{handoff:?}");
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn what_cannot_be_reached_or_trusted_gets_no_credentials() {
    let untrusted = Server::new(Tls::Implicit, |_, _| Act::Go).await;
    let other = Server::new(Tls::Implicit, |_, _| Act::Go).await;
    let stranger = SmtpSettings { ca_file: other.settings().ca_file, ..untrusted.settings() };
    let wrong_name = SmtpSettings { host: "127.0.0.1".to_owned(), ..untrusted.settings() };
    let in_the_clear = SmtpSettings { tls: Tls::StartTls, ..untrusted.settings() };
    let missing = SmtpSettings { ca_file: Some("/nowhere/ca.pem".into()), ..untrusted.settings() };
    let nobody = SmtpSettings { port: 1, ..untrusted.settings() };
    let rows =
        [(stranger, "later"), (wrong_name, "later"), (in_the_clear, "later"), (missing, "refused"), (nobody, "later")];
    for (settings, expected) in rows {
        let handoff = SmtpSender::new(settings.clone()).with_patience(SHORT).send(&plain()).await;
        assert_eq!(kind(&handoff).0, expected, "{settings:?}: {handoff:?}");
    }
    assert!(untrusted.lines().is_empty(), "{:?}", untrusted.lines());
}

#[tokio::test]
async fn starttls_is_demanded_and_plaintext_behind_it_is_not_taken_for_an_answer() {
    let rows = [
        (Step::PlainEhlo, Act::Say("250-here\r\n250 AUTH PLAIN LOGIN"), "refused"),
        (Step::StartTls, Act::Say("454 TLS not available"), "later"),
        (Step::StartTls, Act::Say("220 go\r\n250-injected\r\n250 AUTH PLAIN"), "later"),
        (Step::PlainGreeting, Act::Hang, "later"),
        (Step::PlainGreeting, Act::Say("554 no service"), "later"),
    ];
    for (step, act, expected) in rows {
        let server = Server::new(Tls::StartTls, move |_, at| if at == step { act } else { Act::Go }).await;
        let handoff = server.sender().send(&plain()).await;
        assert_eq!(kind(&handoff).0, expected, "{step:?} {act:?}: {handoff:?}");
        assert!(server.lines().iter().all(|line| !line.starts_with("AUTH")), "{:?}", server.lines());
    }
}

#[tokio::test]
async fn a_refused_sign_in_is_not_tried_again() {
    let server = Server::new(Tls::Implicit, |_, at| if at == Step::Auth { Act::Say("535 no") } else { Act::Go }).await;
    let sender = server.sender();
    for _ in 0..3 {
        let (kind, why) = kind(&sender.send(&plain()).await);
        assert_eq!(kind, "refused");
        assert!(why.contains("SMTP credentials for eu-central-1"), "{why}");
    }
    assert_eq!(server.connections(), 1);
    assert!(!format!("{sender:?}").contains("s3cret"));
}

#[test]
fn the_control_headers_name_set_and_tags() {
    let tags = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())];
    assert_eq!(
        smtp_headers(Some("marketing"), &tags),
        [
            ("X-SES-CONFIGURATION-SET".to_owned(), "marketing".to_owned()),
            ("X-SES-MESSAGE-TAGS".to_owned(), "a=1, b=2".to_owned()),
        ]
    );
    assert!(smtp_headers(None, &[]).is_empty());
}
