//! Each provider behaves as its character says.

use super::*;
use crate::lab::ca::Certificate;
use crate::lab::imap::{ImapServer, ImapSettings};
use crate::lab::mailbox::{Language, Tab};

#[tokio::test]
async fn capabilities_change_with_signing_in_and_only_some_greetings_tell_them() {
    let lab = lab().await;
    for (character, greets, before, after, never) in [
        (Character::Gmail, false, "AUTH=XOAUTH2", "SPECIAL-USE", "COMPRESS"),
        (Character::Outlook, false, "SASL-IR", "LITERAL+", "SPECIAL-USE"),
        (Character::Yahoo, true, "SPECIAL-USE", "MESSAGELIMIT=1000", "UIDONLY"),
        (Character::Plain, true, "SASL-IR", "SPECIAL-USE", "X-GM-EXT-1"),
    ] {
        let (mut client, greeting) = Client::connect(&lab, character).await;
        assert_eq!(greeting.contains("[CAPABILITY "), greets, "{greeting}");
        let first = client.ask("a CAPABILITY").await;
        assert!(first.contains(before) && !first.contains("STARTTLS"), "{first}");
        let mut client = Client::sign_in(&lab, character).await;
        let second = client.ask("a CAPABILITY").await;
        assert!(second.contains(after) && !second.contains(never), "{second}");
        assert_ne!(first, second, "{character:?}");
    }
}

#[tokio::test]
async fn the_spam_folder_is_told_by_attribute_or_by_name_as_the_provider_does() {
    let lab = lab().await;
    for (character, question, junk) in [
        (Character::Gmail, "a LIST \"\" *", "* LIST (\\HasNoChildren \\Junk) \"/\" \"[Gmail]/Spam\""),
        (Character::Gmail, "a LIST \"\" *", "* LIST (\\HasChildren \\Noselect) \"/\" \"[Gmail]\""),
        (Character::Outlook, "a LIST \"\" *", "* LIST (\\HasNoChildren) \"/\" \"Junk Email\""),
        (Character::Outlook, "a LIST \"\" * RETURN (SPECIAL-USE)", "a BAD Command Argument Error"),
        (Character::Yahoo, "a LIST \"\" *", "* LIST (\\HasNoChildren \\Junk) \"/\" \"Bulk\""),
        (Character::Yahoo, "a LIST \"\" INBOX", "* LIST (\\HasNoChildren) \"/\" \"Inbox\""),
        (Character::Plain, "a LIST \"\" *", "* LIST (\\HasNoChildren) \"/\" \"Junk\""),
        (Character::Plain, "a LIST \"\" * RETURN (SPECIAL-USE)", "* LIST (\\HasNoChildren \\Junk) \"/\" \"Junk\""),
        (Character::Plain, "a LIST (SPECIAL-USE) \"\" *", "* LIST (\\HasNoChildren \\Junk) \"/\" \"Junk\""),
        (Character::Plain, "a LIST \"\" \"\"", "* LIST (\\Noselect) \"/\" \"\""),
    ] {
        let said = Client::sign_in(&lab, character).await.ask(question).await;
        assert!(said.contains(junk), "{question}: {said}");
    }
    let mut client = Client::sign_in(&lab, Character::Plain).await;
    let said = client.ask("a LIST (SPECIAL-USE) \"\" *").await;
    assert!(!said.contains("INBOX"), "{said}");
}

#[tokio::test]
async fn folders_bear_the_names_of_the_owners_language() {
    let lab = lab().await;
    let german = NewAccount { language: Language::German, ..NewAccount::new(Character::Outlook, "d@lab.example", "p") };
    lab.mailboxes.open(german);
    let (mut client, _) = Client::connect(&lab, Character::Outlook).await;
    client.ask("a LOGIN d@lab.example p").await;
    let said = client.ask("b LIST \"\" *").await;
    assert!(said.contains("\"Junk-E-Mail\"") && said.contains("\"Entw&APw-rfe\""), "{said}");
    assert!(client.ask("c EXAMINE Junk-E-Mail").await.contains("c OK [READ-ONLY]"));
    assert!(client.ask("d EXAMINE \"Junk Email\"").await.starts_with("d NO"));
}

