//! The rules of the harvest against a server that keeps them, and one that breaks them one by one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::server::Server;
use super::{Access, Credential, ImapFailure, Mailbox, Patience, Pool, Tabs, TlsFault};
use crate::domain::folder::Role;
use crate::domain::look::{Look, Sought};
use crate::domain::probe::{ProbeId, SesId, Tag};
use crate::domain::provider::{Provider, ProviderName, Tls};
use crate::domain::seed::{Address, AuthKind, IpFamily, Seed};
use crate::domain::sighting::{Tab, TabAnswer};
use crate::edge::clock::Clock;

const TAG: &str = "abcdefghijklmnopqrstuvwx27";
const PASSWORD: &str = "canary \"of\\ gold";

fn header(tag: &str) -> String {
    format!("Received: by x\r\nX-Inboxed-Probe: {tag}\r\nSubject: hello\r\n\r\n")
}

fn sought() -> Vec<Sought> {
    vec![Sought { probe: ProbeId(1), tag: Tag::parse(TAG), ses_id: None, ask_tab: true }]
}

fn access(server: &Server) -> Access {
    let provider = Provider {
        name: ProviderName::new("stub").unwrap(),
        title: "Stub".to_owned(),
        host: None,
        port: server.port,
        tls: Tls::Implicit,
        names: BTreeMap::new(),
        tabs: true,
        spam_threshold: false,
        max_connections: 10,
        sign_in_gap: Duration::ZERO,
        message_limit: None,
        domains: Vec::new(),
        sign_in_help: "use an app password".to_owned(),
    };
    let seed = Seed {
        address: Address::new("anna@stub.example").unwrap(),
        provider: provider.name.clone(),
        login: "anna@stub.example".to_owned(),
        auth: AuthKind::Password,
        host: "localhost".to_owned(),
        port: server.port,
        tls: if server.world().start_tls { Tls::StartTls } else { Tls::Implicit },
        ca_file: Some(server.ca_file.clone()),
        ip: IpFamily::V4,
        junk: None,
        labels: Vec::new(),
    };
    Access { seed, provider: Arc::new(provider), credential: Credential::Password(SecretString::from(PASSWORD)) }
}

fn patience() -> Patience {
    let short = Duration::from_millis(400);
    Patience { connect: Duration::from_secs(5), greeting: short, command: short, flight: short * 4, logout: short }
}

fn clock() -> Clock {
    Clock::simulated("2026-11-24T05:59:00Z".parse().unwrap(), 1.0)
}

fn mailbox(server: &Server) -> Mailbox {
    Mailbox::new(access(server), Pool::new(5, clock()), clock(), patience())
}

/// `folder/uid` of each copy.
fn seen(look: &Look) -> Vec<String> {
    look.copies.iter().map(|copy| format!("{}/{}", copy.sighting.folder.wire(), copy.sighting.uid)).collect()
}

