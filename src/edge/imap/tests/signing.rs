//! From the address to the end of the sign-in.

use super::{PASSWORD, access, clock, mailbox, patience, pool_of};
use crate::domain::sign_in::SignIn;
use crate::edge::imap::server::Server;
use crate::edge::imap::{ImapFailure, Mailbox, TlsFault};
use secrecy::SecretString;
use std::time::Duration;

#[tokio::test]
async fn every_step_of_signing_in_can_fail_and_says_how() {
    let answers = [
        ("NO", "{tag} NO no\r\n"),
        ("BAD", "{tag} BAD what\r\n"),
        ("BYE", "* BYE closing\r\n\u{4}"),
        ("EOF", "\u{4}"),
        ("silence", ""),
        ("wrong tag", "zz9 OK done\r\n"),
    ];
    for command in ["AUTHENTICATE", "LIST", "EXAMINE \"INBOX\"", "EXAMINE \"Spam\""] {
        for (name, answer) in answers {
            let server = Server::start().await;
            server.twist(command, answer);
            let failure = mailbox(&server).baseline().await.unwrap_err();
            let refused = matches!(failure, ImapFailure::SignInRefused { .. });
            assert_eq!(refused, command == "AUTHENTICATE" && name == "NO", "{command} {name}: {failure}");
            assert_eq!(failure.is_temporary(), !refused, "{command} {name}: {failure}");
        }
    }
    let server = Server::start().await;
    server.twist("EXAMINE \"Lists\"", "{tag} NO [NOPERM] not yours\r\n");
    let baseline = mailbox(&server).baseline().await.unwrap();
    assert_eq!(baseline.shut.len(), 1, "{baseline:?}");
}

#[tokio::test]
async fn a_busy_server_is_no_wrong_password() {
    let refused = [
        ("{tag} NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n", SignIn::WrongPassword),
        ("{tag} NO [AUTHENTICATIONFAILED] (#AUTH901) try again\r\n", SignIn::WrongPassword),
        ("{tag} NO AUTHENTICATE failed.\r\n", SignIn::WrongPassword),
        ("{tag} NO [ALERT] Application-specific password required\r\n", SignIn::AppPasswordNeeded),
        ("{tag} NO [EXPIRED] too old\r\n", SignIn::PasswordExpired),
        ("{tag} NO [ALERT] Your account is not enabled for IMAP use.\r\n", SignIn::ImapOff),
        (
            "{tag} NO Basic authentication is disabled.\r\n* BYE Connection closed. 14\r\n\u{4}",
            SignIn::BasicAuthDisabled,
        ),
        ("{tag} OK [Error=\"BasicAuthBlocked\"] AUTHENTICATE completed.\r\n", SignIn::BasicAuthDisabled),
        ("* NO [WEBALERT https://x.example/] Web login required.\r\n{tag} NO [ALERT] see there\r\n", SignIn::Blocked),
        ("{tag} NO [ALERT] Please log in via your web browser: https://x.example (Failure)\r\n", SignIn::Blocked),
        ("{tag} NO [AUTHORIZATIONFAILED] not you\r\n", SignIn::Blocked),
        ("{tag} NO [PRIVACYREQUIRED] not here\r\n", SignIn::NoWay),
        ("{tag} NO [REFERRAL imap://anna@other.example/] Go there.\r\n", SignIn::NoWay),
        ("{tag} NO [ALERT] Unsupported authentication mechanism.\r\n", SignIn::NoWay),
        ("{tag} NO [CONTACTADMIN] Login disabled for this user\r\n", SignIn::Blocked),
        ("{tag} NO [CONTACTADMIN] IMAP access is disabled for you\r\n", SignIn::ImapOff),
    ];
    let passing = [
        ("{tag} NO [UNAVAILABLE] (#AUTH012) later\r\n", SignIn::Unavailable),
        ("{tag} NO [UNAVAILABLE] Invalid credentials\r\n", SignIn::Unavailable),
        ("{tag} NO [INUSE] x\r\n", SignIn::Unavailable),
        ("{tag} NO [SERVERBUG] x\r\n", SignIn::Unavailable),
        ("{tag} NO Temporary failure\r\n", SignIn::Unavailable),
        ("{tag} BAD what\r\n", SignIn::Unavailable),
        ("* BYE Server shutting down\r\n\u{4}", SignIn::Unavailable),
        ("Server Unavailable. 15\r\n", SignIn::Unavailable),
        ("{tag} OK [Error=\"WrongServerException\"] AUTHENTICATE completed.\r\n", SignIn::Unavailable),
        ("{tag} NO [CONTACTADMIN] Down for maintenance\r\n", SignIn::Unavailable),
        ("{tag} NO [CONTACTADMIN] Too many connections of yours\r\n", SignIn::TooManyConnections),
        ("{tag} NO [LIMIT] x\r\n", SignIn::TooManyConnections),
        ("{tag} NO [ALERT] Too many simultaneous connections. (Failure)\r\n", SignIn::TooManyConnections),
        ("{tag} NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded\r\n", SignIn::TooManyConnections),
        ("* BYE Too many connections\r\n\u{4}", SignIn::TooManyConnections),
        ("{tag} NO [OVERQUOTA] Account exceeded command or bandwidth limits.\r\n", SignIn::Throttled),
        ("{tag} BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds\r\n", SignIn::Throttled),
    ];
    for (answer, outcome) in refused.iter().chain(&passing).copied() {
        let server = Server::start().await;
        server.twist("AUTHENTICATE", answer);
        let failure = mailbox(&server).baseline().await.unwrap_err();
        assert_eq!(failure.sign_in(), outcome, "{answer}: {failure}");
        let judged = refused.iter().any(|(other, _)| *other == answer);
        assert_eq!(failure.is_temporary(), !judged, "{answer}: {failure}");
        assert!(judged || !failure.to_string().contains("password"), "{answer}: {failure}");
        let wait = answer.contains("92415").then_some(92_415);
        assert!(wait.is_none() || failure.leave_alone() == wait.map(Duration::from_millis), "{answer}");
    }
    let server = Server::start().await;
    server.twist("LIST", "{tag} BAD User is authenticated but not connected.\r\n");
    let failure = mailbox(&server).baseline().await.unwrap_err();
    assert!(failure.sign_in() == SignIn::NotConnected && failure.is_temporary(), "{failure}");
}

