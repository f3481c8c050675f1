//! The mailboxes of the lab, shared by the servers that show them and whoever fills them.
//!
//! Mail may be handed in for a moment that has not come: nobody can see it before, not in a FETCH and not in UIDNEXT.
//! Nothing here judges a message; where it lands is the caller's decision.

pub mod account;
pub mod character;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::{Clock, LabError};

pub use account::{Account, Folder, MessageCopy, MessageId, Place, Tab};
pub use character::{Character, Language, Role};
pub use snapshot::Snapshot;

use account::Event;

/// The UIDVALIDITY of the first folder of a mailbox; each further folder has the next number.
const FIRST_UID_VALIDITY: u32 = 600_000_001;
/// The number of the first message. Gmail's are about as large: more than 53 bits, so that no float holds them.
const FIRST_MESSAGE: u64 = 1_700_000_000_000_000_001;

/// A mailbox that shall be opened.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Where mail for it is sent.
    pub address: String,
    /// What its owner signs in as.
    pub login: String,
    /// Its password.
    pub password: String,
    /// An OAuth access token that is accepted too, if any.
    pub token: Option<String>,
    /// The provider it lives at.
    pub character: Character,
    /// The language of its folders.
    pub language: Language,
}

impl NewAccount {
    /// A mailbox with English folders whose owner signs in with the address and a password.
    pub fn new(character: Character, address: &str, password: &str) -> Self {
        Self {
            address: address.to_owned(),
            login: address.to_owned(),
            password: password.to_owned(),
            token: None,
            character,
            language: Language::English,
        }
    }
}

#[derive(Debug)]
struct State {
    accounts: BTreeMap<String, Account>,
    next_message: u64,
}

/// All mailboxes. Clones are the same mailboxes.
#[derive(Debug, Clone)]
pub struct Mailboxes {
    state: Arc<Mutex<State>>,
    clock: Clock,
}

impl Mailboxes {
    /// No mailboxes yet; mail will arrive by this clock.
    pub fn new(clock: Clock) -> Self {
        let state = State { accounts: BTreeMap::new(), next_message: FIRST_MESSAGE };
        Self { state: Arc::new(Mutex::new(state)), clock }
    }

    /// The clock by which mail arrives.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Opens a mailbox with its provider's first folders. One with the same address is replaced.
    pub fn open(&self, new: NewAccount) {
        let folders = character::first_folders(new.character, new.language);
        let folders =
            (FIRST_UID_VALIDITY..).zip(folders).map(|(validity, (role, name))| Folder::new(name, role, validity));
        let account = Account {
            address: new.address,
            login: new.login,
            character: new.character,
            folders: folders.collect(),
            password: new.password,
            token: new.token,
            coming: Vec::new(),
        };
        self.lock().accounts.insert(account.address.to_ascii_lowercase(), account);
    }

    /// Closes a mailbox for good; its open sessions end at their next command.
    pub fn close(&self, address: &str) {
        self.lock().accounts.remove(&address.to_ascii_lowercase());
    }

    /// Sets another password, as an owner or a provider does.
    pub fn set_password(&self, address: &str, password: &str) -> Result<(), LabError> {
        self.change(address, |account| password.clone_into(&mut account.password))
    }

    /// Sets the OAuth access token that is accepted, or that none is.
    pub fn set_token(&self, address: &str, token: Option<&str>) -> Result<(), LabError> {
        self.change(address, |account| account.token = token.map(str::to_owned))
    }

    /// Adds a folder, by its name on the wire.
    pub fn add_folder(&self, address: &str, name: &str, role: Role) -> Result<(), LabError> {
        self.change(address, |account| {
            let last = account.folders.iter().map(|folder| folder.uid_validity).max().unwrap_or(FIRST_UID_VALIDITY);
            account.folders.push(Folder::new(name, role, last.saturating_add(1)));
        })
    }