#[tokio::test]
async fn a_baseline_takes_four_round_trips_and_a_look_one() {
    let server = Server::start().await;
    server.deliver("INBOX", &header(TAG));
    let mailbox = mailbox(&server);
    let baseline = mailbox.baseline().await.unwrap();
    let marks: Vec<_> =
        baseline.marks.iter().map(|mark| (mark.folder.wire(), mark.role, mark.uid_next, mark.exists)).collect();
    assert_eq!(marks, [("INBOX", Role::Inbox, 2, 1), ("Spam", Role::Junk, 1, 0), ("Lists", Role::Other, 1, 0)]);
    let heard = server.heard();
    assert!(heard[1].starts_with("AUTHENTICATE PLAIN "), "{heard:?}");
    assert_eq!(heard[2], format!("ID (\"name\" \"inboxed\" \"version\" \"{}\")", env!("CARGO_PKG_VERSION")));
    assert_eq!(
        heard[3..],
        ["LIST \"\" \"*\" RETURN (SPECIAL-USE)", "EXAMINE \"INBOX\"", "EXAMINE \"Spam\"", "EXAMINE \"Lists\""]
    );

    let look = mailbox.look(&sought()).await;
    // The copy that was there before the baseline is not new, though `2:*` names it.
    assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec![]));
    server.deliver("Spam", &header(TAG));
    server.deliver("Spam", &header("bbbbbbbbbbbbbbbbbbbbbbbbbb"));
    let look = mailbox.look(&sought()).await;
    assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["Spam/1".to_owned()]));
    assert_eq!(look.copies[0].sighting.arrived_at, Some("2026-11-24T06:00:00Z".parse().unwrap()));
    assert_eq!(look.copies[0].headers, header(TAG).as_bytes());
    // Known copies are reported as long as they are there, and their headers are not read again.
    server.heard();
    let look = mailbox.look(&sought()).await;
    assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["Spam/1".to_owned()]));
    let heard = server.heard();
    assert!(heard.contains(&"UID FETCH 1:* (UID)".to_owned()), "{heard:?}");
    assert!(heard.contains(&"UID FETCH 3:* (UID INTERNALDATE BODY.PEEK[HEADER]<0.65536>)".to_owned()), "{heard:?}");
    server.world().folders.get_mut("Spam").unwrap().mails.remove(0);
    let look = mailbox.look(&sought()).await;
    assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec![]));
    mailbox.close().await;
    let heard = server.heard();
    assert_eq!(heard.last().unwrap(), "LOGOUT");
    assert!(!heard.contains(&"--".to_owned()), "one connection serves all: {heard:?}");
    let writes = ["SELECT", "STORE", "COPY", "MOVE", "EXPUNGE", "APPEND"];
    assert!(!heard.iter().any(|command| writes.iter().any(|verb| command.contains(verb))));
}

