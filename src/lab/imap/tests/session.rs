//! Signing in, looking, and what the journal and the snapshot say afterwards.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::lab::ca::Certificate;
use crate::lab::fault::{Action, Faults, Rule, Verb};
use crate::lab::imap::journal::{Count, Journal};
use crate::lab::imap::{ImapServer, ImapSettings};

#[tokio::test]
async fn a_harvest_takes_one_round_trip_to_sign_in_and_one_for_all_folders() {
    let lab = lab().await;
    fill(&lab, Character::Plain);
    let before = lab.mailboxes.snapshot();
    let mut client = Client::sign_in(&lab, Character::Plain).await;
    let commands = "a LIST \"\" \"*\" RETURN (SPECIAL-USE)\r\n\
                    b EXAMINE INBOX\r\nc UID FETCH 1:* (UID INTERNALDATE BODY.PEEK[HEADER]<0.65536>)\r\n\
                    d EXAMINE Junk\r\ne UID FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])\r\n";
    client.send(commands).await;
    let said = client.until("e").await;
    let row = "UID 2 INTERNALDATE \" 2-Mar-2026 06:00:00 +0000\" BODY[HEADER]<0> {86}\r\nReturn-Path";
    assert!(said.contains(row), "{said}");
    assert!(
        said.contains("* 1 FETCH (UID 1 BODY[HEADER.FIELDS (SUBJECT)] {23}\r\nSubject: a\r\n folded\r\n\r\n)"),
        "{said}"
    );
    assert!(!said.contains("Body"), "{said}");
    assert!(client.ask("f LOGOUT").await.starts_with("* BYE"));
    assert_eq!(client.rest().await, (String::new(), "closed".to_owned()));
    let connection = lab.journal.connections().remove(0);
    assert_eq!((connection.round_trips, connection.commands.len()), (3, 7), "{:?}", connection.commands);
    assert_eq!(connection.login.as_deref(), Some("plain@lab.example"));
    assert_eq!(lab.journal.sins(), []);
    assert_eq!(before.differences(&lab.mailboxes.snapshot()), [""; 0]);
}

#[tokio::test]
async fn a_large_batch_is_still_one_round_trip() {
    let lab = lab().await;
    let mut client = Client::sign_in(&lab, Character::Outlook).await;
    let batch: Vec<String> = (0..3000).map(|number| format!("n{number} NOOP\r\n")).collect();
    client.send(&batch.concat()).await;
    client.until("n2999").await;
    let connection = lab.journal.connections().remove(0);
    assert_eq!((connection.round_trips, connection.command_count), (2, 3001));
}

#[tokio::test]
async fn every_way_to_sign_in_works_and_no_secret_is_written_down() {
    let lab = lab().await;
    lab.mailboxes.set_token("gmail@lab.example", Some("ya29")).unwrap();
    let plain = STANDARD.encode("\0gmail@lab.example\0s\"e\\cret");
    let oauth = |token: &str| STANDARD.encode(format!("user=gmail@lab.example\x01auth=Bearer {token}\x01\x01"));
    for (said, accepted) in [
        ("a LOGIN \"gmail@lab.example\" \"s\\\"e\\\\cret\"\r\n".to_owned(), true),
        ("a LOGIN {17+}\r\ngmail@lab.example {8+}\r\ns\"e\\cret\r\n".to_owned(), true),
        (format!("a AUTHENTICATE PLAIN {plain}\r\n"), true),
        (format!("a AUTHENTICATE PLAIN\r\n{plain}\r\n"), true),
        (format!("a AUTHENTICATE XOAUTH2 {}\r\n", oauth("ya29")), true),
        (format!("a AUTHENTICATE XOAUTH2 {}\r\n\r\n", oauth("s\"e\\cret")), false),
        ("a LOGIN outlook@lab.example \"s\\\"e\\\\cret\"\r\n".to_owned(), false),
        ("a LOGIN gmail@lab.example ya29\r\n".to_owned(), false),
    ] {
        lab.journal.clear();
        let (mut client, _) = Client::connect(&lab, Character::Gmail).await;
        client.send(&said).await;
        let answer = client.until("a").await;
        assert_eq!(answer.contains("a OK gmail@lab.example authenticated (Success)"), accepted, "{said}: {answer}");
        assert_eq!(answer.contains("* CAPABILITY"), accepted, "{said}: {answer}");
        assert_eq!(answer.contains("a NO [AUTHENTICATIONFAILED]"), !accepted, "{said}: {answer}");
        let sign_ins = lab.journal.sign_ins();
        assert_eq!(sign_ins.iter().map(|sign_in| sign_in.accepted).collect::<Vec<_>>(), [accepted]);
        let commands = format!("{:?}", lab.journal.connections());
        for secret in ["cret", "ya29", &plain, &oauth("ya29")] {
            assert!(!commands.contains(secret), "{commands}");
        }
    }
}

