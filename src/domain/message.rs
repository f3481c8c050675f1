//! The message of a stream, and the probe composed out of it.
//!
//! The stream's `.eml` goes out as it is: header fields are spliced by their place in the text and never rebuilt. Only To
//! (the seed), From (where the stream names one), the tag and the line ends are ours; what SES writes itself and what an
//! earlier delivery left behind is taken out, with a note. Nothing here decides who receives a probe: the envelope is
//! made of the seed alone, and a message that names further recipients is refused.
//!
//! RFC 5322 for the syntax, RFC 2047 for names outside ASCII, RFC 5321 §4.5.3.1.6 for the length of a line.

mod advice;
mod field;
mod mailbox;

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

use super::probe::{TAG_HEADER, Tag};
use super::seed::Address;
use super::stream::StreamKind;
use field::{Fate, Field};

/// Most octets in one line without its line end (RFC 5321 §4.5.3.1.6, and the limit of SES).
const LONGEST_LINE: usize = 998;
/// Most octets that SES takes, counted after base64.
const LARGEST_MESSAGE: usize = 40 * 1024 * 1024;

/// Why a message cannot be sent as a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageFault {
    /// The line of the file; `None` when the fault lies in no single line.
    pub(crate) line: Option<usize>,
    /// What is wrong.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) remedy: String,
}

impl MessageFault {
    fn new(line: Option<usize>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { line, what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for MessageFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(out, "line {line}: ")?;
        }
        write!(out, "{}; {}", self.what, self.remedy)
    }
}

impl std::error::Error for MessageFault {}

/// What one probe puts into the message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Composition<'a> {
    /// The seed, for To.
    pub(crate) to: &'a Address,
    /// The stream's own From, as configured; `None` keeps that of the message.
    pub(crate) from: Option<&'a str>,
    /// The tag; `None` for a stream whose messages carry none.
    pub(crate) tag: Option<&'a Tag>,
    /// Further header fields, name and value: the control fields of SES's SMTP interface.
    pub(crate) extra: &'a [(String, String)],
}

/// A stream's message, checked once: it can be sent to every seed.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    /// The message with CRLF line ends, without byte order mark and mbox line.
    text: Vec<u8>,
    /// The header fields that may go out, in order.
    fields: Vec<Field>,
    /// Where the empty line before the body begins.
    body: Range<usize>,
    /// The file's line on which the body begins.
    body_line: usize,
    notes: Vec<String>,
}

impl Template {
    /// Checks a message file. Total: any bytes give a template or a fault.
    pub(crate) fn parse(raw: &[u8]) -> Result<Self, MessageFault> {
        let mut notes = Vec::new();
        let raw = without_byte_order_mark(raw, &mut notes)?;
        refuse_binary(raw)?;
        let mut text = with_crlf(raw);
        let mut first_line = 1;
        if let Some(end) = mbox_line(&text) {
            text.drain(..end);
            first_line = 2;
            notes.push("line 1: mbox separator removed".to_owned());
        }
        let header = field::split(&mut text, first_line)?;
        let mut fields = Vec::with_capacity(header.fields.len());
        for field in header.fields {
            match field.fate() {
                Fate::Keep | Fate::Recipient | Fate::Sender => fields.push(field),
                Fate::Remove(why) => notes.push(format!("line {}: {} removed{why}", field.line, field.name)),
                Fate::Refuse(remedy) => {
                    return Err(MessageFault::new(Some(field.line), format!("{} is not allowed", field.name), remedy));
                }
            }
        }
        field::refuse_duplicates(&fields)?;
        let mut template = Self { body: header.end..text.len(), body_line: header.end_line, text, fields, notes };
        template.refuse_unsendable_lines()?;
        if let Ok(own) = template.own_sender()
            && own.in_other_script
        {
            template.notes.push(format!("From goes out with its domain as SES takes it: {}", own.address));
        }
        Ok(template.with_recipient_notes())
    }

    /// What was taken out of the message and why, a sentence each.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What may go wrong with this message although it can be sent, a sentence each.
    pub(crate) fn warnings(&self, kind: StreamKind) -> Vec<String> {
        advice::warnings(self, kind)
    }

