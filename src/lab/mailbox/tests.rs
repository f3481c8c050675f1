use std::time::Duration;

use super::*;

const ANNA: &str = "anna@gmail.example";

fn lab(character: Character) -> (Mailboxes, Timestamp) {
    let now: Timestamp = "2026-03-02T06:00:00Z".parse().unwrap();
    let mailboxes = Mailboxes::new(Clock::simulated(now, 0.0));
    mailboxes.open(NewAccount::new(character, ANNA, "secret"));
    (mailboxes, now)
}

/// Name and UIDs of every folder that holds anything.
fn contents(mailboxes: &Mailboxes) -> Vec<(String, Vec<u32>)> {
    let account = mailboxes.account(ANNA).unwrap();
    let full = account.folders.into_iter().filter(|folder| !folder.copies.is_empty());
    full.map(|folder| (folder.name, folder.copies.iter().map(|copy| copy.uid).collect())).collect()
}

fn held(rows: &[(&str, &[u32])]) -> Vec<(String, Vec<u32>)> {
    rows.iter().map(|(name, uids)| ((*name).to_owned(), uids.to_vec())).collect()
}

#[test]
fn gmail_keeps_a_copy_of_everything_but_spam_and_trash_in_all_mail() {
    let (mailboxes, now) = lab(Character::Gmail);
    let id = mailboxes.deliver(ANNA, Role::Inbox, Some(Tab::Promotions), *b"A: b\r\n\r\n", now).unwrap();
    mailboxes.deliver(ANNA, Role::Junk, None, *b"A: c\r\n\r\n", now).unwrap();
    assert_eq!(contents(&mailboxes), held(&[("INBOX", &[1]), ("[Gmail]/All Mail", &[1]), ("[Gmail]/Spam", &[1])]));
    mailboxes.move_message(ANNA, id, Role::Junk).unwrap();
    assert_eq!(contents(&mailboxes), held(&[("[Gmail]/Spam", &[1, 2])]));
    mailboxes.move_message(ANNA, id, Role::Inbox).unwrap();
    assert_eq!(contents(&mailboxes), held(&[("INBOX", &[2]), ("[Gmail]/All Mail", &[2]), ("[Gmail]/Spam", &[1])]));
    mailboxes.move_message(ANNA, id, Role::All).unwrap();
    assert_eq!(contents(&mailboxes), held(&[("[Gmail]/All Mail", &[3]), ("[Gmail]/Spam", &[1])]));
    mailboxes.delete_message(ANNA, id).unwrap();
    assert_eq!(contents(&mailboxes), held(&[("[Gmail]/Spam", &[1])]));
}

#[test]
fn mail_for_later_is_invisible_and_takes_no_uid_before_its_time() {
    let (mailboxes, now) = lab(Character::Outlook);
    let later = now + Duration::from_mins(1);
    mailboxes.deliver(ANNA, Role::Inbox, None, *b"later", later).unwrap();
    mailboxes.deliver(ANNA, "inbox", None, *b"now", now).unwrap();
    let inbox = mailboxes.account(ANNA).unwrap().folder("INBOX").unwrap().clone();
    assert_eq!((inbox.uid_next, inbox.copies.len()), (2, 1));
    assert_eq!(&*inbox.copies[0].bytes, b"now");
}

#[test]
fn mail_arrives_and_moves_when_the_clock_says_so() {
    let start: Timestamp = "2026-03-02T06:00:00Z".parse().unwrap();
    let mut account = lab(Character::Yahoo).0.account(ANNA).unwrap();
    let copy = |id| MessageCopy {
        id: MessageId(id),
        uid: 0,
        arrived_at: start,
        flags: BTreeSet::new(),
        tab: None,
        bytes: Arc::from(*b"x"),
    };
    let at = |seconds| start + Duration::from_secs(seconds);
    account.coming = vec![
        (at(30), Event::Move(MessageId(1), Role::Junk.into())),
        (at(20), Event::Arrival(Role::Inbox.into(), copy(2))),
        (at(10), Event::Arrival(Role::Inbox.into(), copy(1))),
    ];
    for (seconds, inbox, junk) in [(9, vec![], 0), (10, vec![1], 0), (29, vec![1, 2], 0), (30, vec![2], 1)] {
        account.settle(at(seconds));
        let uids: Vec<u32> = account.folder("INBOX").unwrap().copies.iter().map(|copy| copy.uid).collect();
        assert_eq!((uids, account.folder("Bulk").unwrap().copies.len()), (inbox, junk), "after {seconds} s");
    }
}

#[test]
fn a_snapshot_tells_what_changed_and_nothing_else() {
    let (mailboxes, now) = lab(Character::Plain);
    mailboxes.deliver(ANNA, Role::Inbox, None, *b"one", now).unwrap();
    let before = mailboxes.snapshot();
    assert_eq!(before.differences(&mailboxes.snapshot()), [""; 0]);
    mailboxes
        .change(ANNA, |account| {
            account.folder_mut("INBOX").unwrap().copies[0].flags.insert("\\Seen".to_owned());
        })
        .unwrap();
    mailboxes.deliver(ANNA, Role::Junk, None, *b"two", now).unwrap();
    assert_eq!(
        before.differences(&mailboxes.snapshot()),
        ["anna@gmail.example INBOX: UID 1: flags {} became {\"\\\\Seen\"}", "anna@gmail.example Junk: UID 1 arrived"]
    );
    mailboxes.set_uid_next(ANNA, Role::Trash, 9).unwrap();
    let last = before.differences(&mailboxes.snapshot()).pop();
    assert_eq!(last.as_deref(), Some("anna@gmail.example Trash: name, attributes or UIDNEXT changed"));
    mailboxes.change_uid_validity(ANNA, Role::Inbox).unwrap();
    assert!(before.differences(&mailboxes.snapshot()).iter().any(|sentence| sentence.contains("UIDVALIDITY")));
}

#[test]
fn what_is_not_there_is_an_error_that_names_it() {
    let (mailboxes, now) = lab(Character::Gmail);
    for (outcome, said) in [
        (
            mailboxes.deliver("b@c.example", Role::Inbox, None, *b"", now).map(drop),
            "the lab has no mailbox b@c.example",
        ),
        (
            mailboxes.deliver(ANNA, "Work", None, *b"", now).map(drop),
            "mailbox anna@gmail.example of the lab has no folder Work",
        ),
        (
            mailboxes.deliver(ANNA, Role::Container, None, *b"", now).map(drop),
            "mailbox anna@gmail.example of the lab has no folder Container",
        ),
        (
            mailboxes.move_message(ANNA, MessageId(7), Role::Junk),
            "mailbox anna@gmail.example of the lab does not hold that message",
        ),
    ] {
        assert_eq!(outcome.unwrap_err().to_string(), said);
    }
}
