//! One mailbox with its folders and messages: what the IMAP server shows and what tests fill.
//!
//! A message has one id for life (Gmail shows it as X-GM-MSGID) and one UID for each folder that holds a copy. UIDs are
//! given when mail arrives, in the order of arrival (RFC 3501 §2.3.1.1), so mail that is still on its way has none.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::character::{Character, Role};

/// Names a message for as long as the lab lives, in whatever folder it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub(super) u64);

impl MessageId {
    /// The number that Gmail shows as X-GM-MSGID.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// The tab under which Gmail's web page shows a message of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tab {
    /// The main tab.
    Primary,
    /// Promotions.
    Promotions,
    /// Social.
    Social,
    /// Updates.
    Updates,
    /// Forums.
    Forums,
}

impl Tab {
    /// The category that `X-GM-RAW "category:…"` knows it by.
    pub fn category(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Promotions => "promotions",
            Self::Social => "social",
            Self::Updates => "updates",
            Self::Forums => "forums",
        }
    }
}

/// One copy of a message in one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageCopy {
    /// Which message it is a copy of.
    pub id: MessageId,
    /// Its UID in this folder.
    pub uid: u32,
    /// When the provider received it (INTERNALDATE).
    pub arrived_at: Timestamp,
    /// Its flags, such as `\Seen`.
    pub flags: BTreeSet<String>,
    /// Its tab; `None` if Gmail gave it none, and everywhere else.
    pub tab: Option<Tab>,
    /// The message, byte for byte.
    pub bytes: Arc<[u8]>,
}

/// A folder with what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its name on the wire.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The attributes LIST shows whatever was asked, such as `\HasNoChildren`.
    pub attributes: Vec<String>,
    /// Whether its special-use attribute is told.
    pub announces_role: bool,
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// UIDNEXT.
    pub uid_next: u32,
    /// Its messages in the order of arrival.
    pub copies: Vec<MessageCopy>,
}

impl Folder {
    pub(super) fn new(name: &str, role: Role, uid_validity: u32) -> Self {
        let attributes = if role == Role::Container {
            vec!["\\HasChildren".to_owned(), "\\Noselect".to_owned()]
        } else {
            vec!["\\HasNoChildren".to_owned()]
        };
        let name = name.to_owned();
        Self { name, role, attributes, announces_role: true, uid_validity, uid_next: 1, copies: Vec::new() }
    }

    /// Whether it can be opened.
    pub fn is_selectable(&self) -> bool {
        !self.attributes.iter().any(|attribute| attribute.eq_ignore_ascii_case("\\Noselect"))
    }

    /// Whether a client that says `name` means this folder; only INBOX is compared without regard to case.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || (self.name.eq_ignore_ascii_case("INBOX") && name.eq_ignore_ascii_case("INBOX"))
    }

    fn push(&mut self, copy: &MessageCopy) {
        self.copies.push(MessageCopy { uid: self.uid_next, ..copy.clone() });
        self.uid_next = self.uid_next.saturating_add(1);
    }
}

/// Which folder is meant: by what it is for, or by its name on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The first folder with this role.
    Role(Role),
    /// The folder of this name.
    Named(String),
}

impl From<Role> for Place {
    fn from(role: Role) -> Self {
        Self::Role(role)
    }
}

impl From<&str> for Place {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

impl Place {
    fn is(&self, folder: &Folder) -> bool {
        match self {
            Self::Role(role) => folder.role == *role,
            Self::Named(name) => folder.is_called(name),
        }
    }
}

/// Something that will happen to a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// A message arrives.
    Arrival(Place, MessageCopy),
    /// A message that arrived earlier is moved, as Microsoft's zero-hour purge does.
    Move(MessageId, Place),
}

/// A mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Where mail for it is sent.
    pub address: String,
    /// What its owner signs in as.
    pub login: String,
    /// The provider's manners.
    pub character: Character,
    /// Its folders, in the order in which LIST shows them.
    pub folders: Vec<Folder>,
    pub(super) password: String,
    pub(super) token: Option<String>,
    pub(super) coming: Vec<(Timestamp, Event)>,
}

impl Account {
    /// The folder a client means by this name.
    pub fn folder(&self, name: &str) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.is_called(name))
    }

    pub(crate) fn folder_mut(&mut self, name: &str) -> Option<&mut Folder> {
        self.folders.iter_mut().find(|folder| folder.is_called(name))
    }

    pub(super) fn at(&mut self, place: &Place) -> Option<&mut Folder> {
        self.folders.iter_mut().find(|folder| place.is(folder))
    }

    /// Lets everything happen that is due by `now`.
    pub(super) fn settle(&mut self, now: Timestamp) {
        if self.coming.iter().all(|(at, _)| *at > now) {
            return;
        }
        let (mut due, later): (Vec<_>, Vec<_>) = self.coming.drain(..).partition(|(at, _)| *at <= now);
        self.coming = later;
        due.sort_by_key(|(at, _)| *at);
        for (_, event) in due {
            match event {
                Event::Arrival(place, copy) => self.arrive(&place, &copy),
                Event::Move(id, place) => {
                    self.relocate(id, &place);
                }
            }
        }
    }

    /// Puts a copy into a folder, and at Gmail one into All Mail unless it is spam or trash.
    pub(super) fn arrive(&mut self, place: &Place, copy: &MessageCopy) {
        let Some(folder) = self.at(place) else { return };
        folder.push(copy);
        let hidden = matches!(folder.role, Role::All | Role::Junk | Role::Trash);
        if self.character == Character::Gmail && !hidden {
            let all = self.folders.iter_mut().find(|folder| folder.role == Role::All);
            if let Some(all) = all.filter(|all| all.copies.iter().all(|other| other.id != copy.id)) {
                all.push(copy);
            }
        }
    }

    /// Takes a message out of every folder and puts it into one; `false` if it lies nowhere.
    pub(super) fn relocate(&mut self, id: MessageId, place: &Place) -> bool {
        let Some(copy) = self.copy_of(id) else { return false };
        let hides = self.at(place).is_some_and(|folder| matches!(folder.role, Role::Junk | Role::Trash));
        for folder in self.folders.iter_mut().filter(|folder| folder.role != Role::All || hides || place.is(folder)) {
            folder.copies.retain(|copy| copy.id != id);
        }
        self.arrive(place, &copy);
        true
    }

    /// Any copy of a message.
    pub(super) fn copy_of(&self, id: MessageId) -> Option<MessageCopy> {
        self.folders.iter().flat_map(|folder| &folder.copies).find(|copy| copy.id == id).cloned()
    }
}
