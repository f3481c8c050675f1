//! The folders of a seed and their roles: the seed's own word, else SPECIAL-USE (RFC 6154 §2), else the provider's
//! table of names. A role is never guessed from what a folder holds.

use std::collections::BTreeMap;

use imap_proto::{MailboxListData, NameAttribute};

use super::failure::ImapFailure;
use crate::domain::folder::{FolderName, Role};

/// Most folders that are read.
pub(super) const MOST_FOLDERS: usize = 2_000;

/// How a folder's role was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// The seed names it.
    BySeed,
    /// The server marks it.
    BySpecialUse,
    /// Its name is in the provider's table, or it is INBOX.
    ByName,
    /// It has no special role.
    NotSpecial,
}

/// A folder as LIST shows it (RFC 3501 §7.2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    name: FolderName,
    delimiter: Option<String>,
    uses: Vec<Use>,
}

/// What LIST may say of a folder, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Special(Role),
    /// Every message of the mailbox (`\All`): what other views show is here too.
    All,
    /// What we sent or began to write ourselves.
    Ours,
    /// A view of messages that lie elsewhere.
    View,
    /// It cannot be opened.
    Shut,
}

impl Listed {
    /// As the parser read it. Its names keep the backslashes of quoted strings.
    pub(super) fn of(list: &MailboxListData<'_>) -> Self {
        Self {
            name: FolderName::from_wire(unescape(&list.name)),
            delimiter: list.delimiter.as_deref().map(unescape).filter(|delimiter| !delimiter.is_empty()),
            uses: list.name_attributes.iter().flat_map(uses_of).copied().collect(),
        }
    }

    /// INBOX, if the list lacks it: every mailbox has one (RFC 3501 §5.1).
    pub(super) fn missing_inbox(listed: &[Self]) -> Option<Self> {
        let inbox = Self { name: FolderName::from_wire("INBOX"), delimiter: None, uses: Vec::new() };
        (!listed.iter().any(|folder| folder.name.is_inbox())).then_some(inbox)
    }

    fn is(&self, wanted: Use) -> bool {
        self.uses.contains(&wanted)
    }

    fn special_role(&self) -> Option<Role> {
        self.uses.iter().find_map(|listed| match listed {
            Use::Special(role) => Some(*role),
            Use::All | Use::Ours | Use::View | Use::Shut => None,
        })
    }

    fn last_part(&self) -> String {
        let whole = self.name.to_string();
        let last = self.delimiter.as_deref().and_then(|delimiter| whole.rsplit(delimiter).next().map(str::to_owned));
        last.unwrap_or(whole)
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "foreign and open: other flags change nothing here")]
fn uses_of(attribute: &NameAttribute<'_>) -> &'static [Use] {
    match attribute {
        NameAttribute::Junk => &[Use::Special(Role::Junk)],
        NameAttribute::Trash => &[Use::Special(Role::Trash)],
        NameAttribute::All => &[Use::Special(Role::Archive), Use::All],
        NameAttribute::Archive => &[Use::Special(Role::Archive)],
        NameAttribute::Sent | NameAttribute::Drafts => &[Use::Ours],
        NameAttribute::Flagged => &[Use::View],
        NameAttribute::NoSelect => &[Use::Shut],
        NameAttribute::Extension(word) if word.eq_ignore_ascii_case("\\NonExistent") => &[Use::Shut],
        NameAttribute::Extension(word) if word.eq_ignore_ascii_case("\\Important") => &[Use::View],
        _ => &[],
    }
}

/// A quoted name without its backslashes.
fn unescape(quoted: &str) -> String {
    let mut name = String::with_capacity(quoted.len());
    let mut escaped = false;
    for c in quoted.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            name.push(c);
            escaped = false;
        }
    }
    name
}

/// A folder that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    /// Its name.
    pub(super) name: FolderName,
    /// Its role.
    pub(super) role: Role,
    /// How the role was found.
    pub(super) found: Found,
}

/// The folders to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folders {
    /// Those to read, the inbox and spam first.
    pub(super) folders: Vec<Folder>,
    /// Why not all are among them; `None` if all are.
    pub(super) excess: Option<String>,
}

