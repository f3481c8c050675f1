//! FETCH and UID FETCH: UID, flags, date, size, headers and Gmail's attributes; neither ENVELOPE nor BODYSTRUCTURE.

use std::collections::BTreeMap;
use std::ops::Range;

use super::answer::Answer;
use super::command::{Argument, Command};
use super::folders::spelled;
use super::sequence::Sequence;
use super::session::{Session, argument_text};
use crate::lab::mailbox::{Account, Character, MessageCopy, MessageId, Role};

/// Which bytes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Section {
    All,
    Header,
    Text,
    /// The header fields of these names.
    Fields(Vec<String>),
}

/// One thing that is asked of each message.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Uid,
    Flags,
    InternalDate,
    Size,
    GmailId(&'static str),
    GmailLabels,
    Body { peek: bool, section: Section, label: String, partial: Option<(usize, usize)> },
}

impl Item {
    fn parse(atom: &str, character: Character) -> Option<Self> {
        let capitals = atom.to_ascii_uppercase();
        let gmail = character == Character::Gmail;
        match capitals.as_str() {
            "UID" => Some(Self::Uid),
            "FLAGS" => Some(Self::Flags),
            "INTERNALDATE" => Some(Self::InternalDate),
            "RFC822.SIZE" => Some(Self::Size),
            "X-GM-MSGID" if gmail => Some(Self::GmailId("X-GM-MSGID")),
            "X-GM-THRID" if gmail => Some(Self::GmailId("X-GM-THRID")),
            "X-GM-LABELS" if gmail => Some(Self::GmailLabels),
            _ => body(&capitals),
        }
    }

    fn marks_as_seen(&self) -> bool {
        matches!(self, Self::Body { peek: false, .. })
    }
}

/// `BODY[…]<a.b>` and `BODY.PEEK[…]<a.b>`, in capitals.
fn body(atom: &str) -> Option<Item> {
    let (peek, rest) = match atom.strip_prefix("BODY.PEEK[") {
        Some(rest) => (true, rest),
        None => (false, atom.strip_prefix("BODY[")?),
    };
    let (label, partial) = rest.rsplit_once(']')?;
    let section = match label {
        "" => Section::All,
        "HEADER" => Section::Header,
        "TEXT" => Section::Text,
        fields => {
            let names = fields.strip_prefix("HEADER.FIELDS (")?.strip_suffix(')')?;
            Section::Fields(names.split(' ').map(|name| name.trim_matches('"').to_owned()).collect())
        }
    };
    let partial = if partial.is_empty() {
        None
    } else {
        let (first, length) = partial.strip_prefix('<')?.strip_suffix('>')?.split_once('.')?;
        Some((first.parse().ok()?, length.parse().ok().filter(|length| *length > 0)?))
    };
    Some(Item::Body { peek, section, label: label.to_owned(), partial })
}

/// One message of an answer.
struct Row {
    number: usize,
    copy: MessageCopy,
    labels: Vec<String>,
}

impl Session {
    pub(super) fn fetch(&mut self, command: &Command) -> Answer {
        let character = self.character();
        let set = argument_text(command, 0).and_then(Sequence::parse);
        let items: Option<Vec<Item>> = match command.arguments.as_slice() {
            [_, Argument::List(items)] if !items.is_empty() => {
                items.iter().map(|item| Item::parse(item.text()?, character)).collect()
            }
            [_, Argument::Atom(item)] => Item::parse(item, character).map(|item| vec![item]),
            _ => None,
        };
        let (Some(set), Some(mut items)) = (set, items) else { return Answer::bad("Could not parse command") };
        let uid_only = self.shared.settings.uid_only;
        if uid_only {
            if !command.by_uid {
                return Answer::bad("[UIDREQUIRED] Message numbers are not allowed once UIDONLY is on");
            }
            items.retain(|item| *item != Item::Uid);
        } else if command.by_uid && !items.contains(&Item::Uid) {
            items.insert(0, Item::Uid);
        }
        if items.iter().any(Item::marks_as_seen) {
            self.wire.entry.sin(format!("{} FETCH without PEEK", command.tag));
        }
        let mut answer = self.done(command);
        self.refresh(&mut answer, command.by_uid);
        let mut wanted = self.wanted(&set, command.by_uid);
        if let Some(limit) = self.shared.settings.message_limit.filter(|limit| wanted.len() > *limit) {
            wanted.drain(..wanted.len() - limit);
            let lowest = wanted.first().map_or(0, |(_, (uid, _))| *uid);
            let text = format!("[MESSAGELIMIT {limit} {lowest}] FETCH completed with {limit} partial results");
            answer.set_text(text);
        }
        if items.iter().any(Item::marks_as_seen) {
            self.mark_as_seen(&wanted);
        }
        for row in self.rows_of(&wanted) {
            write_row(&mut answer, &row, &items, uid_only);
        }
        answer
    }

