//! Every fault does what its name says, as the client sees it.

use futures_util::FutureExt as _;

use super::*;
use crate::lab::fault::{Action, Rule, Verb};

const ANSWER: &str = "* SEARCH 1\r\na OK SEARCH completed.\r\n";

/// What follows `UID SEARCH UID 1` under this rule, and how the connection ends after a LOGOUT.
async fn under(action: Action) -> (String, String) {
    let lab = lab().await;
    fill(&lab, Character::Outlook);
    let mut client = Client::sign_in(&lab, Character::Outlook).await;
    client.ask("b EXAMINE INBOX").await;
    lab.faults.add(Rule::on(Verb::Search, action).in_folder("INBOX").for_login("outlook@lab.example"));
    client.send("a UID SEARCH UID 1\r\nz LOGOUT\r\n").await;
    let seen = client.rest().await;
    assert_eq!(lab.faults.strikes(), 1);
    seen
}

#[tokio::test]
async fn faults_that_leave_the_connection_open_change_the_answer_only() {
    let garbled: String = ANSWER.replace("SEARCH 1", "SE\u{fffd}RCH 1");
    let bye = "* BYE Logging out\r\nz OK LOGOUT completed.\r\n";
    let flood = "* OK Still here\r\n".repeat(3);
    for (action, said) in [
        (Action::No("[UNAVAILABLE] later".into()), "a NO [UNAVAILABLE] later\r\n".to_owned()),
        (
            Action::outlook_throttle(92_415),
            "a NO Request is throttled. Suggested Backoff Time: 92415 milliseconds\r\n".to_owned(),
        ),
        (
            Action::Bad("User is authenticated but not connected.".into()),
            "a BAD User is authenticated but not connected.\r\n".to_owned(),
        ),
        (Action::WrongTag, ANSWER.replace("a OK", "ZZ9999 OK")),
        (Action::StaleTag, ANSWER.replace("a OK", "b OK")),
        (Action::OkWithoutData, "a OK SEARCH completed.\r\n".to_owned()),
        (Action::OkWithText("Success [THROTTLED]".into()), "* SEARCH 1\r\na OK Success [THROTTLED]\r\n".to_owned()),
        (
            Action::Raw(b"Server Unavailable.\r\n<tag> NO x\r\n".to_vec()),
            "Server Unavailable.\r\na NO x\r\n".to_owned(),
        ),
        (Action::RawBefore(b"* 9 EXISTS\r\n".to_vec()), format!("* 9 EXISTS\r\n{ANSWER}")),
        (Action::RawAfter(b"<tag> OK again\r\n".to_vec()), format!("{ANSWER}a OK again\r\n")),
        (Action::GarbleAt(4), garbled),
        (Action::DripBytes { per_second: 100_000 }, ANSWER.to_owned()),
        (Action::DeepParens(3), format!("* 1 FETCH (BODYSTRUCTURE ((())))\r\n{ANSWER}")),
        (Action::Flood(3), format!("{flood}{ANSWER}")),
    ] {
        let name = format!("{action:?}");
        assert_eq!(under(action).await, (format!("{said}{bye}"), "closed".to_owned()), "{name}");
    }
}

#[tokio::test]
async fn faults_that_end_the_connection_end_it_in_their_own_way() {
    for (action, said, end) in [
        (Action::Bye("Connection closed. 14".into()), "* BYE Connection closed. 14\r\n", "closed"),
        (Action::Cut, "", "UnexpectedEof"),
        (Action::Reset, "", "ConnectionReset"),
        (Action::CutAfterBytes(0), "", "UnexpectedEof"),
        (Action::CutAfterBytes(10), "* SEARCH 1", "UnexpectedEof"),
        (Action::CutAfterBytes(ANSWER.len()), ANSWER, "UnexpectedEof"),
        (Action::ResetAfterBytes(0), "", "ConnectionReset"),
    ] {
        let name = format!("{action:?}");
        assert_eq!(under(action).await, (said.to_owned(), end.to_owned()), "{name}");
    }
}