/// Whatever goes wrong with whichever command: the look is not complete and says so, and what the other folders show is
/// still reported where the session lives.
#[tokio::test]
async fn no_failed_command_is_ever_read_as_nothing_there() {
    let answers = [
        ("NO", "{tag} NO [UNAVAILABLE] later\r\n"),
        ("BAD", "{tag} BAD what\r\n"),
        ("BYE", "* BYE closing\r\n\u{4}"),
        ("EOF", "\u{4}"),
        ("half", "* 1 FET\u{4}"),
        ("silence", ""),
        ("wrong tag", "zz9 OK done\r\n"),
        ("garbage", "Server Unavailable.\r\n{tag} OK done\r\n"),
        ("bad fetch", "* 1 FETCH ()\r\n{tag} OK done\r\n"),
        ("parens", &format!("* 1 FETCH (BODYSTRUCTURE {}\r\n", "(".repeat(1_000))),
        ("literal", "* 1 FETCH (UID 1 BODY[HEADER] {500000000}\r\n"),
        ("continue", "+ go on\r\n{tag} OK done\r\n"),
        ("panic", "* OK [ALERT]\u{e9}\r\n* 1 FETCH (INTERNALDATE {3}\r\n"),
    ];
    for command in ["EXAMINE \"INBOX\"", "EXAMINE \"Spam\"", "EXAMINE \"Lists\"", "UID FETCH"] {
        for (name, answer) in &answers {
            let server = Server::start().await;
            let mailbox = mailbox(&server);
            mailbox.baseline().await.unwrap();
            server.deliver("Lists", &header(TAG));
            server.twist(command, answer);
            let look = mailbox.look(&sought()).await;
            assert!(look.failed.is_some(), "{command} {name}: {look:?}");
            assert!(look.temporary, "{command} {name}: {look:?}");
            if matches!(*name, "NO" | "BAD") && command.contains("Spam") {
                assert_eq!(seen(&look), ["Lists/1"], "{command} {name}");
                assert!(look.failed.unwrap().contains("Spam"), "{command} {name}");
            }
            // The fault over, the next look is whole again.
            server.world().twists.clear();
            let look = mailbox.look(&sought()).await;
            assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["Lists/1".to_owned()]), "{command} {name}");
        }
    }
}

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
    for (answer, temporary, wait) in [
        ("{tag} NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n", false, None),
        ("{tag} NO [ALERT] Application-specific password required\r\n", false, None),
        ("{tag} NO AUTHENTICATE failed.\r\n", false, None),
        ("{tag} NO [UNAVAILABLE] (#AUTH012) later\r\n", true, None),
        ("{tag} NO [LIMIT] x\r\n", true, None),
        ("{tag} NO [INUSE] x\r\n", true, None),
        ("{tag} NO [ALERT] Too many simultaneous connections. (Failure)\r\n", true, None),
        ("* BYE too busy\r\n\u{4}", true, None),
        ("{tag} OK [Error=\"WrongServerException\"] AUTHENTICATE completed.\r\n", true, None),
        ("{tag} BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds\r\n", true, Some(92_415)),
    ] {
        let server = Server::start().await;
        server.twist("AUTHENTICATE", answer);
        let failure = mailbox(&server).baseline().await.unwrap_err();
        assert_eq!(failure.is_temporary(), temporary, "{answer}: {failure}");
        assert_eq!(failure.leave_alone(), wait.map(Duration::from_millis), "{answer}");
        assert_eq!(failure.to_string().contains("app password"), !temporary, "{failure}");
    }
    let server = Server::start().await;
    server.twist("LIST", "{tag} BAD User is authenticated but not connected.\r\n");
    let failure = mailbox(&server).baseline().await.unwrap_err();
    assert!(matches!(failure, ImapFailure::NotConnected { .. }) && failure.is_temporary(), "{failure}");
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
    let mailbox_ = Mailbox::new(stranger, Pool::new(1, clock()), clock(), patience());
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
async fn fewer_messages_than_announced_are_asked_for_once_more_and_then_failed() {
    let nothing = "{tag} OK done\r\n";
    // The question goes to three folders, then to the inbox once more.
    for (times, complete) in [(1, true), (4, false)] {
        let server = Server::start().await;
        let mailbox = mailbox(&server);
        mailbox.baseline().await.unwrap();
        server.deliver("INBOX", &header(TAG));
        server.twist_some("UID FETCH 1:* (UID INTERNALDATE", 0, times, nothing);
        let look = mailbox.look(&sought()).await;
        assert_eq!(look.failed.is_none(), complete, "{look:?}");
        assert_eq!(seen(&look).is_empty(), !complete, "{look:?}");
    }
    // A header that never comes is not a message that is not ours.
    let server = Server::start().await;
    let mailbox = mailbox(&server);
    mailbox.baseline().await.unwrap();
    server.deliver("INBOX", &header(TAG));
    server.twist("UID FETCH 1:* (UID INTERNALDATE", "* 1 FETCH (UID 1 BODY[HEADER]<0> NIL)\r\n{tag} OK done\r\n");
    assert!(mailbox.look(&sought()).await.failed.unwrap().contains("could not be read"));
}

#[tokio::test]
async fn an_expunge_never_makes_a_look_incomplete() {
    let server = Server::start().await;
    for _ in 0..3 {
        server.deliver("INBOX", "Subject: old\r\n\r\n");
    }
    let mailbox = mailbox(&server);
    mailbox.baseline().await.unwrap();
    server.world().folders.get_mut("INBOX").unwrap().mails.clear();
    server.deliver("INBOX", &header(TAG));
    let look = mailbox.look(&sought()).await;
    assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["INBOX/4".to_owned()]));
}

