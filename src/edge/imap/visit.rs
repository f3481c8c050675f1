//! A visit: EXAMINE of one folder and the questions asked while it is open.
//!
//! The visits of a flight leave together. Untagged data bears no name of a folder, so each EXAMINE is the barrier: data
//! belongs to the folder whose commands are being answered (RFC 3501 §5.5). A server that answers across the barrier is
//! not understood.

use std::collections::{BTreeMap, BTreeSet};

use imap_proto::{MailboxDatum, Response, ResponseCode, Status};
use jiff::Timestamp;

use super::failure::ImapFailure;
use super::fetched::Fetched;
use super::header::claim;
use super::line::{Command, Event, quoted};
use super::reply::Reply;
use super::roll::Kept;
use crate::domain::folder::FolderName;
use crate::domain::look::Sought;

/// How much of a header section is asked for and kept.
const MOST_HEADER: usize = 65_536;
/// Most ranges that one command names: some servers take no line over 8 KiB.
const MOST_RANGES: usize = 200;

/// What is asked of each message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// Whether it is there.
    Uids,
    /// And when it arrived.
    Dates,
    /// And its header section.
    Headers,
    /// Whether it is there, and what its owner did to it.
    Flags,
}

/// A set of UIDs; a range without an end reaches to the last message.
pub(super) type Ranges = Vec<(u32, Option<u32>)>;

/// The ranges of single UIDs.
pub(super) fn ranges_of(uids: &BTreeSet<u32>) -> Ranges {
    let mut ranges: Ranges = Vec::new();
    for &uid in uids {
        match ranges.last_mut() {
            Some((_, Some(end))) if end.checked_add(1) == Some(uid) => *end = uid,
            Some(_) | None => ranges.push((uid, Some(uid))),
        }
    }
    ranges
}

/// One question about messages of the open folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// `UID FETCH`.
    Fetch {
        /// Which messages.
        ranges: Ranges,
        /// What of them.
        wants: Wants,
    },
    /// `UID FETCH *`: the last message alone.
    Last,
    /// `UID SEARCH` for one of Gmail's categories among these UIDs.
    Category {
        /// The category.
        word: &'static str,
        /// The UIDs.
        uids: BTreeSet<u32>,
    },
    /// `UID SEARCH` for a category in the whole folder.
    AnyOf {
        /// The category.
        word: &'static str,
    },
}

impl Question {
    /// Questions that together name all of these messages.
    pub(super) fn fetch(ranges: &[(u32, Option<u32>)], wants: Wants) -> Vec<Self> {
        ranges.chunks(MOST_RANGES).map(|part| Self::Fetch { ranges: part.to_vec(), wants }).collect()
    }

    fn command(&self) -> Result<Command, ImapFailure> {
        Command::new(match self {
            Self::Fetch { ranges, wants } => {
                let items = match wants {
                    Wants::Uids => "(UID)",
                    Wants::Flags => "(UID FLAGS)",
                    Wants::Dates => "(UID INTERNALDATE)",
                    Wants::Headers => "(UID INTERNALDATE BODY.PEEK[HEADER]<0.65536>)",
                };
                format!("UID FETCH {} {items}", written(ranges))
            }
            Self::Last => "UID FETCH * (UID INTERNALDATE)".to_owned(),
            Self::Category { word, uids } => {
                format!("UID SEARCH UID {} X-GM-RAW \"category:{word}\"", written(&ranges_of(uids)))
            }
            Self::AnyOf { word } => format!("UID SEARCH X-GM-RAW \"category:{word}\""),
        })
    }
}

fn written(ranges: &[(u32, Option<u32>)]) -> String {
    let one = |&(first, last): &(u32, Option<u32>)| match last {
        None => format!("{first}:*"),
        Some(last) if last == first => first.to_string(),
        Some(last) => format!("{first}:{last}"),
    };
    ranges.iter().map(one).collect::<Vec<_>>().join(",")
}