#[tokio::test]
async fn a_hanging_server_says_nothing_more_and_stays() {
    for (action, said) in [
        (Action::Hang, 0),
        (Action::HangAfterBytes(7), 7),
        (Action::HugeLiteral(500_000_000), "* 1 FETCH (UID 1 BODY[HEADER] {500000000}\r\n".len() + 1024),
    ] {
        let lab = lab().await;
        lab.faults.add(Rule::on(Verb::Noop, action));
        let mut client = Client::sign_in(&lab, Character::Outlook).await;
        client.send("a NOOP\r\nb NOOP\r\n").await;
        while client.read.len() < said {
            client.stream.read_buf(&mut client.read).await.unwrap();
        }
        // A whole other session in between: the silent one had every chance to speak.
        Client::sign_in(&lab, Character::Gmail).await;
        let more = client.stream.read_buf(&mut client.read).now_or_never();
        assert!(more.is_none(), "the server must neither speak nor close: {more:?}");
        assert_eq!((client.read.len(), lab.journal.connection_count_at("outlook").now), (said, 1));
    }
}

#[tokio::test]
async fn bytes_can_be_counted_through_a_whole_session() {
    let lab = lab().await;
    let (mut client, greeting) = Client::connect(&lab, Character::Outlook).await;
    let first = client.ask("a NOOP").await;
    let rule = Rule::on(Verb::Greeting, Action::CutAfterBytes(greeting.len() + first.len() + 3));
    lab.faults.add(rule.for_the_rest_of_the_session());
    let (mut client, _) = Client::connect(&lab, Character::Outlook).await;
    assert_eq!(client.ask("a NOOP").await, first);
    client.send("b NOOP\r\n").await;
    assert_eq!(client.rest().await, ("b O".to_owned(), "UnexpectedEof".to_owned()));
}

#[tokio::test]
async fn damage_to_one_answer_leaves_the_next_alone() {
    let lab = lab().await;
    let mut client = Client::sign_in(&lab, Character::Outlook).await;
    lab.faults.add(Rule::on(Verb::Noop, Action::CutAfterBytes(1000)).once());
    for tag in 0..100 {
        assert_eq!(client.ask(&format!("a{tag} NOOP")).await, format!("a{tag} OK NOOP completed.\r\n"));
    }
}

#[tokio::test]
async fn a_refused_examine_leaves_no_folder_open() {
    let lab = lab().await;
    lab.faults.add(Rule::on(Verb::Examine, Action::No("later".into())).in_folder("Junk Email"));
    let mut client = Client::sign_in(&lab, Character::Outlook).await;
    assert!(client.ask("a EXAMINE INBOX").await.contains("a OK"));
    assert_eq!(client.ask("b EXAMINE \"Junk Email\"").await, "b NO later\r\n");
    assert!(client.ask("c UID FETCH 1:* (UID)").await.starts_with("c BAD"));
}

#[tokio::test]
async fn tls_itself_can_fail_and_starttls_can_be_answered_with_too_much() {
    for action in [Action::Raw(b"* OK not TLS\r\n".to_vec()), Action::Cut, Action::Reset] {
        let lab = lab().await;
        lab.faults.add(Rule::on(Verb::Handshake, action));
        assert!(handshake(&lab, lab.imap(Character::Gmail).port()).await.is_err());
    }
    let lab = lab().await;
    lab.faults.add(Rule::on(Verb::StartTls, Action::RawAfter(b"* CAPABILITY EVIL\r\n".to_vec())));
    let mut clear =
        Client::over(TcpStream::connect(("127.0.0.1", lab.imap(Character::Gmail).starttls_port())).await.unwrap());
    assert!(clear.ask("a STARTTLS").await.contains("a OK Begin TLS"));
    assert_eq!(clear.line().await.unwrap(), "* CAPABILITY EVIL\r\n");
}
