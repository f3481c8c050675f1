//! The answer to one command, and how it goes out when a fault strikes.
//!
//! Message text is not copied into an answer: it refers to the mailbox's own bytes, so that a thousand answers at once
//! cost what their frames cost.

use std::ops::Range;
use std::sync::Arc;

use super::wire::{Damage, End, Wire};
use crate::lab::fault::{Action, Strike};

/// A tag that no client uses.
const NOBODYS_TAG: &str = "ZZ9999";
/// How much of a literal without end is really sent.
const HUGE_LITERAL_SENT: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    No,
    Bad,
}

/// What the server does after it has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Waits for the next command.
    GoOn,
    /// Closes the connection.
    Close,
    /// Starts TLS.
    StartTls,
}

#[derive(Debug)]
enum Piece {
    Own(Vec<u8>),
    Part(Arc<[u8]>, Range<usize>),
}

/// Untagged data and a tagged end.
#[derive(Debug)]
pub(super) struct Answer {
    data: Vec<Piece>,
    status: Status,
    text: String,
    pub(super) then: Then,
}

impl Answer {
    fn new(status: Status, text: impl Into<String>) -> Self {
        Self { data: Vec::new(), status, text: text.into(), then: Then::GoOn }
    }

    pub(super) fn ok(text: impl Into<String>) -> Self {
        Self::new(Status::Ok, text)
    }

    pub(super) fn no(text: impl Into<String>) -> Self {
        Self::new(Status::No, text)
    }

    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::new(Status::Bad, text)
    }

    pub(super) fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }

    /// Adds an untagged line.
    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        self.bytes(format!("* {}\r\n", line.as_ref()).as_bytes());
    }

    /// Adds bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        if let Some(Piece::Own(own)) = self.data.last_mut() {
            own.extend_from_slice(bytes);
        } else {
            self.data.push(Piece::Own(bytes.to_vec()));
        }
    }

    /// Adds a part of a message.
    pub(super) fn part(&mut self, message: Arc<[u8]>, range: Range<usize>) {
        self.data.push(Piece::Part(message, range));
    }

    /// Puts another text behind the OK.
    pub(super) fn set_text(&mut self, text: String) {
        self.text = text;
    }

    /// Sends the untagged data alone.
    pub(super) async fn send_data(&mut self, wire: &mut Wire) -> Result<(), End> {
        for piece in self.data.drain(..) {
            match piece {
                Piece::Own(bytes) => wire.write(&bytes).await?,
                Piece::Part(message, range) => wire.write(message.get(range).unwrap_or_default()).await?,
            }
        }
        Ok(())
    }

    /// Sends the answer as the strike wants it.
    pub(super) async fn send(
        mut self,
        wire: &mut Wire,
        tag: &str,
        tag_before: &str,
        strike: Option<Strike>,
    ) -> Result<Then, End> {
        let (mut tag_said, mut afterwards) = (tag, Vec::new());
        let lasts = strike.as_ref().is_none_or(|strike| strike.lasts);
        match strike.map(|strike| strike.action) {
            // The session has waited.
            None | Some(Action::Hold) => {}
            Some(Action::No(text)) => self = Self::no(text),
            Some(Action::Bad(text)) => self = Self::bad(text),
            Some(Action::Bye(text)) => {
                wire.write(format!("* BYE {text}\r\n").as_bytes()).await?;
                return Ok(Then::Close);
            }
            Some(Action::Cut) => return stop(wire, End::Cut).await,
            Some(Action::Reset) => return stop(wire, End::Reset).await,
            Some(Action::Hang) => return stop(wire, End::Hang).await,
            Some(Action::WrongTag) => tag_said = NOBODYS_TAG,
            Some(Action::StaleTag) => tag_said = tag_before,
            Some(Action::OkWithoutData) => {
                self.data.clear();
                self.status = Status::Ok;
            }
            Some(Action::OkWithText(text)) => {
                self.status = Status::Ok;
                self.text = text;
            }
            Some(Action::Raw(bytes)) => {
                wire.write(&with_tag(&bytes, tag)).await?;
                return Ok(Then::GoOn);
            }
            Some(Action::RawBefore(bytes)) => wire.write(&with_tag(&bytes, tag)).await?,
            Some(Action::RawAfter(bytes)) => afterwards = with_tag(&bytes, tag),
            Some(Action::CutAfterBytes(count)) => wire.damage(Some((count, Damage::Stop(End::Cut)))),
            Some(Action::ResetAfterBytes(count)) => wire.damage(Some((count, Damage::Stop(End::Reset)))),
            Some(Action::HangAfterBytes(count)) => wire.damage(Some((count, Damage::Stop(End::Hang)))),
            Some(Action::GarbleAt(at)) => wire.damage(Some((at, Damage::Garble))),
            Some(Action::DripBytes { per_second }) => wire.drip(Some(per_second)).await?,
            Some(Action::HugeLiteral(length)) => {
                wire.write(format!("* 1 FETCH (UID 1 BODY[HEADER] {{{length}}}\r\n").as_bytes()).await?;
                wire.write(&[b'x'; HUGE_LITERAL_SENT]).await?;
                return stop(wire, End::Hang).await;
            }
            Some(Action::DeepParens(depth)) => {
                let (open, close) = ("(".repeat(depth), ")".repeat(depth));
                wire.write(format!("* 1 FETCH (BODYSTRUCTURE {open}{close})\r\n").as_bytes()).await?;
            }
            Some(Action::Flood(lines)) => {
                for _ in 0..lines {
                    wire.write(b"* OK Still here\r\n").await?;
                }
            }
        }
        self.send_data(wire).await?;
        let status = match self.status {
            Status::Ok => "OK",
            Status::No => "NO",
            Status::Bad => "BAD",
        };
        wire.write(format!("{tag_said} {status} {}\r\n", self.text).as_bytes()).await?;
        wire.write(&afterwards).await?;
        if !lasts {
            wire.damage(None);
            wire.drip(None).await?;
        }
        Ok(self.then)
    }
}

async fn stop(wire: &mut Wire, end: End) -> Result<Then, End> {
    wire.flush().await?;
    Err(end)
}

/// The bytes with the command's tag wherever `<tag>` stands.
fn with_tag(bytes: &[u8], tag: &str) -> Vec<u8> {
    let mut said = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, others)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(b"<tag>") {
            said.extend_from_slice(tag.as_bytes());
            rest = behind;
        } else {
            said.push(*first);
            rest = others;
        }
    }
    said
}
