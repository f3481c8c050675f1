//! SEARCH and UID SEARCH, as far as a client that finds its mail by headers needs them: ALL, UID, message numbers, and at
//! Gmail X-GM-RAW with `category:`. Every other key is refused, as a server with a broken search does.

use std::collections::BTreeSet;

use super::answer::Answer;
use super::command::{Argument, Command};
use super::sequence::Sequence;
use super::session::Session;
use crate::lab::mailbox::{Character, MessageCopy, MessageId};

/// The smart labels that Gmail's search knows beside the tabs; no message of the lab bears one.
const SMART_LABELS: [&str; 2] = ["reservations", "purchases"];

/// One condition.
enum Key<'a> {
    All,
    Uid(Sequence),
    Number(Sequence),
    Category(&'a str),
}

impl<'a> Key<'a> {
    /// The conditions, all of which must hold.
    fn read(mut arguments: &'a [Argument], character: Character) -> Option<Vec<Self>> {
        let mut keys = Vec::new();
        loop {
            arguments = match arguments {
                [] => break,
                [word, rest @ ..] if word.is_word("ALL") => {
                    keys.push(Self::All);
                    rest
                }
                [word, set, rest @ ..] if word.is_word("UID") => {
                    keys.push(Self::Uid(Sequence::parse(set.text()?)?));
                    rest
                }
                [word, query, rest @ ..] if word.is_word("X-GM-RAW") && character == Character::Gmail => {
                    keys.push(Self::Category(category(query.text()?)?));
                    rest
                }
                [set, rest @ ..] => {
                    keys.push(Self::Number(Sequence::parse(set.text()?)?));
                    rest
                }
            };
        }
        (!keys.is_empty()).then_some(keys)
    }
}

/// The category of `category:…`, which Gmail's search takes in any case.
fn category(query: &str) -> Option<&str> {
    let (word, category) = query.split_once(':')?;
    let known = ["primary", "promotions", "social", "updates", "forums"];
    let fits = known.iter().chain(&SMART_LABELS).any(|name| category.eq_ignore_ascii_case(name));
    (word.eq_ignore_ascii_case("category") && fits).then_some(category)
}

impl Session {
    pub(super) fn search(&mut self, command: &Command) -> Answer {
        let Some(keys) = Key::read(&command.arguments, self.character()) else {
            return match self.character() {
                Character::Yahoo => Answer::no("[SERVERBUG] SEARCH Server error - Please try again later"),
                Character::Gmail | Character::Outlook | Character::Plain => Answer::bad("Could not parse command"),
            };
        };
        let mut answer = self.done(command);
        self.refresh(&mut answer, command.by_uid);
        let everything = self.open.as_ref().map(|open| open.rows.clone()).unwrap_or_default();
        let mut found: Vec<(usize, (u32, MessageId))> = (1..).zip(everything).collect();
        for key in keys {
            match key {
                Key::All => {}
                Key::Uid(set) => keep(&mut found, &self.wanted(&set, true)),
                Key::Number(set) => keep(&mut found, &self.wanted(&set, false)),
                Key::Category(category) => {
                    let bears =
                        |copy: &&MessageCopy| copy.tab.is_some_and(|tab| tab.category().eq_ignore_ascii_case(category));
                    let bearers = self.with_folder(|folder| {
                        let bearers = folder.copies.iter().filter(bears);
                        bearers.map(|copy| (copy.uid, copy.id)).collect::<BTreeSet<_>>()
                    });
                    found.retain(|(_, row)| bearers.as_ref().is_some_and(|bearers| bearers.contains(row)));
                }
            }
        }
        let mut line = "SEARCH".to_owned();
        for (number, (uid, _)) in found {
            line.push(' ');
            line.push_str(&if command.by_uid { uid.to_string() } else { number.to_string() });
        }
        answer.line(line);
        answer
    }
}

/// Keeps what both lists hold; both are in order of message numbers.
fn keep(found: &mut Vec<(usize, (u32, MessageId))>, wanted: &[(usize, (u32, MessageId))]) {
    found.retain(|row| wanted.binary_search_by_key(&row.0, |other| other.0).is_ok());
}