    /// Removes a folder with all it holds.
    pub fn remove_folder(&self, address: &str, place: impl Into<Place>) -> Result<(), LabError> {
        let name = self.change_folder(address, place, |folder| folder.name.clone())?;
        self.change(address, |account| account.folders.retain(|folder| folder.name != name))
    }

    /// Renames a folder; its messages keep their UIDs.
    pub fn rename_folder(&self, address: &str, place: impl Into<Place>, name: &str) -> Result<(), LabError> {
        self.change_folder(address, place, |folder| name.clone_into(&mut folder.name))
    }

    /// Changes what LIST tells of a folder: the attributes it always shows, and whether its special use is among them.
    pub fn set_attributes(
        &self,
        address: &str,
        place: impl Into<Place>,
        attributes: &[&str],
        announces_role: bool,
    ) -> Result<(), LabError> {
        self.change_folder(address, place, |folder| {
            folder.attributes = attributes.iter().map(|&attribute| attribute.to_owned()).collect();
            folder.announces_role = announces_role;
        })
    }

    /// Delivers a message: it becomes visible at `at`, at once if that has passed, and `at` is its INTERNALDATE.
    pub fn deliver(
        &self,
        address: &str,
        place: impl Into<Place>,
        tab: Option<Tab>,
        bytes: impl Into<Arc<[u8]>>,
        at: Timestamp,
    ) -> Result<MessageId, LabError> {
        let place = place.into();
        self.check_place(address, &place)?;
        let id = {
            let mut state = self.lock();
            let id = MessageId(state.next_message);
            state.next_message = id.0.saturating_add(1);
            id
        };
        let copy = MessageCopy { id, uid: 0, arrived_at: at, flags: BTreeSet::new(), tab, bytes: bytes.into() };
        self.change(address, |account| account.coming.push((at, Event::Arrival(place, copy))))?;
        Ok(id)
    }

    /// Moves a message now: out of every other folder, into this one with a new UID.
    pub fn move_message(&self, address: &str, id: MessageId, place: impl Into<Place>) -> Result<(), LabError> {
        let place = place.into();
        self.check_place(address, &place)?;
        let moved = self.change(address, |account| account.relocate(id, &place))?;
        if moved { Ok(()) } else { Err(LabError::NoSuchMessage(address.to_owned())) }
    }

    /// Moves a message at a later moment, when it will have arrived.
    pub fn move_message_at(
        &self,
        address: &str,
        id: MessageId,
        place: impl Into<Place>,
        at: Timestamp,
    ) -> Result<(), LabError> {
        let place = place.into();
        self.check_place(address, &place)?;
        self.change(address, |account| account.coming.push((at, Event::Move(id, place))))
    }

    /// Puts a further copy of a message into a folder, with the same INTERNALDATE and flags.
    pub fn copy_message(&self, address: &str, id: MessageId, place: impl Into<Place>) -> Result<(), LabError> {
        let place = place.into();
        self.check_place(address, &place)?;
        let copy = self.change(address, |account| account.copy_of(id))?;
        let copy = copy.ok_or_else(|| LabError::NoSuchMessage(address.to_owned()))?;
        self.change(address, |account| account.arrive(&place, &copy))
    }

    /// Deletes every copy of a message.
    pub fn delete_message(&self, address: &str, id: MessageId) -> Result<(), LabError> {
        self.change(address, |account| {
            for folder in &mut account.folders {
                folder.copies.retain(|copy| copy.id != id);
            }
        })
    }

    /// Sets a flag on every copy of a message, as its owner does.
    pub fn flag_message(&self, address: &str, id: MessageId, flag: &str) -> Result<(), LabError> {
        self.change(address, |account| {
            let copies = account.folders.iter_mut().flat_map(|folder| &mut folder.copies);
            for copy in copies.filter(|copy| copy.id == id) {
                copy.flags.insert(flag.to_owned());
            }
        })
    }

