//! A sweep through a seed and the sightings it made.
//!
//! A sweep here is one look: one pass over all folders of a seed. It is complete only if every folder was opened and
//! read to the server's own tagged OK. Sightings are facts: they are added, never replaced.

use jiff::Timestamp;

use super::folder::{FolderName, Role};

/// The Gmail tab of a message in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tab {
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
    /// Every tab, in the order in which they are asked for.
    pub(crate) const ALL: [Self; 5] = [Self::Primary, Self::Promotions, Self::Social, Self::Updates, Self::Forums];

    /// The word of the JSON contract, and the category that Gmail's search knows.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Promotions => "promotions",
            Self::Social => "social",
            Self::Updates => "updates",
            Self::Forums => "forums",
        }
    }

    /// The tab that [`Tab::word`] wrote.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tab| tab.word() == word)
    }
}

/// What is known of the tab of one copy in an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TabAnswer {
    /// The mailbox has no tabs that could be asked for, or the copy does not lie in the inbox.
    NotApplicable,
    /// Gmail found it under this category.
    Known(Tab),
    /// All five searches were answered OK and none had it: tabs are off, or Gmail has not decided yet.
    Unknown,
    /// A search failed, for this reason; the tab may be any.
    Failed(String),
}

/// One copy of one probe, seen during one sweep.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sighting {
    /// The folder it lay in.
    pub(crate) folder: FolderName,
    /// That folder's role.
    pub(crate) role: Role,
    /// Its UID there.
    pub(crate) uid: u32,
    /// Its tab, as far as this sweep could tell.
    pub(crate) tab: TabAnswer,
    /// When the provider received it (INTERNALDATE, RFC 3501 §2.3.3), exact to the second; `None` if it gave none.
    pub(crate) arrived_at: Option<Timestamp>,
}

/// What one sweep through a seed saw of one probe.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sweep {
    /// When its first command was sent.
    pub(crate) began_at: Timestamp,
    /// When its last answer was read, or it failed.
    pub(crate) ended_at: Timestamp,
    /// Why it is not complete; `None` when every folder was read to its end.
    pub(crate) failed: Option<String>,
    /// The copies of this probe it saw, in any order.
    pub(crate) sightings: Vec<Sighting>,
}

impl Sweep {
    /// Whether every folder was read to its end.
    pub(crate) fn is_complete(&self) -> bool {
        self.failed.is_none()
    }
}
