//! Baselines and looks.

use super::{TAG, header, mailbox, seen, sought};
use crate::domain::folder::Role;
use crate::domain::look::Sought;
use crate::domain::probe::{ProbeId, SesId};
use crate::edge::imap::server::{Box_, Server};

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

#[tokio::test]
async fn a_folder_made_after_the_baseline_is_found_by_a_look_that_lists_anew() {
    let server = Server::start().await;
    let mailbox = mailbox(&server);
    mailbox.baseline().await.unwrap();
    server.world().folders.insert("News".to_owned(), Box_ { validity: 3, next: 1, ..Default::default() });
    server.deliver("News", &header(TAG));
    assert_eq!(seen(&mailbox.look(&sought()).await), Vec::<String>::new());
    let look = mailbox.look_everywhere(&sought()).await;
    assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["News/1".to_owned()]));
    // From then on it is one of the folders.
    assert_eq!(seen(&mailbox.look(&sought()).await), ["News/1"]);
    // A new session has listed them already.
    server.heard();
    mailbox.close().await;
    assert_eq!(seen(&mailbox.look_everywhere(&sought()).await), ["News/1"]);
    assert_eq!(server.heard().iter().filter(|line| line.starts_with("LIST")).count(), 1);
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
    let mailbox = super::mailbox(&server);
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
    // `2:*` would name the last message again; this one stands behind it.
    server.deliver("INBOX", "Subject: other\r\n\r\n");
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
    server.world().folders.insert("New".to_owned(), Box_ { validity: 3, next: 1, ..Default::default() });
    server.deliver("New", &header(TAG));
    let look = mailbox.look(&sought()).await;
    assert_eq!(look.failed, None);
    assert_eq!(seen(&look), ["Sp\"am\\x/1", "New/1"]);
    assert_eq!(look.copies[0].sighting.role, Role::Junk);
}

#[tokio::test]
async fn an_empty_folder_may_be_called_an_error_and_no_other_may() {
    let server = Server::start().await;
    let mailbox = mailbox(&server);
    mailbox.baseline().await.unwrap();
    server.twist("UID FETCH", "{tag} BAD no such message\r\n");
    assert_eq!(mailbox.look(&sought()).await.failed, None);
    server.world().twists.clear();
    server.deliver("Lists", &header(TAG));
    assert_eq!(seen(&mailbox.look(&sought()).await), ["Lists/1"]);
    server.twist("UID FETCH 2:*", "{tag} BAD no such message\r\n");
    assert!(mailbox.look(&sought()).await.failed.unwrap().contains("Lists"));
}

#[tokio::test]
async fn a_uidvalidity_that_changes_while_the_folder_is_open_is_noticed() {
    let server = Server::start().await;
    let mailbox = mailbox(&server);
    mailbox.baseline().await.unwrap();
    server.deliver("INBOX", &header(TAG));
    server.twist_some("UID FETCH 1:* (UID INTERNALDATE BODY", 0, 1, "* OK [UIDVALIDITY 77] x\r\n{truth}");
    server.heard();
    let look = mailbox.look(&sought()).await;
    assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["INBOX/1".to_owned()]));
    assert!(server.heard().contains(&"UID FETCH 1:* (UID INTERNALDATE)".to_owned()));
    // Reading anew must come to the number that EXISTS promises.
    server.world().folders.get_mut("INBOX").unwrap().validity = 2;
    server.twist("UID FETCH 1:* (UID INTERNALDATE)", "{tag} OK done\r\n");
    let look = mailbox.look(&sought()).await;
    assert!(look.failed.unwrap().contains("announces 1 messages and shows 0"));
}

#[tokio::test]
async fn folders_beyond_the_bound_make_every_look_incomplete() {
    let server = Server::start().await;
    for at in 0..2_000 {
        server.world().folders.insert(format!("f{at}"), Box_ { validity: 1, next: 1, ..Default::default() });
    }
    let mailbox = super::Mailbox::new(
        super::access(&server),
        super::pool_of(1, super::clock()),
        super::clock(),
        super::Patience::default(),
    );
    let baseline = mailbox.baseline().await.unwrap();
    assert_eq!(baseline.marks.len(), 2_000);
    server.deliver("Spam", &header(TAG));
    let look = mailbox.look(&sought()).await;
    assert_eq!(seen(&look), ["Spam/1"]);
    assert!(look.failed.unwrap().contains("2003 folders"));
}

#[tokio::test]
async fn a_folder_that_was_shut_before_the_send_is_left_out_only_while_it_is_refused_and_plays_no_role() {
    for (flags, answer, complete) in [
        ("", "{tag} NO [NOPERM] not yours\r\n", true),
        ("\\Trash", "{tag} NO [NOPERM] not yours\r\n", true),
        ("", "{tag} NO [UNAVAILABLE] later\r\n", false),
        ("\\Archive", "{tag} NO [NOPERM] not yours\r\n", false),
        ("\\All", "{tag} NO [NOPERM] not yours\r\n", false),
    ] {
        let server = Server::start().await;
        server.world().folders.get_mut("Lists").unwrap().flags = flags;
        server.twist("EXAMINE \"Lists\"", answer);
        let mailbox = mailbox(&server);
        assert_eq!(mailbox.baseline().await.unwrap().shut.len(), 1);
        server.deliver("Lists", &header(TAG));
        server.heard();
        let look = mailbox.look(&sought()).await;
        assert_eq!(look.failed.is_none(), complete, "{flags} {answer}: {:?}", look.failed);
        let asked_again = server.heard().iter().any(|command| command.starts_with("LIST"));
        assert_eq!(asked_again, !complete, "{flags} {answer}: a round trip for nothing");
        // Once it opens, what lies there is seen.
        server.world().twists.clear();
        let look = mailbox.look(&sought()).await;
        assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["Lists/1".to_owned()]), "{flags} {answer}");
    }
    // One that could be opened before the send is never done without.
    let server = Server::start().await;
    let mailbox = mailbox(&server);
    mailbox.baseline().await.unwrap();
    server.twist("EXAMINE \"Lists\"", "{tag} NO [NOPERM] not yours any more\r\n");
    assert!(mailbox.look(&sought()).await.failed.is_some());
}
