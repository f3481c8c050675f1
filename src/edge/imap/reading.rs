//! The reading of one folder during one look: what to ask next, and whether what came back is the whole truth.
//!
//! A folder counts as read only if it was opened, every question was answered OK, UIDVALIDITY is that of the base, the
//! header of every new message was read, and no fewer new messages came than EXISTS promises: distinct UIDs from the base
//! up ≥ EXISTS now − EXISTS then. Expunges only lower the right side, and gaps between UIDs mean nothing (RFC 3501
//! §2.3.1.1). Anything less is asked for once more and is then a failure with its reason.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::reply::Verdict;
use super::roll::{Base, Kept, Ledger};
use super::said::said;
use super::visit::{Plan, Question, Ranges, Row, Visit, Wants, ranges_of};
use crate::domain::folder::FolderName;
use crate::domain::look::Copy;

/// Most messages whose headers are read where UIDs do not tell which are new.
const MOST_CANDIDATES: usize = 2_000;
/// How often a server may cut its answers short (RFC 9738) before it is not believed to come to an end.
const MOST_RESTS: u32 = 200;

/// What is being read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// What arrived since the base.
    News,
    /// UIDs mean nothing any more: all messages with their dates.
    Census,
    /// The headers of those that may have arrived since the baseline.
    Candidates(BTreeSet<u32>, Base),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Read(Ledger),
    Failed(String),
}

/// Why a folder could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closed {
    /// The server is in trouble or asks for patience.
    NotNow,
    /// It refuses.
    Refused,
}

/// UIDVALIDITY as one EXAMINE gave it, if it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Validity(Option<u32>);

/// The reading of one folder.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    folder: FolderName,
    ledger: Ledger,
    since: Timestamp,
    stage: Stage,
    asked: Vec<Question>,
    /// What a server that cut its answer short is still to be asked.
    rest: Vec<Question>,
    rests: u32,
    again: bool,
    /// What EXAMINE said of UIDVALIDITY the last time, which may be nothing.
    seen_validity: Option<Validity>,
    rows: BTreeMap<u32, Row>,
    /// Copies seen on the way, should the reading fail.
    glimpsed: BTreeMap<u32, Kept>,
    closed: Option<Closed>,
    end: Option<End>,
}

impl Reading {
    /// The reading of a folder of which this much is known. Arrivals before `since` are none of ours.
    pub(super) fn new(folder: FolderName, ledger: Ledger, since: Timestamp) -> Self {
        let stage = if ledger.base.is_some() { Stage::News } else { Stage::Census };
        Self {
            folder,
            ledger,
            since,
            stage,
            asked: Vec::new(),
            rest: Vec::new(),
            rests: 0,
            again: false,
            seen_validity: None,
            rows: BTreeMap::new(),
            glimpsed: BTreeMap::new(),
            closed: None,
            end: None,
        }
    }

    /// The next visit; `None` when the reading has ended.
    pub(super) fn next(&mut self) -> Option<Plan> {
        if self.end.is_some() {
            return None;
        }
        self.asked = if self.rest.is_empty() { self.questions() } else { std::mem::take(&mut self.rest) };
        Some(Plan { folder: self.folder.clone(), questions: self.asked.clone() })
    }

    fn questions(&self) -> Vec<Question> {
        match &self.stage {
            Stage::News => self.news_questions(),
            Stage::Census => Question::fetch(&[(1, None)], Wants::Dates),
            Stage::Candidates(uids, _) => Question::fetch(&ranges_of(uids), Wants::Headers),
        }
    }

    fn news_questions(&self) -> Vec<Question> {
        let base = self.base().uid_next;
        let mut all = ranges_of(&self.ledger.aside);
        all.push((base, None));
        if self.again || self.ledger.read.is_empty() {
            return Question::fetch(&all, Wants::Headers);
        }
        let first_unread = self.ledger.read.last().map_or(base, |&last| last.saturating_add(1).max(base));
        let mut questions = Question::fetch(&all, Wants::Uids);
        questions.extend(Question::fetch(&[(first_unread, None)], Wants::Headers));
        questions
    }

