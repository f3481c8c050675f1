//! What kind of provider a mailbox lives at, and the folders it has on its first day.
//!
//! Names and attributes are as seen at Gmail, Outlook.com and Microsoft 365, and Yahoo until autumn 2026; names other
//! than English are in modified UTF-7 (RFC 3501 §5.1.3), as the servers send them.

/// The manners of a provider, as far as they concern a client that only looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Character {
    /// Special-use attributes in every LIST, all mail in `\All`, tabs behind X-GM-RAW.
    Gmail,
    /// No SPECIAL-USE, folders named in the owner's language.
    Outlook,
    /// `Inbox` and `Bulk`, MESSAGELIMIT, FETCH rows in no order.
    Yahoo,
    /// By the book: SPECIAL-USE when asked for it (RFC 6154 §5).
    Plain,
}

impl Character {
    /// Every character.
    pub const ALL: [Self; 4] = [Self::Gmail, Self::Outlook, Self::Yahoo, Self::Plain];

    /// The name of the preset that fits it, which is also the name of its server in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gmail => "gmail",
            Self::Outlook => "outlook",
            Self::Yahoo => "yahoo",
            Self::Plain => "plain",
        }
    }
}

/// The language in which a mailbox's folders are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
}

/// What a folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// INBOX.
    Inbox,
    /// All mail but spam and trash, as Gmail keeps it.
    All,
    /// An archive.
    Archive,
    /// Drafts.
    Drafts,
    /// Starred mail.
    Flagged,
    /// Mail thought important.
    Important,
    /// Spam.
    Junk,
    /// Sent mail.
    Sent,
    /// The trash.
    Trash,
    /// A name that holds other names and no mail.
    Container,
    /// Any other folder.
    Other,
}

impl Role {
    /// Its special-use attribute (RFC 6154 §2), if there is one.
    pub fn special_use(self) -> Option<&'static str> {
        match self {
            Self::All => Some("\\All"),
            Self::Archive => Some("\\Archive"),
            Self::Drafts => Some("\\Drafts"),
            Self::Flagged => Some("\\Flagged"),
            Self::Important => Some("\\Important"),
            Self::Junk => Some("\\Junk"),
            Self::Sent => Some("\\Sent"),
            Self::Trash => Some("\\Trash"),
            Self::Inbox | Self::Container | Self::Other => None,
        }
    }
}

/// A row of the tables below: the role, then its name in English, German and French.
type Row = (Role, [&'static str; 3]);

const GMAIL: [Row; 9] = [
    (Role::Inbox, ["INBOX", "INBOX", "INBOX"]),
    (Role::Container, ["[Gmail]", "[Gmail]", "[Gmail]"]),
    (Role::All, ["[Gmail]/All Mail", "[Gmail]/Alle Nachrichten", "[Gmail]/Tous les messages"]),
    (Role::Drafts, ["[Gmail]/Drafts", "[Gmail]/Entw&APw-rfe", "[Gmail]/Brouillons"]),
    (Role::Important, ["[Gmail]/Important", "[Gmail]/Wichtig", "[Gmail]/Important"]),
    (Role::Sent, ["[Gmail]/Sent Mail", "[Gmail]/Gesendet", "[Gmail]/Messages envoy&AOk-s"]),
    (Role::Junk, ["[Gmail]/Spam", "[Gmail]/Spam", "[Gmail]/Spam"]),
    (Role::Flagged, ["[Gmail]/Starred", "[Gmail]/Markiert", "[Gmail]/Suivis"]),
    (Role::Trash, ["[Gmail]/Trash", "[Gmail]/Papierkorb", "[Gmail]/Corbeille"]),
];

const OUTLOOK: [Row; 6] = [
    (Role::Archive, ["Archive", "Archiv", "Archive"]),
    (Role::Trash, ["Deleted Items", "Gel&APY-schte Elemente", "&AMk-l&AOk-ments supprim&AOk-s"]),
    (Role::Drafts, ["Drafts", "Entw&APw-rfe", "Brouillons"]),
    (Role::Inbox, ["INBOX", "INBOX", "INBOX"]),
    (Role::Junk, ["Junk Email", "Junk-E-Mail", "Courrier ind&AOk-sirable"]),
    (Role::Sent, ["Sent Items", "Gesendete Elemente", "&AMk-l&AOk-ments envoy&AOk-s"]),
];

const YAHOO: [Row; 6] = [
    (Role::Archive, ["Archive", "Archive", "Archive"]),
    (Role::Junk, ["Bulk", "Bulk", "Bulk"]),
    (Role::Drafts, ["Draft", "Draft", "Draft"]),
    (Role::Inbox, ["Inbox", "Inbox", "Inbox"]),
    (Role::Sent, ["Sent", "Sent", "Sent"]),
    (Role::Trash, ["Trash", "Trash", "Trash"]),
];

const PLAIN: [Row; 6] = [
    (Role::Archive, ["Archive", "Archiv", "Archives"]),
    (Role::Drafts, ["Drafts", "Entw&APw-rfe", "Brouillons"]),
    (Role::Junk, ["Junk", "Spamverdacht", "Ind&AOk-sirables"]),
    (Role::Sent, ["Sent", "Gesendet", "Envoy&AOk-s"]),
    (Role::Trash, ["Trash", "Papierkorb", "Corbeille"]),
    (Role::Inbox, ["INBOX", "INBOX", "INBOX"]),
];

/// The folders of a new mailbox: role and name as it stands on the wire, in the order in which LIST shows them.
pub(super) fn first_folders(character: Character, language: Language) -> Vec<(Role, &'static str)> {
    let rows: &[Row] = match character {
        Character::Gmail => &GMAIL,
        Character::Outlook => &OUTLOOK,
        Character::Yahoo => &YAHOO,
        Character::Plain => &PLAIN,
    };
    rows.iter()
        .map(|&(role, [english, german, french])| match language {
            Language::English => (role, english),
            Language::German => (role, german),
            Language::French => (role, french),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::folder::FolderName;

    #[test]
    fn every_mailbox_has_an_inbox_and_a_spam_folder_whose_name_its_owner_can_read() {
        for character in Character::ALL {
            for language in [Language::English, Language::German, Language::French] {
                let folders = first_folders(character, language);
                for role in [Role::Inbox, Role::Junk, Role::Trash] {
                    assert_eq!(folders.iter().filter(|folder| folder.0 == role).count(), 1, "{character:?} {role:?}");
                }
                for (_, name) in folders {
                    let shown = FolderName::from_wire(name).to_string();
                    assert!(!shown.contains('&'), "{name} is not modified UTF-7");
                }
            }
        }
        let outlook = first_folders(Character::Outlook, Language::French);
        let junk = outlook.iter().find(|folder| folder.0 == Role::Junk).unwrap();
        assert_eq!(FolderName::from_wire(junk.1).to_string(), "Courrier indésirable");
    }
}