#[tokio::test]
async fn a_changed_uidvalidity_is_read_anew_from_the_baseline_on() {
    let server = Server::start().await;
    server.deliver_dated("INBOX", &header(TAG), "01-Jan-2020 00:00:00 +0000", "");
    let mailbox = mailbox(&server);
    mailbox.baseline().await.unwrap();
    server.deliver("INBOX", &header(TAG));
    assert_eq!(seen(&mailbox.look(&sought()).await), ["INBOX/2"]);
    {
        let mut world = server.world();
        let inbox = world.folders.get_mut("INBOX").unwrap();
        inbox.validity = 9;
        inbox.next = 12;
        for (mail, uid) in inbox.mails.iter_mut().zip([10, 11]) {
            mail.uid = uid;
        }
    }
    server.heard();
    // The old copy from 2020 is none of this run, under whatever UID.
    let look = mailbox.look(&sought()).await;
    assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["INBOX/11".to_owned()]));
    assert_eq!(look.copies[0].uid_validity, Some(9));
    assert!(server.heard().contains(&"UID FETCH 1:* (UID INTERNALDATE)".to_owned()));
    server.deliver("INBOX", &header(TAG));
    let look = mailbox.look(&sought()).await;
    assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["INBOX/11".to_owned(), "INBOX/12".to_owned()]));
    // UIDNEXT going back is the same.
    {
        let mut world = server.world();
        let inbox = world.folders.get_mut("INBOX").unwrap();
        inbox.mails.truncate(2);
        inbox.mails[1].uid = 3;
        inbox.mails[0].uid = 2;
        inbox.next = 4;
    }
    let look = mailbox.look(&sought()).await;
    assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["INBOX/3".to_owned()]));
}

#[tokio::test]
async fn a_server_without_uidnext_or_uidvalidity_is_read_all_the_same() {
    let server = Server::start().await;
    server.deliver("INBOX", "Subject: old\r\n\r\n");
    let bare = |count: u32| format!("* {count} EXISTS\r\n{{tag}} OK open\r\n");
    server.twist_some("EXAMINE \"INBOX\"", 0, 2, &bare(1));
    server.twist_some("EXAMINE \"INBOX\"", 0, 9, &bare(2));
    server.twist("EXAMINE \"Spam\"", &bare(0));
    let mailbox = mailbox(&server);
    let baseline = mailbox.baseline().await.unwrap();
    assert_eq!((baseline.marks[0].uid_next, baseline.marks[0].uid_validity), (2, None));
    server.deliver("INBOX", &header(TAG));
    // The stub marks the folder as open although its answer was replaced.
    let look = mailbox.look(&sought()).await;
    assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["INBOX/2".to_owned()]));
}

#[tokio::test]
async fn a_message_limit_is_followed_to_the_end() {
    let server = Server::start().await;
    let mailbox = mailbox(&server);
    mailbox.baseline().await.unwrap();
    server.world().message_limit = Some(3);
    server.deliver("INBOX", &header(TAG));
    for _ in 0..10 {
        server.deliver("INBOX", "Subject: other\r\n\r\n");
    }
    for _ in 0..2 {
        let look = mailbox.look(&sought()).await;
        assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["INBOX/1".to_owned()]));
    }
}

#[tokio::test]
async fn data_belongs_to_the_folder_that_is_being_answered() {
    let server = Server::start().await;
    let mailbox = mailbox(&server);
    mailbox.baseline().await.unwrap();
    // Flags of a message before the folder is open, a number without UID, a header in two parts and in odd order.
    let header = header(TAG);
    server.deliver("Spam", &header);
    let odd = format!(
        "* 1 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (BODY[HEADER]<0> {{{}}}\r\n{header} UID 1)\r\n* 1 FETCH (UID 1 INTERNALDATE NIL)\r\n{{tag}} OK done\r\n",
        header.len()
    );
    server.twist("UID FETCH 1:* (UID INTERNALDATE BODY", &odd);
    server.twist("EXAMINE \"Lists\"", "* 1 FETCH (UID 7)\r\n{truth}");
    let look = mailbox.look(&sought()).await;
    assert!(look.failed.is_none(), "{look:?}");
    assert_eq!(look.copies.iter().filter(|copy| copy.sighting.arrived_at.is_none()).count(), look.copies.len());
    assert!(seen(&look).contains(&"Spam/1".to_owned()), "{look:?}");

    // A folder that cannot be opened takes nothing from the one before.
    let server = Server::start().await;
    let mailbox = self::mailbox(&server);
    mailbox.baseline().await.unwrap();
    server.deliver("INBOX", &header);
    server.twist("EXAMINE \"Spam\"", "{tag} NO no\r\n");
    server.twist_some("UID FETCH", 1, 1, &odd);
    let look = mailbox.look(&sought()).await;
    assert_eq!(seen(&look), ["INBOX/1"], "{look:?}");
    assert!(look.failed.unwrap().contains("Spam"));
}

