//! The survey: what `check` shows of a seed before anything is sent to it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Access;
use super::baseline::{mark_of, unopenable};
use super::failure::ImapFailure;
use super::folders::{Folders, Found};
use super::session::Session;
use super::visit::{Plan, Question, Wants, ranges_of};
use crate::domain::folder::{FolderName, Role};
use crate::domain::look::Trace;
use crate::domain::sighting::Tab;

/// Most earlier probes asked after in one folder.
const MOST_TRACES: usize = 50;

/// A folder as the survey found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SurveyedFolder {
    /// Its name.
    pub(crate) name: FolderName,
    /// Its role.
    pub(crate) role: Role,
    /// How the role was found.
    pub(crate) found: Found,
    /// How many messages it holds, or why it cannot be opened.
    pub(crate) exists: Result<u32, String>,
}

/// Whether the inbox is divided into tabs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tabs {
    /// The provider has none, or the server cannot be asked.
    NotOffered,
    /// Mail lies under a tab other than the main one.
    On,
    /// The server can be asked, but no mail lies under any tab but the main one: they may be switched off.
    NotSeen,
    /// The question failed, for this reason.
    Failed(String),
}

/// What `check` shows of a seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Survey {
    /// The folders that looks read.
    pub(crate) folders: Vec<SurveyedFolder>,
    /// Why not all folders are among them.
    pub(crate) excess: Option<String>,
    /// Its tabs.
    pub(crate) tabs: Tabs,
    /// When the last message arrived in the inbox; `None` if it is empty or the server gives no date.
    pub(crate) newest_in_inbox: Option<Timestamp>,
    /// How many probes of earlier runs somebody answered.
    pub(crate) answered: usize,
    /// How many of them somebody starred.
    pub(crate) flagged: usize,
}

/// Takes the survey. Fails, as the baseline would, where inbox or spam cannot be opened.
pub(super) async fn take(
    session: &mut Session,
    access: &Access,
    listed: Folders,
    traces: &[Trace],
) -> Result<Survey, ImapFailure> {
    let questions = |name: &FolderName, role: Role| {
        let mut questions = if role == Role::Inbox { vec![Question::Last] } else { Vec::new() };
        let ours: BTreeSet<u32> =
            traces.iter().filter(|trace| trace.folder == *name).map(|trace| trace.uid).take(MOST_TRACES).collect();
        questions.extend(Question::fetch(&ranges_of(&ours), Wants::Flags));
        questions
    };
    let plans: Vec<Plan> = listed
        .folders
        .iter()
        .map(|folder| Plan { folder: folder.name.clone(), questions: questions(&folder.name, folder.role) })
        .collect();
    let (visits, failure) = session.visit(&plans, &[]).await;
    failure.map_or(Ok(()), Err)?;
    let mut folders = Vec::new();
    let mut newest_in_inbox = None;
    let mut inbox = None;
    let (mut answered, mut flagged) = (0_usize, 0_usize);
    for (folder, visit) in listed.folders.into_iter().zip(&visits) {
        // Without UIDNEXT the baseline asks on; here the count is enough.
        let exists = match (visit.is_open(), visit.exists) {
            (true, Some(exists)) => Ok(exists),
            _ => mark_of(visit).map(|(_, _, exists)| exists),
        };
        if let Err(why) = &exists
            && matches!(folder.role, Role::Inbox | Role::Junk)
        {
            return Err(unopenable(&folder.name.to_string(), visit, why.clone()));
        }
        // A UID means the same message only under the same UIDVALIDITY.
        let is_ours = |uid: &u32| {
            traces.iter().any(|trace| {
                trace.folder == folder.name && trace.uid == *uid && trace.uid_validity == visit.uid_validity
            })
        };
        // A copy in the archive bears the flags of the one in the inbox.
        for (_, row) in visit.rows.iter().filter(|(uid, _)| folder.role != Role::Archive && is_ours(uid)) {
            answered = answered.saturating_add(usize::from(row.answered));
            flagged = flagged.saturating_add(usize::from(row.flagged));
        }
        if folder.role == Role::Inbox {
            newest_in_inbox = visit.rows.values().filter_map(|row| row.arrived_at).max();
            inbox = Some(folder.name.clone());
        }
        folders.push(SurveyedFolder { name: folder.name, role: folder.role, found: folder.found, exists });
    }
    let tabs = match inbox {
        Some(inbox) if access.provider.tabs && session.can("X-GM-EXT-1") => ask_tabs(session, &inbox).await?,
        Some(_) | None => Tabs::NotOffered,
    };
    Ok(Survey { folders, excess: listed.excess, tabs, newest_in_inbox, answered, flagged })
}

async fn ask_tabs(session: &mut Session, inbox: &FolderName) -> Result<Tabs, ImapFailure> {
    let others = Tab::ALL.into_iter().filter(|&tab| tab != Tab::Primary);
    let plans: Vec<Plan> = others
        .map(|tab| Plan { folder: inbox.clone(), questions: vec![Question::AnyOf { word: tab.word() }] })
        .collect();
    let (visits, failure) = session.visit(&plans, &[]).await;
    failure.map_or(Ok(()), Err)?;
    if visits.iter().any(|visit| !visit.hits.is_empty()) {
        return Ok(Tabs::On);
    }
    let refused = visits.iter().flat_map(|visit| visit.replies.iter().flatten()).find(|reply| !reply.is_ok());
    Ok(refused.map_or(Tabs::NotSeen, |reply| Tabs::Failed(super::said::said(&reply.text))))
}