    /// Message number, UID and message of what a set names, in order.
    pub(super) fn wanted(&self, set: &Sequence, by_uid: bool) -> Vec<(usize, (u32, MessageId))> {
        let rows = self.open.as_ref().map(|open| open.rows.as_slice()).unwrap_or_default();
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let largest = if by_uid { rows.iter().map(|(uid, _)| *uid).max().unwrap_or(0) } else { count };
        let numbered = (1..).zip(rows.iter().copied());
        numbered
            .filter(|(number, (uid, _))| {
                set.holds(if by_uid { *uid } else { u32::try_from(*number).unwrap_or(u32::MAX) }, largest)
            })
            .collect()
    }

    fn mark_as_seen(&self, wanted: &[(usize, (u32, MessageId))]) {
        if self.open.as_ref().is_some_and(|open| open.read_only) {
            return;
        }
        self.with_folder(|folder| {
            let seen = |copy: &&mut MessageCopy| wanted.iter().any(|(_, row)| *row == (copy.uid, copy.id));
            for copy in folder.copies.iter_mut().filter(seen) {
                copy.flags.insert("\\Seen".to_owned());
            }
        });
    }

    /// The messages themselves; what is gone by now is left out. Yahoo's come in no order.
    fn rows_of(&self, wanted: &[(usize, (u32, MessageId))]) -> Vec<Row> {
        let Some(open) = &self.open else { return Vec::new() };
        let gmail = self.character() == Character::Gmail;
        let rows = self.with_account(|account| {
            let folder = account.folder(&open.folder)?;
            let copies: BTreeMap<_, _> = folder.copies.iter().map(|copy| ((copy.uid, copy.id), copy)).collect();
            let rows = wanted.iter().filter_map(|(number, row)| {
                let copy = (*copies.get(row)?).clone();
                let labels = if gmail { labels(account, &open.folder, copy.id) } else { Vec::new() };
                Some(Row { number: *number, copy, labels })
            });
            Some(rows.collect::<Vec<_>>())
        });
        let rows = rows.flatten().unwrap_or_default();
        if self.character() != Character::Yahoo {
            return rows;
        }
        let (even, odd): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.number.is_multiple_of(2));
        even.into_iter().rev().chain(odd).collect()
    }
}

/// What X-GM-LABELS shows: every folder that holds the message, but not the open one and not All Mail.
fn labels(account: &Account, open: &str, id: MessageId) -> Vec<String> {
    let others = account.folders.iter().filter(|folder| folder.role != Role::All && !folder.is_called(open));
    others
        .filter(|folder| folder.copies.iter().any(|copy| copy.id == id))
        .map(|folder| {
            let system = if folder.role == Role::Inbox { Some("\\Inbox") } else { folder.role.special_use() };
            spelled(system.unwrap_or(&folder.name))
        })
        .collect()
}

fn write_row(answer: &mut Answer, row: &Row, items: &[Item], uid_only: bool) {
    let copy = &row.copy;
    let head = if uid_only { format!("* {} UIDFETCH (", copy.uid) } else { format!("* {} FETCH (", row.number) };
    answer.bytes(head.as_bytes());
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            answer.bytes(b" ");
        }
        match item {
            Item::Uid => answer.bytes(format!("UID {}", copy.uid).as_bytes()),
            Item::Flags => {
                let flags: Vec<&str> = copy.flags.iter().map(String::as_str).collect();
                answer.bytes(format!("FLAGS ({})", flags.join(" ")).as_bytes());
            }
            Item::InternalDate => {
                answer
                    .bytes(copy.arrived_at.strftime("INTERNALDATE \"%e-%b-%Y %H:%M:%S +0000\"").to_string().as_bytes());
            }
            Item::Size => answer.bytes(format!("RFC822.SIZE {}", copy.bytes.len()).as_bytes()),
            Item::GmailId(name) => answer.bytes(format!("{name} {}", copy.id.number()).as_bytes()),
            Item::GmailLabels => answer.bytes(format!("X-GM-LABELS ({})", row.labels.join(" ")).as_bytes()),
            Item::Body { section, label, partial, .. } => write_body(answer, copy, section, label, *partial),
        }
    }
    answer.bytes(b")\r\n");
}