#[tokio::test]
async fn gmail_tells_the_tab_to_who_asks_for_its_category_and_copies_into_all_mail() {
    let lab = lab().await;
    let anna = address(Character::Gmail);
    for tab in [Some(Tab::Promotions), None, Some(Tab::Updates), Some(Tab::Promotions)] {
        lab.mailboxes.deliver(&anna, Role::Inbox, tab, MESSAGE, now()).unwrap();
    }
    let mut client = Client::sign_in(&lab, Character::Gmail).await;
    client.ask("a EXAMINE INBOX").await;
    for (query, found) in [
        ("UID 1:3 X-GM-RAW \"category:promotions\"", "* SEARCH 1\r\n"),
        ("UID 1:* X-GM-RAW \"category:promotions\"", "* SEARCH 1 4\r\n"),
        ("UID 3 X-GM-RAW \"category:updates\"", "* SEARCH 3\r\n"),
        ("UID 2 X-GM-RAW \"category:primary\"", "* SEARCH\r\n"),
        ("ALL", "* SEARCH 1 2 3 4\r\n"),
    ] {
        let said = client.ask(&format!("b UID SEARCH {query}")).await;
        assert_eq!(said, format!("{found}b OK Success\r\n"), "{query}");
    }
    assert!(client.ask("c UID SEARCH X-GM-RAW \"subject:x\"").await.starts_with("c BAD"));
    let inbox = client.ask("d UID FETCH 1 (X-GM-MSGID X-GM-LABELS)").await;
    client.ask("e EXAMINE \"[Gmail]/All Mail\"").await;
    let all = client.ask("d UID FETCH 1 (X-GM-MSGID X-GM-LABELS)").await;
    assert!(inbox.contains("X-GM-MSGID 1700000000000000001 X-GM-LABELS ()"), "{inbox}");
    assert!(all.contains("X-GM-MSGID 1700000000000000001 X-GM-LABELS (\"\\\\Inbox\")"), "{all}");
    let mut plain = Client::sign_in(&lab, Character::Plain).await;
    plain.ask("a EXAMINE INBOX").await;
    assert!(plain.ask("b UID SEARCH X-GM-RAW \"category:primary\"").await.starts_with("b BAD"));
}

#[tokio::test]
async fn yahoo_gives_the_newest_messages_in_no_order_and_says_that_it_stopped() {
    let lab = lab().await;
    let settings = ImapSettings { message_limit: Some(3), ..ImapSettings::of(Character::Yahoo) };
    let identity = lab.authority.certify(Certificate::Good).unwrap();
    let (mailboxes, journal) = (lab.mailboxes.clone(), lab.journal.clone());
    let server = ImapServer::start(settings, mailboxes, lab.faults.clone(), journal, identity).await.unwrap();
    for _ in 0..5 {
        lab.mailboxes.deliver(&address(Character::Yahoo), Role::Junk, None, MESSAGE, now()).unwrap();
    }
    let mut client = Client::over(handshake(&lab, server.port()).await.unwrap());
    client.ask("a LOGIN yahoo@lab.example \"s\\\"e\\\\cret\"").await;
    client.ask("b EXAMINE Bulk").await;
    let said = client.ask("c UID FETCH 1:* (UID)").await;
    let rows = "* 4 FETCH (UID 4)\r\n* 3 FETCH (UID 3)\r\n* 5 FETCH (UID 5)\r\n";
    assert_eq!(said, format!("{rows}c OK [MESSAGELIMIT 3 3] FETCH completed with 3 partial results\r\n"));
    assert_eq!(client.ask("d UID FETCH 4:9 (UID)").await.matches("FETCH (").count(), 2);
    assert!(client.ask("e UID SEARCH HEADER Message-ID x").await.contains("NO [SERVERBUG]"));
}
