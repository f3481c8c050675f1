//! What no client of a seed may do. Each of these commands is written down as a sin; STORE, COPY, MOVE, EXPUNGE and
//! APPEND are carried out too, the others refused.

use std::collections::BTreeSet;

use super::answer::Answer;
use super::command::{Argument, Command};
use super::manners;
use super::sequence::Sequence;
use super::session::{Session, argument_text};
use crate::lab::mailbox::{MessageId, Place};

impl Session {
    pub(super) fn sin(&mut self, command: &Command) -> Answer {
        let uid = if command.by_uid { "UID " } else { "" };
        self.wire.entry.sin(format!("{} {uid}{}", command.tag, command.name));
        match command.name.as_str() {
            "APPEND" => self.append(command),
            "STORE" | "COPY" | "MOVE" | "EXPUNGE" => match &self.open {
                Some(open) if !open.read_only => self.change_messages(command),
                Some(_) => Answer::no("[READ-ONLY] Mailbox is read-only"),
                None => Answer::bad("Command received in invalid state: no mailbox is open"),
            },
            _ => Answer::no("[NOPERM] Permission denied"),
        }
    }

    fn change_messages(&mut self, command: &Command) -> Answer {
        let deleted = BTreeSet::from(["\\Deleted".to_owned()]);
        if command.name == "EXPUNGE" {
            self.with_folder(|folder| folder.copies.retain(|copy| copy.flags.is_disjoint(&deleted)));
            let mut answer = self.done(command);
            self.refresh(&mut answer, true);
            return answer;
        }
        let Some(set) = argument_text(command, 0).and_then(Sequence::parse) else {
            return Answer::bad("Could not parse command");
        };
        let messages: BTreeSet<MessageId> = self.wanted(&set, command.by_uid).iter().map(|(_, row)| row.1).collect();
        match command.arguments.as_slice() {
            [_, mode, Argument::List(flags)] if command.name == "STORE" => {
                let flags = flags.iter().filter_map(Argument::text).map(str::to_owned).collect();
                self.store(command, &messages, mode.text().unwrap_or_default(), &flags)
            }
            [_, folder] if command.name != "STORE" => {
                self.transfer(command, &messages, folder.text().unwrap_or_default())
            }
            _ => Answer::bad("Could not parse command"),
        }
    }

    fn store(&self, command: &Command, messages: &BTreeSet<MessageId>, mode: &str, flags: &BTreeSet<String>) -> Answer {
        let mode = mode.to_ascii_uppercase();
        self.with_folder(|folder| {
            for copy in folder.copies.iter_mut().filter(|copy| messages.contains(&copy.id)) {
                match mode.bytes().next() {
                    Some(b'+') => copy.flags.extend(flags.iter().cloned()),
                    Some(b'-') => copy.flags.retain(|flag| !flags.contains(flag)),
                    Some(_) | None => copy.flags.clone_from(flags),
                }
            }
        });
        self.done(command)
    }

    fn transfer(&mut self, command: &Command, messages: &BTreeSet<MessageId>, folder: &str) -> Answer {
        let Some(owner) = &self.owner else { return Answer::bad("Sign in first") };
        let mailboxes = &self.shared.mailboxes;
        let transferred = messages.iter().try_for_each(|id| {
            if command.name == "MOVE" {
                mailboxes.move_message(&owner.address, *id, folder)
            } else {
                mailboxes.copy_message(&owner.address, *id, folder)
            }
        });
        if transferred.is_err() {
            return Answer::no(format!("[TRYCREATE] {}", manners::no_folder(self.character(), folder)));
        }
        let mut answer = self.done(command);
        self.refresh(&mut answer, true);
        answer
    }

    fn append(&self, command: &Command) -> Answer {
        let (Some(folder), Some(Argument::Text(message)), Some(owner)) =
            (argument_text(command, 0), command.arguments.last(), &self.owner)
        else {
            return Answer::bad("Could not parse command");
        };
        let (mailboxes, place) = (&self.shared.mailboxes, Place::from(folder));
        match mailboxes.deliver(&owner.address, place, None, message.as_slice(), mailboxes.clock().now()) {
            Ok(_) => self.done(command),
            Err(_) => Answer::no(format!("[TRYCREATE] {}", manners::no_folder(self.character(), folder))),
        }
    }
}