#[tokio::test]
async fn a_key_that_is_known_later_finds_what_was_read_before() {
    let server = Server::start().await;
    let mailbox = mailbox(&server);
    mailbox.baseline().await.unwrap();
    server.deliver("INBOX", "Message-ID: <0107-abc@eu-central-1.amazonses.com>\r\n\r\n");
    let mut sought = vec![Sought { probe: ProbeId(4), tag: None, ses_id: None, ask_tab: false }];
    assert_eq!(seen(&mailbox.look(&sought).await), Vec::<String>::new());
    sought[0].ses_id = SesId::new("0107-abc");
    let look = mailbox.look(&sought).await;
    assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["INBOX/1".to_owned()]));
}

#[tokio::test]
async fn a_folder_of_any_name_is_opened_and_a_removed_one_is_no_fault() {
    let server = Server::start().await;
    let spam = server.world().folders.remove("Spam").unwrap();
    server.world().folders.insert("Sp\"am\\x".to_owned(), spam);
    let mailbox = mailbox(&server);
    mailbox.baseline().await.unwrap();
    server.deliver("Sp\"am\\x", &header(TAG));
    server.world().folders.remove("Lists");
    server.world().folders.insert("New".to_owned(), super::server::Box_ { validity: 3, next: 1, ..Default::default() });
    server.deliver("New", &header(TAG));
    let look = mailbox.look(&sought()).await;
    assert_eq!(look.failed, None);
    assert_eq!(seen(&look), ["Sp\"am\\x/1", "New/1"]);
    assert_eq!(look.copies[0].sighting.role, Role::Junk);
}

#[tokio::test]
async fn a_dead_kept_session_is_replaced_at_once() {
    for farewell in ["* BYE idle too long\r\n\u{4}", "\u{4}"] {
        let server = Server::start().await;
        let mailbox = mailbox(&server);
        mailbox.baseline().await.unwrap();
        server.deliver("INBOX", &header(TAG));
        server.twist_some("EXAMINE", 0, 1, farewell);
        server.heard();
        let look = mailbox.look(&sought()).await;
        assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["INBOX/1".to_owned()]));
        assert_eq!(server.heard().iter().filter(|command| *command == "--").count(), 1);
    }
}

#[tokio::test]
async fn a_resumed_mailbox_compares_with_the_stored_baseline() {
    let server = Server::start().await;
    let baseline = mailbox(&server).baseline().await.unwrap();
    server.deliver("INBOX", &header(TAG));
    let resumed = mailbox(&server);
    assert!(resumed.look(&sought()).await.failed.unwrap().contains("no baseline"));
    resumed.resume(baseline);
    let look = resumed.look(&sought()).await;
    assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["INBOX/1".to_owned()]));
}

#[tokio::test]
async fn tabs_are_asked_where_they_are_and_wanted() {
    for (capabilities, category, twist, answer) in [
        ("IMAP4rev1 X-GM-EXT-1", "promotions", None, TabAnswer::Known(Tab::Promotions)),
        ("IMAP4rev1 X-GM-EXT-1", "", None, TabAnswer::Unknown),
        ("IMAP4rev1", "promotions", None, TabAnswer::NotApplicable),
        ("IMAP4rev1 X-GM-EXT-1", "forums", Some("{tag} NO [SERVERBUG] no\r\n"), TabAnswer::Failed(String::new())),
        ("IMAP4rev1 X-GM-EXT-1", "forums", Some("\u{4}"), TabAnswer::Failed(String::new())),
    ] {
        let server = Server::start().await;
        server.world().capabilities = capabilities.to_owned();
        let mailbox = mailbox(&server);
        mailbox.baseline().await.unwrap();
        server.deliver_dated("INBOX", &header(TAG), "24-Nov-2026 06:00:00 +0000", category);
        if let Some(twist) = twist {
            server.twist("UID SEARCH", twist);
        }
        let look = mailbox.look(&sought()).await;
        assert_eq!(look.failed, None);
        match (&look.copies[0].sighting.tab, &answer) {
            (TabAnswer::Failed(why), TabAnswer::Failed(_)) => assert!(!why.is_empty()),
            (found, expected) => assert_eq!(found, expected),
        }
        let mut unasked = sought();
        unasked[0].ask_tab = false;
        server.heard();
        assert_eq!(mailbox.look(&unasked).await.copies[0].sighting.tab, TabAnswer::NotApplicable);
        assert!(!server.heard().iter().any(|command| command.contains("SEARCH")));
    }
}