#[tokio::test]
async fn the_way_to_sign_in_follows_from_what_the_server_says() {
    let token = "AGFubmFAc3R1Yi5leGFtcGxlAGNhbmFyeSAib2ZcIGdvbGQ=";
    let login = "LOGIN \"anna@stub.example\" \"canary \\\"of\\\\ gold\"".to_owned();
    for (greeting, expected) in [
        ("* OK hi\r\n", vec!["CAPABILITY".to_owned(), login.clone()]),
        ("* OK [CAPABILITY IMAP4rev1] hi\r\n", vec![login.clone()]),
        ("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n", vec![login]),
        ("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi\r\n", vec![format!("AUTHENTICATE PLAIN {token}")]),
        ("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi\r\n", vec![]),
    ] {
        let server = Server::start().await;
        server.world().greeting = greeting.to_owned();
        let outcome = mailbox(&server).baseline().await;
        let heard = server.heard();
        let sign_in: Vec<_> = heard[1..].iter().take_while(|command| !command.starts_with("ID")).cloned().collect();
        assert_eq!(sign_in, expected, "{greeting}");
        assert_eq!(outcome.is_ok(), !expected.is_empty(), "{greeting}");
    }
    // Where no password leads in, what does is said.
    for (greeting, outcome, words) in [
        (
            "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2] hi\r\n",
            SignIn::BasicAuthDisabled,
            "set auth = \"oauth\"",
        ),
        ("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=CRAM-MD5] hi\r\n", SignIn::NoWay, "ask the provider how"),
    ] {
        let server = Server::start().await;
        server.world().greeting = greeting.to_owned();
        let failure = mailbox(&server).baseline().await.unwrap_err();
        assert_eq!(failure.sign_in(), outcome, "{failure}");
        assert!(failure.to_string().contains(words), "{failure}");
    }
    // Asked to go on: the credential, then an empty line for an error challenge.
    let server = Server::start().await;
    server.world().greeting = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN LOGINDISABLED] hi\r\n".to_owned();
    server.twist("AUTHENTICATE", "+ \r\n");
    server.twist_some("", 0, usize::MAX, "i1 NO [AUTHENTICATIONFAILED] no\r\n");
    let failure = mailbox(&server).baseline().await.unwrap_err();
    assert!(matches!(failure, ImapFailure::SignInRefused { .. }), "{failure}");
}

#[tokio::test]
async fn a_greeting_is_judged_before_anything_is_said() {
    for (greeting, temporary, words) in [
        ("* BYE overloaded\r\n\u{4}", true, "ended the connection"),
        ("* PREAUTH hello\r\n", false, "proves no mailbox"),
        ("220 mx.example ESMTP\r\n", false, "did not greet as an IMAP server"),
        ("* NO go away\r\n", false, "did not greet as an IMAP server"),
        ("", true, "no answer to greeting"),
        ("\u{4}", true, "connection was lost"),
    ] {
        let server = Server::start().await;
        server.world().greeting = greeting.to_owned();
        let failure = mailbox(&server).baseline().await.unwrap_err();
        assert_eq!(failure.is_temporary(), temporary, "{greeting}: {failure}");
        assert!(failure.to_string().contains(words), "{greeting}: {failure}");
        assert_eq!(server.heard(), ["--"], "{greeting}");
    }
}