    /// The name and the address in From: the configured one, else the message's; `None` when neither is one mailbox.
    pub(crate) fn sender(&self, from: Option<&str>) -> Option<(Option<String>, String)> {
        let mailbox = match from {
            Some(from) => mailbox::parse(from).ok()?,
            None => self.own_sender().ok()?,
        };
        Some((mailbox.readable_name(), mailbox.address))
    }

    /// The message for one seed.
    pub(crate) fn compose(&self, composition: &Composition<'_>) -> Result<Vec<u8>, MessageFault> {
        let mut to = Some(line("To", &composition.to.on_the_wire(), "the seed's address")?);
        let written = match composition.from {
            Some(from) => Some(configured_sender(from)?),
            None => self.own_sender()?.rewritten()?,
        };
        let mut from = written.clone();
        let mut out = Vec::with_capacity(self.text.len().saturating_add(512));
        for field in &self.fields {
            match field.fate() {
                Fate::Recipient => out.extend(to.take().unwrap_or_default()),
                Fate::Sender if written.is_some() => out.extend(from.take().unwrap_or_default()),
                Fate::Keep | Fate::Sender => out.extend_from_slice(self.part(&field.range)),
                Fate::Remove(_) | Fate::Refuse(_) => {}
            }
        }
        out.extend(from.unwrap_or_default());
        out.extend(to.unwrap_or_default());
        if let Some(tag) = composition.tag {
            out.extend(line(TAG_HEADER, tag.as_str(), "the tag")?);
        }
        for (name, value) in composition.extra {
            out.extend(line(name, value, "the stream's settings")?);
        }
        out.extend_from_slice(self.part(&self.body));
        refuse_too_large(out.len())?;
        Ok(out)
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// The value of a field, unfolded (RFC 5322 §2.2.3).
    fn value(&self, field: &Field) -> String {
        let bytes = self.part(&field.range).get(field.name.len().saturating_add(1)..).unwrap_or_default();
        String::from_utf8_lossy(bytes).replace("\r\n", "").trim().to_owned()
    }

    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |field| field.is(name))
    }

    /// The one mailbox in the message's own From.
    fn own_sender(&self) -> Result<mailbox::Mailbox, MessageFault> {
        let mut senders = self.named("From");
        let Some(field) = senders.next() else {
            return Err(MessageFault::new(
                None,
                "the message has no From and the stream names none",
                "add a From line to the message, or `from` to the stream",
            ));
        };
        if let Some(second) = senders.next() {
            return Err(MessageFault::new(
                Some(second.line),
                "a second From",
                "SES refuses it: remove one of them, or add `from` to the stream, which replaces both",
            ));
        }
        mailbox::parse(&self.value(field)).map_err(|fault| {
            MessageFault::new(
                Some(field.line),
                format!("From: {fault}"),
                "write it as `Name <address@domain>`, or add `from` to the stream",
            )
        })
    }

    /// A line that SES or the next server would cut or refuse.
    fn refuse_unsendable_lines(&self) -> Result<(), MessageFault> {
        for field in &self.fields {
            if field.fate() == Fate::Recipient {
                continue;
            }
            for (line, bytes) in (field.line..).zip(lines(self.part(&field.range))) {
                refuse_long_line(
                    line,
                    bytes,
                    "fold this header line: break it at a space, and begin the next line with one",
                )?;
                if bytes.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
                    let what = format!("a control character in {}", field.name);
                    return Err(MessageFault::new(Some(line), what, "remove it"));
                }
            }
        }
        for (line, bytes) in (self.body_line..).zip(lines(self.part(&self.body))) {
            refuse_long_line(line, bytes, "encode this part as quoted-printable or base64")?;
        }
        Ok(())
    }

    /// Several To fields become one, and a message without body is said to be one.
    fn with_recipient_notes(mut self) -> Self {
        let further: Vec<usize> = self.named("To").skip(1).map(|field| field.line).collect();
        self.notes.extend(further.into_iter().map(|line| format!("line {line}: To removed: a probe has one")));
        if self.part(&self.body).iter().all(u8::is_ascii_whitespace) {
            self.notes.push("the message has no body".to_owned());
        }
        self
    }
}