/// A message as a visit saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// When it arrived.
    pub(super) arrived_at: Option<Timestamp>,
    /// Whether its header was read.
    pub(super) has_header: bool,
    /// The header, if the message is a copy of a probe; that of any other message is forgotten at once.
    pub(super) kept: Option<Kept>,
    /// Whether somebody answered it.
    pub(super) answered: bool,
    /// Whether somebody starred it.
    pub(super) flagged: bool,
}

/// What a visit brought back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Visit {
    /// The answer to EXAMINE.
    pub(super) examined: Option<Reply>,
    /// How many messages EXAMINE announced.
    pub(super) exists: Option<u32>,
    /// UIDVALIDITY.
    pub(super) uid_validity: Option<u32>,
    /// UIDNEXT.
    pub(super) uid_next: Option<u32>,
    /// Whether UIDVALIDITY changed while the folder was open.
    pub(super) shaken: bool,
    /// The messages, by UID.
    pub(super) rows: BTreeMap<u32, Row>,
    /// What SEARCH found.
    pub(super) hits: BTreeSet<u32>,
    /// The answer to each question.
    pub(super) replies: Vec<Option<Reply>>,
}

impl Visit {
    /// Whether the folder was opened.
    pub(super) fn is_open(&self) -> bool {
        self.examined.as_ref().is_some_and(Reply::is_ok)
    }
}

/// A visit to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// The folder.
    pub(super) folder: FolderName,
    /// What is asked there.
    pub(super) questions: Vec<Question>,
}

/// Sorts the events of one flight to its visits.
#[derive(Debug)]
pub(super) struct Visits<'a> {
    made: Vec<Visit>,
    /// For each command, its visit and its place there; place 0 is EXAMINE.
    places: Vec<(usize, usize)>,
    /// The visit being answered.
    current: usize,
    sought: &'a [Sought],
}

impl<'a> Visits<'a> {
    /// The commands of these visits, and what sorts the answers.
    pub(super) fn plan(plans: &[Plan], sought: &'a [Sought]) -> Result<(Vec<Command>, Self), ImapFailure> {
        let mut commands = Vec::new();
        let mut places = Vec::new();
        let mut visits = Vec::new();
        for (at, plan) in plans.iter().enumerate() {
            commands.push(Command::new(format!("EXAMINE {}", quoted(plan.folder.wire())))?);
            places.push((at, 0));
            for (place, question) in plan.questions.iter().enumerate() {
                commands.push(question.command()?);
                places.push((at, place.saturating_add(1)));
            }
            visits.push(Visit { replies: vec![None; plan.questions.len()], ..Visit::default() });
        }
        Ok((commands, Self { made: visits, places, current: 0, sought }))
    }

    /// What the visits brought back, however far they came.
    pub(super) fn into_visits(self) -> Vec<Visit> {
        self.made
    }

    /// Takes one event.
    pub(super) fn take(&mut self, event: &Event<'_>) -> Result<(), ImapFailure> {
        match event {
            Event::Done(index, reply) => self.done(*index, reply),
            Event::Data(response) => {
                self.data(response);
                Ok(())
            }
        }
    }

