//! The baseline: where all folders of a seed stand before the send.

use jiff::Timestamp;

use super::failure::ImapFailure;
use super::folders::Folders;
use super::said::said;
use super::session::Session;
use super::visit::{Plan, Question, Visit};
use crate::domain::folder::{FolderName, Role};
use crate::domain::look::{Baseline, Mark};

/// EXAMINE of every folder in one flight; a second one only where a server names no UIDNEXT.
pub(super) async fn take(
    session: &mut Session,
    folders: &Folders,
    taken_at: Timestamp,
) -> Result<(Baseline, Option<String>), ImapFailure> {
    let plan = |folder: &FolderName, questions| Plan { folder: folder.clone(), questions };
    let plans: Vec<Plan> = folders.folders.iter().map(|folder| plan(&folder.name, Vec::new())).collect();
    let (mut visits, failure) = session.visit(&plans, &[]).await;
    failure.map_or(Ok(()), Err)?;
    let nameless: Vec<usize> = (0..visits.len())
        .filter(|&at| {
            visits.get(at).is_some_and(|visit| visit.is_open() && visit.uid_next.is_none() && visit.exists > Some(0))
        })
        .collect();
    if !nameless.is_empty() {
        let plans: Vec<Plan> = nameless
            .iter()
            .filter_map(|&at| folders.folders.get(at))
            .map(|folder| plan(&folder.name, vec![Question::Last]))
            .collect();
        let (again, failure) = session.visit(&plans, &[]).await;
        failure.map_or(Ok(()), Err)?;
        for (at, visit) in nameless.into_iter().zip(again) {
            if let Some(first) = visits.get_mut(at) {
                *first = visit;
            }
        }
    }
    let mut baseline = Baseline { taken_at, marks: Vec::new(), shut: Vec::new() };
    for (folder, visit) in folders.folders.iter().zip(&visits) {
        match mark_of(visit) {
            Ok((uid_validity, uid_next, exists)) => baseline.marks.push(Mark {
                folder: folder.name.clone(),
                role: folder.role,
                uid_validity,
                uid_next,
                exists,
            }),
            Err(why) if matches!(folder.role, Role::Inbox | Role::Junk) => {
                return Err(unopenable(&folder.name.to_string(), visit, why));
            }
            Err(why) => baseline.shut.push((folder.name.clone(), folder.role, why)),
        }
    }
    Ok((baseline, folders.excess.clone()))
}

/// The failure of a folder without which the seed is unreadable.
pub(super) fn unopenable(folder: &str, visit: &Visit, why: String) -> ImapFailure {
    let throttled = visit.examined.as_ref().filter(|reply| reply.is_throttled());
    match throttled {
        Some(reply) => ImapFailure::refused("EXAMINE", reply),
        None => ImapFailure::Unopenable { folder: said(folder), said: why },
    }
}

/// UIDVALIDITY, UIDNEXT and EXISTS of a folder, or why it counts as shut.
pub(super) fn mark_of(visit: &Visit) -> Result<(Option<u32>, u32, u32), String> {
    match &visit.examined {
        Some(reply) if !reply.is_ok() => return Err(said(&reply.text)),
        Some(_) => {}
        None => return Err("it was not answered".to_owned()),
    }
    let exists = visit.exists.ok_or("the server did not say how many messages it holds")?;
    let behind_last = visit.rows.last_key_value().map(|(&last, _)| last.saturating_add(1));
    let uid_next = visit.uid_next.or(behind_last).or((exists == 0).then_some(1));
    let uid_next = uid_next.ok_or("the server tells neither UIDNEXT nor the last UID")?;
    Ok((visit.uid_validity, uid_next, exists))
}
