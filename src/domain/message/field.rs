//! The header fields of a message: their place in the text, and what becomes of each.
//!
//! A folded field is one unit (RFC 5322 §2.2.3). Values are never interpreted here.

use std::ops::Range;

use super::{MessageFault, lines};
use crate::domain::probe::TAG_HEADER;

const NOBODY_ELSE: &str = "remove it: a probe goes to its seed and to nobody else";

/// One header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name as written.
    pub(super) name: String,
    /// Its octets in the text, with folds and the final CRLF.
    pub(super) range: Range<usize>,
    /// The line of the file on which it begins.
    pub(super) line: usize,
}

/// What becomes of a field when a probe is composed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes out, octet by octet.
    Keep,
    /// It is To.
    Recipient,
    /// It is From.
    Sender,
    /// It does not go out; the text completes the note.
    Remove(&'static str),
    /// The message cannot be a probe; the text is the remedy.
    Refuse(&'static str),
}

impl Field {
    /// Whether this is its name; header names know no case.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// What becomes of it.
    pub(super) fn fate(&self) -> Fate {
        let name = self.name.to_ascii_lowercase();
        match name.as_str() {
            "to" => Fate::Recipient,
            "from" => Fate::Sender,
            "return-path" | "message-id" | "date" => Fate::Remove(": SES writes its own"),
            "received" | "authentication-results" => Fate::Remove(": left by an earlier delivery"),
            "dkim-signature" => Fate::Remove(": it would not verify any more, SES signs anew"),
            "cc" | "bcc" => Fate::Refuse(NOBODY_ELSE),
            _ if name.starts_with("resent-") => Fate::Refuse(NOBODY_ELSE),
            _ if name.starts_with("arc-") => Fate::Remove(": left by an earlier delivery"),
            _ if name.starts_with("x-ses-") => {
                Fate::Remove(": it would steer SES; use the stream's settings in its place")
            }
            _ if self.is(TAG_HEADER) => Fate::Remove(": each probe gets its own tag"),
            _ => Fate::Keep,
        }
    }
}

/// The header of a message.
pub(super) struct Header {
    /// Its fields in order.
    pub(super) fields: Vec<Field>,
    /// Where the empty line before the body begins.
    pub(super) end: usize,
    /// The line of the file on which that is.
    pub(super) end_line: usize,
}

/// Fields of which a message has at most one (RFC 5322 §3.6, RFC 2045 §3); SES refuses a second one. To and From are
/// looked after elsewhere.
const SINGLE: [&str; 10] = [
    "Subject",
    "Sender",
    "Reply-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "Content-ID",
];

/// An octet of a field name (RFC 5322 §2.2).
pub(super) fn is_name_octet(octet: u8) -> bool {
    octet.is_ascii_graphic() && octet != b':'
}

/// Finds the fields of a text with CRLF line ends. A header that no empty line ends gets one.
pub(super) fn split(text: &mut Vec<u8>, first_line: usize) -> Result<Header, MessageFault> {
    let mut fields: Vec<Field> = Vec::new();
    let mut start = 0_usize;
    let mut ended = false;
    let mut line = first_line;
    for bytes in lines(text) {
        let end = start.saturating_add(bytes.len()).saturating_add(2);
        if bytes.is_empty() {
            ended = true;
            break;
        }
        if bytes.starts_with(b" ") || bytes.starts_with(b"\t") {
            let field = continued(fields.last_mut(), bytes, line)?;
            field.range.end = end;
        } else {
            fields.push(Field { name: field_name(bytes, line, fields.is_empty())?, range: start..end, line });
        }
        start = end;
        line = line.saturating_add(1);
    }
    if fields.is_empty() {
        return Err(MessageFault::new(
            Some(line),
            "the message begins with an empty line and has no header",
            "remove the empty lines before its first header line",
        ));
    }
    if !ended {
        if !text.ends_with(b"\r\n") {
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b"\r\n");
    }
    Ok(Header { fields, end: start, end_line: line })
}

fn continued<'a>(field: Option<&'a mut Field>, bytes: &[u8], line: usize) -> Result<&'a mut Field, MessageFault> {
    if bytes.trim_ascii().is_empty() {
        return Err(MessageFault::new(
            Some(line),
            "only white space inside the header",
            "make the line empty if the body begins here, else remove it",
        ));
    }
    field.ok_or_else(|| {
        MessageFault::new(
            Some(line),
            "the message begins with a continuation line",
            "remove the space at its beginning, or restore the header line before it",
        )
    })
}

fn field_name(bytes: &[u8], line: usize, first: bool) -> Result<String, MessageFault> {
    let name = bytes.split(|byte| *byte == b':').next().unwrap_or_default();
    if name.len() == bytes.len() {
        let remedy = if first {
            "this seems to be no mail message: save the message's source, with its header, into this file"
        } else {
            "put an empty line between header and body, or begin a continued line with a space"
        };
        return Err(MessageFault::new(Some(line), "a header line without a colon", remedy));
    }
    let text = String::from_utf8_lossy(name).into_owned();
    if name.is_empty() || !name.iter().copied().all(is_name_octet) {
        return Err(MessageFault::new(
            Some(line),
            format!("{text:?} is no name of a header field"),
            "use letters, digits and hyphens directly before the colon, and an empty line before the body",
        ));
    }
    Ok(text)
}

/// SES refuses a message that has one of these fields twice.
pub(super) fn refuse_duplicates(fields: &[Field]) -> Result<(), MessageFault> {
    for name in SINGLE {
        let mut same = fields.iter().filter(|field| field.is(name));
        if let (Some(first), Some(second)) = (same.next(), same.next()) {
            return Err(MessageFault::new(
                Some(second.line),
                format!("a second {name}, the first is on line {}", first.line),
                "SES refuses such a message: remove one of them",
            ));
        }
    }
    Ok(())
}
