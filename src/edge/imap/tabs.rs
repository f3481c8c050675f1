//! The tab of a copy in Gmail's inbox: tabs are no folders, but `X-GM-RAW "category:…"` finds what lies in one.
//!
//! Answers to several searches in one open folder cannot be told apart, as servers give them in any order; so each search
//! has a visit of its own, and all of them one flight.

use std::collections::BTreeSet;

use super::failure::ImapFailure;
use super::said::said;
use super::session::Session;
use super::visit::{Plan, Question, Visit};
use crate::domain::folder::{FolderName, Role};
use crate::domain::look::{Copy, Sought};
use crate::domain::sighting::{Tab, TabAnswer};

/// Asks for the tabs of those copies whose probe wants it, and notes the answers in them. A failure of the session is
/// returned, too; what was read before stays whole.
pub(super) async fn ask(session: &mut Session, copies: &mut [Copy], sought: &[Sought]) -> Option<ImapFailure> {
    let mut asked: Vec<&mut Copy> = copies.iter_mut().filter(|copy| wants(copy, sought)).collect();
    let first = asked.first()?;
    let (folder, uid_validity) = (first.sighting.folder.clone(), first.uid_validity);
    asked.retain(|copy| copy.sighting.folder == folder && copy.uid_validity == uid_validity);
    let uids: BTreeSet<u32> = asked.iter().map(|copy| copy.sighting.uid).collect();
    let (visits, failure) = session.visit(&plans(&folder, &uids), &[]).await;
    for copy in asked {
        copy.sighting.tab = match answer(copy.sighting.uid, uid_validity, &visits) {
            TabAnswer::Failed(why) => TabAnswer::Failed(failure.as_ref().map_or(why, ToString::to_string)),
            answer @ (TabAnswer::Known(_) | TabAnswer::Unknown | TabAnswer::NotApplicable) => answer,
        };
    }
    failure
}

/// Notes in the same copies that their tabs could not be asked for: a copy whose tab is not known lies in no tab yet.
pub(super) fn leave_open(copies: &mut [Copy], sought: &[Sought], failure: &ImapFailure) {
    for copy in copies.iter_mut().filter(|copy| wants(copy, sought)) {
        copy.sighting.tab = TabAnswer::Failed(failure.to_string());
    }
}

fn wants(copy: &Copy, sought: &[Sought]) -> bool {
    copy.sighting.role == Role::Inbox && sought.iter().any(|probe| probe.ask_tab && probe.probe == copy.probe)
}

fn plans(folder: &FolderName, uids: &BTreeSet<u32>) -> Vec<Plan> {
    let search = |tab: Tab| Question::Category { word: tab.word(), uids: uids.clone() };
    Tab::ALL.into_iter().map(|tab| Plan { folder: folder.clone(), questions: vec![search(tab)] }).collect()
}

/// What five searches say of one UID. A hit holds whatever became of the others; without one, each must have been
/// answered OK before the tab is called unknown. OK without a SEARCH response is an empty result.
fn answer(uid: u32, uid_validity: Option<u32>, visits: &[Visit]) -> TabAnswer {
    let mut fault = None;
    for (at, tab) in Tab::ALL.into_iter().enumerate() {
        let Some(visit) = visits.get(at).filter(|visit| visit.is_open()) else {
            fault.get_or_insert_with(|| "the inbox could not be opened to ask for it".to_owned());
            continue;
        };
        if visit.uid_validity != uid_validity || visit.shaken {
            fault.get_or_insert_with(|| "the inbox changed its UIDVALIDITY".to_owned());
        } else if let Some(Some(reply)) = visit.replies.first()
            && reply.is_ok()
        {
            if visit.hits.contains(&uid) {
                return TabAnswer::Known(tab);
            }
        } else {
            let words = visit.replies.first().and_then(Option::as_ref).map_or("", |reply| reply.text.as_str());
            fault.get_or_insert_with(|| format!("the search for it failed: {}", said(words)));
        }
    }
    fault.map_or(TabAnswer::Unknown, TabAnswer::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::imap::reply::{Reply, Verdict};

    fn visit(verdict: Verdict, hits: &[u32]) -> Visit {
        let reply = |verdict| Reply { verdict, text: "words".to_owned(), capabilities: None };
        Visit {
            examined: Some(reply(Verdict::Ok)),
            uid_validity: Some(1),
            hits: hits.iter().copied().collect(),
            replies: vec![Some(reply(verdict))],
            ..Visit::default()
        }
    }

    #[test]
    fn a_tab_is_known_by_a_hit_and_unknown_only_after_five_good_answers() {
        let ok = || visit(Verdict::Ok, &[]);
        let hit = || visit(Verdict::Ok, &[7, 9]);
        let no = || visit(Verdict::No, &[]);
        let failed = |words: &str| TabAnswer::Failed(words.to_owned());
        for (visits, expected) in [
            (vec![ok(), hit(), ok(), ok(), ok()], TabAnswer::Known(Tab::Promotions)),
            (vec![no(), no(), no(), no(), hit()], TabAnswer::Known(Tab::Forums)),
            (vec![ok(), ok(), ok(), ok(), ok()], TabAnswer::Unknown),
            (vec![ok(), ok(), no(), ok(), ok()], failed("the search for it failed: \u{201c}words\u{201d}")),
            (vec![ok(), ok(), ok(), ok()], failed("the inbox could not be opened to ask for it")),
            (vec![], failed("the inbox could not be opened to ask for it")),
            (
                vec![ok(), ok(), ok(), ok(), Visit { uid_validity: Some(2), ..hit() }],
                failed("the inbox changed its UIDVALIDITY"),
            ),
        ] {
            assert_eq!(answer(7, Some(1), &visits), expected);
        }
    }
}