/// One header line. A value that could begin a second one is refused.
fn line(name: &str, value: &str, place: &str) -> Result<Vec<u8>, MessageFault> {
    let name_fits = !name.is_empty() && name.bytes().all(field::is_name_octet);
    let fault = |what: String| MessageFault::new(None, what, format!("correct {place}"));
    if !name_fits || value.chars().any(char::is_control) {
        return Err(fault(format!("{name:?} cannot be written as a header line")));
    }
    if name.len().saturating_add(value.len()).saturating_add(2) > LONGEST_LINE {
        return Err(fault(format!("{name} would be longer than {LONGEST_LINE} octets")));
    }
    Ok(format!("{name}: {value}\r\n").into_bytes())
}

/// The From line of a stream that names its own.
fn configured_sender(from: &str) -> Result<Vec<u8>, MessageFault> {
    let remedy = "write it as `Name <address@domain>`, a name with commas or dots in double quotes";
    let fault = |what: String| MessageFault::new(None, format!("the stream's from {what}"), remedy);
    let mailbox = mailbox::parse(from).map_err(|what| fault(format!("{from:?}: {what}")))?;
    mailbox.line().ok_or_else(|| fault(format!("is longer than {LONGEST_LINE} octets")))
}

fn refuse_long_line(line: usize, bytes: &[u8], remedy: &str) -> Result<(), MessageFault> {
    if bytes.len() <= LONGEST_LINE {
        return Ok(());
    }
    let what = format!("{} octets long, SES takes {LONGEST_LINE}", bytes.len());
    Err(MessageFault::new(Some(line), what, remedy))
}

fn refuse_too_large(octets: usize) -> Result<(), MessageFault> {
    let encoded = octets.div_ceil(3).saturating_mul(4);
    if encoded <= LARGEST_MESSAGE {
        return Ok(());
    }
    let what = format!("the message is {encoded} octets after base64, SES takes {LARGEST_MESSAGE}");
    Err(MessageFault::new(None, what, "remove or shrink its attachments"))
}

/// The file without the mark that some editors put before UTF-8.
fn without_byte_order_mark<'a>(raw: &'a [u8], notes: &mut Vec<String>) -> Result<&'a [u8], MessageFault> {
    let remedy = "save the message's source (\"show original\", \"save as .eml\") into this file";
    if raw.starts_with(&[0xFF, 0xFE]) || raw.starts_with(&[0xFE, 0xFF]) {
        return Err(MessageFault::new(Some(1), "the file is UTF-16", "save it as UTF-8 or ASCII"));
    }
    let text = match raw.strip_prefix(&[0xEF, 0xBB, 0xBF]) {
        Some(rest) => {
            notes.push("line 1: byte order mark removed".to_owned());
            rest
        }
        None => raw,
    };
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(MessageFault::new(None, "the file is empty", remedy));
    }
    Ok(text)
}

fn refuse_binary(raw: &[u8]) -> Result<(), MessageFault> {
    let Some(at) = raw.iter().position(|byte| *byte == 0) else { return Ok(()) };
    let line = lines(&with_crlf(raw.get(..=at).unwrap_or_default())).count();
    Err(MessageFault::new(Some(line), "a NUL octet: this is no mail message", "encode binary parts as base64"))
}

/// The text with CRLF in place of every line end, of whichever kind.
fn with_crlf(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len().saturating_add(raw.len() / 32));
    let mut octets = raw.iter().copied().peekable();
    while let Some(octet) = octets.next() {
        if octet == b'\r' {
            octets.next_if_eq(&b'\n');
        }
        match octet {
            b'\r' | b'\n' => text.extend_from_slice(b"\r\n"),
            other => text.push(other),
        }
    }
    text
}

/// The end of the separator that an mbox file puts before each message.
fn mbox_line(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"From ")?;
    let is_field = rest.trim_ascii_start().starts_with(b":");
    let end = text.windows(2).position(|pair| pair == b"\r\n")?;
    (!is_field).then(|| end.saturating_add(2))
}

/// The lines of a text with CRLF line ends, without them; no empty line after the last line end.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r\n").unwrap_or(line))
}