/// Gives each listed folder its role. Fails if none is spam: such a seed could only ever report good news.
pub(super) fn resolve(
    listed: &[Listed],
    junk: Option<&str>,
    names: &BTreeMap<Role, Vec<String>>,
) -> Result<Folders, ImapFailure> {
    let mut open: BTreeMap<&FolderName, &Listed> = BTreeMap::new();
    // INBOX is one folder however it is spelled (RFC 3501 §5.1), and is tried whatever the list says of it.
    let inbox = listed.iter().map(|folder| &folder.name).find(|name| name.is_inbox());
    let is_open = |folder: &&Listed| {
        if folder.name.is_inbox() {
            return Some(&folder.name) == inbox;
        }
        !folder.is(Use::Shut) && !folder.name.wire().is_empty()
    };
    for folder in listed.iter().filter(is_open) {
        // Some servers list a folder twice, once without its flags.
        let known = open.entry(&folder.name).or_insert(folder);
        if known.uses.is_empty() {
            *known = folder;
        }
    }
    let mut roles: BTreeMap<&FolderName, (Role, Found)> = BTreeMap::new();
    for folder in open.values() {
        if folder.name.is_inbox() {
            roles.insert(&folder.name, (Role::Inbox, Found::ByName));
        } else if junk.is_some_and(|junk| same(&folder.name.to_string(), junk)) {
            roles.insert(&folder.name, (Role::Junk, Found::BySeed));
        } else if let Some(role) = folder.special_role() {
            roles.insert(&folder.name, (role, Found::BySpecialUse));
        }
    }
    let unnamed = junk.is_some() && !roles.values().any(|(_, found)| *found == Found::BySeed);
    by_name(&open, names, &mut roles);
    if unnamed || !roles.values().any(|(role, _)| *role == Role::Junk) {
        let seen = open.keys().take(20).map(|name| super::said::said(&name.to_string())).collect::<Vec<_>>().join(", ");
        return Err(ImapFailure::NoJunkFolder { named: junk.map(str::to_owned), seen });
    }
    let has_all = open.values().any(|folder| folder.is(Use::All));
    let mut folders: Vec<Folder> = open
        .values()
        .filter(|folder| roles.contains_key(&folder.name) || !(folder.is(Use::Ours) || folder.is(Use::View) && has_all))
        .map(|folder| {
            let (role, found) = roles.get(&folder.name).copied().unwrap_or((Role::Other, Found::NotSpecial));
            Folder { name: folder.name.clone(), role, found }
        })
        .collect();
    folders.sort_by_key(|folder| match folder.role {
        Role::Inbox => 0,
        Role::Junk => 1,
        Role::Archive => 2,
        Role::Unknown | Role::Other | Role::Trash => 3,
    });
    let count = folders.len();
    folders.truncate(MOST_FOLDERS);
    let excess = (count > MOST_FOLDERS).then(|| {
        format!("the mailbox has {count} folders, of which only {MOST_FOLDERS} are read; remove some of them")
    });
    Ok(Folders { folders, excess })
}

/// The provider's names, for roles that nothing else gave: whole names before last parts, earlier names before later
/// ones. Folders that are ours or views take no role by name.
fn by_name<'a>(
    open: &BTreeMap<&'a FolderName, &'a Listed>,
    names: &BTreeMap<Role, Vec<String>>,
    roles: &mut BTreeMap<&'a FolderName, (Role, Found)>,
) {
    for (&role, names) in names {
        if role == Role::Inbox || roles.values().any(|(given, _)| *given == role) {
            continue;
        }
        let free =
            |folder: &&&Listed| !roles.contains_key(&folder.name) && !folder.is(Use::Ours) && !folder.is(Use::View);
        let matching = |shown: fn(&Listed) -> String| {
            names.iter().find_map(|name| {
                let found: Vec<&'a FolderName> = open
                    .values()
                    .filter(free)
                    .filter(|folder| same(&shown(folder), name))
                    .map(|folder| &folder.name)
                    .collect();
                (!found.is_empty()).then_some(found)
            })
        };
        let found = matching(|folder| folder.name.to_string()).or_else(|| matching(Listed::last_part));
        for name in found.unwrap_or_default() {
            roles.insert(name, (role, Found::ByName));
        }
    }
}