    fn base(&self) -> Base {
        self.ledger.base.unwrap_or(Base { uid_validity: None, uid_next: 1, exists: 0 })
    }

    /// Takes what the visit brought back.
    pub(super) fn take(&mut self, visit: Visit) {
        match &visit.examined {
            None => return self.fail("it was not read"),
            Some(reply) if !reply.is_ok() => {
                self.closed = Some(if reply.is_passing() { Closed::NotNow } else { Closed::Refused });
                let why = format!("it could not be opened: {}", said(&reply.text));
                return self.fail(&why);
            }
            Some(_) => {}
        }
        let Some(exists) = visit.exists else { return self.fail("the server did not say how many messages it holds") };
        if !self.is_continuous(&visit) {
            return self.start_anew();
        }
        self.seen_validity = Some(Validity(visit.uid_validity));
        if !self.hear(&visit) {
            return;
        }
        let uid_next = visit.uid_next;
        let grown = self.merge(visit.rows);
        if !self.rest.is_empty() {
            self.rests = self.rests.saturating_add(1);
            if self.rests > MOST_RESTS || !grown {
                self.fail("the server cuts its answers short without end");
            }
            return;
        }
        match self.stage.clone() {
            Stage::News => self.weigh_news(exists),
            Stage::Census => self.weigh_census(exists, uid_next),
            Stage::Candidates(uids, base) => self.weigh_candidates(&uids, base),
        }
    }

    /// Whether UIDs still mean what they meant: UIDVALIDITY is the same and UIDNEXT did not go back.
    fn is_continuous(&self, visit: &Visit) -> bool {
        let expected = match self.stage {
            Stage::News => Some(Validity(self.base().uid_validity)),
            Stage::Census | Stage::Candidates(..) => self.seen_validity,
        };
        let floor = match self.stage {
            Stage::News => self.ledger.read.last().map_or(0, |&last| last.saturating_add(1)).max(self.base().uid_next),
            Stage::Census | Stage::Candidates(..) => 0,
        };
        !visit.shaken
            && expected.is_none_or(|validity| validity == Validity(visit.uid_validity))
            && visit.uid_next.is_none_or(|next| next >= floor)
    }

    fn start_anew(&mut self) {
        if self.stage != Stage::News {
            return self.fail("its UIDVALIDITY changed while it was read");
        }
        self.remember_glimpses();
        self.rows.clear();
        self.rest.clear();
        self.again = false;
        self.seen_validity = None;
        self.stage = Stage::Census;
    }

    /// Goes through the answers; whether the rows may be weighed.
    fn hear(&mut self, visit: &Visit) -> bool {
        for (question, reply) in self.asked.clone().iter().zip(&visit.replies) {
            let Some(reply) = reply else {
                self.fail("it was not read to its end");
                return false;
            };
            // Outlook says this when a message went away while it was being read.
            let gone = reply.says("no longer exist");
            // Some servers call `n:*` an error where there is no message at all; EXISTS has said so already.
            if reply.verdict == Verdict::Bad && visit.exists == Some(0) {
                continue;
            }
            if !reply.is_ok() && (!gone || self.again) {
                let why = format!("the server refused to show its messages: {}", said(&reply.text));
                // What did come is a copy all the same.
                self.merge(visit.rows.clone());
                self.fail(&why);
                return false;
            }
            if !reply.is_ok() {
                self.merge(visit.rows.clone());
                self.ask_again("");
                return false;
            }
            if let (Some(cut), Question::Fetch { ranges, wants }) = (reply.message_limit(), question) {
                self.rest.extend(Question::fetch(&remainder(ranges, cut.last, *wants, &visit.rows), *wants));
            }
        }
        true
    }