#[tokio::test]
async fn no_password_is_sent_to_whom_is_not_verified_and_none_is_shown() {
    let server = Server::start_named("other.example").await;
    let failure = mailbox(&server).baseline().await.unwrap_err();
    assert!(matches!(failure, ImapFailure::Tls { fault: TlsFault::WrongName, .. }), "{failure}");
    let other = Server::start().await;
    let mut stranger = access(&server);
    (stranger.seed.port, stranger.seed.ca_file) = (other.port, Some(server.ca_file.clone()));
    let mailbox_ = Mailbox::new(stranger, pool_of(1, clock()), clock(), patience());
    let failure = mailbox_.baseline().await.unwrap_err();
    assert!(
        matches!(failure, ImapFailure::Tls { fault: TlsFault::UnknownAuthority | TlsFault::BadCertificate(_), .. }),
        "{failure}"
    );
    assert_eq!((server.heard(), other.heard()), (vec![], vec![]));

    let echo = Server::start().await;
    echo.twist(
        "AUTHENTICATE",
        &format!("{{tag}} BAD what is AGFubmFAc3R1Yi5leGFtcGxlAGNhbmFyeSAib2ZcIGdvbGQ= or {PASSWORD}\r\n"),
    );
    let failure = mailbox(&echo).baseline().await.unwrap_err();
    let shown = format!("{failure} {failure:?} {:?}", mailbox(&echo));
    assert!(!shown.contains("canary") && !shown.contains("AGFub"), "{shown}");
}

#[tokio::test]
async fn starttls_is_offered_and_clean_or_refused() {
    for (offer, answer, words) in [
        ("IMAP4rev1 STARTTLS", "{truth}", None),
        ("IMAP4rev1", "{truth}", Some("does not offer STARTTLS")),
        ("IMAP4rev1 STARTTLS", "{tag} NO not now\r\n", Some("was refused")),
        (
            "IMAP4rev1 STARTTLS",
            "{tag} OK go\r\n* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] injected\r\n",
            Some("slipped in"),
        ),
    ] {
        let server = Server::start().await;
        server.world().start_tls = true;
        server.world().greeting = "* OK hi\r\n".to_owned();
        server.twist_some("CAPABILITY", 0, 1, &format!("* CAPABILITY {offer}\r\n{{tag}} OK done\r\n"));
        server.twist("STARTTLS", answer);
        let outcome = mailbox(&server).baseline().await;
        let heard = server.heard();
        match words {
            None => assert!(outcome.is_ok() && heard.iter().any(|command| command.starts_with("LOGIN")), "{outcome:?}"),
            Some(words) => {
                assert!(outcome.unwrap_err().to_string().contains(words), "{offer} {answer}");
                assert!(
                    !heard.iter().any(|command| command.contains("canary") || command.contains("AUTH")),
                    "{heard:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_host_that_is_not_there_is_not_reached() {
    let server = Server::start().await;
    let mut access = access(&server);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    access.seed.port = listener.local_addr().unwrap().port();
    drop(listener);
    let failure = Mailbox::new(access, pool_of(1, clock()), clock(), patience()).baseline().await.unwrap_err();
    assert!(matches!(failure, ImapFailure::NotReached { .. }) && failure.is_temporary(), "{failure}");
}

#[tokio::test]
async fn an_8_bit_password_waits_for_the_capabilities_and_a_line_break_never_leaves() {
    let server = Server::start().await;
    server.world().greeting = "* OK hi\r\n".to_owned();
    server.world().capabilities = "IMAP4rev1 AUTH=PLAIN SASL-IR".to_owned();
    for (password, sent) in [("gr\u{fc}n", true), ("a\r\nx LOGOUT", false), ("a\0b", false)] {
        let mut access = access(&server);
        access.credential = super::Credential::Password(SecretString::from(password));
        let outcome = Mailbox::new(access, pool_of(1, clock()), clock(), patience()).baseline().await;
        assert_eq!(outcome.is_ok(), sent, "{password:?}: {outcome:?}");
        let heard = server.heard();
        if sent {
            assert!(heard[1] == "CAPABILITY" && heard[2].starts_with("AUTHENTICATE PLAIN "), "{heard:?}");
        } else {
            assert!(!outcome.unwrap_err().is_temporary() && heard == ["--"], "{heard:?}");
        }
    }
}
