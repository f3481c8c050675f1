//! A baseline, and a look: what was in a seed's folders before the send, and one pass over them afterwards.

use std::time::Duration;

use jiff::Timestamp;

use super::folder::{FolderName, Role};
use super::probe::{ProbeId, SesId, Tag};
use super::sighting::Sighting;

/// Where one folder stood before the send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The folder.
    pub(crate) folder: FolderName,
    /// Its role.
    pub(crate) role: Role,
    /// UIDVALIDITY (RFC 3501 §2.3.1.1); `None` where the server names none.
    pub(crate) uid_validity: Option<u32>,
    /// The least UID that new mail can get.
    pub(crate) uid_next: u32,
    /// How many messages it held.
    pub(crate) exists: u32,
}

/// Where all folders of a seed stood before the send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Baseline {
    /// When it was taken.
    pub(crate) taken_at: Timestamp,
    /// The folders that could be opened. Inbox and junk are always among them.
    pub(crate) marks: Vec<Mark>,
    /// Folders that could not be opened, with the reason. A look is complete without such a folder only if it was shut
    /// before the send, is refused still, and plays no role: nobody can say what lies there, and no server files spam there.
    pub(crate) shut: Vec<(FolderName, Role, String)>,
}

/// Where a probe of an earlier run was last known to lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    /// The folder.
    pub(crate) folder: FolderName,
    /// Its UIDVALIDITY then.
    pub(crate) uid_validity: Option<u32>,
    /// The UID.
    pub(crate) uid: u32,
}

/// One probe that a look searches for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sought {
    /// The probe.
    pub(crate) probe: ProbeId,
    /// Its tag, where the message carries one.
    pub(crate) tag: Option<Tag>,
    /// Its SES id, where SES returned one.
    pub(crate) ses_id: Option<SesId>,
    /// Whether its tab is still to be asked for, if it lies in a tabbed inbox.
    pub(crate) ask_tab: bool,
}

/// One copy of a probe as a look saw it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Copy {
    /// Whose copy it is.
    pub(crate) probe: ProbeId,
    /// Where it lay.
    pub(crate) sighting: Sighting,
    /// UIDVALIDITY of that folder.
    pub(crate) uid_validity: Option<u32>,
    /// Its header section, 64 KiB at most.
    pub(crate) headers: Vec<u8>,
    /// Whether the header section is longer than what was kept.
    pub(crate) cut: bool,
}

/// What one pass over all folders of a seed brought back. It never fails as a whole: what could not be read is said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Look {
    /// When its first command was sent, or the connection was begun.
    pub(crate) began_at: Timestamp,
    /// When its last answer was read, or it failed.
    pub(crate) ended_at: Timestamp,
    /// Why it is not complete, in one sentence with the remedy where there is one.
    pub(crate) failed: Option<String>,
    /// Whether a failure may pass by itself.
    pub(crate) temporary: bool,
    /// How long the server asked to be left alone.
    pub(crate) leave_alone: Option<Duration>,
    /// Every copy seen by this look, known ones that are still there too.
    pub(crate) copies: Vec<Copy>,
}