    /// Adds rows; whether they told anything new.
    fn merge(&mut self, rows: BTreeMap<u32, Row>) -> bool {
        let mut grown = false;
        for (uid, row) in rows {
            let known = self.rows.entry(uid).or_insert_with(|| {
                grown = true;
                Row::default()
            });
            grown |= row.has_header && !known.has_header;
            known.arrived_at = row.arrived_at.or(known.arrived_at);
            known.has_header |= row.has_header;
            known.kept = row.kept.or(known.kept.take());
        }
        grown
    }

    /// Whether a UID counts: `n:*` always names the last message, even below n.
    fn counts(&self, uid: u32) -> bool {
        uid >= self.base().uid_next || self.ledger.aside.contains(&uid)
    }

    fn weigh_news(&mut self, exists: u32) {
        let base = self.base();
        let rows: BTreeMap<u32, Row> =
            std::mem::take(&mut self.rows).into_iter().filter(|(uid, _)| self.counts(*uid)).collect();
        self.rows = rows;
        let unread = self.rows.iter().filter(|(uid, row)| !row.has_header && !self.ledger.read.contains(uid)).count();
        if unread > 0 {
            return self.ask_again(&format!("the headers of {unread} of its messages could not be read"));
        }
        let fresh = self.rows.range(base.uid_next..).count();
        let due = exists.saturating_sub(base.exists);
        if u32::try_from(fresh).unwrap_or(u32::MAX) < due {
            return self.ask_again(&format!("it announces {due} new messages and shows {fresh}"));
        }
        let rows = std::mem::take(&mut self.rows);
        let mut ledger = self.ledger.clone();
        ledger.aside.retain(|uid| rows.contains_key(uid));
        ledger.read.retain(|uid| rows.contains_key(uid));
        ledger.kept.retain(|uid, _| rows.contains_key(uid));
        for (uid, row) in rows {
            if row.has_header {
                ledger.read.insert(uid);
            }
            if let Some(kept) = row.kept {
                ledger.kept.insert(uid, kept);
            }
        }
        self.end = Some(End::Read(ledger));
    }

    fn weigh_census(&mut self, exists: u32, uid_next: Option<u32>) {
        let shown = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        if shown < exists {
            return self.ask_again(&format!("it announces {exists} messages and shows {shown}"));
        }
        let recent = |row: &Row| row.arrived_at.is_none_or(|at| at >= self.since);
        let candidates: BTreeSet<u32> = self.rows.iter().filter(|(_, row)| recent(row)).map(|(&uid, _)| uid).collect();
        if candidates.len() > MOST_CANDIDATES {
            let count = candidates.len();
            return self
                .fail(&format!("its UIDs changed their meaning and {count} messages would have to be read anew"));
        }
        let behind_last = self.rows.last_key_value().map_or(1, |(&last, _)| last.saturating_add(1));
        let uid_validity = self.seen_validity.and_then(|Validity(value)| value);
        let base = Base { uid_validity, uid_next: uid_next.unwrap_or(behind_last), exists };
        self.rows.clear();
        self.again = false;
        if candidates.is_empty() {
            return self.weigh_candidates(&candidates, base);
        }
        self.stage = Stage::Candidates(candidates, base);
    }

    fn weigh_candidates(&mut self, candidates: &BTreeSet<u32>, base: Base) {
        let unread = candidates.iter().filter(|uid| !self.rows.get(uid).is_some_and(|row| row.has_header)).count();
        if unread > 0 {
            return self.ask_again(&format!("the headers of {unread} of its messages could not be read"));
        }
        let rows = std::mem::take(&mut self.rows);
        self.end = Some(End::Read(Ledger {
            role: self.ledger.role,
            base: Some(base),
            aside: candidates.iter().copied().filter(|&uid| uid < base.uid_next).collect(),
            read: candidates.clone(),
            kept: rows.into_iter().filter_map(|(uid, row)| Some((uid, row.kept?))).collect(),
        }));
    }