#[tokio::test]
async fn a_literal_waits_for_leave_and_that_costs_a_round_trip() {
    let lab = lab().await;
    let (mut client, _) = Client::connect(&lab, Character::Plain).await;
    client.send("a LOGIN {17}\r\n").await;
    assert!(client.line().await.unwrap().starts_with("+ "));
    client.send("plain@lab.example {8}\r\n").await;
    assert!(client.line().await.unwrap().starts_with("+ "));
    client.send("s\"e\\cret\r\n").await;
    assert!(client.until("a").await.starts_with("a OK [CAPABILITY "));
    assert_eq!(lab.journal.round_trips(), 3);
    client.send(&format!("b LIST \"\" {}\r\n", "x".repeat(70_000))).await;
    assert_eq!(client.rest().await, ("* BYE Command line too long\r\n".to_owned(), "closed".to_owned()));
}

#[tokio::test]
async fn starttls_is_needed_before_signing_in_and_forgets_what_came_before() {
    let lab = lab().await;
    let tcp = TcpStream::connect(("127.0.0.1", lab.imap(Character::Plain).starttls_port())).await.unwrap();
    let mut clear = Client::over(tcp);
    assert!(clear.line().await.unwrap().contains("STARTTLS LOGINDISABLED"));
    let said = clear.ask("a CAPABILITY").await;
    assert!(said.contains("STARTTLS LOGINDISABLED"), "{said}");
    assert!(clear.ask("b LOGIN plain@lab.example x").await.starts_with("b NO [PRIVACYREQUIRED]"));
    assert_eq!(lab.journal.sins().len(), 1);
    clear.send("c STARTTLS\r\nd NOOP\r\n").await;
    assert_eq!(clear.until("c").await, "c OK Begin TLS negotiation now\r\n");
    let tls = connector(&lab).connect(ServerName::try_from("127.0.0.1").unwrap(), clear.stream).await.unwrap();
    let mut client = Client::over(tls);
    let said = client.ask("e LOGIN plain@lab.example \"s\\\"e\\\\cret\"").await;
    assert!(said.starts_with("e OK"), "the command sent before TLS must not be answered: {said}");
    assert!(client.ask("f STARTTLS").await.starts_with("f BAD"));
    assert_eq!(lab.journal.round_trips(), 5);
}

#[tokio::test]
async fn bad_certificates_are_refused_and_the_good_one_is_not() {
    let lab = lab().await;
    for kind in Certificate::BAD.into_iter().chain([Certificate::Good]) {
        let (settings, identity) = (ImapSettings::of(Character::Plain), lab.authority.certify(kind).unwrap());
        let (faults, journal) = (Faults::new(), Journal::new());
        let server = ImapServer::start(settings, lab.mailboxes.clone(), faults, journal, identity).await.unwrap();
        assert_eq!(handshake(&lab, server.port()).await.is_ok(), kind == Certificate::Good, "{kind:?}");
    }
}

#[tokio::test]
async fn what_changes_a_mailbox_is_a_sin_and_happens() {
    let lab = lab().await;
    fill(&lab, Character::Plain);
    let before = lab.mailboxes.snapshot();
    let mut client = Client::sign_in(&lab, Character::Plain).await;
    client.ask("a EXAMINE INBOX").await;
    client.ask("b UID FETCH 1 BODY[]").await;
    assert!(client.ask("c UID STORE 1 +FLAGS (\\Seen)").await.starts_with("c NO [READ-ONLY]"));
    assert_eq!(before.differences(&lab.mailboxes.snapshot()), [""; 0]);
    client.ask("d SELECT INBOX").await;
    client.ask("e UID FETCH 1 BODY[]").await;
    client.ask("f UID STORE 2 +FLAGS (\\Deleted)").await;
    assert!(client.ask("g EXPUNGE").await.contains("* 2 EXPUNGE\r\n"));
    assert!(client.ask("h UID MOVE 1 Trash").await.contains("* 1 EXPUNGE\r\n"));
    client.ask("i APPEND Junk {2+}\r\nhi").await;
    assert!(client.ask("j CREATE x").await.starts_with("j NO"));
    let sins: Vec<String> = lab.journal.sins().into_iter().map(|sin| sin.command).collect();
    let said = ["b FETCH without PEEK", "c UID STORE", "d SELECT \"INBOX\"", "e FETCH without PEEK", "f UID STORE"];
    assert_eq!(sins, [&said[..], &["g EXPUNGE", "h UID MOVE", "i APPEND", "j CREATE"]].concat());
    let account = lab.mailboxes.account("plain@lab.example").unwrap();
    let counts = ["INBOX", "Trash", "Junk"].map(|name| account.folder(name).unwrap().copies.len());
    assert_eq!(counts, [0, 1, 2]);
    assert!(account.folder("Trash").unwrap().copies[0].flags.contains("\\Seen"));
}