#[tokio::test]
async fn any_number_of_seeds_gets_its_turn_under_any_limit() {
    for (most, at_provider) in [(1, 10), (10, 1), (3, 2)] {
        let server = Server::start().await;
        let pool = Pool::new(most, clock());
        let mut seeds = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let mut access = access(&server);
            access.provider = Arc::new(Provider { max_connections: at_provider, ..(*access.provider).clone() });
            let mailbox = Mailbox::new(access, Arc::clone(&pool), clock(), Patience::default());
            seeds.spawn(async move {
                mailbox.baseline().await.unwrap();
                for _ in 0..3 {
                    assert_eq!(mailbox.look(&sought()).await.failed, None);
                }
                mailbox.close().await;
            });
        }
        while let Some(done) = seeds.join_next().await {
            done.unwrap();
        }
        // The server notices the end of a connection a moment after we do.
        let most_open = server.world().open.1;
        assert!(most_open <= most.min(at_provider) + 1, "{most_open} of {most}");
    }
}

#[tokio::test]
async fn an_interrupted_look_gives_its_connection_back() {
    let server = Server::start().await;
    let pool = Pool::new(1, clock());
    let stuck = Mailbox::new(access(&server), Arc::clone(&pool), clock(), Patience::default());
    stuck.baseline().await.unwrap();
    server.twist("", "");
    let look = tokio::time::timeout(Duration::from_millis(100), stuck.look(&sought())).await;
    assert!(look.is_err());
    server.world().twists.clear();
    let next = Mailbox::new(access(&server), pool, clock(), Patience::default());
    assert!(next.baseline().await.is_ok());
}

#[tokio::test]
async fn a_wish_to_be_left_alone_reaches_the_caller() {
    let server = Server::start().await;
    let mailbox = mailbox(&server);
    mailbox.baseline().await.unwrap();
    server.twist("EXAMINE \"Lists\"", "{tag} NO Request is throttled. Suggested Backoff Time: 30000 milliseconds\r\n");
    let look = mailbox.look(&sought()).await;
    assert!(look.failed.is_some() && look.temporary);
    assert_eq!(look.leave_alone, Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn a_survey_shows_folders_roles_tabs_and_the_newest_mail() {
    let server = Server::start().await;
    server.world().capabilities.push_str(" X-GM-EXT-1");
    server.deliver_dated("INBOX", "Subject: x\r\n\r\n", "20-Nov-2026 06:00:00 +0000", "social");
    let survey = mailbox(&server).survey().await.unwrap();
    assert_eq!(survey.tabs, Tabs::On);
    assert_eq!(survey.newest_in_inbox, Some("2026-11-20T06:00:00Z".parse().unwrap()));
    let roles: Vec<_> =
        survey.folders.iter().map(|folder| (folder.name.wire(), folder.role, folder.exists.clone())).collect();
    assert_eq!(roles, [("INBOX", Role::Inbox, Ok(1)), ("Spam", Role::Junk, Ok(0)), ("Lists", Role::Other, Ok(0))]);
}

#[tokio::test]
async fn a_host_that_is_not_there_is_not_reached() {
    let server = Server::start().await;
    let mut access = access(&server);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    access.seed.port = listener.local_addr().unwrap().port();
    drop(listener);
    let failure = Mailbox::new(access, Pool::new(1, clock()), clock(), patience()).baseline().await.unwrap_err();
    assert!(matches!(failure, ImapFailure::NotReached { .. }) && failure.is_temporary(), "{failure}");
}
