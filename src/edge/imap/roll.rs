//! The roll: what is known of a seed's folders between two looks. It outlives connections and lives as long as the run.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::folders::Folders;
use crate::domain::folder::{FolderName, Role};
use crate::domain::look::{Baseline, Copy, Sought};
use crate::domain::probe::ProbeId;
use crate::domain::sighting::{Sighting, TabAnswer};

/// How far before the baseline a message may seem to have arrived and still be looked at, where its UID says nothing.
const SLACK: SignedDuration = SignedDuration::from_hours(24);

/// A copy of a probe that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// Whose copy it is.
    pub(super) probe: ProbeId,
    /// When it arrived.
    pub(super) arrived_at: Option<Timestamp>,
    /// Its header section.
    pub(super) header: Vec<u8>,
    /// Whether that was cut.
    pub(super) cut: bool,
}

impl Kept {
    /// As a look reports it, its tab not asked.
    pub(super) fn copy(&self, folder: &FolderName, role: Role, uid: u32, uid_validity: Option<u32>) -> Copy {
        Copy {
            probe: self.probe,
            sighting: Sighting {
                folder: folder.clone(),
                role,
                uid,
                tab: TabAnswer::NotApplicable,
                arrived_at: self.arrived_at,
            },
            uid_validity,
            headers: self.header.clone(),
            cut: self.cut,
        }
    }
}

/// The state of a folder that later ones are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Base {
    /// UIDVALIDITY.
    pub(super) uid_validity: Option<u32>,
    /// The least UID that counts as new.
    pub(super) uid_next: u32,
    /// How many messages it held.
    pub(super) exists: u32,
}

/// What is known of one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ledger {
    /// Its role.
    pub(super) role: Role,
    /// What it is compared with; `None` if it was never opened, or not before the send.
    pub(super) base: Option<Base>,
    /// UIDs below the base that are followed all the same: they may have arrived after the baseline.
    pub(super) aside: BTreeSet<u32>,
    /// UIDs whose headers were compared with all keys known then.
    pub(super) read: BTreeSet<u32>,
    /// The copies that were there when it was last read.
    pub(super) kept: BTreeMap<u32, Kept>,
}

impl Ledger {
    /// A folder of which nothing is known.
    pub(super) fn unknown(role: Role) -> Self {
        Self { role, base: None, aside: BTreeSet::new(), read: BTreeSet::new(), kept: BTreeMap::new() }
    }
}

/// The roll.
#[derive(Debug, Clone)]
pub(super) struct Roll {
    /// The folders.
    pub(super) ledgers: BTreeMap<FolderName, Ledger>,
    /// Why some folders are not on it; no look is complete then.
    pub(super) excess: Option<String>,
    /// Arrivals before this moment are none of ours.
    pub(super) since: Timestamp,
    /// Folders that were shut before the send.
    shut: BTreeSet<FolderName>,
    /// The keys that every header in [`Ledger::read`] was compared with.
    keys: BTreeSet<String>,
}

impl Roll {
    /// The roll at the moment of the baseline.
    pub(super) fn of(baseline: Baseline) -> Self {
        let opened = baseline.marks.into_iter().map(|mark| {
            let base = Base { uid_validity: mark.uid_validity, uid_next: mark.uid_next.max(1), exists: mark.exists };
            (mark.folder, Ledger { base: Some(base), ..Ledger::unknown(mark.role) })
        });
        let names = baseline.shut.iter().map(|(folder, _, _)| folder.clone()).collect();
        let shut = baseline.shut.into_iter().map(|(folder, role, _)| (folder, Ledger::unknown(role)));
        Self {
            ledgers: shut.chain(opened).collect(),
            excess: None,
            since: baseline.taken_at.checked_sub(SLACK).unwrap_or(Timestamp::MIN),
            shut: names,
            keys: BTreeSet::new(),
        }
    }

    /// Whether a look is whole without this folder: it was shut before the send already and plays no role. One without
    /// which spam or the inbox would be missed is never left out.
    pub(super) fn can_do_without(&self, folder: &FolderName) -> bool {
        let role = self.ledgers.get(folder).map(|ledger| ledger.role);
        self.shut.contains(folder) && matches!(role, None | Some(Role::Other | Role::Trash))
    }

    /// Takes over what LIST shows now: roles, folders that are new, and that others are gone.
    pub(super) fn follow(&mut self, folders: &Folders) {
        let mut before = std::mem::take(&mut self.ledgers);
        for folder in &folders.folders {
            let mut ledger = before.remove(&folder.name).unwrap_or_else(|| Ledger::unknown(folder.role));
            ledger.role = folder.role;
            self.ledgers.insert(folder.name.clone(), ledger);
        }
        self.excess.clone_from(&folders.excess);
    }

    /// Prepares for these probes. A header that was read before some key was known is read again: a message may arrive
    /// before the id that SES gives it.
    pub(super) fn seek(&mut self, sought: &[Sought]) {
        let keys = sought.iter().flat_map(|probe| {
            let tag = probe.tag.as_ref().map(|tag| tag.as_str().to_owned());
            tag.into_iter().chain(probe.ses_id.as_ref().map(|id| id.as_str().to_owned()))
        });
        let before = self.keys.len();
        self.keys.extend(keys);
        if self.keys.len() > before {
            for ledger in self.ledgers.values_mut() {
                ledger.read.clear();
            }
        }
    }
}