    /// Asks the same once more; the second time it is a failure.
    fn ask_again(&mut self, why: &str) {
        if self.again {
            return self.fail(why);
        }
        self.remember_glimpses();
        self.rows.clear();
        self.rest.clear();
        self.again = true;
    }

    fn remember_glimpses(&mut self) {
        let seen = self.rows.iter().filter_map(|(&uid, row)| Some((uid, row.kept.clone()?)));
        self.glimpsed.extend(seen);
    }

    fn fail(&mut self, why: &str) {
        self.remember_glimpses();
        self.end =
            Some(End::Failed(format!("the folder {} was not read completely: {why}", said(&self.folder.to_string()))));
    }

    /// Ends the reading because the connection was lost; what had come is not lost with it.
    pub(super) fn abandon(&mut self, visit: Option<Visit>) {
        if self.end.is_some() {
            return;
        }
        if let Some(visit) = visit.filter(Visit::is_open) {
            self.seen_validity = Some(Validity(visit.uid_validity));
            self.merge(visit.rows);
        }
        self.fail("the connection was lost");
    }

    /// Whether the folder could not even be opened.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Whether it was refused for a reason that does not pass by itself, as to somebody without the right to it.
    pub(super) fn is_refused(&self) -> bool {
        self.closed == Some(Closed::Refused)
    }

    /// The folder.
    pub(super) fn folder(&self) -> &FolderName {
        &self.folder
    }

    /// Why it failed.
    pub(super) fn failed(&self) -> Option<&str> {
        match &self.end {
            Some(End::Failed(why)) => Some(why),
            Some(End::Read(_)) => None,
            None => Some("it was not read"),
        }
    }

    /// What is known of the folder now; `None` if that did not change.
    pub(super) fn ledger(&self) -> Option<&Ledger> {
        match &self.end {
            Some(End::Read(ledger)) => Some(ledger),
            Some(End::Failed(_)) | None => None,
        }
    }

    /// The copies that this look saw here.
    pub(super) fn copies(&self) -> Vec<Copy> {
        let (kept, uid_validity) = match self.ledger() {
            Some(ledger) => (&ledger.kept, ledger.base.and_then(|base| base.uid_validity)),
            None => (&self.glimpsed, self.seen_validity.and_then(|Validity(value)| value)),
        };
        kept.iter().map(|(&uid, kept)| kept.copy(&self.folder, self.ledger.role, uid, uid_validity)).collect()
    }
}

/// What is left of a set when the server stopped at `last`. RFC 9738 servers go from the highest UID down; one that goes
/// up is recognised by what it showed, and where that does not tell, both sides are asked for.
fn remainder(ranges: &Ranges, last: Option<u32>, wants: Wants, rows: &BTreeMap<u32, Row>) -> Ranges {
    let shown: Vec<u32> = rows
        .iter()
        .filter(|(uid, row)| (row.has_header || wants != Wants::Headers) && within(ranges, **uid))
        .map(|(&uid, _)| uid)
        .collect();
    let lowest = last.or_else(|| shown.first().copied());
    let highest = last.or_else(|| shown.last().copied());
    let (Some(lowest), Some(highest)) = (lowest, highest) else { return ranges.clone() };
    let went_down = last.is_some_and(|last| shown.last().is_some_and(|&uid| uid > last));
    let went_up = last.is_some_and(|last| shown.first().is_some_and(|&uid| uid < last));
    let mut left = Ranges::new();
    for &(first, end) in ranges {
        if (!went_up || went_down) && first < lowest {
            let below = lowest.saturating_sub(1);
            left.push((first, Some(end.map_or(below, |end| end.min(below)))));
        }
        if (!went_down || went_up) && end.is_none_or(|end| end > highest) {
            left.push((first.max(highest.saturating_add(1)), end));
        }
    }
    left
}

fn within(ranges: &Ranges, uid: u32) -> bool {
    ranges.iter().any(|&(first, last)| uid >= first && last.is_none_or(|last| uid <= last))
}