    /// Files a message under another tab, or under none.
    pub fn set_tab(&self, address: &str, id: MessageId, tab: Option<Tab>) -> Result<(), LabError> {
        self.change(address, |account| {
            let copies = account.folders.iter_mut().flat_map(|folder| &mut folder.copies);
            copies.filter(|copy| copy.id == id).for_each(|copy| copy.tab = tab);
        })
    }

    /// Builds the folder anew: a higher UIDVALIDITY, and its messages numbered from 1 (RFC 3501 §2.3.1.1).
    pub fn change_uid_validity(&self, address: &str, place: impl Into<Place>) -> Result<(), LabError> {
        self.change_folder(address, place, |folder| {
            folder.uid_validity = folder.uid_validity.saturating_add(1000);
            folder.uid_next = 1;
            for copy in &mut folder.copies {
                copy.uid = folder.uid_next;
                folder.uid_next = folder.uid_next.saturating_add(1);
            }
        })
    }

    /// Says another UIDNEXT under the same UIDVALIDITY, which no server may do: later mail gets these UIDs.
    pub fn set_uid_next(&self, address: &str, place: impl Into<Place>, uid_next: u32) -> Result<(), LabError> {
        self.change_folder(address, place, |folder| folder.uid_next = uid_next)
    }

    /// The mailbox as it is now.
    pub fn account(&self, address: &str) -> Result<Account, LabError> {
        self.change(address, |account| account.clone())
    }

    /// The addresses of all mailboxes.
    pub fn addresses(&self) -> Vec<String> {
        self.lock().accounts.values().map(|account| account.address.clone()).collect()
    }

    /// Everything that all mailboxes hold now, to be compared with a later state.
    pub fn snapshot(&self) -> Snapshot {
        let now = self.clock.now();
        let mut state = self.lock();
        state.accounts.values_mut().for_each(|account| account.settle(now));
        Snapshot::of(state.accounts.values())
    }

    /// The address of the mailbox that this login and password open at this provider.
    pub(super) fn by_password(&self, character: Character, login: &str, password: &str) -> Option<String> {
        self.find(|account| account.character == character && account.login == login && account.password == password)
    }

    /// The address of the mailbox that this login and token open at this provider.
    pub(super) fn by_token(&self, character: Character, login: &str, token: &str) -> Option<String> {
        self.find(|account| {
            account.character == character && account.login == login && account.token.as_deref() == Some(token)
        })
    }

    fn find(&self, fits: impl Fn(&Account) -> bool) -> Option<String> {
        self.lock().accounts.values().find(|account| fits(account)).map(|account| account.address.clone())
    }

    /// Works on one mailbox after everything due has happened to it, and again before anybody else can look.
    pub(super) fn change<T>(&self, address: &str, work: impl FnOnce(&mut Account) -> T) -> Result<T, LabError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let account = state.accounts.get_mut(&address.to_ascii_lowercase());
        let account = account.ok_or_else(|| LabError::NoSuchMailbox(address.to_owned()))?;
        account.settle(now);
        let outcome = work(account);
        account.settle(now);
        Ok(outcome)
    }

    fn change_folder<T>(
        &self,
        address: &str,
        place: impl Into<Place>,
        work: impl FnOnce(&mut Folder) -> T,
    ) -> Result<T, LabError> {
        let place = place.into();
        self.change(address, |account| account.at(&place).map(work))?.ok_or_else(|| absent(address, &place))
    }

    fn check_place(&self, address: &str, place: &Place) -> Result<(), LabError> {
        let open = self.change(address, |account| account.at(place).is_some_and(|folder| folder.is_selectable()))?;
        if open { Ok(()) } else { Err(absent(address, place)) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn absent(address: &str, place: &Place) -> LabError {
    let folder = match place {
        Place::Role(role) => format!("{role:?}"),
        Place::Named(name) => name.clone(),
    };
    LabError::NoSuchFolder { mailbox: address.to_owned(), folder }
}

#[cfg(test)]
mod tests;