fn same(shown: &str, wanted: &str) -> bool {
    shown.to_lowercase() == wanted.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(line: &str) -> Listed {
        let line = format!("* LIST {line}\r\n");
        let super::super::mend::Passage::Pass(line) = super::super::mend::judge(line.into_bytes()) else { panic!() };
        let (_, response) = imap_proto::Response::parse(&line).unwrap();
        let imap_proto::Response::MailboxData(imap_proto::MailboxDatum::List(list)) = response else { panic!() };
        Listed::of(&list)
    }

    fn table() -> BTreeMap<Role, Vec<String>> {
        BTreeMap::from([
            (Role::Junk, vec!["Courrier indésirable".to_owned(), "Junk".to_owned(), "Spam".to_owned()]),
            (Role::Trash, vec!["Deleted Items".to_owned()]),
            (Role::Unknown, vec!["Unbekannt".to_owned()]),
        ])
    }

    /// What each folder is, in the order of reading: `name=role`.
    fn check(lines: &[&str], junk: Option<&str>, expected: &str) {
        let listed: Vec<Listed> = lines.iter().map(|line| listed(line)).collect();
        let found = match resolve(&listed, junk, &table()) {
            Err(failure) => failure.to_string().split(';').next().unwrap_or_default().to_owned(),
            Ok(found) => {
                let all = found.folders.iter().map(|folder| format!("{}={}", folder.name.wire(), folder.role.word()));
                all.collect::<Vec<_>>().join(" ")
            }
        };
        assert_eq!(found, expected, "{lines:?}");
    }

    #[test]
    fn a_role_is_the_seeds_word_then_the_servers_then_the_providers() {
        check(&["() \"/\" inbox", "(\\Junk) \"/\" Bulk"], None, "INBOX=inbox Bulk=junk");
        check(&["() \"/\" INBOX", "() \"/\" spam"], None, "INBOX=inbox spam=junk");
        check(&["() \"/\" INBOX", "() \".\" INBOX.Spam"], None, "INBOX=inbox INBOX.Spam=junk");
        check(&["() \"/\" INBOX", "() \"/\" a/Junk", "() \"/\" Spam"], None, "INBOX=inbox Spam=junk a/Junk=other");
        check(
            &["() \"/\" INBOX", "() \"/\" \"Courrier ind&AOk-sirable\"", "() \"/\" Spam"],
            None,
            "INBOX=inbox Courrier ind&AOk-sirable=junk Spam=other",
        );
        check(&["() \"/\" INBOX", "(\\Junk) \"/\" Bulk", "() \"/\" Spam"], None, "INBOX=inbox Bulk=junk Spam=other");
        check(&["() \"/\" INBOX", "() \"/\" Quarant&AOQ-ne"], Some("quarantäne"), "INBOX=inbox Quarant&AOQ-ne=junk");
        check(
            &["() \"/\" INBOX", "(\\Junk) \"/\" A", "(\\Junk) \"/\" INBOX/B"],
            None,
            "INBOX=inbox A=junk INBOX/B=junk",
        );
        check(
            &["() \"/\" INBOX", "() \"/\" Junk", "() \"/\" Unbekannt"],
            None,
            "INBOX=inbox Junk=junk Unbekannt=unknown-sender",
        );
        check(&["() \"/\" INBOX", "(\\Junk) \"/\" \"Sp\\\"am\\\\x\""], None, "INBOX=inbox Sp\"am\\x=junk");
        check(&["() \"/\" INBOX", "(\\Junk) \"/\" {7}\r\nSp\"am\\x"], None, "INBOX=inbox Sp\"am\\x=junk");
        check(&["() \"/\" INBOX", "() \"/\" Spam", "(\\Junk) \"/\" Spam"], None, "INBOX=inbox Spam=junk");
    }

    #[test]
    fn views_drafts_and_what_cannot_be_opened_are_not_read() {
        check(
            &[
                "() \"/\" INBOX",
                "(\\Noselect) \"/\" [Gmail]",
                "(\\All) \"/\" [Gmail]/All",
                "(\\Junk) \"/\" [Gmail]/Spam",
                "(\\Flagged) \"/\" [Gmail]/Starred",
                "(\\Important) \"/\" [Gmail]/Important",
                "(\\Sent) \"/\" [Gmail]/Sent",
                "(\\Drafts) \"/\" [Gmail]/Drafts",
                "(\\Trash) \"/\" [Gmail]/Trash",
                "(\\NonExistent) \"/\" gone",
                "() \"/\" \"\"",
            ],
            None,
            "INBOX=inbox [Gmail]/Spam=junk [Gmail]/All=archive [Gmail]/Trash=trash",
        );
        check(
            &["() \"/\" INBOX", "(\\Junk) NIL Spam", "(\\Flagged) NIL Starred"],
            None,
            "INBOX=inbox Spam=junk Starred=other",
        );
        // The inbox is always tried: what cannot be opened must fail, not be left out.
        check(&["(\\NonExistent) \"/\" INBOX", "(\\Junk) \"/\" Spam"], None, "INBOX=inbox Spam=junk");
    }

    #[test]
    fn without_a_spam_folder_there_is_no_seed() {
        check(&["() \"/\" INBOX"], None, "no spam folder could be made out among: \u{201c}INBOX\u{201d}");
        check(
            &["() \"/\" INBOX", "(\\Sent) \"/\" Spam"],
            None,
            "no spam folder could be made out among: \u{201c}INBOX\u{201d}, \u{201c}Spam\u{201d}",
        );
        check(
            &["() \"/\" INBOX", "(\\Junk) \"/\" Spam"],
            Some("Bulk"),
            "the seed names \u{201c}Bulk\u{201d} as its spam folder, but there is no such folder",
        );
    }

    #[test]
    fn more_folders_than_are_read_is_said() {
        let mut lines = vec![listed("() \"/\" INBOX"), listed("(\\Junk) \"/\" zzz")];
        lines.extend((0..2_100).map(|n| listed(&format!("() \"/\" f{n}"))));
        let found = resolve(&lines, None, &table()).unwrap();
        assert_eq!(found.folders.len(), MOST_FOLDERS);
        assert_eq!(found.folders[1].role, Role::Junk);
        assert!(found.excess.unwrap().contains("2102 folders"));
    }
}
