//! What must hold of the harvest whatever a server sends; for the fuzzer and its stable twin only.

#![expect(clippy::missing_panics_doc, reason = "each panics only if the program is wrong: that is what a trial is")]

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use imap_proto::{MailboxDatum, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Patience;
use super::failure::ImapFailure;
use super::folders::{Listed, MOST_FOLDERS, resolve};
use super::header::claim;
use super::line::{Event, Line};
use super::mend::{Passage, judge};
use super::visit::{Plan, Question, Visit, Visits, Wants};
use crate::domain::folder::{FolderName, Role};
use crate::domain::look::Sought;
use crate::domain::probe::{ProbeId, SesId, Tag};

const TAG: &str = "abcdefghijklmnopqrstuvwx27";
const ID: &str = "0107-two-000000";

/// A connection whose server has said everything already. It is read in pieces, takes what is written, and ends.
#[derive(Debug)]
struct Tape {
    said: Vec<u8>,
    at: usize,
    piece: usize,
}

impl AsyncRead for Tape {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let rest = self.said.get(self.at..).unwrap_or_default();
        let part = rest.get(..self.piece.min(rest.len()).min(out.remaining())).unwrap_or_default();
        out.put_slice(part);
        let read = part.len();
        self.at = self.at.saturating_add(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tape {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn sought() -> Vec<Sought> {
    vec![
        Sought { probe: ProbeId(1), tag: Tag::parse(TAG), ses_id: None, ask_tab: true },
        Sought { probe: ProbeId(2), tag: None, ses_id: SesId::new(ID), ask_tab: false },
    ]
}

/// A flight over two folders succeeds only if the server answered each command under its own tag, and what it brings
/// does not depend on the pieces in which the answer came. The first byte is the size of a piece.
pub fn try_flight(bytes: &[u8]) {
    let Some((first, said)) = bytes.split_first() else { return };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
    let whole = runtime.block_on(fly(said, said.len().max(1)));
    let pieces = runtime.block_on(fly(said, usize::from(first % 61).saturating_add(1)));
    assert_eq!(whole.0, pieces.0, "in pieces it is another answer");
    assert_eq!(whole.1.is_none(), pieces.1.is_none(), "{:?} {:?}", whole.1, pieces.1);
    if whole.1.is_none() {
        for command in 1..=4 {
            let tag = format!("i{command} ");
            assert!(said.windows(tag.len()).any(|bytes| bytes == tag.as_bytes()), "no answer to {tag}");
        }
        assert!(whole.0.iter().all(|visit| visit.examined.is_some() && visit.replies.iter().all(Option::is_some)));
    }
    for kept in whole.0.iter().flat_map(|visit| visit.rows.values()).filter_map(|row| row.kept.as_ref()) {
        assert!(matches!(kept.probe, ProbeId(1 | 2)) && kept.header.len() <= 65_536);
    }
}

async fn fly(said: &[u8], piece: usize) -> (Vec<Visit>, Option<ImapFailure>) {
    let mut line = Line::new(Box::new(Tape { said: said.to_vec(), at: 0, piece }), Patience::default());
    let questions = |wants| Question::fetch(&[(5, None)], wants);
    let plan = |name: &str, wants| Plan { folder: FolderName::from_wire(name), questions: questions(wants) };
    let sought = sought();
    let planned = Visits::plan(&[plan("INBOX", Wants::Headers), plan("Junk", Wants::Dates)], &sought);
    let (commands, mut visits) = match planned {
        Ok(planned) => planned,
        Err(failure) => return (Vec::new(), Some(failure)),
    };
    let mut sink = |event: Event<'_>| visits.take(&event);
    let flown = line.flight("a trial", &commands, &mut sink).await;
    (visits.into_visits(), flown.err())
}

/// Whatever LIST shows, there is one inbox, and a spam folder or a failure.
pub fn try_listing(bytes: &[u8]) {
    let mut listed = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Passage::Pass(frame) = judge(line.to_vec()) else { continue };
        if let Ok((_, Response::MailboxData(MailboxDatum::List(list)))) = Response::parse(&frame) {
            listed.push(Listed::of(&list));
        }
    }
    listed.extend(Listed::missing_inbox(&listed));
    let names = BTreeMap::from([(Role::Junk, vec!["Spam".to_owned()]), (Role::Trash, vec!["Bin".to_owned()])]);
    for own in [None, Some("Spam")] {
        let Ok(found) = resolve(&listed, own, &names) else { continue };
        let count = |role: Role| found.folders.iter().filter(|folder| folder.role == role).count();
        assert_eq!(count(Role::Inbox), 1, "{:?}", found.folders);
        assert!(count(Role::Junk) >= 1 && found.folders.len() <= MOST_FOLDERS, "{:?}", found.folders);
    }
}

/// A header belongs to a probe only if the key of that probe stands in it whole.
pub fn try_header(bytes: &[u8]) {
    let key = match claim(bytes, &sought()) {
        None => return,
        Some(ProbeId(1)) => TAG,
        Some(ProbeId(_)) => ID,
    };
    assert!(bytes.windows(key.len()).any(|window| window == key.as_bytes()), "a key that does not stand there");
}