fn write_body(
    answer: &mut Answer,
    copy: &MessageCopy,
    section: &Section,
    label: &str,
    partial: Option<(usize, usize)>,
) {
    let header = header_length(&copy.bytes);
    let origin = partial.map_or_else(String::new, |(first, _)| format!("<{first}>"));
    let mut announce = |length: usize| answer.bytes(format!("BODY[{label}]{origin} {{{length}}}\r\n").as_bytes());
    let whole = match section {
        Section::All => 0..copy.bytes.len(),
        Section::Header => 0..header,
        Section::Text => header..copy.bytes.len(),
        Section::Fields(names) => {
            let fields = header_fields(copy.bytes.get(..header).unwrap_or_default(), names);
            let part = fields.get(cut(0..fields.len(), partial)).unwrap_or_default();
            announce(part.len());
            answer.bytes(part);
            return;
        }
    };
    let part = cut(whole, partial);
    announce(part.len());
    answer.part(copy.bytes.clone(), part);
}

/// The part of a range that `<first.length>` asks for.
fn cut(whole: Range<usize>, partial: Option<(usize, usize)>) -> Range<usize> {
    let Some((first, length)) = partial else { return whole };
    let start = whole.start.saturating_add(first).min(whole.end);
    start..start.saturating_add(length).min(whole.end)
}

/// How long the header is, with the empty line that ends it.
fn header_length(message: &[u8]) -> usize {
    if message.starts_with(b"\r\n") {
        return 2;
    }
    message.windows(4).position(|four| four == b"\r\n\r\n").map_or(message.len(), |at| at + 4)
}

/// The fields of these names, folded lines with them, and an empty line.
fn header_fields(header: &[u8], names: &[String]) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut keeping = false;
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            keeping = names.iter().any(|wanted| wanted.as_bytes().eq_ignore_ascii_case(name));
        }
        if keeping {
            kept.extend_from_slice(line);
        }
    }
    kept.extend_from_slice(b"\r\n");
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] =
        b"From: a@b.example\r\nSubject: one\r\n two\r\nX-A: 1\r\nsubject: three\r\n\r\nBody\r\n\r\nmore";

    #[test]
    fn fields_come_with_their_folded_lines_and_in_any_case() {
        let header = &MESSAGE[..header_length(MESSAGE)];
        let fields = header_fields(header, &["SUBJECT".to_owned()]);
        assert_eq!(fields, b"Subject: one\r\n two\r\nsubject: three\r\n\r\n");
        assert_eq!(header_fields(header, &["X-B".to_owned()]), b"\r\n");
    }

    #[test]
    fn a_header_ends_at_the_first_empty_line() {
        for (message, length) in [(&b"A: b\r\n\r\nc\r\n\r\n"[..], 8), (b"\r\nbody", 2), (b"A: b\r\n", 6), (b"", 0)] {
            assert_eq!(header_length(message), length);
        }
    }

    #[test]
    fn a_part_never_leaves_its_whole() {
        for (partial, part) in
            [(None, 2..9), (Some((0, 3)), 2..5), (Some((5, 99)), 7..9), (Some((99, 1)), 9..9), (Some((0, 7)), 2..9)]
        {
            assert_eq!(cut(2..9, partial), part);
        }
    }

    #[test]
    fn items_are_read_and_the_unknown_is_refused() {
        let peeked = body("BODY.PEEK[HEADER]<0.65536>").unwrap();
        assert!(!peeked.marks_as_seen());
        assert!(body("BODY[TEXT]").unwrap().marks_as_seen());
        for bad in ["ENVELOPE", "BODY", "BODY[1]", "BODY.PEEK[HEADER]<0>", "BODY.PEEK[HEADER]<0.0>", "X-GM-MSGID"] {
            assert_eq!(Item::parse(bad, Character::Plain), None, "{bad}");
        }
    }
}
