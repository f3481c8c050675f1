//! What all mailboxes held at one moment, for the assertion that a client changed nothing.

use std::collections::BTreeMap;

use super::account::{Account, Folder, MessageCopy};

/// Every folder and every message with its UID, flags, date, tab and bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<(String, String), Folder>);

impl Snapshot {
    pub(super) fn of<'a>(accounts: impl Iterator<Item = &'a Account>) -> Self {
        let folders = accounts.flat_map(|account| {
            account.folders.iter().map(|folder| ((account.address.clone(), folder.name.clone()), folder.clone()))
        });
        Self(folders.collect())
    }

    /// What is different in `later`, one sentence each; empty if nothing is. New mail is a difference too, so a test
    /// that lets mail arrive takes its first snapshot after the last arrival, or filters for `arrived`.
    pub fn differences(&self, later: &Self) -> Vec<String> {
        let mut sentences = Vec::new();
        for ((address, name), folder) in &self.0 {
            let place = format!("{address} {name}");
            match later.0.get(&(address.clone(), name.clone())) {
                None => sentences.push(format!("{place}: the folder is gone")),
                Some(after) => differences_of_folder(&place, folder, after, &mut sentences),
            }
        }
        for (address, name) in later.0.keys().filter(|key| !self.0.contains_key(key)) {
            sentences.push(format!("{address} {name}: the folder is new"));
        }
        sentences
    }
}

fn differences_of_folder(place: &str, before: &Folder, after: &Folder, sentences: &mut Vec<String>) {
    let said_before = sentences.len();
    if before.uid_validity != after.uid_validity {
        sentences.push(format!("{place}: UIDVALIDITY {} became {}", before.uid_validity, after.uid_validity));
    }
    for copy in &before.copies {
        match after.copies.iter().find(|other| other.uid == copy.uid) {
            None => sentences.push(format!("{place}: UID {} is gone", copy.uid)),
            Some(other) if other != copy => sentences.push(format!("{place}: UID {}: {}", copy.uid, what(copy, other))),
            Some(_) => {}
        }
    }
    for copy in &after.copies {
        if before.copies.iter().all(|other| other.uid != copy.uid) {
            sentences.push(format!("{place}: UID {} arrived", copy.uid));
        }
    }
    if sentences.len() == said_before && before != after {
        sentences.push(format!("{place}: name, attributes or UIDNEXT changed"));
    }
}

fn what(before: &MessageCopy, after: &MessageCopy) -> String {
    if before.flags == after.flags {
        "another message, date or tab".to_owned()
    } else {
        format!("flags {:?} became {:?}", before.flags, after.flags)
    }
}