    fn done(&mut self, index: usize, reply: &Reply) -> Result<(), ImapFailure> {
        let confused =
            || ImapFailure::Protocol { why: "commands for different folders were answered out of order".to_owned() };
        let (at, place) = self.places.get(index).copied().ok_or_else(confused)?;
        if at != self.current {
            return Err(confused());
        }
        let visit = self.made.get_mut(at).ok_or_else(confused)?;
        match place.checked_sub(1) {
            None => visit.examined = Some(reply.clone()),
            Some(_) if visit.examined.is_none() => return Err(confused()),
            Some(place) => *visit.replies.get_mut(place).ok_or_else(confused)? = Some(reply.clone()),
        }
        if visit.examined.is_some() && visit.replies.iter().all(Option::is_some) {
            self.current = self.current.saturating_add(1);
        }
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "foreign and open: other data answers nothing that was asked")]
    fn data(&mut self, response: &Response<'_>) {
        let Some(visit) = self.made.get_mut(self.current) else { return };
        let opening = visit.examined.is_none();
        match response {
            Response::MailboxData(MailboxDatum::Exists(count)) if opening => visit.exists = Some(*count),
            Response::MailboxData(MailboxDatum::Search(uids)) if visit.is_open() => visit.hits.extend(uids),
            Response::Data { status: Status::Ok, outcome } => match &outcome.code {
                Some(ResponseCode::UidValidity(value)) if opening => visit.uid_validity = Some(*value),
                Some(ResponseCode::UidValidity(value)) => visit.shaken |= visit.uid_validity != Some(*value),
                Some(ResponseCode::UidNext(value)) if opening => visit.uid_next = Some(*value).filter(|&uid| uid > 0),
                _ => {}
            },
            // While no folder is open, such data can only be about one that was open before.
            Response::Fetch(_, attributes) if visit.is_open() => {
                let fetched = Fetched::of(attributes);
                let Some(uid) = fetched.uid else { return };
                let row = visit.rows.entry(uid).or_default();
                row.arrived_at = fetched.arrived_at.or(row.arrived_at);
                row.answered |= fetched.answered;
                row.flagged |= fetched.flagged;
                if let Some(header) = fetched.header {
                    row.kept = claim(header, self.sought).map(|probe| Kept {
                        probe,
                        arrived_at: row.arrived_at,
                        header: header.get(..MOST_HEADER).unwrap_or(header).to_vec(),
                        cut: header.len() >= MOST_HEADER,
                    });
                    // What lies behind the cut may be the tag.
                    row.has_header = row.kept.is_some() || header.len() < MOST_HEADER;
                } else if let Some(kept) = &mut row.kept {
                    kept.arrived_at = row.arrived_at;
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::imap::reply::Verdict;

    /// The UIDs of each visit, after this dialogue with two folders of one question each. `1 OK` answers command 1.
    fn dialogue(lines: &[&str]) -> Result<Vec<Vec<u32>>, ImapFailure> {
        let folder = |name: &str| FolderName::from_wire(name);
        let questions = Question::fetch(&[(1, None)], Wants::Uids);
        let plans = ["A", "B"].map(|name| Plan { folder: folder(name), questions: questions.clone() });
        let (commands, mut visits) = Visits::plan(&plans, &[]).unwrap();
        assert_eq!(commands.len(), 4);
        for line in lines {
            if let Some((index, verdict)) = line.split_once(' ').filter(|(index, _)| *index != "*") {
                let reply = Reply { verdict: if verdict == "OK" { Verdict::Ok } else { Verdict::No }, ..Reply::no("") };
                visits.take(&Event::Done(index.parse().unwrap(), &reply))?;
            } else {
                let line = format!("{line}\r\n");
                let (_, response) = Response::parse(line.as_bytes()).unwrap();
                visits.take(&Event::Data(&response))?;
            }
        }
        Ok(visits.into_visits().into_iter().map(|visit| visit.rows.into_keys().collect()).collect())
    }

    #[test]
    fn examine_is_the_barrier_between_folders() {
        let (one, two) = ("* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)");
        for (lines, expected) in [
            (vec!["0 OK", one, "1 OK", "2 OK", two, "3 OK"], Some([vec![1], vec![2]])),
            (vec!["0 OK", one, two, "1 OK", "2 OK", "3 OK"], Some([vec![1, 2], vec![]])),
            // Nothing is open before EXAMINE is answered, nor after it failed.
            (vec![one, "0 OK", "1 OK", two, "2 OK", "3 OK"], Some([vec![], vec![]])),
            (vec!["0 OK", one, "1 OK", "2 NO", two, "3 NO"], Some([vec![1], vec![]])),
            // Answers across the barrier: whose data is it?
            (vec!["0 OK", "2 OK", one, "1 OK", two, "3 OK"], None),
            (vec!["2 OK"], None),
            (vec!["1 OK"], None),
        ] {
            assert_eq!(dialogue(&lines).ok(), expected.map(Vec::from), "{lines:?}");
        }
    }
}
