//! Every command that the program says to an IMAP server, in the eyes of a decoder that somebody else wrote.

use std::collections::BTreeSet;

use imap_codec::CommandCodec;
use imap_codec::decode::Decoder as _;
use imap_codec::imap_types::command::{Command, CommandBody};
use inboxed::lab::fault::{Action, Rule, Verb};
use inboxed::lab::mailbox::{Character, Role};

use crate::scenario::Scenario;

/// Commands of extensions that the decoder does not know, each only said to servers that announce it: how they begin and
/// end behind the tag.
const EXTENSIONS: [(&str, &str); 2] = [
    // RFC 6154 §5, RFC 5258.
    ("LIST \"\" \"*\" RETURN (SPECIAL-USE)", ""),
    // Gmail's X-GM-EXT-1.
    ("UID SEARCH ", "\""),
];

/// A command as it was, with something harmless where the journal hides a secret.
fn restored(command: &str) -> String {
    let secret = if command.contains("AUTHENTICATE") { "AHgAeQ==" } else { "secret" };
    format!("{}\r\n", command.replace("***", secret))
}

#[test]
fn every_command_is_standard_or_of_an_extension_that_is_named_here_and_none_could_change_a_mailbox() {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        mailboxes.deliver(&accepted.recipient, Role::Inbox, None, accepted.message, accepted.accepted_at).unwrap();
    });
    for character in Character::ALL {
        let address = format!("odd{}@lab.example", character.word());
        scenario.seed(&address, character, "");
        for name in ["a \"quoted\" name", "back\\slash", "M&APw-nchen", "per%cent*star", "ends in ("] {
            scenario.lab.mailboxes.add_folder(&address, name, Role::Other).unwrap();
        }
    }
    // One server changes its mind in the middle, so that the way back in is heard, too.
    scenario.lab.faults.add(Rule::on(Verb::Fetch, Action::Cut).at_server("plain").once());
    let checked = scenario.call("", &["check"]);
    assert!(matches!(checked.code, Some(0 | 1)), "{checked:?}");
    let ended = scenario.call("", &["run", "--wait", "4s", "--json"]);
    assert_eq!(ended.json()["tally"]["all"]["inbox"], 4, "{ended:?}");

    let mut names = BTreeSet::new();
    for command in scenario.lab.journal.commands() {
        let restored = restored(&command);
        let (_, said) = restored.trim_end().split_once(' ').unwrap();
        let of_extension = EXTENSIONS.iter().any(|(begins, ends)| {
            said.starts_with(begins)
                && said.ends_with(ends)
                && (*begins != "UID SEARCH " || said.contains(" X-GM-RAW \"category:"))
        });
        match CommandCodec::default().decode(restored.as_bytes()) {
            Ok((rest, decoded)) => {
                assert!(rest.is_empty(), "{command}");
                check(&command, &decoded);
                names.insert(decoded.body.name());
            }
            Err(why) => {
                assert!(of_extension, "{command}: {why:?}");
                names.insert(if said.starts_with("LIST") { "LIST RETURN" } else { "X-GM-RAW" });
            }
        }
    }
    let wanted =
        ["AUTHENTICATE", "CAPABILITY", "EXAMINE", "FETCH", "ID", "LIST", "LIST RETURN", "LOGIN", "LOGOUT", "X-GM-RAW"];
    assert_eq!(names.into_iter().map(str::to_ascii_uppercase).collect::<Vec<_>>(), wanted);
    assert_eq!(scenario.lab.journal.sins(), [], "nothing could change a mailbox");
}

#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else there is, none of it is ours to say")]
/// Only what reads is said, and FETCH names UIDs and peeks.
fn check(said: &str, command: &Command<'_>) {
    match &command.body {
        CommandBody::Fetch { uid, .. } => {
            assert!(*uid, "{said}");
            assert!(!said.contains("BODY[") && !said.contains("RFC822"), "it would be marked as read: {said}");
        }
        CommandBody::Authenticate { .. }
        | CommandBody::Capability
        | CommandBody::Examine { .. }
        | CommandBody::Id { .. }
        | CommandBody::List { .. }
        | CommandBody::Login { .. }
        | CommandBody::Logout => {}
        other => panic!("{other:?} is none of ours: {said}"),
    }
}