#[tokio::test]
async fn a_session_hears_of_new_mail_and_ends_when_its_folder_is_built_anew() {
    let lab = lab().await;
    fill(&lab, Character::Plain);
    let mut client = Client::sign_in(&lab, Character::Plain).await;
    assert!(client.ask("a STATUS Junk (UIDNEXT MESSAGES)").await.contains("* STATUS \"Junk\" (UIDNEXT 2 MESSAGES 1)"));
    let said = client.ask("a EXAMINE inbox").await;
    assert!(
        said.contains("* 2 EXISTS") && said.contains("[UIDNEXT 3]") && said.contains("[UIDVALIDITY 600000006]"),
        "{said}"
    );
    lab.mailboxes.deliver("plain@lab.example", Role::Inbox, None, MESSAGE, now()).unwrap();
    lab.mailboxes.deliver("plain@lab.example", Role::Inbox, None, MESSAGE, now() + Duration::from_secs(1)).unwrap();
    let said = client.ask("b UID FETCH 3:* (FLAGS)").await;
    assert_eq!(said, "* 3 EXISTS\r\n* 3 FETCH (UID 3 FLAGS ())\r\nb OK FETCH completed (0.001 + 0.000 secs).\r\n");
    client.send("c IDLE\r\n").await;
    assert_eq!(client.line().await.unwrap(), "+ idling\r\n");
    lab.mailboxes.deliver("plain@lab.example", Role::Inbox, None, MESSAGE, now()).unwrap();
    assert_eq!(client.line().await.unwrap(), "* 4 EXISTS\r\n");
    client.send("DONE\r\n").await;
    assert!(client.until("c").await.starts_with("c OK"));
    lab.mailboxes.set_uid_next("plain@lab.example", Role::Inbox, 2).unwrap();
    assert!(client.ask("d EXAMINE INBOX").await.contains("[UIDNEXT 2]"));
    lab.mailboxes.change_uid_validity("plain@lab.example", Role::Inbox).unwrap();
    client.send("e NOOP\r\n").await;
    let (said, end) = client.rest().await;
    assert!(said.starts_with("* BYE") && end == "closed", "{said} {end}");
}

#[tokio::test]
async fn the_session_limit_of_one_login_holds_and_frees() {
    let lab = lab().await;
    let mut sessions = Vec::new();
    for _ in 0..15 {
        sessions.push(Client::sign_in(&lab, Character::Gmail).await);
    }
    let (mut client, _) = Client::connect(&lab, Character::Gmail).await;
    let login = "a LOGIN gmail@lab.example \"s\\\"e\\\\cret\"";
    assert_eq!(client.ask(login).await, "a NO [ALERT] Too many simultaneous connections. (Failure)\r\n");
    let mut last = sessions.pop().unwrap();
    last.ask("z LOGOUT").await;
    last.rest().await;
    assert!(client.ask(login).await.contains("a OK"));
    let count = lab.journal.session_count("gmail", "gmail@lab.example");
    assert_eq!(count, Count { now: 15, peak: 15, total: 16 });
}

#[tokio::test]
async fn many_sessions_at_once_are_served_and_end_with_the_server() {
    let lab = lab().await;
    let mut clients = Vec::new();
    for _ in 0..150 {
        clients.push(Client::sign_in(&lab, Character::Outlook).await);
    }
    assert_eq!(lab.journal.connection_count_at("outlook"), Count { now: 150, peak: 150, total: 150 });
    for client in &mut clients {
        assert!(client.ask("a EXAMINE \"Junk Email\"").await.contains("a OK"));
    }
    let (journal, port) = (lab.journal.clone(), lab.imap(Character::Outlook).port());
    drop(lab);
    for client in &mut clients {
        assert_eq!(client.rest().await.0, "");
    }
    assert_eq!(journal.connection_count(), Count { now: 0, peak: 150, total: 150 });
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn a_greeting_can_be_refused_and_only_where_asked() {
    let lab = lab().await;
    lab.faults.add(Rule::on(Verb::Greeting, Action::Bye("[UNAVAILABLE] later".into())).at_server("gmail").once());
    let (mut client, greeting) = Client::connect(&lab, Character::Gmail).await;
    assert_eq!(greeting, "* BYE [UNAVAILABLE] later\r\n");
    assert_eq!(client.rest().await, (String::new(), "closed".to_owned()));
    for character in [Character::Yahoo, Character::Gmail] {
        assert!(Client::connect(&lab, character).await.1.starts_with("* OK"));
    }
    assert_eq!(lab.faults.strikes(), 1);
}
